//! Each machine against the text of RFC 3261 §17 and RFC 6026, message by message.

use super::*;
use crate::instant::Instant;
use crate::sip::event::Output;
use crate::sip::message::{Message, StatusCode, To};
use crate::sip::testing::{address, ms, parsed, secs, tagged};
use crate::sip::timers::{ANEW_AFTER, PATIENCE};
use crate::transmit::{Hop, Transport};
use std::time::Duration;

const PEER: &str = "192.0.2.10:5060";

struct Rig {
    wire: Wire,
    layer: Transactions<&'static str>,
    hop: Hop,
}

impl Rig {
    fn new(transport: Transport) -> Self {
        let hop = Hop { transport, to: address(PEER) };
        Self { wire: Wire::new(), layer: Transactions::new(), hop }
    }

    fn send(&mut self, request: &Request) -> ClientId {
        self.layer.send(&mut self.wire, "owner", request.clone(), self.hop, 0)
    }

    fn open(&mut self, request: &Request) -> ServerId {
        assert_eq!(self.layer.on_request(&mut self.wire, request), Inbound::New);
        self.layer.open(&mut self.wire, request, self.hop).unwrap()
    }

    fn hear(&mut self, request: &Request, status: u16) -> Option<Outcome> {
        let mut response = request.response(StatusCode::new(status).unwrap());
        response.headers.set(&tagged("<sip:b@example.org>;tag=theirs"));
        self.layer.on_response(&mut self.wire, response).map(|reply| reply.outcome)
    }

    fn lose(&mut self, hop: Hop, loss: Loss, usual: Transport) -> Vec<Reply<&'static str>> {
        let usual = Hop { transport: usual, ..self.hop };
        self.layer.on_lost(&mut self.wire, |way| way == hop, loss, usual)
    }

    fn unreachable(&mut self, hop: Hop, usual: Transport) -> Vec<Reply<&'static str>> {
        self.lose(hop, Loss::Unreachable, usual)
    }

    fn respond(&mut self, id: ServerId, request: &Request, status: u16) {
        let response = request.response(StatusCode::new(status).unwrap());
        self.layer.respond(&mut self.wire, id, &response);
    }

    /// Lets time pass; says when something was sent, in milliseconds from now, and what came of requests.
    fn pass(&mut self, time: Duration) -> (Vec<u128>, Vec<Outcome>) {
        let (began, until) = (self.wire.now, self.wire.now + time);
        let (mut sent, mut outcomes) = (vec![], vec![]);
        while let Some(next) = self.wire.timers.next_deadline().filter(|next| *next <= until) {
            self.wire.now = next;
            while let Some(due) = self.wire.timers.pop_due(next) {
                match due {
                    Due::Client(id, timer) => {
                        let reply = self.layer.on_client_timer(&mut self.wire, id, timer);
                        outcomes.extend(reply.map(|reply| reply.outcome));
                    }
                    Due::Server(id, timer) => self.layer.on_server_timer(&mut self.wire, id, timer),
                    _ => unreachable!(),
                }
            }
            sent.extend(self.sent().iter().map(|_| self.wire.now.since(began).as_millis()));
        }
        self.wire.now = until;
        (sent, outcomes)
    }

    fn sent(&mut self) -> Vec<Message> {
        let mut sent = vec![];
        while let Output::Send(transmit) = self.wire.poll() {
            sent.push(parsed(&transmit.bytes));
        }
        sent
    }

    fn is_empty(&self) -> bool {
        self.layer.clients.is_empty()
            && self.layer.client_ids.is_empty()
            && self.layer.servers.is_empty()
            && self.layer.server_ids.is_empty()
            && self.wire.timers.next_deadline().is_none()
    }
}

fn request(method: Method) -> Request {
    let mut request = Request::new(method.clone(), "sip:b@example.org".parse().unwrap());
    for (name, value) in [
        ("Via", "SIP/2.0/UDP 192.0.2.20:5070;branch=z9hG4bKabc;rport"),
        ("Route", "<sip:edge.example.org;lr>"),
        ("From", "<sip:a@example.org>;tag=ours"),
        ("To", "<sip:b@example.org>"),
        ("Call-ID", "call-1"),
    ] {
        request.headers.push(name, value);
    }
    request.headers.push("CSeq", format!("7 {method}"));
    request
}

