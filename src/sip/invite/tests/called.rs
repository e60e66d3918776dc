//! Calls to us.

use crate::sip::message::{Message, Method, Request, Response, SessionExpires, StatusCode, To};
use crate::sip::testing::{ANSWER, Bench, OFFER, PBX, answer, ms, secs};
use crate::sip::{EndedBy, Event};

fn cancel_of(invite: &Request, reasons: &[&str]) -> Request {
    let mut cancel = Request::new(Method::Cancel, invite.uri.clone());
    for name in ["Via", "From", "To", "Call-ID"] {
        cancel.headers.push(name, invite.headers.first(name).unwrap());
    }
    let seq = crate::sip::testing::seq(invite);
    cancel.headers.push("CSeq", format!("{seq} CANCEL"));
    for reason in reasons {
        cancel.headers.push("Reason", *reason);
    }
    cancel
}

fn ack_of(invite: &Request, refusal: &Response) -> Request {
    let mut ack = cancel_of(invite, &[]);
    ack.method = Method::Ack;
    ack.headers.remove("CSeq");
    ack.headers.push("CSeq", format!("{} ACK", crate::sip::testing::seq(invite)));
    ack.headers.remove("To");
    ack.headers.push("To", refusal.headers.first("To").unwrap());
    ack
}

#[test]
fn a_client_calls_is_heard_ringing_answered_and_hangs_up() {
    let mut bench = Bench::registered();
    let identity = ("P-Asserted-Identity", "\"Ivan\" <sip:+79161234567@pbx.example>");
    let invite = bench.pbx_request(Method::Invite, &[identity, ("Privacy", "id")], OFFER);
    bench.hear_request(&invite);
    assert!(bench.response(100).headers.require::<To>().unwrap().tag().is_none());
    let Some(Event::Invited { call, invite: told }) = bench.event() else { panic!() };
    assert_eq!(told.identity.from.as_ref().unwrap().uri.user.as_deref(), Some("+79161234567"));
    assert_eq!(told.identity.from.as_ref().unwrap().display.as_deref(), Some("Ivan Petrov"));
    assert_eq!(told.identity.asserted.len(), 1);
    assert_eq!(told.identity.privacy, ["id"]);
    assert_eq!(told.offer.as_deref(), Some(OFFER));
    assert_eq!(bench.ua.call_id(call), Some(told.call_id.as_str()));

    bench.ua.ring(bench.now, call).unwrap();
    let ringing = bench.response(180);
    bench.ua.accept(bench.now, call, ANSWER.to_vec()).unwrap();
    let ok = bench.response(200);
    assert_eq!(ringing.headers.first("To"), ok.headers.first("To"), "one tag for the dialog");
    assert_eq!(ok.body, ANSWER);
    assert!(ok.headers.first("Contact").unwrap().contains(&bench.ua.contact().to_string()));

    let ack = bench.pbx_next(&invite, &ok, Method::Ack, 0);
    bench.hear_request(&ack);
    assert!(matches!(bench.event(), Some(Event::Confirmed { answer: None, .. })));
    bench.pass(secs(40));
    assert!(bench.messages().iter().all(|(_, m)| !matches!(m, Message::Response(_))), "no 200 after the ACK");

    let bye = bench.pbx_next(&invite, &ok, Method::Bye, 1);
    bench.forget();
    bench.hear_request(&bye);
    bench.response(200);
    let Some(Event::Ended { by, answered_elsewhere, .. }) = bench.event() else { panic!() };
    assert_eq!((by, answered_elsewhere), (EndedBy::Them, false));
}

#[test]
fn the_operator_hangs_up_with_bye() {
    let mut bench = Bench::registered();
    let (call, invite, ok) = bench.answered();
    bench.ua.hang_up(bench.now, call).unwrap();
    let bye = bench.request(Method::Bye);
    assert_eq!(bye.uri.to_string(), format!("sip:asterisk@{PBX}"));
    assert_eq!(bye.headers.first("From"), ok.headers.first("To"));
    assert_eq!(bye.headers.first("To"), invite.headers.first("From"));
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Us, .. })));
    assert_eq!(bench.ua.hang_up(bench.now, call), Err(crate::sip::NotNow));
    bench.respond(&bye, 200);
    bench.pass(secs(50));
    assert!(bench.events().iter().all(|event| !matches!(event, Event::Ended { .. })), "said once");
}

