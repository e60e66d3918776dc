//! A real telephone on the practice PBX, on virtual time: what an operator would notice.

use super::people::Role;
use super::*;
use crate::domain::line_state::LineState;
use crate::instant::Instant;
use crate::media::{Codec, Direction, EncoderSettings, StreamPlan, StreamStats};
use crate::phone::{
    self, CallOutcome, ClientIs, Command, Event, IdentitySource, LineId, MediaCommand, PbxBehaviour, Phone,
    PhoneConfig, ReturnReason, Side, TransferOutcome,
};
use crate::sip::message::codec::{self, Parsed};
use crate::sip::message::{Message, Response};
use crate::sip::{
    self, Account, CallKey, CallPolicy, Failure, Password, ReferProgress, UserAgent, UserAgentConfig,
};
use crate::transmit::{Received, Transport};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

const PBX: &str = "192.0.2.1:5060";
const TELEPHONE: &str = "192.0.2.20:5070";
const STRANGER: &str = "192.0.2.66:5060";
const LINE: LineId = LineId(1);

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn account(extension: &str, password: &str) -> UserAgentConfig {
    UserAgentConfig {
        account: Account {
            user: extension.into(),
            domain: PBX.into(),
            auth_user: None,
            password: Password::new(password),
            realm: None,
            registrar: None,
            outbound_proxy: None,
            display: None,
            expires: secs(300),
        },
        transport: Transport::Udp,
        server: address(PBX),
        local: address(TELEPHONE),
        user_agent: "Patchcord".into(),
        max_calls: 2,
        calls: CallPolicy::default(),
    }
}

struct World {
    now: Instant,
    phone: Phone,
    pbx: Practice,
    /// Datagrams under way: where to, and what.
    under_way: VecDeque<(SocketAddr, SocketAddr, Vec<u8>)>,
    events: Vec<Event>,
    /// As the telephone told them last.
    lines: BTreeMap<String, LineState>,
    notes: Vec<Note>,
    /// What the PBX was told to do with its voices.
    media: Vec<MediaOrder>,
    /// What the telephone has sent to the PBX.
    sent: Vec<Vec<u8>>,
    /// What came to a stranger.
    answers: Vec<Response>,
    next_port: u16,
}

impl World {
    fn with(plays: Plays, seed: u64, extension: &str, password: &str) -> Self {
        Self::with_programme(Programme::new(plays, 1, seed), extension, password)
    }

    fn with_programme(programme: Programme, extension: &str, password: &str) -> Self {
        let config = PhoneConfig {
            auto_answer: false,
            sip: account(extension, password),
            codecs: vec![Codec::Pcma, Codec::Pcmu],
            codecs_poor_network: Vec::new(),
            opus: EncoderSettings::default(),
            identity_order: vec![IdentitySource::Asserted, IdentitySource::RemoteParty, IdentitySource::From],
            name_prefixes: Vec::new(),
            pbx: PbxBehaviour::default(),
            register: true,
        };
        let now = Instant::START + secs(10);
        let mut world = Self {
            now,
            phone: Phone::new(now, config, [7; 32]),
            pbx: Practice::new(PracticeConfig { local: address(PBX), programme }, [8; 32]),
            under_way: VecDeque::new(),
            events: Vec::new(),
            lines: BTreeMap::new(),
            notes: Vec::new(),
            media: Vec::new(),
            sent: Vec::new(),
            answers: Vec::new(),
            next_port: 4000,
        };
        let port = world.port(TELEPHONE);
        world.phone.handle(now, phone::Input::MediaPort(port));
        world.settle();
        world
    }

    /// A registered telephone to which clients come.
    fn playing(plays: Plays, seed: u64) -> Self {
        let mut world = Self::with(plays, seed, "101", "pw-101");
        assert!(matches!(world.events().as_slice(), [Event::Registered { .. }]));
        world
    }

    /// A registered telephone that nobody calls.
    fn quiet() -> Self {
        Self::playing(Plays::Nothing, 0)
    }

    /// The first client, answered.
    fn talking() -> Self {
        let mut world = Self::playing(Plays::Calls(1), 1);
        world.pass(secs(2));
        world.command(Command::Answer { line: LINE });
        assert!(world.events().iter().any(|event| matches!(event, Event::Answered { .. })));
        world
    }

