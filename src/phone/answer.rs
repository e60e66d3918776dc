//! Calls that come in: whether they can be answered at all, ringing, answering, also by themselves, refusing.

use super::caller::Caller;
use super::event::{CallOutcome, EndedBy, Event, Refusal};
use super::hold::Hold;
use super::line::{CallDirection, Ending, Line, Means, Stage};
use super::{LineId, Phone};
use crate::instant::Instant;
use crate::media::{Negotiation, is_answerable};
use crate::sip::message::StatusCode;
use crate::sip::{CallKey, Invite};

/// RFC 3261 §21.4.26: what they offer cannot be taken here.
const NOT_ACCEPTABLE_HERE: u16 = 488;
const BUSY_HERE: u16 = 486;

impl Phone {
    /// Nobody took this client: who passed them on has them again, also while the result of that call is still to be picked.
    fn had_passed_on(&self, caller: &Caller) -> bool {
        let transfer = caller.returned.as_ref().and_then(|returned| returned.id.as_ref());
        transfer.is_some_and(|transfer| self.passed_on.contains(transfer))
    }

    pub(super) fn on_invited(&mut self, now: Instant, call: CallKey, invite: Invite) {
        let caller = self.identify(&invite);
        let answerable =
            invite.offer.as_ref().is_none_or(|offer| is_answerable(offer, self.codecs.now()).is_ok());
        if !answerable {
            return self.decline(now, call, &invite, caller, NOT_ACCEPTABLE_HERE);
        }
        if !self.takes_calls && invite.replaces.is_none() && !self.had_passed_on(&caller) {
            return self.decline(now, call, &invite, caller, BUSY_HERE);
        }
        let id = self.free_line();
        let answer_at = invite.answer_after.filter(|_| self.may_answer_unasked()).map(|after| now + after);
        let mut line = Line::new(id, call, CallDirection::In, invite.received_at);
        line.answer_at = answer_at;
        line.party = caller.clone();
        line.offer = invite.offer;
        line.replaces = invite.replaces;
        self.add_line(line);
        // NotNow: cancelled in the same moment; `Ended` follows.
        let _ = self.user_agent.ring(now, call);
        let replaces = self.replaced_by(id).map(|line| line.id);
        self.say(Event::RingingIn { line: id, call_id: invite.call_id, caller, replaces });
        // Without a port at hand it rings.
        let _ = self.take_place(now, id);
        self.answer_if_due(now, id);
    }

    /// Where the settings let it: only while nobody is talked to, and the PBX sends calls here.
    fn may_answer_unasked(&self) -> bool {
        let talks = |line: &Line| !matches!(line.stage, Stage::Ringing | Stage::Ending);
        self.auto_answer && self.user_agent.is_registered() && !self.calls_of_people().any(talks)
    }

    /// A call that nobody has answered by the time that the PBX named. Where that may not be, it rings on.
    pub(super) fn answer_if_due(&mut self, now: Instant, id: LineId) {
        let due = |line: &mut Line| line.answer_at.take_if(|at| *at <= now).is_some();
        if !self.lines.get_mut(&id).is_some_and(due) || !self.may_answer_unasked() {
            return;
        }
        self.set_automatic(id, true);
        if self.answer(now, id).is_err() {
            self.set_automatic(id, false);
        }
    }

    fn set_automatic(&mut self, id: LineId, automatic: bool) {
        if let Some(line) = self.lines.get_mut(&id) {
            line.automatic = automatic;
        }
    }

    /// A call that takes the place of one that stands (RFC 3891) is answered by itself, and finds the operator as that
    /// one left them: with it, or with somebody else, who is left alone.
    fn take_place(&mut self, now: Instant, id: LineId) -> Result<(), Refusal> {
        let Some(old) = self.replaced_by(id).filter(|old| old.stage == Stage::Talking) else { return Ok(()) };
        let (old, aside, held) = (old.id, old.aside, old.aside || old.hold.is_wanted());
        let session = self.open_session()?;
        let (line, mut means) = self.line(now, id).ok_or(Refusal::NoSuchLine)?;
        line.aside = aside;
        line.hold = Hold::from_the_start(held);
        line.answer(&mut means, session)?;
        self.conference.goes_on_with(id, old);
        Ok(())
    }

