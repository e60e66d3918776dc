//! The 49 messages of RFC 4475 sent to the running program, each followed by a call as calls are. What is answered on
//! the wire stands as `wire` in `tests/data/torture/expectations.toml`: a status, or `silence`. All that the program sent
//! is judged by the rules for captures besides.
#![expect(clippy::disallowed_methods, reason = "real programs take real time")]

#[allow(dead_code, reason = "a capture here is made while listening")]
#[path = "pbx/wire/mod.rs"]
mod wire;

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use wire::Captured;

const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8 0\r\n";
const PATIENCE: Duration = Duration::from_secs(10);

/// Rules that a message itself makes impossible to keep.
const EXCUSED: [(&str, &str, &str); 7] = [
    ("badaspec", "response-fields", "its To has blanks where a URI has none; they are not said again"),
    (
        "esc01",
        "response-fields",
        "its To escapes letters that need it not; the same URI is said without (RFC 3261 §19.1.4)",
    ),
    ("insuf", "request-answered", "there is no From, To and Call-ID that an answer could repeat"),
    ("mismatch02", "allow-honest", "it is refused for its form, before its method is looked at"),
    ("quotbal", "to-tag", "a To that cannot be read takes no tag"),
    ("regbadct", "allow-honest", "it is refused for its form, before its method is looked at"),
    ("scalar02", "cseq-form", "a refusal repeats the CSeq as it came"),
];

#[derive(serde::Deserialize)]
struct Table {
    message: Vec<Row>,
}

#[derive(serde::Deserialize)]
struct Row {
    file: String,
    expect: String,
    wire: String,
}