#[test]
fn the_200_is_repeated_until_the_ack_comes() {
    let mut bench = Bench::registered();
    let (call, invite) = bench.called();
    bench.ua.accept(bench.now, call, ANSWER.to_vec()).unwrap();
    let (began, ok) = (bench.now, bench.response(200));
    bench.pass(secs(8));
    let sent: Vec<_> = bench.messages().iter().map(|(at, _)| at.since(began).as_millis()).collect();
    assert_eq!(sent, [500, 1500, 3500, 7500]);
    let ack = bench.pbx_next(&invite, &ok, Method::Ack, 0);
    bench.hear_request(&ack);
    assert!(matches!(bench.event(), Some(Event::Confirmed { .. })));
    bench.hear_request(&ack);
    assert!(bench.is_silent(), "a repeated ACK says nothing new");
}

#[test]
fn a_reinvite_says_that_the_200_came_though_its_ack_was_lost() {
    let mut bench = Bench::registered();
    let (call, invite) = bench.called();
    bench.ua.accept(bench.now, call, ANSWER.to_vec()).unwrap();
    let ok = bench.response(200);
    let mut reinvite = bench.pbx_next(&invite, &ok, Method::Invite, 1);
    reinvite.headers.push("Contact", "<sip:192.0.2.10:5060>");
    reinvite.headers.push("Content-Type", "application/sdp");
    reinvite.body = OFFER.to_vec();
    bench.hear_request(&reinvite);
    let events = bench.events();
    let offered = events.iter().any(|event| matches!(event, Event::Offer { .. }));
    if offered {
        bench.ua.answer_offer(bench.now, call, Ok(ANSWER.to_vec())).unwrap();
    }
    let confirmed = |event: &Event| matches!(event, Event::Confirmed { answer: None, .. });
    assert!(!offered || events.iter().chain(&bench.events()).any(confirmed), "{events:?}");
    bench.pass(secs(10));
}

#[test]
fn without_any_ack_the_call_ends_with_bye_after_32_s() {
    let mut bench = Bench::new();
    let (call, _) = bench.called();
    bench.ua.accept(bench.now, call, ANSWER.to_vec()).unwrap();
    bench.pass(ms(31_900));
    assert!(bench.events().iter().all(|event| !matches!(event, Event::Ended { .. })));
    bench.forget();
    bench.pass(ms(200));
    bench.request(Method::Bye);
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Network, .. })));
}

#[test]
fn an_invite_repeated_after_the_200_is_no_second_call() {
    let mut bench = Bench::registered();
    let (call, invite) = bench.called();
    bench.hear_request(&invite);
    bench.response(100);
    bench.ua.accept(bench.now, call, ANSWER.to_vec()).unwrap();
    bench.response(200);
    bench.hear_request(&invite);
    assert!(bench.is_silent());
}

#[test]
fn hanging_up_before_the_ack_waits_for_it() {
    let mut bench = Bench::registered();
    let (call, invite) = bench.called();
    bench.ua.accept(bench.now, call, ANSWER.to_vec()).unwrap();
    let ok = bench.response(200);
    bench.ua.hang_up(bench.now, call).unwrap();
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Us, .. })), "the user need not wait");
    assert!(bench.is_silent());
    bench.pass(ms(600));
    bench.response(200);
    let ack = bench.pbx_next(&invite, &ok, Method::Ack, 0);
    bench.hear_request(&ack);
    bench.request(Method::Bye);
    assert!(bench.is_silent());
}

#[test]
fn hanging_up_while_it_rings_leaves_the_caller_to_others() {
    let mut bench = Bench::registered();
    let invite = bench.pbx_request(Method::Invite, &[], OFFER);
    bench.hear_request(&invite);
    let Some(Event::Invited { call, .. }) = bench.event() else { panic!() };
    bench.ua.ring(bench.now, call).unwrap();
    bench.forget();
    bench.ua.hang_up(bench.now, call).unwrap();
    // Not 603, which would end the call everywhere (RFC 3261 §21.6.2).
    bench.response(480);
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Us, .. })));
}

