//! One call in the place of another (RFC 3891), asked of us and asked by us.

use crate::sip::message::{
    From, Message, Method, ReferTo, Replaces, Request, Response, StatusCode, To, Typed,
};
use crate::sip::testing::{ANSWER, Bench, OFFER, answer, config};
use crate::sip::{CallKey, EndedBy, Event, NotNow};

/// The dialog of a call that came to us, as its far end names it to somebody else.
fn named(invite: &Request, ok: &Response, more: &str) -> String {
    let to = ok.headers.require::<To>().unwrap();
    let from = invite.headers.require::<From>().unwrap();
    let call_id = invite.headers.first("Call-ID").unwrap();
    format!("{call_id};from-tag={};to-tag={}{more}", from.tag().unwrap(), to.tag().unwrap())
}

fn replacing(bench: &mut Bench, replaces: &str) -> Request {
    let invite = bench.pbx_request(Method::Invite, &[("Replaces", replaces), ("Require", "replaces")], OFFER);
    bench.hear_request(&invite);
    invite
}

#[test]
fn a_new_call_takes_the_place_of_the_one_it_names() {
    let mut bench = Bench::registered();
    let (old, invite, ok) = bench.answered();
    replacing(&mut bench, &named(&invite, &ok, ""));
    bench.response(100);
    let Some(Event::Invited { call: new, invite: told }) = bench.event() else { panic!() };
    assert_eq!(told.replaces, Some(old), "one call at a time, and yet it is no second one");
    assert!(bench.is_silent(), "the old call stands until the new one is answered");
    bench.ua.accept(bench.now, new, ANSWER.to_vec()).unwrap();
    bench.response(200);
    let bye = bench.request(Method::Bye);
    assert_eq!(bye.headers.first("Call-ID"), invite.headers.first("Call-ID"));
    assert!(matches!(bench.event(), Some(Event::Ended { call, by: EndedBy::Them, .. }) if call == old));
    assert!(bench.is_silent());
    assert!(bench.ua.hang_up(bench.now, new).is_ok(), "the new one stands");
}

#[test]
fn when_the_new_call_comes_to_nothing_the_old_one_stands() {
    let mut bench = Bench::registered();
    let (old, invite, ok) = bench.answered();
    replacing(&mut bench, &named(&invite, &ok, ""));
    let Some(Event::Invited { call: new, .. }) = bench.event() else { panic!() };
    bench.ua.reject(bench.now, new, StatusCode::NOT_ACCEPTABLE_HERE).unwrap();
    bench.forget();
    assert!(bench.ua.hang_up(bench.now, old).is_ok());
    bench.request(Method::Bye);
}

#[test]
fn what_cannot_be_replaced_is_named_by_its_status() {
    let mut bench = Bench::registered();
    let (call, invite, ok) = bench.answered();
    let right = named(&invite, &ok, "");
    for (replaces, status) in [
        (right.replace("to-tag=", "to-tag=x"), 481),
        (right.replace("from-tag=", "from-tag=x"), 481),
        (format!("x{right}"), 481),
        (named(&invite, &ok, ";early-only"), 486),
        ("no-tags@pbx".to_owned(), 400),
    ] {
        replacing(&mut bench, &replaces);
        bench.response(status);
        assert!(bench.is_silent(), "{status}: nobody was disturbed");
    }
    bench.ua.hang_up(bench.now, call).unwrap();
    bench.forget();
    replacing(&mut bench, &right);
    bench.response(603);
}

#[test]
fn a_call_that_rings_here_is_not_given_to_others() {
    let mut bench = Bench::registered();
    let (call, invite) = bench.called();
    bench.ua.ring(bench.now, call).unwrap();
    let ringing = bench.response(180);
    replacing(&mut bench, &named(&invite, &ringing, ""));
    bench.response(481);
    assert!(bench.is_silent());
}

#[test]
fn a_call_of_ours_that_still_rings_may_be_picked_up() {
    let mut bench = Bench::registered();
    let old = bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), Some(OFFER.to_vec()));
    let invite = bench.request(Method::Invite);
    bench.respond_with(&invite, 180, &[("Contact", "<sip:200@192.0.2.10>")], b"");
    bench.forget();
    let ours = invite.headers.require::<From>().unwrap().tag().unwrap().to_owned();
    let call_id = invite.headers.first("Call-ID").unwrap();
    replacing(&mut bench, &format!("{call_id};to-tag={ours};from-tag=pbx-tag;early-only"));
    bench.response(100);
    let Some(Event::Invited { call: new, invite: told }) = bench.event() else { panic!() };
    assert_eq!(told.replaces, Some(old));
    bench.ua.accept(bench.now, new, ANSWER.to_vec()).unwrap();
    bench.response(200);
    bench.request(Method::Cancel);
    assert!(matches!(bench.event(), Some(Event::Ended { call, by: EndedBy::Them, .. }) if call == old));
}

// -- attended transfer, from the core's side

/// A client who called, and a colleague at 201 whom we call meanwhile.
fn two_calls() -> (Bench, CallKey, CallKey, Request) {
    let mut settings = config();
    settings.max_calls = 2;
    let mut bench = Bench::with(settings);
    let (client, ..) = bench.answered();
    let colleague = bench.ua.invite(bench.now, "sip:201@pbx.example".parse().unwrap(), Some(OFFER.to_vec()));
    let invite = bench.request(Method::Invite);
    (bench, client, colleague, invite)
}

#[test]
fn the_client_is_told_to_take_our_place_in_the_other_call() {
    let (mut bench, client, colleague, invite) = two_calls();
    assert_eq!(bench.ua.refer_replacing(bench.now, client, colleague), Err(NotNow), "nobody there yet");
    let mut ok = answer(&invite, 200, &[("Contact", "<sip:201@192.0.2.10>")], ANSWER);
    let odd = "<sip:201@pbx.example>;tag=a.b'c*d~e%f";
    ok.headers.set(&To::parse(odd).unwrap());
    bench.hear(&Message::Response(ok));
    bench.forget();
    bench.ua.refer_replacing(bench.now, client, colleague).unwrap();
    let refer = bench.request(Method::Refer);
    let raw = refer.headers.first("Refer-To").unwrap().to_owned();
    assert!(raw.starts_with("<sip:201@pbx.example?Replaces="), "{raw}");
    let escaped = raw.split_once('=').unwrap().1.trim_end_matches('>');
    assert!(!escaped.contains([';', '=', '&', '?', '@', '<']), "{escaped}");
    let target = refer.headers.require::<ReferTo>().unwrap().0.uri;
    let replaces = Replaces::parse(&target.header("Replaces").unwrap()).unwrap();
    assert_eq!(replaces.call_id, invite.headers.first("Call-ID").unwrap());
    assert_eq!(replaces.to_tag, "a.b'c*d~e%f", "the colleague's own tag");
    assert_eq!(Some(replaces.from_tag.as_str()), invite.headers.require::<From>().unwrap().tag());
    assert_eq!(bench.ua.refer_replacing(bench.now, client, client), Err(NotNow));
}

#[test]
fn a_call_that_ended_meanwhile_is_handed_to_nobody() {
    let (mut bench, client, colleague, invite) = two_calls();
    let ok = answer(&invite, 200, &[("Contact", "<sip:201@192.0.2.10>")], ANSWER);
    bench.hear(&Message::Response(ok));
    bench.ua.hang_up(bench.now, colleague).unwrap();
    assert_eq!(bench.ua.refer_replacing(bench.now, client, colleague), Err(NotNow));
}
