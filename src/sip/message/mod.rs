//! SIP messages as values: start line, headers in order, body as octets (RFC 3261 §7).

/// 100 to 699.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StatusCode(u16);
impl StatusCode {
    pub const fn new(code: u16) -> Option<Self> {
        if code >= 100 && code <= 699 { Some(Self(code)) } else { None }
    }
    pub const fn code(self) -> u16 {
        self.0
    }
}

#[derive(Clone, Debug)]
pub struct Uri {
    pub scheme: Scheme,
    pub user: Option<String>,
    pub host: Host,
    pub port: Option<u16>,
    pub params: Params,
    pub headers: Vec<(String, String)>,
}
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
    Ip(std::net::IpAddr),
}
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Params(pub Vec<(String, Option<String>)>);
#[derive(Clone, Debug)]
pub struct NameAddr {
    pub display: Option<String>,
    pub uri: Uri,
    pub params: Params,
}
