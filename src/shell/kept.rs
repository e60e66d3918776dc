//! What is told of a call waits until its register entry is on disk: whoever reads it may count on it. Neither the call nor
//! the screen waits, but a line that goes out of the process.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A disk that takes longer is complained of elsewhere, and does not keep what happens from whoever reads.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many register entries there have been, and how many of them are on disk. Cheap to clone.
#[derive(Clone, Default, Debug)]
pub struct Kept(Arc<(Mutex<Counts>, Condvar)>);

#[derive(Default, Debug)]
struct Counts {
    given: u64,
    kept: u64,
    /// So many are waited for no more.
    waived: u64,
}

impl Counts {
    fn has(&self, entries: u64) -> bool {
        self.kept.max(self.waived) >= entries
    }
}

impl Kept {
    pub(super) fn give(&self) {
        self.counts().given += 1;
    }

    /// One more, in the order in which they were given.
    pub(super) fn keep(&self) {
        self.counts().kept += 1;
        self.0.1.notify_all();
    }

    /// No more will be.
    pub(super) fn end(&self) {
        self.counts().waived = u64::MAX;
        self.0.1.notify_all();
    }

    /// How many there have been until now.
    pub fn given(&self) -> u64 {
        self.counts().given
    }

    /// Blocks until so many are on disk, or it has had its time.
    pub fn wait_for(&self, entries: u64) {
        let waited = self.0.1.wait_timeout_while(self.counts(), PATIENCE, |counts| !counts.has(entries));
        let (mut counts, _) = waited.unwrap_or_else(PoisonError::into_inner);
        counts.waived = counts.waived.max(entries);
    }

    #[cfg(test)]
    pub(super) fn has(&self, entries: u64) -> bool {
        self.counts().has(entries)
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_waits_for_the_entries_before_it_and_for_no_later_ones() {
        let kept = Kept::default();
        assert!(kept.has(kept.given()));
        kept.give();
        let entries = kept.given();
        kept.give();
        assert!(!kept.has(entries));
        kept.keep();
        assert!(kept.has(entries));
        assert!(!kept.has(kept.given()));
        kept.end();
        assert!(kept.has(kept.given()));
    }

    #[test]
    fn an_entry_that_comes_late_to_disk_counts_for_no_other() {
        let kept = Kept::default();
        kept.give();
        kept.counts().waived = 1;
        kept.give();
        kept.keep();
        assert!(kept.has(1) && !kept.has(2));
    }
}
