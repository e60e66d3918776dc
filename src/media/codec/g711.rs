//! ITU-T G.711 on 16 bit samples: A-law takes the upper 13 bits of them, µ-law the upper 14.

use super::{Decoder, Encoder};
use crate::media::frame::Rate;

/// Both laws: eight segments of sixteen steps.
const STEPS_PER_SEGMENT: u32 = 16;

/// Even bits are inverted on the line (G.711 table 1).
const A_LAW_INVERSION: u8 = 0x55;

/// Added before µ-law's segment is found, taken off afterwards (33 on the 14 bit scale).
const MU_LAW_BIAS: i32 = 33 << 2;

/// The largest magnitude that µ-law can carry without overflow.
const MU_LAW_CLIP: i32 = 0x7fff - MU_LAW_BIAS;

/// Which of the two. It remembers nothing from packet to packet.
#[derive(Clone, Copy)]
pub(super) enum Law {
    A,
    Mu,
}

impl Decoder for Law {
    fn rate(&self) -> Rate {
        Rate::Narrow
    }

    fn samples(&self, payload: &[u8]) -> usize {
        payload.len()
    }

    fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) {
        let table = match self {
            Self::A => &FROM_A_LAW,
            Self::Mu => &FROM_MU_LAW,
        };
        // A byte is never past 256 entries.
        sound.extend(payload.iter().map(|byte| table[usize::from(*byte)]));
    }
}

impl Encoder for Law {
    fn rate(&self) -> Rate {
        Rate::Narrow
    }

    fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        match self {
            Self::A => payload.extend(samples.iter().map(|sample| a_law(*sample))),
            Self::Mu => payload.extend(samples.iter().map(|sample| mu_law(*sample))),
        }
    }
}

static FROM_A_LAW: [i16; 256] = table_from_a_law();
static FROM_MU_LAW: [i16; 256] = table_from_mu_law();

pub(in crate::media) fn a_law(sample: i16) -> u8 {
    let sign = if sample >= 0 { 0x80 } else { 0 };
    // One's complement keeps both signs the same size.
    let magnitude = u32::from(magnitude(sample)) >> 4;
    let segment = (magnitude / STEPS_PER_SEGMENT).checked_ilog2().map_or(0, |top| top + 1);
    let step = if segment > 1 { magnitude >> (segment - 1) } else { magnitude } % STEPS_PER_SEGMENT;
    // At most 7 and 15.
    (sign | (segment << 4) as u8 | step as u8) ^ A_LAW_INVERSION
}

pub(in crate::media) fn mu_law(sample: i16) -> u8 {
    let sign = if sample >= 0 { 0 } else { 0x80 };
    let magnitude = i32::from(magnitude(sample)).min(MU_LAW_CLIP) + MU_LAW_BIAS;
    // The bias sets bit 7 or higher.
    let segment = magnitude.ilog2() - 7;
    let step = (magnitude >> (segment + 3)) & 0x0f;
    !(sign | (segment << 4) as u8 | step as u8)
}

fn magnitude(sample: i16) -> u16 {
    (if sample >= 0 { sample } else { !sample }) as u16
}

const fn table_from_a_law() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let bits = code as u8 ^ A_LAW_INVERSION;
        let segment = (bits >> 4) & 7;
        // The middle of the step.
        let step = ((bits & 0x0f) as i16) * 16 + 8;
        let magnitude = if segment == 0 { step } else { (step + 256) << (segment - 1) };
        table[code] = if bits & 0x80 != 0 { magnitude } else { -magnitude };
        code += 1;
    }
    table
}

const fn table_from_mu_law() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let bits = !(code as u8);
        let segment = (bits >> 4) & 7;
        let step = (bits & 0x0f) as i32;
        let magnitude = (((step << 3) + MU_LAW_BIAS) << segment) - MU_LAW_BIAS;
        table[code] = (if bits & 0x80 == 0 { magnitude } else { -magnitude }) as i16;
        code += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decision values and outputs of G.711 tables 1a and 2a, scaled to 16 bit.
    #[test]
    fn reference_values_of_the_recommendation() {
        for (sample, code) in [(0, 0xd5), (-1, 0x55), (32767, 0xaa), (-32768, 0x2a), (1024, 0xe5), (16, 0xd4)]
        {
            assert_eq!(a_law(sample), code, "A-law of {sample}");
        }
        for (sample, code) in
            [(0, 0xff), (-1, 0x7f), (32767, 0x80), (-32768, 0x00), (1024, 0xcd), (-1024, 0x4d)]
        {
            assert_eq!(mu_law(sample), code, "µ-law of {sample}");
        }
        for (code, sample) in [(0xd5, 8), (0x55, -8), (0xaa, 32256), (0x2a, -32256), (0x80, 5504)] {
            assert_eq!(FROM_A_LAW[code], sample, "from A-law {code:#x}");
        }
        for (code, sample) in [(0xff, 0), (0x7f, 0), (0x80, 32124), (0x00, -32124), (0x8f, 16764)] {
            assert_eq!(FROM_MU_LAW[code], sample, "from µ-law {code:#x}");
        }
    }

    #[test]
    fn every_code_survives_the_round_trip() {
        for code in 0..=255_u8 {
            assert_eq!(a_law(FROM_A_LAW[usize::from(code)]), code);
            // µ-law has two zeros; the negative one comes back as the positive one.
            let back = mu_law(FROM_MU_LAW[usize::from(code)]);
            assert_eq!(back, if code == 0x7f { 0xff } else { code });
        }
    }

    #[test]
    fn error_stays_within_half_a_step() {
        for sample in i16::MIN..=i16::MAX {
            let magnitude = i32::from(sample).abs();
            for decoded in [FROM_A_LAW[usize::from(a_law(sample))], FROM_MU_LAW[usize::from(mu_law(sample))]]
            {
                let error = (i32::from(decoded) - i32::from(sample)).abs();
                assert!(error <= (magnitude / 32).max(8) + 8, "{sample} became {decoded}");
            }
        }
    }
}
