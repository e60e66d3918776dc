//! The playout buffer: puts packets in order, evens out their arrival, and keeps playing whatever comes.
//!
//! Samples lie at their timestamp in a ring, so that reordering, duplicates and packet lengths need no care.
//! The delay starts at 60 ms and follows the observed jitter between 40 and 200 ms: upwards when packets come
//! too late to be played, downwards only after seconds of needless delay, since each change is a small
//! disturbance. A stream that restarts (other SSRC, a jump of its timestamps) is followed at its second
//! packet; a stray packet is not.

use super::conceal::{Concealer, correlation};
use super::{Frame, Rate};
use crate::instant::Instant;
use std::collections::VecDeque;
use std::time::Duration;

/// Timestamp units in a millisecond; the buffer's lengths are in samples.
const PER_MS: i64 = 8;

const FRAME_SAMPLES: usize = Rate::Narrow.frame_samples();

const CAPACITY: usize = 16_384;

/// Packets this far from what is played belong to another timeline.
const HORIZON: i64 = 8_000;

const INITIAL_DELAY: i64 = 60 * PER_MS;
const LEAST_DELAY: i64 = 40 * PER_MS;
const MOST_DELAY: i64 = 200 * PER_MS;

/// Packets whose arrival is remembered: 5 s at 20 ms.
const OBSERVED: usize = 250;

/// Fewer tell nothing about the jitter.
const FEW: usize = 10;

/// Delay above the target that is worth a disturbance, and for how many frames it must last.
const EXCESS: i64 = 60 * PER_MS;
const EXCESS_FRAMES: u32 = 150;

/// Delay above the target that is cut off at once, and for how many frames it must last.
const GROSS_EXCESS: i64 = 300 * PER_MS;
const GROSS_EXCESS_FRAMES: u32 = 10;

/// Packets in a row, and how long they come, that are late because the timeline has moved.
const LATE_RUN: u32 = 5;
const LATE_RUN_TIME: Duration = Duration::from_millis(80);

/// Without any sample for this long the next packet starts anew.
const IDLE: i64 = 500 * PER_MS;

/// While the known SSRC has spoken within this time, another one waits.
const STILL_SPEAKING: Duration = Duration::from_millis(60);

/// Sound of one packet.
pub(super) struct Sound<'a> {
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    pub marker: bool,
    pub samples: &'a [i16],
}

pub(super) struct JitterBuffer {
    ring: Ring,
    concealer: Concealer,
    timeline: Option<Timeline>,
    /// First packet of what may be a new timeline.
    candidate: Option<Candidate>,
    late: u64,
}

/// One run of timestamps and how it is played.
struct Timeline {
    ssrc: u32,
    sequence: u16,
    /// Which of the last 64 sequence numbers have come; the newest is bit 0.
    seen: u64,
    /// A timestamp and its position, to place others by.
    timestamp: u32,
    position: i64,
    /// Position of the next sample to play.
    play: i64,
    /// Since when packets wait for the first frame; `None` once it plays.
    filling_since: Option<Instant>,
    last_arrival: Instant,
    transits: VecDeque<i64>,
    quickest: i64,
    target: i64,
    delay: i64,
    late_run: Option<(Instant, u32)>,
    excess_frames: u32,
    shrinking: bool,
    empty: i64,
}

/// Beside the packets before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrival {
    Newer,
    Older,
    Duplicate,
}

struct Candidate {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    marker: bool,
    samples: Vec<i16>,
    arrival: Instant,
}

impl JitterBuffer {
    pub fn new() -> Self {
        Self { ring: Ring::new(), concealer: Concealer::new(), timeline: None, candidate: None, late: 0 }
    }

