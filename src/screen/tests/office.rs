//! Colleagues' ringing calls, parked clients, and the queue.

use super::*;
use crate::agent::{Parked, ParkedClient, QueueState, QueueTrouble, QueueView};
use crate::domain::line_state::LineState;
use crate::domain::pause::PauseReason;
use crate::phone::{Return, ReturnReason};

fn office() -> World {
    World::with(|config| {
        config.offers = Offers { watch: true, pick_up: true, park: true, queue: true, log_in: true }
    })
}

fn caller(number: &str) -> Caller {
    Caller { number: Some(number.into()), ..Caller::default() }
}

fn line(world: &mut World, extension: &str, state: LineState, rings: Option<Caller>) {
    let (extension, since) = (extension.to_owned(), world.now);
    world.phone(phone::Event::LineStateChanged { extension, state, rings, refused: None, since });
}

fn watching(world: &mut World) {
    let extensions = ["201", "202", "203"].map(str::to_owned).to_vec();
    let since = world.now;
    world.phone(phone::Event::Watching { extensions, since });
}

fn queue(world: &mut World, state: QueueState, trouble: Option<QueueTrouble>) {
    world.handle(Input::Agent(Event::Queue(QueueView { state, trouble })));
}

fn parked(world: &World, place: &str, whose: Option<&str>) -> Parked {
    let client = |number: &str| ParkedClient { caller: caller(number), card: None, call_id: "call".into() };
    Parked { place: place.into(), since: world.now, client: whose.map(client) }
}

#[test]
fn a_colleagues_row_says_who_rings_there_and_its_call_is_picked_up_by_one_key() {
    let mut world = office();
    watching(&mut world);
    world.press("F12");
    assert_eq!(world.intents(), [], "nobody rings");
    line(&mut world, "201", LineState::Ringing, Some(caller(OTHER)));
    let kim = world.shown().lists.targets.rows.iter().position(|row| row.name == "Kim Seoyeon").unwrap();
    let spoken = world.shown().lists.targets.rows[kim].spoken.clone();
    assert!(spoken.contains("ringing: +7 916 123-45-67, can be picked up"), "{spoken}");
    let pick_up = Intent::PickUp { extension: "201".into() };
    world.press("F12");
    assert_eq!(world.intents(), std::slice::from_ref(&pick_up));
    world.act(Act::CallColleague(kim));
    assert_eq!(world.intents(), [pick_up], "the row's own button does the same");
}

#[test]
fn a_call_that_was_picked_up_is_a_clients_and_no_call_of_ours() {
    let mut world = office();
    watching(&mut world);
    line(&mut world, "201", LineState::Ringing, Some(caller(OTHER)));
    world.press("F12");
    world.dials(FIRST, "*8201");
    assert_eq!(world.shown().call.who, "+7 916 123-45-67");
    world.answered(FIRST);
    assert!(world.screen.calls[&FIRST].incoming);
}

#[test]
fn what_rings_there_for_us_is_not_picked_up() {
    let mut world = office();
    watching(&mut world);
    world.dials(FIRST, "201");
    line(&mut world, "201", LineState::Ringing, Some(caller("101")));
    world.wishes.clear();
    world.press("F12");
    assert_eq!(world.intents(), [], "the operator calls there");
    world.ended(FIRST, CallOutcome::Cancelled, 0);

    world.talks(FIRST, HANBIT);
    world.passing_with_return(FIRST, "201");
    world.press("F12");
    assert_eq!(world.intents(), [], "the client is on the way there");
}

#[test]
fn whoever_talks_on_every_line_picks_up_nobody() {
    let mut world = office();
    watching(&mut world);
    line(&mut world, "201", LineState::Ringing, None);
    for line in [FIRST, SECOND] {
        world.rings(line, OTHER);
        world.answered(line);
    }
    world.intents();
    world.press("F12");
    assert_eq!(world.intents(), []);
}