    /// The first client waits, and the operator talks with a colleague, both lines being watched.
    fn consulting(colleague: &str) -> Self {
        let mut world = Self::talking();
        world.pbx.people().play(&[("201", Role::Answers), ("301", Role::Answers)]);
        world.command(Command::Watch { extensions: ["101", colleague].map(str::to_owned).into() });
        world.command(Command::Dial { target: colleague.into() });
        world.pass(secs(5));
        let events = world.events();
        let answers = |event: &Event| matches!(event, Event::Answered { line, .. } if *line == LineId(2));
        assert!(events.iter().any(answers), "{events:?}");
        world
    }

    fn port(&mut self, of: &str) -> SocketAddr {
        self.next_port += 2;
        SocketAddr::new(address(of).ip(), self.next_port)
    }

    fn command(&mut self, command: Command) {
        self.phone.handle(self.now, phone::Input::Command(command));
        self.settle();
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let next = [self.phone.next_deadline(), self.pbx.next_deadline()].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = next.max(self.now);
            self.phone.handle_timeout(self.now);
            self.pbx.handle_timeout(self.now);
            self.settle();
        }
        self.now = end;
    }

    /// Carries messages until nothing is under way.
    fn settle(&mut self) {
        loop {
            self.drain_phone();
            self.drain_pbx();
            let Some((from, to, bytes)) = self.under_way.pop_front() else { return };
            let received = Received { transport: Transport::Udp, from, local: to, bytes };
            match to.to_string().as_str() {
                PBX => self.pbx.handle_input(self.now, received),
                TELEPHONE => self.phone.handle(self.now, phone::Input::Datagram(received)),
                _ => match codec::parse(&received.bytes) {
                    Ok(Parsed::Message(Message::Response(response))) => self.answers.push(response),
                    other => panic!("a stranger is sent {other:?}"),
                },
            }
        }
    }

    fn drain_phone(&mut self) {
        loop {
            match self.phone.poll_output() {
                phone::Output::Send(sent) => {
                    self.sent.push(sent.bytes.clone());
                    self.under_way.push_back((address(TELEPHONE), sent.to, sent.bytes));
                }
                phone::Output::Event(event) => {
                    if let Event::LineStateChanged { extension, state, .. } = &event {
                        self.lines.insert(extension.clone(), *state);
                    }
                    self.events.push(event);
                }
                phone::Output::Media(MediaCommand::TakePort) => {
                    let port = self.port(TELEPHONE);
                    self.phone.handle(self.now, phone::Input::MediaPort(port));
                }
                phone::Output::Media(MediaCommand::Stop { line, .. }) => {
                    let stats = StreamStats::default();
                    self.phone.handle(self.now, phone::Input::StreamStats { line, stats });
                }
                phone::Output::Media(_) | phone::Output::CodeEnded(_) => {}
                phone::Output::Idle => return,
            }
        }
    }

    fn drain_pbx(&mut self) {
        loop {
            match self.pbx.poll_output() {
                Output::Send(sent) => self.under_way.push_back((address(PBX), sent.to, sent.bytes)),
                Output::Media(MediaOrder::TakePort) => {
                    let port = self.port(PBX);
                    self.pbx.give_port(port);
                }
                Output::Media(order) => self.media.push(order),
                Output::Note(note) => self.notes.push(note),
                Output::Idle => return,
            }
        }
    }

    /// What the telephone has said since the last time.
    fn events(&mut self) -> Vec<Event> {
        let events = std::mem::take(&mut self.events);
        events.into_iter().filter(|event| !matches!(event, Event::Media { .. })).collect()
    }

    fn lines(&self) -> Vec<(&str, LineState)> {
        self.lines.iter().map(|(extension, state)| (extension.as_str(), *state)).collect()
    }

    fn line(&mut self, extension: &str) -> LineState {
        self.pass(secs(1));
        self.lines[extension]
    }

    fn plan(&self) -> &StreamPlan {
        let plan = self.media.iter().rev().find_map(|order| match order {
            MediaOrder::Apply { plan, .. } => Some(plan),
            _ => None,
        });
        plan.expect("somebody speaks")
    }

    fn end(&mut self) -> (CallOutcome, Option<u16>) {
        let end = self.events().into_iter().find_map(|event| match event {
            Event::Ended { outcome, status, .. } => Some((outcome, status)),
            _ => None,
        });
        end.expect("the call has ended")
    }

    /// A message from somewhere else, and the statuses of what came back.
    fn hears(&mut self, text: &str) -> Vec<u16> {
        let bytes = text.replace('\n', "\r\n").into_bytes();
        self.under_way.push_back((address(STRANGER), address(PBX), bytes));
        self.settle();
        std::mem::take(&mut self.answers).iter().map(|response| response.status.code()).collect()
    }
}

