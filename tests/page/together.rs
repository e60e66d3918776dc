//! What comes at once: answers that are late, rows that change under the hand, and what others write meanwhile.

use serde_json::{Value, json};
use uuid::Uuid;

use super::browser::{Browser, ENTER, TAB};
use super::office::{Office, PASSWORD};

/// From now on the page's questions can be watched and changed: `asked` counts those begun with `hold`, whose answers come
/// only once they are let go; `change` may change an answer.
const WATCH: &str = r#"
const real = window.fetch;
window.late = [];
window.asked = 0;
window.fetch = async (path, ...rest) => {
  const held = window.hold && path.startsWith(window.hold);
  if (held) window.asked += 1;
  const answer = await real(window.limit ? path.replace(/limit=\d+/, `limit=${window.limit}`) : path, ...rest);
  let body = await answer.json().catch(() => ({}));
  if (window.change) body = window.change(path, body);
  answer.json = async () => body;
  if (held) await new Promise((go) => window.late.push(go));
  return answer;
};
"#;

fn hold(browser: &Browser, path: &str) {
    browser.run("window.hold = arguments[0]", &[json!(path)]);
}

/// Waits until the desk has answered what was asked, so that the answers are old by now; further ones are not held.
fn until_held(browser: &Browser) {
    let script = "return asked > 0 && late.length === asked";
    browser
        .wait(|browser| browser.run(script, &[]) == true, || format!("nothing is held: {:?}", browser.log()));
    browser.run("hold = null", &[]);
}

/// The late answers come, and the page makes of them what it does.
fn let_go(browser: &Browser) {
    browser.run("late.forEach((go) => go()); return new Promise((done) => setTimeout(done))", &[]);
}

/// A client gets another name, and another client comes, upon which the page asks for its lists anew.
fn rename(office: &Office, client: Uuid, name: &str, manager: Option<&str>) {
    office.write_client(client, name, manager, "50000");
    office.client("Another", manager, "50000");
}

/// What the browser has to tell the page after what was seen is told.
fn settled(browser: &Browser) {
    browser
        .run("return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))", &[]);
}

#[test]
fn an_order_that_is_placed_while_an_older_list_is_under_way_stays() {
    let office = Office::open();
    let romashka = office.client("Romashka", Some("ivanova"), "50000");
    let vasilek = office.client("Vasilek", Some("ivanova"), "50000");
    office.place(romashka, 30);
    let browser = office.at_work("ivanova", "en", "as they happen");
    browser.run(WATCH, &[]);
    hold(&browser, "/v1/orders?");
    rename(&office, romashka, "Lotos", Some("ivanova"));
    until_held(&browser);
    office.place(vasilek, 30);
    browser.wait_for("#orders", "Vasilek");
    let_go(&browser);
    browser.wait_for("#orders", "Lotos");
    assert!(browser.text("#orders").contains("Vasilek"));
    assert_eq!(browser.log(), Vec::<String>::new());
}

#[test]
fn what_was_asked_before_does_not_take_back_what_is_known_since() {
    let office = Office::open();
    let client = office.client("Romashka", Some("ivanova"), "50000");
    let browser = office.at_work("ivanova", "en", "as they happen");
    browser.run(WATCH, &[]);
    hold(&browser, "/v1/orders/");
    let placed = office.place(client, 30);
    until_held(&browser);
    office.act("admin", &placed, "accept");
    browser.wait_for("#orders .state", "accepted");
    let_go(&browser);
    assert_eq!(browser.text("#orders .state"), "accepted");
    assert!(browser.text("#status").contains("accepted"), "{}", browser.text("#status"));
}

