//! What goes along with a client who is passed on: written before the target's telephone rings, read when it does
//! (duties 4, 6, 14, 15, 19).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;

use crate::clock;
use crate::desk_api::{
    CallReceipt, CallRecordId, Change, ClientCard, Directory, FieldFault, FieldProblem, HandedOver, Handover,
    Handovers, Problem, ProblemCode, paths,
};
use crate::server::app::Desk;
use crate::server::auth::Caller;
use crate::server::body::{CommandId, JsonBody};
use crate::server::problem::Refusal;
use crate::server::query::{PathId, Query};

const LONGEST_TEXT: usize = 300;
/// Clients of one number that are told at most.
const MOST_CLIENTS: u32 = 20;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Ask {
    /// The extension whose telephone rings.
    to: Option<String>,
    /// The caller's number, as `phone` of the clients: whoever brings a known client's number gets what goes along with
    /// the client, whomever it was meant for.
    number: Option<String>,
}

/// What waits for an extension, the latest first.
#[utoipa::path(get, path = "/v1/handovers", tag = "handovers", params(Ask),
    responses((status = 200, body = Handovers), (status = 400, body = Problem)))]
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(ask): Query<Ask>,
) -> Result<Json<Handovers>, Refusal> {
    let missing = || Refusal::field(ProblemCode::MalformedRequest, "to", FieldFault::Missing);
    let to = ask.to.filter(|to| !to.is_empty()).ok_or_else(missing)?;
    let number = ask.number.as_deref().and_then(|written| desk.plan.look_up_key(written));
    let now = clock::wall();
    let directory = desk.store.directory().await?;
    let mut handovers = Vec::new();
    for (handover, written_at) in desk.store.handovers(&to, number, now).await? {
        let age = now.duration_since(written_at).as_secs();
        handovers.push(HandedOver {
            clients: clients(&desk, &handover, now).await?,
            from_name: from_name(&directory, &handover),
            age_seconds: u32::try_from(age).unwrap_or(0),
            handover,
        });
    }
    caller.saw(handovers.iter().flat_map(|handed| handed.clients.iter().map(|client| client.id)));
    Ok(Json(Handovers { handovers }))
}

/// Writes what goes along with the client of a call, whole. A lower revision than the one kept changes nothing and is
/// answered `superseded`.
#[utoipa::path(put, path = "/v1/handovers/{id}", tag = "handovers", request_body = Handover,
    params(("id" = String, Path, description = "UUID of the call's register entry"),
        ("Idempotency-Key" = String, Header, description = "Command id, a UUID; the same on every repeat")),
    responses((status = 200, body = CallReceipt), (status = 201, body = CallReceipt), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn put(
    State(desk): State<Desk>,
    caller: Caller,
    PathId(id): PathId,
    command: CommandId,
    JsonBody(handover): JsonBody<Handover>,
) -> Result<(StatusCode, Json<CallReceipt>), Refusal> {
    check(CallRecordId(id), &handover)?;
    let command = command.command(&caller.0.person, &paths::handover(handover.id), &handover)?;
    let receipt = desk.store.write_handover(&command, &handover, caller.corrects_calls()).await?;
    let status = if receipt.change == Change::Created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(receipt)))
}

fn check(id: CallRecordId, handover: &Handover) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, fault| faults.push(FieldProblem::new(field, fault));
    if handover.id != id {
        fault("id", FieldFault::Contradicts);
    }
    if handover.revision == 0 {
        fault("revision", FieldFault::Malformed);
    }
    let Handover { to, from, operator, party, picked, note, .. } = handover;
    for (field, text) in [("to", to.as_ref()), ("from", Some(from))] {
        if text.is_some_and(String::is_empty) {
            fault(field, FieldFault::Missing);
        }
    }
    let texts = [
        ("to", to.as_ref(), LONGEST_TEXT),
        ("from", Some(from), LONGEST_TEXT),
        ("operator", Some(operator), LONGEST_TEXT),
        ("party.written", party.written.as_ref(), LONGEST_TEXT),
        ("party.name", party.name.as_ref(), LONGEST_TEXT),
        ("picked.purpose", picked.purpose.as_ref().map(|purpose| &purpose.0), LONGEST_TEXT),
        ("picked.client_type", picked.client_type.as_ref().map(|known| &known.0), LONGEST_TEXT),
        ("picked.department", picked.department.as_ref(), LONGEST_TEXT),
        ("note", note.as_ref(), Handover::LONGEST_NOTE),
    ];
    for (field, text, longest) in texts {
        if text.is_some_and(|text| text.chars().count() > longest) {
            fault(field, FieldFault::TooLong);
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::fields(ProblemCode::Invalid, faults)) }
}

/// The one that is known, else all with the number. Whoever gets the client reads what the operator read.
async fn clients(desk: &Desk, handover: &Handover, now: Timestamp) -> Result<Vec<ClientCard>, Refusal> {
    let mut clients = match (handover.client, handover.party.number) {
        (Some(id), _) => desk.store.client(id, &desk.plan).await?.into_iter().collect(),
        (None, Some(number)) => desk.store.clients_by_number(number, &desk.plan, MOST_CLIENTS).await?,
        (None, None) => Vec::new(),
    };
    desk.store.add_ordered(&mut clients, now).await?;
    Ok(clients)
}

fn from_name(directory: &Directory, handover: &Handover) -> String {
    let known = directory.people.iter().find(|person| person.extension.as_ref() == Some(&handover.from));
    known.map_or_else(|| handover.operator.clone(), |person| person.name.clone())
}
