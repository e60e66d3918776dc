//! Two user agents call each other over a network that loses, delays, reorders and doubles.

use crate::instant::Instant;
use crate::sip::chance::Chance;
use crate::sip::message::StatusCode;
use crate::sip::testing::{ANSWER, OFFER, address, config, ms, secs};
use crate::sip::{CallKey, EndedBy, Event, Output, ReferProgress, UserAgent, UserAgentConfig};
use crate::transmit::{Received, Transport};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

const ADDRESSES: [&str; 2] = ["192.0.2.1:5060", "192.0.2.2:5060"];
const CALLER: usize = 0;
const CALLED: usize = 1;

struct Pair {
    now: Instant,
    sides: [Side; 2],
    /// By time of arrival.
    network: BTreeMap<(Instant, u64), (usize, SocketAddr, Vec<u8>)>,
    chance: Chance,
    packets: u64,
    loss_percent: u64,
    jitter: Duration,
}

struct Side {
    ua: UserAgent,
    events: Vec<Event>,
}

impl Pair {
    fn new(seed: u8, loss_percent: u64, jitter: Duration) -> Self {
        let side = |own: usize| {
            let mut settings: UserAgentConfig = config();
            settings.local = address(ADDRESSES[own]);
            settings.server = address(ADDRESSES[1 - own]);
            Side { ua: UserAgent::new(settings, [seed ^ own as u8; 32]), events: vec![] }
        };
        Self {
            now: Instant::from_start(secs(1)),
            sides: [side(0), side(1)],
            network: BTreeMap::new(),
            chance: Chance::new([seed; 32]),
            packets: 0,
            loss_percent,
            jitter,
        }
    }

    fn drain(&mut self, own: usize) {
        loop {
            match self.sides[own].ua.poll_output() {
                Output::Send(transmit) => {
                    assert_eq!(transmit.to, address(ADDRESSES[1 - own]));
                    let roll = self.chance.between(ms(0), ms(99)).as_millis() as u64;
                    let copies = if roll < self.loss_percent { 0 } else { 1 + u64::from(roll > 94) };
                    for _ in 0..copies {
                        let at = self.now + ms(1) + self.chance.between(ms(0), self.jitter);
                        self.packets += 1;
                        let packet = (1 - own, address(ADDRESSES[own]), transmit.bytes.clone());
                        self.network.insert((at, self.packets), packet);
                    }
                }
                Output::Event(event) => self.sides[own].events.push(event),
                Output::Idle => return,
            }
        }
    }

    fn next(&self) -> Option<Instant> {
        let arrival = self.network.keys().next().map(|(at, _)| *at);
        let timers = self.sides.iter().filter_map(|side| side.ua.next_deadline());
        timers.chain(arrival).min()
    }

    /// Until nothing is due any more before `limit`, or the test is satisfied.
    fn run(&mut self, limit: Duration, mut done: impl FnMut(&mut Self) -> bool) -> bool {
        let until = self.now + limit;
        loop {
            self.drain(CALLER);
            self.drain(CALLED);
            if done(self) {
                return true;
            }
            self.drain(CALLER);
            self.drain(CALLED);
            match self.next() {
                Some(next) if next <= until => self.now = self.now.max(next),
                _ => {
                    self.now = until;
                    return false;
                }
            }
            while let Some(entry) = self.network.first_entry().filter(|entry| entry.key().0 <= self.now) {
                let (to, from, bytes) = entry.remove();
                let local = address(ADDRESSES[to]);
                let input = Received { transport: Transport::Udp, from, local, bytes };
                self.sides[to].ua.handle_input(self.now, input);
            }
            for side in &mut self.sides {
                side.ua.handle_timeout(self.now);
            }
        }
    }

    fn dial(&mut self) -> CallKey {
        let target = self.sides[CALLED].ua.contact();
        self.sides[CALLER].ua.invite(self.now, target, Some(OFFER.to_vec()))
    }

