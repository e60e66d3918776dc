//! Digits by INFO.

use crate::sip::message::{Method, Response, StatusCode};
use crate::sip::testing::{ANSWER, Bench, OFFER, answer, secs};
use crate::sip::{CallKey, EndedBy, Event, NotNow};

const CONTACT: (&str, &str) = ("Contact", "<sip:192.0.2.10:5060>");

/// A call of ours, answered with this Allow.
fn dialled(allow: &'static str) -> (Bench, CallKey) {
    let mut bench = Bench::new();
    let call = bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), Some(OFFER.to_vec()));
    let invite = bench.request(Method::Invite);
    let ok: Response = answer(&invite, 200, &[CONTACT, ("Allow", allow)], ANSWER);
    bench.hear(&crate::sip::message::Message::Response(ok));
    bench.request(Method::Ack);
    bench.events();
    (bench, call)
}

#[test]
fn a_digit_goes_out_as_dtmf_relay_and_its_answer_is_told() {
    let (mut bench, call) = dialled("INVITE, ACK, BYE, INFO");
    assert!(bench.ua.takes_digits(call));
    bench.ua.send_digit(bench.now, call, '5').unwrap();
    let info = bench.request(Method::Info);
    assert_eq!(info.headers.first("Content-Type"), Some("application/dtmf-relay"));
    assert_eq!(info.body, b"Signal=5\r\nDuration=160\r\n");
    bench.respond(&info, 200);
    assert!(matches!(bench.event(), Some(Event::DigitAnswered { result: Ok(()), .. })));
}

#[test]
fn a_challenged_digit_goes_again_with_credentials() {
    let (mut bench, call) = dialled("INFO");
    bench.ua.send_digit(bench.now, call, '#').unwrap();
    let info = bench.request(Method::Info);
    bench.challenge(&info);
    let again = bench.request(Method::Info);
    assert!(again.headers.first("Authorization").is_some());
    assert_eq!(again.body, info.body);
    assert!(bench.event().is_none());
    bench.respond(&again, 200);
    assert!(matches!(bench.event(), Some(Event::DigitAnswered { result: Ok(()), .. })));
}

#[test]
fn where_allow_names_no_info_none_is_sent() {
    let (mut bench, call) = dialled("INVITE, ACK, BYE, UPDATE");
    assert!(!bench.ua.takes_digits(call));
    assert_eq!(bench.ua.send_digit(bench.now, call, '5'), Err(NotNow));
    assert!(bench.is_silent());
}

#[test]
fn what_they_allow_is_read_from_a_callers_invite_and_from_each_reinvite() {
    let mut bench = Bench::registered();
    let (call, invite, ok) = bench.answered();
    assert!(!bench.ua.takes_digits(call), "INVITE, UPDATE");
    for (step, allow, takes) in [(1, "INVITE, INFO", true), (3, "INVITE", false)] {
        let mut update = bench.pbx_next(&invite, &ok, Method::Update, step);
        update.headers.push("Allow", allow);
        bench.hear_request(&update);
        assert_eq!(bench.ua.takes_digits(call), takes, "{allow}");
    }
}

#[test]
fn who_refuses_the_kind_is_not_asked_again() {
    for (status, again) in [(415, false), (405, false), (501, false), (500, true)] {
        let (mut bench, call) = dialled("INFO");
        bench.ua.send_digit(bench.now, call, '5').unwrap();
        let info = bench.request(Method::Info);
        bench.respond(&info, status);
        let refused = bench.event();
        assert!(
            matches!(refused, Some(Event::DigitAnswered { result: Err(s), .. }) if s.code() == status),
            "{refused:?}"
        );
        assert_eq!(bench.ua.takes_digits(call), again, "{status}");
        assert!(bench.ua.hang_up(bench.now, call).is_ok(), "the call stands");
    }
}

#[test]
fn silence_is_told_as_408() {
    let (mut bench, call) = dialled("INFO");
    bench.ua.send_digit(bench.now, call, '5').unwrap();
    bench.pass(secs(33));
    let status = StatusCode::REQUEST_TIMEOUT;
    assert!(matches!(bench.event(), Some(Event::DigitAnswered { result: Err(s), .. }) if s == status));
}

#[test]
fn a_call_that_the_pbx_no_longer_knows_is_over() {
    let (mut bench, call) = dialled("INFO");
    bench.ua.send_digit(bench.now, call, '5').unwrap();
    let info = bench.request(Method::Info);
    bench.respond(&info, 481);
    let events = bench.events();
    let [Event::DigitAnswered { result: Err(_), .. }, Event::Ended { by: EndedBy::Network, .. }] =
        &events[..]
    else {
        panic!("{events:?}")
    };
}

#[test]
fn after_the_end_its_answer_is_of_no_interest() {
    let (mut bench, call) = dialled("INFO");
    bench.ua.send_digit(bench.now, call, '5').unwrap();
    let info = bench.request(Method::Info);
    bench.ua.hang_up(bench.now, call).unwrap();
    bench.events();
    bench.respond(&info, 481);
    assert!(bench.event().is_none());
}
