//! The stream that we send: samples to packets. SSRC and sequence numbers go on through every change of codec.

#[cfg(test)]
mod tests;

use crate::media::codec::{Encoder, EncoderSettings};
use crate::media::frame::{Converter, Frame, Rate};
use crate::media::rtcp::Sent;
use crate::media::rtp::Packet;
use crate::media::{Codec, StreamPlan};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;

/// Of the loss that was reported before, what is still expected after a better report: a bad network comes back.
const REMEMBERED: f32 = 0.75;

pub(super) struct Sender {
    ssrc: u32,
    pub(super) sequence: u16,
    /// Timestamp of the frame that the next tick brings.
    pub(super) timestamp: u32,
    codec: Codec,
    settings: EncoderSettings,
    encoder: Box<dyn Encoder>,
    converter: Converter,
    /// Sound that is less than a packet yet, at the encoder's rate.
    pending: Vec<i16>,
    /// The packet before was sound as well; otherwise the next is marked (RFC 3551 §4.1).
    talking: bool,
    loss: Option<f32>,
    packets: u64,
    octets: u64,
    /// Packets sent by our last two reports.
    reported: [u64; 2],
}

impl Sender {
    pub fn new(rng: &mut ChaCha20Rng, plan: &StreamPlan) -> Self {
        let encoder = plan.codec.encoder(&plan.encoder);
        Self {
            ssrc: rng.next_u32(),
            sequence: rng.next_u32() as u16,
            timestamp: rng.next_u32(),
            codec: plan.codec,
            settings: plan.encoder,
            converter: Converter::new(encoder.rate()),
            encoder,
            pending: Vec::new(),
            talking: false,
            loss: None,
            packets: 0,
            octets: 0,
            reported: [0; 2],
        }
    }

    /// An encoder goes on where nothing changed for it: a new one would be heard.
    pub fn apply(&mut self, plan: &StreamPlan) {
        if (self.codec, self.settings) == (plan.codec, plan.encoder) {
            return;
        }
        (self.codec, self.settings) = (plan.codec, plan.encoder);
        self.encoder = plan.codec.encoder(&plan.encoder);
        if let Some(loss) = self.loss {
            self.encoder.expect_loss(loss);
        }
        self.converter = Converter::new(self.rate());
        self.pause();
    }

    pub const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// Of the samples that the encoder takes.
    pub fn rate(&self) -> Rate {
        self.encoder.rate()
    }

    /// The next 20 ms begin: their timestamp.
    pub const fn tick(&mut self) -> u32 {
        let timestamp = self.timestamp;
        self.timestamp = timestamp.wrapping_add(self.codec.clock_hz() / 50);
        timestamp
    }

    /// Nothing is sent for now.
    pub fn pause(&mut self) {
        self.pending.clear();
        self.talking = false;
    }

    /// What they last reported of the packets that they missed, 0 to 1.
    pub fn expect_loss(&mut self, fraction: f32) {
        let expected = fraction.max(self.loss.unwrap_or_default() * REMEMBERED);
        self.loss = Some(expected);
        self.encoder.expect_loss(expected);
    }

    /// The sound of this tick, or none while a digit goes out in its place.
    pub fn take(&mut self, frame: Option<&Frame>) {
        match frame {
            Some(frame) => self.pending.extend_from_slice(&self.converter.convert(frame)),
            None => self.pending.clear(),
        }
    }

    /// The next packet, if its sound is there. One in which nothing needs to be said is left out.
    pub fn sound_packet(&mut self, plan: &StreamPlan) -> Option<Vec<u8>> {
        let per_ms = self.rate().per_ms();
        let samples = plan.ptime_ms.clamp(10, 60) as usize * per_ms;
        let mut payload = Vec::new();
        while self.pending.len() >= samples {
            // Whole milliseconds, and few.
            let waited_ms = (self.pending.len() / per_ms) as u32;
            let timestamp = self.timestamp.wrapping_sub(waited_ms * (self.codec.clock_hz() / 1_000));
            self.encoder.encode(self.pending.get(..samples)?, &mut payload);
            self.pending.drain(..samples);
            let marker = !std::mem::replace(&mut self.talking, !payload.is_empty());
            if !payload.is_empty() {
                return Some(self.packet(plan.payload_type, marker, timestamp, &payload));
            }
        }
        None
    }

    pub fn packet(&mut self, payload_type: u8, marker: bool, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        let (ssrc, sequence) = (self.ssrc, self.sequence);
        self.sequence = sequence.wrapping_add(1);
        self.packets += 1;
        self.octets += payload.len() as u64;
        Packet { payload_type, marker, sequence, timestamp, ssrc, payload }.write()
    }

    /// For a report of this moment.
    pub const fn told(&self) -> Sent {
        Sent {
            packets: self.packets,
            octets: self.octets,
            timestamp: self.timestamp,
            recently: self.packets > self.reported[1], // an array of two
        }
    }

    /// The report went out.
    pub const fn reported(&mut self) {
        self.reported = [self.packets, self.reported[0]]; // an array of two
    }
}
