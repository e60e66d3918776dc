//! During a call: hold and resume, digits, session refresh.

use crate::answering_pbx::AnsweringPbx;
use crate::inbound::{recording, voice};
use crate::pbx::Pbx;
use crate::people::{Baresip, Deaf};
use crate::seconds;
use crate::sound::{self, ALIKE, RATE};
use crate::telephone::{Telephone, program, wall_clock};

#[test]
fn a_held_client_hears_music_and_then_the_operator_again() {
    let pbx = Pbx::start();
    let client = Baresip::customer(&pbx, "+79161234567");
    let (voice, play) = voice(&pbx);
    let arguments = ["answer", "--play", &play, "--hold-at", "2.5", "--resume-at", "5.5", "--seconds", "9"];
    let phone = Telephone::start(&pbx, "101", &arguments);
    phone.wait("registered", seconds(5));
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    phone.wait("held", seconds(8));
    let ended = phone.finish(seconds(20));
    assert_eq!(ended.exited(0).one("held")["by"], "us");
    assert_eq!(ended.one("resumed")["by"], "us");
    client.wait("CALL_CLOSED", seconds(5));

    let heard = client.heard();
    assert!(sound::best(&voice, &heard[..3 * RATE]) >= ALIKE, "before hold");
    let held = &heard[3 * RATE..5 * RATE];
    let music = sound::loudness(held);
    assert!(music > 100.0, "the held client hears nothing: {music:.0}");
    let after = &heard[heard.len() - 5 * RATE / 2..];
    let (held, after) = (sound::best(&voice, held), sound::best(&voice, after));
    assert!(held < 0.7, "the operator's voice during hold: {held:.3}");
    assert!(after >= ALIKE, "the operator's voice after hold: {after:.3}");
}

#[test]
fn digits_go_out_and_come_in() {
    let pbx = Pbx::start();
    let phone = Telephone::start(&pbx, "101", &["call", "608", "--dtmf", "0481*#", "--seconds", "7"]);
    let ended = phone.finish(seconds(20));
    assert!(pbx.digits_heard().lines().any(|line| line == "101 0481*"), "{:?}", pbx.digits_heard());
    let digits: String =
        ended.said.iter().filter(|s| s.is("dtmf")).filter_map(|s| s.event["digit"].as_str()).collect();
    assert_eq!(digits, "0481*", "{}", ended.story());
}

/// The PBX refreshes after half of its 90 s, and gives up a call that stands longer without an answer to that.
#[test]
fn the_call_survives_the_session_refresh_of_the_pbx() {
    const INTERVAL: usize = 90;
    let pbx = Pbx::start();
    let (recorded, record) = recording(&pbx);
    let (path, late) = (pbx.scratch.path().join("late.wav"), sound::noise(10));
    sound::write(&path, &[vec![0; INTERVAL * RATE], late.clone()].concat());
    let play = path.to_string_lossy().into_owned();
    let arguments = ["call", "600", "--play", &play, "--record", &record, "--seconds", "98"];
    let phone = Telephone::start(&pbx, "102", &arguments);
    let local = phone.local();
    let ended = phone.finish(seconds(120));
    let last = ended.exited(0).one("ended");
    assert_eq!((last["by"].as_str(), last["outcome"].as_str()), (Some("us"), Some("completed")));
    assert!(!ended.has("held"), "a refresh is no hold");
    let heard = sound::read(&recorded, 0);
    sound::must_be_heard("the echo after the interval", &late, 1.0, 6.0, &heard[INTERVAL * RATE..]);

    let capture = pbx.capture_of(&local);
    let refreshes: Vec<_> = capture
        .iter()
        .filter_map(|c| c.sip.as_ref().ok().filter(|_| !c.outgoing))
        .filter(|s| (s.is_request("UPDATE") || s.is_request("INVITE")) && s.tag_of_to().is_some())
        .collect();
    assert!(!refreshes.is_empty(), "the PBX refreshed nothing");
    for refresh in refreshes {
        let agreed = capture.iter().any(|c| {
            c.outgoing
                && c.sip.as_ref().is_ok_and(|s| {
                    (s.status(), s.cseq(), s.call_id()) == (Some(200), refresh.cseq(), refresh.call_id())
                })
        });
        assert!(agreed, "no 200 to the refresh {:?}", refresh.cseq());
    }
}

