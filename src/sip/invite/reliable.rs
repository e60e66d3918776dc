//! Our provisional responses to a caller who insists on hearing them: each is numbered and repeated until
//! its PRACK comes (RFC 3262 §3).

use super::CallTimer;
use crate::sip::core::Core;
use crate::sip::event::CallKey;
use crate::sip::message::{CSeq, RAck, RSeq, Request, Response};
use crate::sip::timers::{PATIENCE, T1};
use crate::sip::transaction::ServerId;
use crate::sip::wire::Due;
use std::time::Duration;

pub(super) struct Reliable {
    rseq: u32,
    /// The next one may go only when this one was acknowledged.
    pending: Option<Pending>,
}

struct Pending {
    response: Response,
    interval: Duration,
    rack: RAck,
}

impl Reliable {
    /// Only for those who require it: one acknowledgement less to lose for all others.
    pub fn of(core: &mut Core, invite: &Request) -> Option<Self> {
        let required = invite.headers.lists_token("Require", "100rel");
        required.then(|| Self { rseq: core.chance.first_seq(), pending: None })
    }

    pub const fn is_free(&self) -> bool {
        self.pending.is_none()
    }

    /// Whether it holds an offer or an answer: then no 2xx may overtake it.
    pub fn describes(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| !pending.response.body.is_empty())
    }

    pub fn send(
        &mut self,
        core: &mut Core,
        call: CallKey,
        id: ServerId,
        invite: &Request,
        mut response: Response,
    ) {
        let Ok(cseq) = invite.headers.require::<CSeq>() else {
            return;
        };
        self.rseq = self.rseq.saturating_add(1);
        response.headers.push("Require", "100rel");
        response.headers.push_typed(&RSeq(self.rseq));
        core.respond(id, &response);
        let rack = RAck { rseq: self.rseq, cseq };
        self.pending = Some(Pending { response, interval: T1, rack });
        core.wire.after(Due::Call(call, CallTimer::RepeatReliable), T1);
        core.wire.after(Due::Call(call, CallTimer::ReliablePatience), PATIENCE);
    }

    /// The interval doubles without limit, unlike that of a 2xx.
    pub fn repeat(&mut self, core: &mut Core, call: CallKey, id: ServerId) {
        if let Some(pending) = &mut self.pending {
            core.respond(id, &pending.response);
            pending.interval = pending.interval.saturating_mul(2);
            core.wire.after(Due::Call(call, CallTimer::RepeatReliable), pending.interval);
        }
    }

    /// The response that this PRACK acknowledges; None: there is no such one.
    pub fn acknowledge(&mut self, core: &mut Core, call: CallKey, prack: &Request) -> Option<Response> {
        let pending = self.pending.take_if(|pending| acknowledges(prack, &pending.rack))?;
        self.stop(core, call);
        Some(pending.response)
    }

    /// A final response has gone: no repetition any more, but a late PRACK is still expected (§3).
    pub fn give_up(mut self, core: &mut Core, call: CallKey) -> Option<RAck> {
        self.stop(core, call);
        self.pending.take().map(|pending| pending.rack)
    }

    fn stop(&self, core: &mut Core, call: CallKey) {
        core.wire.timers.cancel(&Due::Call(call, CallTimer::RepeatReliable));
        core.wire.timers.cancel(&Due::Call(call, CallTimer::ReliablePatience));
    }
}

pub(super) fn acknowledges(prack: &Request, expected: &RAck) -> bool {
    prack.headers.require::<RAck>().is_ok_and(|rack| rack == *expected)
}
