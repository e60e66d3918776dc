//! Calls that come in: voice both ways, who calls, refusals, calls that others answer.

use crate::pbx::Pbx;
use crate::people::{Answers, Baresip, Sipp, Then};
use crate::telephone::Telephone;
use crate::{seconds, sound};
use std::path::PathBuf;
use std::time::Duration;

/// A voice of the operator's own, as a file to play.
pub fn voice(pbx: &Pbx) -> (Vec<i16>, String) {
    let voice = sound::noise(15);
    let path = pbx.scratch.path().join("operator.wav");
    sound::write(&path, &voice);
    (voice, path.to_string_lossy().into_owned())
}

pub fn recording(pbx: &Pbx) -> (PathBuf, String) {
    let path = pbx.scratch.path().join("recording.wav");
    let name = path.to_string_lossy().into_owned();
    (path, name)
}

#[test]
fn client_and_operator_hear_each_other() {
    let pbx = Pbx::start();
    let client = Baresip::customer(&pbx, "+79161234567");
    let ((voice, play), (recorded, record)) = (voice(&pbx), recording(&pbx));
    let arguments = ["answer", "--after", "0.5", "--play", &play, "--record", &record, "--seconds", "5"];
    let phone = Telephone::start(&pbx, "101", &arguments);
    phone.wait("registered", seconds(5));
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    let ringing = phone.wait("ringing_in", seconds(5));
    assert_eq!(ringing.event["caller_number"], "+79161234567");
    let ended = phone.finish(seconds(20));
    client.wait("CALL_CLOSED", seconds(5));

    ended.exited(0);
    let answered = ended.one("answered");
    assert_eq!((answered["codec"].as_str(), answered["srtp"].as_bool()), (Some("PCMA"), Some(false)));
    for (what, voice, heard) in [
        ("the client hears the operator", &voice, client.heard()),
        ("the operator hears the client", &client.voice, sound::read(&recorded, 0)),
        ("the right channel is what was sent", &voice, sound::read(&recorded, 1)),
    ] {
        sound::must_be_heard(what, voice, 0.5, 4.0, &heard);
    }
    let last = ended.one("ended");
    assert_eq!((last["by"].as_str(), last["outcome"].as_str()), (Some("us"), Some("completed")));
    assert!(last["seconds"].as_f64().is_some_and(|s| (4.5..6.0).contains(&s)), "{last}");
    let media = ended.one("media");
    assert!(media["no_audio"].is_null() && media["rx_packets"].as_u64() > Some(200), "{media}");
    let records = pbx.call_records(1);
    assert_eq!((records[0].from.as_str(), records[0].disposition.as_str()), ("+79161234567", "ANSWERED"));
}

#[test]
fn the_client_hangs_up() {
    let pbx = Pbx::start();
    let client = Baresip::customer(&pbx, "+79161234567");
    let phone = Telephone::start(&pbx, "101", &["answer"]);
    phone.wait("registered", seconds(5));
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    phone.wait("answered", seconds(5));
    std::thread::sleep(seconds(2));
    client.hang_up();
    let ended = phone.finish(seconds(10));
    let last = ended.exited(0).one("ended");
    assert_eq!((last["by"].as_str(), last["outcome"].as_str()), (Some("them"), Some("completed")));
}

#[test]
fn a_caller_who_gives_up_is_missed() {
    let pbx = Pbx::start();
    let phone = Telephone::start(&pbx, "101", &["answer", "--after", "30"]);
    phone.wait("registered", seconds(5));
    let from = "\"Ivan Petrov\" <sip:+79161234567@pstn>";
    let client = Sipp::calls(&pbx, "101", from, &[], &Then::GivesUp(seconds(1)));
    let ringing = phone.wait("ringing_in", seconds(5));
    assert_eq!(ringing.event["caller_name"], "Ivan Petrov");
    let ended = phone.finish(seconds(10));
    client.finish(seconds(5));
    let last = ended.exited(5).one("ended");
    assert_eq!((last["by"].as_str(), last["outcome"].as_str()), (Some("them"), Some("missed")));
    assert!(!ended.has("answered"));
}

#[test]
fn a_call_that_another_device_answers_is_not_missed() {
    let pbx = Pbx::start();
    let other = Baresip::colleague(&pbx, "201", &Answers::ByHand);
    let phone = Telephone::start(&pbx, "201", &["answer", "--after", "30"]);
    phone.wait("registered", seconds(5));
    let client = Baresip::customer(&pbx, "+79161234567");
    client.dial(&format!("sip:201@{}", pbx.trunk()));
    phone.wait("ringing_in", seconds(5));
    other.wait("CALL_INCOMING", seconds(5));
    other.accept();
    let ended = phone.finish(seconds(10));
    assert_eq!(ended.exited(0).one("ended")["outcome"], "answered_elsewhere");
    client.hang_up();
}

#[test]
fn a_telephone_stopped_while_it_rings_leaves_the_caller_to_the_others() {
    let pbx = Pbx::start();
    let other = Baresip::colleague(&pbx, "201", &Answers::ByHand);
    let phone = Telephone::start(&pbx, "201", &["answer", "--after", "30"]);
    phone.wait("registered", seconds(5));
    let client = Baresip::customer(&pbx, "+79161234567");
    client.dial(&format!("sip:201@{}", pbx.trunk()));
    phone.wait("ringing_in", seconds(5));
    other.wait("CALL_INCOMING", seconds(5));
    phone.interrupt();
    let ended = phone.finish(seconds(10));
    assert!(ended.exited(130).has("unregistered"), "{}", ended.story());
    std::thread::sleep(seconds(1));
    assert!(!client.has("CALL_CLOSED"), "it still rings at the colleague's");
    other.accept();
    client.wait("CALL_ESTABLISHED", seconds(5));
    client.hang_up();
}

