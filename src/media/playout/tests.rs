//! Packets put and frames played on virtual time.

mod simulation;

use super::*;
use crate::media::Rate;
use crate::media::codec::Decoder;

const PHASE_MS: u64 = 7;

/// A codec that repeats in each packet the one before, at 48 kHz: payloads are samples.
struct Repeating;

impl Decoder for Repeating {
    fn rate(&self) -> Rate {
        Rate::Full
    }

    fn samples(&self, payload: &[u8]) -> usize {
        payload.len() / 4
    }

    fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) {
        sound.extend(samples(&payload[..payload.len() / 2]));
    }

    fn recover(&mut self, next: &[u8], _: usize, sound: &mut Vec<i16>) -> bool {
        sound.extend(samples(&next[next.len() / 2..]));
        true
    }

    fn conceals(&self) -> bool {
        true
    }

    fn conceal(&mut self, samples: usize, sound: &mut Vec<i16>) -> bool {
        sound.extend(std::iter::repeat_n(1, samples));
        true
    }
}

/// Samples of 16 bit, at 16 kHz by a clock of 8 kHz.
struct Plain;

impl Decoder for Plain {
    fn rate(&self) -> Rate {
        Rate::Wide
    }

    fn samples(&self, payload: &[u8]) -> usize {
        payload.len() / 2
    }

    fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) {
        sound.extend(samples(payload));
    }
}

fn decoder(codec: Codec) -> Box<dyn Decoder> {
    match codec {
        Codec::Opus => Box::new(Repeating),
        Codec::G722 => Box::new(Plain),
        _ => codec.decoder(),
    }
}

fn samples(payload: &[u8]) -> impl Iterator<Item = i16> {
    payload.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]]))
}

fn octets(samples: impl IntoIterator<Item = i16>) -> Vec<u8> {
    samples.into_iter().flat_map(i16::to_le_bytes).collect()
}

pub(super) fn at(us: u64) -> Instant {
    Instant::from_start(Duration::from_micros(us))
}

/// 200 Hz: a period of 5 ms, on the grid of every codec.
fn tone(rate: Rate, n: i64) -> i16 {
    ((n as f32 * std::f32::consts::TAU * 200.0 / rate.hz() as f32).sin() * 8_000.0) as i16
}

/// One that sends a tone over a perfect path of 30 ms, and one who plays it.
struct Line {
    playout: Playout,
    codec: Codec,
    /// The next packet.
    packet: u64,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    heard: Vec<i16>,
}

impl Line {
    fn new(codec: Codec) -> Self {
        let playout = Playout::with_decoders(decoder);
        Self {
            playout,
            codec,
            packet: 0,
            sequence: 65_500,
            timestamp: u32::MAX - 9_000,
            ssrc: 7,
            heard: vec![],
        }
    }

    fn payload(&self) -> Vec<u8> {
        let rate = decoder(self.codec).rate();
        let length = rate.frame_samples() as i64;
        let from = self.packet as i64 * length;
        let sound = |from: i64| (from..from + length).map(move |n| tone(rate, n));
        match self.codec {
            Codec::Opus => octets(sound(from).chain(sound(from - length))),
            Codec::G722 => octets(sound(from)),
            _ => sound(from).map(crate::media::codec::g711::a_law).collect(),
        }
    }

    /// The next packet is sent, unless it is lost, and arrives at once, late by so much.
    fn send(&mut self, late_ms: u64, lost: bool) {
        if !lost {
            let payload = self.payload();
            self.put(late_ms, Content::Sound { codec: self.codec, payload: &payload });
        }
        self.skip();
        self.sequence = self.sequence.wrapping_add(1);
    }

    fn put(&mut self, late_ms: u64, content: Content<'_>) {
        let &mut Self { ssrc, sequence, timestamp, .. } = self;
        let packet = Packet { ssrc, sequence, timestamp, marker: false, content };
        self.playout.put(at((self.packet * 20 + late_ms) * 1_000), &packet);
    }

    /// 20 ms in which nothing is sent.
    fn skip(&mut self) {
        self.packet += 1;
        self.timestamp = self.timestamp.wrapping_add(self.codec.clock_hz() / 50);
    }

    fn hear(&mut self) -> Frame {
        let frame = self.playout.play(at(((self.packet - 1) * 20 + PHASE_MS) * 1_000));
        self.heard.extend_from_slice(&frame);
        frame
    }

    /// Packets sent and frames played in turn; those named are lost.
    fn talk(&mut self, packets: usize, lost: &[usize]) -> &mut Self {
        for n in 0..packets {
            self.send(0, lost.contains(&n));
            self.hear();
        }
        self
    }

    fn rate(&self) -> Rate {
        decoder(self.codec).rate()
    }

