//! A client is passed on, on the simulated network: the operator's telephone is the real `Phone`, the client and the managers are
//! behind the PBX. At the end of each seed the client has somebody to talk to, or wanted it otherwise, or knows that the call
//! is over; never has our telephone hung up on a client whom nobody else had.

mod lines;
mod pbx;
mod stories;

use crate::rules::{Seen, Side};
use crate::world::{UNDER_WAY, Weather, secs};
use crate::{End, bad, is_wanted, tell_all, worse};
use patchcord::domain::line_state::LineState;
use patchcord::instant::Instant;
use patchcord::media::{Codec, StreamStats};
use patchcord::phone::{
    Command, Event, IdentitySource, Input, LineId, MediaCommand, Output, PbxBehaviour, Phone, PhoneConfig,
};
use patchcord::sip::{Account, CallPolicy, Load, Password, UserAgentConfig};
use patchcord::transmit::{Received, Transport};
use pbx::{Client, Pbx};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::net::SocketAddr;
use std::time::Duration;
use stories::{STORIES, Story};

const OPERATOR: &str = "192.0.2.1:5060";
/// The client's, at the operator's telephone.
const CLIENT: LineId = LineId(1);

struct World {
    now: Instant,
    phone: Phone,
    said: Vec<Event>,
    pbx: Pbx,
    weather: Weather,
    /// The operator wanted the client's call to end.
    hung_up: bool,
    /// What the story is about did not come about, though it ended as hoped.
    uneventful: bool,
    name: &'static str,
    seed: u64,
    next_port: u16,
    /// By time of arrival; whether to the PBX.
    packets: BTreeMap<(Instant, u64), (bool, Vec<u8>)>,
    chance: ChaCha8Rng,
    sent: u64,
    /// By method of the request.
    lost: BTreeMap<String, u32>,
    /// What the telephone may say.
    rules: Side,
    digest: DefaultHasher,
    ladder: Vec<(Instant, bool, Vec<u8>, usize)>,
}

fn tell(story: &Story, seed: u64, weather: Weather) -> (End, World) {
    let mut world = World::new(story.name, seed);
    world.weather = weather;
    let hoped = (story.tell)(&mut world);
    assert!(hoped || world.lost_enough(story.may_be_late), "no loss explains this end");
    world.settle(hoped);
    world.close();
    let end = match (hoped, world.uneventful) {
        (true, false) => End::AsHoped,
        (true, true) => End::Uneventful,
        (false, _) => End::Otherwise,
    };
    (end, world)
}

impl World {
    /// The operator is registered, and talks with a client.
    fn new(name: &'static str, seed: u64) -> Self {
        let mut chance = [0; 32];
        chance[..8].copy_from_slice(&seed.to_le_bytes());
        let now = Instant::from_start(secs(1));
        let mut world = Self {
            now,
            phone: Phone::new(now, config(), chance),
            said: vec![],
            pbx: Pbx::new(seed),
            weather: Weather::default(),
            hung_up: false,
            uneventful: false,
            name,
            seed,
            next_port: 4000,
            packets: BTreeMap::new(),
            chance: ChaCha8Rng::from_seed(chance),
            sent: 0,
            lost: BTreeMap::new(),
            rules: Side::new(false),
            digest: DefaultHasher::new(),
            ladder: vec![],
        };
        world.give_port();
        assert!(world.wait(secs(5), |world| world.pbx.knows_operator()));
        world.pbx.client_calls(now);
        assert!(world.wait(secs(5), |world| world.saw(|event| matches!(event, Event::RingingIn { .. }))));
        world.wish(Command::Answer { line: CLIENT });
        world.pass(secs(1));
        assert!(world.saw(|event| matches!(event, Event::Answered { .. })));
        world
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.chance.next_u64() % limit.max(1)
    }

    // -- what the operator does and sees

    fn wish(&mut self, command: Command) {
        self.phone.handle(self.now, Input::Command(command));
        self.drain();
    }

    fn hang_up(&mut self) {
        self.hung_up = true;
        self.wish(Command::HangUp { line: CLIENT });
    }

    fn saw(&self, test: impl Fn(&Event) -> bool) -> bool {
        self.said.iter().any(test)
    }

    /// The operator's call with the client is over.
    fn is_over(&self) -> bool {
        self.saw(|event| ended(event) == Some(CLIENT))
    }

