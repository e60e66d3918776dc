//! The manager's page in a real Chromium: what its people see, type and hear of, against the real desk.
//!
//! Debian's `chromium` and `chromium-driver` are driven by WebDriver (W3C), plain HTTP and JSON.

#![cfg(feature = "desk")]

mod browser;
#[allow(dead_code, reason = "shared with the examiner of desks")]
#[path = "../desk_contract/fixture.rs"]
mod fixture;
mod looks;
mod office;
mod stories;
mod together;
