//! Calls over TCP, and large requests of an account by UDP that take it (RFC 3261 §18.1.1).

use crate::sip::message::{Message, Method, Request};
use crate::sip::testing::{ANSWER, Bench, LOCAL, OFFER, PBX, address, answer, config, secs};
use crate::sip::{CallKey, EndedBy, Event, UserAgentConfig};
use crate::transmit::Hop;
use crate::transmit::Transport::{self, Tcp, Udp};

/// An account by UDP whose INVITE does not fit into one packet.
fn large_dial(bench: &mut Bench) -> CallKey {
    let offer = [OFFER, &b"a=x\r\n".repeat(300)].concat();
    bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), Some(offer))
}

/// One that does; by UDP, therefore.
fn small_dial(bench: &mut Bench) -> (CallKey, Request) {
    let call = bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), Some(OFFER.to_vec()));
    let (invite, transport) = next(bench, Method::Invite);
    assert_eq!(transport, Udp);
    (call, invite)
}

/// The next request sent, and by what; the Via must agree.
fn next(bench: &mut Bench, method: Method) -> (Request, Transport) {
    let transport = bench.transport();
    let request = bench.request(method);
    let name = if transport == Tcp { "SIP/2.0/TCP " } else { "SIP/2.0/UDP " };
    assert!(request.headers.first("Via").unwrap().starts_with(name), "{transport:?}");
    (request, transport)
}

fn small_dial_by_tcp(bench: &mut Bench) -> Request {
    bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), Some(OFFER.to_vec()));
    next(bench, Method::Invite).0
}

fn by_tcp() -> Bench {
    let mut bench = Bench::with(UserAgentConfig { transport: Tcp, ..config() });
    bench.register_now();
    bench
}

#[test]
fn a_large_invite_goes_by_tcp_and_its_cancel_and_ack_with_it() {
    let mut bench = Bench::new();
    let call = large_dial(&mut bench);
    let (invite, transport) = next(&mut bench, Method::Invite);
    assert_eq!(transport, Tcp);
    let contact = invite.headers.first("Contact").unwrap();
    assert!(!contact.contains("transport"), "we are still reached by UDP: {contact}");
    bench.pass(secs(5));
    assert!(bench.is_silent(), "what is reliable is not repeated");
    bench.respond(&invite, 180);
    bench.event();
    bench.ua.hang_up(bench.now, call).unwrap();
    assert_eq!(next(&mut bench, Method::Cancel).1, Tcp);
    bench.respond(&invite, 487);
    assert_eq!(next(&mut bench, Method::Ack).1, Tcp);
}

#[test]
fn a_response_is_taken_whichever_way_it_comes() {
    let mut bench = Bench::new();
    large_dial(&mut bench);
    let (invite, _) = next(&mut bench, Method::Invite);
    bench.transport = Udp;
    bench.respond_with(&invite, 200, &[("Contact", "<sip:192.0.2.10:5060>")], ANSWER);
    assert!(matches!(bench.event(), Some(Event::Accepted { .. })));
    assert_eq!(next(&mut bench, Method::Ack).1, Udp, "the PBX names no transport");
}

#[test]
fn a_dialog_whose_contact_names_tcp_goes_on_over_it() {
    let mut bench = Bench::new();
    let call = large_dial(&mut bench);
    let (invite, _) = next(&mut bench, Method::Invite);
    bench.respond_with(&invite, 200, &[("Contact", "<sip:192.0.2.10:5060;transport=TCP>")], ANSWER);
    assert_eq!(next(&mut bench, Method::Ack).1, Tcp);
    bench.ua.hang_up(bench.now, call).unwrap();
    assert_eq!(next(&mut bench, Method::Bye).1, Tcp);
}

