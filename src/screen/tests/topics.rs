//! What a call is about: picked by few keys, asked of the desk, kept for the call (duties 2, 15, 19).

use super::*;
use crate::desk_api::{Picked, PurposeId, TransferQuestion};
use crate::domain::chain::{
    ChainOrder, ChainStep, ChainTarget, PassedOver, PassedOverWhy, Pick, Purpose, StepKind, StepRole,
    TransferChain, WhenBusy,
};

fn names(name: &str) -> Names {
    Names { en: name.into(), ..Names::default() }
}

pub(super) fn company() -> Directory {
    let client_type = |id: &str, name| ClientType { id: ClientTypeId(id.into()), names: names(name) };
    let purpose = |id: &str, name| Purpose { id: PurposeId(id.into()), names: names(name) };
    Directory {
        client_types: vec![
            client_type("market", "market trader"),
            client_type("regional", "regional client"),
        ],
        purposes: vec![purpose("order", "order"), purpose("payment", "payment")],
        ..directory()
    }
}

/// To the head of the department; where nobody has said which, to nobody.
fn to_head(extension: Option<&str>) -> TransferChain {
    let target = |extension: &str| ChainTarget {
        person: None,
        name: "Orlova Maria".into(),
        extension: extension.into(),
        stands_in_for: None,
    };
    let lacks = PassedOver { person: None, name: None, why: PassedOverWhy::NoDepartment };
    let step = ChainStep {
        role: StepRole::Head { department: None },
        kind: StepKind::Person,
        targets: extension.map(target).into_iter().collect(),
        pick: Pick::InOrder,
        ring_seconds: 20,
        when_busy: WhenBusy::Skip,
        confirm: false,
        passed_over: if extension.is_none() { vec![lacks] } else { Vec::new() },
    };
    TransferChain {
        rule: "new_client".into(),
        order: ChainOrder::InOrder,
        steps: vec![step],
        total_seconds: 60,
    }
}

fn asked(world: &World) -> Option<TransferQuestion> {
    world.wishes.iter().rev().find_map(|wish| match wish {
        Wish::FetchChain(question) => Some(question.clone()),
        _ => None,
    })
}

/// The desk answers the last question.
fn desk_says(world: &mut World, chain: TransferChain) {
    let question = asked(world).expect("the desk is asked");
    world.wishes.clear();
    world.handle(Input::Chain { question, answer: Ok(chain) });
}

pub(super) fn new_caller() -> World {
    let mut world = World::new();
    world.handle(Input::Directory(Ok(company())));
    world.talks(FIRST, OTHER);
    world.card(FIRST, vec![]);
    desk_says(&mut world, to_head(None));
    world.pass(1);
    world.wishes.clear();
    world
}

fn known_client() -> World {
    let mut world = World::new();
    world.handle(Input::Directory(Ok(company())));
    world.talks(FIRST, HANBIT);
    world.card(FIRST, vec![hanbit()]);
    world.pass(1);
    world.wishes.clear();
    world
}

fn rows(world: &World) -> Vec<String> {
    world.shown().lists.targets.rows.iter().map(|row| row.name.clone()).collect()
}

#[test]
fn a_new_caller_is_passed_to_the_head_of_the_department_by_three_keys() {
    let mut world = new_caller();
    assert_eq!(world.shown().lists.targets.need, "The rules need to know the department: F7");
    world.press("F8");
    let targets = world.shown().lists.targets.clone();
    assert_eq!(targets.heading, "Client type");
    assert_eq!(rows(&world), ["market trader", "regional client"]);
    assert_eq!(targets.rows[1].key, "Alt+2");
    world.press("Alt+2");
    let question = asked(&world).expect("the desk is asked again");
    assert_eq!(question.client_type, Some(ClientTypeId("regional".into())));
    let picked = Picked { client_type: question.client_type, ..Picked::default() };
    assert!(world.wishes.contains(&Wish::Intent(Intent::Pick { line: FIRST, picked })), "for the register");
    desk_says(&mut world, to_head(Some("302")));
    assert_eq!(world.spoken(), ["Orlova Maria, by the rules"]);
    let targets = world.shown().lists.targets.clone();
    assert_eq!((targets.topic.as_str(), targets.need.as_str()), ("regional client", ""));
    world.pass(1);
    world.press("Enter");
    assert_eq!(world.intents(), [Intent::PassOn { line: FIRST, chain: Box::new(to_head(Some("302"))) }]);
}

