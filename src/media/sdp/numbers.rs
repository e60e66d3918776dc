//! Payload types of one call: what a number once meant it means to the end (RFC 3264 §8.3.2).

use crate::media::Codec;

/// What a payload type stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Meaning {
    Sound(Codec),
    /// telephone-event with this clock, in Hz.
    Event(u32),
}

#[derive(Clone, Default, Debug)]
pub(super) struct Numbers {
    given: Vec<(u8, Meaning)>,
    /// All that they gave a meaning of their own, known to us or not.
    theirs: Vec<u8>,
}

impl Numbers {
    /// The number of it in this call, from now on if there was none.
    pub fn of(&mut self, meaning: Meaning) -> u8 {
        if let Some((number, _)) = self.given.iter().find(|(_, given)| *given == meaning) {
            return *number;
        }
        let number = meaning.fixed().unwrap_or_else(|| self.free(meaning.customary()));
        self.given.push((number, meaning));
        number
    }

    /// Their offer: its numbers hold, over those that we had thought of.
    pub fn follow(&mut self, named: &[u8], codecs: &[(u8, Codec)], events: &[(u8, u32)]) {
        let codecs = codecs.iter().map(|&(number, codec)| (number, Meaning::Sound(codec)));
        let events = events.iter().map(|&(number, clock)| (number, Meaning::Event(clock)));
        // Of two numbers for one meaning the first is used.
        let mut known: Vec<(u8, Meaning)> = Vec::new();
        for (number, meaning) in codecs.chain(events) {
            if known.iter().all(|(_, other)| *other != meaning) {
                known.push((number, meaning));
            }
        }
        self.given.retain(|(number, meaning)| {
            !named.contains(number) && known.iter().all(|(_, other)| other != meaning)
        });
        self.given.append(&mut known);
        self.theirs
            .extend(named.iter().filter(|number| !self.theirs.contains(number)).copied().collect::<Vec<_>>());
    }

    /// The customary dynamic one, or another where that is used for something else.
    fn free(&self, customary: u8) -> u8 {
        let used =
            |number: &u8| self.theirs.contains(number) || self.given.iter().any(|(pt, _)| pt == number);
        (customary..=127).chain(96..=127).find(|number| !used(number)).unwrap_or(customary)
    }
}

impl Meaning {
    const fn fixed(self) -> Option<u8> {
        match self {
            Self::Sound(codec) => codec.static_payload_type(),
            Self::Event(_) => None,
        }
    }

    /// Those that Asterisk gives.
    const fn customary(self) -> u8 {
        match self {
            Self::Event(8_000) => 101,
            Self::Event(_) => 102,
            Self::Sound(_) => 107,
        }
    }
}
