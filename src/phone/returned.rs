//! A client who was passed on blindly, and whom the PBX gives back (`config/asterisk/`).
//!
//! The REFER names the transfer (`sip::refer`); the INVITE that brings the client back repeats that name, and says why:
//! `X-Patchcord-Return: 3fa9c04417be52d8;reason=busy;target=201`.

use std::fmt;

/// Names and numbers that are longer are none.
const LONGEST: usize = 64;

/// Why a client comes back whom the operator had passed on.
#[derive(Clone, PartialEq, Eq)]
pub struct Return {
    /// [`transfer_id`](crate::sip::transfer_id) of the call that was passed on; none where another telephone did it.
    pub id: Option<String>,
    /// Who did not take the client.
    pub target: String,
    pub reason: ReturnReason,
}

/// The target's number may be a client's.
impl fmt::Debug for Return {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Return").field("reason", &self.reason).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReturnReason {
    Busy,
    NoAnswer,
    Refused,
    /// No telephone of the target's is registered.
    Offline,
    /// Answered, and hung up too soon to have spoken.
    HungUp,
    NoSuchNumber,
    /// Anything else.
    Failed,
}

impl ReturnReason {
    const ALL: [Self; 7] = [
        Self::Busy,
        Self::NoAnswer,
        Self::Refused,
        Self::Offline,
        Self::HungUp,
        Self::NoSuchNumber,
        Self::Failed,
    ];

    /// As the header and the terminal's events have it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Refused => "refused",
            Self::Offline => "offline",
            Self::HungUp => "hung_up",
            Self::NoSuchNumber => "no_such_number",
            Self::Failed => "failed",
        }
    }
}

impl Return {
    /// None for a value that names no target.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split(';').map(str::trim);
        let id = parts.next().filter(|id| is_word(id, |c| c.is_ascii_alphanumeric()));
        let param = |name| parts.clone().find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        let target = param("target").filter(|target| {
            is_word(target, |c| c.is_ascii_alphanumeric() || matches!(c, '*' | '#' | '+'))
        })?;
        let known = ReturnReason::ALL.into_iter().find(|known| param("reason") == Some(known.code()));
        let reason = known.unwrap_or(ReturnReason::Failed);
        Some(Self { id: id.map(str::to_owned), target: target.to_owned(), reason })
    }
}

fn is_word(text: &str, may_be_in: impl Fn(char) -> bool) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.chars().all(may_be_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pbx_says_whose_transfer_came_back_from_whom_and_why() {
        for reason in ReturnReason::ALL {
            let value = format!("3fa9c04417be52d8;reason={};target=201", reason.code());
            let id = Some("3fa9c04417be52d8".to_owned());
            assert_eq!(Return::parse(&value), Some(Return { id, target: "201".into(), reason }));
        }
    }

    #[test]
    fn a_transfer_that_another_telephone_made_comes_back_without_a_name() {
        let returned = Return::parse(";target=+74957778899 ; reason=tired").unwrap();
        assert_eq!((returned.id, returned.reason), (None, ReturnReason::Failed));
        assert_eq!(returned.target, "+74957778899");
    }

    #[test]
    fn a_value_that_names_nobody_is_no_return() {
        let long = format!("3fa9;target={}", "1".repeat(65));
        for value in ["", "3fa9", "3fa9;reason=busy", "3fa9;target=", "3fa9;target=a b", long.as_str()] {
            assert_eq!(Return::parse(value), None, "{value}");
        }
    }
}
