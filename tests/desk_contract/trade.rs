//! What is sold to whom, beside the life of an order: legal entities, substitutes, what waits, stock as the company counts it, and two
//! programs of one operator.

use patchcord::desk_api::{Goods, Terms};
use serde_json::{Value, json};
use uuid::Uuid;

use super::fixture::{Desk, Folder, call, call_path, new_call_id, random};
use super::orders::{Shop, goods, path, state, terms};

fn write_trade(shop: &Shop, trade: &Value) {
    let put = shop.desk.put("service", &format!("/v1/clients/{}/trade", shop.client), trade);
    assert_eq!(put.status, 200, "{}", put.text);
}

/// Another product beside the shop's.
fn sell(desk: &Desk, name: &str, pieces: u32, more: Value) -> Uuid {
    let product = Uuid::from_u128(random());
    let mut data = goods(product, name, pieces);
    for (key, value) in more.as_object().unwrap() {
        data[key] = value.clone();
    }
    assert_eq!(desk.put("service", &format!("/v1/products/{product}"), &data).status, 201);
    product
}

#[test]
fn goods_go_to_one_legal_entity_and_another_one_pays() {
    let shop = Shop::open(1200);
    let account = json!({"currency": "RUB", "terms": {"limit": "50000"}});
    let trade = json!({
        "addresses": [{"number": 1, "text": "Pavilion 14", "route": "city", "consignee": "shop"}],
        "entities": [
            {"id": "ooo", "name": "OOO Romashka", "account": account},
            {"id": "shop", "name": "Romashka, shop 3", "account": account, "is_consignee_only": true},
        ],
    });
    write_trade(&shop, &trade);
    let told = shop.terms();
    assert_eq!(told.payers.iter().map(|payer| payer.id.0.as_str()).collect::<Vec<_>>(), ["ooo"]);
    assert_eq!(told.consignees.len(), 2);
    let mut order = shop.order(30);
    shop.agree("operator", &mut order);
    assert_eq!(state(&shop.place("operator", &order)), "placed");
    let named = |order: &Value| shop.desk.get("manager", &format!("{}/goods", path(order)), &[]).body;
    let parties = named(&order);
    assert_eq!(
        (&parties["payer"], &parties["consignee"]),
        (&json!("OOO Romashka"), &json!("Romashka, shop 3"))
    );
    let mut second = shop.order(1);
    second["delivery"]["consignee"] = json!("nobody");
    let faults = serde_json::to_value(shop.write("operator", &second).examined.faults).unwrap();
    assert!(faults.as_array().unwrap().iter().any(|fault| fault["rule"] == "unknown_consignee"), "{faults}");
    second["revision"] = json!(2);
    second["delivery"]["consignee"] = json!("ooo");
    shop.write("operator", &second);
    assert_eq!(named(&second)["consignee"], "OOO Romashka");
    // An address is one of the client's own.
    let mut wrong = trade;
    wrong["addresses"][0]["consignee"] = json!("nobody");
    let reply = shop.desk.put("service", &format!("/v1/clients/{}/trade", shop.client), &wrong);
    reply.assert_field("addresses[0].consignee", "unknown");
}

#[test]
fn what_is_owed_how_it_was_paid_and_until_when_that_is_known_is_told_of_each_payer() {
    let shop = Shop::open(1200);
    let account = json!({
        "currency": "RUB", "terms": {"limit": "50000"}, "payments_until": "2026-05-05",
        "invoices": [
            {"number": "1", "due": "2099-01-01", "left": "1000"},
            {"number": "2", "due": "2026-01-01", "left": "300", "disputed": true},
        ],
        "history": {"paid": 20, "late": 2, "days_late": 4, "last": {"day": "2026-05-04", "amount": "12000"}},
    });
    write_trade(
        &shop,
        &json!({
            "addresses": [{"number": 1, "text": "Pavilion 14", "route": "city"}],
            "entities": [{"id": "ooo", "name": "OOO Romashka", "account": account}],
        }),
    );
    let mut order = shop.order(30);
    shop.agree("operator", &mut order);
    shop.place("operator", &order);
    let payer = serde_json::to_value(&shop.terms().payers[0]).unwrap();
    let standing = &payer["standing"];
    let amount = |name: &str| standing[name].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
    assert_eq!((amount("overdue"), amount("disputed")), (0.into(), 300.into()), "T2: {standing}");
    assert_eq!(amount("exposure"), (1000 + 300 + 3240).into(), "open orders are owed, too: {standing}");
    assert_eq!(payer["payments_until"], "2026-05-05");
    assert_eq!(
        (&payer["history"]["late"], &payer["history"]["last"]["amount"]),
        (&json!(2), &json!("12000"))
    );
}

