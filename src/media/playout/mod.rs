//! The playout buffer: puts packets in order, evens out their arrival, and plays whatever comes.
//!
//! Packets are kept as they came and decoded when they are played, so that a lost one can be recovered from
//! the next. Sound waits as long as [`arrivals`] asks; what must wait longer or less is stretched by whole
//! pitch periods ([`stretch`]), best in the pauses of the speaker. What is missing is made up ([`conceal`], or
//! by the codec); while nothing comes, nothing is skipped, and what then comes was late, lost or a pause:
//!
//! - late: it is played after what was made up, and the delay has grown by that;
//! - lost (a later number comes): what was made up stands for it, and the delay is as before;
//! - a pause (the next number, a later timestamp): it starts when it has waited as long as wanted.
//!
//! Frames are pulled every 20 ms, and a packet must be there for the first frame that needs any of it. Of the
//! delay, therefore, only the part up to that moment helps: `slack`. The rest is of no use and is taken
//! out in pauses.

mod arrivals;
mod conceal;
mod figures;
mod noise;
mod predict;
mod stretch;
mod timeline;
mod voice;

#[cfg(test)]
mod tests;

pub use figures::PlayoutFigures;

use super::codec::Decoder;
use super::{Codec, Frame};
use crate::instant::Instant;
use arrivals::{Arrivals, MOST_WAIT};
use std::time::Duration;
use timeline::{Order, Timeline};
use voice::Voice;

/// Packets this far from what is played belong to another timeline.
const HORIZON_MS: i64 = 1_000;

/// Longer packets are none of speech (RFC 7587 §3.2: 120 ms).
const LONGEST_MS: i64 = 250;

/// After nothing for this long the next packet starts anew.
const IDLE: Duration = Duration::from_millis(500);

/// While the known SSRC has spoken within this time, another one waits.
const STILL_SPEAKING: Duration = Duration::from_millis(60);

/// Before a codec is known: G.711's.
const USUAL_CLOCK_HZ: u32 = 8_000;

/// A frame, in microseconds.
const FRAME: i64 = 20_000;

/// How exactly a frame is asked for when it is due: timers have steps of a millisecond.
const WAVERING: i64 = 1_000;

/// Slack beyond what is wanted that is left alone: less than a frame cannot be had, and clocks waver.
const SPARE: i64 = FRAME + 3_000;

/// Delay that no frame needs and that is taken out in pauses.
const USELESS: i64 = 3_000;

/// Delay above the longest wait that is cut off at once.
const GROSS: i64 = 60_000;

/// How much alike sounds must be to be stretched in the middle of speech, and if sound soon lacks or piles up.
const ALIKE: f32 = 0.9;
const NEARLY_ALIKE: f32 = 0.6;
const PRESSING: i64 = 60_000;

/// Frames in which too long a delay found nothing that could go unheard; then a period goes all the same, and one more every half
/// second.
const STUCK: u32 = 150;
const UNSTUCK: u32 = 25;

/// A codec that recovered nothing so often will not.
const FRUITLESS: u32 = 5;

pub(super) struct Playout {
    timeline: Option<Timeline>,
    /// First packet of what may be a new timeline.
    candidate: Option<Received>,
    arrivals: Arrivals,
    voice: Voice,
    /// Of the sound played last.
    codec: Option<Codec>,
    /// Comfort noise is heard in pauses.
    noisy: bool,
    /// Attempts in a row to recover that gave nothing.
    fruitless: u32,
    /// See [`Playout::take_begun`].
    begun: Option<Instant>,
    /// Frames in a row that could not be made shorter.
    stuck: u32,
    figures: PlayoutFigures,
}

pub(super) struct Packet<'a> {
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    pub marker: bool,
    pub content: Content<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum Content<'a> {
    Sound {
        codec: Codec,
        payload: &'a [u8],
    },
    /// RFC 3389, by the clock of the codec in use.
    ComfortNoise {
        payload: &'a [u8],
    },
}

/// A packet, weighed.
struct Received {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    marker: bool,
    clock_hz: u32,
    /// In units of the clock.
    length: i64,
    arrival: Instant,
    kind: Kind,
}

enum Kind {
    Sound(Codec, Vec<u8>),
    /// Decoded ahead of its time, because what it leads on from was to be known.
    Unpacked(Codec, Vec<i16>),
    Noise(Vec<u8>),
}

