//! Changing a session that stands: re-INVITE and UPDATE, ours and theirs (RFC 3261 §14, RFC 3311).

use super::forks::Ack;
use super::session::{Over, Session};
use super::{CallTimer, describe, early};
use crate::sip::core::{Core, Owner, Purpose};
use crate::sip::event::{Event, NotNow};
use crate::sip::message::{CSeq, Method, RAck, Request, Response, RetryAfter, StatusCode};
use crate::sip::timers::PATIENCE;
use crate::sip::transaction::{ClientId, Outcome, Reply, ServerId};
use crate::sip::wire::Due;
use std::time::Duration;

/// Times that an offer is made again after 491 before it is given up.
const MAX_TRIES: u32 = 10;

/// An offer of ours in a re-INVITE.
pub(super) struct Ours {
    offer: Vec<u8>,
    /// None: waits for its turn.
    sent: Option<ClientId>,
    tries: u32,
    /// Number of the last reliable response to it, and the answer that one held (RFC 3262 §4, §5).
    rseq: Option<u32>,
    answered: Option<Vec<u8>>,
    /// Only keeps the session alive: nobody above waits for the answer.
    pub(super) refresh: bool,
}

/// A re-INVITE or UPDATE of theirs that the user's side must answer.
pub(super) struct Theirs {
    pub(super) id: ServerId,
    pub(super) request: Request,
    offerless: bool,
}

impl Ours {
    pub(super) fn renumber(&mut self, old: ClientId, new: ClientId) {
        if self.sent == Some(old) {
            self.sent = Some(new);
        }
    }
}

impl Session {
    pub fn reoffer(&mut self, core: &mut Core, offer: Vec<u8>) -> Result<(), NotNow> {
        if self.ours.as_ref().is_some_and(|ours| !ours.refresh || ours.sent.is_some()) {
            return Err(NotNow);
        }
        self.propose(core, offer, false);
        Ok(())
    }

    pub(super) fn propose(&mut self, core: &mut Core, offer: Vec<u8>, refresh: bool) {
        self.ours = Some(Ours { offer, sent: None, tries: 0, rseq: None, answered: None, refresh });
        self.offer_when_possible(core);
    }

    /// A re-INVITE of ours is under way.
    pub(super) fn is_offering(&self) -> bool {
        self.ours.as_ref().is_some_and(|ours| ours.sent.is_some())
    }

    /// One INVITE at a time, in either direction (RFC 3261 §14.1).
    pub(super) fn offer_when_possible(&mut self, core: &mut Core) {
        let free = self.unacked.is_none() && self.theirs.is_none() && !self.owes_answer();
        let waiting_time = core.wire.timers.at(&Due::Call(self.key, CallTimer::Glare)).is_some();
        let Some(ours) = &self.ours else {
            return;
        };
        if !free || waiting_time || ours.sent.is_some() || self.over != Over::No {
            return;
        }
        let offer = ours.offer.clone();
        let mut request = self.build(core, Method::Invite);
        self.mention_timing(&mut request);
        super::body::attach(&mut request.headers, &mut request.body, offer);
        let id = self.send(core, Purpose::Reinvite, request);
        if let Some(ours) = &mut self.ours {
            ours.sent = Some(id);
        }
    }

    pub(super) fn on_reinvite_reply(&mut self, core: &mut Core, reply: &Reply<Owner>) {
        if let Outcome::Response(response) = &reply.outcome {
            if response.status.is_provisional() {
                core.wire.after(Due::Call(self.key, CallTimer::OfferSilence), PATIENCE);
                return self.on_reinvite_progress(core, reply, response);
            }
            if response.status.is_success() {
                return self.on_reinvite_success(core, reply, response);
            }
        }
        let Some(ours) = self.ours.take_if(|ours| ours.sent == Some(reply.id)) else {
            return;
        };
        core.wire.timers.cancel(&Due::Call(self.key, CallTimer::OfferSilence));
        match &reply.outcome {
            Outcome::Response(response) => self.on_reinvite_refused(core, ours, &reply.request, response),
            Outcome::TimedOut | Outcome::Unreachable => {
                self.tell_refused(core, &ours, StatusCode::REQUEST_TIMEOUT);
            }
        }
    }

