//! The practice PBX on real sockets: with a telephone of somebody else's (baresip), and with ours, whose every message is
//! held against the rules.

#![expect(clippy::disallowed_methods, reason = "these tests measure a running program by the clock")]

mod line;
#[path = "../pbx/pbx.rs"]
#[allow(dead_code, reason = "shared with the tests on the PBX")]
mod pbx;
#[path = "../pbx/people.rs"]
#[allow(dead_code, reason = "shared with the tests on the PBX")]
mod people;
#[path = "../support/schema.rs"]
#[allow(dead_code, reason = "shared with tests that hold whole outputs against the schema")]
mod schema;
#[path = "../pbx/sound.rs"]
#[allow(dead_code, reason = "shared with the tests on the PBX")]
mod sound;
mod stage;
#[path = "../pbx/telephone.rs"]
#[allow(dead_code, reason = "shared with the tests on the PBX")]
mod telephone;
#[path = "../support/waiting.rs"]
#[allow(dead_code, reason = "shared with the tests on the PBX")]
mod waiting;
#[path = "../pbx/wire/mod.rs"]
#[allow(dead_code, reason = "shared with the tests on the PBX")]
mod wire;

use line::Line;
use pbx::tempdir::TempDir;
use people::{Answers, Baresip};
use stage::Stage;
use telephone::{Telephone, telephone_at};
use waiting::{now, seconds, until};

fn account(stage: &Stage, extension: &str) -> String {
    format!("<sip:{extension}@{}>;auth_user={extension};auth_pass=pw-{extension};regint=60", stage.server())
}

#[test]
fn a_telephone_of_another_make_registers_and_is_called_by_a_client_who_speaks() {
    let (stage, scratch) = (Stage::with_calls(1), TempDir::new("practice"));
    let baresip =
        Baresip::start(scratch.path(), "101", &account(&stage, "101"), "127.0.0.1:0", &Answers::AtOnce);
    let call = baresip.wait("CALL_ESTABLISHED", seconds(10));
    assert!(call["peeruri"].as_str().is_some_and(|uri| uri.contains("+79160000001")), "{call}");
    std::thread::sleep(seconds(4));
    baresip.hang_up();
    baresip.wait("CALL_CLOSED", seconds(5));
    let loudest = baresip.heard().iter().map(|sample| sample.saturating_abs()).max().unwrap_or(0);
    assert!(loudest > 5_000, "the client is heard: {loudest}");
}

#[test]
fn a_telephone_of_another_make_hears_its_own_echo() {
    let (stage, scratch) = (Stage::with_calls(0), TempDir::new("practice"));
    let baresip =
        Baresip::start(scratch.path(), "102", &account(&stage, "102"), "127.0.0.1:0", &Answers::AtOnce);
    baresip.dial(&format!("sip:600@{}", stage.server()));
    baresip.wait("CALL_ESTABLISHED", seconds(5));
    std::thread::sleep(seconds(5));
    baresip.hang_up();
    baresip.wait("CALL_CLOSED", seconds(5));
    sound::must_be_heard("an echo", &baresip.voice, 0.5, 3.5, &baresip.heard());
}

/// Registers, is called, holds, fails to pass the client on, passes him on, calls out, confers, watches lines, and goes.
#[test]
fn our_telephone_breaks_no_rule_towards_the_practice_pbx() {
    let (line, scratch) = (Line::open(), TempDir::new("practice"));
    let work = |arguments: &[&str]| {
        let command = telephone_at(&line.server(), scratch.path(), "101", arguments);
        Telephone::spawn(command, None).finish(seconds(40))
    };
    let mut captures = Vec::new();
    let answered = work(
        &"answer --calls 2 --after 0.3 --hold-at 0.3 --resume-at 0.8 --transfer 399,201 --transfer-at 1.2 --transfer-mode blind"
            .split(' ')
            .collect::<Vec<_>>(),
    );
    assert!(answered.has("returned") && answered.has("transferred"), "{}", answered.story());
    let called = work(&["call", "201", "--seconds", "1", "--dtmf", "12#"]);
    assert!(called.has("answered"), "{}", called.story());
    let busy = work(&["call", "203"]);
    busy.exited(5);
    let conferred = work(&["call", "201", "--conference", "302", "--seconds", "2"]);
    assert!(conferred.has("conference"), "{}", conferred.story());
    // So long that one of the subscriptions is refreshed.
    let watched = work(&["watch", "201", "204", "302", "102", "999", "--seconds", "25"]);
    assert!(watched.has("blf"), "{}", watched.story());
    for ended in [&answered, &called, &busy, &conferred, &watched] {
        captures.push(line.capture_of(ended.one("ready")["local"].as_str().expect("an address")));
    }
    for capture in captures {
        assert!(capture.len() > 8, "{} messages captured", capture.len());
        let broken = wire::check(&capture);
        assert!(broken.is_empty(), "{broken:#?}");
    }
}
