//! The window is killed at random moments while an operator types and places orders by keys: what stood on the screen is there
//! when the window is back, and no order is there twice.
//!
//! `scripts/kills window` does it more often: `KILLS` says how many times, and with which seed.

use crate::orders::ANSWERS;
use crate::reader::{Node, Reader};
use crate::stage::{CLIENT, CLIENT_NAME, Stage, Window};
use crate::{now, seconds, until};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What is typed, and how the line begins that comes of it.
const GOODS: [(&str, &str); 2] = [("text:1 tea", "Чай"), ("text:1 oil", "Масло")];
const PALETTE: &str = "Commands, people, numbers and clients";
const PRODUCT: &str = "Product, or quantity and product";
/// Fields that stand beside the form.
const OTHER_FIELDS: [&str; 3] = ["Dial", "Name, department or number", PALETTE];

/// How often, and when.
fn wanted() -> (usize, ChaCha20Rng) {
    let text = std::env::var("KILLS").unwrap_or_else(|_| "2 1".to_owned());
    let mut words = text.split(' ').map(|word| word.parse::<u64>().expect("KILLS: how often, and a seed"));
    let times = usize::try_from(words.next().unwrap_or(2)).expect("a number");
    (times, ChaCha20Rng::seed_from_u64(words.next().unwrap_or(1)))
}

/// What the operator has seen and done.
#[derive(Default)]
struct Operator {
    /// Lines of the order that is being written, as they were read.
    lines: BTreeSet<String>,
    /// Numbers that were read.
    placed: BTreeSet<u64>,
    /// Orders whose first line was typed, and those in which a line was seen.
    typed: usize,
    begun: usize,
    /// What was asked when the last key was pressed, and when that was.
    pressed: Option<(String, Instant)>,
}

impl Operator {
    /// One look at the screen, and the keys that follow from it. Only what was read while the window lived counts.
    fn works(&mut self, stage: &Stage, reader: &mut Reader, is_killed: &AtomicBool) {
        let tree = reader.reads();
        if is_killed.load(Ordering::SeqCst) {
            return;
        }
        self.notes(&tree);
        let (asked, keys) = self.keys_for(&tree);
        // A key is given some time to be seen.
        let is_news = self
            .pressed
            .as_ref()
            .is_none_or(|(known, at)| *known != asked || now().saturating_duration_since(*at) > seconds(2));
        if keys.is_empty() || !is_news {
            return;
        }
        let types = keys.first().is_some_and(|key| key.starts_with("text:"));
        if types && self.lines.is_empty() && asked.starts_with(PRODUCT) {
            self.typed += 1;
        }
        for key in keys {
            match key.strip_prefix("text:") {
                Some(text) => stage.type_text(text),
                None => stage.press(&[key]),
            }
        }
        self.pressed = Some((asked, now()));
    }

    fn notes(&mut self, tree: &[Node]) {
        if let Some(number) = tree.iter().find_map(|node| placed_number(&node.name)) {
            if self.placed.insert(number) {
                self.lines.clear();
            }
            return;
        }
        let seen = lines(tree);
        if self.lines.is_empty() && !seen.is_empty() {
            self.begun += 1;
        }
        self.lines.extend(seen);
    }

    /// What the screen asks for, with what was there already, and the answer.
    fn keys_for(&self, tree: &[Node]) -> (String, Vec<&'static str>) {
        let entry = |name: &str| tree.iter().find(|node| node.role == "entry" && node.name == name);
        let shows =
            |role: &str, name: &str| tree.iter().any(|node| node.role == role && node.name.contains(name));
        if let Some(field) = entry(PALETTE) {
            return match (field.written.trim().is_empty(), shows("list item", CLIENT_NAME)) {
                (true, _) => ("palette".into(), vec!["text:79160000001"]),
                (false, true) => ("found".into(), vec!["Return"]),
                (false, false) => ("searching".into(), Vec::new()),
            };
        }
        if tree.iter().any(|node| placed_number(&node.name).is_some()) {
            return (format!("placed {}", self.placed.len()), vec!["F1"]);
        }
        let is_the_order_s =
            |node: &&Node| node.role == "entry" && !OTHER_FIELDS.contains(&node.name.as_str());
        if let Some(field) = tree.iter().find(is_the_order_s) {
            let question = format!("{}, {} lines, {:?}", field.name, self.lines.len(), field.written);
            if let Some((_, keys)) = ANSWERS.iter().find(|(known, _)| field.name.starts_with(known)) {
                return (question, keys.to_vec());
            }
            let next = GOODS.iter().find(|(_, name)| !self.lines.iter().any(|line| line.starts_with(name)));
            return match next {
                _ if !field.name.starts_with(PRODUCT) => (question, vec!["ctrl+Return"]),
                Some((typed, _)) if field.written.is_empty() => (question, vec![*typed]),
                Some((_, name)) if shows("list item", name) => (question, vec!["Return"]),
                Some(_) => (question, Vec::new()),
                None => (question, vec!["ctrl+Return"]),
            };
        }
        match shows("panel", &format!("Client card: {CLIENT_NAME}")) {
            true => ("card".into(), vec!["F1"]),
            false if tree.is_empty() => (String::new(), Vec::new()),
            false => ("nobody".into(), vec!["ctrl+k"]),
        }
    }
}

/// "Order 10427 is placed".
fn placed_number(text: &str) -> Option<u64> {
    text.strip_prefix("Order ")?.strip_suffix(" is placed")?.parse().ok()
}

