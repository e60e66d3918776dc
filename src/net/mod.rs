//! Sockets, routes and names: SIP in and out by UDP and TCP, port pairs for RTP, addresses of hosts.
//!
//! What octets mean is no business of this module, but for where a message ends in a stream; it moves
//! [`crate::transmit`]'s values.

mod connections;
mod datagrams;
mod name;
mod route;
mod rtp;
mod sip_socket;

pub use name::{NameFault, resolve};
pub use route::local_towards;
pub use rtp::{PortSearch, RtpPair};
pub use sip_socket::{Arrival, SipSocket};

/// Sends at once, without asking the runtime whether the socket is writable: it does not know that of
/// a socket it has just been given.
pub fn send_now(socket: &tokio::net::UdpSocket, transmit: &crate::transmit::Transmit) -> std::io::Result<()> {
    socket2::SockRef::from(socket).send_to(&transmit.bytes, &transmit.to.into())?;
    Ok(())
}

/// Whether a send or receive failed because the other end, or the way to it, is not there.
pub fn is_unreachable(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{
        ConnectionRefused, ConnectionReset, HostUnreachable, NetworkDown, NetworkUnreachable,
    };
    matches!(
        error.kind(),
        ConnectionRefused | ConnectionReset | HostUnreachable | NetworkDown | NetworkUnreachable
    )
}

/// Largest UDP payload; a datagram never needs a larger buffer.
pub const MAX_DATAGRAM: usize = 65_535;
