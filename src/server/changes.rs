//! What changes on the desk, told to whoever listens: orders, within a second.
//!
//! The database is looked at while somebody listens, so that it does not matter which of several desks on one database has
//! written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::broadcast;

use super::store::Store;
use crate::clock;
use crate::desk_api::{OrderChanged, OrderId};

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(250);
/// What was written so long ago is committed by now: writes do not become visible in the order of their times.
const BACK: SignedDuration = SignedDuration::from_secs(5);
/// Changes that a slow listener may be behind; who is further behind is told so.
const BEHIND: usize = 1024;

/// Told to those who take the order, and to those who see all.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub changed: OrderChanged,
    pub taken_by: String,
}

/// Where changes are heard. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Changes(broadcast::WeakSender<Arc<Change>>);

impl Changes {
    /// Begins to look, until the task ends; then listeners hear the end.
    pub fn watch(store: Store) -> (Self, tokio::task::JoinHandle<()>) {
        let (sender, _) = broadcast::channel(BEHIND);
        let changes = Self(sender.downgrade());
        (changes, tokio::spawn(look(store, sender)))
    }

    /// What changes from now on; none: the desk is about to end.
    pub fn listen(&self) -> Option<broadcast::Receiver<Arc<Change>>> {
        Some(self.0.upgrade()?.subscribe())
    }
}

async fn look(store: Store, sender: broadcast::Sender<Arc<Change>>) {
    let mut looks = tokio::time::interval(LOOK);
    let mut told = Told::from(clock::wall());
    loop {
        looks.tick().await;
        let now = clock::wall();
        if sender.receiver_count() == 0 {
            told = Told::from(now);
            continue;
        }
        match store.orders_changed_since(told.since(now)).await {
            Ok(changes) => {
                for change in changes.into_iter().filter(|change| told.is_new(&change.changed)) {
                    let _ = sender.send(Arc::new(change));
                }
                told.forget(now);
            }
            Err(error) => tracing::error!(%error, "changes cannot be looked for"),
        }
    }
}

/// What was told lately.
struct Told {
    begun: Timestamp,
    orders: BTreeMap<OrderId, OrderChanged>,
}

impl Told {
    fn from(begun: Timestamp) -> Self {
        Self { begun, orders: BTreeMap::new() }
    }

    fn since(&self, now: Timestamp) -> Timestamp {
        now.checked_sub(BACK).unwrap_or(now).max(self.begun)
    }

    fn is_new(&mut self, changed: &OrderChanged) -> bool {
        self.orders.insert(changed.id, changed.clone()).as_ref() != Some(changed)
    }

    /// Nobody looks as far back.
    fn forget(&mut self, now: Timestamp) {
        let since = now.checked_sub(BACK + BACK).unwrap_or(now);
        self.orders.retain(|_, changed| changed.changed_at >= since);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk_api::{ClientId, OrderState};
    use uuid::Uuid;

    #[test]
    fn a_change_is_told_once_however_often_it_is_seen_and_the_next_one_again() {
        let at = |seconds| Timestamp::from_second(1_800_000_000_i64 + seconds).unwrap();
        let mut told = Told::from(at(0));
        assert_eq!((told.since(at(2)), told.since(at(60))), (at(0), at(55)));
        let changed = |revision, changed_at| OrderChanged {
            id: OrderId(Uuid::from_u128(1)),
            client: ClientId(Uuid::from_u128(2)),
            revision,
            state: OrderState::Draft,
            changed_at,
        };
        assert!(told.is_new(&changed(1, at(1))));
        assert!(!told.is_new(&changed(1, at(1))));
        assert!(told.is_new(&changed(2, at(1))));
        told.forget(at(5));
        assert!(!told.is_new(&changed(2, at(1))), "it may be seen again");
        told.forget(at(20));
        assert!(told.orders.is_empty());
    }
}
