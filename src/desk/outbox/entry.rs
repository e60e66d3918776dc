//! What waits on its way to the desk.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Notice;
use crate::desk::Desk;
use crate::desk_api::{
    ActOnOrder, CallRecord, CallRecordId, ClientId, Order, OrderAct, OrderId, OrderNews, ProblemCode,
    Prospect, ProspectNews, Task, TaskId, TaskNews, Unavailable,
};

/// One write.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A call's register entry, whole.
    #[serde(rename = "entry")]
    Call(Box<CallRecord>),
    /// An order as it is written down, whole.
    Order(Box<Order>),
    /// Somebody is to call a client back.
    Task(Box<Task>),
    /// A client of whom nobody knew.
    Prospect(Box<Prospect>),
    /// An order is to be placed as it was written with this revision.
    Place { id: OrderId, revision: u32, command: Uuid },
    /// An order is to be moved on in its life.
    Act { id: OrderId, act: ActOnOrder, command: Uuid },
}

impl Entry {
    /// To place an order. Each wish is a command of its own: an order that could not be placed may be placed a minute later, as
    /// it is, and the desk answers a command that it knows as it did the first time.
    pub fn place(id: OrderId, revision: u32, chance: &mut ChaCha20Rng) -> Self {
        Self::Place { id, revision, command: new_command(chance) }
    }

    /// To act on an order; a command of its own each time.
    pub fn act(id: OrderId, act: OrderAct, reason: Option<String>, chance: &mut ChaCha20Rng) -> Self {
        Self::Act { id, act: ActOnOrder { act, reason }, command: new_command(chance) }
    }

    /// The call's or order's id: what is written of one stays in its order.
    pub(super) const fn subject(&self) -> Uuid {
        match self {
            Self::Call(record) => record.id.0,
            Self::Order(order) => order.id.0,
            Self::Task(task) => task.id.0,
            Self::Prospect(prospect) => prospect.id.0,
            Self::Place { id, .. } | Self::Act { id, .. } => id.0,
        }
    }

    /// Whose, if it is an order's.
    pub(super) const fn order(&self) -> Option<OrderId> {
        match self {
            Self::Call(_) | Self::Task(_) | Self::Prospect(_) => None,
            Self::Order(order) => Some(order.id),
            Self::Place { id, .. } | Self::Act { id, .. } => Some(*id),
        }
    }

    /// Which task it is.
    pub(super) fn task(&self) -> Option<TaskId> {
        if let Self::Task(task) = self { Some(task.id) } else { None }
    }

    /// A call that goes on.
    pub(super) const fn goes_on(&self) -> bool {
        matches!(self, Self::Call(record) if record.ended_at.is_none())
    }

    /// The write's command id, the same on every attempt, after a restart too: by it an entry is known.
    pub(super) fn command(&self) -> Uuid {
        match self {
            Self::Call(record) => call_command(record.id, record.revision),
            Self::Order(order) => order_command(order.id, order.revision),
            Self::Task(task) => task_command(task.id),
            Self::Prospect(prospect) => prospect_command(prospect.id),
            Self::Place { command, .. } | Self::Act { command, .. } => *command,
        }
    }

    /// Writes it; what the desk made of it.
    pub(super) async fn send(&self, desk: &Desk) -> Result<Notice, Unavailable> {
        let receipt = match self {
            Self::Call(record) => {
                desk.put_call(record).await?;
                return Ok(Notice::Delivered { id: record.id, revision: record.revision });
            }
            Self::Task(task) => {
                desk.put_task(task).await?;
                return Ok(Notice::Task(TaskNews::Answered(task.id)));
            }
            Self::Prospect(prospect) => {
                desk.put_prospect(prospect).await?;
                return Ok(Notice::Prospect(ProspectNews::Answered(prospect.id)));
            }
            Self::Order(order) => desk.put_order(order).await?,
            Self::Place { id, revision, command } => desk.place_order(*id, *revision, *command).await?,
            Self::Act { id, act, command } => desk.act_on_order(*id, act, *command).await?,
        };
        Ok(Notice::Order(OrderNews::Answered(Box::new(receipt))))
    }

