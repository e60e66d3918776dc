//! Who is at the far end, while a call rings or stands.

use crate::sip::message::{Message, Method, Request};
use crate::sip::testing::{ANSWER, Bench, OFFER, answer, tagged};
use crate::sip::{CallKey, Event, Identity};

const CONTACT: (&str, &str) = ("Contact", "<sip:192.0.2.10:5060>");
const COLLEAGUE: (&str, &str) = ("P-Asserted-Identity", "\"Boris\" <sip:102@pbx.example>");
const CLIENT: (&str, &str) = ("P-Asserted-Identity", "\"Ivan\" <sip:+79161234567@pbx.example>");

/// The next event, which must say who is there.
#[track_caller]
fn identified(bench: &mut Bench) -> Identity {
    match bench.event() {
        Some(Event::Identified { identity, .. }) => *identity,
        other => panic!("{other:?}"),
    }
}

fn users(identity: &Identity) -> Vec<&str> {
    identity.asserted.iter().filter_map(|party| party.uri.user.as_deref()).collect()
}

fn dial(bench: &mut Bench) -> (CallKey, Request) {
    let call = bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), Some(OFFER.to_vec()));
    (call, bench.request(Method::Invite))
}

#[test]
fn an_update_or_reinvite_names_the_successor_once() {
    for method in [Method::Update, Method::Invite] {
        let mut bench = Bench::registered();
        let (call, invite, ok) = bench.answered();
        for step in [1, 3] {
            let mut request = bench.pbx_next(&invite, &ok, method.clone(), step);
            request.headers.push(CLIENT.0, CLIENT.1);
            bench.hear_request(&request);
            if step == 1 {
                assert_eq!(users(&identified(&mut bench)), ["+79161234567"], "{method}");
            }
            if method == Method::Invite {
                assert!(matches!(bench.event(), Some(Event::Offer { .. })), "named before it asks");
                bench.ua.answer_offer(bench.now, call, Ok(ANSWER.to_vec())).unwrap();
                let mut ack = bench.pbx_next(&invite, &ok, Method::Ack, step);
                ack.headers.push("Content-Type", "application/sdp");
                ack.body = OFFER.to_vec();
                bench.hear_request(&ack);
                assert!(matches!(bench.event(), Some(Event::Confirmed { .. })));
            }
            assert!(bench.event().is_none(), "{method}: an unchanged identity is no news");
        }
    }
}

#[test]
fn a_request_that_names_nobody_says_nothing() {
    let mut bench = Bench::registered();
    let (_, invite, ok) = bench.answered();
    let update = bench.pbx_next(&invite, &ok, Method::Update, 1);
    bench.hear_request(&update);
    assert!(bench.event().is_none());
}

#[test]
fn what_the_invite_asserted_is_no_news_later() {
    let mut bench = Bench::registered();
    let invite = bench.pbx_request(Method::Invite, &[CLIENT], OFFER);
    bench.hear_request(&invite);
    let Some(Event::Invited { call, .. }) = bench.event() else { panic!() };
    bench.ua.accept(bench.now, call, ANSWER.to_vec()).unwrap();
    bench.response(100);
    let ok = bench.response(200);
    let ack = bench.pbx_next(&invite, &ok, Method::Ack, 0);
    bench.hear_request(&ack);
    bench.events();
    let mut update = bench.pbx_next(&invite, &ok, Method::Update, 1);
    update.headers.push(CLIENT.0, CLIENT.1);
    bench.hear_request(&update);
    assert!(bench.event().is_none());
}

#[test]
fn the_caller_may_change_while_it_rings() {
    let mut bench = Bench::registered();
    let (call, invite) = bench.called();
    bench.ua.ring(bench.now, call).unwrap();
    let ringing = bench.response(180);
    let mut update = bench.pbx_next(&invite, &ringing, Method::Update, 1);
    update.headers.push(CLIENT.0, CLIENT.1);
    bench.hear_request(&update);
    assert_eq!(users(&identified(&mut bench)), ["+79161234567"]);
    bench.response(200);
}

