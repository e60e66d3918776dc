//! Several telephones behind the number that we call.

use crate::play::we_call;

/// RFC 3261 §13.2.2.4: each 2xx has a dialog of its own; what is not wanted gets ACK and BYE.
#[test]
fn of_two_that_answer_the_first_has_the_call_and_the_other_is_told_at_once() {
    let played = we_call("two_answers", &["--seconds", "2"]);
    played.ended.exited(0).one("answered");
    let ended = played.ended.one("ended");
    assert_eq!((&ended["by"], &ended["outcome"]), (&"us".into(), &"completed".into()));
    let byes = played.requests("BYE");
    assert!(byes.len() == 2 && byes[1].at - byes[0].at > 1.5, "the call that stands goes on");
}
