//! Wrong words on the command line, in files and in names: a clear message and the documented exit code.

use crate::pbx::Pbx;
use crate::pbx::tempdir::TempDir;
use crate::people::free_udp_port;
use crate::telephone::program;
use crate::{now, seconds};
use std::io::Read;
use std::process::{Command, Stdio};

fn run(arguments: &[&str]) -> (i32, String) {
    let mut command = program(arguments);
    command.env("PATCHCORD_PASSWORD", "secret");
    finished(command)
}

fn finished(mut command: Command) -> (i32, String) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("patchcord");
    let mut pipe = child.stderr.take().expect("a pipe");
    let reader = std::thread::spawn(move || {
        let mut said = String::new();
        let _ = pipe.read_to_string(&mut said);
        said
    });
    let deadline = now() + seconds(40);
    let status = loop {
        match child.try_wait().expect("a child") {
            Some(status) => break status.code(),
            None if now() > deadline => {
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
            None => std::thread::sleep(std::time::Duration::from_millis(20)),
        }
    };
    let said = reader.join().expect("a reader");
    (status.unwrap_or_else(|| panic!("no end after 40 s: {command:?}\n{said}")), said)
}

#[test]
fn an_unknown_host_is_named() {
    let (code, said) = run(&["register", "--server", "no-such-host.invalid", "--user", "101"]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("no-such-host.invalid"), "{said}");
}

#[test]
fn a_port_where_nothing_listens_is_nobody_there() {
    let server = format!("127.0.0.1:{}", free_udp_port());
    let (code, said) = run(&["register", "--server", &server, "--user", "101"]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains(&server), "{said}");
}

#[test]
fn a_bad_line_in_the_settings_is_named_with_what_to_write() {
    let folder = TempDir::new("settings");
    let file = folder.path().join("patchcord.toml");
    std::fs::write(&file, "[pbx]\nserver = \"127.0.0.1:5060\"\ntransport = \"carrier-pigeon\"\n")
        .expect("a file");
    let (code, said) = run(&["register", "--user", "101", "--config", &file.to_string_lossy()]);
    assert_eq!(code, 2, "{said}");
    for word in ["patchcord.toml", "3", "transport", "udp"] {
        assert!(said.contains(word), "{word} is not in: {said}");
    }
}

#[test]
fn a_sound_file_that_cannot_be_read_is_named_before_anybody_is_called() {
    let folder = TempDir::new("sound");
    let file = folder.path().join("no-sound.wav");
    std::fs::write(&file, "this is no sound").expect("a file");
    for name in [file.to_string_lossy().into_owned(), "/nowhere/at-all.wav".to_owned()] {
        let (code, said) = run(&["call", "600", "--server", "127.0.0.1:9", "--user", "101", "--play", &name]);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(&name), "{said}");
    }
}

#[test]
fn a_password_is_asked_for_and_never_taken_as_an_argument() {
    let pbx = Pbx::start();
    let (code, said) = finished(program(&["register", "--server", &pbx.server(), "--user", "101"]));
    assert!([2, 3].contains(&code), "exit code {code}: {said}");
    assert!(said.contains("PATCHCORD_PASSWORD"), "{said}");
    let (code, _) = run(&["register", "--server", "127.0.0.1:9", "--user", "101", "--password", "x"]);
    assert_eq!(code, 2);
}
