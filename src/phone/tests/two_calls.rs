//! Call waiting: one conversation at a time, the other client on hold.

use super::super::test_pbx::alaw;
use super::*;

const SECOND: LineId = LineId(2);

fn world() -> World {
    World::with(|config| config.sip.max_calls = 2)
}

/// A client talks, and a second one rings.
fn waiting() -> (World, Leg, Leg) {
    let mut world = world();
    let first = world.talking();
    let (second, _) = world.ring("", Some(ALAW));
    assert!(
        matches!(world.events()[..], [Event::RingingIn { line: SECOND, .. }]),
        "it rings and is not refused"
    );
    (world, first, second)
}

/// The second client is answered: the first is on hold.
fn both() -> (World, Leg, Leg) {
    let (mut world, first, mut second) = waiting();
    world.command(Command::Answer { line: SECOND });
    assert!(is_muted(&world, LINE), "the first client does not hear what is said to the second");
    let reinvite = world.answer_reinvite(&alaw(8, "recvonly"));
    assert!(body(&reinvite).contains("a=sendonly"));
    second.follow(&world.pbx.response(200));
    let ack = world.pbx.ack(&second, None);
    world.hears(&ack);
    let held = Event::Held { line: LINE, by: Side::Us };
    assert!(world.events().contains(&held));
    assert!(!is_muted(&world, SECOND));
    world.pbx.forget();
    (world, first, second)
}

#[test]
fn answering_a_second_client_puts_the_first_on_hold() {
    both();
}

#[test]
fn a_third_call_is_busy() {
    let (mut world, ..) = both();
    world.ring("", Some(ALAW));
    world.pbx.response(486);
    assert!(matches!(world.events()[..], [Event::Declined { status: 486, .. }]));
}

#[test]
fn swapping_talks_with_the_one_who_waited() {
    let (mut world, ..) = both();
    world.command(Command::Swap);
    assert!(is_muted(&world, SECOND));
    // In the order of the lines: the first comes off hold, the second goes on.
    let first = world.answer_reinvite(&alaw(9, "sendrecv"));
    let second = world.answer_reinvite(&alaw(8, "recvonly"));
    assert!(body(&first).contains("a=sendrecv") && body(&second).contains("a=sendonly"));
    assert_eq!((is_muted(&world, LINE), is_muted(&world, SECOND)), (false, true));
    let said = world.events();
    assert!(said.contains(&Event::Resumed { line: LINE, by: Side::Us }));
    assert!(said.contains(&Event::Held { line: SECOND, by: Side::Us }));
}

#[test]
fn a_client_whose_hold_is_refused_still_does_not_hear_the_other_conversation() {
    let (mut world, ..) = waiting();
    world.command(Command::Answer { line: SECOND });
    world.refuse_reinvite(488);
    assert!(world.events().contains(&Event::HoldFailed { line: LINE, status: 488 }));
    assert!(is_muted(&world, LINE));
    for back in [Command::Resume { line: LINE }, Command::Swap] {
        let (mut world, ..) = waiting();
        world.command(Command::Answer { line: SECOND });
        world.refuse_reinvite(488);
        world.command(back);
        assert!(!is_muted(&world, LINE) && is_muted(&world, SECOND));
    }
}

#[test]
fn whoever_answers_has_the_operator_though_the_first_was_resumed_meanwhile() {
    let mut world = world();
    world.talking();
    world.command(Command::Dial { target: "201".into() });
    let dialled = world.pbx.request("INVITE");
    world.answer_reinvite(&alaw(8, "recvonly"));
    world.command(Command::Resume { line: LINE });
    world.answer_reinvite(&alaw(9, "sendrecv"));
    assert!(!is_muted(&world, LINE));
    let answer = world.pbx.reply(&dialled, 200, Some(ALAW));
    world.hears(&answer);
    assert!(is_muted(&world, LINE) && !is_muted(&world, SECOND), "one conversation at a time");
}

#[test]
fn the_one_who_waits_stays_on_hold_until_taken_up_when_the_other_hangs_up() {
    let (mut world, _, mut second) = both();
    world.hang_up_theirs(&mut second);
    assert!(matches!(world.events()[..], [Event::Ended { line: SECOND, by: EndedBy::Them, .. }]));
    assert!(is_muted(&world, LINE));
    world.command(Command::Resume { line: LINE });
    world.answer_reinvite(&alaw(9, "sendrecv"));
    assert_eq!(world.events(), [Event::Resumed { line: LINE, by: Side::Us }]);
    assert!(!is_muted(&world, LINE));
}

#[test]
fn dialling_puts_the_client_on_hold() {
    let mut world = world();
    world.talking();
    world.command(Command::Dial { target: "201".into() });
    assert!(is_muted(&world, LINE));
    let requests = [world.pbx.request("INVITE"), world.pbx.request("INVITE")];
    assert!(requests.iter().any(|request| body(request).contains("a=sendonly")));
}

