//! REFER to us: somebody asks this telephone to call somebody else, and hears how that goes (RFC 3515,
//! RFC 4488).

use super::core::Core;
use super::event::{CallKey, Event, NotNow, ReferAsked};
use super::message::{
    CSeq, ContentType, Event as EventHeader, Params, ReferTo, ReferredBy, Replaces, Request, StatusCode,
    SubState, SubscriptionState, Typed, Uri,
};
use super::transaction::ServerId;

/// Seconds that the subscription is said to last: longer than a target rings.
pub const LASTS: u32 = 660;

pub struct Referred {
    /// Number of the REFER: names its subscription (RFC 3515 §2.4.6).
    seq: u32,
    /// Until the user's side says yes or no.
    question: Option<(ServerId, Request)>,
    /// NOTIFYs are wanted.
    watched: bool,
}

/// What a yes or no calls for.
pub enum Answered {
    /// NOTIFY at once (RFC 3515 §2.4.4).
    Watched,
    Unwatched,
}

impl Referred {
    /// None: it cannot be done by anybody, and was told so.
    pub fn ask(core: &mut Core, call: CallKey, id: ServerId, request: Request) -> Option<Self> {
        let Some(refer) = read(&request) else {
            core.refuse(id, &request, StatusCode::BAD_REQUEST);
            return None;
        };
        let seq = request.headers.require::<CSeq>().map_or(0, |cseq| cseq.seq);
        let watched = !declines_news(request.headers.first("Refer-Sub"));
        core.wire.say(Event::ReferAsked { call, refer: Box::new(refer) });
        Some(Self { seq, question: Some((id, request)), watched })
    }

    pub const fn is_open(&self) -> bool {
        self.question.is_some() || self.watched
    }

    pub fn answer(&mut self, core: &mut Core, answer: Result<(), StatusCode>) -> Result<Answered, NotNow> {
        let (id, request) = self.question.take().ok_or(NotNow)?;
        if let Err(status) = answer {
            let status = Some(status).filter(|status| status.code() >= 300);
            core.refuse(id, &request, status.unwrap_or(StatusCode::DECLINE));
            self.watched = false;
            return Ok(Answered::Unwatched);
        }
        let mut response = core.response(&request, StatusCode::ACCEPTED);
        super::invite::describe(core, &request, &mut response);
        if !self.watched {
            response.headers.push("Refer-Sub", "false");
        }
        core.respond(id, &response);
        Ok(if self.watched { Answered::Watched } else { Answered::Unwatched })
    }

    /// The call ends, and the question with it.
    pub fn withdraw(&mut self, core: &mut Core) {
        if let Some((id, request)) = self.question.take() {
            core.refuse(id, &request, StatusCode::REQUEST_TERMINATED);
            self.watched = false;
        }
    }

    /// The other side no longer listens.
    pub fn hush(&mut self) {
        self.watched = false;
    }

    pub const fn wants_news(&self) -> bool {
        self.watched && self.question.is_none()
    }

    /// What makes the dialog's next request a NOTIFY; a final status is the last word.
    pub fn fill(&mut self, notify: &mut Request, status: StatusCode, reason: &str) {
        let over = status.is_final();
        let id = Some(self.seq.to_string());
        notify.headers.push_typed(&EventHeader { package: "refer".into(), id, params: Params::default() });
        notify.headers.push_typed(&SubscriptionState {
            state: if over { SubState::Terminated } else { SubState::Active },
            reason: over.then(|| "noresource".into()),
            expires: (!over).then_some(LASTS),
            retry_after: None,
        });
        let mut kind = ContentType::new("message/sipfrag");
        kind.params.set("version", Some("2.0"));
        notify.headers.push_typed(&kind);
        let reason: String = reason.chars().filter(|c| !c.is_control()).collect();
        notify.body = format!("SIP/2.0 {status} {reason}\r\n").into_bytes();
        self.watched = !over;
    }
}

/// What tells an INVITE's receiver at whose wish it comes (RFC 3892 §2.2), and whose place it takes: who cannot do
/// that must not ring as a second call (RFC 3891 §4).
pub fn mention(invite: &mut Request, refer: &ReferAsked) {
    if let Some(by) = &refer.referred_by {
        invite.headers.push_typed(&ReferredBy(by.clone()));
    }
    if let Some(replaces) = &refer.replaces {
        invite.headers.push_typed(replaces);
        invite.headers.push("Require", "replaces");
    }
}

/// `Refer-Sub: false` (RFC 4488 §4).
pub fn declines_news(refer_sub: Option<&str>) -> bool {
    let said = refer_sub.and_then(|value| value.split(';').next()).map(str::trim);
    said.is_some_and(|said| said.eq_ignore_ascii_case("false"))
}

fn read(request: &Request) -> Option<ReferAsked> {
    let mut target = refer_to(request)?;
    let method = target.params.get("method");
    if method.is_some_and(|method| method != "INVITE") {
        return None;
    }
    let replaces: Option<Replaces> = match target.header("Replaces") {
        Some(said) => Some(Replaces::parse(&said).ok()?),
        None => None,
    };
    target.headers.clear();
    target.params.remove("method");
    let referred_by = request.headers.typed::<ReferredBy>().ok().flatten().map(|by| by.0);
    Some(ReferAsked { target, referred_by, replaces })
}

/// Asterisk leaves out the brackets that a URI with headers needs (RFC 3261 §20); here it can mean nothing else.
fn refer_to(request: &Request) -> Option<Uri> {
    let mut said = request.headers.all("Refer-To");
    let (Some(only), None) = (said.next(), said.next()) else { return None };
    let bare = only.contains('?') && !only.contains('<');
    let target = if bare { ReferTo::parse(&format!("<{only}>")) } else { ReferTo::parse(only) };
    Some(target.ok()?.0.uri)
}
