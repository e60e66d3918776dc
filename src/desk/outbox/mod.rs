//! The outbox of the call register: an entry is on disk before it looks kept, and goes to the desk in order, exactly
//! once by id and revision, however often the desk, the network or this process goes away.

mod cipher;
mod file;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};
use tokio::sync::{Notify, mpsc};
use uuid::Uuid;

use super::Desk;
use crate::desk_api::{CallRecord, CallRecordId, ProblemCode, Unavailable};
use crate::secrets::Secret;
use file::{OutboxFile, merge};

/// Waits between attempts double from the first to the last.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Why an entry is not on disk.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    #[error("another process uses this outbox")]
    InUse,
    #[error("the entry is too large")]
    TooLarge,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// What happens to entries after they were kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// The desk has this revision on its disk.
    Delivered { id: CallRecordId, revision: u32 },
    /// The desk did not take an entry; comes again only when the reason changes. It is sent again by itself.
    Waiting { why: Unavailable, waiting: usize },
    /// The desk will never take this one as it is. It is kept, and tried again when the program starts.
    Refused { id: CallRecordId, status: u16, code: ProblemCode },
    /// A delivery could not be noted on disk. The entry may be sent once more, which does no harm.
    DiskFailed,
}

/// Entries of the register on their way to the desk. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Something was appended.
    appended: Notify,
    /// Something left the queue.
    drained: Notify,
    /// Somebody waits for the queue to empty: the next attempt is now.
    hurry: Notify,
    first_wait: Duration,
    longest_wait: Duration,
    unreadable: usize,
    damaged: usize,
}

struct State {
    file: OutboxFile,
    waiting: Vec<CallRecord>,
    refused: Vec<CallRecord>,
    chance: ChaCha20Rng,
}

impl Outbox {
    /// Opens or makes the outbox. Entries of an earlier run wait in it; they are encrypted under the desk's token.
    pub async fn open(path: &Path, token: &Secret, seed: [u8; 32]) -> Result<Self, OutboxError> {
        Self::open_with(path, token, seed, FIRST_WAIT, LONGEST_WAIT).await
    }

    /// As [`Outbox::open`], with other waits between attempts.
    pub async fn open_with(
        path: &Path,
        token: &Secret,
        seed: [u8; 32],
        first_wait: Duration,
        longest_wait: Duration,
    ) -> Result<Self, OutboxError> {
        let (path, token) = (path.to_owned(), token.clone());
        let mut chance = ChaCha20Rng::from_seed(seed);
        let mut nonces = [0; 32];
        chance.fill_bytes(&mut nonces);
        let opened = tokio::task::spawn_blocking(move || OutboxFile::open(&path, &token, nonces)).await;
        let (file, recovered) = opened.map_err(std::io::Error::other)??;
        let state = State { file, waiting: recovered.waiting, refused: Vec::new(), chance };
        Ok(Self {
            shared: Arc::new(Shared {
                state: Mutex::new(state),
                appended: Notify::new(),
                drained: Notify::new(),
                hurry: Notify::new(),
                first_wait,
                longest_wait,
                unreadable: recovered.unreadable,
                damaged: recovered.damaged,
            }),
        })
    }

    /// The entry is on disk when this returns `Ok`. After an error it is still sent if the desk is there, but does
    /// not outlive the process.
    pub async fn append(&self, record: CallRecord) -> Result<(), OutboxError> {
        let shared = Arc::clone(&self.shared);
        let kept = tokio::task::spawn_blocking(move || {
            let mut state = shared.lock();
            let kept = state.file.append(&record);
            merge(&mut state.waiting, record);
            kept
        })
        .await;
        self.shared.appended.notify_one();
        kept.map_err(std::io::Error::other)?
    }

    /// Takes over what waits in another outbox of the same token, left by a process that is gone. How many entries;
    /// [`OutboxError::InUse`] when that process still works.
    pub async fn adopt(&self, path: &Path, token: &Secret) -> Result<usize, OutboxError> {
        let (path, token) = (path.to_owned(), token.clone());
        let mut nonces = [0; 32];
        self.shared.lock().chance.fill_bytes(&mut nonces);
        let shared = Arc::clone(&self.shared);
        let adopted = tokio::task::spawn_blocking(move || {
            let (mut other, recovered) = OutboxFile::open(&path, &token, nonces)?;
            let mut left = recovered.waiting.as_slice();
            while let Some((record, rest)) = left.split_first() {
                let mut state = shared.lock();
                state.file.append(record)?;
                merge(&mut state.waiting, record.clone());
                drop(state);
                other.delivered(record.id, record.revision, rest)?;
                left = rest;
            }
            Ok(recovered.waiting.len())
        })
        .await;
        self.shared.appended.notify_one();
        adopted.map_err(std::io::Error::other)?
    }

