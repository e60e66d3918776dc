//! Which of our addresses the system uses towards another.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The source address of the kernel's route to `peer`. Sends nothing: connecting a UDP socket only
/// asks the routing table. Fails while no network leads there.
pub fn local_towards(peer: SocketAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match peer {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let probe = UdpSocket::bind((any, 0))?;
    probe.connect(peer)?;
    Ok(probe.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_reached_from_loopback() {
        let peer = SocketAddr::from(([127, 0, 0, 1], 5060));
        assert_eq!(local_towards(peer).unwrap(), IpAddr::from([127, 0, 0, 1]));
    }
}
