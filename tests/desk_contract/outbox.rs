//! The register's way to the desk: kept before it looks kept, in order, once.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use patchcord::clock::Clock;
use patchcord::desk::{Desk, Entry, Notice, Outbox, OutboxError, Waits};
use patchcord::desk_api::{CallRecord, CallRecordId, ProblemCode, Unavailable};
use patchcord::secrets::Secret;
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use uuid::Uuid;

use super::fixture::{self, Folder, call, call_path, ended_call, new_call_id};
use super::telephone::{answer, block_on, misbehaving, read_request, telephone};

pub const PATIENCE: Duration = Duration::from_secs(10);

fn record(id: Uuid, revision: u32) -> Vec<Entry> {
    vec![Entry::Call(serde_json::from_value(ended_call(id, revision)).unwrap())]
}

pub async fn open(path: &Path, token: &str) -> Outbox {
    let seed = fixture::random().to_le_bytes();
    let seed = [seed, seed].concat().try_into().unwrap();
    let waits = Waits { first: Duration::from_millis(20), longest: Duration::from_millis(100) };
    // A write that was under way when the last owner was dropped holds the file until it is done.
    for _ in 0..100 {
        match Outbox::open(path, &Secret::new(token), seed, Clock::start(), waits).await {
            Err(OutboxError::InUse) => tokio::time::sleep(waits.first).await,
            opened => return opened.unwrap(),
        }
    }
    panic!("the outbox is still in use");
}

/// Runs the outbox until all is delivered; what it said meanwhile.
pub async fn deliver(outbox: &Outbox, desk: &Desk) -> (usize, UnboundedReceiver<Notice>) {
    let (sender, notices) = unbounded_channel();
    tokio::select! {
        () = outbox.run(desk, sender) => unreachable!("it never ends"),
        left = outbox.flush(PATIENCE) => (left, notices),
    }
}

fn delivered(id: Uuid, revision: u32) -> Notice {
    Notice::Delivered { id: CallRecordId(id), revision }
}

/// As a desk does that has not seen this entry before.
fn take(stream: &TcpStream, entry: &CallRecord) {
    let receipt = json!({"id": entry.id, "revision": entry.revision, "change": "created"});
    answer(stream, "201 Created", "application/json", &receipt.to_string());
}

pub fn drain(mut notices: UnboundedReceiver<Notice>) -> Vec<Notice> {
    std::iter::from_fn(|| notices.try_recv().ok()).collect()
}

#[test]
fn entries_made_while_the_desk_is_down_arrive_in_order_when_it_is_back() {
    let mut desk = fixture::Desk::own(&[]);
    let token = desk.token("operator").to_owned();
    let ids: Vec<Uuid> = (0..5).map(|_| new_call_id()).collect();
    let path = desk.folder.path("outbox");
    // The desk is away: nothing listens at this address.
    let away = telephone("http://127.0.0.1:9", &token);
    block_on(async {
        let outbox = open(&path, &token).await;
        for &id in &ids {
            outbox.append(record(id, 1)).await.unwrap();
            outbox.append(record(id, 2)).await.unwrap();
        }
        let (sender, notices) = unbounded_channel();
        let _ = tokio::time::timeout(Duration::from_millis(300), outbox.run(&away, sender)).await;
        assert_eq!(drain(notices), [Notice::Waiting { why: Unavailable::Down, waiting: 5 }], "said once");
        assert_eq!(outbox.waiting(), 5);
    });
    desk.restart(&[]);
    block_on(async {
        let outbox = open(&path, &token).await;
        let (left, notices) = deliver(&outbox, &telephone(&desk.url, &token)).await;
        assert_eq!(left, 0);
        let expected: Vec<Notice> =
            ids.iter().map(|&id| Notice::Delivered { id: CallRecordId(id), revision: 2 }).collect();
        assert_eq!(drain(notices), expected);
    });
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0, "nothing is left on disk");
    for id in ids {
        assert_eq!(desk.get("operator", &call_path(id), &[]).body["revision"], 2);
    }
}

#[test]
fn an_answer_lost_on_the_way_leads_to_a_repeat_of_the_same_command() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&seen);
    let url = misbehaving(move |stream, number| {
        let (head, body) = read_request(&stream);
        let command = head.to_lowercase().split("idempotency-key: ").nth(1).unwrap()[..36].to_owned();
        let entry: CallRecord = serde_json::from_str(&body).unwrap();
        requests.lock().unwrap().push((command, entry.revision));
        // The first two are taken, and the answer is lost.
        if number >= 2 {
            take(&stream, &entry);
        }
    });
    let folder = Folder::new();
    block_on(async {
        let outbox = open(&folder.path("outbox"), "token").await;
        outbox.append(record(new_call_id(), 1)).await.unwrap();
        assert_eq!(deliver(&outbox, &telephone(&url, "token")).await.0, 0);
    });
    let seen = seen.lock().unwrap();
    assert!(seen.len() >= 3, "{seen:?}");
    assert!(seen.iter().all(|request| *request == seen[0]), "{seen:?}");
}

