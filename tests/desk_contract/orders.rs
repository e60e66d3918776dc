//! Orders: what one goes by, how it is written and placed, what is promised with it and to whom.
//!
//! Columns, routes and rules are those of the sample settings.

use patchcord::desk_api::{Goods, OrderEntry, OrderReceipt, OrderState, Terms};
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};
use uuid::Uuid;

use super::events::Events;
use super::fixture::{Desk, Folder, call, call_path, new_call_id, random, run};

/// A client whom the operator serves, and something to sell.
pub struct Shop {
    pub desk: Desk,
    pub client: Uuid,
    pub product: Uuid,
    /// A word that finds the product and nothing else.
    pub word: String,
    /// Where the desk's settings are, if they are its own.
    settings: Option<Folder>,
}

/// Ten roubles a piece, twelve in a case.
pub fn goods(product: Uuid, word: &str, pieces: u32) -> Value {
    json!({
        "product": {
            "id": product, "code": word, "name": format!("Tea {word}"), "tax_kind": "food",
            "packings": [{"unit": "case", "holds": "12"}, {"unit": "piece", "holds": "1"}],
        },
        "prices": {"columns": {"1": "10", "2": "9", "3": "8"}},
        "batches": [{"id": "A", "expires": "2099-01-01", "free": pieces.to_string()}],
    })
}

impl Shop {
    pub fn open(pieces: u32) -> Self {
        Self::open_at(Desk::own(&[]), pieces)
    }

    /// Whose lorries take so many orders at a time. Beside the route `city` there are others: `city-0`, `city-1`, …
    pub fn with_lorries_for(orders: u32, pieces: u32) -> Self {
        let sample = std::fs::read_to_string("config/desk.toml").unwrap();
        let mut rules = sample.replace("capacity = 40", &format!("capacity = {orders}"));
        for number in 0..rounds() {
            rules += &format!(
                "\n[[orders.route]]\nid = \"city-{number}\"\nname = \"{number}\"\ndays = [1, 2, 3, 4, 5, 6]\n\
                 windows = [{{ from = \"07:00\", to = \"11:00\" }}]\ncut_off_days = 1\ncut_off = \"17:00\"\ncapacity = {orders}\n"
            );
        }
        let folder = Folder::new();
        let config = folder.path("desk.toml");
        std::fs::write(&config, rules).unwrap();
        let mut shop = Self::open_at(Desk::own(&["--config", config.to_str().unwrap()]), pieces);
        shop.settings = Some(folder);
        shop
    }

    /// The settings of a desk that is to be started again.
    pub fn config(&self) -> String {
        self.settings.as_ref().unwrap().path("desk.toml").to_str().unwrap().to_owned()
    }

    pub fn open_at(desk: Desk, pieces: u32) -> Self {
        let client = Self::client(&desk, json!({}));
        let mut shop = Self { desk, client, product: Uuid::nil(), word: String::new(), settings: None };
        shop.sell_something_new(pieces);
        shop
    }

    fn sell_something_new(&mut self, pieces: u32) {
        let (product, word) = (Uuid::from_u128(random()), format!("w{:x}", random()));
        let put =
            self.desk.put("service", &format!("/v1/products/{product}"), &goods(product, &word, pieces));
        assert_eq!(put.status, 201, "{}", put.text);
        (self.product, self.word) = (product, word);
    }

    /// Spoken with before, hence no new one.
    pub fn client(desk: &Desk, more: Value) -> Uuid {
        let id = Uuid::from_u128(random());
        let mut client = desk.client("Romashka", &[]);
        client["delivery"] = json!({"address": "Pavilion 14"});
        client["standing"] = json!({"currency": "RUB", "limit": "100000", "credit_left": "50000", "overdue": "0", "over_limit": "0"});
        for (key, value) in more.as_object().unwrap() {
            client[key] = value.clone();
        }
        assert_eq!(desk.put("admin", &format!("/v1/clients/{id}"), &client).status, 201);
        let trade = json!({"addresses": [{"number": 1, "text": "Pavilion 14", "route": "city"}]});
        let put = desk.put("service", &format!("/v1/clients/{id}/trade"), &trade);
        assert_eq!(put.status, 200, "{}", put.text);
        let mut spoken = call(new_call_id(), 1);
        spoken["client"] = json!(id);
        spoken["answered_at"] = json!("2026-05-06T07:08:10Z");
        spoken["ended_at"] = json!("2026-05-06T07:09:10Z");
        spoken["outcome"] = json!("completed");
        let put =
            desk.put("operator", &call_path(serde_json::from_value(spoken["id"].clone()).unwrap()), &spoken);
        assert_eq!(put.status, 201, "{}", put.text);
        id
    }

    pub fn terms(&self) -> Terms {
        terms(&self.desk, self.client)
    }

    /// A whole order of so many cases, but for the read-back.
    pub fn order(&self, cases: u32) -> Value {
        self.order_of(self.client, cases)
    }

    fn order_of(&self, client: Uuid, cases: u32) -> Value {
        let slot = serde_json::to_value(terms(&self.desk, client).addresses[0].slots[0].slot).unwrap();
        json!({
            "id": new_call_id(), "revision": 1, "client": client,
            "lines": [{"number": 1, "product": self.product, "quantity": cases.to_string(), "unit": "case"}],
            "delivery": {
                "address": 1, "slot": slot, "pays_on_delivery": false,
                "receiver": {"name": "Anna", "phone": "+79160000000", "may_sign": true, "confirmed": true},
            },
        })
    }

    pub fn write(&self, who: &str, order: &Value) -> OrderReceipt {
        receipt(&self.desk.put(who, &path(order), order).text)
    }

    /// Reads the total to the client and writes it down.
    pub fn agree(&self, who: &str, order: &mut Value) -> OrderReceipt {
        let total = self.write(who, order).examined.total.gross;
        order["revision"] = json!(order["revision"].as_u64().unwrap() + 1);
        order["agreed_total"] = json!(total);
        self.write(who, order)
    }

    pub fn place(&self, who: &str, order: &Value) -> OrderReceipt {
        let place = json!({"revision": order["revision"]});
        receipt(&self.post(who, &format!("{}/place", path(order)), &place).text)
    }

