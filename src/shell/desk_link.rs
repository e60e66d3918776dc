//! The owner's line to the order desk: look-ups run beside the calls, register entries wait in the
//! outbox until the desk has them. Nothing here is ever waited for by a call.

use crate::agent::{CardAnswer, LookupId};
use crate::clock::Clock;
use crate::desk::{Desk, DeskConfig, DeskProblem, Notice, Outbox, OutboxError};
use crate::desk_api::{CallRecord, Unavailable};
use crate::domain::number::PhoneNumber;
use crate::secrets::Secret;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
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
    pub seed: [u8; 32],
}

/// What the desk says, some time after it was asked.
pub(super) enum FromDesk {
    Card { lookup: LookupId, answer: CardAnswer },
    Trouble(DeskTrouble),
}

/// Without a desk: silent, and takes nothing.
pub(super) struct DeskLink {
    desk: Option<Desk>,
    records: UnboundedSender<CallRecord>,
    keeper: Option<Keeper>,
    words: UnboundedSender<FromDesk>,
    inbox: UnboundedReceiver<FromDesk>,
    warmer: Option<JoinHandle<()>>,
}

/// The task that writes the register.
struct Keeper {
    task: JoinHandle<()>,
    end: oneshot::Sender<Duration>,
    unsent: oneshot::Receiver<usize>,
}

impl DeskLink {
    /// Connects to nothing yet, and needs a running local set.
    pub(super) fn new(clock: Clock, setup: Option<DeskSetup>) -> Result<Self, DeskProblem> {
        let (words, inbox) = unbounded_channel();
        let (records, register) = unbounded_channel();
        let mut link = Self { desk: None, records, keeper: None, words, inbox, warmer: None };
        let Some(setup) = setup else { return Ok(link) };
        let config = DeskConfig::new(setup.url.clone(), setup.token.clone());
        let desk = Desk::new(DeskConfig { ca_file: setup.ca_file.clone(), ..config }, clock)?;
        let (end, ending) = oneshot::channel();
        let (tell_unsent, unsent) = oneshot::channel();
        let keeping = keep_register(desk.clone(), setup, register, ending, link.words.clone());
        let task = tokio::task::spawn_local(async move {
            let _ = tell_unsent.send(keeping.await);
        });
        link.keeper = Some(Keeper { task, end, unsent });
        let warm = desk.clone();
        link.warmer = Some(tokio::task::spawn_local(async move { warm.keep_warm().await }));
        link.desk = Some(desk);
        Ok(link)
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

    pub(super) fn record(&self, record: CallRecord) {
        // Without a desk the receiver is gone, and nothing is to be kept.
        let _ = self.records.send(record);
    }

    pub(super) async fn next(&mut self) -> FromDesk {
        match self.inbox.recv().await {
            Some(word) => word,
            // Never: this link holds a sender itself.
            None => std::future::pending().await,
        }
    }

    /// Gives the outbox this long to empty; how many entries are left, and what was still said.
    pub(super) async fn finish(mut self, within: Duration) -> (usize, Vec<FromDesk>) {
        if let Some(warmer) = self.warmer {
            warmer.abort();
        }
        let mut unsent = 0;
        if let Some(keeper) = self.keeper {
            drop(self.records);
            let _ = keeper.end.send(within);
            unsent = keeper.unsent.await.unwrap_or(0);
            keeper.task.abort();
        }
        let mut last_words = Vec::new();
        while let Ok(word) = self.inbox.try_recv() {
            last_words.push(word);
        }
        (unsent, last_words)
    }
}

/// Keeps and sends register entries until told to end; how many the desk has not taken.
async fn keep_register(
    desk: Desk,
    setup: DeskSetup,
    mut register: UnboundedReceiver<CallRecord>,
    mut ending: oneshot::Receiver<Duration>,
    words: UnboundedSender<FromDesk>,
) -> usize {
    let outbox = match open_outbox(&setup).await {
        Ok(outbox) => outbox,
        Err(error) => {
            tracing::error!(%error, "the outbox of the call register cannot be opened");
            say(&words, DeskTrouble::NoDisk);
            return send_at_once(&desk, register).await;
        }
    };
    adopt_left_behind(&outbox, &setup).await;
    if outbox.unreadable() > 0 {
        say(&words, DeskTrouble::OtherToken);
    }
    let (notices, mut news) = unbounded_channel();
    let sender = outbox.clone();
    let sending = tokio::task::spawn_local(async move { sender.run(&desk, notices).await });
    let mut within = None;
    loop {
        tokio::select! {
            record = register.recv() => match record {
                Some(record) => keep(&outbox, record, &words).await,
                None => break,
            },
            Some(notice) = news.recv() => tell(notice, &words),
            Ok(time) = &mut ending, if within.is_none() => within = Some(time),
        }
    }
    let within = within.or_else(|| ending.try_recv().ok()).unwrap_or_default();
    let unsent = outbox.flush(within).await;
    sending.abort();
    while let Ok(notice) = news.try_recv() {
        tell(notice, &words);
    }
    unsent
}

async fn keep(outbox: &Outbox, record: CallRecord, words: &UnboundedSender<FromDesk>) {
    if let Err(error) = outbox.append(record).await {
        tracing::error!(%error, "a register entry could not be kept on disk");
        say(words, DeskTrouble::NoDisk);
    }
}

fn tell(notice: Notice, words: &UnboundedSender<FromDesk>) {
    match notice {
        Notice::Delivered { id, revision } => tracing::debug!(%id, revision, "register entry delivered"),
        Notice::Waiting { why, .. } => say(words, DeskTrouble::Waiting(why)),
        Notice::Refused { status, .. } => say(words, DeskTrouble::Refused { status }),
        Notice::DiskFailed => say(words, DeskTrouble::NoDisk),
    }
}

fn say(words: &UnboundedSender<FromDesk>, trouble: DeskTrouble) {
    let _ = words.send(FromDesk::Trouble(trouble));
}

/// Without a disk each entry gets one attempt.
async fn send_at_once(desk: &Desk, mut register: UnboundedReceiver<CallRecord>) -> usize {
    let mut unsent = std::collections::BTreeSet::new();
    while let Some(record) = register.recv().await {
        match desk.put_call(&record).await {
            Ok(_) => unsent.remove(&record.id),
            Err(_) => unsent.insert(record.id),
        };
    }
    unsent.len()
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
        if path.exists() {
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
mod tests {
    use super::*;

    #[test]
    fn an_outbox_is_a_file_of_its_own_whatever_the_user_is_called() {
        let folder = Path::new("/state");
        assert_eq!(outbox_path(folder, "101", 1), Path::new("/state/outbox-101"));
        assert_eq!(outbox_path(folder, "../anna", 2), Path::new("/state/outbox-___anna-2"));
    }
}
