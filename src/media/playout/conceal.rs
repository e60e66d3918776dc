//! Hides what is missing. At first the sound goes on as it rang ([`predict`]); beyond that whole pitch periods of it are repeated,
//! in the manner of ITU-T G.711 Appendix I but at any rate, and faded. Where the sound after the gap is known already, it is
//! traced back into the gap by the same means, and both are blended: it then begins without a seam.

use super::super::Rate;
use super::predict;
use super::stretch::correlation;

/// A pitch period: 200 Hz to 66 Hz, as Appendix I has it.
const LEAST_LAG_MS: usize = 5;
const MOST_LAG_MS: usize = 15;

/// Stretch of sound in which the pitch is sought.
const WINDOW_MS: usize = 20;

/// Sound before the gap that is looked at: voices change, and what was longer ago tells nothing of it.
pub(super) const HISTORY_MS: usize = 40;

/// For so long it rings, before that dies away; then it is blended into its repetition.
const HEAD_MS: usize = 20;
const JOIN_MS: usize = 4;

/// At least so much is repeated in one piece: less buzzes.
const LEAST_TURN_MS: usize = 20;

/// At full strength for so long, then faded until silence.
const FULL_MS: usize = 40;
const GONE_MS: usize = 120;

/// How much more the last of 40 ms tells than the first, and that of 20 ms ([`predict::go_on`]): measured.
const LATENESS: i32 = 4;
const BACK_LATENESS: i32 = 2;

/// The sound after a gap is traced back so far.
const BACK_MS: usize = 20;

/// The longest crossfade back into real sound, and what it grows by for each 10 ms of a long gap.
const MOST_OVERLAP_MS: usize = 10;
const STEP_MS: usize = 10;

#[derive(Default)]
pub(super) struct Concealer {
    rate: Rate,
    /// What came before the gap, and what goes on from it.
    sound: Vec<f64>,
    /// How much of that came before.
    before: usize,
    /// What is repeated; 0 while it rings.
    turn: usize,
    lag: Option<usize>,
    made_up: usize,
    bridge: Option<Bridge>,
}

/// To the sound after the gap. Its places are counted in samples that were made up.
struct Bridge {
    from: usize,
    /// Where the sound after the gap begins.
    to: usize,
    /// Up to there, and the first of that sound.
    sound: Vec<f64>,
}

impl Concealer {
    /// A gap begins after this sound.
    pub fn start(&mut self, rate: Rate, before: &[i16]) {
        let from = before.len().saturating_sub(HISTORY_MS * rate.per_ms());
        self.sound.clear();
        self.sound.extend(before[from..].iter().map(|sample| f64::from(*sample))); // at most its length
        self.rate = rate;
        self.before = self.sound.len();
        (self.turn, self.lag, self.made_up, self.bridge) = (0, None, 0, None);
    }

    /// Whether nothing is left of it.
    pub fn is_gone(&self) -> bool {
        !self.knows_enough() || self.bridge.is_none() && self.made_up >= GONE_MS * self.rate.per_ms()
    }

    /// A pitch period of what came before; 0 for none.
    pub fn lag(&mut self) -> usize {
        if self.lag.is_none() {
            self.lag = pitch(&self.sound[..self.before], self.rate); // it begins with that
        }
        self.lag.unwrap_or_default()
    }

    /// The crossfade back into real sound: the longer the gap, the less both may fit. None where the bridge has met it.
    pub fn overlap(&self) -> usize {
        if self.bridge.as_ref().is_some_and(|bridge| bridge.to == self.made_up) {
            return 0;
        }
        let per_ms = self.rate.per_ms();
        let beyond = (self.made_up / (STEP_MS * per_ms)).saturating_sub(1);
        (JOIN_MS * per_ms).max(beyond.saturating_sub(1) * JOIN_MS * per_ms).min(MOST_OVERLAP_MS * per_ms)
    }

    /// After so many samples more comes this sound: what leads there is blended into it.
    pub fn foresee(&mut self, after: &[i16], gap: usize) {
        let (from, to) = (self.made_up, self.made_up + gap);
        if self.bridge.as_ref().is_some_and(|bridge| bridge.to == to) {
            return;
        }
        let per_ms = self.rate.per_ms();
        let near = &after[..after.len().min(BACK_MS * per_ms)]; // at most its length
        let mirrored: Vec<f64> = near.iter().rev().map(|sample| f64::from(*sample)).collect();
        let back = predict::go_on(&mirrored, per_ms, gap.min(BACK_MS * per_ms), BACK_LATENESS);
        let mut sound: Vec<f64> = (from..to).map(|place| self.going_on(place)).collect();
        let length = back.len() as f64;
        for (n, (sample, back)) in sound.iter_mut().rev().zip(back).enumerate() {
            let part = (n as f64 + 0.5) / length;
            *sample = *sample * part + back * (1.0 - part);
        }
        sound.extend(near.iter().take(MOST_OVERLAP_MS * per_ms).map(|sample| f64::from(*sample)));
        self.bridge = Some(Bridge { from, to, sound });
    }

