//! Rules on transactions: RFC 3261 §8.2.6, §9, §13.2.2.4, §17; RFC 6026.

use super::message::Sip;
use super::{Findings, Seen};
use std::collections::{BTreeMap, BTreeSet};

/// All sendings of one request, and the other side's answers to it.
struct Transaction<'a> {
    sent: Vec<Seen<'a>>,
    answers: Vec<Seen<'a>>,
}

impl<'a> Transaction<'a> {
    fn request(&self) -> Seen<'a> {
        self.sent[0] // made with its first sending
    }

    fn finals(&self) -> impl Iterator<Item = &Seen<'a>> {
        self.answers.iter().filter(|each| each.sip.status().is_some_and(|status| status >= 200))
    }
}

pub fn check(seen: &[Seen], findings: &mut Findings) {
    let ours = collect(seen, true);
    let theirs = collect(seen, false);
    branches(seen, findings);
    for transaction in &ours {
        retransmissions(&transaction.sent, findings);
        if transaction.request().sip.is_request("CANCEL") {
            cancel(transaction, &ours, findings);
        }
        if transaction.request().sip.is_request("INVITE") {
            acknowledged(transaction, seen, findings);
        }
    }
    for transaction in &theirs {
        answered(transaction, findings);
        echoed(transaction, findings);
    }
    cancelled(&theirs, findings);
    unasked(seen, findings);
    allow(&theirs, seen, findings);
}

fn collect<'a>(seen: &[Seen<'a>], outgoing: bool) -> Vec<Transaction<'a>> {
    let mut order: Vec<Transaction<'a>> = Vec::new();
    let mut known: BTreeMap<(String, String), usize> = BTreeMap::new();
    for each in seen {
        let Some((_, method)) = each.sip.cseq() else { continue };
        let key = (each.sip.branch(), method.to_owned());
        match (each.sip.method(), known.get(&key)) {
            (Some("ACK"), _) => {}
            (Some(_), Some(at)) if each.outgoing == outgoing => order[*at].sent.push(*each),
            (Some(_), None) if each.outgoing == outgoing => {
                known.insert(key, order.len());
                order.push(Transaction { sent: vec![*each], answers: Vec::new() });
            }
            (None, Some(at)) if each.outgoing != outgoing => order[*at].answers.push(*each),
            _ => {}
        }
    }
    order
}

/// A branch names one transaction; CANCEL and the ACK of a refusal share the INVITE's.
fn branches(seen: &[Seen], findings: &mut Findings) {
    let mut users: BTreeMap<String, (String, u64, String)> = BTreeMap::new();
    for each in seen.iter().filter(|each| each.outgoing) {
        let (Some(method), Some((number, _))) = (each.sip.method(), each.sip.cseq()) else { continue };
        let family = if ["ACK", "CANCEL"].contains(&method) { "INVITE" } else { method };
        let user = (each.sip.call_id().to_owned(), number, family.to_owned());
        let first = users.entry(each.sip.branch()).or_insert_with(|| user.clone());
        findings.expect(*first == user, "branch-unique", each.index, || format!("used for {first:?} before"));
    }
}

/// RFC 3261 §17.1.1.2, §17.1.2.2: the same octets, not faster than T1 allows, and never over the same connection, which
/// repeats by itself what was lost.
fn retransmissions(sent: &[Seen], findings: &mut Findings) {
    for pair in sent.windows(2) {
        let [before, after] = pair else { continue };
        findings.expect(before.raw == after.raw, "retransmission-identical", after.index, || {
            format!("differs from message {}", before.index)
        });
        let same_connection = before.connection.is_some() && before.connection == after.connection;
        findings.expect(!same_connection, "retransmission-by-tcp", after.index, || {
            format!("repeats message {} over its connection", before.index)
        });
        let gap = after.at - before.at;
        findings
            .expect(gap > 0.4, "retransmission-pace", after.index, || format!("{gap:.3} s after the last"));
    }
    let last = sent.last().map_or(0, |each| each.index);
    findings.expect(sent.len() <= 11, "retransmission-pace", last, || format!("sent {} times", sent.len()));
}

