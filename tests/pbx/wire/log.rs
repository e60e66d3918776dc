//! The PBX's own log as a capture: every message with its time, direction and peer.

use super::Captured;
use std::net::SocketAddr;

const MARK: &str = "res_pjsip_logger.c: <--- ";

/// Reads `full.log`. The log's clock is UTC; times become seconds since 1970.
pub fn read(log: &[u8]) -> Vec<Captured> {
    let mut found = Vec::new();
    let mut rest = log;
    // Several messages in one segment: each is announced with its own length, and then the whole segment printed.
    let mut segment: Option<(SocketAddr, Vec<u8>)> = None;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(&rest[..end]).into_owned();
        rest = &rest[end + 1..];
        let Some((stamp, note)) = line.split_once(MARK) else { continue };
        let Some((length, outgoing, by_tcp, peer)) = announced(note) else { continue };
        if length > rest.len() {
            break; // still being written
        }
        let received = by_tcp && outgoing;
        let before = segment.take_if(|(of, text)| received && *of == peer && rest.starts_with(text));
        let mut text = before.map_or_else(Vec::new, |(_, text)| text);
        let raw = rest.get(text.len()..text.len() + length).unwrap_or(&rest[..length]).to_vec();
        text.extend_from_slice(&raw);
        if received {
            segment = Some((peer, text));
        }
        let captured = Captured::new(seconds(stamp), outgoing, peer, raw);
        found.push(Captured { connection: by_tcp.then_some(peer), ..captured });
        rest = &rest[length..];
    }
    found
}

/// `Received SIP request (543 bytes) from UDP:127.0.0.1:15110 --->`: what the PBX receives, the telephone sent.
fn announced(note: &str) -> Option<(usize, bool, bool, SocketAddr)> {
    let sent_by_peer = note.starts_with("Received ");
    let length = note.split_once('(')?.1.split_once(" bytes)")?.0.parse().ok()?;
    let (transport, peer) = note.split_once(" bytes) ")?.1.split_once(':')?;
    Some((length, sent_by_peer, transport.ends_with("TCP"), peer.strip_suffix(" --->")?.parse().ok()?))
}

/// `[2026-11-23 18:35:19.357] VERBOSE…`
pub fn seconds(stamp: &str) -> f64 {
    let text = stamp.trim_start_matches('[').split(']').next().unwrap_or_default().replace(' ', "T");
    let at: Option<jiff::Timestamp> = format!("{text}Z").parse().ok();
    at.map_or(0.0, |at| at.as_millisecond() as f64 / 1000.0)
}
