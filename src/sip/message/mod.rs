//! SIP messages as values: start line, headers in order, body as octets (RFC 3261 §7).
//!
//! `codec` alone sees wire octets; everything above it works on these types. Bodies stay
//! octets: this module does not know SDP. A file per header, or per small family of them.

mod address;
mod auth;
mod auto_answer;
pub mod codec;
mod contact;
mod content_type;
mod cseq;
mod event;
pub mod framer;
mod headers;
mod method;
mod params;
mod privacy;
mod reason;
mod replaces;
mod sanity;
mod scalar;
mod scan;
mod session;
mod status;
mod uri;
mod via;

pub use address::{
    Diversion, From, HistoryInfo, NameAddr, PAssertedIdentity, PPreferredIdentity, Path, RecordRoute,
    ReferTo, ReferredBy, RemotePartyId, Route, ServiceRoute, To,
};
pub(crate) use auth::auth_values;
pub use auth::{AuthParam, AuthValue, Authorization, ProxyAuthenticate, ProxyAuthorization, WwwAuthenticate};
pub use auto_answer::answer_after;
pub use contact::Contact;
pub use content_type::ContentType;
pub use cseq::{CSeq, RAck};
pub use event::{Event, SubState, SubscriptionState};
pub use headers::{Headers, Name, Typed};
pub use method::Method;
pub use params::Params;
pub use privacy::Privacy;
pub use reason::{Reason, RetryAfter, Warning};
pub use replaces::Replaces;
pub use scalar::{CallId, Expires, MaxForwards, MinExpires, RSeq};
pub use session::{MinSe, Refresher, SessionExpires};
pub use status::StatusCode;
pub use uri::{Host, Scheme, Uri};
pub use via::{Via, ViaTransport};

use std::fmt;

/// What could not be read, and where: names the field and the fault, never the value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    pub field: &'static str,
    pub fault: &'static str,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.fault)
    }
}

impl std::error::Error for ParseError {}

#[derive(Clone, PartialEq)]
pub enum Message {
    Request(Request),
    Response(Response),
}

#[derive(Clone, PartialEq)]
pub struct Request {
    pub method: Method,
    pub uri: Uri,
    pub headers: Headers,
    pub body: Vec<u8>,
}

#[derive(Clone, PartialEq)]
pub struct Response {
    pub status: StatusCode,
    pub reason: String,
    pub headers: Headers,
    pub body: Vec<u8>,
}

impl Message {
    /// The octets to send. Content-Length is written here and nowhere else.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Request(request) => request.to_bytes(),
            Self::Response(response) => response.to_bytes(),
        }
    }

    pub const fn headers(&self) -> &Headers {
        match self {
            Self::Request(request) => &request.headers,
            Self::Response(response) => &response.headers,
        }
    }

    pub fn body(&self) -> &[u8] {
        match self {
            Self::Request(request) => &request.body,
            Self::Response(response) => &response.body,
        }
    }
}

impl Request {
    pub fn new(method: Method, uri: Uri) -> Self {
        Self { method, uri, headers: Headers::default(), body: Vec::new() }
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        codec::print(&format!("{} {} SIP/2.0", self.method, self.uri), &self.headers, &self.body)
    }

    /// A response to this request with Via, From, To, Call-ID and CSeq copied, and Timestamp into a
    /// 100 (RFC 3261 §8.2.6); the To tag is the caller's to add.
    pub fn response(&self, status: StatusCode) -> Response {
        let mut response = Response::new(status);
        for via in self.headers.all("Via") {
            response.headers.push("Via", via);
        }
        let timestamp = (status == StatusCode::TRYING).then_some("Timestamp");
        for name in ["From", "To", "Call-ID", "CSeq"].into_iter().chain(timestamp) {
            if let Some(value) = self.headers.first(name) {
                response.headers.push(name, value);
            }
        }
        response
    }
}

impl Response {
    /// With the reason phrase that goes with the code.
    pub fn new(status: StatusCode) -> Self {
        let reason = status.default_reason().to_owned();
        Self { status, reason, headers: Headers::default(), body: Vec::new() }
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        codec::print(&format!("SIP/2.0 {} {}", self.status, self.reason), &self.headers, &self.body)
    }
}

/// Start line without user, header names and size: the rest is the client's, or a secret.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} {:?} {:?} {} bytes)", self.method, self.uri, self.headers, self.body.len())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({} {:?} {} bytes)", self.status, self.headers, self.body.len())
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(request) => request.fmt(f),
            Self::Response(response) => response.fmt(f),
        }
    }
}

/// What stands before the first `;`, and the parameters from there on.
fn split_params<H: Typed>(value: &str) -> Result<(&str, Params), ParseError> {
    let (first, params) = value.split_at(scan::find_top(value, b';').unwrap_or(value.len()));
    let params = Params::parse(params).map_err(headers::fault_in::<H>)?;
    Ok((first.trim(), params))
}
