//! Operators type and place orders while their programs, the desk and its database are killed again and again: nothing that
//! was acknowledged is lost, and nothing is there twice.
//!
//! `scripts/kills orders` does it more often: `KILLS` says how many times, and with which seed; `KILLS_DATABASE` that
//! PostgreSQL is there for this alone, and may be killed, too.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use patchcord::desk::{Desk, Entry, Notice, Outbox};
use patchcord::desk_api::{ClientId, Order, OrderEntry, OrderId, OrderNews, OrderReceipt, OrderState};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::fixture::{new_call_id, random};
use super::orders::{Shop, terms};
use super::outbox::{PATIENCE, open};
use super::telephone::{block_on, telephone};

/// What the operator's program is told, as JSON.
const CHILD: &str = "PATCHCORD_TEST_OPERATOR";
const OPERATORS: [&str; 2] = ["operator", "operator2"];
/// Cases in each order, of twelve pieces.
const CASES: u64 = 30;
const STOCK: u32 = 100_000_000;

struct Kills {
    times: u32,
    chance: ChaCha20Rng,
    /// The server's folder.
    database: Option<String>,
}

impl Kills {
    fn wanted() -> Self {
        let text = std::env::var("KILLS").unwrap_or_else(|_| "10 1".to_owned());
        let mut words = text.split(' ').map(|word| word.parse().expect("KILLS: how often, and a seed"));
        let times = words.next().unwrap_or(10);
        let database = std::env::var("KILLS_DATABASE").and(std::env::var("PATCHCORD_TEST_POSTGRES")).ok();
        let seed = words.next().unwrap_or(1);
        Self { times: u32::try_from(times).unwrap(), chance: ChaCha20Rng::seed_from_u64(seed), database }
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.chance.next_u32() % bound
    }
}

/// An operator's program, and what it said.
struct Operator {
    child: Child,
    said: Option<JoinHandle<Vec<String>>>,
    so_far: Arc<Mutex<Vec<String>>>,
}

impl Operator {
    fn start(work: &Value) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["killed::child_operator", "--exact", "--nocapture", "--test-threads", "1"])
            .env(CHILD, work.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let so_far = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&so_far);
        let said = std::thread::spawn(move || {
            lines.for_each(|line| sink.lock().unwrap().push(line));
            std::mem::take(&mut *sink.lock().unwrap())
        });
        Self { child, said: Some(said), so_far }
    }

    fn kill(mut self) -> Vec<String> {
        assert_eq!(
            self.child.try_wait().unwrap(),
            None,
            "it ended by itself: {:?}",
            self.so_far.lock().unwrap()
        );
        self.child.kill().unwrap();
        self.end()
    }

    fn end(mut self) -> Vec<String> {
        self.child.wait().unwrap();
        self.said.take().unwrap().join().unwrap()
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What operators were told.
#[derive(Default)]
struct Told {
    /// The last revision that looked kept.
    kept: BTreeMap<OrderId, u32>,
    /// Whose key to place it was taken.
    to_be_placed: BTreeSet<OrderId>,
    numbers: BTreeMap<OrderId, u64>,
}

impl Told {
    fn hear(&mut self, lines: &[String]) {
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            // A test's name may stand before the first word.
            let Some(at) = words.iter().position(|word| ["kept", "placing", "placed"].contains(word)) else {
                continue;
            };
            let (Some(id), number) = (words.get(at + 1), words.get(at + 2)) else { continue };
            let id = OrderId(id.parse().unwrap());
            let number = || number.unwrap().parse::<u64>().unwrap();
            match words[at] {
                "kept" => drop(self.kept.insert(id, u32::try_from(number()).unwrap())),
                "placing" => drop(self.to_be_placed.insert(id)),
                _ => {
                    let before = self.numbers.insert(id, number());
                    assert!(before.is_none_or(|before| before == number()), "{id} has two numbers");
                }
            }
        }
    }

    /// Of all that the desk says, nothing is missing.
    fn is_there(&self, shop: &Shop, ids: impl Iterator<Item = OrderId>) {
        for id in ids {
            let entry = entry(shop, id);
            assert_eq!(
                (entry.state, entry.number),
                (OrderState::Placed, self.numbers.get(&id).copied()),
                "{id}"
            );
        }
    }
}

