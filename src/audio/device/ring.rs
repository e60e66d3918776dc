//! Between a device at 48 kHz and the telephone's frames of that rate: a ring, and the pace of both.
//!
//! The device's callback holds the other end of the ring and only copies. Nothing here waits, or knows a clock. Nothing is
//! filtered: against drift a sample is left out or put in between now and then, blended over 3 ms.

use super::bell::Bell;
use super::pace::{PERIOD, Pace, Step};
use crate::media::{Frame, Rate, Runs};
use rtrb::{Consumer, Producer, RingBuffer};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Adjustable, FixedAsync, Resampler, ResamplerConstructionError, Slip};

/// Of every device, whatever its hardware does.
const DEVICE_RATE: Rate = Rate::Full;
pub(super) const DEVICE_RATE_HZ: u32 = DEVICE_RATE.hz();

/// Full scale of a sample, as the telephone counts.
const FULL_SCALE: f32 = 32_768.0;
/// Samples of a frame at the device's rate.
const TICK: usize = DEVICE_RATE.frame_samples();
/// Half a second: more than any pace lets pile up.
const CAPACITY: usize = 24_000;

/// What the microphone's callback fills, and where its frames come out.
pub(super) fn microphone() -> Result<(Producer<f32>, Incoming), ResamplerConstructionError> {
    let (device, ring) = RingBuffer::new(CAPACITY);
    let slip = Slip::new(TICK, 1, FixedAsync::Output)?;
    let input = vec![0.0; slip.input_frames_max()];
    Ok((device, Incoming { ring, slip, input, output: [0.0; TICK], pace: Pace::new() }))
}

/// Where frames for the earpiece go in, and what its callback empties.
pub(super) fn earpiece() -> Result<(Outgoing, Consumer<f32>), ResamplerConstructionError> {
    let (ring, device) = RingBuffer::new(CAPACITY);
    let slip = Slip::new(TICK, 1, FixedAsync::Input)?;
    let output = vec![0.0; slip.output_frames_max()];
    Ok((Outgoing { ring, slip, input: [0.0; TICK], output, pace: Pace::new() }, device))
}

pub(super) struct Incoming {
    ring: Consumer<f32>,
    slip: Slip<f32>,
    input: Vec<f32>,
    output: [f32; TICK],
    pace: Pace,
}

impl Incoming {
    /// The next 20 ms, at the device's rate; `None` while the device has not given so much.
    pub fn next_frame(&mut self) -> Option<Frame> {
        let there = self.ring.slots();
        match self.pace.look(there.cast_signed() - TICK.cast_signed()) {
            Step::Short(_) => return None,
            Step::Long(excess) => self.drop_oldest(excess),
            Step::Go { speed } => self.slip.set_resample_ratio_relative(1.0 / speed, true).ok()?,
        }
        let needed = self.slip.input_frames_next();
        let input = self.input.get_mut(..needed)?;
        self.ring.pop_entire_slice(input).ok()?;
        let from = InterleavedSlice::new(input, 1, needed).ok()?;
        let mut to = InterleavedSlice::new_mut(&mut self.output, 1, TICK).ok()?;
        self.slip.process_into_buffer(&from, &mut to, None).ok()?;
        let mut frame = Frame::silence(DEVICE_RATE);
        for (sample, value) in frame.iter_mut().zip(&self.output) {
            // A cast from float holds to the bounds.
            *sample = (value * FULL_SCALE).round() as i16;
        }
        Some(frame)
    }

    /// Since it was last asked.
    pub fn take_runs(&mut self) -> Runs {
        self.pace.take_runs()
    }

    /// What was said before now was said to nobody.
    pub fn forget(&mut self) {
        self.drop_oldest(self.ring.slots());
        self.slip.reset();
        self.pace = Pace::new();
    }

    /// The next frame is asked for at another phase.
    pub fn shift(&mut self) {
        self.pace.begin_again();
    }

    fn drop_oldest(&mut self, samples: usize) {
        if let Ok(chunk) = self.ring.read_chunk(samples.min(self.ring.slots())) {
            chunk.commit_all();
        }
    }
}

pub(super) struct Outgoing {
    ring: Producer<f32>,
    slip: Slip<f32>,
    input: [f32; TICK],
    output: Vec<f32>,
    pace: Pace,
}

impl Outgoing {
    /// A frame at the device's rate; no other one is played.
    pub fn play(&mut self, frame: &Frame) {
        let there = CAPACITY - self.ring.slots();
        let mut excess = 0;
        // An empty ring is one that ran dry.
        match self.pace.look(there.cast_signed() - 1) {
            Step::Short(missing) => self.put_silence(missing),
            // Its end is played; of more than a frame nothing, and the device empties the ring meanwhile.
            Step::Long(samples) => excess = samples,
            // In bounds.
            Step::Go { speed } => drop(self.slip.set_resample_ratio_relative(1.0 / speed, true)),
        }
        if excess >= TICK {
            return;
        }
        let produced = self.slipped(frame).unwrap_or(0);
        // A ring that is full keeps what it has: its reader stands still, and the watcher will see to it.
        let _ = self.ring.push_partial_slice(self.output.get(excess..produced).unwrap_or_default());
    }

    /// The next frame comes at another phase.
    pub fn shift(&mut self) {
        self.pace.begin_again();
    }

    /// Since it was last asked.
    pub fn take_runs(&mut self) -> Runs {
        self.pace.take_runs()
    }

    fn slipped(&mut self, frame: &Frame) -> Option<usize> {
        for (input, sample) in self.input.iter_mut().zip(frame.iter()) {
            *input = f32::from(*sample) / FULL_SCALE;
        }
        let room = self.output.len();
        let from = InterleavedSlice::new(self.input.get(..frame.len())?, 1, frame.len()).ok()?;
        let mut to = InterleavedSlice::new_mut(&mut self.output, 1, room).ok()?;
        self.slip.process_into_buffer(&from, &mut to, None).ok().map(|(_, produced)| produced)
    }

    fn put_silence(&mut self, samples: usize) {
        for _ in 0..samples.min(self.ring.slots()) {
            let _ = self.ring.push(0.0);
        }
        // It begins now.
        let _ = self.pace.look((CAPACITY - self.ring.slots()).cast_signed() - 1);
    }
}

/// What a device's callback does with what a microphone gave: as much as there is room for.
pub(super) fn copy_in(device: &mut Producer<f32>, bytes: &[u8]) {
    let (samples, _) = bytes.as_chunks::<4>();
    for sample in samples {
        if device.push(f32::from_le_bytes(*sample)).is_err() {
            return;
        }
    }
}

/// What a device's callback gives an earpiece: what there is, and silence for the rest.
pub(super) fn copy_out(device: &mut Consumer<f32>, bytes: &mut [u8]) {
    let (samples, rest) = bytes.as_chunks_mut::<4>();
    for sample in samples {
        *sample = device.pop().unwrap_or(0.0).to_le_bytes();
    }
    rest.fill(0);
}

/// What a device's callback gives a ringer.
pub(super) fn ring_out(bell: &mut Bell, bytes: &mut [u8]) {
    let (samples, rest) = bytes.as_chunks_mut::<4>();
    for sample in samples {
        *sample = bell.next_sample().to_le_bytes();
    }
    rest.fill(0);
}

const _: () = assert!(TICK == 2 * PERIOD);

#[cfg(test)]
mod tests;
