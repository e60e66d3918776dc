//! An order's way to the desk: kept before it looks kept, in order, in effect once, and never said to be placed before the
//! desk has said so. The desk here is a small one that can be told to be away, to lose its answers and to refuse.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use patchcord::desk::{Desk, Entry, Notice, Waits};
use patchcord::desk_api::{
    BadAnswer, Change, ClientId, Order, OrderAct, OrderId, OrderNews, OrderReceipt, OrderState, OrderWatch,
    ProblemCode, Sought, Task, TaskId, TaskNews, Unavailable,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;
use uuid::Uuid;

use super::fixture::{self, Folder, new_call_id};
use super::outbox::{PATIENCE, deliver, drain, open};
use super::telephone::{answer, block_on, misbehaving, read_request, telephone};

const PROBLEM: &str = "application/problem+json";

/// A desk that keeps orders in memory.
#[derive(Clone, Default)]
struct Shop(Arc<Mutex<Book>>);

#[derive(Default)]
struct Book {
    /// Revision and state.
    orders: BTreeMap<OrderId, (u32, OrderState)>,
    /// What was answered to each command: status and body.
    answered: BTreeMap<String, (u16, Value)>,
    /// What came into effect.
    done: Vec<String>,
    is_away: bool,
    /// So many answers get lost on the way.
    loses: usize,
    /// Whoever places an order hears that credit does not suffice.
    lacks_credit: bool,
    refuses: Option<ProblemCode>,
}

impl Shop {
    fn opens(&self) -> String {
        let shop = self.clone();
        misbehaving(move |stream, _| shop.serve(&stream))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap()
    }

    fn done(&self) -> Vec<String> {
        self.book().done.clone()
    }

    fn serve(&self, stream: &TcpStream) {
        let (head, body) = read_request(stream);
        if head.is_empty() {
            // Who sent it has hung up.
            return;
        }
        let mut book = self.book();
        if book.is_away {
            return answer(stream, "503 Away", "text/plain", "");
        }
        let command = head.to_lowercase().split("idempotency-key: ").nth(1).unwrap()[..36].to_owned();
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let (status, body) = match book.answered.get(&command) {
            Some(answered) => answered.clone(),
            None => {
                let fresh = book.judge(&path, &serde_json::from_str(&body).unwrap());
                book.answered.insert(command, fresh.clone());
                fresh
            }
        };
        if book.loses > 0 {
            book.loses -= 1;
            return;
        }
        let kind = if status < 300 { "application/json" } else { PROBLEM };
        answer(stream, &format!("{status} Said"), kind, &body.to_string());
    }
}

impl Book {
    fn judge(&mut self, path: &str, body: &Value) -> (u16, Value) {
        if let Some(code) = self.refuses {
            return problem(code);
        }
        let mut parts = path.trim_start_matches("/v1/orders/").split('/');
        let id = OrderId(parts.next().unwrap().parse().unwrap());
        let known = self.orders.get(&id).copied();
        match parts.next() {
            None => {
                let revision = u32::try_from(body["revision"].as_u64().unwrap()).unwrap();
                let (change, kept) = match known {
                    Some((kept, _)) if kept > revision => (Change::Superseded, kept),
                    Some(_) => (Change::Replaced, revision),
                    None => (Change::Created, revision),
                };
                self.done.push(format!("written r{revision}"));
                self.orders.insert(id, (kept, OrderState::Draft));
                (200, receipt(id, kept, change, OrderState::Draft))
            }
            Some("place") => {
                let Some((kept, _)) = known else { return problem(ProblemCode::NotFound) };
                if body["revision"] != kept {
                    return problem(ProblemCode::RevisionConflict);
                }
                let state = if self.lacks_credit { OrderState::Draft } else { OrderState::Placed };
                self.done.push(format!("r{kept} is {state:?}"));
                self.orders.insert(id, (kept, state));
                (200, receipt(id, kept, Change::Unchanged, state))
            }
            Some(_) => {
                let Some((kept, _)) = known else { return problem(ProblemCode::NotFound) };
                self.done.push(body["act"].as_str().unwrap().to_owned());
                (200, receipt(id, kept, Change::Unchanged, OrderState::Draft))
            }
        }
    }
}

fn receipt(id: OrderId, revision: u32, change: Change, state: OrderState) -> Value {
    let sum = json!({"net": "0", "tax": "0", "gross": "0"});
    let examined = json!({"lines": [], "total": sum, "most": "0", "columns": [], "faults": []});
    json!({"id": id, "revision": revision, "change": change, "state": state, "examined": examined})
}

fn problem(code: ProblemCode) -> (u16, Value) {
    let status = code.status();
    (status, json!({"type": "urn:x", "title": "t", "status": status, "code": code}))
}

fn new_order_id() -> OrderId {
    OrderId(new_call_id())
}

fn order(id: OrderId, revision: u32) -> Order {
    serde_json::from_value(json!({"id": id, "revision": revision, "client": Uuid::nil(), "note": "Соколова"}))
        .unwrap()
}

fn keep(id: OrderId, revision: u32) -> Entry {
    Entry::Order(Box::new(order(id, revision)))
}

fn place(id: OrderId, revision: u32) -> Entry {
    Entry::place(id, revision, &mut chance())
}

fn chance() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(u64::from_le_bytes(fixture::random().to_le_bytes()[..8].try_into().unwrap()))
}

