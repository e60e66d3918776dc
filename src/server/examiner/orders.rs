//! The life of an order: kept, read back, placed once, and never the last case for two.

use std::time::Duration;

use futures_util::future::join;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::checks::{add_client, check, client};
use super::{Answer, Check, Examinee, Judged, Lacks, MARK, Outcome, failed, holds, new_id};
use crate::desk_api::{OrderReceipt, Terms};

/// Changes are told within a second; a desk on a busy computer gets some more.
const TOLD: Duration = Duration::from_secs(5);

pub(super) const CHECKS: &[Check] = &[
    check!(terms_say_what_an_order_goes_by, writes),
    check!(a_draft_is_kept_whole, writes),
    check!(an_order_never_goes_back, writes),
    check!(what_was_not_read_back_is_not_placed, writes),
    check!(the_read_back_keeps_the_goods, writes),
    check!(an_order_is_placed_once, writes),
    check!(two_never_get_the_last_case, writes),
    check!(a_change_of_an_order_is_told, writes),
];

/// A client who may order on this route, and one product of which there are so many cases.
struct Shop {
    client: Uuid,
    product: Uuid,
    slot: Value,
}

async fn terms(examinee: &Examinee, client: Uuid) -> Result<Terms, Outcome> {
    examinee.get("operator", &format!("/v1/clients/{client}/terms"), &[]).await?.read("Terms")
}

/// Spoken with before, hence no new one.
async fn buyer(examinee: &Examinee) -> Result<Uuid, Outcome> {
    let route = examinee.route.as_deref().ok_or(Outcome::Skipped(Lacks::Route))?;
    let mut draft = client(examinee, &[]).await?;
    draft["delivery"] = json!({"address": "Pavilion 14"});
    draft["standing"] = json!({
        "currency": "RUB", "limit": "100000", "credit_left": "50000", "overdue": "0", "over_limit": "0",
    });
    let id = add_client(examinee, &draft).await?.id.0;
    let trade = json!({"addresses": [{"number": 1, "text": "Pavilion 14", "route": route}]});
    examinee.put("admin", &format!("/v1/clients/{id}/trade"), new_id()?, &trade).await?.has_status(&[200])?;
    let call = new_id()?;
    let spoken = json!({
        "id": call, "revision": 1, "call_id": format!("{call}@examiner"), "direction": "inbound", "line": 1,
        "operator": MARK, "caller": {"written": "1"}, "client": id, "outcome": "completed",
        "started_at": "2026-05-06T07:08:09Z", "answered_at": "2026-05-06T07:08:12Z", "ended_at": "2026-05-06T07:09:00Z",
    });
    examinee.put("operator", &format!("/v1/calls/{call}"), new_id()?, &spoken).await?.has_status(&[201])?;
    Ok(id)
}

impl Shop {
    async fn open(examinee: &Examinee, cases: u32) -> Result<Self, Outcome> {
        let client = buyer(examinee).await?;
        let terms = terms(examinee, client).await?;
        let slot = terms.addresses.first().and_then(|address| address.slots.first());
        let slot = slot.ok_or_else(|| failed("addresses[0].slots[0]", "none"))?;
        let slot = serde_json::to_value(slot.slot).map_err(|_| failed("Slot", "none"))?;
        let product = new_id()?;
        let price = |column: &crate::domain::trade::price::Column| (column.id.0.clone(), json!("1000"));
        let columns: serde_json::Map<String, Value> = terms.price_list.columns.iter().map(price).collect();
        let tax = terms.price_list.tax_rates.first().map(|rate| rate.kind.clone()).unwrap_or_default();
        let goods = json!({
            "product": {
                "id": product, "code": format!("E{}", product.simple()), "name": format!("{MARK} tea"), "tax_kind": tax,
                "packings": [{"unit": "case", "holds": "12"}],
            },
            "prices": {"columns": columns},
            "batches": [{"id": "A", "expires": "2099-01-01", "free": (12 * cases).to_string()}],
        });
        examinee
            .put("admin", &format!("/v1/products/{product}"), new_id()?, &goods)
            .await?
            .has_status(&[201])?;
        Ok(Self { client, product, slot })
    }

    fn order(&self, id: Uuid, client: Uuid, cases: u32) -> Value {
        json!({
            "id": id, "revision": 1, "client": client, "no_offers": true, "note": "two\nlines",
            "lines": [{"number": 1, "product": self.product, "quantity": cases.to_string(), "unit": "case"}],
            "delivery": {
                "address": 1, "slot": self.slot, "pays_on_delivery": false,
                "receiver": {"name": "Anna", "phone": "+79160000000", "may_sign": true, "confirmed": true},
            },
        })
    }
}

async fn write(examinee: &Examinee, order: &Value) -> Result<Answer, Outcome> {
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap_or_default());
    examinee.put("operator", &path, new_id()?, order).await
}

/// Reads the total to the client and writes it down.
async fn agree(examinee: &Examinee, order: &mut Value) -> Result<OrderReceipt, Outcome> {
    let receipt: OrderReceipt = write(examinee, order).await?.read("OrderReceipt")?;
    order["revision"] = json!(2);
    order["agreed_total"] = json!(receipt.examined.total.gross);
    write(examinee, order).await?.read("OrderReceipt")
}

