//! Provisional responses that must arrive: 100rel and PRACK, in both roles.

use crate::sip::message::{Message, Method, RAck, RSeq, Request, Response, StatusCode};
use crate::sip::testing::{ANSWER, Bench, OFFER, answer, ms, secs, seq};
use crate::sip::{CallKey, EndedBy, Event, NotNow};
use crate::transmit::Transport::Udp;

const CONTACT: (&str, &str) = ("Contact", "<sip:192.0.2.10:5060>");
const RELIABLE: (&str, &str) = ("Require", "100rel");

fn dial(bench: &mut Bench, offer: Option<&[u8]>) -> (CallKey, Request) {
    let target = "sip:200@pbx.example".parse().unwrap();
    let call = bench.ua.invite(bench.now, target, offer.map(<[u8]>::to_vec));
    (call, bench.request(Method::Invite))
}

fn say(bench: &mut Bench, invite: &Request, status: u16, rseq: u32, body: &[u8]) {
    let rseq = rseq.to_string();
    bench.respond_with(invite, status, &[CONTACT, RELIABLE, ("RSeq", &rseq)], body);
}

fn rack(prack: &Request) -> String {
    prack.headers.require::<RAck>().unwrap().to_string()
}

#[test]
fn each_reliable_response_is_acknowledged_once_and_in_order() {
    let mut bench = Bench::new();
    let (_, invite) = dial(&mut bench, Some(OFFER));
    assert!(invite.headers.lists_token("Supported", "100rel"));
    assert!(invite.headers.lists_token("Allow", "PRACK"));
    say(&mut bench, &invite, 180, 41, b"");
    let prack = bench.request(Method::Prack);
    assert_eq!(rack(&prack), format!("41 {} INVITE", seq(&invite)));
    assert_eq!(seq(&prack), seq(&invite) + 1);
    assert_eq!(prack.uri.to_string(), "sip:192.0.2.10:5060");
    assert!(matches!(bench.event(), Some(Event::Ringing { .. })));
    bench.respond(&prack, 200);
    say(&mut bench, &invite, 180, 41, b"");
    assert!(bench.is_silent(), "a repetition: its PRACK is on the way or lost, and is repeated by itself");
    say(&mut bench, &invite, 183, 43, ANSWER);
    assert!(bench.is_silent(), "one between is missing: neither acknowledged nor believed");
    say(&mut bench, &invite, 183, 42, ANSWER);
    assert_eq!(rack(&bench.request(Method::Prack)), format!("42 {} INVITE", seq(&invite)));
    assert!(matches!(bench.event(), Some(Event::Ringing { body: Some(_), offer_pending: false, .. })));
    say(&mut bench, &invite, 183, 43, ANSWER);
    bench.request(Method::Prack);
    bench.respond_with(&invite, 200, &[CONTACT], b"");
    bench.forget();
    bench.pass(ms(500));
    assert!(bench.messages().iter().all(|(_, message)| !matches!(message, Message::Response(_))));
}

#[test]
fn a_lost_prack_is_sent_again_until_it_is_answered() {
    let mut bench = Bench::new();
    let (_, invite) = dial(&mut bench, Some(OFFER));
    say(&mut bench, &invite, 180, 1, b"");
    let prack = bench.request(Method::Prack);
    bench.pass(ms(500));
    assert_eq!(bench.request(Method::Prack), prack);
    bench.respond(&prack, 200);
    bench.forget();
    bench.pass(secs(20));
    assert!(bench.is_silent());
}

#[test]
fn a_prack_that_finds_the_port_closed_is_sent_again() {
    let mut bench = Bench::new();
    let (_, invite) = dial(&mut bench, Some(OFFER));
    say(&mut bench, &invite, 180, 1, b"");
    let prack = bench.request(Method::Prack);
    bench.unreachable(Udp);
    bench.pass(ms(500));
    assert_eq!(bench.request(Method::Prack), prack);
}

#[test]
fn a_prack_may_be_challenged() {
    let mut bench = Bench::new();
    let (_, invite) = dial(&mut bench, Some(OFFER));
    say(&mut bench, &invite, 180, 9, b"");
    let prack = bench.request(Method::Prack);
    bench.challenge(&prack);
    let again = bench.request(Method::Prack);
    assert!(again.headers.first("Authorization").is_some());
    assert_eq!((seq(&again), rack(&again)), (seq(&prack) + 1, rack(&prack)));
}

