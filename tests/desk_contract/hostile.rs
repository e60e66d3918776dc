//! Whoever means harm gets a clear answer, and is in nobody's way.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use uuid::Uuid;

use super::fixture::{Desk, call, call_path, new_call_id, random, random_number};
use patchcord::desk_api::IDEMPOTENCY_KEY;

/// What databases, shells, spreadsheets, browsers and templates would obey.
const TEXTS: [&str; 16] = [
    "' OR '1'='1",
    "'; DROP TABLE clients; --",
    "\" OR \"\"=\"",
    "1; ATTACH DATABASE '/tmp/x' AS x",
    "$1",
    "?1 :name @name",
    "%' ESCAPE '!' --",
    "!%_!!",
    "\\'; SELECT pg_sleep(10); --",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "{{7*7}}${7*7}#{7*7}",
    "../../../../etc/passwd",
    "\u{202e}gnp.exe\u{feff}",
    "% %s %n %x",
];

#[test]
fn no_text_is_a_command_wherever_it_is_written() {
    let desk = Desk::own(&["--sample", "2"]);
    let paths = [
        ("/v1/clients", "phone"),
        ("/v1/clients", "q"),
        ("/v1/products", "q"),
        ("/v1/products", "client"),
        ("/v1/products", "day"),
        ("/v1/products", "limit"),
        ("/v1/calls", "operator"),
        ("/v1/calls", "call_id"),
        ("/v1/calls", "client"),
        ("/v1/calls", "from"),
        ("/v1/orders", "client"),
        ("/v1/orders", "state"),
        ("/v1/orders", "taken_by"),
        ("/v1/orders", "limit"),
        ("/v1/tasks", "for"),
        ("/v1/tasks", "state"),
        ("/v1/transfer-chain", "client"),
        ("/v1/transfer-chain", "purpose"),
        ("/v1/transfer-chain", "type"),
        ("/v1/transfer-chain", "department"),
        ("/v1/reports/transfers", "from"),
        ("/v1/handovers", "number"),
        ("/v1/handovers", "target"),
    ];
    for text in TEXTS {
        for (path, parameter) in paths {
            let reply = desk.get("admin", path, &[(parameter, text)]);
            assert!(reply.status < 500, "{path} {parameter} {text}: {}", reply.text);
            if reply.status == 200 && ["/v1/calls", "/v1/orders"].contains(&path) {
                let mut found = reply.body.as_object().into_iter().flatten();
                let is_nothing = found.all(|(_, found)| found.as_array().is_some_and(Vec::is_empty));
                assert!(is_nothing, "{path} {parameter} {text} finds something: {}", reply.text);
            }
        }
        let (phone, _) = random_number();
        let mut client = desk.client(text, &[&phone]);
        client["note"] = json!(text);
        client["contacts"] = json!([{"name": text, "position": text, "phone": text}]);
        let id = Uuid::from_u128(random());
        let reply = desk.put("admin", &format!("/v1/clients/{id}"), &client);
        assert_eq!(reply.status, 201, "{text}: {}", reply.text);
        for field in ["name", "note"] {
            assert_eq!(reply.body[field], text);
        }
        assert_eq!(desk.names(&[("phone", &phone)]), [text]);
        let call = new_call_id();
        let mut entry = self::call(call, 1);
        entry["note"] = json!(text);
        entry["operator"] = json!(text);
        assert!(desk.put("operator", &call_path(call), &entry).status < 300);
        let path = format!("/v1/clients/{}", percent(text));
        let reply = desk.get("admin", &path, &[]);
        assert!([400, 404].contains(&reply.status), "{path}: {}", reply.text);
    }
    assert_eq!(desk.get("operator", "/v1/clients", &[("phone", patchcord::server::DEMO_PHONE)]).status, 200);
    assert_eq!(desk.directory().client_types.len(), 6);
}

fn percent(text: &str) -> String {
    text.bytes().map(|octet| format!("%{octet:02X}")).collect()
}

