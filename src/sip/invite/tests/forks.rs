//! One call, several telephones: early dialogs, early media, and more answers than one.

use crate::sip::message::{Message, Method, Request, To};
use crate::sip::testing::{ANSWER, Bench, OFFER, answer, ms, secs, seq, tagged};
use crate::sip::{CallKey, EndedBy, Event};

const MUSIC: &[u8] = b"v=0\r\no=- 3 3 IN IP4 192.0.2.30\r\ns=-\r\n";

fn dial(bench: &mut Bench) -> (CallKey, Request) {
    let call = bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), Some(OFFER.to_vec()));
    (call, bench.request(Method::Invite))
}

/// One of the telephones says something.
fn say(
    bench: &mut Bench,
    invite: &Request,
    tag: &str,
    status: u16,
    more: &[(&'static str, &str)],
    body: &[u8],
) {
    let mut response = answer(invite, status, more, body);
    response.headers.push("Contact", format!("<sip:{tag}@192.0.2.10>"));
    response.headers.set(&tagged(&format!("<sip:200@pbx.example>;tag={tag}")));
    bench.hear(&Message::Response(response));
}

fn to_tag(request: &Request) -> String {
    request.headers.require::<To>().unwrap().tag().unwrap().to_owned()
}

fn heard(bench: &mut Bench) -> Option<(u16, Option<Vec<u8>>)> {
    match bench.event()? {
        Event::Ringing { status, body, .. } => Some((status.code(), body)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_telephone_is_heard_ringing_once() {
    let mut bench = Bench::new();
    let (_, invite) = dial(&mut bench);
    for round in 0..3 {
        for tag in ["one", "two"] {
            say(&mut bench, &invite, tag, 180, &[], b"");
            assert_eq!(heard(&mut bench).is_some(), round == 0, "{tag} {round}");
        }
    }
}

#[test]
fn each_telephone_numbers_its_reliable_responses_for_itself() {
    let mut bench = Bench::new();
    let (_, invite) = dial(&mut bench);
    for (tag, rseq) in [("one", "7"), ("two", "500"), ("one", "8"), ("two", "501")] {
        say(&mut bench, &invite, tag, 183, &[("Require", "100rel"), ("RSeq", rseq)], b"");
        let prack = bench.request(Method::Prack);
        assert_eq!(to_tag(&prack), tag);
        assert_eq!(prack.uri.to_string(), format!("sip:{tag}@192.0.2.10"));
        assert!(prack.headers.first("RAck").unwrap().starts_with(rseq));
    }
}

#[test]
fn the_answer_of_the_telephone_that_was_taken_counts() {
    for (taken, its_own) in [("one", ANSWER), ("two", MUSIC)] {
        let mut bench = Bench::new();
        let (_, invite) = dial(&mut bench);
        for (tag, body) in [("one", ANSWER), ("two", MUSIC)] {
            say(&mut bench, &invite, tag, 183, &[("Require", "100rel"), ("RSeq", "1")], body);
        }
        bench.forget();
        say(&mut bench, &invite, taken, 200, &[], b"");
        assert_eq!(to_tag(&bench.request(Method::Ack)), taken);
        let Some(Event::Accepted { body, .. }) = bench.event() else { panic!() };
        assert_eq!(body.as_deref(), Some(its_own), "neither the first nor the last that spoke");
    }
}

#[test]
fn when_the_telephone_that_was_heard_gives_up_another_is_heard() {
    let mut bench = Bench::new();
    let (_, invite) = dial(&mut bench);
    assert!(invite.headers.lists_token("Supported", "199"));
    say(&mut bench, &invite, "one", 183, &[], MUSIC);
    say(&mut bench, &invite, "two", 183, &[], ANSWER);
    bench.forget();
    say(&mut bench, &invite, "two", 199, &[], b"");
    assert_eq!(heard(&mut bench), Some((183, Some(MUSIC.to_vec()))));
    say(&mut bench, &invite, "three", 199, &[], b"");
    assert!(bench.is_silent(), "of that one nothing was known");
    say(&mut bench, &invite, "one", 199, &[], b"");
    assert!(bench.is_silent(), "the call goes on until a final response");
    say(&mut bench, &invite, "one", 486, &[], b"");
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Them, .. })));
}

#[test]
fn of_three_answers_two_are_sent_away_however_often_they_come() {
    let mut bench = Bench::new();
    let (call, invite) = dial(&mut bench);
    say(&mut bench, &invite, "one", 200, &[], ANSWER);
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Some(Event::Accepted { .. })));
    let mut byes = vec![];
    for round in 0..4 {
        for tag in ["two", "one", "three"] {
            say(&mut bench, &invite, tag, 200, &[], ANSWER);
            assert_eq!(to_tag(&bench.request(Method::Ack)), tag);
            if round == 0 && tag != "one" {
                let bye = bench.request(Method::Bye);
                assert_eq!(to_tag(&bye), tag);
                byes.push(bye);
            }
            assert!(bench.is_silent(), "{tag} {round}");
        }
    }
    for bye in &byes {
        bench.respond(bye, 200);
    }
    bench.ua.hang_up(bench.now, call).unwrap();
    assert_eq!(to_tag(&bench.request(Method::Bye)), "one");
}

