//! A client on hold is not forgotten: the operator is told, again and again, how long somebody has been waiting.

use super::{Agent, Event};
use crate::instant::Instant;
use crate::phone::{self, LineId, Side};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Default)]
pub(super) struct Reminders {
    /// None: the operator needs none.
    every: Option<Duration>,
    waiting: BTreeMap<LineId, Waiting>,
}

struct Waiting {
    since: Instant,
    due: Instant,
}

impl Reminders {
    pub fn new(every: Option<Duration>) -> Self {
        // What is due at once is due for ever.
        Self { every: every.filter(|every| !every.is_zero()), ..Self::default() }
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.waiting.values().map(|waiting| waiting.due).min()
    }
}

impl Agent {
    pub(super) fn follow_hold(&mut self, now: Instant, event: &phone::Event) {
        let Some(every) = self.reminders.every else { return };
        match event {
            phone::Event::Held { line, by: Side::Us } => {
                self.reminders.waiting.entry(*line).or_insert(Waiting { since: now, due: now + every });
            }
            phone::Event::Resumed { line, by: Side::Us } | phone::Event::Ended { line, .. } => {
                self.reminders.waiting.remove(line);
            }
            _ => {}
        }
    }

    /// Of clients who are being passed on nothing is said: that has an end of its own, and words of its own.
    pub(super) fn remind_of_hold(&mut self, now: Instant) {
        let Some(every) = self.reminders.every else { return };
        let mut said = Vec::new();
        for (line, waiting) in self.reminders.waiting.iter_mut().filter(|(_, waiting)| waiting.due <= now) {
            // A computer that slept has one thing to say, not one for each time that it missed.
            waiting.due = now + every;
            let passed_on = self.view.lines.get(line).is_none_or(|view| view.in_transfer.is_some());
            if !passed_on {
                said.push(Event::StillOnHold { line: *line, waited: now.since(waiting.since) });
            }
        }
        for event in said {
            self.say(event);
        }
    }
}