    /// Stretches of more than 2 ms without sound.
    fn holes(&self, last: usize) -> usize {
        let from = self.heard.len() - last * self.rate().frame_samples();
        self.heard[from..].chunks(2 * self.rate().per_ms()).filter(|c| c.iter().all(|s| s.abs() < 50)).count()
    }
}

const ALL: [Codec; 3] = [Codec::Pcma, Codec::G722, Codec::Opus];

#[test]
fn sound_is_played_as_it_came_and_at_its_rate() {
    for codec in ALL {
        let mut line = Line::new(codec);
        line.talk(50, &[]);
        line.send(0, false);
        assert_eq!(line.hear().rate(), line.rate());
        assert_eq!(line.holes(40), 0, "{codec:?}");
        let figures = line.playout.figures();
        assert_eq!((figures.late, figures.concealed_ms(), figures.stretched_ms()), (0, 0, 0), "{codec:?}");
    }
}

#[test]
fn sound_starts_at_the_next_frame_unless_that_is_too_near() {
    for (phase_ms, first_frame) in [(1, 1), (5, 1), (12, 0), (19, 0)] {
        let mut playout = Playout::with_decoders(decoder);
        let payload: Vec<u8> =
            (0..160).map(|n| crate::media::codec::g711::a_law(tone(Rate::Narrow, n))).collect();
        let mut heard = vec![];
        for n in 0..10_u16 {
            let content = Content::Sound { codec: Codec::Pcma, payload: &payload };
            let timestamp = u32::from(n) * 160;
            playout.put(
                at(u64::from(n) * 20_000),
                &Packet { ssrc: 1, sequence: n, timestamp, marker: n == 0, content },
            );
            heard.push(!playout.play(at(u64::from(n) * 20_000 + phase_ms * 1_000)).is_silent());
        }
        assert_eq!(heard.iter().position(|sound| *sound), Some(first_frame), "{phase_ms}");
        assert!(heard[first_frame..].iter().all(|sound| *sound));
        assert!(playout.delay_ms() <= 21.0 + phase_ms as f32);
    }
}

#[test]
fn who_asks_in_step_with_the_packets_plays_each_as_soon_as_it_may() {
    for arrives_us in (0..20_000).step_by(700) {
        let mut playout = Playout::with_decoders(decoder);
        let payload: Vec<u8> =
            (0..160).map(|n| crate::media::codec::g711::a_law(tone(Rate::Narrow, n))).collect();
        let mut tick = 0;
        for n in 0..100_u16 {
            let content = Content::Sound { codec: Codec::Pcma, payload: &payload };
            let arrival = arrives_us + u64::from(n) * 20_000;
            let packet =
                Packet { ssrc: 1, sequence: n, timestamp: u32::from(n) * 160, marker: false, content };
            playout.put(at(arrival), &packet);
            if let Some(due) = playout.take_begun() {
                tick = due.since_start().as_micros() as u64;
                assert!((8_000..12_000).contains(&(tick - arrival)), "{}", tick - arrival);
            }
            assert!(!playout.play(at(tick)).is_silent(), "{arrives_us}: frame {n}");
            tick += 20_000;
        }
        assert!(playout.delay_ms() < 12.0, "{arrives_us}: {} ms", playout.delay_ms());
        let figures = playout.figures();
        assert_eq!((figures.late, figures.concealed_ms(), figures.stretched_ms()), (0, 0, 0), "{arrives_us}");
        assert_eq!(playout.take_begun(), None, "told once");
    }
}

#[test]
fn who_begins_to_send_is_fallen_in_with_and_who_only_pauses_is_not() {
    let mut line = Line::new(Codec::Pcma);
    line.talk(20, &[]);
    assert!(line.playout.take_begun().is_some());
    (0..40).for_each(|_| line.skip());
    line.talk(20, &[]);
    assert_eq!(line.playout.take_begun(), None, "the operator speaks meanwhile");
    line.ssrc = 9;
    (0..10).for_each(|_| line.skip());
    line.talk(20, &[]);
    assert!(line.playout.take_begun().is_some(), "somebody else, who has a clock of their own");
    line.playout.reset();
    line.talk(20, &[]);
    assert!(line.playout.take_begun().is_some(), "back from hold");
}

#[test]
fn a_lost_packet_is_hidden_and_delays_what_follows_by_the_look_ahead_alone() {
    let mut line = Line::new(Codec::Pcma);
    let before = line.talk(50, &[]).playout.delay_ms();
    line.talk(50, &[10, 30]);
    assert_eq!(line.holes(50), 0);
    let figures = line.playout.figures();
    assert!((30..=60).contains(&figures.concealed_ms()), "{figures:?}");
    let more = line.playout.delay_ms() - before;
    assert!((12.0..=24.0).contains(&more), "{more}: {figures:?}");
}

