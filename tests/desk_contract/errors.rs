//! Who may ask, and what everybody is told who asks wrongly.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use serde_json::{Value, json};
use uuid::Uuid;

use super::fixture::{Desk, call, call_path, new_call_id, random, random_number};
use patchcord::desk_api::{IDEMPOTENCY_KEY, ProblemCode};

fn guarded() -> Vec<(Method, String)> {
    let id = Uuid::from_u128(random());
    vec![
        (Method::GET, "/v1/clients?phone=%2B79161234567".into()),
        (Method::GET, format!("/v1/clients/{id}")),
        (Method::PUT, format!("/v1/clients/{id}")),
        (Method::GET, "/v1/directory".into()),
        (Method::GET, "/v1/transfer-chain".into()),
        (Method::GET, "/v1/reports/transfers".into()),
        (Method::GET, "/v1/reports/offers".into()),
        (Method::GET, "/v1/reports/voice".into()),
        (Method::GET, "/v1/calls".into()),
        (Method::GET, format!("/v1/calls/{id}")),
        (Method::PUT, format!("/v1/calls/{id}")),
    ]
}

#[test]
fn without_a_known_token_nobody_gets_anything() {
    let desk = Desk::examined();
    let known = desk.token("operator").to_owned();
    let mut almost = known.clone();
    almost.pop();
    for (method, path) in guarded() {
        for authorization in [
            None,
            Some("Bearer wrong".to_owned()),
            Some("Bearer ".to_owned()),
            Some(format!("Bearer {almost}")),
            Some(format!("Bearer {known}0")),
            Some(format!("Basic {known}")),
            Some(known.clone()),
            Some(format!("Bearer {}", "x".repeat(3000))),
        ] {
            let reply = desk.send(|http, url| {
                let request = http.request(method.clone(), format!("{url}{path}"));
                match &authorization {
                    Some(value) => request.header(AUTHORIZATION, value),
                    None => request,
                }
            });
            reply.assert_problem(401, "token_refused");
            let challenge = reply.headers[WWW_AUTHENTICATE].to_str().unwrap();
            assert!(challenge.starts_with("Bearer"), "{challenge}");
            assert_eq!(challenge.contains("invalid_token"), authorization.is_some(), "{challenge}");
        }
    }
}

#[test]
fn only_admin_and_service_write_clients() {
    let desk = Desk::examined();
    let client = desk.client("Somebody", &[]);
    for who in ["operator", "manager", "head"] {
        let reply = desk.put(who, &format!("/v1/clients/{}", Uuid::from_u128(random())), &client);
        reply.assert_problem(403, "forbidden");
        assert!(reply.headers[WWW_AUTHENTICATE].to_str().unwrap().contains("insufficient_scope"));
    }
    for who in ["admin", "service"] {
        assert_eq!(desk.put(who, &format!("/v1/clients/{}", Uuid::from_u128(random())), &client).status, 201);
    }
}

#[test]
fn every_role_reads_clients_and_directory() {
    let desk = Desk::examined();
    for who in ["operator", "manager", "head", "admin", "service"] {
        assert_eq!(desk.get(who, "/v1/clients", &[("phone", &random_number().0)]).status, 200, "{who}");
        assert_eq!(desk.get(who, "/v1/directory", &[]).status, 200, "{who}");
    }
}

#[test]
fn numbers_that_nobody_can_be_looked_up_by_are_refused() {
    let desk = Desk::examined();
    let long = "1".repeat(200);
    for phone in ["", "112", "201", "anonymous", "+", "+7", "*8", "891612345", "0x10", "\u{0}", "';--", &long]
    {
        let reply = desk.get("operator", "/v1/clients", &[("phone", phone)]);
        reply.assert_problem(400, "bad_phone");
        reply.assert_field("phone", "malformed");
    }
}

#[test]
fn a_query_that_asks_for_nothing_or_too_much_is_refused_by_its_part() {
    let desk = Desk::examined();
    for (path, query, field, fault) in [
        ("/v1/clients", vec![], "phone", "missing"),
        ("/v1/clients", vec![("phone", "+79161234567"), ("q", "ab")], "q", "contradicts"),
        ("/v1/clients", vec![("q", "  ")], "q", "too_short"),
        ("/v1/clients", vec![("q", "a"), ("q", "b")], "query", "malformed"),
        ("/v1/calls", vec![("from", "yesterday")], "from", "malformed"),
        ("/v1/calls", vec![("to", "2026-13-01T00:00:00Z")], "to", "malformed"),
        ("/v1/calls", vec![("client", "somebody")], "client", "malformed"),
        ("/v1/calls", vec![("limit", "0")], "limit", "malformed"),
        ("/v1/calls", vec![("limit", "1001")], "limit", "malformed"),
        ("/v1/calls", vec![("limit", "-1")], "limit", "malformed"),
        ("/v1/calls", vec![("limit", "many")], "limit", "malformed"),
        ("/v1/transfer-chain", vec![("client", "somebody")], "client", "malformed"),
        ("/v1/transfer-chain", vec![("purpose", "no such purpose")], "purpose", "unknown"),
        ("/v1/transfer-chain", vec![("type", "no such type")], "type", "unknown"),
        ("/v1/transfer-chain", vec![("department", "no such department")], "department", "unknown"),
        ("/v1/reports/transfers", vec![("from", "yesterday")], "from", "malformed"),
        ("/v1/reports/offers", vec![("from", "yesterday")], "from", "malformed"),
        ("/v1/reports/voice", vec![("from", "yesterday")], "from", "malformed"),
        ("/v1/reports/transfers", vec![("to", "2026-02-30")], "to", "malformed"),
        ("/v1/reports/transfers", vec![("from", "2026-05-02"), ("to", "2026-05-01")], "to", "contradicts"),
        ("/v1/reports/transfers", vec![("from", "2025-05-01"), ("to", "2026-05-02")], "to", "too_long"),
    ] {
        let reply = desk.get("manager", path, &query);
        reply.assert_problem(400, "malformed_request");
        reply.assert_field(field, fault);
    }
    let long = "щ".repeat(201);
    desk.get("operator", "/v1/clients", &[("q", &long)]).assert_field("q", "too_long");
}

