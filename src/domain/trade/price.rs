//! Which column of the price list a client buys by, and what a line costs (duties 9, 10, 23).

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::amount::TaxBasis;
use super::promotion::{Promotion, PromotionId};
use crate::domain::client::{ClientTypeId, Money, PriceColumnReason};

/// The stable short name of a column of the price list: `1`, `retail`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct ColumnId(pub String);

/// A column of the price list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Column {
    /// In rules and data.
    pub id: ColumnId,
    /// As the price list heads it.
    pub name: String,
    /// ISO 4217.
    pub currency: String,
    /// Whether its prices contain the tax.
    pub basis: TaxBasis,
}

/// Who buys by a column. Of the company's rules the first that fits holds, so the cheapest column stands first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct ColumnRule {
    /// The column that it gives.
    pub column: ColumnId,
    /// Types of clients; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_types: Vec<ClientTypeId>,
    /// The order comes to this much at least, by the client's column without this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_from: Option<Money>,
    /// The client has bought for this much at least in the last thirty days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month_from: Option<Money>,
    /// First day of a special programme (duty 23).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "desk", schema(value_type = Option<String>, format = Date))]
    pub since: Option<Date>,
    /// Its last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "desk", schema(value_type = Option<String>, format = Date))]
    pub until: Option<Date>,
}

/// What the rules look at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Buyer {
    /// The client's type.
    pub client_type: ClientTypeId,
    /// The column of the contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<ColumnId>,
    /// Bought in the last thirty days.
    #[serde(default)]
    pub month: Money,
}

/// The column that a client buys by.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct ColumnChoice {
    /// In the price list.
    pub column: ColumnId,
    /// What gave it.
    pub why: PriceColumnReason,
    /// A cheaper one, and how much more must be ordered for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<NextColumn>,
}

/// "3,000 more to column 3" (duty 9).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct NextColumn {
    /// The column.
    pub column: ColumnId,
    /// By the client's column without volume.
    pub more: Money,
}

impl ColumnRule {
    fn fits(&self, buyer: &Buyer, day: Date) -> bool {
        (self.client_types.is_empty() || self.client_types.contains(&buyer.client_type))
            && self.month_from.is_none_or(|from| buyer.month >= from)
            && self.since.is_none_or(|since| day >= since)
            && self.until.is_none_or(|until| day <= until)
    }

    fn why(&self) -> PriceColumnReason {
        if self.order_from.is_some() || self.month_from.is_some() {
            PriceColumnReason::Volume
        } else if self.since.is_some() || self.until.is_some() {
            PriceColumnReason::Promotion
        } else if self.client_types.is_empty() {
            PriceColumnReason::Other
        } else {
            PriceColumnReason::ClientType
        }
    }
}

/// The column for an order that comes to `total` by [`base_column`]; none where no rule fits.
pub fn column(rules: &[ColumnRule], buyer: &Buyer, total: Money, day: Date) -> Option<ColumnChoice> {
    if let Some(column) = buyer.contract.clone() {
        return Some(ColumnChoice { column, why: PriceColumnReason::Contract, next: None });
    }
    let fitting = || rules.iter().filter(|rule| rule.fits(buyer, day));
    let reached = |rule: &&ColumnRule| rule.order_from.is_none_or(|from| total >= from);
    let rule = fitting().find(reached)?;
    let more = |rule: &ColumnRule| Some(Money(rule.order_from?.0.saturating_sub(total.0)));
    let better = fitting().take_while(|other| !std::ptr::eq(*other, rule));
    let next = better.filter_map(|rule| Some(NextColumn { column: rule.column.clone(), more: more(rule)? }));
    let next = next.min_by_key(|next| next.more);
    Some(ColumnChoice { column: rule.column.clone(), why: rule.why(), next })
}

/// The column that the operator chose among those permitted, and what permits it.
pub fn chosen(rules: &[ColumnRule], buyer: &Buyer, column: &ColumnId, day: Date) -> Option<ColumnChoice> {
    let rule = rules.iter().find(|rule| rule.column == *column && rule.fits(buyer, day))?;
    Some(ColumnChoice { column: column.clone(), why: rule.why(), next: None })
}

