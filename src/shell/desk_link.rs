//! The owner's line to the order desk: look-ups run beside the calls, register entries wait in the
//! outbox until the desk has them. Nothing here is ever waited for by a call.

use super::kept::Kept;
use crate::agent::{CardAnswer, HandoverAsk, LookupId};
use crate::clock::Clock;
use crate::desk::{Desk, DeskConfig, DeskProblem, Notice, Outbox, OutboxError};
use crate::desk_api::{
    CallRecord, CallRecordId, Directory, HandedOver, Handover, TransferQuestion, Unavailable,
};
use crate::domain::chain::TransferChain;
use crate::domain::number::PhoneNumber;
use crate::instant::Instant;
use crate::secrets::Secret;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// What keeps the call register from being written. Each is said once per spell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DeskTrouble {
    /// The desk does not take entries now; they are kept and sent again.
    Waiting(Unavailable),
    /// The desk will never take an entry as it is.
    Refused { status: u16 },
    /// Entries cannot be kept on disk. They are sent, but do not outlive the process.
    NoDisk,
    /// Entries of an earlier run were written under another token, and wait for it.
    OtherToken,
}

/// Where the desk is, and where entries wait for it.
pub(super) struct DeskSetup {
    pub url: String,
    pub token: Secret,
    pub ca_file: Option<PathBuf>,
    pub outbox_folder: PathBuf,
    /// Whose outbox.
    pub user: String,
    /// Whose calls, as the register names them.
    pub operator: String,
    pub seed: [u8; 32],
}

/// What the desk says, some time after it was asked.
pub(super) enum FromDesk {
    Card { lookup: LookupId, answer: CardAnswer },
    Handovers { ask: HandoverAsk, answer: Result<Vec<HandedOver>, Unavailable> },
    Directory(Result<Directory, Unavailable>),
    Calls(Result<Vec<CallRecord>, Unavailable>),
    Chain { question: TransferQuestion, answer: Result<TransferChain, Unavailable> },
    Trouble(DeskTrouble),
}

/// Without a desk: silent, and takes nothing.
pub(super) struct DeskLink {
    desk: Option<Desk>,
    operator: String,
    records: UnboundedSender<CallRecord>,
    unsent: Unsent,
    kept: Kept,
    /// The task that writes the register.
    keeper: Option<JoinHandle<()>>,
    words: UnboundedSender<FromDesk>,
    inbox: UnboundedReceiver<FromDesk>,
    warmer: Option<JoinHandle<()>>,
    /// What goes along with clients, in the order in which it happens, and when that was.
    handovers: UnboundedSender<(Instant, Handover)>,
    clock: Clock,
}

impl DeskLink {
    /// Connects to nothing yet, and needs a running local set.
    pub(super) fn new(clock: Clock, setup: Option<DeskSetup>) -> Result<Self, DeskProblem> {
        let (words, inbox) = unbounded_channel();
        let (records, register) = unbounded_channel();
        let (handovers, given) = unbounded_channel();
        let (unsent, kept) = (Unsent::default(), Kept::default());
        let operator = setup.as_ref().map(|setup| setup.operator.clone()).unwrap_or_default();
        let mut link = Self {
            desk: None,
            operator,
            records,
            unsent,
            kept,
            keeper: None,
            words,
            inbox,
            warmer: None,
            handovers,
            clock,
        };
        let Some(setup) = setup else { return Ok(link) };
        let config = DeskConfig::new(setup.url.clone(), setup.token.clone());
        let desk = Desk::new(DeskConfig { ca_file: setup.ca_file.clone(), ..config }, clock)?;
        let records = Records { register, kept: link.kept.clone() };
        let keeping = keep_register(desk.clone(), setup, records, link.unsent.clone(), link.words.clone());
        link.keeper = Some(tokio::task::spawn_local(keeping));
        let warm = desk.clone();
        link.warmer = Some(tokio::task::spawn_local(async move { warm.keep_warm().await }));
        tokio::task::spawn_local(hand_over(desk.clone(), clock, given));
        link.desk = Some(desk);
        Ok(link)
    }

    /// Without a desk the receiver is gone, and nothing goes along.
    pub(super) fn hand_over(&self, handover: Handover) {
        let _ = self.handovers.send((self.clock.now(), handover));
    }

    pub(super) fn ask_handovers(&self, ask: HandoverAsk, to: String, number: Option<PhoneNumber>) {
        let Some(desk) = self.desk.clone() else { return };
        let words = self.words.clone();
        tokio::task::spawn_local(async move {
            let answer = desk.handovers(&to, number).await;
            let _ = words.send(FromDesk::Handovers { ask, answer });
        });
    }

