//! What goes into the telephone and what comes out of it.

use super::caller::Caller;
use super::line::LineId;
use crate::domain::line_state::LineState;
use crate::instant::Instant;
use crate::media::{
    AudioDirection, CallTone, Codec, NoAudioCause, PoorCause, StreamEvent, StreamPlan, StreamStats,
};
use crate::sip::Failure;
use crate::transmit::{Hop, Received, Transmit};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// Everything that changes the telephone.
#[derive(Clone, Debug)]
pub enum Input {
    Datagram(Received),
    /// A bound RTP port, RTCP on the next one, which the next call may use. The shell gives one
    /// at the start and one for each `MediaCommand::TakePort`.
    MediaPort(SocketAddr),
    /// Nothing listens there, or no network leads there.
    Unreachable(Hop),
    /// A connection beside UDP stood, and is gone.
    Closed(Hop),
    /// The connection to the PBX broke, or could not be made; the next one comes from `local`.
    Disconnected {
        local: SocketAddr,
    },
    /// Our own address towards the PBX, or the PBX's, changed. Calls that stand are told by re-INVITE, and
    /// their audio comes to the `MediaPort` given at the new address.
    Addresses {
        local: SocketAddr,
        server: SocketAddr,
    },
    /// From the media thread.
    Stream {
        line: LineId,
        event: StreamEvent,
    },
    /// From the media thread: from time to time, and once more after `MediaCommand::Stop`.
    StreamStats {
        line: LineId,
        stats: StreamStats,
    },
    Command(Command),
}

/// What the operator wants of the telephone. What cannot be done now is answered by
/// `Event::Refused`.
#[derive(Clone, PartialEq, Eq)]
pub enum Command {
    Register,
    Unregister,
    /// OPTIONS.
    Probe {
        target: String,
    },
    /// The line states of these extensions, 500 at most, and of no others, are told from now on, and the messages that wait
    /// in our own mailbox.
    Watch {
        extensions: Vec<String>,
    },
    /// A feature code, dialled as it stands: the PBX does something by it, and answers or refuses. The call is no line of the
    /// operator's; `Output::CodeEnded` follows.
    Code {
        code: String,
    },
    /// Codes that the PBX is carrying out are left to it.
    EndCodes,
    /// `200`, `sip:200@host`, `+7 495 …`, `tel:…`.
    Dial {
        target: String,
    },
    /// Whoever talks on another line goes on hold.
    Answer {
        line: LineId,
    },
    /// 300 to 699.
    Reject {
        line: LineId,
        status: u16,
    },
    HangUp {
        line: LineId,
    },
    Hold {
        line: LineId,
    },
    /// Whoever talks on another line goes on hold. During a transfer: the operator takes the client back.
    Resume {
        line: LineId,
    },
    /// A call that waits on hold is resumed, and the one that talks waits. Of several, the one last spoken with before.
    Swap,
    /// On: both calls that were answered have the operator and hear each other; exactly two, and nobody is dialled or passed
    /// on. It ends with one of them, and with whatever gives one to hold: another call, resuming one, a transfer; the other then goes
    /// on with the operator, but where that one is given to somebody else. Off: whom the operator talked with before stays, the
    /// other goes on hold.
    Conference {
        on: bool,
    },
    /// The operator is heard on no line, until said otherwise or the last call ends. Only while there is one.
    Mute {
        on: bool,
    },
    /// Off: who calls hears busy (486), as on a break. Calls that ring or stand are left alone, and may be given another far end
    /// (RFC 3891).
    TakeCalls {
        on: bool,
    },
    /// `0`–`9`, `*`, `#`, `A`–`D`; by RFC 4733, else by INFO.
    Digits {
        line: LineId,
        digits: String,
    },
    /// Client on hold, REFER, wait for the last NOTIFY (duty 4); see `Event::Transfer…`.
    BlindTransfer {
        line: LineId,
        target: String,
    },
    /// Client on hold, the target is called, and who answers is joined with the client at once (RFC 5589 §7). Until then the
    /// client is ours. The call to the target is no line of the operator's: it has no events of its own. Where a transfer with return
    /// still rings somewhere, this target is called instead.
    ReturnTransfer {
        line: LineId,
        target: String,
        /// The target's telephone rings so long at most.
        ring_for: Duration,
        /// What tells a person who answers from a machine.
        proof: Proof,
        /// A client who was kept comes off hold; else stays there, for the next target, until resumed.
        comes_back: bool,
        /// What the target is shown of the client, in place of our own name.
        shown_as: Option<String>,
    },
    /// A client who is still on hold after a transfer that did not come about comes off it, unless the operator talks on another
    /// line; see `Event::Returned`.
    BringBack {
        line: LineId,
    },
    /// The far ends of two answered calls are connected, and leave us (duty 11): the one of `line` takes our place in `with`.
    Join {
        line: LineId,
        with: LineId,
    },
}

