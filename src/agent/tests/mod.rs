//! The operator's desk against a PBX on paper, on virtual time.

mod handover;
mod office;
mod passing;
mod recording;
mod reminder;
mod voice;

use super::*;
use crate::desk_api::{ClientCard, Direction, Match, Outcome, TransferResult};
use crate::media::{Codec, EncoderSettings, StreamStats};
use crate::phone::test_pbx::{ALAW, Leg, TestPbx, alaw};
use crate::phone::{CallOutcome, IdentitySource, PbxBehaviour, Refusal};
use crate::sip::{Account, CallPolicy, Password, UserAgentConfig};
use crate::transmit::Transport;
use std::net::SocketAddr;
use std::time::Duration;

const LINE: LineId = LineId(1);

struct World {
    now: Instant,
    /// How far the clock on the wall has been set.
    set: jiff::SignedDuration,
    agent: Agent,
    pbx: TestPbx,
    contact: String,
    events: Vec<Event>,
    lookups: Vec<(LookupId, PhoneNumber)>,
    records: Vec<CallRecord>,
    handovers: Vec<Handover>,
    asks: Vec<HandoverAsk>,
    media: Vec<phone::MediaCommand>,
    tapes: Vec<(LineId, CallRecordId, TapeCommand)>,
    next_port: u16,
    gives_ports: bool,
    /// Of each call, at its end.
    last_figures: StreamStats,
}

impl World {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut AgentConfig)) -> Self {
        let pbx = TestPbx::new();
        let mut config = config(&pbx);
        change(&mut config);
        let now = Instant::START + Duration::from_secs(1);
        let mut world = Self {
            now,
            set: jiff::SignedDuration::ZERO,
            agent: Agent::new(now, config, [9; 32]),
            pbx,
            contact: String::new(),
            events: Vec::new(),
            lookups: Vec::new(),
            records: Vec::new(),
            handovers: Vec::new(),
            asks: Vec::new(),
            media: Vec::new(),
            tapes: Vec::new(),
            next_port: 4000,
            gives_ports: true,
            last_figures: StreamStats::default(),
        };
        world.give_port();
        world.intend(Intent::Register);
        let register = world.pbx.request("REGISTER");
        let contact = register.headers.first("Contact").unwrap();
        world.contact = contact.split(['<', '>']).nth(1).unwrap().to_owned();
        let granted = format!("Contact: <{}>;expires=60\r\n", world.contact);
        let reply = world.pbx.reply_with(&register, 200, &granted, None);
        world.hears(&reply);
        world.events.clear();
        world
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap() + self.now.since_start() + self.set
    }

    fn handle(&mut self, input: Input) {
        self.agent.handle(self.now, self.wall(), input);
        self.drain();
    }

    fn intend(&mut self, intent: Intent) {
        self.handle(Input::Intent(intent));
    }

    fn hears(&mut self, text: &str) {
        let datagram = self.pbx.datagram(text);
        self.handle(Input::Phone(phone::Input::Datagram(datagram)));
    }

    fn give_port(&mut self) {
        let local = SocketAddr::new(self.pbx.phone.ip(), self.next_port);
        self.next_port += 2;
        self.handle(Input::Phone(phone::Input::MediaPort(local)));
    }

    fn advance(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(next) = self.agent.next_deadline().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            self.agent.handle_timeout(self.now, self.wall());
            self.drain();
        }
        self.now = end;
    }

    fn drain(&mut self) {
        loop {
            match self.agent.poll_effect() {
                Effect::Send(transmit) => self.pbx.take(&transmit),
                Effect::Media(phone::MediaCommand::TakePort) if self.gives_ports => self.give_port(),
                Effect::Media(phone::MediaCommand::Stop { line, .. }) => {
                    let stats = self.last_figures.clone();
                    self.handle(Input::Phone(phone::Input::StreamStats { line, stats }));
                }
                Effect::Media(command) => self.media.push(command),
                Effect::LookUp { lookup, number } => self.lookups.push((lookup, number)),
                Effect::HandOver(handover) => self.handovers.push(*handover),
                Effect::AskHandovers { ask, .. } => self.asks.push(ask),
                Effect::Record(record) => self.records.push(*record),
                Effect::Tape { line, id, command } => self.tapes.push((line, id, command)),
                Effect::Event(event) => self.events.push(event),
                Effect::Idle => return,
            }
        }
    }

    fn ring(&mut self, headers: &str) -> (Leg, String) {
        let contact = self.contact.clone();
        let (mut leg, invite) = self.pbx.invite(&contact, headers, Some(ALAW));
        self.hears(&invite);
        if self.pbx.seen().contains(&"180".to_owned()) {
            leg.follow(&self.pbx.response(180));
        }
        (leg, invite)
    }

    fn talk(&mut self) -> Leg {
        let (mut leg, _) = self.ring("");
        self.intend(Intent::Answer { line: LINE });
        leg.follow(&self.pbx.response(200));
        let ack = self.pbx.ack(&leg, None);
        self.hears(&ack);
        leg
    }

    fn hang_up_theirs(&mut self, leg: &mut Leg) {
        let bye = self.pbx.ask(leg, "BYE", "", None);
        self.hears(&bye);
    }

    /// A blind transfer to 201, whose REFER was taken.
    fn refer(&mut self) {
        self.intend(Intent::BlindTransfer { line: LINE, target: "201".into() });
        let hold = self.pbx.request("INVITE");
        let held = self.pbx.reply(&hold, 200, Some(&alaw(8, "recvonly")));
        self.hears(&held);
        let refer = self.pbx.request("REFER");
        let taken = self.pbx.reply(&refer, 202, None);
        self.hears(&taken);
    }

    fn notify(&mut self, leg: &mut Leg, status_line: &str) {
        let notify = self.pbx.notify(leg, status_line, "terminated;reason=noresource");
        self.hears(&notify);
    }

    /// The desk or the cache answers the last look-up.
    fn answer_lookup(&mut self, answer: CardAnswer) {
        let lookup = self.lookups.last().unwrap().0;
        self.handle(Input::Card { lookup, answer });
    }

    fn cards(&self) -> Vec<Card> {
        let card = |event: &Event| match event {
            Event::Card { card, .. } => Some(card.clone()),
            _ => None,
        };
        self.events.iter().filter_map(card).collect()
    }

    /// The entry that the desk keeps in the end: revisions without gap, nothing but one id.
    #[track_caller]
    fn the_entry(&self) -> CallRecord {
        let revisions: Vec<u32> = self.records.iter().map(|record| record.revision).collect();
        let wanted: Vec<u32> = (1..).take(revisions.len()).collect();
        assert_eq!(revisions, wanted);
        let first = self.records.first().expect("an entry").id;
        assert!(self.records.iter().all(|record| record.id == first), "one entry per call");
        self.records.last().unwrap().clone()
    }
}

