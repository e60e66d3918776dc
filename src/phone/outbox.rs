//! What waits to be taken: first what the network waits for, then audio, then what is said about it.

use super::event::{Event, MediaCommand, Output};
use crate::transmit::Transmit;
use std::collections::VecDeque;

#[derive(Default)]
pub(super) struct Outbox {
    sends: VecDeque<Transmit>,
    media: VecDeque<MediaCommand>,
    events: VecDeque<Event>,
}

impl Outbox {
    pub fn send(&mut self, transmit: Transmit) {
        self.sends.push_back(transmit);
    }

    pub fn command(&mut self, command: MediaCommand) {
        self.media.push_back(command);
    }

    pub fn say(&mut self, event: Event) {
        self.events.push_back(event);
    }

    pub fn next(&mut self) -> Output {
        if let Some(transmit) = self.sends.pop_front() {
            return Output::Send(transmit);
        }
        if let Some(command) = self.media.pop_front() {
            return Output::Media(command);
        }
        self.events.pop_front().map_or(Output::Idle, Output::Event)
    }
}
