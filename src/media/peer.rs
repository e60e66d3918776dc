//! From whom packets are believed, and to whom they go.
//!
//! Believed is the agreed address. Behind a NAT the other party speaks from the same IP address but another
//! port: it is latched to once it has spoken for [`LATCH_AFTER`] while the agreed address is silent, and
//! packets then go there as well (symmetric RTP, RFC 4961). The agreed address always wins back. Another IP
//! address is never believed: it would let anyone who guesses the port take over the call.

use crate::instant::Instant;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How long the port must have spoken before it is latched to.
const LATCH_AFTER: Duration = Duration::from_millis(200);

/// How long the believed address must have been silent, once it has spoken at all.
const SILENT_AFTER: Duration = Duration::from_secs(1);

/// Packets that a port must have sent before it is latched to.
const LATCH_PACKETS: u32 = 5;

/// The other end of the stream.
pub(super) struct Peer {
    agreed: SocketAddr,
    agreed_rtcp: SocketAddr,
    latched: Option<SocketAddr>,
    latched_rtcp: Option<SocketAddr>,
    last_heard: Option<Instant>,
    candidate: Option<Candidate>,
}

struct Candidate {
    address: SocketAddr,
    since: Instant,
    packets: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    Believed,
    /// From a port that may be latched to later.
    Unproven,
    Stranger,
}

impl Peer {
    pub fn new(agreed: SocketAddr, agreed_rtcp: SocketAddr) -> Self {
        Self { agreed, agreed_rtcp, latched: None, latched_rtcp: None, last_heard: None, candidate: None }
    }

    /// What was latched holds only for the address that it was latched under.
    pub fn agree(&mut self, agreed: SocketAddr, agreed_rtcp: SocketAddr) {
        if (self.agreed, self.agreed_rtcp) != (agreed, agreed_rtcp) {
            *self = Self::new(agreed, agreed_rtcp);
        }
    }

    /// An RTP packet came from there.
    pub fn judge(&mut self, now: Instant, from: SocketAddr) -> Source {
        let from = canonical(from);
        if from == canonical(self.agreed) {
            self.latched = None;
            return self.believe(now);
        }
        if self.latched == Some(from) {
            return self.believe(now);
        }
        if from.ip() != self.agreed.ip().to_canonical() {
            return Source::Stranger;
        }
        let candidate = match self.candidate.take() {
            Some(known) if known.address == from => {
                Candidate { packets: known.packets.saturating_add(1), ..known }
            }
            _ => Candidate { address: from, since: now, packets: 1 },
        };
        let silent = self.last_heard.is_none_or(|heard| now.since(heard) >= SILENT_AFTER);
        if silent && candidate.packets >= LATCH_PACKETS && now.since(candidate.since) >= LATCH_AFTER {
            self.latched = Some(from);
            return self.believe(now);
        }
        self.candidate = Some(candidate);
        Source::Unproven
    }

    /// RTCP is believed from the agreed IP addresses, whatever the port: it carries no sound.
    pub fn judge_rtcp(&mut self, from: SocketAddr) -> Source {
        let from = canonical(from);
        let agreed: [IpAddr; 2] = [self.agreed.ip().to_canonical(), self.agreed_rtcp.ip().to_canonical()];
        if !agreed.contains(&from.ip()) {
            return Source::Stranger;
        }
        if self.latched.is_some() {
            self.latched_rtcp = Some(from);
        }
        Source::Believed
    }

    /// Where RTP goes; `None` when the other party gave no address.
    pub fn destination(&self) -> Option<SocketAddr> {
        Some(self.latched.unwrap_or(self.agreed)).filter(is_usable)
    }

    /// Where RTCP goes.
    pub fn rtcp_destination(&self) -> Option<SocketAddr> {
        let latched = self.latched.and(self.latched_rtcp);
        Some(latched.unwrap_or(self.agreed_rtcp)).filter(is_usable)
    }

    fn believe(&mut self, now: Instant) -> Source {
        self.last_heard = Some(now);
        self.candidate = None;
        Source::Believed
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn is_usable(address: &SocketAddr) -> bool {
    !address.ip().is_unspecified() && address.port() != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn at(ms: u64) -> Instant {
        Instant::from_start(Duration::from_millis(ms))
    }

    fn peer() -> Peer {
        Peer::new(address("198.51.100.7:5000"), address("198.51.100.7:5001"))
    }

    /// One packet each 20 ms from `from`; when the first was believed.
    fn first_believed(peer: &mut Peer, from: &str, start_ms: u64) -> Option<u64> {
        (0..200).map(|n| start_ms + n * 20).find(|ms| peer.judge(at(*ms), address(from)) == Source::Believed)
    }

    #[test]
    fn agreed_address_is_believed_at_once() {
        let mut peer = peer();
        assert_eq!(peer.judge(at(0), address("198.51.100.7:5000")), Source::Believed);
        assert_eq!(peer.judge(at(0), address("[::ffff:198.51.100.7]:5000")), Source::Believed);
        assert_eq!(peer.destination(), Some(address("198.51.100.7:5000")));
    }

    #[test]
    fn port_behind_a_nat_is_latched_to_after_a_moment() {
        let mut peer = peer();
        assert_eq!(first_believed(&mut peer, "198.51.100.7:61000", 1_000), Some(1_200));
        assert_eq!(peer.destination(), Some(address("198.51.100.7:61000")));
        peer.judge_rtcp(address("198.51.100.7:61001"));
        assert_eq!(peer.rtcp_destination(), Some(address("198.51.100.7:61001")));
    }

    #[test]
    fn another_ip_address_is_never_believed() {
        let mut peer = peer();
        assert_eq!(first_believed(&mut peer, "203.0.113.66:5000", 0), None);
        assert_eq!(peer.judge_rtcp(address("203.0.113.66:5001")), Source::Stranger);
        assert_eq!(peer.destination(), Some(address("198.51.100.7:5000")));
    }

    #[test]
    fn a_second_port_cannot_take_over_while_the_agreed_one_speaks() {
        let mut peer = peer();
        for ms in (0..3_000).step_by(20) {
            assert_eq!(peer.judge(at(ms), address("198.51.100.7:5000")), Source::Believed);
            assert_eq!(peer.judge(at(ms), address("198.51.100.7:9999")), Source::Unproven);
        }
    }

    #[test]
    fn nat_that_changes_its_port_is_followed_and_the_agreed_one_wins_back() {
        let mut peer = peer();
        peer.judge(at(0), address("198.51.100.7:5000"));
        assert_eq!(first_believed(&mut peer, "198.51.100.7:61000", 100), Some(1_000));
        assert_eq!(peer.judge(at(3_000), address("198.51.100.7:5000")), Source::Believed);
        assert_eq!(peer.destination(), Some(address("198.51.100.7:5000")));
    }

    #[test]
    fn new_agreement_forgets_the_latch() {
        let mut peer = peer();
        first_believed(&mut peer, "198.51.100.7:61000", 0);
        peer.agree(address("198.51.100.7:5000"), address("198.51.100.7:5001"));
        assert_eq!(peer.destination(), Some(address("198.51.100.7:61000")), "the same one does not");
        peer.agree(address("198.51.100.8:5000"), address("198.51.100.8:5001"));
        assert_eq!(peer.destination(), Some(address("198.51.100.8:5000")));
    }

    #[test]
    fn nothing_goes_to_nowhere() {
        let peer = Peer::new(address("0.0.0.0:5000"), address("0.0.0.0:5001"));
        assert_eq!((peer.destination(), peer.rtcp_destination()), (None, None));
    }
}
