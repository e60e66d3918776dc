//! Hides what is missing by the pitch periods before it, in the manner of ITU-T G.711 Appendix I but at any
//! rate and without its delay: one period for 10 ms, then two, then three, so that nothing buzzes; fading.

use super::super::Rate;
use super::stretch::{correlation, crossfade};

/// A pitch period: 200 Hz to 66 Hz, as Appendix I has it.
const LEAST_LAG_MS: usize = 5;
const MOST_LAG_MS: usize = 15;

/// Stretch of sound in which the pitch is sought.
const WINDOW_MS: usize = 20;

/// Periods that are repeated in turn.
const MOST_PERIODS: usize = 3;

/// After so long one period more.
const STEP_MS: usize = 10;

/// Repeated at full strength for so long, then faded until silence.
const FULL_MS: usize = 10;
const GONE_MS: usize = 60;

/// Sound before the gap that is looked at: three of the longest periods, and a quarter to join them.
pub(super) const HISTORY_MS: usize = MOST_LAG_MS * MOST_PERIODS + MOST_LAG_MS.div_ceil(4);

#[derive(Default)]
pub(super) struct Concealer {
    rate: Rate,
    /// What came before the gap.
    before: Vec<i16>,
    lag: usize,
    periods: usize,
    turn: Turn,
    /// The turn before, blended out.
    last: Turn,
    blend: usize,
    made_up: usize,
}

/// Sound that repeats.
#[derive(Default)]
struct Turn {
    sound: Vec<i16>,
    at: usize,
}

impl Concealer {
    /// A gap begins after this sound.
    pub fn start(&mut self, rate: Rate, before: &[i16]) {
        let from = before.len().saturating_sub(HISTORY_MS * rate.per_ms());
        self.before.clear();
        self.before.extend_from_slice(&before[from..]); // at most its length
        self.rate = rate;
        self.lag = pitch(&self.before, rate).unwrap_or_default();
        self.periods = 1;
        self.turn = self.turn_of(1);
        self.blend = 0;
        self.made_up = 0;
    }

    /// Whether nothing is left of it.
    pub fn is_gone(&self) -> bool {
        self.turn.sound.is_empty() || self.made_up >= GONE_MS * self.rate.per_ms()
    }

    /// A pitch period; 0 for none.
    pub fn lag(&self) -> usize {
        self.lag
    }

    /// The crossfade back into real sound: the longer the gap, the less both may fit.
    pub fn overlap(&self) -> usize {
        let per_ms = self.rate.per_ms();
        let beyond = (self.made_up / (STEP_MS * per_ms)).saturating_sub(1);
        (4 * per_ms).max(beyond.saturating_sub(1) * 4 * per_ms).min(10 * per_ms)
    }

    pub fn next(&mut self) -> i16 {
        let step = STEP_MS * self.rate.per_ms();
        if self.periods < MOST_PERIODS && self.made_up == self.periods * step {
            self.lengthen_turn();
        }
        let mut sample = f32::from(self.turn.next());
        if self.blend > 0 {
            let part = self.blend as f32 / (self.lag / 4).max(1) as f32;
            sample = sample * (1.0 - part) + f32::from(self.last.next()) * part;
            self.blend -= 1;
        }
        let (full, gone) = (FULL_MS * self.rate.per_ms(), GONE_MS * self.rate.per_ms());
        let left = gone.saturating_sub(self.made_up).min(gone - full) as f32 / (gone - full) as f32;
        self.made_up += 1;
        // Never stronger than samples were.
        (sample * left) as i16
    }

    /// Goes on at the same place of a period.
    fn lengthen_turn(&mut self) {
        self.periods += 1;
        let next = self.turn_of(self.periods);
        if next.sound.is_empty() {
            return;
        }
        self.last = std::mem::replace(&mut self.turn, next);
        self.turn.at = self.last.at.checked_rem(self.lag).unwrap_or_default();
        self.blend = self.lag / 4;
    }

