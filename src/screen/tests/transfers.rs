//! Passing a client on: whom to, how it goes, and what came out of it (duties 4, 6, 15, 19).

use super::*;
use crate::domain::chain::{
    ChainOrder, ChainStep, ChainTarget, Pick, StepKind, StepRole, TransferChain, WhenBusy,
};
use crate::domain::line_state::LineState as ColleagueIs;

fn names(world: &World) -> Vec<String> {
    world
        .shown()
        .lists
        .targets
        .rows
        .clone()
        .into_iter()
        .map(|row| format!("{} | {}", row.spoken, row.detail))
        .collect()
}

fn to(target: &str) -> Intent {
    Intent::PassTo { line: FIRST, target: target.into() }
}

fn talking_with(manager: &str) -> World {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.card(FIRST, vec![client("Hanbit Build", manager)]);
    world.pass(1);
    world.wishes.clear();
    world
}

fn outcome(world: &World) -> (Tone, String) {
    let note = world.shown().call.notes.last().cloned().unwrap_or_default();
    (note.tone, note.text)
}

#[test]
fn the_clients_own_manager_stands_first_and_enter_takes_them() {
    let mut world = talking_with("kim");
    world.press("F8");
    assert_eq!(world.wishes, [Wish::Focus(Field::Transfer)]);
    world.wishes.clear();
    assert_eq!(
        names(&world),
        [
            "Kim Seoyeon, own manager, Wholesale 201 | own manager · Wholesale · 201",
            "Orlova Maria, head of department, Wholesale 302 | head of department · Wholesale · 302",
            "Петров Сергей, absent until 9 May, Wholesale 202 | absent until 9 May · Wholesale · 202",
            "Иванова Алёна, Wholesale 203 | Wholesale · 203",
            "Lebedev Ilya, Support 102 | Support · 102",
        ]
    );
    assert!(world.shown().lists.targets.rows[0].chosen);
    world.press("Enter");
    assert_eq!(world.intents(), [to("201")]);
}

#[test]
fn whoever_stands_in_comes_before_an_absent_manager() {
    let mut world = talking_with("petrov");
    assert_eq!(
        names(&world)[..2],
        [
            "Иванова Алёна, stands in for Петров Сергей, Wholesale 203 | stands in for Петров Сергей · Wholesale · 203",
            "Петров Сергей, absent until 9 May, Wholesale 202 | absent until 9 May · Wholesale · 202",
        ]
    );
    world.press("F8");
    world.press("Enter");
    assert_eq!(world.intents(), [to("203")]);
}

#[test]
fn alt_and_a_digit_pass_the_call_without_opening_the_list() {
    let mut world = talking_with("kim");
    assert_eq!(world.shown().lists.targets.rows[1].key, "Alt+2");
    world.press("Alt+2");
    assert_eq!(world.intents(), [to("302")]);
    world.press("Alt+9");
    assert_eq!(world.intents(), [], "there is no ninth");
}

#[test]
fn words_in_any_order_find_people_and_a_number_is_taken_as_it_is() {
    let mut world = talking_with("kim");
    world.press("F8");
    for query in ["алена whole", "ИВАНОВА", "203"] {
        world.act(Act::TransferQuery(query.into()));
        assert_eq!(world.shown().lists.targets.rows.len(), 1, "{query}");
    }
    world.act(Act::TransferQuery("wholesale".into()));
    world.press("Down");
    world.press("Down");
    world.press("Up");
    world.wishes.clear();
    world.press("Enter");
    assert_eq!(world.intents(), [to("302")]);
    world.act(Act::TransferQuery("89161234567".into()));
    assert_eq!(world.shown().lists.targets.note, "Enter passes the call to +7 916 123-45-67");
    world.press("Enter");
    assert_eq!(world.intents(), [to("89161234567")]);
    world.act(Act::TransferQuery("nobody at all".into()));
    assert_eq!(world.shown().lists.targets.note, "Nobody is called that.");
    world.press("Enter");
    world.act(Act::TransferTyped);
    assert_eq!(world.intents(), []);
}

