//! Telephone numbers: what the network, a person or a database wrote, and what it means here (duty 1).
//!
//! One table serves both sides: the telephone normalises a caller's number with it before it asks who that is, the
//! order desk normalises the numbers of its clients with it, and what an operator types goes through it before
//! it is dialled. Leaves to others: which header names the caller (`phone`), which number belongs to whom (`server`).

mod country;
mod dial;
mod read;
mod text;

use std::fmt;
use std::num::NonZeroU64;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use dial::Dialable;

/// A number of the public network in E.164: calling code and national number, at most 15 digits.
///
/// Written with a plus sign (`+79161234567`) by `Display` and on the wire; `Debug` shows no more than the calling
/// code and the last two digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema), schema(value_type = String, example = "+74950000000"))]
pub struct PhoneNumber(NonZeroU64);

impl PhoneNumber {
    /// Reads the strict form alone, `+` and 7 to 15 digits under a calling code that exists. Everything else
    /// goes through [`NumberingPlan::read`].
    pub fn parse_e164(text: &str) -> Result<Self, NumberProblem> {
        let digits = text.strip_prefix('+').ok_or(NumberProblem::NotANumber)?;
        Self::from_digits(digits).filter(|number| number.to_string() == text).ok_or(NumberProblem::NotANumber)
    }

    /// The digits as a number: `79161234567`. No leading zero is lost, since no calling code begins with one.
    pub const fn as_u64(self) -> u64 {
        self.0.get()
    }

    /// The inverse of [`PhoneNumber::as_u64`].
    pub fn from_u64(digits: u64) -> Option<Self> {
        Self::from_digits(&digits.to_string())
    }

    /// The country's calling code: `7`, `82`.
    pub fn calling_code(self) -> u16 {
        let digits = self.0.to_string();
        country::split(&digits).and_then(|(code, _)| code.parse().ok()).unwrap_or(0)
    }

    /// Without the calling code: `9161234567`.
    pub fn national(self) -> String {
        let digits = self.0.to_string();
        country::split(&digits).map_or_else(String::new, |(_, national)| national.to_owned())
    }

    /// Grouped as people of that country write it: `+7 916 123-45-67`, `+82 10-1234-5678`.
    pub fn for_people(self) -> String {
        let digits = self.0.to_string();
        match country::split(&digits) {
            Some((code, national)) => format!("+{code} {}", country::rules(code).group(national)),
            None => self.to_string(),
        }
    }

    /// From calling code and national number without anything else.
    pub(super) fn from_digits(digits: &str) -> Option<Self> {
        country::valid_e164(digits)?.parse().ok().and_then(NonZeroU64::new).map(Self)
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}…{:02}", self.calling_code(), self.0.get() % 100)
    }
}

impl Serialize for PhoneNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PhoneNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse_e164(&text).map_err(serde::de::Error::custom)
    }
}

/// How numbers are written where this telephone or this company is, and how its PBX wants them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberingPlan {
    country: u16,
    area_code: String,
    outside_prefix: String,
    outgoing: OutgoingFormat,
    international_prefix: String,
    short_digits: usize,
}

/// How the PBX wants numbers of the public network.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutgoingFormat {
    /// `+79161234567`; the outside prefix is not put before a plus sign.
    #[default]
    E164Plus,
    /// `79161234567`
    E164,
    /// As a subscriber of the country dials: `89161234567`, `01012345678`, `8108210…`.
    National,
}

impl NumberingPlan {
    /// Numbers of internal extensions, emergency and service codes have at most this many digits unless told otherwise.
    pub const SHORT_DIGITS: usize = 5;
    /// Emergency numbers have at most this many (`112`, `02`). No plan makes anything else of them.
    const EMERGENCY_DIGITS: usize = 3;

    /// The plan of a country by its calling code (`7`, `82`), without area code and outside prefix.
    pub fn new(calling_code: u16) -> Result<Self, PlanProblem> {
        if !country::is_assigned(&calling_code.to_string()) {
            return Err(PlanProblem::NoSuchCountry);
        }
        Ok(Self {
            country: calling_code,
            area_code: String::new(),
            outside_prefix: String::new(),
            outgoing: OutgoingFormat::default(),
            international_prefix: String::new(),
            short_digits: Self::SHORT_DIGITS,
        })
    }

    /// The plan of a country by its ISO 3166-1 code (`RU`, `KR`).
    pub fn of_country(iso: &str) -> Result<Self, PlanProblem> {
        Self::new(country::calling_code_of(iso).ok_or(PlanProblem::NoSuchCountry)?)
    }

