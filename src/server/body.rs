//! JSON bodies and command ids of writes.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::problem::Refusal;
use super::store::Command;
use crate::clock;
use crate::desk_api::{FieldFault, IDEMPOTENCY_KEY, ProblemCode};

/// A body must arrive within this time.
const BODY_TIME: Duration = Duration::from_secs(10);

/// A body of `application/json`, read.
pub(crate) struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            return Err(ProblemCode::UnsupportedMediaType.into());
        }
        let body = tokio::time::timeout(BODY_TIME, Bytes::from_request(request, state)).await;
        let body = body
            .map_err(|_| Refusal::from(ProblemCode::RequestTimeout))?
            .map_err(|error| too_large(&error))?;
        if has_nul(&body) {
            return Err(Refusal::field(ProblemCode::MalformedBody, "\\u0000", FieldFault::Malformed));
        }
        serde_json::from_slice(&body).map(Self).map_err(|error| malformed(&error))
    }
}

/// The command id of a write.
pub(crate) struct CommandId(pub Uuid);

impl<S: Send + Sync> FromRequestParts<S> for CommandId {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let header =
            parts.headers.get(IDEMPOTENCY_KEY).ok_or(Refusal::from(ProblemCode::CommandIdMissing))?;
        // The draft of the header has it as a quoted string; both are taken.
        let text = header.to_str().unwrap_or("").trim_matches('"');
        let malformed =
            || Refusal::field(ProblemCode::MalformedRequest, "Idempotency-Key", FieldFault::Malformed);
        Uuid::parse_str(text).map(Self).map_err(|_| malformed())
    }
}

impl CommandId {
    /// The command: who, what, and a digest by which a repeat is recognised.
    pub fn command<'a>(
        &self,
        person: &'a str,
        path: &str,
        content: &impl Serialize,
    ) -> Result<Command<'a>, Refusal> {
        let content = serde_json::to_vec(content).map_err(|_| Refusal::from(ProblemCode::Internal))?;
        let digest = Sha256::new().chain_update(path).chain_update([0]).chain_update(content).finalize();
        Ok(Command { id: self.0, person, digest: digest.into(), at: clock::wall() })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    value.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/json")
}

/// No text has one, and not every database keeps one. In JSON it can only be written as an escape.
fn has_nul(body: &[u8]) -> bool {
    const NUL: &[u8] = b"\\u0000";
    let places = body.windows(NUL.len()).enumerate().filter(|(_, window)| *window == NUL);
    places.into_iter().any(|(place, _)| {
        let before = body.iter().take(place).rev().take_while(|octet| **octet == b'\\');
        before.count().is_multiple_of(2)
    })
}

fn too_large(error: &BytesRejection) -> Refusal {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ProblemCode::BodyTooLarge,
        _ => ProblemCode::MalformedBody,
    }
    .into()
}

/// serde's message may quote the content, so only the place is told.
fn malformed(error: &serde_json::Error) -> Refusal {
    let place = format!("line {} column {}", error.line(), error.column());
    Refusal::field(ProblemCode::MalformedBody, &place, FieldFault::Malformed)
}
