//! How each database is opened, and what it does differently: nothing else in the store knows which one it is.
//!
//! Statements are written once, in the SQL that both understand, with `$1` for a bound value. Writes come one after the
//! other: SQLite has one writer, and on PostgreSQL those of all desks wait for one lock. Look-ups wait for nobody, and have
//! connections of their own, on which nothing can be written.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::{Any, AnyPool, ConnectOptions as _, Connection as _, Executor as _};

use super::{Database, OpenError, StoreError, Trouble, backup};

/// Concurrent look-ups; each has a thread of its own in SQLite's driver.
const READERS: u32 = 4;
/// Those on PostgreSQL.
const POSTGRES_READERS: u32 = 12;
/// On PostgreSQL one writes, and the next ones wait for its lock already.
const POSTGRES_WRITERS: u32 = 4;
/// Longest wait for a free connection.
const ACQUIRE: Duration = Duration::from_secs(5);

/// In WAL mode NORMAL may lose the last commits with the power; what we acknowledge stays. Another process may write
/// for so many milliseconds.
const SQLITE_SESSION: &str =
    "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL";
/// Look-ups see what is committed; writes ask for more. A write that stands still, because its desk does, is ended.
const POSTGRES_SESSION: &str = "SET statement_timeout = '10s'; SET lock_timeout = '5s'; \
    SET idle_in_transaction_session_timeout = '20s'; SET synchronous_commit = on";
const POSTGRES_READS_ONLY: &str = "SET default_transaction_read_only = on";

pub(super) static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("src/server/store/migrations/sqlite");
pub(super) static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("src/server/store/migrations/postgres");

pub(super) type Transaction<'a> = sqlx::Transaction<'a, Any>;

/// Everything that the desk keeps.
#[derive(Clone)]
pub(crate) struct Store {
    pub(super) writer: AnyPool,
    pub(super) readers: AnyPool,
    begin: &'static str,
    begin_long: &'static str,
    begin_long_look: &'static str,
    /// What a write does first, where the beginning alone does not keep others from writing.
    lock: Option<&'static str>,
    /// Name and definition of each index of the table `$1` that may be dropped and made anew.
    pub(super) indices: &'static str,
    /// Looks at a part of what the tables hold, where the database does not do so by itself.
    look_over: Option<&'static str>,
    /// The same for tables that are being filled: see [`super::growth`].
    pub(super) look_within: Option<&'static str>,
    /// Nobody puts a copy in the place of a SQLite file that is in use.
    _in_use: Option<Arc<File>>,
}

impl Store {
    /// Opens the database and brings it to this version. SQLite's file is made for its owner alone.
    pub async fn open(database: &Database) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        match database {
            Database::Sqlite(file) => open_sqlite(file).await,
            Database::Postgres(url) => open_postgres(url.as_str()).await,
        }
    }

    /// Waits for what is under way; SQLite folds its log into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Lets the database look at what it holds now, so that it knows which index is the better one: without that a desk that
    /// began empty is asked as if each table had the same size.
    pub async fn look_over(&self) -> Result<(), StoreError> {
        if let Some(sql) = self.look_over {
            self.writer.execute(sql).await?;
        }
        Ok(())
    }

    /// The store answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }

    /// A small setting of the store's own.
    pub async fn fact(&self, name: &str) -> Result<Option<String>, StoreError> {
        let row = sqlx::query_scalar("SELECT value FROM facts WHERE name = $1").bind(name.to_owned());
        Ok(row.fetch_optional(&self.readers).await?)
    }

    /// A write, while no other one happens.
    pub(super) async fn begin(&self) -> Result<Transaction<'static>, StoreError> {
        self.begin_with(self.begin).await
    }

    /// One that goes through all clients, when the desk begins: a statement of it may take its time.
    pub(super) async fn begin_long(&self) -> Result<Transaction<'static>, StoreError> {
        self.begin_with(self.begin_long).await
    }

    /// A look that goes through all clients, when the desk begins: it may take its time, and waits for nobody who writes.
    pub(super) async fn begin_long_look(&self) -> Result<Transaction<'static>, StoreError> {
        Ok(self.readers.begin_with(self.begin_long_look).await?)
    }

    async fn begin_with(&self, begin: &'static str) -> Result<Transaction<'static>, StoreError> {
        let mut tx = self.writer.begin_with(begin).await?;
        if let Some(lock) = self.lock {
            sqlx::query(lock).execute(&mut *tx).await?;
        }
        Ok(tx)
    }
}

