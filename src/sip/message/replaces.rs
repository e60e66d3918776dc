//! Replaces (RFC 3891 §6.1): the dialog that a new one takes the place of.

use super::headers::{Typed, fault_in};
use super::params::write_param;
use super::{ParseError, split_params};
use std::fmt;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replaces {
    pub call_id: String,
    pub to_tag: String,
    pub from_tag: String,
    /// Only while the dialog to be replaced is not confirmed.
    pub early_only: bool,
}

impl Typed for Replaces {
    const NAME: &'static str = "Replaces";
    const LIST: bool = false;

    fn parse(value: &str) -> Result<Self, ParseError> {
        let (call_id, params) = split_params::<Self>(value)?;
        if call_id.is_empty() || call_id.contains(char::is_whitespace) {
            return Err(fault_in::<Self>("no Call-ID"));
        }
        let tag = |name| params.get(name).map(str::to_owned).ok_or_else(|| fault_in::<Self>("tag missing"));
        Ok(Self {
            call_id: call_id.to_owned(),
            to_tag: tag("to-tag")?,
            from_tag: tag("from-tag")?,
            early_only: params.has("early-only"),
        })
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.call_id)?;
        write_param(f, "to-tag", Some(&self.to_tag))?;
        write_param(f, "from-tag", Some(&self.from_tag))?;
        match self.early_only {
            true => write_param(f, "early-only", None),
            false => Ok(()),
        }
    }
}
