//! `patchcord-desk examine`: passes the project's own desk, and finds out one that breaks its promises.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use patchcord::desk_api::IDEMPOTENCY_KEY;
use serde_json::Value;
use uuid::Uuid;

use super::fixture::{Desk, random, run};

/// The outcome of each check, by name.
fn examine(desk: &Desk, url: &str, more: &[&str]) -> (Option<i32>, Vec<(String, String)>) {
    let roles = ["operator", "operator2", "manager", "head", "admin", "service"];
    let tokens: String = roles.iter().map(|role| format!("{role}={}\n", desk.token(role))).collect();
    let file = desk.folder.path("tokens");
    std::fs::write(&file, tokens).unwrap();
    let output = run(&[&["examine", url, "--json", "--token-file", file.to_str().unwrap()], more].concat());
    let told = String::from_utf8(output.stdout).unwrap();
    for role in roles {
        assert!(!told.contains(desk.token(role)), "no token is told");
    }
    let told: Value = serde_json::from_str(&told)
        .unwrap_or_else(|_| panic!("{told}{}", String::from_utf8_lossy(&output.stderr)));
    let checks = told["checks"].as_array().unwrap().iter();
    let outcome = |check: &Value| {
        let outcome =
            format!("{} {} {}", check["outcome"].as_str().unwrap(), check["expected"], check["came"]);
        (check["name"].as_str().unwrap().to_owned(), outcome)
    };
    (output.status.code(), checks.map(outcome).collect())
}

#[test]
fn the_own_desk_keeps_every_promise() {
    let desk = Desk::own(&[]);
    let (code, told) = examine(&desk, &desk.url, &["--write", "--route", "city"]);
    let others: Vec<_> = told.iter().filter(|(_, outcome)| !outcome.starts_with("passed")).collect();
    assert!(others.is_empty(), "{others:#?}");
    assert!(told.len() > 30 && code == Some(0));
}

#[test]
fn whoever_only_asks_leaves_nothing_behind() {
    let desk = Desk::own(&[]);
    let (code, told) = examine(&desk, &desk.url, &[]);
    assert_eq!(code, Some(0), "{told:?}");
    assert!(told.iter().any(|(_, outcome)| outcome.starts_with("skipped")));
    assert_eq!(desk.names(&[("q", "examiner")]), [""; 0]);
    assert_eq!(desk.get("admin", "/v1/calls", &[]).body["calls"], serde_json::json!([]));
}

#[test]
fn an_examiner_who_is_asked_wrongly_says_what_to_do() {
    let desk = Desk::own(&[]);
    let file = desk.folder.path("tokens");
    std::fs::write(&file, "no token\n").unwrap();
    let file = file.to_str().unwrap();
    for (url, file, words) in [
        ("desk", file, "https://desk.example.com"),
        (desk.url.as_str(), file, "role"),
        (&desk.url, "/no/such", "no such file"),
    ] {
        let output = run(&["examine", url, "--token-file", file]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (code, told) = examine(&desk, &format!("http://{nobody}"), &[]);
    assert_eq!(code, Some(1));
    assert!(told.iter().all(|(_, outcome)| !outcome.starts_with("passed")), "{told:?}");
}

/// A desk that is right but for one thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wrong {
    ForgetsCommands,
    LosesNotes,
    AnswersErrorsInHtml,
    IsSlow,
    TakesAnyToken,
}

#[derive(Clone)]
struct Behind {
    url: String,
    admin: String,
    wrong: Wrong,
    http: reqwest::Client,
}

async fn pass_on(
    State(behind): State<Behind>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path();
    if behind.wrong == Wrong::IsSlow && path == "/v1/clients" {
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    if path == "/v1/events" {
        return ([(header::CONTENT_TYPE, "text/event-stream")], "").into_response();
    }
    headers.remove(header::HOST);
    headers.remove(header::CONTENT_LENGTH);
    if behind.wrong == Wrong::ForgetsCommands && headers.contains_key(IDEMPOTENCY_KEY) {
        headers.insert(IDEMPOTENCY_KEY, Uuid::from_u128(random()).to_string().parse().unwrap());
    }
    if behind.wrong == Wrong::TakesAnyToken {
        headers.insert(header::AUTHORIZATION, format!("Bearer {}", behind.admin).parse().unwrap());
    }
    let request = behind.http.request(method, format!("{}{uri}", behind.url)).headers(headers).body(body);
    let answer = request.send().await.unwrap();
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::TRANSFER_ENCODING);
    let mut text = answer.text().await.unwrap();
    if behind.wrong == Wrong::LosesNotes
        && let Ok(mut document) = serde_json::from_str::<Value>(&text)
    {
        if let Some(members) = document.as_object_mut() {
            members.remove("note");
        }
        text = document.to_string();
    }
    if behind.wrong == Wrong::AnswersErrorsInHtml && status.is_client_error() {
        headers.insert(header::CONTENT_TYPE, "text/html".parse().unwrap());
        text = "<html><body>Error</body></html>".into();
    }
    (StatusCode::from_u16(status.as_u16()).unwrap(), headers, text).into_response()
}

/// Where such a desk answers, until the process ends.
fn wrong_desk(desk: &Desk, wrong: Wrong) -> String {
    let behind = Behind {
        url: desk.url.clone(),
        admin: desk.token("admin").to_owned(),
        wrong,
        http: reqwest::Client::builder().no_proxy().build().unwrap(),
    };
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, axum::Router::new().fallback(pass_on).with_state(behind)).await.unwrap();
        });
    });
    format!("http://{}", told.recv().unwrap())
}

#[test]
fn a_desk_that_breaks_a_promise_fails_the_check_of_it() {
    let desk = Desk::own(&[]);
    for (wrong, checks) in [
        (
            Wrong::ForgetsCommands,
            &[
                "a_repeat_gets_the_first_answer",
                "a_command_is_never_used_twice",
                "a_command_twenty_times_at_once_is_done_once",
            ][..],
        ),
        (Wrong::LosesNotes, &["a_client_comes_back_whole", "an_entry_comes_back_whole"]),
        (
            Wrong::AnswersErrorsInHtml,
            &[
                "without_a_token_nobody_gets_anything",
                "an_unknown_path_is_a_problem_document",
                "operators_write_no_clients",
            ],
        ),
        (Wrong::IsSlow, &["a_look_up_takes_less_than_a_ring"]),
        (
            Wrong::TakesAnyToken,
            &[
                "without_a_token_nobody_gets_anything",
                "a_wrong_token_is_refused",
                "operators_write_no_clients",
                "nobody_writes_another_ones_entry",
            ],
        ),
    ] {
        let (code, told) = examine(&desk, &wrong_desk(&desk, wrong), &["--write"]);
        assert_eq!(code, Some(1), "{wrong:?}");
        for check in checks {
            let (_, outcome) = told.iter().find(|(name, _)| name == check).unwrap();
            assert!(outcome.starts_with("failed"), "{wrong:?} {check}: {outcome}");
        }
        let passed = told.iter().filter(|(_, outcome)| outcome.starts_with("passed")).count();
        assert!(passed > 8, "what is right passes: {wrong:?} {told:#?}");
    }
}
