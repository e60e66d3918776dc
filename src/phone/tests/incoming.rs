use super::super::test_pbx::alaw;
use super::*;

#[test]
fn a_call_rings_and_names_its_caller() {
    let mut world = World::new();
    let (leg, _) =
        world.ring("P-Asserted-Identity: \"Ivan Petrov\" <sip:+79161234567@192.0.2.1>\r\n", Some(ALAW));
    let caller =
        Caller { number: Some("+79161234567".into()), name: Some("Ivan Petrov".into()), ..Caller::default() };
    let call_id = leg.call_id().to_owned();
    assert_eq!(world.events(), [Event::RingingIn { line: LINE, call_id, caller, replaces: None }]);
}

#[test]
fn the_answer_brings_audio_at_once() {
    let mut world = World::new();
    world.ring("", Some(ALAW));
    world.advance(Duration::from_secs(3));
    world.events();
    world.command(Command::Answer { line: LINE });
    let answer = world.pbx.response(200);
    assert!(String::from_utf8(answer.body).unwrap().contains("m=audio 4000 RTP/AVP 8"));
    let (plan, muted) = world.last_plan();
    assert_eq!(plan.remote, "192.0.2.1:20000".parse().unwrap());
    assert!(!muted && !plan.early);
    let took = Duration::from_secs(3);
    assert_eq!(world.events(), [Event::Answered { line: LINE, codec: Codec::Pcma, took, automatic: false }]);
}

#[test]
fn an_invite_without_offer_is_answered_with_ours() {
    let mut world = World::new();
    let (mut leg, _) = world.ring("", None);
    world.command(Command::Answer { line: LINE });
    let ok = world.pbx.response(200);
    assert!(String::from_utf8(ok.body.clone()).unwrap().contains("a=sendrecv"));
    assert!(world.media.is_empty());
    leg.follow(&ok);
    world.events();
    let ack = world.pbx.ack(&leg, Some(ALAW));
    world.hears(&ack);
    assert!(matches!(world.events()[..], [Event::Answered { codec: Codec::Pcma, .. }]));
    assert!(!world.last_plan().1);
}

#[test]
fn a_late_offer_that_stays_unanswered_ends_the_call() {
    let mut world = World::new();
    let (mut leg, _) = world.ring("", None);
    world.command(Command::Answer { line: LINE });
    leg.follow(&world.pbx.response(200));
    let ack = world.pbx.ack(&leg, None);
    world.hears(&ack);
    assert!(world.pbx.has("BYE"));
    assert_eq!(world.the_end(), (EndedBy::Us, CallOutcome::Failed, Some(488)));
    assert!(world.stopped());
}

#[test]
fn what_cannot_be_answered_does_not_ring() {
    let mut world = World::new();
    let g729 = ALAW.replace("8 0 101", "18").replace("a=rtpmap:8 PCMA", "a=rtpmap:18 G729");
    let (leg, _) = world.ring("", Some(&g729));
    world.pbx.response(488);
    let events = world.events();
    assert!(
        matches!(&events[..], [Event::Declined { call_id, status: 488, .. }] if call_id == leg.call_id())
    );
    assert_eq!(world.phone.next_deadline().is_some(), world.phone.user_agent.next_deadline().is_some());
}

#[test]
fn caller_who_gives_up_is_missed() {
    let mut world = World::new();
    let (leg, invite) = world.ring("", Some(ALAW));
    let cancel = world.pbx.cancel(&leg, &invite, "Reason: Q.850;cause=127\r\n");
    world.hears(&cancel);
    world.pbx.response(487);
    let (by, outcome, _) = world.the_end();
    assert_eq!((by, outcome), (EndedBy::Them, CallOutcome::Missed));
}

#[test]
fn call_that_a_colleague_took_is_not_missed() {
    let mut world = World::new();
    let (leg, invite) = world.ring("", Some(ALAW));
    let reason = "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\nReason: Q.850;cause=26\r\n";
    let cancel = world.pbx.cancel(&leg, &invite, reason);
    world.hears(&cancel);
    let (by, outcome, _) = world.the_end();
    assert_eq!((by, outcome), (EndedBy::Them, CallOutcome::AnsweredElsewhere));
}