#[test]
fn an_answer_that_came_reliably_holds_though_the_200_has_none_or_another() {
    for body in [b"".as_slice(), OFFER] {
        let mut bench = Bench::new();
        let (_, invite) = dial(&mut bench, Some(OFFER));
        say(&mut bench, &invite, 183, 1, ANSWER);
        bench.forget();
        bench.respond_with(&invite, 200, &[CONTACT], body);
        let ack = bench.request(Method::Ack);
        assert_eq!(seq(&ack), seq(&invite), "the ACK has the INVITE's number though a PRACK came between");
        let Some(Event::Accepted { body, offer_pending: false, .. }) = bench.event() else { panic!() };
        assert_eq!(body.as_deref(), Some(ANSWER));
    }
}

#[test]
fn an_offer_that_came_reliably_is_answered_in_the_prack() {
    let mut bench = Bench::new();
    let (call, invite) = dial(&mut bench, None);
    say(&mut bench, &invite, 183, 1, OFFER);
    let Some(Event::Ringing { body, offer_pending: true, .. }) = bench.event() else { panic!() };
    assert_eq!(body.as_deref(), Some(OFFER));
    say(&mut bench, &invite, 183, 1, OFFER);
    assert!(bench.is_silent(), "no PRACK before there is an answer");
    bench.ua.acknowledge(bench.now, call, ANSWER.to_vec()).unwrap();
    let prack = bench.request(Method::Prack);
    assert_eq!(prack.body, ANSWER);
    assert_eq!(bench.ua.acknowledge(bench.now, call, ANSWER.to_vec()), Err(NotNow));
    bench.respond(&prack, 200);
    bench.respond_with(&invite, 200, &[CONTACT], b"");
    assert!(bench.request(Method::Ack).body.is_empty());
    assert!(matches!(bench.event(), Some(Event::Accepted { offer_pending: false, .. })));
}

#[test]
fn a_reinvite_may_be_answered_reliably_before_its_200() {
    let mut bench = Bench::new();
    let (call, ..) = bench.dialled();
    bench.ua.reoffer(bench.now, call, OFFER.to_vec()).unwrap();
    let hold = bench.request(Method::Invite);
    say(&mut bench, &hold, 183, 5, ANSWER);
    assert_eq!(rack(&bench.request(Method::Prack)), format!("5 {} INVITE", seq(&hold)));
    say(&mut bench, &hold, 183, 5, ANSWER);
    assert!(bench.is_silent());
    bench.respond_with(&hold, 200, &[CONTACT], b"");
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Some(Event::Answer { result: Ok(answer), .. }) if answer == ANSWER));
}

#[test]
fn an_update_of_the_pbx_waits_for_its_answer_to_our_offer() {
    let mut bench = Bench::new();
    let (call, invite) = dial(&mut bench, Some(OFFER));
    let offered = |bench: &mut Bench, response: &Response, step| {
        let mut update = bench.pbx_back(&invite, response, Method::Update, step);
        update.headers.push("Content-Type", "application/sdp");
        update.body = OFFER.to_vec();
        bench.hear_request(&update);
    };
    let ringing = answer(&invite, 180, &[CONTACT], b"");
    bench.hear(&Message::Response(ringing.clone()));
    bench.event();
    offered(&mut bench, &ringing, 1);
    bench.response(491);
    say(&mut bench, &invite, 183, 1, ANSWER);
    bench.request(Method::Prack);
    bench.event();
    offered(&mut bench, &ringing, 2);
    assert!(matches!(bench.event(), Some(Event::Offer { offer: Some(_), .. })));
    offered(&mut bench, &ringing, 3);
    assert!(bench.response(500).headers.first("Retry-After").is_some(), "one at a time");
    bench.ua.answer_offer(bench.now, call, Ok(ANSWER.to_vec())).unwrap();
    assert_eq!(bench.response(200).body, ANSWER);
    bench.respond_with(&invite, 200, &[CONTACT], b"");
    bench.request(Method::Ack);
    let Some(Event::Accepted { body, .. }) = bench.event() else { panic!() };
    assert!(body.is_none(), "the first answer is out of date");
}

// -- as called party

fn called(bench: &mut Bench, body: &[u8]) -> (CallKey, Request) {
    let invite = bench.pbx_request(Method::Invite, &[RELIABLE, ("Supported", "100rel")], body);
    bench.hear_request(&invite);
    bench.response(100);
    match bench.event() {
        Some(Event::Invited { call, .. }) => (call, invite),
        other => panic!("{other:?}"),
    }
}

fn prack(bench: &mut Bench, invite: &Request, said: &Response, step: u32) -> Request {
    let rseq: RSeq = said.headers.require().unwrap();
    let mut prack = bench.pbx_next(invite, said, Method::Prack, step);
    prack.headers.push("RAck", format!("{rseq} {} INVITE", seq(invite)));
    prack
}

