//! The outbox: what is written of calls and orders is on disk before it looks kept, and goes to the desk in order, in
//! effect once, however often the desk, the network or this process goes away.

mod cipher;
mod entry;
mod file;
mod queue;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tokio::sync::{Notify, mpsc};
use uuid::Uuid;

use super::Desk;
use crate::clock::Clock;
use crate::desk_api::{
    CallRecordId, Change, Order, OrderId, OrderNews, OrderReceipt, OrderState, ProblemCode, ProspectNews,
    TaskId, TaskNews, Unavailable,
};
use crate::secrets::Secret;
pub use entry::Entry;
use entry::merge;
pub(super) use entry::{call_command, command_id, order_command, prospect_command, task_command};
use file::OutboxFile;
use queue::Queue;

/// Waits between attempts double from the first to the last.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    pub first: Duration,
    pub longest: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), longest: Duration::from_secs(60) }
    }
}

impl Waits {
    /// Twice as long after each failure, three quarters to all of it, so that a company's telephones do not all come
    /// back in the same second.
    pub(super) fn after(self, failures: u32, chance: u32) -> Duration {
        let wait = self.first.saturating_mul(1 << failures.min(16)).min(self.longest);
        wait - wait * (chance % 256) / 1024
    }
}

/// Why an entry is not on disk.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    #[error("another process uses this outbox")]
    InUse,
    #[error("the entry is too large")]
    TooLarge,
    #[error("there is no file to keep it in")]
    NoFile,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// What happens to entries after they were kept.
#[derive(Clone, PartialEq, Debug)]
pub enum Notice {
    /// The desk has this revision of a call's entry on its disk.
    Delivered { id: CallRecordId, revision: u32 },
    /// The desk did not take an entry; comes again only when the reason changes. It is sent again by itself.
    Waiting { why: Unavailable, waiting: usize },
    /// The desk will never take this one as it is. It is kept, and tried again when the program starts.
    Refused { id: CallRecordId, status: u16, code: ProblemCode },
    /// What became of an order. One that is refused is kept and tried again like a call's entry; what was to be done with it is
    /// not done later.
    Order(OrderNews),
    /// What became of a task; one that is refused is given up.
    Task(TaskNews),
    /// What became of a client of whom nobody knew; one that is refused is given up.
    Prospect(ProspectNews),
    /// A delivery could not be noted on disk. The entry may be sent once more, which does no harm.
    DiskFailed,
}

/// What is on its way to the desk. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    shared: Arc<Shared>,
}

struct Shared {
    /// Held for moments, never while a disk is waited for: the telephone's own thread takes it.
    queue: Mutex<Queue>,
    /// Held through writes and syncs, so taken by threads that may block alone. Before `queue`, where both are. None:
    /// nothing outlives the process.
    file: Mutex<Option<OutboxFile>>,
    /// Something was appended.
    appended: Notify,
    /// Something left the queue.
    drained: Notify,
    /// Somebody waits: the next attempt is now.
    hurry: Notify,
    clock: Clock,
    waits: Waits,
    unreadable: usize,
    damaged: usize,
}

impl Outbox {
    /// Opens or makes the outbox. Entries of an earlier run wait in it; they are encrypted under the desk's token.
    pub async fn open(
        path: &Path,
        token: &Secret,
        seed: [u8; 32],
        clock: Clock,
        waits: Waits,
    ) -> Result<Self, OutboxError> {
        let (path, token) = (path.to_owned(), token.clone());
        let mut chance = ChaCha20Rng::from_seed(seed);
        let mut nonces = [0; 32];
        chance.fill_bytes(&mut nonces);
        let opened = tokio::task::spawn_blocking(move || OutboxFile::open(&path, &token, nonces)).await;
        let (file, recovered) = opened.map_err(std::io::Error::other)??;
        let mut outbox = Shared::new(Some(file), chance, clock, waits);
        outbox.unreadable = recovered.unreadable;
        outbox.damaged = recovered.damaged;
        let mut queue = outbox.queue();
        recovered.waiting.into_iter().for_each(|entry| queue.add(entry, clock.now()));
        queue.hurry();
        drop(queue);
        Ok(Self { shared: Arc::new(outbox) })
    }

    /// Where no file can be had: what is appended is sent, and nothing outlives the process.
    pub fn without_file(seed: [u8; 32], clock: Clock, waits: Waits) -> Self {
        Self { shared: Arc::new(Shared::new(None, ChaCha20Rng::from_seed(seed), clock, waits)) }
    }

