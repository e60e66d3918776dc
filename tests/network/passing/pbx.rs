//! A PBX in whose rooms the client and the managers are: it has a leg to the operator for each of them, plays music to
//! a client who waits, and joins two as a REFER with Replaces asks (RFC 5589 §7). Its legs are a user agent's, as those of
//! the practice PBX; what PBXs do wrong stands in front of it.

use super::OPERATOR;
use super::lines::Lines;
use crate::aside::Aside;
use crate::proxy::{self, Proxy};
use patchcord::instant::Instant;
use patchcord::media::{Codec, Direction, EncoderSettings, Negotiation, NegotiationConfig};
use patchcord::sip::message::codec::{self, Parsed};
use patchcord::sip::message::{
    CSeq, Message, Method, NameAddr, ReferTo, Replaces, Request, StatusCode, Typed, Via,
};
use patchcord::sip::{
    Account, CallKey, CallPolicy, EndedBy, Event, Invite, Load, Output, Party, Password, UserAgent,
    UserAgentConfig,
};
use patchcord::transmit::{Hop, Received, Transport};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

/// Where the client is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Client {
    /// With the operator, or on hold.
    WithOperator,
    WithTarget,
    /// Wanted it so, or said goodbye to the target.
    HungUp,
    /// The operator's telephone hung up, though nobody else had the client.
    Left,
    /// The PBX forgot the call, or lost the operator.
    CutOff,
}

/// What becomes of a call to a number.
#[derive(Clone, Copy)]
pub enum Fate {
    Answers {
        after: Duration,
        /// Hangs up so long after the answer.
        leaves: Option<Duration>,
    },
    Refuses {
        after: Duration,
        status: u16,
    },
    Rings,
}

/// What the PBX does with a REFER.
#[derive(Clone, Copy, PartialEq)]
pub enum Manner {
    /// Joins after so long, and says so.
    Joins(Duration),
    Refuses(u16),
    /// 401 first.
    Challenges,
    /// Joins; `Refer-Sub: false` (RFC 4488).
    NoSubscription,
    /// 202, and no word ever.
    Silent {
        joins: bool,
    },
    /// Joins, and says so twice.
    Twice,
    /// Joins, and says so only after so long.
    Late(Duration),
}

enum Todo {
    /// With an answer to this offer.
    Answer(CallKey, Vec<u8>),
    Refuse(CallKey, u16),
    Leave(CallKey),
    Join(CallKey, Replaces),
    Report(CallKey, StatusCode),
}

pub struct Pbx {
    pub client: Client,
    pub fates: BTreeMap<String, Fate>,
    pub manner: Manner,
    /// Music plays, where the client is with the operator.
    pub held: bool,
    /// Client and target were put together.
    pub was_joined: bool,
    pub lines: Lines,
    registrar: Proxy,
    ua: UserAgent,
    aside: Aside,
    legs: BTreeMap<CallKey, Negotiation>,
    client_leg: Option<CallKey>,
    answered: BTreeSet<CallKey>,
    /// The call to a target with whom the client is just being joined.
    joining: Option<CallKey>,
    /// The operator's telephone hung up on one: on a real PBX the client may then be with nobody.
    pub crossed: bool,
    /// Branches of REFERs that were answered without the user agent.
    referred: BTreeSet<String>,
    said_twice: bool,
    todo: Vec<(Instant, Todo)>,
    ports: u16,
    lives: u8,
    seed: u64,
    identity: UserAgentConfig,
    /// From where the telephone spoke last.
    operator: SocketAddr,
    out: Vec<(SocketAddr, Vec<u8>)>,
}

impl Pbx {
    pub fn new(seed: u64, transport: Transport, session: Option<Duration>) -> Self {
        let identity = identity(transport, session);
        Self {
            client: Client::WithOperator,
            fates: BTreeMap::new(),
            manner: Manner::Joins(Duration::ZERO),
            held: false,
            was_joined: false,
            lines: Lines::default(),
            registrar: Proxy::new(),
            ua: UserAgent::exchange(identity.clone(), chance(seed, 0)),
            aside: Aside::default(),
            legs: BTreeMap::new(),
            client_leg: None,
            answered: BTreeSet::new(),
            joining: None,
            crossed: false,
            referred: BTreeSet::new(),
            said_twice: false,
            todo: vec![],
            ports: 20_000,
            lives: 0,
            seed,
            identity,
            operator: OPERATOR.parse().unwrap(),
            out: vec![],
        }
    }