/// What was told of orders, in words.
fn told(notices: tokio::sync::mpsc::UnboundedReceiver<Notice>) -> Vec<String> {
    let word = |notice| match notice {
        Notice::Order(OrderNews::Answered(receipt)) => {
            let OrderReceipt { revision, change, state, .. } = *receipt;
            Some(format!("r{revision} {state:?} {change:?}"))
        }
        Notice::Order(OrderNews::Refused { revision, code, .. }) => {
            Some(format!("r{revision} refused: {}", code.as_str()))
        }
        Notice::Order(OrderNews::Waits { .. }) => Some("waits".to_owned()),
        _ => None,
    };
    drain(notices).into_iter().filter_map(word).collect()
}

/// One run of the telephone from opening the outbox to the end: what it found, and what was told.
fn run(folder: &Folder, desk: &Desk, entries: Vec<Entry>) -> (Vec<u32>, Vec<String>) {
    block_on(async {
        let outbox = open(&folder.path("outbox"), "token").await;
        let found = outbox.orders().iter().map(|order| order.revision).collect();
        outbox.append(entries).await.unwrap();
        (found, told(deliver(&outbox, desk).await.1))
    })
}

#[test]
fn an_order_placed_while_the_desk_is_away_waits_and_is_placed_once_it_is_back() {
    let (shop, folder, id) = (Shop::default(), Folder::new(), new_order_id());
    shop.book().is_away = true;
    let desk = telephone(&shop.opens(), "token");
    block_on(async {
        let outbox = open(&folder.path("outbox"), "token").await;
        let (sender, mut notices) = unbounded_channel();
        let story = async {
            let kept = outbox.append(vec![keep(id, 1), keep(id, 2), place(id, 2)]).await.unwrap();
            assert_eq!(kept, [OrderNews::Kept { id, revision: 2 }]);
            assert_eq!(notices.recv().await, Some(Notice::Order(OrderNews::Waits { id })));
            // It is tried again and again, and nothing more is said of it; then the answers of the first two attempts get lost.
            assert!(matches!(notices.recv().await, Some(Notice::Waiting { .. })));
            shop.book().loses = 2;
            shop.book().is_away = false;
            assert_eq!(outbox.flush(PATIENCE).await, 0);
        };
        tokio::select! {
            () = outbox.run(&desk, sender) => unreachable!("it never ends"),
            () = story => {}
        }
        assert_eq!(told(notices), ["r2 Draft Created", "r2 Placed Unchanged"]);
    });
    assert_eq!(shop.done(), ["written r2", "r2 is Placed"]);
    assert_eq!(std::fs::metadata(folder.path("outbox")).unwrap().len(), 0, "nothing of it stays here");
}

