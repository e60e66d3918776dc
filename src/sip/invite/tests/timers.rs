//! Session timers (RFC 4028) in both roles.

use crate::sip::message::{Message, Method, MinSe, Request, SessionExpires, Typed};
use crate::sip::testing::{ANSWER, Bench, OFFER, config, secs, seq};
use crate::sip::{CallKey, EndedBy, Event};
use crate::transmit::Transport::Udp;

const HOLD: &[u8] = b"v=0\r\na=sendonly\r\n";
const CONTACT: (&str, &str) = ("Contact", "<sip:192.0.2.10:5060>");

fn dial(bench: &mut Bench) -> (CallKey, Request) {
    let call = bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), Some(OFFER.to_vec()));
    (call, bench.request(Method::Invite))
}

/// A telephone that asks for a session timer of ten minutes.
fn asking() -> Bench {
    let mut settings = config();
    settings.calls.session_expires = Some(secs(600));
    Bench::with(settings)
}

fn timing(headers: &crate::sip::message::Headers) -> (Option<String>, Option<u32>) {
    let asked = headers.typed::<SessionExpires>().unwrap().map(|asked| asked.to_string());
    (asked, headers.typed::<MinSe>().unwrap().map(|least| least.0))
}

#[test]
fn the_pbx_refreshes_by_update_or_reinvite_and_the_call_lives_on() {
    let mut bench = Bench::new();
    let timers = [("Supported", "timer"), ("Session-Expires", "90"), ("Min-SE", "90"), ("Allow", "UPDATE")];
    let invite = bench.pbx_request(Method::Invite, &timers, OFFER);
    bench.hear_request(&invite);
    let Some(Event::Invited { call, .. }) = bench.event() else { panic!() };
    bench.ua.accept(bench.now, call, ANSWER.to_vec()).unwrap();
    bench.response(100);
    let ok = bench.response(200);
    let ack = bench.pbx_next(&invite, &ok, Method::Ack, 0);
    bench.hear_request(&ack);
    bench.forget();
    for step in 1..6 {
        bench.pass(secs(45));
        let mut update = bench.pbx_next(&invite, &ok, Method::Update, step);
        for (name, value) in [("Supported", "timer"), ("Session-Expires", "90;refresher=uac")] {
            update.headers.push(name, value);
        }
        bench.hear_request(&update);
        let answered = bench.response(200);
        assert_eq!(answered.headers.first("Session-Expires"), Some("90;refresher=uac"));
        assert!(answered.headers.first("Contact").is_some());
        assert!(bench.is_silent(), "nobody is disturbed");
    }
    bench.pass(secs(59));
    assert!(bench.is_silent());
    bench.pass(secs(2));
    let asked = bench.request(Method::Update);
    let said = [("Session-Expires", "90;refresher=uas")];
    assert_eq!(asked.headers.first(said[0].0), Some(said[0].1), "it stopped refreshing, and is asked");
    bench.forget();
    bench.respond_with(&asked, 200, &said, b"");
    assert!(bench.is_silent(), "it was an outage: nobody is hung up on");
    bench.pass(secs(61));
    bench.request(Method::Update);
    bench.pass(secs(28));
    assert!(bench.event().is_none());
    bench.forget();
    bench.pass(secs(2));
    bench.request(Method::Bye);
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Network, .. })), "it is gone");
}

#[test]
fn a_refresh_left_to_us_goes_out_halfway() {
    let mut bench = Bench::new();
    let call = bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), Some(OFFER.to_vec()));
    let invite = bench.request(Method::Invite);
    assert!(invite.headers.lists_token("Supported", "timer"));
    let headers = [CONTACT, ("Allow", "INVITE, UPDATE"), ("Session-Expires", "100;refresher=uac")];
    bench.respond_with(&invite, 200, &headers, ANSWER);
    bench.forget();
    for _ in 0..3 {
        bench.pass(secs(50));
        let update = bench.request(Method::Update);
        assert!(update.body.is_empty());
        assert_eq!(update.headers.require::<SessionExpires>().unwrap().to_string(), "100;refresher=uac");
        bench.respond_with(&update, 200, &[("Session-Expires", "100;refresher=uac")], b"");
        assert!(bench.is_silent());
    }
    bench.ua.hang_up(bench.now, call).unwrap();
    bench.forget();
    bench.pass(secs(20));
    assert!(
        bench.messages().iter().all(|(_, m)| matches!(m, Message::Request(r) if r.method == Method::Bye))
    );
}

