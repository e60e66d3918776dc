//! A connection between a telephone and the PBX: nothing is lost in it or overtakes, but what arrives is cut anywhere.

use patchcord::sip::message::framer::{Frame, Framer};
use std::collections::VecDeque;

#[derive(Default)]
pub struct Stream {
    /// Connections before this one.
    pub before: u32,
    pub up: Pipe,
    pub down: Pipe,
}

/// One direction.
#[derive(Default)]
pub struct Pipe {
    under_way: VecDeque<u8>,
    framer: Framer,
    /// Of messages that have not arrived as a whole, by which their loss is counted.
    names: VecDeque<String>,
}

impl Stream {
    pub fn pipe(&mut self, up: bool) -> &mut Pipe {
        if up { &mut self.up } else { &mut self.down }
    }

    /// The next one; and what was lost with this one.
    pub fn break_off(&mut self) -> Vec<String> {
        let next = Self { before: self.before + 1, ..Self::default() };
        let Self { up, down, .. } = std::mem::replace(self, next);
        up.names.into_iter().chain(down.names).collect()
    }
}

impl Pipe {
    pub fn push(&mut self, name: String, octets: &[u8]) {
        self.under_way.extend(octets);
        self.names.push_back(name);
    }

    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// The next so many octets arrive: the messages that are whole with them.
    pub fn arrive(&mut self, count: usize) -> Vec<Vec<u8>> {
        let segment: Vec<u8> = self.under_way.drain(..count).collect();
        self.framer.push(&segment);
        let mut messages = vec![];
        while let Some(frame) = self.framer.next().expect("what a telephone or the PBX sends is SIP") {
            if let Frame::Message(message) = frame {
                self.names.pop_front();
                messages.push(message);
            }
        }
        messages
    }
}
