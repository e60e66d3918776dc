//! Calls as conversations with a scripted PBX.

mod called;
mod dialled;
mod offers;
mod transfer;
