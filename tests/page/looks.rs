//! What the page looks and sounds like: in three languages, light and dark, on a narrow screen, to an assistive program.

use serde_json::{Value, json};

use super::browser::{Browser, ENTER};
use super::office::Office;

/// An order of each kind that is worth a look, calls, a task, a new client, and a client who is passed on.
fn full_office() -> Office {
    let office = Office::open();
    let client = office.client("Ромашка, ИП Соколова", Some("ivanova"), "50000");
    let debtor = office.client("한강마트", Some("petrov"), "100");
    office.place(client, 30);
    office.place(debtor, 40);
    office.client("Lotos Trade", None, "50000");
    office.note_call(client, "Просит прайс-лист и спрашивает о сертификатах.");
    let task = json!({"id": super::fixture::new_call_id(), "client": client, "number": "+79161234567", "about": "Хочет скидку"});
    let put = office.desk.put("operator", &format!("/v1/tasks/{}", task["id"].as_str().unwrap()), &task);
    assert_eq!(put.status, 201, "{}", put.text);
    office.pass_on(client, "302", "Звонит по счёту");
    office
}

fn opened(office: &Office, language: &str, live: &str) -> Browser {
    let browser = office.at_work("orlova", language, live);
    browser.wait(|browser| browser.shown("#orders details").len() == 2, || "no orders".to_owned());
    browser.run("document.querySelectorAll('#orders summary')[1].focus()", &[]);
    browser.keys(ENTER);
    browser.wait_for("#orders details[open] table", "Tea");
    browser
}

#[test]
fn everything_has_a_name_and_can_be_read_in_every_scheme_and_width() {
    let office = full_office();
    for (language, live) in
        [("en", "as they happen"), ("ko", "바로 표시됩니다"), ("ru", "показываются сразу")]
    {
        let browser = opened(&office, language, live);
        assert_eq!(browser.run("return document.documentElement.lang", &[]), language);
        for element in browser.shown("button, input, select, textarea, a, summary, section, table, nav, main")
        {
            let (role, name) = browser.computed(&element);
            assert!(!role.is_empty() && (!name.is_empty() || role == "main"), "{language}: {role} {name:?}");
        }
        for (scheme, width) in [("light", 1100), ("dark", 1100), ("light", 360), ("dark", 360)] {
            browser.prefer(scheme);
            browser.width(width);
            browser.picture(&format!("{language}-{scheme}-{width}"));
            let overflow = browser.run("return document.documentElement.scrollWidth - innerWidth", &[]);
            assert!(overflow.as_i64().unwrap() <= 0, "{language} at {width}: {overflow} too wide");
            let poor = browser.run(CONTRAST, &[]);
            assert_eq!(poor, Value::Array(Vec::new()), "{language} {scheme}");
        }
        assert_eq!(browser.log(), Vec::<String>::new());
    }
    let browser = Browser::open("ko,en");
    browser.go(&office.desk.url);
    browser.wait_for("h2", "로그인");
    browser.tab_to("link", "Русский");
    browser.keys(ENTER);
    browser.wait_for("h2", "Вход в службу заказов");
    browser.picture("log-in");
}

/// Text whose contrast is less than WCAG 2.2 asks for (1.4.3: 4.5 to 1).
const CONTRAST: &str = r#"
const parse = (color) => color.match(/[\d.]+/g).map(Number);
const light = ([r, g, b]) => {
  const linear = [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
};
const behind = (one) => {
  for (let up = one; up; up = up.parentElement) {
    const color = parse(getComputedStyle(up).backgroundColor);
    if (color.length < 4 || color[3] > 0) return color;
  }
  return [255, 255, 255];
};
const poor = [];
for (const one of document.querySelectorAll("body *")) {
  const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!own || !one.checkVisibility() || one.closest("noscript")) continue;
  const [a, b] = [light(parse(getComputedStyle(one).color)), light(behind(one))].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < 4.5) poor.push(`${one.tagName} ${one.className} ${ratio.toFixed(2)}: ${one.textContent.slice(0, 40)}`);
}
return poor;
"#;
