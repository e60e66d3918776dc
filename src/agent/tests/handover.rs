//! What an operator learned goes along with the client, whatever the desk and the PBX do first.

use super::*;
use crate::desk_api::Party;
use crate::desk_api::{HandedOver, Handover, Picked, PurposeId, TransferWay};
use crate::domain::chain::TransferChain;
use crate::phone::test_pbx::alaw;
use crate::sip::message::Request;

/// As the desk hands it out: Anna's client, on the way to this telephone.
fn handed(way: TransferWay, age_seconds: u32) -> HandedOver {
    let handover = Handover {
        id: crate::desk_api::CallRecordId(uuid::Uuid::nil()),
        revision: 1,
        to: Some("operator1".into()),
        way,
        from: "102".into(),
        operator: "boris".into(),
        party: register::party(
            &Caller { number: Some("+74957778899".into()), ..Caller::default() },
            PhoneNumber::parse_e164("+74957778899").ok(),
        ),
        client: Some(client("Vesna").id),
        matched: Some(Match::One),
        picked: Picked { purpose: Some(PurposeId("debt".into())), ..Picked::default() },
        note: Some("asks for a month".into()),
    };
    HandedOver { handover, from_name: "Boris".into(), clients: vec![client("Vesna")], age_seconds }
}

impl World {
    /// The desk answers the last question about what goes along.
    fn answer_handovers(&mut self, handovers: Vec<HandedOver>) {
        let ask = *self.asks.last().unwrap();
        self.handle(Input::Handovers { ask, answer: Ok(handovers) });
    }

    fn client_on_card(&self) -> Option<String> {
        let view = &self.agent.view().lines[&LINE];
        Some(view.candidates().next()?.name.clone())
    }

    /// Whom each handover named, in order; none: the client stays.
    fn handed_to(&self) -> Vec<Option<&str>> {
        let revisions: Vec<u32> = self.handovers.iter().map(|handover| handover.revision).collect();
        let wanted: Vec<u32> = (1..).take(revisions.len()).collect();
        assert_eq!(revisions, wanted);
        self.handovers.iter().map(|handover| handover.to.as_deref()).collect()
    }

    /// Known, about a debt, and passed on with return to these; the call to the first.
    fn passed_on(&mut self, targets: &[&str]) -> Request {
        self.talk();
        self.answer_lookup(found(&["Romashka"], Source::Desk));
        let picked = Picked { purpose: Some(PurposeId("debt".into())), ..Picked::default() };
        self.intend(Intent::Pick { line: LINE, picked });
        self.notes("pays on Monday");
        self.pbx.forget();
        let targets = targets.iter().map(|target| (*target).to_owned());
        let chain = TransferChain::of(targets, Duration::from_secs(15));
        self.intend(Intent::PassOn { line: LINE, chain: Box::new(chain) });
        let first = self.pbx.request("INVITE");
        let (call, hold) = match first.headers.first("To").unwrap().contains("tag=") {
            true => (self.pbx.request("INVITE"), first),
            false => (first, self.pbx.request("INVITE")),
        };
        let held = self.pbx.reply(&hold, 200, Some(&alaw(8, "recvonly")));
        self.hears(&held);
        self.pbx.request("ACK");
        call
    }

    fn notes(&mut self, note: &str) {
        let call_id = self.the_entry().call_id;
        self.intend(Intent::Note { call_id, note: note.into() });
    }

    fn does_not_answer(&mut self, invite: &Request) {
        let refusal = self.pbx.reply(invite, 486, None);
        self.hears(&refusal);
        self.pbx.request("ACK");
    }
}

#[test]
fn who_is_called_is_told_everything_before_the_telephone_rings() {
    let mut world = World::new();
    world.passed_on(&["201"]);
    let handover = world.handovers.last().unwrap();
    assert_eq!((handover.to.as_deref(), handover.way), (Some("201"), TransferWay::Return));
    assert_eq!((handover.from.as_str(), handover.operator.as_str()), ("operator1", "anna"));
    assert_eq!(handover.client, Some(client("Romashka").id));
    assert_eq!(handover.party.number.unwrap().to_string(), "+79161234567");
    assert_eq!(handover.picked.purpose, Some(PurposeId("debt".into())));
    assert_eq!(handover.note.as_deref(), Some("pays on Monday"));
    assert_eq!(handover.id, world.the_entry().id);
}

