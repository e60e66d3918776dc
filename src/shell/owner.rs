//! The one task that owns agent, telephone and SIP: everything reaches them here, one thing at a
//! time, and what they want done is done before the next thing is looked at.

use super::desk_link::{DeskLink, FromDesk};
use super::headset_desk::HeadsetDesk;
use super::media_thread::{Audio, FromMedia, MediaThread, Sound, ToMedia, not_taken};
use super::meter::Meter;
use super::playing::{Playing, SoundTest, Tune};
use super::recordings::Recordings;
use super::setup::{bind, resolve};
use super::{Command, Farewell, Notice};
use crate::agent::{Agent, Effect, Event, Input, Intent, TapeCommand, TapeNews};
use crate::audio::{Change, Devices, Ring, Seen, SoundFault};
use crate::clock::{self, Clock};
use crate::config::HostPort;
use crate::desk_api::{CallRecordId, OrderWatch};
use crate::headset::Press;
use crate::instant::Instant;
use crate::logging;
use crate::media::{CallTone, CallTones, MELODY};
use crate::net::{self, Arrival, PortSearch, RtpPair, SipSocket};
use crate::phone::{self, LineId, MediaCommand};
use crate::sip::Failure;
use crate::text::Language;
use crate::transmit::{Hop, Transmit, Transport};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How often the way to the PBX is looked at. Also bounds how late timers are after the computer
/// has slept, because the runtime's own clock stops then.
const NETWORK_CHECK: Duration = Duration::from_secs(1);

/// Two ends of line: no message (RFC 3261 §7.5, RFC 5626 §3.5.1), and whether anybody answers is no matter. Where nothing
/// listens any more the system says so, over a connection when it is not acknowledged, and a PBX that restarts is
/// registered with again though it was gone for a moment only; on the way it keeps a NAT's binding open.
const KEEP_ALIVE: &[u8] = b"\r\n\r\n";

/// A connection of which nothing was heard for so long, while an answer was due, leads nowhere.
const SILENCE: Duration = Duration::from_secs(4);

/// How long it is heard that somebody is on hold, at least; less than the pause behind it.
const REMINDER: Duration = Duration::from_millis(500);
/// How long it is heard that a call was refused.
const REFUSAL: Duration = Duration::from_secs(2);

/// How often loudness is told.
const LEVELS_EVERY: Duration = Duration::from_millis(100);

/// What recordings get to be finished even when time is up.
const LAST_SOUND: Duration = Duration::from_millis(500);

/// Where the PBX is, and our sockets towards it.
pub(super) struct Network {
    pub transport: Transport,
    /// Resolved again when it does not answer.
    pub next_hop: HostPort,
    /// The own address that the settings ask for.
    pub fixed: Option<SocketAddr>,
    pub server: SocketAddr,
    pub socket: SipSocket,
    pub ports: PortSearch,
    /// Our address towards another, as the system routes now.
    pub route: Box<dyn Fn(SocketAddr) -> io::Result<IpAddr>>,
}

/// What the media thread is given.
pub(super) struct VoiceSetup {
    pub audio: Box<dyn FnMut(LineId) -> Audio>,
    pub figures_every: Option<Duration>,
    /// Where loudness is left, if anybody wants to know it.
    pub meter: Option<Arc<Meter>>,
    /// The operator's devices, with what they tell.
    pub devices: Option<(Devices, UnboundedReceiver<Change>)>,
    /// How they ring now.
    pub ring: Option<Ring>,
    /// How they ring while no call stands, and while one does.
    pub rings: (Ring, Ring),
    /// What the operator hears of calls that are dialled.
    pub tones: &'static CallTones,
    /// In which whoever is called for a client is spoken to.
    pub language: Language,
    pub recordings: Recordings,
}

impl VoiceSetup {
    fn next_call(&mut self, line: LineId) -> Sound {
        let devices = self.devices.as_ref().map(|(devices, _)| devices);
        Sound::of((self.audio)(line), devices, self.language)
    }

