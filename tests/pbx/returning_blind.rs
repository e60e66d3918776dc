//! Blind transfers that come back by the dialplan that is shipped (`config/asterisk/`): whatever the target does, the client
//! ends with a person, or rings at the operator again. Judged by ears, by the wire and by the PBX's call records.

use crate::pbx::{Cdr, Pbx};
use crate::people::{Answers, Baresip};
use crate::seconds;
use crate::sound::{self, ALIKE, RATE};
use crate::telephone::{Ended, Said, Telephone};
use crate::transfer::Story;
use serde_json::Value;

/// The operator whose transfers come back.
const OPERATOR: &str = "110";
/// How long targets ring here.
const RINGS: u64 = 4;

impl Story {
    fn with_returns() -> Self {
        let story = Self::begin();
        story.pbx.cli(&format!("dialplan set global PATCHCORD_RING {RINGS}"));
        story
    }

    /// The client calls the operator, who passes him on blindly 2 s later, and takes him again if he comes back.
    fn passed_blindly(&self, target: &str, calls: &str, more: &[&str]) -> Telephone<'_> {
        let play = self.pbx.scratch.path().join("operator.wav").to_string_lossy().into_owned();
        let fixed = ["answer", "--play", &play, "--transfer", target, "--transfer-at", "2"];
        let blind = ["--transfer-mode", "blind", "--calls", calls, "--timeout", "12"];
        let phone = Telephone::start(&self.pbx, OPERATOR, &[&fixed[..], &blind, more].concat());
        phone.wait("registered", seconds(5));
        self.client.dial(&format!("sip:{OPERATOR}@{}", self.pbx.trunk()));
        phone.wait("transfer_started", seconds(8));
        phone
    }

    /// The client rings at the operator again, for this reason, and they speak.
    fn is_given_back(&self, phone: Telephone<'_>, target: &str, reason: &str) -> Ended {
        let handed_over = phone.wait("transferred", seconds(8));
        let back = phone.wait_where("ringing_in", seconds(12), |event| !event["returned"].is_null());
        assert_eq!(handed_over.event["outcome"], "handed_over");
        let answered =
            phone.wait_where("answered", seconds(5), |event| event["call_id"] == back.event["call_id"]);
        std::thread::sleep(seconds(3));
        self.client.hang_up();
        let ended = phone.finish(seconds(20));
        let returned = &back.event["returned"];
        assert_eq!(
            (returned["target"].as_str(), returned["reason"].as_str()),
            (Some(target), Some(reason)),
            "{}",
            ended.story()
        );
        let passed = &handed_over.event["call_id"];
        assert_eq!(returned["id"], id_of(passed), "the transfer's name");
        assert_eq!(back.event["caller_number"], "+79161234567", "with the client's number");
        let heard = self.client.heard();
        let alike = sound::best(&self.voice, &heard[heard.len() - 5 * RATE / 2..]);
        assert!(alike >= ALIKE, "the client hears the operator again: {alike:.3}");
        let records = self.pbx.call_records(2);
        let spoke = |r: &&Cdr| r.disposition == "ANSWERED" && r.far_channel.starts_with("PJSIP/110");
        assert_eq!(records.iter().filter(spoke).count(), 2, "before and after: {records:?}");
        println!(
            "| {target} {reason} | back at the operator {:.1} s after the PBX took the client, speaking {:.1} s after |",
            back.at - handed_over.at,
            answered.at - handed_over.at
        );
        ended
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of the Call-ID.
fn id_of(call_id: &Value) -> Value {
    use sha2::Digest;
    let hash = sha2::Sha256::digest(call_id.as_str().expect("a Call-ID").as_bytes());
    hash[..8].iter().map(|octet| format!("{octet:02x}")).collect::<String>().into()
}

#[test]
fn who_answers_has_the_client_and_nobody_comes_back() {
    let story = Story::with_returns();
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::AtOnce);
    let phone = story.passed_blindly("201", "2", &[]);
    manager.wait("CALL_ESTABLISHED", seconds(8));
    std::thread::sleep(seconds(2));
    story.client_talks_with(&manager);
    phone.interrupt();
    let ended = phone.finish(seconds(5));
    assert_eq!(ended.one("transferred")["outcome"], "handed_over");
    assert_eq!(ended.said.iter().filter(|said| said.is("ringing_in")).count(), 1, "{}", ended.story());
}

