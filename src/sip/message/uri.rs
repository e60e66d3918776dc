//! SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966).

mod escape;

use super::ParseError;
use super::params::Params;
use super::scan::{Fault, MAX_ELEMENTS, digits};
use escape::{escape, simplify, unescape, write_escaped, write_part};
use std::borrow::Cow;
use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv6Addr};

/// `sip:`, `sips:` or `tel:` URI; other schemes are kept as text so that they can be answered 416.
///
/// `user` and `password` are stored unescaped and printed escaped; parameters and headers keep
/// their escapes, so that a route goes back to its proxy as it came. `==` follows RFC 3261 §19.1.4,
/// which is not transitive: hence no `Eq`.
#[derive(Clone)]
pub struct Uri {
    pub scheme: Scheme,
    /// For `tel:` the number as written; for other schemes everything behind the colon.
    pub user: Option<String>,
    pub password: Option<String>,
    /// `Host::None` unless the scheme is `sip` or `sips`.
    pub host: Host,
    pub port: Option<u16>,
    pub params: Params,
    /// `?name=value&…`, escapes kept.
    pub headers: Vec<(String, String)>,
}

/// `?name=value&…`.
type Headers = Vec<(String, String)>;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scheme {
    Sip,
    Sips,
    Tel,
    Other(String),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Host {
    None,
    Name(String),
    Ip(IpAddr),
}

impl Uri {
    pub fn sip(user: Option<&str>, host: Host, port: Option<u16>) -> Self {
        Self {
            scheme: Scheme::Sip,
            user: user.map(str::to_owned),
            password: None,
            host,
            port,
            params: Params::default(),
            headers: Vec::new(),
        }
    }

    /// Whether a request can be sent to it: `sip:` or `sips:`.
    pub const fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// Whether the route is loose (RFC 3261 §16.12).
    pub fn is_loose(&self) -> bool {
        self.params.has("lr")
    }

    /// What a URI header says, unescaped (`Replaces` in a Refer-To).
    pub fn header(&self, name: &str) -> Option<String> {
        let (_, value) = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(unescape(value))
    }

    /// Adds a URI header, escaping what needs it.
    pub fn push_header(&mut self, name: &str, value: &str) {
        self.headers.push((escape(name), escape(value)));
    }

    fn without_parts(scheme: Scheme, user: String) -> Self {
        Self { scheme, user: Some(user), ..Self::sip(None, Host::None, None) }
    }
}

impl std::str::FromStr for Uri {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse(text).map_err(|fault| ParseError { field: "URI", fault })
    }
}

impl std::str::FromStr for Host {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse_host(text).map_err(|fault| ParseError { field: "host", fault })
    }
}

