//! Two clocks at one ring: the device's, and the telephone's 20 ms.
//!
//! The ring's margin is what is in it beyond the next exchange. A small margin is a short delay, but it must outlast
//! how unevenly both ends come; so it begins small and grows where it ran out. Between, the speed of the resampler
//! is steered by a few thousandths at most, which nobody hears, so that the margin stays where it should be for hours.

/// What a device takes or gives at a time: 10 ms.
pub(super) const PERIOD: usize = 480;

/// Margin at the beginning.
const LEAST: usize = PERIOD + PERIOD / 2;
/// Margin that a busy computer may come to need.
const MOST: usize = 8 * PERIOD;
/// A margin beyond this, over the one wanted, is a delay that steering would take too long to get rid of.
const EXCESS: usize = 8 * PERIOD;
/// Exchanges without a gap after which a grown margin is made smaller again: 10 s.
const CALM: u32 = 500;
/// Weight of one look in the mean: a second's worth of exchanges.
const WEIGHT: f64 = 1.0 / 50.0;
/// Correction per sample of a small error: gone in a minute. An error of a period and more is urgent.
const GAIN: f64 = 1.0 / (60.0 * 48_000.0);
const LARGEST: f64 = 0.005;

/// The fastest and slowest that [`Step::Go`] asks for, as a factor.
pub(super) const WIDEST: f64 = 1.0 + 2.0 * LARGEST;

#[derive(Debug)]
pub(super) struct Pace {
    wanted: usize,
    mean: f64,
    running: bool,
    calm: u32,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Step {
    /// So much is missing until it may begin, or begin again.
    Short(usize),
    /// So much has to go.
    Long(usize),
    /// Empty the ring by so much faster than the nominal rate (above 1), or slower.
    Go { speed: f64 },
}

impl Pace {
    pub fn new() -> Self {
        Self { wanted: LEAST, mean: 0.0, running: false, calm: 0 }
    }

    /// Before each exchange. `margin` is negative when there is not enough for it.
    pub fn look(&mut self, margin: isize) -> Step {
        let wanted = self.wanted.cast_signed();
        if self.running && margin < 0 {
            self.running = false;
            self.calm = 0;
            self.wanted = (self.wanted + PERIOD).min(MOST);
            return Step::Short((wanted - margin).unsigned_abs());
        }
        if !self.running {
            if margin < wanted {
                return Step::Short((wanted - margin).unsigned_abs());
            }
            self.running = true;
            self.mean = margin as f64;
        }
        if margin > wanted + EXCESS.cast_signed() {
            self.mean = self.wanted as f64;
            return Step::Long((margin - wanted).unsigned_abs());
        }
        self.calm += 1;
        if self.calm >= CALM {
            self.calm = 0;
            self.wanted = self.wanted.saturating_sub(PERIOD).max(LEAST);
        }
        self.mean += (margin as f64 - self.mean) * WEIGHT;
        let error = self.mean - self.wanted as f64;
        let urgency = 1.0 + (error / PERIOD as f64).powi(2);
        Step::Go { speed: 1.0 + (error * urgency * GAIN).clamp(-LARGEST, LARGEST) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: f64 = 960.0;

    /// A microphone whose clock is off by so many millionths: margins over this many seconds.
    fn margins(millionths: f64, seconds: usize) -> (Vec<isize>, usize) {
        let (mut pace, mut fill, mut gaps) = (Pace::new(), 0.0, 0);
        let mut margins = Vec::new();
        for _ in 0..seconds * 50 {
            fill += TICK * (1.0 + millionths / 1e6);
            let margin = (fill - TICK) as isize;
            match pace.look(margin) {
                Step::Short(_) => gaps += 1,
                Step::Long(excess) => fill -= excess as f64,
                Step::Go { speed } => fill -= TICK * speed,
            }
            margins.push(margin);
        }
        (margins, gaps)
    }

    #[test]
    fn an_hour_with_a_bad_clock_neither_runs_dry_nor_grows() {
        for millionths in [-200.0, -50.0, 0.0, 50.0, 200.0] {
            let (margins, gaps) = margins(millionths, 3600);
            assert!(gaps <= 2, "{millionths}: {gaps} gaps");
            let later = &margins[3000..];
            let (least, most) = (later.iter().min(), later.iter().max());
            let near = (LEAST / 4) as isize..(2 * LEAST) as isize;
            assert!(least.is_some_and(|least| near.contains(least)), "{millionths}: {least:?}");
            assert!(most.is_some_and(|most| near.contains(most)), "{millionths}: {most:?}");
        }
    }

    #[test]
    fn it_begins_when_the_margin_is_there() {
        let mut pace = Pace::new();
        assert_eq!(pace.look(-960), Step::Short(LEAST + 960));
        assert_eq!(pace.look(0), Step::Short(LEAST));
        assert!(matches!(pace.look(LEAST as isize), Step::Go { .. }));
        assert!(matches!(pace.look(1), Step::Go { .. }), "once begun, what is there is used");
    }

    #[test]
    fn a_margin_that_ran_out_grows_to_a_bound_and_comes_back_when_all_is_calm() {
        let mut pace = Pace::new();
        for _ in 0..100 {
            pace.look(MOST as isize);
            pace.look(-1);
        }
        assert_eq!(pace.look(0), Step::Short(MOST));
        for _ in 0..20 * CALM {
            pace.look(MOST as isize);
        }
        pace.look(-1);
        assert_eq!(pace.look(0), Step::Short(LEAST + PERIOD));
    }

    #[test]
    fn what_piled_up_is_dropped_at_once() {
        let mut pace = Pace::new();
        pace.look(LEAST as isize);
        assert_eq!(pace.look(48_000), Step::Long(48_000 - LEAST));
        assert!(matches!(pace.look(LEAST as isize), Step::Go { speed } if (speed - 1.0).abs() < 1e-4));
    }
}
