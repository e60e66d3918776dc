//! What the telephone and the desk say.

use super::bars::Outage;
use super::call::{NotPassed, Outcome, Passing, Seen, Standing, Tried};
use super::card::LastCall;
use super::format::clock;
use super::voice::Wrong;
use super::{Alert, Screen, Wish};
use crate::agent::{Card, CardAnswer, ChainNews, Event, Intent, LineState, LineView, Source};
use crate::instant::Instant;
use crate::phone::{self, CallOutcome, ClientIs, EndedBy, LineId, Refusal, Side, TransferFault, TransferWay};
use crate::sip::Failure;
use crate::text::say;
use jiff::Zoned;
use std::time::Duration;

/// The end of a call, as the telephone says it.
struct End {
    by: EndedBy,
    /// Card and list of targets were theirs.
    was_client: bool,
    outcome: CallOutcome,
    status: Option<u16>,
    talked: Duration,
}

impl Screen {
    pub(super) fn on_event(&mut self, now: Instant, wall: &Zoned, event: Event) {
        let clients_line = self.client_line();
        let ended = match &event {
            // The view forgets it with this event, and its last words are still to be said.
            Event::Phone(phone::Event::Ended { line, .. }) => self.view.lines.get(line).cloned(),
            _ => None,
        };
        let (parked, trouble) = (self.view.parked.clone(), self.trouble_words());
        self.view.follow(&event);
        match event {
            Event::Phone(phone::Event::Ended { line, by, outcome, status, talked, .. }) => {
                if let Some(view) = ended {
                    let was_client = clients_line == Some(line);
                    self.on_ended(now, line, view, &End { by, was_client, outcome, status, talked });
                }
            }
            Event::Phone(event) => self.on_phone_event(now, wall, event),
            Event::Queue(_) => {
                if let Some(words) = self.trouble_words().filter(|words| Some(words) != trouble.as_ref()) {
                    self.announce(words);
                }
            }
            Event::Parked(_) => self.on_parked(&parked),
            Event::Chain { line, news } => self.on_chain(line, news),
            Event::Card { line, card } => self.on_card(now, wall, line, &card),
            Event::ClientChosen { line, client } => {
                let number = self.seen(line).and_then(|seen| self.number_key(seen));
                self.choices.extend(number.map(|number| (number, client)));
                self.chosen = Some(now);
                self.ask_where_to(line);
                self.prepare_order(line);
            }
            Event::Recorded { .. } => {}
            Event::Recording { line, recording } => self.on_recording(line, recording),
            Event::StillOnHold { line, waited } => {
                let (who, time) = (self.who_on(line), clock(waited));
                self.announce(say!(&self.cat, "Still on hold: {who}, {time}", who = who, time = time));
            }
            Event::CardTaken { line } => self.change(line, |call| {
                (call.as_of, call.likely) = (None, None);
                (call.question, call.chain) = (None, None);
            }),
        }
    }

