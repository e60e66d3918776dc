//! The demonstration does what the README says: one call, from the first ring to whoever takes it.

#[allow(dead_code, reason = "shared with tests that read line by line")]
#[path = "support/schema.rs"]
mod schema;

#[allow(dead_code, reason = "shared with tests that wait for more")]
#[expect(clippy::disallowed_methods, reason = "these tests wait for running programs by the clock")]
#[path = "support/waiting.rs"]
mod waiting;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use waiting::{seconds, until};

/// The manager is busy, another key account manager does not answer, the head of wholesale takes the call.
#[test]
fn the_demo_plays_one_call_by_the_desks_rules_and_prints_its_events_alone() {
    let events = demo(
        &["--headless", "--once", "--json", "--speed", "2"],
        &["passed_over", "transfer_started", "transfer_failed", "transfer_started", "transferred"],
    );
    let all = |name: &str, field: &str| -> Vec<String> {
        let found = events.iter().filter(|event| event["event"] == name);
        found.map(|event| event[field].to_string().trim_matches('"').to_owned()).collect()
    };
    assert_eq!(all("transfer_started", "target"), ["204", "302"]);
    assert_eq!(all("transfer_failed", "client"), ["kept"]);
    assert_eq!(all("transferred", "target"), ["302"]);
    let ringing = events.iter().find(|event| event["event"] == "ringing_in").expect("checked in `demo`");
    assert!(
        ringing["ms"].as_u64().is_some_and(|ms| ms <= 10_000),
        "the first client rings at once: {ringing}"
    );
}

/// A PBX that others made, and telephones that others made.
#[test]
fn the_same_call_is_played_on_an_asterisk() {
    let events = demo(&["--asterisk", "--json"], &["transfer_started", "transferred"]);
    let one = |name: &str| events.iter().find(|event| event["event"] == name).expect("checked in `demo`");
    assert_eq!(one("card")["clients"][0]["manager"]["extension"], one("transferred")["target"]);
}

/// The clients who call are those of the sample, or are not, as the programme has it.
#[test]
fn clients_of_every_kind_call_and_what_they_do_is_no_failure() {
    let demo = patchcord(&["--calls", "11", "--speed", "8", "--json"]).output().expect("patchcord");
    let said = String::from_utf8_lossy(&demo.stderr);
    assert_eq!(demo.status.code(), Some(0), "{said}");
    let events = schema::events(&String::from_utf8_lossy(&demo.stdout));
    let all = |name: &str, field: &str| -> BTreeSet<String> {
        let found = events.iter().filter(|event| event["event"] == name);
        found.map(|event| event[field].to_string().trim_matches('"').to_owned()).collect()
    };
    let set = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(all("ringing_in", "caller_number").len(), 11, "one of them is null: {events:?}");
    assert_eq!(all("ringing_in", "withheld"), set(&["true", "false"]));
    assert_eq!(all("card", "match"), set(&["one", "many", "none"]));
    assert_eq!(all("ended", "outcome"), set(&["completed", "missed"]));
    let ways = [
        ("+79160000001", "201 joined"),
        // By the desk's calendar the manager, 202, is away.
        ("+79165935746", "201 603, 204 joined"),
        ("+79298091736", "201 joined"),
        ("+79109399071", "203 talking, 303 joined"),
        ("+79490458680", "201 no_answer, 302 joined"),
        ("+79920706406", "201 talking, 204 no_answer, 302 joined"),
        ("+821055830269", "201 talking, 301 joined"),
        ("+79040140636", "201 603, 302 talking, nobody_left"),
        ("+79059999999", "302 joined"),
        ("withheld", "302 joined"),
        ("+79486784401", ""),
    ];
    let ways = ways.map(|(number, way)| (number.to_owned(), way.to_owned()));
    assert_eq!(ways_of_clients(&events), BTreeMap::from(ways), "the desk's rules and people fit the clients");
    assert_eq!(all("transfer_failed", "client"), set(&["kept"]), "nobody is lost");
}

