//! Session-Expires and Min-SE (RFC 4028 §4, §5).

use super::headers::{Typed, fault_in};
use super::scan::digits;
use super::{ParseError, split_params};
use std::fmt;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionExpires {
    pub seconds: u32,
    /// Who sends the refreshes: not yet decided in a request that leaves it open.
    pub refresher: Option<Refresher>,
}

/// By role in the transaction that carried the header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refresher {
    Uac,
    Uas,
}

impl Typed for SessionExpires {
    const NAME: &'static str = "Session-Expires";
    const LIST: bool = false;

    fn parse(value: &str) -> Result<Self, ParseError> {
        let (seconds, params) = split_params::<Self>(value)?;
        let refresher = match params.get("refresher") {
            None => None,
            Some(role) if role.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
            Some(role) if role.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
            Some(_) => return Err(fault_in::<Self>("refresher is neither uac nor uas")),
        };
        Ok(Self { seconds: digits(seconds).ok_or_else(|| fault_in::<Self>("not a number"))?, refresher })
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refresher = match self.refresher {
            None => "",
            Some(Refresher::Uac) => ";refresher=uac",
            Some(Refresher::Uas) => ";refresher=uas",
        };
        write!(f, "{}{refresher}", self.seconds)
    }
}

/// Seconds; parameters have no meaning yet and are dropped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct MinSe(pub u32);

impl Typed for MinSe {
    const NAME: &'static str = "Min-SE";
    const LIST: bool = false;

    fn parse(value: &str) -> Result<Self, ParseError> {
        let (seconds, _) = split_params::<Self>(value)?;
        digits(seconds).map(Self).ok_or_else(|| fault_in::<Self>("not a number"))
    }
}

impl fmt::Display for MinSe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
