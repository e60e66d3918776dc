//! What changes on the desk, told to whoever listens: orders, calls, passed-on clients and assignments, within a second.
//!
//! Each write leaves a row in a sequence, in its own transaction; the sequence is read a few times a second, so that it does
//! not matter which of several desks on one database has written.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

use super::reach::Reach;
use super::store::{Bearer, Place, Store};
use crate::clock;
use crate::desk_api::{CallChanged, ClientChanged, HandoverChanged, OrderChanged, Role, TaskChanged};

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(250);
/// Changes that a slow listener may be behind; who is further behind is told so.
const BEHIND: usize = 1024;

/// What was written, as it is kept now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum What {
    Order(OrderChanged),
    Call(CallChanged),
    Handover(HandoverChanged),
    Client(ClientChanged),
    Task(TaskChanged),
}

/// Who looks after a client, or is to do a task.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Whose {
    pub manager: Option<String>,
    pub department: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Change {
    pub what: What,
    /// Who takes the order, recorded the call, or asked for the task.
    pub by: Option<String>,
    /// None: nobody is to follow it.
    pub whose: Option<Whose>,
}

impl Change {
    /// Operators hear of their own work, others of the clients whom they follow; of a client who is passed on, whoever is
    /// called.
    pub fn is_for(&self, bearer: &Bearer, reach: &Reach) -> bool {
        if let What::Handover(HandoverChanged { to, .. }) = &self.what {
            // When the client goes to nobody after all, it is not known any more who was called.
            return to.is_none() || *to == reach.extension;
        }
        let is_own = self.by.as_ref() == Some(&bearer.person);
        let is_followed = || match &self.whose {
            Some(Whose { manager, department }) => reach.covers(manager.as_deref(), department.as_deref()),
            None => reach.all,
        };
        is_own || (bearer.role != Role::Operator && is_followed())
    }
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
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut place: Option<Place> = None;
    loop {
        looks.tick().await;
        let looked = match &mut place {
            Some(place) => tell(&store, place, &sender).await,
            None => store.place_now(clock::wall()).await.map(|now| place = Some(now)),
        };
        if let Err(error) = looked {
            tracing::error!(%error, "changes cannot be looked for");
        }
    }
}

async fn tell(
    store: &Store,
    place: &mut Place,
    sender: &broadcast::Sender<Arc<Change>>,
) -> Result<(), super::store::StoreError> {
    let mut read = place.clone();
    let written = store.written_since(&mut read, clock::wall()).await?;
    if !written.is_empty() && sender.receiver_count() > 0 {
        for change in store.changes(&written).await? {
            let _ = sender.send(Arc::new(change));
        }
    }
    // Only now: what could not be read whole is read again.
    *place = read;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk_api::{CallRecordId, ClientId, OrderId, OrderState};
    use crate::server::sample;
    use jiff::civil::date;
    use uuid::Uuid;

    fn listener(person: &str, role: Role) -> (Bearer, Reach) {
        let today = date(2026, 5, 6);
        let bearer = Bearer { person: person.into(), role };
        let reach = Reach::of(&bearer, &sample::directory(&sample::usual_types(), today), today);
        (bearer, reach)
    }

    fn hears(change: &Change, person: &str, role: Role) -> bool {
        let (bearer, reach) = listener(person, role);
        change.is_for(&bearer, &reach)
    }

    fn order_of(manager: Option<&str>) -> Change {
        let changed = OrderChanged {
            id: OrderId(Uuid::from_u128(1)),
            client: ClientId(Uuid::from_u128(2)),
            revision: 1,
            state: OrderState::Placed,
            changed_at: jiff::Timestamp::UNIX_EPOCH,
        };
        let whose = Whose { manager: manager.map(str::to_owned), department: Some("wholesale".into()) };
        Change { what: What::Order(changed), by: Some("operator1".into()), whose: Some(whose) }
    }

    #[test]
    fn an_order_is_told_to_who_takes_it_and_to_who_follows_its_client() {
        let order = order_of(Some("belov"));
        assert!(hears(&order, "operator1", Role::Operator) && !hears(&order, "operator2", Role::Operator));
        assert!(hears(&order, "belov", Role::Manager) && !hears(&order, "ivanova", Role::Manager));
        assert!(hears(&order, "orlova", Role::Head) && !hears(&order, "sidorov", Role::Head));
        assert!(hears(&order, "erp", Role::Service));
        // An operator of a department follows nobody's clients.
        assert!(!hears(&order_of(None), "operator2", Role::Operator));
        assert!(hears(&order_of(None), "ivanova", Role::Manager));
    }

    #[test]
    fn a_client_who_is_passed_on_is_told_to_who_is_called() {
        let passed = |to: Option<&str>| Change {
            what: What::Handover(HandoverChanged {
                id: CallRecordId(Uuid::from_u128(1)),
                to: to.map(str::to_owned),
            }),
            by: None,
            whose: None,
        };
        assert!(hears(&passed(Some("201")), "ivanova", Role::Manager));
        assert!(!hears(&passed(Some("201")), "belov", Role::Manager));
        assert!(!hears(&passed(Some("201")), "volkov", Role::Admin));
        assert!(hears(&passed(None), "belov", Role::Manager));
    }
}
