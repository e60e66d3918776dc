//! Who watches lines, and what they were told: the notifier's side of RFC 6665.
//!
//! A SUBSCRIBE is answered without a transaction, the same each time (RFC 3261 §8.2.7). Each subscription has one NOTIFY under
//! way at a time, repeated until it is answered; what changes meanwhile goes into the next one.

use super::line::{Line, dialog_info, message_summary, presence};
use super::numbers::OPERATORS;
use crate::instant::Instant;
use crate::sip::message::{
    CSeq, CallId, Contact, ContentType, Event, Expires, Host, Method, MinExpires, NameAddr, Params, Request,
    Response, StatusCode, SubState, SubscriptionState, To, Typed, Uri, Via,
};
use crate::sip::{Dialog, Package};
use crate::transmit::{Received, Transmit, Transport};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use std::net::SocketAddr;
use std::time::Duration;

const PACKAGES: &str = "dialog, presence, message-summary";
/// Seconds that a subscription lasts: at least, where nothing is said, and at most.
const LEAST: u32 = 20;
const MOST: u32 = 3600;
/// More than all operators' telephones watch.
const MOST_WATCHES: usize = 256;
/// Until a NOTIFY is repeated, at first and at most; and until its watcher is given up (RFC 3261 §17.1.2.2).
const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
const TIMER_F: Duration = Duration::from_secs(32);

pub(super) struct Watchers {
    local: SocketAddr,
    chance: ChaCha20Rng,
    all: Vec<Watch>,
}

struct Watch {
    extension: String,
    package: Package,
    dialog: Dialog,
    /// Of the last SUBSCRIBE.
    seq: u32,
    /// Where the SUBSCRIBE came from.
    from: SocketAddr,
    until: Instant,
    /// Of the next document.
    version: u32,
    told: Option<Line>,
    /// All is wanted, changed or not (RFC 6665 §4.2.1.2).
    asked: bool,
    notify: Option<Unanswered>,
    over: bool,
}

/// A NOTIFY under way.
struct Unanswered {
    seq: u32,
    transmit: Transmit,
    again: Instant,
    wait: Duration,
    until: Instant,
}

