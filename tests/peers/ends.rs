//! Ends that cross, come twice or come too late.

use crate::play::{they_call, we_call};

/// Still there after the call, until nobody else has called (exit code 4).
const STAYING: [&str; 4] = ["--calls", "2", "--timeout", "2"];

/// RFC 3261 §15.1.2.
#[test]
fn both_hang_up_at_once_in_a_call_of_theirs_and_it_ends_once() {
    let played = they_call("crossing_byes", &["--seconds", "1"]);
    played.ended.exited(0);
    assert_eq!(played.ended.one("ended")["outcome"], "completed");
    assert_eq!(played.requests("BYE").len(), 1);
}

#[test]
fn both_hang_up_at_once_in_a_call_of_ours_and_it_ends_once() {
    let played = we_call("crossing_byes_called", &["--seconds", "1"]);
    played.ended.exited(0);
    assert_eq!(played.ended.one("ended")["outcome"], "completed");
    assert_eq!(played.requests("BYE").len(), 1);
}

#[test]
fn a_second_bye_finds_no_call() {
    let played = they_call("two_byes", &STAYING);
    played.ended.exited(4);
    assert_eq!(played.ended.one("ended")["by"], "them");
}

#[test]
fn an_invite_after_bye_finds_no_call_and_rings_nobody() {
    let played = they_call("invite_after_bye", &STAYING);
    played.ended.exited(4);
    assert_eq!(played.ended.one("ended")["by"], "them");
    played.ended.one("ringing_in");
}

/// RFC 3261 §9.2: a CANCEL has no effect on an INVITE that has its final response.
#[test]
fn a_cancel_after_the_answer_leaves_the_call_standing() {
    let played = they_call("late_cancel", &[]);
    let ended = played.ended.exited(0).one("ended");
    assert_eq!((&ended["outcome"], &ended["by"]), (&"completed".into(), &"them".into()));
    assert!(ended["seconds"].as_f64() > Some(1.4), "{ended}");
}

/// RFC 3261 §9.1, §13.2.2.4: who asked for a call and no longer wants it ends it.
#[test]
fn a_call_answered_while_it_is_given_up_is_ended_at_once() {
    let played = we_call("answered_while_cancelled", &["--timeout", "1"]);
    played.ended.exited(5);
    assert!(!played.ended.has("answered"), "{}", played.ended.story());
    assert_eq!(played.requests("CANCEL").len(), 1);
    let (ack, bye) = (played.requests("ACK")[0].at, played.requests("BYE")[0].at);
    assert!(bye - ack < 0.1, "BYE {:.3} s after ACK", bye - ack);
}

/// RFC 3261 §12.2.1.2.
#[test]
fn a_call_that_the_other_side_has_forgotten_ends_here_too() {
    let played = we_call("forgotten", &["--hold-at", "0.5", "--seconds", "20"]);
    let ended = played.ended.exited(4).one("ended");
    assert_eq!((&ended["by"], &ended["status"]), (&"network".into(), &481.into()));
    assert!(played.requests("BYE").is_empty());
}
