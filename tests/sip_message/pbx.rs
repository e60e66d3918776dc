//! What real PBXs and providers send, and libraries stumble over; and recorded conversations.

use crate::{data, headers_with, invite_with, message, request, response, verdict};
use patchcord::sip::digest::{Authenticator, Refusal};
use patchcord::sip::message::{
    AuthValue, Authorization, CSeq, Contact, ContentType, Diversion, Event, From, HistoryInfo, Host, Message,
    Method, MinSe, PAssertedIdentity, Privacy, Reason, ReferTo, ReferredBy, RemotePartyId, Replaces, Request,
    Response, RetryAfter, Route, Scheme, SessionExpires, StatusCode, SubState, SubscriptionState, To, Typed,
    Via, Warning, WwwAuthenticate,
};
use patchcord::sip::{Account, Password};
use std::time::Duration;

fn trace(name: &str) -> Vec<u8> {
    data("traces", "sip").into_iter().find(|(found, _)| found == name).unwrap().1
}

#[test]
fn every_recorded_message_is_read_and_printed_alike() {
    let traces = data("traces", "sip");
    assert_eq!(traces.len(), 38);
    for (name, octets) in traces {
        assert_eq!(verdict(&octets), "accept", "{name}");
        let message = message(&octets);
        assert_eq!(crate::message(&message.to_bytes()), message, "{name}");
        let plain = |octets: &[u8]| {
            let text = String::from_utf8(octets.to_vec()).unwrap();
            let mut lines: Vec<_> =
                text.lines().map(str::to_owned).filter(|l| !l.starts_with("Content-Length")).collect();
            lines.sort();
            lines
        };
        assert_eq!(
            plain(&message.to_bytes()),
            plain(&octets),
            "{name}: text that nobody changed stays as it is"
        );
    }
}

#[test]
fn recorded_calls_say_who_calls() {
    let withheld = request(&trace("invite-withheld")).headers;
    assert_eq!(withheld.require::<Privacy>().unwrap().0, ["id"]);
    assert_eq!(withheld.require::<From>().unwrap().display.as_deref(), Some("Anonymous"));
    let asserted = withheld.typed_all::<PAssertedIdentity>().unwrap();
    assert_eq!(asserted[0].uri.user.as_deref(), Some("+79160000001"));

    let diverted = request(&trace("invite-diverted")).headers.require::<Diversion>().unwrap();
    assert_eq!(
        (diverted.uri.user.as_deref(), diverted.params.get("reason")),
        (Some("78001234567"), Some("unconditional"))
    );

    let named = request(&trace("invite-utf8-name")).headers.require::<PAssertedIdentity>().unwrap();
    assert_eq!(named.display.as_deref(), Some("ООО Ромашка"));
}

#[test]
fn a_recorded_cancel_says_that_another_telephone_answered() {
    let reasons = request(&trace("cancel-answered-elsewhere")).headers.typed_all::<Reason>().unwrap();
    assert_eq!(reasons.len(), 2);
    assert!(reasons.iter().all(Reason::is_completed_elsewhere));
    assert_eq!(reasons[0].text.as_deref(), Some("Call completed elsewhere"));
    assert_eq!((reasons[1].protocol.as_str(), reasons[1].cause), ("Q.850", Some(26)));
    let unquoted = Reason::parse("SIP ; cause=200 ; text=Call completed elsewhere").unwrap();
    assert!(unquoted.is_completed_elsewhere());
    assert_eq!(unquoted.text.as_deref(), Some("Call completed elsewhere"));
    let busy = request(&trace("bye-with-reason")).headers.require::<Reason>().unwrap();
    assert!(!busy.is_completed_elsewhere());
}