/// Columns that the operator may choose: those whose rules fit, the first of the rules first (duty 10).
pub fn permitted(rules: &[ColumnRule], buyer: &Buyer, total: Money, day: Date) -> Vec<ColumnId> {
    let by_rule =
        rules.iter().filter(|rule| rule.fits(buyer, day) && rule.order_from.is_none_or(|from| total >= from));
    let mut columns: Vec<ColumnId> = buyer.contract.iter().cloned().collect();
    for rule in by_rule {
        if !columns.contains(&rule.column) {
            columns.push(rule.column.clone());
        }
    }
    columns
}

/// The column that a client buys by without volume: an order is measured by it, so that its own discount
/// does not take an order below the bound.
pub fn base_column(rules: &[ColumnRule], buyer: &Buyer, day: Date) -> Option<ColumnId> {
    let by_rule = || rules.iter().find(|rule| rule.order_from.is_none() && rule.fits(buyer, day));
    buyer.contract.clone().or_else(|| Some(by_rule()?.column.clone()))
}

/// What is known of a product's price for one client.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Prices {
    /// Of a piece, or of a kilogram where it is priced by weight.
    pub columns: BTreeMap<ColumnId, Money>,
    /// Agreed with this client in writing; holds before any column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<Money>,
    /// No promotion goes below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Money>,
}

/// What a piece or kilogram costs, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct UnitPrice {
    /// Unrounded.
    pub amount: Money,
    /// What it began with.
    pub from: PriceSource,
    /// What lowered it, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promotions: Vec<PromotionId>,
    /// A promotion would have gone below the floor.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_floor: bool,
}

/// Where a price comes from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum PriceSource {
    /// The contract of this client.
    Contract,
    /// The column.
    Column,
}

/// Of one product in one column, after those promotions that hold for the line, which come ordered as
/// [`super::promotion::in_order`] says. None: the product has no price there.
pub fn unit_price(prices: &Prices, column: &ColumnId, promotions: &[&Promotion]) -> Option<UnitPrice> {
    let (from, base) = match prices.contract {
        Some(agreed) => (PriceSource::Contract, agreed),
        None => (PriceSource::Column, *prices.columns.get(column)?),
    };
    let mut price = UnitPrice { amount: base, from, promotions: Vec::new(), at_floor: false };
    // What is below the floor without any promotion was meant so.
    let floor = prices.floor.map_or(Money::ZERO, |floor| floor.min(base));
    for promotion in promotions {
        let Some(lowered) = promotion.effect.lowers(price.amount).filter(|lowered| *lowered < price.amount)
        else {
            continue;
        };
        price.at_floor |= lowered < floor;
        let lowered = lowered.max(floor);
        if lowered < price.amount {
            price.amount = lowered;
            price.promotions.push(promotion.id.clone());
        }
    }
    Some(price)
}

#[cfg(test)]
mod tests {
    use super::super::promotion::{Effect, tests::promotion};
    use super::*;
    use jiff::civil::date;

    fn money(text: &str) -> Money {
        Money(text.parse().unwrap())
    }

    fn column_id(id: &str) -> ColumnId {
        ColumnId(id.into())
    }

    fn rules() -> Vec<ColumnRule> {
        let rule = |column: &str, types: &[&str]| ColumnRule {
            column: column_id(column),
            client_types: types.iter().map(|known| ClientTypeId((*known).into())).collect(),
            order_from: None,
            month_from: None,
            since: None,
            until: None,
        };
        vec![
            ColumnRule {
                since: Some(date(2026, 12, 20)),
                until: Some(date(2026, 12, 31)),
                ..rule("4", &["market"])
            },
            ColumnRule { order_from: Some(money("100000")), ..rule("4", &["market", "own"]) },
            ColumnRule { order_from: Some(money("30000")), ..rule("3", &["market"]) },
            ColumnRule { month_from: Some(money("500000")), ..rule("3", &["market"]) },
            rule("2", &["market"]),
            rule("1", &[]),
        ]
    }

