//! A client goes through a chain: somebody has the client at every moment, and the register knows each step.

use super::office::{code, office};
use super::*;
use crate::domain::chain::{
    ChainOrder, ChainStep, ChainTarget, Pick, StepKind, StepRole, TransferChain, WhenBusy,
};
use crate::domain::line_state::LineState;
use crate::phone::test_pbx::alaw;
use crate::sip::message::Request;

fn target(extension: &str) -> ChainTarget {
    ChainTarget {
        person: None,
        name: format!("name of {extension}"),
        extension: extension.into(),
        stands_in_for: None,
    }
}

fn step(role: StepRole, extensions: &[&str]) -> ChainStep {
    ChainStep {
        role,
        kind: StepKind::Person,
        targets: extensions.iter().map(|extension| target(extension)).collect(),
        pick: Pick::InOrder,
        ring_seconds: 15,
        when_busy: WhenBusy::Skip,
        confirm: false,
        passed_over: vec![],
    }
}

/// Duty 4: the own manager, any key account manager, the head of wholesale.
fn chain() -> TransferChain {
    TransferChain {
        rule: "key clients".into(),
        order: ChainOrder::InOrder,
        steps: vec![
            step(StepRole::OwnManager, &["201"]),
            step(StepRole::AnyManager { serves: None }, &["202"]),
            step(StepRole::Head { department: None }, &["302"]),
        ],
        total_seconds: 60,
    }
}

/// Target, why, result and status.
type Step = (String, Option<String>, Option<TransferResult>, Option<u16>);

impl World {
    /// A key client, who goes through this chain; the call to the first target.
    fn passing(&mut self, chain: TransferChain) -> (Leg, Request) {
        let client = self.talk();
        self.pbx.forget();
        self.events.clear();
        self.intend(Intent::PassOn { line: LINE, chain: Box::new(chain) });
        let first = self.pbx.request("INVITE");
        let (call, hold) = match first.headers.first("To").unwrap().contains("tag=") {
            true => (self.pbx.request("INVITE"), first),
            false => (first, self.pbx.request("INVITE")),
        };
        let held = self.pbx.reply(&hold, 200, Some(&alaw(8, "recvonly")));
        self.hears(&held);
        self.pbx.request("ACK");
        (client, call)
    }

    fn refuse(&mut self, invite: &Request, status: u16) {
        let refusal = self.pbx.reply(invite, status, None);
        self.hears(&refusal);
        self.pbx.request("ACK");
    }

    /// As the PBX would have told it.
    fn colleague_is(&mut self, extension: &str, state: LineState) {
        let since = self.now;
        let watching = phone::Event::Watching { extensions: vec![extension.to_owned()], since };
        let (extension, rings, refused) = (extension.to_owned(), None, None);
        let changed = phone::Event::LineStateChanged { extension, state, rings, refused, since };
        for event in [watching, changed] {
            self.agent.on_phone_event(self.now, self.wall(), event);
        }
        self.agent.drain_phone(self.now, self.wall());
        self.drain();
    }

    fn rings(&mut self, invite: &Request) {
        let ringing = self.pbx.reply(invite, 180, None);
        self.hears(&ringing);
    }

    /// It rang, and was given up.
    #[track_caller]
    fn given_up(&mut self, invite: &Request) {
        self.pbx.request("CANCEL");
        let cancelled = self.pbx.reply(invite, 487, None);
        self.hears(&cancelled);
        self.pbx.request("ACK");
    }

    /// The next target is called; its number.
    #[track_caller]
    fn called(&mut self) -> (Request, String) {
        let invite = self.pbx.request("INVITE");
        let number = invite.uri.user.clone().unwrap();
        (invite, number)
    }

    #[track_caller]
    fn client_is_back(&mut self) {
        let resume = self.pbx.request("INVITE");
        let resumed = self.pbx.reply(&resume, 200, Some(&alaw(9, "sendrecv")));
        self.hears(&resumed);
        assert!(self.says(&phone::Event::Returned { line: LINE }));
    }

