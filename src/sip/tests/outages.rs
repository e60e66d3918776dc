//! The way to the PBX goes and comes back: calls that the PBX forgot meanwhile end here as well.

use crate::sip::message::{Message, Method, Request, To};
use crate::sip::testing::{ANSWER, Bench, LOCAL, PBX, address, ms, secs};
use crate::sip::{EndedBy, Event};
use crate::transmit::{Hop, Transport::Udp};

/// The question that asks the PBX for a call: OPTIONS in its dialog.
fn question(bench: &mut Bench) -> Request {
    let options = bench.request(Method::Options);
    assert!(options.headers.require::<To>().unwrap().tag().is_some(), "asked in no dialog: {options:?}");
    options
}

fn forgotten(bench: &mut Bench) {
    let check = question(bench);
    bench.respond(&check, 481);
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Network, .. })));
}

#[test]
fn a_call_is_asked_for_after_an_outage_that_ended_with_the_route() {
    let mut bench = Bench::registered();
    bench.answered();
    bench.unreachable(Udp);
    // The system says of each attempt at once that no network leads there.
    for _ in 0..85 {
        bench.pass(secs(1));
        bench.unreachable(Udp);
    }
    bench.forget();
    bench.ua.set_addresses(bench.now, address(LOCAL), address(PBX));
    bench.grant(600);
    assert!(matches!(bench.event(), Some(Event::Registered { .. })));
    forgotten(&mut bench);
}

#[test]
fn a_goodbye_that_finds_the_port_closed_is_said_again_and_the_registrar_is_asked() {
    let mut bench = Bench::registered();
    let (call, _, _) = bench.answered();
    bench.ua.hang_up(bench.now, call).unwrap();
    let bye = bench.request(Method::Bye);
    bench.unreachable(Udp);
    let ping = bench.request(Method::Options);
    bench.respond(&ping, 200);
    assert!(bench.ua.owes_goodbye(), "the client is still in the call");
    bench.pass(ms(500));
    assert_eq!(bench.request(Method::Bye), bye);
    bench.respond(&bye, 200);
    assert!(!bench.ua.owes_goodbye());
}

#[test]
fn a_call_whose_answer_is_still_on_its_way_is_not_asked_for() {
    let mut bench = Bench::registered();
    let (call, invite) = bench.called();
    bench.ua.accept(bench.now, call, ANSWER.to_vec()).unwrap();
    let ok = bench.response(200);
    bench.ua.set_addresses(bench.now, address(LOCAL), address("192.0.2.11:5060"));
    bench.grant(600);
    bench.events();
    bench.pass(secs(3));
    let in_dialog = |message: &Message| match message {
        Message::Request(request) => request.headers.require::<To>().unwrap().tag().is_some(),
        Message::Response(_) => false,
    };
    let sent = bench.messages();
    assert!(
        sent.iter().any(|(_, message)| matches!(message, Message::Response(_))),
        "the answer is repeated"
    );
    assert!(!sent.iter().any(|(_, message)| in_dialog(message)), "{sent:?}");
    let ack = bench.pbx_next(&invite, &ok, Method::Ack, 0);
    bench.hear_request(&ack);
    assert!(matches!(bench.event(), Some(Event::Confirmed { .. })));
}

#[test]
fn a_call_is_asked_for_until_somebody_answers() {
    let mut bench = Bench::registered();
    bench.answered();
    bench.ua.set_addresses(bench.now, address(LOCAL), address("192.0.2.11:5060"));
    bench.grant(600);
    bench.events();
    let lost = question(&mut bench);
    for _ in 0..33 {
        bench.pass(secs(1));
        for (_, message) in bench.messages() {
            match message {
                Message::Request(request) if request.method == Method::Register => bench.grant_last(&request),
                // In no dialog: is the registrar there?
                Message::Request(request) if request.headers.require::<To>().unwrap().tag().is_none() => {
                    bench.respond(&request, 200);
                }
                Message::Request(request) if request.headers.first("CSeq") != lost.headers.first("CSeq") => {
                    bench.respond(&request, 481);
                }
                _ => {}
            }
        }
    }
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Network, .. })));
}

#[test]
fn a_call_is_asked_for_where_the_pbx_has_moved_to() {
    const STANDBY: &str = "192.0.2.11:5060";
    let mut bench = Bench::registered();
    bench.answered();
    bench.ua.set_addresses(bench.now, address(LOCAL), address(STANDBY));
    bench.grant(600);
    assert!(matches!(bench.event(), Some(Event::Registered { .. })));
    forgotten(&mut bench);
}

#[test]
fn a_call_that_tells_of_our_new_address_is_asked_for_by_that() {
    let mut bench = Bench::registered();
    let (call, _, _) = bench.dialled();
    bench.ua.set_addresses(bench.now, address("192.0.2.21:5070"), address(PBX));
    bench.ua.reoffer(bench.now, call, b"v=0\r\no=- 1 2 IN IP4 192.0.2.21\r\ns=-\r\n".to_vec()).unwrap();
    bench.grant(600);
    let reinvite = bench.request(Method::Invite);
    assert!(bench.is_silent_but_for_events(), "no OPTIONS overtakes it");
    bench.forget();
    bench.respond(&reinvite, 481);
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Network, .. })));
}

#[test]
fn a_call_is_asked_for_once() {
    let mut bench = Bench::registered();
    bench.answered();
    bench.pass(secs(15));
    bench.forget();
    bench.unreachable(Udp);
    bench.grant(600);
    bench.events();
    let check = question(&mut bench);
    bench.respond(&check, 200);
    bench.pass(secs(15));
    let ping = bench.request(Method::Options);
    bench.respond(&ping, 200);
    bench.pass(secs(6));
    let refresh = bench.request(Method::Register);
    bench.forget();
    bench.grant_last(&refresh);
    assert!(bench.is_silent(), "an ordinary refresh asks nothing");
}

#[test]
fn a_question_that_was_under_way_when_the_pbx_moved_is_no_outage_of_the_new_one() {
    let mut bench = Bench::registered();
    bench.pass(secs(15));
    bench.request(Method::Options);
    bench.ua.set_addresses(bench.now, address(LOCAL), address("192.0.2.11:5060"));
    bench.grant(600);
    bench.events();
    bench.ua.handle_unreachable(bench.now, Hop { transport: Udp, to: address(PBX) });
    assert!(bench.ua.is_registered());
}

#[test]
fn a_question_that_was_lost_once_is_not_lost_again_when_its_time_is_up() {
    let mut bench = Bench::registered();
    bench.pass(secs(15));
    let lost = bench.request(Method::Options);
    let via = |request: &Request| request.headers.first("Via").map(str::to_owned);
    for _ in 0..40 {
        bench.pass(secs(1));
        for (_, message) in bench.messages() {
            match message {
                Message::Request(request) if via(&request) == via(&lost) => {}
                Message::Request(request) if request.method == Method::Register => bench.grant_last(&request),
                Message::Request(request) => bench.respond(&request, 200),
                Message::Response(_) => {}
            }
        }
    }
    let outages = |event: &&Event| matches!(event, Event::RegistrationFailed { .. });
    assert_eq!(bench.events().iter().filter(outages).count(), 1);
}
