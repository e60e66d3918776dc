//! The bodies of NOTIFYs, read and put together as each package would.

#![no_main]

#[allow(dead_code, reason = "each target uses its part")]
#[path = "../../tests/sip_message/exercise.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    exercise::exercise_notifications(octets);
});
