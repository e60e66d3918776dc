//! Calls: INVITE sessions from the first message to the last (RFC 3261 §13–§15, RFC 3311, RFC 4028).
//!
//! A call is `Outgoing` or `Incoming` until a 2xx, then a `Session`. Ended, it stays for a while to answer
//! what still arrives.

mod body;
mod early;
mod forks;
mod identity;
mod incoming;
mod info;
mod offers;
mod outgoing;
mod redirect;
mod refresh;
mod reliable;
mod replace;
mod session;
#[cfg(test)]
mod tests;
mod transfer;

pub use body::session as session_body;
pub use session::answer_options;

use super::core::{Core, Owner, Purpose};
use super::event::{CallKey, EndedBy, Event, NotNow, ReferKey};
use super::message::{Method, Request, Response, StatusCode, To, Uri};
use super::transaction::{Reply, ServerId};
use super::wire::Due;
use incoming::Incoming;
use outgoing::Outgoing;
use session::Session;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CallTimer {
    /// Our INVITE is under way and nothing more is heard of it.
    Silence,
    /// Our CANCEL brought no end.
    CancelPatience,
    /// 180 is said again every minute (RFC 3261 §13.3.1.1).
    RingAgain,
    /// Our reliable provisional response again, until its PRACK comes (RFC 3262 §3).
    RepeatReliable,
    ReliablePatience,
    /// The caller's INVITE is valid no longer (its Expires).
    InviteExpires,
    /// Our 2xx again, until its ACK comes.
    Repeat2xx,
    AckPatience,
    /// Our re-INVITE again, after 491 (RFC 3261 §14.1).
    Glare,
    /// Our re-INVITE was told 100 and then nothing.
    OfferSilence,
    /// Time to refresh the session, or to end one that was not refreshed (RFC 4028 §10).
    Refresh,
    SessionExpired,
    /// No word of a transfer.
    ReferSilent,
    /// Nothing that still arrives is about this call.
    Forget,
}

#[derive(Default)]
pub struct Calls {
    calls: BTreeMap<CallKey, Call>,
    opened_so_far: u64,
    /// Ours that nobody counts among the calls that may stand.
    errands: BTreeSet<CallKey>,
}

enum Call {
    Outgoing(Box<Outgoing>),
    Incoming(Box<Incoming>),
    Session(Box<Session>),
}

/// What a call is after something happened to it.
enum Next {
    Same,
    Session(Box<Session>),
    Gone,
}

impl Calls {
    /// All that are remembered, those included that only answer what still arrives.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether somebody may not know yet that a call has ended: BYE, CANCEL or refusal are still under way.
    pub fn owes_goodbye(&self, core: &Core) -> bool {
        let waiting = |call: &Call| match call {
            Call::Session(session) => session.bye_waits(),
            Call::Outgoing(_) | Call::Incoming(_) => false,
        };
        let is_goodbye = |owner: &Owner| match owner {
            Owner::Nobody | Owner::Call(_, Purpose::Bye | Purpose::Cancel) => true,
            // Given up, and not yet told.
            Owner::Call(key, Purpose::Invite) => self.calls.get(key).is_some_and(Call::is_over),
            _ => false,
        };
        self.calls.values().any(waiting)
            || core.transactions.expects(is_goodbye)
            || core.transactions.refusal_unacknowledged()
    }

    pub fn call_id(&self, key: CallKey) -> Option<&str> {
        Some(match self.calls.get(&key)? {
            Call::Outgoing(call) => call.call_id(),
            Call::Incoming(call) => call.call_id(),
            Call::Session(session) => session.call_id(),
        })
    }

    // -- commands

    /// `mention` adds what else the INVITE says.
    pub fn invite(
        &mut self,
        core: &mut Core,
        target: Uri,
        offer: Option<Vec<u8>>,
        mention: impl FnOnce(&mut Request),
    ) -> CallKey {
        let key = self.next_key();
        let call = Outgoing::start(core, key, target, offer, mention);
        self.calls.insert(key, Call::Outgoing(Box::new(call)));
        key
    }

    /// This call keeps no other from standing.
    pub fn set_apart(&mut self, key: CallKey) {
        self.errands.retain(|errand| self.calls.contains_key(errand));
        self.errands.insert(key);
    }