    /// The last periods, their end blended into the sound before their start so that they repeat without a
    /// click. Empty when there is too little.
    fn turn_of(&self, periods: usize) -> Turn {
        let (length, quarter) = (self.lag * periods, self.lag / 4);
        let Some(start) =
            self.before.len().checked_sub(length).filter(|start| length > 0 && *start >= quarter)
        else {
            return Turn::default();
        };
        // `start` is within it, and a quarter lies before.
        let (body, end) = self.before[start..].split_at(length - quarter);
        let joined = crossfade(end, &self.before[start - quarter..start]);
        Turn { sound: [body, &joined].concat(), at: 0 }
    }
}

impl Turn {
    fn next(&mut self) -> i16 {
        let sample = self.sound.get(self.at).copied().unwrap_or_default();
        self.at = (self.at + 1).checked_rem(self.sound.len()).unwrap_or_default();
        sample
    }
}

/// The shift under which the end of this sound is most like what came before.
fn pitch(sound: &[i16], rate: Rate) -> Option<usize> {
    let window = WINDOW_MS * rate.per_ms();
    let from = sound.len().checked_sub(window)?;
    let recent = &sound[from..]; // just subtracted
    // Searched at 8 kHz, then refined.
    let step = rate.per_ms() / Rate::Narrow.per_ms();
    let like = |lag: usize, step: usize| {
        let earlier = sound.get(from.checked_sub(lag)?..)?.get(..window)?;
        Some((lag, correlation(recent, earlier, step)))
    };
    let better = |a: &(usize, f32), b: &(usize, f32)| a.1.total_cmp(&b.1);
    let range = LEAST_LAG_MS * rate.per_ms()..=MOST_LAG_MS * rate.per_ms();
    let (coarse, _) = range.step_by(step).filter_map(|lag| like(lag, step)).max_by(better)?;
    let fine = (coarse + 1 - step..coarse + step).filter_map(|lag| like(lag, 1)).max_by(better)?;
    Some(fine.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: [Rate; 3] = [Rate::Narrow, Rate::Wide, Rate::Full];

    /// 100 Hz.
    fn tone(rate: Rate, n: usize) -> i16 {
        ((n as f32 * std::f32::consts::TAU * 100.0 / rate.hz() as f32).sin() * 8_000.0) as i16
    }

    fn after(rate: Rate, ms: usize, gap_ms: usize) -> Vec<i16> {
        let before: Vec<i16> = (0..ms * rate.per_ms()).map(|n| tone(rate, n)).collect();
        let mut concealer = Concealer::default();
        concealer.start(rate, &before);
        (0..gap_ms * rate.per_ms()).map(|_| concealer.next()).collect()
    }

    #[test]
    fn a_steady_tone_goes_on_without_a_seam_at_any_rate() {
        for rate in RATES {
            let heard = after(rate, 70, 10);
            let meant: Vec<i16> = (0..heard.len()).map(|n| tone(rate, 70 * rate.per_ms() + n)).collect();
            assert!(correlation(&heard, &meant, 1) > 0.99, "{rate:?}");
            assert!((i32::from(heard[0]) - i32::from(meant[0])).abs() < 700, "{rate:?}");
        }
    }

    #[test]
    fn long_gap_fades_to_silence() {
        for rate in RATES {
            let heard = after(rate, 70, 100);
            let loudest = |from: usize, to: usize| {
                heard[from * rate.per_ms()..to * rate.per_ms()].iter().map(|s| s.unsigned_abs()).max()
            };
            assert!(loudest(0, 10) > Some(7_000) && loudest(30, 40) < loudest(10, 20), "{rate:?}");
            assert_eq!(loudest(60, 100), Some(0));
        }
    }

    #[test]
    fn nothing_before_or_too_little_means_silence() {
        for ms in [0, 1, 10, 20] {
            assert!(after(Rate::Narrow, ms, 30).iter().all(|sample| *sample == 0), "{ms}");
        }
        assert!(after(Rate::Narrow, 36, 30).iter().any(|sample| *sample != 0));
    }
}
