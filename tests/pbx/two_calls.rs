//! Two calls at a time: call waiting, swap, and a far end that sends us on.

use crate::inbound::{recording, voice};
use crate::outbound::settings;
use crate::pbx::Pbx;
use crate::people::{Answers, Baresip, Sipp, Then};
use crate::seconds;
use crate::sound::{self, ALIKE, RATE};
use crate::telephone::{Said, Telephone};

/// Waits for this event on this line, the nth of its kind.
fn wait_on(phone: &Telephone<'_>, line: u64, name: &str, nth: usize) -> Said {
    let found = || {
        let said = phone.said();
        said.into_iter().filter(|said| said.is(name) && said.event["line"] == line).nth(nth - 1)
    };
    crate::until(&format!("`{name}` ({nth}) on line {line}"), seconds(8), || found().is_some());
    found().expect("just seen")
}

/// The last so many seconds of what somebody heard.
fn end_of(heard: &[i16], seconds: usize) -> &[i16] {
    &heard[heard.len().saturating_sub(seconds * RATE)..]
}

#[test]
fn a_second_caller_is_answered_while_the_first_hears_music_and_they_are_swapped() {
    let pbx = Pbx::start();
    let (first, second) = (Baresip::customer(&pbx, "+79161234567"), Baresip::customer(&pbx, "+78120000001"));
    let (voice, play) = voice(&pbx);
    let phone = Telephone::start(&pbx, "101", &["answer", "--calls", "2", "--play", &play, "--swap-at", "4"]);
    phone.wait("registered", seconds(5));
    first.dial(&format!("sip:101@{}", pbx.trunk()));
    wait_on(&phone, 1, "answered", 1);
    std::thread::sleep(seconds(2));

    second.dial(&format!("sip:101@{}", pbx.trunk()));
    assert_eq!(wait_on(&phone, 2, "ringing_in", 1).event["caller_number"], "+78120000001");
    wait_on(&phone, 2, "answered", 1);
    assert_eq!(wait_on(&phone, 1, "held", 1).event["by"], "us");
    let third = Sipp::calls(&pbx, "101", "<sip:+78120000002@pstn>", &[], &Then::IsRefused(486));
    let declined = phone.wait("declined", seconds(5)).event;
    assert_eq!(
        (declined["caller_number"].as_str(), declined["status"].as_u64()),
        (Some("+78120000002"), Some(486))
    );
    third.finish(seconds(10));
    std::thread::sleep(seconds(2));
    let (heard_on_hold, heard_by_second) = (first.heard(), second.heard());
    let music = end_of(&heard_on_hold, 1);
    assert!(sound::loudness(music) > 100.0, "the first caller hears nothing while waiting");
    assert!(sound::best(&voice, music) < 0.7, "the first caller hears what is said to the second");
    let alike = sound::best(&voice, end_of(&heard_by_second, 1));
    assert!(alike >= ALIKE, "the second caller hears the operator: {alike:.3}");

    wait_on(&phone, 1, "resumed", 1);
    assert_eq!(wait_on(&phone, 2, "held", 1).event["by"], "us");
    std::thread::sleep(seconds(3));
    let (back, on_hold) = (first.heard(), second.heard());
    let alike = sound::best(&voice, end_of(&back, 2));
    assert!(alike >= ALIKE, "the first caller hears the operator again: {alike:.3}");
    assert!(
        sound::best(&voice, end_of(&on_hold, 1)) < 0.7,
        "the second caller hears what is said to the first"
    );

    first.hang_up();
    assert_eq!(wait_on(&phone, 1, "ended", 1).event["by"], "them");
    wait_on(&phone, 2, "resumed", 1);
    std::thread::sleep(seconds(3));
    let alike = sound::best(&voice, end_of(&second.heard(), 2));
    assert!(alike >= ALIKE, "who is left hears the operator: {alike:.3}");
    second.hang_up();
    let ended = phone.finish(seconds(10));
    let ends: Vec<_> = ended.exited(0).said.iter().filter(|said| said.is("ended")).collect();
    assert!(ends.iter().all(|said| said.event["outcome"] == "completed"), "{}", ended.story());
    assert_eq!(ends.len(), 2, "{}", ended.story());
}

#[test]
fn a_second_caller_who_is_not_wanted_hears_busy_and_the_first_goes_on() {
    let pbx = Pbx::start();
    let client = Baresip::customer(&pbx, "+79161234567");
    let (voice, play) = voice(&pbx);
    let phone = Telephone::start(&pbx, "101", &["answer", "--play", &play, "--seconds", "5"]);
    phone.wait("registered", seconds(5));
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    wait_on(&phone, 1, "answered", 1);
    let second = Sipp::calls(&pbx, "101", "<sip:+78120000001@pstn>", &[], &Then::IsRefused(486));
    second.finish(seconds(10));
    let refused = wait_on(&phone, 2, "ended", 1).event;
    assert_eq!((refused["by"].as_str(), refused["outcome"].as_str()), (Some("us"), Some("refused")));
    let ended = phone.finish(seconds(20));
    assert!(!ended.exited(0).has("held"), "nobody was put on hold for it: {}", ended.story());
    client.wait("CALL_CLOSED", seconds(5));
    sound::must_be_heard("the first client still hears the operator", &voice, 2.5, 4.5, &client.heard());
}

