//! Sounds that nobody can have recorded before, and how alike two recordings are.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::path::Path;

pub const RATE: usize = 8000;
/// Comparison is done at a quarter of the rate: the sounds have nothing above 800 Hz.
const STEP: usize = 4;

/// Noise between 200 and 800 Hz, different in each run.
pub fn noise(seconds: usize) -> Vec<i16> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).expect("randomness");
    let mut rng = ChaCha20Rng::from_seed(seed);
    let white: Vec<f64> =
        (0..seconds * RATE + 256).map(|_| f64::from(rng.next_u32()) / f64::from(u32::MAX) - 0.5).collect();
    let kernel = band(200.0, 800.0, 129);
    let filtered =
        white.windows(kernel.len()).map(|w| w.iter().zip(&kernel).map(|(a, b)| a * b).sum::<f64>());
    let filtered: Vec<f64> = filtered.take(seconds * RATE).collect();
    let rms = (filtered.iter().map(|v| v * v).sum::<f64>() / filtered.len() as f64).sqrt();
    filtered.iter().map(|v| (v / rms * 5000.0).clamp(-30_000.0, 30_000.0) as i16).collect()
}

/// A windowed-sinc band pass.
fn band(low: f64, high: f64, taps: usize) -> Vec<f64> {
    let middle = (taps / 2) as f64;
    let sinc = |cut: f64, t: f64| {
        let w = 2.0 * cut / RATE as f64;
        if t == 0.0 { w } else { (std::f64::consts::PI * w * t).sin() / (std::f64::consts::PI * t) }
    };
    let window = |i: usize| 0.54 - 0.46 * (2.0 * std::f64::consts::PI * i as f64 / (taps - 1) as f64).cos();
    (0..taps).map(|i| (sinc(high, i as f64 - middle) - sinc(low, i as f64 - middle)) * window(i)).collect()
}

pub fn write(path: &Path, samples: &[i16]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE as u32,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, spec).expect("a WAV file");
    for sample in samples {
        file.write_sample(*sample).expect("a sample");
    }
    file.finalize().expect("a WAV file");
}

/// One channel of a 16-bit recording, also of one whose header was never completed.
pub fn read(path: &Path, channel: usize) -> Vec<i16> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let channels = usize::from(u16::from_le_bytes([bytes[22], bytes[23]]));
    let data = bytes.windows(4).position(|w| w == b"data").expect("a data chunk") + 8;
    let samples: Vec<i16> = bytes[data..].chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    samples.chunks_exact(channels).map(|frame| frame[channel]).collect()
}

/// Where a second of `sent` stands in `heard`, and how alike it is there (1 = the same).
pub struct Match {
    pub alike: f64,
    /// Samples from the start of `heard`.
    pub at: usize,
}

/// Looks for one second of `sent`, from `second` on, anywhere in `heard`.
pub fn find(sent: &[i16], second: f64, heard: &[i16]) -> Match {
    let from = (second * RATE as f64) as usize;
    let pattern = &sent[from..from + RATE];
    let coarse = best(&thin(pattern), &thin(heard), 0, usize::MAX);
    let near = coarse.at * STEP;
    let fine = best(&whole(pattern), &whole(heard), near.saturating_sub(2 * STEP), near + 2 * STEP);
    if fine.alike > coarse.alike { fine } else { Match { at: near, ..coarse } }
}

/// The root mean square over all of it.
pub fn loudness(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    (samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
}

fn thin(samples: &[i16]) -> Vec<f32> {
    samples.iter().step_by(STEP).map(|s| f32::from(*s)).collect()
}

fn whole(samples: &[i16]) -> Vec<f32> {
    samples.iter().map(|s| f32::from(*s)).collect()
}

fn best(pattern: &[f32], heard: &[f32], from: usize, to: usize) -> Match {
    let mut found = Match { alike: 0.0, at: 0 };
    if heard.len() < pattern.len() {
        return found;
    }
    let own = pattern.iter().map(|v| v * v).sum::<f32>().sqrt();
    for at in from..(heard.len() - pattern.len() + 1).min(to) {
        let there = &heard[at..at + pattern.len()];
        let (mut product, mut energy) = (0.0, 0.0);
        for (a, b) in pattern.iter().zip(there) {
            product += a * b;
            energy += b * b;
        }
        let alike = f64::from(product / (own * energy.sqrt()).max(1.0));
        if alike > found.alike {
            found = Match { alike, at };
        }
    }
    found
}

#[test]
fn a_sound_is_found_where_it_is_and_nowhere_else() {
    let (sent, other) = (noise(4), noise(4));
    let mut heard = vec![0; 1234];
    heard.extend(sent.iter().map(|s| s / 2));
    let found = find(&sent, 1.0, &heard);
    assert!(found.alike > 0.99, "{}", found.alike);
    assert_eq!(found.at, 1234 + RATE);
    assert!(find(&other, 1.0, &heard).alike < 0.5);
}