    fn says(&self, event: &phone::Event) -> bool {
        self.events.contains(&Event::Phone(event.clone()))
    }

    fn steps(&self) -> Vec<Step> {
        let steps = self.the_entry().transfers;
        steps.into_iter().map(|step| (step.target, step.why, step.result, step.status)).collect()
    }
}

#[test]
fn a_key_client_whose_manager_is_busy_reaches_the_head_of_wholesale() {
    let mut world = World::new();
    let (mut client, first) = world.passing(chain());
    assert_eq!(first.uri.user.as_deref(), Some("201"));
    world.refuse(&first, 486);
    let (second, number) = world.called();
    assert_eq!(number, "202");
    world.rings(&second);
    world.advance(Duration::from_secs(15));
    world.given_up(&second);
    let (third, number) = world.called();
    assert_eq!(number, "302");
    assert!(!world.pbx.has("INVITE"), "the client hears music all the way");
    let answer = world.pbx.reply(&third, 200, Some(ALAW));
    world.hears(&answer);
    world.advance(Duration::from_millis(100));
    let refer = world.pbx.request("REFER");
    let taken = world.pbx.reply(&refer, 202, None);
    world.hears(&taken);
    world.notify(&mut client, "SIP/2.0 200 OK");
    let word = |word: &str| Some(word.to_owned());
    assert_eq!(
        world.steps(),
        [
            ("201".into(), word("own_manager"), Some(TransferResult::Kept), Some(486)),
            ("202".into(), word("any_manager"), Some(TransferResult::Kept), None),
            ("302".into(), word("head"), Some(TransferResult::Joined), Some(200)),
        ]
    );
    let ways = world.the_entry().transfers.into_iter().map(|step| step.way);
    assert!(ways.into_iter().all(|way| way == crate::desk_api::TransferWay::Return));
}

#[test]
fn caller_returns_when_nobody_of_the_chain_answers() {
    let mut world = World::new();
    let (_, first) = world.passing(chain());
    world.refuse(&first, 480);
    for status in [603, 404] {
        let (invite, _) = world.called();
        world.refuse(&invite, status);
    }
    let news = ChainNews::NobodyLeft;
    assert!(world.events.contains(&Event::Chain { line: LINE, news }));
    world.client_is_back();
    assert!(world.steps().iter().all(|(.., result, _)| *result == Some(TransferResult::Kept)));
}

#[test]
fn a_machine_that_answers_for_the_manager_does_not_get_the_client() {
    let mut world = World::new();
    let mut chain = chain();
    chain.steps[0].confirm = true;
    let (_, first) = world.passing(chain);
    let answer = world.pbx.reply(&first, 200, Some(ALAW));
    world.hears(&answer);
    world.pbx.request("ACK");
    world.advance(Duration::from_secs(13));
    assert!(!world.pbx.has("REFER"), "a mailbox presses no key");
    world.pbx.request("BYE");
    assert_eq!(world.called().1, "202");
    let own_manager = (Some("own_manager".to_owned()), Some(TransferResult::Kept), None);
    assert_eq!(world.steps()[0], ("201".to_owned(), own_manager.0, own_manager.1, own_manager.2));
}

#[test]
fn the_whole_chain_has_a_time_limit() {
    let mut world = World::new();
    let (_, first) = world.passing(TransferChain { total_seconds: 10, ..chain() });
    world.rings(&first);
    world.advance(Duration::from_secs(10));
    world.given_up(&first);
    world.client_is_back();
}

#[test]
fn nobody_is_called_for_the_last_few_seconds_of_a_chain() {
    for (total_seconds, is_called) in [(19, false), (20, true)] {
        let mut world = World::new();
        let (_, first) = world.passing(TransferChain { total_seconds, ..chain() });
        world.rings(&first);
        world.advance(Duration::from_secs(15));
        world.given_up(&first);
        if !is_called {
            world.client_is_back();
            continue;
        }
        let (second, _) = world.called();
        world.rings(&second);
        world.advance(Duration::from_secs(5));
        world.given_up(&second);
        world.client_is_back();
    }
}