    /// Never, where there are no devices.
    async fn next_change(&mut self) -> Change {
        if let Some((_, changes)) = &mut self.devices
            && let Some(change) = changes.recv().await
        {
            return change;
        }
        std::future::pending().await
    }
}

pub(super) struct Owner {
    clock: Clock,
    agent: Agent,
    network: Network,
    /// What the last `Notice::Ready` said.
    ready: SocketAddr,
    /// When the connection to the PBX last showed that it leads somewhere.
    heard: Instant,
    /// Whether the last look found a way to the PBX.
    routed: bool,
    resolving: bool,
    desk: DeskLink,
    voice: VoiceSetup,
    pub(super) headset: HeadsetDesk,
    media: Option<MediaThread>,
    /// Ports that the telephone knows and no line uses yet.
    free_pairs: BTreeMap<SocketAddr, RtpPair>,
    /// Lines that have a call; to hang up at the end.
    lines: BTreeSet<LineId>,
    /// Lines on which somebody calls, and nobody has answered.
    ringing: BTreeSet<LineId>,
    /// It is heard that somebody is on hold.
    reminds_until: Option<Instant>,
    /// Lines whose stream runs.
    streams: BTreeSet<LineId>,
    /// The operator is heard on no line.
    muted: bool,
    test: SoundTest,
    /// When loudness is told next.
    next_levels: Instant,
    registration: Registration,
    notices: UnboundedSender<(Instant, Notice)>,
    media_words: Mailbox<FromMedia>,
    addresses: Mailbox<SocketAddr>,
    /// Devices that were asked for.
    devices: Mailbox<(Seen, Seen)>,
    /// No port pair could be had for the next call.
    port_wanted: bool,
    closing_until: Option<Instant>,
}

/// What tasks beside the owner send to it.
type Mailbox<T> = (UnboundedSender<T>, UnboundedReceiver<T>);

#[derive(Clone, Copy, PartialEq)]
enum Registration {
    /// The PBX has no binding of ours.
    None,
    /// Nor will we hear whether it has: it did not confirm that we go.
    Unconfirmed,
    /// Asked for, not yet granted.
    Asked,
    Granted,
}

impl Owner {
    pub(super) fn new(
        clock: Clock,
        agent: Agent,
        network: Network,
        desk: DeskLink,
        voice: VoiceSetup,
        register: bool,
        notices: UnboundedSender<(Instant, Notice)>,
    ) -> Self {
        Self {
            ready: network.socket.local(),
            heard: clock.now(),
            clock,
            agent,
            network,
            routed: true,
            resolving: false,
            desk,
            voice,
            headset: HeadsetDesk::default(),
            media: None,
            free_pairs: BTreeMap::new(),
            lines: BTreeSet::new(),
            ringing: BTreeSet::new(),
            reminds_until: None,
            streams: BTreeSet::new(),
            muted: false,
            test: SoundTest::Off,
            next_levels: Instant::START,
            registration: if register { Registration::Asked } else { Registration::None },
            notices,
            media_words: unbounded_channel(),
            addresses: unbounded_channel(),
            devices: unbounded_channel(),
            port_wanted: false,
            closing_until: None,
        }
    }

    pub(super) async fn run(mut self, mut commands: UnboundedReceiver<Command>) {
        self.drain();
        self.offer_port();
        let mut next_check = self.clock.now() + NETWORK_CHECK;
        let mut driven = true;
        while !self.is_closed() {
            let now = self.clock.now();
            let deadlines =
                [self.agent.next_deadline(), Some(next_check), self.levels_due(), self.closing_until];
            let deadline = deadlines.into_iter().flatten().min().unwrap_or(next_check);
            tokio::select! {
                arrival = self.network.socket.recv() => self.on_arrival(arrival),
                Some(word) = self.media_words.1.recv() => self.on_media(word),
                command = commands.recv(), if driven => {
                    driven = command.is_some();
                    self.on_command(command.unwrap_or(Command::ShutDown { within: NETWORK_CHECK }));
                }
                word = self.desk.next() => self.on_desk(word),
                change = self.voice.next_change() => self.notify(Notice::Device(change)),
                press = self.headset.next_press() => self.on_press(press),
                Some(server) = self.addresses.1.recv() => self.on_resolved(server),
                Some((inputs, outputs)) = self.devices.1.recv() => self.notify(Notice::Devices { inputs, outputs }),
                () = tokio::time::sleep(deadline.since(now)) => {}
            }
            let now = self.clock.now();
            if now >= next_check {
                next_check = now + NETWORK_CHECK;
                self.check_route();
                self.keep_alive();
                self.offer_wanted_port();
                self.ring();
            }
            self.tell_levels(now);
            self.voice.recordings.sweep(now);
            if self.agent.next_deadline().is_some_and(|deadline| deadline <= now) {
                self.agent.handle_timeout(now, clock::wall());
                self.drain();
            }
        }
        self.finish().await;
    }