#[test]
fn timer_a_doubles_and_timer_b_ends_a_call_nobody_answers() {
    let mut rig = Rig::new(Transport::Udp);
    rig.send(&request(Method::Invite));
    assert_eq!(rig.sent().len(), 1);
    let (sent, outcomes) = rig.pass(secs(60));
    assert_eq!(sent, [500, 1500, 3500, 7500, 15500, 31500]);
    assert!(matches!(outcomes[..], [Outcome::TimedOut]));
    assert!(rig.is_empty());
}

#[test]
fn timer_b_stops_at_the_first_provisional_response() {
    let mut rig = Rig::new(Transport::Udp);
    let invite = request(Method::Invite);
    rig.send(&invite);
    assert!(matches!(rig.hear(&invite, 100), Some(Outcome::Response(_))));
    rig.sent();
    let (sent, outcomes) = rig.pass(secs(600));
    assert!(sent.is_empty() && outcomes.is_empty());
    assert!(matches!(rig.hear(&invite, 200), Some(Outcome::Response(_))));
}

#[test]
fn a_refusal_is_acknowledged_by_the_transaction_and_again_when_repeated() {
    let mut rig = Rig::new(Transport::Udp);
    let invite = request(Method::Invite);
    rig.send(&invite);
    rig.sent();
    assert!(matches!(rig.hear(&invite, 486), Some(Outcome::Response(_))));
    let [Message::Request(ack)] = &rig.sent()[..] else { panic!() };
    assert_eq!(ack.method, Method::Ack);
    assert_eq!(ack.uri, invite.uri);
    for name in ["Via", "Route", "From", "Call-ID"] {
        assert_eq!(ack.headers.first(name), invite.headers.first(name), "{name}");
    }
    assert_eq!(ack.headers.require::<To>().unwrap().tag(), Some("theirs"));
    assert_eq!(ack.headers.first("CSeq"), Some("7 ACK"));
    assert!(rig.hear(&invite, 486).is_none(), "told once");
    assert_eq!(rig.sent().len(), 1, "acknowledged twice");
    let (sent, _) = rig.pass(secs(31));
    assert!(sent.is_empty());
    assert!(!rig.is_empty(), "Timer D: 32 s over UDP");
    rig.pass(secs(2));
    assert!(rig.is_empty());
}

#[test]
fn every_2xx_goes_up_until_timer_m() {
    let mut rig = Rig::new(Transport::Udp);
    let invite = request(Method::Invite);
    rig.send(&invite);
    rig.sent();
    for _ in 0..3 {
        assert!(matches!(rig.hear(&invite, 200), Some(Outcome::Response(_))));
    }
    assert!(rig.sent().is_empty(), "the ACK is not the transaction's");
    assert!(rig.hear(&invite, 486).is_none() && rig.hear(&invite, 180).is_none());
    rig.pass(ms(31_900));
    assert!(matches!(rig.hear(&invite, 200), Some(Outcome::Response(_))));
    rig.pass(secs(1));
    assert!(rig.hear(&invite, 200).is_none());
    assert!(rig.is_empty());
}

