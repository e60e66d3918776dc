//! A call of ours until it is answered (RFC 3261 §13.2, §9.1).

use super::early::{self, Early, Heard};
use super::forks::{Ack, Forks};
use super::identity::FarEnd;
use super::redirect::Redirection;
use super::session::Session;
use super::{CallTimer, Next, ended, introduce, offers, refresh};
use crate::sip::core::{Core, Owner, Purpose};
use crate::sip::dialog::Dialog;
use crate::sip::event::{CallKey, EndedBy, Event, NotNow};
use crate::sip::message::{
    CSeq, Method, NameAddr, Replaces, Request, Response, RetryAfter, Route, StatusCode, Uri, Via,
};
use crate::sip::timers::PATIENCE;
use crate::sip::transaction::{ClientId, Outcome, Reply, ServerId};
use crate::sip::wire::Due;
use std::net::SocketAddr;
use std::time::Duration;

/// After 100 and then nothing: longer than a proxy's Timer C (RFC 3261 §16.6), so that the PBX gives up first.
const SILENCE: Duration = Duration::from_secs(185);
/// Each hop to the telephone may want longer intervals than the one before; nobody else does.
const MAX_RAISED: u8 = 5;
/// More telephones than an extension has; what others say is not heard.
const MAX_EARLY: usize = 32;
/// It rings: people decide how long, but not for ever where nobody says so.
const RINGING_SILENCE: Duration = Duration::from_secs(600);

pub struct Outgoing {
    key: CallKey,
    call_id: String,
    id: ClientId,
    late_offer: bool,
    redirection: Redirection,
    /// Seconds of session time that those on the way take at least (RFC 4028 §7.3).
    least: u32,
    /// How often they asked for more.
    raised: u8,
    /// A provisional response came: only now may a CANCEL go (§9.1).
    heard: bool,
    cancel: Cancel,
    early: Vec<Early>,
    /// Of the telephone that spoke last, where several ring.
    /// While several ring, the first of them: names that alternate are of no use to anybody.
    far_end: FarEnd,
    /// Their offer in an UPDATE, which the user's side must answer.
    theirs: Option<(ServerId, Request)>,
    forks: Forks,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cancel {
    No,
    /// As soon as a provisional response comes.
    Wanted,
    Sent,
}

impl Outgoing {
    pub fn start(
        core: &mut Core,
        key: CallKey,
        target: Uri,
        offer: Option<Vec<u8>>,
        mention: impl FnOnce(&mut Request),
    ) -> Self {
        let redirection = Redirection::of(target.clone());
        let to = NameAddr::new(target.clone());
        let mut request = core.request(Method::Invite, target, to.clone());
        introduce(core, &mut request);
        refresh::ask(core, &mut request, 0);
        mention(&mut request);
        let late_offer = offer.is_none();
        if let Some(offer) = offer {
            super::body::attach(&mut request.headers, &mut request.body, offer);
        }
        core.authorize(&mut request);
        let call_id = request.headers.first("Call-ID").unwrap_or_default().to_owned();
        let hop = core.next_hop(&request.uri);
        let id = core.send(Owner::Call(key, Purpose::Invite), request, hop);
        Self {
            key,
            call_id,
            id,
            late_offer,
            redirection,
            least: 0,
            raised: 0,
            heard: false,
            cancel: Cancel::No,
            early: Vec::new(),
            far_end: FarEnd::of_called(to),
            theirs: None,
            forks: Forks::default(),
        }
    }

    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// The user has been told of its end; only the other side is still to be.
    pub fn is_over(&self) -> bool {
        self.cancel != Cancel::No
    }

    pub fn owns(&self, request: &Request) -> bool {
        self.early.iter().any(|early| early.dialog.owns(request))
    }

    pub fn is_named_by(&self, replaces: &Replaces) -> bool {
        self.early.iter().any(|early| early.dialog.is_named_by(replaces))
    }

