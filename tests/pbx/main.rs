//! The telephone on a real PBX, judged by the other party.
//!
//! Every test starts an Asterisk of its own (`scripts/pbx`), and baresip or sipp as the people at the
//! other end; what the telephone put on the wire is read from the PBX's log and checked by `wire`.

#![expect(clippy::disallowed_methods, reason = "these tests measure a running program by the clock")]

#[path = "../support/answering_pbx.rs"]
#[allow(dead_code, reason = "shared with tests of what comes before any call")]
mod answering_pbx;
mod bad_input;
mod cards;
mod colleagues;
mod conference;
mod confirming;
mod consultation;
#[allow(dead_code, reason = "shared with tests of the window")]
mod desk;
mod devices;
mod handing_over;
mod harness;
mod in_call;
mod inbound;
mod killed;
mod matrix;
mod office;
#[path = "../support/ogg_opus.rs"]
mod ogg_opus;
mod outage;
mod outbound;
mod pbx;
mod people;
mod readme;
mod recording;
mod registering;
mod returning;
mod returning_blind;
#[path = "../support/schema.rs"]
#[allow(dead_code, reason = "shared with tests that hold whole outputs against the schema")]
mod schema;
mod signals;
mod sound;
#[path = "../support/sound_server.rs"]
mod sound_server;
mod tcp;
mod telephone;
mod time;
mod transfer;
mod two_calls;
#[path = "../support/waiting.rs"]
mod waiting;
mod watching;
mod wire;

use waiting::{now, seconds, until};
