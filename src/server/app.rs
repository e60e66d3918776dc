//! The routes, and what holds for all of them: limits, time, errors.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use jiff::civil::Date;

use super::audit::{self, Audit};
use super::changes::Changes;
use super::company::CompanySystem;
use super::doors::Doors;
use super::page;
use super::problem::Refusal;
use super::reach::Reach;
use super::routes::{
    calls, clients, directory, events, following, handovers, meta, orders, products, reports, session, tasks,
    transfers,
};
use super::settings::{Orders, Transfers};
use super::store::{Bearer, Store};
use super::typical::Typical;
use crate::clock;
use crate::desk_api::{ProblemCode, paths};
use crate::domain::number::NumberingPlan;

/// Largest body, octets; a card with everything in it has a hundredth of that.
pub(crate) const BODY_LIMIT: usize = 256 * 1024;
/// Longest path and query, octets.
const URI_LIMIT: usize = 4096;
/// A request that took this long is answered 503; its transaction is rolled back.
const REQUEST_TIME: Duration = Duration::from_secs(15);

/// What every route works with.
#[derive(Clone)]
pub(crate) struct Desk {
    pub store: Store,
    pub plan: Arc<NumberingPlan>,
    pub transfers: Arc<Transfers>,
    pub orders: Arc<Orders>,
    pub changes: Changes,
    pub audit: Audit,
    pub typical: Typical,
    pub doors: Doors,
    /// The company's own system, where there is one to ask.
    pub company: Option<Arc<CompanySystem>>,
}

impl Desk {
    /// Where the office is.
    pub fn today(&self) -> Date {
        clock::wall().to_zoned(self.transfers.zone.clone()).date()
    }

    /// The clients that somebody follows today.
    pub async fn reach(&self, bearer: &Bearer) -> Result<Reach, Refusal> {
        Ok(Reach::of(bearer, &self.store.directory().await?, self.today()))
    }

    /// The same where a list asks for `mine` alone.
    pub async fn asked_reach(&self, bearer: &Bearer, asked: Option<&str>) -> Result<Option<Reach>, Refusal> {
        match asked {
            None => Ok(None),
            Some("mine") => self.reach(bearer).await.map(Some),
            Some(_) => Err(super::query::malformed("clients")),
        }
    }
}

pub(crate) fn router(desk: Desk) -> Router {
    Router::new()
        .route(paths::CLIENTS, get(clients::find))
        .route(paths::CLIENT, get(clients::show).put(clients::put))
        .route(paths::CLIENT_MANAGER, put(following::assign))
        .route(paths::UNASSIGNED_CLIENTS, get(following::unassigned))
        .route(paths::TERMS, get(products::terms))
        .route(paths::CLIENT_TRADE, get(products::show_trade).put(products::put_trade))
        .route(paths::PRODUCTS, get(products::find))
        .route(paths::PRODUCT, put(products::put))
        .route(paths::ORDERS, get(orders::list))
        .route(paths::ORDER, get(orders::show).put(orders::put))
        .route(paths::PLACE_ORDER, post(orders::place))
        .route(paths::ORDER_ACTS, post(orders::act))
        .route(paths::ORDER_GOODS, get(following::goods))
        .route(paths::PROSPECT, put(clients::put_prospect))
        .route(paths::TASKS, get(tasks::list))
        .route(paths::TASK, put(tasks::put))
        .route(paths::FINISH_TASK, post(tasks::finish))
        .route(paths::EVENTS, get(events::listen))
        .route(paths::DIRECTORY, get(directory::show))
        .route(paths::ABSENCES, put(following::absences))
        .route(paths::SESSION, post(session::log_in).get(session::show).delete(session::log_out))
        .route(paths::CALLS, get(calls::list))
        .route(paths::CALL, get(calls::show).put(calls::put))
        .route(paths::HANDOVERS, get(handovers::list))
        .route(paths::HANDOVER, put(handovers::put))
        .route(paths::TRANSFER_CHAIN, get(transfers::chain))
        .route(paths::TRANSFER_REPORT, get(reports::transfers))
        .route(paths::OFFER_REPORT, get(reports::offers))
        .route(paths::VOICE_REPORT, get(reports::voice))
        .route(paths::OPENAPI, get(meta::openapi))
        .route(paths::HEALTH, get(meta::health))
        .route(page::PAGE, get(page::show))
        .route(page::PART, get(page::part))
        .fallback(no_such_path)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(desk.audit.clone(), audit::note))
        .layer(middleware::from_fn(guard))
        .with_state(desk)
}

async fn no_such_path() -> Refusal {
    ProblemCode::NoSuchPath.into()
}

async fn method_not_allowed() -> Refusal {
    ProblemCode::MethodNotAllowed.into()
}

/// Around every request: the length of its address, the time it may take, the language of its errors.
async fn guard(request: Request, next: Next) -> Response {
    let language = super::problem::language_of(request.headers());
    let too_long = request.uri().path_and_query().is_some_and(|address| address.as_str().len() > URI_LIMIT);
    let response = if too_long {
        Refusal::from(ProblemCode::UriTooLong).into_response()
    } else {
        match tokio::time::timeout(REQUEST_TIME, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Refusal::from(ProblemCode::Unavailable).into_response(),
        }
    };
    let mut response = super::problem::speak(response, language);
    for (name, value) in PLAIN {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// What a browser is told about every answer: client data is kept nowhere, and nothing of it is a page, a script or a part of
/// another site.
const PLAIN: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];
