//! Whether sound comes encrypted (SRTP) though nobody agreed to it: noise at full volume, if it were played.

use super::Codec;
use super::rtp::Packet;

/// What SRTP appends (RFC 3711 §5.2, RFC 6188, RFC 7714 §12).
const TAGS: [usize; 3] = [4, 10, 16];

/// Octets of 10 ms: until a sender's step is known, its packets are taken for ones of whole tens.
const TEN_MS: usize = 80;

/// A longer step is a pause of the speaker: 200 ms.
const LONGEST: u32 = 1_600;

/// G.711 and G.722 have as many octets as their timestamps go on by from one packet to the next; a tag is what is too much. Where
/// timestamps follow a clock, a packet has too much now and then, and others fit: of who sent one that fits, two in a row must have
/// the same too much. Of Opus nobody can tell by that.
#[derive(Default)]
pub(super) struct Lengths {
    last: Option<(u32, u16, u32)>,
    /// From one packet to the next.
    step: Option<usize>,
    /// What the packet before had too much.
    surplus: Option<usize>,
    /// One has fitted since the last that had a tag.
    fits: bool,
}

impl Lengths {
    pub fn has_tag(&mut self, codec: Codec, packet: &Packet<'_>) -> bool {
        if codec == Codec::Opus {
            *self = Self::default();
            return false;
        }
        let &Packet { ssrc, sequence, timestamp, payload, .. } = packet;
        if let Some((_, _, before)) =
            self.last.filter(|last| (last.0, last.1.wrapping_add(1)) == (ssrc, sequence))
        {
            let step = timestamp.wrapping_sub(before);
            if (1..=LONGEST).contains(&step) {
                self.step = usize::try_from(step).ok();
            }
        }
        self.last = Some((ssrc, sequence, timestamp));
        let sound = self.step.unwrap_or(payload.len() / TEN_MS * TEN_MS);
        let surplus = payload.len().checked_sub(sound);
        let before = std::mem::replace(&mut self.surplus, surplus);
        let has_tag = surplus.is_some_and(|more| TAGS.contains(&more)) && (!self.fits || surplus == before);
        self.fits = !has_tag && (self.fits || surplus == Some(0));
        has_tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the packets with so many octets, whose timestamps go on by these steps, are taken for encrypted.
    fn encrypted(octets: usize, steps: &[u32]) -> Vec<bool> {
        let (mut lengths, sound) = (Lengths::default(), vec![0x55; octets]);
        let (mut sequence, mut timestamp) = (u16::MAX, 0_u32);
        let packets = [0].iter().chain(steps).map(|step| {
            (sequence, timestamp) = (sequence.wrapping_add(1), timestamp.wrapping_add(*step));
            let bytes = [&[0x80, 8], &sequence.to_be_bytes()[..], &timestamp.to_be_bytes(), &[1; 4], &sound];
            lengths.has_tag(Codec::Pcma, &Packet::parse(&bytes.concat()).unwrap())
        });
        packets.collect()
    }

    #[test]
    fn who_takes_timestamps_from_a_clock_is_heard_whole() {
        assert_eq!(encrypted(160, &[144, 176, 160, 160, 150, 170, 156, 164, 144, 156]), [false; 11]);
    }

    #[test]
    fn sound_with_a_tag_is_found_from_its_first_packet_on() {
        for tag in TAGS {
            assert_eq!(encrypted(160 + tag, &[160; 5]), [true; 6], "{tag}");
        }
        let pauses = [160, 160, 1_600, 160, 1_760, 160];
        assert_eq!(encrypted(170, &pauses), [true, true, true, false, true, true, true]);
    }
}