    /// What is said when the desk will never take it.
    pub(super) const fn refused(&self, status: u16, code: ProblemCode) -> Notice {
        match self {
            Self::Call(record) => Notice::Refused { id: record.id, status, code },
            Self::Order(order) => refused_order(order.id, order.revision, code),
            Self::Task(task) => Notice::Task(TaskNews::Refused(task.id, code)),
            Self::Prospect(prospect) => Notice::Prospect(ProspectNews::Refused(prospect.id, code)),
            Self::Place { id, revision, .. } => refused_order(*id, *revision, code),
            Self::Act { id, .. } => refused_order(*id, 0, code),
        }
    }
}

const fn refused_order(id: OrderId, revision: u32, code: ProblemCode) -> Notice {
    Notice::Order(OrderNews::Refused { id, revision, code })
}

/// The command id of a call's entry.
pub(in crate::desk) fn call_command(id: CallRecordId, revision: u32) -> Uuid {
    command_id(b"patchcord call register", id.0, revision)
}

/// The command id of an order as it is written.
pub(in crate::desk) fn order_command(id: OrderId, revision: u32) -> Uuid {
    command_id(b"patchcord order", id.0, revision)
}

/// The command id of a task, which is written once.
pub(in crate::desk) fn task_command(id: TaskId) -> Uuid {
    command_id(b"patchcord task", id.0, 1)
}

/// The command id of a prospect, which is written once.
pub(in crate::desk) fn prospect_command(id: ClientId) -> Uuid {
    command_id(b"patchcord prospect", id.0, 1)
}

/// The command id of a revision of what is written: the same on every attempt, after a restart too.
pub(in crate::desk) fn command_id(what: &[u8], id: Uuid, revision: u32) -> Uuid {
    let digest = Sha256::new()
        .chain_update(what)
        .chain_update(id.as_bytes())
        .chain_update(revision.to_be_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

fn new_command(chance: &mut ChaCha20Rng) -> Uuid {
    let mut octets = [0; 16];
    chance.fill_bytes(&mut octets);
    uuid::Builder::from_random_bytes(octets).into_uuid()
}

/// Where an entry goes among those that wait.
pub(super) enum Turn {
    /// In the place of an earlier revision.
    InPlaceOf(usize),
    /// Behind all others.
    Last,
    /// Nowhere: the same, or more, waits already.
    Known,
}

impl Turn {
    /// A later revision takes the place of an earlier one and keeps its turn, unless something is to be done with the earlier one
    /// first.
    pub fn of<'a>(new: &Entry, waiting: impl Iterator<Item = &'a Entry>) -> Self {
        let last = waiting.enumerate().filter(|(_, known)| known.subject() == new.subject()).last();
        let Some((at, known)) = last else { return Self::Last };
        let is_later = match (known, new) {
            (Entry::Call(known), Entry::Call(new)) => known.revision < new.revision,
            (Entry::Order(known), Entry::Order(new)) => known.revision < new.revision,
            (Entry::Task(_), Entry::Task(_)) | (Entry::Prospect(_), Entry::Prospect(_)) => false,
            (Entry::Place { revision: known, .. }, Entry::Place { revision, .. }) if known == revision => {
                false
            }
            _ => return Self::Last,
        };
        if is_later { Self::InPlaceOf(at) } else { Self::Known }
    }
}

/// Puts an entry where it belongs.
pub(super) fn merge(waiting: &mut Vec<Entry>, entry: Entry) {
    match Turn::of(&entry, waiting.iter()) {
        Turn::Known => {}
        Turn::Last => waiting.push(entry),
        Turn::InPlaceOf(at) => {
            if let Some(known) = waiting.get_mut(at) {
                *known = entry;
            }
        }
    }
}
