use super::*;

fn dialing(world: &mut World) -> Request {
    world.command(Command::Dial { target: "600".into() });
    world.pbx.request("INVITE")
}

#[test]
fn a_call_is_dialled_and_answered() {
    let mut world = World::new();
    let invite = dialing(&mut world);
    assert_eq!(invite.uri.to_string(), "sip:600@192.0.2.1");
    assert!(body(&invite).contains("m=audio 4000 RTP/AVP 8 0 101"));
    let call_id = invite.headers.first("Call-ID").unwrap().to_owned();
    assert_eq!(world.events(), [Event::Dialing { line: LINE, call_id, target: "600".into() }]);

    let ringing = world.pbx.reply(&invite, 180, None);
    world.hears(&ringing);
    assert_eq!(world.events(), [Event::RingingOut { line: LINE, status: 180, early_media: false }]);

    world.advance(Duration::from_secs(2));
    let ok = world.pbx.reply(&invite, 200, Some(ALAW));
    world.hears(&ok);
    world.pbx.request("ACK");
    let took = Duration::from_secs(2);
    assert_eq!(world.events(), [Event::Answered { line: LINE, codec: Codec::Pcma, took, automatic: false }]);
    assert!(!world.last_plan().1);
}

#[test]
fn early_media_is_heard_and_said_to_be_early() {
    let mut world = World::new();
    let invite = dialing(&mut world);
    let progress = world.pbx.reply(&invite, 183, Some(ALAW));
    world.hears(&progress);
    assert!(world.events().contains(&Event::RingingOut { line: LINE, status: 183, early_media: true }));
    let (plan, muted) = world.last_plan();
    assert!(plan.early && !muted);
    let ok = world.pbx.reply(&invite, 200, Some(ALAW));
    world.hears(&ok);
    let (plan, muted) = world.last_plan();
    assert!(!plan.early && !muted);
}

#[test]
fn an_answer_without_description_keeps_the_early_one() {
    let mut world = World::new();
    let invite = dialing(&mut world);
    let progress = world.pbx.reply(&invite, 183, Some(ALAW));
    world.hears(&progress);
    world.events();
    let ok = world.pbx.reply(&invite, 200, None);
    world.hears(&ok);
    assert!(matches!(world.events()[..], [Event::Answered { .. }]));
}

#[test]
fn an_answer_that_cannot_be_used_is_acknowledged_and_ended() {
    for answer in [None, Some(ALAW.replace("m=audio 20000", "m=audio 0")), Some("rubbish".to_owned())] {
        let mut world = World::new();
        let invite = dialing(&mut world);
        world.events();
        let ok = world.pbx.reply(&invite, 200, answer.as_deref());
        world.hears(&ok);
        world.pbx.request("ACK");
        world.pbx.request("BYE");
        assert_eq!(world.the_end(), (EndedBy::Us, CallOutcome::Failed, Some(488)));
    }
}

#[test]
fn refusals_have_their_outcome() {
    let cases = [
        (486, CallOutcome::Busy),
        (600, CallOutcome::Busy),
        (403, CallOutcome::Refused),
        (603, CallOutcome::Refused),
        (404, CallOutcome::Failed),
        (480, CallOutcome::Failed),
        (484, CallOutcome::Failed),
        (503, CallOutcome::Failed),
    ];
    for (status, outcome) in cases {
        let mut world = World::new();
        let invite = dialing(&mut world);
        let reply = world.pbx.reply(&invite, status, None);
        world.hears(&reply);
        assert_eq!(world.the_end(), (EndedBy::Them, outcome, Some(status)), "{status}");
        assert!(world.stopped(), "the port is free again");
    }
}

#[test]
fn nobody_answers_the_network() {
    let mut world = World::new();
    dialing(&mut world);
    world.advance(Duration::from_secs(40));
    let (by, outcome, _) = world.the_end();
    assert_eq!((by, outcome), (EndedBy::Network, CallOutcome::Failed));
}

#[test]
fn a_call_given_up_is_cancelled() {
    let mut world = World::new();
    let invite = dialing(&mut world);
    let ringing = world.pbx.reply(&invite, 180, None);
    world.hears(&ringing);
    world.command(Command::HangUp { line: LINE });
    world.pbx.request("CANCEL");
    let (by, outcome, _) = world.the_end();
    assert_eq!((by, outcome), (EndedBy::Us, CallOutcome::Cancelled));
}

#[test]
fn bad_targets_are_refused_before_anything_is_sent() {
    let mut world = World::new();
    world.command(Command::Dial { target: "two words".into() });
    assert_eq!(world.events(), [Event::Refused { line: None, why: Refusal::BadTarget }]);
    assert!(!world.pbx.has("INVITE"));
}

#[test]
fn one_call_at_a_time() {
    let mut world = World::new();
    dialing(&mut world);
    world.events();
    world.command(Command::Dial { target: "601".into() });
    assert_eq!(world.events(), [Event::Refused { line: None, why: Refusal::Busy }]);
}

#[test]
fn no_port_no_call() {
    let mut world = World::new();
    world.phone.free_port = None;
    world.command(Command::Dial { target: "601".into() });
    assert_eq!(world.events(), [Event::Refused { line: None, why: Refusal::NoMediaPort }]);
}

#[test]
fn a_probe_says_what_the_far_end_answered() {
    let mut world = World::new();
    world.command(Command::Probe { target: "600".into() });
    let options = world.pbx.request("OPTIONS");
    world.advance(Duration::from_millis(20));
    let reply = world.pbx.reply(&options, 404, None);
    world.hears(&reply);
    let events = world.events();
    let [Event::Probed { target, result: Ok((404, _, took)) }] = &events[..] else { panic!("{events:?}") };
    assert_eq!((target.as_str(), *took), ("600", Duration::from_millis(20)));
}

#[test]
fn the_far_end_hangs_up() {
    let mut world = World::new();
    let invite = dialing(&mut world);
    let ok = world.pbx.reply(&invite, 200, Some(ALAW));
    world.hears(&ok);
    world.events();
    world.advance(Duration::from_secs(5));
    let mut leg = Leg::of(&invite);
    world.hang_up_theirs(&mut leg);
    world.pbx.response(200);
    let events = world.events();
    let [Event::Ended { by, outcome, talked, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!((*by, *outcome, *talked), (EndedBy::Them, CallOutcome::Completed, Duration::from_secs(5)));
}
