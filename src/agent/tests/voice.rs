//! How the two of a call heard each other, in the register.

use super::*;
use crate::desk_api::{HeardHow, Hundredths, Listener};
use crate::media::{AudioDirection, NoAudioCause, PoorCause, Scores, StreamEvent};

fn hears(world: &mut World, event: StreamEvent) {
    world.handle(Input::Phone(phone::Input::Stream { line: LINE, event }));
}

#[test]
fn the_entry_has_the_last_figures_of_an_answered_call_and_the_worst_that_was_said() {
    let mut world = World::new();
    let mut leg = world.talk();
    let poor = StreamEvent::PoorAudio { direction: AudioDirection::Out, cause: PoorCause::Loss };
    hears(&mut world, poor);
    let (direction, cause) = (AudioDirection::In, NoAudioCause::ArrivalStopped);
    hears(&mut world, StreamEvent::NoAudio { direction, cause });
    hears(&mut world, StreamEvent::AudioBack { direction });
    hears(&mut world, StreamEvent::PoorAudio { direction, cause: PoorCause::Jitter });
    world.last_figures = StreamStats {
        rx_packets: 500,
        here: Scores { now: Some(4.4), call: Some(4.2), worst: Some(1.0) },
        ..StreamStats::default()
    };
    let before = world.records.len();
    world.hang_up_theirs(&mut leg);
    assert_eq!(world.records.len(), before + 1, "one revision more: figures alone make none");
    let voice = world.the_entry().voice.unwrap();
    assert_eq!(voice.operator_heard.mos, Some(Hundredths::of(4.2)));
    assert_eq!(voice.operator_heard.worst_mos, Some(Hundredths::of(1.0)));
    let said = voice.verdict.unwrap();
    assert_eq!(
        (said.listener, said.heard, said.cause.as_str()),
        (Listener::Operator, HeardHow::Nothing, "arrival_stopped")
    );
}

#[test]
fn a_call_that_nobody_answered_has_no_voice() {
    let mut world = World::new();
    world.ring("");
    world.intend(Intent::Reject { line: LINE, status: 486 });
    assert_eq!(world.the_entry().voice, None);
}