fn config(pbx: &TestPbx) -> AgentConfig {
    AgentConfig {
        phone: PhoneConfig {
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
                    expires: Duration::from_secs(60),
                },
                transport: Transport::Udp,
                server: pbx.address,
                local: pbx.phone,
                user_agent: "Patchcord".into(),
                max_calls: 1,
                calls: CallPolicy::default(),
            },
            codecs: vec![Codec::Pcma],
            codecs_poor_network: Vec::new(),
            opus: EncoderSettings::default(),
            identity_order: vec![IdentitySource::Asserted, IdentitySource::From],
            name_prefixes: vec!["Sales:".into()],
            pbx: PbxBehaviour::default(),
            auto_answer: false,
            register: false,
        },
        numbering: NumberingPlan::russia(),
        look_up_withheld: false,
        has_desk: true,
        client_in_name: true,
        operator: "anna".into(),
        office: OfficeCodes::default(),
        recording: None,
        hold_reminder: None,
    }
}

fn client(name: &str) -> ClientCard {
    let json = serde_json::json!({
        "id": uuid::Uuid::from_bytes([u8::try_from(name.len()).unwrap(); 16]),
        "name": name,
        "client_type": { "id": "market", "names": { "en": "Market" } },
        "standing": { "currency": "RUB" },
    });
    serde_json::from_value(json).unwrap()
}

fn found(names: &[&str], source: Source) -> CardAnswer {
    let clients = names.iter().map(|name| client(name)).collect();
    CardAnswer::Found { clients, source, age: Duration::ZERO }
}

const DOWN: CardAnswer = CardAnswer::Unavailable { why: Unavailable::Down };

#[test]
fn the_number_is_looked_up_the_moment_it_rings() {
    let mut world = World::new();
    world.ring("");
    let numbers: Vec<String> = world.lookups.iter().map(|(_, number)| number.to_string()).collect();
    assert_eq!(numbers, ["+79161234567"]);
    let [Event::Phone(phone::Event::RingingIn { line: LINE, .. }), Event::Recorded { line: LINE, id }] =
        world.events[..]
    else {
        panic!("{:?}", world.events)
    };
    assert_eq!(world.agent.view().lines[&LINE].record, Some(id), "orders of this call name it");
}

#[test]
fn the_card_says_how_long_it_took() {
    let mut world = World::new();
    world.ring("");
    world.advance(Duration::from_millis(30));
    world.answer_lookup(found(&["Romashka"], Source::Desk));
    let cards = world.cards();
    assert_eq!(cards.len(), 1);
    assert_eq!((cards[0].matched(), cards[0].took), (Match::One, Duration::from_millis(30)));
    assert_eq!(world.agent.view().lines[&LINE].card.as_ref(), cards.first());
}