    pub fn ring(
        &mut self,
        core: &mut Core,
        key: CallKey,
        status: StatusCode,
        body: Option<Vec<u8>>,
    ) -> Result<(), NotNow> {
        match self.calls.get_mut(&key) {
            Some(Call::Incoming(call)) => call.ring(core, status, body),
            _ => Err(NotNow),
        }
    }

    pub fn accept(&mut self, core: &mut Core, key: CallKey, body: Vec<u8>) -> Result<(), NotNow> {
        let Some(Call::Incoming(call)) = self.calls.get_mut(&key) else {
            return Err(NotNow);
        };
        let next = call.accept(core, body)?;
        self.turn(core, key, next);
        Ok(())
    }

    pub fn reject(&mut self, core: &mut Core, key: CallKey, status: StatusCode) -> Result<(), NotNow> {
        match self.calls.get_mut(&key) {
            Some(Call::Incoming(call)) if status.code() >= 300 => {
                let next = call.reject(core, status);
                self.turn(core, key, next);
                Ok(())
            }
            _ => Err(NotNow),
        }
    }

    pub fn hang_up(&mut self, core: &mut Core, key: CallKey) -> Result<(), NotNow> {
        let call = self.calls.get_mut(&key).filter(|call| !call.is_over()).ok_or(NotNow)?;
        let next = match call {
            Call::Outgoing(call) => {
                call.give_up(core, EndedBy::Us);
                Next::Same
            }
            // Not 603, which ends the search for anybody else (RFC 3261 §21.6.2): it may be the program that goes.
            Call::Incoming(call) => call.reject(core, StatusCode::TEMPORARILY_UNAVAILABLE),
            Call::Session(session) => {
                session.hang_up(core);
                Next::Same
            }
        };
        self.turn(core, key, next);
        Ok(())
    }

    pub fn reoffer(&mut self, core: &mut Core, key: CallKey, offer: Vec<u8>) -> Result<(), NotNow> {
        self.session(key)?.reoffer(core, offer)
    }

    pub fn answer_offer(
        &mut self,
        core: &mut Core,
        key: CallKey,
        answer: Result<Vec<u8>, StatusCode>,
    ) -> Result<(), NotNow> {
        match self.calls.get_mut(&key) {
            Some(Call::Incoming(call)) => call.answer_offer(core, answer),
            Some(Call::Outgoing(call)) => call.answer_offer(core, answer),
            _ => self.session(key)?.answer_offer(core, answer),
        }
    }

    pub fn acknowledge(&mut self, core: &mut Core, key: CallKey, answer: Vec<u8>) -> Result<(), NotNow> {
        match self.calls.get_mut(&key) {
            Some(Call::Outgoing(call)) => call.acknowledge(core, answer),
            _ => self.session(key)?.acknowledge(core, answer),
        }
    }

    pub fn refer(&mut self, core: &mut Core, key: CallKey, target: Uri) -> Result<ReferKey, NotNow> {
        self.session(key)?.refer(core, target)
    }

    /// Whether digits may go by INFO.
    pub fn takes_digits(&self, key: CallKey) -> bool {
        matches!(self.calls.get(&key), Some(Call::Session(session)) if session.informs && !session.is_over())
    }

    pub fn send_digit(&mut self, core: &mut Core, key: CallKey, digit: char) -> Result<(), NotNow> {
        self.session(key)?.send_digit(core, digit)
    }

    pub fn answer_refer(
        &mut self,
        core: &mut Core,
        key: CallKey,
        answer: Result<(), StatusCode>,
    ) -> Result<(), NotNow> {
        self.session(key)?.answer_refer(core, answer)
    }

    /// Also after the call has ended: who asked may still listen.
    pub fn refer_progress(
        &mut self,
        core: &mut Core,
        key: CallKey,
        status: StatusCode,
        reason: &str,
    ) -> Result<(), NotNow> {
        match self.calls.get_mut(&key) {
            Some(Call::Session(session)) => session.refer_progress(core, status, reason),
            _ => Err(NotNow),
        }
    }

    /// After an outage: asks for each call that stands whether the PBX still knows it.
    pub fn check(&mut self, core: &mut Core) {
        for call in self.calls.values_mut() {
            if let Call::Session(session) = call {
                session.check(core);
            }
        }
    }

    /// Our address is another one now.
    pub fn moved(&mut self, core: &mut Core) {
        for call in self.calls.values_mut() {
            if let Call::Outgoing(call) = call {
                call.moved(core);
            }
        }
    }

