//! Words and rules of the trade: numbers, clients, standing, call records. Duty numbers are those of docs/duties.md.

pub mod call_record;
pub mod call_result;
pub mod call_voice;
pub mod chain;
pub mod client;
pub mod directory;
pub mod gap;
pub mod handover;
pub mod line_state;
mod masked;
pub mod number;
pub mod offer_report;
pub mod pause;
pub mod recording;
pub mod search;
pub mod task;
pub mod trade;
pub mod transfer_report;
pub mod voice_report;

pub(crate) use masked::mask_debug;