async fn open_sqlite(file: &Path) -> Result<Store, OpenError> {
    let in_use = backup::lock_file(file)?;
    match in_use.try_lock_shared() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::BeingRestored),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    create_private(file)?;
    // Whole, since a URL would read dots and percent signs in its own way.
    let file = std::fs::canonicalize(file)?;
    let url = |mode: &str| sqlite_url(&file, mode);
    let pool = |size| {
        // All are opened now and never asked whether they are there: whoever gives up waiting, as a task that is ended
        // does, gives up no connection that is being opened or asked. Its thread would end after `close`, and a reader
        // that ends last cannot fold the log.
        let pool =
            AnyPoolOptions::new().min_connections(size).max_connections(size).test_before_acquire(false);
        let pool = pool.acquire_timeout(ACQUIRE).idle_timeout(None).max_lifetime(None);
        let pool = pool.after_connect(|connection, _| {
            Box::pin(async move { connection.execute(SQLITE_SESSION).await.map(drop) })
        });
        // On a full disk SQLite rolls back by itself, and sqlx takes what was begun for open ever after.
        pool.before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
    };
    let connect =
        |mode| AnyConnectOptions::from_url(&url(mode)?).map(|options| options.disable_statement_logging());
    let writer = pool(1).connect_with(connect("rw")?).await?;
    writer.execute("PRAGMA journal_mode = WAL").await?;
    SQLITE_MIGRATIONS.run(&writer).await?;
    let readers = pool(READERS).connect_with(connect("ro")?).await?;
    // The write lock is held from the beginning: no write fails half-way because another process wrote meanwhile.
    // A write of the whole database does not fit into the usual 2 MB of pages; the next one gives them back.
    let begin = "PRAGMA cache_size = -2000; BEGIN IMMEDIATE";
    let begin_long = "PRAGMA cache_size = -500000; BEGIN IMMEDIATE";
    let indices =
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = $1 AND sql IS NOT NULL";
    // Of all tables that grew tenfold, some rows of each index: a moment, however many there are.
    let look_over = Some("PRAGMA analysis_limit = 1000; PRAGMA optimize = 0x10002");
    Ok(Store {
        writer,
        readers,
        begin,
        begin_long,
        begin_long_look: "BEGIN",
        lock: None,
        indices,
        look_over,
        look_within: None,
        _in_use: Some(Arc::new(in_use)),
    })
}

pub(super) fn sqlite_url(file: &Path, mode: &str) -> Result<reqwest::Url, sqlx::Error> {
    let file = reqwest::Url::from_file_path(file).map_err(|()| sqlx::Error::BeginFailed)?;
    let url = format!("sqlite://{}?mode={mode}", file.path());
    url.parse::<reqwest::Url>().map_err(|error| sqlx::Error::Configuration(Box::new(error)))
}

