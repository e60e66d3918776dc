//! SIP user agent core: messages, transactions, dialogs, registration, calls, transfer (RFC 3261 and the
//! extensions named beside the code). Pure: time and seed are arguments, results are values. Bodies are
//! octets; what SDP says is `media`'s business.

mod account;
pub mod digest;
mod event;
pub mod message;
mod user_agent;

pub use account::{Account, Password, UserAgentConfig};
pub use event::{CallKey, EndedBy, Event, Failure, Invite, NotNow, Output, ProbeKey, ReferProgress, Remote};
pub use user_agent::UserAgent;
