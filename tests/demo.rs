//! The demonstration does what the README says: one call, from the first ring to the manager.

#[allow(dead_code, reason = "shared with tests that read line by line")]
#[path = "support/schema.rs"]
mod schema;

use std::process::{Command, Stdio};

#[test]
fn the_demo_plays_one_call_and_prints_its_events_alone() {
    let demo = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/demo"))
        .args(["--headless", "--once", "--json"])
        .stdin(Stdio::null())
        .output()
        .expect("scripts/demo can be started");
    let said = String::from_utf8_lossy(&demo.stderr);
    assert_eq!(demo.status.code(), Some(0), "{said}");

    let events = schema::events(&String::from_utf8_lossy(&demo.stdout));
    let names: Vec<_> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    let mut rest = names.iter();
    for expected in
        ["registered", "ringing_in", "card", "answered", "transfer_started", "transferred", "ended"]
    {
        assert!(rest.any(|name| *name == expected), "no `{expected}` in its place: {names:?}");
    }
    let card = events.iter().find(|event| event["event"] == "card").expect("found above");
    assert_eq!(card["match"], "one");
    let transferred = events.iter().find(|event| event["event"] == "transferred").expect("found above");
    assert_eq!(transferred["outcome"], "handed_over");
}
