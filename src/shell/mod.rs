//! The shell: it alone puts the pure engines together with sockets, clocks, sound and the desk.
//!
//! One task owns the agent, and with it telephone and SIP (`Owner`); one thread owns the
//! voice (`media_thread`); everybody else sends messages. Who drives the telephone (terminal,
//! window) holds a [`Handle`]: intents go in, notices come out.

mod desk_link;
mod headset_desk;
mod kept;
mod media_thread;
mod meter;
mod owner;
mod playing;
mod practice_pbx;
mod recorder;
mod recordings;
mod setup;
mod tape;

pub use desk_link::DeskTrouble;
pub use kept::Kept;
pub use media_thread::Audio;
pub use playing::SoundTest;
pub use practice_pbx::{PracticePbx, PracticeSetup};
pub use recordings::recordings_folder;
pub use setup::{Setup, StartFault, start};

use crate::agent::{Event, Intent};
use crate::audio::{Change, Seen, SoundFault, Wishes};
use crate::clock::{self, Clock};
use crate::desk_api::{
    CallRecord, ClientCard, ClientId, Directory, Goods, Order, OrderAct, OrderEntry, OrderId, OrderNews,
    OrderWatch, Prospect, ProspectNews, Sought, Task, TaskNews, Terms, TransferQuestion, Unavailable,
};
use crate::domain::chain::TransferChain;
use crate::entropy;
use crate::instant::Instant;
use crate::phone::LineId;
use jiff::civil::Date;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// The process, from its first moment on: what all its times count from.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    clock: Clock,
}

impl Process {
    /// First thing in `main`.
    pub fn begin() -> Self {
        Self { clock: Clock::start() }
    }

    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// 32 unguessable octets, for what draws chance beside the telephone.
    ///
    /// # Errors
    /// The operating system gives none; then no telephone starts either.
    pub fn seed(&self) -> Result<[u8; 32], entropy::NoEntropy> {
        entropy::seed()
    }

    /// The date and time of day, for people.
    pub fn wall(&self) -> jiff::Timestamp {
        clock::wall()
    }
}

/// What the telephone tells whoever drives it.
#[derive(Clone, Debug)]
pub enum Notice {
    /// SIP can be sent and received at this address; again when it changes.
    Ready {
        local: SocketAddr,
    },
    Agent(Event),
    /// A recording stops here, or nothing is heard at all; the call goes on.
    Sound {
        line: LineId,
        fault: SoundFault,
    },
    /// Another microphone or earpiece is in use, or none; the call goes on.
    Device(Change),
    /// Something keeps what is written from the desk, or from this computer's disk; said once per spell.
    Desk(DeskTrouble),
    /// The answer to [`Remote::fetch_directory`].
    Directory(Result<Directory, Unavailable>),
    /// The answer to [`Remote::fetch_calls`], the latest call first.
    Calls(Result<Vec<CallRecord>, Unavailable>),
    /// The answer to [`Remote::fetch_chain`].
    Chain {
        question: TransferQuestion,
        answer: Result<TransferChain, Unavailable>,
    },
    /// The answer to [`Remote::fetch_terms`].
    Terms {
        client: ClientId,
        answer: Result<Box<Terms>, Unavailable>,
    },
    /// The answer to [`Remote::find_products`], the best first.
    Products {
        client: ClientId,
        what: Sought,
        answer: Result<Vec<Goods>, Unavailable>,
    },
    /// The answer to the last [`Remote::find_clients`], the best first.
    Clients {
        text: String,
        answer: Result<Vec<ClientCard>, Unavailable>,
    },
    /// What becomes of orders that were kept, placed or acted on, in this run or an earlier one.
    Order(OrderNews),
    /// The answer to [`Remote::fetch_drafts`], the latest change first.
    Drafts(Result<Vec<OrderEntry>, Unavailable>),
    /// The answer to [`Remote::fetch_orders`], the latest change first.
    Orders {
        client: Option<ClientId>,
        answer: Result<Vec<OrderEntry>, Unavailable>,
    },
    /// The answer to [`Remote::fetch_order`].
    OrderEntry(Result<Box<OrderEntry>, Unavailable>),
    /// What the desk tells of orders by itself, after [`Remote::watch_orders`].
    OrderWatch(OrderWatch),
    /// What becomes of a task that was asked for by [`Remote::ask_for`], in this run or an earlier one.
    Task(TaskNews),
    /// What becomes of a client who was written down by [`Remote::write_down`], in this run or an earlier one.
    Prospect(ProspectNews),
    /// The answer to [`Remote::devices`]; without a sound server there are none.
    Devices {
        inputs: Seen,
        outputs: Seen,
    },
    /// What is tried out from now on. Off by itself when a call comes or goes out; off at once where it cannot be.
    SoundTest(SoundTest),
    /// The loudest of the last tenth of a second, from 0 (-60 dBFS and less) to 1 (full scale), of the line that has the operator
    /// or of a sound test. Only where `Setup::levels` asks for it; ten times a second while there is sound.
    Levels {
        microphone: f32,
        earpiece: f32,
    },
    /// The last one: everything is closed, and nothing more comes.
    Stopped(Farewell),
}

