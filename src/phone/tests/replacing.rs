//! One call takes the place of another (RFC 3891), and the operator is where they were.

use super::super::test_pbx::alaw;
use super::*;

const SECOND: LineId = LineId(2);
const THIRD: LineId = LineId(3);

impl World {
    /// A call that names `leg` as the one whose place it takes; its 200.
    #[track_caller]
    fn replaced(&mut self, leg: &Leg, sdp: Option<&str>) -> (Leg, String) {
        let (mut new, _) = self.ring(&format!("Replaces: {}\r\n", leg.replaces()), sdp);
        let ok = self.pbx.response(200);
        new.follow(&ok);
        (new, String::from_utf8(ok.body).unwrap())
    }
}

/// The operator holds the only client.
fn on_hold() -> (World, Leg) {
    let mut world = World::with(|config| config.sip.max_calls = 2);
    let leg = world.talking();
    world.command(Command::Hold { line: LINE });
    world.answer_reinvite(&alaw(8, "recvonly"));
    world.events();
    (world, leg)
}

#[test]
fn a_call_that_takes_the_place_of_the_one_that_stands_does_not_ring() {
    let mut world = World::new();
    let leg = world.talking();
    world.media.clear();
    world.ring(&format!("Replaces: {}\r\n", leg.replaces()), Some(ALAW));
    world.pbx.response(200);
    assert!(world.pbx.has("BYE"), "the old leg is ended");
    let events = world.events();
    let new = LineId(2);
    assert!(
        matches!(
            events[..],
            [
                Event::RingingIn { line: rings, replaces: Some(LINE), .. },
                Event::Answered { line: answered, .. },
                Event::Ended { line: LINE, by: EndedBy::Them, outcome: CallOutcome::Completed, .. }
            ] if rings == new && answered == new
        ),
        "{events:?}"
    );
}

#[test]
fn a_call_that_names_no_call_of_ours_rings_nowhere() {
    let mut world = World::new();
    let leg = world.talking();
    world.ring(&format!("Replaces: x{}\r\n", leg.replaces()), Some(ALAW));
    world.pbx.response(481);
    assert!(world.events().is_empty());
}

#[test]
fn who_takes_the_place_of_a_client_on_hold_is_on_hold() {
    let (mut world, leg) = on_hold();
    let (new, said) = world.replaced(&leg, Some(ALAW));
    let ack = world.pbx.ack(&new, None);
    world.hears(&ack);
    assert!(said.contains("a=sendonly"), "{said}");
    assert!(is_muted(&world, SECOND), "the operator believes the line to be on hold");
    let events = world.events();
    assert!(events.contains(&Event::Held { line: SECOND, by: Side::Us }), "{events:?}");
    world.pbx.forget();
    world.command(Command::Resume { line: SECOND });
    assert!(body(&world.answer_reinvite(&alaw(9, "sendrecv"))).contains("a=sendrecv"));
    assert_eq!(world.events(), [Event::Resumed { line: SECOND, by: Side::Us }]);
    assert!(!is_muted(&world, SECOND));
}

#[test]
fn nobody_takes_the_operator_out_of_a_conversation_by_taking_another_clients_place() {
    for late_offer in [false, true] {
        let (mut world, first) = on_hold();
        world.ring("", Some(ALAW));
        world.command(Command::Answer { line: SECOND });
        world.pbx.forget();
        let (new, said) = world.replaced(&first, Some(ALAW).filter(|_| !late_offer));
        assert!(said.contains("a=sendonly"), "{said}");
        let recvonly = alaw(7, "recvonly");
        let ack = world.pbx.ack(&new, late_offer.then_some(&recvonly));
        world.hears(&ack);
        assert!(!world.pbx.has("INVITE"), "nobody is put on hold: {:?}", world.pbx.seen());
        assert!(!is_muted(&world, SECOND) && is_muted(&world, THIRD));
        world.pbx.request("BYE");
        world.command(Command::Swap);
        let resumed = world.answer_reinvite(&alaw(9, "sendrecv"));
        assert_eq!(resumed.headers.first("Call-ID"), Some(new.call_id()));
        assert!(is_muted(&world, SECOND) && !is_muted(&world, THIRD), "as any client who waits");
    }
}

#[test]
fn who_takes_the_place_of_a_client_whose_hold_was_refused_hears_nothing_either() {
    let mut world = World::with(|config| config.sip.max_calls = 2);
    let first = world.talking();
    world.ring("", Some(ALAW));
    world.command(Command::Answer { line: SECOND });
    world.refuse_reinvite(488);
    world.pbx.forget();
    world.replaced(&first, Some(ALAW));
    assert!(!is_muted(&world, SECOND) && is_muted(&world, THIRD));
}

#[test]
fn a_call_whose_place_is_taken_is_not_put_on_hold_first() {
    let mut world = World::new();
    let leg = world.talking();
    world.replaced(&leg, Some(ALAW));
    assert!(!world.pbx.has("INVITE"), "{:?}", world.pbx.seen());

    // Without a port it rings, until the operator answers.
    let mut world = World::new();
    let leg = world.talking();
    world.phone.free_port = None;
    world.ring(&format!("Replaces: {}\r\n", leg.replaces()), Some(ALAW));
    world.give_port();
    world.command(Command::Answer { line: SECOND });
    world.pbx.response(200);
    assert!(!world.pbx.has("INVITE") && !is_muted(&world, SECOND), "{:?}", world.pbx.seen());
}
