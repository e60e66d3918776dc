//! Samples to bytes and back. G.711 and G.722 are the same whatever came before is lost; Opus repeats the packet before in the
//! next one, and makes up what is missing by itself.

pub(super) mod g711;
mod g722;
mod opus;
#[cfg(test)]
mod tests;

use super::Codec;
use super::frame::Rate;

/// One sender's sound, packet by packet.
pub(super) trait Decoder: Send {
    /// Of what it gives; the same all its life.
    fn rate(&self) -> Rate;

    /// How many samples, at `rate`, this payload gives; 0 for what is no payload of this codec. Changes nothing.
    fn samples(&self, payload: &[u8]) -> usize;

    /// Appends them. Rubbish appends nothing.
    fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>);

    /// The lost packet before `next`, `samples` long, from what `next` repeats of it (RFC 6716 §4.2.5). `false`: it repeats
    /// nothing, nothing was appended.
    fn recover(&mut self, _next: &[u8], _samples: usize, _sound: &mut Vec<i16>) -> bool {
        false
    }

    /// Whether somebody speaks in this payload, where it says so itself: what comes in pauses is not repeated.
    fn speaks(&self, _payload: &[u8]) -> bool {
        true
    }

    /// Whether it makes up what is missing by itself. Where it does not, a packet may be decoded before the one ahead of it has come.
    fn conceals(&self) -> bool {
        false
    }

    /// So many samples that never came, by the codec's own concealment. `false`: it has none.
    fn conceal(&mut self, _samples: usize, _sound: &mut Vec<i16>) -> bool {
        false
    }
}

/// Our sound, packet by packet.
pub(super) trait Encoder: Send {
    /// Of what it takes; the same all its life.
    fn rate(&self) -> Rate;

    /// One packet of these samples (10, 20, 40 or 60 ms), appended. Nothing appended: nothing needs to be sent.
    fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>);

    /// What their reports say of loss, 0 to 1: steers redundancy.
    fn expect_loss(&mut self, _fraction: f32) {}
}

/// What an encoder is told, where its codec has the choice: Opus alone does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EncoderSettings {
    /// On average, bits a second.
    pub bit_rate: u32,
    /// They can use what a packet repeats of the one before.
    pub repeats: bool,
    /// In silence, hardly anything is sent.
    pub pauses: bool,
    /// Samples a second beyond which they, or we, want no sound.
    pub most_hz: u32,
}

impl Default for EncoderSettings {
    fn default() -> Self {
        Self { bit_rate: 32_000, repeats: true, pauses: false, most_hz: Rate::Full.hz() }
    }
}

impl Codec {
    /// Of its samples.
    pub const fn rate(self) -> Rate {
        match self {
            Self::Pcma | Self::Pcmu => Rate::Narrow,
            Self::G722 => Rate::Wide,
            Self::Opus => Rate::Full,
        }
    }

    /// Of its RTP timestamps. That of G.722 is half its samples', by an old mistake (RFC 3551 §4.5.2).
    pub const fn clock_hz(self) -> u32 {
        match self {
            Self::Pcma | Self::Pcmu | Self::G722 => 8_000,
            Self::Opus => 48_000,
        }
    }

    pub(super) fn decoder(self) -> Box<dyn Decoder> {
        match self {
            Self::Pcma => Box::new(g711::Law::A),
            Self::Pcmu => Box::new(g711::Law::Mu),
            Self::G722 => Box::<g722::Decoder>::default(),
            Self::Opus => Box::new(opus::Decoder::new()),
        }
    }

    pub(super) fn encoder(self, settings: &EncoderSettings) -> Box<dyn Encoder> {
        match self {
            Self::Pcma => Box::new(g711::Law::A),
            Self::Pcmu => Box::new(g711::Law::Mu),
            Self::G722 => Box::<g722::Encoder>::default(),
            Self::Opus => Box::new(opus::Encoder::new(settings)),
        }
    }

    /// All of a recording, in one piece.
    pub(crate) fn decode(self, bytes: &[u8]) -> Vec<i16> {
        let mut sound = Vec::new();
        self.decoder().decode(bytes, &mut sound);
        sound
    }
}
