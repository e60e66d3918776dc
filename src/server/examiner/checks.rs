//! Who may ask, clients, products, the register, passing on.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use reqwest::header::{ACCEPT, ALLOW, AUTHORIZATION, WWW_AUTHENTICATE};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, Check, Examinee, Judged, MARK, Outcome, failed, holds, new_id};
use crate::desk_api::{ClientCard, Clients, Directory, Products, TransferChain};

/// A telephone waits this long for a card.
const CARD: Duration = Duration::from_secs(2);

macro_rules! check {
    ($name:ident, asks) => {
        Check { name: stringify!($name), writes: false, run: |examinee| Box::pin($name(examinee)) }
    };
    ($name:ident, writes) => {
        Check { name: stringify!($name), writes: true, run: |examinee| Box::pin($name(examinee)) }
    };
}
pub(super) use check;

pub(super) const CHECKS: &[Check] = &[
    check!(without_a_token_nobody_gets_anything, asks),
    check!(a_wrong_token_is_refused, asks),
    check!(an_unknown_path_is_a_problem_document, asks),
    check!(a_wrong_method_names_the_right_ones, asks),
    check!(the_directory_is_one, asks),
    check!(a_caller_whom_nobody_knows_is_no_error, asks),
    check!(a_look_up_takes_less_than_a_ring, asks),
    check!(what_is_no_number_is_refused_by_its_field, asks),
    check!(a_look_up_of_nothing_is_refused, asks),
    check!(a_caller_whom_nobody_knows_has_a_chain, asks),
    check!(products_are_found_or_not, asks),
    check!(an_entry_that_nobody_wrote_is_not_found, asks),
    check!(changes_are_told_as_events, asks),
    check!(a_client_is_found_by_any_form_of_its_number, writes),
    check!(a_client_comes_back_whole, writes),
    check!(operators_write_no_clients, writes),
    check!(a_write_needs_a_command, writes),
    check!(a_repeat_gets_the_first_answer, writes),
    check!(a_command_is_never_used_twice, writes),
    check!(a_command_twenty_times_at_once_is_done_once, writes),
    check!(a_revision_never_goes_back, writes),
    check!(a_revision_has_one_content, writes),
    check!(an_entry_comes_back_whole, writes),
    check!(nobody_writes_another_ones_entry, writes),
    check!(a_body_that_cannot_be_read_is_refused, writes),
    check!(a_product_is_found_by_article_and_words, writes),
];

/// Whoever there is a token of.
fn anybody(examinee: &Examinee) -> Result<&'static str, Outcome> {
    let roles = ["operator", "manager", "head", "admin", "service"];
    let known = roles.into_iter().find(|role| examinee.tokens.contains_key(*role));
    known.ok_or(Outcome::Skipped(super::Lacks::Token("operator")))
}

async fn without_a_token_nobody_gets_anything(examinee: &Examinee) -> Judged {
    for path in ["/v1/directory", "/v1/clients?phone=%2B79161234567", "/v1/calls", "/v1/products?q=tea"] {
        let answer = examinee.send(examinee.request(Method::GET, path)).await?;
        answer.is_problem(401, "token_refused")?;
        let challenge = answer.headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
        holds(
            challenge.unwrap_or_default().starts_with("Bearer"),
            "WWW-Authenticate: Bearer",
            answer.told(),
        )?;
    }
    Ok(())
}

async fn a_wrong_token_is_refused(examinee: &Examinee) -> Judged {
    for token in ["Bearer wrong", "Basic d3Jvbmc6d3Jvbmc=", "Bearer"] {
        let request = examinee.request(Method::GET, "/v1/directory").header(AUTHORIZATION, token);
        examinee.send(request).await?.is_problem(401, "token_refused")?;
    }
    Ok(())
}

async fn an_unknown_path_is_a_problem_document(examinee: &Examinee) -> Judged {
    let who = anybody(examinee)?;
    examinee.get(who, "/v1/no-such-path", &[]).await?.is_problem(404, "no_such_path")
}

async fn a_wrong_method_names_the_right_ones(examinee: &Examinee) -> Judged {
    let token = examinee.token(anybody(examinee)?)?;
    let request = examinee.request(Method::DELETE, "/v1/directory").bearer_auth(token);
    let answer = examinee.send(request).await?;
    answer.is_problem(405, "method_not_allowed")?;
    let allowed = answer.headers.get(ALLOW).and_then(|value| value.to_str().ok()).unwrap_or_default();
    holds(allowed.contains("GET"), "Allow: GET", allowed)
}

