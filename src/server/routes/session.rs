//! Logging in to the page and out of it.

use std::net::IpAddr;

use axum::Json;
use axum::extract::{ConnectInfo, Extension, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};

use crate::clock;
use crate::desk_api::{LogIn, LoggedIn, PersonId, Problem, ProblemCode};
use crate::secrets::Secret;
use crate::server::app::Desk;
use crate::server::audit::Slip;
use crate::server::auth::{self, Caller, Shown};
use crate::server::body::JsonBody;
use crate::server::listener::Peer;
use crate::server::password;
use crate::server::problem::Refusal;
use crate::server::store::Bearer;
use crate::server::token;
use crate::server::tries::Key;

/// The page asks, not another site. Taken before the body, so that nobody else's is read.
pub(crate) struct FromPage;

impl<S: Send + Sync> FromRequestParts<S> for FromPage {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        auth::check_origin(&parts.method, &parts.headers)?;
        Ok(Self)
    }
}

/// Where a request comes from: what a proxy on this machine says, else the connection. None: this machine itself.
pub(crate) struct From(Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let peer = <ConnectInfo<Peer> as FromRequestParts<S>>::from_request_parts(parts, state).await;
        let peer = peer.ok().map(|ConnectInfo(Peer(address))| address.ip().to_canonical());
        if peer.is_some_and(|peer| !peer.is_loopback()) {
            return Ok(Self(peer));
        }
        // The last one is the proxy's own word; what stands before it anybody may have written.
        let forwarded = parts.headers.get_all("x-forwarded-for").iter().next_back();
        let last = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next());
        Ok(Self(last.and_then(|address| address.trim().parse().ok())))
    }
}

/// Begins a session for the browser: its cookie is in `Set-Cookie`. Whoever waits to be let in is told so by `Retry-After`.
#[utoipa::path(post, path = "/v1/session", tag = "session", request_body = LogIn, security(()),
    params(("patchcord-page" = String, Header, description = "`person`")),
    responses((status = 200, body = LoggedIn), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 429, body = Problem)))]
pub(crate) async fn log_in(
    State(desk): State<Desk>,
    _: FromPage,
    From(address): From,
    slip: Option<Extension<Slip>>,
    headers: HeaderMap,
    JsonBody(LogIn { person, password }): JsonBody<LogIn>,
) -> Result<impl IntoResponse, Refusal> {
    let password = Secret::new(password);
    let person = person.0.trim().to_owned();
    if person.chars().count() > password::LONGEST || password.expose().chars().count() > password::LONGEST {
        return Err(ProblemCode::LogInRefused.into());
    }
    let browser = auth::session_cookie(&headers).map(token::hash);
    let keys = match browser {
        Some(hash) if desk.store.is_known_browser(hash, &person).await? => vec![Key::Browser(hash)],
        _ => [Some(Key::Name(person.clone())), address.map(Key::address)].into_iter().flatten().collect(),
    };
    let bearer = desk.doors.let_in(&desk.store, &keys, &person, password).await;
    if let (Some(Extension(slip)), Ok(Ok(bearer)) | Ok(Err(Some(bearer)))) = (&slip, &bearer) {
        // The session's hash would tell nobody anything.
        slip.sign(bearer, Shown::Session([0; 32]));
    }
    let bearer = bearer?.map_err(|_| Refusal::from(ProblemCode::LogInRefused))?;
    let value = token::new().map_err(|_| Refusal::from(ProblemCode::Internal))?;
    desk.store.begin_session(token::hash(value.expose()), &bearer.person, clock::wall()).await?;
    if let Some(before) = browser {
        desk.store.end_session(before, clock::wall()).await?;
    }
    let cookie = auth::set_cookie(&headers, value.expose());
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Json(logged_in(&desk, bearer).await?)))
}

/// Who is logged in, or whose token it is.
#[utoipa::path(get, path = "/v1/session", tag = "session",
    responses((status = 200, body = LoggedIn), (status = 401, body = Problem)))]
pub(crate) async fn show(State(desk): State<Desk>, caller: Caller) -> Result<Json<LoggedIn>, Refusal> {
    Ok(Json(logged_in(&desk, caller.0).await?))
}

/// Ends the session at once. A token is not ended like this.
#[utoipa::path(delete, path = "/v1/session", tag = "session",
    params(("patchcord-page" = String, Header, description = "`person`")),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn log_out(State(desk): State<Desk>, caller: Caller) -> Result<StatusCode, Refusal> {
    match caller.1 {
        Shown::Token(_) => Err(ProblemCode::Forbidden.into()),
        Shown::Session(hash) => {
            desk.store.end_session(hash, clock::wall()).await?;
            Ok(StatusCode::NO_CONTENT)
        }
    }
}

async fn logged_in(desk: &Desk, Bearer { person, role }: Bearer) -> Result<LoggedIn, Refusal> {
    let person = PersonId(person);
    let directory = desk.store.directory().await?;
    let entry = directory.person(&person).cloned();
    Ok(LoggedIn { person, role, entry })
}
