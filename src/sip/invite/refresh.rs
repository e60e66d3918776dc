//! Session timers (RFC 4028): a session that nobody refreshes is over.
//!
//! Asked for only where the configuration says so. Where the PBX asks, it is the one to refresh if it can; if it leaves that
//! to us, we do it halfway, by UPDATE where its Allow has it, else by a re-INVITE that repeats what we last said. One that has
//! not done it shortly before the end is asked so, too, before the call is given up.

use super::CallTimer;
use super::session::{Over, Session};
use crate::sip::core::{Core, Owner, Purpose};
use crate::sip::event::EndedBy;
use crate::sip::message::{Headers, Method, MinSe, Refresher, Request, Response, SessionExpires, StatusCode};
use crate::sip::transaction::{Outcome, Reply, ServerId};
use crate::sip::wire::Due;
use std::time::Duration;

/// A refresh that was refused for the moment, or got no answer, is tried again after this.
const REFRESH_AGAIN: Duration = Duration::from_secs(5);
/// No interval is taken to be shorter, whatever a message says.
const SHORTEST: u32 = 10;
/// Nobody may be made to refresh more often (§5).
const LEAST: u32 = 90;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Timing {
    seconds: u32,
    ours: bool,
}

/// What a first INVITE asks for. `least`: the shortest interval that those on its way take, or 0 when
/// nobody has said (§7.1).
pub(super) fn ask(core: &Core, invite: &mut Request, least: u32) {
    let wish = wish(core).or((least > 0).then_some(least));
    if let Some(seconds) = wish {
        let seconds = seconds.max(least);
        invite.headers.set(&SessionExpires { seconds, refresher: None });
    }
    if least > 0 {
        invite.headers.set(&MinSe(least));
    }
}

/// A 422 that asks for more than the request had (§7.3); one that does not would bring the same again.
pub(super) fn raised(request: &Request, response: &Response) -> Option<u32> {
    let least = response.headers.typed::<MinSe>().ok()??.0;
    let had = request.headers.typed::<SessionExpires>().ok().flatten().map_or(0, |asked| asked.seconds);
    (least > had).then_some(least)
}

/// An interval that would cost more than it is worth is refused, where the other side can take a refusal (§9).
pub(super) fn refuse_brief(core: &mut Core, id: ServerId, request: &Request) -> bool {
    let asked = request.headers.typed::<SessionExpires>().ok().flatten();
    let brief = asked.is_some_and(|asked| asked.seconds < LEAST);
    if !brief || !request.headers.lists_token("Supported", "timer") {
        return false;
    }
    let mut response = core.response(request, StatusCode::SESSION_INTERVAL_TOO_SMALL);
    response.headers.push_typed(&MinSe(LEAST));
    core.respond(id, &response);
    true
}

/// A little before the end, so that both sides see the same one (§10).
fn until_bye(interval: Duration) -> Duration {
    interval - (interval / 3).min(Duration::from_secs(32))
}

fn wish(core: &Core) -> Option<u32> {
    let wish = core.config.calls.session_expires?.as_secs();
    Some(u32::try_from(wish).unwrap_or(u32::MAX).max(LEAST))
}

impl Session {
    /// A request of theirs sets the interval, which we may shorten as far as they take it; our 2xx says it and
    /// settles who refreshes (§9).
    pub(super) fn agree(&mut self, core: &mut Core, request: &Request, response: &mut Response) {
        self.note_methods(&request.headers);
        let asked = request.headers.typed::<SessionExpires>().ok().flatten();
        let least = request.headers.typed::<MinSe>().ok().flatten().map_or(0, |least| least.0);
        let wish = wish(core).map(|wish| wish.max(least));
        let seconds = match (asked, wish) {
            (None, None) => return self.time(core, None),
            (Some(asked), wish) => wish.map_or(asked.seconds, |wish| wish.min(asked.seconds)),
            (None, Some(wish)) => wish,
        };
        let they_can = request.headers.lists_token("Supported", "timer");
        let refresher = match asked.and_then(|asked| asked.refresher) {
            Some(refresher) if they_can => refresher,
            None if they_can => Refresher::Uac,
            _ => Refresher::Uas,
        };
        if refresher == Refresher::Uac {
            response.headers.push("Require", "timer");
        }
        response.headers.push_typed(&SessionExpires { seconds, refresher: Some(refresher) });
        self.time(core, Some(Timing { seconds, ours: refresher == Refresher::Uas }));
    }

    /// A 2xx to a request of ours settles it (§7.2).
    pub(super) fn on_agreed(&mut self, core: &mut Core, response: &Response) {
        self.note_methods(&response.headers);
        let agreed = response.headers.typed::<SessionExpires>().ok().flatten();
        let timing = agreed
            .map(|agreed| Timing { seconds: agreed.seconds, ours: agreed.refresher != Some(Refresher::Uas) });
        self.time(core, timing);
    }