#[test]
fn recorded_transfers_say_to_whom_and_how_far() {
    let bare = request(&trace("refer-bare")).headers.require::<ReferTo>().unwrap();
    assert_eq!((bare.uri.user.as_deref(), bare.uri.port), (Some("201"), Some(15060)));
    let attended = request(&trace("refer-replaces")).headers.require::<ReferTo>().unwrap();
    let replaces = Replaces::parse(&attended.uri.header("Replaces").unwrap()).unwrap();
    assert_eq!(replaces.call_id, "call-operator1-c44f521b");
    assert_eq!(
        (replaces.to_tag.as_str(), replaces.from_tag.as_str()),
        ("f59a13c3-a350-4a34-bb83-67b6e6544276", "i62b7af")
    );
    let notify = request(&trace("notify-sipfrag"));
    assert_eq!(notify.headers.require::<Event>().unwrap().package, "refer");
    assert_eq!(notify.headers.require::<ContentType>().unwrap().kind, "message/sipfrag");
    let state = notify.headers.require::<SubscriptionState>().unwrap();
    assert_eq!((state.state, state.expires), (SubState::Active, Some(599)));
    assert_eq!(notify.body, b"SIP/2.0 100 Trying\r\n");
}

#[test]
fn recorded_session_timers_are_read() {
    let invite = request(&trace("invite-from-pbx")).headers;
    assert_eq!(invite.require::<SessionExpires>().unwrap(), SessionExpires { seconds: 180, refresher: None });
    assert_eq!(invite.require::<MinSe>().unwrap(), MinSe(90));
    assert!(invite.lists_token("Supported", "TIMER") && !invite.lists_token("Supported", "outbound"));
}

fn account(user: &str) -> Account {
    Account {
        user: user.into(),
        domain: "127.0.0.1".into(),
        auth_user: None,
        password: Password::new(format!("secret-{user}")),
        realm: None,
        registrar: None,
        outbound_proxy: None,
        display: None,
        expires: Duration::from_secs(60),
    }
}

/// The other telephone's answer to the PBX's challenge, which the PBX took, is ours too.
#[test]
fn recorded_digests_are_those_we_compute() {
    for (user, challenge, answered) in [
        ("operator1", "register-401-md5", "register-answered-md5"),
        ("operator5", "register-401-sha256", "register-answered-sha256"),
    ] {
        let mut ours = request(&trace(answered));
        let theirs = ours.headers.require::<Authorization>().unwrap();
        ours.headers.remove("Authorization");
        let mut authenticator = Authenticator::new(&account(user));
        authenticator.on_challenge(&response(&trace(challenge)), &ours, 0).unwrap();
        authenticator.authorize(&mut ours, theirs.get("cnonce").unwrap());
        let ours = ours.headers.require::<Authorization>().unwrap();
        for name in ["username", "realm", "nonce", "uri", "response", "opaque", "qop", "nc"] {
            assert_eq!(ours.get(name), theirs.get(name), "{user}: {name}");
        }
    }
}

/// Asterisk answers a wrong password with a challenge like the first, without end.
#[test]
fn a_wrong_password_is_tried_once() {
    let mut register = request(&trace("register"));
    let challenge = response(&trace("register-401-md5"));
    let mut authenticator =
        Authenticator::new(&Account { password: Password::new("wrong"), ..account("operator1") });
    authenticator.on_challenge(&challenge, &register, 0).unwrap();
    authenticator.authorize(&mut register, "c");
    let again = authenticator.on_challenge(&challenge, &register, 1);
    assert_eq!(again, Err(Refusal::WrongCredentials));
}

#[test]
fn a_challenge_with_sha_256_and_two_protections_is_read() {
    let challenge = WwwAuthenticate::parse(
        r#"Digest  realm="a \"b\"",nonce="n",opaque="",algorithm=SHA-256 , qop="auth,auth-int", stale=false"#,
    )
    .unwrap();
    let get = |name| challenge.get(name);
    assert_eq!(get("realm"), Some("a \"b\""));
    assert_eq!(
        (get("ALGORITHM"), get("qop"), get("opaque")),
        (Some("SHA-256"), Some("auth,auth-int"), Some(""))
    );
}

