//! After a conversation: its result, inferred, confirmed by one key or by time (duty 14).

use super::bars::whole_seconds;
use super::call::{Seen, Standing};
use super::{CallResult, Screen, WrapUp, words};
use crate::agent::Intent;
use crate::domain::call_result::CallResult as Result;
use crate::instant::Instant;
use crate::phone::LineId;
use crate::text::say;
use std::time::Duration;

pub(super) struct Running {
    pub call_id: String,
    chosen: Result,
    since: Instant,
    until: Instant,
}

/// How long keys may still be meant for what was there before.
pub(super) const GRACE: Duration = Duration::from_secs(1);

impl Screen {
    /// Whoever is on the line already wants the operator: then the inferred result stands at once. Not the colleague with
    /// whom the client was joined, whose call ends in the same moment.
    pub(super) fn begin_wrap_up(
        &mut self,
        now: Instant,
        call_id: String,
        passed_on: bool,
        joined: Option<LineId>,
    ) {
        let last = self.last.as_ref().filter(|last| last.view.call_id == call_id);
        let is_called_back =
            last.is_some_and(|last| Self::comes_to_call_back(Seen { view: &last.view, call: &last.call }));
        let chosen = match passed_on {
            _ if self.book.was_taken_in(&call_id) => Result::Order,
            _ if is_called_back => Result::Callback,
            true => Result::PassedOn,
            false => Result::Information,
        };
        let goes_on = |call: &Standing| joined.is_none() || call.consults != joined;
        if self.calls.values().any(goes_on) || self.config.wrap_up.is_zero() {
            return self.conclude(call_id, chosen);
        }
        self.wrap_up = Some(Running { call_id, chosen, since: now, until: now + self.config.wrap_up });
    }

    /// The order was placed after the client had hung up.
    pub(super) fn infer_order(&mut self, call_id: &str) {
        if let Some(running) = self.wrap_up.as_mut().filter(|running| running.call_id == call_id) {
            running.chosen = Result::Order;
        }
    }

    /// Asked for after the client had hung up.
    pub(super) fn infer_call_back(&mut self, call_id: &str) {
        let is_order = self.book.was_taken_in(call_id);
        if let Some(running) = self.wrap_up.as_mut().filter(|running| running.call_id == call_id && !is_order)
        {
            running.chosen = Result::Callback;
        }
    }

    pub(super) fn finish_wrap_up(&mut self) {
        if let Some(Running { call_id, chosen, .. }) = self.wrap_up.take() {
            self.conclude(call_id, chosen);
        }
    }

    /// Whether it ends now.
    pub(super) fn end_wrap_up_in_time(&mut self, now: Instant) -> bool {
        let ends = self.wrap_up.as_ref().is_some_and(|running| running.until <= now);
        if ends {
            self.finish_wrap_up();
        }
        ends
    }

    pub(super) fn may_pick_by_key(&self, now: Instant) -> bool {
        self.wrap_up.as_ref().is_some_and(|running| now.since(running.since) >= GRACE)
    }

    /// Picks and confirms.
    pub(super) fn pick_result(&mut self, index: usize) {
        if let Some((running, result)) = self.wrap_up.as_mut().zip(Result::ALL.get(index)) {
            running.chosen = *result;
            self.finish_wrap_up();
        }
    }

    /// Whoever types is not ready for the next call.
    pub(super) fn give_more_time(&mut self, now: Instant) {
        if let Some(running) = &mut self.wrap_up {
            running.until = now + self.config.wrap_up;
        }
    }

    /// Not while the next call is on the card.
    pub(super) fn wrap_up_shown(&self, now: Instant) -> Option<WrapUp> {
        let cat = &self.cat;
        let running = self.wrap_up.as_ref().filter(|_| self.front.is_none())?;
        let seconds = whole_seconds(running.until.since(now));
        let result = |(result, key): (Result, u32)| CallResult {
            key: key.to_string(),
            label: cat.get(words::result(result)).to_owned(),
            chosen: result == running.chosen,
        };
        Some(WrapUp {
            countdown: match self.duty.is_away() {
                false => say!(cat, "Calls ring again in {seconds} s", seconds = seconds),
                true => say!(cat, "The result is recorded in {seconds} s", seconds = seconds),
            },
            results: Result::ALL.into_iter().zip(1..).map(result).collect(),
        })
    }

    fn conclude(&mut self, call_id: String, result: Result) {
        self.recent.conclude(&call_id, result);
        self.want(Intent::Conclude { call_id, result: result.as_str().to_owned() });
    }
}
