use super::super::test_pbx::alaw;
use super::*;

const ACTIVE: &str = "active;expires=600";
const OVER: &str = "terminated;reason=noresource";

/// A transfer to 201 whose REFER has been taken: client on hold.
fn referred(world: &mut World) -> Leg {
    let leg = world.talking();
    refer(world);
    let refer = world.pbx.request("REFER");
    let taken = world.pbx.reply(&refer, 202, None);
    world.hears(&taken);
    leg
}

fn refer(world: &mut World) {
    world.command(Command::BlindTransfer { line: LINE, target: "201".into() });
    world.answer_reinvite(&alaw(8, "recvonly"));
}

fn notify(world: &mut World, leg: &mut Leg, status_line: &str, state: &str) {
    let notify = world.pbx.notify(leg, status_line, state);
    world.hears(&notify);
}

fn started(way: TransferWay) -> Event {
    Event::TransferStarted { line: LINE, target: "201".into(), way }
}

fn failed(status: Option<u16>, reason: &str, client: ClientIs, why: TransferFault) -> Event {
    Event::TransferFailed { line: LINE, target: "201".into(), status, reason: reason.into(), client, why }
}

#[test]
fn client_is_on_hold_before_the_pbx_is_asked() {
    let mut world = World::new();
    world.talking();
    world.command(Command::BlindTransfer { line: LINE, target: "201".into() });
    assert!(!world.pbx.has("REFER"));
    assert_eq!(world.events(), [started(TransferWay::Blind)]);
    world.answer_reinvite(&alaw(8, "recvonly"));
    assert_eq!(world.events(), [Event::Held { line: LINE, by: Side::Us }]);
    let refer = world.pbx.request("REFER");
    assert!(refer.headers.first("Refer-To").unwrap().contains("sip:201@192.0.2.1"));
}

#[test]
fn client_already_on_hold_is_passed_on_at_once() {
    let mut world = World::new();
    world.talking();
    world.command(Command::Hold { line: LINE });
    world.answer_reinvite(&alaw(8, "recvonly"));
    world.command(Command::BlindTransfer { line: LINE, target: "201".into() });
    assert!(world.pbx.has("REFER") && !world.pbx.has("INVITE"));
}

#[test]
fn handed_over_is_not_called_reached() {
    let mut world = World::new();
    let mut leg = referred(&mut world);
    world.events();
    notify(&mut world, &mut leg, "SIP/2.0 100 Trying", ACTIVE);
    notify(&mut world, &mut leg, "SIP/2.0 180 Ringing", ACTIVE);
    notify(&mut world, &mut leg, "SIP/2.0 200 OK", OVER);
    let progress = |status| Event::TransferProgress { line: LINE, target: "201".into(), status };
    let outcome = TransferOutcome::HandedOver;
    let events = world.events();
    assert_eq!(
        events[..3],
        [progress(100), progress(180), Event::Transferred { line: LINE, target: "201".into(), outcome },]
    );
    world.pbx.request("BYE");
    let ended = Event::Ended {
        line: LINE,
        by: EndedBy::Transfer,
        outcome: CallOutcome::Completed,
        status: None,
        reason: None,
        retry_after: None,
        talked: Duration::ZERO,
    };
    assert_eq!(events[3..], [ended]);
    assert!(world.stopped());
}

#[test]
fn client_is_off_hold_when_number_does_not_exist() {
    let mut world = World::new();
    let mut leg = referred(&mut world);
    notify(&mut world, &mut leg, "SIP/2.0 100 Trying", ACTIVE);
    world.events();
    let asked = world.now;
    notify(&mut world, &mut leg, "SIP/2.0 404 Not Found", OVER);
    assert_eq!(world.now, asked, "no timer lies between the NOTIFY and the re-INVITE");
    let reinvite = world.answer_reinvite(&alaw(9, "sendrecv"));
    assert!(body(&reinvite).contains("a=sendrecv"));
    assert!(!world.pbx.has("BYE"));
    assert_eq!(
        world.events(),
        [
            failed(Some(404), "Not Found", ClientIs::Kept, TransferFault::TargetFailed),
            Event::Resumed { line: LINE, by: Side::Us },
            Event::Returned { line: LINE },
        ]
    );
    assert!(!world.last_plan().1, "the operator is heard again");
}