    /// The cached answer first, if there is one, then the desk's.
    pub(super) fn look_up(&self, lookup: LookupId, number: PhoneNumber) {
        let Some(desk) = self.desk.clone() else { return };
        let words = self.words.clone();
        if let Some(answer) = desk.cached(number) {
            let _ = words.send(FromDesk::Card { lookup, answer });
        }
        tokio::task::spawn_local(async move {
            let answer = desk.look_up(number).await;
            let _ = words.send(FromDesk::Card { lookup, answer });
        });
    }

    pub(super) fn fetch_directory(&self) {
        let Some(desk) = self.desk.clone() else { return };
        let words = self.words.clone();
        tokio::task::spawn_local(async move {
            let _ = words.send(FromDesk::Directory(desk.directory().await));
        });
    }

    pub(super) fn fetch_calls(&self, limit: u32) {
        let Some(desk) = self.desk.clone() else { return };
        let (words, operator) = (self.words.clone(), self.operator.clone());
        tokio::task::spawn_local(async move {
            let _ = words.send(FromDesk::Calls(desk.calls(&operator, limit).await));
        });
    }

    pub(super) fn fetch_chain(&self, question: TransferQuestion) {
        let Some(desk) = self.desk.clone() else { return };
        let words = self.words.clone();
        tokio::task::spawn_local(async move {
            let answer = desk.transfer_chain(&question).await;
            let _ = words.send(FromDesk::Chain { question, answer });
        });
    }

    pub(super) fn record(&self, record: CallRecord) {
        let (id, revision) = (record.id, record.revision);
        // Without a desk the receiver is gone, and nothing is to be kept.
        if self.records.send(record).is_ok() {
            self.unsent.add(id, revision);
            self.kept.give();
        }
    }

    pub(super) fn kept(&self) -> Kept {
        self.kept.clone()
    }

    pub(super) async fn next(&mut self) -> FromDesk {
        match self.inbox.recv().await {
            Some(word) => word,
            // Never: this link holds a sender itself.
            None => std::future::pending().await,
        }
    }

    /// Gives the outbox this long to empty, whatever desk and disk do; how many entries are left, and what was still
    /// said.
    pub(super) async fn finish(mut self, within: Duration) -> (usize, Vec<FromDesk>) {
        if let Some(warmer) = self.warmer {
            warmer.abort();
        }
        // The keeper ends when all is sent that came before this.
        drop(self.records);
        if let Some(mut keeper) = self.keeper
            && tokio::time::timeout(within, &mut keeper).await.is_err()
        {
            keeper.abort();
        }
        self.kept.end();
        let mut last_words = Vec::new();
        while let Ok(word) = self.inbox.try_recv() {
            last_words.push(word);
        }
        (self.unsent.count(), last_words)
    }
}

/// Which calls have entries that the desk has not taken, and their latest revision. Known without a look at the disk,
/// which may not answer.
#[derive(Clone, Default)]
struct Unsent(Rc<RefCell<BTreeMap<CallRecordId, u32>>>);

impl Unsent {
    fn add(&self, id: CallRecordId, revision: u32) {
        let mut calls = self.0.borrow_mut();
        let latest = calls.entry(id).or_default();
        *latest = revision.max(*latest);
    }

    fn delivered(&self, id: CallRecordId, revision: u32) {
        self.0.borrow_mut().retain(|known, latest| *known != id || *latest > revision);
    }

    fn count(&self) -> usize {
        self.0.borrow().len()
    }
}

/// The desk shows them to nobody any more.
const HANDOVER_LIFE: Duration = Duration::from_secs(5 * 60);

/// Handovers that the desk was not told yet, the last of each call.
#[derive(Default)]
struct Untold(VecDeque<(Instant, Handover)>);

impl Untold {
    fn add(&mut self, given: Instant, handover: Handover) {
        self.0.retain(|(_, known)| known.id != handover.id);
        self.0.push_back((given, handover));
    }

    fn next(&mut self, now: Instant) -> Option<Handover> {
        self.0.retain(|(given, _)| now.since(*given) < HANDOVER_LIFE);
        self.0.pop_front().map(|(_, handover)| handover)
    }
}

/// One after the other, so that a later word is never overtaken by an earlier one; each is said once, since it means nothing
/// a moment later. A desk that was away is not told what has passed meanwhile.
async fn hand_over(desk: Desk, clock: Clock, mut given: UnboundedReceiver<(Instant, Handover)>) {
    let mut untold = Untold::default();
    loop {
        while let Ok((when, handover)) = given.try_recv() {
            untold.add(when, handover);
        }
        let Some(handover) = untold.next(clock.now()) else {
            let Some((when, handover)) = given.recv().await else { return };
            untold.add(when, handover);
            continue;
        };
        if let Err(why) = desk.hand_over(&handover).await {
            tracing::warn!(why = why.code(), "the client goes on without what was learned");
        }
    }
}

