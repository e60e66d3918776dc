//! `patchcord` as a child process: arguments in, events and exit code out.

use crate::now;
use crate::pbx::Pbx;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An event and when its line was read, in seconds since 1970.
#[derive(Clone, Debug)]
pub struct Said {
    pub at: f64,
    pub event: Value,
}

impl Said {
    pub fn is(&self, name: &str) -> bool {
        self.event["event"] == name
    }
}

#[derive(Default)]
struct Heard {
    lines: Mutex<(Vec<Said>, bool)>,
    more: Condvar,
}

pub struct Telephone<'a> {
    pbx: Option<&'a Pbx>,
    pub child: Child,
    heard: Arc<Heard>,
    threads: Vec<JoinHandle<()>>,
    stderr: Arc<Mutex<String>>,
    what: String,
}

/// How a telephone ended.
pub struct Ended {
    pub code: Option<i32>,
    pub said: Vec<Said>,
    pub stderr: String,
}

impl Ended {
    /// The only event of this name.
    pub fn one(&self, name: &str) -> &Value {
        let found: Vec<_> = self.said.iter().filter(|said| said.is(name)).collect();
        assert_eq!(found.len(), 1, "one `{name}` expected:\n{}", self.story());
        &found[0].event
    }

    pub fn has(&self, name: &str) -> bool {
        self.said.iter().any(|said| said.is(name))
    }

    pub fn exited(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "exit code {code} expected:\n{}", self.story());
        self
    }

    pub fn story(&self) -> String {
        let lines: Vec<String> = self.said.iter().map(|said| said.event.to_string()).collect();
        format!("exit {:?}\n{}\nstderr:\n{}", self.code, lines.join("\n"), self.stderr)
    }
}

/// The program without a PBX behind it, for rows about wrong input. This build's, unless the environment names another
/// one: a release, to be measured.
pub fn program(arguments: &[&str]) -> Command {
    let named = std::env::var_os("PATCHCORD_TEST_PROGRAM");
    let mut command = Command::new(named.unwrap_or_else(|| env!("CARGO_BIN_EXE_patchcord").into()));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PATCHCORD_")) {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C.UTF-8").args(arguments).stdin(Stdio::null());
    command
}

/// Apart from the PBX's and the others' ranges.
pub const OUR_RTP: std::ops::Range<u16> = 12_000..14_000;

/// `patchcord COMMAND --json` with the account's server, user and password, told what else to do.
pub fn telephone(pbx: &Pbx, account: &str, arguments: &[&str]) -> Command {
    let home = pbx.scratch.path().join(format!("home-{account}"));
    telephone_at(&pbx.server(), &home, account, arguments)
}

/// The same at any server, with this folder as its user's home.
pub fn telephone_at(server: &str, home: &Path, account: &str, arguments: &[&str]) -> Command {
    let mut command = program(&[]);
    command.args(arguments).args(["--json", "--user", account]);
    if !arguments.contains(&"--server") {
        command.args(["--server", server]);
    }
    command.args(["--rtp-ports", &format!("{}-{}", OUR_RTP.start, OUR_RTP.end - 1)]);
    command.env("PATCHCORD_PASSWORD", format!("pw-{account}")).env("HOME", home);
    command.env("XDG_CACHE_HOME", home.join("cache")).env("XDG_CONFIG_HOME", home.join("config"));
    command
}

impl<'a> Telephone<'a> {
    /// A telephone under test: what it sends is checked when the test ends.
    pub fn start(pbx: &'a Pbx, account: &str, arguments: &[&str]) -> Self {
        Self::spawn(telephone(pbx, account, arguments), Some(pbx))
    }

    pub fn spawn(mut command: Command, pbx: Option<&'a Pbx>) -> Self {
        let what = format!("{command:?}");
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        let heard = Arc::new(Heard::default());
        let stderr = Arc::new(Mutex::new(String::new()));
        let (out, err) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
        let (into, text) = (Arc::clone(&heard), Arc::clone(&stderr));
        let threads = vec![
            std::thread::spawn(move || listen(out, &into)),
            std::thread::spawn(move || {
                for line in BufReader::new(err).lines().map_while(Result::ok) {
                    let mut text = text.lock().expect("a lock");
                    text.push_str(&line);
                    text.push('\n');
                }
            }),
        ];
        Self { pbx, child, heard, threads, stderr, what }
    }

    /// Waits for the first event of this name.
    pub fn wait(&self, name: &str, within: Duration) -> Said {
        self.wait_where(name, within, |_| true)
    }

    pub fn wait_where(&self, name: &str, within: Duration, fits: impl Fn(&Value) -> bool) -> Said {
        let deadline = now() + within;
        let mut lines = self.heard.lines.lock().expect("a lock");
        loop {
            let found = lines.0.iter().find(|said| said.is(name) && fits(&said.event));
            if let Some(said) = found {
                return said.clone();
            }
            let left = deadline.saturating_duration_since(now());
            if left.is_zero() || lines.1 {
                let told: Vec<String> = lines.0.iter().map(|said| said.event.to_string()).collect();
                drop(lines);
                let stderr = self.stderr.lock().expect("a lock").clone();
                panic!(
                    "no `{name}` within {within:?}: {}\n{}\nstderr:\n{stderr}",
                    self.what,
                    told.join("\n")
                );
            }
            (lines, _) = self.heard.more.wait_timeout(lines, left).expect("a lock");
        }
    }

    pub fn said(&self) -> Vec<Said> {
        self.heard.lines.lock().expect("a lock").0.clone()
    }

    pub fn local(&self) -> String {
        let ready = self.wait("ready", Duration::from_secs(5));
        ready.event["local"].as_str().unwrap_or_default().to_owned()
    }

    /// Ctrl-C.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal");
    }

    /// Waits for the end, and holds every line against the published schema.
    pub fn finish(mut self, within: Duration) -> Ended {
        let deadline = now() + within;
        let status = loop {
            match self.child.try_wait().expect("a child") {
                Some(status) => break Some(status),
                None if now() > deadline => break None,
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        if status.is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        let ended = Ended {
            code: status.and_then(|status| status.code()),
            said: self.said(),
            stderr: self.stderr.lock().expect("a lock").clone(),
        };
        assert!(status.is_some(), "still running after {within:?}: {}\n{}", self.what, ended.story());
        for said in &ended.said {
            crate::schema::event(&said.event.to_string());
        }
        let ready = ended.said.iter().filter(|said| said.is("ready"));
        let addresses: Vec<_> =
            ready.filter_map(|said| said.event["local"].as_str()).map(str::to_owned).collect();
        if let Some(pbx) = self.pbx.filter(|_| !addresses.is_empty()) {
            pbx.judge(addresses);
        }
        ended
    }
}

impl Drop for Telephone<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listen(out: impl Read, heard: &Heard) {
    for line in BufReader::new(out).lines().map_while(Result::ok) {
        let at = wall_clock();
        let event = serde_json::from_str(&line).unwrap_or(Value::String(line));
        heard.lines.lock().expect("a lock").0.push(Said { at, event });
        heard.more.notify_all();
    }
    heard.lines.lock().expect("a lock").1 = true;
    heard.more.notify_all();
}

/// Seconds since 1970, as events have them.
pub fn wall_clock() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
