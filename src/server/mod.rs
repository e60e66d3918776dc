//! The order desk: HTTP API over its store.
//!
//! The contract is `desk_api`'s; the rules are `domain`'s; here are routes, roles, limits and the database.

mod app;
mod auth;
mod body;
mod changes;
mod command;
mod company;
mod examiner;
mod import;
mod listener;
mod openapi;
mod passing;
mod problem;
mod query;
mod routes;
mod sample;
mod settings;
mod store;
mod token;

pub use command::run;
pub use import::read_anyhow;
pub use sample::{DEMO_CLIENT, DEMO_PHONE};