#[test]
fn what_no_text_number_or_day_can_be_is_refused_and_breaks_nothing() {
    let desk = Desk::own(&[]);
    let token = desk.token("admin").to_owned();
    let send = |path: &str, body: Vec<u8>| {
        desk.send(|http, url| {
            http.put(format!("{url}{path}"))
                .bearer_auth(&token)
                .header(IDEMPOTENCY_KEY, Uuid::from_u128(random()).to_string())
                .header(CONTENT_TYPE, "application/json")
                .body(body)
        })
    };
    let id = Uuid::from_u128(random());
    let path = format!("/v1/clients/{id}");
    let client = |name: &str| format!(r#"{{"name":"{name}","client_type":"market","phones":[]}}"#);
    for body in [
        client(r"a\u0000b").into_bytes(),
        client(r"\\\u0000").into_bytes(),
        client("a\0b").into_bytes(),
        [b"{\"name\":\"", &b"\xff\xfe"[..], b"\",\"client_type\":\"market\"}"].concat(),
        client(r"\ud800").into_bytes(),
    ] {
        send(&path, body).assert_problem(400, "malformed_body");
    }
    assert_eq!(send(&path, client(r"C:\\u0000").into_bytes()).status, 201, "a backslash and letters");
    let mut wild = desk.client("Wild", &[]);
    for amount in
        ["1e999", "NaN", "-0", "79228162514264337593543950336", "0.00000000000000000000000000000000001", "١٢"]
    {
        wild["standing"] = json!({"currency": "RUB", "overdue": amount});
        let reply = desk.put("admin", &path, &wild);
        assert!(reply.status < 500, "{amount}: {}", reply.text);
    }
    for time in [
        "-9999-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "+275760-09-13T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "0",
    ] {
        let id = new_call_id();
        let mut entry = call(id, 1);
        entry["started_at"] = json!(time);
        let reply = desk.put("operator", &call_path(id), &entry);
        assert!(reply.status < 500, "{time}: {}", reply.text);
        let reply = desk.get("admin", "/v1/calls", &[("from", time)]);
        assert!(reply.status < 500, "{time}: {}", reply.text);
    }
    for query in ["q=a%00b", "q=%ff%fe", "q=%zz", "q=ab&q=ab", "&&&==%", "q[]=ab", "phone=%00"] {
        let token = &token;
        let reply = desk.send(|http, url| http.get(format!("{url}/v1/clients?{query}")).bearer_auth(token));
        assert!(reply.status == 400 || reply.status == 200, "{query}: {}", reply.text);
        let reply = desk
            .send(|http, url| http.get(format!("{url}/v1/calls?operator=a%00b&{query}")).bearer_auth(token));
        assert!(reply.status < 500, "{query}: {}", reply.text);
    }
    let product = format!("/v1/products/{id}");
    for quantity in ["1e30", "-1", "79228162514264337593543950335", "0.0000000001", "x"] {
        let goods = json!({
            "product": {"id": id, "code": "1", "name": "Tea", "tax_kind": "food",
                "packings": [{"unit": "piece", "holds": quantity, "multiple": quantity}]},
            "prices": {"columns": {"1": quantity}},
            "batches": [{"id": "A", "free": quantity}],
        });
        let reply = desk.put("admin", &product, &goods);
        assert!(reply.status < 500, "{quantity}: {}", reply.text);
        let found = desk.get("operator", "/v1/products", &[("q", "tea")]);
        assert_eq!(found.status, 200, "{quantity}: {}", found.text);
    }
}

#[test]
fn methods_and_headers_that_nobody_needs_are_answered() {
    let desk = Desk::own(&[]);
    let token = desk.token("admin").to_owned();
    let ask = |method: Method, headers: &[(&str, &str)]| {
        desk.send(|http, url| {
            let request = http.request(method, format!("{url}/v1/directory"));
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
        })
    };
    let bearer = format!("Bearer {token}");
    let known = (AUTHORIZATION.as_str(), bearer.as_str());
    let head = ask(Method::HEAD, &[known]);
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(ask(Method::HEAD, &[]).status, 401);
    for method in [Method::OPTIONS, Method::TRACE, Method::DELETE, Method::from_bytes(b"BREW").unwrap()] {
        ask(method, &[known]).assert_problem(405, "method_not_allowed");
    }
    // Two who say who they are: neither is believed.
    let reply = ask(Method::GET, &[known, (AUTHORIZATION.as_str(), "Bearer other")]);
    reply.assert_problem(401, "token_refused");
    let reply = ask(Method::GET, &[(AUTHORIZATION.as_str(), "Bearer other"), known]);
    reply.assert_problem(401, "token_refused");
    let long = "x".repeat(100_000);
    assert_eq!(ask(Method::GET, &[known, ("X-Long", &long)]).status, 200);
    let longer = format!("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: {}\r\n\r\n", "x".repeat(5_000_000));
    assert!(!raw(&desk, longer.as_bytes()).contains(" 200 "), "there is an end to it");
    assert_eq!(ask(Method::GET, &[known]).status, 200);
}

/// All that a server answers on one connection until it closes it or keeps silent.
fn raw(desk: &Desk, octets: &[u8]) -> String {
    let mut stream = TcpStream::connect(desk.url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let _ = stream.write_all(octets);
    let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut piece) {
        answer.extend_from_slice(&piece[..count]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// A proxy in front and the desk must never disagree where a request ends.
#[test]
fn a_request_cannot_be_smuggled_within_another() {
    let desk = Desk::own(&[]);
    let inner = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let answers = |octets: String| raw(&desk, octets.as_bytes()).matches("HTTP/1.1 ").count();
    let begin = "POST /v1/clients HTTP/1.1\r\nHost: a\r\n";
    let length = inner.len() + 5;
    // Transfer-Encoding and Content-Length: what is chunked ends by itself, and what follows is no request.
    let both =
        format!("{begin}Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}");
    assert_eq!(answers(both), 1);
    let twice = format!("{begin}Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{inner}");
    assert_eq!(answers(twice), 1);
    let listed = format!("{begin}Content-Length: 0, {length}\r\n\r\n{inner}");
    assert_eq!(answers(listed), 1);
    let folded = format!("{begin}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n{inner}");
    assert_eq!(answers(folded), 1);
    let unknown = format!("{begin}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{inner}");
    assert_eq!(answers(unknown), 1);
    let signed = format!("{begin}Content-Length: +5\r\n\r\n12345{inner}");
    assert_eq!(answers(signed), 1);
    // Two honest ones, one behind the other, get two answers.
    assert_eq!(answers(format!("{inner}{inner}")), 2);
}

/// Until the server ends it: the seconds that took, at most so many.
fn drip(desk: &Desk, head: &[u8], most: u32) -> Option<u32> {
    let mut stream = TcpStream::connect(desk.url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    stream.write_all(head).unwrap();
    for second in 0..most {
        // Reading waits for the second between two letters.
        match stream.read(&mut [0; 4096]) {
            Ok(0) => return Some(second),
            Err(error) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Some(second);
            }
            _ => {}
        }
        if stream.write_all(b"x").is_err() {
            return Some(second);
        }
    }
    None
}

#[test]
fn whoever_sends_a_letter_a_second_is_ended_and_keeps_nobody_waiting() {
    let desk = Desk::own(&[]);
    let token = desk.token("operator").to_owned();
    let id = new_call_id();
    let body = format!(
        "PUT {} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {id}\r\n\
         Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n",
        call_path(id)
    );
    thread::scope(|scope| {
        let slow_bodies: Vec<_> = (0..50).map(|_| scope.spawn(|| drip(&desk, body.as_bytes(), 60))).collect();
        let slow_heads: Vec<_> =
            (0..50).map(|_| scope.spawn(|| drip(&desk, b"GET /healthz HTTP/1.1\r\nX-Slow: ", 90))).collect();
        for _ in 0..20 {
            let reply = desk.get("operator", "/v1/clients", &[("phone", &random_number().0)]);
            assert_eq!(reply.status, 200);
        }
        for slow in slow_bodies.into_iter().chain(slow_heads) {
            assert!(slow.join().unwrap().is_some(), "it would have gone on");
        }
    });
}

#[test]
fn a_thousand_who_say_nothing_keep_nobody_waiting() {
    let desk = Desk::own(&[]);
    let address = desk.url.strip_prefix("http://").unwrap().to_owned();
    // Fewer where this process may not have so many.
    let silent: Vec<_> = (0..1000).map_while(|_| TcpStream::connect(&address).ok()).collect();
    assert!(silent.len() > 100, "{}", silent.len());
    for _ in 0..10 {
        assert_eq!(desk.get("operator", "/v1/directory", &[]).status, 200);
    }
}

#[test]
fn depth_and_breadth_of_a_body_are_bounded() {
    let desk = Desk::own(&[]);
    let id = Uuid::from_u128(random());
    let mut client = desk.client("Broad", &[]);
    client["phones"] = json!(vec!["1"; 50_000]);
    assert_eq!(desk.put("admin", &format!("/v1/clients/{id}"), &client).code(), "invalid");
    let mut deep = json!(0);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let mut client = desk.client("Deep", &[]);
    client["what_nobody_knows"] = deep;
    assert_eq!(desk.put("admin", &format!("/v1/clients/{id}"), &client).status, 201);
    let order = json!({
        "id": id, "revision": 1, "client": id,
        "lines": vec![json!({"number": 1, "product": id, "quantity": "1", "unit": "case"}); 2_000],
    });
    let reply: Value = desk.put("operator", &format!("/v1/orders/{id}"), &order).body;
    assert!(reply["status"].as_u64().is_some_and(|status| status < 500), "{reply}");
}