#[test]
fn a_pbx_that_refuses_tcp_gets_it_by_udp_and_is_not_asked_again() {
    let mut bench = Bench::new();
    let call = large_dial(&mut bench);
    assert_eq!(next(&mut bench, Method::Invite).1, Tcp);
    bench.unreachable(Tcp);
    let (invite, transport) = next(&mut bench, Method::Invite);
    assert_eq!(transport, Udp);
    bench.respond(&invite, 100);
    bench.ua.hang_up(bench.now, call).unwrap();
    assert_eq!(next(&mut bench, Method::Cancel).1, Udp);
    bench.respond(&invite, 487);
    assert_eq!(next(&mut bench, Method::Ack).1, Udp);
    bench.forget();
    large_dial(&mut bench);
    assert_eq!(next(&mut bench, Method::Invite).1, Udp);
}

#[test]
fn a_pbx_that_refused_tcp_is_asked_again_after_an_outage() {
    let mut bench = Bench::registered();
    large_dial(&mut bench);
    bench.unreachable(Tcp);
    bench.forget();
    bench.pass(secs(15));
    bench.unreachable(Udp);
    bench.forget();
    bench.pass(secs(2));
    bench.grant(600);
    bench.forget();
    large_dial(&mut bench);
    assert_eq!(next(&mut bench, Method::Invite).1, Tcp);
}

#[test]
fn a_connection_that_stood_and_was_closed_is_made_again_when_it_is_wanted() {
    let mut bench = Bench::new();
    let call = large_dial(&mut bench);
    let (invite, _) = next(&mut bench, Method::Invite);
    bench.respond(&invite, 486);
    assert_eq!(next(&mut bench, Method::Ack).1, Tcp);
    assert!(matches!(bench.event(), Some(Event::Ended { call: over, .. }) if over == call));
    bench.ua.handle_closed(bench.now, Hop { transport: Tcp, to: address(PBX) });
    assert!(bench.is_silent(), "nobody waited for anything");
    large_dial(&mut bench);
    assert_eq!(next(&mut bench, Method::Invite).1, Tcp);
}

/// A call of an account by UDP, whose other side wants TCP.
fn answered_by_tcp(bench: &mut Bench) -> CallKey {
    let (call, invite) = small_dial(bench);
    bench.respond_with(&invite, 200, &[("Contact", "<sip:192.0.2.10:5060;transport=tcp>")], ANSWER);
    assert_eq!(next(bench, Method::Ack).1, Tcp);
    bench.forget();
    call
}

#[test]
fn a_hold_under_way_fails_with_its_connection_and_the_goodbye_gets_a_new_one() {
    let mut bench = Bench::new();
    let call = answered_by_tcp(&mut bench);
    let closed = Hop { transport: Tcp, to: address(PBX) };
    bench.ua.reoffer(bench.now, call, OFFER.to_vec()).unwrap();
    assert_eq!(next(&mut bench, Method::Invite).1, Tcp);
    bench.ua.handle_closed(bench.now, closed);
    assert!(matches!(bench.event(), Some(Event::Answer { result: Err(_), .. })));
    bench.ua.hang_up(bench.now, call).unwrap();
    let (bye, _) = next(&mut bench, Method::Bye);
    bench.ua.handle_closed(bench.now, closed);
    assert_eq!(next(&mut bench, Method::Bye), (bye.clone(), Tcp));
    bench.respond(&bye, 200);
    assert!(!bench.ua.owes_goodbye());
}

#[test]
fn a_goodbye_that_is_under_way_beside_udp_is_said_again_from_where_we_have_moved_to() {
    let mut bench = Bench::registered();
    let call = answered_by_tcp(&mut bench);
    bench.ua.hang_up(bench.now, call).unwrap();
    let (bye, _) = next(&mut bench, Method::Bye);
    bench.ua.set_addresses(bench.now, address(LOCAL), address(PBX));
    next(&mut bench, Method::Register);
    assert!(bench.is_silent_but_for_events(), "nothing has moved");
    bench.ua.set_addresses(bench.now, address("192.0.2.21:5070"), address(PBX));
    assert_eq!(next(&mut bench, Method::Bye), (bye.clone(), Tcp), "the client is still in the call");
    bench.respond(&bye, 200);
    assert!(!bench.ua.owes_goodbye());
}