    fn tell(&mut self, input: Input) {
        self.agent.handle(self.clock.now(), clock::wall(), input);
        self.drain();
    }

    fn on_arrival(&mut self, arrival: Arrival) {
        let input = match arrival {
            Arrival::Message(received) => {
                tracing::trace!(from = %received.from, message = %logging::Redacted(&received.bytes), "received");
                self.heard = self.clock.now();
                phone::Input::Datagram(received)
            }
            Arrival::Unreachable(hop) => {
                tracing::debug!(?hop, "unreachable");
                phone::Input::Unreachable(hop)
            }
            Arrival::Closed(hop) => {
                tracing::debug!(?hop, "closed");
                phone::Input::Closed(hop)
            }
            Arrival::Connected => {
                self.heard = self.clock.now();
                return self.tell_ready();
            }
            Arrival::Disconnected { local } => {
                tracing::debug!(%local, "no connection to the PBX; the next one will come from here");
                phone::Input::Disconnected { local }
            }
        };
        self.tell(Input::Phone(input));
    }

    fn on_media(&mut self, word: FromMedia) {
        match word {
            FromMedia::Event { line, event } => self.tell(Input::Phone(phone::Input::Stream { line, event })),
            FromMedia::Stats { line, stats } => {
                self.tell(Input::Phone(phone::Input::StreamStats { line, stats }));
                self.offer_wanted_port();
            }
            FromMedia::Tape { id, news } => self.tell(Input::Tape { id, news }),
            FromMedia::Fault { line, fault } => self.notify(Notice::Sound { line, fault }),
        }
    }

    fn on_desk(&mut self, word: FromDesk) {
        match word {
            FromDesk::Card { lookup, answer } => self.tell(Input::Card { lookup, answer }),
            FromDesk::Handovers { ask, answer } => self.tell(Input::Handovers { ask, answer }),
            FromDesk::Directory(answer) => self.notify(Notice::Directory(answer)),
            FromDesk::Calls(answer) => self.notify(Notice::Calls(answer)),
            FromDesk::Chain { question, answer } => self.notify(Notice::Chain { question, answer }),
            FromDesk::Terms { client, answer } => self.notify(Notice::Terms { client, answer }),
            FromDesk::Products { client, what, answer } => {
                self.notify(Notice::Products { client, what, answer });
            }
            FromDesk::Clients { text, answer } => self.notify(Notice::Clients { text, answer }),
            FromDesk::Order(news) => self.notify(Notice::Order(news)),
            FromDesk::Drafts(answer) => self.notify(Notice::Drafts(answer)),
            FromDesk::Orders { client, answer } => self.notify(Notice::Orders { client, answer }),
            FromDesk::OrderEntry(answer) => self.notify(Notice::OrderEntry(answer)),
            FromDesk::OrderWatch(told) => {
                if told == OrderWatch::Revoked {
                    self.tell(Input::Forget);
                }
                self.notify(Notice::OrderWatch(told));
            }
            FromDesk::Task(news) => self.notify(Notice::Task(news)),
            FromDesk::Prospect(news) => self.notify(Notice::Prospect(news)),
            FromDesk::Trouble(trouble) => self.notify(Notice::Desk(trouble)),
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Intent(intent) => {
                self.headset.remember(&intent);
                self.tell(Input::Intent(intent));
            }
            Command::ShutDown { within } => self.close(within),
            Command::FetchDirectory => self.desk.fetch_directory(),
            Command::FetchCalls { limit } => self.desk.fetch_calls(limit),
            Command::FetchChain(question) => self.desk.fetch_chain(question),
            Command::FetchTerms(client) => self.desk.fetch_terms(client),
            Command::FindProducts { client, what, day } => self.desk.find_products(client, what, day),
            Command::FindClients(text) => self.desk.find_clients(text),
            Command::KeepOrder(order) => self.desk.keep_order(order),
            Command::PlaceOrder { id, revision } => self.desk.place_order(id, revision),
            Command::ActOnOrder { id, act, reason } => self.desk.act_on_order(id, act, reason),
            Command::FetchDrafts => self.desk.fetch_drafts(),
            Command::FetchOrders(client) => self.desk.fetch_orders(client),
            Command::FetchOrder(id) => self.desk.fetch_order(id),
            Command::WatchOrders => self.desk.watch_orders(),
            Command::AskFor(task) => self.desk.ask_for(task),
            Command::WriteDown(prospect) => self.desk.write_down(prospect),
            Command::UseDevices(wishes) => {
                if let Some((devices, _)) = &self.voice.devices {
                    devices.wish(wishes);
                }
            }
            Command::ListDevices => {
                let answers = self.devices.0.clone();
                tokio::task::spawn_blocking(move || answers.send(Devices::list().unwrap_or_default()));
            }
            Command::SoundTest(test) => self.test(test),
        }
    }

