//! Tones that a telephone makes itself (ITU-T E.180): the cadences of countries, and what plays them.

use super::{Frame, Rate};

/// Of all frequencies together: -12 dB below full scale.
const LOUDNESS: f32 = 0.25;
const FULL_SCALE: f32 = 32_768.0;
/// Up and down at both ends of a part, so that it does not click.
const RAMP_MS: u32 = 5;

/// Frequencies that sound together, and for how long; none is a pause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    pub hz: &'static [u32],
    pub ms: u32,
}

/// Parts one after another, from the beginning again after the last.
pub type Cadence = &'static [Part];

/// What the operator hears of a call that is dialled, where nobody's voice says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallTone {
    Ringing,
    Busy,
    /// It could not be put through.
    Congestion,
}

/// How a country's network says it.
#[derive(PartialEq, Eq, Debug)]
pub struct CallTones {
    pub ringing: Cadence,
    pub busy: Cadence,
    pub congestion: Cadence,
    /// Somebody else calls whoever talks.
    pub waiting: Cadence,
    /// Somebody is still on hold: twice, briefly. E.180 has no tone for it; the pitch is the country's.
    pub held: Cadence,
}

struct Country {
    /// Of ISO 3166.
    letters: &'static [&'static str],
    /// Of E.164.
    codes: &'static [u16],
    tones: CallTones,
}

const fn on(hz: &'static [u32], ms: u32) -> Part {
    Part { hz, ms }
}

const fn off(ms: u32) -> Part {
    Part { hz: &[], ms }
}

/// Behind what is heard once: longer than it is played for.
const REST: Part = off(60_000);

/// Germany's, and heard wherever nothing better is known: within the bounds that E.180 recommends to all.
const USUAL: CallTones = CallTones {
    ringing: &[on(&[425], 1_000), off(4_000)],
    busy: &[on(&[425], 480), off(480)],
    congestion: &[on(&[425], 240), off(240)],
    waiting: &[on(&[425], 200), off(200), on(&[425], 200), off(5_000)],
    held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
};