/// How it ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Farewell {
    /// The PBX confirmed that we are gone, or never had us.
    pub unregistered: bool,
    /// Register entries that the desk has not taken.
    pub unsent_records: usize,
    /// The media thread broke down: our fault.
    pub media_failed: bool,
}

/// What the owner is asked.
#[derive(Clone, Debug)]
enum Command {
    Intent(Intent),
    ShutDown { within: Duration },
    FetchDirectory,
    FetchCalls { limit: u32 },
    FetchChain(TransferQuestion),
    FetchTerms(ClientId),
    FindProducts { client: ClientId, what: Sought, day: Option<Date> },
    FindClients(String),
    KeepOrder(Box<Order>),
    PlaceOrder { id: OrderId, revision: u32 },
    ActOnOrder { id: OrderId, act: OrderAct, reason: Option<String> },
    FetchDrafts,
    FetchOrders(Option<ClientId>),
    FetchOrder(OrderId),
    WatchOrders,
    AskFor(Box<Task>),
    WriteDown(Box<Prospect>),
    UseDevices(Wishes),
    ListDevices,
    SoundTest(SoundTest),
}

/// The telephone, as a terminal holds it. Dropping it shuts the telephone down.
#[derive(Debug)]
pub struct Handle {
    remote: Remote,
    notices: Notices,
    kept: Kept,
}

/// What a telephone is told by. Dropping the last one shuts the telephone down.
#[derive(Clone, Debug)]
pub struct Remote {
    commands: UnboundedSender<Command>,
}

/// What a telephone tells.
#[derive(Debug)]
pub struct Notices {
    notices: UnboundedReceiver<(Instant, Notice)>,
}

impl Handle {
    /// For who speaks and listens in different places.
    pub fn split(self) -> (Remote, Notices) {
        (self.remote, self.notices)
    }

    /// Which register entries are on disk.
    pub fn kept(&self) -> Kept {
        self.kept.clone()
    }

    /// See [`Remote::intent`].
    pub fn intent(&self, intent: Intent) {
        self.remote.intent(intent);
    }

    /// See [`Remote::fetch_chain`].
    pub fn fetch_chain(&self, question: TransferQuestion) {
        self.remote.fetch_chain(question);
    }

    /// See [`Notices::next`].
    pub async fn next(&mut self) -> Option<(Instant, Notice)> {
        self.notices.next().await
    }

    /// See [`Remote::shut_down`].
    pub fn shut_down(&self, within: Duration) {
        self.remote.shut_down(within);
    }
}

impl Notices {
    /// The next notice with its time; `None` after `Stopped`.
    pub async fn next(&mut self) -> Option<(Instant, Notice)> {
        self.notices.recv().await
    }
}

impl Remote {
    pub fn intent(&self, intent: Intent) {
        self.command(Command::Intent(intent));
    }

    /// Hang up, unregister, finish recordings and the outbox; `Stopped` follows, `within` this time
    /// at the latest.
    pub fn shut_down(&self, within: Duration) {
        self.command(Command::ShutDown { within });
    }

    /// Asks the desk whom a call can be passed to; `Notice::Directory` follows, unless there is no desk.
    pub fn fetch_directory(&self) {
        self.command(Command::FetchDirectory);
    }

