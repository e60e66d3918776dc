//! The call register (duty 14).

use std::borrow::Cow;

use futures_util::TryStreamExt as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::changes::{self, Kind};
use super::revisions::{Kept, judge};
use super::{Statement, Store, Transaction, commands, micros, until_done};
use crate::desk_api::{CallReceipt, CallRecord, CallRecordId, Change, ClientId, VoiceReport};
use crate::domain::voice_report::VoiceTally;
use crate::server::store::{CallFilter, CallWritten, Command, StoreError};

impl Store {
    /// One entry per call: made, replaced by a higher revision, or left as it is. `may_correct` lets a person
    /// write another's entry.
    pub async fn write_call(
        &self,
        command: &Command<'_>,
        record: &CallRecord,
        may_correct: bool,
    ) -> CallWritten {
        until_done!(self.try_write_call(command, record, may_correct))
    }

    async fn try_write_call(
        &self,
        command: &Command<'_>,
        record: &CallRecord,
        may_correct: bool,
    ) -> CallWritten {
        let mut tx = self.begin().await?;
        if let Some(receipt) = commands::answered(&mut tx, command).await? {
            return Ok(receipt);
        }
        let select = "SELECT revision, recorded_by, document FROM calls WHERE id = $1";
        let record = with_prospect(&mut tx, command.person, record).await?;
        let kept = Kept::find(&mut tx, select, record.id, &*record).await?;
        let (change, revision) = judge(kept.as_ref(), record.revision, command.person, may_correct)?;
        if matches!(change, Change::Created | Change::Replaced) {
            if kept.is_some_and(|kept| kept.recorded_by != command.person) {
                let_prospect_go(&mut tx, &record).await?;
            }
            upsert(&mut tx, command, &record).await?;
            changes::note(&mut tx, Kind::Call, record.id).await?;
        }
        let receipt = CallReceipt { id: record.id, revision, change };
        commands::keep_answer(&mut tx, command, &receipt).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(receipt)
    }

    /// The entry and the person who recorded it.
    pub async fn call(&self, id: CallRecordId) -> Result<Option<(CallRecord, String)>, StoreError> {
        let row: Option<(String, String)> =
            sqlx::query_as("SELECT document, recorded_by FROM calls WHERE id = $1")
                .bind(id.to_string())
                .fetch_optional(&self.readers)
                .await?;
        row.map(|(document, person)| Ok((serde_json::from_str(&document)?, person))).transpose()
    }

    /// The latest first.
    pub async fn calls(&self, filter: &CallFilter) -> Result<Vec<CallRecord>, StoreError> {
        let mut query = Statement::new("SELECT document FROM calls WHERE 1 = 1");
        if let Some(from) = filter.from {
            query.push(" AND started_at >= ").bind(micros(from))?;
        }
        if let Some(to) = filter.to {
            query.push(" AND started_at < ").bind(micros(to))?;
        }
        if let Some(person) = &filter.recorded_by {
            query.push(" AND recorded_by = ").bind(person.clone())?;
        }
        if let Some(operator) = &filter.operator {
            query.push(" AND operator = ").bind(operator.clone())?;
        }
        if let Some(client) = filter.client {
            query.push(" AND client = ").bind(client.to_string())?;
        }
        if let Some(reach) = &filter.reach {
            query.push(" AND client IN (SELECT c.id FROM clients c WHERE ").covered_by(reach)?.push(")");
        }
        if let Some(call_id) = &filter.call_id {
            query.push(" AND call_id = ").bind(call_id.clone())?;
        }
        if let Some(after) = filter.after {
            query.behind("started_at", "id", after)?;
        }
        query.push(" ORDER BY started_at DESC, id DESC LIMIT ").bind(i64::from(filter.limit))?;
        let (text, values) = query.into_parts();
        let rows: Vec<String> = sqlx::query_scalar_with(text, values).fetch_all(&self.readers).await?;
        rows.iter().map(|document| Ok(serde_json::from_str(document)?)).collect()
    }
}

