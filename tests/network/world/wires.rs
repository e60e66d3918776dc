//! What happens to messages between a telephone and the PBX.

use super::agent::Agent;
use super::{Rung, UNDER_WAY, World};
use crate::rules::{Seen, lost_name};
use patchcord::sip::message::Message;
use patchcord::sip::message::codec::{self, Parsed};
use patchcord::transmit::{Hop, Received, Transport};
use std::hash::Hasher;
use std::net::SocketAddr;
use std::time::Duration;

pub(super) enum Arrival {
    Datagram {
        from: SocketAddr,
        to: SocketAddr,
        octets: Vec<u8>,
    },
    /// Some of the octets under way, from or to this telephone; `before` says over which connection.
    Segment {
        own: usize,
        up: bool,
        before: u32,
    },
    Disconnected {
        own: usize,
        before: u32,
    },
    /// The system's word (ICMP) to a telephone that what it sent found no open port.
    Unreachable {
        own: usize,
    },
}

impl World {
    pub(super) fn on_arrival(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Datagram { from, to, octets } if to == self.pbx_address => {
                self.deliver_to_pbx(from, &octets)
            }
            Arrival::Datagram { from, to, octets } => {
                let Some(own) = self.lives_at(to) else { return self.lose(&octets) };
                self.deliver(own, Transport::Udp, from, octets);
            }
            Arrival::Segment { own, up, before } => self.on_segment(own, up, before),
            Arrival::Disconnected { own, before } => self.on_disconnected(own, before),
            Arrival::Unreachable { own } => self.on_unreachable(own),
        }
    }

    fn lives_at(&self, address: SocketAddr) -> Option<usize> {
        self.agents.iter().position(|agent| agent.address == address)
    }

    fn on_segment(&mut self, own: usize, up: bool, before: u32) {
        let under_way = self.agents[own].stream.as_mut().map_or(0, |stream| stream.pipe(up).under_way());
        let count = 1 + self.below(under_way as u64) as usize;
        let agent = &mut self.agents[own];
        let Some(stream) = agent.stream.as_mut().filter(|s| s.before == before && under_way > 0) else {
            return;
        };
        let (address, messages) = (agent.address, stream.pipe(up).arrive(count));
        if count < under_way {
            self.arrives_after(Duration::from_millis(1), Arrival::Segment { own, up, before });
        }
        for message in messages {
            if up {
                self.deliver_to_pbx(address, &message);
            } else {
                self.deliver(own, Transport::Tcp, self.pbx_address, message);
            }
        }
    }

    /// The next one comes from another port.
    fn on_disconnected(&mut self, own: usize, before: u32) {
        let agent = &mut self.agents[own];
        let Some(stream) = agent.stream.as_mut().filter(|stream| stream.before == before) else { return };
        self.disaster = true;
        for name in stream.break_off().into_iter().chain(agent.rules.disconnected()) {
            *self.lost.entry(name).or_default() += 1;
        }
        agent.address.set_port(agent.address.port() + 1);
        agent.ua.handle_disconnected(self.now, agent.address);
        self.drain();
    }

    fn on_unreachable(&mut self, own: usize) {
        let agent = &mut self.agents[own];
        for name in agent.rules.disconnected() {
            *self.lost.entry(name).or_default() += 1;
        }
        agent.ua.handle_unreachable(self.now, Hop { transport: Transport::Udp, to: self.pbx_address });
        self.drain();
    }

    fn lose(&mut self, octets: &[u8]) {
        *self.lost.entry(lost_name(&Seen::read(octets))).or_default() += 1;
    }

    fn deliver_to_pbx(&mut self, from: SocketAddr, octets: &[u8]) {
        for (next, octets) in self.pbx.on_packet(from, octets) {
            self.transmit(self.pbx_address, next, octets);
        }
    }

    fn deliver(&mut self, own: usize, transport: Transport, from: SocketAddr, bytes: Vec<u8>) {
        let now = self.now;
        let agent = &mut self.agents[own];
        let seen = Seen::read(&bytes);
        let here = seen.to_tag.is_some() || agent.ua.contact().user.as_ref() == Some(&seen.user);
        agent.rules.arrived(now, &seen, here);
        let Agent { ua, aside, transferrer, .. } = agent;
        let taken = match codec::parse(&bytes) {
            Ok(Parsed::Message(Message::Response(response))) => aside.takes(&response),
            Ok(Parsed::Message(message)) => {
                transferrer.as_mut().is_some_and(|taker| taker.takes(now, ua, aside, &message))
            }
            _ => false,
        };
        if !taken {
            ua.handle_input(now, Received { transport, from, local: agent.address, bytes });
        }
        self.drain();
        if let Err(broken) = self.agents[own].rules.settled() {
            self.fail(own, &broken);
        }
    }

    pub(super) fn transmit(&mut self, from: SocketAddr, to: SocketAddr, octets: Vec<u8>) {
        self.digest.write(&octets);
        let (roll, again) = (self.below(100), self.below(100));
        let dark =
            self.agents.iter().any(|a| (a.cut_off || a.asleep) && (a.address == from || a.address == to));
        let up = to == self.pbx_address;
        let phone = self.lives_at(if up { from } else { to });
        let stream = phone.and_then(|own| Some((own, self.agents[own].stream.as_ref()?.before)));
        let copies = match roll < self.weather.loss_percent || dark {
            _ if stream.is_some() => 1,
            // To where somebody was.
            _ if phone.is_none() => 0,
            _ if up && self.port_closed => 0,
            true => 0,
            false => 1 + usize::from(again < self.weather.doubled_percent),
        };
        if copies == 0 {
            self.lose(&octets);
        }
        if let Some(own) = phone.filter(|_| up && self.port_closed) {
            self.arrives_after(Duration::from_millis(1), Arrival::Unreachable { own });
        }
        if let Some((own, before)) = stream {
            self.stream(own, up, before, &octets);
        } else {
            for _ in 0..copies {
                let delay = self.delay();
                self.arrives_after(delay, Arrival::Datagram { from, to, octets: octets.clone() });
            }
        }
        self.ladder.push(Rung { at: self.now, from, to, octets, copies });
    }

    fn stream(&mut self, own: usize, up: bool, before: u32, octets: &[u8]) {
        let breaks = self.below(2000) < self.weather.loss_percent;
        let delay = self.delay();
        if let Some(stream) = &mut self.agents[own].stream {
            stream.pipe(up).push(lost_name(&Seen::read(octets)), octets);
        }
        self.arrives_after(delay, Arrival::Segment { own, up, before });
        if breaks {
            let delay = self.delay();
            self.arrives_after(delay, Arrival::Disconnected { own, before });
        }
    }

    fn delay(&mut self) -> Duration {
        UNDER_WAY + Duration::from_millis(self.below(self.weather.jitter_ms + 1))
    }

    fn arrives_after(&mut self, delay: Duration, arrival: Arrival) {
        self.sent += 1;
        self.packets.insert((self.now + delay, self.sent), arrival);
    }
}
