//! A whole user agent in a conversation that goes wrong.

#![no_main]

#[allow(dead_code, reason = "each target uses its part")]
#[path = "../../tests/support/exercise_user_agent.rs"]
mod exercise_user_agent;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let _ = exercise_user_agent::conversation(octets);
});
