//! Password, desk token and recording key in the system's key store: the Secret Service of the session (GNOME Keyring, KWallet,
//! KeePassXC), by D-Bus; Keychain and Credential Manager elsewhere.
//!
//! The calls wait for the store, and a locked one asks its owner first: they belong into a thread.

use crate::config::{HostPort, RecordingSettings, Settings};
use crate::recording::RecordingKey;
use crate::secrets::Secret;
use crate::text::{Catalogue, say};
use keyring::{Entry, Error};
use zeroize::Zeroize as _;

const SERVICE: &str = "patchcord";

/// Whose secret it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Account<'a> {
    /// The SIP account's, at a PBX.
    Password { user: &'a str, server: &'a HostPort },
    /// The operator's, at an order desk.
    DeskToken { url: &'a str },
    /// The key that this account's recordings are sealed with.
    Recordings { user: &'a str, server: &'a HostPort },
    /// A key that recordings were sealed with, whosever it was, by its name.
    RecordingKey { name: &'a str },
}

impl<'a> Account<'a> {
    /// The password that these settings want.
    pub fn of_password(settings: &'a Settings) -> Option<Self> {
        let (user, server) = (settings.user.as_deref()?, settings.server.as_ref()?);
        Some(Self::Password { user, server })
    }

    /// The token that these settings want.
    pub fn of_desk(settings: &'a Settings) -> Option<Self> {
        settings.desk.as_deref().map(|url| Self::DeskToken { url })
    }

    /// The recording key of these settings' account.
    pub fn of_recordings(settings: &'a Settings) -> Option<Self> {
        let (user, server) = (settings.user.as_deref()?, settings.server.as_ref()?);
        Some(Self::Recordings { user, server })
    }

    fn name(self) -> String {
        match self {
            Self::Password { user, server } => format!("{user}@{server}"),
            Self::DeskToken { url } => format!("token {}", url.trim_end_matches('/')),
            Self::Recordings { user, server } => format!("recordings {user}@{server}"),
            Self::RecordingKey { name } => format!("recording key {name}"),
        }
    }

    fn entry(self) -> Result<Entry, KeyFault> {
        Entry::new(SERVICE, &self.name()).map_err(fault)
    }
}

/// Why the store keeps or gives nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyFault {
    /// None runs, as without a desktop.
    NoStore,
    /// It is locked, and its owner did not unlock it.
    Locked,
    /// It runs and failed.
    Failed,
}

impl KeyFault {
    pub fn say(self, cat: &Catalogue) -> String {
        match self {
            Self::NoStore => say!(
                cat,
                "There is no key store in this session. Start one (GNOME Keyring, KWallet), or use a password file."
            ),
            Self::Locked => say!(cat, "The key store is locked. Unlock it and try again."),
            Self::Failed => say!(cat, "The key store failed. Check whether other programs can use it."),
        }
    }
}

/// None where nothing was stored.
pub fn read(account: Account<'_>) -> Result<Option<Secret>, KeyFault> {
    match account.entry()?.get_password() {
        Ok(secret) => Ok(Some(Secret::new(secret))),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(fault(error)),
    }
}

/// In place of what was stored. A recording key stays under its own name: what was sealed with it could never be opened again.
pub fn write(account: Account<'_>, secret: &Secret) -> Result<(), KeyFault> {
    if matches!(account, Account::Recordings { .. }) {
        if let Some(former) = read(account)? {
            keep_by_name(&former)?;
        }
        keep_by_name(secret)?;
    }
    account.entry()?.set_password(secret.expose()).map_err(fault)
}

/// The key that recordings of these settings' account are sealed with: the stored one, else a new one, made of this chance and
/// stored first. None where the settings let nothing be recorded.
pub fn recording_key(settings: &Settings, chance: [u8; 32]) -> Result<Option<Secret>, KeyFault> {
    let allowed = settings.recording.as_ref().is_some_and(RecordingSettings::allows);
    let Some(account) = Account::of_recordings(settings).filter(|_| allowed) else { return Ok(None) };
    if let Some(stored) = read(account)? {
        // Where the PBX gets another name nobody finds it by the account any more.
        if let Err(fault) = keep_by_name(&stored) {
            tracing::warn!(?fault, "the recording key is not kept under its own name");
        }
        return Ok(Some(stored));
    }
    let made = RecordingKey::make(chance);
    write(account, &made)?;
    Ok(Some(made))
}

fn keep_by_name(secret: &Secret) -> Result<(), KeyFault> {
    let Some(name) = RecordingKey::of(secret).map(|key| key.name()) else { return Ok(()) };
    let by_name = Account::RecordingKey { name: &name };
    match read(by_name)? {
        Some(_) => Ok(()),
        None => write(by_name, secret),
    }
}

pub fn forget(account: Account<'_>) -> Result<(), KeyFault> {
    match account.entry()?.delete_credential() {
        Ok(()) | Err(Error::NoEntry) => Ok(()),
        Err(error) => Err(fault(error)),
    }
}

fn fault(error: Error) -> KeyFault {
    match error {
        Error::NoDefaultStore => KeyFault::NoStore,
        Error::NoStorageAccess(why) => {
            tracing::debug!(%why, "the key store is closed");
            KeyFault::Locked
        }
        // What it gave is a secret that is no text.
        Error::BadEncoding(mut octets) | Error::BadDataFormat(mut octets, _) => {
            octets.zeroize();
            KeyFault::Failed
        }
        error => {
            tracing::debug!(%error, "the key store failed");
            KeyFault::Failed
        }
    }
}
