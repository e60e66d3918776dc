//! Calls of ours.

use crate::sip::message::{Message, Method, Request, Route, To, Via};
use crate::sip::testing::{ANSWER, Bench, OFFER, PBX, address, answer, config, ms, secs, seq, tagged};
use crate::sip::{CallKey, EndedBy, Event};
use crate::transmit::Transport;

fn dial(bench: &mut Bench) -> (CallKey, Request) {
    let call = bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), Some(OFFER.to_vec()));
    (call, bench.request(Method::Invite))
}

fn branch(request: &Request) -> String {
    request.headers.require::<Via>().unwrap().branch().unwrap().to_owned()
}

const CONTACT: (&str, &str) = ("Contact", "<sip:192.0.2.10:5060>");

#[test]
fn a_call_asks_for_credentials_rings_and_is_answered() {
    let mut bench = Bench::new();
    let (call, first) = dial(&mut bench);
    assert_eq!(bench.ua.call_id(call), first.headers.first("Call-ID"));
    bench.challenge(&first);
    let ack = bench.request(Method::Ack);
    assert_eq!(branch(&ack), branch(&first));
    assert_eq!(ack.headers.require::<To>().unwrap().tag(), Some("pbx-tag"), "the response's To");
    let second = bench.request(Method::Invite);
    assert_eq!(seq(&second), seq(&first) + 1);
    assert_eq!(second.headers.first("Call-ID"), first.headers.first("Call-ID"));
    assert_ne!(branch(&second), branch(&first));
    assert_eq!(second.body, OFFER);
    bench.respond(&second, 100);
    assert!(bench.is_silent(), "100 is no news");
    bench.respond_with(&second, 180, &[CONTACT], b"");
    assert!(matches!(bench.event(), Some(Event::Ringing { status, body: None, .. }) if status.code() == 180));
    bench.respond_with(&second, 180, &[CONTACT], b"");
    assert!(bench.is_silent(), "said once");
    bench.respond_with(&second, 183, &[CONTACT], ANSWER);
    assert!(matches!(bench.event(), Some(Event::Ringing { body: Some(_), .. })));
    bench.respond_with(&second, 200, &[CONTACT, ("P-Asserted-Identity", "<sip:200@pbx.example>")], ANSWER);
    let ack = bench.request(Method::Ack);
    assert_eq!(ack.uri.to_string(), "sip:192.0.2.10:5060");
    assert_eq!(seq(&ack), seq(&second));
    assert_ne!(branch(&ack), branch(&second), "the ACK of a 2xx is a transaction of its own");
    assert_eq!(ack.headers.first("Authorization"), second.headers.first("Authorization"));
    let Some(Event::Identified { identity, .. }) = bench.event() else { panic!() };
    assert_eq!(identity.asserted.len(), 1);
    let Some(Event::Accepted { body, offer_pending: false, .. }) = bench.event() else { panic!() };
    assert_eq!(body.as_deref(), Some(ANSWER));
    bench.ua.hang_up(bench.now, call).unwrap();
    let bye = bench.request(Method::Bye);
    assert_eq!(seq(&bye), seq(&second) + 1);
    bench.respond(&bye, 200);
}

#[test]
fn both_a_proxy_and_the_callee_may_ask_for_credentials() {
    let mut bench = Bench::new();
    let (_, first) = dial(&mut bench);
    let challenge =
        |nonce: &str, realm: &str| format!("Digest realm=\"{realm}\",nonce=\"{nonce}\",qop=\"auth\"");
    bench.respond_with(&first, 407, &[("Proxy-Authenticate", &challenge("a", "edge"))], b"");
    bench.request(Method::Ack);
    let second = bench.request(Method::Invite);
    assert!(second.headers.first("Proxy-Authorization").is_some());
    bench.respond_with(&second, 401, &[("WWW-Authenticate", &challenge("b", "pbx"))], b"");
    bench.request(Method::Ack);
    let third = bench.request(Method::Invite);
    assert!(third.headers.first("Proxy-Authorization").is_some(), "the first answer stays");
    assert!(third.headers.first("Authorization").is_some());
    assert_eq!(seq(&third), seq(&first) + 2);
}

#[test]
fn wrong_credentials_end_the_call_at_once() {
    let mut bench = Bench::new();
    let (_, first) = dial(&mut bench);
    bench.challenge(&first);
    bench.request(Method::Ack);
    let second = bench.request(Method::Invite);
    bench.challenge(&second);
    bench.request(Method::Ack);
    assert!(
        matches!(bench.event(), Some(Event::Ended { by: EndedBy::Them, status: Some(s), .. }) if s.code() == 401)
    );
    bench.pass(secs(60));
    assert!(bench.messages().is_empty());
}