#[test]
fn of_a_large_company_forty_are_shown() {
    let mut world = talking_with("kim");
    let people = (0..60)
        .map(|n| person(&format!("p{n}"), &format!("Person {n}"), Job::Manager, &format!("5{n:02}"), "x"));
    world.handle(Input::Directory(Ok(Directory { people: people.collect(), ..Directory::default() })));
    let targets = world.shown().lists.targets.clone();
    assert_eq!((targets.rows.len(), targets.note.as_str()), (40, "21 more, keep typing"));
    assert_eq!(targets.rows[0].name, "Kim Seoyeon", "the card knows the manager whom the directory does not");
}

#[test]
fn a_transfer_is_watched_in_words_and_stays_told_after_the_call() {
    let mut world = talking_with("kim");
    world.press("F8");
    world.press("Enter");
    world.passing(FIRST, "201");
    let shown = world.shown();
    assert_eq!((shown.state, shown.call.state.as_str()), (State::Transferring, "Passing to Kim Seoyeon"));
    assert_eq!(shown.call.detail, "The client is put on hold");
    assert!(!shown.lists.targets.enabled);
    for (status, words) in [(202, "The PBX calls them"), (180, "It rings there")] {
        world.phone(phone::Event::TransferProgress { line: FIRST, target: "201".into(), status });
        assert_eq!(world.shown().call.detail, words);
    }
    world.wishes.clear();
    let (target, outcome) = ("201".into(), TransferOutcome::Joined);
    world.phone(phone::Event::Transferred { line: FIRST, target, outcome });
    world.ends(FIRST, EndedBy::Transfer, CallOutcome::Completed, None, 30);
    assert_eq!(world.spoken(), ["Passed to Kim Seoyeon"], "once, and nothing more of its end");
    assert_eq!(world.shown().call.detail, "Passed to Kim Seoyeon");
    assert_eq!(world.shown().lists.calls.rows[0].result, "passed on to Kim Seoyeon");
    world.pass(30);
    assert_eq!(world.shown().call.detail, "Passed to Kim Seoyeon", "until the next call");
    world.rings(FIRST, OTHER);
    assert_eq!(world.shown().call.notes, []);
}

#[test]
fn a_client_whom_nobody_took_is_back_and_it_is_said_why() {
    let mut world = talking_with("kim");
    world.passing_with_return(FIRST, "201");
    world.wishes.clear();
    world.not_passed(FIRST, "201", Some(486), ClientIs::Kept);
    world.on_the_way(FIRST, ChainNews::NobodyLeft);
    world.phone(phone::Event::Resumed { line: FIRST, by: Side::Us });
    world.phone(phone::Event::Returned { line: FIRST });
    assert_eq!(world.shown().state, State::Talking);
    let words = "Kim Seoyeon: busy; the client is back with you. F8: Transfer";
    assert_eq!(outcome(&world), (Tone::Warning, words.into()));
    assert_eq!(world.spoken()[0], words);
    world.press("F8");
    world.press("Enter");
    assert_eq!(world.intents(), [to("302")], "not to Kim again");
    world.ended(FIRST, CallOutcome::Completed, 90);
    assert_eq!(world.shown().call.detail, "Call ended: Hanbit Build, 01:30", "nobody is with us any more");
}

#[test]
fn a_lost_client_and_one_of_whom_nothing_is_known_are_told_apart() {
    let mut world = talking_with("kim");
    world.passing(FIRST, "201");
    world.not_passed(FIRST, "201", Some(503), ClientIs::Lost);
    let words =
        "Kim Seoyeon did not take the call; the PBX has dropped the client. Call back. Ctrl+3: Recent calls";
    assert_eq!(outcome(&world), (Tone::Bad, words.into()));
    world.ends(FIRST, EndedBy::Network, CallOutcome::Completed, None, 30);
    assert_eq!(world.shown().call.detail, words, "the end of the call does not cover it");

    let mut world = talking_with("kim");
    world.passing(FIRST, "201");
    world.not_passed(FIRST, "201", None, ClientIs::Unknown);
    assert_eq!(
        outcome(&world).1,
        "No word about Kim Seoyeon; ask whether the client is still there. F4: Resume"
    );
}

#[test]
fn f4_takes_a_client_back_from_a_transfer() {
    let mut world = talking_with("kim");
    world.passing(FIRST, "201");
    assert_eq!(world.shown().lists.verbs[0].label, "Take back");
    world.wishes.clear();
    world.press("F4");
    assert_eq!(world.intents(), [Intent::Resume { line: FIRST }]);
    let (target, client, why) = ("201".into(), ClientIs::Kept, TransferFault::TakenBack);
    let reason = String::new();
    world.phone(phone::Event::TransferFailed { line: FIRST, target, status: None, reason, client, why });
    assert_eq!(outcome(&world).1, "You took the client back");
}

