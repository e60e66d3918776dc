//! Tokens, as their hashes.

use jiff::Timestamp;

use super::{Store, micros};
use crate::desk_api::Role;
use crate::server::store::{Bearer, StoreError};

/// A token as `patchcord-desk token list` shows it.
pub(crate) struct KnownToken {
    /// The beginning of its hash: tells it from others, and opens nothing.
    pub id: String,
    pub bearer: Bearer,
    pub created_at: Timestamp,
}

impl Store {
    pub async fn add_token(&self, hash: [u8; 32], bearer: &Bearer, at: Timestamp) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO tokens (hash, person, role, created_at) VALUES ($1, $2, $3, $4)")
            .bind(hash.as_slice())
            .bind(&bearer.person)
            .bind(bearer.role.as_str())
            .bind(micros(at))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    pub async fn bearer(&self, hash: [u8; 32]) -> Result<Option<Bearer>, StoreError> {
        let row: Option<(String, String)> = sqlx::query_as("SELECT person, role FROM tokens WHERE hash = $1")
            .bind(hash.as_slice())
            .fetch_optional(&self.readers)
            .await?;
        // A role that this version does not know may do nothing.
        Ok(row.and_then(|(person, role)| Some(Bearer { person, role: Role::parse(&role)? })))
    }

    /// The oldest first.
    pub async fn tokens(&self) -> Result<Vec<KnownToken>, StoreError> {
        let sql = "SELECT hash, person, role, created_at FROM tokens ORDER BY created_at, hash";
        let rows: Vec<(Vec<u8>, String, String, i64)> = sqlx::query_as(sql).fetch_all(&self.readers).await?;
        let known = |(hash, person, role, at): (Vec<u8>, String, String, i64)| {
            let created_at = Timestamp::from_microsecond(at).unwrap_or_default();
            Some(KnownToken {
                id: id(&hash),
                bearer: Bearer { person, role: Role::parse(&role)? },
                created_at,
            })
        };
        Ok(rows.into_iter().filter_map(known).collect())
    }

    /// Forgets all tokens of this person, or the one of this id. Says how many.
    pub async fn revoke_tokens(&self, whose: &str) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let rows: Vec<(Vec<u8>, String)> =
            sqlx::query_as("SELECT hash, person FROM tokens").fetch_all(&mut *tx).await?;
        let mut revoked = 0;
        for (hash, _) in rows.iter().filter(|(hash, person)| person == whose || id(hash) == whose) {
            let query = sqlx::query("DELETE FROM tokens WHERE hash = $1").bind(hash.as_slice());
            revoked += query.execute(&mut *tx).await?.rows_affected();
        }
        tx.commit().await?;
        Ok(revoked)
    }
}

fn id(hash: &[u8]) -> String {
    hash.iter().take(6).map(|octet| format!("{octet:02x}")).collect()
}
