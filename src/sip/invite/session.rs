//! A call that was answered: what both ends may still ask of each other, until one says BYE.

use super::forks::{Ack, Forks};
use super::identity::FarEnd;
use super::incoming::reason_text;
use super::offers::{Ours, Theirs};
use super::refresh::Timing;
use super::{CallTimer, describe, ended, introduce};
use crate::sip::core::{Core, Owner, Purpose, refuse_method};
use crate::sip::dialog::Dialog;
use crate::sip::event::{CallKey, EndedBy, Event, NotNow};
use crate::sip::message::{CSeq, Method, RAck, Request, Response, StatusCode};
use crate::sip::refer::Refer;
use crate::sip::referred::{LASTS, Referred};
use crate::sip::timers::{PATIENCE, T1, backed_off};
use crate::sip::transaction::{ClientId, Outcome, Reply, ServerId};
use crate::sip::wire::Due;
use std::time::Duration;

pub struct Session {
    pub(super) key: CallKey,
    pub(super) dialog: Dialog,
    pub(super) far_end: FarEnd,
    /// Whoever made the Call-ID waits longer after 491 (RFC 3261 §14.1).
    pub(super) caller: bool,
    pub(super) over: Over,
    /// Their BYE came.
    left: bool,
    /// What our BYE says besides, where nobody hung up (RFC 3326).
    pub(super) why: Option<&'static str>,
    /// ACKs of ours by their INVITE: sent again when its 2xx comes again.
    pub(super) acks: Vec<(ClientId, Ack)>,
    forks: Forks,
    /// Our INVITE without an offer: the 2xx had one, and the ACK must answer it.
    late: Option<(ClientId, Request)>,
    pub(super) unacked: Option<Unacked>,
    /// A provisional response of ours that our 2xx overtook.
    pub(super) unpracked: Option<RAck>,
    pub(super) ours: Option<Ours>,
    pub(super) theirs: Option<Theirs>,
    pub(super) timing: Option<Timing>,
    /// Seconds of session time that those on the way take at least, when one of them said so.
    pub(super) least: u32,
    /// What we last said of the session, offer or answer: repeated in a refresh.
    pub(super) description: Vec<u8>,
    /// What they last said of it: a refresh that brings something else is news.
    pub(super) their_description: Option<Vec<u8>>,
    /// The other side's Allow has UPDATE.
    pub(super) updates: bool,
    /// It has INFO.
    pub(super) informs: bool,
    /// Of ours, the last one last: those before it that are not decided, too.
    pub(super) refers: Vec<Refer>,
    pub(super) referred: Option<Referred>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Over {
    No,
    /// For the user it is; the BYE waits for the ACK (RFC 3261 §15).
    ByeWaits,
    Yes,
}

/// Our 2xx, repeated until its ACK comes (RFC 3261 §13.3.1.4).
pub(super) struct Unacked {
    id: ServerId,
    response: Response,
    seq: u32,
    interval: Duration,
    /// It holds our offer: the ACK brings the answer.
    pub(super) offered: bool,
    initial: bool,
}

impl Session {
    /// Our INVITE was answered. Without an ACK its 2xx held an offer, which `acknowledge` answers.
    pub fn of_caller(
        key: CallKey,
        dialog: Dialog,
        far_end: FarEnd,
        id: ClientId,
        invite: &Request,
        ack: Option<Ack>,
        forks: Forks,
    ) -> Self {
        let late = ack.is_none().then(|| (id, invite.clone()));
        let acks = ack.into_iter().map(|ack| (id, ack)).collect();
        Self {
            caller: true,
            acks,
            forks,
            late,
            description: invite.body.clone(),
            ..Self::new(key, dialog, far_end)
        }
    }

    /// An INVITE that we are about to answer.
    pub fn of_called(key: CallKey, dialog: Dialog, far_end: FarEnd) -> Self {
        Self::new(key, dialog, far_end)
    }

    fn new(key: CallKey, dialog: Dialog, far_end: FarEnd) -> Self {
        Self {
            key,
            dialog,
            far_end,
            caller: false,
            over: Over::No,
            left: false,
            why: None,
            acks: Vec::new(),
            forks: Forks::default(),
            late: None,
            unacked: None,
            unpracked: None,
            ours: None,
            theirs: None,
            timing: None,
            least: 0,
            description: Vec::new(),
            their_description: None,
            updates: false,
            informs: false,
            refers: Vec::new(),
            referred: None,
        }
    }

    pub fn call_id(&self) -> &str {
        self.dialog.call_id()
    }

    pub fn is_over(&self) -> bool {
        self.over != Over::No
    }

    /// Our BYE has not gone yet.
    pub fn bye_waits(&self) -> bool {
        self.over == Over::ByeWaits
    }

