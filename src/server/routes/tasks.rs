//! Call-back tasks: asked for by whoever could pass a client on to nobody, done by whoever has the client (duties 4 to 6,
//! 9, 15).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use crate::desk_api::{
    Change, ClientId, FieldFault, FieldProblem, FinishTask, Orders, Problem, ProblemCode, Role, Task, TaskId,
    TaskReceipt, Tasks, paths,
};
use crate::server::app::Desk;
use crate::server::auth::Caller;
use crate::server::body::{CommandId, JsonBody};
use crate::server::problem::Refusal;
use crate::server::query::{PathId, Query, malformed, optional};
use crate::server::store::{TaskFilter, TaskPlace, next};

const USUAL_LIMIT: u32 = 50;
const HIGHEST_LIMIT: u32 = 500;
const LONGEST_TEXT: usize = 300;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    /// Who is to do them: an id of the directory.
    person: Option<String>,
    /// Whose they are: a department's id.
    department: Option<String>,
    /// The client's id.
    client: Option<String>,
    /// `mine`: those that who asks is to do, as by `/v1/events`.
    clients: Option<String>,
    /// Who asked for them; `me`: who asks now.
    asked_by: Option<String>,
    /// `open` or `done`; both unless told.
    state: Option<String>,
    /// At most so many, 50 unless told, 500 at most.
    limit: Option<String>,
    /// `next` of the answer before: those behind it.
    after: Option<String>,
}

/// Tasks that wait, the earliest due first; then those that are done, the latest first.
#[utoipa::path(get, path = "/v1/tasks", tag = "tasks", params(List),
    responses((status = 200, body = Tasks), (status = 400, body = Problem)))]
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(list): Query<List>,
) -> Result<Json<Tasks>, Refusal> {
    let is_done = match list.state.as_deref() {
        None => None,
        Some("open") => Some(false),
        Some("done") => Some(true),
        Some(_) => {
            return Err(Refusal::field(ProblemCode::MalformedRequest, "state", FieldFault::Unknown));
        }
    };
    let me = |who: String| if who == Orders::TAKEN_BY_ME { caller.0.person.clone() } else { who };
    let filter = TaskFilter {
        person: list.person,
        department: list.department,
        client: optional::<Uuid>(list.client.as_deref(), "client")?.map(ClientId),
        asked_by: list.asked_by.map(me),
        reach: desk.asked_reach(&caller.0, list.clients.as_deref()).await?,
        is_done,
        after: optional(list.after.as_deref(), "after")?,
        limit: optional(list.limit.as_deref(), "limit")?.unwrap_or(USUAL_LIMIT),
    };
    if !(1..=HIGHEST_LIMIT).contains(&filter.limit) {
        return Err(malformed("limit"));
    }
    let tasks = desk.store.tasks(&filter).await?;
    caller.saw(tasks.iter().filter_map(|entry| entry.task.client));
    let next = next(&tasks, filter.limit, |last| Some(TaskPlace::of(last)));
    Ok(Json(Tasks { tasks, next }))
}

/// Writes a task. What names nobody is for the client's manager and department.
#[utoipa::path(put, path = "/v1/tasks/{id}", tag = "tasks", request_body = Task,
    params(("id" = String, Path, description = "UUID of version 7 made by the sender"),
        ("Idempotency-Key" = String, Header, description = "Command id, a UUID; the same on every repeat")),
    responses((status = 200, body = TaskReceipt), (status = 201, body = TaskReceipt), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn put(
    State(desk): State<Desk>,
    caller: Caller,
    PathId(id): PathId,
    command: CommandId,
    JsonBody(task): JsonBody<Task>,
) -> Result<(StatusCode, Json<TaskReceipt>), Refusal> {
    check(TaskId(id), &task)?;
    let command = command.command(&caller.0.person, &paths::task(task.id), &task)?;
    let receipt = desk.store.write_task(&command, &task).await?;
    let status = if receipt.change == Change::Created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(receipt)))
}

/// It is done. An operator says so of what they asked for; once said, it stays as it was said.
#[utoipa::path(post, path = "/v1/tasks/{id}/done", tag = "tasks", request_body = FinishTask,
    params(("id" = String, Path, description = "UUID"),
        ("Idempotency-Key" = String, Header, description = "Command id, a UUID; the same on every repeat")),
    responses((status = 200, body = TaskReceipt), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub(crate) async fn finish(
    State(desk): State<Desk>,
    caller: Caller,
    PathId(id): PathId,
    command: CommandId,
    JsonBody(done): JsonBody<FinishTask>,
) -> Result<Json<TaskReceipt>, Refusal> {
    if done.note.as_ref().is_some_and(|note| note.chars().count() > Task::LONGEST_NOTE) {
        return Err(Refusal::field(ProblemCode::Invalid, "note", FieldFault::TooLong));
    }
    let id = TaskId(id);
    let person = &caller.0.person;
    let may = |asked_by: &str| caller.0.role != Role::Operator || asked_by == person;
    let command = command.command(person, &paths::finish_task(id), &done)?;
    Ok(Json(desk.store.finish_task(&command, id, &done, may).await?))
}

fn check(id: TaskId, task: &Task) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, fault| faults.push(FieldProblem::new(field, fault));
    if task.id != id {
        fault("id", FieldFault::Contradicts);
    }
    let Task { name, number, person, department, about, .. } = task;
    for (field, text) in [("number", number), ("about", about)] {
        if text.trim().is_empty() {
            fault(field, FieldFault::Missing);
        }
    }
    let texts = [
        ("name", name.as_ref(), LONGEST_TEXT),
        ("number", Some(number), LONGEST_TEXT),
        ("person", person.as_ref().map(|person| &person.0), LONGEST_TEXT),
        ("department", department.as_ref(), LONGEST_TEXT),
        ("about", Some(about), Task::LONGEST_NOTE),
    ];
    for (field, text, longest) in texts {
        if text.is_some_and(|text| text.chars().count() > longest) {
            fault(field, FieldFault::TooLong);
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::fields(ProblemCode::Invalid, faults)) }
}
