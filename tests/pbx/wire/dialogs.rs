//! Rules on dialogs: RFC 3261 §12, §15; and on registrations, §10.2.

use super::{Findings, Seen};
use std::collections::BTreeMap;

struct Dialog {
    call_id: String,
    ours: String,
    theirs: String,
    target: String,
    routes: Vec<String>,
    /// Of our last request but ACK: number, and method with branch.
    last: Option<(u64, String)>,
    /// Our 2xx waits for its ACK.
    unacked: bool,
    begun: usize,
    byes: Vec<Bye>,
    /// They answered 481: no BYE would find it (RFC 3261 §12.2.1.2).
    forgotten: bool,
}

struct Bye {
    by_us: bool,
    cseq: u64,
    at: f64,
    index: usize,
}

pub fn check(seen: &[Seen], findings: &mut Findings) {
    let mut dialogs: Vec<Dialog> = Vec::new();
    let mut invites: BTreeMap<(String, u64, bool), Seen> = BTreeMap::new();
    for each in seen {
        let Some((number, method)) = each.sip.cseq() else { continue };
        let key = (each.sip.call_id().to_owned(), number, each.outgoing);
        if each.sip.is_request("INVITE") {
            invites.insert(key, *each);
        }
        let success = each.sip.status().is_some_and(|status| (200..300).contains(&status));
        if success && ["INVITE", "UPDATE"].contains(&method) {
            let asked = invites.get(&(each.sip.call_id().to_owned(), number, !each.outgoing)).copied();
            on_success(&mut dialogs, each, method, asked);
        }
        if !each.outgoing && each.sip.status() == Some(481) && method != "CANCEL" {
            on_forgotten(&mut dialogs, each);
        }
        if each.sip.method().is_some() {
            on_request(&mut dialogs, each, findings);
        }
    }
    for dialog in &dialogs {
        ended(dialog, findings);
    }
    registrations(seen, findings);
}

/// A call that several telephones answer has a dialog with each (RFC 3261 §13.2.2.4).
fn exactly<'a>(dialogs: &'a mut [Dialog], call_id: &str, ours: &str, theirs: &str) -> Option<&'a mut Dialog> {
    dialogs.iter_mut().find(|d| d.call_id == call_id && d.ours == ours && d.theirs == theirs)
}

/// That one, or else one of the same call, to say what is wrong with its tags.
fn find<'a>(dialogs: &'a mut [Dialog], call_id: &str, ours: &str, theirs: &str) -> Option<&'a mut Dialog> {
    let same_call = |d: &Dialog| d.call_id == call_id && d.ours == ours;
    let place = dialogs.iter().position(|d| same_call(d) && d.theirs == theirs);
    let place = place.or_else(|| dialogs.iter().position(same_call))?;
    dialogs.get_mut(place)
}

fn on_success(dialogs: &mut Vec<Dialog>, each: &Seen, method: &str, invite: Option<Seen>) {
    let (from, to) = (each.sip.tag_of_from().unwrap_or_default(), each.sip.tag_of_to().unwrap_or_default());
    let (ours, theirs) = if each.outgoing { (to, from) } else { (from, to) };
    if let Some(known) = exactly(dialogs, each.sip.call_id(), &ours, &theirs) {
        if !each.outgoing {
            known.target = each.sip.contact().unwrap_or_else(|| known.target.clone());
        }
        if each.outgoing && method == "INVITE" {
            known.unacked = true;
        }
        return;
    }
    let Some(invite) = invite.filter(|_| method == "INVITE") else { return };
    let remote = if each.outgoing { invite.sip } else { each.sip };
    let mut routes = remote.list("record-route");
    if !each.outgoing {
        routes.reverse();
    }
    dialogs.push(Dialog {
        call_id: each.sip.call_id().to_owned(),
        ours,
        theirs,
        target: remote.contact().unwrap_or_default(),
        routes,
        last: if each.outgoing {
            None
        } else {
            each.sip.cseq().map(|c| (c.0, format!("{} {}", c.1, each.sip.branch())))
        },
        unacked: each.outgoing,
        begun: each.index,
        byes: Vec::new(),
        forgotten: false,
    });
}

fn on_forgotten(dialogs: &mut [Dialog], each: &Seen) {
    let (ours, theirs) =
        (each.sip.tag_of_from().unwrap_or_default(), each.sip.tag_of_to().unwrap_or_default());
    if let Some(dialog) = exactly(dialogs, each.sip.call_id(), &ours, &theirs) {
        dialog.forgotten = true;
    }
}

