//! The telephone's side of the desk contract: look-ups with a time budget, a cache of cards, and the outbox of calls and
//! orders.
//!
//! Nothing here holds a call up: the cache answers at once, the desk within the budget or not at all, and what is
//! written waits on disk until the desk has it.

mod cache;
mod client;
mod events;
mod outbox;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use outbox::{Entry, Notice, Outbox, OutboxError, Waits};

use crate::clock::Clock;
use crate::desk_api::{
    ActOnOrder, BadAnswer, CallReceipt, CallRecord, Calls, CardAnswer, ClientCard, ClientId, Clients,
    Directory, Goods, HandedOver, Handover, Handovers, Order, OrderEntry, OrderId, OrderReceipt, OrderState,
    Orders, PlaceOrder, Products, Prospect, ProspectReceipt, Sought, Source, Task, TaskReceipt, Terms,
    TransferChain, TransferQuestion, Unavailable, paths,
};
use crate::domain::number::PhoneNumber;
use crate::secrets::Secret;
use cache::CardCache;
use client::{BaseUrl, HttpDesk};
use jiff::civil::Date;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// Products that are asked for at a time.
const MOST_PRODUCTS: u32 = 40;
/// Orders of one client that are looked at in a call.
const MOST_ORDERS: u32 = 20;
/// Drafts that one operator may have left open.
const MOST_DRAFTS: u32 = 100;

/// JSON of the right kind that answers another question.
const WRONG_SHAPE: Unavailable = Unavailable::BadAnswer(BadAnswer::WrongShape);

/// Where the desk is and how long to wait for it.
#[derive(Clone, Debug)]
pub struct DeskConfig {
    /// `https://desk.example.com`, or with a path before `/v1`.
    pub url: String,
    pub token: Secret,
    /// PEM certificates of an authority to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Longest wait for a look-up, the connection included.
    pub look_up_budget: Duration,
    /// Longest wait for a write to be taken.
    pub write_budget: Duration,
    /// Cards kept in memory, by number.
    pub cached_numbers: usize,
}

impl DeskConfig {
    pub fn new(url: impl Into<String>, token: Secret) -> Self {
        Self {
            url: url.into(),
            token,
            ca_file: None,
            look_up_budget: Duration::from_secs(2),
            write_budget: Duration::from_secs(10),
            cached_numbers: 500,
        }
    }
}

/// What a desk cannot be made of.
#[derive(Debug, thiserror::Error)]
pub enum DeskProblem {
    #[error("the desk's address must be http:// or https:// with a host, and neither user nor query")]
    BadUrl,
    #[error("the token holds characters that no header can carry")]
    BadToken,
    #[error("the certificate file {0} cannot be read: {1}")]
    CaUnreadable(PathBuf, std::io::Error),
    #[error("the certificate file {0} holds no PEM certificate of an authority")]
    CaInvalid(PathBuf),
}

/// The desk, as the telephone sees it. Cheap to clone; connects when first asked.
#[derive(Clone)]
pub struct Desk {
    http: Arc<HttpDesk>,
    cache: Arc<Mutex<CardCache>>,
    clock: Clock,
    look_up_budget: Duration,
    write_budget: Duration,
}

impl Desk {
    /// Checks the settings; opens nothing but the certificate file.
    pub fn new(config: DeskConfig, clock: Clock) -> Result<Self, DeskProblem> {
        let base = BaseUrl::parse(&config.url).ok_or(DeskProblem::BadUrl)?;
        Ok(Self {
            http: Arc::new(HttpDesk::new(base, &config.token, config.ca_file.as_deref())?),
            cache: Arc::new(Mutex::new(CardCache::new(config.cached_numbers))),
            clock,
            look_up_budget: config.look_up_budget,
            write_budget: config.write_budget,
        })
    }

    /// What the desk said of this number before, at once.
    pub fn cached(&self, number: PhoneNumber) -> Option<CardAnswer> {
        let (clients, age) = self.lock().get(number, self.clock.now())?;
        Some(CardAnswer::Found { clients, source: Source::Cache, age })
    }

    /// Asks the desk who has this number, within the budget.
    pub async fn look_up(&self, number: PhoneNumber) -> CardAnswer {
        let asked = self.clock.now();
        let query = [("phone", number.to_string())];
        match self.get::<Clients>(paths::CLIENTS, &query).await {
            Ok(Clients { clients, .. }) => {
                self.lock().put(number, &clients, asked);
                CardAnswer::Found { clients, source: Source::Desk, age: Duration::ZERO }
            }
            Err(why) => CardAnswer::Unavailable { why },
        }
    }