#[test]
fn an_entry_the_desk_refuses_does_not_hold_up_the_next() {
    let desk = fixture::Desk::own(&[]);
    let token = desk.token("operator").to_owned();
    let (foreign, own) = (new_call_id(), new_call_id());
    desk.put("operator2", &call_path(foreign), &call(foreign, 1));
    block_on(async {
        let path = desk.folder.path("outbox");
        let outbox = open(&path, &token).await;
        outbox.append(record(foreign, 2)).await.unwrap();
        outbox.append(record(own, 1)).await.unwrap();
        let (left, notices) = deliver(&outbox, &telephone(&desk.url, &token)).await;
        assert_eq!(left, 1, "the refused one is not thrown away");
        let refused = Notice::Refused { id: CallRecordId(foreign), status: 403, code: ProblemCode::NotYours };
        let delivered = Notice::Delivered { id: CallRecordId(own), revision: 1 };
        assert_eq!(drain(notices), [refused, delivered]);
        drop(outbox);
        assert_eq!(open(&path, &token).await.waiting(), 1, "and is tried again after a restart");
    });
}

#[test]
fn an_entry_the_desk_stumbles_over_lets_the_others_go_first_and_is_not_forgotten() {
    for (status, content_type) in
        [("500 Oops", "text/plain"), ("404 Not Found", "text/html"), ("413 Too Large", "text/html")]
    {
        let (stone, others) = (new_call_id(), [new_call_id(), new_call_id()]);
        let stumbles = Arc::new(Mutex::new(true));
        let still_stumbles = Arc::clone(&stumbles);
        let url = misbehaving(move |stream, _| {
            let entry: CallRecord = serde_json::from_str(&read_request(&stream).1).unwrap();
            if entry.id.0 == stone && *still_stumbles.lock().unwrap() {
                return answer(&stream, status, content_type, "");
            }
            take(&stream, &entry);
        });
        let folder = Folder::new();
        block_on(async {
            let outbox = open(&folder.path("outbox"), "token").await;
            outbox.append(record(stone, 1)).await.unwrap();
            outbox.append(record(others[0], 1)).await.unwrap();
            let (sender, mut notices) = unbounded_channel();
            let telephone = telephone(&url, "token");
            let story = async {
                assert!(matches!(notices.recv().await, Some(Notice::Waiting { waiting: 2, .. })));
                assert_eq!(notices.recv().await, Some(delivered(others[0], 1)));
                // A call of later does not wait for it either, and hears nothing of its trouble.
                outbox.append(record(others[1], 1)).await.unwrap();
                assert_eq!(notices.recv().await, Some(delivered(others[1], 1)));
                *stumbles.lock().unwrap() = false;
                outbox.append(record(stone, 2)).await.unwrap();
                assert_eq!(outbox.flush(PATIENCE).await, 0);
            };
            tokio::select! {
                () = outbox.run(&telephone, sender) => unreachable!("it never ends"),
                () = story => {}
            }
            // The first revision was on its way, perhaps, when the second came.
            let last = drain(notices).pop();
            assert_eq!(last, Some(delivered(stone, 2)), "{status}");
        });
    }
}

#[test]
fn while_the_desk_knows_nobody_the_entries_keep_their_order() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let url = misbehaving(move |stream, number| {
        let entry: CallRecord = serde_json::from_str(&read_request(&stream).1).unwrap();
        seen.lock().unwrap().push(entry.id.0);
        match number {
            0..6 => answer(&stream, "401 Unauthorized", "text/plain", ""),
            _ => take(&stream, &entry),
        }
    });
    let (first, second) = (new_call_id(), new_call_id());
    let folder = Folder::new();
    block_on(async {
        let outbox = open(&folder.path("outbox"), "token").await;
        outbox.append(record(first, 1)).await.unwrap();
        outbox.append(record(second, 1)).await.unwrap();
        assert_eq!(deliver(&outbox, &telephone(&url, "token")).await.0, 0);
    });
    assert_eq!(*asked.lock().unwrap(), [first, first, first, first, first, first, first, second]);
}

#[test]
fn a_wrong_token_is_said_and_nothing_is_lost() {
    let desk = fixture::Desk::own(&[]);
    let id = new_call_id();
    let path = desk.folder.path("outbox");
    block_on(async {
        let outbox = open(&path, "wrong").await;
        outbox.append(record(id, 1)).await.unwrap();
        let (sender, notices) = unbounded_channel();
        let telephone = telephone(&desk.url, "wrong");
        let _ = tokio::time::timeout(Duration::from_millis(300), outbox.run(&telephone, sender)).await;
        assert_eq!(drain(notices), [Notice::Waiting { why: Unavailable::WrongToken, waiting: 1 }]);
        drop(outbox);
        let right = open(&path, desk.token("operator")).await;
        assert_eq!((right.waiting(), right.unreadable()), (0, 1), "kept, and said");
    });
}

