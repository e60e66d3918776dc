//! What SIP is sent and heard by: UDP, and connections by TCP beside it or instead of it.

use super::connections::{Connections, Word};
use super::datagrams::Datagrams;
use crate::transmit::{Hop, Received, Transmit, Transport};
use std::io;
use std::net::SocketAddr;

/// What a SIP socket hears.
#[derive(Debug)]
pub enum Arrival {
    Message(Received),
    /// The system reported that nothing listens there, or that no network leads there; or a connection that
    /// was wanted beside UDP could not be made.
    Unreachable(Hop),
    /// A connection beside UDP stood, and is gone.
    Closed(Hop),
    /// The connection to the PBX, which an account by TCP lives on, stands.
    Connected,
    /// It broke, or could not be made. The next one comes from this address.
    Disconnected {
        local: SocketAddr,
    },
}

pub struct SipSocket {
    /// None: the account is reached by TCP alone. We listen for no connection: the PBX calls over ours.
    datagrams: Option<Datagrams>,
    connections: Connections,
    local: SocketAddr,
    server: SocketAddr,
}

impl SipSocket {
    /// Port 0 in `local` takes any; a connection comes from any in any case. Needs a running tokio runtime.
    pub fn bind(transport: Transport, local: SocketAddr, server: SocketAddr) -> io::Result<Self> {
        let mut connections = Connections::from(local.ip());
        let (datagrams, local) = match transport {
            Transport::Udp => {
                let datagrams = Datagrams::bind(local, server)?;
                let local = datagrams.local();
                (Some(datagrams), local)
            }
            Transport::Tcp | Transport::Tls => (None, connections.reserve(server)?),
        };
        Ok(Self { datagrams, connections, local, server })
    }

    /// The PBX moved to another address.
    pub fn set_server(&mut self, server: SocketAddr) {
        if server == self.server {
            return;
        }
        let old = std::mem::replace(&mut self.server, server);
        match &mut self.datagrams {
            Some(datagrams) => datagrams.set_server(server),
            None => {
                self.connections.close(old);
                self.reserve();
            }
        }
    }

    /// Where the PBX reaches us: the UDP port, or our end of the connection.
    pub const fn local(&self) -> SocketAddr {
        self.local
    }

    /// Never waits. What a full send queue of UDP loses, SIP repeats; a connection holds what cannot be sent
    /// yet, and says by `recv` when it breaks.
    pub fn send(&mut self, transmit: &Transmit) -> io::Result<()> {
        match (transmit.transport, &self.datagrams) {
            (Transport::Udp, Some(datagrams)) => datagrams.send(transmit),
            (Transport::Tcp, _) => self.connections.send(transmit.to, &transmit.bytes),
            (Transport::Udp | Transport::Tls, _) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// The connection to the PBX has been silent for too long: it is not used again, and `recv` says so.
    pub fn give_up_connection(&mut self) {
        self.connections.spoil(self.server);
    }

    /// The next thing heard. Safe to drop and call again.
    pub async fn recv(&mut self) -> Arrival {
        loop {
            let (peer, word) = match &mut self.datagrams {
                Some(datagrams) => tokio::select! {
                    arrival = datagrams.recv() => return arrival,
                    heard = self.connections.next() => heard,
                },
                None => self.connections.next().await,
            };
            let ours = self.datagrams.is_none() && peer == self.server;
            match word {
                Word::Message(bytes) => {
                    let (transport, local) = (Transport::Tcp, self.local);
                    return Arrival::Message(Received { transport, from: peer, local, bytes });
                }
                Word::Connected if ours => return Arrival::Connected,
                Word::Connected => {}
                Word::Failed | Word::Broken if ours => {
                    self.reserve();
                    return Arrival::Disconnected { local: self.local };
                }
                Word::Failed => return Arrival::Unreachable(Hop { transport: Transport::Tcp, to: peer }),
                Word::Broken => return Arrival::Closed(Hop { transport: Transport::Tcp, to: peer }),
            }
        }
    }

    fn reserve(&mut self) {
        match self.connections.reserve(self.server) {
            Ok(local) => self.local = local,
            // The address is gone; what is sent from it says so, until the route has changed.
            Err(error) => tracing::debug!(%error, "no port for a connection"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::time::Duration;

    async fn heard(socket: &mut SipSocket) -> Arrival {
        tokio::time::timeout(Duration::from_secs(5), socket.recv()).await.unwrap()
    }

    #[tokio::test]
    async fn a_connection_refused_is_told_from_one_that_was_closed() {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let listener = TcpListener::bind(any).unwrap();
        let peer = listener.local_addr().unwrap();
        let large = Transmit { transport: Transport::Tcp, to: peer, bytes: vec![b'x'; 2000] };
        let mut socket = SipSocket::bind(Transport::Udp, any, peer).unwrap();
        socket.send(&large).unwrap();
        let idle = tokio::time::timeout(Duration::from_millis(50), socket.recv()).await;
        assert!(idle.is_err(), "that a connection beside UDP stands is nobody's news");
        drop(listener.accept().unwrap());
        assert!(matches!(heard(&mut socket).await, Arrival::Closed(hop) if hop.to == peer));
        drop(listener);
        socket.send(&large).unwrap();
        assert!(matches!(heard(&mut socket).await, Arrival::Unreachable(hop) if hop.to == peer));
    }
}
