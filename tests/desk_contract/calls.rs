//! The call register.

use serde_json::{Value, json};
use uuid::Uuid;

use super::fixture::{Desk, call, call_path, new_call_id, random, run};
use patchcord::desk_api::CallRecord;

fn change(reply: &super::fixture::Reply) -> (u16, String, u64) {
    let change = reply.body["change"].as_str().unwrap_or_else(|| panic!("{}", reply.text));
    (reply.status, change.to_owned(), reply.body["revision"].as_u64().unwrap())
}

#[test]
fn one_entry_per_call_from_ringing_to_result() {
    let desk = Desk::examined();
    let id = new_call_id();
    let mut entry = call(id, 1);
    assert_eq!(change(&desk.put("operator", &call_path(id), &entry)), (201, "created".into(), 1));
    entry["revision"] = json!(2);
    entry["answered_at"] = json!("2026-05-06T07:08:12Z");
    entry["transfers"] = json!([{"target": "201", "way": "blind", "why": "own_manager", "result": "handed_over", "status": 200, "seconds": 4}]);
    entry["outcome"] = json!("completed");
    assert_eq!(change(&desk.put("operator", &call_path(id), &entry)), (200, "replaced".into(), 2));
    let read: CallRecord = serde_json::from_value(desk.get("operator", &call_path(id), &[]).body).unwrap();
    let written: CallRecord = serde_json::from_value(entry).unwrap();
    assert_eq!(read, written);
    let found = desk.get("manager", "/v1/calls", &[("call_id", &format!("{id}@test"))]);
    assert_eq!(found.body["calls"].as_array().unwrap().len(), 1, "{}", found.text);
}

#[test]
fn how_the_two_heard_each_other_stands_in_the_entry_and_what_is_impossible_is_refused() {
    let desk = Desk::examined();
    let id = new_call_id();
    let mut entry = call(id, 1);
    let voice = json!({
        "codec": "PCMA",
        "operator_heard": {"mos": 4.31, "worst_mos": 2.5, "lost_percent": 1.25, "jitter_ms": 12},
        "client_heard": {"mos": 3.9, "lost_percent": 4.0},
        "round_trip_ms": 41,
        "verdict": {"listener": "client", "heard": "badly", "cause": "loss"},
    });
    entry["voice"] = voice.clone();
    desk.put("operator", &call_path(id), &entry);
    assert_eq!(desk.get("operator", &call_path(id), &[]).body["voice"], voice);
    let listed = desk.get("manager", "/v1/calls", &[("call_id", &format!("{id}@test"))]);
    assert_eq!(listed.body["calls"][0]["voice"], voice, "{}", listed.text);
    entry["revision"] = json!(2);
    for (field, value, named) in [
        ("/voice/operator_heard/mos", json!(0.5), "voice.operator_heard.mos"),
        ("/voice/client_heard/mos", json!(5.1), "voice.client_heard.mos"),
        ("/voice/operator_heard/jitter_ms", json!(60_001), "voice.operator_heard.jitter_ms"),
        ("/voice/round_trip_ms", json!(60_001), "voice.round_trip_ms"),
        ("/voice/codec", json!("x".repeat(41)), "voice.codec"),
        ("/voice/verdict/cause", json!("Wi-Fi"), "voice.verdict.cause"),
    ] {
        let mut bad = entry.clone();
        *bad.pointer_mut(field).unwrap() = value;
        let reply = desk.put("operator", &call_path(id), &bad);
        reply.assert_problem(422, "invalid");
        assert!(reply.text.contains(&format!("\"{named}\"")), "{}", reply.text);
    }
    for value in [json!(-1), json!(101), json!("4.2")] {
        let mut bad = entry.clone();
        bad["voice"]["operator_heard"]["mos"] = value;
        let reply = desk.put("operator", &call_path(id), &bad);
        assert!(matches!(reply.status, 400 | 422), "{}", reply.text);
    }
    assert_eq!(desk.get("operator", &call_path(id), &[]).body["revision"], 1);
}

#[test]
fn an_older_revision_never_overwrites() {
    let desk = Desk::examined();
    let id = new_call_id();
    desk.put("operator", &call_path(id), &call(id, 3));
    for revision in [1, 2] {
        let reply = desk.put("operator", &call_path(id), &call(id, revision));
        assert_eq!(change(&reply), (200, "superseded".into(), 3));
    }
    assert_eq!(desk.get("operator", &call_path(id), &[]).body["revision"], 3);
}