#[test]
fn operator_takes_the_client_back_and_nobody_else_is_called() {
    let mut world = World::new();
    let (_, first) = world.passing(chain());
    world.rings(&first);
    world.intend(Intent::Resume { line: LINE });
    world.given_up(&first);
    world.client_is_back();
    world.advance(Duration::from_secs(60));
    assert!(!world.pbx.has("INVITE"));
}

#[test]
fn operator_jumps_to_another_target_and_the_chain_goes_on_after_that() {
    let mut world = World::new();
    let (_, first) = world.passing(chain());
    world.rings(&first);
    world.intend(Intent::PassTo { line: LINE, target: "302".into() });
    world.given_up(&first);
    let (picked, number) = world.called();
    assert_eq!(number, "302");
    world.refuse(&picked, 486);
    let (_, number) = world.called();
    assert_eq!(number, "202", "who was called already is not called again");
    let steps = world.steps();
    assert_eq!(steps[1].1.as_deref(), Some("picked"));
    assert_eq!(steps.len(), 3);
}

#[test]
fn a_client_goes_to_one_target_whom_the_operator_picks() {
    let mut world = World::new();
    world.talk();
    world.pbx.forget();
    world.intend(Intent::PassTo { line: LINE, target: "303".into() });
    let hold = world.pbx.request("INVITE");
    let (invite, number) = world.called();
    let (hold, invite) = if number == "303" { (hold, invite) } else { (invite, hold) };
    let held = world.pbx.reply(&hold, 200, Some(&alaw(8, "recvonly")));
    world.hears(&held);
    world.pbx.request("ACK");
    world.refuse(&invite, 486);
    world.client_is_back();
}

#[test]
fn a_queue_takes_the_client_by_itself() {
    let mut queue = step(StepRole::Queue, &["700"]);
    queue.kind = StepKind::Queue;
    let mut world = World::new();
    let chain = TransferChain { steps: vec![step(StepRole::OwnManager, &["201"]), queue], ..chain() };
    let (mut client, first) = world.passing(chain);
    world.refuse(&first, 486);
    let refer = world.pbx.request("REFER");
    assert!(refer.headers.first("Refer-To").unwrap().contains("700"));
    let taken = world.pbx.reply(&refer, 202, None);
    world.hears(&taken);
    world.notify(&mut client, "SIP/2.0 200 OK");
    assert_eq!(world.steps()[1].2, Some(TransferResult::HandedOver));
}

#[test]
fn a_number_that_cannot_be_dialled_is_stepped_over() {
    let mut world = World::new();
    world.talk();
    world.pbx.forget();
    let steps = vec![step(StepRole::OwnManager, &["two words"]), step(StepRole::OwnManager, &["202"])];
    world.intend(Intent::PassOn { line: LINE, chain: Box::new(TransferChain { steps, ..chain() }) });
    assert!(world.pbx.has("INVITE"));
    assert!(
        world.says(&phone::Event::Refused { line: Some(LINE), why: Refusal::BadTarget }),
        "and it is said"
    );
}

#[test]
fn without_anybody_to_call_the_client_is_not_even_put_on_hold() {
    let mut world = World::new();
    world.talk();
    world.pbx.forget();
    world.intend(Intent::PassOn { line: LINE, chain: Box::new(TransferChain { steps: vec![], ..chain() }) });
    assert!(!world.pbx.has("INVITE") && !world.pbx.has("BYE"));
    let news = ChainNews::NobodyLeft;
    assert!(world.events.contains(&Event::Chain { line: LINE, news }));
}

#[test]
fn client_hangs_up_on_the_way_and_nobody_else_is_called() {
    let mut world = World::new();
    let (mut client, first) = world.passing(chain());
    world.rings(&first);
    world.hang_up_theirs(&mut client);
    world.pbx.request("CANCEL");
    world.advance(Duration::from_secs(60));
    assert!(!world.pbx.has("INVITE"));
    assert_eq!(world.steps()[0].2, Some(TransferResult::Left));
}

