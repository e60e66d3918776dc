//! The outbox of the call register: an entry is on disk before it looks kept, and goes to the desk in order, exactly
//! once by id and revision, however often the desk, the network or this process goes away.

mod cipher;
mod file;

use std::collections::BTreeMap;
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
/// So often an entry may get no good answer from the desk before the others have their turn.
const TRIES: u32 = 3;

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
    /// Held for moments, never while a disk is waited for: the telephone's own thread takes it.
    queue: Mutex<Queue>,
    /// Held through writes and syncs, so taken by threads that may block alone. Before `queue`, where both are.
    file: Mutex<OutboxFile>,
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

struct Queue {
    waiting: Vec<CallRecord>,
    refused: Vec<CallRecord>,
    /// How often the desk had no good answer to a waiting entry's revision.
    failed: BTreeMap<(CallRecordId, u32), u32>,
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
        let queue =
            Queue { waiting: recovered.waiting, refused: Vec::new(), failed: BTreeMap::new(), chance };
        Ok(Self {
            shared: Arc::new(Shared {
                queue: Mutex::new(queue),
                file: Mutex::new(file),
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
            let mut file = shared.file();
            let kept = file.append(&record);
            merge(&mut shared.queue().waiting, record);
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
        self.shared.queue().chance.fill_bytes(&mut nonces);
        let shared = Arc::clone(&self.shared);
        let adopted = tokio::task::spawn_blocking(move || {
            let (mut other, recovered) = OutboxFile::open(&path, &token, nonces)?;
            let mut left = recovered.waiting.as_slice();
            while let Some((record, rest)) = left.split_first() {
                let mut file = shared.file();
                file.append(record)?;
                merge(&mut shared.queue().waiting, record.clone());
                drop(file);
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
        let queue = self.shared.queue();
        queue.waiting.len() + queue.refused.len()
    }

    /// The same: whose they are, and their latest revisions.
    pub fn entries(&self) -> Vec<(CallRecordId, u32)> {
        let queue = self.shared.queue();
        queue.waiting.iter().chain(&queue.refused).map(|record| (record.id, record.revision)).collect()
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
                    self.settle(&record, &notices).await;
                    failures = 0;
                }
                Err(Unavailable::Refused { status, code }) if is_final(code) => {
                    self.set_aside(&record);
                    let _ = notices.send(Notice::Refused { id: record.id, status, code });
                    failures = 0;
                }
                Err(why) => {
                    let others_first = may_be_the_entry(&why) && self.shared.queue().note_failure(&record);
                    if trouble.as_ref() != Some(&why) {
                        let _ = notices.send(Notice::Waiting { why: why.clone(), waiting: self.waiting() });
                        trouble = Some(why);
                    }
                    tokio::select! {
                        () = tokio::time::sleep(self.wait_after(failures)) => {}
                        () = self.shared.hurry.notified() => {}
                        // A new entry does not wait for one that the desk stumbles over.
                        () = self.shared.appended.notified(), if others_first => {}
                    }
                    failures = failures.saturating_add(1);
                    continue;
                }
            }
            // One entry's trouble is not said anew after every other that gets through.
            if self.shared.queue().failed.is_empty() {
                trouble = None;
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
                if self.shared.queue().waiting.is_empty() {
                    return;
                }
                drained.await;
            }
        };
        let _ = tokio::time::timeout(within, empty).await;
        self.waiting()
    }

    fn next(&self) -> Option<CallRecord> {
        self.shared.queue().next().cloned()
    }

    async fn settle(&self, record: &CallRecord, notices: &mpsc::UnboundedSender<Notice>) {
        let (shared, id, revision) = (Arc::clone(&self.shared), record.id, record.revision);
        let _ = notices.send(Notice::Delivered { id, revision });
        let noted = tokio::task::spawn_blocking(move || {
            // First the file: what is appended meanwhile must not be missing in what is left.
            let mut file = shared.file();
            let mut queue = shared.queue();
            queue.remove(id, revision);
            let left: Vec<CallRecord> = queue.waiting.iter().chain(&queue.refused).cloned().collect();
            drop(queue);
            file.delivered(id, revision, &left)
        })
        .await;
        if !matches!(noted, Ok(Ok(()))) {
            let _ = notices.send(Notice::DiskFailed);
        }
        self.shared.drained.notify_waiters();
    }

    fn set_aside(&self, record: &CallRecord) {
        let mut queue = self.shared.queue();
        queue.remove(record.id, record.revision);
        merge(&mut queue.refused, record.clone());
        drop(queue);
        self.shared.drained.notify_waiters();
    }

    /// Twice as long after each failure, three quarters to all of it, so that a company's telephones do not all come
    /// back in the same second.
    fn wait_after(&self, failures: u32) -> Duration {
        let doubled = self.shared.first_wait.saturating_mul(1 << failures.min(16));
        let wait = doubled.min(self.shared.longest_wait);
        let quarters = self.shared.queue().chance.next_u32() % 256;
        wait - wait * quarters / 1024
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self) -> MutexGuard<'_, OutboxFile> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// The first that came; but one that failed over and over goes behind those that did not.
    fn next(&self) -> Option<&CallRecord> {
        let rounds = |record: &&CallRecord| self.failures(record) / TRIES;
        self.waiting.iter().min_by_key(rounds)
    }

    fn failures(&self, record: &CallRecord) -> u32 {
        self.failed.get(&(record.id, record.revision)).copied().unwrap_or(0)
    }

    /// Whether the others go first from now on.
    fn note_failure(&mut self, record: &CallRecord) -> bool {
        let failures = self.failures(record).saturating_add(1);
        self.failed.insert((record.id, record.revision), failures);
        failures >= TRIES
    }

    /// Takes a call's entry out, up to this revision.
    fn remove(&mut self, id: CallRecordId, revision: u32) {
        let is_later = |known: &CallRecord| known.id != id || known.revision > revision;
        self.waiting.retain(is_later);
        self.refused.retain(is_later);
        self.failed.retain(|known, _| known.0 != id || known.1 > revision);
    }
}

/// The command id of a revision of what is written of a call: the same on every attempt, after a restart too.
pub(super) fn command_id(what: &[u8], id: CallRecordId, revision: u32) -> Uuid {
    let digest = Sha256::new()
        .chain_update(what)
        .chain_update(id.0.as_bytes())
        .chain_update(revision.to_be_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The desk answered, and may answer better to another entry. Where it is out of reach, slow, or does not know us, all
/// entries fare alike and keep their order.
const fn may_be_the_entry(why: &Unavailable) -> bool {
    match why {
        Unavailable::BadAnswer(_) | Unavailable::Refused { .. } | Unavailable::Failed { .. } => true,
        Unavailable::Down
        | Unavailable::NotTrusted
        | Unavailable::Slow
        | Unavailable::WrongToken
        | Unavailable::CompanySystem
        | Unavailable::Forbidden => false,
    }
}

/// Sending the same again cannot help.
const fn is_final(code: ProblemCode) -> bool {
    matches!(
        code,
        ProblemCode::MalformedBody
            | ProblemCode::MalformedRequest
            | ProblemCode::BadPhone
            | ProblemCode::CommandIdMissing
            | ProblemCode::Invalid
            | ProblemCode::BodyTooLarge
            | ProblemCode::CommandReused
            | ProblemCode::RevisionConflict
            | ProblemCode::NotYours
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::desk::DeskConfig;

    fn record(number: u128) -> CallRecord {
        serde_json::from_value(serde_json::json!({
            "id": Uuid::from_u128(number), "revision": 1, "call_id": "a@test", "direction": "inbound", "line": 1,
            "operator": "101", "caller": {"written": "89161234567", "number": "+79161234567"},
            "started_at": "2026-05-06T07:08:09.123456Z",
        }))
        .unwrap()
    }

    /// A write begins, and does not return before what this gives is dropped.
    fn stalled_disk(outbox: &Outbox) -> std::sync::mpsc::Sender<()> {
        let shared = Arc::clone(&outbox.shared);
        let (disk_is_back, back) = std::sync::mpsc::channel();
        let (begins, has_begun) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let _writing = shared.file();
            begins.send(()).unwrap();
            let _ = back.recv();
        });
        has_begun.recv().unwrap();
        disk_is_back
    }

    #[tokio::test]
    async fn nobody_but_the_entry_itself_waits_for_a_disk_that_does_not_answer() {
        let folder = std::env::temp_dir().join(format!("patchcord-slow-disk-{}", std::process::id()));
        let token = Secret::new("token");
        let outbox = Outbox::open(&folder.join("outbox"), &token, [1; 32]).await.unwrap();
        outbox.append(record(1)).await.unwrap();
        // Nothing listens at this address.
        let desk = Desk::new(DeskConfig::new("http://127.0.0.1:9", token), Clock::start()).unwrap();
        let (sender, mut notices) = mpsc::unbounded_channel();
        let disk_is_back = stalled_disk(&outbox);
        let second = outbox.append(record(2));
        tokio::pin!(second);
        tokio::select! {
            () = outbox.run(&desk, sender) => unreachable!("it never ends"),
            _ = &mut second => panic!("kept without a disk"),
            notice = notices.recv() => {
                assert_eq!(notice, Some(Notice::Waiting { why: Unavailable::Down, waiting: 1 }));
            }
        }
        drop(disk_is_back);
        second.await.unwrap();
        assert_eq!(outbox.waiting(), 2);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
