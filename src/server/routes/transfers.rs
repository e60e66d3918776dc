//! Where a client goes.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use uuid::Uuid;

use crate::clock;
use crate::desk_api::{
    ClientId, ClientTypeId, Problem, ProblemCode, PurposeId, TransferChain, TransferQuestion,
};
use crate::server::app::Desk;
use crate::server::auth::Caller;
use crate::server::passing::{Asked, unknown};
use crate::server::problem::Refusal;
use crate::server::query::{Query, optional};

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