#[test]
fn who_requires_it_hears_180_until_it_is_acknowledged() {
    let mut bench = Bench::new();
    let (call, invite) = called(&mut bench, OFFER);
    let began = bench.now;
    bench.ua.ring(bench.now, call).unwrap();
    let ringing = bench.response(180);
    assert!(ringing.headers.lists_token("Require", "100rel"));
    bench.pass(secs(16));
    let repeated = bench.messages();
    let times: Vec<_> = repeated.iter().map(|(at, _)| at.since(began).as_millis()).collect();
    assert_eq!(times, [500, 1500, 3500, 7500, 15500], "doubling without limit");
    let same = |(_, message): &(_, Message)| *message == Message::Response(ringing.clone());
    assert!(repeated.iter().all(same));
    let prack = prack(&mut bench, &invite, &ringing, 1);
    bench.hear_request(&prack);
    bench.response(200);
    bench.pass(secs(40));
    assert!(bench.is_silent(), "acknowledged");
    bench.pass(secs(10));
    let again = bench.response(180);
    let number = |response: &Response| response.headers.require::<RSeq>().unwrap().0;
    assert_eq!(number(&again), number(&ringing) + 1);
}

#[test]
fn who_only_supports_it_is_told_the_old_way() {
    let mut bench = Bench::new();
    let invite = bench.pbx_request(Method::Invite, &[("Supported", "100rel")], OFFER);
    bench.hear_request(&invite);
    let Some(Event::Invited { call, .. }) = bench.event() else { panic!() };
    bench.forget();
    bench.ua.ring(bench.now, call).unwrap();
    assert!(bench.response(180).headers.first("RSeq").is_none());
    bench.pass(secs(20));
    assert!(bench.is_silent());
}

#[test]
fn a_caller_who_never_acknowledges_is_told_504() {
    let mut bench = Bench::new();
    let (call, _) = called(&mut bench, OFFER);
    bench.ua.ring(bench.now, call).unwrap();
    bench.pass(ms(31_900));
    bench.forget();
    bench.pass(ms(200));
    bench.response(504);
    let Some(Event::Ended { by, status, .. }) = bench.event() else { panic!() };
    assert_eq!((by, status), (EndedBy::Network, Some(StatusCode::SERVER_TIMEOUT)));
}

#[test]
fn a_prack_of_something_else_is_told_481() {
    let mut bench = Bench::new();
    let (call, invite) = called(&mut bench, OFFER);
    bench.ua.ring(bench.now, call).unwrap();
    let ringing = bench.response(180);
    let rseq = ringing.headers.require::<RSeq>().unwrap().0;
    let number = seq(&invite);
    let wrong = [
        format!("{} {number} INVITE", rseq + 1),
        format!("{rseq} {} INVITE", number + 1),
        format!("{rseq} {number} UPDATE"),
    ];
    for (step, rack) in wrong.iter().enumerate() {
        let mut prack = bench.pbx_next(&invite, &ringing, Method::Prack, step as u32 + 1);
        prack.headers.push("RAck", rack.as_str());
        bench.hear_request(&prack);
        bench.response(481);
    }
    let right = prack(&mut bench, &invite, &ringing, 8);
    bench.hear_request(&right);
    bench.response(200);
    let twice = prack(&mut bench, &invite, &ringing, 9);
    bench.hear_request(&twice);
    bench.response(481);
}

#[test]
fn an_answer_overtakes_an_unacknowledged_180_and_its_late_prack_is_taken() {
    let mut bench = Bench::new();
    let (call, invite) = called(&mut bench, OFFER);
    bench.ua.ring(bench.now, call).unwrap();
    let ringing = bench.response(180);
    bench.ua.accept(bench.now, call, ANSWER.to_vec()).unwrap();
    let ok = bench.response(200);
    assert_eq!(ok.body, ANSWER);
    let late = prack(&mut bench, &invite, &ringing, 1);
    bench.hear_request(&late);
    bench.response(200);
    let ack = bench.pbx_next(&invite, &ok, Method::Ack, 0);
    bench.hear_request(&ack);
    assert!(matches!(bench.event(), Some(Event::Confirmed { .. })));
    bench.pass(secs(40));
    assert!(bench.is_silent(), "nothing is repeated");
}

