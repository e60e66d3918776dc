//! Durations, and what is said of them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "real time is what is measured")]
pub fn now() -> Instant {
    Instant::now()
}

/// By what was done.
#[derive(Default)]
pub struct Figures {
    took: BTreeMap<&'static str, Vec<Duration>>,
    /// What became of orders, and what went wrong.
    counts: BTreeMap<String, u32>,
}

impl Figures {
    pub fn add(&mut self, what: &'static str, took: Duration) {
        self.took.entry(what).or_default().push(took);
    }

    pub fn count(&mut self, what: impl Into<String>) {
        *self.counts.entry(what.into()).or_default() += 1;
    }

    pub fn join(&mut self, other: Self) {
        for (what, took) in other.took {
            self.took.entry(what).or_default().extend(took);
        }
        for (what, count) in other.counts {
            *self.counts.entry(what).or_default() += count;
        }
    }

    pub fn print(mut self, title: &str) {
        println!("\n{title}\n{:<28}{:>8}{:>10}{:>10}{:>10}  ms", "", "times", "p50", "p99", "max");
        for (what, took) in &mut self.took {
            took.sort();
            let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
            println!("{what:<28}{:>8}{:>10.2}{:>10.2}{:>10.2}", took.len(), at(0.5), at(0.99), at(1.0));
        }
        if !self.counts.is_empty() {
            println!("{:?}", self.counts);
        }
    }
}
