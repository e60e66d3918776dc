//! A client is passed on, on the simulated network: the operator's telephone is the real `Phone`, the client and the managers are
//! behind the PBX. At the end of each seed the client has somebody to talk to, or wanted it otherwise, or knows that the call
//! is over; never has our telephone hung up on a client whom nobody else had.

mod disasters;
mod lines;
mod pbx;
mod stories;

use crate::rules::{Seen, Side, lost_name};
use crate::streams::Stream;
use crate::world::{UNDER_WAY, Weather, secs};
use crate::{End, bad, is_wanted, tell_all, worse};
use patchcord::domain::line_state::LineState;
use patchcord::instant::Instant;
use patchcord::media::{Codec, EncoderSettings, StreamStats};
use patchcord::phone::{
    ClientIs, Command, Event, IdentitySource, Input, LineId, MediaCommand, Output, PbxBehaviour, Phone,
    PhoneConfig,
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
/// How often the PBX wants to hear of a call in the stories in which it may be cut off (RFC 4028).
const SESSION: Duration = secs(90);
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
    /// The operator's telephone, as the PBX sees it.
    address: SocketAddr,
    /// None: by UDP.
    stream: Option<Stream>,
    dark: Dark,
    /// The network was gone for so long, at once.
    dark_for: Duration,
    packets: BTreeMap<(Instant, u64), Arrival>,
    chance: ChaCha8Rng,
    sent: u64,
    /// By method of the request, and by its branch.
    lost: BTreeMap<String, u32>,
    /// What the telephone may say.
    rules: Side,
    digest: DefaultHasher,
    ladder: Vec<(Instant, bool, Vec<u8>, usize)>,
}

/// Which ways nothing arrives; what is in a connection waits.
#[derive(Clone, Copy, PartialEq, Default)]
struct Dark {
    up: bool,
    down: bool,
}

enum Arrival {
    Datagram {
        up: bool,
        octets: Vec<u8>,
    },
    /// Some of the octets under way; `before` says over which connection.
    Segment {
        up: bool,
        before: u32,
    },
}