#[test]
fn a_large_call_that_rings_as_we_move_is_cancelled_once_from_there() {
    let mut bench = Bench::registered();
    large_dial(&mut bench);
    let (invite, _) = next(&mut bench, Method::Invite);
    bench.respond(&invite, 180);
    bench.ua.set_addresses(bench.now, address("192.0.2.21:5070"), address(PBX));
    assert_eq!(next(&mut bench, Method::Invite).1, Udp, "the same one, so that its answer finds us");
    assert_eq!(next(&mut bench, Method::Cancel).1, Udp);
    next(&mut bench, Method::Register);
    assert!(bench.is_silent_but_for_events());
}

#[test]
fn who_asks_for_tcp_by_name_gets_tcp_whatever_was_refused_before() {
    let mut bench = Bench::new();
    let call = large_dial(&mut bench);
    bench.unreachable(Tcp);
    bench.forget();
    bench.ua.hang_up(bench.now, call).unwrap();
    let (call, invite) = small_dial(&mut bench);
    bench.transport = Udp;
    bench.respond_with(&invite, 200, &[("Contact", "<sip:192.0.2.10:5060;transport=tcp>")], ANSWER);
    assert_eq!(next(&mut bench, Method::Ack).1, Tcp);
    bench.ua.hang_up(bench.now, call).unwrap();
    assert_eq!(next(&mut bench, Method::Bye).1, Tcp);
}

#[test]
fn small_requests_stay_with_udp() {
    small_dial(&mut Bench::new());
}

#[test]
fn a_request_over_a_connection_is_answered_over_it_whatever_its_via_says() {
    let mut bench = Bench::registered();
    let mut options = bench.pbx_request(Method::Options, &[], b"");
    options.headers.remove("Via");
    options.headers.push("Via", "SIP/2.0/TCP 192.0.2.10:5099;branch=z9hG4bKtcp1");
    bench.transport = Tcp;
    bench.hear_from(PBX, &options.to_bytes());
    assert_eq!((bench.transport(), bench.destination()), (Tcp, address(PBX)));
}

#[test]
fn a_call_that_stands_survives_its_connection_and_the_pbx_is_told_of_the_next_one() {
    let mut bench = by_tcp();
    let (_, invite, ok) = bench.answered();
    bench.ua.handle_disconnected(bench.now, address("192.0.2.20:40001"));
    assert!(matches!(bench.event(), Some(Event::RegistrationFailed { .. })));
    bench.grant(600);
    assert!(matches!(bench.event(), Some(Event::Registered { .. })), "and no `Ended`");
    let (update, _) = next(&mut bench, Method::Update);
    assert!(update.headers.first("Contact").unwrap().contains("@192.0.2.20:40001;transport=tcp"));
    bench.respond(&update, 200);
    let bye = bench.pbx_next(&invite, &ok, Method::Bye, 1);
    bench.hear_request(&bye);
    bench.response(200);
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Them, .. })));
}

#[test]
fn of_what_was_under_way_over_a_connection_left_behind_goodbyes_alone_are_said_again() {
    let (moved, standby) = ("192.0.2.21:40001", "192.0.2.11:5060");
    for (local, server) in [(moved, PBX), (LOCAL, standby), (moved, standby)] {
        let mut bench = by_tcp();
        let (call, _, _) = bench.answered();
        bench.ua.hang_up(bench.now, call).unwrap();
        let (bye, _) = next(&mut bench, Method::Bye);
        bench.event();
        small_dial_by_tcp(&mut bench);
        bench.pass(secs(16)); // an OPTIONS is under way as well
        bench.forget();
        bench.ua.set_addresses(bench.now, address(local), address(server));
        assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Network, .. })), "{local} {server}");
        assert_eq!(bench.destination(), address(server));
        assert_eq!(next(&mut bench, Method::Bye), (bye.clone(), Tcp), "{local} {server}");
        bench.respond(&bye, 200);
        assert!(!bench.ua.owes_goodbye(), "{local} {server}");
        bench.grant(600);
        assert!(matches!(bench.event(), Some(Event::Registered { .. })), "{local} {server}");
        assert!(bench.is_silent());
    }
}