async fn the_directory_is_one(examinee: &Examinee) -> Judged {
    directory(examinee).await.map(drop)
}

async fn directory(examinee: &Examinee) -> Result<Directory, Outcome> {
    examinee.get(anybody(examinee)?, "/v1/directory", &[]).await?.read("Directory")
}

/// A mobile number that nobody has.
async fn free_number(examinee: &Examinee) -> Result<String, Outcome> {
    for _ in 0..5 {
        let number = format!("+79{:09}", new_id()?.as_u128() % 1_000_000_000);
        if found(examinee, &number).await?.clients.is_empty() {
            return Ok(number);
        }
    }
    Err(failed("clients = []", "200"))
}

async fn found(examinee: &Examinee, phone: &str) -> Result<Clients, Outcome> {
    examinee.get(anybody(examinee)?, "/v1/clients", &[("phone", phone)]).await?.read("Clients")
}

async fn a_caller_whom_nobody_knows_is_no_error(examinee: &Examinee) -> Judged {
    free_number(examinee).await.map(drop)
}

async fn a_look_up_takes_less_than_a_ring(examinee: &Examinee) -> Judged {
    let slow = failed("2 s", "slow");
    tokio::time::timeout(CARD, found(examinee, "+79161234567")).await.map_err(|_| slow)?.map(drop)
}

async fn what_is_no_number_is_refused_by_its_field(examinee: &Examinee) -> Judged {
    let answer = examinee.get(anybody(examinee)?, "/v1/clients", &[("phone", "no number")]).await?;
    answer.is_problem(400, "bad_phone")?;
    answer.has("/fields/0/field", &json!("phone"))
}

async fn a_look_up_of_nothing_is_refused(examinee: &Examinee) -> Judged {
    let answer = examinee.get(anybody(examinee)?, "/v1/clients", &[]).await?;
    answer.is_problem(400, "malformed_request")
}

async fn a_caller_whom_nobody_knows_has_a_chain(examinee: &Examinee) -> Judged {
    let answer = examinee.get(anybody(examinee)?, "/v1/transfer-chain", &[]).await?;
    answer.read::<TransferChain>("TransferChain").map(drop)
}

async fn products_are_found_or_not(examinee: &Examinee) -> Judged {
    let word = new_id()?.simple().to_string();
    let answer = examinee.get(anybody(examinee)?, "/v1/products", &[("q", &word)]).await?;
    let products: Products = answer.read("Products")?;
    holds(products.products.is_empty(), "products = []", answer.told())
}

async fn an_entry_that_nobody_wrote_is_not_found(examinee: &Examinee) -> Judged {
    let path = format!("/v1/calls/{}", new_id()?);
    examinee.get(anybody(examinee)?, &path, &[]).await?.is_problem(404, "not_found")
}

async fn changes_are_told_as_events(examinee: &Examinee) -> Judged {
    let token = examinee.token(anybody(examinee)?)?;
    let request = examinee.request(Method::GET, "/v1/events").bearer_auth(token);
    let request = request.header(ACCEPT, "text/event-stream").send();
    // The answer begins at once and does not end.
    let answer =
        tokio::time::timeout(CARD, request).await.map_err(|_| failed("200 text/event-stream", "slow"))?;
    let answer = answer.map_err(|_| failed("200 text/event-stream", "HTTP"))?;
    let kind = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let came = format!("{} {kind}", answer.status().as_u16());
    holds(kind.starts_with("text/event-stream"), "200 text/event-stream", came)
}

/// The least a client consists of, of the company's first type.
pub(super) async fn client(examinee: &Examinee, phones: &[&str]) -> Result<Value, Outcome> {
    let directory = directory(examinee).await?;
    let kind = directory.client_types.first().ok_or_else(|| failed("client_types", "[]"))?;
    let name = format!("{MARK} {}", new_id()?.simple());
    Ok(json!({"name": name, "client_type": kind.id, "phones": phones, "standing": {"currency": "RUB"}}))
}

/// Made, and its card.
pub(super) async fn add_client(examinee: &Examinee, client: &Value) -> Result<ClientCard, Outcome> {
    let path = format!("/v1/clients/{}", new_id()?);
    let answer = examinee.put("admin", &path, new_id()?, client).await?;
    answer.has_status(&[201])?;
    answer.read("ClientCard")
}

