//! Every route by every role: with a token, with a session, and with neither. A route without a row fails.

use std::collections::BTreeSet;

use patchcord::desk_api::{IDEMPOTENCY_KEY, PAGE};
use reqwest::Method;
use reqwest::header::COOKIE;
use serde_json::{Value, json};
use uuid::Uuid;

use super::accounts::{PASSWORD, Staff};
use super::fixture::{Desk, call, new_call_id, random};

/// Who may: operator, manager, head, admin, service.
const ALL: &str = "omhas";
/// Whoever sees others' work.
const ABOVE: &str = "mhas";
/// The company's programs.
const DATA: &str = "as";
/// For everybody, without being known.
const OPEN: &str = "open";

/// Method and path as the contract has them, who may, and something to send.
fn rows(known: &Known) -> Vec<(Method, &'static str, &'static str, Value)> {
    use Method as M;
    let none = Value::Null;
    let client = json!({"name": "Romashka", "client_type": "market"});
    let product = json!({"product": {"id": known.id, "code": "1", "name": "Tea", "tax_kind": "food",
        "packings": [{"unit": "piece", "holds": "1"}]}, "prices": {"columns": {}}});
    let handover =
        json!({"id": known.id, "revision": 1, "to": "201", "way": "return", "from": "101", "operator": "o"});
    let mut record = call(new_call_id(), 1);
    record["id"] = json!(known.id);
    vec![
        (M::GET, "/healthz", OPEN, none.clone()),
        (M::POST, "/v1/session", OPEN, json!({})),
        (M::GET, "/v1/session", ALL, none.clone()),
        // A token is revoked, not logged out.
        (M::DELETE, "/v1/session", "", none.clone()),
        (M::GET, "/v1/clients", ALL, none.clone()),
        (M::GET, "/v1/clients/{id}", ALL, none.clone()),
        (M::PUT, "/v1/clients/{id}", DATA, client),
        (
            M::PUT,
            "/v1/prospects/{id}",
            ALL,
            json!({"id": known.id, "name": "Lotos", "client_type": "market"}),
        ),
        (M::PUT, "/v1/clients/{id}/manager", "ha", json!({"manager": "belov"})),
        (M::GET, "/v1/unassigned-clients", "ha", none.clone()),
        (M::GET, "/v1/clients/{id}/terms", ALL, none.clone()),
        (M::GET, "/v1/clients/{id}/trade", DATA, none.clone()),
        (M::PUT, "/v1/clients/{id}/trade", DATA, json!({})),
        (M::GET, "/v1/products", ALL, none.clone()),
        (M::PUT, "/v1/products/{id}", DATA, product),
        (M::GET, "/v1/orders", ALL, none.clone()),
        (M::GET, "/v1/orders/{id}", ALL, none.clone()),
        (M::GET, "/v1/orders/{id}/goods", ALL, none.clone()),
        (M::PUT, "/v1/orders/{id}", ALL, json!({"id": known.id, "revision": 1, "client": known.id})),
        (M::POST, "/v1/orders/{id}/place", ALL, json!({"revision": 1})),
        // Of one that another took; what each role does is examined with the orders.
        (M::POST, "/v1/orders/{id}/acts", ABOVE, json!({"act": "cancel", "reason": "no"})),
        (M::GET, "/v1/events", ALL, none.clone()),
        (M::GET, "/v1/directory", ALL, none.clone()),
        (M::PUT, "/v1/directory/people/{id}/absences", "ha", json!({"absences": []})),
        (M::GET, "/v1/calls", ALL, none.clone()),
        (M::GET, "/v1/calls/{id}", ALL, none.clone()),
        (M::PUT, "/v1/calls/{id}", ALL, record),
        (M::GET, "/v1/handovers", ALL, none.clone()),
        (M::PUT, "/v1/handovers/{id}", ALL, handover),
        (M::GET, "/v1/tasks", ALL, none.clone()),
        (M::PUT, "/v1/tasks/{id}", ALL, json!({"id": known.id, "number": "1", "about": "call"})),
        // Of one that another asked for.
        (M::POST, "/v1/tasks/{id}/done", ABOVE, json!({})),
        (M::GET, "/v1/transfer-chain", ALL, none.clone()),
        (M::GET, "/v1/reports/transfers", ABOVE, none.clone()),
        (M::GET, "/v1/reports/offers", ABOVE, none.clone()),
        (M::GET, "/v1/reports/voice", ABOVE, none),
    ]
}

/// What is there already: whoever may not is told so before anything else.
struct Known {
    /// New for each request.
    id: Uuid,
    client: Uuid,
    order: Uuid,
    task: Uuid,
}

