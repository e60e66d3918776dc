//! Judges what a telephone put on the wire, from a capture, by rules written from the RFCs alone.
//!
//! Shares no code with the telephone. `check` takes the messages between one telephone and its PBX
//! and names every rule broken; each rule is killed by a planted fault in `tests`.

mod dialogs;
mod digest;
pub mod log;
pub mod message;
mod messages;
mod offers;
mod subscriptions;
mod transactions;

#[cfg(test)]
mod tests;

use message::Sip;
use std::fmt;
use std::net::SocketAddr;

/// One message, seen beside the PBX.
#[derive(Clone)]
pub struct Captured {
    /// Seconds since 1970.
    pub at: f64,
    /// From the telephone to the PBX.
    pub outgoing: bool,
    /// The telephone's address.
    pub peer: SocketAddr,
    /// The telephone's end of the connection; None by UDP.
    pub connection: Option<SocketAddr>,
    pub raw: Vec<u8>,
    pub sip: Result<Sip, String>,
}

impl Captured {
    pub fn new(at: f64, outgoing: bool, peer: SocketAddr, raw: Vec<u8>) -> Self {
        let sip = Sip::parse(&raw);
        Self { at, outgoing, peer, connection: None, raw, sip }
    }

    pub const fn by_tcp(&self) -> bool {
        self.connection.is_some()
    }
}

/// A rule broken, the message that broke it (its place in the capture) and what was wrong.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Broken {
    pub rule: &'static str,
    pub message: usize,
    pub what: String,
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at message {}: {}", self.rule, self.message, self.what)
    }
}

/// A message with its place in the capture.
#[derive(Clone, Copy)]
struct Seen<'a> {
    index: usize,
    at: f64,
    outgoing: bool,
    peer: SocketAddr,
    connection: Option<SocketAddr>,
    raw: &'a [u8],
    sip: &'a Sip,
}

#[derive(Default)]
struct Findings(Vec<Broken>);

impl Findings {
    fn note(&mut self, rule: &'static str, message: usize, what: impl Into<String>) {
        self.0.push(Broken { rule, message, what: what.into() });
    }

    fn expect(&mut self, holds: bool, rule: &'static str, message: usize, what: impl FnOnce() -> String) {
        if !holds {
            self.note(rule, message, what());
        }
    }
}

/// All rules broken by the telephone in this capture of one telephone.
pub fn check(capture: &[Captured]) -> Vec<Broken> {
    let mut findings = Findings::default();
    let mut seen = Vec::new();
    for (index, captured) in capture.iter().enumerate() {
        match &captured.sip {
            Ok(sip) => seen.push(Seen {
                index,
                at: captured.at,
                outgoing: captured.outgoing,
                peer: captured.peer,
                connection: captured.connection,
                raw: &captured.raw,
                sip,
            }),
            Err(why) if captured.outgoing => findings.note("readable", index, why.clone()),
            Err(_) => {}
        }
    }
    messages::check(&seen, &mut findings);
    transactions::check(&seen, &mut findings);
    dialogs::check(&seen, &mut findings);
    offers::check(&seen, &mut findings);
    subscriptions::check(&seen, &mut findings);
    digest::check(&seen, &mut findings);
    findings.0.sort();
    findings.0
}

/// The part of a capture that a telephone took part in, which had these addresses one after another. A connection
/// beside UDP comes from a port of its own; whose it is, its requests' Via says.
pub fn of_telephone(capture: &[Captured], addresses: &[SocketAddr]) -> Vec<Captured> {
    let home = |connection: SocketAddr| {
        let requests = capture.iter().filter(|each| each.outgoing && each.connection == Some(connection));
        let sips = requests.filter_map(|each| each.sip.as_ref().ok()).filter(|sip| sip.method().is_some());
        let mut named = sips.filter_map(|sip| {
            let via = sip.list("via").into_iter().next()?;
            via.split(';').next()?.split_whitespace().last()?.parse::<SocketAddr>().ok()
        });
        named.find(|address| addresses.contains(address))
    };
    let of_it = |each: &Captured| {
        let peer = if addresses.contains(&each.peer) { Some(each.peer) } else { home(each.peer) };
        peer.map(|peer| Captured { peer, ..each.clone() })
    };
    capture.iter().filter_map(of_it).collect()
}
