//! Call-back tasks on the wire (duties 4 to 6, 9, 15).

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Change, ProblemCode};
use crate::domain::directory::PersonId;
use crate::domain::task::{Task, TaskId};

/// Tasks: those that wait first, the earliest due first; then those that are done, the latest first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Tasks {
    /// At most as many as were asked for.
    pub tasks: Vec<TaskEntry>,
    /// There are more: where the list goes on, for `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A task with what has become of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct TaskEntry {
    /// As it was written.
    pub task: Task,
    /// Who asks for it: the person of the token.
    pub asked_by: String,
    /// When.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = DateTime))]
    pub asked_at: Timestamp,
    /// Who is to do it: as it says, else the client's manager when it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// Whose it is where nobody is named: as it says, else the client's department. None of both: anybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// The client's name now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// None: it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<TaskDone>,
}

impl fmt::Debug for TaskEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskEntry")
            .field("task", &self.task)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

/// It is done.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct TaskDone {
    /// The person of the token.
    pub by: String,
    /// When.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl fmt::Debug for TaskDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskDone").field("by", &self.by).field("at", &self.at).finish_non_exhaustive()
    }
}

/// To say that a task is done.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct FinishTask {
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What becomes of a task on its way from the operator's computer to the desk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TaskNews {
    /// An earlier run has asked for it, and the desk has not answered.
    Found(Box<Task>),
    /// The desk has it.
    Answered(TaskId),
    /// The desk cannot be asked now; it waits and is sent by itself.
    Waits(TaskId),
    /// The desk will never take it.
    Refused(TaskId, ProblemCode),
}

/// The desk has this on disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct TaskReceipt {
    /// Whose.
    pub id: TaskId,
    /// What this write did.
    pub change: Change,
}
