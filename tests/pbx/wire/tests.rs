//! Three sound conversations, and one planted fault for each rule.

use super::{Captured, check};

/// A change that turns a sound conversation into a faulty one. Numbers are places in the conversation.
#[derive(Clone, Copy)]
enum Fault {
    Swap(usize, &'static str, &'static str),
    /// As `Swap`, in every message of the telephone.
    SwapAll(&'static str, &'static str),
    Drop(usize),
    /// The same message once more, so many seconds later.
    Repeat(usize, f64),
    /// The same message once more with a change, so many seconds later.
    RepeatWith(usize, f64, &'static str, &'static str),
    Delay(usize, f64),
    /// As `Repeat`, and all of it over one connection.
    RepeatByTcp(usize, f64),
}
use Fault::{Delay, Drop, Repeat, RepeatByTcp, RepeatWith, Swap, SwapAll};

const INBOUND: &str = include_str!("good/inbound.txt");
const OUTBOUND: &str = include_str!("good/outbound.txt");
const WATCHING: &str = include_str!("good/watching.txt");

#[test]
fn sound_conversations_break_no_rule() {
    for text in [INBOUND, OUTBOUND, WATCHING] {
        assert_eq!(check(&played(text, None)), []);
    }
}

#[rustfmt::skip]
const PLANTED: &[(&str, &str, Fault)] = &[
    // single messages
    ("readable", OUTBOUND, Swap(0, "Max-Forwards: 70", "Max-Forwards 70")),
    ("version", OUTBOUND, Swap(0, "SIP/2.0\nVia", "SIP/3.0\nVia")),
    ("line-ends", OUTBOUND, Swap(0, "Max-Forwards: 70\n", "Max-Forwards: 70\\n")),
    ("mandatory-headers", OUTBOUND, Swap(0, "Call-ID: out-1\n", "")),
    ("single-headers", OUTBOUND, Swap(0, "Call-ID: out-1\n", "Call-ID: out-1\nCall-ID: out-1\n")),
    ("cseq-form", OUTBOUND, Swap(0, "CSeq: 1 INVITE", "CSeq: 2147483648 INVITE")),
    ("cseq-method", OUTBOUND, Swap(15, "CSeq: 1 CANCEL", "CSeq: 1 INVITE")),
    ("to-tag", INBOUND, Swap(5, ";tag=oz1", "")),
    ("from-tag", INBOUND, Swap(0, ";tag=rega1", "")),
    ("max-forwards", OUTBOUND, Swap(0, "Max-Forwards: 70", "Max-Forwards: 0")),
    ("via-single", OUTBOUND, Swap(0, "Max-Forwards", "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKabcdefgh\nMax-Forwards")),
    ("via-cookie", INBOUND, Swap(25, "z9hG4bKbye00001", "bye00001")),
    ("via-rport", OUTBOUND, Swap(0, ";rport", "")),
    ("via-address", OUTBOUND, Swap(0, "UDP 127.0.0.1:5070", "UDP 0.0.0.0:5060")),
    ("contact", INBOUND, Swap(21, "Contact: <sip:k7d0q3m9x2v5b8n1@127.0.0.1:5070>\n", "")),
    ("contact", INBOUND, Swap(11, "Contact: <sip:k7d0q3m9x2v5b8n1@127.0.0.1:5070>\n", "")),
    ("contact", INBOUND, Swap(17, "Contact: <sip:k7d0q3m9x2v5b8n1@127.0.0.1:5070>\n", "")),
    ("contact-address", INBOUND, Swap(0, "@127.0.0.1:5070>", "@0.0.0.0:5070>")),
    ("contact-token", INBOUND, Swap(0, "Contact: <sip:k7d0q3m9x2v5b8n1", "Contact: <sip:101")),
    ("content-length", INBOUND, Swap(11, "Content-Length: *", "Content-Length: 5")),
    ("content-type", INBOUND, Swap(11, "Content-Type: application/sdp\n", "")),
    // transactions
    ("branch-unique", OUTBOUND, Swap(3, "aaa00002", "aaa00001")),
    ("branch-unique", OUTBOUND, Swap(22, "ddd00003", "ddd00001")),
    ("retransmission-identical", OUTBOUND, RepeatWith(13, 0.5, "Max-Forwards: 70", "Max-Forwards: 69")),
    ("retransmission-pace", OUTBOUND, Repeat(13, 0.1)),
    ("retransmission-by-tcp", OUTBOUND, RepeatByTcp(13, 0.5)),
    ("retransmission-by-tcp", INBOUND, RepeatByTcp(25, 0.5)),
    ("cancel-branch", OUTBOUND, Swap(15, "ccc00001", "ccc00009")),
    ("cancel-fields", OUTBOUND, Swap(15, "To: <sip:600@127.0.0.1:5060>", "To: <sip:600@127.0.0.1:5060>;tag=p3")),
    ("cancel-fields", OUTBOUND, Swap(15, "CANCEL sip:600@", "CANCEL sip:601@")),
    ("cancel-fields", OUTBOUND, Swap(15, "CSeq: 1 CANCEL", "CSeq: 2 CANCEL")),
    ("cancel-too-early", OUTBOUND, Drop(14)),
    ("final-acked", OUTBOUND, Drop(7)),
    ("final-acked", OUTBOUND, Drop(12)),
    ("final-acked", OUTBOUND, Swap(12, ";tag=p2", "")),
    ("final-acked", OUTBOUND, Repeat(6, 2.5)),
    ("ack-2xx-branch", OUTBOUND, Swap(7, "aaa00003", "aaa00002")),
    ("ack-route", OUTBOUND, Swap(7, "Route: <sip:127.0.0.1:5061;lr>\nRoute: <sip:127.0.0.1:5060;lr>\n", "")),
    ("ack-route", OUTBOUND, Swap(7, "Route: <sip:127.0.0.1:5061;lr>\nRoute: <sip:127.0.0.1:5060;lr>\n",
                                    "Route: <sip:127.0.0.1:5060;lr>\nRoute: <sip:127.0.0.1:5061;lr>\n")),
    ("ack-target", OUTBOUND, Swap(7, "ACK sip:peer@127.0.0.1:5062", "ACK sip:600@127.0.0.1:5060")),
    ("ack-refusal-branch", OUTBOUND, Swap(12, "bbb00001", "bbb00002")),
    ("ack-refusal-fields", OUTBOUND, Swap(12, "ACK sip:600@", "ACK sip:601@")),
    ("request-answered", INBOUND, Drop(24)),
    ("request-answered", INBOUND, Drop(5)),
    ("one-final", INBOUND, RepeatWith(11, 0.5, "m=audio 30000", "m=audio 30002")),
    ("answered-at-once", INBOUND, Delay(5, 0.8)),
    ("notify-200", INBOUND, Swap(24, "200 OK", "481 Call/Transaction Does Not Exist")),
    ("response-fields", INBOUND, Swap(11, "CSeq: 20 INVITE", "CSeq: 1 INVITE")),
    ("response-fields", INBOUND, Swap(24, "tag=us1", "tag=us9")),
    ("response-tag", INBOUND, Swap(10, ";tag=us1", ";tag=other")),
    ("cancel-487", INBOUND, Swap(31, "487 Request Terminated", "480 Temporarily Unavailable")),
    ("response-unasked", INBOUND, Swap(5, "opt00001", "opt00002")),
    ("allow-honest", INBOUND, SwapAll(", UPDATE", "")),
    ("allow-honest", INBOUND, Swap(5, "200 OK", "501 Not Implemented")),
    // dialogs and registrations
    ("dialog-known", INBOUND, Swap(25, ";tag=us1", ";tag=us7")),
    ("tags-stable", INBOUND, Swap(25, ";tag=c1", ";tag=c7")),
    ("dialog-target", INBOUND, Swap(25, "BYE sip:asterisk@127.0.0.1:5060", "BYE sip:+79161234567@127.0.0.1")),
    ("dialog-route", INBOUND, Swap(21, "Route: <sip:127.0.0.1:5061;lr>, <sip:127.0.0.1:5060;lr>\n", "")),
    ("cseq-rises", INBOUND, Swap(25, "CSeq: 3 BYE", "CSeq: 2 BYE")),
    ("bye-once", INBOUND, RepeatWith(25, 1.0, "bye00001", "bye00002")),
    ("after-bye", INBOUND, RepeatWith(25, 1.0, "BYE", "INFO")),
    ("bye-missing", OUTBOUND, Drop(22)),
    ("bye-before-ack", INBOUND, Drop(20)),
    ("register-call-id", INBOUND, Swap(6, "Call-ID: reg-1@tel", "Call-ID: reg-2@tel")),
    ("register-cseq", INBOUND, Swap(6, "CSeq: 3 REGISTER", "CSeq: 2 REGISTER")),
    // offer and answer
    ("sdp-form", INBOUND, Swap(11, "s=-\n", "")),
    ("answer-due", INBOUND, Swap(19, "Content-Type: application/sdp\n", "Content-Type: text/plain\n")),
    ("answer-due", OUTBOUND, Swap(21, "Content-Type: application/sdp\n", "Content-Type: text/plain\n")),
    ("unasked-sdp", OUTBOUND, Swap(7, "Content-Length: *\n",
        "Content-Type: application/sdp\nContent-Length: *\n\nv=0\no=tel 5 1 IN IP4 127.0.0.1\ns=-\nt=0 0\nm=audio 4 RTP/AVP 8\n")),
    ("answer-lines", INBOUND, Swap(11, "a=sendrecv\n", "a=sendrecv\nm=video 0 RTP/AVP 99\n")),
    ("answer-lines", INBOUND, Swap(11, "RTP/AVP", "RTP/SAVP")),
    ("answer-formats", INBOUND, Swap(11, "RTP/AVP 8 101", "RTP/AVP 8 96")),
    ("answer-formats", INBOUND, Swap(11, "telephone-event/8000", "opus/48000")),
    ("answer-direction", INBOUND, Swap(19, "a=recvonly", "a=sendrecv")),
    ("origin-session", INBOUND, Swap(13, "o=tel 5 2", "o=tel 6 2")),
    ("origin-version", INBOUND, Swap(13, "o=tel 5 2", "o=tel 5 1")),
    ("origin-version", OUTBOUND, Swap(3, "o=tel 5 1", "o=tel 5 2")),
    ("offer-crossing", INBOUND, RepeatWith(13, 0.005, "CSeq: 1 INVITE", "CSeq: 2 INVITE")),
    // subscriptions
    ("subscribe-fields", WATCHING, Swap(0, "Event: dialog\n", "")),
    ("subscribe-fields", WATCHING, Swap(0, "Accept: application/dialog-info+xml\n", "")),
    ("subscribe-fields", WATCHING, Swap(4, "Expires: 300\n", "")),
    ("subscribe-dialog", WATCHING, Swap(4, "Call-ID: sub-1@tel", "Call-ID: sub-2@tel")),
    ("subscribe-dialog", WATCHING, Swap(4, ";tag=n1", ";tag=n2")),
    ("subscribe-target", WATCHING, Swap(4, "SUBSCRIBE sip:127.0.0.1:5060", "SUBSCRIBE sip:201@127.0.0.1:5060")),
    ("subscribe-cseq", WATCHING, Swap(4, "CSeq: 2 SUBSCRIBE", "CSeq: 1 SUBSCRIBE")),
    ("subscribe-package", WATCHING, Swap(4, "Event: dialog", "Event: presence")),
    ("subscribe-after-end", WATCHING, Swap(6, "active;expires=299", "terminated;reason=timeout")),
    ("notify-subscribed", WATCHING, Swap(3, "200 OK", "481 Call/Transaction Does Not Exist")),
    ("contact", WATCHING, Swap(4, "Contact: <sip:k7d0q3m9x2v5b8n1@127.0.0.1:5070>\n", "")),
    // credentials
    ("credentials-unasked", INBOUND, Swap(2, "nonce=\"n1\"", "nonce=\"n0\"")),
    ("digest-uri", INBOUND, Swap(2, "uri=\"sip:127.0.0.1:5060\"", "uri=\"sip:127.0.0.1\"")),
    ("nonce-count", INBOUND, Swap(6, "nc=00000002", "nc=00000001")),
    ("cnonce", INBOUND, Swap(2, "cnonce=\"cafe0001\"", "cnonce=\"1\"")),
    ("auth-loop", INBOUND, Swap(3, "200 OK", "401 Unauthorized")),
];

