//! One run of timestamps: its packets in order, and the place up to which they are played.

use super::super::Codec;
use super::{HORIZON_MS, Kind, Received};
use crate::instant::Instant;
use std::collections::BTreeMap;
use std::time::Duration;

/// Packets in a row, and how long they come, that are late because the timeline has moved.
const LATE_RUN: u32 = 5;
const LATE_RUN_TIME: Duration = Duration::from_millis(80);

/// More packets are not kept: a second of the shortest there are.
const MOST_PACKETS: usize = 128;

/// So long after a loss more may follow.
const LOSSES_US: i64 = 10_000_000;

/// Positions and lengths are in units of the RTP clock.
pub(super) struct Timeline {
    pub ssrc: u32,
    pub clock_hz: u32,
    /// The highest.
    sequence: u16,
    /// Which of the last 64 sequence numbers have come; the newest is bit 0.
    seen: u64,
    /// A timestamp and its position, to place others by.
    timestamp: u32,
    position: i64,
    /// Position of the first sound that is not decoded yet, and the number of its packet unless some are lost.
    pub next: i64,
    pub expected: u16,
    /// What was made up while nothing came, and is not accounted for yet.
    pub waited: i64,
    /// The speaker says nothing, or nothing yet: sound starts when it has waited long enough.
    pub paused: bool,
    /// Something of it was played.
    pub started: bool,
    pub last_arrival: Instant,
    /// Of the latest packet of sound.
    pub length: i64,
    store: BTreeMap<i64, Stored>,
    late_run: Option<(Instant, u32)>,
    /// The last gap, and the one before.
    losses: [Option<Gap>; 2],
    /// Nothing was taken since it began: more of it is no other one.
    in_gap: bool,
}

/// What was taken for lost, from one position to another.
#[derive(Clone, Copy)]
struct Gap {
    from: i64,
    to: i64,
}

/// A packet that waits.
pub(super) struct Stored {
    pub sequence: u16,
    pub length: i64,
    pub arrival: Instant,
    pub kind: Kind,
}

/// Beside the packets before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    Newer,
    Older,
    Duplicate,
}

impl Timeline {
    pub fn new(first: &Received) -> Self {
        Self {
            ssrc: first.ssrc,
            clock_hz: first.clock_hz,
            // As if the packet before had come last.
            sequence: first.sequence.wrapping_sub(1),
            seen: 0,
            timestamp: first.timestamp,
            position: 0,
            next: 0,
            expected: first.sequence,
            waited: 0,
            paused: true,
            started: false,
            last_arrival: first.arrival,
            length: 0,
            store: BTreeMap::new(),
            late_run: None,
            losses: [None; 2],
            in_gap: false,
        }
    }

    /// The position of a timestamp, and how far it is from what is played.
    pub fn place(&self, timestamp: u32) -> (i64, i64) {
        let position = self.position + i64::from(timestamp.wrapping_sub(self.timestamp).cast_signed());
        (position, position - self.next - self.waited)
    }

    /// In microseconds.
    pub fn time(&self, units: i64) -> i64 {
        units.saturating_mul(1_000_000) / i64::from(self.clock_hz)
    }

    pub fn order(&mut self, packet: &Received, position: i64) -> Order {
        let ahead = packet.sequence.wrapping_sub(self.sequence).cast_signed();
        let behind = u32::from(ahead.unsigned_abs());
        if ahead <= 0 {
            let bit = 1_u64.checked_shl(behind).unwrap_or_default();
            if self.seen & bit != 0 {
                return Order::Duplicate;
            }
            self.seen |= bit;
        } else {
            self.seen = self.seen.checked_shl(behind).unwrap_or_default() | 1;
            self.sequence = packet.sequence;
            self.timestamp = packet.timestamp;
            self.position = position;
        }
        self.last_arrival = packet.arrival;
        if packet.length > 0 {
            self.length = packet.length;
        }
        if ahead <= 0 { Order::Older } else { Order::Newer }
    }

    /// Whether what is to be heard of the packet has been played without it.
    pub fn is_late(&self, packet: &Received, position: i64) -> bool {
        match packet.kind {
            Kind::Sound(..) | Kind::Unpacked(..) => position + packet.length <= self.next,
            Kind::Noise(_) => packet.sequence.wrapping_sub(self.expected).cast_signed() < 0,
        }
    }

    /// A packet that came before all that waits, and before anything was played.
    pub fn begin_with(&mut self, sequence: u16, position: i64) {
        self.next = position;
        self.expected = sequence;
    }

    pub fn keep(&mut self, packet: Received, position: i64) {
        self.late_run = None;
        if self.store.len() < MOST_PACKETS {
            let Received { sequence, length, arrival, kind, .. } = packet;
            self.store.entry(position).or_insert(Stored { sequence, length, arrival, kind });
        }
    }

    /// Newer packets come late, one after the other: the timeline has moved.
    pub fn ran_late(&mut self, now: Instant) -> bool {
        let (since, packets) = self.late_run.unwrap_or((now, 0));
        self.late_run = Some((since, packets + 1));
        packets + 1 >= LATE_RUN && now.since(since) >= LATE_RUN_TIME
    }