#[test]
fn a_ringing_client_stays_on_the_screen_when_an_older_answer_comes_and_is_read_aloud_once() {
    let office = Office::open();
    let client = office.client("Romashka", Some("ivanova"), "50000");
    let browser = office.at_work("ivanova", "en", "as they happen");
    browser.run(WATCH, &[]);
    // Somebody else's client goes back to the operator: the page looks who is passed on, and nobody is.
    hold(&browser, "/v1/handovers");
    office.pass_on(client, None, "back again");
    until_held(&browser);
    office.pass_on(client, "201", "calls about the invoice");
    let_go(&browser);
    browser.wait_for("#handovers", "calls about the invoice");
    settled(&browser);
    assert!(browser.text("#handovers").contains("calls about the invoice"));
    assert!(
        browser
            .run("return document.getElementById('handovers').closest('[aria-live]').checkVisibility()", &[])
            == true
    );
    // The card is left alone while others are passed on.
    let watch = "window.asked = 0; window.late = []; window.redrawn = 0; new MutationObserver(() => { redrawn += 1 })\
                 .observe(document.getElementById('handovers'), {childList: true, subtree: true})";
    browser.run(watch, &[]);
    hold(&browser, "/v1/handovers");
    office.pass_on(client, None, "back again");
    until_held(&browser);
    let_go(&browser);
    settled(&browser);
    assert_eq!(browser.run("return redrawn", &[]), 0);
    assert_eq!(browser.log(), Vec::<String>::new());
}

#[test]
fn orders_that_wait_longest_are_there_however_many_are_on_their_way_and_older_ones_come_on_demand() {
    let office = Office::open();
    let debtor = office.client("Lotos", Some("ivanova"), "100");
    let client = office.client("Romashka", Some("ivanova"), "50000");
    assert_eq!(office.place(debtor, 30)["state"], "held");
    for _ in 0..3 {
        let placed = office.place(client, 30);
        office.act("admin", &placed, "accept");
    }
    let browser = office.at_work("ivanova", "en", "as they happen");
    assert!(browser.shown("#more-orders").is_empty());
    // As if the longest list were of two.
    browser.run(WATCH, &[]);
    browser.run("window.limit = 2", &[]);
    rename(&office, client, "Vasilek", Some("ivanova"));
    browser.wait_for("#orders", "Vasilek");
    assert!(browser.text("#orders").contains("Lotos"));
    // Of those on their way two are shown, and one is older.
    let count =
        |browser: &Browser| browser.run("return document.querySelectorAll('#orders > li').length", &[]);
    browser.wait_for("#more-orders", "Show older orders");
    assert_eq!(count(&browser), 3);
    browser.tab_to("button", "Show older orders");
    browser.keys(ENTER);
    browser.wait(|browser| count(browser) == 4, || "the oldest order did not come".to_owned());
    browser.wait(|browser| browser.shown("#more-orders").is_empty(), || "there are no more".to_owned());
    assert_eq!(browser.log(), Vec::<String>::new());
}

#[test]
fn calls_tasks_and_new_clients_go_on_as_orders_do() {
    let office = Office::open();
    let client = office.client("Romashka", Some("ivanova"), "50000");
    for number in 1..=5 {
        office.note_call(client, &format!("call {number}"));
        office.ask_for(client, &format!("task {number}"));
        office.client(&format!("Novichok {number}"), None, "50000");
    }
    let head = office.at_work("orlova", "en", "as they happen");
    head.wait_for("#unassigned", "Novichok 1");
    let count = |browser: &Browser, list: &str| {
        browser.run("return document.querySelectorAll(arguments[0] + ' > li').length", &[json!(list)])
    };
    for list in ["calls", "tasks", "unassigned"] {
        head.wait(|browser| count(browser, &format!("#{list}")) == 5, || format!("{list}: not all"));
        assert!(head.shown(&format!("#more-{list}")).is_empty(), "there are no more {list}");
    }
    // As if each list were of two.
    head.run(WATCH, &[]);
    head.run("window.limit = 2", &[]);
    office.ask_for(client, "task 6");
    office.write_client(client, "Vasilek", Some("ivanova"), "50000");
    office.client("Novichok 6", None, "50000");
    for (list, words, all, latest) in [
        ("tasks", "Show further calls to make", 6, "task 6"),
        ("unassigned", "Show further new clients", 6, "Novichok 1"),
        ("calls", "Show older calls", 5, "call"),
    ] {
        let (list, more) = (format!("#{list}"), format!("#more-{list}"));
        head.wait_for(&more, words);
        assert_eq!(count(&head, &list), 2, "{list}");
        for shown in [4, all] {
            head.tab_to("button", words);
            head.keys(ENTER);
            head.wait(|browser| count(browser, &list) == shown, || format!("{list}: not {shown}"));
        }
        assert!(head.text(&list).contains(latest), "{}", head.text(&list));
        // Six of two each look as if there were more: the last page is empty.
        if !head.shown(&more).is_empty() {
            head.tab_to("button", words);
            head.keys(ENTER);
        }
        head.wait(|browser| browser.shown(&more).is_empty(), || format!("{list}: there are no more"));
        let heading = "return document.activeElement.closest('section').querySelector(arguments[0]) !== null && \
                       document.activeElement.localName === 'h2'";
        assert_eq!(
            head.run(heading, &[json!(list)]),
            true,
            "who pressed the button that went is at the list's heading"
        );
        assert_eq!(count(&head, &list), all);
    }
    // What is shown stays shown when the lists are asked for anew.
    office.ask_for(client, "task 7");
    head.wait_for("#tasks", "task 7");
    assert_eq!(count(&head, "#tasks"), 7);
    assert_eq!(head.log(), Vec::<String>::new());
}