#[test]
fn whoever_passes_on_a_client_whom_the_pbx_may_be_joining_still_is_told_to_wait() {
    let mut world = talking_with("kim");
    world.passing_with_return(FIRST, "201");
    let (target, client, why) = ("201".into(), ClientIs::Unknown, TransferFault::TakenBack);
    let reason = String::new();
    world.phone(phone::Event::TransferFailed { line: FIRST, target, status: None, reason, client, why });
    world.phone(phone::Event::Resumed { line: FIRST, by: Side::Us });
    world.wishes.clear();
    world.press("Alt+2");
    assert_eq!(world.intents(), [to("302")]);
    world.phone(phone::Event::Refused { line: Some(FIRST), why: phone::Refusal::BeingJoined });
    let words = "The PBX may still be joining this client with somebody. Try again in five seconds.";
    assert_eq!(world.spoken(), [words]);
    assert_eq!(outcome(&world), (Tone::Warning, words.into()));
}

#[test]
fn who_was_tried_on_the_way_stands_beside_the_call_and_is_said() {
    let mut world = talking_with("kim");
    world.on_the_way(
        FIRST,
        ChainNews::PassedOver {
            name: "Kim Seoyeon".into(),
            extension: "201".into(),
            state: ColleagueIs::Talking,
        },
    );
    world.passing_with_return(FIRST, "203");
    assert_eq!(world.spoken(), ["Kim Seoyeon: in a call. Passing to Иванова Алёна"]);
    assert_eq!(world.shown().call.detail, "They are being called");
    world.phone(phone::Event::TransferProgress { line: FIRST, target: "203".into(), status: 180 });
    assert_eq!(world.shown().call.detail, "It rings there");
    let (target, reason, why) = ("203".into(), String::new(), TransferFault::NoAnswer);
    let client = ClientIs::Kept;
    world.phone(phone::Event::TransferFailed { line: FIRST, target, status: None, reason, client, why });
    assert_eq!(world.spoken(), [""; 0], "the next one is called in this moment");
    world.passing_with_return(FIRST, "302");
    assert_eq!(world.spoken(), ["Иванова Алёна: no answer. Passing to Orlova Maria"]);
    let notes: Vec<String> = world.shown().call.notes.into_iter().map(|note| note.text).collect();
    assert_eq!(notes, ["Kim Seoyeon: in a call", "Иванова Алёна: no answer"]);
}

#[test]
fn a_client_for_whom_nobody_is_called_any_more_waits_for_nobody() {
    let mut world = talking_with("kim");
    let (name, extension, time) = ("Kim Seoyeon".into(), "201".into(), Duration::from_secs(10));
    world.on_the_way(FIRST, ChainNews::WaitingFor { name, extension, time });
    let waits = |world: &World| {
        let call = world.shown().call;
        call.detail.contains("Kim Seoyeon") || call.notes.iter().any(|note| note.text.contains("Kim Seoyeon"))
    };
    assert!(waits(&world));
    world.on_the_way(FIRST, ChainNews::Stopped);
    assert!(!waits(&world));
}

#[test]
fn somebody_else_can_be_picked_while_it_rings() {
    let mut world = talking_with("kim");
    world.passing_with_return(FIRST, "201");
    assert_eq!(world.shown().lists.verbs[2].label, "Somebody else");
    world.wishes.clear();
    world.press("Alt+2");
    assert_eq!(world.intents(), [to("302")]);
}

#[test]
fn ctrl_enter_passes_blindly_and_shift_enter_asks_first() {
    for (key, intent) in [
        ("Ctrl+Enter", Intent::BlindTransfer { line: FIRST, target: "201".into() }),
        ("Shift+Enter", Intent::Consult { line: FIRST, target: "201".into() }),
    ] {
        let mut world = talking_with("kim");
        world.press("F8");
        world.wishes.clear();
        world.press(key);
        assert_eq!(world.intents(), [intent]);
    }
}

