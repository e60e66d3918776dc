//! SUBSCRIBE: who is there, told as it changes (RFC 6665).
//!
//! Each subscription has a dialog of its own, which the first NOTIFY makes, or the 2xx until then. All are made
//! again whenever we have registered anew, and when our Contact changes: what the PBX knew of us may be
//! forgotten. Hundreds of them are no storm: few SUBSCRIBEs wait for an answer at a time, one follows another
//! after a pause, and refreshes are spread by chance.

mod dialog_info;
mod message_summary;
mod package;
mod presence;
mod subscription;
#[cfg(test)]
mod tests;
mod xml;

pub use dialog_info::{DialogState, WatchedDialog};
pub use message_summary::MessageSummary;
pub use package::{News, Package};
pub use presence::Presence;

use super::core::{Core, Owner};
use super::dialog::Dialog;
use super::event::{Event as Said, SubscriptionKey, SubscriptionLoss};
use super::message::{
    Event, Expires, Method, MinExpires, Request, Response, RetryAfter, StatusCode, SubState,
    SubscriptionState, To, Uri,
};
use super::timers::PATIENCE;
use super::transaction::{ClientId, Outcome, Reply};
use super::wire::Due;
use crate::instant::Instant;
use crate::transmit::Hop;
use package::Read;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use subscription::Subscription;

/// A grant for longer counts as this.
const LONGEST: u32 = 24 * 3600;
/// SUBSCRIBEs without an answer at a time.
const AT_ONCE: usize = 10;
/// From one SUBSCRIBE to the next: calls find the way free.
const PAUSE: Duration = Duration::from_millis(20);
/// One of those that stand is refreshed so often: a PBX that restarted without our notice has forgotten it, and is then
/// asked for all the others.
const SENTRY_EVERY: Duration = Duration::from_secs(20);
/// Timer N: no NOTIFY by then (RFC 6665 §4.1.2.4).
const TIMER_N: Duration = PATIENCE;
/// From the answer to our leave to the NOTIFY that ends the subscription.
const LAST_WORD: Duration = Duration::from_secs(1);
/// PBXs count in whole seconds.
const ROUNDING: Duration = Duration::from_secs(3);

/// When what was lost is tried again: between, by chance.
type Span = (Duration, Duration);
const SOON: Span = (Duration::from_millis(500), Duration::from_secs(3));
const LATER: Span = (Duration::from_secs(30), Duration::from_secs(60));
const LATE: Span = (Duration::from_secs(300), Duration::from_secs(600));
/// Ends in a row after which soon becomes later, and then late.
const PATIENT_ENDS: u32 = 3;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Timer {
    /// To be asked for, or refreshed.
    Ask,
    /// Timer N.
    NoNotify,
    Expired,
}

#[derive(Default)]
pub struct Subscriptions {
    all: BTreeMap<SubscriptionKey, Subscription>,
    opened_so_far: u64,
    /// Whose turn comes, in this order.
    queue: VecDeque<SubscriptionKey>,
    /// SUBSCRIBEs that wait for their answer.
    asked: BTreeMap<SubscriptionKey, ClientId>,
    next_turn: Instant,
    sentry: Option<SubscriptionKey>,
    /// The PBX has forgotten the sentry, and may have forgotten calls, too.
    calls_to_check: bool,
    /// Our Contact while we are registered: what was subscribed to from there.
    place: Option<Uri>,
}

impl Subscriptions {
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether the calls that stand are to be asked for. Once.
    pub fn takes_calls_to_check(&mut self) -> bool {
        std::mem::take(&mut self.calls_to_check)
    }

    /// Whether the last NOTIFY of any is still to come.
    pub fn is_leaving(&self) -> bool {
        self.all.values().any(|subscription| subscription.leaving)
    }

    /// Its news comes as soon as we are registered.
    pub fn watch(&mut self, core: &mut Core, target: Uri, package: Package) -> SubscriptionKey {
        let key = self.add(Subscription::new(target, package));
        if self.place.is_some() {
            self.enqueue(core, key);
        }
        key
    }