#[test]
fn a_plain_telephone_rings_under_the_clients_name_unless_the_company_forbids_it() {
    let called = World::new().passed_on(&["201"]);
    let from = called.headers.first("From").unwrap();
    assert!(from.starts_with("\"Romashka\" <sip:operator1@"), "{from}");
    let mut world = World::with(|config| config.client_in_name = false);
    assert!(!world.passed_on(&["201"]).headers.first("From").unwrap().contains("Romashka"));
}

#[test]
fn the_card_follows_the_client_through_the_chain_and_back() {
    let mut world = World::new();
    let first = world.passed_on(&["201", "302"]);
    world.does_not_answer(&first);
    let second = world.pbx.request("INVITE");
    world.does_not_answer(&second);
    assert_eq!(world.handed_to(), [Some("201"), None, Some("302"), None]);
}

#[test]
fn a_client_whom_the_target_has_is_not_taken_back_from_the_card() {
    let mut world = World::new();
    let mut leg = world.talk();
    world.refer();
    world.notify(&mut leg, "SIP/2.0 200 OK");
    assert!(world.agent.view().lines.is_empty());
    assert_eq!(world.handed_to(), [Some("201")]);
    assert_eq!(world.handovers[0].way, TransferWay::Blind);
}

#[test]
fn a_client_who_hangs_up_on_the_way_waits_for_nobody() {
    let mut world = World::new();
    let mut leg = world.talk();
    world.intend(Intent::BlindTransfer { line: LINE, target: "201".into() });
    world.hang_up_theirs(&mut leg);
    assert_eq!(world.handed_to(), [Some("201"), None]);
}

#[test]
fn where_only_the_pbx_knows_who_has_the_client_the_target_keeps_the_card() {
    let mut world = World::new();
    let mut leg = world.talk();
    world.refer();
    world.hang_up_theirs(&mut leg);
    assert_eq!(world.handed_to(), [Some("201")]);
}

#[test]
fn a_client_who_was_taken_back_in_time_leaves_no_card() {
    let mut world = World::new();
    let mut leg = world.talk();
    world.refer();
    world.pbx.forget();
    world.intend(Intent::Resume { line: LINE });
    let resume = world.pbx.request("INVITE");
    let resumed = world.pbx.reply(&resume, 200, Some(&alaw(9, "sendrecv")));
    world.hears(&resumed);
    assert_eq!(world.handed_to(), [Some("201")], "the PBX has not said a word yet");
    world.notify(&mut leg, "SIP/2.0 404 Not Found");
    assert_eq!(world.handed_to(), [Some("201"), None]);
}

/// Passed on to 201, taken back in time, and on the way to 302: nobody has said yet what became of the first time.
fn passed_on_again() -> (World, Leg) {
    let mut world = World::new();
    let leg = world.talk();
    world.refer();
    world.pbx.forget();
    world.intend(Intent::Resume { line: LINE });
    let resume = world.pbx.request("INVITE");
    let resumed = world.pbx.reply(&resume, 200, Some(&alaw(9, "sendrecv")));
    world.hears(&resumed);
    let chain = TransferChain::of(["302".to_owned()], Duration::from_secs(15));
    world.intend(Intent::PassOn { line: LINE, chain: Box::new(chain) });
    assert_eq!(world.handed_to(), [Some("201"), Some("302")]);
    (world, leg)
}

#[test]
fn a_client_whom_the_former_target_has_after_all_brings_the_card_there() {
    let (mut world, mut leg) = passed_on_again();
    world.notify(&mut leg, "SIP/2.0 200 OK");
    assert!(world.agent.view().lines.is_empty());
    let card = world.handovers.last().unwrap();
    assert_eq!((card.to.as_deref(), card.way), (Some("201"), TransferWay::Blind));
}

#[test]
fn what_the_former_target_says_late_takes_no_card_from_the_next() {
    let (mut world, mut leg) = passed_on_again();
    world.notify(&mut leg, "SIP/2.0 404 Not Found");
    assert_eq!(world.handed_to(), [Some("201"), Some("302")]);
}