#[test]
fn a_call_that_rings_over_a_connection_left_behind_is_cancelled_once_from_there() {
    let mut bench = by_tcp();
    let invite = small_dial_by_tcp(&mut bench);
    bench.respond(&invite, 180);
    bench.events();
    bench.ua.set_addresses(bench.now, address("192.0.2.21:40001"), address(PBX));
    next(&mut bench, Method::Cancel);
    next(&mut bench, Method::Register);
    assert!(bench.is_silent_but_for_events());
}

#[test]
fn a_connection_that_stays_keeps_what_is_under_way() {
    let mut bench = by_tcp();
    small_dial_by_tcp(&mut bench);
    bench.ua.set_addresses(bench.now, address(LOCAL), address(PBX));
    assert!(!bench.events().iter().any(|event| matches!(event, Event::Ended { .. })));
}

#[test]
fn a_call_that_the_pbx_forgot_with_the_connection_ends() {
    let mut bench = by_tcp();
    bench.answered();
    bench.ua.handle_disconnected(bench.now, address("192.0.2.20:40001"));
    bench.event();
    bench.grant(600);
    bench.event();
    let (update, _) = next(&mut bench, Method::Update);
    bench.respond(&update, 481);
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Network, .. })));
}

#[test]
fn a_pbx_that_knows_the_call_and_refuses_the_update_is_not_asked_again_and_again() {
    let mut bench = by_tcp();
    bench.answered();
    bench.ua.handle_disconnected(bench.now, address("192.0.2.20:40001"));
    bench.grant(600);
    let (update, _) = next(&mut bench, Method::Update);
    bench.respond(&update, 403);
    bench.forget();
    bench.pass(secs(10));
    let again = bench.messages().into_iter().filter_map(|(_, message)| match message {
        Message::Request(request) => Some(request.method),
        Message::Response(_) => None,
    });
    assert!(again.into_iter().all(|method| method != Method::Update));
}

#[test]
fn a_call_that_nobody_heard_of_ends_with_its_connection_and_without_cancel() {
    let mut bench = by_tcp();
    small_dial_by_tcp(&mut bench);
    bench.ua.handle_disconnected(bench.now, address("192.0.2.20:40001"));
    bench.request(Method::Register);
    assert!(bench.is_silent_but_for_events(), "no CANCEL before a provisional response");
}

#[test]
fn a_call_that_rings_over_a_connection_ends_with_it_and_rings_no_longer() {
    let mut bench = by_tcp();
    let invite = small_dial_by_tcp(&mut bench);
    bench.hear(&Message::Response(answer(&invite, 180, &[], b"")));
    bench.event();
    bench.ua.handle_disconnected(bench.now, address("192.0.2.20:40001"));
    let (cancel, transport) = next(&mut bench, Method::Cancel);
    assert_eq!((cancel.headers.first("Via"), transport), (invite.headers.first("Via"), Tcp));
    assert!(bench.ua.owes_goodbye());
    bench.respond(&cancel, 200);
    assert!(!bench.ua.owes_goodbye());
    let ended = |event: &Event| matches!(event, Event::Ended { by: EndedBy::Network, .. });
    assert_eq!(bench.events().iter().filter(|event| ended(event)).count(), 1);
}

/// Where the next connection comes from.
const NEXT: &str = "192.0.2.20:40001";