#[test]
fn a_known_client_rings_within_two_seconds_of_the_telephones_coming() {
    let mut world = World::playing(Plays::Calls(1), 1);
    world.pass(secs(2));
    let events = world.events();
    let [Event::RingingIn { caller, .. }] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(caller.number.as_deref(), Some("+79160000001"));
    assert_eq!(caller.name.as_deref(), Some("Ветров Николай"));
    assert_eq!(caller.called.as_deref(), Some("101"));
}

#[test]
fn a_wrong_password_registers_nobody() {
    let mut world = World::with(Plays::Calls(1), 1, "101", "guessed");
    world.pass(secs(20));
    let failed =
        |event: &Event| matches!(event, Event::RegistrationFailed { cause: Failure::Credentials { .. }, .. });
    assert!(world.events().iter().all(failed));
    assert_eq!(world.notes, []);
    let mut manager = World::with(Plays::Calls(1), 1, "201", "pw-201");
    assert!(manager.events().iter().all(failed), "the managers are simulated");
}

#[test]
fn an_account_may_be_asked_for_sha_256() {
    let mut world = World::with(Plays::Nothing, 1, "105", "pw-105");
    assert!(matches!(world.events().as_slice(), [Event::Registered { .. }]));
    assert_eq!(world.notes, [Note::Here { extension: "105".into() }]);
}

#[test]
fn a_client_whom_nobody_answers_gives_up() {
    let mut world = World::playing(Plays::Calls(1), 1);
    world.pass(secs(60));
    assert_eq!(world.end(), (CallOutcome::Missed, Some(487)));
    assert!(world.notes.contains(&Note::GaveUp));
}

#[test]
fn clients_of_every_kind_call_one_after_another() {
    let mut world = World::playing(Plays::Calls(11), 3);
    let mut callers = Vec::new();
    for _ in 0..160 {
        world.pass(secs(1));
        for event in world.events() {
            if let Event::RingingIn { line, caller, .. } = event {
                callers.push(caller);
                world.command(Command::Reject { line, status: 486 });
            }
        }
    }
    let numbers: BTreeSet<_> = callers.iter().filter_map(|caller| caller.number.clone()).collect();
    assert_eq!((callers.len(), numbers.len()), (11, 10));
    let withheld: Vec<_> = callers.iter().filter(|caller| caller.withheld).collect();
    let [withheld] = withheld.as_slice() else { panic!("one client withholds the number") };
    assert_eq!((&withheld.number, &withheld.name), (&None, &None));
    assert_eq!(withheld.asserted_number.as_deref(), Some("+79059999998"));
}

#[test]
fn another_client_calls_into_a_conversation() {
    let seeds = 0..30;
    let interrupted = seeds.into_iter().find_map(|seed| {
        let mut world = World::playing(Plays::Calls(3), seed);
        world.pass(secs(2));
        world.command(Command::Answer { line: LINE });
        world.pass(secs(5));
        let events = world.events();
        events.iter().any(|event| matches!(event, Event::RingingIn { line: LineId(2), .. })).then_some(world)
    });
    let mut world = interrupted.expect("by some seed it is the second client");
    world.command(Command::Answer { line: LineId(2) });
    let events = world.events();
    assert!(
        events.iter().any(|event| matches!(event, Event::Held { line: LINE, by: Side::Us })),
        "{events:?}"
    );
}

