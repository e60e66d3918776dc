//! A call to us until it is answered (RFC 3261 §13.3, §9.2).

use super::session::Session;
use super::{CallTimer, Next, describe, ended};
use crate::sip::core::Core;
use crate::sip::dialog::Dialog;
use crate::sip::event::{CallKey, EndedBy, Event, Invite, NotNow};
use crate::sip::message::{
    CSeq, Diversion, Expires, From, Headers, HistoryInfo, Method, NameAddr, PAssertedIdentity, Privacy,
    Reason, RemotePartyId, Request, StatusCode, To, Typed,
};
use crate::sip::transaction::ServerId;
use crate::sip::wire::Due;
use std::ops::Deref;
use std::time::Duration;

/// A provisional response at least every minute keeps proxies from giving up (RFC 3261 §13.3.1.1).
const RING_EVERY: Duration = Duration::from_secs(60);

pub struct Incoming {
    key: CallKey,
    id: ServerId,
    /// With our tag in its To, so that every response has it.
    request: Request,
    dialog: Dialog,
    invite: Box<Invite>,
}

impl Incoming {
    /// Says 100 at once. None: the INVITE makes no dialog, and was told so.
    pub fn start(
        core: &mut Core,
        key: CallKey,
        id: ServerId,
        mut request: Request,
        offer: Option<Vec<u8>>,
    ) -> Option<Self> {
        let tag = core.chance.tag();
        let dialog = Dialog::of_uas(&request, &tag, core.chance.first_seq());
        let invite = described(&request, offer, core.wire.now);
        let (Some(dialog), Some(invite), Ok(mut to)) = (dialog, invite, request.headers.require::<To>())
        else {
            core.refuse(id, &request, StatusCode::BAD_REQUEST);
            return None;
        };
        let trying = core.response(&request, StatusCode::TRYING);
        core.respond(id, &trying);
        to.set_tag(&tag);
        request.headers.set(&to);
        Some(Self { key, id, request, dialog, invite: Box::new(invite) })
    }

    pub fn announce(&self, core: &mut Core) {
        if let Ok(Some(expires)) = self.request.headers.typed::<Expires>() {
            let valid = Duration::from_secs(expires.0.into());
            core.wire.after(Due::Call(self.key, CallTimer::InviteExpires), valid);
        }
        core.wire.say(Event::Invited { call: self.key, invite: self.invite.clone() });
    }

    /// Refuses without asking anybody.
    pub fn decline(self, core: &mut Core, status: StatusCode) {
        core.refuse(self.id, &self.request, status);
        core.wire.say(Event::Declined { invite: self.invite, status });
    }

    pub fn call_id(&self) -> &str {
        self.dialog.call_id()
    }

    pub fn is_about(&self, invite: ServerId) -> bool {
        self.id == invite
    }

    pub fn owns(&self, request: &Request) -> bool {
        self.dialog.owns(request)
    }

    pub fn ring(&self, core: &mut Core) -> Result<(), NotNow> {
        let mut response = core.response(&self.request, StatusCode::RINGING);
        describe(core, &self.request, &mut response);
        core.respond(self.id, &response);
        core.wire.after(Due::Call(self.key, CallTimer::RingAgain), RING_EVERY);
        Ok(())
    }

    pub fn accept(&self, core: &mut Core, body: Vec<u8>) -> Next {
        core.wire.timers.cancel(&Due::Call(self.key, CallTimer::RingAgain));
        core.wire.timers.cancel(&Due::Call(self.key, CallTimer::InviteExpires));
        let mut session = Session::of_called(self.key, self.dialog.clone());
        session.answer_invite(core, self.id, &self.request, body, self.invite.offer.is_none(), true);
        Next::Session(Box::new(session))
    }

    pub fn reject(&self, core: &mut Core, status: StatusCode) -> Next {
        core.refuse(self.id, &self.request, status);
        core.wire.say(ended(self.key, EndedBy::Us, Some(status), None));
        Next::Gone
    }

    /// The CANCEL itself has been answered.
    pub fn on_cancel(&self, core: &mut Core, cancel: &Request) -> Next {
        self.give_up(core, &cancel.headers)
    }

    /// In the early dialog; the offer of the INVITE is not answered yet.
    pub fn on_request(&mut self, core: &mut Core, id: ServerId, request: &Request) -> Next {
        let seq = request.headers.require::<CSeq>().map_or(0, |cseq| cseq.seq);
        if self.dialog.accept_seq(seq).is_err() {
            core.refuse(id, request, StatusCode::SERVER_INTERNAL_ERROR);
            return Next::Same;
        }
        match request.method {
            Method::Bye => {
                core.refuse(id, request, StatusCode::OK);
                return self.give_up(core, &request.headers);
            }
            Method::Options => super::session::answer_options(core, id, request),
            Method::Update if request.body.is_empty() => {
                let mut response = core.response(request, StatusCode::OK);
                describe(core, request, &mut response);
                self.dialog.refresh_target(&request.headers);
                core.respond(id, &response);
            }
            Method::Update | Method::Invite => super::offers::refuse_for_now(core, id, request),
            _ => core.refuse(id, request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST),
        }
        Next::Same
    }

    pub fn on_timer(&self, core: &mut Core, timer: CallTimer) -> Next {
        match timer {
            CallTimer::RingAgain => {
                self.ring(core).unwrap_or_default();
                Next::Same
            }
            CallTimer::InviteExpires => self.give_up(core, &Headers::default()),
            _ => Next::Same,
        }
    }

    /// The caller no longer waits.
    fn give_up(&self, core: &mut Core, why: &Headers) -> Next {
        let status = StatusCode::REQUEST_TERMINATED;
        core.refuse(self.id, &self.request, status);
        core.wire.say(Event::Ended {
            call: self.key,
            by: EndedBy::Them,
            status: Some(status),
            reason: reason_text(why),
            answered_elsewhere: taken_elsewhere(why),
        });
        Next::Gone
    }
}

/// RFC 3326.
fn taken_elsewhere(headers: &Headers) -> bool {
    headers.typed_all::<Reason>().unwrap_or_default().iter().any(Reason::is_completed_elsewhere)
}

pub fn reason_text(headers: &Headers) -> Option<String> {
    headers.typed_all::<Reason>().unwrap_or_default().into_iter().find_map(|reason| reason.text)
}

fn described(request: &Request, offer: Option<Vec<u8>>, now: crate::instant::Instant) -> Option<Invite> {
    let headers = &request.headers;
    Some(Invite {
        call_id: headers.first("Call-ID")?.to_owned(),
        from: headers.require::<From>().ok()?.0,
        to: headers.require::<To>().ok()?.0,
        asserted: addresses::<PAssertedIdentity>(headers),
        remote_party: addresses::<RemotePartyId>(headers).into_iter().next(),
        diversion: addresses::<Diversion>(headers),
        history: addresses::<HistoryInfo>(headers),
        privacy: headers.typed::<Privacy>().ok().flatten().map(|privacy| privacy.0).unwrap_or_default(),
        offer,
        received_at: now,
    })
}

/// A malformed list says nothing rather than something false.
fn addresses<H: Typed + Deref<Target = NameAddr>>(headers: &Headers) -> Vec<NameAddr> {
    headers.typed_all::<H>().unwrap_or_default().iter().map(|header| (**header).clone()).collect()
}
