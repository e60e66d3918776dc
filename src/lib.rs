//! Patchcord: the desktop telephone of sales operators, and the order desk behind it.

// Shared by all.
pub mod instant;
pub mod transmit;

// Words and rules.
pub mod desk_api;
pub mod domain;

// Engines: pure, each knows one protocol.
pub mod media;
pub mod sip;

// A telephone, and the operator's desk around it: pure.
pub mod agent;
pub mod phone;

// Sides: the only code that touches the world.
pub mod audio;
pub mod clock;
pub mod config;
pub mod desk;
pub mod entropy;
pub mod logging;
pub mod net;
pub mod secrets;
pub mod text;

// Top: who starts it.
pub mod cli;
#[cfg(feature = "desk")]
pub mod server;
pub mod shell;
