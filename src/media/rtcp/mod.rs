//! RTCP (RFC 3550 §6): what each end tells the other about the streams.
//!
//! Reports leave every 5 s, each time 0.5 to 1.5 times that over e − 1.5 (§6.3.1), the first after half of it.
//! NTP times count from the start of the process: receivers only compare them (§4).

mod bursts;
mod reception;
mod xr;

pub(super) use bursts::Bursts;
pub(super) use reception::Reception;
pub(super) use xr::VoipMetrics;

use crate::instant::Instant;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use rtcp_types::{
    Bye, Compound, ReceiverReport, ReportBlock, ReportBlockBuilder, RtcpPacketParser, RtcpPacketWriterExt,
    Sdes, SdesChunk, SdesItem, SenderReport,
};
use std::time::Duration;

const INTERVAL: Duration = Duration::from_secs(5);

/// Round trips above this are a fault of theirs.
const LONGEST_ROUND_TRIP: f32 = 30_000.0;

/// What we send, as a sender report tells it.
#[derive(Clone, Copy, Default)]
pub(super) struct Sent {
    pub packets: u64,
    pub octets: u64,
    /// RTP timestamp of this moment.
    pub timestamp: u32,
    /// Whether anything was sent since the last two reports.
    pub recently: bool,
}

/// What they tell about our stream.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub(super) struct Heard {
    /// Since their last report, in 256ths.
    pub fraction_lost: u8,
    /// Since they heard the first.
    pub lost: u32,
    pub highest: u32,
    pub jitter_ms: f32,
}

impl Heard {
    /// Lost since their last report, 0 to 1.
    pub fn fraction(&self) -> f32 {
        f32::from(self.fraction_lost) / 256.0
    }
}

/// Writes our reports and reads theirs.
pub(super) struct Reporter {
    ssrc: u32,
    cname: String,
    rng: ChaCha20Rng,
    next: Instant,
    /// Middle of the NTP time of their last sender report, and when it came.
    their_report: Option<(u32, Instant)>,
    rtt_ms: Option<f32>,
    /// How they hear us, where they tell.
    theirs: Option<VoipMetrics>,
}

impl Reporter {
    pub fn new(now: Instant, ssrc: u32, mut rng: ChaCha20Rng) -> Self {
        // No name of ours or of the machine's (RFC 7022 §4.2).
        let cname = format!("{:016x}{:08x}", rng.next_u64(), rng.next_u32());
        let mut reporter =
            Self { ssrc, cname, rng, next: now, their_report: None, rtt_ms: None, theirs: None };
        reporter.schedule(now, INTERVAL / 2);
        reporter
    }

    pub fn is_due(&self, now: Instant) -> bool {
        now >= self.next
    }

    /// The report of this moment.
    pub fn report(
        &mut self,
        now: Instant,
        sent: &Sent,
        reception: &mut Reception,
        metrics: Option<&VoipMetrics>,
    ) -> Vec<u8> {
        self.schedule(now, INTERVAL);
        self.write(now, sent, reception, metrics, false)
    }

    /// The last report, with our goodbye.
    pub fn goodbye(
        &mut self,
        now: Instant,
        sent: &Sent,
        reception: &mut Reception,
        metrics: Option<&VoipMetrics>,
    ) -> Vec<u8> {
        self.write(now, sent, reception, metrics, true)
    }

    /// Their reports; one entry per report, `None` in it when it does not mention our stream, whose timestamps count by `clock_hz`.
    /// What is no RTCP is left out.
    pub fn read(&mut self, now: Instant, clock_hz: u32, bytes: &[u8]) -> Vec<Option<Heard>> {
        packets(bytes).filter_map(|packet| self.read_packet(now, clock_hz, packet)).collect()
    }

    pub fn rtt_ms(&self) -> Option<f32> {
        self.rtt_ms
    }

    /// How they hear us, by their extended reports.
    pub fn theirs(&self) -> Option<&VoipMetrics> {
        self.theirs.as_ref()
    }

    fn read_packet(&mut self, now: Instant, clock_hz: u32, packet: &[u8]) -> Option<Option<Heard>> {
        if let Ok(report) = SenderReport::parse(packet) {
            self.their_report = Some((middle(report.ntp_timestamp()), now));
            return Some(self.find_ours(now, clock_hz, report.report_blocks()));
        }
        if let Some(metrics) = xr::read(packet, self.ssrc) {
            self.theirs = Some(metrics);
            return None;
        }
        let report = ReceiverReport::parse(packet).ok()?;
        Some(self.find_ours(now, clock_hz, report.report_blocks()))
    }

