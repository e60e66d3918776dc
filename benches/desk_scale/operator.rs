//! Operators who do what they do in a call: look up, read the terms, type products, write the order down, place it.

use std::cell::Cell;
use std::time::Duration;

use reqwest::{Client as Http, Method};
use serde_json::{Value, json};
use uuid::Uuid;

use super::bare::{Client, Sample, mix};
use super::desks::Desks;
use super::load::{Figures, now};

/// From one call of an operator to the next.
const CALL: Duration = Duration::from_secs(120);
/// Lines of an order.
const LINES: usize = 8;

struct Operator<'a> {
    http: Http,
    url: String,
    token: &'a str,
    sample: &'a Sample,
    figures: Figures,
    chance: Cell<u64>,
}

impl<'a> Operator<'a> {
    fn new(desks: &Desks, number: usize, token: &'a str, sample: &'a Sample) -> Self {
        let chance = patchcord::entropy::seed().unwrap()[..8].try_into().unwrap();
        Self {
            http: Http::builder().no_proxy().build().unwrap(),
            url: desks.url(number),
            token,
            sample,
            figures: Figures::default(),
            chance: Cell::new(u64::from_le_bytes(chance)),
        }
    }

    fn chance(&self) -> u64 {
        self.chance.set(self.chance.get().wrapping_add(1));
        mix(self.chance.get())
    }

    fn any<'b, T>(&self, from: &'b [T]) -> &'b T {
        &from[(self.chance() % from.len() as u64) as usize]
    }

    async fn get(&mut self, what: &'static str, path: &str, query: &[(&str, &str)]) -> Vec<u8> {
        let request = self.http.get(format!("{}{path}", self.url)).query(query).bearer_auth(self.token);
        self.send(what, request).await
    }

    async fn write(&mut self, what: &'static str, method: Method, path: &str, body: &Value) -> Value {
        let request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(self.token);
        let request = request.header("Idempotency-Key", self.uuid().to_string()).json(body);
        serde_json::from_slice(&self.send(what, request).await).unwrap_or_default()
    }

    async fn send(&mut self, what: &'static str, request: reqwest::RequestBuilder) -> Vec<u8> {
        let began = now();
        let answered = async {
            let response = request.send().await?;
            let status = response.status();
            Ok::<_, reqwest::Error>((status, response.bytes().await?))
        };
        match answered.await {
            Ok((status, body)) if status.is_success() => {
                self.figures.add(what, began.elapsed());
                body.to_vec()
            }
            Ok((status, _)) => {
                self.figures.count(format!("{what}: {status}"));
                Vec::new()
            }
            Err(_) => {
                self.figures.count(format!("{what}: no answer"));
                Vec::new()
            }
        }
    }

    /// Of version 7, as the operator's program makes them.
    fn uuid(&self) -> Uuid {
        let millis = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
        let chance = u128::from(self.chance()) << 64 | u128::from(self.chance());
        uuid::Builder::from_unix_timestamp_millis(millis, &chance.to_le_bytes()[..10].try_into().unwrap())
            .into_uuid()
    }

    async fn look_up(&mut self) {
        let phone = self.any(&self.sample.phones).clone();
        self.get("look-up by phone", "/v1/clients", &[("phone", &phone)]).await;
    }

    async fn type_name(&mut self) {
        let name = self.any(&self.sample.names).clone();
        self.get("client as typed", "/v1/clients", &[("q", &name)]).await;
    }

    async fn type_product(&mut self, client: &str) {
        let word = self.any(&self.sample.words).clone();
        self.get("product as typed", "/v1/products", &[("q", &word), ("client", client)]).await;
    }

    /// None: this client's orders are not the operator's.
    async fn terms(&mut self, client: &Client) -> Option<Value> {
        let path = format!("/v1/clients/{}/terms", client.id);
        let terms: Value = serde_json::from_slice(&self.get("terms and offers", &path, &[]).await).ok()?;
        (terms["served_by"] == "operator" && terms["is_regional"] == false).then_some(terms)
    }

    /// An order of what there is, without lines yet.
    fn begin(&self, client: &Client, terms: &Value) -> (Value, Vec<Value>) {
        let goods = terms["goods"].as_array().into_iter().flatten();
        let fits = |goods: &&Value| {
            let free = goods["available"].as_str().and_then(|free| free.parse::<f64>().ok()).unwrap_or(0.0);
            free > 1000.0 && goods["product"]["permission"].is_null()
        };
        let lines = goods.filter(fits).take(LINES).zip(1..).map(|(goods, number)| {
            let product = &goods["product"];
            json!({"number": number, "product": product["id"], "quantity": "2", "unit": product["packings"][0]["unit"]})
        });
        let address = &terms["addresses"][0];
        let order = json!({
            "id": self.uuid(), "revision": 0, "client": client.id, "payer": terms["payers"][0]["id"], "no_offers": true,
            "delivery": {
                "address": address["number"], "slot": address["slots"][self.chance() as usize % 8], "pays_on_delivery": false,
                "receiver": {"name": "Анна", "phone": "+79160000000", "may_sign": true, "confirmed": true},
            },
        });
        (order, lines.collect())
    }

    /// Each keystroke that changes it is written.
    async fn draft(&mut self, what: &'static str, order: &mut Value) -> Value {
        order["revision"] = json!(order["revision"].as_u64().unwrap() + 1);
        let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
        self.write(what, Method::PUT, &path, order).await
    }

    async fn place(&mut self, order: &mut Value, drafted: &Value) {
        order["agreed_total"] = drafted["examined"]["total"]["gross"].clone();
        self.draft("read-back, on disk", order).await;
        let path = format!("/v1/orders/{}/place", order["id"].as_str().unwrap());
        let placed = self
            .write("placing, on disk", Method::POST, &path, &json!({"revision": order["revision"]}))
            .await;
        let state = placed["state"].as_str().unwrap_or("lost").to_owned();
        if state == "draft" {
            let faults = placed["examined"]["faults"].as_array().into_iter().flatten();
            for fault in faults {
                self.figures.count(format!("stopped: {}", fault["rule"].as_str().unwrap_or_default()));
            }
        }
        self.figures.count(state);
    }
}