    fn saw(&self, side: usize, test: impl Fn(&Event) -> bool) -> bool {
        self.sides[side].events.iter().any(test)
    }

    fn count(&self, side: usize, test: impl Fn(&Event) -> bool) -> usize {
        self.sides[side].events.iter().filter(|event| test(event)).count()
    }

    fn invited(&self) -> Option<CallKey> {
        self.sides[CALLED].events.iter().find_map(|event| match event {
            Event::Invited { call, .. } => Some(*call),
            _ => None,
        })
    }

    /// Nothing is left: no timer, no call.
    fn is_over(&mut self) -> bool {
        self.run(secs(600), |_| false);
        self.next().is_none()
    }
}

fn ended(event: &Event) -> bool {
    matches!(event, Event::Ended { .. })
}

fn confirmed(event: &Event) -> bool {
    matches!(event, Event::Confirmed { .. })
}

fn accepted(event: &Event) -> bool {
    matches!(event, Event::Accepted { .. })
}

const NETWORKS: [(u64, u64); 4] = [(0, 0), (10, 5), (25, 40), (40, 900)];

#[test]
fn a_call_is_made_held_and_ended_over_every_network() {
    for seed in 0..30 {
        for (loss, jitter) in NETWORKS {
            let mut pair = Pair::new(seed, loss, ms(jitter));
            let call = pair.dial();
            assert!(pair.run(secs(32), |pair| pair.invited().is_some() || pair.saw(CALLER, ended)));
            let Some(incoming) = pair.invited() else { continue };
            let now = pair.now;
            pair.sides[CALLED].ua.ring(now, incoming).unwrap();
            pair.run(secs(2), |_| false);
            let now = pair.now;
            if pair.sides[CALLED].ua.accept(now, incoming, ANSWER.to_vec()).is_err() {
                continue; // The caller's patience ran out over the worst network.
            }
            let up = pair.run(secs(40), |pair| {
                pair.saw(CALLER, accepted) && pair.saw(CALLED, confirmed) || pair.saw(CALLED, ended)
            });
            assert!(up, "seed {seed}, loss {loss}");
            if pair.saw(CALLED, confirmed) {
                hold(&mut pair, call, incoming, (seed, loss));
                let (side, key) = if seed % 2 == 0 { (CALLER, call) } else { (CALLED, incoming) };
                let now = pair.now;
                pair.sides[side].ua.hang_up(now, key).ok();
            }
            pair.run(secs(80), |pair| pair.saw(CALLER, ended) && pair.saw(CALLED, ended));
            assert!(pair.is_over(), "seed {seed}, loss {loss}: something is left");
            for side in [CALLER, CALLED] {
                assert!(pair.count(side, ended) <= 1, "seed {seed}: ended twice");
            }
            assert_eq!(pair.count(CALLED, |event| matches!(event, Event::Invited { .. })), 1);
            if loss == 0 {
                assert!(pair.saw(CALLER, ended) && pair.saw(CALLED, ended));
            }
        }
    }
}

fn hold(pair: &mut Pair, call: CallKey, incoming: CallKey, story: (u8, u64)) {
    let now = pair.now;
    // Both at once: glare, whose rules must bring both through in the end.
    pair.sides[CALLER].ua.reoffer(now, call, OFFER.to_vec()).unwrap();
    if story.0.is_multiple_of(3) {
        pair.sides[CALLED].ua.reoffer(now, incoming, ANSWER.to_vec()).unwrap();
    }
    let answered = |event: &Event| matches!(event, Event::Answer { .. });
    let done = pair.run(secs(120), |pair| {
        for (side, key) in [(CALLER, call), (CALLED, incoming)] {
            let asked = pair.count(side, |event| matches!(event, Event::Offer { .. }));
            let now = pair.now;
            if asked > 0 && pair.sides[side].ua.answer_offer(now, key, Ok(ANSWER.to_vec())).is_ok() {
                pair.sides[side].events.retain(|event| !matches!(event, Event::Offer { .. }));
            }
        }
        pair.saw(CALLER, answered) && (!story.0.is_multiple_of(3) || pair.saw(CALLED, answered))
    });
    assert!(done, "{story:?}: an offer was never answered");
}

