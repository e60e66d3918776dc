//! Hold, resume, refreshes, glare.

use crate::sip::message::{Message, Method, RetryAfter, StatusCode};
use crate::sip::testing::{ANSWER, Bench, OFFER, ms, secs, seq};
use crate::sip::{EndedBy, Event, NotNow};

const HOLD: &[u8] = b"v=0\r\na=sendonly\r\n";
const CONTACT: (&str, &str) = ("Contact", "<sip:192.0.2.10:5060>");

#[test]
fn hold_and_resume_are_reinvites_with_an_ack_each() {
    let mut bench = Bench::new();
    let (call, invite, _) = bench.dialled();
    bench.ua.reoffer(bench.now, call, HOLD.to_vec()).unwrap();
    let hold = bench.request(Method::Invite);
    assert_eq!((hold.body.as_slice(), seq(&hold)), (HOLD, seq(&invite) + 1));
    assert!(hold.headers.first("Contact").is_some());
    assert_eq!(bench.ua.reoffer(bench.now, call, OFFER.to_vec()), Err(NotNow), "one at a time");
    bench.respond_with(&hold, 200, &[CONTACT], ANSWER);
    let ack = bench.request(Method::Ack);
    assert_eq!(seq(&ack), seq(&hold));
    assert!(matches!(bench.event(), Some(Event::Answer { result: Ok(answer), .. }) if answer == ANSWER));
    bench.respond_with(&hold, 200, &[CONTACT], ANSWER);
    assert_eq!(bench.request(Method::Ack), ack, "a lost ACK is repaired");
    assert!(bench.is_silent());
    bench.ua.reoffer(bench.now, call, OFFER.to_vec()).unwrap();
    bench.request(Method::Invite);
}

#[test]
fn a_refused_hold_leaves_the_call_as_it_was() {
    for status in [488, 606, 415, 400] {
        let mut bench = Bench::new();
        let (call, ..) = bench.dialled();
        bench.ua.reoffer(bench.now, call, HOLD.to_vec()).unwrap();
        let hold = bench.request(Method::Invite);
        bench.respond(&hold, status);
        bench.request(Method::Ack);
        assert!(matches!(bench.event(), Some(Event::Answer { result: Err(s), .. }) if s.code() == status));
        assert!(bench.ua.hang_up(bench.now, call).is_ok(), "the call stands");
    }
}

#[test]
fn a_hold_without_any_answer_is_said_to_have_timed_out() {
    let mut bench = Bench::new();
    let (call, ..) = bench.dialled();
    bench.ua.reoffer(bench.now, call, HOLD.to_vec()).unwrap();
    bench.pass(secs(33));
    assert!(
        matches!(bench.event(), Some(Event::Answer { result: Err(s), .. }) if s == StatusCode::REQUEST_TIMEOUT)
    );
    assert!(bench.events().is_empty());
}

#[test]
fn a_hold_that_is_told_100_and_nothing_more_is_withdrawn() {
    let mut bench = Bench::new();
    let (call, ..) = bench.dialled();
    bench.ua.reoffer(bench.now, call, HOLD.to_vec()).unwrap();
    let hold = bench.request(Method::Invite);
    bench.respond(&hold, 100);
    bench.pass(secs(32));
    let cancel = bench.request(Method::Cancel);
    assert_eq!(cancel.headers.first("Via"), hold.headers.first("Via"));
    assert!(
        matches!(bench.event(), Some(Event::Answer { result: Err(s), .. }) if s == StatusCode::REQUEST_TIMEOUT)
    );
    bench.respond(&cancel, 200);
    bench.respond(&hold, 487);
    bench.request(Method::Ack);
    assert!(bench.is_silent());
    bench.ua.reoffer(bench.now, call, OFFER.to_vec()).unwrap();
    bench.request(Method::Invite);
}

#[test]
fn a_call_that_the_pbx_no_longer_knows_is_over() {
    let mut bench = Bench::new();
    let (call, ..) = bench.dialled();
    bench.ua.reoffer(bench.now, call, HOLD.to_vec()).unwrap();
    let hold = bench.request(Method::Invite);
    bench.respond(&hold, 481);
    bench.request(Method::Ack);
    let events = bench.events();
    assert!(
        matches!(events[..], [Event::Ended { by: EndedBy::Network, .. }]),
        "not that hold was refused: {events:?}"
    );
    assert!(bench.is_silent());
}

