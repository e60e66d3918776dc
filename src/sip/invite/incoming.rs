//! A call to us until it is answered (RFC 3261 §13.3, §9.2).

use super::identity::{FarEnd, addresses};
use super::reliable::Reliable;
use super::session::Session;
use super::{CallTimer, Next, describe, early, ended, offers};
use crate::sip::core::Core;
use crate::sip::dialog::Dialog;
use crate::sip::event::{CallKey, EndedBy, Event, Identity, Invite, NotNow};
use crate::sip::message::{
    CSeq, Diversion, Expires, Headers, HistoryInfo, Method, Reason, Replaces, Request, StatusCode, To,
    answer_after,
};
use crate::sip::transaction::ServerId;
use crate::sip::wire::Due;
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
    far_end: FarEnd,
    /// The caller requires 100rel.
    reliable: Option<Reliable>,
    /// What a reliable response of ours said of the session.
    said: Option<Vec<u8>>,
    /// It was answered, or was the answer: either side may make a new offer.
    agreed: bool,
    /// Their offer in UPDATE or PRACK, which the user's side must answer.
    theirs: Option<(ServerId, Request)>,
    /// Accepted, while a reliable response waits for its PRACK.
    accepted: Option<Vec<u8>>,
}

impl Incoming {
    /// Says 100 at once. None: the INVITE makes no dialog, and was told so.
    pub fn start(
        core: &mut Core,
        key: CallKey,
        id: ServerId,
        mut request: Request,
        offer: Option<Vec<u8>>,
        replaces: Option<CallKey>,
    ) -> Option<Self> {
        let tag = core.chance.tag();
        let dialog = Dialog::of_uas(&request, &tag, core.chance.first_seq());
        let invite = described(&request, offer, replaces, core.wire.now);
        let (Some(dialog), Some(invite), Ok(mut to)) = (dialog, invite, request.headers.require::<To>())
        else {
            core.refuse(id, &request, StatusCode::BAD_REQUEST);
            return None;
        };
        let trying = core.response(&request, StatusCode::TRYING);
        core.respond(id, &trying);
        to.set_tag(&tag);
        request.headers.set(&to);
        let reliable = Reliable::of(core, &request);
        Some(Self {
            key,
            id,
            request,
            dialog,
            far_end: FarEnd::of_caller(&invite.identity),
            invite: Box::new(invite),
            reliable,
            said: None,
            agreed: false,
            theirs: None,
            accepted: None,
        })
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

    /// The call whose place it takes when it is answered.
    pub fn replaces(&self) -> Option<CallKey> {
        self.invite.replaces
    }

    pub fn is_named_by(&self, replaces: &Replaces) -> bool {
        self.dialog.is_named_by(replaces)
    }

    pub fn is_about(&self, invite: ServerId) -> bool {
        self.id == invite
    }

    pub fn to(&self) -> Option<To> {
        self.request.headers.require().ok()
    }

    pub fn owns(&self, request: &Request) -> bool {
        self.dialog.owns(request)
    }

    pub fn ring(&mut self, core: &mut Core, status: StatusCode, body: Option<Vec<u8>>) -> Result<(), NotNow> {
        if self.accepted.is_some() {
            return Err(NotNow);
        }
        core.wire.after(Due::Call(self.key, CallTimer::RingAgain), RING_EVERY);
        let mut response = core.response(&self.request, status);
        describe(core, &self.request, &mut response);
        let Some(reliable) = &mut self.reliable else {
            if let Some(body) = body {
                super::body::attach(&mut response.headers, &mut response.body, body);
            }
            core.respond(self.id, &response);
            return Ok(());
        };
        match body {
            Some(_) if self.said.is_some() || !reliable.is_free() => return Err(NotNow),
            Some(body) => {
                self.said = Some(body.clone());
                super::body::attach(&mut response.headers, &mut response.body, body);
            }
            // What was said is still being said. And without an offer of theirs the first reliable response
            // must hold ours (RFC 3262 §5): until there is one, they have our 100.
            None if !reliable.is_free() => return Ok(()),
            None if self.invite.offer.is_none() && self.said.is_none() => return Ok(()),
            None => {}
        }
        reliable.send(core, self.key, self.id, &self.request, response);
        Ok(())
    }

    /// No 2xx before the PRACK of a description of ours (RFC 3262 §3).
    pub fn accept(&mut self, core: &mut Core, body: Vec<u8>) -> Result<Next, NotNow> {
        if self.accepted.is_some() {
            return Err(NotNow);
        }
        core.wire.timers.cancel(&Due::Call(self.key, CallTimer::RingAgain));
        core.wire.timers.cancel(&Due::Call(self.key, CallTimer::InviteExpires));
        if self.reliable.as_ref().is_some_and(Reliable::describes) {
            self.accepted = Some(body);
            return Ok(Next::Same);
        }
        Ok(self.answer(core, body))
    }

    fn answer(&mut self, core: &mut Core, body: Vec<u8>) -> Next {
        self.drop_their_offer(core);
        let mut session = Session::of_called(self.key, self.dialog.clone(), self.far_end.clone());
        session.hear(self.invite.offer.as_ref());
        session.unpracked = self.reliable.take().and_then(|reliable| reliable.give_up(core, self.key));
        let offered = self.invite.offer.is_none() && self.said.is_none();
        let body = match self.said.take() {
            Some(said) => {
                session.description = said;
                None
            }
            None => Some(body),
        };
        session.answer_invite(core, self.id, &self.request, body, offered, true);
        Next::Session(Box::new(session))
    }

    pub fn reject(&mut self, core: &mut Core, status: StatusCode) -> Next {
        self.drop_their_offer(core);
        core.refuse(self.id, &self.request, status);
        core.wire.say(ended(self.key, EndedBy::Us, Some(status), None));
        Next::Gone
    }

    /// The CANCEL itself has been answered.
    pub fn on_cancel(&mut self, core: &mut Core, cancel: &Request) -> Next {
        self.give_up(core, &cancel.headers)
    }

    /// In the early dialog.
    pub fn on_request(&mut self, core: &mut Core, id: ServerId, request: Request) -> Next {
        let seq = request.headers.require::<CSeq>().map_or(0, |cseq| cseq.seq);
        if self.dialog.accept_seq(seq).is_err() {
            core.refuse(id, &request, StatusCode::SERVER_INTERNAL_ERROR);
            return Next::Same;
        }
        match request.method {
            Method::Bye => {
                core.refuse(id, &request, StatusCode::OK);
                return self.give_up(core, &request.headers);
            }
            Method::Prack => return self.on_prack(core, id, request),
            Method::Update => self.on_update(core, id, request),
            Method::Options => super::session::answer_options(core, id, &request),
            Method::Invite => offers::refuse_for_now(core, id, &request),
            _ => core.refuse(id, &request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST),
        }
        Next::Same
    }

    fn on_prack(&mut self, core: &mut Core, id: ServerId, prack: Request) -> Next {
        let Ok(body) = super::acceptable(core, id, &prack) else {
            return Next::Same;
        };
        let acknowledged =
            self.reliable.as_mut().and_then(|reliable| reliable.acknowledge(core, self.key, &prack));
        let Some(response) = acknowledged else {
            core.refuse(id, &prack, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST);
            return Next::Same;
        };
        let describes = !response.body.is_empty();
        self.agreed |= describes;
        match body {
            Some(answer) if describes && self.invite.offer.is_none() => {
                core.refuse(id, &prack, StatusCode::OK);
                core.wire.say(Event::EarlyAnswer { call: self.key, answer });
            }
            Some(offer) => self.take_offer(core, id, prack, offer),
            None => core.refuse(id, &prack, StatusCode::OK),
        }
        match self.accepted.take() {
            Some(body) => self.answer(core, body),
            None => Next::Same,
        }
    }

    fn on_update(&mut self, core: &mut Core, id: ServerId, request: Request) {
        self.far_end.follow_request(core, self.key, &request);
        match super::acceptable(core, id, &request) {
            Ok(Some(offer)) => self.take_offer(core, id, request, offer),
            Ok(None) => {
                let mut response = core.response(&request, StatusCode::OK);
                describe(core, &request, &mut response);
                self.dialog.refresh_target(&request.headers);
                core.respond(id, &response);
            }
            Err(_) => {}
        }
    }

    /// Only when the offer before it was answered, and this was heard (RFC 3311 §5.2).
    fn take_offer(&mut self, core: &mut Core, id: ServerId, request: Request, offer: Vec<u8>) {
        if !self.agreed || self.theirs.is_some() || self.accepted.is_some() {
            return offers::refuse_for_now(core, id, &request);
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
        if let Ok(ours) = &answer {
            self.said = Some(ours.clone());
        }
        early::answer(core, &mut self.dialog, id, &request, answer);
        Ok(())
    }

    fn drop_their_offer(&mut self, core: &mut Core) {
        if let Some((id, request)) = self.theirs.take() {
            core.refuse(id, &request, StatusCode::REQUEST_PENDING);
        }
    }

    pub fn on_timer(&mut self, core: &mut Core, timer: CallTimer) -> Next {
        match timer {
            CallTimer::RingAgain => {
                self.ring(core, StatusCode::RINGING, None).unwrap_or_default();
                Next::Same
            }
            CallTimer::RepeatReliable => {
                if let Some(reliable) = &mut self.reliable {
                    reliable.repeat(core, self.key, self.id);
                }
                Next::Same
            }
            CallTimer::ReliablePatience => self.go_unheard(core),
            CallTimer::InviteExpires => self.give_up(core, &Headers::default()),
            _ => Next::Same,
        }
    }

    /// No PRACK in 64·T1: the caller cannot be told that it rings (RFC 3262 §3).
    fn go_unheard(&mut self, core: &mut Core) -> Next {
        let status = StatusCode::SERVER_TIMEOUT;
        self.drop_their_offer(core);
        core.refuse(self.id, &self.request, status);
        core.wire.say(ended(self.key, EndedBy::Network, Some(status), None));
        Next::Gone
    }

    /// The caller no longer waits.
    fn give_up(&mut self, core: &mut Core, why: &Headers) -> Next {
        self.drop_their_offer(core);
        let status = StatusCode::REQUEST_TERMINATED;
        core.refuse(self.id, &self.request, status);
        core.wire.say(Event::Ended {
            call: self.key,
            by: EndedBy::Them,
            status: Some(status),
            reason: reason_text(why),
            answered_elsewhere: taken_elsewhere(why),
            retry_after: None,
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

fn described(
    request: &Request,
    offer: Option<Vec<u8>>,
    replaces: Option<CallKey>,
    now: crate::instant::Instant,
) -> Option<Invite> {
    let headers = &request.headers;
    Some(Invite {
        call_id: headers.first("Call-ID")?.to_owned(),
        identity: Identity::of_caller(request)?,
        to: headers.require::<To>().ok()?.0,
        target: request.uri.clone(),
        diversion: addresses::<Diversion>(headers),
        history: addresses::<HistoryInfo>(headers),
        offer,
        replaces,
        answer_after: answer_after(headers),
        returned: headers.first("X-Patchcord-Return").map(str::to_owned),
        received_at: now,
    })
}
