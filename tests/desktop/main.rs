//! The desktop as it is: a key store, a notification service and an X server, each the test's own, and the program
//! beside them; and the operator's window on a whole desktop, with a real PBX behind it.
#![cfg(feature = "desktop")]
#![expect(clippy::disallowed_methods, reason = "these tests wait for running programs by the clock")]

#[allow(dead_code, reason = "shared with tests whose PBX takes calls")]
#[path = "../support/answering_pbx.rs"]
mod answering_pbx;
#[allow(dead_code, reason = "shared with the tests of the manager's page")]
#[path = "../page/browser.rs"]
mod browser;
mod day;
#[allow(dead_code, reason = "shared with tests of the telephone without a window")]
#[path = "../pbx/desk.rs"]
mod desk;
mod first_run;
mod focus;
mod hot_key;
mod key_store;
mod killed;
mod korean;
mod notices;
mod notification_service;
mod orders;
mod passing;
#[allow(dead_code, reason = "shared with tests of the telephone without a window")]
#[path = "../pbx/pbx.rs"]
mod pbx;
#[allow(dead_code, reason = "shared with tests of the telephone without a window")]
#[path = "../pbx/people.rs"]
mod people;
mod reader;
#[allow(dead_code, reason = "shared with tests that hold whole outputs against the schema")]
#[path = "../support/schema.rs"]
mod schema;
mod session;
#[allow(dead_code, reason = "shared with tests of the telephone without a window")]
#[path = "../pbx/sound.rs"]
mod sound;
#[allow(dead_code, reason = "shared with tests that pull devices")]
#[path = "../support/sound_server.rs"]
mod sound_server;
mod stage;
mod starts;
#[allow(dead_code, reason = "shared with tests of the telephone without a window")]
#[path = "../pbx/telephone.rs"]
mod telephone;
#[path = "../support/waiting.rs"]
mod waiting;
mod window;
#[allow(dead_code, reason = "shared with tests of the telephone without a window")]
#[path = "../pbx/wire/mod.rs"]
mod wire;

use waiting::{now, seconds, until};
