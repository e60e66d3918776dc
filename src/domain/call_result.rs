//! What a call came to, in the company's words (duty 14).

/// Picked by the operator in the wrap-up, or inferred.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallResult {
    /// To a manager, a head or another colleague (duties 4, 6, 15, 19).
    PassedOn,
    /// An order was taken (duty 3).
    Order,
    /// Something was told (duty 18).
    Information,
    /// The client is to be called back (duty 1).
    Callback,
    /// The client complained (duty 20).
    Complaint,
    /// Somebody else was meant.
    WrongNumber,
    /// Whoever was wanted could not be had.
    NotReached,
    /// None of these.
    Other,
}

impl CallResult {
    /// All of them, in the order they are offered.
    pub const ALL: [Self; 8] = [
        Self::PassedOn,
        Self::Order,
        Self::Information,
        Self::Callback,
        Self::Complaint,
        Self::WrongNumber,
        Self::NotReached,
        Self::Other,
    ];

    /// The spelling in register entries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PassedOn => "passed_on",
            Self::Order => "order",
            Self::Information => "information",
            Self::Callback => "callback",
            Self::Complaint => "complaint",
            Self::WrongNumber => "wrong_number",
            Self::NotReached => "not_reached",
            Self::Other => "other",
        }
    }

    /// The inverse of [`CallResult::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|result| result.as_str() == text)
    }
}
