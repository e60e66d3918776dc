//! The telephone's side: every way in which a desk can be no help is told apart, in time, and the cache answers first.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use patchcord::clock::Clock;
use patchcord::desk::{Desk, DeskConfig, DeskProblem, Waits};
use patchcord::desk_api::{BadAnswer, CardAnswer, OrderWatch, ProblemCode, Source, Unavailable};
use patchcord::domain::number::PhoneNumber;
use patchcord::secrets::Secret;

use super::fixture;
use super::tls_desk::{self, TlsDesk};

const BUDGET: Duration = Duration::from_millis(400);
const PROBLEM: &str = "application/problem+json";

/// Serves every connection by this, one after the other, until the test is over; gives the URL.
pub fn misbehaving(serve: impl Fn(TcpStream, u32) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (serve, count) = (Arc::new(serve), AtomicU32::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (serve, number) = (Arc::clone(&serve), count.fetch_add(1, Ordering::Relaxed));
            std::thread::spawn(move || serve(stream, number));
        }
    });
    format!("http://{address}")
}

/// Reads one request; its head and body.
pub fn read_request(stream: &TcpStream) -> (String, String) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut line) = (String::new(), String::new());
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) && line != "\r\n" {
        head += &line;
        line.clear();
    }
    let length = head
        .to_lowercase()
        .split("content-length: ")
        .nth(1)
        .map_or(0, |rest| rest.split("\r\n").next().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

pub fn answer(mut stream: &TcpStream, status: &str, content_type: &str, body: &str) {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

fn always(status: &'static str, content_type: &'static str, body: impl Into<String>) -> String {
    let body = body.into();
    misbehaving(move |stream, _| {
        read_request(&stream);
        answer(&stream, status, content_type, &body);
    })
}

pub fn telephone(url: &str, token: &str) -> Desk {
    let mut config = DeskConfig::new(url, Secret::new(token));
    config.look_up_budget = BUDGET;
    config.write_budget = BUDGET;
    Desk::new(config, Clock::start()).unwrap()
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn number(e164: &str) -> PhoneNumber {
    PhoneNumber::parse_e164(e164).unwrap()
}

/// What a telephone makes of this desk, and how long that took.
fn why(url: &str) -> (Unavailable, Duration) {
    let desk = telephone(url, "token");
    let asked = now();
    match block_on(desk.look_up(number("+79161234567"))) {
        CardAnswer::Unavailable { why } => (why, asked.elapsed()),
        CardAnswer::Found { .. } => panic!("found"),
    }
}

#[expect(clippy::disallowed_methods, reason = "a test measures real time")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn a_desk_that_is_not_there_is_down() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(why(&format!("http://{closed}")).0, Unavailable::Down);
    assert_eq!(why("http://no-such-host.invalid").0, Unavailable::Down);
    // Takes the call and hangs up at once.
    assert_eq!(why(&misbehaving(|stream, _| drop(stream))).0, Unavailable::Down);
}

#[test]
fn a_slow_desk_costs_the_budget_and_no_more() {
    let silent = misbehaving(|stream, _| {
        read_request(&stream);
        std::thread::sleep(Duration::from_secs(5));
    });
    let dripping = misbehaving(|mut stream, _| {
        read_request(&stream);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n";
        let _ = stream.write_all(head.as_bytes());
        while stream.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    for url in [silent, dripping] {
        let (why, took) = why(&url);
        assert_eq!(why, Unavailable::Slow);
        assert!(took >= BUDGET && took < BUDGET * 2, "{took:?}");
    }
}

#[test]
fn rubbish_is_named_for_what_it_is() {
    let bad = |answer| Unavailable::BadAnswer(answer);
    let raw = |octets: &'static [u8]| {
        misbehaving(move |mut stream, _| {
            read_request(&stream);
            let _ = stream.write_all(octets);
        })
    };
    let json = "application/json";
    let cases = [
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), BadAnswer::NotHttp),
        (raw(b"\x00\x01\x02\x03\r\n\r\n"), BadAnswer::NotHttp),
        (always("200 OK", "text/html", "<html>Please log in</html>"), BadAnswer::NotJson),
        (always("200 OK", json, "<html>"), BadAnswer::WrongShape),
        (always("200 OK", json, "{\"clients\": [{\"id\": "), BadAnswer::WrongShape),
        (always("200 OK", json, "{\"clients\": {}}"), BadAnswer::WrongShape),
        (always("200 OK", json, "{}"), BadAnswer::WrongShape),
        (always("200 OK", json, ""), BadAnswer::WrongShape),
        (always("200 OK", json, " ".repeat(3_000_000)), BadAnswer::TooLarge),
        (always("404 Not Found", "text/html", "nothing here"), BadAnswer::UnexpectedStatus(404)),
        (always("418 I'm a teapot", "text/plain", ""), BadAnswer::UnexpectedStatus(418)),
    ];
    for (url, expected) in cases {
        assert_eq!(why(&url).0, bad(expected));
    }
    let cut =
        why(&raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")).0;
    assert!(matches!(cut, Unavailable::BadAnswer(BadAnswer::NotHttp) | Unavailable::Down), "{cut:?}");
}

#[test]
fn a_redirect_is_not_followed_and_the_token_stays_here() {
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    stranger.set_nonblocking(true).unwrap();
    let location = format!("http://{}/", stranger.local_addr().unwrap());
    let redirecting = misbehaving(move |mut stream, _| {
        read_request(&stream);
        let head = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        let _ = stream.write_all(head.as_bytes());
    });
    assert_eq!(why(&redirecting).0, Unavailable::BadAnswer(BadAnswer::Redirect));
    assert!(stranger.accept().is_err(), "nobody came to the stranger");
}

#[test]
fn refusals_are_told_apart() {
    let problem = |status: u16, code: &str| {
        format!(r#"{{"type":"urn:x","title":"t","status":{status},"code":"{code}"}}"#)
    };
    for (url, expected) in [
        (always("401 Unauthorized", PROBLEM, problem(401, "token_refused")), Unavailable::WrongToken),
        (always("401 Unauthorized", "text/html", "no"), Unavailable::WrongToken),
        (always("403 Forbidden", PROBLEM, problem(403, "forbidden")), Unavailable::Forbidden),
        (
            always("400 Bad Request", PROBLEM, problem(400, "bad_phone")),
            Unavailable::Refused { status: 400, code: ProblemCode::BadPhone },
        ),
        (
            always("400 Bad Request", PROBLEM, problem(400, "of_a_later_version")),
            Unavailable::Refused { status: 400, code: ProblemCode::Other },
        ),
        (always("500 Oops", "text/plain", "stack trace"), Unavailable::Failed { status: 500 }),
        (always("503 Busy", PROBLEM, problem(503, "unavailable")), Unavailable::Failed { status: 503 }),
        (always("429 Too Many", "text/plain", ""), Unavailable::Failed { status: 429 }),
    ] {
        assert_eq!(why(&url).0, expected);
    }
}

#[test]
fn the_real_desk_knows_a_wrong_token_and_a_client() {
    let desk = fixture::Desk::own(&[]);
    let (e164, _) = fixture::random_number();
    assert_eq!(why(&desk.url).0, Unavailable::WrongToken);
    let telephone = telephone(&desk.url, desk.token("operator"));
    let found = |answer| match answer {
        CardAnswer::Found { clients, source, .. } => (clients, source),
        CardAnswer::Unavailable { why } => panic!("{why:?}"),
    };
    block_on(async {
        telephone.warm_up().await.unwrap();
        assert_eq!(found(telephone.look_up(number(&e164)).await).0, []);
        assert_eq!(telephone.cached(number(&e164)), None, "nobody is not kept");
        assert!(telephone.directory().await.unwrap().people.is_empty());
    });
    desk.add_client("Cached", &[&e164]);
    block_on(async {
        let (clients, source) = found(telephone.look_up(number(&e164)).await);
        assert_eq!((clients[0].name.as_str(), source), ("Cached", Source::Desk));
    });
    drop(desk);
    let (clients, source) = found(telephone.cached(number(&e164)).unwrap());
    assert_eq!((clients[0].name.as_str(), source), ("Cached", Source::Cache));
    let gone = block_on(telephone.look_up(number(&e164)));
    assert_eq!(gone, CardAnswer::Unavailable { why: Unavailable::Down });
}

#[test]
fn a_telephone_whose_token_is_revoked_forgets_every_card_whatever_it_asks_next() {
    let desk = fixture::Desk::own(&[]);
    let (e164, _) = fixture::random_number();
    desk.add_client("Cached", &[&e164]);
    let telephone = telephone(&desk.url, desk.token("operator"));
    block_on(telephone.look_up(number(&e164)));
    assert!(telephone.cached(number(&e164)).is_some());
    let revoked = fixture::run(&["token", "revoke", "operator", "--database", &desk.folder.database()]);
    assert!(revoked.status.success());
    block_on(async {
        assert_eq!(telephone.directory().await, Err(Unavailable::WrongToken));
        assert_eq!(telephone.cached(number(&e164)), None, "duty 26");
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let watching = telephone.watch_orders([1; 32], Waits::default(), tell);
        tokio::select! {
            () = watching => {}
            first = told.recv() => assert_eq!(first, Some(OrderWatch::Revoked)),
        }
    });
}

#[test]
fn a_card_that_was_under_way_when_the_token_was_refused_is_nothing_to_look_at() {
    let url = misbehaving(|stream, _| {
        let (head, _) = read_request(&stream);
        if head.contains("phone=") {
            std::thread::sleep(Duration::from_millis(100));
            answer(&stream, "200 OK", "application/json", r#"{"clients":[]}"#);
        } else {
            answer(&stream, "401 Unauthorized", PROBLEM, "{}");
        }
    });
    let telephone = telephone(&url, "token");
    let (card, directory) =
        block_on(async { tokio::join!(telephone.look_up(number("+79161234567")), telephone.directory()) });
    assert_eq!(directory, Err(Unavailable::WrongToken));
    assert_eq!(card, CardAnswer::Unavailable { why: Unavailable::WrongToken }, "duty 26");
}

#[test]
fn two_look_ups_one_after_the_other_share_a_connection() {
    let connections = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&connections);
    let url = misbehaving(move |mut stream, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        let body = "{\"clients\":[]}";
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
        while !read_request(&stream).0.is_empty() {
            let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
        }
    });
    let desk = telephone(&url, "token");
    block_on(async {
        for _ in 0..3 {
            assert!(matches!(desk.look_up(number("+79161234567")).await, CardAnswer::Found { .. }));
        }
    });
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[test]
fn a_private_authority_is_trusted_when_it_is_named_and_not_before() {
    let url = TlsDesk::start().url();
    let trusting = |ca: Option<&str>| {
        let mut config = DeskConfig::new(&url, Secret::new("token"));
        config.ca_file = ca.map(Into::into);
        let desk = Desk::new(config, Clock::start()).unwrap();
        block_on(desk.look_up(number("+79161234567")))
    };
    assert_eq!(trusting(None), CardAnswer::Unavailable { why: Unavailable::NotTrusted });
    assert!(matches!(trusting(Some(tls_desk::AUTHORITY)), CardAnswer::Found { .. }));
}

#[test]
fn settings_that_cannot_work_are_refused_before_the_first_call() {
    let problem = |config| Desk::new(config, Clock::start()).map(|_| ()).unwrap_err();
    let config = |url: &str| DeskConfig::new(url, Secret::new("token"));
    assert!(matches!(problem(config("desk.example.com")), DeskProblem::BadUrl));
    assert!(matches!(problem(DeskConfig::new("http://a", Secret::new("two\nlines"))), DeskProblem::BadToken));
    let with_ca = |file: &str| DeskConfig { ca_file: Some(file.into()), ..config("https://a") };
    assert!(matches!(problem(with_ca("/no/such/file")), DeskProblem::CaUnreadable(..)));
    let folder = fixture::Folder::new();
    let no_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (name, content) in [("text", "[package]"), ("empty", ""), ("hollow", no_certificate)] {
        let file = folder.path(name);
        std::fs::write(&file, content).unwrap();
        assert!(matches!(problem(with_ca(file.to_str().unwrap())), DeskProblem::CaInvalid(_)), "{name}");
    }
    assert!(!format!("{:?}", config("http://a")).contains("token\""), "no token in Debug");
}
