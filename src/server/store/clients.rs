//! Clients: found by number or name, whole cards out (duty 1).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::{
    Statement, Store, Transaction, commands, directory, micros, products, set_fact, trade, until_done,
};
use crate::desk_api::{
    Change, ClientCard, ClientDraft, ClientId, ClientPhone, ClientType, Department, Directory,
    DirectoryEntry, Manager, ProductData,
};
use crate::domain::number::{NumberingPlan, PhoneNumber};
use crate::server::sample;
use crate::server::store::{Command, StoreError, WriteError};

/// Clients per statement when a database is filled: 32766 values are bound at most.
const FILL_AT_ONCE: usize = 200;
/// The fact that says by which plan numbers were indexed.
const PLAN: &str = "numbering_plan";
/// Client, updated_at, and the documents of client, type, manager, department.
type Row = (String, i64, String, String, Option<String>, Option<String>);

macro_rules! card_columns {
    () => {
        "SELECT c.id, c.updated_at, c.document, t.document, p.document, d.document"
    };
}
macro_rules! card_joins {
    () => {
        "JOIN client_types t ON t.id = c.client_type \
         LEFT JOIN people p ON p.id = c.manager LEFT JOIN departments d ON d.id = c.department "
    };
}

impl Store {
    /// Those who have this number: whom its caller was last taken for first, then owners of it as their main number.
    pub async fn clients_by_number(
        &self,
        number: PhoneNumber,
        plan: &NumberingPlan,
        limit: u32,
    ) -> Result<Vec<ClientCard>, StoreError> {
        let sql = concat!(
            card_columns!(),
            " FROM client_phones f JOIN clients c ON c.id = f.client ",
            card_joins!(),
            "WHERE f.number = $1 ORDER BY COALESCE((SELECT MAX(started_at) FROM calls \
             WHERE caller_number = $2 AND client = c.id), 0) DESC, \
             f.position, c.updated_at DESC, c.id LIMIT $3"
        );
        let query =
            sqlx::query_as(sql).bind(as_column(number)).bind(number.to_string()).bind(i64::from(limit));
        let rows: Vec<Row> = query.fetch_all(&self.readers).await?;
        rows.into_iter().map(|row| card(row, plan)).collect()
    }

    /// Those whose name holds this text, names that begin with it first.
    pub async fn clients_by_name(
        &self,
        text: &str,
        plan: &NumberingPlan,
        limit: u32,
    ) -> Result<Vec<ClientCard>, StoreError> {
        let sql = concat!(
            card_columns!(),
            " FROM clients c ",
            card_joins!(),
            // The inner query reads the index of names alone, not the documents.
            "WHERE c.id IN (SELECT id FROM clients WHERE search_name LIKE $1 ESCAPE '!' \
             ORDER BY CASE WHEN search_name LIKE $2 ESCAPE '!' THEN 0 ELSE 1 END, search_name, id LIMIT $3) \
             ORDER BY CASE WHEN c.search_name LIKE $2 ESCAPE '!' THEN 0 ELSE 1 END, c.search_name, c.id"
        );
        let escaped = escape_like(&text.to_lowercase());
        let query = sqlx::query_as(sql)
            .bind(format!("%{escaped}%"))
            .bind(format!("{escaped}%"))
            .bind(i64::from(limit));
        let rows: Vec<Row> = query.fetch_all(&self.readers).await?;
        rows.into_iter().map(|row| card(row, plan)).collect()
    }

    pub async fn client(&self, id: ClientId, plan: &NumberingPlan) -> Result<Option<ClientCard>, StoreError> {
        let sql = concat!(card_columns!(), " FROM clients c ", card_joins!(), "WHERE c.id = $1");
        let row: Option<Row> = sqlx::query_as(sql).bind(id.to_string()).fetch_optional(&self.readers).await?;
        row.map(|row| card(row, plan)).transpose()
    }

    /// Makes or replaces a client; the change is kept with the command.
    pub async fn write_client(
        &self,
        command: &Command<'_>,
        id: ClientId,
        draft: &ClientDraft,
        plan: &NumberingPlan,
    ) -> Result<Change, WriteError> {
        until_done!(self.try_write_client(command, id, draft, plan))
    }

