//! Who is to call back whom: written once, done once (duties 4 to 6, 9, 15).

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::changes::{self, Kind};
use super::clients::document;
use super::{After, Statement, Store, Transaction, commands, micros, until_done};
use crate::desk_api::{
    Change, ClientDraft, ClientId, FinishTask, PersonId, Task, TaskDone, TaskEntry, TaskId, TaskReceipt,
};
use crate::server::reach::Reach;
use crate::server::store::{Command, StoreError, WriteError};

/// Which tasks are asked for.
#[derive(Default)]
pub(crate) struct TaskFilter {
    pub person: Option<String>,
    pub department: Option<String>,
    pub client: Option<ClientId>,
    pub asked_by: Option<String>,
    /// Those that this person follows.
    pub reach: Option<Reach>,
    pub is_done: Option<bool>,
    /// Those behind this place of the list.
    pub after: Option<TaskPlace>,
    pub limit: u32,
}

/// A place in a list of tasks, behind this one: what is due waits before what has no time, and that before what is done. As text,
/// `due_2026-05-06T07:08:09Z_` and its id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TaskPlace {
    group: Group,
    /// When it is due, else asked for; when it was done.
    at: Timestamp,
    id: TaskId,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Group {
    Due,
    Undated,
    Done,
}

impl TaskPlace {
    pub fn of(entry: &TaskEntry) -> Self {
        let (group, at) = match (&entry.done, entry.task.due) {
            (Some(done), _) => (Group::Done, done.at),
            (None, Some(due)) => (Group::Due, due),
            (None, None) => (Group::Undated, entry.asked_at),
        };
        Self { group, at, id: entry.task.id }
    }

    /// As the columns of [`PLACE`].
    fn key(&self) -> (i64, i64) {
        match self.group {
            Group::Due => (0, micros(self.at)),
            Group::Undated => (1, micros(self.at)),
            Group::Done => (2, -micros(self.at)),
        }
    }
}

impl fmt::Display for TaskPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = match self.group {
            Group::Due => "due",
            Group::Undated => "undated",
            Group::Done => "done",
        };
        write!(f, "{group}_{}_{}", self.at, self.id)
    }
}

impl FromStr for TaskPlace {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (group, place) = text.split_once('_').ok_or(())?;
        let group = match group {
            "due" => Group::Due,
            "undated" => Group::Undated,
            "done" => Group::Done,
            _ => return Err(()),
        };
        let After { at, id } = place.parse()?;
        Ok(Self { group, at, id: TaskId(id) })
    }
}

/// Where a task stands: its group, its time there, and its id. Both databases sort what is missing in their own way, so that it
/// is said.
const PLACE: [&str; 2] = [
    "CASE WHEN t.done_at IS NOT NULL THEN 2 WHEN t.due IS NULL THEN 1 ELSE 0 END",
    "COALESCE(-t.done_at, t.due, t.asked_at)",
];

/// What a write made of it.
type Written = Result<TaskReceipt, WriteError>;
/// `asked_by, asked_at, person, department, done`, the task, and its client's document.
type Row = (String, i64, Option<String>, Option<String>, Option<String>, String, Option<String>);

impl Store {
    /// Keeps a task. The same one again changes nothing; another one under its id is refused.
    pub async fn write_task(&self, command: &Command<'_>, task: &Task) -> Written {
        until_done!(self.try_write_task(command, task))
    }

    async fn try_write_task(&self, command: &Command<'_>, task: &Task) -> Written {
        let mut tx = self.begin().await?;
        if let Some(receipt) = commands::answered(&mut tx, command).await? {
            return Ok(receipt);
        }
        let sql = "SELECT document FROM tasks WHERE id = $1";
        let kept = document(&mut tx, sql, &task.id.to_string()).await?;
        let kept: Option<Task> =
            kept.as_deref().map(serde_json::from_str).transpose().map_err(StoreError::from)?;
        let change = match kept {
            Some(kept) if kept != *task => return Err(WriteError::RevisionConflict),
            Some(_) => Change::Unchanged,
            None => {
                insert(&mut tx, command, task).await?;
                changes::note(&mut tx, Kind::Task, task.id).await?;
                Change::Created
            }
        };
        finish(tx, command, TaskReceipt { id: task.id, change }).await
    }

    /// It is done; what is done stays as it was done. `may` says whether this person may say so of what another asked for.
    pub async fn finish_task(
        &self,
        command: &Command<'_>,
        id: TaskId,
        done: &FinishTask,
        may: impl Fn(&str) -> bool,
    ) -> Written {
        until_done!(self.try_finish_task(command, id, done, &may))
    }

    async fn try_finish_task(
        &self,
        command: &Command<'_>,
        id: TaskId,
        done: &FinishTask,
        may: &impl Fn(&str) -> bool,
    ) -> Written {
        let mut tx = self.begin().await?;
        if let Some(receipt) = commands::answered(&mut tx, command).await? {
            return Ok(receipt);
        }
        let sql = "SELECT asked_by, done_at FROM tasks WHERE id = $1";
        let row: Option<(String, Option<i64>)> = sqlx::query_as(sql)
            .bind(id.to_string())
            .fetch_optional(&mut *tx)
            .await
            .map_err(StoreError::from)?;
        let (asked_by, done_at) = row.ok_or(WriteError::NotFound)?;
        if !may(&asked_by) {
            return Err(WriteError::NotAllowed);
        }
        if done_at.is_some() {
            return finish(tx, command, TaskReceipt { id, change: Change::Unchanged }).await;
        }
        let done = TaskDone { by: command.person.to_owned(), at: command.at, note: done.note.clone() };
        sqlx::query("UPDATE tasks SET done_at = $2, changed_at = $2, done = $3 WHERE id = $1")
            .bind(id.to_string())
            .bind(micros(command.at))
            .bind(serde_json::to_string(&done).map_err(StoreError::from)?)
            .execute(&mut *tx)
            .await
            .map_err(StoreError::from)?;
        changes::note(&mut tx, Kind::Task, id).await?;
        finish(tx, command, TaskReceipt { id, change: Change::Replaced }).await
    }

