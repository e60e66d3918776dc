//! Rules on credentials: RFC 7616 §3.4, RFC 3261 §22.

use super::message::auth_params;
use super::{Findings, Seen};
use std::collections::{BTreeMap, BTreeSet};

/// After a password was refused, the next attempt waits at least so long.
const RETRY_S: f64 = 25.0;

pub fn check(seen: &[Seen], findings: &mut Findings) {
    let mut given: BTreeSet<String> = BTreeSet::new();
    let mut counts: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    let nonces_of = |each: &Seen| {
        ["authorization", "proxy-authorization"]
            .into_iter()
            .filter_map(|name| get(each.sip.first(name)?, "nonce"))
            .collect::<Vec<_>>()
    };
    let connections: BTreeSet<String> =
        seen.iter().filter(|each| each.outgoing && each.connection.is_some()).flat_map(nonces_of).collect();
    let mut nonce_of: BTreeMap<String, String> = BTreeMap::new();
    let mut done: BTreeSet<Vec<u8>> = BTreeSet::new();
    for each in seen {
        if !each.outgoing {
            for name in ["www-authenticate", "proxy-authenticate"] {
                let values = each.sip.headers.iter().filter(|(n, _)| n == name);
                given.extend(values.filter_map(|(_, v)| get(v, "nonce")));
            }
            continue;
        }
        for name in ["authorization", "proxy-authorization"] {
            for (_, value) in each.sip.headers.iter().filter(|(n, _)| n == name) {
                if !done.insert(each.raw.to_vec()) || each.sip.is_request("ACK") {
                    continue;
                }
                let nonce = get(value, "nonce").unwrap_or_default();
                findings.expect(given.contains(&nonce), "credentials-unasked", each.index, || {
                    "nobody gave this nonce".into()
                });
                let uri = get(value, "uri");
                findings.expect(uri.as_deref() == each.sip.uri(), "digest-uri", each.index, || {
                    format!("{uri:?}")
                });
                if get(value, "qop").is_none() {
                    continue;
                }
                let count = get(value, "nc").filter(|nc| nc.len() == 8);
                let count = count.and_then(|nc| u64::from_str_radix(&nc, 16).ok());
                // What goes over a connection arrives when the connection stands: others may overtake it.
                let used = counts.entry(nonce.clone()).or_default();
                let due = used.iter().copied().fold(1, |due, used| due.max(used + 1));
                let overtaken = each.connection.is_some() || connections.contains(&nonce);
                let is_due = count.is_some_and(|count| count == due || overtaken && !used.contains(&count));
                findings.expect(is_due, "nonce-count", each.index, || format!("{count:?}, due {due}"));
                used.extend(count);
                let cnonce = get(value, "cnonce").unwrap_or_default();
                findings
                    .expect(cnonce.len() >= 8, "cnonce", each.index, || format!("{cnonce:?} is too short"));
                let first = nonce_of.entry(cnonce).or_insert_with(|| nonce.clone());
                findings.expect(*first == nonce, "cnonce", each.index, || "used with another nonce".into());
            }
        }
    }
    insisting(seen, findings);
}

/// A fresh nonce answered and refused again means a wrong password: no loop.
fn insisting(seen: &[Seen], findings: &mut Findings) {
    let credentials = |each: &Seen| {
        let value = each.sip.first("authorization").or(each.sip.first("proxy-authorization"));
        value.map(|v| (get(v, "nonce"), get(v, "nc")))
    };
    let mut refused_at: BTreeMap<String, f64> = BTreeMap::new();
    for each in seen {
        let method = each.sip.cseq().map_or("", |(_, method)| method).to_owned();
        let fresh =
            each.sip.method().is_some() && !seen.iter().any(|o| o.index < each.index && o.raw == each.raw);
        let attempt = each.outgoing && fresh && method != "ACK" && credentials(each).is_some();
        if let (true, Some(refused)) = (attempt, refused_at.get(&method)) {
            let gap = each.at - refused;
            findings.expect(gap > RETRY_S, "auth-loop", each.index, || format!("again after {gap:.1} s"));
        }
        if each.outgoing || !matches!(each.sip.status(), Some(401 | 407)) {
            if each.sip.status().is_some_and(|status| status >= 200) && !each.outgoing {
                refused_at.remove(&method);
            }
            continue;
        }
        let request = seen
            .iter()
            .find(|o| o.outgoing && o.sip.method() == Some(&method) && o.sip.branch() == each.sip.branch());
        let first_use =
            request.and_then(credentials).is_some_and(|(_, nc)| nc.as_deref() == Some("00000001"));
        let challenge = each.sip.first("www-authenticate").or(each.sip.first("proxy-authenticate"));
        let stale = challenge.and_then(|v| get(v, "stale")).is_some_and(|v| v.eq_ignore_ascii_case("true"));
        if first_use && !stale {
            refused_at.insert(method, each.at);
        }
    }
}

fn get(value: &str, name: &str) -> Option<String> {
    auth_params(value).into_iter().find(|(key, _)| key == name).map(|(_, v)| v)
}
