//! How packets arrive, and how long sound must therefore wait to be played without a gap.
//!
//! A packet's transit is its arrival less its timestamp; the quickest transit of the last two seconds is the
//! base that all others are measured from, so a sender's clock that drifts moves the base and nothing else.
//! What exceeds the base goes into a histogram that forgets; sound waits long enough for nearly all of it.
//! Stalls, in which the network stands and then gives all at once, are rare and high: the histogram would
//! forget each before the next, so they are remembered apart.

use crate::instant::Instant;
use std::collections::VecDeque;
use std::time::Duration;

/// The longest wait that sound is given; a conversation suffers from more.
pub(super) const MOST_WAIT: i64 = 250_000;

/// Also on a perfect network: a busy computer sends, wakes and plays so unevenly.
const LEAST_WAIT: i64 = 8_000;

/// Before anything is known.
const FIRST_WAIT: usize = 8;

/// Weight of that guess, in packets.
const GUESS: f32 = 3.0;

/// Of the packets that must come in time.
const QUANTILE: f32 = 0.985;

/// What a packet weighs less than the one after it: 1.5 s at 20 ms make it a third.
const FORGETTING: f32 = 1.0 - 1.0 / 75.0;

/// Bins of one millisecond each.
const BINS: usize = 400;

/// The base is the least of so many spans.
const SPANS: usize = 4;
const SPAN: Duration = Duration::from_millis(500);

/// Above what is usual, a stall.
const STALL: i64 = 40_000;

/// Two late packets this far apart belong to two stalls.
const APART: Duration = Duration::from_millis(400);

/// How long a stall is remembered: alone, and when there were several.
const LONE_STALL: Duration = Duration::from_secs(4);
const STALLS: Duration = Duration::from_secs(7);

/// All times in microseconds.
pub(super) struct Arrivals {
    spans: VecDeque<(Instant, i64)>,
    base: i64,
    /// Histogram of what exceeds the base.
    bins: Box<[f32; BINS]>,
    total: f32,
    /// What the next packet weighs: others lose weight by its growth.
    weight: f32,
    usual: i64,
    stalls: VecDeque<Stall>,
}

struct Stall {
    last: Instant,
    /// Of its slowest packet.
    transit: i64,
}

impl Arrivals {
    pub fn new() -> Self {
        let mut arrivals = Self {
            spans: VecDeque::with_capacity(SPANS),
            base: 0,
            bins: Box::new([0.0; BINS]),
            total: 0.0,
            weight: 1.0,
            usual: LEAST_WAIT,
            stalls: VecDeque::new(),
        };
        arrivals.add(FIRST_WAIT, GUESS);
        // From the beginning: what begins with less would have to be stretched.
        arrivals.usual = arrivals.quantile();
        arrivals
    }

    /// Another timeline over the same network: what is known of it stays.
    pub fn restart(&mut self) {
        self.spans.clear();
        self.stalls.clear();
    }

    /// A packet arrived with this transit.
    pub fn observe(&mut self, now: Instant, transit: i64) {
        self.find_base(now, transit);
        let late = transit - self.base;
        // What nobody would wait for does not tell how long to wait.
        if late > MOST_WAIT {
            return;
        }
        if late > self.usual + STALL {
            self.remember(now, transit);
        }
        self.weight /= FORGETTING;
        self.add((late / 1_000) as usize, self.weight);
        if self.weight > 1e12 {
            self.bins.iter_mut().for_each(|bin| *bin /= self.weight);
            self.total /= self.weight;
            self.weight = 1.0;
        }
        self.usual = self.quantile();
    }

    /// The quickest transit.
    pub fn base(&self) -> i64 {
        self.base
    }

    /// How long the quickest packet must wait.
    pub fn wanted(&self, now: Instant) -> i64 {
        let known = |stall: &&Stall, within| now.since(stall.last) < within;
        let several = self.stalls.iter().filter(|stall| known(stall, STALLS)).count() > 1;
        let within = if several { STALLS } else { LONE_STALL };
        let stalls = self.stalls.iter().filter(|stall| known(stall, within));
        let highest = stalls.map(|stall| stall.transit - self.base).max().unwrap_or_default();
        self.usual.max(highest).clamp(LEAST_WAIT, MOST_WAIT)
    }

    fn find_base(&mut self, now: Instant, transit: i64) {
        let first = self.spans.is_empty();
        match self.spans.back_mut().filter(|(since, _)| now.since(*since) < SPAN) {
            Some((_, least)) => *least = transit.min(*least),
            None => {
                if self.spans.len() == SPANS {
                    self.spans.pop_front();
                }
                self.spans.push_back((now, transit));
            }
        }
        let base = self.spans.iter().map(|(_, least)| *least).min().unwrap_or(transit);
        if !first {
            self.shift(base.div_euclid(1_000) - self.base.div_euclid(1_000));
        }
        self.base = base;
    }

    /// The base has risen by so many milliseconds: all that is known lies lower above it.
    fn shift(&mut self, by: i64) {
        let steps = by.unsigned_abs().min(BINS as u64) as usize;
        if steps == 0 {
            return;
        }
        // Both below `BINS`: `steps` is at most that, and an empty range is none.
        if by > 0 {
            let merged = self.bins[..steps].iter().sum::<f32>();
            self.bins.copy_within(steps.., 0);
            self.bins[BINS - steps..].fill(0.0);
            self.bins[0] += merged;
        } else {
            let merged = self.bins[BINS - steps..].iter().sum::<f32>();
            self.bins.copy_within(..BINS - steps, steps);
            self.bins[..steps].fill(0.0);
            self.bins[BINS - 1] += merged;
        }
    }

    fn remember(&mut self, now: Instant, transit: i64) {
        match self.stalls.back_mut().filter(|stall| now.since(stall.last) < APART) {
            Some(stall) => *stall = Stall { last: now, transit: transit.max(stall.transit) },
            None => {
                if self.stalls.len() == 8 {
                    self.stalls.pop_front();
                }
                self.stalls.push_back(Stall { last: now, transit });
            }
        }
    }

    fn add(&mut self, ms: usize, weight: f32) {
        self.bins[ms.min(BINS - 1)] += weight; // below `BINS`
        self.total += weight;
    }

    /// Upper edge of the bin in which nearly all have come.
    fn quantile(&self) -> i64 {
        let mut above = self.total * (1.0 - QUANTILE);
        let highest = self.bins.iter().rposition(|bin| {
            above -= bin;
            above < 0.0
        });
        highest.map_or(0, |bin| bin as i64 + 1) * 1_000
    }
}
