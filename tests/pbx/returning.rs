//! Transfer with return (duty 4): the client is with a person of the chain, or with the operator; judged by ears, by the wire and by
//! the PBX's call records.

use crate::people::{Answers, Baresip};
use crate::seconds;
use crate::sound::{self, ALIKE, RATE};
use crate::telephone::{Ended, Telephone};
use crate::transfer::Story;
use crate::wire::Captured;

impl Story {
    /// The client calls, the operator answers, passes the client on 2 s later, and hangs up some seconds after that.
    fn goes_to<'a>(&'a self, targets: &str, more: &[&str]) -> Telephone<'a> {
        let play = self.pbx.scratch.path().join("operator.wav").to_string_lossy().into_owned();
        let fixed =
            ["answer", "--play", &play, "--transfer", targets, "--transfer-at", "2", "--ring-for", "3"];
        let phone = Telephone::start(&self.pbx, "101", &[&fixed[..], more].concat());
        phone.wait("registered", seconds(5));
        self.client.dial(&format!("sip:101@{}", self.pbx.trunk()));
        phone.wait("transfer_started", seconds(8));
        phone
    }

    /// Nobody of the chain could be had: the operator has the client again, whom no message of ours has dropped.
    fn client_is_back(&self, phone: Telephone<'_>) -> Ended {
        let local = phone.local();
        let ended = phone.finish(seconds(60));
        ended.exited(6).one("returned");
        let end = ended.one("ended");
        assert_eq!(
            (end["by"].as_str(), end["outcome"].as_str()),
            (Some("us"), Some("completed")),
            "{}",
            ended.story()
        );
        self.client.wait("CALL_CLOSED", seconds(5));
        let heard = self.client.heard();
        let alike = sound::best(&self.voice, &heard[heard.len() - 2 * RATE..]);
        assert!(alike >= ALIKE, "the client hears the operator again: {alike:.3}");
        self.no_bye_to_the_client_before_the_end(&self.pbx.capture_of(&local));
        ended
    }

    /// One BYE in the client's call, and nothing of the client's after it.
    fn no_bye_to_the_client_before_the_end(&self, capture: &[Captured]) {
        let call_id = |c: &Captured| c.sip.as_ref().ok().map(|sip| sip.call_id().to_owned());
        let first =
            capture.iter().find(|c| !c.outgoing && is_request(c, "INVITE")).expect("the client's INVITE");
        let of_client = |c: &&Captured| call_id(c) == call_id(first);
        let byes: Vec<f64> = capture
            .iter()
            .filter(of_client)
            .filter(|c| c.outgoing && is_request(c, "BYE"))
            .map(|c| c.at)
            .collect();
        assert_eq!(byes.len(), 1, "one BYE to the client");
        let later = capture.iter().filter(of_client).filter(|c| is_request(c, "INVITE") && c.at > byes[0]);
        assert_eq!(later.count(), 0);
    }

    /// The longest time without a packet to the client, from so many seconds after the first one on; and how long the target
    /// spoke before the client heard it.
    fn silence(&self, from: f64, target: &Baresip) -> (f64, f64) {
        let packets = self.pbx.packets_to_first_of(24_000..32_000);
        let later: Vec<f64> = packets.iter().copied().filter(|at| *at >= packets[0] + from).collect();
        let gap = later.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
        let unheard =
            sound::heard_again(&target.voice, 0.0, 2.0, &self.client.heard()).expect("the target's voice");
        println!(
            "no packet for {gap:.3} s at most; the target spoke {unheard:.2} s before the client heard it"
        );
        (gap, unheard)
    }
}

fn is_request(c: &Captured, method: &str) -> bool {
    c.sip.as_ref().is_ok_and(|sip| sip.is_request(method))
}

fn failures(ended: &Ended) -> Vec<(String, Option<u64>, String)> {
    let failed = ended.said.iter().filter(|said| said.is("transfer_failed")).map(|said| &said.event);
    failed
        .map(|e| {
            let text = |field: &str| e[field].as_str().unwrap().to_owned();
            assert_eq!(text("client"), "kept", "{e}");
            (text("target"), e["status"].as_u64(), text("why"))
        })
        .collect()
}

fn why(target: &str, status: Option<u64>, why: &str) -> (String, Option<u64>, String) {
    (target.to_owned(), status, why.to_owned())
}