#[test]
fn a_challenge_written_against_the_grammar_can_still_be_answered() {
    let text = r#"Digest qop=auth,auth-int,realm="r" , opaque=,nonce = "n",, stale=FALSE"#;
    let challenge = WwwAuthenticate::parse(text).unwrap();
    let values: Vec<_> = ["qop", "realm", "opaque", "nonce"].map(|name| challenge.get(name)).into();
    assert_eq!(values, [Some("auth"), Some("r"), Some(""), Some("n")]);
    let mut refused = Response::new(StatusCode::UNAUTHORIZED);
    refused.headers.push("WWW-Authenticate", text);
    let mut register = request(&trace("register"));
    let mut authenticator = Authenticator::new(&account("operator1"));
    assert_eq!(authenticator.on_challenge(&refused, &register, 0), Ok(()));
    authenticator.authorize(&mut register, "c");
    assert_eq!(register.headers.require::<Authorization>().unwrap().get("qop"), Some("auth"));
}

#[test]
fn schemes_with_one_word_are_kept() {
    for text in ["Bearer abc.def==", "Negotiate", r#"Basic realm="r""#] {
        let challenge = WwwAuthenticate::parse(text).unwrap();
        assert_eq!(challenge.to_string(), text);
    }
    assert_eq!(WwwAuthenticate::parse("Bearer abc.def==").unwrap().token.as_deref(), Some("abc.def=="));
    let mut built = AuthValue::new("Digest");
    assert_eq!(built.to_string(), "Digest");
    built.token = Some("x".into());
    assert_eq!(built.to_string(), "Digest x");
    for broken in ["", "Digest a=\"", "Digest a=\"b\" c", "Digest =, a=b", "a=b", "\"x\""] {
        assert!(WwwAuthenticate::parse(broken).is_err(), "{broken}");
    }
}

#[test]
fn one_latin_1_octet_costs_one_character_and_no_header() {
    let mut octets = invite_with("X-Last: here\n");
    let at = octets.windows(4).position(|window| window == b"Ivan").unwrap();
    octets[at + 3] = 0xfc;
    let invite = request(&octets);
    assert_eq!(invite.headers.require::<From>().unwrap().display.as_deref(), Some("Iva\u{fffd} Petrov"));
    assert_eq!(invite.headers.first("x-last"), Some("here"));
}

#[test]
fn a_datagram_without_content_length_is_all_body() {
    let mut octets = invite_with("Content-Type: application/sdp\n");
    octets.extend_from_slice(b"v=0\r\n\xff\x00");
    assert_eq!(request(&octets).body, b"v=0\r\n\xff\x00");
}

#[test]
fn compact_and_oddly_written_names_are_the_full_ones() {
    let compact = "SIP/2.0 200 OK\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nF: <sip:a@b>;tag=1\r\nt\t:<sip:c@d>;tag=2\r\n\
        i : x@y\r\ncSEQ: 1 INVITE\r\nm: <sip:c@192.0.2.9>\r\nc: application/sdp\r\nk: timer\r\nu: refer\r\nl: 3\r\n\
        o: refer\r\nr: <sip:x@y>\r\nb: <sip:z@y>\r\nx: 90\r\ns: hello\r\n\r\nabc and more";
    let response = response(compact.as_bytes());
    let names: Vec<_> = response.headers.iter().map(|(name, _)| name).collect();
    let full = "Via From To Call-ID CSeq Contact Content-Type Supported Allow-Events Event Refer-To Referred-By \
        Session-Expires Subject";
    assert_eq!(names, full.split_whitespace().collect::<Vec<_>>());
    assert_eq!(response.body, b"abc");
    assert_eq!(response.headers.require::<CSeq>().unwrap(), CSeq::new(1, Method::Invite));
}

#[test]
fn folded_fields_are_one_value() {
    let headers = headers_with("Subject: one\n two\n\t three\nContact: <sip:a@b>\n ;expires=7\n");
    assert_eq!(headers.first("Subject"), Some("one two three"));
    assert_eq!(headers.require::<Contact>().unwrap().expires(), Some(7));
}

