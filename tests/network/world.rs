//! Telephones and a PBX on virtual time, and the weather between them. The same seed brings the same octets.

mod agent;
mod wires;

use crate::proxy::{self, Proxy};
use crate::rules::Seen;
use crate::sdp::Speaker;
use crate::stories::ended_call;
use crate::transferrer::Transferrer;
use crate::wire::Captured;
use agent::{Agent, agent};
use patchcord::instant::Instant;
use patchcord::sip::message::codec::{self, Parsed};
use patchcord::sip::message::{Message, Method, Replaces, Request, To, Uri};
use patchcord::sip::{CallKey, Event, Load, NotNow, Output, ReferAsked};
use patchcord::transmit::Transport;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hasher};
use std::net::SocketAddr;
use std::time::Duration;
use wires::Arrival;

/// Who calls, who is called, and who takes part in a transfer, may have two calls and keeps sessions by timers.
pub const ANNA: usize = 0;
pub const BORIS: usize = 1;
pub const CLARA: usize = 2;
const PEOPLE: [(&str, &str); 3] =
    [("anna", "192.0.2.1:5060"), ("boris", "192.0.2.2:5060"), ("clara", "192.0.2.3:5060")];

/// An outage that lasts longer is noticed by each registration.
const NOTICED: Duration = secs(20);

/// In fine weather.
pub const UNDER_WAY: Duration = Duration::from_millis(1);

/// What happens to datagrams, each way between a telephone and the PBX.
#[derive(Clone, Copy, Default)]
pub struct Weather {
    pub loss_percent: u64,
    pub doubled_percent: u64,
    /// Longest delay; what differs by less than that overtakes.
    pub jitter_ms: u64,
}

pub struct World {
    pub now: Instant,
    pub agents: Vec<Agent>,
    pub pbx: Proxy,
    pub weather: Weather,
    /// Something besides losses took datagrams, connections, or a telephone's memory.
    pub disaster: bool,
    /// What the story is about did not come about, though it ended as hoped.
    pub uneventful: bool,
    dark_since: Option<Instant>,
    dark_for: Duration,
    /// Nothing listens at the PBX's address, and the system says so.
    port_closed: bool,
    name: &'static str,
    seed: u64,
    pbx_address: SocketAddr,
    /// By time of arrival.
    packets: BTreeMap<(Instant, u64), Arrival>,
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
        let agents = (0..PEOPLE.len()).map(|own| agent(own, seed, 0, Transport::Udp)).collect();
        let mut chance = [0; 32];
        chance[..8].copy_from_slice(&seed.to_le_bytes());
        let mut world = Self {
            now: Instant::from_start(secs(1)),
            agents,
            pbx: Proxy::new(),
            weather: Weather::default(),
            disaster: false,
            uneventful: false,
            dark_since: None,
            dark_for: Duration::ZERO,
            port_closed: false,
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
        world.begin();
        world
    }

    fn begin(&mut self) {
        let weather = std::mem::take(&mut self.weather);
        self.pbx.bind("clara", self.agents[CLARA].ua.contact());
        for own in [ANNA, BORIS] {
            self.agents[own].ua.register(self.now);
        }
        let registered = |world: &mut Self| world.is_registered(ANNA) && world.is_registered(BORIS);
        assert!(self.wait(secs(5), registered), "nobody could register in fine weather");
        self.weather = weather;
    }

    /// Everybody anew, and with a connection to the PBX. Loss is now what breaks one: of 1,000 messages, half as many
    /// do as would be lost of 100.
    pub fn by_tcp(&mut self) {
        self.agents = (0..PEOPLE.len()).map(|own| agent(own, self.seed, 0, Transport::Tcp)).collect();
        self.ladder.clear();
        self.begin();
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.chance.next_u64() % limit.max(1)
    }

    // -- what people do

