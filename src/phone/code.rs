//! Feature codes (duty 22): a number that the PBX carries out instead of ringing somebody. The call to it is an errand, as in a
//! transfer with return: nobody sees it, and the operator is not in it.

use super::Phone;
use super::event::{CodeResult, Refusal};
use super::line::{CallDirection, Line, Serves, Stage};
use super::target;
use crate::instant::Instant;
use crate::media::Direction;
use crate::sip;
use crate::sip::message::StatusCode;
use std::time::Duration;

/// A code does its work at once; some PBXs say so in a sentence first.
const CODE_TIME: Duration = Duration::from_secs(10);

impl Phone {
    /// `Output::CodeEnded` follows in any case.
    pub(super) fn dial_code(&mut self, now: Instant, code: String) {
        if self.try_code(now, &code).is_err() {
            self.output.end_code(CodeResult::NoAnswer);
        }
    }

    fn try_code(&mut self, now: Instant, code: &str) -> Result<(), Refusal> {
        let uri = target::parse(code, &self.domain).map_err(|_| Refusal::BadTarget)?;
        let mut session = self.open_session()?;
        let call = self.user_agent.errand(now, None, uri, session.offer(Direction::SendRecv));
        let mut errand = Line::new(self.free_line(), call, CallDirection::Out, now);
        errand.serves = Some(Serves::Code { until: now + CODE_TIME });
        (errand.session, errand.aside) = (Some(session), true);
        self.output.hush(errand.id);
        self.add_line(errand);
        Ok(())
    }

    /// Answered is done; the PBX may leave it to us to hang up.
    pub(super) fn note_code(&mut self, line: &Line, by: sip::EndedBy, status: Option<StatusCode>) {
        if let Some(Serves::Code { .. }) = line.serves {
            self.output.end_code(match status {
                _ if line.answered_at.is_some() => CodeResult::Done,
                Some(status) if by == sip::EndedBy::Them => CodeResult::Refused(status.code()),
                _ => CodeResult::NoAnswer,
            });
        }
    }

    pub(super) fn end_codes_in_time(&mut self, now: Instant) {
        self.end_codes(now, |until| until <= now);
    }

    /// Those whose time this is.
    pub(super) fn end_codes(&mut self, now: Instant, is_due: impl Fn(Instant) -> bool) {
        let due = |line: &&Line| line.code_deadline().is_some_and(&is_due);
        let due: Vec<_> = self.lines.values().filter(due).map(|line| line.id).collect();
        for id in due {
            if let Some((line, mut means)) = self.line(now, id) {
                line.hang_up(&mut means, None);
            }
        }
    }

    /// Calls that people know of.
    pub(super) fn calls_of_people(&self) -> impl Iterator<Item = &Line> {
        self.lines.values().filter(|line| line.serves.is_none())
    }
}

impl Line {
    pub(super) fn code_deadline(&self) -> Option<Instant> {
        match self.serves {
            Some(Serves::Code { until }) if self.stage != Stage::Ending => Some(until),
            _ => None,
        }
    }
}
