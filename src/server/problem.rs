//! Refusals as problem details, in the caller's language.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::store::{StoreError, Trouble, WriteError};
use crate::desk_api::{FieldFault, FieldProblem, PROBLEM_JSON, Problem, ProblemCode};
use crate::text::{Catalogue, Language, say};

/// Why a request is refused. It becomes a response twice: first with its code, then, when the language is
/// known, with its title ([`speak`]).
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    code: ProblemCode,
    fields: Vec<FieldProblem>,
    /// A token was sent, and it was no good (RFC 6750 §3.1).
    had_token: bool,
    /// Seconds after which it is worth to ask again.
    retry_after: Option<u32>,
}

impl Refusal {
    pub fn field(code: ProblemCode, field: &str, fault: FieldFault) -> Self {
        Self::fields(code, vec![FieldProblem::new(field, fault)])
    }

    pub fn fields(code: ProblemCode, fields: Vec<FieldProblem>) -> Self {
        Self { code, fields, had_token: false, retry_after: None }
    }

    pub fn token(had_token: bool) -> Self {
        Self { had_token, ..ProblemCode::TokenRefused.into() }
    }

    pub fn too_many_tries(seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..ProblemCode::TooManyTries.into() }
    }

    fn challenge(&self) -> Option<&'static str> {
        match self.code {
            ProblemCode::TokenRefused if self.had_token => {
                Some(r#"Bearer realm="patchcord", error="invalid_token""#)
            }
            // Every 401 names a way to ask (RFC 9110 §15.5.2); that of the page is none of HTTP's.
            ProblemCode::TokenRefused | ProblemCode::SessionEnded | ProblemCode::LogInRefused => {
                Some(r#"Bearer realm="patchcord""#)
            }
            ProblemCode::Forbidden | ProblemCode::NotYours => {
                Some(r#"Bearer realm="patchcord", error="insufficient_scope""#)
            }
            _ => None,
        }
    }

    fn response(&self, language: Language) -> Response {
        let problem = Problem::new(self.code, title(self.code, &Catalogue::new(language)))
            .with_fields(self.fields.clone());
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.code()));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(challenge) = self.challenge() {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

impl From<ProblemCode> for Refusal {
    fn from(code: ProblemCode) -> Self {
        Self::fields(code, Vec::new())
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        // The driver's words hold no bound values, only what the database said.
        tracing::error!(%error, "the store failed");
        match error.trouble() {
            Trouble::Away => ProblemCode::Unavailable,
            Trouble::Full => ProblemCode::StorageFull,
            Trouble::TakesNoWrites => ProblemCode::StorageFailed,
            Trouble::Ours => ProblemCode::Internal,
        }
        .into()
    }
}

impl From<WriteError> for Refusal {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::CommandReused => ProblemCode::CommandReused.into(),
            WriteError::NotYours => ProblemCode::NotYours.into(),
            WriteError::RevisionConflict => ProblemCode::RevisionConflict.into(),
            WriteError::Unknown(fields) => {
                let problems =
                    fields.into_iter().map(|field| FieldProblem::new(field, FieldFault::Unknown)).collect();
                Self::fields(ProblemCode::Invalid, problems)
            }
            WriteError::NotFound => ProblemCode::NotFound.into(),
            WriteError::NotAllowed => ProblemCode::Forbidden.into(),
            WriteError::NotNow => ProblemCode::OrderMovedOn.into(),
            WriteError::AfterCutOff => ProblemCode::AfterCutOff.into(),
            WriteError::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.response(Language::English);
        response.extensions_mut().insert(self);
        response
    }
}

/// Says a refusal in the language asked for; leaves any other response alone.
pub(crate) fn speak(mut response: Response, language: Language) -> Response {
    let Some(refusal) = response.extensions_mut().remove::<Refusal>() else { return response };
    let allow = response.headers_mut().remove(header::ALLOW);
    let mut spoken = refusal.response(language);
    if let Some(allow) = allow {
        spoken.headers_mut().insert(header::ALLOW, allow);
    }
    spoken
}

/// The first language of `Accept-Language` that we speak (RFC 9110 §12.5.4, weights aside); else English.
pub(crate) fn language_of(headers: &HeaderMap) -> Language {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let tags = accepted.split(',').map(|item| item.split(';').next().unwrap_or("").trim());
    tags.filter_map(Language::from_tag).next().unwrap_or(Language::English)
}

fn title(code: ProblemCode, cat: &Catalogue) -> String {
    match code {
        ProblemCode::MalformedBody => say!(cat, "The request's content cannot be read."),
        ProblemCode::MalformedRequest => say!(cat, "A part of the request cannot be read."),
        ProblemCode::BadPhone => say!(cat, "This is not a telephone number that can be looked up."),
        ProblemCode::CommandIdMissing => {
            say!(cat, "A write needs a command id (a UUID) in the header Idempotency-Key.")
        }
        ProblemCode::TokenRefused => say!(cat, "The desk does not know this token."),
        ProblemCode::LogInRefused => say!(cat, "Nobody can log in with this name and password."),
        ProblemCode::SessionEnded => say!(cat, "You are logged out. Log in again."),
        ProblemCode::NotFromPage => say!(cat, "This request did not come from the desk's own page."),
        ProblemCode::TooManyTries => say!(cat, "Too many tried to log in. Wait a moment, then try again."),
        ProblemCode::Forbidden => say!(cat, "This token may not do this."),
        ProblemCode::NotYours => say!(cat, "This call belongs to another operator."),
        ProblemCode::NoSuchPath => say!(cat, "There is nothing at this address."),
        ProblemCode::NotFound => say!(cat, "Nothing has this id."),
        ProblemCode::MethodNotAllowed => say!(cat, "This address does not take this method."),
        ProblemCode::RequestTimeout => say!(cat, "The request did not arrive in time."),
        ProblemCode::CommandReused => say!(cat, "This command id was used for another command."),
        ProblemCode::RevisionConflict => say!(cat, "This revision was written before with other content."),
        ProblemCode::OrderMovedOn => say!(cat, "The order has moved on; this cannot be done to it now."),
        ProblemCode::AfterCutOff => {
            say!(cat, "The time for changes is over: the goods are being picked, or will be at once.")
        }
        ProblemCode::BodyTooLarge => say!(cat, "The request is too large."),
        ProblemCode::UriTooLong => say!(cat, "The address is too long."),
        ProblemCode::UnsupportedMediaType => say!(cat, "The content must be application/json."),
        ProblemCode::Invalid => say!(cat, "The content breaks a rule; see its fields."),
        ProblemCode::CompanySystemAway => {
            say!(cat, "The company's own system cannot be asked who this is. The desk's log says why.")
        }
        ProblemCode::StorageFailed => {
            say!(
                cat,
                "The desk's disk or database takes no writes now; nothing was changed. Its log says why."
            )
        }
        ProblemCode::StorageFull => say!(cat, "The desk's disk is full; nothing was changed."),
        ProblemCode::Unavailable => say!(cat, "The desk cannot answer now. Try again."),
        ProblemCode::Internal | ProblemCode::Other => say!(cat, "The desk failed. Its log says why."),
    }
}
