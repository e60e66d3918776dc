//! The folder in which recordings are kept: made, listed, read, deleted, and left to nobody for longer than they may be kept.
//!
//! A recording is a file named by the id of its call's register entry, which holds the time of the first ring and nothing of the
//! client. Only sealed octets are ever written; what is done with a recording is noted in a log beside them.

mod deck;

pub use deck::{Deck, FileDeck, TapeSetup};

use crate::clock;
use crate::domain::call_record::CallRecordId;
use crate::domain::recording::is_over;
use crate::recording::{self, ENDING, Recording, RecordingKey};
use jiff::Timestamp;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a recording's file ends in from the moment in which the client does not agree: nothing reads it any more, and
/// whatever keeps it from being deleted then, the next sweep deletes it.
const REFUSED: &str = "refused";
/// Beside the recordings: what was done with them.
const LOG: &str = "recordings.log";
/// More than the head of a recording, in which its key stands.
const HEAD: usize = 4_096;

/// What is done with a recording, for its log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    Exported,
    /// By whoever may.
    Deleted,
    /// During its call, since the client did not agree.
    Refused,
    /// Its time was over.
    Expired,
}

impl Deed {
    const fn word(self) -> &'static str {
        match self {
            Self::Exported => "exported",
            Self::Deleted => "deleted",
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }
}

/// Why a recording cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReadFault {
    Io(io::ErrorKind),
    Recording(recording::Fault),
    /// In this file is another one than its name says.
    OtherName(CallRecordId),
}

#[derive(Clone, Debug)]
pub struct Archive {
    folder: PathBuf,
}

