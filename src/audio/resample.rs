//! From the rate of a file to 8 kHz, by a windowed sinc that keeps the telephone band.

use crate::media::SAMPLE_RATE_HZ;
use std::collections::VecDeque;
use std::f64::consts::PI;

/// Edge of the band kept.
const CUTOFF_HZ: f64 = 3_700.0;

/// Zero crossings of the sinc on each side.
const CROSSINGS: f64 = 16.0;

/// Takes samples from -1 to 1 one by one and collects them at 8 kHz. At 8 kHz already it changes nothing.
pub(super) struct Resampler {
    rate: u64,
    /// One kernel for each place that an output can have between two inputs.
    kernels: Vec<Vec<f32>>,
    /// The inputs that the next output needs, as many as a kernel is long.
    window: VecDeque<f32>,
    /// Inputs taken, and how many of them lie ahead of an output that can be made.
    taken: u64,
    half: u64,
    output: Vec<i16>,
}

impl Resampler {
    /// From this rate, 8 kHz or higher.
    pub fn new(rate_hz: u32) -> Self {
        let rate = u64::from(rate_hz.max(SAMPLE_RATE_HZ));
        if rate == u64::from(SAMPLE_RATE_HZ) {
            return Self {
                rate,
                kernels: vec![vec![1.0]],
                window: VecDeque::new(),
                taken: 0,
                half: 0,
                output: Vec::new(),
            };
        }
        let half = (CROSSINGS * rate as f64 / (2.0 * CUTOFF_HZ)).ceil() as u64;
        let phases = u64::from(SAMPLE_RATE_HZ) / gcd(rate, u64::from(SAMPLE_RATE_HZ));
        let kernels =
            (0..phases).map(|phase| kernel(rate as f64, half, phase as f64 / phases as f64)).collect();
        let window = std::iter::repeat_n(0.0, 2 * half as usize).collect();
        Self { rate, kernels, window, taken: 0, half, output: Vec::new() }
    }

    pub fn put(&mut self, sample: f32) {
        let whole = 2 * self.half as usize + 1;
        self.window.push_back(sample);
        if self.window.len() > whole {
            self.window.pop_front();
        }
        self.taken += 1;
        // The middle of the window is input number `taken - 1 - half`.
        let Some(middle) = (self.taken - 1).checked_sub(self.half) else { return };
        let target = u64::from(SAMPLE_RATE_HZ);
        let position = self.output.len() as u64 * self.rate;
        if position / target == middle {
            self.emit((position % target) * self.kernels.len() as u64 / target);
        }
    }

    /// All that was put, at 8 kHz.
    pub fn finish(mut self) -> Vec<i16> {
        for _ in 0..self.half {
            self.put(0.0);
        }
        self.output
    }

    fn emit(&mut self, phase: u64) {
        let Some(kernel) = self.kernels.get(phase as usize) else { return };
        let sum: f32 = self.window.iter().zip(kernel).map(|(sample, weight)| sample * weight).sum();
        // A cast from float holds to the bounds, and makes 0 of what is no number.
        self.output.push((sum * 32_768.0).round() as i16);
    }
}

/// Weights for an output that lies `shift` of an input period behind the middle.
fn kernel(rate: f64, half: u64, shift: f64) -> Vec<f32> {
    let cutoff = CUTOFF_HZ / rate;
    let width = half as f64 + 1.0;
    let weights: Vec<f64> = (0..=2 * half)
        .map(|n| {
            let x = n as f64 - half as f64 - shift;
            let window = 0.42 + 0.5 * (PI * x / width).cos() + 0.08 * (2.0 * PI * x / width).cos();
            sinc(2.0 * cutoff * x) * window.max(0.0)
        })
        .collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| (weight / sum) as f32).collect()
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resampled(rate: u32, frequency: f64) -> Vec<i16> {
        let mut resampler = Resampler::new(rate);
        for n in 0..rate {
            resampler.put((0.5 * (2.0 * PI * frequency * f64::from(n) / f64::from(rate)).sin()) as f32);
        }
        resampler.finish()
    }

    fn level(samples: &[i16]) -> f64 {
        let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        (energy / samples.len() as f64).sqrt()
    }

    #[test]
    fn tones_of_speech_keep_their_shape_and_place() {
        for rate in [11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000] {
            let out = resampled(rate, 1_000.0);
            assert!((7_990..=8_010).contains(&out.len()), "{rate}: {}", out.len());
            for (n, sample) in out.iter().enumerate().take(7_900).skip(100) {
                let wanted = 16_384.0 * (2.0 * PI * 1_000.0 * n as f64 / 8_000.0).sin();
                assert!(
                    (f64::from(*sample) - wanted).abs() < 30.0,
                    "{rate}, sample {n}: {sample} for {wanted}"
                );
            }
        }
    }

    #[test]
    fn tones_above_the_band_do_not_fold_back() {
        for rate in [16_000, 44_100, 48_000] {
            let out = resampled(rate, 5_500.0);
            assert!(level(&out[100..7_900]) < 12.0, "{rate}: {}", level(&out[100..7_900]));
        }
    }

    #[test]
    fn eight_kilohertz_passes_untouched() {
        let mut resampler = Resampler::new(8_000);
        let samples = [0, 1, -1, 32_767, -32_768, 1_234];
        samples.iter().for_each(|sample| resampler.put(f32::from(*sample) / 32_768.0));
        assert_eq!(resampler.finish(), samples);
    }
}
