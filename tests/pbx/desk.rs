//! The order desk beside the telephone: the real one as a child process, and faulty ones made here.

use crate::pbx::Pbx;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// `patchcord-desk serve` with sample data, and an administrator's and an operator's token.
pub struct Desk {
    child: Child,
    folder: PathBuf,
    address: SocketAddr,
    admin: String,
    pub operator: String,
}

impl Desk {
    pub fn start(pbx: &Pbx, sample: u32) -> Self {
        Self::start_with(pbx, sample, &[])
    }

    pub fn start_with(pbx: &Pbx, sample: u32, options: &[&str]) -> Self {
        let folder = pbx.scratch.path().join("desk");
        std::fs::create_dir_all(&folder).expect("a directory");
        let port_file = folder.join("port");
        let sample = sample.to_string();
        let first = ["--sample", &sample, "--port-file", &port_file.to_string_lossy()];
        let child = serve_at(&folder, ([127, 0, 0, 1], 0).into(), &[&first, options].concat());
        let database = database(&folder);
        let mut desk = Self {
            child,
            folder,
            address: ([127, 0, 0, 1], 0).into(),
            admin: String::new(),
            operator: String::new(),
        };
        desk.address = ([127, 0, 0, 1], port(&port_file)).into();
        desk.admin = token(&database, "admin");
        desk.operator = token(&database, "operator");
        desk
    }

    /// Somebody of the directory may log in to the page.
    pub fn account(&self, person: &str, role: &str, password: &str) {
        let mut command = program();
        command.args([
            "account",
            "new",
            "--person",
            person,
            "--role",
            role,
            "--database",
            &database(&self.folder),
        ]);
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        let mut child = spawned.expect("patchcord-desk");
        writeln!(child.stdin.take().expect("a pipe"), "{password}").expect("a password");
        assert!(child.wait().expect("an end").success());
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Killed, in the middle of whatever it does.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// After `stop`, at the same address.
    pub fn start_again(&mut self) {
        self.child = serve_at(&self.folder, self.address, &[]);
        let there = || TcpStream::connect(self.address).is_ok();
        crate::until("the desk to be back", Duration::from_secs(20), there);
    }

    /// A client whom nobody has seen before this moment.
    pub fn insert_client(&self, name: &str, phone: &str) {
        self.put_client(&json!({
            "name": name, "client_type": "market", "phones": [phone],
            "standing": { "currency": "RUB" },
        }));
    }

    pub fn put_client(&self, draft: &Value) {
        self.put_client_as(&fresh_uuid(), draft);
    }

    /// In place of what was known of this one.
    pub fn put_client_as(&self, id: &str, draft: &Value) {
        let (status, answer) = self.request("PUT", &format!("/v1/clients/{id}"), Some(draft));
        assert!((200..300).contains(&status), "PUT of a client: {status} {answer}");
    }

    /// The call register's entries.
    pub fn calls(&self) -> Vec<Value> {
        self.get("/v1/calls?limit=1000")["calls"].as_array().cloned().unwrap_or_default()
    }

    /// What an administrator is told at this path.
    pub fn get(&self, path: &str) -> Value {
        let (status, answer) = self.request("GET", path, None);
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// An administrator moves an order on.
    pub fn act_on_order(&self, id: &str, act: &Value) {
        let (status, answer) = self.request("POST", &format!("/v1/orders/{id}/acts"), Some(act));
        assert_eq!(status, 200, "{answer}");
    }

    fn request(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut socket = TcpStream::connect(self.address).expect("the desk");
        socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a time-out");
        write!(
            socket,
            "{method} {path} HTTP/1.1\r\nhost: desk\r\nauthorization: Bearer {}\r\nconnection: close\r\n\
             idempotency-key: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.admin,
            fresh_uuid(),
            body.len()
        )
        .expect("a request");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("an answer");
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        let text = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status, serde_json::from_str(text).unwrap_or(Value::String(text.to_owned())))
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn database(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("desk.db").display())
}

fn serve_at(folder: &Path, listen: SocketAddr, options: &[&str]) -> Child {
    program()
        .args(["serve", "--listen", &listen.to_string(), "--database", &database(folder)])
        .args(options)
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(folder.join("log")).expect("a file"))
        .spawn()
        .expect("patchcord-desk")
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patchcord-desk"));
    command.stdin(Stdio::null());
    command
}

fn port(file: &PathBuf) -> u16 {
    let read = || -> Option<u16> {
        let text = std::fs::read_to_string(file).ok()?;
        text.trim().rsplit(':').next()?.parse().ok()
    };
    crate::until("the desk's port file", Duration::from_secs(20), || read().is_some());
    read().expect("a port")
}

fn token(database: &str, role: &str) -> String {
    let made = program()
        .args(["token", "new", "--database", database, "--role", role, "--person", &format!("test {role}")])
        .output()
        .expect("patchcord-desk");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8_lossy(&made.stdout).trim().to_owned()
}

fn fresh_uuid() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("randomness");
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// A number that no sample and no other test has.
pub fn fresh_number() -> String {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).expect("randomness");
    format!("+7999{:07}", u32::from_le_bytes(bytes) % 10_000_000)
}

/// What is wrong with a desk.
#[derive(Clone, Copy)]
pub enum Behaves {
    /// Knows nobody, correctly.
    Knows0,
    /// Takes the connection and says nothing.
    Silent,
    Rubbish,
    RefusesToken,
}

/// A desk made for one fault; counts who is looked up.
pub struct FakeDesk {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl FakeDesk {
    pub fn start(behaves: Behaves) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&asked);
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let notes = Arc::clone(&notes);
                std::thread::spawn(move || serve(socket, behaves, &notes));
            }
        });
        Self { address, asked }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Request lines of the look-ups so far.
    pub fn look_ups(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("a lock").clone();
        asked.into_iter().filter(|line| line.starts_with("GET /v1/clients?")).collect()
    }
}

fn serve(socket: TcpStream, behaves: Behaves, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(socket.try_clone().expect("a socket"));
    let mut socket = socket;
    loop {
        let (mut line, mut length) = (String::new(), 0);
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        asked.lock().expect("a lock").push(line.trim().to_owned());
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) == 0 || header == "\r\n" {
                break;
            }
            if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let (status, kind, text) = match behaves {
            Behaves::Silent => {
                std::thread::sleep(Duration::from_secs(60));
                return;
            }
            Behaves::Knows0 => ("200 OK", "application/json", "{\"clients\":[]}"),
            Behaves::Rubbish => ("200 OK", "application/json", "<html>\u{1}not what you asked for"),
            Behaves::RefusesToken => (
                "401 Unauthorized",
                "application/problem+json",
                "{\"type\":\"about:blank\",\"title\":\"Unauthorized\",\"status\":401,\"code\":\"unauthorized\"}",
            ),
        };
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", text.len());
        if socket.write_all(head.as_bytes()).and_then(|()| socket.write_all(text.as_bytes())).is_err() {
            return;
        }
    }
}

/// An address where nothing listens.
pub fn nobody() -> String {
    format!("http://127.0.0.1:{}", crate::people::free_tcp_port())
}
