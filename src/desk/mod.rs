//! The telephone's side of the desk contract: look-ups with a time budget, a cache of cards, and the outbox of the
//! call register.
//!
//! Nothing here holds a call up: the cache answers at once, the desk within the budget or not at all, and register
//! entries wait on disk until the desk has them.

mod cache;
mod client;
mod outbox;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use outbox::{Notice, Outbox, OutboxError};

use crate::clock::Clock;
use crate::desk_api::{
    BadAnswer, CallReceipt, CallRecord, Calls, CardAnswer, Clients, Directory, HandedOver, Handover,
    Handovers, Source, TransferChain, TransferQuestion, Unavailable, paths,
};
use crate::domain::number::PhoneNumber;
use crate::secrets::Secret;
use cache::CardCache;
use client::{BaseUrl, HttpDesk};

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
    /// Longest wait for a register entry to be taken.
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
        match self.http.get::<Clients>(paths::CLIENTS, &query, self.look_up_budget).await {
            Ok(Clients { clients }) => {
                self.lock().put(number, &clients, asked);
                CardAnswer::Found { clients, source: Source::Desk, age: Duration::ZERO }
            }
            Err(why) => CardAnswer::Unavailable { why },
        }
    }

    /// Whom a call can be passed to.
    pub async fn directory(&self) -> Result<Directory, Unavailable> {
        self.http.get(paths::DIRECTORY, &[], self.look_up_budget).await
    }

    /// The steps by which a client is passed on now.
    pub async fn transfer_chain(&self, question: &TransferQuestion) -> Result<TransferChain, Unavailable> {
        self.http.get(paths::TRANSFER_CHAIN, &question.query(), self.look_up_budget).await
    }

    /// The last calls of this operator, the latest first.
    pub async fn calls(&self, operator: &str, limit: u32) -> Result<Vec<CallRecord>, Unavailable> {
        let query = [("operator", operator.to_owned()), ("limit", limit.to_string())];
        let Calls { calls } = self.http.get(paths::CALLS, &query, self.look_up_budget).await?;
        Ok(calls)
    }

    /// Writes a call's entry. Repeats carry the same command id, so that they do nothing twice.
    pub async fn put_call(&self, record: &CallRecord) -> Result<CallReceipt, Unavailable> {
        let command = outbox::command_id(b"patchcord call register", record.id, record.revision);
        let receipt: CallReceipt =
            self.http.put(&paths::call(record.id), command, record, self.write_budget).await?;
        if receipt.id != record.id {
            return Err(Unavailable::BadAnswer(BadAnswer::WrongShape));
        }
        Ok(receipt)
    }

    /// Writes what goes along with a client, within the budget of a look-up: later it would come too late.
    pub async fn hand_over(&self, handover: &Handover) -> Result<CallReceipt, Unavailable> {
        let command = outbox::command_id(b"patchcord handover", handover.id, handover.revision);
        self.http.put(&paths::handover(handover.id), command, handover, self.look_up_budget).await
    }

    /// What waits for this extension, or goes along with a client of this number; the latest first.
    pub async fn handovers(
        &self,
        to: &str,
        number: Option<PhoneNumber>,
    ) -> Result<Vec<HandedOver>, Unavailable> {
        let number = number.map(|number| ("number", number.to_string()));
        let query: Vec<_> = [("to", to.to_owned())].into_iter().chain(number).collect();
        let Handovers { handovers } = self.http.get(paths::HANDOVERS, &query, self.look_up_budget).await?;
        Ok(handovers)
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
