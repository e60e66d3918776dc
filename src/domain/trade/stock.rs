//! What lies in the warehouse, batch by batch.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Goods that came together and expire together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Batch {
    /// As the warehouse calls it.
    pub id: String,
    /// The last day of its life; none: it has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "desk", schema(value_type = Option<String>, format = Date))]
    pub expires: Option<Date>,
    /// Pieces or kilograms that nobody has been promised.
    #[serde(with = "rust_decimal::serde::str")]
    #[cfg_attr(feature = "desk", schema(value_type = String))]
    pub free: Decimal,
}

impl Batch {
    /// It lives for so many days more when it is delivered.
    fn lasts(&self, delivered: Date, days: u16) -> bool {
        self.expires.is_none_or(|expires| {
            delivered.checked_add(jiff::Span::new().days(i64::from(days))).is_ok_and(|least| expires >= least)
        })
    }
}

/// Which batches a quantity is taken from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Allocation {
    /// Those and how much of each, the first to expire first.
    pub from: Vec<(String, Decimal)>,
    /// What they lack.
    pub short: Decimal,
}

/// Takes from what lives for `least_life` days more on the day of delivery, the first to expire first, of the same day by the
/// warehouse's name.
pub fn allocate(batches: &[Batch], quantity: Decimal, delivered: Date, least_life: u16) -> Allocation {
    let mut allocation = Allocation { from: Vec::new(), short: quantity.max(Decimal::ZERO) };
    for (batch, free) in fitting(batches, delivered, least_life) {
        let taken = free.min(allocation.short);
        if taken.is_zero() {
            break;
        }
        allocation.from.push((batch.id.clone(), taken));
        allocation.short -= taken;
    }
    allocation
}

/// What a client could have of it on a day.
pub fn available(batches: &[Batch], delivered: Date, least_life: u16) -> Decimal {
    let fitting = fitting(batches, delivered, least_life);
    fitting.into_iter().fold(Decimal::ZERO, |sum, (_, free)| sum.saturating_add(free))
}

/// Those that live long enough, the first to expire first, with what is free of each. What one lacks, because less of it was found
/// than was promised, is taken from the others.
fn fitting(batches: &[Batch], delivered: Date, least_life: u16) -> Vec<(&Batch, Decimal)> {
    let lacks = |batch: &Batch| batch.free.min(Decimal::ZERO).abs();
    let mut lacking = batches.iter().fold(Decimal::ZERO, |sum, batch| sum.saturating_add(lacks(batch)));
    let lasts = |batch: &&Batch| batch.lasts(delivered, least_life) && batch.free > Decimal::ZERO;
    let mut fitting: Vec<&Batch> = batches.iter().filter(lasts).collect();
    fitting.sort_by_key(|batch| (batch.expires.is_none(), batch.expires, &batch.id));
    let left = fitting.into_iter().map(|batch| {
        let covers = batch.free.min(lacking);
        lacking -= covers;
        (batch, batch.free - covers)
    });
    left.filter(|(_, free)| !free.is_zero()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn batch(id: &str, expires: Option<Date>, free: i64) -> Batch {
        Batch { id: id.into(), expires, free: free.into() }
    }

    #[test]
    fn what_a_batch_lacks_of_what_was_promised_others_have_less() {
        let batch =
            |id: &str, expires, free: i64| Batch { id: id.into(), expires: Some(expires), free: free.into() };
        let day = jiff::civil::date(2026, 12, 1);
        let batches = [
            batch("A", jiff::civil::date(2026, 12, 31), -5),
            batch("B", jiff::civil::date(2027, 1, 31), 3),
            batch("C", jiff::civil::date(2027, 2, 28), 10),
        ];
        assert_eq!(available(&batches, day, 5), 8.into());
        let allocation = allocate(&batches, 9.into(), day, 5);
        assert_eq!((allocation.from, allocation.short), (vec![("C".to_owned(), 8.into())], 1.into()));
    }

    #[test]
    fn what_expires_first_goes_first_if_it_lives_long_enough() {
        let day = date(2026, 12, 1);
        let batches = [
            batch("salt", None, 100),
            batch("c", Some(date(2027, 3, 1)), 10),
            batch("a", Some(date(2026, 12, 20)), 5),
            batch("empty", Some(date(2026, 12, 21)), 0),
            batch("b", Some(date(2026, 12, 31)), 7),
            // Three of it are promised and not there.
            batch("sold twice", Some(date(2026, 12, 25)), -3),
        ];
        // wanted, least life → from, short
        let table = [
            (3, 0, vec![("a", 2), ("b", 1)], 0),
            (8, 0, vec![("a", 2), ("b", 6)], 0),
            (8, 19, vec![("a", 2), ("b", 6)], 0),
            (8, 20, vec![("b", 4), ("c", 4)], 0),
            (8, 31, vec![("c", 7), ("salt", 1)], 0),
            (8, 365, vec![("salt", 8)], 0),
            (200, 0, vec![("a", 2), ("b", 7), ("c", 10), ("salt", 100)], 81),
            (0, 0, vec![], 0),
        ];
        for (wanted, life, from, short) in table {
            let allocation = allocate(&batches, Decimal::from(wanted), day, life);
            let from: Vec<(String, Decimal)> =
                from.into_iter().map(|(id, taken): (&str, i64)| (id.into(), Decimal::from(taken))).collect();
            assert_eq!(allocation, Allocation { from, short: short.into() }, "{wanted} {life}");
        }
        assert_eq!(available(&batches, day, 0), 119.into());
        assert_eq!(available(&batches, day, 31), 107.into());
    }
}