    pub fn first(&self) -> Option<(i64, &Stored)> {
        self.store.first_key_value().map(|(position, stored)| (*position, stored))
    }

    pub fn first_mut(&mut self) -> Option<(i64, &mut Stored)> {
        self.store.first_entry().map(|entry| (*entry.key(), entry.into_mut()))
    }

    pub fn holds_several(&self) -> bool {
        self.store.len() > 1
    }

    pub fn take_first(&mut self) -> Option<(i64, Stored)> {
        self.store.pop_first()
    }

    /// A packet was taken, and ends here.
    pub fn went_on(&mut self, sequence: u16, end: i64) {
        self.next = self.next.max(end);
        self.expected = sequence.wrapping_add(1);
        self.waited = 0;
        self.started = true;
        self.in_gap = false;
    }

    /// So much of what is played next is lost; several packets in a row count once.
    pub fn miss(&mut self, length: i64) {
        let (from, to) = (self.next, self.next + length);
        let [last, before] = &mut self.losses;
        match last {
            Some(last) if self.in_gap => last.to = to,
            Some(last) if from - last.from <= 8 * self.length => {}
            _ => (*before, *last) = (*last, Some(Gap { from, to })),
        }
        self.in_gap = true;
    }

    /// What was taken for lost has come too late.
    pub fn found(&mut self, position: i64) {
        let [last, before] = self.losses;
        let is_in = |gap: Option<Gap>| gap.is_some_and(|gap| (gap.from..gap.to).contains(&position));
        if is_in(last) {
            // What is missing behind it is a gap of its own, and no more of the one before.
            (self.losses, self.in_gap) = ([before, None], false);
        } else if is_in(before) {
            self.losses = [last, None];
        }
    }

    pub fn sees_loss(&self) -> bool {
        self.losses[0].is_some_and(|last| self.time(self.next - last.from) < LOSSES_US)
    }

    /// Beyond what a pause or a path could make of it.
    pub fn is_far(offset: i64, clock_hz: u32) -> bool {
        offset.abs() > HORIZON_MS * i64::from(clock_hz) / 1_000
    }
}

impl Stored {
    pub fn codec(&self) -> Option<Codec> {
        match self.kind {
            Kind::Sound(codec, _) | Kind::Unpacked(codec, _) => Some(codec),
            Kind::Noise(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: i64 = 160;

    fn timeline() -> Timeline {
        let first = Received {
            ssrc: 1,
            sequence: 0,
            timestamp: 0,
            marker: false,
            clock_hz: 8_000,
            length: PACKET,
            arrival: Instant::START,
            kind: Kind::Sound(Codec::Pcma, Vec::new()),
        };
        Timeline { length: PACKET, ..Timeline::new(&first) }
    }

    impl Timeline {
        fn loses(&mut self, packets: u16) {
            for _ in 0..packets {
                self.miss(PACKET);
                self.next += PACKET;
            }
        }

        fn plays(&mut self, packets: u16) {
            (0..packets).for_each(|_| self.went_on(0, self.next + PACKET));
        }
    }

    #[test]
    fn a_gap_is_seen_for_a_while_however_long_it_was() {
        for packets in [1, 2, 9, 40] {
            let mut timeline = timeline();
            timeline.plays(10);
            assert!(!timeline.sees_loss());
            timeline.loses(packets);
            timeline.plays(1);
            assert!(timeline.sees_loss(), "{packets}");
            timeline.plays(500);
            assert!(!timeline.sees_loss(), "{packets}");
        }
    }

    #[test]
    fn a_late_packet_takes_away_the_gap_it_was_missed_in_and_no_other() {
        let mut timeline = timeline();
        timeline.plays(10);
        timeline.loses(12);
        timeline.plays(30);
        timeline.loses(1);
        timeline.plays(5);
        timeline.found(3 * PACKET);
        timeline.found(30 * PACKET);
        assert!(timeline.sees_loss(), "what was late elsewhere is no word about what is lost");
        timeline.found(21 * PACKET);
        assert!(timeline.sees_loss(), "the other one is lost all the same");
        timeline.found(52 * PACKET);
        assert!(!timeline.sees_loss());
    }

    #[test]
    fn what_is_missing_behind_a_late_packet_is_no_more_of_an_older_gap() {
        let mut timeline = timeline();
        timeline.plays(10);
        timeline.loses(1);
        timeline.plays(400);
        // Two are missing, and the first of them was only late.
        timeline.loses(1);
        timeline.found(411 * PACKET);
        timeline.loses(1);
        timeline.plays(20);
        timeline.found(100 * PACKET);
        assert!(timeline.sees_loss(), "what was played between them was no gap");
        timeline.plays(400);
        assert!(timeline.sees_loss(), "ten seconds count from the last one that is missing");
        timeline.plays(100);
        assert!(!timeline.sees_loss());
    }
}
