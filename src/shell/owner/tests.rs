//! The network changes under a telephone. Loopback has many addresses: no network is needed.

mod lights;

use super::*;
use crate::config::Settings;
use crate::secrets::Secret;
use crate::shell::setup::{Setup, assemble};
use crate::shell::{Handle, Process};
use std::cell::Cell;
use std::net::UdpSocket;
use std::rc::Rc;
use tokio::net::TcpStream;

const FIRST: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 1));
const SECOND: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

struct Desk {
    owner: Owner,
    handle: Handle,
    pbx: UdpSocket,
    route: Rc<Cell<Option<IpAddr>>>,
    contact: String,
    /// Parameters of the PBX's Contact in a call.
    wishes: &'static str,
}

impl Desk {
    /// A telephone that has sent its REGISTER, and a PBX that has heard it.
    async fn new() -> Self {
        let pbx = UdpSocket::bind((FIRST, 0)).unwrap();
        pbx.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let server = pbx.local_addr().unwrap().to_string();
        let settings = format!("[account]\nuser = \"101\"\n[pbx]\nserver = \"{server}\"\n");
        let setup = Setup {
            settings: Settings::parse(&settings, std::path::Path::new("test.toml")).unwrap(),
            password: Secret::new("pw"),
            desk_token: None,
            recording_key: None,
            state_folder: std::env::temp_dir(),
            register: true,
            audio: Box::new(|_| Audio::default()),
            devices: None,
            figures_every: None,
            office: false,
            levels: false,
        };
        let (mut owner, handle, _orders) = assemble(Process::begin(), setup).await.unwrap();
        let route = Rc::new(Cell::new(Some(FIRST)));
        let current = Rc::clone(&route);
        owner.network.route =
            Box::new(move |_| current.get().ok_or_else(|| io::ErrorKind::NetworkUnreachable.into()));
        owner.drain();
        owner.offer_port();
        let mut desk = Self { owner, handle, pbx, route, contact: String::new(), wishes: "" };
        let (register, from) = desk.next("REGISTER");
        assert_eq!(from.ip(), FIRST);
        desk.contact = register.split("Contact: <").nth(1).unwrap().split('>').next().unwrap().to_owned();
        desk
    }

    /// Who sent the next request of this method.
    fn hears(&mut self, method: &str) -> SocketAddr {
        self.next(method).1
    }

    fn asks(&mut self, method: &str) -> String {
        self.next(method).0
    }

    fn next(&mut self, method: &str) -> (String, SocketAddr) {
        let mut buffer = [0; 4096];
        loop {
            let (length, from) = self.pbx.recv_from(&mut buffer).unwrap();
            let text = String::from_utf8_lossy(&buffer[..length]);
            if text.starts_with(method) {
                return (text.into_owned(), from);
            }
        }
    }

    /// An INVITE for our Contact, and what the telephone does with it.
    async fn is_called(&mut self) {
        let (pbx, contact) = (self.pbx.local_addr().unwrap(), self.contact.clone());
        let text = format!(
            "INVITE {contact} SIP/2.0\r\nVia: SIP/2.0/UDP {pbx};branch=z9hG4bKcall;rport\r\nFrom: <sip:+79161234567@{pbx}>;tag=c\r\nTo: <{contact}>\r\nCall-ID: call\r\nCSeq: 1 INVITE\r\nContact: <sip:pbx@{pbx}>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{OFFER}",
            OFFER.len()
        );
        self.pbx.send_to(text.as_bytes(), self.owner.network.socket.local()).unwrap();
        let arrival = self.owner.network.socket.recv().await;
        self.owner.on_arrival(arrival);
    }