#[test]
fn an_answer_that_crosses_the_loss_of_its_connection_is_acknowledged_and_ended() {
    // What happened before the connection broke.
    for (rings, given_up) in [(false, false), (false, true), (true, false), (true, true)] {
        let what = format!("rings: {rings}, given up: {given_up}");
        let mut bench = by_tcp();
        let call = bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), Some(OFFER.to_vec()));
        let invite = bench.request(Method::Invite);
        if rings {
            bench.respond(&invite, 180);
        }
        if given_up {
            bench.ua.hang_up(bench.now, call).unwrap();
        }
        bench.ua.handle_disconnected(bench.now, address(NEXT));
        let ended = |event: &&Event| matches!(event, Event::Ended { .. });
        assert_eq!(bench.events().iter().filter(ended).count(), 1, "{what}");
        bench.forget();
        bench.respond_with(&invite, 200, &[("Contact", "<sip:192.0.2.10:5060>")], ANSWER);
        let ack = bench.request(Method::Ack);
        let bye = bench.request(Method::Bye);
        bench.respond_with(&invite, 200, &[("Contact", "<sip:192.0.2.10:5060>")], ANSWER);
        assert_eq!(bench.request(Method::Ack), ack, "{what}");
        bench.respond(&bye, 200);
        assert!(bench.is_silent(), "{what}");
    }
}

#[test]
fn a_call_that_is_first_heard_of_over_the_next_connection_is_cancelled_there() {
    let mut bench = by_tcp();
    let invite = small_dial_by_tcp(&mut bench);
    bench.ua.handle_disconnected(bench.now, address(NEXT));
    bench.forget();
    bench.respond(&invite, 180);
    next(&mut bench, Method::Cancel);
    assert!(bench.is_silent(), "nobody is told that it rings");
    bench.respond(&invite, 487);
    next(&mut bench, Method::Ack);
    bench.pass(secs(40));
    assert_eq!(bench.ua.load().calls, 0);
}

#[test]
fn a_changed_session_is_acknowledged_though_its_connection_broke() {
    let mut bench = by_tcp();
    let (call, _, _) = bench.dialled();
    bench.ua.reoffer(bench.now, call, OFFER.to_vec()).unwrap();
    let (reinvite, _) = next(&mut bench, Method::Invite);
    bench.ua.handle_disconnected(bench.now, address(NEXT));
    let refused = |event: &Event| matches!(event, Event::Answer { result: Err(_), .. });
    assert_eq!(bench.events().iter().filter(|event| refused(event)).count(), 1);
    bench.forget();
    for _ in 0..2 {
        bench.respond_with(&reinvite, 200, &[("Contact", "<sip:192.0.2.10:5060>")], ANSWER);
        next(&mut bench, Method::Ack);
        assert!(bench.is_silent(), "the user has been told that it failed");
    }
}

#[test]
fn a_goodbye_waits_for_a_pbx_that_takes_no_connection() {
    for rings in [false, true] {
        let mut bench = by_tcp();
        let method = if rings { Method::Cancel } else { Method::Bye };
        let call = if rings {
            let call =
                bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), Some(OFFER.to_vec()));
            let invite = bench.request(Method::Invite);
            bench.respond(&invite, 180);
            call
        } else {
            bench.answered().0
        };
        bench.ua.hang_up(bench.now, call).unwrap();
        let (goodbye, _) = next(&mut bench, method.clone());
        // It broke, and for 20 s no other can be made.
        for second in 0..20 {
            bench.ua.handle_disconnected(bench.now, address(NEXT));
            bench.forget();
            assert!(bench.ua.owes_goodbye(), "{method} after {second} s");
            bench.pass(secs(1));
        }
        bench.forget();
        bench.pass(secs(2));
        let sent =
            bench.messages().into_iter().filter(|(_, message)| *message == Message::Request(goodbye.clone()));
        assert_eq!(sent.count(), 1, "{method}");
        bench.respond(&goodbye, 200);
        assert!(!bench.ua.owes_goodbye(), "{method}");
    }
}

#[test]
fn an_acknowledgement_under_way_gets_a_new_connection() {
    let mut bench = Bench::new();
    let (_, invite) = small_dial(&mut bench);
    let headers = [("Contact", "<sip:192.0.2.10:5060;transport=tcp>"), ("Require", "100rel"), ("RSeq", "1")];
    bench.respond_with(&invite, 183, &headers, ANSWER);
    let (prack, _) = next(&mut bench, Method::Prack);
    bench.ua.handle_closed(bench.now, Hop { transport: Tcp, to: address(PBX) });
    assert_eq!(next(&mut bench, Method::Prack), (prack, Tcp));
}
