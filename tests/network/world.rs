//! Telephones and a PBX on virtual time, and the weather between them. The same seed brings the same octets.

use crate::proxy::{self, Proxy};
use crate::rules::{Seen, Side, lost_name};
use crate::transferrer::Transferrer;
use patchcord::instant::Instant;
use patchcord::sip::message::Uri;
use patchcord::sip::message::codec::{self, Parsed};
use patchcord::sip::{
    Account, CallKey, CallPolicy, Event, Load, Output, Password, UserAgent, UserAgentConfig,
};
use patchcord::transmit::{Received, Transport};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::net::SocketAddr;
use std::time::Duration;

pub const OFFER: &[u8] = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n";
pub const ANSWER: &[u8] = b"v=0\r\no=- 2 2 IN IP4 192.0.2.2\r\ns=-\r\n";

/// Who calls, who is called, and who takes part in a transfer, may have two calls and keeps sessions by timers.
pub const ANNA: usize = 0;
pub const BORIS: usize = 1;
pub const CLARA: usize = 2;
const PEOPLE: [(&str, &str); 3] =
    [("anna", "192.0.2.1:5060"), ("boris", "192.0.2.2:5060"), ("clara", "192.0.2.3:5060")];

/// What happens to datagrams, each way between a telephone and the PBX.
#[derive(Clone, Copy, Default)]
pub struct Weather {
    pub loss_percent: u64,
    pub doubled_percent: u64,
    /// Longest delay; what differs by less than that overtakes.
    pub jitter_ms: u64,
}

pub struct Agent {
    pub ua: UserAgent,
    pub events: Vec<Event>,
    address: SocketAddr,
    rules: Side,
    transferrer: Option<Transferrer>,
    cut_off: bool,
    asleep: bool,
    lives: u8,
}

pub struct World {
    pub now: Instant,
    pub agents: Vec<Agent>,
    pub pbx: Proxy,
    pub weather: Weather,
    /// Something besides losses took datagrams, or a telephone's memory.
    pub disaster: bool,
    name: &'static str,
    seed: u64,
    pbx_address: SocketAddr,
    /// By time of arrival.
    packets: BTreeMap<(Instant, u64), (SocketAddr, SocketAddr, Vec<u8>)>,
    chance: ChaCha8Rng,
    sent: u64,
    lost: BTreeMap<String, u32>,
    digest: DefaultHasher,
    ladder: Vec<Rung>,
}

struct Rung {
    at: Instant,
    from: SocketAddr,
    to: SocketAddr,
    octets: Vec<u8>,
    copies: usize,
}

impl World {
    /// Anna and Boris are registered; the weather is fine so far.
    pub fn new(name: &'static str, seed: u64) -> Self {
        let agents = (0..PEOPLE.len()).map(|own| agent(own, seed, 0)).collect();
        let mut chance = [0; 32];
        chance[..8].copy_from_slice(&seed.to_le_bytes());
        let mut world = Self {
            now: Instant::from_start(secs(1)),
            agents,
            pbx: Proxy::new(),
            weather: Weather::default(),
            disaster: false,
            name,
            seed,
            pbx_address: proxy::ADDRESS.parse().unwrap(),
            packets: BTreeMap::new(),
            chance: ChaCha8Rng::from_seed(chance),
            sent: 0,
            lost: BTreeMap::new(),
            digest: DefaultHasher::new(),
            ladder: vec![],
        };
        world.pbx.bind("clara", world.agents[CLARA].ua.contact());
        for own in [ANNA, BORIS] {
            world.agents[own].ua.register(world.now);
        }
        let registered = |world: &mut Self| world.is_registered(ANNA) && world.is_registered(BORIS);
        assert!(world.wait(secs(5), registered), "nobody could register in fine weather");
        world
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.chance.next_u64() % limit.max(1)
    }

    // -- what people do

    pub fn call(&mut self, from: usize, to: &str) -> CallKey {
        let target: Uri = format!("sip:{to}@pbx.example").parse().unwrap();
        self.agents[from].ua.invite(self.now, target, Some(OFFER.to_vec()))
    }

    /// The other one shall make the offer.
    pub fn call_without_offer(&mut self, from: usize, to: &str) -> CallKey {
        let target: Uri = format!("sip:{to}@pbx.example").parse().unwrap();
        self.agents[from].ua.invite(self.now, target, None)
    }

    /// A telephone loses its power, and starts again without memory.
    pub fn restart(&mut self, own: usize) {
        self.disaster = true;
        let lives = self.agents[own].lives + 1;
        let mut fresh = agent(own, self.seed, lives);
        fresh.events = std::mem::take(&mut self.agents[own].events);
        self.agents[own] = fresh;
        self.agents[own].ua.register(self.now);
    }

    pub fn cut_off(&mut self, own: usize, cut_off: bool) {
        self.disaster = true;
        self.agents[own].cut_off = cut_off;
    }

