//! The far end sends us on to somebody else (click-to-transfer; RFC 5589 §6, §7, where we are the transferee). A REFER
//! that is taken becomes a call on a line of its own, and NOTIFYs say how that goes. Once it is answered the call that
//! asked for it is over; if it comes to nothing, that one goes on.

use super::caller::Caller;
use super::event::{CallOutcome, EndedBy, Event};
use super::line::{CallDirection, Ending, Line, LineId, Means};
use super::{Phone, target};
use crate::instant::Instant;
use crate::media::{Direction, Negotiation};
use crate::sip::message::{StatusCode, Uri};
use crate::sip::{CallKey, ReferAsked};
use std::time::Duration;

/// What the far end has to end the call that it moved elsewhere.
const GOODBYE_TIME: Duration = Duration::from_secs(5);

/// Whose far end asked for a call.
#[derive(Clone, Copy)]
pub(super) struct AskedBy {
    call: CallKey,
    /// It is on hold for the sake of this one alone.
    comes_back: bool,
}

impl Phone {
    pub(super) fn on_refer_asked(&mut self, now: Instant, call: CallKey, refer: &ReferAsked) {
        let (id, uri, mut session) = match self.way_on(call, refer) {
            Ok(way) => way,
            Err(status) => {
                // NotNow: the call is over, and the question with it.
                let _ = self.user_agent.answer_refer(now, call, Err(status));
                return;
            }
        };
        if self.user_agent.answer_refer(now, call, Ok(())).is_err() {
            return;
        }
        let (target, offer) = (target::written(&uri, &self.domain), session.offer(Direction::SendRecv));
        let party = Caller { number: uri.user.clone(), ..Caller::default() };
        let onward = self.user_agent.invite_referred(now, uri, Some(offer), refer);
        let mut line = Line::new(self.free_line(), onward, CallDirection::Out, now);
        (line.session, line.party) = (Some(session), party);
        let comes_back = self.lines.get(&id).is_some_and(|old| !old.waits());
        line.asked_by = Some(AskedBy { call, comes_back });
        self.say(Event::Referred { line: id, to: line.id, target: target.clone() });
        self.add_dialled(now, line, target);
    }

    /// Which line is moved, whom to call, and with what; or why not.
    fn way_on(
        &mut self,
        call: CallKey,
        refer: &ReferAsked,
    ) -> Result<(LineId, Uri, Negotiation), StatusCode> {
        let line = self.lines_by_call.get(&call).and_then(|id| self.lines.get(id));
        let line = line.filter(|line| line.may_be_moved()).ok_or(StatusCode::DECLINE)?;
        if line.is_in_transfer() {
            return Err(StatusCode::REQUEST_PENDING);
        }
        let (id, under_way) = (line.id, self.lines.values().any(|line| line.is_asked_by(call)));
        // Nobody takes the operator out of a conversation with somebody else.
        if under_way || self.is_engaged_besides(id) {
            return Err(StatusCode::BUSY_HERE);
        }
        let uri = target::parse(&refer.target.to_string(), &self.domain);
        let uri = uri.map_err(|_| StatusCode::DECLINE)?;
        let session = self.session_for_one_more().map_err(|_| StatusCode::BUSY_HERE)?;
        Ok((id, uri, session))
    }

    /// The line was answered; if somebody moved us there, the call they did it in is done with.
    pub(super) fn on_moved(&mut self, now: Instant, id: LineId) {
        let Some((line, mut means)) = self.line(now, id) else { return };
        line.report(&mut means, StatusCode::OK);
        let Some(by) = line.asked_by.take() else { return };
        let old = self.lines_by_call.get(&by.call).and_then(|id| self.lines.get_mut(id));
        if let Some(old) = old {
            old.moved_until = Some(now + GOODBYE_TIME);
        }
    }

    /// The call that somebody asked for came to nothing. Whom the operator holds, or passes on by now, stays on hold.
    pub(super) fn on_not_moved(&mut self, now: Instant, by: AskedBy, status: StatusCode) {
        // NotNow: nobody wants to hear it.
        let _ = self.user_agent.refer_progress(now, by.call, status, status.default_reason());
        let Some(id) = self.lines_by_call.get(&by.call).copied() else { return };
        let passed_on = self.lines.get(&id).is_some_and(Line::is_in_transfer);
        if by.comes_back && !passed_on && !self.is_engaged_besides(id) {
            // It ends in this moment, if not.
            let _ = self.resume(now, id);
        }
    }

    /// The operator wants this one on hold for its own sake.
    pub(super) fn keep_on_hold(&mut self, call: CallKey) {
        for by in self.lines.values_mut().filter_map(|line| line.asked_by.as_mut()) {
            by.comes_back &= by.call != call;
        }
    }

    fn is_engaged_besides(&self, id: LineId) -> bool {
        self.lines.values().any(|line| line.id != id && line.is_in_conversation())
    }
}

impl Line {
    fn is_asked_by(&self, call: CallKey) -> bool {
        self.asked_by.is_some_and(|by| by.call == call)
    }

    /// To whoever asked for this call.
    pub(super) fn report(&self, means: &mut Means<'_>, status: StatusCode) {
        if let Some(by) = self.asked_by {
            // NotNow: nobody wants to hear it.
            let _ = means.user_agent.refer_progress(means.now, by.call, status, status.default_reason());
        }
    }

    /// The far end was told that we are elsewhere now, and did not say goodbye.
    pub(super) fn on_moved_timeout(&mut self, means: &mut Means<'_>) {
        if self.moved_until.take_if(|until| *until <= means.now).is_some() {
            let ending = Ending { by: EndedBy::Transfer, outcome: CallOutcome::Completed, status: None };
            self.hang_up(means, Some(ending));
        }
    }
}