fn on_request(dialogs: &mut [Dialog], each: &Seen, findings: &mut Findings) {
    let method = each.sip.method().unwrap_or_default();
    let number = each.sip.cseq().map_or(0, |c| c.0);
    let Some(to_tag) = each.sip.tag_of_to() else { return };
    let from_tag = each.sip.tag_of_from().unwrap_or_default();
    if method == "SUBSCRIBE" {
        return; // has a dialog of its own: `subscriptions`
    }
    if !each.outgoing {
        if let Some(dialog) = find(dialogs, each.sip.call_id(), &to_tag, &from_tag) {
            their_request(dialog, each, method, number);
        }
        return;
    }
    let Some(dialog) = find(dialogs, each.sip.call_id(), &from_tag, &to_tag) else {
        let refusal = method == "ACK"; // of an INVITE that was refused: judged with its transaction
        findings
            .expect(refusal, "dialog-known", each.index, || format!("{method} in a dialog that never was"));
        return;
    };
    findings
        .expect(dialog.theirs == to_tag, "tags-stable", each.index, || format!("wanted {}", dialog.theirs));
    let target = &dialog.target;
    findings
        .expect(each.sip.uri() == Some(target), "dialog-target", each.index, || format!("wanted {target}"));
    let routes = each.sip.list("route");
    findings.expect(routes == dialog.routes, "dialog-route", each.index, || format!("{routes:?}"));
    if method == "ACK" {
        return;
    }
    our_request(dialog, each, method, number, findings);
}

fn their_request(dialog: &mut Dialog, each: &Seen, method: &str, number: u64) {
    match method {
        "ACK" => dialog.unacked = false,
        "INVITE" | "UPDATE" => dialog.target = each.sip.contact().unwrap_or_else(|| dialog.target.clone()),
        "BYE" if dialog.byes.iter().all(|bye| bye.by_us || bye.cseq != number) => {
            dialog.byes.push(Bye { by_us: false, cseq: number, at: each.at, index: each.index });
        }
        _ => {}
    }
}

fn our_request(dialog: &mut Dialog, each: &Seen, method: &str, number: u64, findings: &mut Findings) {
    let this = (number, format!("{method} {}", each.sip.branch()));
    if dialog.last.as_ref() == Some(&this) || method == "CANCEL" {
        return; // a retransmission, or numbered like its INVITE
    }
    let rises = dialog.last.as_ref().is_none_or(|(last, _)| number > *last);
    findings.expect(rises, "cseq-rises", each.index, || format!("{number} after {:?}", dialog.last));
    dialog.last = Some(this);
    if let Some(bye) = dialog.byes.iter().find(|bye| bye.by_us) {
        let rule = if method == "BYE" { "bye-once" } else { "after-bye" };
        findings.note(rule, each.index, format!("{method} after the BYE of message {}", bye.index));
    }
    if method == "BYE" {
        findings.expect(!dialog.unacked, "bye-before-ack", each.index, || "our 2xx had no ACK yet".into());
        if let Some(crossed) = dialog.byes.iter().find(|bye| !bye.by_us) {
            let gap = each.at - crossed.at;
            findings.expect(gap < 0.1, "bye-once", each.index, || format!("{gap:.1} s after theirs"));
        }
        dialog.byes.push(Bye { by_us: true, cseq: number, at: each.at, index: each.index });
    }
}

fn ended(dialog: &Dialog, findings: &mut Findings) {
    findings.expect(dialog.forgotten || !dialog.byes.is_empty(), "bye-missing", dialog.begun, || {
        format!("the dialog {} was never ended", dialog.call_id)
    });
}

/// RFC 3261 §10.2.4: one Call-ID per registrar, CSeq rising by one.
fn registrations(seen: &[Seen], findings: &mut Findings) {
    let mut last: Option<(String, u64, String)> = None;
    for each in seen.iter().filter(|each| each.outgoing && each.sip.is_request("REGISTER")) {
        let number = each.sip.cseq().map_or(0, |c| c.0);
        if let Some((call_id, before, branch)) = &last {
            findings
                .expect(call_id == each.sip.call_id(), "register-call-id", each.index, || call_id.clone());
            let fits = number == before + 1 || (number == *before && *branch == each.sip.branch());
            findings.expect(fits, "register-cseq", each.index, || format!("{number} after {before}"));
        }
        last = Some((each.sip.call_id().to_owned(), number, each.sip.branch()));
    }
}
