//! Notes of who looked at which client and did what: beside the request, so that no card comes later for them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::auth::Shown;
use super::store::{Bearer, Note, Repeats, Store};
use crate::clock;
use crate::desk_api::{ClientId, OrderId};

/// Notes that wait; then answers wait for them.
const WAITING: usize = 4096;
/// Written together.
const TOGETHER: usize = 1000;
/// So often: what a desk that is killed has not noted is younger.
const WRITE: Duration = Duration::from_millis(200);
/// When the store did not take them.
const AGAIN: Duration = Duration::from_secs(1);

/// What a request was about, filled in while it is answered.
#[derive(Clone, Default)]
pub(crate) struct Slip(Arc<Mutex<About>>);

#[derive(Default)]
struct About {
    by: Option<(Bearer, Shown)>,
    clients: BTreeSet<ClientId>,
    orders: BTreeSet<(OrderId, ClientId)>,
}

impl Slip {
    fn with<T>(&self, change: impl FnOnce(&mut About) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn sign(&self, bearer: &Bearer, shown: Shown) {
        self.with(|about| about.by = Some((bearer.clone(), shown)));
    }

    pub fn saw(&self, clients: impl IntoIterator<Item = ClientId>) {
        self.with(|about| about.clients.extend(clients));
    }

    pub fn saw_order(&self, order: OrderId, client: ClientId) {
        self.with(|about| about.orders.insert((order, client)));
    }

    fn notes(&self, what: &str, path_id: Option<Uuid>, is_write: bool, status: u16) -> Vec<Note> {
        let About { by, mut clients, orders } = self.with(std::mem::take);
        let Some((bearer, shown)) = by else { return Vec::new() };
        let path = what.split(' ').nth(1).unwrap_or("");
        if path.starts_with("/v1/clients/{id}") {
            clients.extend(path_id.map(ClientId));
        }
        let order = path_id.filter(|_| path.starts_with("/v1/orders/{id}")).map(OrderId);
        let mut about: Vec<(Option<ClientId>, Option<OrderId>)> =
            orders.into_iter().map(|(order, client)| (Some(client), Some(order))).collect();
        about.extend(clients.into_iter().map(|client| (Some(client), None)));
        if about.is_empty() && (order.is_some() || is_write) {
            about.push((None, order));
        }
        let note = |(client, order)| Note {
            at: clock::wall(),
            bearer: bearer.clone(),
            shown: shown.as_str(),
            what: what.to_owned(),
            status,
            client,
            order,
        };
        about.into_iter().map(note).collect()
    }
}

/// Where notes go.
#[derive(Clone)]
pub(crate) struct Audit(mpsc::Sender<Note>);

impl Audit {
    /// Writes notes until everybody who could make one is gone.
    pub fn begin(store: Store) -> (Self, tokio::task::JoinHandle<()>) {
        let (sender, notes) = mpsc::channel(WAITING);
        (Self(sender), tokio::spawn(write(store, notes)))
    }
}

async fn write(store: Store, mut notes: mpsc::Receiver<Note>) {
    let mut repeats = Repeats::default();
    let mut waiting = Vec::new();
    while notes.recv_many(&mut waiting, TOGETHER).await > 0 {
        waiting.retain(|note| repeats.is_new(note));
        // Whoever looks meanwhile waits when the channel is full: nobody looks unnoted.
        while let Err(error) = store.keep_notes(&waiting).await {
            if notes.is_closed() {
                tracing::error!(%error, lost = waiting.len(), "looks and acts were not noted");
                break;
            }
            tracing::warn!(%error, waiting = waiting.len(), "looks and acts are not noted yet");
            tokio::time::sleep(AGAIN).await;
        }
        waiting.clear();
        repeats.forget(clock::wall());
        if !notes.is_closed() {
            tokio::time::sleep(WRITE).await;
        }
    }
}

/// Around every route: notes what it was about once it is answered, refused or not.
pub(crate) async fn note(State(audit): State<Audit>, mut request: Request, next: Next) -> Response {
    let slip = Slip::default();
    request.extensions_mut().insert(slip.clone());
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let id = request.uri().path().split('/').find_map(|part| Uuid::parse_str(part).ok());
    let what = format!("{} {}", request.method(), path.as_deref().unwrap_or(""));
    let is_write = !request.method().is_safe();
    let response = next.run(request).await;
    for note in slip.notes(&what, id, is_write, response.status().as_u16()) {
        // Closed only when the desk ends.
        let _ = audit.0.send(note).await;
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk_api::Role;

    fn slip() -> Slip {
        let slip = Slip::default();
        slip.sign(&Bearer { person: "ivanova".into(), role: Role::Manager }, Shown::Session([0; 32]));
        slip
    }

    fn about(notes: &[Note]) -> Vec<(Option<ClientId>, Option<OrderId>)> {
        notes.iter().map(|note| (note.client, note.order)).collect()
    }

    #[test]
    fn each_client_of_an_answer_is_noted_and_what_is_about_nobody_only_where_it_writes() {
        let (client, order) = (ClientId(Uuid::from_u128(1)), OrderId(Uuid::from_u128(2)));
        let both = slip();
        both.saw([client]);
        both.saw_order(order, ClientId(Uuid::from_u128(3)));
        let notes = both.notes("GET /v1/clients", None, false, 200);
        assert_eq!(about(&notes), [(Some(ClientId(Uuid::from_u128(3))), Some(order)), (Some(client), None)]);
        let refused = slip().notes("POST /v1/orders/{id}/acts", Some(order.0), true, 403);
        assert_eq!((about(&refused), refused[0].status), (vec![(None, Some(order))], 403));
        let card = slip().notes("GET /v1/clients/{id}", Some(client.0), false, 404);
        assert_eq!(about(&card), [(Some(client), None)]);
        assert!(slip().notes("GET /v1/directory", None, false, 200).is_empty());
        assert_eq!(slip().notes("DELETE /v1/session", None, true, 204).len(), 1);
        assert!(Slip::default().notes("PUT /v1/clients/{id}", Some(client.0), true, 401).is_empty());
    }
}
