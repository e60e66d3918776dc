//! What the operator writes down about a call (duties 9, 20, 26): one draft for each call, kept at every keystroke. It goes along when
//! the client is passed on, and into the call's register entry; in the wrap-up it can still be written.

use super::call::{Seen, Standing};
use super::keys::{Deed, key_of};
use super::{Field, Note, Screen};
use crate::agent::{Intent, LineView};
use crate::desk_api::Handover;
use crate::instant::Instant;

impl Screen {
    /// The call that is written about, by its Call-ID, since a line is soon another call's: the client's; in the wrap-up the one that
    /// is over, until another is answered.
    pub(super) fn noted(&self) -> Option<&str> {
        let over = self.wrap_up.as_ref().map(|running| running.call_id.as_str());
        let line = self.client_line().filter(|line| over.is_none() || !self.rings(*line));
        line.and_then(|line| self.view.lines.get(&line)).map(|line| line.call_id.as_str()).or(over)
    }

    pub(super) fn can_note(&self) -> bool {
        self.noted().is_some()
    }

    pub(super) fn note_shown(&self) -> Option<Note> {
        let Seen { view: LineView { call_id, .. }, call } = self.noted_seen()?;
        let key = key_of(&Deed::Focus(Field::Note));
        Some(Note { call_id: call_id.clone(), text: call.note.clone(), key })
    }

    /// That call, whole.
    pub(super) fn noted_seen(&self) -> Option<Seen<'_>> {
        let call_id = self.noted()?;
        let standing = self.view.lines.iter().find(|(_, line)| line.call_id == call_id);
        let last = || {
            let last = self.last.as_ref().filter(|last| last.view.call_id == call_id)?;
            Some(Seen { view: &last.view, call: &last.call })
        };
        standing.and_then(|(line, _)| self.seen(*line)).or_else(last)
    }

    /// No longer than the desk takes.
    pub(super) fn edit_note(&mut self, now: Instant, text: &str) {
        let Some(call_id) = self.noted().map(str::to_owned) else { return };
        let note: String = text.chars().take(Handover::LONGEST_NOTE).collect();
        if let Some(call) = self.call_mut(&call_id) {
            call.note.clone_from(&note);
            self.give_more_time(now);
            self.want(Intent::Note { call_id, note });
        }
    }

    /// One that stands, or the last one.
    pub(super) fn call_mut(&mut self, call_id: &str) -> Option<&mut Standing> {
        let standing = self.view.lines.iter().find(|(_, line)| line.call_id == call_id);
        let last = self.last.as_mut().filter(|last| last.view.call_id == call_id).map(|last| &mut last.call);
        standing.and_then(|(line, _)| self.calls.get_mut(line)).or(last)
    }
}