    pub fn next(&mut self) -> i16 {
        let bridged = self.bridge.as_ref().and_then(|bridge| bridge.sound.get(self.made_up - bridge.from)); // it began before
        let sample = match bridged {
            Some(sample) => *sample,
            None => self.going_on(self.made_up),
        };
        self.made_up += 1;
        // A cast from float holds to the bounds.
        sample as i16
    }

    fn knows_enough(&self) -> bool {
        self.before > WINDOW_MS * self.rate.per_ms()
    }

    /// What goes on from before the gap, so far into it.
    fn going_on(&mut self, place: usize) -> f64 {
        let (full, gone) = (FULL_MS * self.rate.per_ms(), GONE_MS * self.rate.per_ms());
        if place >= gone || !self.knows_enough() {
            return 0.0;
        }
        while self.sound.len() <= self.before + place {
            self.lengthen();
        }
        let left = (gone - place).min(gone - full) as f64 / (gone - full) as f64;
        self.sound[self.before + place] * left // just made so long
    }

    fn lengthen(&mut self) {
        let per_ms = self.rate.per_ms();
        let (end, join) = (self.sound.len(), JOIN_MS * per_ms);
        if end == self.before {
            let rings = predict::go_on(&self.sound, per_ms, HEAD_MS * per_ms + join, LATENESS);
            return self.sound.extend(rings);
        }
        if self.turn == 0 {
            let lag = pitch(&self.sound[..end - join], self.rate).unwrap_or(LEAST_LAG_MS * per_ms); // longer than the join
            self.turn = (LEAST_TURN_MS * per_ms).next_multiple_of(lag);
            for n in 0..join {
                let (place, part) = (end - join + n, (n as f64 + 0.5) / join as f64);
                // A turn lies before it: what is known and the head are longer.
                self.sound[place] = self.sound[place] * (1.0 - part) + self.sound[place - self.turn] * part;
            }
        }
        self.sound.push(self.sound[end - self.turn]); // as above
    }
}

/// The shift under which the end of this sound is most like what came before.
fn pitch(sound: &[f64], rate: Rate) -> Option<usize> {
    // Between two samples at the most, as all of it was or rings.
    let sound: Vec<i16> = sound.iter().map(|sample| *sample as i16).collect();
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

    /// What the last of it was tells more than what was before.
    #[test]
    fn a_voice_that_falls_goes_on_as_low_as_it_was_last() {
        let mut turn = 0.0;
        let falling = |n: usize| {
            // From 180 Hz to 140 Hz within what is looked at, and on.
            let hz = 180.0 - n as f32 / 8.0;
            turn += hz * std::f32::consts::TAU / 8_000.0;
            ((1..6).map(|k| (turn * k as f32).sin() / k as f32).sum::<f32>() * 4_000.0) as i16
        };
        let voice: Vec<i16> = (0..400).map(falling).collect();
        let (before, meant) = voice.split_at(320);
        let mut concealer = Concealer::default();
        concealer.start(Rate::Narrow, before);
        let heard: Vec<i16> = meant.iter().map(|_| concealer.next()).collect();
        let alike = correlation(&heard, meant, 1);
        assert!(alike > 0.84, "{alike}");
    }

    #[test]
    fn what_comes_next_is_met_without_a_seam_however_long_the_gap_was() {
        for rate in RATES {
            let length = |ms: usize| ms * rate.per_ms();
            for gap_ms in [5, 20, 45, 150] {
                let before: Vec<i16> = (0..length(70)).map(|n| tone(rate, n)).collect();
                // Another phase, and half as loud.
                let after: Vec<i16> = (0..length(20)).map(|n| tone(rate, n + length(3)) / 2).collect();
                let mut concealer = Concealer::default();
                concealer.start(rate, &before);
                concealer.foresee(&after, length(gap_ms));
                let heard: Vec<i16> = (0..length(gap_ms)).map(|_| concealer.next()).collect();
                assert_eq!(concealer.overlap(), 0, "it is met");
                let whole = [&before[..], &heard, &after].concat();
                let step = |pair: &[i16]| (i32::from(pair[1]) - i32::from(pair[0])).abs();
                let most = before.windows(2).map(step).max().unwrap();
                assert!(whole.windows(2).all(|pair| step(pair) <= most * 2), "{rate:?}, {gap_ms} ms");
                let near = &heard[heard.len() - length(2)..];
                let meant: Vec<i16> = (0..length(2)).map(|n| tone(rate, n + length(1)) / 2).collect();
                let apart = near.iter().zip(meant).map(|(a, b)| (i32::from(*a) - i32::from(b)).abs()).max();
                assert!(
                    apart < Some(if gap_ms > 5 { 1_500 } else { 4_000 }),
                    "{rate:?}, {gap_ms} ms: {apart:?}"
                );
            }
        }
    }

    #[test]
    fn long_gap_fades_to_silence() {
        for rate in RATES {
            let heard = after(rate, 70, 160);
            let loudest = |from: usize, to: usize| {
                heard[from * rate.per_ms()..to * rate.per_ms()].iter().map(|s| s.unsigned_abs()).max()
            };
            assert!(loudest(0, 40) > Some(7_000) && loudest(80, 100) < loudest(40, 60), "{rate:?}");
            assert_eq!(loudest(120, 160), Some(0));
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
