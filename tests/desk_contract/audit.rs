//! Who looked at which client and did what.

use serde_json::{Value, json};

use super::fixture::{Desk, call, call_path, new_call_id, run};

fn notes(desk: &Desk, arguments: &[&str]) -> Vec<Value> {
    let database = desk.folder.database();
    let all = [&["audit", "--json", "--database", &database], arguments].concat();
    let output = run(&all);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    read["notes"].as_array().unwrap().clone()
}

/// Notes are written beside the requests.
fn noted(desk: &Desk, arguments: &[&str], count: usize) -> Vec<(String, String, i64)> {
    for _ in 0..400 {
        if notes(desk, arguments).len() >= count {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let notes = notes(desk, arguments);
    notes
        .iter()
        .map(|note| (text(&note["person"]), text(&note["what"]), note["status"].as_i64().unwrap()))
        .collect()
}

#[test]
fn each_look_at_a_client_and_each_act_is_noted_with_who_and_how_and_without_what_was_seen() {
    let desk = Desk::own(&[]);
    let client = desk.add_client("Тайный клиент", &["+7 916 555-44-33"]);
    let other = desk.add_client("Another", &[]);
    let id = client.to_string();
    assert_eq!(desk.get("operator", "/v1/clients", &[("phone", "+79165554433")]).status, 200);
    assert_eq!(desk.get("operator2", "/v1/clients", &[("q", "тайный")]).status, 200);
    assert_eq!(desk.get("manager", &format!("/v1/clients/{client}"), &[]).status, 200);
    assert_eq!(desk.get("manager", &format!("/v1/clients/{client}"), &[]).status, 200);
    assert_eq!(desk.get("manager", &format!("/v1/clients/{other}"), &[]).status, 200);
    let mut record = call(new_call_id(), 1);
    record["client"] = json!(client);
    let call_id = serde_json::from_value(record["id"].clone()).unwrap();
    assert_eq!(desk.put("operator", &call_path(call_id), &record).status, 201);
    let order = new_call_id();
    let draft = json!({"id": order, "revision": 1, "client": client});
    assert_eq!(desk.put("operator", &format!("/v1/orders/{order}"), &draft).status, 201);
    assert_eq!(desk.get("service", &format!("/v1/orders/{order}/goods"), &[]).status, 200);
    // Refused, and noted all the same.
    let acts = format!("/v1/orders/{order}/acts");
    let command = uuid::Uuid::from_u128(super::fixture::random()).to_string();
    let refused = desk.send(|http, url| {
        let request = http.post(format!("{url}{acts}")).bearer_auth(desk.token("operator2"));
        request.header("idempotency-key", command).json(&json!({"act": "accept"}))
    });
    assert_eq!(refused.status, 403);
    let expected = [
        ("admin", "PUT /v1/clients/{id}", 201),
        ("operator", "GET /v1/clients", 200),
        ("operator2", "GET /v1/clients", 200),
        ("manager", "GET /v1/clients/{id}", 200),
        ("operator", "PUT /v1/calls/{id}", 201),
        ("operator", "PUT /v1/orders/{id}", 201),
        ("service", "GET /v1/orders/{id}/goods", 200),
    ];
    let expected = expected.map(|(who, what, status)| (who.to_owned(), what.to_owned(), status));
    assert_eq!(noted(&desk, &["--client", &id], 7), expected, "twice in a minute is noted once");
    let acts = noted(&desk, &["--person", "operator2"], 2);
    assert_eq!(acts[1], ("operator2".to_owned(), "POST /v1/orders/{id}/acts".to_owned(), 403));
    assert_eq!(notes(&desk, &["--person", "operator2"])[1]["order"], order.to_string());
    assert_eq!(notes(&desk, &["--to", "2020-01-01"]), Vec::<Value>::new());
    // By name, for people to read.
    let database = desk.folder.database();
    let output = run(&["audit", "--client", "Another", "--database", &database]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.lines()
            .last()
            .unwrap()
            .contains(&format!("manager manager token 200 GET /v1/clients/{{id}} client {other}")),
        "{text}"
    );
    assert!(!text.contains("Another"));
}

#[test]
fn a_desk_that_is_told_to_stop_has_noted_everything() {
    let mut desk = Desk::own(&[]);
    let client = desk.add_client("Romashka", &[]);
    assert_eq!(desk.get("manager", &format!("/v1/clients/{client}"), &[]).status, 200);
    assert_eq!(desk.server.take().unwrap().stop(), Some(0));
    assert_eq!(notes(&desk, &["--client", &client.to_string()]).len(), 2);
}
