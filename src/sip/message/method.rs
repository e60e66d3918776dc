//! Request methods (RFC 3261 §7.1 and its extensions).

use super::ParseError;
use super::scan::is_token;
use std::fmt;

/// A request method. Unknown methods are kept as they came, so that they can be answered 405 or 501.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Method {
    Invite,
    Ack,
    Bye,
    Cancel,
    Options,
    Register,
    Refer,
    Notify,
    Subscribe,
    Update,
    Info,
    Prack,
    Message,
    Publish,
    /// Methods are case-sensitive (RFC 3261 §7.1).
    Other(String),
}

impl Method {
    const KNOWN: [Self; 14] = [
        Self::Invite,
        Self::Ack,
        Self::Bye,
        Self::Cancel,
        Self::Options,
        Self::Register,
        Self::Refer,
        Self::Notify,
        Self::Subscribe,
        Self::Update,
        Self::Info,
        Self::Prack,
        Self::Message,
        Self::Publish,
    ];

    pub fn as_str(&self) -> &str {
        match self {
            Self::Invite => "INVITE",
            Self::Ack => "ACK",
            Self::Bye => "BYE",
            Self::Cancel => "CANCEL",
            Self::Options => "OPTIONS",
            Self::Register => "REGISTER",
            Self::Refer => "REFER",
            Self::Notify => "NOTIFY",
            Self::Subscribe => "SUBSCRIBE",
            Self::Update => "UPDATE",
            Self::Info => "INFO",
            Self::Prack => "PRACK",
            Self::Message => "MESSAGE",
            Self::Publish => "PUBLISH",
            Self::Other(name) => name,
        }
    }
}

impl std::str::FromStr for Method {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if let Some(known) = Self::KNOWN.iter().find(|method| method.as_str() == text) {
            return Ok(known.clone());
        }
        match is_token(text) {
            true => Ok(Self::Other(text.to_owned())),
            false => Err(ParseError { field: "method", fault: "not a token" }),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