#[test]
fn the_same_revision_is_taken_once_and_never_with_other_content() {
    let desk = Desk::examined();
    let id = new_call_id();
    desk.put("operator", &call_path(id), &call(id, 1));
    assert_eq!(change(&desk.put("operator", &call_path(id), &call(id, 1))), (200, "unchanged".into(), 1));
    let mut other = call(id, 1);
    other["operator"] = json!("somebody else");
    desk.put("operator", &call_path(id), &other).assert_problem(409, "revision_conflict");
}

#[test]
fn a_repeated_command_gets_the_first_answer() {
    let desk = Desk::examined();
    let (id, command) = (new_call_id(), Uuid::from_u128(random()));
    let first = desk.put_as("operator", &call_path(id), command, &call(id, 1));
    desk.put("operator", &call_path(id), &call(id, 2));
    let again = desk.put_as("operator", &call_path(id), command, &call(id, 1));
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    desk.put_as("operator", &call_path(id), command, &call(id, 3)).assert_problem(409, "command_reused");
    let other = new_call_id();
    desk.put_as("operator", &call_path(other), command, &call(other, 1))
        .assert_problem(409, "command_reused");
    desk.put_as("operator2", &call_path(id), command, &call(id, 1)).assert_problem(409, "command_reused");
    assert_eq!(desk.get("operator", &call_path(id), &[]).body["revision"], 2);
}

#[test]
fn the_same_command_twenty_times_at_once_is_done_once() {
    let desk = Desk::examined();
    let (id, command) = (new_call_id(), Uuid::from_u128(random()));
    let requests =
        (0..20).map(|_| desk.put_request("operator", &call_path(id), command, &call(id, 1))).collect();
    for reply in desk.send_all(requests) {
        assert_eq!(change(&reply), (201, "created".into(), 1));
    }
}

#[test]
fn revisions_that_overtake_each_other_leave_the_highest() {
    let desk = Desk::examined();
    let id = new_call_id();
    let order = [7, 3, 10, 1, 9, 4, 8, 2, 6, 5];
    let put = |&revision: &u32| {
        desk.put_request("operator", &call_path(id), Uuid::from_u128(random()), &call(id, revision))
    };
    let replies = desk.send_all(order.iter().map(put).collect());
    assert!(replies.iter().all(|reply| reply.status == 200 || reply.status == 201));
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    assert_eq!(desk.get("operator", &call_path(id), &[]).body["revision"], 10);
}

#[test]
fn another_operators_call_is_neither_written_nor_seen_but_a_head_corrects_it() {
    let desk = Desk::examined();
    let id = new_call_id();
    desk.put("operator", &call_path(id), &call(id, 1));
    desk.put("operator2", &call_path(id), &call(id, 2)).assert_problem(403, "not_yours");
    desk.put("manager", &call_path(id), &call(id, 2)).assert_problem(403, "not_yours");
    desk.get("operator2", &call_path(id), &[]).assert_problem(404, "not_found");
    let of_id = [("call_id", format!("{id}@test"))];
    let of_id: Vec<_> = of_id.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let seen = |who| desk.get(who, "/v1/calls", &of_id).body["calls"].as_array().unwrap().len();
    assert_eq!((seen("operator"), seen("operator2"), seen("manager")), (1, 0, 1));
    assert_eq!(change(&desk.put("head", &call_path(id), &call(id, 2))), (200, "replaced".into(), 2));
    // The call is still its operator's.
    assert_eq!(change(&desk.put("operator", &call_path(id), &call(id, 3))), (200, "replaced".into(), 3));
}

#[test]
fn calls_are_listed_by_time_client_and_operator() {
    let desk = Desk::examined();
    let (client, operator) = (Uuid::from_u128(random()), format!("op-{:x}", random()));
    for (minute, client) in [(1, None), (2, Some(client)), (3, Some(client))] {
        let id = new_call_id();
        let mut entry = call(id, 1);
        entry["started_at"] = json!(format!("2031-01-01T00:0{minute}:00.5Z"));
        entry["operator"] = json!(operator);
        entry["client"] = json!(client);
        assert_eq!(desk.put("operator", &call_path(id), &entry).status, 201);
    }
    let minutes = |query: &[(&str, &str)]| -> Vec<String> {
        let operator = ("operator", operator.as_str());
        let reply = desk.get("head", "/v1/calls", &[query, &[operator]].concat());
        let calls = reply.body["calls"].as_array().unwrap_or_else(|| panic!("{}", reply.text)).clone();
        calls.iter().map(|call: &Value| call["started_at"].as_str().unwrap()[15..16].to_owned()).collect()
    };
    assert_eq!(minutes(&[]), ["3", "2", "1"]);
    assert_eq!(minutes(&[("limit", "1")]), ["3"]);
    assert_eq!(minutes(&[("client", &client.to_string())]), ["3", "2"]);
    assert_eq!(minutes(&[("from", "2031-01-01T00:02:00Z"), ("to", "2031-01-01T00:03:00.5Z")]), ["2"]);
    assert_eq!(minutes(&[("from", "2031-01-01T09:02:00+09:00")]), ["3", "2"]);
}