#[test]
fn where_the_company_passes_on_blindly_the_keys_change_places() {
    let (line, target) = (FIRST, "201".to_owned());
    for (key, intent) in [
        ("Enter", Intent::BlindTransfer { line, target: target.clone() }),
        ("Ctrl+Enter", Intent::PassTo { line, target }),
    ] {
        let mut world = talking_with("kim");
        world.screen.config.passes_blindly = true;
        world.press("F8");
        world.wishes.clear();
        world.press(key);
        assert_eq!(world.intents(), [intent]);
    }
}

/// The operator has asked the head, while the client waits.
fn consulting() -> World {
    let mut world = talking_with("kim");
    world.press("F8");
    world.press("Down");
    world.press("Shift+Enter");
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    world.dials(SECOND, "302");
    world.answered(SECOND);
    world.wishes.clear();
    world
}

#[test]
fn after_a_consultation_f8_joins_client_and_head() {
    let mut world = consulting();
    assert_eq!(world.shown().lists.verbs[0].label, "Join");
    world.press("F8");
    assert_eq!(world.intents(), [Intent::Join { line: FIRST, with: SECOND }]);
}

#[test]
fn after_a_consultation_the_client_comes_off_hold_by_itself() {
    for by in [EndedBy::Us, EndedBy::Them] {
        let mut world = consulting();
        world.ends(SECOND, by, CallOutcome::Completed, None, 20);
        assert_eq!(world.intents(), [Intent::Resume { line: FIRST }]);
    }
    let mut world = consulting();
    world.ends(SECOND, EndedBy::Transfer, CallOutcome::Completed, None, 20);
    assert_eq!(world.intents(), [], "they have been joined");
}

/// Who is busy says so sooner than the client's end agrees to the hold.
#[test]
fn a_colleague_who_is_busy_at_once_leaves_nobody_on_hold() {
    let mut world = talking_with("kim");
    world.press("F8");
    world.press("Shift+Enter");
    world.dials(SECOND, "201");
    world.wishes.clear();
    world.ends(SECOND, EndedBy::Them, CallOutcome::Busy, Some(486), 0);
    assert_eq!(world.intents(), [Intent::Resume { line: FIRST }]);
}

#[test]
fn whom_the_operator_talks_with_after_a_conference_stands_on_the_card() {
    let mut world = consulting();
    world.phone(phone::Event::Resumed { line: FIRST, by: Side::Us });
    world.phone(phone::Event::Conference { lines: Some([FIRST, SECOND]) });
    world.phone(phone::Event::Conference { lines: None });
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    let shown = world.shown();
    assert_eq!((shown.state, shown.call.name.as_str()), (State::Talking, "Orlova Maria"));
    assert_eq!(shown.other.map(|other| other.text).as_deref(), Some("Hanbit Build, on hold"));
    world.pass(2);
    world.wishes.clear();
    world.press("F3");
    assert_eq!(world.intents(), [Intent::HangUp { line: SECOND }], "not the client");
}

#[test]
fn two_clients_are_not_joined() {
    let mut world = talking_with("kim");
    world.rings(SECOND, OTHER);
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    world.answered(SECOND);
    world.wishes.clear();
    world.press("F8");
    assert_eq!(world.intents(), []);
}

#[test]
fn f9_brings_client_and_head_together_and_apart() {
    let mut world = consulting();
    world.press("F9");
    assert_eq!(world.intents(), [Intent::Conference { on: true }]);
    world.phone(phone::Event::Conference { lines: Some([FIRST, SECOND]) });
    assert_eq!(world.spoken(), ["In a conference"]);
    let shown = world.shown();
    assert_eq!(shown.call.state, "In a conference");
    assert_eq!(shown.other.map(|other| other.text).as_deref(), Some("Hanbit Build, in the conference"));
    world.press("F9");
    assert_eq!(world.intents(), [Intent::Conference { on: false }]);
}

fn step(role: StepRole, name: &str, extension: &str) -> ChainStep {
    let target =
        ChainTarget { person: None, name: name.into(), extension: extension.into(), stands_in_for: None };
    ChainStep {
        role,
        kind: StepKind::Person,
        targets: vec![target],
        pick: Pick::InOrder,
        ring_seconds: 20,
        when_busy: WhenBusy::Skip,
        confirm: false,
        passed_over: Vec::new(),
    }
}

fn chain(order: ChainOrder) -> TransferChain {
    let steps = vec![
        step(StepRole::OwnManager, "Kim Seoyeon", "201"),
        step(StepRole::Head { department: None }, "Orlova Maria", "302"),
    ];
    TransferChain { rule: "key clients".into(), order, steps, total_seconds: 60 }
}

