use super::*;
use crate::instant::Instant;
use crate::sip::message::NameAddr;

const ALL: [IdentitySource; 3] =
    [IdentitySource::Asserted, IdentitySource::RemoteParty, IdentitySource::From];
const CONTACT: &str = "k3v9d0secret";

fn party(text: &str) -> NameAddr {
    use crate::sip::message::{PAssertedIdentity, Typed};
    PAssertedIdentity::parse(text).unwrap().0
}

/// An INVITE as Asterisk sends it to the telephone: To is our Contact.
fn invite(from: &str) -> Invite {
    Invite {
        call_id: "c".into(),
        identity: Identity { from: Some(party(from)), ..Identity::default() },
        to: party(&format!("<sip:{CONTACT}@192.0.2.10>")),
        target: party(&format!("<sip:{CONTACT}@192.0.2.10>")).uri,
        diversion: Vec::new(),
        history: Vec::new(),
        offer: None,
        replaces: None,
        answer_after: None,
        returned: None,
        received_at: Instant::START,
    }
}

fn identify_in(order: &[IdentitySource], invite: &Invite) -> Caller {
    let name_prefixes = ["Sales:".to_owned(), "[Key]".to_owned(), "Office ".to_owned(), String::new()];
    let identification = Identification { order, name_prefixes: &name_prefixes, contact_user: Some(CONTACT) };
    identification.identify(invite)
}

fn identify(invite: &Invite) -> Caller {
    identify_in(&ALL, invite)
}

fn known(number: &str, name: Option<&str>) -> Caller {
    Caller { number: Some(number.into()), name: name.map(str::to_owned), ..Caller::default() }
}

#[test]
fn withheld_number_is_not_shown_but_kept_apart() {
    let mut call = invite("\"Anonymous\" <sip:anonymous@127.0.0.1>;tag=1");
    call.identity.privacy = vec!["id".into()];
    call.identity.asserted = vec![party("<sip:+79160000001@127.0.0.1>")];
    let wanted = Caller { withheld: true, asserted_number: Some("+79160000001".into()), ..Caller::default() };
    assert_eq!(identify(&call), wanted);
}

#[test]
fn number_without_a_name() {
    let mut call = invite("<sip:89161112233@127.0.0.1>;tag=1");
    call.identity.asserted = vec![party("<sip:89161112233@127.0.0.1>")];
    assert_eq!(identify(&call), known("89161112233", None));
}

#[test]
fn asserted_identity_goes_before_from() {
    let mut call = invite("<sip:customer@127.0.0.1>;tag=1");
    call.identity.asserted = vec![party("\"ООО Ромашка\" <sip:+74951112233@127.0.0.1>")];
    assert_eq!(identify(&call), known("+74951112233", Some("ООО Ромашка")));
    let from_first = [IdentitySource::From, IdentitySource::Asserted];
    assert_eq!(identify_in(&from_first, &call), known("customer", Some("ООО Ромашка")));
}

#[test]
fn encoded_name_is_read() {
    let mut call = invite("\"=?UTF-8?B?0JjQstCw0L0=?=\" <sip:8-916-111-22-33@127.0.0.1>;tag=1");
    call.identity.asserted = vec![party("\"=?UTF-8?B?0JjQstCw0L0=?=\" <sip:8-916-111-22-33@127.0.0.1>")];
    assert_eq!(identify(&call), known("8-916-111-22-33", Some("Иван")));
}

#[test]
fn diverted_call_names_what_was_dialled() {
    let mut call = invite("<sip:+79161234567@127.0.0.1>;tag=1");
    call.diversion = vec![party("<sip:78001234567@127.0.0.1>;reason=unconditional")];
    let wanted = Caller { called: Some("78001234567".into()), ..known("+79161234567", None) };
    assert_eq!(identify(&call), wanted);
}

#[test]
fn name_from_the_header_alone() {
    let mut call = invite("\"By header\" <sip:+79990000000@127.0.0.1>;tag=1");
    call.identity.asserted = vec![party("\"By header\" <sip:+79990000000@127.0.0.1>")];
    assert_eq!(identify(&call), known("+79990000000", Some("By header")));
}

#[test]
fn queue_name_is_taken_off_the_callers() {
    let cases = [
        ("Sales: Ivan Petrov", Some("Sales"), Some("Ivan Petrov")),
        ("Sales:Ivan", Some("Sales"), Some("Ivan")),
        ("Sales:", Some("Sales"), None),
        ("[Key] Ivan", Some("Key"), Some("Ivan")),
        ("Sales manager", None, Some("Sales manager")),
        ("Ivan Sales:", None, Some("Ivan Sales:")),
        ("Office ", Some("Office"), None),
        ("Office Ivan", Some("Office"), Some("Ivan")),
        ("Officer Ivan", None, Some("Officer Ivan")),
    ];
    for (display, queue, name) in cases {
        let caller = identify(&invite(&format!("\"{display}\" <sip:+79161234567@127.0.0.1>")));
        assert_eq!((caller.queue.as_deref(), caller.name.as_deref()), (queue, name), "{display}");
    }
    let encoded = invite("\"Sales: =?UTF-8?B?0JjQstCw0L0=?=\" <sip:+79161234567@127.0.0.1>");
    assert_eq!(identify(&encoded).name.as_deref(), Some("Иван"));
}

#[test]
fn the_first_diversion_is_the_last_in_the_header() {
    let mut call = invite("<sip:101@h>");
    call.diversion = vec![party("<sip:700@h>"), party("<sip:78001234567@h>")];
    assert_eq!(identify(&call).called.as_deref(), Some("78001234567"));
}