#[test]
fn client_is_called_lost_when_target_is_busy() {
    client_is_called_lost("SIP/2.0 486 Busy Here", 486, "Busy Here");
}

#[test]
fn client_is_called_lost_when_target_is_offline() {
    client_is_called_lost("SIP/2.0 503 Service Unavailable", 503, "Service Unavailable");
}

fn client_is_called_lost(status_line: &str, status: u16, reason: &str) {
    let mut world = World::new();
    let mut leg = referred(&mut world);
    notify(&mut world, &mut leg, "SIP/2.0 100 Trying", ACTIVE);
    world.events();
    notify(&mut world, &mut leg, status_line, OVER);
    let events = world.events();
    assert_eq!(events[0], failed(Some(status), reason, ClientIs::Lost, TransferFault::TargetFailed));
    assert!(matches!(events[1], Event::Ended { by: EndedBy::Transfer, outcome: CallOutcome::Failed, .. }));
    world.pbx.request("BYE");
    assert!(!world.pbx.has("INVITE"), "nobody is there to be taken off hold");
}

#[test]
fn another_pbx_keeps_the_client_when_target_is_busy() {
    let mut world = World::with(|config| config.pbx.on_failed_transfer = OnFailedTransfer::ClientKept);
    let mut leg = referred(&mut world);
    world.events();
    notify(&mut world, &mut leg, "SIP/2.0 486 Busy Here", OVER);
    world.answer_reinvite(&alaw(9, "sendrecv"));
    let events = world.events();
    assert_eq!(events[0], failed(Some(486), "Busy Here", ClientIs::Kept, TransferFault::TargetFailed));
    assert_eq!(events.last(), Some(&Event::Returned { line: LINE }));
}

#[test]
fn client_returns_when_the_refer_is_refused() {
    let mut world = World::new();
    world.talking();
    refer(&mut world);
    world.events();
    let refer = world.pbx.request("REFER");
    let refusal = world.pbx.reply(&refer, 403, None);
    world.hears(&refusal);
    world.answer_reinvite(&alaw(9, "sendrecv"));
    let events = world.events();
    assert_eq!(events[0], failed(Some(403), "Forbidden", ClientIs::Kept, TransferFault::NotTaken));
    assert_eq!(events.last(), Some(&Event::Returned { line: LINE }));
}

#[test]
fn refused_hold_does_not_stop_the_transfer() {
    let mut world = World::new();
    world.talking();
    world.command(Command::BlindTransfer { line: LINE, target: "201".into() });
    world.events();
    world.refuse_reinvite(488);
    assert_eq!(world.events(), [Event::HoldFailed { line: LINE, status: 488 }]);
    let refer = world.pbx.request("REFER");
    let refusal = world.pbx.reply(&refer, 403, None);
    world.hears(&refusal);
    let events = world.events();
    assert_eq!(events.last(), Some(&Event::Returned { line: LINE }), "was never away");
    assert!(!world.pbx.has("INVITE"));
}

#[test]
fn unanswered_hold_does_not_stop_the_transfer() {
    let mut world = World::new();
    world.talking();
    world.command(Command::BlindTransfer { line: LINE, target: "201".into() });
    world.events();
    let reinvite = world.pbx.request("INVITE");
    let trying = world.pbx.reply(&reinvite, 100, None);
    world.hears(&trying);
    world.advance(Duration::from_secs(2));
    assert_eq!(world.events(), [Event::HoldFailed { line: LINE, status: 408 }]);
    assert!(world.pbx.has("REFER"));
}

#[test]
fn silence_after_the_refer_takes_the_client_off_hold() {
    let mut world = World::new();
    referred(&mut world);
    world.events();
    world.advance(Duration::from_secs(10));
    assert_eq!(world.events(), [failed(None, "", ClientIs::Unknown, TransferFault::NoWord)]);
    world.answer_reinvite(&alaw(9, "sendrecv"));
    assert_eq!(world.events(), [Event::Resumed { line: LINE, by: Side::Us }], "nobody can say *returned*");
    assert!(!world.pbx.has("BYE"));
}