    /// The user is told at once; the other side when it can be.
    pub fn give_up(&mut self, core: &mut Core, by: EndedBy) {
        core.wire.say(ended(self.key, by, None, None));
        self.cancel(core);
    }

    /// Whoever has the INVITE answers to where it came from (RFC 3261 §18.2.2): the user is not left to listen to a
    /// ringing that nobody can end. An INVITE that nobody has yet is repeated from the new address.
    pub fn moved(&mut self, core: &mut Core) {
        if self.heard && !self.is_over() {
            self.give_up(core, EndedBy::Network);
        }
    }

    pub fn on_reply(&mut self, core: &mut Core, reply: Reply<Owner>) -> Next {
        match &reply.outcome {
            Outcome::Response(response) if response.status.is_provisional() => {
                self.on_provisional(core, &reply.request, response);
                Next::Same
            }
            Outcome::Response(response) if response.status.is_success() => {
                self.on_success(core, &reply, response)
            }
            Outcome::Response(response) => self.on_refused(core, &reply, response),
            Outcome::Unreachable if core.transactions.sent(reply.id).is_some() => {
                self.lose(core, &reply.request);
                Next::Same
            }
            Outcome::TimedOut | Outcome::Unreachable => self.end(core, EndedBy::Network, None, None),
        }
    }

    pub fn on_timer(&mut self, core: &mut Core, timer: CallTimer) -> Next {
        match timer {
            CallTimer::Silence if !self.is_over() => {
                self.give_up(core, EndedBy::Network);
                Next::Same
            }
            // No 487 came (§9.1): the transaction is given up.
            CallTimer::CancelPatience => {
                core.transactions.forget(&mut core.wire, self.id);
                Next::Gone
            }
            _ => Next::Same,
        }
    }

    /// The answer to an offer in a reliable response: the oldest that waits for one.
    pub fn acknowledge(&mut self, core: &mut Core, answer: Vec<u8>) -> Result<(), NotNow> {
        let key = self.key;
        let waiting = |early: &&mut Early| early.owes_answer();
        let early =
            self.early.iter_mut().find(waiting).filter(|_| self.cancel == Cancel::No).ok_or(NotNow)?;
        early.acknowledge(core, key, answer);
        Ok(())
    }

    pub fn on_prack_reply(&mut self, core: &mut Core, reply: &Reply<Owner>) {
        if let Outcome::Response(response) = &reply.outcome
            && matches!(response.status.code(), 401 | 407)
            && let Some(early) = self.early.iter_mut().find(|early| early.dialog.is_with(response))
        {
            early.prack_again(core, reply, response);
        }
    }

    /// In an early dialog.
    pub fn on_request(&mut self, core: &mut Core, id: ServerId, request: Request) {
        let Some(early) = self.early.iter_mut().find(|early| early.dialog.owns(&request)) else {
            return;
        };
        let seq = request.headers.require::<CSeq>().map_or(0, |cseq| cseq.seq);
        if early.dialog.accept_seq(seq).is_err() {
            return core.refuse(id, &request, StatusCode::SERVER_INTERNAL_ERROR);
        }
        match request.method {
            Method::Options => super::answer_options(core, id, &request),
            Method::Update => self.on_update(core, id, request),
            // It was answered, none of the answers came through, and they wait for our ACK no longer (RFC 3261 §13.3.1.4).
            Method::Bye => {
                let response = core.response(&request, StatusCode::OK);
                core.respond(id, &response);
                if !self.is_over() {
                    self.give_up(core, EndedBy::Them);
                }
            }
            _ => core.refuse(id, &request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST),
        }
    }

