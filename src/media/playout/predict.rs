//! Linear prediction: how sound goes on if nothing new is said. Its resonances, and with enough coefficients its pitch, are taken
//! from the last of it by Burg's method, which never finds one that grows.

/// Coefficients for each millisecond: more than the longest usual pitch period.
const ORDER_PER_MS: usize = 16;

/// Of the samples that are known, so many eighths at the most: of fewer unknowns more is known.
const ORDER_EIGHTHS: usize = 5;

/// Enough for 16 ms of the wide band. Beyond, the costs grow, and hardly anything is heard.
const MOST_ORDER: usize = 256;

/// A resonance that loses less would ring for ever.
const MOST_REFLECTION: f64 = 0.9999;

/// So many samples that follow `sound`, where a millisecond has `per_ms`. The later a sample, the more it tells of what follows: it is
/// weighed by its place to the power of `lateness`.
pub(super) fn go_on(sound: &[f64], per_ms: usize, samples: usize, lateness: i32) -> Vec<f64> {
    let order = (ORDER_PER_MS * per_ms).min(sound.len() * ORDER_EIGHTHS / 8).min(MOST_ORDER);
    let coefficients = coefficients(sound, order, lateness);
    let mut all = sound.to_vec();
    for _ in 0..samples {
        let known = all.iter().rev().zip(&coefficients);
        all.push(known.map(|(sample, coefficient)| sample * coefficient).sum());
    }
    all.split_off(sound.len())
}

/// What each sample before, the nearest first, gives the next one.
fn coefficients(sound: &[f64], order: usize, lateness: i32) -> Vec<f64> {
    let Some(steps) = sound.len().checked_sub(1) else { return Vec::new() };
    let weights: Vec<f64> =
        (0..sound.len()).map(|n| ((n + 1) as f64 / sound.len() as f64).powi(lateness)).collect();
    // What is left when each sample is predicted from those before, and from those after it.
    let (mut forward, mut backward) = (sound[1..].to_vec(), sound[..steps].to_vec()); // `steps` is one less
    let mut found: Vec<f64> = Vec::with_capacity(order);
    for stage in 0..order.min(steps) {
        let (mut both, mut power) = (0.0, 0.0);
        for ((f, b), weight) in forward.iter().zip(&backward).zip(weights.iter().skip(stage + 1)) {
            both += weight * f * b;
            power += weight * (f * f + b * b);
        }
        if power < 1.0 {
            break;
        }
        let reflection = (2.0 * both / power).clamp(-MOST_REFLECTION, MOST_REFLECTION);
        let mirrored: Vec<f64> = found.iter().rev().map(|coefficient| coefficient * reflection).collect();
        found.iter_mut().zip(mirrored).for_each(|(coefficient, less)| *coefficient -= less);
        found.push(reflection);
        // The one moves on by a sample beside the other.
        for n in 0..forward.len() {
            let (f, b) = (forward[n], backward[n]); // as long as each other
            backward[n] = b - reflection * f;
            if let Some(before) = n.checked_sub(1) {
                forward[before] = f - reflection * b;
            }
        }
        forward.pop();
        backward.pop();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tones(hz: &[f64], from: usize, samples: usize) -> Vec<f64> {
        let sample = |n: usize| {
            hz.iter().map(|hz| (n as f64 * hz * std::f64::consts::TAU / 8_000.0).sin() * 3_000.0).sum()
        };
        (from..from + samples).map(sample).collect()
    }

    #[test]
    fn a_chord_goes_on_where_it_was() {
        let hz = [210.0, 420.0, 1_300.0];
        let (heard, meant) = (go_on(&tones(&hz, 0, 320), 8, 160, 2), tones(&hz, 320, 160));
        let of = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let alike = of(&heard, &meant) / (of(&heard, &heard) * of(&meant, &meant)).sqrt();
        assert!(alike > 0.97, "{alike}");
        assert!((0.7..1.3).contains(&(of(&heard, &heard) / of(&meant, &meant))), "as loud");
    }

    #[test]
    fn nothing_grows_whatever_it_was() {
        let mut random = 1_u32;
        let mut sounds: Vec<Vec<f64>> = (0..20)
            .map(|n| {
                (0..n * 20)
                    .map(|_| {
                        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        f64::from((random >> 16) as i16)
                    })
                    .collect()
            })
            .collect();
        sounds.extend([vec![32_767.0; 320], vec![0.0; 320], tones(&[100.0], 0, 320)]);
        for sound in sounds {
            let most = sound.iter().fold(0.0_f64, |most, sample| most.max(sample.abs()));
            let heard = go_on(&sound, 8, 400, 4);
            assert_eq!(heard.len(), 400);
            assert!(heard.iter().all(|sample| sample.abs() <= 2.0 * most), "{} samples", sound.len());
        }
    }
}