#[test]
fn a_caller_who_gives_up_ends_the_ringing() {
    let mut bench = Bench::registered();
    let (call, invite) = bench.called();
    bench.ua.ring(bench.now, call).unwrap();
    let ringing = bench.response(180);
    bench.hear_request(&cancel_of(&invite, &["Q.850;cause=127"]));
    assert_eq!(bench.response(200).headers.first("CSeq").unwrap().split(' ').nth(1), Some("CANCEL"));
    let terminated = bench.response(487);
    assert_eq!(terminated.headers.first("To"), ringing.headers.first("To"));
    let Some(Event::Ended { by, status, answered_elsewhere, .. }) = bench.event() else { panic!() };
    assert_eq!((by, status), (EndedBy::Them, Some(StatusCode::REQUEST_TERMINATED)));
    assert!(!answered_elsewhere);
    bench.hear_request(&ack_of(&invite, &terminated));
    bench.forget();
    bench.pass(secs(10));
    assert!(bench.messages().is_empty(), "the ACK ended the repetition of 487");
    assert!(bench.ua.accept(bench.now, call, ANSWER.to_vec()).is_err());
}

#[test]
fn the_ack_of_a_refusal_finds_its_transaction() {
    let mut bench = Bench::registered();
    let (call, invite) = bench.called();
    bench.ua.reject(bench.now, call, StatusCode::BUSY_HERE).unwrap();
    let busy = bench.response(486);
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Us, .. })));
    bench.pass(ms(600));
    bench.response(486);
    bench.hear_request(&ack_of(&invite, &busy));
    bench.pass(secs(14));
    assert!(bench.is_silent());
}

#[test]
fn a_call_answered_on_another_telephone_is_not_missed() {
    for reason in ["SIP;cause=200;text=\"Call completed elsewhere\"", "Q.850;cause=26"] {
        let mut bench = Bench::registered();
        let (_, invite) = bench.called();
        bench.hear_request(&cancel_of(&invite, &[reason]));
        let elsewhere = bench
            .events()
            .into_iter()
            .any(|event| matches!(event, Event::Ended { answered_elsewhere: true, by: EndedBy::Them, .. }));
        assert!(elsewhere, "{reason}");
    }
}

#[test]
fn a_cancel_before_the_ui_drew_the_call_still_ends_it() {
    let mut bench = Bench::registered();
    let invite = bench.pbx_request(Method::Invite, &[], OFFER);
    bench.hear_request(&invite);
    bench.hear_request(&cancel_of(&invite, &[]));
    bench.response(100);
    bench.response(200);
    bench.response(487);
    let events = bench.events();
    assert!(matches!(events[..], [Event::Invited { .. }, Event::Ended { .. }]), "{events:?}");
}

#[test]
fn a_cancel_after_the_200_changes_nothing() {
    let mut bench = Bench::registered();
    let (call, invite) = bench.called();
    bench.ua.accept(bench.now, call, ANSWER.to_vec()).unwrap();
    let ok = bench.response(200);
    bench.hear_request(&cancel_of(&invite, &[]));
    bench.response(200);
    assert!(bench.is_silent());
    let ack = bench.pbx_next(&invite, &ok, Method::Ack, 0);
    bench.hear_request(&ack);
    assert!(matches!(bench.event(), Some(Event::Confirmed { .. })));
}

#[test]
fn a_cancel_of_nothing_is_told_so() {
    let mut bench = Bench::registered();
    let invite = bench.pbx_request(Method::Invite, &[], OFFER);
    bench.hear_request(&cancel_of(&invite, &[]));
    bench.response(481);
}

#[test]
fn an_invite_without_sdp_gets_our_offer_and_the_ack_brings_the_answer() {
    let mut bench = Bench::registered();
    let invite = bench.pbx_request(Method::Invite, &[], b"");
    bench.hear_request(&invite);
    bench.response(100);
    let Some(Event::Invited { call, invite: told }) = bench.event() else { panic!() };
    assert!(told.offer.is_none());
    bench.ua.accept(bench.now, call, OFFER.to_vec()).unwrap();
    let ok = bench.response(200);
    assert_eq!(ok.body, OFFER);
    let mut ack = bench.pbx_next(&invite, &ok, Method::Ack, 0);
    ack.headers.push("Content-Type", "application/sdp");
    ack.body = ANSWER.to_vec();
    bench.hear_request(&ack);
    assert!(matches!(bench.event(), Some(Event::Confirmed { answer: Some(answer), .. }) if answer == ANSWER));
}