    /// The entries are on disk when this returns `Ok`, by one sync; of those that are all of one call or order, the latest
    /// revision. The news of orders among them. After an error they are still sent if the desk is there, but
    /// do not outlive the process.
    pub async fn append(&self, entries: Vec<Entry>) -> Result<Vec<OrderNews>, OutboxError> {
        let mut batch = Vec::new();
        entries.into_iter().for_each(|entry| merge(&mut batch, entry));
        let news = batch.iter().filter_map(|entry| match entry {
            Entry::Order(order) => Some(OrderNews::Kept { id: order.id, revision: order.revision }),
            _ => None,
        });
        let news = news.collect();
        // An operator waits for what becomes of it.
        let hurries = batch.iter().any(|entry| !matches!(entry, Entry::Call(_) | Entry::Order(_)));
        let shared = Arc::clone(&self.shared);
        let kept = tokio::task::spawn_blocking(move || shared.append(batch)).await;
        self.shared.appended.notify_one();
        if hurries {
            self.shared.hurry.notify_one();
        }
        kept.map_err(std::io::Error::other)?.map(|()| news)
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
            while let Some((entry, rest)) = left.split_first() {
                shared.append(vec![entry.clone()])?;
                other.done(entry.command(), rest)?;
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
        self.shared.queue().entries().count()
    }

    /// The calls among them: whose they are, and their latest revisions.
    pub fn calls(&self) -> Vec<(CallRecordId, u32)> {
        let call = |entry: &Entry| match entry {
            Entry::Call(record) => Some((record.id, record.revision)),
            _ => None,
        };
        self.shared.queue().entries().filter_map(call).collect()
    }

    /// The orders among them, each in its latest revision.
    pub fn orders(&self) -> Vec<Order> {
        self.shared.queue().orders()
    }

    /// What an earlier run has left of orders, as it is told.
    pub fn found(&self) -> Vec<OrderNews> {
        self.shared.queue().found()
    }

    /// What an earlier run has asked others to do, and the desk has not answered to.
    pub fn found_tasks(&self) -> Vec<TaskNews> {
        self.shared.queue().found_tasks()
    }

    /// The same of clients of whom nobody knew.
    pub fn found_prospects(&self) -> Vec<ProspectNews> {
        self.shared.queue().found_prospects()
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
        let say = |notice| {
            let _ = notices.send(notice);
        };
        let mut trouble = None;
        let (mut told_to_wait, mut tasks_told_to_wait) = (BTreeMap::new(), BTreeSet::new());
        let mut failures = 0;
        loop {
            let entry = self.next().await;
            let answer = entry.send(desk).await;
            let refused = answer.as_ref().err().and_then(|why| refusal(&entry, why));
            match (answer, refused) {
                (Ok(news), _) if is_superseded(&entry, &news) => {
                    say(news);
                    self.set_aside(&entry);
                }
                (Ok(news), _) => {
                    say(news);
                    self.settle(&entry, &say).await;
                }
                (Err(_), Some((status, code))) => {
                    say(entry.refused(status, code));
                    self.refuse(&entry, code, &say).await;
                }
                (Err(why), None) => {
                    let wait = self.wait_after(failures);
                    failures = failures.saturating_add(1);
                    let alone = may_be_the_entry(&why);
                    for id in self.tasks_held_up(&entry, alone) {
                        if tasks_told_to_wait.insert(id) {
                            say(Notice::Task(TaskNews::Waits(id)));
                        }
                    }
                    for (id, wish) in self.orders_held_up(&entry, alone) {
                        // Whoever wishes something new is told of it too.
                        if told_to_wait.insert(id, wish) != Some(wish) {
                            say(Notice::Order(OrderNews::Waits { id }));
                        }
                    }
                    if trouble.as_ref() != Some(&why) {
                        say(Notice::Waiting { why: why.clone(), waiting: self.waiting() });
                        trouble = Some(why);
                    }
                    let again = self.shared.clock.now() + wait;
                    let others_first = alone && self.shared.queue().note_failure(entry.command(), again);
                    if !others_first {
                        let _ = tokio::time::timeout(wait, self.shared.hurry.notified()).await;
                    }
                    continue;
                }
            }
            failures = 0;
            if let Some(id) = entry.order() {
                told_to_wait.remove(&id);
            }
            // One entry's trouble is not said anew after every other that gets through.
            if !self.shared.queue().has_failures() {
                trouble = None;
            }
        }
    }

    /// Waits until nothing waits, at most this long, and lets the next attempt be now; [`Outbox::run`] must be at
    /// work. How many entries are left.
    pub async fn flush(&self, within: Duration) -> usize {
        self.shared.queue().hurry();
        self.shared.appended.notify_one();
        self.shared.hurry.notify_one();
        let empty = async {
            loop {
                let drained = self.shared.drained.notified();
                if self.shared.queue().has_nothing_to_send() {
                    return;
                }
                drained.await;
            }
        };
        let _ = tokio::time::timeout(within, empty).await;
        self.waiting()
    }

    /// The entry whose turn it is, as soon as there is one.
    async fn next(&self) -> Entry {
        loop {
            let now = self.shared.clock.now();
            let next = self.shared.queue().next(now);
            match next {
                Ok(entry) => return entry,
                Err(due) => {
                    let wait = due.map_or(Duration::MAX, |due| due.since(now));
                    let _ = tokio::time::timeout(wait, self.shared.appended.notified()).await;
                }
            }
        }
    }

    /// Orders that are not written because of this entry, by its own fault or because the desk cannot be asked: each with the
    /// command of what is to be done with it last.
    fn orders_held_up(&self, entry: &Entry, alone: bool) -> BTreeMap<OrderId, Option<Uuid>> {
        let mut held_up = self.shared.queue().orders_to_send();
        held_up.retain(|id, _| !alone || entry.order() == Some(*id));
        held_up
    }

    /// As [`Outbox::orders_held_up`].
    fn tasks_held_up(&self, entry: &Entry, alone: bool) -> Vec<TaskId> {
        if alone {
            return entry.task().into_iter().collect();
        }
        self.shared.queue().entries().filter_map(Entry::task).collect()
    }

    /// What the desk refuses stays for a later revision. What was to be done with an order does not: the operator is told, and
    /// it must not be done some day when nobody thinks of it. Nor does what is written of one that has moved on, which no later
    /// revision mends.
    async fn refuse(&self, entry: &Entry, code: ProblemCode, say: &impl Fn(Notice)) {
        match entry {
            Entry::Order(_) if has_moved_on(code) => self.settle(entry, say).await,
            Entry::Call(_) | Entry::Order(_) => self.set_aside(entry),
            Entry::Task(_) | Entry::Prospect(_) | Entry::Place { .. } | Entry::Act { .. } => {
                self.settle(entry, say).await;
            }
        }
    }

    /// It is kept, and waits for its next revision.
    fn set_aside(&self, entry: &Entry) {
        self.shared.queue().set_aside(entry.command());
        self.shared.drained.notify_waiters();
    }

    /// It waits no more.
    async fn settle(&self, entry: &Entry, say: &impl Fn(Notice)) {
        let (shared, command) = (Arc::clone(&self.shared), entry.command());
        let noted = tokio::task::spawn_blocking(move || {
            // First the file: what is appended meanwhile must not be missing in what is left.
            let mut file = shared.file();
            let mut queue = shared.queue();
            queue.remove(command);
            let left: Vec<Entry> = queue.entries().cloned().collect();
            drop(queue);
            file.as_mut().map_or(Ok(()), |file| file.done(command, &left))
        })
        .await;
        if !matches!(noted, Ok(Ok(()))) {
            say(Notice::DiskFailed);
        }
        self.shared.drained.notify_waiters();
    }

    fn wait_after(&self, failures: u32) -> Duration {
        let chance = self.shared.queue().chance.next_u32();
        self.shared.waits.after(failures, chance)
    }
}

impl Shared {
    fn new(file: Option<OutboxFile>, chance: ChaCha20Rng, clock: Clock, waits: Waits) -> Self {
        Self {
            queue: Mutex::new(Queue::new(chance)),
            file: Mutex::new(file),
            appended: Notify::new(),
            drained: Notify::new(),
            hurry: Notify::new(),
            clock,
            waits,
            unreadable: 0,
            damaged: 0,
        }
    }