#[test]
fn the_cache_speaks_first_and_the_desk_corrects_it() {
    let mut world = World::new();
    world.ring("");
    world.answer_lookup(found(&["Romashka"], Source::Cache));
    world.answer_lookup(found(&["Romashka", "Vasilek"], Source::Desk));
    world.answer_lookup(found(&["Nobody"], Source::Desk));
    let matched: Vec<Match> = world.cards().iter().map(Card::matched).collect();
    assert_eq!(matched, [Match::One, Match::Many], "the desk speaks once");
}

#[test]
fn a_late_cache_does_not_overrule_the_desk() {
    let mut world = World::new();
    world.ring("");
    world.answer_lookup(found(&[], Source::Desk));
    world.answer_lookup(found(&["Romashka"], Source::Cache));
    let matched: Vec<Match> = world.cards().iter().map(Card::matched).collect();
    assert_eq!(matched, [Match::None]);
}

#[test]
fn a_card_for_a_call_that_is_over_is_dropped() {
    let mut world = World::new();
    let (leg, invite) = world.ring("");
    let cancel = world.pbx.cancel(&leg, &invite, "");
    world.hears(&cancel);
    world.answer_lookup(found(&["Romashka"], Source::Desk));
    assert_eq!(world.cards(), []);
    // Not even when the next call has the same line.
    world.ring("");
    let first = world.lookups[0].0;
    world.handle(Input::Card { lookup: first, answer: found(&["Romashka"], Source::Desk) });
    assert_eq!(world.cards(), []);
}

#[test]
fn an_unknown_look_up_is_dropped() {
    let mut world = World::new();
    world.ring("");
    world.handle(Input::Card { lookup: LookupId(99), answer: found(&["Romashka"], Source::Desk) });
    assert_eq!(world.cards(), []);
}

#[test]
fn the_call_goes_on_without_the_desk() {
    let mut world = World::new();
    world.talk();
    world.answer_lookup(DOWN);
    assert_eq!(world.cards()[0].matched(), Match::Unavailable);
    assert!(world.events.iter().any(|e| matches!(e, Event::Phone(phone::Event::Answered { .. }))));
}

#[test]
fn what_the_cache_knew_outlives_a_desk_that_fails() {
    let mut world = World::new();
    let mut leg = world.talk();
    world.answer_lookup(found(&["Romashka"], Source::Cache));
    world.answer_lookup(DOWN);
    let card = world.agent.view().lines[&LINE].card.clone().unwrap();
    assert_eq!(card.matched(), Match::One);
    world.hang_up_theirs(&mut leg);
    let entry = world.the_entry();
    assert_eq!((entry.matched, entry.client), (Some(Match::One), Some(client("Romashka").id)));
}

#[test]
fn the_operator_says_which_of_several_clients_it_is() {
    let mut world = World::new();
    world.ring("");
    world.answer_lookup(found(&["Romashka", "Vasilek"], Source::Cache));
    let chosen = client("Vasilek").id;
    world.intend(Intent::ChooseClient { line: LINE, client: chosen });
    assert_eq!(world.agent.view().lines[&LINE].chosen, Some(chosen));
    assert_eq!(world.the_entry().client, Some(chosen));
    world.answer_lookup(found(&["Romashka", "Vasilek", "Zakat"], Source::Desk));
    world.intend(Intent::Answer { line: LINE });
    assert_eq!(world.the_entry().client, Some(chosen), "the desk's later word leaves it so");
    assert_eq!(world.agent.view().lines[&LINE].chosen, Some(chosen));
}

#[test]
fn a_choice_that_the_desk_does_not_know_does_not_hold() {
    let mut world = World::new();
    world.ring("");
    world.answer_lookup(found(&["Romashka", "Vasilek"], Source::Cache));
    world.intend(Intent::ChooseClient { line: LINE, client: client("Vasilek").id });
    world.answer_lookup(found(&["Romashka", "Zakat"], Source::Desk));
    world.intend(Intent::Answer { line: LINE });
    assert_eq!(world.the_entry().client, None);
    assert_eq!(world.agent.view().lines[&LINE].chosen, None);
}

/// The operator has written down who it is, and the desk knows them by now.
#[test]
fn a_caller_whom_the_desk_gets_to_know_in_the_call_is_the_client_of_the_entry() {
    let mut world = World::new();
    let mut leg = world.talk();
    world.answer_lookup(found(&[], Source::Desk));
    world.intend(Intent::LookUp { line: LINE });
    world.answer_lookup(found(&["Novichok"], Source::Desk));
    world.hang_up_theirs(&mut leg);
    let entry = world.the_entry();
    assert_eq!((entry.matched, entry.client), (Some(Match::One), Some(client("Novichok").id)));
    // Nobody rings there: nothing to ask.
    let asked = world.lookups.len();
    world.intend(Intent::LookUp { line: LINE });
    assert_eq!(world.lookups.len(), asked);
}

