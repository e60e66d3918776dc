//! Clients as the operator sees them: who they are, who looks after them, whether they may order (duties 2, 5, 10).

use std::fmt;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::directory::{Department, PersonId};
use super::gap::{CardPart, Gap};
use super::number::PhoneNumber;
use crate::domain::mask_debug;

/// A client's identity, kept for life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct ClientId(pub Uuid);

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The client's card, whole: what stands on the screen while the telephone rings (duty 1).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct ClientCard {
    /// Kept for life.
    pub id: ClientId,
    /// The name of the firm or the person, as the company writes it.
    pub name: String,
    /// Decides who serves the client and by which prices (duties 2 to 4).
    pub client_type: ClientType,
    /// The main one first.
    #[serde(default)]
    pub phones: Vec<ClientPhone>,
    /// People at the client's.
    #[serde(default)]
    pub contacts: Vec<Contact>,
    /// None: nobody looks after this client yet (duties 3, 15).
    #[serde(default)]
    pub manager: Option<Manager>,
    /// Who answers for the client beside or instead of a manager.
    #[serde(default)]
    pub department: Option<Department>,
    /// Whether an order may be taken (duty 5); none: not known.
    #[serde(default)]
    pub standing: Option<Standing>,
    /// None for those whose prices were not agreed yet.
    #[serde(default)]
    pub price_column: Option<PriceColumn>,
    /// None: never agreed.
    #[serde(default)]
    pub delivery: Option<DeliveryTerms>,
    /// IANA name (`Europe/Moscow`), for call-backs.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// What colleagues should know before they answer.
    #[serde(default)]
    pub note: Option<String>,
    /// When the card was last changed, or last got from the company's own system.
    #[serde(default)]
    #[cfg_attr(feature = "desk", schema(value_type = Option<String>, format = DateTime))]
    pub updated_at: Option<Timestamp>,
    /// What the company's own system did not give.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

impl ClientCard {
    /// Whether an order may be taken (duty 5). What was good once and cannot be asked for now is not known to be good.
    pub fn may_order(&self) -> MayOrder {
        let is_in_doubt =
            || self.gaps.iter().any(|gap| matches!(gap.part, CardPart::Everything | CardPart::Standing));
        match &self.standing {
            Some(standing) if standing.is_blocked() => MayOrder::No,
            Some(_) if !is_in_doubt() => MayOrder::Yes,
            _ => MayOrder::Unknown,
        }
    }
}

/// Whether an order may be taken, as far as it is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MayOrder {
    /// Nothing is overdue or beyond the limit.
    Yes,
    /// Something is.
    No,
    /// Nobody can say now.
    Unknown,
}

impl fmt::Debug for ClientCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCard")
            .field("id", &self.id)
            .field("type", &self.client_type.id)
            .finish_non_exhaustive()
    }
}

/// A kind of client. The list is the company's data, not ours (duty 2).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct ClientType {
    /// In rules and data.
    pub id: ClientTypeId,
    /// On screens.
    pub names: Names,
}

/// The stable short name of a client type in rules and data: `market`, `key`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct ClientTypeId(pub String);

/// One name in the languages of the program; a language that is missing falls back to English.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Names {
    /// English, and whatever language is missing.
    pub en: String,
    /// Korean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ko: Option<String>,
    /// Russian.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ru: Option<String>,
}

impl Names {
    /// The name in a language by its ISO 639-1 code.
    pub fn in_language(&self, code: &str) -> &str {
        let own = match code {
            "ko" => self.ko.as_deref(),
            "ru" => self.ru.as_deref(),
            _ => None,
        };
        own.unwrap_or(&self.en)
    }
}

/// A telephone of a client.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct ClientPhone {
    /// None where what is written fits no rule; the client cannot be recognised by it.
    #[serde(default)]
    pub number: Option<PhoneNumber>,
    /// As it was entered.
    pub written: String,
    /// To dial after the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
}

/// A person at the client's.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Contact {
    /// As to address them.
    pub name: String,
    /// What they decide there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// As it was entered; not looked up by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// Who looks after the client, with all that is needed to pass a call on (duties 4, 6).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Manager {
    /// In the directory.
    pub id: PersonId,
    /// As to announce the transfer.
    pub name: String,
    /// None: cannot be reached by telephone.
    #[serde(default)]
    pub extension: Option<String>,
}

/// An amount in the currency that stands beside it; a decimal string on the wire, never a float.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct Money(#[serde(with = "rust_decimal::serde::str")] pub Decimal);

impl Money {
    /// Nothing owed.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// An amount in whole units and hundredths: `from_hundredths(150_50)` is 150.50.
    pub fn from_hundredths(hundredths: i64) -> Self {
        Self(Decimal::new(hundredths, 2))
    }

    /// More than nothing, by however little.
    pub fn is_positive(self) -> bool {
        self.0 > Decimal::ZERO
    }

