//! What of a line's sound comes into the company's recording.

use super::*;
use crate::archive::Deck;
use crate::domain::recording::Blank;
use crate::shell::tape::{BeginTape, Telling};

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kept {
    /// Whether the operator was heard in it.
    Both {
        operator: bool,
    },
    Blank(Blank),
}

struct Notes(std::sync::mpsc::Sender<Kept>);

impl Deck for Notes {
    fn both(&mut self, sent: &Frame, _received: &Frame) -> std::io::Result<()> {
        self.0.send(Kept::Both { operator: !sent.is_silent() }).map_err(std::io::Error::other)
    }

    fn blank(&mut self, why: Blank, _frames: u32) -> std::io::Result<()> {
        self.0.send(Kept::Blank(why)).map_err(std::io::Error::other)
    }

    fn finish(&mut self) -> std::io::Result<()> {
        Ok(())
    }

    fn discard(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn where_nothing_can_be_recorded_nobody_takes_it_for_recorded_and_what_there_is_can_be_refused() {
    let (reports, mut told) = unbounded_channel();
    let id = CallRecordId(uuid::Uuid::nil());
    let begin: BeginTape = Box::new(|| Err(std::io::ErrorKind::Other.into()));
    for (order, wanted) in [
        (TapeOrder::Begin { begin, telling: Telling::Nothing }, TapeNews::Fault(RecordingFault::NotWritten)),
        (TapeOrder::Discard { forget: Box::new(|| TapeNews::Discarded) }, TapeNews::Discarded),
    ] {
        not_taken(&reports, id, order);
        let Some(FromMedia::Tape { id: of, news }) = told.recv().await else { panic!("not told") };
        assert_eq!((of, news), (id, wanted));
    }
}

#[tokio::test]
async fn neither_a_hold_nor_an_operator_who_is_muted_comes_into_a_recording() {
    let headset = Headset::default();
    let (mut voice, _far_end, plan) = call(&headset, None, NearEnd::Operator);
    let (notes, kept) = std::sync::mpsc::channel();
    let begin: BeginTape = Box::new(move || Ok(Box::new(Notes(notes)) as Box<dyn Deck>));
    let id = CallRecordId(uuid::Uuid::nil());
    let order = TapeOrder::Begin { begin, telling: Telling::Nothing };
    voice.obey(ToLine::Tape { id, order });
    let held_by_them = StreamPlan { held_by_them: true, direction: Direction::RecvOnly, ..plan.clone() };
    let apply = |plan: &StreamPlan, near_end| ToLine::Apply { plan: plan.clone(), near_end };
    let steps = [
        (None, Kept::Both { operator: true }),
        (Some(ToLine::Mute(true)), Kept::Both { operator: false }),
        (Some(ToLine::Mute(false)), Kept::Both { operator: true }),
        (Some(apply(&plan, NearEnd::Silence)), Kept::Blank(Blank::Apart)),
        (Some(apply(&plan, NearEnd::Music)), Kept::Blank(Blank::Apart)),
        (Some(apply(&plan, NearEnd::Operator)), Kept::Both { operator: true }),
        (Some(apply(&held_by_them, NearEnd::Operator)), Kept::Blank(Blank::Apart)),
        (Some(apply(&plan, NearEnd::Operator)), Kept::Both { operator: true }),
        (Some(ToLine::Tape { id, order: TapeOrder::Blank(Some(Blank::Paused)) }), Kept::Blank(Blank::Paused)),
        (Some(ToLine::Tape { id, order: TapeOrder::Blank(None) }), Kept::Both { operator: true }),
    ];
    let mut wanted = Vec::new();
    for (order, kept) in steps {
        order.into_iter().for_each(|order| voice.obey(order));
        voice.tick(voice.clock.now());
        wanted.push(kept);
    }
    voice.conversation.take().unwrap().finish().await;
    assert_eq!(kept.try_iter().collect::<Vec<_>>(), wanted);
}

#[tokio::test]
async fn an_announcement_is_not_told_to_who_has_taken_the_clients_place() {
    let headset = Headset::default();
    let (mut voice, _far_end, _plan) = call(&headset, None, NearEnd::Operator);
    let (notes, _kept) = std::sync::mpsc::channel();
    let begin: BeginTape = Box::new(move || Ok(Box::new(Notes(notes)) as Box<dyn Deck>));
    let telling = Telling::Voice(crate::shell::tape::tests::announcement());
    let id = CallRecordId(uuid::Uuid::nil());
    voice.obey(ToLine::Tape { id, order: TapeOrder::Begin { begin, telling } });
    for waits in [true, false] {
        voice.obey(ToLine::Tape { id, order: TapeOrder::Wait(waits) });
        (0..40).for_each(|_| voice.tick(voice.clock.now()));
        assert_eq!(voice.conversation.as_ref().unwrap().is_announcing(), waits);
    }
    voice.conversation.take().unwrap().finish().await;
}

/// A sample of what the client was given to hear, and of what they said; not one at which the tone goes through zero.
struct Samples(std::sync::mpsc::Sender<Option<(i16, i16)>>);

impl Deck for Samples {
    fn both(&mut self, sent: &Frame, received: &Frame) -> std::io::Result<()> {
        self.0.send(Some((sent[41], received[41]))).map_err(std::io::Error::other)
    }

    fn blank(&mut self, _why: Blank, _frames: u32) -> std::io::Result<()> {
        self.0.send(None).map_err(std::io::Error::other)
    }

    fn finish(&mut self) -> std::io::Result<()> {
        Ok(())
    }

    fn discard(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

const OPERATOR: i16 = 1_000;
/// The client says 2016 in A-law, and who is with them in a conference 500.
const CLIENT: u8 = 0xea;
const OTHER: i16 = 500;

/// Ten frames of a call in which the client speaks, after the first ones have made their way.
async fn kept_of(telling: Telling, confers: bool, early: bool) -> Vec<Option<(i16, i16)>> {
    let headset = Headset::default();
    let (mut voice, far_end, plan) = call(&headset, None, NearEnd::Operator);
    let [leads, mut follows] = Seat::pair();
    voice.seat = confers.then_some(leads);
    let (samples, kept) = std::sync::mpsc::channel();
    let mut begin: Option<BeginTape> =
        Some(Box::new(move || Ok(Box::new(Samples(samples)) as Box<dyn Deck>)));
    let mut now = voice.clock.now();
    for number in 0..40_u16 {
        let [high, low] = number.to_be_bytes();
        let [_, _, third, fourth] = (u32::from(number) * 160).to_be_bytes();
        let header = [0x80, 8, high, low, 0, 0, third, fourth, 0, 0, 0, 1];
        let packet: Vec<u8> = header.into_iter().chain([CLIENT; 160]).collect();
        let from = far_end.local_addr().unwrap();
        voice.stream.handle_rtp(now, received(from, voice.local, Some(&packet)));
        follows.tell(&Frame::silence(Rate::Narrow), &Frame::from_fn(Rate::Narrow, |_| OTHER));
        if number == 30
            && let Some(begin) = begin.take()
        {
            let order = TapeOrder::Begin { begin, telling: telling.clone() };
            voice.obey(ToLine::Tape { id: CallRecordId(uuid::Uuid::nil()), order });
            voice.obey(ToLine::Apply {
                plan: StreamPlan { early, ..plan.clone() },
                near_end: NearEnd::Operator,
            });
        }
        voice.tick(now);
        voice.drain();
        now = now + TICK;
    }
    voice.conversation.take().unwrap().finish().await;
    kept.try_iter().collect()
}

#[tokio::test]
async fn left_is_what_the_client_was_given_to_hear_and_right_what_they_said_alone() {
    let client = Codec::Pcma.decode(&[CLIENT])[0];
    let is = |sample: i16, wanted: i16| (wanted - 100..=wanted + 100).contains(&sample);
    let of = |kept: Vec<Option<(i16, i16)>>| {
        assert_eq!(kept.len(), 10);
        kept.into_iter().map(|kept| kept.expect("a conversation")).collect::<Vec<_>>()
    };
    for (sent, received) in of(kept_of(Telling::Nothing, false, false).await) {
        assert!(is(sent, OPERATOR) && is(received, client), "alone: {sent} {received}");
    }
    for (sent, received) in of(kept_of(Telling::Nothing, true, false).await) {
        assert!(is(sent, OPERATOR + OTHER) && is(received, client), "in a conference: {sent} {received}");
    }
    let tone = of(kept_of(Telling::Tone(Duration::from_secs(15)), false, false).await);
    assert!(tone.iter().any(|(sent, _)| !is(*sent, OPERATOR)), "it is in what the client hears: {tone:?}");
    assert!(tone.iter().all(|(_, received)| is(*received, client)), "and not in what they say: {tone:?}");
    let announcement = Telling::Voice(crate::shell::tape::tests::announcement());
    for (sent, received) in of(kept_of(announcement, false, false).await) {
        assert!(is(sent, 9_000) && received == 0, "while they are told: {sent} {received}");
    }
    assert_eq!(kept_of(Telling::Nothing, false, true).await, [None; 10], "before the answer");
}