/// What tells a person who answers from a machine: mailboxes, announcements and queues say 200 like a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Proof {
    /// The line of the target itself: one that is watched, and does not talk though something has answered for it, is no person's. Of
    /// one that is not watched whatever answers has the client.
    LineState,
    /// A key that whoever answers is asked to press.
    Key,
}

/// Whom the far end of a call hears.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NearEnd {
    /// The operator, who hears the far end, too.
    Operator,
    /// Nobody.
    Silence,
    /// On hold at a PBX that plays nothing itself.
    Music,
    /// A voice that asks for a key, since a client is to be passed on.
    Prompt,
}

/// Taken one by one after each change until `Idle`.
#[derive(Clone, Debug)]
pub enum Output {
    Send(Transmit),
    Media(MediaCommand),
    /// Of `Command::Code`.
    CodeEnded(CodeResult),
    Event(Event),
    Idle,
}

/// What became of a feature code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodeResult {
    /// Answered.
    Done,
    /// With this status.
    Refused(u16),
    NoAnswer,
}

/// What the media thread has to do.
#[derive(Clone, PartialEq, Eq)]
pub enum MediaCommand {
    /// Start, or change, the stream of this line. Its port (`plan.local`) was given by
    /// `Input::MediaPort`; another one than before means that the stream goes on from there. One line at a time has the
    /// operator, or both of a conference; nobody is heard while the plan is early.
    Apply {
        line: LineId,
        plan: StreamPlan,
        near_end: NearEnd,
    },
    Digits {
        line: LineId,
        digits: String,
    },
    /// These lines hear each other from now on as long as both have the operator; none: no line hears another.
    Conference {
        lines: Option<[LineId; 2]>,
    },
    /// The operator is heard on no line, or again on the one that has the operator; those that start later included.
    Mute {
        on: bool,
    },
    /// What the operator hears from now on of a call that is dialled, since no voice of it comes; none: nothing. One that is not
    /// [`CallTone::Ringing`] ends by itself after a moment.
    Tone {
        tone: Option<CallTone>,
    },
    /// The line's port is free again; its stream, if one was started, is over.
    Stop {
        line: LineId,
        port: SocketAddr,
    },
    /// `Input::MediaPort` wanted: the last one given is in use now.
    TakePort,
}

/// What happened. Numbers and names are as the network gave them.
#[derive(Clone, PartialEq)]
pub enum Event {
    /// The registrar granted a binding; again when what is granted changes, not at each refresh.
    Registered {
        server: SocketAddr,
        expires: Duration,
        contact: String,
    },
    /// An attempt failed; the next one is in `retry_in` (None: not by itself).
    RegistrationFailed {
        cause: Failure,
        retry_in: Option<Duration>,
    },
    Unregistered,
    /// Any status is an answer: status, reason phrase, round trip.
    Probed {
        target: String,
        result: Result<(u16, String, Duration), Failure>,
    },