#[test]
fn what_may_be_sold_instead_is_told_with_price_and_stock() {
    let shop = Shop::open(0);
    let (near, far) = (sell(&shop.desk, "near", 24, json!({})), sell(&shop.desk, "far", 0, json!({})));
    let mut data = goods(shop.product, "gone", 0);
    data["product"]["substitutes"] = json!([far, near, Uuid::from_u128(random())]);
    assert_eq!(shop.desk.put("service", &format!("/v1/products/{}", shop.product), &data).status, 200);
    let client = shop.client.to_string();
    let ask = |query: &[(&str, &str)]| shop.desk.get("operator", "/v1/products", query);
    let id = shop.product.to_string();
    let reply = ask(&[("instead_of", &id), ("client", &client)]);
    let found: Vec<Goods> = serde_json::from_value(reply.body["products"].clone()).unwrap();
    let found: Vec<(Uuid, String)> =
        found.iter().map(|goods| (goods.product.id.0, goods.available.normalize().to_string())).collect();
    assert_eq!(found, [(far, "0".to_owned()), (near, "24".to_owned())], "in the company's order");
    ask(&[("instead_of", &id), ("q", "tea")]).assert_field("q", "contradicts");
    ask(&[("instead_of", &Uuid::from_u128(random()).to_string())]).assert_problem(404, "not_found");
    ask(&[("instead_of", "tea")]).assert_field("instead_of", "malformed");
    ask(&[]).assert_field("q", "missing");
}

#[test]
fn what_a_client_waits_for_and_what_it_cost_the_last_time_is_told_with_the_next_order() {
    let shop = Shop::open(1200);
    let scarce = sell(&shop.desk, "scarce", 0, json!({}));
    let mut order = shop.order(30);
    order["lines"].as_array_mut().unwrap().push(json!({
        "number": 2, "product": scarce, "quantity": "4", "unit": "case", "settled": {"how": "wait", "until": "2026-01-01"},
    }));
    shop.agree("operator", &mut order);
    assert_eq!(state(&shop.place("operator", &order)), "placed");
    let data = goods(scarce, "scarce", 480);
    assert_eq!(shop.desk.put("service", &format!("/v1/products/{scarce}"), &data).status, 200);
    let told = shop.terms();
    let last = &told.orders[0];
    assert_eq!(
        last.prices.iter().map(|price| (price.line, price.amount.to_string())).collect::<Vec<_>>(),
        [(1, "9.00".to_owned())]
    );
    let next =
        serde_json::from_value(json!({"id": Uuid::from_u128(1), "revision": 1, "client": shop.client}))
            .unwrap();
    let offers = told.offers(&next, &Default::default(), 3);
    assert_eq!((offers[0].product.0, offers[0].waits_since.is_some()), (scarce, true), "T12");
    assert_eq!(offers[0].usual.unwrap().quantity, 4.into());
}