async fn place(examinee: &Examinee, order: &Value, command: Uuid) -> Result<Answer, Outcome> {
    let path = format!("/v1/orders/{}/place", order["id"].as_str().unwrap_or_default());
    let body = json!({"revision": order["revision"]});
    examinee.write(Method::POST, "operator", &path, command, &body).await
}

async fn terms_say_what_an_order_goes_by(examinee: &Examinee) -> Judged {
    let client = buyer(examinee).await?;
    let terms = terms(examinee, client).await?;
    holds(!terms.payers.is_empty(), "payers[0]", "none")?;
    holds(!terms.price_list.columns.is_empty(), "price_list.columns[0]", "none")?;
    holds(terms.client.0 == client, &format!("client = {client}"), terms.client)
}

async fn a_draft_is_kept_whole(examinee: &Examinee) -> Judged {
    let shop = Shop::open(examinee, 5).await?;
    let order = shop.order(new_id()?, shop.client, 2);
    write(examinee, &order).await?.has_status(&[201])?;
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap_or_default());
    let answer = examinee.get("operator", &path, &[]).await?;
    answer.has("/state", &json!("draft"))?;
    for field in ["note", "client", "revision"] {
        answer.has(&format!("/order/{field}"), &order[field])?;
    }
    answer.has("/order/lines/0/quantity", &json!("2"))?;
    answer.has("/order/delivery/receiver/name", &json!("Anna"))
}

async fn an_order_never_goes_back(examinee: &Examinee) -> Judged {
    let shop = Shop::open(examinee, 5).await?;
    let mut order = shop.order(new_id()?, shop.client, 2);
    order["revision"] = json!(3);
    write(examinee, &order).await?.has_status(&[201])?;
    let mut older = shop.order(new_id()?, shop.client, 1);
    older["id"] = order["id"].clone();
    let answer = write(examinee, &older).await?;
    answer.has("/change", &json!("superseded"))?;
    older["revision"] = json!(3);
    write(examinee, &older).await?.is_problem(409, "revision_conflict")
}

async fn what_was_not_read_back_is_not_placed(examinee: &Examinee) -> Judged {
    let shop = Shop::open(examinee, 5).await?;
    let order = shop.order(new_id()?, shop.client, 2);
    write(examinee, &order).await?.has_status(&[201])?;
    let answer = place(examinee, &order, new_id()?).await?;
    answer.has_status(&[200])?;
    answer.has("/state", &json!("draft"))?;
    let faults = answer.body["faults"].as_array().map_or(0, Vec::len)
        + answer.body["examined"]["faults"].as_array().map_or(0, Vec::len);
    holds(faults > 0, "faults", "none")
}

async fn the_read_back_keeps_the_goods(examinee: &Examinee) -> Judged {
    let shop = Shop::open(examinee, 5).await?;
    let mut order = shop.order(new_id()?, shop.client, 2);
    let receipt = agree(examinee, &mut order).await?;
    holds(receipt.reserved_until.is_some(), "reserved_until", "none")?;
    let word = format!("E{}", shop.product.simple());
    let answer = examinee.get("operator", "/v1/products", &[("q", &word)]).await?;
    answer.has_number("/products/0/available", 36)
}

async fn an_order_is_placed_once(examinee: &Examinee) -> Judged {
    let shop = Shop::open(examinee, 5).await?;
    let mut order = shop.order(new_id()?, shop.client, 2);
    agree(examinee, &mut order).await?;
    let command = new_id()?;
    let first = place(examinee, &order, command).await?;
    first.has("/state", &json!("placed"))?;
    let again = place(examinee, &order, command).await?;
    holds(again.body == first.body, "the first answer", again.told())?;
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap_or_default());
    examinee.get("operator", &path, &[]).await?.has("/state", &json!("placed"))
}

async fn two_never_get_the_last_case(examinee: &Examinee) -> Judged {
    let shop = Shop::open(examinee, 1).await?;
    let other = buyer(examinee).await?;
    let (mut one, mut two) = (shop.order(new_id()?, shop.client, 1), shop.order(new_id()?, other, 1));
    let (first, second) = join(agree(examinee, &mut one), agree(examinee, &mut two)).await;
    first.and(second)?;
    let commands = (new_id()?, new_id()?);
    let (first, second) = join(place(examinee, &one, commands.0), place(examinee, &two, commands.1)).await;
    let states = [first?.body["state"].clone(), second?.body["state"].clone()];
    let placed = states.iter().filter(|state| **state == "placed").count();
    holds(placed == 1, "placed: 1", format!("{} {}", states[0], states[1]))
}

async fn a_change_of_an_order_is_told(examinee: &Examinee) -> Judged {
    let shop = Shop::open(examinee, 5).await?;
    let token = examinee.token("operator")?;
    let request = examinee.request(Method::GET, "/v1/events").bearer_auth(token);
    let mut events = request.send().await.map_err(|_| failed("text/event-stream", "HTTP"))?;
    let order = shop.order(new_id()?, shop.client, 2);
    write(examinee, &order).await?.has_status(&[201])?;
    let id = order["id"].as_str().unwrap_or_default().to_owned();
    let is_told = async {
        let mut told = String::new();
        while let Ok(Some(piece)) = events.chunk().await {
            told.push_str(&String::from_utf8_lossy(&piece));
            if told.contains(&id) {
                return true;
            }
        }
        false
    };
    let is_told = tokio::time::timeout(TOLD, is_told).await.unwrap_or(false);
    holds(is_told, &format!("event: order {id}"), "none")
}
