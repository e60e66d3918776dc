//! Somebody who calls for the first time, as the operator writes them down (duties 2, 15).

use serde::{Deserialize, Serialize};

use super::{CallRecordId, Change, ClientDraft, ClientId, ClientTypeId, ProblemCode};
use crate::domain::mask_debug;

/// A client of whom nobody knew; written once. Whatever is known later is the company's to write.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Prospect {
    /// Made by the sender: a UUID of version 7.
    pub id: ClientId,
    /// As the caller gave it.
    pub name: String,
    /// As the operator picked it.
    pub client_type: ClientTypeId,
    /// The number that they called from; none: it was withheld.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The id of the department that the operator picked: its head assigns a manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// What the operator wrote down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The call in which it was: where its entry is the sender's and names nobody, this client is its client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallRecordId>,
}

impl Prospect {
    /// As the desk keeps it.
    pub fn draft(&self) -> ClientDraft {
        ClientDraft {
            name: self.name.clone(),
            client_type: self.client_type.clone(),
            phones: self.phone.iter().cloned().collect(),
            contacts: Vec::new(),
            manager: None,
            department: self.department.clone(),
            standing: None,
            price_column: None,
            delivery: None,
            time_zone: None,
            note: self.note.clone(),
        }
    }
}

mask_debug!(Prospect);

/// The desk has this client on disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct ProspectReceipt {
    /// Whose.
    pub id: ClientId,
    /// `created`, or `unchanged` where it was there.
    pub change: Change,
}

/// What becomes of a prospect on its way from the operator's computer to the desk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ProspectNews {
    /// Of an earlier run; the desk has not answered yet.
    Found(Box<Prospect>),
    /// The desk has it.
    Answered(ClientId),
    /// The desk will never take it.
    Refused(ClientId, ProblemCode),
}