#[test]
fn subscription_without_a_final_status_is_no_word() {
    let mut world = World::new();
    let mut leg = referred(&mut world);
    world.events();
    notify(&mut world, &mut leg, "SIP/2.0 180 Ringing", OVER);
    let events = world.events();
    assert_eq!(events.last(), Some(&failed(None, "", ClientIs::Unknown, TransferFault::NoWord)));
    assert!(world.pbx.has("INVITE"));
}

#[test]
fn a_target_may_ring_for_two_minutes() {
    let mut world = World::new();
    let mut leg = referred(&mut world);
    notify(&mut world, &mut leg, "SIP/2.0 180 Ringing", ACTIVE);
    world.events();
    world.advance(Duration::from_secs(119));
    assert_eq!(world.events(), []);
    world.advance(Duration::from_secs(1));
    assert_eq!(world.events(), [failed(None, "", ClientIs::Unknown, TransferFault::NoWord)]);
}

#[test]
fn a_late_word_is_still_believed() {
    let mut world = World::new();
    let mut leg = referred(&mut world);
    world.advance(Duration::from_secs(10));
    world.answer_reinvite(&alaw(9, "sendrecv"));
    world.events();
    notify(&mut world, &mut leg, "SIP/2.0 200 OK", OVER);
    let events = world.events();
    assert!(matches!(events[..], [Event::Transferred { .. }, Event::Ended { by: EndedBy::Transfer, .. }]));
}

#[test]
fn notify_after_bye_is_harmless() {
    let mut world = World::new();
    let mut leg = referred(&mut world);
    notify(&mut world, &mut leg, "SIP/2.0 200 OK", OVER);
    world.events();
    world.pbx.forget();
    notify(&mut world, &mut leg, "SIP/2.0 200 OK", OVER);
    assert_eq!(world.events(), []);
    assert!(!world.pbx.has("BYE") || world.pbx.seen().iter().filter(|seen| *seen == "BYE").count() == 1);
}

#[test]
fn notify_that_comes_twice_is_said_once() {
    let mut world = World::new();
    let mut leg = referred(&mut world);
    world.events();
    notify(&mut world, &mut leg, "SIP/2.0 404 Not Found", OVER);
    notify(&mut world, &mut leg, "SIP/2.0 404 Not Found", OVER);
    let fails = world.events().iter().filter(|event| matches!(event, Event::TransferFailed { .. })).count();
    assert_eq!(fails, 1);
    assert_eq!(world.pbx.seen().iter().filter(|seen| *seen == "INVITE").count(), 1);
}

#[test]
fn notify_may_overtake_the_answer_to_the_refer() {
    let mut world = World::new();
    let mut leg = world.talking();
    refer(&mut world);
    world.events();
    let refer = world.pbx.request("REFER");
    notify(&mut world, &mut leg, "SIP/2.0 100 Trying", ACTIVE);
    let taken = world.pbx.reply(&refer, 202, None);
    world.hears(&taken);
    notify(&mut world, &mut leg, "SIP/2.0 404 Not Found", OVER);
    world.answer_reinvite(&alaw(9, "sendrecv"));
    assert_eq!(world.events().last(), Some(&Event::Returned { line: LINE }));
}

#[test]
fn client_hangs_up_before_the_pbx_was_asked() {
    let mut world = World::new();
    let mut leg = world.talking();
    world.command(Command::BlindTransfer { line: LINE, target: "201".into() });
    world.events();
    world.hang_up_theirs(&mut leg);
    let events = world.events();
    assert_eq!(events[0], failed(None, "", ClientIs::Left, TransferFault::CallEnded));
    assert!(matches!(events[1], Event::Ended { by: EndedBy::Them, outcome: CallOutcome::Completed, .. }));
    assert!(!world.pbx.has("REFER"));
}

