//! Calls as conversations with a scripted PBX.

mod called;
mod dialled;
mod forks;
mod offers;
mod reliable;
mod timers;
mod transfer;