    pub fn call(&mut self, from: usize, to: &str) -> CallKey {
        let mut speaker = Speaker::new(self.below(3) == 0);
        let offer = speaker.speak(false);
        let agent = &mut self.agents[from];
        let call = agent.ua.invite(self.now, at_pbx(to), Some(offer));
        agent.speakers.insert(call, speaker);
        call
    }

    /// The other one shall make the offer.
    pub fn call_without_offer(&mut self, from: usize, to: &str) -> CallKey {
        self.agents[from].ua.invite(self.now, at_pbx(to), None)
    }

    /// The PBX puts somebody in the place of another one.
    pub fn call_replacing(&mut self, from: usize, to: &str, replaces: Replaces) -> CallKey {
        let target = at_pbx(to);
        let asked = ReferAsked { target: target.clone(), referred_by: None, replaces: Some(replaces) };
        let mut speaker = Speaker::new(false);
        let offer = speaker.speak(false);
        let agent = &mut self.agents[from];
        let call = agent.ua.invite_referred(self.now, target, Some(offer), &asked);
        agent.speakers.insert(call, speaker);
        call
    }

    /// Answers the offer that came, or makes one where none did.
    pub fn accept(&mut self, own: usize, call: CallKey) -> Result<(), NotNow> {
        let body = self.agents[own].speak(call, false);
        self.agents[own].ua.accept(self.now, call, body)
    }

    pub fn progress(&mut self, own: usize, call: CallKey) -> Result<(), NotNow> {
        let body = self.agents[own].speak(call, false);
        self.agents[own].ua.progress(self.now, call, body)
    }

    pub fn acknowledge(&mut self, own: usize, call: CallKey) -> Result<(), NotNow> {
        let body = self.agents[own].speak(call, false);
        self.agents[own].ua.acknowledge(self.now, call, body)
    }

    /// Says what it said before, or puts on hold and takes back.
    pub fn reoffer(&mut self, own: usize, call: CallKey, swap: bool) -> Result<(), NotNow> {
        let body = self.agents[own].speak(call, swap);
        self.agents[own].ua.reoffer(self.now, call, body)
    }

    /// An UPDATE with an offer in an early dialog, which a telephone of ours never sends.
    pub fn update_early(&mut self, own: usize, call: CallKey) {
        let dialog = self.dialog(own, call).expect("it has answered already");
        let invite = self.ladder.iter().rev().find_map(|rung| {
            let ours =
                rung.to == self.agents[own].address && Seen::read(&rung.octets).call_id == dialog.call_id;
            request(&rung.octets).filter(|request| ours && request.method == Method::Invite)
        });
        let invite = invite.expect("the INVITE of this call");
        let mut to = invite.headers.require::<To>().unwrap();
        to.set_tag(&dialog.to_tag);
        let agent = &mut self.agents[own];
        let contact = agent.ua.contact();
        let mut update = agent.aside.request(Method::Update, &invite, &to, &contact, agent.address);
        update.headers.push("Content-Type", "application/sdp");
        update.body = agent.speak(call, true);
        agent.aside.ask(self.now, &update);
    }

    /// What became of the UPDATEs.
    pub fn aside_answers(&self, own: usize) -> Vec<u16> {
        self.agents[own].aside.answers()
    }

    /// A call that came in, as its other end names it once it has been told of the tags.
    pub fn dialog(&self, own: usize, call: CallKey) -> Option<Replaces> {
        let call_id = self.agents[own].ua.call_id(call)?;
        let said = self.ladder.iter().rev().filter(|rung| rung.from == self.agents[own].address);
        let mut said = said.map(|rung| Seen::read(&rung.octets));
        let seen = said.find(|seen| {
            seen.call_id == call_id
                && seen.method == "INVITE"
                && seen.status.is_some_and(|status| status > 100)
        })?;
        Some(Replaces {
            call_id: call_id.to_owned(),
            to_tag: seen.to_tag?,
            from_tag: seen.from_tag,
            early_only: false,
        })
    }