#[test]
fn bye_before_the_last_word_leaves_the_client_unknown() {
    let mut world = World::new();
    let mut leg = referred(&mut world);
    notify(&mut world, &mut leg, "SIP/2.0 180 Ringing", ACTIVE);
    world.events();
    world.hang_up_theirs(&mut leg);
    let events = world.events();
    assert_eq!(events[0], failed(None, "", ClientIs::Unknown, TransferFault::CallEnded));
    assert!(matches!(events[1], Event::Ended { by: EndedBy::Them, .. }));
    assert_eq!(events.len(), 2);
}

#[test]
fn operator_hangs_up_during_a_transfer() {
    let mut world = World::new();
    referred(&mut world);
    world.events();
    world.command(Command::HangUp { line: LINE });
    world.pbx.request("BYE");
    let events = world.events();
    assert_eq!(events[0], failed(None, "", ClientIs::Unknown, TransferFault::CallEnded));
    assert!(matches!(events[1], Event::Ended { by: EndedBy::Us, .. }));
}

#[test]
fn operator_takes_the_client_back_before_the_pbx_was_asked() {
    let mut world = World::new();
    world.talking();
    world.command(Command::BlindTransfer { line: LINE, target: "201".into() });
    world.events();
    world.command(Command::Resume { line: LINE });
    assert_eq!(world.events(), [failed(None, "", ClientIs::Kept, TransferFault::TakenBack)]);
    world.answer_reinvite(&alaw(8, "recvonly"));
    world.answer_reinvite(&alaw(9, "sendrecv"));
    assert!(!world.pbx.has("REFER"));
    assert_eq!(world.events().last(), Some(&Event::Returned { line: LINE }));
}

#[test]
fn operator_takes_the_client_back_while_the_target_rings() {
    let mut world = World::new();
    let mut leg = referred(&mut world);
    notify(&mut world, &mut leg, "SIP/2.0 180 Ringing", ACTIVE);
    world.events();
    world.command(Command::Resume { line: LINE });
    world.answer_reinvite(&alaw(9, "sendrecv"));
    assert_eq!(
        world.events(),
        [
            failed(None, "", ClientIs::Unknown, TransferFault::TakenBack),
            Event::Resumed { line: LINE, by: Side::Us },
        ]
    );
    notify(&mut world, &mut leg, "SIP/2.0 404 Not Found", OVER);
    assert_eq!(world.events(), [Event::Returned { line: LINE }], "now it is certain");
}

#[test]
fn target_answers_after_the_operator_took_the_client_back() {
    let mut world = World::new();
    let mut leg = referred(&mut world);
    world.command(Command::Resume { line: LINE });
    world.events();
    notify(&mut world, &mut leg, "SIP/2.0 200 OK", OVER);
    assert!(matches!(world.events()[..], [Event::Transferred { .. }, Event::Ended { .. }]));
    world.pbx.request("BYE");
}

#[test]
fn a_refused_return_is_tried_again() {
    let mut world = World::new();
    let mut leg = referred(&mut world);
    world.events();
    notify(&mut world, &mut leg, "SIP/2.0 404 Not Found", OVER);
    world.refuse_reinvite(500);
    world.events();
    world.advance(Duration::from_millis(500));
    world.answer_reinvite(&alaw(9, "sendrecv"));
    assert_eq!(world.events().last(), Some(&Event::Returned { line: LINE }));
}

/// In an outage with the client on hold: the PBX, which nobody finds, is back.
fn pbx_is_back(world: &mut World) {
    world.pbx.forget();
    world.advance(Duration::from_secs(2));
    world.grant();
}

#[test]
fn a_client_who_could_not_be_taken_off_hold_is_when_the_pbx_is_back() {
    let known = |world: &mut World, leg: &mut Leg| notify(world, leg, "SIP/2.0 404 Not Found", OVER);
    let unknown = |world: &mut World, _: &mut Leg| world.advance(Duration::from_secs(10));
    let returns: [fn(&mut World, &mut Leg); 2] = [known, unknown];
    for begin_return in returns {
        for comes_back in [true, false] {
            let mut world = World::with(|config| config.register = true);
            world.grant();
            let mut leg = referred(&mut world);
            begin_return(&mut world, &mut leg);
            for _ in 0..4 {
                world.unreachable();
                world.advance(Duration::from_millis(500));
            }
            assert!(world.events().contains(&Event::HoldFailed { line: LINE, status: 408 }));
            if !comes_back {
                world.command(Command::Hold { line: LINE });
            }
            pbx_is_back(&mut world);
            assert_eq!(world.pbx.has("INVITE"), comes_back);
            if comes_back {
                let reinvite = world.answer_reinvite(&alaw(9, "sendrecv"));
                assert!(body(&reinvite).contains("a=sendrecv"));
                assert!(world.events().contains(&Event::Resumed { line: LINE, by: Side::Us }));
                assert!(!world.last_plan().1, "the operator is heard again");
            }
        }
    }
}

