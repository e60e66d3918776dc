//! Offers that come late, or from both sides at once.

use crate::play::{Played, they_call, we_call};

fn heard(played: &Played) {
    played.ended.exited(0);
    let media = played.ended.one("media");
    assert!(media["rx_packets"].as_u64() > Some(20), "{media}");
}

/// RFC 3261 §13.2.1.
#[test]
fn a_caller_without_a_description_gets_our_offer_and_is_heard() {
    let played = they_call("late_offer", &["--seconds", "2"]);
    heard(&played);
    assert_eq!(played.ended.one("answered")["codec"], "PCMA");
}

#[test]
fn asked_for_our_description_within_a_call_we_offer_again_and_talk_on() {
    heard(&we_call("late_reinvite", &["--seconds", "2"]));
}

/// RFC 3261 §14.1: who made the Call-ID tries again after 2.1 to 4 s, the other within 2 s.
#[test]
fn hold_that_crosses_theirs_in_a_call_of_ours_comes_again_after_two_seconds() {
    let played = we_call("glare_calling", &["--hold-at", "0.5", "--seconds", "6"]);
    crossed(&played, 2.1..4.0);
}

#[test]
fn hold_that_crosses_theirs_in_a_call_of_theirs_comes_again_within_two_seconds() {
    let played = they_call("glare_called", &["--hold-at", "0.5", "--seconds", "5"]);
    crossed(&played, 0.0..2.0);
}

/// Theirs was due first, and has settled the matter.
#[test]
fn hold_that_crosses_theirs_follows_as_soon_as_theirs_is_answered() {
    let played = we_call("glare_yielded", &["--hold-at", "0.5", "--seconds", "4"]);
    crossed(&played, 1.0..2.0);
}

fn crossed(played: &Played, pause: std::ops::Range<f64>) {
    played.ended.exited(0).one("held");
    assert!(!played.ended.has("hold_failed"), "{}", played.ended.story());
    let refused = |each: &&crate::wire::Captured| each.raw.starts_with(b"SIP/2.0 491");
    let refused: Vec<_> = played.capture.iter().filter(refused).collect();
    assert!(refused.iter().any(|each| each.outgoing), "we refuse theirs");
    let theirs = refused.iter().find(|each| !each.outgoing).expect("they refuse ours").at;
    let again = played.requests("INVITE").last().expect("another INVITE").at - theirs;
    // What a busy machine is late.
    let pause = pause.start..pause.end + 0.3;
    assert!(pause.contains(&again), "again after {again:.2} s, due in {pause:?}");
}
