//! What the operator hears of a call that is dialled, where the network lets no voice of it through: that it rings, and
//! for a moment that it was refused (RFC 3960 §3.2).

use super::Phone;
use super::event::{CallOutcome, MediaCommand};
use super::line::{CallDirection, Line, Stage};
use crate::media::CallTone;

impl Phone {
    /// After each change.
    pub(super) fn update_tone(&mut self) {
        let any = |fits: fn(&Line) -> bool| self.lines.values().any(fits);
        let talks = any(Line::is_in_conversation);
        let tone = match self.tone {
            _ if !talks && any(Line::rings_unheard) => Some(CallTone::Ringing),
            Some(CallTone::Busy | CallTone::Congestion) if !talks && !any(Line::is_dialling) => self.tone,
            _ => None,
        };
        if std::mem::replace(&mut self.tone, tone) != tone {
            self.output.command(MediaCommand::Tone { tone });
        }
    }

    /// A call that was dialled came to nothing. Where another talks, or voice had come already, nothing is to be heard.
    pub(super) fn note_refusal(&mut self, line: &Line, outcome: CallOutcome) {
        let tone = match outcome {
            CallOutcome::Busy => CallTone::Busy,
            CallOutcome::Refused | CallOutcome::Failed => CallTone::Congestion,
            _ => return,
        };
        let unheard = line.direction == CallDirection::Out && line.applied.is_none() && !line.aside;
        if unheard && !self.lines.values().any(Line::is_in_conversation) {
            self.tone = Some(tone);
            self.output.command(MediaCommand::Tone { tone: Some(tone) });
        }
    }
}

impl Line {
    fn is_dialling(&self) -> bool {
        self.stage == Stage::Dialing
    }

    /// It rings there, and nothing is heard of it.
    fn rings_unheard(&self) -> bool {
        self.is_dialling() && self.rings && self.applied.is_none() && !self.aside
    }
}
