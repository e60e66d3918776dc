//! Orders on the wire: what is written, and what is answered (duties 3, 5, 7, 12 to 14).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Change, ClientId};
use crate::domain::trade::examine::{Examined, Fault, Goods};
use crate::domain::trade::order::{Order, OrderAct, OrderId, OrderState};
use crate::domain::trade::product::ProductId;

/// Which products are looked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sought {
    /// What was typed so far.
    Words(String),
    /// What may be sold in the place of this one.
    InsteadOf(ProductId),
}

/// Products that were looked for, the best first, with prices and stock for the client that was named.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Products {
    /// At most as many as were asked for.
    pub products: Vec<Goods>,
}

/// The desk has this order on disk.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct OrderReceipt {
    /// Whose.
    pub id: OrderId,
    /// The revision that is kept now.
    pub revision: u32,
    /// What this write did to it.
    pub change: Change,
    /// Where it is in its life now: one that was to be placed and could not be is a draft still.
    pub state: OrderState,
    /// As people call it; none before it was placed or held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// What it comes to, and all that stands in its way by what is true now.
    pub examined: Examined,
    /// Stock, slot and credit are kept for it until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "desk", schema(value_type = Option<String>, format = DateTime))]
    pub reserved_until: Option<Timestamp>,
}

/// To place an order as the client agreed to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct PlaceOrder {
    /// The revision that was read to the client; refused where another one is kept.
    pub revision: u32,
}

/// To move an order on in its life.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct ActOnOrder {
    /// What is done.
    pub act: OrderAct,
    /// Why, for whoever took the order; needed where it is returned or cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An order with all that has become of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct OrderEntry {
    /// As it was written last.
    pub order: Order,
    /// Where it is in its life.
    pub state: OrderState,
    /// As people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// Who took it: the person of the token.
    pub taken_by: String,
    /// The client's name now.
    pub client_name: String,
    /// When it was written or moved on last.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = DateTime))]
    pub changed_at: Timestamp,
    /// When it was placed or held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "desk", schema(value_type = Option<String>, format = DateTime))]
    pub placed_at: Option<Timestamp>,
    /// What it came to when it was written or placed last.
    pub examined: Examined,
    /// What somebody must release.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_for: Vec<Fault>,
    /// What was placed before and stands while the order is changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stands: bool,
    /// What was done to it, the first first.
    #[serde(default)]
    pub history: Vec<OrderEvent>,
}

/// Something that was done to an order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct OrderEvent {
    /// When.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
    /// The person of the token.
    pub by: String,
    /// What it became.
    pub state: OrderState,
    /// In their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Orders, the latest change first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Orders {
    /// At most as many as were asked for.
    pub orders: Vec<OrderEntry>,
    /// There are more: where the list goes on, for `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Orders {
    /// As `taken_by`: the person of the token, who does not know by which name the desk calls them.
    pub const TAKEN_BY_ME: &str = "me";
}

/// An order has changed on the desk: an event of the kind `order`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct OrderChanged {
    /// Which.
    pub id: OrderId,
    /// Whose.
    pub client: ClientId,
    /// As it is kept now.
    pub revision: u32,
    /// Where it is in its life now.
    pub state: OrderState,
    /// When it changed.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = DateTime))]
    pub changed_at: Timestamp,
}

/// What the desk tells by itself of the orders that this operator takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OrderWatch {
    /// It is listened to from now on; what has changed before was not heard.
    Live,
    /// Something has changed.
    Changed(OrderChanged),
    /// Some changes were not heard.
    Missed,
    /// It is not heard any more; another attempt follows by itself.
    Away,
    /// The desk does not know us any more: nothing of its clients is to stay here.
    Revoked,
}

/// What becomes of an order on its way from the operator's computer to the desk.
#[derive(Clone, PartialEq, Debug)]
pub enum OrderNews {
    /// An order of an earlier run, which the desk may not have; told once at the beginning.
    Found(Box<Order>),
    /// An earlier run has asked for it to be placed, and the desk has not answered yet; told once at the beginning.
    Places {
        /// Whose.
        id: OrderId,
    },
    /// This revision outlives the process: it is on this computer's disk.
    Kept {
        /// Whose.
        id: OrderId,
        /// Which.
        revision: u32,
    },
    /// The desk has taken a write, and says where the order is now. To be placed and being placed are two things.
    Answered(Box<OrderReceipt>),
    /// The desk will never take this write as it is.
    Refused {
        /// Whose.
        id: OrderId,
        /// Which; an act has none, 0.
        revision: u32,
        /// Why.
        code: super::ProblemCode,
    },
    /// The desk cannot be asked now; the write waits and is sent by itself.
    Waits {
        /// Whose.
        id: OrderId,
    },
}
