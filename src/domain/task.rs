//! What somebody is asked to do for a client who could be passed on to nobody: to call back (duties 4 to 6, 9, 15).

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::call_record::CallRecordId;
use super::client::ClientId;
use super::directory::PersonId;
use super::trade::order::OrderId;

/// A task's identity, made by the sender: a UUID of version 7 (RFC 9562 §5.7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct TaskId(pub Uuid);

impl TaskId {
    /// From the time of the wish and chance.
    pub fn new(at: Timestamp, chance: [u8; 10]) -> Self {
        Self(CallRecordId::new(at, chance).0)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A client waits for a call. Written once: what it asks for stays.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Task {
    /// Made by the sender.
    pub id: TaskId,
    /// Whom; none: nobody knows the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// As the caller gave the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// To be called, as it was written or shown.
    pub number: String,
    /// By whom; none: by the client's manager, or by whoever heads the department.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// The department's id, where no person is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// What it is about; at most [`Task::LONGEST_NOTE`] characters.
    pub about: String,
    /// The client was told: until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "desk", schema(value_type = Option<String>, format = DateTime))]
    pub due: Option<Timestamp>,
    /// The order that waits for the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// The call in which it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallRecordId>,
}

impl Task {
    /// Characters of what it is about, and of what came of it.
    pub const LONGEST_NOTE: usize = super::handover::Handover::LONGEST_NOTE;
}

/// Without anything of the client.
impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("id", &self.id).finish_non_exhaustive()
    }
}
