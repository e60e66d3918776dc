//! README's examples, pasted as they stand there.
//!
//! Stood in for are only: `cargo build`, by the programs under test; the reader's own PBX, by an Asterisk; the
//! desk's port, by a free one.

use crate::pbx::{Pbx, script, tempdir::TempDir};
use crate::people::{Answers, Baresip, free_tcp_port};
use crate::sound::{self, RATE};
use crate::telephone::program;
use crate::{now, seconds, until};
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const README: &str = include_str!("../../README.md");

fn blocks() -> impl Iterator<Item = &'static str> {
    README.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or(rest))
}

/// The only example with this text in it.
fn block(text: &str) -> &'static str {
    let found: Vec<_> = blocks().filter(|block| block.contains(text)).collect();
    assert_eq!(found.len(), 1, "one example with {text:?} expected");
    found[0]
}

/// A clone of this repository, as far as the examples look, and both programs on the path.
struct Reader {
    folder: PathBuf,
}

impl Reader {
    fn at(folder: &Path) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for part in ["bin", "target/release"] {
            fs::create_dir_all(folder.join(part)).expect("a directory");
        }
        symlink(root.join("scripts"), folder.join("scripts")).expect("a link");
        for (name, path) in [
            ("patchcord", env!("CARGO_BIN_EXE_patchcord")),
            ("patchcord-desk", env!("CARGO_BIN_EXE_patchcord-desk")),
        ] {
            symlink(path, folder.join("bin").join(name)).expect("a link");
            symlink(path, folder.join("target/release").join(name)).expect("a link");
        }
        let cargo = folder.join("bin/cargo");
        fs::write(&cargo, "#!/bin/sh\n[ \"$*\" = 'build --release' ]\n").expect("a file");
        fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("a program");
        Self { folder: folder.to_owned() }
    }

    /// With a settings file made from the sample, and a password file.
    fn with_account(pbx: &Pbx) -> Self {
        let reader = Self::at(&pbx.scratch.path().join("reader"));
        let mut settings = include_str!("../../config/patchcord.toml").to_owned();
        for (sample, own) in [("pbx.example.com:5060", pbx.server()), ("operator1", "101".to_owned())] {
            assert!(settings.contains(&format!(" = \"{sample}\"\n")), "{sample} is in the sample");
            settings = settings.replace(&format!(" = \"{sample}\"\n"), &format!(" = \"{own}\"\n"));
        }
        fs::write(reader.folder.join("patchcord.toml"), settings).expect("a file");
        let secret = reader.folder.join("secret");
        fs::write(&secret, "pw-101\n").expect("a file");
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("a file of our own");
        reader
    }

    /// Pastes this into a shell, which ends at the first failure and does `at_the_end` in any case.
    fn paste(&self, example: &str, at_the_end: &str) -> Pasted {
        let said = self.folder.join("said");
        let log = fs::File::create(&said).expect("a file");
        let path = std::env::var("PATH").unwrap_or_default();
        let own = program(&[]); // without PATCHCORD_… of the environment
        let mut shell = Command::new("bash");
        for (name, _) in own.get_envs().filter(|(_, value)| value.is_none()) {
            if !name.to_string_lossy().starts_with("PATCHCORD_PBX_") {
                shell.env_remove(name);
            }
        }
        let shell = shell
            .args(["-eu", "-o", "pipefail", "-c", &format!("trap '{at_the_end}' EXIT\n{example}")])
            .current_dir(&self.folder)
            .env("PATH", format!("{}:{path}", self.folder.join("bin").display()))
            .env("LC_ALL", "C.UTF-8")
            .env("XDG_CONFIG_HOME", self.folder.join("config"))
            .env("XDG_STATE_HOME", self.folder.join("state"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("bash");
        Pasted { shell, said }
    }
}

struct Pasted {
    shell: Child,
    said: PathBuf,
}

impl Pasted {
    /// What the example printed. It must have succeeded.
    fn finish(mut self, within: Duration) -> String {
        let deadline = now() + within;
        loop {
            let ended = self.shell.try_wait().expect("a child");
            let said = fs::read_to_string(&self.said).unwrap_or_default();
            if let Some(status) = ended {
                assert!(status.success(), "the example ended with {status}:\n{said}");
                return said;
            }
            assert!(now() < deadline, "the example still runs after {within:?}:\n{said}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Pasted {
    /// By a signal that lets it do what is to be done at the end.
    fn drop(&mut self) {
        if self.shell.try_wait().is_ok_and(|ended| ended.is_none()) {
            let pid = i32::try_from(self.shell.id()).ok().and_then(rustix::process::Pid::from_raw);
            let _ = pid.map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::TERM));
            let _ = self.shell.wait();
        }
    }
}

#[test]
fn a_first_call_works_as_written() {
    let home = TempDir::new("readme");
    let reader = Reader::at(home.path());
    reader.paste(block("scripts/pbx up"), "scripts/pbx down \"$PBX_DIR\"").finish(seconds(60));
    let heard = sound::read(&home.path().join("echo.wav"), 0);
    assert!((4 * RATE..6 * RATE).contains(&heard.len()), "{} samples of five seconds", heard.len());
}

#[test]
fn register_answer_and_call_work_as_written() {
    let pbx = Pbx::start();
    let reader = Reader::with_account(&pbx);
    sound::write(&reader.folder.join("hello.wav"), &sound::noise(2));
    let lines: Vec<_> = block("patchcord register").lines().collect();
    let [register, answer, call] = lines[..] else { panic!("three commands expected: {lines:?}") };

    reader.paste(register, "").finish(seconds(10));

    let answering = reader.paste(answer, "");
    pbx.until_contact("101", seconds(10));
    let client = Baresip::customer(&pbx, "+79161234567");
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    client.wait("CALL_ESTABLISHED", seconds(5));
    std::thread::sleep(seconds(1));
    client.hang_up();
    answering.finish(seconds(10));

    let manager = Baresip::colleague(&pbx, "201", &Answers::AtOnce);
    let calling = reader.paste(call, "");
    manager.wait("CALL_ESTABLISHED", seconds(10));
    std::thread::sleep(seconds(3));
    manager.hang_up();
    calling.finish(seconds(10));
    let recorded = sound::read(&reader.folder.join("call.wav"), 0);
    sound::must_be_heard("the manager is recorded", &manager.voice, 0.5, 2.5, &recorded);
}

#[test]
fn the_card_while_it_rings_works_as_written() {
    let pbx = Pbx::start();
    let reader = Reader::with_account(&pbx);
    let desk = format!("127.0.0.1:{}", free_tcp_port());
    let example = block("patchcord-desk serve").replace("127.0.0.1:8080", &desk);
    assert_eq!(example.matches(&desk).count(), 2, "where the desk is and where it is looked for");

    let operator = reader.paste(&example, "kill $(jobs -p)");
    pbx.until_contact("101", seconds(20));
    until("the desk", seconds(20), || TcpStream::connect(&desk).is_ok());
    let client = Baresip::customer(&pbx, "+79160000001"); // one of the sample's
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    client.wait("CALL_ESTABLISHED", seconds(5));
    std::thread::sleep(seconds(1));
    client.hang_up();
    let said = operator.finish(seconds(20));
    assert!(said.contains(", manager "), "no card of a client with a manager:\n{said}");
}

/// Nothing in README is left to the eye: a new example has to be run here, too.
#[test]
fn every_example_is_pasted_by_a_test() {
    // `tests/demo.rs` plays the demonstration, and `scripts/test` is what runs this.
    let pasted = ["scripts/demo --headless", "scripts/pbx up", "patchcord register", "patchcord-desk serve"];
    for example in blocks() {
        assert!(pasted.iter().any(|text| example.contains(text)), "no test pastes this:\n{example}");
    }
    let fences = README.matches("```").count();
    assert_eq!(fences, 2 * (pasted.len() + 1), "an example that is not marked `sh`, besides the tree");
}

#[test]
fn flags_and_files_named_in_the_text_exist() {
    let text: String = README.split("```").step_by(2).collect();
    for span in text.split('`').skip(1).step_by(2) {
        let words: Vec<_> = span.split_whitespace().collect();
        let first = words[0];
        if first.starts_with("--") && words.len() == 1 {
            let help = understood(&["call", "--help"]);
            assert!(help.contains(&format!(" {first} ")), "README names {first}, which is no flag");
        } else if first.starts_with("--") {
            understood(&[&["call", "201"], &words[..], &["--help"]].concat());
        } else if first == "patchcord" {
            // Some would want a PBX or a sound server.
            understood(&[&words[1..], &["--help"]].concat());
        } else if first == "patchcord-desk" {
            let mut desk = Command::new(env!("CARGO_BIN_EXE_patchcord-desk"));
            let said = desk.args(&words[1..]).arg("--help").output().expect("patchcord-desk");
            assert!(said.status.success(), "{span}: {}", String::from_utf8_lossy(&said.stderr));
        } else if first.contains('/') {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(first);
            assert!(path.exists(), "README names {first}, which is not there");
        } else {
            assert!(["cargo", "PATCHCORD_PASSWORD"].contains(&first), "nobody checks `{span}`");
        }
    }
    let help = script().arg("--help").output().expect("scripts/pbx");
    assert!(String::from_utf8_lossy(&help.stdout).contains("pbx down"), "README says how it is stopped");
}

/// What the program says to these arguments, which it must not refuse.
fn understood(arguments: &[&str]) -> String {
    let output = program(arguments).output().expect("patchcord");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).replace('\n', " \n")
}
