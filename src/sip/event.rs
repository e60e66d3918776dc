//! What a user agent says to whoever drives it.

use super::message::{NameAddr, Replaces, StatusCode, Uri};
use super::subscribe::News;
use crate::instant::Instant;
use crate::transmit::Transmit;
use std::net::SocketAddr;
use std::time::Duration;

/// Names one call (INVITE session) for its whole life; never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CallKey(pub u64);

/// Names one REFER of ours within its call; never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ReferKey(pub u32);

/// Names one OPTIONS asked for by the user.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProbeKey(pub u64);

/// Names one subscription for its whole life, however often it is made again; never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SubscriptionKey(pub u64);

/// The command does not fit the call's state (already ended, not yet answered, another one pending).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the command does not fit the state of the call")]
pub struct NotNow;

/// One thing that came of the last change.
#[derive(Debug)]
pub enum Output {
    Send(Transmit),
    Event(Event),
    /// Nothing more until the next input, command or deadline.
    Idle,
}

/// Each says when it comes. Nothing is said twice.
#[derive(Clone)]
pub enum Event {
    /// The registrar granted a binding for our Contact; again when what is granted changes and after
    /// each outage, not on each refresh.
    Registered { server: SocketAddr, expires: Duration, contact: Uri },
    /// Registering failed, or an outage was noticed; the next attempt is at `retry_in` (None: will not be
    /// tried again by itself). In an outage's first minute, while attempts follow within two seconds,
    /// it is said once per cause.
    RegistrationFailed { cause: Failure, retry_in: Option<Duration> },
    /// Asked for and granted: the PBX sends no more calls here.
    Unregistered,
    /// OPTIONS was answered (any status is an answer) or not; the time is that of the last round trip.
    Probed { probe: ProbeKey, result: Result<(StatusCode, String, Duration), Failure> },

    /// What a subscription is about changed, or was said again; without a subscription: what PBXs tell every telephone of
    /// the messages that wait for it (RFC 3842).
    News { subscription: Option<SubscriptionKey>, news: News },
    /// What was known by a subscription does not hold any more. It is tried again by itself.
    SubscriptionLost { subscription: SubscriptionKey, loss: SubscriptionLoss },

    /// A call came in that matches our Contact; 100 has been sent. At most once per call.
    Invited { call: CallKey, invite: Box<Invite> },
    /// A call was refused by us without asking (486 while another call stands): for the register.
    Declined { invite: Box<Invite>, status: StatusCode },
    /// 101 to 198 for our INVITE; body = early media's SDP. Not for a repetition that says the same, but for each
    /// telephone that rings. With `offer_pending` the body is an offer that `acknowledge` must answer.
    Ringing { call: CallKey, status: StatusCode, body: Option<Vec<u8>>, offer_pending: bool },
    /// The answer to the offer in our reliable provisional response (RFC 3262 §5).
    EarlyAnswer { call: CallKey, answer: Vec<u8> },
    /// 2xx for our INVITE. With `offer_pending` the body is an offer that `acknowledge` must answer; else the ACK has gone.
    Accepted { call: CallKey, body: Option<Vec<u8>>, offer_pending: bool },
    /// The far end names itself, and not as before: in a response to our INVITE, in a re-INVITE or UPDATE. Comes before
    /// what else that message brings.
    Identified { call: CallKey, identity: Box<Identity> },
    /// The ACK for our 2xx arrived; carries the answer when our 2xx had the offer.
    Confirmed { call: CallKey, answer: Option<Vec<u8>> },
    /// The other side wants to change the session, or refreshes it; `offer` None: it asks for ours (re-INVITE without
    /// SDP). Answer with `answer_offer`.
    Offer { call: CallKey, offer: Option<Vec<u8>> },
    /// Our `reoffer` was answered, or refused for good (488, 606, time-out as 408 …) and the old session stands.
    Answer { call: CallKey, result: Result<Vec<u8>, StatusCode> },
    /// Our refresh of the session by re-INVITE was answered, and not with what they said before: the other side's audio
    /// may be elsewhere.
    Refreshed { call: CallKey, answer: Vec<u8> },
    /// How the transfer goes that this REFER asked for; of one that another has followed, only what is said late. May come after
    /// `Ended`, when our BYE went before the last NOTIFY.
    Refer { call: CallKey, refer: ReferKey, progress: ReferProgress },
    /// They ask us to call somebody (click-to-transfer). Answer with `answer_refer`.
    ReferAsked { call: CallKey, refer: Box<ReferAsked> },
    /// DTMF by INFO (application/dtmf-relay, application/dtmf), one digit: `0`–`9`, `*`, `#`, `A`–`D`.
    Digit { call: CallKey, digit: char },
    /// Our INFO with a digit was answered: taken, or refused (time-out as 408).
    DigitAnswered { call: CallKey, result: Result<(), StatusCode> },
    /// The call is over, at once when we end it ourselves; nothing more comes for this key but the rest of a transfer.
    Ended {
        call: CallKey,
        by: EndedBy,
        status: Option<StatusCode>,
        /// Reason phrase of the refusal, or the text of a Reason header.
        reason: Option<String>,
        /// Another device took it (RFC 3326 Reason of the CANCEL).
        answered_elsewhere: bool,
        /// When the refused call may be tried again (RFC 3261 §20.33).
        retry_after: Option<Duration>,
    },
}

