//! A blind operator passes clients on, asks first, takes them back, and helps out colleagues: by keys alone, knowing what a screen
//! reader says.

use crate::people::{Answers, Baresip};
use crate::reader::Reader;
use crate::stage::{CLIENT, CLIENT_NAME, MANAGER, MANAGER_NAME, Stage};
use crate::{seconds, until};

const HEAD: &str = "302";
const HEAD_NAME: &str = "Орлова Мария";
/// Managers who are absent by the directory, and whose telephone is off.
const ABSENT: (&str, &str) = ("202", "Петров Сергей");
const OFFLINE: (&str, &str) = ("203", "Ким Елена");
/// 486 at once, and no colleague.
const BUSY: &str = "603";
/// Below what has room in the list.
const LAST_NAME: &str = "Пак Наталья";
const CLIENT_SHOWN: &str = "+7 916 000-00-01";
const OTHER: &str = "+79161234567";
const OTHER_SHOWN: &str = "+7 916 123-45-67";

#[test]
fn a_blind_operator_asks_the_head_and_brings_client_and_head_together() {
    let stage = Stage::set();
    let _window = stage.window();
    let mut reader = Reader::start(&stage);
    let head = Baresip::colleague(&stage.pbx, HEAD, &Answers::ByHand);
    let client = comes(&stage, &mut reader, CLIENT, CLIENT_NAME);

    // Who is busy at once is told, and the client is there again.
    ask(&stage, &mut reader, BUSY);
    reader.hears("busy");
    reader.finds("panel", &format!("Current call: On a call, {CLIENT_SHOWN}"));

    stage.press(&["F8"]);
    reader.comes_to("entry", "Name, department or number");
    stage.press(&["Tab"]);
    let mut row = reader.next_focus();
    while !row.contains(LAST_NAME) {
        stage.press(&["Down"]);
        row = reader.next_focus();
    }
    ask(&stage, &mut reader, HEAD);
    head.wait("CALL_INCOMING", seconds(10));
    reader.finds("panel", &format!("{CLIENT_NAME}, on hold"));
    let call = reader.finds("panel", "Current call: It rings");
    assert!(call.name.contains(HEAD_NAME), "{}", call.name);
    head.accept();
    reader.hears(&format!("On a call: {HEAD_NAME}"));

    stage.press(&["shift+F4"]);
    reader.hears(&format!("Off hold: {CLIENT_NAME}"));
    reader.finds("panel", &format!("{HEAD_NAME}, on hold"));
    stage.press(&["shift+F4"]);
    reader.hears(&format!("Off hold: {HEAD_NAME}"));

    stage.press(&["F9"]);
    reader.hears("In a conference");
    reader.finds("panel", "Current call: In a conference");
    reader.finds("toggle button", "End the conference");
    stage.press(&["F9"]);
    reader.hears("The conference is over");
    reader.finds("panel", &format!("{CLIENT_NAME}, on hold"));
    stage.picture("asked");

    let verb = reader.finds("push button", "Join");
    assert_eq!(verb.description, "F8");
    stage.press(&["F8"]);
    reader.hears(&format!("Passed to {HEAD_NAME}"));
    reader.finds("panel", "Current call: Wrap-up");
    assert!(!client.has("CALL_CLOSED") && !head.has("CALL_CLOSED"), "they speak with each other");
    client.hang_up();
    head.wait("CALL_CLOSED", seconds(5));
    until("the register entry", seconds(10), || {
        stage.desk.calls().iter().any(|entry| entry["transfers"][0]["target"] == HEAD)
    });
}

