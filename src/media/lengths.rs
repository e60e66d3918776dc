//! Whether sound comes encrypted (SRTP) though nobody agreed to it: noise at full volume, if it were played.

use super::Codec;
use super::rtp::Packet;

/// What SRTP appends (RFC 3711 §5.2, RFC 6188, RFC 7714 §12).
const TAGS: [usize; 3] = [4, 10, 16];

/// Octets of 10 ms: until a sender's step is known, its packets are taken for ones of whole tens.
const TEN_MS: usize = 80;

/// A longer step is a pause of the speaker: 200 ms.
const LONGEST: u32 = 1_600;

/// G.711 and G.722 have as many octets as their timestamps go on by from one packet to the next; a tag is what is too much. Of Opus nobody
/// can tell by that.
#[derive(Default)]
pub(super) struct Lengths {
    last: Option<(u32, u16, u32)>,
    /// From one packet to the next.
    step: Option<usize>,
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
        payload.len().checked_sub(sound).is_some_and(|more| TAGS.contains(&more))
    }
}
