//! Feature codes: errands at the PBX, of which the operator notices nothing.

use super::super::test_pbx::alaw;
use super::*;

const CODE: Duration = Duration::from_secs(10);

fn dial_code(world: &mut World) -> (Request, Leg) {
    world.command(Command::Code { code: "*471".into() });
    let invite = world.outgoing();
    assert!(invite.uri.to_string().starts_with("sip:*471@"), "{}", invite.uri);
    let leg = Leg::of(&invite);
    (invite, leg)
}

fn answer(world: &mut World, invite: &Request) {
    let answer = world.pbx.reply(invite, 200, Some(&alaw(1, "sendrecv")));
    world.hears(&answer);
    world.pbx.request("ACK");
}

#[test]
fn a_code_is_done_when_the_pbx_has_answered_and_hung_up() {
    let mut world = World::new();
    let (invite, mut leg) = dial_code(&mut world);
    answer(&mut world, &invite);
    assert_eq!(world.codes, []);
    let bye = world.pbx.ask(&mut leg, "BYE", "", None);
    world.hears(&bye);
    assert_eq!(world.codes, [CodeResult::Done]);
    assert_eq!(world.events(), [], "no call of the operator's");
}

#[test]
fn a_pbx_that_does_not_hang_up_is_left_after_a_while() {
    let mut world = World::new();
    let (invite, _) = dial_code(&mut world);
    answer(&mut world, &invite);
    world.advance(CODE);
    world.pbx.request("BYE");
    assert_eq!(world.codes, [CodeResult::Done]);
}

#[test]
fn a_refused_code_says_with_what() {
    let mut world = World::new();
    let (invite, _) = dial_code(&mut world);
    let refusal = world.pbx.reply(&invite, 403, None);
    world.hears(&refusal);
    assert_eq!(world.codes, [CodeResult::Refused(403)]);
    assert_eq!(world.events(), []);
}

#[test]
fn a_code_that_nobody_answers_is_given_up() {
    let mut world = World::new();
    let (invite, _) = dial_code(&mut world);
    let trying = world.pbx.reply(&invite, 180, None);
    world.hears(&trying);
    world.advance(CODE);
    world.pbx.request("CANCEL");
    assert_eq!(world.codes, [CodeResult::NoAnswer]);
}

#[test]
fn a_code_that_cannot_be_dialled_counts_as_unanswered() {
    let mut world = World::new();
    world.command(Command::Code { code: "a b@".into() });
    assert_eq!(world.codes, [CodeResult::NoAnswer]);
    assert_eq!(world.events(), []);
}

#[test]
fn a_code_leaves_the_conversation_alone() {
    let mut world = World::new();
    world.talking();
    let (invite, mut leg) = dial_code(&mut world);
    answer(&mut world, &invite);
    assert!(world.last_plan().1, "the operator is not in it");
    world.command(Command::Mute { on: true });
    let bye = world.pbx.ask(&mut leg, "BYE", "", None);
    world.hears(&bye);
    assert_eq!(world.events(), [Event::Muted { on: true }]);
    assert!(!world.pbx.has("INVITE"), "nobody is put on hold");
}

#[test]
fn a_code_takes_no_line_from_a_call() {
    let mut world = World::new();
    dial_code(&mut world);
    world.command(Command::Dial { target: "201".into() });
    let dialing = world.events();
    assert!(matches!(dialing[..], [Event::Dialing { .. }]), "{dialing:?}");
}

#[test]
fn a_muted_call_that_ends_during_a_code_does_not_mute_the_next() {
    let mut world = World::new();
    let mut client = world.talking();
    dial_code(&mut world);
    world.command(Command::Mute { on: true });
    let bye = world.pbx.ask(&mut client, "BYE", "", None);
    world.hears(&bye);
    assert!(world.events().contains(&Event::Muted { on: false }));
}
