//! The client's card: asked for when a call rings and when somebody else is at its far end, shown whenever an answer comes.

use super::{CardAnswer, Source};
use crate::desk_api::{HandedOver, Match};
use crate::domain::number::PhoneNumber;
use crate::instant::Instant;
use crate::phone::LineId;
use std::collections::BTreeMap;
use std::time::Duration;

/// Names one look-up; never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LookupId(pub u64);

/// An answer about the number of a line.
#[derive(Clone, PartialEq, Debug)]
pub struct Card {
    pub answer: CardAnswer,
    /// From the look-up's beginning to this answer.
    pub took: Duration,
    /// What a colleague learned who passes the client on.
    pub handed_over: Option<Box<HandedOver>>,
}

impl Card {
    pub fn matched(&self) -> Match {
        self.answer.matched()
    }
}

/// Whose card each line is to show, and look-ups whose last word is still to come.
#[derive(Default)]
pub(super) struct LookUps {
    last: u64,
    numbers: BTreeMap<LineId, PhoneNumber>,
    open: BTreeMap<LookupId, LookUp>,
}

#[derive(Clone, Copy)]
struct LookUp {
    line: LineId,
    begun: Instant,
}

impl LookUps {
    /// Who is at the far end of this line; none who could be looked up. False: the same as before. What is still to be
    /// said about an earlier one is of no interest any more.
    pub fn turn_to(&mut self, line: LineId, number: Option<PhoneNumber>) -> bool {
        if self.numbers.get(&line).copied() == number {
            return false;
        }
        self.forget(line);
        self.numbers.extend(number.map(|number| (line, number)));
        true
    }

    /// Who is at the far end of this line, as far as they can be looked up.
    pub fn number(&self, line: LineId) -> Option<PhoneNumber> {
        self.numbers.get(&line).copied()
    }

    pub fn begin(&mut self, now: Instant, line: LineId) -> LookupId {
        self.last = self.last.wrapping_add(1);
        let lookup = LookupId(self.last);
        self.open.insert(lookup, LookUp { line, begun: now });
        lookup
    }

    /// None for answers that nobody waits for: the call is over, or the desk has spoken already. The
    /// cache's answer leaves the look-up open; the desk's, or its failure, ends it.
    pub fn answer(&mut self, now: Instant, lookup: LookupId, answer: CardAnswer) -> Option<(LineId, Card)> {
        let LookUp { line, begun } = *self.open.get(&lookup)?;
        if !matches!(answer, CardAnswer::Found { source: Source::Cache, .. }) {
            self.open.remove(&lookup);
        }
        Some((line, Card { answer, took: now.since(begun), handed_over: None }))
    }

    /// The call on this line is over.
    pub fn forget(&mut self, line: LineId) {
        self.numbers.remove(&line);
        self.open.retain(|_, lookup| lookup.line != line);
    }
}
