//! The user agent alone on a UDP socket, for what the program cannot be told to do.

use crate::now;
use crate::pbx::tempdir::TempDir;
use crate::play::{Script, ladder};
use crate::wire;
use patchcord::instant::Instant;
use patchcord::sip::{Account, CallKey, CallPolicy, Output, Password, UserAgent, UserAgentConfig};
use patchcord::transmit::{Received, Transport};
use std::net::UdpSocket;
use std::time::Duration;

const DESCRIPTION: &[u8] = b"v=0\r\no=- 7 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 12998 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n";

pub struct Driver {
    agent: UserAgent,
    socket: UdpSocket,
    script: Script,
    begun: std::time::Instant,
    call: Option<CallKey>,
    /// What each event is called, in order.
    events: Vec<String>,
    _scratch: TempDir,
}

impl Driver {
    pub fn start(scenario: &str, settle: impl FnOnce(&mut CallPolicy)) -> Self {
        let scratch = TempDir::new("driver");
        let script = Script::is_called(&scratch, scenario);
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let mut calls = CallPolicy::default();
        settle(&mut calls);
        let account = Account {
            user: "101".into(),
            domain: "pbx.example".into(),
            auth_user: None,
            password: Password::new("pw-101"),
            realm: None,
            registrar: None,
            outbound_proxy: None,
            display: None,
            expires: Duration::from_secs(600),
        };
        let config = UserAgentConfig {
            account,
            transport: Transport::Udp,
            server: script.address,
            local: socket.local_addr().expect("an address"),
            user_agent: "Patchcord/test".into(),
            max_calls: 1,
            calls,
        };
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).expect("randomness");
        let agent = UserAgent::new(config, seed);
        Self { agent, socket, script, begun: now(), call: None, events: Vec::new(), _scratch: scratch }
    }

    pub fn call(&mut self, with_an_offer: bool) {
        let target = "sip:200@pbx.example".parse().expect("a URI");
        let offer = with_an_offer.then(|| DESCRIPTION.to_vec());
        self.call = Some(self.agent.invite(self.time(), target, offer));
        self.drain();
    }

    pub fn acknowledge(&mut self) {
        let (time, call) = (self.time(), self.call.expect("a call"));
        self.agent.acknowledge(time, call, DESCRIPTION.to_vec()).expect("an offer is pending");
        self.drain();
    }

    pub fn hang_up(&mut self) {
        let (time, call) = (self.time(), self.call.expect("a call"));
        self.agent.hang_up(time, call).expect("a call stands");
        self.drain();
    }

    /// Goes on until there is an event of this name.
    pub fn until(&mut self, name: &str) {
        self.go_on(name, |driver| driver.events.iter().any(|event| event.starts_with(name)));
    }

    /// Goes on until everybody knows that the call is over.
    pub fn finish(mut self) {
        self.go_on("the last answer", |driver| !driver.agent.owes_goodbye());
        let local = self.socket.local_addr().expect("an address");
        let capture = self.script.finish(local, &self.events.join("\n"));
        let broken = wire::check(&capture);
        assert!(broken.is_empty(), "{broken:#?}\n{}", ladder(&capture));
    }

    fn go_on(&mut self, what: &str, so: impl Fn(&Self) -> bool) {
        let mut buffer = [0; 65_535];
        while !so(self) {
            assert!(self.begun.elapsed() < Duration::from_secs(20), "no {what}: {:?}", self.events);
            self.socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a socket");
            if let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
                let (transport, local) = (Transport::Udp, self.socket.local_addr().expect("an address"));
                let received = Received { transport, from, local, bytes: buffer[..length].to_vec() };
                self.agent.handle_input(self.time(), received);
                self.drain();
            }
            self.agent.handle_timeout(self.time());
            self.drain();
        }
    }

    fn drain(&mut self) {
        loop {
            match self.agent.poll_output() {
                Output::Send(transmit) => {
                    self.socket.send_to(&transmit.bytes, transmit.to).expect("a datagram is sent");
                }
                Output::Event(event) => self.events.push(format!("{event:?}")),
                Output::Idle => return,
            }
        }
    }

    fn time(&self) -> Instant {
        Instant::from_start(self.begun.elapsed())
    }
}