    /// Russia: 8 before a national number, 810 before an international one.
    pub fn russia() -> Self {
        Self::of(7)
    }

    /// Korea: 0 before a national number, 00x before an international one.
    pub fn korea() -> Self {
        Self::of(82)
    }

    /// Numbers without an area code are of this one (`495`); empty for none.
    pub fn with_area_code(mut self, area_code: &str) -> Result<Self, PlanProblem> {
        self.area_code = digits_of_plan(area_code, 6).ok_or(PlanProblem::BadAreaCode)?;
        Ok(self)
    }

    /// What a telephone of this PBX dials to reach the public network (`9`); empty for none.
    pub fn with_outside_prefix(mut self, prefix: &str) -> Result<Self, PlanProblem> {
        self.outside_prefix = digits_of_plan(prefix, 4).ok_or(PlanProblem::BadOutsidePrefix)?;
        Ok(self)
    }

    /// The form in which the PBX takes numbers of the public network.
    pub fn with_outgoing(mut self, outgoing: OutgoingFormat) -> Self {
        self.outgoing = outgoing;
        self
    }

    /// What is dialled before a foreign number in the national form, where it is not the country's usual one
    /// (`00700` instead of `001`); empty for the usual one.
    pub fn with_international_prefix(mut self, prefix: &str) -> Result<Self, PlanProblem> {
        self.international_prefix = digits_of_plan(prefix, 8).ok_or(PlanProblem::BadInternationalPrefix)?;
        Ok(self)
    }

    /// The longest number that is internal or a service code, never one of the public network; 3 to 9 digits, so
    /// that an emergency number always is one.
    pub fn with_short_digits(mut self, digits: usize) -> Result<Self, PlanProblem> {
        if !(Self::EMERGENCY_DIGITS..=9).contains(&digits) {
            return Err(PlanProblem::BadShortDigits);
        }
        self.short_digits = digits;
        Ok(self)
    }

    /// The calling code of the country.
    pub const fn country(&self) -> u16 {
        self.country
    }

    /// Digits; empty for none.
    pub fn area_code(&self) -> &str {
        &self.area_code
    }

    /// Digits; empty for none.
    pub fn outside_prefix(&self) -> &str {
        &self.outside_prefix
    }

    pub const fn outgoing(&self) -> OutgoingFormat {
        self.outgoing
    }

    /// Digits; empty for the country's usual one.
    pub fn international_prefix(&self) -> &str {
        &self.international_prefix
    }

    pub const fn short_digits(&self) -> usize {
        self.short_digits
    }

    fn of(calling_code: u16) -> Self {
        Self::new(calling_code).unwrap_or_else(|_| unreachable!("a calling code of the table"))
    }
}

impl Default for NumberingPlan {
    /// Russia's.
    fn default() -> Self {
        Self::russia()
    }
}

/// What a plan cannot be made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PlanProblem {
    #[error("this country is not known")]
    NoSuchCountry,
    #[error("area code: at most 6 digits")]
    BadAreaCode,
    #[error("outside prefix: at most 4 digits")]
    BadOutsidePrefix,
    #[error("international prefix: at most 8 digits")]
    BadInternationalPrefix,
    #[error("short numbers: 3 to 9 digits")]
    BadShortDigits,
}

/// What a written number turned out to be.
#[derive(Clone, PartialEq, Eq)]
pub enum Number {
    /// Of the public network: can be looked up.
    Public(PhoneNumber),
    /// Internal, emergency, service or feature code (`201`, `112`, `*8`): never looked up, dialled as it is.
    Short(String),
    /// Digits that fit no rule, as a local number where no area code is configured: never looked up.
    Unplaced(String),
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public(number) => write!(f, "Public({number:?})"),
            Self::Short(text) => write!(f, "Short({text})"),
            Self::Unplaced(text) => write!(f, "Unplaced({} digits)", text.len()),
        }
    }
}

/// A written number, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// What the digits mean.
    pub number: Number,
    /// Digits to dial once the other side answers (`доб. 123`, `;ext=123`).
    pub extension: Option<String>,
}

impl Reading {
    /// What to look the client up by; none for short and unplaced numbers.
    pub const fn look_up_key(&self) -> Option<PhoneNumber> {
        match self.number {
            Number::Public(number) => Some(number),
            Number::Short(_) | Number::Unplaced(_) => None,
        }
    }
}

/// Why a text is no number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NumberProblem {
    #[error("no number")]
    Empty,
    #[error("not a telephone number")]
    NotANumber,
    #[error("too long for a telephone number")]
    TooLong,
}

fn digits_of_plan(text: &str, longest: usize) -> Option<String> {
    (text.len() <= longest && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