#[test]
fn only_a_client_who_talks_can_be_passed_on_and_only_once() {
    let mut world = World::new();
    let refused = |why| phone::Event::Refused { line: Some(LINE), why };
    world.intend(Intent::PassOn { line: LINE, chain: Box::new(chain()) });
    assert!(world.says(&refused(Refusal::NoSuchLine)));
    world.passing(chain());
    world.intend(Intent::PassOn { line: LINE, chain: Box::new(chain()) });
    assert!(world.says(&refused(Refusal::WrongState)));
}

/// The PBX may be joining the client with 201 still, and each key that passes them on says why it does nothing.
#[test]
fn a_client_who_was_taken_back_in_the_middle_of_a_join_is_not_passed_on_without_a_word() {
    let to_302 = || TransferChain::of(["302".to_owned()], Duration::from_secs(15));
    for intent in [
        Intent::PassOn { line: LINE, chain: Box::new(to_302()) },
        Intent::PassTo { line: LINE, target: "302".into() },
        Intent::BlindTransfer { line: LINE, target: "302".into() },
    ] {
        let mut world = World::new();
        let (_, first) = world.passing(chain());
        let answer = world.pbx.reply(&first, 200, Some(ALAW));
        world.hears(&answer);
        world.advance(Duration::from_millis(200));
        let refer = world.pbx.request("REFER");
        let taken = world.pbx.reply(&refer, 202, None);
        world.hears(&taken);
        world.intend(Intent::Resume { line: LINE });
        world.events.clear();
        world.intend(intent);
        let why = Refusal::BeingJoined;
        assert_eq!(world.events, [Event::Phone(phone::Event::Refused { line: Some(LINE), why })]);
    }
}

#[test]
fn a_busy_own_manager_is_waited_for_and_called_as_soon_as_the_line_is_free() {
    let mut own = step(StepRole::OwnManager, &["201"]);
    own.when_busy = WhenBusy::Wait { seconds: 10 };
    let waits = TransferChain { steps: vec![own, step(StepRole::OwnManager, &["302"])], ..chain() };
    for frees in [true, false] {
        let mut world = World::new();
        world.talk();
        world.pbx.forget();
        world.colleague_is("201", LineState::Talking);
        world.intend(Intent::PassOn { line: LINE, chain: Box::new(waits.clone()) });
        let hold = world.pbx.request("INVITE");
        let held = world.pbx.reply(&hold, 200, Some(&alaw(8, "recvonly")));
        world.hears(&held);
        world.pbx.request("ACK");
        assert!(!world.pbx.has("INVITE"), "music, and nobody is called");
        world.advance(Duration::from_secs(5));
        match frees {
            true => world.colleague_is("201", LineState::Free),
            false => world.advance(Duration::from_secs(5)),
        }
        assert_eq!(world.called().1, if frees { "201" } else { "302" });
    }
}

#[test]
fn while_a_client_waits_for_somebody_the_queue_sends_no_call_and_a_taken_line_is_said_once() {
    let mut own = step(StepRole::OwnManager, &["201"]);
    own.when_busy = WhenBusy::Wait { seconds: 10 };
    let mut world = office();
    code(&mut world, "*48");
    world.talk();
    world.pbx.forget();
    world.colleague_is("201", LineState::Talking);
    world.intend(Intent::PassOn {
        line: LINE,
        chain: Box::new(TransferChain { steps: vec![own], ..chain() }),
    });
    let uris: Vec<String> = (0..2).map(|_| world.pbx.request("INVITE").uri.to_string()).collect();
    assert!(uris.iter().any(|uri| uri.starts_with("sip:*477@")), "{uris:?}");
    world.colleague_is("201", LineState::Talking);
    let over = |event: &&Event| matches!(event, Event::Chain { news: ChainNews::PassedOver { .. }, .. });
    assert_eq!(world.events.iter().filter(over).count(), 1);
}

