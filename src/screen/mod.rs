//! What an operator's window shows and does, without any window: notices, keys and clicks in; wishes and a picture in
//! words out ([`Shown`]). Pure, so that every state and key of the day is a table test; what draws it has no rules of its own.
//!
//! The states and keys are those of the design sheet: a state is told by colour, icon and word; an incoming call never
//! takes the keyboard and never changes what is being typed; nothing is asked by a dialog while a call stands.
//!
//! Lines and registration are [`agent::View`]'s; what stands beside it here is what people want to know as well: since
//! when, how it came out, what was typed.

mod acts;
mod bars;
mod call;
mod call_back;
mod card;
mod colleagues;
mod consultation;
mod dial;
mod duty;
mod events;
mod format;
mod handed_over;
mod input;
mod keys;
mod looked_up;
mod new_client;
mod notes;
mod order;
mod palette;
mod proposals;
mod recent;
mod recording;
mod rows;
mod shown;
mod targets;
mod topics;
mod verbs;
mod voice;
mod words;
mod wrap_up;

pub use colleagues::Offers;
pub use input::{Act, Alert, Field, Input, Key, Level, Press, ScreenConfig, Sound, Trouble, Wish};
pub use shown::*;
pub use words::why_no_line;

use crate::agent::{self, Intent};
use crate::desk_api::{CallRecord, ClientCard, ClientId, Directory, TaskId, Unavailable};
use crate::domain::number::PhoneNumber;
use crate::domain::pause::PauseReason;
use crate::instant::Instant;
use crate::phone::LineId;
use crate::text::Catalogue;
use bars::{Outage, Troubles};
use call::{Outcome, Standing};
use card::LastCall;
use dial::DialField;
use duty::Duty;
use jiff::Zoned;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use recent::Recent;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

/// How long the desk is left in peace after it did not answer.
const DESK_PAUSE: Duration = Duration::from_secs(30);

/// The operator's window, undrawn: change one thing by [`Screen::handle`], drain [`Screen::poll_wish`], draw [`Screen::shown`].
///
/// `wall` is the local time of day with its zone, for "11:02" and "yesterday"; spans are measured by `now`.
pub struct Screen {
    config: ScreenConfig,
    cat: Catalogue,
    view: agent::View,
    /// What the view does not tell of the calls that stand.
    calls: BTreeMap<LineId, Standing>,
    /// The call on the card; changes by what the operator does, or when it ends.
    front: Option<LineId>,
    /// When another call came to the card by itself.
    turned: Option<Instant>,
    /// When the operator last said which of several clients it is.
    chosen: Option<Instant>,
    duty: Duty,
    outage: Option<Outage>,
    troubles: Troubles,
    levels: (Level, Level),
    /// Digits sent; Some while it is open.
    keypad: Option<String>,
    transfer: targets::Choosing,
    steadiness: rows::Steadiness,
    /// Why the last key did nothing, where the operator may wonder.
    reply: Option<targets::Reply>,
    /// The client for whose sake the next call is dialled.
    consults: Option<LineId>,
    /// Numbers and places of the PBX's parking, as far as they were seen.
    parking: BTreeSet<String>,
    /// Extensions whose lines the telephone was asked to watch.
    watched: Vec<String>,
    /// A client's call at the PBX is being fetched: who it is, as far as that is known.
    fetched: Option<String>,
    /// What the queue was last told.
    said_away: Option<PauseReason>,
    dial: DialField,
    recent: Recent,
    wrap_up: Option<wrap_up::Running>,
    /// How the last call, or the last attempt to pass one on, came out; until the next call.
    outcome: Option<Outcome>,
    palette: Option<palette::Open>,
    last: Option<LastCall>,
    /// The client whom the operator looks at, whoever is on the line.
    looked_up: Option<Box<ClientCard>>,
    directory: Directory,
    desk_fault: Option<Unavailable>,
    ask_desk_at: Option<Instant>,
    /// Who was chosen in this run where several clients have one number.
    choices: BTreeMap<PhoneNumber, ClientId>,
    book: order::Book,
    /// Who is to be called back, where the desk has not answered to it.
    call_backs: BTreeMap<TaskId, String>,
    /// Who was written down and the desk has not answered to: by name.
    prospects: BTreeMap<ClientId, String>,
    /// Of the clock on the wall.
    zone: TimeZone,
    wishes: VecDeque<Wish>,
    /// Made when they are drawn, and kept until something else than time and loudness changes.
    lists: OnceCell<Rc<Lists>>,
    /// The day for which they are.
    listed_on: Date,
}