#[test]
fn only_somebody_on_the_card_can_be_chosen() {
    let mut world = World::new();
    world.ring("");
    world.answer_lookup(found(&["Romashka", "Vasilek"], Source::Desk));
    world.intend(Intent::ChooseClient { line: LINE, client: client("Somebody else").id });
    assert_eq!(world.refusals(), [(Some(LINE), Refusal::WrongState)]);
    world.intend(Intent::ChooseClient { line: LineId(2), client: client("Romashka").id });
    assert_eq!(world.refusals()[1..], [(Some(LineId(2)), Refusal::NoSuchLine)]);
    assert_eq!(world.records.len(), 1);
}

impl World {
    fn refusals(&self) -> Vec<(Option<LineId>, Refusal)> {
        let refusal = |event: &Event| match event {
            Event::Phone(phone::Event::Refused { line, why }) => Some((*line, *why)),
            _ => None,
        };
        self.events.iter().filter_map(refusal).collect()
    }

    fn conclude(&mut self, leg: &Leg, result: &str) {
        self.intend(Intent::Conclude { call_id: leg.call_id().to_owned(), result: result.to_owned() });
    }
}

#[test]
fn what_a_call_came_to_is_said_during_it_or_afterwards() {
    let mut world = World::new();
    let mut leg = world.talk();
    world.conclude(&leg, "information");
    assert_eq!(world.the_entry().result.as_deref(), Some("information"));
    world.hang_up_theirs(&mut leg);
    let entry = world.the_entry();
    assert_eq!((entry.result.as_deref(), entry.outcome), (Some("information"), Some(Outcome::Completed)));
    world.conclude(&leg, "passed_on");
    let entry = world.the_entry();
    assert_eq!((entry.result.as_deref(), entry.outcome), (Some("passed_on"), Some(Outcome::Completed)));
}

#[test]
fn a_result_may_follow_for_the_last_32_calls() {
    let mut world = World::new();
    let mut legs = Vec::new();
    for _ in 0..33 {
        let mut leg = world.talk();
        world.hang_up_theirs(&mut leg);
        world.pbx.forget();
        legs.push(leg);
    }
    world.records.clear();
    world.conclude(&legs[1], "passed_on");
    let entry = world.records.pop().unwrap();
    assert_eq!((entry.call_id.as_str(), entry.result.as_deref()), (legs[1].call_id(), Some("passed_on")));
    world.conclude(&legs[0], "passed_on");
    assert_eq!(world.refusals(), [(None, Refusal::NoSuchLine)]);
    world.conclude(&legs[1], "Passed on!");
    assert_eq!(world.refusals()[1..], [(None, Refusal::WrongState)]);
    assert_eq!(world.records, []);
}

#[test]
fn a_telephone_that_is_to_know_nobody_any_more_forgets_the_calls_that_are_over() {
    let mut world = World::new();
    let mut leg = world.talk();
    world.hang_up_theirs(&mut leg);
    world.handle(Input::Forget);
    world.conclude(&leg, "passed_on");
    assert_eq!(world.refusals(), [(None, Refusal::NoSuchLine)]);
}

#[test]
fn the_view_shows_who_is_in_a_conference() {
    let mut world = World::with(|config| config.phone.sip.max_calls = 2);
    let second = LineId(2);
    let mut leg = world.talk();
    world.pbx.forget();
    world.ring("");
    world.intend(Intent::Answer { line: second });
    world.intend(Intent::Conference { on: true });
    for _ in [Intent::Hold { line: LINE }, Intent::Resume { line: LINE }] {
        let reinvite = world.pbx.request("INVITE");
        let reply = world.pbx.reply(&reinvite, 200, Some(ALAW));
        world.hears(&reply);
    }
    assert_eq!(world.agent.view().conference, Some([LINE, second]));
    world.hang_up_theirs(&mut leg);
    assert_eq!(world.agent.view().conference, None);
}

#[test]
fn the_view_shows_a_break_and_a_microphone_that_is_off() {
    let mut world = World::new();
    assert!(world.agent.view().taking_calls && !world.agent.view().muted);
    let mut leg = world.talk();
    world.intend(Intent::Mute { on: true });
    world.intend(Intent::TakeCalls { on: false });
    assert!(!world.agent.view().taking_calls && world.agent.view().muted);
    world.hang_up_theirs(&mut leg);
    assert!(!world.agent.view().muted);
    world.records.clear();
    world.ring("");
    let busy = world.records.pop().unwrap();
    assert_eq!((busy.outcome, busy.status), (Some(Outcome::Busy), Some(486)));
}

#[test]
fn short_numbers_are_not_looked_up() {
    let mut world = World::new();
    world.ring("P-Asserted-Identity: <sip:102@192.0.2.1>\r\n");
    assert_eq!(world.lookups, []);
    assert_eq!(world.records[0].caller.written.as_deref(), Some("102"));
}

#[test]
fn withheld_numbers_are_neither_looked_up_nor_recorded() {
    let headers = "Privacy: id\r\nP-Asserted-Identity: <sip:+79160000001@192.0.2.1>\r\n";
    let mut world = World::new();
    world.ring(headers);
    assert_eq!(world.lookups, []);
    let caller = &world.records[0].caller;
    assert!(caller.withheld && caller.written.is_none() && caller.number.is_none());

    let mut world = World::with(|config| config.look_up_withheld = true);
    world.ring(headers);
    assert_eq!(world.lookups[0].1.to_string(), "+79160000001");
}

