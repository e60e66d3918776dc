//! What an operator offers beyond what the client asks for (duties 7, 8).

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::product::{ProductId, Unit};

/// Why something is offered; the phrase to say goes by it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum OfferKind {
    /// This client buys it, by now it should be due, and it is not in this order.
    Usual,
    /// The commercial service wants it sold.
    Pushed,
    /// New in the assortment.
    New,
    /// Clients of this type buy it, and this one does not (duty 8).
    Typical,
}

/// Something to offer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Offer {
    /// What.
    pub product: ProductId,
    /// Why.
    pub kind: OfferKind,
    /// As much as the client usually takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual: Option<UsualQuantity>,
    /// The commercial service's own phrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phrase: Option<String>,
    /// The client agreed on this day to wait for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "desk", schema(value_type = Option<String>, format = Date))]
    pub waits_since: Option<Date>,
}

/// So much, in what it is ordered in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct UsualQuantity {
    /// How many.
    #[serde(with = "rust_decimal::serde::str")]
    #[cfg_attr(feature = "desk", schema(value_type = String))]
    pub quantity: Decimal,
    /// Of what.
    pub unit: Unit,
}

/// An offer and what the client said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct OfferMade {
    /// What.
    pub product: ProductId,
    /// Why.
    pub kind: OfferKind,
    /// The client's word.
    pub answer: OfferAnswer,
}

/// What the client said to an offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum OfferAnswer {
    /// It is in the order.
    Taken,
    /// The client has enough of it.
    HasStock,
    /// Too dear.
    Price,
    /// The client's own customers do not buy it.
    NotSold,
    /// Something else, or no reason at all.
    Other,
}

/// How a client buys one product.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Habit {
    /// What.
    pub product: ProductId,
    /// As much as mostly.
    #[serde(flatten)]
    pub usual: UsualQuantity,
    /// Orders that had it, of the last year.
    pub times: u32,
    /// Days from one to the next, the middle one of all.
    pub every_days: u32,
    /// The last time.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub last: Date,
}

/// Fewer purchases are no habit.
const HABIT: u32 = 3;

impl Habit {
    /// How far beyond its day it is, in parts of its rhythm; none while it is not due. What is due tomorrow is due.
    fn overdue(&self, today: Date) -> Option<Decimal> {
        let days = today.since(self.last).ok()?.get_days();
        let every = self.every_days.max(1);
        let due = self.times >= HABIT && i64::from(days) + 1 >= i64::from(every);
        due.then(|| Decimal::from(days) / Decimal::from(every))
    }
}

/// One time that a client bought a product.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Purchase {
    /// What.
    pub product: ProductId,
    /// When.
    pub day: Date,
    /// How much.
    pub ordered: UsualQuantity,
}

/// The habits in what a client bought, the most frequent first.
pub fn habits(purchases: &[Purchase]) -> Vec<Habit> {
    let mut by_product: BTreeMap<ProductId, Vec<Purchase>> = BTreeMap::new();
    for purchase in purchases {
        by_product.entry(purchase.product).or_default().push(*purchase);
    }
    let mut habits: Vec<Habit> = by_product.into_values().filter_map(habit_of).collect();
    habits.sort_by(|a, b| b.times.cmp(&a.times).then(a.product.cmp(&b.product)));
    habits
}

/// Of one product.
fn habit_of(mut purchases: Vec<Purchase>) -> Option<Habit> {
    purchases.sort_by_key(|purchase| purchase.day);
    let last = *purchases.last()?;
    // Two lines of one day are one time.
    let mut days: Vec<Date> = purchases.iter().map(|purchase| purchase.day).collect();
    days.dedup();
    let gap = |pair: &[Date]| match pair {
        [before, after] => after.since(*before).ok().map(|span| span.get_days()),
        _ => None,
    };
    let mut gaps: Vec<i32> = days.windows(2).filter_map(gap).collect();
    gaps.sort_unstable();
    let middle = gaps.get(gaps.len() / 2).copied().unwrap_or(0);
    let count = |ordered: UsualQuantity| purchases.iter().filter(|other| other.ordered == ordered).count();
    // Of quantities as frequent as each other the latest.
    let usual = purchases.iter().max_by_key(|purchase| (count(purchase.ordered), purchase.day))?.ordered;
    Some(Habit {
        product: last.product,
        usual,
        times: u32::try_from(days.len()).unwrap_or(u32::MAX),
        every_days: u32::try_from(middle).unwrap_or(0),
        last: last.day,
    })
}

