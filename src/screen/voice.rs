//! How the two of a call hear each other: what is said of it, and the mark beside each meter.

use super::call::Seen;
use super::format::tenths;
use super::{Screen, State, Tone, VoiceMark, Word};
use crate::agent::voice_verdict;
use crate::desk_api::{HeardHow, Listener, VoiceVerdict};
use crate::media::{AudioDirection, NoAudioCause, PoorCause, StreamStats};
use crate::phone::LineId;
use crate::text::{Catalogue, msg, say};

/// From these mean opinion scores on a voice is good, or fair: where many are satisfied, and where not many are dissatisfied
/// (ITU-T G.107 annex B).
const GOOD: f32 = 4.0;
const FAIR: f32 = 3.1;

/// Of one call.
#[derive(Default)]
pub(super) struct Voice {
    /// What is wrong now: of each direction one thing.
    wrong: Vec<(AudioDirection, Wrong)>,
    here: Option<f32>,
    there: Option<f32>,
    worst: Option<VoiceVerdict>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    Nothing(NoAudioCause),
    Badly(PoorCause),
}

impl Wrong {
    fn verdict(self, direction: AudioDirection) -> VoiceVerdict {
        match self {
            Self::Nothing(cause) => voice_verdict(direction, HeardHow::Nothing, cause.code()),
            Self::Badly(cause) => voice_verdict(direction, HeardHow::Badly, cause.code()),
        }
    }
}

impl Voice {
    /// The worst of the whole call.
    pub fn worst(&self) -> Option<&VoiceVerdict> {
        self.worst.as_ref()
    }

    pub fn measure(&mut self, stats: &StreamStats) {
        (self.here, self.there) = (stats.here.now, stats.there.now);
    }

    fn is_wrong(&mut self, direction: AudioDirection, wrong: Wrong) {
        self.is_right(direction);
        self.wrong.push((direction, wrong));
        self.worst = Some(VoiceVerdict::worse(self.worst.take(), wrong.verdict(direction)));
    }

    /// Whether it was not before.
    fn is_right(&mut self, direction: AudioDirection) -> bool {
        let before = self.wrong.len();
        self.wrong.retain(|(way, _)| *way != direction);
        self.wrong.len() < before
    }
}

impl Screen {
    /// That one hears nothing cannot wait; that it is bad, or good again, can until a screen reader has said what it says.
    pub(super) fn on_voice_wrong(&mut self, line: LineId, direction: AudioDirection, wrong: Wrong) {
        self.change(line, |call| call.voice.is_wrong(direction, wrong));
        let words = self.wrong_words(self.is_colleague_on(line), direction, wrong);
        match wrong {
            Wrong::Nothing(_) => self.announce(words),
            Wrong::Badly(_) => self.mention(words),
        }
    }

    pub(super) fn on_audio_back(&mut self, line: LineId, direction: AudioDirection) {
        let cat = &self.cat;
        let words = match direction {
            AudioDirection::In => say!(cat, "You hear the other side again"),
            AudioDirection::Out => say!(cat, "The other side hears you again"),
        };
        self.on_voice_right(line, direction, words);
    }

    pub(super) fn on_good_audio(&mut self, line: LineId, direction: AudioDirection) {
        let (cat, is_colleague) = (&self.cat, self.is_colleague_on(line));
        let words = match (direction, is_colleague) {
            (AudioDirection::In, false) => say!(cat, "You hear the client well again"),
            (AudioDirection::In, true) => say!(cat, "You hear the other side well again"),
            (AudioDirection::Out, false) => say!(cat, "The client hears you well again"),
            (AudioDirection::Out, true) => say!(cat, "The other side hears you well again"),
        };
        self.on_voice_right(line, direction, words);
    }

    fn on_voice_right(&mut self, line: LineId, direction: AudioDirection, words: String) {
        if self.calls.get_mut(&line).is_some_and(|call| call.voice.is_right(direction)) {
            self.mention(words);
        }
    }

