//! Port pairs for one call's audio: RTP on an even port, RTCP on the next (RFC 3550 §11).

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// Two bound, non-blocking sockets; closed when dropped.
#[derive(Debug)]
pub struct RtpPair {
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
    /// The RTP socket's address.
    pub local: SocketAddr,
}

/// Where to look for free pairs. Goes on behind the last pair found, so that a stray packet of the
/// last call does not meet the next one.
#[derive(Clone, Copy, Debug)]
pub struct PortSearch {
    range: Option<(u16, u16)>,
    next: u16,
}

/// Attempts to find two neighbouring free ports when any will do.
const TRIES: usize = 32;

impl PortSearch {
    /// `range`: first and last port, both included; `None` takes what the system gives.
    pub const fn new(range: Option<(u16, u16)>) -> Self {
        Self { range, next: 0 }
    }

    pub fn bind(&mut self, ip: IpAddr) -> io::Result<RtpPair> {
        match self.range {
            Some((first, last)) => self.bind_in_range(ip, first, last),
            None => bind_anywhere(ip),
        }
    }

    fn bind_in_range(&mut self, ip: IpAddr, first: u16, last: u16) -> io::Result<RtpPair> {
        let pairs: Vec<u16> = (first..last).filter(|port| port % 2 == 0).collect();
        let from = pairs.iter().position(|port| *port >= self.next).unwrap_or(0);
        let mut fault = io::Error::from(io::ErrorKind::AddrInUse);
        for port in pairs.iter().cycle().skip(from).take(pairs.len()) {
            match bind_pair(ip, *port) {
                Ok(pair) => {
                    self.next = port.saturating_add(2);
                    return Ok(pair);
                }
                Err(error) => fault = error,
            }
        }
        Err(fault)
    }
}

fn bind_anywhere(ip: IpAddr) -> io::Result<RtpPair> {
    let mut fault = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..TRIES {
        let found = UdpSocket::bind((ip, 0))?;
        let port = found.local_addr()?.port() & !1;
        drop(found);
        match bind_pair(ip, port) {
            Ok(pair) => return Ok(pair),
            Err(error) => fault = error,
        }
    }
    Err(fault)
}

fn bind_pair(ip: IpAddr, port: u16) -> io::Result<RtpPair> {
    let rtcp_port = port.checked_add(1).ok_or(io::ErrorKind::AddrNotAvailable)?;
    let rtp = UdpSocket::bind((ip, port))?;
    let rtcp = UdpSocket::bind((ip, rtcp_port))?;
    rtp.set_nonblocking(true)?;
    rtcp.set_nonblocking(true)?;
    let local = rtp.local_addr()?;
    Ok(RtpPair { rtp, rtcp, local })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn a_pair_is_even_and_odd() {
        let pair = PortSearch::new(None).bind(LOOPBACK).unwrap();
        assert_eq!(pair.local.port() % 2, 0);
        assert_eq!(pair.rtcp.local_addr().unwrap().port(), pair.local.port() + 1);
    }

    #[test]
    fn a_range_with_one_pair_gives_one_pair() {
        let free = bind_anywhere(LOOPBACK).unwrap().local.port();
        let mut search = PortSearch::new(Some((free, free + 1)));
        let pair = search.bind(LOOPBACK).unwrap();
        assert_eq!(pair.local.port(), free);
        assert!(search.bind(LOOPBACK).is_err());
        drop(pair);
        assert!(search.bind(LOOPBACK).is_ok());
    }
}