pub(crate) fn parse(text: &str) -> Result<Uri, Fault> {
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"')) {
        return Err("character that a URI cannot hold");
    }
    let (scheme, rest) = text.split_once(':').ok_or("no scheme")?;
    if !is_scheme(scheme) {
        return Err("no scheme");
    }
    match scheme.to_ascii_lowercase().as_str() {
        "sip" => parse_sip(Scheme::Sip, rest),
        "sips" => parse_sip(Scheme::Sips, rest),
        "tel" => parse_tel(rest),
        _ => Ok(Uri::without_parts(Scheme::Other(scheme.to_owned()), rest.to_owned())),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

fn parse_sip(scheme: Scheme, rest: &str) -> Result<Uri, Fault> {
    // A user part may hold ';' and '?', but no raw '@'; a URI header may hold a raw one, so the first '@'
    // ends the user part.
    let (user, password, rest) = match rest.split_once('@') {
        // `sip:@host`: some PBXs write a withheld number so. Without it, another '@' would end a user part.
        Some((info, rest)) if info.is_empty() || info.starts_with(':') => {
            (None, None, Cow::Owned(rest.replace('@', "%40")))
        }
        Some((info, rest)) => {
            let (user, password) = match info.split_once(':') {
                Some((user, password)) => (user, Some(unescape(password))),
                None => (info, None),
            };
            (Some(unescape(user)), password, Cow::Borrowed(rest))
        }
        None => (None, None, Cow::Borrowed(rest)),
    };
    let (host_port, params, headers) = parse_tail(&rest)?;
    let (host, port) = parse_host_port(host_port)?;
    Ok(Uri { scheme, user, password, host, port, params, headers })
}

fn parse_tel(rest: &str) -> Result<Uri, Fault> {
    let (number, params, headers) = parse_tail(rest)?;
    match number.is_empty() {
        true => Err("no number"),
        false => Ok(Uri { params, headers, ..Uri::without_parts(Scheme::Tel, unescape(number)) }),
    }
}

/// What stands before `;params?headers`, and those.
fn parse_tail(text: &str) -> Result<(&str, Params, Headers), Fault> {
    let (text, headers) = match text.split_once('?') {
        Some((text, headers)) => (text, parse_headers(headers)?),
        None => (text, Vec::new()),
    };
    match text.split_once(';') {
        Some((first, params)) => Ok((first, parse_params(params)?, headers)),
        None => Ok((text, Params::default(), headers)),
    }
}

/// `host[:port]`, with blanks around the colon as a Via may have them.
pub(crate) fn parse_host_port(text: &str) -> Result<(Host, Option<u16>), Fault> {
    let bracket_end = match text.starts_with('[') {
        true => text.find(']').ok_or("bracket not closed")?,
        false => 0,
    };
    let colon = text.get(bracket_end..).unwrap_or_default().find(':').map(|at| at + bracket_end);
    let Some((host, port)) = colon.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?))) else {
        return Ok((parse_host(text)?, None));
    };
    let port = digits::<u16>(port.trim_start()).filter(|port| *port != 0).ok_or("not a port")?;
    Ok((parse_host(host.trim_end())?, Some(port)))
}

/// Underscores are no part of a host name (RFC 3261 §25.1), but stand in real ones.
pub(crate) fn parse_host(text: &str) -> Result<Host, Fault> {
    if let Some(inner) = text.strip_prefix('[') {
        let address = inner.strip_suffix(']').ok_or("bracket not closed")?;
        return address.parse::<Ipv6Addr>().map(|ip| Host::Ip(ip.into())).map_err(|_| "not an IPv6 address");
    }
    if let Ok(ip) = text.parse::<std::net::Ipv4Addr>() {
        return Ok(Host::Ip(ip.into()));
    }
    if text.is_empty() || text.len() > 255 {
        return Err("no host");
    }
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    match text.bytes().all(is_name) && text.bytes().any(|b| b.is_ascii_alphanumeric()) {
        true => Ok(Host::Name(text.to_owned())),
        false => Err("not a host name"),
    }
}

fn parse_params(text: &str) -> Result<Params, Fault> {
    let mut params = Vec::new();
    for piece in text.split(';') {
        if params.len() == MAX_ELEMENTS {
            return Err("too many elements");
        }
        let (name, value) = match piece.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (piece, None),
        };
        if name.is_empty() {
            return Err("parameter without a name");
        }
        let value = value.filter(|value| !value.is_empty());
        params.push((simplify(name), value.map(simplify)));
    }
    Ok(Params(params))
}

