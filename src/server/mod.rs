//! The order desk: HTTP API over its store.
//!
//! The contract is `desk_api`'s; the rules are `domain`'s; here are routes, roles, limits and the database.

mod app;
mod audit;
mod auth;
mod body;
mod changes;
mod command;
mod company;
mod doors;
mod examiner;
mod import;
mod listener;
mod openapi;
mod page;
mod passing;
mod password;
mod problem;
mod query;
mod reach;
mod routes;
mod sample;
mod settings;
mod store;
mod token;
mod tries;
mod typical;

pub use command::run;
pub use import::read_anyhow;
pub use sample::{DEMO_CLIENT, DEMO_PHONE};
