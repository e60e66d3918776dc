//! A day at the page.

use std::time::Duration;

use serde_json::{Value, json};

use super::browser::{Browser, ENTER, SPACE, TAB};
use super::fixture::random;
use super::office::{Office, PASSWORD};

/// What an operator has done is seen within this time (duty 14): measured once, of what matters most.
const SOON: Duration = Duration::from_secs(1);

/// Without a reload: the mark that the script left is still there.
fn mark(browser: &Browser) {
    browser.run("document.body.dataset.mark = 'here'", &[]);
}

fn assert_not_reloaded(browser: &Browser) {
    assert_eq!(browser.run("return document.body.dataset.mark", &[]), "here");
}

fn has_expanded(browser: &Browser, text: &str) {
    browser.wait_for("#orders details[open] table", text);
}

#[test]
fn a_manager_logs_in_sees_an_order_come_and_accepts_it_by_keyboard_alone() {
    let office = Office::open();
    let client = office.client("Romashka", Some("ivanova"), "50000");
    let browser = Browser::open("en");
    office.log_in(&browser, "ivanova", PASSWORD);
    browser.wait_for("#who", "Иванова Анна");
    browser.wait_for("#status", "as they happen");
    assert_eq!(browser.text("#no-orders"), "No orders.");
    mark(&browser);
    let placed = office.place(client, 30);
    let took = browser.wait_for("#orders", "Romashka");
    eprintln!("the order was on the page {} ms after it was placed", took.as_millis());
    assert!(took < SOON, "{took:?}");
    assert_not_reloaded(&browser);
    browser.wait_for("#status", "Romashka: placed");
    assert!(browser.text("#orders").contains("placed"));
    // The row, open it, its first button.
    browser.tab_to("DisclosureTriangle", "Romashka");
    browser.keys(ENTER);
    has_expanded(&browser, "Tea");
    let table = browser.text("#orders table");
    assert!(table.contains("30 case") && table.contains("9.00") && table.contains("3,240.00"), "{table}");
    browser.keys(TAB);
    assert_eq!(browser.focused(), ("button".to_owned(), "Accept".to_owned()));
    browser.keys(SPACE);
    browser.wait_for("#orders .state", "accepted");
    assert_eq!(office.order(&placed)["state"], "accepted");
    assert_eq!(office.order(&placed)["history"][1]["by"], "ivanova");
    // Whoever works by keyboard is still in this row.
    assert!(
        browser.focused().1.contains("Romashka") || browser.focused().1 == "Return…",
        "{:?}",
        browser.focused()
    );
    // What another does to it is seen as well.
    let act = json!({"act": "pick"});
    assert_eq!(
        office.post("service", &format!("/v1/orders/{}/acts", placed["id"].as_str().unwrap()), &act).status,
        200
    );
    browser.wait_for("#orders .state", "being picked");
    assert_not_reloaded(&browser);
    assert_eq!(browser.log(), Vec::<String>::new());
}

#[test]
fn a_manager_returns_an_order_with_a_reason_and_a_head_releases_what_is_over_the_credit() {
    let office = Office::open();
    let client = office.client("Lotos", Some("ivanova"), "100");
    let held = office.place(client, 30);
    assert_eq!(held["state"], "held");
    let manager = office.at_work("ivanova", "en", "as they happen");
    manager.wait_for("#orders .why", "Over the credit by");
    manager.tab_to("DisclosureTriangle", "Lotos");
    manager.keys(ENTER);
    has_expanded(&manager, "Tea");
    assert!(manager.text("#orders details").contains("The head of the department releases this order."));
    assert!(!manager.text("#orders details").contains("Release\n"), "no button for what the role may not");
    // The head sees the same order, and releases it.
    let head = office.at_work("orlova", "en", "as they happen");
    head.tab_to("DisclosureTriangle", "Lotos");
    head.keys(ENTER);
    has_expanded(&head, "Tea");
    head.keys(TAB);
    assert_eq!(head.focused().1, "Release");
    head.keys(ENTER);
    head.wait_for("#orders .state", "placed");
    manager.wait_for("#orders .state", "placed");
    // The manager sends it back after all.
    manager.tab_to("button", "Return");
    manager.keys(ENTER);
    manager.wait_for("#why-title", "Return to the operator");
    manager.keys(ENTER);
    manager.keys(&format!("No lorry{TAB}{ENTER}"));
    manager.wait_for("#orders .state", "is being changed");
    let order = office.order(&held);
    assert_eq!(order["state"], "draft");
    let last = order["history"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["by"], last["reason"].as_str().map(str::trim)), (&json!("ivanova"), Some("No lorry")));
    head.wait_for("#orders details", "Иванова Анна: No lorry");
    for browser in [manager, head] {
        assert_eq!(browser.log(), Vec::<String>::new());
    }
}

