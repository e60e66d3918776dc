//! Strangers who send whatever they like to the SIP port of a telephone that stands in a call.
//!
//! `scripts/flood` runs this with a release build, more strangers and more time; `FLOOD` says how many datagrams a second,
//! and for how many seconds.

use crate::pbx::Pbx;
use crate::sound::{self, RATE};
use crate::telephone::{OUR_RTP, Telephone};
use crate::{now, seconds};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What is measured before the flood and after it, to compare.
const CALM: u64 = 3;
/// Sound is judged in pieces of 20 ms, as it is sent.
const PIECE: usize = RATE / 50;
/// Between packets of ours on their way to the PBX; a telephone sends one every 20 ms.
const LONGEST_PAUSE_MS: f64 = 100.0;
const MOST_GROWTH_KB: u64 = 1024;

#[test]
fn strangers_neither_ring_nor_are_answered_nor_disturb_a_call() {
    let flood = Flood::wanted();
    let pbx = Pbx::start();
    let recorded = pbx.scratch.path().join("recording.wav");
    let play = pbx.scratch.path().join("voice.wav");
    sound::write(&play, &sound::noise(40));
    let arguments = ["answer", "--record", &recorded.to_string_lossy(), "--play", &play.to_string_lossy()];
    let phone = Telephone::start(&pbx, "101", &arguments);
    phone.wait("registered", seconds(5));
    pbx.cli("channel originate PJSIP/101 extension 601@office");
    let answered = phone.wait("answered", seconds(5)).at;
    pbx.cli("rtp set debug on");
    std::thread::sleep(seconds(CALM));

    let pid = phone.child.id();
    let local: SocketAddr = phone.local().parse().expect("an address");
    let (before, used, begun) = (memory_kb(pid), processor_time(pid), (now(), since_1970()));
    let (during, answers) = flood.send(local, || memory_kb(pid));
    let cpu = (processor_time(pid) - used).as_secs_f64() / begun.0.elapsed().as_secs_f64();
    let thrown_away = dropped(local.port());
    let flooded = begun.1..since_1970();
    std::thread::sleep(seconds(CALM));
    let after = memory_kb(pid);

    assert!(pbx.has_contact("101"));
    phone.interrupt();
    let ended = phone.finish(seconds(5));
    ended.exited(130);
    let rings = ended.said.iter().filter(|said| said.is("ringing_in")).count();
    let outages = ended.said.iter().filter(|said| said.is("registration_failed")).count();
    let media = ended.one("media");
    let (lost, late) = (media["lost"].as_u64(), media["late"].as_u64());
    let heard = sound::read(&recorded, 0);
    let gaps: Vec<f64> = gaps(&heard).into_iter().map(|piece| answered + piece as f64 * 0.02).collect();
    // What was said in the flood is heard a moment later.
    let in_flood = |at: &&f64| (flooded.start..flooded.end + 0.2).contains(*at);
    let flood_gaps = gaps.iter().filter(in_flood).count();
    let sent = pbx.packets_from(OUR_RTP);
    let pause = |during: bool| longest_pause_ms(&sent, |at| flooded.contains(&at) == during);

    let rows = [
        ("datagrams sent", flood.wanted_in_all().to_string(), true),
        ("thrown away by the system", thrown_away.to_string(), true),
        ("calls that rang", format!("{rings} (the one of the PBX)"), rings == 1),
        ("answers to strangers", answers.to_string(), answers == 0),
        ("outages of the registration", outages.to_string(), outages == 0),
        ("seconds heard", format!("{:.1}", heard.len() as f64 / RATE as f64), heard.len() > 2 * RATE),
        ("20 ms without the tone in calm", (gaps.len() - flood_gaps).to_string(), true),
        ("20 ms without the tone in the flood", flood_gaps.to_string(), flood_gaps == 0),
        ("packets lost, late", format!("{lost:?}, {late:?}"), (lost, late) == (Some(0), Some(0))),
        ("longest pause sent in calm, ms", format!("{:.0}", pause(false)), true),
        (
            "longest pause sent in the flood, ms",
            format!("{:.0}", pause(true)),
            pause(true) < LONGEST_PAUSE_MS,
        ),
        (
            "memory before, during, after, kB",
            format!("{before}, {during}, {after}"),
            during.max(after) < before + MOST_GROWTH_KB,
        ),
        ("processor in the flood", format!("{:.1} % of one", cpu * 100.0), true),
    ];
    for (what, figure, good) in &rows {
        println!("{what:38} {figure}{}", if *good { "" } else { "   MISSED" });
    }
    let missed: Vec<_> = rows.iter().filter(|row| !row.2).map(|row| (row.0, &row.1)).collect();
    assert!(missed.is_empty(), "{missed:?}\n{}", ended.story());
}

struct Flood {
    per_second: u32,
    seconds: u32,
}

impl Flood {
    fn wanted() -> Self {
        let text = std::env::var("FLOOD").unwrap_or_else(|_| "2000 1".to_owned());
        let mut numbers = text.split_whitespace().map(|word| word.parse().expect("FLOOD: two numbers"));
        let mut next = || numbers.next().expect("FLOOD: two numbers");
        Self { per_second: next(), seconds: next() }
    }

    const fn wanted_in_all(&self) -> u32 {
        self.per_second * self.seconds
    }

