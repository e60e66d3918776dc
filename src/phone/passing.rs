//! Transfer with return and consultation (duties 4, 11; RFC 5589 §7): the target is called first, and joined with the client
//! by a REFER with Replaces.
//!
//! With return, the call to the target is an errand: a call of its own that nobody sees and the operator is not in. It lives as
//! long as its client's transfer; the client hears music meanwhile and is ours until the PBX has said that the two are
//! joined. In a consultation the operator has made that call and spoken.

use super::end::SipEnd;
use super::event::{Proof, Refusal};
use super::line::{CallDirection, Ending, Line, LineId, Means, Serves, Stage};
use super::transfer::Transfer;
use super::{CallOutcome, EndedBy, Phone, target};
use crate::domain::line_state::LineState;
use crate::instant::Instant;
use crate::media::Direction;
use crate::sip::CallKey;
use crate::sip::message::StatusCode;
use std::time::Duration;

/// How somebody is called for a client; as in `Command::ReturnTransfer`.
pub(super) struct Errand {
    pub target: String,
    pub ring_for: Duration,
    pub proof: Proof,
    pub comes_back: bool,
    pub shown_as: Option<String>,
}

impl Phone {
    /// Whether this client can be passed on now; else why not.
    pub fn may_pass_on(&self, id: LineId) -> Result<(), Refusal> {
        self.lines.get(&id).ok_or(Refusal::NoSuchLine)?.may_be_passed_on()
    }

    pub(super) fn return_transfer(
        &mut self,
        now: Instant,
        id: LineId,
        errand: Errand,
    ) -> Result<(), Refusal> {
        let Errand { target, ring_for, proof, comes_back, shown_as } = errand;
        let uri = target::parse(&target, &self.domain).map_err(|_| Refusal::BadTarget)?;
        let client = self.lines.get(&id).ok_or(Refusal::NoSuchLine)?;
        if !client.seeks_a_person() {
            client.may_be_passed_on()?;
        }
        let client = client.call;
        // What answers on a line that talks already may be its mailbox.
        let proof = match proof {
            Proof::LineState if self.line_talks(&target) == Some(true) => Proof::Key,
            proof => proof,
        };
        // Beyond the calls that may stand: a client who waits, too, must not keep another from being passed on.
        let mut session = self.open_session()?;
        let call = self.user_agent.errand(now, shown_as, uri, session.offer(Direction::SendRecv));
        let mut errand = Line::new(self.free_line(), call, CallDirection::Out, now);
        (errand.session, errand.aside, errand.serves) = (Some(session), true, Some(Serves::Client(client)));
        self.output.hush(errand.id);
        self.add_line(errand);
        let (line, mut means) = self.line(now, id).ok_or(Refusal::NoSuchLine)?;
        line.seek_no_more(&mut means);
        let transfer = Transfer::with_return(target, call, now + ring_for, proof, comes_back);
        line.begin_transfer(&mut means, transfer)
    }

    pub(super) fn bring_back(&mut self, now: Instant, id: LineId) -> Result<(), Refusal> {
        // Who was set aside for another call stays so only as long as the operator speaks there.
        let is_free = !self.lines.values().any(Line::is_in_conversation);
        let (line, mut means) = self.line(now, id).ok_or(Refusal::NoSuchLine)?;
        line.may_be_passed_on()?;
        if is_free {
            line.take_up(&mut means);
        }
        line.bring_back(&mut means);
        Ok(())
    }

    pub(super) fn join(&mut self, now: Instant, id: LineId, with: LineId) -> Result<(), Refusal> {
        let other = self.lines.get(&with).ok_or(Refusal::NoSuchLine)?;
        let (call, target) = (other.call, other.party.number.clone().unwrap_or_default());
        if id == with {
            return Err(Refusal::WrongState);
        }
        other.may_be_passed_on()?;
        let (line, mut means) = self.line(now, id).ok_or(Refusal::NoSuchLine)?;
        let until = now + means.pbx.hold_time;
        line.begin_transfer(&mut means, Transfer::after_consultation(target, call, until))
    }

    /// The errand's far end says something, or has answered.
    pub(super) fn on_target(
        &mut self,
        now: Instant,
        errand: LineId,
        client: CallKey,
        rings: Option<StatusCode>,
        answered: bool,
    ) {
        let Some(id) = self.lines_by_call.get(&client).copied() else { return };
        let talks = self.lines.get(&id).and_then(Line::passed_to).and_then(|target| self.line_talks(target));
        let Some((line, mut means)) = self.line(now, id) else { return };
        if let Some(status) = rings {
            line.on_target_rings(&mut means, status);
        }
        if answered && line.on_target_answered(&mut means, talks) {
            self.ask_for_key(now, errand, true);
        }
    }

