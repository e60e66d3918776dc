//! Whom a call can be passed to: whoever is in charge of this client first.

use super::call::Seen;
use super::format::{day, fold, has_words, moment};
use super::keys::{Deed, key_of, key_of_nth};
use super::rows::Row;
use super::topics::{Pick, Topic};
use super::{Act, Screen, State, Target, Targets, Tone, Word};
use crate::agent::Intent;
use crate::desk_api::{Absence, ClientCard, DirectoryEntry};
use crate::domain::line_state::LineState;
use crate::instant::Instant;
use crate::phone::{LineId, MOST_WATCHED, TransferWay};
use crate::text::say;
use jiff::Zoned;
use jiff::civil::Date;

/// What the operator does in the list.
#[derive(Default)]
pub(super) struct Choosing {
    pub is_open: bool,
    /// Choices stand in the rows, instead of people.
    pub asks: Option<Topic>,
    pub query: String,
    /// The row that the operator has marked.
    pub marked: Option<usize>,
}

impl Choosing {
    pub fn open(&mut self) {
        if !self.is_open {
            *self = Self { is_open: true, ..Self::default() };
        }
    }

    pub fn close(&mut self) {
        *self = Self::default();
    }

    pub fn ask(&mut self, topic: Option<Topic>) {
        *self = Self { is_open: true, asks: topic, ..Self::default() };
    }

    pub fn search(&mut self, query: String) {
        *self = Self { is_open: true, asks: self.asks, query, marked: None };
    }

    /// Whether anything was asked.
    pub fn stop_asking(&mut self) -> bool {
        let asked = self.asks.is_some();
        if asked {
            self.ask(None);
        }
        asked
    }
}

/// How a client gets to a target.
#[derive(Clone, Copy)]
pub(super) enum How {
    /// As the settings say.
    CompanysWay,
    /// Blindly where that is with return, and with return where it is blindly.
    OtherWay,
    /// The operator speaks with the target first.
    Consult,
}

/// Why a key did nothing.
#[derive(Clone, Copy)]
pub(super) enum Reply {
    ListChanged,
    OnTheWay,
}

/// Somebody with a telephone.
pub(super) struct Reachable {
    pub name: String,
    pub extension: String,
    department: String,
    /// What they are to this client, or until when they are away.
    role: Word,
}

impl Screen {
    /// A call that is answered. One that is being passed on with return can go to somebody else instead.
    pub(super) fn can_transfer(&self) -> bool {
        let Some(client) = self.client_line() else { return false };
        // Whoever waits for an answer has no hand for the list.
        !matches!(self.state(), State::Ringing | State::Dialing)
            && match self.call_state(client) {
                Some(State::Talking | State::OnHold) => true,
                Some(State::Transferring) => self.passes_with_return(client),
                _ => false,
            }
    }

    /// The client is on the way to somebody.
    fn is_passed_on(&self) -> bool {
        self.client_line().and_then(|line| self.call_state(line)) == Some(State::Transferring)
    }

    /// Or did, until the event that is being followed.
    pub(super) fn passes_with_return(&self, line: LineId) -> bool {
        let way = self.calls.get(&line).and_then(|call| call.way);
        way == Some(TransferWay::Return)
    }

    /// Two calls stand, and nobody of them is on the way to somebody else.
    pub(super) fn two_talk(&self) -> bool {
        let other = self.other().and_then(|other| self.view.lines.get(&other));
        matches!(self.state(), State::Talking | State::OnHold)
            && other.is_some_and(|other| other.in_transfer.is_none())
    }