    /// A reliable one is acknowledged here as it is before the answer of a call.
    fn on_reinvite_progress(&mut self, core: &mut Core, reply: &Reply<Owner>, response: &Response) {
        let Some(rseq) = early::rseq(response) else {
            return;
        };
        let Some(ours) = self.ours.as_mut().filter(|ours| ours.sent == Some(reply.id)) else {
            return;
        };
        let is_next = ours.rseq.is_none_or(|last| last.checked_add(1) == Some(rseq));
        let Some(cseq) = reply.request.headers.require::<CSeq>().ok().filter(|_| is_next) else {
            return;
        };
        ours.rseq = Some(rseq);
        let answer = super::session_body(&response.headers, &response.body).ok().flatten();
        ours.answered = ours.answered.take().or(answer);
        let mut prack = self.build(core, Method::Prack);
        prack.headers.push_typed(&RAck { rseq, cseq });
        self.send(core, Purpose::Prack, prack);
    }

    fn on_reinvite_success(&mut self, core: &mut Core, reply: &Reply<Owner>, response: &Response) {
        if self.acks.iter().any(|(id, _)| *id == reply.id) {
            return self.repeat_ack(core, reply.id);
        }
        self.dialog.refresh_target(&response.headers);
        let ack = Ack::send(core, &self.dialog, &reply.request, None);
        self.acks.push((reply.id, ack));
        if self.acks.len() > 4 {
            self.acks.remove(0);
        }
        let Some(ours) = self.ours.take_if(|ours| ours.sent == Some(reply.id)) else {
            return;
        };
        core.wire.timers.cancel(&Due::Call(self.key, CallTimer::OfferSilence));
        // Not before: a refresh repeats what is agreed, and no hold that was refused.
        self.description = ours.offer;
        self.far_end.follow_response(core, self.key, response);
        self.on_agreed(core, response);
        let answer = super::session_body(&response.headers, &response.body).ok().flatten();
        let answer = ours.answered.or(answer);
        let news = answer.is_some() && answer != self.their_description;
        self.hear(answer.as_ref());
        let call = self.key;
        match answer {
            answer if !ours.refresh => {
                core.wire.say(Event::Answer { call, result: Ok(answer.unwrap_or_default()) });
            }
            Some(answer) if news => core.wire.say(Event::Refreshed { call, answer }),
            _ => {}
        }
    }

    fn on_reinvite_refused(
        &mut self,
        core: &mut Core,
        mut ours: Ours,
        request: &Request,
        response: &Response,
    ) {
        let status = response.status;
        let wait = match status {
            StatusCode::REQUEST_PENDING => Some(self.glare_pause(core)),
            StatusCode::SERVER_INTERNAL_ERROR if self.dialog.may_have_overtaken(request) => {
                Some(Duration::ZERO)
            }
            StatusCode::SERVER_INTERNAL_ERROR => brief_retry_after(response),
            StatusCode::SESSION_INTERVAL_TOO_SMALL if self.raise(request, response) => Some(Duration::ZERO),
            _ => None,
        };
        if let Some(wait) = wait
            && ours.tries < MAX_TRIES
        {
            ours.tries += 1;
            (ours.sent, ours.rseq, ours.answered) = (None, None, None);
            self.ours = Some(ours);
            core.wire.after(Due::Call(self.key, CallTimer::Glare), wait);
            return;
        }
        // The call ends with it: that alone is news (RFC 3261 §12.2.1.2).
        if status == StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST {
            return self.vanish(core);
        }
        self.tell_refused(core, &ours, status);
    }

    /// The old session stands. Should the answer come after all, it is acknowledged.
    pub(super) fn withdraw_offer(&mut self, core: &mut Core) {
        let Some(ours) = self.ours.take_if(|ours| ours.sent.is_some()) else {
            return;
        };
        if let Some((invite, to)) = ours.sent.and_then(|id| core.transactions.sent(id)) {
            let (cancel, to) = (super::outgoing::cancel_of(invite), to);
            core.send(Owner::Call(self.key, Purpose::Cancel), cancel, to);
        }
        self.tell_refused(core, &ours, StatusCode::REQUEST_TIMEOUT);
    }

