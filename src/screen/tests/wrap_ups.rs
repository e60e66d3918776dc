//! After the conversation: the result, by a key, by Enter or by time.

use super::*;

fn concluded(world: &mut World) -> Vec<String> {
    let results = world.intents().into_iter().map(|intent| match intent {
        Intent::Conclude { result, .. } => result,
        Intent::TakeCalls { on } => format!("calls {on}"),
        other => format!("{other:?}"),
    });
    results.collect()
}

fn talked() -> World {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.ended(FIRST, CallOutcome::Completed, 60);
    world
}

fn chosen(world: &World) -> Option<String> {
    world.shown().wrap_up?.results.into_iter().find(|result| result.chosen).map(|result| result.label)
}

#[test]
fn an_answered_call_ends_in_a_wrap_up_without_calls() {
    let mut world = talked();
    assert_eq!(concluded(&mut world), ["calls false"]);
    let shown = world.shown();
    assert_eq!((shown.state, shown.line.text.as_str()), (State::WrapUp, "Wrap-up"));
    let wrap_up = shown.wrap_up.unwrap();
    assert_eq!(wrap_up.countdown, "Calls ring again in 20 s");
    assert_eq!(wrap_up.results.len(), 8);
    assert_eq!(chosen(&world).as_deref(), Some("information given"));
    world.press("Enter");
    assert_eq!(concluded(&mut world), ["information", "calls true"]);
    assert_eq!(world.shown().state, State::Ready);
    assert_eq!(world.shown().lists.calls.rows[0].result, "information given");
}

#[test]
fn a_digit_picks_a_result_and_confirms_it() {
    let mut world = talked();
    world.wishes.clear();
    world.press("2");
    assert_eq!(concluded(&mut world), [""; 0], "it was meant for the call that has just ended");
    world.pass(1);
    world.press("2");
    assert_eq!(concluded(&mut world), ["order", "calls true"]);
    world.press("3");
    assert_eq!(concluded(&mut world), [""; 0], "once");
}

#[test]
fn a_call_that_was_passed_on_is_inferred_so() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    let (target, outcome) = ("201".into(), TransferOutcome::HandedOver);
    world.phone(phone::Event::Transferred { line: FIRST, target, outcome });
    world.ends(FIRST, EndedBy::Transfer, CallOutcome::Completed, None, 60);
    assert_eq!(chosen(&world).as_deref(), Some("passed on"));
}

#[test]
fn a_client_who_was_joined_with_a_colleague_has_a_wrap_up_too() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.pass(1);
    world.press("F8");
    world.press("Shift+Enter");
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    world.dials(SECOND, "302");
    world.answered(SECOND);
    world.passing_by(phone::TransferWay::Consultation, FIRST, "302");
    let (target, outcome) = ("302".into(), TransferOutcome::Joined);
    world.phone(phone::Event::Transferred { line: FIRST, target, outcome });
    for line in [FIRST, SECOND] {
        world.ends(line, EndedBy::Transfer, CallOutcome::Completed, None, 60);
    }
    assert_eq!(world.shown().state, State::WrapUp);
    assert_eq!(chosen(&world).as_deref(), Some("passed on"));
}

#[test]
fn time_confirms_too_unless_something_is_typed() {
    let mut world = talked();
    world.pass(15);
    assert_eq!(world.shown().wrap_up.unwrap().countdown, "Calls ring again in 5 s");
    world.act(Act::DialEdited("8".into()));
    world.pass(15);
    assert_eq!(world.shown().state, State::WrapUp);
    world.wishes.clear();
    world.pass(5);
    assert_eq!(concluded(&mut world), ["information", "calls true"]);
}

#[test]
fn a_caller_who_waits_gets_the_operator_without_a_wrap_up() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.rings(SECOND, OTHER);
    world.wishes.clear();
    world.ended(FIRST, CallOutcome::Completed, 60);
    assert_eq!(concluded(&mut world), ["information"]);
    let shown = world.shown();
    assert_eq!((shown.state, shown.waiting), (State::Ringing, None));
}

#[test]
fn dialling_ends_the_wrap_up_of_the_call_before() {
    let mut world = talked();
    world.wishes.clear();
    world.dials(FIRST, "+79161234567");
    assert_eq!(concluded(&mut world), ["information", "calls true"]);
}

#[test]
fn a_call_that_nobody_answered_has_none() {
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    world.ended(FIRST, CallOutcome::Missed, 0);
    assert_eq!(world.shown().state, State::Ready);
    assert_eq!(world.intents(), []);
}

#[test]
fn without_time_for_it_the_inferred_result_stands_at_once() {
    let mut world = World::with(|config| config.wrap_up = Duration::ZERO);
    world.talks(FIRST, HANBIT);
    world.ended(FIRST, CallOutcome::Completed, 60);
    assert_eq!(concluded(&mut world), ["information"]);
    assert_eq!(world.shown().state, State::Ready);
}

#[test]
fn a_break_taken_in_the_wrap_up_begins_when_it_ends() {
    let mut world = talked();
    world.act(Act::Break(0));
    assert_eq!(world.shown().wrap_up.unwrap().countdown, "The result is recorded in 20 s");
    world.wishes.clear();
    world.press("F10");
    assert_eq!(concluded(&mut world), ["information"], "calls hear busy as before");
    assert_eq!(world.shown().call.state, "On a break: lunch");
}