/// A PBX of a few lines: registers whoever asks, answers OPTIONS, and makes calls.
struct Pbx {
    socket: UdpSocket,
    address: SocketAddr,
    telephone: Option<SocketAddr>,
    /// What the telephone registered.
    contact: String,
    branches: u32,
    began: Instant,
    capture: Vec<Captured>,
}

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Pbx {
    /// Where a Via without a port means (RFC 3261 §18.2.2), on a loopback address of this process.
    fn start() -> Self {
        let id = std::process::id();
        let address = SocketAddr::from(([127, 44, (id >> 8) as u8, (id as u8).max(1)], 5060));
        let socket = UdpSocket::bind(address).unwrap();
        let (began, capture) = (Instant::now(), Vec::new());
        Self { socket, address, telephone: None, contact: String::new(), branches: 0, began, capture }
    }

    fn send(&mut self, octets: &[u8]) {
        let telephone = self.telephone.expect("a telephone");
        self.socket.send_to(octets, telephone).unwrap();
        self.note(false, telephone, octets);
    }

    fn note(&mut self, outgoing: bool, telephone: SocketAddr, octets: &[u8]) {
        let at = self.began.elapsed().as_secs_f64();
        self.capture.push(Captured::new(at, outgoing, telephone, octets.to_vec()));
    }

    /// The next message that is no keeping in touch; that is answered here.
    fn hear(&mut self, patience: Duration) -> Option<String> {
        let until = Instant::now() + patience;
        let mut buffer = [0; 65_535];
        loop {
            let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            self.socket.set_read_timeout(Some(left)).unwrap();
            match self.socket.recv_from(&mut buffer) {
                Ok((length, from)) => {
                    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                    if !text.trim().is_empty() {
                        self.note(true, from, &buffer[..length]);
                    }
                    match text.split(' ').next() {
                        Some("REGISTER" | "OPTIONS") => self.keep_in_touch(&text, from),
                        _ if text.trim().is_empty() => {}
                        _ => return Some(text),
                    }
                }
                Err(_) if Instant::now() >= until => return None,
                Err(_) => {}
            }
            if Instant::now() >= until {
                return None;
            }
        }
    }

    fn keep_in_touch(&mut self, request: &str, from: SocketAddr) {
        self.telephone = Some(from);
        let contact = field(request, "Contact");
        if request.starts_with("REGISTER") {
            self.contact = contact.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        }
        let more = format!("Contact: <{}>;expires=600\r\n", self.contact);
        self.send(answer(request, "200 OK", &more).as_bytes());
    }

    fn request(&mut self, method: &str, call: &str, seq: u32, to: &str, body: &str) -> String {
        self.branches += 1;
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/UDP {};rport;branch=z9hG4bKpbx{}\r\nMax-Forwards: 70\r\n\
             From: <sip:200@pbx.example>;tag=pbx\r\nTo: {to}\r\nCall-ID: {call}\r\nCSeq: {seq} {method}\r\n\
             Contact: <sip:200@{}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            self.contact,
            self.address,
            self.branches,
            self.address,
            body.len()
        )
    }

    /// What is answered to the last message: a status, or `silence` when a later request is answered first.
    fn answer_to(&mut self, fence: &str) -> String {
        let to = format!("<{}>", self.contact);
        let options = self.request("OPTIONS", fence, 1, &to, "");
        self.send(options.as_bytes());
        let (mut found, mut fenced) = (String::from("silence"), false);
        loop {
            // An INVITE that was taken rings first.
            let complete = fenced && found != "180";
            let Some(message) = self.hear(if complete { Duration::from_millis(20) } else { PATIENCE }) else {
                assert!(complete, "{fence}: {found}, and then nothing");
                return found;
            };
            let status = status(&message).filter(|status| *status >= 180);
            if field(&message, "Call-ID") == fence {
                fenced = true;
            } else if let Some(status) = status.filter(|_| matches!(found.as_str(), "silence" | "180")) {
                found = status.to_string();
                match field(&message, "CSeq").ends_with(" INVITE") {
                    true if status == 200 => self.take_leave(&message),
                    true if status >= 300 => self.acknowledge(&message),
                    _ => {}
                }
            }
        }
    }

    /// On the branch of the INVITE, so that the refusal is not said again.
    fn acknowledge(&mut self, refusal: &str) {
        let mut ack = format!("ACK {} SIP/2.0\r\n", self.contact);
        for name in ["Via", "From", "To", "Call-ID"] {
            ack.push_str(&format!("{name}: {}\r\n", field(refusal, name)));
        }
        let seq = field(refusal, "CSeq").split(' ').next().unwrap_or_default();
        self.send(format!("{ack}CSeq: {seq} ACK\r\nMax-Forwards: 70\r\n\r\n").as_bytes());
    }

    /// ACK and BYE for a call that the message made.
    fn take_leave(&mut self, ok: &str) {
        let seq: u32 = field(ok, "CSeq").split(' ').next().unwrap().parse().unwrap();
        for (method, seq) in [("ACK", seq), ("BYE", seq + 1)] {
            let mut request = self.request(method, field(ok, "Call-ID"), seq, field(ok, "To"), "");
            request = request
                .replace("From: <sip:200@pbx.example>;tag=pbx", &format!("From: {}", field(ok, "From")));
            self.send(request.as_bytes());
        }
    }

    /// INVITE, 180 or not, 200, ACK, BYE, 200.
    fn call_as_usual(&mut self, call: &str) {
        let to = format!("<{}>", self.contact);
        let invite = self.request("INVITE", call, 1, &to, SDP);
        self.send(invite.as_bytes());
        let ok = self.final_response(call, "1 INVITE");
        assert_eq!(status(&ok), Some(200), "{call}: {ok}");
        self.take_leave(&ok);
        let bye = self.final_response(call, "2 BYE");
        assert_eq!(status(&bye), Some(200), "{call}: {bye}");
    }

    fn final_response(&mut self, call: &str, cseq: &str) -> String {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let Some(message) = self.hear(PATIENCE) else { break };
            let ours = field(&message, "Call-ID") == call && field(&message, "CSeq") == cseq;
            if ours && status(&message).is_some_and(|status| status >= 200) {
                return message;
            }
        }
        panic!("no answer to {cseq} of {call}")
    }
}

fn status(message: &str) -> Option<u16> {
    message.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
}

fn field<'a>(message: &'a str, name: &str) -> &'a str {
    let mut lines = message.split("\r\n").take_while(|line| !line.is_empty());
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.unwrap_or_default().trim()
}