/// From the lists that go with E.180.
static COUNTRIES: &[Country] = &[
    // Russia's, which Kazakhstan, Belarus and Ukraine have from the network they once shared.
    Country {
        letters: &["RU", "KZ", "BY", "UA"],
        codes: &[7, 375, 380],
        tones: CallTones {
            ringing: &[on(&[425], 800), off(3_200)],
            busy: &[on(&[425], 400), off(400)],
            congestion: &[on(&[425], 200), off(200)],
            waiting: &[on(&[425], 200), off(5_000)],
            held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
        },
    },
    Country {
        letters: &["KR"],
        codes: &[82],
        tones: CallTones {
            ringing: &[on(&[440, 480], 1_000), off(2_000)],
            busy: &[on(&[480, 620], 500), off(500)],
            congestion: &[on(&[480, 620], 300), off(200)],
            waiting: &[on(&[350, 440], 250), off(250), on(&[350, 440], 250), off(3_250)],
            held: &[on(&[440, 480], 100), off(100), on(&[440, 480], 100), REST],
        },
    },
    Country { letters: &["DE"], codes: &[49], tones: USUAL },
    Country {
        letters: &["US", "CA"],
        codes: &[1],
        tones: CallTones {
            ringing: &[on(&[440, 480], 2_000), off(4_000)],
            busy: &[on(&[480, 620], 500), off(500)],
            congestion: &[on(&[480, 620], 250), off(250)],
            waiting: &[on(&[440], 300), off(10_000)],
            held: &[on(&[440, 480], 100), off(100), on(&[440, 480], 100), REST],
        },
    },
    Country {
        letters: &["GB"],
        codes: &[44],
        tones: CallTones {
            ringing: &[on(&[400, 450], 400), off(200), on(&[400, 450], 400), off(2_000)],
            busy: &[on(&[400], 375), off(375)],
            congestion: &[on(&[400], 400), off(350), on(&[400], 225), off(525)],
            waiting: &[on(&[400], 100), off(4_000)],
            held: &[on(&[400, 450], 100), off(100), on(&[400, 450], 100), REST],
        },
    },
    // 400 Hz whose loudness goes up and down 16 times a second: the same as three tones 16 Hz apart.
    Country {
        letters: &["JP"],
        codes: &[81],
        tones: CallTones {
            ringing: &[on(&[384, 400, 416], 1_000), off(2_000)],
            busy: &[on(&[400], 500), off(500)],
            congestion: &[on(&[400], 500), off(500)],
            waiting: &[on(&[384, 400, 416], 500), off(8_000)],
            held: &[on(&[384, 400, 416], 100), off(100), on(&[384, 400, 416], 100), REST],
        },
    },
    Country {
        letters: &["CN"],
        codes: &[86],
        tones: CallTones {
            ringing: &[on(&[450], 1_000), off(4_000)],
            busy: &[on(&[450], 350), off(350)],
            congestion: &[on(&[450], 700), off(700)],
            waiting: &[on(&[450], 400), off(4_000)],
            held: &[on(&[450], 100), off(100), on(&[450], 100), REST],
        },
    },
    Country {
        letters: &["AU"],
        codes: &[61],
        tones: CallTones {
            ringing: &[on(&[413, 438], 400), off(200), on(&[413, 438], 400), off(2_000)],
            busy: &[on(&[425], 375), off(375)],
            congestion: &[on(&[425], 375), off(375), on(&[420], 375), off(375)],
            waiting: &[on(&[425], 200), off(200), on(&[425], 200), off(4_400)],
            held: &[on(&[413, 438], 100), off(100), on(&[413, 438], 100), REST],
        },
    },
    Country {
        letters: &["AT"],
        codes: &[43],
        tones: CallTones {
            ringing: &[on(&[420], 1_000), off(5_000)],
            busy: &[on(&[420], 400), off(400)],
            congestion: &[on(&[420], 200), off(200)],
            waiting: &[on(&[420], 40), off(1_960)],
            held: &[on(&[420], 100), off(100), on(&[420], 100), REST],
        },
    },
    Country {
        letters: &["BE"],
        codes: &[32],
        tones: CallTones {
            ringing: &[on(&[425], 1_000), off(3_000)],
            busy: &[on(&[425], 500), off(500)],
            congestion: &[on(&[425], 167), off(167)],
            waiting: &[on(&[1400], 175), off(175), on(&[1400], 175), off(3_500)],
            held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
        },
    },
    Country {
        letters: &["BR"],
        codes: &[55],
        tones: CallTones {
            ringing: &[on(&[425], 1_000), off(4_000)],
            busy: &[on(&[425], 250), off(250)],
            congestion: &[on(&[425], 250), off(250), on(&[425], 750), off(250)],
            waiting: &[on(&[425], 50), off(1_000)],
            held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
        },
    },
    Country {
        letters: &["BG"],
        codes: &[359],
        tones: CallTones {
            ringing: &[on(&[425], 1_000), off(4_000)],
            busy: &[on(&[425], 500), off(500)],
            congestion: &[on(&[425], 250), off(250)],
            waiting: &[on(&[425], 150), off(150), on(&[425], 150), off(4_000)],
            held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
        },
    },
    Country {
        letters: &["CL"],
        codes: &[56],
        tones: CallTones {
            ringing: &[on(&[400], 1_000), off(3_000)],
            busy: &[on(&[400], 500), off(500)],
            congestion: &[on(&[400], 200), off(200)],
            waiting: &[on(&[400], 250), off(8_750)],
            held: &[on(&[400], 100), off(100), on(&[400], 100), REST],
        },
    },
    Country {
        letters: &["CZ"],
        codes: &[420],
        tones: CallTones {
            ringing: &[on(&[425], 1_000), off(4_000)],
            busy: &[on(&[425], 330), off(330)],
            congestion: &[on(&[425], 165), off(165)],
            waiting: &[on(&[425], 330), off(9_000)],
            held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
        },
    },
    // Greece has the same.
    Country {
        letters: &["FI", "GR"],
        codes: &[358, 30],
        tones: CallTones {
            ringing: &[on(&[425], 1_000), off(4_000)],
            busy: &[on(&[425], 300), off(300)],
            congestion: &[on(&[425], 200), off(200)],
            waiting: &[on(&[425], 150), off(150), on(&[425], 150), off(8_000)],
            held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
        },
    },
    Country {
        letters: &["FR"],
        codes: &[33],
        tones: CallTones {
            ringing: &[on(&[440], 1_500), off(3_500)],
            busy: &[on(&[440], 500), off(500)],
            congestion: &[on(&[440], 250), off(250)],
            waiting: &[on(&[440], 300), off(10_000)],
            held: &[on(&[440], 100), off(100), on(&[440], 100), REST],
        },
    },
    Country {
        letters: &["HU"],
        codes: &[36],
        tones: CallTones {
            ringing: &[on(&[425], 1_250), off(3_750)],
            busy: &[on(&[425], 300), off(300)],
            congestion: &[on(&[425], 300), off(300)],
            waiting: &[on(&[425], 40), off(1_960)],
            held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
        },
    },
    Country {
        letters: &["IN"],
        codes: &[91],
        tones: CallTones {
            ringing: &[on(&[375, 400, 425], 400), off(200), on(&[375, 400, 425], 400), off(2_000)],
            busy: &[on(&[400], 750), off(750)],
            congestion: &[on(&[400], 250), off(250)],
            waiting: &[on(&[400], 200), off(100), on(&[400], 200), off(7_500)],
            held: &[on(&[375, 400, 425], 100), off(100), on(&[375, 400, 425], 100), REST],
        },
    },
    Country {
        letters: &["ID"],
        codes: &[62],
        tones: CallTones {
            ringing: &[on(&[425], 1_000), off(4_000)],
            busy: &[on(&[425], 500), off(500)],
            congestion: &[on(&[425], 250), off(250)],
            waiting: &[on(&[425], 150), off(150), on(&[425], 150), off(10_000)],
            held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
        },
    },
    Country {
        letters: &["IL"],
        codes: &[972],
        tones: CallTones {
            ringing: &[on(&[414], 1_000), off(3_000)],
            busy: &[on(&[414], 500), off(500)],
            congestion: &[on(&[414], 250), off(250)],
            waiting: &[on(&[414], 100), off(100), on(&[414], 100), off(100), on(&[414], 600), off(3_000)],
            held: &[on(&[414], 100), off(100), on(&[414], 100), REST],
        },
    },
    Country {
        letters: &["IT"],
        codes: &[39],
        tones: CallTones {
            ringing: &[on(&[425], 1_000), off(4_000)],
            busy: &[on(&[425], 500), off(500)],
            congestion: &[on(&[425], 200), off(200)],
            waiting: &[on(&[425], 400), off(100), on(&[425], 250), off(100), on(&[425], 150), off(14_000)],
            held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
        },
    },
    Country {
        letters: &["LT"],
        codes: &[370],
        tones: CallTones {
            ringing: &[on(&[425], 1_000), off(4_000)],
            busy: &[on(&[425], 350), off(350)],
            congestion: &[on(&[425], 200), off(200)],
            waiting: &[on(&[425], 150), off(150), on(&[425], 150), off(4_000)],
            held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
        },
    },
    Country {
        letters: &["MX"],
        codes: &[52],
        tones: CallTones {
            ringing: &[on(&[425], 1_000), off(4_000)],
            busy: &[on(&[425], 250), off(250)],
            congestion: &[on(&[425], 250), off(250)],
            waiting: &[on(&[425], 200), off(600), on(&[425], 200), off(10_000)],
            held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
        },
    },
    Country {
        letters: &["NL"],
        codes: &[31],
        tones: CallTones {
            ringing: &[on(&[425], 1_000), off(4_000)],
            busy: &[on(&[425], 500), off(500)],
            congestion: &[on(&[425], 250), off(250)],
            waiting: &[on(&[425], 500), off(9_500)],
            held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
        },
    },
    Country {
        letters: &["NZ"],
        codes: &[64],
        tones: CallTones {
            ringing: &[on(&[400, 450], 400), off(200), on(&[400, 450], 400), off(2_000)],
            busy: &[on(&[400], 500), off(500)],
            congestion: &[on(&[400], 250), off(250)],
            waiting: &[on(&[400], 200), off(3_000)],
            held: &[on(&[400, 450], 100), off(100), on(&[400, 450], 100), REST],
        },
    },
    Country {
        letters: &["NO"],
        codes: &[47],
        tones: CallTones {
            ringing: &[on(&[425], 1_000), off(4_000)],
            busy: &[on(&[425], 500), off(500)],
            congestion: &[on(&[425], 200), off(200)],
            waiting: &[on(&[425], 200), off(600), on(&[425], 200), off(10_000)],
            held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
        },
    },
    Country {
        letters: &["PH"],
        codes: &[63],
        tones: CallTones {
            ringing: &[on(&[425, 480], 1_000), off(4_000)],
            busy: &[on(&[480, 620], 500), off(500)],
            congestion: &[on(&[480, 620], 250), off(250)],
            waiting: &[on(&[440], 300), off(10_000)],
            held: &[on(&[425, 480], 100), off(100), on(&[425, 480], 100), REST],
        },
    },
    Country {
        letters: &["PL"],
        codes: &[48],
        tones: CallTones {
            ringing: &[on(&[425], 1_000), off(4_000)],
            busy: &[on(&[425], 500), off(500)],
            congestion: &[on(&[425], 500), off(500)],
            waiting: &[on(&[425], 150), off(150), on(&[425], 150), off(4_000)],
            held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
        },
    },
    Country {
        letters: &["PT"],
        codes: &[351],
        tones: CallTones {
            ringing: &[on(&[425], 1_000), off(5_000)],
            busy: &[on(&[425], 500), off(500)],
            congestion: &[on(&[425], 200), off(200)],
            waiting: &[on(&[440], 300), off(10_000)],
            held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
        },
    },
    Country {
        letters: &["SG"],
        codes: &[65],
        tones: CallTones {
            ringing: &[on(&[401, 425, 449], 400), off(200), on(&[401, 425, 449], 400), off(2_000)],
            busy: &[on(&[425], 750), off(750)],
            congestion: &[on(&[425], 250), off(250)],
            waiting: &[on(&[401, 425, 449], 300), off(200), on(&[401, 425, 449], 300), off(3_200)],
            held: &[on(&[401, 425, 449], 100), off(100), on(&[401, 425, 449], 100), REST],
        },
    },
    Country {
        letters: &["ZA"],
        codes: &[27],
        tones: CallTones {
            ringing: &[on(&[367, 400, 433], 400), off(200), on(&[367, 400, 433], 400), off(2_000)],
            busy: &[on(&[400], 500), off(500)],
            congestion: &[on(&[400], 250), off(250)],
            waiting: &[on(&[367, 400, 433], 250), off(250)],
            held: &[on(&[367, 400, 433], 100), off(100), on(&[367, 400, 433], 100), REST],
        },
    },
    Country {
        letters: &["ES"],
        codes: &[34],
        tones: CallTones {
            ringing: &[on(&[425], 1_500), off(3_000)],
            busy: &[on(&[425], 200), off(200)],
            congestion: &[on(&[425], 200), off(200), on(&[425], 200), off(200), on(&[425], 200), off(600)],
            waiting: &[on(&[425], 175), off(175), on(&[425], 175), off(3_500)],
            held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
        },
    },
    Country {
        letters: &["SE"],
        codes: &[46],
        tones: CallTones {
            ringing: &[on(&[425], 1_000), off(5_000)],
            busy: &[on(&[425], 250), off(250)],
            congestion: &[on(&[425], 250), off(750)],
            waiting: &[on(&[425], 200), off(500), on(&[425], 200), off(9_100)],
            held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
        },
    },
    Country {
        letters: &["CH"],
        codes: &[41],
        tones: CallTones {
            ringing: &[on(&[425], 1_000), off(4_000)],
            busy: &[on(&[425], 500), off(500)],
            congestion: &[on(&[425], 200), off(200)],
            waiting: &[on(&[425], 200), off(200), on(&[425], 200), off(4_000)],
            held: &[on(&[425], 100), off(100), on(&[425], 100), REST],
        },
    },
    Country {
        letters: &["TW"],
        codes: &[886],
        tones: CallTones {
            ringing: &[on(&[440, 480], 1_000), off(2_000)],
            busy: &[on(&[480, 620], 500), off(500)],
            congestion: &[on(&[480, 620], 250), off(250)],
            waiting: &[on(&[350, 440], 250), off(250), on(&[350, 440], 250), off(3_250)],
            held: &[on(&[440, 480], 100), off(100), on(&[440, 480], 100), REST],
        },
    },
];

