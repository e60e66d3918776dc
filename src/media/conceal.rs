//! Hides what is missing: the last pitch period repeated and faded, in the manner of G.711 Appendix I.

use super::{Frame, Rate};
use std::collections::VecDeque;

/// Shortest and longest pitch period: 200 Hz and 66 Hz.
const PITCH: std::ops::RangeInclusive<usize> = 40..=120;

/// Stretch of sound in which the pitch is sought.
const WINDOW: usize = 160;

/// Sound remembered.
const HISTORY: usize = WINDOW + *PITCH.end();

/// Repeated at full strength for 10 ms, then faded to silence at 60 ms.
const FULL: usize = 80;
const GONE: usize = 480;

/// Crossfade from the made-up sound to the real one.
const OVERLAP: usize = 32;

/// Turns samples with holes into sound without.
pub(super) struct Concealer {
    history: VecDeque<i16>,
    period: Vec<i16>,
    /// Samples made up in a row; 0 while all is well.
    made_up: usize,
    /// Samples of the crossfade still to come.
    overlap: usize,
}

impl Concealer {
    pub fn new() -> Self {
        Self { history: VecDeque::with_capacity(HISTORY), period: Vec::new(), made_up: 0, overlap: 0 }
    }

    /// The frame to play; `None` where nothing has arrived.
    pub fn play(&mut self, samples: impl IntoIterator<Item = Option<i16>>) -> Frame {
        let mut frame = Frame::silence(Rate::Narrow);
        for (out, sample) in frame.iter_mut().zip(samples) {
            *out = self.next(sample);
        }
        frame
    }

    /// The sound that follows does not join on to what was played.
    pub fn cut(&mut self) {
        if self.made_up == 0 {
            self.period = pitch_period(self.history.make_contiguous());
            self.made_up = 1;
        }
        self.overlap = OVERLAP;
    }

    fn next(&mut self, sample: Option<i16>) -> i16 {
        let out = match sample {
            Some(sample) if self.made_up == 0 => sample,
            Some(sample) => self.blend(sample),
            None => {
                if self.made_up == 0 {
                    self.period = pitch_period(self.history.make_contiguous());
                }
                self.overlap = OVERLAP;
                self.make_up()
            }
        };
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(out);
        out
    }

    fn blend(&mut self, sample: i16) -> i16 {
        let made_up = i32::from(self.make_up());
        let weight = self.overlap as i32;
        self.overlap = self.overlap.saturating_sub(1);
        if self.overlap == 0 {
            self.made_up = 0;
        }
        let whole = OVERLAP as i32;
        // A mean of two samples is a sample.
        ((made_up * weight + i32::from(sample) * (whole - weight)) / whole) as i16
    }

    fn make_up(&mut self) -> i16 {
        let at = self.made_up;
        self.made_up = self.made_up.saturating_add(1);
        let Some(sample) = at.checked_rem(self.period.len()).and_then(|at| self.period.get(at)) else {
            return 0;
        };
        let left = GONE.saturating_sub(at).min(GONE - FULL) as i32;
        // Never stronger than the sample it was.
        (i32::from(*sample) * left / (GONE - FULL) as i32) as i16
    }
}

/// The last period of this sound, its end blended into the sound before its start so that it repeats
/// without a click. Empty when there is too little.
fn pitch_period(sound: &[i16]) -> Vec<i16> {
    let Some(lag) = best_lag(sound) else { return Vec::new() };
    let Some(start) = sound.len().checked_sub(lag) else { return Vec::new() };
    let mut period = sound.get(start..).unwrap_or_default().to_vec();
    let quarter = lag / 4;
    let before = start.checked_sub(quarter).and_then(|from| sound.get(from..start)).unwrap_or_default();
    let tail = period.iter_mut().skip(lag - quarter);
    for (n, (end, before)) in tail.zip(before).enumerate() {
        let weight = n as i32;
        let whole = quarter.max(1) as i32;
        *end = ((i32::from(*end) * (whole - weight) + i32::from(*before) * weight) / whole) as i16;
    }
    period
}

/// The shift under which the end of this sound is most like what came before.
fn best_lag(sound: &[i16]) -> Option<usize> {
    let recent = sound.get(sound.len().checked_sub(WINDOW)?..)?;
    let likeness = |lag: &usize| {
        let earlier = sound.get(sound.len() - WINDOW - lag..sound.len() - lag)?;
        Some(correlation(recent, earlier))
    };
    PITCH
        .filter(|lag| sound.len() >= WINDOW + lag)
        .max_by(|a, b| likeness(a).partial_cmp(&likeness(b)).unwrap_or(std::cmp::Ordering::Equal))
}

/// How alike two stretches of sound are, from -1 to 1; 0 for silence.
pub(super) fn correlation(a: &[i16], b: &[i16]) -> f32 {
    let dot = |x: &[i16], y: &[i16]| x.iter().zip(y).map(|(x, y)| f32::from(*x) * f32::from(*y)).sum::<f32>();
    let energy = dot(a, a) * dot(b, b);
    if energy > 0.0 { dot(a, b) / energy.sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME_SAMPLES: usize = Rate::Narrow.frame_samples();

    fn tone(n: usize) -> i16 {
        // 100 Hz: a period of 80 samples.
        ((n as f32 * std::f32::consts::TAU / 80.0).sin() * 8_000.0) as i16
    }

    #[test]
    fn whole_sound_passes_untouched() {
        let mut concealer = Concealer::new();
        for frame in 0..5 {
            let samples: Vec<i16> = (frame * 160..frame * 160 + 160).map(tone).collect();
            assert_eq!(concealer.play(samples.iter().copied().map(Some)).to_vec(), samples);
        }
    }

    #[test]
    fn a_lost_packet_of_a_steady_tone_is_hardly_heard() {
        let mut concealer = Concealer::new();
        let heard: Vec<i16> = (0..6)
            .flat_map(|frame| {
                let samples = (frame * 160..frame * 160 + 160).map(move |n| (frame != 3).then(|| tone(n)));
                concealer.play(samples).to_vec()
            })
            .collect();
        let meant: Vec<i16> = (0..960).map(tone).collect();
        assert!(correlation(&heard[480..640], &meant[480..640]) > 0.99);
        assert_eq!(heard[700..], meant[700..]);
        let steps = |sound: &[i16]| sound.windows(2).map(|w| (w[1] - w[0]).abs()).max().unwrap();
        assert!(steps(&heard) <= steps(&meant) * 2, "no click at the seams");
    }

    #[test]
    fn long_gap_fades_to_silence() {
        let mut concealer = Concealer::new();
        for frame in 0..4 {
            concealer.play((frame * 160..frame * 160 + 160).map(|n| Some(tone(n))));
        }
        let gap: Vec<Frame> = (0..5).map(|_| concealer.play([None; FRAME_SAMPLES])).collect();
        let loudest = |frame: &Frame| frame.iter().map(|s| s.abs()).max().unwrap();
        assert!(loudest(&gap[0]) > 6_000 && loudest(&gap[1]) < loudest(&gap[0]));
        assert_eq!((loudest(&gap[3]), loudest(&gap[4])), (0, 0));
    }

    #[test]
    fn nothing_before_means_silence() {
        assert!(Concealer::new().play([None; FRAME_SAMPLES]).is_silent());
    }
}
