//! The people at the other end: baresip with ears and a voice, sipp with any header one likes.

use crate::now;
use crate::pbx::Pbx;
use crate::sound;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A softphone with a voice of its own (noise that is different each time) and a recorder.
pub struct Baresip {
    child: Child,
    control: TcpStream,
    events: Arc<Mutex<Vec<Value>>>,
    folder: PathBuf,
    /// What it plays into every call.
    pub voice: Vec<i16>,
    name: String,
}

pub enum Answers {
    AtOnce,
    ByHand,
}

impl Baresip {
    /// A customer of the public network who calls from this number.
    pub fn customer(pbx: &Pbx, number: &str) -> Self {
        let account = format!("<sip:{number}@{}>;regint=0", pbx.trunk());
        Self::start(pbx.scratch.path(), number, &account, "127.0.0.1:0", &Answers::AtOnce)
    }

    /// Where calls to outside numbers arrive.
    pub fn outside(pbx: &Pbx, number: &str, answers: &Answers) -> Self {
        let account = format!("<sip:{number}@{}>;regint=0;catchall=yes", pbx.trunk());
        Self::start(pbx.scratch.path(), number, &account, &pbx.peer(), answers)
    }

    /// A colleague's telephone, registered.
    pub fn colleague(pbx: &Pbx, account: &str, answers: &Answers) -> Self {
        let line =
            format!("<sip:{account}@{}>;auth_user={account};auth_pass=pw-{account};regint=60", pbx.server());
        let phone = Self::start(pbx.scratch.path(), account, &line, "127.0.0.1:0", answers);
        pbx.until_contact(account, Duration::from_secs(5));
        phone
    }

    /// `account` as baresip writes one; what it needs and records is below `scratch`.
    pub fn start(scratch: &Path, name: &str, account: &str, listen: &str, answers: &Answers) -> Self {
        let control = free_tcp_port();
        let folder = scratch.join(format!("baresip-{}-{control}", name.trim_start_matches('+')));
        std::fs::create_dir_all(&folder).expect("a directory");
        let voice = sound::noise(20);
        // baresip hangs up where the file ends, and on a busy machine a story takes long to tell.
        sound::write(&folder.join("voice.wav"), &voice.repeat(9));
        let mode = if matches!(answers, Answers::AtOnce) { "auto" } else { "manual" };
        let line = format!("{account};answermode={mode};audio_codecs=pcma,pcmu;ptime=20\n");
        std::fs::write(folder.join("accounts"), line).expect("a file");
        std::fs::write(folder.join("contacts"), "\n").expect("a file");
        std::fs::write(folder.join("config"), configuration(&folder, listen, control)).expect("a file");
        let log = std::fs::File::create(folder.join("log")).expect("a file");
        let child = Command::new("baresip")
            .arg("-f")
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("baresip: `scripts/test` installs it");
        let mut made = Spawned(Some(child));
        let control = connect(control);
        let events = Arc::new(Mutex::new(Vec::new()));
        let (reader, into) = (control.try_clone().expect("a socket"), Arc::clone(&events));
        std::thread::spawn(move || read_events(reader, &into));
        let child = made.0.take().expect("just started");
        Self { child, control, events, folder, voice, name: name.to_owned() }
    }

    /// Plays this into calls from now on.
    pub fn speak(&mut self, voice: Vec<i16>) {
        sound::write(&self.folder.join("voice.wav"), &voice.repeat(9));
        self.voice = voice;
    }

    pub fn dial(&self, target: &str) {
        self.command("dial", target);
    }

    pub fn accept(&self) {
        self.command("accept", "");
    }

    pub fn hang_up(&self) {
        self.command("hangup", "");
    }

    /// Into the call that stands.
    pub fn press(&self, digits: &str) {
        self.command("sndcode", digits);
    }

    /// One of baresip's long commands.
    fn command(&self, name: &str, parameters: &str) {
        let text = serde_json::json!({ "command": name, "params": parameters, "token": "t" }).to_string();
        let mut socket = &self.control;
        write!(socket, "{}:{text},", text.len()).expect("baresip's control socket");
    }

