//! Whom a call can be passed to: whoever is in charge of this client first.

use super::call::Seen;
use super::format::{day, fold, has_words, moment};
use super::keys::key_of_nth;
use super::{Screen, State, Target, Targets, Tone, Word};
use crate::agent::Intent;
use crate::desk_api::{Absence, ClientCard, DirectoryEntry};
use crate::domain::line_state::LineState;
use crate::instant::Instant;
use crate::phone::{LineId, MOST_WATCHED, TransferWay};
use crate::text::say;
use jiff::Zoned;
use jiff::civil::Date;

const MOST_ROWS: usize = 40;

/// What the operator does in the list.
#[derive(Default)]
pub(super) struct Choosing {
    pub is_open: bool,
    pub query: String,
    pub chosen: usize,
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

    pub fn ask(&mut self, query: String) {
        *self = Self { is_open: true, query, chosen: 0 };
    }
}

/// How a client gets to a target.
#[derive(Clone, Copy)]
pub(super) enum How {
    WithReturn,
    Blind,
    /// The operator speaks with the target first.
    Consult,
}

/// Somebody with a telephone.
pub(super) struct Reachable {
    pub name: String,
    pub extension: String,
    department: String,
    word: Word,
}

impl Screen {
    /// A call that is answered. One that is being passed on with return can go to somebody else instead.
    pub(super) fn can_transfer(&self) -> bool {
        match self.state() {
            State::Talking | State::OnHold => true,
            State::Transferring => self.front.is_some_and(|line| self.passes_with_return(line)),
            _ => false,
        }
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

    /// The client who waits, and the one whom the operator called meanwhile: they can be joined.
    pub(super) fn consultation(&self) -> Option<(LineId, LineId)> {
        let (front, other) = (self.front?, self.other()?);
        let incoming = |line: &LineId| self.calls.get(line).is_some_and(|call| call.incoming);
        match (incoming(&front), incoming(&other)) {
            _ if !self.two_talk() => None,
            (true, false) => Some((front, other)),
            (false, _) => Some((other, front)),
            // Two clients have nothing to say to each other.
            (true, true) => None,
        }
    }

    pub(super) fn targets_shown(&self, now: Instant, wall: &Zoned) -> Targets {
        let cat = &self.cat;
        let proposals = if self.can_transfer() { self.proposals(now) } else { Vec::new() };
        let found = self.reachable(&self.transfer.query, wall.date());
        let more = found.len().saturating_sub(MOST_ROWS);
        let enabled = self.can_transfer();
        let note = match () {
            () if more > 0 => say!(cat, "{count} more, keep typing", count = more),
            () if !found.is_empty() => String::new(),
            () if self.can_dial_text(&self.transfer.query) => {
                let number = self.for_people(&self.transfer.query);
                say!(cat, "Enter passes the call to {number}", number = number)
            }
            () if !self.transfer.query.trim().is_empty() => say!(cat, "Nobody is called that."),
            () if self.config.has_desk => say!(cat, "The order desk has given no directory. Type a number."),
            () => say!(cat, "Type a number."),
        };
        let proposed = proposals.into_iter().map(|proposal| Reachable {
            word: self.line_word_of(&proposal.extension, None, now, wall),
            name: proposal.name,
            extension: String::new(),
            department: proposal.then,
        });
        let people = found.into_iter().take(MOST_ROWS);
        let people = people.map(|person| Reachable {
            word: self.line_word_of(&person.extension, Some(person.word), now, wall),
            ..person
        });
        let rows = proposed.chain(people).enumerate();
        Targets {
            enabled,
            can_call: !enabled && self.can_dial(),
            query: self.transfer.query.clone(),
            rows: rows.map(|(index, person)| self.target_shown(index, person, enabled)).collect(),
            note,
        }
    }

    fn target_shown(&self, index: usize, person: Reachable, enabled: bool) -> Target {
        let place = [person.department.as_str(), person.extension.as_str()];
        let place: Vec<&str> = place.into_iter().filter(|part| !part.is_empty()).collect();
        let spoken = [person.name.as_str(), &place.join(" "), &person.word.text];
        let spoken: Vec<&str> = spoken.into_iter().filter(|part| !part.is_empty()).collect();
        Target {
            spoken: spoken.join(", "),
            detail: place.join(" · "),
            name: person.name,
            state: person.word,
            key: if enabled && !self.asks_who_it_is() { key_of_nth(index) } else { String::new() },
            chosen: enabled && index == self.transfer.chosen,
        }
    }

    /// What the rules propose stands before the people; a client who is on the way goes to this one instead.
    pub(super) fn transfer_to(&mut self, now: Instant, index: usize, today: Date) {
        let mut proposals = self.proposals(now);
        if index >= proposals.len() {
            let found = self.reachable(&self.transfer.query, today);
            if let Some(person) = found.into_iter().take(MOST_ROWS).nth(index - proposals.len()) {
                self.pass_to(person.extension);
            }
            return;
        }
        let proposal = proposals.swap_remove(index);
        match self.state() {
            State::Transferring => self.pass_to(proposal.extension),
            _ => self.pass_by_rules(proposal),
        }
    }

    /// Without a client to pass on, the list is that of colleagues to be called.
    pub(super) fn call_colleague(&mut self, index: usize, today: Date) {
        let found = self.reachable(&self.transfer.query, today);
        if let Some(person) = found.into_iter().take(MOST_ROWS).nth(index) {
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

    /// Who is first called of the row that is marked; where nobody is found, what is typed.
    fn chosen_target(&self, now: Instant, today: Date) -> Option<String> {
        let proposed = self.proposals(now).into_iter().map(|proposal| proposal.extension);
        let people = self.reachable(&self.transfer.query, today);
        let mut rows =
            proposed.chain(people.into_iter().take(MOST_ROWS).map(|person| person.extension)).peekable();
        match rows.peek() {
            None => self.typed_target(),
            Some(_) => rows.nth(self.transfer.chosen),
        }
    }

    /// Enter in the list, with what is held beside it.
    pub(super) fn transfer_chosen(&mut self, now: Instant, today: Date, how: How) {
        let (Some(target), Some(line)) = (self.chosen_target(now, today), self.front) else { return };
        match how {
            How::WithReturn if self.typed_target().as_ref() == Some(&target) => self.pass_to(target),
            How::WithReturn => self.transfer_to(now, self.transfer.chosen, today),
            How::Blind => self.want(Intent::BlindTransfer { line, target }),
            How::Consult => {
                self.transfer.close();
                self.call_number(target);
                self.consults = self.dial.waits().then_some(line);
            }
        }
    }

    pub(super) fn move_in_targets(&mut self, now: Instant, down: bool, today: Date) {
        let people = self.reachable(&self.transfer.query, today).len().min(MOST_ROWS);
        let rows = self.proposals(now).len() + people;
        self.transfer.chosen = moved(self.transfer.chosen, down, rows);
    }

    pub(super) fn pass_to(&mut self, target: String) {
        if let Some(line) = self.front {
            if self.state() != State::Transferring {
                self.change(line, |call| call.tried.clear());
            }
            self.want(Intent::PassTo { line, target });
        }
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

    /// What somebody is to this client, or until when they are away, and what their telephone does since when.
    fn line_word_of(&self, extension: &str, role: Option<Word>, now: Instant, wall: &Zoned) -> Word {
        let role = role.unwrap_or_default();
        let known = self.view.colleagues.lines.get(extension);
        let Some(line) = known.filter(|line| line.state != LineState::Unknown) else { return role };
        let cat = &self.cat;
        let age = jiff::SignedDuration::try_from(now.since(line.since)).unwrap_or_default();
        let since = wall.timestamp().saturating_sub(age).unwrap_or(wall.timestamp());
        let state = self.colleague_words(extension, line.state);
        let state = say!(cat, "{state} since {time}", state = state, time = moment(cat, since, wall));
        let text = if role.text.is_empty() { state } else { format!("{} · {state}", role.text) };
        let tone = match (role.tone, line.state) {
            (Tone::Warning, _) => Tone::Warning,
            (_, LineState::Free) => Tone::Good,
            (_, LineState::Ringing) => Tone::Warning,
            (_, LineState::Talking) => Tone::Busy,
            (_, LineState::Held) => Tone::Hold,
            (_, LineState::Offline | LineState::NotInCall | LineState::Unknown) => Tone::Neutral,
        };
        Word { tone, text }
    }

    /// Everybody with a telephone but oneself, found by words in name, department or extension.
    pub(super) fn reachable(&self, query: &str, today: Date) -> Vec<Reachable> {
        let client = self.front_seen().and_then(Seen::client);
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
                word: Word { tone: Tone::Neutral, text: say!(cat, "own manager") },
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
        let word = match (person.absence_on(today), role) {
            (Some(absence), _) => Word { tone: Tone::Warning, text: self.absent_words(absence) },
            (None, Some(role)) => Word { tone: Tone::Neutral, text: role },
            (None, None) => Word::default(),
        };
        Some(Reachable {
            name: person.name.clone(),
            extension: person.extension.clone()?,
            department: department.unwrap_or_default(),
            word,
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

/// One row up or down, no further than the ends.
pub(super) fn moved(at: usize, down: bool, rows: usize) -> usize {
    let to = if down { at.saturating_add(1) } else { at.saturating_sub(1) };
    to.min(rows.saturating_sub(1))
}
