//! Starts beside a window that runs, numbers for it, and a window that was killed.

use crate::people::{Answers, Baresip};
use crate::reader::Reader;
use crate::stage::{CLIENT, CLIENT_NAME, OPERATOR, Stage};
use crate::{seconds, until};

const OUTSIDE: &str = "+74951234567";

#[test]
fn the_second_start_raises_the_first() {
    let stage = Stage::set();
    let _window = stage.window();
    let _editor = stage.editor();
    assert_eq!(stage.active(), "Editor");
    let second = stage.patchcord(&["window"]).output().expect("the program");
    assert_eq!(second.status.code(), Some(0), "{second:?}");
    until("the first window in front", seconds(5), || stage.active().starts_with("Patchcord"));
}

#[test]
fn a_number_from_the_terminal_or_a_link_is_dialled_by_the_window() {
    let stage = Stage::set();
    let _window = stage.window();
    let mut reader = Reader::start(&stage);
    let outside = Baresip::outside(&stage.pbx, OUTSIDE, &Answers::AtOnce);
    for (nth, target) in [OUTSIDE, "tel:+7-495-123-45-67"].into_iter().enumerate() {
        let dialled = stage.patchcord(&["dial", target]).output().expect("the program");
        assert_eq!(dialled.status.code(), Some(0), "{dialled:?}");
        outside.wait_nth("CALL_ESTABLISHED", nth + 1, seconds(10));
        let call = reader.finds("panel", "Current call: On a call");
        assert!(call.name.contains("+7 495 123-45-67"), "{}", call.name);
        outside.hang_up();
        reader.hears("Call ended");
        reader.finds("panel", "Current call: ");
    }
}

#[test]
fn a_window_that_was_killed_in_a_call_comes_back_and_the_register_has_the_call() {
    let stage = Stage::set();
    let window = stage.mortal_window();
    let mut reader = Reader::start(&stage);
    let client = Baresip::customer(&stage.pbx, CLIENT);
    client.dial(&stage.number_of_the_desk());
    reader.hears("is calling");
    stage.press(&["F2"]);
    client.wait("CALL_ESTABLISHED", seconds(5));
    reader.finds("panel", CLIENT_NAME);
    window.kill();
    let _again = stage.mortal_window();
    reader.finds("push button", "Line: ");
    until("the register entry", seconds(10), || stage.desk.calls().len() == 1);
    let entry = &stage.desk.calls()[0];
    assert!(!entry["answered_at"].is_null() && entry["matched"] == "one", "{entry}");
    client.hang_up();
}

#[test]
fn whoever_logs_out_in_a_call_hangs_up_and_is_no_longer_called() {
    let stage = Stage::set();
    let window = stage.window();
    let mut reader = Reader::start(&stage);
    let client = Baresip::customer(&stage.pbx, CLIENT);
    client.dial(&stage.number_of_the_desk());
    reader.hears("is calling");
    stage.press(&["F2"]);
    client.wait("CALL_ESTABLISHED", seconds(5));
    window.terminate();
    client.wait("CALL_CLOSED", seconds(5));
    until("the goodbye at the PBX", seconds(5), || !stage.pbx.has_contact(OPERATOR));
    assert_eq!(window.until_ended(), Some(0));
}
