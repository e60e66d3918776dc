//! What the call register tells of clients who were passed on.

use futures_util::TryStreamExt as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Store, micros};
use crate::desk_api::{CallRecord, ClientId, TransferReport};
use crate::domain::transfer_report::{CallTransfers, TransferTally};
use crate::server::store::StoreError;

impl Store {
    /// Whether somebody has spoken with this client before: the register has a call that was answered and is over.
    pub async fn has_spoken(&self, client: ClientId) -> Result<bool, StoreError> {
        let sql = "SELECT started_at FROM calls WHERE client = $1 AND was_spoken = 1 LIMIT 1";
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
        let sql = "SELECT document FROM calls WHERE started_at >= $1 AND started_at < $2 AND transfers > 0";
        // One after the other: a year's calls are millions, and whoever asks for them must not have the desk's memory.
        let mut rows = sqlx::query_scalar::<_, String>(sql)
            .bind(begins(from).unwrap_or(i64::MIN))
            .bind(after)
            .fetch(&self.readers);
        let mut tally = TransferTally::default();
        while let Some(document) = rows.try_next().await? {
            let CallRecord { started_at, operator, ended_at, transfers, .. } =
                serde_json::from_str(&document)?;
            let day = started_at.to_zoned(zone.clone()).date();
            tally.add(&CallTransfers { day, operator, has_ended: ended_at.is_some(), steps: transfers });
        }
        Ok(tally.report(from, to))
    }
}
