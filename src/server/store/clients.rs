//! Clients: found by number or name, whole cards out (duty 1).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;

use super::search::{self, Rank};
use super::{Kind, Statement, Store, Transaction, calls, changes, commands, micros, set_fact, until_done};
use crate::desk_api::{
    CallRecordId, Change, ClientCard, ClientDraft, ClientId, ClientPhone, ClientTrade, ClientType,
    Department, Directory, DirectoryEntry, Manager,
};
use crate::domain::number::{NumberingPlan, PhoneNumber};
use crate::domain::search::{Reading, readings};
use crate::server::store::{Command, StoreError, WriteError};

/// Clients found by what was typed, of whom those who called or ordered last are told first.
const COMPARED: usize = 200;
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

    /// Those whom a typed text may mean: by name, number, tax number, contract, or people there; the best first, and of
    /// equals whoever called or ordered last.
    pub async fn find_clients(
        &self,
        text: &str,
        plan: &NumberingPlan,
        limit: u32,
    ) -> Result<Vec<ClientCard>, StoreError> {
        let best = if self.finds_all_clients().await? {
            let readings = readings(text, &plan.national_beginnings(text));
            self.best_clients(&readings, limit).await?
        } else {
            self.clients_with(text, limit).await?
        };
        if best.is_empty() {
            return Ok(Vec::new());
        }
        let mut select =
            Statement::new(concat!(card_columns!(), " FROM clients c ", card_joins!(), "WHERE c.id IN "));
        select.list(best.iter().cloned())?;
        let (text, values) = select.into_parts();
        let rows: Vec<Row> = sqlx::query_as_with(text, values).fetch_all(&self.readers).await?;
        let mut rows: BTreeMap<String, Row> = rows.into_iter().map(|row| (row.0.clone(), row)).collect();
        best.iter().filter_map(|id| rows.remove(id)).map(|row| card(row, plan)).collect()
    }

    async fn best_clients(&self, readings: &[Reading], limit: u32) -> Result<Vec<String>, StoreError> {
        let mut db = self.readers.acquire().await?;
        let mut hits = search::find(&mut db, Kind::Client, readings, limit).await?;
        hits.truncate(COMPARED);
        if hits.is_empty() {
            return Ok(Vec::new());
        }
        let mut select = Statement::new(
            "SELECT s.number, c.id, c.search_name, \
             CAST(COALESCE((SELECT MAX(started_at) FROM calls WHERE client = c.id), 0) AS BIGINT), \
             CAST(COALESCE((SELECT MAX(placed_at) FROM orders WHERE client = c.id), 0) AS BIGINT) \
             FROM search_items s JOIN clients c ON c.id = s.id WHERE s.number IN ",
        );
        select.list(hits.iter().map(|hit| hit.item))?;
        let (text, values) = select.into_parts();
        let rows: Vec<(i64, String, String, i64, i64)> =
            sqlx::query_as_with(text, values).fetch_all(&mut *db).await?;
        let ranks: BTreeMap<i64, Rank> = hits.iter().map(|hit| (hit.item, hit.rank)).collect();
        let ranked = rows.into_iter().map(|(item, id, name, called, ordered)| {
            (ranks.get(&item).copied(), Reverse(called.max(ordered)), name, id)
        });
        let mut ranked: Vec<_> = ranked.collect();
        ranked.sort();
        Ok(ranked.into_iter().take(limit as usize).map(|(.., id)| id).collect())
    }

    /// Those whose name holds this text, while not everybody has keys yet: every name is looked at.
    async fn clients_with(&self, text: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT id FROM clients WHERE search_name LIKE $1 ESCAPE '!' \
                   ORDER BY CASE WHEN search_name LIKE $2 ESCAPE '!' THEN 0 ELSE 1 END, search_name, id LIMIT $3";
        let escaped = escape_like(&text.to_lowercase());
        let query = sqlx::query_scalar(sql)
            .bind(format!("%{escaped}%"))
            .bind(format!("{escaped}%"))
            .bind(i64::from(limit));
        Ok(query.fetch_all(&self.readers).await?)
    }

    pub async fn client(&self, id: ClientId, plan: &NumberingPlan) -> Result<Option<ClientCard>, StoreError> {
        let sql = concat!(card_columns!(), " FROM clients c ", card_joins!(), "WHERE c.id = $1");
        let row: Option<Row> = sqlx::query_as(sql).bind(id.to_string()).fetch_optional(&self.readers).await?;
        row.map(|row| card(row, plan)).transpose()
    }

    /// What these clients have ordered here, placed and not yet on any invoice, is owed with what their cards say, and takes of the
    /// credit. What was delivered is so for as long as its credit stays taken; what was only read back is not ordered yet.
    pub async fn add_ordered(&self, clients: &mut [ClientCard], at: Timestamp) -> Result<(), StoreError> {
        if clients.iter().all(|client| client.standing.is_none()) {
            return Ok(());
        }
        let mut select = Statement::new(
            "SELECT h.client, h.payer, CAST(SUM(h.amount) AS BIGINT) FROM holds h JOIN orders o ON o.id = h.order_id \
             WHERE h.client IN ",
        );
        select.list(clients.iter().map(|client| client.id.to_string()))?;
        select
            .push(" AND (h.kept_until IS NULL OR o.state <> 'draft' AND h.kept_until > ")
            .bind(micros(at))?;
        select.push(") GROUP BY h.client, h.payer");
        let (text, values) = select.into_parts();
        let rows: Vec<(String, String, i64)> =
            sqlx::query_as_with(text, values).fetch_all(&self.readers).await?;
        let mut held: BTreeMap<String, Vec<(String, Decimal)>> = BTreeMap::new();
        for (client, payer, amount) in rows {
            held.entry(client).or_default().push((payer, Decimal::new(amount, 4)));
        }
        if held.is_empty() {
            return Ok(());
        }
        let mut select = Statement::new("SELECT client, document FROM client_trade WHERE client IN ");
        select.list(held.keys().cloned())?;
        let (text, values) = select.into_parts();
        let rows: Vec<(String, String)> = sqlx::query_as_with(text, values).fetch_all(&self.readers).await?;
        let documents: BTreeMap<String, String> = rows.into_iter().collect();
        for (client, held) in held {
            let card = clients.iter_mut().find(|card| card.id.to_string() == client);
            let Some(standing) = card.and_then(|card| card.standing.as_mut()) else { continue };
            let trade: Option<ClientTrade> = optional(documents.get(&client).map(String::as_str))?;
            let ordered = held.iter().fold(Decimal::ZERO, |sum, (_, amount)| sum.saturating_add(*amount));
            if let Some(exposure) = &mut standing.exposure {
                exposure.0 = exposure.0.saturating_add(ordered);
            }
            if let Some(left) = &mut standing.credit_left {
                let taken = trade.map_or(ordered, |trade| taken_of_credit(&trade, &held));
                left.0 = left.0.saturating_sub(taken).max(Decimal::ZERO);
            }
        }
        Ok(())
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
        let before: Option<Option<String>> = sqlx::query_scalar("SELECT manager FROM clients WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&mut *tx)
            .await
            .map_err(StoreError::from)?;
        upsert(&mut tx, id, draft, department.as_deref(), command.at).await?;
        index_phones(&mut tx, id, draft, plan).await?;
        search::index_clients(&mut tx, &[id.to_string()]).await?;
        if before != Some(draft.manager.as_ref().map(|manager| manager.0.clone())) {
            changes::note(&mut tx, changes::Kind::Client, id).await?;
        }
        let change = if before.is_some() { Change::Replaced } else { Change::Created };
        commands::keep_answer(&mut tx, command, &change).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(change)
    }

    /// Makes a client of whom nobody knew. The same once more changes nothing; who is there under this id stays.
    pub async fn write_prospect(
        &self,
        command: &Command<'_>,
        id: ClientId,
        draft: &ClientDraft,
        call: Option<CallRecordId>,
        plan: &NumberingPlan,
    ) -> Result<Change, WriteError> {
        until_done!(self.try_write_prospect(command, id, draft, call, plan))
    }

    async fn try_write_prospect(
        &self,
        command: &Command<'_>,
        id: ClientId,
        draft: &ClientDraft,
        call: Option<CallRecordId>,
        plan: &NumberingPlan,
    ) -> Result<Change, WriteError> {
        let mut tx = self.begin().await?;
        if let Some(change) = commands::answered(&mut tx, command).await? {
            return Ok(change);
        }
        let kept = document(&mut tx, "SELECT document FROM clients WHERE id = $1", &id.to_string()).await?;
        let kept: Option<ClientDraft> =
            kept.as_deref().map(serde_json::from_str).transpose().map_err(StoreError::from)?;
        let change = match kept {
            Some(kept) if kept == *draft => Change::Unchanged,
            Some(_) => return Err(WriteError::RevisionConflict),
            None => {
                let department = check_references(&mut tx, draft).await?;
                upsert(&mut tx, id, draft, department.as_deref(), command.at).await?;
                index_phones(&mut tx, id, draft, plan).await?;
                search::index_clients(&mut tx, &[id.to_string()]).await?;
                if let Some(call) = call {
                    calls::name_prospect(&mut tx, command.person, call, id).await?;
                }
                changes::note(&mut tx, changes::Kind::Client, id).await?;
                Change::Created
            }
        };
        commands::keep_answer(&mut tx, command, &change).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(change)
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
        // What is typed of a number is read by the plan as well.
        sqlx::query("UPDATE search_items SET version = 0 WHERE kind = 0").execute(&mut *tx).await?;
        set_fact(&mut tx, PLAN, &plan_text).await?;
        tx.commit().await?;
        Ok(rows.len())
    }
}

