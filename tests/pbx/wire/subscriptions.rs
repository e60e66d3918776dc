//! Rules on subscriptions: RFC 6665 §3.1, §4.1.2, §4.1.3, §4.4.1.

use super::{Findings, Seen};

/// What makes or ends a subscription may cross what the telephone sends.
const CROSSING: f64 = 0.1;

struct Subscription {
    call_id: String,
    ours: String,
    /// Their tag, once a 2xx or a NOTIFY has named it.
    theirs: Option<String>,
    granted: Option<f64>,
    /// What the first SUBSCRIBE asked for.
    uri: String,
    package: String,
    /// Their last Contact.
    target: Option<String>,
    /// Number and branch of our last SUBSCRIBE.
    last: (u64, String),
    ended: Option<f64>,
    /// The same was subscribed to anew since, or the telephone left before it was granted: 481 to its NOTIFY ends it
    /// (RFC 6665 §4.1.3).
    given_up: bool,
}

pub fn check(seen: &[Seen], findings: &mut Findings) {
    let mut all: Vec<Subscription> = Vec::new();
    for each in seen {
        let method = each.sip.cseq().map_or("", |(_, method)| method);
        match (each.outgoing, each.sip.status(), method) {
            (true, None, "SUBSCRIBE") => on_subscribe(&mut all, each, findings),
            (true, None, "REGISTER") if each.sip.first("expires") == Some("0") => {
                let is_new = |granted: f64| each.at - granted < CROSSING;
                all.iter_mut().for_each(|known| known.given_up |= known.granted.is_none_or(is_new));
            }
            (false, Some(200..300), "SUBSCRIBE") => on_granted(&mut all, each),
            (false, None, "NOTIFY") => on_notify(&mut all, each),
            (true, Some(status), "NOTIFY") => on_answer(&all, each, status, findings),
            _ => {}
        }
    }
}

fn package(each: &Seen) -> String {
    let event = each.sip.first("event").unwrap_or_default();
    event.split(';').next().unwrap_or_default().trim().to_owned()
}

/// Whose messages have this Call-ID and this tag of ours.
fn find<'a>(all: &'a mut [Subscription], each: &Seen, ours: Option<String>) -> Option<&'a mut Subscription> {
    let ours = ours.unwrap_or_default();
    all.iter_mut().find(|known| known.call_id == each.sip.call_id() && known.ours == ours)
}

fn on_subscribe(all: &mut Vec<Subscription>, each: &Seen, findings: &mut Findings) {
    for field in ["event", "accept"] {
        findings.expect(each.sip.first(field).is_some(), "subscribe-fields", each.index, || field.into());
    }
    let expires = each.sip.first("expires").and_then(|value| value.parse::<u32>().ok());
    findings.expect(expires.is_some(), "subscribe-fields", each.index, || "expires".into());
    let number = each.sip.cseq().map_or(0, |(number, _)| number);
    let this = (number, each.sip.branch());
    let uri = each.sip.uri().unwrap_or_default().to_owned();
    let Some(known) = find(all, each, each.sip.tag_of_from()) else {
        findings.expect(each.sip.tag_of_to().is_none(), "subscribe-dialog", each.index, || {
            "in a dialog that never was".into()
        });
        let package = package(each);
        for older in all.iter_mut().filter(|older| older.uri == uri && older.package == package) {
            older.given_up = true;
        }
        all.push(Subscription {
            call_id: each.sip.call_id().to_owned(),
            ours: each.sip.tag_of_from().unwrap_or_default(),
            theirs: None,
            granted: None,
            uri,
            package,
            target: None,
            last: this,
            ended: None,
            given_up: false,
        });
        return;
    };
    if known.last == this {
        return; // a retransmission
    }
    findings.expect(number > known.last.0, "subscribe-cseq", each.index, || {
        format!("{number} after {}", known.last.0)
    });
    known.last = this;
    findings.expect(package(each) == known.package, "subscribe-package", each.index, || package(each));
    let Some(to_tag) = each.sip.tag_of_to() else { return };
    findings.expect(known.theirs.as_ref() == Some(&to_tag), "subscribe-dialog", each.index, || {
        format!("wanted {:?}", known.theirs)
    });
    findings.expect(known.target.as_ref() == Some(&uri), "subscribe-target", each.index, || {
        format!("wanted {:?}", known.target)
    });
    let late = known.ended.is_some_and(|ended| each.at - ended > CROSSING);
    findings.expect(!late, "subscribe-after-end", each.index, || "the subscription had ended".into());
}

fn on_granted(all: &mut [Subscription], each: &Seen) {
    let Some(known) = find(all, each, each.sip.tag_of_from()) else { return };
    known.theirs = known.theirs.take().or_else(|| each.sip.tag_of_to());
    known.granted.get_or_insert(each.at);
    known.target = each.sip.contact().or_else(|| known.target.take());
}

fn on_notify(all: &mut [Subscription], each: &Seen) {
    let Some(known) = find(all, each, each.sip.tag_of_to()) else { return };
    known.theirs = each.sip.tag_of_from();
    known.granted.get_or_insert(each.at);
    known.target = each.sip.contact().or_else(|| known.target.take());
    let state = each.sip.first("subscription-state").unwrap_or_default();
    if state.starts_with("terminated") {
        known.ended.get_or_insert(each.at);
    }
}

/// What was subscribed to is taken, until it is given up.
fn on_answer(all: &[Subscription], each: &Seen, status: u16, findings: &mut Findings) {
    let ours = each.sip.tag_of_to().unwrap_or_default();
    let known = all.iter().find(|known| known.call_id == each.sip.call_id() && known.ours == ours);
    let Some(known) = known.filter(|known| !known.given_up) else { return };
    findings
        .expect(status == 200, "notify-subscribed", each.index, || format!("{status}, {}", known.package));
}