#[test]
fn whoever_is_reached_is_named_by_ringing_and_by_the_answer() {
    let mut bench = Bench::new();
    let (_, invite) = dial(&mut bench);
    bench.respond_with(&invite, 180, &[CONTACT, COLLEAGUE], b"");
    assert_eq!(users(&identified(&mut bench)), ["102"]);
    assert!(matches!(bench.event(), Some(Event::Ringing { .. })));
    bench.respond_with(&invite, 183, &[CONTACT, COLLEAGUE], b"");
    assert!(matches!(bench.event(), Some(Event::Ringing { .. })), "still the same");
    bench.respond_with(&invite, 200, &[CONTACT, CLIENT], ANSWER);
    assert_eq!(users(&identified(&mut bench)), ["+79161234567"]);
    assert!(matches!(bench.event(), Some(Event::Accepted { .. })));
}

#[test]
fn of_several_that_ring_the_first_is_named_until_one_answers() {
    let mut bench = Bench::new();
    let (_, invite) = dial(&mut bench);
    let say = |bench: &mut Bench, tag: &str, status, party: (&'static str, &str)| {
        let mut response = answer(&invite, status, &[CONTACT, party], b"");
        response.headers.set(&tagged(&format!("<sip:200@pbx.example>;tag={tag}")));
        bench.hear(&Message::Response(response));
    };
    let named = |bench: &mut Bench| {
        let names = bench.events().into_iter().filter_map(|event| match event {
            Event::Identified { identity, .. } => Some(users(&identity).join(",")),
            _ => None,
        });
        names.collect::<Vec<_>>()
    };
    for _ in 0..3 {
        say(&mut bench, "one", 180, COLLEAGUE);
        say(&mut bench, "two", 180, CLIENT);
    }
    assert_eq!(named(&mut bench), ["102"]);
    say(&mut bench, "two", 200, CLIENT);
    assert_eq!(named(&mut bench), ["+79161234567"]);
}

#[test]
fn the_answer_to_a_request_of_ours_names_the_successor_too() {
    let mut bench = Bench::new();
    let (call, ..) = bench.dialled();
    bench.ua.reoffer(bench.now, call, OFFER.to_vec()).unwrap();
    let hold = bench.request(Method::Invite);
    bench.respond_with(&hold, 200, &[CONTACT, CLIENT], ANSWER);
    assert_eq!(users(&identified(&mut bench)), ["+79161234567"]);
    assert!(matches!(bench.event(), Some(Event::Answer { .. })));
}

#[test]
fn another_user_in_from_is_somebody_else_and_another_host_is_not() {
    let mut bench = Bench::registered();
    let (_, invite, ok) = bench.answered();
    let tag = invite.headers.first("From").unwrap().split("tag=").nth(1).unwrap();
    for (step, user, host, news) in
        [(1, "+79161234567", "10.0.0.1", false), (2, "102", "10.0.0.1", true), (3, "102", "pbx", false)]
    {
        let mut update = bench.pbx_next(&invite, &ok, Method::Update, step);
        update.headers.remove("From");
        update.headers.push("From", format!("<sip:{user}@{host}>;tag={tag}"));
        bench.hear_request(&update);
        let said = bench.event();
        assert_eq!(said.is_some(), news, "{user}@{host}");
        if let Some(Event::Identified { identity, .. }) = said {
            assert_eq!(identity.from.unwrap().uri.user.as_deref(), Some("102"));
        }
    }
}

#[test]
fn after_the_end_nobody_is_named_any_more() {
    let mut bench = Bench::new();
    let (call, invite) = dial(&mut bench);
    bench.respond_with(&invite, 180, &[CONTACT], b"");
    let ringing = crate::sip::testing::answer(&invite, 180, &[CONTACT], b"");
    bench.ua.hang_up(bench.now, call).unwrap();
    bench.events();
    let mut update = bench.pbx_back(&invite, &ringing, Method::Update, 1);
    update.headers.push(CLIENT.0, CLIENT.1);
    bench.hear_request(&update);
    assert!(bench.event().is_none(), "a call that we gave up");

    let mut bench = Bench::new();
    let (call, ..) = bench.dialled();
    bench.ua.reoffer(bench.now, call, OFFER.to_vec()).unwrap();
    let hold = bench.request(Method::Invite);
    bench.ua.hang_up(bench.now, call).unwrap();
    bench.events();
    bench.respond_with(&hold, 200, &[CONTACT, CLIENT], ANSWER);
    assert!(bench.event().is_none(), "a call that we ended");
}