// -- the far end sends us on

/// Settings that let the far end do so.
fn moveable(pbx: &Pbx) -> String {
    settings(pbx, "[calls]\nclick_to_transfer = true\n")
}

#[test]
fn a_telephone_that_the_pbx_sends_on_talks_there() {
    let pbx = Pbx::start();
    let manager = Baresip::colleague(&pbx, "201", &Answers::AtOnce);
    let ((voice, play), (recorded, record), settings) = (voice(&pbx), recording(&pbx), moveable(&pbx));
    let arguments =
        ["call", "614", "--config", &settings, "--play", &play, "--record", &record, "--seconds", "7"];
    let phone = Telephone::start(&pbx, "101", &arguments);
    let referred = phone.wait("referred", seconds(8)).event;
    assert_eq!((referred["line"].as_u64(), referred["to_line"].as_u64()), (Some(1), Some(2)));
    assert_eq!(referred["target"], "201");
    wait_on(&phone, 2, "answered", 1);
    assert_eq!(wait_on(&phone, 1, "ended", 1).event["by"], "them", "the PBX heard of it, and says goodbye");
    let ended = phone.finish(seconds(20));
    manager.wait("CALL_CLOSED", seconds(5));
    ended.exited(0);
    let recorded = recorded.with_file_name("recording-2.wav");
    for (what, voice, heard) in [
        ("the manager hears the operator", &voice, manager.heard()),
        ("the operator hears the manager", &manager.voice, sound::read(&recorded, 0)),
    ] {
        sound::must_be_heard(what, voice, 0.5, 3.0, &heard);
    }
}

#[test]
fn a_telephone_that_is_sent_to_nobody_stays_where_it_was() {
    let pbx = Pbx::start();
    let ((recorded, record), settings) = (recording(&pbx), moveable(&pbx));
    let arguments = ["call", "614", "--config", &settings, "--record", &record, "--seconds", "7"];
    let ended = Telephone::start(&pbx, "101", &arguments).finish(seconds(20));
    let nobody = ended.exited(0).said.iter().find(|said| said.is("ended")).expect("an end");
    assert_eq!((nobody.event["line"].as_u64(), nobody.event["status"].as_u64()), (Some(2), Some(480)));
    let resumed = ended.one("resumed");
    assert_eq!((resumed["line"].as_u64(), resumed["by"].as_str()), (Some(1), Some("us")));
    let music = sound::loudness(end_of(&sound::read(&recorded, 0), 2));
    assert!(music > 100.0, "what the PBX plays to whom it could not move: {music:.0}");
}

/// The PBX's own dialog with a telephone that has answered it, as a Replaces names it (RFC 3891 §6.1).
fn dialog_with_the_first_who_answered(pbx: &Pbx) -> String {
    let capture = pbx.capture();
    let answers = capture.iter().filter(|c| c.outgoing).filter_map(|c| c.sip.as_ref().ok());
    let mut answers = answers.filter(|sip| sip.status() == Some(200));
    let answer =
        answers.find(|sip| sip.cseq().is_some_and(|(_, method)| method == "INVITE")).expect("an answer");
    let tag = |tag: Option<String>| tag.expect("a tag");
    let (ours, theirs) = (tag(answer.tag_of_from()), tag(answer.tag_of_to()));
    let call_id = answer.call_id().replace('@', "%40");
    format!("{call_id}%3Bto-tag%3D{ours}%3Bfrom-tag%3D{theirs}")
}

#[test]
fn a_telephone_that_is_sent_into_a_standing_call_takes_its_place_there() {
    let pbx = Pbx::start();
    let manager = Baresip::colleague(&pbx, "201", &Answers::AtOnce);
    let client = Baresip::customer(&pbx, "+79161234567");
    client.dial(&format!("sip:201@{}", pbx.trunk()));
    client.wait("CALL_ESTABLISHED", seconds(5));
    let target = format!("sip:201@{}?Replaces={}", pbx.server(), dialog_with_the_first_who_answered(&pbx));
    pbx.cli(&format!("dialplan set global MOVE_TO {target}"));

    let ((voice, play), settings) = (voice(&pbx), moveable(&pbx));
    let arguments = ["call", "615", "--config", &settings, "--play", &play, "--seconds", "7"];
    let phone = Telephone::start(&pbx, "101", &arguments);
    wait_on(&phone, 2, "answered", 1);
    manager.wait("CALL_CLOSED", seconds(5));
    let ended = phone.finish(seconds(20));
    client.wait("CALL_CLOSED", seconds(5));
    ended.exited(0);
    let alike = sound::best(&voice, end_of(&client.heard(), 3));
    assert!(alike >= ALIKE, "the client hears the operator in the manager's place: {alike:.3}");
}