    /// Whom a call can be passed to.
    pub async fn directory(&self) -> Result<Directory, Unavailable> {
        self.get(paths::DIRECTORY, &[]).await
    }

    /// The steps by which a client is passed on now.
    pub async fn transfer_chain(&self, question: &TransferQuestion) -> Result<TransferChain, Unavailable> {
        self.get(paths::TRANSFER_CHAIN, &question.query()).await
    }

    /// The last calls of this operator, the latest first.
    pub async fn calls(&self, operator: &str, limit: u32) -> Result<Vec<CallRecord>, Unavailable> {
        let query = [("operator", operator.to_owned()), ("limit", limit.to_string())];
        let Calls { calls, .. } = self.get(paths::CALLS, &query).await?;
        Ok(calls)
    }

    /// Writes a call's entry. Repeats carry the same command id, so that they do nothing twice.
    pub async fn put_call(&self, record: &CallRecord) -> Result<CallReceipt, Unavailable> {
        let command = outbox::call_command(record.id, record.revision);
        let path = paths::call(record.id);
        let receipt: CallReceipt = self.write(Method::PUT, &path, command, record, self.write_budget).await?;
        if receipt.id != record.id {
            return Err(WRONG_SHAPE);
        }
        Ok(receipt)
    }

    /// Writes what goes along with a client, within the budget of a look-up: later it would come too late.
    pub async fn hand_over(&self, handover: &Handover) -> Result<CallReceipt, Unavailable> {
        let command = outbox::command_id(b"patchcord handover", handover.id.0, handover.revision);
        let path = paths::handover(handover.id);
        self.write(Method::PUT, &path, command, handover, self.look_up_budget).await
    }

    /// What waits for this extension, or goes along with a client of this number; the latest first.
    pub async fn handovers(
        &self,
        to: &str,
        number: Option<PhoneNumber>,
    ) -> Result<Vec<HandedOver>, Unavailable> {
        let number = number.map(|number| ("number", number.to_string()));
        let query: Vec<_> = [("to", to.to_owned())].into_iter().chain(number).collect();
        let Handovers { handovers } = self.get(paths::HANDOVERS, &query).await?;
        Ok(handovers)
    }

    /// What an order of this client goes by.
    pub async fn terms(&self, client: ClientId) -> Result<Terms, Unavailable> {
        let terms: Terms = self.get(&paths::terms(client), &[]).await?;
        if terms.client == client { Ok(terms) } else { Err(WRONG_SHAPE) }
    }

    /// Clients whom this text may mean, the best first.
    pub async fn find_clients(&self, text: &str) -> Result<Vec<ClientCard>, Unavailable> {
        let query = [("q", text.to_owned())];
        let Clients { clients, .. } = self.get(paths::CLIENTS, &query).await?;
        Ok(clients)
    }

    /// Products that are looked for, the best first; prices and stock are those of the client and the day, the desk's own
    /// day if none.
    pub async fn products(
        &self,
        client: ClientId,
        what: &Sought,
        day: Option<Date>,
    ) -> Result<Vec<Goods>, Unavailable> {
        let asked = [
            Some(match what {
                Sought::Words(text) => ("q", text.clone()),
                Sought::InsteadOf(product) => ("instead_of", product.to_string()),
            }),
            Some(("client", client.to_string())),
            day.map(|day| ("day", day.to_string())),
            Some(("limit", MOST_PRODUCTS.to_string())),
        ];
        let query: Vec<_> = asked.into_iter().flatten().collect();
        let Products { products } = self.get(paths::PRODUCTS, &query).await?;
        Ok(products)
    }

    /// Orders that whoever has our token has not finished, the latest change first.
    pub async fn drafts(&self) -> Result<Vec<OrderEntry>, Unavailable> {
        let query = [
            ("state", "draft".to_owned()),
            ("taken_by", Orders::TAKEN_BY_ME.to_owned()),
            ("limit", MOST_DRAFTS.to_string()),
        ];
        let Orders { orders, .. } = self.get(paths::ORDERS, &query).await?;
        let are_drafts = orders.iter().all(|entry| entry.state == OrderState::Draft);
        if are_drafts { Ok(orders) } else { Err(WRONG_SHAPE) }
    }

    /// Writes an order. Repeats carry the same command id.
    pub async fn put_order(&self, order: &Order) -> Result<OrderReceipt, Unavailable> {
        let command = outbox::order_command(order.id, order.revision);
        let path = paths::order(order.id);
        self.write_order(Method::PUT, &path, command, order, (order.id, order.revision)).await
    }

