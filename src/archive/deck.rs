//! Writes one recording while its call goes on.

use super::{Archive, Deed, overwrite_head, sync_folder};
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
        file.write_all(&head)?;
        file.sync_data()?;
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
        self.file.sync_data()
    }

    fn discard(&mut self) -> io::Result<()> {
        self.writer = None;
        overwrite_head(&mut self.file)?;
        std::fs::remove_file(self.archive.path(self.id))?;
        sync_folder(&self.archive.folder)?;
        self.archive.note(Deed::Refused, self.id)
    }
}
