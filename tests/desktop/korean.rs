//! Korean is composed syllable by syllable by an input method: here ibus, as on most desktops.

use crate::people::Baresip;
use crate::reader::Reader;
use crate::stage::{Beside, CLIENT, CLIENT_NAME, OPERATOR, Stage};
use crate::{now, seconds, until};
use std::process::Command;
use std::time::Duration;

#[test]
fn korean_is_typed_anywhere_and_a_key_in_mid_syllable_loses_none_of_it() {
    let stage = Stage::set();
    let _method = input_method(&stage);
    let (server, desk) = (stage.pbx.server(), stage.desk.url());
    let account = ["window", "--user", OPERATOR, "--server", &server, "--desk", &desk, "--lang", "ko"];
    let _window = stage.open(stage.patchcord(&account).env("XMODIFIERS", "@im=ibus"));
    stage.until_registered();
    let mut reader = Reader::start(&stage);
    let client = Baresip::customer(&stage.pbx, CLIENT);
    client.dial(&stage.number_of_the_desk());
    reader.hears(CLIENT_NAME);

    stage.press(&["ctrl+d"]);
    reader.comes_to("entry", "전화 걸기");
    // Three letters of one syllable, which more could follow: it is not finished.
    until_typed(&stage, &mut reader, "전화 걸기", "gks", "한");
    press_until(&stage, "F2", || client.has("CALL_ESTABLISHED"));
    until("the syllable", seconds(15), || written(&mut reader, "전화 걸기") == "한");

    let palette = |reader: &mut Reader| {
        reader.reads().iter().any(|node| node.role == "entry" && node.name.starts_with("명령"))
    };
    press_until(&stage, "ctrl+k", || palette(&mut reader));
    reader.comes_to("entry", "명령");
    until_typed(&stage, &mut reader, "명령", "dmathrj", "음소거");
    stage.picture("korean");
    press_until(&stage, "Return", || !palette(&mut reader));
    reader.hears("마이크 꺼짐");
    client.hang_up();
}

/// The input method comes to a field a moment later than the keyboard, and a test types faster than people. The last
/// syllable is still being composed; winit 0.30 does not draw it where the end of the one before is told after its
/// beginning, as on a busy machine.
fn until_typed(stage: &Stage, reader: &mut Reader, field: &str, keys: &str, expected: &str) {
    let (finished, _) = expected.split_at(expected.char_indices().last().expect("a syllable").0);
    until(expected, seconds(60), || {
        stage.press(&["ctrl+a", "BackSpace"]);
        stage.type_text(keys);
        let deadline = now() + seconds(3);
        let mut written = written(reader, field);
        while written != expected && now() < deadline {
            written = self::written(reader, field);
        }
        written == expected || written == finished
    });
}

/// winit 0.30 drops a key whose input method is slower to say that the syllable is finished than to hand the key back: rare,
/// but not on a machine that does six tests at once. Whoever sees that nothing happened presses again.
fn press_until(stage: &Stage, key: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..6 {
        stage.press(&[key]);
        let deadline = now() + seconds(4);
        while now() < deadline {
            if done() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    panic!("{key} does nothing");
}

fn written(reader: &mut Reader, field: &str) -> String {
    reader.finds("entry", field).written
}

/// With the Hangul engine, which begins with Hangul.
fn input_method(stage: &Stage) -> Beside {
    let settings = stage.home().join(".config/glib-2.0/settings");
    std::fs::create_dir_all(&settings).expect("a folder");
    let hangul = "[org/freedesktop/ibus/engine/hangul]\ninitial-input-mode='hangul'\n";
    std::fs::write(settings.join("keyfile"), hangul).expect("a file");
    let mut daemon = Command::new("env");
    let daemon = stage.beside(daemon.args([
        "GSETTINGS_BACKEND=keyfile",
        "ibus-daemon",
        "--xim",
        "--panel=disable",
        "--emoji-extension=disable",
        "--cache=none",
    ]));
    // The first question starts the engine, and may not wait for it.
    let engine = |arguments: &[&str]| {
        let mut ask = Command::new("ibus");
        let said = stage.env(ask.arg("engine").args(arguments)).output().expect("ibus");
        String::from_utf8_lossy(&said.stdout).trim() == "hangul"
            || said.status.success() && !arguments.is_empty()
    };
    until("the Hangul engine", seconds(60), || engine(&["hangul"]) && engine(&[]));
    let mut servers = Command::new("xprop");
    stage.env(servers.args(["-root", "XIM_SERVERS"]));
    until("the input method", seconds(30), || {
        String::from_utf8_lossy(&servers.output().expect("xprop").stdout).contains("ibus")
    });
    daemon
}
