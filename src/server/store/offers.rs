//! What the orders tell of offers.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::orders::Before;
use super::{Store, micros};
use crate::desk_api::{OfferReport, Order};
use crate::server::store::StoreError;

impl Store {
    /// Of orders that were placed or held on these days, both included: as they were placed last.
    pub async fn offer_report(
        &self,
        from: Date,
        to: Date,
        zone: &TimeZone,
    ) -> Result<OfferReport, StoreError> {
        let begins = |day: Date| day.to_zoned(zone.clone()).map(|midnight| micros(midnight.timestamp()));
        let after = to.tomorrow().and_then(begins).unwrap_or(i64::MAX);
        // An order changes when it is placed, or later; the index is by change.
        let sql = "SELECT placed_at, recorded_by, document, placed FROM orders \
                   WHERE changed_at >= $1 AND placed_at >= $1 AND placed_at < $2";
        let rows: Vec<(i64, String, String, Option<String>)> = sqlx::query_as(sql)
            .bind(begins(from).unwrap_or(i64::MIN))
            .bind(after)
            .fetch_all(&self.readers)
            .await?;
        let order = |(placed_at, operator, document, placed): (i64, String, String, Option<String>)| {
            let order: Order = match placed {
                Some(placed) => serde_json::from_str::<Before>(&placed)?.order,
                None => serde_json::from_str(&document)?,
            };
            let placed_at = Timestamp::from_microsecond(placed_at).unwrap_or_default();
            Ok((placed_at.to_zoned(zone.clone()).date(), operator, order))
        };
        let orders = rows.into_iter().map(order).collect::<Result<Vec<_>, StoreError>>()?;
        Ok(OfferReport::of(from, to, orders))
    }
}