fn entry(shop: &Shop, id: OrderId) -> OrderEntry {
    let reply = shop.desk.get("manager", &format!("/v1/orders/{id}"), &[]);
    serde_json::from_value(reply.body).unwrap_or_else(|error| panic!("{id}: {error}: {}", reply.text))
}

#[test]
fn nothing_acknowledged_is_lost_or_doubled_whoever_is_killed_while_orders_are_taken() {
    let mut kills = Kills::wanted();
    let mut shop = Shop::with_lorries_for(1_000_000, STOCK);
    let (config, port) = (shop.config(), shop.desk.server.as_ref().unwrap().port.to_string());
    let restart = ["--config", config.as_str(), "--listen", &format!("127.0.0.1:{port}")];
    let works = OPERATORS.map(|who| {
        let standing = json!({"currency": "RUB", "limit": "1000000000", "credit_left": "1000000000", "overdue": "0", "over_limit": "0"});
        let client = Shop::client(&shop.desk, json!({"standing": standing}));
        json!({
            "url": shop.desk.url, "token": shop.desk.token(who), "outbox": shop.desk.folder.path(who), "client": client,
            "product": shop.product, "slot": terms(&shop.desk, client).addresses[0].slots[0].slot, "ends": false,
        })
    });
    let mut operators: Vec<Operator> = works.iter().map(Operator::start).collect();
    let (mut told, mut done) = (Told::default(), [0; 3]);
    for _ in 0..kills.times {
        std::thread::sleep(Duration::from_millis(50 + u64::from(kills.below(700))));
        let victim = kills.below(if kills.database.is_some() { 3 } else { 2 });
        done[victim as usize] += 1;
        match victim {
            0 => {
                let which = kills.below(2) as usize;
                let killed = std::mem::replace(&mut operators[which], Operator::start(&works[which]));
                told.hear(&killed.kill());
            }
            1 => shop.desk.restart(&restart),
            _ => kill_postgres(kills.database.as_ref().unwrap()),
        }
        let last: Vec<_> = told.numbers.keys().rev().take(5).copied().collect();
        told.is_there(&shop, last.into_iter());
    }
    for (operator, work) in operators.into_iter().zip(&works) {
        told.hear(&operator.kill());
        // Once more, to finish what lies about.
        let mut work = work.clone();
        work["ends"] = json!(true);
        let said = Operator::start(&work).end();
        assert!(said.iter().any(|line| line.contains("finished")), "{said:?}");
        told.hear(&said);
    }
    let ids: BTreeSet<OrderId> = told.kept.keys().copied().chain(told.to_be_placed.iter().copied()).collect();
    let (mut numbers, mut orders) = (BTreeSet::new(), 0);
    for &id in &ids {
        let entry = entry(&shop, id);
        assert!(
            told.kept.get(&id).is_none_or(|&kept| entry.order.revision >= kept),
            "{id} is older than what looked kept"
        );
        assert_eq!(entry.state, OrderState::Placed, "{id}");
        assert!(
            told.numbers.get(&id).is_none_or(|&number| entry.number == Some(number)),
            "{id} changed its number"
        );
        assert!(numbers.insert(entry.number.unwrap()), "two orders have one number");
        orders += 1;
    }
    let promised = u64::from(STOCK) - orders * CASES * 12;
    assert_eq!(shop.free(), promised.to_string(), "each order has its goods once");
    let listed = shop.desk.get("manager", "/v1/orders", &[("limit", "500")]);
    assert_eq!(
        listed.body["orders"].as_array().unwrap().len(),
        orders.min(500) as usize,
        "and there is no other"
    );
    assert!(orders > u64::from(kills.times) / 4, "{orders} orders");
    let [programs, desks, databases] = done;
    eprintln!("{orders} orders; killed: programs {programs}, desk {desks}, database {databases}");
}

