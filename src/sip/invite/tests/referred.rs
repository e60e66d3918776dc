//! REFER to us: click-to-transfer.

use crate::sip::message::{Event as EventHeader, Method, Request, Response, StatusCode, SubscriptionState};
use crate::sip::testing::{Bench, OFFER, config, secs, seq};
use crate::sip::{CallKey, Event, NotNow, ReferAsked};

fn taking() -> (Bench, CallKey, Request, Response) {
    let mut settings = config();
    settings.calls.take_refers = true;
    let mut bench = Bench::with(settings);
    let (call, invite, ok) = bench.answered();
    (bench, call, invite, ok)
}

fn refer(
    bench: &mut Bench,
    dialog: (&Request, &Response),
    step: u32,
    headers: &[(&'static str, &str)],
) -> Request {
    let mut refer = bench.pbx_next(dialog.0, dialog.1, Method::Refer, step);
    for (name, value) in headers {
        refer.headers.push(name, *value);
    }
    bench.hear_request(&refer);
    refer
}

fn asked(bench: &mut Bench) -> ReferAsked {
    match bench.event() {
        Some(Event::ReferAsked { refer, .. }) => *refer,
        other => panic!("{other:?}"),
    }
}

const TARGET: (&str, &str) = ("Refer-To", "<sip:201@pbx.example>");

/// The next message is a NOTIFY: what it says, and of the subscription.
fn notified(bench: &mut Bench) -> (Request, String, String) {
    let notify = bench.request(Method::Notify);
    let said = String::from_utf8(notify.body.clone()).unwrap();
    let state = notify.headers.require::<SubscriptionState>().unwrap().to_string();
    (notify, said, state)
}

#[test]
fn it_is_not_allowed_and_not_offered_unless_the_configuration_takes_it() {
    let mut bench = Bench::new();
    let (_, invite, ok) = bench.answered();
    assert!(!ok.headers.lists_token("Allow", "REFER"));
    refer(&mut bench, (&invite, &ok), 1, &[TARGET]);
    bench.response(405);
    assert!(bench.is_silent(), "the call stands, and nobody was asked");
}

#[test]
fn who_asked_hears_how_the_call_goes() {
    let (mut bench, call, invite, ok) = taking();
    assert!(ok.headers.lists_token("Allow", "REFER"));
    let by = ("Referred-By", "<sip:102@pbx.example>");
    let refer = refer(&mut bench, (&invite, &ok), 1, &[TARGET, by]);
    let told = asked(&mut bench);
    assert_eq!(told.target.to_string(), "sip:201@pbx.example");
    assert_eq!(told.referred_by.unwrap().uri.user.as_deref(), Some("102"));
    assert!(bench.is_silent(), "the user's side decides");
    bench.ua.answer_refer(bench.now, call, Ok(())).unwrap();
    assert!(bench.response(202).headers.first("Contact").is_some());
    let (notify, said, state) = notified(&mut bench);
    assert_eq!((said.as_str(), state.as_str()), ("SIP/2.0 100 Trying\r\n", "active;expires=660"));
    let event = notify.headers.require::<EventHeader>().unwrap();
    assert_eq!((event.package.as_str(), event.id), ("refer", Some(seq(&refer).to_string())));
    assert_eq!(notify.headers.first("Content-Type"), Some("message/sipfrag;version=2.0"));
    bench.respond(&notify, 200);
    for (status, said, state) in [
        (StatusCode::RINGING, "SIP/2.0 180 Ringing\r\n", "active;expires=660"),
        (StatusCode::OK, "SIP/2.0 200 OK\r\n", "terminated;reason=noresource"),
    ] {
        bench.ua.refer_progress(bench.now, call, status, status.default_reason()).unwrap();
        let (notify, heard, subscription) = notified(&mut bench);
        assert_eq!((heard.as_str(), subscription.as_str()), (said, state));
        bench.respond(&notify, 200);
    }
    let late = bench.ua.refer_progress(bench.now, call, StatusCode::OK, "OK");
    assert_eq!(late, Err(NotNow), "the last word has been said");
}

#[test]
fn the_user_may_say_no_and_may_be_asked_again() {
    let (mut bench, call, invite, ok) = taking();
    refer(&mut bench, (&invite, &ok), 1, &[TARGET]);
    asked(&mut bench);
    refer(&mut bench, (&invite, &ok), 2, &[TARGET]);
    assert!(bench.response(500).headers.first("Retry-After").is_some(), "one question at a time");
    bench.ua.answer_refer(bench.now, call, Err(StatusCode::DECLINE)).unwrap();
    bench.response(603);
    assert_eq!(bench.ua.answer_refer(bench.now, call, Ok(())), Err(NotNow));
    refer(&mut bench, (&invite, &ok), 3, &[TARGET]);
    asked(&mut bench);
}

#[test]
fn who_wants_no_news_gets_none() {
    let (mut bench, call, invite, ok) = taking();
    refer(&mut bench, (&invite, &ok), 1, &[TARGET, ("Refer-Sub", "false"), ("Require", "norefersub")]);
    asked(&mut bench);
    bench.ua.answer_refer(bench.now, call, Ok(())).unwrap();
    assert_eq!(bench.response(202).headers.first("Refer-Sub"), Some("false"));
    assert_eq!(bench.ua.refer_progress(bench.now, call, StatusCode::OK, "OK"), Err(NotNow));
    assert!(bench.is_silent());
}

/// As Asterisk sends it: Accept is about the NOTIFYs.
#[test]
fn a_refer_need_not_accept_descriptions_of_a_session() {
    let (mut bench, _, invite, ok) = taking();
    let accept = ("Accept", "message/sipfrag;version=2.0");
    refer(&mut bench, (&invite, &ok), 1, &[("Refer-To", "sip:201@pbx.example"), accept]);
    assert_eq!(asked(&mut bench).target.to_string(), "sip:201@pbx.example");
}

#[test]
fn an_attended_transfer_names_the_call_to_replace() {
    let (mut bench, call, invite, ok) = taking();
    let bare = "sip:201@pbx.example?Replaces=abc%40pbx%3Bto-tag%3Dt1%3Bfrom-tag%3Df1";
    let target = format!("<{bare}>");
    // Without brackets, as Asterisk writes it.
    for (step, target) in [(1, target.as_str()), (2, bare)] {
        refer(&mut bench, (&invite, &ok), step, &[("Refer-To", target)]);
        let told = asked(&mut bench);
        assert_eq!(told.target.to_string(), "sip:201@pbx.example");
        assert_eq!(told.replaces.unwrap().to_string(), "abc@pbx;to-tag=t1;from-tag=f1");
        bench.ua.answer_refer(bench.now, call, Err(StatusCode::DECLINE)).unwrap();
        bench.response(603);
    }
}

#[test]
fn the_call_that_was_asked_for_says_at_whose_wish_it_comes_and_whose_place_it_takes() {
    let (mut bench, _, invite, ok) = taking();
    let replaces = "abc@pbx;to-tag=t1;from-tag=f1";
    let target = "<sip:201@pbx.example?Replaces=abc%40pbx%3Bto-tag%3Dt1%3Bfrom-tag%3Df1>";
    let by = ("Referred-By", "<sip:102@pbx.example>");
    refer(&mut bench, (&invite, &ok), 1, &[("Refer-To", target), by]);
    let told = asked(&mut bench);
    bench.ua.invite_referred(bench.now, told.target.clone(), Some(OFFER.to_vec()), &told);
    let asked = bench.request(Method::Invite);
    assert_eq!(asked.uri.to_string(), "sip:201@pbx.example");
    assert_eq!(asked.headers.first("Replaces"), Some(replaces));
    assert_eq!(asked.headers.first("Require"), Some("replaces"), "nobody rings who cannot do it");
    assert_eq!(asked.headers.first("Referred-By"), Some("<sip:102@pbx.example>"));
}

#[test]
fn what_cannot_be_read_is_refused_without_asking() {
    let (mut bench, _, invite, ok) = taking();
    for (step, headers) in [
        &[][..],
        &[("Refer-To", "<sip:201@pbx.example;method=BYE>")],
        &[("Refer-To", "<sip:201@pbx.example?Replaces=no-tags>")],
        &[TARGET, TARGET],
    ]
    .iter()
    .enumerate()
    {
        refer(&mut bench, (&invite, &ok), step as u32 + 1, headers);
        bench.response(400);
        assert!(bench.is_silent());
    }
}

#[test]
fn when_nobody_listens_any_more_nothing_more_is_said() {
    let (mut bench, call, invite, ok) = taking();
    refer(&mut bench, (&invite, &ok), 1, &[TARGET]);
    asked(&mut bench);
    bench.ua.answer_refer(bench.now, call, Ok(())).unwrap();
    bench.response(202);
    let (notify, ..) = notified(&mut bench);
    bench.respond(&notify, 481);
    assert_eq!(bench.ua.refer_progress(bench.now, call, StatusCode::RINGING, ""), Err(NotNow));
    assert!(bench.is_silent(), "the call itself stands");
}

#[test]
fn a_bye_ends_the_question_and_not_the_news() {
    let (mut bench, call, invite, ok) = taking();
    refer(&mut bench, (&invite, &ok), 1, &[TARGET]);
    asked(&mut bench);
    bench.ua.answer_refer(bench.now, call, Ok(())).unwrap();
    bench.response(202);
    let (trying, ..) = notified(&mut bench);
    bench.respond(&trying, 200);
    bench.forget();
    let bye = bench.pbx_next(&invite, &ok, Method::Bye, 2);
    bench.hear_request(&bye);
    bench.response(200);
    bench.forget();
    // The target may ring for long.
    bench.pass(secs(500));
    bench.ua.refer_progress(bench.now, call, StatusCode::OK, "OK").unwrap();
    notified(&mut bench);
    bench.pass(secs(70));
    assert_eq!(bench.ua.load(), crate::sip::Load::default());

    let (mut bench, _, invite, ok) = taking();
    refer(&mut bench, (&invite, &ok), 1, &[TARGET]);
    asked(&mut bench);
    let bye = bench.pbx_next(&invite, &ok, Method::Bye, 2);
    bench.hear_request(&bye);
    bench.response(200);
    bench.response(487);
    bench.pass(secs(120));
    assert_eq!(bench.ua.next_deadline(), None);
}
