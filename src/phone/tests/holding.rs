use super::super::test_pbx::alaw;
use super::*;

fn held(world: &mut World) -> Leg {
    let leg = world.talking();
    world.command(Command::Hold { line: LINE });
    world.answer_reinvite(&alaw(8, "recvonly"));
    world.events();
    leg
}

#[test]
fn hold_and_resume() {
    let mut world = World::new();
    world.talking();
    world.command(Command::Hold { line: LINE });
    assert!(world.last_plan().1, "the microphone is off from the key press on");
    assert_eq!(world.events(), []);
    let reinvite = world.answer_reinvite(&alaw(8, "recvonly"));
    assert!(body(&reinvite).contains("a=sendonly"));
    assert_eq!(world.events(), [Event::Held { line: LINE, by: Side::Us }]);
    assert_eq!(world.last_plan().0.direction, Direction::SendOnly);

    world.command(Command::Resume { line: LINE });
    assert!(world.last_plan().1, "and stays off until the resume is agreed");
    let reinvite = world.answer_reinvite(&alaw(9, "sendrecv"));
    assert!(body(&reinvite).contains("a=sendrecv"));
    assert_eq!(world.events(), [Event::Resumed { line: LINE, by: Side::Us }]);
    let (plan, muted) = world.last_plan();
    assert_eq!((plan.direction, muted), (Direction::SendRecv, false));
}

/// The network changed: the telephone is at another address now.
fn moved(world: &mut World) -> SocketAddr {
    world.pbx.phone = "192.0.2.20:5070".parse().unwrap();
    let (local, server) = (world.pbx.phone, world.pbx.address);
    world.give_port();
    world.phone.handle(world.now, Input::Addresses { local, server });
    world.drain();
    local
}

#[test]
fn a_call_that_stands_follows_us_to_a_new_address() {
    let mut world = World::new();
    world.talking();
    let before = world.last_plan().0.local;
    let local = moved(&mut world);
    let (plan, muted) = world.last_plan();
    assert_eq!((plan.local.ip(), muted), (local.ip(), false), "the sockets of the old one are dead");
    assert_ne!(plan.local, before);
    let reinvite = world.answer_reinvite(&alaw(8, "sendrecv"));
    assert!(reinvite.headers.first("Contact").unwrap().contains("192.0.2.20:5070"));
    assert!(body(&reinvite).contains("c=IN IP4 192.0.2.20") && body(&reinvite).contains("a=sendrecv"));
    assert_eq!(world.events(), [], "nothing that the operator must know");
    world.advance(Duration::from_secs(5));
    assert!(!world.pbx.has("INVITE"));
}

#[test]
fn a_client_on_hold_stays_on_hold_at_our_new_address() {
    let mut world = World::new();
    held(&mut world);
    moved(&mut world);
    let reinvite = world.answer_reinvite(&alaw(9, "recvonly"));
    assert!(body(&reinvite).contains("c=IN IP4 192.0.2.20") && body(&reinvite).contains("a=sendonly"));
    assert_eq!(world.events(), []);
    world.command(Command::Resume { line: LINE });
    let reinvite = world.answer_reinvite(&alaw(10, "sendrecv"));
    assert!(body(&reinvite).contains("c=IN IP4 192.0.2.20"));
    assert_eq!(world.events(), [Event::Resumed { line: LINE, by: Side::Us }]);
}

#[test]
fn a_hold_under_way_does_not_hide_the_new_address() {
    let mut world = World::new();
    world.talking();
    world.command(Command::Hold { line: LINE });
    moved(&mut world);
    let first = world.answer_reinvite(&alaw(8, "recvonly"));
    assert!(body(&first).contains("c=IN IP4 192.0.2.10"));
    let second = world.answer_reinvite(&alaw(9, "recvonly"));
    assert!(body(&second).contains("c=IN IP4 192.0.2.20") && body(&second).contains("a=sendonly"));
    assert_eq!(world.events(), [Event::Held { line: LINE, by: Side::Us }]);
}

