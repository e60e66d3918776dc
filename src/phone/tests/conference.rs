//! A client, a colleague and the operator hear each other.

use super::super::test_pbx::alaw;
use super::*;

const SECOND: LineId = LineId(2);
const THIRD: LineId = LineId(3);
const BOTH: [LineId; 2] = [LINE, SECOND];

impl World {
    /// What the media thread was told of conferences since the last time, and what was said of them.
    fn conferences(&mut self) -> Vec<Option<[LineId; 2]>> {
        let told = |command: &MediaCommand| match command {
            MediaCommand::Conference { lines } => Some(*lines),
            _ => None,
        };
        let said = |event: &Event| match event {
            Event::Conference { lines } => Some(*lines),
            _ => None,
        };
        let told: Vec<_> = self.media.iter().filter_map(told).collect();
        self.media.retain(|command| !matches!(command, MediaCommand::Conference { .. }));
        let said: Vec<_> = self.events().iter().filter_map(said).collect();
        assert_eq!(told, said, "who hears whom is what is said");
        told
    }

    /// Who has the operator: the first, the second.
    fn with_operator(&self) -> (bool, bool) {
        (!is_muted(self, LINE), !is_muted(self, SECOND))
    }

    /// One who rings is answered.
    fn answer_next(&mut self, id: LineId) -> Leg {
        let (mut leg, _) = self.ring("", Some(ALAW));
        self.command(Command::Answer { line: id });
        leg.follow(&self.pbx.response(200));
        let ack = self.pbx.ack(&leg, None);
        self.hears(&ack);
        leg
    }
}

/// The operator talks with the second, and the first is on hold.
fn consulting() -> (World, Leg, Leg) {
    let mut world = World::with(|config| config.sip.max_calls = 3);
    let first = world.talking();
    let second = world.answer_next(SECOND);
    world.answer_reinvite(&alaw(8, "recvonly"));
    world.pbx.forget();
    world.events();
    (world, first, second)
}

fn conference() -> (World, Leg, Leg) {
    let (mut world, first, second) = consulting();
    world.command(Command::Conference { on: true });
    assert_eq!(world.conferences(), [], "not before the first is off hold");
    let reinvite = world.answer_reinvite(&alaw(9, "sendrecv"));
    assert!(body(&reinvite).contains("a=sendrecv"));
    assert_eq!(world.conferences(), [Some(BOTH)]);
    assert_eq!(world.with_operator(), (true, true));
    world.pbx.forget();
    (world, first, second)
}

#[test]
fn a_second_press_changes_nothing() {
    let (mut world, ..) = conference();
    world.command(Command::Conference { on: true });
    assert_eq!((world.conferences(), world.with_operator()), (vec![], (true, true)));
    assert!(world.pbx.seen().is_empty());
}

#[test]
fn taken_apart_the_one_who_was_talked_with_before_stays_and_the_other_waits() {
    let (mut world, ..) = conference();
    world.command(Command::Conference { on: false });
    assert_eq!(world.conferences(), [None]);
    assert_eq!(world.with_operator(), (false, true));
    assert!(body(&world.answer_reinvite(&alaw(10, "recvonly"))).contains("a=sendonly"));
    world.command(Command::Swap);
    world.answer_reinvite(&alaw(11, "sendrecv"));
    assert_eq!(world.with_operator(), (true, false));
    assert_eq!(world.conferences(), []);
}

#[test]
fn who_leaves_ends_it_and_the_other_goes_on_with_the_operator() {
    for leaves in BOTH {
        for by_us in [false, true] {
            let (mut world, mut first, mut second) = conference();
            if by_us {
                world.command(Command::HangUp { line: leaves });
            } else {
                world.hang_up_theirs(if leaves == LINE { &mut first } else { &mut second });
            }
            assert_eq!(world.conferences(), [None]);
            assert!(!is_muted(&world, if leaves == LINE { SECOND } else { LINE }));
            assert!(!world.pbx.has("INVITE"), "nobody is put on hold");
        }
    }
}

#[test]
fn whatever_gives_one_of_them_to_hold_ends_it() {
    let transfer = Command::BlindTransfer { line: LINE, target: "202".into() };
    for (command, with_operator) in [
        (Command::Hold { line: LINE }, (false, true)),
        (Command::Hold { line: SECOND }, (true, false)),
        (Command::Resume { line: LINE }, (true, false)),
        (transfer, (false, true)),
        (Command::Dial { target: "202".into() }, (false, false)),
    ] {
        let (mut world, ..) = conference();
        world.command(command.clone());
        assert_eq!(world.conferences(), [None], "{command:?}");
        assert_eq!(world.with_operator(), with_operator, "{command:?}");
    }
}

