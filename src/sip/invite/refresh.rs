//! Session timers (RFC 4028): a session that nobody refreshes is over.
//!
//! We never ask for them. Where the PBX does, it is the one to refresh if it can; if it leaves that to
//! us, we do it halfway, by UPDATE where its Allow has it, else by a re-INVITE that repeats what we last said.

use super::CallTimer;
use super::session::{Over, Session};
use crate::sip::core::{Core, Owner, Purpose};
use crate::sip::event::EndedBy;
use crate::sip::message::{Headers, Method, MinSe, Refresher, Request, Response, SessionExpires, StatusCode};
use crate::sip::transaction::{Outcome, Reply};
use crate::sip::wire::Due;
use std::time::Duration;

/// A refresh that was refused for the moment is tried again after this.
const REFRESH_AGAIN: Duration = Duration::from_secs(5);
/// No interval is taken to be shorter, whatever a message says.
const SHORTEST: u32 = 10;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Timing {
    seconds: u32,
    ours: bool,
}

impl Session {
    /// A request of theirs sets the interval; our 2xx repeats it and settles who refreshes (§9).
    pub(super) fn agree(&mut self, core: &mut Core, request: &Request, response: &mut Response) {
        self.note_methods(&request.headers);
        let Ok(Some(asked)) = request.headers.typed::<SessionExpires>() else {
            return self.time(core, None);
        };
        let they_can = request.headers.lists_token("Supported", "timer");
        let refresher = match asked.refresher {
            Some(refresher) if they_can => refresher,
            None if they_can => Refresher::Uac,
            _ => Refresher::Uas,
        };
        if refresher == Refresher::Uac {
            response.headers.push("Require", "timer");
        }
        response.headers.push_typed(&SessionExpires { refresher: Some(refresher), ..asked });
        self.time(core, Some(Timing { seconds: asked.seconds, ours: refresher == Refresher::Uas }));
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
        }
    }

    pub(super) fn refresh(&mut self, core: &mut Core) {
        if self.over != Over::No {
            return;
        }
        if self.updates {
            let mut request = self.build(core, Method::Update);
            self.mention_timing(&mut request);
            self.send(core, Purpose::Update, request);
        } else if self.ours.is_none() && !self.description.is_empty() {
            let description = self.description.clone();
            self.propose(core, description, true);
        }
    }

    pub(super) fn on_update_reply(&mut self, core: &mut Core, reply: &Reply<Owner>) {
        let Outcome::Response(response) = &reply.outcome else {
            return; // The session expires unless it is refreshed some other way.
        };
        match response.status {
            status if status.is_provisional() => {}
            status if status.is_success() => {
                self.dialog.refresh_target(&response.headers);
                self.on_agreed(core, response);
            }
            StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST => self.vanish(core),
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
                self.updates = false;
                self.refresh(core);
            }
            StatusCode::SESSION_INTERVAL_TOO_SMALL => {
                if let (Ok(Some(least)), Some(timing)) = (response.headers.typed::<MinSe>(), &mut self.timing)
                {
                    timing.seconds = timing.seconds.max(least.0);
                }
                core.wire.after(Due::Call(self.key, CallTimer::Refresh), REFRESH_AGAIN);
            }
            _ => core.wire.after(Due::Call(self.key, CallTimer::Refresh), REFRESH_AGAIN),
        }
    }

    /// Nobody refreshed it in time (§10).
    pub(super) fn expire(&mut self, core: &mut Core) {
        self.end(core, EndedBy::Network, None);
    }

    fn time(&mut self, core: &mut Core, timing: Option<Timing>) {
        self.timing = timing.map(|timing| Timing { seconds: timing.seconds.max(SHORTEST), ..timing });
        let (refresh, expired) =
            (Due::Call(self.key, CallTimer::Refresh), Due::Call(self.key, CallTimer::SessionExpired));
        core.wire.timers.cancel(&refresh);
        core.wire.timers.cancel(&expired);
        let Some(Timing { seconds, ours }) = self.timing else {
            return;
        };
        let interval = Duration::from_secs(seconds.into());
        if ours {
            core.wire.after(refresh, interval / 2);
        }
        // BYE a little before the end, so that both sides see the same one (§10).
        core.wire.after(expired, interval - (interval / 3).min(Duration::from_secs(32)));
    }

    fn note_methods(&mut self, headers: &Headers) {
        if headers.first("Allow").is_some() {
            self.updates = headers.lists_token("Allow", "UPDATE");
        }
    }
}