#[test]
fn ipv6_stands_in_via_contact_and_request_uri() {
    let text = "OPTIONS sip:101@[2001:db8::9]:5070;transport=udp SIP/2.0\r\n\
        Via: SIP/2.0/UDP [2001:db8::1]:5062;branch=z9hG4bK1;received=2001:db8::2;rport=5062\r\n\
        Via: SIP/2.0/UDP [::1];branch=z9hG4bK2;received=[::2];rport\r\n\
        From: <sip:a@[::1]>;tag=1\r\nTo: <sip:b@[::1]:5060>\r\nCall-ID: a@[::1]\r\nCSeq: 1 OPTIONS\r\n\
        Contact: <sip:a@[2001:db8::1]:5062>\r\n\r\n";
    let options = request(text.as_bytes());
    assert_eq!(
        (&options.uri.host, options.uri.port),
        (&Host::Ip("2001:db8::9".parse().unwrap()), Some(5070))
    );
    let vias = options.headers.typed_all::<Via>().unwrap();
    assert_eq!((&vias[0].host, vias[0].port), (&Host::Ip("2001:db8::1".parse().unwrap()), Some(5062)));
    assert_eq!(
        (vias[0].received(), vias[0].rport()),
        (Some("2001:db8::2".parse().unwrap()), Some(Some(5062)))
    );
    assert_eq!((vias[1].received(), vias[1].rport()), (Some("::2".parse().unwrap()), Some(None)));
    assert_eq!(
        vias[0].to_string(),
        "SIP/2.0/UDP [2001:db8::1]:5062;branch=z9hG4bK1;received=2001:db8::2;rport=5062"
    );
    let contact = options.headers.require::<Contact>().unwrap();
    assert_eq!(contact.to_string(), "<sip:a@[2001:db8::1]:5062>");
}

#[test]
fn contacts_come_in_lists_with_quoted_parameters() {
    let headers = headers_with(
        "Contact: \"A, B\" <sip:a@192.0.2.1;transport=tcp>;expires=599;+sip.instance=\"<urn:uuid:1, 2>\", sip:b@192.0.2.2;q=0.7\n\
         Contact: <sip:c@192.0.2.3>;EXPIRES=\"60\";q=1,\n",
    );
    let contacts = headers.typed_all::<Contact>().unwrap();
    let expires: Vec<_> = contacts.iter().map(Contact::expires).collect();
    assert_eq!(expires, [Some(599), None, Some(60)]);
    assert_eq!(contacts.iter().map(Contact::q).collect::<Vec<_>>(), [None, Some(700), Some(1000)]);
    let first = contacts[0].addr().unwrap();
    assert_eq!(
        (first.display.as_deref(), first.params.get("+sip.instance")),
        (Some("A, B"), Some("<urn:uuid:1, 2>"))
    );
    assert_eq!(
        contacts[0].to_string(),
        "\"A, B\" <sip:a@192.0.2.1;transport=tcp>;expires=599;+sip.instance=\"<urn:uuid:1, 2>\""
    );
    let commas =
        headers_with("Contact: <sip:a,b;c@192.0.2.1>, Joe <sip:d,e@h>;q=1\n").typed_all::<Contact>().unwrap();
    let users: Vec<_> =
        commas.iter().map(|contact| contact.addr().unwrap().uri.user.as_deref().unwrap()).collect();
    assert_eq!(users, ["a,b;c", "d,e"]);
    let after_empty = headers_with("Contact:\nContact: ,\nContact: <sip:d@h>\n");
    assert_eq!(after_empty.require::<Contact>().unwrap().to_string(), "<sip:d@h>");
    assert_eq!(headers_with("Contact:\n").typed::<Contact>(), Ok(None));
    assert_eq!(headers_with("Contact: *\n").require::<Contact>().unwrap(), Contact::Star);
}

