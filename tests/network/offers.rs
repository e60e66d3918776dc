//! Offer and answer: which descriptions either side may still send, and in what (RFC 3264; RFC 3261 §13.2.1, §14; RFC 3262 §5;
//! RFC 3311 §5; the table of RFC 6337 §2.2). Of what they describe it reads the origin and the media lines.

use crate::rules::{PATIENCE, Seen, Verdict, must};
use patchcord::instant::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// Branch and method of the transaction.
type Key = (String, String);

/// What one telephone has offered and answered.
#[derive(Default)]
pub struct Offers {
    ours: BTreeMap<Key, Seen>,
    theirs: BTreeMap<Key, Seen>,
    /// By Call-ID, own tag and the other one's, which is empty in what begins dialogs.
    talks: BTreeMap<(String, String, String), Talk>,
    /// A repetition says nothing new.
    known: BTreeSet<(bool, Vec<u8>)>,
}

#[derive(Clone, Default)]
struct Talk {
    open: Option<Open>,
    /// Offers of theirs that came while another one was open.
    crossing: BTreeSet<Key>,
    /// What our responses to a request of theirs said, or that theirs to one of ours have said it all.
    said: BTreeMap<Key, String>,
    own: Option<Description>,
}

/// An offer without its answer.
#[derive(Clone)]
struct Open {
    ours: bool,
    key: Key,
    answered_in: Carrier,
    media: Vec<String>,
    since: Instant,
}

#[derive(Clone, Copy, PartialEq)]
enum Carrier {
    Response,
    Prack,
    Ack,
}

#[derive(Clone, PartialEq)]
struct Description {
    session: String,
    version: u64,
    rest: String,
}

impl Offers {
    pub fn arrived(&mut self, now: Instant, seen: &Seen) {
        if !self.known.insert((false, seen.octets.clone())) {
            return;
        }
        match (seen.status, seen.method.as_str()) {
            (Some(status), _) => self.response_arrived(now, seen, status),
            (None, "ACK") => self.ack_arrived(seen),
            (None, _) => self.request_arrived(now, seen),
        }
    }

    pub fn sent(&mut self, now: Instant, seen: &Seen) -> Verdict {
        if !self.known.insert((true, seen.octets.clone())) {
            return Ok(());
        }
        match (seen.status, seen.method.as_str()) {
            (Some(status), _) => self.response_sent(now, seen, status),
            (None, "ACK") => self.ack_sent(seen),
            (None, _) => self.request_sent(now, seen),
        }
    }

    /// No response comes any more to what we have asked.
    pub fn disconnected(&mut self) {
        for talk in self.talks.values_mut() {
            talk.open.take_if(|open| open.ours && open.answered_in == Carrier::Response);
        }
    }

    // -- requests of ours

    fn request_sent(&mut self, now: Instant, seen: &Seen) -> Verdict {
        self.ours.insert(key(seen), seen.clone());
        let Some(other) = &seen.to_tag else { return self.described(seen, &seen.from_tag, "") };
        let talk = self.talk(&seen.call_id, &seen.from_tag, other);
        talk.expire(now);
        let owed = |open: &Open| !open.ours && open.answered_in == Carrier::Prack;
        if seen.method == "PRACK" && talk.open.as_ref().is_some_and(owed) {
            talk.answer(seen.sdp.as_ref(), "the offer of a reliable response is not answered in its PRACK")?;
        } else if let Some(sdp) = &seen.sdp {
            must(talk.open.is_none(), "a second offer while one is open")?;
            talk.open = Some(Open::new(now, true, seen, Carrier::Response, sdp));
        }
        self.described(seen, &seen.from_tag, other)
    }

