//! Session timers (RFC 4028).

use crate::driver::Driver;
use crate::play::they_call;
use std::time::Duration;

#[test]
fn a_caller_who_wants_to_refresh_too_often_is_told_how_often_and_then_taken() {
    let played = they_call("brief_session", &["--seconds", "1"]);
    played.ended.exited(0).one("ringing_in");
    assert_eq!(played.ended.one("ended")["outcome"], "completed");
}

/// Only a configuration asks for session timers, so the user agent is driven without the program around it.
#[test]
fn told_that_the_interval_is_too_small_we_ask_again_with_theirs() {
    let mut driver =
        Driver::start("longer_session", |calls| calls.session_expires = Some(Duration::from_secs(100)));
    driver.call(true);
    driver.until("Accepted");
    driver.hang_up();
    driver.finish();
}

/// The telephone always offers at once; a user agent need not.
#[test]
fn an_offer_that_we_ask_for_is_answered_by_our_ack() {
    let mut driver = Driver::start("late_offer_asked_for", |_| {});
    driver.call(false);
    driver.until("Accepted");
    driver.acknowledge();
    driver.hang_up();
    driver.finish();
}
