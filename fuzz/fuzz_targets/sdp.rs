//! One session description, in every role it can come in.

#![no_main]

#[allow(dead_code, reason = "each target uses its part")]
#[path = "../../tests/support/exercise_media.rs"]
mod exercise_media;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    exercise_media::description(octets);
});
