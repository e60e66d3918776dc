//! Each recorded conversation once more, with a user agent of ours in the place of each telephone: what the
//! telephone did is done by command, and what the PBX sent arrives with tags, numbers and branches of the
//! conversation that now is.
//!
//! A file holds messages as octets behind a line each: `>` from or `<` to the PBX, milliseconds, the
//! telephone's transport and address, and the length.

use crate::files;
use patchcord::instant::Instant;
use patchcord::sip::message::codec::{self, Parsed};
use patchcord::sip::message::{
    CSeq, CallId, Expires, From, Message, Method, ReferTo, Request, Response, StatusCode, To, Via,
};
use patchcord::sip::{Account, CallKey, Event, Load, Output, Password, UserAgent, UserAgentConfig};
use patchcord::transmit::{Received, Transport};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

struct Recorded {
    from_pbx: bool,
    at: Instant,
    transport: Transport,
    telephone: SocketAddr,
    message: Message,
}

fn read(octets: &[u8]) -> Vec<Recorded> {
    let mut rest = octets;
    let mut found = vec![];
    while let Some(end) = rest.iter().position(|octet| *octet == b'\n') {
        let line = std::str::from_utf8(&rest[..end]).unwrap();
        let [way, ms, telephone, length] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let (message, after) = rest[end + 1..].split_at(length.parse().unwrap());
        rest = &after[1..];
        let (transport, telephone) = telephone.split_once(':').unwrap();
        let Ok(Parsed::Message(message)) = codec::parse(message) else { panic!("unreadable: {line}") };
        found.push(Recorded {
            from_pbx: way == ">",
            at: Instant::from_start(Duration::from_millis(ms.parse().unwrap())) + Duration::from_secs(1),
            transport: match transport {
                "UDP" => Transport::Udp,
                "TCP" => Transport::Tcp,
                _ => Transport::Tls,
            },
            telephone: telephone.parse().unwrap(),
            message,
        });
    }
    found
}

/// A user agent in the place of a recorded telephone.
struct Telephone {
    now: Instant,
    transport: Transport,
    address: SocketAddr,
    ua: UserAgent,
    /// Our requests by the recorded branch that they stand for.
    requests: BTreeMap<String, Request>,
    unpaired: Vec<Request>,
    /// Our Call-IDs and tags by the recorded Call-ID.
    dialogs: BTreeMap<String, (String, String)>,
    calls: BTreeMap<String, CallKey>,
    begun: BTreeSet<CallKey>,
    ended: BTreeSet<CallKey>,
}

const PBX: &str = "127.0.0.1:15060";

impl Telephone {
    fn new(user: &str, transport: Transport, address: SocketAddr) -> Self {
        let config = UserAgentConfig {
            account: Account {
                user: user.into(),
                domain: PBX.into(),
                auth_user: None,
                password: Password::new(format!("secret-{user}")),
                realm: None,
                registrar: None,
                outbound_proxy: None,
                display: None,
                expires: Duration::from_secs(60),
            },
            transport,
            server: PBX.parse().unwrap(),
            local: address,
            user_agent: "Patchcord".into(),
            max_calls: 4,
            calls: patchcord::sip::CallPolicy::default(),
        };
        Self {
            now: Instant::START,
            transport,
            address,
            ua: UserAgent::new(config, [5; 32]),
            requests: BTreeMap::new(),
            unpaired: vec![],
            dialogs: BTreeMap::new(),
            calls: BTreeMap::new(),
            begun: BTreeSet::new(),
            ended: BTreeSet::new(),
        }
    }

