//! The desktop as it is: a key store, a notification service and an X server, each the test's own, and the program
//! beside them.
#![cfg(feature = "desktop")]

#[allow(dead_code, reason = "shared with tests whose PBX takes calls")]
#[path = "../support/answering_pbx.rs"]
mod answering_pbx;
mod hot_key;
mod key_store;
mod notices;
mod notification_service;
mod session;
mod window;
