//! An operator on a break: who calls hears busy.

use super::*;

fn on_a_break() -> World {
    let mut world = World::new();
    world.command(Command::TakeCalls { on: false });
    assert_eq!(world.events(), [Event::TakingCalls { on: false }]);
    world
}

#[test]
fn who_calls_an_operator_on_a_break_hears_busy_and_is_named() {
    let mut world = on_a_break();
    let (leg, _) = world.ring("", Some(ALAW));
    world.pbx.response(486);
    let seen = world.pbx.seen();
    assert!(!seen.contains(&"180".to_owned()), "it does not ring: {seen:?}");
    let events = world.events();
    let [Event::Declined { call_id, caller, status: 486 }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(call_id, leg.call_id());
    assert_eq!(caller.number.as_deref(), Some("+79161234567"));
}

#[test]
fn a_break_is_said_once_and_ends_when_the_operator_says_so() {
    let mut world = on_a_break();
    world.command(Command::TakeCalls { on: false });
    assert_eq!(world.events(), []);
    world.command(Command::TakeCalls { on: true });
    assert_eq!(world.events(), [Event::TakingCalls { on: true }]);
    world.ring("", Some(ALAW));
    assert!(matches!(world.events()[..], [Event::RingingIn { .. }]));
}

#[test]
fn a_call_that_rings_already_may_still_be_answered() {
    let mut world = World::new();
    world.ring("", Some(ALAW));
    world.command(Command::TakeCalls { on: false });
    world.command(Command::Answer { line: LINE });
    world.pbx.response(200);
}

#[test]
fn a_call_that_stands_may_be_given_another_far_end() {
    let mut world = World::new();
    let leg = world.talking();
    world.command(Command::TakeCalls { on: false });
    world.ring(&format!("Replaces: {}\r\n", leg.replaces()), Some(ALAW));
    world.pbx.response(200);
}

/// A wrap-up follows at once when a client was passed on.
#[test]
fn a_client_whom_the_operator_passed_on_and_nobody_took_rings_all_the_same() {
    let returned = |transfer: &str| format!("X-Patchcord-Return: {transfer};reason=busy;target=201\r\n");
    let mut world = World::new();
    let mut leg = world.talking();
    world.command(Command::BlindTransfer { line: LINE, target: "201".into() });
    world.command(Command::TakeCalls { on: false });
    let bye = world.pbx.ask(&mut leg, "BYE", "", None);
    world.hears(&bye);
    world.events();
    world.ring(&returned(&crate::sip::transfer_id(leg.call_id())), Some(ALAW));
    let events = world.events();
    assert!(matches!(events[..], [Event::RingingIn { .. }]), "{events:?} {:?}", world.pbx.seen());

    let mut world = on_a_break();
    world.ring(&returned("0123456789abcdef"), Some(ALAW));
    world.pbx.response(486);
}

#[test]
fn an_operator_on_a_break_may_call() {
    let mut world = on_a_break();
    world.command(Command::Dial { target: "200".into() });
    assert!(world.pbx.has("INVITE"));
}

#[test]
fn not_even_the_pbx_has_calls_answered_on_a_break() {
    let mut world = World::willing(|_| {});
    world.command(Command::TakeCalls { on: false });
    world.ring("Call-Info: <sip:192.0.2.1>;answer-after=0\r\n", Some(ALAW));
    world.pbx.response(486);
}