/// Requests of each kind, one after the other.
pub async fn alone(desks: &Desks, token: &str, sample: &Sample, times: usize, figures: &mut Figures) {
    let mut operator = Operator::new(desks, 0, token, sample);
    operator.look_up().await;
    operator.figures = Figures::default();
    for _ in 0..times {
        operator.look_up().await;
        operator.type_name().await;
        let client = operator.any(&sample.clients);
        operator.type_product(&client.id).await;
        let Some(terms) = operator.terms(client).await else { continue };
        let (mut order, lines) = operator.begin(client, &terms);
        order["lines"] = json!(lines);
        let drafted = operator.draft("draft, on disk", &mut order).await;
        operator.place(&mut order, &drafted).await;
    }
    figures.join(operator.figures);
}

/// All of them for so long, each with one call after the other.
pub async fn many(desks: &Desks, tokens: &[String], sample: &Sample, hurry: u32, seconds: u64) -> Figures {
    let mut operators: Vec<_> = tokens
        .iter()
        .enumerate()
        .map(|(number, token)| Operator::new(desks, number, token, sample))
        .collect();
    let end = now() + Duration::from_secs(seconds);
    let pace = CALL / hurry;
    let at_work = operators.iter_mut().map(|operator| async move {
        let first = pace.mul_f64((operator.chance() % 1000) as f64 / 1000.0);
        let _ = tokio::time::timeout_at(end.into(), async {
            tokio::time::sleep(first).await;
            loop {
                operator.call(pace).await;
            }
        })
        .await;
    });
    futures_util::future::join_all(at_work).await;
    let mut figures = Figures::default();
    for operator in operators {
        figures.join(operator.figures);
    }
    figures
}

impl Operator<'_> {
    async fn call(&mut self, pace: Duration) {
        let began = now();
        let step = pace / 40;
        self.look_up().await;
        let client = self.any(&self.sample.clients);
        if let Some(terms) = self.terms(client).await {
            let (mut order, lines) = self.begin(client, &terms);
            let mut drafted = Value::Null;
            for count in 1..=lines.len() {
                for _ in 0..3 {
                    tokio::time::sleep(step).await;
                    self.type_product(&client.id).await;
                }
                order["lines"] = json!(lines[..count]);
                drafted = self.draft("draft, on disk", &mut order).await;
            }
            tokio::time::sleep(step).await;
            self.place(&mut order, &drafted).await;
        } else {
            self.type_name().await;
        }
        tokio::time::sleep(pace.saturating_sub(began.elapsed())).await;
    }
}