    pub fn unwatch(&mut self, core: &mut Core, key: SubscriptionKey) {
        self.part(core, key);
        self.all.remove(&key);
    }

    /// We are about to be gone: the PBX is told, as far as there is time.
    pub fn part_all(&mut self, core: &mut Core) {
        for key in self.wanted() {
            let begun = self.all.get(&key).is_some_and(Subscription::has_begun);
            self.part(core, key);
            if begun {
                self.say_lost(core, key, SubscriptionLoss::Renewing);
            }
        }
    }

    /// After whatever may have changed it: `place` is our Contact while we are registered.
    pub fn follow(&mut self, core: &mut Core, place: Option<Uri>) {
        if place == self.place {
            return;
        }
        self.place = place;
        for key in self.wanted() {
            self.lose(core, key, SubscriptionLoss::Renewing);
            core.wire.timers.cancel(&Due::Subscription(key, Timer::Ask));
            if self.place.is_some() {
                self.queue.push_back(key);
            }
        }
        self.go_on(core);
    }

    /// The PBX may have told what changed to nobody, as while the computer slept.
    pub fn ask_after_all(&mut self, core: &mut Core) {
        let standing = self.all.iter().filter(|(_, subscription)| subscription.stands());
        let standing: Vec<SubscriptionKey> = standing.map(|(key, _)| *key).collect();
        for key in standing {
            self.enqueue(core, key);
        }
    }

    pub fn on_timer(&mut self, core: &mut Core, key: SubscriptionKey, timer: Timer) {
        let leaving = self.all.get(&key).is_some_and(|subscription| subscription.leaving);
        match timer {
            Timer::Ask => self.enqueue(core, key),
            _ if leaving => self.forget(core, key),
            Timer::NoNotify => self.fail(core, key, SubscriptionLoss::NoWord, LATER),
            Timer::Expired => self.fail(core, key, SubscriptionLoss::Renewing, SOON),
        }
    }

    /// The next in the queue may go.
    pub fn on_turn(&mut self, core: &mut Core) {
        self.go_on(core);
    }

    pub fn on_reply(&mut self, core: &mut Core, key: SubscriptionKey, reply: Reply<Owner>) {
        if self.asked.get(&key) != Some(&reply.id) {
            return;
        }
        if matches!(&reply.outcome, Outcome::Response(response) if response.status.is_provisional()) {
            return;
        }
        self.asked.remove(&key);
        match &reply.outcome {
            Outcome::Response(response) => self.on_final(core, key, &reply, response),
            Outcome::TimedOut => self.on_refused(core, key, SubscriptionLoss::NoWord, LATER),
            Outcome::Unreachable => self.on_refused(core, key, SubscriptionLoss::NoWord, SOON),
        }
        self.go_on(core);
    }

    /// Whose NOTIFY this is, if anybody's.
    pub fn find(&self, request: &Request) -> Option<SubscriptionKey> {
        if request.method != Method::Notify {
            return None;
        }
        let call_id = request.headers.first("Call-ID")?;
        let (key, subscription) = self.all.iter().find(|(_, known)| known.call_id == call_id)?;
        let to = request.headers.require::<To>().ok()?;
        (to.tag() == Some(&subscription.tag)).then_some(*key)
    }

    /// Answered without a transaction (RFC 3261 §8.2.7): hundreds of them leave the transactions to calls. Repeated it has
    /// the same number and gets the same answer; only the last one would find nobody.
    pub fn on_notify(&mut self, core: &mut Core, key: SubscriptionKey, notify: &Request, reply_to: Hop) {
        let state = notify.headers.typed::<SubscriptionState>().ok().flatten();
        let over = state.as_ref().is_some_and(|state| state.state == SubState::Terminated);
        let transaction = if over {
            let Some(id) = core.transactions.open(&mut core.wire, notify, reply_to) else { return };
            Some(id)
        } else {
            None
        };
        let taken = self.take(core, key, notify, over);
        let mut response = core.response(notify, taken.as_ref().err().copied().unwrap_or(StatusCode::OK));
        if taken == Err(StatusCode::UNSUPPORTED_MEDIA_TYPE)
            && let Some(subscription) = self.all.get(&key)
        {
            response.headers.push("Accept", subscription.package.accepts());
        }
        match transaction {
            Some(id) => core.respond(id, &response),
            None => core.wire.send(reply_to, response.to_bytes()),
        }
        let Ok(read) = taken else { return };
        if over {
            return self.on_terminated(core, key, state.as_ref());
        }
        self.shorten(core, key, state.and_then(|state| state.expires));
        let Some(subscription) = self.all.get_mut(&key).filter(|subscription| !subscription.leaving) else {
            return;
        };
        if let Some(Taken { news, gap }) = read {
            subscription.said = None;
            core.wire.say(Said::News { subscription: Some(key), news });
            // Once: a PBX that never says all is not asked for it without end.
            if !std::mem::replace(&mut subscription.gapped, gap) && gap {
                self.enqueue(core, key);
            }
        }
    }

