//! SIP user agent core: messages, transactions, dialogs, registration, calls, transfer (RFC 3261 and the
//! extensions named beside the code). Pure: time and seed are arguments, results are values. Bodies are
//! octets; what SDP says is `media`'s business.

mod account;
mod chance;
mod core;
mod dialog;
pub mod digest;
mod event;
mod exchange;
mod invite;
pub mod message;
mod probe;
mod refer;
mod referred;
mod registration;
mod subscribe;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod timers;
mod transaction;
mod user_agent;
mod wire;

pub use self::core::mark_received;
pub use account::{Account, CallPolicy, Password, UserAgentConfig};
pub use dialog::Dialog;
pub use event::{
    CallKey, EndedBy, Event, Failure, Identity, Invite, NotNow, Output, ProbeKey, ReferAsked, ReferKey,
    ReferProgress, SubscriptionKey, SubscriptionLoss,
};
pub use exchange::Party;
pub use refer::transfer_id;
pub use subscribe::{DialogState, MessageSummary, News, Package, Presence, WatchedDialog};
#[doc(hidden)]
pub use user_agent::Load;
pub use user_agent::UserAgent;