    fn on_phone_event(&mut self, now: Instant, wall: &Zoned, event: phone::Event) {
        use phone::Event as E;
        match event {
            E::Registered { .. } => self.on_registered(),
            E::RegistrationFailed { cause, retry_in } => self.on_registration_failed(now, cause, retry_in),
            E::Unregistered => self.outage = None,
            E::RingingIn { line, replaces, .. } => self.on_ringing(now, wall, line, replaces),
            E::Declined { call_id, caller, .. } => {
                self.recent.add_declined(wall.timestamp(), &call_id, &caller)
            }
            E::Dialing { line, target, .. } => self.on_dialing(now, wall, line, target),
            E::RingingOut { line, .. } => self.change(line, |call| call.rings = true),
            E::Answered { line, .. } => self.on_answered(now, line),
            E::Held { line, by: Side::Us } => self.on_held(now, line),
            E::Held { by: Side::Them, .. } => {
                self.announce(say!(&self.cat, "The other side put you on hold"));
            }
            E::Resumed { line, by: Side::Us } => self.on_resumed(line),
            E::Resumed { by: Side::Them, .. } => {
                self.announce(say!(&self.cat, "The other side took you off hold"));
            }
            E::HoldFailed { line, .. } => self.change(line, |call| call.hold_refused = true),
            E::TransferStarted { line, target, way } => self.on_transfer_started(now, line, target, way),
            E::TransferProgress { line, status, .. } => self.change(line, |call| {
                if let Some(passing) = &mut call.passing {
                    passing.status = Some(status);
                }
            }),
            E::Transferred { line, target, .. } => {
                self.change(line, |call| call.passed_to = Some(target.clone()));
                self.transfer_ends(line, Outcome::Passed { target });
            }
            E::TransferFailed { line, target, status, client, why, .. } => {
                let way = self.calls.get(&line).and_then(|call| call.way);
                self.on_transfer_failed(line, NotPassed { target, way, status, client, why });
            }
            E::Returned { line } => self.comes_to_front(line),
            E::NoAudio { line, direction, cause } => {
                self.on_voice_wrong(line, direction, Wrong::Nothing(cause));
            }
            E::PoorAudio { line, direction, cause } => {
                self.on_voice_wrong(line, direction, Wrong::Badly(cause));
            }
            E::AudioBack { line, direction } => self.on_audio_back(line, direction),
            E::GoodAudio { line, direction } => self.on_good_audio(line, direction),
            E::Media { line, stats, .. } => self.change(line, |call| call.voice.measure(&stats)),
            E::Muted { on: true } => self.announce(say!(&self.cat, "Microphone off")),
            // Else the last call ended, and with it the silence.
            E::Muted { on: false } if !self.view.lines.is_empty() => {
                self.announce(say!(&self.cat, "The microphone is on"));
            }
            E::Conference { lines: Some(_) } => self.announce(say!(&self.cat, "In a conference")),
            E::Conference { lines: None } => self.announce(say!(&self.cat, "The conference is over")),
            E::Refused { line: None, why } if self.fetched.take().is_some() => {
                self.outcome = Some(Outcome::Refused(why));
                self.announce_outcome();
            }
            E::Refused { line: None, why } if self.dial.waits() => match self.consults.take() {
                None => self.dial.refuse(why),
                // It was the list where the operator asked for it.
                Some(_) => {
                    self.dial.forget_sent();
                    self.outcome = Some(Outcome::Refused(why));
                    self.announce_outcome();
                }
            },
            E::Refused { why, line } => {
                if let Some(line) = line {
                    self.change(line, |call| call.parks = false);
                }
                // What crossed a change of the call, which has been said.
                if !matches!(why, Refusal::NoSuchLine | Refusal::WrongState) {
                    self.outcome = Some(Outcome::Refused(why));
                    self.announce_outcome();
                }
            }
            E::Probed { .. }
            | E::Muted { .. }
            | E::TakingCalls { .. }
            | E::Watching { .. }
            | E::LineStateChanged { .. }
            | E::Messages { .. }
            | E::ConnectedTo { .. }
            | E::Digit { .. }
            | E::DigitsFailed { .. }
            | E::Referred { .. }
            | E::Ended { .. } => {}
        }
    }

    fn on_registered(&mut self) {
        if self.outage.take().is_some() {
            self.announce(say!(&self.cat, "The line is back"));
        }
    }

    fn on_registration_failed(&mut self, now: Instant, cause: Failure, retry_in: Option<Duration>) {
        let outage = Outage::new(now, cause, retry_in);
        if self.outage.is_none() {
            self.announce(outage.why(&self.cat));
        }
        self.outage = Some(outage);
    }

