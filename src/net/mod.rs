//! UDP sockets, routes and names: SIP datagrams in and out, port pairs for RTP, addresses of hosts.
//!
//! What octets mean is no business of this module; it moves [`crate::transmit`]'s values.

mod name;
mod route;
mod rtp;
mod sip_socket;

pub use name::{NameFault, resolve};
pub use route::local_towards;
pub use rtp::{PortSearch, RtpPair};
pub use sip_socket::{Arrival, SipSocket};

/// Largest UDP payload; a datagram never needs a larger buffer.
pub const MAX_DATAGRAM: usize = 65_535;