    /// Theirs to send once our offer was answered reliably (RFC 3311 §5.2).
    fn on_update(&mut self, core: &mut Core, id: ServerId, request: Request) {
        if !self.is_over() {
            self.far_end.follow_request(core, self.key, &request);
        }
        let Ok(offer) = super::acceptable(core, id, &request) else {
            return;
        };
        let Some(early) = self.early.iter_mut().find(|early| early.dialog.owns(&request)) else {
            return;
        };
        let Some(offer) = offer else {
            let mut response = core.response(&request, StatusCode::OK);
            super::describe(core, &request, &mut response);
            early.dialog.refresh_target(&request.headers);
            return core.respond(id, &response);
        };
        if early.owes_answer() || self.theirs.is_some() {
            return offers::refuse_for_now(core, id, &request);
        }
        if early.agreed.is_none() || self.cancel != Cancel::No {
            return core.refuse(id, &request, StatusCode::REQUEST_PENDING);
        }
        self.theirs = Some((id, request));
        core.wire.say(Event::Offer { call: self.key, offer: Some(offer) });
    }

    pub fn answer_offer(
        &mut self,
        core: &mut Core,
        answer: Result<Vec<u8>, StatusCode>,
    ) -> Result<(), NotNow> {
        let (id, request) = self.theirs.take().ok_or(NotNow)?;
        let Some(early) = self.early.iter_mut().find(|early| early.dialog.owns(&request)) else {
            return Err(NotNow);
        };
        if let (Ok(ours), Some(agreed)) = (&answer, &mut early.agreed) {
            *agreed = early::Agreed { answer: None, ours: Some(ours.clone()) };
        }
        early::answer(core, &mut early.dialog, id, &request, answer);
        Ok(())
    }

    fn on_provisional(&mut self, core: &mut Core, invite: &Request, response: &Response) {
        self.heard = true;
        if self.cancel == Cancel::Wanted {
            return self.send_cancel(core);
        }
        let silence = if response.status == StatusCode::TRYING { SILENCE } else { RINGING_SILENCE };
        core.wire.after(Due::Call(self.key, CallTimer::Silence), silence);
        if response.status == StatusCode::TRYING || self.is_over() {
            return;
        }
        if response.status == StatusCode::EARLY_DIALOG_TERMINATED {
            return self.on_one_gone(core, response);
        }
        let known = self.early.iter().position(|early| early.dialog.is_with(response));
        if known.is_none() && self.early.len() < MAX_EARLY {
            self.early.extend(Early::of(invite, response));
        }
        let at = known.unwrap_or(self.early.len().saturating_sub(1));
        let Some(early) = self.early.get_mut(at).filter(|early| early.dialog.is_with(response)) else {
            return;
        };
        let body = super::session_body(&response.headers, &response.body).ok().flatten();
        let (body, offer_pending) = match early.take(core, self.key, invite, response, body.as_deref()) {
            Heard::OutOfOrder => return,
            Heard::Reliable { offer_pending } => (body, offer_pending),
            // An offer cannot come so (RFC 3261 §13.2.1); where we made one this is a foretaste of the answer.
            Heard::Plain => (body.filter(|_| !self.late_offer), false),
        };
        if at == 0 {
            self.far_end.follow_response(core, self.key, response);
        }
        let said = (response.status, body);
        if early.last_said.as_ref() != Some(&said) {
            let (status, body) = said.clone();
            early.last_said = Some(said);
            core.wire.say(Event::Ringing { call: self.key, status, body, offer_pending });
        }
    }

    /// One of several telephones gave up (RFC 6228). When it was the one that was heard, another is.
    fn on_one_gone(&mut self, core: &mut Core, response: &Response) {
        let Some(at) = self.early.iter().position(|early| early.dialog.is_with(response)) else {
            return;
        };
        let gone = self.early.remove(at);
        let with_media = |early: &Early| early.last_said.clone().filter(|(_, body)| body.is_some());
        if with_media(&gone).is_some()
            && let Some((status, body)) = self.early.iter().rev().find_map(with_media)
        {
            core.wire.say(Event::Ringing { call: self.key, status, body, offer_pending: false });
        }
    }

