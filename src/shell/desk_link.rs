//! The owner's line to the order desk: look-ups run beside the calls, register entries and orders wait in the
//! outbox until the desk has them. Nothing here is ever waited for by a call.

use super::kept::Kept;
use crate::agent::{CardAnswer, HandoverAsk, LookupId};
use crate::clock::Clock;
use crate::desk::{Desk, DeskConfig, DeskProblem, Entry, Notice, Outbox, OutboxError, Waits};
use crate::desk_api::{
    CallRecord, CallRecordId, ClientCard, ClientId, Directory, Goods, HandedOver, Handover, Order, OrderAct,
    OrderEntry, OrderId, OrderNews, OrderWatch, Prospect, ProspectNews, Sought, Task, TaskNews, Terms,
    TransferQuestion, Unavailable,
};
use crate::domain::chain::TransferChain;
use crate::domain::number::PhoneNumber;
use crate::instant::Instant;
use crate::secrets::Secret;
use jiff::civil::Date;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// Between two letters of somebody who types; the desk is asked when there is none for so long.
const TYPING: Duration = Duration::from_millis(120);

/// What keeps calls and orders from being written. Each is said once per spell.
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
    Terms { client: ClientId, answer: Result<Box<Terms>, Unavailable> },
    Products { client: ClientId, what: Sought, answer: Result<Vec<Goods>, Unavailable> },
    Clients { text: String, answer: Result<Vec<ClientCard>, Unavailable> },
    Order(OrderNews),
    Drafts(Result<Vec<OrderEntry>, Unavailable>),
    Orders { client: Option<ClientId>, answer: Result<Vec<OrderEntry>, Unavailable> },
    OrderEntry(Result<Box<OrderEntry>, Unavailable>),
    OrderWatch(OrderWatch),
    Task(TaskNews),
    Prospect(ProspectNews),
    Trouble(DeskTrouble),
}

/// Without a desk: silent, and takes nothing.
pub(super) struct DeskLink {
    desk: Option<Desk>,
    operator: String,
    entries: UnboundedSender<Entry>,
    /// For the command ids of what is done with orders.
    chance: ChaCha20Rng,
    unsent: Unsent,
    kept: Kept,
    /// The task that writes calls and orders.
    keeper: Option<JoinHandle<()>>,
    words: UnboundedSender<FromDesk>,
    inbox: UnboundedReceiver<FromDesk>,
    warmer: Option<JoinHandle<()>>,
    /// The last search for clients.
    search: Option<JoinHandle<()>>,
    /// The task that listens for changes of orders, and the one that tells of them.
    watchers: Vec<JoinHandle<()>>,
    /// What goes along with clients, in the order in which it happens, and when that was.
    handovers: UnboundedSender<(Instant, Handover)>,
    clock: Clock,
}

impl DeskLink {
    /// Connects to nothing yet, and needs a running local set.
    pub(super) fn new(clock: Clock, setup: Option<DeskSetup>) -> Result<Self, DeskProblem> {
        let (words, inbox) = unbounded_channel();
        let (entries, written) = unbounded_channel();
        let (handovers, given) = unbounded_channel();
        let operator = setup.as_ref().map(|setup| setup.operator.clone()).unwrap_or_default();
        let mut link = Self {
            desk: None,
            operator,
            entries,
            chance: ChaCha20Rng::from_seed(setup.as_ref().map(|setup| setup.seed).unwrap_or_default()),
            unsent: Unsent::default(),
            kept: Kept::default(),
            keeper: None,
            words,
            inbox,
            warmer: None,
            search: None,
            watchers: Vec::new(),
            handovers,
            clock,
        };
        let Some(mut setup) = setup else { return Ok(link) };
        link.chance.fill_bytes(&mut setup.seed);
        let config = DeskConfig::new(setup.url.clone(), setup.token.clone());
        let desk = Desk::new(DeskConfig { ca_file: setup.ca_file.clone(), ..config }, clock)?;
        let keeper = Keeper {
            unsent: link.unsent.clone(),
            kept: link.kept.clone(),
            words: link.words.clone(),
            lacks_disk: Cell::new(false),
        };
        link.keeper = Some(tokio::task::spawn_local(keeper.work(desk.clone(), setup, clock, written)));
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
        self.ask(async move |desk| {
            let answer = desk.handovers(&to, number).await;
            FromDesk::Handovers { ask, answer }
        });
    }