    pub(super) fn replaced_by(&self, id: LineId) -> Option<&Line> {
        let call = self.lines.get(&id)?.replaces?;
        self.lines.get(self.lines_by_call.get(&call)?)
    }

    pub(super) fn answer(&mut self, now: Instant, id: LineId) -> Result<(), Refusal> {
        let line = self.lines.get(&id).ok_or(Refusal::NoSuchLine)?;
        if line.automatic && matches!(line.stage, Stage::Answering | Stage::Talking) {
            return Ok(()); // The operator was a moment later.
        }
        if line.stage != Stage::Ringing {
            return Err(Refusal::WrongState);
        }
        let session = self.open_session()?;
        self.set_others_aside(now, id);
        let (line, mut means) = self.line(now, id).ok_or(Refusal::NoSuchLine)?;
        line.answer(&mut means, session)
    }

    pub(super) fn reject(&mut self, now: Instant, id: LineId, status: u16) -> Result<(), Refusal> {
        let (line, means) = self.line(now, id).ok_or(Refusal::NoSuchLine)?;
        let code = StatusCode::new(status).filter(|status| status.is_final() && !status.is_success());
        let Some(code) = code.filter(|_| line.stage == Stage::Ringing) else {
            return Err(Refusal::WrongState);
        };
        line.stage = Stage::Ending;
        line.answer_at = None;
        let outcome = CallOutcome::Refused;
        line.ending = Some(Ending { by: EndedBy::Us, outcome, status: Some(status) });
        means.user_agent.reject(now, line.call, code).map_err(|_| Refusal::WrongState)
    }

    fn decline(&mut self, now: Instant, call: CallKey, invite: &Invite, caller: Caller, status: u16) {
        if let Some(status) = StatusCode::new(status) {
            // NotNow: it is over already.
            let _ = self.user_agent.reject(now, call, status);
        }
        let call_id = invite.call_id.clone();
        self.say(Event::Declined { call_id, caller, status });
    }
}

impl Line {
    fn answer(&mut self, means: &mut Means<'_>, mut session: Negotiation) -> Result<(), Refusal> {
        self.answer_at = None;
        let wish = self.hold.wish();
        let (body, complete) = match self.offer.take() {
            None => (session.offer(wish), false),
            Some(offer) => match session.handle_offer(&offer, wish) {
                Ok((answer, _)) => (answer, true),
                Err(_) => {
                    self.session = Some(session);
                    self.audio_failed(means);
                    return Ok(());
                }
            },
        };
        self.session = Some(session);
        if means.user_agent.accept(means.now, self.call, body).is_err() {
            self.stop_media(means);
            return Err(Refusal::WrongState);
        }
        match complete {
            true => self.begin_talking(means),
            false => self.stage = Stage::Answering,
        }
        Ok(())
    }

    /// The ACK came.
    pub(super) fn on_confirmed(&mut self, means: &mut Means<'_>, answer: Option<Vec<u8>>) {
        match (self.stage, answer) {
            (Stage::Answering, answer) => {
                let agreed = self.session.as_mut().zip(answer);
                match agreed.map(|(session, answer)| session.handle_answer(&answer).is_ok()) {
                    Some(true) => self.begin_talking(means),
                    _ => self.audio_failed(means),
                }
            }
            (Stage::Talking, Some(answer)) => self.on_late_answer(means, &answer),
            _ => {}
        }
    }

    /// No audio can be agreed although the call stands, or is about to.
    pub(super) fn audio_failed(&mut self, means: &mut Means<'_>) {
        let (outcome, status) = (CallOutcome::Failed, Some(NOT_ACCEPTABLE_HERE));
        let ending = Ending { by: EndedBy::Us, outcome, status };
        match self.stage {
            Stage::Ringing => {
                self.stage = Stage::Ending;
                self.ending = Some(ending);
                if let Some(status) = StatusCode::new(NOT_ACCEPTABLE_HERE) {
                    let _ = means.user_agent.reject(means.now, self.call, status);
                }
            }
            _ => {
                self.hang_up(means, Some(ending));
            }
        }
    }
}