#[test]
fn it_may_ring_for_three_minutes_and_longer() {
    let mut bench = Bench::new();
    let (_, invite) = dial(&mut bench);
    bench.respond(&invite, 100);
    bench.respond_with(&invite, 180, &[CONTACT], b"");
    bench.event();
    bench.pass(secs(240));
    assert!(bench.is_silent(), "no time-out while it rings, no INVITE again");
    bench.respond_with(&invite, 200, &[CONTACT], ANSWER);
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Some(Event::Accepted { .. })));
}

#[test]
fn a_peer_that_says_100_and_nothing_more_does_not_hang_the_call_for_ever() {
    let mut bench = Bench::new();
    let (_, invite) = dial(&mut bench);
    bench.respond(&invite, 100);
    bench.pass(secs(180));
    assert!(bench.is_silent());
    bench.pass(secs(5));
    let cancel = bench.request(Method::Cancel);
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Network, .. })));
    bench.respond(&cancel, 200);
    bench.pass(secs(40));
    assert!(bench.is_silent());
    assert_eq!(bench.ua.next_deadline(), None, "nothing is left of it");
}

#[test]
fn nobody_there_ends_the_call_after_32_s_and_at_once_when_the_port_is_closed() {
    let mut bench = Bench::new();
    let (_, _) = dial(&mut bench);
    let began = bench.now;
    bench.pass(secs(33));
    let sent: Vec<_> = bench.messages().iter().map(|(at, _)| at.since(began).as_millis()).collect();
    assert_eq!(sent, [500, 1500, 3500, 7500, 15500, 31500], "Timer A doubles without limit");
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Network, status: None, .. })));
    let (_, _) = dial(&mut bench);
    bench.unreachable(Transport::Udp);
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Network, .. })));
}

#[test]
fn a_refusal_is_named_as_the_pbx_named_it() {
    for status in [302, 404, 480, 486, 488, 503, 600, 603] {
        let mut bench = Bench::new();
        let (_, invite) = dial(&mut bench);
        bench.respond(&invite, 100);
        bench.respond(&invite, status);
        bench.request(Method::Ack);
        let Some(Event::Ended { by, status: Some(named), reason: Some(_), .. }) = bench.event() else {
            panic!()
        };
        assert_eq!((by, named.code()), (EndedBy::Them, status));
        assert!(bench.is_silent(), "{status}");
        bench.respond(&invite, status);
        bench.request(Method::Ack);
    }
}

#[test]
fn a_cancel_waits_for_a_provisional_response_and_copies_the_invite() {
    let mut settings = config();
    settings.account.outbound_proxy = Some("sip:192.0.2.10;lr".parse().unwrap());
    let mut bench = Bench::with(settings);
    let (call, invite) = dial(&mut bench);
    bench.ua.hang_up(bench.now, call).unwrap();
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Us, .. })));
    assert!(bench.is_silent(), "nothing before the PBX spoke");
    bench.respond_with(&invite, 180, &[CONTACT], b"");
    let cancel = bench.request(Method::Cancel);
    assert_eq!(cancel.uri, invite.uri);
    for name in ["Via", "From", "To", "Call-ID", "Route"] {
        assert_eq!(cancel.headers.first(name), invite.headers.first(name), "{name}");
    }
    assert!(invite.headers.typed::<Route>().unwrap().is_some());
    assert_eq!(seq(&cancel), seq(&invite));
    assert!(cancel.headers.first("Authorization").is_none());
    bench.respond(&cancel, 200);
    bench.respond(&invite, 487);
    let ack = bench.request(Method::Ack);
    assert_eq!(branch(&ack), branch(&invite));
    assert!(ack.headers.typed::<Route>().unwrap().is_some(), "the ACK takes the INVITE's way");
    assert!(bench.is_silent());
}

#[test]
fn an_answer_that_crosses_our_cancel_is_acknowledged_and_ended() {
    let mut bench = Bench::new();
    let (call, invite) = dial(&mut bench);
    bench.respond(&invite, 180);
    bench.ua.hang_up(bench.now, call).unwrap();
    let cancel = bench.request(Method::Cancel);
    bench.forget();
    bench.respond_with(&invite, 200, &[CONTACT], ANSWER);
    bench.request(Method::Ack);
    let bye = bench.request(Method::Bye);
    bench.respond(&cancel, 481);
    bench.respond_with(&invite, 200, &[CONTACT], ANSWER);
    bench.request(Method::Ack);
    assert!(bench.is_silent(), "one BYE");
    bench.respond(&bye, 200);
    bench.pass(secs(70));
    assert!(bench.is_silent());
}

#[test]
fn without_a_487_after_the_cancel_the_call_is_given_up() {
    let mut bench = Bench::new();
    let (call, invite) = dial(&mut bench);
    bench.respond(&invite, 180);
    bench.ua.hang_up(bench.now, call).unwrap();
    bench.forget();
    bench.pass(secs(65));
    assert_eq!(bench.ua.next_deadline(), None);
    assert_eq!(bench.ua.call_id(call), None);
}

