//! Changes as they come, for windows and pages (duty 14).

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use tokio::sync::broadcast::error::RecvError;

use crate::desk_api::{Problem, ProblemCode};
use crate::server::app::Desk;
use crate::server::auth::Caller;
use crate::server::problem::Refusal;

/// A proxy in between hears something so often.
const ALIVE: Duration = Duration::from_secs(20);

/// Server-sent events, from now on: `order` for each change of an order, with an `OrderChanged`; an operator hears of the own
/// ones. `lost`: some were missed, and what is shown should be asked for anew. Nothing is told of what was a second before.
#[utoipa::path(get, path = "/v1/events", tag = "events",
    responses((status = 200, description = "text/event-stream of OrderChanged", body = crate::desk_api::OrderChanged),
        (status = 401, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn listen(
    State(desk): State<Desk>,
    caller: Caller,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let changes = desk.changes.listen().ok_or(Refusal::from(ProblemCode::Unavailable))?;
    let events = stream::unfold((changes, caller), |(mut changes, caller)| async move {
        loop {
            let event = match changes.recv().await {
                Ok(change) if caller.sees_all_calls() || change.taken_by == caller.0.person => {
                    Event::default().event("order").json_data(&change.changed)
                }
                Ok(_) => continue,
                Err(RecvError::Lagged(_)) => Ok(Event::default().event("lost").data("{}")),
                Err(RecvError::Closed) => return None,
            };
            // A change always is JSON.
            let Ok(event) = event else { continue };
            return Some((Ok(event), (changes, caller)));
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)))
}