#[test]
fn timer_e_doubles_up_to_t2_and_timer_f_ends_it() {
    let mut rig = Rig::new(Transport::Udp);
    rig.send(&request(Method::Options));
    rig.sent();
    let (sent, outcomes) = rig.pass(secs(40));
    assert_eq!(sent, [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
    assert!(matches!(outcomes[..], [Outcome::TimedOut]));
    assert!(rig.is_empty());
}

#[test]
fn a_provisional_response_slows_the_repetition_of_other_requests() {
    let mut rig = Rig::new(Transport::Udp);
    let bye = request(Method::Bye);
    rig.send(&bye);
    rig.sent();
    rig.hear(&bye, 100);
    let (sent, outcomes) = rig.pass(secs(40));
    assert_eq!(sent[..3], [500, 4500, 8500]);
    assert!(matches!(outcomes[..], [Outcome::TimedOut]), "Timer F runs on");
}

#[test]
fn a_final_response_is_told_once_and_its_repetitions_absorbed_for_t4() {
    let mut rig = Rig::new(Transport::Udp);
    let bye = request(Method::Bye);
    rig.send(&bye);
    rig.sent();
    assert!(rig.hear(&bye, 200).is_some());
    assert!(rig.hear(&bye, 200).is_none());
    let (sent, _) = rig.pass(ms(4_900));
    assert!(sent.is_empty() && !rig.is_empty());
    rig.pass(ms(200));
    assert!(rig.is_empty(), "Timer K");
}

#[test]
fn a_reliable_transport_needs_no_repetition_nor_lingering() {
    let mut rig = Rig::new(Transport::Tcp);
    for method in [Method::Invite, Method::Options] {
        rig.send(&request(method));
    }
    rig.sent();
    let (sent, outcomes) = rig.pass(secs(33));
    assert!(sent.is_empty());
    assert_eq!(outcomes.len(), 2);
    let options = request(Method::Options);
    rig.send(&options);
    rig.hear(&options, 200);
    rig.pass(ms(1));
    assert!(rig.is_empty());
    let invite = request(Method::Invite);
    let id = rig.open(&invite);
    rig.respond(id, &invite, 486);
    rig.sent();
    assert!(rig.pass(secs(31)).0.is_empty(), "no Timer G");
}

#[test]
fn an_unreachable_peer_fails_what_waits_for_a_first_answer_from_there() {
    let mut rig = Rig::new(Transport::Udp);
    let options = request(Method::Options);
    rig.send(&options);
    let others =
        [Hop { to: address("192.0.2.99:5060"), ..rig.hop }, Hop { transport: Transport::Tcp, ..rig.hop }];
    for other in others {
        assert!(rig.unreachable(other, Transport::Udp).is_empty(), "{other:?}");
    }
    let failed = rig.unreachable(rig.hop, Transport::Udp);
    assert!(matches!(failed[..], [Reply { outcome: Outcome::Unreachable, .. }]));
    assert!(rig.is_empty());
}

#[test]
fn a_goodbye_by_udp_is_repeated_whatever_the_network_says_until_its_time_is_up() {
    for method in [Method::Bye, Method::Cancel] {
        let mut rig = Rig::new(Transport::Udp);
        let goodbye = request(method.clone());
        rig.send(&goodbye);
        rig.sent();
        let mut repeated = vec![];
        for second in 0..4 {
            assert!(rig.unreachable(rig.hop, Transport::Udp).is_empty(), "{method}");
            repeated.extend(rig.pass(secs(1)).0.into_iter().map(|at| second * 1_000 + at));
        }
        assert_eq!(repeated, [500, 1500, 3500], "{method}");
        assert!(matches!(rig.hear(&goodbye, 200), Some(Outcome::Response(_))), "{method}: it has come back");
        let never = request(method.clone());
        rig.pass(secs(6));
        rig.send(&never);
        assert!(rig.unreachable(rig.hop, Transport::Udp).is_empty(), "{method}");
        assert!(matches!(rig.pass(secs(33)).1[..], [Outcome::TimedOut]), "{method}: for ever");
        assert!(rig.is_empty());
    }
}

#[test]
fn a_connection_that_breaks_fails_the_call_that_rings_over_it() {
    for (transport, fails) in [(Transport::Udp, false), (Transport::Tcp, true)] {
        let mut rig = Rig::new(transport);
        let invite = request(Method::Invite);
        rig.send(&invite);
        rig.hear(&invite, 180);
        assert_eq!(rig.unreachable(rig.hop, transport).len(), usize::from(fails), "{transport:?}");
    }
}

#[test]
fn what_tcp_refused_is_sent_by_udp_with_the_same_branch_and_repeated_there() {
    for method in [Method::Invite, Method::Options] {
        let mut rig = Rig::new(Transport::Tcp);
        let large = request(method.clone());
        let id = rig.send(&large);
        rig.sent();
        assert!(rig.unreachable(rig.hop, Transport::Udp).is_empty(), "nobody needs to know");
        let Output::Send(again) = rig.wire.poll() else { panic!("not sent again") };
        assert_eq!(again.transport, Transport::Udp);
        let Message::Request(again) = parsed(&again.bytes) else { panic!() };
        let via = again.headers.first("Via").unwrap();
        assert!(via.starts_with("SIP/2.0/UDP ") && via.contains("branch=z9hG4bKabc"), "{via}");
        assert_eq!(rig.pass(secs(2)).0, [500, 1500]);
        let (sent, _) = rig.layer.sent(id).unwrap();
        assert_eq!(sent.headers.first("Via"), again.headers.first("Via"), "a CANCEL goes the same way");
        assert!(rig.hear(&large, 200).is_some());
    }
}

/// What is sent over a connection beside UDP, for its size (None) or because Route or Contact say so.
fn by_tcp(method: &Method, wish: Option<&str>) -> Request {
    let mut request = request(method.clone());
    let via = request.headers.first("Via").unwrap().replace("UDP", "TCP");
    request.headers.remove("Via");
    request.headers.push("Via", via);
    match wish {
        Some("Route") => {
            request.headers.remove("Route");
            request.headers.push("Route", "<sip:edge.example.org;transport=tcp;lr>");
        }
        Some("Contact") => {
            request.headers.remove("Route");
            request.uri.params.set("transport", Some("TCP"));
        }
        _ => {}
    }
    request
}

#[test]
fn what_is_under_way_on_a_lost_connection_goes_another_way_or_fails_at_once() {
    use Transport::{Tcp, Udp};
    for (method, wish, loss, usual, way) in [
        (Method::Bye, None, Loss::Unreachable, Udp, Some(Udp)),
        (Method::Bye, None, Loss::Closed, Udp, Some(Udp)),
        (Method::Bye, None, Loss::Left, Udp, Some(Udp)),
        (Method::Bye, Some("Contact"), Loss::Closed, Udp, Some(Tcp)),
        (Method::Bye, Some("Route"), Loss::Closed, Udp, Some(Tcp)),
        (Method::Bye, Some("Route"), Loss::Left, Udp, Some(Tcp)),
        (Method::Bye, None, Loss::Closed, Tcp, Some(Tcp)),
        (Method::Bye, None, Loss::Left, Tcp, Some(Tcp)),
        (Method::Cancel, Some("Contact"), Loss::Left, Udp, Some(Tcp)),
        (Method::Cancel, Some("Route"), Loss::Closed, Udp, Some(Tcp)),
        (Method::Prack, Some("Contact"), Loss::Closed, Udp, Some(Tcp)),
        (Method::Invite, None, Loss::Closed, Udp, Some(Udp)),
        (Method::Invite, None, Loss::Left, Udp, Some(Udp)),
        (Method::Invite, None, Loss::Left, Tcp, None),
        (Method::Invite, Some("Contact"), Loss::Closed, Udp, None),
        (Method::Invite, Some("Contact"), Loss::Left, Udp, None),
        (Method::Invite, Some("Route"), Loss::Closed, Udp, None),
        (Method::Invite, None, Loss::Closed, Tcp, None),
        (Method::Info, Some("Contact"), Loss::Closed, Udp, None),
    ] {
        let what = format!("{method} {wish:?} {loss:?} {usual:?}");
        let mut rig = Rig::new(Tcp);
        let sent = by_tcp(&method, wish);
        rig.send(&sent);
        rig.sent();
        let failed = rig.lose(rig.hop, loss, usual);
        let unreachable = matches!(failed[..], [Reply { outcome: Outcome::Unreachable, .. }]);
        assert_eq!(unreachable, way.is_none(), "{what}");
        let Output::Send(again) = rig.wire.poll() else {
            assert!(way.is_none(), "{what}: neither sent again nor failed");
            assert!(rig.pass(PATIENCE).0.is_empty() && rig.is_empty(), "{what}: more than listened for");
            continue;
        };
        assert_eq!(Some(again.transport), way, "{what}");
        if way == Some(Tcp) {
            assert_eq!(
                parsed(&again.bytes),
                Message::Request(sent),
                "{what}: the other side may have it already"
            );
            assert!(rig.pass(secs(5)).0.is_empty(), "{what}: repeated over a connection");
        }
    }
}

#[test]
fn what_must_arrive_is_tried_over_one_connection_after_another_for_32_s() {
    for method in [Method::Bye, Method::Cancel, Method::Prack] {
        for (first, tries) in [(Loss::Unreachable, 16), (Loss::Closed, 17)] {
            let mut rig = Rig::new(Transport::Tcp);
            let sent = by_tcp(&method, Some("Contact"));
            rig.send(&sent);
            assert!(rig.lose(rig.hop, first, Transport::Udp).is_empty());
            let (mut said, mut ends) = (rig.sent().len(), vec![]);
            for _ in 0..20 {
                assert!(rig.lose(rig.hop, first, Transport::Udp).is_empty(), "{method} {first:?}");
                assert!(rig.sent().is_empty(), "{method} {first:?}: a storm of connections");
                let (again, outcomes) = rig.pass(ANEW_AFTER);
                said += again.len();
                ends.extend(outcomes);
            }
            assert!(matches!(ends[..], [Outcome::TimedOut]), "{method} {first:?}: {ends:?}");
            assert_eq!(said, tries, "{method} {first:?}");
            assert!(rig.is_empty());
        }
    }
}

#[test]
fn an_invite_whose_connection_broke_still_hears_its_answer() {
    for ringing in [false, true] {
        for loss in [Loss::Closed, Loss::Left] {
            let mut rig = Rig::new(Transport::Tcp);
            let invite = by_tcp(&Method::Invite, None);
            rig.send(&invite);
            let _ = ringing.then(|| rig.hear(&invite, 180));
            assert_eq!(rig.lose(rig.hop, loss, Transport::Tcp).len(), 1);
            assert!(rig.lose(rig.hop, loss, Transport::Tcp).is_empty(), "failed once");
            rig.pass(secs(31));
            for _ in 0..2 {
                assert!(matches!(rig.hear(&invite, 200), Some(Outcome::Response(_))), "{ringing} {loss:?}");
            }
            rig.pass(PATIENCE);
            assert!(rig.is_empty());
        }
    }
}

#[test]
fn an_invite_that_no_connection_could_be_made_for_waits_for_nothing() {
    let mut rig = Rig::new(Transport::Tcp);
    rig.send(&by_tcp(&Method::Invite, Some("Contact")));
    assert_eq!(rig.lose(rig.hop, Loss::Unreachable, Transport::Udp).len(), 1);
    assert!(rig.is_empty());
}

#[test]
fn both_transports_live_side_by_side() {
    let mut rig = Rig::new(Transport::Udp);
    rig.send(&request(Method::Options));
    let mut large = request(Method::Invite);
    let via = large.headers.first("Via").unwrap().replace("UDP", "TCP").replace("abc", "large");
    large.headers.remove("Via");
    large.headers.push("Via", via);
    rig.layer.send(&mut rig.wire, "large", large, Hop { transport: Transport::Tcp, ..rig.hop }, 0);
    rig.sent();
    assert_eq!(rig.pass(secs(4)).0, [500, 1500, 3500], "the OPTIONS alone is repeated");
}

#[test]
fn responses_of_another_branch_sender_or_method_belong_to_nobody() {
    let mut rig = Rig::new(Transport::Udp);
    let invite = request(Method::Invite);
    rig.send(&invite);
    for (from, to) in [("z9hG4bKabc", "z9hG4bKabd"), ("192.0.2.20", "192.0.2.21"), (":5070", ":5071")] {
        let mut other = invite.clone();
        let via = invite.headers.first("Via").unwrap().replace(from, to);
        other.headers.remove("Via");
        other.headers.push("Via", via);
        assert!(rig.hear(&other, 200).is_none(), "{to}");
    }
    let cancel = request(Method::Cancel);
    assert!(rig.hear(&cancel, 200).is_none(), "same branch, other method");
    assert!(rig.hear(&invite, 200).is_some());
}

#[test]
fn a_repeated_invite_gets_the_last_provisional_response_again() {
    let mut rig = Rig::new(Transport::Udp);
    let invite = request(Method::Invite);
    let id = rig.open(&invite);
    rig.respond(id, &invite, 180);
    rig.sent();
    assert_eq!(rig.layer.on_request(&mut rig.wire, &invite), Inbound::Absorbed);
    assert!(matches!(&rig.sent()[..], [Message::Response(r)] if r.status == StatusCode::RINGING));
}

#[test]
fn an_invite_left_alone_for_200_ms_is_told_100() {
    let mut rig = Rig::new(Transport::Udp);
    rig.open(&request(Method::Invite));
    assert_eq!(rig.pass(secs(1)).0, [200]);
}

#[test]
fn a_refusal_is_repeated_by_timer_g_until_the_ack_which_is_folded_onto_the_invite() {
    let mut rig = Rig::new(Transport::Udp);
    let invite = request(Method::Invite);
    let id = rig.open(&invite);
    rig.respond(id, &invite, 486);
    rig.sent();
    assert_eq!(rig.pass(secs(8)).0, [500, 1500, 3500, 7500]);
    assert_eq!(rig.layer.on_request(&mut rig.wire, &request(Method::Ack)), Inbound::Absorbed);
    assert!(rig.pass(ms(4_900)).0.is_empty());
    assert_eq!(rig.layer.on_request(&mut rig.wire, &request(Method::Ack)), Inbound::Absorbed);
    rig.pass(ms(200));
    assert!(rig.is_empty(), "Timer I");
}

#[test]
fn without_an_ack_timer_h_gives_up() {
    let mut rig = Rig::new(Transport::Udp);
    let invite = request(Method::Invite);
    let id = rig.open(&invite);
    rig.respond(id, &invite, 486);
    rig.sent();
    let (sent, _) = rig.pass(secs(40));
    assert_eq!(sent.last(), Some(&31_500));
    assert!(rig.is_empty());
}

#[test]
fn after_a_2xx_repeated_invites_end_in_the_accepted_state_and_2xx_may_be_repeated() {
    let mut rig = Rig::new(Transport::Udp);
    let invite = request(Method::Invite);
    let id = rig.open(&invite);
    rig.respond(id, &invite, 200);
    assert_eq!(rig.sent().len(), 1);
    assert_eq!(rig.layer.on_request(&mut rig.wire, &invite), Inbound::Absorbed);
    assert!(rig.sent().is_empty());
    rig.respond(id, &invite, 200);
    assert_eq!(rig.sent().len(), 1);
    rig.respond(id, &invite, 486);
    assert!(rig.sent().is_empty(), "no refusal after a 2xx");
    assert!(!rig.layer.is_pending(id));
    assert_eq!(rig.layer.on_request(&mut rig.wire, &request(Method::Ack)), Inbound::New, "is the core's");
    rig.pass(secs(33));
    assert!(rig.is_empty(), "Timer L");
}

#[test]
fn a_repeated_request_gets_the_same_response_for_32_s() {
    let mut rig = Rig::new(Transport::Udp);
    let bye = request(Method::Bye);
    let id = rig.open(&bye);
    assert_eq!(rig.layer.on_request(&mut rig.wire, &bye), Inbound::Absorbed);
    assert!(rig.sent().is_empty(), "nothing to repeat yet");
    rig.respond(id, &bye, 200);
    rig.respond(id, &bye, 500);
    assert_eq!(rig.sent().len(), 1, "one final response");
    rig.pass(secs(31));
    assert_eq!(rig.layer.on_request(&mut rig.wire, &bye), Inbound::Absorbed);
    assert_eq!(rig.sent().len(), 1);
    rig.pass(secs(2));
    assert!(rig.is_empty(), "Timer J");
}

#[test]
fn a_cancel_names_the_invite_of_its_branch() {
    let mut rig = Rig::new(Transport::Udp);
    let invite = request(Method::Invite);
    let id = rig.open(&invite);
    let cancel = request(Method::Cancel);
    assert_eq!(rig.layer.on_request(&mut rig.wire, &cancel), Inbound::New, "a transaction of its own");
    assert_eq!(rig.layer.cancelled_by(&cancel), Some(id));
    assert!(rig.layer.is_pending(id));
    let mut other = request(Method::Cancel);
    other.headers.remove("Via");
    other.headers.push("Via", "SIP/2.0/UDP 192.0.2.21:5070;branch=z9hG4bKabc");
    assert_eq!(rig.layer.cancelled_by(&other), None, "another sender's");
}

#[test]
fn the_unwritten_port_of_a_sent_by_is_5060() {
    let mut rig = Rig::new(Transport::Udp);
    let via = |port: &str| {
        let mut invite = request(Method::Invite);
        invite.headers.remove("Via");
        invite.headers.push("Via", format!("SIP/2.0/UDP 192.0.2.20{port};branch=z9hG4bKabc"));
        invite
    };
    rig.open(&via(""));
    assert_eq!(rig.layer.on_request(&mut rig.wire, &via(":5060")), Inbound::Absorbed);
    assert_eq!(rig.layer.on_request(&mut rig.wire, &via(":5061")), Inbound::New);
}

#[test]
fn a_flood_of_requests_is_bounded() {
    let mut rig = Rig::new(Transport::Udp);
    for n in 0..2_000 {
        let mut options = request(Method::Options);
        options.headers.remove("Via");
        options.headers.push("Via", format!("SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK{n}"));
        rig.layer.open(&mut rig.wire, &options, rig.hop);
    }
    assert_eq!(rig.layer.servers.len(), MAX_SERVER_TRANSACTIONS);
    rig.wire.now = Instant::START + secs(200);
    rig.pass(secs(1));
    assert!(rig.is_empty());
}
