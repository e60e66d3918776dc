//! Orders: written down at every keystroke, placed once, and moved on by those who may (duties 3, 5, 7, 12 to 14).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use crate::desk_api::{
    ActOnOrder, Change, ClientId, Fault, FieldFault, FieldProblem, Order, OrderAct, OrderEntry, OrderId,
    OrderReceipt, OrderState, Orders, PlaceOrder, Problem, ProblemCode, Role, paths,
};
use crate::domain::trade::examine::Releaser;
use crate::server::app::Desk;
use crate::server::auth::Caller;
use crate::server::body::{CommandId, JsonBody};
use crate::server::problem::Refusal;
use crate::server::query::{PathId, Query, malformed, optional};
use crate::server::store::{After, OrderFilter, next};

const USUAL_LIMIT: u32 = 50;
const HIGHEST_LIMIT: u32 = 500;
const MOST_LINES: usize = 500;
const MOST_OFFERS: usize = 500;
const LONGEST_TEXT: usize = 300;
const LONGEST_NOTE: usize = 2000;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    /// The client's id.
    client: Option<String>,
    /// Where they are in their life: `draft`, `held`, `placed`, …; several with commas between them.
    state: Option<String>,
    /// Who takes them; `me`: who asks.
    taken_by: Option<String>,
    /// `mine`: of clients whom who asks follows, as by `/v1/events`.
    clients: Option<String>,
    /// At most so many, 50 unless told, 500 at most.
    limit: Option<String>,
    /// `next` of the answer before: those behind it.
    after: Option<String>,
}

/// Orders, the latest change first. An operator sees the own ones, and all of a client that is named.
#[utoipa::path(get, path = "/v1/orders", tag = "orders", params(List),
    responses((status = 200, body = Orders), (status = 400, body = Problem)))]
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(list): Query<List>,
) -> Result<Json<Orders>, Refusal> {
    let client = optional::<Uuid>(list.client.as_deref(), "client")?.map(ClientId);
    let taken_by =
        list.taken_by.map(|who| if who == Orders::TAKEN_BY_ME { caller.0.person.clone() } else { who });
    let sees_all = caller.sees_all_calls() || client.is_some();
    let filter = OrderFilter {
        client,
        states: list
            .state
            .iter()
            .flat_map(|states| states.split(','))
            .map(state)
            .collect::<Result<_, _>>()?,
        reach: desk.asked_reach(&caller.0, list.clients.as_deref()).await?,
        taken_by: if sees_all { taken_by } else { Some(caller.0.person.clone()) },
        after: optional(list.after.as_deref(), "after")?,
        limit: optional(list.limit.as_deref(), "limit")?.unwrap_or(USUAL_LIMIT),
    };
    if !(1..=HIGHEST_LIMIT).contains(&filter.limit) {
        return Err(malformed("limit"));
    }
    let orders = desk.store.orders(&filter).await?;
    for entry in &orders {
        caller.saw_order(entry.order.id, entry.order.client);
    }
    let place = |last: &OrderEntry| Some(After { at: last.changed_at, id: last.order.id.0 });
    let next = next(&orders, filter.limit, place);
    Ok(Json(Orders { orders, next }))
}

fn state(text: &str) -> Result<OrderState, Refusal> {
    let value = serde_json::Value::String(text.to_owned());
    serde_json::from_value(value)
        .map_err(|_| Refusal::field(ProblemCode::MalformedRequest, "state", FieldFault::Unknown))
}

/// One order with all that has become of it.
#[utoipa::path(get, path = "/v1/orders/{id}", tag = "orders", params(("id" = String, Path, description = "UUID")),
    responses((status = 200, body = OrderEntry), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(desk): State<Desk>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<OrderEntry>, Refusal> {
    let entry = desk.store.order(OrderId(id)).await?.ok_or(Refusal::from(ProblemCode::NotFound))?;
    caller.saw_order(entry.order.id, entry.order.client);
    Ok(Json(entry))
}

/// Writes a draft, whole. A lower revision than the one kept changes nothing and is answered `superseded`. From the
/// read-back on (`agreed_total`) stock, slot and credit are kept for it for some minutes.
#[utoipa::path(put, path = "/v1/orders/{id}", tag = "orders", request_body = Order,
    params(("id" = String, Path, description = "UUID of version 7 made by the sender"),
        ("Idempotency-Key" = String, Header, description = "Command id, a UUID; the same on every repeat")),
    responses((status = 200, body = OrderReceipt), (status = 201, body = OrderReceipt), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn put(
    State(desk): State<Desk>,
    caller: Caller,
    PathId(id): PathId,
    command: CommandId,
    JsonBody(order): JsonBody<Order>,
) -> Result<(StatusCode, Json<OrderReceipt>), Refusal> {
    check(OrderId(id), &order)?;
    caller.saw_order(order.id, order.client);
    let command = command.command(&caller.0.person, &paths::order(order.id), &order)?;
    let receipt = desk.store.write_order(&command, &order, &desk.orders).await?;
    let status = if receipt.change == Change::Created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(receipt)))
}