    // -- turns

    fn enqueue(&mut self, core: &mut Core, key: SubscriptionKey) {
        if !self.queue.contains(&key) {
            self.queue.push_back(key);
        }
        self.go_on(core);
    }

    fn go_on(&mut self, core: &mut Core) {
        while self.asked.len() < AT_ONCE {
            let Some(&key) = self.queue.front() else { return };
            // There is little time to take leave.
            let leaving = self.all.get(&key).is_some_and(|subscription| subscription.leaving);
            if core.wire.now < self.next_turn && !leaving {
                return core.wire.timers.set(Due::SubscribeTurn, self.next_turn);
            }
            self.queue.pop_front();
            if self.ask(core, key) {
                self.next_turn = core.wire.now + PAUSE;
            }
        }
    }

    /// Whether a SUBSCRIBE was sent.
    fn ask(&mut self, core: &mut Core, key: SubscriptionKey) -> bool {
        let Some(subscription) = self.all.get_mut(&key) else { return false };
        if self.asked.contains_key(&key) || self.place.is_none() && !subscription.leaving {
            return false;
        }
        let server = core.config.server;
        let (mut request, to) = match &mut subscription.dialog {
            Some(dialog) => (dialog.request(Method::Subscribe), dialog.next_hop(server)),
            None => (subscription.begin(core), server),
        };
        subscription.describe(core, &mut request);
        core.authorize(&mut request);
        if subscription.dialog.is_none() {
            core.wire.after(Due::Subscription(key, Timer::NoNotify), TIMER_N);
        }
        self.asked.insert(key, core.send(Owner::Subscription(key), request, to));
        true
    }

    // -- answers

    fn on_final(&mut self, core: &mut Core, key: SubscriptionKey, reply: &Reply<Owner>, response: &Response) {
        let Some(subscription) = self.all.get_mut(&key) else { return };
        let status = response.status;
        let refused = SubscriptionLoss::Refused(status);
        match status.code() {
            200..300 => self.on_granted(core, key, reply, response),
            401 | 407 => match core.answer_challenge(reply, response) {
                Some(mut again) => {
                    let to = subscription.number_anew(core, &mut again);
                    let owner = Owner::Subscription(key);
                    self.asked.insert(key, core.send_again(owner, again, to, reply.challenges + 1));
                }
                None => self.on_refused(core, key, refused, LATE),
            },
            423 => match response.headers.typed::<MinExpires>() {
                Ok(Some(least)) if least.0 > subscription.wished() && least.0 <= LONGEST => {
                    subscription.least = least.0;
                    self.enqueue(core, key);
                }
                _ => self.on_refused(core, key, refused, LATE),
            },
            481 if subscription.dialog.is_some() => {
                let forgotten = self.sentry == Some(key);
                self.on_refused(core, key, SubscriptionLoss::Renewing, SOON);
                if forgotten {
                    self.calls_to_check = true;
                    self.ask_after_all(core);
                }
            }
            408 | 480 | 486 | 500 | 502..600 => {
                let wait = retry_after(response).unwrap_or(LATER);
                self.on_refused(core, key, refused, wait);
            }
            _ => self.on_refused(core, key, refused, LATE),
        }
    }

