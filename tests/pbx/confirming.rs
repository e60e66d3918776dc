//! A rule that asks whoever answers for a key: a person who hears what is asked for and presses it gets the client, and
//! nobody else does.

use crate::desk::Desk;
use crate::people::{Answers, Baresip};
use crate::seconds;
use crate::sound::{self, ALIKE, RATE};
use crate::telephone::{Telephone, telephone};
use crate::transfer::Story;
use serde_json::json;

/// The client's own manager, who is to press a key.
const RULES: &str = "[[rule]]\nchain = [{ step = \"own manager\", ring_seconds = 8, confirm = true }]\n";

impl Story {
    fn desk_that_asks_for_a_key(&self) -> Desk {
        let settings = self.pbx.scratch.path().join("desk.toml");
        std::fs::write(&settings, RULES).expect("a file");
        let desk = Desk::start_with(&self.pbx, 20, &["--config", &settings.to_string_lossy()]);
        desk.put_client(&json!({
            "name": "OOO Vesna",
            "client_type": "market",
            "phones": ["+79161234567"],
            "manager": "ivanova",
            "standing": { "currency": "RUB", "overdue": "0.00" },
        }));
        desk
    }

    /// The client calls, the operator answers and passes the client on by the rules 2 s later; the manager answers.
    fn goes_to_the_manager(&self, desk: &Desk, manager: &Baresip) -> Telephone<'_> {
        let play = self.pbx.scratch.path().join("operator.wav");
        sound::write(&play, &self.voice.repeat(2));
        let play = play.to_string_lossy().into_owned();
        let url = desk.url();
        let arguments =
            ["answer", "--play", &play, "--transfer", "rules", "--transfer-at", "2", "--seconds", "19"];
        let mut command = telephone(&self.pbx, "101", &[&arguments[..], &["--desk", &url]].concat());
        command.env("PATCHCORD_DESK_TOKEN", &desk.operator);
        let phone = Telephone::spawn(command, Some(&self.pbx));
        phone.wait("registered", seconds(10));
        self.client.dial(&format!("sip:101@{}", self.pbx.trunk()));
        manager.wait("CALL_ESTABLISHED", seconds(12));
        phone
    }
}

/// Something is said, and it is not the client.
fn hears_what_is_asked_for(manager: &Baresip, story: &Story) {
    let heard = manager.heard();
    assert!(sound::loudness(&heard) > 200.0, "the manager hears nothing: {}", sound::loudness(&heard));
    let client = sound::best(&story.client.voice, &heard);
    assert!(client < 0.5, "the manager hears the client before the key: {client:.3}");
}

#[test]
fn whoever_presses_the_key_gets_the_client() {
    let story = Story::begin();
    let desk = story.desk_that_asks_for_a_key();
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::AtOnce);
    let phone = story.goes_to_the_manager(&desk, &manager);
    std::thread::sleep(seconds(3));
    hears_what_is_asked_for(&manager, &story);
    assert!(!phone.said().iter().any(|said| said.is("transferred")), "nobody has pressed a key");
    manager.press("1");
    phone.wait("transferred", seconds(5));
    story.client_talks_with(&manager);
    assert_eq!(phone.finish(seconds(20)).exited(0).one("transferred")["outcome"], "joined");
}

#[test]
fn caller_returns_when_nobody_presses_the_key() {
    let story = Story::begin();
    let desk = story.desk_that_asks_for_a_key();
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::AtOnce);
    let phone = story.goes_to_the_manager(&desk, &manager);
    phone.wait("returned", seconds(18));
    hears_what_is_asked_for(&manager, &story);
    manager.wait("CALL_CLOSED", seconds(5));
    let ended = phone.finish(seconds(30));
    assert_eq!(ended.one("transfer_failed")["why"], "no_person", "{}", ended.story());
    story.client.wait("CALL_CLOSED", seconds(5));
    let heard = story.client.heard();
    let alike = sound::best(&story.voice, &heard[heard.len() - 2 * RATE..]);
    assert!(alike >= ALIKE, "the client hears the operator again: {alike:.3}");
}