    fn on_ringing(&mut self, now: Instant, wall: &Zoned, line: LineId, replaces: Option<LineId>) {
        self.calls.insert(line, Standing::new(now, wall.timestamp(), None));
        if self.front.is_none() {
            self.outcome = None;
            self.set_front(Some(line));
        }
        // What takes the place of a conversation does not ring.
        let replaced = replaces.and_then(|line| self.view.lines.get(&line));
        if replaced.is_none_or(|line| line.state != LineState::Talking) {
            self.alert(line);
        }
    }

    fn on_dialing(&mut self, now: Instant, wall: &Zoned, line: LineId, target: String) {
        self.finish_wrap_up();
        self.end_visit();
        let typed = self.dial.take_sent().unwrap_or(target);
        let consults = self.consults.take().filter(|client| self.view.lines.contains_key(client));
        let fetched = self.fetched.take();
        let incoming = fetched.is_some();
        let dialled = Some(fetched.unwrap_or(typed));
        let call = Standing {
            is_question: consults.is_some(),
            consults,
            incoming,
            ..Standing::new(now, wall.timestamp(), dialled)
        };
        self.calls.insert(line, call);
        self.outcome = None;
        self.set_front(Some(line));
    }

    fn on_answered(&mut self, now: Instant, line: LineId) {
        self.finish_wrap_up();
        self.end_visit();
        self.change(line, |call| call.answered = Some(now));
        self.alert_over(line);
        self.outcome = None;
        self.set_front(Some(line));
        self.announce(say!(&self.cat, "On a call: {who}", who = self.who_on(line)));
        // For a client whom nobody took, the next one is marked already: Enter passes them on.
        let returned = self.front_seen().is_some_and(|seen| seen.came_back_from().is_some());
        if returned && !self.asks_who_it_is() {
            self.transfer.open();
        }
    }

    fn on_held(&mut self, now: Instant, line: LineId) {
        self.change(line, |call| (call.held_since, call.hold_refused) = (Some(now), false));
        let is_passed_on = self.view.lines.get(&line).is_some_and(|view| view.in_transfer.is_some());
        if self.front == Some(line) && !is_passed_on {
            self.announce(say!(&self.cat, "On hold: {who}", who = self.who_on(line)));
            // After a conference: keys are meant for whom the operator talks with.
            let talking = self.view.lines.iter().find(|(_, view)| talks(view)).map(|(line, _)| *line);
            self.set_front(talking.or(self.front));
        }
    }

    fn on_resumed(&mut self, line: LineId) {
        self.change(line, |call| (call.held_since, call.hold_refused, call.waits_for) = (None, false, None));
        self.set_front(Some(line));
        self.announce(say!(&self.cat, "Off hold: {who}", who = self.who_on(line)));
    }

    fn on_transfer_started(&mut self, now: Instant, line: LineId, target: String, way: TransferWay) {
        if self.calls.get_mut(&line).is_some_and(|call| std::mem::take(&mut call.parks)) {
            self.parking.insert(target.clone());
        }
        let words = say!(&self.cat, "Passing to {target}", target = self.target_name(&target));
        // Who was tried before is said in the same breath.
        let tried = self.calls.get(&line).and_then(|call| call.tried.last());
        let words = match tried.map(|tried| self.tried_words(tried)) {
            Some(tried) => say!(&self.cat, "{what}. {next}", what = tried, next = words),
            None => words,
        };
        self.change(line, |call| {
            (call.passing, call.waits_for) = (Some(Passing { target, since: now, status: None }), None);
            call.way = Some(way);
        });
        self.outcome = None;
        self.transfer.close();
        self.announce(words);
    }

    fn on_transfer_failed(&mut self, line: LineId, failed: NotPassed) {
        self.change(line, |call| {
            call.passing = None;
            if failed.client == ClientIs::Kept && failed.goes_on() {
                call.refused_by.push(failed.target.clone());
            }
        });
        match failed.client {
            // With return the last word is that nobody is left.
            ClientIs::Kept if failed.goes_on() && self.passes_with_return(line) => {
                self.change(line, |call| call.tried.push(Tried::Called(failed)));
            }
            ClientIs::Kept if failed.why == TransferFault::OtherTarget => {}
            _ => self.transfer_ends(line, Outcome::NotPassed(failed)),
        }
    }

