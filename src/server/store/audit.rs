//! Who looked at which client and did what, without what was seen.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Statement, Store, micros, until_done};
use crate::desk_api::{ClientId, OrderId};
use crate::server::store::{Bearer, StoreError};

/// Rows per statement: 32766 values are bound at most.
const AT_ONCE: usize = 1000;

/// One look or act.
#[derive(Clone)]
pub(crate) struct Note {
    pub at: Timestamp,
    pub bearer: Bearer,
    /// `token` or `session`.
    pub shown: &'static str,
    /// `GET /v1/clients/{id}`.
    pub what: String,
    pub status: u16,
    pub client: Option<ClientId>,
    pub order: Option<OrderId>,
}

/// Which notes are asked for.
#[derive(Default)]
pub(crate) struct AuditFilter {
    pub client: Option<ClientId>,
    pub person: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

/// A note as it is kept.
#[derive(serde::Serialize)]
pub(crate) struct Kept {
    pub at: Timestamp,
    pub person: String,
    pub role: String,
    pub shown: String,
    pub what: String,
    pub status: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
}

type Row = (i64, String, String, String, String, i64, Option<String>, Option<String>);

impl Store {
    pub async fn keep_notes(&self, notes: &[Note]) -> Result<(), StoreError> {
        for some in notes.chunks(AT_ONCE) {
            until_done!(self.try_keep_notes(some))?;
        }
        Ok(())
    }

    async fn try_keep_notes(&self, notes: &[Note]) -> Result<(), StoreError> {
        let mut insert = Statement::new(
            "INSERT INTO audit (at, person, role, shown, what, status, client, order_id) VALUES ",
        );
        insert.rows(notes, |row, note| {
            row.bind(micros(note.at))?
                .bind(note.bearer.person.clone())?
                .bind(note.bearer.role.as_str())?
                .bind(note.shown)?
                .bind(note.what.clone())?
                .bind(i64::from(note.status))?
                .bind(note.client.map(|id| id.to_string()))?
                .bind(note.order.map(|id| id.to_string()))?;
            Ok(())
        })?;
        let mut tx = self.begin().await?;
        insert.execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// The earliest first.
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Vec<Kept>, StoreError> {
        let mut select = Statement::new(
            "SELECT at, person, role, shown, what, status, client, order_id FROM audit WHERE at >= ",
        );
        select.bind(filter.from.map_or(0, micros))?;
        if let Some(to) = filter.to {
            select.push(" AND at < ").bind(micros(to))?;
        }
        if let Some(client) = filter.client {
            select.push(" AND client = ").bind(client.to_string())?;
        }
        if let Some(person) = &filter.person {
            select.push(" AND person = ").bind(person.clone())?;
        }
        select.push(" ORDER BY at, id");
        let (text, values) = select.into_parts();
        let rows: Vec<Row> = sqlx::query_as_with(text, values).fetch_all(&self.readers).await?;
        let kept = |(at, person, role, shown, what, status, client, order): Row| {
            let at = Timestamp::from_microsecond(at).unwrap_or_default();
            Kept { at, person, role, shown, what, status, client, order }
        };
        Ok(rows.into_iter().map(kept).collect())
    }

    pub async fn forget_notes(&self, before: Timestamp) -> Result<(), StoreError> {
        let query = sqlx::query("DELETE FROM audit WHERE at < $1").bind(micros(before));
        query.execute(&self.writer).await?;
        Ok(())
    }
}

/// What somebody sees again and again is noted once in a while.
#[derive(Default)]
pub(crate) struct Repeats(BTreeMap<Key, Timestamp>);

/// Person, what and how it was answered, and about whom.
type Key = (String, String, u16, Option<ClientId>, Option<OrderId>);

impl Repeats {
    const WHILE: SignedDuration = SignedDuration::from_mins(1);

    /// Not noted within the last minute.
    pub fn is_new(&mut self, note: &Note) -> bool {
        let key = (note.bearer.person.clone(), note.what.clone(), note.status, note.client, note.order);
        let since = note.at - Self::WHILE;
        match self.0.get(&key) {
            Some(&noted) if noted > since => false,
            _ => self.0.insert(key, note.at).is_none_or(|noted| noted <= since),
        }
    }

    pub fn forget(&mut self, now: Timestamp) {
        self.0.retain(|_, noted| *noted > now - Self::WHILE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk_api::Role;

    #[test]
    fn a_card_that_is_looked_at_again_and_again_is_noted_once_a_minute() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let note = |second, client: u128| Note {
            at: at(second),
            bearer: Bearer { person: "ivanova".into(), role: Role::Manager },
            shown: "session",
            what: "GET /v1/clients/{id}".into(),
            status: 200,
            client: Some(ClientId(uuid::Uuid::from_u128(client))),
            order: None,
        };
        let mut repeats = Repeats::default();
        assert!(repeats.is_new(&note(0, 1)) && repeats.is_new(&note(1, 2)));
        assert!(!repeats.is_new(&note(59, 1)));
        assert!(repeats.is_new(&note(60, 1)));
        repeats.forget(at(119));
        assert_eq!(repeats.0.len(), 1);
        assert!(repeats.is_new(&note(120, 1)));
    }
}
