//! The examiner of an order desk: what holds here, holds for every server that calls itself one.
//!
//! Examines the project's own server, started for each test on a file of its own; or, with DESK_URL and
//! DESK_TOKENS, any other. Then come what only the own server can be asked (killed, restarted,
//! misused), and the telephone's side against servers that misbehave.

#![cfg(feature = "desk")]

#[path = "desk_contract/accounts.rs"]
mod accounts;
#[path = "desk_contract/audit.rs"]
mod audit;
#[path = "desk_contract/backup.rs"]
mod backup;
#[path = "desk_contract/calls.rs"]
mod calls;
#[path = "desk_contract/clients.rs"]
mod clients;
#[path = "desk_contract/company.rs"]
mod company;
#[path = "desk_contract/disk.rs"]
mod disk;
#[path = "desk_contract/errors.rs"]
mod errors;
#[path = "desk_contract/events.rs"]
mod events;
#[path = "desk_contract/examiner.rs"]
mod examiner;
#[path = "desk_contract/fixture.rs"]
mod fixture;
#[path = "desk_contract/handovers.rs"]
mod handovers;
#[path = "desk_contract/hostile.rs"]
mod hostile;
#[path = "desk_contract/import.rs"]
mod import;
#[path = "desk_contract/killed.rs"]
mod killed;
#[path = "desk_contract/order_outbox.rs"]
mod order_outbox;
#[path = "desk_contract/orders.rs"]
mod orders;
#[path = "desk_contract/outbox.rs"]
mod outbox;
#[path = "desk_contract/pages.rs"]
mod pages;
#[path = "desk_contract/process.rs"]
mod process;
#[path = "desk_contract/roles.rs"]
mod roles;
#[path = "desk_contract/search.rs"]
mod search;
#[path = "desk_contract/tasks.rs"]
mod tasks;
#[path = "desk_contract/telephone.rs"]
mod telephone;
#[allow(dead_code, reason = "shared with tests of the whole telephone")]
#[path = "support/tls_desk.rs"]
mod tls_desk;
#[path = "desk_contract/trade.rs"]
mod trade;
#[path = "desk_contract/transfers.rs"]
mod transfers;
