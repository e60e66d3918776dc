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
    world.advance(Duration::from_secs(15));
    world.given_up(&first);
    world.client_is_back();
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
    let mut own = step(StepRole::OwnManager, &["201"]);
    own.when_busy = WhenBusy::Wait { seconds: 10 };
    let waits = TransferChain { steps: vec![own, step(StepRole::OwnManager, &["302"])], ..chain() };
    let (resume, swap) = (Intent::Resume { line: LINE }, Intent::Swap);
    for intent in [resume, swap, Intent::Park { line: LINE }] {
        let mut world = World::new();
        world.talk();
        world.pbx.forget();
        world.colleague_is("201", LineState::Talking);
        world.intend(Intent::PassOn { line: LINE, chain: Box::new(waits.clone()) });
        let hold = world.pbx.request("INVITE");
        world.refuse(&hold, 488);
        world.intend(intent);
        world.pbx.forget();
        world.colleague_is("201", LineState::Free);
        world.advance(Duration::from_secs(10));
        let called = |line: &String| line.contains("INVITE");
        assert!(!world.pbx.seen().iter().any(called), "nobody is called for a client in good hands");
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

#[test]
fn somebody_else_who_is_picked_too_late_stops_no_join() {
    let mut world = World::new();
    let (mut client, first) = world.passing(chain());
    let answer = world.pbx.reply(&first, 200, Some(ALAW));
    world.hears(&answer);
    world.advance(Duration::from_millis(100));
    world.pbx.request("REFER");
    world.intend(Intent::PassTo { line: LINE, target: "302".into() });
    assert!(!world.pbx.has("INVITE"));
    let left = Event::Chain { line: LINE, news: ChainNews::NobodyLeft };
    assert!(!world.events.contains(&left), "the client is being joined with the first");
    world.notify(&mut client, "SIP/2.0 200 OK");
    assert_eq!(world.steps()[0].2, Some(TransferResult::Joined));
}
