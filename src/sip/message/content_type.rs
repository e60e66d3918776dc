//! Content-Type (RFC 3261 §20.15).

use super::headers::{Typed, fault_in};
use super::params::Params;
use super::scan::is_token;
use super::{ParseError, split_params};
use std::fmt;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContentType {
    /// `application/sdp`, in lower case.
    pub kind: String,
    pub params: Params,
}

impl ContentType {
    pub fn new(kind: &str) -> Self {
        Self { kind: kind.to_ascii_lowercase(), params: Params::default() }
    }
}

impl Typed for ContentType {
    const NAME: &'static str = "Content-Type";
    const LIST: bool = false;

    fn parse(value: &str) -> Result<Self, ParseError> {
        let (kind, params) = split_params::<Self>(value)?;
        match kind.split_once('/').map(|(main, sub)| (main.trim(), sub.trim())) {
            Some((main, sub)) if is_token(main) && is_token(sub) => {
                Ok(Self { params, ..Self::new(&format!("{main}/{sub}")) })
            }
            _ => Err(fault_in::<Self>("not a media type")),
        }
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind, self.params)
    }
}
