//! Rules on offer and answer: RFC 3264 §4–8, RFC 3261 §13.2.1, RFC 4566 §5.

use super::{Findings, Seen};
use std::collections::{BTreeMap, BTreeSet};

/// A request that nobody said anything to for so long is over, and its offer with it (RFC 3261 §17.1.1.2, §14.1).
const TIMER_B: f64 = 32.0;

/// What a description says, as far as the rules look.
#[derive(Clone, PartialEq)]
struct Sdp {
    session_id: String,
    version: u64,
    media: Vec<Media>,
    /// All but the origin, to see whether anything changed.
    rest: String,
}

#[derive(Clone, PartialEq)]
struct Media {
    kind: String,
    port: u16,
    protocol: String,
    formats: Vec<String>,
    maps: BTreeMap<String, String>,
    direction: &'static str,
}

#[derive(Default)]
struct Session {
    /// An offer without an answer: whose, which INVITE or UPDATE, and what it said.
    open: Option<(bool, u64, Sdp)>,
    /// When it was made, while nobody said anything to it at all.
    unheard_since: Option<f64>,
    ours: Option<Sdp>,
    /// Our INVITE without a body: the 2xx brings the offer, the ACK the answer.
    late: BTreeMap<(bool, u64), bool>,
    owes_in_ack: Option<(u64, Sdp)>,
    seen: BTreeSet<Vec<u8>>,
}

pub fn check(seen: &[Seen], findings: &mut Findings) {
    let mut sessions: BTreeMap<String, Session> = BTreeMap::new();
    for each in seen {
        let Some((number, method)) = each.sip.cseq() else { continue };
        if !["INVITE", "ACK", "UPDATE", "PRACK"].contains(&method) {
            continue;
        }
        let session = sessions.entry(each.sip.call_id().to_owned()).or_default();
        if !session.seen.insert(each.raw.to_vec()) {
            continue; // a retransmission
        }
        let sdp = match each.sip.sdp().map(read) {
            Some(Err(why)) if each.outgoing => {
                findings.note("sdp-form", each.index, why);
                continue;
            }
            Some(Err(_)) => continue,
            Some(Ok(sdp)) => Some(sdp),
            None => None,
        };
        if let (true, Some(sdp)) = (each.outgoing, &sdp) {
            origin(session, each, sdp, findings);
        }
        step(session, each, method, number, sdp, findings);
    }
}

fn step(s: &mut Session, each: &Seen, method: &str, number: u64, sdp: Option<Sdp>, findings: &mut Findings) {
    let out = each.outgoing;
    if each.sip.status().is_some()
        && s.open.as_ref().is_some_and(|(by_us, other, _)| (*by_us, *other) == (!out, number))
    {
        s.unheard_since = None;
    }
    match (each.sip.method(), each.sip.status().unwrap_or(0), sdp) {
        (Some("ACK"), _, sdp) => on_ack(s, each, number, sdp, findings),
        (Some(_), _, Some(sdp)) => {
            s.late.insert((out, number), false);
            let given_up = s.unheard_since.is_some_and(|at| each.at - at >= TIMER_B);
            if let Some((by_us, other, _)) = &s.open {
                let free = !out || (*by_us && (*other == number || given_up));
                findings.expect(free, "offer-crossing", each.index, || "an offer was open already".into());
            }
            s.open = Some((out, number, sdp));
            s.unheard_since = Some(each.at);
        }
        (Some(_), _, None) => {
            s.late.insert((out, number), method == "INVITE");
        }
        (None, 100..300, sdp) => on_response(s, each, number, sdp, findings),
        (None, 300.., _) => {
            s.open = s.open.take().filter(|(by_us, other, _)| (*by_us, *other) != (!out, number));
        }
        _ => {}
    }
}

fn on_response(s: &mut Session, each: &Seen, number: u64, sdp: Option<Sdp>, findings: &mut Findings) {
    let (out, success) = (each.outgoing, each.sip.status() >= Some(200));
    let late = s.late.get(&(!out, number)).copied().unwrap_or(false);
    match (&s.open, sdp) {
        (Some((by_us, other, offer)), Some(answer)) if (*by_us, *other) == (!out, number) => {
            if out {
                answers(each, offer, &answer, findings);
            }
            if success {
                s.open = None;
            }
        }
        (Some((by_us, other, _)), None) if success && out && (*by_us, *other) == (!out, number) => {
            findings.note("answer-due", each.index, "2xx without an answer to the offer");
            s.open = None;
        }
        (None, Some(offer)) if late && success && !out => s.owes_in_ack = Some((number, offer)),
        (None, None) if late && success && out => {
            findings.note("answer-due", each.index, "INVITE without offer: the 2xx has to bring one");
        }
        (None, Some(_)) if !late && success && out => {
            findings.note("unasked-sdp", each.index, "2xx with a description nobody asked for");
        }
        _ => {}
    }
}