#[test]
fn a_rejected_call_gets_the_status_asked_for() {
    let mut world = World::new();
    world.ring("", Some(ALAW));
    world.command(Command::Reject { line: LINE, status: 486 });
    world.pbx.response(486);
    assert_eq!(world.the_end(), (EndedBy::Us, CallOutcome::Refused, Some(486)));
}

#[test]
fn hanging_up_on_a_ringing_call_leaves_it_to_others() {
    let mut world = World::new();
    world.ring("", Some(ALAW));
    world.command(Command::HangUp { line: LINE });
    world.pbx.response(480);
    let (by, outcome, _) = world.the_end();
    assert_eq!((by, outcome), (EndedBy::Us, CallOutcome::Refused));
}

#[test]
fn a_second_call_is_declined_as_busy_and_named() {
    let mut world = World::new();
    world.talking();
    let (leg, _) = world.ring("", Some(ALAW));
    world.pbx.response(486);
    let events = world.events();
    let [Event::Declined { call_id, caller, status: 486 }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(call_id, leg.call_id());
    assert_eq!(caller.number.as_deref(), Some("+79161234567"));
}

#[test]
fn talking_time_counts_from_the_answer() {
    let mut world = World::new();
    let mut leg = world.talking();
    world.advance(Duration::from_secs(42));
    world.hang_up_theirs(&mut leg);
    let events = world.events();
    let wanted = Duration::from_secs(42);
    assert!(
        matches!(&events[..], [Event::Ended { by: EndedBy::Them, outcome: CallOutcome::Completed, talked, .. }] if *talked == wanted)
    );
    assert!(world.stopped());
}

#[test]
fn the_operator_hangs_up() {
    let mut world = World::new();
    world.talking();
    world.command(Command::HangUp { line: LINE });
    assert!(world.pbx.has("BYE"));
    let (by, outcome, _) = world.the_end();
    assert_eq!((by, outcome), (EndedBy::Us, CallOutcome::Completed));
    assert!(world.stopped());
}

#[test]
fn the_last_figures_come_before_the_end() {
    let mut world = World::new();
    let mut leg = world.talking();
    world.hang_up_theirs(&mut leg);
    assert!(matches!(world.events[..], [Event::Media { line: LINE, .. }, Event::Ended { .. }]));
}

#[test]
fn the_end_does_not_wait_for_a_dead_media_thread() {
    let mut world = World::new();
    world.talking();
    let mut leg = None;
    world.phone.handle(world.now, Input::Command(Command::HangUp { line: LINE }));
    while !matches!(world.phone.poll_output(), Output::Idle) {
        leg.get_or_insert(());
    }
    world.advance(Duration::from_millis(200));
    assert!(matches!(world.events()[..], [Event::Ended { .. }]));
}

#[test]
fn a_port_is_taken_by_the_answer_not_by_the_ringing() {
    let mut world = World::new();
    world.gives_ports = false;
    world.ring("", Some(ALAW));
    assert!(world.media.is_empty());
    world.command(Command::Answer { line: LINE });
    assert!(matches!(world.media[0], MediaCommand::TakePort));
    assert!(matches!(world.media[1], MediaCommand::Apply { line: LINE, .. }));
}

#[test]
fn without_a_port_the_call_goes_on_ringing() {
    let mut world = World::new();
    world.phone.free_port = None;
    world.ring("", Some(ALAW));
    world.events();
    world.command(Command::Answer { line: LINE });
    assert_eq!(world.events(), [Event::Refused { line: Some(LINE), why: Refusal::NoMediaPort }]);
    world.give_port();
    world.command(Command::Answer { line: LINE });
    assert!(matches!(world.events()[..], [Event::Answered { .. }]));
}

#[test]
fn commands_for_no_call_are_refused() {
    let mut world = World::new();
    let line = LineId(3);
    let commands = [
        Command::Answer { line },
        Command::Reject { line, status: 486 },
        Command::HangUp { line },
        Command::Hold { line },
        Command::Resume { line },
        Command::Digits { line, digits: "1".into() },
        Command::BlindTransfer { line, target: "200".into() },
    ];
    for command in commands {
        world.command(command);
        assert_eq!(world.events(), [Event::Refused { line: Some(line), why: Refusal::NoSuchLine }]);
    }
}

#[test]
fn commands_for_a_ringing_call_that_fit_only_a_conversation_are_refused() {
    let mut world = World::new();
    world.ring("", Some(ALAW));
    world.events();
    let commands = [
        Command::Hold { line: LINE },
        Command::Resume { line: LINE },
        Command::Digits { line: LINE, digits: "1".into() },
        Command::BlindTransfer { line: LINE, target: "200".into() },
        Command::Reject { line: LINE, status: 200 },
        Command::Reject { line: LINE, status: 9999 },
    ];
    for command in commands {
        world.command(command);
        assert_eq!(world.events(), [Event::Refused { line: Some(LINE), why: Refusal::WrongState }]);
    }
    world.command(Command::Answer { line: LINE });
    world.events();
    world.command(Command::Answer { line: LINE });
    assert_eq!(world.events(), [Event::Refused { line: Some(LINE), why: Refusal::WrongState }]);
}

#[test]
fn digits_go_out_only_where_they_were_agreed() {
    let mut world = World::new();
    world.talking();
    world.command(Command::Digits { line: LINE, digits: "12#".into() });
    assert!(matches!(world.media.last(), Some(MediaCommand::Digits { digits, .. }) if digits == "12#"));
    world.command(Command::Digits { line: LINE, digits: "1x".into() });
    assert_eq!(world.events(), [Event::Refused { line: Some(LINE), why: Refusal::NoDigits }]);

    let mut world = World::new();
    let plain = ALAW
        .replace(" 101\r\n", "\r\n")
        .replace("a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n", "");
    world.ring("", Some(&plain));
    world.command(Command::Answer { line: LINE });
    world.events();
    world.command(Command::Digits { line: LINE, digits: "1".into() });
    assert_eq!(world.events(), [Event::Refused { line: Some(LINE), why: Refusal::NoDigits }]);
}

#[test]
fn digits_come_in_by_rtp() {
    let mut world = World::new();
    world.talking();
    world.phone.handle(world.now, Input::Stream { line: LINE, event: StreamEvent::Digit('5') });
    world.drain();
    assert_eq!(world.events(), [Event::Digit { line: LINE, digit: '5' }]);
}

#[test]
fn line_numbers_are_used_again() {
    let mut world = World::new();
    for _ in 0..3 {
        let mut leg = world.talking();
        world.hang_up_theirs(&mut leg);
        world.pbx.forget();
        let events = world.events();
        assert!(matches!(events[..], [Event::Ended { line: LINE, .. }]), "{events:?}");
    }
}

#[test]
fn silence_is_not_reported_on_hold() {
    use crate::media::{AudioDirection, NoAudioCause};
    let mut world = World::new();
    let mut leg = world.talking();
    let silence = StreamEvent::NoAudio { direction: AudioDirection::In, cause: NoAudioCause::NothingArrives };
    world.phone.handle(world.now, Input::Stream { line: LINE, event: silence.clone() });
    world.drain();
    assert!(matches!(world.events()[..], [Event::NoAudio { .. }]));
    let hold = world.pbx.ask(&mut leg, "INVITE", "", Some(&alaw(8, "sendonly")));
    world.hears(&hold);
    world.events();
    world.phone.handle(world.now, Input::Stream { line: LINE, event: silence });
    world.drain();
    assert_eq!(world.events(), []);
}

#[test]
fn a_call_given_up_before_audio_was_agreed_has_failed() {
    let mut world = World::new();
    let (mut leg, _) = world.ring("", None);
    world.command(Command::Answer { line: LINE });
    leg.follow(&world.pbx.response(200));
    world.command(Command::HangUp { line: LINE });
    assert!(!world.pbx.has("BYE"), "not before the ACK");
    assert_eq!(world.the_end(), (EndedBy::Us, CallOutcome::Failed, None));
    assert!(world.stopped(), "the port is free again");
    let ack = world.pbx.ack(&leg, Some(ALAW));
    world.hears(&ack);
    world.pbx.request("BYE");
    assert_eq!(world.events(), []);
}