#[test]
fn what_the_operator_does_with_a_client_who_waits_ends_the_chain() {
    let (resume, swap) = (Intent::Resume { line: LINE }, Intent::Swap);
    for intent in [resume, swap, Intent::Park { line: LINE }] {
        let mut world = desk();
        world.begin(Way::Waiting);
        world.intend(intent);
        assert!(world.events.contains(&STOPPED), "and it is said");
        world.pbx.forget();
        world.colleague_is("201", LineState::Free);
        assert!(!world.pbx.has("INVITE"), "nobody is called for a client in good hands");
    }
}

#[test]
fn a_chain_stands_though_the_operator_wants_what_cannot_be_done() {
    let target = || "two words".to_owned();
    for intent in [
        Intent::Join { line: LINE, with: SECOND },
        Intent::BlindTransfer { line: LINE, target: target() },
        Intent::Consult { line: LINE, target: target() },
        Intent::PassTo { line: LINE, target: target() },
        Intent::Conference { on: true },
    ] {
        let mut world = desk();
        world.begin(Way::Waiting);
        world.intend(intent.clone());
        assert!(world.was_refused(), "{intent:?}");
        world.colleague_is("201", LineState::Free);
        assert_eq!(world.called().1, "201", "{intent:?}");
    }
}

#[test]
fn operator_jumps_to_the_queue_while_somebody_rings() {
    let mut queue = step(StepRole::Queue, &["700"]);
    queue.kind = StepKind::Queue;
    let mut world = World::new();
    let chain = TransferChain { steps: vec![step(StepRole::OwnManager, &["201"]), queue], ..chain() };
    let (mut client, first) = world.passing(chain);
    world.rings(&first);
    world.intend(Intent::PassTo { line: LINE, target: "700".into() });
    world.given_up(&first);
    let refer = world.pbx.request("REFER");
    assert!(refer.headers.first("Refer-To").unwrap().contains("700"));
    let taken = world.pbx.reply(&refer, 202, None);
    world.hears(&taken);
    world.notify(&mut client, "SIP/2.0 200 OK");
    assert_eq!(world.steps()[1].2, Some(TransferResult::HandedOver));
}

#[test]
fn whose_line_is_taken_is_passed_over_and_it_is_said() {
    let mut world = World::new();
    world.colleague_is("201", LineState::Offline);
    let (_, first) = world.passing(chain());
    assert_eq!(first.uri.user.as_deref(), Some("202"));
    let (name, extension) = ("name of 201".to_owned(), "201".to_owned());
    let news = ChainNews::PassedOver { name, extension, state: LineState::Offline };
    assert!(world.events.contains(&Event::Chain { line: LINE, news }));
}

/// The client is being joined with the first of the chain, and somebody else is picked.
fn picked_too_late() -> (World, Leg) {
    let mut world = World::new();
    let (client, first) = world.passing(chain());
    let answer = world.pbx.reply(&first, 200, Some(ALAW));
    world.hears(&answer);
    world.advance(Duration::from_millis(100));
    world.pbx.request("REFER");
    world.intend(Intent::PassTo { line: LINE, target: "302".into() });
    assert!(!world.pbx.has("INVITE"));
    let left = Event::Chain { line: LINE, news: ChainNews::NobodyLeft };
    assert!(!world.events.contains(&left), "the client is being joined with the first");
    (world, client)
}

#[test]
fn somebody_else_who_is_picked_too_late_stops_no_join() {
    let (mut world, mut client) = picked_too_late();
    world.notify(&mut client, "SIP/2.0 200 OK");
    assert_eq!(world.steps()[0].2, Some(TransferResult::Joined));
}

#[test]
fn somebody_else_who_is_picked_too_late_ends_no_chain() {
    let (mut world, mut client) = picked_too_late();
    world.notify(&mut client, "SIP/2.0 503 Service Unavailable");
    assert_eq!(world.called().1, "202", "the join came to nothing, and the next one is called");
}

