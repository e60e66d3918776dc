//! What the terminal asks of the desktop: `dial`, `provision`, and secrets that the key store has.

use super::faults;
use super::verdict::{Exit, Trouble};
use crate::config::{Places, Settings};
use crate::desktop::instance::{self, Connection, NotTaken, Request};
use crate::desktop::keys::{self, Account, KeyFault};
use crate::desktop::links;
use crate::desktop::provision::{self, ProvisionFault};
use crate::secrets::Secret;
use crate::text::{Catalogue, say};

/// Passes a number to the window. Needs no account of its own.
pub fn dial(cat: &Catalogue, target: &str, environment: impl Fn(&str) -> Option<String>) -> Exit {
    let Some(target) = links::target(target) else {
        eprintln!("patchcord: {}", faults::trouble(cat, &Trouble::BadTarget, ""));
        return Exit::Usage;
    };
    let folder = instance::folder(&environment, &super::state_folder(&environment));
    let words = match Connection::to_window(&folder).ask(&Request::Call { target }) {
        Ok(()) => return Exit::Done,
        Err(NotTaken::Absent) => say!(cat, "No Patchcord window runs. Start it, and dial again."),
        Err(NotTaken::Silent) => {
            say!(cat, "The Patchcord window does not answer. Close it and start it again.")
        }
        Err(NotTaken::Refused) => {
            say!(cat, "The Patchcord window is of another version. Close it and start it again.")
        }
    };
    eprintln!("patchcord: {words}");
    Exit::NobodyThere
}

pub fn provision(cat: &Catalogue, from: &str, environment: impl Fn(&str) -> Option<String>) -> Exit {
    let Some(places) = Places::of_user(environment) else {
        eprintln!(
            "patchcord: {}",
            say!(cat, "Where are your settings? The environment variable HOME is not set.")
        );
        return Exit::Usage;
    };
    match provision::provision(from, &places) {
        Ok(_) => {
            let file = places.settings_file();
            eprintln!("patchcord: {}", say!(cat, "The telephone is set up: {file}.", file = file.display()));
            Exit::Done
        }
        Err(fault) => {
            eprintln!("patchcord: {}", fault.say(cat));
            match fault {
                ProvisionFault::NoAnswer { .. } | ProvisionFault::Refused { .. } => Exit::NobodyThere,
                _ => Exit::Usage,
            }
        }
    }
}

/// `Err` says why the store does not give what it may have.
pub fn stored_password(cat: &Catalogue, settings: &Settings) -> Result<Option<Secret>, String> {
    let Some(account) = Account::of_password(settings) else { return Ok(None) };
    match keys::read(account) {
        Err(KeyFault::NoStore) => Ok(None),
        read => read.map_err(|fault| fault.say(cat)),
    }
}

/// A desk without a token is said anyway.
pub fn stored_desk_token(settings: &Settings) -> Option<Secret> {
    keys::read(Account::of_desk(settings)?).ok().flatten()
}