    /// Nothing, however it is written.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.0)
    }
}

/// The client's account with us (duty 5).
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Standing {
    /// ISO 4217: `RUB`, `KRW`.
    pub currency: String,
    /// Debt past its date.
    #[serde(default)]
    pub overdue: Money,
    /// Debt beyond the limit.
    #[serde(default)]
    pub over_limit: Money,
    /// None: no credit was agreed, neither a limit nor a debt against it.
    #[serde(default)]
    pub limit: Option<Money>,
    /// What may still be ordered on credit.
    #[serde(default)]
    pub credit_left: Option<Money>,
    /// Not paid yet, and ordered: what the client would owe if everything were delivered today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<Money>,
    /// Of it what the client says is wrong: never overdue.
    #[serde(default, skip_serializing_if = "Money::is_zero")]
    pub disputed: Money,
}

impl Standing {
    /// An order may not be taken: something is overdue or beyond the limit (duty 5). Such calls go to the
    /// manager or to finance (duty 6).
    pub fn is_blocked(&self) -> bool {
        self.overdue.is_positive() || self.over_limit.is_positive()
    }
}

/// The column of the price list this client buys by, and which rule gave it (duty 10).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct PriceColumn {
    /// As the price list heads it.
    pub name: String,
    /// The rule that gave it.
    pub why: PriceColumnReason,
}

/// Why a client has its price column.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum PriceColumnReason {
    /// The client's type.
    ClientType,
    /// How much is bought.
    Volume,
    /// A special programme that ends (duty 23).
    Promotion,
    /// Agreed in writing.
    Contract,
    /// A reason that this version does not know.
    #[serde(other)]
    Other,
}

/// How goods reach the client (duties 12, 13).
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct DeliveryTerms {
    /// Where to.
    #[serde(default)]
    pub address: Option<String>,
    /// When somebody is there to take the goods, in the client's words.
    #[serde(default)]
    pub hours: Option<String>,
    /// The receiver pays the driver (duty 12).
    #[serde(default)]
    pub pays_on_delivery: bool,
    /// Regional clients: how the goods are shipped.
    #[serde(default)]
    pub shipping: Option<String>,
}

/// What is written to make or replace a client: references instead of what they refer to, numbers as people write them.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct ClientDraft {
    /// As the company writes it.
    pub name: String,
    /// One of the company's types.
    pub client_type: ClientTypeId,
    /// In any form the numbering plan reads; the first is the main one.
    #[serde(default)]
    pub phones: Vec<String>,
    /// People at the client's.
    #[serde(default)]
    pub contacts: Vec<Contact>,
    /// In the directory; none: nobody yet.
    #[serde(default)]
    pub manager: Option<PersonId>,
    /// The department's id; the manager's department where it is missing.
    #[serde(default)]
    pub department: Option<String>,
    /// What accounting says now; none: not known.
    #[serde(default)]
    pub standing: Option<Standing>,
    /// None: not agreed yet.
    #[serde(default)]
    pub price_column: Option<PriceColumn>,
    /// None: never agreed.
    #[serde(default)]
    pub delivery: Option<DeliveryTerms>,
    /// IANA name; refused where there is none of this name.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// At most ten thousand characters.
    #[serde(default)]
    pub note: Option<String>,
}

mask_debug!(ClientPhone, Contact, Standing, DeliveryTerms, ClientDraft);

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(overdue: i64, over_limit: i64) -> Standing {
        Standing {
            currency: "RUB".into(),
            overdue: Money::from_hundredths(overdue),
            over_limit: Money::from_hundredths(over_limit),
            limit: Some(Money::from_hundredths(5_000_000)),
            credit_left: Some(Money::ZERO),
            ..Standing::default()
        }
    }

    #[test]
    fn one_kopeck_overdue_or_over_limit_blocks_orders() {
        assert!(!standing(0, 0).is_blocked());
        assert!(standing(1, 0).is_blocked());
        assert!(standing(0, 1).is_blocked());
    }

    #[test]
    fn money_is_a_decimal_string_on_the_wire() {
        let json = serde_json::to_string(&Money::from_hundredths(123_456_789)).unwrap();
        assert_eq!(json, r#""1234567.89""#);
        assert_eq!(serde_json::from_str::<Money>(r#""0.1""#).unwrap().to_string(), "0.10");
    }

    #[test]
    fn debug_of_client_data_shows_none_of_it() {
        let text = format!("{:?}", standing(77_00, 0));
        assert!(!text.contains("77"), "{text}");
    }

    #[test]
    fn a_missing_language_falls_back_to_english() {
        let names =
            Names { en: "key client".into(), ko: None, ru: Some("ключевой клиент".into()) };
        assert_eq!((names.in_language("ru"), names.in_language("ko")), ("ключевой клиент", "key client"));
    }
}