impl Known {
    fn at(desk: &Desk) -> Self {
        let client = desk.add_client("Romashka", &[]);
        let (order, task) = (new_call_id(), new_call_id());
        let draft = json!({"id": order, "revision": 1, "client": client});
        assert_eq!(desk.put("operator2", &format!("/v1/orders/{order}"), &draft).status, 201);
        let asked = json!({"id": task, "number": "1", "about": "call"});
        assert_eq!(desk.put("operator2", &format!("/v1/tasks/{task}"), &asked).status, 201);
        Self { id: new_call_id(), client, order, task }
    }

    fn path(&self, method: &Method, template: &str) -> String {
        let id = match template {
            "/v1/clients/{id}/manager" => self.client.to_string(),
            "/v1/orders/{id}/acts" | "/v1/orders/{id}" if method != Method::PUT => self.order.to_string(),
            "/v1/tasks/{id}/done" => self.task.to_string(),
            "/v1/directory/people/{id}/absences" => "belov".to_owned(),
            _ => self.id.to_string(),
        };
        template.replace("{id}", &id)
    }
}

/// How a request says who sends it.
enum By<'a> {
    Nobody,
    Token(&'a str),
    /// The cookie, and whether the page's header goes with it.
    Session(&'a str, bool),
}

fn outcome(desk: &Desk, by: &By<'_>, method: &Method, path: &str, body: &Value) -> (u16, String) {
    let mut request = desk.request(method.clone(), path);
    request = match by {
        By::Nobody => request,
        By::Token(token) => request.bearer_auth(token),
        By::Session(cookie, false) => request.header(COOKIE, *cookie),
        By::Session(cookie, true) => request.header(COOKIE, *cookie).header(PAGE, "person"),
    };
    if !method.is_safe() {
        request = request.header(IDEMPOTENCY_KEY, Uuid::from_u128(random()).to_string());
    }
    desk.outcome(if body.is_null() { request } else { request.json(body) })
}

#[test]
fn every_route_of_the_contract_has_its_row() {
    let desk = Desk::own(&[]);
    let contract = desk.send(|http, url| http.get(format!("{url}/openapi.json"))).body;
    let paths = contract["paths"].as_object().unwrap().iter();
    let routes: BTreeSet<(String, String)> = paths
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let known = Known { id: Uuid::nil(), client: Uuid::nil(), order: Uuid::nil(), task: Uuid::nil() };
    let rows = rows(&known).into_iter().map(|(method, path, ..)| (method.to_string(), path.to_owned()));
    assert_eq!(rows.collect::<BTreeSet<_>>(), routes);
}

#[test]
fn each_role_does_what_its_row_says_and_nobody_unknown_does_anything() {
    let staff = Staff::hired();
    let desk = &staff.desk;
    let mut known = Known::at(desk);
    let mut faults = Vec::new();
    let mut roles = [
        ('o', "operator", "operator1"),
        ('m', "manager", "ivanova"),
        ('h', "head", "orlova"),
        ('a', "admin", "root"),
        ('s', "service", "erp"),
    ]
    .map(|(letter, token, person)| (letter, token, person, staff.log_in(person, PASSWORD)));
    for number in 0..rows(&known).len() {
        for (letter, token, person, session) in &mut roles {
            let (letter, token) = (*letter, *token);
            for by in [By::Token(desk.token(token)), By::Session(session, true)] {
                known.id = new_call_id();
                let (method, template, who, body) = rows(&known).swap_remove(number);
                let (status, code) = outcome(desk, &by, &method, &known.path(&method, template), &body);
                let logs_out = template == "/v1/session" && method == Method::DELETE;
                let may = who == OPEN || who.contains(letter) || (logs_out && matches!(by, By::Session(..)));
                let did = status != 401 && code != "forbidden";
                if may != did {
                    faults.push(format!("{method} {template} by {token}: {status} {code}"));
                }
            }
            let (method, template, ..) = rows(&known).swap_remove(number);
            if template == "/v1/session" && method == Method::DELETE {
                *session = staff.log_in(person, PASSWORD);
            }
        }
        let session = roles[3].3.clone();
        for (by, expected) in [
            (By::Nobody, (401, "token_refused")),
            (By::Token("wrong"), (401, "token_refused")),
            (By::Session("patchcord-trial=wrong", true), (401, "session_ended")),
            (By::Session(&session, false), (403, "not_from_page")),
        ] {
            known.id = new_call_id();
            let (method, template, who, body) = rows(&known).swap_remove(number);
            let is_marked = matches!(by, By::Session(_, false)) && method.is_safe();
            if who == OPEN || is_marked {
                continue;
            }
            let told = outcome(desk, &by, &method, &known.path(&method, template), &body);
            if (told.0, told.1.as_str()) != expected {
                faults.push(format!("{method} {template}: {told:?}, not {expected:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
