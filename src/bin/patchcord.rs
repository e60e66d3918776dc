//! The telephone: the operator's, and the PBX admin's from a terminal.

use patchcord::{cli, shell::Process};
use std::process::ExitCode;

/// Exit code for what is our own fault.
const OUR_FAULT: u8 = 70;

fn main() -> ExitCode {
    let process = Process::begin();
    std::panic::catch_unwind(|| cli::main(process)).unwrap_or(ExitCode::from(OUR_FAULT))
}