    /// Waits for an event of this type: `CALL_RINGING`, `CALL_ESTABLISHED`, `CALL_CLOSED`…
    pub fn wait(&self, kind: &str, within: Duration) -> Value {
        self.wait_nth(kind, 1, within)
    }

    pub fn wait_nth(&self, kind: &str, nth: usize, within: Duration) -> Value {
        let deadline = now() + within;
        loop {
            let events = self.events.lock().expect("a lock").clone();
            let found = events.iter().filter(|event| event["type"] == kind).nth(nth - 1);
            if let Some(event) = found {
                return event.clone();
            }
            assert!(now() < deadline, "baresip {}: no {kind} ({nth}) in {within:?}; {events:?}", self.name);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn has(&self, kind: &str) -> bool {
        self.events.lock().expect("a lock").iter().any(|event| event["type"] == kind)
    }

    /// What it has heard so far; a session that changes in between makes several files.
    pub fn heard(&self) -> Vec<i16> {
        let files = std::fs::read_dir(&self.folder).expect("a directory").filter_map(Result::ok);
        let mut files: Vec<PathBuf> =
            files.map(|f| f.path()).filter(|p| p.to_string_lossy().ends_with("-dec.wav")).collect();
        files.sort();
        assert!(!files.is_empty(), "baresip {} has recorded nothing", self.name);
        files.iter().flat_map(|file| sound::read(file, 0)).collect()
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Killed unless somebody took it over.
struct Spawned(Option<Child>);

impl Drop for Spawned {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// No jitter buffer: baresip's takes a stream that starts anew for one that is late, and drops all of it.
fn configuration(folder: &Path, listen: &str, control: u16) -> String {
    let folder = folder.display();
    format!(
        "poll_method epoll\nsip_listen {listen}\nmodule_path {}\nrtp_ports 24000-31998\n\
         audio_source aufile,{folder}/voice.wav\naudio_player aubridge,sink\naudio_alert aubridge,alert\n\
         ausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\nringback_disabled yes\njitter_buffer_delay 0-0\n\
         module g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\n\
         module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n\
         snd_path {folder}\nctrl_tcp_listen 127.0.0.1:{control}\nnet_interface 127.0.0.1\n",
        modules()
    )
}

fn modules() -> String {
    let places = ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"];
    let found = places.into_iter().find(|place| Path::new(place).is_dir());
    found.expect("baresip's modules: `scripts/test` installs them").to_owned()
}

fn connect(port: u16) -> TcpStream {
    let deadline = now() + Duration::from_secs(10);
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(socket) => return socket,
            Err(error) => assert!(now() < deadline, "baresip's control socket: {error}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// `LENGTH:JSON,` one after another.
fn read_events(mut socket: TcpStream, events: &Mutex<Vec<Value>>) {
    let mut pending = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(got @ 1..) = socket.read(&mut buffer) {
        pending.extend_from_slice(&buffer[..got]);
        while let Some(colon) = pending.iter().position(|byte| *byte == b':') {
            let length = std::str::from_utf8(&pending[..colon]).ok().and_then(|t| t.parse::<usize>().ok());
            let Some(length) = length else { return };
            if pending.len() < colon + length + 2 {
                break;
            }
            if let Ok(event) = serde_json::from_slice(&pending[colon + 1..=colon + length]) {
                events.lock().expect("a lock").push(event);
            }
            pending.drain(..colon + length + 2);
        }
    }
}

/// Below the ports that the system gives away: whoever tries to connect to one of those before anybody listens may
/// get that very port for his own end, and reach himself.
pub fn free_tcp_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    free_port(&TAKEN, 10_000, 1, |port| TcpListener::bind(("127.0.0.1", port)).is_ok())
}

pub fn free_udp_port() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.local_addr().expect("an address").port()
}

/// A place for sipp's sound and the three ports above it, which it takes too. Below all other ranges and below
/// the ports that the system gives away.
fn media_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    free_port(&TAKEN, 14_000, 4, |port| {
        (0..4).all(|each| UdpSocket::bind(("127.0.0.1", port + each)).is_ok())
    })
}

/// One of the 400 ports from `first` on, so far apart, that this process has not had yet; each process begins elsewhere.
fn free_port(taken: &AtomicU16, first: u16, step: u16, is_free: impl Fn(u16) -> bool) -> u16 {
    let process = u16::try_from(std::process::id() % 40).unwrap_or(0) * 10;
    let places = std::iter::repeat_with(|| taken.fetch_add(1, Ordering::Relaxed)).take(400);
    let mut ports = places.map(|place| first + (process + place) % 400 * step);
    ports.find(|port| is_free(*port)).expect("a free port")
}

/// Speaks, and says in its reports what the test wants of the other's sound: nothing of it has come, or a part.
pub struct Deaf {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    begun: std::time::Instant,
    spoken: u16,
    spell: Spell,
}

impl Deaf {
    const SSRC: [u8; 4] = *b"deaf";

    pub fn new() -> Self {
        let socket = || UdpSocket::bind("127.0.0.1:0").expect("a port");
        Self { rtp: socket(), rtcp: socket(), begun: now(), spoken: 0, spell: Spell::default() }
    }

    pub fn description(&self) -> String {
        let port = |socket: &UdpSocket| socket.local_addr().expect("an address").port();
        format!(
            "v=0\r\no=deaf 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=rtcp:{}\r\n",
            port(&self.rtp),
            port(&self.rtcp)
        )
    }

    /// Speaks for so long to whom this INVITE describes.
    pub fn speak(&mut self, invite: &str, time: Duration) {
        if self.spoken == 0 {
            self.begun = now();
        }
        for _ in 0..time.as_millis() / 20 {
            let (sequence, stamp) = (self.spoken.to_be_bytes(), (u32::from(self.spoken) * 160).to_be_bytes());
            let noise = (0..160_u16).map(|at| (at * 37 + self.spoken * 11).to_be_bytes()[1]);
            let header = [0x80, 8].into_iter().chain(sequence).chain(stamp).chain(Self::SSRC);
            let tag = std::iter::repeat_n(0x5a, self.spell.tag);
            let packet: Vec<u8> = header.chain(noise).chain(tag).collect();
            if self.spell.loses_one_in.is_none_or(|one_in| !self.spoken.is_multiple_of(one_in)) {
                self.rtp.send_to(&packet, ("127.0.0.1", described_port(invite))).expect("a packet is sent");
            }
            self.spoken += 1;
            let due = self.begun + Duration::from_millis(20) * u32::from(self.spoken);
            std::thread::sleep(due.saturating_duration_since(now()));
        }
    }

    /// A sender report without a word on the other's stream, as of one who never heard it (RFC 3550 §6.4.1).
    pub fn report(&self, invite: &str) {
        let packets = u32::from(self.spoken).to_be_bytes();
        let report =
            [0x80, 200, 0, 6].into_iter().chain(Self::SSRC).chain([0; 12]).chain(packets).chain([0; 4]);
        let name = [0x81, 202, 0, 3].into_iter().chain(Self::SSRC).chain(*b"\x01\x04deaf\0\0");
        let compound: Vec<u8> = report.chain(name).collect();
        self.rtcp.send_to(&compound, ("127.0.0.1", described_port(invite) + 1)).expect("a report is sent");
    }
}

impl Deaf {
    /// A receiver report that so many percent of what came since the last one were lost (RFC 3550 §6.4.2).
    pub fn report_loss(&self, invite: &str, percent: u32) {
        self.rtp.set_nonblocking(true).expect("a socket");
        let (mut packet, mut last) = ([0; 512], None);
        while let Ok(length) = self.rtp.recv(&mut packet) {
            last = packet.get(..length).filter(|packet| packet.len() > 12).map(|packet| {
                let number = [packet[2], packet[3]];
                ([packet[8], packet[9], packet[10], packet[11]], number)
            });
        }
        let (source, highest) = last.expect("the telephone has spoken");
        let fraction = u8::try_from(percent * 256 / 100).expect("less than all");
        let report =
            [0x81, 201, 0, 7].into_iter().chain(Self::SSRC).chain(source).chain([fraction, 0, 0, 50]);
        // Cycles and highest number, jitter, no sender report of ours has come.
        let rest = [0, 0].into_iter().chain(highest).chain([0, 0, 0, 40]).chain([0; 8]);
        let name = [0x81, 202, 0, 3].into_iter().chain(Self::SSRC).chain(*b"\x01\x04deaf\0\0");
        let compound: Vec<u8> = report.chain(rest).chain(name).collect();
        self.rtcp.send_to(&compound, ("127.0.0.1", described_port(invite) + 1)).expect("a report is sent");
    }

    /// Speaks for so long, but loses one packet in so many on the way; with so many octets behind each, as of SRTP.
    pub fn speak_badly(&mut self, invite: &str, time: Duration, loses_one_in: u16, tag: usize) {
        self.spell = Spell { loses_one_in: Some(loses_one_in).filter(|one_in| *one_in > 0), tag };
        self.speak(invite, time);
        self.spell = Spell::default();
    }
}

/// What befalls what is spoken.
#[derive(Clone, Copy, Default)]
struct Spell {
    loses_one_in: Option<u16>,
    tag: usize,
}

/// Where the audio of this message's description goes.
fn described_port(message: &str) -> u16 {
    let words = message.split("m=audio ").nth(1).and_then(|rest| rest.split(' ').next());
    words.and_then(|port| port.parse().ok()).expect("an audio port")
}

/// A customer made of a script: every header as the test wants it. Echoes what it hears.
pub struct Sipp {
    child: Spawned,
    /// Of its scenario and its logs.
    pub folder: PathBuf,
}

/// What a scripted customer does once it rings.
pub enum Then {
    /// Waits for the answer, talks so long, hangs up.
    Talks(Duration),
    /// Hangs up while it rings, after so long.
    GivesUp(Duration),
    /// Expects to be refused with this status.
    IsRefused(u16),
}

impl Sipp {
    /// Calls `number` with these header lines added and this From.
    pub fn calls(pbx: &Pbx, number: &str, from: &str, headers: &[&str], then: &Then) -> Self {
        let script = scenario(number, from, headers, then);
        Self::start(pbx.scratch.path(), &script, free_udp_port(), &["-timeout_error", &pbx.trunk()])
    }

    /// Plays this scenario once at this port of 127.0.0.1, in a folder of its own below `scratch`.
    pub fn start(scratch: &Path, script: &str, port: u16, more: &[&str]) -> Self {
        let folder = scratch.join(format!("sipp-{port}"));
        std::fs::create_dir_all(&folder).expect("a directory");
        std::fs::write(folder.join("call.xml"), script).expect("a file");
        let media = media_port().to_string();
        let child = Command::new("sipp")
            .args(["-sf", "call.xml", "-m", "1", "-nostdin", "-i", "127.0.0.1", "-rtp_echo"])
            .args(["-p", &port.to_string(), "-mi", "127.0.0.1", "-mp", &media, "-trace_err"])
            .args(["-timeout", "60s"])
            .args(more)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(folder.join("log")).expect("a file"))
            .stderr(Stdio::null())
            .env("TERM", "dumb")
            .env("TZ", "UTC")
            .spawn()
            .expect("sipp: `scripts/test` installs it");
        Self { child: Spawned(Some(child)), folder }
    }

    /// Everything must have come as the script has it.
    pub fn finish(self, within: Duration) {
        if let Err(why) = self.outcome(within) {
            panic!("the scripted customer saw something else: {why}");
        }
    }

    /// Whether everything came as the script has it, or what came instead.
    pub fn outcome(mut self, within: Duration) -> Result<(), String> {
        let deadline = now() + within;
        let child = self.child.0.as_mut().expect("a child");
        loop {
            if let Some(status) = child.try_wait().expect("a child") {
                let errors = std::fs::read_dir(&self.folder).expect("a directory").filter_map(Result::ok);
                let errors = errors.filter(|f| f.path().to_string_lossy().contains("errors"));
                let errors: Vec<_> = errors.filter_map(|f| std::fs::read_to_string(f.path()).ok()).collect();
                return if status.success() { Ok(()) } else { Err(errors.join("\n")) };
            }
            if now() >= deadline {
                return Err(format!("it is not through after {within:?}"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The requests of a scripted customer.
#[derive(Clone, Copy)]
enum Request {
    Invite,
    Cancel,
    AckOfSuccess,
    AckOfRefusal,
    Bye,
}

impl Request {
    /// Method, To tag, CSeq number and branch; CANCEL and the ACK of a refusal share the INVITE's.
    fn parts(self) -> (&'static str, &'static str, u32, &'static str) {
        const INVITE: &str = "z9hG4bK-[pid]-[call_number]-invite";
        match self {
            Self::Invite => ("INVITE", "", 1, INVITE),
            Self::Cancel => ("CANCEL", "", 1, INVITE),
            Self::AckOfSuccess => ("ACK", "[peer_tag_param]", 1, "[branch]"),
            Self::AckOfRefusal => ("ACK", "[peer_tag_param]", 1, INVITE),
            Self::Bye => ("BYE", "[peer_tag_param]", 2, "[branch]"),
        }
    }

    /// The step that sends it; `body` and more header lines only where the script has them.
    fn sent(self, number: &str, from: &str, more: &str, body: &str) -> String {
        let (method, to_tag, cseq, branch) = self.parts();
        let repeat = if method == "ACK" { "" } else { " retrans=\"500\"" };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\n" };
        format!(
            "<send{repeat}><![CDATA[\n\n{method} sip:{number}@[remote_ip]:[remote_port] SIP/2.0\n\
             Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}\n\
             From: {from};tag=[pid]c[call_number]\nTo: <sip:{number}@[remote_ip]:[remote_port]>{to_tag}\n\
             Call-ID: [call_id]\nCSeq: {cseq} {method}\nContact: <sip:customer@[local_ip]:[local_port]>\n\
             Max-Forwards: 70\n{more}{kind}Content-Length: [len]\n\n{body}]]></send>\n"
        )
    }
}

fn scenario(number: &str, from: &str, headers: &[&str], then: &Then) -> String {
    let more: String = headers.iter().map(|line| format!("{line}\n")).collect();
    let sdp = "v=0\no=customer 1 1 IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\n\
               m=audio [media_port] RTP/AVP 8\na=rtpmap:8 PCMA/8000\n";
    let send = |request: Request| request.sent(number, from, "", "");
    let recv = |status: u16| format!("<recv response=\"{status}\"/>\n");
    let perhaps = |status: u16| format!("<recv response=\"{status}\" optional=\"true\"/>\n");
    let pause = |time: &Duration| format!("<pause milliseconds=\"{}\"/>\n", time.as_millis());
    let mut steps = vec![Request::Invite.sent(number, from, &more, sdp), perhaps(100)];
    match then {
        Then::Talks(time) => {
            steps.extend([perhaps(180), perhaps(183), recv(200), send(Request::AckOfSuccess)]);
            steps.extend([pause(time), send(Request::Bye), recv(200)]);
        }
        Then::GivesUp(time) => {
            steps.extend([recv(180), pause(time), send(Request::Cancel), recv(200), recv(487)]);
            steps.push(send(Request::AckOfRefusal));
        }
        Then::IsRefused(status) => {
            steps.extend([perhaps(180), perhaps(183), recv(*status), send(Request::AckOfRefusal)]);
        }
    }
    let steps = steps.concat();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<scenario name=\"customer\">\n{steps}</scenario>\n")
}
