use super::*;
use crate::media::Direction;
use rand_chacha::rand_core::SeedableRng;
use std::net::SocketAddr;

fn plan(codec: Codec, payload_type: u8) -> StreamPlan {
    let remote: SocketAddr = "192.0.2.1:4000".parse().unwrap();
    StreamPlan {
        local: remote,
        remote,
        remote_rtcp: remote,
        codec,
        payload_type,
        accepted: vec![(payload_type, codec)],
        encoder: EncoderSettings::default(),
        telephone_event: None,
        telephone_event_hz: codec.clock_hz(),
        telephone_event_in: Vec::new(),
        direction: Direction::SendRecv,
        held_by_them: false,
        ptime_ms: 20,
        early: false,
    }
}

fn sender(plan: &StreamPlan) -> Sender {
    Sender::new(&mut ChaCha20Rng::from_seed([3; 32]), plan)
}

/// What one packet says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Sent {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    marker: bool,
    payload_type: u8,
    octets: usize,
    tick: u32,
}

/// `ticks` of 20 ms, of a tone or of silence.
fn run(sender: &mut Sender, plan: &StreamPlan, loud: bool, ticks: u32) -> Vec<Sent> {
    let mut sent = Vec::new();
    for tick in 0..ticks {
        sender.tick();
        let sample = |n: usize| {
            if loud { (((tick as usize * 160 + n) as f32 * 0.3).sin() * 8_000.0) as i16 } else { 0 }
        };
        sender.take(Some(&Frame::from_fn(Rate::Narrow, sample)));
        while let Some(bytes) = sender.sound_packet(plan) {
            let packet = Packet::parse(&bytes).unwrap();
            let Packet { ssrc, sequence, timestamp, marker, payload_type, payload } = packet;
            sent.push(Sent { ssrc, sequence, timestamp, marker, payload_type, octets: payload.len(), tick });
        }
    }
    sent
}

fn steps(sent: &[Sent]) -> Vec<u32> {
    let mut steps: Vec<u32> =
        sent.windows(2).map(|two| two[1].timestamp.wrapping_sub(two[0].timestamp)).collect();
    steps.dedup();
    steps
}

#[test]
fn timestamps_step_in_the_clock_of_the_codec_whatever_its_samples() {
    for (codec, per_ms) in [(Codec::Pcma, 8), (Codec::G722, 8), (Codec::Opus, 48)] {
        for ptime_ms in [10, 20, 40, 60] {
            let plan = StreamPlan { ptime_ms, ..plan(codec, 96) };
            let sent = run(&mut sender(&plan), &plan, true, 30);
            assert_eq!(sent.len() as u32, 600 / ptime_ms, "{codec:?}, {ptime_ms} ms");
            assert_eq!(steps(&sent), [ptime_ms * per_ms], "{codec:?}, {ptime_ms} ms");
            assert!(sent.iter().skip(1).all(|sent| !sent.marker));
        }
    }
    let plan = plan(Codec::G722, 9);
    assert_eq!(run(&mut sender(&plan), &plan, true, 1)[0].octets, 160, "two samples an octet");
}

#[test]
fn another_codec_in_the_middle_keeps_source_and_sequence_and_is_marked() {
    let (opus, narrow) = (plan(Codec::Opus, 107), plan(Codec::Pcma, 8));
    let mut sender = sender(&opus);
    let mut sent = run(&mut sender, &opus, true, 10);
    for plan in [&narrow, &opus] {
        sender.apply(plan);
        let next = run(&mut sender, plan, true, 10);
        assert_eq!((next[0].marker, next[0].payload_type), (true, plan.payload_type));
        assert!(next[1..].iter().all(|sent| !sent.marker));
        assert_eq!(steps(&next), [plan.codec.clock_hz() / 50]);
        sent.extend(next);
    }
    assert!(sent.windows(2).all(|two| two[1].sequence == two[0].sequence.wrapping_add(1)));
    assert!(sent.iter().all(|each| each.ssrc == sent[0].ssrc));
}

#[test]
fn a_plan_that_changes_nothing_for_the_encoder_is_not_heard() {
    let plan = plan(Codec::Opus, 107);
    let mut sender = sender(&plan);
    run(&mut sender, &plan, true, 5);
    sender.apply(&StreamPlan { held_by_them: true, ..plan.clone() });
    assert!(run(&mut sender, &plan, true, 5).iter().all(|sent| !sent.marker));
}

#[test]
fn a_pause_of_opus_leaves_out_packets_and_the_first_sound_after_it_is_marked() {
    let encoder = EncoderSettings { pauses: true, ..EncoderSettings::default() };
    let plan = StreamPlan { encoder, ..plan(Codec::Opus, 107) };
    let mut sender = sender(&plan);
    let talk = run(&mut sender, &plan, true, 50);
    // A steady tone is little to say, too.
    assert!(talk.len() > 40, "{} packets of 50", talk.len());
    // Not a whole number of refreshes: behind one, sound goes on without a pause before it.
    let quiet = 205;
    let silence = run(&mut sender, &plan, false, quiet);
    assert!(silence.len() < 60, "{} packets of {quiet}", silence.len());
    let late: Vec<u32> = silence.iter().map(|sent| sent.tick).filter(|tick| *tick > 60).collect();
    assert!(late.windows(2).all(|two| two[1] - two[0] <= 25), "one at least every half second: {late:?}");
    let again = run(&mut sender, &plan, true, 10);
    assert!(again[0].marker, "{again:?}");
    let before = silence.last().unwrap();
    assert_eq!(again[0].sequence, before.sequence.wrapping_add(1), "what is left out has no number");
    let ticks = quiet - before.tick + again[0].tick;
    assert_eq!(again[0].timestamp.wrapping_sub(before.timestamp), ticks * 960, "the clock goes on");
}

#[test]
fn a_digit_takes_the_place_of_sound_and_leaves_no_rest_of_it() {
    let plan = StreamPlan { ptime_ms: 40, ..plan(Codec::Opus, 107) };
    let mut sender = sender(&plan);
    sender.tick();
    sender.take(Some(&Frame::silence(Rate::Narrow)));
    sender.tick();
    sender.take(None);
    assert_eq!(sender.sound_packet(&plan), None);
    assert_eq!(run(&mut sender, &plan, true, 3).len(), 1);
}

#[test]
fn reported_loss_makes_opus_repeat_more_and_is_remembered_for_a_while() {
    let plan = plan(Codec::Opus, 107);
    let octets = |reports: &[f32]| -> usize {
        let mut sender = sender(&plan);
        reports.iter().for_each(|loss| sender.expect_loss(*loss));
        run(&mut sender, &plan, true, 100).iter().map(|sent| sent.octets).sum()
    };
    assert_eq!(octets(&[0.0, 0.0]), octets(&[0.01]), "at least a little");
    assert_ne!(octets(&[0.2]), octets(&[0.0]));
    assert_eq!(
        octets(&[0.2, 0.15]),
        octets(&[0.15]),
        "a better report counts when it is no longer far below"
    );
    assert_eq!(octets(&[0.2, 0.0]), octets(&[0.15]), "not at once");
}
