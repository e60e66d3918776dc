use super::*;
use crate::clock::Clock;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

const PATIENCE: Duration = Duration::from_secs(20);

/// A folder of one test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("patchcord-desk-link-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn link(url: &str, outbox_folder: PathBuf) -> DeskLink {
    let token = Secret::new("token");
    let setup = DeskSetup {
        url: url.to_owned(),
        token,
        ca_file: None,
        outbox_folder,
        user: "101".into(),
        operator: "101".into(),
        seed: [1; 32],
    };
    DeskLink::new(Clock::start(), Some(setup)).unwrap()
}

fn record(number: u8, revision: u32) -> CallRecord {
    serde_json::from_value(serde_json::json!({
        "id": format!("01890000-0000-7000-8000-0000000000{number:02}"), "revision": revision,
        "call_id": "a@test", "direction": "inbound", "line": 1, "operator": "101",
        "caller": {"written": "89161234567", "number": "+79161234567"},
        "started_at": "2026-05-06T07:08:09.123456Z",
    }))
    .unwrap()
}

/// Serves every connection by this; the thread ends with the test's process.
fn desk(serve: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || serve(stream));
        }
    });
    url
}

/// Calls and orders.
fn takes(stream: TcpStream) {
    answer(stream, |entry| {
        let sum = serde_json::json!({"net": "0", "tax": "0", "gross": "0"});
        let receipt = serde_json::json!({
            "id": entry["id"], "revision": entry["revision"], "change": "created", "state": "draft",
            "examined": {"lines": [], "total": sum, "most": "0", "columns": [], "faults": []},
        });
        ("201 Created", "application/json", receipt.to_string())
    });
}

fn takes_none_as_it_is(stream: TcpStream) {
    let problem = r#"{"type": "urn:x", "title": "t", "status": 422, "code": "invalid"}"#;
    answer(stream, |_| ("422 Invalid", "application/problem+json", problem.to_owned()));
}

/// Answers one request: an entry by this, any other with 404.
fn answer(mut stream: TcpStream, to: impl Fn(&serde_json::Value) -> (&'static str, &'static str, String)) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {
        let line = head.trim_end().rsplit("\r\n").next().unwrap_or_default().to_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let entry = serde_json::from_slice(&body);
    let (status, kind, body) =
        entry.map_or_else(|_| ("404 Not Found", "text/plain", String::new()), |entry| to(&entry));
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n");
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
}

/// Says nothing until the other side has had enough.
fn is_silent(mut stream: TcpStream) {
    let _ = stream.read_to_end(&mut Vec::new());
}

/// On a runtime that waits for no thread at its end: one of them waits for a disk.
fn block_on<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let told = tokio::task::LocalSet::new().block_on(&runtime, story);
    runtime.shutdown_background();
    told
}

fn order(number: u8, revision: u32) -> Box<Order> {
    let id = format!("01890000-0000-7000-8000-0000000000{number:02}");
    let order = serde_json::json!({"id": id, "revision": revision, "client": id});
    Box::new(serde_json::from_value(order).unwrap())
}

/// What becomes of orders, in words.
fn order_news(words: &[FromDesk]) -> Vec<String> {
    let news = |word: &FromDesk| match word {
        FromDesk::Order(OrderNews::Found(order)) => Some(format!("found r{}", order.revision)),
        FromDesk::Order(OrderNews::Kept { revision, .. }) => Some(format!("kept r{revision}")),
        FromDesk::Order(OrderNews::Answered(receipt)) => Some(format!("the desk has r{}", receipt.revision)),
        FromDesk::Order(OrderNews::Waits { .. }) => Some("waits".to_owned()),
        FromDesk::Order(OrderNews::Refused { code, .. }) => Some(code.as_str().to_owned()),
        _ => None,
    };
    words.iter().filter_map(news).collect()
}

fn troubles(words: Vec<FromDesk>) -> Vec<DeskTrouble> {
    let trouble = |word| match word {
        FromDesk::Trouble(trouble) => Some(trouble),
        _ => None,
    };
    words.into_iter().filter_map(trouble).collect()
}

fn handover(number: u8, revision: u32) -> Handover {
    serde_json::from_value(serde_json::json!({
        "id": format!("01890000-0000-7000-8000-0000000000{number:02}"), "revision": revision,
        "to": "201", "way": "return", "from": "101", "operator": "101",
    }))
    .unwrap()
}

#[test]
fn a_desk_that_was_away_is_told_only_what_still_matters() {
    let at = |seconds| Instant::from_start(Duration::from_secs(seconds));
    let mut untold = Untold::default();
    untold.add(at(0), handover(1, 1));
    untold.add(at(200), handover(2, 1));
    untold.add(at(201), handover(3, 1));
    untold.add(at(202), handover(2, 2));
    let mut told = || untold.next(at(300)).map(|handover| (handover.id, handover.revision));
    assert_eq!(told(), Some((handover(3, 1).id, 1)), "the first is too old");
    assert_eq!(told(), Some((handover(2, 2).id, 2)), "and of each call the last counts");
    assert_eq!(told(), None);
}