    fn on_granted(
        &mut self,
        core: &mut Core,
        key: SubscriptionKey,
        reply: &Reply<Owner>,
        response: &Response,
    ) {
        let Some(subscription) = self.all.get_mut(&key) else { return };
        if subscription.leaving {
            return core.wire.after(Due::Subscription(key, Timer::NoNotify), LAST_WORD);
        }
        match &mut subscription.dialog {
            Some(dialog) => dialog.refresh_target(&response.headers),
            None => subscription.dialog = Dialog::of_uac(&reply.request, response),
        }
        let asked = subscription.wished();
        let granted = response.headers.typed::<Expires>().ok().flatten().map_or(asked, |expires| expires.0);
        let refreshed = reply.request.headers.require::<To>().is_ok_and(|to| to.tag().is_some());
        if refreshed {
            subscription.ends = 0;
        }
        if granted == 0 {
            return self.fail(core, key, SubscriptionLoss::Ended, LATER);
        }
        schedule(core, key, granted);
        self.post_sentry(core, key);
    }

    /// The first that stands, until it stands no more.
    fn post_sentry(&mut self, core: &mut Core, key: SubscriptionKey) {
        let stands = |sentry| self.all.get(&sentry).is_some_and(Subscription::stands);
        let sentry = self.sentry.filter(|sentry| stands(*sentry)).unwrap_or(key);
        self.sentry = Some(sentry);
        let due = Due::Subscription(key, Timer::Ask);
        let soon = core.wire.now + core.chance.between(SENTRY_EVERY * 3 / 4, SENTRY_EVERY);
        if sentry == key && core.wire.timers.at(&due).is_some_and(|refresh| refresh > soon) {
            core.wire.timers.set(due, soon);
        }
    }

    fn on_refused(&mut self, core: &mut Core, key: SubscriptionKey, loss: SubscriptionLoss, again: Span) {
        if self.all.get(&key).is_some_and(|subscription| subscription.leaving) {
            return self.forget(core, key);
        }
        self.fail(core, key, loss, again);
    }

    // -- notifications

    /// What the NOTIFY brings, or what it is refused with.
    fn take(
        &mut self,
        core: &mut Core,
        key: SubscriptionKey,
        notify: &Request,
        over: bool,
    ) -> Result<Option<Taken>, StatusCode> {
        let subscription = self.all.get_mut(&key).ok_or(StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST)?;
        let event = notify.headers.typed::<Event>().ok().flatten().ok_or(StatusCode::BAD_EVENT)?;
        if Package::named(&event.package) != Some(subscription.package) || event.id.is_some() {
            return Err(StatusCode::BAD_EVENT);
        }
        if !subscription.accept(notify)? || over {
            return Ok(None);
        }
        if !subscription.leaving {
            core.wire.timers.cancel(&Due::Subscription(key, Timer::NoNotify));
        }
        Ok(match subscription.package.read(notify, &mut subscription.table)? {
            Read::News(news) => Some(Taken { news, gap: false }),
            Read::NewsWithGap(news) => Some(Taken { news, gap: true }),
            Read::Nothing => None,
        })
    }

    /// Why it ended says when it may be had again (RFC 6665 §4.1.3).
    fn on_terminated(&mut self, core: &mut Core, key: SubscriptionKey, state: Option<&SubscriptionState>) {
        let Some(subscription) = self.all.get_mut(&key) else { return };
        if subscription.leaving {
            return self.forget(core, key);
        }
        subscription.ends += 1;
        let reason = state.and_then(|state| state.reason.as_deref()).unwrap_or_default().to_ascii_lowercase();
        let asked_to_wait = state.and_then(|state| state.retry_after).map(no_sooner);
        let again = match reason.as_str() {
            "rejected" | "noresource" | "invariant" => LATE,
            "probation" | "giveup" => asked_to_wait.unwrap_or(LATER),
            _ if subscription.ends > 2 * PATIENT_ENDS => LATE,
            _ if subscription.ends > PATIENT_ENDS => LATER,
            _ => asked_to_wait.unwrap_or(SOON),
        };
        let loss = if again == SOON { SubscriptionLoss::Renewing } else { SubscriptionLoss::Ended };
        self.fail(core, key, loss, again);
    }

