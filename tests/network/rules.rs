//! What either side may still send: a model of its own, which reads octets and shares nothing with the core
//! but the RFCs.

use crate::offers::Offers;
use patchcord::instant::Instant;
use std::collections::BTreeMap;
use std::time::Duration;

const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
/// 64·T1, and what a timer may be late.
const PATIENCE: Duration = Duration::from_millis(32_100);

/// 64·T1: nobody knows the transaction any more.
pub const FORGOTTEN: Duration = Duration::from_secs(32);

/// A message as far as the rules look into it.
#[derive(Clone)]
pub struct Seen {
    pub line: String,
    /// Of the request that it is, or answers.
    pub method: String,
    pub status: Option<u16>,
    /// User part of the Request-URI.
    pub user: String,
    /// As its author made it: the proxy's addition is cut off.
    pub branch: String,
    pub to_tag: Option<String>,
    pub from_tag: String,
    pub call_id: String,
    /// A provisional response that wants a PRACK.
    pub reliable: bool,
    /// The description of a session that it carries.
    pub sdp: Option<String>,
    pub octets: Vec<u8>,
    seq: u32,
    vias: usize,
}

impl Seen {
    pub fn read(octets: &[u8]) -> Self {
        let text = String::from_utf8_lossy(octets);
        let mut lines = text.split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        let fields: Vec<_> =
            lines.take_while(|line| !line.is_empty()).filter_map(|l| l.split_once(": ")).collect();
        let field = |name: &str| fields.iter().find(|field| field.0 == name).map_or("", |field| field.1);
        let after = |text: &str, mark: &str| {
            let rest = text.split_once(mark)?.1;
            Some(rest.split([';', ',', '>']).next().unwrap_or_default().to_owned())
        };
        let (seq, method) = field("CSeq").split_once(' ').unwrap_or_default();
        let branch = after(field("Via"), ";branch=").unwrap_or_default();
        let uri = line.split(' ').nth(1).unwrap_or_default();
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        Self {
            status: line.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)?.parse().ok()),
            user: uri.strip_prefix("sip:").and_then(|uri| uri.split_once('@')).map_or("", |u| u.0).to_owned(),
            method: method.to_owned(),
            seq: seq.parse().unwrap_or_default(),
            branch: branch.trim_end_matches(super::proxy::MARK).to_owned(),
            from_tag: after(field("From"), ";tag=").unwrap_or_default(),
            to_tag: after(field("To"), ";tag="),
            call_id: field("Call-ID").to_owned(),
            reliable: fields.iter().any(|field| field.0 == "RSeq"),
            sdp: (field("Content-Type") == "application/sdp" && !body.is_empty()).then(|| body.to_owned()),
            vias: fields.iter().filter(|field| field.0 == "Via").count(),
            octets: octets.to_vec(),
            line,
        }
    }

    /// For the ladder.
    pub fn brief(&self) -> String {
        let line: String = self.line.trim_end_matches(" SIP/2.0").chars().take(44).collect();
        let branch = self.branch.get(self.branch.len().saturating_sub(5)..).unwrap_or_default();
        format!("{line:44} {} {} ({branch})", self.seq, self.method)
    }
}

/// Branch and method; an ACK has none of its own.
type Key = (String, String);

/// What one agent has heard and said.
#[derive(Default)]
pub struct Side {
    /// Lives on a connection, which repeats by itself what was lost.
    by_stream: bool,
    offers: Offers,
    heard: BTreeMap<Key, Heard>,
    asked: BTreeMap<Key, Asked>,
    /// By Call-ID, its own tag and the other one's, which is empty in what begins dialogs.
    dialogs: BTreeMap<(String, String, String), Dialog>,
    /// Arrived and to be answered at once.
    owed: Vec<Key>,
}

struct Heard {
    request: Seen,
    last: Instant,
    answer: Option<(u16, Option<String>, Instant)>,
    acknowledged: bool,
}

struct Asked {
    request: Seen,
    first: Instant,
    last: Instant,
    gap: Duration,
    /// The computer slept meanwhile, and its repetitions are late.
    late: bool,
    /// The connection broke over which it went: no answer can come.
    failed: bool,
    provisional: bool,
    finals: usize,
    /// The first response of an INVITE, the final one of others.
    answered_after: Option<Duration>,
    accepted: bool,
    acknowledged: usize,
}

#[derive(Default)]
struct Dialog {
    seq: Option<u32>,
    over: bool,
    /// By their BYE. One that overtook their 2xx is followed by ours, since nobody wants the call any more.
    left: bool,
}

