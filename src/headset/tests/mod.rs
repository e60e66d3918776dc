//! Buttons and lights of headsets, by their report descriptors.

mod calls;
mod descriptors;
mod presses;
pub mod samples;
