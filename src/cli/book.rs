//! What is remembered of calls between events: their Call-IDs, and when we said "answer".

use crate::agent::Event;
use crate::instant::Instant;
use crate::phone::{self, LineId};
use crate::shell::Notice;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Default)]
pub struct Book {
    calls: BTreeMap<LineId, Entry>,
}

struct Entry {
    call_id: String,
    answer_asked: Option<Instant>,
    answer_took: Option<Duration>,
}

impl Book {
    /// Before the notice is printed.
    pub fn note(&mut self, at: Instant, notice: &Notice) {
        let Notice::Agent(Event::Phone(event)) = notice else { return };
        match event {
            phone::Event::RingingIn { line, call_id, .. } | phone::Event::Dialing { line, call_id, .. } => {
                let entry = Entry { call_id: call_id.clone(), answer_asked: None, answer_took: None };
                self.calls.insert(*line, entry);
            }
            phone::Event::Answered { line, .. } => {
                if let Some(entry) = self.calls.get_mut(line) {
                    entry.answer_took = entry.answer_asked.map(|asked| at.since(asked));
                }
            }
            _ => {}
        }
    }

    pub fn answer_asked(&mut self, at: Instant, line: LineId) {
        if let Some(entry) = self.calls.get_mut(&line) {
            entry.answer_asked = Some(at);
        }
    }

    pub fn call_id(&self, line: LineId) -> &str {
        self.calls.get(&line).map_or("", |entry| &entry.call_id)
    }

    /// From the command to answer to the answer.
    pub fn answer_took(&self, line: LineId) -> Option<Duration> {
        self.calls.get(&line)?.answer_took
    }
}
