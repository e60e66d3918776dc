//! Lists that are told page by page: whoever goes on to the end has seen everything once.

use serde_json::json;
use uuid::Uuid;

use super::fixture::{Desk, call, call_path, new_call_id, random};

/// The ids of all pages of two, and how many pages there were.
fn read_on(desk: &Desk, who: &str, path: &str, query: &[(&str, &str)], id: &str) -> (Vec<String>, usize) {
    let name = path.rsplit(['/', '-']).next().unwrap();
    let (mut ids, mut pages, mut after) = (Vec::new(), 0, None::<String>);
    loop {
        let mut query = [query, &[("limit", "2")]].concat();
        query.extend(after.as_deref().map(|after| ("after", after)));
        let reply = desk.get(who, path, &query);
        assert_eq!(reply.status, 200, "{}", reply.text);
        let items = reply.body[name].as_array().unwrap();
        assert!(items.len() <= 2, "{}", reply.text);
        ids.extend(items.iter().map(|item| item.pointer(id).unwrap().as_str().unwrap().to_owned()));
        pages += 1;
        assert!(pages < 20, "the list has no end: {ids:?}");
        match reply.body["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => return (ids, pages),
        }
    }
}

fn refuses_no_place(desk: &Desk, who: &str, path: &str) {
    for place in ["", "x", "2026-05-06T07:08:09Z", "2026-05-06T07:08:09Z_x", "later_2026-05-06T07:08:09Z_x"] {
        let reply = desk.get(who, path, &[("after", place)]);
        reply.assert_problem(400, "malformed_request");
        reply.assert_field("after", "malformed");
    }
}

#[test]
fn older_calls_come_page_by_page_though_several_began_at_once() {
    let desk = Desk::examined();
    let client = desk.add_client("Romashka", &[]);
    let mut ids = Vec::new();
    for second in [1, 2, 2, 2, 3] {
        let (id, started) = (new_call_id(), format!("2026-05-06T07:08:0{second}.123456Z"));
        let mut record = call(id, 1);
        (record["client"], record["started_at"]) = (json!(client), json!(started));
        assert_eq!(desk.put("operator", &call_path(id), &record).status, 201);
        ids.push((started, id.to_string()));
    }
    ids.sort();
    let latest_first: Vec<String> = ids.into_iter().rev().map(|(_, id)| id).collect();
    let (told, pages) = read_on(&desk, "manager", "/v1/calls", &[("client", &client.to_string())], "/id");
    assert_eq!((told, pages), (latest_first, 3));
    refuses_no_place(&desk, "manager", "/v1/calls");
}

#[test]
fn further_tasks_come_page_by_page_the_undated_after_the_due_and_the_done_last() {
    let desk = Desk::examined();
    let client = desk.add_client("Romashka", &[]);
    let task = |due: Option<&str>| {
        let id = new_call_id();
        let mut task =
            json!({"id": id, "number": "8 916 123-45-67", "about": "asks for a month", "client": client});
        if let Some(due) = due {
            task["due"] = json!(due);
        }
        assert_eq!(desk.put("operator", &format!("/v1/tasks/{id}"), &task).status, 201);
        id.to_string()
    };
    let finish = |id: &String| {
        let command = Uuid::from_u128(random()).to_string();
        let reply = desk.send(|http, url| {
            let request = http.post(format!("{url}/v1/tasks/{id}/done")).bearer_auth(desk.token("manager"));
            request.header(patchcord::desk_api::IDEMPOTENCY_KEY, command).json(&json!({}))
        });
        assert_eq!(reply.status, 200, "{}", reply.text);
    };
    let (early, noon) = ("2026-05-06T10:00:00Z", "2026-05-06T12:00:00Z");
    let undated = [task(None), task(None), task(None)];
    let done = [task(Some(early)), task(None), task(Some(noon))];
    let mut due = [task(Some(noon)), task(Some(noon)), task(Some(noon))];
    due.sort();
    let first = task(Some(early));
    done.iter().for_each(finish);
    let [a, b, c] = done;
    let all = [vec![first], due.to_vec(), undated.to_vec(), vec![c, b, a]].concat();
    let client = client.to_string();
    let told = |state: &[(&'static str, &'static str)]| {
        read_on(
            &desk,
            "manager",
            "/v1/tasks",
            &[&[("client", client.as_str())][..], state].concat(),
            "/task/id",
        )
    };
    assert_eq!(told(&[]), (all.clone(), 6), "full to the last page, which is empty");
    assert_eq!(told(&[("state", "open")]), (all[..7].to_vec(), 4));
    assert_eq!(told(&[("state", "done")]), (all[7..].to_vec(), 2));
    refuses_no_place(&desk, "manager", "/v1/tasks");
}

#[test]
fn clients_whom_nobody_looks_after_come_page_by_page_down_to_the_last() {
    let desk = Desk::own(&["--sample", "0"]);
    let clients = ["a", "b", "c", "d", "e"].map(|name| desk.add_client(name, &[]).to_string());
    let (told, pages) = read_on(&desk, "admin", "/v1/unassigned-clients", &[], "/id");
    assert_eq!((told, pages), (clients.into_iter().rev().collect(), 3));
    refuses_no_place(&desk, "admin", "/v1/unassigned-clients");
    for limit in ["0", "101", "x"] {
        desk.get("admin", "/v1/unassigned-clients", &[("limit", limit)]).assert_field("limit", "malformed");
    }
}
