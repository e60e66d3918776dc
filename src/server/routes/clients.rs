//! Clients: by number while the telephone rings, by name, by id; written by the company's other programs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use crate::clock;
use crate::desk_api::{
    Change, ClientCard, ClientDraft, ClientId, Clients, FieldFault, FieldProblem, Problem, ProblemCode,
    Prospect, ProspectReceipt, paths,
};
use crate::domain::number::PhoneNumber;
use crate::server::app::Desk;
use crate::server::auth::{Caller, DataWriter};
use crate::server::body::{CommandId, JsonBody};
use crate::server::company;
use crate::server::problem::Refusal;
use crate::server::query::{PathId, Query};

/// Candidates shown at most; with more the number or name says nothing.
const LIMIT: u32 = 20;
const LONGEST_NAME: usize = 200;
const MOST_PHONES: usize = 50;
const LONGEST_PHONE: usize = 100;
const MOST_CONTACTS: usize = 100;
const LONGEST_NOTE: usize = 10_000;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Find {
    /// A telephone number in any form the company's numbering plan reads, E.164 at best.
    phone: Option<String>,
    /// What was typed so far: beginnings of words of the name, of people there or of a legal entity, in any order, alphabet or
    /// keyboard; Korean initial consonants; a number from its beginning or its last four digits; a tax number; a contract.
    q: Option<String>,
}

/// Clients who have a number, or whom a typed text may mean, the best first: exactly one of the two is asked for.
#[utoipa::path(get, path = "/v1/clients", tag = "clients", params(Find),
    responses((status = 200, body = Clients), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub(crate) async fn find(
    State(desk): State<Desk>,
    caller: Caller,
    Query(find): Query<Find>,
) -> Result<Json<Clients>, Refusal> {
    let mut clients = match (find.phone, find.q) {
        (Some(phone), None) => {
            let number = number(&desk, &phone)?;
            match &desk.company {
                Some(system) => company::by_number(&desk, system, number, LIMIT).await?,
                None => desk.store.clients_by_number(number, &desk.plan, LIMIT).await?,
            }
        }
        (None, Some(text)) => desk.store.find_clients(typed(&text)?, &desk.plan, LIMIT).await?,
        (None, None) => {
            return Err(Refusal::field(ProblemCode::MalformedRequest, "phone", FieldFault::Missing));
        }
        (Some(_), Some(_)) => {
            return Err(Refusal::field(ProblemCode::MalformedRequest, "q", FieldFault::Contradicts));
        }
    };
    desk.store.add_ordered(&mut clients, clock::wall()).await?;
    caller.saw(clients.iter().map(|client| client.id));
    Ok(Json(Clients { clients, next: None }))
}

/// One client's card.
#[utoipa::path(get, path = "/v1/clients/{id}", tag = "clients", params(("id" = String, Path, description = "UUID")),
    responses((status = 200, body = ClientCard), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(desk): State<Desk>,
    _: Caller,
    PathId(id): PathId,
) -> Result<Json<ClientCard>, Refusal> {
    let id = ClientId(id);
    let mut card = match &desk.company {
        Some(system) => company::by_id(&desk, system, id).await?,
        None => desk.store.client(id, &desk.plan).await?,
    };
    desk.store.add_ordered(card.as_mut_slice(), clock::wall()).await?;
    card.map(Json).ok_or(ProblemCode::NotFound.into())
}

/// Makes or replaces a client, and answers with the card.
#[utoipa::path(put, path = "/v1/clients/{id}", tag = "clients", request_body = ClientDraft,
    params(("id" = String, Path, description = "UUID made by the sender"),
        ("Idempotency-Key" = String, Header, description = "Command id, a UUID; the same on every repeat")),
    responses((status = 200, body = ClientCard), (status = 201, body = ClientCard), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn put(
    State(desk): State<Desk>,
    DataWriter(writer): DataWriter,
    PathId(id): PathId,
    command: CommandId,
    JsonBody(draft): JsonBody<ClientDraft>,
) -> Result<(StatusCode, Json<ClientCard>), Refusal> {
    check(&draft)?;
    let id = ClientId(id);
    let command = command.command(&writer.person, &paths::client(id), &draft)?;
    let change = desk.store.write_client(&command, id, &draft, &desk.plan).await?;
    let mut card = desk.store.client(id, &desk.plan).await?.ok_or(Refusal::from(ProblemCode::NotFound))?;
    desk.store.add_ordered(std::slice::from_mut(&mut card), clock::wall()).await?;
    let status = if change == Change::Created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(card)))
}

