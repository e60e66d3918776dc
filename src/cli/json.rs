//! Notices as lines of JSON: the terminal contract's events (docs/events.schema.json).

use super::book::Book;
use crate::agent::{Card, CardAnswer, ChainNews, Event, RecordingState, Source};
use crate::audio::{Device, Role, SoundFault};
use crate::desk_api::{CallRecordId, HandedOver, Handover, Match};
use crate::domain::recording::RecordingFault;
use crate::instant::Instant;
use crate::media::{AudioDirection, Scores, StreamStats};
use crate::phone::{
    self, CallOutcome, Caller, ClientIs, EndedBy, LineId, Refusal, Return, Side, TransferFault,
    TransferOutcome, TransferWay,
};
use crate::recording::Recording;
use crate::shell::Notice;
use crate::sip::Failure;
use serde::Serialize;
use std::time::Duration;

/// The line without its end; `None` for what is no event of the contract.
pub fn line(at: Instant, notice: &Notice, book: &Book) -> Option<String> {
    let line = Line::begin(at);
    match notice {
        Notice::Ready { local } => Some(line.event("ready").with("local", &local.to_string()).end()),
        Notice::Agent(Event::Phone(event)) => phone_line(line, event, book),
        Notice::Agent(Event::Card { line: id, card }) => Some(card_line(line.call("card", *id, book), card)),
        Notice::Agent(Event::StillOnHold { line: id, waited }) => {
            Some(line.call("still_on_hold", *id, book).with("waited_s", &waited.as_secs()).end())
        }
        Notice::Agent(Event::Chain { line: id, news }) => Some(chain_line(line, *id, news, book)),
        Notice::Agent(Event::Recording { line: id, recording }) => Some(
            line.call("recording", *id, book)
                .with("state", recording_code(recording.state))
                .with("apart", &recording.apart)
                .with("fault", &recording.fault.map(RecordingFault::code))
                .end(),
        ),
        Notice::Sound { line: id, fault } => {
            Some(line.call("sound_failed", *id, book).with("what", sound_code(fault)).end())
        }
        Notice::Device(change) => {
            let (id, name) = change.device.as_ref().map(|device| (&device.id, &device.name)).unzip();
            let line = line.event("device_in_use").with("role", role_code(change.role));
            Some(line.with("id", &id).with("name", &name).end())
        }
        // Windows alone take part in queues and parking.
        Notice::Agent(
            Event::CardTaken { .. }
            | Event::ClientChosen { .. }
            | Event::Recorded { .. }
            | Event::Queue(_)
            | Event::Parked(_),
        )
        | Notice::Desk(_)
        | Notice::Directory(_)
        | Notice::Calls(_)
        | Notice::Chain { .. }
        | Notice::Terms { .. }
        | Notice::Products { .. }
        | Notice::Clients { .. }
        | Notice::Order(_)
        | Notice::Drafts(_)
        | Notice::Orders { .. }
        | Notice::OrderEntry(_)
        | Notice::OrderWatch(_)
        | Notice::Task(_)
        | Notice::Prospect(_)
        | Notice::Devices { .. }
        | Notice::SoundTest(_)
        | Notice::Levels { .. }
        | Notice::Stopped(_) => None,
    }
}

/// One that `devices` lists.
pub fn device_found(at: Instant, role: Role, device: &Device, is_default: bool) -> String {
    let line = Line::begin(at).event("device").with("role", role_code(role));
    line.with("id", &device.id).with("name", &device.name).with("default", &is_default).end()
}