    fn pass_until(&mut self, until: Instant) {
        while let Some(next) = self.ua.next_deadline().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.ua.handle_timeout(self.now);
            self.drain();
        }
        self.now = self.now.max(until);
    }

    fn drain(&mut self) {
        loop {
            match self.ua.poll_output() {
                Output::Send(transmit) => match codec::parse(&transmit.bytes) {
                    Ok(Parsed::Message(Message::Request(request))) => self.unpaired.push(request),
                    Ok(Parsed::Message(Message::Response(response))) => self.on_own_response(&response),
                    other => panic!("it sent what nobody can read: {other:?}"),
                },
                Output::Event(Event::Invited { call, invite }) => {
                    self.begun.insert(call);
                    self.calls.insert(invite.call_id, call);
                }
                Output::Event(Event::Offer { call, .. }) => {
                    self.ua.answer_offer(self.now, call, Ok(b"v=0\r\n".to_vec())).unwrap();
                }
                Output::Event(Event::Accepted { call, offer_pending: true, .. }) => {
                    self.ua.acknowledge(self.now, call, b"v=0\r\n".to_vec()).unwrap();
                }
                Output::Event(Event::Ended { call, .. }) => assert!(self.ended.insert(call), "ended twice"),
                Output::Event(_) => {}
                Output::Idle => return,
            }
        }
    }

    /// The tag that the PBX must use from now on.
    fn on_own_response(&mut self, response: &Response) {
        let (call_id, to) = (call_id(&response.headers), response.headers.require::<To>().unwrap());
        if let Some(tag) = to.tag() {
            self.dialogs.insert(call_id.clone(), (call_id, tag.to_owned()));
        }
    }

    // -- what the telephone did

    fn on_sent(&mut self, message: &Message) {
        match message {
            Message::Request(request) => self.do_as(request),
            Message::Response(response) => self.answer_as(response),
        }
        self.drain();
        if let Message::Request(request) = message {
            self.pair(request);
        }
    }

    fn do_as(&mut self, request: &Request) {
        let (now, ua) = (self.now, &mut self.ua);
        let in_dialog = request.headers.require::<To>().unwrap().tag().is_some();
        let call = self.calls.get(&call_id(&request.headers)).copied();
        let body = (!request.body.is_empty()).then(|| request.body.clone());
        // What does not fit the state is refused; then the PBX's answer finds no request, and is dropped.
        let _ = match (&request.method, call) {
            (Method::Register, _) => {
                let leaves = request.headers.typed::<Expires>().ok().flatten() == Some(Expires(0));
                if leaves {
                    ua.unregister(now)
                } else {
                    ua.register(now)
                }
                Ok(())
            }
            (Method::Invite, None) if !in_dialog => {
                let call = ua.invite(now, request.uri.clone(), body);
                self.begun.insert(call);
                self.calls.insert(call_id(&request.headers), call);
                Ok(())
            }
            (Method::Invite, Some(call)) if in_dialog => ua.reoffer(now, call, body.unwrap_or_default()),
            (Method::Bye | Method::Cancel, Some(call)) => ua.hang_up(now, call),
            (Method::Refer, Some(call)) => {
                ua.refer(now, call, request.headers.require::<ReferTo>().unwrap().uri.clone()).map(drop)
            }
            (Method::Options, _) => {
                ua.probe(now, request.uri.clone());
                Ok(())
            }
            _ => Ok(()),
        };
    }

    fn answer_as(&mut self, response: &Response) {
        let cseq = response.headers.require::<CSeq>().unwrap();
        let Some(call) = self.calls.get(&call_id(&response.headers)).copied() else { return };
        if cseq.method == Method::Invite {
            let _ = match response.status.code() {
                100 => Ok(()),
                101..200 => self.ua.ring(self.now, call),
                200..300 => self.ua.accept(self.now, call, response.body.clone()),
                _ => self.ua.reject(self.now, call, response.status),
            };
        }
    }

    /// The request of ours that stands for this one.
    fn pair(&mut self, recorded: &Request) {
        let Some(at) = self.unpaired.iter().rposition(|ours| ours.method == recorded.method) else { return };
        let ours = self.unpaired.remove(at);
        if ours.method == Method::Invite {
            let tag = ours.headers.require::<From>().unwrap().tag().unwrap().to_owned();
            self.dialogs.insert(call_id(&recorded.headers), (call_id(&ours.headers), tag));
        }
        self.requests.insert(branch(&recorded.headers), ours);
    }

    // -- what the PBX sent

    fn on_arrived(&mut self, message: &Message) {
        let patched = match message {
            Message::Request(request) => Some(self.patched_request(request).to_bytes()),
            Message::Response(response) => {
                self.patched_response(response).map(|response| response.to_bytes())
            }
        };
        let Some(bytes) = patched else { return };
        let (transport, from, local) = (self.transport, PBX.parse().unwrap(), self.address);
        self.ua.handle_input(self.now, Received { transport, from, local, bytes });
        self.drain();
    }

    fn patched_request(&self, recorded: &Request) -> Request {
        let mut request = recorded.clone();
        request.uri = self.ua.contact();
        let mut to = request.headers.require::<To>().unwrap();
        if to.tag().is_some()
            && let Some((call_id, tag)) = self.dialogs.get(&call_id(&recorded.headers))
        {
            to.set_tag(tag);
            request.headers.set(&to);
            request.headers.set(&CallId(call_id.clone()));
        }
        request
    }

    fn patched_response(&self, recorded: &Response) -> Option<Response> {
        let ours = self.requests.get(&branch(&recorded.headers))?;
        let mut response = recorded.clone();
        response.headers.set(&ours.headers.require::<Via>().unwrap());
        response.headers.set(&ours.headers.require::<From>().unwrap());
        response.headers.set(&ours.headers.require::<CallId>().unwrap());
        response.headers.set(&ours.headers.require::<CSeq>().unwrap());
        // The binding that the registrar repeats is ours.
        if ours.method == Method::Register && recorded.status == StatusCode::OK {
            let granted = response.headers.first("Contact").and_then(|contact| contact.split_once(">;"));
            let granted = granted.map(|(_, parameters)| format!("<{}>;{parameters}", self.ua.contact()));
            response.headers.remove("Contact");
            if let Some(granted) = granted {
                response.headers.push("Contact", granted);
            }
        }
        Some(response)
    }
}

