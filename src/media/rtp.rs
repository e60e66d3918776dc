//! RTP packets (RFC 3550 §5.1).

use rtp_rs::{RtpPacketBuilder, RtpReader, Seq};

/// One packet, as far as this telephone needs it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    pub payload_type: u8,
    pub marker: bool,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// `None` when it is no RTP packet.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let reader = RtpReader::new(bytes).ok()?;
        Some(Self {
            payload_type: reader.payload_type(),
            marker: reader.mark(),
            sequence: reader.sequence_number().into(),
            timestamp: reader.timestamp(),
            ssrc: reader.ssrc(),
            payload: reader.payload(),
        })
    }

    pub fn write(&self) -> Vec<u8> {
        let packet = RtpPacketBuilder::new()
            .payload_type(self.payload_type & 0x7f)
            .marked(self.marker)
            .sequence(Seq::from(self.sequence))
            .timestamp(self.timestamp)
            .ssrc(self.ssrc)
            .payload(self.payload);
        // The builder refuses payload types above 127, CSRC lists and extensions alone.
        packet.build().unwrap_or_default()
    }
}

/// Whether these bytes are RTCP on a port shared with RTP (RFC 5761 §4).
pub(super) fn is_rtcp(bytes: &[u8]) -> bool {
    matches!(bytes, [_, 192..=223, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: Packet<'static> = Packet {
        payload_type: 8,
        marker: true,
        sequence: 65_535,
        timestamp: u32::MAX,
        ssrc: 0xdead_beef,
        payload: &[1, 2, 3],
    };

    #[test]
    fn what_is_written_is_read() {
        let bytes = PACKET.write();
        assert_eq!(bytes.len(), 15);
        assert!(Packet::parse(&bytes) == Some(PACKET));
    }

    #[test]
    fn extensions_sources_and_padding_are_skipped() {
        let mut bytes = vec![0xb1, 8, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        bytes.extend([9, 9, 9, 9]); // one contributing source
        bytes.extend([0xbe, 0xde, 0, 1, 7, 7, 7, 7]); // an extension of one word
        bytes.extend([0x55, 0xd5, 0, 2]); // two samples, two of padding
        assert_eq!(Packet::parse(&bytes).unwrap().payload, [0x55, 0xd5]);
    }

    #[test]
    fn what_is_cut_or_lies_about_its_length_is_refused() {
        let bytes = PACKET.write();
        assert!((0..12).all(|length| Packet::parse(&bytes[..length]).is_none()));
        for first in [0x40, 0x8f, 0x90, 0xa0] {
            let mut lying = bytes.clone();
            lying[0] = first; // version 1, 15 sources, extension, padding of 3 bytes that starts in the header
            *lying.last_mut().unwrap() = 200;
            assert!(Packet::parse(&lying).is_none(), "{first:#x}");
        }
    }
}