    /// Like a key of the window.
    fn on_press(&mut self, press: Press) {
        let intent = self.headset.intent(self.agent.view(), press);
        if let Some(intent) = intent.filter(|_| self.closing_until.is_none()) {
            self.tell(Input::Intent(intent));
        }
    }

    // -- the way out: everything that the agent wants done

    fn drain(&mut self) {
        loop {
            match self.agent.poll_effect() {
                Effect::Send(transmit) => self.send(&transmit),
                Effect::Media(command) => self.on_media_command(command),
                Effect::LookUp { lookup, number } => self.desk.look_up(lookup, number),
                Effect::HandOver(handover) => self.desk.hand_over(*handover),
                Effect::AskHandovers { ask, to, number } => self.desk.ask_handovers(ask, to, number),
                Effect::Record(record) => self.desk.record(*record),
                Effect::Tape { line, id, command } => self.on_tape(line, id, command),
                Effect::Event(event) => self.on_event(event),
                Effect::Idle => return,
            }
        }
    }

    fn send(&mut self, transmit: &Transmit) {
        tracing::trace!(to = %transmit.to, message = %logging::Redacted(&transmit.bytes), "sent");
        let Err(error) = self.network.socket.send(transmit) else { return };
        tracing::debug!(%error, to = %transmit.to, "a message could not be sent");
        if net::is_unreachable(&error) {
            let hop = Hop { transport: transmit.transport, to: transmit.to };
            let unreachable = phone::Input::Unreachable(hop);
            self.agent.handle(self.clock.now(), clock::wall(), Input::Phone(unreachable));
        }
    }

    fn on_event(&mut self, event: Event) {
        let mut late = None;
        if let Event::StillOnHold { .. } = event {
            self.reminds_until = Some(self.clock.now() + REMINDER);
        }
        if let Event::Phone(event) = &event {
            match event {
                phone::Event::RingingIn { line, .. } | phone::Event::Dialing { line, .. } => {
                    self.lines.insert(*line);
                    if matches!(event, phone::Event::RingingIn { .. }) {
                        self.ringing.insert(*line);
                    }
                    late = self.closing_until.map(|_| *line);
                }
                phone::Event::Answered { line, .. } => drop(self.ringing.remove(line)),
                phone::Event::Ended { line, .. } => {
                    self.lines.remove(line);
                    self.ringing.remove(line);
                }
                phone::Event::Registered { .. } => self.registration = Registration::Granted,
                phone::Event::Unregistered => self.registration = Registration::None,
                phone::Event::RegistrationFailed { cause, .. } => self.on_registration_failed(cause),
                _ => {}
            }
        }
        if self.test != SoundTest::Off && !self.lines.is_empty() {
            self.test(SoundTest::Off);
        }
        self.ring();
        self.headset.follow(self.agent.view(), &event);
        self.notify(Notice::Agent(event));
        // We are on our way out: the caller is left to others at once.
        if let Some(line) = late {
            self.tell(Input::Intent(Intent::HangUp { line }));
        }
    }