    /// These extensions are watched now. Nothing is known yet of those that were not watched before.
    Watching {
        extensions: Vec<String>,
        since: Instant,
    },
    /// A colleague's line, when first something is known of it, and at each change. `since`: when the state became this one.
    LineStateChanged {
        extension: String,
        state: LineState,
        /// Who rings there, where the PBX says so; may come to one that talks.
        rings: Option<Caller>,
        /// Nothing is known since the PBX refused to tell, with this status.
        refused: Option<u16>,
        since: Instant,
    },
    /// Voice messages that wait for us, where the mailbox counts them.
    Messages {
        waiting: bool,
        new: Option<u32>,
        old: Option<u32>,
    },

    /// A call came in, can be answered, and rings. `replaces`: it takes the place of the call on that line; if that one
    /// was answered, `Answered` follows at once.
    RingingIn {
        line: LineId,
        call_id: String,
        caller: Caller,
        replaces: Option<LineId>,
    },
    /// A call was refused without asking anybody: 486 while as many stand as may, or the operator takes none, 488 when no
    /// common codec is offered. It never had a line; no `Ended` follows.
    Declined {
        call_id: String,
        caller: Caller,
        status: u16,
    },
    Dialing {
        line: LineId,
        call_id: String,
        target: String,
    },
    /// The far end says 180, 183 or so; again for each status.
    RingingOut {
        line: LineId,
        status: u16,
        early_media: bool,
    },
    /// Somebody else is at the far end, or is now known by name: after a transfer, when a call is taken out of a queue or
    /// by another extension than was dialled. Ringing calls included.
    ConnectedTo {
        line: LineId,
        party: Caller,
    },
    /// Audio is agreed and runs. `took`: since the call began. `automatic`: the PBX asked for it, nobody here did.
    Answered {
        line: LineId,
        codec: Codec,
        took: Duration,
        automatic: bool,
    },
    /// Once per change of that side.
    Held {
        line: LineId,
        by: Side,
    },
    Resumed {
        line: LineId,
        by: Side,
    },
    /// Hold or resume was refused, or nobody answered it in time (408); the session stands as it
    /// was before.
    HoldFailed {
        line: LineId,
        status: u16,
    },
    /// These two hear each other and the operator; none: the conference is over.
    Conference {
        lines: Option<[LineId; 2]>,
    },
    /// The operator's microphone is off for all lines, or on again.
    Muted {
        on: bool,
    },
    /// New calls ring, or hear busy.
    TakingCalls {
        on: bool,
    },
    /// Came in by RFC 4733 or INFO.
    Digit {
        line: LineId,
        digit: char,
    },
    /// A digit of ours was refused by whoever took INFO until then, or not answered (408); it and those behind it are
    /// dropped.
    DigitsFailed {
        line: LineId,
        status: u16,
    },

    TransferStarted {
        line: LineId,
        target: String,
        way: TransferWay,
    },
    /// 202 to the REFER, and what NOTIFYs say before the final word; with return, before that what the target's telephone says.
    TransferProgress {
        line: LineId,
        target: String,
        status: u16,
    },
    /// A final 2xx: the PBX has the client now. Our BYE follows, then `Ended` by transfer.
    Transferred {
        line: LineId,
        target: String,
        outcome: TransferOutcome,
    },
    /// `reason` is the network's phrase, or empty. Kept: `Returned` follows when the client hears
    /// the operator again. Lost: our BYE and `Ended` follow. Unknown: the line is taken off hold.
    TransferFailed {
        line: LineId,
        target: String,
        status: Option<u16>,
        reason: String,
        client: ClientIs,
        why: TransferFault,
    },
    /// The client is off hold and with us again.
    Returned {
        line: LineId,
    },