#[test]
fn a_repeated_200_is_acknowledged_again() {
    let mut bench = Bench::new();
    let (_, invite) = dial(&mut bench);
    bench.respond_with(&invite, 200, &[CONTACT], ANSWER);
    let first = bench.request(Method::Ack);
    bench.forget();
    bench.pass(ms(500));
    bench.respond_with(&invite, 200, &[CONTACT], ANSWER);
    assert_eq!(bench.request(Method::Ack), first, "the same octets");
    assert!(bench.is_silent());
}

#[test]
fn of_two_telephones_that_answer_the_second_is_sent_away() {
    let mut bench = Bench::new();
    let (_, invite) = dial(&mut bench);
    for (tag, status) in [("one", 180), ("two", 183)] {
        let mut early = answer(&invite, status, &[CONTACT], b"");
        early.headers.set(&tagged(&format!("<sip:200@pbx.example>;tag={tag}")));
        bench.hear(&Message::Response(early));
        assert!(matches!(bench.event(), Some(Event::Ringing { .. })));
    }
    let taken = |bench: &mut Bench, tag: &str| {
        let mut ok = answer(&invite, 200, &[("Contact", &format!("<sip:{tag}@192.0.2.10>"))], ANSWER);
        ok.headers.set(&tagged(&format!("<sip:200@pbx.example>;tag={tag}")));
        bench.hear(&Message::Response(ok));
    };
    taken(&mut bench, "two");
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Some(Event::Accepted { .. })));
    taken(&mut bench, "one");
    let ack = bench.request(Method::Ack);
    let bye = bench.request(Method::Bye);
    assert_eq!(ack.uri.to_string(), "sip:one@192.0.2.10");
    assert_eq!(bye.headers.require::<To>().unwrap().tag(), Some("one"));
    taken(&mut bench, "one");
    bench.request(Method::Ack);
    assert!(bench.is_silent(), "one BYE, and nobody was told");
}

#[test]
fn an_offer_in_the_200_is_answered_in_the_ack() {
    let mut bench = Bench::new();
    let call = bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), None);
    let invite = bench.request(Method::Invite);
    assert!(invite.body.is_empty());
    bench.respond_with(&invite, 200, &[CONTACT], OFFER);
    assert!(matches!(bench.event(), Some(Event::Accepted { offer_pending: true, .. })));
    assert!(bench.is_silent(), "no ACK before the answer is there");
    bench.ua.acknowledge(bench.now, call, ANSWER.to_vec()).unwrap();
    assert_eq!(bench.request(Method::Ack).body, ANSWER);
    bench.respond_with(&invite, 200, &[CONTACT], OFFER);
    assert_eq!(bench.request(Method::Ack).body, ANSWER);
    assert!(bench.ua.acknowledge(bench.now, call, ANSWER.to_vec()).is_err());
}

#[test]
fn a_200_without_contact_or_with_another_2xx_code_is_an_answer_all_the_same() {
    let mut bench = Bench::new();
    let (call, invite) = dial(&mut bench);
    bench.respond_with(&invite, 202, &[], ANSWER);
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Some(Event::Accepted { .. })));
    bench.ua.hang_up(bench.now, call).unwrap();
    bench.request(Method::Bye);
}

#[test]
fn a_response_to_nobody_is_dropped() {
    let mut bench = Bench::new();
    let (_, invite) = dial(&mut bench);
    let mut stray = answer(&invite, 200, &[CONTACT], ANSWER);
    stray.headers.remove("Via");
    stray.headers.push("Via", "SIP/2.0/UDP 192.0.2.20:5070;branch=z9hG4bKnever");
    bench.hear(&Message::Response(stray));
    let mut two_vias = answer(&invite, 200, &[CONTACT], ANSWER);
    two_vias.headers.push("Via", "SIP/2.0/UDP 192.0.2.99;branch=z9hG4bKother");
    bench.hear(&Message::Response(two_vias));
    let mut elsewhere = answer(&invite, 200, &[CONTACT], ANSWER);
    let via = invite.headers.first("Via").unwrap().replace("192.0.2.20", "192.0.2.99");
    elsewhere.headers.remove("Via");
    elsewhere.headers.push("Via", via);
    bench.hear(&Message::Response(elsewhere));
    assert!(bench.is_silent());
}