#[test]
fn a_second_order_that_comes_while_the_desk_is_away_is_told_to_wait_as_well() {
    let (shop, folder) = (Shop::default(), Folder::new());
    let ids = [new_order_id(), new_order_id()];
    // Nothing listens at this address.
    let desk = telephone("http://127.0.0.1:9", "token");
    block_on(async {
        let outbox = open(&folder.path("outbox"), "token").await;
        let (sender, mut notices) = unbounded_channel();
        let story = async {
            for id in ids {
                outbox.append(vec![keep(id, 1), place(id, 1)]).await.unwrap();
                loop {
                    match notices.recv().await.unwrap() {
                        Notice::Order(news) => break assert_eq!(news, OrderNews::Waits { id }),
                        notice => assert!(matches!(notice, Notice::Waiting { .. }), "{notice:?}"),
                    }
                }
            }
        };
        tokio::select! {
            () = outbox.run(&desk, sender) => unreachable!("it never ends"),
            () = story => {}
        }
        let (left, notices) = deliver(&outbox, &telephone(&shop.opens(), "token")).await;
        assert_eq!((left, told(notices).len()), (0, 4));
    });
    assert_eq!(shop.done(), ["written r1", "r1 is Placed", "written r1", "r1 is Placed"]);
}

#[test]
fn two_drafts_are_two_and_are_found_after_a_crash_until_the_desk_has_them() {
    let (shop, folder) = (Shop::default(), Folder::new());
    let (first, second) = (new_order_id(), new_order_id());
    block_on(async {
        let outbox = open(&folder.path("outbox"), "token").await;
        outbox.append(vec![keep(first, 1)]).await.unwrap();
        outbox.append(vec![keep(second, 1), keep(first, 2)]).await.unwrap();
        outbox.append(vec![keep(second, 2), keep(second, 3)]).await.unwrap();
    });
    let desk = telephone(&shop.opens(), "token");
    let (found, told) = run(&folder, &desk, vec![]);
    assert_eq!(found, [2, 3], "each in its latest revision");
    assert_eq!(told, ["r2 Draft Created", "r3 Draft Created"]);
    assert_eq!(run(&folder, &desk, vec![]), (vec![], vec![]), "the desk has them");
}

#[test]
fn what_was_written_elsewhere_since_is_not_overwritten_and_it_is_said() {
    let (shop, folder, id) = (Shop::default(), Folder::new(), new_order_id());
    shop.book().orders.insert(id, (9, OrderState::Draft));
    let desk = telephone(&shop.opens(), "token");
    let (_, told) = run(&folder, &desk, vec![keep(id, 3), place(id, 3)]);
    assert_eq!(
        told,
        ["r9 Draft Superseded", "r3 refused: revision_conflict"],
        "nor is placed what nobody read"
    );
    // It stays until the operator has said which of the two holds.
    let again = vec!["r9 Draft Superseded".to_owned()];
    assert_eq!(run(&folder, &desk, vec![]), (vec![3], again));
    let (found, told) = run(&folder, &desk, vec![keep(id, 10)]);
    assert_eq!((found, told.last().map(String::as_str)), (vec![3], Some("r10 Draft Replaced")));
    assert_eq!(run(&folder, &desk, vec![]), (vec![], vec![]));
}

#[test]
fn an_order_that_could_not_be_placed_is_placed_as_it_is_when_nothing_stands_in_its_way_any_more() {
    let (shop, folder, id) = (Shop::default(), Folder::new(), new_order_id());
    shop.book().lacks_credit = true;
    let desk = telephone(&shop.opens(), "token");
    let (_, told) = run(&folder, &desk, vec![keep(id, 1), place(id, 1), place(id, 1)]);
    assert_eq!(told, ["r1 Draft Created", "r1 Draft Unchanged"], "two keys, one attempt");
    shop.book().lacks_credit = false;
    let (_, told) = run(&folder, &desk, vec![place(id, 1)]);
    assert_eq!(told, ["r1 Placed Unchanged"]);
}

