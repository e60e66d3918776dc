//! Whatever operators do in whatever order: what is promised can be kept.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use rust_decimal::Decimal;

use super::*;
use crate::desk_api::{OrderId, OrderReceipt, ProductId};
use crate::domain::trade::product::Unit;

/// What one client may owe, roubles.
const LIMIT: i64 = 60_000;
/// Pieces of each product.
const PIECES: i64 = 600;

/// What is done to orders, the usual oftener.
const ACTS: [OrderAct; 16] = {
    use OrderAct as A;
    let [a, b, c, d, e, f, g, h, i, j, k] = OrderAct::ALL;
    [a, b, c, d, e, f, g, h, i, j, k, A::Accept, A::Pick, A::Deliver, A::Change, A::Release]
};

/// Small numbers from a seed (splitmix64), so that each run tells the same stories.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()].clone()
    }
}

/// A day at the desk.
struct Day {
    store: Store,
    rules: Orders,
    client: ClientId,
    products: Vec<ProductId>,
    at: Timestamp,
    commands: u128,
    orders: Vec<Order>,
    /// The revision that the desk told last.
    revisions: BTreeMap<OrderId, u32>,
}

impl Day {
    async fn begin(seed: u64) -> Self {
        let (store, rules, client, at) = shop(&format!("day-{seed}")).await;
        let mut trade = store.client_trade(client).await.unwrap().unwrap();
        let account = serde_json::json!({"currency": "RUB", "terms": {"limit": LIMIT.to_string()}});
        let entity = serde_json::json!({"id": "ooo", "name": "OOO", "account": account});
        trade.entities = vec![serde_json::from_value(entity).unwrap()];
        store.write_client_trade(&command(1, "1c", at), client, &trade).await.unwrap();
        let mut day = Self {
            store,
            rules,
            client,
            products: Vec::new(),
            at,
            commands: 1,
            orders: Vec::new(),
            revisions: BTreeMap::new(),
        };
        let mut goods = sample::products(jiff::civil::date(2026, 11, 30), sample::USUAL).into_iter().take(3);
        for data in goods.by_ref() {
            let mut data = data;
            for (batch, part) in data.batches.iter_mut().zip([1, 2]) {
                batch.free = Decimal::from(PIECES * part / 3);
            }
            let id = day.next();
            day.store.write_product(&command(id, "1c", day.at), &data, &day.rules).await.unwrap();
            day.products.push(data.product.id);
        }
        day
    }

    fn next(&mut self) -> u128 {
        self.commands += 1;
        self.commands
    }

    fn heard(&mut self, receipt: Result<OrderReceipt, WriteError>) -> Option<OrderReceipt> {
        let receipt = match receipt {
            Ok(receipt) => receipt,
            Err(WriteError::Store(error)) => panic!("{error}"),
            Err(_) => return None,
        };
        let before = self.revisions.insert(receipt.id, receipt.revision);
        assert!(before <= Some(receipt.revision), "a revision goes back");
        Some(receipt)
    }

    async fn step(&mut self, dice: &mut Dice) {
        let id = self.next();
        let choice = dice.below(12);
        // Mostly whose it is; each has every other one.
        let whose = |which: usize, slip: bool| if which.is_multiple_of(2) == slip { "boris" } else { "anna" };
        if choice < 2 || self.orders.is_empty() {
            let who = whose(self.orders.len(), false);
            let order = self.new_order(dice).await;
            let kept = self.store.write_order(&command(id, who, self.at), &order, &self.rules).await;
            self.heard(kept);
            self.orders.push(order);
            return;
        }
        let which = usize::try_from(dice.below(self.orders.len() as u64)).unwrap();
        let who = whose(which, dice.below(10) == 0);
        let mut order = self.orders[which].clone();
        let (at, rules) = (self.at, self.rules.clone());
        match choice {
            // More or less of something, or nothing else; sometimes what is long out of date.
            2..=4 => {
                order.revision += if dice.below(8) == 0 { 0 } else { 1 };
                if dice.below(3) == 0 {
                    order.lines[0].quantity = Decimal::from(1 + dice.below(8));
                    order.agreed_total = None;
                } else if let Some(kept) = self.store.order(order.id).await.unwrap() {
                    order.agreed_total = Some(kept.examined.total.gross);
                }
                let kept = self.store.write_order(&command(id, who, at), &order, &rules).await;
                if let Some(receipt) = self.heard(kept)
                    && receipt.revision == order.revision
                {
                    self.orders[which] = order;
                }
            }
            5..=7 => {
                let placed =
                    self.store.place_order(&command(id, who, at), order.id, order.revision, &rules).await;
                self.heard(placed.map(|(receipt, _)| receipt));
            }
            8..=10 => {
                let act = ActOnOrder { act: dice.one_of(&ACTS), reason: Some("so".into()) };
                let done =
                    self.store.act_on_order(&command(id, who, at), order.id, &act, |_, _| true, &rules).await;
                if let Some(receipt) = self.heard(done) {
                    self.orders[which].revision = receipt.revision;
                }
            }
            _ => {
                self.at += SignedDuration::from_secs(i64::try_from(dice.below(1200)).unwrap());
                self.store.tidy_orders(self.at, &rules).await.unwrap();
            }
        }
    }