    /// Writes a task. Repeats carry the same command id.
    pub async fn put_task(&self, task: &Task) -> Result<TaskReceipt, Unavailable> {
        let command = outbox::task_command(task.id);
        let path = paths::task(task.id);
        let receipt: TaskReceipt = self.write(Method::PUT, &path, command, task, self.write_budget).await?;
        if receipt.id == task.id { Ok(receipt) } else { Err(WRONG_SHAPE) }
    }

    /// Places an order as it was written with this revision. The same command once more gets the answer of the first.
    pub async fn place_order(
        &self,
        id: OrderId,
        revision: u32,
        command: Uuid,
    ) -> Result<OrderReceipt, Unavailable> {
        let place = PlaceOrder { revision };
        self.write_order(Method::POST, &paths::place_order(id), command, &place, (id, revision)).await
    }

    /// Moves an order on in its life. The same command once more gets the answer of the first.
    pub async fn act_on_order(
        &self,
        id: OrderId,
        act: &ActOnOrder,
        command: Uuid,
    ) -> Result<OrderReceipt, Unavailable> {
        self.write_order(Method::POST, &paths::order_acts(id), command, act, (id, 0)).await
    }

    /// The receipt must be this order's, with this revision at least: what it does not confirm is not delivered.
    async fn write_order(
        &self,
        method: Method,
        path: &str,
        command: Uuid,
        content: &impl Serialize,
        (id, revision): (OrderId, u32),
    ) -> Result<OrderReceipt, Unavailable> {
        let receipt: OrderReceipt = self.write(method, path, command, content, self.write_budget).await?;
        let confirms = receipt.id == id && receipt.revision >= revision;
        if confirms { Ok(receipt) } else { Err(WRONG_SHAPE) }
    }

    /// One order with all that has become of it.
    pub async fn order(&self, id: OrderId) -> Result<OrderEntry, Unavailable> {
        let entry: OrderEntry = self.get(&paths::order(id), &[]).await?;
        if entry.order.id == id { Ok(entry) } else { Err(WRONG_SHAPE) }
    }

    /// A client's orders, whoever took them; or the latest of whoever has our token. The latest change first.
    pub async fn orders(&self, client: Option<ClientId>) -> Result<Vec<OrderEntry>, Unavailable> {
        let whose = match client {
            Some(client) => ("client", client.to_string()),
            None => ("taken_by", Orders::TAKEN_BY_ME.to_owned()),
        };
        let most = if client.is_some() { MOST_ORDERS } else { MOST_DRAFTS };
        let query = [whose, ("limit", most.to_string())];
        let Orders { orders, .. } = self.get(paths::ORDERS, &query).await?;
        let are_theirs = orders.iter().all(|entry| client.is_none_or(|client| entry.order.client == client));
        if are_theirs { Ok(orders) } else { Err(WRONG_SHAPE) }
    }

    /// Writes down a client of whom nobody knew. Repeats carry the same command id.
    pub async fn put_prospect(&self, prospect: &Prospect) -> Result<ProspectReceipt, Unavailable> {
        let command = outbox::prospect_command(prospect.id);
        let path = paths::prospect(prospect.id);
        let receipt: ProspectReceipt =
            self.write(Method::PUT, &path, command, prospect, self.write_budget).await?;
        if receipt.id == prospect.id { Ok(receipt) } else { Err(WRONG_SHAPE) }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> Result<T, Unavailable> {
        self.heard(self.http.get(path, query, self.look_up_budget)).await
    }

    async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        command: Uuid,
        content: &impl Serialize,
        budget: Duration,
    ) -> Result<T, Unavailable> {
        self.heard(self.http.write(method, path, command, content, budget)).await
    }

    /// Whoever has lost the right to ask has nothing to look at here either, in answers that were under way as little as in
    /// what was kept.
    async fn heard<T>(
        &self,
        question: impl Future<Output = Result<T, Unavailable>>,
    ) -> Result<T, Unavailable> {
        let wipes = self.lock().wipes();
        let answer = question.await;
        let mut cache = self.lock();
        if matches!(answer, Err(Unavailable::WrongToken)) {
            cache.wipe();
        } else if cache.wipes() != wipes {
            return Err(Unavailable::WrongToken);
        }
        answer
    }

    /// Opens the connection, so that the first look-up does not pay for it. Says whether the desk answers.
    pub async fn warm_up(&self) -> Result<(), Unavailable> {
        self.http.ping(self.look_up_budget).await
    }

    /// Keeps one connection warm; ends only by being dropped.
    pub async fn keep_warm(&self) {
        loop {
            // Whether the desk is there is said when it is needed.
            let _ = self.warm_up().await;
            tokio::time::sleep(client::KEEP_WARM).await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, CardCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
