//! What those who follow clients see: what was written, whose it is, and whom nobody looks after.

use jiff::Timestamp;
use uuid::Uuid;

use super::changes::{Kind, Written};
use super::{After, Statement, Store, clients, commands, orders, until_done};
use crate::desk_api::{
    Absence, CallChanged, CallRecordId, ClientCard, ClientChanged, ClientDraft, ClientId, DirectoryEntry,
    HandoverChanged, Job, OrderChanged, OrderId, PersonId, Product, TaskChanged, TaskId,
};
use crate::domain::number::NumberingPlan;
use crate::server::changes::{Change, What, Whose};
use crate::server::reach::Reach;
use crate::server::store::{Command, StoreError, WriteError};

fn id(text: &str) -> Result<Uuid, StoreError> {
    Ok(text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?)
}

fn revision(kept: i64) -> u32 {
    u32::try_from(kept).unwrap_or(u32::MAX)
}

impl Statement {
    /// ` IN ($1, $2)`; there is at least one.
    fn among(&mut self, values: impl IntoIterator<Item = String>) -> Result<&mut Self, StoreError> {
        for (i, value) in values.into_iter().enumerate() {
            self.push(if i == 0 { " IN (" } else { ", " }).bind(value)?;
        }
        Ok(self.push(")"))
    }

    /// Clients `c` that are followed: as [`Reach::covers`].
    pub(super) fn covered_by(&mut self, reach: &Reach) -> Result<&mut Self, StoreError> {
        self.covered("c.manager", "c.department", reach)
    }

    /// The same of tasks `t`.
    pub(super) fn task_covered_by(&mut self, reach: &Reach) -> Result<&mut Self, StoreError> {
        self.covered("t.person", "t.department", reach)
    }

    fn covered(&mut self, person: &str, department: &str, reach: &Reach) -> Result<&mut Self, StoreError> {
        if reach.all {
            return Ok(self.push("1 = 1"));
        }
        self.push(&format!("({person}")).among(reach.managers.iter().cloned())?;
        match &reach.department {
            None => self.push(&format!(" OR {person} IS NULL")),
            Some(own) => {
                let nobodys = format!("{person} IS NULL AND");
                self.push(&format!(" OR ({nobodys} {department} IS NULL) OR ("));
                if !reach.leads {
                    self.push(&format!("{nobodys} "));
                }
                self.push(&format!("{department} = ")).bind(own.clone())?.push(")")
            }
        };
        Ok(self.push(")"))
    }
}

impl Store {
    /// What these rows of the sequence are about, as it is kept now; each once.
    pub async fn changes(&self, written: &[Written]) -> Result<Vec<Change>, StoreError> {
        let mut changes = Vec::new();
        for kind in Kind::ALL {
            let mut subjects: Vec<String> = written
                .iter()
                .filter(|row| row.kind == kind.as_str())
                .map(|row| row.subject.clone())
                .collect();
            subjects.sort();
            subjects.dedup();
            if !subjects.is_empty() {
                changes.extend(self.changes_of(kind, subjects).await?);
            }
        }
        Ok(changes)
    }

    async fn changes_of(&self, kind: Kind, subjects: Vec<String>) -> Result<Vec<Change>, StoreError> {
        match kind {
            Kind::Order => self.orders_changed(subjects).await,
            Kind::Call => self.calls_changed(subjects).await,
            Kind::Handover => self.handovers_changed(subjects).await,
            Kind::Client => self.clients_changed(subjects).await,
            Kind::Task => self.tasks_changed(subjects).await,
        }
    }

    async fn orders_changed(&self, subjects: Vec<String>) -> Result<Vec<Change>, StoreError> {
        type Row = (String, String, i64, String, i64, String, Option<String>, Option<String>);
        let mut select = Statement::new(
            "SELECT o.id, o.client, o.revision, o.state, o.changed_at, o.recorded_by, c.manager, c.department \
             FROM orders o JOIN clients c ON c.id = o.client WHERE o.id",
        );
        select.among(subjects)?.push(" ORDER BY o.changed_at, o.id");
        let (text, values) = select.into_parts();
        let rows: Vec<Row> = sqlx::query_as_with(text, values).fetch_all(&self.readers).await?;
        let change = |(order, client, kept, state, at, by, manager, department): Row| {
            let changed = OrderChanged {
                id: OrderId(id(&order)?),
                client: ClientId(id(&client)?),
                revision: revision(kept),
                state: orders::state(&state)?,
                changed_at: Timestamp::from_microsecond(at).unwrap_or_default(),
            };
            Ok(Change {
                what: What::Order(changed),
                by: Some(by),
                whose: Some(Whose { manager, department }),
            })
        };
        rows.into_iter().map(change).collect()
    }