    /// Whoever answered an errand pressed a key.
    pub(super) fn on_target_key(&mut self, now: Instant, errand: LineId, client: CallKey) {
        let Some(id) = self.lines_by_call.get(&client).copied() else { return };
        let Some((line, mut means)) = self.line(now, id) else { return };
        if line.proves_target(Proof::Key).is_some() {
            line.on_target_proved(&mut means);
            self.ask_for_key(now, errand, false);
            self.drain_user_agent(now);
        }
    }

    /// A line that still rings for the PBX, though something has answered, tells nothing.
    pub(super) fn believe_if_vague(&mut self, now: Instant, id: LineId) {
        let Some(line) = self.lines.get(&id) else { return };
        let due = line.next_deadline().is_some_and(|at| at <= now);
        let vague = |target: &str| self.line_state(target) == Some(LineState::Ringing);
        if due
            && line.proves_target(Proof::LineState).is_some_and(vague)
            && let Some((line, mut means)) = self.line(now, id)
        {
            line.on_target_proved(&mut means);
        }
    }

    fn ask_for_key(&mut self, now: Instant, errand: LineId, on: bool) {
        if let Some((errand, mut means)) = self.line(now, errand) {
            errand.asks_for_key = on;
            errand.apply_plan(&mut means);
        }
    }

    /// A colleague's line talks. Whoever has answered there is a person.
    pub(super) fn on_line_talks(&mut self, now: Instant, extension: &str) {
        let proves = |line: &&Line| line.proves_target(Proof::LineState) == Some(extension);
        let proved: Vec<LineId> = self.lines.values().filter(proves).map(|line| line.id).collect();
        for id in proved {
            if let Some((line, mut means)) = self.line(now, id) {
                line.on_target_proved(&mut means);
            }
            self.drain_user_agent(now);
        }
    }

    /// A call has ended. Whether that was the PBX's doing, who is putting a client in our place.
    pub(super) fn ends_by_joining(&mut self, now: Instant, call: CallKey, end: &SipEnd) -> bool {
        let Some(client) = self.lines.values().find(|line| line.joins(call)) else { return false };
        if client.is_asked_for() {
            return true;
        }
        let id = client.id;
        if let Some((line, mut means)) = self.line(now, id) {
            let status = end.status.map(StatusCode::code).filter(|status| *status >= 300);
            line.on_target_gone(&mut means, status, end.reason.clone().unwrap_or_default());
        }
        false
    }

    /// Client and target speak.
    pub(super) fn on_joined(&mut self, now: Instant, with: CallKey) {
        let id = self.lines_by_call.get(&with).copied();
        if let Some((line, mut means)) = id.and_then(|id| self.line(now, id)) {
            line.leave(&mut means);
        }
    }

    /// Errands whose client needs them no more.
    pub(super) fn end_errands(&mut self, now: Instant) {
        let needed = |errand: &Line| self.lines.values().any(|line| line.joins(errand.call));
        let serves_client = |errand: &Line| matches!(errand.serves, Some(Serves::Client(_)));
        let idle = |errand: &&Line| serves_client(errand) && errand.stage != Stage::Ending && !needed(errand);
        let idle: Vec<LineId> = self.lines.values().filter(idle).map(|errand| errand.id).collect();
        for id in idle {
            if let Some((errand, mut means)) = self.line(now, id) {
                errand.leave(&mut means);
            }
            self.drain_user_agent(now);
        }
    }
}

impl Line {
    pub(super) fn may_be_passed_on(&self) -> Result<(), Refusal> {
        match self.stage {
            Stage::Talking if self.serves.is_some() || self.is_in_transfer() => Err(Refusal::WrongState),
            Stage::Talking if self.may_still_be_joined() => Err(Refusal::BeingJoined),
            Stage::Talking => Ok(()),
            _ => Err(Refusal::WrongState),
        }
    }

    /// Others speak without us.
    fn leave(&mut self, means: &mut Means<'_>) {
        let (by, outcome) = (EndedBy::Transfer, CallOutcome::Completed);
        self.hang_up(means, Some(Ending { by, outcome, status: None }));
    }
}
