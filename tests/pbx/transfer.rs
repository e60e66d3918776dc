//! Blind transfer, judged by what the client hears and by the PBX's call records.

use crate::inbound::voice;
use crate::pbx::Pbx;
use crate::people::{Answers, Baresip};
use crate::seconds;
use crate::sound::{self, ALIKE, RATE};
use crate::telephone::{Ended, OUR_RTP, Telephone};
use crate::wire::Captured;

pub struct Story {
    pub pbx: Pbx,
    pub client: Baresip,
    /// The operator's.
    pub voice: Vec<i16>,
}

impl Story {
    pub fn begin() -> Self {
        let pbx = Pbx::start();
        let client = Baresip::customer(&pbx, "+79161234567");
        let (voice, _) = voice(&pbx);
        Self { pbx, client, voice }
    }

    /// The client calls, the operator answers and passes the client on 2 s later.
    fn pass_on(&self, targets: &str, more: &[&str]) -> (Ended, String) {
        let play = self.pbx.scratch.path().join("operator.wav").to_string_lossy().into_owned();
        let fixed = [
            "answer",
            "--play",
            &play,
            "--transfer",
            targets,
            "--transfer-at",
            "2",
            "--transfer-mode",
            "blind",
        ];
        let phone = Telephone::start(&self.pbx, "101", &[&fixed[..], more].concat());
        phone.wait("registered", seconds(5));
        let local = phone.local();
        self.client.dial(&format!("sip:101@{}", self.pbx.trunk()));
        phone.wait("transfer_started", seconds(8));
        (phone.finish(seconds(40)), local)
    }

    /// Both hear each other, and the client hangs up.
    pub fn client_talks_with(&self, manager: &Baresip) {
        manager.wait("CALL_ESTABLISHED", seconds(5));
        std::thread::sleep(seconds(3));
        self.client.hang_up();
        manager.wait("CALL_CLOSED", seconds(5));
        // Its recording is whole only then.
        self.client.wait("CALL_CLOSED", seconds(5));
        let heard = self.client.heard();
        let alike = sound::best(&manager.voice, &heard[heard.len() - 5 * RATE / 2..]);
        assert!(alike >= ALIKE, "the client hears the manager: {alike:.3}");
        let back = sound::best(&self.client.voice, &manager.heard());
        assert!(back >= ALIKE, "the manager hears the client: {back:.3}");
    }

    /// The PBX hangs up on the client (after 10 s of busy tone where the target was busy), who has not heard the
    /// operator again and has spoken with nobody else.
    fn client_is_gone(&self) {
        self.client.wait("CALL_CLOSED", seconds(15));
        let heard = self.client.heard();
        let after = &heard[(4 * RATE).min(heard.len())..];
        let alike = sound::best(&self.voice, after);
        assert!(alike < 0.7, "the client heard the operator after the transfer: {alike:.3}");
        let records = self.pbx.call_records(1);
        let others = records.iter().filter(|r| r.disposition == "ANSWERED" && !r.far_channel.is_empty());
        assert!(others.clone().all(|r| r.far_channel.starts_with("PJSIP/101")), "{records:?}");
    }
}

fn sent<'a>(capture: &'a [Captured], method: &'a str) -> impl Iterator<Item = &'a Captured> {
    capture.iter().filter(move |c| c.outgoing && c.sip.as_ref().is_ok_and(|sip| sip.is_request(method)))
}

#[test]
fn the_client_speaks_with_the_manager_who_answers() {
    let story = Story::begin();
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::AtOnce);
    let (ended, local) = story.pass_on("201", &[]);
    let passed = ended.exited(0).one("transferred");
    assert_eq!((passed["target"].as_str(), passed["outcome"].as_str()), (Some("201"), Some("handed_over")));
    assert_eq!(ended.one("ended")["by"], "transfer", "{}", ended.story());
    assert_eq!(sent(&story.pbx.capture_of(&local), "BYE").count(), 1, "the operator's call is ended by us");

    story.client_talks_with(&manager);
    let records = story.pbx.call_records(2);
    let joined =
        records.iter().find(|r| r.far_channel.starts_with("PJSIP/201") && r.disposition == "ANSWERED");
    assert!(joined.is_some_and(|r| r.from == "+79161234567"), "{records:?}");
}

