//! A client who could be passed on to nobody waits for a call.

use serde_json::{Value, json};
use uuid::Uuid;

use super::fixture::{Desk, Reply, new_call_id, random, random_number};
use patchcord::desk_api::{IDEMPOTENCY_KEY, TaskEntry, Tasks};

fn path(id: Uuid) -> String {
    format!("/v1/tasks/{id}")
}

fn task(id: Uuid, client: Option<Uuid>) -> Value {
    let mut task = json!({"id": id, "number": "8 916 123-45-67", "about": "asks for a month"});
    if let Some(client) = client {
        task["client"] = json!(client);
    }
    task
}

fn finish(desk: &Desk, who: &str, id: Uuid, body: &Value) -> Reply {
    let token = desk.token(who).to_owned();
    let command = Uuid::from_u128(random()).to_string();
    desk.send(|http, url| {
        let request = http.post(format!("{url}{}/done", path(id))).bearer_auth(token);
        request.header(IDEMPOTENCY_KEY, command).json(body)
    })
}

fn tasks(desk: &Desk, query: &[(&str, &str)]) -> Vec<TaskEntry> {
    let reply = desk.get("operator", "/v1/tasks", query);
    assert_eq!(reply.status, 200, "{}", reply.text);
    serde_json::from_value::<Tasks>(reply.body).unwrap().tasks
}

#[test]
fn a_client_who_reached_nobody_waits_for_a_call_until_somebody_has_called() {
    let desk = Desk::examined();
    let client = desk.add_client("Romashka", &[&random_number().0]);
    let of_client = client.to_string();
    let id = new_call_id();
    let reply = desk.put("operator", &path(id), &task(id, Some(client)));
    assert_eq!((reply.status, reply.body["change"].as_str()), (201, Some("created")), "{}", reply.text);
    let [waiting] = tasks(&desk, &[("client", &of_client), ("state", "open")]).try_into().unwrap();
    assert_eq!(waiting.task.about, "asks for a month");
    assert_eq!(waiting.client_name.as_deref(), Some("Romashka"));
    assert_eq!(waiting.done, None);

    let reply = finish(&desk, "manager", id, &json!({"note": "agreed on two weeks"}));
    assert_eq!((reply.status, reply.body["change"].as_str()), (200, Some("replaced")), "{}", reply.text);
    assert_eq!(tasks(&desk, &[("client", &of_client), ("state", "open")]), []);
    let [done] = tasks(&desk, &[("client", &of_client), ("state", "done")]).try_into().unwrap();
    assert_eq!(done.done.unwrap().note.as_deref(), Some("agreed on two weeks"));
}

#[test]
fn what_was_asked_for_is_neither_asked_twice_nor_changed() {
    let desk = Desk::examined();
    let id = new_call_id();
    desk.put("operator", &path(id), &task(id, None));
    let again = desk.put("operator", &path(id), &task(id, None));
    assert_eq!((again.status, again.body["change"].as_str()), (200, Some("unchanged")), "{}", again.text);
    let mut other = task(id, None);
    other["about"] = json!("something else");
    desk.put("operator", &path(id), &other).assert_problem(409, "revision_conflict");
}

#[test]
fn who_has_called_first_has_called() {
    let desk = Desk::examined();
    let client = desk.add_client("Romashka", &[&random_number().0]);
    let id = new_call_id();
    desk.put("operator", &path(id), &task(id, Some(client)));
    finish(&desk, "manager", id, &json!({"note": "first"}));
    let second = finish(&desk, "head", id, &json!({"note": "second"}));
    assert_eq!((second.status, second.body["change"].as_str()), (200, Some("unchanged")), "{}", second.text);
    let [done] = tasks(&desk, &[("client", &client.to_string())]).try_into().unwrap();
    assert_eq!(done.done.unwrap().note.as_deref(), Some("first"));
}

#[test]
fn an_operator_says_of_own_tasks_alone_that_they_are_done() {
    let desk = Desk::examined();
    let id = new_call_id();
    desk.put("operator", &path(id), &task(id, None));
    finish(&desk, "operator2", id, &json!({})).assert_problem(403, "forbidden");
    assert_eq!(finish(&desk, "operator", id, &json!({})).status, 200);
    finish(&desk, "manager", new_call_id(), &json!({})).assert_problem(404, "not_found");
}

#[test]
fn a_task_that_names_nobody_is_for_the_clients_manager() {
    let desk = Desk::own(&["--sample", "1"]);
    let people = desk.directory().people;
    let (manager, other) = (&people[0].id.0, &people[1].id.0);
    let client = Uuid::from_u128(random());
    let mut data = desk.client("Romashka", &[&random_number().0]);
    data["manager"] = json!(manager);
    assert_eq!(desk.put("admin", &format!("/v1/clients/{client}"), &data).status, 201);
    let id = new_call_id();
    desk.put("operator", &path(id), &task(id, Some(client)));
    let [found] = tasks(&desk, &[("person", manager), ("state", "open")]).try_into().unwrap();
    assert_eq!(found.task.id.0, id);
    // Whom the operator names has it, whoever else the client is of.
    let (id, mut named) = (new_call_id(), task(id, Some(client)));
    (named["id"], named["person"]) = (json!(id), json!(other));
    assert_eq!(desk.put("operator", &path(id), &named).status, 201);
    assert_eq!(tasks(&desk, &[("person", manager), ("state", "open")]).len(), 1);
    assert_eq!(tasks(&desk, &[("person", other), ("state", "open")])[0].task.id.0, id);
}

#[test]
fn the_earliest_due_comes_first_and_one_without_a_time_last() {
    let desk = Desk::examined();
    let client = desk.add_client("Romashka", &[&random_number().0]);
    let due = [None, Some("2026-05-06T12:00:00Z"), Some("2026-05-06T10:00:00Z")];
    let ids = due.map(|due| {
        let id = new_call_id();
        let mut task = task(id, Some(client));
        if let Some(due) = due {
            task["due"] = json!(due);
        }
        assert_eq!(desk.put("operator", &path(id), &task).status, 201);
        id
    });
    let found: Vec<Uuid> =
        tasks(&desk, &[("client", &client.to_string())]).iter().map(|entry| entry.task.id.0).collect();
    assert_eq!(found, [ids[2], ids[1], ids[0]]);
}

#[test]
fn what_a_task_lacks_is_named() {
    let desk = Desk::examined();
    let id = new_call_id();
    let mut wrong = task(id, Some(Uuid::from_u128(random())));
    wrong["number"] = json!(" ");
    wrong["about"] = json!("a".repeat(2001));
    let reply = desk.put("operator", &path(id), &wrong);
    reply.assert_problem(422, "invalid");
    reply.assert_field("number", "missing");
    reply.assert_field("about", "too_long");
    let mut wrong = task(id, Some(Uuid::from_u128(random())));
    wrong["person"] = json!("nobody");
    let reply = desk.put("operator", &path(id), &wrong);
    reply.assert_field("client", "unknown");
    reply.assert_field("person", "unknown");
    let bad = desk.get("operator", "/v1/tasks", &[("state", "late")]);
    bad.assert_problem(400, "malformed_request");
}
