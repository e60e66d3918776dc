//! What is wrong with a settings or password file, in a sentence: where, what, and what to write.

use super::{ConfigError, Fault, PasswordFault};
use crate::text::{Catalogue, msg, say};
use std::io::ErrorKind;
use std::path::Path;

impl ConfigError {
    pub fn say(&self, cat: &Catalogue) -> String {
        let file = self.file.display();
        let line = self.line.unwrap_or(1);
        match &self.fault {
            Fault::Unreadable(kind) => say!(
                cat,
                "The settings file {file} cannot be read: {why}. Check the path and its permissions.",
                file = file,
                why = io_words(cat, *kind)
            ),
            Fault::Syntax { text } => say!(
                cat,
                "{file}, line {line}: “{text}” is not TOML. Write key = \"value\", one per line.",
                file = file,
                line = line,
                text = text
            ),
            Fault::UnknownKey { key, known } => say!(
                cat,
                "{file}, line {line}: there is no setting “{key}” here. Possible: {known}.",
                file = file,
                line = line,
                key = key,
                known = known.join(", ")
            ),
            Fault::BadValue { key, value, what, example } => say!(
                cat,
                "{file}, line {line}: {key} = {value} cannot be used. Expected: {what}, for example {example}.",
                file = file,
                line = line,
                key = key,
                value = value,
                what = cat.get(what),
                example = example
            ),
            Fault::Missing { key, what, example } => say!(
                cat,
                "{file}, line {line}: {key} is missing here. Expected: {what}, for example {example}.",
                file = file,
                line = line,
                key = key,
                what = cat.get(what),
                example = example
            ),
            Fault::SecretInFile { key } if key == "token" => say!(
                cat,
                "{file}, line {line}: “{key}” does not belong in this file. Put the desk's token into the environment variable PATCHCORD_DESK_TOKEN.",
                file = file,
                line = line,
                key = key
            ),
            Fault::SecretInFile { key } => say!(
                cat,
                "{file}, line {line}: “{key}” does not belong in this file. Put it into a file of its own that only you may read, and name that one as password_file.",
                file = file,
                line = line,
                key = key
            ),
        }
    }
}

impl PasswordFault {
    pub fn say(&self, cat: &Catalogue, path: &Path) -> String {
        let file = path.display();
        match self {
            Self::Unreadable(kind) => say!(
                cat,
                "The password file {file} cannot be read: {why}. Check the path and its permissions.",
                file = file,
                why = io_words(cat, *kind)
            ),
            Self::Exposed(mode) => say!(
                cat,
                "Others may read the password file {file} (mode {mode}). Run: chmod 600 {file}",
                file = file,
                mode = format_args!("{mode:o}")
            ),
            Self::Empty => say!(
                cat,
                "The password file {file} is empty. Write the account's password into its first line.",
                file = file
            ),
        }
    }
}

/// What the system says about a file, in words.
pub fn io_words(cat: &Catalogue, kind: ErrorKind) -> &str {
    cat.get(match kind {
        ErrorKind::NotFound => msg!("there is no such file"),
        ErrorKind::PermissionDenied => msg!("access is denied"),
        ErrorKind::IsADirectory => msg!("it is a folder"),
        ErrorKind::InvalidData => msg!("it is not text in UTF-8"),
        ErrorKind::StorageFull => msg!("the disk is full"),
        ErrorKind::AddrInUse => msg!("another program uses it"),
        ErrorKind::AddrNotAvailable => msg!("this computer has no such address"),
        _ => msg!("the system reports an error"),
    })
}