#[test]
fn over_tcp_the_client_speaks_with_the_manager_as_well() {
    let story = Story::begin();
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::AtOnce);
    let (ended, local) = story.pass_on("201", &["--transport", "tcp"]);
    assert_eq!(ended.exited(0).one("transferred")["outcome"], "handed_over");
    assert_eq!(sent(&story.pbx.capture_of(&local), "REFER").filter(|each| each.by_tcp()).count(), 1);
    story.client_talks_with(&manager);
}

#[test]
fn the_client_is_back_at_once_when_the_number_does_not_exist() {
    let story = Story::begin();
    story.pbx.cli("rtp set debug on"); // its log says when each packet came
    let (ended, local) = story.pass_on("999", &["--seconds", "7"]);
    let failed = ended.exited(6).one("transfer_failed");
    assert_eq!((failed["status"].as_u64(), failed["client"].as_str()), (Some(404), Some("kept")), "{failed}");
    ended.one("returned");
    assert_eq!(ended.one("ended")["outcome"], "completed");
    story.client.wait("CALL_CLOSED", seconds(5));
    let heard = story.client.heard();
    let alike = sound::best(&story.voice, &heard[heard.len() - 2 * RATE..]);
    assert!(alike >= ALIKE, "the client hears the operator again: {alike:.3}");

    let capture = story.pbx.capture_of(&local);
    let verdict = capture.iter().position(|c| {
        !c.outgoing
            && c.sip
                .as_ref()
                .is_ok_and(|sip| sip.is_request("NOTIFY") && sip.body.starts_with(b"SIP/2.0 404"))
    });
    let verdict = verdict.expect("a NOTIFY with 404");
    let resumed = capture[verdict..].iter().find(|c| {
        !c.outgoing
            && c.sip
                .as_ref()
                .is_ok_and(|sip| sip.status() == Some(200) && sip.cseq().is_some_and(|q| q.1 == "INVITE"))
    });
    let took = resumed.expect("the 200 to our re-INVITE").at - capture[verdict].at;
    assert!(took <= 0.3, "off hold {took:.3} s after the NOTIFY");

    // Each packet stands for 20 ms of the operator's file, which goes on during the hold: so the first piece of it that
    // the client has recorded names the packet that brought it, on a busy machine too.
    let packets = story.pbx.packets_from(OUR_RTP);
    let told = packets.iter().position(|at| *at >= capture[verdict].at).expect("packets after the NOTIFY");
    let again =
        sound::heard_again(&story.voice, told as f64 / 50.0, 2.0, &heard).expect("the operator's voice");
    let took = packets[(again * 50.0).round() as usize] - capture[verdict].at;
    assert!(took <= 0.3, "the client hears the operator {took:.3} s after the NOTIFY");
}

#[test]
fn a_client_passed_to_a_busy_number_is_lost_and_said_so() {
    let story = Story::begin();
    let (ended, _) = story.pass_on("603", &[]);
    let failed = ended.exited(9).one("transfer_failed");
    assert_eq!((failed["status"].as_u64(), failed["client"].as_str()), (Some(486), Some("lost")), "{failed}");
    story.client_is_gone();
}

#[test]
fn a_client_passed_to_an_absent_colleague_is_lost_and_said_so() {
    let story = Story::begin();
    let (ended, _) = story.pass_on("202", &[]);
    let failed = ended.exited(9).one("transfer_failed");
    assert_eq!(failed["client"], "lost", "{failed}");
    story.client_is_gone();
}

#[test]
fn a_target_that_only_rings_is_never_said_to_be_reached() {
    let story = Story::begin();
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::ByHand);
    let (ended, _) = story.pass_on("201", &[]);
    assert_eq!(ended.exited(0).one("transferred")["outcome"], "handed_over");
    assert!(!manager.has("CALL_ESTABLISHED"), "nobody has answered");
}

#[test]
fn the_chain_goes_on_while_the_client_is_kept() {
    let story = Story::begin();
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::AtOnce);
    let (ended, _) = story.pass_on("999,201", &[]);
    assert_eq!(ended.one("transfer_failed")["client"], "kept");
    assert_eq!(ended.one("transferred")["target"], "201", "{}", ended.story());
    story.client_talks_with(&manager);
}