    fn on_chain(&mut self, line: LineId, news: ChainNews) {
        match news {
            ChainNews::PassedOver { name, state, .. } => {
                self.change(line, |call| call.tried.push(Tried::LineTaken { name, state }));
            }
            ChainNews::WaitingFor { name, .. } => {
                self.announce(say!(&self.cat, "Waiting for {name}", name = name));
                self.change(line, |call| call.waits_for = Some(name));
            }
            ChainNews::Stopped => self.change(line, |call| call.waits_for = None),
            ChainNews::NobodyLeft => {
                let last = self.calls.get_mut(&line).and_then(|call| call.tried.pop());
                self.transfer_ends(line, last.map_or(Outcome::NobodyThere, Outcome::NobodyLeft));
                self.take_request(line);
            }
        }
    }

    fn transfer_ends(&mut self, line: LineId, outcome: Outcome) {
        self.change(line, |call| (call.passing, call.waits_for) = (None, None));
        self.outcome = Some(outcome);
        self.announce_outcome();
    }

    fn announce_outcome(&mut self) {
        let words = self.outcome_words().map(|word| word.text);
        self.wishes.extend(words.map(Wish::Announce));
    }

    /// The client whom nobody took, unless the operator talks with somebody else by now.
    fn comes_to_front(&mut self, line: LineId) {
        let front = self.front.and_then(|line| self.view.lines.get(&line));
        if !front.is_some_and(talks) {
            self.set_front(Some(line));
        }
    }

    fn on_ended(&mut self, now: Instant, line: LineId, view: LineView, end: &End) {
        self.alert_over(line);
        let Some(call) = self.calls.remove(&line) else { return };
        let (answered, passed_on) = (call.answered.is_some(), call.passed_to.is_some());
        let parked = call.passed_to.as_ref().is_some_and(|target| self.parking.contains(target));
        let joined = passed_on && call.way == Some(TransferWay::Consultation);
        let (call_id, incoming, consults) = (view.call_id.clone(), call.incoming, call.consults);
        let is_question = call.is_question;
        if let Some(client) = (Seen { view: &view, call: &call }).client().map(|client| client.id) {
            self.forget_request(client);
        }
        let who = self.who(Seen { view: &view, call: &call });
        self.remember(Seen { view: &view, call: &call }, end.outcome, end.talked);
        let was_front = self.front == Some(line);
        let waited = end.was_client && !was_front && view.held_by_us;
        // A question's end leaves the card, and the note that is finished in the wrap-up, the client's.
        if (was_front || end.was_client) && !is_question {
            self.last = Some(LastCall { view, call });
        }
        if was_front {
            self.set_front(self.next_front());
            // One that we ended ourselves was meant; so is what follows.
            self.turned = self.front.filter(|_| end.by != EndedBy::Us).map(|_| now);
        }
        // A question to a colleague comes to nothing that the company counts, and neither does a client who waits to be talked with.
        if answered && !is_question && !parked {
            self.begin_wrap_up(now, call_id, passed_on, joined.then_some(line));
        }
        for asked in self.calls.values_mut().filter(|asked| asked.consults == Some(line)) {
            asked.consults = None;
        }
        let back =
            consults.filter(|_| end.by != EndedBy::Transfer).is_some_and(|client| self.come_back_to(client));
        // A transfer has had its own last word, and a conversation that goes on is of more interest than one that is over.
        let is_told = end.by == EndedBy::Transfer || self.outcome.as_ref().is_some_and(Outcome::is_last_word);
        if waited && !is_told && end.by == EndedBy::Them {
            self.outcome = Some(Outcome::LeftWaiting { who });
            return self.announce_outcome();
        }
        let is_news = !(answered && (is_told || self.front.is_some()));
        if is_news && (was_front || self.outcome.is_none()) {
            let &End { outcome, status, talked, .. } = end;
            self.outcome = Some(match back && !answered {
                true => Outcome::NotAsked { who, outcome, status },
                false => Outcome::Ended { who, incoming, outcome, status, talked },
            });
            self.announce_outcome();
        } else if answered && !is_told {
            self.announce(say!(&self.cat, "Call ended: {who}, {time}", who = who, time = clock(end.talked)));
        }
    }

