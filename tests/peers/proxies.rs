//! A PBX made of two Kamailios: an edge proxy that stays in the way of every call, and a registrar behind it.

use crate::pbx::tempdir::TempDir;
use crate::people::{Answers, Baresip, free_udp_port};
use crate::play::ladder;
use crate::telephone::{Ended, Telephone, telephone_at};
use crate::wire::{self, Captured, message::Sip};

use crate::{now, seconds, until};
use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub struct Proxies {
    edge: u16,
    traced: Arc<Mutex<Vec<Traced>>>,
    pub scratch: TempDir,
    _running: Vec<Kamailio>,
}

/// A message as the edge proxy received or sent it.
struct Traced {
    at: f64,
    from: SocketAddr,
    to: SocketAddr,
    raw: Vec<u8>,
}

impl Proxies {
    pub fn start() -> Self {
        let scratch = TempDir::new("proxies");
        let trace = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let trace_port = trace.local_addr().expect("an address").port();
        let traced = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&traced);
        std::thread::spawn(move || listen(&trace, &into)); // ends with the test's process
        let (edge, core) = (free_udp_port(), free_udp_port());
        let ports = [("{edge}", edge), ("{core}", core), ("{trace}", trace_port)];
        let running = vec![
            Kamailio::start(scratch.path(), "core", include_str!("kamailio/core.cfg"), &ports, core),
            Kamailio::start(scratch.path(), "edge", include_str!("kamailio/edge.cfg"), &ports, edge),
        ];
        Self { edge, traced, scratch, _running: running }
    }

    /// `home` tells apart telephones of one user.
    pub fn telephone(&self, home: &str, user: &str, arguments: &[&str]) -> Telephone<'static> {
        let server = format!("127.0.0.1:{}", self.edge);
        let arguments = [arguments, &["--domain", "pbx.example"]].concat();
        Telephone::spawn(telephone_at(&server, &self.scratch.path().join(home), user, &arguments), None)
    }

    pub fn softphone(&self, user: &str, answers: &Answers) -> Baresip {
        let account = format!(
            "<sip:{user}@pbx.example>;auth_user={user};auth_pass=pw-{user};regint=60;\
             outbound=\"sip:127.0.0.1:{}\"",
            self.edge
        );
        let before = self.registrations();
        let phone = Baresip::start(self.scratch.path(), user, &account, "127.0.0.1:0", answers);
        until("the softphone to register", seconds(5), || self.registrations() > before);
        phone
    }

    /// Telephones that the registrar has said yes to.
    fn registrations(&self) -> usize {
        let traced = self.traced.lock().expect("a lock");
        let sips = traced.iter().filter_map(|each| Sip::parse(&each.raw).ok());
        let granted = sips.filter(|sip| {
            sip.status() == Some(200) && sip.cseq().is_some_and(|(_, method)| method == "REGISTER")
        });
        granted.map(|sip| sip.call_id().to_owned()).collect::<BTreeSet<_>>().len()
    }

    /// Waits for the telephone's end, and judges what it sent.
    pub fn finish(&self, phone: Telephone, within: Duration) -> (Ended, Vec<Captured>) {
        let local = phone.local().parse().expect("an address");
        let ended = phone.finish(within);
        let mut broken = wire::check(&self.capture_of(local));
        // The proxy's last word may still be on its way here.
        for _ in 0..20 {
            if broken.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
            broken = wire::check(&self.capture_of(local));
        }
        let capture = self.capture_of(local);
        assert!(capture.len() > 4, "the proxy saw it");
        assert!(broken.is_empty(), "{broken:#?}\n{}\n{}", ladder(&capture), ended.story());
        (ended, capture)
    }

    fn capture_of(&self, telephone: SocketAddr) -> Vec<Captured> {
        let traced = self.traced.lock().expect("a lock");
        let its = traced.iter().filter(|each| each.from == telephone || each.to == telephone);
        its.map(|each| Captured::new(each.at, each.from == telephone, telephone, each.raw.clone())).collect()
    }
}

impl Drop for Proxies {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let traced = self.traced.lock().expect("a lock");
            let all: String = traced
                .iter()
                .map(|each| {
                    format!(
                        "{} {} -> {}\n{}\n",
                        each.at,
                        each.from,
                        each.to,
                        String::from_utf8_lossy(&each.raw)
                    )
                })
                .collect();
            let _ = std::fs::write(self.scratch.path().join("trace"), all);
            eprintln!("logs, messages and recordings are kept in {}", self.scratch.keep().display());
        }
    }
}

/// One of them; ended in order, so that its own processes end with it.
struct Kamailio(Child);

impl Kamailio {
    fn start(scratch: &Path, name: &str, config: &str, ports: &[(&str, u16)], port: u16) -> Self {
        let folder = scratch.join(name);
        std::fs::create_dir_all(&folder).expect("a directory");
        let config =
            ports.iter().fold(config.to_owned(), |text, (name, port)| text.replace(name, &port.to_string()));
        std::fs::write(folder.join("kamailio.cfg"), config).expect("a file");
        let log = std::fs::File::create(folder.join("log")).expect("a file");
        let child = Command::new("/usr/sbin/kamailio")
            .args(["-DD", "-E", "-M", "4", "-m", "32", "-f", "kamailio.cfg"])
            .arg("-Y")
            .arg(&folder)
            .arg("-w")
            .arg(&folder)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("kamailio: `scripts/test` installs it");
        let mut started = Self(child);
        until(&format!("{name} to listen"), seconds(10), || {
            let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(started.0.try_wait().expect("a child").is_none(), "kamailio ended:\n{}", log());
            UdpSocket::bind(("127.0.0.1", port)).is_err()
        });
        started
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        let pid = i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw);
        let asked = pid.map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::TERM));
        let deadline = now() + seconds(5);
        while asked.is_some() && now() < deadline && matches!(self.0.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn listen(socket: &UdpSocket, into: &Mutex<Vec<Traced>>) {
    let mut buffer = [0; 65_535];
    while let Ok((length, _)) = socket.recv_from(&mut buffer) {
        if let Some(traced) = traced(&buffer[..length]) {
            into.lock().expect("a lock").push(traced);
        }
    }
}

/// HEP version 3: `HEP3`, length, then chunks of vendor, kind, length (with these six octets) and value.
fn traced(packet: &[u8]) -> Option<Traced> {
    let mut rest = packet.strip_prefix(b"HEP3")?.get(2..)?;
    let (mut from, mut to) = (SocketAddr::from(([0; 4], 0)), SocketAddr::from(([0; 4], 0)));
    let (mut at, mut raw) = (0.0, Vec::new());
    while let Some((head, _)) = rest.split_first_chunk::<6>() {
        let length = usize::from(u16::from_be_bytes([head[4], head[5]]));
        let value = rest.get(6..length)?;
        let number = value.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
        match u16::from_be_bytes([head[2], head[3]]) {
            3 => from.set_ip(std::net::Ipv4Addr::from(number).into()),
            4 => to.set_ip(std::net::Ipv4Addr::from(number).into()),
            7 => from.set_port(u16::try_from(number).ok()?),
            8 => to.set_port(u16::try_from(number).ok()?),
            9 => at += f64::from(number),
            10 => at += f64::from(number) / 1e6,
            15 => raw = value.to_vec(),
            _ => {}
        }
        rest = rest.get(length..)?;
    }
    Some(Traced { at, from, to, raw })
}
