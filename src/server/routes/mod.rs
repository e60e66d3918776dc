//! What each path does.

pub(super) mod calls;
pub(super) mod clients;
pub(super) mod directory;
pub(super) mod events;
pub(super) mod following;
pub(super) mod handovers;
pub(super) mod meta;
pub(super) mod orders;
pub(super) mod products;
pub(super) mod reports;
pub(super) mod session;
pub(super) mod tasks;
pub(super) mod transfers;
