//! Provisional responses that the caller wants to acknowledge (RFC 3262).

use crate::play::they_call;

#[test]
fn only_the_right_acknowledgement_counts() {
    let played = they_call("wrong_rack", &["--after", "1", "--seconds", "1"]);
    played.ended.exited(0).one("answered");
    let reliable = |each: &&crate::wire::Captured| each.outgoing && each.raw.starts_with(b"SIP/2.0 180");
    assert!(played.capture.iter().filter(reliable).count() >= 2, "repeated until it is acknowledged");
}