/// The first client is being passed on while the operator talks to a second.
fn passing_on() -> (World, Leg, Leg) {
    let mut world = world();
    let first = world.talking();
    world.command(Command::BlindTransfer { line: LINE, target: "999".into() });
    world.answer_reinvite(&alaw(8, "recvonly"));
    let refer = world.pbx.request("REFER");
    let taken = world.pbx.reply(&refer, 202, None);
    world.hears(&taken);
    let (mut second, _) = world.ring("", Some(ALAW));
    world.command(Command::Answer { line: SECOND });
    second.follow(&world.pbx.response(200));
    let ack = world.pbx.ack(&second, None);
    world.hears(&ack);
    world.events();
    (world, first, second)
}

#[test]
fn a_client_who_comes_back_from_a_transfer_is_with_the_operator_if_the_other_is_gone() {
    let (mut world, mut first, mut second) = passing_on();
    world.hang_up_theirs(&mut second);
    assert!(is_muted(&world, LINE), "still on hold, and perhaps elsewhere");
    world.events();
    let failed = world.pbx.notify(&mut first, "SIP/2.0 404 Not Found", "terminated;reason=noresource");
    world.hears(&failed);
    world.answer_reinvite(&alaw(9, "sendrecv"));
    assert!(world.events().contains(&Event::Returned { line: LINE }));
    assert!(!is_muted(&world, LINE));
}

#[test]
fn a_client_who_comes_back_from_a_transfer_waits_while_the_operator_talks_to_another() {
    let (mut world, mut first, _) = passing_on();
    let failed = world.pbx.notify(&mut first, "SIP/2.0 404 Not Found", "terminated;reason=noresource");
    world.hears(&failed);
    let said = world.events();
    assert!(
        matches!(said[..], [Event::TransferFailed { line: LINE, client: ClientIs::Kept, .. }]),
        "{said:?}"
    );
    assert!(is_muted(&world, LINE) && !world.pbx.has("INVITE"), "still on hold, with music");
    world.command(Command::Swap);
    assert!(body(&world.pbx.request("INVITE")).contains("a=sendrecv"));
}

#[test]
fn a_client_set_aside_for_another_is_brought_back_once_the_operator_is_free() {
    let (mut world, _, mut second) = both();
    let bring_back = Command::BringBack { line: LINE };
    world.command(bring_back.clone());
    assert!(!world.pbx.has("INVITE"), "not while the operator talks with another");
    let bye = world.pbx.ask(&mut second, "BYE", "", None);
    world.hears(&bye);
    world.command(bring_back);
    world.answer_reinvite(&alaw(9, "sendrecv"));
    assert!(world.events().contains(&Event::Returned { line: LINE }));
    assert!(!is_muted(&world, LINE));
}

/// As if people spoke for a second.
fn after_a_second(world: &mut World, command: Command) {
    world.advance(Duration::from_secs(1));
    world.command(command);
    while world.pbx.has("INVITE") {
        let reinvite = world.pbx.request("INVITE");
        let direction = if body(&reinvite).contains("a=sendonly") { "recvonly" } else { "sendrecv" };
        let version = reinvite.headers.first("CSeq").unwrap().split(' ').next().unwrap().parse().unwrap();
        let reply = world.pbx.reply(&reinvite, 200, Some(&alaw(version, direction)));
        world.hears(&reply);
    }
}

#[test]
fn a_swap_goes_to_whom_the_operator_spoke_with_before() {
    let resume = |line| Command::Resume { line: LineId(line) };
    let hold = |line| Command::Hold { line: LineId(line) };
    // What was done since three clients were answered one after the other, and who is spoken with after a swap.
    for (before, swapped) in [
        (vec![], 2),
        (vec![Command::Swap], 3),
        (vec![resume(1)], 3),
        (vec![resume(1), resume(2)], 1),
        (vec![resume(1), hold(1)], 3),
        (vec![hold(3)], 2),
        (vec![hold(3), resume(1), hold(1), resume(2)], 1),
    ] {
        let mut world = World::with(|config| config.sip.max_calls = 3);
        for line in [1, 2, 3] {
            let (mut leg, _) = world.ring("", Some(ALAW));
            after_a_second(&mut world, Command::Answer { line: LineId(line) });
            leg.follow(&world.pbx.response(200));
            let ack = world.pbx.ack(&leg, None);
            world.hears(&ack);
        }
        let case = format!("{before:?}");
        before.into_iter().for_each(|command| after_a_second(&mut world, command));
        after_a_second(&mut world, Command::Swap);
        let spoken_with: Vec<u32> = (1..=3).filter(|line| !is_muted(&world, LineId(*line))).collect();
        assert_eq!(spoken_with, [swapped], "{case}");
    }
}
