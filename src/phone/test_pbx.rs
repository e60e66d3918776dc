//! A PBX on paper: reads what the telephone sends, and says what a test tells it to say.

use crate::sip::message::codec::{self, Parsed};
use crate::sip::message::{Message, Request, Response, StatusCode};
use crate::transmit::{Received, Transmit, Transport};
use std::net::SocketAddr;

pub(crate) const ALAW: &str = "v=0\r\no=- 7 7 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 20000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\n";

/// The same stream in another direction and version.
pub(crate) fn alaw(version: u32, direction: &str) -> String {
    ALAW.replace("o=- 7 7", &format!("o=- 7 {version}")).replace("a=sendrecv", &format!("a={direction}"))
}

pub(crate) struct TestPbx {
    pub address: SocketAddr,
    pub phone: SocketAddr,
    received: Vec<Message>,
    branches: u32,
}

/// One call as the PBX sees it.
#[derive(Clone)]
pub(crate) struct Leg {
    call_id: String,
    ours: String,
    theirs: String,
    target: String,
    invite_cseq: u32,
    cseq: u32,
}

impl TestPbx {
    pub fn new() -> Self {
        let address = "192.0.2.1:5060".parse().unwrap();
        Self { address, phone: "192.0.2.10:5070".parse().unwrap(), received: Vec::new(), branches: 0 }
    }

    /// What the telephone sent.
    pub fn take(&mut self, transmit: &Transmit) {
        match codec::parse(&transmit.bytes) {
            Ok(Parsed::Message(message)) => self.received.push(message),
            Ok(Parsed::KeepAlive) => {}
            Err(_) => {
                panic!("the telephone sent what cannot be read: {}", String::from_utf8_lossy(&transmit.bytes))
            }
        }
    }

    pub fn datagram(&self, text: &str) -> Received {
        let bytes = text.as_bytes().to_vec();
        Received { transport: Transport::Udp, from: self.address, local: self.phone, bytes }
    }

    /// The first request of this method that nobody looked at yet.
    #[track_caller]
    pub fn request(&mut self, method: &str) -> Request {
        let at = self
            .received
            .iter()
            .position(|m| matches!(m, Message::Request(r) if r.method.as_str() == method));
        let Some(at) = at else { panic!("no {method} among {:?}", self.seen()) };
        match self.received.remove(at) {
            Message::Request(request) => request,
            Message::Response(_) => unreachable!(),
        }
    }

    #[track_caller]
    pub fn response(&mut self, status: u16) -> Response {
        let at =
            self.received.iter().position(|m| matches!(m, Message::Response(r) if r.status.code() == status));
        let Some(at) = at else { panic!("no {status} among {:?}", self.seen()) };
        match self.received.remove(at) {
            Message::Response(response) => response,
            Message::Request(_) => unreachable!(),
        }
    }

    /// To be looked at first.
    pub fn put_back(&mut self, request: Request) {
        self.received.insert(0, Message::Request(request));
    }

    /// Whether such a request came and was not looked at.
    pub fn has(&self, method: &str) -> bool {
        self.received.iter().any(|m| matches!(m, Message::Request(r) if r.method.as_str() == method))
    }

    /// Methods and statuses not looked at yet.
    pub fn seen(&self) -> Vec<String> {
        let name = |message: &Message| match message {
            Message::Request(request) => request.method.to_string(),
            Message::Response(response) => response.status.code().to_string(),
        };
        self.received.iter().map(name).collect()
    }

    pub fn forget(&mut self) {
        self.received.clear();
    }

    pub fn reply(&self, request: &Request, status: u16, sdp: Option<&str>) -> String {
        self.reply_with(request, status, "", sdp)
    }

    pub fn reply_with(&self, request: &Request, status: u16, headers: &str, sdp: Option<&str>) -> String {
        let mut response = request.response(StatusCode::new(status).unwrap());
        let to = request.headers.first("To").unwrap();
        if !to.contains("tag=") && status > 100 {
            response.headers.remove("To");
            response.headers.push("To", format!("{to};tag=pbx"));
        }
        response.headers.push("Contact", format!("<sip:asterisk@{}>", self.address));
        let head = String::from_utf8(response.to_bytes()).unwrap();
        with_body(&head, headers, sdp)
    }

    pub fn invite(&mut self, contact: &str, headers: &str, sdp: Option<&str>) -> (Leg, String) {
        self.branches += 1;
        let n = self.branches;
        let leg = Leg {
            call_id: format!("call-{n}@pbx"),
            ours: format!("\"Ivan Petrov\" <sip:+79161234567@192.0.2.1>;tag=caller{n}"),
            theirs: format!("<{contact}>"),
            target: contact.to_owned(),
            invite_cseq: 1,
            cseq: 1,
        };
        let invite = self.in_leg(&leg, "INVITE", 1, headers, sdp);
        (leg, invite)
    }

