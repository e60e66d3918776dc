//! Many networks, each made by its seed. `PATCHCORD_ROUNDS` of them: `scripts/simulate-playout` takes 10,000.

use super::*;
use crate::media::codec::g711;

/// xorshift64*: one more or less even stream for each seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit.max(1)
    }

    fn of(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What a network and its sender do.
#[derive(Debug)]
struct Law {
    packet_ms: u64,
    loss_percent: u64,
    burst: u64,
    jitter_ms: u64,
    duplicates_percent: u64,
    drift_ppm: i64,
    /// The sender is silent for spells, and may say so.
    pauses: bool,
    comfort_noise: bool,
    /// In the middle another SSRC, another timestamp, or both.
    changes_ssrc: bool,
    jumps: bool,
    sequence: u16,
    timestamp: u32,
}

struct Flight {
    arrives_us: u64,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    marker: bool,
    /// Of its sound; `None` for comfort noise.
    from: Option<u64>,
}

impl Law {
    fn new(chance: &mut Chance) -> Self {
        let jitters = [0, 0, 5, 20, 40, 60, 120, 200];
        Self {
            packet_ms: [10, 20, 20, 20, 30, 40, 60][chance.below(7) as usize],
            loss_percent: [0, 0, 0, 1, 5, 10, 30][chance.below(7) as usize],
            burst: 1 + chance.below(5),
            jitter_ms: jitters[chance.below(8) as usize],
            duplicates_percent: [0, 0, 10][chance.below(3) as usize],
            drift_ppm: [0, -200, 200][chance.below(3) as usize],
            pauses: chance.of(30),
            comfort_noise: chance.of(50),
            changes_ssrc: chance.of(20),
            jumps: chance.of(20),
            sequence: chance.below(1 << 16) as u16,
            // Close to its end or anywhere.
            timestamp: if chance.of(50) { u32::MAX - 20_000 } else { chance.below(1 << 32) as u32 },
        }
    }

    /// Nothing but the delay of each packet may be heard.
    fn is_whole(&self) -> bool {
        self.loss_percent == 0 && !self.pauses && !self.jumps && !self.changes_ssrc
    }

    fn flights(&self, chance: &mut Chance, seconds: u64) -> Vec<Flight> {
        let mut flights = Vec::new();
        let (mut sequence, mut timestamp, mut ssrc) = (self.sequence, self.timestamp, 1);
        let (mut burst, mut pause, mut marker) = (0, 0, true);
        let units = self.packet_ms * 8;
        for packet in 0..seconds * 1_000 / self.packet_ms {
            if packet * self.packet_ms == seconds * 500 / self.packet_ms * self.packet_ms {
                ssrc += u32::from(self.changes_ssrc);
                timestamp = timestamp.wrapping_add(if self.jumps { chance.below(1 << 32) as u32 } else { 0 });
            }
            if pause == 0 && self.pauses && chance.of(1) {
                pause = chance.below(200);
            }
            let sends_noise = self.comfort_noise && pause.is_multiple_of(20) && pause > 0;
            let from = (pause == 0).then_some(packet * units);
            pause = pause.saturating_sub(1);
            if from.is_some() || sends_noise {
                if burst == 0 && chance.of(self.loss_percent) {
                    burst = self.burst;
                }
                let lost = burst > 0;
                burst = burst.saturating_sub(1);
                let sent = (packet * self.packet_ms * 1_000) as i64;
                let sent_us = (sent + sent * self.drift_ppm / 1_000_000) as u64;
                for copy in 0..u64::from(!lost) + u64::from(chance.of(self.duplicates_percent)) {
                    let late_us = chance.below(self.jitter_ms * 1_000 + 300) + copy * 30_000;
                    let arrives_us = 30_000 + sent_us + late_us;
                    flights.push(Flight { arrives_us, ssrc, sequence, timestamp, marker, from });
                }
                sequence = sequence.wrapping_add(1);
            }
            marker = from.is_none();
            timestamp = timestamp.wrapping_add(units as u32);
        }
        flights.sort_by_key(|flight| flight.arrives_us);
        flights
    }
}

fn tone(n: u64) -> u8 {
    // 200 Hz.
    g711::a_law(((n as f32 * std::f32::consts::TAU / 40.0).sin() * 8_000.0) as i16)
}

fn live_through(seed: u64) {
    const SECONDS: u64 = 12;
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let law = Law::new(&mut chance);
    let flights = law.flights(&mut chance, SECONDS);
    let mut playout = Playout::with_decoders(Codec::decoder);
    let phase_us = chance.below(20_000);
    let mut arriving = flights.iter().peekable();
    let mut silent_ms = 0;
    for tick in 0..SECONDS * 50 {
        let now_us = tick * 20_000 + phase_us;
        while let Some(flight) = arriving.next_if(|flight| flight.arrives_us <= now_us) {
            let payload: Vec<u8> =
                flight.from.into_iter().flat_map(|from| (from..from + law.packet_ms * 8).map(tone)).collect();
            let content = if payload.is_empty() {
                Content::ComfortNoise { payload: &[60] }
            } else {
                Content::Sound { codec: Codec::Pcma, payload: &payload }
            };
            let &Flight { arrives_us, ssrc, sequence, timestamp, marker, .. } = flight;
            playout.put(at(arrives_us), &Packet { ssrc, sequence, timestamp, marker, content });
        }
        let frame = playout.play(at(now_us));
        let delay = playout.delay_ms();
        assert!((-1.0..=400.0).contains(&delay), "seed {seed}: {delay} ms of delay, {law:?}");
        if arriving.peek().is_some() && tick > 100 {
            let silent = frame.chunks(40).filter(|c| c.iter().all(|s| s.abs() < 200)).count();
            silent_ms += silent * 5;
        }
    }
    if law.is_whole() {
        // Until the jitter is known some packets of it come too late.
        assert!(silent_ms <= if law.jitter_ms > 60 { 60 } else { 0 }, "seed {seed}: {silent_ms} ms, {law:?}");
        let figures = playout.figures();
        if law.jitter_ms <= 5 {
            assert!(figures.concealed_ms() <= 60, "seed {seed}: {figures:?} {law:?}");
            assert!(figures.delay_ms < 90.0, "seed {seed}: {figures:?} {law:?}");
        }
    }
}

#[test]
fn whatever_a_network_does_sound_is_played_within_bounds() {
    // Few, because this build is slow.
    let rounds = std::env::var("PATCHCORD_ROUNDS").map_or(300, |rounds| rounds.parse().unwrap());
    (1..=rounds).for_each(live_through);
}