/// RFC 3261 §9.1.
fn cancel(cancel: &Transaction, ours: &[Transaction], findings: &mut Findings) {
    let each = cancel.request();
    let Some(invite) = ours
        .iter()
        .find(|t| t.request().sip.is_request("INVITE") && t.request().sip.branch() == each.sip.branch())
    else {
        findings.note("cancel-branch", each.index, "no INVITE has this branch");
        return;
    };
    let model = invite.request().sip;
    for (what, same) in [
        ("Request-URI", model.uri() == each.sip.uri()),
        ("To", model.first("to") == each.sip.first("to")),
        ("From", model.first("from") == each.sip.first("from")),
        ("Call-ID", model.call_id() == each.sip.call_id()),
        ("CSeq", model.cseq().map(|c| c.0) == each.sip.cseq().map(|c| c.0)),
        ("Route", model.list("route") == each.sip.list("route")),
    ] {
        findings.expect(same, "cancel-fields", each.index, || format!("{what} differs from the INVITE's"));
    }
    let before = |from: u16, to: u16| {
        invite
            .answers
            .iter()
            .any(|a| a.index < each.index && (from..to).contains(&a.sip.status().unwrap_or(0)))
    };
    findings
        .expect(before(100, 200), "cancel-too-early", each.index, || "nothing provisional came yet".into());
}

/// RFC 3261 §13.2.2.4 (2xx, of every sending), §17.1.1.3 (the rest).
fn acknowledged(invite: &Transaction, seen: &[Seen], findings: &mut Findings) {
    let request = invite.request().sip;
    for answer in invite.finals() {
        let success = answer.sip.status().is_some_and(|status| status < 300);
        let ack = seen.iter().find(|each| {
            let right = each.outgoing && each.index > answer.index && each.sip.is_request("ACK");
            right
                && each.sip.call_id() == request.call_id()
                && each.sip.cseq().map(|c| c.0) == request.cseq().map(|c| c.0)
                && each.sip.tag_of_to() == answer.sip.tag_of_to()
        });
        let Some(ack) = ack else {
            findings.note("final-acked", answer.index, "no ACK with its CSeq number and To tag followed");
            continue;
        };
        let late = ack.at - answer.at;
        findings.expect(late < 4.0, "final-acked", answer.index, || format!("ACK only after {late:.1} s"));
        if success {
            ack_of_success(ack, invite, answer.sip, findings);
        } else {
            ack_of_refusal(ack, request, answer.sip, findings);
        }
    }
}

fn ack_of_success(ack: &Seen, invite: &Transaction, answer: &Sip, findings: &mut Findings) {
    let request = invite.request().sip;
    findings.expect(ack.sip.branch() != request.branch(), "ack-2xx-branch", ack.index, || {
        "the ACK of a 2xx is a transaction of its own".into()
    });
    let mut routes = answer.list("record-route");
    routes.reverse();
    let within = request.tag_of_to().is_some(); // then the dialog's route set holds, see `dialogs`
    let routed = within || ack.sip.list("route") == routes;
    findings.expect(routed, "ack-route", ack.index, || format!("wanted {routes:?}"));
    let target = answer.contact().unwrap_or_default();
    findings.expect(ack.sip.uri() == Some(&target), "ack-target", ack.index, || format!("wanted {target}"));
}

fn ack_of_refusal(ack: &Seen, request: &Sip, answer: &Sip, findings: &mut Findings) {
    for (rule, same) in [
        ("ack-refusal-branch", ack.sip.branch() == request.branch()),
        ("ack-refusal-fields", ack.sip.uri() == request.uri()),
        ("ack-refusal-fields", ack.sip.first("to") == answer.first("to")),
        ("ack-refusal-fields", ack.sip.first("from") == request.first("from")),
        ("ack-refusal-fields", ack.sip.list("route") == request.list("route")),
    ] {
        findings.expect(same, rule, ack.index, || "differs from INVITE or response".into());
    }
}

