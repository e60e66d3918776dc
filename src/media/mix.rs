//! A conference: voices added, and carried from one line to the other.

use super::{Converter, Frame, Rate};
use std::collections::VecDeque;

/// Up to here, 2.5 dB below full scale, a sum is what it is; above, it bends towards full scale and never reaches beyond.
const KNEE: i32 = 24_576;
const ROOM: i32 = i16::MAX as i32 - KNEE;

/// Frames that a [`Relay`] holds at most: 100 ms.
const MOST: usize = 5;

/// So many frames in a row, ten seconds, something was left in a [`Relay`]: it is not needed there.
const PATIENCE: u32 = 500;

/// Two voices, each at its own rate, added.
#[derive(Default)]
pub struct Mixer {
    one: Converter,
    other: Converter,
}

impl Mixer {
    /// Both voices at this rate, each as loud as it is alone. With silence beside it a voice that has the rate stays as it
    /// is, to the bit.
    pub fn mix(&mut self, rate: Rate, one: &Frame, other: &Frame) -> Frame {
        mix(&self.one.convert_to(rate, one), &self.other.convert_to(rate, other))
    }

    /// At the higher of their rates.
    pub fn mix_all(&mut self, one: &Frame, other: &Frame) -> Frame {
        self.mix(one.rate().max(other.rate()), one, other)
    }
}

/// Of one rate.
fn mix(one: &Frame, other: &Frame) -> Frame {
    if other.is_silent() {
        return *one;
    }
    if one.is_silent() {
        return *other;
    }
    let mut both = *one;
    for (sample, beside) in both.iter_mut().zip(other.iter()) {
        *sample = limited(i32::from(*sample) + i32::from(*beside));
    }
    both
}

fn limited(sum: i32) -> i16 {
    let over = (sum.abs() - KNEE).max(0);
    let bent = (sum.abs() - over + ROOM * over / (ROOM + over)) * sum.signum();
    bent as i16 // ROOM is more than any part of it
}

/// Carries a line's frames to another one, whose ticks come at the same pace at other moments. Holds a frame more after
/// it once ran empty, drops one that lay there unneeded for ten seconds, and the oldest when there are more than
/// five. So it delays by less than 20 ms where ticks are on time, and never by more than 100.
#[derive(Default)]
pub struct Relay {
    frames: VecDeque<Frame>,
    /// Of the last one put.
    rate: Rate,
    /// How often in a row something was left.
    left: u32,
}

impl Relay {
    pub fn put(&mut self, frame: Frame) {
        if self.frames.len() == MOST {
            self.frames.pop_front();
        }
        self.rate = frame.rate();
        self.frames.push_back(frame);
    }

    /// The next frame; silence of the same rate where there is none.
    pub fn take(&mut self) -> Frame {
        let frame = self.frames.pop_front().unwrap_or(Frame::silence(self.rate));
        self.left = if self.frames.is_empty() { 0 } else { self.left + 1 };
        if self.left == PATIENCE {
            self.left = 0;
            self.frames.pop_front();
        }
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(sample: i16) -> Frame {
        Frame::from_fn(Rate::Narrow, |_| sample)
    }

    #[test]
    fn two_voices_are_added_and_never_wrap_around() {
        for (one, other, sum) in [
            (0, 0, 0),
            (1_000, 0, 1_000),
            (0, -1_000, -1_000),
            (i16::MIN, 0, i16::MIN),
            (1_000, 2_000, 3_000),
            (20_000, -20_000, 0),
            (12_000, 12_576, 24_576),
            (i16::MAX, i16::MAX, 31_401),
            (i16::MIN, i16::MIN, -31_401),
            (i16::MAX, i16::MIN, -1),
        ] {
            assert_eq!(mix(&level(one), &level(other)), level(sum), "{one} and {other}");
            assert_eq!(mix(&level(other), &level(one)), level(sum), "{other} and {one}");
        }
    }

    #[test]
    fn what_is_louder_stays_louder() {
        let sums: Vec<i16> = (0..=2 * i32::from(i16::MAX)).map(limited).collect();
        assert!(sums.is_sorted(), "no step down at the knee or above");
    }

    /// What comes out of a relay that this is done to; a number is the frame that is put.
    fn taken(relay: &mut Relay, steps: &[Option<i16>]) -> Vec<i16> {
        let taken = steps.iter().filter_map(|step| match step {
            Some(number) => {
                relay.put(level(*number));
                None
            }
            None => Some(relay.take()[0]),
        });
        taken.collect()
    }

    #[test]
    fn ticks_that_overtake_each_other_cost_one_frame_of_silence_once() {
        let mut relay = Relay::default();
        let (put, take) = (Some, None);
        let first =
            taken(&mut relay, &[put(1), take, take, put(2), put(3), take, take, put(4), put(5), take]);
        assert_eq!(first, [1, 0, 2, 3, 4], "where it ran empty, a frame more is held from then on");
    }

    #[test]
    fn a_burst_of_a_hundred_milliseconds_is_carried_whole_and_more_is_not_kept() {
        let mut relay = Relay::default();
        let burst = |frames: i16| (1..=frames).map(Some).chain([None; 8]).collect::<Vec<_>>();
        assert_eq!(taken(&mut relay, &burst(5)), [1, 2, 3, 4, 5, 0, 0, 0]);
        assert_eq!(taken(&mut relay, &burst(7)), [3, 4, 5, 6, 7, 0, 0, 0]);
    }

    #[test]
    fn a_delay_that_nobody_needs_any_more_goes() {
        let mut relay = Relay::default();
        (0..3).for_each(|_| relay.put(level(1)));
        let ticks_until_empty = (1..).find(|_| {
            relay.put(level(1));
            relay.take();
            relay.frames.is_empty()
        });
        assert_eq!(ticks_until_empty, Some(3 * PATIENCE as usize));
    }

    #[test]
    fn voices_of_different_rates_are_heard_together_at_the_higher_one() {
        let tone = |rate: Rate, hz: f32| {
            let step = std::f32::consts::TAU * hz / rate.hz() as f32;
            // Whole periods in 20 ms.
            Frame::from_fn(rate, |n| (8_000.0 * (step * n as f32).sin()) as i16)
        };
        let mut mixer = Mixer::default();
        let (low, high) = (tone(Rate::Narrow, 400.0), tone(Rate::Full, 12_000.0));
        let heard = (0..3).map(|_| mixer.mix_all(&low, &high)).last().unwrap();
        assert_eq!(heard.rate(), Rate::Full);
        let strength = |hz: f32| {
            let step = std::f32::consts::TAU * hz / Rate::Full.hz() as f32;
            let turn = |n: usize| (step * n as f32).sin_cos();
            let (sine, cosine) = heard.iter().enumerate().fold((0.0, 0.0), |(sine, cosine), (n, sample)| {
                let (s, c) = turn(n);
                (sine + s * f32::from(*sample), cosine + c * f32::from(*sample))
            });
            2.0 * sine.hypot(cosine) / heard.len() as f32
        };
        for hz in [400.0, 12_000.0] {
            assert!((7_800.0..8_200.0).contains(&strength(hz)), "{hz} Hz: {}", strength(hz));
        }
        assert!(strength(7_600.0) < 50.0, "no image: {}", strength(7_600.0));
    }

    #[test]
    fn a_relay_that_ran_empty_is_silent_at_the_rate_of_what_it_carried() {
        let mut relay = Relay::default();
        relay.put(Frame::silence(Rate::Full));
        relay.take();
        assert_eq!(relay.take(), Frame::silence(Rate::Full));
    }
}
