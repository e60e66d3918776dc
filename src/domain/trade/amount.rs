//! Sums, tax and rounding.
//!
//! One rule everywhere: a line's sum is rounded once, to the smallest coin of its currency, halves away from zero; its tax is
//! computed from that sum and rounded the same way; an order's totals are the sums of its lines. Unit prices are
//! not rounded at all, so that twelve pieces cost what their case costs.

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use crate::domain::client::Money;

/// A part in hundred: `20` is 20 %.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct Percent(#[serde(with = "rust_decimal::serde::str")] pub Decimal);

impl Percent {
    /// Of an amount, unrounded; none beyond what a decimal holds.
    pub fn of(self, amount: Decimal) -> Option<Decimal> {
        amount.checked_mul(self.0)?.checked_div(Decimal::ONE_HUNDRED)
    }
}

/// Whether prices contain the tax.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum TaxBasis {
    /// What stands on the list is what is paid.
    Gross,
    /// The tax comes on top.
    Net,
}

/// A sum and the tax in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Sum {
    /// Without tax.
    pub net: Money,
    /// The tax.
    pub tax: Money,
    /// What is paid: both.
    pub gross: Money,
}

impl Sum {
    /// Of an unrounded amount; none beyond what a decimal holds.
    pub fn of(amount: Decimal, basis: TaxBasis, rate: Percent, currency: &str) -> Option<Self> {
        let sum = rounded(amount, currency);
        let tax = match basis {
            TaxBasis::Net => rate.of(sum)?,
            TaxBasis::Gross => {
                sum.checked_mul(rate.0)?.checked_div(Decimal::ONE_HUNDRED.checked_add(rate.0)?)?
            }
        };
        let tax = rounded(tax, currency);
        let (net, gross) = match basis {
            TaxBasis::Net => (sum, sum.checked_add(tax)?),
            TaxBasis::Gross => (sum.checked_sub(tax)?, sum),
        };
        Some(Self { net: Money(net), tax: Money(tax), gross: Money(gross) })
    }

    /// Both together; none beyond what a decimal holds.
    pub fn and(self, other: Self) -> Option<Self> {
        let add = |a: Money, b: Money| a.0.checked_add(b.0).map(Money);
        Some(Self {
            net: add(self.net, other.net)?,
            tax: add(self.tax, other.tax)?,
            gross: add(self.gross, other.gross)?,
        })
    }
}

/// To the smallest coin of the currency, halves away from zero.
pub fn rounded(amount: Decimal, currency: &str) -> Decimal {
    amount.round_dp_with_strategy(coin_digits(currency), RoundingStrategy::MidpointAwayFromZero)
}

/// Digits behind the point, by ISO 4217; two where nothing else is known.
fn coin_digits(currency: &str) -> u32 {
    match currency {
        "KRW" | "JPY" | "VND" | "CLP" | "ISK" => 0,
        "KWD" | "BHD" | "OMR" | "JOD" | "TND" | "IQD" | "LYD" => 3,
        _ => 2,
    }
}

/// The tax of one kind of goods, and since when it is so.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct TaxRate {
    /// The kind of goods, as the company calls it: `standard`, `food`.
    pub kind: String,
    /// The first day of delivery that it holds for.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub since: Date,
    /// How much.
    pub rate: Percent,
}

/// The rate that holds for goods delivered on this day; none where the company has said none.
pub fn tax_rate(rates: &[TaxRate], kind: &str, day: Date) -> Option<Percent> {
    let holds = rates.iter().filter(|rate| rate.kind == kind && rate.since <= day);
    holds.max_by_key(|rate| rate.since).map(|rate| rate.rate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn tax_is_in_a_gross_price_and_on_top_of_a_net_one() {
        // amount, basis, rate, currency → net, tax, gross
        let table = [
            ("120", TaxBasis::Gross, "20", "RUB", "100.00", "20.00", "120.00"),
            ("100", TaxBasis::Net, "20", "RUB", "100.00", "20.00", "120.00"),
            ("100", TaxBasis::Gross, "10", "RUB", "90.91", "9.09", "100.00"),
            ("99.995", TaxBasis::Net, "10", "RUB", "100.00", "10.00", "110.00"),
            ("0.05", TaxBasis::Net, "10", "RUB", "0.05", "0.01", "0.06"),
            ("0.005", TaxBasis::Gross, "0", "RUB", "0.01", "0.00", "0.01"),
            ("1100.5", TaxBasis::Gross, "10", "KRW", "1001", "100", "1101"),
            ("1.0005", TaxBasis::Gross, "0", "KWD", "1.001", "0", "1.001"),
        ];
        for (amount, basis, rate, currency, net, tax, gross) in table {
            let sum = Sum::of(decimal(amount), basis, Percent(decimal(rate)), currency).unwrap();
            let expected =
                Sum { net: Money(decimal(net)), tax: Money(decimal(tax)), gross: Money(decimal(gross)) };
            assert_eq!(sum, expected, "{amount} {basis:?} {rate} {currency}");
        }
    }

    #[test]
    fn the_rate_of_the_day_of_delivery_holds() {
        let rate = |kind: &str, since, rate: &str| TaxRate {
            kind: kind.into(),
            since,
            rate: Percent(decimal(rate)),
        };
        let rates = [
            rate("standard", date(2026, 1, 1), "22"),
            rate("standard", date(2019, 1, 1), "20"),
            rate("food", date(2019, 1, 1), "10"),
        ];
        let of = |kind, day| tax_rate(&rates, kind, day).map(|rate| rate.0.to_string());
        assert_eq!(of("standard", date(2025, 12, 31)).as_deref(), Some("20"));
        assert_eq!(of("standard", date(2026, 1, 1)).as_deref(), Some("22"));
        assert_eq!(of("food", date(2026, 1, 1)).as_deref(), Some("10"));
        assert_eq!(of("food", date(2018, 1, 1)), None);
        assert_eq!(of("books", date(2026, 1, 1)), None);
    }

    #[test]
    fn amounts_beyond_a_decimal_are_no_sum_and_no_panic() {
        assert_eq!(Sum::of(Decimal::MAX, TaxBasis::Net, Percent(decimal("20")), "RUB"), None);
        let most = Sum { net: Money(Decimal::MAX), ..Sum::default() };
        assert_eq!(most.and(most), None);
    }
}
