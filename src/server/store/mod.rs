//! Where the desk keeps everything. What is kept is named here; how, in the module of the database.
//!
//! An acknowledged write is on disk. Another database comes in beside `sqlite` with the same front.

mod sqlite;

pub(crate) use sqlite::SqliteStore as Store;

use std::path::PathBuf;

use jiff::Timestamp;
use uuid::Uuid;

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
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The database did not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the database holds a document of another shape: {0}")]
    Document(#[from] serde_json::Error),
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("cannot be opened: {0}")]
    Open(#[from] sqlx::Error),
    #[error("cannot be created: {0}")]
    Create(#[from] std::io::Error),
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
    pub call_id: Option<String>,
    pub limit: u32,
}

/// The part of `--database` after `sqlite:`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DatabaseFile(pub PathBuf);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DatabaseProblem {
    /// PostgreSQL comes later.
    NotYet,
    NoSuchKind,
    NoFile,
}

impl DatabaseFile {
    pub fn parse(text: &str) -> Result<Self, DatabaseProblem> {
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            return Err(DatabaseProblem::NotYet);
        }
        let file = text.strip_prefix("sqlite:").ok_or(DatabaseProblem::NoSuchKind)?;
        let file = file.strip_prefix("//").unwrap_or(file);
        if file.is_empty() || file == ":memory:" {
            return Err(DatabaseProblem::NoFile);
        }
        Ok(Self(PathBuf::from(file)))
    }
}

/// What became of a call's entry.
pub(crate) type CallWritten = Result<CallReceipt, WriteError>;

#[cfg(test)]
mod tests;
