//! The sound of one stream, from payloads: decoded, concealed, joined and handed out by the frame.

use super::super::codec::Decoder;
use super::super::{Codec, Frame, Rate};
use super::conceal::{Concealer, HISTORY_MS};
use super::noise::Noise;
use super::stretch::{self, correlation, crossfade};

/// What is heard at the end of a gap is moved by up to a pitch period to fit; compared over so much.
const FIT_MS: usize = 5;

/// Sound this far below the loudest of late is a pause of the speaker: a ratio of amplitudes, 34 dB: words die away until then.
const QUIET: f32 = 0.02;

/// Or so little above the quietest of late: the noise around a speaker; if that is so far below the loudest, 20 dB.
const NOISE: f32 = 1.4;
const BELOW: f32 = 0.1;

/// Of digital silence nothing is learned: A-law's is 8.
const NOTHING: f32 = 8.0;

/// How slowly both are forgotten, by the frame: half of the loudest is in 3 s, and the quietest has doubled in one.
const LOUD_FORGETTING: f32 = 0.995;
const QUIET_FORGETTING: f32 = 1.015;

/// Finer steps are not to be had of a codec's own concealment: Opus counts in 2.5 ms.
const CONCEAL_STEPS_PER_S: usize = 400;

pub(super) struct Voice {
    decoder_of: fn(Codec) -> Box<dyn Decoder>,
    decoders: Vec<(Codec, Box<dyn Decoder>)>,
    rate: Rate,
    /// What was played last, and what will be.
    sound: Vec<i16>,
    /// Where the next frame begins in it.
    at: usize,
    decoded: Vec<i16>,
    concealer: Concealer,
    noise: Noise,
    filler: Filler,
    loudest: f32,
    quietest: f32,
    heard: Option<bool>,
}

/// What the end of the sound is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filler {
    /// What came.
    Real,
    MadeUp,
    /// By the codec, which joins it itself.
    ByCodec,
    Noise,
}

impl Voice {
    pub fn new(decoder_of: fn(Codec) -> Box<dyn Decoder>) -> Self {
        Self {
            decoder_of,
            decoders: Vec::new(),
            rate: Rate::Narrow,
            sound: Vec::new(),
            at: 0,
            decoded: Vec::new(),
            concealer: Concealer::default(),
            noise: Noise::new(),
            filler: Filler::Real,
            loudest: 0.0,
            quietest: f32::MAX,
            heard: None,
        }
    }

    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Samples not played yet.
    pub fn ahead(&self) -> usize {
        self.sound.len() - self.at
    }

    /// Whether the last that was appended came from the network.
    pub fn is_real(&self) -> bool {
        self.filler == Filler::Real
    }

    /// Samples that a payload gives.
    pub fn samples(&mut self, codec: Codec, payload: &[u8]) -> usize {
        self.decoder(codec).samples(payload)
    }

    pub fn rate_of(&mut self, codec: Codec) -> Rate {
        self.decoder(codec).rate()
    }

    /// Sound at another rate follows: what was heard until now joins nothing.
    pub fn turn_to(&mut self, rate: Rate) {
        if self.rate != rate {
            self.rate = rate;
            self.sound.clear();
            self.at = 0;
            self.filler = Filler::Real;
        }
    }

    /// Whether somebody speaks in this payload.
    pub fn speaks(&mut self, codec: Codec, payload: &[u8]) -> bool {
        self.decoder(codec).speaks(payload)
    }

    /// Whether the codec makes up by itself what is missing.
    pub fn conceals(&mut self, codec: Codec) -> bool {
        self.decoder(codec).conceals()
    }

    /// Appends a payload without its first samples. `late`: it was waited for, so it may come later still, to fit what was
    /// made up; sound after a loss has its moment.
    pub fn decode(&mut self, codec: Codec, payload: &[u8], without: usize, late: bool) {
        let mut decoded = std::mem::take(&mut self.decoded);
        decoded.clear();
        self.decoder(codec).decode(payload, &mut decoded);
        self.play(&decoded, without, late);
        self.decoded = decoded;
    }

    /// The sound of a payload, ahead of its time.
    pub fn unpack(&mut self, codec: Codec, payload: &[u8]) -> Vec<i16> {
        let mut sound = Vec::new();
        self.decoder(codec).decode(payload, &mut sound);
        sound
    }

    /// Appends such sound; otherwise as [`Self::decode`].
    pub fn play(&mut self, sound: &[i16], without: usize, late: bool) {
        let loud = sound.iter().any(|sample| sample.unsigned_abs() > 8);
        self.heard = Some(loud || self.heard == Some(true));
        self.append(sound.get(without..).unwrap_or_default(), late);
    }

    /// After so many samples more, which never came, follows this sound: they lead there.
    pub fn foresee(&mut self, after: &[i16], samples: usize) {
        self.begin_gap();
        self.concealer.foresee(after, samples);
    }

