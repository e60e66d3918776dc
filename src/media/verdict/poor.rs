//! Whether what is heard is heard well enough to work with, by the ratings of the E-model: said once when it is not, with what
//! harms it most, and once when it is again.
//!
//! What we hear, and what we send, is looked at every half second. Two and a half seconds that are bad as a whole, with no good look among
//! them but one, are enough to say so: one bad second is not, and 20 % of loss is said within three seconds. It is good again after five
//! seconds without much of it. Of what they hear only their reports tell, every few seconds: two in a row decide.

use super::missing::ENOUGH_SENT;
use super::{AudioDirection, PoorCause};
use crate::instant::Instant;
use crate::media::opinion::{self, Conditions};
use crate::media::rtcp::Heard;
use crate::media::{Codec, StreamEvent};
use std::time::Duration;

const LOOK: Duration = Duration::from_millis(500);

/// Frames of 20 ms in a look.
const FRAMES: f32 = 25.0;

/// Looks that say that it is bad, and how many of them must not be good: a bad second lies in three.
const SHORT: usize = 5;
const NOT_GOOD: usize = 4;
/// Looks that say that it is good again.
const LONG: usize = 10;
const REPORTS: u32 = 2;
/// Looks without a report that counts, 30 s, after which nobody knows any more what they hear.
const STALE: u32 = 60;

/// Below this rating (MOS 3.1) many are dissatisfied (ITU-T G.107 annex B); above the other (MOS 3.6) it is good again.
const BAD: f32 = 60.0;
const GOOD: f32 = 70.0;

/// Packets in a look that are worth judging: in pauses some send two, and one of them lost would be half.
const ENOUGH_DUE: u64 = 5;

/// From this jitter on, lost packets are rather late ones: more than most telephones wait for.
const MUCH_JITTER_MS: f32 = 60.0;

/// Since the stream began.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(in crate::media) struct Counts {
    /// Packets, lost and late ones included.
    pub due: u64,
    /// May fall: one that was overtaken counts as lost until it comes.
    pub lost: u64,
    /// Came too late to be played.
    pub late: u64,
    /// Frames of 20 ms that this computer or its devices left out.
    pub gaps: u64,
}

/// Of a moment.
#[derive(Clone, Copy, Default)]
struct Moment {
    looks: f32,
    due: u64,
    lost: i64,
    late: u64,
    gaps: u64,
    /// One way, added up over the looks.
    delay_ms: f32,
}

impl Moment {
    fn between(before: Counts, now: Counts, delay_ms: f32) -> Self {
        Self {
            looks: 1.0,
            due: now.due.saturating_sub(before.due),
            lost: now.lost.cast_signed() - before.lost.cast_signed(),
            late: now.late.saturating_sub(before.late),
            gaps: now.gaps.saturating_sub(before.gaps),
            delay_ms,
        }
    }

    /// None where so little was due that it says nothing.
    fn sum(moments: &[Self]) -> Option<Self> {
        let sum = moments.iter().fold(Self::default(), |sum, moment| Self {
            looks: sum.looks + moment.looks,
            due: sum.due + moment.due,
            lost: sum.lost + moment.lost,
            late: sum.late + moment.late,
            gaps: sum.gaps + moment.gaps,
            delay_ms: sum.delay_ms + moment.delay_ms,
        });
        (sum.due as f32 >= ENOUGH_DUE as f32 * sum.looks.max(1.0)).then_some(sum)
    }

    /// Fractions of what was due: lost, late, left out here.
    fn missed(&self) -> [f32; 3] {
        let due = self.due.max(1) as f32;
        [self.lost.max(0) as f32 / due, self.late as f32 / due, self.gaps as f32 / (self.looks * FRAMES)]
    }

    fn rating(&self, codec: Codec) -> f32 {
        rating(codec, self.missed().iter().sum(), self.delay_ms / self.looks)
    }