    #[test]
    fn the_column_follows_type_volume_programme_and_contract() {
        use PriceColumnReason::{ClientType, Contract, Other, Promotion, Volume};
        let (november, december) = (date(2026, 11, 29), date(2026, 12, 24));
        // type, contract, month, total, day → column, why, how much more to which
        let table = [
            ("market", None, "0", "0", november, "2", ClientType, Some(("3", "30000"))),
            ("market", None, "0", "27000", november, "2", ClientType, Some(("3", "3000"))),
            ("market", None, "0", "30000", november, "3", Volume, Some(("4", "70000"))),
            ("market", None, "0", "100000", november, "4", Volume, None),
            ("market", None, "600000", "0", november, "3", Volume, Some(("3", "30000"))),
            ("market", None, "0", "0", december, "4", Promotion, None),
            ("own", None, "0", "0", november, "1", Other, Some(("4", "100000"))),
            ("own", None, "0", "100000", november, "4", Volume, None),
            ("retail", None, "900000", "900000", november, "1", Other, None),
            ("retail", Some("5"), "0", "0", november, "5", Contract, None),
        ];
        for (client_type, contract, month, total, day, expected, why, next) in table {
            let buyer = Buyer {
                client_type: ClientTypeId(client_type.into()),
                contract: contract.map(column_id),
                month: money(month),
            };
            let choice = column(&rules(), &buyer, money(total), day).unwrap();
            let next = next.map(|(column, more)| NextColumn { column: column_id(column), more: money(more) });
            assert_eq!(
                choice,
                ColumnChoice { column: column_id(expected), why, next },
                "{client_type} {total}"
            );
        }
    }

    #[test]
    fn an_order_is_measured_by_the_column_without_volume() {
        let buyer = Buyer { client_type: ClientTypeId("market".into()), contract: None, month: Money::ZERO };
        assert_eq!(base_column(&rules(), &buyer, date(2026, 11, 29)), Some(column_id("2")));
        assert_eq!(base_column(&[], &buyer, date(2026, 11, 29)), None);
    }

    #[test]
    fn a_contract_price_holds_before_the_column_and_no_promotion_goes_below_the_floor() {
        let (ten_off, half) =
            (promotion("a", Effect::Off(percent("10"))), promotion("b", Effect::Off(percent("50"))));
        let cheap = promotion("c", Effect::Price(money("80")));
        let mut everywhere = ten_off.clone();
        everywhere.on_contract_prices = true;
        let prices = |contract: Option<&str>, floor: Option<&str>| Prices {
            columns: [(column_id("2"), money("100"))].into(),
            contract: contract.map(money),
            floor: floor.map(money),
        };
        // contract, floor, promotions → amount, applied, at the floor
        let table: [(_, _, Vec<&Promotion>, &str, &[&str], bool); 8] = [
            (None, None, vec![], "100", &[], false),
            (None, None, vec![&ten_off], "90", &["a"], false),
            (None, None, vec![&ten_off, &half], "45", &["a", "b"], false),
            (None, Some("60"), vec![&ten_off, &half], "60", &["a", "b"], true),
            (None, Some("90"), vec![&ten_off, &half], "90", &["a"], true),
            (None, None, vec![&half, &cheap], "50", &["b"], false),
            (Some("95"), None, vec![&everywhere], "85.5", &["a"], false),
            (Some("40"), Some("60"), vec![&everywhere], "40", &[], true),
        ];
        for (contract, floor, promotions, amount, applied, at_floor) in table {
            let price = unit_price(&prices(contract, floor), &column_id("2"), &promotions).unwrap();
            let applied: Vec<PromotionId> = applied.iter().map(|id| PromotionId((*id).into())).collect();
            assert_eq!((price.amount, price.promotions, price.at_floor), (money(amount), applied, at_floor));
        }
        assert_eq!(unit_price(&prices(None, None), &column_id("7"), &[]), None, "not in this column");
    }

    fn percent(text: &str) -> super::super::amount::Percent {
        super::super::amount::Percent(text.parse().unwrap())
    }
}
