//! Who asks: the bearer token of every request (RFC 6750 §2.1).

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use super::app::Desk;
use super::problem::Refusal;
use super::store::Bearer;
use super::token;
use crate::desk_api::{ProblemCode, Role};

/// Longest token looked at, octets.
const LONGEST: usize = 512;

/// To have this value is to have shown a known token.
pub(crate) struct Caller(pub Bearer);

impl Caller {
    /// Reads calls of others.
    pub fn sees_all_calls(&self) -> bool {
        self.0.role != Role::Operator
    }

    /// Writes calls of others.
    pub fn corrects_calls(&self) -> bool {
        matches!(self.0.role, Role::Head | Role::Admin | Role::Service)
    }
}

impl FromRequestParts<Desk> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Refusal> {
        let mut headers = parts.headers.get_all(header::AUTHORIZATION).iter();
        let header = headers.next().ok_or_else(|| Refusal::token(false))?;
        // Who is two people is nobody.
        if headers.next().is_some() {
            return Err(Refusal::token(true));
        }
        let token = header.to_str().ok().and_then(bearer_token).ok_or_else(|| Refusal::token(true))?;
        match desk.store.bearer(token::hash(token)).await? {
            Some(bearer) => Ok(Self(bearer)),
            None => Err(Refusal::token(true)),
        }
    }
}

/// To have this value is to be allowed to write clients. Taken before the body, so that nobody else's is read.
pub(crate) struct DataWriter(pub Bearer);

impl FromRequestParts<Desk> for DataWriter {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Refusal> {
        let Caller(bearer) = Caller::from_request_parts(parts, desk).await?;
        match bearer.role {
            Role::Admin | Role::Service => Ok(Self(bearer)),
            Role::Operator | Role::Manager | Role::Head => Err(ProblemCode::Forbidden.into()),
        }
    }
}

/// To have this value is to be allowed to read reports on everybody's work.
pub(crate) struct ReportReader;

impl FromRequestParts<Desk> for ReportReader {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Refusal> {
        let caller = Caller::from_request_parts(parts, desk).await?;
        if caller.sees_all_calls() { Ok(Self) } else { Err(ProblemCode::Forbidden.into()) }
    }
}

fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && (1..=LONGEST).contains(&token.len())).then_some(token)
}
