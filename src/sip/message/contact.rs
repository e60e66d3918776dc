//! Contact (RFC 3261 §20.10).

use super::headers::{Typed, fault_in};
use super::scan::digits;
use super::{NameAddr, ParseError};
use std::fmt;

#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::large_enum_variant, reason = "lives for one header; the other variant is rare")]
pub enum Contact {
    /// All bindings, in a REGISTER that removes them.
    Star,
    Addr(NameAddr),
}

impl Contact {
    pub const fn addr(&self) -> Option<&NameAddr> {
        match self {
            Self::Star => None,
            Self::Addr(addr) => Some(addr),
        }
    }

    /// Seconds; `None` also when malformed.
    pub fn expires(&self) -> Option<u32> {
        digits(self.addr()?.params.get("expires")?)
    }

    /// Preference in thousandths, 0 to 1000.
    pub fn q(&self) -> Option<u16> {
        let text = self.addr()?.params.get("q")?;
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if fraction.len() > 3 || whole.len() != 1 {
            return None;
        }
        let thousandths = digits::<u16>(&format!("{fraction:0<3}"))?;
        digits::<u16>(whole)?.checked_mul(1000)?.checked_add(thousandths).filter(|q| *q <= 1000)
    }
}

impl Typed for Contact {
    const NAME: &'static str = "Contact";
    const LIST: bool = true;

    fn parse(value: &str) -> Result<Self, ParseError> {
        match value.trim() {
            "*" => Ok(Self::Star),
            addr => NameAddr::read(addr).map(Self::Addr).map_err(fault_in::<Self>),
        }
    }
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Star => f.write_str("*"),
            Self::Addr(addr) => addr.fmt(f),
        }
    }
}