    /// Who hears whom badly or not at all, and why; what helps, too, where nobody can go on without it: the list of colleagues
    /// stands below, and has to stay in sight.
    pub(super) fn voice_notes(&self, seen: Seen<'_>) -> Vec<Word> {
        let is_colleague = self.speaks_with_colleague(seen);
        let word = |(direction, wrong): &(AudioDirection, Wrong)| Word {
            tone: if matches!(wrong, Wrong::Nothing(_)) { Tone::Bad } else { Tone::Warning },
            text: match wrong {
                Wrong::Nothing(_) => self.wrong_words(is_colleague, *direction, *wrong),
                Wrong::Badly(_) => self.voice_fault(is_colleague, *direction, *wrong),
            },
        };
        seen.call.voice.wrong.iter().map(word).collect()
    }

    fn wrong_words(&self, is_colleague: bool, direction: AudioDirection, wrong: Wrong) -> String {
        let advice = match wrong {
            Wrong::Nothing(cause) => cause.advice(),
            Wrong::Badly(cause) => cause.advice(),
        };
        format!("{} {}", self.voice_fault(is_colleague, direction, wrong), self.cat.get(advice))
    }

    fn voice_fault(&self, is_colleague: bool, direction: AudioDirection, wrong: Wrong) -> String {
        let cat = &self.cat;
        let cause = cat.get(match wrong {
            Wrong::Nothing(cause) => cause.words(),
            Wrong::Badly(cause) => cause.words(),
        });
        match (wrong, direction, is_colleague) {
            (Wrong::Nothing(_), AudioDirection::In, _) => {
                say!(cat, "You hear nothing: {cause}", cause = cause)
            }
            (Wrong::Nothing(_), AudioDirection::Out, _) => {
                say!(cat, "Nobody hears you: {cause}", cause = cause)
            }
            (Wrong::Badly(_), AudioDirection::In, false) => {
                say!(cat, "You hear the client badly: {cause}", cause = cause)
            }
            (Wrong::Badly(_), AudioDirection::In, true) => {
                say!(cat, "You hear the other side badly: {cause}", cause = cause)
            }
            (Wrong::Badly(_), AudioDirection::Out, false) => {
                say!(cat, "The client hears you badly: {cause}", cause = cause)
            }
            (Wrong::Badly(_), AudioDirection::Out, true) => {
                say!(cat, "The other side hears you badly: {cause}", cause = cause)
            }
        }
    }

    /// The quality of the call on the card, while it talks and something is known.
    pub(super) fn voice_mark(&self) -> Option<VoiceMark> {
        let voice = &self.front_seen().filter(|_| self.state() == State::Talking)?.call.voice;
        let cat = &self.cat;
        let mark = |score: Option<f32>, direction| {
            let score = score?;
            let (tone, word) = match score {
                score if score >= GOOD => (Tone::Good, msg!("good")),
                score if score >= FAIR => (Tone::Warning, msg!("fair")),
                _ => (Tone::Bad, msg!("bad")),
            };
            let (word, score) = (cat.get(word), tenths(cat.language(), score));
            let text = match direction {
                AudioDirection::In => say!(cat, "You hear: {how} ({mos})", how = word, mos = score),
                AudioDirection::Out => say!(cat, "You are heard: {how} ({mos})", how = word, mos = score),
            };
            Some(Word { tone, text })
        };
        let mark = VoiceMark {
            here: mark(voice.here, AudioDirection::In),
            there: mark(voice.there, AudioDirection::Out),
        };
        (mark != VoiceMark::default()).then_some(mark)
    }

    fn is_colleague_on(&self, line: LineId) -> bool {
        self.seen(line).is_some_and(|seen| self.speaks_with_colleague(seen))
    }

    fn speaks_with_colleague(&self, seen: Seen<'_>) -> bool {
        seen.call.is_question || seen.written_number().is_some_and(|number| self.colleague(number).is_some())
    }
}

/// What was wrong with a call that is over.
pub(super) fn was_wrong<'a>(cat: &'a Catalogue, verdict: &VoiceVerdict) -> &'a str {
    cat.get(match (verdict.listener, verdict.heard) {
        (Listener::Operator, HeardHow::Badly) => msg!("you heard badly"),
        (Listener::Operator, HeardHow::Nothing) => msg!("you heard nothing"),
        (Listener::Client, HeardHow::Badly) => msg!("you were heard badly"),
        (Listener::Client, HeardHow::Nothing) => msg!("you were not heard"),
    })
}