#[test]
fn what_was_kept_before_a_restart_is_placed_after_it_and_in_effect_once() {
    let (shop, folder, id) = (Shop::default(), Folder::new(), new_order_id());
    let path = folder.path("outbox");
    block_on(async { open(&path, "token").await.append(vec![keep(id, 1)]).await.unwrap() });
    let desk = telephone(&shop.opens(), "token");
    block_on(async {
        let outbox = open(&path, "token").await;
        assert_eq!(outbox.orders(), [order(id, 1)], "found");
        let (sender, mut notices) = unbounded_channel();
        let story = async {
            assert!(matches!(notices.recv().await, Some(Notice::Order(OrderNews::Answered(_)))));
            // The desk places it, and nobody hears that before the telephone is gone.
            shop.book().loses = usize::MAX;
            outbox.append(vec![place(id, 1)]).await.unwrap();
            while shop.done().len() < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            () = outbox.run(&desk, sender) => unreachable!("it never ends"),
            () = story => {}
        }
    });
    shop.book().loses = 0;
    let (found, told) = run(&folder, &desk, vec![]);
    assert_eq!((found, told), (vec![], vec!["r1 Placed Unchanged".into()]));
    assert_eq!(shop.done(), ["written r1", "r1 is Placed"]);
}

#[test]
fn what_the_desk_refuses_is_said_kept_and_found_again_but_is_never_placed_by_itself() {
    let codes = [
        ProblemCode::Invalid,
        ProblemCode::RevisionConflict,
        ProblemCode::Forbidden,
        ProblemCode::NotFound,
        // 409 with a code that this telephone does not know.
        ProblemCode::Other,
    ];
    for code in codes {
        let (shop, folder, id) = (Shop::default(), Folder::new(), new_order_id());
        shop.book().refuses = Some(code);
        let url = match code {
            ProblemCode::Other => misbehaving(|stream, _| {
                read_request(&stream);
                let body =
                    json!({"type": "urn:x", "title": "t", "status": 409, "code": "of_a_later_version"});
                answer(&stream, "409 Conflict", PROBLEM, &body.to_string());
            }),
            _ => shop.opens(),
        };
        let (_, told) = run(&folder, &telephone(&url, "token"), vec![keep(id, 2), place(id, 2)]);
        let refused = format!("r2 refused: {}", code.as_str());
        assert_eq!(told, [refused.clone(), refused]);
        let (shop, act) = (Shop::default(), Entry::act(id, OrderAct::Change, None, &mut chance()));
        let desk = telephone(&shop.opens(), "token");
        let (found, told) = run(&folder, &desk, vec![act]);
        assert_eq!((found, told), (vec![2], vec!["r2 Draft Created".into(), "r2 Draft Unchanged".into()]));
        assert_eq!(shop.done(), ["written r2", "change"], "{code:?}");
    }
}

#[test]
fn what_was_written_of_an_order_that_has_moved_on_is_said_once_and_never_comes_back() {
    for code in [ProblemCode::OrderMovedOn, ProblemCode::AfterCutOff, ProblemCode::NotYours] {
        let (shop, folder, id) = (Shop::default(), Folder::new(), new_order_id());
        shop.book().refuses = Some(code);
        let desk = telephone(&shop.opens(), "token");
        let (_, told) = run(&folder, &desk, vec![keep(id, 2)]);
        assert_eq!(told, [format!("r2 refused: {}", code.as_str())]);
        assert_eq!(run(&folder, &desk, vec![]), (vec![], vec![]));
    }
}

#[test]
fn a_restart_finds_what_is_to_be_placed_apart_from_what_is_written_and_dropped() {
    let (folder, chance) = (Folder::new(), &mut chance());
    let ids @ [written, placed, changed, dropped] = [(); 4].map(|()| new_order_id());
    block_on(async {
        let outbox = open(&folder.path("outbox"), "token").await;
        let mut entries: Vec<Entry> = ids.into_iter().map(|id| keep(id, 1)).collect();
        entries.extend([placed, changed].map(|id| place(id, 1)));
        entries.extend([Entry::act(changed, OrderAct::Change, None, chance), keep(changed, 2)]);
        entries.push(Entry::act(dropped, OrderAct::Cancel, None, chance));
        outbox.append(entries).await.unwrap();
    });
    block_on(async {
        let found = open(&folder.path("outbox"), "token").await.found();
        let is_found = |id, revision| found.contains(&OrderNews::Found(Box::new(order(id, revision))));
        assert!(is_found(written, 1) && is_found(placed, 1) && is_found(changed, 2));
        assert!(found.contains(&OrderNews::Places { id: placed }));
        assert_eq!(found.len(), 4);
    });
}