fn call_id(headers: &patchcord::sip::message::Headers) -> String {
    headers.require::<CallId>().unwrap().0
}

fn branch(headers: &patchcord::sip::message::Headers) -> String {
    let via = headers.require::<Via>().unwrap();
    format!("{} {}", via.branch().unwrap_or_default(), headers.require::<CSeq>().unwrap().method)
}

/// Recorded Call-IDs whose call came to its end: by BYE, by CANCEL or by a refusal.
fn ended_calls(recorded: &[Recorded]) -> BTreeSet<String> {
    let is_end = |message: &Message| match message {
        Message::Request(request) => matches!(request.method, Method::Bye | Method::Cancel),
        Message::Response(response) => {
            let cseq = response.headers.require::<CSeq>().unwrap();
            let begins = response.headers.require::<To>().is_ok();
            let status = response.status.code();
            cseq.method == Method::Invite && status >= 300 && !matches!(status, 401 | 407 | 491) && begins
        }
    };
    recorded.iter().filter(|each| is_end(&each.message)).map(|each| call_id(each.message.headers())).collect()
}

#[test]
fn every_recorded_message_is_read_and_reads_the_same_when_printed() {
    let mut messages = 0;
    let conversations = files("tests/data/conversations");
    for (name, octets) in &conversations {
        for each in read(octets) {
            let again = codec::parse(&each.message.to_bytes());
            assert!(matches!(again, Ok(Parsed::Message(again)) if again == each.message), "{name}");
            messages += 1;
        }
    }
    assert_eq!((conversations.len(), messages), (30, 1491), "all that was recorded");
}

#[test]
fn a_user_agent_in_the_place_of_each_telephone_ends_its_calls_and_keeps_nothing() {
    let (mut telephones, mut calls) = (0, 0);
    for (name, octets) in files("tests/data/conversations") {
        let recorded = read(&octets);
        let addresses: BTreeSet<_> = recorded.iter().map(|each| each.telephone).collect();
        for address in addresses {
            let its: Vec<_> = recorded.iter().filter(|each| each.telephone == address).collect();
            let user = its.iter().find_map(|each| user_of(each)).unwrap_or_else(|| "customer".to_owned());
            let mut telephone = Telephone::new(&user, its[0].transport, address);
            for each in &its {
                telephone.pass_until(each.at);
                match each.from_pbx {
                    true => telephone.on_arrived(&each.message),
                    false => telephone.on_sent(&each.message),
                }
            }
            let ended = ended_calls(&recorded);
            for (call_id, call) in &telephone.calls {
                let as_recorded = !ended.contains(call_id) || telephone.ended.contains(call);
                assert!(as_recorded, "{name}, {user}: the call {call_id} goes on");
            }
            calls += telephone.ended.len();
            telephones += 1;
            for call in telephone.begun.clone() {
                telephone.ua.hang_up(telephone.now, call).ok();
            }
            telephone.ua.unregister(telephone.now);
            telephone.drain();
            telephone.pass_until(telephone.now + Duration::from_secs(200));
            assert_eq!(telephone.ua.load(), Load::default(), "{name}, {user}: something is left");
            assert_eq!(telephone.begun, telephone.ended, "{name}, {user}");
        }
    }
    println!("{telephones} telephones, {calls} calls that ended as recorded");
    assert!(telephones >= 30 && calls >= 60, "{telephones} telephones, {calls} calls");
}

fn user_of(each: &Recorded) -> Option<String> {
    match &each.message {
        Message::Request(request) if request.method == Method::Register => {
            request.headers.require::<To>().ok()?.uri.user.clone()
        }
        _ => None,
    }
}
