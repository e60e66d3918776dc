//! What the operator learned goes along with the client (duties 4, 6, 14, 15, 19): written for whoever is called, taken back
//! when the client stays; and asked for when somebody rings here whom a colleague may be passing on.
//!
//! The desk is told at the moment in which the target is called, and no call waits for that: the target's side asks more than
//! once. What could not be written then is of no use later, so it never waits in the outbox.

use super::{Agent, Card, CardAnswer, Effect, Event, Source};
use crate::desk_api::{HandedOver, Handover, Party, Picked, TransferWay, Unavailable};
use crate::domain::number::PhoneNumber;
use crate::instant::Instant;
use crate::phone::{self, LineId, Refusal, TransferOutcome};
use std::collections::BTreeMap;
use std::time::Duration;

/// When the desk is asked what goes along with a call, from its first ring on: the answer may overtake the writing.
const ASKED_AT: [Duration; 3] = [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(2)];

/// Names the questions about one call; never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HandoverAsk(pub u64);

/// What goes along with clients, from here and to here.
#[derive(Default)]
pub(super) struct Handovers {
    /// This telephone's extension.
    here: String,
    last_ask: u64,
    given: BTreeMap<LineId, Given>,
    asked: BTreeMap<LineId, Asked>,
    had: BTreeMap<LineId, HandedOver>,
}

/// Of a client of ours.
#[derive(Default)]
struct Given {
    note: Option<String>,
    /// As it was last written.
    written: Option<Handover>,
    /// The call to whoever is asked about the client.
    consulted_on: Option<LineId>,
    /// Others speak with the client now, or may: only the PBX knows.
    may_be_there: bool,
}

/// Of a call that came in.
struct Asked {
    ask: HandoverAsk,
    party: Party,
    begun: Instant,
    times: usize,
}

impl Asked {
    fn due(&self) -> Option<Instant> {
        ASKED_AT.get(self.times).map(|after| self.begun + *after)
    }
}

impl Handovers {
    pub fn new(here: String) -> Self {
        Self { here, ..Self::default() }
    }

    /// What came along with whom this line has.
    pub fn had(&self, line: LineId) -> Option<HandedOver> {
        self.had.get(&line).cloned()
    }

    /// The client who came along is there in person.
    pub fn is_here(&self, line: LineId, number: Option<PhoneNumber>) -> bool {
        number.is_some() && self.had.get(&line).is_some_and(|had| had.handover.party.number == number)
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.asked.values().filter_map(Asked::due).min()
    }

    fn may_be_there(&self, line: LineId) -> bool {
        self.given.get(&line).is_some_and(|given| given.may_be_there)
    }

    /// Whom a call from here was about, that nobody answers for any more.
    fn consulted_on(&self, line: LineId) -> Option<LineId> {
        self.given.iter().find(|(_, given)| given.consulted_on == Some(line)).map(|(client, _)| *client)
    }
}

impl Agent {
    // -- from here

    /// The client of this line is on the way to `to`.
    pub(super) fn hand_over(&mut self, line: LineId, to: &str, way: TransferWay) {
        let Some(client) = self.register.client(line) else { return };
        let came_along = self.handovers.had(line).map(|had| (had.handover.picked, had.handover.note));
        let (picked, note) = came_along.unwrap_or_default();
        let given = self.handovers.given.entry(line).or_default();
        (given.consulted_on, given.may_be_there) = (None, false);
        let handover = Handover {
            id: client.id,
            revision: given.written.as_ref().map_or(0, |written| written.revision),
            to: Some(to.to_owned()),
            way,
            from: self.handovers.here.clone(),
            operator: client.operator,
            party: client.party,
            client: client.client,
            matched: client.matched,
            picked: if client.picked.is_empty() { picked } else { client.picked },
            note: given.note.clone().or(note),
        };
        self.write(line, handover);
    }

    /// A colleague is called for the sake of the client on that line.
    pub(super) fn consult(&mut self, client: LineId, with: LineId, target: &str) {
        self.hand_over(client, target, TransferWay::Consultation);
        if let Some(given) = self.handovers.given.get_mut(&client) {
            given.consulted_on = Some(with);
        }
    }

    /// What is written down while the client is on the way already goes after; after the call it is for the entry alone.
    pub(super) fn note(&mut self, call_id: &str, note: String) {
        let note = Some(note).filter(|note| !note.is_empty());
        self.register.note(call_id, note.clone());
        let standing = self.view.lines.iter().find(|(_, line)| line.call_id == call_id);
        let Some(line) = standing.map(|(line, _)| *line) else { return };
        self.handovers.given.entry(line).or_default().note = note.clone();
        self.add(line, |written| Handover { note, ..written });
    }

    /// So does what is picked.
    pub(super) fn pick(&mut self, line: LineId, picked: Picked) {
        match self.register.pick(line, picked.clone()) {
            None => self.refuse(Some(line), Refusal::NoSuchLine),
            record => self.record(record),
        }
        self.add(line, |written| Handover { picked, ..written });
    }

    fn add(&mut self, line: LineId, change: impl FnOnce(Handover) -> Handover) {
        let written = self.handovers.given.get(&line).and_then(|given| given.written.clone());
        if let Some(written) = written.filter(|written| written.to.is_some()) {
            self.write(line, change(written));
        }
    }

