//! The 49 messages of RFC 4475. `tests/data/torture/expectations.toml` says what is to become of each.

use crate::{data, message, request, response, verdict};
use patchcord::sip::message::codec::{self, Malformed};
use patchcord::sip::message::{
    Authorization, CSeq, CallId, Contact, Expires, From, Host, MaxForwards, Message, Method, Route, Scheme,
    StatusCode, To, Via,
};
use std::collections::BTreeMap;

#[derive(serde::Deserialize)]
struct Table {
    message: Vec<Row>,
}

#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "read by people; here it must only be there")]
struct Row {
    file: String,
    section: String,
    expect: String,
    why: String,
    then: Option<String>,
}

fn table() -> BTreeMap<String, Row> {
    let text = include_str!("../data/torture/expectations.toml");
    let rows = toml::from_str::<Table>(text).unwrap().message;
    rows.into_iter().map(|row| (row.file.clone(), row)).collect()
}

fn torture(name: &str) -> Vec<u8> {
    data("torture", "dat").into_iter().find(|(found, _)| found == name).unwrap().1
}

#[test]
fn every_message_meets_its_expectation() {
    let (table, messages) = (table(), data("torture", "dat"));
    assert_eq!((table.len(), messages.len()), (49, 49));
    for (name, octets) in &messages {
        assert_eq!(verdict(octets), table[name].expect, "{name}: {}", table[name].why);
    }
}

/// What is accepted is also usable: each field that every element reads can be read.
#[test]
fn every_accepted_message_gives_its_typed_fields() {
    for (name, octets) in data("torture", "dat").iter().filter(|(_, octets)| verdict(octets) == "accept") {
        let message = message(octets);
        let headers = message.headers();
        assert!(!headers.typed_all::<Via>().unwrap().is_empty(), "{name}");
        headers.require::<From>().unwrap();
        headers.require::<To>().unwrap();
        headers.require::<CSeq>().unwrap();
        headers.require::<CallId>().unwrap();
        headers.typed::<MaxForwards>().unwrap();
        headers.typed::<Expires>().unwrap();
        headers.typed_all::<Contact>().unwrap_or_else(|error| panic!("{name}: {error}"));
        headers.typed_all::<Route>().unwrap();
    }
}

#[test]
fn every_accepted_message_survives_printing() {
    for (name, octets) in data("torture", "dat").iter().filter(|(_, octets)| verdict(octets) == "accept") {
        let first = message(octets);
        assert_eq!(message(&first.to_bytes()), first, "{name}");
    }
}

/// The response of a refusal is itself a message that its sender can match.
#[test]
fn every_refusal_can_be_sent() {
    let mut refused = 0;
    for (name, octets) in data("torture", "dat") {
        let Err(Malformed::Refuse(rejection)) = codec::parse(&octets) else { continue };
        let answer = rejection.request.response(rejection.status);
        let text = String::from_utf8(answer.to_bytes()).unwrap();
        assert!(text.starts_with(&format!("SIP/2.0 {} ", rejection.status)), "{name}: {text}");
        for field in ["Via: ", "From: ", "To: ", "Call-ID: ", "CSeq: ", "Content-Length: 0"] {
            assert!(text.contains(field), "{name}: {text}");
        }
        refused += 1;
    }
    assert_eq!(refused, 17);
}

