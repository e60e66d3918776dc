//! Why something happened: Reason (RFC 3326), Warning (RFC 3261 §20.43), Retry-After (§20.33).

use super::ParseError;
use super::headers::{Typed, fault_in};
use super::scan::{digits, is_token, split_top, take_quoted, take_word, write_quoted};
use std::fmt;

/// One reason; a message may give one for each protocol.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// `SIP`, `Q.850`.
    pub protocol: String,
    pub cause: Option<u16>,
    pub text: Option<String>,
}

impl Reason {
    /// Another telephone took the call: no missed one. `SIP;cause=200` (RFC 3326 §3.1), or the Q.850 cause "non-selected
    /// user clearing".
    pub fn is_completed_elsewhere(&self) -> bool {
        let says =
            |protocol, cause| self.protocol.eq_ignore_ascii_case(protocol) && self.cause == Some(cause);
        says("SIP", 200) || says("Q.850", 26)
    }
}

impl Typed for Reason {
    const NAME: &'static str = "Reason";
    const LIST: bool = true;

    fn parse(value: &str) -> Result<Self, ParseError> {
        let mut pieces = split_top(value, b';').map_err(fault_in::<Self>)?.into_iter();
        let protocol = pieces.next().unwrap_or_default();
        if !is_token(protocol) {
            return Err(fault_in::<Self>("protocol is not a token"));
        }
        let mut reason = Self { protocol: protocol.to_owned(), cause: None, text: None };
        for (name, value) in pieces.filter_map(|piece| piece.split_once('=')) {
            let value = value.trim_start();
            match name.trim_end().to_ascii_lowercase().as_str() {
                "cause" => reason.cause = digits(value),
                // Words without quotes are sent, and say as much.
                "text" => reason.text = Some(take_quoted(value).map_or(value.to_owned(), |(said, _)| said)),
                _ => {}
            }
        }
        Ok(reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.protocol)?;
        if let Some(cause) = self.cause {
            write!(f, ";cause={cause}")?;
        }
        match &self.text {
            Some(text) => {
                f.write_str(";text=")?;
                write_quoted(f, text)
            }
            None => Ok(()),
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Warning {
    /// Three digits, 300 to 399 where the sender keeps to the RFC.
    pub code: u16,
    /// Host or pseudonym of who warns.
    pub agent: String,
    pub text: String,
}

impl Typed for Warning {
    const NAME: &'static str = "Warning";
    const LIST: bool = true;

    fn parse(value: &str) -> Result<Self, ParseError> {
        let (code, rest) = take_word(value.trim());
        let (agent, text) = take_word(rest);
        let code = digits(code).filter(|_| code.len() == 3).ok_or_else(|| fault_in::<Self>("not a code"))?;
        if agent.is_empty() {
            return Err(fault_in::<Self>("no agent"));
        }
        match take_quoted(text).map_err(fault_in::<Self>)? {
            (text, "") => Ok(Self { code, agent: agent.to_owned(), text }),
            _ => Err(fault_in::<Self>("text behind the quote")),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03} {} ", self.code, self.agent)?;
        write_quoted(f, &self.text)
    }
}

/// Seconds. Comment and parameters are for people and are dropped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RetryAfter(pub u32);

impl Typed for RetryAfter {
    const NAME: &'static str = "Retry-After";
    const LIST: bool = false;

    fn parse(value: &str) -> Result<Self, ParseError> {
        let end = value.find([' ', '\t', '(', ';']).unwrap_or(value.len());
        let seconds = value.get(..end).and_then(digits);
        seconds.map(Self).ok_or_else(|| fault_in::<Self>("not a number, or too large"))
    }
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
