//! Where all of the core's output goes: messages, events, and the timers to come.

use super::event::{CallKey, Event, Output, SubscriptionKey};
use super::timers::Queue;
use super::transaction::{ClientId, ClientTimer, ServerId, ServerTimer};
use crate::instant::Instant;
use crate::transmit::{Hop, Transmit};
use std::collections::VecDeque;

pub struct Wire {
    /// The time of the input at work.
    pub now: Instant,
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
    Subscription(SubscriptionKey, super::subscribe::Timer),
    /// The next SUBSCRIBE may go.
    SubscribeTurn,
}

impl Due {
    /// Whether it only says something again, for as long as another timer has not ended that.
    pub const fn is_repetition(self) -> bool {
        use super::invite::CallTimer::{Refresh, Repeat2xx, RepeatReliable, RingAgain};
        matches!(
            self,
            Self::Client(_, ClientTimer::Retransmit)
                | Self::Server(_, ServerTimer::Retransmit)
                | Self::Call(_, Repeat2xx | RepeatReliable | RingAgain | Refresh)
        )
    }
}

impl Wire {
    pub fn new() -> Self {
        Self { now: Instant::START, timers: Queue::new(), out: VecDeque::new() }
    }

    pub fn send(&mut self, Hop { transport, to }: Hop, bytes: Vec<u8>) {
        self.out.push_back(Output::Send(Transmit { transport, to, bytes }));
    }

    pub fn say(&mut self, event: Event) {
        self.out.push_back(Output::Event(event));
    }

    pub fn after(&mut self, what: Due, delay: std::time::Duration) {
        self.timers.set(what, self.now + delay);
    }

    pub fn poll(&mut self) -> Output {
        self.out.pop_front().unwrap_or(Output::Idle)
    }
}
