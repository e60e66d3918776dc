//! Sound made shorter or longer by one pitch period, at its pitch (WSOLA: waveform similarity overlap-add).

use super::super::Rate;

/// A pitch period: 400 Hz to 66 Hz.
const LEAST_LAG_TENTHS: usize = 25;
const MOST_LAG_MS: usize = 15;

/// Stretch of sound that is compared.
const WINDOW_MS: usize = 10;

/// Sound that [`shorten`] needs ahead, and [`lengthen`] before.
pub(super) const NEEDED_MS: usize = MOST_LAG_MS + WINDOW_MS;

/// Takes up to `most` samples, a whole period of it, out of the sound at `at`. How many that were: 0 where nothing fits as
/// well as `likeness` (1: the same, -1: anything does).
pub(super) fn shorten(sound: &mut Vec<i16>, at: usize, rate: Rate, most: usize, likeness: f32) -> usize {
    let Some(ahead) = sound.get(at..) else { return 0 };
    let Some((lag, like)) = best_lag(ahead, 0, rate, most, Side::Later) else { return 0 };
    if like < likeness {
        return 0;
    }
    let (early, late) = ahead.split_at(lag); // `best_lag` looked at more
    let blended = crossfade(early, late);
    // As much of the later sound as was blended, and the period before it.
    sound.splice(at..at + lag + blended.len(), blended);
    lag
}

/// Puts one period of up to `most` samples in before `at`; otherwise as [`shorten`].
pub(super) fn lengthen(sound: &mut Vec<i16>, at: usize, rate: Rate, most: usize, likeness: f32) -> usize {
    let Some((lag, like)) = best_lag(sound, at, rate, most, Side::Earlier) else { return 0 };
    if like < likeness {
        return 0;
    }
    // `best_lag` looked at both.
    let blended = crossfade(&sound[at..at + lag], &sound[at - lag..at]);
    sound.splice(at..at, blended);
    lag
}

enum Side {
    Earlier,
    Later,
}

/// The shift under which the sound at `at` is most like what comes `Side` of it, and how like.
fn best_lag(sound: &[i16], at: usize, rate: Rate, most: usize, side: Side) -> Option<(usize, f32)> {
    let window = WINDOW_MS * rate.per_ms();
    let shortest = LEAST_LAG_TENTHS * rate.per_ms() / 10;
    let longest = (MOST_LAG_MS * rate.per_ms()).min(most);
    // Searched at 8 kHz, then refined.
    let step = rate.per_ms() / Rate::Narrow.per_ms();
    let here = sound.get(at..at + window)?;
    let like = |lag: usize, step: usize| {
        let from = match side {
            // A whole period on both sides.
            Side::Earlier => sound.get(at..at + lag).and(at.checked_sub(lag))?,
            Side::Later => at + lag,
        };
        Some((lag, correlation(here, sound.get(from..from + window)?, step)))
    };
    let better = |a: &(usize, f32), b: &(usize, f32)| a.1.total_cmp(&b.1);
    let coarse = (shortest..=longest).step_by(step).filter_map(|lag| like(lag, step)).max_by(better)?;
    if step == 1 {
        return Some(coarse);
    }
    let from = coarse.0.saturating_sub(step - 1).max(shortest);
    (from..=(coarse.0 + step - 1).min(longest)).filter_map(|lag| like(lag, 1)).max_by(better)
}

/// From the one to the other, as long as the shorter.
pub(super) fn crossfade(from: &[i16], to: &[i16]) -> Vec<i16> {
    let length = from.len().min(to.len()).max(1) as f32;
    let mix = |(n, (from, to)): (usize, (&i16, &i16))| {
        let part = (n as f32 + 0.5) / length;
        // Between two samples.
        (f32::from(*from) * (1.0 - part) + f32::from(*to) * part) as i16
    };
    from.iter().zip(to).enumerate().map(mix).collect()
}

/// How alike two stretches are by every `step`th sample, from -1 to 1; 0 for silence.
pub(super) fn correlation(a: &[i16], b: &[i16], step: usize) -> f32 {
    let (mut both, mut of_a, mut of_b) = (0.0_f32, 0.0_f32, 0.0_f32);
    for (a, b) in a.iter().zip(b).step_by(step.max(1)) {
        let (a, b) = (f32::from(*a), f32::from(*b));
        both += a * b;
        of_a += a * a;
        of_b += b * b;
    }
    let energy = of_a * of_b;
    if energy > 0.0 { both / energy.sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: [Rate; 3] = [Rate::Narrow, Rate::Wide, Rate::Full];

    fn tone(rate: Rate, hz: f32, ms: usize) -> Vec<i16> {
        let step = hz * std::f32::consts::TAU / rate.hz() as f32;
        (0..ms * rate.per_ms()).map(|n| ((n as f32 * step).sin() * 8_000.0) as i16).collect()
    }

    /// Upward zero crossings.
    fn waves(sound: &[i16]) -> usize {
        sound.windows(2).filter(|w| w[0] < 0 && w[1] >= 0).count()
    }

    fn largest_step(sound: &[i16]) -> i32 {
        sound.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).max().unwrap()
    }

    #[test]
    fn a_tone_keeps_its_pitch_and_has_no_seam_at_any_rate() {
        for rate in RATES {
            for hz in [100.0, 150.0, 233.0, 400.0] {
                let (at, most) = (30 * rate.per_ms(), 15 * rate.per_ms());
                let whole = tone(rate, hz, 80);
                let mut sound = whole.clone();
                let less = shorten(&mut sound, at, rate, most, 0.95);
                assert!(less > 0, "{rate:?} {hz}");
                assert_eq!(sound.len() + less, whole.len());
                let mut longer = whole.clone();
                let more = lengthen(&mut longer, at, rate, most, 0.95);
                assert_eq!(longer.len(), whole.len() + more);
                for (changed, by) in [(&sound, -(less as f32)), (&longer, more as f32)] {
                    let expected = waves(&whole) as f32 + by * hz / rate.hz() as f32;
                    assert!((waves(changed) as f32 - expected).abs() <= 1.0, "{rate:?} {hz}");
                    assert!(largest_step(changed) <= largest_step(&whole) * 3 / 2, "{rate:?} {hz}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_changed_where_nothing_fits_or_too_little_is_there() {
        let rate = Rate::Narrow;
        let mut random = 1_u32;
        let mut noise: Vec<i16> = (0..800)
            .map(|_| {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (random >> 16) as i16
            })
            .collect();
        assert_eq!(shorten(&mut noise, 200, rate, 120, 0.8), 0);
        assert_eq!(lengthen(&mut noise, 200, rate, 120, 0.8), 0);
        assert_eq!(noise.len(), 800);
        assert_ne!(shorten(&mut noise, 200, rate, 120, -1.0), 0, "unless anything does");
        for length in 0..60 {
            let mut little = tone(rate, 200.0, 100)[..length].to_vec();
            shorten(&mut little, 0, rate, 120, 0.5);
            lengthen(&mut little, length / 2, rate, 120, 0.5);
        }
    }
}
