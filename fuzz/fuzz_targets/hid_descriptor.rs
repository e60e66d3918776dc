//! A report descriptor, and reports of the device that it describes.

#![no_main]

#[path = "../../tests/support/exercise_hid.rs"]
mod exercise_hid;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    exercise_hid::device(octets);
});