    /// Those that wait first, the earliest due first; then the done ones, the latest first.
    pub async fn tasks(&self, filter: &TaskFilter) -> Result<Vec<TaskEntry>, StoreError> {
        let mut select = Statement::new(
            "SELECT t.asked_by, t.asked_at, t.person, t.department, t.done, t.document, c.document \
             FROM tasks t LEFT JOIN clients c ON c.id = t.client WHERE 1 = 1",
        );
        let client = filter.client.map(|client| client.to_string());
        for (column, value) in [
            (" AND t.person = ", &filter.person),
            (" AND t.department = ", &filter.department),
            (" AND t.client = ", &client),
            (" AND t.asked_by = ", &filter.asked_by),
        ] {
            if let Some(value) = value {
                select.push(column).bind(value.clone())?;
            }
        }
        if let Some(reach) = &filter.reach {
            select.push(" AND ").task_covered_by(reach)?;
        }
        match filter.is_done {
            Some(true) => select.push(" AND t.done_at IS NOT NULL"),
            Some(false) => select.push(" AND t.done_at IS NULL"),
            None => &mut select,
        };
        let [group, at] = PLACE;
        if let Some(after) = &filter.after {
            let (of_group, of_time) = after.key();
            select.push(&format!(" AND ({group} > ")).bind(of_group)?;
            select.push(&format!(" OR {group} = ")).bind(of_group)?;
            select.push(&format!(" AND ({at} > ")).bind(of_time)?;
            select.push(&format!(" OR {at} = ")).bind(of_time)?;
            select.push(" AND t.id > ").bind(after.id.to_string())?.push("))");
        }
        select.push(&format!(" ORDER BY {group}, {at}, t.id LIMIT ")).bind(i64::from(filter.limit))?;
        let (text, values) = select.into_parts();
        let rows: Vec<Row> = sqlx::query_as_with(text, values).fetch_all(&self.readers).await?;
        rows.into_iter().map(entry).collect()
    }
}

fn entry(row: Row) -> Result<TaskEntry, StoreError> {
    let (asked_by, asked_at, person, department, done, task, client) = row;
    let client: Option<ClientDraft> = client.as_deref().map(serde_json::from_str).transpose()?;
    Ok(TaskEntry {
        task: serde_json::from_str(&task)?,
        asked_by,
        asked_at: Timestamp::from_microsecond(asked_at).unwrap_or_default(),
        person: person.map(PersonId),
        department,
        client_name: client.map(|client| client.name),
        done: done.as_deref().map(serde_json::from_str).transpose()?,
    })
}

async fn insert(tx: &mut Transaction<'_>, command: &Command<'_>, task: &Task) -> Result<(), WriteError> {
    let (person, department) = for_whom(tx, task).await?;
    let sql = "INSERT INTO tasks (id, asked_by, asked_at, client, person, department, due, changed_at, document) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $3, $8)";
    sqlx::query(sql)
        .bind(task.id.to_string())
        .bind(command.person)
        .bind(micros(command.at))
        .bind(task.client.map(|client| client.to_string()))
        .bind(person)
        .bind(department)
        .bind(task.due.map(micros))
        .bind(serde_json::to_string(task).map_err(StoreError::from)?)
        .execute(&mut **tx)
        .await
        .map_err(StoreError::from)?;
    Ok(())
}

/// As the task says; where it names nobody, the client's manager and department.
async fn for_whom(
    tx: &mut Transaction<'_>,
    task: &Task,
) -> Result<(Option<String>, Option<String>), WriteError> {
    let mut unknown = Vec::new();
    if let Some(person) = &task.person
        && document(tx, "SELECT document FROM people WHERE id = $1", &person.0).await?.is_none()
    {
        unknown.push("person");
    }
    if let Some(id) = &task.department
        && document(tx, "SELECT document FROM departments WHERE id = $1", id).await?.is_none()
    {
        unknown.push("department");
    }
    let client = match task.client {
        Some(client) => {
            let sql = "SELECT manager, department FROM clients WHERE id = $1";
            let row: Option<(Option<String>, Option<String>)> = sqlx::query_as(sql)
                .bind(client.to_string())
                .fetch_optional(&mut **tx)
                .await
                .map_err(StoreError::from)?;
            if row.is_none() {
                unknown.push("client");
            }
            row
        }
        None => None,
    };
    if !unknown.is_empty() {
        return Err(WriteError::Unknown(unknown));
    }
    if task.person.is_some() || task.department.is_some() {
        return Ok((task.person.as_ref().map(|person| person.0.clone()), task.department.clone()));
    }
    Ok(client.unwrap_or_default())
}

async fn finish(mut tx: Transaction<'_>, command: &Command<'_>, receipt: TaskReceipt) -> Written {
    commands::keep_answer(&mut tx, command, &receipt).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(receipt)
}