impl CallTones {
    /// By the two letters of ISO 3166.
    pub fn of_country(letters: &str) -> &'static Self {
        Self::where_known(|country| country.letters.contains(&letters))
    }

    /// By the country code of E.164.
    pub fn of_calling_code(code: u16) -> &'static Self {
        Self::where_known(|country| country.codes.contains(&code))
    }

    fn where_known(fits: impl Fn(&Country) -> bool) -> &'static Self {
        COUNTRIES.iter().find(|country| fits(country)).map_or(&USUAL, |country| &country.tones)
    }

    /// The letters of all countries whose tones are known.
    pub fn countries() -> impl Iterator<Item = &'static str> {
        COUNTRIES.iter().flat_map(|country| country.letters.iter().copied())
    }

    pub fn cadence(&self, tone: CallTone) -> Cadence {
        match tone {
            CallTone::Ringing => self.ringing,
            CallTone::Busy => self.busy,
            CallTone::Congestion => self.congestion,
        }
    }
}

/// For trying an earpiece out.
pub const MELODY: Cadence = &[on(&[523], 250), on(&[659], 250), on(&[784], 250), on(&[1_047], 500), off(750)];

/// That a call is recorded, once: half a second of 1400 Hz, as recorder warning tones have it.
pub const RECORDING: Cadence = &[on(&[1_400], 500)];

