//! A person who is passed on: by REFER with Replaces the two far ends are joined; blindly, the person goes to the target, and
//! comes back where nobody takes them, as `config/asterisk` has it.

use super::calls::{Call, Calls, Person, SOON, Timer};
use super::numbers::{Part, THINKS};
use super::pbx::{MediaOrder, Note, Output};
use super::registrar::Registrar;
use crate::instant::Instant;
use crate::sip::message::StatusCode;
use crate::sip::{CallKey, ReferAsked};
use std::time::Duration;

/// From a REFER to the PBX's word on it.
const REACHES_TARGET: Duration = Duration::from_millis(300);
/// A telephone that does not say BYE to a leg without a person gets ours.
const EMPTY_LEG: Duration = Duration::from_secs(10);
/// How long the target of a blind transfer rings, and the operator to whom the client comes back.
const RINGS: Duration = Duration::from_secs(20);
/// The operator's telephone has a moment to end the call that the client was passed on from.
const MOMENT: Duration = Duration::from_secs(1);
/// From the operator's first refusal to the second try.
const TRIED_AGAIN: Duration = Duration::from_secs(5);
const MOST_TRIES: u8 = 2;
/// Whoever would come back more often hangs up.
const MOST_RETURNS: u8 = 2;
/// A client and whoever took the call.
const TALK_ON: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct JourneyKey(pub u64);

/// A person between two telephones.
pub(super) struct Journey {
    pub person: Person,
    /// Who passed the person on, and the REFER's name of that.
    operator: String,
    id: Option<String>,
    target: String,
    /// None: on the way there.
    why_back: Option<&'static str>,
    returns: u8,
    tries: u8,
}

impl Journey {
    pub fn rings_at(&self, extension: &str) -> bool {
        self.why_back.is_none() && self.target == extension
    }
}

/// What comes next on a journey.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    TargetAnswers,
    /// The target cannot be had, for this reason.
    TurnsBack(&'static str),
    /// The operator is called.
    RingsBack,
}

impl Calls {
    pub(super) fn on_refer(&mut self, now: Instant, call: CallKey, refer: &ReferAsked) {
        let target = refer.target.user.clone().unwrap_or_default();
        if self.exchange.answer_refer(now, call, Ok(())).is_err() {
            return;
        }
        let Some(replaces) = &refer.replaces else {
            let id = refer.referred_by.as_ref().and_then(|by| by.params.get("tid").map(str::to_owned));
            let after = now + self.programme.paced(REACHES_TARGET);
            return self.timers.push((after, Timer::Referred { call, target, id }));
        };
        let mut keys = self.calls.keys();
        let is_meant =
            |key: &&CallKey| **key != call && self.exchange.call_id(**key) == Some(&replaces.call_id);
        match keys.find(is_meant).copied() {
            Some(other) => {
                self.report(now, call, StatusCode::OK);
                self.vacate(now, other);
                if let Some(person) = self.vacate(now, call) {
                    self.talk_on(now, target, &person);
                }
            }
            None => self.report(now, call, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST),
        }
    }

    /// Whoever is passed on to a number that exists leaves the operator, as an Asterisk does it.
    pub(super) fn on_referred(&mut self, now: Instant, call: CallKey, target: String, id: Option<String>) {
        let part = self.people.part(&target);
        if part == Part::NoSuchNumber {
            return self.report(now, call, StatusCode::NOT_FOUND);
        }
        self.report(now, call, StatusCode::OK);
        let Some(Call { telephone, returns, .. }) = self.calls.get(&call).filter(|call| !call.empty) else {
            return;
        };
        let (operator, returns) = (telephone.clone(), *returns);
        let Some(person) = self.vacate(now, call) else { return };
        let (after, step) = match part {
            Part::Answers { after, .. } => (after, Step::TargetAnswers),
            Part::NobodyAnswers => (RINGS, Step::TurnsBack("no_answer")),
            Part::Refuses => (THINKS, Step::TurnsBack("refused")),
            Part::Busy => (Duration::ZERO, Step::TurnsBack("busy")),
            Part::Offline | Part::NoSuchNumber => (Duration::ZERO, Step::TurnsBack("offline")),
        };
        let key = JourneyKey(self.journeys.last_key_value().map_or(0, |(last, _)| last.0 + 1));
        let journey = Journey { person, operator, id, target, why_back: None, returns, tries: 0 };
        self.journeys.insert(key, journey);
        self.timers.push((now + self.programme.paced(after), Timer::Journey(key, step)));
    }

