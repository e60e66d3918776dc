//! Path and query parameters, refused by name.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::problem::Refusal;
use crate::desk_api::{FieldFault, ProblemCode};

/// The `{id}` of the path.
pub(crate) struct PathId(pub Uuid);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let malformed = || malformed("id");
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| malformed())?;
        let id = params.iter().find(|(name, _)| *name == "id").map(|(_, value)| value);
        Uuid::parse_str(id.unwrap_or("")).map(Self).map_err(|_| malformed())
    }
}

/// The query, as texts; each route reads its own.
pub(crate) struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        if let Some(name) = with_nul(parts.uri.query().unwrap_or_default()) {
            return Err(malformed(&name));
        }
        let query = axum::extract::Query::try_from_uri(&parts.uri);
        query.map(|axum::extract::Query(value)| Self(value)).map_err(|_| malformed("query"))
    }
}

/// No text has a NUL, and not every database keeps one. A telephone with one is refused as a telephone.
fn with_nul(query: &str) -> Option<String> {
    if !query.contains("%00") {
        return None;
    }
    let url = reqwest::Url::parse(&format!("http://desk/?{query}")).ok()?;
    let mut pairs = url.query_pairs().filter(|(name, _)| name != "phone");
    pairs
        .find(|(name, value)| name.contains('\0') || value.contains('\0'))
        .map(|(name, _)| name.replace('\0', ""))
}

/// A parameter that must be readable where it is given.
pub(crate) fn optional<T: FromStr>(value: Option<&str>, name: &str) -> Result<Option<T>, Refusal> {
    value.map(|text| text.parse().map_err(|_| malformed(name))).transpose()
}

pub(crate) fn malformed(name: &str) -> Refusal {
    Refusal::field(ProblemCode::MalformedRequest, name, FieldFault::Malformed)
}
