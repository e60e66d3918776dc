//! Server transaction of every method but INVITE and ACK (RFC 3261 §17.2.2).

use super::{ServerId, ServerTimer};
use crate::sip::message::Response;
use crate::sip::timers::{PATIENCE, TIMER_J};
use crate::sip::wire::{Due, Wire};
use crate::transmit::Hop;
use std::time::Duration;

pub struct ServerOther {
    id: ServerId,
    reply_to: Hop,
    state: State,
    last: Option<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Trying and Proceeding: `last` tells them apart.
    Pending,
    Completed,
    Terminated,
}

impl ServerOther {
    pub fn start(wire: &mut Wire, id: ServerId, reply_to: Hop) -> Self {
        // A request that the core never answers is forgotten when its client has given up.
        wire.after(Due::Server(id, ServerTimer::End), PATIENCE.saturating_mul(2));
        Self { id, reply_to, state: State::Pending, last: None }
    }

    pub fn is_over(&self) -> bool {
        self.state == State::Terminated
    }

    pub fn respond(&mut self, wire: &mut Wire, response: &Response) {
        if self.state != State::Pending {
            return;
        }
        let bytes = response.to_bytes();
        wire.send(self.reply_to, bytes.clone());
        self.last = Some(bytes);
        if response.status.is_final() {
            self.state = State::Completed;
            let linger = if self.reply_to.is_reliable() { Duration::ZERO } else { TIMER_J };
            wire.after(Due::Server(self.id, ServerTimer::End), linger);
        }
    }

    /// The same request again.
    pub fn on_repetition(&self, wire: &mut Wire) {
        if let Some(bytes) = &self.last {
            wire.send(self.reply_to, bytes.clone());
        }
    }

    pub fn on_timer(&mut self, timer: ServerTimer) {
        if timer == ServerTimer::End {
            self.state = State::Terminated;
        }
    }
}
