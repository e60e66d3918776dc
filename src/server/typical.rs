//! What clients buy for the first time is counted beside the orders, a moment later: whoever places one does not wait for it,
//! and many clients buy the same, and would be in each other's way.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::store::Store;
use crate::desk_api::OrderId;

/// What is placed within this time is counted together.
const TOGETHER: Duration = Duration::from_secs(1);
/// Orders that wait; more are not counted.
const WAITING: usize = 4096;

/// Where orders go that were placed. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Typical(mpsc::Sender<OrderId>);

impl Typical {
    /// Counts until everybody who could place an order is gone.
    pub fn begin(store: Store) -> (Self, JoinHandle<()>) {
        let (sender, placed) = mpsc::channel(WAITING);
        (Self(sender), tokio::spawn(count(store, placed)))
    }

    pub fn placed(&self, id: OrderId) {
        if self.0.try_send(id).is_err() {
            tracing::warn!("typical products are not counted: too many orders wait");
        }
    }
}

async fn count(store: Store, mut placed: mpsc::Receiver<OrderId>) {
    while let Some(first) = placed.recv().await {
        let mut together = vec![first];
        // Ends with the desk, too.
        let more = async {
            while let Some(id) = placed.recv().await {
                together.push(id);
            }
        };
        let _ = timeout(TOGETHER, more).await;
        if let Err(error) = store.count_typical(&together).await {
            tracing::warn!(%error, "typical products are not counted");
        }
    }
}