fn answer(request: &str, status: &str, more: &str) -> String {
    let mut response = format!("SIP/2.0 {status}\r\n");
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        let tag = if name == "To" { ";tag=pbx" } else { "" };
        response.push_str(&format!("{name}: {}{tag}\r\n", field(request, name)));
    }
    format!("{response}{more}Content-Length: 0\r\n\r\n")
}

/// A request that the codec takes becomes one to our Contact, with branches that no other message has: else it would be
/// taken for the repetition of an earlier one (RFC 3261 §17.2.3). Nothing else of it changes.
fn addressed(octets: &[u8], row: &Row, contact: &str) -> Vec<u8> {
    let end = octets.iter().position(|octet| *octet == b'\r').unwrap();
    let line = String::from_utf8_lossy(&octets[..end]).into_owned();
    let words: Vec<_> = line.split(' ').collect();
    if row.expect != "accept" || words[0].starts_with("SIP/") {
        return octets.to_vec();
    }
    let mut message = format!("{} {contact} SIP/2.0", words[0]).into_bytes();
    for line in octets[end..].split_inclusive(|octet| *octet == b'\n') {
        const COOKIE: &[u8] = b"branch=z9hG4bK";
        let at = line.windows(COOKIE.len()).position(|part| part == COOKIE).map(|at| at + COOKIE.len());
        let (before, after) = line.split_at(at.unwrap_or(line.len()));
        message.extend([before, if at.is_some() { row.file.as_bytes() } else { b"" }, after].concat());
    }
    message
}

#[test]
fn each_torture_message_is_treated_as_the_table_says_and_the_next_call_comes_through() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/torture");
    let table = std::fs::read_to_string(format!("{folder}/expectations.toml")).unwrap();
    let rows = toml::from_str::<Table>(&table).unwrap().message;
    assert_eq!(rows.len(), 49);

    let mut pbx = Pbx::start();
    let _program = answering(pbx.address);
    let registered = Instant::now() + PATIENCE;
    while pbx.contact.is_empty() && Instant::now() < registered {
        pbx.hear(Duration::from_millis(50));
    }
    pbx.call_as_usual("before-any");

    let (mut differs, mut broken) = (BTreeMap::new(), BTreeMap::new());
    for row in &rows {
        // Each for itself: several of them share a branch.
        pbx.capture.clear();
        let octets = std::fs::read(format!("{folder}/{}.dat", row.file)).unwrap();
        pbx.send(&addressed(&octets, row, &pbx.contact));
        let found = pbx.answer_to(&format!("fence-{}", row.file));
        if found != row.wire {
            differs.insert(&row.file, (found, &row.wire));
        }
        pbx.call_as_usual(&format!("after-{}", row.file));
        for found in wire::check(&pbx.capture) {
            let shown = String::from_utf8_lossy(&pbx.capture[found.message].raw).into_owned();
            broken.insert((row.file.as_str(), found.rule), (found.what, shown));
        }
    }
    assert!(differs.is_empty(), "answered and expected: {differs:#?}");
    for (file, rule, _) in EXCUSED {
        assert!(broken.remove(&(file, rule)).is_some(), "{file} breaks {rule} no longer");
    }
    assert!(broken.is_empty(), "rules broken: {broken:#?}");
}

fn answering(server: SocketAddr) -> Program {
    let home = std::env::temp_dir().join(format!("patchcord-torture-{}", std::process::id()));
    let mut command = Command::new(env!("CARGO_BIN_EXE_patchcord"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PATCHCORD_")) {
        command.env_remove(name);
    }
    command.args(["answer", "--json", "--user", "101", "--calls", "1000", "--server", &server.to_string()]);
    command.env("PATCHCORD_PASSWORD", "secret").env("HOME", &home);
    command.env("XDG_CACHE_HOME", home.join("cache")).env("XDG_CONFIG_HOME", home.join("config"));
    command.env("XDG_STATE_HOME", home.join("state"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Program(command.spawn().unwrap())
}