#[test]
fn who_is_passed_on_from_it_and_comes_back_waits() {
    let (mut world, mut first, mut second) = conference();
    world.command(Command::BlindTransfer { line: LINE, target: "202".into() });
    world.answer_reinvite(&alaw(10, "recvonly"));
    let refer = world.pbx.request("REFER");
    let taken = world.pbx.reply(&refer, 202, None);
    world.hears(&taken);
    let failed = world.pbx.notify(&mut first, "SIP/2.0 404 Not Found", "terminated;reason=noresource");
    world.hears(&failed);
    assert_eq!(world.with_operator(), (false, true), "one conversation at a time again");
    assert!(!world.pbx.has("INVITE"), "still on hold");
    world.hang_up_theirs(&mut second);
    world.command(Command::Swap);
    world.answer_reinvite(&alaw(11, "sendrecv"));
    assert!(!is_muted(&world, LINE));
}

#[test]
fn it_may_begin_anew() {
    let (mut world, ..) = conference();
    world.command(Command::Hold { line: LINE });
    world.answer_reinvite(&alaw(10, "recvonly"));
    assert_eq!(world.conferences(), [None]);
    world.command(Command::Conference { on: true });
    world.answer_reinvite(&alaw(11, "sendrecv"));
    assert_eq!((world.conferences(), world.with_operator()), (vec![Some(BOTH)], (true, true)));
}

#[test]
fn nobody_waits_whom_a_swap_could_take_up() {
    let (mut world, ..) = conference();
    world.command(Command::Swap);
    assert_eq!(world.events(), [Event::Refused { line: None, why: Refusal::WrongState }]);
    assert_eq!(world.with_operator(), (true, true));
}

#[test]
fn a_third_who_is_answered_has_the_operator_alone() {
    let (mut world, ..) = conference();
    world.answer_next(THIRD);
    assert_eq!(world.conferences(), [None]);
    assert_eq!((world.with_operator(), is_muted(&world, THIRD)), ((false, false), false));
    world.command(Command::Conference { on: true });
    assert_eq!(world.conferences(), [], "of three calls nobody knows which two are meant");
    assert_eq!(world.with_operator(), (false, false));
}

#[test]
fn one_who_rings_or_whose_far_end_puts_us_on_hold_does_not_end_it() {
    let (mut world, mut first, _) = conference();
    world.ring("", Some(ALAW));
    let hold = world.pbx.ask(&mut first, "INVITE", "", Some(&alaw(12, "sendonly")));
    world.hears(&hold);
    assert_eq!((world.conferences(), world.with_operator()), (vec![], (true, true)));
}

#[test]
fn a_client_who_cannot_be_taken_off_hold_goes_on_waiting() {
    let (mut world, ..) = consulting();
    world.command(Command::Conference { on: true });
    world.refuse_reinvite(488);
    assert!(world.events().contains(&Event::HoldFailed { line: LINE, status: 488 }));
    assert_eq!((world.conferences(), world.with_operator()), (vec![], (false, true)));
    world.command(Command::Swap);
    assert!(world.pbx.has("INVITE"), "as any who waits");
}

#[test]
fn it_takes_two_who_have_answered() {
    let refused = [Event::Refused { line: None, why: Refusal::WrongState }];
    let mut world = World::with(|config| config.sip.max_calls = 2);
    world.command(Command::Conference { on: true });
    assert_eq!(world.events(), refused, "no call");
    world.talking();
    world.command(Command::Conference { on: true });
    assert_eq!(world.events(), refused, "one call");
    world.command(Command::Conference { on: false });
    assert_eq!(world.events(), refused, "none to take apart");
    world.command(Command::Dial { target: "201".into() });
    world.events();
    world.command(Command::Conference { on: true });
    assert_eq!(world.events(), refused, "one is only dialled");

    let (mut world, ..) = consulting();
    world.command(Command::BlindTransfer { line: LINE, target: "202".into() });
    world.events();
    world.command(Command::Conference { on: true });
    assert_eq!(world.events(), refused, "one is passed on");
    assert_eq!(world.with_operator(), (false, true));
}

#[test]
fn two_on_hold_are_brought_together_and_hold_again() {
    let (mut world, ..) = consulting();
    world.command(Command::Hold { line: SECOND });
    world.answer_reinvite(&alaw(9, "recvonly"));
    world.command(Command::Conference { on: true });
    world.answer_reinvite(&alaw(10, "sendrecv"));
    world.answer_reinvite(&alaw(10, "sendrecv"));
    assert_eq!(world.conferences(), [Some(BOTH)]);
    world.command(Command::Conference { on: false });
    assert_eq!((world.conferences(), world.with_operator()), (vec![None], (false, false)));
}

#[test]
fn who_takes_the_place_of_one_of_them_takes_their_place_in_it() {
    let (mut world, first, _) = conference();
    let headers = format!("Replaces: {}\r\n", first.replaces());
    world.ring(&headers, Some(ALAW));
    assert_eq!(world.conferences(), [Some([THIRD, SECOND])]);
    assert!(!is_muted(&world, THIRD) && !is_muted(&world, SECOND));

    // Who lets us offer has the operator alone.
    let (mut world, first, _) = conference();
    let (mut new, _) = world.ring(&format!("Replaces: {}\r\n", first.replaces()), None);
    new.follow(&world.pbx.response(200));
    let ack = world.pbx.ack(&new, Some(ALAW));
    world.hears(&ack);
    assert_eq!(world.conferences(), [None]);
    assert!(!is_muted(&world, THIRD) && is_muted(&world, SECOND));
}