#[test]
fn wsinv_reads_as_a_plain_invite() {
    let invite = request(&torture("wsinv"));
    let to = invite.headers.require::<To>().unwrap();
    assert_eq!(to.tag(), Some("1918181833n"));
    let from = invite.headers.require::<From>().unwrap();
    assert_eq!((from.display.as_deref(), from.tag()), (Some(r#"J Rosenberg \""#), Some("98asjd8")));
    assert_eq!(invite.headers.require::<MaxForwards>().unwrap(), MaxForwards(68));
    assert_eq!(invite.headers.require::<CSeq>().unwrap(), CSeq::new(9, Method::Invite));
    let vias = invite.headers.typed_all::<Via>().unwrap();
    let branches: Vec<_> = vias.iter().map(|via| via.branch().unwrap()).collect();
    assert_eq!(branches, ["390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"]);
    assert_eq!(vias.iter().map(Via::has_cookie).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!(invite.headers.first("NewFangledHeader"), Some("newfangled value continued newfangled value"));
    assert_eq!(invite.headers.first("Subject"), Some(""));
    let contact = invite.headers.require::<Contact>().unwrap();
    assert_eq!(
        (contact.q(), contact.addr().unwrap().display.as_deref()),
        (Some(330), Some(r#"Quoted string """#))
    );
    assert_eq!(invite.body.len(), 150);
    assert_eq!(invite.uri.params.0, [("unknownparam".to_owned(), None)]);
}

#[test]
fn intmeth_keeps_the_odd_characters() {
    let message = request(&torture("intmeth"));
    assert_eq!(message.method, Method::Other("!interesting-Method0123456789_*+`.%indeed'~".into()));
    assert_eq!(message.uri.user.as_deref(), Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"));
    assert_eq!(message.uri.password.as_deref(), Some("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"));
    let from = message.headers.require::<From>().unwrap();
    assert_eq!(from.display.as_deref(), Some("token1~` token2'+_ token3*%!.-"));
    assert_eq!(from.params.get("fromParam''~+*_!.-%"), Some("работающий"));
    assert_eq!(from.tag(), Some("_token~1'+`*%!-."));
}

#[test]
fn escapes_are_read_once_and_only_where_they_are_escapes() {
    let invite = request(&torture("esc01"));
    assert_eq!(invite.uri.user.as_deref(), Some("sips:user@example.com"));
    assert_eq!(invite.headers.require::<To>().unwrap().uri.user.as_deref(), Some("user"));
    assert_eq!(invite.headers.require::<From>().unwrap().uri.user.as_deref(), Some("I have spaces"));
    let contact = invite.headers.require::<Contact>().unwrap();
    let uri = &contact.addr().unwrap().uri;
    assert!(uri.is_loose(), "the parameter name is an escaped lr");
    assert_eq!(uri.params.get("name"), Some("value%2541"), "%25 is a percent sign, not the start of %41");
    assert_eq!(uri, &"sip:caller@host5.example.net;lr;name=value%2541".parse().unwrap());

    let other = request(&torture("esc02"));
    assert_ne!(other.method, Method::Register);
    assert_eq!(other.headers.require::<To>().unwrap().display.as_deref(), Some("%Z%45"));
    assert_eq!(other.headers.all("Contact").count(), 2);
}

#[test]
fn an_escaped_nul_does_not_end_a_user_part() {
    let register = request(&torture("escnull"));
    assert_eq!(register.headers.require::<To>().unwrap().uri.user.as_deref(), Some("null-\0-null"));
    let contacts = register.headers.typed_all::<Contact>().unwrap();
    let users: Vec<_> =
        contacts.iter().map(|contact| contact.addr().unwrap().uri.user.clone().unwrap()).collect();
    assert_eq!(users, ["\0", "\0\0"]);
    assert!(!register.to_bytes().contains(&0));
}

#[test]
fn octets_behind_the_body_are_no_part_of_it() {
    let register = request(&torture("dblreq"));
    assert_eq!((register.method, register.body.len()), (Method::Register, 0));
    assert_eq!(register.headers.require::<CallId>().unwrap().0, "dblreq.0ha0isndaksdj99sdfafnl3lk233412");
}

#[test]
fn semicolons_in_the_user_part_are_its_own() {
    let options = request(&torture("semiuri"));
    assert_eq!(options.uri.user.as_deref(), Some("user;par=u@example.net"));
    assert_eq!(options.uri.host, Host::Name("example.com".into()));
    assert_eq!(options.headers.tokens("Accept").count(), 6);
}

#[test]
fn a_binary_body_stays_as_it_is() {
    let octets = torture("mpart01");
    let message = request(&octets);
    assert!(octets.ends_with(&message.body) && message.body.len() == 553);
    assert!(message.to_bytes().ends_with(&message.body));
}

#[test]
fn reasons_are_text_or_nothing() {
    let unusual = response(&torture("unreason"));
    assert_eq!(unusual.reason, "= 2**3 * 5**2 но сто девяносто девять - простое");
    let empty = response(&torture("noreason"));
    assert_eq!((empty.status, empty.reason.as_str()), (StatusCode::TRYING, ""));
}

#[test]
fn the_cookie_alone_is_no_transaction_key() {
    let via = request(&torture("badbranch")).headers.require::<Via>().unwrap();
    assert_eq!((via.branch(), via.has_cookie()), (Some("z9hG4bK"), false));
    assert!(request(&torture("inv2543")).headers.require::<Via>().unwrap().branch().is_none());
}

#[test]
fn parameters_belong_to_the_side_of_the_bracket_they_stand_on() {
    let outside = request(&torture("cparam01")).headers.require::<Contact>().unwrap();
    let inside = request(&torture("cparam02")).headers.require::<Contact>().unwrap();
    let (outside, inside) = (outside.addr().unwrap(), inside.addr().unwrap());
    assert!(outside.params.has("unknownparam") && !outside.uri.params.has("unknownparam"));
    assert!(!inside.params.has("unknownparam") && inside.uri.params.has("unknownparam"));
    let escaped = request(&torture("regescrt")).headers.require::<Contact>().unwrap();
    assert_eq!(escaped.addr().unwrap().uri.header("route").as_deref(), Some("<sip:sip.example.com>"));
}

#[test]
fn unknown_schemes_are_kept() {
    let register = request(&torture("unksm2"));
    let to = register.headers.require::<To>().unwrap();
    assert_eq!((&to.uri.scheme, to.uri.user.as_deref()), (&Scheme::Other("isbn".into()), Some("2983792873")));
    assert_eq!(
        register.headers.require::<From>().unwrap().to_string(),
        "<http://www.example.com>;tag=3234233"
    );
    let credentials = request(&torture("regaut01")).headers.require::<Authorization>().unwrap();
    assert_eq!(
        (credentials.scheme.as_str(), credentials.get("opaque-data")),
        ("NoOneKnowsThisScheme", Some("here"))
    );
}

#[test]
fn display_names_that_should_have_been_quoted_are_read() {
    let options = request(&torture("baddn"));
    assert_eq!(options.headers.require::<From>().unwrap().display.as_deref(), Some("Bell, Alexander"));
    let spaced = request(&torture("badaspec")).headers.require::<To>().unwrap();
    assert_eq!(spaced.uri, "sip:t.watson@example.org".parse().unwrap());
}

#[test]
fn transports_that_we_do_not_speak_are_read() {
    let Message::Request(options) = message(&torture("transports")) else { panic!() };
    let vias = options.headers.typed_all::<Via>().unwrap();
    let transports: Vec<_> = vias.iter().map(|via| via.transport.0.as_str()).collect();
    assert_eq!(transports, ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
}