    pub(super) fn targets_shown(&self, now: Instant, wall: &Zoned) -> Targets {
        let cat = &self.cat;
        let (rows, more) = self.rows(now, wall.date());
        let (enabled, marked) = (self.can_transfer(), self.marked_row(&rows));
        let note = match () {
            () if more > 0 => say!(cat, "{count} more, keep typing", count = more),
            () if !rows.is_empty() => String::new(),
            () if self.can_dial_text(&self.transfer.query) => {
                let number = self.for_people(&self.transfer.query);
                say!(cat, "Enter passes the call to {number}", number = number)
            }
            () if !self.transfer.query.trim().is_empty() => say!(cat, "Nobody is called that."),
            () if self.config.has_desk => say!(cat, "The order desk has given no directory. Type a number."),
            () => say!(cat, "Type a number."),
        };
        let topic = self.client_seen().map(|seen| self.picked_words(seen)).unwrap_or_default();
        let topic = if topic.is_empty() { say!(cat, "What it is about") } else { topic };
        let shown = rows.into_iter().enumerate().map(|(index, row)| Target {
            key: if enabled && !self.asks_who_it_is() { key_of_nth(index) } else { String::new() },
            chosen: enabled && index == marked,
            ..match row {
                Row::Pick(pick) => self.pick_shown(pick),
                Row::ByRules(proposal) => self.person_shown(
                    Reachable {
                        name: proposal.name,
                        extension: proposal.extension,
                        department: String::new(),
                        role: Word { tone: Tone::Neutral, text: proposal.then },
                    },
                    now,
                    wall,
                ),
                Row::Person(person) => self.person_shown(person, now, wall),
            }
        });
        Targets {
            heading: self.targets_heading(enabled),
            topic_key: key_of(&Deed::Act(Act::Topic)),
            topic: if self.can_pick_topics() { topic } else { String::new() },
            need: if self.rules_need_department() && self.transfer.asks.is_none() {
                let key = key_of(&Deed::Act(Act::Topic));
                say!(cat, "The rules need to know the department: {key}", key = key)
            } else {
                String::new()
            },
            enabled,
            can_call: !enabled && self.can_dial(),
            query: self.transfer.query.clone(),
            rows: shown.collect(),
            note,
        }
    }

    /// By name while the operator talks with somebody else.
    fn targets_heading(&self, enabled: bool) -> String {
        let cat = &self.cat;
        match (self.transfer.asks, self.client_seen()) {
            (Some(topic), _) => cat.get(topic.heading()).to_owned(),
            (None, Some(seen)) if enabled && self.client_waits() => {
                say!(cat, "Pass {who} to", who = self.who(seen))
            }
            (None, _) if enabled => say!(cat, "Pass the client to"),
            (None, _) => say!(cat, "Colleagues"),
        }
    }

    /// The one that Enter takes: the operator's mark; else the first, but for those who have not taken this client before, unless
    /// their name is typed. Beyond the rows where there is none.
    fn marked_row(&self, rows: &[Row]) -> usize {
        let client = self.client_seen().filter(|_| self.transfer.query.trim().is_empty());
        let was_tried = |row: &Row| {
            client.zip(row.extension()).is_some_and(|(client, extension)| client.was_refused_by(extension))
        };
        let first = || rows.iter().position(|row| !was_tried(row)).unwrap_or(rows.len());
        self.transfer.marked.unwrap_or_else(first)
    }

    fn pick_shown(&self, pick: Pick) -> Target {
        let text = if pick.is_picked { say!(&self.cat, "picked") } else { String::new() };
        let state = Word { tone: if pick.is_picked { Tone::Good } else { Tone::Neutral }, text };
        let spoken = joined([&pick.name, &state.text], ", ");
        Target { spoken, name: pick.name, state, picks: true, ..Target::default() }
    }

    fn person_shown(&self, person: Reachable, now: Instant, wall: &Zoned) -> Target {
        let Reachable { name, extension, department, mut role } = person;
        let mut state = self.line_state_of(&extension, now, wall);
        if self.asked_extension() == Some(extension.as_str()) {
            state = Word { tone: Tone::Busy, text: say!(&self.cat, "being asked") };
            role = Word { tone: Tone::Neutral, text: say!(&self.cat, "takes the client over") };
        }
        let place = joined([&department, &extension], " ");
        Target {
            spoken: joined([&name, &state.text, &role.text, &place], ", "),
            detail: joined([&role.text, &department, &extension], " · "),
            tone: role.tone,
            name,
            state,
            ..Target::default()
        }
    }

    /// A client who is on the way goes to this one instead. Nobody is passed to whoever has just come into the row.
    pub(super) fn transfer_to(&mut self, now: Instant, index: usize, today: Date) {
        if !self.is_steady(now, index) {
            return self.reply(Reply::ListChanged);
        }
        match self.rows(now, today).0.into_iter().nth(index) {
            Some(Row::Pick(pick)) => self.pick(now, pick),
            Some(Row::ByRules(proposal)) if self.is_passed_on() => {
                self.pass_to(proposal.extension);
            }
            Some(Row::ByRules(proposal)) => self.pass_by_rules(proposal),
            Some(Row::Person(person)) => self.pass_to(person.extension),
            None => {}
        }
    }

    /// Without a client to pass on, the list is that of colleagues to be called.
    pub(super) fn call_colleague(&mut self, now: Instant, index: usize, today: Date) {
        if let Some(Row::Person(person)) = self.rows(now, today).0.into_iter().nth(index) {
            if self.can_pick_up(&person.extension) {
                return self.pick_up(person.extension);
            }
            self.call_number(person.extension);
        }
    }