impl Watchers {
    pub fn new(local: SocketAddr, chance: ChaCha20Rng) -> Self {
        Self { local, chance, all: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Somebody looks at others' lines, not at a mailbox alone.
    pub fn watch_lines(&self) -> bool {
        self.all.iter().any(|watch| watch.package != Package::MessageSummary)
    }

    /// The answer to a SUBSCRIBE. `tag`: of our end, if it makes a dialog; `knows`: such a line can be watched.
    pub fn subscribe(
        &mut self,
        now: Instant,
        request: &Request,
        input: &Received,
        tag: &str,
        knows: impl Fn(&str) -> bool,
    ) -> Response {
        match self.accept(now, request, input, tag, knows) {
            Ok(expires) => {
                let mut response = answer(request, StatusCode::OK, tag);
                response.headers.push_typed(&Expires(expires));
                response.headers.push_typed(&Contact::Addr(NameAddr::new(self.contact(&request.uri))));
                response
            }
            Err(status) => {
                let mut response = answer(request, status, tag);
                if status == StatusCode::INTERVAL_TOO_BRIEF {
                    response.headers.push_typed(&MinExpires(LEAST));
                }
                response
            }
        }
    }

    /// For how long.
    fn accept(
        &mut self,
        now: Instant,
        request: &Request,
        input: &Received,
        tag: &str,
        knows: impl Fn(&str) -> bool,
    ) -> Result<u32, StatusCode> {
        let event = request.headers.typed::<Event>().ok().flatten().ok_or(StatusCode::BAD_EVENT)?;
        let package = Package::named(&event.package).ok_or(StatusCode::BAD_EVENT)?;
        let seconds = request.headers.typed::<Expires>().ok().flatten().map_or(MOST, |wish| wish.0.min(MOST));
        if (1..LEAST).contains(&seconds) {
            return Err(StatusCode::INTERVAL_TOO_BRIEF);
        }
        let seq = request.headers.require::<CSeq>().map_err(|_| StatusCode::BAD_REQUEST)?.seq;
        let in_a_dialog = request.headers.require::<To>().is_ok_and(|to| to.tag().is_some());
        let known = match in_a_dialog {
            true => self.all.iter_mut().find(|watch| watch.dialog.owns(request)),
            false => {
                // A repetition: its answer was lost.
                let call_id = request.headers.first(CallId::NAME);
                let known = self.all.iter_mut().find(|watch| Some(watch.dialog.call_id()) == call_id);
                known.filter(|watch| watch.seq == seq)
            }
        };
        match known {
            Some(watch) if watch.seq == seq => return Ok(seconds),
            Some(watch) => {
                watch.dialog.accept_seq(seq).map_err(|_| StatusCode::SERVER_INTERNAL_ERROR)?;
                watch.dialog.refresh_target(&request.headers);
                (watch.seq, watch.asked) = (seq, true);
                watch.until = now + Duration::from_secs(seconds.into());
                return Ok(seconds);
            }
            None if in_a_dialog => return Err(StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST),
            None => {}
        }
        let extension = request.uri.user.clone().unwrap_or_default();
        let is_there = match package {
            Package::MessageSummary => OPERATORS.contains(&extension.as_str()),
            Package::Dialog | Package::Presence => knows(&extension),
        };
        if !is_there {
            return Err(StatusCode::NOT_FOUND);
        }
        if self.all.len() >= MOST_WATCHES {
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        let first = self.chance.next_u32() & 0xffff;
        let dialog = Dialog::of_uas(request, tag, first).ok_or(StatusCode::BAD_REQUEST)?;
        self.all.push(Watch {
            extension,
            package,
            dialog,
            seq,
            from: input.from,
            until: now + Duration::from_secs(seconds.into()),
            version: 0,
            told: None,
            asked: true,
            notify: None,
            over: false,
        });
        Ok(seconds)
    }

    /// Whether it was the answer to a NOTIFY of ours.
    pub fn on_response(&mut self, response: &Response) -> bool {
        let Ok(cseq) = response.headers.require::<CSeq>() else { return false };
        let call_id = response.headers.first(CallId::NAME);
        let is_meant = |watch: &Watch| {
            cseq.method == Method::Notify
                && Some(watch.dialog.call_id()) == call_id
                && watch.notify.as_ref().is_some_and(|notify| notify.seq == cseq.seq)
        };
        let Some(at) = self.all.iter().position(is_meant) else { return false };
        if response.status.is_success() && !self.all[at].over {
            self.all[at].notify = None;
        } else if response.status.is_final() {
            self.all.remove(at);
        }
        true
    }

    /// Says what has changed, and again what was not answered.
    pub fn tell(&mut self, now: Instant, line: impl Fn(&str) -> Line) -> Vec<Transmit> {
        self.all.retain(|watch| watch.notify.as_ref().is_none_or(|notify| notify.until > now));
        let mut sent = Vec::new();
        for at in 0..self.all.len() {
            let watch = &mut self.all[at];
            if let Some(notify) = &mut watch.notify {
                if notify.again <= now {
                    notify.wait = (notify.wait * 2).min(T2);
                    notify.again = now + notify.wait;
                    sent.push(notify.transmit.clone());
                }
                continue;
            }
            let line = match watch.package {
                Package::MessageSummary => Line::default(),
                Package::Dialog | Package::Presence => line(&watch.extension),
            };
            watch.over = watch.until <= now;
            if watch.over || watch.asked || watch.told.as_ref() != Some(&line) {
                let branch = format!("{}{:016x}", Via::COOKIE, self.chance.next_u64());
                sent.push(watch.notify(now, self.local, &branch, line));
            }
        }
        sent
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        let due = |watch: &Watch| {
            let notify = watch.notify.as_ref().map(|notify| notify.again.min(notify.until));
            notify.unwrap_or(watch.until)
        };
        self.all.iter().map(due).min()
    }

    fn contact(&self, asked: &Uri) -> Uri {
        address(asked.user.as_deref().unwrap_or_default(), self.local)
    }
}

impl Watch {
    fn notify(&mut self, now: Instant, local: SocketAddr, branch: &str, line: Line) -> Transmit {
        let mut request = self.dialog.request(Method::Notify);
        let seq = request.headers.require::<CSeq>().map_or(0, |cseq| cseq.seq);
        let (host, port) = (Host::Ip(local.ip()), Some(local.port()));
        request.headers.push_front(&Via::new(Transport::Udp, host, port, branch));
        let contact = address(&self.extension, local);
        let entity = contact.to_string();
        request.headers.push_typed(&Contact::Addr(NameAddr::new(contact)));
        let package = self.package.name().to_owned();
        request.headers.push_typed(&Event { package, id: None, params: Params::default() });
        request.headers.push("Allow-Events", PACKAGES);
        request.headers.push_typed(&SubscriptionState {
            state: if self.over { SubState::Terminated } else { SubState::Active },
            reason: self.over.then(|| "timeout".to_owned()),
            expires: (!self.over).then(|| u32::try_from(self.until.since(now).as_secs()).unwrap_or(MOST)),
            retry_after: None,
        });
        request.headers.push_typed(&ContentType::new(self.package.accepts()));
        let known = self.told.as_ref().filter(|_| !self.asked && !self.over);
        request.body = match self.package {
            Package::Dialog => dialog_info(&entity, self.version, &line, known),
            Package::Presence => presence(&entity, &line),
            Package::MessageSummary => message_summary(&entity),
        }
        .into_bytes();
        self.version += 1;
        (self.told, self.asked) = (Some(line), false);
        let to = self.dialog.next_hop(self.from);
        let transmit = Transmit { transport: Transport::Udp, to, bytes: request.to_bytes() };
        let (again, until) = (now + T1, now + TIMER_F);
        self.notify = Some(Unanswered { seq, transmit: transmit.clone(), again, wait: T1, until });
        transmit
    }
}

fn address(user: &str, local: SocketAddr) -> Uri {
    Uri::sip(Some(user), Host::Ip(local.ip()), Some(local.port()))
}

fn answer(request: &Request, status: StatusCode, tag: &str) -> Response {
    let mut response = request.response(status);
    if let Ok(mut to) = response.headers.require::<To>()
        && to.tag().is_none()
    {
        to.set_tag(tag);
        response.headers.set(&to);
    }
    response.headers.push("Allow-Events", PACKAGES);
    response
}
