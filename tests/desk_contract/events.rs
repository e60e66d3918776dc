//! Changes as they come: to whom, until when, and none of them missed.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::accounts::{PASSWORD, Staff};
use super::fixture::{Desk, call, call_path, new_call_id, random, run};

/// Reads server-sent events as they come.
pub struct Events(BufReader<TcpStream>);

impl Events {
    pub fn listen(desk: &Desk, who: &str) -> Self {
        Self::listen_by(desk, &format!("Authorization: Bearer {}", desk.token(who)))
    }

    /// Known by this header.
    pub fn listen_by(desk: &Desk, header: &str) -> Self {
        let host = desk.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "GET /v1/events HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{header}\r\n\r\n")
            .unwrap();
        let mut events = Self(BufReader::new(stream));
        assert!(events.line().starts_with("HTTP/1.1 200"));
        while !events.line().trim().is_empty() {}
        events
    }

    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line
    }

    /// The desk ends the stream; what came before it.
    pub fn ends(mut self) -> String {
        let mut rest = String::new();
        self.0.read_to_string(&mut rest).expect("the stream ends in time");
        rest
    }

    /// The next change of an order.
    pub fn order(&mut self) -> Value {
        self.event("order")
    }

    /// The next event of this kind.
    pub fn event(&mut self, kind: &str) -> Value {
        let wanted = format!("event: {kind}");
        while self.line().trim() != wanted {}
        serde_json::from_str(self.line().trim().strip_prefix("data: ").unwrap()).unwrap()
    }

    /// The change that brings this state; what was written in the moment before may be told, too.
    pub fn becomes(&mut self, state: &str) -> Value {
        loop {
            let order = self.order();
            if order["state"] == state {
                return order;
            }
        }
    }
}

/// A client whom this manager looks after.
fn client_of(desk: &Desk, manager: &str) -> Uuid {
    let id = Uuid::from_u128(random());
    let mut client = desk.client("Romashka", &[]);
    client["manager"] = json!(manager);
    assert_eq!(desk.put("admin", &format!("/v1/clients/{id}"), &client).status, 201);
    id
}

fn record(client: Uuid) -> Value {
    let mut record = call(new_call_id(), 1);
    record["client"] = json!(client);
    record["ended_at"] = json!("2026-05-06T07:09:10Z");
    record["outcome"] = json!("missed");
    record
}

fn put_call(desk: &Desk, record: &Value) {
    let id = serde_json::from_value(record["id"].clone()).unwrap();
    assert_eq!(desk.put("operator", &call_path(id), record).status, 201);
}

#[test]
fn a_manager_hears_of_own_clients_and_of_who_is_passed_on_and_of_nothing_else() {
    let staff = Staff::hired();
    let desk = &staff.desk;
    let (own, other) = (client_of(desk, "ivanova"), client_of(desk, "belov"));
    let cookie = staff.log_in("ivanova", PASSWORD);
    let mut ivanova = Events::listen_by(desk, &format!("Cookie: {cookie}"));
    let handover = |to: &str, client: Uuid| {
        let id = new_call_id();
        let written = json!({"id": id, "revision": 1, "to": to, "way": "return", "from": "101", "operator": "o",
            "client": client});
        assert_eq!(desk.put("operator", &format!("/v1/handovers/{id}"), &written).status, 201);
        json!(id)
    };
    let task = |client: Uuid| {
        let id = new_call_id();
        let written = json!({"id": id, "number": "1", "about": "call", "client": client});
        assert_eq!(desk.put("operator", &format!("/v1/tasks/{id}"), &written).status, 201);
        json!(id)
    };
    // Each of another's first: it would be heard before the own one.
    for client in [other, own] {
        put_call(desk, &record(client));
    }
    assert_eq!(ivanova.event("call")["client"], own.to_string());
    let (_, mine) = (task(other), task(own));
    assert_eq!(ivanova.event("task"), json!({"id": mine, "is_done": false}));
    let (_, mine) = (handover("204", own), handover("201", other));
    assert_eq!(ivanova.event("handover"), json!({"id": mine, "to": "201"}));
    let orders = [other, own].map(|client| {
        let id = new_call_id();
        let draft = json!({"id": id, "revision": 1, "client": client});
        assert_eq!(desk.put("operator", &format!("/v1/orders/{id}"), &draft).status, 201);
        json!(id)
    });
    assert_eq!(ivanova.order()["id"], orders[1]);
    // A head gives her the other one: from now on she hears of that client, too.
    let assigned = desk.put("admin", &format!("/v1/clients/{other}/manager"), &json!({"manager": "ivanova"}));
    assert_eq!(assigned.status, 200, "{}", assigned.text);
    assert_eq!(ivanova.event("client"), json!({"id": other, "manager": "ivanova"}));
    put_call(desk, &record(other));
    assert_eq!(ivanova.event("call")["client"], other.to_string());
}