/// Samples of a cadence, for as long as they are taken.
#[derive(Clone, Debug)]
pub struct Player {
    cadence: Cadence,
    rate: Rate,
    part: usize,
    /// Samples of the part that have been given.
    at: u32,
}

impl Player {
    /// From the beginning, at this rate.
    pub const fn new(cadence: Cadence, rate: Rate) -> Self {
        Self { cadence, rate, part: 0, at: 0 }
    }

    /// From -1 to 1; silence for ever where there are no parts.
    pub fn next_sample(&mut self) -> f32 {
        let Some(part) = self.cadence.get(self.part) else { return 0.0 };
        let rate_hz = self.rate.hz();
        let (at, length) = (self.at, part.ms * rate_hz / 1_000);
        self.at += 1;
        if self.at >= length {
            (self.part, self.at) = ((self.part + 1) % self.cadence.len(), 0);
        }
        let ramp = RAMP_MS * rate_hz / 1_000;
        let edge = at.min(length - at).min(ramp) as f32 / ramp as f32;
        // Whole periods are left out, so that it stays exact however long the part is.
        let turn = |hz: &u32| (at * hz % rate_hz) as f32 / rate_hz as f32;
        let sum: f32 = part.hz.iter().map(|hz| (std::f32::consts::TAU * turn(hz)).sin()).sum();
        LOUDNESS * edge * sum / part.hz.len().max(1) as f32
    }