#[test]
fn ids_that_are_none_are_refused() {
    let desk = Desk::examined();
    for id in ["1", "not-a-uuid", "00000000-0000-0000-0000-00000000000g", "%00", "%ff", "..%2f..", "ы"] {
        for path in ["/v1/clients", "/v1/calls"] {
            let reply = desk.get("operator", &format!("{path}/{id}"), &[]);
            reply.assert_problem(400, "malformed_request");
            reply.assert_field("id", "malformed");
        }
    }
}

#[test]
fn other_paths_and_methods_are_problems_too() {
    let desk = Desk::examined();
    for path in ["/v1", "/v1/", "/v2/clients", "/v1/clients/", "/v1/orders/", "/index.html", "/v1/calls/a/b"]
    {
        desk.get("operator", path, &[]).assert_problem(404, "no_such_path");
    }
    for (method, path, allowed) in [
        (Method::POST, "/v1/clients", "GET"),
        (Method::DELETE, "/v1/calls/01890a5d-ac96-774b-bcce-b302099a8057", "PUT"),
        (Method::PATCH, "/healthz", "GET"),
        (Method::OPTIONS, "/v1/directory", "GET"),
    ] {
        let reply = desk.send(|http, url| http.request(method, format!("{url}{path}")));
        reply.assert_problem(405, "method_not_allowed");
        assert!(reply.headers[ALLOW].to_str().unwrap().contains(allowed));
    }
}

#[test]
fn bodies_that_cannot_be_read_are_refused_and_never_quoted() {
    let desk = Desk::examined();
    let id = new_call_id();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let mut wrong_type = call(id, 1);
    wrong_type["operator"] = json!({"secret-word": 1});
    let mut wrong_time = call(id, 1);
    wrong_time["started_at"] = json!("secret-word");
    let mut wrong_number = call(id, 1);
    wrong_number["caller"]["number"] = json!("secret-word");
    for body in [
        String::new(),
        "{".into(),
        "null".into(),
        "[]".into(),
        "\"secret-word".into(),
        "{\"id\": }".into(),
        deep,
        "\u{feff}{}".into(),
        call(id, 1).to_string() + "x",
        call(id, 1).to_string().replace("\"revision\":1", "\"revision\":1e99"),
        call(id, 1).to_string().replace("\"revision\":1", "\"revision\":-1"),
        call(id, 1).to_string().replace("\"revision\":1", "\"revision\":1,\"revision\":2"),
        wrong_type.to_string(),
        wrong_time.to_string(),
        wrong_number.to_string(),
    ] {
        let reply = put_text(&desk, id, "application/json", body.clone());
        reply.assert_problem(400, "malformed_body");
        assert!(!reply.text.contains("secret-word"), "{}", reply.text);
    }
    desk.get("operator", &call_path(id), &[]).assert_problem(404, "not_found");
}

#[test]
fn only_json_is_taken_and_not_too_much_of_it() {
    let desk = Desk::examined();
    let id = new_call_id();
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", ""]
    {
        put_text(&desk, id, content_type, call(id, 1).to_string())
            .assert_problem(415, "unsupported_media_type");
    }
    let mut large = call(id, 1);
    large["padding"] = json!("x".repeat(300_000));
    put_text(&desk, id, "application/json", large.to_string()).assert_problem(413, "body_too_large");
    assert_eq!(put_text(&desk, id, "Application/JSON; charset=utf-8", call(id, 1).to_string()).status, 201);
}

#[test]
fn a_write_needs_a_command_id() {
    let desk = Desk::examined();
    let id = new_call_id();
    let token = desk.token("operator").to_owned();
    let put = |command: Option<&str>| {
        desk.send(|http, url| {
            let request = http.put(format!("{url}{}", call_path(id))).bearer_auth(&token).json(&call(id, 1));
            match command {
                Some(command) => request.header(IDEMPOTENCY_KEY, command),
                None => request,
            }
        })
    };
    put(None).assert_problem(400, "command_id_missing");
    for command in ["", "1", "not a uuid"] {
        let reply = put(Some(command));
        reply.assert_problem(400, "malformed_request");
        reply.assert_field("Idempotency-Key", "malformed");
    }
    assert_eq!(put(Some(&format!("\"{}\"", Uuid::from_u128(random())))).status, 201);
}