fn parse_headers(text: &str) -> Result<Headers, Fault> {
    let mut headers = Vec::new();
    for piece in text.split('&') {
        if headers.len() == MAX_ELEMENTS {
            return Err("too many elements");
        }
        let (name, value) = piece.split_once('=').ok_or("URI header without a value")?;
        if name.is_empty() {
            return Err("URI header without a name");
        }
        headers.push((simplify(name), simplify(value)));
    }
    Ok(headers)
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scheme {
            Scheme::Other(scheme) => {
                write_part(f, scheme, b"")?;
                f.write_char(':')?;
                return write_part(f, self.user.as_deref().unwrap_or_default(), b"");
            }
            Scheme::Sip => f.write_str("sip:")?,
            Scheme::Sips => f.write_str("sips:")?,
            Scheme::Tel => f.write_str("tel:")?,
        }
        if let Some(user) = &self.user {
            // A number ends where its parameters begin; the user part of `sip:` ends at the '@'.
            write_escaped(f, user, if self.scheme == Scheme::Tel { b"&=+$," } else { b"&=+$,;?/" })?;
            if let Some(password) = &self.password {
                f.write_char(':')?;
                write_escaped(f, password, b"&=+$,")?;
            }
            if self.host != Host::None {
                f.write_char('@')?;
            }
        }
        write!(f, "{}", self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write_tail(f, self)
    }
}

fn write_tail(f: &mut fmt::Formatter<'_>, uri: &Uri) -> fmt::Result {
    // Without a user part, a raw '@' here would end one.
    let at_sign: &[u8] = if uri.user.is_some() { b"" } else { b"@" };
    for (name, value) in &uri.params.0 {
        f.write_char(';')?;
        write_part(f, name, &[b";?=", at_sign].concat())?;
        if let Some(value) = value {
            f.write_char('=')?;
            write_part(f, value, &[b";?", at_sign].concat())?;
        }
    }
    for (at, (name, value)) in uri.headers.iter().enumerate() {
        f.write_char(if at == 0 { '?' } else { '&' })?;
        write_part(f, name, &[b"&=", at_sign].concat())?;
        f.write_char('=')?;
        write_part(f, value, &[b"&", at_sign].concat())?;
    }
    Ok(())
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Name(name) => write_part(f, name, b";?@,:/"),
            Self::Ip(IpAddr::V4(ip)) => write!(f, "{ip}"),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
        }
    }
}

/// RFC 3261 §19.1.4: without a part is not the same as with its default.
impl PartialEq for Uri {
    fn eq(&self, other: &Self) -> bool {
        same_scheme(&self.scheme, &other.scheme)
            && self.user == other.user
            && self.password == other.password
            && same_host(&self.host, &other.host)
            && self.port == other.port
            && same_params(&self.params, &other.params)
            && same_headers(&self.headers, &other.headers)
    }
}

fn same_scheme(a: &Scheme, b: &Scheme) -> bool {
    match (a, b) {
        (Scheme::Other(a), Scheme::Other(b)) => a.eq_ignore_ascii_case(b),
        _ => a == b,
    }
}

fn same_host(a: &Host, b: &Host) -> bool {
    match (a, b) {
        (Host::Name(a), Host::Name(b)) => a.eq_ignore_ascii_case(b),
        _ => a == b,
    }
}

/// These count even when only one side has them; others only when both have them.
const TELLING_PARAMS: [&str; 5] = ["transport", "user", "ttl", "method", "maddr"];

fn same_params(a: &Params, b: &Params) -> bool {
    let value = |params: &Params, name: &str| params.get(name).map(str::to_ascii_lowercase);
    TELLING_PARAMS.iter().all(|name| a.has(name) == b.has(name))
        && a.0.iter().all(|(name, _)| !b.has(name) || value(a, name) == value(b, name))
}

fn same_headers(a: &[(String, String)], b: &[(String, String)]) -> bool {
    let has = |all: &[(String, String)], (name, value): &(String, String)| {
        all.iter().any(|(other, said)| other.eq_ignore_ascii_case(name) && unescape(said) == unescape(value))
    };
    a.len() == b.len() && a.iter().all(|header| has(b, header)) && b.iter().all(|header| has(a, header))
}

/// Who is called stays out of logs: scheme and host only.
impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = if self.user.is_some() { "…" } else { "" };
        write!(f, "Uri({:?} {user}@{}:{:?})", self.scheme, self.host, self.port)
    }
}
