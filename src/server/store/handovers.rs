//! What goes along with clients who are passed on. Kept for minutes: then the client is somewhere, or calls again.

use jiff::{SignedDuration, Timestamp};

use super::changes::{self, Kind};
use super::revisions::{Kept, judge};
use super::{Store, commands, micros, until_done};
use crate::desk_api::{CallReceipt, Change, Handover};
use crate::domain::number::PhoneNumber;
use crate::server::store::{CallWritten, Command, StoreError};

/// How long a handover waits.
const KEPT: SignedDuration = SignedDuration::from_mins(5);
/// Handovers that are told at most.
const LIMIT: i64 = 20;

impl Store {
    /// One per call, as the call register has one entry; older ones of all calls are gone by this.
    pub async fn write_handover(
        &self,
        command: &Command<'_>,
        handover: &Handover,
        may_correct: bool,
    ) -> CallWritten {
        until_done!(self.try_write_handover(command, handover, may_correct))
    }

    async fn try_write_handover(
        &self,
        command: &Command<'_>,
        handover: &Handover,
        may_correct: bool,
    ) -> CallWritten {
        let mut tx = self.begin().await?;
        if let Some(receipt) = commands::answered(&mut tx, command).await? {
            return Ok(receipt);
        }
        forget(&mut *tx, command.at).await?;
        let select = "SELECT revision, recorded_by, document FROM handovers WHERE id = $1";
        let kept = Kept::find(&mut tx, select, handover.id, handover).await?;
        let (change, revision) = judge(kept.as_ref(), handover.revision, command.person, may_correct)?;
        if matches!(change, Change::Created | Change::Replaced) {
            let sql = "INSERT INTO handovers (id, revision, recorded_by, target, number, written_at, document) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, \
                       target = excluded.target, number = excluded.number, written_at = excluded.written_at, \
                       document = excluded.document";
            sqlx::query(sql)
                .bind(handover.id.to_string())
                .bind(i64::from(handover.revision))
                .bind(command.person)
                .bind(&handover.to)
                .bind(handover.party.number.map(|number| number.to_string()))
                .bind(micros(command.at))
                .bind(serde_json::to_string(handover).map_err(StoreError::from)?)
                .execute(&mut *tx)
                .await
                .map_err(StoreError::from)?;
            changes::note(&mut tx, Kind::Handover, handover.id).await?;
        }
        let receipt = CallReceipt { id: handover.id, revision, change };
        commands::keep_answer(&mut tx, command, &receipt).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(receipt)
    }

    /// Those that wait for this extension, or go with a client of this number, and when they were written; the latest
    /// first.
    pub async fn handovers(
        &self,
        to: &str,
        number: Option<PhoneNumber>,
        at: Timestamp,
    ) -> Result<Vec<(Handover, Timestamp)>, StoreError> {
        let sql = "SELECT document, written_at FROM handovers WHERE target IS NOT NULL AND written_at >= $1 \
                   AND (target = $2 OR number = $3) ORDER BY written_at DESC, id DESC LIMIT $4";
        let rows: Vec<(String, i64)> = sqlx::query_as(sql)
            .bind(micros(at - KEPT))
            .bind(to)
            .bind(number.map(|number| number.to_string()))
            .bind(LIMIT)
            .fetch_all(&self.readers)
            .await?;
        let read = |(document, at): (String, i64)| {
            Ok((serde_json::from_str(&document)?, Timestamp::from_microsecond(at).unwrap_or_default()))
        };
        rows.into_iter().map(read).collect()
    }

    /// Nobody reads them any more.
    pub async fn forget_handovers(&self, at: Timestamp) -> Result<(), StoreError> {
        forget(&self.writer, at).await
    }
}

async fn forget(
    database: impl sqlx::Executor<'_, Database = sqlx::Any>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let query = sqlx::query("DELETE FROM handovers WHERE written_at < $1").bind(micros(at - KEPT));
    query.execute(database).await?;
    Ok(())
}