    fn ack_sent(&mut self, seen: &Seen) -> Verdict {
        let other = seen.to_tag.clone().unwrap_or_default();
        let talk = self.talk(&seen.call_id, &seen.from_tag, &other);
        if talk.open.as_ref().is_some_and(|open| !open.ours && open.answered_in == Carrier::Ack) {
            talk.answer(seen.sdp.as_ref(), "the offer of a 2xx is not answered in its ACK")?;
        } else {
            must(seen.sdp.is_none(), "a description in an ACK that answers nothing")?;
        }
        self.described(seen, &seen.from_tag, &other)
    }

    fn response_arrived(&mut self, now: Instant, seen: &Seen, status: u16) {
        let Some(request) = self.ours.get(&key(seen)).cloned() else { return };
        let Some(other) = &seen.to_tag else { return };
        let begun = self.talk(&seen.call_id, &seen.from_tag, "").own.clone();
        let offer = request.sdp.as_ref().filter(|_| request.to_tag.is_none());
        let offer = offer.map(|sdp| Open::new(now, true, &request, Carrier::Response, sdp));
        let talk = self.talks.entry(name(&seen.call_id, &seen.from_tag, other));
        let talk = talk.or_insert_with(|| Talk { open: offer, own: begun, ..Talk::default() });
        let open = talk.open.as_ref().is_some_and(|open| open.key == key(seen));
        if status >= 300 {
            talk.open.take_if(|_| open);
        } else if status >= 200 || seen.reliable {
            if open && talk.open.as_ref().is_some_and(|open| open.ours) {
                talk.open = None;
            } else if let Some(sdp) = &seen.sdp
                && talk.open.is_none()
                && request.sdp.is_none()
                && !talk.said.contains_key(&key(seen))
            {
                let carrier = if status >= 200 { Carrier::Ack } else { Carrier::Prack };
                talk.open = Some(Open::new(now, false, seen, carrier, sdp));
            }
            if let Some(sdp) = &seen.sdp {
                talk.said.insert(key(seen), sdp.clone());
            }
        }
    }

    // -- requests of theirs

    fn request_arrived(&mut self, now: Instant, seen: &Seen) {
        self.theirs.insert(key(seen), seen.clone());
        let Some(own) = &seen.to_tag else { return };
        let talk = self.talk(&seen.call_id, own, &seen.from_tag);
        talk.expire(now);
        let answers = |open: &mut Open| open.ours && open.answered_in == Carrier::Prack;
        if seen.method == "PRACK" && talk.open.take_if(answers).is_some() {
            return;
        }
        match &seen.sdp {
            Some(sdp) if talk.open.is_none() => {
                talk.open = Some(Open::new(now, false, seen, Carrier::Response, sdp));
            }
            Some(_) => drop(talk.crossing.insert(key(seen))),
            None => {}
        }
    }

    fn ack_arrived(&mut self, seen: &Seen) {
        let own = seen.to_tag.clone().unwrap_or_default();
        let talk = self.talk(&seen.call_id, &own, &seen.from_tag);
        talk.open.take_if(|open| open.ours && open.answered_in == Carrier::Ack);
    }