pub type Verdict = Result<(), String>;

pub fn must(holds: bool, rule: &str) -> Verdict {
    if holds { Ok(()) } else { Err(rule.to_owned()) }
}

impl Side {
    pub fn new(by_stream: bool) -> Self {
        Self { by_stream, ..Self::default() }
    }

    /// `here`: to its Contact or in a dialog; what is meant for somebody else need not be answered.
    pub fn arrived(&mut self, now: Instant, seen: &Seen, here: bool) {
        self.offers.arrived(now, seen);
        if let Some(status) = seen.status {
            return self.response_arrived(now, seen, status);
        }
        if seen.method == "ACK" {
            for heard in self.heard.values_mut() {
                let same = heard.request.call_id == seen.call_id && heard.request.seq == seen.seq;
                let Some((_, tag, first)) = &heard.answer else { continue };
                let in_time = now.since(*first) < FORGOTTEN;
                if heard.request.method == "INVITE" && same && *tag == seen.to_tag && in_time {
                    heard.acknowledged = true;
                }
            }
            return;
        }
        let key = (seen.branch.clone(), seen.method.clone());
        let new = || Heard { request: seen.clone(), last: now, answer: None, acknowledged: false };
        self.heard.entry(key.clone()).or_insert_with(new).last = now;
        if here && seen.method != "INVITE" {
            self.owed.push(key);
        }
    }

    fn response_arrived(&mut self, now: Instant, seen: &Seen, status: u16) {
        let Some(asked) = self.asked.get_mut(&(seen.branch.clone(), seen.method.clone())) else { return };
        if status >= 200 || seen.method == "INVITE" {
            asked.answered_after.get_or_insert(now.since(asked.first));
        }
        if status < 200 {
            asked.provisional = true;
            return;
        }
        // One that crossed a refusal on the way, as from a PBX that has restarted, is late.
        asked.accepted |= status < 300 && asked.finals == 0;
        asked.finals += 1;
        if seen.method == "BYE" {
            self.dialog(&seen.call_id, &seen.from_tag, seen.to_tag.as_deref()).over = true;
        }
    }

    pub fn sent(&mut self, now: Instant, seen: &Seen) -> Verdict {
        self.offers.sent(now, seen)?;
        match (seen.status, seen.method.as_str()) {
            (Some(status), _) => self.response_sent(now, seen, status),
            (None, "ACK") => self.ack_sent(seen),
            (None, _) => self.request_sent(now, seen),
        }
    }

    /// Once everything that an arrival brought about has been sent.
    pub fn settled(&mut self) -> Verdict {
        for key in std::mem::take(&mut self.owed) {
            let answered = self.heard.get(&key).is_some_and(|heard| heard.answer.is_some());
            must(answered, &format!("a {} was not answered", key.1))?;
        }
        Ok(())
    }

    pub fn woke(&mut self) {
        for asked in self.asked.values_mut() {
            asked.late = true;
        }
    }

    /// The connection broke. Says what was open, and is lost.
    pub fn disconnected(&mut self) -> Vec<String> {
        self.offers.disconnected();
        let asked = self.asked.values_mut().filter(|asked| asked.finals == 0 && !asked.failed);
        let mut lost: Vec<_> = asked
            .map(|asked| {
                asked.failed = true;
                asked.request.branch.clone()
            })
            .collect();
        let open = |heard: &&Heard| {
            heard.answer.is_none() || heard.request.method == "INVITE" && !heard.acknowledged
        };
        for heard in self.heard.values().filter(open) {
            lost.extend([heard.request.branch.clone(), heard.request.call_id.clone()]);
        }
        lost
    }

