//! What the manager's page asks beside orders, calls and clients: sessions, assignments, absences, and what changed.

use serde::{Deserialize, Serialize};

use super::{Absence, CallRecordId, ClientId, DirectoryEntry, PersonId, Role, TaskId};

/// The header by which a page proves that a request is its own: no other site can set it. `person`: somebody has just done
/// something; `page`: the page asks by itself.
pub const PAGE: &str = "patchcord-page";

/// To log in to an account.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct LogIn {
    /// The person's id in the directory.
    pub person: PersonId,
    /// As it was typed.
    pub password: String,
}

/// A secret.
impl std::fmt::Debug for LogIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogIn").finish_non_exhaustive()
    }
}

/// Who is logged in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct LoggedIn {
    /// The id in the directory.
    pub person: PersonId,
    /// What the person may do.
    pub role: Role,
    /// As in the directory; none: it has nobody of this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<DirectoryEntry>,
}

/// To give a client to a manager (duty 15).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct AssignManager {
    /// A manager or head of the directory.
    pub manager: PersonId,
}

/// When a person is not there; whole: what is not said does not hold any more.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Absences {
    /// Past and coming ones.
    pub absences: Vec<Absence>,
}

/// What an order names by ids, by name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct OrderGoods {
    /// Each that stands in a line, comes with one, or takes the place of one.
    pub goods: Vec<super::Product>,
    /// The legal entity that pays; none: the client has no others than itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<String>,
    /// The one that the goods go to by their papers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consignee: Option<String>,
}

/// A call's entry has changed: an event of the kind `call`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct CallChanged {
    /// Which.
    pub id: CallRecordId,
    /// Whose; none: nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// As it is kept now.
    pub revision: u32,
}

/// Somebody passes a client on, or not any more: an event of the kind `handover`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct HandoverChanged {
    /// That of the call.
    pub id: CallRecordId,
    /// The extension that is called; none: the client goes to nobody any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// A client has another manager, or is a new one: an event of the kind `client`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct ClientChanged {
    /// Which.
    pub id: ClientId,
    /// Who looks after the client now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<PersonId>,
}

/// A task was written or done: an event of the kind `task`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct TaskChanged {
    /// Which.
    pub id: TaskId,
    /// It waits no more.
    pub is_done: bool,
}