    /// 200 to this request, and what the telephone does with it.
    async fn answers(&mut self, request: &str, sdp: &str) {
        let field = |name: &str| request.lines().find(|line| line.starts_with(name)).unwrap();
        let fields: String =
            ["Via", "From", "Call-ID", "CSeq"].iter().map(|name| format!("{}\r\n", field(name))).collect();
        let (to, length) = (field("To"), sdp.len());
        let tag = if to.contains("tag=") { "" } else { ";tag=pbx" };
        let pbx = self.pbx.local_addr().unwrap();
        let registers = request.starts_with("REGISTER");
        let wishes = self.wishes;
        let contact =
            if registers { field("Contact").to_owned() } else { format!("Contact: <sip:pbx@{pbx}{wishes}>") };
        let text = format!(
            "SIP/2.0 200 OK\r\n{fields}{to}{tag}\r\n{contact}\r\nContent-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{sdp}"
        );
        self.pbx.send_to(text.as_bytes(), self.owner.network.socket.local()).unwrap();
        let arrival = self.owner.network.socket.recv().await;
        self.owner.on_arrival(arrival);
    }

    /// The last figures of the calls' streams, which their ends wait for.
    async fn hears_figures(&mut self) {
        while !self.owner.lines.is_empty() {
            let word = tokio::time::timeout(Duration::from_secs(5), self.owner.media_words.1.recv()).await;
            self.owner.on_media(word.expect("figures").expect("the media thread runs"));
        }
    }

    fn moves_to(&mut self, ip: Option<IpAddr>) {
        self.route.set(ip);
        self.owner.check_route();
    }

    fn notices(&mut self) -> Vec<Notice> {
        std::iter::from_fn(|| self.handle.notices.notices.try_recv().ok()).map(|(_, notice)| notice).collect()
    }

    /// What the telephone sends over a connection that it makes: all up to the request of this method.
    async fn asks_over(&mut self, listener: &tokio::net::TcpListener, method: &str) -> (TcpStream, String) {
        let mut connection = None;
        let (mut text, mut buffer) = (String::new(), [0; 4096]);
        loop {
            let heard = async {
                match &mut connection {
                    None => connection = Some(listener.accept().await.unwrap().0),
                    Some(stream) => {
                        let length = tokio::io::AsyncReadExt::read(stream, &mut buffer).await.unwrap();
                        text.push_str(&String::from_utf8_lossy(&buffer[..length]));
                    }
                }
            };
            tokio::select! {
                arrival = self.owner.network.socket.recv() => self.owner.on_arrival(arrival),
                () = heard => {}
            }
            if let (Some(at), true) = (text.find(method), text.ends_with("\r\n\r\n")) {
                return (connection.take().unwrap(), text.split_off(at));
            }
        }
    }
}

#[tokio::test]
async fn a_goodbye_gets_another_connection_when_one_closes_and_when_our_address_changes() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut desk = Desk::new().await;
            let listener = tokio::net::TcpListener::bind(desk.pbx.local_addr().unwrap()).await.unwrap();
            let audio = UdpSocket::bind((FIRST, 0)).unwrap().local_addr().unwrap();
            desk.wishes = ";transport=tcp";
            desk.owner.on_command(Command::Intent(Intent::Dial { target: "200".into() }));
            let invite = desk.asks("INVITE");
            desk.answers(&invite, &sdp(audio)).await;
            let line = *desk.owner.lines.first().unwrap();
            desk.owner.on_command(Command::Intent(Intent::HangUp { line }));
            let (closed, bye) = desk.asks_over(&listener, "BYE ").await;
            drop(closed);
            let (_open, again) = desk.asks_over(&listener, "BYE ").await;
            assert_eq!(again, bye);
            assert!(desk.owner.agent.owes_goodbye());
            desk.moves_to(Some(SECOND));
            let (last, from_there) = desk.asks_over(&listener, "BYE ").await;
            assert_eq!((last.peer_addr().unwrap().ip(), from_there), (SECOND, bye));
        })
        .await;
}

#[tokio::test]
async fn another_route_is_taken_and_the_pbx_told_from_there() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut desk = Desk::new().await;
            desk.notices();
            desk.moves_to(Some(SECOND));
            assert_eq!(desk.hears("REGISTER").ip(), SECOND);
            let ready = |notice: &Notice| matches!(notice, Notice::Ready { local } if local.ip() == SECOND);
            assert!(desk.notices().iter().any(ready));
        })
        .await;
}

#[tokio::test]
async fn a_route_that_stays_changes_nothing() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut desk = Desk::new().await;
            let local = desk.owner.network.socket.local();
            desk.notices();
            desk.moves_to(Some(FIRST));
            assert_eq!(desk.owner.network.socket.local(), local);
            assert!(desk.notices().is_empty());
        })
        .await;
}