impl Screen {
    /// Asks at once for the directory and earlier calls, where there is a desk.
    pub fn new(now: Instant, wall: Zoned, config: ScreenConfig) -> Self {
        let mut screen = Self {
            cat: Catalogue::new(config.language),
            view: agent::View::default(),
            calls: BTreeMap::new(),
            front: None,
            turned: None,
            chosen: None,
            duty: Duty::new(now),
            outage: None,
            troubles: Troubles::default(),
            levels: <(Level, Level)>::default(),
            keypad: None,
            transfer: targets::Choosing::default(),
            steadiness: rows::Steadiness::default(),
            reply: None,
            consults: None,
            parking: BTreeSet::new(),
            watched: Vec::new(),
            fetched: None,
            said_away: None,
            dial: DialField::default(),
            recent: Recent::default(),
            wrap_up: None,
            outcome: None,
            palette: None,
            last: None,
            looked_up: None,
            directory: Directory::default(),
            desk_fault: None,
            ask_desk_at: None,
            choices: BTreeMap::new(),
            book: order::Book::new(config.seed),
            call_backs: BTreeMap::new(),
            prospects: BTreeMap::new(),
            zone: wall.time_zone().clone(),
            wishes: VecDeque::new(),
            lists: OnceCell::new(),
            listed_on: wall.date(),
            config,
        };
        if screen.config.has_desk {
            screen.wishes.extend([Wish::FetchDirectory, Wish::FetchCalls, Wish::FetchDrafts]);
        }
        screen
    }

    /// In place of another window that is gone: what was written there is still here.
    pub fn take_orders_of(&mut self, former: Self) {
        self.book = former.book;
        self.book.close();
    }

    pub fn handle(&mut self, now: Instant, wall: &Zoned, input: Input) {
        let is_news = !matches!(
            input,
            Input::Tick
                | Input::Levels { .. }
                | Input::Agent(agent::Event::Phone(crate::phone::Event::Media { .. }))
        );
        let by_operator = matches!(input, Input::Press(_) | Input::Act(_));
        if by_operator {
            self.reply = None;
        }
        let shortage = self.shortage_rows().filter(|_| is_news && !by_operator);
        match input {
            Input::Agent(event) => self.on_event(now, wall, event),
            Input::Directory(answer) => self.on_directory(now, answer),
            Input::Calls(answer) => self.on_calls(now, answer),
            Input::Chain { question, answer } => self.on_chain_answer(now, &question, answer),
            Input::Levels { microphone, earpiece } => self.levels = (microphone, earpiece),
            Input::Trouble(trouble) => self.on_trouble(trouble),
            Input::Press(press) => self.on_press(now, wall, press),
            Input::Act(act) => self.on_act(now, wall, act),
            Input::Language(language) => {
                self.config.language = language;
                self.cat = Catalogue::new(language);
            }
            Input::NewTelephone => self.wish_again(),
            Input::Tick => {}
            Input::Terms { client, answer } => self.on_terms(now, client, answer),
            Input::Products { client, what, answer } => self.on_products(client, &what, answer),
            Input::Clients { text, answer } => self.on_clients(&text, answer, wall),
            Input::Order(news) => self.on_order_news(now, wall, news),
            Input::Drafts(answer) => self.on_drafts(now, wall, answer),
            Input::Orders { client, answer } => self.on_orders(now, wall, client, answer),
            Input::OrderEntry(answer) => self.on_order_entry(now, wall, answer),
            Input::OrderWatch(told) => self.on_order_watch(now, wall, told),
            Input::Task(news) => self.on_task_news(news),
            Input::Prospect(news) => self.on_prospect_news(news),
        }
        self.follow_shortage(now, shortage);
        self.end_order_notices(now);
        let is_news = self.end_wrap_up_in_time(now) || is_news;
        self.ask_desk_again(now);
        self.ask_orders_again(now);
        self.say_whether_to_take_calls();
        self.say_why_away();
        if is_news || wall.date() != self.listed_on {
            // What is chosen or picked brings other rows, which have not been seen yet.
            let own_doing = by_operator && self.chosen != Some(now);
            self.follow_rows(now, wall.date(), own_doing);
            self.listed_on = wall.date();
            self.lists.take();
        }
    }

