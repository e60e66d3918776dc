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
}

const fn on(hz: &'static [u32], ms: u32) -> Part {
    Part { hz, ms }
}

const fn off(ms: u32) -> Part {
    Part { hz: &[], ms }
}

/// Russia's, which Kazakhstan, Belarus and Ukraine have from the network they once shared.
static RUSSIA: CallTones = CallTones {
    ringing: &[on(&[425], 800), off(3_200)],
    busy: &[on(&[425], 400), off(400)],
    congestion: &[on(&[425], 200), off(200)],
    waiting: &[on(&[425], 200), off(5_000)],
};

static KOREA: CallTones = CallTones {
    ringing: &[on(&[440, 480], 1_000), off(2_000)],
    busy: &[on(&[480, 620], 500), off(500)],
    congestion: &[on(&[480, 620], 300), off(200)],
    waiting: &[on(&[350, 440], 250), off(250), on(&[350, 440], 250), off(3_250)],
};

/// Also where nothing better is known: within the bounds that E.180 recommends to all.
static GERMANY: CallTones = CallTones {
    ringing: &[on(&[425], 1_000), off(4_000)],
    busy: &[on(&[425], 480), off(480)],
    congestion: &[on(&[425], 240), off(240)],
    waiting: &[on(&[425], 200), off(200), on(&[425], 200), off(5_000)],
};

static NORTH_AMERICA: CallTones = CallTones {
    ringing: &[on(&[440, 480], 2_000), off(4_000)],
    busy: &[on(&[480, 620], 500), off(500)],
    congestion: &[on(&[480, 620], 250), off(250)],
    waiting: &[on(&[440], 300), off(10_000)],
};

static BRITAIN: CallTones = CallTones {
    ringing: &[on(&[400, 450], 400), off(200), on(&[400, 450], 400), off(2_000)],
    busy: &[on(&[400], 375), off(375)],
    congestion: &[on(&[400], 400), off(350), on(&[400], 225), off(525)],
    waiting: &[on(&[400], 100), off(4_000)],
};

/// 400 Hz whose loudness goes up and down 16 times a second: the same as three tones 16 Hz apart.
static JAPAN: CallTones = CallTones {
    ringing: &[on(&[384, 400, 416], 1_000), off(2_000)],
    busy: &[on(&[400], 500), off(500)],
    congestion: &[on(&[400], 500), off(500)],
    waiting: &[on(&[384, 400, 416], 500), off(8_000)],
};

static CHINA: CallTones = CallTones {
    ringing: &[on(&[450], 1_000), off(4_000)],
    busy: &[on(&[450], 350), off(350)],
    congestion: &[on(&[450], 700), off(700)],
    waiting: &[on(&[450], 400), off(4_000)],
};

impl CallTones {
    /// By the two letters of ISO 3166.
    pub fn of_country(letters: &str) -> &'static Self {
        match letters {
            "RU" | "KZ" | "BY" | "UA" => &RUSSIA,
            "KR" => &KOREA,
            "US" => &NORTH_AMERICA,
            "GB" => &BRITAIN,
            "JP" => &JAPAN,
            "CN" => &CHINA,
            _ => &GERMANY,
        }
    }

    /// By the country code of E.164.
    pub fn of_calling_code(code: u16) -> &'static Self {
        match code {
            7 | 375 | 380 => &RUSSIA,
            82 => &KOREA,
            1 => &NORTH_AMERICA,
            44 => &BRITAIN,
            81 => &JAPAN,
            86 => &CHINA,
            _ => &GERMANY,
        }
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
        assert_eq!(ringing("GB"), [(true, 0.4), (false, 0.2), (true, 0.4), (false, 2.0)]);
        assert_eq!(rhythm(CallTones::of_calling_code(82).busy), [(true, 0.5), (false, 0.5)]);
        assert_eq!(rhythm(CallTones::of_calling_code(375).busy), [(true, 0.4), (false, 0.4)]);
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