#[test]
fn orders_are_found_behind_those_that_operators_are_still_writing_and_no_older_ones_are_promised() {
    let office = Office::open();
    let client = office.client("Romashka", Some("ivanova"), "50000");
    // Given back to its operator: the manager sees it, and none of those that were never placed.
    let placed = office.place(client, 30);
    let gives_back = |act: &str| {
        let path = format!("/v1/orders/{}/acts", placed["id"].as_str().unwrap());
        let done = office.post("admin", &path, &json!({"act": act, "reason": "the slot is gone"}));
        assert_eq!(done.status, 200, "{}", done.text);
    };
    gives_back("return");
    for _ in 0..4 {
        office.draft(client, 1);
    }
    let browser = office.at_work("ivanova", "en", "as they happen");
    browser.wait_for("#orders", "Romashka");
    browser.run(WATCH, &[]);
    // As if the longest list were of two: whole answers are of what is still written.
    browser.run("window.limit = 2", &[]);
    rename(&office, client, "Vasilek", Some("ivanova"));
    browser.wait_for("#orders", "Vasilek");
    assert_eq!(browser.run("return document.querySelectorAll('#orders > li').length", &[]), 1);
    assert!(browser.shown("#more-orders").is_empty(), "there are no older ones to be shown");
    // Nor is there anything to be shown where all are still written.
    gives_back("cancel");
    browser.wait_for("#orders", "cancelled");
    assert!(browser.shown("#more-orders").is_empty());
    assert_eq!(browser.log(), Vec::<String>::new());
}

#[test]
fn whoever_logs_in_next_sees_nothing_of_the_answers_that_were_under_way() {
    let office = Office::open();
    let client = office.client("Romashka", Some("ivanova"), "50000");
    office.place(client, 30);
    let browser = office.at_work("ivanova", "en", "as they happen");
    browser.run(WATCH, &[]);
    hold(&browser, "/v1/orders?");
    rename(&office, client, "Vasilek", Some("ivanova"));
    until_held(&browser);
    browser.tab_to("button", "Log out");
    browser.keys(ENTER);
    browser.wait_for("#alert", "You are logged out.");
    browser.run("window.late?.forEach((go) => go()); return new Promise((done) => setTimeout(done))", &[]);
    let all = browser.run("return document.documentElement.textContent", &[]);
    assert!(!all.as_str().unwrap().contains("Vasilek"));
    // What was said of the last person is not said again.
    browser.keys(&format!("ivanova{TAB}{PASSWORD}{ENTER}"));
    browser.wait_for("#status", "as they happen");
    browser.go(&office.desk.url);
    browser.wait_for("#status", "as they happen");
    assert_eq!(browser.text("#alert"), "");
}