#[test]
fn a_token_that_is_revoked_and_a_session_that_ends_hear_nothing_more_within_seconds() {
    let staff = Staff::hired();
    let desk = &staff.desk;
    let cookie = staff.log_in("ivanova", PASSWORD);
    let session = Events::listen_by(desk, &format!("Cookie: {cookie}"));
    let token = Events::listen(desk, "operator2");
    let mut stays = Events::listen(desk, "operator");
    let request = desk.request(reqwest::Method::DELETE, "/v1/session");
    let request = request.header("cookie", &cookie).header(patchcord::desk_api::PAGE, "person");
    assert_eq!(desk.outcome(request).0, 204);
    assert!(run(&["token", "revoke", "operator2", "--database", &desk.folder.database()]).status.success());
    for ended in [session, token] {
        assert!(!ended.ends().contains("event:"));
    }
    let id = new_call_id();
    let client = client_of(desk, "ivanova");
    let draft = json!({"id": id, "revision": 1, "client": client});
    assert_eq!(desk.put("operator", &format!("/v1/orders/{id}"), &draft).status, 201);
    assert_eq!(stays.order()["id"], json!(id));
}

#[test]
fn listeners_are_told_to_come_back_at_different_times() {
    let desk = Desk::own(&[]);
    let times: std::collections::BTreeSet<String> = (0..8)
        .map(|_| {
            let mut events = Events::listen(&desk, "manager");
            loop {
                if let Some(wait) = events.line().trim().strip_prefix("retry: ").map(str::to_owned) {
                    return wait;
                }
            }
        })
        .collect();
    assert!(times.len() > 1, "{times:?}");
    assert!(times.iter().all(|time| (500..3000).contains(&time.parse::<u32>().unwrap())), "{times:?}");
}

/// PostgreSQL alone: SQLite has one writer.
#[test]
fn what_another_desk_commits_long_after_its_time_is_told_all_the_same() {
    let Ok(socket) = std::env::var("PATCHCORD_TEST_POSTGRES") else { return };
    let desk = Desk::own(&[]);
    let client = desk.add_client("Romashka", &[]);
    let write = |id: Uuid, revision: u32| {
        let draft = json!({"id": id, "revision": revision, "client": client});
        assert!(matches!(desk.put("operator", &format!("/v1/orders/{id}"), &draft).status, 200 | 201));
    };
    let (late, early) = (new_call_id(), new_call_id());
    write(late, 1);
    let mut events = Events::listen(&desk, "operator");
    let name = desk.folder.database();
    let name = name.rsplit('/').next().unwrap();
    let slow = format!(
        "BEGIN; INSERT INTO changes (kind, subject) VALUES ('order', '{late}'); SELECT pg_sleep(8); COMMIT"
    );
    let mut other = std::process::Command::new("psql")
        .args(["-h", &socket, "-U", "desk", "-d", name, "-c", &slow])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // Written later, told first.
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let count = std::process::Command::new("psql")
            .args(["-h", &socket, "-U", "desk", "-d", name, "-Atc"])
            .arg("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(8)%' AND state = 'active' AND pid <> pg_backend_pid()")
            .output()
            .unwrap();
        if String::from_utf8_lossy(&count.stdout).trim() == "1" {
            break;
        }
    }
    write(early, 1);
    // What was written in the moment before may be told, too.
    while events.order()["id"] != json!(early) {}
    assert!(other.wait().unwrap().success());
    assert_eq!(events.order()["id"], json!(late));
}