    fn find_ours<'a>(
        &mut self,
        now: Instant,
        clock_hz: u32,
        mut blocks: impl Iterator<Item = ReportBlock<'a>>,
    ) -> Option<Heard> {
        let block = blocks.find(|block| block.ssrc() == self.ssrc)?;
        let last = block.last_sender_report_timestamp();
        if last != 0 {
            let held = block.delay_since_last_sender_report_timestamp();
            let units = middle(ntp(now)).wrapping_sub(last).wrapping_sub(held).cast_signed();
            // A clock of theirs that runs ahead can make it slightly negative.
            let rtt_ms = (units as f32 / 65.536).max(0.0);
            if rtt_ms < LONGEST_ROUND_TRIP {
                self.rtt_ms = Some(rtt_ms);
            }
        }
        Some(Heard {
            fraction_lost: block.fraction_lost(),
            // 24 bits, signed: negative where duplicates outnumber losses.
            lost: Some(block.cumulative_lost()).filter(|lost| lost >> 23 == 0).unwrap_or_default(),
            highest: block.extended_sequence_number(),
            jitter_ms: block.interarrival_jitter() as f32 * 1_000.0 / clock_hz.max(1) as f32,
        })
    }

    fn write(
        &mut self,
        now: Instant,
        sent: &Sent,
        reception: &mut Reception,
        metrics: Option<&VoipMetrics>,
        goodbye: bool,
    ) -> Vec<u8> {
        let block = self.block(now, reception);
        let about = block.as_ref().map(|(source, _)| *source);
        let block = block.map(|(_, block)| block);
        let mut compound = Compound::builder();
        compound = if sent.recently {
            let report = SenderReport::builder(self.ssrc)
                .ntp_timestamp(ntp(now))
                .rtp_timestamp(sent.timestamp)
                // Both counters wrap (§6.4.1).
                .packet_count(sent.packets as u32)
                .octet_count(sent.octets as u32);
            compound
                .add_packet(block.into_iter().fold(report, |report, block| report.add_report_block(block)))
        } else {
            let report = ReceiverReport::builder(self.ssrc);
            compound
                .add_packet(block.into_iter().fold(report, |report, block| report.add_report_block(block)))
        };
        let name = SdesItem::builder(SdesItem::CNAME, &self.cname);
        compound =
            compound.add_packet(Sdes::builder().add_chunk(SdesChunk::builder(self.ssrc).add_item(name)));
        let mut bytes = written(&compound);
        if let Some((source, metrics)) = about.zip(metrics) {
            bytes.extend(xr::write(self.ssrc, source, metrics));
        }
        if goodbye {
            bytes.extend(written(&Bye::builder().add_source(self.ssrc)));
        }
        bytes
    }

    /// With whose stream it is about.
    fn block(&self, now: Instant, reception: &mut Reception) -> Option<(u32, ReportBlockBuilder)> {
        let figures = reception.report()?;
        let block = ReportBlock::builder(figures.ssrc)
            .fraction_lost(figures.fraction_lost)
            .cumulative_lost(figures.cumulative_lost)
            .extended_sequence_number(figures.highest)
            .interarrival_jitter(figures.jitter);
        let Some((last, came)) = self.their_report else { return Some((figures.ssrc, block)) };
        let held = now.since(came).as_micros() * 65_536 / 1_000_000;
        let held = u32::try_from(held).unwrap_or(u32::MAX);
        let block = block.last_sender_report_timestamp(last).delay_since_last_sender_report_timestamp(held);
        Some((figures.ssrc, block))
    }

    fn schedule(&mut self, now: Instant, interval: Duration) {
        let chance = f64::from(self.rng.next_u32()) / f64::from(u32::MAX);
        self.next = now + interval.mul_f64((0.5 + chance) / (std::f64::consts::E - 1.5));
    }
}

fn written(packets: &impl RtcpPacketWriterExt) -> Vec<u8> {
    let mut bytes = [0; 256];
    // One block, a name of 24 bytes: far below 256, and all fields within their bounds.
    let length = packets.write_into(&mut bytes).unwrap_or_default();
    bytes.get(..length).unwrap_or_default().to_vec()
}

/// The packets of a compound, each no longer than what is there.
fn packets(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let &[first, _, high, low, ..] = bytes else { return None };
        let length = (usize::from(u16::from_be_bytes([high, low])) + 1) * 4;
        let (packet, rest) = bytes.split_at_checked(length).filter(|_| first >> 6 == 2)?;
        bytes = rest;
        Some(packet)
    })
}

