//! What the message layer makes of messages from the world: the torture messages of RFC 4475, what
//! PBXs really send, mutations of both, and what another parser reads in them.

mod differential;
mod exercise;
mod framing;
mod limits;
mod mutation;
mod pbx;
mod torture;
mod uri;

use patchcord::sip::message::codec::{self, Malformed, Parsed};
use patchcord::sip::message::{Headers, Message, Request, Response};
use std::path::{Path, PathBuf};

/// All files of that kind below `tests/data`, in order of their names.
fn data(folder: &str, extension: &str) -> Vec<(String, Vec<u8>)> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let is_kind = |path: &&PathBuf| path.extension().is_some_and(|found| found == extension);
    let read = |path: &PathBuf| {
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap())
    };
    paths.iter().filter(is_kind).map(read).collect()
}

fn message(octets: &[u8]) -> Message {
    match codec::parse(octets) {
        Ok(Parsed::Message(message)) => message,
        other => panic!("{other:?}: {}", String::from_utf8_lossy(octets)),
    }
}

fn request(octets: &[u8]) -> Request {
    match message(octets) {
        Message::Request(request) => request,
        Message::Response(response) => panic!("{response:?}"),
    }
}

fn response(octets: &[u8]) -> Response {
    match message(octets) {
        Message::Response(response) => response,
        Message::Request(request) => panic!("{request:?}"),
    }
}

/// `accept`, `refuse 400`, `discard`, `keep-alive`.
fn verdict(octets: &[u8]) -> String {
    match codec::parse(octets) {
        Ok(Parsed::Message(_)) => "accept".into(),
        Ok(Parsed::KeepAlive) => "keep-alive".into(),
        Err(Malformed::Refuse(rejection)) => format!("refuse {}", rejection.status),
        Err(Malformed::Discard(_)) => "discard".into(),
    }
}

/// A request with these further fields; lines end in CRLF whatever `fields` has.
fn invite_with(fields: &str) -> Vec<u8> {
    let head = "INVITE sip:operator1@192.0.2.4:5060 SIP/2.0\n\
        Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKPj1\n\
        From: \"Ivan Petrov\" <sip:+79161234567@192.0.2.1>;tag=f1\n\
        To: <sip:operator1@192.0.2.4>\n\
        Call-ID: 8f8b14c0@192.0.2.1\n\
        CSeq: 3002 INVITE\n\
        Max-Forwards: 70\n";
    format!("{head}{fields}\n").replace('\n', "\r\n").into_bytes()
}

fn headers_with(fields: &str) -> Headers {
    request(&invite_with(fields)).headers
}
