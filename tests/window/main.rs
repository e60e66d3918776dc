//! The operator's window without a display: what it shows, what its keys and clicks do, and how it looks.
#![cfg(feature = "desktop")]

mod day;
mod keys;
mod layout;
mod looked_up;
mod names;
mod orders;
mod pictures;
mod sound;
mod stage;
mod states;
mod tokens;
mod typing;
