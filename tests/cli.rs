//! The terminal contract seen from outside: exit codes, sentences, event lines.
#![expect(clippy::disallowed_methods, reason = "real programs take real time")]

#[allow(dead_code, reason = "shared with tests whose PBX takes calls")]
#[path = "support/answering_pbx.rs"]
mod answering_pbx;
#[allow(dead_code, reason = "shared with tests that read line by line")]
#[path = "support/schema.rs"]
mod schema;
#[path = "support/tls_desk.rs"]
mod tls_desk;

use answering_pbx::AnsweringPbx;
use rustix::process::{Pid, Signal};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tls_desk::TlsDesk;

const LANGUAGES: [&str; 3] = ["en", "ko", "ru"];

#[test]
fn an_unknown_host_is_named_and_ends_in_4() {
    let ended = patchcord(&["register", "--server", "no-such-host.invalid", "--user", "101"]);
    says(&ended, 4, &["no-such-host.invalid", "--server"]);
}

#[test]
fn a_closed_port_is_noticed_at_once_and_ends_in_4() {
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let begun = Instant::now();
    for command in [&["register"][..], &["options", "101"], &["call", "200"], &["answer"]] {
        let ended = patchcord(&[command, &["--server", &closed, "--user", "101"]].concat());
        says(&ended, 4, &["--server"]);
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn a_bad_line_of_the_settings_is_shown_with_what_to_write() {
    let file = temporary("settings.toml", "[account]\nuser = \"101\"\nexpires = \"soon\"\n");
    for language in LANGUAGES {
        let ended = patchcord(&["register", "--config", file.to_str().unwrap(), "--lang", language]);
        says(&ended, 2, &["settings.toml", "3", "expires = \"soon\"", "300"]);
    }
    let file = temporary("numbering.toml", "[numbering]\narea_code = \"495\"\nshort_digits = 2\n");
    for language in LANGUAGES {
        let ended = patchcord(&["register", "--config", file.to_str().unwrap(), "--lang", language]);
        says(&ended, 2, &["numbering.toml", "3", "short_digits = 2", "5"]);
    }
    let ended = patchcord(&["register", "--config", "/no/such/file.toml"]);
    says(&ended, 2, &["/no/such/file.toml", "no such file"]);
}

#[test]
fn a_password_never_stands_in_the_settings_and_never_is_an_argument() {
    let file = temporary("with-password.toml", "[account]\npassword = \"hunter2\"\n");
    let ended = patchcord(&["register", "--config", file.to_str().unwrap()]);
    says(&ended, 2, &["with-password.toml", "2", "password_file"]);
    assert!(!stderr(&ended).contains("hunter2"));
    says(&patchcord(&["register", "--password", "hunter2"]), 2, &["--password"]);
}

#[cfg(unix)]
#[test]
fn a_password_file_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let file = temporary("password", "secret\n");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let path = file.to_str().unwrap();
    let ended = patchcord(&["register", "--server", "127.0.0.1", "--user", "101", "--password-file", path]);
    says(&ended, 2, &["chmod 600", path]);
}

#[test]
fn a_file_that_cannot_be_played_or_recorded_is_said_before_anything_is_sent() {
    let text = temporary("speech.wav", "this is no sound");
    let account = ["--server", "127.0.0.1:9", "--user", "101"];
    for (file, word) in [("/no/such/file.wav", "no such file"), (text.to_str().unwrap(), "WAV")] {
        says(&patchcord(&[&["call", "200", "--play", file][..], &account].concat()), 2, &[file, word]);
    }
    let nowhere = "/no/such/folder/call.wav";
    says(&patchcord(&[&["call", "200", "--record", nowhere][..], &account].concat()), 2, &[nowhere]);
}

#[test]
fn flags_that_cannot_be_used_are_named() {
    let rows: [(&[&str], &[&str]); 24] = [
        (&[], &["no display", "patchcord --help"]),
        (&["cal"], &["cal"]),
        (&["--user", "call", "cal"], &["cal", "register", "options", "call", "answer", "patchcord --help"]),
        (&["call"], &["TARGET"]),
        (&["register"], &["--server"]),
        (&["register", "--server", "127.0.0.1"], &["--user"]),
        (&["register", "--sever", "x"], &["--sever", "--server"]),
        (&["register", "--server", "a b"], &["--server", "a b", "pbx.example.com"]),
        (&["register", "--server", "127.0.0.1", "--user", "1", "--transport", "tls"], &["tls", "udp"]),
        (&["register", "--rtp-ports", "40000"], &["--rtp-ports", "40000-"]),
        (&["call", "200", "--seconds", "soon"], &["--seconds", "soon", "2.5"]),
        (&["call", "200", "--dtmf", "12x"], &["--dtmf", "12x"]),
        (&["call", "200", "--transfer", "201", "--transfer-mode", "shout"], &["shout", "return", "blind"]),
        (&["call", "200", "--ring-for", "5"], &["--transfer"]),
        (&["call", "200", "--transfer", "rules,201"], &["rules", "--transfer"]),
        (&["call", "200", "--transfer", "201", "--purpose", "other"], &["--purpose", "--transfer rules"]),
        (&["call", "200", "--transfer", "rules", "--server", "127.0.0.1", "--user", "1"], &["--desk URL"]),
        (&["call", "200", "--hold-at", "3", "--resume-at", "2"], &["--resume-at", "--hold-at"]),
        (&["answer", "--reject", "200"], &["--reject", "200", "486"]),
        (&["answer", "--calls", "0"], &["--calls 0", "1"]),
        (&["answer", "--lines", "10"], &["--lines 10", "9"]),
        (&["answer", "--swap-at", "3"], &["--swap-at", "--calls 2"]),
        (&["register", "--json=yes"], &["--json", "yes", "patchcord register --help"]),
        (&["call", "200", "--desk", "ftp://desk"], &["--desk", "https://"]),
    ];
    for (arguments, words) in rows {
        let ended = patchcord(arguments);
        says(&ended, 2, words);
        assert!(ended.stdout.is_empty(), "{arguments:?}: stdout is for events");
    }
    let ended =
        patchcord(&["call", "200", "--server", "127.0.0.1", "--user", "1", "--desk", "http://127.0.0.1:9"]);
    says(&ended, 2, &["PATCHCORD_DESK_TOKEN"]);
}

#[test]
fn dialling_without_a_window_ends_in_4() {
    // Where no other test's window is.
    let nowhere = std::env::temp_dir().join(format!("patchcord-no-window-{}", std::process::id()));
    let dial = |target: &str| command(&["dial", target]).env("XDG_RUNTIME_DIR", &nowhere).output().unwrap();
    for target in ["+7 495 123-45-67", "tel:+74951234567", "sip:200@pbx.example", "callto:200"] {
        says(&dial(target), 4, &["No Patchcord window runs"]);
    }
    for target in ["mailto:a@b", "tel:"] {
        says(&dial(target), 2, &["sip:200@host"]);
    }
}

#[test]
fn a_telephone_is_not_set_up_by_what_cannot_be_used() {
    let home = temporary("nothing", "");
    let set_up = |from: &str| {
        let mut command = command(&["provision", from]);
        command.env("HOME", home.parent().unwrap()).output().unwrap()
    };
    let line = temporary("line.toml", "[account]\nuser = 101\n[secrets]\npassword = \"hunter2\"\n");
    says(&set_up(line.to_str().unwrap()), 2, &["line.toml", "2", "user = 101"]);
    let secret = temporary("secret.toml", "[secrets]\npassword = 12345678\n");
    let refused = set_up(secret.to_str().unwrap());
    says(&refused, 2, &["secret.toml", "2", "password"]);
    assert!(!stderr(&refused).contains("12345678"));
    let large = temporary("large.toml", &"#".repeat(65 * 1024));
    says(&set_up(large.to_str().unwrap()), 2, &["64 KiB"]);
    says(&set_up("/no/such/file.toml"), 2, &["no such file"]);
    says(&set_up("http://192.0.2.1/t.toml"), 2, &["https://"]);
    let no_keys = temporary(
        "all.toml",
        "[account]\nuser = \"101\"\n[pbx]\nserver = \"pbx\"\n[secrets]\npassword = \"x\"\n",
    );
    says(&set_up(no_keys.to_str().unwrap()), 2, &["key store"]);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    says(&set_up(&format!("http://{closed}/t.toml?key=hunter2")), 4, &[&closed.to_string()]);
    let left = std::fs::read_dir(home.parent().unwrap()).unwrap().count();
    assert_eq!(left, 1, "something was written");
}

#[test]
fn sentences_come_in_the_language_of_the_flag_or_the_environment() {
    let arguments = ["register", "--server", "no-such-host.invalid", "--user", "101"];
    let sentence = |language: &str| stderr(&patchcord(&[&arguments[..], &["--lang", language]].concat()));
    assert!(sentence("ko").contains("호스트가 없습니다"));
    assert!(sentence("ru").contains("Узла с именем"));
    let environment = command(&arguments).env("LC_ALL", "ru_RU.UTF-8").output().unwrap();
    assert_eq!(stderr(&environment), sentence("ru"));
    assert!(stderr(&patchcord(&["call", "--lang", "ko"])).contains("빠졌습니다"));
    assert!(stderr(&patchcord(&["--lang=ru", "cal"])).contains("Команды cal нет"));
}

#[test]
fn help_names_every_command_and_goes_to_stdout() {
    let ended = patchcord(&["--help"]);
    assert_eq!(ended.status.code(), Some(0));
    let help = String::from_utf8(ended.stdout).unwrap();
    let commands = ["register", "options", "call", "answer", "dial", "provision"];
    for word in commands.into_iter().chain(["--json", "--password-file", "PATCHCORD_PASSWORD"]) {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn help_comes_in_the_language_of_the_flag_or_the_environment() {
    let help = |arguments: &[&str]| {
        let ended = patchcord(arguments);
        assert_eq!(ended.status.code(), Some(0), "{}", stderr(&ended));
        String::from_utf8(ended.stdout).unwrap()
    };
    assert!(help(&["--help", "--lang", "ko"]).contains("사용법: patchcord [옵션] [명령]"));
    assert!(help(&["--lang=ko", "call", "-h"]).contains("[기본값: 60]"));
    assert!(
        help(&["call", "--help", "--lang", "ru"])
            .contains("Использование: patchcord call [ПАРАМЕТРЫ] <TARGET>")
    );
    let environment = command(&["--help"]).env("LANG", "ru_RU.UTF-8").output().unwrap();
    assert_eq!(String::from_utf8(environment.stdout).unwrap(), help(&["--help", "--lang", "ru"]));
}

#[test]
fn register_says_what_was_granted_and_unregisters() {
    let pbx = AnsweringPbx::start(200);
    let ended = patchcord(&["register", "--json", "--server", &pbx.address(), "--user", "101"]);
    assert_eq!(ended.status.code(), Some(0), "{}", stderr(&ended));
    let events = schema::events(&String::from_utf8(ended.stdout).unwrap());
    let names: Vec<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    assert_eq!(names, ["ready", "registered", "unregistered"]);
    assert_eq!(events[1]["expires_s"], 60);
}

#[test]
fn a_desk_of_the_settings_without_a_token_costs_no_command() {
    let file = temporary("desk.toml", "[desk]\nurl = \"http://127.0.0.1:9\"\n");
    let pbx = AnsweringPbx::start(200);
    for arguments in [&["register"][..], &["options", "101"], &["answer", "--timeout", "0.2"]] {
        let account = ["--server", &pbx.address(), "--user", "101", "--config", file.to_str().unwrap()];
        let ended = patchcord(&[arguments, &account].concat());
        // Nobody calls: 4.
        let code = if arguments[0] == "answer" { 4 } else { 0 };
        says(&ended, code, &["PATCHCORD_DESK_TOKEN"]);
    }
}

#[test]
fn a_desk_with_a_certificate_of_the_companys_own_is_trusted_by_flag_or_setting() {
    let setting = temporary("ca.toml", &format!("[desk]\nca = {:?}\n", tls_desk::AUTHORITY));
    let by_flag = ["--ca", tls_desk::AUTHORITY];
    let by_setting = ["--config", setting.to_str().unwrap()];
    for (trusting, is_trusted) in [(&[][..], false), (&by_flag, true), (&by_setting, true)] {
        let (pbx, desk) = (AnsweringPbx::start(200), TlsDesk::start());
        let (address, url) = (pbx.address(), desk.url());
        let line = ["answer", "--server", &address, "--user", "101", "--desk", &url];
        let mut command = command(&[&line, trusting].concat());
        let mut telephone = command.env("PATCHCORD_DESK_TOKEN", "token").spawn().unwrap();
        // The telephone opens its connection to the desk as soon as it runs.
        let request = desk.next_request();
        telephone.kill().unwrap();
        telephone.wait().unwrap();
        assert_eq!(request.is_some_and(|request| request.contains("/healthz")), is_trusted, "{trusting:?}");
    }
}

#[test]
fn an_authority_that_cannot_be_used_is_said_at_the_start() {
    let text = temporary("ca.pem", "this is no certificate");
    for (file, word) in [("/no/such/ca.pem", "no such file"), (text.to_str().unwrap(), "BEGIN CERTIFICATE")] {
        let line = ["register", "--server", "127.0.0.1:9", "--user", "101", "--desk", "https://127.0.0.1:9"];
        let mut command = command(&[&line[..], &["--ca", file]].concat());
        let ended = command.env("PATCHCORD_DESK_TOKEN", "token").output().unwrap();
        says(&ended, 2, &[file, word, "--ca"]);
        assert!(ended.stdout.is_empty(), "something was begun");
    }
}

#[test]
fn refusals_of_the_registrar_end_in_3() {
    for (status, word) in [(403, "403"), (401, "--user")] {
        let pbx = AnsweringPbx::start(status);
        let ended = patchcord(&["register", "--json", "--server", &pbx.address(), "--user", "101"]);
        says(&ended, 3, &[word]);
        let events = schema::events(&String::from_utf8(ended.stdout).unwrap());
        assert!(
            events.iter().any(|event| event["event"] == "registration_failed" && event["status"] == status)
        );
    }
}

#[test]
fn options_tells_status_and_round_trip() {
    let pbx = AnsweringPbx::start(200);
    let ended = patchcord(&["options", "101", "--json", "--server", &pbx.address(), "--user", "101"]);
    assert_eq!(ended.status.code(), Some(0), "{}", stderr(&ended));
    let events = schema::events(&String::from_utf8(ended.stdout).unwrap());
    assert_eq!(events.last().unwrap()["status"], 200);
}

#[test]
fn without_a_call_answer_ends_in_4() {
    let pbx = AnsweringPbx::start(200);
    let ended = patchcord(&["answer", "--timeout", "0.2", "--server", &pbx.address(), "--user", "101"]);
    says(&ended, 4, &["--timeout"]);
}

#[test]
fn an_interrupt_unregisters_and_ends_in_130() {
    for signal in [Signal::INT, Signal::TERM] {
        let pbx = AnsweringPbx::start(200);
        let mut telephone = waiting(&pbx);
        send_signal(&telephone, signal);
        let mut rest = String::new();
        telephone.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
        assert_eq!(telephone.wait().unwrap().code(), Some(130));
        assert!(pbx.heard("Expires: 0") || pbx.heard("expires=0"), "{signal:?}: not unregistered");
    }
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let pbx = AnsweringPbx::start(200);
    let mut telephone = waiting(&pbx);
    pbx.fall_silent();
    send_signal(&telephone, Signal::INT);
    std::thread::sleep(Duration::from_millis(200));
    let begun = Instant::now();
    send_signal(&telephone, Signal::INT);
    assert_eq!(telephone.wait().unwrap().code(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[test]
fn a_reader_that_goes_away_ends_the_telephone_properly() {
    let pbx = AnsweringPbx::start(200);
    let at_once = command(&["answer", "--json", "--server", &pbx.address(), "--user", "101"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for (when, mut telephone) in [("at once", at_once), ("when there is nothing to write", waiting(&pbx))] {
        drop(telephone.stdout.take());
        let begun = Instant::now();
        while telephone.try_wait().unwrap().is_none() {
            if begun.elapsed() > Duration::from_secs(20) {
                telephone.kill().unwrap();
                panic!("{when}: it never noticed that nobody reads");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(telephone.wait().unwrap().code(), Some(130), "{when}");
    }
}

#[test]
fn a_reader_that_stops_reading_does_not_hold_the_telephone() {
    for signals in [1, 2] {
        let pbx = AnsweringPbx::start(200);
        let (full, _reader) = full_stdout();
        let mut telephone = command(&["answer", "--json", "--server", &pbx.address(), "--user", "101"])
            .stdout(full)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while !pbx.heard("REGISTER") {
            assert!(begun.elapsed() < Duration::from_secs(10), "never registered");
            std::thread::sleep(Duration::from_millis(20));
        }
        let begun = Instant::now();
        for _ in 0..signals {
            std::thread::sleep(Duration::from_millis(200));
            send_signal(&telephone, Signal::INT);
        }
        while telephone.try_wait().unwrap().is_none() {
            if begun.elapsed() > Duration::from_secs(6) {
                telephone.kill().unwrap();
                panic!("still there after {signals} signals");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(telephone.wait().unwrap().code(), Some(130));
        let at_once = Duration::from_millis(if signals == 2 { 900 } else { 6000 });
        assert!(begun.elapsed() < at_once, "{:?}", begun.elapsed());
    }
}

/// A standard output that takes nothing more, and its reader, who does not read.
fn full_stdout() -> (Stdio, UnixStream) {
    let (mut writer, reader) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    // Octet by octet at the end, so that no room is left.
    for size in [4096, 1] {
        while writer.write(&[b'x'; 4096][..size]).is_ok() {}
    }
    writer.set_nonblocking(false).unwrap();
    (Stdio::from(OwnedFd::from(writer)), reader)
}

/// A telephone that is registered and waits for calls.
fn waiting(pbx: &AnsweringPbx) -> Child {
    let mut telephone = command(&["answer", "--json", "--server", &pbx.address(), "--user", "101"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(telephone.stdout.take().unwrap());
    let (is_registered, registered) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        while !line.contains("\"registered\"") {
            line.clear();
            if stdout.read_line(&mut line).unwrap() == 0 {
                return;
            }
        }
        let _ = is_registered.send(stdout.into_inner());
    });
    let Ok(stdout) = registered.recv_timeout(Duration::from_secs(10)) else {
        telephone.kill().unwrap();
        panic!("never registered: {}", stderr(&telephone.wait_with_output().unwrap()));
    };
    telephone.stdout = Some(stdout);
    telephone
}

fn send_signal(child: &Child, signal: Signal) {
    rustix::process::kill_process(Pid::from_child(child), signal).unwrap();
}

fn patchcord(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// Without anything of the developer's own environment that could change what is said.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patchcord"));
    command.args(arguments).env_clear().env("PATCHCORD_PASSWORD", "secret").stdin(Stdio::null());
    command
}

fn stderr(ended: &Output) -> String {
    String::from_utf8_lossy(&ended.stderr).into_owned()
}

fn says(ended: &Output, code: i32, words: &[&str]) {
    let said = stderr(ended);
    assert_eq!(ended.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
}

/// A file of this test's own, readable by its owner alone.
fn temporary(name: &str, content: &str) -> PathBuf {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let folder =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("cli-{}-{count}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}