    /// Blocks until they are on disk; then they wait for the desk.
    fn append(&self, entries: Vec<Entry>) -> Result<(), OutboxError> {
        let mut file = self.file();
        let kept = file.as_mut().map_or(Err(OutboxError::NoFile), |file| file.append(&entries));
        let mut queue = self.queue();
        entries.into_iter().for_each(|entry| queue.add(entry, self.clock.now()));
        if let Some(file) = file.as_mut().filter(|file| file.is_long()) {
            let left: Vec<Entry> = queue.entries().cloned().collect();
            drop(queue);
            // Where that fails the file only stays long.
            let _ = file.compact(&left);
        }
        kept
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self) -> MutexGuard<'_, Option<OutboxFile>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The desk answered, and may answer better to another entry. Where it is out of reach, slow, or does not know us, all
/// entries fare alike and keep their order.
const fn may_be_the_entry(why: &Unavailable) -> bool {
    match why {
        // A full disk takes no other entry either.
        Unavailable::Failed { status } => *status != 507,
        Unavailable::BadAnswer(_) | Unavailable::Refused { .. } => true,
        Unavailable::Down
        | Unavailable::NotTrusted
        | Unavailable::Slow
        | Unavailable::WrongToken
        | Unavailable::CompanySystem
        | Unavailable::Forbidden => false,
    }
}

/// Sending the same again cannot help: status and code. For an order that is so wherever the desk has judged it, whatever codes its version
/// may have, since an operator waits for its word.
fn refusal(entry: &Entry, why: &Unavailable) -> Option<(u16, ProblemCode)> {
    let is_of_order = entry.order().is_some();
    match *why {
        Unavailable::Forbidden if is_of_order => Some((403, ProblemCode::Forbidden)),
        Unavailable::Refused { status, code } => {
            let judged = is_of_order && matches!(status, 403 | 404 | 409 | 422);
            (judged || is_final(code)).then_some((status, code))
        }
        _ => None,
    }
}

/// The desk has a later draft, of another program's: this one stays until the operator has said which of the two holds.
fn is_superseded(entry: &Entry, news: &Notice) -> bool {
    let is_later =
        |receipt: &OrderReceipt| receipt.change == Change::Superseded && receipt.state == OrderState::Draft;
    matches!((entry, news), (Entry::Order(_), Notice::Order(OrderNews::Answered(receipt))) if is_later(receipt))
}

/// The order is the desk's, or another operator's, and what was written here goes nowhere any more.
const fn has_moved_on(code: ProblemCode) -> bool {
    matches!(code, ProblemCode::OrderMovedOn | ProblemCode::AfterCutOff | ProblemCode::NotYours)
}

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
    use crate::desk::DeskConfig;