#[test]
fn a_department_is_asked_for_where_the_type_does_not_tell_it() {
    let mut world = new_caller();
    world.press("F8");
    world.press("Enter");
    desk_says(&mut world, to_head(None));
    world.pass(1);
    world.press("Esc");
    world.press("F8");
    assert_eq!(world.shown().lists.targets.heading, "Department");
    world.press("Alt+1");
    let question = asked(&world).expect("the desk is asked again");
    assert_eq!(question.department.as_deref(), Some("wholesale"));
    assert_eq!(question.client_type, Some(ClientTypeId("market".into())), "what was picked before is kept");
}

#[test]
fn f7_asks_for_one_thing_after_the_other_and_ends_with_people() {
    let mut world = new_caller();
    let mut headings = Vec::new();
    for _ in 0..4 {
        world.press("F7");
        headings.push(world.shown().lists.targets.heading.clone());
    }
    assert_eq!(headings, ["Client type", "Department", "Purpose of the call", "Pass the client to"]);
    let mut world = known_client();
    world.press("F7");
    assert_eq!(world.spoken(), ["Purpose of the call"], "the type of a known client is the desk's to say");
}

#[test]
fn the_purpose_of_a_known_client_leads_another_way() {
    let mut world = known_client();
    world.press("F7");
    world.act(Act::TransferQuery("pay".into()));
    world.press("Enter");
    let question = asked(&world).expect("the desk is asked again");
    assert_eq!(question.purpose, Some(PurposeId("payment".into())));
    assert!(question.client.is_some());
    assert_eq!(world.shown().lists.targets.topic, "payment");
}

#[test]
fn the_same_key_once_more_takes_back_what_was_picked() {
    let mut world = known_client();
    for _ in 0..2 {
        world.press("F7");
        world.press("Alt+2");
        world.pass(2);
    }
    assert_eq!(world.shown().lists.targets.topic, "What it is about");
    assert_eq!(asked(&world).map(|question| question.purpose), Some(None));
}

#[test]
fn a_key_that_is_struck_twice_picks_and_passes_nobody_on() {
    for key in ["Alt+2", "Enter"] {
        let mut world = new_caller();
        world.press("F8");
        world.press(key);
        desk_says(&mut world, to_head(Some("302")));
        world.wishes.clear();
        world.press(key);
        assert_eq!(world.intents(), [], "{key}");
    }
}

#[test]
fn whoever_hides_the_number_can_be_sent_by_the_rules_too() {
    let mut world = World::new();
    world.handle(Input::Directory(Ok(company())));
    world.rings_from(FIRST, Caller { withheld: true, ..Caller::default() });
    world.answered(FIRST);
    world.press("F7");
    world.press("Alt+1");
    let question = asked(&world).expect("the desk is asked");
    assert_eq!((question.client, question.client_type), (None, Some(ClientTypeId("market".into()))));
}

#[test]
fn escape_leads_back_to_people_and_a_name_that_is_typed_finds_them_at_once() {
    let mut world = new_caller();
    world.press("F8");
    world.act(Act::TransferQuery("kim".into()));
    assert_eq!(rows(&world), ["Kim Seoyeon"]);
    world.press("Esc");
    assert_eq!(world.shown().lists.targets.heading, "Pass the client to");
    assert!(rows(&world).len() > 3);
}

#[test]
fn without_a_desk_there_is_nothing_to_pick() {
    let mut world = World::with(|config| config.has_desk = false);
    world.talks(FIRST, OTHER);
    world.press("F7");
    assert_eq!(world.wishes, []);
    assert_eq!(world.shown().lists.targets.topic, "");
}
