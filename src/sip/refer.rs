//! Blind transfer from our side: REFER, and what its NOTIFYs say (RFC 3515, RFC 3892).
//!
//! The REFER itself makes the subscription. A NOTIFY may come before the 202, twice, or in the wrong
//! order (then its number betrays it and the dialog refuses it), after our BYE, or not at all.

use super::core::Core;
use super::digest::Hash;
use super::event::{CallKey, Event, ReferKey, ReferProgress};
use super::invite::CallTimer;
use super::message::{
    CSeq, ContentType, NameAddr, ReferTo, ReferredBy, Request, StatusCode, SubState, SubscriptionState, Uri,
};
use super::transaction::{ClientId, Outcome};
use super::wire::Due;
use std::time::Duration;

/// From the 202 to the first NOTIFY.
const FIRST_WORD: Duration = Duration::from_secs(30);
/// From one NOTIFY to the next, while none is final: the target may ring for long.
const NEXT_WORD: Duration = Duration::from_secs(120);

pub struct Refer {
    call: CallKey,
    key: ReferKey,
    id: ClientId,
    /// Number of the REFER: names its subscription where a dialog has several (RFC 3515 §2.4.6). Before it is answered it may go out
    /// again with a higher one, for a challenge.
    seq: u32,
    is_answered: bool,
    state: State,
    last_said: Option<StatusCode>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// REFER sent.
    Asked,
    Taken,
    /// Given up, or another one has followed; a late word is still passed on.
    Silent,
    /// Decided, refused, or of no interest any more: NOTIFYs are answered and that is all.
    Done,
}

/// What makes the dialog's next request a transfer to `target`. Referred-By names the transfer, so that a PBX that gives
/// the client back can say which one it was (`tid`, a generic-param of RFC 3892 §3).
pub fn fill(core: &Core, request: &mut Request, target: Uri) {
    let mut by = NameAddr::new(core.identity().uri);
    by.params.set("tid", request.headers.first("Call-ID").map(transfer_id).as_deref());
    request.headers.push_typed(&ReferTo(NameAddr::new(target)));
    request.headers.push_typed(&ReferredBy(by));
}

/// The name of the transfer by which a call is passed on: 16 hexadecimal digits, which do not give the Call-ID away.
pub fn transfer_id(call_id: &str) -> String {
    let mut name = Hash::Sha256.hex(call_id.as_bytes());
    name.truncate(16);
    name
}

impl Refer {
    pub const fn new(call: CallKey, id: ClientId, seq: u32) -> Self {
        let (key, state) = (ReferKey(seq), State::Asked);
        Self { call, key, id, seq, is_answered: false, state, last_said: None }
    }

    pub const fn key(&self) -> ReferKey {
        self.key
    }

    pub fn is_about(&self, id: ClientId) -> bool {
        self.id == id
    }

    pub fn renumber(&mut self, old: ClientId, new: ClientId) {
        if self.id == old {
            self.id = new;
        }
    }

    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done | State::Silent)
    }

    /// Its last word has been heard.
    pub fn is_decided(&self) -> bool {
        self.state == State::Done
    }

    /// Whether a NOTIFY with this `id` is about this REFER, where it is about none that followed.
    pub fn is_named(&self, id: &str) -> bool {
        match id.parse::<u32>() {
            Ok(seq) if self.is_answered => seq == self.seq,
            Ok(seq) => seq >= self.seq,
            Err(_) => false,
        }
    }

    /// Another one is about to be sent: nobody waits for the last word of this one any more.
    pub fn make_way(&mut self, core: &mut Core) {
        if !self.is_done() {
            core.wire.timers.cancel(&self.due());
            self.state = State::Silent;
        }
    }

    /// Nobody wants to hear more.
    pub fn hush(&mut self) {
        self.state = State::Done;
    }

    pub fn on_reply(&mut self, core: &mut Core, outcome: &Outcome) {
        match outcome {
            Outcome::Response(response) if response.status.is_provisional() => {}
            Outcome::Response(response) if response.status.is_success() => {
                self.is_answered = true;
                self.seq = response.headers.require::<CSeq>().map_or(self.seq, |cseq| cseq.seq);
                if self.state == State::Asked {
                    self.state = State::Taken;
                    core.wire.after(self.due(), FIRST_WORD);
                    self.say(core, ReferProgress::Taken);
                }
                // They make no subscription though we wanted one (RFC 4488 §4): no word will come.
                if super::referred::declines_news(response.headers.first("Refer-Sub")) {
                    self.finish(core, ReferProgress::NoWord);
                }
            }
            Outcome::Response(response) => {
                let (status, reason) = (response.status, response.reason.clone());
                self.finish(core, ReferProgress::Refused { status, reason });
            }
            Outcome::TimedOut | Outcome::Unreachable => self.finish(core, ReferProgress::NoWord),
        }
    }

    pub fn on_notify(&mut self, core: &mut Core, notify: &Request) {
        if self.state == State::Done {
            return;
        }
        if self.state == State::Asked {
            // Faster than its 202 (RFC 6665 §4.1.2.4): taken all the same.
            self.state = State::Taken;
            self.say(core, ReferProgress::Taken);
        }
        let subscription = notify.headers.typed::<SubscriptionState>().ok().flatten();
        let terminated = subscription.is_some_and(|subscription| subscription.state == SubState::Terminated);
        let fragment = status_line(notify);
        match fragment {
            Some((status, reason)) if status.is_final() => {
                self.finish(core, ReferProgress::Status { status, reason, last: true });
            }
            Some((status, reason)) => {
                if self.last_said != Some(status) && !terminated {
                    self.last_said = Some(status);
                    self.say(core, ReferProgress::Status { status, reason, last: false });
                }
                self.go_on(core, terminated);
            }
            None => self.go_on(core, terminated),
        }
    }

    pub fn on_silence(&mut self, core: &mut Core) {
        if !self.is_done() {
            self.state = State::Silent;
            self.say(core, ReferProgress::NoWord);
        }
    }

    fn go_on(&mut self, core: &mut Core, terminated: bool) {
        match (terminated, self.state) {
            (true, State::Silent) => self.state = State::Done,
            (false, State::Silent) => {}
            (true, _) => self.finish(core, ReferProgress::NoWord),
            (false, _) => core.wire.after(self.due(), NEXT_WORD),
        }
    }

    fn finish(&mut self, core: &mut Core, progress: ReferProgress) {
        // The timer may be that of the one that followed.
        if !self.is_done() {
            core.wire.timers.cancel(&self.due());
        }
        if !self.is_decided() {
            self.state = State::Done;
            self.say(core, progress);
        }
    }

    fn say(&self, core: &mut Core, progress: ReferProgress) {
        core.wire.say(Event::Refer { call: self.call, refer: self.key, progress });
    }

    const fn due(&self) -> Due {
        Due::Call(self.call, CallTimer::ReferSilent)
    }
}

/// `SIP/2.0 486 Busy Here`, the first line of a sipfrag (RFC 3420).
fn status_line(notify: &Request) -> Option<(StatusCode, String)> {
    let kind = notify.headers.typed::<ContentType>().ok()??;
    if kind.kind != "message/sipfrag" {
        return None;
    }
    let text = String::from_utf8_lossy(&notify.body);
    let line = text.lines().next()?;
    let rest = line.trim().strip_prefix("SIP/2.0")?.trim_start();
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    Some((StatusCode::new(code.parse().ok()?)?, reason.trim().to_owned()))
}
