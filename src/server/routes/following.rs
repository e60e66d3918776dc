//! What managers and heads do beside orders: new clients get a manager (duty 15), absences a deputy (duty 4).

use axum::Json;
use axum::extract::{RawPathParams, State};
use serde::Deserialize;

use crate::clock;
use crate::desk_api::{
    Absences, AssignManager, ClientCard, ClientId, Clients, DirectoryEntry, FieldFault, FieldProblem,
    OrderGoods, OrderId, PersonId, Problem, ProblemCode, Role, paths,
};
use crate::domain::trade::order::{EntityId, Settlement};
use crate::server::app::Desk;
use crate::server::auth::Caller;
use crate::server::body::{CommandId, JsonBody};
use crate::server::problem::Refusal;
use crate::server::query::{PathId, Query, malformed, optional};
use crate::server::store::{After, next};

/// Clients without a manager that are told at a time.
const MOST_CLIENTS: u32 = 100;
const MOST_ABSENCES: usize = 50;
const MOST_DAYS: i32 = 366;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    /// At most so many, 100 unless told, 100 at most.
    limit: Option<String>,
    /// `next` of the answer before: those behind it.
    after: Option<String>,
}

/// Clients whom nobody looks after: of a head's department and of none, of admins all; the latest change first.
#[utoipa::path(get, path = "/v1/unassigned-clients", tag = "clients", params(List),
    responses((status = 200, body = Clients), (status = 400, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn unassigned(
    State(desk): State<Desk>,
    caller: Caller,
    Query(list): Query<List>,
) -> Result<Json<Clients>, Refusal> {
    if !assigns(caller.0.role) {
        return Err(ProblemCode::Forbidden.into());
    }
    let reach = desk.reach(&caller.0).await?;
    let limit = optional(list.limit.as_deref(), "limit")?.unwrap_or(MOST_CLIENTS);
    if !(1..=MOST_CLIENTS).contains(&limit) {
        return Err(malformed("limit"));
    }
    let after = optional(list.after.as_deref(), "after")?;
    let mut clients = desk.store.unassigned_clients(&reach, &desk.plan, after, limit).await?;
    desk.store.add_ordered(&mut clients, clock::wall()).await?;
    caller.saw(clients.iter().map(|client| client.id));
    let next = next(&clients, limit, |last| Some(After { at: last.updated_at?, id: last.id.0 }));
    Ok(Json(Clients { clients, next }))
}

/// Gives a client to a manager: heads do so for clients of their department and of none.
#[utoipa::path(put, path = "/v1/clients/{id}/manager", tag = "clients", request_body = AssignManager,
    params(("id" = String, Path, description = "UUID"),
        ("Idempotency-Key" = String, Header, description = "Command id, a UUID; the same on every repeat")),
    responses((status = 200, body = ClientCard), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn assign(
    State(desk): State<Desk>,
    caller: Caller,
    PathId(id): PathId,
    command: CommandId,
    JsonBody(assign): JsonBody<AssignManager>,
) -> Result<Json<ClientCard>, Refusal> {
    if !assigns(caller.0.role) {
        return Err(ProblemCode::Forbidden.into());
    }
    let id = ClientId(id);
    let command = command.command(&caller.0.person, &paths::client_manager(id), &assign)?;
    let reach = desk.reach(&caller.0).await?;
    let may = |manager: Option<&str>, department: Option<&str>| reach.covers(manager, department);
    desk.store.assign_manager(&command, id, &assign.manager, may).await?;
    let mut card = desk.store.client(id, &desk.plan).await?;
    desk.store.add_ordered(card.as_mut_slice(), clock::wall()).await?;
    card.map(Json).ok_or(ProblemCode::NotFound.into())
}

const fn assigns(role: Role) -> bool {
    matches!(role, Role::Head | Role::Admin)
}

/// Says when somebody is not there, and who stands in; whole. The own absences, and for heads and admins anybody's.
#[utoipa::path(put, path = "/v1/directory/people/{id}/absences", tag = "directory", request_body = Absences,
    params(("id" = String, Path, description = "The person's id"),
        ("Idempotency-Key" = String, Header, description = "Command id, a UUID; the same on every repeat")),
    responses((status = 200, body = DirectoryEntry), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn absences(
    State(desk): State<Desk>,
    caller: Caller,
    params: RawPathParams,
    command: CommandId,
    JsonBody(absences): JsonBody<Absences>,
) -> Result<Json<DirectoryEntry>, Refusal> {
    let id = params.iter().find(|(name, _)| *name == "id").map(|(_, id)| PersonId(id.to_owned()));
    let id = id.filter(|id| !id.0.contains('\0')).ok_or_else(|| malformed("id"))?;
    let is_own = id.0 == caller.0.person && caller.0.role != Role::Service;
    if !is_own && !assigns(caller.0.role) {
        return Err(ProblemCode::Forbidden.into());
    }
    check(&id, &absences)?;
    let command = command.command(&caller.0.person, &paths::absences(&id), &absences)?;
    Ok(Json(desk.store.set_absences(&command, &id, &absences.absences).await?))
}

fn check(id: &PersonId, Absences { absences }: &Absences) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, fault| faults.push(FieldProblem::new(field, fault));
    if absences.len() > MOST_ABSENCES {
        fault("absences", FieldFault::TooLong);
    }
    for (i, absence) in absences.iter().enumerate() {
        match (absence.to - absence.from).get_days() {
            ..0 => fault(&format!("absences[{i}].to"), FieldFault::Contradicts),
            0..MOST_DAYS => {}
            _ => fault(&format!("absences[{i}].to"), FieldFault::TooLong),
        }
        if absence.deputy.as_ref() == Some(id) {
            fault(&format!("absences[{i}].deputy"), FieldFault::Contradicts);
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::fields(ProblemCode::Invalid, faults)) }
}

/// What stands in an order, or comes with its lines, by name; who pays, and whom the goods go to.
#[utoipa::path(get, path = "/v1/orders/{id}/goods", tag = "orders",
    params(("id" = String, Path, description = "UUID")),
    responses((status = 200, body = OrderGoods), (status = 404, body = Problem)))]
pub(crate) async fn goods(
    State(desk): State<Desk>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<OrderGoods>, Refusal> {
    let entry = desk.store.order(OrderId(id)).await?.ok_or(Refusal::from(ProblemCode::NotFound))?;
    caller.saw_order(entry.order.id, entry.order.client);
    let gifts = entry.examined.lines.iter().flat_map(|line| line.gifts.iter().map(|gift| gift.product));
    let others = entry.order.lines.iter().filter_map(|line| match line.settled {
        Some(Settlement::Substitute { product }) => Some(product),
        _ => None,
    });
    let products: std::collections::BTreeSet<_> =
        entry.order.lines.iter().map(|line| line.product).chain(gifts).chain(others).collect();
    let goods = desk.store.products_named(products.iter().map(ToString::to_string)).await?;
    let trade = desk.store.client_trade(entry.order.client).await?.unwrap_or_default();
    let name = |id: &EntityId| Some(trade.entities.iter().find(|known| known.id == *id)?.name.clone());
    let payer = entry.order.payer.clone().or_else(|| Some(trade.payers().next()?.id.clone()));
    let delivery = &entry.order.delivery;
    let address = trade.addresses.iter().find(|address| Some(address.number) == delivery.address);
    let consignee = delivery.consignee.clone().or_else(|| address?.consignee.clone()).or(payer.clone());
    Ok(Json(OrderGoods {
        goods,
        payer: payer.as_ref().and_then(name),
        consignee: consignee.as_ref().and_then(name),
    }))
}