#[test]
fn a_cancelled_call_leaves_nothing_behind_over_every_network() {
    for seed in 0..30 {
        for (loss, jitter) in NETWORKS {
            let mut pair = Pair::new(seed, loss, ms(jitter));
            let call = pair.dial();
            let patience = ms(u64::from(seed) * 80);
            let mut rung = false;
            pair.run(patience, |pair| {
                if let Some(incoming) = pair.invited() {
                    let now = pair.now;
                    if !std::mem::replace(&mut rung, true) {
                        pair.sides[CALLED].ua.ring(now, incoming).unwrap();
                    }
                    if seed % 4 == 0 && pair.now.since_start() > ms(1_500) {
                        pair.sides[CALLED].ua.accept(now, incoming, ANSWER.to_vec()).ok();
                    }
                }
                false
            });
            let now = pair.now;
            pair.sides[CALLER].ua.hang_up(now, call).ok();
            assert!(pair.is_over(), "seed {seed}, loss {loss}");
            assert_eq!(pair.count(CALLER, ended), 1, "seed {seed}, loss {loss}");
            let rang = pair.invited().is_some();
            let ends = pair.count(CALLED, ended);
            assert!(ends <= usize::from(rang));
            if loss == 0 {
                assert_eq!(ends, usize::from(rang), "seed {seed}");
            }
        }
    }
}

#[test]
fn a_refused_call_is_named_on_both_ends() {
    for seed in 0..40 {
        let mut pair = Pair::new(seed, 20, ms(30));
        pair.dial();
        assert!(pair.run(secs(40), |pair| pair.invited().is_some() || pair.saw(CALLER, ended)));
        let Some(incoming) = pair.invited() else { continue };
        let now = pair.now;
        pair.sides[CALLED].ua.reject(now, incoming, StatusCode::BUSY_HERE).unwrap();
        pair.run(secs(40), |pair| pair.saw(CALLER, ended));
        let busy = |event: &Event| matches!(event, Event::Ended { by: EndedBy::Them, status: Some(s), .. } if *s == StatusCode::BUSY_HERE);
        assert!(pair.saw(CALLER, busy), "seed {seed}");
        assert!(pair.is_over());
    }
}

#[test]
fn a_transfer_that_the_other_side_does_not_do_is_refused_over_every_network() {
    for seed in 0..15 {
        for (loss, jitter) in NETWORKS {
            let mut pair = Pair::new(seed, loss, ms(jitter));
            let call = pair.dial();
            pair.run(secs(40), |pair| {
                if let Some(incoming) = pair.invited() {
                    let now = pair.now;
                    pair.sides[CALLED].ua.accept(now, incoming, ANSWER.to_vec()).ok();
                }
                pair.saw(CALLER, accepted) && pair.saw(CALLED, confirmed)
            });
            let now = pair.now;
            if pair.sides[CALLER].ua.refer(now, call, "sip:201@pbx.example".parse().unwrap()).is_err() {
                continue;
            }
            let said = |event: &Event| {
                matches!(
                    event,
                    Event::Refer { progress: ReferProgress::Refused { .. } | ReferProgress::NoWord, .. }
                )
            };
            assert!(pair.run(secs(60), |pair| pair.saw(CALLER, said)), "seed {seed}, loss {loss}");
            assert_eq!(pair.count(CALLER, said), 1);
        }
    }
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let story = || {
        let mut pair = Pair::new(9, 25, ms(40));
        pair.dial();
        pair.run(secs(40), |pair| pair.invited().is_some());
        pair.run(secs(40), |_| false);
        (pair.packets, format!("{:?}{:?}", pair.sides[0].events, pair.sides[1].events))
    };
    assert_eq!(story(), story());
}