#[tokio::test]
async fn a_call_being_dialled_keeps_its_ports_when_a_code_ends() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut desk = Desk::new().await;
            desk.owner.on_command(Command::Intent(Intent::Dial { target: "200".into() }));
            desk.hears("INVITE");
            let offered: Vec<SocketAddr> = desk.owner.free_pairs.keys().copied().collect();
            assert!(!offered.is_empty());
            let port = "127.0.0.1:9".parse().unwrap();
            desk.owner.on_media_command(MediaCommand::Stop { line: LineId(9), port });
            assert!(offered.iter().all(|local| desk.owner.free_pairs.contains_key(local)), "{offered:?}");
        })
        .await;
}

#[tokio::test]
async fn a_call_being_dialled_keeps_its_ports_when_the_route_changes() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut desk = Desk::new().await;
            desk.owner.on_command(Command::Intent(Intent::Dial { target: "200".into() }));
            desk.hears("INVITE");
            let offered: Vec<SocketAddr> = desk.owner.free_pairs.keys().copied().collect();
            desk.moves_to(Some(SECOND));
            assert!(offered.iter().all(|local| desk.owner.free_pairs.contains_key(local)), "{offered:?}");
            assert!(desk.owner.free_pairs.keys().any(|local| local.ip() == SECOND));
        })
        .await;
}

#[tokio::test]
async fn a_telephone_whose_voice_cannot_start_does_not_say_that_it_records() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut desk = Desk::new().await;
            let folder = std::env::temp_dir().join(format!("patchcord-no-voice-{}", std::process::id()));
            let settings = "[recording]\nallow = true\nannounce = \"elsewhere\"\n";
            let settings = Settings::parse(settings, std::path::Path::new("test.toml")).unwrap();
            let key = Secret::new("ab".repeat(32));
            (desk.owner.voice.recordings, _) = Recordings::prepare(&settings, &folder, Some(&key));
            let id = CallRecordId(uuid::Uuid::nil());
            for (command, wanted) in [
                (TapeCommand::Begin, TapeNews::Fault(crate::domain::recording::RecordingFault::NotWritten)),
                (TapeCommand::Discard, TapeNews::Discarded),
            ] {
                desk.owner.on_tape(LineId(1), id, command);
                let Some(FromMedia::Tape { id: of, news }) = desk.owner.media_words.1.recv().await else {
                    panic!("not told")
                };
                assert_eq!((of, news), (id, wanted));
            }
            assert!(!folder.exists());
        })
        .await;
}

#[tokio::test]
async fn two_tones_are_heard_where_somebody_is_still_on_hold() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut desk = Desk::new().await;
            assert!(desk.owner.voice.ring.is_none());
            let waited = Duration::from_secs(60);
            desk.owner.on_event(Event::StillOnHold { line: LineId(1), waited });
            let held = Ring::Cadence(desk.owner.voice.tones.held);
            assert!(desk.owner.voice.ring == Some(held), "as the country has them");
            tokio::time::sleep(REMINDER + Duration::from_millis(50)).await;
            desk.owner.ring();
            assert!(desk.owner.voice.ring.is_none(), "once each time");
        })
        .await;
}

#[tokio::test]
async fn a_telephone_whose_token_is_revoked_knows_no_call_that_is_over() {
    tokio::task::LocalSet::new()
        .run_until(async {
            for told in [OrderWatch::Live, OrderWatch::Revoked] {
                let mut desk = Desk::new().await;
                desk.is_called().await;
                desk.owner.on_command(Command::Intent(Intent::HangUp { line: LineId(1) }));
                desk.notices();
                desk.owner.on_desk(FromDesk::OrderWatch(told.clone()));
                let result = "passed_on".to_owned();
                desk.owner.on_command(Command::Intent(Intent::Conclude { call_id: "call".into(), result }));
                let is_refused = |notice: &Notice| {
                    matches!(notice, Notice::Agent(Event::Phone(phone::Event::Refused { .. })))
                };
                assert_eq!(desk.notices().iter().any(is_refused), told == OrderWatch::Revoked, "{told:?}");
            }
        })
        .await;
}