#[test]
fn what_a_client_waits_for_is_told_however_many_orders_are_between() {
    let mut shop = Shop::open(120_000);
    let standing = json!({"currency": "RUB", "limit": "9000000", "credit_left": "9000000", "overdue": "0", "over_limit": "0"});
    shop.client = Shop::client(&shop.desk, json!({"standing": standing}));
    let [scarce, other, third] =
        ["scarce", "other", "third"].map(|name| sell(&shop.desk, name, 48_000, json!({})));
    let place = |more: Vec<Value>| {
        let mut order = shop.order(30);
        order["no_offers"] = json!(true);
        order["lines"].as_array_mut().unwrap().extend(more);
        shop.agree("operator", &mut order);
        let placed = shop.place("operator", &order);
        assert_eq!(state(&placed), "placed", "{:?}", placed.examined.faults);
        order
    };
    let line = |number: u32, product: Uuid, settled: Value| {
        let mut line = json!({"number": number, "product": product, "quantity": "4", "unit": "case"});
        if !settled.is_null() {
            line["settled"] = settled;
        }
        line
    };
    let wait = || json!({"how": "wait", "until": "2026-01-01"});
    let six_more = || (0..6).for_each(|_| drop(place(Vec::new())));
    // By the words that an operator would see: what is offered because it waits.
    let waits = || {
        let told = shop.terms();
        assert_eq!(told.orders.len(), 5);
        let next =
            serde_json::from_value(json!({"id": Uuid::from_u128(1), "revision": 1, "client": shop.client}))
                .unwrap();
        let offers = told.offers(&next, &Default::default(), 20);
        let mut waits: Vec<Uuid> =
            offers.iter().filter(|offer| offer.waits_since.is_some()).map(|offer| offer.product.0).collect();
        waits.sort();
        waits
    };
    let sorted = |mut products: Vec<Uuid>| {
        products.sort();
        products
    };

    let first = place(vec![line(2, scarce, wait()), line(3, other, wait()), line(4, third, wait())]);
    six_more();
    assert_eq!(waits(), sorted(vec![scarce, other, third]), "T12");
    // One is bought, one is dropped, and that is long ago as well; what is bought in an order that comes to nothing is not.
    place(vec![line(2, scarce, Value::Null)]);
    place(vec![line(2, other, json!({"how": "drop"}))]);
    let unwanted = place(vec![line(2, third, Value::Null)]);
    assert_eq!(waits(), Vec::<Uuid>::new());
    assert_eq!(shop.act("operator", &unwanted, "cancel").body["state"], "cancelled");
    assert_eq!(waits(), [third]);
    six_more();
    assert_eq!(waits(), [third], "all the same however long ago it is");
    // While the order in which it waits is changed, it is told as it stands.
    assert_eq!(shop.act("operator", &first, "change").body["state"], "draft");
    assert_eq!(waits(), [third]);
    assert_eq!(shop.act("operator", &first, "cancel").body["state"], "placed", "the change is given up");
    assert_eq!(shop.act("operator", &first, "cancel").body["state"], "cancelled");
    assert_eq!(waits(), Vec::<Uuid>::new(), "nobody waits for what was cancelled");
}

#[test]
fn whoever_changes_an_order_makes_no_more_offers() {
    let shop = Shop::open(12_000);
    let mut order = shop.order(30);
    shop.agree("operator", &mut order);
    assert_eq!(state(&shop.place("operator", &order)), "placed", "nothing else is sold here yet");
    for number in 0..3 {
        sell(&shop.desk, &format!("new{number}"), 480, json!({"pushed": number + 1}));
    }
    let rules = |order: &Value| {
        let faults = serde_json::to_value(shop.write("operator", order).examined.faults).unwrap();
        faults.as_array().unwrap().iter().map(|fault| fault["rule"].clone()).collect::<Vec<_>>()
    };
    assert!(rules(&shop.order(1)).contains(&json!("too_few_offers")), "duty 7");
    assert_eq!(shop.act("operator", &order, "change").body["state"], "draft");
    order["revision"] = json!(3);
    order["lines"][0]["quantity"] = json!("40");
    order["agreed_total"] = Value::Null;
    assert_eq!(rules(&order), ["not_read_back"], "T17");
    shop.agree("operator", &mut order);
    assert_eq!(state(&shop.place("operator", &order)), "placed");
}

/// Free pieces of 1,200 after each step: 30 cases of twelve are placed and picked, counted anew by the company, and delivered.
fn counted(lacks: &str, counted: u32) -> Vec<String> {
    let sample = std::fs::read_to_string("config/desk.toml").unwrap();
    let folder = Folder::new();
    let config = folder.path("desk.toml");
    std::fs::write(
        &config,
        sample.replace("stock_lacks = \"delivered\"", &format!("stock_lacks = \"{lacks}\"")),
    )
    .unwrap();
    let shop = Shop::open_at(Desk::own(&["--config", config.to_str().unwrap()]), 1200);
    let mut order = shop.order(30);
    shop.agree("operator", &mut order);
    shop.place("operator", &order);
    for act in ["accept", "pick"] {
        assert_eq!(shop.act("manager", &order, act).status, 200, "{act}");
    }
    let mut free = vec![shop.free()];
    let mut data = goods(shop.product, &shop.word, counted);
    data["product"]["name"] = json!(format!("Tea {}", shop.word));
    assert_eq!(shop.desk.put("service", &format!("/v1/products/{}", shop.product), &data).status, 200);
    free.push(shop.free());
    assert_eq!(shop.act("service", &order, "deliver").status, 200);
    free.push(shop.free());
    free
}