#[test]
fn the_desks_report_after_a_demonstration_has_nobody_lost() {
    let folder = folder("demo-report");
    let mut demo = patchcord(&["--speed", "8", "--json"])
        .env("TMPDIR", &folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("patchcord");
    // Held until the end: a demonstration whose reader goes away is over, and its desk's folder gone with it.
    let mut lines = BufReader::new(demo.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let ended = lines.by_ref().filter(|line| line.contains("\"ended\"")).take(11).count();
    assert_eq!(ended, 11, "clients of every kind");
    let desk = std::fs::read_dir(&folder).expect("a folder").next().expect("the desk's").expect("an entry");
    let database = format!("sqlite:{}", desk.path().join("desk.db").display());
    let report = || {
        let mut report = Command::new(env!("CARGO_BIN_EXE_patchcord-desk"));
        report.args(["report", "transfers", "--json", "--database", &database]);
        let said: Value = serde_json::from_slice(&report.output().expect("a report").stdout).expect("JSON");
        said["transfers"]["all"].clone()
    };
    until("the last entries", seconds(60), || {
        let all = report();
        all["reached"].as_u64() >= Some(7) && all["returned"].as_u64() >= Some(3)
    });
    let all = report();
    assert_eq!((&all["lost"], &all["unknown"]), (&Value::from(0), &Value::from(0)), "{all}");
    kill_process(Pid::from_child(&demo), Signal::INT).expect("a signal");
    assert_eq!(demo.wait().expect("a child").code(), Some(130));
    drop(lines);
    std::fs::remove_dir_all(&folder).expect("a folder");
}

#[test]
fn ctrl_c_ends_the_demo_and_leaves_nothing_behind() {
    let folder = folder("demo-ctrl-c");
    let mut demo =
        patchcord(&["--json"]).env("TMPDIR", &folder).stdout(Stdio::piped()).spawn().expect("patchcord");
    let lines = BufReader::new(demo.stdout.take().expect("a pipe")).lines();
    let mut lines = lines.map_while(Result::ok);
    assert!(lines.any(|line| line.contains("ringing_in")), "a client calls");
    assert_eq!(count(&folder), 1, "the desk's");
    kill_process(Pid::from_child(&demo), Signal::INT).expect("a signal");
    assert!(lines.any(|line| line.contains("unregistered")), "it goes in good order");
    assert_eq!(demo.wait().expect("a child").code(), Some(130));
    assert_eq!(count(&folder), 0);
}

#[test]
fn ctrl_c_before_anything_stands_leaves_nothing_behind_either() {
    let folder = folder("demo-early-ctrl-c");
    let mut demo = patchcord(&["--json"]).env("TMPDIR", &folder).spawn().expect("patchcord");
    until("the desk's folder", seconds(10), || count(&folder) == 1);
    kill_process(Pid::from_child(&demo), Signal::INT).expect("a signal");
    assert_eq!(demo.wait().expect("a child").code(), Some(130));
    assert_eq!(count(&folder), 0);
}

#[test]
fn the_desk_of_a_demo_that_was_killed_ends_by_itself() {
    let folder = folder("demo-killed");
    let mut demo = patchcord(&["--json"]).env("TMPDIR", &folder).spawn().expect("patchcord");
    let port = || {
        let left = std::fs::read_dir(&folder).expect("a folder").next()?.expect("an entry");
        std::fs::read_to_string(left.path().join("port")).ok()?.trim().parse().ok()
    };
    until("the desk", seconds(20), || port().is_some());
    let desk = (std::net::Ipv4Addr::LOCALHOST, port().expect("just seen"));
    assert!(std::net::TcpStream::connect(desk).is_ok());
    demo.kill().expect("a child");
    demo.wait().expect("a child");
    until("the end of the desk", seconds(15), || std::net::TcpStream::connect(desk).is_err());
    std::fs::remove_dir_all(&folder).expect("a folder");
}

#[test]
fn without_a_display_the_demo_says_what_to_write() {
    for language in ["en", "ko", "ru"] {
        let mut demo = Command::new(env!("CARGO_BIN_EXE_patchcord"));
        demo.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        let said = demo.args(["demo", "--lang", language]).output().expect("patchcord");
        assert_eq!(said.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&said.stderr).contains("patchcord --help"), "{said:?}");
    }
}

/// To whom each caller was led, and what became of it: the target's line, the status, or why there was none.
fn ways_of_clients(events: &[Value]) -> BTreeMap<String, String> {
    let (mut callers, mut ways) = (BTreeMap::new(), BTreeMap::<String, Vec<String>>::new());
    for event in events {
        let text = |field: &str| event[field].as_str().unwrap_or_default();
        let line = event["line"].to_string();
        let step = match text("event") {
            "ringing_in" => {
                let caller = event["caller_number"].as_str().unwrap_or("withheld").to_owned();
                ways.entry(caller.clone()).or_default();
                callers.insert(line, caller);
                continue;
            }
            "passed_over" => format!("{} {}", text("target"), text("state")),
            "transfer_failed" => match event["status"].as_u64() {
                Some(status) => format!("{} {status}", text("target")),
                None => format!("{} {}", text("target"), text("why")),
            },
            "transferred" => format!("{} {}", text("target"), text("outcome")),
            "nobody_left" => "nobody_left".to_owned(),
            _ => continue,
        };
        ways.entry(callers[&line].clone()).or_default().push(step);
    }
    ways.into_iter().map(|(caller, way)| (caller, way.join(", "))).collect()
}

/// For temporary files of one demonstration.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).expect("a folder").count()
}

fn patchcord(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patchcord"));
    command.args(["demo", "--headless"]).args(arguments).stdin(Stdio::null());
    command
}

/// What `scripts/demo` says, which is one call in its order, passed on so.
fn demo(arguments: &[&str], passed_on: &[&str]) -> Vec<Value> {
    let mut demo = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/demo"));
    // Told of the package that is tested, cargo would build half of what we need anew: `ring` watches these.
    for (name, _) in std::env::vars() {
        if name == "OUT_DIR"
            || ["CARGO_MANIFEST", "CARGO_PKG", "CARGO_CFG"].iter().any(|of| name.starts_with(of))
        {
            demo.env_remove(name);
        }
    }
    let demo = demo.args(arguments).stdin(Stdio::null()).output().expect("scripts/demo can be started");
    let said = String::from_utf8_lossy(&demo.stderr);
    assert_eq!(demo.status.code(), Some(0), "{said}");

    let events = schema::events(&String::from_utf8_lossy(&demo.stdout));
    let names: Vec<_> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    let mut rest = names.iter();
    let begins = ["registered", "ringing_in", "card", "answered"];
    for expected in begins.iter().chain(passed_on).chain(&["ended"]) {
        assert!(rest.any(|name| name == expected), "no `{expected}` in its place: {names:?}");
    }
    let one = |name: &str| events.iter().find(|event| event["event"] == name).expect("found above");
    assert_eq!(one("card")["match"], "one");
    assert_eq!(one("transferred")["outcome"], "joined");
    events
}