    async fn calls_changed(&self, subjects: Vec<String>) -> Result<Vec<Change>, StoreError> {
        type Row = (String, Option<String>, i64, String, Option<String>, Option<String>, Option<String>);
        let mut select = Statement::new(
            "SELECT k.id, k.client, k.revision, k.recorded_by, c.id, c.manager, c.department \
             FROM calls k LEFT JOIN clients c ON c.id = k.client WHERE k.id",
        );
        select.among(subjects)?.push(" ORDER BY k.started_at, k.id");
        let (text, values) = select.into_parts();
        let rows: Vec<Row> = sqlx::query_as_with(text, values).fetch_all(&self.readers).await?;
        let change = |(call, client, kept, by, known, manager, department): Row| {
            let changed = CallChanged {
                id: CallRecordId(id(&call)?),
                client: client.as_deref().map(id).transpose()?.map(ClientId),
                revision: revision(kept),
            };
            let whose = known.map(|_| Whose { manager, department });
            Ok(Change { what: What::Call(changed), by: Some(by), whose })
        };
        rows.into_iter().map(change).collect()
    }

    async fn handovers_changed(&self, subjects: Vec<String>) -> Result<Vec<Change>, StoreError> {
        let mut select = Statement::new("SELECT id, target FROM handovers WHERE id");
        select.among(subjects)?;
        let (text, values) = select.into_parts();
        let rows: Vec<(String, Option<String>)> =
            sqlx::query_as_with(text, values).fetch_all(&self.readers).await?;
        let change = |(call, to): (String, Option<String>)| {
            let what = What::Handover(HandoverChanged { id: CallRecordId(id(&call)?), to });
            Ok(Change { what, by: None, whose: None })
        };
        rows.into_iter().map(change).collect()
    }

    async fn clients_changed(&self, subjects: Vec<String>) -> Result<Vec<Change>, StoreError> {
        let mut select = Statement::new("SELECT c.id, c.manager, c.department FROM clients c WHERE c.id");
        select.among(subjects)?;
        let (text, values) = select.into_parts();
        let rows: Vec<(String, Option<String>, Option<String>)> =
            sqlx::query_as_with(text, values).fetch_all(&self.readers).await?;
        let change = |(client, manager, department): (String, Option<String>, Option<String>)| {
            let changed =
                ClientChanged { id: ClientId(id(&client)?), manager: manager.clone().map(PersonId) };
            Ok(Change { what: What::Client(changed), by: None, whose: Some(Whose { manager, department }) })
        };
        rows.into_iter().map(change).collect()
    }

    async fn tasks_changed(&self, subjects: Vec<String>) -> Result<Vec<Change>, StoreError> {
        type Row = (String, Option<i64>, String, Option<String>, Option<String>);
        let mut select = Statement::new(
            "SELECT t.id, t.done_at, t.asked_by, t.person, t.department FROM tasks t WHERE t.id",
        );
        select.among(subjects)?;
        let (text, values) = select.into_parts();
        let rows: Vec<Row> = sqlx::query_as_with(text, values).fetch_all(&self.readers).await?;
        let change = |(task, done_at, asked_by, manager, department): Row| {
            let what = What::Task(TaskChanged { id: TaskId(id(&task)?), is_done: done_at.is_some() });
            Ok(Change { what, by: Some(asked_by), whose: Some(Whose { manager, department }) })
        };
        rows.into_iter().map(change).collect()
    }

    /// Clients whom nobody looks after, the latest change first.
    pub async fn unassigned_clients(
        &self,
        reach: &Reach,
        plan: &NumberingPlan,
        after: Option<After>,
        limit: u32,
    ) -> Result<Vec<ClientCard>, StoreError> {
        let mut select = Statement::new("SELECT c.id FROM clients c WHERE c.manager IS NULL AND ");
        select.covered_by(reach)?;
        if let Some(after) = after {
            select.behind("c.updated_at", "c.id", after)?;
        }
        select.push(" ORDER BY c.updated_at DESC, c.id DESC LIMIT ").bind(i64::from(limit))?;
        let (text, values) = select.into_parts();
        let ids: Vec<String> = sqlx::query_scalar_with(text, values).fetch_all(&self.readers).await?;
        let mut cards = Vec::with_capacity(ids.len());
        for client in ids {
            cards.extend(self.client(ClientId(id(&client)?), plan).await?);
        }
        Ok(cards)
    }

