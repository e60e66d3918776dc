//! The outbox's file: rows appended and synced, read back after a crash, emptied when all is delivered.
//!
//! A row is its length (u32, little-endian) and what [`RowCipher`] made of it. A row that was being written when the
//! process or the power went is cut off; it had not been acknowledged.
//!
//! The entry of a call that goes on stays in the file though the desk has it: whoever opens the file next finds there what a
//! telephone that was killed has left open, and closes it. An order stays until the desk has it.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::OutboxError;
use super::cipher::{OVERHEAD, Opened, RowCipher};
use super::entry::{Entry, merge};
use crate::secrets::Secret;

/// Longest row written or believed, octets.
const LONGEST_ROW: usize = 1024 * 1024;
/// A file this long is written anew when most of it waits no more.
const COMPACT_ABOVE: u64 = 1024 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Row {
    /// The entry with this command id waits no more.
    Done(Uuid),
    #[serde(untagged)]
    Entry(Entry),
}

/// What a file held when it was opened.
pub(super) struct Recovered {
    /// Not delivered, in the order of their first rows, the latest revision of each. All calls of them are over.
    pub waiting: Vec<Entry>,
    /// Rows of another token, kept as they are.
    pub unreadable: usize,
    /// Rows that nothing can be made of.
    pub damaged: usize,
}

pub(super) struct OutboxFile {
    path: PathBuf,
    file: File,
    length: u64,
    /// Written anew when it is longer.
    longest: u64,
    /// Rows of another token.
    foreign: Vec<Vec<u8>>,
    /// Entries of calls that go on, delivered or not.
    standing: BTreeMap<Uuid, Entry>,
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
        let mut outbox = Self {
            path: path.to_owned(),
            file,
            length: sound as u64,
            longest: COMPACT_ABOVE,
            foreign: scan.foreign,
            standing: BTreeMap::new(),
            cipher,
            chance: ChaCha20Rng::from_seed(seed),
            _lock: lock,
        };
        let mut closed = Vec::new();
        for entry in &mut recovered.waiting {
            if let Entry::Call(record) = entry
                && record.ended_at.is_none()
            {
                record.cut_off(last_seen);
                closed.push(entry.clone());
            }
        }
        outbox.append(&closed)?;
        Ok((outbox, recovered))
    }

    /// On disk when it returns, all of them by one write. One that is too large keeps none of the others away.
    pub fn append(&mut self, entries: &[Entry]) -> Result<(), OutboxError> {
        let (mut rows, mut too_large) = (Vec::new(), None);
        for entry in entries {
            match self.row(&Row::Entry(entry.clone())) {
                Ok(row) => rows.extend(row),
                Err(error) => too_large = Some(error),
            }
        }
        if !rows.is_empty() {
            self.write(&rows)?;
            self.file.sync_data()?;
        }
        for entry in entries {
            if entry.goes_on() {
                self.standing.insert(entry.subject(), entry.clone());
            } else {
                self.standing.remove(&entry.subject());
            }
        }
        too_large.map_or(Ok(()), Err)
    }

    /// From now on the disk is full.
    #[cfg(test)]
    pub fn fill_disk(&mut self) {
        self.file = OpenOptions::new().write(true).open("/dev/full").unwrap();
    }

    /// Most of it waits no more, perhaps.
    pub const fn is_long(&self) -> bool {
        self.length > self.longest
    }

    /// Remembers that an entry waits no more; `waiting` is what is left. If this is lost with the power, the entry is
    /// sent again and the desk recognises it.
    pub fn done(&mut self, command: Uuid, waiting: &[Entry]) -> Result<(), OutboxError> {
        let nothing_left = waiting.is_empty() && self.standing.is_empty();
        if nothing_left && self.foreign.is_empty() {
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            self.length = 0;
            return Ok(());
        }
        if nothing_left {
            // Delivered rows of ours must not look like waiting ones of another token to whoever comes next.
            return self.compact(&[]);
        }
        let row = self.row(&Row::Done(command))?;
        self.write(&row)?;
        if self.is_long() { self.compact(waiting) } else { Ok(()) }
    }

    /// Writes the file anew with what is left.
    pub fn compact(&mut self, waiting: &[Entry]) -> Result<(), OutboxError> {
        let bytes = self.left(waiting)?;
        self.put_in_place(&bytes)?;
        self.longest = COMPACT_ABOVE.max(2 * self.length);
        Ok(())
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

    fn left(&mut self, waiting: &[Entry]) -> Result<Vec<u8>, OutboxError> {
        let mut bytes = Vec::new();
        for sealed in &self.foreign {
            bytes.extend(framed(sealed).ok_or(OutboxError::TooLarge)?);
        }
        let is_waiting = |call: &Uuid| waiting.iter().any(|entry| entry.subject() == *call);
        let standing = self.standing.iter().filter(|(call, _)| !is_waiting(call));
        let left: Vec<Entry> = waiting.iter().chain(standing.map(|(_, entry)| entry)).cloned().collect();
        for entry in left {
            bytes.extend(self.row(&Row::Entry(entry))?);
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
    waiting: Vec<Entry>,
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
            Ok(Row::Entry(entry)) => merge(&mut self.waiting, entry),
            Ok(Row::Done(command)) => {
                self.waiting.retain(|entry| entry.command() != command || entry.goes_on());
            }
            Err(_) => self.damaged += 1,
        }
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
