//! Whether the microphone picks up what the earpiece plays: their correlation while the far end speaks.
//!
//! Sound takes the same way for minutes, so an echo correlates at the same delay second after second. Two voices correlate at random ones.

use super::BLOCK;

/// Blocks are looked at with so much less detail: 4 kHz, where voices are strongest.
const COARSER: usize = 12;
/// Samples of a block then.
const STEP: usize = BLOCK / COARSER;
/// Delays up to 400 ms: buffers of devices and server, radio, room.
const DELAYS: usize = 1_600;
/// Blocks in which an echo of what was played may still come.
const ECHO_BLOCKS: u32 = (DELAYS / STEP) as u32;
/// Blocks with a far end that speaks, for one look: a second.
const LOOK: u32 = 100;
/// Energy of a coarse block of a far end that speaks, -50 dBFS after the difference of neighbours.
const SPEAKS: f32 = STEP as f32 * 1e-5;
/// An echo stands out from the other delays so far, in their standard deviations. Two voices stay below 6.
const STANDS_OUT: f32 = 7.0;
/// Samples that a delay may wander between two looks: 2 ms.
const SAME: usize = 8;

/// What was found since the device was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Residual {
    /// The far end has not said enough.
    Unknown,
    /// It has, for so many seconds, and nothing of it came back.
    None {
        seconds: u32,
    },
    Echo {
        delay_ms: u32,
    },
}

pub struct Detector {
    far: Coarse,
    near: Coarse,
    /// What was played, the newest last, so that each delay is a slice of it.
    past: Vec<f32>,
    /// For each delay, beginning with the longest.
    correlation: Vec<f32>,
    near_energy: f32,
    blocks: u32,
    /// Since the far end spoke last.
    quiet: u32,
    candidate: Option<usize>,
    found: Residual,
}

impl Default for Detector {
    fn default() -> Self {
        Self {
            far: Coarse::default(),
            near: Coarse::default(),
            past: vec![0.0; DELAYS + STEP],
            correlation: vec![0.0; DELAYS],
            near_energy: 0.0,
            blocks: 0,
            quiet: ECHO_BLOCKS,
            candidate: None,
            found: Residual::Unknown,
        }
    }
}

impl Detector {
    pub const fn found(&self) -> Residual {
        self.found
    }

    /// 10 ms that the earpiece plays.
    pub fn play(&mut self, block: &[f32; BLOCK]) {
        let coarse = self.far.take(block);
        let energy: f32 = coarse.iter().map(|sample| sample * sample).sum();
        self.quiet = if energy > SPEAKS { 0 } else { self.quiet.saturating_add(1) };
        self.past.copy_within(STEP.., 0);
        let newest = self.past.len() - STEP;
        if let Some(place) = self.past.get_mut(newest..) {
            place.copy_from_slice(&coarse);
        }
    }

    /// 10 ms that the microphone picked up.
    pub fn pick_up(&mut self, block: &[f32; BLOCK]) {
        let coarse = self.near.take(block);
        if self.quiet >= ECHO_BLOCKS {
            return;
        }
        self.near_energy += coarse.iter().map(|sample| sample * sample).sum::<f32>();
        for (sum, past) in self.correlation.iter_mut().zip(self.past.windows(STEP).skip(1)) {
            *sum += past.iter().zip(&coarse).map(|(far, near)| far * near).sum::<f32>();
        }
        self.blocks += 1;
        if self.blocks == LOOK {
            self.look();
        }
    }

    fn look(&mut self) {
        let candidate = (self.near_energy > 0.0).then(|| outstanding(&self.correlation)).flatten();
        let same = candidate.zip(self.candidate).is_some_and(|(now, before)| now.abs_diff(before) <= SAME);
        self.found = match (candidate, self.found) {
            (_, Residual::Echo { .. }) => self.found,
            (Some(at), _) if same => Residual::Echo { delay_ms: ((DELAYS - 1 - at) * 10 / STEP) as u32 },
            (Some(_), found) => found,
            (None, Residual::None { seconds }) => Residual::None { seconds: seconds.saturating_add(1) },
            (None, Residual::Unknown) => Residual::None { seconds: 1 },
        };
        self.candidate = candidate;
        self.correlation.fill(0.0);
        (self.near_energy, self.blocks) = (0.0, 0);
    }
}