    /// RFC 3261 §14.1: whoever made the Call-ID waits 2.1 to 4 s, the other at most 2 s, in steps of 10 ms.
    pub(super) fn glare_pause(&self, core: &mut Core) -> Duration {
        let (from, to) = if self.caller { (210, 400) } else { (0, 200) };
        let tens = core.chance.between(Duration::from_millis(from), Duration::from_millis(to));
        tens.saturating_mul(10)
    }

    /// A refresh is made up for instead, before the session is over.
    fn tell_refused(&self, core: &mut Core, ours: &Ours, status: StatusCode) {
        if ours.refresh {
            self.refresh_later(core);
        } else {
            core.wire.say(Event::Answer { call: self.key, result: Err(status) });
        }
    }

    // -- theirs

    pub(super) fn on_offer(&mut self, core: &mut Core, id: ServerId, request: Request) {
        self.far_end.follow_request(core, self.key, &request);
        let Ok(offer) = super::acceptable(core, id, &request) else {
            return;
        };
        if request.method == Method::Update && offer.is_none() {
            return self.answer_update(core, id, &request, None);
        }
        if self.theirs.is_some() {
            return refuse_for_now(core, id, &request);
        }
        let awaiting_answer = self.unacked.as_ref().is_some_and(|unacked| unacked.offered);
        if self.is_offering() || awaiting_answer || self.owes_answer() {
            return core.refuse(id, &request, StatusCode::REQUEST_PENDING);
        }
        if let Some(stale) = self.ours.take() {
            core.wire.timers.cancel(&Due::Call(self.key, CallTimer::Glare));
            self.tell_refused(core, &stale, StatusCode::REQUEST_PENDING);
        }
        self.hear(offer.as_ref());
        self.theirs = Some(Theirs { id, request, offerless: offer.is_none() });
        core.wire.say(Event::Offer { call: self.key, offer });
    }

    pub fn answer_offer(
        &mut self,
        core: &mut Core,
        answer: Result<Vec<u8>, StatusCode>,
    ) -> Result<(), NotNow> {
        let Theirs { id, request, offerless } = self.theirs.take().ok_or(NotNow)?;
        match answer {
            Ok(body) if request.method == Method::Invite => {
                self.dialog.refresh_target(&request.headers);
                self.answer_invite(core, id, &request, Some(body), offerless, false);
            }
            Ok(body) => self.answer_update(core, id, &request, Some(body)),
            Err(status) if status.code() >= 300 => core.refuse(id, &request, status),
            Err(_) => core.refuse(id, &request, StatusCode::NOT_ACCEPTABLE_HERE),
        }
        self.offer_when_possible(core);
        Ok(())
    }

    fn answer_update(&mut self, core: &mut Core, id: ServerId, request: &Request, body: Option<Vec<u8>>) {
        let mut response = core.response(request, StatusCode::OK);
        describe(core, request, &mut response);
        self.agree(core, request, &mut response);
        self.dialog.refresh_target(&request.headers);
        if let Some(body) = body {
            self.description = body.clone();
            super::body::attach(&mut response.headers, &mut response.body, body);
        }
        core.respond(id, &response);
    }

    /// CANCEL of a re-INVITE that is not answered yet.
    pub fn on_cancel(&mut self, core: &mut Core, invite: ServerId) -> bool {
        match self.theirs.take_if(|theirs| theirs.id == invite) {
            Some(theirs) => {
                core.refuse(theirs.id, &theirs.request, StatusCode::REQUEST_TERMINATED);
                self.offer_when_possible(core);
                true
            }
            None => false,
        }
    }
}

/// Another offer is being answered: come again in a moment (RFC 3261 §14.2, RFC 3311 §5.2).
pub fn refuse_for_now(core: &mut Core, id: ServerId, request: &Request) {
    let mut response = core.response(request, StatusCode::SERVER_INTERNAL_ERROR);
    let seconds = core.chance.between(Duration::ZERO, Duration::from_millis(10)).as_millis();
    response.headers.push_typed(&RetryAfter(seconds as u32));
    core.respond(id, &response);
}

fn brief_retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers.typed::<RetryAfter>().ok()??.0;
    (seconds <= 10).then(|| Duration::from_secs(seconds.max(1).into()))
}
