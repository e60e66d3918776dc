//! The HTTP contract between an operator's program and an order desk.
//!
//! JSON over HTTP under `/v1`; bearer tokens (RFC 6750); errors as `application/problem+json` (RFC 9457) with a stable
//! `code`; every write carries a command id in [`IDEMPOTENCY_KEY`] and may be repeated without harm. Readers ignore
//! fields they do not know, and writers leave out what they do not have. A company's own system may stand
//! on the other side.

mod answer;
mod order;
mod page;
mod problem;
mod prospect;
mod task;
mod trade;

pub use answer::{BadAnswer, CardAnswer, Source, Unavailable};
pub use order::{
    ActOnOrder, OrderChanged, OrderEntry, OrderEvent, OrderNews, OrderReceipt, OrderWatch, Orders,
    PlaceOrder, Products, Sought,
};
pub use page::{
    Absences, AssignManager, CallChanged, ClientChanged, HandoverChanged, LogIn, LoggedIn, OrderGoods, PAGE,
    TaskChanged,
};
pub use problem::{FieldFault, FieldProblem, PROBLEM_JSON, Problem, ProblemCode};
pub use prospect::{Prospect, ProspectNews, ProspectReceipt};
pub use task::{FinishTask, TaskDone, TaskEntry, TaskNews, TaskReceipt, Tasks};
pub use trade::{AddressData, ClientTrade, Entity, ProductData};

pub use crate::domain::call_record::{
    CallRecord, CallRecordId, Direction, Match, Outcome, Party, Picked, TransferResult, TransferStep,
    TransferWay,
};
pub use crate::domain::call_voice::{CallVoice, HeardHow, Hundredths, Listener, VoiceFigures, VoiceVerdict};
pub use crate::domain::chain::{
    ChainOrder, ChainStep, ChainTarget, PassedOver, PassedOverWhy, Pick, Purpose, PurposeId, StepKind,
    StepRole, TransferChain, WhenBusy,
};
pub use crate::domain::client::{
    ClientCard, ClientDraft, ClientId, ClientPhone, ClientType, ClientTypeId, Contact, DeliveryTerms,
    Manager, MayOrder, Money, Names, PriceColumn, PriceColumnReason, Standing,
};
pub use crate::domain::directory::{Absence, Department, Directory, DirectoryEntry, Job, PersonId};
pub use crate::domain::gap::{CardPart, Gap, GapWhy};
pub use crate::domain::handover::{HandedOver, Handover};
pub use crate::domain::offer_report::{OfferCounts, OfferReport, OffersOfDay, OffersOfOperator};
pub use crate::domain::recording::{Announce, CallRecording, Pause, RecordingResult};
pub use crate::domain::task::{Task, TaskId};
pub use crate::domain::trade::examine::{Examined, Fault, Goods, ServedBy, Severity};
pub use crate::domain::trade::order::{Order, OrderAct, OrderId, OrderState};
pub use crate::domain::trade::product::{Product, ProductId};
pub use crate::domain::trade::terms::Terms;
pub use crate::domain::transfer_report::{
    TransferCounts, TransferReport, TransfersOfDay, TransfersOfOperator,
};
pub use crate::domain::voice_report::{VoiceCause, VoiceCounts, VoiceOfDay, VoiceOfOperator, VoiceReport};

use serde::{Deserialize, Serialize};

/// The header that carries a write's command id: a UUID made by the sender, the same on every repeat.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The paths of the contract, as templates and filled in.
pub mod paths {
    use super::{CallRecordId, ClientId, OrderId, PersonId, ProductId, TaskId};