    /// Gives a client to a manager. `may`: whether this person may, by who looks after the client and where.
    pub async fn assign_manager(
        &self,
        command: &Command<'_>,
        client: ClientId,
        manager: &PersonId,
        may: impl Fn(Option<&str>, Option<&str>) -> bool,
    ) -> Result<(), WriteError> {
        until_done!(self.try_assign_manager(command, client, manager, &may))
    }

    async fn try_assign_manager(
        &self,
        command: &Command<'_>,
        client: ClientId,
        manager: &PersonId,
        may: &impl Fn(Option<&str>, Option<&str>) -> bool,
    ) -> Result<(), WriteError> {
        let mut tx = self.begin().await?;
        if commands::answered::<()>(&mut tx, command).await?.is_some() {
            return Ok(());
        }
        let row: Option<(String, Option<String>, Option<String>)> =
            sqlx::query_as("SELECT document, manager, department FROM clients WHERE id = $1")
                .bind(client.to_string())
                .fetch_optional(&mut *tx)
                .await
                .map_err(StoreError::from)?;
        let (document, before, department) = row.ok_or(WriteError::NotFound)?;
        if !may(before.as_deref(), department.as_deref()) {
            return Err(WriteError::NotAllowed);
        }
        let person =
            clients::document(&mut tx, "SELECT document FROM people WHERE id = $1", &manager.0).await?;
        let person: Option<DirectoryEntry> =
            person.as_deref().map(serde_json::from_str).transpose().map_err(StoreError::from)?;
        if !person.is_some_and(|person| matches!(person.job, Job::Manager | Job::Head)) {
            return Err(WriteError::Unknown(vec!["manager"]));
        }
        let mut draft: ClientDraft = serde_json::from_str(&document).map_err(StoreError::from)?;
        draft.manager = Some(manager.clone());
        let department = clients::check_references(&mut tx, &draft).await?;
        clients::upsert(&mut tx, client, &draft, department.as_deref(), command.at).await?;
        super::changes::note(&mut tx, Kind::Client, client).await?;
        commands::keep_answer(&mut tx, command, &()).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Says when a person is not there.
    pub async fn set_absences(
        &self,
        command: &Command<'_>,
        person: &PersonId,
        absences: &[Absence],
    ) -> Result<DirectoryEntry, WriteError> {
        until_done!(self.try_set_absences(command, person, absences))
    }

    async fn try_set_absences(
        &self,
        command: &Command<'_>,
        person: &PersonId,
        absences: &[Absence],
    ) -> Result<DirectoryEntry, WriteError> {
        let mut tx = self.begin().await?;
        if let Some(entry) = commands::answered(&mut tx, command).await? {
            return Ok(entry);
        }
        let select = "SELECT document FROM people WHERE id = $1";
        let document = clients::document(&mut tx, select, &person.0).await?.ok_or(WriteError::NotFound)?;
        for deputy in absences.iter().filter_map(|absence| absence.deputy.as_ref()) {
            if clients::document(&mut tx, select, &deputy.0).await?.is_none() {
                return Err(WriteError::Unknown(vec!["absences.deputy"]));
            }
        }
        let entry: DirectoryEntry = serde_json::from_str(&document).map_err(StoreError::from)?;
        let entry = DirectoryEntry { absences: absences.to_vec(), ..entry };
        sqlx::query("UPDATE people SET document = $2 WHERE id = $1")
            .bind(&person.0)
            .bind(serde_json::to_string(&entry).map_err(StoreError::from)?)
            .execute(&mut *tx)
            .await
            .map_err(StoreError::from)?;
        commands::keep_answer(&mut tx, command, &entry).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(entry)
    }

    /// By their ids.
    pub async fn products_named(
        &self,
        ids: impl Iterator<Item = String>,
    ) -> Result<Vec<Product>, StoreError> {
        let mut ids = ids.peekable();
        if ids.peek().is_none() {
            return Ok(Vec::new());
        }
        let mut select = Statement::new("SELECT document FROM products WHERE id");
        select.among(ids)?;
        let (text, values) = select.into_parts();
        let rows: Vec<String> = sqlx::query_scalar_with(text, values).fetch_all(&self.readers).await?;
        rows.iter().map(|document| Ok(serde_json::from_str(document)?)).collect()
    }
}
