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
        Self { started: read(STEADY) }
    }

    pub fn now(&self) -> Instant {
        Instant::from_start(read(STEADY).saturating_sub(self.started))
    }
}

/// The date and time of day, for registers and people.
#[expect(clippy::disallowed_methods, reason = "this is the file that may")]
pub fn wall() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

#[expect(clippy::disallowed_methods, reason = "this is the file that may")]
fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
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

    /// Set where it is known that the two clocks differ, as they do once a computer has slept.
    #[cfg(target_os = "linux")]
    const HAS_SLEPT: &str = "PATCHCORD_TEST_HAS_SLEPT";

    #[cfg(target_os = "linux")]
    #[test]
    fn the_clock_is_the_one_that_goes_on_in_sleep() {
        let reading = || Clock { started: Duration::ZERO }.now().since_start();
        let [before, now, after] = [read(ClockId::Boottime), reading(), read(ClockId::Boottime)];
        assert!((before..=after).contains(&now), "{before:?} {now:?} {after:?}");
        // On a computer that never slept the two say the same, and this proves nothing more.
        let slept = before.saturating_sub(read(ClockId::Monotonic));
        assert!(slept > Duration::from_secs(1) || std::env::var_os(HAS_SLEPT).is_none(), "{slept:?}");
    }

    /// A time namespace stands in for a computer that slept for an hour. Root may have one, and others where the
    /// kernel lets them have namespaces of their own.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_clock_has_counted_an_hour_of_sleep() {
        let slept = |rights: &[&str], program: &std::path::Path| {
            let mut command = std::process::Command::new("unshare");
            command.args(rights).args(["--time", "--boottime", "3600", "--fork"]).arg(program);
            command.env(HAS_SLEPT, "1");
            command
        };
        let ways: [&[&str]; 2] = [&[], &["--user", "--map-root-user"]];
        let works =
            |way: &&&[&str]| slept(way, "true".as_ref()).output().is_ok_and(|ran| ran.status.success());
        let way = ways.iter().find(works);
        let way = way.expect("`unshare --time` works neither so nor with --user: run the tests as root, or allow user namespaces");
        let ourselves = std::env::current_exe().unwrap();
        let test = "clock::tests::the_clock_is_the_one_that_goes_on_in_sleep";
        let ran = slept(way, &ourselves).args(["--exact", test]).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success() && said.contains("1 passed"), "{said}");
    }
}
