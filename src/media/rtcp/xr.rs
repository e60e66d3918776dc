//! The VoIP metrics of extended reports (RFC 3611 §4.7): how each end hears the other, beyond what a report block says.

use super::bursts::{BurstFigures, GMIN};

/// RTCP's packet type, and the type of the block.
const PACKET_TYPE: u8 = 207;
const VOIP_METRICS: u8 = 7;
/// Of the block after its header, in 32-bit words (§4.7).
const BLOCK_WORDS: u16 = 8;
const UNKNOWN: u8 = 127;
/// No echo return loss was measured.
const NO_LEVEL: u8 = 127;
/// Enhanced concealment, adaptive jitter buffer (§4.7.6).
const CONFIGURATION: u8 = 0b1011_0000;

/// How a stream is heard. Fractions are of 1; times in ms; scores as MOS, 1 to 5.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub(in crate::media) struct VoipMetrics {
    pub loss: f32,
    /// Came too late.
    pub discard: f32,
    pub bursts: BurstFigures,
    /// Of a packet, to make times of [`BurstFigures`].
    pub packet_ms: f32,
    pub round_trip_ms: f32,
    /// From a packet's arrival to its sound, and from the other mouth to its packet.
    pub end_system_ms: f32,
    pub rating: Option<f32>,
    /// For the voice alone, and with the delay.
    pub listening: Option<f32>,
    pub conversation: Option<f32>,
    /// The jitter buffer's delay now, and its bound.
    pub buffer_ms: f32,
    pub most_buffer_ms: f32,
}

/// A whole RTCP packet with one block about `source`.
pub(super) fn write(sender: u32, source: u32, metrics: &VoipMetrics) -> Vec<u8> {
    let bursts = &metrics.bursts;
    let mut bytes = Vec::with_capacity(44);
    // Version 2, no padding.
    bytes.extend([0x80, PACKET_TYPE]);
    // Words after the first: the sender's SSRC, the block's header, and the block.
    bytes.extend((BLOCK_WORDS + 2).to_be_bytes());
    bytes.extend(sender.to_be_bytes());
    bytes.extend([VOIP_METRICS, 0]);
    bytes.extend(BLOCK_WORDS.to_be_bytes());
    bytes.extend(source.to_be_bytes());
    let densities = [metrics.loss, metrics.discard, bursts.burst_density, bursts.gap_density];
    bytes.extend(densities.map(of_256));
    let times = [
        bursts.burst_packets * metrics.packet_ms,
        bursts.gap_packets * metrics.packet_ms,
        metrics.round_trip_ms,
        metrics.end_system_ms,
    ];
    bytes.extend(times.into_iter().flat_map(|time| millis(time).to_be_bytes()));
    // Levels of signal and noise, residual echo return loss.
    bytes.extend([NO_LEVEL, NO_LEVEL, NO_LEVEL, GMIN]);
    let rating = metrics.rating.map_or(UNKNOWN, |rating| rating.round().clamp(0.0, 100.0) as u8);
    bytes.extend([rating, UNKNOWN, tenths(metrics.listening), tenths(metrics.conversation)]);
    bytes.extend([CONFIGURATION, 0]);
    let buffer = [metrics.buffer_ms, metrics.most_buffer_ms, metrics.most_buffer_ms];
    bytes.extend(buffer.into_iter().flat_map(|time| millis(time).to_be_bytes()));
    bytes
}

/// The metrics about `source` in one RTCP packet. Burst lengths come back in packets of 1 ms.
pub(super) fn read(packet: &[u8], source: u32) -> Option<VoipMetrics> {
    let (header, mut blocks) = packet.split_at_checked(8)?;
    if header.get(1) != Some(&PACKET_TYPE) {
        return None;
    }
    while let &[kind, _, high, low, ..] = blocks {
        let length = 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
        let (block, rest) = blocks.split_at_checked(length)?;
        blocks = rest;
        if kind == VOIP_METRICS
            && let Some(metrics) = read_block(block, source)
        {
            return Some(metrics);
        }
    }
    None
}

