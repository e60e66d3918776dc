//! The outbox's file: rows appended and synced, read back after a crash, emptied when all is delivered.
//!
//! A row is its length (u32, little-endian) and what [`RowCipher`] made of it. A row that was being written when the
//! process or the power went is cut off; it had not been acknowledged.
//!
//! The entry of a call that goes on stays in the file though the desk has it: whoever opens the file next finds there what a
//! telephone that was killed has left open, and closes it.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::OutboxError;
use super::cipher::{OVERHEAD, Opened, RowCipher};
use crate::desk_api::{CallRecord, CallRecordId};
use crate::secrets::Secret;

/// Longest row written or believed, octets.
const LONGEST_ROW: usize = 1024 * 1024;
/// A file this long is written anew when most of it is delivered.
const COMPACT_ABOVE: u64 = 1024 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Row {
    Entry(Box<CallRecord>),
    Delivered { id: CallRecordId, revision: u32 },
}

/// What a file held when it was opened.
pub(super) struct Recovered {
    /// Not delivered, in the order of their first rows, the latest revision of each. All calls of them are over.
    pub waiting: Vec<CallRecord>,
    /// Rows of another token, kept as they are.
    pub unreadable: usize,
    /// Rows that nothing can be made of.
    pub damaged: usize,
}

pub(super) struct OutboxFile {
    path: PathBuf,
    file: File,
    length: u64,
    /// Rows of another token.
    foreign: Vec<Vec<u8>>,
    /// Entries of calls that go on, delivered or not.
    standing: BTreeMap<CallRecordId, CallRecord>,
    cipher: RowCipher,
    chance: ChaCha20Rng,
    // Held for as long as the outbox lives.
    _lock: File,
}

impl OutboxFile {
    pub fn open(path: &Path, token: &Secret, seed: [u8; 32]) -> Result<(Self, Recovered), OutboxError> {
        make_folder(path)?;
        let lock = take_lock(path)?;
        let mut file = private().read(true).write(true).create(true).truncate(false).open(path)?;
        sync_folder(path)?;
        let last_seen = Timestamp::try_from(file.metadata()?.modified()?).map_err(io::Error::other)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let cipher = RowCipher::of(token);
        let (scan, sound) = Scan::of(&bytes, &cipher);
        let tail = bytes.get(sound..).unwrap_or_default();
        if !tail.is_empty() {
            if !is_torn_row(tail) {
                // Not what a crash leaves behind: somebody may still want to look at it.
                std::fs::write(beside(path, "damaged"), tail)?;
            }
            // Appending goes on behind the last sound row.
            file.set_len(sound as u64)?;
            file.sync_all()?;
        }
        file.seek(SeekFrom::End(0))?;
        let mut recovered =
            Recovered { waiting: scan.waiting, unreadable: scan.foreign.len(), damaged: scan.damaged };
        let (path, length, standing) = (path.to_owned(), sound as u64, BTreeMap::new());
        let chance = ChaCha20Rng::from_seed(seed);
        let mut outbox =
            Self { path, file, length, foreign: scan.foreign, standing, cipher, chance, _lock: lock };
        for record in recovered.waiting.iter_mut().filter(|record| record.ended_at.is_none()) {
            record.cut_off(last_seen);
            outbox.append(record)?;
        }
        Ok((outbox, recovered))
    }

    /// On disk when it returns.
    pub fn append(&mut self, record: &CallRecord) -> Result<(), OutboxError> {
        let row = self.row(&Row::Entry(Box::new(record.clone())))?;
        self.write(&row)?;
        match record.ended_at {
            None => self.standing.insert(record.id, record.clone()),
            Some(_) => self.standing.remove(&record.id),
        };
        self.file.sync_data()?;
        Ok(())
    }

    /// Remembers a delivery; `waiting` is what is left. If this is lost with the power, the entry is sent again and
    /// the desk recognises it.
    pub fn delivered(
        &mut self,
        id: CallRecordId,
        revision: u32,
        waiting: &[CallRecord],
    ) -> Result<(), OutboxError> {
        let nothing_left = waiting.is_empty() && self.standing.is_empty();
        if nothing_left && self.foreign.is_empty() {
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            self.length = 0;
            return Ok(());
        }
        if nothing_left {
            // Delivered rows of ours must not look like waiting ones of another token to whoever comes next.
            let others = self.left(&[])?;
            return self.put_in_place(&others);
        }
        let row = self.row(&Row::Delivered { id, revision })?;
        self.write(&row)?;
        if self.length > COMPACT_ABOVE { self.compact(waiting) } else { Ok(()) }
    }