const COLLEAGUE: &str = "P-Asserted-Identity: \"Boris\" <sip:102@192.0.2.1>\r\n";
const CLIENT: &str = "P-Asserted-Identity: \"Anna\" <sip:+74957778899@192.0.2.1>\r\n";

impl World {
    /// Somebody else is at the far end.
    fn update(&mut self, leg: &mut Leg, headers: &str) {
        let update = self.pbx.ask(leg, "UPDATE", headers, None);
        self.hears(&update);
    }

    fn connected(&self) -> usize {
        let told = |event: &&Event| matches!(event, Event::Phone(phone::Event::ConnectedTo { .. }));
        self.events.iter().filter(told).count()
    }

    fn shown(&self) -> Option<Match> {
        self.agent.view().lines[&LINE].card.as_ref().map(Card::matched)
    }
}

#[test]
fn the_card_and_the_entry_are_the_clients_whom_a_colleague_passes_on() {
    let mut world = World::new();
    let (mut leg, _) = world.ring(COLLEAGUE);
    world.intend(Intent::Answer { line: LINE });
    leg.follow(&world.pbx.response(200));
    assert_eq!(world.lookups, [], "a colleague is not looked up");
    world.update(&mut leg, CLIENT);
    assert_eq!(world.lookups[0].1.to_string(), "+74957778899");
    assert_eq!(world.records.last().unwrap().caller.written.as_deref(), Some("+74957778899"));
    world.answer_lookup(found(&["Vesna"], Source::Desk));
    let view = &world.agent.view().lines[&LINE];
    assert_eq!(view.caller.as_ref().unwrap().name.as_deref(), Some("Anna"));
    assert_eq!(world.cards().len(), 1);
    world.hang_up_theirs(&mut leg);
    let entry = world.the_entry();
    assert_eq!((entry.matched, entry.client), (Some(Match::One), Some(client("Vesna").id)));
    assert_eq!((entry.direction, entry.caller.name.as_deref()), (Direction::Inbound, Some("Anna")));
}

#[test]
fn a_parked_client_is_the_client_of_the_call_to_the_parking_place() {
    let mut world = World::new();
    world.intend(Intent::Dial { target: "801".into() });
    let invite = world.pbx.request("INVITE");
    let ok = world.pbx.reply_with(&invite, 200, CLIENT, Some(ALAW));
    world.hears(&ok);
    world.answer_lookup(found(&["Vesna"], Source::Desk));
    world.intend(Intent::HangUp { line: LINE });
    let entry = world.the_entry();
    assert_eq!(
        (entry.direction, entry.called.written.as_deref()),
        (Direction::Outbound, Some("+74957778899"))
    );
    assert_eq!(entry.client, Some(client("Vesna").id));
}

#[test]
fn the_card_of_an_earlier_party_is_not_shown_for_a_later_one() {
    let mut world = World::new();
    let mut leg = world.talk();
    let earlier = world.lookups[0].0;
    world.answer_lookup(found(&["Romashka"], Source::Cache));
    assert_eq!(world.shown(), Some(Match::One));
    world.update(&mut leg, CLIENT);
    assert_eq!(world.shown(), None, "this is somebody else");
    world.handle(Input::Card { lookup: earlier, answer: found(&["Romashka"], Source::Desk) });
    assert_eq!((world.shown(), world.cards().len()), (None, 1), "the late card is dropped");
    world.answer_lookup(found(&["Vesna"], Source::Desk));
    assert_eq!(world.shown(), Some(Match::One));
}

#[test]
fn a_colleague_at_the_far_end_has_no_card_and_leaves_the_entry_to_the_client() {
    let mut world = World::new();
    let mut leg = world.talk();
    world.answer_lookup(found(&["Romashka"], Source::Desk));
    world.update(&mut leg, COLLEAGUE);
    assert_eq!((world.lookups.len(), world.shown()), (1, None));
    world.hang_up_theirs(&mut leg);
    let entry = world.the_entry();
    assert_eq!(entry.caller.written.as_deref(), Some("+79161234567"));
    assert_eq!(entry.client, Some(client("Romashka").id));
}

#[test]
fn an_outside_number_gives_way_only_to_a_client_whom_the_desk_knows() {
    let answers = [
        (found(&["Vesna"], Source::Desk), "+74957778899", Some(client("Vesna").id)),
        (found(&[], Source::Desk), "+79161234567", Some(client("Romashka").id)),
        (found(&["Vesna", "Leto"], Source::Desk), "+79161234567", Some(client("Romashka").id)),
        (DOWN, "+79161234567", Some(client("Romashka").id)),
    ];
    for (answer, number, client) in answers {
        let mut world = World::new();
        let mut leg = world.talk();
        world.answer_lookup(found(&["Romashka"], Source::Desk));
        world.update(&mut leg, CLIENT);
        world.answer_lookup(answer);
        world.hang_up_theirs(&mut leg);
        let entry = world.the_entry();
        assert_eq!((entry.caller.written.as_deref(), entry.client), (Some(number), client));
    }
}

