//! Offer/answer of one call (RFC 3264) in SDP (RFC 8866): one plain audio stream, all others refused.
//!
//! Answers keep the offerer's order of codecs (RFC 3264 §6.1), so that both ends agree on the first; payload
//! types are theirs. Our own offers put the configured order first, and keep what a payload type once meant
//! in this call (§8.3.2).

mod fmtp;
mod numbers;
mod ours;
#[cfg(test)]
mod tests;
mod theirs;

use super::{Codec, Direction, EncoderSettings, StreamPlan};
use numbers::{Meaning, Numbers};
use ours::{Layout, Ours};
use std::net::SocketAddr;
use theirs::Audio;

/// What we bring to a negotiation.
#[derive(Clone, Debug)]
pub struct NegotiationConfig {
    /// Our RTP address; RTCP is the next port.
    pub local: SocketAddr,
    /// In order of preference.
    pub codecs: Vec<Codec>,
    /// What our Opus encoder is told, as far as they want it so too.
    pub opus: EncoderSettings,
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

/// Offer/answer state of one call. The version in `o=` rises with each changed description, and only then;
/// also past one that was refused, since the other party has seen it.
#[derive(Clone, Debug)]
pub struct Negotiation {
    config: NegotiationConfig,
    /// Our last offer, until it is refused or theirs comes.
    offered: Option<Ours>,
    sent: Option<Ours>,
    version: u64,
    layout: Layout,
    numbers: Numbers,
    plan: Option<StreamPlan>,
}

impl Negotiation {
    pub fn new(config: NegotiationConfig) -> Self {
        Self {
            config,
            offered: None,
            sent: None,
            version: 0,
            layout: Layout::default(),
            numbers: Numbers::default(),
            plan: None,
        }
    }

    /// A new offer with this direction, in INVITE, re-INVITE, or the 200 of a late offer.
    pub fn offer(&mut self, direction: Direction) -> Vec<u8> {
        let codecs = self.config.codecs.clone();
        let mut clocks: Vec<u32> = codecs.iter().map(|codec| codec.clock_hz()).collect();
        clocks.sort_unstable();
        clocks.dedup();
        let numbers = &mut self.numbers;
        let codecs = codecs.into_iter().map(|codec| (numbers.of(Meaning::Sound(codec)), codec)).collect();
        let events = clocks.into_iter().map(|clock| (numbers.of(Meaning::Event(clock)), clock)).collect();
        let ours = self.describe(direction, codecs, events);
        self.offered = Some(ours.clone());
        self.publish(ours)
    }

    /// Their answer to our offer. May come twice (183, then 200): the later one holds. After a fault the
    /// agreed plan stays in force.
    pub fn handle_answer(&mut self, sdp: &[u8]) -> Result<StreamPlan, SdpFault> {
        let offered = self.offered.clone().ok_or(SdpFault::NoOffer)?;
        let codecs: Vec<Codec> = offered.codecs.iter().map(|(_, codec)| *codec).collect();
        let theirs = theirs::read(sdp, &codecs)?;
        let mut plan = self.plan_for(&theirs.audio, offered.direction, Role::Answer)?;
        for own in offered.codecs {
            plan.accepted.retain(|(pt, _)| *pt != own.0);
            plan.accepted.push(own);
        }
        for (own, _) in offered.telephone_event {
            plan.telephone_event_in.retain(|pt| *pt != own);
            plan.telephone_event_in.push(own);
        }
        self.plan = Some(plan.clone());
        Ok(plan)
    }

    /// Our offer was refused or withdrawn: what was agreed before stays.
    pub fn offer_refused(&mut self) {
        self.offered = None;
    }

    /// Their offer, first or later: our answer, and what follows from it. `wish` is what we want when they
    /// offer everything (`SendOnly` while we hold). An offer of ours that is under way is forgotten. After a
    /// fault the agreed plan stays in force.
    pub fn handle_offer(&mut self, sdp: &[u8], wish: Direction) -> Result<(Vec<u8>, StreamPlan), SdpFault> {
        let theirs = theirs::read(sdp, &self.config.codecs)?;
        let plan = self.plan_for(&theirs.audio, wish, Role::Offer)?;
        self.offered = None;
        self.layout = Layout::mirror(&theirs.lines, theirs.audio.index);
        let events = theirs.audio.events_for(&theirs.audio.codecs);
        self.numbers.follow(&theirs.audio.payload_types, &theirs.audio.codecs, &events);
        let answer = self.describe(plan.direction, theirs.audio.codecs, events);
        self.plan = Some(plan.clone());
        Ok((self.publish(answer), plan))
    }

