//! The contract as OpenAPI, made from the routes and the contract's types.

use std::sync::OnceLock;

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::routes::{
    calls, clients, directory, events, following, handovers, meta, orders, products, session, tasks,
    transfers,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Patchcord desk", description = "What an operator's program asks of an order desk."),
    paths(clients::find, clients::show, clients::put, following::unassigned, following::assign, directory::show, following::absences, calls::list, calls::show, calls::put, handovers::list, handovers::put, products::terms, products::show_trade, products::put_trade, products::find, products::put, orders::list, orders::show, orders::put, orders::place, orders::act, following::goods, tasks::list, tasks::put, tasks::finish, events::listen, session::log_in, session::show, session::log_out, transfers::chain, transfers::report, meta::health),
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
    DOCUMENT.get_or_init(|| Contract::openapi().to_json().unwrap_or_else(|_| "{}".to_owned()))
}