    /// The packet of so many samples before `next`, from what that repeats of it.
    pub fn recover(&mut self, codec: Codec, next: &[u8], samples: usize) -> bool {
        let mut decoded = std::mem::take(&mut self.decoded);
        decoded.clear();
        let recovered = self.decoder(codec).recover(next, samples, &mut decoded) && !decoded.is_empty();
        if recovered {
            self.append(&decoded, false);
        }
        self.decoded = decoded;
        recovered
    }

    /// Appends about so many samples that never came; how many.
    pub fn make_up(&mut self, codec: Option<Codec>, samples: usize) -> usize {
        if let Some(codec) = codec {
            let step = self.rate.hz() as usize / CONCEAL_STEPS_PER_S;
            let asked = samples.div_ceil(step) * step;
            let before = self.sound.len();
            let mut sound = std::mem::take(&mut self.sound);
            let concealed = self.decoder(codec).conceal(asked, &mut sound);
            self.sound = sound;
            if concealed && self.sound.len() > before {
                self.filler = Filler::ByCodec;
                return self.sound.len() - before;
            }
            self.sound.truncate(before);
        }
        self.begin_gap();
        for _ in 0..samples {
            self.sound.push(self.concealer.next());
        }
        samples
    }

    fn begin_gap(&mut self) {
        if self.filler != Filler::MadeUp {
            self.concealer.start(self.rate, &self.sound);
            self.filler = Filler::MadeUp;
        }
    }

    /// What follows does not join on to what was played.
    pub fn cut(&mut self) {
        if self.filler == Filler::Real {
            self.make_up(None, 0);
        }
    }

    pub fn describe_noise(&mut self, payload: &[u8]) {
        self.noise.describe(payload);
    }

    pub fn make_noise(&mut self, samples: usize) {
        let fresh = self.filler != Filler::Noise;
        let from = self.sound.len();
        for _ in 0..samples {
            self.sound.push(self.noise.next());
        }
        if fresh {
            self.concealer.start(self.rate, &self.sound[..from]); // just its length
            let fade = (FIT_MS * self.rate.per_ms()).min(samples);
            let old: Vec<i16> = (0..fade).map(|_| self.concealer.next()).collect();
            let new = &mut self.sound[from..from + fade]; // just pushed
            let blended = crossfade(&old, new);
            new.copy_from_slice(&blended);
        }
        self.filler = Filler::Noise;
    }

    /// Takes up to `most` samples out, where that is not heard; how many.
    pub fn shorten(&mut self, most: usize, likeness: f32) -> usize {
        let likeness = if self.is_quiet() { -1.0 } else { likeness };
        stretch::shorten(&mut self.sound, self.at, self.rate, most, likeness)
    }

    /// Puts up to `most` samples in; how many.
    pub fn lengthen(&mut self, most: usize, likeness: f32) -> usize {
        let likeness = if self.is_quiet() { -1.0 } else { likeness };
        stretch::lengthen(&mut self.sound, self.at, self.rate, most, likeness)
    }

    /// Whether the speaker pauses just now.
    pub fn is_quiet(&self) -> bool {
        let frame = self.sound.get(self.at..).unwrap_or_default();
        let quiet = (self.quietest * NOISE).clamp(self.loudest * QUIET, self.loudest * BELOW);
        amplitude(&frame[..frame.len().min(self.rate.frame_samples())]) <= quiet
    }

    /// Since it was asked last: whether sound was decoded (`true`), only silence (`false`), or nothing.
    pub fn take_heard(&mut self) -> Option<bool> {
        self.heard.take()
    }

    /// The next 20 ms; silence for what is not there.
    pub fn take_frame(&mut self) -> Frame {
        let length = self.rate.frame_samples().min(self.ahead());
        let frame = Frame::new(self.rate, &self.sound[self.at..self.at + length]); // no more than is ahead
        self.at += length;
        let kept = HISTORY_MS * self.rate.per_ms();
        if let Some(old) = self.at.checked_sub(kept) {
            self.sound.drain(..old);
            self.at = kept;
        }
        let amplitude = amplitude(&frame);
        self.loudest = amplitude.max(self.loudest * LOUD_FORGETTING);
        if amplitude > NOTHING {
            self.quietest = amplitude.min(self.quietest * QUIET_FORGETTING);
        }
        frame
    }

    fn decoder(&mut self, codec: Codec) -> &mut dyn Decoder {
        let known = self.decoders.iter().position(|(of, _)| *of == codec);
        let at = known.unwrap_or_else(|| {
            self.decoders.push((codec, (self.decoder_of)(codec)));
            self.decoders.len() - 1
        });
        self.decoders[at].1.as_mut() // found or just pushed
    }

