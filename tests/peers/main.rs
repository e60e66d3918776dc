//! The telephone against parties other than an Asterisk: scripts that do what no PBX does on purpose (sipp),
//! two proxies in a row (Kamailio), and strangers who send whatever they like.
//!
//! What a scripted party saw, what the telephone said of it, and every message that went over the wire, are held
//! against each other.

#![expect(clippy::disallowed_methods, reason = "these tests measure a running program by the clock")]

#[path = "../support/answering_pbx.rs"]
#[allow(dead_code, reason = "shared with tests of what comes before any call")]
mod answering_pbx;
mod driver;
mod ends;
mod flood;
mod forks;
mod offers;
#[path = "../pbx/pbx.rs"]
#[allow(dead_code, reason = "shared with the tests on the PBX")]
mod pbx;
#[path = "../pbx/people.rs"]
#[allow(dead_code, reason = "shared with the tests on the PBX")]
mod people;
mod play;
mod proxies;
mod reliable;
#[path = "../support/schema.rs"]
#[allow(dead_code, reason = "shared with tests that hold whole outputs against the schema")]
mod schema;
#[path = "../pbx/sound.rs"]
#[allow(dead_code, reason = "shared with the tests on the PBX")]
mod sound;
#[path = "../pbx/telephone.rs"]
#[allow(dead_code, reason = "shared with the tests on the PBX")]
mod telephone;
mod timers;
mod two_hops;
#[path = "../support/waiting.rs"]
#[allow(dead_code, reason = "shared with the tests on the PBX")]
mod waiting;
#[path = "../pbx/wire/mod.rs"]
#[allow(dead_code, reason = "shared with the tests on the PBX")]
mod wire;

use waiting::{now, seconds, until};