#[test]
fn each_rule_is_killed_by_its_planted_fault() {
    for (rule, text, fault) in PLANTED {
        let broken = check(&played(text, Some(*fault)));
        let rules: Vec<_> = broken.iter().map(|each| each.rule).collect();
        assert!(rules.contains(rule), "{rule} did not notice; found {broken:?}");
    }
}

#[test]
fn a_request_may_be_sent_again_by_udp_and_over_another_connection() {
    for (first, second) in [(None, None), (Some(40_001), None), (Some(40_001), Some(40_002))] {
        let mut capture = played(OUTBOUND, Some(Repeat(13, 0.5)));
        let sent: Vec<_> = (0..capture.len()).filter(|at| capture[*at].raw == capture[13].raw).collect();
        for (at, port) in sent.iter().zip([first, second]) {
            capture[*at].connection = port.map(|port| ([127, 0, 0, 1], port).into());
        }
        assert_eq!(check(&capture), [], "{first:?} {second:?}");
    }
}

#[test]
fn an_offer_that_nobody_said_anything_to_is_over_when_its_request_is() {
    let crosses = |later: f64| {
        let again = RepeatWith(13, later, "CSeq: 1 INVITE", "CSeq: 2 INVITE");
        let mut capture = played(OUTBOUND, Some(again));
        let first = capture[13].at;
        capture.retain(|each| !(first < each.at && each.at < first + later));
        check(&capture).iter().any(|each| each.rule == "offer-crossing")
    };
    assert!(crosses(31.0) && !crosses(33.0));
}

