//! The chain itself: what runs when, and goes over to what without a click.

use super::echo::EchoCanceller;
use super::limiter::Limiter;
use super::noise::{Floor, Suppressor};
use super::residual::{Detector, Residual};
use super::{BLOCK, FULL_SCALE, Kind, MOST_GAIN_DB, Running, Switch, Wanted};

/// With an earpiece of which nothing is known, the canceller runs until the far end has spoken for so long without an echo.
const ENOUGH_S: u32 = 5;

/// Of one operator's devices.
pub struct Processor {
    wanted: Wanted,
    kind: Kind,
    earpiece: Gain,
    microphone: Gain,
    shock: Limiter,
    clipping: Limiter,
    detector: Detector,
    floor: Floor,
    echo: Option<EchoCanceller>,
    noise: Option<Suppressor>,
}

impl Default for Processor {
    fn default() -> Self {
        Self::new(Wanted::default())
    }
}

impl Processor {
    pub fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            kind: Kind::Unknown,
            earpiece: Gain::default(),
            microphone: Gain::default(),
            shock: Limiter::earpiece(),
            clipping: Limiter::new(0.97, 1.0),
            detector: Detector::default(),
            floor: Floor::default(),
            echo: None,
            noise: None,
        }
    }

    pub fn want(&mut self, wanted: Wanted) {
        self.wanted = wanted;
    }

    /// Another earpiece: what was learned of the last one is void.
    pub fn take_earpiece(&mut self, kind: Kind, gain_db: f32) {
        self.kind = kind;
        self.earpiece.set(gain_db);
        (self.detector, self.echo) = (Detector::default(), None);
    }

    /// Another microphone.
    pub fn take_microphone(&mut self, gain_db: f32) {
        self.microphone.set(gain_db);
        (self.detector, self.echo) = (Detector::default(), None);
        (self.floor, self.noise) = (Floor::default(), None);
    }

    /// Louder or quieter from now on, in decibels.
    pub fn set_gain(&mut self, earpiece_db: f32, microphone_db: f32) {
        self.earpiece.set(earpiece_db);
        self.microphone.set(microphone_db);
    }

    pub const fn running(&self) -> Running {
        Running { echo: self.echo.is_some(), noise: self.noise.is_some() }
    }

    /// What the earpiece is to play, whole blocks of it.
    pub fn play(&mut self, samples: &mut [i16]) {
        for block in samples.as_chunks_mut::<BLOCK>().0 {
            let mut sound = block.map(of_full_scale);
            self.earpiece.apply(&mut sound);
            self.shock.limit(&mut sound);
            if self.is_in_doubt() {
                self.detector.play(&sound);
            }
            if let Some(echo) = &mut self.echo {
                echo.play(&sound);
            }
            *block = sound.map(sample);
        }
    }

    /// What the microphone has picked up, whole blocks of it.
    pub fn pick_up(&mut self, samples: &mut [i16]) {
        for block in samples.as_chunks_mut::<BLOCK>().0 {
            let mut sound = block.map(of_full_scale);
            if self.is_in_doubt() {
                self.detector.pick_up(&sound);
            }
            self.cancel_echo(&mut sound);
            self.suppress_noise(&mut sound);
            if self.microphone.apply(&mut sound) {
                self.clipping.limit(&mut sound);
            }
            *block = sound.map(sample);
        }
    }

    /// Nobody has said whether there is an echo.
    fn is_in_doubt(&self) -> bool {
        let found = matches!(self.detector.found(), Residual::Echo { .. });
        self.wanted.echo == Switch::Auto && self.kind != Kind::Loudspeaker && !found
    }

    fn cancel_echo(&mut self, sound: &mut [f32; BLOCK]) {
        let wanted = match self.wanted.echo {
            Switch::On => true,
            Switch::Off => false,
            Switch::Auto => match (self.kind, self.detector.found()) {
                (Kind::Loudspeaker, _) | (_, Residual::Echo { .. }) => true,
                (Kind::Headset, _) => false,
                (Kind::Unknown, Residual::Unknown) => true,
                (Kind::Unknown, Residual::None { seconds }) => seconds < ENOUGH_S,
            },
        };
        let before = *sound;
        match (&mut self.echo, wanted) {
            (Some(echo), true) => echo.cancel(sound),
            (Some(echo), false) => {
                echo.cancel(sound);
                cross_over(sound, &before);
                self.echo = None;
            }
            (None, true) => {
                self.echo.insert(EchoCanceller::new()).cancel(sound);
                let clean = std::mem::replace(sound, before);
                cross_over(sound, &clean);
            }
            (None, false) => {}
        }
    }

    fn suppress_noise(&mut self, sound: &mut [f32; BLOCK]) {
        let loud = self.wanted.noise == Switch::Auto && self.floor.hear(sound);
        let wanted = loud || self.wanted.noise == Switch::On;
        let before = *sound;
        match (&mut self.noise, wanted) {
            (Some(noise), true) => noise.suppress(sound),
            (Some(noise), false) => {
                noise.suppress(sound);
                cross_over(sound, &before);
                self.noise = None;
            }
            (None, true) => {
                self.noise.insert(Suppressor::new()).suppress(sound);
                let clean = std::mem::replace(sound, before);
                cross_over(sound, &clean);
            }
            (None, false) => {}
        }
    }
}

fn of_full_scale(sample: i16) -> f32 {
    f32::from(sample) / FULL_SCALE
}

/// A cast from float holds to the bounds.
fn sample(of_full_scale: f32) -> i16 {
    (of_full_scale * FULL_SCALE).round() as i16
}

/// Goes over to another sound within a block, without a click.
fn cross_over(sound: &mut [f32; BLOCK], to: &[f32; BLOCK]) {
    for (n, (sound, to)) in sound.iter_mut().zip(to).enumerate() {
        *sound += (to - *sound) * (n as f32 / BLOCK as f32);
    }
}

/// Louder or quieter; changes take a block.
#[derive(Debug)]
struct Gain {
    now: f32,
    wanted: f32,
}

impl Default for Gain {
    fn default() -> Self {
        Self { now: 1.0, wanted: 1.0 }
    }
}

impl Gain {
    fn set(&mut self, db: f32) {
        let db = if db.is_finite() { db.clamp(-MOST_GAIN_DB, MOST_GAIN_DB) } else { 0.0 };
        self.wanted = 10f32.powf(db / 20.0);
    }

    /// Whether it did anything.
    fn apply(&mut self, sound: &mut [f32; BLOCK]) -> bool {
        let from = std::mem::replace(&mut self.now, self.wanted);
        if from == 1.0 && self.wanted == 1.0 {
            return false;
        }
        for (n, sound) in sound.iter_mut().enumerate() {
            *sound *= from + (self.wanted - from) * (n as f32 / BLOCK as f32);
        }
        true
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