impl Playout {
    pub fn new() -> Self {
        Self::with_decoders(Codec::decoder)
    }

    fn with_decoders(decoder_of: fn(Codec) -> Box<dyn Decoder>) -> Self {
        Self {
            timeline: None,
            candidate: None,
            arrivals: Arrivals::new(),
            voice: Voice::new(decoder_of),
            codec: None,
            noisy: false,
            fruitless: 0,
            begun: None,
            stuck: 0,
            figures: PlayoutFigures::default(),
        }
    }

    /// Forgets the stream: nothing is to be heard until another one starts. What was counted stays.
    pub fn reset(&mut self) {
        self.timeline = None;
        self.candidate = None;
        self.noisy = false;
        self.voice.cut();
    }

    pub fn put(&mut self, now: Instant, packet: &Packet<'_>) {
        let Some(packet) = self.weigh(now, packet) else { return };
        let Some(timeline) = &mut self.timeline else { return self.start(packet) };
        if now.since(timeline.last_arrival) >= IDLE && timeline.first().is_none() {
            return self.start(packet);
        }
        let (position, offset) = timeline.place(packet.timestamp);
        let transit = micros(now) - timeline.time(position);
        let jumped = Timeline::is_far(offset, timeline.clock_hz)
            // It comes much quicker than all before could: the timestamps have jumped forwards.
            || transit + MOST_WAIT < self.arrivals.base();
        let other = timeline.ssrc != packet.ssrc || timeline.clock_hz != packet.clock_hz;
        if other || jumped { self.consider(packet) } else { self.arrive(packet) }
    }

    /// Once after a source has begun to send: when its first packet may be played. Who asks for frames at that phase from then on
    /// plays each packet as soon as it has waited long enough; at any other one it waits for the next frame too, 10 ms on average.
    pub fn take_begun(&mut self) -> Option<Instant> {
        self.begun.take()
    }

    /// The next 20 ms, at the rate of the codec now played; silence before the first.
    pub fn play(&mut self, now: Instant) -> Frame {
        self.adjust(now);
        loop {
            let lacking = self.voice.rate().frame_samples().saturating_sub(self.voice.ahead());
            if lacking == 0 {
                break;
            }
            self.fill(now, lacking);
        }
        self.voice.take_frame()
    }

    /// From a packet's arrival to its first sample's, on average over the last second or so.
    pub fn delay_ms(&self) -> f32 {
        self.figures.delay_ms
    }

    /// Since it was asked last: whether sound was played (`true`), only digital silence (`false`), or nothing that came.
    pub fn take_heard(&mut self) -> Option<bool> {
        self.voice.take_heard()
    }

    pub fn figures(&self) -> PlayoutFigures {
        self.figures.clone()
    }

    fn weigh(&mut self, now: Instant, packet: &Packet<'_>) -> Option<Received> {
        let (clock_hz, length, kind) = match packet.content {
            Content::Sound { codec, payload } => {
                let samples = self.voice.samples(codec, payload) as i64;
                let clock_hz = codec.clock_hz();
                let length = samples * i64::from(clock_hz) / i64::from(self.voice.rate_of(codec).hz());
                let fits = length > 0 && length * 1_000 <= LONGEST_MS * i64::from(clock_hz);
                fits.then(|| (clock_hz, length, Kind::Sound(codec, payload.to_vec())))?
            }
            Content::ComfortNoise { payload } => {
                let clock_hz = self.timeline.as_ref().map_or(USUAL_CLOCK_HZ, |timeline| timeline.clock_hz);
                (clock_hz, 0, Kind::Noise(payload.to_vec()))
            }
        };
        let &Packet { ssrc, sequence, timestamp, marker, .. } = packet;
        Some(Received { ssrc, sequence, timestamp, marker, clock_hz, length, arrival: now, kind })
    }

    fn start(&mut self, packet: Received) {
        self.candidate = None;
        self.arrivals.restart();
        self.voice.cut();
        let (first, is_other) =
            (packet.arrival, self.timeline.as_ref().is_none_or(|known| known.ssrc != packet.ssrc));
        self.timeline = Some(Timeline::new(&packet));
        self.arrive(packet);
        if is_other {
            let wait = u64::try_from(self.arrivals.wanted(first) + WAVERING).unwrap_or_default();
            self.begun = Some(first + Duration::from_micros(wait));
        }
    }