#[test]
fn a_client_comes_off_hold_though_the_call_is_asked_for_at_the_same_time() {
    let mut world = World::with(|config| {
        (config.register, config.sip.transport) = (true, Transport::Tcp);
    });
    world.grant();
    let mut leg = world.talking();
    world.command(Command::BlindTransfer { line: LINE, target: "201".into() });
    let hold = world.pbx.request("INVITE");
    let held = world.pbx.reply_with(&hold, 200, "Allow: INVITE, ACK, BYE\r\n", Some(&alaw(8, "recvonly")));
    world.hears(&held);
    let refer = world.pbx.request("REFER");
    let taken = world.pbx.reply(&refer, 202, None);
    world.hears(&taken);
    notify(&mut world, &mut leg, "SIP/2.0 404 Not Found", OVER);
    for _ in 0..4 {
        let local = world.pbx.phone;
        world.phone.handle(world.now, Input::Disconnected { local });
        world.drain();
        world.advance(Duration::from_millis(500));
    }
    world.pbx.forget();
    world.advance(Duration::from_secs(2));
    world.grant();
    // By a re-INVITE, since this PBX knows no UPDATE; its answer takes a while.
    let asked = world.pbx.request("INVITE");
    assert!(body(&asked).contains("a=sendonly"));
    world.advance(Duration::from_secs(5));
    let stands = world.pbx.reply(&asked, 200, Some(&alaw(8, "recvonly")));
    world.hears(&stands);
    world.advance(Duration::from_millis(100));
    let reinvite = world.answer_reinvite(&alaw(9, "sendrecv"));
    assert!(body(&reinvite).contains("a=sendrecv"));
    assert_eq!(world.events().last(), Some(&Event::Returned { line: LINE }));
}

#[test]
fn hold_still_under_way_does_not_delay_the_next_return() {
    let mut world = World::new();
    let mut leg = world.talking();
    world.command(Command::BlindTransfer { line: LINE, target: "201".into() });
    let hold = world.pbx.request("INVITE");
    let trying = world.pbx.reply(&hold, 100, None);
    world.hears(&trying);
    world.advance(Duration::from_secs(2));
    let refer = world.pbx.request("REFER");
    let taken = world.pbx.reply(&refer, 202, None);
    world.hears(&taken);
    notify(&mut world, &mut leg, "SIP/2.0 404 Not Found", OVER);
    world.events();
    let late = world.pbx.reply(&hold, 200, Some(&alaw(8, "recvonly")));
    world.hears(&late);
    world.answer_reinvite(&alaw(9, "sendrecv"));
    assert_eq!(world.events().last(), Some(&Event::Returned { line: LINE }));
}

#[test]
fn one_transfer_at_a_time() {
    let mut world = World::new();
    referred(&mut world);
    world.events();
    for command in [Command::BlindTransfer { line: LINE, target: "202".into() }, Command::Hold { line: LINE }]
    {
        world.command(command);
        assert_eq!(world.events(), [Event::Refused { line: Some(LINE), why: Refusal::WrongState }]);
    }
}

#[test]
fn the_next_person_can_be_tried_after_a_failure() {
    let mut world = World::new();
    let mut leg = referred(&mut world);
    notify(&mut world, &mut leg, "SIP/2.0 404 Not Found", OVER);
    world.answer_reinvite(&alaw(9, "sendrecv"));
    world.events();
    world.command(Command::BlindTransfer { line: LINE, target: "202".into() });
    world.answer_reinvite(&alaw(10, "recvonly"));
    let refer = world.pbx.request("REFER");
    assert!(refer.headers.first("Refer-To").unwrap().contains("202"));
    let taken = world.pbx.reply(&refer, 202, None);
    world.hears(&taken);
    notify(&mut world, &mut leg, "SIP/2.0 200 OK", OVER);
    assert!(matches!(world.events().last(), Some(Event::Ended { by: EndedBy::Transfer, .. })));
}

