//! Each rule can fail.

use super::*;

/// A conversation, as one telephone sees it.
struct Played {
    offers: Offers,
    now: Instant,
    verdict: Verdict,
}

const AUDIO: &str = "m=audio 4000 RTP/AVP 8";
const BOTH: &str = "m=audio 4000 RTP/AVP 8\r\nm=video 4002 RTP/AVP 99";
const HELD: &str = "m=audio 4000 RTP/AVP 8\r\na=sendonly";

impl Played {
    fn new() -> Self {
        Self { offers: Offers::default(), now: Instant::START, verdict: Ok(()) }
    }

    /// `line` begins with the method and its number, as `INVITE 1`, or with a status, as `200 INVITE 1`. A status with a
    /// star is a reliable provisional response. `version` 0: without a description.
    fn message(&self, ours: bool, line: &str, to_tag: bool, version: u32, media: &str) -> Seen {
        let words: Vec<_> = line.split(' ').collect();
        let (status, method, number) = match words[..] {
            [status, method, number] => (Some(status), method, number),
            [method, number] => (None, method, number),
            _ => panic!("{line}"),
        };
        let reliable = status.is_some_and(|status| status.ends_with('*'));
        let asked_by_us = ours == status.is_none();
        let (us, them) = ("<sip:us@a>;tag=us", "<sip:them@a>;tag=them");
        let (from, to) = if asked_by_us { (us, them) } else { (them, us) };
        let to = if to_tag { to } else { to.split(';').next().unwrap() };
        let first = status.map_or(format!("{method} sip:x@192.0.2.1 SIP/2.0"), |status| {
            format!("SIP/2.0 {} Said", status.trim_end_matches('*'))
        });
        let branch = if method == "ACK" { format!("ack{number}") } else { format!("{asked_by_us}{number}") };
        let mut text = format!(
            "{first}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch={branch}\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: c\r\nCSeq: {number} {method}\r\n"
        );
        if reliable {
            text.push_str("RSeq: 1\r\n");
        }
        match version {
            0 => text.push_str("\r\n"),
            _ => text.push_str(&format!(
                "Content-Type: application/sdp\r\n\r\nv=0\r\no=- 7 {version} IN IP4 192.0.2.1\r\ns=-\r\n{media}\r\n"
            )),
        }
        Seen::read(text.as_bytes())
    }

    /// Within the dialog, or what makes it.
    fn hear(mut self, line: &str, version: u32, media: &str) -> Self {
        let seen = self.message(false, line, line != "INVITE 1", version, media);
        self.offers.arrived(self.now, &seen);
        self
    }

    fn say(mut self, line: &str, version: u32, media: &str) -> Self {
        let seen = self.message(true, line, line != "INVITE 1", version, media);
        self.verdict = self.verdict.and_then(|()| self.offers.sent(self.now, &seen));
        self
    }

    /// Called, with an offer, and answered.
    fn called() -> Self {
        Self::new().hear("INVITE 1", 1, AUDIO).say("200 INVITE 1", 1, AUDIO).hear("ACK 1", 0, "")
    }

    fn breaks(self, rule: &str) {
        assert_eq!(self.verdict, Err(rule.to_owned()));
    }

    fn holds(self) {
        assert_eq!(self.verdict, Ok(()));
    }
}

#[test]
fn what_rfc_6337_lists_breaks_no_rule() {
    Played::called().say("INVITE 5", 2, HELD).hear("200 INVITE 5", 1, AUDIO).say("ACK 5", 0, "").holds();
    Played::called().hear("INVITE 2", 0, "").say("200 INVITE 2", 1, AUDIO).hear("ACK 2", 1, AUDIO).holds();
    Played::called().hear("UPDATE 2", 2, HELD).say("200 UPDATE 2", 2, HELD).say("UPDATE 5", 2, HELD).holds();
    let late = Played::new().say("INVITE 1", 0, "").hear("200 INVITE 1", 1, BOTH);
    late.say("ACK 1", 1, BOTH).say("INVITE 2", 2, AUDIO).holds();
    let reliable = Played::new().hear("INVITE 1", 1, AUDIO).say("183* INVITE 1", 1, AUDIO);
    reliable.hear("PRACK 2", 0, "").say("200 PRACK 2", 0, "").say("200 INVITE 1", 0, "").holds();
    let offered = Played::new().say("INVITE 1", 0, "").hear("183* INVITE 1", 1, AUDIO);
    offered.say("PRACK 2", 1, AUDIO).hear("200 INVITE 1", 0, "").say("ACK 1", 0, "").holds();
    let refused = Played::called().say("INVITE 5", 2, HELD).hear("491 INVITE 5", 0, "");
    refused.say("ACK 5", 0, "").say("INVITE 6", 2, HELD).holds();
}

