//! A desk with people, clients and goods, and what operators do there.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use patchcord::desk_api::{IDEMPOTENCY_KEY, Terms};
use serde_json::{Value, json};
use uuid::Uuid;

use super::browser::{Browser, ENTER, TAB};
use super::fixture::{BINARY, Desk, Reply, call, call_path, new_call_id, random};

pub const PASSWORD: &str = "четыре слова для входа";

pub struct Office {
    pub desk: Desk,
    pub product: Uuid,
}

impl Office {
    /// The sample's people; ivanova manages, orlova leads the wholesale department.
    pub fn open() -> Self {
        let desk = Desk::own(&["--sample", "0"]);
        let office = Self { desk, product: Uuid::from_u128(random()) };
        for (person, role) in [("ivanova", "manager"), ("orlova", "head")] {
            let made = office.account(&["new", "--person", person, "--role", role], PASSWORD);
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        office.sell(office.product, "Tea");
        office
    }

    /// `patchcord-desk account`, with this on its standard input.
    pub fn account(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(BINARY);
        command.arg("account").args(arguments).args(["--database", &self.desk.folder.database()]);
        command.env("LC_ALL", "C").stdin(Stdio::piped()).stderr(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let _ = writeln!(child.stdin.take().unwrap(), "{input}");
        child.wait_with_output().unwrap()
    }

    pub fn sell(&self, product: Uuid, name: &str) {
        let goods = json!({
            "product": {
                "id": product, "code": format!("{product}"), "name": name, "tax_kind": "food",
                "packings": [{"unit": "case", "holds": "12"}, {"unit": "piece", "holds": "1"}],
            },
            "prices": {"columns": {"1": "10", "2": "9", "3": "8"}},
            "batches": [{"id": "A", "expires": "2099-01-01", "free": "120000"}],
        });
        let put = self.desk.put("service", &format!("/v1/products/{product}"), &goods);
        assert!(matches!(put.status, 200 | 201), "{}", put.text);
    }

    /// The office's product gets this name.
    pub fn rename_product(&self, name: &str) {
        self.sell(self.product, name);
    }

    /// A client with credit whom this manager looks after, or nobody.
    pub fn client(&self, name: &str, manager: Option<&str>, credit: &str) -> Uuid {
        let id = Uuid::from_u128(random());
        self.write_client(id, name, manager, credit);
        let trade = json!({"addresses": [{"number": 1, "text": "Pavilion 14", "route": "city"}]});
        assert_eq!(self.desk.put("service", &format!("/v1/clients/{id}/trade"), &trade).status, 200);
        id
    }

    /// What is known of a client, whole.
    pub fn write_client(&self, id: Uuid, name: &str, manager: Option<&str>, credit: &str) {
        let mut client = self.desk.client(name, &["+7 916 123-45-67"]);
        client["manager"] = json!(manager);
        client["department"] = json!("wholesale");
        client["delivery"] = json!({"address": "Pavilion 14"});
        client["standing"] = json!({"currency": "RUB", "limit": "100000", "credit_left": credit, "overdue": "0", "over_limit": "0"});
        let put = self.desk.put("admin", &format!("/v1/clients/{id}"), &client);
        assert!(matches!(put.status, 200 | 201), "{}", put.text);
    }

    /// An operator writes an order of so many cases, reads it back and places it.
    pub fn place(&self, client: Uuid, cases: u32) -> Value {
        self.place_with(client, cases, json!([]))
    }

    /// The same, with other lines below.
    pub fn place_with(&self, client: Uuid, cases: u32, more: Value) -> Value {
        let terms = self.desk.get("operator", &format!("/v1/clients/{client}/terms"), &[]);
        let terms: Terms = serde_json::from_str(&terms.text).unwrap();
        let slot = serde_json::to_value(terms.addresses[0].slots[0].slot).unwrap();
        let mut order = json!({
            "id": new_call_id(), "revision": 1, "client": client,
            "lines": [{"number": 1, "product": self.product, "quantity": cases.to_string(), "unit": "case"}],
            "offers": [], "no_offers": true,
            "delivery": {
                "address": 1, "slot": slot, "pays_on_delivery": false,
                "receiver": {"name": "Anna", "phone": "+79160000000", "may_sign": true, "confirmed": true},
            },
        });
        let lines = order["lines"].as_array_mut().unwrap();
        lines.extend(more.as_array().unwrap().iter().cloned());
        let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
        let written = self.desk.put("operator", &path, &order);
        assert_eq!(written.status, 201, "{}", written.text);
        order["revision"] = json!(2);
        order["agreed_total"] = written.body["examined"]["total"]["gross"].clone();
        assert_eq!(self.desk.put("operator", &path, &order).status, 200);
        let placed = self.post("operator", &format!("{path}/place"), &json!({"revision": 2}));
        assert_eq!(placed.status, 200, "{}", placed.text);
        assert_ne!(placed.body["state"], "draft", "{}", placed.text);
        placed.body
    }

    /// An order that the operator is still writing.
    pub fn draft(&self, client: Uuid, cases: u32) {
        let order = json!({
            "id": new_call_id(), "revision": 1, "client": client,
            "lines": [{"number": 1, "product": self.product, "quantity": cases.to_string(), "unit": "case"}],
        });
        let written =
            self.desk.put("operator", &format!("/v1/orders/{}", order["id"].as_str().unwrap()), &order);
        assert_eq!(written.status, 201, "{}", written.text);
    }

    /// Somebody acts on an order.
    pub fn act(&self, who: &str, receipt: &Value, act: &str) {
        let path = format!("/v1/orders/{}/acts", receipt["id"].as_str().unwrap());
        let done = self.post(who, &path, &json!({"act": act}));
        assert_eq!(done.status, 200, "{}", done.text);
    }

    pub fn post(&self, who: &str, path: &str, body: &Value) -> Reply {
        let command = Uuid::from_u128(random()).to_string();
        self.desk.send(|http, url| {
            let request = http.post(format!("{url}{path}")).bearer_auth(self.desk.token(who));
            request.header(IDEMPOTENCY_KEY, command).json(body)
        })
    }

    /// As the desk has the order.
    pub fn order(&self, receipt: &Value) -> Value {
        self.desk.get("admin", &format!("/v1/orders/{}", receipt["id"].as_str().unwrap()), &[]).body
    }

    /// A call of the client's, with a note.
    pub fn note_call(&self, client: Uuid, note: &str) {
        let mut record = call(new_call_id(), 1);
        record["client"] = json!(client);
        record["note"] = json!(note);
        record["result"] = json!("information");
        record["answered_at"] = json!("2026-05-06T07:08:10Z");
        record["ended_at"] = json!("2026-05-06T07:09:10Z");
        record["outcome"] = json!("completed");
        let id = serde_json::from_value(record["id"].clone()).unwrap();
        let put = self.desk.put("operator", &call_path(id), &record);
        assert_eq!(put.status, 201, "{}", put.text);
    }

    /// An operator asks for a call to the client.
    pub fn ask_for(&self, client: Uuid, about: &str) {
        let id = new_call_id();
        let task = json!({"id": id, "number": "8 916 123-45-67", "about": about, "client": client});
        let put = self.desk.put("operator", &format!("/v1/tasks/{id}"), &task);
        assert_eq!(put.status, 201, "{}", put.text);
    }

    /// The operator passes the client on to this extension; none: takes the client back.
    pub fn pass_on(&self, client: Uuid, to: impl Into<Option<&'static str>>, note: &str) {
        let to: Option<&str> = to.into();
        let id = new_call_id();
        let handover = json!({"id": id, "revision": 1, "to": to, "way": "return", "from": "101", "operator": "operator1",
            "party": {"written": "89161234567", "number": "+79161234567"}, "client": client, "note": note});
        let put = self.desk.put("operator", &format!("/v1/handovers/{id}"), &handover);
        assert_eq!(put.status, 201, "{}", put.text);
    }

    /// Opens the page and logs in, by keyboard alone.
    pub fn log_in(&self, browser: &Browser, person: &str, password: &str) {
        browser.go(&self.desk.url);
        browser.wait(|browser| browser.focused().0 == "textbox", || "no field has the focus".to_owned());
        // Chromium notes that nobody was logged in.
        let noted = browser.log();
        assert!(noted.iter().all(|line| line.contains("/v1/session") && line.contains("401")), "{noted:?}");
        browser.keys(&format!("{person}{TAB}{password}{ENTER}"));
    }

    /// A browser of this language in which somebody is logged in and hears of changes.
    pub fn at_work(&self, person: &str, language: &str, live: &str) -> Browser {
        let browser = Browser::open(language);
        self.log_in(&browser, person, PASSWORD);
        browser.wait_for("#status", live);
        browser
    }
}
