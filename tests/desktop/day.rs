//! The operator's day at the window, judged by the client, the manager, the screen reader and the desk.

use crate::people::{Answers, Baresip};
use crate::reader::Reader;
use crate::stage::{CLIENT, CLIENT_NAME, MANAGER, MANAGER_NAME, Stage};
use crate::{seconds, sound, until};

#[test]
fn the_operator_takes_a_client_and_passes_him_on() {
    let stage = Stage::set();
    let window = stage.window();
    let mut reader = Reader::start(&stage);
    let manager = Baresip::colleague(&stage.pbx, MANAGER, &Answers::AtOnce);
    let client = Baresip::customer(&stage.pbx, CLIENT);
    client.dial(&stage.number_of_the_desk());
    reader.finds("panel", &format!("Client card: {CLIENT_NAME}"));
    let call = reader.finds("panel", "Current call: Ringing");
    assert!(call.name.contains(CLIENT_NAME), "{}", call.name);
    stage.picture("ringing");

    stage.press(&["F2"]);
    client.wait("CALL_ESTABLISHED", seconds(5));
    let (voice, ear) = (stage.sound.speak("headset", 12), stage.sound.listen("headset"));
    reader.finds("panel", "Current call: On a call");
    std::thread::sleep(seconds(6));
    stage.picture("talking");
    let (said, heard) = (sound::best(&voice, &client.heard()), sound::best(&client.voice, &ear.heard()));
    assert!(said >= sound::ALIKE, "the client hears the operator: {said:.3}");
    assert!(heard >= sound::ALIKE, "the operator hears the client: {heard:.3}");

    stage.press(&["F8"]);
    reader.finds("list item", MANAGER_NAME);
    stage.press(&["Return"]);
    manager.wait("CALL_ESTABLISHED", seconds(10));
    reader.hears(&format!("Passed to {MANAGER_NAME}"));
    reader.finds("label", &format!("Passed to {MANAGER_NAME}"));
    stage.picture("passed-on");
    client.hang_up();
    until("the register entry", seconds(10), || stage.desk.calls().len() == 1);
    let entry = &stage.desk.calls()[0];
    assert_eq!(
        (entry["direction"].as_str(), entry["matched"].as_str()),
        (Some("inbound"), Some("one")),
        "{entry}"
    );
    let passed = &entry["transfers"][0];
    assert_eq!(
        (passed["target"].as_str(), passed["result"].as_str()),
        (Some(MANAGER), Some("joined")),
        "{entry}"
    );
    drop(window);
}

#[test]
fn a_blind_operator_answers_reads_and_passes_on() {
    let stage = Stage::set();
    let _window = stage.window();
    let mut reader = Reader::start(&stage);
    let manager = Baresip::colleague(&stage.pbx, MANAGER, &Answers::AtOnce);
    let client = Baresip::customer(&stage.pbx, CLIENT);
    client.dial(&stage.number_of_the_desk());
    reader.hears(&format!("{CLIENT_NAME} is calling"));
    stage.press(&["F2"]);
    client.wait("CALL_ESTABLISHED", seconds(5));
    reader.hears(&format!("On a call: {CLIENT_NAME}"));
    reader.finds("label", &format!("Manager: {MANAGER_NAME}"));
    reader.finds("label", "Credit left: ");

    stage.press(&["F8"]);
    reader.comes_to("entry", "Name, department or number");
    let mut rows = Vec::new();
    // Three are in sight however low the window is, and whatever is said above them.
    until("colleagues in sight", seconds(5), || {
        rows = directory(&mut reader);
        rows.len() >= 3
    });
    stage.press(&["Tab"]);
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            stage.press(&["Down"]);
        }
        reader.comes_to("list item", row);
    }
    for row in rows.iter().rev().skip(1) {
        stage.press(&["Up"]);
        reader.comes_to("list item", row);
    }
    assert!(rows[0].contains(MANAGER_NAME), "the client's own manager is the first: {}", rows[0]);
    stage.press(&["Return"]);
    reader.hears(&format!("Passed to {MANAGER_NAME}"));
    manager.wait("CALL_ESTABLISHED", seconds(10));
    client.hang_up();
}

/// Whom a client can be passed to, from top to bottom.
fn directory(reader: &mut Reader) -> Vec<String> {
    let tree = reader.reads();
    let list = tree.iter().position(|node| node.role == "list box" && node.name == "Pass the client to");
    let Some(list) = list else { return Vec::new() };
    let rows = tree[list + 1..].iter().take_while(|node| node.depth > tree[list].depth);
    rows.filter(|node| node.role == "list item").map(|node| node.name.clone()).collect()
}