    /// `GET ?phone=` or `?q=`: [`super::Clients`].
    pub const CLIENTS: &str = "/v1/clients";
    /// `GET`: [`super::ClientCard`]; `PUT` of a [`super::ClientDraft`].
    pub const CLIENT: &str = "/v1/clients/{id}";
    /// `GET`: [`super::Directory`].
    pub const DIRECTORY: &str = "/v1/directory";
    /// `GET ?from=&to=&operator=&client=&limit=`: [`super::Calls`].
    pub const CALLS: &str = "/v1/calls";
    /// `GET`: [`super::CallRecord`]; `PUT` of one, answered by [`super::CallReceipt`].
    pub const CALL: &str = "/v1/calls/{id}";
    /// `GET ?to=&number=`: [`super::Handovers`].
    pub const HANDOVERS: &str = "/v1/handovers";
    /// `PUT` of a [`super::Handover`], answered by [`super::CallReceipt`].
    pub const HANDOVER: &str = "/v1/handovers/{id}";
    /// `GET ?client=&purpose=&type=&department=` ([`super::TransferQuestion`]): [`super::TransferChain`].
    pub const TRANSFER_CHAIN: &str = "/v1/transfer-chain";
    /// `GET ?from=&to=`, both days included: [`super::TransferReport`].
    pub const TRANSFER_REPORT: &str = "/v1/reports/transfers";
    /// `GET ?from=&to=`, both days included: [`super::OfferReport`].
    pub const OFFER_REPORT: &str = "/v1/reports/offers";
    /// `GET ?from=&to=`, both days included: [`super::VoiceReport`].
    pub const VOICE_REPORT: &str = "/v1/reports/voice";
    /// `GET`: [`super::Terms`].
    pub const TERMS: &str = "/v1/clients/{id}/terms";
    /// `GET ?q=&client=&day=&limit=`, or `?instead_of=` in place of `q`: [`super::Products`].
    pub const PRODUCTS: &str = "/v1/products";
    /// `PUT` of a [`super::ProductData`], by the company's other programs.
    pub const PRODUCT: &str = "/v1/products/{id}";
    /// `GET`, `PUT` of a [`super::ClientTrade`], by the company's other programs.
    pub const CLIENT_TRADE: &str = "/v1/clients/{id}/trade";
    /// `GET ?client=&state=&taken_by=&limit=&after=`: [`super::Orders`].
    pub const ORDERS: &str = "/v1/orders";
    /// `GET`: [`super::OrderEntry`]; `PUT` of a [`super::Order`], answered by [`super::OrderReceipt`].
    pub const ORDER: &str = "/v1/orders/{id}";
    /// `POST` of a [`super::PlaceOrder`], answered by [`super::OrderReceipt`].
    pub const PLACE_ORDER: &str = "/v1/orders/{id}/place";
    /// `POST` of an [`super::ActOnOrder`], answered by [`super::OrderReceipt`].
    pub const ORDER_ACTS: &str = "/v1/orders/{id}/acts";
    /// `GET ?person=&department=&client=&state=&limit=`: [`super::Tasks`].
    pub const TASKS: &str = "/v1/tasks";
    /// `PUT` of a [`super::Task`], answered by [`super::TaskReceipt`].
    pub const TASK: &str = "/v1/tasks/{id}";
    /// `POST` of a [`super::FinishTask`], answered by [`super::TaskReceipt`].
    pub const FINISH_TASK: &str = "/v1/tasks/{id}/done";
    /// `GET`: changes as server-sent events ([`super::OrderChanged`]).
    pub const EVENTS: &str = "/v1/events";
    /// `GET`: the [`super::Product`]s that stand in one order, as [`super::OrderGoods`].
    pub const ORDER_GOODS: &str = "/v1/orders/{id}/goods";
    /// `PUT` of an [`super::AssignManager`], answered by the [`super::ClientCard`].
    pub const CLIENT_MANAGER: &str = "/v1/clients/{id}/manager";
    /// `PUT` of a [`super::Prospect`], answered by [`super::ProspectReceipt`].
    pub const PROSPECT: &str = "/v1/prospects/{id}";
    /// `GET`: [`super::Clients`] whom nobody looks after, the latest first.
    pub const UNASSIGNED_CLIENTS: &str = "/v1/unassigned-clients";
    /// `PUT` of [`super::Absences`], answered by the [`super::DirectoryEntry`].
    pub const ABSENCES: &str = "/v1/directory/people/{id}/absences";
    /// `POST` of a [`super::LogIn`] and `GET`: [`super::LoggedIn`]; `DELETE` logs out.
    pub const SESSION: &str = "/v1/session";
    /// The contract as OpenAPI, for everybody.
    pub const OPENAPI: &str = "/openapi.json";
    /// 200 as soon as requests are answered, for everybody.
    pub const HEALTH: &str = "/healthz";

    /// The path of one client.
    pub fn client(id: ClientId) -> String {
        format!("{CLIENTS}/{id}")
    }

    /// The path of what an order of one client goes by.
    pub fn terms(id: ClientId) -> String {
        format!("{CLIENTS}/{id}/terms")
    }

