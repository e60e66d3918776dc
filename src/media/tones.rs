//! Tones that a telephone makes itself: cadences, and what plays them.

use super::{FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};

/// Of all frequencies together: -12 dB below full scale.
const LOUDNESS: f32 = 0.25;
const FULL_SCALE: f32 = 32_768.0;
/// Up and down at both ends of a part, so that it does not click.
const RAMP_MS: u32 = 5;

/// Frequencies that sound together, and for how long; none is a pause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    pub hz: &'static [u32],
    pub ms: u32,
}

/// Parts one after another, from the beginning again after the last.
pub type Cadence = &'static [Part];

/// For trying an earpiece out.
pub const MELODY: Cadence = &[
    Part { hz: &[523], ms: 250 },
    Part { hz: &[659], ms: 250 },
    Part { hz: &[784], ms: 250 },
    Part { hz: &[1_047], ms: 500 },
    Part { hz: &[], ms: 750 },
];

/// Samples of a cadence, for as long as they are taken.
#[derive(Clone, Debug)]
pub struct Player {
    cadence: Cadence,
    rate_hz: u32,
    part: usize,
    /// Samples of the part that have been given.
    at: u32,
}

impl Player {
    /// From the beginning, at so many samples a second.
    pub const fn new(cadence: Cadence, rate_hz: u32) -> Self {
        Self { cadence, rate_hz, part: 0, at: 0 }
    }

    /// From -1 to 1; silence for ever where there are no parts.
    pub fn next_sample(&mut self) -> f32 {
        let Some(part) = self.cadence.get(self.part) else { return 0.0 };
        let (at, length) = (self.at, part.ms * self.rate_hz / 1_000);
        self.at += 1;
        if self.at >= length {
            (self.part, self.at) = ((self.part + 1) % self.cadence.len(), 0);
        }
        let ramp = RAMP_MS * self.rate_hz / 1_000;
        let edge = at.min(length - at).min(ramp) as f32 / ramp as f32;
        // Whole periods are left out, so that it stays exact however long the part is.
        let turn = |hz: &u32| (at * hz % self.rate_hz) as f32 / self.rate_hz as f32;
        let sum: f32 = part.hz.iter().map(|hz| (std::f32::consts::TAU * turn(hz)).sin()).sum();
        LOUDNESS * edge * sum / part.hz.len().max(1) as f32
    }

    /// The next 20 ms of a player at 8 kHz.
    pub fn next_frame(&mut self) -> Frame {
        debug_assert_eq!(self.rate_hz, SAMPLE_RATE_HZ);
        // A cast from float holds to the bounds.
        std::array::from_fn::<_, FRAME_SAMPLES, _>(|_| (self.next_sample() * FULL_SCALE) as i16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_melody_is_heard_without_clicks_and_begins_again_after_its_pause() {
        let mut player = Player::new(MELODY, SAMPLE_RATE_HZ);
        let frames: Vec<Frame> = (0..200).map(|_| player.next_frame()).collect();
        let heard = |frame: &Frame| frame.iter().any(|sample| sample.abs() > 1_000);
        let parts: Vec<bool> = frames.iter().map(heard).collect();
        assert!(parts[..62].iter().all(|heard| *heard));
        assert!(parts[63..100].iter().all(|heard| !heard));
        assert_eq!(parts[..100], parts[100..]);
        let samples: Vec<i32> = frames.iter().flatten().map(|sample| i32::from(*sample)).collect();
        // The steepest step of 1047 Hz at this loudness.
        assert!(samples.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 7_000));
        assert!(samples.iter().all(|sample| sample.abs() <= 8_192));
    }
}