    /// Asks the desk for this operator's last calls, 1000 at most; `Notice::Calls` follows, unless there is no desk.
    pub fn fetch_calls(&self, limit: u32) {
        self.command(Command::FetchCalls { limit });
    }

    /// Asks the desk where a client goes now; `Notice::Chain` follows, unless there is no desk.
    pub fn fetch_chain(&self, question: TransferQuestion) {
        self.command(Command::FetchChain(question));
    }

    /// Asks the desk what an order of this client goes by; `Notice::Terms` follows, unless there is no desk.
    pub fn fetch_terms(&self, client: ClientId) {
        self.command(Command::FetchTerms(client));
    }

    /// Asks the desk for products that are looked for, with the client's prices and the stock of this day; `Notice::Products`
    /// follows, unless there is no desk.
    pub fn find_products(&self, client: ClientId, what: Sought, day: Option<Date>) {
        self.command(Command::FindProducts { client, what, day });
    }

    /// Asks the desk for clients whom this text may mean, when it is not followed by another one at once; `Notice::Clients` follows
    /// for the last of them, unless there is no desk.
    pub fn find_clients(&self, text: String) {
        self.command(Command::FindClients(text));
    }

    /// Keeps an order on this computer's disk and writes it to the desk. At every keystroke that changes it, with the next
    /// revision: of those that come while the disk or the desk is busy the latest counts. `Notice::Order` tells what becomes of it.
    pub fn keep_order(&self, order: Box<Order>) {
        self.command(Command::KeepOrder(order));
    }

    /// Has an order placed as it was kept with this revision; `Notice::Order` tells what becomes of it. Sent again by itself until the
    /// desk has said its word, by the next run too.
    pub fn place_order(&self, id: OrderId, revision: u32) {
        self.command(Command::PlaceOrder { id, revision });
    }

    /// Moves an order on in its life, as [`Remote::place_order`] does.
    pub fn act_on_order(&self, id: OrderId, act: OrderAct, reason: Option<String>) {
        self.command(Command::ActOnOrder { id, act, reason });
    }

    /// Asks the desk for this operator's drafts; `Notice::Drafts` follows, unless there is no desk.
    pub fn fetch_drafts(&self) {
        self.command(Command::FetchDrafts);
    }

    /// Asks the desk for a client's latest orders, whoever took them, or for those that this operator takes; `Notice::Orders` follows,
    /// unless there is no desk.
    pub fn fetch_orders(&self, client: Option<ClientId>) {
        self.command(Command::FetchOrders(client));
    }

    /// Asks the desk for one order; `Notice::OrderEntry` follows, unless there is no desk.
    pub fn fetch_order(&self, id: OrderId) {
        self.command(Command::FetchOrder(id));
    }

    /// Listens to the desk from now on for changes of the orders that this operator takes; `Notice::OrderWatch` tells of each.
    pub fn watch_orders(&self) {
        self.command(Command::WatchOrders);
    }

    /// Asks for somebody to call a client back: kept on this computer's disk until the desk has it; `Notice::Task` tells what becomes
    /// of it.
    pub fn ask_for(&self, task: Box<Task>) {
        self.command(Command::AskFor(task));
    }

    /// Writes down a client of whom nobody knew: kept on this computer's disk until the desk has it; `Notice::Prospect` tells what
    /// becomes of it.
    pub fn write_down(&self, prospect: Box<Prospect>) {
        self.command(Command::WriteDown(prospect));
    }

    /// Takes other devices, in a call too; `Notice::Device` follows for each that changes in use. Nothing where the telephone began
    /// without devices.
    pub fn use_devices(&self, wishes: Wishes) {
        self.command(Command::UseDevices(wishes));
    }

    /// Which devices there are now; `Notice::Devices` follows, after seconds where the sound server is slow.
    pub fn devices(&self) {
        self.command(Command::ListDevices);
    }

    /// Tries devices out while no call stands; `Notice::SoundTest` follows.
    pub fn sound_test(&self, test: SoundTest) {
        self.command(Command::SoundTest(test));
    }

    fn command(&self, command: Command) {
        // Only fails after `Stopped`.
        let _ = self.commands.send(command);
    }
}
