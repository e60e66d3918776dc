//! Counting what arrives (RFC 3550 A.1, A.3, A.8).

use crate::instant::Instant;

/// A sequence number this far ahead is a restart, not loss; this far behind, not reordering.
const MAX_DROPOUT: u16 = 3_000;
const MAX_MISORDER: u16 = 100;

/// A difference of more seconds is a jump of the timestamps.
const LONGEST_JITTER_S: f64 = 10.0;

/// Until one is told; never 0.
const USUAL_CLOCK_HZ: u32 = 8_000;

/// The stream we hear, over all its restarts.
#[derive(Default)]
pub(in crate::media) struct Reception {
    source: Option<Source>,
    packets: u64,
    /// Of sources and runs before the current one.
    lost_before: u64,
    expected_before: u64,
}

/// One run of sequence numbers of one SSRC.
struct Source {
    ssrc: u32,
    base: u16,
    highest: u16,
    cycles: u32,
    received: u64,
    /// The number that would confirm a restart.
    restart_at: Option<u16>,
    transit: Option<u32>,
    /// Of its timestamps, and of the jitter.
    clock_hz: u32,
    jitter: f64,
    expected_reported: u64,
    received_reported: u64,
}

/// A report block's figures about the source (RFC 3550 §6.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Figures {
    pub ssrc: u32,
    pub fraction_lost: u8,
    pub cumulative_lost: u32,
    pub highest: u32,
    pub jitter: u32,
}

impl Reception {
    /// A believed packet came. `clock_hz`: its timestamp tells in that clock when it was sent, which that of a telephone
    /// event does not.
    pub fn count(&mut self, now: Instant, ssrc: u32, sequence: u16, timestamp: u32, clock_hz: Option<u32>) {
        self.packets += 1;
        if self.source.as_ref().is_none_or(|source| source.ssrc != ssrc) {
            self.renew(ssrc, sequence);
        }
        let Some(source) = &mut self.source else { return };
        match source.place(sequence) {
            Placed::InOrder => (),
            Placed::Astray => return,
            Placed::Restarted => self.renew(ssrc, sequence),
        }
        let Some(source) = &mut self.source else { return };
        source.received += 1;
        if let Some(clock_hz) = clock_hz {
            source.observe(now, timestamp, clock_hz);
        }
    }

    pub fn packets(&self) -> u64 {
        self.packets
    }

    pub fn lost(&self) -> u64 {
        self.lost_before + self.source.as_ref().map_or(0, Source::lost)
    }

    pub fn expected(&self) -> u64 {
        self.expected_before + self.source.as_ref().map_or(0, Source::expected)
    }

    pub fn jitter_ms(&self) -> f32 {
        self.source.as_ref().map_or(0.0, |source| source.jitter as f32 * 1_000.0 / source.clock_hz as f32)
    }

    /// For the next report; the fraction is that since the last one.
    pub(super) fn report(&mut self) -> Option<Figures> {
        let source = self.source.as_mut()?;
        let expected = source.expected() - source.expected_reported;
        let received = source.received - source.received_reported;
        source.expected_reported = source.expected();
        source.received_reported = source.received;
        let lost = expected.saturating_sub(received);
        Some(Figures {
            ssrc: source.ssrc,
            // At most 255, as lost is never more than expected.
            fraction_lost: (lost * 256).checked_div(expected).unwrap_or_default().min(255) as u8,
            // 24 bits, signed.
            cumulative_lost: source.lost().min(0x7f_ffff) as u32,
            highest: source.extended(),
            jitter: source.jitter as u32,
        })
    }

    fn renew(&mut self, ssrc: u32, sequence: u16) {
        self.lost_before = self.lost();
        self.expected_before = self.expected();
        let same = self.source.take().filter(|source| source.ssrc == ssrc);
        let clock_hz = same.as_ref().map_or(USUAL_CLOCK_HZ, |source| source.clock_hz);
        self.source = Some(Source {
            ssrc,
            base: sequence,
            highest: sequence,
            cycles: 0,
            received: 0,
            restart_at: None,
            transit: None,
            clock_hz,
            jitter: same.map_or(0.0, |source| source.jitter),
            expected_reported: 0,
            received_reported: 0,
        });
    }
}

enum Placed {
    InOrder,
    Astray,
    Restarted,
}

impl Source {
    fn place(&mut self, sequence: u16) -> Placed {
        let ahead = sequence.wrapping_sub(self.highest);
        if ahead < MAX_DROPOUT {
            if sequence < self.highest {
                self.cycles = self.cycles.wrapping_add(1);
            }
            self.highest = sequence;
        } else if ahead <= u16::MAX - MAX_MISORDER {
            if self.restart_at == Some(sequence) {
                return Placed::Restarted;
            }
            self.restart_at = Some(sequence.wrapping_add(1));
            return Placed::Astray;
        }
        self.restart_at = None;
        Placed::InOrder
    }

