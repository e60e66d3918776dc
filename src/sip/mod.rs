//! SIP user agent core: messages, transactions, dialogs, registration, calls, transfer. Pure.

pub mod message;