    // -- devices

    /// Only while no call stands; the notice says what came of it.
    fn test(&mut self, test: SoundTest) {
        let possible = self.voice.devices.is_some() && self.lines.is_empty();
        self.test = if possible { test } else { SoundTest::Off };
        self.play(match self.test {
            SoundTest::Tone => Some((Tune::tone(MELODY), None)),
            SoundTest::Echo => Some((Tune::echo(), None)),
            SoundTest::Off | SoundTest::Ring => None,
        });
        self.ring();
        self.notify(Notice::SoundTest(self.test));
    }

    /// In place of what is played now, for so long.
    fn play(&mut self, tune: Option<(Tune, Option<Duration>)>) {
        let playing = self.voice.devices.as_ref().zip(tune).map(|((devices, _), (tune, lasts))| {
            let (microphone, earpiece) = devices.connect();
            Playing { tune, microphone, earpiece, lasts }
        });
        if playing.is_some() {
            self.start_media();
        }
        self.tell_media(ToMedia::Play(playing));
    }

    fn play_tone(&mut self, tone: Option<CallTone>) {
        self.play(tone.map(|tone| {
            let lasts = (tone != CallTone::Ringing).then_some(REFUSAL);
            (Tune::tone(self.voice.tones.cadence(tone)), lasts)
        }));
    }

    /// When loudness is to be told; none while nobody wants to know or nothing sounds.
    fn levels_due(&self) -> Option<Instant> {
        let sounds = !self.streams.is_empty() || self.test != SoundTest::Off;
        (self.voice.meter.is_some() && sounds).then_some(self.next_levels)
    }

    fn tell_levels(&mut self, now: Instant) {
        if self.levels_due().is_none_or(|due| now < due) {
            return;
        }
        self.next_levels = now + LEVELS_EVERY;
        if let Some(meter) = &self.voice.meter {
            let (microphone, earpiece) = meter.take();
            self.notify(Notice::Levels { microphone, earpiece });
        }
    }

    /// While somebody calls, more softly where the operator has another call already; and for a moment where somebody is
    /// still on hold.
    fn ring(&mut self) {
        let busy = self.lines.len() > self.ringing.len();
        let (idle, knock) = self.voice.rings;
        let wanted = if busy { knock } else { idle };
        let rings = !self.ringing.is_empty() || self.test == SoundTest::Ring;
        let reminds = self.reminds_until.is_some_and(|until| self.clock.now() < until);
        let reminder = reminds.then_some(Ring::Cadence(self.voice.tones.held));
        let ring = rings.then_some(wanted).or(reminder);
        if self.voice.ring != ring {
            self.voice.ring = ring;
            if let Some((devices, _)) = &self.voice.devices {
                devices.ring(ring);
            }
        }
    }

    fn notify(&self, notice: Notice) {
        // Nobody listens any more: the handle is gone, and its closing command is on the way.
        let _ = self.notices.send((self.clock.now(), notice));
    }

    // -- voice

    /// Gives the telephone a bound port pair for its next call.
    fn offer_port(&mut self) {
        let ip = self.network.socket.local().ip();
        let bound = self.network.ports.bind(ip);
        self.port_wanted = bound.is_err();
        match bound {
            Ok(pair) => {
                let local = pair.local;
                self.free_pairs.insert(local, pair);
                self.agent.handle(
                    self.clock.now(),
                    clock::wall(),
                    Input::Phone(phone::Input::MediaPort(local)),
                );
            }
            // Tried again; meanwhile the telephone says `no_media_port` when a call wants one.
            Err(error) => tracing::debug!(%error, "no free ports for audio"),
        }
    }