/// One that `recordings list` tells of; `Err` says why it cannot be read, in a word and in a sentence.
pub fn recording_kept(
    at: Instant,
    id: CallRecordId,
    read: &Result<Recording, (&'static str, String)>,
) -> String {
    let line = Line::begin(at).event("recording_kept").with("id", &id);
    match read {
        Ok(recording) => {
            let (seconds, paused) = super::recordings::seconds(recording);
            line.with("begun", &recording.begun)
                .with("seconds", &rounded(seconds))
                .with("paused_s", &rounded(paused))
                .with("whole", &recording.damage.is_empty())
                .with("fault", &None::<&str>)
        }
        Err((code, _)) => line
            .with("begun", &None::<&str>)
            .with("seconds", &None::<f64>)
            .with("paused_s", &None::<f64>)
            .with("whole", &false)
            .with("fault", code),
    }
    .end()
}

fn chain_line(line: Line, id: LineId, news: &ChainNews, book: &Book) -> String {
    let line = match news {
        ChainNews::PassedOver { extension, state, .. } => {
            line.call("passed_over", id, book).with("target", extension).with("state", state)
        }
        ChainNews::WaitingFor { extension, time, .. } => {
            line.call("waiting_for", id, book).with("target", extension).with("seconds", &time.as_secs())
        }
        ChainNews::NobodyLeft => line.call("nobody_left", id, book),
        ChainNews::Stopped => line.call("chain_stopped", id, book),
    };
    line.end()
}

fn phone_line(line: Line, event: &phone::Event, book: &Book) -> Option<String> {
    use phone::Event as E;
    let line = match event {
        E::Registered { server, expires, contact } => line
            .event("registered")
            .with("server", &server.to_string())
            .with("expires_s", &expires.as_secs())
            .with("contact", contact),
        E::RegistrationFailed { cause, retry_in } => {
            failure(line.event("registration_failed").with("cause", cause_code(cause)), cause)
                .with("retry_s", &retry_in.map(|retry_in| rounded(retry_in.as_secs_f64())))
        }
        E::Unregistered => line.event("unregistered"),
        E::Probed { target, result } => probed(line.event("options").with("target", target), result),
        E::Watching { extensions, .. } => line.event("watching").with("exts", extensions),
        E::LineStateChanged { extension, state, rings, refused, since } => line
            .event("blf")
            .with("ext", extension)
            .with("state", state)
            .with("since_ms", &since.as_millis())
            .with("caller_number", &rings.as_ref().and_then(|caller| caller.number.as_ref()))
            .with("caller_name", &rings.as_ref().and_then(|caller| caller.name.as_ref()))
            .with("status", refused),
        E::Messages { waiting, new, old } => {
            line.event("mwi").with("waiting", waiting).with("new", new).with("old", old)
        }
        E::RingingIn { line: id, caller, replaces, .. } => {
            with_caller(line.call("ringing_in", *id, book), caller)
                .with("replaces_line", &replaces.map(|replaced| replaced.0))
                .with("returned", &caller.returned.as_ref().map(returned))
        }
        E::Declined { call_id, caller, status } => {
            with_caller(line.event("declined").with("call_id", call_id), caller).with("status", status)
        }
        E::Dialing { line: id, target, .. } => line.call("dialing", *id, book).with("target", target),
        E::RingingOut { line: id, status, early_media } => {
            line.call("ringing_out", *id, book).with("status", status).with("early_media", early_media)
        }
        E::ConnectedTo { line: id, party } => line
            .call("connected_to", *id, book)
            .with("number", &party.number)
            .with("name", &party.name)
            .with("withheld", &party.withheld),
        E::Answered { line: id, codec, took, automatic } => line
            .call("answered", *id, book)
            .with("codec", codec.name())
            .with("srtp", &false)
            .with("took_ms", &millis(book.answer_took(*id).filter(|_| !automatic).unwrap_or(*took)))
            .with("automatic", automatic),
        E::Held { line: id, by } => line.call("held", *id, book).with("by", side(*by)),
        E::Resumed { line: id, by } => line.call("resumed", *id, book).with("by", side(*by)),
        E::HoldFailed { line: id, status } => line.call("hold_failed", *id, book).with("status", status),
        E::Conference { lines } => {
            let lines = lines.iter().flatten().map(|id| id.0).collect::<Vec<_>>();
            line.event("conference").with("lines", &lines)
        }
        E::Muted { on } => line.event("muted").with("on", on),
        E::TakingCalls { on } => line.event("taking_calls").with("on", on),
        E::Digit { line: id, digit } => {
            line.call("dtmf", *id, book).with("digit", &digit.to_ascii_uppercase())
        }
        E::DigitsFailed { line: id, status } => line.call("digits_failed", *id, book).with("status", status),
        E::TransferStarted { line: id, target, way } => {
            line.call("transfer_started", *id, book).with("target", target).with("way", way_code(*way))
        }
        E::TransferProgress { line: id, target, status } => {
            line.call("transfer_progress", *id, book).with("target", target).with("status", status)
        }
        E::Transferred { line: id, target, outcome } => {
            line.call("transferred", *id, book).with("target", target).with("outcome", outcome_code(*outcome))
        }
        E::TransferFailed { line: id, target, status, reason, client, why } => line
            .call("transfer_failed", *id, book)
            .with("target", target)
            .with("status", status)
            .with("reason", reason)
            .with("client", client_code(*client))
            .with("why", transfer_fault_code(*why)),
        E::Referred { line: id, to, target } => {
            line.call("referred", *id, book).with("target", target).with("to_line", &to.0)
        }
        E::Returned { line: id } => line.call("returned", *id, book),
        E::NoAudio { line: id, direction, cause } => line
            .call("no_audio", *id, book)
            .with("direction", direction_code(*direction))
            .with("cause", cause.code()),
        E::AudioBack { line: id, direction } => {
            line.call("audio_back", *id, book).with("direction", direction_code(*direction))
        }
        E::PoorAudio { line: id, direction, cause } => line
            .call("poor_audio", *id, book)
            .with("direction", direction_code(*direction))
            .with("cause", cause.code()),
        E::GoodAudio { line: id, direction } => {
            line.call("good_audio", *id, book).with("direction", direction_code(*direction))
        }
        E::Media { line: id, codec, stats } => {
            media(line.call("media", *id, book).with("codec", codec.name()), stats)
        }
        E::Ended { line: id, by, outcome, status, reason, retry_after, talked } => line
            .call("ended", *id, book)
            .with("by", ended_by_code(*by))
            .with("outcome", call_outcome_code(*outcome))
            .with("status", status)
            .with("reason", reason)
            .with("retry_after_s", &retry_after.map(|after| after.as_secs()))
            .with("seconds", &rounded(talked.as_secs_f64())),
        E::Refused { line: id, why } => {
            line.event("refused").with("line", &id.map(|id| id.0)).with("why", refusal_code(*why))
        }
    };
    Some(line.end())
}

fn failure(line: Line, failure: &Failure) -> Line {
    match failure {
        Failure::Refused { status, reason } => line.with("status", &status.code()).with("reason", reason),
        Failure::Credentials { status } => {
            line.with("status", &status.code()).with("reason", status.default_reason())
        }
        Failure::TimedOut | Failure::Unreachable => line.with("status", &None::<u16>).with("reason", ""),
    }
}

fn probed(line: Line, result: &Result<(u16, String, Duration), Failure>) -> Line {
    match result {
        Ok((status, reason, rtt)) => {
            line.with("status", status).with("reason", reason).with("rtt_ms", &millis(*rtt))
        }
        Err(cause) => failure(line, cause).with("rtt_ms", &None::<f64>),
    }
}

fn with_caller(line: Line, caller: &Caller) -> Line {
    line.with("caller_number", &caller.number)
        .with("caller_name", &caller.name)
        .with("withheld", &caller.withheld)
        .with("called", &caller.called)
        .with("queue", &caller.queue)
}

fn returned(returned: &Return) -> serde_json::Value {
    let Return { id, target, reason } = returned;
    serde_json::json!({ "id": id, "target": target, "reason": reason.code() })
}

fn handed_over(handed: &HandedOver) -> serde_json::Value {
    let Handover { from, way, picked, note, party, .. } = &handed.handover;
    serde_json::json!({
        "from": from,
        "from_name": handed.from_name,
        "way": way,
        "number": party.number,
        "purpose": picked.purpose,
        "client_type": picked.client_type,
        "department": picked.department,
        "note": note,
    })
}

fn card_line(line: Line, card: &Card) -> String {
    let matched = match card.matched() {
        Match::One => "one",
        Match::Many => "many",
        Match::None => "none",
        Match::Unavailable => "unavailable",
    };
    let line = line.with("match", matched);
    let line = match &card.answer {
        CardAnswer::Found { clients, source, age } => line
            .with("clients", clients)
            .with("source", source.as_str())
            .with("age_s", &(*source == Source::Cache).then(|| rounded(age.as_secs_f64())))
            .with("why", &None::<&str>),
        CardAnswer::Unavailable { why } => line
            .with("clients", &[(); 0])
            .with("source", &None::<&str>)
            .with("age_s", &None::<f64>)
            .with("why", why.code()),
    };
    line.with("took_ms", &millis(card.took))
        .with("handed_over", &card.handed_over.as_deref().map(handed_over))
        .end()
}

fn media(line: Line, stats: &StreamStats) -> Line {
    let told = |value: Option<f32>| value.map(|value| rounded(value.into()));
    let (Scores { now, call, worst }, there) = (stats.here, stats.there);
    line.with("tx_packets", &stats.tx_packets)
        .with("rx_packets", &stats.rx_packets)
        .with("lost", &stats.lost)
        .with("late", &stats.late)
        .with("jitter_ms", &rounded(stats.jitter_ms.into()))
        .with("delay_ms", &rounded(stats.delay_ms.into()))
        .with("rtt_ms", &told(stats.rtt_ms))
        .with("lost_there", &stats.lost_there)
        .with("jitter_there_ms", &told(stats.jitter_there_ms))
        .with("mos", &told(call))
        .with("mos_now", &told(now))
        .with("mos_worst", &told(worst))
        .with("mos_there", &told(there.call))
        .with("mos_there_now", &told(there.now))
        .with("mos_there_worst", &told(there.worst))
        .with("no_audio", &stats.no_audio.map(direction_code))
        .with("microphone_underruns", &stats.devices.microphone.under)
        .with("microphone_overruns", &stats.devices.microphone.over)
        .with("earpiece_underruns", &stats.devices.earpiece.under)
        .with("earpiece_overruns", &stats.devices.earpiece.over)
        .with("frames_skipped", &stats.devices.skipped)
}

fn millis(time: Duration) -> f64 {
    rounded(time.as_secs_f64() * 1000.0)
}

/// To three decimals: what is measured is not more exact.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

const fn recording_code(state: RecordingState) -> &'static str {
    match state {
        RecordingState::Off => "off",
        RecordingState::Asking => "asking",
        RecordingState::Announcing => "announcing",
        RecordingState::On => "on",
        RecordingState::Paused => "paused",
        RecordingState::Refused => "refused",
        RecordingState::Failed => "failed",
    }
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Us => "us",
        Side::Them => "them",
    }
}

