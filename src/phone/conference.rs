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
        let calls: Vec<&Line> = self.calls_of_people().filter(|line| line.stage != Stage::Ringing).collect();
        let [first, second] = calls[..] else { return Err(Refusal::WrongState) };
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
        let wanted = self.conference.wanted.as_ref().map(|wanted| wanted.lines);
        if let Some(lines) = wanted.filter(|lines| !self.are(lines, Line::is_wanted_with_us)) {
            self.conference.wanted = None;
            self.leave_one(lines);
        }
        let wanted = self.conference.wanted.as_ref().map(|wanted| wanted.lines);
        let stands = wanted.filter(|lines| self.are(lines, Line::is_in_conversation));
        if std::mem::replace(&mut self.conference.stands, stands) != stands {
            self.output.command(MediaCommand::Conference { lines: stands });
            self.say(Event::Conference { lines: stands });
        }
    }

    fn are(&self, lines: &[LineId; 2], so: fn(&Line) -> bool) -> bool {
        lines.iter().all(|id| self.lines.get(id).is_some_and(so))
    }

    /// Where the operator goes on with one of them, the other does not come off hold by itself.
    fn leave_one(&mut self, lines: [LineId; 2]) {
        let stays = |id| self.lines.get(&id).is_some_and(Line::is_wanted_with_us);
        let left = match (lines, lines.map(stays)) {
            ([_, left], [true, false]) | ([left, _], [false, true]) => left,
            _ => return,
        };
        if let Some(line) = self.lines.get_mut(&left).filter(|line| line.stage == Stage::Talking) {
            line.aside = true;
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
