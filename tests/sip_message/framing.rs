//! Messages out of a stream: whatever the segments, the same messages; what cannot be told apart ends the stream.

use crate::{data, invite_with};
use patchcord::sip::message::ParseError;
use patchcord::sip::message::codec::MAX_MESSAGE;
use patchcord::sip::message::framer::{Frame, Framer};

/// All frames of these segments, and the fault that ended them.
fn frames<'a>(segments: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Frame>, Option<ParseError>) {
    let (mut framer, mut found) = (Framer::default(), Vec::new());
    for segment in segments {
        framer.push(segment);
        loop {
            match framer.next() {
                Ok(Some(frame)) => found.push(frame),
                Ok(None) => break,
                Err(fault) => return (found, Some(fault)),
            }
        }
    }
    (found, None)
}

fn messages(octets: &[u8]) -> Vec<Vec<u8>> {
    let (found, fault) = frames([octets]);
    assert_eq!(fault, None);
    let message = |frame| if let Frame::Message(message) = frame { Some(message) } else { None };
    found.into_iter().filter_map(message).collect()
}

fn fault(octets: &[u8]) -> (&'static str, &'static str) {
    let (found, fault) = frames([octets]);
    assert!(found.is_empty());
    fault.map_or(("", ""), |fault| (fault.field, fault.fault))
}

/// With a Content-Length, and this body.
fn with_body(length: &str, body: &str) -> Vec<u8> {
    [invite_with(&format!("{length}\n")), body.as_bytes().to_vec()].concat()
}

#[test]
fn every_message_cut_at_every_place_gives_the_same_frames() {
    let all = [data("traces", "sip"), data("torture", "dat")].concat();
    assert_eq!(all.len(), 38 + 49);
    let mut whole = 0;
    for (name, octets) in &all {
        let expected = frames([&octets[..]]);
        whole += usize::from(expected.1.is_none() && expected.0 == [Frame::Message(octets.clone())]);
        for at in 0..=octets.len() {
            assert_eq!(frames([&octets[..at], &octets[at..]]), expected, "{name} cut at {at}");
        }
        assert_eq!(frames(octets.chunks(1)), expected, "{name}, octet by octet");
    }
    // The others have no Content-Length, two, none that is a number, or one that is not the body's.
    assert!(whole >= 38 + 30, "{whole} come out as they went in");
}

#[test]
fn several_messages_in_one_segment_come_out_one_by_one() {
    let all: Vec<_> = data("traces", "sip").into_iter().map(|(_, octets)| octets).collect();
    let stream = all.concat();
    assert_eq!(messages(&stream), all);
    for size in [1, 2, 3, 7, 100, 1460] {
        let expected: Vec<_> = all.iter().cloned().map(Frame::Message).collect();
        assert_eq!(frames(stream.chunks(size)), (expected, None), "in segments of {size}");
    }
}

#[test]
fn a_body_may_look_like_a_message() {
    let inner = String::from_utf8(invite_with("Content-Length: 0\n")).unwrap();
    let outer = with_body(&format!("l: {}", inner.len()), &inner);
    assert_eq!(messages(&outer), [outer]);
}

#[test]
fn line_breaks_between_messages_keep_alive_and_every_second_one_is_a_ping() {
    let message = with_body("Content-Length: 2", "ok");
    let pings = |breaks: &str| {
        let octets = [breaks.as_bytes(), &message, breaks.as_bytes()].concat();
        let (found, fault) = frames(octets.chunks(1));
        assert_eq!((fault, found.clone()), (None, frames([&octets[..]]).0));
        assert!(found.contains(&Frame::Message(message.clone())));
        found.iter().filter(|frame| **frame == Frame::Ping).count()
    };
    for (breaks, expected) in
        [("", 0), ("\r\n", 0), ("\r\n\r\n", 2), ("\r\n\r\n\r\n", 2), ("\r\n\r\n\r\n\r\n", 4)]
    {
        assert_eq!(pings(breaks), expected, "{breaks:?}");
    }
}

#[test]
fn a_length_may_be_compact_folded_or_said_twice_alike() {
    for length in ["l: 2", "CONTENT-LENGTH : 2", "Content-Length:\n 2", "Content-Length: 2\nl: 2"] {
        let octets = with_body(length, "ok");
        assert_eq!(messages(&octets), std::slice::from_ref(&octets), "{length}");
    }
}

#[test]
fn a_stream_that_cannot_be_understood_says_so_for_ever() {
    for (length, expected) in [
        ("X: y", "missing in a stream"),
        ("Content-Length: two", "not a number, or too large"),
        ("Content-Length: -1", "not a number, or too large"),
        ("Content-Length: 99999999999999999999999", "not a number, or too large"),
        ("Content-Length: 2\nl: 3", "two that differ"),
    ] {
        assert_eq!(fault(&with_body(length, "ok")), ("Content-Length", expected), "{length}");
    }
    let mut framer = Framer::default();
    framer.push(&with_body("X: y", "ok"));
    let first = framer.next();
    assert!(first.is_err());
    framer.push(&with_body("Content-Length: 2", "ok"));
    assert_eq!(framer.next(), first);
}

#[test]
fn what_is_too_long_is_refused_before_it_is_held() {
    let head = with_body("Content-Length: 65536", "");
    assert_eq!(fault(&head), ("message", "too long"), "said by its length alone");
    let usize_max = usize::MAX.to_string();
    assert_eq!(fault(&with_body(&format!("l: {usize_max}"), "")), ("message", "too long"));
    let endless = vec![b'x'; MAX_MESSAGE + 1];
    assert_eq!(fault(&endless), ("message", "too long"));
    let lines = invite_with("").len();
    let endless = [&invite_with("")[..lines - 2], &b"a: b\r\n".repeat(11_000)].concat();
    assert_eq!(fault(&endless), ("message", "too long"));
    let head = with_body("Content-Length: 00000", "").len();
    let fits = MAX_MESSAGE - head;
    let largest = with_body(&format!("Content-Length: {fits:05}"), &"x".repeat(fits));
    assert_eq!(messages(&largest).len(), 1);
}