/// Kind, call and status only: bodies hold keys, digits are a client's, names and numbers too.
impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Registered { expires, .. } => write!(f, "Registered({expires:?})"),
            Self::RegistrationFailed { cause, retry_in } => {
                write!(f, "RegistrationFailed({cause:?}, retry in {retry_in:?})")
            }
            Self::Unregistered => f.write_str("Unregistered"),
            Self::Probed { probe, result } => write!(f, "Probed({probe:?}, {result:?})"),
            Self::News { subscription, .. } => write!(f, "News({subscription:?})"),
            Self::SubscriptionLost { subscription, loss } => {
                write!(f, "SubscriptionLost({subscription:?}, {loss:?})")
            }
            Self::Invited { call, .. } => write!(f, "Invited({call:?})"),
            Self::Declined { status, .. } => write!(f, "Declined({status})"),
            Self::Ringing { call, status, body, .. } => {
                write!(f, "Ringing({call:?}, {status}, body: {})", body.is_some())
            }
            Self::EarlyAnswer { call, .. } => write!(f, "EarlyAnswer({call:?})"),
            Self::Accepted { call, offer_pending, .. } => {
                write!(f, "Accepted({call:?}, offer pending: {offer_pending})")
            }
            Self::Identified { call, .. } => write!(f, "Identified({call:?})"),
            Self::Confirmed { call, answer } => {
                write!(f, "Confirmed({call:?}, answer: {})", answer.is_some())
            }
            Self::Offer { call, offer } => write!(f, "Offer({call:?}, offer: {})", offer.is_some()),
            Self::Answer { call, result: Ok(_) } => write!(f, "Answer({call:?})"),
            Self::Answer { call, result: Err(status) } => write!(f, "Answer({call:?}, {status})"),
            Self::Refreshed { call, .. } => write!(f, "Refreshed({call:?})"),
            Self::Refer { call, refer, progress } => write!(f, "Refer({call:?}, {refer:?}, {progress:?})"),
            Self::ReferAsked { call, .. } => write!(f, "ReferAsked({call:?})"),
            Self::Digit { call, .. } => write!(f, "Digit({call:?})"),
            Self::DigitAnswered { call, result } => write!(f, "DigitAnswered({call:?}, {result:?})"),
            Self::Ended { call, by, status, answered_elsewhere, .. } => {
                write!(f, "Ended({call:?}, by {by:?}, {status:?}, elsewhere: {answered_elsewhere})")
            }
        }
    }
}

/// How a transfer goes (RFC 3515).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReferProgress {
    /// 2xx to the REFER: taken, nothing decided.
    Taken,
    /// sipfrag status line in a NOTIFY; `last` when it is final. Each status is said once.
    Status { status: StatusCode, reason: String, last: bool },
    /// The REFER itself was refused.
    Refused { status: StatusCode, reason: String },
    /// Neither answer nor NOTIFY in time, or the subscription ended without a final status. A status may
    /// still follow when it was merely late.
    NoWord,
}

/// What is known of an incoming INVITE, for `phone` and for whoever asks who calls.
#[derive(Clone)]
pub struct Invite {
    pub call_id: String,
    pub identity: Identity,
    pub to: NameAddr,
    /// What the INVITE asks for: our Contact; for an exchange, the number that was dialled.
    pub target: Uri,
    pub diversion: Vec<NameAddr>,
    /// History-Info, oldest first
    pub history: Vec<NameAddr>,
    pub offer: Option<Vec<u8>>,
    /// The call that ends when this one is answered (RFC 3891): nobody need be asked again.
    pub replaces: Option<CallKey>,
    /// The PBX asks that it be answered after so long, without anybody's doing (Call-Info, Alert-Info).
    pub answer_after: Option<Duration>,
    /// X-Patchcord-Return: the PBX gives back a client who was passed on.
    pub returned: Option<String>,
    pub received_at: Instant,
}

/// Callers' numbers and session keys stay out of logs.
impl std::fmt::Debug for Invite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invite").field("received_at", &self.received_at).finish_non_exhaustive()
    }
}

/// Whom a REFER wants us to call.
#[derive(Clone, PartialEq)]
pub struct ReferAsked {
    pub target: Uri,
    pub referred_by: Option<NameAddr>,
    /// The dialog of somebody else whose place the call shall take.
    pub replaces: Option<Replaces>,
}

impl std::fmt::Debug for ReferAsked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReferAsked").finish_non_exhaustive()
    }
}

/// Who the far end is, as one message of theirs says.
#[derive(Clone, PartialEq, Default)]
pub struct Identity {
    /// Of an INVITE that begins a call; later only where it names somebody else than before (RFC 4916 §4).
    pub from: Option<NameAddr>,
    /// P-Asserted-Identity
    pub asserted: Vec<NameAddr>,
    /// Remote-Party-ID
    pub remote_party: Option<NameAddr>,
    /// Privacy tokens, lower case
    pub privacy: Vec<String>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// Why nothing is known by a subscription.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SubscriptionLoss {
    /// After an outage or a move, or as the PBX wishes: made again in a moment, or when we are registered again.
    Renewing,
    /// The PBX said no; it is asked again after minutes.
    Refused(StatusCode),
    /// The PBX ended it, and will be asked again later.
    Ended,
    /// No answer, or no notification.
    NoWord,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndedBy {
    Us,
    Them,
    /// No answer, nobody there, or the PBX no longer knows the call.
    Network,
}

/// Why a request came to nothing, and whose fault it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The other side said no.
    Refused { status: StatusCode, reason: String },
    /// 401/407 again with our answer to a fresh nonce, or no challenge we can answer.
    Credentials { status: StatusCode },
    /// No answer in the transaction's time.
    TimedOut,
    /// Nothing listens there, or the connection broke.
    Unreachable,
}