    fn row(&mut self, row: &Row) -> Result<Vec<u8>, OutboxError> {
        let text = serde_json::to_vec(row).map_err(io::Error::from)?;
        let sealed = self.cipher.seal(&text, &mut self.chance).ok_or(OutboxError::TooLarge)?;
        framed(&sealed).ok_or(OutboxError::TooLarge)
    }

    /// A row that went only half-way is taken back, so that the next one can be found.
    fn write(&mut self, row: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all(row) {
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::Start(self.length))?;
            return Err(error);
        }
        self.length += row.len() as u64;
        Ok(())
    }

    fn compact(&mut self, waiting: &[CallRecord]) -> Result<(), OutboxError> {
        let bytes = self.left(waiting)?;
        if bytes.len() as u64 > self.length / 2 { Ok(()) } else { self.put_in_place(&bytes) }
    }

    fn left(&mut self, waiting: &[CallRecord]) -> Result<Vec<u8>, OutboxError> {
        let mut bytes = Vec::new();
        for sealed in &self.foreign {
            bytes.extend(framed(sealed).ok_or(OutboxError::TooLarge)?);
        }
        let is_waiting = |id: &CallRecordId| waiting.iter().any(|record| record.id == *id);
        let standing: Vec<CallRecord> =
            self.standing.values().filter(|record| !is_waiting(&record.id)).cloned().collect();
        for record in waiting.iter().chain(&standing) {
            bytes.extend(self.row(&Row::Entry(Box::new(record.clone())))?);
        }
        Ok(bytes)
    }

    /// Writes what is left into a new file and puts it in the old one's place.
    fn put_in_place(&mut self, bytes: &[u8]) -> Result<(), OutboxError> {
        let new_path = beside(&self.path, "new");
        let mut file = private().read(true).write(true).create(true).truncate(true).open(&new_path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&new_path, &self.path)?;
        sync_folder(&self.path)?;
        self.file = file;
        self.length = bytes.len() as u64;
        Ok(())
    }
}

#[derive(Default)]
struct Scan {
    waiting: Vec<CallRecord>,
    foreign: Vec<Vec<u8>>,
    damaged: usize,
}

impl Scan {
    /// All rows, and up to which octet they are whole.
    fn of(bytes: &[u8], cipher: &RowCipher) -> (Self, usize) {
        let mut scan = Self::default();
        let mut rest = bytes;
        while let Some((sealed, after)) = next_row(rest) {
            let is_last = after.is_empty();
            match cipher.open(sealed) {
                Opened::Text(text) => scan.take(&text),
                Opened::OtherKey => scan.foreign.push(sealed.to_vec()),
                // The length came to disk before the text did.
                Opened::Damaged if is_last => break,
                Opened::Damaged => scan.damaged += 1,
            }
            rest = after;
        }
        (scan, bytes.len() - rest.len())
    }

    fn take(&mut self, text: &[u8]) {
        match serde_json::from_slice(text) {
            Ok(Row::Entry(record)) => merge(&mut self.waiting, *record),
            Ok(Row::Delivered { id, revision }) => {
                let is_left = |record: &CallRecord| record.revision > revision || record.ended_at.is_none();
                self.waiting.retain(|record| record.id != id || is_left(record));
            }
            Err(_) => self.damaged += 1,
        }
    }
}

/// A later revision takes the place of an earlier one, and keeps its turn.
pub(super) fn merge(waiting: &mut Vec<CallRecord>, record: CallRecord) {
    match waiting.iter_mut().find(|known| known.id == record.id) {
        Some(known) if known.revision < record.revision => *known = record,
        Some(_) => {}
        None => waiting.push(record),
    }
}

fn next_row(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if !(OVERHEAD..=LONGEST_ROW).contains(&length) {
        return None;
    }
    rest.split_at_checked(length)
}

/// The beginning of a row, or room that the system had made for one.
fn is_torn_row(tail: &[u8]) -> bool {
    match tail.split_first_chunk::<4>() {
        None => true,
        Some((length, _)) => {
            let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
            (OVERHEAD..=LONGEST_ROW).contains(&length) || tail.iter().all(|&octet| octet == 0)
        }
    }
}

fn framed(sealed: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(sealed.len()).ok().filter(|_| sealed.len() <= LONGEST_ROW)?;
    Some([length.to_le_bytes().as_slice(), sealed].concat())
}

fn take_lock(path: &Path) -> Result<File, OutboxError> {
    let lock = private().write(true).create(true).truncate(false).open(beside(path, "lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(OutboxError::InUse),
        Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn make_folder(path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A new name is on disk when its folder is. Systems that cannot sync a folder do it by themselves.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests;
