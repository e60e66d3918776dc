//! Blind transfer: what REFER and its NOTIFYs may do.

use crate::sip::message::{Method, Request, Response};
use crate::sip::testing::{Bench, secs, seq};
use crate::sip::{CallKey, Event, ReferKey, ReferProgress};

fn refer(bench: &mut Bench) -> (CallKey, Request, Response, Request) {
    let (call, invite, ok) = bench.answered();
    bench.ua.refer(bench.now, call, "sip:201@pbx.example".parse().unwrap()).unwrap();
    let refer = bench.request(Method::Refer);
    (call, invite, ok, refer)
}

fn notify(bench: &mut Bench, call: &(Request, Response), step: u32, line: &str, state: &str) -> Request {
    let mut notify = bench.pbx_next(&call.0, &call.1, Method::Notify, step);
    notify.headers.push("Event", "refer");
    notify.headers.push("Subscription-State", state);
    notify.headers.push("Content-Type", "message/sipfrag;version=2.0");
    notify.body = format!("{line}\r\n").into_bytes();
    notify
}

fn progress(bench: &mut Bench) -> Option<ReferProgress> {
    match bench.event()? {
        Event::Refer { progress, .. } => Some(progress),
        other => panic!("{other:?}"),
    }
}

fn status(bench: &mut Bench) -> Option<(u16, bool)> {
    match progress(bench)? {
        ReferProgress::Status { status, last, .. } => Some((status.code(), last)),
        other => panic!("{other:?}"),
    }
}

const ACTIVE: &str = "active;expires=600";
const OVER: &str = "terminated;reason=noresource";

#[test]
fn a_transfer_is_taken_then_told_how_it_goes() {
    let mut bench = Bench::new();
    let (call, invite, ok, refer) = refer(&mut bench);
    assert_eq!(refer.headers.first("Refer-To"), Some("<sip:201@pbx.example>"));
    let id = crate::sip::transfer_id(refer.headers.first("Call-ID").unwrap());
    let by = format!("<sip:operator1@pbx.example>;tid={id}");
    assert_eq!(refer.headers.first("Referred-By"), Some(by.as_str()), "and by which transfer");
    assert!(refer.headers.first("Contact").is_some());
    bench.respond(&refer, 202);
    assert_eq!(progress(&mut bench), Some(ReferProgress::Taken));
    let dialog = (invite, ok);
    for (step, line, state, said) in [
        (1, "SIP/2.0 100 Trying", ACTIVE, Some((100, false))),
        (2, "SIP/2.0 100 Trying", ACTIVE, None),
        (3, "SIP/2.0 180 Ringing", ACTIVE, Some((180, false))),
        (4, "SIP/2.0 200 OK", OVER, Some((200, true))),
        (5, "SIP/2.0 200 OK", OVER, None),
    ] {
        let notify = notify(&mut bench, &dialog, step, line, state);
        bench.hear_request(&notify);
        bench.response(200);
        assert_eq!(status(&mut bench), said, "{step}");
    }
    bench.ua.hang_up(bench.now, call).unwrap();
    bench.request(Method::Bye);
}

#[test]
fn a_refer_taken_is_not_a_refer_done() {
    let mut bench = Bench::new();
    let (call, invite, ok, refer) = refer(&mut bench);
    bench.respond(&refer, 202);
    progress(&mut bench);
    let failed = notify(&mut bench, &(invite, ok), 1, "SIP/2.0 486 Busy Here", OVER);
    bench.hear_request(&failed);
    bench.response(200);
    assert_eq!(status(&mut bench), Some((486, true)));
    assert!(
        bench.ua.refer(bench.now, call, "sip:202@pbx.example".parse().unwrap()).is_ok(),
        "the next target"
    );
}

#[test]
fn a_refused_refer_leaves_the_call() {
    for code in [403, 405, 420, 503, 603] {
        let mut bench = Bench::new();
        let (call, _, _, refer) = refer(&mut bench);
        bench.respond(&refer, code);
        let refused = progress(&mut bench);
        assert!(matches!(refused, Some(ReferProgress::Refused { status, .. }) if status.code() == code));
        assert!(bench.ua.hang_up(bench.now, call).is_ok());
    }
}

#[test]
fn a_challenged_refer_is_sent_again_with_credentials() {
    let mut bench = Bench::new();
    let (_, _, _, refer) = refer(&mut bench);
    bench.challenge(&refer);
    let again = bench.request(Method::Refer);
    assert_eq!(seq(&again), seq(&refer) + 1);
    assert!(again.headers.first("Authorization").is_some());
    bench.respond(&again, 202);
    assert_eq!(progress(&mut bench), Some(ReferProgress::Taken));
}