/// The postmaster, at once; `scripts/postgres` starts it again.
fn kill_postgres(folder: &str) {
    let pid = std::fs::read_to_string(format!("{folder}/data/postmaster.pid")).unwrap();
    let pid = pid.lines().next().unwrap().parse().unwrap();
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(pid).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    let is_ready = || {
        std::thread::sleep(Duration::from_millis(50));
        let asked = ["--quiet", "--host", folder, "--username", "desk"];
        Command::new("pg_isready").args(asked).status().unwrap().success()
    };
    assert!((0..400).any(|_| is_ready()), "PostgreSQL is back");
}

/// Not a test of its own: the operator's program, which the test above kills. It goes on with what it finds, and types one
/// order after the other.
#[test]
fn child_operator() {
    let Ok(work) = std::env::var(CHILD) else { return };
    let work: Value = serde_json::from_str(&work).unwrap();
    let text = |name: &str| work[name].as_str().unwrap();
    let desk = telephone(text("url"), text("token"));
    block_on(async {
        let outbox = open(Path::new(text("outbox")), text("token")).await;
        let (sender, notices) = unbounded_channel();
        tokio::select! {
            () = outbox.run(&desk, sender) => unreachable!("it never ends"),
            () = take_orders(&work, &desk, &outbox, notices) => {}
        }
    });
    println!("finished");
}

async fn take_orders(work: &Value, desk: &Desk, outbox: &Outbox, mut notices: UnboundedReceiver<Notice>) {
    while outbox.flush(PATIENCE).await > 0 {}
    let drafts = loop {
        match desk.drafts().await {
            Ok(drafts) => break drafts,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    for found in drafts {
        take_order(work, found.order, outbox, &mut notices).await;
    }
    while !work["ends"].as_bool().unwrap() {
        let client: ClientId = serde_json::from_value(work["client"].clone()).unwrap();
        let order = json!({"id": new_call_id(), "revision": 0, "client": client});
        take_order(work, serde_json::from_value(order).unwrap(), outbox, &mut notices).await;
    }
}

async fn take_order(
    work: &Value,
    mut order: Order,
    outbox: &Outbox,
    notices: &mut UnboundedReceiver<Notice>,
) {
    let field = |name: &str| work[name].clone();
    let mut chance = ChaCha20Rng::seed_from_u64(random() as u64);
    order.agreed_total = None;
    for cases in [3, CASES] {
        let line =
            json!({"number": 1, "product": field("product"), "quantity": cases.to_string(), "unit": "case"});
        order.lines = vec![serde_json::from_value(line).unwrap()];
        keep(&mut order, outbox).await;
    }
    order.delivery = serde_json::from_value(json!({
        "address": 1, "slot": field("slot"), "pays_on_delivery": false,
        "receiver": {"name": "Anna", "phone": "+79160000000", "may_sign": true, "confirmed": true},
    }))
    .unwrap();
    keep(&mut order, outbox).await;
    let read = answer(notices, |receipt| receipt.id == order.id && receipt.revision == order.revision).await;
    order.agreed_total = Some(read.examined.total.gross);
    keep(&mut order, outbox).await;
    outbox.append(vec![Entry::place(order.id, order.revision, &mut chance)]).await.unwrap();
    println!("placing {}", order.id);
    let placed =
        answer(notices, |receipt| receipt.id == order.id && receipt.state == OrderState::Placed).await;
    println!("placed {} {}", order.id, placed.number.unwrap());
}

async fn keep(order: &mut Order, outbox: &Outbox) {
    order.revision += 1;
    outbox.append(vec![Entry::Order(Box::new(order.clone()))]).await.unwrap();
    println!("kept {} {}", order.id, order.revision);
}

async fn answer(
    notices: &mut UnboundedReceiver<Notice>,
    is_it: impl Fn(&OrderReceipt) -> bool,
) -> Box<OrderReceipt> {
    loop {
        match notices.recv().await.unwrap() {
            Notice::Order(OrderNews::Answered(receipt)) if is_it(&receipt) => return receipt,
            Notice::Order(OrderNews::Refused { id, revision, code }) => {
                panic!("{id} r{revision} is refused: {}", code.as_str())
            }
            _ => {}
        }
    }
}