/// Writes down a client of whom nobody knew. What is there under this id is never changed by it.
#[utoipa::path(put, path = "/v1/prospects/{id}", tag = "clients", request_body = Prospect,
    params(("id" = String, Path, description = "UUID of version 7 made by the sender"),
        ("Idempotency-Key" = String, Header, description = "Command id, a UUID; the same on every repeat")),
    responses((status = 200, body = ProspectReceipt), (status = 201, body = ProspectReceipt), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn put_prospect(
    State(desk): State<Desk>,
    caller: Caller,
    PathId(id): PathId,
    command: CommandId,
    JsonBody(prospect): JsonBody<Prospect>,
) -> Result<(StatusCode, Json<ProspectReceipt>), Refusal> {
    let id = ClientId(id);
    let draft = prospect.draft();
    let mut faults = faults(&draft);
    for fault in faults.iter_mut().filter(|fault| fault.field.starts_with("phones")) {
        "phone".clone_into(&mut fault.field);
    }
    if prospect.id != id {
        faults.push(FieldProblem::new("id", FieldFault::Contradicts));
    }
    if !faults.is_empty() {
        return Err(Refusal::fields(ProblemCode::Invalid, faults));
    }
    caller.saw([id]);
    let command = command.command(&caller.0.person, &paths::prospect(id), &prospect)?;
    let change = desk.store.write_prospect(&command, id, &draft, prospect.call, &desk.plan).await?;
    let status = if change == Change::Created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(ProspectReceipt { id, change })))
}

fn number(desk: &Desk, phone: &str) -> Result<PhoneNumber, Refusal> {
    let refused = || Refusal::field(ProblemCode::BadPhone, "phone", FieldFault::Malformed);
    // Form decoding makes a space of a plus sign that was not written as %2B.
    let written = match phone.strip_prefix(' ') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => format!("+{rest}"),
        _ => phone.to_owned(),
    };
    desk.plan.look_up_key(&written).ok_or_else(refused)
}

fn typed(text: &str) -> Result<&str, Refusal> {
    let text = text.trim();
    let fault = match text.chars().count() {
        0 => FieldFault::TooShort,
        1..=LONGEST_NAME => return Ok(text),
        _ => FieldFault::TooLong,
    };
    Err(Refusal::field(ProblemCode::MalformedRequest, "q", fault))
}

fn check(draft: &ClientDraft) -> Result<(), Refusal> {
    let faults = faults(draft);
    if faults.is_empty() { Ok(()) } else { Err(Refusal::fields(ProblemCode::Invalid, faults)) }
}

/// What the contract refuses.
pub(crate) fn faults(draft: &ClientDraft) -> Vec<FieldProblem> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, fault| faults.push(FieldProblem::new(field, fault));
    match draft.name.trim().chars().count() {
        0 => fault("name", FieldFault::Missing),
        1..=LONGEST_NAME => {}
        _ => fault("name", FieldFault::TooLong),
    }
    if draft.phones.len() > MOST_PHONES {
        fault("phones", FieldFault::TooLong);
    }
    for (i, _) in draft.phones.iter().enumerate().filter(|(_, phone)| phone.chars().count() > LONGEST_PHONE) {
        fault(&format!("phones[{i}]"), FieldFault::TooLong);
    }
    if draft.contacts.len() > MOST_CONTACTS {
        fault("contacts", FieldFault::TooLong);
    }
    let is_code = |currency: &str| currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
    if draft.standing.as_ref().is_some_and(|standing| !is_code(&standing.currency)) {
        fault("standing.currency", FieldFault::Malformed);
    }
    if draft.time_zone.as_deref().is_some_and(|zone| jiff::tz::TimeZone::get(zone).is_err()) {
        fault("time_zone", FieldFault::Unknown);
    }
    if draft.note.as_ref().is_some_and(|note| note.chars().count() > LONGEST_NOTE) {
        fault("note", FieldFault::TooLong);
    }
    faults
}
