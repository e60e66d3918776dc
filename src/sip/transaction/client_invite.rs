//! INVITE client transaction (RFC 3261 §17.1.1, with the Accepted state of RFC 6026 §7.2).

use super::{ClientId, ClientTimer, Pass};
use crate::sip::message::{CSeq, MaxForwards, Method, Request, Response, Route, To, Via};
use crate::sip::timers::{PATIENCE, T1, TIMER_B, TIMER_D, TIMER_M};
use crate::sip::wire::{Due, Wire};
use crate::transmit::Hop;
use std::time::Duration;

pub struct ClientInvite {
    id: ClientId,
    request: Request,
    hop: Hop,
    state: State,
    interval: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Nothing heard yet.
    Calling,
    /// A provisional response came: neither Timer A nor Timer B runs any more.
    Proceeding,
    /// Refused; the ACK was sent and is sent again on each repetition.
    Completed,
    /// 2xx: the ACK is the core's (§13.2.2.4), and so are further 2xx.
    Accepted,
    /// Its connection broke, and whoever sent it knows. But the other side may have it, and repeats a 2xx over the next one.
    Lost,
    Terminated,
}

impl ClientInvite {
    pub fn start(wire: &mut Wire, id: ClientId, request: Request, hop: Hop) -> Self {
        wire.send(hop, request.to_bytes());
        if !hop.is_reliable() {
            wire.after(Due::Client(id, ClientTimer::Retransmit), T1);
        }
        wire.after(Due::Client(id, ClientTimer::GiveUp), TIMER_B);
        Self { id, request, hop, state: State::Calling, interval: T1 }
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
        matches!(self.state, State::Calling | State::Proceeding)
    }

    pub fn on_response(&mut self, wire: &mut Wire, response: &Response) -> Pass {
        let (status, state) = (response.status, self.state);
        match state {
            State::Calling | State::Proceeding if status.is_provisional() => {
                self.stop_timers(wire);
                self.state = State::Proceeding;
                Pass::Up
            }
            State::Lost if status.is_provisional() => Pass::Up,
            State::Calling | State::Proceeding | State::Lost if status.is_success() => {
                self.stop_timers(wire);
                self.state = State::Accepted;
                wire.after(Due::Client(self.id, ClientTimer::End), TIMER_M);
                Pass::Up
            }
            State::Calling | State::Proceeding | State::Lost => {
                self.stop_timers(wire);
                self.acknowledge(wire, response);
                self.state = State::Completed;
                let linger = if self.hop.is_reliable() { Duration::ZERO } else { TIMER_D };
                wire.after(Due::Client(self.id, ClientTimer::End), linger);
                Pass::Up
            }
            State::Completed if status.code() >= 300 => {
                self.acknowledge(wire, response);
                Pass::Absorbed
            }
            State::Accepted if status.is_success() => Pass::Up,
            State::Completed | State::Accepted | State::Terminated => Pass::Absorbed,
        }
    }

    /// `Pass::Up` says that nobody answered.
    pub fn on_timer(&mut self, wire: &mut Wire, timer: ClientTimer) -> Pass {
        match (timer, self.state) {
            (ClientTimer::Retransmit, State::Calling) => {
                wire.send(self.hop, self.request.to_bytes());
                self.interval = self.interval.saturating_mul(2);
                wire.after(Due::Client(self.id, ClientTimer::Retransmit), self.interval);
                Pass::Absorbed
            }
            (ClientTimer::GiveUp, State::Calling) => {
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

    /// Whether it fails when the transport reports that nothing arrives there (§17.1.4). A call that already rings is left
    /// to its other guards, since the report may be about another datagram to the same place; but over a
    /// connection that broke no answer is waited for any more.
    pub fn fails(&self) -> bool {
        self.state == State::Calling || self.state == State::Proceeding && self.hop.is_reliable()
    }

    pub fn lose(&mut self, wire: &mut Wire) {
        self.stop_timers(wire);
        self.state = State::Lost;
        wire.after(Due::Client(self.id, ClientTimer::End), PATIENCE);
    }

    fn stop_timers(&self, wire: &mut Wire) {
        wire.timers.cancel(&Due::Client(self.id, ClientTimer::Retransmit));
        wire.timers.cancel(&Due::Client(self.id, ClientTimer::GiveUp));
    }

    fn acknowledge(&self, wire: &mut Wire, response: &Response) {
        wire.send(self.hop, ack_of_refusal(&self.request, response).to_bytes());
    }
}

/// ACK for a response from 300 on: same Request-URI, Call-ID, From, Route, CSeq number and top Via as the
/// INVITE, To as in the response (§17.1.1.3).
fn ack_of_refusal(invite: &Request, response: &Response) -> Request {
    let mut ack = Request::new(Method::Ack, invite.uri.clone());
    if let Ok(via) = invite.headers.require::<Via>() {
        ack.headers.push_typed(&via);
    }
    ack.headers.push_typed(&MaxForwards(70));
    for route in invite.headers.typed_all::<Route>().unwrap_or_default() {
        ack.headers.push_typed(&route);
    }
    ack.headers.push("From", invite.headers.first("From").unwrap_or_default());
    match response.headers.require::<To>() {
        Ok(to) => ack.headers.push_typed(&to),
        Err(_) => ack.headers.push("To", invite.headers.first("To").unwrap_or_default()),
    }
    ack.headers.push("Call-ID", invite.headers.first("Call-ID").unwrap_or_default());
    let seq = invite.headers.require::<CSeq>().map_or(0, |cseq| cseq.seq);
    ack.headers.push_typed(&CSeq::new(seq, Method::Ack));
    ack
}