#[test]
fn what_was_just_being_granted_may_be_refused_by_who_leaves() {
    let part = |text, at: usize| parts(text)[at].2.clone();
    let refused = part(WATCHING, 3).replace("200 OK", "481 Call/Transaction Does Not Exist");
    let is_broken = |register: &str, at: f64| {
        let mut watching = vec![
            (true, 0.0, part(WATCHING, 0)),
            (false, 0.01, part(WATCHING, 1)),
            (true, at, register.to_owned()),
            (false, at + 0.01, part(WATCHING, 2)),
            (true, at + 0.02, refused.clone()),
        ];
        watching.sort_by(|a, b| a.1.total_cmp(&b.1));
        check(&captured(watching, None)).iter().any(|each| each.rule == "notify-subscribed")
    };
    let register = part(INBOUND, 0);
    let leaves = register.replace("Expires: 300", "Expires: 0");
    assert!(is_broken(&register, 0.015) && is_broken(&leaves, 0.5));
    assert!(!is_broken(&leaves, 0.005) && !is_broken(&leaves, 0.015));
}

#[test]
fn no_rule_is_without_a_planted_fault() {
    let sources = [
        include_str!("messages.rs"),
        include_str!("transactions.rs"),
        include_str!("dialogs.rs"),
        include_str!("offers.rs"),
        include_str!("subscriptions.rs"),
        include_str!("digest.rs"),
        include_str!("mod.rs"),
    ];
    let planted: Vec<&str> = PLANTED.iter().map(|(rule, _, _)| *rule).collect();
    for name in sources.iter().flat_map(|source| rule_names(source)) {
        assert!(planted.contains(&name.as_str()), "the rule {name} has no planted fault");
    }
}

