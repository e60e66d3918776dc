//! What the call register tells of clients who were passed on.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{SqliteStore, micros};
use crate::desk_api::{ClientId, TransferReport};
use crate::domain::transfer_report::CallTransfers;
use crate::server::store::StoreError;

impl SqliteStore {
    /// Whether somebody has spoken with this client before: the register has a call that was answered and is over.
    pub async fn has_spoken(&self, client: ClientId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM calls WHERE client = ? AND json_extract(document, '$.answered_at') IS NOT NULL \
                   AND json_extract(document, '$.ended_at') IS NOT NULL LIMIT 1";
        let found: Option<i64> =
            sqlx::query_scalar(sql).bind(client.to_string()).fetch_optional(&self.readers).await?;
        Ok(found.is_some())
    }

    /// Of calls that began on these days, both included.
    pub async fn transfer_report(
        &self,
        from: Date,
        to: Date,
        zone: &TimeZone,
    ) -> Result<TransferReport, StoreError> {
        let begins = |day: Date| day.to_zoned(zone.clone()).map(|midnight| micros(midnight.timestamp()));
        let after = to.tomorrow().and_then(begins).unwrap_or(i64::MAX);
        let sql = "SELECT started_at, operator, json_extract(document, '$.ended_at') IS NOT NULL, \
                   json_extract(document, '$.transfers') FROM calls \
                   WHERE started_at >= ? AND started_at < ? AND json_array_length(document, '$.transfers') > 0";
        let rows: Vec<(i64, String, bool, String)> = sqlx::query_as(sql)
            .bind(begins(from).unwrap_or(i64::MIN))
            .bind(after)
            .fetch_all(&self.readers)
            .await?;
        let call = |(started_at, operator, has_ended, steps): (i64, String, bool, String)| {
            let started_at = Timestamp::from_microsecond(started_at).unwrap_or_default();
            let day = started_at.to_zoned(zone.clone()).date();
            Ok(CallTransfers { day, operator, has_ended, steps: serde_json::from_str(&steps)? })
        };
        let calls = rows.into_iter().map(call).collect::<Result<Vec<_>, StoreError>>()?;
        Ok(TransferReport::of(from, to, calls))
    }
}
