//! Whom a call can be passed to.

use axum::Json;
use axum::extract::State;

use crate::desk_api::Directory;
use crate::server::app::Desk;
use crate::server::auth::Caller;
use crate::server::problem::Refusal;

#[utoipa::path(get, path = "/v1/directory", tag = "directory", responses((status = 200, body = Directory)))]
pub(crate) async fn show(State(desk): State<Desk>, _: Caller) -> Result<Json<Directory>, Refusal> {
    let directory = desk.store.directory().await?;
    Ok(Json(Directory { purposes: desk.transfers.purposes.clone(), ..directory }))
}
