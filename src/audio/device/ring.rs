//! Between a device at 48 kHz and the telephone's frames: a ring, a resampler, and the pace of both.
//!
//! The device's callback holds the other end of the ring and only copies. Nothing here waits, or knows a clock.

use super::bell::Bell;
use super::pace::{PERIOD, Pace, Step, WIDEST};
use crate::media::{FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ, SILENCE};
use rtrb::{Consumer, Producer, RingBuffer};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Adjustable, Async, FixedAsync, Resampler, ResamplerConstructionError, SincInterpolationParameters,
    WindowFunction,
};

/// Of every device, whatever its hardware does.
pub(super) const DEVICE_RATE_HZ: u32 = 48_000;

/// Full scale of a sample, as the telephone counts.
const FULL_SCALE: f32 = 32_768.0;
/// Samples of a frame at the device's rate.
const TICK: usize = FRAME_SAMPLES * RATIO;
const RATIO: usize = (DEVICE_RATE_HZ / SAMPLE_RATE_HZ) as usize;
/// Half a second: more than any pace lets pile up.
const CAPACITY: usize = 24_000;

/// Taps at the rate that comes in: 2.7 ms of delay downwards, 3 ms upwards. With this window and edge they keep the
/// telephone's band, up to 3.4 kHz, and take away 40 dB beyond 4.4 kHz.
const TAPS_DOWN: usize = 256;
const TAPS_UP: usize = 48;
const EDGE: f32 = 0.92;

/// What the microphone's callback fills, and where its frames come out.
pub(super) fn microphone() -> Result<(Producer<f32>, Incoming), ResamplerConstructionError> {
    let (device, ring) = RingBuffer::new(CAPACITY);
    let resampler = resampler(1.0 / RATIO as f64, TAPS_DOWN, FixedAsync::Output)?;
    let input = vec![0.0; resampler.input_frames_max()];
    Ok((device, Incoming { ring, resampler, input, output: [0.0; FRAME_SAMPLES], pace: Pace::new() }))
}

/// Where frames for the earpiece go in, and what its callback empties.
pub(super) fn earpiece() -> Result<(Outgoing, Consumer<f32>), ResamplerConstructionError> {
    let (ring, device) = RingBuffer::new(CAPACITY);
    let resampler = resampler(RATIO as f64, TAPS_UP, FixedAsync::Input)?;
    let output = vec![0.0; resampler.output_frames_max()];
    Ok((Outgoing { ring, resampler, input: [0.0; FRAME_SAMPLES], output, pace: Pace::new() }, device))
}

fn resampler(ratio: f64, taps: usize, fixed: FixedAsync) -> Result<Async<f32>, ResamplerConstructionError> {
    let filter = SincInterpolationParameters::new(taps, WindowFunction::Hann).f_cutoff(EDGE);
    Async::new_sinc(ratio, WIDEST, &filter, FRAME_SAMPLES, 1, fixed)
}

pub(super) struct Incoming {
    ring: Consumer<f32>,
    resampler: Async<f32>,
    input: Vec<f32>,
    output: [f32; FRAME_SAMPLES],
    pace: Pace,
}

impl Incoming {
    /// The next 20 ms; `None` while the device has not given so much.
    pub fn next_frame(&mut self) -> Option<Frame> {
        let there = self.ring.slots();
        match self.pace.look(there.cast_signed() - TICK.cast_signed()) {
            Step::Short(_) => return None,
            Step::Long(excess) => self.drop_oldest(excess),
            Step::Go { speed } => self.resampler.set_resample_ratio_relative(1.0 / speed, true).ok()?,
        }
        let needed = self.resampler.input_frames_next();
        let input = self.input.get_mut(..needed)?;
        self.ring.pop_entire_slice(input).ok()?;
        let from = InterleavedSlice::new(input, 1, needed).ok()?;
        let mut to = InterleavedSlice::new_mut(&mut self.output, 1, FRAME_SAMPLES).ok()?;
        self.resampler.process_into_buffer(&from, &mut to, None).ok()?;
        // A cast from float holds to the bounds.
        Some(self.output.map(|sample| (sample * FULL_SCALE).round() as i16))
    }

    /// What was said before now was said to nobody.
    pub fn forget(&mut self) {
        self.drop_oldest(self.ring.slots());
        self.resampler.reset();
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
    resampler: Async<f32>,
    input: [f32; FRAME_SAMPLES],
    output: Vec<f32>,
    pace: Pace,
}

impl Outgoing {
    pub fn play(&mut self, frame: &Frame) {
        let there = CAPACITY - self.ring.slots();
        // An empty ring is one that ran dry.
        match self.pace.look(there.cast_signed() - 1) {
            Step::Short(missing) => self.put_silence(missing),
            // The device empties the ring meanwhile.
            Step::Long(_) => return,
            // The speed is in bounds.
            Step::Go { speed } => drop(self.resampler.set_resample_ratio_relative(1.0 / speed, true)),
        }
        self.input = frame.map(|sample| f32::from(sample) / FULL_SCALE);
        let produced = self.resampled().unwrap_or(0);
        // A ring that is full keeps what it has: its reader stands still, and the watcher will see to it.
        let _ = self.ring.push_partial_slice(self.output.get(..produced).unwrap_or_default());
    }