    /// The path of what the company writes of one client's buying.
    pub fn client_trade(id: ClientId) -> String {
        format!("{CLIENTS}/{id}/trade")
    }

    /// The path of one product.
    pub fn product(id: ProductId) -> String {
        format!("{PRODUCTS}/{id}")
    }

    /// The path of one order.
    pub fn order(id: OrderId) -> String {
        format!("{ORDERS}/{id}")
    }

    /// The path of the goods of one order.
    pub fn order_goods(id: OrderId) -> String {
        format!("{ORDERS}/{id}/goods")
    }

    /// The path of who looks after one client.
    pub fn client_manager(id: ClientId) -> String {
        format!("{CLIENTS}/{id}/manager")
    }

    /// The path of one person's absences.
    pub fn absences(id: &PersonId) -> String {
        format!("{DIRECTORY}/people/{id}/absences")
    }

    /// Where one order is placed.
    pub fn place_order(id: OrderId) -> String {
        format!("{ORDERS}/{id}/place")
    }

    /// Where one order is moved on.
    pub fn order_acts(id: OrderId) -> String {
        format!("{ORDERS}/{id}/acts")
    }

    /// Where a client is written down of whom nobody knew.
    pub fn prospect(id: ClientId) -> String {
        format!("/v1/prospects/{id}")
    }

    /// The path of one task.
    pub fn task(id: TaskId) -> String {
        format!("{TASKS}/{id}")
    }

    /// Where one task is said to be done.
    pub fn finish_task(id: TaskId) -> String {
        format!("{TASKS}/{id}/done")
    }

    /// The path of one call's entry.
    pub fn call(id: CallRecordId) -> String {
        format!("{CALLS}/{id}")
    }

    /// The path of what goes along with the client of one call.
    pub fn handover(id: CallRecordId) -> String {
        format!("{HANDOVERS}/{id}")
    }
}

/// What a person or program with a token may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum Role {
    /// Looks clients up, passes them on, writes and reads own calls.
    Operator,
    /// As an operator, and reads all calls and reports.
    Manager,
    /// As a manager, and corrects calls of others.
    Head,
    /// Everything, clients included.
    Admin,
    /// The company's other programs: everything that is data.
    Service,
}

impl Role {
    /// All of them, the weakest first.
    pub const ALL: [Self; 5] = [Self::Operator, Self::Manager, Self::Head, Self::Admin, Self::Service];

    /// The spelling on the wire and in the terminal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Manager => "manager",
            Self::Head => "head",
            Self::Admin => "admin",
            Self::Service => "service",
        }
    }

    /// The inverse of [`Role::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// Where does this client go?
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TransferQuestion {
    /// None: nobody knows the caller.
    pub client: Option<ClientId>,
    /// What the client calls for, as the operator picked it.
    pub purpose: Option<PurposeId>,
    /// The type that the operator picked for a new client (duty 15).
    pub client_type: Option<ClientTypeId>,
    /// The id of the department that the operator picked (duty 15).
    pub department: Option<String>,
}

impl TransferQuestion {
    /// As the query of [`paths::TRANSFER_CHAIN`].
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let parts = [
            ("client", self.client.map(|client| client.to_string())),
            ("purpose", self.purpose.as_ref().map(|purpose| purpose.0.clone())),
            ("type", self.client_type.as_ref().map(|client_type| client_type.0.clone())),
            ("department", self.department.clone()),
        ];
        parts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// Candidates for a number or a name, the best first; none means a new client.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Clients {
    /// At most twenty; of clients without a manager as many as were asked for.
    pub clients: Vec<ClientCard>,
    /// There are more clients without a manager: where the list goes on, for `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Entries of the call register, the latest first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Calls {
    /// At most as many as were asked for.
    pub calls: Vec<CallRecord>,
    /// There are more: where the list goes on, for `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What waits for whoever gets a client, the latest first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Handovers {
    /// At most twenty, and none that is older than five minutes.
    pub handovers: Vec<HandedOver>,
}

/// The desk has this entry on disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct CallReceipt {
    /// Whose entry.
    pub id: CallRecordId,
    /// The revision that is kept now.
    pub revision: u32,
    /// What this write did to it.
    pub change: Change,
}

/// What a write did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum Change {
    /// There was no entry.
    Created,
    /// This revision is higher than the one that was there.
    Replaced,
    /// The same content was there already.
    Unchanged,
    /// A later revision was there already and stays.
    Superseded,
}