#[test]
fn what_is_sent_away_after_its_pracks_is_told_by_a_higher_number() {
    let reliably = |bench: &mut Bench, invite: &Request, tag: &str, rseq: &str| {
        say(bench, invite, tag, 180, &[("Require", "100rel"), ("RSeq", rseq)], b"");
        seq(&bench.request(Method::Prack))
    };
    // The second of two telephones, and one whose answer crosses our CANCEL.
    for given_up in [false, true] {
        let mut bench = Bench::new();
        let (call, invite) = dial(&mut bench);
        reliably(&mut bench, &invite, "two", "1");
        let last = reliably(&mut bench, &invite, "two", "2");
        bench.forget();
        if given_up {
            bench.ua.hang_up(bench.now, call).unwrap();
            bench.request(Method::Cancel);
        } else {
            say(&mut bench, &invite, "one", 200, &[], ANSWER);
            bench.request(Method::Ack);
        }
        say(&mut bench, &invite, "two", 200, &[], ANSWER);
        bench.request(Method::Ack);
        let bye = bench.request(Method::Bye);
        assert_eq!((to_tag(&bye).as_str(), seq(&bye)), ("two", last + 1), "given up: {given_up}");
    }
}

#[test]
fn an_answer_of_another_telephone_after_we_hung_up_is_sent_away_too() {
    let mut bench = Bench::new();
    let (call, invite) = dial(&mut bench);
    say(&mut bench, &invite, "one", 200, &[], ANSWER);
    bench.forget();
    bench.ua.hang_up(bench.now, call).unwrap();
    let bye = bench.request(Method::Bye);
    bench.respond(&bye, 200);
    bench.forget();
    say(&mut bench, &invite, "two", 200, &[], ANSWER);
    bench.request(Method::Ack);
    assert_eq!(to_tag(&bench.request(Method::Bye)), "two");
}

// -- CANCEL and its races

#[test]
fn all_answers_that_cross_our_cancel_are_sent_away() {
    let mut bench = Bench::new();
    let (call, invite) = dial(&mut bench);
    say(&mut bench, &invite, "one", 180, &[], b"");
    bench.ua.hang_up(bench.now, call).unwrap();
    bench.forget();
    for tag in ["one", "two"] {
        say(&mut bench, &invite, tag, 200, &[], ANSWER);
        bench.request(Method::Ack);
        assert_eq!(to_tag(&bench.request(Method::Bye)), tag);
    }
    assert!(bench.is_silent(), "the user was told long ago");
}

#[test]
fn given_up_before_any_word_the_call_ends_whatever_the_first_word_is() {
    for (status, more) in
        [(200, &[Method::Ack, Method::Bye][..]), (486, &[Method::Ack]), (401, &[Method::Ack])]
    {
        let mut bench = Bench::new();
        let (call, invite) = dial(&mut bench);
        bench.ua.hang_up(bench.now, call).unwrap();
        assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Us, .. })));
        match status {
            401 => bench.challenge(&invite),
            _ => say(&mut bench, &invite, "one", status, &[], b""),
        }
        for method in more {
            bench.request(method.clone());
        }
        assert!(bench.is_silent(), "{status}: no CANCEL, no INVITE again");
        bench.pass(secs(100));
        assert_eq!(bench.ua.next_deadline(), None, "{status}");
    }
}

#[test]
fn given_up_before_any_word_and_never_answered_it_leaves_nothing() {
    let mut bench = Bench::new();
    let (call, _) = dial(&mut bench);
    bench.ua.hang_up(bench.now, call).unwrap();
    bench.forget();
    bench.pass(ms(33_000));
    assert!(
        bench.messages().iter().all(|(_, m)| matches!(m, Message::Request(r) if r.method == Method::Invite)),
        "the INVITE must reach somebody before it can be cancelled"
    );
    assert!(bench.events().is_empty());
    assert_eq!(bench.ua.next_deadline(), None);
}

#[test]
fn a_reliable_180_after_we_gave_up_brings_the_cancel() {
    let mut bench = Bench::new();
    let (call, invite) = dial(&mut bench);
    bench.ua.hang_up(bench.now, call).unwrap();
    bench.forget();
    say(&mut bench, &invite, "one", 180, &[("Require", "100rel"), ("RSeq", "1")], b"");
    let cancel = bench.request(Method::Cancel);
    say(&mut bench, &invite, "one", 180, &[("Require", "100rel"), ("RSeq", "1")], b"");
    assert!(bench.is_silent(), "one CANCEL");
    bench.respond(&cancel, 200);
    say(&mut bench, &invite, "one", 487, &[], b"");
    bench.request(Method::Ack);
    assert!(bench.is_silent());
}
