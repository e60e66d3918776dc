//! Voice of one call: what was agreed (SDP offer/answer, RFC 3264) and the stream that follows from it
//! (RTP, RTCP, playout, codecs, digits, quality). Pure: no sockets, no clock, no chance of its own.
//!
//! Two halves, because they live in different threads: [`Negotiation`] sits in the phone beside the SIP
//! session and turns SDP into a [`StreamPlan`]; [`Stream`] runs in the media thread and carries it out.

mod codec;
mod dtmf;
mod frame;
mod lengths;
mod level;
mod mix;
mod opinion;
mod peer;
mod playout;
pub mod process;
mod rtcp;
mod rtp;
mod sdp;
mod stand_in;
mod stream;
mod tones;
mod verdict;

pub use codec::EncoderSettings;
pub use frame::{Converter, Frame, Rate};
pub use level::{level, peak};
pub use mix::{Mixer, Relay};
pub use sdp::{Negotiation, NegotiationConfig, SdpFault, is_answerable};
pub use stand_in::StandIn;
pub use stream::{
    DeviceFigures, DeviceState, DeviceTrouble, Runs, Stream, StreamEvent, StreamOutput, StreamStats, is_digit,
};
pub use tones::{Cadence, CallTone, CallTones, MELODY, Part, Player, RECORDING};
pub use verdict::{AudioDirection, NoAudioCause, PoorCause, Scores};

use std::net::SocketAddr;

/// Codecs of this telephone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Codec {
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
    /// G.722 at 64 kbit/s: 7 kHz wide.
    G722,
    /// RFC 6716: up to 20 kHz wide, and it bears loss.
    Opus,
}

impl Codec {
    /// All of them, as offered where nothing else is wished: those of the better sound first.
    pub const ALL: [Self; 4] = [Self::Opus, Self::G722, Self::Pcma, Self::Pcmu];

    /// The encoding name of its `a=rtpmap` (RFC 3551 §6, RFC 7587 §7).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }

    /// Without `a=rtpmap` (RFC 3551 §6); `None` where one is always needed.
    pub const fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Pcma => Some(8),
            Self::Pcmu => Some(0),
            Self::G722 => Some(9),
            Self::Opus => None,
        }
    }

    /// The codec of that name, in any case of letters.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))
    }
}

/// Who speaks, as we see it: `SendOnly` is our hold, `RecvOnly` the answer to theirs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// What a stream does from now on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamPlan {
    pub local: SocketAddr,
    /// Where to send, and the only source believed until another is latched to.
    /// Its address is unspecified when the other party never named one (`c=0.0.0.0`): then nothing is sent.
    pub remote: SocketAddr,
    pub remote_rtcp: SocketAddr,
    /// The codec we send, with `payload_type`.
    pub codec: Codec,
    pub payload_type: u8,
    /// Codecs they may send, by payload type.
    pub accepted: Vec<(u8, Codec)>,
    /// What the encoder of `codec` is told.
    pub encoder: EncoderSettings,
    /// Payload type to send digits with (RFC 4733), in the clock of `codec`, if both can.
    pub telephone_event: Option<u8>,
    /// The clock that its durations are told in.
    pub telephone_event_hz: u32,
    /// Payload types under which they may send digits.
    pub telephone_event_in: Vec<u8>,
    pub direction: Direction,
    /// They put us on hold.
    pub held_by_them: bool,
    /// Length of the packets we send.
    pub ptime_ms: u32,
    /// The call is not answered yet: missing sound is then no fault. Negotiation gives `false`; who knows
    /// better sets it, and applies the plan again without it when the call is answered.
    pub early: bool,
}
