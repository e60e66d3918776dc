//! Clients of the company's own system: which of the desk's they are, and what was got of them last.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::clients::{as_column, check_references, document, index_phones, upsert};
use super::{Store, Transaction, search, until_done};
use crate::desk_api::{ClientDraft, ClientId, Gap};
use crate::domain::number::{NumberingPlan, PhoneNumber};
use crate::server::store::{StoreError, WriteError};

impl Store {
    /// The client with this id in the company's system.
    pub async fn company_client(&self, own_id: &str) -> Result<Option<ClientId>, StoreError> {
        let sql = "SELECT client FROM company_clients WHERE own_id = $1";
        let row: Option<String> = sqlx::query_scalar(sql).bind(own_id).fetch_optional(&self.readers).await?;
        row.map(|id| client_id(&id)).transpose()
    }

    /// The id in the company's system; none for a client that only the desk has.
    pub async fn own_id(&self, client: ClientId) -> Result<Option<String>, StoreError> {
        let sql = "SELECT own_id FROM company_clients WHERE client = $1";
        Ok(sqlx::query_scalar(sql).bind(client.to_string()).fetch_optional(&self.readers).await?)
    }

    /// Makes or refreshes a client: `merge` makes it of what the desk knew before, and says what it lacks. The first time, one
    /// client of the desk with this number and name is taken for it.
    pub async fn keep_company_client(
        &self,
        own_id: &str,
        number: Option<PhoneNumber>,
        merge: impl Fn(Option<ClientDraft>) -> (ClientDraft, Vec<Gap>),
        plan: &NumberingPlan,
        at: Timestamp,
    ) -> Result<(ClientId, Vec<Gap>), WriteError> {
        until_done!(self.try_keep_company_client(own_id, number, &merge, plan, at))
    }

    async fn try_keep_company_client(
        &self,
        own_id: &str,
        number: Option<PhoneNumber>,
        merge: impl Fn(Option<ClientDraft>) -> (ClientDraft, Vec<Gap>),
        plan: &NumberingPlan,
        at: Timestamp,
    ) -> Result<(ClientId, Vec<Gap>), WriteError> {
        let mut tx = self.begin().await?;
        let sql = "SELECT client FROM company_clients WHERE own_id = $1";
        let linked = document(&mut tx, sql, own_id).await?;
        let known = match (&linked, number) {
            (Some(client), _) => Some(client.clone()),
            (None, Some(number)) => same_client(&mut tx, number, &merge(None).0.name).await?,
            (None, None) => None,
        };
        let client = known.as_deref().map_or_else(|| Ok(id_of(own_id)), client_id)?;
        let sql = "SELECT document FROM clients WHERE id = $1";
        let before = document(&mut tx, sql, &client.to_string()).await?;
        let before =
            before.map(|document| serde_json::from_str(&document)).transpose().map_err(StoreError::from)?;
        let (draft, gaps) = merge(before);
        let department = check_references(&mut tx, &draft).await?;
        upsert(&mut tx, client, &draft, department.as_deref(), at).await?;
        index_phones(&mut tx, client, &draft, plan).await?;
        search::index_clients(&mut tx, &[client.to_string()]).await?;
        if linked.is_none() {
            sqlx::query("INSERT INTO company_clients (own_id, client) VALUES ($1, $2)")
                .bind(own_id)
                .bind(client.to_string())
                .execute(&mut *tx)
                .await
                .map_err(StoreError::from)?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        Ok((client, gaps))
    }
}

/// The only client of the desk with this number and name that is nobody's in the company's system.
async fn same_client(
    tx: &mut Transaction<'_>,
    number: PhoneNumber,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT c.id FROM client_phones f JOIN clients c ON c.id = f.client \
               WHERE f.number = $1 AND c.search_name = $2 \
               AND NOT EXISTS (SELECT 1 FROM company_clients k WHERE k.client = c.id) LIMIT 2";
    let same: Vec<String> = sqlx::query_scalar(sql)
        .bind(as_column(number))
        .bind(name.to_lowercase())
        .fetch_all(&mut **tx)
        .await?;
    Ok(<[String; 1]>::try_from(same).ok().map(|[id]| id))
}

/// The same for the same client, on every desk.
pub(super) fn id_of(own_id: &str) -> ClientId {
    ClientId(uuid_of("patchcord company client", own_id))
}

/// Of the company's own name for something (RFC 9562 §5.8).
pub(super) fn uuid_of(what: &str, own_id: &str) -> Uuid {
    let digest = Sha256::new().chain_update(what).chain_update(own_id).finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

fn client_id(text: &str) -> Result<ClientId, StoreError> {
    Ok(ClientId(Uuid::parse_str(text).map_err(|error| sqlx::Error::Decode(Box::new(error)))?))
}