    fn on_success(&mut self, core: &mut Core, reply: &Reply<Owner>, response: &Response) -> Next {
        if self.is_over() {
            // The answer crossed our CANCEL (§9.1): taken, and ended.
            self.hand_to_forks();
            self.forks.dismiss(core, &reply.request, response);
            core.wire.timers.cancel(&Due::Call(self.key, CallTimer::CancelPatience));
            core.wire.after(Due::Call(self.key, CallTimer::Forget), PATIENCE);
            return Next::Same;
        }
        core.wire.timers.cancel(&Due::Call(self.key, CallTimer::Silence));
        let Some((dialog, agreed)) = self.take_dialog(&reply.request, response) else {
            self.forks.dismiss(core, &reply.request, response);
            return self.end(core, EndedBy::Network, None, None);
        };
        if let Some((id, request)) = self.theirs.take() {
            core.refuse(id, &request, StatusCode::REQUEST_PENDING);
        }
        let (body, ours) = match &agreed {
            Some(agreed) => (agreed.answer.clone(), agreed.ours.clone()),
            None => (super::session_body(&response.headers, &response.body).ok().flatten(), None),
        };
        self.far_end.follow_response(core, self.key, response);
        let offer_pending = self.late_offer && agreed.is_none() && body.is_some();
        let ack = (!offer_pending).then(|| Ack::send(core, &dialog, &reply.request, None));
        self.hand_to_forks();
        let forks = std::mem::take(&mut self.forks);
        let mut session =
            Session::of_caller(self.key, dialog, self.far_end.clone(), reply.id, &reply.request, ack, forks);
        if let Some(ours) = ours {
            session.description = ours;
        }
        session.least = self.least;
        session.hear(body.as_ref());
        session.on_agreed(core, response);
        core.wire.say(Event::Accepted { call: self.key, body, offer_pending });
        Next::Session(Box::new(session))
    }

    /// Of the telephones that rang, at most one is talked with.
    fn hand_to_forks(&mut self) {
        self.forks.remember(self.early.drain(..).map(|early| early.dialog));
    }

    /// The end that answered, and what was agreed with it before.
    fn take_dialog(
        &mut self,
        invite: &Request,
        response: &Response,
    ) -> Option<(Dialog, Option<early::Agreed>)> {
        match self.early.iter().position(|early| early.dialog.is_with(response)) {
            Some(at) => {
                let Early { mut dialog, agreed, .. } = self.early.swap_remove(at);
                dialog.confirm(response);
                Some((dialog, agreed))
            }
            None => Some((Dialog::of_uac(invite, response)?, None)),
        }
    }

    fn on_refused(&mut self, core: &mut Core, reply: &Reply<Owner>, response: &Response) -> Next {
        let status = response.status;
        if matches!(status.code(), 401 | 407)
            && !self.is_over()
            && let Some(request) = core.answer_challenge(reply, response)
        {
            self.invite_again(core, reply.owner, request, reply.challenges + 1);
            return Next::Same;
        }
        if status == StatusCode::SESSION_INTERVAL_TOO_SMALL
            && !self.is_over()
            && self.raised < MAX_RAISED
            && let Some(least) = refresh::raised(&reply.request, response)
        {
            self.least = least;
            self.raised += 1;
            let mut request = reply.request.clone();
            request.headers.remove("Via");
            refresh::ask(core, &mut request, least);
            core.authorize(&mut request);
            self.invite_again(core, reply.owner, request, reply.challenges);
            return Next::Same;
        }
        if !self.is_over()
            && let Some(target) = self.elsewhere(core, response)
        {
            let mut request = reply.request.clone();
            request.headers.remove("Via");
            request.uri = target;
            core.authorize(&mut request);
            self.invite_again(core, reply.owner, request, 0);
            return Next::Same;
        }
        if !self.is_over() {
            core.wire.say(Event::Ended {
                call: self.key,
                by: EndedBy::Them,
                status: Some(status),
                reason: Some(response.reason.clone()),
                answered_elsewhere: false,
                retry_after: when_again(response),
            });
        }
        Next::Gone
    }