/// Their answer: audio at this address.
fn sdp(audio: SocketAddr) -> String {
    let (ip, port) = (audio.ip(), audio.port());
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
    )
}

#[tokio::test]
async fn the_voice_of_a_call_follows_us_to_a_new_address() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut desk = Desk::new().await;
            let audio = UdpSocket::bind((FIRST, 0)).unwrap();
            audio.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let hears_voice_from = |ip: IpAddr| {
                let from = || audio.recv_from(&mut [0; 2048]).unwrap().1.ip();
                (0..500).any(|_| from() == ip)
            };
            desk.owner.on_command(Command::Intent(Intent::Dial { target: "200".into() }));
            let invite = desk.asks("INVITE");
            desk.answers(&invite, &sdp(audio.local_addr().unwrap())).await;
            assert!(hears_voice_from(FIRST));

            desk.moves_to(Some(SECOND));
            let reinvite = desk.asks("INVITE");
            assert!(
                reinvite.contains("c=IN IP4 127.0.0.2") && reinvite.contains("@127.0.0.2:"),
                "{reinvite}"
            );
            assert!(hears_voice_from(SECOND));
        })
        .await;
}

#[tokio::test]
async fn a_registered_telephone_notices_a_pbx_that_was_gone_for_a_moment() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut desk = Desk::new().await;
            desk.owner.registration = Registration::Granted;
            desk.owner.keep_alive();
            let mut buffer = [0; 64];
            while desk.pbx.recv(&mut buffer).unwrap() != KEEP_ALIVE.len() {}
            let address = desk.pbx.local_addr().unwrap();
            desk.pbx = UdpSocket::bind((FIRST, 0)).unwrap();
            desk.owner.keep_alive();
            let noticed = desk.owner.network.socket.recv().await;
            assert!(matches!(noticed, Arrival::Unreachable(hop) if hop.to == address));
        })
        .await;
}

/// A telephone that lives on a connection, and a PBX that can cut it.
struct ByTcp {
    owner: Owner,
    _handle: Handle,
    listener: std::net::TcpListener,
    connection: std::net::TcpStream,
}

impl ByTcp {
    /// Connected; the REGISTER has not been read yet.
    async fn new() -> Self {
        let listener = std::net::TcpListener::bind((FIRST, 0)).unwrap();
        let server = listener.local_addr().unwrap();
        let settings =
            format!("[account]\nuser = \"101\"\n[pbx]\nserver = \"{server}\"\ntransport = \"tcp\"\n");
        let setup = Setup {
            settings: Settings::parse(&settings, std::path::Path::new("test.toml")).unwrap(),
            password: Secret::new("pw"),
            desk_token: None,
            recording_key: None,
            state_folder: std::env::temp_dir(),
            register: true,
            audio: Box::new(|_| Audio::default()),
            devices: None,
            figures_every: None,
            office: false,
            levels: false,
        };
        let (mut owner, handle, _orders) = assemble(Process::begin(), setup).await.unwrap();
        owner.drain();
        let Arrival::Connected = owner.network.socket.recv().await else { panic!("not connected") };
        let (connection, from) = listener.accept().unwrap();
        assert_eq!(from, owner.network.socket.local());
        connection.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        Self { owner, _handle: handle, listener, connection }
    }

    /// What the telephone does with what it hears in so short a time.
    async fn goes_on(&mut self) {
        let pause = Duration::from_millis(50);
        while let Ok(arrival) = tokio::time::timeout(pause, self.owner.network.socket.recv()).await {
            self.owner.on_arrival(arrival);
        }
    }

    fn asks(&mut self, method: &str) -> String {
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\n") {
            let mut octet = [0];
            std::io::Read::read_exact(&mut self.connection, &mut octet).unwrap();
            text.extend(octet);
        }
        let text = String::from_utf8(text).unwrap();
        assert!(text.starts_with(method), "{text}");
        text
    }

    /// 200 in segments of so many octets.
    async fn grants(&mut self, register: &str, segment: usize) {
        let field = |name: &str| register.lines().find(|line| line.starts_with(name)).unwrap();
        let fields: String = ["Via", "From", "To", "Call-ID", "CSeq", "Contact"]
            .iter()
            .map(|name| format!("{}\r\n", field(name)))
            .collect();
        let text = format!("SIP/2.0 200 OK\r\n{fields}Content-Length: 0\r\n\r\n");
        for piece in text.as_bytes().chunks(segment) {
            std::io::Write::write_all(&mut self.connection, piece).unwrap();
            tokio::task::yield_now().await;
        }
        self.goes_on().await;
    }
}