/// The desk has said where the client goes.
fn by_the_rules(order: ChainOrder) -> World {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.wishes.clear();
    world.card(FIRST, vec![client("Hanbit Build", "kim")]);
    let asked = world.wishes.iter().find_map(|wish| match wish {
        Wish::FetchChain(question) => Some(question.clone()),
        _ => None,
    });
    let question = asked.expect("the desk is asked as soon as the client is known");
    assert!(question.client.is_some());
    world.handle(Input::Chain { question, answer: Ok(chain(order)) });
    world.pass(1);
    world.wishes.clear();
    world
}

fn rows(world: &World, most: usize) -> Vec<String> {
    let rows = world.shown().lists.targets.rows.clone().into_iter().take(most);
    rows.map(|row| format!("{} | {} | {} | {}", row.name, row.detail, row.state.text, row.key)).collect()
}

#[test]
fn enter_passes_the_client_on_by_the_rules() {
    let mut world = by_the_rules(ChainOrder::InOrder);
    assert_eq!(rows(&world, 1), ["Kim Seoyeon | by the rules, then Orlova Maria · 201 |  | Alt+1"]);
    world.press("F8");
    world.wishes.clear();
    world.press("Enter");
    let chain = Box::new(chain(ChainOrder::InOrder));
    assert_eq!(world.intents(), [Intent::PassOn { line: FIRST, chain }]);
}

/// Nobody of these took the client, who is back.
fn nobody_took(world: &mut World, targets: &[&str]) {
    for target in targets {
        world.passing_with_return(FIRST, target);
        world.not_passed(FIRST, target, Some(603), ClientIs::Kept);
    }
    world.on_the_way(FIRST, ChainNews::NobodyLeft);
    world.phone(phone::Event::Resumed { line: FIRST, by: Side::Us });
    world.phone(phone::Event::Returned { line: FIRST });
    world.pass(1);
    world.wishes.clear();
}

#[test]
fn who_has_refused_is_not_proposed_again() {
    let mut world = by_the_rules(ChainOrder::InOrder);
    nobody_took(&mut world, &["201"]);
    assert_eq!(rows(&world, 1), ["Orlova Maria | by the rules · 302 |  | Alt+1"]);
    world.press("F8");
    world.press("Enter");
    let intents = world.intents();
    let [Intent::PassOn { chain, .. }] = intents.as_slice() else { panic!("{intents:?}") };
    let called: Vec<&str> =
        chain.steps.iter().flat_map(|step| &step.targets).map(|target| &*target.extension).collect();
    assert_eq!(called, ["302"]);
}

#[test]
fn after_a_chain_that_came_to_nothing_enter_means_the_next_one_who_was_not_tried() {
    let mut world = by_the_rules(ChainOrder::InOrder);
    nobody_took(&mut world, &["201", "302"]);
    world.press("F8");
    let marked = world.shown().lists.targets.rows.iter().find(|row| row.chosen).cloned();
    assert_eq!(marked.expect("a row is marked").name, "Петров Сергей");
    world.press("Esc");
    nobody_took(&mut world, &["202", "203", "102"]);
    world.press("F8");
    assert!(world.shown().lists.targets.rows.iter().all(|row| !row.chosen), "everybody has been tried");
    world.wishes.clear();
    world.press("Enter");
    assert_eq!(world.intents(), []);
    world.press("Alt+1");
    assert_eq!(world.intents(), [to("201")], "who is picked is meant");
}

#[test]
fn whoever_is_in_a_call_is_not_proposed() {
    let mut world = by_the_rules(ChainOrder::InOrder);
    let since = world.now;
    let extensions = vec!["201".to_owned(), "302".to_owned()];
    world.phone(phone::Event::Watching { extensions, since });
    let (rings, refused) = (None, None);
    let talks = phone::Event::LineStateChanged {
        extension: "201".into(),
        state: ColleagueIs::Talking,
        rings,
        refused,
        since,
    };
    world.phone(talks);
    let shown = rows(&world, 2);
    assert!(shown[0].starts_with("Orlova Maria | by the rules, then Kim Seoyeon · 302 |"), "{shown:?}");
    assert_eq!(shown[1], "Kim Seoyeon | own manager · Wholesale · 201 | in a call since 11:02 | Alt+2");
}

