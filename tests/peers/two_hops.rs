//! Calls by way of two proxies that both stay in between, and telephones that share a number.

use crate::people::Answers;
use crate::proxies::Proxies;
use crate::wire::Captured;
use crate::{seconds, sound};
use std::path::Path;

fn voice(folder: &Path) -> (Vec<i16>, String) {
    let voice = sound::noise(10);
    let path = folder.join("operator.wav");
    sound::write(&path, &voice);
    (voice, path.to_string_lossy().into_owned())
}

/// The routes of our requests of this method within the call.
fn routes(capture: &[Captured], method: &str) -> Vec<usize> {
    let sips = capture.iter().filter(|each| each.outgoing).filter_map(|each| each.sip.as_ref().ok());
    let within = sips.filter(|sip| sip.is_request(method) && sip.tag_of_to().is_some());
    within.map(|sip| sip.list("route").len()).collect()
}

/// Edge, registrar, and the edge again.
const HOPS: usize = 3;

#[test]
fn a_call_of_ours_is_heard_held_resumed_and_ended_over_both_proxies() {
    let pbx = Proxies::start();
    let manager = pbx.softphone("102", &Answers::AtOnce);
    let (voice, play) = voice(pbx.scratch.path());
    let recorded = pbx.scratch.path().join("recording.wav");
    let record = recorded.to_string_lossy();
    let arguments = ["call", "102", "--play", &play, "--record", &record];
    let times = ["--hold-at", "3", "--resume-at", "4", "--seconds", "5"];
    let phone = pbx.telephone("one", "101", &[&arguments[..], &times].concat());
    let (ended, capture) = pbx.finish(phone, seconds(20));
    manager.wait("CALL_CLOSED", seconds(5));
    ended.exited(0);
    ended.one("held");
    ended.one("resumed");
    assert!(ended.has("unregistered"), "{}", ended.story());
    sound::must_be_heard("the manager hears the operator", &voice, 0.5, 2.5, &manager.heard());
    sound::must_be_heard(
        "the operator hears the manager",
        &manager.voice,
        0.5,
        2.5,
        &sound::read(&recorded, 0),
    );
    for (method, requests) in [("INVITE", 2), ("ACK", 3), ("BYE", 1)] {
        let routes = routes(&capture, method);
        // An ACK of the refusal that asks for credentials has none.
        let routed = routes.iter().filter(|routes| **routes == HOPS).count();
        assert_eq!(routed, requests, "{method} by way of {routes:?} proxies");
    }
}

#[test]
fn a_call_to_us_is_heard_held_resumed_and_ended_over_both_proxies() {
    let pbx = Proxies::start();
    let (voice, play) = voice(pbx.scratch.path());
    let recorded = pbx.scratch.path().join("recording.wav");
    let record = recorded.to_string_lossy();
    let arguments = ["answer", "--play", &play, "--record", &record, "--hold-at", "3", "--resume-at", "4"];
    let phone = pbx.telephone("one", "101", &arguments);
    phone.wait("registered", seconds(5));
    let manager = pbx.softphone("102", &Answers::AtOnce);
    manager.dial("sip:101@pbx.example");
    phone.wait("resumed", seconds(15));
    manager.hang_up();
    let (ended, capture) = pbx.finish(phone, seconds(10));
    assert_eq!(ended.exited(0).one("ringing_in")["caller_number"], "102");
    assert_eq!(ended.one("ended")["by"], "them");
    sound::must_be_heard("the manager hears the operator", &voice, 0.5, 2.5, &manager.heard());
    sound::must_be_heard(
        "the operator hears the manager",
        &manager.voice,
        0.5,
        2.5,
        &sound::read(&recorded, 0),
    );
    assert_eq!(routes(&capture, "INVITE"), [HOPS; 2]);
}

/// RFC 3326: the CANCEL says why.
#[test]
fn of_two_telephones_that_ring_one_answers_and_the_other_is_told() {
    let pbx = Proxies::start();
    let slow = pbx.telephone("slow", "101", &["answer", "--after", "30"]);
    let quick = pbx.telephone("quick", "101", &["answer", "--after", "1", "--seconds", "2"]);
    for phone in [&slow, &quick] {
        phone.wait("registered", seconds(5));
    }
    let caller = pbx.softphone("102", &Answers::AtOnce);
    caller.dial("sip:101@pbx.example");
    let (answered, _) = pbx.finish(quick, seconds(20));
    let (told, _) = pbx.finish(slow, seconds(5));
    answered.exited(0).one("answered");
    told.exited(0).one("ringing_in");
    assert!(!told.has("answered"), "{}", told.story());
    assert_eq!(told.one("ended")["outcome"], "answered_elsewhere");
    caller.wait("CALL_CLOSED", seconds(5));
}

#[test]
fn of_two_that_we_ring_the_first_to_answer_has_the_call() {
    let pbx = Proxies::start();
    let rings = pbx.softphone("102", &Answers::ByHand);
    let answers = pbx.softphone("102", &Answers::ByHand);
    let phone = pbx.telephone("one", "101", &["call", "102", "--seconds", "2"]);
    for phone in [&rings, &answers] {
        phone.wait("CALL_INCOMING", seconds(5));
    }
    phone.wait("ringing_out", seconds(5));
    answers.accept();
    rings.wait("CALL_CLOSED", seconds(5));
    let (ended, capture) = pbx.finish(phone, seconds(20));
    answers.wait("CALL_CLOSED", seconds(5));
    let media = ended.exited(0).one("media");
    assert!(media["rx_packets"].as_u64() > Some(50), "{media}");
    assert!(!rings.has("CALL_ESTABLISHED"));
    let answers = capture.iter().filter(|each| !each.outgoing).filter_map(|each| each.sip.as_ref().ok());
    let tags: std::collections::BTreeSet<_> =
        answers.filter(|sip| sip.status() == Some(180)).filter_map(|sip| sip.tag_of_to()).collect();
    assert_eq!(tags.len(), 2, "an early dialog with each");
}