    fn lists(&self, now: Instant, wall: &Zoned) -> Lists {
        Lists {
            line_menu: self.line_menu(),
            counters: self.recent.counters(&self.cat, wall),
            verbs: self.verbs(),
            targets: self.targets_shown(now, wall),
            card: self.card_shown(wall),
            calls: self.calls_shown(wall),
            order: self.order_shown(),
            palette: self.palette_shown(wall),
            hints: self.hints(),
        }
    }

    /// Whether somebody would be cut off, or left ringing, if the program ended now.
    pub fn call_stands(&self) -> bool {
        !self.view.lines.is_empty()
    }

    /// What is to be done now, one after another.
    pub fn poll_wish(&mut self) -> Option<Wish> {
        self.wishes.pop_front()
    }

    /// The picture after the last input; cheap enough for ten a second.
    pub fn shown(&self, now: Instant, wall: &Zoned) -> Shown {
        let line = self.line_word(now);
        Shown {
            title: self.title(now, &line.text),
            state: self.state(),
            line_detail: self.line_detail(),
            line,
            bars: self.bars(now),
            waiting: self.waiting_shown(now),
            call: self.call_shown(now),
            other: self.other_shown(now),
            meters: self.meters(),
            voice: self.voice_mark(),
            keypad: self.keypad.clone(),
            dial: self.dial.text.clone(),
            dial_fault: self.dial_fault(),
            note: self.note_shown(),
            can_dial: self.can_dial() && !self.dial.text.trim().is_empty(),
            wrap_up: self.wrap_up_shown(now),
            lists: self.lists.get_or_init(|| Rc::new(self.lists(now, wall))).clone(),
            ticks: self.ticks(),
        }
    }

    fn on_directory(&mut self, now: Instant, answer: Result<Directory, Unavailable>) {
        match answer {
            Ok(directory) => {
                self.directory = directory;
                self.watch_colleagues();
                self.desk_answers();
            }
            Err(why) => self.desk_fails(now, why),
        }
    }

    fn on_calls(&mut self, now: Instant, answer: Result<Vec<CallRecord>, Unavailable>) {
        match answer {
            Ok(records) => {
                self.recent.add_earlier(&records);
                self.desk_answers();
            }
            Err(why) => self.desk_fails(now, why),
        }
    }

    /// When it is back, what it could not say before is asked again.
    fn desk_answers(&mut self) {
        self.ask_desk_at = None;
        if self.desk_fault.take().is_some() {
            self.wishes.extend([Wish::FetchDirectory, Wish::FetchCalls]);
        }
    }

    fn desk_fails(&mut self, now: Instant, why: Unavailable) {
        self.desk_fault = Some(why);
        self.ask_desk_at.get_or_insert(now + DESK_PAUSE);
    }

    fn ask_desk_again(&mut self, now: Instant) {
        if self.ask_desk_at.is_some_and(|at| at <= now) {
            self.ask_desk_at = None;
            self.wishes.push_back(Wish::FetchDirectory);
        }
    }

    fn want(&mut self, intent: Intent) {
        self.wishes.push_back(Wish::Intent(intent));
    }

    fn announce(&mut self, text: String) {
        self.wishes.push_back(Wish::Announce(text));
    }

    fn mention(&mut self, text: String) {
        self.wishes.push_back(Wish::Mention(text));
    }

    fn focus(&mut self, field: Field) {
        self.wishes.push_back(Wish::Focus(field));
    }

    fn ticks(&self) -> bool {
        self.front.is_some()
            || self.wrap_up.is_some()
            || self.ask_desk_at.is_some()
            || self.outage.as_ref().is_some_and(Outage::is_counted_down)
            || self.duty.is_away()
            || !self.view.parked.is_empty()
            || self.order_notices_end()
            || self.orders_are_asked_again()
    }
}

#[cfg(test)]
mod tests;