#[test]
fn a_new_address_that_is_refused_for_the_moment_is_offered_again() {
    let mut world = World::new();
    world.talking();
    moved(&mut world);
    world.refuse_reinvite(500);
    world.advance(Duration::from_secs(12));
    let reinvite = world.answer_reinvite(&alaw(8, "sendrecv"));
    assert!(body(&reinvite).contains("c=IN IP4 192.0.2.20"));
    assert_eq!(world.events(), []);
}

#[test]
fn a_new_address_that_nobody_could_be_told_of_is_told_when_the_pbx_is_back() {
    let mut world = World::with(|config| config.register = true);
    world.grant();
    world.talking();
    moved(&mut world);
    for _ in 0..4 {
        world.unreachable();
        world.advance(Duration::from_millis(500));
    }
    world.pbx.forget();
    world.advance(Duration::from_secs(2));
    world.grant();
    let reinvite = world.answer_reinvite(&alaw(8, "sendrecv"));
    assert!(body(&reinvite).contains("c=IN IP4 192.0.2.20"));
}

#[test]
fn their_offer_learns_the_new_address_from_our_answer() {
    let mut world = World::new();
    let mut leg = world.talking();
    world.gives_ports = false;
    let local = "192.0.2.20:5070".parse().unwrap();
    world.phone.handle(world.now, Input::Addresses { local, server: world.pbx.address });
    world.drain();
    assert!(!world.pbx.has("INVITE"), "no port at the new address yet");
    world.pbx.phone = local;
    world.give_port();
    world.answer_reinvite(&alaw(8, "sendrecv"));
    let refresh = world.pbx.ask(&mut leg, "INVITE", "", Some(&alaw(9, "sendrecv")));
    world.hears(&refresh);
    let answer = String::from_utf8(world.pbx.response(200).body).unwrap();
    assert!(answer.contains("c=IN IP4 192.0.2.20"));
}

#[test]
fn a_hold_that_is_refused_is_said() {
    let mut world = World::new();
    world.talking();
    world.command(Command::Hold { line: LINE });
    world.refuse_reinvite(488);
    assert_eq!(world.events(), [Event::HoldFailed { line: LINE, status: 488 }]);
    let (plan, muted) = world.last_plan();
    assert_eq!((plan.direction, muted), (Direction::SendRecv, false));
}

#[test]
fn resume_pressed_before_the_hold_is_agreed_wins() {
    let mut world = World::new();
    world.talking();
    world.command(Command::Hold { line: LINE });
    world.command(Command::Resume { line: LINE });
    world.answer_reinvite(&alaw(8, "recvonly"));
    world.answer_reinvite(&alaw(9, "sendrecv"));
    assert_eq!(world.events().last(), Some(&Event::Resumed { line: LINE, by: Side::Us }));
    assert!(!world.last_plan().1);
}

#[test]
fn they_hold_and_resume() {
    let mut world = World::new();
    let mut leg = world.talking();
    let hold = world.pbx.ask(&mut leg, "INVITE", "", Some(&alaw(8, "sendonly")));
    world.hears(&hold);
    let answer = world.pbx.response(200);
    assert!(String::from_utf8(answer.body).unwrap().contains("a=recvonly"));
    assert_eq!(world.events(), [Event::Held { line: LINE, by: Side::Them }]);
    let ack = world.pbx.ack(&leg, None);
    world.hears(&ack);
    let resume = world.pbx.ask(&mut leg, "INVITE", "", Some(&alaw(9, "sendrecv")));
    world.hears(&resume);
    assert_eq!(world.events(), [Event::Resumed { line: LINE, by: Side::Them }]);
}

