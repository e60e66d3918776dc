//! What a far end hears that the operator does not talk to: music, where the PBX plays none, or a sentence recorded beforehand
//! (`stand_in/README.md`).

use super::{Codec, Converter, Frame, Rate};
use crate::text::Language;
use std::f32::consts::TAU;

/// At which all of it is recorded or made.
const RATE: Rate = Rate::Narrow;
/// Between two repetitions of a sentence: a second and a half.
const PAUSE: usize = 3 * RATE.hz() as usize / 2;
/// A quiet chord, its notes one after another.
const NOTES_HZ: [f32; 6] = [261.63, 329.63, 392.0, 523.25, 392.0, 329.63];
const NOTE: usize = RATE.hz() as usize / 2;
const LOUDNESS: f32 = 3_000.0;

/// Gives it frame by frame, for ever.
pub struct StandIn {
    /// None: music.
    sentence: Option<Vec<i16>>,
    position: usize,
    converter: Converter,
}

impl StandIn {
    pub const fn music() -> Self {
        Self { sentence: None, position: 0, converter: Converter::new(RATE) }
    }

    /// Whoever has answered is asked to press a key, over and over.
    pub fn prompt(language: Language) -> Self {
        let recorded: &[u8] = match language {
            Language::English => include_bytes!("stand_in/en.al"),
            Language::Korean => include_bytes!("stand_in/ko.al"),
            Language::Russian => include_bytes!("stand_in/ru.al"),
        };
        Self { sentence: Some(Codec::Pcma.decode(recorded)), ..Self::music() }
    }

    /// The next 20 ms, at this rate.
    pub fn next_frame(&mut self, rate: Rate) -> Frame {
        let mut frame = Frame::silence(RATE);
        for (sample, at) in frame.iter_mut().zip(self.position..) {
            *sample = match &self.sentence {
                Some(sentence) => sentence.get(at % (sentence.len() + PAUSE)).copied().unwrap_or_default(),
                None => note(at),
            };
        }
        self.position = self.position.wrapping_add(frame.len());
        self.converter.convert_to(rate, &frame)
    }
}

fn note(at: usize) -> i16 {
    let hz = NOTES_HZ.get(at / NOTE % NOTES_HZ.len()).copied().unwrap_or_default();
    let into = (at % NOTE) as f32 / NOTE as f32;
    let phase = TAU * hz * (at % NOTE) as f32 / RATE.hz() as f32;
    (LOUDNESS * (1.0 - into) * phase.sin()) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::peak;

    fn loudest(stand_in: &mut StandIn, frames: usize) -> u16 {
        let frames = std::iter::repeat_with(|| stand_in.next_frame(Rate::Narrow)).take(frames);
        frames.map(|frame| peak(&frame)).max().unwrap_or(0)
    }

    #[test]
    fn whoever_answers_is_asked_again_and_again() {
        for language in [Language::English, Language::Korean, Language::Russian] {
            let mut prompt = StandIn::prompt(language);
            for _ in 0..3 {
                assert!(
                    loudest(&mut prompt, 400) > 4_000,
                    "{language:?}: eight seconds hold the sentence once"
                );
            }
        }
    }

    #[test]
    fn music_is_never_silent_for_half_a_second_and_never_loud() {
        let mut music = StandIn::music();
        for _ in 0..100 {
            let loudest = loudest(&mut music, 25);
            assert!((1_000..=LOUDNESS as u16).contains(&loudest), "{loudest}");
        }
    }

    #[test]
    fn a_far_end_of_any_rate_hears_the_same() {
        let [narrow, wide, full] = Rate::ALL.map(|rate| {
            let mut music = StandIn::music();
            let frames: Vec<Frame> = (0..50).map(|_| music.next_frame(rate)).collect();
            assert!(frames.iter().all(|frame| frame.rate() == rate));
            frames.iter().map(peak).max().unwrap_or(0)
        });
        assert!(narrow.abs_diff(wide) < 100 && narrow.abs_diff(full) < 100, "{narrow}, {wide}, {full}");
    }
}