#[test]
fn a_second_call_is_declined_while_the_first_stands() {
    let mut bench = Bench::registered();
    let (call, ..) = bench.answered();
    let second = bench.pbx_request(Method::Invite, &[], OFFER);
    bench.hear_request(&second);
    bench.response(100);
    bench.response(486);
    let Some(Event::Declined { invite, status }) = bench.event() else { panic!() };
    assert_eq!(status, StatusCode::BUSY_HERE);
    assert_eq!(invite.identity.from.unwrap().uri.user.as_deref(), Some("+79161234567"));
    bench.ua.hang_up(bench.now, call).unwrap();
    bench.forget();
    bench.called();
}

#[test]
fn ghost_calls_from_scanners_get_nothing() {
    let mut bench = Bench::registered();
    let registered = bench.pbx_request(Method::Invite, &[], OFFER);
    for method in
        [Method::Invite, Method::Options, Method::Register, Method::Bye, Method::Other("FOO".into())]
    {
        for user in ["100", "operator1", ""] {
            let uri = format!("sip:{user}@192.0.2.20:5070").replace("sip:@", "sip:");
            let mut probe = registered.clone();
            probe.method = method.clone();
            probe.uri = uri.parse().unwrap();
            probe.headers.remove("CSeq");
            probe.headers.push("CSeq", format!("1 {method}"));
            bench.hear_from("198.51.100.66:5060", &probe.to_bytes());
            assert!(bench.is_silent(), "{method} to {user:?}");
        }
    }
    bench.hear_from("198.51.100.66:5060", b"INVITE sip:x SIP/2.0\r\nrubbish\r\n\r\n");
    bench.hear_from("198.51.100.66:5060", b"\x00\xff\r\n\r\n");
    assert!(bench.is_silent());
}

#[test]
fn in_a_ghosts_dialog_nothing_is_answered_either() {
    let mut bench = Bench::registered();
    let mut bye = bench.pbx_request(Method::Bye, &[], b"");
    bye.uri = "sip:100@192.0.2.20:5070".parse().unwrap();
    bye.headers.set(&crate::sip::testing::tagged("<sip:100@192.0.2.20>;tag=guess"));
    bench.hear_from("198.51.100.66:5060", &bye.to_bytes());
    assert!(bench.is_silent());
    bench.hear_request(&bye);
    bench.response(481);
}

#[test]
fn a_reinvite_of_a_dialog_that_we_forgot_is_no_new_call() {
    let mut bench = Bench::registered();
    let mut reinvite = bench.pbx_request(Method::Invite, &[], OFFER);
    reinvite.headers.set(&crate::sip::testing::tagged("<sip:101@pbx.example>;tag=before-our-restart"));
    bench.hear_request(&reinvite);
    bench.response(481);
    assert!(bench.is_silent());
}

