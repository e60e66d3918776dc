//! Tokens, as their hashes.

use jiff::Timestamp;

use super::{Store, micros};
use crate::desk_api::Role;
use crate::server::store::{Bearer, StoreError};

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
}