#[test]
fn who_has_spoken_with_the_client_and_hangs_up_ends_the_call() {
    let story = Story::with_returns();
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::AtOnce);
    let phone = story.passed_blindly("201", "2", &[]);
    manager.wait("CALL_ESTABLISHED", seconds(8));
    std::thread::sleep(seconds(6));
    manager.hang_up();
    story.client.wait("CALL_CLOSED", seconds(5));
    phone.interrupt();
    assert_eq!(phone.finish(seconds(5)).said.iter().filter(|said| said.is("ringing_in")).count(), 1);
}

#[test]
fn a_busy_target_gives_the_client_back() {
    let story = Story::with_returns();
    let phone = story.passed_blindly("603", "2", &[]);
    story.is_given_back(phone, "603", "busy");
}

#[test]
fn a_target_that_refuses_after_ringing_gives_the_client_back() {
    let story = Story::with_returns();
    let manager = Baresip::colleague(&story.pbx, "202", &Answers::ByHand);
    let phone = story.passed_blindly("202", "2", &[]);
    manager.wait("CALL_INCOMING", seconds(5));
    std::thread::sleep(seconds(1));
    manager.hang_up();
    story.is_given_back(phone, "202", "busy");
}

#[test]
fn a_target_that_never_answers_gives_the_client_back() {
    let story = Story::with_returns();
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::ByHand);
    let phone = story.passed_blindly("201", "2", &[]);
    story.is_given_back(phone, "201", "no_answer");
    manager.wait("CALL_CLOSED", seconds(2));
    assert!(!manager.has("CALL_ESTABLISHED"));
}

#[test]
fn a_target_that_is_offline_gives_the_client_back() {
    let story = Story::with_returns();
    let phone = story.passed_blindly("203", "2", &[]);
    story.is_given_back(phone, "203", "offline");
}

#[test]
fn a_number_that_does_not_exist_never_takes_the_client() {
    let story = Story::with_returns();
    let phone = story.passed_blindly("999", "2", &["--seconds", "6"]);
    phone.wait("returned", seconds(5));
    let ended = phone.finish(seconds(40));
    let failed = ended.one("transfer_failed");
    assert_eq!((failed["status"].as_u64(), failed["client"].as_str()), (Some(404), Some("kept")), "{failed}");
    println!("| 999 no such number | stays with the operator, 404 |");
}

#[test]
fn a_number_that_exists_by_pattern_alone_gives_the_client_back() {
    let story = Story::with_returns();
    let phone = story.passed_blindly("699", "2", &[]);
    story.is_given_back(phone, "699", "no_such_number");
}

#[test]
fn a_machine_that_answers_and_hangs_up_gives_the_client_back() {
    let story = Story::with_returns();
    let phone = story.passed_blindly("609", "2", &[]);
    story.is_given_back(phone, "609", "hung_up");
}

#[test]
fn a_target_that_answers_and_hangs_up_at_once_gives_the_client_back() {
    let story = Story::with_returns();
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::ByHand);
    let phone = story.passed_blindly("201", "2", &[]);
    manager.wait("CALL_INCOMING", seconds(5));
    manager.accept();
    manager.wait("CALL_ESTABLISHED", seconds(5));
    manager.hang_up();
    story.is_given_back(phone, "201", "hung_up");
}

// -- the operator cannot be had

#[test]
fn a_client_whose_operator_has_left_waits_in_the_queue_and_a_colleague_sees_why() {
    let story = Story::with_returns();
    let phone = story.passed_blindly("603", "1", &[]);
    let passed = phone.wait("transferred", seconds(8)).event;
    phone.finish(seconds(10)).exited(0);
    let colleague = Telephone::start(&story.pbx, "101", &["answer", "--seconds", "2", "--timeout", "20"]);
    let rings = colleague.wait("ringing_in", seconds(20)).event;
    colleague.finish(seconds(10)).exited(0);
    assert_eq!(rings["caller_number"], "+79161234567");
    assert_eq!(
        (&rings["returned"]["id"], &rings["returned"]["target"]),
        (&id_of(&passed["call_id"]), &"603".into())
    );
}