    /// The computer sleeps: nothing reaches the telephone, its own time-outs neither. Awake again, all that was due
    /// meanwhile is due at once.
    pub fn sleep(&mut self, own: usize, asleep: bool) {
        self.disaster = true;
        self.agents[own].asleep = asleep;
        if !asleep {
            self.agents[own].rules.woke();
            self.agents[own].ua.handle_timeout(self.now);
        }
    }

    /// Datagrams that it sent since then.
    pub fn sent_since(&self, own: usize, then: Instant) -> usize {
        let from = self.agents[own].address;
        self.ladder.iter().filter(|rung| rung.from == from && rung.at >= then).count()
    }

    /// Everybody puts down what they still hold, and what still comes in while INVITEs may be under way; then
    /// leaves, and time passes.
    pub fn close(&mut self) {
        for own in 0..self.agents.len() {
            self.agents[own].ua.unregister(self.now);
        }
        self.wait(secs(70), |world| {
            for own in 0..world.agents.len() {
                for call in world.standing(own) {
                    world.agents[own].ua.hang_up(world.now, call).ok();
                }
            }
            false
        });
        self.pass(secs(200));
    }

    pub fn left_behind(&self) -> Vec<Load> {
        self.agents.iter().map(|agent| agent.ua.load()).filter(|load| *load != Load::default()).collect()
    }

    // -- what they see

    pub fn saw(&self, own: usize, test: impl Fn(&Event) -> bool) -> bool {
        self.agents[own].events.iter().any(test)
    }

    pub fn count(&self, own: usize, test: impl Fn(&Event) -> bool) -> usize {
        self.agents[own].events.iter().filter(|event| test(event)).count()
    }

    pub fn is_registered(&self, own: usize) -> bool {
        self.agents[own].ua.is_registered()
    }

    /// The last call that came in.
    pub fn invited(&self, own: usize) -> Option<CallKey> {
        self.agents[own].events.iter().rev().find_map(|event| match event {
            Event::Invited { call, .. } => Some(*call),
            _ => None,
        })
    }

    fn standing(&self, own: usize) -> Vec<CallKey> {
        (1..100).map(CallKey).filter(|call| self.agents[own].ua.call_id(*call).is_some()).collect()
    }

    /// Methods that got no answer because of what was lost.
    pub fn starved(&self) -> Vec<&str> {
        self.agents.iter().flat_map(|agent| agent.rules.starved(&self.lost)).collect()
    }

    /// Of every datagram that was sent.
    pub fn digest(&self) -> (u64, u64) {
        (self.sent, self.digest.finish())
    }

    // -- time

    pub fn pass(&mut self, time: Duration) {
        self.wait(time, |_| false);
    }

    /// Until it is so, at most for `limit`.
    pub fn wait(&mut self, limit: Duration, mut so: impl FnMut(&mut Self) -> bool) -> bool {
        let until = self.now + limit;
        loop {
            self.drain();
            if so(self) {
                self.drain();
                return true;
            }
            self.drain();
            match self.next() {
                Some(next) if next <= until => self.now = self.now.max(next),
                _ => {
                    self.now = until;
                    return false;
                }
            }
            while let Some(entry) = self.packets.first_entry().filter(|entry| entry.key().0 <= self.now) {
                let (from, to, octets) = entry.remove();
                self.deliver(from, to, octets);
            }
            for agent in self.agents.iter_mut().filter(|agent| !agent.asleep) {
                agent.ua.handle_timeout(self.now);
                if let Some(transferrer) = &mut agent.transferrer {
                    transferrer.handle_timeout(self.now);
                }
            }
        }
    }

    fn next(&self) -> Option<Instant> {
        let arrival = self.packets.keys().next().map(|(at, _)| *at);
        let awake = self.agents.iter().filter(|agent| !agent.asleep);
        let timers = awake.filter_map(|agent| agent.ua.next_deadline());
        let notifies = self.agents.iter().filter_map(|agent| agent.transferrer.as_ref()?.next_deadline());
        timers.chain(notifies).chain(arrival).min()
    }

    // -- the network

    fn deliver(&mut self, from: SocketAddr, to: SocketAddr, octets: Vec<u8>) {
        if to == self.pbx_address {
            for (next, octets) in self.pbx.on_packet(from, &octets) {
                self.transmit(to, next, octets);
            }
            return;
        }
        let own = self.agents.iter().position(|agent| agent.address == to).expect("nobody lives there");
        let now = self.now;
        let agent = &mut self.agents[own];
        let seen = Seen::read(&octets);
        let here = seen.to_tag.is_some() || agent.ua.contact().user.as_ref() == Some(&seen.user);
        agent.rules.arrived(now, &seen, here);
        let taken = agent.transferrer.as_mut().is_some_and(|transferrer| match codec::parse(&octets) {
            Ok(Parsed::Message(message)) => transferrer.takes(now, &mut agent.ua, &message),
            _ => false,
        });
        if !taken {
            agent
                .ua
                .handle_input(now, Received { transport: Transport::Udp, from, local: to, bytes: octets });
        }
        self.drain();
        if let Err(broken) = self.agents[own].rules.settled() {
            self.fail(own, &broken);
        }
    }

