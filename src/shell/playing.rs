//! What the operator's devices play besides the voice of a call: tones of a call that is dialled, and what tries them out.

use super::meter::Meter;
use crate::audio::{Earpiece, Source};
use crate::clock::Clock;
use crate::media::{Cadence, Frame, Player, Rate};
use std::sync::Arc;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(20);
/// Half a second.
const ECHO_FRAMES: usize = 25;
/// As the devices have it: what is tried out is they, not a call.
const RATE: Rate = Rate::Full;

/// What is tried out.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum SoundTest {
    #[default]
    Off,
    /// A melody in the earpiece.
    Tone,
    /// The bell, where it rings.
    Ring,
    /// What the microphone picks up, in the earpiece half a second later.
    Echo,
}

/// What the earpiece plays.
pub(super) enum Tune {
    Tone(Player),
    Echo(Echo),
}

impl Tune {
    pub fn tone(cadence: Cadence) -> Self {
        Self::Tone(Player::new(cadence, RATE))
    }

    pub fn echo() -> Self {
        Self::Echo(Echo { past: vec![Frame::silence(RATE); ECHO_FRAMES], at: 0 })
    }

    fn next_frame(&mut self, spoken: &Frame) -> Frame {
        match self {
            Self::Tone(player) => player.next_frame(),
            Self::Echo(echo) => echo.next_frame(spoken),
        }
    }
}

/// The last half second, a frame in the place of the one that was said that long ago.
pub(super) struct Echo {
    past: Vec<Frame>,
    at: usize,
}

impl Echo {
    fn next_frame(&mut self, spoken: &Frame) -> Frame {
        let at = self.at;
        self.at = (at + 1) % ECHO_FRAMES;
        self.past.get_mut(at).map_or(Frame::silence(RATE), |slot| std::mem::replace(slot, *spoken))
    }
}

/// Devices that are connected, and what is played.
pub(super) struct Playing {
    pub tune: Tune,
    pub microphone: Box<dyn Source>,
    pub earpiece: Box<dyn Earpiece>,
    /// Else until it is dropped.
    pub lasts: Option<Duration>,
}

impl Playing {
    pub async fn run(mut self, clock: Clock, meter: Option<Arc<Meter>>) {
        self.microphone.forget();
        let (mut next_tick, mut now) = (clock.now(), clock.now());
        let end = self.lasts.map(|lasts| now + lasts);
        while end.is_none_or(|end| now < end) {
            now = clock.now();
            // What could not be played in time is left out.
            next_tick = (next_tick + TICK).max(now);
            tokio::time::sleep(next_tick.since(now)).await;
            self.tick(meter.as_deref());
        }
    }

    fn tick(&mut self, meter: Option<&Meter>) {
        let spoken = self.microphone.next_frame(RATE).unwrap_or(Frame::silence(RATE));
        let heard = self.tune.next_frame(&spoken);
        if let Some(meter) = meter {
            meter.spoken(&spoken);
            meter.heard(&heard);
        }
        self.earpiece.play(&heard);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_speaks_hears_it_half_a_second_later() {
        let mut tune = Tune::echo();
        let heard: Vec<Frame> = (1..=60).map(|n| tune.next_frame(&Frame::from_fn(RATE, |_| n))).collect();
        assert!(heard[..25].iter().all(Frame::is_silent));
        assert!((1..=35).all(|n| heard[24 + usize::try_from(n).unwrap()] == Frame::from_fn(RATE, |_| n)));
    }
}
