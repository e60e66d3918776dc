//! The contract as OpenAPI, made from the routes and the contract's types.

use std::sync::OnceLock;

use serde_json::{Value, json};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::routes::{
    calls, clients, directory, events, following, handovers, meta, orders, products, reports, session, tasks,
    transfers,
};
use crate::desk_api::{IDEMPOTENCY_KEY, PROBLEM_JSON, ProblemCode};

#[derive(OpenApi)]
#[openapi(
    info(title = "Patchcord desk", description = "What an operator's program asks of an order desk."),
    paths(clients::find, clients::show, clients::put, clients::put_prospect, following::unassigned, following::assign, directory::show, following::absences, calls::list, calls::show, calls::put, handovers::list, handovers::put, products::terms, products::show_trade, products::put_trade, products::find, products::put, orders::list, orders::show, orders::put, orders::place, orders::act, following::goods, tasks::list, tasks::put, tasks::finish, events::listen, session::log_in, session::show, session::log_out, transfers::chain, reports::transfers, reports::offers, reports::voice, meta::health),
    modifiers(&BearerTokens),
    security(("token" = []), ("session" = []))
)]
struct Contract;

struct BearerTokens;

impl Modify for BearerTokens {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("One token per person; roles: operator, manager, head, admin, service."))
            .build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token));
        let session = ApiKeyValue::with_description(
            "__Host-patchcord",
            "Of the page, begun by POST /v1/session. Writes carry the header patchcord-page, too.",
        );
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
    }
}

/// The document, made once.
pub(crate) fn document() -> &'static str {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let document = serde_json::to_value(Contract::openapi()).map(complete);
        document.map_or_else(|_| "{}".to_owned(), |document| document.to_string())
    })
}

/// Parameters whose texts have a form.
const FORMS: [(&str, &str, &str); 7] = [
    ("", "id", "uuid"),
    ("", IDEMPOTENCY_KEY, "uuid"),
    ("", "client", "uuid"),
    ("/v1/calls", "from", "date-time"),
    ("/v1/calls", "to", "date-time"),
    ("/v1/reports/transfers", "from", "date"),
    ("/v1/reports/transfers", "to", "date"),
];
/// Parameters that must be there.
const NEEDED: [(&str, &str); 2] = [("/v1/products", "q"), ("/v1/handovers", "to")];
const IDS: [&str; 5] = ["ClientId", "ProductId", "OrderId", "CallRecordId", "TaskId"];
const DECIMALS: [&str; 2] = ["Money", "Percent"];
const DECIMAL: &str = r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$";

/// What holds for all routes and texts, and is said nowhere beside one: problems, and the forms of ids and numbers.
fn complete(mut document: Value) -> Value {
    let problem = json!({
        "description": "Why not.",
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    });
    for (path, operations) in members(&mut document["paths"]) {
        for (_, operation) in members(operations) {
            for (status, answer) in members(&mut operation["responses"]) {
                if status.starts_with(['4', '5']) {
                    answer["content"] = problem["content"].clone();
                }
            }
            for status in ["4XX", "5XX"] {
                operation["responses"][status] = problem.clone();
            }
            let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
            for parameter in parameters.into_iter().flatten() {
                let is_it = |(at, name, _): &&(&str, &str, &str)| {
                    let named = parameter["name"].as_str().unwrap_or_default();
                    named.eq_ignore_ascii_case(name) && (at.is_empty() || at == path)
                };
                if let Some((.., form)) = FORMS.iter().find(is_it) {
                    parameter["schema"]["format"] = json!(form);
                }
                if parameter["name"] == "day" {
                    parameter["schema"]["format"] = json!("date");
                }
                if path == "/v1/orders" && parameter["name"] == "state" {
                    parameter["schema"] = json!({"$ref": "#/components/schemas/OrderState"});
                }
                if NEEDED.iter().any(|(at, name)| at == path && parameter["name"] == *name) {
                    parameter["required"] = json!(true);
                    parameter["schema"]["minLength"] = json!(1);
                }
                if parameter["name"] == "limit" {
                    parameter["schema"]["pattern"] = json!("^[1-9][0-9]?$");
                }
            }
        }
    }
    let schemas = &mut document["components"]["schemas"];
    for id in IDS {
        schemas[id]["format"] = json!("uuid");
    }
    for decimal in DECIMALS {
        schemas[decimal]["pattern"] = json!(DECIMAL);
    }
    let known = ProblemCode::KNOWN.iter().map(|code| code.as_str());
    schemas["ProblemCode"]["enum"] = known.chain(["other"]).collect();
    document
}

fn members(object: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    object.as_object_mut().into_iter().flatten()
}