    /// Entries that the desk has not taken, refused ones included.
    pub fn waiting(&self) -> usize {
        let state = self.shared.lock();
        state.waiting.len() + state.refused.len()
    }

    /// Rows that were written under another token: they stay in the file until that token is used again.
    pub fn unreadable(&self) -> usize {
        self.shared.unreadable
    }

    /// Rows found damaged when the outbox was opened.
    pub fn damaged(&self) -> usize {
        self.shared.damaged
    }

    /// Sends what waits, and what comes; ends only by being dropped, at any moment without loss. One at a time.
    pub async fn run(&self, desk: &Desk, notices: mpsc::UnboundedSender<Notice>) {
        let mut trouble = None;
        let mut failures = 0;
        loop {
            let Some(record) = self.next() else {
                self.shared.appended.notified().await;
                continue;
            };
            match desk.put_call(&record).await {
                Ok(_) => {
                    (trouble, failures) = (None, 0);
                    self.settle(&record, &notices).await;
                }
                Err(Unavailable::Refused { status, code }) if is_final(code) => {
                    (trouble, failures) = (None, 0);
                    self.set_aside(&record);
                    let _ = notices.send(Notice::Refused { id: record.id, status, code });
                }
                Err(why) => {
                    if trouble.as_ref() != Some(&why) {
                        let _ = notices.send(Notice::Waiting { why: why.clone(), waiting: self.waiting() });
                        trouble = Some(why);
                    }
                    let _ =
                        tokio::time::timeout(self.wait_after(failures), self.shared.hurry.notified()).await;
                    failures = failures.saturating_add(1);
                }
            }
        }
    }

    /// Waits until nothing waits, at most this long, and lets the next attempt be now; [`Outbox::run`] must be at
    /// work. How many entries are left.
    pub async fn flush(&self, within: Duration) -> usize {
        self.shared.hurry.notify_one();
        let empty = async {
            loop {
                let drained = self.shared.drained.notified();
                if self.shared.lock().waiting.is_empty() {
                    return;
                }
                drained.await;
            }
        };
        let _ = tokio::time::timeout(within, empty).await;
        self.waiting()
    }

    fn next(&self) -> Option<CallRecord> {
        self.shared.lock().waiting.first().cloned()
    }

    async fn settle(&self, record: &CallRecord, notices: &mpsc::UnboundedSender<Notice>) {
        let (shared, id, revision) = (Arc::clone(&self.shared), record.id, record.revision);
        let noted = tokio::task::spawn_blocking(move || {
            let mut state = shared.lock();
            let is_later = |known: &CallRecord| known.id != id || known.revision > revision;
            state.waiting.retain(is_later);
            state.refused.retain(is_later);
            let left: Vec<CallRecord> = state.waiting.iter().chain(&state.refused).cloned().collect();
            state.file.delivered(id, revision, &left)
        })
        .await;
        if !matches!(noted, Ok(Ok(()))) {
            let _ = notices.send(Notice::DiskFailed);
        }
        let _ = notices.send(Notice::Delivered { id, revision });
        self.shared.drained.notify_waiters();
    }

    fn set_aside(&self, record: &CallRecord) {
        let mut state = self.shared.lock();
        state.waiting.retain(|known| known.id != record.id || known.revision > record.revision);
        merge(&mut state.refused, record.clone());
        drop(state);
        self.shared.drained.notify_waiters();
    }

    /// Twice as long after each failure, three quarters to all of it, so that a company's telephones do not all come
    /// back in the same second.
    fn wait_after(&self, failures: u32) -> Duration {
        let doubled = self.shared.first_wait.saturating_mul(1 << failures.min(16));
        let wait = doubled.min(self.shared.longest_wait);
        let quarters = self.shared.lock().chance.next_u32() % 256;
        wait - wait * quarters / 1024
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The command id of an entry's revision: the same on every attempt, after a restart too.
pub(super) fn command_id(record: &CallRecord) -> Uuid {
    let digest = Sha256::new()
        .chain_update(b"patchcord call register")
        .chain_update(record.id.0.as_bytes())
        .chain_update(record.revision.to_be_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Sending the same again cannot help.
const fn is_final(code: ProblemCode) -> bool {
    matches!(
        code,
        ProblemCode::MalformedBody
            | ProblemCode::MalformedRequest
            | ProblemCode::Invalid
            | ProblemCode::BodyTooLarge
            | ProblemCode::CommandReused
            | ProblemCode::RevisionConflict
            | ProblemCode::NotYours
    )
}