    async fn try_write_client(
        &self,
        command: &Command<'_>,
        id: ClientId,
        draft: &ClientDraft,
        plan: &NumberingPlan,
    ) -> Result<Change, WriteError> {
        let mut tx = self.begin().await?;
        if let Some(change) = commands::answered(&mut tx, command).await? {
            return Ok(change);
        }
        let department = check_references(&mut tx, draft).await?;
        let existed: Option<String> = sqlx::query_scalar("SELECT id FROM clients WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&mut *tx)
            .await
            .map_err(StoreError::from)?;
        upsert(&mut tx, id, draft, department.as_deref(), command.at).await?;
        index_phones(&mut tx, id, draft, plan).await?;
        let change = if existed.is_some() { Change::Replaced } else { Change::Created };
        commands::keep_answer(&mut tx, command, &change).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(change)
    }

    /// Fills an empty database, all or nothing; says whether it was empty.
    pub async fn fill(
        &self,
        people: &Directory,
        clients: impl Iterator<Item = (ClientId, ClientDraft)> + Clone,
        goods: &[ProductData],
        plan: &NumberingPlan,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        until_done!(self.try_fill(people, clients.clone(), goods, plan, at))
    }

    async fn try_fill(
        &self,
        people: &Directory,
        clients: impl Iterator<Item = (ClientId, ClientDraft)>,
        goods: &[ProductData],
        plan: &NumberingPlan,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin_long().await?;
        let used: Option<i64> = sqlx::query_scalar(
            "SELECT CAST(1 AS BIGINT) WHERE EXISTS (SELECT 1 FROM clients) OR EXISTS (SELECT 1 FROM people) \
             OR EXISTS (SELECT 1 FROM departments)",
        )
        .fetch_optional(&mut *tx)
        .await?;
        if used.is_some() {
            return Ok(false);
        }
        directory::insert_directory(&mut tx, people).await?;
        let mut clients = clients.peekable();
        while clients.peek().is_some() {
            let some: Vec<_> = clients.by_ref().take(FILL_AT_ONCE).collect();
            insert_many(&mut tx, &some, people, plan, at).await?;
            for (id, draft) in &some {
                trade::put_trade(&mut tx, *id, &sample::trade(draft)).await?;
            }
        }
        for product in goods {
            products::put_product(&mut tx, product, at).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Reads every client's numbers anew when the plan differs from the one they were read by. Says how many.
    pub async fn index_by(&self, plan: &NumberingPlan) -> Result<usize, StoreError> {
        until_done!(self.try_index_by(plan))
    }

    async fn try_index_by(&self, plan: &NumberingPlan) -> Result<usize, StoreError> {
        let plan_text = format!("{plan:?}");
        if self.fact(PLAN).await?.as_deref() == Some(&plan_text) {
            return Ok(0);
        }
        let mut tx = self.begin_long().await?;
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT id, document FROM clients").fetch_all(&mut *tx).await?;
        sqlx::query("DELETE FROM client_phones").execute(&mut *tx).await?;
        for (id, document) in &rows {
            let draft: ClientDraft = serde_json::from_str(document)?;
            if let Ok(id) = id.parse() {
                insert_phones(&mut tx, ClientId(id), &draft, plan).await?;
            }
        }
        set_fact(&mut tx, PLAN, &plan_text).await?;
        tx.commit().await?;
        Ok(rows.len())
    }
}

fn card(row: Row, plan: &NumberingPlan) -> Result<ClientCard, StoreError> {
    let (id, updated_at, document, client_type, manager, department) = row;
    let draft: ClientDraft = serde_json::from_str(&document)?;
    let client_type: ClientType = serde_json::from_str(&client_type)?;
    let manager: Option<DirectoryEntry> = optional(manager.as_deref())?;
    let department: Option<Department> = optional(department.as_deref())?;
    Ok(ClientCard {
        id: ClientId(id.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?),
        name: draft.name,
        client_type,
        phones: draft.phones.into_iter().map(|written| phone(written, plan)).collect(),
        contacts: draft.contacts,
        manager: manager.map(|p| Manager { id: p.id, name: p.name, extension: p.extension }),
        department,
        standing: draft.standing,
        price_column: draft.price_column,
        delivery: draft.delivery,
        time_zone: draft.time_zone,
        note: draft.note,
        updated_at: Timestamp::from_microsecond(updated_at).ok(),
        gaps: Vec::new(),
    })
}

fn phone(written: String, plan: &NumberingPlan) -> ClientPhone {
    let reading = plan.read(&written).ok();
    ClientPhone {
        number: reading.as_ref().and_then(|reading| reading.look_up_key()),
        extension: reading.and_then(|reading| reading.extension),
        written,
    }
}

fn optional<T: DeserializeOwned>(document: Option<&str>) -> Result<Option<T>, StoreError> {
    Ok(document.map(serde_json::from_str).transpose()?)
}

/// What the draft refers to must be there. Gives the department: the draft's own, else the manager's.
pub(super) async fn check_references(
    tx: &mut Transaction<'_>,
    draft: &ClientDraft,
) -> Result<Option<String>, WriteError> {
    let mut unknown = Vec::new();
    if document(tx, "SELECT document FROM client_types WHERE id = $1", &draft.client_type.0).await?.is_none()
    {
        unknown.push("client_type");
    }
    let mut department = draft.department.clone();
    if let Some(manager) = &draft.manager {
        match document(tx, "SELECT document FROM people WHERE id = $1", &manager.0).await? {
            None => unknown.push("manager"),
            Some(person) if department.is_none() => {
                let person: DirectoryEntry = serde_json::from_str(&person).map_err(StoreError::from)?;
                department = person.department;
            }
            Some(_) => {}
        }
    }
    if let Some(id) = &department
        && document(tx, "SELECT document FROM departments WHERE id = $1", id).await?.is_none()
    {
        unknown.push("department");
    }
    if unknown.is_empty() { Ok(department) } else { Err(WriteError::Unknown(unknown)) }
}

pub(super) async fn document(
    tx: &mut Transaction<'_>,
    sql: &'static str,
    id: &str,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar(sql).bind(id).fetch_optional(&mut **tx).await?)
}

pub(super) fn department_of(people: &Directory, draft: &ClientDraft) -> Option<String> {
    let managers = || draft.manager.as_ref().and_then(|id| people.person(id)?.department.clone());
    draft.department.clone().or_else(managers)
}

pub(super) async fn upsert(
    tx: &mut Transaction<'_>,
    id: ClientId,
    draft: &ClientDraft,
    department: Option<&str>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO clients (id, name, search_name, client_type, manager, department, document, updated_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
               search_name = excluded.search_name, client_type = excluded.client_type, manager = excluded.manager, \
               department = excluded.department, document = excluded.document, updated_at = excluded.updated_at";
    sqlx::query(sql)
        .bind(id.to_string())
        .bind(&draft.name)
        .bind(draft.name.to_lowercase())
        .bind(&draft.client_type.0)
        .bind(draft.manager.as_ref().map(|manager| manager.0.as_str()))
        .bind(department)
        .bind(serde_json::to_string(draft)?)
        .bind(micros(at))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

pub(super) async fn insert_many(
    tx: &mut Transaction<'_>,
    clients: &[(ClientId, ClientDraft)],
    people: &Directory,
    plan: &NumberingPlan,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut rows = Vec::with_capacity(clients.len());
    for (id, draft) in clients {
        rows.push((id.to_string(), draft, department_of(people, draft), serde_json::to_string(draft)?));
    }
    let columns = "id, name, search_name, client_type, manager, department, document, updated_at";
    let mut insert = Statement::new(&format!("INSERT INTO clients ({columns}) VALUES "));
    insert.rows(rows, |row, (id, draft, department, document)| {
        row.bind(id)?
            .bind(draft.name.clone())?
            .bind(draft.name.to_lowercase())?
            .bind(draft.client_type.0.clone())?
            .bind(draft.manager.as_ref().map(|manager| manager.0.clone()))?
            .bind(department)?
            .bind(document)?
            .bind(micros(at))?;
        Ok(())
    })?;
    insert.execute(tx).await?;
    let phones = clients.iter().flat_map(|(id, draft)| {
        numbers(draft, plan).into_iter().map(|(position, number)| (number, id.to_string(), position))
    });
    let phones: Vec<_> = phones.collect();
    if phones.is_empty() {
        return Ok(());
    }
    let mut insert = Statement::new("INSERT INTO client_phones (number, client, position) VALUES ");
    insert.rows(phones, |row, (number, client, position)| {
        row.bind(as_column(number))?.bind(client)?.bind(position)?;
        Ok(())
    })?;
    insert.execute(tx).await?;
    Ok(())
}

pub(super) async fn index_phones(
    tx: &mut Transaction<'_>,
    id: ClientId,
    draft: &ClientDraft,
    plan: &NumberingPlan,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM client_phones WHERE client = $1")
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?;
    insert_phones(tx, id, draft, plan).await
}

async fn insert_phones(
    tx: &mut Transaction<'_>,
    id: ClientId,
    draft: &ClientDraft,
    plan: &NumberingPlan,
) -> Result<(), StoreError> {
    for (position, number) in numbers(draft, plan) {
        sqlx::query("INSERT INTO client_phones (number, client, position) VALUES ($1, $2, $3)")
            .bind(as_column(number))
            .bind(id.to_string())
            .bind(position)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Each number once, at its first place in the list.
fn numbers(draft: &ClientDraft, plan: &NumberingPlan) -> Vec<(i64, PhoneNumber)> {
    let mut seen = BTreeSet::new();
    let places = (0..).zip(&draft.phones);
    let read = places.filter_map(|(position, written)| Some((position, plan.look_up_key(written)?)));
    read.filter(|&(_, number)| seen.insert(number)).collect()
}

/// Fits: an E.164 number has at most 15 digits.
pub(super) fn as_column(number: PhoneNumber) -> i64 {
    i64::try_from(number.as_u64()).unwrap_or(i64::MAX)
}

fn escape_like(text: &str) -> String {
    text.chars().flat_map(|c| matches!(c, '%' | '_' | '!').then_some('!').into_iter().chain([c])).collect()
}