#[test]
fn an_address_without_end_is_refused() {
    let desk = Desk::examined();
    let long = "a".repeat(5000);
    desk.get("operator", "/v1/clients", &[("q", &long)]).assert_problem(414, "uri_too_long");
}

#[test]
fn problems_speak_the_language_asked_for() {
    let desk = Desk::own(&[]);
    let title = |languages: &str| {
        let reply =
            desk.send(|http, url| http.get(format!("{url}/nowhere")).header("Accept-Language", languages));
        reply.assert_problem(404, "no_such_path");
        (reply.headers["content-language"].to_str().unwrap().to_owned(), reply.body["title"].clone())
    };
    assert_eq!(title("ru-RU,en;q=0.5"), ("ru".into(), json!("По этому адресу ничего нет.")));
    assert_eq!(title("de, ko;q=0.8").0, "ko");
    assert_eq!(title("xx").0, "en");
}

#[test]
fn the_contract_is_published_for_everybody_and_names_every_path() {
    let desk = Desk::examined();
    let reply = desk.send(|http, url| http.get(format!("{url}/openapi.json")));
    assert_eq!(reply.status, 200);
    for (path, methods) in [
        ("/v1/clients", &["get"][..]),
        ("/v1/clients/{id}", &["get", "put"]),
        ("/v1/directory", &["get"]),
        ("/v1/calls", &["get"]),
        ("/v1/transfer-chain", &["get"]),
        ("/v1/reports/transfers", &["get"]),
        ("/v1/reports/offers", &["get"]),
        ("/v1/reports/voice", &["get"]),
        ("/v1/calls/{id}", &["get", "put"]),
        ("/healthz", &["get"]),
    ] {
        for method in methods {
            assert!(reply.body["paths"][path][method].is_object(), "{method} {path}");
        }
    }
    let schemas = reply.body["components"]["schemas"].as_object().unwrap();
    for schema in [
        "ClientCard",
        "ClientDraft",
        "CallRecord",
        "CallReceipt",
        "Directory",
        "Problem",
        "Standing",
        "TransferChain",
        "TransferReport",
    ] {
        assert!(schemas.contains_key(schema), "{schema}");
    }
    assert_references_resolve(&reply.body, &reply.body);
    assert_eq!(desk.send(|http, url| http.get(format!("{url}/healthz"))).status, 200);
}

#[test]
fn the_published_documents_are_those_of_this_version() {
    let desk = Desk::own(&[]);
    let served = desk.send(|http, url| http.get(format!("{url}/openapi.json"))).body;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
    if std::env::var_os("PATCHCORD_WRITE_OPENAPI").is_some() {
        std::fs::write(file, serde_json::to_string_pretty(&served).unwrap() + "\n").unwrap();
    }
    let published: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(
        published == served,
        "write it anew: PATCHCORD_WRITE_OPENAPI=1 cargo test --test desk_contract documents"
    );
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/desk.md")).unwrap();
    for code in ProblemCode::KNOWN {
        let row =
            text.lines().find(|line| line.contains(&format!("`{}`", code.as_str())) && line.starts_with('|'));
        let row = row.unwrap_or_else(|| panic!("docs/desk.md says nothing of {}", code.as_str()));
        assert!(row.contains(&code.status().to_string()), "{row}");
    }
}

fn assert_references_resolve(part: &Value, whole: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').expect("a local reference");
                assert!(whole.pointer(pointer).is_some(), "{reference}");
            }
            members.values().for_each(|member| assert_references_resolve(member, whole));
        }
        Value::Array(items) => items.iter().for_each(|item| assert_references_resolve(item, whole)),
        _ => {}
    }
}

#[test]
fn octets_that_are_no_http_disturb_nobody() {
    let desk = Desk::own(&[]);
    let address = desk.url.strip_prefix("http://").unwrap().to_owned();
    let endless = format!("GET / HTTP/1.1\r\n{}", "a: b\r\n".repeat(20_000));
    for rubbish in [
        &b"\0\xff\xfe\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"PUT /v1/calls/x HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"PUT /v1/calls/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        endless.as_bytes(),
    ] {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let _ = stream.write_all(rubbish);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
        assert_eq!(desk.send(|http, url| http.get(format!("{url}/healthz"))).status, 200);
    }
}

fn put_text(desk: &Desk, id: Uuid, content_type: &str, body: String) -> super::fixture::Reply {
    let token = desk.token("operator").to_owned();
    desk.send(|http, url| {
        http.put(format!("{url}{}", call_path(id)))
            .bearer_auth(token)
            .header(IDEMPOTENCY_KEY, Uuid::from_u128(random()).to_string())
            .header(CONTENT_TYPE, content_type)
            .body(body)
    })
}
