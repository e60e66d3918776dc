//! Which codecs come first, by what the last call said of the network.

use crate::media::{Codec, StreamStats};

/// Of what was to come.
const MUCH_LOSS: f32 = 0.03;

/// Packets that come so far from their time, in ms, are too late for a short delay.
const MUCH_JITTER: f32 = 60.0;

/// Ten seconds' worth: fewer prove nothing.
const ENOUGH: u64 = 500;

pub(super) struct Codecs {
    good: Vec<Codec>,
    poor: Vec<Codec>,
    is_poor: bool,
}

impl Codecs {
    /// `first_when_poor` are put before the others, so that nobody is refused for the network's sake.
    pub fn new(usual: Vec<Codec>, first_when_poor: Vec<Codec>) -> Self {
        let mut poor = first_when_poor;
        poor.extend(usual.iter().copied().filter(|codec| !poor.contains(codec)).collect::<Vec<_>>());
        Self { good: usual, poor, is_poor: false }
    }

    /// In order of preference.
    pub fn now(&self) -> &[Codec] {
        if self.is_poor { &self.poor } else { &self.good }
    }

    /// The last figures of a call.
    pub fn learn(&mut self, stats: &StreamStats) {
        let expected = stats.rx_packets + stats.lost;
        if expected < ENOUGH {
            return;
        }
        let lost = (stats.lost + stats.late) as f32 / expected as f32;
        self.is_poor = lost >= MUCH_LOSS || stats.jitter_ms >= MUCH_JITTER;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codecs() -> Codecs {
        Codecs::new(vec![Codec::Pcma, Codec::G722, Codec::Opus], vec![Codec::Opus])
    }

    fn call(rx_packets: u64, lost: u64, jitter_ms: f32) -> StreamStats {
        StreamStats { rx_packets, lost, jitter_ms, ..StreamStats::default() }
    }

    #[test]
    fn a_bad_call_puts_the_robust_codec_first_and_a_good_one_takes_it_back() {
        for bad in [call(970, 30, 3.0), call(1_000, 0, 60.0)] {
            let mut codecs = codecs();
            codecs.learn(&bad);
            assert_eq!(codecs.now(), [Codec::Opus, Codec::Pcma, Codec::G722]);
            codecs.learn(&call(1_000, 0, 3.0));
            assert_eq!(codecs.now(), [Codec::Pcma, Codec::G722, Codec::Opus]);
        }
    }

    #[test]
    fn a_short_call_proves_nothing() {
        let mut codecs = codecs();
        codecs.learn(&call(100, 100, 90.0));
        assert_eq!(codecs.now(), [Codec::Pcma, Codec::G722, Codec::Opus]);
    }
}