#[test]
fn a_client_speaks_is_held_and_speaks_again() {
    let mut world = World::talking();
    assert_eq!(world.plan().direction, Direction::SendRecv);
    world.command(Command::Hold { line: LINE });
    assert_eq!((world.plan().direction, world.plan().held_by_them), (Direction::RecvOnly, true));
    world.pass(secs(200));
    assert!(
        !world.events().iter().any(|event| matches!(event, Event::Ended { .. })),
        "a client on hold waits"
    );
    world.command(Command::Resume { line: LINE });
    assert_eq!(world.plan().direction, Direction::SendRecv);
    world.pass(secs(61));
    assert_eq!(world.end(), (CallOutcome::Completed, None), "who is not passed on goes at last");
}

#[test]
fn an_operator_may_hang_up_and_the_next_client_comes() {
    let mut world = World::playing(Plays::Calls(2), 4);
    world.pass(secs(2));
    world.command(Command::Answer { line: LINE });
    world.command(Command::HangUp { line: LINE });
    assert_eq!(world.end(), (CallOutcome::Completed, None));
    world.pass(secs(7));
    assert!(world.events().iter().any(|event| matches!(event, Event::RingingIn { .. })));
}

#[test]
fn a_client_who_is_passed_on_to_a_manager_stays_there() {
    let mut world = World::talking();
    world.command(Command::BlindTransfer { line: LINE, target: "201".into() });
    world.pass(secs(1));
    let events = world.events();
    let handed_over =
        |event: &Event| matches!(event, Event::Transferred { outcome: TransferOutcome::HandedOver, .. });
    assert!(events.iter().any(handed_over), "{events:?}");
    world.pass(secs(3));
    assert!(world.notes.contains(&Note::Talks { with: "201".into() }));
    world.pass(secs(60));
    assert_eq!(world.events(), [], "nobody comes back");
}

/// As an Asterisk does it with `config/asterisk`.
#[test]
fn a_client_whom_nobody_takes_rings_at_the_operator_again() {
    for (target, reason, within) in [
        ("202", ReturnReason::Offline, 2),
        ("204", ReturnReason::NoAnswer, 22),
        ("203", ReturnReason::Busy, 2),
        ("302", ReturnReason::Busy, 2),
    ] {
        let mut world = World::talking();
        world.pbx.people().play(&[("204", Role::NobodyAnswers), ("302", Role::Busy)]);
        world.command(Command::BlindTransfer { line: LINE, target: target.into() });
        world.pass(secs(within));
        let events = world.events();
        let back = events.iter().find_map(|event| match event {
            Event::RingingIn { line, caller, .. } => Some((*line, caller.clone())),
            _ => None,
        });
        let (line, caller) = back.unwrap_or_else(|| panic!("{target}: {events:?}"));
        assert_eq!(caller.number.as_deref(), Some("+79160000001"));
        let returned = caller.returned.expect("it is said who comes back");
        assert_eq!((returned.target.as_str(), returned.reason), (target, reason));
        assert!(returned.id.is_some(), "the telephone's own name of the transfer");
        world.command(Command::Answer { line });
        world.command(Command::BlindTransfer { line, target: "201".into() });
        world.pass(secs(6));
        assert!(world.notes.contains(&Note::Talks { with: "201".into() }));
        assert_eq!(world.pbx.load().calls, 0);
    }
}

#[test]
fn a_client_whom_the_operator_does_not_take_back_either_is_lost_at_last() {
    let mut world = World::talking();
    world.command(Command::BlindTransfer { line: LINE, target: "203".into() });
    world.pass(secs(20));
    let rings = |world: &mut World| {
        world.events().iter().filter(|event| matches!(event, Event::RingingIn { .. })).count()
    };
    assert_eq!(rings(&mut world), 1);
    world.pass(secs(10));
    assert_eq!(rings(&mut world), 1, "once more");
    world.pass(secs(20));
    assert!(world.notes.contains(&Note::Lost { on_the_way_to: "203".into() }));
    assert_eq!(world.pbx.load().calls, 0);
}

