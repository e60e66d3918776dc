//! Rules on single messages: RFC 3261 §7, §8.1.1, §8.2.6, §20.

use super::message::{Start, param};
use super::{Findings, Seen};

const SINGLE: [&str; 6] = ["from", "to", "call-id", "cseq", "max-forwards", "content-length"];

pub fn check(seen: &[Seen], findings: &mut Findings) {
    for each in seen.iter().filter(|each| each.outgoing) {
        form(each, findings);
        fields(each, findings);
        via(each, findings);
        contact(each, findings);
        body(each, findings);
    }
}

fn form(each: &Seen, findings: &mut Findings) {
    let version = match &each.sip.start {
        Start::Request { version, .. } | Start::Response { version, .. } => version,
    };
    findings.expect(version == "SIP/2.0", "version", each.index, || version.clone());
    findings.expect(each.sip.clean_line_ends, "line-ends", each.index, || "a line without CRLF".into());
}

fn fields(each: &Seen, findings: &mut Findings) {
    let sip = each.sip;
    for name in ["via", "from", "to", "call-id", "cseq"] {
        findings.expect(sip.first(name).is_some(), "mandatory-headers", each.index, || name.into());
    }
    for name in SINGLE {
        findings.expect(sip.count(name) <= 1, "single-headers", each.index, || name.into());
    }
    let cseq = sip.cseq();
    findings.expect(cseq.is_some_and(|(n, _)| n < 1 << 31), "cseq-form", each.index, || format!("{cseq:?}"));
    let Some(method) = sip.method() else {
        let tagged = sip.tag_of_to().is_some() || sip.status() == Some(100);
        findings.expect(tagged, "to-tag", each.index, || "response without To tag".into());
        return;
    };
    findings
        .expect(cseq.is_some_and(|(_, m)| m == method), "cseq-method", each.index, || format!("{cseq:?}"));
    findings.expect(sip.tag_of_from().is_some_and(|tag| !tag.is_empty()), "from-tag", each.index, || {
        method.into()
    });
    let hops = sip.first("max-forwards").and_then(|v| v.parse::<u8>().ok());
    findings.expect(hops.is_some_and(|n| (1..=70).contains(&n)), "max-forwards", each.index, || {
        format!("{hops:?}")
    });
}

fn via(each: &Seen, findings: &mut Findings) {
    if each.sip.method().is_none() {
        return;
    }
    let vias = each.sip.list("via");
    findings.expect(vias.len() == 1, "via-single", each.index, || format!("{} Via", vias.len()));
    let Some(top) = vias.first() else { return };
    let branch = param(top, "branch").unwrap_or_default();
    let cookie = branch.strip_prefix("z9hG4bK").is_some_and(|rest| rest.len() >= 8);
    findings.expect(cookie, "via-cookie", each.index, || branch.clone());
    findings.expect(param(top, "rport").is_some(), "via-rport", each.index, || top.clone());
    let sent_by = top.split(';').next().unwrap_or_default().split_whitespace().last().unwrap_or_default();
    findings.expect(sent_by == each.peer.to_string(), "via-address", each.index, || {
        format!("Via says {sent_by}, it came from {}", each.peer)
    });
}

/// RFC 3261 §8.1.1.8, §12.1; RFC 3515 §2.2; RFC 3311 §5.1.
fn contact(each: &Seen, findings: &mut Findings) {
    let sip = each.sip;
    let method = sip.cseq().map_or("", |(_, method)| method);
    let wanted = match sip.status() {
        None => ["INVITE", "REGISTER", "REFER", "SUBSCRIBE", "UPDATE"].contains(&method),
        Some(status) => (200..300).contains(&status) && ["INVITE", "UPDATE", "SUBSCRIBE"].contains(&method),
    };
    if !wanted {
        return;
    }
    let Some(uri) = sip.contact() else {
        findings.note("contact", each.index, format!("{method} without Contact"));
        return;
    };
    if uri == "*" {
        return;
    }
    let address = uri.split(['@', ':']).next_back().map(|port| port.split(';').next().unwrap_or(port));
    let host = uri.split('@').next_back().unwrap_or_default().split(';').next().unwrap_or_default();
    let host = host.trim_start_matches("sip:");
    findings.expect(host == each.peer.to_string(), "contact-address", each.index, || {
        format!("Contact says {host} ({address:?}), it came from {}", each.peer)
    });
    let user = uri.trim_start_matches("sip:").split_once('@').map_or("", |(user, _)| user);
    findings.expect(user.len() >= 16, "contact-token", each.index, || format!("{user:?} can be guessed"));
}

fn body(each: &Seen, findings: &mut Findings) {
    let sip = each.sip;
    let said = sip.first("content-length").and_then(|v| v.parse::<usize>().ok());
    findings.expect(said == Some(sip.body.len()), "content-length", each.index, || {
        format!("{said:?} said, {} sent", sip.body.len())
    });
    let typed = sip.body.is_empty() || sip.first("content-type").is_some();
    findings.expect(typed, "content-type", each.index, || "body without Content-Type".into());
}
