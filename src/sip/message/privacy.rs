//! Privacy (RFC 3323 §4.2, RFC 3325 §9.3).

use super::ParseError;
use super::headers::{Typed, fault_in};
use super::scan::is_token;
use std::fmt;

/// What is to be withheld: `id`, `user`, `header`, `session`, `none`, `critical`; in lower case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Privacy(pub Vec<String>);

impl Typed for Privacy {
    const NAME: &'static str = "Privacy";
    const LIST: bool = false;

    fn parse(value: &str) -> Result<Self, ParseError> {
        // Commas are no part of the grammar, but are sent.
        let tokens = value.split([';', ',']).map(str::trim).filter(|token| !token.is_empty());
        let read = |token: &str| is_token(token).then(|| token.to_ascii_lowercase());
        let tokens = tokens.map(read).collect::<Option<Vec<_>>>();
        tokens.map(Self).ok_or_else(|| fault_in::<Self>("not a token"))
    }
}

impl fmt::Display for Privacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(";"))
    }
}
