//! People, departments and client types.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Store, Transaction, until_done};
use crate::desk_api::{ClientType, Directory};
use crate::server::store::StoreError;

impl Store {
    /// Purposes are no data of the store: the settings have them.
    pub async fn directory(&self) -> Result<Directory, StoreError> {
        Ok(Directory {
            people: self.documents("SELECT document FROM people ORDER BY position, id").await?,
            departments: self.documents("SELECT document FROM departments ORDER BY position, id").await?,
            client_types: self.documents("SELECT document FROM client_types ORDER BY position, id").await?,
            purposes: Vec::new(),
        })
    }

    /// Takes the company's list of client types over. Types that left the list stay for the clients that have them.
    pub async fn set_client_types(&self, types: &[ClientType]) -> Result<(), StoreError> {
        until_done!(self.try_set_client_types(types))
    }

    async fn try_set_client_types(&self, types: &[ClientType]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        insert_types(&mut tx, types).await?;
        Ok(tx.commit().await?)
    }

    async fn documents<T: DeserializeOwned>(&self, sql: &'static str) -> Result<Vec<T>, StoreError> {
        let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(&self.readers).await?;
        rows.iter().map(|document| Ok(serde_json::from_str(document)?)).collect()
    }
}

pub(super) async fn insert_directory(
    tx: &mut Transaction<'_>,
    directory: &Directory,
) -> Result<(), StoreError> {
    insert_types(tx, &directory.client_types).await?;
    let departments = "INSERT INTO departments (id, position, document) VALUES ($1, $2, $3)";
    for (position, department) in directory.departments.iter().enumerate() {
        insert(tx, departments, &department.id, position, department).await?;
    }
    let people = "INSERT INTO people (id, position, document) VALUES ($1, $2, $3)";
    for (position, person) in directory.people.iter().enumerate() {
        insert(tx, people, &person.id.0, position, person).await?;
    }
    Ok(())
}

async fn insert_types(tx: &mut Transaction<'_>, types: &[ClientType]) -> Result<(), StoreError> {
    let sql = "INSERT INTO client_types (id, position, document) VALUES ($1, $2, $3) \
               ON CONFLICT (id) DO UPDATE SET position = excluded.position, document = excluded.document";
    for (position, client_type) in types.iter().enumerate() {
        insert(tx, sql, &client_type.id.0, position, client_type).await?;
    }
    Ok(())
}

async fn insert(
    tx: &mut Transaction<'_>,
    sql: &'static str,
    id: &str,
    position: usize,
    document: &impl Serialize,
) -> Result<(), StoreError> {
    sqlx::query(sql)
        .bind(id)
        .bind(i64::try_from(position).unwrap_or(i64::MAX))
        .bind(serde_json::to_string(document)?)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
