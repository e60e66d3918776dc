//! Repeats of a command get the answer of the first.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Store, Transaction, micros};
use crate::server::store::{Command, StoreError, WriteError};

impl Store {
    /// Forgets commands older than `before`; their senders have long stopped repeating them.
    pub async fn forget_commands(&self, before: Timestamp) -> Result<u64, StoreError> {
        let done = sqlx::query("DELETE FROM commands WHERE done_at < $1")
            .bind(micros(before))
            .execute(&self.writer)
            .await?;
        Ok(done.rows_affected())
    }
}

/// The answer given to this command before.
pub(super) async fn answered<T: DeserializeOwned>(
    tx: &mut Transaction<'_>,
    command: &Command<'_>,
) -> Result<Option<T>, WriteError> {
    let row: Option<(String, Vec<u8>, String)> =
        sqlx::query_as("SELECT person, digest, answer FROM commands WHERE id = $1")
            .bind(command.id.to_string())
            .fetch_optional(&mut **tx)
            .await
            .map_err(StoreError::from)?;
    let Some((person, digest, answer)) = row else { return Ok(None) };
    if person != command.person || digest != command.digest {
        return Err(WriteError::CommandReused);
    }
    Ok(Some(serde_json::from_str(&answer).map_err(StoreError::from)?))
}

/// Keeps the answer in the transaction of the command itself.
pub(super) async fn keep_answer(
    tx: &mut Transaction<'_>,
    command: &Command<'_>,
    answer: &impl Serialize,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO commands (id, person, digest, answer, done_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(command.id.to_string())
        .bind(command.person)
        .bind(command.digest.as_slice())
        .bind(serde_json::to_string(answer)?)
        .bind(micros(command.at))
        .execute(&mut **tx)
        .await?;
    Ok(())
}
