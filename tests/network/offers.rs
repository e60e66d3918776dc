//! Offer and answer: which descriptions either side may still send, and in what (RFC 3264; RFC 3261 §13.2.1, §14; RFC 3262 §5;
//! RFC 3311 §5; the table of RFC 6337 §2.2). Of what they describe it reads the origin and the media lines.

mod tests;

use crate::rules::{FORGOTTEN, Seen, Verdict, must};
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
        self.open.take_if(|open| now.since(open.since) >= FORGOTTEN);
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