    pub fn put(&mut self, now: Instant, sound: &Sound<'_>) {
        if sound.samples.is_empty() || sound.samples.len() as i64 > HORIZON / 4 {
            return;
        }
        let Some(timeline) = &mut self.timeline else { return self.start(now, sound) };
        if timeline.empty >= IDLE {
            return self.start(now, sound);
        }
        let (position, offset) = timeline.place(sound.timestamp);
        let jumped = offset.abs() > HORIZON || timeline.is_ahead_of_its_time(now, position);
        if timeline.ssrc != sound.ssrc || jumped {
            return self.consider(now, sound);
        }
        self.candidate = None;
        let arrival = timeline.arrived(now, sound, position);
        if arrival == Arrival::Duplicate {
            return;
        }
        let newer = arrival == Arrival::Newer;
        if timeline.filling_since.is_some() && (-MOST_DELAY..0).contains(&offset) {
            // Reordered before the first frame was played.
            timeline.play = position;
        }
        let length = sound.samples.len() as i64;
        if position + length <= timeline.play && newer {
            timeline.grow();
        }
        if position + length > timeline.play {
            timeline.late_run = None;
            return self.ring.write(timeline.play, position, sound.samples);
        }
        if newer && (sound.marker || timeline.ran_late(now)) {
            return self.start(now, sound);
        }
        self.late += 1;
    }

    /// Forgets the stream: nothing is to be heard until another one starts.
    pub fn reset(&mut self) {
        *self = Self { late: self.late, ..Self::new() };
    }

    /// The next 20 ms.
    pub fn play(&mut self, now: Instant) -> Frame {
        let Some(timeline) = &mut self.timeline else { return self.concealer.play([None; FRAME_SAMPLES]) };
        if !timeline.starts(now) {
            return self.concealer.play([None; FRAME_SAMPLES]);
        }
        timeline.observe_delay(now);
        if timeline.is_grossly_late() {
            let skipped = timeline.delay - timeline.target;
            self.ring.discard(timeline.play, skipped);
            timeline.play += skipped;
            self.concealer.cut();
        } else if timeline.wants_to_shrink() {
            timeline.play += self.ring.squeeze(timeline.play);
        }
        let play = timeline.play;
        let mut found = 0;
        let frame = self.concealer.play((play..play + FRAME_SAMPLES as i64).map(|position| {
            let sample = self.ring.take(position);
            found += i64::from(sample.is_some());
            sample
        }));
        timeline.play += FRAME_SAMPLES as i64;
        timeline.empty = if found > 0 { 0 } else { timeline.empty + FRAME_SAMPLES as i64 };
        frame
    }

    /// Packets that came too late to be played.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// From a packet's arrival to its first sample's, for the quickest packets.
    pub fn delay_ms(&self) -> f32 {
        self.timeline.as_ref().map_or(0.0, |timeline| timeline.delay as f32 / PER_MS as f32)
    }

    fn start(&mut self, now: Instant, sound: &Sound<'_>) {
        self.ring.clear();
        self.candidate = None;
        self.ring.write(0, 0, sound.samples);
        self.timeline = Some(Timeline {
            ssrc: sound.ssrc,
            sequence: sound.sequence,
            seen: 1,
            timestamp: sound.timestamp,
            position: 0,
            play: 0,
            filling_since: Some(now),
            last_arrival: now,
            transits: VecDeque::from([samples_at(now)]),
            quickest: samples_at(now),
            target: INITIAL_DELAY,
            delay: INITIAL_DELAY,
            late_run: None,
            excess_frames: 0,
            shrinking: false,
            empty: 0,
        });
    }

    /// Follows a new timeline at its second packet.
    fn consider(&mut self, now: Instant, sound: &Sound<'_>) {
        let same_ssrc = self.timeline.as_ref().is_some_and(|timeline| timeline.ssrc == sound.ssrc);
        let speaking = self.timeline.as_ref().is_some_and(|t| now.since(t.last_arrival) < STILL_SPEAKING);
        match self.candidate.take() {
            Some(first) if first.is_followed_by(sound) && (same_ssrc || !speaking) => {
                self.start(first.arrival, &first.sound());
                self.put(now, sound);
            }
            _ => self.candidate = Some(Candidate::new(now, sound)),
        }
    }
}