#[test]
fn after_491_a_caller_waits_2_to_4_s_and_offers_again() {
    let mut bench = Bench::new();
    let (call, ..) = bench.dialled();
    bench.ua.reoffer(bench.now, call, HOLD.to_vec()).unwrap();
    let hold = bench.request(Method::Invite);
    let refused = bench.now;
    bench.respond(&hold, 491);
    bench.request(Method::Ack);
    assert!(bench.is_silent(), "not refused for good");
    bench.pass(secs(5));
    let again = bench.messages();
    let Message::Request(second) = &again[0].1 else { panic!() };
    let waited = again[0].0.since(refused);
    assert!(waited >= ms(2_100) && waited <= ms(4_000), "{waited:?}");
    assert_eq!((second.body.as_slice(), seq(second)), (HOLD, seq(&hold) + 1));
    bench.respond_with(second, 200, &[CONTACT], ANSWER);
    assert!(matches!(bench.event(), Some(Event::Answer { result: Ok(_), .. })));
}

#[test]
fn after_491_a_called_party_waits_at_most_2_s() {
    let mut bench = Bench::new();
    let (call, ..) = bench.answered();
    bench.ua.reoffer(bench.now, call, HOLD.to_vec()).unwrap();
    let hold = bench.request(Method::Invite);
    let refused = bench.now;
    bench.respond(&hold, 491);
    bench.request(Method::Ack);
    bench.pass(ms(2_000));
    let (at, _) = bench.messages()[0];
    assert!(at.since(refused) <= ms(2_000));
}

#[test]
fn an_offer_of_theirs_while_ours_is_under_way_gets_491() {
    let mut bench = Bench::new();
    let (call, invite, ok) = bench.answered();
    bench.ua.reoffer(bench.now, call, HOLD.to_vec()).unwrap();
    let ours = bench.request(Method::Invite);
    for method in [Method::Invite, Method::Update] {
        let mut theirs =
            bench.pbx_next(&invite, &ok, method.clone(), if method == Method::Invite { 1 } else { 3 });
        theirs.headers.push("Content-Type", "application/sdp");
        theirs.body = OFFER.to_vec();
        bench.hear_request(&theirs);
        bench.response(491);
    }
    let refresh = bench.pbx_next(&invite, &ok, Method::Update, 5);
    bench.hear_request(&refresh);
    bench.response(200);
    bench.respond_with(&ours, 200, &[CONTACT], ANSWER);
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Some(Event::Answer { result: Ok(_), .. })));
}

#[test]
fn an_offer_of_ours_that_waits_gives_way_to_theirs() {
    let mut bench = Bench::new();
    let (call, invite, ok) = bench.answered();
    bench.ua.reoffer(bench.now, call, HOLD.to_vec()).unwrap();
    let ours = bench.request(Method::Invite);
    bench.respond(&ours, 491);
    bench.request(Method::Ack);
    let mut theirs = bench.pbx_next(&invite, &ok, Method::Invite, 1);
    theirs.headers.push("Content-Type", "application/sdp");
    theirs.body = OFFER.to_vec();
    bench.hear_request(&theirs);
    let events = bench.events();
    assert!(
        matches!(&events[..], [Event::Answer { result: Err(s), .. }, Event::Offer { offer: Some(_), .. }]
            if *s == StatusCode::REQUEST_PENDING),
        "{events:?}"
    );
    bench.ua.answer_offer(bench.now, call, Ok(ANSWER.to_vec())).unwrap();
    let answered = bench.response(200);
    let ack = bench.pbx_next(&invite, &answered, Method::Ack, 1);
    bench.hear_request(&ack);
    bench.pass(secs(5));
    assert!(bench.is_silent(), "the stale offer is gone");
}

#[test]
fn a_second_offer_before_the_first_is_answered_is_put_off() {
    let mut bench = Bench::new();
    let (call, invite, ok) = bench.answered();
    let offer = |bench: &mut Bench, method: Method, step| {
        let mut theirs = bench.pbx_next(&invite, &ok, method, step);
        theirs.headers.push("Content-Type", "application/sdp");
        theirs.body = OFFER.to_vec();
        bench.hear_request(&theirs);
        theirs
    };
    offer(&mut bench, Method::Invite, 1);
    assert!(matches!(bench.event(), Some(Event::Offer { .. })));
    offer(&mut bench, Method::Update, 2);
    let put_off = bench.response(500);
    assert!(put_off.headers.require::<RetryAfter>().unwrap().0 <= 10);
    bench.ua.answer_offer(bench.now, call, Err(StatusCode::NOT_ACCEPTABLE_HERE)).unwrap();
    bench.response(488);
    assert_eq!(bench.ua.answer_offer(bench.now, call, Ok(ANSWER.to_vec())), Err(NotNow));
}

