//! Whether the operator takes calls: ready, on a break, not to be disturbed; and whether there is a line at all.

use super::words::BREAKS;
use super::{Act, Choice, Screen, State, Tone, Word};
use crate::agent::{Intent, LineState, Registration};
use crate::instant::Instant;
use crate::phone::LineId;
use crate::text::say;
use std::time::Duration;

pub(super) struct Duty {
    chosen: Availability,
    since: Instant,
    /// As the telephone was last asked.
    asked: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Availability {
    Ready,
    /// For this reason.
    Break(usize),
    DoNotDisturb,
}

impl Duty {
    pub fn new(now: Instant) -> Self {
        Self { chosen: Availability::Ready, since: now, asked: true }
    }

    pub fn is_away(&self) -> bool {
        self.chosen != Availability::Ready
    }

    pub fn chosen(&self) -> Availability {
        self.chosen
    }

    pub fn is_do_not_disturb(&self) -> bool {
        self.chosen == Availability::DoNotDisturb
    }

    fn choose(&mut self, now: Instant, chosen: Availability) {
        if self.chosen != chosen {
            (self.chosen, self.since) = (chosen, now);
        }
    }
}

impl Screen {
    pub(super) fn be_ready(&mut self, now: Instant) {
        self.duty.choose(now, Availability::Ready);
    }

    pub(super) fn take_break(&mut self, now: Instant, reason: usize) {
        self.duty.choose(now, Availability::Break(reason));
    }

    pub(super) fn toggle_do_not_disturb(&mut self, now: Instant) {
        let turned = match self.duty.chosen {
            Availability::DoNotDisturb => Availability::Ready,
            _ => Availability::DoNotDisturb,
        };
        self.duty.choose(now, turned);
    }

    /// Each change once.
    pub(super) fn say_whether_to_take_calls(&mut self) {
        let on = !self.duty.is_away() && self.wrap_up.is_none();
        if self.duty.asked != on {
            self.duty.asked = on;
            self.want(Intent::TakeCalls { on });
        }
    }

    /// A telephone that has just started takes calls, and has not heard what was to be dialled.
    pub(super) fn wish_again(&mut self) {
        self.duty.asked = true;
        self.said_away = None;
        self.fetched = None;
        self.dial.give_back();
        self.watched.clear();
        self.watch_colleagues();
        self.book.forget_questions();
        if self.config.has_desk {
            self.write_orders_again();
            self.wishes.push_back(super::Wish::FetchDrafts);
        }
    }

    pub(super) fn is_registered(&self) -> bool {
        matches!(self.view.registration, Registration::Registered { .. })
    }

    pub(super) fn state(&self) -> State {
        self.front.and_then(|line| self.call_state(line)).unwrap_or(match () {
            () if self.wrap_up.is_some() => State::WrapUp,
            () if self.duty.is_away() || !self.is_registered() => State::Away,
            () => State::Ready,
        })
    }

    /// None where no call stands.
    pub(super) fn call_state(&self, line: LineId) -> Option<State> {
        let line = self.view.lines.get(&line)?;
        Some(match line.state {
            LineState::Ringing => State::Ringing,
            LineState::Dialing => State::Dialing,
            LineState::Talking if line.in_transfer.is_some() => State::Transferring,
            LineState::Talking if line.held_by_us => State::OnHold,
            LineState::Talking => State::Talking,
        })
    }

    /// Without a line nothing else is true.
    pub(super) fn line_word(&self, now: Instant) -> Word {
        let cat = &self.cat;
        if let Some(outage) = &self.outage {
            return Word { tone: Tone::Bad, text: outage.short(cat, now) };
        }
        if !self.is_registered() {
            return Word { tone: Tone::Warning, text: say!(cat, "No line yet") };
        }
        let (tone, text) = match self.duty.chosen {
            Availability::Break(reason) => (Tone::Neutral, self.break_words(reason)),
            Availability::DoNotDisturb => (Tone::Neutral, say!(cat, "Do not disturb")),
            Availability::Ready if self.wrap_up.is_some() => (Tone::Neutral, say!(cat, "Wrap-up")),
            Availability::Ready if !self.view.taking_calls => {
                (Tone::Warning, say!(cat, "New calls hear busy"))
            }
            Availability::Ready => match self.state() {
                State::Ringing => (Tone::Warning, say!(cat, "Ringing")),
                State::Dialing => (Tone::Warning, say!(cat, "Calling")),
                State::Talking | State::OnHold | State::Transferring => (Tone::Busy, say!(cat, "On a call")),
                State::Ready | State::Away | State::WrapUp => (Tone::Good, say!(cat, "Ready")),
            },
        };
        Word { tone, text }
    }

    pub(super) fn line_detail(&self) -> String {
        let extension = say!(&self.cat, "ext. {extension}", extension = self.config.extension);
        let mut parts = vec![extension];
        if let Registration::Registered { server } = self.view.registration {
            parts.extend([self.queue_words(), server.ip().to_string()]);
        }
        parts.retain(|part| !part.is_empty());
        parts.join(" · ")
    }

    pub(super) fn line_menu(&self) -> Vec<Choice> {
        let cat = &self.cat;
        let choice =
            |label, availability, act| Choice { label, chosen: self.duty.chosen == availability, act };
        let breaks = (0..BREAKS.len())
            .map(|reason| choice(self.break_words(reason), Availability::Break(reason), Act::Break(reason)));
        let mut menu = vec![choice(say!(cat, "Ready"), Availability::Ready, Act::Ready)];
        menu.extend(breaks);
        menu.push(choice(say!(cat, "Do not disturb"), Availability::DoNotDisturb, Act::DoNotDisturb));
        menu.extend(self.queue_choice());
        menu
    }

    pub(super) fn break_words(&self, reason: usize) -> String {
        let reason = BREAKS.get(reason).copied().unwrap_or_default();
        say!(&self.cat, "On a break: {reason}", reason = self.cat.get(reason))
    }

    /// How long the operator is away.
    pub(super) fn away_for(&self, now: Instant) -> Option<Duration> {
        self.duty.is_away().then(|| now.since(self.duty.since))
    }
}