#[test]
fn one_cnonce_for_two_nonces_is_noticed() {
    let text = INBOUND.replace("nonce=\"n1\", uri", "nonce=\"n2\", uri").replacen(
        "nonce=\"n2\", uri",
        "nonce=\"n1\", uri",
        1,
    );
    let rules: Vec<_> = check(&played(&text, None)).iter().map(|each| each.rule).collect();
    assert!(rules.contains(&"cnonce"), "{rules:?}");
}

#[test]
fn the_log_of_the_pbx_is_read_with_times_directions_and_octets() {
    let log = b"[2026-11-23 18:35:19.357] VERBOSE[1] chan.c: something else\n\
        [2026-11-23 18:35:19.357] VERBOSE[2][C-01] res_pjsip_logger.c: <--- Received SIP request (29 bytes) from UDP:127.0.0.1:19110 --->\n\
        OPTIONS sip:a SIP/2.0\r\nA: 1\r\n\n\
        [2026-11-23 18:35:20.000] VERBOSE[2] res_pjsip_logger.c: <--- Transmitting SIP response (18 bytes) to UDP:[::1]:19111 --->\n\
        SIP/2.0 200 OK\r\n\r\n\n";
    let found = super::log::read(log);
    assert_eq!(found.len(), 2);
    assert!(found[0].outgoing && !found[1].outgoing);
    assert_eq!(found[0].raw, b"OPTIONS sip:a SIP/2.0\r\nA: 1\r\n");
    assert_eq!(found[1].peer.to_string(), "[::1]:19111");
    assert!((found[1].at - found[0].at - 0.643).abs() < 0.0005);
}

