//! The store in one SQLite file: one writer, several readers, write-ahead log.

mod calls;
mod clients;
mod commands;
mod directory;
mod handovers;
mod revisions;
mod tokens;
mod transfers;

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};

use super::{DatabaseFile, OpenError, StoreError};

/// Concurrent look-ups; each has a thread of its own in the driver.
const READERS: u32 = 4;
/// Longest wait for another process that writes.
const BUSY: Duration = Duration::from_secs(5);
/// Longest wait for a free connection.
const ACQUIRE: Duration = Duration::from_secs(5);

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("src/server/store/sqlite/migrations");

#[derive(Clone)]
pub(crate) struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, creating it for its owner alone, and brings it to this version.
    pub async fn open(file: &DatabaseFile) -> Result<Self, OpenError> {
        create_private(file)?;
        let options = SqliteConnectOptions::new()
            .filename(&file.0)
            .journal_mode(SqliteJournalMode::Wal)
            // In WAL mode NORMAL may lose the last commits with the power; what we acknowledge stays.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .foreign_keys(true)
            .disable_statement_logging();
        let pool =
            |size| SqlitePoolOptions::new().max_connections(size).acquire_timeout(ACQUIRE).idle_timeout(None);
        let writer = pool(1).connect_with(options.clone()).await?;
        MIGRATIONS.run(&writer).await?;
        let readers = pool(READERS).min_connections(1).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, readers })
    }

    /// Waits for what is under way and folds the log into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// The store answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }

    /// A small setting of the store's own.
    pub async fn fact(&self, name: &str) -> Result<Option<String>, StoreError> {
        let row = sqlx::query_scalar("SELECT value FROM facts WHERE name = ?").bind(name);
        Ok(row.fetch_optional(&self.readers).await?)
    }

    /// A transaction that holds the write lock from its beginning: it cannot fail half-way because another
    /// process wrote meanwhile.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }
}

fn create_private(file: &DatabaseFile) -> Result<(), std::io::Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(&file.0) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

async fn set_fact(tx: &mut Transaction<'_, Sqlite>, name: &str, value: &str) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
        .bind(name)
        .bind(value)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}