    /// The client hears the operator.
    pub fn hears_operator(&self) -> bool {
        self.client == Client::WithOperator && !self.held
    }

    /// Somebody was called for the client, and that call stands.
    pub fn has_other_legs(&self) -> bool {
        self.legs.keys().any(|leg| Some(*leg) != self.client_leg)
    }

    pub fn knows_operator(&self) -> bool {
        self.registrar.knows("operator")
    }

    // -- what people and fate do

    pub fn client_calls(&mut self, now: Instant) {
        let address = |user: &str| NameAddr::new(format!("sip:{user}@pbx.example").parse().unwrap());
        let party = Party {
            from: address("+79161234567"),
            asserted: None,
            withheld: false,
            returned: None,
            to: address("operator"),
        };
        let contact = self.registrar.contact("operator").expect("registered").clone();
        let mut negotiation = self.negotiation();
        let offer = negotiation.offer(Direction::SendRecv);
        let call = self.ua.invite_for(now, &party, contact, offer);
        self.legs.insert(call, negotiation);
        self.client_leg = Some(call);
    }

    pub fn client_hangs_up(&mut self, now: Instant) {
        if matches!(self.client, Client::WithOperator | Client::WithTarget) {
            let was = std::mem::replace(&mut self.client, Client::HungUp);
            if let Some(leg) = self.client_leg.filter(|_| was == Client::WithOperator) {
                // NotNow: it is over already.
                let _ = self.ua.hang_up(now, leg);
            }
        }
    }

    /// Nobody is remembered: calls, registrations, subscriptions.
    pub fn restart(&mut self) {
        self.lives += 1;
        self.ua = UserAgent::exchange(self.identity.clone(), chance(self.seed, self.lives));
        self.registrar.restart();
        self.aside.restart();
        self.legs.clear();
        self.answered.clear();
        self.todo.clear();
        self.lines.forget();
        self.client_leg = None;
        if self.client != Client::HungUp {
            self.client = Client::CutOff;
        }
    }

    /// Another state of this extension's line, which is told.
    pub fn changes(&mut self, now: Instant, extension: &str, state: &'static str) {
        self.lines.set(now, &mut self.aside, extension, state);
    }

    pub fn close(&mut self, now: Instant) {
        for call in self.legs.keys().copied().collect::<Vec<_>>() {
            let _ = self.ua.hang_up(now, call);
        }
    }

    pub fn load(&self) -> Load {
        self.ua.load()
    }

    // -- messages and time

    /// The connection from there is gone.
    pub fn disconnected(&mut self, now: Instant, from: SocketAddr) {
        self.ua.handle_closed(now, Hop { transport: self.identity.transport, to: from });
    }

    pub fn on_datagram(&mut self, now: Instant, from: SocketAddr, bytes: Vec<u8>) {
        self.operator = from;
        let local = proxy::ADDRESS.parse().unwrap();
        let taken = match codec::parse(&bytes) {
            Ok(Parsed::Message(Message::Request(request))) => match request.method {
                Method::Register => self.registrar_takes(from, &bytes),
                Method::Options if request.uri.user.is_none() => self.registrar_takes(from, &bytes),
                Method::Subscribe => {
                    let answer = self.lines.on_subscribe(now, &mut self.aside, &request);
                    self.out.extend(answer.map(|octets| (from, octets)));
                    true
                }
                Method::Refer => self.takes_refer(now, &request),
                _ => false,
            },
            Ok(Parsed::Message(Message::Response(response))) => self.aside.takes(&response),
            _ => false,
        };
        if !taken {
            let transport = self.identity.transport;
            self.ua.handle_input(now, Received { transport, from, local, bytes });
        }
    }