#[test]
fn with_return_client_and_manager_speak_as_soon_as_the_manager_answers() {
    let story = Story::begin();
    story.pbx.cli("rtp set debug on"); // its log says when each packet went
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::AtOnce);
    let phone = story.goes_to("201", &[]);
    let local = phone.local();
    let ended = phone.finish(seconds(40));
    assert_eq!(ended.exited(0).one("transferred")["outcome"], "joined");
    assert_eq!(ended.one("transfer_started")["way"], "return");
    assert_eq!(ended.one("ended")["by"], "transfer", "{}", ended.story());
    story.client_talks_with(&manager);
    let (gap, unheard) = story.silence(1.5, &manager);
    assert!(gap <= 0.4 && unheard <= 0.4, "{gap:.3} s, {unheard:.2} s");
    story.no_bye_to_the_client_before_the_end(&story.pbx.capture_of(&local));
    let records = story.pbx.call_records(2);
    let joined =
        records.iter().any(|r| r.disposition == "ANSWERED" && r.far_channel.starts_with("PJSIP/201"));
    assert!(joined, "{records:?}");
}

#[test]
fn a_target_who_is_busy_absent_or_nobody_gives_the_client_back() {
    for (target, status) in [("603", 486), ("202", 480), ("999", 404), ("604", 503)] {
        let story = Story::begin();
        let phone = story.goes_to(target, &["--seconds", "6"]);
        let ended = story.client_is_back(phone);
        assert_eq!(failures(&ended), [why(target, Some(status), "target_failed")], "{}", ended.story());
    }
}

#[test]
fn caller_returns_when_the_manager_lets_it_ring() {
    let story = Story::begin();
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::ByHand);
    let phone = story.goes_to("201", &["--seconds", "9"]);
    let ended = story.client_is_back(phone);
    assert_eq!(failures(&ended), [why("201", None, "no_answer")]);
    assert!(!manager.has("CALL_ESTABLISHED"));
}

#[test]
fn a_manager_who_refuses_gives_the_client_back() {
    let story = Story::begin();
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::ByHand);
    let phone = story.goes_to("201", &["--seconds", "8"]);
    manager.wait("CALL_INCOMING", seconds(5));
    manager.hang_up();
    let ended = story.client_is_back(phone);
    assert_eq!(failures(&ended)[0].2, "target_failed");
}

#[test]
fn a_manager_who_answers_and_hangs_up_at_once_leaves_the_client_with_a_person() {
    let story = Story::begin();
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::ByHand);
    let phone = story.goes_to("201", &["--seconds", "12"]);
    manager.wait("CALL_INCOMING", seconds(5));
    manager.accept();
    manager.hang_up();
    let ended = phone.finish(seconds(60));
    // Who was joined and then hung up has spoken with the client; else the client is back.
    let joined = ended.has("transferred");
    assert!(joined || ended.has("returned") || ended.has("resumed"), "{}", ended.story());
    println!("joined {joined}: {}", ended.story());
}

#[test]
fn the_next_of_the_chain_answers_and_the_client_hears_music_all_the_way() {
    let story = Story::begin();
    story.pbx.cli("rtp set debug on");
    let head = Baresip::colleague(&story.pbx, "302", &Answers::AtOnce);
    let phone = story.goes_to("603,202,999,302", &[]);
    let ended = phone.finish(seconds(40));
    let failed = failures(&ended);
    assert_eq!(failed.len(), 3, "{}", ended.story());
    assert_eq!(ended.exited(0).one("transferred")["target"], "302");
    assert!(!ended.has("returned") && !ended.has("resumed"));
    story.client_talks_with(&head);
    let (gap, unheard) = story.silence(1.5, &head);
    assert!(gap <= 0.4 && unheard <= 0.4, "{gap:.3} s, {unheard:.2} s");
}

#[test]
fn a_client_who_hangs_up_leaves_nobody_ringing() {
    let story = Story::begin();
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::ByHand);
    let phone = story.goes_to("201", &[]);
    manager.wait("CALL_INCOMING", seconds(5));
    story.client.hang_up();
    manager.wait("CALL_CLOSED", seconds(5));
    let ended = phone.finish(seconds(20));
    assert_eq!(ended.one("transfer_failed")["client"], "left", "{}", ended.story());
    assert_eq!(ended.one("ended")["by"], "them");
}
