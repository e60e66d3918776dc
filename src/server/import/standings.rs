//! What a row says of a legal entity's account, laid over what the desk has.

use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use super::fault::Fault;
use super::rows::{Cells, code, named, text, whole};
use super::{Import, cell};
use crate::desk_api::{ClientDraft, ClientTrade, Entity, FieldFault, Money, Standing};
use crate::domain::trade::credit::{Account, CreditTerms, Invoice, Payment, PaymentHistory};
use crate::domain::trade::order::EntityId;
use crate::server::store::ITSELF;

const MOST_CONTRACTS: usize = 100;
/// What is overdue since a day that nobody told is overdue beyond any tolerance; the rest is due some day.
const LONG_AGO: Date = date(1970, 1, 1);
const SOME_DAY: Date = date(9999, 12, 31);

/// What a legal entity owes. The card's standing is that of all of them together. `row_of`: the row before this one that has
/// that entity of the client.
pub(super) fn standing(
    cells: &mut Cells<'_>,
    import: &Import<'_>,
    draft: &mut ClientDraft,
    trade: &mut ClientTrade,
    row_of: impl Fn(&str) -> Option<u32>,
) {
    let id = EntityId(cells.code_or_none("entity").unwrap_or_else(|| ITSELF.to_owned()));
    let place = trade.entities.iter().position(|entity| entity.id == id);
    let known = place.and_then(|place| trade.entities.get(place));
    let name = cells.said("entity_name", text).flatten();
    let name = name.or_else(|| Some(known?.name.clone())).unwrap_or_else(|| draft.name.clone());
    let is_code = |text: &str| text.len() == 3 && text.bytes().all(|octet| octet.is_ascii_uppercase());
    let currency = cells
        .needed("currency", |text| if is_code(text) { Ok(text.to_owned()) } else { Err(Fault::NotCurrency) });
    let currency = currency.unwrap_or_default();
    let others = trade.entities.iter().filter(|entity| entity.id != id);
    if let Some(other) = others.map(|entity| &entity.account.currency).find(|other| **other != currency) {
        cells.fault("currency", Fault::OtherCurrency(other.clone()));
    }
    let mut account = known.map_or_else(
        || Account {
            currency: currency.clone(),
            // Where the file says nothing, the limit of the card holds on: once, for all of them.
            terms: rest_of_limit(draft, trade, &id),
            invoices: Vec::new(),
            open_orders: Money::ZERO,
            payments_until: None,
            history: None,
        },
        |entity| entity.account.clone(),
    );
    account.currency = currency;
    account.terms = terms(cells, account.terms);
    invoices(cells, &mut account.invoices);
    cells.set(&mut account.payments_until, "paid_until", cell::date);
    payment_history(cells, &mut account.history);
    let mut entity = match known {
        Some(known) => Entity { name, account, ..known.clone() },
        None => Entity {
            id,
            name,
            account,
            is_consignee_only: false,
            on_account_of: None,
            owes_there: false,
            tax_number: None,
            contracts: Vec::new(),
        },
    };
    if let Some(pays) = cells.said("pays", cell::yes) {
        entity.is_consignee_only = pays == Some(false);
        let has_members = trade.entities.iter().any(|other| other.on_account_of.as_ref() == Some(&entity.id));
        if entity.is_consignee_only && has_members {
            cells.fault("pays", Fault::Field(FieldFault::Contradicts));
        }
    }
    cells.set(&mut entity.tax_number, "tax_number", code);
    if let Some(contracts) = cells.said("contracts", contracts) {
        entity.contracts = contracts.unwrap_or_default();
    }
    cells.set(&mut entity.on_account_of, "on_account_of", |text| {
        let owner = EntityId(code(text)?);
        owns_account(&owner, &entity.id, trade, |owner| row_of(owner).is_some()).map(|()| owner)
    });
    let pays_anew = !entity.is_consignee_only && known.is_none_or(|known| known.is_consignee_only);
    let says = |column| cells.table.has(column);
    if pays_anew && !says("limit") && !says("on_account_of") && entity.account.terms != CreditTerms::Prepaid {
        entity.on_account_of = entity.on_account_of.or_else(|| shared_limit(trade, &entity.id));
    }
    let is_own = cells.said("own_debt", cell::yes).flatten();
    let tells_debt = ["exposure", "overdue", "disputed"].into_iter().find(|column| says(column));
    entity.owes_there = entity.on_account_of.is_some()
        && match (is_own, tells_debt) {
            (Some(is_own), _) => is_own,
            (None, None) => entity.owes_there,
            (None, Some(column)) => {
                let told = told_above(&entity, trade, row_of);
                told.into_iter().for_each(|row| cells.fault(column, Fault::SameDebt(row)));
                told.is_none()
            }
        };
    match place.and_then(|place| trade.entities.get_mut(place)) {
        Some(known) => *known = entity,
        None => trade.entities.push(entity),
    }
    // Where none pays, the client itself does, with what the card says.
    draft.standing = together(trade, import).or(draft.standing.take());
}