impl Archive {
    /// The folder is made with the first recording.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub fn path(&self, id: CallRecordId) -> PathBuf {
        self.named(id, ENDING)
    }

    fn named(&self, id: CallRecordId, ending: &str) -> PathBuf {
        self.folder.join(format!("{id}.{ending}"))
    }

    /// A new file that only its owner may read; one that is there already is a fault.
    pub(self) fn create(&self, id: CallRecordId) -> io::Result<File> {
        self.make_folder()?;
        let file = private().write(true).create_new(true).open(self.path(id))?;
        sync_folder(&self.folder)?;
        Ok(file)
    }

    /// The earliest call first. Files of other names are nobody's here; no folder is an empty one.
    pub fn list(&self) -> io::Result<Vec<CallRecordId>> {
        self.list_of(ENDING)
    }

    fn list_of(&self, ending: &str) -> io::Result<Vec<CallRecordId>> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            ids.extend(id_of(&entry?.path(), ending));
        }
        ids.sort();
        Ok(ids)
    }

    /// What was said, in memory alone.
    pub fn read(&self, id: CallRecordId, key: &RecordingKey) -> Result<Recording, ReadFault> {
        let file = std::fs::read(self.path(id)).map_err(|error| ReadFault::Io(error.kind()))?;
        let recording = recording::read(&file, key).map_err(ReadFault::Recording)?;
        match recording.id == id {
            true => Ok(recording),
            false => Err(ReadFault::OtherName(recording.id)),
        }
    }

    /// The name of the key that it is sealed with.
    pub fn key_name(&self, id: CallRecordId) -> Result<String, ReadFault> {
        let mut head = Vec::with_capacity(HEAD);
        let file = File::open(self.path(id)).and_then(|file| file.take(HEAD as u64).read_to_end(&mut head));
        file.map_err(|error| ReadFault::Io(error.kind()))?;
        recording::sealed_with(&head).map_err(ReadFault::Recording)
    }

    pub fn delete(&self, id: CallRecordId) -> io::Result<()> {
        match self.erase(id, ENDING) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.erase(id, REFUSED),
            erased => erased,
        }
    }

    /// Its key is overwritten first, so that what a disk may keep of the file cannot be opened any more. Where that fails it is
    /// removed all the same.
    fn erase(&self, id: CallRecordId, ending: &str) -> io::Result<()> {
        let path = self.named(id, ending);
        match OpenOptions::new().write(true).open(&path).and_then(|mut file| overwrite_head(&mut file)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(error),
            Err(error) => tracing::warn!(%error, recording = %id, "its head is not overwritten"),
            Ok(()) => {}
        }
        std::fs::remove_file(&path)?;
        sync_folder(&self.folder)
    }

    /// That the client does not agree is on disk before anything else is done: a rename needs no room, and a telephone that is
    /// gone a moment later finishes the rest when it starts again.
    pub fn mark_refused(&self, id: CallRecordId) -> io::Result<()> {
        std::fs::rename(self.path(id), self.named(id, REFUSED))?;
        sync_folder(&self.folder)
    }

    /// Nothing of it is kept; none there is as good. That it cannot be noted is another matter than that it is still there.
    pub fn refuse(&self, id: CallRecordId) -> io::Result<()> {
        match self.mark_refused(id) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, recording = %id, "that it is refused cannot be marked");
            }
            _ => {}
        }
        let (mut erased, mut fault) = (false, None);
        for ending in [REFUSED, ENDING] {
            match self.erase(id, ending) {
                Ok(()) => erased = true,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => fault = Some(error),
            }
        }
        if let Some(error) = fault {
            return Err(error);
        }
        if erased && let Err(error) = self.note(Deed::Refused, id) {
            tracing::error!(%error, recording = %id, "that it was refused and is deleted cannot be noted");
        }
        Ok(())
    }

    /// Deletes those that have been kept long enough, and what is left of refused ones. How many; what cannot be deleted is
    /// tried again the next time.
    pub fn sweep(&self, now: Timestamp, keep: Duration) -> io::Result<usize> {
        let (mut swept, mut fault) = (0, None);
        // A clock that was wrong at the first ring names a moment long ago.
        let over = self.list()?.into_iter().filter(|id| is_over(*id, now, keep) && !self.runs(*id));
        let over = over.map(|id| (id, ENDING, Deed::Expired));
        let refused = self.list_of(REFUSED)?.into_iter().map(|id| (id, REFUSED, Deed::Refused));
        for (id, ending, deed) in refused.chain(over) {
            match self.erase(id, ending) {
                Ok(()) => {
                    swept += 1;
                    fault = self.note(deed, id).err().or(fault);
                }
                // Another telephone of this user's was first.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => fault = Some(error),
            }
        }
        fault.map_or(Ok(swept), Err)
    }

    /// Its call goes on, at whichever telephone of this user.
    fn runs(&self, id: CallRecordId) -> bool {
        let file = File::open(self.path(id));
        file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// Who did what when, without a word about the client: into the log beside the recordings, on disk when it returns.
    pub fn note(&self, deed: Deed, id: CallRecordId) -> io::Result<()> {
        let user = rustix::process::getuid().as_raw();
        tracing::info!(deed = deed.word(), recording = %id, user, "recording");
        self.make_folder()?;
        let mut log = private().append(true).create(true).open(self.folder.join(LOG))?;
        let now = clock::wall();
        log.write_all(format!("{now:.0} {} {id} user {user}\n", deed.word()).as_bytes())?;
        log.sync_data()
    }

    fn make_folder(&self) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder)
    }
}

fn id_of(path: &Path, ending: &str) -> Option<CallRecordId> {
    if path.extension()? != ending {
        return None;
    }
    let name = path.file_stem()?.to_str()?;
    let id = uuid::Uuid::parse_str(name).ok().filter(|id| id.get_version_num() == 7)?;
    (id.to_string() == name).then_some(CallRecordId(id))
}

/// The whole of a file that is shorter.
fn overwrite_head(file: &mut File) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&[0; HEAD])?;
    file.sync_data()
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A new name, or one less, is on disk when its folder is.
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

#[cfg(test)]
mod tests;
