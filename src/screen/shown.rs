//! The picture in words: everything the window draws, in the operator's language.

use super::input::Act;
use std::fmt;
use std::rc::Rc;

/// Everything that stands in the window now. Words are ready to be drawn; empty ones are not drawn.
#[derive(Clone, PartialEq, Default)]
pub struct Shown {
    /// Of the window and the tray: `● 01:14 Hanbit Build`.
    pub title: String,
    pub state: State,
    /// Registration and availability, truly: "Ready", "On a break: lunch", "No line".
    pub line: Word,
    /// Beside it: "ext. 101 · 192.0.2.1", or when the next attempt follows.
    pub line_detail: String,
    /// Bars under the top bar, the gravest first; they never cover the call.
    pub bars: Vec<Bar>,
    /// A second call that rings: one strip above the call.
    pub waiting: Option<Waiting>,
    pub call: Call,
    /// The other call, which waits on hold while one talks.
    pub other: Option<Other>,
    /// None without a call that talks.
    pub meters: Option<Meters>,
    /// How well the two of the call hear each other; None until that is known.
    pub voice: Option<VoiceMark>,
    /// Digits sent so far; Some while the keypad is open.
    pub keypad: Option<String>,
    /// What stands in the dial field, grouped; and what is wrong with it.
    pub dial: String,
    pub dial_fault: String,
    pub can_dial: bool,
    /// While there is a call to write about.
    pub note: Option<Note>,
    /// Some in the wrap-up.
    pub wrap_up: Option<WrapUp>,
    pub lists: Rc<Lists>,
    /// Whether time shows, so that a tick each second is needed.
    pub ticks: bool,
}

/// What time and loudness alone do not change: the same `Rc` from one picture to the next until something else happens.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Lists {
    /// What the operator may be for callers.
    pub line_menu: Vec<Choice>,
    /// "today: 41 calls, 3 missed".
    pub counters: String,
    /// At most two of them primary.
    pub verbs: Vec<Verb>,
    /// Where a call can be passed to.
    pub targets: Targets,
    pub card: Card,
    pub calls: Calls,
    /// While the client's order is open; in place of card and calls.
    pub order: Option<OrderForm>,
    pub palette: Option<Palette>,
    /// Keys that are valid now.
    pub hints: Vec<Hint>,
}

/// Without words: they are about clients.
impl fmt::Debug for Lists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lists")
    }
}

/// Without words: they are about clients.
impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").field("state", &self.state).finish_non_exhaustive()
    }
}

/// What the tint and the icon of the call card tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum State {
    #[default]
    Ready,
    /// On a break, do-not-disturb or not registered.
    Away,
    Ringing,
    Dialing,
    Talking,
    OnHold,
    Transferring,
    WrapUp,
}

/// Colour and icon beside a word; never alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tone {
    #[default]
    Neutral,
    Good,
    Warning,
    Bad,
    Busy,
    Hold,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Word {
    pub tone: Tone,
    pub text: String,
}

/// An entry of a menu.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    pub label: String,
    pub chosen: bool,
    pub act: Act,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Bar {
    pub tone: Tone,
    pub text: String,
    /// A button at its end.
    pub act: Option<(String, Act)>,
    /// The button's: `Shift+F12`, or empty.
    pub key: String,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Waiting {
    /// "Hanbit Build is calling".
    pub text: String,
    /// How long it rings.
    pub time: String,
    /// "Answer  Alt+F2".
    pub answer: Verb,
    pub reject: Verb,
}

/// The call card. Without a call: what is waited for.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Call {
    /// "Ringing", "On call", "Passing to Kim Seoyeon".
    pub state: String,
    /// How long; tabular figures.
    pub time: String,
    /// The number as people write it, or the name where there is none, or "Number withheld".
    pub who: String,
    /// The client's or network's name, or "New client".
    pub name: String,
    /// Which number was dialled, which queue; or the outcome of the last call, in words.
    pub detail: String,
    /// Below the card, in the colour of its tone: "Microphone off", "You hear nothing: …", the outcome of a transfer.
    pub notes: Vec<Word>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Other {
    /// "Hanbit Build, on hold".
    pub text: String,
    pub time: String,
    pub swap: Verb,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verb {
    pub label: String,
    /// As printed on the button: `F2`.
    pub key: String,
    pub weight: Weight,
    pub enabled: bool,
    /// Pressed in, as mute.
    pub active: bool,
    pub act: Act,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weight {
    /// Answers, resumes: green.
    Go,
    /// Hangs up, refuses: red.
    Stop,
    Plain,
}

/// 24 steps each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Meters {
    pub microphone: u8,
    pub earpiece: u8,
    pub muted: bool,
}

/// In words, with the mean opinion score; what is not known is left out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct VoiceMark {
    /// "You hear: good (4.4)".
    pub here: Option<Word>,
    /// "You are heard: fair (3.6)".
    pub there: Option<Word>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Targets {
    /// What the rows are: "Pass the client to", "Colleagues", "Client type".
    pub heading: String,
    /// What the operator has said the call is about: "order · Wholesale"; else that it can be said. Empty: it cannot.
    pub topic: String,
    /// `F7`.
    pub topic_key: String,
    /// What has to be picked before the rules can say where the client goes.
    pub need: String,
    /// While a call can be passed on.
    pub enabled: bool,
    /// While those in the rows can be called instead.
    pub can_call: bool,
    pub query: String,
    /// At most 40 people; the way of the rules first, and then the client's own manager.
    pub rows: Vec<Target>,
    /// "12 more, keep typing", or why there are none.
    pub note: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Target {
    pub name: String,
    /// "free since 14:05": never cut off.
    pub state: Word,
    /// "own manager · Sales · 201", "absent until 5 May · Sales · 202".
    pub detail: String,
    /// Of the detail: a warning where they are away.
    pub tone: Tone,
    /// It is no target: a type, a department or a purpose to be picked.
    pub picks: bool,
    /// `Alt+1`, or empty.
    pub key: String,
    /// Whether this row is the one that Enter takes.
    pub chosen: bool,
    /// What a screen reader says of the row.
    pub spoken: String,
}

/// The client column.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Card {
    /// The client's name; "New client", "Number withheld", "The order desk does not answer"; empty before the first call.
    pub title: String,
    /// What to do, or where this comes from: "as of 11:02", "last call 11:02".
    pub note: String,
    /// Shown dimmed: the card of the last call.
    pub past: bool,
    /// Type, price column, blocked: with a tone each.
    pub chips: Vec<Word>,
    pub rows: Vec<Row>,
    /// What colleagues should know.
    pub remark: String,
    /// Several clients have this number: to be chosen from, the last choice first.
    pub candidates: Vec<Candidate>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    pub key: String,
    pub value: String,
    pub tone: Tone,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    pub name: String,
    pub detail: String,
    /// `Alt+1`, until somebody is chosen; then empty.
    pub key: String,
    pub chosen: bool,
}

/// Recent calls.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Calls {
    pub missed_only: bool,
    /// The latest first.
    pub rows: Vec<RecentCall>,
    /// Instead of rows: "No calls yet.", "The order desk does not answer."
    pub note: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecentCall {
    /// "11:02", or the day before that.
    pub time: String,
    /// "in", "out", "missed": with a tone.
    pub direction: Word,
    pub who: String,
    pub number: String,
    /// "01:14".
    pub length: String,
    /// "passed on to Kim Seoyeon", "information given".
    pub result: String,
    pub can_redial: bool,
    pub spoken: String,
}

/// What the operator writes down about a call.
#[derive(Clone, PartialEq, Eq)]
pub struct Note {
    /// The call: what is typed next must not go to another one.
    pub call_id: String,
    pub text: String,
    /// `Ctrl+N`.
    pub key: String,
}

/// Without the text: it is about a client.
impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Note")
    }
}

