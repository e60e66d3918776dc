//! The unit of sound: 20 ms, at one of three rates.

mod convert;

pub use convert::Converter;

use std::ops::{Deref, DerefMut};

/// Of a frame.
const FRAME_MS: usize = 20;

/// Samples in the longest frame.
const MOST_SAMPLES: usize = Rate::Full.frame_samples();

/// Samples a second.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub enum Rate {
    /// 8 kHz: the telephone's band.
    #[default]
    Narrow,
    /// 16 kHz.
    Wide,
    /// 48 kHz: all that is heard.
    Full,
}

impl Rate {
    /// In ascending order.
    pub const ALL: [Self; 3] = [Self::Narrow, Self::Wide, Self::Full];

    pub const fn hz(self) -> u32 {
        match self {
            Self::Narrow => 8_000,
            Self::Wide => 16_000,
            Self::Full => 48_000,
        }
    }

    /// Samples in a millisecond.
    pub const fn per_ms(self) -> usize {
        self.hz() as usize / 1_000
    }

    /// Samples in a [`Frame`].
    pub const fn frame_samples(self) -> usize {
        FRAME_MS * self.per_ms()
    }
}

/// 20 ms of mono sound, 16 bit linear, at its rate: what devices, files and streams exchange.
#[derive(Clone, Copy)]
pub struct Frame {
    rate: Rate,
    /// Those behind the frame's own are never seen.
    samples: [i16; MOST_SAMPLES],
}

impl Frame {
    pub const fn silence(rate: Rate) -> Self {
        Self { rate, samples: [0; MOST_SAMPLES] }
    }

    /// Each sample by its place.
    pub fn from_fn(rate: Rate, f: impl FnMut(usize) -> i16) -> Self {
        let mut frame = Self::silence(rate);
        for (sample, value) in frame.iter_mut().zip((0..).map(f)) {
            *sample = value;
        }
        frame
    }

    /// The first of these samples; silence where there are none.
    pub fn new(rate: Rate, samples: &[i16]) -> Self {
        let mut frame = Self::silence(rate);
        for (sample, value) in frame.iter_mut().zip(samples) {
            *sample = *value;
        }
        frame
    }

    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// Digital silence, every sample.
    pub fn is_silent(&self) -> bool {
        self.iter().all(|sample| *sample == 0)
    }
}

impl Deref for Frame {
    type Target = [i16];

    fn deref(&self) -> &[i16] {
        // No frame is longer than the longest.
        &self.samples[..self.rate.frame_samples()]
    }
}

impl DerefMut for Frame {
    fn deref_mut(&mut self) -> &mut [i16] {
        // As above.
        &mut self.samples[..self.rate.frame_samples()]
    }
}

impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        self.rate == other.rate && **self == **other
    }
}

impl Eq for Frame {}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frame").field("rate", &self.rate).field("samples", &&**self).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_twenty_milliseconds_at_any_rate() {
        for (rate, samples) in [(Rate::Narrow, 160), (Rate::Wide, 320), (Rate::Full, 960)] {
            assert_eq!((Frame::silence(rate).len(), rate.hz() as usize), (samples, samples * 50));
            assert!(Frame::silence(rate).is_silent());
            let counted = Frame::from_fn(rate, |n| n as i16);
            assert_eq!((counted[0], counted.last()), (0, Some(&(samples as i16 - 1))));
        }
    }

    #[test]
    fn samples_that_are_too_few_leave_silence_and_those_too_many_are_cut() {
        let few = Frame::new(Rate::Narrow, &[7; 100]);
        assert_eq!((few[99], few[100], few.is_silent()), (7, 0, false));
        assert_eq!(Frame::new(Rate::Narrow, &[7; 1_000]), Frame::from_fn(Rate::Narrow, |_| 7));
    }

    #[test]
    fn frames_are_the_same_by_what_is_heard_of_them() {
        assert_ne!(Frame::silence(Rate::Narrow), Frame::silence(Rate::Wide));
        let mut wide = Frame::from_fn(Rate::Wide, |_| 7);
        wide.rate = Rate::Narrow;
        assert_eq!(wide, Frame::from_fn(Rate::Narrow, |_| 7), "what lies behind its end is no part of it");
    }
}
