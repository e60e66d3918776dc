//! 3xx: refused, or followed with care.

use crate::sip::message::{Method, Request};
use crate::sip::testing::{ANSWER, Bench, OFFER, config, seq};
use crate::sip::{EndedBy, Event};

fn following() -> Bench {
    let mut settings = config();
    settings.calls.follow_redirects = true;
    Bench::with(settings)
}

fn dial(bench: &mut Bench, target: &str) -> Request {
    bench.ua.invite(bench.now, target.parse().unwrap(), Some(OFFER.to_vec()));
    bench.request(Method::Invite)
}

fn refuse(bench: &mut Bench, invite: &Request, status: u16, contacts: &str) {
    bench.respond_with(invite, status, &[("Contact", contacts)], b"");
    bench.request(Method::Ack);
}

/// The call is over, with this status.
fn ended(bench: &mut Bench) -> u16 {
    match bench.event() {
        Some(Event::Ended { by: EndedBy::Them, status: Some(status), .. }) => status.code(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nobody_is_sent_on_unless_the_configuration_says_so() {
    let mut bench = Bench::new();
    let invite = dial(&mut bench, "sip:200@pbx.example");
    refuse(&mut bench, &invite, 302, "<sip:201@pbx.example>");
    assert_eq!(ended(&mut bench), 302);
    assert!(bench.is_silent());
}

#[test]
fn the_call_goes_to_the_preferred_place_first_and_then_to_the_others() {
    let mut bench = following();
    let first = dial(&mut bench, "sip:200@pbx.example");
    let contacts = "<sip:low@pbx.example>;q=0.1, <sip:best@pbx.example>, <sip:middle@192.0.2.99>;q=0.5";
    refuse(&mut bench, &first, 302, contacts);
    let best = bench.request(Method::Invite);
    assert_eq!(best.uri.to_string(), "sip:best@pbx.example");
    for name in ["Call-ID", "From", "To"] {
        assert_eq!(best.headers.first(name), first.headers.first(name), "{name}");
    }
    assert_eq!((seq(&best), best.body.as_slice()), (seq(&first) + 1, OFFER));
    refuse(&mut bench, &best, 486, "<sip:ignored@pbx.example>");
    assert_eq!(bench.destination().to_string(), crate::sip::testing::PBX, "never past the PBX");
    let middle = bench.request(Method::Invite);
    assert_eq!(middle.uri.to_string(), "sip:middle@192.0.2.99");
    bench.challenge(&middle);
    bench.request(Method::Ack);
    let again = bench.request(Method::Invite);
    assert_eq!(again.uri, middle.uri, "with credentials to the same place");
    bench.respond_with(&again, 200, &[("Contact", "<sip:192.0.2.10:5060>")], ANSWER);
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Some(Event::Accepted { .. })));
}

#[test]
fn a_circle_is_left() {
    let mut bench = following();
    let first = dial(&mut bench, "sip:200@pbx.example");
    refuse(&mut bench, &first, 302, "<sip:201@pbx.example>");
    let second = bench.request(Method::Invite);
    refuse(&mut bench, &second, 302, "<sip:200@pbx.example>, <sip:201@pbx.example>");
    assert_eq!(ended(&mut bench), 302);
    assert!(bench.is_silent());
}

#[test]
fn five_places_are_tried_and_no_more() {
    let mut bench = following();
    let mut invite = dial(&mut bench, "sip:200@pbx.example");
    for hop in 0..5 {
        refuse(&mut bench, &invite, 302, &format!("<sip:hop{hop}@pbx.example>"));
        invite = bench.request(Method::Invite);
        assert_eq!(invite.uri.user.as_deref(), Some(format!("hop{hop}").as_str()));
    }
    refuse(&mut bench, &invite, 302, "<sip:one-more@pbx.example>");
    assert_eq!(ended(&mut bench), 302);
}

#[test]
fn a_no_for_everybody_ends_the_search() {
    let mut bench = following();
    let first = dial(&mut bench, "sip:200@pbx.example");
    refuse(&mut bench, &first, 300, "<sip:201@pbx.example>, <sip:202@pbx.example>");
    let second = bench.request(Method::Invite);
    refuse(&mut bench, &second, 603, "");
    assert_eq!(ended(&mut bench), 603);
}

#[test]
fn only_what_can_be_called_is_and_never_with_less_secrecy() {
    let mut bench = following();
    let invite = dial(&mut bench, "sip:200@pbx.example");
    refuse(&mut bench, &invite, 302, "<mailto:x@y>, <sip:ok@pbx.example;method=BYE?Subject=x>, <tel:+1>");
    assert_eq!(bench.request(Method::Invite).uri.to_string(), "sip:ok@pbx.example");
    let mut bench = following();
    let invite = dial(&mut bench, "sips:200@pbx.example");
    refuse(&mut bench, &invite, 302, "<sip:open@pbx.example>");
    assert_eq!(ended(&mut bench), 302);
}

#[test]
fn who_hung_up_is_sent_nowhere() {
    let mut bench = following();
    let call = bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), Some(OFFER.to_vec()));
    let invite = bench.request(Method::Invite);
    bench.ua.hang_up(bench.now, call).unwrap();
    bench.forget();
    refuse(&mut bench, &invite, 302, "<sip:201@pbx.example>");
    assert!(bench.is_silent());
}