#[test]
fn a_notify_faster_than_the_202_counts() {
    let mut bench = Bench::new();
    let (_, invite, ok, refer) = refer(&mut bench);
    let trying = notify(&mut bench, &(invite, ok), 1, "SIP/2.0 100 Trying", ACTIVE);
    bench.hear_request(&trying);
    bench.response(200);
    assert_eq!(progress(&mut bench), Some(ReferProgress::Taken));
    assert_eq!(status(&mut bench), Some((100, false)));
    bench.respond(&refer, 202);
    assert!(bench.is_silent(), "taken is said once");
}

#[test]
fn notifies_in_the_wrong_order_do_not_undo_the_last_word() {
    let mut bench = Bench::new();
    let (_, invite, ok, refer) = refer(&mut bench);
    bench.respond(&refer, 202);
    progress(&mut bench);
    let dialog = (invite, ok);
    let first = notify(&mut bench, &dialog, 1, "SIP/2.0 100 Trying", ACTIVE);
    let last = notify(&mut bench, &dialog, 2, "SIP/2.0 404 Not Found", OVER);
    bench.hear_request(&last);
    bench.response(200);
    assert_eq!(status(&mut bench), Some((404, true)));
    bench.hear_request(&first);
    bench.response(500);
    assert!(bench.is_silent());
    bench.hear_request(&last);
    bench.response(200);
    assert!(bench.is_silent(), "a repeated NOTIFY is answered, not told");
}

#[test]
fn a_notify_after_our_bye_is_answered_and_told() {
    let mut bench = Bench::new();
    let (call, invite, ok, refer) = refer(&mut bench);
    bench.respond(&refer, 202);
    bench.ua.hang_up(bench.now, call).unwrap();
    bench.forget();
    bench.pass(secs(5));
    bench.forget();
    let last = notify(&mut bench, &(invite, ok), 1, "SIP/2.0 200 OK", OVER);
    bench.hear_request(&last);
    bench.response(200);
    assert_eq!(status(&mut bench), Some((200, true)));
}

#[test]
fn a_client_who_hangs_up_meanwhile_ends_it_and_late_notifies_are_answered() {
    let mut bench = Bench::new();
    let (_, invite, ok, refer) = refer(&mut bench);
    bench.respond(&refer, 202);
    progress(&mut bench);
    let bye = bench.pbx_next(&invite, &ok, Method::Bye, 1);
    bench.hear_request(&bye);
    bench.response(200);
    assert!(matches!(bench.event(), Some(Event::Ended { .. })));
    let last = notify(&mut bench, &(invite, ok), 2, "SIP/2.0 487 Request Terminated", OVER);
    bench.hear_request(&last);
    bench.response(200);
    assert!(bench.is_silent());
}

#[test]
fn no_word_at_all_is_said_after_30_s() {
    let mut bench = Bench::new();
    let (_, _, _, refer) = refer(&mut bench);
    bench.respond(&refer, 202);
    progress(&mut bench);
    bench.pass(secs(29));
    assert!(bench.is_silent());
    bench.pass(secs(2));
    assert_eq!(progress(&mut bench), Some(ReferProgress::NoWord));
    bench.pass(secs(300));
    assert!(bench.is_silent());
}

#[test]
fn a_word_that_comes_too_late_is_still_passed_on() {
    let mut bench = Bench::new();
    let (_, invite, ok, refer) = refer(&mut bench);
    bench.respond(&refer, 202);
    bench.pass(secs(31));
    bench.forget();
    let late = notify(&mut bench, &(invite, ok), 1, "SIP/2.0 404 Not Found", OVER);
    bench.hear_request(&late);
    bench.response(200);
    assert_eq!(status(&mut bench), Some((404, true)));
}

#[test]
fn trying_prolongs_the_wait() {
    let mut bench = Bench::new();
    let (_, invite, ok, refer) = refer(&mut bench);
    bench.respond(&refer, 202);
    let trying = notify(&mut bench, &(invite, ok), 1, "SIP/2.0 100 Trying", ACTIVE);
    bench.hear_request(&trying);
    bench.forget();
    bench.pass(secs(100));
    assert!(bench.is_silent());
    bench.pass(secs(21));
    assert_eq!(progress(&mut bench), Some(ReferProgress::NoWord));
}

#[test]
fn a_subscription_that_ends_undecided_is_no_word() {
    let mut bench = Bench::new();
    let (_, invite, ok, refer) = refer(&mut bench);
    bench.respond(&refer, 202);
    progress(&mut bench);
    let over = notify(&mut bench, &(invite, ok), 1, "SIP/2.0 100 Trying", "terminated;reason=timeout");
    bench.hear_request(&over);
    bench.response(200);
    assert_eq!(progress(&mut bench), Some(ReferProgress::NoWord));
    assert!(bench.is_silent());
}

#[test]
fn a_refer_without_any_answer_is_no_word() {
    let mut bench = Bench::new();
    refer(&mut bench);
    bench.pass(secs(33));
    assert_eq!(progress(&mut bench), Some(ReferProgress::NoWord));
}