#[test]
fn a_second_offer_while_one_is_open_is_noticed() {
    let rule = "a second offer while one is open";
    Played::called().say("INVITE 5", 1, AUDIO).say("UPDATE 6", 1, AUDIO).breaks(rule);
    Played::called().hear("INVITE 2", 1, AUDIO).say("UPDATE 5", 1, AUDIO).breaks(rule);
    Played::called()
        .hear("INVITE 2", 0, "")
        .say("200 INVITE 2", 1, AUDIO)
        .say("UPDATE 5", 1, AUDIO)
        .breaks(rule);
    Played::called()
        .say("UPDATE 5", 1, AUDIO)
        .hear("INVITE 2", 1, AUDIO)
        .say("200 INVITE 2", 1, AUDIO)
        .breaks("an offer taken while another one was open");
    let refused =
        Played::called().say("UPDATE 5", 1, AUDIO).hear("INVITE 2", 1, AUDIO).say("491 INVITE 2", 0, "");
    refused.holds();
    let mut given_up = Played::called().say("INVITE 5", 1, AUDIO);
    given_up.now = given_up.now + FORGOTTEN * 2;
    given_up.say("INVITE 6", 1, AUDIO).holds();
}

#[test]
fn an_offer_that_is_not_answered_where_it_must_be_is_noticed() {
    Played::new().hear("INVITE 1", 1, AUDIO).say("200 INVITE 1", 0, "").breaks("an offer is not answered");
    Played::called().hear("UPDATE 2", 1, AUDIO).say("200 UPDATE 2", 0, "").breaks("an offer is not answered");
    let late = || Played::new().say("INVITE 1", 0, "");
    late()
        .hear("200 INVITE 1", 1, AUDIO)
        .say("ACK 1", 0, "")
        .breaks("the offer of a 2xx is not answered in its ACK");
    late()
        .hear("183* INVITE 1", 1, AUDIO)
        .say("PRACK 2", 0, "")
        .breaks("the offer of a reliable response is not answered in its PRACK");
    let asked = Played::called().hear("INVITE 2", 0, "");
    asked.say("200 INVITE 2", 0, "").breaks("an INVITE that asks for an offer gets none");
}

#[test]
fn an_answer_to_nothing_and_a_second_one_are_noticed() {
    Played::called().hear("UPDATE 2", 0, "").say("200 UPDATE 2", 1, AUDIO).breaks("an answer to no offer");
    Played::called()
        .say("INVITE 5", 1, AUDIO)
        .hear("200 INVITE 5", 1, AUDIO)
        .say("ACK 5", 1, AUDIO)
        .breaks("a description in an ACK that answers nothing");
    Played::called()
        .hear("INVITE 2", 1, AUDIO)
        .say("488 INVITE 2", 1, AUDIO)
        .breaks("a description in a refusal");
    for foretaste in ["183 INVITE 1", "183* INVITE 1"] {
        let early = Played::new().hear("INVITE 1", 1, AUDIO).say(foretaste, 1, AUDIO);
        early.say("200 INVITE 1", 2, HELD).breaks("a second answer, other than the first");
    }
}

#[test]
fn an_answer_with_other_media_lines_is_noticed() {
    let rule = "an answer with other media lines than its offer";
    Played::new().hear("INVITE 1", 1, BOTH).say("200 INVITE 1", 1, AUDIO).breaks(rule);
    let turned = "m=video 0 RTP/AVP 99\r\nm=audio 4000 RTP/AVP 8";
    Played::new().hear("INVITE 1", 1, BOTH).say("200 INVITE 1", 1, turned).breaks(rule);
    Played::new().say("INVITE 1", 0, "").hear("200 INVITE 1", 1, AUDIO).say("ACK 1", 1, BOTH).breaks(rule);
}

#[test]
fn a_version_that_stands_still_or_jumps_is_noticed() {
    let rule = "a version that does not follow the description";
    Played::called().say("INVITE 5", 1, HELD).breaks(rule);
    Played::called().say("INVITE 5", 3, HELD).breaks(rule);
    Played::called().say("INVITE 5", 2, AUDIO).breaks(rule);
    Played::called().say("INVITE 5", 2, HELD).holds();
}

#[test]
fn another_session_in_the_same_dialog_is_noticed() {
    let mut played = Played::called();
    let mut seen = played.message(true, "UPDATE 5", true, 1, AUDIO);
    seen.sdp = seen.sdp.map(|sdp| sdp.replace("o=- 7", "o=- 8"));
    assert_eq!(played.offers.sent(played.now, &seen), Err("another session in the same dialog".to_owned()));
}