async fn open_postgres(url: &str) -> Result<Store, OpenError> {
    let options = AnyConnectOptions::from_url(
        &url.parse().map_err(|error| sqlx::Error::Configuration(Box::new(error)))?,
    )?;
    let options = options.disable_statement_logging();
    let pool = |size| AnyPoolOptions::new().max_connections(size).acquire_timeout(ACQUIRE);
    // Who waits for the lock holds a connection meanwhile: out of one pool, so many of them would leave look-ups none.
    let writer = pool(POSTGRES_WRITERS).after_connect(|connection, _| {
        Box::pin(async move { connection.execute(POSTGRES_SESSION).await.map(drop) })
    });
    let writer = writer.connect_with(options.clone()).await?;
    // An index over ten million rows takes its time, and a desk that begins beside this one waits for it.
    let mut first = writer.acquire().await?.detach();
    first.execute("SET statement_timeout = 0; SET lock_timeout = 0").await?;
    POSTGRES_MIGRATIONS.run(&mut first).await?;
    first.close().await?;
    let readers = pool(POSTGRES_READERS).after_connect(|connection, _| {
        Box::pin(async move {
            connection.execute(POSTGRES_SESSION).await?;
            connection.execute(POSTGRES_READS_ONLY).await.map(drop)
        })
    });
    let readers = readers.connect_with(options).await?;
    let begin = "BEGIN ISOLATION LEVEL READ COMMITTED";
    let begin_long =
        "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0";
    // One after the other, as SQLite does it, and in the order in which they came; what is read behind the lock is the present. The
    // isolation level SERIALIZABLE lets them begin together: a few writes a second then were in each other's way for seconds.
    let lock = Some("SELECT pg_advisory_xact_lock(7233173)");
    let indices = "SELECT indexname::text, indexdef FROM pg_indexes WHERE tablename = $1 AND indexname NOT LIKE '%_pkey' \
                   AND schemaname = current_schema()";
    Ok(Store {
        writer,
        readers,
        begin,
        begin_long,
        begin_long_look: "BEGIN; SET LOCAL statement_timeout = 0",
        lock,
        indices,
        look_over: None,
        look_within: Some(
            "ANALYZE clients, client_phones, client_trade, company_clients, contract_prices, products, batches, search_items, \
             search_keys, orders, order_lines",
        ),
        _in_use: None,
    })
}

pub(super) fn create_private(file: &Path) -> Result<(), std::io::Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

pub(super) async fn set_fact(tx: &mut Transaction<'_>, name: &str, value: &str) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
        .bind(name.to_owned())
        .bind(value.to_owned())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// How often a write is done again that another one was in the way of.
pub(super) const ATTEMPTS: u32 = 20;

/// Nothing of it was done, because another write was in the way (SQLSTATE class 40), or made the same row first (23505).
pub(super) fn was_in_the_way(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("40001" | "40P01" | "23505"))
}

/// SQLite's result codes, of which the lowest octet is the kind; PostgreSQL's SQLSTATEs.
pub(super) fn trouble(error: &sqlx::Error) -> Trouble {
    let code = match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => return Trouble::Away,
        error => error.as_database_error().and_then(|error| error.code()),
    };
    let code = code.as_deref().unwrap_or_default();
    let sqlite = code.parse().ok().filter(|_| code.len() < 5).map(|code: u32| code & 0xff);
    match (sqlite, code) {
        (Some(SQLITE_FULL), _) | (_, "53100") => Trouble::Full,
        (Some(SQLITE_READONLY | SQLITE_IOERR | SQLITE_CANTOPEN), _) | (_, "25006") => Trouble::TakesNoWrites,
        // Somebody else writes for long, as an import does, or so many at once that this one was always the last.
        (Some(SQLITE_BUSY | SQLITE_LOCKED), _) | (_, "55P03" | "57014" | "40001" | "40P01") => Trouble::Away,
        // It ends, begins, or has no connection left.
        (_, "57P01" | "57P02" | "57P03" | "53300") => Trouble::Away,
        _ => Trouble::Ours,
    }
}
const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;
const SQLITE_READONLY: u32 = 8;
const SQLITE_IOERR: u32 = 10;
const SQLITE_FULL: u32 = 13;
const SQLITE_CANTOPEN: u32 = 14;

/// Does a write again while others are in its way.
macro_rules! until_done {
    ($attempt:expr) => {{
        let mut left = $crate::server::store::connect::ATTEMPTS;
        loop {
            match $attempt.await {
                Err(error) if left > 0 && error.was_in_the_way() => left -= 1,
                done => break done,
            }
        }
    }};
}
pub(super) use until_done;

/// A statement that is put together, with its values.
pub(super) struct Statement {
    text: String,
    values: sqlx::any::AnyArguments,
    count: usize,
}

