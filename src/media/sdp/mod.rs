//! Offer/answer of one call (RFC 3264) in SDP (RFC 8866).

use super::{Codec, Direction, StreamPlan};
use std::net::SocketAddr;

/// What we bring to a negotiation.
#[derive(Clone, Debug)]
pub struct NegotiationConfig {
    /// Our RTP address; RTCP is the next port.
    pub local: SocketAddr,
    /// In order of preference.
    pub codecs: Vec<Codec>,
    /// Session id of `o=`, drawn by the caller from the seed.
    pub session_id: u64,
}

/// Why a description cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SdpFault {
    /// Theirs is not SDP; the line at fault, from 1, where known.
    Malformed { line: Option<usize> },
    /// No audio stream in it, or only with a transport that is not RTP.
    NoAudio,
    /// The audio stream was refused, or ended: port 0.
    Rejected,
    /// None of the offered codecs is ours.
    NoCommonCodec,
    /// Only with SRTP.
    Encrypted,
    /// Its address is a name, a multicast group, or of the other IP version.
    UnusableAddress,
    /// An answer, but nothing was offered: our own mistake.
    NoOffer,
}

/// Offer/answer state of one call. The version in `o=` rises with each changed description, and only then.
#[derive(Clone, Debug)]
pub struct Negotiation {
    _config: NegotiationConfig,
}

impl Negotiation {
    pub fn new(config: NegotiationConfig) -> Self {
        Self { _config: config }
    }

    /// A new offer with this direction, in INVITE, re-INVITE, or the 200 of a late offer.
    pub fn offer(&mut self, _direction: Direction) -> Vec<u8> {
        Vec::new()
    }

    /// Their answer to our offer. May come twice (183, then 200): the later one holds.
    pub fn handle_answer(&mut self, _sdp: &[u8]) -> Result<StreamPlan, SdpFault> {
        Err(SdpFault::NoAudio)
    }

    /// Our offer was refused or withdrawn: what was agreed before stays.
    pub fn offer_refused(&mut self) {}

    /// Their offer, first or later: our answer, and what follows from it. `wish` is what we want when they
    /// offer everything (`SendOnly` while we hold). After a fault the agreed plan stays in force.
    pub fn handle_offer(&mut self, _sdp: &[u8], _wish: Direction) -> Result<(Vec<u8>, StreamPlan), SdpFault> {
        Err(SdpFault::NoAudio)
    }

    /// The plan in force, if any.
    pub fn plan(&self) -> Option<&StreamPlan> {
        None
    }
}

/// Whether an offer could be answered at all, before anybody rings (488 otherwise).
pub fn is_answerable(_sdp: &[u8], _codecs: &[Codec]) -> Result<(), SdpFault> {
    Ok(())
}
