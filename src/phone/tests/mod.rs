//! The telephone against a PBX on paper, on virtual time.

mod auto_answer;
mod codes;
mod conference;
mod connected;
mod digits;
mod holding;
mod incoming;
mod muting;
mod outgoing;
mod passing;
mod proving;
mod referred;
mod replacing;
mod taking_calls;
mod tones;
mod transferring;
mod two_calls;
mod watching;

use super::test_pbx::{ALAW, Leg, TestPbx};
use super::*;
use crate::media::{Direction, StreamPlan};
use crate::sip::message::Request;
use crate::sip::{Account, CallPolicy, Password};
use crate::transmit::{Hop, Transport};
use std::time::Duration;

const LINE: LineId = LineId(1);

/// A telephone, its PBX, and what came out.
struct World {
    now: Instant,
    phone: Phone,
    pbx: TestPbx,
    events: Vec<Event>,
    codes: Vec<CodeResult>,
    media: Vec<MediaCommand>,
    next_port: u16,
    gives_ports: bool,
}

impl World {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut PhoneConfig)) -> Self {
        let pbx = TestPbx::new();
        let mut config = PhoneConfig {
            sip: UserAgentConfig {
                account: Account {
                    user: "operator1".into(),
                    domain: "192.0.2.1".into(),
                    auth_user: None,
                    password: Password::new("secret"),
                    realm: None,
                    registrar: None,
                    outbound_proxy: None,
                    display: None,
                    expires: Duration::from_secs(300),
                },
                transport: Transport::Udp,
                server: pbx.address,
                local: pbx.phone,
                user_agent: "Patchcord".into(),
                max_calls: 1,
                calls: CallPolicy::default(),
            },
            codecs: vec![Codec::Pcma, Codec::Pcmu],
            codecs_poor_network: Vec::new(),
            opus: EncoderSettings::default(),
            identity_order: vec![IdentitySource::Asserted, IdentitySource::RemoteParty, IdentitySource::From],
            name_prefixes: vec!["Sales:".into()],
            pbx: PbxBehaviour::default(),
            auto_answer: false,
            register: false,
        };
        change(&mut config);
        let now = Instant::START + Duration::from_secs(10);
        let phone = Phone::new(now, config, [7; 32]);
        let (events, codes, media) = (Vec::new(), Vec::new(), Vec::new());
        let mut world = Self { now, phone, pbx, events, codes, media, next_port: 4000, gives_ports: true };
        world.give_port();
        world
    }

    fn give_port(&mut self) {
        let local = SocketAddr::new(self.pbx.phone.ip(), self.next_port);
        self.next_port += 2;
        self.phone.handle(self.now, Input::MediaPort(local));
        self.drain();
    }

    fn command(&mut self, command: Command) {
        self.phone.handle(self.now, Input::Command(command));
        self.drain();
    }

    /// A datagram from the PBX.
    fn hears(&mut self, text: &str) {
        let datagram = self.pbx.datagram(text);
        self.phone.handle(self.now, Input::Datagram(datagram));
        self.drain();
    }

    fn advance(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(next) = self.phone.next_deadline().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            self.phone.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    fn drain(&mut self) {
        loop {
            match self.phone.poll_output() {
                Output::Send(transmit) => self.pbx.take(&transmit),
                Output::CodeEnded(result) => self.codes.push(result),
                Output::Event(event) => self.events.push(event),
                Output::Media(MediaCommand::TakePort) if self.gives_ports => {
                    let local = SocketAddr::new(self.pbx.phone.ip(), self.next_port);
                    self.next_port += 2;
                    self.phone.handle(self.now, Input::MediaPort(local));
                }
                Output::Media(MediaCommand::Stop { line, port }) => {
                    self.media.push(MediaCommand::Stop { line, port });
                    self.phone.handle(self.now, Input::StreamStats { line, stats: StreamStats::default() });
                }
                Output::Media(command) => self.media.push(command),
                Output::Idle => return,
            }
        }
    }

    /// Everything said since the last time.
    fn events(&mut self) -> Vec<Event> {
        let events = std::mem::take(&mut self.events);
        events.into_iter().filter(|event| !matches!(event, Event::Media { .. })).collect()
    }

    #[track_caller]
    fn the_end(&mut self) -> (EndedBy, CallOutcome, Option<u16>) {
        let ends: Vec<_> = self
            .events()
            .into_iter()
            .filter_map(|event| match event {
                Event::Ended { by, outcome, status, .. } => Some((by, outcome, status)),
                _ => None,
            })
            .collect();
        assert_eq!(ends.len(), 1, "one end");
        ends[0]
    }

    /// The plan the media thread was told last, and whether the operator is kept off the line.
    #[track_caller]
    fn last_plan(&self) -> (StreamPlan, bool) {
        let applied = self.media.iter().rev().find_map(|command| match command {
            MediaCommand::Apply { plan, near_end, .. } => {
                Some((plan.clone(), *near_end != NearEnd::Operator))
            }
            _ => None,
        });
        applied.expect("a stream")
    }

    fn stopped(&self) -> bool {
        let of_the_voice = |command: &&MediaCommand| !matches!(command, MediaCommand::Tone { .. });
        matches!(self.media.iter().rfind(of_the_voice), Some(MediaCommand::Stop { .. }))
    }

    fn contact(&self) -> String {
        self.phone.user_agent.contact().to_string()
    }

    /// A call rings here.
    fn ring(&mut self, headers: &str, sdp: Option<&str>) -> (Leg, String) {
        let contact = self.contact();
        let (mut leg, invite) = self.pbx.invite(&contact, headers, sdp);
        self.hears(&invite);
        if self.pbx.seen().contains(&"180".to_owned()) {
            leg.follow(&self.pbx.response(180));
        }
        (leg, invite)
    }

    /// A call came in and was answered; events so far are forgotten.
    fn talking(&mut self) -> Leg {
        let (mut leg, _) = self.ring("", Some(ALAW));
        self.command(Command::Answer { line: LINE });
        leg.follow(&self.pbx.response(200));
        let ack = self.pbx.ack(&leg, None);
        self.hears(&ack);
        self.events();
        self.pbx.forget();
        leg
    }

    /// The telephone's re-INVITE, answered like this; and the ACK taken.
    #[track_caller]
    fn answer_reinvite(&mut self, sdp: &str) -> Request {
        let reinvite = self.pbx.request("INVITE");
        let reply = self.pbx.reply(&reinvite, 200, Some(sdp));
        self.hears(&reply);
        self.pbx.request("ACK");
        reinvite
    }

    #[track_caller]
    fn refuse_reinvite(&mut self, status: u16) {
        let reinvite = self.pbx.request("INVITE");
        let reply = self.pbx.reply(&reinvite, status, None);
        self.hears(&reply);
        self.pbx.request("ACK");
    }

    /// The PBX grants the registration under way.
    fn grant(&mut self) {
        let register = self.pbx.request("REGISTER");
        let ours = format!("Contact: <{}>;expires=300\r\n", self.contact());
        let reply = self.pbx.reply_with(&register, 200, &ours, None);
        self.hears(&reply);
    }

    /// Nothing listens at the PBX's address.
    fn unreachable(&mut self) {
        let hop = Hop { transport: Transport::Udp, to: self.pbx.address };
        self.phone.handle(self.now, Input::Unreachable(hop));
        self.drain();
    }

    fn hang_up_theirs(&mut self, leg: &mut Leg) {
        let bye = self.pbx.ask(leg, "BYE", "", None);
        self.hears(&bye);
    }
}

/// Muted or not, as the media thread was last told of this line.
#[track_caller]
fn is_muted(world: &World, id: LineId) -> bool {
    near_end(world, id) != NearEnd::Operator
}

/// Whom its far end hears.
#[track_caller]
fn near_end(world: &World, id: LineId) -> NearEnd {
    let told = world.media.iter().rev().find_map(|command| match command {
        MediaCommand::Apply { line, near_end, .. } if *line == id => Some(*near_end),
        _ => None,
    });
    told.expect("a stream")
}

fn body(request: &Request) -> String {
    String::from_utf8(request.body.clone()).unwrap()
}