/// A transfer to 201 that the operator took back, and another one with return to 202, who rings.
fn another_begun() -> (World, Leg) {
    let mut world = World::new();
    let leg = referred(&mut world);
    world.command(Command::Resume { line: LINE });
    world.answer_reinvite(&alaw(9, "sendrecv"));
    let (target, ring_for, proof) = ("202".to_owned(), Duration::from_secs(40), Proof::LineState);
    let (line, comes_back, shown_as) = (LINE, true, None);
    world.command(Command::ReturnTransfer { line, target, ring_for, proof, comes_back, shown_as });
    let invite = world.outgoing();
    let ringing = world.pbx.reply(&invite, 180, None);
    world.hears(&ringing);
    world.answer_reinvite(&alaw(10, "recvonly"));
    world.events();
    (world, leg)
}

#[test]
fn what_is_said_late_of_a_former_transfer_is_not_said_of_the_present_one() {
    for (status_line, state) in
        [("SIP/2.0 404 Not Found", OVER), ("SIP/2.0 180 Ringing", ACTIVE), ("SIP/2.0 180 Ringing", OVER)]
    {
        let (mut world, mut leg) = another_begun();
        notify(&mut world, &mut leg, status_line, state);
        assert_eq!(world.events(), [], "{status_line}, {state}");
        assert!(!world.pbx.has("CANCEL"), "202 rings on");
    }
    let (mut world, _) = another_begun();
    world.advance(Duration::from_secs(35));
    assert_eq!(world.events(), [], "nor that nothing was said");
}

#[test]
fn a_client_whom_the_former_target_has_after_all_is_there_and_nobody_rings_for_him() {
    let (mut world, mut leg) = another_begun();
    notify(&mut world, &mut leg, "SIP/2.0 200 OK", OVER);
    let said = world.events();
    let outcome = TransferOutcome::HandedOver;
    assert!(matches!(
        &said[0],
        Event::TransferFailed { target, client: ClientIs::Kept, why: TransferFault::OtherTarget, .. }
            if target == "202"
    ));
    assert_eq!(said[1], Event::Transferred { line: LINE, target: "201".into(), outcome });
    assert!(matches!(said[2..], [Event::Ended { line: LINE, by: EndedBy::Transfer, .. }]), "{said:?}");
    world.pbx.request("BYE");
    world.pbx.request("CANCEL");
}

/// A transfer to 201 of which the PBX has not spoken its last word, though the operator has the client back; then one to
/// 202, whose REFER has been taken. Both REFERs.
fn passed_on_again(comes_back: fn(&mut World, &mut Leg)) -> (World, Leg, [Request; 2]) {
    let mut world = World::new();
    let mut leg = world.talking();
    refer(&mut world);
    let first = world.pbx.request("REFER");
    let taken = world.pbx.reply(&first, 202, None);
    world.hears(&taken);
    comes_back(&mut world, &mut leg);
    world.answer_reinvite(&alaw(9, "sendrecv"));
    world.command(Command::BlindTransfer { line: LINE, target: "202".into() });
    world.answer_reinvite(&alaw(10, "recvonly"));
    let second = world.pbx.request("REFER");
    assert!(second.headers.first("Refer-To").unwrap().contains("202"));
    let taken = world.pbx.reply(&second, 202, None);
    world.hears(&taken);
    world.events();
    (world, leg, [first, second])
}

fn taken_back_while_it_rings(world: &mut World, leg: &mut Leg) {
    notify(world, leg, "SIP/2.0 180 Ringing", ACTIVE);
    world.command(Command::Resume { line: LINE });
}

