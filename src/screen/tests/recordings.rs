//! What the operator sees of recordings, and which keys mean something.

use super::*;
use crate::agent::{RecordingState, RecordingView};
use crate::domain::recording::RecordingFault;

impl World {
    pub(super) fn recording(&mut self, state: RecordingState) {
        self.recording_with(state, None, false);
    }

    fn recording_with(&mut self, state: RecordingState, fault: Option<RecordingFault>, apart: bool) {
        let recording = RecordingView { state, fault, apart };
        self.handle(Input::Agent(Event::Recording { line: FIRST, recording }));
    }

    /// The bar of the recording: its words, and what its button does.
    fn bar(&self) -> Option<(String, Option<String>)> {
        let bar = self.shown().bars.into_iter().find(|bar| bar.text.contains("ecord"))?;
        Some((bar.text, bar.act.map(|(label, _)| format!("{label} {}", bar.key))))
    }
}

fn talking() -> World {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world
}

#[test]
fn where_nothing_may_be_recorded_nothing_is_shown_and_no_key_does_anything() {
    let mut world = talking();
    assert_eq!(world.bar(), None);
    for key in ["Shift+F5", "Ctrl+Shift+F5"] {
        world.press(key);
        assert_eq!(world.intents(), [], "{key}");
    }
    world.press("Ctrl+K");
    let rows = world.shown().lists.palette.clone().unwrap().rows;
    assert!(rows.iter().all(|row| !row.label.contains("ecord")));
}

#[test]
fn a_recording_is_told_in_words_as_long_as_it_lasts_with_the_key_that_helps() {
    use RecordingState::{Announcing, Asking, Failed, Off, On, Paused, Refused};
    let ask = "Not recorded yet: ask the client whether the call may be recorded";
    let hears = "Recording: the client hears that the call is recorded";
    for (state, words, button) in [
        (Off, None, None),
        (Asking, Some(ask), Some("The client agrees Shift+F5")),
        (Announcing, Some(hears), None),
        (On, Some("Recording"), Some("Pause the recording Shift+F5")),
        (Paused, Some("Recording paused: nothing is recorded now"), Some("Go on recording Shift+F5")),
        (Refused, Some("Not recorded: the client does not agree"), None),
        (Failed, Some("Not recorded"), None),
    ] {
        let mut world = talking();
        world.recording(state);
        let bar = words.map(|words| (words.to_owned(), button.map(str::to_owned)));
        assert_eq!(world.bar(), bar, "{state:?}");
        // Who does not see it hears it.
        assert_eq!(world.spoken(), Vec::from_iter(words), "{state:?}");
    }
}

#[test]
fn one_key_begins_pauses_and_goes_on() {
    use RecordingState::{Asking, Off, On, Paused};
    let line = FIRST;
    for (state, intent) in [
        (Off, Intent::Record { line }),
        (Asking, Intent::Record { line }),
        (On, Intent::PauseRecording { line, on: true }),
        (Paused, Intent::PauseRecording { line, on: false }),
    ] {
        let mut world = talking();
        world.recording(state);
        world.intents();
        world.press("Shift+F5");
        assert_eq!(world.intents(), [intent], "{state:?}");
    }
}

#[test]
fn a_client_who_does_not_agree_is_one_key_away_where_there_is_something_to_refuse() {
    use RecordingState::{Announcing, Asking, Failed, Off, On, Paused, Refused};
    for (state, possible) in [
        (Off, false),
        (Asking, true),
        (Announcing, true),
        (On, true),
        (Paused, true),
        (Refused, false),
        (Failed, false),
    ] {
        let mut world = talking();
        world.recording(state);
        world.intents();
        world.press("Ctrl+Shift+F5");
        let intents = if possible { vec![Intent::RefuseRecording { line: FIRST }] } else { Vec::new() };
        assert_eq!(world.intents(), intents, "{state:?}");
    }
}

#[test]
fn what_was_recorded_before_a_disk_was_full_can_still_be_refused() {
    for (fault, possible) in [
        (RecordingFault::DiskFull, true),
        (RecordingFault::NotWritten, true),
        (RecordingFault::NoKey, false),
        (RecordingFault::NoAnnouncement, false),
    ] {
        let mut world = talking();
        world.recording_with(RecordingState::Failed, Some(fault), false);
        world.intents();
        world.press("Ctrl+Shift+F5");
        let intents = if possible { vec![Intent::RefuseRecording { line: FIRST }] } else { Vec::new() };
        assert_eq!(world.intents(), intents, "{fault:?}");
    }
}

#[test]
fn on_hold_it_is_said_that_the_recording_waits() {
    let mut world = talking();
    world.recording(RecordingState::On);
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    let waits = "Recording waits: only the conversation with the client is recorded";
    assert_eq!(world.bar().unwrap().0, waits);
    world.phone(phone::Event::Resumed { line: FIRST, by: Side::Us });
    assert_eq!(world.bar().unwrap().0, "Recording");
    // A colleague is asked meanwhile.
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    world.dials(SECOND, "201");
    world.answered(SECOND);
    assert_eq!(world.bar(), Some((waits.to_owned(), None)), "and no key pauses what waits anyway");
}

#[test]
fn what_a_recording_lacks_is_said() {
    let mut world = talking();
    world.recording_with(RecordingState::On, Some(RecordingFault::DiskSlow), false);
    assert_eq!(world.bar().unwrap().0, "Recording. The recording lacks a passage: the disk was too slow.");
    let mut world = talking();
    world.recording_with(RecordingState::Failed, Some(RecordingFault::DiskFull), false);
    assert_eq!(
        world.bar().unwrap().0,
        "Not recorded. The recording has ended: the disk is full. The call goes on."
    );
}

#[test]
fn the_word_goes_with_the_call() {
    let mut world = talking();
    world.recording(RecordingState::On);
    world.ended(FIRST, CallOutcome::Completed, 10);
    assert_eq!(world.bar(), None);
}