/// Lines of the order on the screen: their goods.
fn lines(tree: &[Node]) -> Vec<String> {
    let names = tree.iter().filter(|node| node.role == "list item").map(|node| node.name.as_str());
    let is_line =
        |name: &&str| GOODS.iter().any(|(_, goods)| name.starts_with(goods)) && name.contains(", 1 case");
    let goods = |name: &str| name.split(',').next().unwrap_or_default().to_owned();
    names.filter(is_line).map(goods).collect()
}

/// The client's orders at the desk that stand, by id, with the number and how many lines.
fn orders(stage: &Stage, client: &str) -> BTreeMap<String, (Option<u64>, String, usize)> {
    let answer = stage.desk.get(&format!("/v1/orders?client={client}&limit=500"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entry = |entry: &Value| {
        let lines = entry["order"]["lines"].as_array().map_or(0, Vec::len);
        (text(&entry["order"]["id"]), (entry["number"].as_u64(), text(&entry["state"]), lines))
    };
    let all = answer["orders"].as_array().into_iter().flatten().map(entry);
    all.filter(|(_, (_, state, _))| state != "cancelled").collect()
}

/// One who may buy without end: what is tried is not the credit.
fn rich_client(stage: &Stage) -> String {
    let card =
        stage.desk.get(&format!("/v1/clients?phone={}", CLIENT.replace('+', "%2B")))["clients"][0].clone();
    let id = card["id"].as_str().expect("an id").to_owned();
    let mut draft = json!({
        "name": card["name"], "client_type": card["client_type"]["id"], "phones": [CLIENT],
        "manager": card["manager"]["id"], "department": card["department"]["id"],
        "standing": {"currency": "RUB", "overdue": "0", "over_limit": "0", "limit": "1000000000", "credit_left": "1000000000"},
    });
    if let Some(draft) = draft.as_object_mut() {
        draft.retain(|_, value| !value.is_null());
    }
    stage.desk.put_client_as(&id, &draft);
    id
}

fn kill_later(window: &Window, after: Duration) -> (Arc<AtomicBool>, std::thread::JoinHandle<()>) {
    let is_killed = Arc::new(AtomicBool::new(false));
    let (flag, id) = (Arc::clone(&is_killed), window.id());
    let killer = std::thread::spawn(move || {
        std::thread::sleep(after);
        flag.store(true, Ordering::SeqCst);
        // It is waited for only afterwards: the id is still its own.
        kill_process(Pid::from_raw(id).expect("an id"), Signal::KILL).expect("a signal");
    });
    (is_killed, killer)
}

#[test]
fn what_stood_on_the_screen_is_there_again_and_no_order_is_there_twice_however_often_the_window_is_killed() {
    let (times, mut chance) = wanted();
    let stage = Stage::set();
    let client = rich_client(&stage);
    let before = orders(&stage, &client);
    let mut reader = Reader::start(&stage);
    let mut operator = Operator::default();
    let mut moments: BTreeMap<String, usize> = BTreeMap::new();
    let mut window = stage.mortal_window();
    for round in 0..times {
        let after = Duration::from_millis(2_000 + u64::from(chance.next_u32() % 12_000));
        let (is_killed, killer) = kill_later(&window, after);
        while !is_killed.load(Ordering::SeqCst) {
            operator.works(&stage, &mut reader, &is_killed);
        }
        killer.join().expect("a kill");
        window.kill();
        let asked = operator.pressed.take().map(|(asked, _)| asked).unwrap_or_default();
        let asked = asked.split([',', ':']).next().unwrap_or_default().to_owned();
        eprintln!(
            "{round}: killed after {after:?} at {asked:?}; {} placed, lines {:?}",
            operator.placed.len(),
            operator.lines
        );
        *moments.entry(asked).or_default() += 1;
        // Another window sends what the first had kept.
        window = stage.mortal_window();
        let seen = operator.lines.len();
        let new = || {
            orders(&stage, &client).into_iter().filter(|(id, _)| !before.contains_key(id)).collect::<Vec<_>>()
        };
        until("what stood on the screen, at the desk", seconds(30), || {
            seen == 0 || new().last().is_some_and(|(_, (_, _, lines))| *lines >= seen)
        });
        // What was on its way to be placed is placed by itself, and is not what is written any more.
        settle(&stage, &client);
        let all = new();
        let numbers: Vec<u64> = all.iter().filter_map(|(_, (number, ..))| *number).collect();
        let distinct: BTreeSet<u64> = numbers.iter().copied().collect();
        assert_eq!(distinct.len(), numbers.len(), "one number twice: {all:?}");
        assert!(operator.placed.is_subset(&distinct), "{:?} was read as placed: {all:?}", operator.placed);
        let bounds = operator.begun..=operator.typed;
        assert!(bounds.contains(&all.len()), "{bounds:?} orders were begun: {all:?}");
        if all.iter().all(|(_, (number, ..))| number.is_some()) {
            operator.lines.clear();
            operator.begun = all.len();
            operator.typed = all.len();
            operator.placed = distinct;
        }
    }
    let placed = operator.placed.len();
    let deadline = now() + seconds(180);
    while operator.placed.len() == placed {
        operator.works(&stage, &mut reader, &AtomicBool::new(false));
        assert!(now() < deadline, "the order after the last kill is not placed: {:?}", operator.pressed);
    }
    drop(window);
    eprintln!("{} orders; killed while: {moments:?}", operator.placed.len());
}

/// No order of the client's changes for a while.
fn settle(stage: &Stage, client: &str) {
    let (mut known, mut since) = (orders(stage, client), now());
    while now().saturating_duration_since(since) < seconds(2) {
        std::thread::sleep(Duration::from_millis(100));
        let found = orders(stage, client);
        if found != known {
            (known, since) = (found, now());
        }
    }
}
