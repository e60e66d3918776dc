//! Cards from the company's own system: the shipped samples against servers that answer like 1C and ERPNext, and like nobody
//! should.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use patchcord::desk_api::{CardPart, ClientCard, Gap, GapWhy, MayOrder};
use serde_json::{Value, json};
use uuid::Uuid;

use super::fixture::{BINARY, Desk, Folder, random_number};
use super::telephone::{answer, misbehaving, read_request};
use super::tls_desk::{self, TlsDesk};

const SECRET: &str = "key:tiger-42";
const REF: &str = "5f2a9d10-0c7b-11ee-8e1a-0050568b35ac";
const JSON_1C: &str = "application/json;odata=minimalmetadata;charset=utf-8";

/// One request as the company's system sees it, decoded.
#[derive(Clone, Debug)]
struct Seen {
    path: String,
    query: Vec<(String, String)>,
    authorization: String,
}

impl Seen {
    fn of(head: &str) -> Self {
        let target = head.split(' ').nth(1).unwrap();
        let url = reqwest::Url::parse(&format!("http://company{target}")).unwrap();
        let decode = |text: &str| {
            // What decodes a form decodes a path, but for its plus signs.
            let pair = format!("http://a/?x={}", text.replace('+', "%2B").replace('&', "%26"));
            reqwest::Url::parse(&pair).unwrap().query_pairs().next().unwrap().1.into_owned()
        };
        let authorization = head.lines().find_map(|line| line.strip_prefix("authorization: "));
        Self {
            path: decode(url.path()),
            query: url.query_pairs().into_owned().collect(),
            authorization: authorization.unwrap_or_default().to_owned(),
        }
    }