#[test]
fn an_outbox_is_a_file_of_its_own_whatever_the_user_is_called() {
    let folder = Path::new("/state");
    assert_eq!(outbox_path(folder, "101", 1), Path::new("/state/outbox-101"));
    assert_eq!(outbox_path(folder, "../anna", 2), Path::new("/state/outbox-___anna-2"));
}

#[test]
fn without_a_disk_entries_are_sent_at_once_and_the_disk_is_complained_of() {
    let folder = Folder::new("no-disk");
    let no_folder = folder.0.join("file");
    std::fs::write(&no_folder, "").unwrap();
    let (unsent, words) = block_on(async {
        let link = link(&desk(takes), no_folder);
        link.record(record(1, 1));
        link.record(record(1, 2));
        link.record(record(2, 1));
        link.finish(PATIENCE).await
    });
    assert_eq!((unsent, troubles(words)), (0, vec![DeskTrouble::NoDisk]));
}

#[test]
fn with_neither_disk_nor_desk_the_end_comes_in_the_time_given() {
    let folder = Folder::new("nothing");
    let no_folder = folder.0.join("file");
    std::fs::write(&no_folder, "").unwrap();
    let (unsent, words) = block_on(async {
        let link = link(&desk(is_silent), no_folder);
        link.record(record(1, 1));
        link.record(record(1, 2));
        link.record(record(2, 1));
        // A silent desk alone costs ten seconds for each entry.
        let end = link.finish(Duration::from_millis(300));
        tokio::time::timeout(Duration::from_secs(5), end).await.expect("the end in time")
    });
    assert_eq!((unsent, troubles(words)), (2, vec![DeskTrouble::NoDisk]));
}

#[cfg(unix)]
#[test]
fn with_a_disk_that_does_not_answer_the_end_comes_in_the_time_given() {
    let folder = Folder::new("stalled");
    // Who opens this to write waits for a reader, as for a disk that does not answer.
    let lock = folder.0.join("outbox-101.lock");
    assert!(std::process::Command::new("mkfifo").arg(&lock).status().unwrap().success());
    let (unsent, words) = block_on(async {
        let link = link(&desk(takes), folder.0.clone());
        link.record(record(1, 1));
        link.record(record(2, 1));
        let end = link.finish(Duration::from_millis(300));
        tokio::time::timeout(Duration::from_secs(5), end).await.expect("the end in time")
    });
    assert_eq!((unsent, troubles(words)), (2, vec![]));
}

#[test]
fn an_entry_counts_as_kept_when_it_is_on_disk() {
    let folder = Folder::new("kept");
    block_on(async {
        let link = link(&desk(is_silent), folder.0.clone());
        let kept = link.kept();
        link.record(record(1, 1));
        assert!(!kept.has(kept.given()));
        let waiting = async {
            while !kept.has(kept.given()) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("a disk");
        assert!(std::fs::metadata(outbox_path(&folder.0, "101", 1)).unwrap().len() > 0);
    });
}

#[test]
fn what_an_earlier_run_left_counts_until_the_desk_has_it() {
    let folder = Folder::new("earlier");
    let unsent = |desk_url: &str, entries: &[CallRecord]| {
        block_on(async {
            let link = link(desk_url, folder.0.clone());
            entries.iter().for_each(|entry| link.record(entry.clone()));
            link.finish(PATIENCE).await.0
        })
    };
    let refusing = desk(takes_none_as_it_is);
    assert_eq!(unsent(&refusing, &[record(1, 1), record(2, 1)]), 2);
    assert_eq!(unsent(&refusing, &[record(2, 2), record(3, 1)]), 3);
    assert_eq!(unsent(&desk(takes), &[]), 0);
}

#[test]
fn fast_typing_costs_the_disk_one_write_and_the_last_word_is_found_after_a_crash() {
    let folder = Folder::new("typing");
    let words = block_on(async {
        let mut link = link(&desk(is_silent), folder.0.clone());
        (1..=100).for_each(|revision| link.keep_order(order(1, revision)));
        link.keep_order(order(2, 1));
        let kept = async {
            let mut words = Vec::new();
            while order_news(&words).len() < 2 {
                words.push(link.next().await);
            }
            words
        };
        tokio::time::timeout(PATIENCE, kept).await.expect("a disk")
    });
    assert_eq!(order_news(&words), ["kept r100", "kept r1"]);
    let (_, words) = block_on(async { link(&desk(takes), folder.0.clone()).finish(PATIENCE).await });
    assert_eq!(order_news(&words), ["found r100", "found r1", "the desk has r100", "the desk has r1"]);
    let (_, words) = block_on(async { link(&desk(takes), folder.0.clone()).finish(PATIENCE).await });
    assert_eq!(order_news(&words), [] as [&str; 0]);
}

#[test]
fn without_a_disk_an_order_reaches_the_desk_and_never_looks_kept() {
    let folder = Folder::new("order-no-disk");
    let no_folder = folder.0.join("file");
    std::fs::write(&no_folder, "").unwrap();
    let (_, words) = block_on(async {
        let link = link(&desk(takes), no_folder);
        link.keep_order(order(1, 1));
        link.keep_order(order(1, 2));
        link.finish(PATIENCE).await
    });
    assert_eq!(order_news(&words), ["the desk has r2"]);
    assert_eq!(troubles(words), [DeskTrouble::NoDisk], "said once");
}
