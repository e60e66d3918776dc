//! REGISTER: keeping the PBX told where we are (RFC 3261 §10), and noticing when it is gone.
//!
//! Registered, the binding is refreshed every 20 s at most, so that a registrar that forgot it knows it again,
//! and OPTIONS ask every quarter of a minute whether the registrar is there: an outage is noticed within
//! 20 s. From then on nothing is called registered until the registrar has granted a binding again.
//!
//! An attempt is a REGISTER with its answered challenges. During the first minute of an outage
//! attempts follow each other within two seconds, later more slowly up to 30 s, each with jitter, so
//! that a floor of telephones does not speak at once. Refused credentials are tried again once after
//! 30 s, then every five minutes.
//!
//! When the registrar sees us at another address than ours (`received`, `rport`), that address goes
//! into the Contact, and the old one is taken back in the same REGISTER.

use super::core::{Core, Owner};
use super::event::{Event, Failure};
use super::message::{
    CSeq, CallId, Contact, Expires, From, Method, MinExpires, NameAddr, Request, Response, RetryAfter,
    ServiceRoute, StatusCode, Uri, Via,
};
use super::transaction::{ClientId, Outcome, Reply};
use super::wire::Due;
use crate::instant::Instant;
use std::net::SocketAddr;
use std::time::Duration;

