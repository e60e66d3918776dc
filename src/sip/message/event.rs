//! Event and Subscription-State (RFC 6665 §8.2).

use super::headers::{Typed, fault_in};
use super::params::{Params, write_param};
use super::scan::{digits, is_token};
use super::{ParseError, split_params};
use std::fmt;

/// Which kind of news, and which subscription of it within the dialog.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    pub package: String,
    pub id: Option<String>,
    /// All others.
    pub params: Params,
}

impl Typed for Event {
    const NAME: &'static str = "Event";
    const LIST: bool = false;

    fn parse(value: &str) -> Result<Self, ParseError> {
        let (package, mut params) = split_params::<Self>(value)?;
        if !is_token(package) {
            return Err(fault_in::<Self>("package is not a token"));
        }
        let id = params.get("id").map(str::to_owned);
        params.remove("id");
        Ok(Self { package: package.to_owned(), id, params })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.package)?;
        if let Some(id) = &self.id {
            write_param(f, "id", Some(id))?;
        }
        self.params.fmt(f)
    }
}

/// Where a subscription stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SubscriptionState {
    pub state: SubState,
    /// Why it is not active: `noresource`, `timeout`, `deactivated` …
    pub reason: Option<String>,
    /// Seconds left.
    pub expires: Option<u32>,
    /// Seconds to wait before a new attempt.
    pub retry_after: Option<u32>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SubState {
    Active,
    Pending,
    Terminated,
    Other(String),
}

impl SubState {
    fn as_str(&self) -> &str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Terminated => "terminated",
            Self::Other(state) => state,
        }
    }
}

impl Typed for SubscriptionState {
    const NAME: &'static str = "Subscription-State";
    const LIST: bool = false;

    fn parse(value: &str) -> Result<Self, ParseError> {
        let (state, params) = split_params::<Self>(value)?;
        let known = [SubState::Active, SubState::Pending, SubState::Terminated];
        let state = match known.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(state)) {
            Some(known) => known,
            None if is_token(state) => SubState::Other(state.to_owned()),
            None => return Err(fault_in::<Self>("state is not a token")),
        };
        Ok(Self {
            state,
            reason: params.get("reason").map(str::to_owned),
            expires: params.get("expires").and_then(digits),
            retry_after: params.get("retry-after").and_then(digits),
        })
    }
}

impl fmt::Display for SubscriptionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.state.as_str())?;
        if let Some(expires) = self.expires {
            write!(f, ";expires={expires}")?;
        }
        if let Some(reason) = &self.reason {
            write_param(f, "reason", Some(reason))?;
        }
        match self.retry_after {
            Some(seconds) => write!(f, ";retry-after={seconds}"),
            None => Ok(()),
        }
    }
}