#[test]
fn calls_tasks_and_the_client_who_is_passed_on_come_while_the_telephone_rings() {
    let office = Office::open();
    let client = office.client("Romashka", Some("ivanova"), "50000");
    let strangers = office.client("Vasilek", Some("belov"), "50000");
    let browser = office.at_work("ivanova", "en", "as they happen");
    mark(&browser);
    office.note_call(strangers, "nobody else's business");
    office.note_call(client, "asks for a price list");
    browser.wait_for("#calls", "asks for a price list");
    assert!(browser.text("#calls").contains("information given"));
    let task = json!({"id": super::fixture::new_call_id(), "client": client, "number": "+79161234567", "about": "wants a discount"});
    let put = office.desk.put("operator", &format!("/v1/tasks/{}", task["id"].as_str().unwrap()), &task);
    assert_eq!(put.status, 201, "{}", put.text);
    browser.wait_for("#tasks", "wants a discount");
    // 201 is ivanova's telephone.
    office.pass_on(strangers, "204", "not for her");
    office.pass_on(client, "201", "calls about the invoice");
    browser.wait_for("#handovers", "calls about the invoice");
    let card = browser.text("#handovers");
    assert!(card.contains("Romashka") && card.contains("+7 916 123-45-67"), "{card}");
    browser.tab_to("button", "Done");
    browser.keys(ENTER);
    browser.wait_for("#no-tasks", "Nobody waits");
    let page = browser.text("body");
    assert!(
        !page.contains("nobody else's business")
            && !page.contains("not for her")
            && !page.contains("Vasilek")
    );
    assert_not_reloaded(&browser);
    assert_eq!(browser.log(), Vec::<String>::new());
}

#[test]
fn what_was_agreed_about_a_line_who_pays_and_whom_the_goods_go_to_stand_in_words() {
    let office = Office::open();
    let client = office.client("Romashka", Some("ivanova"), "50000");
    let account = json!({"currency": "RUB", "terms": {"limit": "50000"}});
    let trade = json!({
        "addresses": [{"number": 1, "text": "Pavilion 14", "route": "city", "consignee": "shop"}],
        "entities": [
            {"id": "ooo", "name": "OOO Romashka", "account": account},
            {"id": "shop", "name": "Romashka, shop 3", "account": account, "is_consignee_only": true},
        ],
    });
    assert_eq!(office.desk.put("service", &format!("/v1/clients/{client}/trade"), &trade).status, 200);
    let other = uuid::Uuid::from_u128(random());
    office.sell(other, "Coffee");
    let placed = office.place_with(client, 30, json!([
        {"number": 2, "product": other, "quantity": "4", "unit": "case", "settled": {"how": "wait", "until": "2099-05-06"}},
        {"number": 3, "product": other, "quantity": "5", "unit": "case", "settled": {"how": "substitute", "product": office.product}},
        {"number": 4, "product": other, "quantity": "6", "unit": "case", "settled": {"how": "drop"}},
    ]));
    assert_eq!(placed["state"], "placed");
    let browser = office.at_work("ivanova", "en", "as they happen");
    browser.tab_to("DisclosureTriangle", "Romashka");
    browser.keys(ENTER);
    has_expanded(&browser, "Coffee");
    let details = browser.text("#orders details");
    for words in ["waits until Wed, May 6", "replaced by Tea", "left out", "OOO Romashka", "Romashka, shop 3"]
    {
        assert!(details.contains(words), "{words}: {details}");
    }
    assert_eq!(browser.log(), Vec::<String>::new());
}