    /// Follows a new timeline at its second packet.
    fn consider(&mut self, packet: Received) {
        let timeline = self.timeline.as_ref();
        let same_ssrc = timeline.is_some_and(|timeline| timeline.ssrc == packet.ssrc);
        let speaking =
            timeline.is_some_and(|known| packet.arrival.since(known.last_arrival) < STILL_SPEAKING);
        match self.candidate.take() {
            Some(first) if first.is_followed_by(&packet) && (same_ssrc || !speaking) => {
                self.start(first);
                self.arrive(packet);
            }
            _ => self.candidate = Some(packet),
        }
    }

    /// A packet of the timeline.
    fn arrive(&mut self, packet: Received) {
        let Some(timeline) = &mut self.timeline else { return };
        let now = packet.arrival;
        self.candidate = None;
        let (position, _) = timeline.place(packet.timestamp);
        let order = timeline.order(&packet, position);
        if order == Order::Duplicate {
            self.figures.duplicates += 1;
            return;
        }
        self.figures.reordered += u64::from(order == Order::Older);
        self.arrivals.observe(now, micros(now) - timeline.time(position));
        if !timeline.started && position < timeline.next {
            timeline.begin_with(packet.sequence, position);
        }
        if !timeline.is_late(&packet, position) {
            return timeline.keep(packet, position);
        }
        if order == Order::Newer && (packet.marker || timeline.ran_late(now)) {
            return self.start(packet);
        }
        timeline.found(position);
        self.figures.late += 1;
    }

    /// Appends some sound, at most about `lacking` samples of what did not come, or takes a step towards it.
    fn fill(&mut self, now: Instant, lacking: usize) {
        let base = self.arrivals.base();
        let wanted = self.wanted(now);
        let Some(timeline) = &mut self.timeline else { return self.wait(lacking) };
        let waited_since = |position: i64| micros(now) - base - timeline.time(position);
        let Some((position, first)) = timeline.first() else { return self.wait(lacking) };
        let gap = position - timeline.next;
        let consecutive = first.sequence == timeline.expected;
        if timeline.paused || (gap > 0 && consecutive) {
            let is_noise = first.codec().is_none();
            if !is_noise && waited_since(position) < wanted {
                timeline.paused = true;
                return self.wait(lacking);
            }
            timeline.begin_with(first.sequence, position);
            timeline.paused = false;
            timeline.waited = 0;
            return self.take(now, lacking);
        }
        if gap <= 0 {
            return self.take(now, lacking);
        }
        if timeline.waited > 0 {
            // Lost: what was made up stands for it.
            let covered = gap.min(timeline.waited);
            timeline.miss(covered);
            timeline.next += covered;
            timeline.waited -= covered;
            self.figures.concealed_us += timeline.time(covered);
            return;
        }
        let may_come = waited_since(timeline.next) < wanted;
        if self.recover(gap) {
            return;
        }
        // What is repeated is as good as what may still come; what is made up is not.
        if may_come { self.wait(lacking) } else { self.lose(gap, lacking) }
    }

    /// Nothing to play: something is made up, and no sound is skipped.
    fn wait(&mut self, samples: usize) {
        let silent = self.timeline.as_ref().is_none_or(|timeline| !timeline.started);
        let made_up = if self.noisy {
            self.voice.make_noise(samples);
            samples
        } else {
            self.voice.make_up(self.codec.filter(|_| !silent), samples)
        };
        let hz = i64::from(self.voice.rate().hz());
        if let Some(timeline) = &mut self.timeline {
            timeline.waited += made_up as i64 * i64::from(timeline.clock_hz) / hz;
        }
    }

