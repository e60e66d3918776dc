//! An Asterisk of the test's own, and the verdict on what the telephones under test sent to it.

use crate::now;
use crate::wire::{self, Captured};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;

pub struct Pbx {
    env: BTreeMap<String, String>,
    /// Removed when the test has passed.
    pub scratch: tempdir::TempDir,
    /// Local addresses of the telephones under test; one may have several, one after another.
    judged: Mutex<Vec<Vec<String>>>,
    /// Rules that cannot hold in this test; the test says why.
    forgiven: Mutex<Vec<&'static str>>,
}

impl Pbx {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    pub fn start_with(options: &[&str]) -> Self {
        let scratch = tempdir::TempDir::new("pbx");
        let folder = scratch.path().join("asterisk");
        let mut command = script();
        command.args(["up", "--watch-pid", &std::process::id().to_string(), "--dir"]).arg(&folder);
        let env = values(&run(command.args(options)));
        Self { env, scratch, judged: Mutex::default(), forgiven: Mutex::default() }
    }

    pub fn value(&self, name: &str) -> &str {
        self.env.get(name).unwrap_or_else(|| panic!("scripts/pbx up printed no {name}"))
    }

    pub fn server(&self) -> String {
        format!("127.0.0.1:{}", self.value("PBX_SIP_PORT"))
    }

    /// Where calls from the public network come in.
    pub fn trunk(&self) -> String {
        format!("127.0.0.1:{}", self.value("PBX_TRUNK_PORT"))
    }

    /// Where calls to outside numbers go.
    pub fn peer(&self) -> String {
        format!("127.0.0.1:{}", self.value("PBX_PEER_PORT"))
    }

    pub fn cli(&self, command: &str) -> String {
        run(script().arg("cli").arg(self.value("PBX_DIR")).arg(command))
    }

    /// It stands still, and what is sent to it waits.
    pub fn freeze(&self) {
        let pid = std::fs::read_to_string(PathBuf::from(self.value("PBX_DIR")).join("pid")).expect("a file");
        let pid = pid.trim().parse().ok().and_then(rustix::process::Pid::from_raw).expect("a process");
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).expect("a signal");
    }

    pub fn stop(&self) {
        run(script().arg("down").arg(self.value("PBX_DIR")).args(["--hard", "--keep"]));
    }

    /// After `stop`, on the same ports, with all registrations forgotten.
    pub fn start_again(&self) {
        run(script().arg("restart").arg(self.value("PBX_DIR")).arg("--forget"));
    }

    /// The PBX's own view: whether a telephone is registered for this account.
    pub fn has_contact(&self, account: &str) -> bool {
        self.cli("pjsip show contacts").contains(&format!("{account}/sip:"))
    }

    pub fn until_contact(&self, account: &str, within: Duration) {
        crate::until(&format!("a contact of {account} on the PBX"), within, || self.has_contact(account));
    }

    /// The PBX's call records, one line each, once there are so many.
    pub fn call_records(&self, at_least: usize) -> Vec<Cdr> {
        let read = || -> Vec<Cdr> {
            let text = std::fs::read_to_string(self.value("PBX_CDR")).unwrap_or_default();
            text.lines().map(Cdr::parse).collect()
        };
        crate::until("call records", Duration::from_secs(5), || read().len() >= at_least);
        read()
    }

    pub fn digits_heard(&self) -> String {
        std::fs::read_to_string(self.value("PBX_DIGITS")).unwrap_or_default()
    }

    pub fn capture(&self) -> Vec<Captured> {
        let log = std::fs::read(self.value("PBX_LOG")).expect("the log of the PBX");
        wire::log::read(&log)
    }

    /// What one telephone and the PBX said to each other.
    pub fn capture_of(&self, local: &str) -> Vec<Captured> {
        self.capture_of_all(&[local.to_owned()])
    }

    /// When each RTP packet from these ports came, first to last; after `rtp set debug on`.
    pub fn packets_from(&self, ports: std::ops::Range<u16>) -> Vec<f64> {
        let ours = |(_, from, port): &(f64, bool, u16)| *from && ports.contains(port);
        self.packets().into_iter().filter(ours).map(|(at, ..)| at).collect()
    }

    /// When each RTP packet went to whoever sent the first one from these ports; after `rtp set debug on`.
    pub fn packets_to_first_of(&self, ports: std::ops::Range<u16>) -> Vec<f64> {
        let packets = self.packets();
        let first = packets.iter().find(|(_, from, port)| *from && ports.contains(port)).expect("a packet").2;
        packets.into_iter().filter(|(_, from, port)| !from && *port == first).map(|(at, ..)| at).collect()
    }

    /// When, whether it came or went, and the far end's port.
    fn packets(&self) -> Vec<(f64, bool, u16)> {
        let log = String::from_utf8_lossy(&std::fs::read(self.value("PBX_LOG")).expect("the log of the PBX"))
            .into_owned();
        let read = |line: &str| -> Option<(f64, bool, u16)> {
            let (way, peer) = line.split_once("packet from").or_else(|| line.split_once("packet to"))?;
            let from = way.contains("Got  RTP");
            let port = peer.split_once(" (")?.0.rsplit_once(':')?.1.trim().parse().ok()?;
            (from || way.contains("Sent RTP")).then(|| (wire::log::seconds(line), from, port))
        };
        log.lines().filter_map(read).collect()
    }

    fn capture_of_all(&self, addresses: &[String]) -> Vec<Captured> {
        let parse = |text: &String| text.parse().unwrap_or_else(|_| panic!("address {text}"));
        wire::of_telephone(&self.capture(), &addresses.iter().map(parse).collect::<Vec<_>>())
    }

    pub fn judge(&self, addresses: Vec<String>) {
        let mut judged = self.judged.lock().expect("a lock");
        if !judged.contains(&addresses) {
            judged.push(addresses);
        }
    }

    pub fn forgive(&self, rule: &'static str) {
        self.forgiven.lock().expect("a lock").push(rule);
    }

    /// Every rule broken by a telephone under test, and nothing that the test has forgiven.
    fn verdict(&self) -> Vec<String> {
        let forgiven = self.forgiven.lock().expect("a lock").clone();
        let mut broken = Vec::new();
        for local in self.judged.lock().expect("a lock").iter() {
            let capture = self.capture_of_all(local);
            let local = local.join(", ");
            if capture.is_empty() {
                broken.push(format!("{local}: the PBX saw nothing of it"));
            }
            for each in wire::check(&capture).into_iter().filter(|each| !forgiven.contains(&each.rule)) {
                let shown = String::from_utf8_lossy(&capture[each.message].raw).into_owned();
                broken.push(format!("{local}: {each:?}\n{shown}"));
            }
        }
        broken
    }
}