    /// Where else the call may go after a refusal. 6xx speaks for everybody (RFC 3261 §21.6).
    fn elsewhere(&mut self, core: &Core, response: &Response) -> Option<Uri> {
        let status = response.status.code();
        if !core.config.calls.follow_redirects || status >= 600 {
            return None;
        }
        if status < 400 {
            self.redirection.take(response);
        }
        self.redirection.next()
    }

    fn invite_again(&mut self, core: &mut Core, owner: Owner, mut request: Request, challenges: u32) {
        let seq = request.headers.require::<CSeq>().map_or(0, |cseq| cseq.seq);
        request.headers.set(&CSeq::new(seq.saturating_add(1), Method::Invite));
        self.heard = false;
        self.early.clear();
        let hop = core.next_hop(&request.uri);
        self.id = core.send_again(owner, request, hop, challenges);
    }

    fn end(&self, core: &mut Core, by: EndedBy, status: Option<StatusCode>, reason: Option<String>) -> Next {
        if !self.is_over() {
            core.wire.say(ended(self.key, by, status, reason));
        }
        Next::Gone
    }

    /// The connection broke. Who was reached rings on, or answers just now: what comes of it comes over the next
    /// connection, and is sent away.
    fn lose(&mut self, core: &mut Core, invite: &Request) {
        if !self.is_over() {
            core.wire.say(ended(self.key, EndedBy::Network, None, None));
            core.wire.timers.cancel(&Due::Call(self.key, CallTimer::Silence));
            self.cancel = if self.heard { Cancel::Sent } else { Cancel::Wanted };
            if self.heard {
                let to = core.next_hop(&invite.uri);
                core.send(Owner::Call(self.key, Purpose::Cancel), cancel_of(invite), to);
            }
        }
        core.wire.after(Due::Call(self.key, CallTimer::CancelPatience), PATIENCE);
    }

    fn cancel(&mut self, core: &mut Core) {
        core.wire.timers.cancel(&Due::Call(self.key, CallTimer::Silence));
        match (self.cancel, self.heard) {
            (Cancel::Sent, _) => {}
            (_, true) => self.send_cancel(core),
            (_, false) => self.cancel = Cancel::Wanted,
        }
    }

    fn send_cancel(&mut self, core: &mut Core) {
        self.cancel = Cancel::Sent;
        let Some((invite, to)) = core.transactions.sent(self.id) else {
            return;
        };
        let (cancel, to): (Request, SocketAddr) = (cancel_of(invite), to);
        core.send(Owner::Call(self.key, Purpose::Cancel), cancel, to);
        core.wire.after(Due::Call(self.key, CallTimer::CancelPatience), PATIENCE);
    }
}

fn when_again(response: &Response) -> Option<Duration> {
    let seconds = response.headers.typed::<RetryAfter>().ok()??.0;
    Some(Duration::from_secs(seconds.into()))
}

/// Same Request-URI, Via, From, To, Call-ID, Route and number as the INVITE (§9.1).
pub fn cancel_of(invite: &Request) -> Request {
    let mut cancel = Request::new(Method::Cancel, invite.uri.clone());
    if let Ok(via) = invite.headers.require::<Via>() {
        cancel.headers.push_typed(&via);
    }
    cancel.headers.push("Max-Forwards", "70");
    for route in invite.headers.typed_all::<Route>().unwrap_or_default() {
        cancel.headers.push_typed(&route);
    }
    for name in ["From", "To", "Call-ID"] {
        cancel.headers.push(name, invite.headers.first(name).unwrap_or_default());
    }
    let seq = invite.headers.require::<CSeq>().map_or(0, |cseq| cseq.seq);
    cancel.headers.push_typed(&CSeq::new(seq, Method::Cancel));
    cancel
}