#[tokio::test]
async fn a_telephone_by_tcp_registers_over_its_connection_whatever_the_segments() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut phone = ByTcp::new().await;
            phone.goes_on().await;
            let register = phone.asks("REGISTER");
            let local = phone.owner.network.socket.local();
            assert!(register.contains(&format!("Via: SIP/2.0/TCP {local};")), "{register}");
            assert!(register.contains(&format!("@{local};transport=tcp>")), "{register}");
            phone.grants(&register, 7).await;
            assert!(phone.owner.registration == Registration::Granted);
        })
        .await;
}

#[tokio::test]
async fn a_connection_that_is_cut_is_replaced_at_once_and_never_used_again() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut phone = ByTcp::new().await;
            phone.goes_on().await;
            let register = phone.asks("REGISTER");
            phone.grants(&register, 4096).await;
            let before = phone.owner.network.socket.local();
            phone.connection.shutdown(std::net::Shutdown::Both).unwrap();
            phone.goes_on().await;
            let (connection, from) = phone.listener.accept().unwrap();
            connection.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            phone.connection = connection;
            assert_ne!(from, before);
            let register = phone.asks("REGISTER");
            assert!(register.contains(&format!("Via: SIP/2.0/TCP {from};")), "{register}");
            assert!(register.contains(&format!("@{before};transport=tcp>;expires=0")), "{register}");
        })
        .await;
}

#[tokio::test]
async fn a_silent_connection_is_given_up_when_an_answer_stays_away() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut phone = ByTcp::new().await;
            let before = phone.owner.network.socket.local();
            phone.owner.on_registration_failed(&Failure::TimedOut);
            phone.goes_on().await;
            assert_eq!(phone.owner.network.socket.local(), before, "it was heard a moment ago");
            phone.owner.clock = Clock::start();
            phone.owner.heard = Instant::START;
            tokio::time::sleep(SILENCE + Duration::from_millis(100)).await;
            phone.owner.on_registration_failed(&Failure::TimedOut);
            phone.goes_on().await;
            assert_ne!(phone.owner.network.socket.local(), before);
        })
        .await;
}

const OFFER: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 8\r\n";

#[tokio::test]
async fn a_caller_who_comes_while_we_leave_is_left_to_others_at_once() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut desk = Desk::new().await;
            desk.owner.registration = Registration::Granted;
            desk.owner.on_command(Command::ShutDown { within: Duration::from_secs(3) });
            desk.hears("REGISTER");
            desk.is_called().await;
            desk.hears("SIP/2.0 480");
            assert!(desk.owner.lines.is_empty());
            assert!(!desk.owner.is_closed(), "whether the refusal has arrived is not known yet");
        })
        .await;
}

#[tokio::test]
async fn leaving_waits_until_the_goodbye_of_a_call_has_arrived() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut desk = Desk::new().await;
            let audio = UdpSocket::bind((FIRST, 0)).unwrap().local_addr().unwrap();
            desk.owner.registration = Registration::None;
            desk.owner.on_command(Command::Intent(Intent::Dial { target: "200".into() }));
            let invite = desk.asks("INVITE");
            desk.answers(&invite, &sdp(audio)).await;
            desk.owner.on_command(Command::ShutDown { within: Duration::from_secs(3) });
            let bye = desk.asks("BYE");
            assert!(!desk.owner.is_closed());
            desk.answers(&bye, "").await;
            assert!(!desk.owner.agent.owes_goodbye());
        })
        .await;
}

