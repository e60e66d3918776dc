//! The whole user agent under rubbish from anywhere. `tests/network` has several of them over a bad network.

mod rubbish;
mod streams;