#[test]
fn a_request_that_lost_its_way_is_named_481_501_405_or_489() {
    let mut bench = Bench::registered();
    type Case = (Method, &'static [(&'static str, &'static str)], u16);
    let cases: [Case; 8] = [
        (Method::Bye, &[], 481),
        (Method::Other("DANCE".into()), &[], 501),
        (Method::Subscribe, &[("Event", "presence")], 405),
        (Method::Refer, &[("Refer-To", "<sip:201@pbx>")], 405),
        (Method::Message, &[], 405),
        (Method::Notify, &[("Event", "check-sync"), ("Subscription-State", "terminated")], 489),
        (Method::Notify, &[("Event", "message-summary"), ("Subscription-State", "terminated")], 200),
        (Method::Options, &[], 200),
    ];
    for (method, headers, status) in cases {
        let request = bench.pbx_request(method.clone(), headers, b"");
        bench.hear_request(&request);
        let response = bench.response(status);
        assert!(response.headers.require::<To>().unwrap().tag().is_some());
        if matches!(status, 405 | 501) || method == Method::Options {
            let allow = response.headers.first("Allow").unwrap();
            assert!(
                allow.contains("INVITE") && !allow.contains("REFER") && !allow.contains("SUBSCRIBE"),
                "{allow}"
            );
        }
    }
}

#[test]
fn what_cannot_be_worked_with_is_refused_by_name() {
    let mut bench = Bench::registered();
    let required =
        bench.pbx_request(Method::Invite, &[("Require", "100rel, precondition, timer, path")], OFFER);
    bench.hear_request(&required);
    assert_eq!(bench.response(420).headers.first("Unsupported"), Some("precondition, path"));
    let foreign = bench.pbx_request(Method::Invite, &[("Content-Type", "application/isup")], b"x");
    bench.hear_request(&foreign);
    assert_eq!(bench.response(415).headers.first("Accept"), Some("application/sdp"));
    assert!(bench.events().is_empty(), "nobody was disturbed");
}

#[test]
fn one_call_over_two_paths_rings_once() {
    let mut bench = Bench::registered();
    let (_, invite) = bench.called();
    let mut merged = invite.clone();
    merged.headers.remove("Via");
    merged.headers.push("Via", format!("SIP/2.0/UDP {PBX};branch=z9hG4bKotherpath"));
    bench.hear_request(&merged);
    bench.response(482);
    assert!(bench.is_silent());
}

#[test]
fn it_rings_for_three_minutes_and_says_so_every_minute() {
    let mut bench = Bench::registered();
    let (call, _) = bench.called();
    bench.ua.ring(bench.now, call).unwrap();
    let mut ringing = 0;
    for _ in 0..185 {
        bench.pass(secs(1));
        for (_, message) in bench.messages() {
            match message {
                Message::Response(response) if response.status == StatusCode::RINGING => ringing += 1,
                Message::Request(request) => bench.hear(&Message::Response(answer(&request, 200, &[], b""))),
                Message::Response(_) => {}
            }
        }
        if bench.events().iter().any(|event| matches!(event, Event::RegistrationFailed { .. })) {
            break;
        }
    }
    assert!(ringing >= 2, "{ringing}");
    assert!(bench.ua.accept(bench.now, call, ANSWER.to_vec()).is_ok());
}

#[test]
fn an_invite_that_expires_ends_by_itself() {
    let mut bench = Bench::registered();
    let invite = bench.pbx_request(Method::Invite, &[("Expires", "10")], OFFER);
    bench.hear_request(&invite);
    bench.forget();
    bench.pass(secs(11));
    bench.response(487);
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Them, .. })));
}

#[test]
fn a_caller_of_the_old_rfc_2543_kind_can_be_refused_and_acknowledge_it() {
    let mut bench = Bench::registered();
    let mut invite = bench.pbx_request(Method::Invite, &[], OFFER);
    invite.headers.remove("Via");
    invite.headers.push("Via", format!("SIP/2.0/UDP {PBX};rport"));
    bench.hear_request(&invite);
    bench.response(100);
    let Some(Event::Invited { call, .. }) = bench.event() else { panic!() };
    bench.hear_request(&invite);
    bench.response(100);
    bench.ua.reject(bench.now, call, StatusCode::BUSY_HERE).unwrap();
    let busy = bench.response(486);
    bench.hear_request(&ack_of(&invite, &busy));
    bench.forget();
    bench.pass(secs(14));
    assert!(bench.is_silent());
}

#[test]
fn the_session_timer_is_left_to_the_pbx() {
    let mut bench = Bench::registered();
    let timers = [("Supported", "timer"), ("Session-Expires", "180"), ("Min-SE", "90")];
    let invite = bench.pbx_request(Method::Invite, &timers, OFFER);
    bench.hear_request(&invite);
    bench.response(100);
    let Some(Event::Invited { call, .. }) = bench.event() else { panic!() };
    bench.ua.accept(bench.now, call, ANSWER.to_vec()).unwrap();
    let ok = bench.response(200);
    let agreed: SessionExpires = ok.headers.require().unwrap();
    assert_eq!(agreed.to_string(), "180;refresher=uac");
    assert!(ok.headers.lists_token("Require", "timer"));
}

#[test]
fn responses_go_back_to_where_the_request_came_from() {
    let mut bench = Bench::registered();
    let options = bench.pbx_request(Method::Options, &[], b"");
    bench.hear_from("192.0.2.10:16000", &options.to_bytes());
    assert_eq!(bench.destination().to_string(), "192.0.2.10:16000");
    let ok = bench.response(200);
    assert!(ok.headers.first("Via").unwrap().contains("rport=16000"));
    assert!(ok.headers.first("Via").unwrap().contains("received=192.0.2.10"));
}