    /// The next 20 ms.
    pub fn next_frame(&mut self) -> Frame {
        // A cast from float holds to the bounds.
        Frame::from_fn(self.rate, |_| (self.next_sample() * FULL_SCALE) as i16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds with and without sound, of the first cycle.
    fn rhythm(cadence: Cadence) -> Vec<(bool, f32)> {
        let mut player = Player::new(cadence, Rate::Narrow);
        let cycle: u32 = cadence.iter().map(|part| part.ms).sum();
        let mut rhythm: Vec<(bool, f32)> = Vec::new();
        for _ in 0..cycle / 25 {
            let heard = (0..200).filter(|_| player.next_sample().abs() > LOUDNESS / 2.0).count() > 0;
            match rhythm.last_mut() {
                Some((before, seconds)) if *before == heard => *seconds += 0.025,
                _ => rhythm.push((heard, 0.025)),
            }
        }
        rhythm.into_iter().map(|(heard, seconds)| (heard, (seconds * 100.0).round() / 100.0)).collect()
    }

    #[test]
    fn a_country_is_known_by_its_rhythm() {
        let ringing = |letters| rhythm(CallTones::of_country(letters).cadence(CallTone::Ringing));
        assert_eq!(ringing("RU"), [(true, 0.8), (false, 3.2)]);
        assert_eq!(ringing("KR"), [(true, 1.0), (false, 2.0)]);
        assert_eq!(ringing("FR"), [(true, 1.5), (false, 3.5)]);
        assert_eq!(ringing("XX"), ringing("DE"), "where nothing better is known");
        assert_eq!(ringing("GB"), [(true, 0.4), (false, 0.2), (true, 0.4), (false, 2.0)]);
        assert_eq!(rhythm(CallTones::of_calling_code(82).busy), [(true, 0.5), (false, 0.5)]);
        assert_eq!(rhythm(CallTones::of_calling_code(375).busy), [(true, 0.4), (false, 0.4)]);
    }

    /// E.180 §5 to §8: what networks are advised to keep to, and all of these do but for some pauses.
    #[test]
    fn each_country_s_tones_are_of_a_pitch_and_length_that_callers_know_as_such() {
        for country in COUNTRIES {
            let CallTones { ringing, busy, congestion, waiting, held } = &country.tones;
            let name = country.letters[0];
            for cadence in [ringing, busy, congestion, waiting, held] {
                let pitches = cadence.iter().flat_map(|part| part.hz);
                assert!(pitches.clone().count() > 0, "{name} is silent");
                assert!(pitches.clone().all(|hz| (340..=1_400).contains(hz)), "{name}");
                assert!(cadence.last().is_some_and(|part| part.hz.is_empty()), "{name} never pauses");
                assert!(cadence.iter().all(|part| part.ms >= 40), "{name}");
            }
            let cycle = |cadence: Cadence| cadence.iter().map(|part| part.ms).sum::<u32>();
            assert!(cycle(ringing) >= 2_600 && cycle(busy) <= 1_500, "{name}");
            assert!(cycle(congestion) <= 1_600, "{name}");
        }
        let mut letters: Vec<&str> = CallTones::countries().collect();
        letters.sort_unstable();
        assert!(letters.windows(2).all(|pair| pair[0] != pair[1]), "no country is there twice");
    }

    #[test]
    fn a_melody_is_heard_without_clicks_and_begins_again_after_its_pause() {
        let mut player = Player::new(MELODY, Rate::Narrow);
        let frames: Vec<Frame> = (0..200).map(|_| player.next_frame()).collect();
        let heard = |frame: &Frame| frame.iter().any(|sample| sample.abs() > 1_000);
        let parts: Vec<bool> = frames.iter().map(heard).collect();
        assert!(parts[..62].iter().all(|heard| *heard));
        assert!(parts[63..100].iter().all(|heard| !heard));
        assert_eq!(parts[..100], parts[100..]);
        let samples: Vec<i32> =
            frames.iter().flat_map(|frame| frame.iter().map(|sample| i32::from(*sample))).collect();
        // The steepest step of 1047 Hz at this loudness.
        assert!(samples.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 7_000));
        assert!(samples.iter().all(|sample| sample.abs() <= 8_192));
    }
}
