//! Samples to bytes and back.

mod g711;

use super::Codec;

impl Codec {
    /// One byte per sample, appended.
    pub(super) fn encode(self, samples: &[i16], bytes: &mut Vec<u8>) {
        match self {
            Self::Pcma => bytes.extend(samples.iter().map(|sample| g711::a_law(*sample))),
            Self::Pcmu => bytes.extend(samples.iter().map(|sample| g711::mu_law(*sample))),
        }
    }

    pub(crate) fn decode(self, bytes: &[u8]) -> Vec<i16> {
        let table = match self {
            Self::Pcma => &g711::FROM_A_LAW,
            Self::Pcmu => &g711::FROM_MU_LAW,
        };
        // A byte is never past 256 entries.
        bytes.iter().map(|byte| table[usize::from(*byte)]).collect()
    }

    /// The largest amplitude that still is digital silence: A-law has no zero, its least step is 8.
    pub(super) const fn silence_amplitude(self) -> i16 {
        match self {
            Self::Pcma => 8,
            Self::Pcmu => 0,
        }
    }
}