/// The row that tells of the account on which this one buys the very debt that its own row tells: books that know what a group owes
/// together say it of each, and two that owe the same to the kopeck are rare.
fn told_above(entity: &Entity, trade: &ClientTrade, row_of: impl Fn(&str) -> Option<u32>) -> Option<u32> {
    let owner = trade.entities.iter().find(|other| Some(&other.id) == entity.on_account_of.as_ref())?;
    let debt = &entity.account.invoices;
    row_of(&owner.id.0).filter(|_| !debt.is_empty() && *debt == owner.account.invoices)
}

/// What the accounts of the others leave of the card's limit, which is one for all of them.
fn rest_of_limit(draft: &ClientDraft, trade: &ClientTrade, id: &EntityId) -> CreditTerms {
    let limit = draft.standing.as_ref().and_then(|standing| standing.limit);
    let Some(limit) = limit else { return CreditTerms::Unlimited };
    let limits =
        trade.accounts().filter(|other| other.id != *id).filter_map(|other| limit_of(&other.account));
    let rest = limits.fold(limit.0, |rest, taken| rest.saturating_sub(taken.0));
    CreditTerms::Limit(Money(rest.max(Decimal::ZERO)))
}

/// Who has the limit that somebody buys on of whom nobody has said another: the first of those that have one.
fn shared_limit(trade: &ClientTrade, id: &EntityId) -> Option<EntityId> {
    let is_owner = trade.entities.iter().any(|other| other.on_account_of.as_ref() == Some(id));
    let mut others = trade.accounts().filter(|other| other.id != *id && limit_of(&other.account).is_some());
    others.next().filter(|_| !is_owner).map(|other| other.id.clone())
}

fn limit_of(account: &Account) -> Option<Money> {
    match account.terms {
        CreditTerms::Limit(limit) => Some(limit),
        CreditTerms::Prepaid | CreditTerms::Unlimited => None,
    }
}

/// What the file does not say of it stays; where it says nothing any more, nobody knows.
fn payment_history(cells: &mut Cells<'_>, history: &mut Option<PaymentHistory>) {
    let comma = cells.table.comma();
    let mut known = history.clone().unwrap_or_default();
    for (count, column) in [
        (&mut known.paid, "paid_invoices"),
        (&mut known.late, "paid_late"),
        (&mut known.days_late, "days_late"),
    ] {
        if let Some(said) = cells.said(column, |text| whole(text, comma)) {
            *count = said.unwrap_or_default();
        }
    }
    if known.late > known.paid {
        cells.fault("paid_late", Fault::OutOfRange);
    }
    let day = cells.said("last_payment_day", cell::date);
    let amount = cells.amount("last_payment");
    known.last = match (day, amount, known.last) {
        (None, None, last) => last,
        (Some(Some(day)), Some(Some(amount)), _) => Some(Payment { day, amount: Money(amount) }),
        // The other half has no column.
        (Some(Some(day)), None, last) => last.map(|last| Payment { day, ..last }),
        (None, Some(Some(amount)), last) => last.map(|last| Payment { amount: Money(amount), ..last }),
        (Some(None), Some(Some(_)), last) => {
            cells.fault("last_payment_day", Fault::Missing);
            last
        }
        (Some(Some(_)), Some(None), last) => {
            cells.fault("last_payment", Fault::Missing);
            last
        }
        (Some(None) | None, Some(None) | None, _) => None,
    };
    *history = (known != PaymentHistory::default()).then_some(known);
}

fn contracts(text: &str) -> Result<Vec<String>, Fault> {
    let numbers = cell::list(text)?;
    if numbers.len() > MOST_CONTRACTS {
        return Err(Fault::Field(FieldFault::TooLong));
    }
    numbers.iter().map(|number| code(number)).collect()
}

