//! How a call ended, and whose doing it was.

use super::event::{CallOutcome, EndedBy, Event};
use super::line::{CallDirection, Line, Stage};
use super::{LineId, Phone};
use crate::instant::Instant;
use crate::media::Codec;
use crate::sip::message::StatusCode;
use crate::sip::{self, CallKey};
use std::time::Duration;

/// How long the end of a call waits for the last figures of its stream.
const FAREWELL_TIME: Duration = Duration::from_millis(200);

/// The end of a call, to be said after its stream's last figures.
pub(super) struct Farewell {
    pub codec: Codec,
    pub ended: Event,
    until: Instant,
}

impl Farewell {
    pub fn until(&self) -> Instant {
        self.until
    }
}

/// What the core says of the end.
pub(super) struct SipEnd {
    pub by: sip::EndedBy,
    pub status: Option<StatusCode>,
    pub reason: Option<String>,
    pub answered_elsewhere: bool,
    pub retry_after: Option<Duration>,
}

impl Phone {
    pub(super) fn on_call_ended(&mut self, now: Instant, call: CallKey, end: SipEnd) {
        let Some(id) = self.lines_by_call.remove(&call) else { return };
        if let Some((line, mut means)) = self.line(now, id) {
            line.transfer_ends_with_call(&mut means, end.by);
            line.stop_media(&mut means);
        }
        let Some(line) = self.lines.remove(&id) else { return };
        let codec = line.codec();
        let not_moved = line.asked_by.map(|by| (by, failure(&end)));
        if line.answered_at.is_none() {
            let (_, outcome, _) = how_it_ended(&line, &end);
            self.note_refusal(&line, outcome);
        }
        self.note_code(&line, end.by, end.status);
        let joins = self.ends_by_joining(now, call, &end);
        let ended = ended_event(now, line, end, joins);
        match codec {
            None => self.say(ended),
            Some(codec) => {
                self.farewells.insert(id, Farewell { codec, ended, until: now + FAREWELL_TIME });
            }
        }
        if let Some((by, status)) = not_moved {
            self.on_not_moved(now, by, status);
        }
        self.expect_those_passed_on(now);
        if self.calls_of_people().next().is_none() {
            // Never refused. Whoever calls next is to hear the operator.
            let _ = self.mute(false);
        }
    }

    /// A client who comes back from a transfer now finds the operator free.
    fn expect_those_passed_on(&mut self, now: Instant) {
        if self.lines.values().any(Line::is_in_conversation) {
            return;
        }
        let passed_on = self.lines.values().filter(|line| line.is_in_transfer());
        let passed_on: Vec<LineId> = passed_on.map(|line| line.id).collect();
        for id in passed_on {
            if let Some((line, mut means)) = self.line(now, id) {
                line.expect_operator(&mut means);
            }
        }
    }

    pub(super) fn end_silent_farewells(&mut self, now: Instant) {
        let due: Vec<LineId> =
            self.farewells.iter().filter(|(_, farewell)| farewell.until <= now).map(|(id, _)| *id).collect();
        for id in due {
            if let Some(farewell) = self.farewells.remove(&id) {
                self.say(farewell.ended);
            }
        }
    }
}

/// `joins`: the PBX is putting the client in our place.
fn ended_event(now: Instant, line: Line, end: SipEnd, joins: bool) -> Event {
    let talked = line.talked(now);
    let (by, outcome, status) = how_it_ended(&line, &end);
    let by = if joins { EndedBy::Transfer } else { by };
    let SipEnd { reason, retry_after, .. } = end;
    Event::Ended { line: line.id, by, outcome, status, reason, retry_after, talked }
}

fn how_it_ended(line: &Line, end: &SipEnd) -> (EndedBy, CallOutcome, Option<u16>) {
    let status = end.status.map(StatusCode::code);
    match &line.ending {
        Some(ending) => (ending.by, ending.outcome, ending.status.or(status)),
        None => (by_whom(end.by), outcome(line, end), status),
    }
}

/// What whoever asked for this call is told of its failure.
fn failure(end: &SipEnd) -> StatusCode {
    let refusal = end.status.filter(|status| status.code() >= 300);
    refusal.unwrap_or(match end.by {
        sip::EndedBy::Us | sip::EndedBy::Them => StatusCode::REQUEST_TERMINATED,
        sip::EndedBy::Network => StatusCode::SERVICE_UNAVAILABLE,
    })
}

fn by_whom(by: sip::EndedBy) -> EndedBy {
    match by {
        sip::EndedBy::Us => EndedBy::Us,
        sip::EndedBy::Them => EndedBy::Them,
        sip::EndedBy::Network => EndedBy::Network,
    }
}

fn outcome(line: &Line, end: &SipEnd) -> CallOutcome {
    if line.answered_at.is_some() {
        return CallOutcome::Completed;
    }
    match line.direction {
        // The 200 went out, but nothing was ever agreed.
        CallDirection::In if line.stage == Stage::Answering => CallOutcome::Failed,
        CallDirection::In if end.answered_elsewhere => CallOutcome::AnsweredElsewhere,
        CallDirection::In if end.by == sip::EndedBy::Us => CallOutcome::Refused,
        CallDirection::In => CallOutcome::Missed,
        CallDirection::Out if end.by == sip::EndedBy::Us => CallOutcome::Cancelled,
        CallDirection::Out => match end.status.map(StatusCode::code) {
            Some(486 | 600) => CallOutcome::Busy,
            Some(401 | 403 | 407 | 603 | 606 | 607 | 608) => CallOutcome::Refused,
            _ => CallOutcome::Failed,
        },
    }
}
