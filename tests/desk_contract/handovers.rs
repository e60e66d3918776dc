//! What goes along with a client who is passed on.

use serde_json::{Value, json};
use uuid::Uuid;

use super::fixture::{Desk, new_call_id, random, random_number};
use super::telephone::{block_on, telephone};
use patchcord::desk_api::{HandedOver, Handovers};
use patchcord::domain::number::PhoneNumber;

/// An extension that no other test uses.
fn extension() -> String {
    format!("9{:08}", random() % 100_000_000)
}

fn path(id: Uuid) -> String {
    format!("/v1/handovers/{id}")
}

fn handover(id: Uuid, revision: u32, to: &str) -> Value {
    json!({
        "id": id, "revision": revision, "to": to, "way": "return", "from": "101", "operator": "Anna",
        "party": {"written": "89161234567"}, "note": "asks for a month",
    })
}

fn waiting(desk: &Desk, query: &[(&str, &str)]) -> Vec<HandedOver> {
    let reply = desk.get("operator2", "/v1/handovers", query);
    assert_eq!(reply.status, 200, "{}", reply.text);
    serde_json::from_value::<Handovers>(reply.body).unwrap().handovers
}

#[test]
fn what_is_written_waits_for_the_target_with_the_clients_card() {
    let desk = Desk::examined();
    let (number, _) = random_number();
    let client = desk.add_client("Romashka", &[&number]);
    let (id, to) = (new_call_id(), extension());
    let mut entry = handover(id, 1, &to);
    entry["party"] = json!({"written": number, "number": number});
    entry["client"] = json!(client);
    entry["picked"] = json!({"purpose": "debt", "client_type": "market", "department": "wholesale"});
    let reply = desk.put("operator", &path(id), &entry);
    assert_eq!((reply.status, reply.body["change"].as_str()), (201, Some("created")), "{}", reply.text);
    let [found] = waiting(&desk, &[("to", &to)]).try_into().unwrap();
    assert_eq!(serde_json::to_value(&found.handover).unwrap()["picked"], entry["picked"]);
    assert_eq!(found.handover.note.as_deref(), Some("asks for a month"));
    assert_eq!(found.clients[0].name, "Romashka");
    assert!(found.age_seconds < 5, "{}", found.age_seconds);
    assert!(!found.from_name.is_empty());
    assert_eq!(waiting(&desk, &[("to", &extension())]), []);
}

#[test]
fn the_name_of_who_passes_on_is_the_directorys() {
    let desk = Desk::own(&["--sample", "1"]);
    let ivanova =
        desk.directory().people.into_iter().find(|person| person.extension.as_deref() == Some("201"));
    let (id, to) = (new_call_id(), extension());
    let mut entry = handover(id, 1, &to);
    entry["from"] = json!("201");
    desk.put("operator", &path(id), &entry);
    assert_eq!(waiting(&desk, &[("to", &to)])[0].from_name, ivanova.unwrap().name);
}

#[test]
fn a_client_whom_nobody_knows_for_sure_comes_with_everybody_of_the_number() {
    let desk = Desk::examined();
    let (number, _) = random_number();
    desk.add_client("Romashka", &[&number]);
    desk.add_client("Vesna", &[&number]);
    let (id, to) = (new_call_id(), extension());
    let mut entry = handover(id, 1, &to);
    entry["party"] = json!({"written": number, "number": number});
    desk.put("operator", &path(id), &entry);
    assert_eq!(waiting(&desk, &[("to", &to)])[0].clients.len(), 2);
    let by_number = waiting(&desk, &[("to", &extension()), ("number", &number)]);
    assert_eq!(by_number.len(), 1, "whoever brings the client's number gets what goes along");
}

#[test]
fn the_card_goes_on_to_the_next_target_and_back() {
    let desk = Desk::examined();
    let (id, first, second) = (new_call_id(), extension(), extension());
    desk.put("operator", &path(id), &handover(id, 1, &first));
    desk.put("operator", &path(id), &handover(id, 2, &second));
    assert_eq!(waiting(&desk, &[("to", &first)]), []);
    assert_eq!(waiting(&desk, &[("to", &second)]).len(), 1);
    let mut kept = handover(id, 3, &second);
    kept["to"] = Value::Null;
    desk.put("operator", &path(id), &kept);
    assert_eq!(waiting(&desk, &[("to", &second)]), []);
}

#[test]
fn a_repeat_does_nothing_twice_and_an_older_word_changes_nothing() {
    let desk = Desk::examined();
    let (id, to, command) = (new_call_id(), extension(), Uuid::from_u128(random()));
    let first = desk.put_as("operator", &path(id), command, &handover(id, 2, &to));
    let again = desk.put_as("operator", &path(id), command, &handover(id, 2, &to));
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    let older = desk.put("operator", &path(id), &handover(id, 1, &extension()));
    assert_eq!(older.body["change"], "superseded", "{}", older.text);
    let mut other = handover(id, 2, &to);
    other["note"] = json!("something else");
    desk.put("operator", &path(id), &other).assert_problem(409, "revision_conflict");
}

#[test]
fn nobody_writes_over_a_colleagues_word() {
    let desk = Desk::examined();
    let (id, to) = (new_call_id(), extension());
    desk.put("operator", &path(id), &handover(id, 1, &to));
    desk.put("operator2", &path(id), &handover(id, 2, &to)).assert_problem(403, "not_yours");
    let token = desk.send(|http, url| http.get(format!("{url}/v1/handovers")).query(&[("to", &to)]));
    token.assert_problem(401, "token_refused");
}

#[test]
fn faults_are_told_by_their_field() {
    let desk = Desk::examined();
    let id = new_call_id();
    let mut wrong = handover(id, 0, "");
    wrong["id"] = json!(new_call_id());
    wrong["from"] = json!("");
    wrong["note"] = json!("x".repeat(2001));
    let reply = desk.put("operator", &path(id), &wrong);
    reply.assert_problem(422, "invalid");
    for (field, fault) in [
        ("id", "contradicts"),
        ("revision", "malformed"),
        ("to", "missing"),
        ("from", "missing"),
        ("note", "too_long"),
    ] {
        reply.assert_field(field, fault);
    }
    let reply = desk.get("operator", "/v1/handovers", &[]);
    reply.assert_problem(400, "malformed_request");
    reply.assert_field("to", "missing");
}

#[test]
fn nothing_of_it_stands_in_the_desks_log() {
    let desk = Desk::own(&[]);
    let (id, to) = (new_call_id(), extension());
    desk.put("operator", &path(id), &handover(id, 1, &to));
    waiting(&desk, &[("to", &to)]);
    let said = desk.server.as_ref().unwrap().said();
    assert!(!said.contains("month") && !said.contains("89161234567"), "{said}");
}

#[test]
fn the_telephone_writes_and_reads_it() {
    let desk = Desk::examined();
    let side = telephone(&desk.url, desk.token("operator"));
    let (number, _) = random_number();
    let (id, to) = (new_call_id(), extension());
    let mut entry = handover(id, 1, &to);
    entry["party"] = json!({"written": number, "number": number});
    let entry = serde_json::from_value(entry).unwrap();
    block_on(async {
        side.hand_over(&entry).await.unwrap();
        side.hand_over(&entry).await.unwrap();
        let found = side.handovers(&to, None).await.unwrap();
        assert_eq!(found[0].handover, entry);
        let number = PhoneNumber::parse_e164(&number).ok();
        assert_eq!(side.handovers("1", number).await.unwrap().len(), 1);
    });
}