#[test]
fn in_dialog_requests_follow_the_recorded_route() {
    let mut bench = Bench::new();
    let (call, invite) = dial(&mut bench);
    let routes = ("Record-Route", "<sip:far.example;lr>, <sip:192.0.2.5:5080;lr>");
    bench.respond_with(&invite, 200, &[("Contact", "<sip:200@192.0.2.9>"), routes], ANSWER);
    assert_eq!(bench.destination().to_string(), "192.0.2.5:5080");
    let ack = bench.request(Method::Ack);
    let expected = ["<sip:192.0.2.5:5080;lr>", "<sip:far.example;lr>"];
    assert_eq!(ack.headers.all("Route").collect::<Vec<_>>(), expected);
    bench.ua.hang_up(bench.now, call).unwrap();
    let bye = bench.request(Method::Bye);
    assert_eq!(bye.headers.all("Route").collect::<Vec<_>>(), expected);
    assert_eq!(bye.uri.to_string(), "sip:200@192.0.2.9");
}

#[test]
fn an_early_update_of_the_pbx_is_answered() {
    let mut bench = Bench::new();
    let (_, invite) = dial(&mut bench);
    let ringing = answer(&invite, 180, &[CONTACT], b"");
    bench.hear(&Message::Response(ringing.clone()));
    bench.event();
    let update = bench.pbx_back(&invite, &ringing, Method::Update, 1);
    bench.hear_request(&update);
    bench.response(200);
}

#[test]
fn a_call_whose_answers_were_all_lost_ends_when_the_other_side_gives_up() {
    let mut bench = Bench::new();
    let (call, invite) = dial(&mut bench);
    let ringing = answer(&invite, 180, &[CONTACT], b"");
    bench.hear(&Message::Response(ringing.clone()));
    bench.event();
    let bye = bench.pbx_back(&invite, &ringing, Method::Bye, 1);
    bench.hear_request(&bye);
    bench.response(200);
    let Some(Event::Ended { call: ended, by: EndedBy::Them, .. }) = bench.event() else { panic!() };
    assert_eq!(ended, call);
    // Other telephones of that number may still ring.
    let cancel = bench.request(Method::Cancel);
    bench.respond(&cancel, 481);
    bench.hear_request(&bye);
    bench.response(200);
    assert!(bench.event().is_none(), "said once");
}

#[test]
fn an_offer_in_the_200_is_acknowledged_though_they_hang_up_before_our_answer() {
    let mut bench = Bench::new();
    bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), None);
    let invite = bench.request(Method::Invite);
    let ok = answer(&invite, 200, &[CONTACT], OFFER);
    bench.hear(&Message::Response(ok.clone()));
    bench.forget();
    let bye = bench.pbx_back(&invite, &ok, Method::Bye, 1);
    bench.hear_request(&bye);
    let sent: Vec<String> = bench
        .messages()
        .iter()
        .map(|(_, message)| match message {
            Message::Request(request) => request.method.to_string(),
            Message::Response(response) => response.status.to_string(),
        })
        .collect();
    assert!(sent.iter().any(|each| each == "ACK"), "{sent:?}");
    assert!(sent.iter().any(|each| each.starts_with("200")), "{sent:?}");
}

#[test]
fn a_refusal_says_when_the_call_may_be_tried_again() {
    let mut bench = Bench::new();
    let (_, invite) = dial(&mut bench);
    bench.respond_with(&invite, 503, &[("Retry-After", "120 (in the queue)")], b"");
    bench.request(Method::Ack);
    let told = bench.event();
    assert!(
        matches!(told, Some(Event::Ended { retry_after: Some(after), .. }) if after == secs(120)),
        "{told:?}"
    );
}

#[test]
fn hanging_up_works_in_every_state() {
    let mut bench = Bench::new();
    for said in [None, Some(100), Some(180), Some(200)] {
        let (call, invite) = dial(&mut bench);
        if let Some(status) = said {
            bench.respond_with(&invite, status, &[CONTACT], if status == 200 { ANSWER } else { b"" });
        }
        bench.forget();
        assert!(bench.ua.hang_up(bench.now, call).is_ok(), "{said:?}");
        assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Us, .. })));
        bench.pass(secs(200));
        bench.forget();
    }
    assert_eq!(bench.ua.next_deadline(), None, "no call leaves anything behind");
}

#[test]
fn a_call_that_rings_ends_when_our_address_changes_since_its_answer_cannot_come() {
    let (here, there) = (config().local, address("192.0.2.21:5070"));
    for (local, status, ends) in [(there, Some(180), true), (there, None, false), (here, Some(180), false)] {
        let mut bench = Bench::new();
        let (call, invite) = dial(&mut bench);
        if let Some(status) = status {
            bench.respond_with(&invite, status, &[CONTACT], b"");
        }
        bench.forget();
        bench.ua.set_addresses(bench.now, local, address(PBX));
        let ended = matches!(bench.event(), Some(Event::Ended { by: EndedBy::Network, call: over, .. }) if over == call);
        assert_eq!(ended, ends, "{local} {status:?}");
        if ends {
            bench.request(Method::Cancel);
        }
    }
}
