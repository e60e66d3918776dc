//! Two streams over a simulated network, on virtual time.

use super::*;
use crate::media::{Direction, EncoderSettings, NoAudioCause, PoorCause};
use rand_chacha::rand_core::Rng;
use std::time::Duration;

const A: &str = "192.0.2.1:4000";
const B: &str = "198.51.100.7:5000";

/// What the network does to the packets of one direction.
#[derive(Clone, Copy, Default)]
struct Path {
    delay_ms: u64,
    /// Evenly spread on top.
    jitter_ms: u64,
    loss_percent: u32,
    duplicates_percent: u32,
}

type Change = Box<dyn FnMut(&mut Vec<u8>)>;

struct Flight {
    due_ms: u64,
    to_b: bool,
    rtcp: bool,
    from: SocketAddr,
    bytes: Vec<u8>,
}

struct World {
    ms: u64,
    a: Stream,
    b: Stream,
    a_to_b: Path,
    b_to_a: Path,
    /// Done to RTP from a to b on the way.
    change: Change,
    /// Where a's packets seem to come from.
    a_seen_as: SocketAddr,
    flights: Vec<Flight>,
    rng: ChaCha20Rng,
    /// What a's microphone gives from now on.
    microphone: Microphone,
    said: Vec<i16>,
    heard: Vec<i16>,
    events_a: Vec<(u64, StreamEvent)>,
    events_b: Vec<(u64, StreamEvent)>,
    rtp_to_b: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Microphone {
    Noise,
    Zeros,
    Nothing,
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn plan(local: &str, remote: &str) -> StreamPlan {
    let remote = address(remote);
    StreamPlan {
        local: address(local),
        remote,
        remote_rtcp: SocketAddr::new(remote.ip(), remote.port() + 1),
        codec: Codec::Pcma,
        payload_type: 8,
        accepted: vec![(8, Codec::Pcma), (0, Codec::Pcmu)],
        encoder: EncoderSettings::default(),
        telephone_event: Some(101),
        telephone_event_hz: 8_000,
        telephone_event_in: vec![101],
        direction: Direction::SendRecv,
        held_by_them: false,
        ptime_ms: 20,
        early: false,
    }
}

fn at(ms: u64) -> Instant {
    Instant::from_start(Duration::from_millis(ms))
}

impl World {
    fn new(seed: u8) -> Self {
        Self::with_plans(seed, plan(A, B), plan(B, A))
    }

    fn with_plans(seed: u8, a: StreamPlan, b: StreamPlan) -> Self {
        let path = Path { delay_ms: 30, ..Path::default() };
        Self {
            ms: 0,
            a_seen_as: a.local,
            a: Stream::new(at(0), a, [seed; 32]),
            b: Stream::new(at(0), b, [seed ^ 0xff; 32]),
            a_to_b: path,
            b_to_a: path,
            change: Box::new(|_| ()),
            flights: Vec::new(),
            rng: ChaCha20Rng::from_seed([seed.wrapping_add(7); 32]),
            microphone: Microphone::Noise,
            said: Vec::new(),
            heard: Vec::new(),
            events_a: Vec::new(),
            events_b: Vec::new(),
            rtp_to_b: Vec::new(),
        }
    }

    fn run(&mut self, seconds: f64) -> &mut Self {
        let end = self.ms + (seconds * 1_000.0) as u64;
        while self.ms < end {
            self.deliver();
            if self.ms.is_multiple_of(20) {
                self.speak();
            }
            if self.ms % 20 == 7 {
                let noise = self.noise();
                let frame = self.b.tick(at(self.ms), Some(&noise), &noise);
                self.heard.extend_from_slice(&frame);
            }
            self.collect();
            self.ms += 1;
        }
        self
    }

    fn speak(&mut self) {
        let frame = match self.microphone {
            Microphone::Noise => Some(self.noise()),
            Microphone::Zeros => Some(Frame::silence(Rate::Narrow)),
            Microphone::Nothing => None,
        };
        let sent = frame.unwrap_or(Frame::silence(Rate::Narrow));
        self.a.tick(at(self.ms), frame.as_ref(), &sent);
        self.said.extend_from_slice(&sent);
    }

    fn noise(&mut self) -> Frame {
        Frame::from_fn(Rate::Narrow, |_| (self.rng.next_u32() as i16) / 4)
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.next_u32() % 100 < percent
    }

    fn collect(&mut self) {
        for to_b in [true, false] {
            loop {
                let stream = if to_b { &mut self.a } else { &mut self.b };
                let (rtcp, packet) = match stream.poll_output() {
                    StreamOutput::Rtp(packet) => (false, packet),
                    StreamOutput::Rtcp(packet) => (true, packet),
                    StreamOutput::Event(event) => {
                        let events = if to_b { &mut self.events_a } else { &mut self.events_b };
                        events.push((self.ms, event));
                        continue;
                    }
                    StreamOutput::Idle => break,
                };
                self.launch(to_b, rtcp, packet.bytes);
            }
        }
    }

    fn launch(&mut self, to_b: bool, rtcp: bool, mut bytes: Vec<u8>) {
        let path = if to_b { self.a_to_b } else { self.b_to_a };
        let from = if to_b { self.a_seen_as } else { address(B) };
        if to_b && !rtcp {
            (self.change)(&mut bytes);
            self.rtp_to_b.push(bytes.clone());
        }
        if self.chance(path.loss_percent) {
            return;
        }
        for copy in 0..1 + u64::from(self.chance(path.duplicates_percent)) {
            let jitter = u64::from(self.rng.next_u32()) % (path.jitter_ms + 1);
            // The copy comes when the packet has long been played.
            let due_ms = self.ms + path.delay_ms + jitter + copy * 150;
            self.flights.push(Flight { due_ms, to_b, rtcp, from, bytes: bytes.clone() });
        }
    }

    fn deliver(&mut self) {
        let now = self.ms;
        let (due, rest) =
            std::mem::take(&mut self.flights).into_iter().partition(|flight| flight.due_ms <= now);
        self.flights = rest;
        let due: Vec<Flight> = due;
        for flight in due {
            let stream = if flight.to_b { &mut self.b } else { &mut self.a };
            let packet = received(flight.from, flight.bytes);
            if flight.rtcp { stream.handle_rtcp(at(now), packet) } else { stream.handle_rtp(at(now), packet) }
        }
    }

    fn jump(&mut self, ms: i64) {
        let timestamp = &mut self.a.sender.timestamp;
        *timestamp = timestamp.wrapping_add((ms * 8) as u32);
    }

    /// How well b heard the last seconds of a, and with what delay, in samples.
    fn likeness(&self, seconds: usize) -> (f64, usize) {
        let length = seconds * 8_000;
        let compare = |lag: usize, length: usize| {
            let (said, heard) = (self.said.len() - lag, self.heard.len());
            likeness(&self.said[said - length..said], &self.heard[heard - length..])
        };
        // A short stretch finds the delay; noise is like itself at one place only.
        let lag = (160..4_000).max_by(|a, b| compare(*a, 240).total_cmp(&compare(*b, 240))).unwrap();
        (compare(lag, length), lag)
    }

    fn complaints(&self) -> Vec<(u64, StreamEvent)> {
        let all = self.events_b.iter().chain(&self.events_a);
        all.filter(|(_, event)| matches!(event, StreamEvent::NoAudio { .. } | StreamEvent::AudioBack { .. }))
            .cloned()
            .collect()
    }
}

fn received(from: SocketAddr, bytes: Vec<u8>) -> Received {
    Received { transport: Transport::Udp, from, local: address(B), bytes }
}

fn likeness(a: &[i16], b: &[i16]) -> f64 {
    let dot = |x: &[i16], y: &[i16]| x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(1.0)
}

fn no_audio(direction: AudioDirection, cause: NoAudioCause) -> StreamEvent {
    StreamEvent::NoAudio { direction, cause }
}

#[test]
fn random_sound_arrives_whole_by_either_law() {
    for (codec, payload_type) in [(Codec::Pcma, 8), (Codec::Pcmu, 0)] {
        let plan_a = StreamPlan { codec, payload_type, ..plan(A, B) };
        let mut world = World::with_plans(1, plan_a, plan(B, A));
        let (same, lag) = world.run(4.0).likeness(3);
        assert!(same > 0.99, "{codec:?}: {same}");
        // 30 ms of network, at most a frame until the next tick, and as much again where that is near.
        assert!(lag <= 75 * 8, "{lag}");
        assert_eq!(world.complaints(), []);
        assert_eq!(world.b.stats(at(world.ms)).late, 0);
    }
}

#[test]
fn sound_of_any_rate_is_sent() {
    for rate in Rate::ALL {
        let mut world = World::new(1);
        let step = std::f32::consts::TAU * 500.0 / rate.hz() as f32;
        // Ten periods.
        let tone = Frame::from_fn(rate, |n| (8_000.0 * (step * n as f32).sin()) as i16);
        for _ in 0..50 {
            world.a.tick(at(world.ms), Some(&tone), &tone);
            world.collect();
            world.deliver();
            let heard = world.b.tick(at(world.ms), None, &Frame::silence(Rate::Narrow));
            world.heard.extend_from_slice(&heard);
            world.ms += 20;
        }
        let tone = |n: usize| (8_000.0 * (std::f32::consts::TAU * 500.0 * n as f32 / 8_000.0).sin()) as i16;
        let heard = &world.heard[world.heard.len() - 800..];
        let alike = |shift: usize| likeness(heard, &(shift..shift + 800).map(tone).collect::<Vec<_>>());
        let best = (0..16).map(alike).fold(0.0, f64::max);
        assert!(best > 0.99, "{rate:?}: {best}");
        assert!(world.rtp_to_b.iter().all(|packet| packet.len() == 12 + 160), "{rate:?}");
    }
}

#[test]
fn packets_of_any_usual_length_are_played() {
    for ptime_ms in [10, 20, 30, 40, 60] {
        let mut world = World::with_plans(2, StreamPlan { ptime_ms, ..plan(A, B) }, plan(B, A));
        let (same, _) = world.run(4.0).likeness(3);
        assert!(same > 0.99, "{ptime_ms} ms: {same} {:?}", world.b.stats(at(world.ms)));
        assert_eq!(world.rtp_to_b.len() as u64, 4_000 / u64::from(ptime_ms), "{ptime_ms} ms");
        assert!(world.rtp_to_b.iter().all(|packet| packet.len() == 12 + 8 * ptime_ms as usize));
    }
}

#[test]
fn reordering_duplicates_and_jitter_do_not_harm() {
    let mut world = World::new(3);
    world.a_to_b = Path { delay_ms: 30, jitter_ms: 40, loss_percent: 0, duplicates_percent: 10 };
    let (same, _) = world.run(6.0).likeness(4);
    assert!(same > 0.99, "{same}");
    let stats = world.b.stats(at(world.ms));
    assert_eq!(stats.lost, 0);
    assert!(stats.late <= 2, "{} of 300", stats.late);
    assert!(stats.jitter_ms > 5.0, "{}", stats.jitter_ms);
}

#[test]
fn delay_grows_with_the_jitter_and_shrinks_again() {
    let mut world = World::new(4);
    world.a_to_b = Path { delay_ms: 30, jitter_ms: 120, ..Path::default() };
    let (same, _) = world.run(10.0).likeness(4);
    assert!(same > 0.95, "{same}");
    let grown = world.b.stats(at(world.ms)).delay_ms;
    assert!((60.0..=200.0).contains(&grown), "on average: {grown}");
    world.a_to_b.jitter_ms = 0;
    let (same, _) = world.run(15.0).likeness(2);
    let shrunk = world.b.stats(at(world.ms)).delay_ms;
    assert!(shrunk < 80.0, "{shrunk}");
    assert!(same > 0.99, "{same}");
}

#[test]
fn loss_is_counted_concealed_and_reported() {
    let mut world = World::new(5);
    world.a_to_b.loss_percent = 3;
    let (same, _) = world.run(30.0).likeness(10);
    assert!(same > 0.95, "{same}");
    let stats = world.b.stats(at(world.ms));
    assert!((20..80).contains(&stats.lost), "{}", stats.lost);
    assert!((2.5..4.2).contains(&stats.here.call.unwrap()), "{:?}", stats.here);
    let rtt = world.a.stats(at(world.ms)).rtt_ms.unwrap();
    assert!((rtt - 60.0).abs() < 2.0, "{rtt}");
}

#[test]
fn numbers_and_timestamps_may_wrap() {
    let mut world = World::new(6);
    world.a.sender.sequence = u16::MAX - 100;
    world.a.sender.timestamp = u32::MAX - 160 * 150;
    let (same, _) = world.run(6.0).likeness(5);
    assert!(same > 0.999, "{same}");
    assert_eq!(world.b.stats(at(world.ms)).lost, 0);
}

#[test]
fn other_ssrc_is_followed_at_once() {
    let mut world = World::new(7);
    world.run(3.0);
    let mut next = Stream::new(at(world.ms), plan(A, B), [99; 32]);
    std::mem::swap(&mut world.a, &mut next);
    let (same, _) = world.run(2.5).likeness(2);
    assert!(same > 0.99, "{same}");
    assert_eq!(world.b.stats(at(world.ms)).lost, 0);
    assert_eq!(world.complaints(), []);
}

#[test]
fn sound_is_back_soon_after_a_jump_of_the_timestamp() {
    for jump_ms in [100_i64, 700, 950, 5_000, 3_600_000, -100, -300, -700, -950, -5_000, -3_600_000] {
        let mut world = World::new(8);
        world.run(2.0);
        world.jump(jump_ms);
        let (same, _) = world.run(1.5).likeness(1);
        assert!(same > 0.99, "jump of {jump_ms} ms: {same}");
    }
}

#[test]
fn a_jump_leaves_no_delay_behind() {
    for jump_ms in [100, -100, 150, -950] {
        let mut world = World::new(8);
        world.run(2.0);
        world.jump(jump_ms);
        world.run(12.0);
        let delay = world.b.stats(at(world.ms)).delay_ms;
        assert!(delay <= 130.0, "jump of {jump_ms} ms: {delay} ms of delay");
    }
}

#[test]
fn sequence_numbers_may_restart() {
    let mut world = World::new(9);
    world.run(3.0);
    world.a.sender.sequence = world.a.sender.sequence.wrapping_add(20_000);
    let (same, _) = world.run(3.0).likeness(2);
    assert!(same > 0.99, "{same}");
    assert_eq!(world.b.stats(at(world.ms)).lost, 0);
}

#[test]
fn longer_way_from_now_on_is_followed() {
    let mut world = World::new(10);
    world.run(3.0);
    world.a_to_b.delay_ms = 330;
    let (same, _) = world.run(4.0).likeness(2);
    assert!(same > 0.99, "{same}");
    world.a_to_b.delay_ms = 30;
    let (same, _) = world.run(6.0).likeness(2);
    assert!(same > 0.99, "{same}");
}

#[test]
fn pauses_of_the_speaker_are_no_loss() {
    let mut world = World::new(11);
    for _ in 0..5 {
        world.run(1.0);
        // A sender that is silent when nothing is said: its timestamps go on.
        world.a.plan.direction = Direction::RecvOnly;
        world.run(0.8);
        world.a.plan.direction = Direction::SendRecv;
    }
    let (same, _) = world.run(2.5).likeness(2);
    assert!(same > 0.99, "{same}");
    assert_eq!((world.b.stats(at(world.ms)).lost, world.complaints()), (0, vec![]));
}

#[test]
fn clocks_that_differ_stay_together() {
    let mut world = World::new(12);
    let mut heard_delay = Vec::new();
    for _ in 0..60 {
        // The speaker's card is 0.2 % fast: 2 ms each second.
        world.run(1.0);
        world.ms -= 2;
        heard_delay.push(world.b.stats(at(world.ms)).delay_ms);
    }
    assert!(heard_delay.iter().all(|delay| *delay < 150.0), "{heard_delay:?}");
    assert_eq!(world.complaints(), []);
}

#[test]
fn hold_keeps_the_numbers_and_complains_of_nothing() {
    let mut world = World::new(13);
    world.run(3.0);
    let held_a = StreamPlan { direction: Direction::SendOnly, ..plan(A, B) };
    let held_b = StreamPlan { direction: Direction::RecvOnly, held_by_them: true, ..plan(B, A) };
    world.a.apply(at(world.ms), held_a);
    world.b.apply(at(world.ms), held_b);
    world.run(10.0);
    assert_eq!(world.b.sender.packets(), world.b.stats(at(world.ms)).tx_packets);
    let sent_before = world.b.sender.packets();
    let sequence = world.b.sender.sequence;
    world.run(5.0);
    assert_eq!(world.b.sender.packets(), sent_before, "the held one says nothing");
    world.a.apply(at(world.ms), plan(A, B));
    world.b.apply(at(world.ms), plan(B, A));
    let (same, _) = world.run(4.0).likeness(2);
    assert!(same > 0.99, "{same}");
    assert!(world.b.sender.sequence.wrapping_sub(sequence) <= 201);
    assert_eq!(world.complaints(), []);
}

#[test]
fn first_packet_after_a_pause_is_marked() {
    let mut world = World::new(14);
    world.run(1.0);
    world.a.apply(at(world.ms), StreamPlan { direction: Direction::RecvOnly, ..plan(A, B) });
    world.run(1.0);
    world.a.apply(at(world.ms), plan(A, B));
    world.run(1.0);
    let marked: Vec<usize> = world
        .rtp_to_b
        .iter()
        .enumerate()
        .filter(|(_, packet)| packet[1] & 0x80 != 0)
        .map(|(n, _)| n)
        .collect();
    assert_eq!(marked, [0, 50]);
    let timestamps: Vec<u32> =
        world.rtp_to_b.iter().map(|packet| Packet::parse(packet).unwrap().timestamp).collect();
    assert_eq!(timestamps[50].wrapping_sub(timestamps[49]), 51 * 160, "the clock went on");
}

#[test]
fn digits_arrive_once_each_over_a_bad_network() {
    for seed in 20..24 {
        let mut world = World::new(seed);
        world.a_to_b = Path { delay_ms: 30, jitter_ms: 60, loss_percent: 20, duplicates_percent: 20 };
        world.run(1.0);
        world.a.send_digits("0123456789*#ABCD55555");
        world.run(1.0);
        world.a.send_digits("1x1 1");
        world.run(6.0);
        let digits: String = world
            .events_b
            .iter()
            .filter_map(|(_, event)| if let StreamEvent::Digit(digit) = event { Some(*digit) } else { None })
            .collect();
        assert_eq!(digits, "0123456789*#ABCD55555111", "seed {seed}");
    }
}

#[test]
fn sound_is_silent_while_a_digit_is_sent() {
    let mut world = World::new(15);
    world.run(1.0);
    world.a.send_digits("5");
    world.run(0.5);
    let types: Vec<u8> = world.rtp_to_b[50..60].iter().map(|packet| packet[1] & 0x7f).collect();
    assert_eq!(types, [101, 101, 101, 101, 101, 101, 101, 8, 8, 8]);
    let sequences: Vec<u16> = world.rtp_to_b.iter().map(|p| Packet::parse(p).unwrap().sequence).collect();
    assert!(sequences.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == 1));
}

#[test]
fn digits_wait_for_the_end_of_a_hold_and_need_agreement() {
    let mut world = World::new(16);
    world.a.apply(at(0), StreamPlan { direction: Direction::Inactive, ..plan(A, B) });
    world.a.send_digits("4");
    world.run(1.0);
    assert!(world.rtp_to_b.is_empty());
    world.a.apply(at(world.ms), plan(A, B));
    world.run(1.0);
    assert!(world.events_b.iter().any(|(_, event)| *event == StreamEvent::Digit('4')));
    world.a.apply(at(world.ms), StreamPlan { telephone_event: None, ..plan(A, B) });
    world.a.send_digits("6");
    world.run(1.0);
    assert!(!world.events_b.iter().any(|(_, event)| *event == StreamEvent::Digit('6')));
}

#[test]
fn nothing_arriving_is_said_within_three_seconds_once_and_its_end_as_well() {
    let mut world = World::new(30);
    world.run(5.0);
    world.a_to_b.loss_percent = 100;
    let cut = world.ms;
    world.run(10.0);
    world.a_to_b.loss_percent = 0;
    let mended = world.ms;
    world.run(2.0);
    let (inbound, outbound): (Vec<_>, Vec<_>) = world.complaints().into_iter().partition(|(_, event)| {
        matches!(event, StreamEvent::NoAudio { direction: AudioDirection::In, .. })
            || *event == StreamEvent::AudioBack { direction: AudioDirection::In }
    });
    let [(said, first), (back, second)] = &inbound[..] else { panic!("{inbound:?}") };
    assert_eq!(*first, no_audio(AudioDirection::In, NoAudioCause::ArrivalStopped));
    assert_eq!(*second, StreamEvent::AudioBack { direction: AudioDirection::In });
    assert!((cut + 2_000..=cut + 3_000).contains(said), "{said} after {cut}");
    assert!((mended..mended + 200).contains(back));
    assert!(
        outbound
            .iter()
            .all(|(_, event)| *event != no_audio(AudioDirection::In, NoAudioCause::ArrivalStopped))
    );
}

#[test]
fn nothing_from_the_start_is_said_and_stands_in_the_figures() {
    let mut world = World::new(31);
    world.a_to_b.loss_percent = 100;
    world.run(4.0);
    let complaints: Vec<_> = world.complaints();
    assert_eq!(complaints[0].1, no_audio(AudioDirection::In, NoAudioCause::NothingArrives));
    assert!(complaints[0].0 <= 3_000);
    let stats = world.b.stats(at(world.ms));
    assert_eq!((stats.no_audio, stats.rx_packets, stats.here.call), (Some(AudioDirection::In), 0, None));
}

#[test]
fn before_the_answer_silence_is_no_fault() {
    let mut world = World::with_plans(32, plan(A, B), StreamPlan { early: true, ..plan(B, A) });
    world.a_to_b.loss_percent = 100;
    world.run(20.0);
    assert_eq!(world.events_b.iter().filter(|(_, e)| matches!(e, StreamEvent::NoAudio { .. })).count(), 0);
    world.b.apply(at(world.ms), plan(B, A));
    world.run(3.0);
    assert_eq!(world.events_b.last().unwrap().1, no_audio(AudioDirection::In, NoAudioCause::NothingArrives));
}

#[test]
fn sound_from_another_address_is_dropped_and_named() {
    let mut world = World::new(33);
    world.a_seen_as = address("203.0.113.66:4000");
    world.run(4.0);
    assert_eq!(world.complaints()[0].1, no_audio(AudioDirection::In, NoAudioCause::WrongSource));
    assert!(world.heard.iter().all(|sample| *sample == 0));
    let stats = world.b.stats(at(world.ms));
    assert_eq!(stats.rx_packets, 0);
    assert!(stats.strangers > 100);
}

#[test]
fn sound_from_behind_a_nat_is_heard_and_answered() {
    let mut world = World::new(34);
    world.a_seen_as = address("192.0.2.1:61000");
    world.run(4.0);
    assert_eq!(world.complaints(), []);
    assert!(world.likeness(2).0 > 0.99);
    assert_eq!(world.b.peer.destination(), Some(address("192.0.2.1:61000")));
}

#[test]
fn a_stranger_cannot_disturb_a_call() {
    let mut world = World::new(35);
    for _ in 0..200 {
        world.run(0.02);
        let mut forged = world.rtp_to_b.last().unwrap().clone();
        forged[12..].fill(0x2a);
        forged[3] = forged[3].wrapping_add(1);
        for from in ["203.0.113.66:4000", "192.0.2.1:4001"] {
            world.b.handle_rtp(at(world.ms), received(address(from), forged.clone()));
        }
    }
    assert!(world.likeness(2).0 > 0.99);
    assert_eq!(world.b.stats(at(world.ms)).strangers, 400);
}

#[test]
fn unagreed_payload_type_is_named() {
    let mut world = World::new(36);
    world.change = Box::new(|bytes| bytes[1] = 18);
    world.run(4.0);
    assert_eq!(world.complaints()[0].1, no_audio(AudioDirection::In, NoAudioCause::UnknownCodec));
}

#[test]
fn silence_from_the_start_is_named_but_not_a_pause_in_speech() {
    let mut world = World::new(37);
    world.microphone = Microphone::Zeros;
    world.run(4.0);
    assert_eq!(world.complaints()[0].1, no_audio(AudioDirection::In, NoAudioCause::OnlySilenceArrives));
    assert!(world.complaints()[0].0 <= 3_000);
    world.microphone = Microphone::Noise;
    world.run(1.0);
    assert_eq!(world.complaints()[1].1, StreamEvent::AudioBack { direction: AudioDirection::In });
    world.microphone = Microphone::Zeros;
    world.run(10.0);
    assert_eq!(world.complaints().len(), 2, "a muted microphone is no fault");
}

#[test]
fn silence_is_named_though_we_are_silent_ourselves() {
    let mut echo = Stream::new(at(0), plan(A, B), [1; 32]);
    let silence = Frame::silence(Rate::Narrow);
    let mut events = 0;
    for tick in 0..500 {
        echo.tick(at(tick * 20), Some(&silence), &silence);
        let mut back = Vec::new();
        loop {
            match echo.poll_output() {
                StreamOutput::Rtp(packet) => back.push(packet.bytes),
                StreamOutput::Event(StreamEvent::NoAudio { .. }) => events += 1,
                StreamOutput::Idle => break,
                _ => (),
            }
        }
        for bytes in back {
            echo.handle_rtp(at(tick * 20), received(address(B), bytes));
        }
    }
    assert_eq!(events, 1);
}

#[test]
fn microphone_is_watched_only_when_asked() {
    for (microphone, cause) in [
        (Microphone::Nothing, NoAudioCause::NoMicrophone),
        (Microphone::Zeros, NoAudioCause::SilentMicrophone),
    ] {
        let mut world = World::new(38);
        world.run(2.0);
        world.microphone = microphone;
        world.run(5.0);
        assert_eq!(world.complaints(), [], "null devices and files may be silent");
        world.a.watch_microphone(at(world.ms), true);
        let watched = world.ms;
        world.run(5.0);
        world.microphone = Microphone::Noise;
        world.run(1.0);
        let complaints = world.complaints();
        let [(said, event), (_, back)] = &complaints[..] else { panic!("{complaints:?}") };
        assert_eq!(*event, no_audio(AudioDirection::Out, cause));
        assert!(*said <= watched + 3_000);
        assert_eq!(*back, StreamEvent::AudioBack { direction: AudioDirection::Out });
    }
}

#[test]
fn remote_that_hears_nothing_says_so_by_its_second_report() {
    let mut world = World::new(39);
    world.run(20.0);
    // From here on only RTP is lost on the way to b.
    world.change = Box::new(|bytes| bytes.truncate(3));
    let cut = world.ms;
    world.run(20.0);
    let out = |world: &World| -> Vec<(u64, StreamEvent)> {
        world.events_a.iter().filter(|(ms, _)| *ms > cut).cloned().collect()
    };
    let complaints = out(&world);
    let [(said, event)] = &complaints[..] else { panic!("{complaints:?}") };
    assert_eq!(*event, no_audio(AudioDirection::Out, NoAudioCause::RemoteHearsNothing));
    // Two reports of at most 6.2 s each, and the way.
    assert!(*said <= cut + 12_500, "{said} after {cut}");
    world.change = Box::new(|_| ());
    world.run(15.0);
    assert_eq!(out(&world)[1].1, StreamEvent::AudioBack { direction: AudioDirection::Out });
}

#[test]
fn reports_come_every_few_seconds_and_goodbye_at_the_end() {
    let mut stream = Stream::new(at(0), plan(A, B), [4; 32]);
    let mut reports = Vec::new();
    let frame = Frame::from_fn(Rate::Narrow, |_| 1_000);
    for tick in 0..3_000 {
        stream.tick(at(tick * 20), Some(&frame), &frame);
        while let output @ (StreamOutput::Rtp(_) | StreamOutput::Rtcp(_) | StreamOutput::Event(_)) =
            stream.poll_output()
        {
            if let StreamOutput::Rtcp(packet) = output {
                assert_eq!(packet.to, address("198.51.100.7:5001"));
                reports.push(tick * 20);
            }
        }
    }
    assert!((1_000..=3_100).contains(&reports[0]), "{reports:?}");
    assert!(reports.windows(2).all(|pair| (2_000..=6_200).contains(&(pair[1] - pair[0]))), "{reports:?}");
    stream.close(at(60_000));
    assert!(
        matches!(stream.poll_output(), StreamOutput::Rtcp(packet) if packet.bytes.windows(2).any(|w| w == [0x81, 203]))
    );
    let silence = Frame::silence(Rate::Narrow);
    assert_eq!(stream.tick(at(60_020), None, &silence), silence);
    assert_eq!(stream.poll_output(), StreamOutput::Idle);
}

#[test]
fn first_packets_are_said_once() {
    let mut world = World::new(40);
    world.run(2.0);
    for (events, first) in [(&world.events_a, 0), (&world.events_b, 7)] {
        assert_eq!(events[0], (first, StreamEvent::FirstPacketOut));
        assert_eq!(events.iter().filter(|(_, event)| *event == StreamEvent::FirstPacketIn).count(), 1);
    }
}

#[test]
fn same_seed_gives_the_same_packets() {
    let sent = |seed| World::new(seed).run(1.0).rtp_to_b.clone();
    assert_eq!(sent(50), sent(50));
    assert_ne!(sent(50)[0][2..12], sent(51)[0][2..12]);
}

#[test]
fn rtcp_on_the_rtp_port_is_understood() {
    let mut world = World::new(41);
    world.run(3.5);
    let mut reporter = Reporter::new(at(0), 77, ChaCha20Rng::from_seed([3; 32]));
    let bytes =
        reporter.goodbye(at(3_000), &crate::media::rtcp::Sent::default(), &mut Reception::default(), None);
    let before = world.b.stats(at(world.ms));
    world.b.handle_rtp(at(world.ms), received(address(A), bytes));
    assert_eq!(world.b.stats(at(world.ms)), before);
}

#[test]
fn damaged_packets_never_panic_and_memory_stays_bounded() {
    let mut world = World::new(42);
    world.run(1.0);
    world.a.send_digits("1234567890");
    world.run(1.0);
    let packets = world.rtp_to_b.clone();
    let mut rng = ChaCha20Rng::from_seed([42; 32]);
    for n in 0..30_000_u64 {
        let mut bytes = packets[rng.next_u32() as usize % packets.len()].clone();
        for _ in 0..rng.next_u32() % 5 {
            let at = rng.next_u32() as usize % bytes.len().min(20);
            bytes[at] = rng.next_u32() as u8;
        }
        if rng.next_u32().is_multiple_of(8) {
            bytes.truncate(rng.next_u32() as usize % (bytes.len() + 1));
        }
        let now = at(world.ms + n / 4);
        world.b.handle_rtp(now, received(address(A), bytes.clone()));
        world.b.handle_rtcp(now, received(address(A), bytes));
        if n.is_multiple_of(80) {
            world.b.tick(now, None, &Frame::silence(Rate::Narrow));
            while world.b.poll_output() != StreamOutput::Idle {}
        }
    }
    world.ms += 15_000;
    let (same, _) = world.run(9.0).likeness(2);
    assert!(same > 0.99, "sound is back after the storm: {same}");
}

fn poor(direction: AudioDirection, cause: PoorCause) -> StreamEvent {
    StreamEvent::PoorAudio { direction, cause }
}

/// What a and b are told of how well they hear each other.
fn verdicts(events: &[(u64, StreamEvent)]) -> Vec<(u64, StreamEvent)> {
    let is_verdict =
        |event: &StreamEvent| matches!(event, StreamEvent::PoorAudio { .. } | StreamEvent::GoodAudio { .. });
    events.iter().filter(|(_, event)| is_verdict(event)).cloned().collect()
}

#[test]
fn loss_on_the_way_is_said_to_who_hears_in_three_seconds_and_to_who_speaks_by_the_second_report() {
    for seed in [60, 61] {
        let mut world = World::new(seed);
        world.run(4.0);
        world.a_to_b.loss_percent = 25;
        let begun = world.ms;
        world.run(25.0);
        world.a_to_b.loss_percent = 0;
        world.run(20.0);
        let (a, b) = (verdicts(&world.events_a), verdicts(&world.events_b));
        let [(heard, first), (_, second)] = &b[..] else { panic!("seed {seed}: {b:?}") };
        assert_eq!(*first, poor(AudioDirection::In, PoorCause::Loss), "seed {seed}");
        assert_eq!(*second, StreamEvent::GoodAudio { direction: AudioDirection::In });
        assert!((begun..=begun + 3_100).contains(heard), "seed {seed}: {heard} after {begun}");
        let [(said, first), (_, second)] = &a[..] else { panic!("seed {seed}: {a:?}") };
        assert_eq!(*first, poor(AudioDirection::Out, PoorCause::Loss), "seed {seed}");
        assert_eq!(*second, StreamEvent::GoodAudio { direction: AudioDirection::Out });
        // One that began before, two of at most 6.2 s each that did not, and the way; a third of the reports may be lost.
        assert!((begun..=begun + 25_000).contains(said), "seed {seed}: {said} after {begun}");
        let stats = world.a.stats(at(world.ms));
        assert!(stats.lost_there.unwrap() > 100 && stats.there.worst.unwrap() < 3.1, "{stats:?}");
        let stats = world.b.stats(at(world.ms));
        assert!(stats.here.now.unwrap() > 4.2 && stats.here.worst.unwrap() < 3.1, "{stats:?}");
    }
}

#[test]
fn jitter_that_no_buffer_bears_is_told_from_loss() {
    let mut world = World::new(71);
    world.run(5.0);
    world.a_to_b.jitter_ms = 900;
    world.run(10.0);
    assert_eq!(verdicts(&world.events_b)[0].1, poor(AudioDirection::In, PoorCause::Jitter));
}

#[test]
fn a_network_that_is_not_perfect_is_not_complained_of() {
    let mut world = World::new(72);
    world.a_to_b = Path { delay_ms: 50, jitter_ms: 60, loss_percent: 3, duplicates_percent: 3 };
    world.b_to_a = world.a_to_b;
    world.run(40.0);
    assert_eq!(verdicts(&world.events_a), []);
    assert_eq!(verdicts(&world.events_b), []);
}

#[test]
fn sound_that_comes_encrypted_is_named_and_no_noise_is_played() {
    for tag in [4, 10, 16] {
        let mut world = World::new(73);
        world.change = Box::new(move |bytes| {
            bytes[12..].iter_mut().for_each(|octet| *octet = octet.wrapping_mul(73) ^ 0x55);
            bytes.extend(std::iter::repeat_n(0x5a, tag));
        });
        world.run(4.0);
        let (said, event) = &world.complaints()[0];
        assert_eq!(*event, no_audio(AudioDirection::In, NoAudioCause::Encrypted));
        assert!(*said <= 3_000, "{said}");
        assert!(world.heard.iter().all(|sample| *sample == 0), "no noise is played");
    }
}

/// Packets of 10.5, 12.5 and 20.5 ms are as long as others with a tag.
#[test]
fn clear_sound_of_an_unusual_length_is_heard() {
    for octets in [84, 100, 164, 176] {
        let mut world = World::new(74);
        let mut said = Vec::new();
        world.change = Box::new(move |bytes| {
            // Cut anew: what is said goes on, in packets of that length.
            let number = u32::from(u16::from_be_bytes([bytes[2], bytes[3]]));
            let timestamp = number.wrapping_mul(octets).to_be_bytes();
            bytes[4..8].copy_from_slice(&timestamp);
            said.extend_from_slice(&bytes[12..]);
            bytes.truncate(12);
            bytes.extend(said.iter().cycle().take(octets as usize));
        });
        world.run(4.0);
        let encrypted = no_audio(AudioDirection::In, NoAudioCause::Encrypted);
        assert!(world.complaints().iter().all(|(_, event)| *event != encrypted), "{octets}");
        assert!(world.heard.iter().any(|sample| *sample != 0), "{octets}");
    }
}

/// Where a call is moved, the new end may never report.
#[test]
fn what_the_former_end_heard_badly_is_not_said_of_the_next_one() {
    let mut world = World::new(75);
    world.run(4.0);
    world.a_to_b.loss_percent = 25;
    world.run(30.0);
    assert_eq!(verdicts(&world.events_a).len(), 1, "{:?}", world.events_a);
    world.a.apply(at(world.ms), plan(A, "192.0.2.9:4000"));
    world.run(1.0);
    let told = verdicts(&world.events_a);
    assert_eq!(told.last().unwrap().1, StreamEvent::GoodAudio { direction: AudioDirection::Out });
    assert_eq!(world.a.stats(at(world.ms)).there.now, None);
}

#[test]
fn what_keeps_a_device_from_being_of_use_is_the_cause() {
    use NoAudioCause as C;
    for (trouble, microphone, earpiece) in [
        (DeviceTrouble::Muted, C::MicrophoneMuted, C::EarpieceMuted),
        (DeviceTrouble::Forbidden, C::MicrophoneForbidden, C::EarpieceForbidden),
        (DeviceTrouble::Busy, C::MicrophoneBusy, C::EarpieceBusy),
    ] {
        let mut world = World::new(74);
        world.a.watch_microphone(at(0), true);
        world.microphone =
            if trouble == DeviceTrouble::Muted { Microphone::Zeros } else { Microphone::Nothing };
        let state =
            DeviceState { microphone: Some(trouble), earpiece: Some(trouble), ..DeviceState::default() };
        world.a.know_devices(state);
        for _ in 0..200 {
            world.run(0.02);
            world.a.watch_earpiece(at(world.ms), trouble == DeviceTrouble::Muted);
        }
        world.collect();
        let said: Vec<_> = world.complaints().into_iter().map(|(_, event)| event).collect();
        assert!(said.contains(&no_audio(AudioDirection::Out, microphone)), "{said:?}");
        assert!(said.contains(&no_audio(AudioDirection::In, earpiece)), "{said:?}");
        assert!(world.complaints().iter().all(|(ms, _)| *ms <= 3_000), "{:?}", world.complaints());
    }
}