const fn cause_code(cause: &Failure) -> &'static str {
    match cause {
        Failure::Refused { .. } => "refused",
        Failure::Credentials { .. } => "credentials",
        Failure::TimedOut => "timed_out",
        Failure::Unreachable => "unreachable",
    }
}

const fn way_code(way: TransferWay) -> &'static str {
    match way {
        TransferWay::Blind => "blind",
        TransferWay::Return => "return",
        TransferWay::Consultation => "consultation",
    }
}

const fn outcome_code(outcome: TransferOutcome) -> &'static str {
    match outcome {
        TransferOutcome::Joined => "joined",
        TransferOutcome::HandedOver => "handed_over",
    }
}

const fn client_code(client: ClientIs) -> &'static str {
    match client {
        ClientIs::Kept => "kept",
        ClientIs::Lost => "lost",
        ClientIs::Left => "left",
        ClientIs::Unknown => "unknown",
    }
}

const fn role_code(role: Role) -> &'static str {
    match role {
        Role::Microphone => "microphone",
        Role::Earpiece => "earpiece",
        Role::Ringer => "ringer",
    }
}

const fn direction_code(direction: AudioDirection) -> &'static str {
    match direction {
        AudioDirection::In => "in",
        AudioDirection::Out => "out",
    }
}

const fn sound_code(fault: &SoundFault) -> &'static str {
    match fault {
        SoundFault::Record(_) => "record",
        SoundFault::Voice => "voice",
    }
}

