//! Calls as conversations with a scripted PBX.

mod called;
mod dialled;
mod forks;
mod identity;
mod info;
mod offers;
mod redirect;
mod referred;
mod reliable;
mod replaces;
mod timers;
mod transfer;
