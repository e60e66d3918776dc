//! Via (RFC 3261 §20.42; rport: RFC 3581).

use super::headers::{Typed, fault_in};
use super::params::Params;
use super::scan::{Fault, digits, is_token, take_word};
use super::{Host, ParseError, uri};
use crate::transmit::Transport;
use std::fmt;
use std::net::IpAddr;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Via {
    /// As written: UDP, TCP, TLS, or one we do not speak.
    pub transport: ViaTransport,
    /// Host and port are the sent-by: part of what a transaction is matched by (§17.1.3, §17.2.3).
    pub host: Host,
    pub port: Option<u16>,
    pub params: Params,
}

/// A transport token, compared without case.
#[derive(Clone, Eq, Debug)]
pub struct ViaTransport(pub String);

impl PartialEq for ViaTransport {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl std::convert::From<Transport> for ViaTransport {
    fn from(transport: Transport) -> Self {
        Self(
            match transport {
                Transport::Udp => "UDP",
                Transport::Tcp => "TCP",
                Transport::Tls => "TLS",
            }
            .to_owned(),
        )
    }
}

impl Via {
    /// What every branch of an RFC 3261 element begins with (§8.1.1.7).
    pub const COOKIE: &'static str = "z9hG4bK";

    /// Ours, asking for rport.
    pub fn new(transport: Transport, host: Host, port: Option<u16>, branch: &str) -> Self {
        let params = Params(vec![("branch".into(), Some(branch.into())), ("rport".into(), None)]);
        Self { transport: transport.into(), host, port, params }
    }

    pub fn branch(&self) -> Option<&str> {
        self.params.get("branch")
    }

    /// Whether the branch is a transaction key by itself: the cookie and something behind it.
    pub fn has_cookie(&self) -> bool {
        let cookie = |branch: &str| {
            branch.get(..Self::COOKIE.len()).is_some_and(|c| c.eq_ignore_ascii_case(Self::COOKIE))
        };
        self.branch().is_some_and(|branch| branch.len() > Self::COOKIE.len() && cookie(branch))
    }

    /// Where the request really came from. IPv6 with or without brackets: both are seen.
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.params.get("received")?;
        text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text).parse().ok()
    }

    /// `None`: not asked for; `Some(None)`: asked for; `Some(Some(port))`: filled in.
    pub fn rport(&self) -> Option<Option<u16>> {
        self.params.has("rport").then(|| self.params.get("rport").and_then(digits))
    }

    fn read(text: &str) -> Result<Self, Fault> {
        let (name, rest) = text.split_once('/').ok_or("no protocol")?;
        let (version, rest) = rest.split_once('/').ok_or("no protocol version")?;
        if !name.trim().eq_ignore_ascii_case("SIP") || version.trim() != "2.0" {
            return Err("not SIP/2.0");
        }
        let (transport, rest) = take_word(rest.trim());
        if !is_token(transport) {
            return Err("transport is not a token");
        }
        let (sent_by, params) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
        let (host, port) = uri::parse_host_port(sent_by.trim())?;
        Ok(Self { transport: ViaTransport(transport.to_owned()), host, port, params: Params::parse(params)? })
    }
}

impl Typed for Via {
    const NAME: &'static str = "Via";
    const LIST: bool = true;

    fn parse(value: &str) -> Result<Self, ParseError> {
        Self::read(value).map_err(fault_in::<Self>)
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport.0, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.params.fmt(f)
    }
}