const fn ended_by_code(by: EndedBy) -> &'static str {
    match by {
        EndedBy::Us => "us",
        EndedBy::Them => "them",
        EndedBy::Network => "network",
        EndedBy::Transfer => "transfer",
    }
}

const fn call_outcome_code(outcome: CallOutcome) -> &'static str {
    match outcome {
        CallOutcome::Completed => "completed",
        CallOutcome::Missed => "missed",
        CallOutcome::AnsweredElsewhere => "answered_elsewhere",
        CallOutcome::Refused => "refused",
        CallOutcome::Busy => "busy",
        CallOutcome::Failed => "failed",
        CallOutcome::Cancelled => "cancelled",
    }
}

const fn transfer_fault_code(why: TransferFault) -> &'static str {
    match why {
        TransferFault::NotTaken => "not_taken",
        TransferFault::TargetFailed => "target_failed",
        TransferFault::NoAnswer => "no_answer",
        TransferFault::NoPerson => "no_person",
        TransferFault::NoWord => "no_word",
        TransferFault::CallEnded => "call_ended",
        TransferFault::TakenBack => "taken_back",
        TransferFault::OtherTarget => "other_target",
    }
}

const fn refusal_code(why: Refusal) -> &'static str {
    match why {
        Refusal::NoSuchLine => "no_such_line",
        Refusal::WrongState => "wrong_state",
        Refusal::BeingJoined => "being_joined",
        Refusal::BadTarget => "bad_target",
        Refusal::Busy => "busy",
        Refusal::NoMediaPort => "no_media_port",
        Refusal::NoDigits => "no_digits",
        Refusal::TooManyDigits => "too_many_digits",
        Refusal::TooManyWatched => "too_many_watched",
    }
}

/// A JSON object whose fields stand in the order in which they are given.
struct Line(String);

impl Line {
    fn begin(at: Instant) -> Self {
        Self(format!("{{\"v\":1,\"ms\":{}", at.as_millis()))
    }

    fn event(self, name: &str) -> Self {
        self.with("event", name)
    }

    /// Every event of a call names its line and its Call-ID.
    fn call(self, name: &str, line: LineId, book: &Book) -> Self {
        self.event(name).with("line", &line.0).with("call_id", book.call_id(line))
    }

    fn with<T: Serialize + ?Sized>(mut self, key: &str, value: &T) -> Self {
        // Only maps with keys other than text cannot be written, and there are none here.
        let value = serde_json::to_string(value).unwrap_or_else(|_| "null".into());
        self.0.extend([",\"", key, "\":", &value]);
        self
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