async fn a_client_is_found_by_any_form_of_its_number(examinee: &Examinee) -> Judged {
    let number = free_number(examinee).await?;
    let digits = |from, to| number.get(from..to).unwrap_or_default();
    let written = format!("+7 ({}) {}-{}-{}", digits(2, 5), digits(5, 8), digits(8, 10), digits(10, 12));
    let made = add_client(examinee, &client(examinee, &[&written]).await?).await?;
    for form in [number.clone(), written, number.replace("+7", "+7-"), number.replace("+79", "+7 9")] {
        let clients = found(examinee, &form).await?.clients;
        let is_found = clients.iter().any(|client| client.id == made.id);
        holds(is_found, &format!("phone = {form}: {}", made.id), format!("clients: {}", clients.len()))?;
    }
    Ok(())
}

async fn a_client_comes_back_whole(examinee: &Examinee) -> Judged {
    let number = free_number(examinee).await?;
    let mut draft = client(examinee, &[&number]).await?;
    draft["contacts"] = json!([{"name": "Анна", "position": "구매", "phone": "8 916 000-00-00"}]);
    draft["delivery"] = json!({"address": "Pavilion 14", "hours": "9–18", "pays_on_delivery": true});
    draft["standing"] = json!({
        "currency": "RUB", "overdue": "0.01", "over_limit": "0", "limit": "1000.50", "credit_left": "10",
    });
    draft["time_zone"] = json!("Asia/Seoul");
    draft["note"] = json!("two\nlines; \"quoted\"");
    let made = add_client(examinee, &draft).await?;
    let answer = examinee.get("admin", &format!("/v1/clients/{}", made.id), &[]).await?;
    for field in ["name", "contacts", "time_zone", "note"] {
        answer.has(&format!("/{field}"), &draft[field])?;
    }
    answer.has("/delivery/address", &draft["delivery"]["address"])?;
    answer.has("/delivery/pays_on_delivery", &json!(true))?;
    let card: ClientCard = answer.read("ClientCard")?;
    let draft: crate::desk_api::ClientDraft =
        serde_json::from_value(draft).map_err(|_| failed("ClientDraft", "200"))?;
    holds(card.standing == draft.standing, "standing", answer.body["standing"].clone())
}

async fn operators_write_no_clients(examinee: &Examinee) -> Judged {
    let draft = client(examinee, &[]).await?;
    let path = format!("/v1/clients/{}", new_id()?);
    examinee.put("operator", &path, new_id()?, &draft).await?.is_problem(403, "forbidden")
}

fn entry(id: Uuid, revision: u32) -> Value {
    json!({
        "id": id, "revision": revision, "call_id": format!("{id}@examiner"), "direction": "inbound", "line": 1,
        "operator": MARK, "caller": {"written": "89161234567", "number": "+79161234567"},
        "started_at": "2026-05-06T07:08:09.123456Z", "ended_at": "2026-05-06T07:08:19.123456Z",
        "outcome": "missed", "note": "two\nlines",
    })
}

fn path_of(id: Uuid) -> String {
    format!("/v1/calls/{id}")
}

fn came_to(answer: &Answer, status: u16, change: &str, revision: u32) -> Judged {
    let is_it =
        answer.status == status && answer.body["change"] == change && answer.body["revision"] == revision;
    let came = format!("{} {} {}", answer.told(), answer.body["change"], answer.body["revision"]);
    holds(is_it, &format!("{status} {change} {revision}"), came)
}

async fn a_write_needs_a_command(examinee: &Examinee) -> Judged {
    let id = new_id()?;
    let request = examinee.request(Method::PUT, &path_of(id)).bearer_auth(examinee.token("operator")?);
    examinee.send(request.json(&entry(id, 1))).await?.is_problem(400, "command_id_missing")
}

async fn a_repeat_gets_the_first_answer(examinee: &Examinee) -> Judged {
    let (id, command) = (new_id()?, new_id()?);
    let first = examinee.put("operator", &path_of(id), command, &entry(id, 1)).await?;
    came_to(&first, 201, "created", 1)?;
    came_to(&examinee.put("operator", &path_of(id), new_id()?, &entry(id, 2)).await?, 200, "replaced", 2)?;
    let again = examinee.put("operator", &path_of(id), command, &entry(id, 1)).await?;
    came_to(&again, 201, "created", 1)?;
    examinee.get("operator", &path_of(id), &[]).await?.has("/revision", &json!(2))
}

async fn a_command_is_never_used_twice(examinee: &Examinee) -> Judged {
    let (id, other, command) = (new_id()?, new_id()?, new_id()?);
    came_to(&examinee.put("operator", &path_of(id), command, &entry(id, 1)).await?, 201, "created", 1)?;
    let answer = examinee.put("operator", &path_of(id), command, &entry(id, 2)).await?;
    answer.is_problem(409, "command_reused")?;
    let answer = examinee.put("operator", &path_of(other), command, &entry(other, 1)).await?;
    answer.is_problem(409, "command_reused")
}