    /// The far end sent us on (REFER), and we call there on line `to`, which `Dialing` follows. Answered there, this call
    /// ends, by the far end or by us after a moment; else it goes on, off hold.
    Referred {
        line: LineId,
        to: LineId,
        target: String,
    },

    /// Once per spell; never on hold.
    NoAudio {
        line: LineId,
        direction: AudioDirection,
        cause: NoAudioCause,
    },
    AudioBack {
        line: LineId,
        direction: AudioDirection,
    },
    /// One hears the other badly. Once per spell, and again with another cause; never while one hears nothing, which takes its place.
    PoorAudio {
        line: LineId,
        direction: AudioDirection,
        cause: PoorCause,
    },
    GoodAudio {
        line: LineId,
        direction: AudioDirection,
    },
    /// Figures of the stream, as the media thread sends them: from time to time, before each word of how well the two hear each
    /// other, and before `Ended`.
    Media {
        line: LineId,
        codec: Codec,
        stats: StreamStats,
    },
    /// The call is over. `talked` counts from `Answered`.
    Ended {
        line: LineId,
        by: EndedBy,
        outcome: CallOutcome,
        status: Option<u16>,
        reason: Option<String>,
        /// When the PBX says that the refused call may be tried again.
        retry_after: Option<Duration>,
        talked: Duration,
    },
    /// A command could not be carried out now.
    Refused {
        line: Option<LineId>,
        why: Refusal,
    },
}

