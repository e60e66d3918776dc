//! ITU-T G.722 at 64 kbit/s: two samples a byte.

use crate::media::frame::Rate;
use audio_codec::g722::{G722Decoder, G722Encoder};
use audio_codec::{Decoder as _, Encoder as _};

#[derive(Default)]
pub(super) struct Decoder(G722Decoder);

#[derive(Default)]
pub(super) struct Encoder(G722Encoder);

impl super::Decoder for Decoder {
    fn rate(&self) -> Rate {
        Rate::Wide
    }

    fn samples(&self, payload: &[u8]) -> usize {
        payload.len() * 2
    }

    fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) {
        let before = sound.len();
        sound.resize(before + payload.len() * 2, 0);
        let room = sound.get_mut(before..).unwrap_or_default();
        let written = self.0.decode_into(payload, room).unwrap_or_default();
        sound.truncate(before + written);
    }
}

impl super::Encoder for Encoder {
    fn rate(&self) -> Rate {
        Rate::Wide
    }

    fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        let before = payload.len();
        payload.resize(before + samples.len().div_ceil(2), 0);
        let room = payload.get_mut(before..).unwrap_or_default();
        let written = self.0.encode_into(samples, room).unwrap_or_default();
        payload.truncate(before + written);
    }
}