#[test]
fn what_is_noted_stands_in_the_calls_entry_also_when_it_is_noted_after_the_call() {
    let mut world = World::new();
    let mut leg = world.talk();
    world.notes("pays on Monday");
    world.hang_up_theirs(&mut leg);
    assert_eq!(world.the_entry().note.as_deref(), Some("pays on Monday"));
    world.notes("pays on Tuesday");
    let call_id = world.the_entry().call_id;
    world.intend(Intent::Conclude { call_id, result: "information".into() });
    assert_eq!(world.the_entry().note.as_deref(), Some("pays on Tuesday"));
    assert!(world.handovers.is_empty(), "nobody has got the client");
}

#[test]
fn what_is_noted_while_the_client_is_on_the_way_goes_after() {
    let mut world = World::new();
    world.passed_on(&["201"]);
    world.notes("pays on Tuesday");
    assert_eq!(world.handed_to(), [Some("201"), Some("201")]);
    assert_eq!(world.handovers[1].note.as_deref(), Some("pays on Tuesday"));
}

#[test]
fn a_colleague_who_is_asked_first_sees_whom_it_is_about_until_the_call_is_over() {
    let mut world = World::with(|config| config.phone.sip.max_calls = 2);
    world.talk();
    world.intend(Intent::Consult { line: LINE, target: "302".into() });
    assert_eq!(world.handed_to(), [Some("302")]);
    assert_eq!(world.handovers[0].way, TransferWay::Consultation);
    world.intend(Intent::HangUp { line: LineId(2) });
    let (hold, call) = (world.pbx.request("INVITE"), world.pbx.request("INVITE"));
    let call = if call.headers.first("To").unwrap().contains("tag=") { hold } else { call };
    world.does_not_answer(&call);
    assert_eq!(world.handed_to(), [Some("302"), None]);
}

#[test]
fn a_call_to_a_colleague_for_its_own_sake_hands_nothing_over() {
    let mut world = World::with(|config| config.phone.sip.max_calls = 2);
    world.talk();
    world.intend(Intent::Dial { target: "302".into() });
    assert_eq!(world.handovers, []);
}

#[test]
fn the_manager_sees_the_client_while_the_operators_number_rings() {
    let mut world = World::new();
    world.ring(COLLEAGUE);
    world.answer_handovers(vec![handed(TransferWay::Return, 1)]);
    assert_eq!(world.client_on_card().as_deref(), Some("Vesna"));
    let cards = world.cards();
    let along = cards[0].handed_over.as_ref().unwrap();
    assert_eq!(
        (along.from_name.as_str(), along.handover.note.as_deref()),
        ("Boris", Some("asks for a month"))
    );
    assert_eq!(world.the_entry().client, Some(client("Vesna").id));
}

#[test]
fn a_question_that_overtook_the_answer_is_asked_again_while_it_rings() {
    let mut world = World::new();
    world.ring(COLLEAGUE);
    world.answer_handovers(vec![]);
    world.advance(Duration::from_millis(500));
    assert_eq!(world.asks.len(), 2);
    world.answer_handovers(vec![handed(TransferWay::Return, 0)]);
    assert_eq!(world.client_on_card().as_deref(), Some("Vesna"));
    world.advance(Duration::from_secs(60));
    assert_eq!(world.asks.len(), 2, "nothing more is to be known");
}

#[test]
fn a_desk_that_does_not_answer_is_asked_three_times_and_the_call_goes_on() {
    let mut world = World::new();
    world.ring(COLLEAGUE);
    for _ in 0..3 {
        let ask = *world.asks.last().unwrap();
        world.handle(Input::Handovers { ask, answer: Err(Unavailable::Slow) });
        world.advance(Duration::from_secs(2));
    }
    world.advance(Duration::from_secs(60));
    assert_eq!((world.asks.len(), world.cards().len()), (3, 0));
    assert_eq!(world.agent.view().lines.len(), 1, "it rings on");
}

#[test]
fn an_answer_for_a_call_that_is_over_is_no_card_of_the_next_one() {
    let mut world = World::new();
    let (leg, invite) = world.ring(COLLEAGUE);
    let first = world.asks[0];
    let cancel = world.pbx.cancel(&leg, &invite, "");
    world.hears(&cancel);
    world.ring(COLLEAGUE);
    let answer = Ok(vec![handed(TransferWay::Return, 1)]);
    world.handle(Input::Handovers { ask: first, answer });
    assert_eq!(world.cards(), []);
}

