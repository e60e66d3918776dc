//! Whatever arrives: no panic, no flood of answers, and the call goes on.

use crate::sip::chance::Chance;
use crate::sip::message::{Message, Method};
use crate::sip::testing::{ANSWER, Bench, OFFER, PBX, answer, ms, secs};
use crate::sip::{Event, UserAgent};

/// Messages of a living conversation, to be spoilt.
fn seeds(bench: &mut Bench) -> Vec<Vec<u8>> {
    let (_, invite, ok) = bench.answered();
    let mut found = vec![];
    for method in
        [Method::Invite, Method::Update, Method::Notify, Method::Info, Method::Options, Method::Cancel]
    {
        let mut request = bench.pbx_next(&invite, &ok, method, 40);
        request.headers.push("Event", "refer");
        request.headers.push("Subscription-State", "active;expires=60");
        request.headers.push("Session-Expires", "90;refresher=uac");
        request.headers.push("Record-Route", "<sip:a;lr>, <sip:b>");
        request.headers.push("Content-Type", "message/sipfrag");
        request.body = b"SIP/2.0 180 Ringing\r\n".to_vec();
        found.push(request.to_bytes());
    }
    for method in [Method::Invite, Method::Notify, Method::Options] {
        found.push(bench.pbx_request(method, &[("Expires", "3"), ("Require", "timer")], OFFER).to_bytes());
    }
    found
}

fn spoil(chance: &mut Chance, bytes: &mut Vec<u8>) {
    const WORDS: [&[u8]; 10] =
        [b"\r\n", b"\r\n\r\n", b"<", b";", b"=", b"\"", b"4294967296", b"%00", b"\xff\xfe", b"SIP/2.0"];
    let mut pick = |limit: usize| chance.between(ms(0), ms(limit.max(1) as u64 - 1)).as_millis() as usize;
    for _ in 0..=pick(3) {
        let (at, kind) = (pick(bytes.len()), pick(4));
        match kind {
            0 => bytes[at] ^= 1 << pick(8),
            1 => drop(bytes.drain(at..(at + pick(20)).min(bytes.len()))),
            2 => drop(bytes.splice(at..at, WORDS[pick(WORDS.len())].iter().copied())),
            _ => {
                let to = (at + pick(60)).min(bytes.len());
                let copy = bytes[at..to].to_vec();
                bytes.splice(at..at, copy);
            }
        }
        if bytes.is_empty() {
            bytes.push(b'x');
        }
    }
}

#[test]
fn spoilt_messages_never_break_anything() {
    let mut chance = Chance::new([3; 32]);
    for round in 0..20 {
        let mut bench = Bench::registered();
        let mut originals = seeds(&mut bench);
        for _ in 0..150 {
            let at = chance.between(ms(0), ms(originals.len() as u64 - 1)).as_millis() as usize;
            let mut bytes = originals[at].clone();
            spoil(&mut chance, &mut bytes);
            let from = if round % 2 == 0 { PBX } else { "198.51.100.66:4444" };
            bench.hear_from(from, &bytes);
            bench.pass(ms(37));
            // Its own messages come back spoilt, too.
            let room = 60usize.saturating_sub(originals.len());
            originals.extend(bench.octets().into_iter().take(room));
            for event in bench.events() {
                if let Event::Invited { call, .. } = event {
                    bench.ua.accept(bench.now, call, ANSWER.to_vec()).ok();
                }
            }
        }
        bench.pass(secs(700));
    }
}

#[test]
fn rubbish_in_a_call_does_not_end_it() {
    let mut bench = Bench::new();
    let (call, ..) = bench.answered();
    for rubbish in
        [&b"\x00\x01\x02"[..], b"", b"\r\n\r\n", b"BYE\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n", &[0xff; 9000]]
    {
        bench.hear_from(PBX, rubbish);
    }
    assert!(bench.events().is_empty());
    assert!(bench.ua.hang_up(bench.now, call).is_ok());
}

#[test]
fn an_unreadable_request_is_answered_only_to_the_pbx() {
    let bad = |ua: &UserAgent, version: &str, user: Option<&str>| {
        let mut uri = ua.contact();
        if let Some(user) = user {
            uri.user = Some(user.to_owned());
        }
        format!(
            "OPTIONS {uri} {version}\r\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n\
             To: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )
    };
    let mut bench = Bench::registered();
    let scanner = "198.51.100.66:5060";
    let request = bad(&bench.ua, "SIP/7.0", None);
    bench.hear_from(PBX, request.as_bytes());
    assert!(matches!(bench.message(), Message::Response(r) if r.status.code() == 505));
    bench.hear_from(scanner, request.as_bytes());
    assert!(matches!(bench.message(), Message::Response(_)), "it knows our Contact");
    let request = bad(&bench.ua, "SIP/7.0", Some("100"));
    bench.hear_from(scanner, request.as_bytes());
    assert!(bench.is_silent());
}

#[test]
fn answers_of_strangers_change_nothing() {
    let mut bench = Bench::new();
    bench.ua.register(bench.now);
    let register = bench.request(Method::Register);
    let mut forged = answer(&register, 200, &[("Contact", "<sip:x@y>;expires=60")], b"");
    forged.headers.remove("Via");
    forged.headers.push("Via", "SIP/2.0/UDP 192.0.2.20:5070;branch=z9hG4bKguess");
    bench.hear(&Message::Response(forged));
    assert!(!bench.ua.is_registered() && bench.is_silent());
}

#[test]
fn time_that_stands_still_or_jumps_is_survived() {
    let mut bench = Bench::registered();
    for _ in 0..100 {
        bench.ua.handle_timeout(bench.now);
    }
    assert!(bench.is_silent());
    // The machine slept for a day: whatever is due happens now, once.
    bench.now = bench.now + secs(86_400);
    bench.ua.handle_timeout(bench.now);
    let sent = bench.messages().len();
    assert!(sent <= 4, "{sent} messages at once");
}

#[test]
fn requests_in_dialogs_that_never_were_take_nobodys_place() {
    let mut bench = Bench::registered();
    let before = bench.ua.load().transactions;
    for method in [Method::Bye, Method::Options, Method::Update, Method::Info] {
        for _ in 0..300 {
            let mut forged = bench.pbx_request(method.clone(), &[], b"");
            forged.headers.remove("To");
            forged.headers.push("To", "<sip:operator1@pbx.example>;tag=forged");
            bench.hear_request(&forged);
            let refusal = bench.response(481);
            bench.hear_request(&forged);
            assert_eq!(bench.response(481), refusal, "{method}: the same answer for a repetition");
        }
    }
    assert_eq!(bench.ua.load().transactions, before);
    bench.called();
}