    /// In our re-INVITEs, so that they do not switch the timer off.
    pub(super) fn mention_timing(&self, request: &mut Request) {
        if let Some(Timing { seconds, ours }) = self.timing {
            let refresher = Some(if ours { Refresher::Uac } else { Refresher::Uas });
            request.headers.push_typed(&SessionExpires { seconds, refresher });
            if self.least > 0 {
                request.headers.push_typed(&MinSe(self.least));
            }
        }
    }

    /// A 422 to a request of ours in the dialog: whether it may go again, with more (§7.3).
    pub(super) fn raise(&mut self, request: &Request, response: &Response) -> bool {
        let Some(least) = raised(request, response) else {
            return false;
        };
        self.least = least;
        let timing = self.timing.get_or_insert(Timing { seconds: least, ours: true });
        timing.seconds = timing.seconds.max(least);
        true
    }

    /// Where nobody counts, once was enough: it was a question whether the other end still knows this call.
    pub(super) fn refresh_later(&self, core: &mut Core) {
        if self.timing.is_some() {
            core.wire.after(Due::Call(self.key, CallTimer::Refresh), REFRESH_AGAIN);
        }
    }

    pub(super) fn refresh(&mut self, core: &mut Core) {
        if self.over != Over::No {
            return;
        }
        // An offer of ours under way refreshes as well, unless it is refused; what overtakes it would have it refused, for
        // its number (RFC 3261 §12.2.2).
        if self.is_offering() && !self.expires_soon(core) {
            self.refresh_later(core);
        } else if self.updates {
            let mut request = self.build(core, Method::Update);
            self.mention_timing(&mut request);
            self.send(core, Purpose::Update, request);
        } else if self.ours.is_none() && !self.description.is_empty() {
            let description = self.description.clone();
            self.propose(core, description, true);
        } else {
            self.refresh_later(core);
        }
    }

    pub(super) fn on_update_reply(&mut self, core: &mut Core, reply: &Reply<Owner>) {
        let Outcome::Response(response) = &reply.outcome else {
            return self.refresh_later(core); // The outage may end before the session does.
        };
        match response.status {
            status if status.is_provisional() => {}
            status if status.is_success() => {
                self.dialog.refresh_target(&response.headers);
                if !self.is_over() {
                    self.far_end.follow_response(core, self.key, response);
                }
                self.on_agreed(core, response);
            }
            StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST => self.vanish(core),
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
                self.updates = false;
                self.refresh(core);
            }
            StatusCode::SESSION_INTERVAL_TOO_SMALL if self.raise(&reply.request, response) => {
                self.refresh(core)
            }
            _ => self.refresh_later(core),
        }
    }

    /// Nobody refreshed it in time (§10).
    pub(super) fn expire(&mut self, core: &mut Core) {
        self.why = Some(r#"SIP;cause=408;text="Session expired""#);
        self.end(core, EndedBy::Network, None);
    }

    fn time(&mut self, core: &mut Core, timing: Option<Timing>) {
        self.timing = timing.map(|timing| Timing { seconds: timing.seconds.max(SHORTEST), ..timing });
        let (refresh, expired) =
            (Due::Call(self.key, CallTimer::Refresh), Due::Call(self.key, CallTimer::SessionExpired));
        core.wire.timers.cancel(&refresh);
        core.wire.timers.cancel(&expired);
        self.count(core);
    }

    /// Who was to be refreshed and was not may have been kept from it by an outage that is over, and the client hears music
    /// still: the other end is asked at the moment at which §10 would have us say BYE, and has the rest of the time.
    fn count(&self, core: &mut Core) {
        let Some(Timing { seconds, ours }) = self.timing else { return };
        let interval = Duration::from_secs(seconds.into());
        let (ask, give_up) =
            if ours { (interval / 2, until_bye(interval)) } else { (until_bye(interval), interval) };
        core.wire.after(Due::Call(self.key, CallTimer::Refresh), ask);
        core.wire.after(Due::Call(self.key, CallTimer::SessionExpired), give_up);
    }

    /// Our 2xx may have been long on its way, and the other side counts from when it came.
    pub(super) fn time_from_ack(&self, core: &mut Core) {
        self.count(core);
    }

    fn expires_soon(&self, core: &Core) -> bool {
        let expires = core.wire.timers.at(&Due::Call(self.key, CallTimer::SessionExpired));
        expires.is_some_and(|at| at.since(core.wire.now) < REFRESH_AGAIN * 3)
    }

    fn note_methods(&mut self, headers: &Headers) {
        if headers.first("Allow").is_some() {
            self.updates = headers.lists_token("Allow", "UPDATE");
            self.informs = headers.lists_token("Allow", "INFO");
        }
    }
}