#[test]
fn where_update_is_unknown_a_refresh_repeats_the_session_in_a_reinvite() {
    let mut bench = Bench::new();
    bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), Some(OFFER.to_vec()));
    let invite = bench.request(Method::Invite);
    let headers = [CONTACT, ("Allow", "INVITE, BYE"), ("Session-Expires", "100;refresher=uac")];
    bench.respond_with(&invite, 200, &headers, ANSWER);
    bench.forget();
    bench.pass(secs(50));
    let refresh = bench.request(Method::Invite);
    assert_eq!(refresh.body, OFFER);
    bench.respond(&refresh, 491);
    bench.request(Method::Ack);
    bench.pass(secs(4));
    let again = bench.request(Method::Invite);
    bench.forget();
    bench.respond_with(&again, 200, &[CONTACT, ("Session-Expires", "100;refresher=uac")], ANSWER);
    bench.request(Method::Ack);
    assert!(bench.is_silent(), "a 491 on a refresh ends nothing and is no news");
}

#[test]
fn a_pbx_that_allows_update_and_refuses_it_is_asked_by_reinvite_at_once() {
    for status in [405, 501] {
        let mut bench = Bench::new();
        let (_, invite) = dial(&mut bench);
        let headers = [CONTACT, ("Allow", "INVITE, UPDATE"), ("Session-Expires", "100;refresher=uac")];
        bench.respond_with(&invite, 200, &headers, ANSWER);
        bench.forget();
        bench.pass(secs(50));
        let update = bench.request(Method::Update);
        bench.respond(&update, status);
        assert_eq!(bench.request(Method::Invite).body, OFFER);
    }
}

#[test]
fn a_refresh_that_falls_into_a_hold_is_made_up_for_when_the_hold_is_refused() {
    let mut bench = Bench::new();
    let (call, invite) = dial(&mut bench);
    let headers = [CONTACT, ("Allow", "INVITE, BYE"), ("Session-Expires", "90;refresher=uac")];
    bench.respond_with(&invite, 200, &headers, ANSWER);
    bench.pass(secs(43));
    bench.forget();
    bench.ua.reoffer(bench.now, call, HOLD.to_vec()).unwrap();
    let hold = bench.request(Method::Invite);
    bench.respond(&hold, 100);
    bench.pass(secs(4));
    bench.respond(&hold, 488);
    bench.request(Method::Ack);
    bench.pass(secs(4));
    assert_eq!(bench.request(Method::Invite).body, OFFER, "the session as it stands");
}

#[test]
fn a_refresh_overtakes_no_hold_under_way_unless_the_session_ends_soon() {
    for answered in [true, false] {
        let mut bench = Bench::new();
        let (call, invite) = dial(&mut bench);
        let agreed = ("Session-Expires", "100;refresher=uac");
        bench.respond_with(&invite, 200, &[CONTACT, ("Allow", "INVITE, UPDATE"), agreed], ANSWER);
        bench.pass(secs(49));
        bench.forget();
        bench.ua.reoffer(bench.now, call, HOLD.to_vec()).unwrap();
        let hold = bench.request(Method::Invite);
        bench.respond(&hold, 100);
        bench.pass(secs(5));
        assert!(bench.is_silent(), "the hold would be refused for its number");
        if answered {
            bench.respond_with(&hold, 200, &[CONTACT, agreed], ANSWER);
            bench.request(Method::Ack);
            bench.forget();
        }
        bench.pass(secs(2));
        if answered {
            assert!(bench.is_silent(), "half of the session lies before it again");
            continue;
        }
        let update = bench.request(Method::Update);
        bench.respond_with(&update, 200, &[agreed], b"");
        bench.forget();
        bench.respond(&hold, 500);
        bench.request(Method::Ack);
        bench.pass(secs(0));
        assert_eq!(bench.request(Method::Invite).body, HOLD, "refused for its number alone");
    }
}

