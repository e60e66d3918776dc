//! One file or link sets up a telephone: settings, and secrets that go to the key store.
//!
//! The whole is read and checked before anything is written. The key store comes first: a file that promises a password
//! which nobody has would be a telephone that does not register.

use super::keys::{self, Account, KeyFault};
use super::settings_file;
use crate::config::{ConfigError, Provision, io_words};
use crate::recording::RecordingKey;
use crate::text::{Catalogue, say};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Octets. A settings file with its comments has a tenth of that.
const LARGEST: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

/// Why nothing was set up; nothing was changed then, unless said otherwise.
#[derive(Debug)]
pub enum ProvisionFault {
    /// A link that is neither https nor leads to this computer.
    NotEncrypted,
    NoAnswer {
        host: String,
    },
    /// With another status than 200; a link that leads on to another is not followed.
    Refused {
        host: String,
        status: u16,
    },
    TooLarge,
    Unreadable(PathBuf, io::ErrorKind),
    Settings(ConfigError),
    /// Secrets are there, and no account that they are for.
    NoAccount,
    /// A token is there, and no desk that it is for.
    NoDesk,
    /// The key of recordings is not one.
    BadRecordingKey,
    /// Secrets are there, and nothing that keeps them.
    Keys(KeyFault),
    /// The secrets are stored, the settings are not.
    Unwritable(PathBuf, io::ErrorKind),
}

impl ProvisionFault {
    pub fn say(&self, cat: &Catalogue) -> String {
        match self {
            Self::NotEncrypted => {
                say!(cat, "A link that sets up a telephone holds secrets and must begin with https://.")
            }
            Self::NoAnswer { host } => say!(
                cat,
                "{host} does not give the settings: no connection, no trusted certificate, or no answer in 10 s. Check the link and the network.",
                host = host
            ),
            Self::Refused { host, status } => say!(
                cat,
                "{host} does not give the settings ({status}). Ask whoever sent the link for a new one.",
                host = host,
                status = status
            ),
            Self::TooLarge => say!(cat, "That is no settings file: it is larger than 64 KiB."),
            Self::Unreadable(path, kind) => say!(
                cat,
                "The settings file {file} cannot be read: {why}. Check the path and its permissions.",
                file = path.display(),
                why = io_words(cat, *kind)
            ),
            Self::Settings(error) => error.say(cat),
            Self::NoAccount => say!(
                cat,
                "Section [secrets] has a password, and the account it is for is missing: user in [account], server in [pbx]."
            ),
            Self::NoDesk => say!(
                cat,
                "Section [secrets] has a desk token, and the desk it is for is missing: url in [desk]."
            ),
            Self::BadRecordingKey => {
                say!(cat, "recording_key in section [secrets] is not 64 hexadecimal digits.")
            }
            Self::Keys(fault) => {
                let why = fault.say(cat);
                say!(cat, "The password cannot be kept, so nothing was set up. {why}", why = why)
            }
            Self::Unwritable(path, kind) => say!(
                cat,
                "The settings file {file} cannot be written: {why}. Check the folder's space and permissions.",
                file = path.display(),
                why = io_words(cat, *kind)
            ),
        }
    }
}

/// Reads a file, or fetches a link, and sets up the telephone whose settings file is `file`. Waits for network and key
/// store.
pub fn provision(from: &str, file: &Path) -> Result<Provision, ProvisionFault> {
    let source = source(from)?;
    let provision = Provision::parse(&source, Path::new(shown(from))).map_err(ProvisionFault::Settings)?;
    apply(&provision, file)?;
    Ok(provision)
}

fn source(from: &str) -> Result<zeroize::Zeroizing<String>, ProvisionFault> {
    if from.contains("://") {
        return fetch(from).map(zeroize::Zeroizing::new);
    }
    let path = Path::new(from);
    let unreadable = |error: io::Error| ProvisionFault::Unreadable(path.to_owned(), error.kind());
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if usize::try_from(length).map_or(true, |length| length > LARGEST) {
        return Err(ProvisionFault::TooLarge);
    }
    std::fs::read_to_string(path).map(zeroize::Zeroizing::new).map_err(unreadable)
}

/// A link may be a secret itself: what stands behind its host is not repeated.
fn shown(from: &str) -> &str {
    match from.split_once("://") {
        Some((_, rest)) => rest.split(['/', '?', '#']).next().unwrap_or_default(),
        None => from,
    }
}

fn fetch(link: &str) -> Result<String, ProvisionFault> {
    let host = shown(link).to_owned();
    let no_answer = || ProvisionFault::NoAnswer { host: host.clone() };
    let url = reqwest::Url::parse(link).map_err(|_| no_answer())?;
    let is_here = match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
            ip.is_ok_and(|ip| ip.is_loopback())
        }
        None => false,
    };
    if !(url.scheme() == "https" || url.scheme() == "http" && is_here) {
        return Err(ProvisionFault::NotEncrypted);
    }
    // Fails when another part of the process was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .user_agent(concat!("patchcord/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .map_err(|_| no_answer())?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|_| no_answer())?;
    let fetched = runtime.block_on(async {
        let mut response = client.get(url).send().await.map_err(|_| no_answer())?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(ProvisionFault::Refused { host: host.clone(), status });
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| no_answer())? {
            if body.len() + chunk.len() > LARGEST {
                return Err(ProvisionFault::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        String::from_utf8(body)
            .map_err(|_| ProvisionFault::Unreadable(PathBuf::from(&host), io::ErrorKind::InvalidData))
    });
    // A name look-up may still be under way in a thread; nobody waits for it.
    runtime.shutdown_background();
    fetched
}

fn apply(provision: &Provision, file: &Path) -> Result<(), ProvisionFault> {
    let settings = &provision.settings;
    let mut secrets = Vec::new();
    if let Some(password) = &provision.password {
        let account = Account::of_password(settings).ok_or(ProvisionFault::NoAccount)?;
        secrets.push((account, password));
    }
    if let Some(token) = &provision.desk_token {
        secrets.push((Account::of_desk(settings).ok_or(ProvisionFault::NoDesk)?, token));
    }
    if let Some(key) = &provision.recording_key {
        RecordingKey::of(key).ok_or(ProvisionFault::BadRecordingKey)?;
        secrets.push((Account::of_recordings(settings).ok_or(ProvisionFault::NoAccount)?, key));
    }
    for (account, secret) in secrets {
        keys::write(account, secret).map_err(ProvisionFault::Keys)?;
    }
    settings_file::write(file, settings)
        .map_err(|error| ProvisionFault::Unwritable(file.to_owned(), error.kind()))
}
