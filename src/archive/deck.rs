//! Writes one recording while its call goes on.

use super::{Archive, overwrite_head};
use crate::domain::call_record::CallRecordId;
use crate::domain::recording::{Blank, Layout};
use crate::media::Frame;
use crate::recording::{Encoder, RecordingKey, Writer};
use jiff::Timestamp;
use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;

/// Chunks between two syncs, five seconds: what a computer that loses its power may lose. A telephone that is killed loses no
/// chunk that was written.
const CHUNKS_PER_SYNC: u32 = 10;

/// Takes what a client hears and says, 20 ms after 20 ms. After a fault it takes nothing more.
pub trait Deck: Send {
    fn both(&mut self, sent: &Frame, received: &Frame) -> io::Result<()>;

    /// So many frames in which nothing is kept.
    fn blank(&mut self, why: Blank, frames: u32) -> io::Result<()>;

    /// The end, on disk when it returns.
    fn finish(&mut self) -> io::Result<()>;

    /// Nothing of it is kept, not even what was written.
    fn discard(&mut self) -> io::Result<()>;
}

/// What a recording is made with.
#[derive(Clone)]
pub struct TapeSetup {
    pub archive: Archive,
    pub key: Arc<RecordingKey>,
    pub layout: Layout,
}

pub struct FileDeck {
    archive: Archive,
    id: CallRecordId,
    file: File,
    /// None after the end, or after a fault.
    writer: Option<Writer>,
    encoder: Encoder,
    unsynced: u32,
}

impl FileDeck {
    /// With its head on disk. `chance`: of its own, for the key of this recording and its nonce.
    pub fn begin(
        setup: &TapeSetup,
        id: CallRecordId,
        begun: Timestamp,
        chance: ([u8; 32], [u8; 24]),
    ) -> io::Result<Self> {
        let (writer, head) = Writer::begin(&setup.key, id, begun, setup.layout, chance)
            .ok_or_else(|| io::Error::other("the head cannot be sealed"))?;
        let mut file = setup.archive.create(id)?;
        // Nobody sweeps it away meanwhile; where the folder's system has no locks it goes without.
        let _ = file.try_lock();
        if let Err(error) = file.write_all(&head).and_then(|()| file.sync_data()) {
            let _ = std::fs::remove_file(setup.archive.path(id));
            return Err(error);
        }
        let encoder = Encoder::new(setup.layout);
        Ok(Self { archive: setup.archive.clone(), id, file, writer: Some(writer), encoder, unsynced: 0 })
    }

    /// A chunk that went only half-way is the last one: what follows could not be found behind it.
    fn put(&mut self, chunk: Option<Vec<u8>>) -> io::Result<()> {
        let Some(chunk) = chunk else { return Ok(()) };
        self.unsynced += 1;
        let mut written = self.file.write_all(&chunk);
        if written.is_ok() && self.unsynced >= CHUNKS_PER_SYNC {
            self.unsynced = 0;
            written = self.file.sync_data();
        }
        if written.is_err() {
            self.writer = None;
        }
        written
    }

    /// Somebody may have deleted it during its call.
    fn is_there(&self) -> io::Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let (written, there) = (self.file.metadata()?, std::fs::metadata(self.archive.path(self.id))?);
            if (written.dev(), written.ino()) != (there.dev(), there.ino()) {
                return Err(io::ErrorKind::NotFound.into());
            }
        }
        Ok(())
    }
}

impl Deck for FileDeck {
    fn both(&mut self, sent: &Frame, received: &Frame) -> io::Result<()> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        self.encoder.encode(sent, received, writer);
        let chunk = writer.chunk();
        self.put(chunk)
    }

    fn blank(&mut self, why: Blank, frames: u32) -> io::Result<()> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        writer.blank(why, frames);
        let chunk = writer.chunk();
        self.put(chunk)
    }

    fn finish(&mut self) -> io::Result<()> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let end = writer.end();
        self.put(end)?;
        self.file.sync_data()?;
        self.is_there()
    }

    fn discard(&mut self) -> io::Result<()> {
        self.writer = None;
        let marked = self.archive.mark_refused(self.id);
        let overwritten = overwrite_head(&mut self.file);
        for error in [marked, overwritten].into_iter().filter_map(Result::err) {
            tracing::warn!(%error, recording = %self.id, "a step of deleting a refused recording failed");
        }
        self.archive.refuse(self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_recording_whose_head_cannot_be_overwritten_is_removed_all_the_same() {
        let folder = std::env::temp_dir().join(format!("patchcord-deck-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let key = RecordingKey::of(&RecordingKey::make([1; 32])).unwrap();
        let archive = Archive::at(folder.clone());
        let setup = TapeSetup { archive, key: Arc::new(key), layout: Layout::Stereo };
        let id = CallRecordId::new(Timestamp::UNIX_EPOCH, [7; 10]);
        let mut deck = FileDeck::begin(&setup, id, Timestamp::UNIX_EPOCH, ([3; 32], [4; 24])).unwrap();
        // Nothing can be written by this one.
        deck.file = File::open(setup.archive.path(id)).unwrap();
        deck.discard().unwrap();
        assert_eq!(setup.archive.list().unwrap(), []);
        let log = std::fs::read_to_string(folder.join("recordings.log")).unwrap();
        assert_eq!(log.lines().count(), 1, "{log}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