    // -- what arrives

    pub fn on_reply(
        &mut self,
        core: &mut Core,
        key: CallKey,
        purpose: Purpose,
        reply: Reply<super::core::Owner>,
    ) {
        let next = match self.calls.get_mut(&key) {
            Some(Call::Outgoing(call)) if purpose == Purpose::Invite => call.on_reply(core, reply),
            Some(Call::Outgoing(call)) if purpose == Purpose::Prack => {
                call.on_prack_reply(core, &reply);
                Next::Same
            }
            Some(Call::Session(session)) => {
                session.on_reply(core, purpose, reply);
                Next::Same
            }
            _ => Next::Same,
        };
        self.turn(core, key, next);
    }

    pub fn on_timer(&mut self, core: &mut Core, key: CallKey, timer: CallTimer) {
        let next = match self.calls.get_mut(&key) {
            Some(_) if timer == CallTimer::Forget => Next::Gone,
            Some(Call::Outgoing(call)) => call.on_timer(core, timer),
            Some(Call::Incoming(call)) => call.on_timer(core, timer),
            Some(Call::Session(session)) => {
                session.on_timer(core, timer);
                Next::Same
            }
            None => Next::Same,
        };
        self.turn(core, key, next);
    }

    /// A new INVITE that is ours to answer: the user is asked, or it is refused here.
    pub fn on_invite(&mut self, core: &mut Core, id: ServerId, request: Request) {
        let Ok(offer) = acceptable(core, id, &request) else {
            return;
        };
        let Ok(replaces) = self.replaced(core, id, &request) else {
            return;
        };
        let counts = |(key, call): &(&CallKey, &Call)| !call.is_over() && !self.errands.contains(key);
        let standing = self.calls.iter().filter(counts).count();
        let others = standing.saturating_sub(usize::from(replaces.is_some()));
        let full = others >= core.config.max_calls;
        let key = self.next_key();
        let Some(call) = Incoming::start(core, key, id, request, offer, replaces) else {
            return;
        };
        if full {
            return call.decline(core, StatusCode::BUSY_HERE);
        }
        call.announce(core);
        self.calls.insert(key, Call::Incoming(Box::new(call)));
    }

    /// CANCEL of a pending INVITE, which is answered 487 (RFC 3261 §9.2).
    pub fn on_cancel(&mut self, core: &mut Core, invite: ServerId, cancel: &Request) {
        let found = self.calls.iter_mut().find_map(|(key, call)| match call {
            Call::Incoming(call) if call.is_about(invite) => Some((*key, call.on_cancel(core, cancel))),
            Call::Session(session) => session.on_cancel(core, invite).then_some((*key, Next::Same)),
            _ => None,
        });
        if let Some((key, next)) = found {
            self.turn(core, key, next);
        }
    }

    /// The To of an INVITE that waits for its answer, with our tag in it.
    pub fn to_of(&self, invite: ServerId) -> Option<To> {
        self.calls.values().find_map(|call| match call {
            Call::Incoming(call) if call.is_about(invite) => call.to(),
            _ => None,
        })
    }

    /// The call whose dialog this request belongs to.
    pub fn find(&self, request: &Request) -> Option<CallKey> {
        let owns = |call: &Call| match call {
            Call::Outgoing(call) => call.owns(request),
            Call::Incoming(call) => call.owns(request),
            Call::Session(session) => session.owns(request),
        };
        self.calls.iter().find(|(_, call)| owns(call)).map(|(key, _)| *key)
    }

    pub fn on_request(&mut self, core: &mut Core, key: CallKey, id: ServerId, request: Request) {
        let next = match self.calls.get_mut(&key) {
            Some(Call::Outgoing(call)) => {
                call.on_request(core, id, request);
                Next::Same
            }
            Some(Call::Incoming(call)) => call.on_request(core, id, request),
            Some(Call::Session(session)) => {
                session.on_request(core, id, request);
                Next::Same
            }
            None => Next::Same,
        };
        self.turn(core, key, next);
    }

    pub fn on_ack(&mut self, core: &mut Core, key: CallKey, ack: &Request) {
        if let Some(Call::Session(session)) = self.calls.get_mut(&key) {
            session.on_ack(core, ack);
        }
    }

    // -- below

