//! Messages made to cost work: each meets a limit instead, and what is long but harmless is read.

use crate::exercise::exercise;
use crate::{invite_with, verdict};
use patchcord::sip::message::codec::{self, MAX_HEADERS, MAX_LINE, MAX_MESSAGE, Malformed};
use patchcord::sip::message::{Headers, Route, Typed, Uri, Via, WwwAuthenticate};

fn fault(octets: &[u8]) -> (&'static str, &'static str) {
    match codec::parse(octets) {
        Err(Malformed::Refuse(rejection)) => (rejection.error.field, rejection.error.fault),
        Err(Malformed::Discard(error)) => (error.field, error.fault),
        Ok(_) => ("", ""),
    }
}

#[test]
fn a_message_beyond_the_largest_datagram_is_dropped() {
    let mut octets = invite_with("");
    octets.resize(MAX_MESSAGE, b'x');
    assert_eq!(verdict(&octets), "accept");
    octets.push(b'x');
    assert_eq!((verdict(&octets).as_str(), fault(&octets)), ("discard", ("message", "too long")));
}

#[test]
fn eight_thousand_vias_meet_a_limit() {
    let lines = invite_with(&"v: SIP/2.0/UDP a\n".repeat(8_000));
    assert_eq!(fault(&lines), ("message", "too long"));
    let lines = invite_with(&"v:SIP/2.0/UDP a\n".repeat(3_000));
    assert_eq!((verdict(&lines).as_str(), fault(&lines)), ("refuse 400", ("header", "too many")));
    let list = invite_with(&format!("v: {}\n", "SIP/2.0/UDP a,".repeat(3_000)));
    assert_eq!(fault(&list), ("header", "too long"));
    let short_list = invite_with(&format!("v: {}\n", "SIP/2.0/UDP a,".repeat(400)));
    assert_eq!(fault(&short_list), ("Via", "too many elements"));
}

#[test]
fn as_many_headers_as_the_limit_says_are_read() {
    let free = MAX_HEADERS - 6;
    assert_eq!(verdict(&invite_with(&"Q: y\n".repeat(free))), "accept");
    assert_eq!(fault(&invite_with(&"Q: y\n".repeat(free + 1))), ("header", "too many"));
}

#[test]
fn a_field_is_as_long_as_the_limit_says_folded_or_not() {
    let value = "y".repeat(MAX_LINE - 3);
    assert_eq!(verdict(&invite_with(&format!("Q: {value}\n"))), "accept");
    assert_eq!(fault(&invite_with(&format!("Q: {value}y\n"))), ("header", "too long"));
    assert_eq!(fault(&invite_with(&format!("Q: y\n{}", " y\n".repeat(MAX_LINE)))), ("header", "too long"));
}

#[test]
fn a_request_uri_too_long_is_said_so() {
    let octets = String::from_utf8(invite_with("")).unwrap();
    let octets = octets.replacen("operator1", &"o".repeat(MAX_LINE), 1);
    assert_eq!(verdict(octets.as_bytes()), "refuse 414");
}

#[test]
fn lists_within_a_field_are_limited() {
    let many = |text: &str| text.repeat(2_000);
    assert!(Via::parse(&format!("SIP/2.0/UDP a{}", many(";x=y"))).is_err());
    assert!(Route::parse(&format!("<sip:a>{}", many(";x=y"))).is_err());
    assert!(format!("sip:a{}", many(";x=y")).parse::<Uri>().is_err());
    assert!(format!("sip:a?{}", many("x=y&")).parse::<Uri>().is_err());
    assert!(WwwAuthenticate::parse(&format!("Digest {}", many("x=y,"))).is_err());
    let mut headers = Headers::default();
    headers.push("Route", many("<sip:a>,"));
    assert!(headers.typed::<Route>().is_err() && headers.typed_all::<Route>().is_err());
}

/// Shapes that cost a careless parser the square of their length. Nothing is measured here: what takes a
/// hundred times too long shows by itself.
#[test]
fn long_shapes_are_read_in_passing() {
    for shape in [
        "\"", "\\", "<", ";", ",", "%", "%41", "a b", "(", "=", "\"a\",", "a=\"b\",", "<a>,", "@", ":", "[",
        "\t",
    ] {
        let value = shape.repeat((MAX_LINE - 16) / shape.len());
        for name in ["Via", "From", "Contact", "Route", "WWW-Authenticate", "Reason", "Subject", "Privacy"] {
            let fields = format!("{name}: {value}\n").repeat(7);
            exercise(&invite_with(&fields));
        }
    }
    exercise(&vec![b'\n'; MAX_MESSAGE]);
    exercise(&vec![b'a'; MAX_MESSAGE]);
    exercise(&invite_with(&"\n ".repeat(30_000)));
    exercise(&invite_with(&"\r".repeat(30_000)));
    exercise(&invite_with(&":\n".repeat(30_000)));
}
