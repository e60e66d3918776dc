//! Comfort noise (RFC 3389): what is heard while the other party is silent and sends nothing.

use std::collections::VecDeque;

/// RFC 3389 leaves the order open; more than this is no noise of a room.
const MOST_ORDER: usize = 24;

/// Where nothing is known: -70 dBov, a quiet room.
const QUIET: u8 = 70;

pub(super) struct Noise {
    /// Of the white noise that is shaped, as an amplitude.
    gain: f32,
    reflection: Vec<f32>,
    /// Backward errors of the lattice.
    state: VecDeque<f32>,
    random: u32,
}

impl Noise {
    pub fn new() -> Self {
        // Any seed but 0: noise needs no surprise.
        let mut noise =
            Self { gain: 0.0, reflection: Vec::new(), state: VecDeque::new(), random: 0x1234_5678 };
        noise.describe(&[QUIET]);
        noise
    }

    /// Level in -dBov, then reflection coefficients, if any (RFC 3389 §3).
    pub fn describe(&mut self, payload: &[u8]) {
        let Some((level, coefficients)) = payload.split_first() else { return };
        self.reflection = coefficients
            .iter()
            .take(MOST_ORDER)
            .map(|index| (258.0 * (f32::from(*index) - 127.0) / 32_768.0).clamp(-0.99, 0.99))
            .collect();
        self.state.resize(self.reflection.len(), 0.0);
        let level = 32_767.0 * 10_f32.powf(f32::from(level & 0x7f) / -20.0);
        // What the filter adds in power is taken off before it; uniform noise of amplitude 1 has an RMS of 1/√3.
        let added: f32 = self.reflection.iter().map(|k| 1.0 - k * k).product();
        self.gain = level * added.sqrt() * 3_f32.sqrt();
    }

    pub fn next(&mut self) -> i16 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        let white = (self.random >> 8) as f32 / (1 << 23) as f32 - 1.0;
        let mut forward = white * self.gain;
        // All-pole lattice, last stage first: each gives the next its backward error.
        let mut backward_of_next = None;
        for (k, state) in self.reflection.iter().zip(&mut self.state).rev() {
            let delayed = *state;
            forward -= k * delayed;
            let backward = delayed + k * forward;
            if let Some(next) = backward_of_next.replace(state) {
                *next = backward;
            }
        }
        if let Some(first) = backward_of_next {
            *first = forward;
        }
        forward.clamp(-32_768.0, 32_767.0) as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level_db(sound: &[i16]) -> f64 {
        let power = sound.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / sound.len() as f64;
        10.0 * (power / 32_767_f64.powi(2)).log10()
    }

    fn heard(payload: &[u8]) -> Vec<i16> {
        let mut noise = Noise::new();
        noise.describe(payload);
        (0..16_000).map(|_| noise.next()).collect()
    }

    #[test]
    fn noise_has_the_level_that_was_sent_whatever_its_spectrum() {
        for level in [20, 40, 60] {
            for spectrum in [&[][..], &[200], &[60, 140], &[240, 20, 160, 100]] {
                let payload = [&[level], spectrum].concat();
                let got = level_db(&heard(&payload));
                assert!((got + f64::from(level)).abs() < 1.5, "{payload:?}: {got}");
            }
        }
    }

    #[test]
    fn noise_has_the_colour_that_was_sent() {
        let same_sign = |sound: &[i16]| sound.windows(2).filter(|w| (w[0] < 0) == (w[1] < 0)).count();
        // A first coefficient below 0 is a low-pass of this lattice, one above 0 a high-pass.
        let (dark, white, bright) = (heard(&[30, 20]), heard(&[30]), heard(&[30, 234]));
        assert!(same_sign(&dark) > 11_000 && same_sign(&bright) < 5_000);
        assert!((7_500..8_500).contains(&same_sign(&white)));
    }

    #[test]
    fn any_payload_is_noise_within_bounds() {
        for byte in 0..=255 {
            let sound = heard(&[byte; 30]);
            assert!(level_db(&sound[8_000..]) <= 0.0);
        }
        assert!(heard(&[]).iter().any(|s| *s != 0));
    }
}