    fn drain(&mut self) {
        for own in 0..self.agents.len() {
            while self.drain_one(own) {}
        }
    }

    /// Whether there may be more.
    fn drain_one(&mut self, own: usize) -> bool {
        let (now, agent) = (self.now, &mut self.agents[own]);
        let mut out = agent.transferrer.as_mut().map(Transferrer::drain).unwrap_or_default();
        loop {
            match agent.ua.poll_output() {
                Output::Send(transmit) => out.push((transmit.to, transmit.bytes)),
                Output::Event(event) => {
                    if let Event::Offer { call, .. } = event {
                        agent
                            .ua
                            .answer_offer(now, call, Ok(ANSWER.to_vec()))
                            .expect("an offer may be answered");
                    }
                    if let Event::ReferAsked { call, .. } = event {
                        agent.ua.answer_refer(now, call, Ok(())).expect("a REFER may be answered");
                    }
                    if let Some(transferrer) = &mut agent.transferrer {
                        transferrer.on_event(now, &event);
                    }
                    agent.events.push(event);
                }
                Output::Idle => break,
            }
        }
        let more = !out.is_empty();
        let from = agent.address;
        for (to, octets) in out {
            let verdict = self.agents[own].rules.sent(now, &Seen::read(&octets));
            self.transmit(from, to, octets);
            if let Err(broken) = verdict {
                self.fail(own, &broken);
            }
        }
        more
    }

    fn transmit(&mut self, from: SocketAddr, to: SocketAddr, octets: Vec<u8>) {
        self.digest.write(&octets);
        let (roll, again) = (self.below(100), self.below(100));
        let dark =
            self.agents.iter().any(|a| (a.cut_off || a.asleep) && (a.address == from || a.address == to));
        let copies = match roll < self.weather.loss_percent || dark {
            true => 0,
            false => 1 + usize::from(again < self.weather.doubled_percent),
        };
        if copies == 0 {
            *self.lost.entry(lost_name(&Seen::read(&octets))).or_default() += 1;
        }
        for _ in 0..copies {
            let at = self.now + Duration::from_millis(1 + self.below(self.weather.jitter_ms + 1));
            self.sent += 1;
            self.packets.insert((at, self.sent), (from, to, octets.clone()));
        }
        self.ladder.push(Rung { at: self.now, from, to, octets, copies });
    }

    fn fail(&self, own: usize, broken: &str) -> ! {
        panic!(
            "{}, seed {}: {} broke a rule at {:?}: {broken}",
            self.name, self.seed, PEOPLE[own].0, self.now
        );
    }
}

/// A test that fails inside shows what went over the wire.
impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let name = |address: SocketAddr| {
            PEOPLE.iter().find(|(_, known)| *known == address.to_string()).map_or("pbx", |(name, _)| name)
        };
        eprintln!("{}, seed {}, at {:?}:", self.name, self.seed, self.now.since_start());
        for Rung { at, from, to, octets, copies } in &self.ladder {
            let fate = ["lost", "", "doubled"][(*copies).min(2)];
            let (from, to, brief) = (name(*from), name(*to), Seen::read(octets).brief());
            eprintln!("{:9.3}  {from:>5} -> {to:5}  {brief} {fate}", at.since_start().as_secs_f64());
        }
        for (agent, (name, _)) in self.agents.iter().zip(PEOPLE) {
            eprintln!("{name}: {:?}, {:?}", agent.events, agent.ua.load());
        }
    }
}

fn agent(own: usize, seed: u64, life: u8) -> Agent {
    let (name, address) = PEOPLE[own];
    let address: SocketAddr = address.parse().unwrap();
    let mut chance = [0; 32];
    chance[..8].copy_from_slice(&seed.to_le_bytes());
    (chance[8], chance[9]) = (own as u8 + 1, life);
    let config = UserAgentConfig {
        account: Account {
            user: name.into(),
            domain: "pbx.example".into(),
            auth_user: None,
            password: Password::new("secret"),
            realm: None,
            registrar: None,
            outbound_proxy: None,
            display: None,
            expires: secs(600),
        },
        transport: Transport::Udp,
        server: proxy::ADDRESS.parse().unwrap(),
        local: address,
        user_agent: "Patchcord/test".into(),
        max_calls: if own == CLARA { 2 } else { 1 },
        calls: CallPolicy {
            session_expires: (own == CLARA).then_some(secs(90)),
            follow_redirects: true,
            take_refers: own == BORIS,
        },
    };
    let transferrer = (own == CLARA).then(|| Transferrer::new(address));
    let ua = UserAgent::new(config, chance);
    let (events, rules) = (vec![], Side::default());
    Agent { ua, events, address, rules, transferrer, cut_off: false, asleep: false, lives: life }
}

pub const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