#[test]
fn what_the_company_s_stock_lacks_already_is_not_taken_off_once_more() {
    assert_eq!(counted("picked", 840), ["840", "840", "840"]);
    assert_eq!(counted("delivered", 1200), ["840", "840", "840"]);
}

#[test]
fn two_programs_of_one_operator_overwrite_nothing_that_they_have_not_seen() {
    let shop = Shop::open(1200);
    let (office, home) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let signed = |order: &Value, revision: u32, writer: Uuid, seen: u32, note: &str| {
        let mut order = order.clone();
        order["revision"] = json!(revision);
        (order["writer"], order["seen"], order["note"]) = (json!(writer), json!(seen), json!(note));
        order
    };
    let put = |order: &Value| shop.desk.put("operator", &path(order), order);
    let order = shop.order(1);
    assert_eq!(put(&signed(&order, 3, office, 0, "from the office")).status, 201);
    put(&signed(&order, 5, home, 2, "from home")).assert_problem(409, "revision_conflict");
    let kept = shop.desk.get("operator", &path(&order), &[]).body;
    assert_eq!(kept["order"]["note"], "from the office");
    // The same program needs no answer to go on; another one goes on with what it has seen; who names no writer, too.
    assert_eq!(put(&signed(&order, 6, office, 0, "still the office")).status, 200);
    assert_eq!(put(&signed(&order, 7, home, 6, "from home")).status, 200);
    let mut unsigned = order.clone();
    unsigned["revision"] = json!(8);
    assert_eq!(put(&unsigned).status, 200);
}