    /// A NOTIFY may say that less time is left than the 2xx granted.
    fn shorten(&self, core: &mut Core, key: SubscriptionKey, left: Option<u32>) {
        let Some(left) = left.filter(|left| *left > 0) else { return };
        let until = core.wire.now + Duration::from_secs(left.into()) + ROUNDING;
        let expires = core.wire.timers.at(&Due::Subscription(key, Timer::Expired));
        if expires.is_some_and(|expires| expires > until) {
            schedule(core, key, left);
        }
    }

    // -- ends

    /// It stands no more, and is tried again later.
    fn fail(&mut self, core: &mut Core, key: SubscriptionKey, loss: SubscriptionLoss, again: Span) {
        self.lose(core, key, loss);
        let wait = core.chance.between(again.0, again.1);
        core.wire.after(Due::Subscription(key, Timer::Ask), wait);
    }

    fn lose(&mut self, core: &mut Core, key: SubscriptionKey, loss: SubscriptionLoss) {
        self.stop(core, key);
        let Some(subscription) = self.all.get_mut(&key) else { return };
        let begun = subscription.has_begun();
        subscription.end();
        if begun {
            self.say_lost(core, key, loss);
        }
    }

    fn say_lost(&mut self, core: &mut Core, key: SubscriptionKey, loss: SubscriptionLoss) {
        let Some(subscription) = self.all.get_mut(&key) else { return };
        if subscription.said.replace(loss) != Some(loss) {
            core.wire.say(Said::SubscriptionLost { subscription: key, loss });
        }
    }

    /// The dialog is taken leave of, under a key of its own; what is left begins anew if it is still wanted.
    fn part(&mut self, core: &mut Core, key: SubscriptionKey) {
        self.stop(core, key);
        let Some(subscription) = self.all.get_mut(&key) else { return };
        let fresh = subscription.fresh();
        let old = std::mem::replace(subscription, fresh);
        if old.dialog.is_some() {
            let leaving = self.add(Subscription { leaving: true, ..old });
            core.wire.after(Due::Subscription(leaving, Timer::NoNotify), TIMER_N);
            self.enqueue(core, leaving);
        }
    }

    fn forget(&mut self, core: &mut Core, key: SubscriptionKey) {
        self.stop(core, key);
        self.all.remove(&key);
    }

    /// Nothing of it is under way any more.
    fn stop(&mut self, core: &mut Core, key: SubscriptionKey) {
        self.queue.retain(|waiting| *waiting != key);
        for timer in [Timer::Ask, Timer::NoNotify, Timer::Expired] {
            core.wire.timers.cancel(&Due::Subscription(key, timer));
        }
        if let Some(id) = self.asked.remove(&key) {
            core.transactions.forget(&mut core.wire, id);
        }
    }

    fn add(&mut self, subscription: Subscription) -> SubscriptionKey {
        self.opened_so_far += 1;
        let key = SubscriptionKey(self.opened_so_far);
        self.all.insert(key, subscription);
        key
    }

    fn wanted(&self) -> Vec<SubscriptionKey> {
        self.all.iter().filter(|(_, subscription)| !subscription.leaving).map(|(key, _)| *key).collect()
    }
}

#[derive(PartialEq)]
struct Taken {
    news: News,
    /// All is wanted again.
    gap: bool,
}

/// Refreshed well before its end, and not all at once.
fn schedule(core: &mut Core, key: SubscriptionKey, seconds: u32) {
    let granted = Duration::from_secs(seconds.min(LONGEST).into());
    let refresh = core.chance.between(granted / 2, granted * 9 / 10);
    core.wire.after(Due::Subscription(key, Timer::Ask), refresh);
    core.wire.after(Due::Subscription(key, Timer::Expired), granted);
}

/// What the PBX asks for, within an hour, and a little later by chance.
fn no_sooner(seconds: u32) -> Span {
    let wait = Duration::from_secs(seconds.clamp(1, 3600).into());
    (wait, wait + SOON.1)
}

fn retry_after(response: &Response) -> Option<Span> {
    Some(no_sooner(response.headers.typed::<RetryAfter>().ok()??.0))
}