    /// What lies at the place that is played next.
    fn take(&mut self, now: Instant, lacking: usize) {
        let Some(timeline) = &mut self.timeline else { return };
        let Some((position, first)) = timeline.first() else { return };
        let (rate, end) = (self.voice.rate(), position + first.length);
        if let Some(codec) = first.codec() {
            let turned = self.voice.rate_of(codec);
            if turned != rate && self.voice.ahead() > 0 {
                // A frame has one rate: this one is filled up.
                self.voice.make_up(None, lacking);
                return;
            }
            self.voice.turn_to(turned);
        }
        let delay = micros(now) - self.arrivals.base() - timeline.time(timeline.next);
        let skipped = delay > MOST_WAIT + GROSS && timeline.holds_several();
        let Some((_, stored)) = timeline.take_first() else { return };
        let without = (timeline.next - position).clamp(0, stored.length);
        match stored.kind {
            Kind::Noise(payload) => {
                timeline.went_on(stored.sequence, end);
                timeline.paused = true;
                self.noisy = true;
                self.voice.describe_noise(&payload);
            }
            Kind::Sound(..) | Kind::Unpacked(..) if skipped || without == stored.length => {
                timeline.went_on(stored.sequence, end);
                self.voice.cut();
                self.figures.late += 1;
            }
            Kind::Sound(codec, _) | Kind::Unpacked(codec, _) => {
                self.figures.concealed_us += timeline.time(timeline.waited);
                let late = timeline.waited > 0;
                if without > 0 {
                    timeline.found(position);
                }
                timeline.went_on(stored.sequence, end);
                if self.codec.replace(codec) != Some(codec) {
                    self.fruitless = 0;
                }
                self.noisy = false;
                let hz = i64::from(self.voice.rate().hz());
                let ahead = self.voice.ahead() as i64 * 1_000_000 / hz;
                let units = i64::from(timeline.clock_hz);
                let without = (without * hz / units) as usize;
                match stored.kind {
                    Kind::Sound(_, payload) => self.voice.decode(codec, &payload, without, late),
                    Kind::Unpacked(_, sound) => self.voice.play(&sound, without, late),
                    Kind::Noise(_) => {}
                }
                self.figures.waited(micros(now) - micros(stored.arrival) + ahead);
            }
        }
    }

    /// Whether the next packet repeats all of what lies before it.
    fn recover(&mut self, gap: i64) -> bool {
        let Some(timeline) = &mut self.timeline else { return false };
        let Some((_, next)) = timeline.first() else { return false };
        let Kind::Sound(codec, payload) = &next.kind else { return false };
        let (hz, clock) = (self.voice.rate().hz() as usize, timeline.clock_hz as usize);
        let is_one = gap <= timeline.length.max(1) && Some(*codec) == self.codec;
        if !is_one || !self.voice.conceals(*codec) {
            return false;
        }
        if !self.voice.recover(*codec, payload, gap as usize * hz / clock) {
            return false;
        }
        self.fruitless = 0;
        self.figures.recovered_us += timeline.time(gap);
        timeline.miss(gap);
        timeline.next += gap;
        true
    }

    /// So much is lost at the place that is played next: its first packet is made up.
    fn lose(&mut self, gap: i64, lacking: usize) {
        let Some(timeline) = &mut self.timeline else { return };
        let (hz, clock) = (self.voice.rate().hz() as usize, timeline.clock_hz as usize);
        let packet = timeline.length.max(1);
        // The last of several is the one that the next packet may repeat.
        let lost = if gap > packet { packet.min(gap - packet) } else { gap };
        let samples = |units: i64| units as usize * hz / clock;
        timeline.miss(lost);
        if let Some((_, next)) = timeline.first_mut()
            && let Some(codec) = next.codec().filter(|codec| Some(*codec) == self.codec)
        {
            match &next.kind {
                Kind::Sound(_, payload) if self.voice.conceals(codec) => {
                    let fruitless = gap <= packet && self.voice.speaks(codec, payload);
                    self.fruitless = self.fruitless.saturating_add(u32::from(fruitless));
                }
                Kind::Sound(_, payload) => {
                    next.kind = Kind::Unpacked(codec, self.voice.unpack(codec, payload));
                }
                Kind::Unpacked(..) | Kind::Noise(_) => {}
            }
            if let Kind::Unpacked(_, sound) = &next.kind {
                self.voice.foresee(sound, samples(gap));
            }
        }
        let made_up = self.voice.make_up(self.codec, samples(lost).min(lacking.max(1)));
        let covered = ((made_up * clock / hz) as i64).clamp(1, gap);
        timeline.next += covered;
        self.figures.concealed_us += timeline.time(covered);
    }