    pub(super) fn on_journey(&mut self, now: Instant, key: JourneyKey, step: Step, registrar: &Registrar) {
        match step {
            Step::TargetAnswers => {
                let Some(journey) = self.journeys.remove(&key) else { return };
                self.talk_on(now, journey.target, &journey.person);
            }
            Step::TurnsBack(why) => {
                let Some(journey) = self.journeys.get_mut(&key) else { return };
                journey.why_back = Some(why);
                if journey.returns >= MOST_RETURNS {
                    return self.lose(now, key);
                }
                self.timers.push((now + self.programme.paced(MOMENT), Timer::Journey(key, Step::RingsBack)));
            }
            Step::RingsBack => self.ring_back(now, key, registrar),
        }
    }

    fn ring_back(&mut self, now: Instant, key: JourneyKey, registrar: &Registrar) {
        let Some(journey) = self.journeys.get_mut(&key) else { return };
        let Some(contact) = registrar.contact(now, &journey.operator).cloned() else {
            return self.lose(now, key);
        };
        let Some(port) = self.port else {
            return self.timers.push((now + SOON, Timer::Journey(key, Step::RingsBack)));
        };
        journey.tries += 1;
        let (person, operator) = (journey.person.clone(), journey.operator.clone());
        let (id, why) = (journey.id.as_deref().unwrap_or_default(), journey.why_back.unwrap_or("failed"));
        let returned = format!("{id};reason={why};target={}", journey.target);
        let returns = journey.returns + 1;
        let call = self.call_telephone(now, port, person, operator, contact, Some(returned));
        if let Some(state) = self.calls.get_mut(&call) {
            (state.returns, state.from) = (returns, Some(key));
        }
        self.timers.push((now + self.programme.paced(RINGS), Timer::HangUp(call)));
    }

    /// The operator did not take the person back.
    pub(super) fn on_nobody_back(&mut self, now: Instant, key: JourneyKey) {
        let Some(journey) = self.journeys.get(&key) else { return };
        if journey.tries >= MOST_TRIES {
            return self.lose(now, key);
        }
        self.timers.push((now + self.programme.paced(TRIED_AGAIN), Timer::Journey(key, Step::RingsBack)));
    }

    fn lose(&mut self, now: Instant, key: JourneyKey) {
        let Some(journey) = self.journeys.remove(&key) else { return };
        self.out.push_back(Output::Note(Note::Lost { on_the_way_to: journey.target }));
        self.client_has_gone(now);
    }

    fn talk_on(&mut self, now: Instant, with: String, person: &Person) {
        let until = now + self.programme.paced(TALK_ON);
        self.people.talk(&with, person.number.clone(), until);
        self.out.push_back(Output::Note(Note::Talks { with }));
        self.client_has_gone(now);
    }

    /// The person at our end goes; the telephone's BYE is waited for.
    fn vacate(&mut self, now: Instant, call: CallKey) -> Option<Person> {
        let state = self.calls.get_mut(&call).filter(|call| !call.empty)?;
        state.empty = true;
        let (person, port) = (state.person.clone(), state.negotiation.local());
        self.out.push_back(Output::Media(MediaOrder::Stop { call, port }));
        self.timers.push((now + EMPTY_LEG, Timer::HangUp(call)));
        Some(person)
    }

    fn report(&mut self, now: Instant, call: CallKey, status: StatusCode) {
        // A telephone that wants to hear nothing is told nothing.
        let _ = self.exchange.refer_progress(now, call, status, status.default_reason());
    }
}