    /// A telephone loses its power, and starts again without memory.
    pub fn restart(&mut self, own: usize) {
        self.disaster = true;
        let lives = self.agents[own].lives + 1;
        let mut fresh = agent(own, self.seed, lives, Transport::Udp);
        fresh.events = std::mem::take(&mut self.agents[own].events);
        self.agents[own] = fresh;
        self.agents[own].ua.register(self.now);
    }

    pub fn close_port(&mut self, closed: bool) {
        self.port_closed = closed;
        for agent in &mut self.agents {
            agent.was_dark |= closed;
        }
        self.darkens(closed);
    }

    /// Nothing that is still under way to the old one arrives.
    pub fn change_address(&mut self, own: usize) {
        self.disaster = true;
        let agent = &mut self.agents[own];
        agent.address.set_port(agent.address.port() + 1);
        agent.ua.set_addresses(self.now, agent.address, self.pbx_address);
    }

    pub fn cut_off(&mut self, own: usize, cut_off: bool) {
        self.agents[own].cut_off = cut_off;
        self.agents[own].was_dark |= cut_off;
        self.darkens(cut_off);
    }

    /// The computer sleeps: nothing reaches the telephone, its own time-outs neither. Awake again, all that was due
    /// meanwhile is due at once.
    pub fn sleep(&mut self, own: usize, asleep: bool) {
        self.agents[own].asleep = asleep;
        self.agents[own].was_dark |= asleep;
        self.darkens(asleep);
        if !asleep {
            self.agents[own].rules.woke();
            self.agents[own].ua.handle_timeout(self.now);
        }
    }

    fn darkens(&mut self, dark: bool) {
        self.disaster = true;
        match self.dark_since.take() {
            None if dark => self.dark_since = Some(self.now),
            since => self.dark_for = since.map_or(self.dark_for, |since| self.now.since(since)),
        }
    }

    /// It forgets who is where.
    pub fn restart_pbx(&mut self) {
        self.disaster = true;
        self.pbx.restart();
    }

    /// Some time after a disaster, or an end that nobody hoped for, in fine weather: nobody is in a call, or hears it
    /// ring, whose other end is gone. He may be who could not know: that one lost its memory, what was asked was lost, or
    /// losses alone kept the goodbye away. Then he is told as soon as he asks.
    pub fn settle(&mut self) {
        self.weather = Weather::default();
        self.pass(secs(100));
        let mut patience = secs(40);
        for (own, call) in self.alone() {
            let call_id = self.agents[own].ua.call_id(call).unwrap_or_default().to_owned();
            let dark_long = self.agents[own].was_dark && self.dark_for > NOTICED;
            let unnoticed = !dark_long && !self.broke();
            let excuses = |agent: &Agent| {
                let in_vain = |goodbye| agent.rules.asked_in_vain(&call_id, goodbye, &self.lost);
                agent.lives > 0 || in_vain(false) || unnoticed && in_vain(true)
            };
            assert!(self.agents.iter().any(excuses), "{} is in a call with nobody", PEOPLE[own].0);
            if self.accept(own, call).or_else(|NotNow| self.reoffer(own, call, false)).is_err() {
                // His own call, and the answer was lost: of that he is told by the silence, which may last as it rings.
                patience = secs(620);
            }
        }
        self.pass(patience);
        assert_eq!(self.alone(), [], "in a call with nobody, and not told so");
    }

    /// Calls of which the other end is gone.
    fn alone(&self) -> Vec<(usize, CallKey)> {
        let mut ends = vec![];
        for (own, agent) in self.agents.iter().enumerate() {
            let over = |call| agent.events.iter().any(|event| ended_call(event) == Some(call));
            ends.extend(self.standing(own).into_iter().filter(|call| !over(*call)).map(|call| (own, call)));
        }
        let id = |(own, call): (usize, CallKey)| self.agents[own].ua.call_id(call);
        let of_it = |end| ends.iter().filter(|other| id(**other) == id(end)).count();
        ends.iter().copied().filter(|end| of_it(*end) < 2).collect()
    }