    /// Our address is another one from now on: in the plan at once, in what we describe from the next offer or
    /// answer on.
    pub fn move_to(&mut self, local: SocketAddr) {
        self.config.local = local;
        if let Some(plan) = &mut self.plan {
            plan.local = local;
        }
    }

    pub const fn local(&self) -> SocketAddr {
        self.config.local
    }

    /// The plan in force, if any.
    pub fn plan(&self) -> Option<&StreamPlan> {
        self.plan.as_ref()
    }

    fn describe(
        &self,
        direction: Direction,
        codecs: Vec<(u8, Codec)>,
        telephone_event: Vec<(u8, u32)>,
    ) -> Ours {
        let NegotiationConfig { local, session_id, opus, .. } = self.config;
        Ours { local, session_id, direction, codecs, telephone_event, opus, layout: self.layout.clone() }
    }

    fn publish(&mut self, ours: Ours) -> Vec<u8> {
        if self.sent.as_ref() != Some(&ours) {
            self.version = self.version.saturating_add(1);
        }
        let sdp = ours.write(self.version);
        self.sent = Some(ours);
        sdp
    }

    fn plan_for(&self, audio: &Audio, wish: Direction, role: Role) -> Result<StreamPlan, SdpFault> {
        let (rtp, rtcp) = self.destination(audio)?;
        let sends = wish.sends() && audio.takes_sound();
        let receives = wish.receives() && audio.direction.sends();
        // An answer to an offer that sends nothing cannot tell whether they would listen.
        let held_by_them = match (&self.plan, role == Role::Answer && !wish.sends()) {
            (Some(plan), true) => plan.held_by_them,
            _ => !audio.takes_sound(),
        };
        // `read` gives at least one common codec.
        let &(payload_type, codec) = audio.codecs.first().ok_or(SdpFault::NoCommonCodec)?;
        let own_clock = audio.events_for(&[(payload_type, codec)]).first().copied();
        Ok(StreamPlan {
            local: self.config.local,
            remote: rtp,
            remote_rtcp: rtcp,
            codec,
            payload_type,
            accepted: audio.codecs.clone(),
            encoder: match codec {
                Codec::Opus => audio.opus.encoder(&self.config.opus),
                Codec::Pcma | Codec::Pcmu | Codec::G722 => EncoderSettings::default(),
            },
            telephone_event: own_clock.map(|(pt, _)| pt),
            telephone_event_hz: own_clock.map_or(codec.clock_hz(), |(_, clock)| clock),
            telephone_event_in: audio.telephone_event.iter().map(|(pt, _)| *pt).collect(),
            direction: match (sends, receives) {
                (true, true) => Direction::SendRecv,
                (true, false) => Direction::SendOnly,
                (false, true) => Direction::RecvOnly,
                (false, false) => Direction::Inactive,
            },
            held_by_them,
            ptime_ms: audio.packet_ms(codec),
            early: false,
        })
    }

    /// Where to send. While they hold by `c=0.0.0.0` the address known before stays the one believed.
    fn destination(&self, audio: &Audio) -> Result<(SocketAddr, SocketAddr), SdpFault> {
        if !audio.rtp.ip().is_unspecified() {
            let same_version = audio.rtp.is_ipv4() == self.config.local.ip().to_canonical().is_ipv4();
            return if same_version { Ok((audio.rtp, audio.rtcp)) } else { Err(SdpFault::UnusableAddress) };
        }
        Ok(self.plan.as_ref().map_or((audio.rtp, audio.rtcp), |plan| (plan.remote, plan.remote_rtcp)))
    }
}

/// What their description is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Offer,
    Answer,
}

/// Whether an offer could be answered at all, before anybody rings (488 otherwise).
pub fn is_answerable(sdp: &[u8], codecs: &[Codec]) -> Result<(), SdpFault> {
    theirs::read(sdp, codecs).map(|_| ())
}