    pub fn act(&self, who: &str, order: &Value, act: &str) -> super::fixture::Reply {
        self.post(who, &format!("{}/acts", path(order)), &json!({"act": act, "reason": "the client says so"}))
    }

    fn post(&self, who: &str, path: &str, body: &Value) -> super::fixture::Reply {
        let request = self.post_request(who, path, Uuid::from_u128(random()), body);
        self.desk.send_all(vec![request]).pop().unwrap()
    }

    fn post_request(&self, who: &str, path: &str, command: Uuid, body: &Value) -> reqwest::RequestBuilder {
        let mut request = self.desk.put_request(who, path, command, body).build().unwrap();
        *request.method_mut() = reqwest::Method::POST;
        assert!(request.headers().contains_key(AUTHORIZATION));
        reqwest::RequestBuilder::from_parts(reqwest::Client::new(), request)
    }

    fn found(&self) -> Goods {
        let client = self.client.to_string();
        let reply = self.desk.get("operator", "/v1/products", &[("q", &self.word), ("client", &client)]);
        assert_eq!(reply.status, 200, "{}", reply.text);
        let mut products: Vec<Goods> = serde_json::from_value(reply.body["products"].clone()).unwrap();
        assert_eq!(products.len(), 1);
        products.remove(0)
    }

    pub fn free(&self) -> String {
        self.found().available.normalize().to_string()
    }
}

pub fn terms(desk: &Desk, client: Uuid) -> Terms {
    let reply = desk.get("operator", &format!("/v1/clients/{client}/terms"), &[]);
    assert_eq!(reply.status, 200, "{}", reply.text);
    serde_json::from_value(reply.body).unwrap()
}

/// Of whoever pays first of all.
fn credit_left(terms: &Terms) -> String {
    let standing = terms.payers[0].standing.as_ref().unwrap();
    standing.credit_left.unwrap().to_string()
}

pub fn path(order: &Value) -> String {
    format!("/v1/orders/{}", order["id"].as_str().unwrap())
}