#[test]
fn a_client_is_parked_by_one_key_and_taken_back_by_another() {
    let mut world = office();
    world.rings(FIRST, OTHER);
    world.press("Shift+F8");
    assert_eq!(world.intents(), [], "who rings has not been answered");
    world.answered(FIRST);
    world.press("Shift+F8");
    assert_eq!(world.intents(), [Intent::Park { line: FIRST }]);
    let (others, ours) = (parked(&world, "701", None), parked(&world, "702", Some(OTHER)));
    world.spoken();
    world.handle(Input::Agent(Event::Parked(vec![others, ours])));
    assert_eq!(world.spoken(), ["You parked +7 916 123-45-67 at 702"]);
    world.pass(72);
    let bars: Vec<String> = world.shown().bars.into_iter().map(|bar| bar.text).collect();
    let wanted = ["A client is parked at 701, for 01:12", "You parked +7 916 123-45-67 at 702, for 01:12"];
    assert_eq!(bars, wanted);
    world.intents();
    world.press("Shift+F12");
    assert_eq!(world.intents(), [Intent::TakeParked { place: "702".into() }], "one's own comes first");
}

#[test]
fn the_queue_is_told_why_the_operator_is_away_and_each_change_once() {
    let mut world = office();
    world.act(Act::Break(0));
    world.act(Act::Break(0));
    world.act(Act::DoNotDisturb);
    world.act(Act::Ready);
    let told: Vec<_> = world
        .intents()
        .into_iter()
        .filter_map(|intent| if let Intent::BeAway { reason } = intent { Some(reason) } else { None })
        .collect();
    assert_eq!(told, [Some(PauseReason::Lunch), Some(PauseReason::DoNotDisturb), None]);
}

#[test]
fn a_queue_that_still_sends_calls_is_said_and_shown_until_it_does_not() {
    let mut world = office();
    queue(&mut world, QueueState::Ready, None);
    assert_eq!(world.shown().line_detail, "ext. 101 · in the queue · 192.0.2.1");
    world.act(Act::Break(0));
    world.spoken();
    queue(&mut world, QueueState::Ready, Some(QueueTrouble::StillSends));
    let words = "The queue still sends you calls; they hear busy. The pause is asked for again.";
    assert_eq!(world.spoken(), [words]);
    assert_eq!(world.shown().bars[0].text, words);
    queue(&mut world, QueueState::Paused(Some(PauseReason::Lunch)), None);
    assert_eq!(world.shown().bars, []);
    assert_eq!(world.shown().line_detail, "ext. 101 · paused in the queue · 192.0.2.1");
}

#[test]
fn logging_in_and_out_is_offered_by_what_the_queue_says() {
    let mut world = office();
    for (state, on, label) in [
        (QueueState::LoggedOut, true, "Log in to the queue"),
        (QueueState::Ready, false, "Log out of the queue"),
    ] {
        queue(&mut world, state, None);
        let choice = world.shown().lists.line_menu.last().cloned().unwrap();
        assert_eq!((choice.label.as_str(), choice.act.clone()), (label, Act::JoinQueue(on)));
        world.act(choice.act);
        assert_eq!(world.intents(), [Intent::JoinQueue { on }]);
        world.act(Act::JoinQueue(!on));
        assert_eq!(world.intents(), [], "what is so already is not asked for");
    }
}

#[test]
fn whoever_was_paused_by_somebody_else_may_end_it() {
    let mut world = office();
    queue(&mut world, QueueState::Paused(None), Some(QueueTrouble::PausedElsewhere));
    let (label, act) = world.shown().bars[0].act.clone().unwrap();
    assert_eq!(label, "Take calls of the queue");
    world.act(act);
    assert_eq!(world.intents(), [Intent::JoinQueue { on: true }]);
}

