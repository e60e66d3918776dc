//! What the telephone's side made of the desk's answer to a look-up.

use std::time::Duration;

use super::{ClientCard, Match, ProblemCode};

/// The answer to "who has this number".
#[derive(Clone, PartialEq, Debug)]
pub enum CardAnswer {
    /// None found: a new client.
    Found {
        /// The best first.
        clients: Vec<ClientCard>,
        /// The cache may answer first and the desk after it.
        source: Source,
        /// How old the answer is; zero from the desk.
        age: Duration,
    },
    /// The desk gave nothing usable.
    Unavailable {
        /// For the operator and the admin.
        why: Unavailable,
    },
}

impl CardAnswer {
    /// One, many, none, or no answer.
    pub fn matched(&self) -> Match {
        match self {
            Self::Found { clients, .. } => Match::of(clients.len()),
            Self::Unavailable { .. } => Match::Unavailable,
        }
    }
}

/// Where an answer came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// Seen before, in this run of the program.
    Cache,
    /// Asked for now.
    Desk,
}

impl Source {
    /// The spelling in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Desk => "desk",
        }
    }
}

/// Why the desk gave no usable answer. The call goes on without it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unavailable {
    /// No connection: wrong address, nothing listens, network away.
    Down,
    /// TLS failed: unknown authority, wrong name, expired.
    NotTrusted,
    /// No answer within the time budget.
    Slow,
    /// An answer that is not the contract's.
    BadAnswer(BadAnswer),
    /// 401: the desk does not know our token.
    WrongToken,
    /// 403: the token's role may not do this.
    Forbidden,
    /// The desk understood and refused.
    Refused {
        /// Of the response.
        status: u16,
        /// `Other` where the desk knows more than we.
        code: ProblemCode,
    },
    /// The desk is there, the company's own system behind it is not: whether this is a new client nobody knows.
    CompanySystem,
    /// 5xx: the desk failed.
    Failed {
        /// Of the response.
        status: u16,
    },
}

impl Unavailable {
    /// The stable spelling in events and logs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::NotTrusted => "not_trusted",
            Self::Slow => "slow",
            Self::BadAnswer(_) => "bad_answer",
            Self::WrongToken => "wrong_token",
            Self::Forbidden => "forbidden",
            Self::Refused { .. } => "refused",
            Self::CompanySystem => "company_system",
            Self::Failed { .. } => "failed",
        }
    }
}

/// What was wrong with an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadAnswer {
    /// Not HTTP, or cut short.
    NotHttp,
    /// Another content type than JSON; a login page is the usual case.
    NotJson,
    /// JSON that is malformed or of another shape.
    WrongShape,
    /// More than the telephone takes.
    TooLarge,
    /// Redirects are not followed: the token would go to a stranger.
    Redirect,
    /// A status that the contract does not have.
    UnexpectedStatus(u16),
}

impl BadAnswer {
    /// The stable spelling in events and logs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotHttp => "not_http",
            Self::NotJson => "not_json",
            Self::WrongShape => "wrong_shape",
            Self::TooLarge => "too_large",
            Self::Redirect => "redirect",
            Self::UnexpectedStatus(_) => "unexpected_status",
        }
    }
}