fn on_ack(s: &mut Session, each: &Seen, number: u64, sdp: Option<Sdp>, findings: &mut Findings) {
    if !each.outgoing {
        return;
    }
    let owed = s.owes_in_ack.take_if(|(wanted, _)| *wanted == number);
    match (owed, sdp) {
        (Some((_, offer)), Some(answer)) => answers(each, &offer, &answer, findings),
        (Some(_), None) => findings.note("answer-due", each.index, "ACK without the answer"),
        (None, Some(_)) => {
            findings.note("unasked-sdp", each.index, "ACK with a description nobody asked for")
        }
        (None, None) => {}
    }
}

/// RFC 3264 §6, §6.1, §8.4.
fn answers(each: &Seen, offer: &Sdp, answer: &Sdp, findings: &mut Findings) {
    let shape = |sdp: &Sdp| -> Vec<(String, String)> {
        sdp.media.iter().map(|m| (m.kind.clone(), m.protocol.clone())).collect()
    };
    findings.expect(shape(offer) == shape(answer), "answer-lines", each.index, || "other media lines".into());
    for (theirs, ours) in offer.media.iter().zip(&answer.media) {
        if ours.port == 0 {
            continue;
        }
        for format in &ours.formats {
            let known = theirs.formats.contains(format);
            findings.expect(known, "answer-formats", each.index, || format!("{format} was not offered"));
            let (a, b) = (theirs.maps.get(format), ours.maps.get(format));
            let same = a.is_none() || b.is_none() || a == b;
            findings.expect(same, "answer-formats", each.index, || format!("{format}: {a:?} became {b:?}"));
        }
        let fits = match theirs.direction {
            "sendonly" => ["recvonly", "inactive"].contains(&ours.direction),
            "recvonly" => ["sendonly", "inactive"].contains(&ours.direction),
            "inactive" => ours.direction == "inactive",
            _ => true,
        };
        findings.expect(fits, "answer-direction", each.index, || {
            format!("{} answered by {}", theirs.direction, ours.direction)
        });
    }
}

/// RFC 3264 §8: the session id stays; the version rises by one with each change and only then.
fn origin(session: &mut Session, each: &Seen, sdp: &Sdp, findings: &mut Findings) {
    if let Some(before) = &session.ours {
        let same_session = before.session_id == sdp.session_id;
        findings.expect(same_session, "origin-session", each.index, || sdp.session_id.clone());
        let wanted = before.version + u64::from(before.rest != sdp.rest);
        findings.expect(sdp.version == wanted, "origin-version", each.index, || {
            format!("{} where {wanted} was due", sdp.version)
        });
    }
    session.ours = Some(sdp.clone());
}

fn read(body: &[u8]) -> Result<Sdp, String> {
    let text = std::str::from_utf8(body).map_err(|_| "not UTF-8")?;
    if !text.ends_with("\r\n") || text.replace("\r\n", "").contains(['\r', '\n']) {
        return Err("lines do not end in CRLF".into());
    }
    let mut sdp = Sdp { session_id: String::new(), version: 0, media: Vec::new(), rest: String::new() };
    let mut direction = "sendrecv";
    let mut order = String::new();
    for line in text.split_terminator("\r\n") {
        let (kind, value) = line.split_once('=').ok_or_else(|| format!("line {line:?}"))?;
        let words: Vec<&str> = value.split(' ').collect();
        if kind == "o" {
            let [_, id, version, _, _, _] = words[..] else { return Err(format!("origin {value:?}")) };
            sdp.session_id = id.into();
            sdp.version = version.parse().map_err(|_| format!("origin version {version:?}"))?;
        } else {
            sdp.rest.push_str(line);
            sdp.rest.push('\n');
        }
        if sdp.media.is_empty() {
            order.push_str(kind);
        }
        match (kind, value.split_once(':')) {
            ("m", _) => sdp.media.push(media(&words, direction)?),
            ("a", Some(("rtpmap", map))) => {
                let (format, name) = map.split_once(' ').ok_or("rtpmap")?;
                let m = sdp.media.last_mut().ok_or("rtpmap above the media line")?;
                m.maps.insert(format.into(), name.to_ascii_uppercase());
            }
            ("a", None) => {
                let found =
                    ["sendrecv", "sendonly", "recvonly", "inactive"].into_iter().find(|d| *d == value);
                match (found, sdp.media.last_mut()) {
                    (Some(found), Some(m)) => m.direction = found,
                    (Some(found), None) => direction = found,
                    (None, _) => {}
                }
            }
            _ => {}
        }
    }
    let session: String = order.chars().filter(|c| "vosct".contains(*c)).collect();
    if !["vosct", "vost"].contains(&session.as_str()) || sdp.media.is_empty() {
        return Err(format!("session lines are {order:?}"));
    }
    Ok(sdp)
}

fn media(words: &[&str], direction: &'static str) -> Result<Media, String> {
    let [kind, port, protocol, formats @ ..] = words else { return Err(format!("media line {words:?}")) };
    if formats.is_empty() {
        return Err("media line without formats".into());
    }
    Ok(Media {
        kind: (*kind).into(),
        port: port.parse().map_err(|_| format!("port {port:?}"))?,
        protocol: (*protocol).into(),
        formats: formats.iter().map(|f| (*f).to_owned()).collect(),
        maps: BTreeMap::new(),
        direction,
    })
}
