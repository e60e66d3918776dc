//! What a card lacks because the company's own system did not give it, and why (duty 1).

use serde::{Deserialize, Serialize};

use crate::text::msg;

/// One part of a card that could not be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Gap {
    /// What is missing.
    pub part: CardPart,
    /// What kept it away.
    pub why: GapWhy,
}

/// A part of a client's card.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum CardPart {
    /// All of it: what stands on the card is what was got last, `updated_at` says when.
    Everything,
    /// The name; what stands in its place is the client's id in the company's system.
    Name,
    /// The type.
    ClientType,
    /// Telephones.
    Phones,
    /// People at the client's.
    Contacts,
    /// Who looks after the client.
    Manager,
    /// Whether an order may be taken.
    Standing,
    /// The column of the price list.
    PriceColumn,
    /// How goods reach the client.
    Delivery,
    /// What colleagues should know.
    Note,
    /// A part that this version does not know.
    #[serde(other)]
    Other,
}

/// Why a part is missing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum GapWhy {
    /// No answer within the time budget.
    Slow,
    /// No connection.
    Down,
    /// Its certificate is not trusted.
    NotTrusted,
    /// 401 or 403: it does not take our password, or lets that user read no such thing.
    Refused,
    /// It answered with another error.
    Failed,
    /// It sends us elsewhere, whereto no password is taken along.
    Redirected,
    /// Its answer has more octets than are read.
    TooLarge,
    /// Its answer is no JSON; a login page is the usual case.
    NotJson,
    /// Its answer has no such field, or it knows no such thing.
    Missing,
    /// The field holds something else than it should, as a text where an amount belongs.
    Unreadable,
    /// It names somebody or something that the desk does not know.
    Unknown,
    /// A reason that this version does not know.
    #[serde(other)]
    Other,
}

impl CardPart {
    /// What people call it, as a message's key.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Everything => msg!("Client card"),
            Self::Name => msg!("Name"),
            Self::ClientType => msg!("Client type"),
            Self::Phones => msg!("Telephones"),
            Self::Contacts => msg!("Contacts"),
            Self::Manager => msg!("Manager"),
            Self::Standing => msg!("Debt and limit"),
            Self::PriceColumn => msg!("Price column"),
            Self::Delivery => msg!("Delivery"),
            Self::Note => msg!("Note"),
            Self::Other => msg!("Other details"),
        }
    }
}

impl GapWhy {
    /// What people are told, as a message's key.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Slow => msg!("not known: the company's system is too slow"),
            Self::Down => msg!("not known: the company's system cannot be reached"),
            Self::NotTrusted => msg!("not known: the certificate of the company's system is not trusted"),
            Self::Refused => msg!("not known: the company's system refuses the desk's password"),
            Self::Failed => msg!("not known: the company's system answers with an error"),
            Self::Redirected => msg!("not known: the company's system points to another address"),
            Self::TooLarge => msg!("not known: the answer of the company's system is too long"),
            Self::NotJson => msg!("not known: the company's system does not answer with data"),
            Self::Missing => msg!("not known: the company's system does not give it"),
            Self::Unreadable => msg!("not known: the company's system gives something else"),
            Self::Unknown => {
                msg!("not known: the desk does not know whom or what the company's system names")
            }
            Self::Other => msg!("not known"),
        }
    }
}