    fn parameter(&self, name: &str) -> &str {
        self.query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// A company's system; `answers` gives the body of each request, or does something of its own with the connection.
struct Company {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    folder: Folder,
}

impl Company {
    fn new(serve: impl Fn(&Seen, &TcpStream) + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let url = misbehaving(move |stream, _| {
            let (head, _) = read_request(&stream);
            let request = Seen::of(&head);
            log.lock().unwrap().push(request.clone());
            serve(&request, &stream);
        });
        Self { url, seen, folder: Folder::new() }
    }

    /// A shipped sample, with address and secret of this test and nothing else changed.
    fn settings(&self, sample: &str) -> PathBuf {
        let secret = self.folder.path("secret");
        std::fs::write(&secret, SECRET).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        let file = format!("{}/config/{sample}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(file).unwrap();
        let here = text
            .replace("https://1c.example.com", &self.url)
            .replace("https://erp.example.com", &self.url)
            .replace("/etc/patchcord/company", secret.to_str().unwrap());
        let settings = self.folder.path("desk.toml");
        std::fs::write(&settings, here).unwrap();
        settings
    }

    /// A desk with the sample's people, whose clients are the company's.
    fn desk(&self, sample: &str) -> Desk {
        Desk::own(&["--sample", "0", "--config", self.settings(sample).to_str().unwrap()])
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn cards(desk: &Desk, phone: &str) -> Vec<ClientCard> {
    let reply = desk.get("operator", "/v1/clients", &[("phone", phone)]);
    assert_eq!(reply.status, 200, "{}", reply.text);
    serde_json::from_value(reply.body["clients"].clone()).unwrap()
}

fn card(desk: &Desk, phone: &str) -> ClientCard {
    let [card] = <[ClientCard; 1]>::try_from(cards(desk, phone)).unwrap();
    card
}

fn gaps(card: &ClientCard) -> Vec<(CardPart, GapWhy)> {
    card.gaps.iter().map(|Gap { part, why }| (*part, *why)).collect()
}

/// As 1C's OData interface answers; None where it knows no such thing.
fn of_1c(request: &Seen) -> Option<Value> {
    let path = request.path.strip_prefix("/trade/odata/standard.odata/")?;
    let set = |set: &str, value: Value| json!({"odata.metadata": format!("http://1c/trade/odata/standard.odata/$metadata#{set}"), "value": value});
    let balance = "AccumulationRegister_РасчетыСКлиентамиПоСрокам/Balance(Condition='АналитикаУчетаПоПартнерам/Партнер_Key eq guid''";
    if let Some(condition) = path.strip_prefix(balance) {
        let is_late = condition.contains("ДатаПлановогоПогашения lt datetime''");
        let rows = if is_late {
            json!([{"АналитикаУчетаПоПартнерам_Key": REF, "ДолгРеглBalance": 1200.5}])
        } else {
            json!([{"ДолгРеглBalance": 1200.5}, {"ДолгРеглBalance": 50_000}])
        };
        return Some(set("AccumulationRegister_РасчетыСКлиентамиПоСрокам/Balance", rows));
    }
    Some(match path {
        "Catalog_Партнеры_КонтактнаяИнформация" => {
            set(path, json!([{"Ref_Key": REF}, {"Ref_Key": REF}]))
        }
        "Catalog_ДоговорыКонтрагентов" => {
            set(path, json!([{"ДопустимаяСуммаЗадолженности": 100_000}]))
        }
        _ if path == format!("Catalog_Партнеры(guid'{REF}')") => json!({
            "odata.metadata": "http://1c/trade/odata/standard.odata/$metadata#Catalog_Партнеры/@Element",
            "Ref_Key": REF, "DataVersion": "AAAAAAAAAAA=", "DeletionMark": false, "Code": "00-00000042",
            "Description": "ООО «Ромашка»", "Комментарий": "",
            "ОсновнойМенеджер_Key": "0b3f7c52-0c7b-11ee-8e1a-0050568b35ac",
            "ОсновнойМенеджер": {"Description": "Иванова Анна"},
            "ГруппаДоступа": {"Description": "Ключевые клиенты"},
        }),
        _ => return None,
    })
}

fn serve_1c(request: &Seen, stream: &TcpStream) {
    match of_1c(request) {
        Some(body) => answer(stream, "200 OK", JSON_1C, &body.to_string()),
        None => answer(stream, "404 Not Found", JSON_1C, "{\"odata.error\":{\"code\":\"8\"}}"),
    }
}

/// As ERPNext's REST interface answers.
fn of_erpnext(request: &Seen, customer: &str) -> Option<Value> {
    let path = request.path.strip_prefix("/api/resource/")?;
    let filters = request.parameter("filters");
    Some(json!({"data": match path {
        "Contact" => json!([{"customer": customer}]),
        "Sales Invoice" if filters.contains("due_date") => json!([]),
        "Sales Invoice" => json!([{"outstanding_amount": 300_000.0}, {"outstanding_amount": -50_000.0}]),
        "User/anna@example.com" => json!({"name": "anna@example.com", "full_name": "иванова анна"}),
        _ if path == format!("Customer/{customer}") => json!({
            "name": customer, "doctype": "Customer", "customer_name": "Hanbit Foods", "customer_group": "Commercial",
            "account_manager": "anna@example.com", "default_price_list": null, "customer_details": "",
            "credit_limits": [{"company": "Ours", "credit_limit": 200_000.0, "bypass_credit_limit_check": 0}],
        }),
        _ => return None,
    }}))
}

#[test]
fn a_caller_is_a_client_of_1c_with_type_manager_and_debts() {
    let company = Company::new(serve_1c);
    let desk = company.desk("desk-1c.toml");
    let (phone, national) = random_number();
    let found = card(&desk, &phone);
    assert_eq!((found.name.as_str(), found.client_type.id.0.as_str()), ("ООО «Ромашка»", "key"));
    assert_eq!(found.manager.as_ref().unwrap().extension.as_deref(), Some("201"));
    assert_eq!(found.department.as_ref().unwrap().id, "wholesale", "the manager's");
    let standing = found.standing.clone().unwrap();
    let amounts = [Some(standing.overdue), Some(standing.over_limit), standing.limit, standing.credit_left];
    let amounts = amounts.map(|amount| amount.unwrap().to_string());
    assert_eq!(amounts, ["1200.50", "0.00", "100000.00", "48799.50"]);
    assert_eq!((found.may_order(), gaps(&found)), (MayOrder::No, vec![]));

    let seen = company.seen();
    assert!(
        seen.iter().all(|seen| seen.authorization == "Basic cGF0Y2hjb3JkOmtleTp0aWdlci00Mg=="),
        "{seen:?}"
    );
    let filter =
        format!("Тип eq 'Телефон' and (НомерТелефона eq '7{national}' or НомерТелефона eq '8{national}')");
    assert_eq!(seen[0].parameter("$filter"), filter);

    // The same client ever after, and one whom chain and register know.
    assert_eq!(card(&desk, &phone).id, found.id);
    let by_id = desk.get("operator", &format!("/v1/clients/{}", found.id), &[]);
    assert_eq!(by_id.body["name"], "ООО «Ромашка»");
    let chain = desk.get("operator", "/v1/transfer-chain", &[("client", &found.id.to_string())]);
    assert_eq!(chain.body["rule"], "debtor", "{}", chain.text);
}

#[test]
fn a_caller_is_a_customer_of_erpnext_whatever_signs_their_name_has() {
    const CUSTOMER: &str = "O'Hara \"Foods\" & Co/№1?";
    let company = Company::new(|request, stream| match of_erpnext(request, CUSTOMER) {
        Some(body) => answer(stream, "200 OK", "application/json", &body.to_string()),
        None => answer(stream, "404 NOT FOUND", "application/json", "{\"exc_type\":\"DoesNotExistError\"}"),
    });
    let desk = company.desk("desk-erpnext.toml");
    let found = card(&desk, "+82 10-1234-5678");
    assert_eq!((found.name.as_str(), found.client_type.id.0.as_str()), ("Hanbit Foods", "market"));
    assert_eq!(found.manager.as_ref().unwrap().name, "Иванова Анна");
    let standing = found.standing.clone().unwrap();
    assert_eq!((standing.over_limit.to_string(), standing.currency.as_str()), ("50000.00".into(), "KRW"));
    assert_eq!((found.may_order(), gaps(&found)), (MayOrder::No, vec![]));

    let seen = company.seen();
    assert!(seen.iter().all(|seen| seen.authorization == format!("token {SECRET}")), "{seen:?}");
    let contact: Value = serde_json::from_str(seen[0].parameter("filters")).unwrap();
    assert_eq!(contact[0], json!(["Contact Phone", "phone", "like", "%1012345678"]));
    let invoices: Value = serde_json::from_str(seen[3].parameter("filters")).unwrap();
    assert_eq!(invoices[0], json!(["customer", "=", CUSTOMER]), "no name gets out of its quotes");
}

/// What the company's system does with the requests for debts, and what the card then says of the standing.
#[test]
fn whatever_is_wrong_with_the_debts_the_card_says_it_and_nobody_passes_for_a_client_without_debts() {
    type Misdeed = fn(&TcpStream);
    let elsewhere = Company::new(|_, stream| answer(stream, "200 OK", "application/json", "{\"value\":[]}"));
    let target = elsewhere.url.clone();
    let table: [(&str, Misdeed, GapWhy); 9] = [
        ("slow", |_| std::thread::sleep(Duration::from_secs(4)), GapWhy::Slow),
        (
            "401",
            |stream| answer(stream, "401 Unauthorized", "text/html", "<html>Login</html>"),
            GapWhy::Refused,
        ),
        ("500", |stream| answer(stream, "500 Oops", JSON_1C, "{\"odata.error\":{}}"), GapWhy::Failed),
        (
            "html",
            |stream| answer(stream, "200 OK", "text/html", "<!DOCTYPE html><title>1C</title>"),
            GapWhy::NotJson,
        ),
        (
            "fields",
            |stream| answer(stream, "200 OK", JSON_1C, "{\"value\":[{\"Сумма\":5}]}"),
            GapWhy::Missing,
        ),
        (
            "null",
            |stream| answer(stream, "200 OK", JSON_1C, "{\"value\":[{\"ДолгРеглBalance\":null}]}"),
            GapWhy::Missing,
        ),
        (
            "words",
            |stream| answer(stream, "200 OK", JSON_1C, "{\"value\":[{\"ДолгРеглBalance\":\"много\"}]}"),
            GapWhy::Unreadable,
        ),
        (
            "huge",
            |stream| {
                answer(stream, "200 OK", JSON_1C, &format!("{{\"value\":[\"{}\"]}}", "x".repeat(2_000_000)))
            },
            GapWhy::TooLarge,
        ),
        (
            "cp1251",
            |mut stream| {
                let body = b"{\"value\":[{\"\xC4\xEE\xEB\xE3\":5}]}";
                let head =
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
            },
            GapWhy::NotJson,
        ),
    ];
    let misdeed: Arc<Mutex<Option<Misdeed>>> = Arc::default();
    let redirects = Arc::new(Mutex::new(false));
    let (current, is_redirecting) = (Arc::clone(&misdeed), Arc::clone(&redirects));
    let company = Company::new(move |request, stream| {
        let is_debt = request.path.contains("AccumulationRegister");
        if is_debt && *is_redirecting.lock().unwrap() {
            let redirect = format!("302 Found\r\nLocation: {target}/");
            return answer(stream, &redirect, "text/html", "");
        }
        let misdeed = *current.lock().unwrap();
        match misdeed.filter(|_| is_debt) {
            Some(misdeed) => misdeed(stream),
            None => serve_1c(request, stream),
        }
    });
    let desk = company.desk("desk-1c.toml");
    let (phone, _) = random_number();
    let assert_gap = |what: &str, why| {
        let card = card(&desk, &phone);
        assert_eq!(card.name, "ООО «Ромашка»", "{what}");
        assert!(gaps(&card).contains(&(CardPart::Standing, why)), "{what}: {:?}", gaps(&card));
        assert_eq!((card.may_order(), card.standing), (MayOrder::Unknown, None), "{what}");
    };
    for (what, does, why) in table {
        *misdeed.lock().unwrap() = Some(does);
        assert_gap(what, why);
    }
    *redirects.lock().unwrap() = true;
    assert_gap("redirect", GapWhy::Redirected);
    assert!(elsewhere.seen().is_empty(), "the password goes nowhere else");
}

#[test]
fn while_the_companys_system_is_away_its_clients_are_known_and_nobody_passes_for_new() {
    let is_away = Arc::new(Mutex::new(false));
    let away = Arc::clone(&is_away);
    let company = Company::new(move |request, stream| {
        if !*away.lock().unwrap() {
            serve_1c(request, stream);
        }
    });
    let desk = company.desk("desk-1c.toml");
    let ((phone, _), (other, _), (own, _)) = (random_number(), random_number(), random_number());
    let before = card(&desk, &phone);
    *is_away.lock().unwrap() = true;
    let after = card(&desk, &phone);
    assert_eq!((after.id, &after.name, after.updated_at), (before.id, &before.name, before.updated_at));
    assert_eq!(gaps(&after), [(CardPart::Everything, GapWhy::Down)]);
    assert_eq!(after.may_order(), MayOrder::No, "what was owed then is not paid for want of an answer");
    let by_id = desk.get("operator", &format!("/v1/clients/{}", before.id), &[]);
    assert_eq!(by_id.body["gaps"], json!([{"part": "everything", "why": "down"}]));
    desk.get("operator", "/v1/clients", &[("phone", &other)]).assert_problem(503, "company_system_away");
    // Whom the desk alone knows it still knows.
    desk.add_client("Own", &[&own]);
    assert_eq!(gaps(&card(&desk, &own)), []);
}

#[test]
fn a_client_whom_the_desk_had_before_is_the_same_one() {
    let company = Company::new(serve_1c);
    let desk = company.desk("desk-1c.toml");
    let (phone, _) = random_number();
    let id = Uuid::from_u128(super::fixture::random());
    let mut client = desk.client("ооо «ромашка»", &[&phone, "+7 495 000-00-09"]);
    client["price_column"] = json!({"name": "B", "why": "contract"});
    assert_eq!(desk.put("admin", &format!("/v1/clients/{id}"), &client).status, 201);
    let found = card(&desk, &phone);
    assert_eq!((found.id.0, found.name.as_str()), (id, "ООО «Ромашка»"));
    assert_eq!(found.price_column.unwrap().name, "B", "what the company's system does not tell stays");
    assert_eq!(found.phones.len(), 2);
}

#[test]
fn whom_the_companys_system_does_not_know_is_new() {
    let company = Company::new(|_, stream| answer(stream, "200 OK", JSON_1C, "{\"value\":[]}"));
    let desk = company.desk("desk-1c.toml");
    assert_eq!(cards(&desk, &random_number().0), []);
}

#[test]
fn an_admin_sees_each_request_what_it_lacks_and_the_card_and_no_secret() {
    let company = Company::new(|request, stream| match of_1c(request) {
        Some(mut body) => {
            if let Some(client) = body.as_object_mut() {
                client.remove("ГруппаДоступа");
            }
            answer(stream, "200 OK", JSON_1C, &body.to_string());
        }
        None => serve_1c(request, stream),
    });
    let settings = company.settings("desk-1c.toml");
    let lookup = |more: &[&str]| {
        std::process::Command::new(BINARY)
            .args(["lookup", "8 (916) 123-45-67", "--config", settings.to_str().unwrap()])
            .args(more)
            .current_dir(settings.parent().unwrap())
            .env("LC_ALL", "C")
            .output()
            .unwrap()
    };
    let output = lookup(&[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    for words in [
        "GET http://127.0.0.1",
        "found nothing: client_type at /ГруппаДоступа/Description",
        "ООО «Ромашка»",
        "Overdue: 1200.50 RUB",
        "Client type: not known: the company's system does not give it",
        " ms, ",
    ] {
        assert!(said.contains(words), "{words} is not in: {said}");
    }
    assert!(!said.contains("tiger") && !said.contains("Basic"), "{said}");
    assert_eq!(said.matches("GET ").count(), 5, "{said}");
    let json: Value = serde_json::from_slice(&lookup(&["--json"]).stdout).unwrap();
    assert_eq!(json["clients"][0]["own_id"], REF);
    assert_eq!(json["requests"][1]["found_nothing"][0]["name"], "client_type");
}

#[test]
fn an_admin_hears_why_the_companys_system_cannot_be_asked() {
    let company = Company::new(|_, stream| answer(stream, "401 Unauthorized", "text/html", "Login"));
    let settings = company.settings("desk-1c.toml");
    let lookup = |settings: &PathBuf| {
        let arguments = ["lookup", "+79161234567", "--config", settings.to_str().unwrap()];
        let output = super::fixture::run(&arguments);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = lookup(&settings);
    assert_eq!(code, Some(8), "{said}");
    assert!(said.contains("refuses the desk's password"), "{said}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let secret = company.folder.path("secret");
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();
        let (code, said) = lookup(&settings);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("chmod"), "{said}");
    }
}

#[test]
fn a_system_whose_certificate_nobody_trusts_gets_no_password() {
    let (company, system) = (Company::new(|_, _| ()), TlsDesk::start());
    company.settings("desk-1c.toml");
    let secret = company.folder.path("secret");
    let lookup = |ca: &str| {
        let text = format!(
            "[company_system]\nurl = \"{}\"\nauthentication = \"bearer\"\nsecret_file = {:?}\n{ca}\nbudget_ms = 1900\n\
             currency = \"RUB\"\nclient_type = \"market\"\n\
             [[company_system.find]]\npath = \"who\"\nquery = {{ phone = \"{{phone}}\" }}\nget = {{ client = \"/clients/*/id\" }}\n\
             [[company_system.card]]\npath = \"{{client}}\"\nget = {{ name = \"/name\" }}\n",
            system.url(),
            secret.to_str().unwrap()
        );
        let settings = company.folder.path("tls.toml");
        std::fs::write(&settings, text).unwrap();
        let arguments = ["lookup", "+79161234567", "--config", settings.to_str().unwrap()];
        let output = super::fixture::run(&arguments);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = lookup("");
    assert!(code == Some(8) && said.contains("not trusted"), "{code:?} {said}");
    assert_eq!(system.next_request(), None);
    let (code, said) = lookup(&format!("ca = {:?}", tls_desk::AUTHORITY));
    assert_eq!(code, Some(0), "{said}");
    let request = system.next_request().unwrap();
    assert!(request.starts_with("GET /who?phone=%2B79161234567 ") && request.contains("Bearer key:tiger-42"));
}
