//! From what was got to a client: what is missing is said, and what the desk knew before fills it where that is harmless.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::Values;
use super::pointer::{Cell, texts};
use crate::desk_api::{
    CardPart, ClientDraft, ClientTypeId, Contact, DeliveryTerms, Directory, Gap, GapWhy, Money, PersonId,
    PriceColumn, PriceColumnReason, Standing,
};
use crate::domain::number::{NumberingPlan, PhoneNumber};

/// Longest texts taken, characters; the contract's.
const LONGEST_NAME: usize = 200;
const LONGEST_NOTE: usize = 10_000;
const MOST_PHONES: usize = 50;

/// Values that become a part of the card.
pub(crate) const PARTS: [&str; 13] = [
    "name",
    "client_type",
    "phone",
    "contact",
    "manager",
    "overdue",
    "over_limit",
    "debt",
    "limit",
    "price_column",
    "address",
    "delivery_hours",
    "note",
];
const ACCOUNT: [&str; 4] = ["overdue", "over_limit", "debt", "limit"];

/// What these values say of an account suffices to say whether an order may be taken.
pub(crate) fn tells_standing(has: impl Fn(&str) -> bool) -> bool {
    has("overdue") || has("over_limit") || (has("debt") && has("limit"))
}

/// What the company's words mean here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Meaning {
    /// ISO 4217, of all amounts.
    pub currency: String,
    /// The type of clients whom `client_types` does not name.
    pub usual_type: ClientTypeId,
    /// From the company's word to the desk's.
    pub client_types: BTreeMap<String, ClientTypeId>,
}

/// What was got of one client, and what it is held against.
pub(crate) struct Got<'a> {
    pub own_id: &'a str,
    pub values: &'a Values,
    pub meaning: &'a Meaning,
    pub directory: &'a Directory,
    /// By which the client was found.
    pub number: Option<PhoneNumber>,
    pub plan: &'a NumberingPlan,
}

