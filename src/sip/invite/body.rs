//! The one kind of body that sessions are made of: `application/sdp`, as octets.

use crate::sip::message::{ContentType, Headers};

pub const SDP: &str = "application/sdp";

/// A body that we do not understand: answered 415.
#[derive(PartialEq, Eq, Debug)]
pub struct Foreign;

/// The session description, when there is one.
pub fn session(headers: &Headers, body: &[u8]) -> Result<Option<Vec<u8>>, Foreign> {
    if body.is_empty() {
        return Ok(None);
    }
    let encoded = headers.tokens("Content-Encoding").any(|coding| !coding.eq_ignore_ascii_case("identity"));
    match headers.typed::<ContentType>() {
        Ok(Some(kind)) if kind.kind == SDP && !encoded => Ok(Some(body.to_vec())),
        _ => Err(Foreign),
    }
}

pub fn attach(headers: &mut Headers, body: &mut Vec<u8>, session: Vec<u8>) {
    headers.set(&ContentType::new(SDP));
    *body = session;
}