#[test]
fn a_reinvite_without_sdp_asks_for_our_offer_and_the_ack_answers_it() {
    let mut bench = Bench::new();
    let (call, invite, ok) = bench.answered();
    let reinvite = bench.pbx_next(&invite, &ok, Method::Invite, 1);
    bench.hear_request(&reinvite);
    assert!(matches!(bench.event(), Some(Event::Offer { offer: None, .. })));
    bench.ua.answer_offer(bench.now, call, Ok(OFFER.to_vec())).unwrap();
    assert_eq!(bench.response(200).body, OFFER);
    let mut ack = bench.pbx_next(&invite, &ok, Method::Ack, 1);
    ack.headers.push("Content-Type", "application/sdp");
    ack.body = ANSWER.to_vec();
    bench.hear_request(&ack);
    assert!(matches!(bench.event(), Some(Event::Confirmed { answer: Some(answer), .. }) if answer == ANSWER));
}

#[test]
fn a_slow_answer_to_a_reinvite_is_preceded_by_100() {
    let mut bench = Bench::new();
    let (call, invite, ok) = bench.answered();
    let mut reinvite = bench.pbx_next(&invite, &ok, Method::Invite, 1);
    reinvite.headers.push("Content-Type", "application/sdp");
    reinvite.body = OFFER.to_vec();
    bench.hear_request(&reinvite);
    bench.event();
    bench.pass(ms(250));
    bench.response(100);
    bench.ua.answer_offer(bench.now, call, Ok(ANSWER.to_vec())).unwrap();
    bench.response(200);
}

#[test]
fn a_hold_that_is_told_100_and_nothing_more_leaves_nothing_when_the_call_ends() {
    let mut bench = Bench::new();
    let (call, ..) = bench.dialled();
    bench.ua.reoffer(bench.now, call, HOLD.to_vec()).unwrap();
    let hold = bench.request(Method::Invite);
    bench.respond(&hold, 100);
    bench.ua.hang_up(bench.now, call).unwrap();
    bench.pass(secs(120));
    assert_eq!(bench.ua.load(), crate::sip::Load::default());
}

#[test]
fn a_cancelled_reinvite_leaves_the_call_alone() {
    let mut bench = Bench::new();
    let (call, invite, ok) = bench.answered();
    let mut reinvite = bench.pbx_next(&invite, &ok, Method::Invite, 1);
    reinvite.headers.push("Content-Type", "application/sdp");
    reinvite.body = OFFER.to_vec();
    bench.hear_request(&reinvite);
    bench.event();
    let mut cancel = reinvite.clone();
    cancel.method = Method::Cancel;
    cancel.body.clear();
    cancel.headers.remove("Content-Type");
    cancel.headers.set(&crate::sip::message::CSeq::new(seq(&reinvite), Method::Cancel));
    bench.hear_request(&cancel);
    bench.response(200);
    bench.response(487);
    assert!(bench.is_silent());
    assert!(bench.ua.answer_offer(bench.now, call, Ok(ANSWER.to_vec())).is_err());
    assert!(bench.ua.reoffer(bench.now, call, HOLD.to_vec()).is_ok());
}

#[test]
fn an_older_number_is_out_of_order_and_a_gap_is_not() {
    let mut bench = Bench::new();
    let (_, invite, ok) = bench.answered();
    let skipped = bench.pbx_next(&invite, &ok, Method::Options, 7);
    bench.hear_request(&skipped);
    bench.response(200);
    let older = bench.pbx_next(&invite, &ok, Method::Bye, 3);
    bench.hear_request(&older);
    bench.response(500);
    assert!(bench.is_silent(), "the call stands");
    let bye = bench.pbx_next(&invite, &ok, Method::Bye, 8);
    bench.hear_request(&bye);
    bench.response(200);
}

#[test]
fn byes_that_cross_are_both_answered_200() {
    let mut bench = Bench::new();
    let (call, invite, ok) = bench.answered();
    bench.ua.hang_up(bench.now, call).unwrap();
    let ours = bench.request(Method::Bye);
    bench.event();
    let theirs = bench.pbx_next(&invite, &ok, Method::Bye, 1);
    bench.hear_request(&theirs);
    bench.response(200);
    bench.respond(&ours, 481);
    assert!(bench.is_silent());
}

#[test]
fn a_second_bye_of_theirs_finds_no_dialog_but_a_repeated_one_its_answer() {
    let mut bench = Bench::new();
    let (_, invite, ok) = bench.answered();
    let bye = bench.pbx_next(&invite, &ok, Method::Bye, 1);
    bench.hear_request(&bye);
    let answer = bench.response(200);
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Them, .. })));
    bench.hear_request(&bye);
    assert_eq!(bench.response(200), answer);
    let another = bench.pbx_next(&invite, &ok, Method::Bye, 2);
    bench.hear_request(&another);
    bench.response(481);
    assert!(bench.is_silent());
}