    fn response_sent(&mut self, now: Instant, seen: &Seen, status: u16) -> Verdict {
        let Some(request) = self.theirs.get(&key(seen)).cloned() else { return Ok(()) };
        let Some(own) = &seen.to_tag else { return Ok(()) };
        let offer = request.sdp.as_ref().filter(|_| request.to_tag.is_none());
        let offer = offer.map(|sdp| Open::new(now, false, &request, Carrier::Response, sdp));
        let talk = self.talks.entry(name(&seen.call_id, own, &seen.from_tag));
        let talk = talk.or_insert_with(|| Talk { open: offer, ..Talk::default() });
        let open = talk.open.as_ref().is_some_and(|open| open.key == key(seen));
        if status >= 300 {
            talk.open.take_if(|_| open);
            return must(seen.sdp.is_none(), "a description in a refusal");
        }
        must(!talk.crossing.contains(&key(seen)), "an offer taken while another one was open")?;
        let said = talk.said.get(&key(seen)).cloned();
        if let (Some(said), Some(sdp)) = (&said, &seen.sdp) {
            must(said == sdp, "a second answer, other than the first")?;
        }
        if status < 200 && !seen.reliable {
            // Only a foretaste of the answer (RFC 3261 §13.2.1).
            let sdp = seen.sdp.as_ref().filter(|_| request.sdp.is_some());
            talk.said.extend(sdp.map(|sdp| (key(seen), sdp.clone())));
            return self.described(seen, own, &seen.from_tag);
        }
        let invited = request.method == "INVITE" && request.sdp.is_none();
        if open && talk.open.as_ref().is_some_and(|open| !open.ours) {
            if status >= 200 || seen.sdp.is_some() {
                talk.answer(seen.sdp.as_ref(), "an offer is not answered")?;
            }
        } else if invited && said.is_none() {
            match &seen.sdp {
                Some(sdp) => {
                    must(talk.open.is_none(), "a second offer while one is open")?;
                    let carrier = if status >= 200 { Carrier::Ack } else { Carrier::Prack };
                    talk.open = Some(Open::new(now, true, seen, carrier, sdp));
                }
                None => must(status < 200, "an INVITE that asks for an offer gets none")?,
            }
        } else {
            must(seen.sdp.is_none() || said.is_some(), "an answer to no offer")?;
        }
        talk.said.extend(seen.sdp.as_ref().map(|sdp| (key(seen), sdp.clone())));
        self.described(seen, own, &seen.from_tag)
    }

    // -- both

    fn talk(&mut self, call_id: &str, own: &str, other: &str) -> &mut Talk {
        self.talks.entry(name(call_id, own, other)).or_default()
    }

    /// RFC 3264 §5, §8: one session; its version grows by one with each change, and with nothing else.
    fn described(&mut self, seen: &Seen, own: &str, other: &str) -> Verdict {
        let Some(sdp) = &seen.sdp else { return Ok(()) };
        let now = Description::read(sdp).ok_or("a description without an origin")?;
        let talk = self.talk(&seen.call_id, own, other);
        if let Some(before) = &talk.own {
            must(before.session == now.session, "another session in the same dialog")?;
            let grown = u64::from(before.rest != now.rest);
            must(now.version == before.version + grown, "a version that does not follow the description")?;
        }
        talk.own = Some(now);
        Ok(())
    }
}

impl Talk {
    /// Who asked has given up by now.
    fn expire(&mut self, now: Instant) {
        self.open.take_if(|open| now.since(open.since) > PATIENCE);
    }

    /// RFC 3264 §6: as many media lines as the offer, in its order.
    fn answer(&mut self, sdp: Option<&String>, missing: &str) -> Verdict {
        let Some(open) = self.open.take() else { return Ok(()) };
        let sdp = sdp.ok_or(missing)?;
        must(open.media == media(sdp), "an answer with other media lines than its offer")
    }
}

impl Open {
    fn new(since: Instant, ours: bool, seen: &Seen, answered_in: Carrier, sdp: &str) -> Self {
        Self { ours, key: key(seen), answered_in, media: media(sdp), since }
    }
}

impl Description {
    fn read(sdp: &str) -> Option<Self> {
        let origin = sdp.lines().find_map(|line| line.strip_prefix("o="))?;
        let words: Vec<_> = origin.split(' ').collect();
        let rest = sdp.replace(origin, "");
        Some(Self { session: (*words.get(1)?).to_owned(), version: words.get(2)?.parse().ok()?, rest })
    }
}

fn media(sdp: &str) -> Vec<String> {
    let lines = sdp.lines().filter_map(|line| line.strip_prefix("m="));
    lines.filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn key(seen: &Seen) -> Key {
    (seen.branch.clone(), seen.method.clone())
}

fn name(call_id: &str, own: &str, other: &str) -> (String, String, String) {
    (call_id.to_owned(), own.to_owned(), other.to_owned())
}

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
    given_up.now = given_up.now + PATIENCE * 2;
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