#[test]
fn a_session_that_nobody_can_refresh_ends_with_bye() {
    let mut bench = Bench::new();
    bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), Some(OFFER.to_vec()));
    let invite = bench.request(Method::Invite);
    let headers = [CONTACT, ("Allow", "UPDATE"), ("Session-Expires", "90;refresher=uac")];
    bench.respond_with(&invite, 200, &headers, ANSWER);
    bench.forget();
    bench.pass(secs(61));
    let last = bench.messages().pop().unwrap().1;
    let Message::Request(bye) = last else { panic!("{last:?}") };
    assert_eq!(
        (bye.method.clone(), bye.headers.first("Reason").is_some()),
        (Method::Bye, true),
        "nobody hung up"
    );
    assert!(bench.events().iter().any(|e| matches!(e, Event::Ended { by: EndedBy::Network, .. })));
}

#[test]
fn a_session_whose_200_was_long_on_its_way_is_given_its_whole_time() {
    let mut bench = Bench::registered();
    let invite =
        bench.pbx_request(Method::Invite, &[("Supported", "timer"), ("Session-Expires", "90")], OFFER);
    bench.hear_request(&invite);
    let Some(Event::Invited { call, .. }) = bench.event() else { panic!() };
    bench.ua.accept(bench.now, call, ANSWER.to_vec()).unwrap();
    bench.response(100);
    let ok = bench.response(200);
    bench.pass(secs(25));
    let ack = bench.pbx_next(&invite, &ok, Method::Ack, 0);
    bench.hear_request(&ack);
    bench.events();
    // The caller, who refreshes halfway, has heard of the call only now.
    bench.pass(secs(89));
    assert!(!bench.events().iter().any(|event| matches!(event, Event::Ended { .. })));
    bench.pass(secs(2));
    assert!(bench.events().iter().any(|event| matches!(event, Event::Ended { .. })));
}

#[test]
fn a_hold_keeps_the_session_timer_that_was_agreed() {
    let mut bench = Bench::new();
    let call = bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), Some(OFFER.to_vec()));
    let invite = bench.request(Method::Invite);
    let headers = [CONTACT, ("Allow", "UPDATE"), ("Session-Expires", "90;refresher=uas")];
    bench.respond_with(&invite, 200, &headers, ANSWER);
    bench.forget();
    bench.ua.reoffer(bench.now, call, HOLD.to_vec()).unwrap();
    let hold = bench.request(Method::Invite);
    let timing = SessionExpires::parse(hold.headers.first("Session-Expires").unwrap()).unwrap();
    assert_eq!(timing.to_string(), "90;refresher=uas");
}

// -- asked for by us

#[test]
fn a_timer_is_asked_for_only_where_the_configuration_says_so() {
    let (_, invite) = dial(&mut Bench::new());
    assert_eq!(timing(&invite.headers), (None, None));
    let (_, invite) = dial(&mut asking());
    assert_eq!(timing(&invite.headers), (Some("600".into()), None));
}

#[test]
fn who_wants_longer_intervals_gets_them() {
    let mut bench = asking();
    let (_, first) = dial(&mut bench);
    bench.respond_with(&first, 422, &[("Min-SE", "1800")], b"");
    bench.request(Method::Ack);
    let second = bench.request(Method::Invite);
    assert_eq!(timing(&second.headers), (Some("1800".into()), Some(1800)));
    assert_eq!(seq(&second), seq(&first) + 1);
    assert_eq!(second.headers.first("Call-ID"), first.headers.first("Call-ID"));
    assert_eq!(second.body, OFFER);
    bench.respond_with(&second, 422, &[("Min-SE", "1800")], b"");
    bench.request(Method::Ack);
    assert!(
        matches!(bench.event(), Some(Event::Ended { by: EndedBy::Them, status: Some(s), .. }) if s.code() == 422),
        "who is told the same twice will not be told otherwise"
    );
    assert!(bench.is_silent());
}

#[test]
fn a_proxy_that_raises_it_without_end_is_left() {
    let mut bench = asking();
    let (_, mut invite) = dial(&mut bench);
    let mut times = 0;
    loop {
        let least = (2000 + times).to_string();
        bench.respond_with(&invite, 422, &[("Min-SE", &least)], b"");
        bench.request(Method::Ack);
        if bench.is_silent_but_for_events() {
            break;
        }
        invite = bench.request(Method::Invite);
        times += 1;
        assert!(times < 20);
    }
    assert!(matches!(bench.event(), Some(Event::Ended { .. })));
}

