//! Who is there: colleagues' lines and messages that wait, as the PBX tells them.

use crate::pbx::Pbx;
use crate::people::{Answers, Baresip};
use crate::seconds;
use crate::telephone::Telephone;
use serde_json::Value;

/// States that were told of this extension, one after another.
fn states(phone: &Telephone, extension: &str) -> Vec<String> {
    let lines = phone.said().into_iter().filter(|said| said.is("blf") && said.event["ext"] == extension);
    lines.map(|said| said.event["state"].as_str().unwrap_or_default().to_owned()).collect()
}

fn until_state(phone: &Telephone, extension: &str, states_wanted: &[&str]) {
    crate::until(&format!("{extension}: {states_wanted:?}"), seconds(8), || {
        states(phone, extension) == states_wanted
    });
}

fn is_about<'a>(extension: &'a str, state: &'a str) -> impl Fn(&Value) -> bool + 'a {
    move |event| event["ext"] == extension && event["state"] == state
}

#[test]
fn a_managers_day_is_told_as_it_goes() {
    let pbx = Pbx::start();
    let phone = Telephone::start(&pbx, "101", &["watch", "201", "202"]);
    until_state(&phone, "201", &["offline"]);
    let manager = Baresip::colleague(&pbx, "201", &Answers::ByHand);
    until_state(&phone, "201", &["offline", "free"]);
    let customer = Baresip::customer(&pbx, "+79161234567");
    customer.dial(&format!("sip:201@{}", pbx.trunk()));
    let rings = phone.wait_where("blf", seconds(5), is_about("201", "ringing"));
    assert_eq!(rings.event["caller_number"], "+79161234567", "{}", rings.event);
    manager.accept();
    until_state(&phone, "201", &["offline", "free", "ringing", "talking"]);
    customer.hang_up();
    until_state(&phone, "201", &["offline", "free", "ringing", "talking", "free"]);
    phone.interrupt();
    let ended = phone.finish(seconds(5));
    ended.exited(130).one("unregistered");
    let others: Vec<_> =
        ended.said.iter().filter(|said| said.is("blf") && said.event["ext"] == "202").collect();
    assert_eq!(others.len(), 1, "{}", ended.story());
    assert_eq!(others[0].event["state"], "offline");
}

#[test]
fn a_colleague_who_leaves_is_offline_and_not_free() {
    let pbx = Pbx::start();
    let colleague = Telephone::start(&pbx, "202", &["register", "--seconds", "2"]);
    colleague.wait("registered", seconds(5));
    let phone = Telephone::start(&pbx, "101", &["watch", "202"]);
    until_state(&phone, "202", &["free"]);
    colleague.finish(seconds(10)).exited(0);
    until_state(&phone, "202", &["free", "offline"]);
    phone.interrupt();
    phone.finish(seconds(5)).exited(130);
}

#[test]
fn a_colleague_who_is_on_hold_is_still_in_a_call() {
    let pbx = Pbx::start();
    let _colleague = Baresip::colleague(&pbx, "202", &Answers::AtOnce);
    let phone = Telephone::start(&pbx, "101", &["watch", "202"]);
    until_state(&phone, "202", &["free"]);
    let holds = ["call", "202", "--hold-at", "1", "--resume-at", "2.5", "--seconds", "4"];
    let other = Telephone::start(&pbx, "203", &holds);
    other.finish(seconds(15)).exited(0);
    until_state(&phone, "202", &["free", "ringing", "talking", "held", "talking", "free"]);
    phone.interrupt();
    phone.finish(seconds(5)).exited(130);
}

#[test]
fn a_number_that_nobody_has_is_unknown_with_the_reason() {
    let pbx = Pbx::start();
    let phone = Telephone::start(&pbx, "101", &["watch", "999", "--seconds", "2"]);
    let ended = phone.finish(seconds(10));
    let line = ended.exited(0).one("blf");
    assert_eq!(
        (&line["ext"], &line["state"], &line["status"]),
        (&"999".into(), &"unknown".into(), &404.into())
    );
}

#[test]
fn a_message_that_is_left_is_told_of() {
    let pbx = Pbx::start();
    let phone = Telephone::start(&pbx, "109", &["watch", "201"]);
    let none = phone.wait("mwi", seconds(5));
    assert_eq!(none.event["waiting"], false, "{}", none.event);
    pbx.cli("channel originate Local/610@office application Milliwatt");
    let one = phone.wait_where("mwi", seconds(10), |event| event["waiting"] == true);
    assert_eq!((&one.event["new"], &one.event["old"]), (&1.into(), &0.into()), "{}", one.event);
    phone.interrupt();
    phone.finish(seconds(5)).exited(130);
}

#[test]
fn after_a_restart_of_the_pbx_all_is_known_again() {
    let pbx = Pbx::start();
    crate::outage::forgive_what_nobody_heard(&pbx);
    let phone = Telephone::start(&pbx, "101", &["watch", "201", "202"]);
    until_state(&phone, "201", &["offline"]);
    until_state(&phone, "202", &["offline"]);
    pbx.stop();
    crate::until("nobody known", seconds(21), || states(&phone, "201") == ["offline", "unknown"]);
    pbx.start_again();
    for extension in ["201", "202"] {
        until_state(&phone, extension, &["offline", "unknown", "offline"]);
    }
    let _manager = Baresip::colleague(&pbx, "201", &Answers::ByHand);
    until_state(&phone, "201", &["offline", "unknown", "offline", "free"]);
    phone.interrupt();
    phone.finish(seconds(5)).exited(130);
}