    fn resampled(&mut self) -> Option<usize> {
        let room = self.output.len();
        let from = InterleavedSlice::new(&self.input, 1, FRAME_SAMPLES).ok()?;
        let mut to = InterleavedSlice::new_mut(&mut self.output, 1, room).ok()?;
        self.resampler.process_into_buffer(&from, &mut to, None).ok().map(|(_, produced)| produced)
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

const _: () = assert!(TICK == 2 * PERIOD && SILENCE.len() == FRAME_SAMPLES);

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn tone(frequency: f64, rate: u32, n: usize) -> f64 {
        0.5 * (TAU * frequency * n as f64 / f64::from(rate)).sin()
    }

    fn level(samples: impl IntoIterator<Item = f64>) -> f64 {
        let squares: Vec<f64> = samples.into_iter().map(|sample| sample * sample).collect();
        (squares.iter().sum::<f64>() / squares.len().max(1) as f64).sqrt()
    }

    fn bytes(samples: impl Iterator<Item = f64>) -> Vec<u8> {
        samples.flat_map(|sample| (sample as f32).to_le_bytes()).collect()
    }

    /// Two seconds of a tone into the microphone, by a device whose clock is off by so many millionths; what comes out.
    fn picked_up(frequency: f64, millionths: f64) -> Vec<f64> {
        let (mut device, mut incoming) = microphone().unwrap();
        let mut heard = Vec::new();
        let (mut given, mut due) = (0, 0.0);
        for _ in 0..100 {
            due += TICK as f64 * (1.0 + millionths / 1e6);
            while given + PERIOD <= due as usize {
                copy_in(
                    &mut device,
                    &bytes((given..given + PERIOD).map(|n| tone(frequency, DEVICE_RATE_HZ, n))),
                );
                given += PERIOD;
            }
            if let Some(frame) = incoming.next_frame() {
                heard.extend(frame.map(|sample| f64::from(sample) / f64::from(FULL_SCALE)));
            }
        }
        heard
    }

    /// One second of a tone to the earpiece; what its device got.
    fn played(frequency: f64) -> Vec<f64> {
        let (mut outgoing, mut device) = earpiece().unwrap();
        let mut heard = Vec::new();
        for tick in 0..50 {
            let mut frame = SILENCE;
            for (n, sample) in frame.iter_mut().enumerate() {
                let at = tick * FRAME_SAMPLES + n;
                *sample = (tone(frequency, SAMPLE_RATE_HZ, at) * f64::from(FULL_SCALE)) as i16;
            }
            outgoing.play(&frame);
            let mut period = [0; 4 * PERIOD];
            for _ in 0..2 {
                copy_out(&mut device, &mut period);
                heard.extend(period.as_chunks::<4>().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))));
            }
        }
        heard
    }

    #[test]
    fn speech_passes_both_ways_and_nothing_folds_back_into_it() {
        let whole = level((0..8_000).map(|n| tone(1_000.0, SAMPLE_RATE_HZ, n)));
        for (frequency, least, most) in
            [(300.0, 0.9, 1.1), (1_000.0, 0.9, 1.1), (3_300.0, 0.8, 1.1), (5_000.0, 0.0, 0.01)]
        {
            let heard = level(picked_up(frequency, 0.0).into_iter().skip(800)) / whole;
            assert!((least..most).contains(&heard), "microphone, {frequency} Hz: {heard}");
        }
        for frequency in [300.0, 1_000.0, 3_300.0] {
            let heard = level(played(frequency).into_iter().skip(4_800)) / whole;
            assert!((0.8..1.1).contains(&heard), "earpiece, {frequency} Hz: {heard}");
        }
    }

    #[test]
    fn a_device_with_another_clock_leaves_no_gap() {
        for millionths in [-200.0, 200.0] {
            let heard = picked_up(1_000.0, millionths);
            assert!(heard.len() >= 98 * FRAME_SAMPLES, "{millionths}: {}", heard.len());
            // A tone of 0.5 never rests for a millisecond.
            let rests = heard[800..].windows(8).any(|w| w.iter().all(|s| s.abs() < 0.05));
            assert!(!rests, "{millionths}");
        }
    }

    #[test]
    fn what_was_said_while_nobody_listened_is_forgotten() {
        let (mut device, mut incoming) = microphone().unwrap();
        copy_in(&mut device, &bytes((0..48_000).map(|n| tone(1_000.0, DEVICE_RATE_HZ, n))));
        incoming.forget();
        assert_eq!(incoming.next_frame(), None);
        copy_in(&mut device, &bytes((0..4 * PERIOD).map(|_| 0.0)));
        assert_eq!(incoming.next_frame(), Some(SILENCE));
    }

    #[test]
    fn a_device_that_stands_still_costs_no_delay_afterwards() {
        let (mut outgoing, mut device) = earpiece().unwrap();
        for _ in 0..200 {
            outgoing.play(&SILENCE);
        }
        assert!(device.slots() < CAPACITY / 2, "{}", device.slots());
        let mut all = vec![0; 4 * CAPACITY];
        copy_out(&mut device, &mut all);
        outgoing.play(&SILENCE);
        assert!(device.slots() >= TICK, "{}", device.slots());
    }
}
