//! Patchcord: the desktop telephone of sales operators, and the order desk behind it.
//!
//! ```text
//! domain, desk_api      words and rules of the trade; the HTTP contract with an order desk
//! transmit, instant     what engines and the world share: bytes with addresses, a moment
//! sip, media            engines: pure, each knows one protocol
//! recording             a recorded conversation as sealed octets: pure
//! phone                 one call is one SIP session and one voice session
//! agent                 the operator's desk: intents in; effects, events and a view out
//! screen                what the operator's window shows and does, without the window
//! headset               what a headset's buttons mean and its lights show
//! net, audio, hid, desk, the sides: the only code that touches the world
//! archive, config, clock, entropy, http, secrets, logging, text, command_line
//! desktop               what stands around the window: links, key store, notifications
//! practice              a PBX of simulated people to practise with: pure, on the same engines
//! shell                 puts the parts together: one task, one media thread
//! cli, server           who looks at it: the terminal; the order desk
//! ```
//!
//! **A call rings and the card appears.** A datagram comes to [`net`]; [`shell`] adds the time; [`sip`]
//! parses it, opens transaction and dialog; [`phone`] takes a line, checks that the offer can be
//! answered, and rings; [`agent`] shows the number at once and asks for a look-up; the shell runs it:
//! cached card first, then the desk's; each answer comes back as an input. Nothing waits for it.
//!
//! **A frame of sound becomes a packet.** Every 20 ms the media thread takes a frame from its source;
//! [`media::Stream`] mutes, codes and numbers it and hands out a `Transmit`; what came in meanwhile is
//! played out at its time. The same code runs in tests on a virtual clock over a bad network.
//!
//! **A call reaches the register.** When a call rings, is answered, moves or ends, the agent gives out
//! its whole entry; [`desk`] writes it to the outbox on disk and sends it until the desk has it, once by
//! id and revision, however often anything in between goes away.
//!
//! Who may name whom is held by `tests/layers.rs`; decisions with their reasons stand in `docs/design.md`.

// Shared by all.
pub mod instant;
pub mod transmit;

// Words and rules.
pub mod desk_api;
pub mod domain;

// Engines: pure, each knows one protocol.
pub mod media;
pub mod recording;
pub mod sip;

// A telephone, and the operator's desk around it: pure.
pub mod agent;
pub mod headset;
pub mod phone;
pub mod screen;

// The other side of the line, to practise with: pure.
pub mod practice;

// Sides: the only code that touches the world.
pub mod archive;
pub mod audio;
pub mod clock;
pub mod command_line;
pub mod config;
pub mod desk;
#[cfg(feature = "desktop")]
pub mod desktop;
pub mod entropy;
pub mod hid;
mod http;
pub mod logging;
pub mod net;
pub mod secrets;
pub mod text;

// Top: who starts it.
pub mod cli;
#[cfg(feature = "desk")]
pub mod server;
pub mod shell;
#[cfg(feature = "desktop")]
pub mod window;