#[test]
fn an_absence_that_another_wrote_meanwhile_is_kept_and_days_are_those_of_the_office() {
    let office = Office::open();
    let path = "/v1/directory/people/ivanova/absences";
    let browser = Browser::open("en");
    // An office where it is another day than in Greenwich.
    let now = patchcord::clock::wall().to_zoned(jiff::tz::TimeZone::UTC);
    let (zone, hours) = if now.hour() >= 10 { ("Pacific/Kiritimati", 14) } else { ("Pacific/Niue", -11) };
    browser.cdp("Emulation.setTimezoneOverride", &json!({"timezoneId": zone}));
    let today = now.with_time_zone(jiff::tz::TimeZone::fixed(jiff::tz::offset(hours))).date();
    let yesterday = today.yesterday().unwrap();
    let own = json!({"from": yesterday, "to": yesterday, "deputy": null});
    let put = office.desk.put(
        "admin",
        path,
        &json!({"absences": [own, {"from": today, "to": today, "deputy": null}]}),
    );
    assert_eq!(put.status, 200, "{}", put.text);
    office.log_in(&browser, "ivanova", PASSWORD);
    browser.wait_for("#absences", "Nobody stands in");
    assert_eq!(browser.shown("#absences li").len(), 1);
    // The head writes one of hers; she adds another.
    let head = json!({"from": "2099-01-01", "to": "2099-01-02", "deputy": "belov"});
    let put = office.desk.put("admin", path, &json!({"absences": [own, head]}));
    assert_eq!(put.status, 200, "{}", put.text);
    browser.run("document.getElementById('from').focus()", &[]);
    browser.keys("05012099");
    browser.tab_to("Date", "Last day away");
    browser.keys("05092099");
    browser.tab_to("button", "Save");
    browser.keys(ENTER);
    browser.wait_for("#absences", "Белов Игорь stands in");
    let absences = || {
        let directory = office.desk.get("operator", "/v1/directory", &[]);
        let people = directory.body["people"].as_array().unwrap().clone();
        let entry = people.into_iter().find(|person| person["id"] == "ivanova").unwrap();
        let firsts = entry["absences"].as_array().unwrap().iter().map(|absence| absence["from"].clone());
        firsts.collect::<Vec<Value>>()
    };
    assert_eq!(absences(), [json!(yesterday), json!("2099-01-01"), json!("2099-05-01")]);
    // She takes the first of those on the screen away, and no other.
    browser.tab_to("button", "Remove");
    browser.keys(ENTER);
    browser.wait(|browser| browser.shown("#absences li").len() == 1, || browser.text("#absences"));
    assert_eq!(absences(), [json!(yesterday), json!("2099-05-01")]);
    assert!(browser.log().is_empty());
}

#[test]
fn rows_that_change_under_the_hand_keep_the_focus_and_the_choice() {
    let office = Office::open();
    let debtor = office.client("Lotos", Some("ivanova"), "100");
    let held = office.place(debtor, 30);
    let head = office.at_work("orlova", "en", "as they happen");
    let stranger = office.client("Novichok", None, "50000");
    head.wait_for("#unassigned", "Novichok");
    head.tab_to("DisclosureTriangle", "Lotos");
    head.keys(ENTER);
    head.wait_for("#orders details[open] table", "Tea");
    head.tab_to("button", "Return");
    office.act("admin", &held, "release");
    head.wait_for("#orders .state", "placed");
    settled(&head);
    assert_eq!(head.focused().1, "Return…");
    head.tab_to("combobox", "Manager");
    head.keys("Белов");
    rename(&office, stranger, "Starozhil", None);
    head.wait_for("#unassigned", "Starozhil");
    assert_eq!(head.focused().0, "combobox");
    head.tab_to("button", "Assign");
    head.keys(ENTER);
    head.wait_for("#status", "Starozhil: now with Белов");
    assert_eq!(head.log(), Vec::<String>::new());
}

#[test]
fn blanks_are_no_reason_and_the_dialog_asks_on() {
    let office = Office::open();
    let client = office.client("Romashka", Some("ivanova"), "50000");
    let placed = office.place(client, 30);
    let browser = office.at_work("ivanova", "en", "as they happen");
    browser.tab_to("DisclosureTriangle", "Romashka");
    browser.keys(ENTER);
    browser.wait_for("#orders details[open] table", "Tea");
    browser.tab_to("button", "Return");
    browser.keys(ENTER);
    browser.wait_for("#why-title", "Return to the operator");
    browser.keys(&format!("  {ENTER}{TAB}{ENTER}"));
    assert!(!browser.shown("#why").is_empty(), "the dialog is gone");
    assert_eq!(browser.focused(), ("textbox".to_owned(), "Reason".to_owned()));
    browser.keys(&format!("No lorry{TAB}{ENTER}"));
    browser.wait_for("#orders .state", "is being changed");
    assert_eq!(office.order(&placed)["history"].as_array().unwrap().last().unwrap()["reason"], "No lorry");
}
