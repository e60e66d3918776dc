//! One RTP stream in each direction (RFC 3550), from packets and frames to packets and frames.

use super::{Frame, SILENCE, StreamPlan};
use crate::instant::Instant;
use crate::transmit::{Received, Transmit};

/// One RTP stream in each direction, with its RTCP.
pub struct Stream {
    _plan: StreamPlan,
}

impl Stream {
    /// The seed gives SSRC, first sequence number, first timestamp and the CNAME.
    pub fn new(_now: Instant, plan: StreamPlan, _seed: [u8; 32]) -> Self {
        Self { _plan: plan }
    }

    /// A new plan for the running stream (hold, resume, new address, answered): sequence and SSRC go on.
    pub fn apply(&mut self, _now: Instant, plan: StreamPlan) {
        self._plan = plan;
    }

    /// Whether missing or all-zero microphone frames are a fault: true for a real device that is not muted,
    /// false (as at the start) for files, null devices and a muted microphone.
    pub fn watch_microphone(&mut self, _now: Instant, _watched: bool) {}

    pub fn handle_rtp(&mut self, _now: Instant, _packet: Received) {}

    pub fn handle_rtcp(&mut self, _now: Instant, _packet: Received) {}

    /// Every 20 ms: the microphone's frame in, the earpiece's frame out. `None`: nothing to send now, silence
    /// is sent in its place.
    pub fn tick(&mut self, _now: Instant, _microphone: Option<&Frame>) -> Frame {
        SILENCE
    }

    /// Queues digits (RFC 4733) behind those under way: each 100 ms long, 100 ms apart.
    /// What is no digit ([`is_digit`]) is left out.
    pub fn send_digits(&mut self, _digits: &str) {}

    pub fn poll_output(&mut self) -> StreamOutput {
        StreamOutput::Idle
    }

    pub fn stats(&self, _now: Instant) -> StreamStats {
        StreamStats::default()
    }

    /// Says goodbye by RTCP BYE; sends nothing afterwards.
    pub fn close(&mut self, _now: Instant) {}
}

/// Whether a telephone has such a key: `0`–`9`, `*`, `#`, `A`–`D`.
pub fn is_digit(digit: char) -> bool {
    matches!(digit, '0'..='9' | '*' | '#' | 'A'..='D' | 'a'..='d')
}

/// What a stream wants done, one thing at a time until `Idle`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StreamOutput {
    /// From the RTP socket.
    Rtp(Transmit),
    /// From the RTCP socket.
    Rtcp(Transmit),
    Event(StreamEvent),
    Idle,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StreamEvent {
    /// The first packet believed. Once per stream.
    FirstPacketIn,
    /// Once per stream.
    FirstPacketOut,
    /// A digit was received, once per press.
    Digit(char),
    /// Sound is missing. Once per spell, within 3 s; not while held, inactive or early.
    NoAudio { direction: AudioDirection, cause: NoAudioCause },
    /// The spell is over.
    AudioBack { direction: AudioDirection },
}

/// As we see it: `In` is what we hear.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AudioDirection {
    In,
    Out,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoAudioCause {
    /// No packets at all.
    NothingArrives,
    /// Packets with digital silence alone, and never anything else in this call.
    OnlySilenceArrives,
    /// Packets, but from an address other than the agreed one.
    WrongSource,
    /// Packets, but of a payload type that was not agreed.
    UnknownCodec,
    /// The watched microphone gives no frames.
    NoMicrophone,
    /// The watched microphone gives zeros alone.
    SilentMicrophone,
    /// Their RTCP reports say that what we send does not arrive.
    RemoteHearsNothing,
}

/// Counts since the start of the stream, and the quality of the moment.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct StreamStats {
    pub tx_packets: u64,
    /// Believed ones alone.
    pub rx_packets: u64,
    /// Never arrived (RFC 3550 A.3).
    pub lost: u64,
    /// Arrived too late to be played.
    pub late: u64,
    /// Dropped because they came from a stranger.
    pub strangers: u64,
    /// Interarrival jitter (RFC 3550 A.8).
    pub jitter_ms: f32,
    /// From a packet's arrival to its first sample's.
    pub delay_ms: f32,
    /// Round trip, from their reports on us.
    pub rtt_ms: Option<f32>,
    /// What we hear, 1 to 4.5 (ITU-T G.107, narrow); `None` before the first packet.
    pub mos: Option<f32>,
    /// The direction whose sound is missing now; `In` if both.
    pub no_audio: Option<AudioDirection>,
}