#[tokio::test]
async fn leaving_says_goodbye_to_a_code_that_the_pbx_has_answered() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut desk = Desk::new().await;
            let audio = UdpSocket::bind((FIRST, 0)).unwrap().local_addr().unwrap();
            desk.owner.registration = Registration::None;
            let code = phone::Command::Code { code: "*48".into() };
            desk.owner.tell(Input::Phone(phone::Input::Command(code)));
            let invite = desk.asks("INVITE");
            desk.answers(&invite, &sdp(audio)).await;
            desk.owner.on_command(Command::ShutDown { within: Duration::from_secs(3) });
            desk.hears("BYE");
            assert!(!desk.owner.is_closed());
        })
        .await;
}

#[tokio::test]
async fn a_range_of_one_pair_serves_one_call_after_another() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut desk = Desk::new().await;
            let free = UdpSocket::bind((FIRST, 0)).unwrap().local_addr().unwrap().port() & !1;
            desk.owner.network.ports = PortSearch::new(Some((free, free + 1)));
            desk.owner.free_pairs.clear();
            desk.owner.offer_port();
            assert!(!desk.owner.port_wanted);
            let pair = desk.owner.free_pairs.pop_first();
            desk.owner.offer_port();
            assert!(desk.owner.port_wanted && desk.owner.free_pairs.is_empty());
            drop(pair);
            desk.owner.offer_wanted_port();
            assert!(!desk.owner.port_wanted && desk.owner.free_pairs.len() == 1);
        })
        .await;
}

#[tokio::test]
async fn a_lost_network_is_said_once_and_its_return_registers_again() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut desk = Desk::new().await;
            desk.notices();
            desk.moves_to(None);
            let failed = |notice: &&Notice| {
                let event = if let Notice::Agent(Event::Phone(event)) = notice { Some(event) } else { None };
                matches!(event, Some(phone::Event::RegistrationFailed { cause: Failure::Unreachable, .. }))
            };
            assert_eq!(desk.notices().iter().filter(failed).count(), 1);
            desk.moves_to(None);
            assert_eq!(desk.notices().iter().filter(failed).count(), 0);
            desk.moves_to(Some(FIRST));
            assert_eq!(desk.hears("REGISTER").ip(), FIRST);
        })
        .await;
}

#[tokio::test]
async fn a_call_is_asked_for_when_the_route_comes_back() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut desk = Desk::new().await;
            let audio = UdpSocket::bind((FIRST, 0)).unwrap().local_addr().unwrap();
            desk.owner.on_command(Command::Intent(Intent::Dial { target: "200".into() }));
            let invite = desk.asks("INVITE");
            desk.answers(&invite, &sdp(audio)).await;
            desk.moves_to(None);
            desk.moves_to(Some(FIRST));
            let register = desk.asks("REGISTER");
            desk.answers(&register, "").await;
            let question = desk.asks("OPTIONS");
            assert!(question.contains(";tag=pbx"), "in the call's dialog: {question}");
        })
        .await;
}

#[tokio::test]
async fn a_pbx_that_moved_is_registered_at_its_new_address() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut desk = Desk::new().await;
            desk.pbx = UdpSocket::bind((SECOND, 0)).unwrap();
            desk.pbx.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let moved = desk.pbx.local_addr().unwrap();
            desk.owner.on_resolved(moved);
            assert_eq!(desk.hears("REGISTER"), desk.owner.network.socket.local());
        })
        .await;
}

#[tokio::test]
async fn redial_calls_what_the_operator_dialled_last() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let mut desk = Desk::new().await;
            let audio = UdpSocket::bind((FIRST, 0)).unwrap().local_addr().unwrap();
            let (headsets, _told) = crate::hid::Headsets::in_test();
            desk.owner.headset = HeadsetDesk::with(Some((headsets, unbounded_channel().1)));
            desk.owner.on_press(Press::Redial);
            assert!(desk.owner.lines.is_empty(), "nothing was dialled");
            desk.owner.on_command(Command::Intent(Intent::Dial { target: "205".into() }));
            let invite = desk.asks("INVITE");
            desk.answers(&invite, &sdp(audio)).await;
            desk.owner.on_press(Press::OnHook);
            let bye = desk.asks("BYE");
            desk.answers(&bye, "").await;
            desk.hears_figures().await;
            desk.owner.on_press(Press::Redial);
            let again = desk.asks("INVITE");
            assert!(again.starts_with("INVITE sip:205@"), "{again}");
        })
        .await;
}
