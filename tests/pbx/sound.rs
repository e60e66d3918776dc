//! Sounds that nobody can have recorded before, and how alike two recordings are.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::path::Path;

pub const RATE: usize = 8000;
/// Likely places are looked for at a quarter of the rate: the sounds have nothing above 800 Hz.
const STEP: usize = 4;

/// Noise between 200 and 800 Hz, different in each run.
pub fn noise(seconds: usize) -> Vec<i16> {
    noise_within(&band(200.0, 800.0, 65), seconds, 5000.0)
}

/// Noise of this band and loudness, different in each run.
pub fn noise_within(band: &[f64], seconds: usize, loudness: f64) -> Vec<i16> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).expect("randomness");
    let mut rng = ChaCha20Rng::from_seed(seed);
    let white: Vec<f64> = (0..seconds * RATE + band.len() - 1)
        .map(|_| f64::from(rng.next_u32()) / f64::from(u32::MAX) - 0.5)
        .collect();
    let filtered = through(band, &white);
    let rms = (filtered.iter().map(|v| v * v).sum::<f64>() / filtered.len() as f64).sqrt();
    filtered.iter().map(|v| (v / rms * loudness).clamp(-30_000.0, 30_000.0) as i16).collect()
}

/// What of a sound is within a band.
pub fn within(band: &[f64], samples: &[i16]) -> Vec<i16> {
    let samples: Vec<f64> = samples.iter().map(|sample| f64::from(*sample)).collect();
    through(band, &samples).into_iter().map(|sample| sample as i16).collect()
}

fn through(band: &[f64], samples: &[f64]) -> Vec<f64> {
    samples.windows(band.len()).map(|w| w.iter().zip(band).map(|(a, b)| a * b).sum()).collect()
}

/// A windowed-sinc band pass.
pub fn band(low: f64, high: f64, taps: usize) -> Vec<f64> {
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

/// How alike two sounds have to be to be the same one.
pub const ALIKE: f64 = 0.95;
/// Pieces are short, so that each place where the playout moved the sound, as it does when a busy machine delays
/// packets, spoils one of many.
const PIECE: usize = RATE / 5;

/// Whether what one side said is what the other heard: half a second of it in one piece, and nearly all of it in short ones.
///
/// # Panics
/// Says which of the two is missing, and by how much.
pub fn must_be_heard(what: &str, voice: &[i16], from: f64, to: f64, heard: &[i16]) {
    let coarse = thin(heard);
    let mut whole = 0.0_f64;
    let mut at = from;
    while at + 0.5 <= to && whole < ALIKE {
        let start = (at * RATE as f64) as usize;
        whole = whole.max(alike(&voice[start..start + RATE / 2], &coarse, heard));
        at += 0.25;
    }
    let share = share(voice, from, to, heard);
    assert!(whole >= ALIKE && share >= MOST, "{what}: best half-second {whole:.3}, {share:.2} of the pieces");
}

/// So much of a voice has to arrive; a busy machine may spoil a piece here and there.
const MOST: f64 = 0.8;

/// The share of the pieces of `voice` from one second to another that stand somewhere in `heard`.
fn share(voice: &[i16], from: f64, to: f64, heard: &[i16]) -> f64 {
    let coarse = thin(heard);
    let starts: Vec<usize> = ((from * RATE as f64) as usize..)
        .step_by(PIECE)
        .take_while(|s| s + PIECE <= (to * RATE as f64) as usize)
        .collect();
    let found = starts.iter().filter(|start| alike(&voice[**start..][..PIECE], &coarse, heard) >= ALIKE);
    found.count() as f64 / starts.len() as f64
}

/// How alike the best half-second of the first twelve seconds of `voice` is to some place in `heard`.
pub fn best(voice: &[i16], heard: &[i16]) -> f64 {
    let coarse = thin(heard);
    let pieces = voice[..voice.len().min(12 * RATE)].chunks_exact(RATE / 2);
    let mut best = 0.0_f64;
    for piece in pieces {
        best = best.max(alike(piece, &coarse, heard));
        if best >= ALIKE {
            break;
        }
    }
    best
}

/// Where in `voice`, at the second `from` or within so many behind it, the first tenth of a second begins that stands
/// somewhere in `heard`.
pub fn heard_again(voice: &[i16], from: f64, within: f64, heard: &[i16]) -> Option<f64> {
    let coarse = thin(heard);
    let first = (from * RATE as f64).round() as usize;
    let mut starts = (first..=first + (within * RATE as f64) as usize).step_by(RATE / 50);
    let found = starts.find(|start| alike(&voice[*start..][..RATE / 10], &coarse, heard) >= ALIKE)?;
    Some(found as f64 / RATE as f64)
}

/// The root mean square over all of it.
pub fn loudness(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    (samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
}

/// How alike (1 = the same) a piece is to the place in `heard` where it fits best. The first tenth of a second
/// names the likely places; these are compared in whole, at the full rate.
fn alike(piece: &[i16], coarse: &[f32], heard: &[i16]) -> f64 {
    let probe = &thin(piece)[..RATE / STEP / 10];
    let places = (coarse.len() + 1).saturating_sub(piece.len().div_ceil(STEP));
    let mut likely: Vec<(f64, usize)> =
        (0..places).map(|at| (correlation(probe, &coarse[at..at + probe.len()]), at)).collect();
    likely.sort_by(|a, b| b.0.total_cmp(&a.0));
    let piece = whole(piece);
    let heard = whole(heard);
    let mut best = 0.0_f64;
    for (_, at) in likely.into_iter().take(3) {
        let near = (at * STEP).saturating_sub(STEP)..=at * STEP + STEP;
        for at in near.filter(|at| at + piece.len() <= heard.len()) {
            best = best.max(correlation(&piece, &heard[at..at + piece.len()]));
        }
    }
    best
}

fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let (mut product, mut first, mut second) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        product += x * y;
        first += x * x;
        second += y * y;
    }
    f64::from(product / (first * second).sqrt().max(1.0))
}

fn thin(samples: &[i16]) -> Vec<f32> {
    samples.iter().step_by(STEP).map(|s| f32::from(*s)).collect()
}

fn whole(samples: &[i16]) -> Vec<f32> {
    samples.iter().map(|s| f32::from(*s)).collect()
}

#[test]
fn a_sound_is_found_where_it_is_and_nowhere_else() {
    let (voice, other) = (noise(6), noise(6));
    let mut heard = vec![0; 1235];
    heard.extend(voice[..4 * RATE].iter().map(|s| s / 2));
    assert!(share(&voice, 0.5, 3.5, &heard) > 0.99);
    let half = share(&voice, 2.0, 6.0, &heard);
    assert!((0.45..0.55).contains(&half), "{half}");
    assert!(best(&voice, &heard) > 0.99);
    assert!(best(&other, &heard) < 0.7, "{}", best(&other, &heard));
}

#[test]
fn a_voice_is_heard_again_where_it_comes_back() {
    let voice = noise(5);
    let heard = [&voice[..2 * RATE], &noise(1), &voice[3 * RATE..]].concat();
    assert_eq!(heard_again(&voice, 1.0, 1.0, &heard), Some(1.0));
    assert_eq!(heard_again(&voice, 2.0, 2.0, &heard), Some(3.0));
    assert_eq!(heard_again(&voice, 2.0, 0.5, &heard), None);
}