#[test]
fn no_200_overtakes_a_description_that_waits_for_its_prack() {
    let mut bench = Bench::new();
    let (call, invite) = called(&mut bench, OFFER);
    bench.ua.progress(bench.now, call, ANSWER.to_vec()).unwrap();
    let early = bench.response(183);
    assert_eq!(early.body, ANSWER);
    bench.ua.accept(bench.now, call, ANSWER.to_vec()).unwrap();
    assert!(bench.is_silent(), "held back");
    assert_eq!(bench.ua.accept(bench.now, call, ANSWER.to_vec()), Err(NotNow));
    let prack = prack(&mut bench, &invite, &early, 1);
    bench.hear_request(&prack);
    bench.response(200);
    let ok = bench.response(200);
    assert_eq!(ok.headers.first("CSeq"), invite.headers.first("CSeq"));
    assert!(ok.body.is_empty(), "said already");
}

#[test]
fn where_the_caller_makes_no_offer_ours_goes_reliably_and_the_prack_answers_it() {
    let mut bench = Bench::new();
    let (call, invite) = called(&mut bench, b"");
    bench.ua.ring(bench.now, call).unwrap();
    assert!(bench.is_silent(), "the first reliable response must hold an offer");
    bench.ua.progress(bench.now, call, OFFER.to_vec()).unwrap();
    let early = bench.response(183);
    let mut prack = prack(&mut bench, &invite, &early, 1);
    prack.headers.push("Content-Type", "application/sdp");
    prack.body = ANSWER.to_vec();
    bench.hear_request(&prack);
    bench.response(200);
    assert!(matches!(bench.event(), Some(Event::EarlyAnswer { answer, .. }) if answer == ANSWER));
    bench.ua.accept(bench.now, call, OFFER.to_vec()).unwrap();
    let ok = bench.response(200);
    assert!(ok.body.is_empty());
    let ack = bench.pbx_next(&invite, &ok, Method::Ack, 0);
    bench.hear_request(&ack);
    assert!(matches!(bench.event(), Some(Event::Confirmed { answer: None, .. })));
}

#[test]
fn a_prack_may_bring_the_next_offer() {
    let mut bench = Bench::new();
    let (call, invite) = called(&mut bench, OFFER);
    bench.ua.progress(bench.now, call, ANSWER.to_vec()).unwrap();
    let early = bench.response(183);
    let mut prack = prack(&mut bench, &invite, &early, 1);
    prack.headers.push("Content-Type", "application/sdp");
    prack.body = OFFER.to_vec();
    bench.hear_request(&prack);
    assert!(matches!(bench.event(), Some(Event::Offer { offer: Some(_), .. })));
    bench.ua.answer_offer(bench.now, call, Ok(ANSWER.to_vec())).unwrap();
    assert_eq!(bench.response(200).body, ANSWER);
}

#[test]
fn a_caller_may_change_the_session_before_we_answer() {
    let mut bench = Bench::new();
    let (call, invite) = called(&mut bench, OFFER);
    let update = |bench: &mut Bench, said: &Response, step| {
        let mut update = bench.pbx_next(&invite, said, Method::Update, step);
        update.headers.push("Content-Type", "application/sdp");
        update.body = OFFER.to_vec();
        bench.hear_request(&update);
    };
    bench.ua.progress(bench.now, call, ANSWER.to_vec()).unwrap();
    let early = bench.response(183);
    update(&mut bench, &early, 1);
    bench.response(500);
    let prack = prack(&mut bench, &invite, &early, 2);
    bench.hear_request(&prack);
    bench.response(200);
    update(&mut bench, &early, 3);
    assert!(matches!(bench.event(), Some(Event::Offer { offer: Some(_), .. })));
    bench.ua.answer_offer(bench.now, call, Ok(OFFER.to_vec())).unwrap();
    assert_eq!(bench.response(200).body, OFFER);
    assert_eq!(bench.ua.answer_offer(bench.now, call, Ok(OFFER.to_vec())), Err(NotNow));
}

#[test]
fn a_caller_who_gives_up_before_the_prack_is_told_487_and_nothing_is_repeated() {
    let mut bench = Bench::new();
    let (call, invite) = called(&mut bench, OFFER);
    bench.ua.ring(bench.now, call).unwrap();
    bench.response(180);
    let mut cancel = invite.clone();
    cancel.method = Method::Cancel;
    cancel.body.clear();
    for name in ["Content-Type", "Require", "Supported"] {
        cancel.headers.remove(name);
    }
    cancel.headers.set(&crate::sip::message::CSeq::new(seq(&invite), Method::Cancel));
    bench.hear_request(&cancel);
    bench.response(200);
    bench.response(487);
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Them, .. })));
    bench.pass(secs(60));
    assert!(
        bench.messages().iter().all(
            |(_, message)| matches!(message, Message::Response(response) if response.status.code() == 487)
        )
    );
}