    fn response_sent(&mut self, now: Instant, seen: &Seen, status: u16) -> Verdict {
        let heard = self.heard.get_mut(&(seen.branch.clone(), seen.method.clone()));
        let heard = heard.ok_or("a response to a request that never came")?;
        let same = heard.request.call_id == seen.call_id && heard.request.seq == seen.seq;
        must(same && heard.request.from_tag == seen.from_tag, "a response that is not its request's")?;
        must(heard.request.vias == seen.vias, "a response that loses its way: other Vias than its request")?;
        if status < 200 {
            return must(heard.answer.is_none(), "a provisional response after the final one");
        }
        must(seen.to_tag.is_some(), "a final response without a tag")?;
        match &heard.answer {
            None => {
                heard.answer = Some((status, seen.to_tag.clone(), now));
                // A dialog that was not known yet may still begin, with a 2xx that comes late.
                if seen.method == "BYE" && status < 300 {
                    let tag = seen.to_tag.clone().unwrap_or_default();
                    let dialog = self.dialog(&seen.call_id, &tag, Some(&seen.from_tag));
                    (dialog.over, dialog.left) = (true, true);
                }
                Ok(())
            }
            Some((before, tag, first)) => {
                // Late beyond Timers H, J and L a repetition is a new request; over a connection J is zero.
                let forgotten = match self.by_stream && seen.method != "INVITE" {
                    true => heard.last == now && now > *first,
                    false => now.since(*first) >= FORGOTTEN,
                };
                // An unknown dialog is refused without a transaction (RFC 3261 §8.2.7): it may be known by now.
                let anew = *before == 481 && seen.method != "INVITE" && heard.last == now;
                // A subscription's NOTIFYs have none either, and it may be over by now.
                let over = seen.method == "NOTIFY" && status == 481 && heard.last == now;
                if forgotten || anew || over {
                    heard.answer = Some((status, seen.to_tag.clone(), now));
                    return Ok(());
                }
                must((*before, tag) == (status, &seen.to_tag), "a second final response that differs")?;
                if seen.method != "INVITE" {
                    return must(heard.last == now, "a response repeated though nobody asked again");
                }
                must(!heard.acknowledged, "a final response to INVITE repeated after its ACK")?;
                must(now.since(*first) <= PATIENCE, "a final response to INVITE repeated after 64·T1")
            }
        }
    }

    fn ack_sent(&mut self, seen: &Seen) -> Verdict {
        let invite = self.asked.values_mut().find(|asked| {
            let request = &asked.request;
            request.method == "INVITE"
                && (&request.call_id, request.seq, &request.from_tag)
                    == (&seen.call_id, seen.seq, &seen.from_tag)
        });
        let invite = invite.ok_or("an ACK without an INVITE")?;
        must(invite.finals > 0, "an ACK without a final response")?;
        must(invite.acknowledged < invite.finals, "more ACKs than final responses")?;
        let own_branch = invite.request.branch != seen.branch;
        must(own_branch == invite.accepted, "an ACK on the wrong branch")?;
        invite.acknowledged += 1;
        Ok(())
    }

    fn request_sent(&mut self, now: Instant, seen: &Seen) -> Verdict {
        let key = (seen.branch.clone(), seen.method.clone());
        if let Some(asked) = self.asked.get_mut(&key) {
            if self.by_stream {
                return sent_anew(asked, now, seen);
            }
            return repeated(asked, now, seen);
        }
        if seen.method == "CANCEL" {
            let invite = self.asked.get(&(seen.branch.clone(), "INVITE".to_owned()));
            let invite = invite.ok_or("a CANCEL of nothing")?;
            must(invite.provisional && invite.finals == 0, "a CANCEL before 1xx or after the answer")?;
            must(invite.request.seq == seen.seq, "a CANCEL with another number than its INVITE")?;
        } else {
            must(!self.asked.keys().any(|(branch, _)| *branch == seen.branch), "a branch used twice")?;
            self.number_rises(seen)?;
        }
        if seen.method == "INVITE" {
            self.one_invite_at_a_time(now, seen)?;
        }
        let (request, gap) = (seen.clone(), Duration::ZERO);
        let asked = Asked {
            request,
            first: now,
            last: now,
            gap,
            late: false,
            failed: false,
            provisional: false,
            finals: 0,
            answered_after: None,
            accepted: false,
            acknowledged: 0,
        };
        self.asked.insert(key, asked);
        Ok(())
    }

    fn number_rises(&mut self, seen: &Seen) -> Verdict {
        // Forks share their beginning and then count each for themselves.
        let begun = self.dialog(&seen.call_id, &seen.from_tag, None).seq;
        let dialog = self.dialog(&seen.call_id, &seen.from_tag, seen.to_tag.as_deref());
        dialog.seq = dialog.seq.max(begun);
        must(dialog.seq.is_none_or(|before| seen.seq > before), "a CSeq that does not rise")?;
        dialog.seq = Some(seen.seq);
        // The subscription of a REFER outlives its call (RFC 5057).
        let may_go = seen.method == "NOTIFY" || seen.method == "BYE" && std::mem::take(&mut dialog.left);
        must(!dialog.over || may_go, "a request in a dialog that is over")?;
        dialog.over |= seen.method == "BYE";
        Ok(())
    }