    /// Others, or our own last call, may have let go of theirs.
    fn offer_wanted_port(&mut self) {
        if self.port_wanted {
            self.offer_port();
        }
    }

    fn on_media_command(&mut self, command: MediaCommand) {
        match command {
            MediaCommand::TakePort => self.offer_port(),
            MediaCommand::Apply { line, plan, near_end } if self.streams.contains(&line) => {
                if let Some(pair) = self.free_pairs.remove(&plan.local) {
                    self.tell_media(ToMedia::Move { line, pair });
                }
                self.tell_media(ToMedia::Apply { line, plan, near_end });
            }
            MediaCommand::Apply { line, plan, near_end } => {
                let Some(pair) = self.free_pairs.remove(&plan.local) else {
                    tracing::error!(%line, "no such port was offered");
                    return;
                };
                self.streams.insert(line);
                let (sound, muted) = (self.voice.next_call(line), self.muted);
                if !self.start_media() {
                    self.notify(Notice::Sound { line, fault: SoundFault::Voice });
                }
                self.tell_media(ToMedia::Start { line, pair, sound, plan, near_end, muted });
            }
            MediaCommand::Tone { tone } => self.play_tone(tone),
            MediaCommand::Conference { lines } => self.tell_media(ToMedia::Conference { lines }),
            MediaCommand::Mute { on } => {
                self.muted = on;
                self.tell_media(ToMedia::Mute { on });
            }
            MediaCommand::Digits { line, digits } => self.tell_media(ToMedia::Digits { line, digits }),
            MediaCommand::Stop { line, port } => {
                // Of a call that never spoke it is still here.
                self.free_pairs.remove(&port);
                if self.streams.remove(&line) {
                    self.tell_media(ToMedia::Stop { line });
                }
                if self.streams.is_empty() {
                    // Those of a network that we have left are nobody's.
                    let ip = self.network.socket.local().ip();
                    self.free_pairs.retain(|local, _| local.ip() == ip);
                }
                self.offer_wanted_port();
            }
        }
    }

    fn on_tape(&mut self, line: LineId, id: CallRecordId, command: TapeCommand) {
        match self.voice.recordings.order(id, command) {
            Ok(order) => match &self.media {
                Some(media) => media.tell(ToMedia::Tape { line, id, order }),
                None => not_taken(&self.media_words.0, id, order),
            },
            // The agent hears of it like of anything that the thread says.
            Err(fault) => drop(self.media_words.0.send(FromMedia::Tape { id, news: TapeNews::Fault(fault) })),
        }
    }

    /// With the first call. Whether there is the thread; without it nothing sounds.
    fn start_media(&mut self) -> bool {
        if self.media.is_none() {
            let (meter, words) = (self.voice.meter.clone(), self.media_words.0.clone());
            match MediaThread::start(self.clock, self.voice.figures_every, meter, words) {
                Ok(thread) => self.media = Some(thread),
                Err(error) => tracing::error!(%error, "no audio: the media thread cannot be started"),
            }
        }
        self.media.is_some()
    }

    fn tell_media(&self, order: ToMedia) {
        if let Some(media) = &self.media {
            media.tell(order);
        }
    }

    // -- the network changes

    fn check_route(&mut self) {
        match (self.network.route)(self.network.server) {
            Err(_) if self.routed => {
                self.routed = false;
                tracing::info!("no network leads to the PBX");
                let hop = Hop { transport: self.network.transport, to: self.network.server };
                self.tell(Input::Phone(phone::Input::Unreachable(hop)));
            }
            Err(_) => {}
            Ok(ip) => {
                let back = !std::mem::replace(&mut self.routed, true);
                let fixed = self.network.fixed.is_some_and(|fixed| !fixed.ip().is_unspecified());
                let moved = !fixed && ip != self.network.socket.local().ip();
                if moved {
                    self.rebind(ip);
                } else if back {
                    self.tell_addresses();
                }
            }
        }
    }

    fn keep_alive(&mut self) {
        if self.registration == Registration::Granted {
            let (transport, to) = (self.network.transport, self.network.server);
            self.send(&Transmit { transport, to, bytes: KEEP_ALIVE.to_vec() });
            self.drain();
        }
    }

