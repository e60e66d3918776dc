//! From the rate of a file to one of ours, by a windowed sinc that keeps the band of the lower one.

use crate::media::Rate;
use std::collections::VecDeque;
use std::f64::consts::PI;

/// Edge of the band kept, as a part of the lower rate: 3.7 kHz of 8.
const CUTOFF: f64 = 0.4625;

/// Zero crossings of the sinc on each side.
const CROSSINGS: f64 = 16.0;

/// Takes samples from -1 to 1 one by one and collects them at its rate. What has that rate already it does not change.
pub(super) struct Resampler {
    rate: u64,
    target: u64,
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
    /// From so many samples a second, not none.
    pub fn new(rate_hz: u32, to: Rate) -> Self {
        let (rate, target) = (u64::from(rate_hz.max(1)), u64::from(to.hz()));
        if rate == target {
            return Self {
                rate,
                target,
                kernels: vec![vec![1.0]],
                window: VecDeque::new(),
                taken: 0,
                half: 0,
                output: Vec::new(),
            };
        }
        let cutoff = CUTOFF * rate.min(target) as f64 / rate as f64;
        let half = (CROSSINGS / (2.0 * cutoff)).ceil() as u64;
        let phases = target / gcd(rate, target);
        let kernels = (0..phases).map(|phase| kernel(cutoff, half, phase as f64 / phases as f64)).collect();
        let window = std::iter::repeat_n(0.0, 2 * half as usize).collect();
        Self { rate, target, kernels, window, taken: 0, half, output: Vec::new() }
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
        loop {
            // Of the next output, in inputs times the target.
            let position = self.output.len() as u64 * self.rate;
            if position / self.target != middle {
                return;
            }
            self.emit((position % self.target) * self.kernels.len() as u64 / self.target);
        }
    }

    /// All that was put, at the target's rate.
    pub fn finish(mut self) -> Vec<i16> {
        for _ in 0..self.half {
            self.put(0.0);
        }
        self.output
    }

    fn emit(&mut self, phase: u64) {
        // There is one for each phase.
        let kernel = self.kernels.get(phase as usize).map_or(&[][..], Vec::as_slice);
        let sum: f32 = self.window.iter().zip(kernel).map(|(sample, weight)| sample * weight).sum();
        // A cast from float holds to the bounds, and makes 0 of what is no number.
        self.output.push((sum * 32_768.0).round() as i16);
    }
}

/// Weights for an output that lies `shift` of an input period behind the middle; the cutoff is a part of the rate that
/// comes in.
fn kernel(cutoff: f64, half: u64, shift: f64) -> Vec<f32> {
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

    /// A second of a tone.
    fn resampled(rate: u32, to: Rate, frequency: f64) -> Vec<i16> {
        let mut resampler = Resampler::new(rate, to);
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
            for (to, whole) in [(Rate::Narrow, 8_000), (Rate::Wide, 16_000), (Rate::Full, 48_000)] {
                let out = resampled(rate, to, 1_000.0);
                assert!(out.len().abs_diff(whole) <= 10, "{rate} to {to:?}: {}", out.len());
                for (n, sample) in out.iter().enumerate().take(whole - whole / 80).skip(whole / 80) {
                    let wanted = 16_384.0 * (2.0 * PI * 1_000.0 * n as f64 / whole as f64).sin();
                    assert!(
                        (f64::from(*sample) - wanted).abs() < 30.0,
                        "{rate} to {to:?}, sample {n}: {sample} for {wanted}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_file_that_has_the_band_keeps_it() {
        let whole = 0.5 * 32_768.0 / 2_f64.sqrt();
        for (rate, to, frequency) in [
            (44_100, Rate::Full, 19_000.0),
            (96_000, Rate::Full, 20_000.0),
            (44_100, Rate::Wide, 7_000.0),
            (16_000, Rate::Narrow, 3_400.0),
        ] {
            let out = resampled(rate, to, frequency);
            let kept = level(&out[out.len() / 10..out.len() * 9 / 10]) / whole;
            assert!((0.8..1.02).contains(&kept), "{rate} to {to:?}, {frequency} Hz: {kept}");
        }
    }

    #[test]
    fn tones_above_the_band_do_not_fold_back() {
        for rate in [16_000, 44_100, 48_000] {
            let out = resampled(rate, Rate::Narrow, 5_500.0);
            assert!(level(&out[100..7_900]) < 12.0, "{rate}: {}", level(&out[100..7_900]));
        }
    }

    #[test]
    fn what_has_the_rate_passes_untouched() {
        for rate in Rate::ALL {
            let mut resampler = Resampler::new(rate.hz(), rate);
            let samples = [0, 1, -1, 32_767, -32_768, 1_234];
            samples.iter().for_each(|sample| resampler.put(f32::from(*sample) / 32_768.0));
            assert_eq!(resampler.finish(), samples);
        }
    }
}