    async fn new_order(&mut self, dice: &mut Dice) -> Order {
        let terms = self.store.terms(self.client, &self.rules, self.at).await.unwrap().unwrap();
        let slot = terms.addresses[0].slots[usize::try_from(dice.below(3)).unwrap()].slot;
        let line = |number: u32, product: ProductId, cases: u64| serde_json::json!({"number": number, "product": product, "quantity": cases.to_string(), "unit": Unit::Case});
        let first = dice.one_of(&self.products);
        let mut lines = vec![line(1, first, 1 + dice.below(8))];
        let second = dice.one_of(&self.products);
        if second != first {
            lines.push(line(2, second, 1 + dice.below(5)));
        }
        let order = serde_json::json!({
            "id": Uuid::from_u128(self.next() << 64), "revision": 1, "client": self.client, "no_offers": true,
            "lines": lines,
            "delivery": {
                "address": 1, "slot": slot, "pays_on_delivery": false,
                "receiver": {"name": "Anna", "phone": "+79160000000", "may_sign": true, "confirmed": true},
            },
        });
        serde_json::from_value(order).unwrap()
    }

    /// Nothing is promised twice, and nobody buys on credit that they have not, but by a release.
    async fn holds(&self, said: &str) {
        let now = micros(self.at);
        let sql = "SELECT r.product, CAST(SUM(r.quantity) AS BIGINT), b.quantity FROM reservations r \
                   JOIN batches b ON b.product = r.product AND b.id = r.batch \
                   WHERE r.kept_until IS NULL OR r.kept_until > $1 GROUP BY r.product, r.batch, b.quantity";
        let promised: Vec<(String, i64, i64)> =
            sqlx::query_as(sql).bind(now).fetch_all(&self.store.readers).await.unwrap();
        for (product, promised, there) in promised {
            assert!(promised <= there, "{said}: {promised} of {there} thousandths of {product}");
        }
        let sql = "SELECT CAST(COALESCE(SUM(h.amount), 0) AS BIGINT) FROM holds h JOIN orders o ON o.id = h.order_id \
                   WHERE (h.kept_until IS NULL OR h.kept_until > $1) \
                   AND o.id NOT IN (SELECT id FROM orders WHERE history LIKE '%\"state\":\"held\"%')";
        let owed: i64 = sqlx::query_scalar(sql).bind(now).fetch_one(&self.store.readers).await.unwrap();
        assert!(owed <= LIMIT * 10_000, "{said}: {owed} ten-thousandths on a credit of {LIMIT}");
    }
}

#[tokio::test]
async fn whatever_operators_do_nothing_is_oversold_no_limit_is_passed_and_no_revision_goes_back() {
    let mut states = BTreeMap::<String, u32>::new();
    for seed in 0..12 {
        let (mut day, mut dice) = (Day::begin(seed).await, Dice(seed));
        for step in 0..120 {
            day.step(&mut dice).await;
            day.holds(&format!("seed {seed} step {step}")).await;
        }
        let rows: Vec<String> =
            sqlx::query_scalar("SELECT state FROM orders").fetch_all(&day.store.readers).await.unwrap();
        for state in rows {
            *states.entry(state).or_default() += 1;
        }
        day.store.close().await;
    }
    // The stories have gone everywhere.
    for state in ["draft", "held", "placed", "accepted", "cancelled"] {
        assert!(states.contains_key(state), "{states:?}");
    }
}
