//! What reaches the screen, and what it asks for.

use super::Offers;
use crate::agent::{Event, Intent};
use crate::desk_api::{
    CallRecord, ClientCard, ClientId, Directory, Goods, Order, OrderAct, OrderEntry, OrderId, OrderNews,
    OrderWatch, Prospect, ProspectNews, Sought, Task, TaskNews, Terms, TransferQuestion, Unavailable,
};
use crate::domain::chain::TransferChain;
use crate::domain::number::NumberingPlan;
use crate::phone::LineId;
use crate::text::Language;
use jiff::civil::Date;
use std::fmt;
use std::time::Duration;

/// What a screen needs to begin.
#[derive(Clone, Debug)]
pub struct ScreenConfig {
    pub language: Language,
    /// How numbers are written here.
    pub numbering: NumberingPlan,
    /// Calls that may stand at a time.
    pub lines: usize,
    /// How long the operator has for the wrap-up before calls ring again; zero: no wrap-up.
    pub wrap_up: Duration,
    /// Without a desk there are no cards, no directory and no earlier calls.
    pub has_desk: bool,
    /// The settings name a desk, and nobody gave us the token that it wants.
    pub lacks_desk_token: bool,
    /// The account's number, for the top bar.
    pub extension: String,
    /// Whom the operator picks gets the client from the PBX at once; else with return, and the other way by another key. By the rules a
    /// client always goes with return.
    pub passes_blindly: bool,
    /// What the PBX does beyond calls.
    pub offers: Offers,
    /// Chance for the identities of orders.
    pub seed: [u8; 32],
}

/// Everything that changes the screen.
#[derive(Clone, Debug)]
pub enum Input {
    Agent(Event),
    /// The answer to `Wish::FetchDirectory`.
    Directory(Result<Directory, Unavailable>),
    /// The answer to `Wish::FetchCalls`: this operator's calls, the latest first.
    Calls(Result<Vec<CallRecord>, Unavailable>),
    /// The answer to `Wish::FetchChain`.
    Chain {
        question: TransferQuestion,
        answer: Result<TransferChain, Unavailable>,
    },
    /// Ten times a second in a call.
    Levels {
        microphone: Level,
        earpiece: Level,
    },
    Trouble(Trouble),
    Press(Press),
    Act(Act),
    Language(Language),
    /// Another telephone than before, which knows nothing of what was wished of that one.
    NewTelephone,
    /// From time to time, at least once a second while `Shown::ticks`.
    Tick,
    /// The answer to `Wish::FetchTerms`.
    Terms {
        client: ClientId,
        answer: Result<Box<Terms>, Unavailable>,
    },
    /// The answer to `Wish::FindProducts`.
    Products {
        client: ClientId,
        what: Sought,
        answer: Result<Vec<Goods>, Unavailable>,
    },
    /// The answer to `Wish::FindClients`, the best first.
    Clients {
        text: String,
        answer: Result<Vec<ClientCard>, Unavailable>,
    },
    /// What becomes of an order on its way to the desk.
    Order(OrderNews),
    /// The answer to `Wish::FetchDrafts`.
    Drafts(Result<Vec<OrderEntry>, Unavailable>),
    /// The answer to `Wish::FetchOrders`.
    Orders {
        client: Option<ClientId>,
        answer: Result<Vec<OrderEntry>, Unavailable>,
    },
    /// The answer to `Wish::FetchOrder`.
    OrderEntry(Result<Box<OrderEntry>, Unavailable>),
    /// What the desk tells of orders by itself.
    OrderWatch(OrderWatch),
    /// What becomes of a task on its way to the desk.
    Task(TaskNews),
    /// What becomes of a client of whom nobody knew, on the way to the desk.
    Prospect(ProspectNews),
}