    /// The cached answer first, if there is one, then the desk's.
    pub(super) fn look_up(&self, lookup: LookupId, number: PhoneNumber) {
        if let Some(answer) = self.desk.as_ref().and_then(|desk| desk.cached(number)) {
            let _ = self.words.send(FromDesk::Card { lookup, answer });
        }
        self.ask(async move |desk| FromDesk::Card { lookup, answer: desk.look_up(number).await });
    }

    pub(super) fn fetch_directory(&self) {
        self.ask(async |desk| FromDesk::Directory(desk.directory().await));
    }

    pub(super) fn fetch_calls(&self, limit: u32) {
        let operator = self.operator.clone();
        self.ask(async move |desk| FromDesk::Calls(desk.calls(&operator, limit).await));
    }

    pub(super) fn fetch_chain(&self, question: TransferQuestion) {
        self.ask(async move |desk| {
            let answer = desk.transfer_chain(&question).await;
            FromDesk::Chain { question, answer }
        });
    }

    pub(super) fn fetch_terms(&self, client: ClientId) {
        self.ask(async move |desk| {
            let answer = desk.terms(client).await.map(Box::new);
            FromDesk::Terms { client, answer }
        });
    }

    pub(super) fn find_products(&self, client: ClientId, what: Sought, day: Option<Date>) {
        self.ask(async move |desk| {
            let answer = desk.products(client, &what, day).await;
            FromDesk::Products { client, what, answer }
        });
    }

    /// Asks when nothing else was typed for a moment; what was asked before is of no interest any more.
    pub(super) fn find_clients(&mut self, text: String) {
        self.search.take().iter().for_each(JoinHandle::abort);
        let Some(desk) = self.desk.clone() else { return };
        let words = self.words.clone();
        self.search = Some(tokio::task::spawn_local(async move {
            tokio::time::sleep(TYPING).await;
            let answer = desk.find_clients(&text).await;
            let _ = words.send(FromDesk::Clients { text, answer });
        }));
    }

    pub(super) fn fetch_drafts(&self) {
        self.ask(async |desk| FromDesk::Drafts(desk.drafts().await));
    }

    pub(super) fn fetch_orders(&self, client: Option<ClientId>) {
        self.ask(async move |desk| FromDesk::Orders { client, answer: desk.orders(client).await });
    }

    pub(super) fn fetch_order(&self, id: OrderId) {
        self.ask(async move |desk| FromDesk::OrderEntry(desk.order(id).await.map(Box::new)));
    }

    /// Once, however often it is asked for.
    pub(super) fn watch_orders(&mut self) {
        let Some(desk) = self.desk.clone().filter(|_| self.watchers.is_empty()) else { return };
        let mut seed = [0; 32];
        self.chance.fill_bytes(&mut seed);
        let (tell, mut told) = unbounded_channel();
        let words = self.words.clone();
        self.watchers.push(tokio::task::spawn_local(async move {
            desk.watch_orders(seed, Waits::default(), tell).await;
        }));
        self.watchers.push(tokio::task::spawn_local(async move {
            while let Some(change) = told.recv().await {
                let _ = words.send(FromDesk::OrderWatch(change));
            }
        }));
    }

    /// Asks beside all else; nobody, without a desk.
    fn ask(&self, question: impl AsyncFnOnce(Desk) -> FromDesk + 'static) {
        let Some(desk) = self.desk.clone() else { return };
        let words = self.words.clone();
        tokio::task::spawn_local(async move {
            let _ = words.send(question(desk).await);
        });
    }

    pub(super) fn record(&self, record: CallRecord) {
        let (id, revision) = (record.id, record.revision);
        if self.write(Entry::Call(Box::new(record))) {
            self.unsent.add(id, revision);
            self.kept.give();
        }
    }

    pub(super) fn keep_order(&self, order: Box<Order>) {
        self.write(Entry::Order(order));
    }

    pub(super) fn place_order(&mut self, id: OrderId, revision: u32) {
        let place = Entry::place(id, revision, &mut self.chance);
        self.write(place);
    }

    pub(super) fn ask_for(&self, task: Box<Task>) {
        self.write(Entry::Task(task));
    }

    pub(super) fn write_down(&self, prospect: Box<Prospect>) {
        self.write(Entry::Prospect(prospect));
    }

    pub(super) fn act_on_order(&mut self, id: OrderId, act: OrderAct, reason: Option<String>) {
        let act = Entry::act(id, act, reason, &mut self.chance);
        self.write(act);
    }