#[test]
fn a_notify_of_nothing_we_asked_for_is_refused() {
    let mut bench = Bench::new();
    let (_, invite, ok) = bench.answered();
    let dialog = (invite, ok);
    let stray = notify(&mut bench, &dialog, 1, "SIP/2.0 200 OK", OVER);
    bench.hear_request(&stray);
    bench.response(481);
    let mut other = notify(&mut bench, &dialog, 2, "", ACTIVE);
    other.headers.remove("Event");
    other.headers.push("Event", "conference");
    bench.hear_request(&other);
    bench.response(489);
}

#[test]
fn the_pbx_cannot_transfer_us() {
    let mut bench = Bench::new();
    let (_, invite, ok) = bench.answered();
    let mut refer = bench.pbx_next(&invite, &ok, Method::Refer, 1);
    refer.headers.push("Refer-To", "<sip:666@evil.example>");
    bench.hear_request(&refer);
    assert!(!bench.response(405).headers.lists_token("Allow", "REFER"));
    assert!(bench.is_silent());
}

#[test]
fn a_pbx_that_takes_a_transfer_and_will_say_nothing_is_believed() {
    let mut bench = Bench::new();
    let (.., refer) = refer(&mut bench);
    bench.respond_with(&refer, 202, &[("Refer-Sub", "false")], b"");
    assert_eq!(progress(&mut bench), Some(ReferProgress::Taken));
    assert_eq!(progress(&mut bench), Some(ReferProgress::NoWord), "nobody need wait for a word");
    bench.pass(secs(200));
    assert!(bench.is_silent());
}

/// Of two REFERs in one call, each is told of by its number, and the first without one, too (RFC 3515 §2.4.6).
#[test]
fn a_second_refer_does_not_wait_for_the_last_word_about_the_first() {
    for named in [true, false] {
        let mut bench = Bench::new();
        let (call, invite, ok, first) = refer(&mut bench);
        bench.respond(&first, 202);
        progress(&mut bench);
        let key = bench.ua.refer(bench.now, call, "sip:202@pbx.example".parse().unwrap()).unwrap();
        let second = bench.request(Method::Refer);
        bench.respond(&second, 202);
        progress(&mut bench);
        let dialog = (invite, ok);
        for (step, refer, line, about_second) in
            [(1, &first, "SIP/2.0 486 Busy Here", false), (2, &second, "SIP/2.0 200 OK", true)]
        {
            let mut notify = notify(&mut bench, &dialog, step, line, OVER);
            if named {
                notify.headers.remove("Event");
                notify.headers.push("Event", format!("refer;id={}", seq(refer)));
            }
            bench.hear_request(&notify);
            bench.response(200);
            match bench.event() {
                Some(Event::Refer { refer, progress: ReferProgress::Status { last: true, .. }, .. }) => {
                    assert_eq!(refer == key, about_second, "{line}, named {named}");
                }
                other => panic!("{other:?}"),
            }
        }
        assert_ne!(key, ReferKey(seq(&first)));
    }
}

#[test]
fn silence_about_a_second_refer_is_said_after_its_own_30_s() {
    let mut bench = Bench::new();
    let (call, invite, ok, first) = refer(&mut bench);
    bench.respond(&first, 202);
    progress(&mut bench);
    bench.pass(secs(20));
    bench.ua.refer(bench.now, call, "sip:202@pbx.example".parse().unwrap()).unwrap();
    let second = bench.request(Method::Refer);
    bench.respond(&second, 202);
    progress(&mut bench);
    // What is said of the first is no word about the second.
    let mut rings = notify(&mut bench, &(invite, ok), 1, "SIP/2.0 180 Ringing", ACTIVE);
    rings.headers.remove("Event");
    rings.headers.push("Event", format!("refer;id={}", seq(&first)));
    bench.hear_request(&rings);
    bench.forget();
    bench.pass(secs(29));
    assert!(bench.is_silent());
    bench.pass(secs(2));
    assert_eq!(progress(&mut bench), Some(ReferProgress::NoWord));
}

#[test]
fn what_names_another_refer_is_not_about_this_one() {
    for (names, said) in [(-1, None), (0, Some((404, true)))] {
        for is_taken in [true, false] {
            let mut bench = Bench::new();
            let (_, invite, ok, refer) = refer(&mut bench);
            if is_taken {
                bench.respond(&refer, 202);
                progress(&mut bench);
            }
            let named = i64::from(seq(&refer)) + names;
            let mut notify = notify(&mut bench, &(invite, ok), 1, "SIP/2.0 404 Not Found", OVER);
            notify.headers.remove("Event");
            notify.headers.push("Event", format!("refer;id={named}"));
            bench.hear_request(&notify);
            if said.is_some() && !is_taken {
                assert_eq!(progress(&mut bench), Some(ReferProgress::Taken));
            }
            assert_eq!(status(&mut bench), said, "taken {is_taken}");
            bench.response(if said.is_some() { 200 } else { 481 });
        }
    }
}