    pub(super) fn transfer_typed(&mut self) {
        if let Some(target) = self.typed_target() {
            self.pass_to(target);
        }
    }

    fn typed_target(&self) -> Option<String> {
        let query = self.transfer.query.trim();
        self.can_dial_text(query).then(|| query.to_owned())
    }

    /// Enter in the list, with what is held beside it: for the row that is marked; where there is none, for the number that is
    /// typed.
    pub(super) fn transfer_chosen(&mut self, now: Instant, today: Date, how: How) {
        let rows = self.rows(now, today).0;
        let chosen = self.marked_row(&rows);
        let marked = rows.get(chosen);
        let target = match marked {
            Some(row) => row.extension().map(str::to_owned),
            None if rows.is_empty() => self.typed_target(),
            None => return,
        };
        let (Some(line), is_row) = (self.client_line(), marked.is_some()) else { return };
        match (target, how) {
            (None, _) | (_, How::CompanysWay) if is_row => self.transfer_to(now, chosen, today),
            (None, _) => {}
            (Some(target), How::CompanysWay) => self.pass_to(target),
            _ if self.is_passed_on() => {
                self.reply(Reply::OnTheWay);
            }
            _ if !self.is_steady(now, chosen) => self.reply(Reply::ListChanged),
            (Some(target), How::OtherWay) => self.pass_on_in(target, !self.config.passes_blindly),
            (Some(target), How::Consult) => {
                self.transfer.close();
                if !self.join_with(&target) {
                    self.consult(line, target);
                }
            }
        }
    }

    fn reply(&mut self, why: Reply) {
        self.reply = Some(why);
        self.announce(self.reply_words(why));
    }

    pub(super) fn reply_words(&self, why: Reply) -> String {
        let cat = &self.cat;
        match why {
            Reply::ListChanged => say!(cat, "The list has just changed: look again"),
            Reply::OnTheWay => {
                // Who talks with somebody else meanwhile takes the client back by turning to them.
                let act = if self.client_waits() { Act::Swap } else { Act::Hold };
                let key = key_of(&Deed::Act(act));
                say!(cat, "The client is on the way: take them back first, {key}", key = key)
            }
        }
    }

    pub(super) fn move_in_targets(&mut self, now: Instant, down: bool, today: Date) {
        let rows = self.rows(now, today).0;
        self.transfer.marked = Some(moved(self.marked_row(&rows), down, rows.len()));
    }

    /// In the company's way; a client who is on the way goes on with return.
    pub(super) fn pass_to(&mut self, target: String) {
        let blindly = self.config.passes_blindly && !self.is_passed_on();
        self.pass_on_in(target, blindly);
    }

    fn pass_on_in(&mut self, target: String, blindly: bool) {
        let Some(line) = self.client_line() else { return };
        if self.join_with(&target) {
            return;
        }
        if !self.is_passed_on() {
            self.change(line, |call| call.tried.clear());
        }
        self.want(match blindly {
            true => Intent::BlindTransfer { line, target },
            false => Intent::PassTo { line, target },
        });
    }

    /// The lines of all who have one are watched.
    pub(super) fn watch_colleagues(&mut self) {
        if !self.config.offers.watch {
            return;
        }
        let mut extensions: Vec<String> =
            self.directory.people.iter().filter_map(|person| person.extension.clone()).collect();
        // One that nobody could call must not cost the others their states; nor more than the telephone watches.
        extensions.retain(|extension| *extension != self.config.extension && self.can_dial_text(extension));
        extensions.sort();
        extensions.dedup();
        extensions.truncate(MOST_WATCHED);
        if extensions != self.watched {
            self.watched.clone_from(&extensions);
            self.want(Intent::Watch { extensions });
        }
    }

    /// What somebody's telephone does, and since when; nothing where nobody knows.
    fn line_state_of(&self, extension: &str, now: Instant, wall: &Zoned) -> Word {
        let known = self.view.colleagues.lines.get(extension);
        let Some(line) = known.filter(|line| line.state != LineState::Unknown) else {
            return Word::default();
        };
        let cat = &self.cat;
        let age = jiff::SignedDuration::try_from(now.since(line.since)).unwrap_or_default();
        let since = wall.timestamp().saturating_sub(age).unwrap_or(wall.timestamp());
        let state = self.colleague_words(extension, line.state);
        let text = say!(cat, "{state} since {time}", state = state, time = moment(cat, since, wall));
        let tone = match line.state {
            LineState::Free => Tone::Good,
            LineState::Ringing => Tone::Warning,
            LineState::Talking => Tone::Busy,
            LineState::Held => Tone::Hold,
            LineState::Offline | LineState::NotInCall | LineState::Unknown => Tone::Neutral,
        };
        Word { tone, text }
    }