#[test]
fn a_422_on_a_refresh_is_answered_at_once_with_more() {
    let mut bench = asking();
    let (_, invite) = dial(&mut bench);
    let agreed = [CONTACT, ("Allow", "UPDATE"), ("Session-Expires", "600;refresher=uac")];
    bench.respond_with(&invite, 200, &agreed, ANSWER);
    bench.forget();
    bench.pass(secs(300));
    let update = bench.request(Method::Update);
    bench.respond_with(&update, 422, &[("Min-SE", "900")], b"");
    let again = bench.request(Method::Update);
    assert_eq!(timing(&again.headers), (Some("900;refresher=uac".into()), Some(900)));
    bench.respond_with(&again, 200, &[("Session-Expires", "900;refresher=uac")], b"");
    bench.pass(secs(449));
    assert!(bench.is_silent());
    bench.pass(secs(1));
    bench.request(Method::Update);
}

#[test]
fn a_422_on_a_hold_is_answered_with_more_and_the_hold_goes_through() {
    let mut bench = asking();
    let (call, invite) = dial(&mut bench);
    bench.respond_with(&invite, 200, &[CONTACT, ("Session-Expires", "600;refresher=uas")], ANSWER);
    bench.forget();
    bench.ua.reoffer(bench.now, call, HOLD.to_vec()).unwrap();
    let hold = bench.request(Method::Invite);
    bench.respond_with(&hold, 422, &[("Min-SE", "700")], b"");
    bench.request(Method::Ack);
    bench.pass(secs(0));
    let again = bench.request(Method::Invite);
    assert_eq!(timing(&again.headers), (Some("700;refresher=uas".into()), Some(700)));
    bench.respond_with(&again, 200, &[CONTACT], ANSWER);
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Some(Event::Answer { result: Ok(_), .. })));
}

#[test]
fn a_refresh_that_is_refused_is_tried_again() {
    let mut bench = Bench::new();
    let (_, invite) = dial(&mut bench);
    let agreed = [CONTACT, ("Allow", "INVITE"), ("Session-Expires", "180;refresher=uac")];
    bench.respond_with(&invite, 200, &agreed, ANSWER);
    bench.forget();
    bench.pass(secs(90));
    let refresh = bench.request(Method::Invite);
    bench.respond(&refresh, 503);
    bench.request(Method::Ack);
    assert!(bench.is_silent());
    bench.pass(secs(5));
    bench.request(Method::Invite);
}

#[test]
fn a_refresh_that_got_no_answer_is_made_up_for_once_the_outage_is_over() {
    type Failure = fn(&mut Bench, &Request);
    let in_vain: [(&str, Failure); 3] = [
        ("unreachable", |bench, _| bench.unreachable(Udp)),
        ("timed out", |bench, _| bench.pass(secs(32))),
        ("begun and never answered", |bench, refresh| {
            bench.respond(refresh, 100);
            bench.pass(secs(32));
        }),
    ];
    for (allow, method) in [("INVITE, UPDATE", Method::Update), ("INVITE", Method::Invite)] {
        for (what, fail) in in_vain {
            let mut bench = Bench::new();
            let (_, invite) = dial(&mut bench);
            let agreed = [CONTACT, ("Allow", allow), ("Session-Expires", "1800;refresher=uac")];
            bench.respond_with(&invite, 200, &agreed, ANSWER);
            bench.forget();
            bench.pass(secs(900));
            let first = bench.request(method.clone());
            fail(&mut bench, &first);
            bench.forget();
            bench.pass(secs(5));
            let mut sent = bench.messages().into_iter().filter_map(|(_, message)| match message {
                Message::Request(request) if request.method == method => Some(request),
                _ => None,
            });
            let again = sent.next_back().unwrap_or_else(|| panic!("{method} {what}: never again"));
            assert!(seq(&again) > seq(&first), "{method} {what}");
            bench.respond_with(&again, 200, &agreed, ANSWER);
            bench.pass(secs(890));
            let ended = |event: &Event| matches!(event, Event::Ended { .. });
            assert!(!bench.events().iter().any(ended), "{method} {what}: a call that was refreshed ended");
        }
    }
}

