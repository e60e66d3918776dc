//! The time at which something happens, as the engines know it: an argument, never a question.
//!
//! Counted from the start of the process on a clock that never jumps; `clock` alone reads it.

use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment, as the time since the process started.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Instant(Duration);

impl Instant {
    /// The start of the process, or of a test.
    pub const START: Self = Self(Duration::ZERO);

    pub const fn from_start(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// Milliseconds since the start: the `ms` of every event line.
    pub const fn as_millis(self) -> u64 {
        self.0.as_millis() as u64
    }

    /// Time passed since `earlier`; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(rhs))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(rhs))
    }
}
