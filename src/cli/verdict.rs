//! How a run ended: exit codes, and the troubles behind them.

use crate::audio::SoundFault;
use crate::desk_api::Unavailable;
use crate::domain::recording::RecordingFault;
use crate::media::NoAudioCause;
use crate::shell::DeskTrouble;
use crate::sip::Failure;

/// Exit codes of the terminal contract.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    Usage = 2,
    RegistrationRefused = 3,
    NobodyThere = 4,
    CallRefused = 5,
    TransferFailed = 6,
    NoAudio = 7,
    Desk = 8,
    ClientLost = 9,
    Recording = 10,
    OurFault = 70,
    Interrupted = 130,
}

/// Something that was not done as asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The PBX refused the registration for a reason of its own.
    RegistrationRefused {
        status: u16,
        reason: String,
    },
    /// The PBX does not accept user or password.
    Credentials {
        status: u16,
    },
    /// No answer in time.
    Silence,
    /// The system says that nothing listens there.
    Unreachable,
    /// The PBX did not confirm that we are gone.
    StillRegistered,
    NobodyCalled,
    CallerGaveUp,
    NobodyAnswered,
    TheyAreBusy,
    CallRefused(Option<u16>),
    /// The network ended the call.
    CallBroken(Option<u16>),
    HoldRefused(u16),
    NoDigits,
    TooManyDigits,
    TooManyWatched,
    DigitsRefused(u16),
    BadTarget,
    Busy,
    NoMediaPort,
    TransferFailed(Option<u16>),
    ClientLost(Option<u16>),
    ClientUnknown,
    NoAudio(NoAudioCause),
    /// A look-up failed.
    Desk(Unavailable),
    /// The call register could not be written.
    Register(DeskTrouble),
    RecordsUnsent(usize),
    Sound(SoundFault),
    /// The company's recording of a call.
    Recording(RecordingFault),
    MediaFailed,
}

impl Trouble {
    pub fn of_registration(failure: &Failure) -> Self {
        match failure {
            Failure::Refused { status, reason } => {
                Self::RegistrationRefused { status: status.code(), reason: reason.clone() }
            }
            Failure::Credentials { status } => Self::Credentials { status: status.code() },
            Failure::TimedOut => Self::Silence,
            Failure::Unreachable => Self::Unreachable,
        }
    }

    /// Nobody answered an OPTIONS.
    pub fn of_silence(failure: &Failure) -> Self {
        match failure {
            Failure::Unreachable => Self::Unreachable,
            _ => Self::Silence,
        }
    }

    /// Nothing that telephone, PBX or desk did wrong.
    const fn is_peoples_doing(&self) -> bool {
        matches!(
            self,
            Self::NobodyCalled
                | Self::CallerGaveUp
                | Self::NobodyAnswered
                | Self::TheyAreBusy
                | Self::CallRefused(_)
                | Self::TransferFailed(_)
                | Self::ClientLost(_)
        )
    }

    pub const fn exit(&self) -> Exit {
        match self {
            Self::RegistrationRefused { .. } | Self::Credentials { .. } => Exit::RegistrationRefused,
            Self::Silence
            | Self::Unreachable
            | Self::StillRegistered
            | Self::NobodyCalled
            | Self::CallBroken(_) => Exit::NobodyThere,
            Self::CallerGaveUp
            | Self::NobodyAnswered
            | Self::TheyAreBusy
            | Self::CallRefused(_)
            | Self::HoldRefused(_)
            | Self::NoDigits
            | Self::TooManyDigits
            | Self::DigitsRefused(_)
            | Self::Busy => Exit::CallRefused,
            Self::Sound(SoundFault::Voice) => Exit::OurFault,
            Self::BadTarget | Self::TooManyWatched | Self::NoMediaPort | Self::Sound(_) => Exit::Usage,
            Self::TransferFailed(_) => Exit::TransferFailed,
            Self::ClientLost(_) | Self::ClientUnknown => Exit::ClientLost,
            Self::NoAudio(_) => Exit::NoAudio,
            Self::Register(DeskTrouble::OtherToken) => Exit::Done,
            Self::Desk(_) | Self::Register(_) | Self::RecordsUnsent(_) => Exit::Desk,
            Self::Recording(_) => Exit::Recording,
            Self::MediaFailed => Exit::OurFault,
        }
    }
}

/// All troubles of a run, each once, in order. Several calls: the worst code counts.
#[derive(Clone, Default, Debug)]
pub struct Verdict {
    troubles: Vec<Trouble>,
    /// What people do counts for nothing.
    of_practice: bool,
}

impl Verdict {
    pub fn of_practice() -> Self {
        Self { of_practice: true, ..Self::default() }
    }

    pub fn add(&mut self, trouble: Trouble) {
        let counts = !(self.of_practice && trouble.is_peoples_doing());
        if counts && !self.troubles.contains(&trouble) {
            self.troubles.push(trouble);
        }
    }

    pub fn troubles(&self) -> &[Trouble] {
        &self.troubles
    }

    /// The highest code.
    pub fn exit(&self) -> Exit {
        self.troubles.iter().map(Trouble::exit).max().unwrap_or(Exit::Done)
    }
}