#[test]
fn the_same_number_written_in_another_way_is_nobody_new() {
    let mut world = World::new();
    let mut leg = world.talk();
    world.answer_lookup(found(&["Romashka"], Source::Desk));
    world.update(&mut leg, "P-Asserted-Identity: <sip:89161234567@192.0.2.1>\r\n");
    assert_eq!((world.connected(), world.lookups.len(), world.records.len()), (0, 1, 2));
    assert_eq!(world.shown(), Some(Match::One));
    world.update(&mut leg, "P-Asserted-Identity: \"Petr\" <sip:89161234567@192.0.2.1>\r\n");
    assert_eq!((world.connected(), world.lookups.len()), (1, 1), "but the name is news");
    assert_eq!(world.shown(), Some(Match::One), "and the card stays");
    assert_eq!(world.records.last().unwrap().caller.name.as_deref(), Some("Petr"));
}

#[test]
fn without_a_desk_nothing_is_asked_or_recorded() {
    let mut world = World::with(|config| config.has_desk = false);
    let mut leg = world.talk();
    world.hang_up_theirs(&mut leg);
    assert!(world.lookups.is_empty() && world.records.is_empty());
}

#[test]
fn an_answered_call_is_one_entry_from_ringing_to_result() {
    let mut world = World::new();
    let begun = world.wall();
    let mut leg = world.talk();
    world.answer_lookup(found(&["Romashka"], Source::Desk));
    world.advance(Duration::from_secs(42));
    world.hang_up_theirs(&mut leg);
    let entry = world.the_entry();
    assert_eq!(entry.direction, Direction::Inbound);
    assert_eq!((entry.operator.as_str(), entry.line), ("anna", Some(1)));
    assert_eq!(entry.call_id, leg.call_id());
    assert_eq!(entry.caller.written.as_deref(), Some("+79161234567"));
    assert_eq!(entry.caller.name.as_deref(), Some("Ivan Petrov"));
    assert_eq!((entry.matched, entry.client), (Some(Match::One), Some(client("Romashka").id)));
    assert_eq!(entry.started_at, begun);
    assert_eq!(entry.answered_at, Some(begun));
    assert_eq!(entry.ended_at, Some(begun + Duration::from_secs(42)));
    assert_eq!(entry.outcome, Some(Outcome::Completed));
    assert_eq!(world.records.len(), 3, "ringing, answered, ended");
}

#[test]
fn a_clock_that_is_set_during_a_call_does_not_change_how_long_it_was() {
    for hours in [-24, 24] {
        let mut world = World::new();
        let begun = world.wall();
        let mut leg = world.talk();
        world.set = jiff::SignedDuration::from_hours(hours);
        world.advance(Duration::from_secs(42));
        world.hang_up_theirs(&mut leg);
        let entry = world.the_entry();
        assert_eq!((entry.started_at, entry.ended_at), (begun, Some(begun + Duration::from_secs(42))));
    }
}

#[test]
fn a_missed_call_is_in_the_register() {
    let mut world = World::new();
    let (leg, invite) = world.ring("");
    let cancel = world.pbx.cancel(&leg, &invite, "");
    world.hears(&cancel);
    let entry = world.the_entry();
    assert_eq!((entry.outcome, entry.answered_at), (Some(Outcome::Missed), None));
}

#[test]
fn a_second_call_is_an_entry_of_its_own() {
    let mut world = World::new();
    let mut leg = world.talk();
    world.records.clear();
    world.ring("");
    let second = world.records.pop().unwrap();
    assert_eq!(world.records, []);
    assert_eq!((second.revision, second.line, second.status), (1, None, Some(486)));
    assert_eq!((second.outcome, second.ended_at), (Some(Outcome::Busy), Some(second.started_at)));
    assert_eq!(second.caller.written.as_deref(), Some("+79161234567"));
    world.hang_up_theirs(&mut leg);
    assert_ne!(world.records.last().unwrap().id, second.id);
    assert_eq!(world.records.last().unwrap().outcome, Some(Outcome::Completed));
}

#[test]
fn entries_have_ids_of_their_own() {
    let mut world = World::new();
    for _ in 0..3 {
        let mut leg = world.talk();
        world.hang_up_theirs(&mut leg);
    }
    let mut ids: Vec<_> = world.records.iter().map(|record| record.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| id.0.get_version_num() == 7));
}