#[test]
fn entries_against_the_rules_are_refused() {
    let desk = Desk::examined();
    let id = new_call_id();
    for (field, value, fault) in [
        ("id", json!(new_call_id()), "contradicts"),
        ("revision", json!(0), "malformed"),
        ("call_id", json!("x".repeat(301)), "too_long"),
        ("result", json!("x".repeat(41)), "too_long"),
        ("note", json!("x".repeat(2001)), "too_long"),
        ("result", json!(""), "malformed"),
        ("result", json!("Passed on"), "malformed"),
        ("transfers", json!(vec![json!({"target": "201", "way": "blind"}); 101]), "too_long"),
        ("transfers[0].why", json!([{"target": "201", "way": "blind", "why": "Own manager"}]), "malformed"),
    ] {
        let mut entry = call(id, 1);
        entry[field.split('[').next().unwrap()] = value;
        let reply = desk.put("operator", &call_path(id), &entry);
        reply.assert_problem(422, "invalid");
        reply.assert_field(field, fault);
    }
}

#[test]
fn what_a_call_came_to_is_kept_when_the_operator_says_it_after_the_call() {
    let desk = Desk::examined();
    let id = new_call_id();
    let mut entry = call(id, 1);
    desk.put("operator", &call_path(id), &entry);
    let read = || desk.get("operator", &call_path(id), &[]).body;
    assert!(read().get("result").is_none());
    entry["revision"] = json!(2);
    entry["result"] = json!("passed_on");
    assert_eq!(change(&desk.put("operator", &call_path(id), &entry)), (200, "replaced".into(), 2));
    assert_eq!(read()["result"], "passed_on");
}

#[test]
fn words_of_a_later_version_are_taken() {
    let desk = Desk::examined();
    let id = new_call_id();
    let mut entry = call(id, 1);
    entry["outcome"] = json!("voicemail");
    entry["mood"] = json!("cheerful");
    assert_eq!(desk.put("operator", &call_path(id), &entry).status, 201);
}

#[test]
fn the_voice_report_tells_managers_how_well_was_heard_and_what_was_wrong() {
    let desk = Desk::own(&[]);
    for (operator, mos, verdict) in [
        ("vera", 4.4, None),
        ("vera", 4.0, Some(json!({"listener": "client", "heard": "badly", "cause": "loss"}))),
        ("anna", 3.0, Some(json!({"listener": "operator", "heard": "nothing", "cause": "nothing_arrives"}))),
    ] {
        let id = new_call_id();
        let mut entry = call(id, 1);
        entry["operator"] = json!(operator);
        entry["answered_at"] = json!("2026-05-06T07:08:12Z");
        entry["ended_at"] = json!("2026-05-06T07:09:12Z");
        entry["voice"] = json!({"operator_heard": {"mos": mos}, "verdict": verdict});
        assert_eq!(desk.put("operator", &call_path(id), &entry).status, 201);
    }
    // Nobody answered, or the telephone was an old one: nothing is known of it.
    for is_answered in [false, true] {
        let id = new_call_id();
        let mut entry = call(id, 1);
        if is_answered {
            entry["answered_at"] = json!("2026-05-06T07:08:12Z");
            entry["ended_at"] = json!("2026-05-06T07:09:12Z");
        }
        assert_eq!(desk.put("operator", &call_path(id), &entry).status, 201);
    }
    let days = [("from", "2026-05-06"), ("to", "2026-05-06")];
    let told = desk.get("manager", "/v1/reports/voice", &days);
    let all = json!({"calls": 3, "badly": 1, "nothing": 1, "operator_mos": 3.8});
    assert_eq!(told.body["all"], all, "{}", told.text);
    assert_eq!(told.body["operators"][1]["operator"], "vera");
    assert_eq!(told.body["operators"][1]["operator_mos"], 4.2);
    assert_eq!(told.body["causes"][0]["calls"], 1);
    desk.get("operator", "/v1/reports/voice", &days).assert_problem(403, "forbidden");
    let arguments = ["report", "voice", "--from", "2026-05-06", "--to", "2026-05-06", "--database"];
    let said = run(&[&arguments[..], &[&desk.folder.database()]].concat());
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(
        said.contains("vera: calls 2, MOS of operators 4.2, of clients –, heard badly 1, not at all 0"),
        "{said}"
    );
    assert!(said.contains("the operator heard nothing (nothing_arrives): calls 1"), "{said}");
}