    /// Without a desk the receiver is gone, and nothing is to be kept.
    fn write(&self, entry: Entry) -> bool {
        self.entries.send(entry).is_ok()
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
        self.warmer.iter().chain(&self.search).chain(&self.watchers).for_each(JoinHandle::abort);
        // The keeper ends when all is sent that came before this.
        drop(self.entries);
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

/// What comes to be written while the disk is busy is kept together, at most so much.
const MOST_AT_ONCE: usize = 256;

/// Keeps what is written, sends it, and tells.
struct Keeper {
    unsent: Unsent,
    kept: Kept,
    words: UnboundedSender<FromDesk>,
    /// The last entry could not be kept on disk.
    lacks_disk: Cell<bool>,
}

impl Keeper {
    /// Until no more comes and all is sent.
    async fn work(self, desk: Desk, setup: DeskSetup, clock: Clock, mut written: UnboundedReceiver<Entry>) {
        let outbox = self.open_outbox(&setup, clock).await;
        let (notices, mut news) = unbounded_channel();
        let keeping = async {
            let mut batch = Vec::new();
            while written.recv_many(&mut batch, MOST_AT_ONCE).await > 0 {
                self.keep(&outbox, std::mem::take(&mut batch)).await;
            }
            // Whoever ends the telephone limits this.
            outbox.flush(Duration::MAX).await
        };
        let telling = async {
            while let Some(notice) = news.recv().await {
                self.tell(notice);
            }
        };
        tokio::select! {
            _ = keeping => {}
            () = outbox.run(&desk, notices) => {}
            () = telling => {}
        }
        while let Ok(notice) = news.try_recv() {
            self.tell(notice);
        }
    }

    /// With what an earlier run left; without a file where none can be had.
    async fn open_outbox(&self, setup: &DeskSetup, clock: Clock) -> Outbox {
        let outbox = match open_outbox(setup, clock).await {
            Ok(outbox) => outbox,
            Err(error) => {
                tracing::error!(%error, "the outbox cannot be opened");
                self.lacks_disk();
                return Outbox::without_file(setup.seed, clock, Waits::default());
            }
        };
        adopt_left_behind(&outbox, setup).await;
        outbox.calls().into_iter().for_each(|(id, revision)| self.unsent.add(id, revision));
        outbox.found().into_iter().for_each(|news| self.say(FromDesk::Order(news)));
        outbox.found_tasks().into_iter().for_each(|news| self.say(FromDesk::Task(news)));
        outbox.found_prospects().into_iter().for_each(|news| self.say(FromDesk::Prospect(news)));
        if outbox.unreadable() > 0 {
            self.say(FromDesk::Trouble(DeskTrouble::OtherToken));
        }
        outbox
    }

    async fn keep(&self, outbox: &Outbox, entries: Vec<Entry>) {
        let calls = entries.iter().filter(|entry| matches!(entry, Entry::Call(_))).count();
        match outbox.append(entries).await {
            Ok(news) => {
                self.lacks_disk.set(false);
                news.into_iter().for_each(|news| self.say(FromDesk::Order(news)));
            }
            Err(error) => {
                tracing::error!(%error, "a call or order could not be kept on disk");
                self.lacks_disk();
            }
        }
        (0..calls).for_each(|_| self.kept.keep());
    }

    fn tell(&self, notice: Notice) {
        match notice {
            Notice::Delivered { id, revision } => {
                tracing::debug!(%id, revision, "register entry delivered");
                self.unsent.delivered(id, revision);
            }
            Notice::Waiting { why, .. } => self.say(FromDesk::Trouble(DeskTrouble::Waiting(why))),
            Notice::Refused { status, .. } => self.say(FromDesk::Trouble(DeskTrouble::Refused { status })),
            Notice::Order(news) => self.say(FromDesk::Order(news)),
            Notice::Task(news) => self.say(FromDesk::Task(news)),
            Notice::Prospect(news) => self.say(FromDesk::Prospect(news)),
            Notice::DiskFailed => self.lacks_disk(),
        }
    }

    /// Once per spell, not at every keystroke.
    fn lacks_disk(&self) {
        if !self.lacks_disk.replace(true) {
            self.say(FromDesk::Trouble(DeskTrouble::NoDisk));
        }
    }

    fn say(&self, word: FromDesk) {
        let _ = self.words.send(word);
    }
}

/// Telephones of the same user on one computer each need a file of their own.
const MOST_TELEPHONES: usize = 16;

async fn open_outbox(setup: &DeskSetup, clock: Clock) -> Result<Outbox, OutboxError> {
    let mut last = OutboxError::InUse;
    for telephone in 1..=MOST_TELEPHONES {
        let path = outbox_path(&setup.outbox_folder, &setup.user, telephone);
        match Outbox::open(&path, &setup.token, setup.seed, clock, Waits::default()).await {
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