    /// How many requests of this method it has answered so.
    pub fn said(&self, own: usize, method: &str, status: u16) -> usize {
        let said = self.ladder.iter().filter(|rung| rung.from == self.agents[own].address);
        let said = said.map(|rung| Seen::read(&rung.octets));
        let said = said.filter(|seen| seen.status == Some(status) && seen.method == method);
        said.map(|seen| seen.branch).collect::<BTreeSet<_>>().len()
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

    /// What went over its wire in fine weather, as it saw it.
    pub fn capture(&self, own: usize) -> Vec<Captured> {
        let (home, by_tcp) = (self.agents[own].address.ip(), self.agents[own].stream.is_some());
        let seen = self
            .ladder
            .iter()
            .filter(|rung| rung.from.ip() == home || rung.to.ip() == home && rung.copies > 0);
        let mut capture: Vec<_> = seen
            .map(|rung| {
                let outgoing = rung.from.ip() == home;
                let peer = if outgoing { rung.from } else { rung.to };
                let at = if outgoing { rung.at } else { rung.at + UNDER_WAY };
                let seconds = at.since_start().as_secs_f64();
                let captured = Captured::new(seconds, outgoing, peer, rung.octets.clone());
                Captured { connection: by_tcp.then_some(peer), ..captured }
            })
            .collect();
        capture.sort_by(|a, b| a.at.total_cmp(&b.at));
        capture
    }

    /// Methods that got no answer because of what was lost.
    pub fn starved(&self) -> Vec<&str> {
        self.agents.iter().flat_map(|agent| agent.rules.starved(&self.lost)).collect()
    }

    /// Whether any connection broke.
    pub fn broke(&self) -> bool {
        self.agents.iter().any(|agent| agent.stream.as_ref().is_some_and(|stream| stream.before > 0))
    }

    /// Of every message that was sent.
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
                let arrival = entry.remove();
                self.on_arrival(arrival);
            }
            for agent in self.agents.iter_mut().filter(|agent| !agent.asleep) {
                agent.ua.handle_timeout(self.now);
                agent.aside.handle_timeout(self.now);
            }
        }
    }

    fn next(&self) -> Option<Instant> {
        let arrival = self.packets.keys().next().map(|(at, _)| *at);
        let awake = self.agents.iter().filter(|agent| !agent.asleep);
        let timers = awake.filter_map(|agent| agent.ua.next_deadline());
        let aside = self.agents.iter().filter_map(|agent| agent.aside.next_deadline());
        timers.chain(aside).chain(arrival).min()
    }

    // -- the network

    fn drain(&mut self) {
        for own in 0..self.agents.len() {
            while self.drain_one(own) {}
        }
    }

    /// Whether there may be more.
    fn drain_one(&mut self, own: usize) -> bool {
        let (now, agent) = (self.now, &mut self.agents[own]);
        let mut out = agent.aside.drain();
        let responses = agent.transferrer.as_mut().map(Transferrer::drain).unwrap_or_default();
        out.extend(responses.into_iter().map(|octets| (self.pbx_address, octets)));
        loop {
            match agent.ua.poll_output() {
                Output::Send(transmit) => out.push((transmit.to, transmit.bytes)),
                Output::Event(event) => agent.on_event(now, event),
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
            let host = format!("{}:", address.ip());
            PEOPLE.iter().find(|(_, known)| known.starts_with(&host)).map_or("pbx", |(name, _)| name)
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

fn at_pbx(user: &str) -> Uri {
    format!("sip:{user}@pbx.example").parse().unwrap()
}

fn request(octets: &[u8]) -> Option<Request> {
    match codec::parse(octets) {
        Ok(Parsed::Message(Message::Request(request))) => Some(request),
        _ => None,
    }
}

pub const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
