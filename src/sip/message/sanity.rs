//! What every message must satisfy before anything acts on it (RFC 3261 §8.1.1, §8.2, §16.3).

use super::headers::Typed;
use super::{
    CSeq, CallId, Contact, Expires, From, Headers, MaxForwards, Method, ParseError, Request, Response,
    Scheme, StatusCode, To, Via,
};

/// Fields that may stand once (RFC 3261 §7.3.1: those whose grammar is no list); a second one is refused rather
/// than one of them chosen.
const SINGLE: [&str; 17] = [
    "Call-ID",
    "Content-Type",
    "CSeq",
    "Event",
    "Expires",
    "From",
    "Max-Forwards",
    "Min-Expires",
    "Min-SE",
    "RAck",
    "Refer-To",
    "Referred-By",
    "Replaces",
    "RSeq",
    "Session-Expires",
    "Subscription-State",
    "To",
];

pub(super) fn check_request(request: &Request) -> Result<(), (StatusCode, ParseError)> {
    let bad = |error| (StatusCode::BAD_REQUEST, error);
    let headers = &request.headers;
    check_common(headers).map_err(bad)?;
    if headers.require::<CSeq>().map_err(bad)?.method != request.method {
        return Err(bad(ParseError { field: "CSeq", fault: "method is not the request's" }));
    }
    well_formed::<MaxForwards>(headers).map_err(bad)?;
    well_formed::<Expires>(headers).map_err(bad)?;
    if names_target(&request.method) {
        headers.typed_all::<Contact>().map_err(bad)?;
    }
    if let Scheme::Other(_) = request.uri.scheme {
        let error = ParseError { field: "Request-URI", fault: "unknown scheme" };
        return Err((StatusCode::UNSUPPORTED_URI_SCHEME, error));
    }
    // RFC 3261 §19.1.1: never in a Request-URI; honouring them would let others write our headers.
    match request.uri.headers.is_empty() {
        true => Ok(()),
        false => Err(bad(ParseError { field: "Request-URI", fault: "holds headers" })),
    }
}

/// Whether later requests go to the Contact of this one (RFC 3261 §12.1.1, §12.2), or it is what the request
/// is about. A BYE is obeyed whatever its Contact looks like.
const fn names_target(method: &Method) -> bool {
    use Method::{Invite, Notify, Refer, Register, Subscribe, Update};
    matches!(method, Invite | Update | Refer | Subscribe | Notify | Register)
}

/// A response that fails is dropped; fields that only some uses read (Expires, Contact) are left to
/// those.
pub(super) fn check_response(response: &Response) -> Result<(), ParseError> {
    check_common(&response.headers)?;
    response.headers.require::<CSeq>().map(drop)
}

fn check_common(headers: &Headers) -> Result<(), ParseError> {
    for name in SINGLE {
        if headers.all(name).nth(1).is_some() {
            return Err(ParseError { field: name, fault: "more than one" });
        }
    }
    headers.require::<Via>()?;
    headers.typed_all::<Via>()?;
    headers.require::<From>()?;
    headers.require::<To>()?;
    headers.require::<CallId>().map(drop)
}

fn well_formed<H: Typed>(headers: &Headers) -> Result<(), ParseError> {
    headers.typed::<H>().map(drop)
}
