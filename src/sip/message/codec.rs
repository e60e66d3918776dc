//! Messages from octets and to octets (RFC 3261 §7, §18.3).
//!
//! Reads one datagram, or one message that `framer` has cut out of a stream. What it hands on is sane: `sanity` has seen it. Content-Length lives on the
//! wire only: in a message, the body has its own length. Bodies are never decoded.

use super::headers::{Name, without_controls};
use super::sanity;
use super::scan::{digits, is_token};
use super::{Headers, Message, Method, ParseError, Request, Response, Scheme, StatusCode, Uri, uri};

/// The largest UDP payload fits; a telephone's messages are far smaller.
pub const MAX_MESSAGE: usize = 64 * 1024;
/// One start line or unfolded header field.
pub const MAX_LINE: usize = 8 * 1024;
pub const MAX_HEADERS: usize = 256;

/// What a datagram held.
#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::large_enum_variant, reason = "lives for one datagram; the other variant is rare")]
pub enum Parsed {
    Message(Message),
    /// Nothing but line breaks, or nothing at all (RFC 5626 §3.5.1).
    KeepAlive,
}

/// Why there is no message.
#[derive(Clone, PartialEq, Debug)]
pub enum Malformed {
    /// A request that can be answered, and with what. ACK is never here: it has no answer.
    Refuse(Box<Rejection>),
    /// A response, an ACK, a request without the fields an answer needs, or no SIP at all.
    Discard(ParseError),
}

/// A request not to be acted upon, only answered: `rejection.request.response(rejection.status)`.
#[derive(Clone, PartialEq, Debug)]
pub struct Rejection {
    /// Holds at least one Via, From, To, Call-ID and CSeq, though they need not be well-formed; no body.
    pub request: Request,
    pub status: StatusCode,
    pub error: ParseError,
}

/// Reads one datagram.
pub fn parse(bytes: &[u8]) -> Result<Parsed, Malformed> {
    let start = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
    let Some(bytes) = start.and_then(|at| bytes.get(at..)) else {
        return Ok(Parsed::KeepAlive);
    };
    if bytes.len() > MAX_MESSAGE {
        return Err(discard("message", "too long"));
    }
    let (head, rest) = split_head(bytes);
    let mut lines = Lines(head);
    let start_line = lines.next().unwrap_or_default();
    let start_line = String::from_utf8_lossy(start_line);
    let (headers, fault) = read_headers(lines);
    let fault = fault.or(rest.is_none().then_some(error("message", "no empty line behind the head")));
    match is_version(&start_line) {
        true => read_response(&start_line, headers, fault, rest.unwrap_or_default()).map(Message::Response),
        false => read_request(&start_line, headers, fault, rest.unwrap_or_default()).map(Message::Request),
    }
    .map(Parsed::Message)
}

/// Writes a head and a body. Any Content-Length among the headers gives way to the true one, and
/// no text can end its line.
pub(super) fn print(start_line: &str, headers: &Headers, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(512 + body.len());
    print_line(&mut out, &[start_line]);
    for (name, value) in headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("Content-Length")) {
        print_line(&mut out, &[name, ": ", value]);
    }
    print_line(&mut out, &["Content-Length: ", &body.len().to_string()]);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out
}

fn print_line(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend(part.bytes().map(|byte| if byte.is_ascii_control() { b' ' } else { byte }));
    }
    out.extend_from_slice(b"\r\n");
}

fn read_response(
    line: &str,
    headers: Headers,
    fault: Option<ParseError>,
    rest: &[u8],
) -> Result<Response, Malformed> {
    let (status, reason) = status_line(line).map_err(Malformed::Discard)?;
    if let Some(fault) = fault {
        return Err(Malformed::Discard(fault));
    }
    let body = cut_body(&headers, rest).map_err(Malformed::Discard)?.to_vec();
    let mut response = Response { status, reason: without_controls(reason).into_owned(), headers, body };
    sanity::check_response(&response).map_err(Malformed::Discard)?;
    response.headers.remove("Content-Length");
    Ok(response)
}

fn read_request(
    line: &str,
    headers: Headers,
    fault: Option<ParseError>,
    rest: &[u8],
) -> Result<Request, Malformed> {
    let (method, target, version) = request_line(line)?;
    let (uri, uri_fault) = match uri::parse(target) {
        Ok(uri) => (uri, None),
        Err(fault) => (unreadable(target), Some(error("Request-URI", fault))),
    };
    let mut request = Request { method, uri, headers, body: Vec::new() };
    let admitted = match version.eq_ignore_ascii_case("SIP/2.0") {
        true => admit(&request, line.len(), fault.or(uri_fault), rest),
        false => Err((StatusCode::VERSION_NOT_SUPPORTED, error("version", "not SIP/2.0"))),
    };
    match admitted {
        Ok(body) => {
            request.body = body.to_vec();
            request.headers.remove("Content-Length");
            Ok(request)
        }
        Err((status, error)) => Err(refuse(request, status, error)),
    }
}

/// The body, or what the request is to be answered with.
fn admit<'a>(
    request: &Request,
    line_length: usize,
    fault: Option<ParseError>,
    rest: &'a [u8],
) -> Result<&'a [u8], (StatusCode, ParseError)> {
    if line_length > MAX_LINE {
        return Err((StatusCode::REQUEST_URI_TOO_LONG, error("Request-URI", "too long")));
    }
    let bad = |fault| (StatusCode::BAD_REQUEST, fault);
    fault.map_or(Ok(()), Err).map_err(bad)?;
    let body = cut_body(&request.headers, rest).map_err(bad)?;
    sanity::check_request(request)?;
    Ok(body)
}