    /// The most that `memory` said meanwhile, and how many answers came to the strangers.
    fn send(&self, to: SocketAddr, memory: impl Fn() -> u64) -> (u64, usize) {
        let strangers: Vec<_> = (0..16).map(|_| UdpSocket::bind("127.0.0.1:0").expect("a port")).collect();
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).expect("randomness");
        let mut chance = ChaCha20Rng::from_seed(seed);
        let (begun, mut most) = (now(), 0);
        for number in 0..self.wanted_in_all() {
            let stranger = &strangers[chance.next_u32() as usize % strangers.len()];
            let from = stranger.local_addr().expect("an address");
            let datagram = datagram(number, from, to, &mut chance);
            // A full queue of the receiver's loses it, as any network may.
            stranger.send_to(&datagram, to).expect("a datagram is sent");
            let due = begun + Duration::from_secs(1) * number / self.per_second;
            if let Some(early) =
                due.checked_duration_since(Instant::now()).filter(|early| *early > MILLISECOND)
            {
                std::thread::sleep(early);
            }
            if number % self.per_second.div_ceil(10) == 0 {
                most = most.max(memory());
            }
        }
        std::thread::sleep(Duration::from_millis(300));
        let answered = |stranger: &&UdpSocket| {
            stranger.set_nonblocking(true).expect("a socket");
            stranger.recv(&mut [0; 2048]).is_ok()
        };
        (most, strangers.iter().filter(answered).count())
    }
}

const MILLISECOND: Duration = Duration::from_millis(1);

/// Calls, questions and registrations to whoever might be here, requests in dialogs that never were, answers to nothing,
/// half messages and noise.
fn datagram(number: u32, from: SocketAddr, to: SocketAddr, chance: &mut ChaCha20Rng) -> Vec<u8> {
    let mut token = [0; 16];
    chance.fill_bytes(&mut token);
    let token: String = token.iter().map(|byte| format!("{byte:02x}")).collect();
    let guessed = ["101", "100", "admin", "sipvicious", &token][chance.next_u32() as usize % 5].to_owned();
    let request = |method: &str, to_tag: &str| {
        let body = if method == "INVITE" {
            "v=0\r\no=s 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n"
        } else {
            ""
        };
        format!(
            "{method} sip:{guessed}@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{token};rport\r\n\
             From: <sip:stranger@{from}>;tag={number}\r\nTo: <sip:{guessed}@{to}>{to_tag}\r\n\
             Call-ID: {token}@{from}\r\nCSeq: {number} {method}\r\nContact: <sip:stranger@{from}>\r\n\
             Max-Forwards: 70\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    };
    match number % 10 {
        0..3 => request("INVITE", ""),
        3 | 4 => request("OPTIONS", ""),
        5 => request("REGISTER", ""),
        6 => request(
            ["BYE", "INVITE", "CANCEL", "ACK", "NOTIFY", "UPDATE"][number as usize / 10 % 6],
            ";tag=guess",
        ),
        7 => {
            let mut answer = request("INVITE", ";tag=guess");
            answer.splice(..answer.iter().position(|byte| *byte == b'\r').unwrap_or(0), *b"SIP/2.0 200 OK");
            answer
        }
        8 => {
            let mut half = request("INVITE", "");
            half.truncate(chance.next_u32() as usize % half.len());
            half
        }
        _ => {
            let mut noise = vec![0; 1 + chance.next_u32() as usize % 1400];
            chance.fill_bytes(&mut noise);
            noise
        }
    }
}

/// The pieces in which the tone, once it has begun, is weaker than half of what it mostly is.
fn gaps(heard: &[i16]) -> Vec<usize> {
    let levels: Vec<f64> = heard.chunks_exact(PIECE).map(sound::loudness).collect();
    let mut sorted = levels.clone();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let begun = levels.iter().position(|level| *level > usual / 2.0).unwrap_or(levels.len());
    // The last piece may be half full.
    let pieces = levels.len().saturating_sub(1).max(begun);
    (begun..pieces).filter(|piece| levels[*piece] < usual / 2.0 || usual < 500.0).collect()
}

fn longest_pause_ms(sent: &[f64], when: impl Fn(f64) -> bool) -> f64 {
    let pauses = sent.windows(2).filter(|pair| when(pair[1])).map(|pair| (pair[1] - pair[0]) * 1000.0);
    pauses.fold(0.0, f64::max)
}

fn memory_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.chars().filter(char::is_ascii_digit).collect::<String>().parse().expect("memory of the telephone")
}

/// User and system time that the process has used.
fn processor_time(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_the_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after_the_name.split_whitespace().collect();
    // From the third field on; 14 and 15 of proc_pid_stat(5), in hundredths of a second.
    let ticks: u32 = fields[11..13].iter().map(|ticks| ticks.parse::<u32>().expect("a number")).sum();
    Duration::from_millis(10) * ticks
}

/// Datagrams to this port that the system has thrown away because nobody took them in time.
fn dropped(port: u16) -> u64 {
    let sockets = std::fs::read_to_string("/proc/net/udp").unwrap_or_default();
    let here = format!(":{port:04X}");
    let lines = sockets
        .lines()
        .filter(|line| line.split_whitespace().nth(1).is_some_and(|local| local.ends_with(&here)));
    lines.filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok()).sum()
}

fn since_1970() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[test]
fn a_gap_in_a_tone_is_seen() {
    let tone: Vec<i16> = (0..RATE).map(|at| ((at as f64 * 0.785).sin() * 8000.0) as i16).collect();
    assert!(gaps(&tone).is_empty());
    let mut broken = tone;
    broken[3 * PIECE..4 * PIECE].fill(0);
    assert_eq!(gaps(&broken), [3]);
}
