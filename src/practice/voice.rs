//! What is heard of simulated people: sentences recorded beforehand (`speech/README.md`), an echo, music.

use crate::media::{Codec, Converter, Frame, Rate, StandIn};
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Voice {
    Speech(Speech),
    /// What came, back again: the driver's to do, [`Speaker`] has nothing to add.
    Echo,
    Music,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Speech {
    Russian,
    Korean,
    English,
    Manager,
}

/// At which the sentences are recorded.
const RATE: Rate = Rate::Narrow;
/// Between two repetitions of a sentence: three seconds.
const PAUSE: usize = 3 * RATE.hz() as usize;
/// The line's own noise, so that a pause is not taken for a dead line.
const NOISE: i16 = 24;

/// Gives a voice frame by frame, for ever.
pub struct Speaker {
    says: Says,
    position: usize,
    converter: Converter,
}

enum Says {
    Sentence(Arc<[i16]>),
    Music(StandIn),
    Nothing,
}

impl Speaker {
    pub fn new(voice: Voice) -> Self {
        let says = match voice {
            Voice::Speech(speech) => Says::Sentence(Codec::Pcma.decode(recorded(speech)).into()),
            Voice::Music => Says::Music(StandIn::music()),
            Voice::Echo => Says::Nothing,
        };
        Self { says, position: 0, converter: Converter::new(RATE) }
    }

    /// The next 20 ms, at this rate.
    pub fn next_frame(&mut self, rate: Rate) -> Frame {
        let mut frame = Frame::silence(RATE);
        match &mut self.says {
            Says::Sentence(sentence) => {
                for (sample, at) in frame.iter_mut().zip(self.position..) {
                    *sample =
                        sentence.get(at % (sentence.len() + PAUSE)).copied().unwrap_or_else(|| noise(at));
                }
            }
            Says::Music(music) => return music.next_frame(rate),
            Says::Nothing => return Frame::silence(rate),
        }
        self.position = self.position.wrapping_add(frame.len());
        self.converter.convert_to(rate, &frame)
    }
}

const fn recorded(speech: Speech) -> &'static [u8] {
    match speech {
        Speech::Russian => include_bytes!("speech/client-ru.al"),
        Speech::Korean => include_bytes!("speech/client-ko.al"),
        Speech::English => include_bytes!("speech/client-en.al"),
        Speech::Manager => include_bytes!("speech/manager.al"),
    }
}

/// Uneven enough to be no tone.
const fn noise(at: usize) -> i16 {
    if at.wrapping_mul(2_654_435_761) & 0x4_0000 == 0 { NOISE } else { -NOISE }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::peak;

    const FRAME_SAMPLES: usize = RATE.frame_samples();

    fn loudest(speaker: &mut Speaker, frames: usize) -> u16 {
        let frames = std::iter::repeat_with(|| speaker.next_frame(RATE)).take(frames);
        frames.map(|frame| peak(&frame)).max().unwrap_or(0)
    }

    #[test]
    fn every_sentence_is_heard_and_the_line_is_never_dead() {
        for speech in [Speech::Russian, Speech::Korean, Speech::English, Speech::Manager] {
            let mut speaker = Speaker::new(Voice::Speech(speech));
            let sentence = recorded(speech).len() / FRAME_SAMPLES;
            assert!(loudest(&mut speaker, sentence) > 8_000, "{speech:?}");
            let pause = loudest(&mut speaker, PAUSE / FRAME_SAMPLES);
            assert!((9..12_000).contains(&pause), "{speech:?}: A-law's own silence is 8");
            assert!(loudest(&mut speaker, sentence) > 8_000, "{speech:?} is said again");
        }
    }

    #[test]
    fn music_is_heard_and_an_echo_adds_nothing() {
        assert!(loudest(&mut Speaker::new(Voice::Music), 200) > 1_000);
        assert_eq!(loudest(&mut Speaker::new(Voice::Echo), 200), 0);
    }

    #[test]
    fn the_recordings_stay_small() {
        let all = [Speech::Russian, Speech::Korean, Speech::English, Speech::Manager];
        let octets: usize = all.into_iter().map(|speech| recorded(speech).len()).sum();
        assert!(octets < 300 * 1024, "{octets}");
    }
}