    /// What costs the most.
    fn cause(&self, codec: Codec) -> PoorCause {
        let [lost, late, gaps] = self.missed();
        let lossless = rating(codec, 0.0, self.delay_ms / self.looks);
        let undelayed = rating(codec, lost + late + gaps, 0.0);
        if lossless < undelayed {
            PoorCause::Delay
        } else if gaps > lost.max(late) {
            PoorCause::Computer
        } else if late > lost {
            PoorCause::Jitter
        } else {
            PoorCause::Loss
        }
    }
}

fn rating(codec: Codec, loss: f32, delay_ms: f32) -> f32 {
    opinion::rating(&Conditions { codec, delay_ms, loss, burst_ratio: 1.0 })
}

/// Mean opinion scores of one direction, from 1 to 4.5 (ITU-T G.107).
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Scores {
    /// Of the last seconds, or by the last report.
    pub now: Option<f32>,
    /// Of the whole call.
    pub call: Option<f32>,
    /// The lowest that `now` was.
    pub worst: Option<f32>,
}

impl Scores {
    fn is_now(&mut self, score: f32) {
        self.now = Some(score);
        self.worst = Some(self.worst.map_or(score, |worst| worst.min(score)));
    }
}

/// One direction by what we see of it ourselves.
#[derive(Default)]
struct Seen {
    before: Option<Counts>,
    moments: Vec<Moment>,
    poor: Option<PoorCause>,
    scores: Scores,
}

impl Seen {
    /// None while nothing can be expected: what was before says nothing about what comes.
    fn look(&mut self, seen: Option<(Counts, Conditions)>) {
        let Some((counts, conditions)) = seen else {
            (self.before, self.scores.now) = (None, None);
            return self.moments.clear();
        };
        let Some(before) = self.before.replace(counts) else { return };
        if self.moments.len() == LONG {
            self.moments.remove(0);
        }
        self.moments.push(Moment::between(before, counts, conditions.delay_ms));
        self.score(conditions.codec);
        self.judge(conditions.codec);
    }

    fn score(&mut self, codec: Codec) {
        let score = |moment: Moment| opinion::score(moment.rating(codec));
        match Moment::sum(&self.moments).map(score) {
            Some(score) if self.moments.len() == LONG => self.scores.is_now(score),
            Some(score) if self.moments.len() >= SHORT => self.scores.now = Some(score),
            _ => self.scores.now = None,
        }
    }

    fn judge(&mut self, codec: Codec) {
        let Some(recent) = self.moments.last_chunk::<SHORT>() else { return };
        let rating = |moments: &[Moment]| Some(Moment::sum(moments)?.rating(codec));
        if self.poor.is_some() {
            let good = |rating: Option<f32>| rating.is_some_and(|rating| rating > GOOD);
            if self.moments.len() == LONG && good(rating(&self.moments)) && good(rating(recent)) {
                self.poor = None;
            }
            return;
        }
        let below = |moments: &[Moment], bound| rating(moments).is_some_and(|rating| rating < bound);
        let not_good = recent.chunks(1).filter(|look| below(look, GOOD)).count();
        if below(recent, BAD) && not_good >= NOT_GOOD {
            self.poor = Moment::sum(recent).map(|moment| moment.cause(codec));
        }
    }
}

/// What they hear, by their reports.
#[derive(Default)]
struct Reported {
    /// Packets that we had sent by the last one.
    sent: u64,
    /// In a row on the other side of the bound.
    against: u32,
    poor: Option<PoorCause>,
    /// Looks since the last one that counts.
    looks: u32,
    scores: Scores,
    sum: f32,
    count: u16,
}

impl Reported {
    fn look(&mut self) {
        self.looks = self.looks.saturating_add(1);
        if self.looks >= STALE {
            self.forget();
        }
    }

    /// What was said of the call stays; of what they hear now nothing is known.
    fn forget(&mut self) {
        (self.poor, self.against, self.scores.now) = (None, 0, None);
    }