/// Where offers come from.
#[derive(Clone, Copy, Debug, Default)]
pub struct OfferSources<'a> {
    /// What the client waits for, how much of it and since when.
    pub waiting: &'a [(ProductId, UsualQuantity, Date)],
    /// The client's own rhythm.
    pub habits: &'a [Habit],
    /// Pushed by the commercial service, the most urgent first, each with its phrase.
    pub pushed: &'a [(ProductId, Option<String>)],
    /// New in the assortment, the newest first.
    pub new: &'a [ProductId],
    /// Bought by clients of this type, by most of them first.
    pub typical: &'a [ProductId],
}

/// What to offer: each product once, for its best reason, at most `most`; what the client waits for and what is usual first, then
/// in turn from the other sources, so that none crowds the others out. Nothing that is in the order, was offered in it, or is not `fitting`:
/// out of stock, not permitted, without a price.
pub fn offers(
    sources: &OfferSources<'_>,
    ordered: &BTreeSet<ProductId>,
    today: Date,
    fitting: impl Fn(ProductId) -> bool,
    most: usize,
) -> Vec<Offer> {
    let mut seen = ordered.clone();
    let mut due: Vec<(Decimal, &Habit)> =
        sources.habits.iter().filter_map(|habit| Some((habit.overdue(today)?, habit))).collect();
    due.sort_by(|(a, left), (b, right)| b.cmp(a).then(left.product.cmp(&right.product)));
    let usual = due.into_iter().map(|(_, habit)| Offer {
        product: habit.product,
        kind: OfferKind::Usual,
        usual: Some(habit.usual),
        phrase: None,
        waits_since: None,
    });
    let waiting = sources.waiting.iter().map(|(product, ordered, since)| Offer {
        product: *product,
        kind: OfferKind::Usual,
        usual: Some(*ordered),
        phrase: None,
        waits_since: Some(*since),
    });
    let bought = |product: ProductId| sources.habits.iter().find(|habit| habit.product == product);
    let plain = |product: ProductId, kind, phrase: Option<String>| Offer {
        product,
        kind,
        usual: bought(product).map(|habit| habit.usual),
        phrase,
        waits_since: None,
    };
    let mut others = [
        sources
            .pushed
            .iter()
            .map(|(product, phrase)| plain(*product, OfferKind::Pushed, phrase.clone()))
            .collect(),
        sources.new.iter().map(|product| plain(*product, OfferKind::New, None)).collect::<Vec<_>>(),
        // What this client buys already, in its own rhythm, is no news to it.
        sources
            .typical
            .iter()
            .filter(|product| bought(**product).is_none())
            .map(|product| plain(*product, OfferKind::Typical, None))
            .collect(),
    ]
    .map(Vec::into_iter);
    let in_turn = std::iter::from_fn(move || {
        let round: Vec<Offer> = others.iter_mut().filter_map(Iterator::next).collect();
        (!round.is_empty()).then_some(round)
    });
    let all = waiting.chain(usual).chain(in_turn.flatten());
    all.filter(|offer| fitting(offer.product) && seen.insert(offer.product)).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use uuid::Uuid;

    fn product(number: u128) -> ProductId {
        ProductId(Uuid::from_u128(number))
    }

    fn habit(number: u128, times: u32, every_days: u32, last: Date) -> Habit {
        let usual = UsualQuantity { quantity: 2.into(), unit: Unit::Case };
        Habit { product: product(number), usual, times, every_days, last }
    }

    #[test]
    fn what_is_usual_is_offered_by_the_client_s_own_rhythm() {
        let today = date(2026, 11, 29);
        // times, every, last → offered
        let table = [
            (10, 7, date(2026, 11, 22), true),
            (10, 7, date(2026, 11, 23), true),
            (10, 7, date(2026, 11, 24), false),
            (10, 30, date(2026, 11, 1), false),
            (10, 28, date(2026, 11, 1), true),
            (2, 7, date(2026, 10, 1), false),
            (3, 0, date(2026, 11, 29), true),
        ];
        for (times, every, last, offered) in table {
            let habits = [habit(1, times, every, last)];
            let sources = OfferSources { habits: &habits, ..OfferSources::default() };
            let found = offers(&sources, &BTreeSet::new(), today, |_| true, 9);
            assert_eq!(found.len(), usize::from(offered), "{times} {every} {last}");
        }
    }

    #[test]
    fn a_habit_is_what_a_client_bought_most_often_and_how_many_days_lay_between() {
        let bought = |number, day, quantity: i64| Purchase {
            product: product(number),
            day,
            ordered: UsualQuantity { quantity: quantity.into(), unit: Unit::Case },
        };
        let purchases = [
            bought(1, date(2026, 11, 22), 2),
            bought(1, date(2026, 11, 8), 3),
            bought(1, date(2026, 11, 15), 2),
            bought(1, date(2026, 11, 15), 1),
            bought(1, date(2026, 10, 1), 3),
            bought(2, date(2026, 11, 20), 5),
        ];
        let habits = habits(&purchases);
        let told: Vec<_> = habits
            .iter()
            .map(|habit| (habit.product, habit.usual.quantity, habit.times, habit.every_days, habit.last))
            .collect();
        let weekly = (product(1), 2.into(), 4, 7, date(2026, 11, 22));
        assert_eq!(told, [weekly, (product(2), 5.into(), 1, 0, date(2026, 11, 20))]);
    }

    #[test]
    fn each_product_is_offered_once_for_its_best_reason_and_no_source_crowds_out_another() {
        let today = date(2026, 11, 29);
        let habits =
            [habit(1, 9, 7, date(2026, 11, 20)), habit(2, 9, 7, date(2026, 11, 1)), habit(3, 9, 90, today)];
        let pushed = [(product(3), Some("Try it".into())), (product(10), None), (product(11), None)];
        let new = [product(20), product(2), product(21)];
        let typical = [product(1), product(30), product(3), product(31)];
        let sources = OfferSources {
            habits: &habits,
            pushed: &pushed,
            new: &new,
            typical: &typical,
            ..OfferSources::default()
        };
        let kinds = |ordered: &[u128], unfit: u128, most| {
            let ordered = ordered.iter().map(|number| product(*number)).collect();
            let found = offers(&sources, &ordered, today, |offered| offered != product(unfit), most);
            found.iter().map(|offer| (offer.product.0.as_u128(), offer.kind)).collect::<Vec<_>>()
        };
        use OfferKind::{New, Pushed, Typical, Usual};
        let all = [
            (2, Usual),
            (1, Usual),
            (3, Pushed),
            (20, New),
            (30, Typical),
            (10, Pushed),
            (31, Typical),
            (11, Pushed),
            (21, New),
        ];
        assert_eq!(kinds(&[], 0, 99), all);
        assert_eq!(kinds(&[], 0, 3), all[..3]);
        assert_eq!(kinds(&[2, 3], 20, 3), [(1, Usual), (30, Typical), (10, Pushed)]);
        let found = offers(&sources, &BTreeSet::new(), today, |_| true, 3);
        assert_eq!(found[2].phrase.as_deref(), Some("Try it"));
        assert!(found[2].usual.is_some(), "as much as the client takes when it takes it");
    }
}
