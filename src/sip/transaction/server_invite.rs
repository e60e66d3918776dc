//! INVITE server transaction (RFC 3261 §17.2.1, with the Accepted state of RFC 6026 §7.1).

use super::{ServerId, ServerTimer};
use crate::sip::message::Response;
use crate::sip::timers::{T1, TIMER_H, TIMER_I, TIMER_L, TRYING_AFTER, backed_off};
use crate::sip::wire::{Due, Wire};
use crate::transmit::Hop;
use std::time::Duration;

pub struct ServerInvite {
    id: ServerId,
    reply_to: Hop,
    state: State,
    /// Last response sent: repeated for a repeated INVITE.
    last: Option<Vec<u8>>,
    trying: Vec<u8>,
    interval: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Proceeding,
    /// Refused, waiting for the ACK.
    Completed,
    Confirmed,
    /// 2xx sent: its repetition is the core's (RFC 3261 §13.3.1.4), repeated INVITEs end here.
    Accepted,
    Terminated,
}

impl ServerInvite {
    /// `trying` goes out by itself when the core has said nothing for 200 ms.
    pub fn start(wire: &mut Wire, id: ServerId, reply_to: Hop, trying: &Response) -> Self {
        wire.after(Due::Server(id, ServerTimer::Trying), TRYING_AFTER);
        let trying = trying.to_bytes();
        Self { id, reply_to, state: State::Proceeding, last: None, trying, interval: T1 }
    }

    pub fn is_over(&self) -> bool {
        self.state == State::Terminated
    }

    pub fn respond(&mut self, wire: &mut Wire, response: &Response) {
        let status = response.status;
        match self.state {
            State::Proceeding => {}
            State::Accepted if status.is_success() => {}
            _ => return,
        }
        wire.timers.cancel(&Due::Server(self.id, ServerTimer::Trying));
        let bytes = response.to_bytes();
        wire.send(self.reply_to, bytes.clone());
        self.last = Some(bytes);
        if status.is_success() && self.state == State::Proceeding {
            self.state = State::Accepted;
            wire.after(Due::Server(self.id, ServerTimer::End), TIMER_L);
        } else if status.code() >= 300 {
            self.state = State::Completed;
            if !self.reply_to.is_reliable() {
                wire.after(Due::Server(self.id, ServerTimer::Retransmit), T1);
            }
            wire.after(Due::Server(self.id, ServerTimer::End), TIMER_H);
        }
    }

    /// The same INVITE again.
    pub fn on_repetition(&mut self, wire: &mut Wire) {
        match self.state {
            State::Proceeding | State::Completed => self.repeat(wire),
            State::Confirmed | State::Accepted | State::Terminated => {}
        }
    }

    /// ACK with this transaction's branch. False: it acknowledges a 2xx and is the core's.
    pub fn on_ack(&mut self, wire: &mut Wire) -> bool {
        match self.state {
            State::Completed => {
                self.state = State::Confirmed;
                wire.timers.cancel(&Due::Server(self.id, ServerTimer::Retransmit));
                let linger = if self.reply_to.is_reliable() { Duration::ZERO } else { TIMER_I };
                wire.after(Due::Server(self.id, ServerTimer::End), linger);
                true
            }
            State::Accepted => false,
            _ => true,
        }
    }

    pub fn on_timer(&mut self, wire: &mut Wire, timer: ServerTimer) {
        match (timer, self.state) {
            (ServerTimer::Trying, State::Proceeding) if self.last.is_none() => {
                wire.send(self.reply_to, self.trying.clone());
                self.last = Some(self.trying.clone());
            }
            (ServerTimer::Retransmit, State::Completed) => {
                self.repeat(wire);
                self.interval = backed_off(self.interval);
                wire.after(Due::Server(self.id, ServerTimer::Retransmit), self.interval);
            }
            (ServerTimer::End, _) => self.state = State::Terminated,
            _ => {}
        }
    }

    /// Whether a CANCEL still finds something to cancel (RFC 3261 §9.2).
    pub fn is_pending(&self) -> bool {
        self.state == State::Proceeding
    }

    /// Whether a refusal is still repeated because no ACK has come.
    pub fn is_unacknowledged(&self) -> bool {
        self.state == State::Completed
    }

    fn repeat(&self, wire: &mut Wire) {
        if let Some(bytes) = &self.last {
            wire.send(self.reply_to, bytes.clone());
        }
    }
}
