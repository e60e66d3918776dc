//! Time for tests that wait for other programs.

use std::time::{Duration, Instant};

pub fn now() -> Instant {
    Instant::now()
}

/// Waits until it is so; at most so long.
pub fn until(what: &str, within: Duration, mut so: impl FnMut() -> bool) {
    let deadline = now() + within;
    while !so() {
        assert!(now() < deadline, "waited {within:?} for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
