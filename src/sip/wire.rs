//! Where all of the core's output goes: datagrams, events, and the timers to come.

use super::event::{CallKey, Event, Output};
use super::timers::Queue;
use super::transaction::{ClientId, ClientTimer, ServerId, ServerTimer};
use crate::instant::Instant;
use crate::transmit::{Transmit, Transport};
use std::collections::VecDeque;
use std::net::SocketAddr;

pub struct Wire {
    /// The time of the input at work.
    pub now: Instant,
    pub transport: Transport,
    pub timers: Queue<Due>,
    out: VecDeque<Output>,
}

/// What a timer is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Due {
    Client(ClientId, ClientTimer),
    Server(ServerId, ServerTimer),
    Registration(super::registration::Timer),
    Call(CallKey, super::invite::CallTimer),
}

impl Wire {
    pub fn new(transport: Transport) -> Self {
        Self { now: Instant::START, transport, timers: Queue::new(), out: VecDeque::new() }
    }

    pub fn send(&mut self, to: SocketAddr, bytes: Vec<u8>) {
        self.out.push_back(Output::Send(Transmit { transport: self.transport, to, bytes }));
    }

    pub fn say(&mut self, event: Event) {
        self.out.push_back(Output::Event(event));
    }

    pub fn after(&mut self, what: Due, delay: std::time::Duration) {
        self.timers.set(what, self.now + delay);
    }

    pub fn is_reliable(&self) -> bool {
        self.transport.is_reliable()
    }

    pub fn poll(&mut self) -> Output {
        self.out.pop_front().unwrap_or(Output::Idle)
    }
}
