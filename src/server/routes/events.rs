//! Changes as they come, for windows and pages (duty 14).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream, StreamExt as _};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::desk_api::{Problem, ProblemCode};
use crate::entropy;
use crate::server::app::Desk;
use crate::server::auth::{Caller, Shown};
use crate::server::changes::{Change, What};
use crate::server::problem::Refusal;
use crate::server::reach::Reach;
use crate::server::store::Bearer;

/// A proxy in between hears something so often.
const ALIVE: Duration = Duration::from_secs(20);
/// Whoever listens is looked up again so often: a session that ended, a token that was revoked, an absence that began.
const LOOK_UP: Duration = Duration::from_secs(3);
/// When the desk was away, its listeners come back one by one: each is told another time within these, milliseconds.
const COME_BACK: std::ops::Range<u64> = 500..3000;

struct Listener {
    desk: Desk,
    changes: Receiver<Arc<Change>>,
    shown: Shown,
    bearer: Bearer,
    reach: Reach,
    looks: Interval,
}

/// Server-sent events, from now on: `order` with an `OrderChanged`, `call` with a `CallChanged`, `client` with a `ClientChanged`,
/// `handover` with a `HandoverChanged`, `task` with a `TaskChanged`. Operators hear of their own orders, calls and tasks; managers of clients whom they follow: their
/// own, those of whom they stand in for, and of their department those whom nobody looks after; heads of their department's; whose
/// telephone is called, of the client who is passed on. `lost`: some were missed, and what is shown should be asked for anew. Nothing is
/// told of what was a second before. A session that ends, or a token that is revoked, ends the stream within seconds.
#[utoipa::path(get, path = "/v1/events", tag = "events",
    responses((status = 200, description = "text/event-stream of OrderChanged and others", body = crate::desk_api::OrderChanged),
        (status = 401, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn listen(
    State(desk): State<Desk>,
    Caller(bearer, shown, ..): Caller,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let changes = desk.changes.listen().ok_or(Refusal::from(ProblemCode::Unavailable))?;
    let reach = desk.reach(&bearer).await?;
    let mut looks = interval(LOOK_UP);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let chance = entropy::seed().map_err(|_| Refusal::from(ProblemCode::Internal))?;
    let wait = COME_BACK.start + u64::from(chance[0]) * (COME_BACK.end - COME_BACK.start) / 256;
    let hello = Event::default().retry(Duration::from_millis(wait)).comment("listening");
    let listener = Listener { desk, changes, shown, bearer, reach, looks };
    let events = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((event, listener))
    });
    let events = stream::iter([hello]).chain(events).map(Ok);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)))
}

impl Listener {
    /// None: the desk ends, or this listener may hear no more.
    async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                change = self.changes.recv() => match change {
                    Ok(change) if change.is_for(&self.bearer, &self.reach) => {
                        // A change always is JSON.
                        if let Ok(event) = event(&change.what) {
                            return Some(event);
                        }
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => return Some(Event::default().event("lost").data("{}")),
                    Err(RecvError::Closed) => return None,
                },
                _ = self.looks.tick() => {
                    // A store that does not answer says nothing about anybody.
                    if let Ok(bearer) = self.shown.bearer(&self.desk).await {
                        self.bearer = bearer?;
                        if let Ok(reach) = self.desk.reach(&self.bearer).await {
                            self.reach = reach;
                        }
                    }
                }
            }
        }
    }
}

fn event(what: &What) -> Result<Event, axum::Error> {
    let event = Event::default();
    match what {
        What::Order(changed) => event.event("order").json_data(changed),
        What::Call(changed) => event.event("call").json_data(changed),
        What::Handover(changed) => event.event("handover").json_data(changed),
        What::Client(changed) => event.event("client").json_data(changed),
        What::Task(changed) => event.event("task").json_data(changed),
    }
}
