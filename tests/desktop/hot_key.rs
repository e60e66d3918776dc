//! A key that answers from anywhere, on a real X server.

use crate::session;
use patchcord::config::{AnswerKey, Setting as _};
use patchcord::desktop::hotkey::{HotKeyFault, grab};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

/// On a display that is free; ends with the session.
const X_SERVER: &str = r#"
    Xvfb -displayfd 3 -nolisten tcp >/dev/null 2>&1 3>"$HOME/display" &
    trap "kill $!" EXIT
    while ! [ -s "$HOME/display" ]; do sleep 0.1; done
    export DISPLAY=:$(cat "$HOME/display")
"#;

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[test]
fn the_key_answers_whoever_has_the_keyboard() {
    let test = "hot_key::the_key_answers_whoever_has_the_keyboard";
    if session::within(test, X_SERVER).is_none() {
        return;
    }
    let key = AnswerKey::parse("Ctrl+Alt+A").unwrap();
    let (pressed, presses) = mpsc::channel();
    let sender = pressed.clone();
    let grabbed = grab(&key, environment, move || sender.send("first").unwrap()).unwrap();
    assert_eq!(grab(&key, environment, || {}).err(), Some(HotKeyFault::Taken));
    press("a");
    press("ctrl+alt+a");
    assert_eq!(presses.recv_timeout(Duration::from_secs(10)), Ok("first"));
    drop(grabbed);
    let other = AnswerKey::parse("F12").unwrap();
    let _grabbed = grab(&other, environment, move || pressed.send("second").unwrap()).unwrap();
    press("F12");
    assert_eq!(presses.recv_timeout(Duration::from_secs(10)), Ok("second"));
}

#[test]
fn without_an_x_server_it_is_said() {
    let test = "hot_key::without_an_x_server_it_is_said";
    if session::within(test, session::NOTHING).is_none() {
        return;
    }
    let key = AnswerKey::parse("Ctrl+Alt+A").unwrap();
    assert_eq!(grab(&key, environment, || {}).err(), Some(HotKeyFault::NotHere));
}

fn press(keys: &str) {
    assert!(Command::new("xdotool").args(["key", keys]).status().unwrap().success());
}
