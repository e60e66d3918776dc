//! What the ringer plays: a bell of two tones, a knock for the operator who talks already, or a country's own tones.

use super::ring::DEVICE_RATE_HZ;
use crate::audio::wish::Ring;
use crate::media::{Player, Rate};

const TONES_HZ: [u32; 2] = [784, 988];
const LOUDNESS: f32 = 0.25;
/// A bell every four seconds.
const CYCLE: u32 = 4 * DEVICE_RATE_HZ;
const BELL: u32 = DEVICE_RATE_HZ;
const KNOCK: u32 = DEVICE_RATE_HZ / 5;
/// The two tones change so often.
const WARBLE: u32 = DEVICE_RATE_HZ / 20;
/// Up and down at each end of a bell, so that it does not click.
const RAMP: u32 = DEVICE_RATE_HZ / 100;

/// Samples at the device's rate, for as long as they are taken.
#[derive(Debug)]
pub(super) enum Bell {
    Own(Warble),
    Country(Player),
}

impl Bell {
    pub const fn new(ring: Ring) -> Self {
        match ring {
            Ring::Bell => Self::Own(Warble::new(BELL)),
            Ring::Knock => Self::Own(Warble::new(KNOCK)),
            Ring::Cadence(cadence) => Self::Country(Player::new(cadence, Rate::Full)),
        }
    }

    pub fn next_sample(&mut self) -> f32 {
        match self {
            Self::Own(warble) => warble.next_sample(),
            Self::Country(player) => player.next_sample(),
        }
    }
}

/// Two tones in turn at the beginning of each cycle.
#[derive(Debug)]
pub(super) struct Warble {
    length: u32,
    at: u32,
    /// Of the tone, from 0 to 1.
    phase: f32,
}

impl Warble {
    const fn new(length: u32) -> Self {
        Self { length, at: 0, phase: 0.0 }
    }

    fn next_sample(&mut self) -> f32 {
        let at = self.at;
        self.at = (at + 1) % CYCLE;
        if at >= self.length {
            return 0.0;
        }
        let [low, high] = TONES_HZ;
        let tone = if (at / WARBLE).is_multiple_of(2) { low } else { high };
        self.phase = (self.phase + tone as f32 / DEVICE_RATE_HZ as f32).fract();
        let edge = at.min(self.length - at).min(RAMP) as f32 / RAMP as f32;
        LOUDNESS * edge * (std::f32::consts::TAU * self.phase).sin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of ten milliseconds in which something is heard, of two cycles.
    fn heard(mut bell: Bell) -> Vec<usize> {
        let part = DEVICE_RATE_HZ as usize / 100;
        let samples: Vec<f32> = (0..2 * CYCLE).map(|_| bell.next_sample()).collect();
        assert!(samples.iter().all(|sample| sample.abs() <= LOUDNESS));
        let steps = samples.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        assert!(steps.fold(0.0, f32::max) < 0.05, "no clicks");
        let parts = samples.chunks(part).map(|part| part.iter().any(|sample| sample.abs() > LOUDNESS / 10.0));
        parts.enumerate().filter(|(_, heard)| *heard).map(|(at, _)| at).collect()
    }

    #[test]
    fn it_rings_for_a_second_out_of_four() {
        let wanted: Vec<usize> = (0..100).chain(400..500).collect();
        assert_eq!(heard(Bell::new(Ring::Bell)), wanted);
    }

    #[test]
    fn whoever_talks_hears_a_knock() {
        let wanted: Vec<usize> = (0..20).chain(400..420).collect();
        assert_eq!(heard(Bell::new(Ring::Knock)), wanted);
    }
}