/// A key client: the manager talks, another key account manager does not answer, the head of wholesale takes the call.
#[test]
fn busy_no_answer_and_the_head_take_their_parts() {
    let mut world = World::with_programme(Programme::of_one_long_way(1, 1), "101", "pw-101");
    world.command(Command::Watch { extensions: ["201", "204", "302"].map(str::to_owned).into() });
    world.pass(secs(2));
    assert_eq!(
        world.lines(),
        [("201", LineState::Talking), ("204", LineState::Free), ("302", LineState::Free)]
    );
    world.command(Command::Answer { line: LINE });
    let pass_on = |world: &mut World, target: &str| {
        let (target, ring_for) = (target.to_owned(), secs(12));
        world.command(Command::ReturnTransfer {
            line: LINE,
            target,
            ring_for,
            proof: phone::Proof::LineState,
            comes_back: false,
            shown_as: None,
        });
    };
    pass_on(&mut world, "204");
    world.pass(secs(1));
    assert_eq!(world.line("204"), LineState::Ringing);
    world.pass(secs(12));
    assert_eq!(world.line("204"), LineState::Free, "rang until it was given up");
    pass_on(&mut world, "302");
    world.pass(secs(6));
    let events = world.events();
    let joined = |event: &Event| matches!(event, Event::Transferred { outcome: TransferOutcome::Joined, .. });
    assert!(events.iter().any(joined), "{events:?}");
    assert_eq!(world.line("302"), LineState::Talking, "with the client");
}

/// The client waits while the operator asks the finance department, and both then speak without the operator.
#[test]
fn after_a_consultation_client_and_finance_talk_on_alone() {
    let mut world = World::consulting("301");
    assert_eq!((world.line("101"), world.line("301")), (LineState::Talking, LineState::Talking));
    world.command(Command::Join { line: LINE, with: LineId(2) });
    world.pass(secs(2));
    let events = world.events();
    let joined = |event: &Event| matches!(event, Event::Transferred { outcome: TransferOutcome::Joined, .. });
    assert!(events.iter().any(joined), "{events:?}");
    let ended = events.iter().filter(|event| matches!(event, Event::Ended { .. })).count();
    assert_eq!(ended, 2, "the operator has nobody: {events:?}");
    assert_eq!(world.notes.last(), Some(&Note::Talks { with: "301".into() }));
    assert_eq!((world.line("101"), world.line("301")), (LineState::Free, LineState::Talking));
    assert_eq!(world.pbx.load().calls, 0);
}

/// One who was asked may not have time; the client has waited and is heard again.
#[test]
fn a_client_is_heard_again_when_the_one_who_was_asked_hangs_up() {
    let mut world = World::consulting("301");
    world.command(Command::HangUp { line: LineId(2) });
    world.command(Command::Resume { line: LINE });
    world.pass(secs(1));
    assert!(!world.plan().held_by_them, "the client is off hold");
    assert_eq!((world.line("101"), world.line("301")), (LineState::Talking, LineState::Free));
    assert_eq!(world.notes, [Note::Here { extension: "101".into() }, Note::Calls { number: "+79160000001" }]);
}

#[test]
fn client_manager_and_operator_confer_until_the_operator_leaves_one() {
    let mut world = World::consulting("201");
    world.media.clear();
    world.command(Command::Conference { on: true });
    world.pass(secs(1));
    let both = |event: &Event| matches!(event, Event::Conference { lines: Some(_) });
    assert!(world.events().iter().any(both));
    assert!(!world.plan().held_by_them, "the client is heard by both");
    assert_eq!((world.line("101"), world.line("201")), (LineState::Talking, LineState::Talking));
    world.command(Command::HangUp { line: LineId(2) });
    world.pass(secs(1));
    let events = world.events();
    assert!(events.iter().any(|event| matches!(event, Event::Conference { lines: None })), "{events:?}");
    assert_eq!((world.line("101"), world.line("201")), (LineState::Talking, LineState::Free));
    world.command(Command::HangUp { line: LINE });
    assert_eq!(world.line("101"), LineState::Free);
}

