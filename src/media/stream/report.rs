//! What a stream tells.

use crate::media::verdict::{AudioDirection, NoAudioCause, PoorCause, Scores};
use crate::transmit::Transmit;

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
    /// What is heard is heard badly: within three seconds, or by their second report. Once per spell, and again where another cause takes
    /// the place of the first; never while sound is missing in that direction.
    PoorAudio { direction: AudioDirection, cause: PoorCause },
    /// It has been good for some seconds, or for two reports.
    GoodAudio { direction: AudioDirection },
}

/// How often the buffer between a device and the telephone did not hold what was needed of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Runs {
    /// It was empty: a gap.
    pub under: u32,
    /// So much lay in it that some had to be dropped.
    pub over: u32,
}

impl Runs {
    /// So many frames for each.
    pub(super) fn frames(self, each: u64) -> u64 {
        each * (u64::from(self.under) + u64::from(self.over))
    }
}

impl std::ops::AddAssign for Runs {
    fn add_assign(&mut self, more: Self) {
        self.under = self.under.saturating_add(more.under);
        self.over = self.over.saturating_add(more.over);
    }
}

/// Of the operator's devices, while they were this line's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DeviceFigures {
    pub microphone: Runs,
    pub earpiece: Runs,
    /// Frames of 20 ms that were neither sent nor played, since this computer came to it too late.
    pub skipped: u32,
}

/// What keeps a device from being of use, as far as the system tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeviceTrouble {
    /// Off, or down to nothing, in the system's own settings.
    Muted,
    /// The system does not let this program have it.
    Forbidden,
    /// Another program has it for itself.
    Busy,
}

/// What whoever has the operator's devices knows of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DeviceState {
    pub figures: DeviceFigures,
    pub microphone: Option<DeviceTrouble>,
    pub earpiece: Option<DeviceTrouble>,
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
    /// Of what we sent, by their last report (RFC 3550 §6.4.1).
    pub lost_there: Option<u64>,
    /// As they measure it.
    pub jitter_there_ms: Option<f32>,
    /// How well we hear them.
    pub here: Scores,
    /// How well they hear us, by their reports.
    pub there: Scores,
    /// The direction whose sound is missing now; `In` if both.
    pub no_audio: Option<AudioDirection>,
    pub devices: DeviceFigures,
}
