//! What waits to be taken: first what the network waits for, then audio, then what is said about it.

use super::event::{CodeResult, Event, MediaCommand, Output};
use super::line::LineId;
use crate::transmit::Transmit;
use std::collections::{BTreeSet, VecDeque};

#[derive(Default)]
pub(super) struct Outbox {
    sends: VecDeque<Transmit>,
    media: VecDeque<MediaCommand>,
    events: VecDeque<Event>,
    codes: VecDeque<CodeResult>,
    /// Lines of which nothing is said: they serve another one.
    unsaid: BTreeSet<LineId>,
}

impl Outbox {
    pub fn send(&mut self, transmit: Transmit) {
        self.sends.push_back(transmit);
    }

    pub fn command(&mut self, command: MediaCommand) {
        self.media.push_back(command);
    }

    pub fn say(&mut self, event: Event) {
        let unsaid = event.line().is_some_and(|line| match event {
            Event::Ended { .. } => self.unsaid.remove(&line),
            _ => self.unsaid.contains(&line),
        });
        if !unsaid {
            self.events.push_back(event);
        }
    }

    pub fn end_code(&mut self, result: CodeResult) {
        self.codes.push_back(result);
    }

    /// Nothing is said of this line until it has ended.
    pub fn hush(&mut self, line: LineId) {
        self.unsaid.insert(line);
    }

    pub fn next(&mut self) -> Output {
        if let Some(transmit) = self.sends.pop_front() {
            return Output::Send(transmit);
        }
        if let Some(command) = self.media.pop_front() {
            return Output::Media(command);
        }
        if let Some(result) = self.codes.pop_front() {
            return Output::CodeEnded(result);
        }
        self.events.pop_front().map_or(Output::Idle, Output::Event)
    }
}