#[test]
fn changes_of_orders_are_heard_again_after_the_connection_has_broken() {
    let changed = json!({
        "id": new_order_id(), "client": Uuid::nil(), "revision": 4, "state": "accepted",
        "changed_at": "2026-05-06T07:08:09Z",
    });
    let told = [
        format!(":\n\nevent: note\ndata: {{}}\n\nevent: order\ndata: {changed}\n\n"),
        "event: lost\ndata: {}\n\n".to_owned(),
    ];
    let url = misbehaving(move |mut stream, number| {
        let (head, _) = read_request(&stream);
        assert!(head.contains("/v1/events") && head.to_lowercase().contains("authorization: bearer token"));
        match number {
            1 => answer(&stream, "503 Service Unavailable", PROBLEM, "{}"),
            number => {
                let text = &told[usize::from(number > 0)];
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
                std::io::Write::write_all(&mut stream, format!("{head}{text}").as_bytes()).unwrap();
            }
        }
    });
    let desk = telephone(&url, "token");
    block_on(async {
        let (tell, mut news) = unbounded_channel();
        let waits = Waits { first: Duration::from_millis(10), longest: Duration::from_millis(40) };
        let mut heard = Vec::new();
        let hearing = async {
            while heard.len() < 7 {
                heard.push(match news.recv().await.unwrap() {
                    OrderWatch::Changed(changed) => format!("{:?}", changed.state),
                    told => format!("{told:?}"),
                });
            }
        };
        tokio::select! {
            () = desk.watch_orders([1; 32], waits, tell) => unreachable!("it is listened to"),
            () = hearing => {}
        }
        assert_eq!(heard, ["Live", "Accepted", "Away", "Away", "Live", "Missed", "Away"]);
    });
}

#[test]
fn a_call_back_that_is_asked_for_while_the_desk_is_away_says_so_and_reaches_it_once() {
    let id = TaskId(new_order_id().0);
    let task = Task {
        id,
        client: None,
        name: Some("Новый клиент".into()),
        number: "89161234567".into(),
        person: None,
        department: None,
        about: "prices".into(),
        due: None,
        order: None,
        call: None,
    };
    let folder = Folder::new();
    let (asked, commands) = (task.clone(), Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&commands);
    let url = misbehaving(move |stream, number| {
        let (head, body) = read_request(&stream);
        assert!(head.starts_with(&format!("PUT /v1/tasks/{id} ")), "{head}");
        assert_eq!(serde_json::from_str::<Task>(&body).unwrap(), asked);
        let command =
            head.to_lowercase().lines().find(|line| line.starts_with("idempotency-key")).map(str::to_owned);
        seen.lock().unwrap().push(command.unwrap());
        match number {
            // The first answer gets lost.
            0 => drop(stream),
            _ => answer(
                &stream,
                "200 OK",
                "application/json",
                &json!({"id": id, "change": "created"}).to_string(),
            ),
        }
    });
    block_on(async {
        let outbox = open(&folder.path("outbox"), "token").await;
        let (sender, mut notices) = unbounded_channel();
        let away = telephone("http://127.0.0.1:9", "token");
        let story = async {
            outbox.append(vec![Entry::Task(Box::new(task.clone()))]).await.unwrap();
            while notices.recv().await != Some(Notice::Task(TaskNews::Waits(id))) {}
        };
        tokio::select! {
            () = outbox.run(&away, sender) => unreachable!("it never ends"),
            () = story => {}
        }
    });
    block_on(async {
        let outbox = open(&folder.path("outbox"), "token").await;
        assert_eq!(outbox.waiting(), 1, "it is on disk");
        assert_eq!(outbox.found_tasks(), [TaskNews::Found(Box::new(task))]);
        let (left, notices) = deliver(&outbox, &telephone(&url, "token")).await;
        assert_eq!(left, 0);
        assert!(drain(notices).contains(&Notice::Task(TaskNews::Answered(id))));
    });
    let commands = commands.lock().unwrap();
    assert_eq!(commands.len(), 2);
    assert_eq!(commands[0], commands[1], "a repeat");
}