    fn observe(&mut self, now: Instant, timestamp: u32, clock_hz: u32) {
        if clock_hz != self.clock_hz {
            self.jitter *= f64::from(clock_hz) / f64::from(self.clock_hz);
            (self.clock_hz, self.transit) = (clock_hz, None);
        }
        // Only differences matter, modulo 2^32.
        let arrival = (now.since_start().as_micros() * u128::from(clock_hz) / 1_000_000) as u32;
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(last) = self.transit {
            let difference = f64::from(transit.wrapping_sub(last).cast_signed().unsigned_abs());
            // A jump of the timestamps is no jitter.
            if difference < f64::from(clock_hz) * LONGEST_JITTER_S {
                self.jitter += (difference - self.jitter) / 16.0;
            }
        }
        self.transit = Some(transit);
    }

    fn extended(&self) -> u32 {
        self.cycles.wrapping_shl(16) | u32::from(self.highest)
    }

    fn expected(&self) -> u64 {
        (u64::from(self.cycles) * 0x1_0000 + u64::from(self.highest) + 1).saturating_sub(u64::from(self.base))
    }

    fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(ms: u64) -> Instant {
        Instant::from_start(Duration::from_millis(ms))
    }

    fn hear(reception: &mut Reception, sequences: impl IntoIterator<Item = u16>) {
        for sequence in sequences {
            reception.count(at(0), 1, sequence, 0, None);
        }
    }

    #[test]
    fn loss_is_counted_across_the_wrap() {
        let mut reception = Reception::default();
        hear(&mut reception, (65_500..=65_535).chain(0..100).filter(|n| n % 10 != 3));
        assert_eq!((reception.expected(), reception.lost()), (136, 14));
        let figures = reception.report().unwrap();
        assert_eq!((figures.highest, figures.cumulative_lost, figures.fraction_lost), (0x1_0063, 14, 26));
    }

    #[test]
    fn fraction_is_that_since_the_last_report() {
        let mut reception = Reception::default();
        hear(&mut reception, (1..=100).filter(|n| n % 2 == 0 || *n == 1));
        assert_eq!(reception.report().unwrap().fraction_lost, 125);
        hear(&mut reception, 101..200);
        assert_eq!(reception.report().unwrap().fraction_lost, 0);
    }

    #[test]
    fn reordering_and_duplicates_are_no_loss() {
        let mut reception = Reception::default();
        hear(&mut reception, [1, 2, 4, 3, 5, 5, 6]);
        assert_eq!(reception.lost(), 0);
    }

    #[test]
    fn a_jump_of_numbers_is_believed_at_the_second_packet() {
        let mut reception = Reception::default();
        hear(&mut reception, [10, 11, 40_000, 12, 13]);
        assert_eq!((reception.expected(), reception.lost()), (4, 0));
        hear(&mut reception, [30_000, 30_001, 30_002]);
        assert_eq!((reception.expected(), reception.lost()), (6, 0));
    }

    #[test]
    fn jitter_is_that_of_rfc_3550() {
        let mut reception = Reception::default();
        for n in 0..400_u16 {
            let late = if n % 2 == 0 { 0 } else { 10 };
            reception.count(at(u64::from(n) * 20 + late), 1, n, u32::from(n) * 160, Some(8_000));
        }
        assert!((reception.jitter_ms() - 10.0).abs() < 0.1, "{}", reception.jitter_ms());
    }

    #[test]
    fn jitter_is_told_in_ms_whatever_the_clock() {
        let mut reception = Reception::default();
        for n in 0..800_u16 {
            let late = if n % 2 == 0 { 0 } else { 10 };
            let (clock, step) = if n < 400 { (8_000, 160) } else { (48_000, 960) };
            reception.count(at(u64::from(n) * 20 + late), 1, n, u32::from(n) * step, Some(clock));
            if n == 400 {
                assert!((reception.jitter_ms() - 10.0).abs() < 0.1, "kept: {}", reception.jitter_ms());
            }
        }
        assert!((reception.jitter_ms() - 10.0).abs() < 0.1, "{}", reception.jitter_ms());
        let told = reception.report().unwrap().jitter;
        assert!((470..=485).contains(&told), "{told} in the clock of the timestamps");
    }

    #[test]
    fn loss_is_kept_when_the_source_changes() {
        let mut reception = Reception::default();
        hear(&mut reception, [1, 2, 5]);
        reception.count(at(0), 2, 100, 0, None);
        assert_eq!((reception.lost(), reception.packets()), (2, 4));
    }
}