fn tell(story: &Story, seed: u64, weather: Weather) -> (End, World) {
    let mut world = World::new(story, seed);
    world.weather = weather;
    let hoped = (story.tell)(&mut world);
    let explained = world.had_disaster() || world.lost_enough(story.may_be_late);
    assert!(hoped || explained, "no loss explains this end");
    world.settle(hoped);
    world.judge_register();
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
    fn new(story: &Story, seed: u64) -> Self {
        let mut chance = [0; 32];
        chance[..8].copy_from_slice(&seed.to_le_bytes());
        let now = Instant::from_start(secs(1));
        let mut world = Self {
            now,
            phone: Phone::new(now, config(story.transport), chance),
            said: vec![],
            pbx: Pbx::new(seed, story.transport, story.session),
            weather: Weather::default(),
            hung_up: false,
            uneventful: false,
            name: story.name,
            seed,
            next_port: 4000,
            address: OPERATOR.parse().unwrap(),
            stream: story.transport.is_reliable().then(Stream::default),
            dark: Dark::default(),
            dark_for: Duration::ZERO,
            packets: BTreeMap::new(),
            chance: ChaCha8Rng::from_seed(chance),
            sent: 0,
            lost: BTreeMap::new(),
            rules: Side::new(story.transport.is_reliable()),
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
            // Or nothing was heard of the PBX for as long as a session may last.
            Client::Left => assert!(self.hung_up || self.dark_for > SESSION / 2, "hung up on the client"),
            Client::HungUp | Client::CutOff => {
                // Who could not know is told on asking.
                assert!(self.is_over() || !hoped || self.pbx.client == Client::CutOff, "talks with nobody");
                self.wish(Command::Hold { line: CLIENT });
                assert!(self.wait(secs(40), Self::is_over), "talks with nobody, and is not told so");
            }
        }
        // A goodbye is repeated for 32 s, and none may be said where no answer was heard (RFC 3261 §9.1); and with a colleague
        // who was asked the operator may talk still.
        let in_vain = self.rules.starved(&self.lost).contains(&"INVITE");
        let unheard = in_vain || self.dark_for > secs(30) || self.stands(LineId(2));
        assert!(!self.pbx.has_other_legs() || unheard, "somebody was called, and sits there still");
    }

    /// What the register says of each step of the transfer: nothing that is not so.
    fn judge_register(&self) {
        let mut steps: Vec<Option<ClientWas>> = vec![];
        for event in &self.said {
            match event {
                Event::TransferStarted { line: CLIENT, .. } => steps.push(None),
                Event::Transferred { line: CLIENT, .. } => {
                    *steps.last_mut().unwrap() = Some(ClientWas::Joined)
                }
                Event::TransferFailed { line: CLIENT, client, .. } => {
                    *steps.last_mut().unwrap() = Some(ClientWas::At(*client));
                }
                Event::Returned { line: CLIENT } => {
                    if let Some(last @ Some(ClientWas::At(ClientIs::Unknown))) = steps.last_mut() {
                        *last = Some(ClientWas::At(ClientIs::Kept));
                    }
                }
                _ => {}
            }
        }
        let Some(last) = steps.pop() else { return };
        assert!(steps.iter().all(|step| *step == Some(ClientWas::At(ClientIs::Kept))), "{steps:?}");
        match last.expect("each step came to something") {
            ClientWas::Joined => assert!(self.pbx.was_joined, "joined, the register says"),
            ClientWas::At(ClientIs::Unknown) => {}
            ClientWas::At(client) => assert!(!self.pbx.was_joined, "{client:?}, the register says"),
        }
    }

    fn had_disaster(&self) -> bool {
        self.dark_for > Duration::ZERO || self.stream.as_ref().is_some_and(|stream| stream.before > 0)
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
            // The call to a target is no line of the operator's, and says neither.
            assert_eq!(self.count(began, line), self.count(ended, line), "a call that began ends once");
        }
    }

    fn stands(&self, line: LineId) -> bool {
        self.count(began, line) > self.count(ended, line)
    }

    fn count(&self, of: fn(&Event) -> Option<LineId>, line: LineId) -> usize {
        self.said.iter().filter(|event| of(event) == Some(line)).count()
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
                match entry.remove() {
                    Arrival::Datagram { up, octets } => self.deliver(up, octets),
                    Arrival::Segment { up, before } => self.on_segment(up, before),
                }
            }
            self.phone.handle_timeout(self.now);
            self.pbx.handle_timeout(self.now);
        }
    }

    // -- the network

    fn deliver(&mut self, up: bool, bytes: Vec<u8>) {
        if up {
            self.pbx.on_datagram(self.now, self.address, bytes);
            return self.drain();
        }
        self.rules.arrived(self.now, &Seen::read(&bytes), true);
        let (from, local) = (crate::proxy::ADDRESS.parse().unwrap(), self.address);
        let datagram = Received { transport: self.transport(), from, local, bytes };
        self.phone.handle(self.now, Input::Datagram(datagram));
        self.drain();
        if let Err(broken) = self.rules.settled() {
            self.fail(&broken);
        }
    }

    fn drain(&mut self) {
        loop {
            match self.phone.poll_output() {
                Output::Send(transmit) => self.transmit(true, transmit.to, transmit.bytes),
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
        for (to, octets) in self.pbx.drain(self.now) {
            self.transmit(false, to, octets);
        }
    }

    fn give_port(&mut self) {
        self.next_port += 2;
        let local = SocketAddr::new(OPERATOR.parse::<SocketAddr>().unwrap().ip(), self.next_port);
        self.phone.handle(self.now, Input::MediaPort(local));
    }

    fn transport(&self) -> Transport {
        if self.stream.is_some() { Transport::Tcp } else { Transport::Udp }
    }

    fn transmit(&mut self, up: bool, to: SocketAddr, octets: Vec<u8>) {
        self.digest.write(&octets);
        let seen = Seen::read(&octets);
        let verdict = if up { self.rules.sent(self.now, &seen) } else { Ok(()) };
        let (roll, again) = (self.below(100), self.below(100));
        let dark = if up { self.dark.up } else { self.dark.down };
        let copies = match roll < self.weather.loss_percent || dark {
            // To where the telephone was.
            _ if !up && to != self.address => 0,
            _ if self.stream.is_some() => 1,
            true => 0,
            false => 1 + usize::from(again < self.weather.doubled_percent),
        };
        if copies == 0 {
            for name in [lost_name(&seen), seen.method] {
                *self.lost.entry(name).or_default() += 1;
            }
        }
        for _ in 0..copies {
            let delay = UNDER_WAY + Duration::from_millis(self.below(self.weather.jitter_ms + 1));
            let arrival = match self.stream.as_mut() {
                None => Arrival::Datagram { up, octets: octets.clone() },
                Some(stream) => {
                    stream.pipe(up).push(String::new(), &octets);
                    Arrival::Segment { up, before: stream.before }
                }
            };
            self.arrives_after(delay, arrival);
        }
        self.ladder.push((self.now, up, octets, copies));
        if let Err(broken) = verdict {
            self.fail(&broken);
        }
    }

    fn arrives_after(&mut self, delay: Duration, arrival: Arrival) {
        self.sent += 1;
        self.packets.insert((self.now + delay, self.sent), arrival);
    }

    /// What arrives is cut anywhere.
    fn on_segment(&mut self, up: bool, before: u32) {
        let dark = if up { self.dark.up } else { self.dark.down };
        let under_way = self.stream.as_mut().map_or(0, |stream| stream.pipe(up).under_way());
        let count = 1 + self.below(under_way as u64) as usize;
        let same = |stream: &&mut Stream| stream.before == before && under_way > 0 && !dark;
        let Some(stream) = self.stream.as_mut().filter(same) else { return };
        let messages = stream.pipe(up).arrive(count);
        if count < under_way {
            self.arrives_after(UNDER_WAY, Arrival::Segment { up, before });
        }
        for message in messages {
            self.deliver(up, message);
        }
    }

    /// The connection is gone, with what was under way in it. The next one comes from another port.
    fn disconnect(&mut self) {
        self.stream.as_mut().expect("by TCP").break_off();
        self.rules.disconnected();
        let before = self.address;
        self.address.set_port(before.port() + 1);
        self.pbx.disconnected(self.now, before);
        self.phone.handle(self.now, Input::Disconnected { local: self.address });
        self.drain();
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
        let Dark { up, down } = self.dark;
        let (client, held) = (self.pbx.client, self.pbx.held);
        eprintln!("client {client:?}, held {held}; dark up {up}, down {down}, {:?}", self.dark_for);
        for event in &self.said {
            eprintln!("{event:?}");
        }
    }
}

/// In the register.
#[derive(Clone, Copy, PartialEq, Debug)]
enum ClientWas {
    Joined,
    At(ClientIs),
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

fn config(transport: Transport) -> PhoneConfig {
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
            transport,
            server: crate::proxy::ADDRESS.parse().unwrap(),
            local: OPERATOR.parse().unwrap(),
            user_agent: "Patchcord/test".into(),
            max_calls: 2,
            calls: CallPolicy::default(),
        },
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        codecs_poor_network: Vec::new(),
        opus: EncoderSettings::default(),
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
        // Where the network goes, too, a time-out is a likely end.
        let (hoped, eventful) = if story.session.is_some() { (50, 25) } else { (90, 50) };
        tell_all(story.name, "0 to 10 %", hoped, eventful, |seed| tell(story, seed, bad(seed)).0);
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
            let (end, world) = tell(story, seed, Weather::default());
            assert!(end != End::Otherwise || world.had_disaster(), "{}, seed {seed}", story.name);
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
