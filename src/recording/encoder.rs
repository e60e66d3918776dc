//! What is said, as Opus: each side by an encoder of its own.

use super::Writer;
use crate::domain::recording::Layout;
use crate::media::{Frame, Mixer, Rate};
use opus::{Application, Bitrate, Channels};

/// Octets of a packet, RFC 6716 §3.4.
const MOST_OCTETS: usize = 1_275;
/// Of 0 to 10: processor time against quality.
const COMPLEXITY: i32 = 5;

/// Both sides, at whatever rates they come.
pub struct Encoder {
    layout: Layout,
    left: Track,
    right: Track,
    mixer: Mixer,
}

impl Encoder {
    pub fn new(layout: Layout) -> Self {
        Self { layout, left: Track::default(), right: Track::default(), mixer: Mixer::default() }
    }

    /// What the client was given to hear, and what they said, in the same 20 ms.
    pub fn encode(&mut self, sent: &Frame, received: &Frame, into: &mut Writer) {
        match self.layout {
            Layout::Stereo => into.sound([self.left.encode(sent), self.right.encode(received)]),
            Layout::Mixed => into.sound([self.left.encode(&self.mixer.mix_all(sent, received))]),
        }
    }
}

/// One channel.
#[derive(Default)]
struct Track {
    encoder: Option<(Rate, opus::Encoder)>,
    packet: Vec<u8>,
}

impl Track {
    /// Empty, which is silence, where libopus has no memory.
    fn encode(&mut self, frame: &Frame) -> &[u8] {
        self.packet.clear();
        if self.encoder.as_ref().is_none_or(|(rate, _)| *rate != frame.rate()) {
            self.encoder = encoder(frame.rate()).ok().map(|encoder| (frame.rate(), encoder));
        }
        if let Some((_, encoder)) = &mut self.encoder {
            self.packet.resize(MOST_OCTETS, 0);
            let written = encoder.encode(frame, &mut self.packet).unwrap_or_default();
            self.packet.truncate(written);
        }
        &self.packet
    }
}

fn encoder(rate: Rate) -> Result<opus::Encoder, opus::Error> {
    // What was said has to stand there as it was; `Voip` filters it, for the ear.
    let mut encoder = opus::Encoder::new(rate.hz(), Channels::Mono, Application::Audio)?;
    encoder.set_bitrate(Bitrate::Bits(bit_rate(rate)))?;
    encoder.set_complexity(COMPLEXITY)?;
    Ok(encoder)
}

/// At which a voice of this band sounds as it came.
const fn bit_rate(rate: Rate) -> i32 {
    match rate {
        Rate::Narrow => 24_000,
        Rate::Wide => 32_000,
        Rate::Full => 48_000,
    }
}