#[test]
fn the_card_stays_when_the_client_takes_the_operators_place() {
    let mut world = World::new();
    let (mut leg, _) = world.ring(COLLEAGUE);
    world.answer_handovers(vec![handed(TransferWay::Return, 1)]);
    world.intend(Intent::Answer { line: LINE });
    leg.follow(&world.pbx.response(200));
    world.update(&mut leg, CLIENT);
    assert!(!world.events.contains(&Event::CardTaken { line: LINE }));
    world.answer_lookup(found(&["Romashka", "Vesna"], Source::Desk));
    let view = &world.agent.view().lines[&LINE];
    assert_eq!(view.chosen, Some(client("Vesna").id), "the operator said which of them it is");
    assert!(view.card.as_ref().unwrap().handed_over.is_some());
    world.answer_lookup(DOWN);
    assert_eq!(world.shown(), Some(Match::Many), "the desk's silence takes nothing away");
}

#[test]
fn of_two_clients_from_one_operator_the_last_one_rings() {
    let mut world = World::new();
    world.ring(COLLEAGUE);
    let mut before = handed(TransferWay::Return, 9);
    before.handover.note = Some("of the one before".into());
    world.answer_handovers(vec![handed(TransferWay::Return, 1), before]);
    let along = world.cards()[0].handed_over.clone().unwrap();
    assert_eq!(along.handover.note.as_deref(), Some("asks for a month"));
}

#[test]
fn a_stranger_who_calls_meanwhile_brings_no_card() {
    let mut world = World::new();
    world.ring("P-Asserted-Identity: <sip:+79160000001@192.0.2.1>\r\n");
    world.answer_handovers(vec![handed(TransferWay::Return, 1)]);
    assert_eq!(world.cards(), []);
}

#[test]
fn what_came_along_goes_on_with_the_client() {
    let mut world = World::new();
    let (mut leg, _) = world.ring(COLLEAGUE);
    world.answer_handovers(vec![handed(TransferWay::Return, 1)]);
    world.intend(Intent::Answer { line: LINE });
    leg.follow(&world.pbx.response(200));
    let ack = world.pbx.ack(&leg, None);
    world.hears(&ack);
    world.update(&mut leg, CLIENT);
    let chain = TransferChain::of(["302".to_owned()], Duration::from_secs(15));
    world.intend(Intent::PassOn { line: LINE, chain: Box::new(chain) });
    let goes_on = world.handovers.last().unwrap();
    assert_eq!(goes_on.note.as_deref(), Some("asks for a month"));
    assert_eq!(goes_on.picked.purpose, Some(PurposeId("debt".into())));
}

#[test]
fn another_client_in_the_operators_place_has_another_card() {
    let mut world = World::new();
    let (mut leg, _) = world.ring(COLLEAGUE);
    world.answer_handovers(vec![handed(TransferWay::Consultation, 1)]);
    world.intend(Intent::Answer { line: LINE });
    leg.follow(&world.pbx.response(200));
    world.update(&mut leg, "P-Asserted-Identity: <sip:+79160000001@192.0.2.1>\r\n");
    assert_eq!(world.shown(), None);
    world.answer_lookup(found(&["Romashka"], Source::Desk));
    assert!(world.cards().last().unwrap().handed_over.is_none());
}

#[test]
fn a_client_passed_on_blindly_brings_the_card_by_the_own_number() {
    let mut world = World::new();
    world.ring(CLIENT);
    world.answer_handovers(vec![handed(TransferWay::Blind, 40)]);
    world.answer_lookup(found(&["Romashka", "Vesna"], Source::Desk));
    let view = &world.agent.view().lines[&LINE];
    assert_eq!(view.chosen, Some(client("Vesna").id));
    assert!(view.card.as_ref().unwrap().handed_over.is_some());
}

#[test]
fn a_client_whose_number_nobody_was_told_is_no_new_client_in_the_register() {
    let mut world = World::new();
    world.ring(COLLEAGUE);
    let mut withheld = handed(TransferWay::Return, 1);
    (withheld.handover.client, withheld.handover.party) =
        (None, Party { withheld: true, ..Party::default() });
    withheld.clients.clear();
    world.answer_handovers(vec![withheld]);
    assert!(world.cards()[0].handed_over.is_some());
    assert_eq!(world.the_entry().matched, None);
}
