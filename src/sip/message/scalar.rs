//! Headers that are one number or one word: Max-Forwards, Expires, Call-ID and the like.

use super::ParseError;
use super::headers::{Typed, fault_in};
use super::scan::digits;
use std::fmt;

macro_rules! number_headers {
    ($($(#[$doc:meta])* $type:ident($number:ty) = $name:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub struct $type(pub $number);

        impl Typed for $type {
            const NAME: &'static str = $name;
            const LIST: bool = false;

            fn parse(value: &str) -> Result<Self, ParseError> {
                digits(value.trim()).map(Self).ok_or_else(|| fault_in::<Self>("not a number, or too large"))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

number_headers! {
    /// RFC 3261 §20.22.
    MaxForwards(u8) = "Max-Forwards";
    /// Seconds (RFC 3261 §20.19).
    Expires(u32) = "Expires";
    /// Seconds (RFC 3261 §20.23).
    MinExpires(u32) = "Min-Expires";
    /// RFC 3262 §7.1.
    RSeq(u32) = "RSeq";
}

/// Compared octet by octet (RFC 3261 §20.8).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CallId(pub String);

impl Typed for CallId {
    const NAME: &'static str = "Call-ID";
    const LIST: bool = false;

    fn parse(value: &str) -> Result<Self, ParseError> {
        match value.is_empty() || value.contains(char::is_whitespace) {
            true => Err(fault_in::<Self>("not a word")),
            false => Ok(Self(value.to_owned())),
        }
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
