//! The recording of the conversation: a word that is there as long as there is one, and a key beside it (duties 24 and 26).

use super::keys::{Deed, key_of};
use super::{Act, Bar, Screen, Tone};
use crate::agent::{Intent, RecordingState, RecordingView};
use crate::phone::LineId;
use crate::text::{msg, say};

impl Screen {
    /// Of the call on the card; else of one that waits while somebody else is spoken with.
    fn recorded_line(&self) -> Option<(LineId, RecordingView)> {
        let of = |line: LineId| Some((line, self.view.lines.get(&line)?.recording?));
        let waits =
            || self.view.lines.keys().copied().filter_map(of).find(|(_, recording)| recording.state.runs());
        self.front.and_then(of).or_else(waits)
    }

    fn recording_of_front(&self) -> Option<(LineId, RecordingState)> {
        self.recorded_front().map(|(line, view)| (line, view.state))
    }

    fn recorded_front(&self) -> Option<(LineId, RecordingView)> {
        self.recorded_line().filter(|(line, _)| Some(*line) == self.front)
    }

    pub(super) fn recording_bar(&self) -> Option<Bar> {
        let (line, recording) = self.recorded_line()?;
        // Nobody is troubled with what they may do and do not want.
        if recording.state == RecordingState::Off {
            return None;
        }
        let tone = match recording.state {
            RecordingState::Failed => Tone::Bad,
            RecordingState::Asking | RecordingState::Paused => Tone::Warning,
            _ if recording.fault.is_some() => Tone::Warning,
            RecordingState::On if !self.recording_waits(line, recording) => Tone::Busy,
            _ => Tone::Neutral,
        };
        let deed = Deed::Act(Act::Record);
        let act = self.can(&Act::Record).then(|| (self.label(&deed), Act::Record));
        let key = act.as_ref().map_or_else(String::new, |_| key_of(&deed));
        Some(Bar { tone, text: self.recording_words(line, recording), act, key })
    }

    /// Client and operator do not talk with each other, or somebody is there who is not recorded.
    fn recording_waits(&self, line: LineId, recording: RecordingView) -> bool {
        let held = self.view.lines.get(&line).is_some_and(|view| view.held_by_us || view.held_by_them);
        recording.apart || held || Some(line) != self.front && self.view.conference.is_none()
    }

    fn recording_words(&self, line: LineId, recording: RecordingView) -> String {
        let state = match recording.state {
            RecordingState::Off => msg!("Not recorded"),
            RecordingState::Asking => {
                msg!("Not recorded yet: ask the client whether the call may be recorded")
            }
            RecordingState::Announcing => msg!("Recording: the client hears that the call is recorded"),
            RecordingState::On if self.recording_waits(line, recording) => {
                msg!("Recording waits: only the conversation with the client is recorded")
            }
            RecordingState::On => msg!("Recording"),
            RecordingState::Paused => msg!("Recording paused: nothing is recorded now"),
            RecordingState::Refused => msg!("Not recorded: the client does not agree"),
            RecordingState::Failed => msg!("Not recorded"),
        };
        let state = self.cat.get(state);
        match recording.fault {
            Some(fault) => say!(&self.cat, "{state}. {fault}", state = state, fault = fault.say(&self.cat)),
            None => state.to_owned(),
        }
    }

    /// Said when it changes, and not when a call merely may be recorded.
    pub(super) fn on_recording(&mut self, line: LineId, recording: RecordingView) {
        if recording.state != RecordingState::Off {
            self.announce(self.recording_words(line, recording));
        }
    }

    pub(super) fn can_record(&self) -> bool {
        use RecordingState::{Asking, Off, On, Paused};
        self.recording_of_front().is_some_and(|(_, state)| matches!(state, Off | Asking | On | Paused))
    }

    pub(super) fn can_refuse_recording(&self) -> bool {
        self.recorded_front().is_some_and(|(_, recording)| recording.can_be_refused())
    }

    /// Begins, pauses or goes on, as it stands.
    pub(super) fn record(&mut self) {
        if let Some((line, state)) = self.recording_of_front() {
            self.want(match state {
                RecordingState::On => Intent::PauseRecording { line, on: true },
                RecordingState::Paused => Intent::PauseRecording { line, on: false },
                _ => Intent::Record { line },
            });
        }
    }

    pub(super) fn refuse_recording(&mut self) {
        if let Some((line, _)) = self.recording_of_front() {
            self.want(Intent::RefuseRecording { line });
        }
    }

    pub(super) fn record_label(&self) -> &'static str {
        match self.recording_of_front().map(|(_, state)| state) {
            Some(RecordingState::On) => msg!("Pause the recording"),
            Some(RecordingState::Paused) => msg!("Go on recording"),
            Some(RecordingState::Asking) => msg!("The client agrees"),
            _ => msg!("Record the call"),
        }
    }
}