#[test]
fn their_refresh_does_not_end_our_hold() {
    for method in ["INVITE", "UPDATE"] {
        let mut world = World::new();
        let mut leg = held(&mut world);
        let refresh = world.pbx.ask(&mut leg, method, "", Some(&alaw(8, "sendrecv")));
        world.hears(&refresh);
        let answer = world.pbx.response(200);
        assert!(String::from_utf8(answer.body).unwrap().contains("a=sendonly"), "{method}");
        assert_eq!(world.events(), [], "{method}");
        assert!(world.last_plan().1, "{method}: the microphone stays off");
    }
}

#[test]
fn asked_for_an_offer_while_holding_we_offer_the_hold() {
    let mut world = World::new();
    let mut leg = held(&mut world);
    let refresh = world.pbx.ask(&mut leg, "INVITE", "", None);
    world.hears(&refresh);
    let offer = world.pbx.response(200);
    assert!(String::from_utf8(offer.body).unwrap().contains("a=sendonly"));
    let ack = world.pbx.ack(&leg, Some(&alaw(9, "recvonly")));
    world.hears(&ack);
    assert_eq!(world.events(), []);
    assert_eq!(world.last_plan().0.direction, Direction::SendOnly);
}

#[test]
fn a_refresh_that_changes_nothing_changes_nothing() {
    let mut world = World::new();
    let mut leg = world.talking();
    let applied = world.media.len();
    let refresh = world.pbx.ask(&mut leg, "INVITE", "", Some(ALAW));
    world.hears(&refresh);
    world.pbx.response(200);
    assert_eq!(world.events(), []);
    assert_eq!(world.media.len(), applied, "the media thread is not disturbed");
}

#[test]
fn a_stream_that_moves_is_followed() {
    let mut world = World::new();
    let mut leg = world.talking();
    let moved = alaw(8, "sendrecv").replace("m=audio 20000", "m=audio 30000");
    let reinvite = world.pbx.ask(&mut leg, "INVITE", "", Some(&moved));
    world.hears(&reinvite);
    assert_eq!(world.last_plan().0.remote.port(), 30000);
}

#[test]
fn an_offer_that_cannot_be_taken_leaves_the_call_as_it_is() {
    let mut world = World::new();
    let mut leg = world.talking();
    let bad = ALAW.replace("RTP/AVP 8 0 101", "RTP/AVP 18");
    let reinvite = world.pbx.ask(&mut leg, "INVITE", "", Some(&bad));
    world.hears(&reinvite);
    world.pbx.response(488);
    assert_eq!(world.events(), []);
}

#[test]
fn both_hold() {
    let mut world = World::new();
    let mut leg = world.talking();
    let hold = world.pbx.ask(&mut leg, "INVITE", "", Some(&alaw(8, "sendonly")));
    world.hears(&hold);
    let ack = world.pbx.ack(&leg, None);
    world.hears(&ack);
    world.command(Command::Hold { line: LINE });
    let reinvite = world.answer_reinvite(&alaw(9, "inactive"));
    assert!(body(&reinvite).contains("a=inactive"));
    assert!(world.events().contains(&Event::Held { line: LINE, by: Side::Us }));
}

#[test]
fn glare_on_hold_is_settled() {
    let mut world = World::new();
    world.talking();
    world.command(Command::Hold { line: LINE });
    world.refuse_reinvite(491);
    world.advance(Duration::from_secs(5));
    world.answer_reinvite(&alaw(8, "recvonly"));
    assert_eq!(world.events(), [Event::Held { line: LINE, by: Side::Us }]);
}

#[test]
fn hold_pressed_before_the_answer_is_acknowledged_is_made_good() {
    let mut world = World::new();
    let (mut leg, _) = world.ring("", Some(ALAW));
    world.command(Command::Answer { line: LINE });
    leg.follow(&world.pbx.response(200));
    world.command(Command::Hold { line: LINE });
    world.events();
    assert!(world.last_plan().1);
    let ack = world.pbx.ack(&leg, None);
    world.hears(&ack);
    world.advance(Duration::from_millis(100));
    world.answer_reinvite(&alaw(8, "recvonly"));
    assert_eq!(world.events(), [Event::Held { line: LINE, by: Side::Us }]);
}
