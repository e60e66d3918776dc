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
