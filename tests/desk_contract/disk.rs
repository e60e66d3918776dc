//! Disks that are full, and those that take no writes: the desk says so, the operator's program keeps what was typed, and
//! all of it goes through once there is room.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use patchcord::desk::{Entry, Notice};
use patchcord::desk_api::{Order, OrderId, OrderNews, OrderState, Role, Unavailable};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use serde_json::json;
use tokio::sync::mpsc::unbounded_channel;
use uuid::Uuid;

use super::fixture::{Desk, Folder, new_token, random, run};
use super::orders::{Shop, path, state};
use super::outbox::{PATIENCE, open};
use super::telephone::{block_on, telephone};

/// Takes all that is left of the desk's disk.
fn fill(desk: &Desk) -> PathBuf {
    let pid = desk.server.as_ref().unwrap().pid();
    let disk = desk.folder.path("disk");
    let filler = PathBuf::from(format!("/proc/{pid}/root{}/filler", disk.display()));
    let mut file = std::fs::File::create(&filler).unwrap();
    for size in [65_536, 4096, 1] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
    filler
}

#[test]
fn what_is_typed_while_the_desks_disk_is_full_is_kept_and_placed_once_there_is_room() {
    let shop = Shop::open_at(Desk::on_small_disk("16m"), 12_000);
    let mut before = shop.order(30);
    shop.agree("operator", &mut before);
    assert_eq!(state(&shop.place("operator", &before)), "placed");
    let mut order = shop.order(30);
    let total = shop.agree("operator", &mut order).examined.total.gross;
    let filler = fill(&shop.desk);
    // What is acknowledged by a desk that has a little room left in its log is kept; then it says what is wrong.
    let full = loop {
        order["revision"] = json!(order["revision"].as_u64().unwrap() + 1);
        let reply = shop.desk.put("operator", &path(&order), &order);
        if reply.status != 200 {
            break reply;
        }
    };
    full.assert_problem(507, "storage_full");
    let kept = shop.desk.get("operator", &path(&order), &[]);
    assert_eq!(
        kept.body["order"]["revision"],
        json!(order["revision"].as_u64().unwrap() - 1),
        "it still answers"
    );
    shop.terms();

    let token = shop.desk.token("operator").to_owned();
    let desk = telephone(&shop.desk.url, &token);
    let mut order: Order = serde_json::from_value(order).unwrap();
    order.agreed_total = Some(total);
    let id = order.id;
    block_on(async {
        let outbox = open(&shop.desk.folder.path("outbox"), &token).await;
        let (sender, mut notices) = unbounded_channel();
        let story = async {
            let revision = order.revision;
            let mut chance = ChaCha20Rng::seed_from_u64(random() as u64);
            let entries = vec![Entry::Order(Box::new(order)), Entry::place(id, revision, &mut chance)];
            assert_eq!(outbox.append(entries).await.unwrap(), [OrderNews::Kept { id, revision }]);
            assert_eq!(notices.recv().await, Some(Notice::Order(OrderNews::Waits { id })));
            // On a computer that is busy the desk may be slow first.
            let mut said = Vec::new();
            while said.last() != Some(&Unavailable::Failed { status: 507 }) {
                let notice = tokio::time::timeout(PATIENCE, notices.recv()).await;
                let Ok(Some(Notice::Waiting { why, .. })) = notice else {
                    panic!("{notice:?} after {said:?}")
                };
                said.push(why);
            }
            std::fs::remove_file(filler).unwrap();
            assert_eq!(outbox.flush(PATIENCE).await, 0);
        };
        tokio::select! {
            () = outbox.run(&desk, sender) => unreachable!("it never ends"),
            () = story => {}
        }
    });
    let entry = shop.desk.get("operator", &format!("/v1/orders/{id}"), &[]);
    assert_eq!(entry.body["state"], json!(OrderState::Placed));
    assert_eq!(shop.free(), "11280", "both orders have their goods");
}

#[test]
fn a_disk_that_fills_while_orders_are_typed_loses_none_that_was_acknowledged() {
    let shop = Shop::open_at(Desk::on_small_disk("6m"), 1_000_000);
    let mut acknowledged = Vec::new();
    let full = loop {
        let mut order = shop.order(30);
        order["note"] = json!("x".repeat(2000));
        let reply = shop.desk.put("operator", &path(&order), &order);
        if reply.status != 201 {
            break reply;
        }
        acknowledged.push(order);
    };
    full.assert_problem(507, "storage_full");
    assert!(acknowledged.len() > 20);
    for order in &acknowledged {
        assert_eq!(shop.desk.get("operator", &path(order), &[]).body["order"]["note"], order["note"]);
    }
}

#[test]
fn a_database_that_cannot_be_written_is_said_when_the_desk_begins() {
    let folder = Folder::new();
    let database = format!("sqlite:{}", folder.path("desk.db").display());
    new_token(&database, Role::Operator, "anna");
    // Only reading, even for an administrator.
    let script = "mount --bind \"$0\" \"$0\"; mount -o remount,ro,bind \"$0\"; exec \"$@\"";
    let output = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-ec",
            script,
            folder.path(".").to_str().unwrap(),
        ])
        .args([super::fixture::BINARY, "serve", "--listen", "127.0.0.1:0", "--database", &database])
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("desk.db"), "{said}");
    let nowhere = run(&["serve", "--listen", "127.0.0.1:0", "--database", "sqlite:/proc/nowhere/desk.db"]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("/proc/nowhere/desk.db"));
}

/// As a standby is, or one whose administrator has closed it.
#[test]
fn a_postgresql_that_only_reads_is_said_and_takes_the_order_when_it_writes_again() {
    let Ok(socket) = std::env::var("PATCHCORD_TEST_POSTGRES") else { return };
    let shop = Shop::open_at(Desk::own(&[]), 12_000);
    let name = shop.desk.folder.database().rsplit('/').next().unwrap().to_owned();
    let set = |value: &str| {
        let sql = format!(
            "ALTER DATABASE \"{name}\" SET default_transaction_read_only = {value}; \
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        );
        let done = Command::new("psql")
            .args(["-qAt", "-h", &socket, "-U", "desk", "-d", "postgres", "-c", &sql])
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let order = shop.order(30);
    set("on");
    shop.desk.put("operator", &path(&order), &order).assert_problem(503, "storage_failed");
    shop.terms();
    set("off");
    assert_eq!(shop.desk.put("operator", &path(&order), &order).status, 201);
    let id: Uuid = serde_json::from_value(order["id"].clone()).unwrap();
    assert_eq!(shop.desk.get("operator", &format!("/v1/orders/{}", OrderId(id)), &[]).status, 200);
}