#[test]
fn steps_of_a_transfer_are_in_the_register() {
    let mut world = World::new();
    let mut leg = world.talk();
    world.refer();
    world.advance(Duration::from_secs(2));
    world.notify(&mut leg, "SIP/2.0 404 Not Found");
    let resume = world.pbx.request("INVITE");
    let resumed = world.pbx.reply(&resume, 200, Some(&alaw(9, "sendrecv")));
    world.hears(&resumed);
    world.refer();
    world.notify(&mut leg, "SIP/2.0 200 OK");
    let entry = world.the_entry();
    let steps: Vec<_> =
        entry.transfers.iter().map(|s| (s.target.as_str(), s.result, s.status, s.seconds)).collect();
    assert_eq!(
        steps,
        [
            ("201", Some(TransferResult::Kept), Some(404), Some(2)),
            ("201", Some(TransferResult::HandedOver), Some(200), Some(0)),
        ]
    );
    assert_eq!(entry.outcome, Some(Outcome::Completed));
}

#[test]
fn a_lost_client_is_in_the_register() {
    let mut world = World::new();
    let mut leg = world.talk();
    world.refer();
    world.notify(&mut leg, "SIP/2.0 486 Busy Here");
    let entry = world.the_entry();
    assert_eq!(entry.transfers[0].result, Some(TransferResult::Lost));
    assert_eq!((entry.outcome, entry.status), (Some(Outcome::Failed), None));
    assert_eq!(entry.transfers[0].status, Some(486));
}

#[test]
fn a_late_word_corrects_the_register() {
    let mut world = World::new();
    let mut leg = world.talk();
    world.refer();
    world.advance(Duration::from_secs(10));
    assert_eq!(world.the_entry().transfers[0].result, Some(TransferResult::Unknown));
    world.notify(&mut leg, "SIP/2.0 200 OK");
    assert_eq!(world.the_entry().transfers[0].result, Some(TransferResult::HandedOver));
}

/// The first call's Call-ID gives the transfer its name.
fn gives_back(world: &World) -> String {
    let id = crate::sip::transfer_id(&world.records[0].call_id);
    format!("X-Patchcord-Return: {id};reason=busy;target=201\r\n")
}

#[test]
fn a_client_whom_the_pbx_gives_back_is_the_same_client_and_the_step_was_for_nothing() {
    let mut world = World::new();
    let mut leg = world.talk();
    let clients = found(&["Anna", "Boris"], Source::Desk);
    let chosen = client("Boris").id;
    world.answer_lookup(clients.clone());
    world.intend(Intent::ChooseClient { line: LINE, client: chosen });
    world.refer();
    world.notify(&mut leg, "SIP/2.0 200 OK");
    let first = world.the_entry();
    assert_eq!(first.transfers[0].result, Some(TransferResult::HandedOver));

    let headers = gives_back(&world);
    let (mut back, _) = world.ring(&headers);
    let left = world.records.iter().rfind(|record| record.id == first.id).unwrap();
    assert_eq!((left.transfers[0].result, left.revision), (Some(TransferResult::Kept), first.revision + 1));
    world.answer_lookup(clients);
    world.intend(Intent::Answer { line: LINE });
    assert_eq!(world.agent.view().lines[&LINE].chosen, Some(chosen), "the operator is not asked again");
    back.follow(&world.pbx.response(200));
    let ack = world.pbx.ack(&back, None);
    world.hears(&ack);
    assert_eq!(world.records.last().unwrap().client, Some(chosen));
}

#[test]
fn a_client_who_is_back_before_the_pbx_says_that_it_had_taken_him_was_kept() {
    let mut world = World::with(|config| config.phone.sip.max_calls = 2);
    let mut leg = world.talk();
    world.refer();
    let headers = gives_back(&world);
    world.ring(&headers);
    world.notify(&mut leg, "SIP/2.0 200 OK");
    let first = world.records[0].id;
    let left = world.records.iter().rfind(|record| record.id == first).unwrap();
    assert_eq!(left.transfers[0].result, Some(TransferResult::Kept));
    assert_eq!(left.outcome, Some(Outcome::Completed));
}

#[test]
fn a_return_of_a_transfer_that_nobody_knows_is_a_call_like_others() {
    let mut world = World::new();
    world.ring("X-Patchcord-Return: 0123456789abcdef;reason=busy;target=201\r\n");
    assert!(!world.events.iter().any(|event| matches!(event, Event::ClientChosen { .. })));
    assert_eq!(world.records.len(), 1);
}

#[test]
fn typed_numbers_go_out_by_the_dialling_rules() {
    let mut world = World::new();
    world.intend(Intent::Dial { target: "8 (916) 123-45-67 доб. 123".into() });
    let invite = world.pbx.request("INVITE");
    assert_eq!(invite.uri.user.as_deref(), Some("+79161234567"));
    assert_eq!(world.lookups[0].1.to_string(), "+79161234567");
    let record = &world.records[0];
    assert_eq!(record.direction, Direction::Outbound);
    assert_eq!(record.called.written.as_deref(), Some("8 (916) 123-45-67 доб. 123"));
    assert_eq!(record.called.number.map(|n| n.to_string()).as_deref(), Some("+79161234567"));
    assert_eq!(record.caller.written.as_deref(), Some("operator1"));
    let ok = world.pbx.reply(&invite, 200, Some(ALAW));
    world.hears(&ok);
    let digits = |command: &phone::MediaCommand| match command {
        phone::MediaCommand::Digits { digits, .. } => Some(digits.clone()),
        _ => None,
    };
    assert_eq!(world.media.iter().filter_map(digits).collect::<Vec<_>>(), ["123"], "after the answer");
}