    fn told_of(&self, wanted: &str) -> Option<LineState> {
        self.said.iter().rev().find_map(|event| match event {
            Event::LineStateChanged { extension, state, .. } if extension == wanted => Some(*state),
            _ => None,
        })
    }

    // -- the end

    /// Enough was lost for a transfer, which has less time than most, to come too late.
    fn lost_enough(&self, methods: &[&str]) -> bool {
        methods.iter().filter_map(|method| self.lost.get(*method)).sum::<u32>() >= 3
    }

    /// In fine weather, some time later: nobody is without somebody else. Where losses were in the way, the operator does what
    /// anybody does then.
    fn settle(&mut self, hoped: bool) {
        self.weather = Weather::default();
        self.pass(secs(100));
        if !hoped && self.pbx.client == Client::WithOperator && self.pbx.held {
            self.wish(Command::Resume { line: CLIENT });
            self.pass(secs(40));
        }
        match self.pbx.client {
            Client::WithTarget => {}
            Client::WithOperator => {
                assert!(!self.is_over(), "the operator's telephone knows nothing of its client");
                assert!(self.pbx.hears_operator(), "the client waits, and nobody comes");
            }
            Client::Left => assert!(self.hung_up, "hung up on the client"),
            Client::HungUp | Client::CutOff => {
                // Who could not know is told on asking.
                assert!(self.is_over() || !hoped || self.pbx.client == Client::CutOff, "talks with nobody");
                self.wish(Command::Hold { line: CLIENT });
                assert!(self.wait(secs(40), Self::is_over), "talks with nobody, and is not told so");
            }
        }
    }

    fn close(&mut self) {
        self.hung_up = true;
        for line in 1..=4 {
            self.wish(Command::HangUp { line: LineId(line) });
        }
        self.pbx.close(self.now);
        self.wish(Command::Unregister);
        self.pass(secs(200));
        assert_eq!(self.pbx.load(), Load::default(), "the PBX waits for the telephone still");
        assert_eq!(self.phone.next_deadline(), None, "something is left after 200 s");
        for line in (1..=4).map(LineId) {
            let count = |test: fn(&Event) -> Option<LineId>| {
                self.said.iter().filter(|event| test(event) == Some(line)).count()
            };
            // The call to a target is no line of the operator's, and says neither.
            assert_eq!(count(began), count(ended), "a call that began ends once");
        }
    }

    /// Of every message that was sent.
    fn digest(&self) -> (u64, u64) {
        (self.sent, self.digest.finish())
    }

    // -- time

    fn pass(&mut self, time: Duration) {
        self.wait(time, |_| false);
    }

    /// Until it is so, at most for `limit`.
    fn wait(&mut self, limit: Duration, so: impl Fn(&Self) -> bool) -> bool {
        let until = self.now + limit;
        loop {
            self.drain();
            if so(self) {
                return true;
            }
            let arrival = self.packets.keys().next().map(|(at, _)| *at);
            let next = [arrival, self.phone.next_deadline(), self.pbx.next_deadline()];
            match next.into_iter().flatten().min() {
                Some(next) if next <= until => self.now = self.now.max(next),
                _ => {
                    self.now = until;
                    return false;
                }
            }
            while let Some(entry) = self.packets.first_entry().filter(|entry| entry.key().0 <= self.now) {
                let (up, octets) = entry.remove();
                self.deliver(up, octets);
            }
            self.phone.handle_timeout(self.now);
            self.pbx.handle_timeout(self.now);
        }
    }

    // -- the network

    fn deliver(&mut self, up: bool, bytes: Vec<u8>) {
        if up {
            self.pbx.on_datagram(self.now, bytes);
            return self.drain();
        }
        self.rules.arrived(self.now, &Seen::read(&bytes), true);
        let (from, local) = (crate::proxy::ADDRESS.parse().unwrap(), OPERATOR.parse().unwrap());
        let datagram = Received { transport: Transport::Udp, from, local, bytes };
        self.phone.handle(self.now, Input::Datagram(datagram));
        self.drain();
        if let Err(broken) = self.rules.settled() {
            self.fail(&broken);
        }
    }

    fn drain(&mut self) {
        loop {
            match self.phone.poll_output() {
                Output::Send(transmit) => self.transmit(true, transmit.bytes),
                Output::CodeEnded(_) => {}
                Output::Event(event) => self.said.push(event),
                Output::Media(MediaCommand::TakePort) => self.give_port(),
                Output::Media(MediaCommand::Stop { line, .. }) => {
                    let stats = StreamStats::default();
                    self.phone.handle(self.now, Input::StreamStats { line, stats });
                }
                Output::Media(_) => {}
                Output::Idle => break,
            }
        }
        for octets in self.pbx.drain(self.now) {
            self.transmit(false, octets);
        }
    }

