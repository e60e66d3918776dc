//! Why an operator gets no calls of the queue.

/// The PBX is told its number, as the last digit of a code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PauseReason {
    Lunch,
    Rest,
    Training,
    OtherWork,
    DoNotDisturb,
    WrapUp,
    /// A client is on the way to somebody else, and may come back.
    PassingOn,
}

impl PauseReason {
    pub const ALL: [Self; 7] = [
        Self::Lunch,
        Self::Rest,
        Self::Training,
        Self::OtherWork,
        Self::DoNotDisturb,
        Self::WrapUp,
        Self::PassingOn,
    ];

    /// 1 to 7.
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// As the terminal's events have it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Lunch => "lunch",
            Self::Rest => "rest",
            Self::Training => "training",
            Self::OtherWork => "other_work",
            Self::DoNotDisturb => "do_not_disturb",
            Self::WrapUp => "wrap_up",
            Self::PassingOn => "passing_on",
        }
    }
}