#[test]
fn history_names_what_was_dialled_where_no_diversion_does() {
    let mut call = invite("<sip:101@h>");
    call.history = vec![party("<sip:78001234567@h>;index=1"), party("<sip:700@h>;index=1.1")];
    assert_eq!(identify(&call).called.as_deref(), Some("78001234567"));
}

#[test]
fn our_contact_is_no_dialled_number() {
    let mut call = invite("<sip:101@h>");
    assert_eq!(identify(&call).called, None);
    call.to = party("<sip:78001234567@h>");
    assert_eq!(identify(&call).called.as_deref(), Some("78001234567"));
    call.diversion = vec![party(&format!("<sip:{CONTACT}@h>"))];
    assert_eq!(identify(&call).called.as_deref(), Some("78001234567"));
}

#[test]
fn a_client_who_came_back_stays_one_whoever_he_turns_out_to_be() {
    let mut call = invite("<sip:+79161234567@h>");
    call.returned = Some("3fa9;reason=busy;target=201".into());
    let known = identify(&call);
    assert_eq!(known.returned.as_ref().map(|returned| returned.target.as_str()), Some("201"));
    let identification = Identification { order: &ALL, name_prefixes: &[], contact_user: None };
    assert_eq!(identification.successor(&known, &call.identity), None, "nobody else");
    let another = Identity { from: Some(party("<sip:+78120000001@h>")), ..Identity::default() };
    assert_eq!(identification.successor(&known, &another).unwrap().returned, known.returned);
}

#[test]
fn every_way_to_withhold_a_number() {
    for token in ["id", "user", "header", "full"] {
        let mut call = invite("\"Ivan\" <sip:+79161234567@h>");
        call.identity.privacy = vec![token.into()];
        let caller = identify(&call);
        assert!(caller.withheld && caller.number.is_none() && caller.name.is_none(), "{token}");
        assert_eq!(caller.asserted_number, None, "From asserts nothing");
    }
    for from in ["<sip:anonymous@anonymous.invalid>", "<sip:Anonymous@h>", "<sip:x@ANONYMOUS.INVALID>"] {
        assert!(identify(&invite(from)).withheld, "{from}");
    }
    let mut call = invite("<sip:+79161234567@h>");
    call.identity.remote_party = Some(party("<sip:+79161234567@h>;privacy=full"));
    assert!(identify(&call).withheld);
    assert_eq!(identify(&call).asserted_number.as_deref(), Some("+79161234567"));
}

#[test]
fn privacy_that_hides_nothing() {
    for token in ["none", "session", "critical", "history"] {
        let mut call = invite("<sip:+79161234567@h>");
        call.identity.privacy = vec![token.into()];
        assert!(!identify(&call).withheld, "{token}");
    }
    let mut call = invite("<sip:+79161234567@h>");
    call.identity.remote_party = Some(party("<sip:+79161234567@h>;privacy=off"));
    assert!(!identify(&call).withheld);
}

#[test]
fn queue_is_known_even_if_the_caller_is_not() {
    let caller = identify(&invite("\"Sales: Anonymous\" <sip:anonymous@anonymous.invalid>"));
    assert_eq!(caller, Caller { withheld: true, queue: Some("Sales".into()), ..Caller::default() });
}

#[test]
fn remote_party_id_names_the_caller() {
    let mut call = invite("\"From\" <sip:100@h>");
    call.identity.remote_party = Some(party("\"Ivan\" <sip:+79161234567@h>;party=calling;screen=yes"));
    assert_eq!(identify(&call), known("+79161234567", Some("Ivan")));
    assert_eq!(identify_in(&[IdentitySource::From], &call), known("100", Some("From")));
}

#[test]
fn tel_uri_and_escapes_arrive_as_numbers() {
    let mut call = invite("<sip:100@h>");
    call.identity.asserted = vec![party("\"Ivan\" <sip:ivan@h>"), party("<tel:+7-916-123-45-67>")];
    let tel_second = identify(&call);
    assert_eq!(tel_second.number.as_deref(), Some("ivan"), "the first header value with a user decides");
    call.identity.asserted = vec![party("<tel:+7-916-123-45-67>")];
    assert_eq!(identify(&call).number.as_deref(), Some("+7-916-123-45-67"));
    call.identity.asserted = vec![party("<tel:2040;phone-context=+7495>")];
    assert_eq!(identify(&call).number.as_deref(), Some("tel:2040;phone-context=+7495"));
    call.identity.asserted = vec![party("<sip:%2B79161234567@h;user=phone>")];
    assert_eq!(identify(&call).number.as_deref(), Some("+79161234567"));
}

#[test]
fn nobody_at_all() {
    let caller = identify(&invite("<sip:192.0.2.1>"));
    assert_eq!(caller, Caller::default());
}

#[test]
fn number_repeated_as_name_is_no_name() {
    assert_eq!(identify(&invite("\"79161234567\" <sip:79161234567@h>")), known("79161234567", None));
}

#[test]
fn control_characters_never_reach_the_screen() {
    let mut call = invite("<sip:100@h>");
    let from = call.identity.from.as_mut().unwrap();
    from.display = Some("Ivan\u{1b}[31m\u{0}".into());
    from.uri.user = Some("100\u{7}".into());
    let caller = identify(&call);
    assert_eq!(caller.name.as_deref(), Some("Ivan[31m"));
    assert_eq!(caller.number, None);
}

#[test]
fn numbers_and_names_stay_out_of_logs() {
    let caller = identify(&invite("\"Ivan Petrov\" <sip:+79161234567@h>"));
    let debug = format!("{caller:?}");
    assert!(!debug.contains("7916") && !debug.contains("Petrov"), "{debug}");
}
