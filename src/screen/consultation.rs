//! A colleague is asked while the client waits (duty 11): card and list of targets are the client's all the while, since the client is
//! whom it is about, and who is to be passed on.
//!
//! Whoever is asked stands in the list as one who is being asked. Their keys join them with the client: another call would find
//! their line taken, by the operator.

use super::call::Seen;
use super::{Screen, State};
use crate::agent::Intent;
use crate::phone::LineId;

impl Screen {
    /// The client who waits, and the one whom the operator called meanwhile; from the first ring on. Of several clients the one for
    /// whose sake the operator called; nobody where that was not said and more than two calls stand.
    pub(super) fn consultation(&self) -> Option<(LineId, LineId)> {
        let front = self.front?;
        let about = self.calls.get(&front)?.consults;
        let asked = self.calls.iter().find(|(_, call)| call.consults == Some(front)).map(|(line, _)| *line);
        if let Some(pair) = about.map(|client| (client, front)).or(asked.map(|asked| (front, asked))) {
            return Some(pair);
        }
        let other = self.other()?;
        let calls_us = |line: LineId| self.calls.get(&line).is_some_and(|call| call.incoming);
        match (calls_us(front), calls_us(other)) {
            _ if self.view.lines.keys().filter(|line| !self.rings(**line)).count() > 2 => None,
            // Two clients have nothing to say to each other.
            (true, true) => None,
            (true, false) => Some((front, other)),
            (false, true) => Some((other, front)),
            (false, false) if self.is_colleague(other) && !self.is_colleague(front) => Some((front, other)),
            (false, false) => Some((other, front)),
        }
    }

    /// The client of whom card and list of targets are: who waits, as long as a colleague is asked; else whoever is on the card of
    /// the call. Somebody in the public network is a client, too, unless called for the client's sake.
    pub(super) fn client_line(&self) -> Option<LineId> {
        let is_asked =
            |line| self.calls.get(&line).is_some_and(|call| call.is_question) || self.is_colleague(line);
        match self.consultation() {
            Some((client, asked)) if is_asked(asked) => Some(client),
            _ => self.front,
        }
    }

    /// The operator talks with whoever is asked.
    pub(super) fn client_waits(&self) -> bool {
        self.client_line() != self.front
    }

    pub(super) fn client_seen(&self) -> Option<Seen<'_>> {
        self.seen(self.client_line()?)
    }

    fn is_colleague(&self, line: LineId) -> bool {
        self.seen(line).is_some_and(|seen| self.number_key(seen).is_none())
    }

    /// The colleague who is asked about the client of the list.
    pub(super) fn asked_extension(&self) -> Option<&str> {
        let (client, asked) = self.consultation()?;
        self.seen(asked).filter(|_| self.client_line() == Some(client))?.written_number()
    }

    /// Both have answered, and nobody of them is on the way to somebody else.
    pub(super) fn can_join(&self) -> bool {
        let talks = |line| matches!(self.call_state(line), Some(State::Talking | State::OnHold));
        self.consultation().is_some_and(|(client, asked)| talks(client) && talks(asked))
    }

    pub(super) fn join(&mut self) {
        if let Some((line, with)) = self.consultation().filter(|_| self.can_join()) {
            self.want(Intent::Join { line, with });
        }
    }

    /// False: this is not the one who is asked.
    pub(super) fn join_with(&mut self, extension: &str) -> bool {
        let is_asked = self.can_join() && self.asked_extension() == Some(extension);
        if is_asked {
            self.join();
        }
        is_asked
    }
}
