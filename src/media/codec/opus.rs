//! Opus (RFC 6716) by libopus: one channel, at 48 kHz whatever the band of what they send.

use super::EncoderSettings;
use crate::media::frame::Rate;
use opus::{Application, Bandwidth, Bitrate, Channels, Signal, packet};

/// 120 ms: the longest packet (RFC 6716 §2.1.4).
const MOST_SAMPLES: usize = 5_760;

/// 2.5 ms: what is made up comes in multiples of it.
const LEAST_SAMPLES: usize = 120;

/// RFC 6716 §3.4: 120 ms of the greatest frames would be more; ours of 60 ms at 128 kbit/s are within.
const MOST_BYTES: usize = 1_275;

/// A packet in silence, after the first ones and but for one every 400 ms.
const SILENT_BYTES: usize = 2;

/// Of 0 to 10: processor time against quality.
const COMPLEXITY: i32 = 5;

/// Until a report says otherwise: the first seconds on a bad network are repeated as well.
const FIRST_LOSS: f32 = 0.05;

/// Repetition never ends: a network is good until it is not.
const LEAST_LOSS_PERCENT: i32 = 1;

/// libopus refuses nothing but a lack of memory.
pub(super) struct Decoder(Option<opus::Decoder>);

pub(super) struct Encoder(Option<opus::Encoder>);

impl Decoder {
    pub fn new() -> Self {
        Self(opus::Decoder::new(Rate::Full.hz(), Channels::Mono).ok())
    }

    /// Into as many samples; how many came of it.
    fn run(&mut self, payload: &[u8], samples: usize, repeated: bool, sound: &mut Vec<i16>) -> usize {
        let Some(decoder) = &mut self.0 else { return 0 };
        let before = sound.len();
        sound.resize(before + samples, 0);
        let room = sound.get_mut(before..).unwrap_or_default();
        let written = decoder.decode(payload, room, repeated).unwrap_or_default();
        sound.truncate(before + written);
        written
    }
}

impl super::Decoder for Decoder {
    fn rate(&self) -> Rate {
        Rate::Full
    }

    fn samples(&self, payload: &[u8]) -> usize {
        // An empty one is refused here: to libopus it means a lost packet.
        let sound = packet::parse(payload).and_then(|_| packet::get_nb_samples(payload, Rate::Full.hz()));
        sound.ok().filter(|samples| *samples <= MOST_SAMPLES).unwrap_or_default()
    }

    fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) {
        let samples = self.samples(payload);
        if samples > 0 {
            self.run(payload, samples, false, sound);
        }
    }

    fn recover(&mut self, next: &[u8], samples: usize, sound: &mut Vec<i16>) -> bool {
        let fits = samples > 0 && samples <= MOST_SAMPLES && samples.is_multiple_of(LEAST_SAMPLES);
        fits && repeated_samples(next).is_some_and(|repeated| repeated <= samples)
            && self.run(next, samples, true, sound) == samples
    }

    fn speaks(&self, payload: &[u8]) -> bool {
        SilkBits::of(payload).is_none_or(|bits| bits.voice())
    }

    fn conceals(&self) -> bool {
        self.0.is_some()
    }

    fn conceal(&mut self, samples: usize, sound: &mut Vec<i16>) -> bool {
        let end = sound.len() + samples;
        while sound.len() < end {
            let whole = (end - sound.len()).next_multiple_of(LEAST_SAMPLES).min(MOST_SAMPLES);
            if self.run(&[], whole, false, sound) == 0 {
                break;
            }
        }
        let made_up = sound.len() >= end;
        // The decoder makes whole steps; what is past the gap is thrown away.
        sound.truncate(if made_up { end } else { end - samples });
        made_up
    }
}

/// How much of the packet before this one repeats: one frame, or nothing.
fn repeated_samples(payload: &[u8]) -> Option<usize> {
    SilkBits::of(payload).filter(SilkBits::repeats).map(|bits| bits.samples)
}

/// With what the first frame of a payload begins: one bit of voice activity for each 20 ms, then the one that says whether the
/// frame before is repeated; for the second channel again (RFC 6716 §4.2.3, §4.2.4).
struct SilkBits {
    octet: u8,
    /// Of voice activity, of one channel.
    count: u32,
    stereo: bool,
    /// Of the frame.
    samples: usize,
}

impl SilkBits {
    /// CELT alone has none, and never repeats.
    fn of(payload: &[u8]) -> Option<Self> {
        let toc = *payload.first()?;
        if toc >> 3 >= 16 {
            return None;
        }
        let samples = packet::get_samples_per_frame(payload, Rate::Full.hz()).ok()?;
        let parsed = packet::parse(payload).ok()?;
        let octet = *parsed.frames.first()?.first()?;
        let count = (samples / Rate::Full.frame_samples()).max(1) as u32;
        Some(Self { octet, count, stereo: toc & 0x04 != 0, samples })
    }

    fn bit(&self, place: u32) -> bool {
        self.octet.checked_shl(place).is_some_and(|bits| bits & 0x80 != 0)
    }

    fn repeats(&self) -> bool {
        self.bit(self.count) || self.stereo && self.bit(2 * self.count + 1)
    }

    fn voice(&self) -> bool {
        let one = |from: u32| (from..from + self.count).any(|place| self.bit(place));
        one(0) || self.stereo && one(self.count + 1)
    }
}

impl Encoder {
    pub fn new(settings: &EncoderSettings) -> Self {
        let mut encoder = Self(make(settings).ok());
        super::Encoder::expect_loss(&mut encoder, FIRST_LOSS);
        encoder
    }
}

fn make(settings: &EncoderSettings) -> Result<opus::Encoder, opus::Error> {
    let mut encoder = opus::Encoder::new(Rate::Full.hz(), Channels::Mono, Application::Voip)?;
    // libopus has its bounds; within them nothing is refused.
    encoder.set_bitrate(Bitrate::Bits(settings.bit_rate.clamp(6_000, 128_000).cast_signed()))?;
    encoder.set_complexity(COMPLEXITY)?;
    encoder.set_signal(Signal::Voice)?;
    encoder.set_inband_fec(settings.repeats)?;
    encoder.set_dtx(settings.pauses)?;
    encoder.set_max_bandwidth(band(settings.most_hz))?;
    Ok(encoder)
}

/// The widest band within so many samples a second (RFC 7587 §3.1.1).
const fn band(most_hz: u32) -> Bandwidth {
    match most_hz {
        0..12_000 => Bandwidth::Narrowband,
        12_000..16_000 => Bandwidth::Mediumband,
        16_000..24_000 => Bandwidth::Wideband,
        24_000..48_000 => Bandwidth::Superwideband,
        _ => Bandwidth::Fullband,
    }
}

impl super::Encoder for Encoder {
    fn rate(&self) -> Rate {
        Rate::Full
    }

    fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        let Some(encoder) = &mut self.0 else { return };
        let before = payload.len();
        payload.resize(before + MOST_BYTES, 0);
        let room = payload.get_mut(before..).unwrap_or_default();
        let written = encoder.encode(samples, room).unwrap_or_default();
        // So little says: they make up the silence by themselves, and nothing needs to be sent (RFC 7587 §3.1.3).
        payload.truncate(before + if written > SILENT_BYTES { written } else { 0 });
    }

    fn expect_loss(&mut self, fraction: f32) {
        let Some(encoder) = &mut self.0 else { return };
        let percent = (fraction.clamp(0.0, 1.0) * 100.0).round() as i32;
        // Within its bounds it is not refused.
        let _ = encoder.set_packet_loss_perc(percent.max(LEAST_LOSS_PERCENT));
    }
}
