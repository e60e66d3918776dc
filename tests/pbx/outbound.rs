//! Calls that go out, and what becomes of them.

use crate::inbound::{recording, voice};
use crate::pbx::Pbx;
use crate::people::{Answers, Baresip};
use crate::telephone::{Ended, Telephone};
use crate::{seconds, sound};

/// A settings file with this text.
pub fn settings(pbx: &Pbx, text: &str) -> String {
    let path = pbx.scratch.path().join("patchcord.toml");
    std::fs::write(&path, text).expect("a file");
    path.to_string_lossy().into_owned()
}

fn call(pbx: &Pbx, target: &str, more: &[&str]) -> Ended {
    let arguments = [&["call", target], more].concat();
    Telephone::start(pbx, "101", &arguments).finish(seconds(30))
}

#[test]
fn the_echo_gives_back_what_was_said() {
    let pbx = Pbx::start();
    let ((voice, play), (recorded, record)) = (voice(&pbx), recording(&pbx));
    let ended = call(&pbx, "600", &["--play", &play, "--record", &record, "--seconds", "4"]);
    let answered = ended.exited(0).one("answered");
    assert_eq!(answered["codec"], "PCMA");
    sound::must_be_heard("the echo", &voice, 0.5, 3.5, &sound::read(&recorded, 0));
}

#[test]
fn an_outside_number_is_dialled_as_the_pbx_wants_it() {
    let pbx = Pbx::start();
    let client = Baresip::outside(&pbx, "+79161234567", &Answers::AtOnce);
    let (voice, play) = voice(&pbx);
    let ended = call(&pbx, "+7 916 123-45-67", &["--play", &play, "--seconds", "4"]);
    ended.exited(0).one("answered");
    client.wait("CALL_CLOSED", seconds(5));
    sound::must_be_heard("the client hears the operator", &voice, 0.5, 3.0, &client.heard());
    let records = pbx.call_records(1);
    assert_eq!(records[0].to, "+79161234567", "{records:?}");
}

#[test]
fn busy_is_said_as_busy() {
    let ended = call(&Pbx::start(), "603", &[]);
    let last = ended.exited(5).one("ended");
    assert_eq!((last["outcome"].as_str(), last["status"].as_u64()), (Some("busy"), Some(486)));
}

#[test]
fn no_circuit_is_said_as_a_failure() {
    let ended = call(&Pbx::start(), "604", &[]);
    let last = ended.exited(5).one("ended");
    assert_eq!((last["outcome"].as_str(), last["status"].as_u64()), (Some("failed"), Some(503)));
}

#[test]
fn a_redirection_is_followed_where_the_settings_say_so() {
    let pbx = Pbx::start();
    let moved = call(&pbx, "616", &[]);
    assert_eq!(moved.exited(5).one("ended")["status"], 302);
    let settings = settings(&pbx, "[pbx]\nfollow_redirects = true\n");
    let echoed = call(&pbx, "616", &["--config", &settings, "--seconds", "1"]);
    assert_eq!(echoed.exited(0).one("ended")["outcome"], "completed");
}

#[test]
fn a_session_timer_is_asked_for_where_the_settings_say_so() {
    let pbx = Pbx::start();
    for (text, asked) in [("", None), ("[pbx]\nsession_timer = 600\n", Some("600"))] {
        let settings = settings(&pbx, text);
        let phone = Telephone::start(&pbx, "101", &["call", "600", "--config", &settings, "--seconds", "1"]);
        let local = phone.local();
        phone.finish(seconds(20)).exited(0);
        let capture = pbx.capture_of(&local);
        let mut ours = capture.iter().filter(|c| c.outgoing).filter_map(|c| c.sip.as_ref().ok());
        let invite = ours.find(|sip| sip.is_request("INVITE")).expect("an INVITE");
        assert_eq!(invite.first("session-expires"), asked);
    }
}

#[test]
fn a_number_that_nobody_has_is_refused() {
    let ended = call(&Pbx::start(), "999", &[]);
    assert_eq!(ended.exited(5).one("ended")["status"], 404);
}

#[test]
fn nobody_answers_and_the_call_is_taken_back() {
    let pbx = Pbx::start();
    let ended = call(&pbx, "605", &["--timeout", "2"]);
    assert_eq!(ended.exited(5).one("ringing_out")["status"], 180);
    let last = ended.one("ended");
    assert_eq!((last["by"].as_str(), last["outcome"].as_str()), (Some("us"), Some("cancelled")), "{last}");
    let records = pbx.call_records(1);
    assert_eq!(records[0].disposition, "NO ANSWER", "{records:?}");
}

#[test]
fn early_media_is_told_before_the_refusal() {
    let ended = call(&Pbx::start(), "607", &[]);
    let ringing = ended.exited(5).one("ringing_out");
    assert_eq!((ringing["status"].as_u64(), ringing["early_media"].as_bool()), (Some(183), Some(true)));
    assert_eq!(ended.one("ended")["outcome"], "busy");
}

#[test]
fn the_far_end_hangs_up() {
    let ended = call(&Pbx::start(), "609", &[]);
    let last = ended.exited(0).one("ended");
    assert_eq!((last["by"].as_str(), last["outcome"].as_str()), (Some("them"), Some("completed")));
}

#[test]
fn silence_from_the_far_end_is_said_within_three_seconds() {
    let ended = call(&Pbx::start(), "613", &["--seconds", "5"]);
    let silent = ended.exited(7).one("no_audio");
    assert_eq!(
        (silent["direction"].as_str(), silent["cause"].as_str()),
        (Some("in"), Some("nothing_arrives"))
    );
    let waited = silent["ms"].as_f64().unwrap_or(0.0) - ended.one("answered")["ms"].as_f64().unwrap_or(0.0);
    assert!((0.0..=3200.0).contains(&waited), "{waited} ms");
}

#[test]
fn a_transfer_that_the_pbx_asks_of_us_is_declined_and_the_call_ends_in_order() {
    let pbx = Pbx::start();
    let phone = Telephone::start(&pbx, "101", &["call", "612", "--seconds", "6"]);
    let local = phone.local();
    let ended = phone.finish(seconds(30));
    ended.one("answered");
    ended.one("ended");
    let refused = pbx.capture_of(&local).into_iter().any(|c| {
        c.outgoing
            && c.sip.is_ok_and(|s| {
                s.status() == Some(405) && s.cseq().is_some_and(|(_, method)| method == "REFER")
            })
    });
    assert!(refused, "the REFER got no 405");
}
