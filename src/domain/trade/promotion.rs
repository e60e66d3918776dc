//! Special programmes: who gets what cheaper, or something more, and until when (duty 23).

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::amount::Percent;
use super::examine::Goods;
use super::product::ProductId;
use crate::domain::client::{ClientTypeId, Money};

/// The stable short name of a promotion.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct PromotionId(pub String);

/// A special programme of the commercial service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Promotion {
    /// In data.
    pub id: PromotionId,
    /// As the operator says it.
    pub name: String,
    /// First day of orders.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub since: Date,
    /// Last day of orders.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub until: Date,
    /// The higher comes first.
    #[serde(default)]
    pub priority: i32,
    /// Of those with the same word here a line gets the first alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusive: Option<String>,
    /// Products and groups of the assortment; both empty: all goods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<ProductId>,
    /// See `products`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Types of clients; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_types: Vec<ClientTypeId>,
    /// So many pieces or kilograms in the line at least.
    #[serde(default, with = "rust_decimal::serde::str_option", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "desk", schema(value_type = Option<String>))]
    pub at_least: Option<Decimal>,
    /// Holds beside prices that were agreed in writing, too.
    #[serde(default)]
    pub on_contract_prices: bool,
    /// What the client gets.
    pub effect: Effect,
}

/// What a promotion does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum Effect {
    /// So much less.
    Off(Percent),
    /// This price of a piece or kilogram, where it is lower.
    Price(Money),
    /// Something for nothing, taken from the stock like any other line.
    Gift {
        /// For so many pieces or kilograms each.
        #[serde(with = "rust_decimal::serde::str")]
        #[cfg_attr(feature = "desk", schema(value_type = String))]
        every: Decimal,
        /// What.
        product: ProductId,
        /// Pieces or kilograms of it.
        #[serde(with = "rust_decimal::serde::str")]
        #[cfg_attr(feature = "desk", schema(value_type = String))]
        quantity: Decimal,
    },
}

impl Effect {
    /// The price after it; none where it lowers none.
    pub fn lowers(&self, price: Money) -> Option<Money> {
        match self {
            Self::Off(percent) => Some(Money((price.0 - percent.of(price.0)?).max(Decimal::ZERO))),
            Self::Price(fixed) => Some(*fixed),
            Self::Gift { .. } => None,
        }
    }
}

/// Something that comes for nothing with a line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Gift {
    /// By which promotion.
    pub promotion: PromotionId,
    /// What.
    pub product: ProductId,
    /// Pieces or kilograms.
    #[serde(with = "rust_decimal::serde::str")]
    #[cfg_attr(feature = "desk", schema(value_type = String))]
    pub quantity: Decimal,
}

impl Promotion {
    /// What it gives for nothing.
    pub fn gives(&self) -> Option<ProductId> {
        match self.effect {
            Effect::Gift { product, .. } => Some(product),
            Effect::Off(_) | Effect::Price(_) => None,
        }
    }

    fn holds(&self, client_type: &ClientTypeId, goods: &Goods, counted: Decimal, day: Date) -> bool {
        let product = &goods.product;
        let everything = self.products.is_empty() && self.groups.is_empty();
        let names = || {
            self.products.contains(&product.id)
                || product.group.as_ref().is_some_and(|group| self.groups.contains(group))
        };
        (self.since..=self.until).contains(&day)
            && (everything || names())
            && (self.client_types.is_empty() || self.client_types.contains(client_type))
            && self.at_least.is_none_or(|least| counted >= least)
            && (self.on_contract_prices || goods.prices.contract.is_none())
    }
}

/// Those that hold for a line with so many pieces or kilograms on the day of the order: the highest priority first, of the
/// same priority by name, of those that exclude each other the first alone.
pub fn in_order<'a>(
    promotions: &'a [Promotion],
    client_type: &ClientTypeId,
    goods: &Goods,
    counted: Decimal,
    day: Date,
) -> Vec<&'a Promotion> {
    let mut holding: Vec<&Promotion> =
        promotions.iter().filter(|promotion| promotion.holds(client_type, goods, counted, day)).collect();
    holding.sort_by(|a, b| b.priority.cmp(&a.priority).then_with(|| a.id.cmp(&b.id)));
    let mut excluded = BTreeSet::new();
    holding.retain(|promotion| promotion.exclusive.as_ref().is_none_or(|word| excluded.insert(word)));
    holding
}