    fn registrar_takes(&mut self, from: SocketAddr, bytes: &[u8]) -> bool {
        self.out.extend(self.registrar.on_packet(from, bytes));
        true
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        self.ua.handle_timeout(now);
        self.aside.handle_timeout(now);
        while let Some(at) = self.todo.iter().position(|(at, _)| *at <= now) {
            let (_, todo) = self.todo.remove(at);
            self.on_time(now, todo);
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        let own = self.todo.iter().map(|(at, _)| *at).min();
        own.into_iter().chain(self.ua.next_deadline()).chain(self.aside.next_deadline()).min()
    }

    /// What goes to the operator, and where the PBX believes him.
    pub fn drain(&mut self, now: Instant) -> Vec<(SocketAddr, Vec<u8>)> {
        loop {
            match self.ua.poll_output() {
                Output::Send(transmit) => {
                    self.say_twice(now, &transmit.bytes);
                    self.out.push((transmit.to, transmit.bytes));
                }
                Output::Event(event) => self.on_event(now, event),
                Output::Idle => break,
            }
        }
        let operator = self.operator;
        self.out.extend(self.aside.drain().into_iter().map(|(_, octets)| (operator, octets)));
        std::mem::take(&mut self.out)
    }

    // -- calls

    fn on_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Invited { call, invite } => self.on_invited(now, call, &invite),
            Event::Accepted { call, body: Some(answer), .. } => {
                let leg = self.legs.get_mut(&call).expect("a leg of ours");
                leg.handle_answer(&answer).expect("an answer to our offer");
            }
            Event::Offer { call, offer: Some(offer) } => {
                let Some(leg) = self.legs.get_mut(&call) else { return };
                let (answer, plan) = leg.handle_offer(&offer, Direction::SendRecv).expect("a usable offer");
                if Some(call) == self.client_leg {
                    self.held = plan.held_by_them;
                }
                self.ua.answer_offer(now, call, Ok(answer)).expect("an offer may be answered");
            }
            Event::ReferAsked { call, refer } => {
                let replaces = refer.replaces.expect("no blind transfer is told here");
                self.on_refer(now, call, replaces);
            }
            Event::Ended { call, by, .. } => self.on_ended(call, by == EndedBy::Them),
            _ => {}
        }
    }

    fn on_ended(&mut self, call: CallKey, by_operator: bool) {
        self.legs.remove(&call);
        self.answered.remove(&call);
        self.crossed |= by_operator && self.joining == Some(call) && self.client == Client::WithOperator;
        if Some(call) == self.client_leg {
            self.client_leg = None;
            if self.client == Client::WithOperator {
                self.client = if by_operator { Client::Left } else { Client::CutOff };
            }
        }
    }

    fn on_invited(&mut self, now: Instant, call: CallKey, invite: &Invite) {
        let number = invite.target.user.clone().unwrap_or_default();
        let offer = invite.offer.clone().expect("the telephone offers");
        let negotiation = self.negotiation();
        self.legs.insert(call, negotiation);
        self.ua.ring(now, call).expect("it may ring");
        match self.fates[&number] {
            Fate::Answers { after, leaves } => {
                self.todo.push((now + after, Todo::Answer(call, offer)));
                self.todo.extend(leaves.map(|leaves| (now + after + leaves, Todo::Leave(call))));
            }
            Fate::Refuses { after, status } => self.todo.push((now + after, Todo::Refuse(call, status))),
            Fate::Rings => {}
        }
    }

    /// What comes too late for a call changes nothing.
    fn on_time(&mut self, now: Instant, todo: Todo) {
        match todo {
            Todo::Answer(call, offer) => {
                let Some(leg) = self.legs.get_mut(&call) else { return };
                let (answer, _) = leg.handle_offer(&offer, Direction::SendRecv).expect("a usable offer");
                if self.ua.accept(now, call, answer).is_ok() {
                    self.answered.insert(call);
                }
            }
            Todo::Refuse(call, status) => {
                let _ = self.ua.reject(now, call, StatusCode::new(status).unwrap());
            }
            Todo::Leave(call) => {
                if self.client == Client::WithTarget {
                    self.client = Client::HungUp;
                }
                self.answered.remove(&call);
                let _ = self.ua.hang_up(now, call);
            }
            Todo::Join(call, replaces) => {
                let joined = self.join(now, &replaces);
                self.report(now, call, joined);
            }
            Todo::Report(call, status) => self.report(now, call, status),
        }
    }

    // -- REFER

    fn on_refer(&mut self, now: Instant, call: CallKey, replaces: Replaces) {
        if let Manner::Refuses(status) = self.manner {
            self.ua.answer_refer(now, call, Err(StatusCode::new(status).unwrap())).unwrap();
            return;
        }
        self.ua.answer_refer(now, call, Ok(())).unwrap();
        match self.manner {
            Manner::Joins(after) => {
                self.joining = self.replaced(&replaces);
                self.todo.push((now + after, Todo::Join(call, replaces)));
            }
            Manner::Late(after) => {
                let joined = self.join(now, &replaces);
                self.todo.push((now + after, Todo::Report(call, joined)));
            }
            _ => self.todo.push((now, Todo::Join(call, replaces))),
        }
    }

    /// The client gets the place of the operator in the call to the target, if that one stands.
    fn join(&mut self, now: Instant, replaces: &Replaces) -> StatusCode {
        self.joining = None;
        match self.replaced(replaces).filter(|_| self.client == Client::WithOperator) {
            Some(target) => {
                (self.client, self.was_joined) = (Client::WithTarget, true);
                self.ua.hang_up(now, target).expect("it stands");
                StatusCode::OK
            }
            None => StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST,
        }
    }

    fn replaced(&self, replaces: &Replaces) -> Option<CallKey> {
        let named = |leg: &&CallKey| self.ua.call_id(**leg) == Some(&replaces.call_id);
        self.answered.iter().find(named).copied()
    }

    fn report(&mut self, now: Instant, call: CallKey, status: StatusCode) {
        let _ = self.ua.refer_progress(now, call, status, status.default_reason());
    }

    /// Whether the REFER is answered without the user agent.
    fn takes_refer(&mut self, now: Instant, request: &Request) -> bool {
        let (status, joins) = match self.manner {
            Manner::Challenges if request.headers.first("Authorization").is_none() => (401, false),
            Manner::NoSubscription => (202, true),
            Manner::Silent { joins } => (202, joins),
            _ => return false,
        };
        let mut response = request.response(StatusCode::new(status).unwrap());
        match self.manner {
            Manner::Challenges => response
                .headers
                .push("WWW-Authenticate", "Digest realm=\"pbx\",nonce=\"refer\",algorithm=MD5,qop=\"auth\""),
            Manner::NoSubscription => response.headers.push("Refer-Sub", "false"),
            _ => {}
        }
        self.out.push((self.operator, response.to_bytes()));
        let branch = request.headers.require::<Via>().unwrap().branch().unwrap().to_owned();
        if self.referred.insert(branch) && joins {
            let target = request.headers.require::<ReferTo>().unwrap().uri.clone();
            let replaces = target.header("Replaces").map(|said| Replaces::parse(&said).unwrap());
            self.join(now, &replaces.expect("no blind transfer is told here"));
        }
        true
    }

    /// The last word, a second time and with a number of its own.
    fn say_twice(&mut self, now: Instant, octets: &[u8]) {
        let Ok(Parsed::Message(Message::Request(mut notify))) = codec::parse(octets) else { return };
        let last = notify.method == Method::Notify && notify.body.starts_with(b"SIP/2.0 200");
        if self.manner != Manner::Twice || !last || std::mem::replace(&mut self.said_twice, true) {
            return;
        }
        let seq = notify.headers.require::<CSeq>().unwrap().seq;
        notify.headers.set(&CSeq::new(seq + 1, Method::Notify));
        let mut via = notify.headers.require::<Via>().unwrap();
        via.params.set("branch", Some(&format!("z9hG4bKaside-again{seq}")));
        notify.headers.replace_first(&via);
        self.aside.ask(now, &notify);
    }

    fn negotiation(&mut self) -> Negotiation {
        self.ports += 2;
        let local = SocketAddr::new(proxy::ADDRESS.parse::<SocketAddr>().unwrap().ip(), self.ports);
        let session_id = u64::from(self.ports);
        Negotiation::new(NegotiationConfig {
            local,
            codecs: vec![Codec::Pcma],
            opus: EncoderSettings::default(),
            session_id,
        })
    }
}

fn chance(seed: u64, life: u8) -> [u8; 32] {
    let mut chance = [7; 32];
    chance[..8].copy_from_slice(&seed.to_le_bytes());
    chance[8] = life;
    chance
}

fn identity(transport: Transport, session: Option<Duration>) -> UserAgentConfig {
    let local = proxy::ADDRESS.parse().unwrap();
    UserAgentConfig {
        account: Account {
            user: "pbx".into(),
            domain: "pbx.example".into(),
            auth_user: None,
            password: Password::new(""),
            realm: None,
            registrar: None,
            outbound_proxy: None,
            display: None,
            expires: Duration::ZERO,
        },
        transport,
        server: local,
        local,
        user_agent: "PBX/test".into(),
        max_calls: 16,
        calls: CallPolicy { take_refers: true, session_expires: session, ..CallPolicy::default() },
    }
}
