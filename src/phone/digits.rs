//! Digits that we press: in the audio as telephone events (RFC 4733), or by INFO where the far end takes only that.

use super::event::{Event, MediaCommand, Refusal};
use super::line::{Line, Means, Stage};
use super::{LineId, Phone};
use crate::instant::Instant;
use crate::media::is_digit;
use crate::sip::message::StatusCode;

/// Digits that may wait: more than any number or PIN has, and as many as a stream takes at once.
const QUEUE: usize = 256;

impl Phone {
    pub(super) fn send_digits(&mut self, now: Instant, id: LineId, digits: String) -> Result<(), Refusal> {
        let (line, mut means) = self.line(now, id).ok_or(Refusal::NoSuchLine)?;
        let plan = line.applied.as_ref().map(|(plan, _)| plan).filter(|_| line.stage == Stage::Talking);
        let in_audio = plan.ok_or(Refusal::WrongState)?.telephone_event.is_some();
        if digits.is_empty() || !digits.chars().all(is_digit) {
            return Err(Refusal::NoDigits);
        }
        // All or none: a number with a hole in it is another number.
        if line.digits.len() + digits.chars().count() > QUEUE {
            return Err(Refusal::TooManyDigits);
        }
        // What goes by INFO already is not overtaken.
        if in_audio && line.digits.is_empty() {
            means.command(MediaCommand::Digits { line: id, digits });
            return Ok(());
        }
        if !means.user_agent.takes_digits(line.call) {
            return Err(Refusal::NoDigits);
        }
        line.queue_digits(&mut means, &digits);
        Ok(())
    }
}

impl Line {
    fn queue_digits(&mut self, means: &mut Means<'_>, digits: &str) {
        let idle = self.digits.is_empty();
        self.digits.extend(digits.chars().map(|digit| digit.to_ascii_uppercase()));
        if idle {
            self.send_next_digit(means);
        }
    }

    /// One at a time: two INFOs under way could overtake each other.
    fn send_next_digit(&mut self, means: &mut Means<'_>) {
        if let Some(digit) = self.digits.front()
            && means.user_agent.send_digit(means.now, self.call, *digit).is_err()
        {
            self.digits_failed(means, StatusCode::METHOD_NOT_ALLOWED);
        }
    }

    pub fn on_digit_answered(&mut self, means: &mut Means<'_>, result: Result<(), StatusCode>) {
        match result {
            Ok(()) => {
                self.digits.pop_front();
                self.send_next_digit(means);
            }
            Err(status) => self.digits_failed(means, status),
        }
    }

    fn digits_failed(&mut self, means: &mut Means<'_>, status: StatusCode) {
        self.digits.clear();
        means.say(Event::DigitsFailed { line: self.id, status: status.code() });
    }
}
