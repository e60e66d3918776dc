//! Command lines that can be read and not carried out: what is wrong, and what to write instead.

use super::args::{Arguments, CallOptions, Command};
use crate::text::{Catalogue, say};

/// Combinations that clap does not know. `Err` is the sentence to say.
pub fn check(cat: &Catalogue, arguments: &Arguments) -> Result<(), String> {
    let wants_devices = arguments.common.audio.as_deref().is_some_and(|name| name != "null");
    if wants_devices && !cfg!(feature = "desktop") {
        return Err(say!(cat, "This program was built without sound devices. Use --audio null."));
    }
    if let Command::Answer { calls: 1, swap_at: Some(_), .. } = arguments.subcommand() {
        return Err(say!(cat, "--swap-at goes back to the first of two callers. Give --calls 2 or more."));
    }
    let Some(options) = super::call_options(arguments.subcommand()) else { return Ok(()) };
    transfer_mode(cat, options)?;
    transfer_by_rules(cat, options)?;
    match (options.hold_at, options.resume_at) {
        (Some(hold), Some(resume)) if resume <= hold => {
            Err(say!(cat, "--resume-at must be later than --hold-at."))
        }
        _ => Ok(()),
    }
}

fn transfer_by_rules(cat: &Catalogue, options: &CallOptions) -> Result<(), String> {
    let by_rules = options.transfers_by_rules();
    if by_rules && options.transfer.iter().flatten().count() > 1 {
        return Err(say!(cat, "The rules name all targets. Let rules stand alone in --transfer."));
    }
    if !by_rules && (options.purpose.is_some() || options.department.is_some()) {
        return Err(say!(cat, "--purpose and --department are for the rules. Give --transfer rules."));
    }
    Ok(())
}

fn transfer_mode(cat: &Catalogue, options: &CallOptions) -> Result<(), String> {
    match options.transfer_mode.as_deref() {
        None | Some("return" | "blind") => Ok(()),
        Some(mode) => {
            Err(say!(cat, "There is no --transfer-mode {mode}. Say return, or blind.", mode = mode))
        }
    }
}