    pub fn owns(&self, request: &Request) -> bool {
        self.dialog.owns(request)
    }

    // -- commands

    pub fn hang_up(&mut self, core: &mut Core) {
        core.wire.say(ended(self.key, EndedBy::Us, None, None));
        self.leave(core);
    }

    pub fn acknowledge(&mut self, core: &mut Core, answer: Vec<u8>) -> Result<(), NotNow> {
        let (id, invite) = self.late.take().ok_or(NotNow)?;
        self.description = answer.clone();
        let ack = Ack::send(core, &self.dialog, &invite, Some(answer));
        self.acks.push((id, ack));
        self.offer_when_possible(core);
        Ok(())
    }

    /// Asks, without disturbing anything, whether the other end still knows this call. What is under way asks that
    /// as well, and would be refused for its number if this overtook it (RFC 3261 §12.2.2); and where our answer may not have
    /// arrived, nobody knows of the call yet, and a question that overtakes the next repetition would end it.
    pub fn check(&mut self, core: &mut Core) {
        let key = self.key;
        let answering = self.unacked.as_ref().is_some_and(|unacked| unacked.initial);
        let asking = core.transactions.expects(|owner| matches!(owner, Owner::Call(call, _) if *call == key));
        if core.config.transport.is_reliable() {
            // The old connection was where the PBX reached us: it is told of the new one.
            self.refresh(core);
        } else if !self.is_over() && !asking && !answering {
            let request = self.build(core, Method::Options);
            self.send(core, Purpose::Check, request);
        }
    }

    // -- what arrives

    pub fn on_reply(&mut self, core: &mut Core, purpose: Purpose, reply: Reply<Owner>) {
        if purpose != Purpose::Invite
            && let Outcome::Response(response) = &reply.outcome
            && matches!(response.status.code(), 401 | 407)
            && !self.refers.iter().any(|refer| refer.is_about(reply.id) && refer.is_done())
            && let Some(id) = self.again(core, &reply, response)
        {
            return self.renumber(reply.id, id);
        }
        match purpose {
            Purpose::Invite => self.on_invite_reply(core, &reply),
            Purpose::Reinvite => self.on_reinvite_reply(core, &reply),
            Purpose::Update => self.on_update_reply(core, &reply),
            Purpose::Refer => self.on_refer_reply(core, &reply),
            Purpose::Notify => self.on_notify_reply(core, &reply),
            Purpose::Digit => self.on_digit_reply(core, &reply),
            Purpose::Check if is_gone(&reply.outcome) => self.vanish(core),
            Purpose::Check if matches!(reply.outcome, Outcome::TimedOut) => self.check(core),
            Purpose::Check | Purpose::Bye | Purpose::Cancel | Purpose::Prack => {}
        }
    }

    pub fn on_request(&mut self, core: &mut Core, id: ServerId, request: Request) {
        let seq = request.headers.require::<CSeq>().map_or(0, |cseq| cseq.seq);
        if self.dialog.accept_seq(seq).is_err() {
            return core.refuse(id, &request, StatusCode::SERVER_INTERNAL_ERROR);
        }
        match request.method {
            Method::Bye => self.on_bye(core, id, &request),
            Method::Notify => self.on_notify(core, id, &request),
            Method::Prack => self.on_prack(core, id, &request),
            _ if self.is_over() => core.refuse(id, &request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST),
            Method::Invite | Method::Update => self.on_offer(core, id, request),
            Method::Info => self.on_info(core, id, &request),
            Method::Refer => self.on_refer(core, id, request),
            Method::Options => answer_options(core, id, &request),
            _ => refuse_method(core, id, &request),
        }
    }

    /// The ACK of a 2xx of ours.
    pub fn on_ack(&mut self, core: &mut Core, ack: &Request) {
        let seq = ack.headers.require::<CSeq>().map_or(0, |cseq| cseq.seq);
        let Some(unacked) = self.unacked.take_if(|unacked| unacked.seq == seq) else {
            return;
        };
        core.wire.timers.cancel(&Due::Call(self.key, CallTimer::Repeat2xx));
        core.wire.timers.cancel(&Due::Call(self.key, CallTimer::AckPatience));
        if self.over == Over::ByeWaits {
            return self.send_bye(core);
        }
        if self.is_over() {
            return;
        }
        self.time_from_ack(core);
        if unacked.initial || unacked.offered {
            let body = super::session_body(&ack.headers, &ack.body).ok().flatten();
            let answer = body.filter(|_| unacked.offered);
            self.hear(answer.as_ref());
            core.wire.say(Event::Confirmed { call: self.key, answer });
        }
        self.offer_when_possible(core);
    }