    fn rebind(&mut self, ip: IpAddr) {
        let (transport, server) = (self.network.transport, self.network.server);
        let same_port = SocketAddr::new(ip, self.network.socket.local().port());
        let socket = bind(transport, Some(same_port), server)
            .or_else(|_| bind(transport, Some(SocketAddr::new(ip, 0)), server));
        match socket {
            Ok(socket) => {
                self.network.socket = socket;
                self.tell_ready();
                // A call that is being dialled keeps the pair that it has offered already.
                self.offer_port();
                self.tell_addresses();
            }
            Err(fault) => tracing::warn!(?fault, "the new address cannot be used yet"),
        }
    }

    fn tell_ready(&mut self) {
        let local = self.network.socket.local();
        if std::mem::replace(&mut self.ready, local) != local {
            self.notify(Notice::Ready { local });
        }
    }

    fn tell_addresses(&mut self) {
        let addresses =
            phone::Input::Addresses { local: self.network.socket.local(), server: self.network.server };
        self.tell(Input::Phone(addresses));
    }

    fn on_registration_failed(&mut self, cause: &Failure) {
        if self.closing_until.is_some() {
            self.registration = Registration::Unconfirmed;
        } else if self.registration == Registration::Asked {
            self.registration = Registration::None;
        }
        if *cause == Failure::TimedOut && self.clock.now().since(self.heard) >= SILENCE {
            self.network.socket.give_up_connection();
        }
        let silent = matches!(cause, Failure::TimedOut | Failure::Unreachable);
        if silent && !self.resolving && self.network.next_hop.ip().is_none() {
            self.resolving = true;
            let (host, answers) = (self.network.next_hop.clone(), self.addresses.0.clone());
            let (transport, known) = (self.network.transport, self.network.server);
            tokio::task::spawn_local(async move {
                let _ = answers.send(resolve(&host, transport).await.unwrap_or(known));
            });
        }
    }

    fn on_resolved(&mut self, server: SocketAddr) {
        self.resolving = false;
        if server == self.network.server {
            return;
        }
        tracing::info!(%server, "the PBX has moved");
        self.network.server = server;
        self.network.socket.set_server(server);
        self.tell_addresses();
    }

    // -- the end

    fn close(&mut self, within: Duration) {
        if self.closing_until.is_some() {
            return;
        }
        self.closing_until = Some(self.clock.now() + within);
        self.tell(Input::Leave);
        for line in self.lines.clone() {
            self.tell(Input::Intent(Intent::HangUp { line }));
        }
        if matches!(self.registration, Registration::Asked | Registration::Granted) {
            self.tell(Input::Intent(Intent::Unregister));
        }
    }

    /// Calls are over, whoever was in them has heard our goodbye, and the PBX knows that we are gone; or time is up.
    fn is_closed(&self) -> bool {
        let gone = matches!(self.registration, Registration::None | Registration::Unconfirmed);
        let done = gone && self.lines.is_empty() && !self.agent.owes_goodbye();
        self.closing_until.is_some_and(|until| done || self.clock.now() >= until)
    }

    async fn finish(mut self) {
        let closing_until = self.closing_until.unwrap_or_default();
        let media_failed = match self.media.take() {
            Some(media) => !media.finish(closing_until.since(self.clock.now()).max(LAST_SOUND)).await,
            None => false,
        };
        while let Ok(word) = self.media_words.1.try_recv() {
            self.on_media(word);
        }
        let left = closing_until.since(self.clock.now());
        let (unsent_records, last_words) = self.desk.finish(left).await;
        for word in last_words {
            if let FromDesk::Trouble(trouble) = word {
                let _ = self.notices.send((self.clock.now(), Notice::Desk(trouble)));
            }
        }
        let farewell =
            Farewell { unregistered: self.registration == Registration::None, unsent_records, media_failed };
        let _ = self.notices.send((self.clock.now(), Notice::Stopped(farewell)));
    }
}

#[cfg(test)]
mod tests;