#[test]
fn a_telephone_without_these_codes_shows_nothing_of_them() {
    let mut world = World::new();
    watching(&mut world);
    line(&mut world, "201", LineState::Ringing, None);
    world.rings(FIRST, OTHER);
    world.answered(FIRST);
    world.act(Act::Break(0));
    for key in ["F12", "Shift+F12", "Shift+F8"] {
        world.press(key);
    }
    assert_eq!(world.intents(), [Intent::TakeCalls { on: false }]);
}

#[test]
fn nobody_is_watched_where_the_settings_say_so() {
    let mut world = World::with(|config| config.offers = Offers::default());
    world.handle(Input::Directory(Ok(directory())));
    assert_eq!(world.intents(), []);
}

#[test]
fn a_parked_client_whom_nobody_took_comes_back_from_their_place() {
    let mut world = office();
    let ours = parked(&world, "702", Some(HANBIT));
    world.handle(Input::Agent(Event::Parked(vec![ours])));
    world.handle(Input::Agent(Event::Parked(Vec::new())));
    world.wishes.clear();
    let returned = Return { id: None, target: "702".into(), reason: ReturnReason::NoAnswer };
    world.rings_from(FIRST, Caller { returned: Some(returned), ..caller(HANBIT) });
    assert_eq!(world.spoken()[0], "+7 495 555-01-42 is back from parking place 702: nobody took the client");
}

#[test]
fn a_client_who_cannot_be_parked_is_said_to_be_back_from_there() {
    let mut world = office();
    world.talks(FIRST, HANBIT);
    world.press("Shift+F8");
    assert_eq!(world.intents(), [Intent::Park { line: FIRST }]);
    world.passing(FIRST, "700");
    assert_eq!(world.shown().call.state, "Passing to parking place 700");
    world.not_passed(FIRST, "700", Some(486), ClientIs::Kept);
    world.phone(phone::Event::Resumed { line: FIRST, by: Side::Us });
    let words = world.shown().call.notes.last().cloned().unwrap_or_default().text;
    assert_eq!(words, "parking place 700: busy; the client is back with you. F8: Transfer");
}

#[test]
fn a_parked_client_is_no_call_that_was_passed_on_and_leaves_the_operator_free() {
    let mut world = office();
    world.talks(FIRST, HANBIT);
    world.press("Shift+F8");
    world.passing(FIRST, "700");
    let (target, outcome) = ("700".into(), phone::TransferOutcome::HandedOver);
    world.phone(phone::Event::Transferred { line: FIRST, target, outcome });
    world.wishes.clear();
    world.ends(FIRST, EndedBy::Transfer, CallOutcome::Completed, None, 30);
    assert_eq!(world.shown().state, State::Ready, "the client is still to be talked with");
    assert_eq!(world.intents(), []);
}

#[test]
fn a_client_whose_parking_is_refused_with_a_reason_is_passed_on_to_no_parking_place() {
    let mut world = office();
    world.talks(FIRST, HANBIT);
    world.press("Shift+F8");
    world.phone(phone::Event::Refused { line: Some(FIRST), why: phone::Refusal::BadTarget });
    world.passing(FIRST, "201");
    assert_eq!(world.shown().call.state, "Passing to Kim Seoyeon");
}

#[test]
fn the_bar_of_a_parked_client_names_the_key_that_takes_them_back() {
    let mut world = office();
    let parked = ["701", "702"].map(|place| parked(&world, place, Some(place).filter(|it| *it == "702")));
    world.handle(Input::Agent(Event::Parked(parked.to_vec())));
    let keys: Vec<String> = world.shown().bars.into_iter().map(|bar| bar.key).collect();
    assert_eq!(keys, ["", "Shift+F12"], "the operator's own comes first");
}

#[test]
fn in_a_consultation_the_client_is_parked_and_not_the_colleague() {
    let mut world = office();
    world.talks(FIRST, HANBIT);
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    world.dials(SECOND, "302");
    world.answered(SECOND);
    world.wishes.clear();
    world.press("Shift+F8");
    assert_eq!(world.intents(), [Intent::Park { line: FIRST }]);
}