#[test]
fn a_list_of_orders_goes_on_where_it_ended_while_others_change() {
    let shop = Shop::open(120_000);
    let written: Vec<String> = (0..7)
        .map(|_| {
            let order = shop.order(1);
            shop.write("operator", &order);
            order["id"].as_str().unwrap().to_owned()
        })
        .collect();
    let ids = |reply: &Value| {
        let orders = reply["orders"].as_array().unwrap().iter();
        orders.map(|entry| entry["order"]["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let list = |after: Option<&str>| {
        let query: Vec<_> = [("limit", "3"), ("taken_by", "me")]
            .into_iter()
            .chain(after.map(|after| ("after", after)))
            .collect();
        shop.desk.get("operator", "/v1/orders", &query).body
    };
    let first = list(None);
    let mut seen = ids(&first);
    // A new one moves nothing that comes later.
    shop.write("operator", &shop.order(1));
    let mut next = first["next"].as_str().map(str::to_owned);
    // More pages than there are would be the same ones over again.
    for _ in 0..9 {
        let Some(after) = next.take() else { break };
        let page = list(Some(&after));
        seen.extend(ids(&page));
        next = page["next"].as_str().map(str::to_owned);
    }
    let latest_first: Vec<String> = written.into_iter().rev().collect();
    assert_eq!(seen, latest_first);
    shop.desk.get("operator", "/v1/orders", &[("after", "yesterday")]).assert_field("after", "malformed");
}

#[test]
fn the_call_in_which_a_client_was_written_down_is_theirs_though_its_number_was_withheld() {
    let desk = Desk::own(&[]);
    let client_of = |id: Uuid| desk.get("operator", &call_path(id), &[]).body["client"].clone();
    // The entry comes before, and its later revisions do not know; or the entry comes after.
    for is_known in [true, false] {
        let id = new_call_id();
        if is_known {
            assert_eq!(desk.put("operator", &call_path(id), &withheld(id, 1)).status, 201);
        }
        let client = write_down(&desk, id);
        if is_known {
            assert_eq!(client_of(id), json!(client));
        }
        for _ in 0..2 {
            let put = desk.put("operator", &call_path(id), &withheld(id, 2));
            assert!(matches!(put.status, 200 | 201), "{}", put.text);
        }
        assert_eq!(client_of(id), json!(client));
        assert_eq!(json!(terms(&desk, client).served_by), "operator", "they were spoken with");
    }
    // Not another one's call.
    let id = new_call_id();
    assert_eq!(desk.put("operator2", &call_path(id), &withheld(id, 1)).status, 201);
    write_down(&desk, id);
    assert_eq!(desk.get("operator2", &call_path(id), &[]).body["client"], Value::Null);
}

#[test]
fn a_head_says_whose_call_it_was_and_the_telephone_does_not_take_that_back() {
    let desk = Desk::own(&[]);
    for is_right in [true, false] {
        let id = new_call_id();
        assert_eq!(desk.put("operator", &call_path(id), &withheld(id, 1)).status, 201);
        let client = write_down(&desk, id);
        let mut corrected = withheld(id, 3);
        corrected["result"] = json!("information");
        if is_right {
            corrected["client"] = json!(client);
        }
        for entry in
            [(2, "operator", withheld(id, 2)), (3, "head", corrected), (4, "operator", withheld(id, 4))]
        {
            let (revision, who, entry) = entry;
            let put = desk.put(who, &call_path(id), &entry);
            assert_eq!((put.status, put.body["change"].as_str()), (200, Some("replaced")), "{}", put.text);
            let named = desk.get("head", &call_path(id), &[]).body["client"].clone();
            let theirs = if is_right || revision == 2 { json!(client) } else { Value::Null };
            assert_eq!(named, theirs, "{who} {revision} {is_right}");
        }
        let served_by = if is_right { "operator" } else { "head" };
        assert_eq!(json!(terms(&desk, client).served_by), served_by, "were they spoken with? {is_right}");
    }
}

/// An entry of a call with somebody whose number is not told.
fn withheld(id: Uuid, revision: u32) -> Value {
    let mut entry = call(id, revision);
    entry["caller"] = json!({"withheld": true});
    entry["answered_at"] = json!("2026-05-06T07:08:12Z");
    entry["ended_at"] = json!("2026-05-06T07:09:12Z");
    entry
}

fn write_down(desk: &Desk, call: Uuid) -> Uuid {
    let id = new_call_id();
    let prospect = json!({"id": id, "name": "Novichok", "client_type": "market", "call": call});
    assert_eq!(desk.put("operator", &format!("/v1/prospects/{id}"), &prospect).status, 201);
    id
}

#[test]
fn a_client_of_whom_nobody_knew_is_found_by_the_number_and_waits_for_a_manager() {
    let desk = Desk::own(&[]);
    let id = super::fixture::new_call_id();
    let prospect = json!({"id": id, "name": "Novichok", "client_type": "market", "phone": "8 916 123-45-67", "note": "asks for tea"});
    let path = format!("/v1/prospects/{id}");
    let put = desk.put("operator", &path, &prospect);
    assert_eq!((put.status, put.body["change"].as_str()), (201, Some("created")), "{}", put.text);
    let again = desk.put("operator2", &path, &prospect);
    assert_eq!((again.status, again.body["change"].as_str()), (200, Some("unchanged")));
    assert_eq!(desk.names(&[("phone", "+79161234567")]), ["Novichok"]);
    assert_eq!(desk.names(&[("q", "novi")]), ["Novichok"]);
    let waiting = desk.get("head", "/v1/unassigned-clients", &[]);
    assert_eq!(waiting.body["clients"][0]["note"], "asks for tea", "duty 15");
    let terms: Terms = terms(&desk, id);
    assert_eq!(json!(terms.served_by), "head", "duty 3");
    // It changes nobody who is there, and takes what the company does not know for a fault.
    let mut other = prospect.clone();
    other["name"] = json!("Somebody else");
    desk.put("operator", &path, &other).assert_problem(409, "revision_conflict");
    let known = desk.add_client("Romashka", &[]);
    other["id"] = json!(known);
    desk.put("operator", &format!("/v1/prospects/{known}"), &other).assert_problem(409, "revision_conflict");
    assert_eq!(desk.names(&[("q", "romashka")]), ["Romashka"]);
    let fresh = super::fixture::new_call_id();
    let path = format!("/v1/prospects/{fresh}");
    let wrong = |field: &str, value: Value| {
        let mut wrong = prospect.clone();
        wrong["id"] = json!(fresh);
        wrong[field] = value;
        desk.put("operator", &path, &wrong)
    };
    wrong("client_type", json!("moon")).assert_field("client_type", "unknown");
    wrong("department", json!("moon")).assert_field("department", "unknown");
    wrong("name", json!(" ")).assert_field("name", "missing");
    wrong("phone", json!("1".repeat(101))).assert_field("phone", "too_long");
    wrong("id", json!(id)).assert_field("id", "contradicts");
}
