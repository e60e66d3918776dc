//! Clocks: the only code that asks what time it is.
//!
//! Engines get the time as an argument ([`Instant`]); who writes dates for people or the desk asks
//! [`wall`]. The two are never subtracted from each other.

use crate::instant::Instant;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Goes on while the computer sleeps, so that an expired registration is seen as expired when it
/// wakes up.
#[cfg(any(target_os = "linux", target_os = "android"))]
const STEADY: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const STEADY: ClockId = ClockId::Monotonic;

/// A clock that never jumps, counted from the moment it was started.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Duration,
}

impl Clock {
    /// Started once, first thing in the process; copied to every thread that needs it.
    pub fn start() -> Self {
        Self { started: read() }
    }

    pub fn now(&self) -> Instant {
        Instant::from_start(read().saturating_sub(self.started))
    }
}

/// The date and time of day, for registers and people.
#[expect(clippy::disallowed_methods, reason = "this is the file that may")]
pub fn wall() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

#[expect(clippy::disallowed_methods, reason = "this is the file that may")]
fn read() -> Duration {
    let time = clock_gettime(STEADY);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_starts_at_zero_and_does_not_go_back() {
        let clock = Clock::start();
        let first = clock.now();
        assert!(first.since_start() < Duration::from_secs(5));
        assert!(clock.now() >= first);
    }
}