    /// Everybody with a telephone but oneself, found by words in name, department or extension.
    pub(super) fn reachable(&self, query: &str, today: Date) -> Vec<Reachable> {
        let client = self.client_seen().and_then(Seen::client);
        let mut people = self.in_charge_first(client, today);
        people.retain(|person| person.extension != self.config.extension);
        if !query.trim().is_empty() {
            let query = fold(query);
            people.retain(|person| {
                let Reachable { name, department, extension, .. } = person;
                has_words(&fold(&format!("{name} {department} {extension}")), &query)
            });
        }
        people
    }

    fn in_charge_first(&self, client: Option<&ClientCard>, today: Date) -> Vec<Reachable> {
        let mut people: Vec<Reachable> = Vec::new();
        for person in self.in_charge(client, today).into_iter().flatten() {
            if people.iter().all(|known| known.extension != person.extension) {
                people.push(person);
            }
        }
        let named = people.len();
        for person in self.directory.people.iter().filter_map(|person| self.row(person, today, None)) {
            if people.iter().take(named).all(|known| known.extension != person.extension) {
                people.push(person);
            }
        }
        people
    }

    /// The client's own manager, before them whoever stands in today, and behind them the head of the department.
    fn in_charge(&self, client: Option<&ClientCard>, today: Date) -> [Option<Reachable>; 3] {
        let cat = &self.cat;
        let Some(client) = client else { return [None, None, None] };
        let manager = client.manager.as_ref();
        let entry = manager.and_then(|manager| self.directory.person(&manager.id));
        let own = match (manager, entry) {
            (_, Some(entry)) => self.row(entry, today, Some(say!(cat, "own manager"))),
            // The directory is not there, or does not know them; the card does.
            (Some(manager), None) => manager.extension.clone().map(|extension| Reachable {
                name: manager.name.clone(),
                extension,
                department: String::new(),
                role: Word { tone: Tone::Neutral, text: say!(cat, "own manager") },
            }),
            (None, None) => None,
        };
        let absent = entry.filter(|entry| entry.absence_on(today).is_some());
        let deputy = absent.and_then(|absent| {
            let deputy = self.directory.present_for(&absent.id, today)?;
            self.row(deputy, today, Some(say!(cat, "stands in for {name}", name = absent.name)))
        });
        let department = client.department.as_ref().or_else(|| self.department_of(entry?));
        let head = department
            .and_then(|department| self.directory.person(department.head.as_ref()?))
            .and_then(|head| self.row(head, today, Some(say!(cat, "head of department"))));
        [deputy, own, head]
    }

    /// None without a telephone. Whoever is away is marked so, whatever else they are.
    fn row(&self, person: &DirectoryEntry, today: Date, role: Option<String>) -> Option<Reachable> {
        let department = self.department_of(person).map(|department| {
            let language = self.cat.language().code();
            department.names.in_language(language).to_owned()
        });
        let role = match (person.absence_on(today), role) {
            (Some(absence), _) => Word { tone: Tone::Warning, text: self.absent_words(absence) },
            (None, Some(role)) => Word { tone: Tone::Neutral, text: role },
            (None, None) => Word::default(),
        };
        Some(Reachable {
            name: person.name.clone(),
            extension: person.extension.clone()?,
            department: department.unwrap_or_default(),
            role,
        })
    }

    fn department_of(&self, person: &DirectoryEntry) -> Option<&crate::desk_api::Department> {
        let id = person.department.as_ref()?;
        self.directory.departments.iter().find(|department| department.id == *id)
    }

    pub(super) fn absent_words(&self, absence: &Absence) -> String {
        say!(&self.cat, "absent until {day}", day = day(&self.cat, absence.to))
    }
}

/// Those that are not empty.
fn joined<const N: usize>(parts: [&str; N], between: &str) -> String {
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(between)
}

/// One row up or down, no further than the ends.
pub(super) fn moved(at: usize, down: bool, rows: usize) -> usize {
    let to = if down { at.saturating_add(1) } else { at.saturating_sub(1) };
    to.min(rows.saturating_sub(1))
}