#[test]
fn a_client_who_hears_nothing_of_us_is_told_of_by_the_second_report() {
    let mut client = Deaf::new();
    let pbx = AnsweringPbx::that_takes_calls(&client.description());
    let arguments = ["call", "200", "--json", "--server", &pbx.address(), "--user", "101", "--seconds", "7"];
    let mut command = program(&arguments);
    command.env("PATCHCORD_PASSWORD", "pw-101");
    let phone = Telephone::spawn(command, None);
    phone.wait("answered", seconds(5));
    let invite = pbx.request_with("INVITE sip:200").expect("answered");
    for _ in 0..2 {
        client.speak(&invite, seconds(2));
        assert!(!phone.said().iter().any(|said| said.is("no_audio")), "one report may be a moment's");
        client.report(&invite);
    }
    client.speak(&invite, seconds(1));
    let told = phone.wait("no_audio", seconds(1)).event;
    assert_eq!(
        (told["direction"].as_str(), told["cause"].as_str()),
        (Some("out"), Some("remote_hears_nothing"))
    );
    let ended = phone.finish(seconds(10));
    assert_eq!(ended.exited(0).one("media")["no_audio"], "out");
}

/// A call to somebody whose voice and reports the test makes; with the INVITE.
fn calls_deaf(client: &Deaf, lasts: &str) -> (Telephone<'static>, String) {
    let pbx = AnsweringPbx::that_takes_calls(&client.description());
    let arguments =
        ["call", "200", "--json", "--server", &pbx.address(), "--user", "101", "--seconds", lasts];
    let mut command = program(&arguments);
    command.env("PATCHCORD_PASSWORD", "pw-101");
    let phone = Telephone::spawn(command, None);
    phone.wait("answered", seconds(5));
    (phone, pbx.request_with("INVITE sip:200").expect("answered"))
}

#[test]
fn a_client_who_misses_a_fifth_of_us_hears_us_badly_by_the_second_report() {
    let mut client = Deaf::new();
    let (phone, invite) = calls_deaf(&client, "8");
    for _ in 0..2 {
        client.speak(&invite, seconds(2));
        assert!(!phone.said().iter().any(|said| said.is("poor_audio")), "one report may be a moment's");
        client.report_loss(&invite, 20);
    }
    client.speak(&invite, seconds(1));
    let told = phone.wait("poor_audio", seconds(1)).event;
    assert_eq!((told["direction"].as_str(), told["cause"].as_str()), (Some("out"), Some("loss")));
    let figures = phone.said().into_iter().rfind(|said| said.is("media")).expect("figures before it").event;
    let there = figures["mos_there_now"].as_f64().expect("a score");
    assert!((2.0..3.1).contains(&there), "{figures}");
    for _ in 0..2 {
        client.report_loss(&invite, 0);
        client.speak(&invite, seconds(1));
    }
    phone.wait_where("good_audio", seconds(1), |event| event["direction"] == "out");
    let ended = phone.finish(seconds(10));
    let last = ended.exited(0).said.iter().rfind(|said| said.is("media")).expect("figures").event.clone();
    assert!(last["mos_there_worst"].as_f64() < last["mos_there_now"].as_f64(), "{last}");
    assert_eq!(last["lost_there"], 50);
}

#[test]
fn a_client_whose_voice_is_lost_by_a_fifth_is_heard_badly_within_three_seconds_and_then_well_again() {
    let mut client = Deaf::new();
    let (phone, invite) = calls_deaf(&client, "17");
    client.speak(&invite, seconds(3));
    let begun = wall_clock();
    client.speak_badly(&invite, seconds(4), 5, 0);
    let told = phone.wait_where("poor_audio", seconds(1), |event| event["direction"] == "in");
    assert_eq!(told.event["cause"], "loss");
    let took = told.at - begun;
    println!("a fifth lost is told after {took:.1} s");
    assert!((1.0..3.2).contains(&took), "{took} s");
    client.speak(&invite, seconds(8));
    phone.wait_where("good_audio", seconds(2), |event| event["direction"] == "in");
    let ended = phone.finish(seconds(10));
    assert!(!ended.exited(0).has("no_audio"), "{}", ended.story());
}

#[test]
fn a_client_who_speaks_encrypted_without_agreement_is_named_and_not_played() {
    let mut client = Deaf::new();
    let (phone, invite) = calls_deaf(&client, "5");
    client.speak_badly(&invite, seconds(4), 0, 10);
    let told = phone.wait("no_audio", seconds(1)).event;
    assert_eq!((told["direction"].as_str(), told["cause"].as_str()), (Some("in"), Some("encrypted")));
    phone.finish(seconds(10)).exited(7);
}
