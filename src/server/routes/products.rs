//! Reference information for orders: what a client's order goes by, and goods with prices and stock (duties 5, 9, 10, 18).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use uuid::Uuid;

use crate::clock;
use crate::desk_api::{
    Change, ClientId, ClientTrade, FieldFault, FieldProblem, Problem, ProblemCode, ProductData, ProductId,
    Products, Terms, paths,
};
use crate::domain::trade::order::EntityId;
use crate::server::app::Desk;
use crate::server::auth::{Caller, DataWriter};
use crate::server::body::{CommandId, JsonBody};
use crate::server::problem::Refusal;
use crate::server::query::{PathId, Query, malformed, optional};

const USUAL_LIMIT: u32 = 20;
const HIGHEST_LIMIT: u32 = 100;
const LONGEST_SEARCH: usize = 200;
const LONGEST_TEXT: usize = 300;
const MOST_WORDS: usize = 50;
const MOST_PIECES: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);
const MOST_BATCHES: usize = 500;
const MOST_ENTITIES: usize = 200;
const MOST_CONTRACTS: usize = 100;
const LONGEST_CODE: usize = 100;

/// What an order of this client goes by now.
#[utoipa::path(get, path = "/v1/clients/{id}/terms", tag = "orders",
    params(("id" = String, Path, description = "UUID")),
    responses((status = 200, body = Terms), (status = 404, body = Problem)))]
pub(crate) async fn terms(
    State(desk): State<Desk>,
    _: Caller,
    PathId(id): PathId,
) -> Result<Json<Terms>, Refusal> {
    let terms = desk.store.terms(ClientId(id), &desk.orders, clock::wall()).await?;
    terms.map(Json).ok_or(ProblemCode::NotFound.into())
}