// -- several clients, and whatever the operator does

const SECOND: LineId = LineId(2);
const STOPPED: Event = Event::Chain { line: LINE, news: ChainNews::Stopped };

/// How far a chain is.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Way {
    /// Somebody rings.
    Calling,
    /// Somebody is busy, and waited for.
    Waiting,
    /// There is no port to call anybody by.
    WithoutPort,
    /// The PBX has been asked to join.
    Joining,
}

/// Room for a second client and a colleague, and a place to park.
fn desk() -> World {
    World::with(|config| {
        config.phone.sip.max_calls = 3;
        config.office.parking.park = Some("700".into());
    })
}

/// 201 is worth waiting for, and 302 comes after that.
fn waits() -> TransferChain {
    let mut own = step(StepRole::OwnManager, &["201"]);
    own.when_busy = WhenBusy::Wait { seconds: 10 };
    TransferChain { steps: vec![own, step(StepRole::OwnManager, &["302"])], ..chain() }
}

fn passes_on(line: LineId) -> Intent {
    Intent::PassOn { line, chain: Box::new(waits()) }
}

impl World {
    /// A client's call comes in and is answered.
    fn talk_on(&mut self, line: LineId) {
        let (mut leg, _) = self.ring("");
        self.intend(Intent::Answer { line });
        self.settle();
        leg.follow(&self.pbx.response(200));
        let ack = self.pbx.ack(&leg, None);
        self.hears(&ack);
    }

    /// The PBX agrees to whatever we offer, and nobody takes a call.
    fn settle(&mut self) {
        for method in ["INVITE", "REFER", "BYE", "OPTIONS"] {
            while self.pbx.has(method) {
                let request = self.pbx.request(method);
                let in_call = request.headers.first("To").unwrap().contains("tag=");
                let reply = match method {
                    "INVITE" if in_call => self.pbx.reply(&request, 200, Some(&agreed(&request))),
                    "INVITE" => self.pbx.reply(&request, 486, None),
                    "REFER" => self.pbx.reply(&request, 603, None),
                    _ => self.pbx.reply(&request, 200, None),
                };
                self.hears(&reply);
            }
        }
    }

    /// A client is on the way; who rings, if somebody does.
    fn begin(&mut self, way: Way) -> Option<Request> {
        self.talk();
        self.pbx.forget();
        let state = if way == Way::Waiting { LineState::Talking } else { LineState::Free };
        self.colleague_is("201", state);
        self.gives_ports = way != Way::WithoutPort;
        if way == Way::WithoutPort {
            // A code at the PBX has the last one.
            let code = phone::Command::Code { code: "*45".into() };
            self.handle(Input::Phone(phone::Input::Command(code)));
            self.pbx.forget();
        }
        self.events.clear();
        self.intend(passes_on(LINE));
        let rings = (self.pbx.has("INVITE") && way != Way::Waiting).then(|| self.rings_somewhere());
        self.settle();
        if let Some(invite) = &rings {
            self.rings(invite);
        }
        if way == Way::Joining {
            let answer = self.pbx.reply(rings.as_ref().unwrap(), 200, Some(ALAW));
            self.hears(&answer);
            self.colleague_is("201", LineState::Talking);
            self.advance(Duration::from_millis(100));
            let refer = self.pbx.request("REFER");
            let taken = self.pbx.reply(&refer, 202, None);
            self.hears(&taken);
        }
        self.pbx.forget();
        rings
    }

    /// The call to somebody; what goes to the client is left.
    fn rings_somewhere(&mut self) -> Request {
        let first = self.pbx.request("INVITE");
        if !first.headers.first("To").unwrap().contains("tag=") {
            return first;
        }
        let call = self.pbx.request("INVITE");
        self.pbx.put_back(first);
        call
    }

    fn was_refused(&self) -> bool {
        self.events.iter().any(|event| matches!(event, Event::Phone(phone::Event::Refused { .. })))
    }

