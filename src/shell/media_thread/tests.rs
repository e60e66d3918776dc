mod conference;
mod recording;

use super::*;
use crate::media::{Codec, Direction, EncoderSettings, Runs};
use crate::net::PortSearch;
use std::sync::Mutex;

/// A headset that counts what is asked of it.
#[derive(Clone, Default)]
struct Headset(Arc<Mutex<(u32, u32, u32)>>, Arc<Mutex<(u32, u32)>>);

impl Headset {
    fn picked_up_played_forgot(&self) -> (u32, u32, u32) {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Source for Headset {
    fn next_frame(&mut self, rate: Rate) -> Option<Frame> {
        self.0.lock().unwrap().0 += 1;
        Some(Frame::from_fn(rate, |_| 1_000))
    }

    fn is_microphone(&self) -> bool {
        true
    }

    fn forget(&mut self) {
        self.0.lock().unwrap().2 += 1;
    }

    fn shift(&mut self) {
        self.1.lock().unwrap().0 += 1;
    }
}

impl Earpiece for Headset {
    fn play(&mut self, _frame: &Frame) -> bool {
        self.0.lock().unwrap().1 += 1;
        true
    }

    fn shift(&mut self) {
        self.1.lock().unwrap().1 += 1;
    }
}

/// Of silence in A-law.
const SILENT: u8 = 0xd5;

fn plan(pair: &RtpPair, early: bool) -> StreamPlan {
    StreamPlan {
        local: pair.local,
        remote: "127.0.0.1:9".parse().unwrap(),
        remote_rtcp: "127.0.0.1:9".parse().unwrap(),
        codec: Codec::Pcma,
        payload_type: 8,
        accepted: vec![(8, Codec::Pcma)],
        encoder: EncoderSettings::default(),
        telephone_event: None,
        telephone_event_hz: 8_000,
        telephone_event_in: Vec::new(),
        direction: Direction::SendRecv,
        held_by_them: false,
        ptime_ms: 20,
        early,
    }
}

/// A call that is answered, and the operator is on it.
fn answered(headset: &Headset, meter: Option<Arc<Meter>>) -> (Voice, std::net::UdpSocket) {
    let (voice, far_end, _) = call(headset, meter, NearEnd::Operator);
    (voice, far_end)
}

/// With nobody for the far end to hear.
fn held(headset: &Headset) -> (Voice, std::net::UdpSocket, StreamPlan) {
    call(headset, None, NearEnd::Silence)
}

fn call(
    headset: &Headset,
    meter: Option<Arc<Meter>>,
    near_end: NearEnd,
) -> (Voice, std::net::UdpSocket, StreamPlan) {
    let pair = PortSearch::new(None).bind("127.0.0.1".parse().unwrap()).unwrap();
    let far_end = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    far_end.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let plan = StreamPlan {
        remote: far_end.local_addr().unwrap(),
        telephone_event: Some(101),
        ..plan(&pair, false)
    };
    let sound = Sound {
        source: Box::new(headset.clone()),
        earpiece: Some(Box::new(headset.clone())),
        record: None,
        language: Language::English,
    };
    let reports = Reports { line: LineId(1), reports: unbounded_channel().0, meter };
    let voice = Voice::new(Clock::start(), pair, sound, plan.clone(), near_end, false, reports).unwrap();
    (voice, far_end, plan)
}

/// The payload type and payload of the next packet.
fn next_packet(voice: &mut Voice, far_end: &std::net::UdpSocket) -> (u8, Vec<u8>) {
    voice.tick(voice.clock.now());
    voice.drain();
    let mut packet = [0; 512];
    let length = far_end.recv(&mut packet).unwrap();
    (packet[1] & 0x7f, packet[12..length].to_vec())
}

#[tokio::test]
async fn a_muted_operator_is_not_heard_but_presses_keys_and_is_not_listened_to_later() {
    let headset = Headset::default();
    let (mut voice, far_end) = answered(&headset, None);
    let heard = |packet: (u8, Vec<u8>)| packet.1.iter().any(|sample| *sample != SILENT);
    assert!(heard(next_packet(&mut voice, &far_end)));
    voice.obey(ToLine::Mute(true));
    let packet = next_packet(&mut voice, &far_end);
    assert_eq!((packet.0, packet.1.len()), (8, 160), "silence is sent");
    assert!(!heard(packet));
    voice.obey(ToLine::Digits("5".into()));
    assert_eq!(next_packet(&mut voice, &far_end).0, 101);
    let (picked_up, played, _) = headset.picked_up_played_forgot();
    assert_eq!((picked_up, played), (3, 3), "what was said meanwhile is taken and thrown away");
    let (mut voice, far_end) = answered(&headset, None);
    voice.obey(ToLine::Mute(true));
    voice.obey(ToLine::Mute(false));
    assert!(heard(next_packet(&mut voice, &far_end)));
}

#[test]
fn ticks_move_by_half_of_one_at_most_to_be_in_step() {
    let at = |us: u64| Instant::from_start(Duration::from_micros(us));
    for (tick, due, moved) in [
        (100_000, 100_000, 100_000),
        (100_000, 139_000, 99_000),
        (100_000, 61_000, 101_000),
        (100_000, 110_000, 90_000),
        (100_000, 3_000, 103_000),
        (100_000, 988_001, 108_001),
    ] {
        assert_eq!(in_step(at(tick), at(due)), at(moved), "{tick}, {due}");
    }
}

#[tokio::test]
async fn a_telephone_that_stood_still_goes_on_in_step() {
    let headset = Headset::default();
    let (mut voice, _far_end) = answered(&headset, None);
    let begin = voice.next_tick;
    voice.ticks(begin + Duration::from_millis(130));
    assert_eq!((voice.next_tick, voice.skipped), (begin + 7 * TICK, 6));
    assert_eq!(headset.picked_up_played_forgot().0, 1, "what was lost is not made good in a burst");
}

#[tokio::test]
async fn ticks_fall_in_with_the_far_end_once_and_the_devices_are_told_where_the_operator_is() {
    for (near_end, late_us, moves_us, told) in [
        (NearEnd::Operator, 13_000, 3_000, (1, 1)),
        (NearEnd::Silence, 13_000, 3_000, (0, 0)),
        (NearEnd::Operator, 11_000, 1_000, (0, 0)),
    ] {
        let headset = Headset::default();
        let (mut voice, far_end, _) = call(&headset, None, near_end);
        let begin = voice.next_tick;
        let from = far_end.local_addr().unwrap();
        for sequence in 0..5 {
            let [high, low] = (u16::from(sequence) * 160).to_be_bytes();
            let mut packet = vec![0x80, 8, 0, sequence, 0, 0, high, low, 0, 0, 0, 1];
            packet.resize(172, SILENT);
            let arrival = begin + Duration::from_micros(late_us + u64::from(sequence) * 20_000);
            voice.stream.handle_rtp(arrival, received(from, voice.local, Some(&packet)));
            voice.fall_in();
        }
        // Theirs may be played 10 ms after it has come.
        assert_eq!(voice.next_tick.since(begin).as_micros(), moves_us);
        assert_eq!(*headset.1.lock().unwrap(), told, "{near_end:?}, {late_us}");
    }
}

/// A microphone that is pulled after five frames; another one comes five frames later.
struct Pulled(u32);

impl Source for Pulled {
    fn next_frame(&mut self, rate: Rate) -> Option<Frame> {
        self.0 += 1;
        (!(5..10).contains(&self.0)).then(|| Frame::from_fn(rate, |_| 1_000))
    }

    fn is_microphone(&self) -> bool {
        true
    }

    fn runs(&self) -> Runs {
        Runs { under: self.0.min(1), over: 0 }
    }
}

#[tokio::test]
async fn a_muted_operator_stays_muted_when_the_headset_is_pulled_and_another_one_comes() {
    let (mut voice, far_end) = answered(&Headset::default(), None);
    voice.source = Box::new(Pulled(0));
    voice.obey(ToLine::Mute(true));
    for tick in 0..20 {
        let (_, payload) = next_packet(&mut voice, &far_end);
        assert!(payload.iter().all(|sample| *sample == SILENT), "tick {tick}");
    }
    voice.obey(ToLine::Mute(false));
    let (_, payload) = next_packet(&mut voice, &far_end);
    assert!(payload.iter().any(|sample| *sample != SILENT));
    let devices = voice.stream.stats(voice.clock.now()).devices;
    assert_eq!((devices.microphone.under, devices.earpiece.under), (1, 0), "the gap is told");
}

#[tokio::test]
async fn a_client_on_hold_hears_music_where_the_pbx_plays_none_and_a_target_hears_what_is_asked() {
    let headset = Headset::default();
    let (mut voice, far_end, plan) = held(&headset);
    for (near_end, sound) in [(NearEnd::Silence, false), (NearEnd::Music, true), (NearEnd::Prompt, true)] {
        voice.obey(ToLine::Apply { plan: plan.clone(), near_end });
        let packets = (0..50).flat_map(|_| next_packet(&mut voice, &far_end).1);
        let loud = packets.filter(|sample| sample & 0x7f != SILENT & 0x7f).count();
        assert_eq!(loud > 1_000, sound, "{near_end:?}: {loud} of 8000 samples");
    }
    let picked_up = headset.picked_up_played_forgot().0;
    assert_eq!(picked_up, 0, "and not the operator's room");
}

#[tokio::test]
async fn the_loudest_is_left_for_a_meter_by_the_line_that_has_the_operator() {
    let meter = Arc::<Meter>::default();
    let headset = Headset::default();
    let (mut voice, _far_end) = answered(&headset, Some(Arc::clone(&meter)));
    voice.tick(voice.clock.now());
    let (microphone, earpiece) = meter.take();
    // 1000 of 32768 is 30 dB below full scale.
    assert!((0.49..0.5).contains(&microphone), "{microphone}");
    assert_eq!((earpiece, meter.take()), (0.0, (0.0, 0.0)));
    voice.operator = false;
    voice.tick(voice.clock.now());
    assert_eq!(meter.take(), (0.0, 0.0));
}

#[tokio::test]
async fn only_the_line_with_the_operator_has_the_headset() {
    let clock = Clock::start();
    let pair = PortSearch::new(None).bind("127.0.0.1".parse().unwrap()).unwrap();
    let (early, answered) = (plan(&pair, true), plan(&pair, false));
    let headset = Headset::default();
    let (source, earpiece) = (Box::new(headset.clone()), Box::new(headset.clone()));
    let sound = Sound { source, earpiece: Some(earpiece), record: None, language: Language::English };
    let reports = Reports { line: LineId(1), reports: unbounded_channel().0, meter: None };
    let mut voice = Voice::new(clock, pair, sound, early, NearEnd::Operator, false, reports).unwrap();
    voice.tick(clock.now());
    assert_eq!(headset.picked_up_played_forgot(), (0, 1, 0), "ringback is heard, and nobody hears us");
    voice.obey(ToLine::Apply { plan: answered.clone(), near_end: NearEnd::Operator });
    voice.tick(clock.now());
    assert_eq!(headset.picked_up_played_forgot(), (1, 1, 1), "what was said while it rang is forgotten");
    voice.obey(ToLine::Apply { plan: answered.clone(), near_end: NearEnd::Silence });
    voice.tick(clock.now());
    assert_eq!(headset.picked_up_played_forgot(), (0, 0, 0), "the headset is another line's");
    voice.obey(ToLine::Apply { plan: answered, near_end: NearEnd::Operator });
    voice.tick(clock.now());
    assert_eq!(headset.picked_up_played_forgot(), (1, 1, 1), "and so is what it picked up meanwhile");
}
