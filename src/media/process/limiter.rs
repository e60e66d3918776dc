//! Keeps what reaches the ear below a bound, whatever comes: a click, a fax, a howl.
//!
//! A single sample never exceeds the peak; what lasts longer than a click is held to a level besides, since it is the
//! energy that hurts. Attack is at once and costs no delay; below both bounds samples pass as they are.

use super::RATE_HZ;

/// Of the earpiece: -6 dBFS, a sample of 16384.
pub const EARPIECE_PEAK: f32 = 0.5;
/// Of the earpiece, over 10 ms: -15 dBov (ITU-T G.100.1), a tone with a peak of -12 dBFS. Speech of -20 dBov stays below.
pub const EARPIECE_LEVEL: f32 = 0.178;

const MEMORY_S: f32 = 0.010;
const RELEASE_S: f32 = 0.200;
/// Below this distance from 1 the gain is 1.
const WHOLE: f32 = 0.999;

#[derive(Clone, Debug)]
pub struct Limiter {
    peak: f32,
    level: f32,
    mean_square: f32,
    gain: f32,
}

impl Limiter {
    /// Bounds as parts of full scale: of any sample, and of the root mean square over 10 ms.
    pub const fn new(peak: f32, level: f32) -> Self {
        Self { peak, level, mean_square: 0.0, gain: 1.0 }
    }

    pub const fn earpiece() -> Self {
        Self::new(EARPIECE_PEAK, EARPIECE_LEVEL)
    }

    pub fn limit(&mut self, samples: &mut [f32]) {
        for sample in samples {
            *sample = self.limited(*sample);
        }
    }

    fn limited(&mut self, sample: f32) -> f32 {
        // Nothing but a number may stay in the memory.
        let sample = if sample.is_finite() { sample } else { 0.0 };
        self.mean_square += (sample * sample - self.mean_square) * (1.0 / (MEMORY_S * RATE_HZ as f32));
        let wanted = match self.mean_square > self.level * self.level {
            true => self.level / self.mean_square.sqrt(),
            false => 1.0,
        };
        if wanted <= self.gain {
            self.gain = wanted;
        } else {
            self.gain += (wanted - self.gain) * (1.0 / (RELEASE_S * RATE_HZ as f32));
            if self.gain > WHOLE && wanted >= 1.0 {
                self.gain = 1.0;
            }
        }
        let loudness = sample.abs();
        if loudness * self.gain > self.peak {
            self.gain = self.peak / loudness;
        }
        // The quotient may be rounded up.
        (sample * self.gain).clamp(-self.peak, self.peak)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::TAU;

    fn sine(hz: f32, amplitude: f32, seconds: f32) -> impl Iterator<Item = f32> {
        let samples = (seconds * RATE_HZ as f32) as usize;
        (0..samples).map(move |n| amplitude * (TAU * hz * n as f32 / RATE_HZ as f32).sin())
    }

    fn silence(seconds: f32) -> impl Iterator<Item = f32> {
        sine(1.0, 0.0, seconds)
    }

    fn limited(sound: impl Iterator<Item = f32>) -> Vec<f32> {
        let mut sound: Vec<f32> = sound.collect();
        Limiter::earpiece().limit(&mut sound);
        sound
    }

    fn level(samples: &[f32]) -> f32 {
        (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32).sqrt()
    }

    #[test]
    fn no_shock_reaches_the_ear() {
        let click = || silence(0.5).chain([1.0, -1.0]).chain(silence(0.1));
        let square = || (0..48_000).map(|n| if n / 24 % 2 == 0 { 1.0 } else { -1.0 });
        let shocks: [(&str, Vec<f32>); 7] = [
            ("a burst of 1 kHz at full scale", sine(1_000.0, 1.0, 0.05).collect()),
            ("a click", click().collect()),
            ("a tone at full scale after silence", silence(1.0).chain(sine(440.0, 1.0, 2.0)).collect()),
            ("a low tone", silence(0.1).chain(sine(50.0, 1.0, 1.0)).collect()),
            ("a fax", sine(2_100.0, 1.0, 3.0).collect()),
            (
                "a howl that swells",
                (0..96_000).map(|n| (n as f32 * 0.4).sin() * n as f32 / 96_000.0).collect(),
            ),
            ("far beyond full scale", square().map(|sample| 8.0 * sample).collect()),
        ];
        for (name, shock) in shocks {
            let heard = limited(shock.into_iter());
            let loudest = heard.iter().fold(0.0, |most: f32, sample| most.max(sample.abs()));
            assert!(loudest <= EARPIECE_PEAK, "{name}: {loudest}");
            // 20 ms after it began, the level holds too.
            let most = heard.chunks(480).map(level).skip_while(|level| *level < 0.01).skip(2);
            let most = most.fold(0.0, f32::max);
            assert!(most <= 1.05 * EARPIECE_LEVEL, "{name}: {most}");
        }
    }

    #[test]
    fn what_is_no_number_is_silence() {
        let heard = limited([f32::NAN, f32::INFINITY, 0.25].into_iter());
        assert_eq!(heard, [0.0, 0.0, 0.25]);
    }

    #[test]
    fn what_is_not_too_loud_passes_bit_by_bit_and_again_soon_after_a_shock() {
        // -15.2 dBov.
        let quiet: Vec<f32> = sine(300.0, 0.245, 1.0).collect();
        assert_eq!(limited(quiet.iter().copied()), quiet);
        let after = limited(sine(1_000.0, 1.0, 0.5).chain(silence(1.5)).chain(quiet.iter().copied()));
        assert_eq!(after[96_000..], quiet);
    }
}
