//! URIs: what is the same (RFC 3261 §19.1.4), what is kept, what is refused.

use patchcord::sip::message::{Host, NameAddr, Params, ReferTo, Replaces, Scheme, Typed, Uri};

fn uri(text: &str) -> Uri {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn the_rfcs_equal_uris_are_equal() {
    for (a, b) in [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtlanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("sip:h?a=%3c", "SIP:h?A=%3C"),
    ] {
        assert!(uri(a) == uri(b) && uri(b) == uri(a), "{a} {b}");
    }
}

#[test]
fn the_rfcs_different_uris_are_different() {
    for (a, b) in [
        ("SIP:ALICE@AtlanTa.CoM;Transport=udp", "sip:alice@AtlanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:a@h", "sips:a@h"),
        ("sip:a@h", "sip:a:secret@h"),
        ("sip:a@h;user=phone", "sip:a@h"),
        ("tel:+1", "tel:+2"),
        ("sip:a%3Bb@h", "sip:a%2Cb@h"),
    ] {
        assert!(uri(a) != uri(b) && uri(b) != uri(a), "{a} {b}");
    }
}

#[test]
fn parts_are_told_apart() {
    let full = uri("sips:a%20b:p%3Aw@Example.COM:5061;transport=tls;lr?Subject=x%26y&Reason=z");
    assert_eq!(
        (&full.scheme, full.user.as_deref(), full.password.as_deref()),
        (&Scheme::Sips, Some("a b"), Some("p:w"))
    );
    assert_eq!((&full.host, full.port), (&Host::Name("Example.COM".into()), Some(5061)));
    assert_eq!((full.params.get("TRANSPORT"), full.is_loose()), (Some("tls"), true));
    assert_eq!((full.header("subject").as_deref(), full.header("To")), (Some("x&y"), None));
    assert_eq!(full.to_string(), "sips:a%20b:p%3Aw@Example.COM:5061;transport=tls;lr?Subject=x%26y&Reason=z");
}

#[test]
fn hosts_are_names_or_addresses() {
    for (text, host) in [
        ("sip:192.0.2.4", Host::Ip("192.0.2.4".parse().unwrap())),
        ("sip:a@[::1]:5060", Host::Ip("::1".parse().unwrap())),
        ("sip:pbx_1.office.", Host::Name("pbx_1.office.".into())),
        ("sip:999.0.2.4", Host::Name("999.0.2.4".into())),
    ] {
        assert_eq!(uri(text).host, host, "{text}");
        assert_eq!(uri(text).to_string(), text);
    }
}

#[test]
fn what_is_no_uri_is_refused() {
    for text in [
        "",
        "sip",
        "sip:",
        ":a@h",
        "1sip:a@h",
        "sip:a@",
        "sip:a@b@c",
        "sip:h:",
        "sip:h:0",
        "sip:h:65536",
        "sip:h:-1",
        "sip:h:5060x",
        "sip:[::1",
        "sip:::1",
        "sip:[1.2.3.4]",
        "sip:a b@h",
        "sip:a@h;",
        "sip:a@h;=x",
        "sip:a@h?x",
        "sip:a@h?=x",
        "sip:<a>@h",
        "sip:a\r\nb@h",
        "sip:a\0@h",
        "sip:a\"b@h",
        "sip:a@h\u{e9}",
        "tel:",
        "tel:;x=y",
    ] {
        assert!(text.parse::<Uri>().is_err(), "{text:?}");
    }
}

/// Octets that no `String` can hold, and percent signs that are no escapes, come out as they went in.
#[test]
fn odd_user_parts_go_back_as_they_came() {
    for text in ["sip:a%FFb@h", "sip:%D0@h", "sip:%25D0%25B0@h", "sip:%25FF@h", "sip:%D0%B0@h", "sip:%00@h"] {
        assert_eq!(uri(text).to_string(), text);
    }
    assert_eq!(uri("sip:%D0%B0@h").user.as_deref(), Some("а"));
    assert_eq!(uri("sip:%25D0@h").user.as_deref(), Some("%D0"));
    assert_eq!(uri("sip:50%@h").to_string(), "sip:50%25@h");
    let nobody = uri("sip:@h;x=a@b?c@d=e@f");
    assert_eq!((nobody.user.as_deref(), nobody.header("c%40d").as_deref()), (None, Some("e@f")));
    assert_eq!(nobody.to_string(), "sip:h;x=a%40b?c%40d=e%40f");
    assert_eq!(uri("sip:а@h").to_string(), "sip:%D0%B0@h");
}

#[test]
fn what_a_user_part_may_not_hold_is_escaped() {
    let built = Uri::sip(Some("a@b:c#1 <\">;d"), Host::Name("h".into()), Some(5062));
    assert_eq!(built.to_string(), "sip:a%40b%3Ac%231%20%3C%22%3E;d@h:5062");
    assert_eq!(uri(&built.to_string()), built);
    let route =
        Uri { params: Params(vec![("lr".into(), None), ("x".into(), Some("a@b;c?d".into()))]), ..built };
    assert_eq!(uri(&route.to_string()).params.get("x"), Some("a@b%3Bc%3Fd"));
    let bare = Uri { user: None, ..route };
    assert_eq!(
        bare.to_string(),
        "sip:h:5062;lr;x=a%40b%3Bc%3Fd",
        "a raw '@' would make a user part of it all"
    );
}

#[test]
fn an_attended_transfer_carries_replaces_in_the_target() {
    let replaces =
        Replaces { call_id: "7@h;x".into(), to_tag: "a\"b".into(), from_tag: "c".into(), early_only: false };
    let mut target = uri("sip:201@192.0.2.1");
    target.push_header("Replaces", &replaces.to_string());
    let printed = ReferTo(NameAddr::new(target)).to_string();
    let read = ReferTo::parse(&printed).unwrap();
    let carried = read.uri.header("replaces").unwrap();
    assert_eq!(carried, replaces.to_string());
    let simple = Replaces { call_id: "7@h".into(), ..replaces };
    assert_eq!(Replaces::parse(&simple.to_string()), Ok(simple));
}