#[test]
fn display_names_keep_their_quotes_and_letters() {
    let from = |text: &str| {
        let octets = invite_with("");
        let text =
            String::from_utf8(octets).unwrap().replace("\"Ivan Petrov\" <sip:+79161234567@192.0.2.1>", text);
        request(text.as_bytes()).headers.require::<From>().unwrap()
    };
    let quoted = from(r#""Ivan \"Vanya\" \\ Petrov"<sip:1@h>"#);
    assert_eq!(quoted.display.as_deref(), Some(r#"Ivan "Vanya" \ Petrov"#));
    assert_eq!(quoted.to_string(), r#""Ivan \"Vanya\" \\ Petrov" <sip:1@h>;tag=f1"#);
    assert_eq!(from("김철수 <sip:+82212345678@h>").display.as_deref(), Some("김철수"));
    assert_eq!(from("\"\" <sip:1@h>").display, None);
    assert_eq!(from("Ivan \"the\" Petrov <sip:1@h>").display.as_deref(), Some("Ivan the Petrov"));
    assert_eq!(from("\"Sales <1>\" <sip:1@h>").display.as_deref(), Some("Sales <1>"));
}

#[test]
fn numbers_written_against_the_grammar_still_ring() {
    let user = |uri: &str| {
        let text = String::from_utf8(invite_with("")).unwrap().replace("sip:+79161234567@192.0.2.1", uri);
        let from = request(text.as_bytes()).headers.require::<From>().unwrap();
        (from.uri.user.clone(), from.tag().map(str::to_owned))
    };
    let tag = Some("f1".to_owned());
    assert_eq!(user("sip:8 916 123@h"), (Some("8 916 123".into()), tag.clone()));
    assert_eq!(user("sip:@192.0.2.1"), (None, tag.clone()));
    assert_eq!(user("sip:%2B7916@h"), (Some("+7916".into()), tag.clone()));
    assert_eq!(user("sip:100%@h"), (Some("100%".into()), tag.clone()));
    assert_eq!(user("sip:*71#5@h"), (Some("*71#5".into()), tag.clone()));
    assert_eq!(user("tel:+7-916-123;phone-context=h"), (Some("+7-916-123".into()), tag.clone()));
    assert_eq!(user("sip:anonymous@anonymous.invalid"), (Some("anonymous".into()), tag));
}

#[test]
fn a_tel_request_uri_is_read() {
    let octets = invite_with("");
    let text = String::from_utf8(octets)
        .unwrap()
        .replace("sip:operator1@192.0.2.4:5060 SIP", "tel:101;phone-context=+7495 SIP");
    let invite = request(text.as_bytes());
    assert_eq!((&invite.uri.scheme, invite.uri.user.as_deref()), (&Scheme::Tel, Some("101")));
    assert_eq!(invite.uri.params.get("phone-context"), Some("+7495"));
    assert_eq!(invite.uri.to_string(), "tel:101;phone-context=+7495");
}

#[test]
fn line_breaks_in_front_are_ignored_and_alone_are_keep_alive() {
    let octets = [b"\r\n\r\n".to_vec(), invite_with("")].concat();
    assert_eq!(request(&octets).method, Method::Invite);
    for octets in ["", "\r\n", "\r\n\r\n", "\n"] {
        assert_eq!(verdict(octets.as_bytes()), "keep-alive");
    }
    assert_eq!(verdict(b"\0"), "discard");
}

#[test]
fn bare_line_feeds_end_lines_too() {
    let text = String::from_utf8(invite_with("Content-Length: 2\n")).unwrap().replace('\r', "") + "ab";
    assert_eq!(request(text.as_bytes()).body, b"ab");
}

#[test]
fn lines_that_are_no_fields_are_left_out() {
    let headers = headers_with("no colon here\nX Bad Name: 1\n: 2\nX-Good: 3\n");
    assert_eq!(headers.first("X-Good"), Some("3"));
    assert_eq!(headers.len(), 7);
}

#[test]
fn identities_of_every_kind_are_read() {
    let headers = headers_with(
        "P-Asserted-Identity: \"Ivan\" <sip:+7916@h>, <tel:+7916>\n\
         Remote-Party-ID: \"Ivan\" <sip:7916@h>;party=calling;privacy=full;screen=yes\n\
         Diversion: <sip:1@h>;reason=user-busy;counter=1, \"Queue\" <sip:2@h>;reason=\"unknown\"\n\
         History-Info: <sip:800@h>;index=1, <sip:101@h?Reason=SIP%3Bcause%3D302>;index=1.1;mp=1\n\
         Privacy: ID;critical\n\
         Referred-By: <sip:201@h>;cid=\"1@h\"\n",
    );
    let asserted = headers.typed_all::<PAssertedIdentity>().unwrap();
    assert_eq!((asserted.len(), &asserted[1].uri.scheme), (2, &Scheme::Tel));
    let party = headers.require::<RemotePartyId>().unwrap();
    assert_eq!((party.params.get("party"), party.params.get("privacy")), (Some("calling"), Some("full")));
    let diversions = headers.typed_all::<Diversion>().unwrap();
    assert_eq!((diversions.len(), diversions[1].display.as_deref()), (2, Some("Queue")));
    let history = headers.typed_all::<HistoryInfo>().unwrap();
    let reason = Reason::parse(&history[1].uri.header("Reason").unwrap()).unwrap();
    assert_eq!((history[1].params.get("index"), reason.cause), (Some("1.1"), Some(302)));
    assert_eq!(headers.require::<Privacy>().unwrap().0, ["id", "critical"]);
    assert_eq!(headers.require::<ReferredBy>().unwrap().params.get("cid"), Some("1@h"));
}

/// A proxy finds in its own route again what it wrote there.
#[test]
fn routes_go_back_as_they_came() {
    for route in [
        "<sip:192.0.2.1;lr;ftag=as1;vsf=AAA==;did=e2c.5f1>",
        "<sip:p2:se%3Acret@proxy.example;lr=on>",
        "<sip:192.0.2.1:5061;transport=tls;lr;x=%3B%2C%22>",
        "<sip:UserB@example.com;maddr=ss1.example.com>",
        "<sip:edge~a%FFb@h;lr>",
        "<sips:[2001:db8::1]:5061;lr>",
    ] {
        assert_eq!(Route::parse(route).unwrap().to_string(), route);
    }
}

#[test]
fn smaller_headers_are_read() {
    let headers = headers_with(
        "Retry-After: 120 (in a meeting; really);duration=60\n\
         Warning: 399 pbx.example \"said \\\"no\\\"\", 307 x \"\"\n\
         Reason: Q.850;cause=17;text=\"User busy\", SIP ;cause=486\n\
         Event: dialog;id=7;shared\n\
         Subscription-State: Terminated;reason=noresource;retry-after=30\n\
         Session-Expires: 1800 ; refresher=UAS\n\
         Content-Type: Application / SDP ; charset=\"utf-8\"\n\
         Replaces: 1@h;from-tag=a;to-tag=b;early-only\n",
    );
    assert_eq!(headers.require::<RetryAfter>().unwrap(), RetryAfter(120));
    let warnings = headers.typed_all::<Warning>().unwrap();
    assert_eq!(
        (warnings[0].code, warnings[0].text.as_str(), warnings[1].agent.as_str()),
        (399, "said \"no\"", "x")
    );
    let reasons = headers.typed_all::<Reason>().unwrap();
    assert_eq!((reasons[0].text.as_deref(), reasons[1].cause), (Some("User busy"), Some(486)));
    let event = headers.require::<Event>().unwrap();
    assert_eq!((event.package.as_str(), event.id.as_deref()), ("dialog", Some("7")));
    let state = headers.require::<SubscriptionState>().unwrap();
    assert_eq!(
        (state.state, state.reason.as_deref(), state.retry_after),
        (SubState::Terminated, Some("noresource"), Some(30))
    );
    assert_eq!(headers.require::<SessionExpires>().unwrap().to_string(), "1800;refresher=uas");
    assert_eq!(headers.require::<ContentType>().unwrap().kind, "application/sdp");
    let replaces = headers.require::<Replaces>().unwrap();
    assert_eq!(replaces.to_string(), "1@h;to-tag=b;from-tag=a;early-only");
}

/// What was read is what the peer finds in our response: its own text, not our spelling of it.
#[test]
fn a_response_repeats_the_fields_it_must_as_they_came() {
    let fields = "v: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK2;odd=\"x\", SIP/2.0/TCP [::1];branch=3\nRecord-Route: <sip:p;lr>\n\
        Timestamp: 54\n";
    let invite = request(&invite_with(fields));
    let ringing = invite.response(StatusCode::RINGING);
    let lines: Vec<_> = ringing.headers.iter().collect();
    assert_eq!(
        lines,
        [
            ("Via", "SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKPj1"),
            ("Via", "SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK2;odd=\"x\", SIP/2.0/TCP [::1];branch=3"),
            ("From", "\"Ivan Petrov\" <sip:+79161234567@192.0.2.1>;tag=f1"),
            ("To", "<sip:operator1@192.0.2.4>"),
            ("Call-ID", "8f8b14c0@192.0.2.1"),
            ("CSeq", "3002 INVITE"),
        ]
    );
    assert_eq!(invite.response(StatusCode::TRYING).headers.first("Timestamp"), Some("54"));
}

#[test]
fn the_top_via_is_completed_in_place() {
    let mut headers = headers_with("").clone();
    headers.remove("Via");
    headers.push("Via", "SIP/2.0/UDP a;branch=1;x=\",\" , SIP/2.0/UDP b;branch=2");
    let mut top = headers.require::<Via>().unwrap();
    top.params.set("received", Some("192.0.2.77"));
    headers.replace_first(&top);
    assert_eq!(
        headers.first("Via"),
        Some("SIP/2.0/UDP a;branch=1;x=\",\";received=192.0.2.77, SIP/2.0/UDP b;branch=2")
    );
    assert_eq!(headers.typed_all::<Via>().unwrap().len(), 2);
}

#[test]
fn an_unusable_message_is_refused_or_dropped_by_what_it_is() {
    let invite = String::from_utf8(invite_with("Content-Length: 5\n")).unwrap();
    assert_eq!(verdict(invite.as_bytes()), "refuse 400");
    for beyond in ["4294967296", "18446744073709551615", "18446744073709551616", "-1", "5x"] {
        let invite = invite.replace("Length: 5", &format!("Length: {beyond}"));
        assert_eq!(verdict(invite.as_bytes()), "refuse 400", "Content-Length: {beyond}");
    }
    assert_eq!(verdict(invite.replace("INVITE", "ACK").as_bytes()), "discard", "an ACK has no answer");
    let bye = String::from_utf8(invite_with("Contact: <broken\n")).unwrap();
    assert_eq!(verdict(bye.as_bytes()), "refuse 400");
    assert_eq!(verdict(bye.replace("INVITE", "BYE").as_bytes()), "accept", "who hangs up is believed");
    assert_eq!(verdict(&invite.as_bytes()[..invite.len() - 2]), "refuse 400", "cut within the head");
    for garbage in
        ["GET / HTTP/1.1\r\n\r\n", "SIP/2.0 20 OK\r\n\r\n", "hello\r\n\r\n", "SIP/3.0 200 OK\r\n\r\n"]
    {
        assert_eq!(verdict(garbage.as_bytes()), "discard");
    }
}

/// Which field must be there, be single, be whole: taken away, doubled or broken, each is noticed.
#[test]
fn each_needed_field_is_checked() {
    let whole = String::from_utf8(invite_with("Expires: 60\n")).unwrap();
    let line_of = |name: &str| whole.lines().find(|line| line.starts_with(name)).unwrap().to_owned() + "\r\n";
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        let without = whole.replace(&line_of(name), "");
        assert_eq!(verdict(without.as_bytes()), "discard", "{name} missing");
        let broken = whole.replace(&line_of(name), &format!("{name}: a \" b\r\n"));
        assert_eq!(verdict(broken.as_bytes()), "refuse 400", "{name} broken");
    }
    for name in ["From", "To", "Call-ID", "CSeq", "Max-Forwards", "Expires"] {
        let doubled = whole.replace(&line_of(name), &line_of(name).repeat(2));
        assert_eq!(verdict(doubled.as_bytes()), "refuse 400", "{name} doubled");
    }
    for (field, bad) in [
        ("Max-Forwards: 70", "Max-Forwards: 256"),
        ("Max-Forwards: 70", "Max-Forwards: -1"),
        ("Expires: 60", "Expires: 4294967296"),
        ("CSeq: 3002", "CSeq: 2147483648"),
        ("CSeq: 3002 INVITE", "CSeq: 3002 invite"),
        ("CSeq: 3002 INVITE", "CSeq: 3002 UPDATE"),
        ("SIP/2.0/UDP", "SIP/3.0/UDP"),
    ] {
        assert_eq!(verdict(whole.replace(field, bad).as_bytes()), "refuse 400", "{bad}");
    }
    assert_eq!(verdict(whole.replace("CSeq: 3002", "CSeq: 2147483647").as_bytes()), "accept");
}

#[test]
fn content_length_is_ours_and_true() {
    let uri = "sip:101@192.0.2.1".parse().unwrap();
    let mut request = Request::new(Method::Message, uri);
    request.headers.push("Content-Length", "999");
    request.body = "привет".into();
    let text = String::from_utf8(request.to_bytes()).unwrap();
    assert_eq!(text, "MESSAGE sip:101@192.0.2.1 SIP/2.0\r\nContent-Length: 12\r\n\r\nпривет");
    assert_eq!(text.matches("Content-Length").count(), 1);
}

/// However a line break gets into a value, it does not get onto the wire as one.
#[test]
fn nothing_can_write_headers_of_its_own() {
    let evil = "x\r\nEvil: 1\r\n\r\nEvil: 2\n\r\0";
    let uri = patchcord::sip::message::Uri {
        params: patchcord::sip::message::Params(vec![(evil.into(), Some(evil.into()))]),
        headers: vec![(evil.into(), evil.into())],
        password: Some(evil.into()),
        ..patchcord::sip::message::Uri::sip(Some(evil), Host::Name(evil.into()), None)
    };
    let mut name = patchcord::sip::message::NameAddr::new(uri.clone());
    name.display = Some(evil.into());
    name.params.set(evil, Some(evil));
    let mut request = Request::new(Method::Other(evil.into()), uri.clone());
    request.headers.push("Subject", evil);
    request.headers.push_typed(&From(name.clone()));
    request.headers.set(&To(name.clone()));
    request.headers.push_front(&Route(name));
    request.headers.push_typed(&CSeq::new(1, Method::Other(evil.into())));
    request.headers.push_typed(&Reason { protocol: evil.into(), cause: None, text: Some(evil.into()) });
    let mut credentials = AuthValue::new(evil);
    credentials.token = Some(evil.into());
    request.headers.push_typed(&Authorization(credentials));
    let mut response = Response::new(StatusCode::OK);
    response.reason = evil.into();
    response.headers.push("Subject", evil);
    let other = Request::new(
        Method::Options,
        patchcord::sip::message::Uri { scheme: Scheme::Other(evil.into()), ..uri },
    );
    for message in [Message::Request(request), Message::Response(response), Message::Request(other)] {
        let lines = message.headers().len() + 3; // start line, Content-Length, empty line
        let octets = message.to_bytes();
        assert_eq!(octets.iter().filter(|octet| **octet == b'\n').count(), lines);
        assert_eq!(octets.iter().filter(|octet| **octet == b'\r').count(), lines);
        assert!(!String::from_utf8(octets).unwrap().lines().any(|line| line.starts_with("Evil")));
    }
}

#[test]
fn nothing_private_is_shown_by_debug() {
    let invite = request(&trace("invite-from-pbx"));
    let from = invite.headers.require::<From>().unwrap();
    let shown = format!("{invite:?} {:?} {from:?} {:?}", invite.headers, from.uri);
    for private in ["79161234567", "Ivan", "operator1", "v=0"] {
        assert!(!shown.contains(private), "{shown}");
    }
}
