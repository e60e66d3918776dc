//! What else the PBX says and asks in a call: who is at the far end now, answer by itself, digits by INFO.

use crate::desk::{Desk, fresh_number};
use crate::pbx::Pbx;
use crate::people::{Answers, Baresip, Sipp, Then};
use crate::telephone::{Telephone, telephone};
use crate::{seconds, until};

/// Whom the PBX puts in a colleague's place.
const CLIENT: &str = "+74957778899";

#[test]
fn a_client_whom_a_colleague_passes_on_is_named_with_card_and_entry() {
    let pbx = Pbx::start();
    let desk = Desk::start(&pbx, 20);
    desk.insert_client("OOO Vesna", CLIENT);
    let mut command = telephone(&pbx, "101", &["answer", "--seconds", "4", "--desk", &desk.url()]);
    command.env("PATCHCORD_DESK_TOKEN", &desk.operator);
    let phone = Telephone::spawn(command, Some(&pbx));
    phone.wait("registered", seconds(5));
    let caller = Baresip::customer(&pbx, "102");
    caller.dial(&format!("sip:*9101@{}", pbx.trunk()));
    let ended = phone.finish(seconds(20));

    let names: Vec<&str> = ended.said.iter().filter_map(|said| said.event["event"].as_str()).collect();
    let order = ["ringing_in", "answered", "connected_to", "card"];
    let places: Vec<_> = order.iter().map(|name| names.iter().position(|said| said == name)).collect();
    assert!(places.is_sorted() && places[0].is_some(), "{}", ended.story());
    assert_eq!(ended.exited(0).one("ringing_in")["caller_number"], "102");
    let connected = ended.one("connected_to");
    assert_eq!((connected["number"].as_str(), connected["name"].as_str()), (Some(CLIENT), Some("OOO Vesna")));
    assert_eq!(ended.one("card")["clients"][0]["name"], "OOO Vesna", "{}", ended.story());
    until("the register entry", seconds(5), || {
        desk.calls().len() == 1 && desk.calls()[0]["outcome"] == "completed"
    });
    let entry = &desk.calls()[0];
    assert_eq!((entry["caller"]["written"].as_str(), entry["matched"].as_str()), (Some(CLIENT), Some("one")));
}

#[test]
fn a_call_picked_up_from_a_colleagues_telephone_is_the_clients() {
    let pbx = Pbx::start();
    let desk = Desk::start(&pbx, 20);
    let number = fresh_number();
    desk.insert_client("OOO Probe", &number);
    let colleague = Baresip::colleague(&pbx, "201", &Answers::ByHand);
    let client = Baresip::customer(&pbx, &number);
    client.dial(&format!("sip:201@{}", pbx.trunk()));
    colleague.wait("CALL_INCOMING", seconds(5));
    let mut command = telephone(&pbx, "101", &["call", "*8201", "--seconds", "3", "--desk", &desk.url()]);
    command.env("PATCHCORD_DESK_TOKEN", &desk.operator);
    let phone = Telephone::spawn(command, Some(&pbx));
    client.wait("CALL_ESTABLISHED", seconds(8));
    let ended = phone.finish(seconds(20));
    assert_eq!(ended.exited(0).one("connected_to")["number"], number.as_str(), "{}", ended.story());
    assert_eq!(ended.one("card")["clients"][0]["name"], "OOO Probe", "{}", ended.story());
    until("the register entry", seconds(5), || {
        desk.calls().len() == 1 && desk.calls()[0]["outcome"] == "completed"
    });
    let entry = &desk.calls()[0];
    assert_eq!(entry["called"]["written"].as_str(), Some(number.as_str()), "{entry}");
}

/// `patchcord answer` with these settings for calls, which itself would let it ring for ever.
fn waiting<'a>(pbx: &'a Pbx, calls: &str) -> Telephone<'a> {
    let settings = pbx.scratch.path().join("patchcord.toml");
    std::fs::write(&settings, format!("[calls]\n{calls}\n")).expect("a file");
    let settings = settings.to_string_lossy().into_owned();
    let phone =
        Telephone::start(pbx, "101", &["answer", "--after", "60", "--seconds", "1", "--config", &settings]);
    phone.wait("registered", seconds(5));
    phone
}

#[test]
fn the_pbx_has_a_call_answered_when_it_says() {
    let pbx = Pbx::start();
    let phone = waiting(&pbx, "auto_answer = true");
    let client = Sipp::calls(&pbx, "*62101", "<sip:+79161234567@pstn>", &[], &Then::Talks(seconds(30)));
    let answered = phone.wait("answered", seconds(10));
    assert_eq!(answered.event["automatic"], true, "{}", answered.event);
    let took = answered.event["took_ms"].as_f64().unwrap_or_default();
    assert!((1990.0..2500.0).contains(&took), "{}", answered.event);
    assert_eq!(phone.finish(seconds(10)).exited(0).one("ended")["outcome"], "completed");
    drop(client);
}

#[test]
fn unless_the_settings_let_it_the_call_only_rings() {
    let pbx = Pbx::start();
    let phone = waiting(&pbx, "");
    let client = Sipp::calls(&pbx, "*60101", "<sip:+79161234567@pstn>", &[], &Then::GivesUp(seconds(2)));
    client.finish(seconds(10));
    let ended = phone.finish(seconds(10));
    assert!(!ended.has("answered"), "{}", ended.story());
    assert_eq!(ended.exited(5).one("ended")["outcome"], "missed");
}

#[test]
fn digits_go_out_by_info_where_the_pbx_takes_them_so() {
    let pbx = Pbx::start();
    let phone = Telephone::start(&pbx, "108", &["call", "608", "--dtmf", "0481*#", "--seconds", "7"]);
    let local = phone.local();
    let ended = phone.finish(seconds(20));
    assert!(pbx.digits_heard().lines().any(|line| line == "108 0481*"), "{:?}", pbx.digits_heard());
    let back: String =
        ended.said.iter().filter(|s| s.is("dtmf")).filter_map(|s| s.event["digit"].as_str()).collect();
    assert_eq!(back, "0481*", "{}", ended.exited(0).story());
    let sent: Vec<String> = pbx
        .capture_of(&local)
        .iter()
        .filter(|captured| captured.outgoing)
        .map(|captured| String::from_utf8_lossy(&captured.raw).into_owned())
        .filter(|message| message.starts_with("INFO "))
        .collect();
    assert_eq!(sent.len(), 6, "one INFO a digit: {sent:?}");
}