#[test]
fn a_revision_made_while_the_one_before_is_on_its_way_is_sent_too() {
    let desk = fixture::Desk::own(&[]);
    let token = desk.token("operator").to_owned();
    let id = new_call_id();
    block_on(async {
        let outbox = open(&desk.folder.path("outbox"), &token).await;
        let (sender, _notices) = unbounded_channel();
        let telephone = telephone(&desk.url, &token);
        let calls = async {
            for revision in 1..=20 {
                outbox.append(record(id, revision)).await.unwrap();
                tokio::task::yield_now().await;
            }
            outbox.flush(PATIENCE).await
        };
        tokio::select! {
            () = outbox.run(&telephone, sender) => unreachable!("it never ends"),
            left = calls => assert_eq!(left, 0),
        }
    });
    assert_eq!(desk.get("operator", &call_path(id), &[]).body["revision"], 20);
}

#[test]
fn what_a_second_telephone_left_behind_is_sent_by_the_first() {
    let desk = fixture::Desk::own(&[]);
    let token = desk.token("operator").to_owned();
    let (ours, theirs) = (new_call_id(), new_call_id());
    let (first_path, second_path) = (desk.folder.path("outbox"), desk.folder.path("outbox-2"));
    block_on(async {
        let secret = Secret::new(&*token);
        let first = open(&first_path, &token).await;
        let second = open(&second_path, &token).await;
        first.append(record(ours, 1)).await.unwrap();
        second.append(record(theirs, 1)).await.unwrap();
        assert!(matches!(first.adopt(&second_path, &secret).await, Err(OutboxError::InUse)));
        drop(second);
        assert_eq!(first.adopt(&second_path, &secret).await.unwrap(), 1);
        assert_eq!(first.adopt(&second_path, &secret).await.unwrap(), 0);
        assert_eq!(deliver(&first, &telephone(&desk.url, &token)).await.0, 0);
    });
    for id in [ours, theirs] {
        assert_eq!(desk.get("operator", &call_path(id), &[]).status, 200);
    }
}

const CHILD: &str = "PATCHCORD_TEST_OUTBOX";

/// Not a test of its own: the process that the next test kills.
#[test]
fn child_that_appends_until_killed() {
    let Ok(path) = std::env::var(CHILD) else { return };
    block_on(async {
        let outbox = open(Path::new(&path), "token").await;
        loop {
            let id = new_call_id();
            outbox.append(record(id, 1)).await.unwrap();
            println!("kept {id}");
        }
    });
}

#[test]
fn what_a_killed_process_had_kept_is_there_afterwards() {
    let folder = Folder::new();
    let path = folder.path("outbox");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["outbox::child_that_appends_until_killed", "--exact", "--nocapture", "--test-threads", "1"])
        .env(CHILD, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut kept = Vec::new();
    for line in lines {
        if let Some((_, id)) = line.split_once("kept ") {
            kept.push(id.parse::<Uuid>().unwrap());
        }
        if kept.len() == 50 {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(kept.len() >= 50);
    block_on(async {
        let outbox = open(&path, "token").await;
        assert!(outbox.waiting() >= kept.len(), "{} of {}", outbox.waiting(), kept.len());
        assert!(outbox.waiting() <= kept.len() + 1, "at most one more was kept and not yet said");
        assert_eq!(outbox.damaged(), 0);
    });
}

#[test]
fn the_last_moment_before_the_end_is_used_for_one_more_attempt() {
    let folder = Folder::new();
    let away = Arc::new(Mutex::new(true));
    let is_away = Arc::clone(&away);
    // The desk is away at first, and an hour would pass before the next attempt.
    let url = misbehaving(move |stream, _| {
        let (_, body) = read_request(&stream);
        if *is_away.lock().unwrap() {
            answer(&stream, "503 Busy", "text/plain", "");
            return;
        }
        let entry: CallRecord = serde_json::from_str(&body).unwrap();
        take(&stream, &entry);
    });
    block_on(async {
        let hour = Duration::from_secs(3600);
        let path = folder.path("outbox");
        let waits = Waits { first: hour, longest: hour };
        let token = Secret::new("token");
        let outbox = Outbox::open(&path, &token, [3; 32], Clock::start(), waits).await.unwrap();
        outbox.append(record(new_call_id(), 1)).await.unwrap();
        let (sender, mut notices) = unbounded_channel();
        let telephone = telephone(&url, "token");
        let at_the_end = async {
            assert!(matches!(notices.recv().await, Some(Notice::Waiting { .. })));
            *away.lock().unwrap() = false;
            tokio::time::sleep(Duration::from_millis(50)).await;
            outbox.flush(PATIENCE).await
        };
        tokio::select! {
            () = outbox.run(&telephone, sender) => unreachable!("it never ends"),
            left = at_the_end => assert_eq!(left, 0),
        }
    });
}