#[test]
fn where_the_operator_chooses_each_choice_has_a_key() {
    let mut world = by_the_rules(ChainOrder::OperatorChooses);
    assert_eq!(
        rows(&world, 2),
        ["Kim Seoyeon | by the rules · 201 |  | Alt+1", "Orlova Maria | by the rules · 302 |  | Alt+2"]
    );
    world.press("Alt+2");
    let intents = world.intents();
    let [Intent::PassOn { chain, .. }] = intents.as_slice() else { panic!("{intents:?}") };
    assert_eq!(chain.steps.len(), 1);
    assert_eq!(chain.steps[0].targets[0].extension, "302");
}

#[test]
fn a_new_client_is_asked_about_without_a_name() {
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    world.wishes.clear();
    world.card(FIRST, vec![]);
    assert!(world.wishes.contains(&Wish::FetchChain(crate::desk_api::TransferQuestion::default())));
}

#[test]
fn a_join_that_the_pbx_refuses_is_said_to_be_the_targets_and_not_that_nobody_could_be_called() {
    let mut world = talking_with("kim");
    world.passing_with_return(FIRST, "201");
    let (target, status, reason) = ("201".into(), Some(501), String::new());
    let (client, why) = (ClientIs::Kept, TransferFault::NotTaken);
    world.phone(phone::Event::TransferFailed { line: FIRST, target, status, reason, client, why });
    world.on_the_way(FIRST, ChainNews::NobodyLeft);
    assert_eq!(
        outcome(&world).1,
        "Kim Seoyeon did not take the call; the client is back with you. F8: Transfer"
    );
}

#[test]
fn a_question_that_could_not_be_asked_is_forgotten() {
    let mut world = talking_with("kim");
    world.press("F8");
    world.press("Shift+Enter");
    world.phone(phone::Event::Refused { line: None, why: phone::Refusal::Busy });
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    world.dials(SECOND, "302");
    world.answered(SECOND);
    world.wishes.clear();
    world.ends(SECOND, EndedBy::Them, CallOutcome::Completed, None, 20);
    assert!(!world.intents().contains(&Intent::Resume { line: FIRST }), "that call was about something else");
}

#[test]
fn a_client_who_waits_is_not_put_into_another_conversation_when_the_question_is_over() {
    let mut world = consulting();
    world.phone(phone::Event::Held { line: SECOND, by: Side::Us });
    world.rings(LineId(3), OTHER);
    world.answered(LineId(3));
    world.wishes.clear();
    world.ends(SECOND, EndedBy::Them, CallOutcome::Completed, None, 20);
    assert!(!world.intents().contains(&Intent::Resume { line: FIRST }));
}

#[test]
fn an_extension_that_nobody_could_call_costs_the_others_nothing() {
    let mut world = World::new();
    let mut directory = directory();
    directory.people[0].extension = Some("two words".into());
    world.wishes.clear();
    world.handle(Input::Directory(Ok(directory)));
    let intents = world.intents();
    let [Intent::Watch { extensions }] = intents.as_slice() else { panic!("{intents:?}") };
    assert!(!extensions.is_empty() && !extensions.contains(&"two words".to_owned()));
}

/// Kim's line is taken, and the next one of the rules comes into her row.
fn kim_talks(world: &mut World) {
    let since = world.now;
    let extensions = vec!["201".to_owned(), "302".to_owned()];
    world.phone(phone::Event::Watching { extensions, since });
    let (extension, state) = ("201".to_owned(), ColleagueIs::Talking);
    world.phone(phone::Event::LineStateChanged { extension, state, rings: None, refused: None, since });
}

#[test]
fn a_key_meant_for_one_person_passes_the_client_to_nobody_else() {
    for key in ["Alt+1", "Enter", "Ctrl+Enter", "Shift+Enter"] {
        let mut world = by_the_rules(ChainOrder::InOrder);
        world.press("F8");
        world.wishes.clear();
        kim_talks(&mut world);
        world.now = world.now + Duration::from_millis(300);
        world.press(key);
        assert_eq!(world.spoken(), ["The list has just changed: look again"], "{key}");
        assert_eq!(outcome(&world).1, "The list has just changed: look again", "{key}");
        world.now = world.now + Duration::from_millis(300);
        world.press(key);
        assert_ne!(world.intents(), [], "{key}: whoever stands there has been read");
        assert_ne!(outcome(&world).1, "The list has just changed: look again");
    }
}