    fn next_key(&mut self) -> CallKey {
        self.opened_so_far += 1;
        CallKey(self.opened_so_far)
    }

    fn session(&mut self, key: CallKey) -> Result<&mut Session, NotNow> {
        match self.calls.get_mut(&key) {
            Some(Call::Session(session)) if !session.is_over() => Ok(session),
            _ => Err(NotNow),
        }
    }

    fn turn(&mut self, core: &mut Core, key: CallKey, next: Next) {
        match next {
            Next::Same => {}
            Next::Session(session) => {
                let before = self.calls.insert(key, Call::Session(session));
                if let Some(Call::Incoming(call)) = before
                    && let Some(other) = call.replaces()
                {
                    self.give_way(core, other);
                }
            }
            Next::Gone => {
                self.calls.remove(&key);
                let ours =
                    |owner: &Owner| matches!(owner, Owner::Call(call, Purpose::Reinvite) if *call == key);
                core.transactions.abandon(&mut core.wire, ours);
                core.wire.timers.cancel_where(|due| matches!(due, Due::Call(owner, _) if *owner == key));
            }
        }
    }
}

impl Call {
    fn is_over(&self) -> bool {
        match self {
            Self::Outgoing(call) => call.is_over(),
            Self::Incoming(_) => false,
            Self::Session(session) => session.is_over(),
        }
    }
}

/// Extensions, session timer and body of an INVITE, re-INVITE or UPDATE that we can work with; others are refused here
/// (RFC 3261 §8.2.2.3, §8.2.3).
fn acceptable(core: &mut Core, id: ServerId, request: &Request) -> Result<Option<Vec<u8>>, Refused> {
    refuse_extensions(core, id, request)?;
    if !takes_session(&request.headers) {
        core.refuse(id, request, StatusCode::NOT_ACCEPTABLE);
        return Err(Refused);
    }
    if refresh::refuse_brief(core, id, request) {
        return Err(Refused);
    }
    body::session(&request.headers, &request.body).map_err(|_| {
        refuse_body(core, id, request, body::SDP);
        Refused
    })
}

/// 420, where more is required than we can do (RFC 3261 §8.2.2.3).
pub fn refuse_extensions(core: &mut Core, id: ServerId, request: &Request) -> Result<(), Refused> {
    let unknown: Vec<_> = request
        .headers
        .tokens("Require")
        .filter(|option| !super::core::is_supported(option))
        .map(str::to_owned)
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let mut response = core.response(request, StatusCode::BAD_EXTENSION);
    response.headers.push("Unsupported", unknown.join(", "));
    core.respond(id, &response);
    Err(Refused)
}

/// Whether our answer may hold SDP: who sends no Accept takes it (RFC 3261 §20.1).
fn takes_session(headers: &super::message::Headers) -> bool {
    let takes =
        |kind: &str| ["*/*", "application/*", body::SDP].iter().any(|ours| ours.eq_ignore_ascii_case(kind));
    headers.first("Accept").is_none() || headers.tokens("Accept").any(takes)
}

/// It has been answered.
pub struct Refused;

fn refuse_body(core: &mut Core, id: ServerId, request: &Request, accepted: &'static str) {
    let mut response = core.response(request, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    response.headers.push("Accept", accepted);
    core.respond(id, &response);
}

/// A response that makes or refreshes a dialog says where we are and what we can do (RFC 3261 §12.1.1).
pub fn describe(core: &Core, request: &Request, response: &mut Response) {
    for route in request.headers.all("Record-Route") {
        response.headers.push("Record-Route", route);
    }
    response
        .headers
        .push_typed(&super::message::Contact::Addr(super::message::NameAddr::new(core.contact())));
    response.headers.push("Allow", core.allowed());
    response.headers.push("Supported", super::core::SUPPORTED);
}

/// What our requests in and for a dialog say of us.
fn introduce(core: &Core, request: &mut Request) {
    request.headers.push_typed(&super::message::Contact::Addr(super::message::NameAddr::new(core.contact())));
    if matches!(request.method, Method::Invite | Method::Update) {
        request.headers.push("Allow", core.allowed());
        request.headers.push("Supported", super::core::SUPPORTED);
    }
}

fn ended(call: CallKey, by: EndedBy, status: Option<StatusCode>, reason: Option<String>) -> Event {
    Event::Ended { call, by, status, reason, answered_elsewhere: false, retry_after: None }
}
