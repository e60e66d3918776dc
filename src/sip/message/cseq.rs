//! CSeq (RFC 3261 §20.16) and what acknowledges a reliable provisional response: RSeq, RAck (RFC 3262 §7).

use super::headers::{Typed, fault_in};
use super::scan::{Fault, digits, take_word};
use super::{Method, ParseError};
use std::fmt;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CSeq {
    /// Below 2^31 (§8.1.1.5).
    pub seq: u32,
    pub method: Method,
}

impl CSeq {
    pub const fn new(seq: u32, method: Method) -> Self {
        Self { seq, method }
    }

    fn read(text: &str) -> Result<Self, Fault> {
        let (seq, method) = take_word(text.trim());
        let seq = sequence(seq)?;
        Ok(Self { seq, method: method.parse().map_err(|_| "no method")? })
    }
}

impl Typed for CSeq {
    const NAME: &'static str = "CSeq";
    const LIST: bool = false;

    fn parse(value: &str) -> Result<Self, ParseError> {
        Self::read(value).map_err(fault_in::<Self>)
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.seq, self.method)
    }
}

/// `RAck: response-number CSeq-number method`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RAck {
    pub rseq: u32,
    pub cseq: CSeq,
}

impl Typed for RAck {
    const NAME: &'static str = "RAck";
    const LIST: bool = false;

    fn parse(value: &str) -> Result<Self, ParseError> {
        let (rseq, cseq) = take_word(value.trim());
        let read = || Ok(Self { rseq: digits(rseq).ok_or("not a number")?, cseq: CSeq::read(cseq)? });
        read().map_err(fault_in::<Self>)
    }
}

impl fmt::Display for RAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.rseq, self.cseq)
    }
}

fn sequence(text: &str) -> Result<u32, Fault> {
    digits::<u32>(text).filter(|seq| *seq < 1 << 31).ok_or("not a number below 2^31")
}