fn receipt(text: &str) -> OrderReceipt {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

pub fn state(receipt: &OrderReceipt) -> Value {
    serde_json::to_value(receipt.state).unwrap()
}

/// The rules that stand in the way, by name.
fn faults(receipt: &OrderReceipt) -> Vec<String> {
    let faults = serde_json::to_value(&receipt.examined.faults).unwrap();
    faults.as_array().unwrap().iter().map(|fault| fault["rule"].as_str().unwrap().to_owned()).collect()
}

/// Windows are times of the address's clock: whoever reads answers by the published shapes waits for no offset in them.
#[test]
fn terms_come_in_the_published_shapes_and_formats() {
    let shop = Shop::open(100);
    let contract = shop.desk.send(|http, url| http.get(format!("{url}/openapi.json"))).body;
    let shape = json!({"$ref": "#/components/schemas/Terms", "components": contract["components"]});
    let shape = jsonschema::options().should_validate_formats(true).build(&shape).unwrap();
    let terms = shop.desk.get("operator", &format!("/v1/clients/{}/terms", shop.client), &[]).body;
    // The judge of formats knows none for times without an offset.
    for end in ["from", "to"] {
        let time = terms["addresses"][0]["slots"][0][end].as_str().unwrap();
        assert!(time.len() == 8 && time.parse::<jiff::civil::Time>().is_ok(), "{time}");
    }
    let faults: Vec<String> = shape.iter_errors(&terms).map(|fault| fault.to_string()).collect();
    assert_eq!(faults, [""; 0]);
}

#[test]
fn an_order_that_the_client_agreed_to_is_placed_and_takes_stock_and_credit() {
    let shop = Shop::open(1200);
    let before = shop.terms();
    assert_eq!(serde_json::to_value(before.served_by).unwrap(), "operator");
    let mut order = shop.order(30);
    let first = shop.write("operator", &order);
    assert_eq!(faults(&first), ["not_read_back"]);
    assert_eq!(first.examined.total.gross.to_string(), "3240.00", "360 pieces by column 2");
    assert_eq!(shop.free(), "1200", "a draft promises nothing");
    let agreed = shop.agree("operator", &mut order);
    assert_eq!(faults(&agreed), [""; 0]);
    assert!(agreed.reserved_until.is_some());
    assert_eq!(shop.free(), "840", "kept from the read-back on");
    let placed = shop.place("operator", &order);
    assert_eq!(state(&placed), "placed", "{:?}", faults(&placed));
    assert!(placed.number.is_some_and(|number| number > 0));
    assert_eq!(shop.free(), "840");
    let after = shop.terms();
    assert_eq!((credit_left(&before).as_str(), credit_left(&after).as_str()), ("50000.00", "46760.00"));
    assert_eq!((after.orders.len(), after.orders[0].number), (1, placed.number));
    assert_eq!(after.orders[0].placed_on, Some(after.today));
    assert_eq!(after.addresses[0].receivers[0].name, "Anna");
    assert!(!after.addresses[0].receivers[0].confirmed, "being there is asked anew");
    let reply = shop.desk.get("manager", "/v1/orders", &[("state", "placed")]);
    let orders: Vec<OrderEntry> = serde_json::from_value(reply.body["orders"].clone()).unwrap();
    assert_eq!(orders.len(), 1);
    assert_eq!((orders[0].client_name.as_str(), orders[0].taken_by.as_str()), ("Romashka", "operator"));
}

#[test]
fn what_the_client_agreed_to_is_kept_while_another_receiver_is_written_down() {
    let shop = Shop::open(1200);
    let mut order = shop.order(30);
    let until = |receipt: &OrderReceipt| receipt.reserved_until.map(|until| until.as_microsecond());
    let promised = until(&shop.agree("operator", &mut order));
    let whole = order["delivery"]["receiver"].clone();
    let mut write = |revision: u32, change: &dyn Fn(&mut Value)| {
        order["revision"] = json!(revision);
        change(&mut order);
        shop.write("operator", &order)
    };
    let half = json!({"name": "P", "phone": "", "may_sign": false, "confirmed": false});
    let said = write(3, &|order| order["delivery"]["receiver"] = half.clone());
    assert!(faults(&said).contains(&"no_receiver".to_owned()), "{:?}", faults(&said));
    assert_eq!((shop.free().as_str(), until(&said)), ("840", promised), "as long as it was promised");
    assert_eq!(faults(&write(4, &|order| order["delivery"]["receiver"] = whole.clone())), [""; 0]);
    assert_eq!(shop.free(), "840");
    // Another order is not what was agreed to.
    write(5, &|order| {
        order["delivery"]["receiver"] = half.clone();
        order["lines"][0]["quantity"] = json!("29");
    });
    assert_eq!(shop.free(), "1200");
}

#[test]
fn a_card_tells_what_is_owed_with_what_was_ordered_since_the_books_were_closed() {
    let shop = Shop::open(1200);
    let standing = json!({"currency": "RUB", "limit": "100000", "credit_left": "99000", "exposure": "1000",
        "overdue": "0", "over_limit": "0"});
    let client = Shop::client(&shop.desk, json!({"standing": standing}));
    let mut order = shop.order_of(client, 30);
    shop.agree("operator", &mut order);
    let owed = || {
        let standing =
            shop.desk.get("operator", &format!("/v1/clients/{client}"), &[]).body["standing"].clone();
        let amount = |name: &str| standing[name].as_str().unwrap().parse::<f64>().unwrap();
        (amount("exposure"), amount("credit_left"))
    };
    assert_eq!(owed(), (1000.0, 99_000.0), "nothing is ordered yet");
    assert_eq!(state(&shop.place("operator", &order)), "placed");
    assert_eq!(owed(), (4240.0, 95_760.0));
    for act in ["accept", "pick", "deliver"] {
        assert_eq!(shop.act("manager", &order, act).status, 200, "{act}");
        assert_eq!(owed(), (4240.0, 95_760.0), "{act}: it is on no invoice yet");
        assert_eq!(credit_left(&terms(&shop.desk, client)), "95760.00", "card and form say the same");
    }
    assert_eq!(shop.act("manager", &order, "close").status, 200);
    assert_eq!(owed(), (1000.0, 99_000.0), "the company's programs say it from now on");
}

#[test]
fn whoever_gets_the_client_reads_the_same_debt_as_the_operator() {
    let shop = Shop::open_at(Desk::own(&["--sample", "1"]), 1200);
    let standing = json!({"currency": "RUB", "limit": "100000", "credit_left": "99000", "exposure": "1000",
        "overdue": "0", "over_limit": "0"});
    let number = format!("+7916{:07}", random() % 10_000_000);
    let client = Shop::client(&shop.desk, json!({"standing": standing, "phones": [number]}));
    let mut order = shop.order_of(client, 30);
    order["no_offers"] = json!(true);
    shop.agree("operator", &mut order);
    assert_eq!(state(&shop.place("operator", &order)), "placed");
    let read = shop.desk.get("operator", &format!("/v1/clients/{client}"), &[]).body["standing"].clone();
    assert_eq!((&read["exposure"], &read["credit_left"]), (&json!("4240.0000"), &json!("95760.0000")));
    // Passed on by a program that knows the client, and by one that knows the number alone.
    for (to, party) in [("981", json!({})), ("982", json!({"written": number, "number": number}))] {
        let id = new_call_id();
        let mut handover = json!({"id": id, "revision": 1, "to": to, "way": "return", "from": "101", "operator": "Anna",
            "party": party});
        if to == "981" {
            handover["client"] = json!(client);
        }
        let put = shop.desk.put("operator", &format!("/v1/handovers/{id}"), &handover);
        assert_eq!(put.status, 201, "{}", put.text);
        let handed = shop.desk.get("manager", "/v1/handovers", &[("to", to)]);
        assert_eq!(handed.body["handovers"][0]["clients"][0]["standing"], read, "{to}: {}", handed.text);
    }
    let waiting = shop.desk.get("admin", "/v1/unassigned-clients", &[]);
    let of_client = |card: &&Value| card["id"] == json!(client);
    let card = waiting.body["clients"].as_array().unwrap().iter().find(of_client);
    assert_eq!(card.unwrap()["standing"], read, "who assigns a manager reads it, too");
    let assign = json!({"manager": "ivanova"});
    let assigned = shop.desk.put("admin", &format!("/v1/clients/{client}/manager"), &assign);
    assert_eq!(assigned.body["standing"], read, "{}", assigned.text);
    let mut written = shop.desk.client("Romashka", &[&number]);
    written["standing"] = standing;
    let written = shop.desk.put("admin", &format!("/v1/clients/{client}"), &written);
    assert_eq!(written.body["standing"], read, "{}", written.text);
}

#[test]
fn a_draft_is_written_again_and_again_and_its_highest_revision_stays() {
    let shop = Shop::open(100);
    let mut order = shop.order(1);
    assert_eq!(shop.desk.put("operator", &path(&order), &order).status, 201);
    order["revision"] = json!(5);
    order["note"] = json!("asks for the same driver");
    assert_eq!(shop.desk.put("operator", &path(&order), &order).body["change"], "replaced");
    assert_eq!(shop.desk.put("operator", &path(&order), &order).body["change"], "unchanged");
    let mut late = order.clone();
    late["revision"] = json!(4);
    let reply = shop.desk.put("operator", &path(&order), &late);
    assert_eq!(
        (reply.body["change"].as_str(), reply.body["revision"].as_u64()),
        (Some("superseded"), Some(5))
    );
    late["revision"] = json!(5);
    late["note"] = json!("asks for nothing");
    shop.desk.put("operator", &path(&order), &late).assert_problem(409, "revision_conflict");
    late["revision"] = json!(6);
    shop.desk.put("operator2", &path(&order), &late).assert_problem(403, "not_yours");
    let kept = shop.desk.get("operator", &path(&order), &[]);
    assert_eq!(kept.body["order"]["note"], "asks for the same driver");
}

#[test]
fn what_stands_in_the_way_is_told_whole_and_the_order_stays_a_draft() {
    let shop = Shop::open(100);
    let order = json!({
        "id": new_call_id(), "revision": 1, "client": shop.client,
        "lines": [{"number": 1, "product": shop.product, "quantity": "20", "unit": "case"},
            {"number": 2, "product": Uuid::from_u128(random()), "quantity": "1", "unit": "case"},
            {"number": 3, "product": shop.product, "quantity": "1", "unit": "pallet"}],
    });
    let expected = [
        "out_of_stock",
        "unknown_product",
        "quantity",
        "no_address",
        "no_slot",
        "no_receiver",
        "no_payment_on_delivery",
        "not_read_back",
    ];
    assert_eq!(faults(&shop.write("operator", &order)), expected);
    let placed = shop.place("operator", &order);
    assert_eq!((state(&placed), faults(&placed)), (json!("draft"), expected.map(str::to_owned).to_vec()));
    assert_eq!(placed.number, None);
}

#[test]
fn an_order_is_placed_once_however_often_it_is_asked_for() {
    let shop = Shop::open(1200);
    let mut order = shop.order(30);
    shop.agree("operator", &mut order);
    let (place, body) = (format!("{}/place", path(&order)), json!({"revision": 2}));
    let command = Uuid::from_u128(random());
    let requests = (0..6).map(|_| shop.post_request("operator", &place, command, &body)).collect();
    let replies = shop.desk.send_all(requests);
    let first = receipt(&replies[0].text);
    assert!(replies.iter().all(|reply| receipt(&reply.text) == first), "one answer for one command");
    let again = shop.place("operator", &order);
    assert_eq!((again.number, state(&again)), (first.number, json!("placed")));
    assert_eq!(shop.free(), "840");
    shop.post("operator", &place, &json!({"revision": 1})).assert_problem(409, "revision_conflict");
    order["revision"] = json!(3);
    shop.desk.put("operator", &path(&order), &order).assert_problem(409, "order_moved_on");
}

/// Two operators at once; the client's word was had by both. Exactly one gets it, and the other one is told why.
fn one_wins(shop: &Shop, orders: [Value; 2], why: &str) -> Value {
    let requests = ["operator", "operator2"].iter().zip(&orders).map(|(who, order)| {
        let place = json!({"revision": order["revision"]});
        shop.post_request(who, &format!("{}/place", path(order)), Uuid::from_u128(random()), &place)
    });
    let replies: Vec<_> =
        shop.desk.send_all(requests.collect()).iter().map(|reply| receipt(&reply.text)).collect();
    let states: Vec<_> = replies.iter().map(state).collect();
    let won = states.iter().position(|state| state == "placed").expect("one is placed");
    let lost = 1 - won;
    assert_ne!(states[lost], "placed", "never both");
    assert_eq!(faults(&replies[lost]), [why]);
    states[lost].clone()
}

/// Read back by both at once, so that neither has anything kept before the other.
fn both(shop: &Shop, clients: [Uuid; 2], cases: u32) -> [Value; 2] {
    let whos = ["operator", "operator2"];
    let mut orders = clients.map(|client| shop.order_of(client, cases));
    for (who, order) in whos.iter().zip(&mut orders) {
        let total = shop.write(who, order).examined.total.gross;
        (order["revision"], order["agreed_total"]) = (json!(2), json!(total));
    }
    let command = || Uuid::from_u128(random());
    let written = whos.iter().zip(&orders);
    let requests = written.map(|(who, order)| shop.desk.put_request(who, &path(order), command(), order));
    for reply in shop.desk.send_all(requests.collect()) {
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    orders
}

/// PATCHCORD_ROUNDS: as often as somebody has time for.
fn rounds() -> u32 {
    std::env::var("PATCHCORD_ROUNDS").map_or(10, |rounds| rounds.parse().unwrap())
}

#[test]
fn of_two_operators_one_gets_the_last_case() {
    let mut shop = Shop::with_lorries_for(100_000, 0);
    for _ in 0..rounds() {
        shop.sell_something_new(30 * 12);
        shop.client = Shop::client(&shop.desk, json!({}));
        let other = Shop::client(&shop.desk, json!({}));
        let orders = both(&shop, [shop.client, other], 30);
        assert_eq!(one_wins(&shop, orders, "out_of_stock"), "draft");
        assert_eq!(shop.free(), "0");
    }
}

#[test]
fn of_two_orders_one_gets_the_last_credit_and_the_other_waits_for_a_release() {
    let mut shop = Shop::with_lorries_for(100_000, 1_000_000);
    for _ in 0..rounds() {
        let standing = json!({"currency": "RUB", "limit": "100000", "credit_left": "5000", "overdue": "0", "over_limit": "0"});
        shop.client = Shop::client(&shop.desk, json!({"standing": standing}));
        let orders = both(&shop, [shop.client, shop.client], 30);
        let requests = ["operator", "operator2"].iter().zip(&orders).map(|(who, order)| {
            let place = json!({"revision": 2});
            shop.post_request(who, &format!("{}/place", path(order)), Uuid::from_u128(random()), &place)
        });
        let replies: Vec<_> =
            shop.desk.send_all(requests.collect()).iter().map(|reply| receipt(&reply.text)).collect();
        let mut states: Vec<String> =
            replies.iter().map(|reply| state(reply).as_str().unwrap().to_owned()).collect();
        states.sort();
        assert_eq!(states, ["held", "placed"]);
        let held = replies.iter().find(|reply| state(reply) == "held").unwrap();
        assert!(faults(held).contains(&"over_credit".to_owned()), "{:?}", faults(held));
    }
}

#[test]
fn of_two_operators_one_changes_an_order_and_the_other_is_told_whose_it_is() {
    let shop = Shop::open(1_000_000);
    let mut order = shop.order(30);
    shop.agree("operator", &mut order);
    shop.place("operator", &order);
    for round in 0..u64::from(rounds()) {
        let (acts, body) = (format!("{}/acts", path(&order)), json!({"act": "change"}));
        let change = |who: &&str| shop.post_request(who, &acts, Uuid::from_u128(random()), &body);
        let changed = shop.desk.send_all(["operator", "operator2"].iter().map(change).collect());
        // The second one takes it over; who had it first writes in vain.
        assert!(changed.iter().all(|reply| reply.status == 200));
        order["revision"] = json!(3 + 2 * round);
        let written: Vec<u16> = ["operator", "operator2"]
            .iter()
            .map(|who| shop.desk.put(who, &path(&order), &order).status)
            .collect();
        let has_it = written.iter().position(|status| *status == 200).expect("somebody has it");
        assert_eq!(written[1 - has_it], 403);
        let who = ["operator", "operator2"][has_it];
        assert_eq!(state(&shop.place(who, &order)), "placed");
        order["revision"] = json!(3 + 2 * round);
    }
}

#[test]
fn of_two_operators_one_gets_the_last_place_on_the_lorry() {
    let shop = Shop::with_lorries_for(1, 900_000_000);
    for round in 0..rounds() {
        let clients = [(); 2].map(|()| Shop::client(&shop.desk, json!({})));
        for client in clients {
            let trade = json!({"addresses": [{"number": 1, "text": "Pavilion 14", "route": format!("city-{round}")}]});
            let put = shop.desk.put("service", &format!("/v1/clients/{client}/trade"), &trade);
            assert_eq!(put.status, 200, "{}", put.text);
        }
        let orders = both(&shop, clients, 30);
        assert_eq!(one_wins(&shop, orders, "slot"), "draft");
    }
}

#[test]
fn an_order_over_the_credit_is_held_until_a_head_releases_it() {
    let mut shop = Shop::open(12_000);
    let standing = json!({"currency": "RUB", "limit": "100000", "credit_left": "3000", "overdue": "0", "over_limit": "0"});
    shop.client = Shop::client(&shop.desk, json!({"standing": standing}));
    let mut order = shop.order(30);
    shop.agree("operator", &mut order);
    let held = shop.place("operator", &order);
    assert_eq!((state(&held), faults(&held)), (json!("held"), vec!["over_credit".to_owned()]));
    assert_eq!(credit_left(&shop.terms()), "3000.00");
    for who in ["operator", "manager", "service"] {
        shop.act(who, &order, "release").assert_problem(403, "forbidden");
    }
    assert_eq!(shop.act("head", &order, "release").body["state"], "placed");
    assert_eq!(credit_left(&shop.terms()), "0.00", "what was released counts");
    let entry = shop.desk.get("operator", &path(&order), &[]);
    assert_eq!(entry.body["history"][1]["by"], "head");
    assert_eq!(shop.act("operator", &order, "accept").status, 403);
    assert_eq!(shop.act("manager", &order, "accept").body["state"], "accepted");
    shop.act("manager", &order, "accept").assert_problem(409, "order_moved_on");
}

#[test]
fn a_placed_order_stands_while_it_is_changed_and_a_cancelled_one_keeps_nothing() {
    let shop = Shop::open(1200);
    let mut order = shop.order(30);
    shop.agree("operator", &mut order);
    let placed = shop.place("operator", &order);
    // The client calls back and gets somebody else.
    assert_eq!(shop.act("operator2", &order, "change").body["state"], "draft");
    let entry = shop.desk.get("operator2", &path(&order), &[]);
    assert_eq!(
        (entry.body["stands"].as_bool(), entry.body["taken_by"].as_str()),
        (Some(true), Some("operator2"))
    );
    assert_eq!(shop.free(), "840", "what was placed stands");
    let [told] = shop.terms().orders.try_into().unwrap();
    assert_eq!(
        (told.number, json!(told.state)),
        (placed.number, json!("placed")),
        "whoever asks for the lorry"
    );
    order["revision"] = json!(3);
    order["lines"][0]["quantity"] = json!("40");
    order["agreed_total"] = Value::Null;
    shop.agree("operator2", &mut order);
    let again = shop.place("operator2", &order);
    assert_eq!((state(&again), again.number), (json!("placed"), placed.number));
    assert_eq!(shop.free(), "720");
    shop.act("operator", &order, "cancel").assert_problem(403, "forbidden");
    assert_eq!(shop.act("operator2", &order, "cancel").body["state"], "cancelled");
    assert_eq!(shop.free(), "1200");
    assert_eq!(credit_left(&shop.terms()), "50000.00");
}

#[test]
fn a_change_that_must_be_released_leaves_what_was_placed_until_it_is() {
    let mut shop = Shop::open(12_000);
    let standing =
        json!({"currency": "RUB", "limit": "9000", "credit_left": "9000", "overdue": "0", "over_limit": "0"});
    shop.client = Shop::client(&shop.desk, json!({"standing": standing}));
    let mut order = shop.order(30);
    shop.agree("operator", &mut order);
    let placed = shop.place("operator", &order);
    let left = credit_left(&shop.terms());
    let hundred_cases = |order: &mut Value, revision: u32| {
        shop.act("operator", order, "change");
        order["revision"] = json!(revision);
        order["lines"][0]["quantity"] = json!("100");
        order["agreed_total"] = Value::Null;
        shop.agree("operator", order);
        let held = shop.place("operator", order);
        assert_eq!((state(&held), held.number), (json!("held"), placed.number), "{:?}", faults(&held));
    };
    hundred_cases(&mut order, 3);
    let entry = || shop.desk.get("operator", &path(&order), &[]).body;
    assert_eq!(entry()["stands"], true);
    assert_eq!((shop.free(), credit_left(&shop.terms())), ("11640".to_owned(), left.clone()));
    // Nobody wants it: what was placed is delivered.
    assert_eq!(shop.act("operator", &order, "cancel").body["state"], "placed");
    assert_eq!(entry()["order"]["lines"][0]["quantity"], "30");
    assert_eq!((shop.free(), credit_left(&shop.terms())), ("11640".to_owned(), left));
    hundred_cases(&mut order, 6);
    // A manager gives it back, and the operator asks once more.
    assert_eq!(shop.act("manager", &order, "return").body["state"], "draft");
    let entry = || shop.desk.get("operator", &path(&order), &[]).body;
    assert_eq!((entry()["stands"].as_bool(), shop.free()), (Some(true), "11640".to_owned()));
    let held = shop.place("operator", &order);
    assert_eq!(state(&held), "held");
    assert_eq!(shop.act("head", &order, "release").body["state"], "placed");
    assert_eq!(entry()["stands"], Value::Null);
    assert_eq!((shop.free(), credit_left(&shop.terms())), ("10800".to_owned(), "0.00".to_owned()));
}

#[test]
fn a_change_that_is_released_too_late_is_told_what_is_gone() {
    let mut shop = Shop::open(1200);
    let standing =
        json!({"currency": "RUB", "limit": "9000", "credit_left": "9000", "overdue": "0", "over_limit": "0"});
    shop.client = Shop::client(&shop.desk, json!({"standing": standing}));
    let mut order = shop.order(30);
    shop.agree("operator", &mut order);
    shop.place("operator", &order);
    shop.act("operator", &order, "change");
    order["revision"] = json!(3);
    order["lines"][0]["quantity"] = json!("90");
    order["agreed_total"] = Value::Null;
    shop.agree("operator", &mut order);
    assert_eq!(state(&shop.place("operator", &order)), "held");
    let other = Shop::client(&shop.desk, json!({}));
    let mut others = shop.order_of(other, 60);
    shop.agree("operator2", &mut others);
    assert_eq!(state(&shop.place("operator2", &others)), "placed");
    let released = receipt(&shop.act("head", &order, "release").text);
    assert_eq!(state(&released), "held");
    assert!(faults(&released).contains(&"out_of_stock".to_owned()), "{:?}", faults(&released));
    assert_eq!(shop.act("operator", &order, "cancel").body["state"], "placed", "the first thirty still come");
}

#[test]
fn a_manager_lets_nothing_pass_that_has_come_since() {
    let mut shop = Shop::open(12_000);
    let standing =
        json!({"currency": "RUB", "limit": "9000", "credit_left": "9000", "overdue": "0", "over_limit": "0"});
    shop.client = Shop::client(&shop.desk, json!({"standing": standing}));
    // Less than the lorry goes for, which a manager may let pass.
    let mut small = shop.order(20);
    shop.agree("operator", &mut small);
    let held = shop.place("operator", &small);
    assert_eq!((state(&held), faults(&held)), (json!("held"), vec!["below_minimum".to_owned()]));
    // Meanwhile the client buys for nearly all that is left.
    let mut large = shop.order(65);
    shop.agree("operator2", &mut large);
    shop.place("operator2", &large);
    let paid =
        json!({"currency": "RUB", "limit": "9000", "credit_left": "1000", "overdue": "0", "over_limit": "0"});
    let mut card = shop.desk.client("Romashka", &[]);
    (card["delivery"], card["standing"]) = (json!({"address": "Pavilion 14"}), paid);
    assert_eq!(shop.desk.put("admin", &format!("/v1/clients/{}", shop.client), &card).status, 200);
    let released = receipt(&shop.act("manager", &small, "release").text);
    assert_eq!(state(&released), "held");
    assert!(faults(&released).contains(&"over_credit".to_owned()), "{:?}", faults(&released));
    shop.act("manager", &small, "release").assert_problem(403, "forbidden");
    assert_eq!(shop.act("head", &small, "release").body["state"], "placed");
}

#[test]
fn an_order_that_waits_for_its_payment_stands_while_it_is_changed_and_is_paid_as_it_was_placed() {
    let shop = Shop::open(1200);
    let trade = json!({
        "addresses": [{"number": 1, "text": "Pavilion 14", "route": "city"}],
        "entities": [{"id": "ip", "name": "IP", "account": {"currency": "RUB", "terms": "prepaid"}}],
    });
    assert_eq!(shop.desk.put("service", &format!("/v1/clients/{}/trade", shop.client), &trade).status, 200);
    let mut order = shop.order(30);
    shop.agree("operator", &mut order);
    assert_eq!(state(&shop.place("operator", &order)), "awaiting_payment");
    assert_eq!(shop.act("operator2", &order, "change").body["state"], "draft");
    assert_eq!(shop.free(), "840", "the goods wait for the payment still");
    order["revision"] = json!(3);
    order["lines"][0]["quantity"] = json!("50");
    order["agreed_total"] = Value::Null;
    shop.write("operator2", &order);
    assert_eq!(shop.act("service", &order, "pay").body["state"], "placed");
    let entry = shop.desk.get("operator", &path(&order), &[]).body;
    assert_eq!(
        (entry["order"]["lines"][0]["quantity"].as_str(), shop.free()),
        (Some("30"), "840".to_owned())
    );
    order["revision"] = json!(5);
    shop.desk.put("operator2", &path(&order), &order).assert_problem(409, "order_moved_on");
}

#[test]
fn credit_of_delivered_goods_is_taken_until_their_invoice_is_known() {
    let shop = Shop::open(1200);
    let mut order = shop.order(30);
    shop.agree("operator", &mut order);
    shop.place("operator", &order);
    let left = credit_left(&shop.terms());
    for act in ["accept", "pick", "deliver"] {
        assert_eq!(shop.act("manager", &order, act).status, 200);
        assert_eq!(credit_left(&shop.terms()), left, "{act}");
    }
    assert_eq!(shop.free(), "840");
    assert_eq!(shop.act("manager", &order, "close").body["state"], "closed");
    assert_eq!((shop.free(), credit_left(&shop.terms())), ("840".to_owned(), "50000.00".to_owned()));
}

#[test]
fn entities_of_a_group_share_one_limit() {
    let shop = Shop::open(12_000);
    let account = |limit: &str| json!({"currency": "RUB", "terms": {"limit": limit}});
    let trade = json!({
        "addresses": [{"number": 1, "text": "Pavilion 14", "route": "city"}],
        "entities": [
            {"id": "ooo", "name": "OOO Romashka", "account": account("5000")},
            {"id": "ip", "name": "IP Romashkin", "account": account("0"), "on_account_of": "ooo"},
            {"id": "own", "name": "OOO Vesna", "account": account("7000")},
        ],
    });
    assert_eq!(shop.desk.put("service", &format!("/v1/clients/{}/trade", shop.client), &trade).status, 200);
    let mut chained = trade.clone();
    chained["entities"][0]["on_account_of"] = json!("nobody");
    let reply = shop.desk.put("service", &format!("/v1/clients/{}/trade", shop.client), &chained);
    reply.assert_field("entities[0].on_account_of", "unknown");
    reply.assert_field("entities[1].on_account_of", "contradicts");
    let left = || {
        let payers = shop.terms().payers;
        payers
            .into_iter()
            .map(|payer| payer.standing.unwrap().credit_left.unwrap().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(left(), ["5000.00", "5000.00", "7000.00"]);
    let mut order = shop.order(30);
    order["payer"] = json!("ip");
    let total = shop.agree("operator", &mut order).examined.most.0;
    assert_eq!(state(&shop.place("operator", &order)), "placed");
    let now = format!("{:.2}", rust_decimal::Decimal::from(5000) - total);
    assert_eq!(left(), [now.as_str(), now.as_str(), "7000.00"]);
    let mut second = shop.order(30);
    second["payer"] = json!("ooo");
    shop.agree("operator", &mut second);
    let held = shop.place("operator", &second);
    assert_eq!(state(&held), "held");
    assert!(faults(&held).contains(&"over_credit".to_owned()), "{:?}", faults(&held));
}

#[test]
fn a_card_s_credit_is_that_of_all_accounts_and_one_beyond_its_limit_takes_none_of_the_others() {
    let shop = Shop::open(12_000);
    let standing = json!({"currency": "RUB", "limit": "12000", "credit_left": "12000", "exposure": "0",
        "overdue": "0", "over_limit": "0"});
    let client = Shop::client(&shop.desk, json!({"standing": standing}));
    let shop = Shop { client, ..shop };
    let account = |limit: &str| json!({"currency": "RUB", "terms": {"limit": limit}});
    let trade = json!({
        "addresses": [{"number": 1, "text": "Pavilion 14", "route": "city"}],
        "entities": [
            {"id": "ooo", "name": "OOO Romashka", "account": account("2000")},
            {"id": "own", "name": "OOO Vesna", "account": account("10000")},
        ],
    });
    assert_eq!(shop.desk.put("service", &format!("/v1/clients/{client}/trade"), &trade).status, 200);
    let card = || {
        let card = shop.desk.get("operator", &format!("/v1/clients/{client}"), &[]).body;
        let amount = |name: &str| card["standing"][name].as_str().unwrap().parse::<f64>().unwrap();
        (amount("exposure"), amount("credit_left"))
    };
    let payers = || {
        let standings = shop.terms().payers.into_iter().map(|payer| payer.standing.unwrap());
        standings.map(|one| one.credit_left.unwrap().to_string().parse::<f64>().unwrap()).sum::<f64>()
    };
    assert_eq!((card(), payers()), ((0.0, 12_000.0), 12_000.0));
    // 3,240 on the one that has 2,000: somebody releases it.
    let mut order = shop.order(30);
    order["payer"] = json!("ooo");
    shop.agree("operator", &mut order);
    assert_eq!(state(&shop.place("operator", &order)), "held");
    assert_eq!(shop.act("head", &order, "release").body["state"], "placed");
    assert_eq!((card(), payers()), ((3240.0, 10_000.0), 10_000.0));
    let mut second = shop.order(30);
    second["payer"] = json!("own");
    shop.agree("operator", &mut second);
    assert_eq!(state(&shop.place("operator", &second)), "placed");
    assert_eq!((card(), payers()), ((6480.0, 6760.0), 6760.0));
}

#[test]
fn a_manager_hears_of_a_placed_order_and_its_operator_that_it_was_accepted() {
    let shop = Shop::open(1200);
    let mut order = shop.order(30);
    shop.agree("operator", &mut order);
    let mut others = Events::listen(&shop.desk, "operator2");
    let mut manager = Events::listen(&shop.desk, "manager");
    let mut operator = Events::listen(&shop.desk, "operator");
    shop.place("operator", &order);
    let heard = manager.becomes("placed");
    assert_eq!(heard["id"], order["id"]);
    assert_eq!(operator.becomes("placed"), heard);
    shop.act("manager", &order, "accept");
    assert_eq!(operator.order()["state"], "accepted");
    // What others do is no business of this one: the own order comes first.
    let own = shop.order(1);
    shop.write("operator2", &own);
    assert_eq!(others.order()["id"], own["id"]);
}

#[test]
fn who_pays_first_uses_no_credit_and_waits_for_the_payment() {
    let shop = Shop::open(1200);
    let trade = json!({
        "addresses": [{"number": 1, "text": "Pavilion 14", "route": "city"}],
        "entities": [{"id": "ip", "name": "IP Ivanov", "account": {"currency": "RUB", "terms": "prepaid"}}],
    });
    let put = shop.desk.put("service", &format!("/v1/clients/{}/trade", shop.client), &trade);
    assert_eq!(put.status, 200, "{}", put.text);
    let mut order = shop.order(30);
    shop.agree("operator", &mut order);
    let placed = shop.place("operator", &order);
    assert_eq!(state(&placed), "awaiting_payment", "{:?}", faults(&placed));
    assert!(placed.reserved_until.is_some());
    assert_eq!(shop.free(), "840");
    assert_eq!(shop.act("service", &order, "pay").body["state"], "placed");
    // Whoever has paid does not wait again for a smaller order, and loses none that grows.
    for (revision, cases, expected) in [(3, 29, "placed"), (5, 31, "awaiting_payment")] {
        shop.act("operator", &order, "change");
        order["revision"] = json!(revision);
        order["lines"][0]["quantity"] = json!(cases.to_string());
        order["agreed_total"] = Value::Null;
        shop.agree("operator", &mut order);
        let placed = shop.place("operator", &order);
        assert_eq!(state(&placed), expected);
        assert_eq!(placed.reserved_until.is_some(), expected == "awaiting_payment");
    }
}

#[test]
fn a_change_that_is_given_up_leaves_the_placed_order_as_it_was() {
    let shop = Shop::open(1200);
    let mut order = shop.order(30);
    shop.agree("operator", &mut order);
    shop.place("operator", &order);
    shop.act("operator", &order, "change");
    order["revision"] = json!(3);
    order["lines"][0]["quantity"] = json!("1");
    shop.write("operator", &order);
    let kept = shop.act("operator", &order, "cancel");
    assert_eq!((kept.body["state"].as_str(), kept.body["revision"].as_u64()), (Some("placed"), Some(4)));
    assert_eq!(shop.free(), "840");
    let entry = shop.desk.get("operator", &path(&order), &[]);
    assert_eq!(entry.body["order"]["lines"][0]["quantity"], "30");
}

#[test]
fn a_column_that_the_price_list_does_not_have_is_refused_and_gives_no_prices() {
    let shop = Shop::open(100);
    let trade = json!({"contract_column": "7"});
    let reply = shop.desk.put("service", &format!("/v1/clients/{}/trade", shop.client), &trade);
    reply.assert_field("contract_column", "unknown");
}

#[test]
fn where_no_lorry_goes_no_time_is_asked_for() {
    let shop = Shop::open(1200);
    let trade = json!({"addresses": [{"number": 1, "text": "Far away"}]});
    assert_eq!(shop.desk.put("service", &format!("/v1/clients/{}/trade", shop.client), &trade).status, 200);
    let order = json!({"id": new_call_id(), "revision": 1, "client": shop.client,
        "lines": [{"number": 1, "product": shop.product, "quantity": "1", "unit": "case"}], "delivery": {"address": 1}});
    assert!(!faults(&shop.write("operator", &order)).contains(&"no_slot".to_owned()));
}

#[test]
fn delivered_goods_leave_the_stock_and_the_clients_rhythm_is_learned() {
    let shop = Shop::open(1200);
    let mut order = shop.order(30);
    shop.agree("operator", &mut order);
    shop.place("operator", &order);
    for (who, act) in
        [("manager", "accept"), ("manager", "pick"), ("service", "deliver"), ("service", "close")]
    {
        assert_eq!(shop.act(who, &order, act).status, 200, "{act}");
    }
    assert_eq!(shop.free(), "840");
    let habits = serde_json::to_value(shop.terms().habits).unwrap();
    assert_eq!((&habits[0]["product"], &habits[0]["quantity"]), (&json!(shop.product), &json!("30")));
}

#[test]
fn key_clients_and_new_ones_are_others_to_serve_and_debtors_are_held() {
    let shop = Shop::open(1200);
    let key = Shop::client(&shop.desk, json!({"client_type": "key"}));
    assert_eq!(serde_json::to_value(terms(&shop.desk, key).served_by).unwrap(), "key_manager");
    let new = shop.desk.add_client("Vesna", &[]);
    assert_eq!(serde_json::to_value(terms(&shop.desk, new).served_by).unwrap(), "head");
    let standing = json!({"currency": "RUB", "overdue": "0.01"});
    let debtor = Shop::client(&shop.desk, json!({"standing": standing}));
    let receipt = shop.write("operator", &shop.order_of(debtor, 30));
    assert!(faults(&receipt).contains(&"overdue".to_owned()));
}

#[test]
fn what_cannot_be_written_is_refused_by_field() {
    let shop = Shop::open(100);
    let mut order = shop.order(1);
    order["client"] = json!(Uuid::from_u128(random()));
    shop.desk.put("operator", &path(&order), &order).assert_field("client", "unknown");
    order["revision"] = json!(0);
    shop.desk.put("operator", &path(&order), &order).assert_field("revision", "malformed");
    let nobody = json!({"id": Uuid::from_u128(random()), "revision": 1});
    shop.post("operator", &format!("{}/place", path(&nobody)), &json!({"revision": 1}))
        .assert_problem(404, "not_found");
    shop.post("operator", &format!("{}/acts", path(&nobody)), &json!({"act": "cancel"}))
        .assert_field("reason", "missing");
    let product = Uuid::from_u128(random());
    let mut data = goods(product, "x", 1);
    data["product"]["packings"][0]["holds"] = json!("0");
    let reply = shop.desk.put("service", &format!("/v1/products/{product}"), &data);
    reply.assert_field("product.packings[0].holds", "malformed");
    shop.desk.put("operator", &format!("/v1/products/{product}"), &data).assert_problem(403, "forbidden");
    let trade = json!({"addresses": [{"number": 1, "text": "x", "route": "moon"}]});
    let reply = shop.desk.put("service", &format!("/v1/clients/{}/trade", shop.client), &trade);
    reply.assert_field("addresses[0].route", "unknown");
}

#[test]
fn products_are_found_by_beginnings_of_words_of_name_article_barcode_and_synonym() {
    let desk = Desk::own(&["--sample", "3"]);
    let found = |q: &str| {
        let reply = desk.get("operator", "/v1/products", &[("q", q)]);
        assert_eq!(reply.status, 200, "{}", reply.text);
        let products: Vec<Goods> = serde_json::from_value(reply.body["products"].clone()).unwrap();
        products.into_iter().map(|goods| goods.product.name).collect::<Vec<_>>()
    };
    assert_eq!(found("чай зел").len(), 4);
    assert_eq!(found("зел чай сев"), ["Чай зелёный «Северный»"]);
    assert_eq!(found("green").len(), 4);
    assert_eq!(found("1001"), ["Чай чёрный листовой «Домашний»"]);
    assert_eq!(found("4600000001001").len(), 1);
    assert_eq!(found("чад"), [""; 0]);
    assert_eq!(desk.get("operator", "/v1/products", &[("q", " ")]).status, 400);
}

#[test]
fn offers_are_counted_when_the_order_is_placed_on_the_desk_and_in_the_terminal() {
    let shop = Shop::open(1200);
    let report = |who: &str| shop.desk.get(who, "/v1/reports/offers", &[]);
    let offer = |product: Uuid, answer: &str| json!({"product": product, "kind": "pushed", "answer": answer});
    let another = || Uuid::from_u128(random());
    let mut order = shop.order(30);
    order["offers"] =
        json!([offer(shop.product, "taken"), offer(another(), "price"), offer(another(), "has_stock")]);
    shop.agree("operator", &mut order);
    assert_eq!(report("manager").body["all"]["orders"], 0, "a draft is no order yet");
    let placed = shop.place("operator", &order);
    assert_eq!(placed.state, OrderState::Placed, "{:?}", placed.examined.faults);
    let mut silent = shop.order(30);
    silent["no_offers"] = json!(true);
    shop.agree("operator", &mut silent);
    shop.place("operator", &silent);
    // What stands counts while the order is changed.
    assert_eq!(shop.act("operator", &order, "change").status, 200);
    order["revision"] = json!(9);
    order["offers"] = json!([]);
    shop.write("operator", &order);
    let reply = report("manager");
    assert_eq!(reply.status, 200, "{}", reply.text);
    let all = json!({"orders": 2, "no_offers": 1, "made": 3, "taken": 1, "has_stock": 1, "price": 1, "not_sold": 0, "other": 0});
    assert_eq!(reply.body["all"], all, "{}", reply.text);
    for part in ["days", "operators"] {
        assert_eq!(reply.body[part].as_array().map(Vec::len), Some(1), "{}", reply.text);
        assert_eq!(reply.body[part][0]["made"], 3, "{}", reply.text);
    }
    report("operator").assert_problem(403, "forbidden");
    let said = run(&["report", "offers", "--database", &shop.desk.folder.database()]);
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("In all: orders 2, wanted no offers 1; offers 3, taken 1 (33 %),"), "{said}");
}
