//! A recording's file, and what would stand in its chunks if somebody had the key.

#![no_main]

#[path = "../../tests/support/exercise_recording.rs"]
mod exercise_recording;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    exercise_recording::file(octets);
});