#[test]
fn a_client_whom_an_operator_writes_down_is_on_the_head_s_page_within_a_second_and_is_given_a_manager() {
    let office = Office::open();
    let head = office.at_work("orlova", "en", "as they happen");
    head.wait_for("#no-unassigned", "Every client has a manager.");
    let id = super::fixture::new_call_id();
    let prospect = json!({"id": id, "name": "Novichok", "client_type": "market", "phone": "8 916 123-45-67",
        "department": "wholesale", "note": "asks for tea"});
    assert_eq!(office.desk.put("operator", &format!("/v1/prospects/{id}"), &prospect).status, 201);
    let took = head.wait_for("#unassigned", "Novichok");
    eprintln!("the new client was on the page {} ms after it was written down", took.as_millis());
    assert!(took < SOON, "{took:?}");
    assert!(head.text("#unassigned").contains("asks for tea"));
    head.tab_to("combobox", "Manager");
    head.keys("Белов");
    head.tab_to("button", "Assign");
    head.keys(ENTER);
    head.wait_for("#no-unassigned", "Every client has a manager.");
    let card = office.desk.get("operator", &format!("/v1/clients/{id}"), &[]);
    assert_eq!(card.body["manager"]["id"], "belov", "duty 15");
}

#[test]
fn a_head_gives_a_new_client_a_manager_who_sees_the_order_at_once_and_a_manager_names_a_deputy() {
    let office = Office::open();
    let head = office.at_work("orlova", "en", "as they happen");
    let client = office.client("Novichok", None, "50000");
    head.wait_for("#unassigned", "Novichok");
    head.tab_to("combobox", "Manager");
    head.keys("Белов");
    head.tab_to("button", "Assign");
    head.keys(ENTER);
    head.wait_for("#no-unassigned", "Every client has a manager.");
    let card = office.desk.get("admin", &format!("/v1/clients/{client}"), &[]);
    assert_eq!(card.body["manager"]["id"], "belov");
    // The order of that client is none of ivanova's, until belov is away and she stands in.
    office.place(client, 30);
    let manager = office.at_work("ivanova", "en", "as they happen");
    assert!(!manager.text("#orders").contains("Novichok"));
    let today = patchcord::clock::wall().to_zoned(jiff::tz::TimeZone::system()).date();
    let absences = json!({"absences": [{"from": today, "to": today, "deputy": "ivanova"}]});
    let put = office.desk.put("admin", "/v1/directory/people/belov/absences", &absences);
    assert_eq!(put.status, 200, "{}", put.text);
    manager.go(&office.desk.url);
    manager.wait_for("#orders", "Novichok");
    // Her own absence, typed.
    manager.run("document.getElementById('from').focus()", &[]);
    manager.keys("05012099");
    manager.tab_to("Date", "Last day away");
    manager.keys("05092099");
    manager.tab_to("combobox", "Deputy");
    manager.keys("Белов");
    manager.tab_to("button", "Save");
    manager.keys(ENTER);
    manager.wait_for("#absences", "Белов Игорь stands in");
    let ivanova = office.desk.get("operator", "/v1/directory", &[]);
    let people = ivanova.body["people"].as_array().unwrap();
    let entry = people.iter().find(|person| person["id"] == "ivanova").unwrap();
    assert_eq!(entry["absences"], json!([{"from": "2099-05-01", "to": "2099-05-09", "deputy": "belov"}]));
}

#[test]
fn a_wrong_password_is_refused_without_a_hint_and_the_right_one_goes_on_working() {
    let office = Office::open();
    let browser = Browser::open("en");
    office.log_in(&browser, "ivanova", "something else entirely");
    browser.wait_for("#alert", "Nobody can log in with this name and password.");
    assert_eq!(browser.focused().0, "textbox", "the password can be typed again at once");
    assert_eq!(browser.run("return document.getElementById('password').value", &[]), "");
    browser.keys(&format!("{PASSWORD}{ENTER}"));
    browser.wait_for("#who", "Иванова Анна");
    assert_eq!(browser.text("#alert"), "");
    // The script cannot read the session.
    assert_eq!(browser.run("return document.cookie", &[]), "");
    browser.tab_to("button", "Log out");
    browser.keys(ENTER);
    browser.wait_for("#alert", "You are logged out.");
    browser.go(&office.desk.url);
    browser.wait(|browser| !browser.shown("#log-in").is_empty(), || "still logged in".to_owned());
}

