//! A conference: the operator brings two calls together. The one exception from one conversation at a time.

use super::Phone;
use super::event::{Event, MediaCommand, Refusal};
use super::line::{Line, LineId, Stage};
use crate::instant::Instant;

#[derive(Default)]
pub(super) struct Conference {
    wanted: Option<Wanted>,
    /// As it was last told.
    stands: Option<[LineId; 2]>,
}

struct Wanted {
    lines: [LineId; 2],
    /// Whom the operator talked with before.
    before: Option<LineId>,
}

impl Conference {
    /// A call takes the place of another (RFC 3891).
    pub fn goes_on_with(&mut self, id: LineId, old: LineId) {
        let Some(Wanted { lines, before }) = &mut self.wanted else { return };
        lines.iter_mut().chain(before).filter(|line| **line == old).for_each(|line| *line = id);
    }
}

impl Phone {
    pub(super) fn confer(&mut self, now: Instant, on: bool) -> Result<(), Refusal> {
        match self.conference.wanted.take() {
            None if on => self.bring_together(now),
            None => Err(Refusal::WrongState),
            Some(wanted) if on => {
                self.conference.wanted = Some(wanted);
                Ok(())
            }
            Some(Wanted { lines, before }) => {
                for id in lines.into_iter().filter(|id| Some(*id) != before) {
                    if let Some((line, mut means)) = self.line(now, id) {
                        line.set_aside(&mut means);
                    }
                }
                Ok(())
            }
        }
    }

    fn bring_together(&mut self, now: Instant) -> Result<(), Refusal> {
        let mut calls = self.lines.values().filter(|line| line.stage != Stage::Ringing);
        let (Some(first), Some(second), None) = (calls.next(), calls.next(), calls.next()) else {
            return Err(Refusal::WrongState);
        };
        if !(first.may_confer() && second.may_confer()) {
            return Err(Refusal::WrongState);
        }
        let lines = [first.id, second.id];
        let before = [first, second].into_iter().find(|line| line.is_in_conversation()).map(|line| line.id);
        for id in lines {
            if let Some((line, mut means)) = self.line(now, id) {
                line.take_up(&mut means);
                line.set_hold(&mut means, false)?;
            }
        }
        self.conference.wanted = Some(Wanted { lines, before });
        Ok(())
    }

    /// After each change. Whatever ends one of the calls, or gives it to hold, ends the conference.
    pub(super) fn update_conference(&mut self) {
        let lines = &self.lines;
        let both = |wanted: &Wanted, are: fn(&Line) -> bool| {
            wanted.lines.iter().all(|id| lines.get(id).is_some_and(are))
        };
        let wanted = self.conference.wanted.take().filter(|wanted| both(wanted, Line::is_wanted_with_us));
        let stands = wanted.as_ref().filter(|wanted| both(wanted, Line::is_in_conversation));
        let stands = stands.map(|wanted| wanted.lines);
        self.conference.wanted = wanted;
        if std::mem::replace(&mut self.conference.stands, stands) != stands {
            self.output.command(MediaCommand::Conference { lines: stands });
            self.say(Event::Conference { lines: stands });
        }
    }
}

impl Line {
    fn may_confer(&self) -> bool {
        self.may_be_moved() && !self.is_in_transfer()
    }

    /// The operator is with it, or will be as soon as it is off hold.
    fn is_wanted_with_us(&self) -> bool {
        self.stage == Stage::Talking && !self.aside && !self.hold.is_wanted()
    }
}