    /// The consultation is over, and the client has waited for the end of it; not while the operator talks with somebody else.
    /// Who is busy says so before the client's hold is agreed. Whether they are back.
    fn come_back_to(&mut self, client: LineId) -> bool {
        let waits = |view: &LineView| view.state == LineState::Talking && view.in_transfer.is_none();
        let free = !self.view.lines.iter().any(|(line, view)| *line != client && talks(view));
        let comes = free && self.view.lines.get(&client).is_some_and(waits);
        if comes {
            self.want(Intent::Resume { line: client });
        }
        comes
    }

    fn on_card(&mut self, now: Instant, wall: &Zoned, line: LineId, card: &Card) {
        let number = self.seen(line).and_then(|seen| self.number_key(seen));
        let likely = number.and_then(|number| self.choices.get(&number).copied());
        match &card.answer {
            CardAnswer::Found { source, age, clients } => {
                self.recent.learn(number, clients);
                let age = jiff::SignedDuration::try_from(*age).unwrap_or_default();
                let then = wall.timestamp().saturating_sub(age).unwrap_or(wall.timestamp());
                self.change(line, |call| {
                    call.as_of = (*source == Source::Cache).then_some(then);
                    call.likely = likely;
                });
                if *source == Source::Desk {
                    self.desk_answers();
                }
            }
            CardAnswer::Unavailable { why } => self.desk_fails(now, why.clone()),
        }
        self.ask_where_to(line);
        self.prepare_order(line);
        if self.calls.get(&line).is_some_and(|call| call.alert.is_some()) {
            self.alert(line);
        }
    }

    /// Again when more is known of who it is; said aloud when it is another name.
    fn alert(&mut self, line: LineId) {
        let Some(seen) = self.seen(line) else { return };
        let alert = (self.calling_words(seen), self.alert_body(seen));
        let known = seen.call.alert.as_ref();
        if known == Some(&alert) {
            return;
        }
        let is_new_name = known.is_none_or(|(title, _)| *title != alert.0);
        self.change(line, |call| call.alert = Some(alert.clone()));
        let (title, body) = alert;
        if is_new_name {
            self.announce(title.clone());
        }
        let (answer, reject) = (say!(&self.cat, "Answer"), say!(&self.cat, "Reject"));
        self.wishes.push_back(Wish::Alert(Alert { line, title, body, answer, reject }));
    }

    /// Once for each alert.
    fn alert_over(&mut self, line: LineId) {
        if self.calls.get_mut(&line).is_some_and(|call| call.alert.take().is_some()) {
            self.wishes.push_back(Wish::AlertOver(line));
        }
    }

    /// What was about the former call is put away with it; the dial field stays as it is typed.
    fn set_front(&mut self, line: Option<LineId>) {
        let stands = line.is_none_or(|line| self.view.lines.contains_key(&line));
        if stands && self.front != line {
            self.front = line;
            self.keypad = None;
            self.transfer.close();
        }
    }

    pub(super) fn who_on(&self, line: LineId) -> String {
        self.seen(line).map(|seen| self.who(seen)).unwrap_or_default()
    }

    pub(super) fn change(&mut self, line: LineId, change: impl FnOnce(&mut Standing)) {
        if let Some(call) = self.calls.get_mut(&line) {
            change(call);
        }
    }
}

/// The operator is heard there.
fn talks(view: &LineView) -> bool {
    view.state == LineState::Talking && !view.held_by_us
}
