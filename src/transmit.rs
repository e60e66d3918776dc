//! Bytes with addresses: all that engines and sockets share.

use std::net::SocketAddr;

/// How bytes travel (RFC 3261 §18).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl Transport {
    /// Whether the transport itself repeats what was lost: such transactions need no
    /// retransmission timers (RFC 3261 §17).
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Self::Udp)
    }
}

/// Where bytes go, and how they travel there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hop {
    pub transport: Transport,
    pub to: SocketAddr,
}

impl Hop {
    pub const fn is_reliable(self) -> bool {
        self.transport.is_reliable()
    }
}

/// Bytes that an engine wants sent. The side that owns the sockets chooses the socket by
/// transport and destination.
#[derive(Clone, PartialEq, Eq)]
pub struct Transmit {
    pub transport: Transport,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

/// Bytes that arrived, and where.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    pub transport: Transport,
    pub from: SocketAddr,
    pub local: SocketAddr,
    pub bytes: Vec<u8>,
}

/// Sizes and addresses only: payloads carry keys, digests and clients' numbers, and must not
/// reach a log by way of `{:?}`.
impl std::fmt::Debug for Transmit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transmit({:?} to {}, {} bytes)", self.transport, self.to, self.bytes.len())
    }
}

impl std::fmt::Debug for Received {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Received({:?} from {}, {} bytes)", self.transport, self.from, self.bytes.len())
    }
}
