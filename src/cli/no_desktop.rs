//! The program without a desktop: there is no window to ask, and no key store.

use super::args::{Arguments, DemoOptions};
use super::demo::Refusal;
use super::verdict::Exit;
use crate::config::Settings;
use crate::secrets::Secret;
use crate::shell::Process;
use crate::text::{Catalogue, say};

pub fn dial(cat: &Catalogue, _target: &str, _environment: impl Fn(&str) -> Option<String>) -> Exit {
    not_built(cat)
}

pub fn provision(arguments: &Arguments, _from: &str, environment: impl Fn(&str) -> Option<String>) -> Exit {
    not_built(&super::catalogue(arguments, environment))
}

pub fn window(
    _process: Process,
    arguments: &Arguments,
    _hidden: bool,
    environment: impl Fn(&str) -> Option<String>,
) -> Exit {
    not_built(&super::catalogue(arguments, environment))
}

pub fn practise(
    _process: Process,
    cat: &Catalogue,
    _arguments: &Arguments,
    _options: &DemoOptions,
) -> Result<Exit, Refusal> {
    Err((Exit::Usage, say!(cat, "This program was built without a window. Say patchcord demo --headless.")))
}

fn not_built(cat: &Catalogue) -> Exit {
    eprintln!(
        "patchcord: {}",
        say!(
            cat,
            "This program was built without a window. Use the one with a window for this, or say patchcord --help."
        )
    );
    Exit::Usage
}

#[expect(clippy::unnecessary_wraps, reason = "the program with a desktop has reasons to refuse")]
pub fn stored_password(_cat: &Catalogue, _settings: &Settings) -> Result<Option<Secret>, String> {
    Ok(None)
}

pub const fn stored_recording_key(_settings: &Settings) -> Option<Secret> {
    None
}

pub const fn recording_key_named(_name: &str) -> Option<Secret> {
    None
}

pub const fn stored_desk_token(_settings: &Settings) -> Option<Secret> {
    None
}
