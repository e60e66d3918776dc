//! Sounds for tests.

use super::RATE_HZ;

pub(super) fn db(db: f32) -> f32 {
    10f32.powf(db / 20.0)
}

/// Even, of power 1, of a seed.
pub(super) fn noise(seed: u64) -> impl FnMut() -> f32 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((state >> 40) as f32 / 8_388_608.0 - 1.0) * 3f32.sqrt()
    }
}

/// Of power 1 and falling with frequency, as the noise of rooms, fans and streets.
pub(super) fn room_noise(seed: u64) -> impl FnMut() -> f32 {
    const KEPT: f32 = 0.95;
    let (mut hiss, mut level) = (noise(seed), 0.0);
    move || {
        level = KEPT * level + (1.0 - KEPT * KEPT).sqrt() * hiss();
        level
    }
}

/// Something like speech: buzz and hiss through resonances that change several times a second, words and pauses. Peaks
/// stay below 1.
pub(super) struct Voice {
    seed: u64,
    at: u64,
    phase: f32,
    pitch: f32,
    poles: [(f32, f32, f32); 3],
    loudness: f32,
    target: f32,
    hiss: Box<dyn FnMut() -> f32>,
    dice: Box<dyn FnMut() -> f32>,
}

impl Voice {
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            at: 0,
            phase: 0.0,
            pitch: 120.0,
            poles: [(0.0, 0.0, 0.0); 3],
            loudness: 0.0,
            target: 0.0,
            hiss: Box::new(noise(seed + 1_000)),
            dice: Box::new(noise(seed + 2_000)),
        }
    }

    /// From 0 to 1.
    fn chance(&mut self) -> f32 {
        ((self.dice)() / 3f32.sqrt() + 1.0) / 2.0
    }

    pub fn next_sample(&mut self) -> f32 {
        if self.at.is_multiple_of(u64::from(RATE_HZ) / 7) {
            let pitch = 90.0 + 20.0 * (self.seed % 5) as f32;
            self.pitch = pitch * (0.8 + 0.5 * self.chance());
            self.target = if self.chance() < 0.3 { 0.0 } else { 0.3 + 0.7 * self.chance() };
            for (index, pole) in self.poles.iter_mut().enumerate() {
                let chance = ((self.dice)() / 3f32.sqrt() + 1.0) / 2.0;
                pole.0 = [300.0, 900.0, 2_200.0][index] * (1.0 + chance);
            }
        }
        self.at += 1;
        self.loudness += (self.target - self.loudness) * 0.001;
        self.phase = (self.phase + self.pitch / RATE_HZ as f32).fract();
        let buzz = if self.phase < self.pitch / RATE_HZ as f32 { 20.0 } else { 0.0 };
        let excitation = buzz + 0.15 * (self.hiss)();
        let radius = 0.99f32;
        let mut sum = 0.0;
        for (hz, one, two) in &mut self.poles {
            let angle = std::f32::consts::TAU * *hz / RATE_HZ as f32;
            let next = excitation * angle.sin() + 2.0 * radius * angle.cos() * *one - radius * radius * *two;
            (*two, *one) = (*one, next);
            sum += next;
        }
        (self.loudness * sum * 0.015).clamp(-1.0, 1.0)
    }
}