/// What the company's programs wrote of this client's buying.
#[utoipa::path(get, path = "/v1/clients/{id}/trade", tag = "orders",
    params(("id" = String, Path, description = "UUID")),
    responses((status = 200, body = ClientTrade), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn show_trade(
    State(desk): State<Desk>,
    _: DataWriter,
    PathId(id): PathId,
) -> Result<Json<ClientTrade>, Refusal> {
    let trade = desk.store.client_trade(ClientId(id)).await?;
    trade.map(Json).ok_or(ProblemCode::NotFound.into())
}

/// Replaces what is known of this client's buying: legal entities and their accounts, addresses, permissions, contract.
#[utoipa::path(put, path = "/v1/clients/{id}/trade", tag = "orders", request_body = ClientTrade,
    params(("id" = String, Path, description = "UUID"),
        ("Idempotency-Key" = String, Header, description = "Command id, a UUID; the same on every repeat")),
    responses((status = 200, body = ClientTrade), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn put_trade(
    State(desk): State<Desk>,
    DataWriter(writer): DataWriter,
    PathId(id): PathId,
    command: CommandId,
    JsonBody(trade): JsonBody<ClientTrade>,
) -> Result<Json<ClientTrade>, Refusal> {
    check_trade(&trade, &desk)?;
    let id = ClientId(id);
    let command = command.command(&writer.person, &paths::client_trade(id), &trade)?;
    desk.store.write_client_trade(&command, id, &trade).await?;
    Ok(Json(trade))
}

fn check_trade(trade: &ClientTrade, desk: &Desk) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, fault| faults.push(FieldProblem::new(field, fault));
    if !trade.contract_prices.values().all(|price| fits(price.0)) {
        fault("contract_prices", FieldFault::Malformed);
    }
    if trade.entities.len() > MOST_ENTITIES {
        fault("entities", FieldFault::TooLong);
    }
    if trade.addresses.len() > MOST_ENTITIES {
        fault("addresses", FieldFault::TooLong);
    }
    for (i, address) in trade.addresses.iter().enumerate() {
        if trade.addresses.iter().take(i).any(|other| other.number == address.number) {
            fault(&format!("addresses[{i}].number"), FieldFault::Contradicts);
        }
        if address.route.as_ref().is_some_and(|route| desk.orders.route(route).is_none()) {
            fault(&format!("addresses[{i}].route"), FieldFault::Unknown);
        }
        let is_known = |id: &EntityId| trade.entities.iter().any(|entity| entity.id == *id);
        if address.consignee.as_ref().is_some_and(|id| !is_known(id)) {
            fault(&format!("addresses[{i}].consignee"), FieldFault::Unknown);
        }
    }
    if trade.contract_column.as_ref().is_some_and(|column| !desk.orders.has_column(column)) {
        fault("contract_column", FieldFault::Unknown);
    }
    for (i, entity) in trade.entities.iter().enumerate() {
        if trade.entities.iter().take(i).any(|other| other.id == entity.id) {
            fault(&format!("entities[{i}].id"), FieldFault::Contradicts);
        }
        let owner = |id: &EntityId| trade.entities.iter().find(|other| other.id == *id);
        match entity.on_account_of.as_ref().map(owner) {
            Some(None) => fault(&format!("entities[{i}].on_account_of"), FieldFault::Unknown),
            // One account, not a chain of them.
            Some(Some(owner)) if owner.on_account_of.is_some() || owner.is_consignee_only => {
                fault(&format!("entities[{i}].on_account_of"), FieldFault::Contradicts);
            }
            Some(Some(owner)) if entity.owes_there && owner.account.currency != entity.account.currency => {
                fault(&format!("entities[{i}].owes_there"), FieldFault::Contradicts);
            }
            _ => {}
        }
    }
    for (i, entity) in trade.entities.iter().enumerate() {
        if entity.contracts.len() > MOST_CONTRACTS {
            fault(&format!("entities[{i}].contracts"), FieldFault::TooLong);
        }
        let is_long = |text: &String| text.chars().count() > LONGEST_CODE;
        if entity.tax_number.as_ref().is_some_and(is_long) {
            fault(&format!("entities[{i}].tax_number"), FieldFault::TooLong);
        }
        for (j, _) in entity.contracts.iter().enumerate().filter(|(_, contract)| is_long(contract)) {
            fault(&format!("entities[{i}].contracts[{j}]"), FieldFault::TooLong);
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::fields(ProblemCode::Invalid, faults)) }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Find {
    /// What was typed so far: beginnings of words of name, article, barcode or synonym, in any order, alphabet or keyboard;
    /// Korean initial consonants; the last four digits of a barcode.
    q: Option<String>,
    /// Instead of `q`, the id of a product: what may be sold in its place.
    instead_of: Option<String>,
    /// Whose contract prices, and for whom goods live long enough.
    client: Option<String>,
    /// The day they come (ISO 8601); today where it is not known.
    day: Option<String>,
    /// At most so many, 20 unless told, 100 at most.
    limit: Option<String>,
}

/// Products that fit what was typed, or may be sold instead of another one, the best first.
#[utoipa::path(get, path = "/v1/products", tag = "orders", params(Find),
    responses((status = 200, body = Products), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn find(
    State(desk): State<Desk>,
    _: Caller,
    Query(find): Query<Find>,
) -> Result<Json<Products>, Refusal> {
    let refused = |fault| Refusal::field(ProblemCode::MalformedRequest, "q", fault);
    let text = find.q.filter(|text| !text.trim().is_empty());
    if text.as_ref().is_some_and(|text| text.chars().count() > LONGEST_SEARCH) {
        return Err(refused(FieldFault::TooLong));
    }
    let instead_of = optional::<Uuid>(find.instead_of.as_deref(), "instead_of")?.map(ProductId);
    let client = optional::<Uuid>(find.client.as_deref(), "client")?.map(ClientId);
    let day: Option<Date> = optional(find.day.as_deref(), "day")?;
    let limit = optional(find.limit.as_deref(), "limit")?.unwrap_or(USUAL_LIMIT);
    if !(1..=HIGHEST_LIMIT).contains(&limit) {
        return Err(malformed("limit"));
    }
    let (store, rules, at) = (&desk.store, &desk.orders, clock::wall());
    let products = match (text, instead_of) {
        (Some(text), None) => store.find_products(&text, client, day, limit, rules, at).await?,
        (None, Some(product)) => {
            let substitutes = store.substitutes(product, client, day, limit, rules, at).await?;
            substitutes.ok_or(Refusal::from(ProblemCode::NotFound))?
        }
        (None, None) => return Err(refused(FieldFault::Missing)),
        (Some(_), Some(_)) => return Err(refused(FieldFault::Contradicts)),
    };
    Ok(Json(Products { products }))
}

/// Makes or replaces a product, with its prices and its stock.
#[utoipa::path(put, path = "/v1/products/{id}", tag = "orders", request_body = ProductData,
    params(("id" = String, Path, description = "UUID made by the sender"),
        ("Idempotency-Key" = String, Header, description = "Command id, a UUID; the same on every repeat")),
    responses((status = 200, body = ProductData), (status = 201, body = ProductData), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn put(
    State(desk): State<Desk>,
    DataWriter(writer): DataWriter,
    PathId(id): PathId,
    command: CommandId,
    JsonBody(data): JsonBody<ProductData>,
) -> Result<(StatusCode, Json<ProductData>), Refusal> {
    check(ProductId(id), &data)?;
    let command = command.command(&writer.person, &paths::product(data.product.id), &data)?;
    let change = desk.store.write_product(&command, &data, &desk.orders).await?;
    let status = if change == Change::Created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(data)))
}

fn check(id: ProductId, data: &ProductData) -> Result<(), Refusal> {
    let faults = faults(id, data);
    if faults.is_empty() { Ok(()) } else { Err(Refusal::fields(ProblemCode::Invalid, faults)) }
}

/// Quantities are added up and multiplied.
fn fits(quantity: Decimal) -> bool {
    quantity.is_sign_positive() && quantity < MOST_PIECES
}

/// What the contract refuses.
pub(crate) fn faults(id: ProductId, data: &ProductData) -> Vec<FieldProblem> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, fault| faults.push(FieldProblem::new(field, fault));
    let product = &data.product;
    if product.id != id {
        fault("product.id", FieldFault::Contradicts);
    }
    for (field, text) in [("product.code", &product.code), ("product.name", &product.name)] {
        match text.trim().chars().count() {
            0 => fault(field, FieldFault::Missing),
            1..=LONGEST_TEXT => {}
            _ => fault(field, FieldFault::TooLong),
        }
    }
    if product.packings.is_empty() {
        fault("product.packings", FieldFault::Missing);
    }
    for (i, packing) in product.packings.iter().enumerate() {
        if !fits(packing.holds) || packing.holds.is_zero() {
            fault(&format!("product.packings[{i}].holds"), FieldFault::Malformed);
        }
        if !fits(packing.multiple) || packing.multiple.is_zero() {
            fault(&format!("product.packings[{i}].multiple"), FieldFault::Malformed);
        }
        if product.packings.iter().take(i).any(|other| other.unit == packing.unit) {
            fault(&format!("product.packings[{i}].unit"), FieldFault::Contradicts);
        }
    }
    let prices = data.prices.columns.values().chain(&data.prices.floor);
    if !prices.copied().all(|price| fits(price.0)) {
        fault("prices", FieldFault::Malformed);
    }
    if product.synonyms.len() > MOST_WORDS {
        fault("product.synonyms", FieldFault::TooLong);
    }
    if product.barcodes.len() > MOST_WORDS {
        fault("product.barcodes", FieldFault::TooLong);
    }
    if data.batches.len() > MOST_BATCHES {
        fault("batches", FieldFault::TooLong);
    }
    for (i, batch) in data.batches.iter().enumerate() {
        if data.batches.iter().take(i).any(|other| other.id == batch.id) {
            fault(&format!("batches[{i}].id"), FieldFault::Contradicts);
        }
        if !fits(batch.free) && !batch.free.is_zero() {
            fault(&format!("batches[{i}].free"), FieldFault::Malformed);
        }
    }
    faults
}
