//! The desk under examination: a server started for one test, or the one at DESK_URL.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use patchcord::desk_api::{Directory, IDEMPOTENCY_KEY, PROBLEM_JSON, Role};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use serde_json::{Value, json};
use uuid::Uuid;

pub const BINARY: &str = env!("CARGO_BIN_EXE_patchcord-desk");
const START: Duration = Duration::from_secs(20);

/// A folder and a database of one test's own, gone with it. The database is a file in the folder, or, where
/// `scripts/postgres` runs the tests, one in its server.
pub struct Folder(PathBuf);

/// The folder of PostgreSQL's socket.
pub fn postgres() -> Option<String> {
    std::env::var("PATCHCORD_TEST_POSTGRES").ok()
}

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("patchcord-desk-test-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let folder = Self(path);
        if let Some(socket) = postgres() {
            let made =
                Command::new("createdb").args(["-h", &socket, "-U", "desk", folder.name()]).status().unwrap();
            assert!(made.success(), "PostgreSQL makes no database");
        }
        folder
    }

    /// All that the database keeps, as others could read it; SQLite's files are their owner's alone.
    pub fn kept(&self) -> Vec<Vec<u8>> {
        if let Some(socket) = postgres() {
            let dump =
                Command::new("pg_dump").args(["-h", &socket, "-U", "desk", self.name()]).output().unwrap();
            assert!(dump.status.success());
            return vec![dump.stdout];
        }
        let files = ["desk.db", "desk.db-wal"].map(|name| self.path(name));
        #[cfg(unix)]
        for file in &files {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(file).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} is its owner's alone", file.display());
        }
        files.map(|file| std::fs::read(file).unwrap()).into()
    }

    fn name(&self) -> &str {
        self.0.file_name().and_then(std::ffi::OsStr::to_str).unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn database(&self) -> String {
        match postgres() {
            Some(socket) => format!("postgres://desk@{}/{}", socket.replace('/', "%2F"), self.name()),
            None => format!("sqlite:{}", self.path("desk.db").display()),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(socket) = postgres() {
            let _ =
                Command::new("dropdb").args(["-h", &socket, "-U", "desk", "--force", self.name()]).status();
        }
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn run(arguments: &[&str]) -> Output {
    Command::new(BINARY).args(arguments).env("LC_ALL", "C").stdin(Stdio::null()).output().unwrap()
}

pub fn new_token(database: &str, role: Role, person: &str) -> String {
    let output = run(&["token", "new", "--database", database, "--role", role.as_str(), "--person", person]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "stdout holds the token alone");
    text.trim().to_owned()
}

/// A server process; killed when dropped.
pub struct Server {
    child: Child,
    pub port: u16,
    stderr: Arc<Mutex<String>>,
}

impl Server {
    pub fn start(folder: &Folder, more: &[&str]) -> Self {
        let mut desk = Command::new(BINARY);
        desk.args(["serve", "--database", &folder.database()]).args(more);
        Self::run(folder, desk)
    }

    /// By a command line that takes more flags.
    fn run(folder: &Folder, mut desk: Command) -> Self {
        let port_file = folder.path("port");
        // A killed server leaves its own behind.
        let _ = std::fs::remove_file(&port_file);
        let has_address = desk.get_args().any(|argument| argument == "--listen");
        let mut child = desk
            .args(["--port-file", port_file.to_str().unwrap()])
            .args(if has_address { &[][..] } else { &["--listen", "127.0.0.1:0"] })
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = Arc::new(Mutex::new(String::new()));
        let (sink, source) = (Arc::clone(&stderr), child.stderr.take().unwrap());
        thread::spawn(move || {
            for line in BufReader::new(source).lines().map_while(Result::ok) {
                *sink.lock().unwrap() += &format!("{line}\n");
            }
        });
        let port = wait_for_port(&mut child, &port_file, &stderr);
        Self { child, port, stderr }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn said(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Whether it says this, at once or a little later: its lines come by a pipe.
    pub fn says(&self, expected: &str) -> bool {
        (0..200).any(|_| {
            let found = self.said().contains(expected);
            if !found {
                thread::sleep(Duration::from_millis(25));
            }
            found
        })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: nothing is flushed, nobody is told.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; the exit code.
    pub fn stop(mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_for_port(child: &mut Child, file: &Path, stderr: &Mutex<String>) -> u16 {
    let step = Duration::from_millis(5);
    for _ in 0..START.as_millis() / step.as_millis() {
        if let Ok(text) = std::fs::read_to_string(file) {
            return text.trim().parse().expect("the port file holds a whole number");
        }
        assert!(child.try_wait().unwrap().is_none(), "the desk ended: {}", stderr.lock().unwrap());
        thread::sleep(step);
    }
    panic!("no port file: {}", stderr.lock().unwrap());
}

/// A desk and somebody of every role.
pub struct Desk {
    pub url: String,
    tokens: Vec<(String, String)>,
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
    // Dropped in this order: first the process, then its folder.
    pub server: Option<Server>,
    pub folder: Folder,
}

pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Reply {
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or("")
    }

    /// Every error is a problem document, whole and consistent.
    pub fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.text);
        assert_eq!(self.headers[CONTENT_TYPE], "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], format!("urn:patchcord:problem:{code}"));
        assert!(self.body["title"].as_str().is_some_and(|title| !title.is_empty()));
    }

    pub fn assert_field(&self, field: &str, fault: &str) {
        let named = self.body["fields"].as_array().into_iter().flatten();
        let found = named.into_iter().any(|entry| entry["field"] == field && entry["fault"] == fault);
        assert!(found, "no {field}: {fault} in {}", self.text);
    }
}

impl Desk {
    /// The desk to be examined: own or foreign.
    pub fn examined() -> Self {
        match std::env::var("DESK_URL") {
            Ok(url) => Self::foreign(url),
            Err(_) => Self::own(&[]),
        }
    }

    /// A server of this test's own.
    pub fn own(more: &[&str]) -> Self {
        let folder = Folder::new();
        let database = folder.database();
        let mut tokens: Vec<_> = Role::ALL
            .iter()
            .map(|&role| (role.as_str().to_owned(), new_token(&database, role, role.as_str())))
            .collect();
        tokens.push(("operator2".to_owned(), new_token(&database, Role::Operator, "operator2")));
        let server = Server::start(&folder, more);
        Self::at(server.url(), tokens, Some(server), folder)
    }

    /// One with its database on a disk of its own, mounted at the folder's `disk` and seen by nobody else.
    pub fn on_small_disk(size: &str) -> Self {
        let folder = Folder::new();
        std::fs::create_dir_all(folder.path("disk")).unwrap();
        let database = format!("sqlite:{}", folder.path("disk/desk.db").display());
        let script = "mount -t tmpfs -o size=$1 tmpfs disk; binary=$2 database=$3; shift 3; for who in $WHO; do \
                      $binary token new --database $database --role ${who%2} --person $who >token-$who; done; \
                      exec $binary serve --database $database \"$@\"";
        let whos = Role::ALL.iter().map(|role| role.as_str()).chain(["operator2"]).collect::<Vec<_>>();
        let mut desk = Command::new("unshare");
        desk.args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-ec",
            script,
            "sh",
            size,
            BINARY,
            &database,
        ]);
        desk.env("WHO", whos.join(" ")).current_dir(folder.path("."));
        let server = Server::run(&folder, desk);
        let token = |who: &str| {
            std::fs::read_to_string(folder.path(&format!("token-{who}"))).unwrap().trim().to_owned()
        };
        let tokens = whos.iter().map(|who| ((*who).to_owned(), token(who))).collect();
        Self::at(server.url(), tokens, Some(server), folder)
    }

    /// DESK_TOKENS names them all: `operator=…,operator2=…,manager=…,head=…,admin=…,service=…`.
    fn foreign(url: String) -> Self {
        let tokens = std::env::var("DESK_TOKENS").expect("DESK_TOKENS is set");
        let pair = |text: &str| text.split_once('=').map(|(who, token)| (who.to_owned(), token.to_owned()));
        let tokens = tokens.split(',').map(|text| pair(text).expect("who=token")).collect();
        Self::at(url, tokens, None, Folder::new())
    }

    fn at(url: String, tokens: Vec<(String, String)>, server: Option<Server>, folder: Folder) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { url, tokens, runtime, http: http(), server, folder }
    }

    pub fn token(&self, who: &str) -> &str {
        &self.tokens.iter().find(|(known, _)| known == who).expect("a token for everybody").1
    }

    pub fn restart(&mut self, more: &[&str]) {
        if let Some(server) = self.server.take() {
            server.kill();
        }
        let server = Server::start(&self.folder, more);
        // It may have the port of the one before, to which connections are kept.
        self.http = http();
        self.url = server.url();
        self.server = Some(server);
    }

    /// A request as this test wants it.
    pub fn send(&self, build: impl FnOnce(&reqwest::Client, &str) -> reqwest::RequestBuilder) -> Reply {
        let request = build(&self.http, &self.url);
        self.runtime.block_on(async { reply(request.send().await.unwrap()).await })
    }

    /// A request that this test goes on building.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// The status of the answer and the code of the problem in it; an answer without end is left.
    pub fn outcome(&self, request: reqwest::RequestBuilder) -> (u16, String) {
        self.runtime.block_on(async {
            let response = request.send().await.unwrap();
            let is_problem = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM_JSON);
            let status = response.status().as_u16();
            if !is_problem {
                return (status, String::new());
            }
            let code = reply(response).await.code().to_owned();
            (status, code)
        })
    }

    /// Many at once, each on a connection of its own if need be.
    pub fn send_all(&self, requests: Vec<reqwest::RequestBuilder>) -> Vec<Reply> {
        self.runtime.block_on(async {
            let sent: Vec<_> = requests
                .into_iter()
                .map(|request| tokio::spawn(async move { reply(request.send().await.unwrap()).await }))
                .collect();
            let mut replies = Vec::new();
            for request in sent {
                replies.push(request.await.unwrap());
            }
            replies
        })
    }

    pub fn put_request(&self, who: &str, path: &str, command: Uuid, body: &Value) -> reqwest::RequestBuilder {
        self.http
            .put(format!("{}{path}", self.url))
            .header(AUTHORIZATION, format!("Bearer {}", self.token(who)))
            .header(IDEMPOTENCY_KEY, command.to_string())
            .json(body)
    }

    pub fn get(&self, who: &str, path: &str, query: &[(&str, &str)]) -> Reply {
        let token = self.token(who).to_owned();
        self.send(|http, url| http.get(format!("{url}{path}")).query(query).bearer_auth(token))
    }

    pub fn put(&self, who: &str, path: &str, body: &Value) -> Reply {
        self.put_as(who, path, Uuid::from_u128(random()), body)
    }

    pub fn put_as(&self, who: &str, path: &str, command: Uuid, body: &Value) -> Reply {
        let request = self.put_request(who, path, command, body);
        self.send(|_, _| request)
    }

    pub fn directory(&self) -> Directory {
        serde_json::from_value(self.get("operator", "/v1/directory", &[]).body).unwrap()
    }

    /// A new client with these numbers; its id.
    pub fn add_client(&self, name: &str, phones: &[&str]) -> Uuid {
        let id = Uuid::from_u128(random());
        let reply = self.put("admin", &format!("/v1/clients/{id}"), &self.client(name, phones));
        assert_eq!(reply.status, 201, "{}", reply.text);
        id
    }

    /// The least a client consists of, of the company's first type.
    pub fn client(&self, name: &str, phones: &[&str]) -> Value {
        let directory = self.directory();
        let client_type = &directory.client_types.first().expect("a company has client types").id;
        json!({"name": name, "client_type": client_type, "phones": phones, "standing": {"currency": "RUB"}})
    }

    pub fn names(&self, query: &[(&str, &str)]) -> Vec<String> {
        let reply = self.get("operator", "/v1/clients", query);
        assert_eq!(reply.status, 200, "{}", reply.text);
        let clients = reply.body["clients"].as_array().unwrap().iter();
        clients.map(|client| client["name"].as_str().unwrap().to_owned()).collect()
    }
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

async fn reply(response: reqwest::Response) -> Reply {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    Reply { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null), text }
}

/// Of this test run, never met before.
pub fn random() -> u128 {
    let mut octets = [0; 16];
    std::fs::File::open("/dev/urandom").unwrap().read_exact(&mut octets).unwrap();
    u128::from_le_bytes(octets)
}

/// A mobile number that nobody had before: `+79…`, and its ten national digits.
pub fn random_number() -> (String, String) {
    let national = format!("9{:09}", random() % 1_000_000_000);
    (format!("+7{national}"), national)
}

pub fn call(id: Uuid, revision: u32) -> Value {
    json!({
        "id": id, "revision": revision, "call_id": format!("{id}@test"), "direction": "inbound", "line": 1,
        "operator": "operator", "caller": {"written": "89161234567", "number": "+79161234567"},
        "started_at": "2026-05-06T07:08:09.123456Z",
    })
}

/// Nobody need close it.
pub fn ended_call(id: Uuid, revision: u32) -> Value {
    let mut call = call(id, revision);
    call["ended_at"] = json!("2026-05-06T07:08:19.123456Z");
    call["outcome"] = json!("missed");
    call
}

pub fn call_path(id: Uuid) -> String {
    format!("/v1/calls/{id}")
}

pub fn new_call_id() -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(
        1_777_000_000_000,
        &random().to_le_bytes()[..10].try_into().unwrap(),
    )
    .into_uuid()
}
