//! A client, a manager and the operator in one conversation: who hears whom, and how loud. Each voice has a band of its own,
//! so that it can be told from the others though all speak at once.

use crate::inbound::recording;
use crate::pbx::Pbx;
use crate::people::{Answers, Baresip};
use crate::seconds;
use crate::sound::{self, RATE};
use crate::telephone::Telephone;
use serde_json::json;

/// Of every voice.
const LOUDNESS: f64 = 3_000.0;

struct Voice {
    said: Vec<i16>,
    band: Vec<f64>,
}

impl Voice {
    fn new(low: f64) -> Self {
        let band = sound::band(low, low + 150.0, 257);
        Self { said: sound::noise_within(&band, 20, LOUDNESS), band }
    }

    /// How loud it is in the last three seconds, in dB against how it was spoken.
    fn level(&self, heard: &[i16]) -> f64 {
        let last = &heard[heard.len().saturating_sub(3 * RATE)..];
        let [heard, said] = [last, &self.said].map(|samples| sound::loudness(&self.within(samples)));
        20.0 * (heard.max(0.001) / said).log10()
    }

    fn within(&self, heard: &[i16]) -> Vec<i16> {
        sound::within(&self.band, heard)
    }
}

/// Two voices as loud as they were spoken, and nothing of the third.
#[track_caller]
fn hears(who: &str, heard: &[i16], voices: [&Voice; 2], not: &Voice) {
    let [one, other] = voices.map(|voice| voice.level(heard));
    let echo = not.level(heard);
    println!("{who}: {one:+.2} dB and {other:+.2} dB, not {echo:.1} dB");
    assert!(one.abs() < 1.0 && other.abs() < 1.0, "{who} hears them at {one:.2} and {other:.2} dB");
    assert!(echo < -40.0, "{who} hears at {echo:.1} dB what is not to be heard");
}

#[test]
fn three_hear_each_other_at_one_level_and_nobody_itself_and_two_go_on_when_one_leaves() {
    let pbx = Pbx::start();
    let [of_client, of_manager, of_operator] = [200.0, 450.0, 700.0].map(Voice::new);
    let mut client = Baresip::customer(&pbx, "+79161234567");
    let mut manager = Baresip::colleague(&pbx, "201", &Answers::AtOnce);
    client.speak(of_client.said.clone());
    manager.speak(of_manager.said.clone());
    let (said, (recorded, record)) = (pbx.scratch.path().join("operator.wav"), recording(&pbx));
    sound::write(&said, &of_operator.said.repeat(4));
    let play = said.to_string_lossy();
    let arguments = ["--play", &play, "--record", &record, "--conference", "201", "--conference-at", "1.5"];
    let phone = Telephone::start(&pbx, "101", &[&["answer"][..], &arguments].concat());
    phone.wait("registered", seconds(5));

    client.dial(&format!("sip:101@{}", pbx.trunk()));
    let stands = phone.wait("conference", seconds(15)).event;
    assert_eq!(stands["lines"], json!([1, 2]));
    std::thread::sleep(seconds(5));
    let (by_client, by_manager) = (client.heard(), manager.heard());
    hears("the client", &by_client, [&of_operator, &of_manager], &of_client);
    hears("the manager", &by_manager, [&of_operator, &of_client], &of_manager);
    let by_client = of_manager.within(&by_client);
    sound::must_be_heard("the client hears the manager", &of_manager.said, 1.5, 4.5, &by_client);

    client.hang_up();
    phone.wait_where("conference", seconds(5), |event| event["lines"] == json!([]));
    std::thread::sleep(seconds(4));
    let left = manager.heard();
    let (operator, client_gone) = (of_operator.level(&left), of_client.level(&left));
    assert!(operator.abs() < 1.0 && client_gone < -40.0, "{operator:.2} and {client_gone:.1} dB");
    manager.hang_up();
    let ended = phone.finish(seconds(10));
    ended.exited(0);
    let sent_to_client = sound::read(&recorded, 1);
    hears("the recording", &sent_to_client, [&of_operator, &of_manager], &of_client);
    assert!(!ended.has("no_audio"), "{}", ended.story());
}