    /// RFC 3261 §14.1.
    fn one_invite_at_a_time(&self, now: Instant, seen: &Seen) -> Verdict {
        let ours = self.asked.values().any(|asked| {
            let request = &asked.request;
            let same = (&request.call_id, &request.from_tag) == (&seen.call_id, &seen.from_tag);
            let open = asked.finals == 0 && !asked.failed;
            same && request.method == "INVITE" && open && now.since(asked.first) < FORGOTTEN
        });
        must(!ours, "an INVITE while another of ours is open")?;
        let theirs = self.heard.values().any(|heard| {
            let request = &heard.request;
            let same = request.call_id == seen.call_id && request.to_tag.as_ref() == Some(&seen.from_tag);
            same && request.method == "INVITE" && heard.answer.is_none()
        });
        must(!theirs, "an INVITE while one of theirs is open")
    }

    fn dialog(&mut self, call_id: &str, own: &str, other: Option<&str>) -> &mut Dialog {
        let other = other.unwrap_or_default().to_owned();
        self.dialogs.entry((call_id.to_owned(), own.to_owned(), other)).or_default()
    }

    /// Methods of requests that ran out of patience because datagrams were lost. `lost` counts by branch, and
    /// for ACKs by Call-ID.
    pub fn starved(&self, lost: &BTreeMap<String, u32>) -> Vec<&str> {
        let some = |name: &String| lost.contains_key(name);
        let too_late = |asked: &Asked| {
            let in_time = |after| after < patience(&asked.request.method);
            asked.finals == 0 || !asked.answered_after.is_some_and(in_time)
        };
        let asked = self.asked.values().filter(|asked| too_late(asked) && some(&asked.request.branch));
        let unacknowledged = self.heard.values().filter(|heard| {
            let request = &heard.request;
            request.method == "INVITE"
                && heard.answer.is_some()
                && !heard.acknowledged
                && (some(&request.branch) || some(&request.call_id))
        });
        // 504: what we said reliably brought no PRACK (RFC 3262 §3).
        let unheard = self.heard.values().filter(|heard| {
            heard.answer.as_ref().is_some_and(|answer| answer.0 == 504) && some(&heard.request.branch)
        });
        let asked = asked.map(|asked| asked.request.method.as_str());
        asked.chain(unacknowledged.map(|_| "ACK")).chain(unheard.map(|_| "PRACK")).collect()
    }

    /// Whether it asked within this call, or said goodbye, and got no answer because of what was lost.
    pub fn asked_in_vain(&self, call_id: &str, goodbye: bool, lost: &BTreeMap<String, u32>) -> bool {
        self.asked.values().any(|asked| {
            let Seen { method, branch, .. } = &asked.request;
            let of_kind = matches!(method.as_str(), "BYE" | "CANCEL") == goodbye;
            let in_time = asked.answered_after.is_some_and(|after| after < FORGOTTEN);
            let in_vain = (asked.finals == 0 || !in_time) && lost.contains_key(branch);
            asked.request.call_id == call_id && of_kind && in_vain
        })
    }
}

/// A connection repeats what was lost; over the next one the same request may be sent once more.
fn sent_anew(asked: &mut Asked, now: Instant, seen: &Seen) -> Verdict {
    must(asked.failed, "a request repeated over a connection")?;
    must(asked.request.octets == seen.octets, "a request repeated with other octets")?;
    (asked.failed, asked.first) = (false, now);
    Ok(())
}

fn repeated(asked: &mut Asked, now: Instant, seen: &Seen) -> Verdict {
    must(asked.request.octets == seen.octets, "a request repeated with other octets")?;
    must(asked.finals == 0, "a request repeated after its final response")?;
    let invite = seen.method == "INVITE";
    must(!invite || !asked.provisional, "an INVITE repeated after a provisional response")?;
    let gap = now.since(asked.last);
    let least = if invite { asked.gap * 2 } else { (asked.gap * 2).min(T2) };
    must(asked.late || gap >= least.max(T1), "a request repeated too soon")?;
    must(now.since(asked.first) <= PATIENCE, "a request repeated after 64·T1")?;
    (asked.gap, asked.last) = (gap, now);
    Ok(())
}

/// After which an answer may no longer help: what our telephones give the registrar, what RFC 4028 §10 leaves
/// of a session of 90 s whose last refresh took long to be answered, or Timers B and F.
fn patience(method: &str) -> Duration {
    match method {
        "REGISTER" | "OPTIONS" | "UPDATE" => Duration::from_secs(4),
        _ => FORGOTTEN,
    }
}

/// The Call-ID, for counting ACKs that were lost.
pub fn lost_name(seen: &Seen) -> String {
    if seen.method == "ACK" { seen.call_id.clone() } else { seen.branch.clone() }
}
