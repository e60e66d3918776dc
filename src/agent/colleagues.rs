//! Colleagues' lines as they stand, and the messages that wait for the operator.

use crate::domain::line_state::LineState;
use crate::instant::Instant;
use crate::phone::{Caller, Event};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Clone, PartialEq, Default, Debug)]
pub struct Colleagues {
    /// By extension.
    pub lines: BTreeMap<String, Colleague>,
    pub messages: Messages,
}

/// A line that is watched.
#[derive(Clone, PartialEq, Debug)]
pub struct Colleague {
    pub state: LineState,
    /// When the state became this one, or nothing was known yet.
    pub since: Instant,
    /// Who rings there, where the PBX says so.
    pub rings: Option<Caller>,
}

/// Voice messages that wait, where the mailbox counts them.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Messages {
    pub waiting: bool,
    pub new: Option<u32>,
    pub old: Option<u32>,
}

impl Colleagues {
    /// What is known of this line, and for how long it has been idle.
    pub fn line(&self, now: Instant, extension: &str) -> (LineState, Option<Duration>) {
        match self.lines.get(extension) {
            Some(line) if line.state == LineState::Free => (line.state, Some(now.since(line.since))),
            Some(line) => (line.state, None),
            None => (LineState::Unknown, None),
        }
    }

    pub(super) fn follow(&mut self, event: &Event) {
        match event {
            Event::Watching { extensions, since } => {
                self.lines.retain(|extension, _| extensions.contains(extension));
                for extension in extensions {
                    let unknown = Colleague { state: LineState::Unknown, since: *since, rings: None };
                    self.lines.entry(extension.clone()).or_insert(unknown);
                }
            }
            Event::LineStateChanged { extension, state, rings, since, .. } => {
                if let Some(line) = self.lines.get_mut(extension) {
                    *line = Colleague { state: *state, since: *since, rings: rings.clone() };
                }
            }
            Event::Messages { waiting, new, old } => {
                self.messages = Messages { waiting: *waiting, new: *new, old: *old };
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_start(Duration::from_secs(seconds))
    }

    fn watching(extensions: &[&str], since: Instant) -> Event {
        Event::Watching { extensions: extensions.iter().map(|text| (*text).to_owned()).collect(), since }
    }

    fn changed(extension: &str, state: LineState, since: Instant) -> Event {
        Event::LineStateChanged { extension: extension.into(), state, rings: None, refused: None, since }
    }

    #[test]
    fn lines_are_unknown_until_something_is_told_and_forgotten_when_nobody_watches_them() {
        let mut colleagues = Colleagues::default();
        colleagues.follow(&watching(&["201", "202"], at(1)));
        colleagues.follow(&changed("201", LineState::Free, at(2)));
        colleagues.follow(&watching(&["201", "203"], at(3)));
        colleagues.follow(&changed("202", LineState::Talking, at(4)));
        let lines: Vec<_> =
            colleagues.lines.iter().map(|(ext, line)| (ext.as_str(), line.state, line.since)).collect();
        assert_eq!(lines, [("201", LineState::Free, at(2)), ("203", LineState::Unknown, at(3))]);
    }
}
