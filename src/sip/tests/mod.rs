//! The whole user agent: what its front answers, connections, outages, and rubbish from anywhere.
//! `tests/network` has several of them over a bad network.

mod answers;
mod outages;
mod rubbish;
mod streams;