#[test]
fn a_long_gap_falls_silent_and_sound_comes_back() {
    let mut line = Line::new(Codec::Pcma);
    line.talk(50, &(20..40).collect::<Vec<_>>());
    assert!(line.heard[30 * 160..36 * 160].iter().all(|s| *s == 0));
    assert_eq!(line.holes(8), 0);
}

#[test]
fn what_the_next_packet_repeats_is_recovered_once_loss_is_seen() {
    let mut line = Line::new(Codec::Opus);
    let lost: Vec<usize> = (0..300).filter(|n| n % 9 == 5).collect();
    line.talk(300, &lost);
    let figures = line.playout.figures();
    assert!(figures.recovered_ms() > 20 * 25, "{figures:?}");
    assert!(figures.concealed_ms() < 20 * 8, "{figures:?}");
    // It repeats what was lost, whole: the tone goes on.
    assert_eq!(line.holes(100), 0);
    let ahead = figures.target_ms;
    line.talk(800, &[]);
    assert!(line.playout.figures().target_ms <= ahead - 15.0, "without loss nobody waits for it");
}

#[test]
fn duplicates_and_stray_packets_change_nothing() {
    let mut line = Line::new(Codec::Pcma);
    for _ in 0..40 {
        let payload = line.payload();
        line.put(0, Content::Sound { codec: Codec::Pcma, payload: &payload });
        line.ssrc = 9;
        line.put(1, Content::Sound { codec: Codec::Pcma, payload: &[0x80; 160] });
        line.ssrc = 7;
        line.send(2, false);
        line.hear();
    }
    assert_eq!(line.playout.figures().duplicates, 40);
    assert_eq!(line.holes(30), 0);
    assert!(line.heard.iter().all(|sample| sample.abs() < 8_500));
}

#[test]
fn comfort_noise_fills_a_pause_and_speech_returns_after_it() {
    let mut line = Line::new(Codec::Pcma);
    line.talk(50, &[]);
    line.put(0, Content::ComfortNoise { payload: &[50] });
    line.sequence = line.sequence.wrapping_add(1);
    for _ in 0..100 {
        line.skip();
        line.hear();
    }
    let pause = &line.heard[line.heard.len() - 80 * 160..];
    let rms = (pause.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / pause.len() as f64).sqrt();
    assert!((70.0..150.0).contains(&rms), "-50 dBov: {rms}");
    line.talk(20, &[]);
    assert_eq!(line.holes(15), 0);
    assert_eq!(line.playout.figures().concealed_ms(), 0, "a pause is no loss");
}

#[test]
fn a_pause_without_noise_is_no_loss_either() {
    let mut line = Line::new(Codec::Pcma);
    for pause in [2, 7, 30, 100] {
        line.talk(50, &[]);
        for _ in 0..pause {
            line.skip();
            line.hear();
        }
    }
    line.talk(20, &[]);
    assert_eq!(line.holes(15), 0);
    assert_eq!(line.playout.figures().concealed_ms(), 0);
}

#[test]
fn a_codec_of_another_rate_may_follow() {
    let mut line = Line::new(Codec::Pcma);
    for codec in [Codec::Pcma, Codec::G722, Codec::Pcmu, Codec::Opus, Codec::Pcma] {
        line.codec = codec;
        line.talk(50, &[]);
        assert_eq!(line.hear().rate(), decoder(codec).rate(), "{codec:?}");
        line.heard.clear();
        line.skip();
    }
}

#[test]
fn a_stall_is_bridged_and_the_next_one_not_heard() {
    let mut line = Line::new(Codec::Pcma);
    let stall = |line: &mut Line| {
        let (sequence, timestamp, packet) = (line.sequence, line.timestamp, line.packet);
        let concealed = line.playout.figures().concealed_ms();
        for _ in 0..7 {
            line.skip();
            line.hear();
        }
        (line.sequence, line.timestamp, line.packet) = (sequence, timestamp, packet);
        for n in 0..7 {
            line.send(140 - 20 * n, false);
        }
        line.talk(1, &[]);
        line.playout.figures().concealed_ms() - concealed
    };
    line.talk(100, &[]);
    let first = stall(&mut line);
    line.talk(100, &[]);
    let second = stall(&mut line);
    line.talk(20, &[]);
    assert!(first >= 100, "{first}");
    assert!(second <= 10, "{second}");
    assert_eq!(line.playout.figures().late, 0);
}

#[test]
fn rubbish_is_left_alone() {
    let mut line = Line::new(Codec::Pcma);
    line.talk(20, &[]);
    line.put(0, Content::Sound { codec: Codec::Pcma, payload: &[] });
    line.put(0, Content::Sound { codec: Codec::Pcma, payload: &[0; 9_000] });
    line.put(0, Content::ComfortNoise { payload: &[] });
    line.playout.reset();
    line.talk(30, &[]);
    assert_eq!(line.holes(20), 0);
}