    fn give_port(&mut self) {
        self.next_port += 2;
        let local = SocketAddr::new(OPERATOR.parse::<SocketAddr>().unwrap().ip(), self.next_port);
        self.phone.handle(self.now, Input::MediaPort(local));
    }

    fn transmit(&mut self, up: bool, octets: Vec<u8>) {
        self.digest.write(&octets);
        let seen = Seen::read(&octets);
        let verdict = if up { self.rules.sent(self.now, &seen) } else { Ok(()) };
        let (roll, again) = (self.below(100), self.below(100));
        let copies = match roll < self.weather.loss_percent {
            true => 0,
            false => 1 + usize::from(again < self.weather.doubled_percent),
        };
        if copies == 0 {
            *self.lost.entry(seen.method).or_default() += 1;
        }
        for _ in 0..copies {
            let delay = UNDER_WAY + Duration::from_millis(self.below(self.weather.jitter_ms + 1));
            self.sent += 1;
            self.packets.insert((self.now + delay, self.sent), (up, octets.clone()));
        }
        self.ladder.push((self.now, up, octets, copies));
        if let Err(broken) = verdict {
            self.fail(&broken);
        }
    }

    fn fail(&self, broken: &str) -> ! {
        panic!("{}, seed {}: the telephone broke a rule at {:?}: {broken}", self.name, self.seed, self.now);
    }
}

/// A test that fails inside shows what went over the wire.
impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        eprintln!("{}, seed {}, at {:?}:", self.name, self.seed, self.now.since_start());
        for (at, up, octets, copies) in &self.ladder {
            let fate = ["lost", "", "doubled"][(*copies).min(2)];
            let way = if *up { "phone -> pbx" } else { "pbx -> phone" };
            eprintln!("{:9.3}  {way}  {} {fate}", at.since_start().as_secs_f64(), Seen::read(octets).brief());
        }
        eprintln!("client {:?}, held {}; {:?}", self.pbx.client, self.pbx.held, self.said);
    }
}

const fn began(event: &Event) -> Option<LineId> {
    match event {
        Event::RingingIn { line, .. } | Event::Dialing { line, .. } => Some(*line),
        _ => None,
    }
}

const fn ended(event: &Event) -> Option<LineId> {
    match event {
        Event::Ended { line, .. } => Some(*line),
        _ => None,
    }
}

fn config() -> PhoneConfig {
    PhoneConfig {
        sip: UserAgentConfig {
            account: Account {
                user: "operator".into(),
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
            server: crate::proxy::ADDRESS.parse().unwrap(),
            local: OPERATOR.parse().unwrap(),
            user_agent: "Patchcord/test".into(),
            max_calls: 2,
            calls: CallPolicy::default(),
        },
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        identity_order: vec![IdentitySource::From],
        name_prefixes: vec![],
        pbx: PbxBehaviour::default(),
        auto_answer: false,
        register: true,
    }
}

fn stories() -> impl Iterator<Item = &'static Story> {
    STORIES.iter().filter(|story| is_wanted(story.name))
}

#[test]
fn in_bad_weather_nearly_every_client_ends_up_as_hoped() {
    for story in stories() {
        tell_all(story.name, "0 to 10 %", 90, 50, |seed| tell(story, seed, bad(seed)).0);
    }
}

#[test]
fn in_worse_weather_no_client_is_without_a_party() {
    for story in stories() {
        tell_all(story.name, "30 %", 25, 10, |seed| tell(story, seed, worse(seed)).0);
    }
}

#[test]
fn in_fine_weather_every_client_ends_up_as_hoped() {
    for story in stories() {
        for seed in 0..3 {
            // The world first: dropped in a panic, it shows what went over the wire.
            let (end, _world) = tell(story, seed, Weather::default());
            assert!(end != End::Otherwise, "{}, seed {seed}", story.name);
        }
    }
}

#[test]
fn the_same_seed_passes_on_with_the_same_octets() {
    for story in stories() {
        let digest = |seed| tell(story, seed, worse(seed)).1.digest();
        assert_eq!(digest(5), digest(5), "{}", story.name);
        assert_ne!(digest(5), digest(6), "{}", story.name);
    }
}