/// What these orders take of the credit of all accounts together. An account beyond its limit takes nothing of the others', and one
/// without a limit has none of it.
fn taken_of_credit(trade: &ClientTrade, held: &[(String, Decimal)]) -> Decimal {
    let is_one = trade.accounts().nth(1).is_none();
    let mut by_account: BTreeMap<Option<&str>, Decimal> = BTreeMap::new();
    for (payer, amount) in held {
        let entity = trade.entities.iter().find(|entity| entity.id.0 == *payer).filter(|_| !is_one);
        let account = entity.map(|entity| trade.account_owner(entity).id.0.as_str());
        let sum = by_account.entry(account).or_default();
        *sum = sum.saturating_add(*amount);
    }
    let taken = by_account.into_iter().map(|(account, amount)| {
        let entity = account.and_then(|id| trade.entities.iter().find(|entity| entity.id.0 == *id));
        let Some(entity) = entity else { return amount };
        trade.account_of(entity).credit_left().map_or(Decimal::ZERO, |left| left.0.min(amount))
    });
    taken.fold(Decimal::ZERO, Decimal::saturating_add)
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

/// The numbers by which each of these clients is known.
pub(super) async fn phones_of(
    tx: &mut Transaction<'_>,
    ids: &[String],
) -> Result<BTreeMap<String, Vec<PhoneNumber>>, StoreError> {
    let mut select = Statement::new("SELECT client, number FROM client_phones WHERE client IN ");
    select.list(ids.iter().cloned())?;
    let (text, values) = select.into_parts();
    let rows: Vec<(String, i64)> = sqlx::query_as_with(text, values).fetch_all(&mut **tx).await?;
    let mut phones: BTreeMap<String, Vec<PhoneNumber>> = BTreeMap::new();
    for (client, number) in rows {
        let number = u64::try_from(number).ok().and_then(PhoneNumber::from_u64);
        phones.entry(client).or_default().extend(number);
    }
    Ok(phones)
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