#[test]
fn a_refused_call_is_busy_for_the_caller() {
    let pbx = Pbx::start();
    let phone = Telephone::start(&pbx, "101", &["answer", "--reject", "486"]);
    phone.wait("registered", seconds(5));
    let client = Sipp::calls(&pbx, "101", "<sip:+79161234567@pstn>", &[], &Then::IsRefused(486));
    client.finish(seconds(10));
    let ended = phone.finish(seconds(10));
    assert!(!ended.has("answered"), "{}", ended.story());
    assert_eq!(ended.one("ended")["by"], "us");
}

#[test]
fn a_second_call_is_busy_and_the_first_goes_on() {
    let pbx = Pbx::start();
    let client = Baresip::customer(&pbx, "+79161234567");
    let (voice, play) = voice(&pbx);
    let arguments = ["answer", "--lines", "1", "--play", &play, "--seconds", "5"];
    let phone = Telephone::start(&pbx, "101", &arguments);
    phone.wait("registered", seconds(5));
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    phone.wait("answered", seconds(5));
    let second = Sipp::calls(&pbx, "101", "<sip:+78120000001@pstn>", &[], &Then::IsRefused(486));
    let declined = phone.wait("declined", seconds(5));
    assert_eq!(declined.event["caller_number"], "+78120000001");
    assert_eq!(declined.event["status"], 486);
    second.finish(seconds(10));
    let ended = phone.finish(seconds(20));
    assert_eq!(ended.exited(0).one("ended")["outcome"], "completed");
    client.wait("CALL_CLOSED", seconds(5));
    sound::must_be_heard("the first client still hears the operator", &voice, 2.5, 4.5, &client.heard());
}

#[test]
fn several_calls_are_answered_one_after_another() {
    let pbx = Pbx::start();
    let phone = Telephone::start(&pbx, "101", &["answer", "--calls", "2"]);
    phone.wait("registered", seconds(5));
    for number in ["+79160000001", "+79160000002"] {
        let from = format!("<sip:{number}@pstn>");
        let client = Sipp::calls(&pbx, "101", &from, &[], &Then::Talks(Duration::from_millis(1500)));
        client.finish(seconds(10));
    }
    let ended = phone.finish(seconds(10));
    let callers: Vec<_> =
        ended.said.iter().filter(|s| s.is("ringing_in")).map(|s| s.event["caller_number"].clone()).collect();
    assert_eq!(callers, ["+79160000001", "+79160000002"], "{}", ended.story());
}

#[test]
fn a_diverted_call_tells_what_was_dialled() {
    let pbx = Pbx::start();
    let phone = Telephone::start(&pbx, "101", &["answer", "--after", "30"]);
    phone.wait("registered", seconds(5));
    let diversion = "Diversion: <sip:+74951112233@pstn>;reason=unconditional";
    let client =
        Sipp::calls(&pbx, "101", "<sip:+79161234567@pstn>", &[diversion], &Then::GivesUp(seconds(1)));
    let ringing = phone.wait("ringing_in", seconds(5));
    assert_eq!(ringing.event["called"], "+74951112233", "{}", ringing.event);
    client.finish(seconds(10));
    phone.finish(seconds(10));
}

#[test]
fn an_asserted_number_stands_above_from() {
    let pbx = Pbx::start();
    let phone = Telephone::start(&pbx, "101", &["answer", "--after", "30"]);
    phone.wait("registered", seconds(5));
    let asserted = "P-Asserted-Identity: \"OOO Vesna\" <sip:+74957778899@pstn>";
    let client = Sipp::calls(&pbx, "101", "<sip:1000@pstn>", &[asserted], &Then::GivesUp(seconds(1)));
    let ringing = phone.wait("ringing_in", seconds(5));
    assert_eq!(ringing.event["caller_number"], "+74957778899", "{}", ringing.event);
    client.finish(seconds(10));
    phone.finish(seconds(10));
}

#[test]
fn a_queues_prefix_is_not_part_of_the_callers_name() {
    let pbx = Pbx::start();
    let settings = pbx.scratch.path().join("patchcord.toml");
    std::fs::write(&settings, "[calls]\nname_prefixes = [\"Sales: \"]\n").expect("a file");
    let settings = settings.to_string_lossy().into_owned();
    let phone = Telephone::start(&pbx, "101", &["answer", "--config", &settings, "--seconds", "1"]);
    phone.wait("registered", seconds(5));
    let client = Baresip::customer(&pbx, "+79161234567");
    client.dial(&format!("sip:78001234567@{}", pbx.trunk()));
    let ringing = phone.wait("ringing_in", seconds(5));
    let queue = ringing.event["queue"].as_str().unwrap_or_default();
    assert!(queue.starts_with("Sales"), "{}", ringing.event);
    assert!(ringing.event["caller_name"].is_null(), "only the queue's prefix came: {}", ringing.event);
    assert_eq!(ringing.event["caller_number"], "+79161234567");
    phone.finish(seconds(10)).exited(0);
}