impl Event {
    /// Whose it is, where it is of one line.
    pub(super) fn line(&self) -> Option<LineId> {
        match self {
            Self::RingingIn { line, .. }
            | Self::Dialing { line, .. }
            | Self::RingingOut { line, .. }
            | Self::ConnectedTo { line, .. }
            | Self::Answered { line, .. }
            | Self::Held { line, .. }
            | Self::Resumed { line, .. }
            | Self::HoldFailed { line, .. }
            | Self::Digit { line, .. }
            | Self::DigitsFailed { line, .. }
            | Self::TransferStarted { line, .. }
            | Self::TransferProgress { line, .. }
            | Self::Transferred { line, .. }
            | Self::TransferFailed { line, .. }
            | Self::Returned { line }
            | Self::Referred { line, .. }
            | Self::NoAudio { line, .. }
            | Self::AudioBack { line, .. }
            | Self::PoorAudio { line, .. }
            | Self::GoodAudio { line, .. }
            | Self::Media { line, .. }
            | Self::Ended { line, .. } => Some(*line),
            Self::Refused { line, .. } => *line,
            Self::Registered { .. }
            | Self::RegistrationFailed { .. }
            | Self::Unregistered
            | Self::Probed { .. }
            | Self::Declined { .. }
            | Self::Muted { .. }
            | Self::Watching { .. }
            | Self::LineStateChanged { .. }
            | Self::Messages { .. }
            | Self::Conference { .. }
            | Self::TakingCalls { .. } => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    Us,
    Them,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndedBy {
    Us,
    Them,
    Network,
    /// Our BYE after a transfer's final word, or where the far end sent us on.
    Transfer,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallOutcome {
    /// Somebody talked.
    Completed,
    /// The caller gave up before anybody answered.
    Missed,
    /// Another device or queue member answered.
    AnsweredElsewhere,
    /// Incoming: the operator said no. Outgoing: the other side did (403, 603 …).
    Refused,
    Busy,
    Failed,
    /// We gave up an outgoing call.
    Cancelled,
}

/// How a client is passed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransferWay {
    /// The PBX calls the target.
    Blind,
    /// We call the target, and join whoever answers.
    Return,
    /// The operator has spoken with the target.
    Consultation,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransferOutcome {
    /// The client and the target are connected.
    Joined,
    /// The PBX took the client; whether the target answers is unknown.
    HandedOver,
}

/// Where the client is after a transfer that failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientIs {
    Kept,
    Lost,
    /// The client, or the operator, hung up before anybody else was asked to take the client.
    Left,
    Unknown,
}

/// Why a transfer counts as failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransferFault {
    /// The PBX did not take the REFER.
    NotTaken,
    /// The final NOTIFY, or with return the target's telephone, says that the target could not be had.
    TargetFailed,
    /// The target's telephone has rung as long as it may.
    NoAnswer,
    /// Something answered for the target that is no person, as far as `Proof` tells.
    NoPerson,
    /// No word in time, or the subscription ended without one.
    NoWord,
    /// The call ended before the final word.
    CallEnded,
    /// The operator took the client back before it.
    TakenBack,
    /// The operator wants somebody else called instead.
    OtherTarget,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    NoSuchLine,
    WrongState,
    /// The PBX was asked to join this client with somebody, and may still do it though the operator has taken them back: five
    /// seconds at most.
    BeingJoined,
    /// Not a number, user or URI that can be called.
    BadTarget,
    /// As many calls stand as may.
    Busy,
    /// No RTP port at hand.
    NoMediaPort,
    /// The far end takes digits neither in its audio nor by INFO, or these are none.
    NoDigits,
    /// More digits than may wait to be sent; none of these are.
    TooManyDigits,
    /// More extensions than may be watched.
    TooManyWatched,
}

impl Command {
    /// Whom it is about; a refusal names that line.
    pub(super) const fn line(&self) -> Option<LineId> {
        match *self {
            Self::Answer { line }
            | Self::Reject { line, .. }
            | Self::HangUp { line }
            | Self::Hold { line }
            | Self::Resume { line }
            | Self::Digits { line, .. }
            | Self::BlindTransfer { line, .. }
            | Self::ReturnTransfer { line, .. }
            | Self::BringBack { line }
            | Self::Join { line, .. } => Some(line),
            _ => None,
        }
    }
}

/// Names the command and its line; targets and digits are left out, as they are clients' numbers
/// and card codes.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register => f.write_str("Register"),
            Self::Unregister => f.write_str("Unregister"),
            Self::Probe { .. } => f.write_str("Probe"),
            Self::Watch { extensions } => write!(f, "Watch({} of them)", extensions.len()),
            Self::Code { .. } => f.write_str("Code"),
            Self::EndCodes => f.write_str("EndCodes"),
            Self::Dial { .. } => f.write_str("Dial"),
            Self::Answer { line } => write!(f, "Answer({line})"),
            Self::Reject { line, status } => write!(f, "Reject({line}, {status})"),
            Self::HangUp { line } => write!(f, "HangUp({line})"),
            Self::Hold { line } => write!(f, "Hold({line})"),
            Self::Resume { line } => write!(f, "Resume({line})"),
            Self::Swap => f.write_str("Swap"),
            Self::Conference { on } => write!(f, "Conference({on})"),
            Self::Mute { on } => write!(f, "Mute({on})"),
            Self::TakeCalls { on } => write!(f, "TakeCalls({on})"),
            Self::Digits { line, digits } => write!(f, "Digits({line}, {} of them)", digits.len()),
            Self::BlindTransfer { line, .. } => write!(f, "BlindTransfer({line})"),
            Self::ReturnTransfer { line, ring_for, proof, comes_back, .. } => {
                write!(f, "ReturnTransfer({line}, {ring_for:?}, {proof:?}, comes back {comes_back})")
            }
            Self::BringBack { line } => write!(f, "BringBack({line})"),
            Self::Join { line, with } => write!(f, "Join({line}, {with})"),
        }
    }
}

impl fmt::Debug for MediaCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Apply { line, plan, near_end } => {
                write!(f, "Apply({line}, {:?} {:?}, {near_end:?})", plan.codec, plan.direction)
            }
            Self::Digits { line, digits } => write!(f, "Digits({line}, {} of them)", digits.len()),
            Self::Conference { lines } => write!(f, "Conference({lines:?})"),
            Self::Mute { on } => write!(f, "Mute({on})"),
            Self::Tone { tone } => write!(f, "Tone({tone:?})"),
            Self::Stop { line, .. } => write!(f, "Stop({line})"),
            Self::TakePort => f.write_str("TakePort"),
        }
    }
}