impl Statement {
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: sqlx::any::AnyArguments::default(), count: 0 }
    }

    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    pub fn bind<'q, T: sqlx::Encode<'q, Any> + sqlx::Type<Any>>(
        &mut self,
        value: T,
    ) -> Result<&mut Self, StoreError> {
        sqlx::Arguments::add(&mut self.values, value).map_err(sqlx::Error::Encode)?;
        self.count += 1;
        self.text.push_str(&format!("${}", self.count));
        Ok(self)
    }

    /// `($1, $2), ($3, $4)`: of each row, what `bind` binds.
    pub fn rows<R>(
        &mut self,
        rows: impl IntoIterator<Item = R>,
        bind: impl Fn(&mut Row<'_>, R) -> Result<(), StoreError>,
    ) -> Result<&mut Self, StoreError> {
        for (number, row) in rows.into_iter().enumerate() {
            self.push(if number == 0 { "(" } else { "), (" });
            bind(&mut Row { statement: self, is_first: true }, row)?;
        }
        Ok(self.push(")"))
    }

    /// `($1, $2)`
    pub fn list<'q, T: sqlx::Encode<'q, Any> + sqlx::Type<Any>>(
        &mut self,
        values: impl IntoIterator<Item = T>,
    ) -> Result<&mut Self, StoreError> {
        for (number, value) in values.into_iter().enumerate() {
            self.push(if number == 0 { "(" } else { ", " }).bind(value)?;
        }
        Ok(self.push(")"))
    }

    pub async fn execute(self, tx: &mut Transaction<'_>) -> Result<(), StoreError> {
        let (text, values) = self.into_parts();
        sqlx::query_with(text, values).execute(&mut **tx).await?;
        Ok(())
    }

    pub fn into_parts(self) -> (sqlx::AssertSqlSafe<String>, sqlx::any::AnyArguments) {
        // Made of our own words alone; values are bound.
        (sqlx::AssertSqlSafe(self.text), self.values)
    }
}

/// One row of values.
pub(super) struct Row<'a> {
    statement: &'a mut Statement,
    is_first: bool,
}

impl Row<'_> {
    pub fn bind<'q, T: sqlx::Encode<'q, Any> + sqlx::Type<Any>>(
        &mut self,
        value: T,
    ) -> Result<&mut Self, StoreError> {
        if !std::mem::take(&mut self.is_first) {
            self.statement.push(", ");
        }
        self.statement.bind(value)?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::error::{DatabaseError, ErrorKind};

    /// As a database says it: by its code alone.
    #[derive(Debug)]
    struct Said(&'static str);

    impl std::fmt::Display for Said {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for Said {}

    impl DatabaseError for Said {
        fn message(&self) -> &str {
            self.0
        }

        fn code(&self) -> Option<std::borrow::Cow<'_, str>> {
            Some(self.0.into())
        }

        fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    fn said(code: &'static str) -> sqlx::Error {
        sqlx::Error::Database(Box::new(Said(code)))
    }

    /// It is tried again, and when that was in vain twenty times, the sender is told to try later: no fault of ours.
    #[test]
    fn who_was_always_the_last_to_write_is_told_to_try_again() {
        for code in ["40001", "40P01"] {
            assert!(was_in_the_way(&said(code)), "{code}");
            assert_eq!(trouble(&said(code)), Trouble::Away, "{code}");
        }
    }

    #[test]
    fn what_a_database_says_is_told_in_the_same_words_whichever_it_is() {
        for (sqlite, postgres, told) in [
            ("13", "53100", Trouble::Full),
            ("8", "25006", Trouble::TakesNoWrites),
            ("1544", "25006", Trouble::TakesNoWrites),
            ("5", "55P03", Trouble::Away),
            ("517", "57014", Trouble::Away),
            ("1", "42601", Trouble::Ours),
        ] {
            assert_eq!(
                (trouble(&said(sqlite)), trouble(&said(postgres))),
                (told, told),
                "{sqlite} {postgres}"
            );
        }
    }
}