/// Places a draft as the client agreed to it. One that something stops is a draft still, and the receipt says all that does;
/// one that somebody must release is held.
#[utoipa::path(post, path = "/v1/orders/{id}/place", tag = "orders", request_body = PlaceOrder,
    params(("id" = String, Path, description = "UUID"),
        ("Idempotency-Key" = String, Header, description = "Command id, a UUID; the same on every repeat")),
    responses((status = 200, body = OrderReceipt), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub(crate) async fn place(
    State(desk): State<Desk>,
    caller: Caller,
    PathId(id): PathId,
    command: CommandId,
    JsonBody(place): JsonBody<PlaceOrder>,
) -> Result<Json<OrderReceipt>, Refusal> {
    let id = OrderId(id);
    let command = command.command(&caller.0.person, &paths::place_order(id), &place)?;
    let (receipt, is_first) = desk.store.place_order(&command, id, place.revision, &desk.orders).await?;
    if is_first {
        desk.typical.placed(id);
    }
    Ok(Json(receipt))
}

/// Moves an order on in its life.
#[utoipa::path(post, path = "/v1/orders/{id}/acts", tag = "orders", request_body = ActOnOrder,
    params(("id" = String, Path, description = "UUID"),
        ("Idempotency-Key" = String, Header, description = "Command id, a UUID; the same on every repeat")),
    responses((status = 200, body = OrderReceipt), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn act(
    State(desk): State<Desk>,
    caller: Caller,
    PathId(id): PathId,
    command: CommandId,
    JsonBody(act): JsonBody<ActOnOrder>,
) -> Result<Json<OrderReceipt>, Refusal> {
    let is_said = |reason: &&String| !reason.trim().is_empty();
    match act.reason.as_ref().filter(is_said).map(|reason| reason.chars().count()) {
        Some(length) if length > LONGEST_NOTE => {
            return Err(Refusal::field(ProblemCode::Invalid, "reason", FieldFault::TooLong));
        }
        None if matches!(act.act, OrderAct::Return | OrderAct::Cancel | OrderAct::RefuseAtDoor) => {
            return Err(Refusal::field(ProblemCode::Invalid, "reason", FieldFault::Missing));
        }
        _ => {}
    }
    let id = OrderId(id);
    let role = caller.0.role;
    let person = &caller.0.person;
    let may = |taken_by: &str, held_for: &[Fault]| may(role, act.act, taken_by == person, held_for);
    let command = command.command(person, &paths::order_acts(id), &act)?;
    Ok(Json(desk.store.act_on_order(&command, id, &act, may, &desk.orders).await?))
}

/// Who does what to an order. Any operator changes one for a client who calls back; credit is released by heads alone.
fn may(role: Role, act: OrderAct, is_own: bool, held_for: &[Fault]) -> bool {
    match act {
        OrderAct::Change => role != Role::Service,
        OrderAct::Cancel => is_own || role != Role::Operator,
        OrderAct::Release => match held_for.iter().filter_map(Fault::released_by).max() {
            Some(Releaser::Head) => matches!(role, Role::Head | Role::Admin),
            Some(Releaser::Manager) | None => matches!(role, Role::Manager | Role::Head | Role::Admin),
        },
        OrderAct::Return | OrderAct::Accept => matches!(role, Role::Manager | Role::Head | Role::Admin),
        OrderAct::Pay
        | OrderAct::Pick
        | OrderAct::DeliverPart
        | OrderAct::Deliver
        | OrderAct::RefuseAtDoor
        | OrderAct::Close => role != Role::Operator,
    }
}

fn check(id: OrderId, order: &Order) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, fault| faults.push(FieldProblem::new(field, fault));
    if order.id != id {
        fault("id", FieldFault::Contradicts);
    }
    if order.revision == 0 {
        fault("revision", FieldFault::Malformed);
    }
    if order.lines.len() > MOST_LINES {
        fault("lines", FieldFault::TooLong);
    }
    if order.offers.len() > MOST_OFFERS {
        fault("offers", FieldFault::TooLong);
    }
    let receiver = order.delivery.receiver.as_ref();
    let regional = order.delivery.regional.as_ref();
    let texts = [
        ("delivery.receiver.name", receiver.map(|receiver| &receiver.name), LONGEST_TEXT),
        ("delivery.receiver.phone", receiver.map(|receiver| &receiver.phone), LONGEST_TEXT),
        ("delivery.regional.payment", regional.and_then(|regional| regional.payment.as_ref()), LONGEST_TEXT),
        (
            "delivery.regional.shipping",
            regional.and_then(|regional| regional.shipping.as_ref()),
            LONGEST_TEXT,
        ),
        ("note", order.note.as_ref(), LONGEST_NOTE),
    ];
    for (field, text, longest) in texts {
        if text.is_some_and(|text| text.chars().count() > longest) {
            fault(field, FieldFault::TooLong);
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::fields(ProblemCode::Invalid, faults)) }
}