/// Without numbers, names, digits and targets: clients' data must not reach a log by `{:?}`.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registered { server, expires, .. } => write!(f, "Registered({server}, {expires:?})"),
            Self::RegistrationFailed { cause, retry_in } => {
                write!(f, "RegistrationFailed({cause:?}, {retry_in:?})")
            }
            Self::Unregistered => f.write_str("Unregistered"),
            Self::Probed { result, .. } => write!(f, "Probed({result:?})"),
            Self::Watching { extensions, .. } => write!(f, "Watching({} of them)", extensions.len()),
            Self::LineStateChanged { extension, state, refused, .. } => {
                write!(f, "LineStateChanged({extension}, {state:?}, {refused:?})")
            }
            Self::Messages { waiting, new, old } => write!(f, "Messages({waiting}, {new:?}, {old:?})"),
            Self::RingingIn { line, .. } => write!(f, "RingingIn({line})"),
            Self::Declined { status, .. } => write!(f, "Declined({status})"),
            Self::Dialing { line, .. } => write!(f, "Dialing({line})"),
            Self::RingingOut { line, status, early_media } => {
                write!(f, "RingingOut({line}, {status}, early media {early_media})")
            }
            Self::ConnectedTo { line, .. } => write!(f, "ConnectedTo({line})"),
            Self::Answered { line, codec, took, automatic } => {
                write!(f, "Answered({line}, {codec:?}, {took:?}, automatic {automatic})")
            }
            Self::Held { line, by } => write!(f, "Held({line}, {by:?})"),
            Self::Resumed { line, by } => write!(f, "Resumed({line}, {by:?})"),
            Self::HoldFailed { line, status } => write!(f, "HoldFailed({line}, {status})"),
            Self::Conference { lines } => write!(f, "Conference({lines:?})"),
            Self::Muted { on } => write!(f, "Muted({on})"),
            Self::TakingCalls { on } => write!(f, "TakingCalls({on})"),
            Self::Digit { line, .. } => write!(f, "Digit({line})"),
            Self::DigitsFailed { line, status } => write!(f, "DigitsFailed({line}, {status})"),
            Self::TransferStarted { line, way, .. } => write!(f, "TransferStarted({line}, {way:?})"),
            Self::TransferProgress { line, status, .. } => write!(f, "TransferProgress({line}, {status})"),
            Self::Transferred { line, outcome, .. } => write!(f, "Transferred({line}, {outcome:?})"),
            Self::TransferFailed { line, status, client, why, .. } => {
                write!(f, "TransferFailed({line}, {status:?}, client {client:?}, {why:?})")
            }
            Self::Returned { line } => write!(f, "Returned({line})"),
            Self::Referred { line, to, .. } => write!(f, "Referred({line}, to line {to})"),
            Self::NoAudio { line, direction, cause } => {
                write!(f, "NoAudio({line}, {direction:?}, {cause:?})")
            }
            Self::AudioBack { line, direction } => write!(f, "AudioBack({line}, {direction:?})"),
            Self::PoorAudio { line, direction, cause } => {
                write!(f, "PoorAudio({line}, {direction:?}, {cause:?})")
            }
            Self::GoodAudio { line, direction } => write!(f, "GoodAudio({line}, {direction:?})"),
            Self::Media { line, codec, .. } => write!(f, "Media({line}, {codec:?})"),
            Self::Ended { line, by, outcome, status, talked, .. } => {
                write!(f, "Ended({line}, {by:?}, {outcome:?}, {status:?}, {talked:?})")
            }
            Self::Refused { line, why } => write!(f, "Refused({line:?}, {why:?})"),
        }
    }
}