#[test]
fn who_is_shut_out_elsewhere_is_told_so_within_seconds_and_nothing_of_a_client_stays_on_the_screen() {
    let office = Office::open();
    let client = office.client("Romashka", Some("ivanova"), "50000");
    office.place(client, 30);
    let browser = office.at_work("ivanova", "en", "as they happen");
    browser.wait_for("#orders", "Romashka");
    assert!(office.account(&["disable", "--person", "ivanova"], "").status.success());
    browser.wait_for("#alert", "You are logged out. Log in again.");
    let all = browser.run("return document.documentElement.textContent", &[]);
    assert!(!all.as_str().unwrap().contains("Romashka"), "nothing stays, hidden or not");
    browser.keys(&format!("ivanova{TAB}{PASSWORD}{ENTER}"));
    browser.wait_for("#alert", "Nobody can log in");
}

#[test]
fn what_clients_and_goods_are_called_is_text_and_never_a_script() {
    let office = Office::open();
    let evil = r#""><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>"#;
    let client = office.client(evil, Some("ivanova"), "50000");
    office.rename_product(evil);
    let browser = office.at_work("ivanova", "en", "as they happen");
    office.note_call(client, evil);
    office.pass_on(client, "201", evil);
    office.place(client, 30);
    browser.wait_for("#orders", evil);
    browser.tab_to("DisclosureTriangle", "img");
    browser.keys(ENTER);
    has_expanded(&browser, evil);
    browser.wait_for("#calls", evil);
    browser.wait_for("#handovers", evil);
    assert_eq!(browser.run("return document.querySelectorAll('main img, main script').length", &[]), 0);
    assert_eq!(browser.run("return document.title", &[]), "Order desk");
    assert_eq!(browser.log(), Vec::<String>::new(), "nothing was even tried");
    // The policy holds where a script would be put in all the same.
    let tried = browser.run(
        "const one = document.createElement('script'); try { one.text = 'document.title = \"owned\"'; \
         document.body.append(one); return 'put in' } catch (error) { return error.name }",
        &[],
    );
    assert_eq!((tried, browser.run("return document.title", &[])), (json!("TypeError"), json!("Order desk")));
    let log = browser.log().join("\n");
    assert!(log.contains("Trusted") || log.contains("Content Security Policy"), "{log}");
}

#[test]
fn the_page_says_that_the_desk_is_away_and_goes_on_when_it_is_back() {
    let mut office = Office::open();
    let client = office.client("Romashka", Some("ivanova"), "50000");
    let browser = office.at_work("ivanova", "en", "as they happen");
    mark(&browser);
    let address = office.desk.url.strip_prefix("http://").unwrap().to_owned();
    office.desk.server.take().unwrap().kill();
    browser.wait_for("#status", "The desk cannot be reached");
    office.desk.restart(&["--listen", &address]);
    office.place(client, 30);
    browser.wait_for("#orders", "Romashka");
    browser.wait_for("#status", "as they happen");
    assert_not_reloaded(&browser);
}

#[test]
fn another_site_cannot_act_in_the_managers_name() {
    let office = Office::open();
    let client = office.client("Romashka", Some("ivanova"), "50000");
    let placed = office.place(client, 30);
    let browser = office.at_work("ivanova", "en", "as they happen");
    // Another port of the same machine is the same site, so that the cookie goes along, and another origin.
    let other = Office::open();
    browser.go(&format!("{}/healthz", other.desk.url));
    let acts = format!("{}/v1/orders/{}/acts", office.desk.url, placed["id"].as_str().unwrap());
    let tries = [
        json!({"mode": "no-cors", "headers": {"Content-Type": "text/plain"}}),
        json!({"mode": "cors", "headers": {"Content-Type": "application/json", "patchcord-page": "person",
            "Idempotency-Key": uuid::Uuid::from_u128(random())}}),
    ];
    for options in tries {
        browser.run(
            "return fetch(arguments[0], {method: 'POST', credentials: 'include', body: '{\"act\":\"accept\"}', ...arguments[1]})\
             .then((answer) => answer.type, (error) => error.name)",
            &[json!(acts), options],
        );
    }
    assert_eq!(office.order(&placed)["state"], "placed");
    let _: Value = browser.run("return null", &[]);
}
