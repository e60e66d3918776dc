//! Whether the two of a call hear each other well enough to work: said once when it gets bad, with the cause, and once when it is
//! good again.

use super::opinion::delay_impairment;
use std::collections::VecDeque;

/// Below this rating (MOS 3.1) many are dissatisfied (ITU-T G.107 annex B); above the other (MOS 3.6) it is good again.
const BAD: f32 = 60.0;
const GOOD: f32 = 70.0;

/// Seconds that our own judgement looks back.
const WINDOW: usize = 5;
/// Seconds in a row below [`BAD`] or above [`GOOD`] until it is said. With a window that a second of heavy loss drags down it is
/// said within three.
const SECONDS_BAD: u32 = 2;
const SECONDS_GOOD: u32 = 5;
/// The same in reports of theirs, which come every few seconds.
const REPORTS_BAD: u32 = 2;
const REPORTS_GOOD: u32 = 2;

/// What harms a voice most.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PoorCause {
    /// Packets are lost on the way.
    Loss,
    /// Packets come so unevenly that many are too late.
    Jitter,
    /// Everything comes late: they talk into each other.
    Delay,
}

/// Packets of a moment.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub(super) struct Moment {
    pub expected: u64,
    pub lost: u64,
    /// Came too late to be played.
    pub late: u64,
}

/// What we hear, by the last seconds.
#[derive(Default)]
pub(super) struct Window {
    seconds: VecDeque<Moment>,
    /// Counts at the last look.
    seen: Moment,
}

impl Window {
    /// Once a second, with counts since the start of the stream.
    pub fn look(&mut self, counts: Moment) {
        let since = |now: u64, before: u64| now.saturating_sub(before);
        let second = Moment {
            expected: since(counts.expected, self.seen.expected),
            lost: since(counts.lost, self.seen.lost),
            late: since(counts.late, self.seen.late),
        };
        self.seen = counts;
        if self.seconds.len() == WINDOW {
            self.seconds.pop_front();
        }
        self.seconds.push_back(second);
    }

    /// Counts of these seconds; none where nothing was expected.
    pub fn sum(&self) -> Option<Moment> {
        let sum = self.seconds.iter().fold(Moment::default(), |sum, second| Moment {
            expected: sum.expected + second.expected,
            lost: sum.lost + second.lost,
            late: sum.late + second.late,
        });
        (sum.expected > 0).then_some(sum)
    }

    /// A hold or another stream: what was before says nothing about what comes.
    pub fn forget(&mut self, counts: Moment) {
        *self = Self { seen: counts, ..Self::default() };
    }
}

/// One direction.
pub(super) struct Verdict {
    /// Looks in a row on the other side of the bound.
    against: u32,
    bad: bool,
    to_bad: u32,
    to_good: u32,
}

/// What changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Change {
    Poor(PoorCause),
    Good,
}

impl Verdict {
    /// Looked at once a second.
    pub const fn by_seconds() -> Self {
        Self { against: 0, bad: false, to_bad: SECONDS_BAD, to_good: SECONDS_GOOD }
    }

    /// Looked at when they report.
    pub const fn by_reports() -> Self {
        Self { against: 0, bad: false, to_bad: REPORTS_BAD, to_good: REPORTS_GOOD }
    }

    pub fn look(&mut self, rating: f32, cause: PoorCause) -> Option<Change> {
        let against = if self.bad { rating > GOOD } else { rating < BAD };
        self.against = if against { self.against + 1 } else { 0 };
        if self.against < if self.bad { self.to_good } else { self.to_bad } {
            return None;
        }
        self.against = 0;
        self.bad = !self.bad;
        Some(if self.bad { Change::Poor(cause) } else { Change::Good })
    }

    pub const fn is_bad(&self) -> bool {
        self.bad
    }
}

/// What to blame: the delay where it costs more than the losses do, else whichever of lost and late packets are more.
pub(super) fn cause(lost: f32, late: f32, loss_impairment: f32, delay_ms: f32) -> PoorCause {
    if delay_impairment(delay_ms) > loss_impairment {
        PoorCause::Delay
    } else if late > lost {
        PoorCause::Jitter
    } else {
        PoorCause::Loss
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many looks each change comes.
    fn changes(mut verdict: Verdict, ratings: &[(f32, usize)]) -> Vec<(usize, Change)> {
        let all = ratings.iter().flat_map(|(rating, times)| std::iter::repeat_n(*rating, *times));
        let told = all.enumerate().filter_map(|(n, rating)| Some((n + 1, verdict.look(rating, PoorCause::Loss)?)));
        told.collect()
    }

    #[test]
    fn bad_is_said_after_two_looks_and_good_again_after_five_seconds_of_it() {
        assert_eq!(
            changes(Verdict::by_seconds(), &[(90.0, 3), (40.0, 10), (80.0, 10)]),
            [(5, Change::Poor(PoorCause::Loss)), (18, Change::Good)]
        );
        assert_eq!(
            changes(Verdict::by_reports(), &[(40.0, 2), (80.0, 2)]),
            [(2, Change::Poor(PoorCause::Loss)), (4, Change::Good)]
        );
    }

    #[test]
    fn what_is_neither_good_nor_bad_changes_nothing() {
        assert_eq!(changes(Verdict::by_seconds(), &[(40.0, 1), (65.0, 1), (40.0, 1), (65.0, 20)]), []);
        let told = changes(Verdict::by_seconds(), &[(40.0, 2), (65.0, 20), (80.0, 4), (65.0, 1), (80.0, 5)]);
        assert_eq!(told, [(2, Change::Poor(PoorCause::Loss)), (32, Change::Good)]);
    }

    #[test]
    fn a_window_forgets_what_is_five_seconds_old() {
        let mut window = Window::default();
        assert_eq!(window.sum(), None);
        let counts = |expected, lost| Moment { expected, lost, late: 0 };
        window.look(counts(50, 25));
        assert_eq!(window.sum(), Some(counts(50, 25)));
        (2..=6).for_each(|second| window.look(counts(50 * second, 25)));
        assert_eq!(window.sum(), Some(counts(250, 0)));
        window.forget(counts(300, 25));
        assert_eq!(window.sum(), None);
    }

    #[test]
    fn the_cause_is_what_costs_most() {
        assert_eq!(cause(0.1, 0.02, 30.0, 60.0), PoorCause::Loss);
        assert_eq!(cause(0.01, 0.1, 30.0, 60.0), PoorCause::Jitter);
        assert_eq!(cause(0.01, 0.0, 4.0, 500.0), PoorCause::Delay);
    }
}