async fn a_command_twenty_times_at_once_is_done_once(examinee: &Examinee) -> Judged {
    let (id, command) = (new_id()?, new_id()?);
    let (path, entry) = (path_of(id), entry(id, 1));
    let all = (0..20).map(|_| examinee.put("operator", &path, command, &entry));
    for answer in join_all(all).await {
        came_to(&answer?, 201, "created", 1)?;
    }
    Ok(())
}

async fn a_revision_never_goes_back(examinee: &Examinee) -> Judged {
    let id = new_id()?;
    came_to(&examinee.put("operator", &path_of(id), new_id()?, &entry(id, 3)).await?, 201, "created", 3)?;
    for revision in [1, 2] {
        let answer = examinee.put("operator", &path_of(id), new_id()?, &entry(id, revision)).await?;
        came_to(&answer, 200, "superseded", 3)?;
    }
    examinee.get("operator", &path_of(id), &[]).await?.has("/revision", &json!(3))
}

async fn a_revision_has_one_content(examinee: &Examinee) -> Judged {
    let id = new_id()?;
    came_to(&examinee.put("operator", &path_of(id), new_id()?, &entry(id, 1)).await?, 201, "created", 1)?;
    came_to(&examinee.put("operator", &path_of(id), new_id()?, &entry(id, 1)).await?, 200, "unchanged", 1)?;
    let mut other = entry(id, 1);
    other["note"] = json!("something else");
    let answer = examinee.put("operator", &path_of(id), new_id()?, &other).await?;
    answer.is_problem(409, "revision_conflict")
}

async fn an_entry_comes_back_whole(examinee: &Examinee) -> Judged {
    let id = new_id()?;
    let written = entry(id, 1);
    came_to(&examinee.put("operator", &path_of(id), new_id()?, &written).await?, 201, "created", 1)?;
    let answer = examinee.get("operator", &path_of(id), &[]).await?;
    for field in ["id", "call_id", "direction", "line", "operator", "outcome", "note", "started_at"] {
        answer.has(&format!("/{field}"), &written[field])?;
    }
    for field in ["written", "number"] {
        answer.has(&format!("/caller/{field}"), &written["caller"][field])?;
    }
    Ok(())
}

async fn nobody_writes_another_ones_entry(examinee: &Examinee) -> Judged {
    let id = new_id()?;
    examinee.token("operator2")?;
    came_to(&examinee.put("operator", &path_of(id), new_id()?, &entry(id, 1)).await?, 201, "created", 1)?;
    let answer = examinee.put("operator2", &path_of(id), new_id()?, &entry(id, 2)).await?;
    answer.is_problem(403, "not_yours")?;
    examinee.get("operator2", &path_of(id), &[]).await?.is_problem(404, "not_found")
}

async fn a_body_that_cannot_be_read_is_refused(examinee: &Examinee) -> Judged {
    let id = new_id()?;
    for body in [json!([]), json!({"id": id}), json!({"id": id, "revision": "one"})] {
        let answer = examinee.put("operator", &path_of(id), new_id()?, &body).await?;
        answer.is_problem(400, "malformed_body")?;
    }
    examinee.get("operator", &path_of(id), &[]).await?.is_problem(404, "not_found")
}

async fn a_product_is_found_by_article_and_words(examinee: &Examinee) -> Judged {
    let (id, word) = (new_id()?, format!("w{}", new_id()?.simple()));
    let goods = json!({
        "product": {
            "id": id, "code": format!("E{}", id.simple()), "name": format!("{MARK} {word}"), "tax_kind": "food",
            "packings": [{"unit": "case", "holds": "12"}, {"unit": "piece", "holds": "1"}],
        },
        "prices": {"columns": {"1": "10.50"}},
        "batches": [{"id": "A", "expires": "2099-01-01", "free": "36"}],
    });
    examinee.put("admin", &format!("/v1/products/{id}"), new_id()?, &goods).await?.has_status(&[201])?;
    for text in [format!("E{}", id.simple()), word.get(..20).unwrap_or_default().to_owned()] {
        let answer = examinee.get(anybody(examinee)?, "/v1/products", &[("q", &text)]).await?;
        answer.has("/products/0/product/id", &json!(id))?;
        answer.has_number("/products/0/available", 36)?;
    }
    Ok(())
}
