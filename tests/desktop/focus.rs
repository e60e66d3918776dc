//! Whoever writes in another program is never disturbed by a call.

use crate::people::{Answers, Baresip};
use crate::reader::Reader;
use crate::stage::{CLIENT, Stage};
use crate::{seconds, until};

#[test]
fn a_ring_never_takes_the_keyboard() {
    let stage = Stage::set();
    let _window = stage.window();
    let mut reader = Reader::start(&stage);
    let editor = stage.editor();
    let watch = stage.watch_active_window();
    let text = "order 117 for the shop on the corner: two crates of pears, six of plums, none of quinces. "
        .repeat(3);
    let typing = stage.typing(&text);

    let colleague = Baresip::colleague(&stage.pbx, "102", &Answers::ByHand);
    let client = Baresip::customer(&stage.pbx, CLIENT);
    client.dial(&stage.number_of_the_desk());
    reader.hears("is calling");
    stage.picture("ringing-beside-an-editor");
    colleague.dial(&format!("sip:*8101@{}", stage.pbx.server()));
    client.wait("CALL_ESTABLISHED", seconds(10));
    reader.hears("A colleague took the call");
    client.hang_up();
    client.wait("CALL_CLOSED", seconds(5));

    let other = Baresip::customer(&stage.pbx, "+79997654321");
    other.dial(&stage.number_of_the_desk());
    reader.hears("is calling");
    other.hang_up();
    reader.hears("Missed");

    typing.until_done();
    until("every letter in the editor", seconds(10), || editor.written().len() >= text.len());
    assert_eq!(editor.written(), text);
    assert_eq!(editor.focus_lost(), 0, "the keyboard was taken from the editor");
    let seen = watch.seen();
    assert_eq!(seen.len(), 1, "another window was made the active one: {seen:?}");
}