    /// Appends real sound, joined to what was made up.
    fn append(&mut self, real: &[i16], late: bool) {
        let filler = std::mem::replace(&mut self.filler, Filler::Real);
        if real.is_empty() || matches!(filler, Filler::Real | Filler::ByCodec) {
            return self.sound.extend_from_slice(real);
        }
        let per_ms = self.rate.per_ms();
        let (shift, overlap, going_on) = if filler == Filler::Noise {
            let overlap = (FIT_MS * per_ms).min(real.len());
            (0, overlap, (0..overlap).map(|_| self.noise.next()).collect())
        } else {
            self.fit(real, late)
        };
        let (more, over) = going_on.split_at(shift);
        self.sound.extend_from_slice(more);
        self.sound.extend(crossfade(over, &real[..overlap])); // at most its length
        self.sound.extend_from_slice(&real[overlap..]);
    }

    /// Where in the next period the made-up sound is most like the real one: there it joins, if it may.
    fn fit(&mut self, real: &[i16], late: bool) -> (usize, usize, Vec<i16>) {
        let stays = !late || self.concealer.is_gone();
        let overlap = self.concealer.overlap().min(real.len());
        let window = (FIT_MS * self.rate.per_ms()).max(overlap).min(real.len());
        let most = if stays { 0 } else { self.concealer.lag() };
        let mut going_on: Vec<i16> = (0..most + window).map(|_| self.concealer.next()).collect();
        let like = |shift: usize| correlation(&real[..window], &going_on[shift..shift + window], 1);
        let shift = (0..most).max_by(|a, b| like(*a).total_cmp(&like(*b))).unwrap_or_default();
        going_on.truncate(shift + overlap);
        (shift, overlap, going_on)
    }
}

/// Root mean square.
fn amplitude(sound: &[i16]) -> f32 {
    let power: f32 = sound.iter().map(|sample| f32::from(*sample).powi(2)).sum();
    (power / sound.len().max(1) as f32).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How loud words are.
    const WORD: f32 = 5_000.0;

    /// Who speaks with a steady noise around them, both by the frame.
    struct Speaker {
        voice: Voice,
        noise: f32,
        random: u32,
        said: usize,
    }

    impl Speaker {
        /// The noise is so far below the words.
        fn new(noise_db: f32) -> Self {
            Self { voice: Voice::new(Codec::decoder), noise: WORD * ratio(noise_db), random: 1, said: 0 }
        }

        /// In how many of these frames there is a pause, where the voice is so far below the words.
        fn pauses(&mut self, voice_db: impl IntoIterator<Item = f32>) -> usize {
            let is_pause = |db| {
                let frame: Vec<i16> =
                    (0..self.voice.rate().frame_samples()).map(|_| self.sample(db)).collect();
                self.voice.play(&frame, 0, false);
                let is_pause = self.voice.is_quiet();
                self.voice.take_frame();
                is_pause
            };
            voice_db.into_iter().map(is_pause).filter(|is_pause| *is_pause).count()
        }

        fn says_a_word(&mut self) {
            assert_eq!(self.pauses([0.0; 50]), 0, "a word");
        }

        /// 200 Hz, and noise of all frequencies.
        fn sample(&mut self, db: f32) -> i16 {
            self.said += 1;
            let word = (self.said as f32 * std::f32::consts::TAU / 40.0).sin() * 2.0_f32.sqrt();
            self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = f32::from((self.random >> 16) as i16) / 32_768.0 * 3.0_f32.sqrt();
            (word * WORD * ratio(db) + noise * self.noise) as i16
        }
    }

    fn ratio(db: f32) -> f32 {
        10.0_f32.powf(-db / 20.0)
    }

    const NOTHING_SAID: [f32; 20] = [f32::INFINITY; 20];

    #[test]
    fn a_word_that_dies_away_is_no_pause_until_it_is_34_db_below_the_loudest() {
        let mut speaker = Speaker::new(50.0);
        speaker.says_a_word();
        speaker.pauses(NOTHING_SAID);
        speaker.says_a_word();
        assert_eq!(speaker.pauses([22.0, 26.0, 28.0, 30.0, 32.0]), 0, "it dies away");
        assert_eq!(speaker.pauses([36.0, 40.0]), 2, "it is over");
        assert_eq!(speaker.pauses(NOTHING_SAID), NOTHING_SAID.len());
    }

    #[test]
    fn between_the_words_of_who_speaks_in_noise_is_a_pause() {
        for noise_db in [22.0, 28.0] {
            let mut speaker = Speaker::new(noise_db);
            speaker.says_a_word();
            // The noise alone is known by the first of them.
            speaker.pauses(NOTHING_SAID);
            for _ in 0..3 {
                assert_eq!(speaker.pauses([0.0; 10]), 0, "a short word, {noise_db} dB");
                assert_eq!(speaker.pauses(NOTHING_SAID), NOTHING_SAID.len(), "{noise_db} dB");
            }
        }
    }

    #[test]
    fn what_is_less_than_20_db_below_the_words_is_no_pause_however_long_it_lasts() {
        let mut speaker = Speaker::new(50.0);
        speaker.says_a_word();
        assert_eq!(speaker.pauses([18.0; 100]), 0);
    }
}