    pub fn on_timer(&mut self, core: &mut Core, timer: CallTimer) {
        match timer {
            CallTimer::Repeat2xx => self.repeat_2xx(core),
            CallTimer::AckPatience => self.on_ack_missing(core),
            CallTimer::Glare => self.offer_when_possible(core),
            CallTimer::OfferSilence => self.withdraw_offer(core),
            CallTimer::Refresh => self.refresh(core),
            CallTimer::SessionExpired => self.expire(core),
            CallTimer::ReferSilent => {
                if let Some(refer) = self.refers.last_mut() {
                    refer.on_silence(core);
                }
            }
            _ => {}
        }
    }

    // -- INVITE and its 2xx

    /// Answers an INVITE or re-INVITE; repeated until the ACK comes.
    pub(super) fn answer_invite(
        &mut self,
        core: &mut Core,
        id: ServerId,
        request: &Request,
        body: Option<Vec<u8>>,
        offered: bool,
        initial: bool,
    ) {
        let mut response = core.response(request, StatusCode::OK);
        describe(core, request, &mut response);
        self.agree(core, request, &mut response);
        if let Some(body) = body {
            self.description = body.clone();
            super::body::attach(&mut response.headers, &mut response.body, body);
        }
        core.respond(id, &response);
        // Who asks again has our 2xx; only the ACK was lost.
        if self.unacked.as_ref().is_some_and(|before| before.initial && !before.offered) {
            core.wire.say(Event::Confirmed { call: self.key, answer: None });
        }
        let seq = request.headers.require::<CSeq>().map_or(0, |cseq| cseq.seq);
        self.unacked = Some(Unacked { id, response, seq, interval: T1, offered, initial });
        core.wire.after(Due::Call(self.key, CallTimer::Repeat2xx), T1);
        core.wire.after(Due::Call(self.key, CallTimer::AckPatience), PATIENCE);
    }

    fn repeat_2xx(&mut self, core: &mut Core) {
        let Some(unacked) = &mut self.unacked else {
            return;
        };
        core.transactions.respond(&mut core.wire, unacked.id, &unacked.response);
        unacked.interval = backed_off(unacked.interval);
        core.wire.after(Due::Call(self.key, CallTimer::Repeat2xx), unacked.interval);
    }

