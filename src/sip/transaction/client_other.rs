//! Client transaction of every method but INVITE (RFC 3261 §17.1.2).

use super::{ClientId, ClientTimer, Pass};
use crate::sip::message::{Request, Response};
use crate::sip::timers::{ANEW_AFTER, T1, T2, TIMER_F, TIMER_K, backed_off};
use crate::sip::wire::{Due, Wire};
use crate::transmit::Hop;
use std::time::Duration;

pub struct ClientOther {
    id: ClientId,
    request: Request,
    hop: Hop,
    state: State,
    interval: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Trying,
    Proceeding,
    Completed,
    Terminated,
}

impl ClientOther {
    pub fn start(wire: &mut Wire, id: ClientId, request: Request, hop: Hop) -> Self {
        wire.send(hop, request.to_bytes());
        if !hop.is_reliable() {
            wire.after(Due::Client(id, ClientTimer::Retransmit), T1);
        }
        wire.after(Due::Client(id, ClientTimer::GiveUp), TIMER_F);
        Self { id, request, hop, state: State::Trying, interval: T1 }
    }

    pub const fn request(&self) -> &Request {
        &self.request
    }

    pub const fn hop(&self) -> Hop {
        self.hop
    }

    pub fn is_over(&self) -> bool {
        self.state == State::Terminated
    }

    pub fn is_unanswered(&self) -> bool {
        matches!(self.state, State::Trying | State::Proceeding)
    }

    pub fn on_response(&mut self, wire: &mut Wire, response: &Response) -> Pass {
        match self.state {
            State::Trying | State::Proceeding if response.status.is_provisional() => {
                self.state = State::Proceeding;
                Pass::Up
            }
            State::Trying | State::Proceeding => {
                self.state = State::Completed;
                wire.timers.cancel(&Due::Client(self.id, ClientTimer::Retransmit));
                wire.timers.cancel(&Due::Client(self.id, ClientTimer::GiveUp));
                let linger = if self.hop.is_reliable() { Duration::ZERO } else { TIMER_K };
                wire.after(Due::Client(self.id, ClientTimer::End), linger);
                Pass::Up
            }
            State::Completed | State::Terminated => Pass::Absorbed,
        }
    }

    /// `Pass::Up` says that nobody answered.
    pub fn on_timer(&mut self, wire: &mut Wire, timer: ClientTimer) -> Pass {
        match (timer, self.state) {
            (ClientTimer::Retransmit, State::Trying | State::Proceeding) => {
                wire.send(self.hop, self.request.to_bytes());
                if self.hop.is_reliable() {
                    return Pass::Absorbed;
                }
                let proceeding = self.state == State::Proceeding;
                self.interval = if proceeding { T2 } else { backed_off(self.interval) };
                wire.after(Due::Client(self.id, ClientTimer::Retransmit), self.interval);
                Pass::Absorbed
            }
            (ClientTimer::GiveUp, State::Trying | State::Proceeding) => {
                self.state = State::Terminated;
                Pass::Up
            }
            (ClientTimer::End, _) => {
                self.state = State::Terminated;
                Pass::Absorbed
            }
            _ => Pass::Absorbed,
        }
    }

    /// The connection is lost, or could not be made: over another one, later, unless its time is up by then.
    pub fn send_later(&self, wire: &mut Wire) {
        wire.after(Due::Client(self.id, ClientTimer::Retransmit), ANEW_AFTER);
    }
}
