//! What harms a voice, what it is called, and what helps.

use crate::text::msg;

/// As we see it: `In` is what we hear.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AudioDirection {
    In,
    Out,
}

/// Why nothing is heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoAudioCause {
    /// No packet has come in this call.
    NothingArrives,
    /// Packets came, and come no more.
    ArrivalStopped,
    /// Packets with digital silence alone, and never anything else in this call.
    OnlySilenceArrives,
    /// Packets, but from an address other than the agreed one.
    WrongSource,
    /// Packets, but of a payload type that was not agreed.
    UnknownCodec,
    /// Packets of an agreed payload type, with what SRTP appends.
    Encrypted,
    /// No device plays what they say.
    NoEarpiece,
    EarpieceMuted,
    EarpieceForbidden,
    EarpieceBusy,
    /// The watched microphone gives no frames.
    NoMicrophone,
    /// The watched microphone gives zeros alone.
    SilentMicrophone,
    MicrophoneMuted,
    MicrophoneForbidden,
    MicrophoneBusy,
    /// Their RTCP reports say that what we send does not arrive.
    RemoteHearsNothing,
}

impl NoAudioCause {
    /// It is our microphone that is missing.
    pub const fn is_of_microphone(self) -> bool {
        matches!(
            self,
            Self::NoMicrophone
                | Self::SilentMicrophone
                | Self::MicrophoneMuted
                | Self::MicrophoneForbidden
                | Self::MicrophoneBusy
        )
    }

    /// One plain word of the contracts.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NothingArrives => "nothing_arrives",
            Self::ArrivalStopped => "arrival_stopped",
            Self::OnlySilenceArrives => "only_silence_arrives",
            Self::WrongSource => "wrong_source",
            Self::UnknownCodec => "unknown_codec",
            Self::Encrypted => "encrypted",
            Self::NoEarpiece => "no_earpiece",
            Self::EarpieceMuted => "earpiece_muted",
            Self::EarpieceForbidden => "earpiece_forbidden",
            Self::EarpieceBusy => "earpiece_busy",
            Self::NoMicrophone => "no_microphone",
            Self::SilentMicrophone => "silent_microphone",
            Self::MicrophoneMuted => "microphone_muted",
            Self::MicrophoneForbidden => "microphone_forbidden",
            Self::MicrophoneBusy => "microphone_busy",
            Self::RemoteHearsNothing => "remote_hears_nothing",
        }
    }

    /// To stand behind "You hear nothing:", or "Nobody hears you:".
    pub const fn words(self) -> &'static str {
        match self {
            Self::NothingArrives => msg!("no audio comes from the other side."),
            Self::ArrivalStopped => msg!("the audio from the other side has stopped."),
            Self::OnlySilenceArrives => msg!("only silence comes from the other side."),
            Self::WrongSource => msg!("audio comes from an address that was not agreed, and is not played."),
            Self::UnknownCodec => msg!("audio comes in a codec that was not agreed."),
            Self::Encrypted => {
                msg!("audio comes encrypted (SRTP), which was not agreed, and is not played.")
            }
            Self::NoEarpiece => msg!("no earpiece plays what the other side says."),
            Self::EarpieceMuted => msg!("the earpiece is muted in the system's sound settings."),
            Self::EarpieceForbidden => msg!("the system does not let this program use the earpiece."),
            Self::EarpieceBusy => msg!("another program holds the earpiece."),
            Self::NoMicrophone => msg!("the microphone gives nothing."),
            Self::SilentMicrophone => msg!("the microphone gives only silence."),
            Self::MicrophoneMuted => msg!("the microphone is muted in the system's sound settings."),
            Self::MicrophoneForbidden => msg!("the system does not let this program use the microphone."),
            Self::MicrophoneBusy => msg!("another program holds the microphone."),
            Self::RemoteHearsNothing => msg!("the other side reports that it hears nothing."),
        }
    }

    /// What the operator can do.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::NothingArrives => {
                msg!("A router or firewall may hold it back: call again, and tell the admin if it stays so.")
            }
            Self::RemoteHearsNothing => {
                msg!(
                    "A router or firewall may hold your voice back: call again, and tell the admin if it stays so."
                )
            }
            Self::ArrivalStopped => msg!("Wait a moment; if it does not come back, call again."),
            Self::OnlySilenceArrives => msg!("They may be muted: say that you hear nothing."),
            Self::WrongSource | Self::UnknownCodec | Self::Encrypted => {
                msg!("Call again, and tell the admin if it stays so.")
            }
            Self::NoEarpiece | Self::NoMicrophone => msg!("Plug the headset in; the call goes on."),
            Self::SilentMicrophone => msg!("Look at the mute button of the headset."),
            Self::EarpieceMuted | Self::MicrophoneMuted => msg!("Turn it on there."),
            Self::EarpieceForbidden | Self::MicrophoneForbidden => {
                msg!("Allow it in the system's settings.")
            }
            Self::EarpieceBusy | Self::MicrophoneBusy => {
                msg!("Close that program, or choose another device in the settings.")
            }
        }
    }
}

/// What harms a voice most that is heard badly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PoorCause {
    /// Packets are lost on the way.
    Loss,
    /// Packets come so unevenly that many are too late.
    Jitter,
    /// Everything comes late: they talk into each other.
    Delay,
    /// This computer, or its sound devices, leave gaps.
    Computer,
}

impl PoorCause {
    /// One plain word of the contracts.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Jitter => "jitter",
            Self::Delay => "delay",
            Self::Computer => "computer",
        }
    }

    /// To stand behind "You hear the client badly:".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Loss => msg!("packets are lost on the way."),
            Self::Jitter => msg!("packets come too unevenly."),
            Self::Delay => msg!("everything comes late."),
            Self::Computer => msg!("this computer does not keep up with the sound."),
        }
    }

    /// What the operator can do.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Loss | Self::Jitter => {
                msg!("A cable instead of Wi-Fi helps, and no downloads on this network.")
            }
            Self::Delay => msg!("Let each other finish."),
            Self::Computer => msg!("Close programs that are not needed."),
        }
    }
}