    /// A request in the leg, with the next CSeq.
    pub fn ask(&mut self, leg: &mut Leg, method: &str, headers: &str, sdp: Option<&str>) -> String {
        leg.cseq += 1;
        if method == "INVITE" {
            leg.invite_cseq = leg.cseq;
        }
        self.in_leg(leg, method, leg.cseq, headers, sdp)
    }

    pub fn ack(&mut self, leg: &Leg, sdp: Option<&str>) -> String {
        self.in_leg(leg, "ACK", leg.invite_cseq, "", sdp)
    }

    /// Of the INVITE last sent, whose branch it repeats.
    pub fn cancel(&mut self, leg: &Leg, invite: &str, headers: &str) -> String {
        let branch = invite.split("branch=").nth(1).unwrap().split("\r\n").next().unwrap();
        let cancel = self.in_leg(leg, "CANCEL", leg.invite_cseq, headers, None);
        let own = cancel.split("branch=").nth(1).unwrap().split("\r\n").next().unwrap().to_owned();
        cancel.replace(&own, branch)
    }

    pub fn notify(&mut self, leg: &mut Leg, status_line: &str, state: &str) -> String {
        let headers = format!("Event: refer\r\nSubscription-State: {state}\r\n");
        leg.cseq += 1;
        let head = self.in_leg(leg, "NOTIFY", leg.cseq, &headers, None);
        typed_body(&head, "", "message/sipfrag;version=2.0", Some(&format!("{status_line}\r\n")))
    }

    /// As `notify`, of this REFER, where the dialog has several (RFC 3515 §2.4.6).
    pub fn notify_of(&mut self, leg: &mut Leg, refer: &Request, status_line: &str, state: &str) -> String {
        let number = refer.headers.first("CSeq").unwrap().split(' ').next().unwrap().to_owned();
        self.notify(leg, status_line, state).replace("Event: refer", &format!("Event: refer;id={number}"))
    }

    /// In the subscription that the leg is.
    pub fn tell(&mut self, leg: &mut Leg, package: &str, kind: &str, state: &str, body: &str) -> String {
        let headers = format!("Event: {package}\r\nSubscription-State: {state}\r\n");
        leg.cseq += 1;
        let head = self.in_leg(leg, "NOTIFY", leg.cseq, &headers, None);
        typed_body(&head, "", kind, Some(body))
    }

    fn in_leg(&mut self, leg: &Leg, method: &str, cseq: u32, headers: &str, sdp: Option<&str>) -> String {
        self.branches += 1;
        let head = format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {pbx};rport;branch=z9hG4bKpbx{n}\r\n\
             From: {ours}\r\nTo: {theirs}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:asterisk@{pbx}>\r\nMax-Forwards: 70\r\n\
             Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, NOTIFY, REFER\r\n\r\n",
            target = leg.target,
            pbx = self.address,
            n = self.branches,
            ours = leg.ours,
            theirs = leg.theirs,
            call_id = leg.call_id,
        );
        with_body(&head, headers, sdp)
    }
}

impl Leg {
    /// The telephone's 2xx or 180 brought its tag.
    pub fn follow(&mut self, response: &Response) {
        self.theirs = response.headers.first("To").unwrap().to_owned();
        if let Some(contact) = response.headers.first("Contact") {
            self.target = bare(contact);
        }
    }

    /// The leg of a call that the telephone makes.
    pub fn of(invite: &Request) -> Self {
        Self {
            call_id: invite.headers.first("Call-ID").unwrap().to_owned(),
            ours: format!("{};tag=pbx", invite.headers.first("To").unwrap()),
            theirs: invite.headers.first("From").unwrap().to_owned(),
            target: bare(invite.headers.first("Contact").unwrap()),
            invite_cseq: 0,
            cseq: 0,
        }
    }

    /// What names it in a Replaces that the telephone gets.
    pub fn replaces(&self) -> String {
        let tag = |party: &str| party.split("tag=").nth(1).unwrap().to_owned();
        format!("{};from-tag={};to-tag={}", self.call_id, tag(&self.ours), tag(&self.theirs))
    }

    pub fn call_id(&self) -> &str {
        &self.call_id
    }
}

fn bare(contact: &str) -> String {
    contact.split(['<', '>']).nth(1).unwrap_or(contact).to_owned()
}

fn with_body(head: &str, headers: &str, sdp: Option<&str>) -> String {
    typed_body(head, headers, "application/sdp", sdp)
}

/// `head` ends in an empty line and has no body.
fn typed_body(head: &str, headers: &str, content_type: &str, body: Option<&str>) -> String {
    let lines = head.split("\r\n").filter(|line| !line.is_empty() && !line.starts_with("Content-Length"));
    let head: String = lines.map(|line| format!("{line}\r\n")).collect();
    match body {
        Some(body) => format!(
            "{head}{headers}Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
        None => format!("{head}{headers}Content-Length: 0\r\n\r\n"),
    }
}