fn refuse(mut request: Request, status: StatusCode, error: ParseError) -> Malformed {
    let answerable =
        ["Via", "From", "To", "Call-ID", "CSeq"].iter().all(|name| request.headers.first(name).is_some());
    match answerable && request.method != Method::Ack {
        true => {
            request.body.clear();
            Malformed::Refuse(Box::new(Rejection { request, status, error }))
        }
        false => Malformed::Discard(error),
    }
}

/// `Method SP Request-URI SP SIP-Version`, blanks behind it ignored (RFC 4475 §3.1.2.10). A URI with blanks inside is
/// kept whole, so that the request can be answered; a line without method or version is no SIP.
fn request_line(line: &str) -> Result<(Method, &str, &str), Malformed> {
    let (method, rest) = line.split_once(' ').ok_or(discard("start line", "no SIP"))?;
    let method = method.parse::<Method>().map_err(Malformed::Discard)?;
    let (target, version) = rest.trim_end().rsplit_once(' ').ok_or(discard("start line", "no version"))?;
    match is_version(version) {
        true => Ok((method, target, version)),
        false => Err(discard("start line", "no version")),
    }
}

fn is_version(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/"))
}

fn status_line(line: &str) -> Result<(StatusCode, &str), ParseError> {
    let (version, rest) = line.split_once(' ').ok_or(error("start line", "no status"))?;
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return Err(error("version", "not SIP/2.0"));
    }
    // The blank in front of an empty reason phrase is often forgotten.
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let status = (code.len() == 3).then(|| digits(code)).flatten().and_then(StatusCode::new);
    Ok((status.ok_or(error("start line", "not a status code"))?, reason))
}

/// Stands for a Request-URI that could not be read, in a request that is only answered.
fn unreadable(target: &str) -> Uri {
    Uri { scheme: Scheme::Other("unreadable".into()), ..Uri::sip(Some(target), super::Host::None, None) }
}

/// The head with its last line break, and what follows the empty line, if there is one. Bare LF is
/// taken for a line break: some devices send it.
fn split_head(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut at = 0;
    while let Some(length) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n')) {
        let line = bytes.get(at..at + length).unwrap_or_default();
        let next = at + length + 1;
        if line.is_empty() || line == b"\r" {
            return (bytes.get(..at).unwrap_or_default(), bytes.get(next..));
        }
        at = next;
    }
    (bytes, None)
}

/// Lines without their ends.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let end = self.0.iter().position(|byte| *byte == b'\n');
        let (line, rest) = match end {
            Some(end) => (self.0.get(..end)?, self.0.get(end + 1..)?),
            None => (self.0, <&[u8]>::default()),
        };
        self.0 = rest;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// Reads as many fields as there may be, so that a bad request can still be answered, and the first
/// fault.
fn read_headers(lines: Lines<'_>) -> (Headers, Option<ParseError>) {
    let mut headers = Headers::default();
    let mut fault = None;
    let mut field = Vec::new();
    // The last, empty line closes the last field.
    for line in lines.chain(std::iter::once(&[][..])) {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            field.push(b' ');
            field.extend_from_slice(line.trim_ascii());
            continue;
        }
        if !field.is_empty() {
            // What is no UTF-8 grows when it is made readable.
            let text = String::from_utf8_lossy(&field);
            match (text.len() > MAX_LINE, headers.len() == MAX_HEADERS) {
                (true, _) => fault = fault.or(Some(error("header", "too long"))),
                (_, true) => fault = fault.or(Some(error("header", "too many"))),
                _ => read_field(&text, &mut headers),
            }
        }
        field.clear();
        field.extend_from_slice(line);
    }
    (headers, fault)
}

/// A line that is no field is left out: if a needed one is missing then, `sanity` says so; others
/// are not worth a call.
fn read_field(text: &str, headers: &mut Headers) {
    if let Some((name, value)) = text.split_once(':').filter(|(name, _)| is_token(name.trim_end())) {
        headers.push_named(Name::new(name.trim_end()), value);
    }
}

/// What Content-Length leaves of the octets behind the head; all of them without one (§18.3).
fn cut_body<'a>(headers: &Headers, rest: &'a [u8]) -> Result<&'a [u8], ParseError> {
    let length = content_length(headers)?.unwrap_or(rest.len());
    rest.get(..length).ok_or(error("Content-Length", "longer than the body"))
}

/// How many octets follow this head in a stream, where nothing else tells (§18.3).
pub(super) fn declared_length(head: &[u8]) -> Result<usize, ParseError> {
    let mut lines = Lines(head);
    let _start_line = lines.next();
    let (headers, _) = read_headers(lines);
    content_length(&headers)?.ok_or(error("Content-Length", "missing in a stream"))
}

fn content_length(headers: &Headers) -> Result<Option<usize>, ParseError> {
    let fault = |fault| error("Content-Length", fault);
    let mut length = None;
    for value in headers.all("Content-Length") {
        let said = digits::<usize>(value).ok_or(fault("not a number, or too large"))?;
        if length.is_some_and(|length| length != said) {
            return Err(fault("two that differ"));
        }
        length = Some(said);
    }
    Ok(length)
}

const fn error(field: &'static str, fault: &'static str) -> ParseError {
    ParseError { field, fault }
}

const fn discard(field: &'static str, fault: &'static str) -> Malformed {
    Malformed::Discard(error(field, fault))
}
