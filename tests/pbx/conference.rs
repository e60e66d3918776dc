//! A client, a manager and the operator in one conversation: who hears whom, and how loud. Each voice has a band of its own,
//! so that it can be told from the others though all speak at once.

use crate::inbound::recording;
use crate::pbx::Pbx;
use crate::people::{Answers, Baresip};
use crate::seconds;
use crate::sound::{self, RATE};
use crate::sound_server::SoundServer;
use crate::telephone::{Telephone, telephone};
use serde_json::json;
use std::process::Command;

/// Of every voice.
const LOUDNESS: f64 = 3_000.0;

struct Voice {
    said: Vec<i16>,
    band: Vec<f64>,
    loudness: f64,
}

impl Voice {
    fn new(low: f64) -> Self {
        let band = sound::band(low, low + 150.0, 257);
        let said = sound::noise_within(&band, 15, LOUDNESS);
        Self { loudness: loudness(&band, &said), said, band }
    }

    /// How loud it is in the last four seconds, in dB against how it was spoken.
    fn level(&self, heard: &[i16]) -> f64 {
        let last = &heard[heard.len().saturating_sub(4 * RATE)..];
        20.0 * (loudness(&self.band, last).max(0.001) / self.loudness).log10()
    }

    fn within(&self, heard: &[i16]) -> Vec<i16> {
        sound::within(&self.band, heard)
    }
}

/// Of what is within this band: half of the quarters of a second are louder and half are not, so that a gap where the
/// computer was busy changes nothing.
fn loudness(band: &[f64], samples: &[i16]) -> f64 {
    let quarters = sound::within(band, samples);
    let mut loudness: Vec<f64> = quarters.chunks_exact(RATE / 4).map(sound::loudness).collect();
    loudness.sort_by(f64::total_cmp);
    loudness[loudness.len() / 2]
}

/// Two voices as loud as they were spoken, and nothing of the third.
#[track_caller]
fn hears(who: &str, heard: &[i16], voices: [&Voice; 2], not: &Voice, exact: &Exact) {
    let [one, other] = voices.map(|voice| voice.level(heard));
    let echo = not.level(heard);
    println!("{who}: {one:+.2} dB and {other:+.2} dB, not {echo:.1} dB");
    assert!(one.abs().max(other.abs()) < exact.levels, "{who} hears them at {one:.2} and {other:.2} dB");
    assert!(echo < exact.silence, "{who} hears at {echo:.1} dB what is not to be heard");
}

/// In dB, how near levels have to be, and what is silence.
struct Exact {
    levels: f64,
    silence: f64,
}

const FILES: Exact = Exact { levels: 1.5, silence: -40.0 };
/// Gaps are the computer's: nothing runs in real time.
const DEVICES: Exact = Exact { levels: 3.0, silence: -30.0 };

/// Three people, each with a voice.
struct Table {
    pbx: Pbx,
    client: Baresip,
    manager: Baresip,
    of_client: Voice,
    of_manager: Voice,
    of_operator: Voice,
}

impl Table {
    fn new() -> Self {
        let pbx = Pbx::start();
        let [of_client, of_manager, of_operator] = [200.0, 450.0, 700.0].map(Voice::new);
        let mut client = Baresip::customer(&pbx, "+79161234567");
        let mut manager = Baresip::colleague(&pbx, "201", &Answers::AtOnce);
        client.speak(of_client.said.clone());
        manager.speak(of_manager.said.clone());
        Self { pbx, client, manager, of_client, of_manager, of_operator }
    }

    /// The client calls, and all are together five seconds after the conference began.
    fn together(&self, arguments: &[&str], sound: impl Fn(&mut Command)) -> Telephone<'_> {
        let conference = ["answer", "--conference", "201", "--conference-at", "1.5"];
        let mut command = telephone(&self.pbx, "101", &[&conference, arguments].concat());
        sound(&mut command);
        let phone = Telephone::spawn(command, Some(&self.pbx));
        phone.wait("registered", seconds(5));
        self.client.dial(&format!("sip:101@{}", self.pbx.trunk()));
        let stands = phone.wait("conference", seconds(15)).event;
        assert_eq!(stands["lines"], json!([1, 2]));
        std::thread::sleep(seconds(5));
        phone
    }

    #[track_caller]
    fn hear_the_two_others(&self, exact: &Exact) {
        let Self { of_client, of_manager, of_operator, .. } = self;
        hears("the client", &self.client.heard(), [of_operator, of_manager], of_client, exact);
        hears("the manager", &self.manager.heard(), [of_operator, of_client], of_manager, exact);
    }
}

#[test]
fn three_hear_each_other_at_one_level_and_nobody_itself_and_two_go_on_when_one_leaves() {
    let table = Table::new();
    let Table { pbx, client, manager, of_client, of_manager, of_operator } = &table;
    let (said, (recorded, record)) = (pbx.scratch.path().join("operator.wav"), recording(pbx));
    sound::write(&said, &of_operator.said.repeat(4));
    let phone = table.together(&["--play", &said.to_string_lossy(), "--record", &record], |_| {});
    table.hear_the_two_others(&FILES);
    let by_client = of_manager.within(&client.heard());
    sound::must_be_heard("the client hears the manager", &of_manager.said, 1.5, 4.5, &by_client);

    client.hang_up();
    phone.wait_where("conference", seconds(5), |event| event["lines"] == json!([]));
    std::thread::sleep(seconds(4));
    let left = manager.heard();
    let (operator, gone) = (of_operator.level(&left), of_client.level(&left));
    assert!(operator.abs() < 1.5 && gone < -40.0, "the manager hears them at {operator:.2} and {gone:.1} dB");
    manager.hang_up();
    let ended = phone.finish(seconds(10));
    assert!(!ended.exited(0).has("no_audio"), "{}", ended.story());
    let sent = sound::read(&recorded, 1);
    hears("the recording of what was sent", &sent, [of_operator, of_manager], of_client, &FILES);
}

#[test]
fn an_operator_with_a_headset_hears_both_and_is_heard_by_both() {
    let table = Table::new();
    let Table { pbx, client, manager, of_client, of_manager, of_operator } = &table;
    let server = SoundServer::start(pbx.scratch.path(), &["a"]);
    server.make_default("a");
    let _voice = server.say("a", of_operator.said.repeat(4));
    let phone = table.together(&["--audio", "devices"], |command| {
        server.env(command);
    });
    let ear = server.listen("a");
    std::thread::sleep(seconds(4));
    hears("the operator", &ear.heard(), [of_client, of_manager], of_operator, &DEVICES);
    table.hear_the_two_others(&DEVICES);

    manager.hang_up();
    phone.wait_where("conference", seconds(5), |event| event["lines"] == json!([]));
    std::thread::sleep(seconds(4));
    let (by_operator, by_client) = (of_client.level(&ear.heard()), of_operator.level(&client.heard()));
    assert!(by_operator.abs() < 3.0 && by_client.abs() < 3.0, "{by_operator:.2} and {by_client:.2} dB");
    client.hang_up();
    let ended = phone.finish(seconds(10));
    assert!(!ended.exited(0).has("no_audio"), "{}", ended.story());
}
