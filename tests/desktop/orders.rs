//! An order in a real call, from the first key to the manager's word.

use crate::browser::{Browser, ENTER, SPACE, TAB};
use crate::people::Baresip;
use crate::reader::{Node, Reader};
use crate::stage::{CLIENT, CLIENT_NAME, Stage};
use crate::{now, seconds, until};
use serde_json::json;

/// What the operator answers to what the field asks, and by how many keys.
pub const ANSWERS: [(&str, &[&str]); 9] = [
    ("Offer: ", &["2"]),
    ("Where to?", &["1"]),
    ("When?", &["1"]),
    ("Who takes the goods?", &["1"]),
    ("Name of who takes", &["text:Anna", "Return"]),
    ("Telephone of", &["text:89160000001", "Return"]),
    ("What may", &["1"]),
    ("How is it paid?", &["1"]),
    ("Read every line", &["Return"]),
];

/// Fields that stand beside the form.
const OTHER_FIELDS: [&str; 2] = ["Dial", "Name, department or number"];

const PASSWORD: &str = "four words to log in";

/// The manager at the page, in another room.
fn manager(stage: &Stage) -> Browser {
    stage.desk.account("ivanova", "manager", PASSWORD);
    let browser = Browser::open("en");
    browser.go(&stage.desk.url());
    browser.wait(|browser| browser.focused().0 == "textbox", || "no field has the focus".to_owned());
    browser.keys(&format!("ivanova{TAB}{PASSWORD}{ENTER}"));
    browser.wait_for("#status", "as they happen");
    browser
}

/// The manager waits for an order of this client; when it stood there.
fn watch(browser: Browser) -> std::thread::JoinHandle<(Browser, f64)> {
    std::thread::spawn(move || {
        let deadline = now() + seconds(120);
        while !browser.text("#status").contains(&format!("{CLIENT_NAME}: placed")) {
            assert!(now() < deadline, "the manager sees no order: {}", browser.text("#status"));
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        (browser, since_1970())
    })
}

#[test]
fn a_whole_order_is_taken_by_keys_alone_and_the_manager_accepts_it_before_the_client_hangs_up() {
    let stage = Stage::set();
    let _window = stage.window();
    let watched = watch(manager(&stage));
    let mut reader = Reader::start(&stage);
    let client = Baresip::customer(&stage.pbx, CLIENT);
    client.dial(&stage.number_of_the_desk());
    reader.finds("panel", &format!("Client card: {CLIENT_NAME}"));
    stage.press(&["F2"]);
    client.wait("CALL_ESTABLISHED", seconds(5));
    reader.finds("panel", "Current call: On a call");

    let begun = now();
    let (mut keys, mut last_key, mut placing_key) = (0, 0.0, None);
    let mut press = |names: &[&str]| {
        for name in names {
            match name.strip_prefix("text:") {
                Some(text) => {
                    stage.type_text(text);
                    keys += text.chars().count();
                }
                None => {
                    last_key = since_1970();
                    stage.press(&[name]);
                    keys += 1;
                }
            }
        }
    };
    press(&["F1"]);
    reader.finds("entry", "Product, or quantity and product");
    for (typed, found) in [("3 tea", "Чай"), ("2 oil", "Масло")] {
        press(&[&format!("text:{typed}")]);
        reader.finds("list item", found);
        press(&["Return"]);
        reader.finds("entry", "Product, or quantity and product");
    }
    stage.picture("order");
    press(&["ctrl+Return"]);
    let mut asked = Vec::new();
    loop {
        let tree = reader.reads();
        if tree.iter().any(|node| node.name.contains("is placed")) {
            break;
        }
        let is_the_order_s =
            |node: &&Node| node.role == "entry" && !OTHER_FIELDS.contains(&node.name.as_str());
        let question = tree.iter().find(is_the_order_s);
        let question = question.map(|node| node.name.clone()).unwrap_or_default();
        if asked.last() != Some(&question) {
            let answer = ANSWERS.iter().find(|(known, _)| question.starts_with(known));
            match answer {
                Some((_, names)) => press(names),
                None => {
                    let is_read = asked.iter().any(|known: &String| known.starts_with("Read every line"));
                    if is_read {
                        placing_key.get_or_insert_with(since_1970);
                    }
                    press(&["ctrl+Return"]);
                }
            }
            asked.push(question);
        }
        assert!(now() < begun + seconds(90), "not placed; asked was {asked:#?}");
    }
    stage.picture("order-placed");
    let spent = now() - begun;
    eprintln!("{keys} keys, {spent:?}");
    let orders = stage.desk.get("/v1/orders");
    let order = &orders["orders"][0];
    assert_eq!((order["state"].as_str(), order["client_name"].as_str()), (Some("placed"), Some(CLIENT_NAME)));
    assert_eq!(order["order"]["lines"].as_array().map(Vec::len), Some(2));

    // The manager has it within a second of the key, and what the manager does is said within another.
    let (browser, seen) = watched.join().expect("the manager sees it");
    let took = seen - placing_key.unwrap_or(last_key);
    eprintln!("on the manager's page {took:.2} s after the key");
    assert!(took < 1.0, "{took} s");
    browser.tab_to("DisclosureTriangle", CLIENT_NAME);
    browser.keys(ENTER);
    browser.wait_for("#orders details[open] table", "Чай");
    browser.tab_to("button", "Accept");
    let pressed = since_1970();
    browser.keys(SPACE);
    let took = reader.hears("was accepted") - pressed;
    eprintln!("\"was accepted\" is said to the operator {took:.2} s after the manager's key");
    assert!(took < 1.0, "{took} s");
    reader.finds("label", "was accepted");
    browser.wait_for("#orders .state", "accepted");
    browser.picture("page-accepted");
    let id = order["order"]["id"].as_str().unwrap_or_default();
    let words = "came back: no lorry goes there";
    stage.desk.act_on_order(id, &json!({"act": "return", "reason": "no lorry goes there"}));
    let done = since_1970();
    let took = reader.hears(words) - done;
    eprintln!("{words}: said {took:.2} s after the desk had answered the manager");
    assert!(took < 1.0, "{words}: {took} s");
    reader.finds("label", words);
    stage.picture("order-came-back");
    stage.press(&["ctrl+j"]);
    reader.finds("entry", "Product, or quantity and product");
    stage.press(&["shift+F1"]);
    reader.finds("list item", "came back");
    stage.picture("order-list");
    client.hang_up();
    until("the register entry", seconds(10), || stage.desk.calls().len() == 1);
    assert_eq!(stage.desk.calls()[0]["id"], order["order"]["call"], "the order names its call");
}

fn since_1970() -> f64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0.0, |since| since.as_secs_f64())
}
