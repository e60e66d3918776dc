//! Errors of the contract: problem details (RFC 9457) with a stable code and the fields at fault.

use serde::{Deserialize, Serialize};

/// The media type of every error.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error, as every route answers it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `urn:patchcord:problem:` and the code.
    #[serde(rename = "type")]
    pub problem_type: String,
    /// For people, in the language asked for.
    pub title: String,
    /// The HTTP status, once more.
    pub status: u16,
    /// What programs go by.
    pub code: ProblemCode,
    /// The parts at fault, where parts can be named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
}

impl Problem {
    /// A problem with the status of its code.
    pub fn new(code: ProblemCode, title: impl Into<String>) -> Self {
        Self {
            problem_type: format!("urn:patchcord:problem:{}", code.as_str()),
            title: title.into(),
            status: code.status(),
            code,
            fields: Vec::new(),
        }
    }

    /// The same, naming the parts at fault.
    pub fn with_fields(mut self, fields: Vec<FieldProblem>) -> Self {
        self.fields = fields;
        self
    }
}

/// One field that could not be taken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct FieldProblem {
    /// Query parameter, header or member of the body.
    pub field: String,
    /// What is wrong with it.
    pub fault: FieldFault,
}

impl FieldProblem {
    /// One part and its fault.
    pub fn new(field: &str, fault: FieldFault) -> Self {
        Self { field: field.to_owned(), fault }
    }
}

/// What is wrong with a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum FieldFault {
    /// It must be there.
    Missing,
    /// It cannot be read.
    Malformed,
    /// It has more characters or items than are taken.
    TooLong,
    /// It has too few characters.
    TooShort,
    /// Names somebody or something that does not exist.
    Unknown,
    /// Contradicts another field or the path.
    Contradicts,
    /// A fault that this version does not know.
    #[serde(other)]
    Other,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal;)*) => {
        /// What went wrong; the spelling is stable.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
        #[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
        pub enum ProblemCode {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
            /// A code that this version does not know.
            #[serde(rename = "other", other)]
            Other,
        }

        impl ProblemCode {
            /// All that this version knows.
            pub const KNOWN: &[Self] = &[$(Self::$name),*];

            /// The spelling on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* Self::Other => "other" }
            }

            /// The HTTP status it comes with.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* Self::Other => 500 }
            }
        }
    };
}

codes! {
    /// The body is not JSON, or not of this shape.
    MalformedBody = "malformed_body", 400;
    /// A query parameter, path or header cannot be read; `fields` names it.
    MalformedRequest = "malformed_request", 400;
    /// `phone` is no telephone number that could be looked up.
    BadPhone = "bad_phone", 400;
    /// A write without a command id.
    CommandIdMissing = "command_id_missing", 400;
    /// No token, or one that the desk does not know.
    TokenRefused = "token_refused", 401;
    /// Nobody can log in with this name and password.
    LogInRefused = "log_in_refused", 401;
    /// The session has ended, or never was.
    SessionEnded = "session_ended", 401;
    /// A request with a session's cookie that the page did not send.
    NotFromPage = "not_from_page", 403;
    /// The token's role may not do this.
    Forbidden = "forbidden", 403;
    /// The call belongs to another operator.
    NotYours = "not_yours", 403;
    /// No such path.
    NoSuchPath = "no_such_path", 404;
    /// Nothing has this id.
    NotFound = "not_found", 404;
    /// The path does not take this method.
    MethodNotAllowed = "method_not_allowed", 405;
    /// The request did not arrive in time.
    RequestTimeout = "request_timeout", 408;
    /// The command id was used for something else.
    CommandReused = "command_reused", 409;
    /// This revision is kept with other content.
    RevisionConflict = "revision_conflict", 409;
    /// That cannot be done to an order where it is in its life.
    OrderMovedOn = "order_moved_on", 409;
    /// The order's goods are being picked, or will be at once.
    AfterCutOff = "after_cut_off", 409;
    /// The body is larger than the desk takes.
    BodyTooLarge = "body_too_large", 413;
    /// The address is longer than the desk takes.
    UriTooLong = "uri_too_long", 414;
    /// The body is not `application/json`.
    UnsupportedMediaType = "unsupported_media_type", 415;
    /// Readable, but against the rules; `fields` says which.
    Invalid = "invalid", 422;
    /// Too many tried to log in with this name, or from this address.
    TooManyTries = "too_many_tries", 429;
    /// The desk failed.
    Internal = "internal", 500;
    /// Nobody in the desk has this number, and the company's own system cannot be asked.
    CompanySystemAway = "company_system_away", 503;
    /// The desk's disk or database takes no writes.
    StorageFailed = "storage_failed", 503;
    /// The desk cannot answer now: shutting down, or its store does not answer.
    Unavailable = "unavailable", 503;
    /// The desk's disk is full.
    StorageFull = "storage_full", 507;
}