#[test]
fn a_client_whom_no_queue_takes_any_more_is_never_left_in_silence() {
    let story = Story::with_returns();
    story.pbx.cli("dialplan set global PATCHCORD_QUEUE_TIME 3");
    let begun = std::time::Instant::now();
    let phone = story.passed_blindly("603", "1", &[]);
    phone.finish(seconds(20)).exited(0);
    // He is in the queue by then, and it does not take him a second time.
    std::thread::sleep(seconds(2));
    story.pbx.cli("dialplan set global PATCHCORD_QUEUE nobody");
    // Some rounds without a queue.
    std::thread::sleep(seconds(16));
    story.client.hang_up();
    let called = begun.elapsed().as_secs_f64();
    story.client.wait("CALL_CLOSED", seconds(5));
    // A recording is as long as something came.
    let heard = story.client.heard().len() as f64 / RATE as f64;
    assert!(called - heard < 3.0, "{:.1} s without a packet", called - heard);
}

#[test]
fn a_client_whom_nobody_of_the_queue_answers_rings_at_the_head() {
    let story = Story::with_returns();
    story.pbx.cli("dialplan set global PATCHCORD_QUEUE_TIME 3");
    story.pbx.cli("dialplan set global PATCHCORD_HEAD 302");
    let head = Baresip::colleague(&story.pbx, "302", &Answers::AtOnce);
    let phone = story.passed_blindly("603", "1", &[]);
    phone.finish(seconds(20)).exited(0);
    head.wait("CALL_ESTABLISHED", seconds(15));
    std::thread::sleep(seconds(1));
    story.client_talks_with(&head);
}

#[test]
fn an_operator_who_does_not_answer_is_tried_twice() {
    let story = Story::with_returns();
    story.pbx.cli("dialplan set global PATCHCORD_RING_BACK 2");
    let phone = story.passed_blindly("603", "3", &["--after", "3"]);
    let ended = phone.finish(seconds(30));
    story.client.hang_up();
    let returned = |said: &&Said| said.is("ringing_in") && !said.event["returned"].is_null();
    assert_eq!(ended.said.iter().filter(returned).count(), 2, "{}", ended.story());
}

#[test]
fn a_client_who_has_come_back_twice_goes_to_the_queue() {
    let story = Story::with_returns();
    story.pbx.cli("dialplan set global PC_RETURNS 2"); // as his channel would say
    let colleague = Telephone::start(&story.pbx, "101", &["answer", "--seconds", "2", "--timeout", "20"]);
    colleague.wait("registered", seconds(5));
    let phone = story.passed_blindly("603", "2", &[]);
    assert_eq!(colleague.wait("ringing_in", seconds(15)).event["returned"]["target"], "603");
    colleague.finish(seconds(10)).exited(0);
    phone.interrupt();
    let ended = phone.finish(seconds(5));
    assert_eq!(ended.said.iter().filter(|said| said.is("ringing_in")).count(), 1, "{}", ended.story());
}

#[test]
fn a_client_whom_the_operator_had_called_is_given_back_as_well() {
    let pbx = Pbx::start();
    let client = Baresip::outside(&pbx, "+79161234567", &Answers::AtOnce);
    let passes_on =
        ["call", "+79161234567", "--transfer", "603", "--transfer-at", "2", "--transfer-mode", "blind"];
    Telephone::start(&pbx, OPERATOR, &passes_on).finish(seconds(20)).exited(0);
    let colleague = Telephone::start(&pbx, "101", &["answer", "--seconds", "2", "--timeout", "20"]);
    let rings = colleague.wait("ringing_in", seconds(20)).event;
    colleague.finish(seconds(10)).exited(0);
    client.wait("CALL_CLOSED", seconds(5));
    assert_eq!(rings["caller_number"], "+79161234567", "{rings}");
    assert_eq!(rings["returned"]["target"], "603");
}