/// Something is not as it should be, or is again. Shown as a bar until it ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// No microphone, or one again.
    Microphone {
        missing: bool,
    },
    Earpiece {
        missing: bool,
    },
    /// The desk does not take entries of the call register now; they are kept.
    Register {
        waiting: bool,
    },
    /// Calls and orders cannot be kept on this computer's disk; they are sent, and lost with the program until the desk has them.
    Disk {
        missing: bool,
    },
    /// A call goes on without this; until it ends.
    Sound {
        line: LineId,
        lost: Sound,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sound {
    /// All of it, in both directions.
    Voice,
    Recording,
}

/// Loudness of the last tenth of a second, from 0 (silence, -60 dBFS and less) to 1 (full scale).
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Level(pub f32);

/// A key with what is held down beside it. Text that is typed into fields never comes here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Press {
    pub key: Key,
    pub control: bool,
    pub alt: bool,
    pub shift: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Key {
    /// F1 to F12.
    Function(u8),
    /// A letter or digit; letters as on a Latin keyboard, lower case, whatever layout is switched on.
    Character(char),
    Enter,
    Escape,
    Up,
    Down,
}

/// What buttons, lists and fields do; keys end in the same. Indexes are those of the lists in `Shown`.
#[derive(Clone, PartialEq, Eq)]
pub enum Act {
    Answer,
    /// The second call that rings: the one that talks goes on hold.
    AnswerWaiting,
    Reject,
    RejectWaiting,
    /// Whoever rings on the card, else whoever rings beside it; of two never both.
    AnswerFirst,
    /// Whoever rings on this line, and nobody else.
    AnswerLine(LineId),
    RejectLine(LineId),
    /// Hang up, give up dialling, stop a transfer's wait; never what only rings elsewhere.
    HangUp,
    /// Hold, or resume; in a transfer: take the client back.
    Hold,
    Swap,
    Mute,
    /// Begins the recording of the conversation, pauses it, or goes on with it.
    Record,
    /// The client does not agree to a recording: it ends and is deleted.
    RefuseRecording,
    /// Opens and closes the keypad.
    Keypad,
    Digit(char),
    /// Opens the list of targets and puts the keyboard there.
    Transfer,
    /// Asks in the list what the call is about: purpose, type, department, one after the other.
    Topic,
    /// After a consultation: the client and whom the operator called speak with each other.
    Join,
    /// All three speak with each other, or no longer.
    Conference,
    /// What is typed into the transfer field: a name, a department or a number.
    TransferQuery(String),
    TransferTo(usize),
    /// Calls who stands in this row of the targets, while no client is to be passed on.
    CallColleague(usize),
    /// To what is typed, as a number.
    TransferTyped,
    /// What is typed into the note about the call.
    NoteEdited(String),
    /// What is typed into the dial field; numbers are grouped as they are typed.
    DialEdited(String),
    Dial,
    Redial(usize),
    ChooseClient(usize),
    /// Have the call that has rung the longest at a colleague's; or at this one's.
    PickUp,
    PickUpFrom(String),
    Park,
    /// The operator's own client first; or the one of this index in the view.
    TakeFirstParked,
    TakeParked(usize),
    JoinQueue(bool),
    Ready,
    Break(usize),
    DoNotDisturb,
    Result(usize),
    FinishWrapUp,
    /// Opens the client's order, or goes back to its field.
    Order,
    /// The client's orders with what has become of them.
    Orders,
    /// Opens the order that needs the operator.
    OpenNews,
    /// Calls the client who was looked up.
    CallClient,
    /// The client's manager is to call back.
    CallBack,
    /// What is typed into the order's field.
    OrderTyped(String),
    /// Enter there.
    OrderEnter,
    /// The arrows there.
    OrderMove {
        down: bool,
    },
    OrderChoice(usize),
    /// To change this line.
    OrderLine(usize),
    /// Takes the line out that is to be changed.
    OrderDrop,
    /// Asks for what stands in this row.
    OrderStep(usize),
    /// Speaks of this offer.
    OrderOffer(usize),
    NextOffer,
    NoOffers,
    RepeatOrder,
    UsualOrder,
    /// Places the order, or asks for the first thing that is missing.
    PlaceOrder,
    DropDraft,
    MissedOnly(bool),
    Palette,
    PaletteQuery(String),
    PaletteRun(usize),
    /// One level up: closes the palette, the keypad, the transfer list. Never ends a call.
    Close,
    /// Register at once.
    Retry,
    Settings,
    Quit,
    /// A link or another program wants this number dialled: it is put into the dial field, and called when no call stands.
    Call(String),
}

/// Without numbers and typed text.
impl fmt::Debug for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TransferQuery(_) => f.write_str("TransferQuery"),
            Self::NoteEdited(_) => f.write_str("NoteEdited"),
            Self::DialEdited(_) => f.write_str("DialEdited"),
            Self::PaletteQuery(_) => f.write_str("PaletteQuery"),
            Self::Digit(_) => f.write_str("Digit"),
            Self::Call(_) => f.write_str("Call"),
            Self::Answer => f.write_str("Answer"),
            Self::AnswerWaiting => f.write_str("AnswerWaiting"),
            Self::AnswerFirst => f.write_str("AnswerFirst"),
            Self::AnswerLine(line) => write!(f, "AnswerLine({line})"),
            Self::RejectLine(line) => write!(f, "RejectLine({line})"),
            Self::Reject => f.write_str("Reject"),
            Self::RejectWaiting => f.write_str("RejectWaiting"),
            Self::HangUp => f.write_str("HangUp"),
            Self::Hold => f.write_str("Hold"),
            Self::Swap => f.write_str("Swap"),
            Self::Mute => f.write_str("Mute"),
            Self::Record => f.write_str("Record"),
            Self::RefuseRecording => f.write_str("RefuseRecording"),
            Self::Keypad => f.write_str("Keypad"),
            Self::Join => f.write_str("Join"),
            Self::Conference => f.write_str("Conference"),
            Self::Transfer => f.write_str("Transfer"),
            Self::Topic => f.write_str("Topic"),
            Self::TransferTo(index) => write!(f, "TransferTo({index})"),
            Self::CallColleague(index) => write!(f, "CallColleague({index})"),
            Self::TransferTyped => f.write_str("TransferTyped"),
            Self::Dial => f.write_str("Dial"),
            Self::Redial(index) => write!(f, "Redial({index})"),
            Self::ChooseClient(index) => write!(f, "ChooseClient({index})"),
            Self::PickUp => f.write_str("PickUp"),
            Self::PickUpFrom(extension) => write!(f, "PickUpFrom({extension})"),
            Self::Park => f.write_str("Park"),
            Self::TakeFirstParked => f.write_str("TakeFirstParked"),
            Self::TakeParked(index) => write!(f, "TakeParked({index})"),
            Self::JoinQueue(on) => write!(f, "JoinQueue({on})"),
            Self::Ready => f.write_str("Ready"),
            Self::Break(index) => write!(f, "Break({index})"),
            Self::DoNotDisturb => f.write_str("DoNotDisturb"),
            Self::Result(index) => write!(f, "Result({index})"),
            Self::FinishWrapUp => f.write_str("FinishWrapUp"),
            Self::Order => f.write_str("Order"),
            Self::Orders => f.write_str("Orders"),
            Self::OpenNews => f.write_str("OpenNews"),
            Self::CallClient => f.write_str("CallClient"),
            Self::CallBack => f.write_str("CallBack"),
            Self::OrderTyped(_) => f.write_str("OrderTyped"),
            Self::OrderEnter => f.write_str("OrderEnter"),
            Self::OrderMove { down } => write!(f, "OrderMove(down {down})"),
            Self::OrderChoice(index) => write!(f, "OrderChoice({index})"),
            Self::OrderLine(index) => write!(f, "OrderLine({index})"),
            Self::OrderDrop => f.write_str("OrderDrop"),
            Self::OrderStep(index) => write!(f, "OrderStep({index})"),
            Self::OrderOffer(index) => write!(f, "OrderOffer({index})"),
            Self::NextOffer => f.write_str("NextOffer"),
            Self::NoOffers => f.write_str("NoOffers"),
            Self::RepeatOrder => f.write_str("RepeatOrder"),
            Self::UsualOrder => f.write_str("UsualOrder"),
            Self::PlaceOrder => f.write_str("PlaceOrder"),
            Self::DropDraft => f.write_str("DropDraft"),
            Self::MissedOnly(on) => write!(f, "MissedOnly({on})"),
            Self::Palette => f.write_str("Palette"),
            Self::PaletteRun(index) => write!(f, "PaletteRun({index})"),
            Self::Close => f.write_str("Close"),
            Self::Retry => f.write_str("Retry"),
            Self::Settings => f.write_str("Settings"),
            Self::Quit => f.write_str("Quit"),
        }
    }
}