/// What comes for nothing with so many pieces or kilograms.
pub fn gifts(promotions: &[&Promotion], counted: Decimal) -> Vec<Gift> {
    let gift = |promotion: &&Promotion| {
        let Effect::Gift { every, product, quantity } = &promotion.effect else { return None };
        let times = counted.checked_div(*every).filter(|times| *times >= Decimal::ONE)?.floor();
        let quantity = times.checked_mul(*quantity)?;
        Some(Gift { promotion: promotion.id.clone(), product: *product, quantity })
    };
    promotions.iter().filter_map(gift).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::price::Prices;
    use super::super::product::{Unit, tests::product};
    use super::*;
    use jiff::civil::date;
    use uuid::Uuid;

    pub fn promotion(id: &str, effect: Effect) -> Promotion {
        Promotion {
            id: PromotionId(id.into()),
            name: id.into(),
            since: date(2026, 11, 1),
            until: date(2026, 11, 30),
            priority: 0,
            exclusive: None,
            products: Vec::new(),
            groups: Vec::new(),
            client_types: Vec::new(),
            at_least: None,
            on_contract_prices: false,
            effect,
        }
    }

    fn off() -> Effect {
        Effect::Off(Percent(5.into()))
    }

    fn goods(contract: Option<Money>) -> Goods {
        let mut tea = product(&[(Unit::Piece, "1", "1")], None);
        tea.group = Some("tea".into());
        let prices = Prices { contract, ..Prices::default() };
        Goods { product: tea, prices, available: 100.into() }
    }

    #[test]
    fn what_does_not_hold_beside_agreed_prices_excludes_nothing_that_does() {
        let exclusive = |id: &str, priority, on_contract_prices| Promotion {
            priority,
            on_contract_prices,
            exclusive: Some("season".into()),
            ..promotion(id, off())
        };
        let list = [exclusive("lists", 9, false), exclusive("all", 1, true)];
        let first = |contract: Option<Money>| {
            let found =
                in_order(&list, &ClientTypeId("key".into()), &goods(contract), 1.into(), date(2026, 11, 29));
            found.iter().map(|promotion| promotion.id.0.clone()).collect::<Vec<_>>()
        };
        assert_eq!(first(None), ["lists"]);
        assert_eq!(first(Some(Money::ZERO)), ["all"]);
    }

    #[test]
    fn a_promotion_holds_for_its_goods_clients_quantity_and_days() {
        let tea = goods(None);
        let other = ProductId(Uuid::from_u128(9));
        let market = ClientTypeId("market".into());
        let base = promotion("p", off());
        let today = date(2026, 11, 29);
        // promotion, pieces, day → holds
        let table = [
            (base.clone(), 1, today, true),
            (base.clone(), 1, date(2026, 10, 31), false),
            (base.clone(), 1, date(2026, 11, 30), true),
            (base.clone(), 1, date(2026, 12, 1), false),
            (Promotion { products: vec![tea.product.id], ..base.clone() }, 1, today, true),
            (Promotion { products: vec![other], ..base.clone() }, 1, today, false),
            (Promotion { groups: vec!["tea".into()], ..base.clone() }, 1, today, true),
            (Promotion { products: vec![other], groups: vec!["tea".into()], ..base.clone() }, 1, today, true),
            (Promotion { groups: vec!["fish".into()], ..base.clone() }, 1, today, false),
            (Promotion { client_types: vec![market.clone()], ..base.clone() }, 1, today, true),
            (
                Promotion { client_types: vec![ClientTypeId("retail".into())], ..base.clone() },
                1,
                today,
                false,
            ),
            (Promotion { at_least: Some(24.into()), ..base.clone() }, 23, today, false),
            (Promotion { at_least: Some(24.into()), ..base }, 24, today, true),
        ];
        for (promotion, pieces, day, holds) in table {
            let list = [promotion];
            let found = in_order(&list, &market, &tea, pieces.into(), day);
            assert_eq!(found.len(), usize::from(holds), "{:?} {pieces} {day}", list[0]);
        }
    }

    #[test]
    fn the_highest_priority_comes_first_and_excludes_its_like() {
        let with = |id: &str, priority, exclusive: Option<&str>| Promotion {
            priority,
            exclusive: exclusive.map(str::to_owned),
            ..promotion(id, off())
        };
        let list = [
            with("a", 0, None),
            with("d", 5, Some("season")),
            with("c", 9, Some("season")),
            with("b", 0, Some("clearance")),
            with("e", 9, None),
        ];
        let tea = goods(None);
        let found = in_order(&list, &ClientTypeId("market".into()), &tea, 1.into(), date(2026, 11, 29));
        let ids: Vec<&str> = found.iter().map(|promotion| promotion.id.0.as_str()).collect();
        assert_eq!(ids, ["c", "e", "a", "b"]);
    }

    #[test]
    fn a_gift_comes_with_each_full_quantity() {
        let cup = ProductId(Uuid::from_u128(7));
        let gift = promotion("cups", Effect::Gift { every: 12.into(), product: cup, quantity: 2.into() });
        let broken = promotion("zero", Effect::Gift { every: 0.into(), product: cup, quantity: 2.into() });
        for (pieces, cups) in [(11, None), (12, Some(2)), (35, Some(4)), (36, Some(6))] {
            let found = gifts(&[&gift, &broken], pieces.into());
            assert_eq!(found.first().map(|gift| gift.quantity), cups.map(Decimal::from), "{pieces}");
        }
    }
}