/// An order as it is taken.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct OrderForm {
    /// Which: what is typed next must not go into another one.
    pub id: String,
    /// "Order: Hanbit Build", or "Request to the manager: …".
    pub title: String,
    /// What the field asks for.
    pub prompt: String,
    pub text: String,
    /// A digit answers: what is typed is no text.
    pub takes_digits: bool,
    /// What was wrong with the last entry.
    pub mistake: String,
    /// What can be chosen.
    pub choices: Vec<OrderChoice>,
    /// "3 more, keep typing", "Searching…".
    pub choices_note: String,
    pub lines: Vec<OrderRow>,
    /// What the lines come to: total, column, credit, habit.
    pub sums: Vec<Row>,
    /// "2 of 3 offers made".
    pub offers_heading: String,
    pub offers: Vec<OrderOffer>,
    /// What has to be agreed beside the lines, in the order of asking.
    pub steps: Vec<OrderStep>,
    /// "Still missing: time, receiver"; or where the order is.
    pub status: Word,
    /// The key that places it, or asks for what is missing; none when it is given in.
    pub place: Option<Verb>,
}

/// Without words: they are about a client.
impl fmt::Debug for OrderForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OrderForm")
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderChoice {
    /// `1`, where a digit chooses.
    pub key: String,
    pub label: String,
    pub detail: String,
    pub tone: Tone,
    pub chosen: bool,
    pub spoken: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderRow {
    pub number: u32,
    pub name: String,
    /// "3 cases".
    pub quantity: String,
    /// The same in pieces or kilograms: "= 72 pieces".
    pub counted: String,
    pub price: String,
    /// "about ₽1,234.00".
    pub sum: String,
    /// Last time's quantity, what lowers the price, what comes with it, what was agreed.
    pub detail: String,
    pub fault: String,
    pub chosen: bool,
    pub spoken: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderOffer {
    pub name: String,
    pub why: String,
    pub chosen: bool,
    pub spoken: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderStep {
    pub label: String,
    pub value: String,
    /// What is still wrong with it.
    pub fault: String,
    pub chosen: bool,
    pub spoken: String,
}

#[derive(Clone, PartialEq, Debug)]
pub struct WrapUp {
    /// "Calls ring again in 12 s".
    pub countdown: String,
    /// Keys 1 to 9.
    pub results: Vec<CallResult>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct CallResult {
    /// `1`.
    pub key: String,
    pub label: String,
    /// The one that Enter or F10 confirms.
    pub chosen: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Palette {
    pub query: String,
    /// At most 12.
    pub rows: Vec<PaletteRow>,
    pub chosen: usize,
    /// What is to be known of the search for clients; empty if nothing.
    pub note: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PaletteRow {
    pub label: String,
    pub detail: String,
    pub key: String,
}

impl PaletteRow {
    /// For those who hear it.
    pub(super) fn spoken(&self) -> String {
        let parts = [&self.label, &self.detail, &self.key].into_iter().filter(|part| !part.is_empty());
        parts.map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hint {
    pub key: String,
    pub label: String,
}