#[test]
fn a_desk_that_confirms_less_than_was_written_has_not_taken_it() {
    let (folder, id) = (Folder::new(), new_order_id());
    let said = Arc::new(Mutex::new(receipt(id, 1, Change::Unchanged, OrderState::Draft)));
    let says = Arc::clone(&said);
    let url = misbehaving(move |stream, _| {
        read_request(&stream);
        answer(&stream, "200 OK", "application/json", &says.lock().unwrap().to_string());
    });
    let desk = telephone(&url, "token");
    let wrong = Unavailable::BadAnswer(BadAnswer::WrongShape);
    block_on(async {
        assert_eq!(desk.put_order(&order(id, 2)).await, Err(wrong.clone()), "an older revision");
        *said.lock().unwrap() = receipt(new_order_id(), 2, Change::Created, OrderState::Draft);
        assert_eq!(desk.put_order(&order(id, 2)).await, Err(wrong.clone()), "another order");
        assert_eq!(desk.place_order(id, 2, Uuid::nil()).await, Err(wrong.clone()));
        // Nor are these what was asked for.
        assert_eq!(desk.terms(ClientId(Uuid::nil())).await, Err(wrong.clone()));
        assert_eq!(
            desk.products(ClientId(Uuid::nil()), &Sought::Words("milk".into()), None).await,
            Err(wrong.clone())
        );
        assert_eq!(desk.drafts().await, Err(wrong));
        let outbox = open(&folder.path("outbox"), "token").await;
        outbox.append(vec![keep(id, 2)]).await.unwrap();
        assert_eq!(outbox.flush(Duration::ZERO).await, 1);
    });
}

#[test]
fn an_order_kept_under_another_token_is_read_by_nobody_and_waits_for_that_one() {
    let (folder, id) = (Folder::new(), new_order_id());
    let path = folder.path("outbox");
    block_on(async {
        open(&path, "old").await.append(vec![keep(id, 1)]).await.unwrap();
        let other = open(&path, "new").await;
        assert_eq!((other.orders().len(), other.unreadable()), (0, 1));
        drop(other);
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(16).any(|window| window == "Соколова".as_bytes()));
        assert_eq!(open(&path, "old").await.orders(), [order(id, 1)]);
    });
}

const CHILD: &str = "PATCHCORD_TEST_ORDER_OUTBOX";

/// Not a test of its own: the process that the next test kills.
#[test]
fn child_that_types_until_killed() {
    let Ok(path) = std::env::var(CHILD) else { return };
    block_on(async {
        let (outbox, id) = (open(Path::new(&path), "token").await, new_order_id());
        for revision in 1.. {
            outbox.append(vec![keep(id, revision)]).await.unwrap();
            println!("kept {revision}");
        }
    });
}

#[test]
fn a_killed_telephone_finds_the_order_as_it_was_kept_last() {
    let folder = Folder::new();
    let path = folder.path("outbox");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "order_outbox::child_that_types_until_killed",
            "--exact",
            "--nocapture",
            "--test-threads",
            "1",
        ])
        .env(CHILD, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut kept = 0;
    for line in lines {
        if let Some((_, revision)) = line.split_once("kept ") {
            kept = revision.parse::<u32>().unwrap();
        }
        if kept == 50 {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    block_on(async {
        let found = open(&path, "token").await.orders();
        let [order] = found.as_slice() else { panic!("{} orders", found.len()) };
        assert!((kept..=kept + 1).contains(&order.revision), "r{} of {kept}", order.revision);
    });
}
