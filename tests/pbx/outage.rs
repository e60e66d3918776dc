//! The PBX goes away and comes back.

use crate::desk::Desk;
use crate::pbx::Pbx;
use crate::people::{Answers, Baresip};
use crate::sound::{self, RATE};
use crate::telephone::{Telephone, telephone};
use crate::transfer::Story;
use crate::{now, seconds};

/// Registered again so soon after the PBX takes registrations again, in the first minute.
const BACK: u64 = 3;

#[test]
fn registered_again_after_a_restart_while_idle() {
    let pbx = Pbx::start();
    forgive_what_nobody_heard(&pbx);
    let phone = Telephone::start(&pbx, "101", &["answer", "--timeout", "60"]);
    phone.wait("registered", seconds(5));
    let stopped = now();
    pbx.stop();
    phone.wait("registration_failed", seconds(21));
    assert!(stopped.elapsed() <= seconds(21), "the outage is noticed within 20 s");
    pbx.start_again();
    pbx.until_contact("101", seconds(BACK));
    phone.interrupt();
    phone.finish(seconds(5)).exited(130);
}

#[test]
fn registered_again_after_a_restart_that_took_a_moment() {
    let pbx = Pbx::start();
    forgive_what_nobody_heard(&pbx);
    let phone = Telephone::start(&pbx, "101", &["answer", "--timeout", "60"]);
    phone.wait("registered", seconds(5));
    pbx.stop();
    std::thread::sleep(seconds(1)); // the port is looked at each second
    pbx.start_again();
    pbx.until_contact("101", seconds(BACK));
    phone.interrupt();
    phone.finish(seconds(5)).exited(130);
}

#[test]
fn registered_again_after_a_restart_in_a_call() {
    let pbx = Pbx::start();
    forgive_what_nobody_heard(&pbx);
    pbx.forgive("bye-missing"); // the PBX has forgotten the call, and whether a BYE comes is no matter
    let client = Baresip::customer(&pbx, "+79161234567");
    let phone = Telephone::start(&pbx, "101", &["answer", "--calls", "2"]);
    phone.wait("registered", seconds(5));
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    phone.wait("answered", seconds(5));
    std::thread::sleep(seconds(1));
    pbx.stop();
    phone.wait("registration_failed", seconds(21));
    pbx.start_again();
    pbx.until_contact("101", seconds(BACK));
    // The new PBX does not know the call, and says so when asked.
    let lost = phone.wait("ended", seconds(10));
    assert_eq!(lost.event["by"], "network", "{}", lost.event);
    phone.interrupt();
    phone.finish(seconds(10)).exited(130);
}

/// While the PBX is away, its log has no attempts: numbers seem to jump.
pub fn forgive_what_nobody_heard(pbx: &Pbx) {
    pbx.forgive("register-cseq");
    pbx.forgive("nonce-count");
}

/// A client who calls 101, is answered, and is on the way to 201 since two seconds later.
fn passing(story: &Story) -> Telephone<'_> {
    forgive_what_nobody_heard(&story.pbx);
    story.pbx.forgive("bye-missing"); // the PBX has forgotten the call, and whether a BYE comes is no matter
    let passes = ["answer", "--transfer", "201", "--transfer-at", "2", "--ring-for", "60", "--calls", "2"];
    let phone = Telephone::start(&story.pbx, "101", &passes);
    phone.wait("registered", seconds(5));
    story.client.dial(&format!("sip:101@{}", story.pbx.trunk()));
    phone.wait_where("transfer_progress", seconds(8), |event| event["status"] == 180);
    phone
}

/// The PBX has forgotten the client: the telephone says so, and never that somebody has him.
fn says_that_the_client_is(client: &str, story: &Story, phone: Telephone<'_>) {
    phone.wait("registration_failed", seconds(21));
    story.pbx.start_again();
    story.pbx.until_contact("101", seconds(BACK));
    let failed = phone.wait("transfer_failed", seconds(40));
    let end = phone.wait("ended", seconds(40));
    phone.interrupt();
    let ended = phone.finish(seconds(10));
    assert!(!ended.has("transferred"), "{}", ended.story());
    assert_eq!(end.event["by"], "network", "{}", ended.story());
    assert_eq!(failed.event["client"], client, "{}", ended.story());
}

#[test]
fn a_restart_while_the_target_rings_is_said_as_it_is() {
    let story = Story::begin();
    let _manager = Baresip::colleague(&story.pbx, "201", &Answers::ByHand);
    let phone = passing(&story);
    story.pbx.stop();
    says_that_the_client_is("lost", &story, phone);
}

#[test]
fn a_restart_when_the_pbx_is_asked_to_join_is_said_as_it_is() {
    let story = Story::begin();
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::ByHand);
    let phone = passing(&story);
    manager.accept();
    manager.wait("CALL_ESTABLISHED", seconds(5));
    story.pbx.freeze(); // the REFER comes a moment after the answer
    std::thread::sleep(seconds(1));
    story.pbx.stop();
    says_that_the_client_is("unknown", &story, phone);
}

#[test]
fn a_telephone_that_is_killed_leaves_the_client_in_music_and_the_next_one_closes_his_entry() {
    let story = Story::begin();
    story.pbx.forgive("bye-missing"); // it was killed
    let mut desk = Desk::start(&story.pbx, 20);
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::ByHand);
    let arguments = ["answer", "--transfer", "201", "--transfer-at", "2", "--desk", &desk.url()];
    let mut command = telephone(&story.pbx, "101", &arguments);
    command.env("PATCHCORD_DESK_TOKEN", &desk.operator);
    let mut phone = Telephone::spawn(command, None);
    phone.wait("registered", seconds(5));
    story.client.dial(&format!("sip:101@{}", story.pbx.trunk()));
    manager.wait("CALL_INCOMING", seconds(8));
    desk.stop();
    std::thread::sleep(seconds(1));
    phone.child.kill().expect("a child");
    phone.child.wait().expect("a child");
    std::thread::sleep(seconds(3));
    assert!(!story.client.has("CALL_CLOSED"), "the PBX keeps the client");
    story.client.hang_up();
    story.client.wait("CALL_CLOSED", seconds(5));
    let heard = story.client.heard();
    let music = sound::loudness(&heard[heard.len().saturating_sub(2 * RATE)..]);
    assert!(music > 100.0, "the client hears music: {music:.0}");

    desk.start_again();
    let mut command = telephone(&story.pbx, "101", &["register", "--seconds", "3", "--desk", &desk.url()]);
    command.env("PATCHCORD_DESK_TOKEN", &desk.operator);
    Telephone::spawn(command, Some(&story.pbx)).finish(seconds(15)).exited(0);
    let calls = desk.calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    let step = &calls[0]["transfers"][0];
    assert_eq!((&step["target"], &step["result"]), (&"201".into(), &"unknown".into()), "{step}");
    assert_eq!(calls[0]["outcome"], "failed", "{}", calls[0]);
    assert!(calls[0]["ended_at"].as_str() >= calls[0]["answered_at"].as_str(), "{}", calls[0]);
}
