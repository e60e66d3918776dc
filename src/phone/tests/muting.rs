//! The operator's microphone, off and on for all lines at once.

use super::*;
use crate::media::{AudioDirection, NoAudioCause};

impl World {
    /// What the media thread was told of the microphone since the last time, and what was said of it.
    fn mutes(&mut self) -> (Vec<bool>, Vec<bool>) {
        let told = |command: &MediaCommand| match command {
            MediaCommand::Mute { on } => Some(*on),
            _ => None,
        };
        let said = |event: &Event| match event {
            Event::Muted { on } => Some(*on),
            _ => None,
        };
        let told = std::mem::take(&mut self.media).iter().filter_map(told).collect();
        (told, self.events().iter().filter_map(said).collect())
    }
}

#[test]
fn a_mute_is_said_once_and_lasts_over_hold_and_resume() {
    let mut world = World::new();
    world.talking();
    world.command(Command::Mute { on: true });
    world.command(Command::Mute { on: true });
    assert_eq!(world.mutes(), (vec![true], vec![true]));
    world.command(Command::Hold { line: LINE });
    world.answer_reinvite(&super::super::test_pbx::alaw(8, "recvonly"));
    world.command(Command::Resume { line: LINE });
    world.answer_reinvite(&super::super::test_pbx::alaw(9, "sendrecv"));
    assert_eq!(world.mutes(), (vec![], vec![]));
    world.command(Command::Mute { on: false });
    assert_eq!(world.mutes(), (vec![false], vec![false]));
}

#[test]
fn it_ends_with_the_last_call() {
    let mut world = World::with(|config| config.sip.max_calls = 2);
    let mut first = world.talking();
    let (mut second, _) = world.ring("", Some(ALAW));
    world.command(Command::Answer { line: LineId(2) });
    second.follow(&world.pbx.response(200));
    let ack = world.pbx.ack(&second, None);
    world.hears(&ack);
    world.command(Command::Mute { on: true });
    world.mutes();
    world.hang_up_theirs(&mut first);
    assert_eq!(world.mutes(), (vec![], vec![]), "the other client is still there");
    world.hang_up_theirs(&mut second);
    assert_eq!(world.mutes(), (vec![false], vec![false]));
}

#[test]
fn an_operator_may_be_silent_from_the_first_moment_of_a_call() {
    let mut world = World::new();
    world.ring("", Some(ALAW));
    world.command(Command::Mute { on: true });
    assert_eq!(world.mutes(), (vec![true], vec![true]));
}

#[test]
fn without_a_call_there_is_nothing_to_mute() {
    let mut world = World::new();
    world.command(Command::Mute { on: true });
    assert_eq!(world.events(), [Event::Refused { line: None, why: Refusal::WrongState }]);
    world.command(Command::Mute { on: false });
    assert_eq!(world.events(), []);
}

#[test]
fn a_microphone_that_is_off_is_not_missed_but_a_far_end_that_hears_nothing_is() {
    let mut world = World::new();
    world.talking();
    world.command(Command::Mute { on: true });
    world.events();
    let mut heard_of = |cause| {
        let event = StreamEvent::NoAudio { direction: AudioDirection::Out, cause };
        world.phone.handle(world.now, Input::Stream { line: LINE, event });
        world.drain();
        world.events().len()
    };
    assert_eq!(heard_of(NoAudioCause::NoMicrophone), 0);
    assert_eq!(heard_of(NoAudioCause::SilentMicrophone), 0);
    assert_eq!(heard_of(NoAudioCause::RemoteHearsNothing), 1);
}
