//! A copy of a SQLite database while a desk works on it, and the way back. Whoever kills either leaves nothing half-made under
//! a name that counts: files are made whole under another name, and then given theirs.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions as _, Connection as _, Executor as _};

use super::connect::{SQLITE_MIGRATIONS, create_private, sqlite_url};

/// Why there is no copy, or no way back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    #[error("{0} is there already")]
    Exists(PathBuf),
    #[error("a desk works on {0}")]
    InUse(PathBuf),
    #[error("{0} is being written by another program")]
    BeingWritten(PathBuf),
    #[error("{0} is not a whole database: {1}")]
    Damaged(PathBuf, String),
    #[error("{0} is no desk's database")]
    NotDesk(PathBuf),
    #[error("{0} is of a newer version")]
    Newer(PathBuf),
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    #[error("{0}: {1}")]
    Database(PathBuf, sqlx::Error),
}

/// What a whole copy holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Holds {
    pub clients: i64,
    pub calls: i64,
    pub orders: i64,
}

/// Says whether somebody works on a database: the system forgets it with the process that holds it, however that ends.
pub(super) fn lock_file(database: &Path) -> io::Result<File> {
    let path = beside(database, "-lock");
    create_private(&path)?;
    File::options().read(true).write(true).open(path)
}

fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// All that was acknowledged before this began, in a file of its owner's alone that was not there before.
pub(crate) async fn backup(database: &Path, copy: &Path) -> Result<Holds, BackupError> {
    if copy.exists() {
        return Err(BackupError::Exists(copy.to_owned()));
    }
    let unfinished = Unfinished::begin(copy)?;
    let failed = |error| BackupError::Database(database.to_owned(), error);
    // The writers' lock is not asked for: they go on.
    let mut source = open(database, "rw").await?;
    // Whole, so that SQLite reads it as a path and nothing else.
    let into =
        std::fs::canonicalize(&unfinished.path).map_err(|error| BackupError::File(copy.to_owned(), error))?;
    let unfit = || BackupError::File(copy.to_owned(), io::Error::from(io::ErrorKind::InvalidFilename));
    let into = into.to_str().ok_or_else(unfit)?;
    let into = format!("VACUUM INTO '{}'", into.replace('\'', "''"));
    let copied = source.execute(sqlx::AssertSqlSafe(into)).await;
    let _ = source.close().await;
    copied.map_err(failed)?;
    let holds = unfinished.is_whole().await?;
    unfinished.finish(copy, false)?;
    Ok(holds)
}

/// Puts a copy in a database's place, whole or not at all; never beneath a desk that works on it.
pub(crate) async fn restore(copy: &Path, database: &Path, replaces: bool) -> Result<Holds, BackupError> {
    let failed = |error| BackupError::File(database.to_owned(), error);
    if !replaces && ["", "-wal", "-shm"].iter().any(|ending| beside(database, ending).exists()) {
        return Err(BackupError::Exists(database.to_owned()));
    }
    // Looked at before anything is made or taken away.
    is_whole(copy).await?;
    let lock = lock_file(database).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(BackupError::InUse(database.to_owned())),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let unfinished = Unfinished::begin(database)?;
    // Its owner's alone, whoever may read the copy.
    let copied = File::open(copy).and_then(|mut from| io::copy(&mut from, &mut &unfinished.lock));
    copied.map_err(|error| BackupError::File(copy.to_owned(), error))?;
    let holds = unfinished.is_whole().await?;
    if replaces {
        fold_log(database).await.map_err(failed)?;
    }
    unfinished.finish(database, replaces)?;
    Ok(holds)
}