/// Each request gets one final answer, whose repeats are the same octets; NOTIFY in a dialog gets 200.
fn answered(transaction: &Transaction, findings: &mut Findings) {
    let request = transaction.request();
    let method = request.sip.method().unwrap_or_default();
    let finals: Vec<_> = transaction.finals().collect();
    let Some(first) = finals.first() else {
        findings.note("request-answered", request.index, format!("{method} got no final response"));
        return;
    };
    for other in &finals {
        findings.expect(other.raw == first.raw, "one-final", other.index, || {
            format!("differs from the final response {}", first.index)
        });
    }
    let slow = first.at - request.at;
    if method != "INVITE" {
        findings
            .expect(slow < 0.5, "answered-at-once", request.index, || format!("{method} after {slow:.1} s"));
    }
    let refer =
        method == "NOTIFY" && request.sip.first("event").is_some_and(|event| event.starts_with("refer"));
    if refer && request.sip.tag_of_to().is_some() {
        let status = first.sip.status();
        findings.expect(status == Some(200), "notify-200", first.index, || format!("{status:?}"));
    }
}

/// RFC 3261 §8.2.6.2: what a response takes from its request.
fn echoed(transaction: &Transaction, findings: &mut Findings) {
    let request = transaction.request().sip;
    let mut tags = BTreeSet::new();
    for answer in &transaction.answers {
        let same_to = answer.sip.first("to").map(super::message::bare_uri)
            == request.first("to").map(super::message::bare_uri);
        let tag_kept = request.tag_of_to().is_none_or(|tag| answer.sip.tag_of_to() == Some(tag));
        for (what, same) in [
            ("Via", answer.sip.list("via").len() == request.list("via").len()),
            ("From", answer.sip.first("from") == request.first("from")),
            ("Call-ID", answer.sip.call_id() == request.call_id()),
            ("CSeq", answer.sip.cseq() == request.cseq()),
            ("To", same_to && tag_kept),
        ] {
            findings.expect(same, "response-fields", answer.index, || {
                format!("{what} differs from the request's")
            });
        }
        tags.extend(answer.sip.tag_of_to());
        findings.expect(tags.len() <= 1, "response-tag", answer.index, || format!("tags {tags:?}"));
    }
}

/// RFC 3261 §9.2: a CANCEL that finds its INVITE unanswered gets 200 and the INVITE 487.
fn cancelled(theirs: &[Transaction], findings: &mut Findings) {
    for cancel in theirs.iter().filter(|t| t.request().sip.is_request("CANCEL")) {
        let at = cancel.request();
        let invite = theirs
            .iter()
            .find(|t| t.request().sip.is_request("INVITE") && t.request().sip.branch() == at.sip.branch());
        let Some(invite) = invite else { continue };
        if invite.finals().any(|answer| answer.index < at.index) {
            continue;
        }
        let status = invite.finals().next().and_then(|answer| answer.sip.status());
        let fair = matches!(status, Some(487) | Some(200..300));
        findings.expect(fair, "cancel-487", at.index, || format!("INVITE got {status:?}"));
    }
}

/// No response without a request.
fn unasked(seen: &[Seen], findings: &mut Findings) {
    for each in seen.iter().filter(|each| each.outgoing && each.sip.status().is_some()) {
        let asked = seen.iter().any(|request| {
            !request.outgoing
                && request.index < each.index
                && request.sip.method().is_some()
                && request.sip.branch() == each.sip.branch()
        });
        findings.expect(asked, "response-unasked", each.index, || "no request has this branch".into());
    }
}

/// Allow names what is taken, and nothing else: RFC 3261 §20.5, §8.2.1.
fn allow(theirs: &[Transaction], seen: &[Seen], findings: &mut Findings) {
    let lists = seen.iter().filter(|each| each.outgoing).map(|each| each.sip.list("allow"));
    let named: BTreeSet<String> = lists.flatten().collect();
    if named.is_empty() {
        return;
    }
    for transaction in theirs {
        let request = transaction.request();
        let method = request.sip.method().unwrap_or_default();
        let Some(answer) = transaction.finals().next() else { continue };
        let refused = matches!(answer.sip.status(), Some(405 | 501));
        findings.expect(named.contains(method) != refused, "allow-honest", answer.index, || {
            format!("{method} got {:?}, Allow names {named:?}", answer.sip.status())
        });
    }
}