    fn record(number: u128) -> Entry {
        let record = serde_json::from_value(serde_json::json!({
            "id": uuid::Uuid::from_u128(number), "revision": 1, "call_id": "a@test", "direction": "inbound", "line": 1,
            "operator": "101", "caller": {"written": "89161234567", "number": "+79161234567"},
            "started_at": "2026-05-06T07:08:09.123456Z",
        }));
        Entry::Call(record.unwrap())
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
        let (path, clock) = (folder.join("outbox"), Clock::start());
        let outbox = Outbox::open(&path, &token, [1; 32], clock, Waits::default()).await.unwrap();
        outbox.append(vec![record(1)]).await.unwrap();
        // Nothing listens at this address.
        let desk = Desk::new(DeskConfig::new("http://127.0.0.1:9", token), clock).unwrap();
        let (sender, mut notices) = mpsc::unbounded_channel();
        let disk_is_back = stalled_disk(&outbox);
        let second = outbox.append(vec![record(2)]);
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

    #[tokio::test]
    async fn an_order_that_is_placed_after_its_draft_was_told_to_wait_is_told_to_wait_again() {
        let clock = Clock::start();
        let outbox = Outbox::without_file([1; 32], clock, Waits::default());
        // Nothing listens at this address.
        let desk = Desk::new(DeskConfig::new("http://127.0.0.1:9", Secret::new("token")), clock).unwrap();
        let id = OrderId(uuid::Uuid::from_u128(1));
        let order: Order = serde_json::from_value(serde_json::json!({
            "id": id, "revision": 1, "client": uuid::Uuid::from_u128(2), "lines": [],
        }))
        .unwrap();
        let place = Entry::place(id, 1, &mut ChaCha20Rng::from_seed([2; 32]));
        let (sender, mut notices) = mpsc::unbounded_channel();
        let story = async {
            for entry in [Entry::Order(Box::new(order)), place] {
                // Without a file this is an error, and it is sent all the same.
                let _ = outbox.append(vec![entry]).await;
                let waits = Notice::Order(OrderNews::Waits { id });
                while notices.recv().await.unwrap() != waits {}
            }
        };
        tokio::select! {
            () = outbox.run(&desk, sender) => unreachable!("it never ends"),
            told = tokio::time::timeout(Duration::from_secs(10), story) => told.unwrap(),
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn with_a_full_disk_nothing_looks_kept_and_all_is_on_its_way() {
        let folder = std::env::temp_dir().join(format!("patchcord-full-disk-{}", std::process::id()));
        let (path, clock) = (folder.join("outbox"), Clock::start());
        let token = Secret::new("token");
        let outbox = Outbox::open(&path, &token, [1; 32], clock, Waits::default()).await.unwrap();
        outbox.append(vec![record(1)]).await.unwrap();
        outbox.shared.file().as_mut().unwrap().fill_disk();
        assert!(matches!(outbox.append(vec![record(2)]).await, Err(OutboxError::Io(_))));
        assert_eq!(outbox.waiting(), 2);
        drop(outbox);
        let outbox = Outbox::open(&path, &token, [1; 32], clock, Waits::default()).await.unwrap();
        assert_eq!(outbox.waiting(), 1, "what was kept before is there");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