    /// How long the quickest packet is to wait: longer by a packet where that tells what lost ones led to.
    fn wanted(&mut self, now: Instant) -> i64 {
        let ahead = self.timeline.as_ref().filter(|timeline| timeline.sees_loss());
        let ahead = ahead.filter(|_| self.fruitless < FRUITLESS);
        let wanted = self.arrivals.wanted(now) + ahead.map_or(0, |timeline| timeline.time(timeline.length));
        self.figures.target_ms = wanted as f32 / 1_000.0;
        wanted
    }

    /// Stretches the sound by a period where it must wait longer or may wait less.
    fn adjust(&mut self, now: Instant) {
        let wanted = self.wanted(now);
        let Some(timeline) = self.timeline.as_ref() else { return };
        if timeline.paused || !timeline.started || timeline.waited > 0 || !self.voice.is_real() {
            return;
        }
        let (delay, slack) = self.delay_and_slack(now, timeline);
        let quiet = self.voice.is_quiet();
        let per_ms = self.voice.rate().per_ms();
        let samples = |micros: i64| (micros.max(0) as usize * per_ms) / 1_000;
        if slack < wanted {
            self.decode_ahead(now);
            let likeness = if wanted - slack > PRESSING { NEARLY_ALIKE } else { ALIKE };
            let added = self.voice.lengthen(samples(FRAME), likeness);
            self.figures.stretched_us += (added * 1_000 / per_ms) as i64;
            return;
        }
        let excess = slack - wanted;
        let most = if excess > SPARE { FRAME } else { delay - slack - self.least_useless(timeline) };
        if excess <= SPARE && (most < USELESS || !quiet) {
            return;
        }
        self.decode_ahead(now);
        let likeness = match excess {
            _ if self.stuck >= STUCK => -1.0,
            _ if excess > SPARE + PRESSING => NEARLY_ALIKE,
            _ => ALIKE,
        };
        let removed = self.voice.shorten(samples(most), likeness);
        self.stuck = match removed {
            0 if excess > SPARE => self.stuck + 1,
            0 => 0,
            _ if self.stuck >= STUCK => self.stuck - UNSTUCK,
            _ => 0,
        };
    }

    /// How long sound waits beyond the quickest transit, and how much of that every packet has to come.
    fn delay_and_slack(&self, now: Instant, timeline: &Timeline) -> (i64, i64) {
        let ahead = self.voice.ahead() as i64 * 1_000_000 / i64::from(self.voice.rate().hz());
        let next = timeline.time(timeline.next);
        let packet = timeline.time(timeline.length).max(1_000);
        let elapsed = micros(now) - self.arrivals.base();
        let delay = elapsed - (next - ahead);
        // Longer packets are not needed by every frame; after three it repeats.
        let slack = (1..=3).filter_map(|frame| {
            let lacking = frame * FRAME - ahead;
            // The packet in which this frame ends.
            let start = next + (lacking - 1) / packet * packet;
            (lacking > 0).then_some(elapsed + (frame - 1) * FRAME - start)
        });
        (delay, slack.min().unwrap_or(delay).min(delay))
    }

    /// What cannot be saved though no frame needs it: packets do not end with frames.
    fn least_useless(&self, timeline: &Timeline) -> i64 {
        let packet = timeline.time(timeline.length).max(1_000);
        let (mut a, mut b) = (FRAME, packet);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        FRAME - a
    }

    /// So that a period can be put in or taken out.
    fn decode_ahead(&mut self, now: Instant) {
        let needed = (stretch::NEEDED_MS + 1) * self.voice.rate().per_ms();
        while self.voice.ahead() < needed {
            let Some(timeline) = &self.timeline else { return };
            let at_hand = timeline.first().is_some_and(|(position, first)| {
                position == timeline.next && first.codec().is_some() && first.codec() == self.codec
            });
            if !at_hand {
                return;
            }
            self.take(now, 0);
        }
    }
}

impl Received {
    /// Whether that packet is the next, or nearly, of the same timeline.
    fn is_followed_by(&self, next: &Self) -> bool {
        let ahead = next.timestamp.wrapping_sub(self.timestamp).cast_signed();
        self.ssrc == next.ssrc
            && self.clock_hz == next.clock_hz
            && (1..=16).contains(&next.sequence.wrapping_sub(self.sequence))
            && ahead >= 0
            && !Timeline::is_far(i64::from(ahead), self.clock_hz)
    }
}

fn micros(now: Instant) -> i64 {
    // 2^63 microseconds are 290,000 years.
    now.since_start().as_micros() as i64
}
