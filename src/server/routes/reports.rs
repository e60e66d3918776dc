//! Reports on everybody's work, for managers and above.

use axum::Json;
use axum::extract::State;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::clock;
use crate::desk_api::{FieldFault, OfferReport, Problem, ProblemCode, TransferReport, VoiceReport};
use crate::server::app::Desk;
use crate::server::auth::ReportReader;
use crate::server::problem::Refusal;
use crate::server::query::{Query, optional};

/// Days in one report at most.
const MOST_DAYS: i64 = 366;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Days {
    /// The first day (`2026-05-01`) where the office is; today unless told.
    from: Option<String>,
    /// The last day, at most a year after the first; today unless told.
    to: Option<String>,
}

impl Days {
    /// The first and the last.
    fn both(&self, zone: &TimeZone) -> Result<(Date, Date), Refusal> {
        let today = clock::wall().to_zoned(zone.clone()).date();
        let to: Date = optional(self.to.as_deref(), "to")?.unwrap_or(today);
        let from: Date = optional(self.from.as_deref(), "from")?.unwrap_or(today);
        let fault = match (to - from).get_days() {
            ..0 => FieldFault::Contradicts,
            days if i64::from(days) >= MOST_DAYS => FieldFault::TooLong,
            _ => return Ok((from, to)),
        };
        Err(Refusal::field(ProblemCode::MalformedRequest, "to", fault))
    }
}

/// What became of the clients who were passed on, for managers and above.
#[utoipa::path(get, path = "/v1/reports/transfers", tag = "reports", params(Days),
    responses((status = 200, body = TransferReport), (status = 400, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn transfers(
    State(desk): State<Desk>,
    _: ReportReader,
    Query(days): Query<Days>,
) -> Result<Json<TransferReport>, Refusal> {
    let zone = &desk.transfers.zone;
    let (from, to) = days.both(zone)?;
    Ok(Json(desk.store.transfer_report(from, to, zone).await?))
}

/// What came of the offers in orders that were placed or held, for managers and above.
#[utoipa::path(get, path = "/v1/reports/offers", tag = "reports", params(Days),
    responses((status = 200, body = OfferReport), (status = 400, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn offers(
    State(desk): State<Desk>,
    _: ReportReader,
    Query(days): Query<Days>,
) -> Result<Json<OfferReport>, Refusal> {
    let zone = &desk.transfers.zone;
    let (from, to) = days.both(zone)?;
    Ok(Json(desk.store.offer_report(from, to, zone).await?))
}

/// How operators and clients heard each other in answered calls, for managers and above.
#[utoipa::path(get, path = "/v1/reports/voice", tag = "reports", params(Days),
    responses((status = 200, body = VoiceReport), (status = 400, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn voice(
    State(desk): State<Desk>,
    _: ReportReader,
    Query(days): Query<Days>,
) -> Result<Json<VoiceReport>, Refusal> {
    let zone = &desk.transfers.zone;
    let (from, to) = days.both(zone)?;
    Ok(Json(desk.store.voice_report(from, to, zone).await?))
}