/// Seconds since the start of the process, 32.32 fixed point.
fn ntp(now: Instant) -> u64 {
    let elapsed = now.since_start();
    (elapsed.as_secs() << 32) | ((u64::from(elapsed.subsec_nanos()) << 32) / 1_000_000_000)
}

/// The middle 32 bits, 16.16 fixed point.
fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::SeedableRng;

    fn at(ms: u64) -> Instant {
        Instant::from_start(Duration::from_millis(ms))
    }

    fn reporter(seed: u8, ssrc: u32) -> Reporter {
        Reporter::new(at(0), ssrc, ChaCha20Rng::from_seed([seed; 32]))
    }

    const SENT: Sent = Sent { packets: 100, octets: 16_000, timestamp: 777, recently: true };

    #[test]
    fn first_report_comes_sooner_and_all_at_uneven_times() {
        let firsts: Vec<Instant> = (0..50).map(|seed| reporter(seed, 1).next).collect();
        assert!(firsts.windows(2).all(|pair| pair[0] != pair[1]), "{firsts:?}");
        for (seed, first) in (0..50).zip(firsts) {
            let mut reporter = reporter(seed, 1);
            assert!(first >= at(1_026) && first <= at(3_078), "{first:?}");
            reporter.report(first, &SENT, &mut Reception::default(), None);
            let second = reporter.next.since(first).as_millis();
            assert!((2_052..=6_156).contains(&second), "{second}");
        }
    }

    #[test]
    fn two_ends_learn_round_trip_and_loss_from_each_other() {
        let (mut a, mut b) = (reporter(1, 0xaaaa), reporter(2, 0xbbbb));
        let mut at_b = Reception::default();
        for n in (0..100).filter(|n| n % 4 != 1) {
            at_b.count(at(1_000), 0xaaaa, n, 0, None);
        }
        let from_a = a.report(at(10_000), &SENT, &mut Reception::default(), None);
        assert_eq!(b.read(at(10_030), 8_000, &from_a), [None], "a has heard nothing of b yet");
        let from_b = b.report(at(12_000), &SENT, &mut at_b, None);
        let heard = Heard { fraction_lost: 64, lost: 25, highest: 99, jitter_ms: 0.0 };
        assert_eq!(a.read(at(12_030), 8_000, &from_b), [Some(heard)]);
        assert!((a.rtt_ms().unwrap() - 60.0).abs() < 0.1, "{:?}", a.rtt_ms());
    }

    #[test]
    fn listener_sends_receiver_reports_and_goodbye_ends_the_compound() {
        let mut reporter = reporter(1, 5);
        let silent = Sent { recently: false, ..SENT };
        let types = |bytes: &[u8]| packets(bytes).map(|packet| packet[1]).collect::<Vec<_>>();
        assert_eq!(types(&reporter.report(at(1), &silent, &mut Reception::default(), None)), [201, 202]);
        assert_eq!(types(&reporter.goodbye(at(2), &SENT, &mut Reception::default(), None)), [200, 202, 203]);
    }

    #[test]
    fn impossible_round_trip_is_left_out() {
        let (mut a, mut b) = (reporter(1, 1), reporter(2, 2));
        let mut at_b = Reception::default();
        at_b.count(at(0), 1, 1, 1, Some(8_000));
        let from_a = a.report(at(100_000), &SENT, &mut Reception::default(), None);
        b.read(at(100_000), 8_000, &from_a);
        let from_b = b.report(at(100_000), &SENT, &mut at_b, None);
        a.read(at(200_000), 8_000, &from_b);
        assert_eq!(a.rtt_ms(), None);
    }

    #[test]
    fn damaged_reports_never_panic() {
        let mut rng = ChaCha20Rng::from_seed([9; 32]);
        let mut reception = Reception::default();
        reception.count(at(0), 7, 7, 7, Some(8_000));
        let whole = reporter(1, 3).goodbye(at(5_000), &SENT, &mut reception, None);
        let mut reader = reporter(2, 7);
        for _ in 0..50_000 {
            let mut damaged = whole.clone();
            for _ in 0..1 + rng.next_u32() % 4 {
                let at = rng.next_u32() as usize % damaged.len();
                damaged[at] = rng.next_u32() as u8;
            }
            damaged.truncate(rng.next_u32() as usize % (damaged.len() + 1));
            reader.read(at(6_000), 8_000, &damaged);
        }
    }
}
