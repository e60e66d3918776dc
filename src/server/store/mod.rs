//! Where the desk keeps everything: in one SQLite file, or in PostgreSQL, where several desks may work on it.
//!
//! An acknowledged write is on disk. `connect` alone knows one database from the other.

mod accounts;
mod after;
mod audit;
mod backup;
mod calls;
mod changes;
mod clients;
mod commands;
mod company;
mod connect;
mod directory;
mod fill;
mod following;
mod growth;
mod handovers;
mod import;
mod offers;
mod orders;
mod products;
mod revisions;
mod search;
mod tasks;
mod tokens;
mod trade;
mod transfers;

pub(crate) use after::{After, next};
pub(crate) use audit::{AuditFilter, Note, Repeats};
pub(crate) use backup::{BackupError, Holds, backup, restore};
pub(crate) use changes::Place;
pub(crate) use connect::Store;
use connect::{Statement, Transaction, micros, set_fact, until_done};
pub(crate) use import::{KnownClient, Pass, client_of, product_of};
pub(crate) use orders::OrderFilter;
pub(crate) use search::Kind;
pub(crate) use tasks::{TaskFilter, TaskPlace};
pub(crate) use trade::ITSELF;

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;
use uuid::Uuid;

use super::reach::Reach;
use crate::desk_api::{CallReceipt, ClientId, Role};

/// A write's identity and content.
pub(crate) struct Command<'a> {
    pub id: Uuid,
    pub person: &'a str,
    /// SHA-256 of path and body: a repeat is the same command only with the same content.
    pub digest: [u8; 32],
    pub at: Timestamp,
}

/// Who stands behind a token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Bearer {
    pub person: String,
    pub role: Role,
}

/// Why a write was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error("the command id belongs to another command")]
    CommandReused,
    #[error("the call was recorded by another person")]
    NotYours,
    #[error("this revision is kept with other content")]
    RevisionConflict,
    /// Names of the fields that refer to nothing.
    #[error("refers to something that does not exist")]
    Unknown(Vec<&'static str>),
    #[error("there is nothing to write to")]
    NotFound,
    #[error("that is for others to do")]
    NotAllowed,
    #[error("that is not done to an order in this state")]
    NotNow,
    #[error("the time for changes is over")]
    AfterCutOff,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WriteError {
    fn was_in_the_way(&self) -> bool {
        matches!(self, Self::Store(error) if error.was_in_the_way())
    }
}

/// The database did not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the database holds a document of another shape: {0}")]
    Document(#[from] serde_json::Error),
}

impl StoreError {
    /// What is to be done about it.
    pub fn trouble(&self) -> Trouble {
        match self {
            Self::Database(error) => connect::trouble(error),
            Self::Document(_) => Trouble::Ours,
        }
    }

    /// The write may be done again.
    pub(crate) fn was_in_the_way(&self) -> bool {
        matches!(self, Self::Database(error) if connect::was_in_the_way(error))
    }
}

/// What is wrong when the database does not do its work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trouble {
    /// It does not answer, or is not there.
    Away,
    /// Its disk is full.
    Full,
    /// It can be read alone.
    TakesNoWrites,
    /// No fault of its disk or of the network.
    Ours,
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("cannot be opened: {0}")]
    Open(#[from] sqlx::Error),
    #[error("cannot be created: {0}")]
    Create(#[from] std::io::Error),
    #[error("a copy is being put in its place")]
    BeingRestored,
    #[error("cannot be brought to this version: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

/// Which calls are asked for.
#[derive(Default)]
pub(crate) struct CallFilter {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Recorded by this person.
    pub recorded_by: Option<String>,
    /// The operator as the telephone was told.
    pub operator: Option<String>,
    pub client: Option<ClientId>,
    /// Of clients whom this person follows.
    pub reach: Option<Reach>,
    pub call_id: Option<String>,
    /// Those behind this place of the list.
    pub after: Option<After>,
    pub limit: u32,
}

/// Where everything is kept: `--database`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Database {
    /// `sqlite:FILE`.
    Sqlite(PathBuf),
    /// `postgres://USER@HOST/NAME`, without a password.
    Postgres(PostgresUrl),
}

/// Has no password in it, and checks the server's certificate where it goes through a network.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PostgresUrl(String);

impl PostgresUrl {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => file.display().fmt(f),
            Self::Postgres(url) => url.0.fmt(f),
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DatabaseProblem {
    NoSuchKind,
    NoFile,
    /// Arguments and plain files are no place for it.
    Password,
    /// Not to be read as a URL, or one that names no database.
    BadUrl,
}

impl Database {
    pub fn parse(text: &str) -> Result<Self, DatabaseProblem> {
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            return postgres(text).map(|url| Self::Postgres(PostgresUrl(url)));
        }
        let file = text.strip_prefix("sqlite:").ok_or(DatabaseProblem::NoSuchKind)?;
        let file = file.strip_prefix("//").unwrap_or(file);
        if file.is_empty() || file == ":memory:" {
            return Err(DatabaseProblem::NoFile);
        }
        Ok(Self::Sqlite(PathBuf::from(file)))
    }

    /// As `--database` names it.
    pub fn address(&self) -> String {
        match self {
            Self::Sqlite(file) => format!("sqlite:{}", file.display()),
            Self::Postgres(url) => url.0.clone(),
        }
    }

    /// False for a file that would have to be made first.
    pub fn is_there(&self) -> bool {
        match self {
            Self::Sqlite(file) => file.exists(),
            Self::Postgres(_) => true,
        }
    }
}

/// Not through a network.
fn is_near(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.starts_with('/')
        || host.starts_with("%2f")
        || host == "localhost"
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn postgres(text: &str) -> Result<String, DatabaseProblem> {
    let mut url = reqwest::Url::parse(text).map_err(|_| DatabaseProblem::BadUrl)?;
    if url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password") {
        return Err(DatabaseProblem::Password);
    }
    if url.path().trim_start_matches('/').is_empty() {
        return Err(DatabaseProblem::BadUrl);
    }
    let says_how = url.query_pairs().any(|(name, _)| matches!(&*name, "sslmode" | "ssl-mode"));
    // Parameters come before the host of the address; a host that begins with an escaped slash is a socket.
    let named = url.query_pairs().filter(|(name, _)| matches!(&**name, "host" | "hostaddr"));
    let mut hosts: Vec<String> = named.map(|(_, host)| host.into_owned()).collect();
    hosts.extend(url.host_str().filter(|host| !host.is_empty()).map(str::to_lowercase));
    if hosts.is_empty() {
        return Err(DatabaseProblem::BadUrl);
    }
    if !says_how && !hosts.iter().all(|host| is_near(host)) {
        url.query_pairs_mut().append_pair("sslmode", "verify-full");
    }
    Ok(url.into())
}

/// What became of a call's entry.
pub(crate) type CallWritten = Result<CallReceipt, WriteError>;

#[cfg(test)]
mod tests;
