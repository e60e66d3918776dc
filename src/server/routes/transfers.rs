//! Where a client goes, and what became of those who were passed on.

use axum::Json;
use axum::extract::State;
use jiff::civil::Date;
use serde::Deserialize;
use uuid::Uuid;

use crate::clock;
use crate::desk_api::{
    ClientId, ClientTypeId, FieldFault, Problem, ProblemCode, PurposeId, TransferChain, TransferQuestion,
    TransferReport,
};
use crate::server::app::Desk;
use crate::server::auth::{Caller, ReportReader};
use crate::server::passing::{Asked, unknown};
use crate::server::problem::Refusal;
use crate::server::query::{Query, optional};

/// Days in one report at most.
const MOST_DAYS: i64 = 366;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Ask {
    /// The client's id; without it a caller whom nobody knows.
    client: Option<String>,
    /// The id of one of the company's purposes.
    purpose: Option<String>,
    /// The id of the type that the operator picked for a new client.
    r#type: Option<String>,
    /// The id of the department that the operator picked.
    department: Option<String>,
}

/// The steps by which a client is passed on now, by the company's rules.
#[utoipa::path(get, path = "/v1/transfer-chain", tag = "transfers", params(Ask),
    responses((status = 200, body = TransferChain), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn chain(
    State(desk): State<Desk>,
    _: Caller,
    Query(ask): Query<Ask>,
) -> Result<Json<TransferChain>, Refusal> {
    let id = optional::<Uuid>(ask.client.as_deref(), "client")?.map(ClientId);
    let question = TransferQuestion {
        client: id,
        purpose: ask.purpose.map(PurposeId),
        client_type: ask.r#type.map(ClientTypeId),
        department: ask.department,
    };
    let client = match id {
        Some(id) => {
            let card = desk.store.client(id, &desk.plan).await?;
            Some(card.ok_or(Refusal::from(ProblemCode::NotFound))?)
        }
        None => None,
    };
    let directory = desk.store.directory().await?;
    let asked = Asked::check(question, client, &directory, &desk.transfers).map_err(unknown)?;
    let at = clock::wall().to_zoned(desk.transfers.zone.clone()).datetime();
    Ok(Json(asked.evaluate(&desk.store, &directory, &desk.transfers, at).await?.chain))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Days {
    /// The first day (`2026-05-01`) where the office is; today unless told.
    from: Option<String>,
    /// The last day, at most a year after the first; today unless told.
    to: Option<String>,
}

/// What became of the clients who were passed on, for managers and above.
#[utoipa::path(get, path = "/v1/reports/transfers", tag = "transfers", params(Days),
    responses((status = 200, body = TransferReport), (status = 400, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn report(
    State(desk): State<Desk>,
    _: ReportReader,
    Query(days): Query<Days>,
) -> Result<Json<TransferReport>, Refusal> {
    let zone = &desk.transfers.zone;
    let today = clock::wall().to_zoned(zone.clone()).date();
    let to: Date = optional(days.to.as_deref(), "to")?.unwrap_or(today);
    let from: Date = optional(days.from.as_deref(), "from")?.unwrap_or(today);
    let fault = match (to - from).get_days() {
        ..0 => Some(FieldFault::Contradicts),
        days if i64::from(days) >= MOST_DAYS => Some(FieldFault::TooLong),
        _ => None,
    };
    match fault {
        Some(fault) => Err(Refusal::field(ProblemCode::MalformedRequest, "to", fault)),
        None => Ok(Json(desk.store.transfer_report(from, to, zone).await?)),
    }
}
