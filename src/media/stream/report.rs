//! What a stream tells.

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
    /// No device plays what they say.
    NoEarpiece,
    /// The watched microphone gives no frames.
    NoMicrophone,
    /// The watched microphone gives zeros alone.
    SilentMicrophone,
    /// Their RTCP reports say that what we send does not arrive.
    RemoteHearsNothing,
}

impl NoAudioCause {
    /// It is our microphone that is missing.
    pub const fn is_of_microphone(self) -> bool {
        matches!(self, Self::NoMicrophone | Self::SilentMicrophone)
    }
}

/// How often the buffer between a device and the telephone did not hold what was needed of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Runs {
    /// It was empty: a gap.
    pub under: u32,
    /// So much lay in it that some had to be dropped.
    pub over: u32,
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
    /// What we hear, over the whole call, 1 to 4.5 (ITU-T G.107); `None` before the first packet.
    pub mos: Option<f32>,
    /// What they hear of us, by their reports; `None` before the first.
    pub mos_there: Option<f32>,
    /// The direction whose sound is missing now; `In` if both.
    pub no_audio: Option<AudioDirection>,
    /// Given by who has the devices; a stream knows none.
    pub devices: DeviceFigures,
}