/// Time between two OPTIONS.
const PING_EVERY: Duration = Duration::from_secs(15);
/// Without an answer by then the registrar is gone; with `PING_EVERY` below 20 s.
const PING_PATIENCE: Duration = Duration::from_secs(4);
/// However long the grant: a registrar that restarted between two OPTIONS answers them as if nothing had
/// happened, but may have forgotten us. It is told again by then. (Waiting for its own OPTIONS to stay away
/// would be slower, and many registrars send none; asking for the bindings costs as much as a refresh.)
const REFRESH_AT_MOST: Duration = Duration::from_secs(20);
const REFRESH_AT_LEAST: Duration = Duration::from_secs(1);
/// A refresh without an answer by then is an outage.
const REFRESH_PATIENCE: Duration = Duration::from_secs(4);
/// Longest time between two attempts in an outage's first minute.
const SOON: Duration = Duration::from_secs(2);
const FIRST_MINUTE: Duration = Duration::from_secs(60);
/// Longest time between two attempts at all, credentials apart.
const SELDOM: Duration = Duration::from_secs(30);
const AFTER_FIRST_REFUSAL: Duration = Duration::from_secs(30);
const AFTER_FURTHER_REFUSALS: Duration = Duration::from_secs(300);
/// How long a goodbye is worth waiting for.
const LEAVE_PATIENCE: Duration = Duration::from_secs(4);
/// Times that one attempt begins anew, for a longer time (423) or another Contact.
const MAX_BEGINNINGS: u32 = 3;
/// Registrars count in whole seconds: a grant that differs by so little is the same one.
const ROUNDING: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Timer {
    /// The attempt under way has failed by now, or the next one is due.
    Attempt,
    Refresh,
    Expired,
    Ping,
    PingLost,
    Leave,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Aim {
    Nothing,
    Registered,
    Gone,
}

struct Binding {
    granted: Duration,
    contact: Uri,
    server: SocketAddr,
}

/// Since when nothing works, and what was said of it.
struct Trouble {
    since: Instant,
    later: Duration,
    said: Option<Failure>,
}

pub struct Registration {
    aim: Aim,
    binding: Option<Binding>,
    /// What the last `Registered` said, to say only what is new.
    told: Option<(SocketAddr, Duration, Uri)>,
    call_id: String,
    tag: String,
    seq: u32,
    /// Requests that may still be answered, the newest last: an answer later than an attempt's
    /// patience counts too.
    outstanding: Vec<ClientId>,
    attempt_began: Instant,
    beginnings: u32,
    /// From a 423 (RFC 3261 §10.2.8); asked for ever after.
    floor: u32,
    refusals: u32,
    trouble: Option<Trouble>,
    /// An outage or a move since the registrar was last found: what calls it knows must be asked.
    calls_in_doubt: bool,
    ping: Option<ClientId>,
    /// A Contact of ours that the registrar may still have.
    stale: Option<Uri>,
}

impl Registration {
    pub fn new(core: &mut Core) -> Self {
        Self {
            aim: Aim::Nothing,
            binding: None,
            told: None,
            call_id: core.chance.token(),
            tag: core.chance.tag(),
            seq: core.chance.first_seq(),
            outstanding: Vec::new(),
            attempt_began: Instant::START,
            beginnings: 0,
            floor: 0,
            refusals: 0,
            trouble: None,
            calls_in_doubt: false,
            ping: None,
            stale: None,
        }
    }

    pub const fn is_registered(&self) -> bool {
        self.binding.is_some()
    }

    /// True once after an outage or a move, when the registrar has granted it again: it may have forgotten our calls.
    pub const fn takes_calls_to_check(&mut self) -> bool {
        self.binding.is_some() && std::mem::replace(&mut self.calls_in_doubt, false)
    }

    pub fn register(&mut self, core: &mut Core) {
        self.aim = Aim::Registered;
        self.drop_requests(core);
        self.attempt(core);
    }

    pub fn unregister(&mut self, core: &mut Core) {
        let nothing_sent = self.binding.is_none() && self.outstanding.is_empty() && self.trouble.is_none();
        self.aim = Aim::Gone;
        self.binding = None;
        self.drop_requests(core);
        stop_timers(core);
        if nothing_sent {
            return self.gone(core);
        }
        core.wire.after(Due::Registration(Timer::Leave), LEAVE_PATIENCE);
        self.begin(core);
    }

    /// Our address or the registrar's is another one now. `before`: our Contact until then.
    pub fn moved(&mut self, core: &mut Core, before: Uri) {
        if self.aim != Aim::Registered {
            return;
        }
        if before != core.contact() {
            self.stale = Some(before);
        }
        self.binding = None;
        self.trouble = None;
        self.calls_in_doubt = true;
        self.forget_requests(core);
        stop_timers(core);
        self.attempt(core);
    }

    /// The connection to the registrar is gone: what was granted holds for it alone. Asks over the next one, at once
    /// the first time; a registrar that takes connections and ends them is asked no faster than a silent one.
    pub fn disconnected(&mut self, core: &mut Core) {
        self.lost(core, Failure::Unreachable);
    }

    /// Something sent to the registrar did not arrive: ask it at once.
    pub fn doubt(&mut self, core: &mut Core) {
        if self.binding.is_some() && self.ping.is_none() {
            self.send_ping(core);
        }
    }

    pub fn on_timer(&mut self, core: &mut Core, timer: Timer) {
        match timer {
            Timer::Refresh => self.attempt(core),
            Timer::Attempt if self.outstanding.is_empty() => self.attempt(core),
            Timer::Attempt => self.fail(core, Failure::TimedOut),
            Timer::Expired => self.lost(core, Failure::TimedOut),
            Timer::Ping => self.send_ping(core),
            Timer::PingLost => self.lost(core, Failure::TimedOut),
            Timer::Leave => self.stayed(core, Failure::TimedOut),
        }
    }

    pub fn on_ping_reply(&mut self, core: &mut Core, reply: &Reply<Owner>) {
        // An earlier one that was given up says nothing of the registrar there is now.
        if self.ping != Some(reply.id) {
            return;
        }
        match &reply.outcome {
            Outcome::Response(_) => {
                self.ping = None;
                core.wire.timers.cancel(&Due::Registration(Timer::PingLost));
            }
            Outcome::TimedOut => self.lost(core, Failure::TimedOut),
            Outcome::Unreachable => self.lost(core, Failure::Unreachable),
        }
    }

    /// A reply to a REGISTER.
    pub fn on_reply(&mut self, core: &mut Core, reply: Reply<Owner>) {
        if !self.outstanding.contains(&reply.id) {
            return;
        }
        match &reply.outcome {
            Outcome::Response(response) if response.status.is_provisional() => {}
            Outcome::Response(response) => {
                self.outstanding.retain(|id| *id != reply.id);
                self.drop_requests(core);
                self.on_final(core, &reply, response);
            }
            Outcome::TimedOut => self.outstanding.retain(|id| *id != reply.id),
            Outcome::Unreachable => {
                self.outstanding.retain(|id| *id != reply.id);
                if self.outstanding.is_empty() {
                    self.fail(core, Failure::Unreachable);
                }
            }
        }
    }

    fn on_final(&mut self, core: &mut Core, reply: &Reply<Owner>, response: &Response) {
        let status = response.status;
        let refused = || Failure::Refused { status, reason: response.reason.clone() };
        match status.code() {
            200..300 => self.on_granted(core, &reply.request, response),
            401 | 407 => match core.answer_challenge(reply, response) {
                Some(answered) => self.send_again(core, answered, reply.challenges + 1),
                None => self.fail(core, Failure::Credentials { status }),
            },
            423 if self.beginnings < MAX_BEGINNINGS => match response.headers.typed::<MinExpires>() {
                Ok(Some(least)) if least.0 > self.asked(core) => {
                    self.floor = least.0;
                    self.begin(core);
                }
                _ => self.fail(core, refused()),
            },
            _ => {
                let wait = retry_after(response);
                self.fail_for(core, refused(), wait);
            }
        }
    }

    fn on_granted(&mut self, core: &mut Core, request: &Request, response: &Response) {
        if self.aim == Aim::Gone {
            return self.gone(core);
        }
        let Some(granted) = granted(core, response, self.asked(core)) else {
            let failure = Failure::Refused { status: response.status, reason: response.reason.clone() };
            return self.fail(core, failure);
        };
        self.stale = None;
        self.refusals = 0;
        core.service_route = response
            .headers
            .typed_all::<ServiceRoute>()
            .unwrap_or_default()
            .into_iter()
            .map(|r| r.0)
            .collect();
        let contact = request.headers.typed::<Contact>().ok().flatten();
        let contact = contact.and_then(|c| c.addr().map(|a| a.uri.clone())).unwrap_or_else(|| core.contact());
        if self.learn_address(core, response, &contact) {
            return self.begin(core);
        }
        self.trouble = None;
        let server = core.config.server;
        self.binding = Some(Binding { granted, contact, server });
        stop_timers(core);
        let refresh = (granted * 3 / 4).clamp(REFRESH_AT_LEAST, REFRESH_AT_MOST);
        core.wire.after(Due::Registration(Timer::Refresh), refresh);
        core.wire.after(Due::Registration(Timer::Expired), granted.max(REFRESH_AT_LEAST + REFRESH_PATIENCE));
        core.wire.after(Due::Registration(Timer::Ping), PING_EVERY);
        self.ping = None;
        self.tell_registered(core);
    }

    fn tell_registered(&mut self, core: &mut Core) {
        let Some(binding) = &self.binding else {
            return;
        };
        let now = (binding.server, binding.granted, binding.contact.clone());
        if let Some((server, granted, contact)) = &self.told
            && (*server, contact) == (now.0, &now.2)
            && granted.abs_diff(now.1) <= ROUNDING
        {
            return;
        }
        let (server, expires, contact) = now.clone();
        self.told = Some(now);
        core.wire.say(Event::Registered { server, expires, contact });
    }

    /// True: the registrar saw another address than the Contact has, which now is our Contact.
    /// Once in one attempt: a translator that changes its mind would keep us busy.
    fn learn_address(&mut self, core: &mut Core, response: &Response, contact: &Uri) -> bool {
        let Ok(via) = response.headers.require::<Via>() else {
            return false;
        };
        let known = core.public.unwrap_or(core.config.local);
        let ip = via.received().unwrap_or(known.ip());
        let seen = SocketAddr::new(ip, via.rport().flatten().unwrap_or(known.port()));
        let by_the_way = via.transport != core.config.transport.into();
        if by_the_way || seen == known || self.beginnings > 1 {
            return false;
        }
        core.public = Some(seen).filter(|seen| *seen != core.config.local);
        self.stale = Some(contact.clone());
        true
    }

    // -- attempts

    fn attempt(&mut self, core: &mut Core) {
        self.beginnings = 0;
        self.begin(core);
    }

    fn begin(&mut self, core: &mut Core) {
        self.beginnings += 1;
        self.attempt_began = core.wire.now;
        let request = self.build(core);
        self.dispatch(core, request, 0);
    }

    /// The same attempt, with an answer to the challenge.
    fn send_again(&mut self, core: &mut Core, mut request: Request, challenges: u32) {
        self.seq += 1;
        request.headers.set(&CSeq::new(self.seq, Method::Register));
        self.dispatch(core, request, challenges);
    }

    fn dispatch(&mut self, core: &mut Core, request: Request, challenges: u32) {
        let server = core.config.server;
        if self.outstanding.len() > 1 {
            let oldest = self.outstanding.remove(0);
            core.transactions.forget(&mut core.wire, oldest);
        }
        let id = core.send_again(Owner::Registration, request, server, challenges);
        self.outstanding.push(id);
        if self.aim == Aim::Registered {
            let patience = if self.binding.is_some() { REFRESH_PATIENCE } else { self.pause(core) };
            core.wire.after(Due::Registration(Timer::Attempt), patience);
        }
    }

    fn build(&mut self, core: &mut Core) -> Request {
        let identity = core.identity();
        let registrar = core.registrar();
        let mut request = core.request(Method::Register, registrar, NameAddr::new(identity.uri.clone()));
        let mut from = identity;
        from.set_tag(&self.tag);
        self.seq += 1;
        let expires = if self.aim == Aim::Gone { 0 } else { self.asked(core) };
        request.headers.set(&From(from));
        request.headers.set(&CallId(self.call_id.clone()));
        request.headers.set(&CSeq::new(self.seq, Method::Register));
        request.headers.push_typed(&binding(core.contact(), expires));
        if let Some(stale) = self.stale.clone().filter(|stale| *stale != core.contact()) {
            request.headers.push_typed(&binding(stale, 0));
        }
        request.headers.push_typed(&Expires(expires));
        request.headers.push("Allow", core.allowed());
        core.authorize(&mut request);
        request
    }

    fn asked(&self, core: &Core) -> u32 {
        let wished = u32::try_from(core.config.account.expires.as_secs()).unwrap_or(u32::MAX);
        wished.max(1).max(self.floor)
    }

    // -- failures

    fn fail(&mut self, core: &mut Core, cause: Failure) {
        self.fail_for(core, cause, None);
    }

    /// The attempt failed; the next one follows by what the failure says of the registrar.
    fn fail_for(&mut self, core: &mut Core, cause: Failure, retry_after: Option<Duration>) {
        if self.aim == Aim::Gone {
            return self.stayed(core, cause);
        }
        if self.aim == Aim::Nothing {
            return;
        }
        let began = self.attempt_began;
        self.lose_binding(core);
        let since = self.trouble.as_ref().map_or(core.wire.now, |trouble| trouble.since);
        let trouble = self.trouble.get_or_insert(Trouble { since, later: SOON, said: None });
        if core.wire.now.since(trouble.since) >= FIRST_MINUTE {
            trouble.later = (trouble.later * 2).min(SELDOM);
        }
        let told_to_wait = match &cause {
            Failure::Credentials { .. } => {
                self.refusals += 1;
                Some(if self.refusals == 1 { AFTER_FIRST_REFUSAL } else { AFTER_FURTHER_REFUSALS })
            }
            // Much the same, but some say it only until an older binding of ours has run out.
            Failure::Refused { status, .. } if *status == StatusCode::FORBIDDEN => Some(AFTER_FIRST_REFUSAL),
            _ => retry_after,
        };
        let retry_in = told_to_wait.unwrap_or_else(|| (began + self.pause(core)).since(core.wire.now));
        self.tell_failed(core, cause, retry_in, retry_in > SOON);
        if retry_in.is_zero() {
            return self.attempt(core);
        }
        core.wire.after(Due::Registration(Timer::Attempt), retry_in);
    }

    fn tell_failed(&mut self, core: &mut Core, cause: Failure, retry_in: Duration, always: bool) {
        let Some(trouble) = &mut self.trouble else {
            return;
        };
        if always || trouble.said.as_ref() != Some(&cause) {
            trouble.said = Some(cause.clone());
            core.wire.say(Event::RegistrationFailed { cause, retry_in: Some(retry_in) });
        }
    }

    /// The registrar does not answer: what it granted cannot be relied on. Asks it at once.
    fn lost(&mut self, core: &mut Core, cause: Failure) {
        self.ping = None;
        if self.aim != Aim::Registered || self.binding.is_none() {
            return;
        }
        self.lose_binding(core);
        self.trouble = Some(Trouble { since: core.wire.now, later: SOON, said: None });
        self.tell_failed(core, cause, Duration::ZERO, true);
        self.drop_requests(core);
        self.attempt(core);
    }

    fn lose_binding(&mut self, core: &mut Core) {
        if let Some(binding) = self.binding.take() {
            self.stale = Some(binding.contact);
        }
        self.told = None;
        self.drop_ping(core);
        stop_timers(core);
        self.calls_in_doubt = true;
    }

    /// From one attempt to the next, with jitter.
    fn pause(&self, core: &mut Core) -> Duration {
        let longest = self.trouble.as_ref().map_or(SOON, |trouble| trouble.later);
        core.chance.between(longest * 3 / 4, longest)
    }

    // -- leaving

    fn gone(&mut self, core: &mut Core) {
        self.rest(core);
        core.wire.say(Event::Unregistered);
    }

    fn stayed(&mut self, core: &mut Core, cause: Failure) {
        self.rest(core);
        core.wire.say(Event::RegistrationFailed { cause, retry_in: None });
    }

    fn rest(&mut self, core: &mut Core) {
        self.aim = Aim::Nothing;
        self.told = None;
        self.trouble = None;
        self.drop_requests(core);
        stop_timers(core);
    }

    /// Nothing under way is waited for any more.
    pub fn forget_requests(&mut self, core: &mut Core) {
        self.drop_requests(core);
        self.drop_ping(core);
    }

    fn drop_ping(&mut self, core: &mut Core) {
        if let Some(ping) = self.ping.take() {
            core.transactions.forget(&mut core.wire, ping);
        }
    }

    fn drop_requests(&mut self, core: &mut Core) {
        for id in self.outstanding.drain(..) {
            core.transactions.forget(&mut core.wire, id);
        }
    }

    // -- is it there?

    fn send_ping(&mut self, core: &mut Core) {
        if self.binding.is_none() {
            return;
        }
        let registrar = core.registrar();
        let mut request = core.request(Method::Options, registrar.clone(), NameAddr::new(registrar));
        request.headers.push_typed(&Contact::Addr(NameAddr::new(core.contact())));
        request.headers.push("Accept", "application/sdp");
        let server = core.config.server;
        self.ping = Some(core.send(Owner::Ping, request, server));
        core.wire.after(Due::Registration(Timer::Ping), PING_EVERY);
        core.wire.after(Due::Registration(Timer::PingLost), PING_PATIENCE);
    }
}

fn stop_timers(core: &mut Core) {
    core.wire.timers.cancel_where(|due| matches!(due, Due::Registration(_)));
}

fn binding(uri: Uri, expires: u32) -> Contact {
    let mut contact = NameAddr::new(uri);
    contact.params.set("expires", Some(&expires.to_string()));
    Contact::Addr(contact)
}

/// What the registrar granted our Contact: the Contact's own `expires`, else the Expires header, else
/// what was asked (RFC 3261 §10.2.4). None: there are bindings, but not ours.
fn granted(core: &Core, response: &Response, asked: u32) -> Option<Duration> {
    let contacts = response.headers.typed_all::<Contact>().ok()?;
    let ours = contacts.iter().find(|contact| contact.addr().is_some_and(|addr| core.is_ours(&addr.uri)));
    if ours.is_none() && !contacts.is_empty() {
        return None;
    }
    let header = response.headers.typed::<Expires>().ok().flatten().map(|expires| expires.0);
    let seconds = ours.and_then(Contact::expires).or(header).unwrap_or(asked);
    (seconds > 0).then(|| Duration::from_secs(seconds.into()))
}

/// What the registrar asks for (RFC 3261 §20.33), as far as one can wait for it.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers.typed::<RetryAfter>().ok()??.0;
    Some(Duration::from_secs(seconds.into()).clamp(REFRESH_AT_LEAST, SELDOM))
}

#[cfg(test)]
mod tests;