    /// As whoever only hears the events knows it.
    fn chain_stands_by_the_events(&self) -> bool {
        let mut stands = true;
        for event in &self.events {
            stands &= match event {
                Event::Chain { line: LINE, news } => {
                    !matches!(news, ChainNews::Stopped | ChainNews::NobodyLeft)
                }
                Event::Phone(phone::Event::TransferFailed { client, why, .. }) => {
                    *client == phone::ClientIs::Kept && *why != phone::TransferFault::TakenBack
                }
                Event::Phone(phone::Event::Ended { line, .. }) => *line != LINE,
                _ => true,
            };
        }
        stands
    }

    /// Whom the client hears: the operator, or music; else nobody.
    #[track_caller]
    fn is_in_good_hands(&self, case: &str) {
        let Some(view) = self.agent.view().lines.get(&LINE) else { return };
        let told = self.media.iter().rev().find_map(|command| match command {
            phone::MediaCommand::Apply { line: LINE, near_end, .. } => Some(*near_end),
            _ => None,
        });
        let with_operator = told == Some(phone::NearEnd::Operator);
        assert!(with_operator != view.held_by_us, "{case}: {told:?}, on hold {}", view.held_by_us);
    }
}

/// The far end's answer to this offer.
fn agreed(offer: &Request) -> String {
    let body = String::from_utf8_lossy(&offer.body);
    let direction = if body.contains("a=sendonly") { "recvonly" } else { "sendrecv" };
    alaw(offer.headers.first("CSeq").unwrap().split(' ').next().unwrap().parse().unwrap(), direction)
}

#[test]
fn two_clients_wait_for_the_same_colleague_and_are_passed_on_one_after_the_other() {
    let mut world = desk();
    world.begin(Way::Waiting);
    world.advance(Duration::from_secs(1));
    world.talk_on(SECOND);
    world.intend(passes_on(SECOND));
    world.settle();
    world.colleague_is("201", LineState::Free);
    let (invite, number) = world.called();
    assert_eq!(number, "201");
    assert!(!world.pbx.has("INVITE"), "the second client does not hear busy where the first one rings");
    assert!(world.agent.passings.contains_key(&SECOND), "and waits on");
    world.refuse(&invite, 486);
    assert_eq!(world.called().1, "302");
    world.advance(Duration::from_millis(250));
    assert_eq!(world.called().1, "201", "now it is the second one's turn");
    let left = |event: &Event| matches!(event, Event::Chain { news: ChainNews::NobodyLeft, .. });
    assert!(!world.events.iter().any(left));
}

#[test]
fn who_waits_the_longest_has_the_first_turn() {
    let mut world = desk();
    world.talk_on(LINE);
    world.talk_on(SECOND);
    world.colleague_is("201", LineState::Talking);
    for line in [SECOND, LINE] {
        world.intend(passes_on(line));
        world.settle();
        world.advance(Duration::from_secs(1));
    }
    world.events.clear();
    world.colleague_is("201", LineState::Free);
    let started = |event: &Event| match event {
        Event::Phone(phone::Event::TransferStarted { line, .. }) => Some(*line),
        _ => None,
    };
    assert_eq!(world.events.iter().filter_map(started).collect::<Vec<_>>(), [SECOND]);
}

#[test]
fn a_call_for_which_there_is_no_port_yet_is_made_a_moment_later() {
    let mut world = desk();
    world.begin(Way::WithoutPort);
    assert!(!world.was_refused());
    world.give_port();
    world.advance(Duration::from_millis(250));
    world.pbx.request("INVITE");
    assert!(world.pbx.has("INVITE"), "the hold and the call");
    let steps = world.steps();
    assert_eq!((steps.len(), steps[0].0.as_str()), (1, "201"), "who could not be called has not been tried");
}