    /// Whom the PBX may have given to the target has the card there until it is too old to be shown.
    fn goes(&mut self, line: LineId, may_be_there: bool) {
        if let Some(given) = self.handovers.given.get_mut(&line) {
            given.may_be_there = may_be_there;
        }
        self.keep(line);
    }

    /// Said late: another target than the last one has the client, and the card goes there after all.
    fn goes_to_former(&mut self, line: LineId, target: &str, outcome: TransferOutcome) {
        let written = self.handovers.given.get(&line).and_then(|given| given.written.as_ref());
        if written.is_some_and(|written| written.to.as_deref() != Some(target)) {
            let way = match outcome {
                TransferOutcome::HandedOver => TransferWay::Blind,
                TransferOutcome::Joined => TransferWay::Return,
            };
            self.hand_over(line, target, way);
        }
    }

    fn keep(&mut self, line: LineId) {
        if !self.handovers.may_be_there(line) {
            self.add(line, |written| Handover { to: None, ..written });
        }
    }

    fn write(&mut self, line: LineId, mut handover: Handover) {
        handover.revision = handover.revision.saturating_add(1);
        self.handovers.given.entry(line).or_default().written = Some(handover.clone());
        if self.has_desk {
            self.effects.push_back(Effect::HandOver(Box::new(handover)));
        }
    }

    /// What the target's telephone shows of the client: the name, else the number.
    pub(super) fn client_in_words(&self, line: LineId) -> Option<String> {
        let view = self.view.lines.get(&line).filter(|_| self.client_in_name)?;
        let number = || self.register.client(line)?.party.number.map(|number| number.for_people());
        view.client().map(|client| client.name.clone()).or_else(number)
    }

    // -- to here

    /// Whether something goes along with whoever this is.
    pub(super) fn ask_what_goes_along(&mut self, now: Instant, line: LineId, party: Party) {
        if !self.has_desk || party.written.is_none() {
            return;
        }
        self.handovers.last_ask = self.handovers.last_ask.wrapping_add(1);
        let ask = HandoverAsk(self.handovers.last_ask);
        self.handovers.asked.insert(line, Asked { ask, party, begun: now, times: 0 });
        self.ask_due(now);
    }

    fn ask_due(&mut self, now: Instant) {
        for asked in self.handovers.asked.values_mut() {
            if asked.due().is_some_and(|due| due <= now) {
                asked.times = asked.times.saturating_add(1);
                self.effects.push_back(Effect::AskHandovers {
                    ask: asked.ask,
                    to: self.handovers.here.clone(),
                    number: asked.party.number,
                });
            }
        }
    }

    pub(super) fn on_handover_timeout(&mut self, now: Instant) {
        self.ask_due(now);
    }

    pub(super) fn on_handovers(
        &mut self,
        now: Instant,
        ask: HandoverAsk,
        answer: Result<Vec<HandedOver>, Unavailable>,
    ) {
        let asked = self.handovers.asked.iter().find(|(_, asked)| asked.ask == ask);
        let Some((line, asked)) = asked.map(|(line, asked)| (*line, asked)) else { return };
        let handovers = answer.unwrap_or_default().into_iter();
        let about = handovers.filter(|handed| handed.is_about(&asked.party, &self.handovers.here));
        let Some(handed) = about.max_by_key(|handed| std::cmp::Reverse(handed.age_seconds)) else { return };
        let took = now.since(asked.begun);
        self.handovers.asked.remove(&line);
        self.handovers.had.insert(line, handed.clone());
        self.on_handed_over(line, handed, took);
    }

    fn on_handed_over(&mut self, line: LineId, handed: HandedOver, took: Duration) {
        let clients = handed.clients.clone();
        let client = handed.handover.client.filter(|id| clients.iter().any(|client| client.id == *id));
        let is_known = client.is_some() || handed.handover.party.number.is_some();
        let answer = CardAnswer::Found { clients, source: Source::Desk, age: Duration::ZERO };
        if is_known {
            self.register.recognised(line, &answer);
        }
        self.say(Event::Card { line, card: Card { answer, took, handed_over: Some(Box::new(handed)) } });
        if let Some(client) = client {
            let record = self.register.choose(line, client);
            self.record(record);
            self.say(Event::ClientChosen { line, client });
        }
    }

    /// Somebody else is at the far end, and what went along with the former one does not hold any more.
    pub(super) fn forget_what_came_along(&mut self, line: LineId) {
        self.handovers.had.remove(&line);
    }

    pub(super) fn follow_handover(&mut self, event: &phone::Event) {
        match event {
            phone::Event::TransferStarted { line, target, way } => {
                let way = match way {
                    phone::TransferWay::Blind => TransferWay::Blind,
                    phone::TransferWay::Return => TransferWay::Return,
                    phone::TransferWay::Consultation => TransferWay::Consultation,
                };
                self.hand_over(*line, target, way);
            }
            phone::Event::Transferred { line, target, outcome } => {
                self.goes_to_former(*line, target, *outcome);
                self.goes(*line, true);
            }
            phone::Event::TransferFailed { line, client, .. } => {
                self.goes(*line, *client == phone::ClientIs::Unknown);
            }
            phone::Event::Returned { line } if self.handovers.may_be_there(*line) => self.goes(*line, false),
            phone::Event::Ended { line, .. } => {
                let client = self.handovers.consulted_on(*line).unwrap_or(*line);
                self.keep(client);
                self.handovers.given.remove(line);
                self.handovers.asked.remove(line);
                self.handovers.had.remove(line);
            }
            _ => {}
        }
    }
}
