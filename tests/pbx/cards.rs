//! The client's card while it rings, and the call register; with desks of every kind.

use crate::desk::{Behaves, Desk, FakeDesk, fresh_number, nobody};
use crate::pbx::Pbx;
use crate::people::{Baresip, Sipp, Then};
use crate::telephone::{Ended, Telephone, telephone};
use crate::{seconds, until};

#[test]
fn the_card_of_a_client_made_a_moment_ago_is_there_before_the_call_is_answered() {
    let pbx = Pbx::start();
    let desk = Desk::start(&pbx, 200);
    let mut command =
        telephone(&pbx, "101", &["answer", "--after", "1", "--seconds", "2", "--desk", &desk.url()]);
    command.env("PATCHCORD_DESK_TOKEN", &desk.operator);
    let phone = Telephone::spawn(command, Some(&pbx));
    phone.wait("registered", seconds(5));
    let number = fresh_number();
    let name = format!("OOO Probe {number}");
    desk.insert_client(&name, &number);

    let client = Baresip::customer(&pbx, &number);
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    let card = phone.wait("card", seconds(5));
    let local = phone.local();
    let ended = phone.finish(seconds(20));
    ended.exited(0);
    assert_eq!((card.event["match"].as_str(), card.event["source"].as_str()), (Some("one"), Some("desk")));
    assert_eq!(card.event["clients"][0]["name"], name.as_str());
    let capture = pbx.capture_of(&local);
    let answered = capture.iter().find(|c| {
        c.outgoing
            && c.sip
                .as_ref()
                .is_ok_and(|s| s.status() == Some(200) && s.cseq().is_some_and(|q| q.1 == "INVITE"))
    });
    let answered = answered.expect("our 200 OK").at;
    assert!(card.at < answered, "card {:.3}, 200 OK {answered:.3}", card.at);

    until("the register entry", seconds(5), || {
        let calls = desk.calls();
        calls.len() == 1 && calls[0]["outcome"] == "completed"
    });
    let calls = desk.calls();
    assert_eq!(
        (calls[0]["direction"].as_str(), calls[0]["matched"].as_str()),
        (Some("inbound"), Some("one"))
    );
    let heard = &calls[0]["voice"]["operator_heard"];
    assert!(heard["mos"].as_f64().is_some_and(|mos| (3.5..=4.5).contains(&mos)), "{}", calls[0]);
    assert_eq!(calls[0]["voice"]["verdict"], serde_json::Value::Null);
}

#[test]
fn a_missed_call_stands_in_the_register_once() {
    let pbx = Pbx::start();
    let desk = Desk::start(&pbx, 20);
    let mut command = telephone(&pbx, "101", &["answer", "--after", "30", "--desk", &desk.url()]);
    command.env("PATCHCORD_DESK_TOKEN", &desk.operator);
    let phone = Telephone::spawn(command, Some(&pbx));
    phone.wait("registered", seconds(5));
    let from = format!("<sip:{}@pstn>", fresh_number());
    Sipp::calls(&pbx, "101", &from, &[], &Then::GivesUp(seconds(1))).finish(seconds(10));
    let ended = phone.finish(seconds(10));
    assert_eq!(ended.one("card")["match"], "none", "{}", ended.story());
    until("the register entry", seconds(5), || {
        desk.calls().len() == 1 && desk.calls()[0]["outcome"] == "missed"
    });
}

/// A call of 3 s with this desk; the call itself has to go well.
fn call_with(pbx: &Pbx, url: &str) -> Ended {
    let mut command = telephone(pbx, "101", &["answer", "--after", "1", "--seconds", "3", "--desk", url]);
    command.env("PATCHCORD_DESK_TOKEN", "some-token");
    let phone = Telephone::spawn(command, Some(pbx));
    phone.wait("registered", seconds(5));
    let client = Baresip::customer(pbx, "+79161234567");
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    client.wait("CALL_ESTABLISHED", seconds(5));
    let ended = phone.finish(seconds(30));
    assert_eq!(ended.one("ended")["outcome"], "completed", "{}", ended.story());
    ended
}

/// The card and a sentence say why there is no client; the sentence by this word.
fn unavailable<'a>(ended: &'a Ended, why: &str, word: &str) -> &'a serde_json::Value {
    let card = ended.one("card");
    assert_eq!((card["match"].as_str(), card["why"].as_str()), (Some("unavailable"), Some(why)), "{card}");
    ended.exited(8);
    let said = ended
        .stderr
        .lines()
        .any(|line| line.contains("The order desk was of no help") && line.contains(word));
    assert!(said, "{word:?} is not said: {}", ended.stderr);
    card
}

#[test]
fn the_call_goes_on_without_a_desk() {
    let pbx = Pbx::start();
    let ended = call_with(&pbx, &nobody());
    unavailable(&ended, "down", "cannot be reached");
}

#[test]
fn the_call_does_not_wait_for_a_slow_desk() {
    let pbx = Pbx::start();
    let desk = FakeDesk::start(Behaves::Silent);
    let ended = call_with(&pbx, &desk.url());
    let card = unavailable(&ended, "slow", "in time");
    assert!(card["took_ms"].as_f64().is_some_and(|ms| ms <= 3000.0), "{card}");
}

#[test]
fn rubbish_from_the_desk_is_no_card() {
    let pbx = Pbx::start();
    let desk = FakeDesk::start(Behaves::Rubbish);
    let ended = call_with(&pbx, &desk.url());
    unavailable(&ended, "bad_answer", "no order desk");
}

#[test]
fn a_wrong_token_is_said_and_the_call_goes_on() {
    let pbx = Pbx::start();
    let desk = FakeDesk::start(Behaves::RefusesToken);
    let ended = call_with(&pbx, &desk.url());
    unavailable(&ended, "wrong_token", "PATCHCORD_DESK_TOKEN");
}

#[test]
fn a_withheld_number_is_not_looked_up() {
    let pbx = Pbx::start();
    let desk = FakeDesk::start(Behaves::Knows0);
    let mut command = telephone(&pbx, "101", &["answer", "--after", "30", "--desk", &desk.url()]);
    command.env("PATCHCORD_DESK_TOKEN", "some-token");
    let phone = Telephone::spawn(command, Some(&pbx));
    phone.wait("registered", seconds(5));
    let hidden = ["Privacy: id", "P-Asserted-Identity: <sip:+79161234567@pstn>"];
    let from = "\"Anonymous\" <sip:anonymous@anonymous.invalid>";
    let client = Sipp::calls(&pbx, "101", from, &hidden, &Then::GivesUp(seconds(1)));
    let ringing = phone.wait("ringing_in", seconds(5));
    assert_eq!(ringing.event["withheld"], true, "{}", ringing.event);
    assert!(ringing.event["caller_number"].is_null(), "{}", ringing.event);
    client.finish(seconds(10));
    let ended = phone.finish(seconds(10));
    assert_eq!(desk.look_ups(), Vec::<String>::new(), "{}", ended.story());
}
