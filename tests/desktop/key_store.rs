//! Secrets in a real Secret Service.

use crate::answering_pbx::AnsweringPbx;
use crate::session::{self, patchcord};
use patchcord::config::{HostPort, Setting as _, Settings};
use patchcord::desktop::keys::{self, Account, KeyFault};
use patchcord::recording::RecordingKey;
use patchcord::secrets::Secret;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;

#[test]
fn a_secret_is_kept_replaced_and_forgotten() {
    let test = "key_store::a_secret_is_kept_replaced_and_forgotten";
    let Some(home) = session::within(test, session::KEY_STORE) else { return };
    let server = HostPort::parse("pbx.example.com").unwrap();
    let account = Account::Password { user: "operator1", server: &server };
    let token = Account::DeskToken { url: "https://desk.example.com" };
    assert_eq!(keys::read(account), Ok(None));
    for secret in ["correct-horse", "пароль-비밀번호"] {
        keys::write(account, &Secret::new(secret)).unwrap();
        assert_eq!(keys::read(account), Ok(Some(Secret::new(secret))));
        assert_eq!(keys::read(token), Ok(None), "a token is another secret");
        assert_nowhere_in(&home, secret);
    }
    for _ in 0..2 {
        keys::forget(account).unwrap();
        assert_eq!(keys::read(account), Ok(None));
    }
}

/// What was sealed with the former one could never be opened again.
#[test]
fn a_recording_key_that_is_replaced_is_kept_under_its_own_name() {
    let test = "key_store::a_recording_key_that_is_replaced_is_kept_under_its_own_name";
    let Some(_home) = session::within(test, session::KEY_STORE) else { return };
    let server = HostPort::parse("pbx.example.com").unwrap();
    let account = Account::Recordings { user: "operator1", server: &server };
    let [former, new] = [1, 2].map(|octet| RecordingKey::make([octet; 32]));
    for key in [&former, &new] {
        keys::write(account, key).unwrap();
    }
    assert_eq!(keys::read(account), Ok(Some(new.clone())));
    for key in [former, new] {
        let name = RecordingKey::of(&key).unwrap().name();
        assert_eq!(keys::read(Account::RecordingKey { name: &name }), Ok(Some(key)));
    }
}

#[test]
fn a_session_without_a_key_store_says_so() {
    let test = "key_store::a_session_without_a_key_store_says_so";
    let Some(home) = session::within(test, session::NOTHING) else { return };
    let token = Account::DeskToken { url: "https://desk.example.com" };
    assert_eq!(keys::read(token), Err(KeyFault::NoStore));
    assert_eq!(keys::write(token, &Secret::new("hunter2")), Err(KeyFault::NoStore));
    assert_nowhere_in(&home, "hunter2");
}

/// One link, and the telephone works: the password is found, and stands in no file.
#[test]
fn a_link_sets_up_a_telephone_that_registers() {
    let test = "key_store::a_link_sets_up_a_telephone_that_registers";
    let Some(home) = session::within(test, session::KEY_STORE) else { return };
    let settings = home.join(".config/patchcord/patchcord.toml");
    std::fs::create_dir_all(settings.parent().unwrap()).unwrap();
    std::fs::write(&settings, "# by hand\n").unwrap();
    let pbx = AnsweringPbx::start(200);
    let sent = format!(
        "lang = \"ru\"\n[account]\nuser = \"101\"\n[pbx]\nserver = \"{}\"\n[desk]\nurl = \"http://127.0.0.1:9\"\n\
         [secrets]\npassword = \"hunter2-password\"\ndesk_token = \"hunter2-token\"\n",
        pbx.address()
    );
    let link = serve_once("200 OK", sent);
    let ended = patchcord(&["provision", &link]);
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    let read = Settings::read(&settings).unwrap();
    assert_eq!((read.user.as_deref(), read.server), (Some("101"), HostPort::parse(&pbx.address())));
    assert_eq!(std::fs::read_to_string(settings.with_extension("toml.bak")).unwrap(), "# by hand\n");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&settings).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);

    let ended = patchcord(&["register"]);
    let said = String::from_utf8_lossy(&ended.stderr);
    // Without password it would not have begun, and without token it would have said so.
    assert_eq!(ended.status.code(), Some(0), "{said}");
    assert!(!said.contains("PATCHCORD_DESK_TOKEN"), "{said}");
    assert_nowhere_in(&home, "hunter2");
}

#[test]
fn a_link_that_gives_no_settings_changes_nothing() {
    let test = "key_store::a_link_that_gives_no_settings_changes_nothing";
    let Some(home) = session::within(test, session::KEY_STORE) else { return };
    let bad_line = "[account]\nuser = \"101\"\n[secrets]\npassword = \"hunter2\"\npin = 1\n".to_owned();
    for (status, body, code, word) in [
        ("404 Not Found", String::new(), 4, "404"),
        ("302 Found\r\nLocation: https://example.com/", String::new(), 4, "302"),
        ("200 OK", "#".repeat(70_000), 2, "64 KiB"),
        ("200 OK", bad_line, 2, "line 5"),
        ("200 OK", "[secrets]\npassword = \"hunter2\"\n".to_owned(), 2, "[account]"),
        ("200 OK", "[secrets]\ndesk_token = \"hunter2\"\n".to_owned(), 2, "[desk]"),
    ] {
        let ended = patchcord(&["provision", &serve_once(status, body)]);
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(code), "{said}");
        assert!(said.contains(word) && !said.contains("hunter2"), "{said}");
    }
    assert!(!home.join(".config").exists(), "settings were written");
}

/// A server on this computer with one answer; its link holds a key, as such links do.
fn serve_once(status: &'static str, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let link = format!("http://{}/telephone.toml?key=hunter2-link", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            assert!(stream.read(&mut request).unwrap() > 0);
        }
        // Who has heard enough hangs up.
        let length = body.len();
        let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
    });
    link
}

pub fn assert_nowhere_in(folder: &Path, secret: &str) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_nowhere_in(&path, secret);
        } else if path.is_file() {
            let content = std::fs::read(&path).unwrap();
            let found = content.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{} holds the secret", path.display());
        }
    }
}