impl Store {
    /// Of calls that were answered and are over, and began on these days, both included.
    pub async fn voice_report(
        &self,
        from: Date,
        to: Date,
        zone: &TimeZone,
    ) -> Result<VoiceReport, StoreError> {
        let begins = |day: Date| day.to_zoned(zone.clone()).map(|midnight| micros(midnight.timestamp()));
        let after = to.tomorrow().and_then(begins).unwrap_or(i64::MAX);
        let sql = "SELECT document FROM calls WHERE started_at >= $1 AND started_at < $2 AND was_spoken = 1";
        // One after the other: a year's calls are millions, and whoever asks for them must not have the desk's memory.
        let mut rows = sqlx::query_scalar::<_, String>(sql)
            .bind(begins(from).unwrap_or(i64::MIN))
            .bind(after)
            .fetch(&self.readers);
        let mut tally = VoiceTally::default();
        while let Some(document) = rows.try_next().await? {
            let CallRecord { started_at, operator, voice, .. } = serde_json::from_str(&document)?;
            if let Some(voice) = voice {
                tally.add(started_at.to_zoned(zone.clone()).date(), operator, voice);
            }
        }
        Ok(tally.report(from, to))
    }
}

/// Whoever was written down in this call is its client, where the telephone that recorded it knows nobody. Who corrects it knows
/// what they write.
async fn with_prospect<'a>(
    tx: &mut Transaction<'_>,
    person: &str,
    record: &'a CallRecord,
) -> Result<Cow<'a, CallRecord>, StoreError> {
    if record.client.is_some() {
        return Ok(Cow::Borrowed(record));
    }
    let sql = "SELECT client FROM prospect_calls WHERE call = $1 AND recorded_by = $2 \
               AND NOT EXISTS (SELECT 1 FROM calls WHERE id = $1 AND recorded_by <> $2)";
    let client: Option<String> =
        sqlx::query_scalar(sql).bind(record.id.to_string()).bind(person).fetch_optional(&mut **tx).await?;
    let client = client.and_then(|client| client.parse().ok()).map(ClientId);
    Ok(match client {
        Some(_) => Cow::Owned(CallRecord { client, ..record.clone() }),
        None => Cow::Borrowed(record),
    })
}

/// A correction says that the call was another one's, or nobody's: then so do later entries of the telephone.
async fn let_prospect_go(tx: &mut Transaction<'_>, record: &CallRecord) -> Result<(), StoreError> {
    let client = record.client.map(|client| client.to_string()).unwrap_or_default();
    sqlx::query("DELETE FROM prospect_calls WHERE call = $1 AND client <> $2")
        .bind(record.id.to_string())
        .bind(client)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Somebody was written down in this call: its entry names them from now on, where it is the sender's own and names nobody.
pub(super) async fn name_prospect(
    tx: &mut Transaction<'_>,
    person: &str,
    call: CallRecordId,
    client: ClientId,
) -> Result<(), StoreError> {
    let insert = "INSERT INTO prospect_calls (call, client, recorded_by) VALUES ($1, $2, $3) ON CONFLICT (call) DO NOTHING";
    sqlx::query(insert)
        .bind(call.to_string())
        .bind(client.to_string())
        .bind(person)
        .execute(&mut **tx)
        .await?;
    let select = "SELECT document FROM calls WHERE id = $1 AND recorded_by = $2 AND client IS NULL";
    let document: Option<String> =
        sqlx::query_scalar(select).bind(call.to_string()).bind(person).fetch_optional(&mut **tx).await?;
    let Some(document) = document else { return Ok(()) };
    let record = CallRecord { client: Some(client), ..serde_json::from_str(&document)? };
    sqlx::query("UPDATE calls SET client = $2, document = $3 WHERE id = $1")
        .bind(call.to_string())
        .bind(client.to_string())
        .bind(serde_json::to_string(&record)?)
        .execute(&mut **tx)
        .await?;
    changes::note(tx, Kind::Call, call).await
}

async fn upsert(
    tx: &mut Transaction<'_>,
    command: &Command<'_>,
    record: &CallRecord,
) -> Result<(), StoreError> {
    // Who recorded a call first stays its owner when a head corrects it.
    let sql = "INSERT INTO calls (id, revision, recorded_by, operator, client, call_id, started_at, caller_number, \
               was_spoken, transfers, document) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
               ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, operator = excluded.operator, \
               client = excluded.client, call_id = excluded.call_id, started_at = excluded.started_at, \
               caller_number = excluded.caller_number, was_spoken = excluded.was_spoken, \
               transfers = excluded.transfers, document = excluded.document";
    sqlx::query(sql)
        .bind(record.id.to_string())
        .bind(i64::from(record.revision))
        .bind(command.person)
        .bind(&record.operator)
        .bind(record.client.map(|client| client.to_string()))
        .bind(&record.call_id)
        .bind(micros(record.started_at))
        .bind(record.caller.number.map(|number| number.to_string()))
        .bind(i64::from(record.answered_at.is_some() && record.ended_at.is_some()))
        .bind(i64::try_from(record.transfers.len()).unwrap_or(i64::MAX))
        .bind(serde_json::to_string(record)?)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