#[test]
fn a_blind_operator_hears_who_was_tried_who_is_back_and_who_rings_elsewhere() {
    // Whose blind transfers come back.
    let stage = Stage::set_for("110");
    stage.settings("[pbx]\npickup = \"*8{extension}\"\n");
    let _window = stage.window();
    let mut reader = Reader::start(&stage);
    let manager = Baresip::colleague(&stage.pbx, MANAGER, &Answers::ByHand);
    let head = Baresip::colleague(&stage.pbx, HEAD, &Answers::ByHand);
    let absent = Baresip::colleague(&stage.pbx, ABSENT.0, &Answers::ByHand);

    // A colleague's telephone rings, and nobody is there.
    let other = Baresip::customer(&stage.pbx, OTHER);
    other.dial(&format!("sip:{}@{}", ABSENT.0, stage.pbx.trunk()));
    let row = reader.finds("list item", &format!("{}, ringing", ABSENT.1));
    assert!(row.name.contains("can be picked up"), "{}", row.name);
    stage.press(&["F12"]);
    other.wait("CALL_ESTABLISHED", seconds(5));
    absent.wait("CALL_CLOSED", seconds(5));
    reader.hears(&format!("On a call: {OTHER_SHOWN}"));
    other.hang_up();
    reader.hears(&format!("Call ended: {OTHER_SHOWN}"));
    stage.press(&["Return"]);

    // The client's manager talks; the next one of the rules is there.
    manager.dial(&format!("sip:600@{}", stage.pbx.server()));
    reader.finds("list item", &format!("{MANAGER_NAME}, in a call"));
    let client = comes(&stage, &mut reader, CLIENT, CLIENT_NAME);
    stage.press(&["F8"]);
    reader.comes_to("entry", "Name, department or number");
    reader.finds("list item", "by the rules");
    stage.press(&["Return"]);
    reader.hears(&format!("{MANAGER_NAME}: in a call. Passing to {HEAD_NAME}"));
    head.wait("CALL_INCOMING", seconds(10));
    let call = reader.finds("panel", &format!("Current call: Passing to {HEAD_NAME}"));
    assert!(call.name.contains(CLIENT_NAME), "{}", call.name);
    head.accept();
    reader.hears(&format!("Passed to {HEAD_NAME}"));
    client.hang_up();
    head.wait("CALL_CLOSED", seconds(5));
    stage.press(&["Return"]);

    // Passed on blindly to a telephone that is off: the PBX gives the client back, in the wrap-up.
    let again = comes(&stage, &mut reader, CLIENT, CLIENT_NAME);
    looks_for(&stage, &mut reader, OFFLINE.0);
    stage.press(&["ctrl+Return"]);
    reader.hears(&format!("Passed to {}", OFFLINE.1));
    reader.hears(&format!("{CLIENT_NAME} is back from {}", OFFLINE.1));
    let call = reader.finds("panel", "Current call: Ringing");
    assert!(call.name.contains(CLIENT_NAME), "{}", call.name);
    reader.finds("label", &format!("Back from {}", OFFLINE.1));
    stage.press(&["F2"]);
    reader.hears(&format!("On a call: {CLIENT_NAME}"));
    stage.picture("back");
    assert!(!again.has("CALL_CLOSED"), "the client never left the line");
    again.hang_up();
    reader.hears("Call ended");
}

/// A client calls and is answered.
fn comes(stage: &Stage, reader: &mut Reader, number: &str, name: &str) -> Baresip {
    let client = Baresip::customer(&stage.pbx, number);
    client.dial(&stage.number_of_the_desk());
    reader.hears(&format!("{name} is calling"));
    stage.press(&["F2"]);
    client.wait("CALL_ESTABLISHED", seconds(5));
    reader.hears(&format!("On a call: {name}"));
    client
}

/// Types this extension into the list of targets.
fn looks_for(stage: &Stage, reader: &mut Reader, extension: &str) {
    stage.press(&["F8"]);
    reader.comes_to("entry", "Name, department or number");
    stage.type_text(extension);
    until(extension, seconds(10), || {
        let field = reader.finds("entry", "Name, department or number");
        field.written == extension
    });
}

/// Speaks with whom this extension belongs to, while the client waits.
fn ask(stage: &Stage, reader: &mut Reader, extension: &str) {
    looks_for(stage, reader, extension);
    stage.press(&["shift+Return"]);
}