#[test]
fn a_bye_ends_an_offer_that_waits_for_its_answer() {
    let mut bench = Bench::new();
    let (call, invite, ok) = bench.answered();
    let reinvite = bench.pbx_next(&invite, &ok, Method::Invite, 1);
    bench.hear_request(&reinvite);
    bench.event();
    let bye = bench.pbx_next(&invite, &ok, Method::Bye, 2);
    bench.hear_request(&bye);
    bench.response(200);
    bench.response(487);
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Them, .. })));
    assert!(bench.ua.answer_offer(bench.now, call, Ok(ANSWER.to_vec())).is_err());
}

#[test]
fn after_the_end_only_bye_is_still_answered_200() {
    let mut bench = Bench::new();
    let (call, invite, ok) = bench.answered();
    bench.ua.hang_up(bench.now, call).unwrap();
    bench.forget();
    for (method, step, status) in [(Method::Invite, 1, 481), (Method::Info, 2, 481), (Method::Bye, 3, 200)] {
        let request = bench.pbx_next(&invite, &ok, method, step);
        bench.hear_request(&request);
        bench.response(status);
    }
}

#[test]
fn an_in_dialog_request_may_be_challenged() {
    let mut bench = Bench::new();
    let (call, invite, _) = bench.dialled();
    bench.ua.reoffer(bench.now, call, HOLD.to_vec()).unwrap();
    let hold = bench.request(Method::Invite);
    bench.challenge(&hold);
    bench.request(Method::Ack);
    let again = bench.request(Method::Invite);
    assert_eq!(seq(&again), seq(&invite) + 2);
    assert!(again.headers.first("Authorization").is_some());
    bench.respond_with(&again, 200, &[CONTACT], ANSWER);
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Some(Event::Answer { result: Ok(_), .. })));
    bench.ua.hang_up(bench.now, call).unwrap();
    let bye = bench.request(Method::Bye);
    assert!(bye.headers.first("Authorization").unwrap().contains("nc=00000002"), "the nonce is used again");
    bench.challenge(&bye);
    assert_eq!(seq(&bench.request(Method::Bye)), seq(&bye) + 1);
}

#[test]
fn digits_come_by_info() {
    let mut bench = Bench::new();
    let (_, invite, ok) = bench.answered();
    let mut info = bench.pbx_next(&invite, &ok, Method::Info, 1);
    info.headers.push("Content-Type", "application/dtmf-relay");
    info.body = b"Signal=5\r\nDuration=160\r\n".to_vec();
    bench.hear_request(&info);
    bench.response(200);
    assert!(matches!(bench.event(), Some(Event::Digit { digit: '5', .. })));
    let mut other = bench.pbx_next(&invite, &ok, Method::Info, 2);
    other.headers.push("Content-Type", "text/plain");
    other.body = b"hello".to_vec();
    bench.hear_request(&other);
    bench.response(415);
    assert!(bench.is_silent());
}

#[test]
fn after_an_outage_calls_that_the_pbx_forgot_are_ended() {
    let mut bench = Bench::registered();
    let (_, _, _) = bench.answered();
    bench.pass(secs(15));
    bench.forget();
    bench.unreachable(crate::transmit::Transport::Udp);
    assert!(matches!(bench.event(), Some(Event::RegistrationFailed { .. })));
    bench.grant(600);
    assert!(matches!(bench.event(), Some(Event::Registered { .. })));
    let check = bench.request(Method::Options);
    assert!(check.headers.require::<crate::sip::message::To>().unwrap().tag().is_some());
    bench.respond(&check, 481);
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Network, .. })));
}

#[test]
fn after_the_computer_slept_the_pbx_is_asked_for_the_call_at_once() {
    let mut bench = Bench::registered();
    bench.answered();
    bench.pass(secs(1));
    bench.forget();
    bench.now = bench.now + secs(60);
    bench.ua.handle_timeout(bench.now);
    bench.drain();
    let in_the_call = |message: &Message| match message {
        Message::Request(request) => {
            let to = request.headers.require::<crate::sip::message::To>().unwrap();
            (request.method == Method::Options && to.tag().is_some()).then(|| request.clone())
        }
        Message::Response(_) => None,
    };
    let check = bench.messages().iter().find_map(|(_, message)| in_the_call(message)).expect("a question");
    bench.respond(&check, 481);
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Network, .. })));
}

#[test]
fn after_an_outage_a_reinvite_under_way_is_not_overtaken() {
    let mut bench = Bench::registered();
    let (call, ..) = bench.dialled();
    bench.pass(secs(15));
    bench.forget();
    bench.unreachable(crate::transmit::Transport::Udp);
    bench.ua.reoffer(bench.now, call, HOLD.to_vec()).unwrap();
    bench.grant(600);
    bench.request(Method::Invite);
    let more = bench.messages();
    assert!(
        more.is_empty(),
        "a higher number that arrives first makes the PBX refuse the re-INVITE: {more:?}"
    );
}