#[test]
fn rows_that_are_still_what_they_were_take_their_keys_at_once() {
    let mut world = by_the_rules(ChainOrder::InOrder);
    kim_talks(&mut world);
    world.wishes.clear();
    world.press("Alt+3");
    assert_eq!(world.intents(), [to("302")]);
}

#[test]
fn the_way_of_the_rules_pushes_nobody_under_a_key_that_is_on_its_way() {
    let mut world = talking_with("kim");
    let question = crate::desk_api::TransferQuestion {
        client: Some(client("Hanbit Build", "kim").id),
        ..crate::desk_api::TransferQuestion::default()
    };
    world.handle(Input::Chain { question, answer: Ok(chain(ChainOrder::InOrder)) });
    world.wishes.clear();
    world.press("Alt+2");
    assert_eq!(world.intents(), [], "it was meant for the head, and Kim stands there by now");
}

#[test]
fn a_mark_stays_on_whom_the_operator_has_marked() {
    let mut world = talking_with("kim");
    world.press("F8");
    world.press("Down");
    let question = crate::desk_api::TransferQuestion {
        client: Some(client("Hanbit Build", "kim").id),
        ..crate::desk_api::TransferQuestion::default()
    };
    world.handle(Input::Chain { question, answer: Ok(chain(ChainOrder::InOrder)) });
    let marked = world.shown().lists.targets.rows.iter().position(|row| row.chosen);
    assert_eq!(marked, Some(2), "Orlova, one row further down");
}

#[test]
fn whoever_is_typed_and_confirmed_quickly_is_meant() {
    let mut world = talking_with("kim");
    world.press("F8");
    world.act(Act::TransferQuery("ИВАНОВА".into()));
    world.wishes.clear();
    world.press("Enter");
    assert_eq!(world.intents(), [to("203")]);
}

#[test]
fn while_the_client_is_on_the_way_blind_transfers_and_questions_say_why_not() {
    for key in ["Ctrl+Enter", "Shift+Enter"] {
        let mut world = talking_with("kim");
        world.passing_with_return(FIRST, "201");
        world.press("F8");
        world.pass(1);
        world.wishes.clear();
        world.press(key);
        let why = "The client is on the way: take them back first, F4";
        assert_eq!(world.spoken(), [why], "{key}");
        assert_eq!(outcome(&world).1, why, "{key}");
        assert_eq!(world.intents(), []);
    }
}

#[test]
fn a_client_whose_join_failed_is_said_to_wait() {
    let mut world = consulting();
    world.passing_by(TransferWay::Consultation, FIRST, "302");
    world.wishes.clear();
    world.not_passed(FIRST, "302", Some(503), ClientIs::Kept);
    assert_eq!(
        world.spoken(),
        ["Orlova Maria did not take the call; the client waits on hold. Shift+F4: Swap"]
    );
}

#[test]
fn whom_the_list_passes_on_is_said_while_a_colleague_is_asked() {
    let world = consulting();
    assert_eq!(world.shown().lists.targets.heading, "Pass Hanbit Build to");
}

#[test]
fn while_a_colleague_is_asked_card_and_keys_are_the_waiting_clients() {
    let mut world = consulting();
    for swapped in [false, true] {
        if swapped {
            world.phone(phone::Event::Held { line: SECOND, by: Side::Us });
            world.phone(phone::Event::Resumed { line: FIRST, by: Side::Us });
        }
        world.pass(1);
        world.wishes.clear();
        assert_eq!(world.shown().lists.card.title, "Hanbit Build");
        assert_eq!(
            names(&world)[..2],
            [
                "Kim Seoyeon, own manager, Wholesale 201 | own manager · Wholesale · 201",
                "Orlova Maria, being asked, takes the client over, Wholesale 302 | takes the client over · Wholesale · 302",
            ]
        );
        world.press("Alt+1");
        assert_eq!(world.intents(), [to("201")], "the client, not the head");
        world.press("Alt+2");
        assert_eq!(world.intents(), [Intent::Join { line: FIRST, with: SECOND }], "she is on the line");
    }
}

