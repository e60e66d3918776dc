//! The whole user agent: two of them over a bad network, and rubbish from anywhere.

mod pair;
mod rubbish;
mod streams;
