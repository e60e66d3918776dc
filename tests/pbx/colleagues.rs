//! What operators do for each other at the PBX: pick up what rings elsewhere, park and take back, log in to the queue, pause
//! and log out, by feature codes alone.

use crate::inbound::voice;
use crate::pbx::Pbx;
use crate::people::{Answers, Baresip};
use crate::seconds;
use crate::sound::{self, ALIKE, RATE};
use crate::telephone::{Said, Telephone};

/// The first event of this name about the pause of 103.
fn pause_is(watching: &Telephone<'_>, state: &str, nth: usize) -> Said {
    let found = || {
        let said = watching.said().into_iter();
        said.filter(|said| said.is("blf") && said.event["ext"] == "*49103" && said.event["state"] == state)
            .nth(nth - 1)
    };
    crate::until(&format!("*49103 is {state} ({nth})"), seconds(8), || found().is_some());
    found().expect("just seen")
}

/// A code that the PBX carries out is answered, and then hung up by it.
fn code(pbx: &Pbx, account: &str, code: &str) {
    let ended = Telephone::start(pbx, account, &["call", code, "--seconds", "5"]).finish(seconds(15));
    assert!(ended.has("answered"), "{code}: {}", ended.story());
    assert_eq!(ended.one("ended")["by"], "them", "{code}: {}", ended.story());
}

#[test]
fn a_colleagues_ringing_call_is_picked_up() {
    let pbx = Pbx::start();
    let absent = Baresip::colleague(&pbx, "202", &Answers::ByHand);
    let client = Baresip::customer(&pbx, "+79161234567");
    let (voice, play) = voice(&pbx);
    client.dial(&format!("sip:202@{}", pbx.trunk()));
    absent.wait("CALL_INCOMING", seconds(5));
    let phone = Telephone::start(&pbx, "101", &["call", "*8202", "--play", &play, "--seconds", "5"]);
    let party = phone.wait_where("connected_to", seconds(5), |event| event["number"] == "+79161234567");
    absent.wait("CALL_CLOSED", seconds(5));
    phone.finish(seconds(15)).exited(0);
    assert!(!absent.has("CALL_ESTABLISHED"), "{}", party.event);
    let heard = client.heard();
    let alike = sound::best(&voice, &heard[heard.len().saturating_sub(3 * RATE)..]);
    assert!(alike >= ALIKE, "the client hears who picked up: {alike:.3}");
}

#[test]
fn a_client_is_parked_and_taken_back_by_a_colleague() {
    let pbx = Pbx::start();
    let client = Baresip::customer(&pbx, "+79161234567");
    let (voice, play) = voice(&pbx);
    let parks = ["answer", "--transfer", "750", "--transfer-at", "2", "--transfer-mode", "blind"];
    // Whose blind transfers come back, too.
    let phone = Telephone::start(&pbx, "110", &parks);
    phone.wait("registered", seconds(5));
    client.dial(&format!("sip:110@{}", pbx.trunk()));
    let ended = phone.finish(seconds(20));
    assert_eq!(ended.exited(0).one("transferred")["outcome"], "handed_over");
    std::thread::sleep(seconds(2));
    let music = sound::loudness(&client.heard()[client.heard().len().saturating_sub(RATE)..]);
    assert!(music > 100.0, "the client hears music in the place: {music:.0}");

    let other = Telephone::start(&pbx, "103", &["call", "751", "--play", &play, "--seconds", "4"]);
    other.wait_where("connected_to", seconds(5), |event| event["number"] == "+79161234567");
    other.finish(seconds(15)).exited(0);
    let heard = client.heard();
    let alike = sound::best(&voice, &heard[heard.len().saturating_sub(5 * RATE / 2)..]);
    assert!(alike >= ALIKE, "the client hears who took him back: {alike:.3}");
}

#[test]
fn a_parked_client_whom_nobody_takes_back_rings_at_who_parked_him() {
    let pbx = Pbx::start_with(&["--parking", "3"]);
    let client = Baresip::customer(&pbx, "+79161234567");
    let parks = ["answer", "--transfer", "750", "--transfer-at", "2", "--transfer-mode", "blind"];
    let phone = Telephone::start(&pbx, "101", &parks);
    phone.wait("registered", seconds(5));
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    phone.finish(seconds(20)).exited(0);
    let back = Telephone::start(&pbx, "101", &["answer", "--timeout", "15", "--seconds", "2"]);
    let rings = back.wait("ringing_in", seconds(15));
    assert_eq!(rings.event["caller_number"], "+79161234567", "{}", rings.event);
    back.finish(seconds(10)).exited(0);
}

#[test]
fn an_operators_day_in_the_queue_goes_by_codes_and_is_read_back() {
    let pbx = Pbx::start();
    pbx.cli("dialplan set global PATCHCORD_REASON_2 lunch");
    let watching = Telephone::start(&pbx, "104", &["watch", "*49103"]);
    pause_is(&watching, "offline", 1);
    code(&pbx, "103", "*45");
    pause_is(&watching, "free", 1);
    code(&pbx, "103", "*472");
    pause_is(&watching, "talking", 1);
    assert!(pbx.cli("queue show sales").contains("paused:lunch"), "{}", pbx.cli("queue show sales"));

    // Whoever pauses gets no client of the queue, and nobody else's hand is overlooked.
    let phone = Telephone::start(&pbx, "103", &["answer", "--timeout", "4"]);
    phone.wait("registered", seconds(5));
    let client = Baresip::customer(&pbx, "+79161234567");
    client.dial(&format!("sip:700@{}", pbx.trunk()));
    client.wait("CALL_ESTABLISHED", seconds(5));
    assert!(!phone.finish(seconds(10)).exited(4).has("ringing_in"));
    pbx.cli("queue unpause member PJSIP/103 queue sales");
    pause_is(&watching, "free", 2);
    pbx.cli("queue pause member PJSIP/103 queue sales");
    pause_is(&watching, "talking", 2);

    code(&pbx, "103", "*48");
    pause_is(&watching, "free", 3);
    let phone = Telephone::start(&pbx, "103", &["answer", "--seconds", "2", "--timeout", "20"]);
    assert_eq!(phone.wait("ringing_in", seconds(20)).event["caller_number"], "+79161234567");
    phone.finish(seconds(15)).exited(0);

    code(&pbx, "103", "*46");
    pause_is(&watching, "talking", 3);
    let refused = Telephone::start(&pbx, "103", &["call", "*471", "--seconds", "5"]).finish(seconds(15));
    assert_eq!(refused.one("ended")["status"], 403, "who is not logged in cannot pause: {}", refused.story());
    watching.interrupt();
    watching.finish(seconds(5)).exited(130);
}