impl Timeline {
    /// The position of a timestamp, and how far it is from what is played.
    fn place(&self, timestamp: u32) -> (i64, i64) {
        let position = self.position + i64::from(timestamp.wrapping_sub(self.timestamp).cast_signed());
        (position, position - self.play)
    }

    /// Whether the packet comes much quicker than all before could: the timestamps have jumped forwards.
    fn is_ahead_of_its_time(&self, now: Instant, position: i64) -> bool {
        samples_at(now) - position + MOST_DELAY < self.quickest
    }

    fn arrived(&mut self, now: Instant, sound: &Sound<'_>, position: i64) -> Arrival {
        let ahead = sound.sequence.wrapping_sub(self.sequence).cast_signed();
        let behind = u32::from(ahead.unsigned_abs());
        if ahead <= 0 && 1_u64.checked_shl(behind).is_some_and(|bit| self.seen & bit != 0) {
            return Arrival::Duplicate;
        }
        self.last_arrival = now;
        if self.transits.len() == OBSERVED {
            self.transits.pop_front();
        }
        self.transits.push_back(samples_at(now) - position);
        self.observe_transits();
        if ahead <= 0 {
            self.seen |= 1_u64.checked_shl(behind).unwrap_or_default();
            return Arrival::Older;
        }
        self.seen = self.seen.checked_shl(behind).unwrap_or_default() | 1;
        self.sequence = sound.sequence;
        self.timestamp = sound.timestamp;
        self.position = position;
        Arrival::Newer
    }

    /// The target is the delay that would have played 97 in 100 of the observed packets.
    fn observe_transits(&mut self) {
        self.quickest = self.transits.iter().copied().min().unwrap_or_default();
        if self.transits.len() < FEW {
            return;
        }
        let mut transits: Vec<i64> = self.transits.iter().copied().collect();
        let rank = (transits.len() * 97 / 100).min(transits.len() - 1);
        let (_, slow, _) = transits.select_nth_unstable(rank);
        let spread = *slow - self.quickest;
        self.target = (spread + FRAME_SAMPLES as i64).clamp(LEAST_DELAY, MOST_DELAY);
    }

    /// Plays later from now on if the target asks for it: what was played for want of a packet is repeated.
    fn grow(&mut self) {
        let growth = self.target - self.delay;
        if growth > 0 && self.filling_since.is_none() {
            self.play -= growth;
            self.delay += growth;
        }
    }

    fn ran_late(&mut self, now: Instant) -> bool {
        let (since, packets) = self.late_run.unwrap_or((now, 0));
        self.late_run = Some((since, packets + 1));
        packets + 1 >= LATE_RUN && now.since(since) >= LATE_RUN_TIME
    }

    /// Whether sound is played now: a new timeline waits for its delay to fill.
    fn starts(&mut self, now: Instant) -> bool {
        if let Some(since) = self.filling_since {
            // The nearest tick, which may be half a frame early.
            let frame = FRAME_SAMPLES as i64;
            if samples_at(now) - samples_at(since) + frame / 2 < INITIAL_DELAY {
                return false;
            }
            self.filling_since = None;
        }
        true
    }

    fn observe_delay(&mut self, now: Instant) {
        self.delay = samples_at(now) - self.play - self.quickest;
        let excess = self.delay - self.target;
        self.shrinking &= excess > 10 * PER_MS;
        self.excess_frames = if excess >= EXCESS || self.shrinking { self.excess_frames + 1 } else { 0 };
    }

    fn is_grossly_late(&self) -> bool {
        self.delay - self.target >= GROSS_EXCESS && self.excess_frames >= GROSS_EXCESS_FRAMES
    }

