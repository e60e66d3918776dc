//! Whether there is noise worth suppressing, and its suppression by a network trained on speech (RNNoise).

use super::{BLOCK, FULL_SCALE};
use nnnoiseless::DenoiseState;

/// Suppression begins above the one and ends below the other, of mean power.
const LOUD: f32 = 1e-6;
const QUIET: f32 = 2.5e-7;
/// The quietest moment of so many blocks, and of the spans before, is the noise: some voices read whole sentences without a pause.
const SPAN: u32 = 100;
const SPANS: usize = 4;
/// So much of what was picked up stays, -34 dB: a line without any room in it sounds dead.
const KEPT: f32 = 0.02;

/// The noise between words.
#[derive(Debug)]
pub struct Floor {
    smooth: f32,
    least: f32,
    before: [f32; SPANS - 1],
    blocks: u32,
    loud: bool,
}

impl Default for Floor {
    /// Taken for noise until it is known.
    fn default() -> Self {
        Self { smooth: 0.0, least: f32::MAX, before: [f32::MAX; SPANS - 1], blocks: 0, loud: true }
    }
}

impl Floor {
    /// Whether there is noise, after these 10 ms.
    pub fn hear(&mut self, block: &[f32; BLOCK]) -> bool {
        let power = block.iter().map(|sample| sample * sample).sum::<f32>() / BLOCK as f32;
        // Pauses are short: it falls within some blocks, and the quietest of many does not count.
        self.smooth += (power - self.smooth) * if power < self.smooth { 0.5 } else { 0.2 };
        self.least = self.least.min(self.smooth);
        self.blocks += 1;
        if self.blocks == SPAN {
            let noise = self.before.iter().copied().fold(self.least, f32::min);
            self.loud = if self.loud { noise > QUIET } else { noise > LOUD };
            self.before.rotate_right(1);
            self.before[0] = self.least;
            (self.least, self.blocks) = (f32::MAX, 0);
        }
        self.loud
    }
}

/// Gives back what it took 10 ms ago.
pub struct Suppressor {
    network: Box<DenoiseState<'static>>,
    last: [f32; BLOCK],
}

impl Suppressor {
    pub fn new() -> Self {
        Self { network: DenoiseState::new(), last: [0.0; BLOCK] }
    }

    pub fn suppress(&mut self, block: &mut [f32; BLOCK]) {
        let taken = block.map(|sample| sample * FULL_SCALE);
        let mut clean = [0.0; BLOCK];
        self.network.process_frame(&mut clean, &taken);
        let before = std::mem::replace(&mut self.last, *block);
        for ((out, clean), before) in block.iter_mut().zip(clean).zip(before) {
            *out = (1.0 - KEPT) * clean / FULL_SCALE + KEPT * before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Voice, db, room_noise};
    use super::*;

    /// After 20 s of a voice in a room.
    fn is_loud(room: f32, voice: f32) -> bool {
        let (mut floor, mut hiss, mut speaker) = (Floor::default(), room_noise(1), Voice::new(2));
        let mut loud = true;
        for _ in 0..2_000 {
            loud = floor.hear(&std::array::from_fn(|_| room * hiss() + voice * speaker.next_sample()));
        }
        loud
    }

    #[test]
    fn a_room_is_loud_whether_or_not_somebody_speaks_in_it() {
        for (room, loud) in [(-80.0, false), (-70.0, false), (-50.0, true), (-35.0, true)] {
            for voice in [0.0, 0.2] {
                assert_eq!(is_loud(db(room), voice), loud, "{room} dB, voice {voice}");
            }
        }
    }

    /// Second by second: what is picked up, and whether it was loud at its end.
    fn loud_by_second(seconds: usize, mut sample: impl FnMut(usize) -> f32) -> Vec<bool> {
        let (mut floor, mut n) = (Floor::default(), 0);
        let mut loud = Vec::new();
        for _ in 0..seconds {
            let mut last = true;
            for _ in 0..SPAN {
                last = floor.hear(&std::array::from_fn(|_| {
                    n += 1;
                    sample(n)
                }));
            }
            loud.push(last);
        }
        loud
    }

    #[test]
    fn who_pauses_every_three_seconds_alone_is_no_noise() {
        let mut hiss = room_noise(1);
        let spoken = |n: usize| if n % 144_000 < 134_400 { 0.2 * (n as f32 * 0.05).sin() } else { 0.0 };
        let loud = loud_by_second(20, |n| spoken(n) + db(-75.0) * hiss());
        assert!(loud[4..].iter().all(|loud| !loud), "{loud:?}");
    }

    #[test]
    fn noise_that_begins_is_told_from_a_long_word_by_its_fifth_second() {
        let mut hiss = room_noise(1);
        let loud = loud_by_second(20, |n| db(if n < 480_000 { -75.0 } else { -40.0 }) * hiss());
        assert!(loud[4..12].iter().all(|loud| !loud), "{loud:?}");
        assert!(loud[15..].iter().all(|loud| *loud), "{loud:?}");
    }

    #[test]
    fn noise_goes_and_some_of_the_room_stays() {
        let (mut suppressor, mut hiss) = (Suppressor::new(), room_noise(1));
        let mut power = 0.0;
        for block in 0..300 {
            let mut sound = std::array::from_fn(|_| db(-40.0) * hiss());
            suppressor.suppress(&mut sound);
            if block >= 200 {
                power += sound.iter().map(|sample| sample * sample).sum::<f32>() / (100 * BLOCK) as f32;
            }
        }
        let left = 10.0 * power.log10();
        assert!((-80.0..-60.0).contains(&left), "{left} dB");
    }
}