/// One account that others buy on, not a chain of them.
fn owns_account(
    owner: &EntityId,
    id: &EntityId,
    trade: &ClientTrade,
    is_above: impl Fn(&str) -> bool,
) -> Result<(), Fault> {
    let known = trade.entities.iter().find(|entity| entity.id == *owner);
    let is_owner = trade.entities.iter().any(|entity| entity.on_account_of.as_ref() == Some(id));
    let has_none = |known: &Entity| known.on_account_of.is_some() || known.is_consignee_only;
    if owner == id || is_owner || known.is_some_and(has_none) {
        return Err(Fault::Field(FieldFault::Contradicts));
    }
    if known.is_some() || is_above(&owner.0) {
        return Ok(());
    }
    Err(Fault::Unknown(trade.entities.iter().map(|entity| entity.id.0.clone()).collect()))
}

fn terms(cells: &mut Cells<'_>, before: CreditTerms) -> CreditTerms {
    const PREPAID: &[&str] = &["prepaid", "предоплата", "선불"];
    const CREDIT: &[&str] = &["credit", "отсрочка", "외상"];
    let words = [("prepaid", PREPAID.to_vec()), ("credit", CREDIT.to_vec())];
    let prepaid =
        cells.said("terms", |text| named(text, words.iter().map(|(id, names)| (*id, names.clone()))));
    let limit = cells.amount("limit");
    let is_prepaid = match &prepaid {
        Some(said) => said.as_deref() == Some("prepaid"),
        None => before == CreditTerms::Prepaid,
    };
    match limit {
        _ if is_prepaid => CreditTerms::Prepaid,
        Some(Some(limit)) => CreditTerms::Limit(Money(limit)),
        Some(None) => CreditTerms::Unlimited,
        None if before == CreditTerms::Prepaid => CreditTerms::Unlimited,
        None => before,
    }
}

/// Accounting tells sums, not papers: one for what is overdue, one for what is disputed, one for what is not due yet.
fn invoices(cells: &mut Cells<'_>, invoices: &mut Vec<Invoice>) {
    let exposure = cells.amount("exposure").flatten();
    let overdue = cells.amount("overdue").flatten();
    let disputed = cells.amount("disputed").flatten();
    let since = cells.said("overdue_since", cell::date).flatten();
    let says = |column| cells.table.has(column);
    if !says("exposure") && !says("overdue") && !says("disputed") {
        return;
    }
    let is_told = exposure.is_some();
    let [exposure, overdue, disputed] = [exposure, overdue, disputed].map(Option::unwrap_or_default);
    let rest = exposure - overdue - disputed;
    if is_told && rest < Decimal::ZERO {
        cells.fault("overdue", Fault::OutOfRange);
    }
    let invoice = |due, left, disputed| Invoice { number: String::new(), due, left: Money(left), disputed };
    *invoices = [
        invoice(since.unwrap_or(LONG_AGO), overdue, false),
        invoice(SOME_DAY, disputed, true),
        invoice(SOME_DAY, rest.max(Decimal::ZERO), false),
    ]
    .into_iter()
    .filter(|invoice| invoice.left.is_positive())
    .collect();
}

/// What stands on the card. None beyond what a decimal holds cannot be: each amount is bounded.
fn together(trade: &ClientTrade, import: &Import<'_>) -> Option<Standing> {
    let orders = &import.settings.orders;
    let today = import.at.to_zoned(orders.zone()).date();
    let accounts: Vec<Account> = trade.accounts().map(|entity| trade.account_of(entity)).collect();
    let add = |a: Money, b: Money| Money(a.0.saturating_add(b.0));
    let both = |a: Option<Money>, b: Option<Money>| Some(add(a?, b?));
    let standings = accounts.iter().map(|account| account.standing(orders.tolerance, today));
    let all = standings.reduce(|all, one| Standing {
        currency: all.currency,
        overdue: add(all.overdue, one.overdue),
        over_limit: add(all.over_limit, one.over_limit),
        limit: None,
        credit_left: None,
        exposure: both(all.exposure, one.exposure),
        disputed: add(all.disputed, one.disputed),
    })?;
    // Who pays first has no credit, and takes none of the others'.
    let on_credit = || accounts.iter().filter(|account| account.terms != CreditTerms::Prepaid);
    let limit = on_credit().map(limit_of).reduce(both).flatten();
    let credit_left = on_credit().map(Account::credit_left).reduce(both).flatten();
    Some(Standing { limit, credit_left, ..all })
}
