//! What an end says of Opus in its `a=fmtp` (RFC 7587 §6.1): wishes of the one who decodes, but for `sprop-`.

use crate::media::EncoderSettings;

/// Samples and bits a second, as far as an encoder could follow them (RFC 7587 §6.1).
const RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=48_000;
const BIT_RATES: std::ops::RangeInclusive<u32> = 6_000..=510_000;

/// The shortest packet that we would rather not get shorter.
const LEAST_MS: u32 = 10;

/// Theirs; what is not said, or is nonsense, is as the document has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct OpusWish {
    pub uses_repeats: bool,
    pub wants_pauses: bool,
    pub most_hz: u32,
    pub most_bits: u32,
    pub least_ms: u32,
}

impl Default for OpusWish {
    fn default() -> Self {
        let (most_hz, most_bits) = (*RATES_HZ.end(), *BIT_RATES.end());
        Self { uses_repeats: false, wants_pauses: false, most_hz, most_bits, least_ms: 0 }
    }
}

impl OpusWish {
    /// The value behind the payload type.
    pub fn read(parameters: &str) -> Self {
        let mut wish = Self::default();
        for parameter in parameters.split(';') {
            let Some((name, value)) = parameter.split_once('=') else { continue };
            let Ok(value) = value.trim().parse::<u32>() else { continue };
            match name.trim().to_ascii_lowercase().as_str() {
                "useinbandfec" => wish.uses_repeats = value == 1,
                "usedtx" => wish.wants_pauses = value == 1,
                "maxplaybackrate" => wish.most_hz = value.clamp(*RATES_HZ.start(), *RATES_HZ.end()),
                "maxaveragebitrate" => wish.most_bits = value.clamp(*BIT_RATES.start(), *BIT_RATES.end()),
                "minptime" => wish.least_ms = value.min(60),
                _ => (),
            }
        }
        wish
    }

    /// Our encoder, as both want it.
    pub fn encoder(&self, ours: &EncoderSettings) -> EncoderSettings {
        EncoderSettings {
            bit_rate: ours.bit_rate.min(self.most_bits),
            repeats: ours.repeats && self.uses_repeats,
            pauses: ours.pauses || self.wants_pauses,
            most_hz: ours.most_hz.min(self.most_hz),
        }
    }
}

/// Ours: what our decoder does, and the rest as our own encoder is set.
pub(super) fn write(ours: &EncoderSettings) -> String {
    let plain = EncoderSettings::default();
    let mut parameters = vec![format!("minptime={LEAST_MS}"), "useinbandfec=1".to_owned()];
    if ours.pauses {
        parameters.push("usedtx=1".to_owned());
    }
    if ours.most_hz < plain.most_hz {
        let rate = ours.most_hz;
        parameters.push(format!("maxplaybackrate={rate}"));
        parameters.push(format!("sprop-maxcapturerate={rate}"));
    }
    if ours.bit_rate < plain.bit_rate {
        parameters.push(format!("maxaveragebitrate={}", ours.bit_rate));
    }
    parameters.join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read_in_any_spelling_and_nonsense_is_as_if_not_said() {
        let plain = OpusWish::default();
        for (parameters, wanted) in [
            ("", plain),
            ("useinbandfec=1", OpusWish { uses_repeats: true, ..plain }),
            (
                "minptime=10; UseInbandFec=1 ;usedtx=1",
                OpusWish { uses_repeats: true, wants_pauses: true, least_ms: 10, ..plain },
            ),
            (
                "maxplaybackrate=16000;maxaveragebitrate=20000",
                OpusWish { most_hz: 16_000, most_bits: 20_000, ..plain },
            ),
            ("maxplaybackrate=1;maxaveragebitrate=4294967295", OpusWish { most_hz: 8_000, ..plain }),
            ("useinbandfec;usedtx=yes;maxplaybackrate=-1;stereo=1;;=;minptime=99999999999", plain),
        ] {
            assert_eq!(OpusWish::read(parameters), wanted, "{parameters}");
        }
    }

    #[test]
    fn what_we_write_is_read_back() {
        let ours = EncoderSettings { bit_rate: 16_000, repeats: true, pauses: true, most_hz: 16_000 };
        assert_eq!(OpusWish::read(&write(&ours)).encoder(&EncoderSettings::default()), ours);
        assert_eq!(write(&EncoderSettings::default()), "minptime=10;useinbandfec=1");
    }

    #[test]
    fn the_lower_of_both_wishes_holds() {
        let theirs = OpusWish::read("maxaveragebitrate=24000;maxplaybackrate=48000");
        let ours = EncoderSettings { most_hz: 16_000, ..EncoderSettings::default() };
        let wanted = EncoderSettings { bit_rate: 24_000, repeats: false, pauses: false, most_hz: 16_000 };
        assert_eq!(theirs.encoder(&ours), wanted);
    }
}