/// Taken one by one after each input.
#[derive(Clone, PartialEq)]
pub enum Wish {
    Intent(Intent),
    FetchDirectory,
    FetchCalls,
    /// Where this client goes by the company's rules.
    FetchChain(TransferQuestion),
    /// Puts the keyboard there; only ever after a key or click of the operator's.
    Focus(Field),
    /// A desktop notification while a call rings; taken away by `AlertOver`.
    Alert(Alert),
    AlertOver(LineId),
    /// Said at once by screen readers.
    Announce(String),
    /// Said by screen readers when they have said what they say.
    Mention(String),
    /// Theme and zoom are the window's: `+`, `-` and `0`.
    Zoom(char),
    NextTheme,
    /// The next, or the previous, region of the window.
    Region {
        back: bool,
    },
    Settings,
    Quit,
    /// What an order of this client goes by.
    FetchTerms(ClientId),
    /// Goods that are looked for, with prices and stock for this client and day.
    FindProducts {
        client: ClientId,
        what: Sought,
        day: Option<Date>,
    },
    /// Clients by what is typed, when typing pauses; of several wishes only the last one counts.
    FindClients(String),
    /// At every change; each has a higher revision.
    KeepOrder(Box<Order>),
    /// After `KeepOrder` of that revision.
    PlaceOrder {
        id: OrderId,
        revision: u32,
    },
    ActOnOrder {
        id: OrderId,
        act: OrderAct,
        reason: Option<String>,
    },
    /// The operator's own drafts on the desk.
    FetchDrafts,
    /// A client's latest orders; none: the operator's own.
    FetchOrders(Option<ClientId>),
    FetchOrder(OrderId),
    /// Somebody is to call a client back.
    AskFor(Box<Task>),
    /// A client of whom nobody knew.
    WriteDown(Box<Prospect>),
}

