//! What came of the offers that every client is to hear (duties 7, 14): made, taken, declined and why.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::trade::offer::OfferAnswer;
use super::trade::order::Order;

/// Of orders that were placed or held on these days.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct OfferReport {
    /// The first day, where the office is.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub from: Date,
    /// The last day.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub to: Date,
    /// In all.
    pub all: OfferCounts,
    /// Days on which orders were placed, the first one first.
    pub days: Vec<OffersOfDay>,
    /// By who took the order: the person of the token.
    pub operators: Vec<OffersOfOperator>,
}

/// Orders, and the offers that were made in them, by the client's word.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct OfferCounts {
    /// Orders that were placed.
    pub orders: u64,
    /// Those whose clients wanted to hear no offers.
    pub no_offers: u64,
    /// Offers that were made.
    pub made: u64,
    /// What came into the order.
    pub taken: u64,
    /// Declined: the client has enough of it.
    pub has_stock: u64,
    /// Declined: too dear.
    pub price: u64,
    /// Declined: the client's own customers do not buy it.
    pub not_sold: u64,
    /// Declined for something else, or for no reason.
    pub other: u64,
}

/// One day's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct OffersOfDay {
    /// Where the office is.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub day: Date,
    /// What came of them.
    #[serde(flatten)]
    pub counts: OfferCounts,
}

/// One operator's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct OffersOfOperator {
    /// The person of the token.
    pub operator: String,
    /// What came of them.
    #[serde(flatten)]
    pub counts: OfferCounts,
}

impl OfferReport {
    /// Of orders with the day on which they were placed and who took them.
    pub fn of(from: Date, to: Date, orders: impl IntoIterator<Item = (Date, String, Order)>) -> Self {
        let mut all = OfferCounts::default();
        let mut days: BTreeMap<Date, OfferCounts> = BTreeMap::new();
        let mut operators: BTreeMap<String, OfferCounts> = BTreeMap::new();
        for (day, operator, order) in orders {
            all.count(&order);
            days.entry(day).or_default().count(&order);
            operators.entry(operator).or_default().count(&order);
        }
        let days = days.into_iter().map(|(day, counts)| OffersOfDay { day, counts });
        let operators = operators.into_iter().map(|(operator, counts)| OffersOfOperator { operator, counts });
        Self { from, to, all, days: days.collect(), operators: operators.collect() }
    }
}

impl OfferCounts {
    fn count(&mut self, order: &Order) {
        self.orders += 1;
        self.no_offers += u64::from(order.no_offers);
        for offer in &order.offers {
            self.made += 1;
            *match offer.answer {
                OfferAnswer::Taken => &mut self.taken,
                OfferAnswer::HasStock => &mut self.has_stock,
                OfferAnswer::Price => &mut self.price,
                OfferAnswer::NotSold => &mut self.not_sold,
                OfferAnswer::Other => &mut self.other,
            } += 1;
        }
    }

    /// Of a hundred offers so many were taken, rounded down; none: nothing was offered.
    pub fn percent_taken(&self) -> Option<u64> {
        (self.taken * 100).checked_div(self.made)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;

    fn order(no_offers: bool, answers: &[&str]) -> Order {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let offers = answers.iter().map(|answer| json!({"product": id, "kind": "usual", "answer": answer}));
        let order = json!({"id": id, "revision": 1, "client": id, "no_offers": no_offers,
            "offers": offers.collect::<Vec<_>>()});
        serde_json::from_value(order).unwrap()
    }

    #[test]
    fn each_offer_counts_once_in_all_for_its_day_and_for_its_operator() {
        let orders = [
            (date(2026, 5, 7), "vera".to_owned(), order(false, &["taken", "price", "taken"])),
            (date(2026, 5, 6), "anna".to_owned(), order(true, &[])),
            (date(2026, 5, 6), "vera".to_owned(), order(true, &["has_stock", "not_sold", "other"])),
        ];
        let report = OfferReport::of(date(2026, 5, 1), date(2026, 5, 9), orders);
        let all = OfferCounts {
            orders: 3,
            no_offers: 2,
            made: 6,
            taken: 2,
            has_stock: 1,
            price: 1,
            not_sold: 1,
            other: 1,
        };
        assert_eq!((report.all, report.all.percent_taken()), (all, Some(33)));
        let days: Vec<_> =
            report.days.iter().map(|of| (of.day.day(), of.counts.orders, of.counts.made)).collect();
        assert_eq!(days, [(6, 2, 3), (7, 1, 3)]);
        let operators: Vec<_> = report
            .operators
            .iter()
            .map(|of| (of.operator.as_str(), of.counts.taken, of.counts.percent_taken()))
            .collect();
        assert_eq!(operators, [("anna", 0, None), ("vera", 2, Some(33))]);
    }
}
