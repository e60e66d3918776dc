//! Two clocks at one ring: the device's, and the telephone's 20 ms.
//!
//! The ring's margin is what is in it beyond the next exchange. A small margin is a short delay, but it must outlast
//! how unevenly both ends come, some devices with 50 ms at a time; so it begins small, grows where it ran out, and
//! shrinks where it was never needed. Between, the speed of the resampler is steered by a few ten-thousandths, which
//! nobody hears, so that the margin stays where it should be for hours.

use crate::media::Runs;

/// What a device takes or gives at a time: 10 ms.
pub(super) const PERIOD: usize = 480;

/// Margin at the beginning.
const LEAST: usize = PERIOD + PERIOD / 2;
/// Margin that a busy computer may come to need.
const MOST: usize = 8 * PERIOD;
/// Over the margin wanted at once, and for a whole second: a delay that steering would take too long to get rid of.
const PILED_UP: usize = 8 * PERIOD;
const NEVER_NEEDED: usize = 2 * PERIOD;
/// Exchanges in a second.
const SECOND: u32 = 50;
/// Seconds in which a grown margin was not needed, until it is made smaller.
const CALM: u32 = 10;
/// Weight of one look in the mean: a second's worth of exchanges.
const WEIGHT: f64 = 1.0 / SECOND as f64;
/// Correction per sample of error: gone in a minute.
const GAIN: f64 = 1.0 / (60.0 * 48_000.0);
const LARGEST: f64 = 0.001;

#[derive(Debug)]
pub(super) struct Pace {
    wanted: usize,
    mean: f64,
    state: State,
    /// Exchanges in this second, and the smallest margin before one of them.
    exchanges: u32,
    least: usize,
    /// Seconds without need.
    calm: u32,
    runs: Runs,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum State {
    Filling,
    Running,
    /// Too much has piled up.
    Shedding,
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
        Self {
            wanted: LEAST,
            mean: LEAST as f64,
            state: State::Filling,
            exchanges: 0,
            least: usize::MAX,
            calm: 0,
            runs: Runs::default(),
        }
    }

    /// Since it was last asked.
    pub fn take_runs(&mut self) -> Runs {
        std::mem::take(&mut self.runs)
    }

    /// At the next exchange the margin is made what is wanted.
    pub fn begin_again(&mut self) {
        self.state = State::Filling;
    }

    /// Before each exchange. `margin` is negative when there is not enough for it.
    pub fn look(&mut self, margin: isize) -> Step {
        let Ok(there) = usize::try_from(margin) else { return self.ran_out(margin) };
        let excessive = self.state == State::Running && self.is_excessive(there);
        match self.state {
            State::Filling if there < self.wanted => return Step::Short(self.wanted - there),
            State::Shedding if there > self.wanted => return Step::Long(there - self.wanted),
            State::Running if excessive => {
                self.state = State::Shedding;
                self.runs.over += 1;
                return Step::Long(there - self.wanted);
            }
            State::Running => {}
            State::Filling | State::Shedding => {
                self.state = State::Running;
                self.mean = self.wanted as f64;
                if there > self.wanted {
                    return Step::Long(there - self.wanted);
                }
            }
        }
        self.mean += (there as f64 - self.mean) * WEIGHT;
        let error = self.mean - self.wanted as f64;
        Step::Go { speed: 1.0 + (error * GAIN).clamp(-LARGEST, LARGEST) }
    }

    fn ran_out(&mut self, margin: isize) -> Step {
        if self.state == State::Running {
            self.runs.under += 1;
            self.wanted = (self.wanted + PERIOD).min(MOST);
            (self.exchanges, self.least, self.calm) = (0, usize::MAX, 0);
        }
        self.state = State::Filling;
        Step::Short(self.wanted + margin.unsigned_abs())
    }

    /// Whether so much is there that some of it can go.
    fn is_excessive(&mut self, there: usize) -> bool {
        self.least = self.least.min(there);
        self.exchanges += 1;
        if self.exchanges < SECOND {
            return there > self.wanted + PILED_UP;
        }
        let least = std::mem::replace(&mut self.least, usize::MAX);
        self.exchanges = 0;
        self.calm = if least > NEVER_NEEDED { self.calm + 1 } else { 0 };
        if self.calm >= CALM {
            self.calm = 0;
            self.wanted = self.wanted.saturating_sub(PERIOD).max(LEAST);
        }
        least > self.wanted + NEVER_NEEDED
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
        for millionths in [-100.0, -30.0, 0.0, 30.0, 100.0] {
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
    fn a_margin_that_is_needed_stays() {
        let mut pace = Pace::new();
        pace.look(MOST as isize);
        for _ in 0..3 {
            pace.look(-1);
            pace.look(MOST as isize);
        }
        for exchange in 0..20 * CALM * SECOND {
            // The device takes four periods at a time.
            let margin = [LEAST + 3 * PERIOD, PERIOD, 2 * PERIOD][exchange as usize % 3];
            assert!(matches!(pace.look(margin as isize), Step::Go { .. }));
        }
        pace.look(-1);
        assert_eq!(pace.look(0), Step::Short(LEAST + 4 * PERIOD));
    }

    #[test]
    fn a_margin_that_ran_out_grows_to_a_bound_and_shrinks_when_it_is_not_needed() {
        let mut pace = Pace::new();
        for _ in 0..100 {
            begin(&mut pace);
            pace.look(-1);
        }
        assert_eq!(pace.look(0), Step::Short(MOST));
        begin(&mut pace);
        for _ in 0..20 * CALM * SECOND {
            pace.look((3 * PERIOD) as isize);
        }
        pace.look(-1);
        assert_eq!(pace.look(0), Step::Short(LEAST + PERIOD));
    }

    #[test]
    fn what_piled_up_goes_at_once_however_long_that_takes() {
        let mut pace = Pace::new();
        begin(&mut pace);
        assert_eq!(pace.look(48_000), Step::Long(48_000 - LEAST));
        assert_eq!(pace.look(2_000), Step::Long(2_000 - LEAST), "the ring is emptied by its other end");
        assert!(matches!(pace.look(LEAST as isize), Step::Go { speed } if (speed - 1.0).abs() < 1e-4));
    }

    #[test]
    fn what_nobody_needed_for_a_second_goes() {
        let mut pace = Pace::new();
        begin(&mut pace);
        let idle = (LEAST + 3 * PERIOD) as isize;
        let longs = (0..2 * SECOND).filter(|_| matches!(pace.look(idle), Step::Long(_))).count();
        assert!(longs >= 1);
    }

    #[test]
    fn each_gap_and_each_delay_that_piled_up_is_counted_once_and_the_beginning_is_neither() {
        let mut pace = Pace::new();
        pace.look(-1);
        pace.look(0);
        begin(&mut pace);
        begin(&mut pace);
        assert_eq!(pace.take_runs(), Runs::default());
        for _ in 0..3 {
            pace.look(-1);
        }
        begin(&mut pace);
        begin(&mut pace);
        for _ in 0..3 {
            pace.look(48_000);
        }
        assert_eq!(pace.take_runs(), Runs { under: 1, over: 1 });
        assert_eq!(pace.take_runs(), Runs::default());
    }

    #[test]
    fn it_begins_with_no_more_than_it_wants() {
        let mut pace = Pace::new();
        assert_eq!(pace.look(4_000), Step::Long(4_000 - LEAST));
        assert!(matches!(pace.look(LEAST as isize), Step::Go { .. }));
    }

    fn begin(pace: &mut Pace) {
        pace.look(MOST as isize);
    }
}
