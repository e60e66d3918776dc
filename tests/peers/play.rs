//! A telephone and a scripted party: one of them calls, both go through with it.

use crate::answering_pbx::AnsweringPbx;
use crate::pbx::tempdir::TempDir;
use crate::people::{Sipp, free_udp_port};
use crate::telephone::{Ended, Telephone, telephone_at};
use crate::wire::{self, Captured};
use crate::{seconds, until};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};

/// What became of it.
pub struct Played {
    pub ended: Ended,
    /// As the scripted party sent and received it.
    pub capture: Vec<Captured>,
}

/// The party calls a telephone that runs `patchcord answer` with these arguments.
pub fn they_call(scenario: &str, arguments: &[&str]) -> Played {
    let scratch = TempDir::new("play");
    let pbx = AnsweringPbx::start(200);
    let phone = start(&pbx, &scratch, &[&["answer"], arguments].concat());
    let registered = phone.wait("registered", seconds(5)).event;
    let target = registered["contact"].as_str().expect("a Contact").to_owned();
    let local = phone.local();
    let script = Script::begin(&scratch, scenario, free_udp_port(), &["-key", "target", &target, &local]);
    finish(phone, script)
}

/// The telephone runs `patchcord call 200` with these arguments, and the party takes the call.
pub fn we_call(scenario: &str, arguments: &[&str]) -> Played {
    let scratch = TempDir::new("play");
    let script = Script::is_called(&scratch, scenario);
    let pbx = AnsweringPbx::that_passes_calls_to(script.address);
    let phone = start(&pbx, &scratch, &[&["call", "200"], arguments].concat());
    finish(phone, script)
}

fn start(pbx: &AnsweringPbx, scratch: &TempDir, arguments: &[&str]) -> Telephone<'static> {
    let home = scratch.path().join("home");
    Telephone::spawn(telephone_at(&pbx.address(), &home, "101", arguments), None)
}

fn finish(phone: Telephone, script: Script) -> Played {
    let local = phone.local();
    let ended = phone.finish(seconds(30));
    let story = ended.story();
    let capture = script.finish(local.parse().expect("an address"), &story);
    let broken = wire::check(&capture);
    assert!(broken.is_empty(), "{broken:#?}\n{}\n{story}", ladder(&capture));
    Played { ended, capture }
}

/// sipp with one of the scenarios beside this file.
pub struct Script {
    sipp: Sipp,
    messages: PathBuf,
    pub address: SocketAddr,
}

impl Script {
    pub fn is_called(scratch: &TempDir, scenario: &str) -> Self {
        let port = free_udp_port();
        let script = Self::begin(scratch, scenario, port, &[]);
        until("sipp to listen", seconds(5), || UdpSocket::bind(script.address).is_err());
        script
    }

    fn begin(scratch: &TempDir, scenario: &str, port: u16, more: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/scenarios");
        let text = std::fs::read_to_string(folder.join(format!("{scenario}.xml"))).expect("a scenario");
        let text =
            text.replace("[sdp]", &description("sendrecv")).replace("[held]", &description("recvonly"));
        let sipp = Sipp::start(
            scratch.path(),
            &text,
            port,
            &[&["-trace_msg", "-message_file", "messages", "-timeout_error"], more].concat(),
        );
        let messages = sipp.folder.join("messages");
        Self { sipp, messages, address: SocketAddr::from(([127, 0, 0, 1], port)) }
    }

    /// Everything must have come as the scenario has it.
    pub fn finish(self, telephone: SocketAddr, story: &str) -> Vec<Captured> {
        let finished = self.sipp.outcome(seconds(15));
        let log = std::fs::read(&self.messages).unwrap_or_default();
        let capture = read(&log, telephone);
        if let Err(why) = finished {
            panic!("the scripted party saw something else: {why}\n{}\n{story}", ladder(&capture));
        }
        capture
    }
}

/// Their description; sipp echoes what arrives there.
fn description(direction: &str) -> String {
    format!(
        "v=0\no=them 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\n\
         m=audio [media_port] RTP/AVP 8\na=rtpmap:8 PCMA/8000\na={direction}\n"
    )
}

/// sipp's log of messages: a line of dashes with the time, a line with direction and length, an empty one, the message.
fn read(log: &[u8], telephone: SocketAddr) -> Vec<Captured> {
    let mut found = Vec::new();
    let mut rest = log;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(&rest[..end]).into_owned();
        rest = &rest[end + 1..];
        let Some(stamp) = line.strip_prefix("-----------------------------------------------") else {
            continue;
        };
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let note = String::from_utf8_lossy(&rest[..end]).into_owned();
        let digits: String = note.chars().filter(char::is_ascii_digit).collect();
        let Ok(length) = digits.parse::<usize>() else { continue };
        let raw = rest.get(end + 2..end + 2 + length).unwrap_or_default().to_vec();
        found.push(Captured::new(time(stamp), note.contains("received"), telephone, raw));
        rest = rest.get(end + 2 + length..).unwrap_or_default();
    }
    found
}

/// `2026-11-25 07:31:22.123456`, in UTC.
fn time(stamp: &str) -> f64 {
    let text = format!("{}Z", stamp.trim().replace(['\t', ' '], "T"));
    let at: jiff::Timestamp = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    at.as_microsecond() as f64 / 1e6
}

/// First lines with their times, for whoever has to find out what happened.
pub fn ladder(capture: &[Captured]) -> String {
    let begun = capture.first().map_or(0.0, |first| first.at);
    let line = |each: &Captured| {
        let text = String::from_utf8_lossy(&each.raw).into_owned();
        let cseq = text.lines().find(|line| line.starts_with("CSeq")).unwrap_or_default().to_owned();
        let way = if each.outgoing { "->" } else { "<-" };
        format!("{:7.3} {way} {} ({cseq})", each.at - begun, text.lines().next().unwrap_or_default())
    };
    capture.iter().map(line).collect::<Vec<_>>().join("\n")
}

impl Played {
    /// Times and messages of the telephone's requests of this method, without repetitions.
    pub fn requests(&self, method: &str) -> Vec<&Captured> {
        let mut found: Vec<&Captured> = Vec::new();
        for each in self.capture.iter().filter(|each| each.outgoing) {
            let fits = each.sip.as_ref().is_ok_and(|sip| sip.is_request(method));
            if fits && found.iter().all(|other| other.raw != each.raw) {
                found.push(each);
            }
        }
        found
    }
}
