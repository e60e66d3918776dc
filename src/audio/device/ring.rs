//! Between a device at 48 kHz and the telephone's frames: a ring, a resampler, and the pace of both.
//!
//! The device's callback holds the other end of the ring and only copies. Nothing here waits, or knows a clock.

use super::bell::Bell;
use super::pace::{PERIOD, Pace, Step, WIDEST};
use crate::media::{Frame, Rate, Runs};
use rtrb::{Consumer, Producer, RingBuffer};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Adjustable, Async, FixedAsync, ResamplerConstructionError, SincInterpolationParameters, Slip,
    WindowFunction,
};

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
    let gears = Gears::new(FixedAsync::Output)?;
    let input = vec![0.0; gears.most(|resampler| resampler.input_frames_max())];
    Ok((device, Incoming { ring, gears, input, output: [0.0; TICK], pace: Pace::new() }))
}

/// Where frames for the earpiece go in, and what its callback empties.
pub(super) fn earpiece() -> Result<(Outgoing, Consumer<f32>), ResamplerConstructionError> {
    let (ring, device) = RingBuffer::new(CAPACITY);
    let gears = Gears::new(FixedAsync::Input)?;
    let output = vec![0.0; gears.most(|resampler| resampler.output_frames_max())];
    Ok((Outgoing { ring, gears, input: [0.0; TICK], output, pace: Pace::new() }, device))
}

type Steered = Box<dyn Adjustable<f32> + Send>;

/// A resampler for each rate of a frame, one of them in use. All are made with the ring: their tables take longer than a
/// tick has.
struct Gears {
    narrow: Steered,
    wide: Steered,
    full: Steered,
    rate: Rate,
}

impl Gears {
    /// The frames' side has the fixed length.
    fn new(fixed: FixedAsync) -> Result<Self, ResamplerConstructionError> {
        Ok(Self {
            narrow: resampler(Rate::Narrow, fixed)?,
            wide: resampler(Rate::Wide, fixed)?,
            // Nothing is filtered. Against drift a sample is left out or put in between now and then, blended over 3 ms.
            full: Box::new(Slip::<f32>::new(TICK, 1, fixed)?),
            rate: Rate::Narrow,
        })
    }

    /// One that was not in use begins anew.
    fn of(&mut self, rate: Rate) -> &mut Steered {
        let is_other = std::mem::replace(&mut self.rate, rate) != rate;
        let resampler = match rate {
            Rate::Narrow => &mut self.narrow,
            Rate::Wide => &mut self.wide,
            Rate::Full => &mut self.full,
        };
        if is_other {
            resampler.reset();
        }
        resampler
    }

    fn most(&self, of: impl Fn(&Steered) -> usize) -> usize {
        of(&self.narrow).max(of(&self.wide)).max(of(&self.full))
    }
}

/// Taps at the rate that comes in, and the middle of the edge as a part of the lower rate's band. Narrow: 2.7 ms of delay
/// downwards, 3 ms upwards; with this window the telephone's band, up to 3.4 kHz, is kept, and 40 dB are taken away
/// beyond 4.4 kHz. Wide: 2 ms; up to 7.2 kHz, and beyond 8.8.
fn resampler(rate: Rate, fixed: FixedAsync) -> Result<Steered, ResamplerConstructionError> {
    let ratio = f64::from(DEVICE_RATE_HZ) / f64::from(rate.hz());
    let (down, up, edge) = match rate {
        Rate::Narrow => (256, 48, 0.92),
        Rate::Wide | Rate::Full => (192, 64, 0.95),
    };
    let (ratio, taps) = match fixed {
        FixedAsync::Output => (1.0 / ratio, down),
        FixedAsync::Input => (ratio, up),
    };
    let filter = SincInterpolationParameters::new(taps, WindowFunction::Hann).f_cutoff(edge);
    Ok(Box::new(Async::<f32>::new_sinc(ratio, WIDEST, &filter, rate.frame_samples(), 1, fixed)?))
}

pub(super) struct Incoming {
    ring: Consumer<f32>,
    gears: Gears,
    input: Vec<f32>,
    output: [f32; TICK],
    pace: Pace,
}

impl Incoming {
    /// The next 20 ms, at this rate; `None` while the device has not given so much.
    pub fn next_frame(&mut self, rate: Rate) -> Option<Frame> {
        let there = self.ring.slots();
        let speed = match self.pace.look(there.cast_signed() - TICK.cast_signed()) {
            Step::Short(_) => return None,
            Step::Long(excess) => {
                self.drop_oldest(excess);
                None
            }
            Step::Go { speed } => Some(speed),
        };
        let resampler = self.gears.of(rate);
        if let Some(speed) = speed {
            resampler.set_resample_ratio_relative(1.0 / speed, true).ok()?;
        }
        let needed = resampler.input_frames_next();
        let input = self.input.get_mut(..needed)?;
        self.ring.pop_entire_slice(input).ok()?;
        let from = InterleavedSlice::new(input, 1, needed).ok()?;
        let output = self.output.get_mut(..rate.frame_samples())?;
        let mut to = InterleavedSlice::new_mut(output, 1, rate.frame_samples()).ok()?;
        resampler.process_into_buffer(&from, &mut to, None).ok()?;
        let mut frame = Frame::silence(rate);
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
        let rate = self.gears.rate;
        self.gears.of(rate).reset();
        self.pace = Pace::new();
    }

    fn drop_oldest(&mut self, samples: usize) {
        if let Ok(chunk) = self.ring.read_chunk(samples.min(self.ring.slots())) {
            chunk.commit_all();
        }
    }
}

pub(super) struct Outgoing {
    ring: Producer<f32>,
    gears: Gears,
    input: [f32; TICK],
    output: Vec<f32>,
    pace: Pace,
}

impl Outgoing {
    pub fn play(&mut self, frame: &Frame) {
        let there = CAPACITY - self.ring.slots();
        // An empty ring is one that ran dry.
        let speed = match self.pace.look(there.cast_signed() - 1) {
            Step::Short(missing) => {
                self.put_silence(missing);
                None
            }
            // The device empties the ring meanwhile.
            Step::Long(_) => return,
            Step::Go { speed } => Some(speed),
        };
        let produced = self.resampled(frame, speed).unwrap_or(0);
        // A ring that is full keeps what it has: its reader stands still, and the watcher will see to it.
        let _ = self.ring.push_partial_slice(self.output.get(..produced).unwrap_or_default());
    }

    /// Since it was last asked.
    pub fn take_runs(&mut self) -> Runs {
        self.pace.take_runs()
    }

    fn resampled(&mut self, frame: &Frame, speed: Option<f64>) -> Option<usize> {
        let resampler = self.gears.of(frame.rate());
        if let Some(speed) = speed {
            // In bounds.
            let _ = resampler.set_resample_ratio_relative(1.0 / speed, true);
        }
        for (input, sample) in self.input.iter_mut().zip(frame.iter()) {
            *input = f32::from(*sample) / FULL_SCALE;
        }
        let room = self.output.len();
        let from = InterleavedSlice::new(self.input.get(..frame.len())?, 1, frame.len()).ok()?;
        let mut to = InterleavedSlice::new_mut(&mut self.output, 1, room).ok()?;
        resampler.process_into_buffer(&from, &mut to, None).ok().map(|(_, produced)| produced)
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