#[test]
fn extensions_are_dialled_as_typed_and_not_looked_up() {
    let mut world = World::new();
    world.intend(Intent::Dial { target: "600".into() });
    assert_eq!(world.pbx.request("INVITE").uri.user.as_deref(), Some("600"));
    assert_eq!(world.lookups, []);
}

#[test]
fn addresses_go_out_as_typed() {
    for typed in ["sip:200@other.example", "200@other.example"] {
        let mut world = World::new();
        world.intend(Intent::Dial { target: typed.into() });
        assert_eq!(world.pbx.request("INVITE").uri.to_string(), "sip:200@other.example", "{typed}");
    }
}

#[test]
fn what_cannot_be_dialled_is_refused() {
    let mut world = World::new();
    for typed in ["", "иван петров", "sip:", "200@"] {
        world.events.clear();
        world.intend(Intent::Dial { target: typed.into() });
        let refused = Event::Phone(phone::Event::Refused { line: None, why: Refusal::BadTarget });
        assert_eq!(world.events, [refused], "{typed}");
    }
    assert!(world.records.is_empty() && !world.pbx.has("INVITE"));
}

#[test]
fn managers_outside_are_reached_by_the_dialling_rules() {
    let mut world = World::new();
    world.talk();
    world.intend(Intent::BlindTransfer { line: LINE, target: "8 916 765-43-21".into() });
    let hold = world.pbx.request("INVITE");
    let held = world.pbx.reply(&hold, 200, Some(&alaw(8, "recvonly")));
    world.hears(&held);
    let refer = world.pbx.request("REFER");
    assert!(refer.headers.first("Refer-To").unwrap().contains("+79167654321"));
}

#[test]
fn the_view_follows_the_call() {
    let mut world = World::new();
    assert!(matches!(world.agent.view().registration, Registration::Registered { .. }));
    let (mut leg, _) = world.ring("");
    assert_eq!(world.agent.view().lines[&LINE].state, LineState::Ringing);
    world.intend(Intent::Answer { line: LINE });
    leg.follow(&world.pbx.response(200));
    let ack = world.pbx.ack(&leg, None);
    world.hears(&ack);
    assert_eq!(world.agent.view().lines[&LINE].state, LineState::Talking);
    world.refer();
    let view = &world.agent.view().lines[&LINE];
    assert!(view.held_by_us && view.in_transfer.is_some());
    world.hang_up_theirs(&mut leg);
    assert!(world.agent.view().lines.is_empty());
}

#[test]
fn outcomes_are_the_same_words_in_event_and_register() {
    let mut world = World::new();
    world.ring("");
    world.intend(Intent::Reject { line: LINE, status: 486 });
    let outcome = world.events.iter().find_map(|event| match event {
        Event::Phone(phone::Event::Ended { outcome, .. }) => Some(*outcome),
        _ => None,
    });
    assert_eq!(outcome, Some(CallOutcome::Refused));
    assert_eq!(world.the_entry().outcome, Some(Outcome::Refused));
}

#[test]
fn logs_hold_no_numbers() {
    let intent = Intent::Dial { target: "+79161234567".into() };
    assert!(!format!("{intent:?}").contains("7916"));
    let mut world = World::new();
    world.ring("");
    let debug = format!("{:?} {:?} {:?}", world.events, world.records, world.agent.view());
    assert!(!debug.contains("79161234567") && !debug.contains("Petrov"), "{debug}");
}

#[test]
fn a_client_whom_the_far_end_sends_us_to_is_looked_up_and_has_an_entry_of_their_own() {
    let mut world = World::with(|config| {
        config.phone.sip.max_calls = 2;
        config.phone.sip.calls.take_refers = true;
    });
    let mut leg = world.talk();
    world.lookups.clear();
    world.records.clear();
    let refer = world.pbx.ask(&mut leg, "REFER", "Refer-To: <sip:89161230000@192.0.2.1>\r\n", None);
    world.hears(&refer);
    let numbers: Vec<String> = world.lookups.iter().map(|(_, number)| number.to_string()).collect();
    assert_eq!(numbers, ["+79161230000"]);
    let entry = world.the_entry();
    assert_eq!((entry.direction, entry.line), (Direction::Outbound, Some(2)));
    assert_eq!(entry.called.written.as_deref(), Some("89161230000"));
    assert_eq!(entry.called.number.map(|number| number.to_string()).as_deref(), Some("+79161230000"));
}
