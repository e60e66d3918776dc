//! The sequence of what was written: a row in the transaction of each write.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Statement, Store, Transaction};
use crate::server::store::StoreError;

/// Rows told in one look at most.
const LIMIT: i64 = 1000;
/// Rows that are kept; whoever is further behind is told so.
const KEPT: i64 = 10_000;
/// No transaction is open for so long: a request has 15 seconds, and PostgreSQL ends what stands still.
const LONGEST: SignedDuration = SignedDuration::from_secs(60);
/// Numbers that somebody may still be writing under, looked for at most.
const MOST_MISSING: usize = 1000;

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    Order,
    Call,
    Handover,
    Client,
    Task,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Order, Self::Call, Self::Handover, Self::Client, Self::Task];

    /// As the name of its event.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Call => "call",
            Self::Handover => "handover",
            Self::Client => "client",
            Self::Task => "task",
        }
    }
}

/// A row of the sequence.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Written {
    pub number: i64,
    pub kind: String,
    pub subject: String,
}

/// Gives a write its place in the sequence; told when its transaction is committed, and not otherwise.
pub(super) async fn note(
    tx: &mut Transaction<'_>,
    kind: Kind,
    subject: impl ToString,
) -> Result<(), StoreError> {
    let query = sqlx::query("INSERT INTO changes (kind, subject) VALUES ($1, $2)");
    query.bind(kind.as_str()).bind(subject.to_string()).execute(&mut **tx).await?;
    Ok(())
}

/// How far the sequence was read.
///
/// SQLite gives numbers under its one write lock, so they become visible in their order. PostgreSQL gives a number when the row
/// is written, and shows it when the transaction commits: one may be missing that is below others. Such numbers are looked for
/// until no transaction can be open any more that has them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    highest: i64,
    missing: BTreeMap<i64, Timestamp>,
}

impl Place {
    /// Those of them that were not read before.
    fn read(&mut self, mut rows: Vec<Written>, now: Timestamp) -> Vec<Written> {
        rows.sort();
        rows.retain(|row| {
            if row.number <= self.highest {
                return self.missing.remove(&row.number).is_some();
            }
            for number in self.highest + 1..row.number {
                self.missing.insert(number, now);
            }
            self.highest = row.number;
            true
        });
        self.missing.retain(|_, since| now.duration_since(*since) < LONGEST);
        while self.missing.len() > MOST_MISSING {
            self.missing.pop_first();
        }
        rows
    }
}

impl Store {
    /// Where the sequence is now. What is being written meanwhile is still to come.
    pub async fn place_now(&self, now: Timestamp) -> Result<Place, StoreError> {
        let highest: Option<i64> = sqlx::query_scalar("SELECT CAST(MAX(id) AS BIGINT) FROM changes")
            .fetch_one(&self.readers)
            .await?;
        let highest = highest.unwrap_or(0);
        // Numbers just below it may belong to writes that go on.
        let mut place = Place { highest: (highest - LIMIT / 2).max(0), missing: BTreeMap::new() };
        self.written_since(&mut place, now).await?;
        Ok(place)
    }

    /// What was written since then, and the place behind it.
    pub async fn written_since(&self, place: &mut Place, now: Timestamp) -> Result<Vec<Written>, StoreError> {
        let mut select = Statement::new("SELECT CAST(id AS BIGINT), kind, subject FROM changes WHERE id > ");
        select.bind(place.highest)?;
        if !place.missing.is_empty() {
            select.push(" OR id IN (");
            for (i, number) in place.missing.keys().enumerate() {
                select.push(if i == 0 { "" } else { ", " }).bind(*number)?;
            }
            select.push(")");
        }
        select.push(" ORDER BY id LIMIT ").bind(LIMIT)?;
        let (text, values) = select.into_parts();
        let rows: Vec<(i64, String, String)> =
            sqlx::query_as_with(text, values).fetch_all(&self.readers).await?;
        let written = |(number, kind, subject)| Written { number, kind, subject };
        Ok(place.read(rows.into_iter().map(written).collect(), now))
    }

    /// Rows that everybody has read.
    pub async fn forget_changes(&self) -> Result<(), StoreError> {
        let sql = "DELETE FROM changes WHERE id < (SELECT MAX(id) FROM changes) - $1";
        sqlx::query(sql).bind(KEPT).execute(&self.writer).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(numbers: &[i64]) -> Vec<Written> {
        let row = |&number| Written { number, kind: "order".into(), subject: number.to_string() };
        numbers.iter().map(row).collect()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn what_commits_long_after_later_numbers_is_told_all_the_same_and_once() {
        let mut place = Place::default();
        assert_eq!(place.read(rows(&[1, 2, 5]), at(0)), rows(&[1, 2, 5]));
        assert_eq!(place.missing.keys().copied().collect::<Vec<_>>(), [3, 4]);
        assert_eq!(place.read(rows(&[4, 6]), at(50)), rows(&[4, 6]));
        assert_eq!(place.read(rows(&[4, 6]), at(51)), [], "both were told");
        assert_eq!(place.read(rows(&[3]), at(59)), rows(&[3]));
        assert!(place.missing.is_empty());
    }

    #[test]
    fn a_number_that_was_rolled_back_is_not_looked_for_for_ever() {
        let mut place = Place::default();
        place.read(rows(&[2]), at(0));
        place.read(Vec::new(), at(60));
        assert!(place.missing.is_empty());
    }
}
