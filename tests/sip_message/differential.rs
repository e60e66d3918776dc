//! What `rsip`, a parser that shares no code with ours, reads in the same octets. Where the two differ, the list
//! below says so: each entry is a reason why its types are not the project's.

use crate::{data, message, verdict};
use patchcord::sip::message::{Message, Name, NameAddr, Typed};
use rsip::headers::{ToTypedHeader, UntypedHeader};
use rsip::message::HeadersExt;
use std::collections::BTreeSet;

/// Read by us, refused by it: folding, blanks before a colon or behind the request line, methods it does not
/// know, escapes and `;` in user parts.
const ONLY_OURS: [&str; 7] = ["esc01", "esc02", "intmeth", "longreq", "semiuri", "trws", "wsinv"];

/// Refused by us, read by it: lengths, counts and fields are not compared with one another, and the header grammars
/// wait until somebody asks.
const ONLY_THEIRS: [&str; 12] = [
    "badinv01",
    "clerr",
    "insuf",
    "ltgtruri",
    "mcl01",
    "mismatch01",
    "multi01",
    "ncl",
    "novelsc",
    "quotbal",
    "regbadct",
    "scalarlg",
];

/// Read by both, but not the same: its body does not end where Content-Length says.
const READ_DIFFERENTLY: [&str; 1] = ["dblreq"];

fn all() -> Vec<(String, Vec<u8>)> {
    data("torture", "dat").into_iter().chain(data("traces", "sip")).collect()
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

fn theirs(octets: &[u8]) -> Option<rsip::SipMessage> {
    rsip::SipMessage::try_from(octets).ok()
}

#[test]
fn both_take_the_same_messages_but_for_the_listed_ones() {
    let (mut only_ours, mut only_theirs) = (BTreeSet::new(), BTreeSet::new());
    for (name, octets) in all() {
        match (verdict(&octets) == "accept", theirs(&octets).is_some()) {
            (true, false) => only_ours.insert(name),
            (false, true) => only_theirs.insert(name),
            _ => continue,
        };
    }
    assert_eq!((only_ours, only_theirs), (names(&ONLY_OURS), names(&ONLY_THEIRS)));
}

/// Start line, headers in order, body. Its compact names are expanded first, and it writes `transport=tls` in
/// capitals and leaves quotes around display names: known, and harmless.
#[test]
fn both_read_the_same_but_for_the_listed_ones() {
    let mut different = BTreeSet::new();
    let mut compared = 0;
    for (name, octets) in all().into_iter().filter(|(_, octets)| verdict(octets) == "accept") {
        let Some(theirs) = theirs(&octets) else { continue };
        let ours = message(&octets);
        compared += 1;
        if start_line_of_ours(&ours) != start_line_of_theirs(&theirs)
            || headers_of_ours(&ours) != headers_of_theirs(&theirs)
            || ours.body() != body_of_theirs(&theirs)
        {
            different.insert(name);
        }
    }
    assert_eq!(different, names(&READ_DIFFERENTLY));
    assert!(compared > 50, "{compared}");
}

fn start_line_of_ours(message: &Message) -> String {
    match message {
        Message::Request(request) => format!("{} {}", request.method, request.uri).to_ascii_lowercase(),
        Message::Response(response) => response.status.to_string(),
    }
}

fn start_line_of_theirs(message: &rsip::SipMessage) -> String {
    match message {
        rsip::SipMessage::Request(request) => {
            format!("{} {}", request.method, request.uri).to_ascii_lowercase()
        }
        rsip::SipMessage::Response(response) => response.status_code.code().to_string(),
    }
}

fn headers_of_ours(message: &Message) -> Vec<(String, String)> {
    message.headers().iter().map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect()
}

fn headers_of_theirs(message: &rsip::SipMessage) -> Vec<(String, String)> {
    let headers = match message {
        rsip::SipMessage::Request(request) => &request.headers,
        rsip::SipMessage::Response(response) => &response.headers,
    };
    let split = |header: &rsip::Header| {
        let text = header.to_string();
        let (name, value) = text.split_once(':').unwrap();
        (Name::new(name).as_str().to_ascii_lowercase(), value.trim().to_owned())
    };
    headers.iter().map(split).filter(|(name, _)| name != "content-length").collect()
}

fn body_of_theirs(message: &rsip::SipMessage) -> &[u8] {
    match message {
        rsip::SipMessage::Request(request) => &request.body,
        rsip::SipMessage::Response(response) => &response.body,
    }
}

/// From and To as it reads them: display name, URI, tag.
#[test]
fn addresses_of_recorded_messages_are_read_alike() {
    for (name, octets) in data("traces", "sip") {
        let (ours, theirs) = (message(&octets), theirs(&octets).unwrap());
        let (from, to) = match &theirs {
            rsip::SipMessage::Request(request) => (request.from_header(), request.to_header()),
            rsip::SipMessage::Response(response) => (response.from_header(), response.to_header()),
        };
        let from = from.unwrap().typed().unwrap();
        let to = to.unwrap().typed().unwrap();
        let our_from = ours.headers().require::<patchcord::sip::message::From>().unwrap();
        let our_to = ours.headers().require::<patchcord::sip::message::To>().unwrap();
        same(
            &name,
            &our_from,
            from.display_name.as_deref(),
            &from.uri,
            from.tag().map(|tag| tag.to_string()),
        );
        same(&name, &our_to, to.display_name.as_deref(), &to.uri, to.tag().map(|tag| tag.to_string()));
    }
}

fn same(name: &str, ours: &NameAddr, display: Option<&str>, uri: &rsip::Uri, tag: Option<String>) {
    assert_eq!(ours.display.as_deref(), display.map(|text| text.trim_matches('"')), "{name}");
    assert_eq!(ours.uri.to_string(), uri.to_string(), "{name}");
    assert_eq!(ours.tag(), tag.as_deref(), "{name}");
}

/// Found by others, and still so: when one of these fails, its upstream has moved.
#[test]
fn what_it_cannot_read_still_keeps_it_out() {
    let via = rsip::headers::Via::new("SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bK1");
    assert!(via.typed().is_err());
    assert!(patchcord::sip::message::Via::parse("SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bK1").is_ok());
    let challenge = r#"Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth""#;
    assert!(rsip::headers::WwwAuthenticate::new(challenge).typed().is_err());
    assert!(patchcord::sip::message::WwwAuthenticate::parse(challenge).is_ok());
    let contact = "<sip:a@192.0.2.1>;+sip.instance=\"<urn:uuid:1>\"";
    assert!(rsip::headers::Contact::new(contact).typed().is_err());
    assert!(patchcord::sip::message::Contact::parse(contact).is_ok());
}