/// Without what is announced: it names clients.
impl fmt::Debug for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Intent(intent) => write!(f, "Intent({intent:?})"),
            Self::FetchDirectory => f.write_str("FetchDirectory"),
            Self::FetchCalls => f.write_str("FetchCalls"),
            Self::FetchChain(_) => f.write_str("FetchChain"),
            Self::Focus(field) => write!(f, "Focus({field:?})"),
            Self::Alert(alert) => write!(f, "{alert:?}"),
            Self::AlertOver(line) => write!(f, "AlertOver({line})"),
            Self::Announce(_) => f.write_str("Announce"),
            Self::Mention(_) => f.write_str("Mention"),
            Self::Zoom(step) => write!(f, "Zoom({step})"),
            Self::NextTheme => f.write_str("NextTheme"),
            Self::Region { back } => write!(f, "Region(back {back})"),
            Self::Settings => f.write_str("Settings"),
            Self::Quit => f.write_str("Quit"),
            Self::FetchTerms(_) => f.write_str("FetchTerms"),
            Self::FindProducts { .. } => f.write_str("FindProducts"),
            Self::FindClients(_) => f.write_str("FindClients"),
            Self::KeepOrder(order) => write!(f, "KeepOrder(revision {})", order.revision),
            Self::PlaceOrder { revision, .. } => write!(f, "PlaceOrder(revision {revision})"),
            Self::ActOnOrder { act, .. } => write!(f, "ActOnOrder({act:?})"),
            Self::FetchDrafts => f.write_str("FetchDrafts"),
            Self::FetchOrders(client) => write!(f, "FetchOrders(of a client {})", client.is_some()),
            Self::FetchOrder(_) => f.write_str("FetchOrder"),
            Self::AskFor(_) => f.write_str("AskFor"),
            Self::WriteDown(_) => f.write_str("WriteDown"),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    Dial,
    Transfer,
    Palette,
    Keypad,
    Results,
    Calls,
    Card,
    Note,
    Order,
}

/// Who calls, for the desktop's notification.
#[derive(Clone, PartialEq, Eq)]
pub struct Alert {
    pub line: LineId,
    pub title: String,
    pub body: String,
    /// Labels of its two buttons.
    pub answer: String,
    pub reject: String,
}

/// Without who calls.
impl fmt::Debug for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Alert({})", self.line)
    }
}
