//! A user agent on a bench: virtual time, and a PBX that says what the test tells it to.

use super::message::codec::{self, Parsed};
use super::message::{CSeq, Message, Method, Request, Response, StatusCode, To, Typed};
use super::{Account, CallKey, CallPolicy, Event, Output, Password, UserAgent, UserAgentConfig};
use crate::instant::Instant;
use crate::transmit::{Hop, Received, Transmit, Transport};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

pub const PBX: &str = "192.0.2.10:5060";
pub const LOCAL: &str = "192.0.2.20:5070";
pub const OFFER: &[u8] = b"v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\n";
pub const ANSWER: &[u8] = b"v=0\r\no=- 2 2 IN IP4 192.0.2.20\r\ns=-\r\n";

pub fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub fn config() -> UserAgentConfig {
    UserAgentConfig {
        account: Account {
            user: "operator1".into(),
            domain: "pbx.example".into(),
            auth_user: None,
            password: Password::new("secret"),
            realm: None,
            registrar: None,
            outbound_proxy: None,
            display: Some("Operator One".into()),
            expires: secs(600),
        },
        transport: Transport::Udp,
        server: address(PBX),
        local: address(LOCAL),
        user_agent: "Patchcord/test".into(),
        max_calls: 1,
        calls: CallPolicy::default(),
    }
}