#[test]
fn people_have_a_life_of_their_own_while_somebody_watches_them() {
    let lives = |watched: bool| {
        let mut world = World::quiet();
        if watched {
            world.command(Command::Watch { extensions: ["201", "302", "303"].map(str::to_owned).into() });
        }
        let mut states = BTreeSet::new();
        for _ in 0..600 {
            world.pass(secs(1));
            states.extend(world.lines().into_iter().map(|(_, state)| state));
        }
        states.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(lives(true), [LineState::Free, LineState::Talking, LineState::Offline]);
    assert_eq!(lives(false), []);
}

#[test]
fn whoever_is_away_by_the_calendar_is_not_registered_all_day() {
    let mut world = World::quiet();
    world.command(Command::Watch { extensions: vec!["202".into()] });
    world.pass(Duration::from_millis(500));
    for _ in 0..600 {
        assert_eq!(world.lines(), [("202", LineState::Offline)]);
        world.pass(secs(1));
    }
}

#[test]
fn an_operators_line_is_told_with_who_rings_there() {
    let mut world = World::playing(Plays::Calls(1), 1);
    world.command(Command::Watch { extensions: vec!["101".into(), "102".into()] });
    world.pass(Duration::from_millis(500));
    assert_eq!(world.lines(), [("101", LineState::Free), ("102", LineState::Offline)]);
    world.pass(secs(2));
    let events = world.events();
    let rings = events.iter().rev().find_map(|event| match event {
        Event::LineStateChanged { rings: Some(caller), .. } => Some(caller),
        _ => None,
    });
    assert_eq!(rings.and_then(|caller| caller.number.as_deref()), Some("+79160000001"), "{events:?}");
    world.command(Command::Answer { line: LINE });
    assert_eq!(world.line("101"), LineState::Talking);
    world.command(Command::Hold { line: LINE });
    assert_eq!(world.line("101"), LineState::Held);
    world.command(Command::HangUp { line: LINE });
    assert_eq!(world.line("101"), LineState::Free);
}

#[test]
fn watching_ends_with_the_registration_and_nothing_is_left() {
    let mut world = World::quiet();
    world.command(Command::Watch { extensions: vec!["201".into(), "999".into()] });
    world.pass(secs(400));
    assert_eq!(world.pbx.load().watches, 3, "dialogs and presence of 201, and our own messages");
    assert_eq!(world.line("999"), LineState::Unknown);
    world.command(Command::Unregister);
    world.pass(secs(2));
    assert_eq!(world.pbx.load().watches, 0);
}

#[test]
fn who_watches_and_never_answers_is_given_up() {
    let mut world = World::quiet();
    world.command(Command::Watch { extensions: vec!["201".into()] });
    // The telephone is switched off without a word.
    for _ in 0..700 {
        let Some(next) = world.pbx.next_deadline() else { break };
        world.now = next.max(world.now);
        world.pbx.handle_timeout(world.now);
        world.drain_pbx();
        world.under_way.clear();
    }
    assert_eq!(world.pbx.load().watches, 0);
}

#[test]
fn a_client_is_kept_and_heard_again_where_there_is_no_such_number() {
    let mut world = World::talking();
    world.command(Command::BlindTransfer { line: LINE, target: "999".into() });
    world.pass(secs(2));
    let events = world.events();
    let kept = |event: &Event| {
        matches!(event, Event::TransferFailed { status: Some(404), client: ClientIs::Kept, .. })
    };
    assert!(events.iter().any(kept), "{events:?}");
    assert!(events.iter().any(|event| matches!(event, Event::Returned { .. })));
    assert_eq!(world.plan().direction, Direction::SendRecv);
    world.command(Command::BlindTransfer { line: LINE, target: "201".into() });
    world.pass(secs(5));
    assert!(
        world.events().iter().any(|event| matches!(event, Event::Transferred { .. })),
        "the next one answers"
    );
}

#[test]
fn managers_echo_and_music_can_be_called() {
    let voices = [
        ("201", Voice::Speech(super::voice::Speech::Manager)),
        ("600", Voice::Echo),
        ("602", Voice::Music),
        ("700", Voice::Speech(super::voice::Speech::Manager)),
        ("+79161112233", Voice::Speech(super::voice::Speech::Russian)),
    ];
    for (number, expected) in voices {
        let mut world = World::quiet();
        world.command(Command::Dial { target: number.into() });
        world.pass(secs(8));
        assert!(world.events().iter().any(|event| matches!(event, Event::Answered { .. })), "{number}");
        let [MediaOrder::Apply { voice, .. }] = world.media.as_slice() else { panic!("{:?}", world.media) };
        assert_eq!(*voice, expected, "{number}");
    }
}

#[test]
fn some_cannot_be_had() {
    for (number, outcome, status) in [
        ("202", CallOutcome::Failed, 480),
        ("203", CallOutcome::Busy, 486),
        ("399", CallOutcome::Failed, 404),
        ("12", CallOutcome::Failed, 404),
    ] {
        let mut world = World::quiet();
        world.command(Command::Dial { target: number.into() });
        world.pass(secs(130));
        assert_eq!(world.end(), (outcome, Some(status)), "{number}");
    }
}

#[test]
fn nobody_calls_a_telephone_that_has_gone() {
    let mut world = World::playing(Plays::Endlessly, 1);
    world.command(Command::Unregister);
    world.events();
    world.pass(secs(100));
    assert_eq!(world.events(), []);
    world.command(Command::Register);
    world.pass(secs(2));
    assert!(world.events().iter().any(|event| matches!(event, Event::RingingIn { .. })), "they come again");
}

#[test]
fn an_hour_of_calls_leaves_nothing_behind() {
    let mut world = World::playing(Plays::Calls(300), 9);
    let mut rung = 0;
    let mut highest = 0;
    while rung < 300 {
        world.pass(secs(1));
        for event in world.events() {
            match event {
                Event::RingingIn { line, caller, .. } => {
                    rung += usize::from(caller.returned.is_none());
                    let target = ["201", "202", "203", "999"][rung % 4].to_owned();
                    world.command(Command::Answer { line });
                    world.command(Command::BlindTransfer { line, target });
                }
                Event::Returned { line } | Event::TransferFailed { line, .. } => {
                    world.command(Command::HangUp { line });
                }
                _ => {}
            }
        }
        world.media.clear();
        world.notes.clear();
        let load = world.pbx.load();
        highest = highest.max(load.calls + load.timers + load.sip.calls + load.sip.transactions);
    }
    assert!(highest < 200, "{highest} things remembered at a time");
    // Who was still passed on may have come back and wait.
    for line in [LINE, LineId(2)] {
        world.pass(secs(150));
        world.command(Command::HangUp { line });
    }
    world.pass(secs(40));
    let load = world.pbx.load();
    assert_eq!((load.calls, load.timers, load.sip.calls), (0, 0, 0), "{load:?}");
}

#[test]
fn what_is_foreign_gets_a_clear_answer_or_none() {
    let mut world = World::quiet();
    let request = |method: &str, uri: &str, more: &str| {
        format!(
            "{method} {uri} SIP/2.0\nVia: SIP/2.0/UDP {STRANGER};branch=z9hG4bK{method}{}\nMax-Forwards: 70\n\
             From: <sip:101@{PBX}>;tag=a\nTo: <sip:101@{PBX}>\nCall-ID: c-{method}{}\nCSeq: 1 {method}\n{more}\
             Content-Length: 0\n\n",
            more.len(),
            more.len()
        )
    };
    let pbx = format!("sip:{PBX}");
    assert_eq!(world.hears(&request("OPTIONS", &pbx, "")), [200]);
    assert_eq!(world.hears(&request("REGISTER", &pbx, "Contact: <sip:x@192.0.2.66>\n")), [401]);
    assert_eq!(world.hears(&request("INVITE", "sip:600@192.0.2.1", "")), [407]);
    assert_eq!(world.hears(&request("MESSAGE", &pbx, "")), [405]);
    assert_eq!(world.hears(&request("JUGGLE", &pbx, "")), [501]);
    assert_eq!(world.hears(&request("SUBSCRIBE", "sip:201@192.0.2.1", "Event: dialog\n")), [407]);
    assert_eq!(world.hears(&request("BYE", &pbx, "")), [481]);
    assert_eq!(world.hears(&request("ACK", &pbx, "")), [0; 0]);
    assert_eq!(world.hears("no SIP at all\n\n"), [0; 0]);
    assert_eq!(world.hears(&request("OPTIONS", &pbx, "Require: telepathy\n")), [420]);
    assert_eq!(world.hears(&request("REGISTER", &pbx, "Contact: nonsense\n")), [400]);
    assert_eq!(world.pbx.load().calls, 0);
}

#[test]
fn spoilt_messages_break_nothing() {
    let mut world = World::talking();
    world.command(Command::Hold { line: LINE });
    world.command(Command::BlindTransfer { line: LINE, target: "999".into() });
    world.pass(secs(2));
    world.command(Command::Dial { target: "600".into() });
    let originals = std::mem::take(&mut world.sent);
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let mut below = |limit: usize| rng.next_u32() as usize % limit.max(1);
    for _ in 0..3_000 {
        let mut bytes = originals[below(originals.len())].clone();
        for _ in 0..=below(3) {
            let at = below(bytes.len());
            let Some(byte) = bytes.get_mut(at) else { break };
            match below(3) {
                0 => *byte ^= 1 << below(8),
                1 => drop(bytes.drain(at..(at + below(20)).min(bytes.len()))),
                _ => bytes.truncate(at + 1),
            }
        }
        let from = address(if below(2) == 0 { TELEPHONE } else { STRANGER });
        world.pbx.handle_input(
            world.now,
            Received { transport: Transport::Udp, from, local: address(PBX), bytes },
        );
        // What it says to that is lost.
        world.drain_pbx();
        world.under_way.clear();
    }
    world.pass(secs(100));
    let mut after = World::quiet();
    std::mem::swap(&mut after.pbx, &mut world.pbx);
    after.now = world.now;
    after.command(Command::Register);
    after.command(Command::Dial { target: "600".into() });
    after.pass(secs(1));
    assert!(after.events().iter().any(|event| matches!(event, Event::Answered { .. })));
}

/// A telephone that first speaks to the manager: two calls, joined by REFER with Replaces (RFC 5589 §7).
#[test]
fn a_client_may_be_passed_on_with_a_word_beforehand() {
    let mut world = World::playing(Plays::Calls(1), 1);
    let mut agent = UserAgent::new(account("101", "pw-101"), [9; 32]);
    let mut heard = Vec::new();
    agent.register(world.now);
    let answer = |port: u16| {
        format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"
        )
        .into_bytes()
    };
    let (mut client, mut manager): (Option<CallKey>, Option<CallKey>) = (None, None);
    let mut referred = false;
    for _ in 0..400 {
        world.now = world.now + Duration::from_millis(50);
        agent.handle_timeout(world.now);
        world.pbx.handle_timeout(world.now);
        loop {
            let mut still = true;
            match agent.poll_output() {
                sip::Output::Send(sent) => {
                    let from = address(TELEPHONE);
                    let received =
                        Received { transport: Transport::Udp, from, local: sent.to, bytes: sent.bytes };
                    world.pbx.handle_input(world.now, received);
                    still = false;
                }
                sip::Output::Event(sip::Event::Invited { call, .. }) => {
                    agent.accept(world.now, call, answer(4800)).unwrap();
                    client = Some(call);
                    still = false;
                }
                sip::Output::Event(sip::Event::Confirmed { .. }) => {
                    let target = format!("sip:201@{PBX}").parse().unwrap();
                    manager = Some(agent.invite(world.now, target, Some(answer(4802))));
                    still = false;
                }
                sip::Output::Event(sip::Event::Accepted { call, .. }) if Some(call) == manager => {
                    referred = true
                }
                sip::Output::Event(sip::Event::Refer { progress, .. }) => heard.push(progress),
                sip::Output::Event(_) => still = false,
                sip::Output::Idle => {}
            }
            if std::mem::take(&mut referred) {
                agent.refer_replacing(world.now, client.unwrap(), manager.unwrap()).unwrap();
                still = false;
            }
            world.drain_pbx();
            while let Some((from, to, bytes)) = world.under_way.pop_front() {
                agent.handle_input(world.now, Received { transport: Transport::Udp, from, local: to, bytes });
                still = false;
            }
            if still {
                break;
            }
        }
    }
    let joined = |progress: &ReferProgress| matches!(progress, ReferProgress::Status { status, last: true, .. } if status.code() == 200);
    assert!(heard.iter().any(joined), "{heard:?}");
    assert!(world.notes.iter().any(|note| matches!(note, Note::Talks { .. })), "{:?}", world.notes);
    assert_eq!(world.pbx.load().calls, 0, "both legs are empty, and end");
}