/// Names in quotes that stand where `note` and `expect` take the rule.
fn rule_names(source: &str) -> Vec<String> {
    let words = source.split('"').skip(1).step_by(2);
    let fits = |word: &&str| {
        word.contains('-') && word.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c.is_ascii_digit())
    };
    let headers =
        ["call-id", "max-forwards", "content-length", "content-type", "record-route", "session-expires"];
    let more = [
        "subscription-state",
        "refer-to",
        "referred-by",
        "www-authenticate",
        "proxy-authenticate",
        "proxy-authorization",
    ];
    words.filter(fits).filter(|w| !headers.contains(w) && !more.contains(w)).map(str::to_owned).collect()
}

/// The conversation as a capture, with at most one fault in it.
fn played(text: &str, fault: Option<Fault>) -> Vec<Captured> {
    let mut messages = parts(text);
    match fault {
        None => {}
        Some(Swap(at, from, to)) => {
            assert!(messages[at].2.contains(from), "message {at} has no {from:?}");
            messages[at].2 = messages[at].2.replacen(from, to, 1);
        }
        Some(SwapAll(from, to)) => {
            for message in messages.iter_mut().filter(|message| message.0) {
                message.2 = message.2.replace(from, to);
            }
        }
        Some(Drop(at)) => {
            messages.remove(at);
        }
        Some(Repeat(at, later) | RepeatByTcp(at, later)) => again(&mut messages, at, later, "", ""),
        Some(RepeatWith(at, later, from, to)) => again(&mut messages, at, later, from, to),
        Some(Delay(at, by)) => messages[at].1 += by,
    }
    captured(messages, fault)
}

fn captured(messages: Vec<(bool, f64, String)>, fault: Option<Fault>) -> Vec<Captured> {
    let peer = "127.0.0.1:5070".parse().expect("an address");
    let connection = matches!(fault, Some(RepeatByTcp(..))).then_some(peer);
    let captured = |(outgoing, at, text): (bool, f64, String)| Captured {
        connection,
        ..Captured::new(at, outgoing, peer, octets(&text))
    };
    messages.into_iter().map(captured).collect()
}

fn again(messages: &mut Vec<(bool, f64, String)>, at: usize, later: f64, from: &str, to: &str) {
    let (outgoing, time, text) = messages[at].clone();
    messages.push((outgoing, time + later, text.replace(from, to)));
    messages.sort_by(|a, b| a.1.total_cmp(&b.1));
}

fn parts(text: &str) -> Vec<(bool, f64, String)> {
    let mut found: Vec<(bool, f64, String)> = Vec::new();
    for line in text.lines() {
        let mark = line.strip_prefix("> ").map(|t| (true, t)).or(line.strip_prefix("< ").map(|t| (false, t)));
        match (mark.and_then(|(out, time)| Some((out, time.parse().ok()?))), found.last_mut()) {
            (Some((out, time)), _) => found.push((out, time, String::new())),
            (None, Some((_, _, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

fn octets(text: &str) -> Vec<u8> {
    let (head, body) = text.split_once("\n\n").expect("a head and a body");
    let body = if body.trim().is_empty() { String::new() } else { format!("{}\n", body.trim_end()) };
    let length = body.replace('\n', "\r\n").len();
    let head = head.replace("Content-Length: *", &format!("Content-Length: {length}"));
    format!("{head}\n\n{body}")
        .replace('\n', "\r\n")
        .replace("\\\r\n", "\n")
        .replace("\\n", "\n")
        .into_bytes()
}
