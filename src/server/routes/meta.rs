//! Paths for everybody: the contract itself, and whether the desk answers.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::server::app::Desk;
use crate::server::openapi;
use crate::server::problem::Refusal;

pub(crate) async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], openapi::document())
}

#[utoipa::path(get, path = "/healthz", tag = "meta", security(()), responses((status = 200, description = "The desk and its store answer", body = str)))]
pub(crate) async fn health(State(desk): State<Desk>) -> Result<&'static str, Refusal> {
    desk.store.ping().await?;
    Ok("ok\n")
}
