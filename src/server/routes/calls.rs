//! The call register: one entry per call, written by the operators' programs (duty 14).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use crate::desk_api::{
    CallReceipt, CallRecord, CallRecordId, CallRecording, CallVoice, Calls, Change, ClientId, FieldFault,
    FieldProblem, Problem, ProblemCode, paths,
};
use crate::server::app::Desk;
use crate::server::auth::Caller;
use crate::server::body::{CommandId, JsonBody};
use crate::server::problem::Refusal;
use crate::server::query::{PathId, Query, malformed, optional};
use crate::server::store::{After, CallFilter, next};

const USUAL_LIMIT: u32 = 100;
const HIGHEST_LIMIT: u32 = 1000;
const LONGEST_TEXT: usize = 300;
const MOST_TRANSFERS: usize = 100;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    /// Calls that began at this time (RFC 3339) or later.
    from: Option<String>,
    /// Calls that began before this time.
    to: Option<String>,
    /// The operator's name as the telephone was told.
    operator: Option<String>,
    /// The client's id.
    client: Option<String>,
    /// `mine`: of clients whom who asks follows, as by `/v1/events`.
    clients: Option<String>,
    /// The Call-ID of the signalling.
    call_id: Option<String>,
    /// At most so many, 100 unless told, 1000 at most.
    limit: Option<String>,
    /// `next` of the answer before: those behind it.
    after: Option<String>,
}

/// Calls, the latest first; an operator sees the own ones.
#[utoipa::path(get, path = "/v1/calls", tag = "calls", params(List),
    responses((status = 200, body = Calls), (status = 400, body = Problem)))]
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(list): Query<List>,
) -> Result<Json<Calls>, Refusal> {
    let filter = CallFilter {
        from: optional(list.from.as_deref(), "from")?,
        to: optional(list.to.as_deref(), "to")?,
        recorded_by: (!caller.sees_all_calls()).then(|| caller.0.person.clone()),
        operator: list.operator,
        client: optional::<Uuid>(list.client.as_deref(), "client")?.map(ClientId),
        reach: desk.asked_reach(&caller.0, list.clients.as_deref()).await?,
        call_id: list.call_id,
        after: optional(list.after.as_deref(), "after")?,
        limit: optional(list.limit.as_deref(), "limit")?.unwrap_or(USUAL_LIMIT),
    };
    if !(1..=HIGHEST_LIMIT).contains(&filter.limit) {
        return Err(malformed("limit"));
    }
    let calls = desk.store.calls(&filter).await?;
    caller.saw(calls.iter().filter_map(|call| call.client));
    let place = |last: &CallRecord| Some(After { at: last.started_at, id: last.id.0 });
    let next = next(&calls, filter.limit, place);
    Ok(Json(Calls { calls, next }))
}

/// One call's entry.
#[utoipa::path(get, path = "/v1/calls/{id}", tag = "calls", params(("id" = String, Path, description = "UUID")),
    responses((status = 200, body = CallRecord), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(desk): State<Desk>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<CallRecord>, Refusal> {
    match desk.store.call(CallRecordId(id)).await? {
        // Another's call is not even said to exist.
        Some((record, person)) if caller.sees_all_calls() || person == caller.0.person => {
            caller.saw(record.client);
            Ok(Json(record))
        }
        _ => Err(ProblemCode::NotFound.into()),
    }
}

/// Writes a call's entry, whole. A lower revision than the one kept changes nothing and is answered `superseded`.
#[utoipa::path(put, path = "/v1/calls/{id}", tag = "calls", request_body = CallRecord,
    params(("id" = String, Path, description = "UUID of version 7 made by the sender"),
        ("Idempotency-Key" = String, Header, description = "Command id, a UUID; the same on every repeat")),
    responses((status = 200, body = CallReceipt), (status = 201, body = CallReceipt), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn put(
    State(desk): State<Desk>,
    caller: Caller,
    PathId(id): PathId,
    command: CommandId,
    JsonBody(record): JsonBody<CallRecord>,
) -> Result<(StatusCode, Json<CallReceipt>), Refusal> {
    check(CallRecordId(id), &record)?;
    caller.saw(record.client);
    let command = command.command(&caller.0.person, &paths::call(record.id), &record)?;
    let receipt = desk.store.write_call(&command, &record, caller.corrects_calls()).await?;
    let status = if receipt.change == Change::Created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(receipt)))
}

fn check(id: CallRecordId, record: &CallRecord) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, fault| faults.push(FieldProblem::new(field, fault));
    if record.id != id {
        fault("id", FieldFault::Contradicts);
    }
    if record.revision == 0 {
        fault("revision", FieldFault::Malformed);
    }
    let texts = [
        ("call_id", Some(&record.call_id), LONGEST_TEXT),
        ("operator", Some(&record.operator), LONGEST_TEXT),
        ("caller.written", record.caller.written.as_ref(), LONGEST_TEXT),
        ("caller.name", record.caller.name.as_ref(), LONGEST_TEXT),
        ("called.written", record.called.written.as_ref(), LONGEST_TEXT),
        ("called.name", record.called.name.as_ref(), LONGEST_TEXT),
        ("note", record.note.as_ref(), CallRecord::LONGEST_NOTE),
    ];
    for (field, text, longest) in texts {
        if text.is_some_and(|text| text.chars().count() > longest) {
            fault(field, FieldFault::TooLong);
        }
    }
    match &record.result {
        Some(result) if result.chars().count() > CallRecord::LONGEST_RESULT => {
            fault("result", FieldFault::TooLong)
        }
        Some(result) if !CallRecord::is_result(result) => fault("result", FieldFault::Malformed),
        _ => {}
    }
    for field in record.voice.iter().flat_map(CallVoice::faults) {
        fault(&format!("voice.{field}"), FieldFault::Malformed);
    }
    if record.transfers.len() > MOST_TRANSFERS {
        fault("transfers", FieldFault::TooLong);
    }
    for (i, step) in record.transfers.iter().enumerate() {
        if step.why.as_deref().is_some_and(|why| !CallRecord::is_result(why)) {
            fault(&format!("transfers[{i}].why"), FieldFault::Malformed);
        }
    }
    if let Some(recording) = &record.recording {
        if recording.paused.len() > CallRecording::MOST_PAUSES {
            fault("recording.paused", FieldFault::TooLong);
        }
        for (i, pause) in recording.paused.iter().enumerate() {
            if pause.to.is_some_and(|to| to < pause.from) {
                fault(&format!("recording.paused[{i}].to"), FieldFault::Contradicts);
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::fields(ProblemCode::Invalid, faults)) }
}