#[test]
fn a_refresh_that_finds_their_audio_elsewhere_says_so_and_no_other_does() {
    let mut bench = Bench::new();
    let (_, invite) = dial(&mut bench);
    let agreed = [CONTACT, ("Allow", "INVITE"), ("Session-Expires", "180;refresher=uac")];
    bench.respond_with(&invite, 200, &agreed, ANSWER);
    bench.forget();
    for (body, news) in [(ANSWER, false), (OFFER, true), (OFFER, false)] {
        bench.pass(secs(90));
        let refresh = bench.request(Method::Invite);
        bench.respond_with(&refresh, 200, &agreed, body);
        bench.request(Method::Ack);
        match bench.event() {
            Some(Event::Refreshed { answer, .. }) => assert_eq!((answer.as_slice(), news), (body, true)),
            other => assert!(other.is_none() && !news, "{other:?}"),
        }
    }
}

// -- asked for by them

#[test]
fn an_interval_below_90_s_is_refused_where_the_caller_understands_it() {
    let mut bench = Bench::registered();
    let brief = ("Session-Expires", "60");
    let invite = bench.pbx_request(Method::Invite, &[("Supported", "timer"), brief], OFFER);
    bench.hear_request(&invite);
    assert_eq!(timing(&bench.response(422).headers), (None, Some(90)));
    assert!(bench.is_silent(), "nobody was disturbed");
    let old = bench.pbx_request(Method::Invite, &[brief], OFFER);
    bench.hear_request(&old);
    bench.response(100);
    let Some(Event::Invited { call, .. }) = bench.event() else { panic!() };
    bench.ua.accept(bench.now, call, ANSWER.to_vec()).unwrap();
    let ok = bench.response(200);
    assert_eq!(
        timing(&ok.headers).0.as_deref(),
        Some("60;refresher=uas"),
        "a proxy wants it, and only we can"
    );
    let ack = bench.pbx_next(&old, &ok, Method::Ack, 0);
    bench.hear_request(&ack);
    bench.forget();
    let mut update = bench.pbx_next(&old, &ok, Method::Update, 1);
    update.headers.push("Supported", "timer");
    update.headers.push("Session-Expires", "30;refresher=uac");
    bench.hear_request(&update);
    bench.response(422);
    assert!(bench.is_silent(), "the call stands");
}

#[test]
fn who_refreshes_is_settled_as_the_table_of_rfc_4028_says() {
    for (supported, asked, settled, required) in [
        (false, "600", "600;refresher=uas", false),
        (true, "600", "600;refresher=uac", true),
        (true, "600;refresher=uac", "600;refresher=uac", true),
        (true, "600;refresher=uas", "600;refresher=uas", false),
    ] {
        let mut bench = Bench::registered();
        let mut headers = vec![("Session-Expires", asked)];
        headers.extend(supported.then_some(("Supported", "timer")));
        let invite = bench.pbx_request(Method::Invite, &headers, OFFER);
        bench.hear_request(&invite);
        bench.response(100);
        let Some(Event::Invited { call, .. }) = bench.event() else { panic!() };
        bench.ua.accept(bench.now, call, ANSWER.to_vec()).unwrap();
        let ok = bench.response(200);
        assert_eq!(timing(&ok.headers).0.as_deref(), Some(settled));
        assert_eq!(ok.headers.lists_token("Require", "timer"), required);
    }
}

#[test]
fn a_called_telephone_that_wants_a_timer_shortens_what_is_offered_but_not_below_what_is_allowed() {
    for (asked, settled) in [
        (&[][..], "600;refresher=uac"),
        (&[("Session-Expires", "1800")], "600;refresher=uac"),
        (&[("Session-Expires", "1800"), ("Min-SE", "900")], "900;refresher=uac"),
        (&[("Session-Expires", "300")], "300;refresher=uac"),
    ] {
        let mut bench = asking();
        let headers = [asked, &[("Supported", "timer")]].concat();
        let invite = bench.pbx_request(Method::Invite, &headers, OFFER);
        bench.hear_request(&invite);
        bench.response(100);
        let Some(Event::Invited { call, .. }) = bench.event() else { panic!() };
        bench.ua.accept(bench.now, call, ANSWER.to_vec()).unwrap();
        assert_eq!(timing(&bench.response(200).headers).0.as_deref(), Some(settled));
    }
}