impl Got<'_> {
    /// The client, and what it lacks. What could not be had stays as it was before, but for the standing: nobody may be
    /// taken for a client without debts because the debts could not be asked for.
    pub fn client(&self, before: Option<ClientDraft>) -> (ClientDraft, Vec<Gap>) {
        let mut client = before.unwrap_or_else(|| self.blank());
        let mut gaps = Gaps::default();
        let name = self.text("name").map(|name| name?.ok_or(GapWhy::Missing));
        if let Some(name) = gaps.had(CardPart::Name, name) {
            client.name = shortened(name, LONGEST_NAME);
        }
        let client_type = self.text("client_type").map(|word| self.client_type(word?));
        if let Some(client_type) = gaps.had(CardPart::ClientType, client_type) {
            client.client_type = client_type.clone();
        }
        if let Some(phones) = gaps.had(CardPart::Phones, self.texts("phone")) {
            client.phones = phones.into_iter().take(MOST_PHONES).map(str::to_owned).collect();
        }
        if let Some(names) = gaps.had(CardPart::Contacts, self.texts("contact")) {
            client.contacts = names.into_iter().map(contact).collect();
        }
        if let Some(word) = gaps.had(CardPart::Manager, self.text("manager")) {
            let manager = word.map(|word| self.manager(word).ok_or(GapWhy::Unknown));
            client.manager = gaps.had(CardPart::Manager, manager);
        }
        if ACCOUNT.iter().any(|name| self.values.contains_key(*name)) {
            let (standing, why) = self.standing();
            client.standing = standing;
            gaps.had::<()>(CardPart::Standing, why.map(Err));
        }
        if let Some(name) = gaps.had(CardPart::PriceColumn, self.text("price_column")) {
            client.price_column = name.map(column);
        }
        let mut delivery = client.delivery.take().unwrap_or_default();
        if let Some(address) = gaps.had(CardPart::Delivery, self.text("address")) {
            delivery.address = address.map(|address| shortened(address, LONGEST_NOTE));
        }
        if let Some(hours) = gaps.had(CardPart::Delivery, self.text("delivery_hours")) {
            delivery.hours = hours.map(|hours| shortened(hours, LONGEST_NOTE));
        }
        client.delivery = (delivery != DeliveryTerms::default()).then_some(delivery);
        if let Some(note) = gaps.had(CardPart::Note, self.text("note")) {
            client.note = note.map(|note| shortened(note, LONGEST_NOTE));
        }
        self.add_number(&mut client.phones);
        gaps.0.dedup();
        (client, gaps.0)
    }

    fn blank(&self) -> ClientDraft {
        ClientDraft {
            name: shortened(self.own_id, LONGEST_NAME),
            client_type: self.meaning.usual_type.clone(),
            phones: Vec::new(),
            contacts: Vec::new(),
            manager: None,
            department: None,
            standing: None,
            price_column: None,
            delivery: None,
            time_zone: None,
            note: None,
        }
    }

    /// None where no request gets it.
    fn texts(&self, name: &str) -> Option<Result<Vec<&str>, GapWhy>> {
        Some(self.values.get(name)?.as_ref().map_err(|why| *why).and_then(|cells| texts(cells)))
    }

    /// The first of them.
    fn text(&self, name: &str) -> Option<Result<Option<&str>, GapWhy>> {
        Some(self.texts(name)?.map(|texts| texts.first().copied()))
    }

    fn client_type(&self, word: Option<&str>) -> Result<&ClientTypeId, GapWhy> {
        match word {
            Some(word) => self.meaning.client_types.get(word).ok_or(GapWhy::Unknown),
            None => Ok(&self.meaning.usual_type),
        }
    }

    /// By extension, by id, or by name where only one person has it.
    fn manager(&self, word: &str) -> Option<PersonId> {
        let people = &self.directory.people;
        let is_exactly =
            people.iter().find(|person| person.extension.as_deref() == Some(word) || person.id.0 == word);
        let name = word.to_lowercase();
        let mut named = people.iter().filter(|person| person.name.to_lowercase() == name);
        let only = || named.next().filter(|_| named.next().is_none());
        is_exactly.or_else(only).map(|person| person.id.clone())
    }

    /// Whether an order may be taken, and why nobody knows. What is known to block one blocks it whatever else is missing.
    fn standing(&self) -> (Option<Standing>, Option<GapWhy>) {
        let sum = |name| self.values.get(name).map(|cells| sum(cells.as_ref().map_err(|why| *why)?, name));
        // Both systems write a limit of nothing where there is none.
        let limit =
            sum("limit").map(|limit| limit.map(|limit| Some(limit).filter(|limit| limit.is_positive())));
        let (overdue, debt) = (sum("overdue"), sum("debt"));
        let beyond = |debt: Money, limit: Money| Money(debt.0.saturating_sub(limit.0).max(Decimal::ZERO));
        let over_limit = sum("over_limit").or_else(|| match (debt?, limit?) {
            (Ok(debt), Ok(limit)) => Some(Ok(limit.map_or(Money::ZERO, |limit| beyond(debt, limit)))),
            (Err(why), _) | (_, Err(why)) => Some(Err(why)),
        });
        let why = [
            overdue.and_then(Result::err),
            over_limit.and_then(Result::err),
            debt.and_then(Result::err),
            limit.and_then(Result::err),
        ];
        let why = why.into_iter().flatten().next();
        let known = |amount: Option<Result<Money, GapWhy>>| {
            amount.and_then(Result::ok).filter(|amount| amount.is_positive()).unwrap_or(Money::ZERO)
        };
        let limit = limit.and_then(Result::ok).flatten();
        let standing = Standing {
            currency: self.meaning.currency.clone(),
            overdue: known(overdue),
            over_limit: known(over_limit),
            limit,
            credit_left: limit.and_then(|limit| Some(beyond(limit, debt?.ok()?))),
            exposure: debt.and_then(Result::ok),
            disputed: Money::ZERO,
        };
        let is_known = why.is_none() && tells_standing(|name| self.values.contains_key(name));
        ((is_known || standing.is_blocked()).then_some(standing), why)
    }

    /// The number by which the client was found finds it again when the company's system is away.
    fn add_number(&self, phones: &mut Vec<String>) {
        let Some(number) = self.number else { return };
        if !phones.iter().any(|written| self.plan.look_up_key(written) == Some(number)) {
            phones.push(number.to_string());
        }
    }
}

/// What a card lacks.
#[derive(Default)]
struct Gaps(Vec<Gap>);

impl Gaps {
    /// What was asked for and could be had; else it is known to be missing. What is not asked for is not missing.
    fn had<T>(&mut self, part: CardPart, value: Option<Result<T, GapWhy>>) -> Option<T> {
        value?.map_err(|why| self.0.push(Gap { part, why })).ok()
    }
}

fn column(name: &str) -> PriceColumn {
    PriceColumn { name: shortened(name, LONGEST_NAME), why: PriceColumnReason::Other }
}

fn contact(name: &str) -> Contact {
    Contact { name: shortened(name, LONGEST_NAME), position: None, phone: None }
}

fn shortened(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Of all elements; an array without elements owes nothing. Only a limit may be none: of a debt that would mean that nobody
/// knows.
fn sum(cells: &[Cell], name: &str) -> Result<Money, GapWhy> {
    let mut sum = Decimal::ZERO;
    for cell in cells {
        let amount = match cell {
            Cell::Text(text) => amount(text).ok_or(GapWhy::Unreadable)?,
            Cell::Nothing if name == "limit" => Decimal::ZERO,
            Cell::Nothing | Cell::Missing => return Err(GapWhy::Missing),
            Cell::Odd => return Err(GapWhy::Unreadable),
        };
        sum = sum.checked_add(amount).ok_or(GapWhy::Unreadable)?;
    }
    Ok(Money(sum.round_dp(2)))
}

fn amount(text: &str) -> Option<Decimal> {
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

#[cfg(test)]
mod tests;