    /// At most every fifth frame, so that speech is not hurried.
    fn wants_to_shrink(&mut self) -> bool {
        self.shrinking |= self.excess_frames >= EXCESS_FRAMES;
        self.shrinking && self.excess_frames.is_multiple_of(5)
    }
}

impl Candidate {
    fn new(arrival: Instant, sound: &Sound<'_>) -> Self {
        let &Sound { ssrc, sequence, timestamp, marker, samples } = sound;
        Self { ssrc, sequence, timestamp, marker, samples: samples.to_vec(), arrival }
    }

    fn sound(&self) -> Sound<'_> {
        let &Self { ssrc, sequence, timestamp, marker, ref samples, .. } = self;
        Sound { ssrc, sequence, timestamp, marker, samples }
    }

    /// Whether that packet is the next, or nearly, of the same timeline.
    fn is_followed_by(&self, sound: &Sound<'_>) -> bool {
        let ahead = sound.timestamp.wrapping_sub(self.timestamp).cast_signed();
        self.ssrc == sound.ssrc
            && (1..=16).contains(&sound.sequence.wrapping_sub(self.sequence))
            && (0..=HORIZON).contains(&i64::from(ahead))
    }
}

/// The time in samples.
fn samples_at(now: Instant) -> i64 {
    // Eight times the microseconds reach 2^63 after 36,000 years.
    now.since_start().as_micros() as i64 * PER_MS / 1_000
}

/// Samples by position, modulo its capacity.
struct Ring {
    samples: Vec<i16>,
    filled: Vec<bool>,
}

impl Ring {
    fn new() -> Self {
        Self { samples: vec![0; CAPACITY], filled: vec![false; CAPACITY] }
    }

    fn clear(&mut self) {
        self.filled.fill(false);
    }

    /// Writes what is not before `from`; the caller keeps it within [`HORIZON`] of it.
    fn write(&mut self, from: i64, position: i64, samples: &[i16]) {
        for (position, sample) in (position..).zip(samples).filter(|(position, _)| *position >= from) {
            let slot = slot(position);
            self.samples[slot] = *sample; // `slot` is below the capacity
            self.filled[slot] = true;
        }
    }

    fn get(&self, position: i64) -> Option<i16> {
        let slot = slot(position);
        self.filled[slot].then(|| self.samples[slot]) // `slot` is below the capacity
    }

    fn take(&mut self, position: i64) -> Option<i16> {
        let sample = self.get(position);
        self.filled[slot(position)] = false; // as above
        sample
    }

    fn discard(&mut self, position: i64, length: i64) {
        for position in position..position + length.min(CAPACITY as i64) {
            self.take(position);
        }
    }

    /// Takes one pitch period out of the sound at this position, seams blended; how many samples that were.
    fn squeeze(&mut self, position: i64) -> i64 {
        const BLEND: usize = 80;
        const LONGEST: usize = 120;
        let ahead: Option<Vec<i16>> =
            (position..position + (BLEND + LONGEST) as i64).map(|position| self.get(position)).collect();
        let Some(ahead) = ahead else { return 0 };
        // Both ranges lie within the `BLEND + LONGEST` samples.
        let likeness = |lag: usize| correlation(&ahead[..BLEND], &ahead[lag..lag + BLEND]);
        let best = (40..=LONGEST).max_by(|a, b| likeness(*a).total_cmp(&likeness(*b))).unwrap_or(LONGEST);
        let blended: Vec<i16> = ahead
            .iter()
            .zip(&ahead[best..])
            .zip(0..BLEND as i32)
            .map(|((early, late), n)| {
                let whole = BLEND as i32;
                ((i32::from(*early) * (whole - n) + i32::from(*late) * n) / whole) as i16
            })
            .collect();
        self.discard(position, best as i64);
        self.write(position, position + best as i64, &blended);
        best as i64
    }
}

fn slot(position: i64) -> usize {
    // The remainder by the capacity is below it.
    position.rem_euclid(CAPACITY as i64) as usize
}