fn read_block(block: &[u8], wanted: u32) -> Option<VoipMetrics> {
    let (_, body) = block.split_first_chunk::<4>()?;
    let body: &[u8; 4 * BLOCK_WORDS as usize] = body.first_chunk()?;
    let (source, body) = body.split_first_chunk::<4>()?;
    if u32::from_be_bytes(*source) != wanted {
        return None;
    }
    let &[
        loss,
        discard,
        burst,
        gap,
        burst_high,
        burst_low,
        gap_high,
        gap_low,
        trip_high,
        trip_low,
        end_high,
        end_low,
        _,
        _,
        _,
        _,
        rating,
        _,
        listening,
        conversation,
        _,
        _,
        buffer_high,
        buffer_low,
        most_high,
        most_low,
        ..,
    ] = body
    else {
        return None;
    };
    let fraction = |value: u8| f32::from(value) / 256.0;
    let time = |high, low| f32::from(u16::from_be_bytes([high, low]));
    let known = |value: u8| (value != UNKNOWN).then_some(f32::from(value));
    Some(VoipMetrics {
        loss: fraction(loss),
        discard: fraction(discard),
        bursts: BurstFigures {
            burst_density: fraction(burst),
            gap_density: fraction(gap),
            burst_packets: time(burst_high, burst_low),
            gap_packets: time(gap_high, gap_low),
            ratio: 1.0,
        },
        packet_ms: 1.0,
        round_trip_ms: time(trip_high, trip_low),
        end_system_ms: time(end_high, end_low),
        rating: known(rating),
        listening: known(listening).map(|score| score / 10.0),
        conversation: known(conversation).map(|score| score / 10.0),
        buffer_ms: time(buffer_high, buffer_low),
        most_buffer_ms: time(most_high, most_low),
    })
}

fn of_256(fraction: f32) -> u8 {
    // A cast from float holds to the bounds.
    (fraction * 256.0) as u8
}

fn millis(time: f32) -> u16 {
    // As above.
    time.round() as u16
}

fn tenths(score: Option<f32>) -> u8 {
    score.map_or(UNKNOWN, |score| (score * 10.0).round().clamp(10.0, 50.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: VoipMetrics = VoipMetrics {
        loss: 0.25,
        discard: 0.125,
        bursts: BurstFigures {
            burst_density: 0.5,
            gap_density: 0.0,
            burst_packets: 5.0,
            gap_packets: 100.0,
            ratio: 1.0,
        },
        packet_ms: 20.0,
        round_trip_ms: 120.0,
        end_system_ms: 45.0,
        rating: Some(71.0),
        listening: Some(3.7),
        conversation: None,
        buffer_ms: 25.0,
        most_buffer_ms: 400.0,
    };

    #[test]
    fn what_one_end_writes_the_other_reads() {
        let bytes = write(7, 9, &METRICS);
        assert_eq!(bytes.len() % 4, 0);
        assert_eq!(bytes.len(), 44);
        let read_back = read(&bytes, 9).unwrap();
        let bursts = BurstFigures { burst_packets: 100.0, gap_packets: 2_000.0, ..METRICS.bursts };
        assert_eq!(read_back, VoipMetrics { bursts, packet_ms: 1.0, ..METRICS });
        assert_eq!(read(&bytes, 8), None, "another stream's");
    }

    #[test]
    fn blocks_of_other_kinds_are_stepped_over_and_cut_ones_left_out() {
        let mut bytes = write(7, 9, &METRICS);
        // A receiver reference time block (type 4) before ours.
        let other = [4, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8];
        bytes.splice(8..8, other);
        assert!(read(&bytes, 9).is_some());
        for length in 0..bytes.len() {
            assert_eq!(read(&bytes[..length], 9), None, "{length}");
        }
    }
}
