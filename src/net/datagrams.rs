//! SIP over UDP: two sockets, one that hears everybody, one connected to the PBX.
//!
//! A connected UDP socket is told when nothing listens at the other end (ICMP port unreachable); an
//! unconnected one hears the PBX's other ports and proxies. Both share one port: the kernel gives
//! the connected one what comes from the PBX's address, the other one the rest.

use super::sip_socket::Arrival;
use super::{MAX_DATAGRAM, is_unreachable, send_now};
use crate::transmit::{Hop, Received, Transmit, Transport};
use socket2::{Domain, SockAddr, SockRef, Socket, Type};
use std::io;
use std::net::SocketAddr;
use tokio::net::UdpSocket;

#[derive(Debug)]
pub struct Datagrams {
    everybody: UdpSocket,
    /// `None` on systems that do not let two sockets share the port: then an unreachable PBX is
    /// noticed by time-outs.
    pbx: Option<UdpSocket>,
    local: SocketAddr,
    server: SocketAddr,
    /// One half for each socket.
    heard: Box<[u8]>,
}

impl Datagrams {
    /// Port 0 in `local` takes any. Needs a running tokio runtime.
    pub fn bind(local: SocketAddr, server: SocketAddr) -> io::Result<Self> {
        let everybody = Socket::new(Domain::for_address(local), Type::DGRAM, None)?;
        everybody.bind(&SockAddr::from(local))?;
        let local = address_of(&everybody)?;
        // Only after binding, so that the port is ours alone before we share it with ourselves.
        everybody.set_reuse_address(true)?;
        let pbx = connected(local, server).and_then(into_tokio).ok();
        let heard = vec![0; 2 * MAX_DATAGRAM].into_boxed_slice();
        Ok(Self { everybody: into_tokio(everybody)?, pbx, local, server, heard })
    }

    /// The PBX moved to another address.
    pub fn set_server(&mut self, server: SocketAddr) {
        if server != self.server {
            self.server = server;
            self.pbx = None;
            self.pbx = connected(self.local, server).and_then(into_tokio).ok();
        }
    }

    pub const fn local(&self) -> SocketAddr {
        self.local
    }

    /// Sends at once or not at all: what a full send queue loses, SIP repeats.
    pub fn send(&self, transmit: &Transmit) -> io::Result<()> {
        match self.send_once(transmit) {
            // Left over from an earlier datagram; this one has not gone yet.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => self.send_once(transmit),
            result => result,
        }
    }

    fn send_once(&self, transmit: &Transmit) -> io::Result<()> {
        match &self.pbx {
            Some(pbx) if transmit.to == self.server => SockRef::from(pbx).send(&transmit.bytes)?,
            _ => return send_now(&self.everybody, transmit),
        };
        Ok(())
    }

    /// The next thing heard. Safe to drop and call again.
    pub async fn recv(&mut self) -> Arrival {
        let half = self.heard.len() / 2;
        let (for_everybody, for_pbx) = self.heard.split_at_mut(half);
        loop {
            let (result, bytes) = tokio::select! {
                biased;
                result = recv_connected(self.pbx.as_ref(), self.server, for_pbx) => (result, &*for_pbx),
                result = self.everybody.recv_from(for_everybody) => (result, &*for_everybody),
            };
            match result {
                Ok((length, from)) => {
                    let bytes = bytes.get(..length).unwrap_or_default().to_vec();
                    let received = Received { transport: Transport::Udp, from, local: self.local, bytes };
                    return Arrival::Message(received);
                }
                Err(error) if is_unreachable(&error) => {
                    return Arrival::Unreachable(Hop { transport: Transport::Udp, to: self.server });
                }
                // Anything else concerns a single datagram.
                Err(error) => tracing::debug!(%error, "a datagram could not be received"),
            }
        }
    }
}

async fn recv_connected(
    socket: Option<&UdpSocket>,
    server: SocketAddr,
    buffer: &mut [u8],
) -> io::Result<(usize, SocketAddr)> {
    match socket {
        Some(socket) => Ok((socket.recv(buffer).await?, server)),
        None => std::future::pending().await,
    }
}

fn connected(local: SocketAddr, server: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(local), Type::DGRAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&SockAddr::from(local))?;
    socket.connect(&SockAddr::from(server))?;
    Ok(socket)
}

fn address_of(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| io::ErrorKind::Unsupported.into())
}

fn into_tokio(socket: Socket) -> io::Result<UdpSocket> {
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn to(to: SocketAddr) -> Transmit {
        Transmit { transport: Transport::Udp, to, bytes: b"\r\n\r\n".to_vec() }
    }

    #[tokio::test]
    async fn a_closed_port_is_reported() {
        let closed = std::net::UdpSocket::bind(loopback(0)).unwrap().local_addr().unwrap();
        let mut socket = Datagrams::bind(loopback(0), closed).unwrap();
        socket.send(&to(closed)).unwrap();
        assert!(matches!(socket.recv().await, Arrival::Unreachable(hop) if hop.to == closed));
    }

    #[tokio::test]
    async fn the_pbx_and_strangers_are_both_heard_on_one_port() {
        let pbx = std::net::UdpSocket::bind(loopback(0)).unwrap();
        let stranger = std::net::UdpSocket::bind(loopback(0)).unwrap();
        let mut socket = Datagrams::bind(loopback(0), pbx.local_addr().unwrap()).unwrap();
        for peer in [&pbx, &stranger] {
            peer.send_to(b"hello", socket.local()).unwrap();
            let Arrival::Message(received) = socket.recv().await else { panic!("unreachable") };
            assert_eq!(
                (received.from, received.bytes.as_slice()),
                (peer.local_addr().unwrap(), &b"hello"[..])
            );
        }
        socket.send(&to(stranger.local_addr().unwrap())).unwrap();
        socket.send(&to(pbx.local_addr().unwrap())).unwrap();
        let mut buffer = [0; 16];
        assert_eq!(stranger.recv(&mut buffer).unwrap(), 4);
        assert_eq!(pbx.recv_from(&mut buffer).unwrap(), (4, socket.local()));
    }

    #[tokio::test]
    async fn two_programs_never_share_a_port() {
        let server = loopback(5060);
        let sockets: Vec<_> = (0..50).map(|_| Datagrams::bind(loopback(0), server).unwrap()).collect();
        let ports: std::collections::BTreeSet<u16> =
            sockets.iter().map(|socket| socket.local().port()).collect();
        assert_eq!(ports.len(), 50);
    }
}