    fn on_ack_missing(&mut self, core: &mut Core) {
        self.unacked = None;
        match self.over {
            Over::No => {
                self.why = Some(r#"SIP;cause=408;text="No ACK came""#);
                self.end(core, EndedBy::Network, None);
            }
            Over::ByeWaits => self.send_bye(core),
            Over::Yes => {}
        }
    }

    fn on_invite_reply(&mut self, core: &mut Core, reply: &Reply<Owner>) {
        let Outcome::Response(response) = &reply.outcome else {
            return;
        };
        if !response.status.is_success() {
            return;
        }
        if !self.dialog.is_with(response) {
            return self.forks.dismiss(core, &reply.request, response);
        }
        self.repeat_ack(core, reply.id);
    }

    pub(super) fn repeat_ack(&self, core: &mut Core, id: ClientId) {
        if let Some((_, ack)) = self.acks.iter().find(|(invite, _)| *invite == id) {
            ack.repeat(core);
        }
    }

    pub(super) fn hear(&mut self, description: Option<&Vec<u8>>) {
        if let Some(description) = description {
            self.their_description = Some(description.clone());
        }
    }

    // -- the end

    /// One that crosses ours is answered like any other; another one of theirs finds no dialog (RFC 3261 §15.1.2).
    fn on_bye(&mut self, core: &mut Core, id: ServerId, request: &Request) {
        if std::mem::replace(&mut self.left, true) {
            return core.refuse(id, request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST);
        }
        core.refuse(id, request, StatusCode::OK);
        if let Some(theirs) = self.theirs.take() {
            core.refuse(theirs.id, &theirs.request, StatusCode::REQUEST_TERMINATED);
        }
        if !self.is_over() {
            core.wire.say(ended(self.key, EndedBy::Them, None, reason_text(&request.headers)));
            self.refers.iter_mut().for_each(Refer::hush);
        }
        self.acknowledge_unanswered(core);
        self.unacked = None;
        self.conclude(core);
    }

    /// Ends a call that we see has ended, and says BYE all the same.
    pub(super) fn end(&mut self, core: &mut Core, by: EndedBy, status: Option<StatusCode>) {
        if !self.is_over() {
            core.wire.say(ended(self.key, by, status, None));
            self.leave(core);
        }
    }

    /// The other end says that there is no such call: no BYE would find it.
    pub(super) fn vanish(&mut self, core: &mut Core) {
        if !self.is_over() {
            let status = StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST;
            core.wire.say(ended(self.key, EndedBy::Network, Some(status), None));
            self.unacked = None;
            self.conclude(core);
        }
    }

    fn leave(&mut self, core: &mut Core) {
        if let Some(theirs) = self.theirs.take() {
            core.refuse(theirs.id, &theirs.request, StatusCode::REQUEST_TERMINATED);
        }
        self.acknowledge_unanswered(core);
        if self.unacked.as_ref().is_some_and(|unacked| unacked.initial) {
            self.over = Over::ByeWaits;
            return;
        }
        self.send_bye(core);
    }

    /// Their offer in a 2xx, to which nobody will give an answer any more: else it is repeated.
    fn acknowledge_unanswered(&mut self, core: &mut Core) {
        if let Some((id, invite)) = self.late.take() {
            let ack = Ack::send(core, &self.dialog, &invite, None);
            self.acks.push((id, ack));
        }
    }

    fn send_bye(&mut self, core: &mut Core) {
        let mut request = self.build(core, Method::Bye);
        if let Some(why) = self.why {
            request.headers.push("Reason", why);
        }
        self.send(core, Purpose::Bye, request);
        self.unacked = None;
        self.conclude(core);
    }

    /// Stays to answer what is still under way, and to hear of a transfer.
    fn conclude(&mut self, core: &mut Core) {
        self.over = Over::Yes;
        self.ours = None;
        if let Some(referred) = &mut self.referred {
            referred.withdraw(core);
        }
        let key = self.key;
        core.wire.timers.cancel_where(
            |due| matches!(due, Due::Call(owner, timer) if *owner == key && *timer != CallTimer::ReferSilent),
        );
        self.linger(core);
    }

    /// A subscription outlives its dialog (RFC 5057 §4.2), whoever waits for its last word.
    pub(super) fn linger(&self, core: &mut Core) {
        if !self.is_over() {
            return;
        }
        let theirs = self.referred.as_ref().is_some_and(Referred::wants_news);
        let ours = self.refers.last().is_some_and(|refer| !refer.is_done());
        let time = match (theirs, ours) {
            (true, _) => Duration::from_secs(LASTS.into()),
            (false, true) => PATIENCE.saturating_mul(4),
            (false, false) => PATIENCE,
        };
        core.wire.after(Due::Call(self.key, CallTimer::Forget), time);
    }

    // -- what else may be asked

    /// Late, for a provisional response that needs it no longer (RFC 3262 §3).
    fn on_prack(&mut self, core: &mut Core, id: ServerId, prack: &Request) {
        let status = match self.unpracked.take_if(|rack| super::reliable::acknowledges(prack, rack)) {
            Some(_) => StatusCode::OK,
            None => StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST,
        };
        core.refuse(id, prack, status);
    }

    // -- requests of ours

    /// Nothing of the first INVITE is open any more.
    pub(super) fn is_settled(&self) -> bool {
        self.late.is_none() && !self.unacked.as_ref().is_some_and(|unacked| unacked.initial)
    }

    pub(super) fn owes_answer(&self) -> bool {
        self.late.is_some()
    }

    pub(super) fn build(&mut self, core: &Core, method: Method) -> Request {
        let mut request = self.dialog.request(method);
        if !matches!(request.method, Method::Bye | Method::Info | Method::Prack) {
            introduce(core, &mut request);
        }
        request
    }

    pub(super) fn send(&self, core: &mut Core, purpose: Purpose, mut request: Request) -> ClientId {
        core.authorize(&mut request);
        let to = self.dialog.next_hop(core.config.server);
        core.send(Owner::Call(self.key, purpose), request, to)
    }

    /// With an answer to the challenge and the dialog's next number.
    fn again(&mut self, core: &mut Core, reply: &Reply<Owner>, response: &Response) -> Option<ClientId> {
        let mut request = core.answer_challenge(reply, response)?;
        let seq = self.dialog.next_seq();
        request.headers.set(&CSeq::new(seq, request.method.clone()));
        let to = self.dialog.next_hop(core.config.server);
        Some(core.send_again(reply.owner, request, to, reply.challenges + 1))
    }

    /// What waited for one transaction now waits for its successor.
    fn renumber(&mut self, old: ClientId, new: ClientId) {
        if let Some(ours) = &mut self.ours {
            ours.renumber(old, new);
        }
        self.refers.iter_mut().for_each(|refer| refer.renumber(old, new));
    }
}

/// As an INVITE would be answered: yes (RFC 3261 §11.2).
pub fn answer_options(core: &mut Core, id: ServerId, request: &Request) {
    let mut response = core.response(request, StatusCode::OK);
    describe(core, request, &mut response);
    response.headers.push("Accept", crate::sip::core::ACCEPTED);
    core.respond(id, &response);
}

pub(super) fn is_gone(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Response(response)
        if response.status == StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST)
}
