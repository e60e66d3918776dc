//! What a client owes, and what may still be bought on credit (duties 5, 6, 9).

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::client::{Money, Standing};
use crate::domain::mask_debug;

/// The account of one legal entity, or of a group that shares a limit.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Account {
    /// ISO 4217.
    pub currency: String,
    /// How it pays.
    pub terms: CreditTerms,
    /// What is not paid yet.
    #[serde(default)]
    pub invoices: Vec<Invoice>,
    /// What orders that are placed and not invoiced yet come to, at the most that they may weigh.
    #[serde(default)]
    pub open_orders: Money,
    /// The day that payments are known up to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "desk", schema(value_type = Option<String>, format = Date))]
    pub payments_until: Option<Date>,
    /// How it has paid (duty 9); none: nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<PaymentHistory>,
}

/// How somebody has paid in the last year, by the company's books.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct PaymentHistory {
    /// Invoices that are paid.
    pub paid: u32,
    /// Those of them that were paid after they were due.
    pub late: u32,
    /// Days by which those were late, on average.
    pub days_late: u32,
    /// The last payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Payment>,
}

/// Money that has come.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Payment {
    /// When.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub day: Date,
    /// How much, in the currency of the account.
    pub amount: Money,
}

mask_debug!(Account, PaymentHistory, Payment, Invoice);

/// How a client pays.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum CreditTerms {
    /// Before the goods leave: no order uses credit, each waits for its payment.
    Prepaid,
    /// Up to this much, afterwards.
    Limit(Money),
    /// Afterwards, without a limit agreed.
    Unlimited,
}

/// What is not paid yet of one delivery.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Invoice {
    /// As the client knows it.
    pub number: String,
    /// The last day on which it is paid in time.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub due: Date,
    /// What is left to pay.
    pub left: Money,
    /// The client says it is wrong: it uses credit, and is never overdue.
    #[serde(default)]
    pub disputed: bool,
}

/// What the company lets pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Tolerance {
    /// So many days after it is due an invoice counts as paid in time.
    pub days: u16,
    /// So much of what is overdue blocks nothing.
    pub amount: Money,
}

impl Account {
    fn debt(&self) -> Decimal {
        self.invoices.iter().fold(Decimal::ZERO, |sum, invoice| sum.saturating_add(invoice.left.0))
    }

    /// What may still be bought on it, open orders counted; none: nobody has agreed a limit.
    pub fn credit_left(&self) -> Option<Money> {
        let CreditTerms::Limit(limit) = self.terms else { return None };
        let left = limit.0.saturating_sub(self.debt()).saturating_sub(self.open_orders.0);
        Some(Money(left.max(Decimal::ZERO)))
    }

    /// Whether an order may be taken (duty 5), on this day.
    pub fn standing(&self, tolerance: Tolerance, today: Date) -> Standing {
        let total = |counts: &dyn Fn(&Invoice) -> bool| {
            let counted = self.invoices.iter().filter(|invoice| counts(invoice));
            counted.fold(Decimal::ZERO, |sum, invoice| sum.saturating_add(invoice.left.0))
        };
        let is_late = |invoice: &Invoice| {
            let days = today.since(invoice.due).map_or(0, |late| late.get_days());
            !invoice.disputed && days > i32::from(tolerance.days)
        };
        let late = total(&is_late);
        let overdue = if late > tolerance.amount.0 { late } else { Decimal::ZERO };
        let debt = self.debt();
        let (limit, over) = match self.terms {
            CreditTerms::Limit(limit) => (Some(limit), debt.saturating_sub(limit.0).max(Decimal::ZERO)),
            CreditTerms::Prepaid | CreditTerms::Unlimited => (None, Decimal::ZERO),
        };
        Standing {
            currency: self.currency.clone(),
            overdue: Money(overdue),
            over_limit: Money(over),
            limit,
            credit_left: self.credit_left(),
            exposure: Some(Money(debt.saturating_add(self.open_orders.0))),
            disputed: Money(total(&|invoice| invoice.disputed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn money(text: &str) -> Money {
        Money(text.parse().unwrap())
    }

    #[test]
    fn standing_follows_invoices_limit_and_tolerance() {
        let today = date(2026, 11, 29);
        let late = |days: i64, left: &str, disputed| Invoice {
            number: "1".into(),
            due: today - jiff::Span::new().days(days),
            left: money(left),
            disputed,
        };
        let limit = CreditTerms::Limit(money("1000"));
        let exact = Tolerance::default();
        let lenient = Tolerance { days: 3, amount: money("50") };
        // terms, invoices, open orders, tolerance → overdue, over the limit, credit left
        let table = [
            (limit, vec![], "0", exact, "0", "0", Some("1000")),
            (limit, vec![late(0, "400", false)], "0", exact, "0", "0", Some("600")),
            (limit, vec![late(1, "400", false)], "0", exact, "400", "0", Some("600")),
            (limit, vec![late(-5, "400", false)], "300", exact, "0", "0", Some("300")),
            (limit, vec![late(-5, "1200", false)], "0", exact, "0", "200", Some("0")),
            (limit, vec![late(-5, "900", false)], "300", exact, "0", "0", Some("0")),
            (limit, vec![late(3, "400", false)], "0", lenient, "0", "0", Some("600")),
            (limit, vec![late(4, "400", false)], "0", lenient, "400", "0", Some("600")),
            (limit, vec![late(4, "50", false)], "0", lenient, "0", "0", Some("950")),
            (limit, vec![late(4, "30", false), late(9, "30", false)], "0", lenient, "60", "0", Some("940")),
            (limit, vec![late(90, "400", true)], "0", exact, "0", "0", Some("600")),
            (limit, vec![late(400, "400", false)], "0", exact, "400", "0", Some("600")),
            (CreditTerms::Prepaid, vec![late(1, "10", false)], "0", exact, "10", "0", None),
            (CreditTerms::Unlimited, vec![late(-1, "9000", false)], "9000", exact, "0", "0", None),
        ];
        for (terms, invoices, open, tolerance, overdue, over, left) in table {
            let account = Account {
                currency: "RUB".into(),
                terms,
                invoices,
                open_orders: money(open),
                payments_until: None,
                history: None,
            };
            let standing = account.standing(tolerance, today);
            assert_eq!(
                (standing.overdue, standing.over_limit, standing.credit_left),
                (money(overdue), money(over), left.map(money)),
                "{terms:?} {open} {tolerance:?}"
            );
        }
    }

    #[test]
    fn what_is_ordered_is_owed_too_and_what_is_disputed_is_told_apart() {
        let invoice = |left: &str, disputed| Invoice {
            number: "1".into(),
            due: date(2026, 11, 1),
            left: money(left),
            disputed,
        };
        let account = Account {
            currency: "RUB".into(),
            terms: CreditTerms::Unlimited,
            invoices: vec![invoice("400", false), invoice("70", true), invoice("30", true)],
            open_orders: money("250"),
            payments_until: None,
            history: None,
        };
        let standing = account.standing(Tolerance::default(), date(2026, 11, 29));
        assert_eq!(
            (standing.exposure, standing.disputed, standing.overdue),
            (Some(money("750")), money("100"), money("400"))
        );
    }
}