impl Drop for Pbx {
    fn drop(&mut self) {
        let failed = std::thread::panicking();
        let mut verdict = if failed { Vec::new() } else { self.verdict() };
        // The last ACK or answer may still be on its way into the PBX's log.
        for _ in 0..20 {
            if verdict.is_empty() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
            verdict = self.verdict();
        }
        if failed || !verdict.is_empty() {
            let kept = self.scratch.keep();
            eprintln!("logs, captures and recordings are kept in {}", kept.display());
        }
        let keep: &[&str] = if failed || !verdict.is_empty() { &["--keep"] } else { &[] };
        let _ = script().arg("down").arg(self.value("PBX_DIR")).args(keep).output();
        assert!(verdict.is_empty(), "what the telephone sent breaks rules:\n{}", verdict.join("\n"));
    }
}

/// A call record of the PBX.
#[derive(Debug)]
pub struct Cdr {
    pub from: String,
    pub to: String,
    pub far_channel: String,
    pub disposition: String,
}

impl Cdr {
    fn parse(line: &str) -> Self {
        let fields: Vec<String> =
            line.split("\",\"").map(|field| field.trim_matches('"').to_owned()).collect();
        let field = |at: usize| fields.get(at).cloned().unwrap_or_default();
        // accountcode, src, dst, dcontext, clid, channel, dstchannel, …; the numbers at the end are unquoted
        let disposition = ["ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION"]
            .into_iter()
            .find(|word| line.contains(&format!("\"{word}\"")));
        Self {
            from: field(1),
            to: field(2),
            far_channel: field(6),
            disposition: disposition.unwrap_or_default().to_owned(),
        }
    }
}

pub fn script() -> Command {
    let mut command = Command::new(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scripts/pbx"));
    command.env_remove("PBX_DIR").stdin(Stdio::null());
    command
}

fn run(command: &mut Command) -> String {
    let started = now();
    let Output { status, stdout, stderr } =
        command.output().unwrap_or_else(|error| panic!("scripts/pbx (python3 is needed): {error}"));
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{command:?} failed after {:?}:\n{stderr}", started.elapsed());
    String::from_utf8_lossy(&stdout).into_owned()
}

fn values(text: &str) -> BTreeMap<String, String> {
    text.lines().filter_map(|line| line.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect()
}

pub mod tempdir {
    //! A directory of one test.

    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    pub struct TempDir {
        path: PathBuf,
        kept: AtomicBool,
    }

    static NEXT: AtomicU32 = AtomicU32::new(0);

    impl TempDir {
        pub fn new(name: &str) -> Self {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("patchcord-{name}-{}-{number}", std::process::id()));
            let _ = std::fs::remove_dir_all(&path);
            std::fs::create_dir_all(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            Self { path, kept: AtomicBool::new(false) }
        }

        pub fn path(&self) -> &Path {
            &self.path
        }

        pub fn keep(&self) -> &Path {
            self.kept.store(true, Ordering::Relaxed);
            &self.path
        }
    }

    impl Drop for TempDir {
        fn drop(&mut self) {
            if !self.kept.load(Ordering::Relaxed) {
                let _ = std::fs::remove_dir_all(&self.path);
            }
        }
    }
}