#[test]
fn a_client_who_is_back_is_passed_on_again_though_nobody_has_said_what_became_of_the_last_time() {
    let in_silence = |world: &mut World, _: &mut Leg| world.advance(Duration::from_secs(10));
    for comes_back in [taken_back_while_it_rings, in_silence] {
        let (mut world, mut leg, [_, second]) = passed_on_again(comes_back);
        let last = world.pbx.notify_of(&mut leg, &second, "SIP/2.0 200 OK", OVER);
        world.hears(&last);
        let (target, outcome) = ("202".into(), TransferOutcome::HandedOver);
        assert_eq!(world.events()[0], Event::Transferred { line: LINE, target, outcome });
    }
}

#[test]
fn what_is_said_late_of_one_refer_is_not_said_of_the_next() {
    for named in [true, false] {
        for status_line in ["SIP/2.0 404 Not Found", "SIP/2.0 486 Busy Here"] {
            let (mut world, mut leg, [first, second]) = passed_on_again(taken_back_while_it_rings);
            let late = match named {
                true => world.pbx.notify_of(&mut leg, &first, status_line, OVER),
                // Without a name it is the first one's (RFC 3515 §2.4.6).
                false => world.pbx.notify(&mut leg, status_line, OVER),
            };
            world.hears(&late);
            assert_eq!(world.events(), [], "{status_line}, named {named}");
            let last = world.pbx.notify_of(&mut leg, &second, "SIP/2.0 404 Not Found", OVER);
            world.hears(&last);
            world.answer_reinvite(&alaw(11, "sendrecv"));
            assert_eq!(world.events().last(), Some(&Event::Returned { line: LINE }));
        }
    }
}

#[test]
fn a_client_whom_the_former_target_has_is_said_to_be_there_though_the_pbx_was_asked_again() {
    let (mut world, mut leg, [first, _]) = passed_on_again(taken_back_while_it_rings);
    let late = world.pbx.notify_of(&mut leg, &first, "SIP/2.0 200 OK", OVER);
    world.hears(&late);
    let said = world.events();
    assert!(matches!(
        &said[0],
        Event::TransferFailed { target, client: ClientIs::Kept, why: TransferFault::OtherTarget, .. }
            if target == "202"
    ));
    let (target, outcome) = ("201".into(), TransferOutcome::HandedOver);
    assert_eq!(said[1], Event::Transferred { line: LINE, target, outcome });
    assert!(matches!(said[2..], [Event::Ended { line: LINE, by: EndedBy::Transfer, .. }]), "{said:?}");
}

#[test]
fn a_refer_that_another_one_has_followed_is_not_asked_again_with_a_password() {
    let mut world = World::new();
    world.talking();
    refer(&mut world);
    let first = world.pbx.request("REFER");
    world.command(Command::Resume { line: LINE });
    world.answer_reinvite(&alaw(9, "sendrecv"));
    world.command(Command::BlindTransfer { line: LINE, target: "202".into() });
    world.answer_reinvite(&alaw(10, "recvonly"));
    world.pbx.request("REFER");
    world.events();
    let challenge = "WWW-Authenticate: Digest realm=\"pbx\",nonce=\"n1\"\r\n";
    let asked = world.pbx.reply_with(&first, 401, challenge, None);
    world.hears(&asked);
    assert!(!world.pbx.has("REFER"), "the client would go to 201 after all");
    assert_eq!(world.events(), []);
}

#[test]
fn bad_target_of_a_transfer_leaves_the_client_alone() {
    let mut world = World::new();
    world.talking();
    world.command(Command::BlindTransfer { line: LINE, target: "two words".into() });
    assert_eq!(world.events(), [Event::Refused { line: Some(LINE), why: Refusal::BadTarget }]);
    assert_eq!(world.pbx.seen(), Vec::<String>::new());
}

#[test]
fn policy_of_asterisk() {
    let pbx = PbxBehaviour::asterisk();
    for kept in [400, 403, 404, 484, 500] {
        assert_eq!(pbx.client_after(kept), ClientIs::Kept, "{kept}");
    }
    for lost in [408, 480, 486, 488, 503, 600, 603] {
        assert_eq!(pbx.client_after(lost), ClientIs::Lost, "{lost}");
    }
}