#[test]
fn without_any_port_the_client_is_with_the_operator_and_it_is_said() {
    let mut world = desk();
    world.begin(Way::WithoutPort);
    world.advance(Duration::from_secs(6));
    assert!(world.says(&phone::Event::Refused { line: Some(LINE), why: Refusal::NoMediaPort }));
    assert!(world.events.contains(&Event::Chain { line: LINE, news: ChainNews::NobodyLeft }));
    world.is_in_good_hands("without a port");
    assert_eq!(world.steps(), []);
}

#[test]
fn why_somebody_was_to_be_called_is_not_said_of_the_next_one() {
    let mut world = desk();
    world.begin(Way::WithoutPort);
    world.intend(Intent::BlindTransfer { line: LINE, target: "303".into() });
    world.settle();
    let steps = world.steps();
    assert_eq!((steps.len(), steps[0].1.as_deref()), (1, None));
}

#[test]
fn whatever_the_operator_does_the_client_hears_somebody_and_the_events_say_how_it_stands() {
    let (bad, good) = (|| "two words".to_owned(), || "303".to_owned());
    let intents = [
        Intent::Resume { line: LINE },
        Intent::Hold { line: LINE },
        Intent::Swap,
        Intent::HangUp { line: LINE },
        Intent::Conference { on: true },
        Intent::Conference { on: false },
        Intent::BlindTransfer { line: LINE, target: good() },
        Intent::BlindTransfer { line: LINE, target: bad() },
        Intent::Consult { line: LINE, target: good() },
        Intent::Consult { line: LINE, target: bad() },
        Intent::Dial { target: good() },
        Intent::Park { line: LINE },
        Intent::Join { line: LINE, with: SECOND },
        passes_on(LINE),
        Intent::PassTo { line: LINE, target: good() },
        Intent::PassTo { line: LINE, target: bad() },
        Intent::Mute { on: true },
        Intent::TakeCalls { on: false },
        Intent::Digits { line: LINE, digits: "1".into() },
    ];
    for way in [Way::Calling, Way::Waiting, Way::WithoutPort, Way::Joining] {
        for intent in &intents {
            let case = format!("{way:?}, {intent:?}");
            let mut world = desk();
            let mut rings = world.begin(way);
            world.intend(intent.clone());
            let stands = world.agent.passings.contains_key(&LINE);
            assert_eq!(stands, world.chain_stands_by_the_events(), "{case}");
            assert!(stands || !world.was_refused(), "{case}: what is refused changes nothing");
            world.gives_ports = true;
            world.give_port();
            for _ in 0..40 {
                world.settle();
                if let Some(invite) = rings.take_if(|_| world.pbx.has("CANCEL")) {
                    world.given_up(&invite);
                }
                world.is_in_good_hands(&case);
                let stands = world.agent.passings.contains_key(&LINE);
                assert_eq!(stands, world.chain_stands_by_the_events(), "{case}");
                world.advance(Duration::from_secs(1));
            }
            let hung_up = matches!(intent, Intent::HangUp { .. });
            assert_eq!(world.agent.view().lines.contains_key(&LINE), !hung_up, "{case}: nobody is dropped");
            assert!(!world.agent.passings.contains_key(&LINE), "{case}: a chain comes to its end");
        }
    }
}

#[test]
fn a_former_target_who_has_the_client_after_all_is_the_step_that_came_about() {
    let mut world = World::new();
    let mut client = world.talk();
    world.refer();
    world.intend(Intent::Resume { line: LINE });
    world.settle();
    world.pbx.forget();
    world.intend(Intent::PassTo { line: LINE, target: "302".into() });
    let invite = world.rings_somewhere();
    world.rings(&invite);
    world.settle();
    world.notify(&mut client, "SIP/2.0 200 OK");
    let results: Vec<_> = world.steps().into_iter().map(|(target, _, result, _)| (target, result)).collect();
    let wanted = [("201", TransferResult::HandedOver), ("302", TransferResult::Kept)];
    assert_eq!(results, wanted.map(|(target, result)| (target.to_owned(), Some(result))));
    assert!(world.agent.passings.is_empty());
}
