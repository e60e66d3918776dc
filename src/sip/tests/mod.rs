//! The whole user agent under rubbish from anywhere. `tests/network` has several of them over a bad network.

mod outages;
mod rubbish;
mod streams;
