//! What an operator learned goes along with the client: two telephones, a desk and a PBX, all real (duties 4, 6, 14, 15, 19).

use crate::desk::{Desk, fresh_number, nobody};
use crate::pbx::Pbx;
use crate::people::Baresip;
use crate::seconds;
use crate::telephone::{Ended, Telephone, telephone};
use serde_json::Value;

const MANAGER: &str = "302";

/// A client calls this operator, who passes him on to the manager after a second; the manager answers after two more.
struct Story {
    pbx: Pbx,
    number: String,
    name: String,
    operator: &'static str,
}

/// How the operator ended, how the manager did, and what rang there first.
struct Told {
    operator: Ended,
    manager: Ended,
    ringing: Value,
}

impl Story {
    fn of(operator: &'static str) -> Self {
        let (pbx, number) = (Pbx::start(), fresh_number());
        let name = format!("OOO Romashka {number}");
        Self { pbx, number, name, operator }
    }

    fn with_desk(&self, way: &[&str]) -> Told {
        let desk = Desk::start(&self.pbx, 20);
        desk.insert_client(&self.name, &self.number);
        self.told(&desk.url(), &desk.operator, way)
    }

    fn told(&self, url: &str, token: &str, way: &[&str]) -> Told {
        let phone = |account, arguments: &[&str]| {
            let mut command = telephone(&self.pbx, account, &[arguments, &["--desk", url]].concat());
            command.env("PATCHCORD_DESK_TOKEN", token);
            let phone = Telephone::spawn(command, Some(&self.pbx));
            phone.wait("registered", seconds(5));
            phone
        };
        let manager = phone(MANAGER, &["answer", "--after", "2", "--seconds", "4"]);
        let operator = phone(self.operator, &[&["answer", "--seconds", "12"], way].concat());
        let client = Baresip::customer(&self.pbx, &self.number);
        client.dial(&format!("sip:{}@{}", self.operator, self.pbx.trunk()));
        let ringing = manager.wait("ringing_in", seconds(10)).event;
        let (manager, operator) = (manager.finish(seconds(30)), operator.finish(seconds(30)));
        Told { operator, manager, ringing }
    }

    /// The manager's card named the client before the call was answered, and was never taken away.
    fn named_the_client(&self, told: &Told, way: &str) {
        let story = told.manager.story();
        let place = |found: &dyn Fn(&Value) -> bool| {
            told.manager.said.iter().position(|said| found(&said.event)).unwrap_or_else(|| panic!("{story}"))
        };
        let card = place(&|event| event["event"] == "card" && !event["handed_over"].is_null());
        let answered = place(&|event| event["event"] == "answered");
        assert!(card < answered, "{story}");
        let card = &told.manager.said[card].event;
        assert_eq!(card["clients"][0]["name"], self.name.as_str(), "{story}");
        let along = &card["handed_over"];
        assert_eq!(
            (along["from"].as_str(), along["way"].as_str()),
            (Some(self.operator), Some(way)),
            "{story}"
        );
        assert_eq!(along["number"], self.number.as_str(), "{story}");
        let mut cards = told.manager.said.iter().filter(|said| said.is("card"));
        let last = cards.next_back().expect("a card");
        assert_eq!(last.event["clients"][0]["name"], self.name.as_str(), "{story}");
        assert!(!last.event["handed_over"].is_null(), "{story}");
    }
}

#[test]
fn with_return_the_manager_sees_the_client_while_the_operators_number_rings() {
    let story = Story::of("101");
    let told = story.with_desk(&["--transfer", MANAGER, "--transfer-at", "1"]);
    assert_eq!(told.ringing["caller_number"], "101", "{}", told.manager.story());
    assert_eq!(told.operator.one("transferred")["outcome"], "joined", "{}", told.operator.story());
    story.named_the_client(&told, "return");
}

#[test]
fn passed_on_blindly_the_client_brings_the_card_by_the_own_number() {
    let story = Story::of("101");
    let blind = ["--transfer", MANAGER, "--transfer-at", "1", "--transfer-mode", "blind"];
    let told = story.with_desk(&blind);
    assert_eq!(told.ringing["caller_number"], story.number.as_str(), "{}", told.manager.story());
    story.named_the_client(&told, "blind");
}

#[test]
fn a_manager_who_is_asked_first_sees_whom_it_is_about() {
    let story = Story::of("101");
    let told = story.with_desk(&["--conference", MANAGER, "--conference-at", "1"]);
    assert_eq!(told.ringing["caller_number"], "101", "{}", told.manager.story());
    story.named_the_client(&told, "consultation");
}

#[test]
fn without_a_desk_the_client_is_passed_on_all_the_same() {
    let story = Story::of("101");
    let told = story.told(&nobody(), "some-token", &["--transfer", MANAGER, "--transfer-at", "1"]);
    assert_eq!(told.operator.one("transferred")["outcome"], "joined", "{}", told.operator.story());
    assert_eq!(told.manager.one("ended")["outcome"], "completed", "{}", told.manager.story());
}

#[test]
fn a_telephone_that_knows_no_desk_shows_the_clients_name_where_the_pbx_gives_none_of_its_own() {
    for (operator, names_client) in [("111", true), ("101", false)] {
        let story = Story::of(operator);
        let told = story.with_desk(&["--transfer", MANAGER, "--transfer-at", "1"]);
        assert_eq!(told.ringing["caller_number"], operator, "{}", told.ringing);
        let shown = told.ringing["caller_name"] == story.name.as_str();
        assert_eq!(shown, names_client, "{}", told.ringing);
    }
}
