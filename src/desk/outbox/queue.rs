//! Whose turn it is. Pure: times are arguments.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use uuid::Uuid;

use super::entry::{Entry, Turn};
use crate::desk_api::{Order, OrderAct, OrderId, OrderNews, ProspectNews, TaskNews};
use crate::instant::Instant;

/// An order goes to the desk when it has not changed for so long …
const QUIET: Duration = Duration::from_secs(1);
/// … or, while it changes on and on, so long after it went last.
const PATIENCE: Duration = Duration::from_secs(3);
/// So often an entry may get no good answer from the desk before the others have their turn.
const TRIES: u32 = 3;

pub(super) struct Queue {
    waiting: Vec<Waiting>,
    pub chance: ChaCha20Rng,
}

struct Waiting {
    entry: Entry,
    /// The desk will never take it as it is. It waits for a later revision.
    is_refused: bool,
    /// How often the desk had no good answer to it.
    failures: u32,
    /// When it came, or was sent last.
    since: Instant,
    /// It is not sent before.
    due: Instant,
}

impl Queue {
    pub const fn new(chance: ChaCha20Rng) -> Self {
        Self { waiting: Vec::new(), chance }
    }

    pub fn add(&mut self, entry: Entry, now: Instant) {
        let due = if matches!(entry, Entry::Order(_)) { now + QUIET } else { now };
        let new = Waiting { entry, is_refused: false, failures: 0, since: now, due };
        match Turn::of(&new.entry, self.waiting.iter().map(|known| &known.entry)) {
            Turn::Known => {}
            Turn::Last => {
                // Something is to be done with what waits, and waits for it.
                self.waiting
                    .iter_mut()
                    .filter(|known| known.entry.subject() == new.entry.subject())
                    .for_each(|known| known.due = now);
                self.waiting.push(new);
            }
            Turn::InPlaceOf(at) => {
                if let Some(known) = self.waiting.get_mut(at) {
                    let (since, due) = (known.since, due.min(known.since + PATIENCE));
                    *known = Waiting { since, due, ..new };
                }
            }
        }
    }

    /// The entry whose turn it is, or when there will be one. The first that came; but one that failed over and over goes behind those that
    /// did not, and nothing overtakes what was written before of the same call or order.
    pub fn next(&mut self, now: Instant) -> Result<Entry, Option<Instant>> {
        let mut seen = BTreeSet::new();
        let first_of_each =
            self.waiting.iter_mut().filter(|known| !known.is_refused && seen.insert(known.entry.subject()));
        let next = first_of_each.min_by_key(|known| (known.due.max(now), known.failures / TRIES));
        match next {
            Some(next) if next.due <= now => {
                next.since = now;
                Ok(next.entry.clone())
            }
            next => Err(next.map(|next| next.due)),
        }
    }

    /// The desk had no good answer to this entry. Whether the others go first from now on: then it is sent again at `again` and
    /// nobody waits for it.
    pub fn note_failure(&mut self, command: Uuid, again: Instant) -> bool {
        let Some(known) = self.find(command) else { return false };
        known.failures = known.failures.saturating_add(1);
        let others_first = known.failures >= TRIES;
        if others_first {
            known.due = again;
        }
        others_first
    }

    /// Keeps it, and sends it no more.
    pub fn set_aside(&mut self, command: Uuid) {
        if let Some(known) = self.find(command) {
            known.is_refused = true;
        }
    }

    pub fn remove(&mut self, command: Uuid) {
        self.waiting.retain(|known| known.entry.command() != command);
    }

    /// All that waits is sent now.
    pub fn hurry(&mut self) {
        self.waiting.iter_mut().for_each(|known| known.due = Instant::START);
    }

    /// All, refused ones included.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.waiting.iter().map(|known| &known.entry)
    }

    /// Orders of which something is to be sent, each with the command of what is to be done with it last, if not only written.
    pub fn orders_to_send(&self) -> BTreeMap<OrderId, Option<Uuid>> {
        let mut to_send = BTreeMap::new();
        for known in self.waiting.iter().filter(|known| !known.is_refused) {
            let Some(id) = known.entry.order() else { continue };
            let wish = to_send.entry(id).or_insert(None);
            if matches!(known.entry, Entry::Place { .. } | Entry::Act { .. }) {
                *wish = Some(known.entry.command());
            }
        }
        to_send
    }

    /// What of orders the desk does not have, each order once, in its latest revision.
    pub fn orders(&self) -> Vec<Order> {
        let mut orders: Vec<Order> = Vec::new();
        for entry in self.entries() {
            let Entry::Order(order) = entry else { continue };
            orders.retain(|known| known.id != order.id);
            orders.push((**order).clone());
        }
        orders
    }

    /// What an earlier run has left of orders, for whoever goes on with them: those that were dropped are none any more, and one that
    /// is to be placed is not written.
    pub fn found(&self) -> Vec<OrderNews> {
        #[derive(Default)]
        struct Left {
            order: Option<Order>,
            is_dropped: bool,
            places: bool,
        }
        let mut found = BTreeMap::<OrderId, Left>::new();
        for entry in self.entries() {
            let Some(id) = entry.order() else { continue };
            let left = found.entry(id).or_default();
            left.places = matches!(entry, Entry::Place { .. });
            match entry {
                Entry::Order(order) => left.order = Some((**order).clone()),
                Entry::Act { act, .. } => left.is_dropped = act.act == OrderAct::Cancel,
                Entry::Call(_) | Entry::Task(_) | Entry::Prospect(_) | Entry::Place { .. } => {}
            }
        }
        let news = |(id, left): (OrderId, Left)| {
            let order = left.order.map(|order| OrderNews::Found(Box::new(order)));
            order.into_iter().chain(left.places.then_some(OrderNews::Places { id }))
        };
        found.into_iter().filter(|(_, left)| !left.is_dropped).flat_map(news).collect()
    }

    /// As [`Queue::found`], of tasks.
    pub fn found_tasks(&self) -> Vec<TaskNews> {
        let task = |entry: &Entry| match entry {
            Entry::Task(task) => Some(TaskNews::Found(task.clone())),
            _ => None,
        };
        self.entries().filter_map(task).collect()
    }

    /// As [`Queue::found`], of clients of whom nobody knew.
    pub fn found_prospects(&self) -> Vec<ProspectNews> {
        let prospect = |entry: &Entry| match entry {
            Entry::Prospect(prospect) => Some(ProspectNews::Found(prospect.clone())),
            _ => None,
        };
        self.entries().filter_map(prospect).collect()
    }

    pub fn has_nothing_to_send(&self) -> bool {
        self.waiting.iter().all(|known| known.is_refused)
    }

    pub fn has_failures(&self) -> bool {
        self.waiting.iter().any(|known| !known.is_refused && known.failures > 0)
    }

    fn find(&mut self, command: Uuid) -> Option<&mut Waiting> {
        self.waiting.iter_mut().find(|known| known.entry.command() == command)
    }
}

#[cfg(test)]
mod tests;