/// Register entries as they come.
struct Records {
    register: UnboundedReceiver<CallRecord>,
    kept: Kept,
}

/// Keeps and sends register entries until no more come and all are sent.
async fn keep_register(
    desk: Desk,
    setup: DeskSetup,
    mut records: Records,
    unsent: Unsent,
    words: UnboundedSender<FromDesk>,
) {
    let outbox = match open_outbox(&setup).await {
        Ok(outbox) => outbox,
        Err(error) => {
            tracing::error!(%error, "the outbox of the call register cannot be opened");
            say(&words, DeskTrouble::NoDisk);
            return send_at_once(&desk, records, &unsent).await;
        }
    };
    adopt_left_behind(&outbox, &setup).await;
    outbox.entries().into_iter().for_each(|(id, revision)| unsent.add(id, revision));
    if outbox.unreadable() > 0 {
        say(&words, DeskTrouble::OtherToken);
    }
    let (notices, mut news) = unbounded_channel();
    let keeping = async {
        while let Some(record) = records.register.recv().await {
            keep(&outbox, record, &words).await;
            records.kept.keep();
        }
        // Whoever ends the telephone limits this.
        outbox.flush(Duration::MAX).await
    };
    let telling = async {
        while let Some(notice) = news.recv().await {
            tell(notice, &unsent, &words);
        }
    };
    tokio::select! {
        _ = keeping => {}
        () = outbox.run(&desk, notices) => {}
        () = telling => {}
    }
    while let Ok(notice) = news.try_recv() {
        tell(notice, &unsent, &words);
    }
}

async fn keep(outbox: &Outbox, record: CallRecord, words: &UnboundedSender<FromDesk>) {
    if let Err(error) = outbox.append(record).await {
        tracing::error!(%error, "a register entry could not be kept on disk");
        say(words, DeskTrouble::NoDisk);
    }
}

fn tell(notice: Notice, unsent: &Unsent, words: &UnboundedSender<FromDesk>) {
    match notice {
        Notice::Delivered { id, revision } => {
            tracing::debug!(%id, revision, "register entry delivered");
            unsent.delivered(id, revision);
        }
        Notice::Waiting { why, .. } => say(words, DeskTrouble::Waiting(why)),
        Notice::Refused { status, .. } => say(words, DeskTrouble::Refused { status }),
        Notice::DiskFailed => say(words, DeskTrouble::NoDisk),
    }
}

fn say(words: &UnboundedSender<FromDesk>, trouble: DeskTrouble) {
    let _ = words.send(FromDesk::Trouble(trouble));
}

/// Without a disk each entry gets one attempt.
async fn send_at_once(desk: &Desk, mut records: Records, unsent: &Unsent) {
    records.kept.end();
    while let Some(record) = records.register.recv().await {
        if desk.put_call(&record).await.is_ok() {
            unsent.delivered(record.id, record.revision);
        }
    }
}

/// Telephones of the same user on one computer each need a file of their own.
const MOST_TELEPHONES: usize = 16;

async fn open_outbox(setup: &DeskSetup) -> Result<Outbox, OutboxError> {
    let mut last = OutboxError::InUse;
    for telephone in 1..=MOST_TELEPHONES {
        let path = outbox_path(&setup.outbox_folder, &setup.user, telephone);
        match Outbox::open(&path, &setup.token, setup.seed).await {
            Err(OutboxError::InUse) => last = OutboxError::InUse,
            result => return result,
        }
    }
    Err(last)
}

/// A second telephone that crashed left its file to nobody else.
async fn adopt_left_behind(outbox: &Outbox, setup: &DeskSetup) {
    for telephone in 1..=MOST_TELEPHONES {
        let path = outbox_path(&setup.outbox_folder, &setup.user, telephone);
        if tokio::fs::try_exists(&path).await.unwrap_or(false) {
            // In use by another, or our own: as it should be.
            let _ = outbox.adopt(&path, &setup.token).await;
        }
    }
}

fn outbox_path(folder: &Path, user: &str, telephone: usize) -> PathBuf {
    let user: String = user.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    match telephone {
        1 => folder.join(format!("outbox-{user}")),
        _ => folder.join(format!("outbox-{user}-{telephone}")),
    }
}

#[cfg(test)]
mod tests;