/// The place of one that is far larger than the others.
fn outstanding(values: &[f32]) -> Option<usize> {
    let mean_square = values.iter().map(|value| value * value).sum::<f32>() / values.len().max(1) as f32;
    let (at, most) = values.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
    (most * most > STANDS_OUT * STANDS_OUT * mean_square).then_some(at)
}

/// A twelfth of the samples, and their difference: what voices have in common is less in it.
#[derive(Default)]
struct Coarse {
    last: f32,
}

impl Coarse {
    fn take(&mut self, block: &[f32; BLOCK]) -> [f32; STEP] {
        let (groups, _) = block.as_chunks::<COARSER>();
        let mut out = [0.0; STEP];
        for (out, group) in out.iter_mut().zip(groups) {
            let mean = group.iter().sum::<f32>() / COARSER as f32;
            *out = mean - std::mem::replace(&mut self.last, mean);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Voice, db, noise};
    use super::*;

    /// 20 s in which the far end speaks; what comes back of it, and what else is to be heard.
    fn found(echo: f32, delay_ms: usize, near_voice: f32, room: f32) -> Residual {
        let (mut far, mut near, mut hiss) = (Voice::new(1), Voice::new(2), noise(3));
        let mut detector = Detector::default();
        let mut air = std::collections::VecDeque::from(vec![0.0; delay_ms * BLOCK / 10]);
        for _ in 0..2_000 {
            let played: [f32; BLOCK] = std::array::from_fn(|_| 0.3 * far.next_sample());
            detector.play(&played);
            air.extend(played);
            let picked_up = std::array::from_fn(|_| {
                let echo = echo * air.pop_front().unwrap_or(0.0);
                echo + near_voice * near.next_sample() + room * hiss()
            });
            detector.pick_up(&picked_up);
        }
        detector.found()
    }

    #[test]
    fn an_echo_is_found_with_its_delay_and_nothing_else_is_taken_for_one() {
        let quiet = db(-70.0);
        let echoes = [
            ("loudspeaker", db(-6.0), 35, 0.0, quiet),
            ("loudspeaker, both speak", db(-6.0), 120, 0.3, quiet),
            ("headset that leaks", db(-35.0), 60, 0.0, quiet),
            ("headset that leaks, by radio", db(-35.0), 300, 0.0, quiet),
            ("headset that leaks, in a loud room", db(-30.0), 60, 0.0, db(-50.0)),
        ];
        for (name, echo, delay, near, room) in echoes {
            let Residual::Echo { delay_ms } = found(echo, delay, near, room) else {
                panic!("{name}: no echo found");
            };
            assert!(delay_ms.abs_diff(delay as u32) <= 3, "{name}: {delay_ms} for {delay} ms");
        }
        let none =
            [("a quiet room", 0.0, quiet), ("both speak", 0.3, quiet), ("a loud room", 0.0, db(-30.0))];
        for (name, near, room) in none {
            let found = found(0.0, 0, near, room);
            assert!(matches!(found, Residual::None { seconds: 15.. }), "{name}: {found:?}");
        }
    }

    #[test]
    fn a_far_end_that_says_nothing_tells_nothing() {
        let mut detector = Detector::default();
        let mut near = Voice::new(1);
        for _ in 0..1_000 {
            detector.play(&[0.0; BLOCK]);
            detector.pick_up(&std::array::from_fn(|_| 0.3 * near.next_sample()));
        }
        assert_eq!(detector.found(), Residual::Unknown);
    }
}