/// A log that stays would be taken for the new database's. What it holds goes into the old one first, where that can be read.
async fn fold_log(database: &Path) -> io::Result<()> {
    if !database.exists() {
        return Ok(());
    }
    if let Ok(mut old) = open(database, "rw").await {
        let _ = old.execute("PRAGMA journal_mode = DELETE").await;
        let _ = old.close().await;
    }
    for log in ["-wal", "-shm"].map(|ending| beside(database, ending)) {
        match std::fs::remove_file(log) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

async fn open(file: &Path, mode: &str) -> Result<AnyConnection, BackupError> {
    sqlx::any::install_default_drivers();
    let failed = |error| BackupError::Database(file.to_owned(), error);
    let whole = std::fs::canonicalize(file).map_err(|error| BackupError::File(file.to_owned(), error))?;
    let options = AnyConnectOptions::from_url(&sqlite_url(&whole, mode).map_err(failed)?).map_err(failed)?;
    let mut connection = options.disable_statement_logging().connect().await.map_err(failed)?;
    connection.execute("PRAGMA busy_timeout = 5000").await.map_err(failed)?;
    Ok(connection)
}

/// A desk's database, of this version or an earlier one, in which every page is as it should be.
async fn is_whole(file: &Path) -> Result<Holds, BackupError> {
    let mut connection = open(file, "ro").await?;
    let checked = check(file, &mut connection).await;
    let _ = connection.close().await;
    checked
}

async fn check(file: &Path, db: &mut AnyConnection) -> Result<Holds, BackupError> {
    let damaged = |error: sqlx::Error| BackupError::Damaged(file.to_owned(), error.to_string());
    let said: Vec<String> =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut *db).await.map_err(damaged)?;
    if said != ["ok"] {
        return Err(BackupError::Damaged(file.to_owned(), said.join("; ")));
    }
    let sql = "SELECT MAX(version) FROM _sqlx_migrations WHERE success";
    let version: Option<i64> = sqlx::query_scalar(sql)
        .fetch_one(&mut *db)
        .await
        .map_err(|_| BackupError::NotDesk(file.to_owned()))?;
    let ours = SQLITE_MIGRATIONS.iter().map(|migration| migration.version).max();
    if version > ours {
        return Err(BackupError::Newer(file.to_owned()));
    }
    let mut count = async |table: &str| {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        // A table that came with a later version.
        sqlx::query_scalar(sql).fetch_one(&mut *db).await.unwrap_or(0)
    };
    Ok(Holds { clients: count("clients").await, calls: count("calls").await, orders: count("orders").await })
}

/// A file that has not got its name yet. One that somebody left half-made is begun anew.
struct Unfinished {
    path: PathBuf,
    /// Nobody else writes it.
    lock: File,
    is_named: bool,
}

/// What came to nothing takes no room on the disk.
impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_named {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Unfinished {
    fn begin(named: &Path) -> Result<Self, BackupError> {
        let path = beside(named, ".unfinished");
        let failed = |error| BackupError::File(path.clone(), error);
        let lock = |file: &File| match file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(BackupError::BeingWritten(path.clone())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        };
        // One of before is taken away, not written again: it may have got its name already, and be somebody's copy.
        let before = match File::open(&path) {
            Ok(file) => {
                lock(&file)?;
                if !is_named_so(&file, &path) {
                    return Err(BackupError::BeingWritten(path.clone()));
                }
                std::fs::remove_file(&path).map_err(failed)?;
                Some(file)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        create_private(&path).map_err(failed)?;
        let file = File::options().read(true).write(true).open(&path).map_err(failed)?;
        lock(&file)?;
        drop(before);
        Ok(Self { path, lock: file, is_named: false })
    }

    async fn is_whole(&self) -> Result<Holds, BackupError> {
        is_whole(&self.path).await
    }

    /// Gives it its name once all of it is on disk.
    fn finish(mut self, name: &Path, replaces: bool) -> Result<(), BackupError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => BackupError::Exists(name.to_owned()),
            _ => BackupError::File(name.to_owned(), error),
        };
        self.lock.sync_all().map_err(failed)?;
        if replaces {
            std::fs::rename(&self.path, name).map_err(failed)?;
        } else {
            // A link never takes another file's place.
            std::fs::hard_link(&self.path, name).map_err(failed)?;
            std::fs::remove_file(&self.path).map_err(failed)?;
        }
        self.is_named = true;
        sync_folder(name).map_err(failed)
    }
}

/// Nobody gave the name to another file meanwhile.
#[cfg(unix)]
fn is_named_so(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let which = |data: std::fs::Metadata| (data.dev(), data.ino());
    let named = std::fs::metadata(path).map(which);
    file.metadata().map(which).is_ok_and(|which| named.is_ok_and(|named| named == which))
}

#[cfg(not(unix))]
fn is_named_so(_: &File, path: &Path) -> bool {
    path.exists()
}

/// A name is on disk with its folder.
fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