#[test]
fn a_client_whom_nobody_took_while_a_colleague_is_asked_waits_on() {
    let mut world = consulting();
    world.passing_with_return(FIRST, "201");
    world.not_passed(FIRST, "201", Some(486), ClientIs::Kept);
    world.on_the_way(FIRST, ChainNews::NobodyLeft);
    assert_eq!(outcome(&world).1, "Kim Seoyeon: busy; the client waits on hold. Shift+F4: Swap");
}

#[test]
fn the_card_is_the_clients_from_the_moment_in_which_the_colleague_is_called() {
    let mut world = talking_with("kim");
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    world.dials(SECOND, "302");
    assert_eq!(world.shown().lists.card.title, "Hanbit Build");
    world.press("Alt+1");
    assert_eq!(world.intents(), [], "nobody has answered yet");
}

#[test]
fn another_client_who_is_called_has_the_card_of_their_own() {
    let mut world = talking_with("kim");
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    world.dials(SECOND, OTHER);
    world.answered(SECOND);
    world.card(SECOND, vec![client("Alpha", "petrov")]);
    world.pass(1);
    world.wishes.clear();
    assert_eq!(world.shown().lists.card.title, "Alpha");
    world.press("Alt+1");
    assert_eq!(world.intents(), [Intent::PassTo { line: SECOND, target: "203".into() }]);
}

#[test]
fn of_two_clients_the_one_is_meant_for_whose_sake_a_colleague_is_asked() {
    let third = LineId(3);
    let mut world = World::with(|config| config.lines = 3);
    world.talks(FIRST, HANBIT);
    world.card(FIRST, vec![hanbit()]);
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    world.talks(SECOND, OTHER);
    world.card(SECOND, vec![client("Alpha", "petrov")]);
    world.pass(1);
    world.press("F8");
    world.press("Shift+Enter");
    world.phone(phone::Event::Held { line: SECOND, by: Side::Us });
    world.dials(third, "203");
    world.answered(third);
    world.pass(1);
    world.wishes.clear();
    assert_eq!(world.shown().lists.card.title, "Alpha");
    world.press("F8");
    assert_eq!(world.intents(), [Intent::Join { line: SECOND, with: third }]);
}

#[test]
fn a_client_who_hangs_up_while_waiting_is_told_and_the_card_stays_while_the_colleague_is_there() {
    let mut world = consulting();
    world.ended(FIRST, CallOutcome::Completed, 40);
    let words = "Hanbit Build has hung up while waiting. Ctrl+3: Recent calls";
    assert_eq!(outcome(&world), (Tone::Bad, words.into()));
    assert_eq!(world.spoken(), [words]);
    let card = world.shown().lists.card.clone();
    assert_eq!((card.title.as_str(), card.past), ("Hanbit Build", true));
    world.rings(FIRST, OTHER);
    world.phone(phone::Event::Held { line: SECOND, by: Side::Us });
    world.answered(FIRST);
    world.card(FIRST, vec![client("Alpha", "petrov")]);
    world.ended(SECOND, CallOutcome::Completed, 50);
    assert!(
        world.intents().iter().all(|intent| !matches!(intent, Intent::Resume { .. })),
        "nobody comes back by that"
    );
    assert_eq!(world.shown().lists.card.title, "Alpha", "another client, on the same line");
}

#[test]
fn a_colleague_who_refuses_to_be_asked_leaves_the_client_with_the_operator() {
    let mut world = talking_with("kim");
    world.press("F8");
    world.press("Down");
    world.press("Shift+Enter");
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    world.dials(SECOND, "302");
    world.wishes.clear();
    world.ends(SECOND, EndedBy::Them, CallOutcome::Refused, Some(603), 0);
    assert_eq!(outcome(&world).1, "Orlova Maria: call refused; the client is back with you. F8: Transfer");
    assert_eq!(world.intents(), [Intent::Resume { line: FIRST }]);
}

#[test]
fn a_question_for_which_there_is_no_line_is_answered_where_it_was_asked() {
    let mut world = talking_with("kim");
    world.press("F8");
    world.press("Shift+Enter");
    world.wishes.clear();
    world.phone(phone::Event::Refused { line: None, why: phone::Refusal::Busy });
    let words = "All your lines are taken: one call has to end first.";
    assert_eq!(world.spoken(), [words]);
    assert_eq!(outcome(&world).1, words);
    let shown = world.shown();
    assert_eq!((shown.dial.as_str(), shown.dial_fault.as_str()), ("", ""), "nobody typed anything there");
}