    fn report(&mut self, heard: Heard, conditions: Conditions) {
        self.looks = 0;
        let Conditions { codec, delay_ms, .. } = conditions;
        let score = opinion::score(rating(codec, heard.fraction(), delay_ms));
        self.scores.is_now(score);
        if let Some(count) = self.count.checked_add(1) {
            (self.sum, self.count) = (self.sum + score, count);
            self.scores.call = Some(self.sum / f32::from(count));
        }
        // That both wait for each other is said by what we hear.
        let rating = rating(codec, heard.fraction(), 0.0);
        let against = if self.poor.is_some() { rating > GOOD } else { rating < BAD };
        self.against = if against { self.against + 1 } else { 0 };
        if self.against == REPORTS {
            self.against = 0;
            let cause = if heard.jitter_ms >= MUCH_JITTER_MS { PoorCause::Jitter } else { PoorCause::Loss };
            self.poor = self.poor.is_none().then_some(cause);
        }
    }
}

/// Both directions.
#[derive(Default)]
pub(in crate::media) struct Poor {
    next: Option<Instant>,
    here: Seen,
    /// What leaves this computer.
    ours: Seen,
    there: Reported,
    inward: Said,
    outward: Said,
}

/// What was said of a direction.
#[derive(Default)]
struct Said {
    poor: Option<PoorCause>,
    /// Nothing is heard at all.
    is_missing: bool,
}

impl Said {
    fn say(&mut self, direction: AudioDirection, poor: Option<PoorCause>) -> Option<StreamEvent> {
        if self.is_missing || self.poor == poor {
            return None;
        }
        self.poor = poor;
        Some(match poor {
            Some(cause) => StreamEvent::PoorAudio { direction, cause },
            None => StreamEvent::GoodAudio { direction },
        })
    }
}

impl Poor {
    pub fn is_due(&self, now: Instant) -> bool {
        self.next.is_none_or(|next| now >= next)
    }

    /// Every half second. `here`: what came, and on what way; `ours`: what this computer sent. None while nobody is to be heard
    /// there, or nobody to be missed.
    pub fn look(
        &mut self,
        now: Instant,
        here: Option<(Counts, Conditions)>,
        ours: Option<(Counts, Conditions)>,
    ) -> [Option<StreamEvent>; 2] {
        self.next = Some(now + LOOK);
        self.here.look(here);
        self.ours.look(ours);
        self.there.look();
        let inward = self.inward.say(AudioDirection::In, self.here.poor);
        [inward, self.say_outward()]
    }

    /// A report of theirs, and how many packets we had sent by then; `conditions` are those of our voice on its way.
    /// `expected`: they are to hear us.
    pub fn report(
        &mut self,
        heard: Option<Heard>,
        sent: u64,
        expected: bool,
        conditions: Conditions,
    ) -> Option<StreamEvent> {
        let enough = sent.saturating_sub(std::mem::replace(&mut self.there.sent, sent)) >= ENOUGH_SENT;
        let heard = heard.filter(|_| enough && expected)?;
        self.there.report(heard, conditions);
        self.say_outward()
    }

    /// Somebody else hears us from now on: what the former end reported is not theirs.
    pub fn is_elsewhere(&mut self) -> Option<StreamEvent> {
        self.there.forget();
        self.say_outward()
    }

    /// Nothing is heard at all in this direction, or something again: then it is judged anew.
    pub fn is_missing(&mut self, direction: AudioDirection, is_missing: bool) {
        let said = match direction {
            AudioDirection::In => {
                (self.here.poor, self.inward.poor) = (None, None);
                self.here.moments.clear();
                &mut self.inward
            }
            AudioDirection::Out => {
                (self.ours.poor, self.there.poor, self.there.against) = (None, None, 0);
                self.ours.moments.clear();
                &mut self.outward
            }
        };
        *said = Said { poor: None, is_missing };
    }

    pub fn here(&self) -> Scores {
        self.here.scores
    }

    pub fn there(&self) -> Scores {
        self.there.scores
    }

    fn say_outward(&mut self) -> Option<StreamEvent> {
        self.outward.say(AudioDirection::Out, self.ours.poor.or(self.there.poor))
    }
}

#[cfg(test)]
mod tests;