pub struct Bench {
    pub now: Instant,
    pub ua: UserAgent,
    pub transport: Transport,
    sent: VecDeque<(Instant, Transmit)>,
    events: VecDeque<(Instant, Event)>,
    branches: u64,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(config())
    }

    pub fn with(config: UserAgentConfig) -> Self {
        let transport = config.transport;
        let ua = UserAgent::new(config, [7; 32]);
        let (sent, events) = (VecDeque::new(), VecDeque::new());
        Self { now: Instant::from_start(secs(100)), ua, transport, sent, events, branches: 0 }
    }

    /// Registered with digest, granted 600 s; nothing left to read.
    pub fn registered() -> Self {
        let mut bench = Self::new();
        bench.register_now();
        bench
    }

    pub fn register_now(&mut self) {
        self.ua.register(self.now);
        self.grant(600);
        assert!(matches!(self.event(), Some(Event::Registered { .. })));
    }

    /// Answers the REGISTER under way: challenge, then a grant of so many seconds.
    pub fn grant(&mut self, seconds: u32) {
        let mut register = self.request(Method::Register);
        if register.headers.first("Authorization").is_none() {
            self.challenge(&register);
            register = self.request(Method::Register);
        }
        let contact = format!("<{}>;expires={seconds}", self.ua.contact());
        self.respond_with(&register, 200, &[("Contact", &contact)], b"");
    }

    /// Grants this REGISTER, without asking for credentials.
    pub fn grant_last(&mut self, register: &Request) {
        let contact = format!("<{}>;expires=600", self.ua.contact());
        self.respond_with(register, 200, &[("Contact", &contact)], b"");
    }

    pub fn challenge(&mut self, request: &Request) {
        self.branches += 1;
        let nonce = self.branches;
        let challenge = format!("Digest realm=\"pbx\",nonce=\"n{nonce}\",algorithm=MD5,qop=\"auth\"");
        self.respond_with(request, 401, &[("WWW-Authenticate", &challenge)], b"");
    }

    // -- time

    pub fn drain(&mut self) {
        loop {
            match self.ua.poll_output() {
                Output::Send(transmit) => self.sent.push_back((self.now, transmit)),
                Output::Event(event) => self.events.push_back((self.now, event)),
                Output::Idle => return,
            }
        }
    }

    /// Lets time pass, deadline by deadline.
    pub fn pass(&mut self, time: Duration) {
        self.drain();
        let until = self.now + time;
        while let Some(next) = self.ua.next_deadline().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.ua.handle_timeout(self.now);
            self.drain();
        }
        self.now = until;
    }

    // -- what the user agent said

    pub fn event(&mut self) -> Option<Event> {
        self.drain();
        self.events.pop_front().map(|(_, event)| event)
    }

    pub fn events(&mut self) -> Vec<Event> {
        self.drain();
        self.events.drain(..).map(|(_, event)| event).collect()
    }

    pub fn timed_events(&mut self) -> Vec<(Instant, Event)> {
        self.drain();
        self.events.drain(..).collect()
    }

    pub fn messages(&mut self) -> Vec<(Instant, Message)> {
        self.drain();
        self.sent.drain(..).map(|(at, transmit)| (at, parsed(&transmit.bytes))).collect()
    }

    pub fn octets(&mut self) -> Vec<Vec<u8>> {
        self.drain();
        self.sent.drain(..).map(|(_, transmit)| transmit.bytes).collect()
    }

    pub fn message(&mut self) -> Message {
        self.drain();
        let (_, transmit) = self.sent.pop_front().expect("nothing was sent");
        parsed(&transmit.bytes)
    }

    /// The next message sent must be this request.
    pub fn request(&mut self, method: Method) -> Request {
        match self.message() {
            Message::Request(request) if request.method == method => request,
            other => panic!("{method} expected, {other:?} sent"),
        }
    }

    /// The next message sent must be this response.
    pub fn response(&mut self, status: u16) -> Response {
        match self.message() {
            Message::Response(response) if response.status.code() == status => response,
            other => panic!("{status} expected, {other:?} sent"),
        }
    }

    pub fn destination(&mut self) -> SocketAddr {
        self.drain();
        self.sent.front().expect("nothing was sent").1.to
    }

    /// Nothing sent, nothing said.
    pub fn is_silent(&mut self) -> bool {
        self.drain();
        self.sent.is_empty() && self.events.is_empty()
    }

    /// Nothing sent, whatever was said.
    pub fn is_silent_but_for_events(&mut self) -> bool {
        self.drain();
        self.sent.is_empty()
    }

    pub fn forget(&mut self) {
        self.drain();
        self.sent.clear();
        self.events.clear();
    }

    /// How the next message sent travels.
    pub fn transport(&mut self) -> Transport {
        self.drain();
        self.sent.front().expect("nothing was sent").1.transport
    }

    /// Nothing listens at the PBX's address.
    pub fn unreachable(&mut self, transport: Transport) {
        self.ua.handle_unreachable(self.now, Hop { transport, to: address(PBX) });
    }

    // -- what the PBX says

    pub fn hear(&mut self, message: &Message) {
        self.hear_from(PBX, &message.to_bytes());
    }

    pub fn hear_from(&mut self, from: &str, bytes: &[u8]) {
        let input = Received {
            transport: self.transport,
            from: address(from),
            local: address(LOCAL),
            bytes: bytes.to_vec(),
        };
        self.ua.handle_input(self.now, input);
        self.drain();
    }

    pub fn hear_request(&mut self, request: &Request) {
        self.hear(&Message::Request(request.clone()));
    }

    pub fn respond(&mut self, request: &Request, status: u16) {
        self.respond_with(request, status, &[], b"");
    }

    pub fn respond_with(
        &mut self,
        request: &Request,
        status: u16,
        headers: &[(&'static str, &str)],
        body: &[u8],
    ) {
        let response = answer(request, status, headers, body);
        self.hear(&Message::Response(response));
    }

    /// A request outside any dialog to the Contact that we registered.
    pub fn pbx_request(&mut self, method: Method, headers: &[(&'static str, &str)], body: &[u8]) -> Request {
        let uri = self.ua.contact();
        self.branches += 1;
        let n = self.branches;
        let mut request = Request::new(method.clone(), uri.clone());
        request.headers.push("Via", format!("SIP/2.0/UDP {PBX};rport;branch=z9hG4bKpbx{n}"));
        request.headers.push("From", format!("\"Ivan Petrov\" <sip:+79161234567@pbx.example>;tag=caller{n}"));
        request.headers.push("To", format!("<{uri}>"));
        request.headers.push("Call-ID", format!("call-{n}@pbx"));
        request.headers.push("CSeq", format!("{} {method}", 100 * n));
        request.headers.push("Contact", format!("<sip:asterisk@{PBX}>"));
        request.headers.push("Max-Forwards", "70");
        put(&mut request.headers, &mut request.body, headers, body);
        request
    }

    /// The PBX's next request in the dialog of an INVITE of its own, which `answered` answered.
    pub fn pbx_next(&mut self, invite: &Request, answered: &Response, method: Method, step: u32) -> Request {
        let (from, to) = (invite.headers.first("From").unwrap(), answered.headers.first("To").unwrap());
        self.in_dialog(invite, from, to, method, step)
    }

    /// The PBX's request in the dialog of an INVITE of ours, which it answered with `response`.
    pub fn pbx_back(&mut self, invite: &Request, response: &Response, method: Method, step: u32) -> Request {
        let (from, to) = (response.headers.first("To").unwrap(), invite.headers.first("From").unwrap());
        self.in_dialog(invite, from, to, method, step)
    }

    fn in_dialog(&mut self, invite: &Request, from: &str, to: &str, method: Method, step: u32) -> Request {
        self.branches += 1;
        let n = self.branches;
        let seq = invite.headers.require::<CSeq>().unwrap().seq;
        let seq = if method == Method::Ack { seq + step } else { seq + step.max(1) };
        let mut request = Request::new(method.clone(), self.ua.contact());
        request.headers.push("Via", format!("SIP/2.0/UDP {PBX};rport;branch=z9hG4bKpbx{n}"));
        request.headers.push("From", from);
        request.headers.push("To", to);
        request.headers.push("Call-ID", invite.headers.first("Call-ID").unwrap());
        request.headers.push("CSeq", format!("{seq} {method}"));
        request.headers.push("Contact", format!("<sip:asterisk@{PBX}>"));
        request.headers.push("Max-Forwards", "70");
        request
    }

    // -- whole calls

    /// A call has come in and 100 has gone out.
    pub fn called(&mut self) -> (CallKey, Request) {
        let invite =
            self.pbx_request(Method::Invite, &[("Supported", "timer"), ("Allow", "INVITE, UPDATE")], OFFER);
        self.hear_request(&invite);
        self.response(100);
        match self.event() {
            Some(Event::Invited { call, .. }) => (call, invite),
            other => panic!("{other:?}"),
        }
    }

    /// A call came in, was answered and acknowledged.
    pub fn answered(&mut self) -> (CallKey, Request, Response) {
        let (call, invite) = self.called();
        self.ua.accept(self.now, call, ANSWER.to_vec()).unwrap();
        let ok = self.response(200);
        let ack = self.pbx_next(&invite, &ok, Method::Ack, 0);
        self.hear_request(&ack);
        assert!(matches!(self.event(), Some(Event::Confirmed { answer: None, .. })));
        (call, invite, ok)
    }

    /// Our call was answered and acknowledged.
    pub fn dialled(&mut self) -> (CallKey, Request, Response) {
        let call = self.ua.invite(self.now, "sip:200@pbx.example".parse().unwrap(), Some(OFFER.to_vec()));
        let invite = self.request(Method::Invite);
        let ok = answer(&invite, 200, &[("Contact", "<sip:192.0.2.10:5060>"), ("Allow", "UPDATE")], ANSWER);
        self.hear(&Message::Response(ok.clone()));
        self.request(Method::Ack);
        assert!(matches!(self.event(), Some(Event::Accepted { .. })));
        (call, invite, ok)
    }
}

pub fn parsed(bytes: &[u8]) -> Message {
    match codec::parse(bytes) {
        Ok(Parsed::Message(message)) => message,
        other => panic!("unreadable: {other:?}\n{}", String::from_utf8_lossy(bytes)),
    }
}

pub fn answer(request: &Request, status: u16, headers: &[(&'static str, &str)], body: &[u8]) -> Response {
    let mut response = request.response(StatusCode::new(status).unwrap());
    let mut to = response.headers.require::<To>().unwrap();
    if to.tag().is_none() && status > 100 {
        to.set_tag("pbx-tag");
        response.headers.set(&to);
    }
    put(&mut response.headers, &mut response.body, headers, body);
    response
}

fn put(
    headers: &mut super::message::Headers,
    body: &mut Vec<u8>,
    extra: &[(&'static str, &str)],
    content: &[u8],
) {
    for (name, value) in extra {
        headers.push(name, *value);
    }
    if !content.is_empty() {
        if headers.first("Content-Type").is_none() {
            headers.push("Content-Type", "application/sdp");
        }
        *body = content.to_vec();
    }
}

pub fn seq(message: &Request) -> u32 {
    message.headers.require::<CSeq>().unwrap().seq
}

pub fn tagged(to: &str) -> To {
    To::parse(to).unwrap()
}
