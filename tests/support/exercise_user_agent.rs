//! A whole user agent in a conversation that goes wrong: octets are read as steps, which advance time, give
//! commands, and let messages arrive that fit its live dialogs but are spoilt. Shared by the fuzz target and the
//! replay of its corpus.

use patchcord::instant::Instant;
use patchcord::sip::message::codec::{self, Parsed};
use patchcord::sip::message::{CSeq, From, Message, Method, Request, Response, StatusCode, To};
use patchcord::sip::{
    Account, CallKey, CallPolicy, Event, Load, Output, Package, Password, SubscriptionKey, UserAgent,
    UserAgentConfig,
};
use patchcord::transmit::{Hop, Received, Transport};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

const SDP: &[u8] =
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
/// What the user agent said is remembered so far back.
const REMEMBERED: usize = 8;
const MOST_STEPS: usize = 150;
/// And so long it lasts: what comes later is more of the same retransmissions.
const LONGEST: Duration = Duration::from_secs(900);

/// From here on a step's octet is read by itself: these steps came after the first inputs had been kept.
const LATER_STEPS: u8 = 0xf0;

const START: Instant = Instant::from_start(Duration::from_secs(1));

const METHODS: [Method; 11] = [
    Method::Invite,
    Method::Ack,
    Method::Bye,
    Method::Cancel,
    Method::Options,
    Method::Update,
    Method::Info,
    Method::Notify,
    Method::Refer,
    Method::Prack,
    Method::Register,
];
const STATUSES: [u16; 20] =
    [100, 180, 183, 200, 202, 200, 300, 302, 401, 407, 403, 404, 408, 422, 481, 486, 487, 491, 500, 503];
/// How a request is refused that cannot be read.
const UNREADABLE: [&str; 4] = ["SIP/2.0 400", "SIP/2.0 414", "SIP/2.0 416", "SIP/2.0 505"];
/// Fields that change what a message means.
const FIELDS: [(&str, &str); 23] = [
    ("Session-Expires", "90;refresher=uac"),
    ("Session-Expires", "90;refresher=uas"),
    ("Min-SE", "1800"),
    ("Supported", "timer, 100rel"),
    ("Require", "100rel"),
    ("RSeq", "1"),
    ("RAck", "1 1 INVITE"),
    ("Allow", "INVITE, UPDATE"),
    ("Event", "refer"),
    ("Subscription-State", "terminated;reason=noresource"),
    ("Subscription-State", "active;expires=60"),
    ("Contact", "<sip:pbx@192.0.2.10>"),
    ("Contact", "<sip:else@192.0.2.77:5080;transport=tcp>;expires=0"),
    ("Record-Route", "<sip:192.0.2.66;lr>, <sip:strict.example>"),
    ("Retry-After", "3"),
    ("Expires", "2"),
    ("WWW-Authenticate", "Digest realm=\"r\",nonce=\"n\",qop=\"auth\""),
    ("Proxy-Authenticate", "Digest realm=\"r\",nonce=\"m\",algorithm=SHA-256"),
    ("Reason", "SIP;cause=200;text=\"Call completed elsewhere\""),
    ("Replaces", "x;to-tag=a;from-tag=b"),
    ("Refer-To", "<sip:300@pbx.example>"),
    ("Refer-To", "<sip:300@pbx.example?Replaces=x%3Bto-tag%3Da%3Bfrom-tag%3Db>"),
    ("Refer-Sub", "false"),
];

/// The input, octet by octet; zeros when it is at its end.
struct Steps<'a>(&'a [u8]);

impl Steps<'_> {
    fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.next()) % limit.max(1)
    }
}

struct Patient {
    now: Instant,
    ua: UserAgent,
    /// How what arrives comes, and where the other side wants to be asked.
    arrives_by: Transport,
    contact: &'static str,
    takes_digits: bool,
    requests: VecDeque<Request>,
    responses: VecDeque<Response>,
    calls: VecDeque<CallKey>,
    watched: VecDeque<SubscriptionKey>,
    last: Vec<u8>,
    arrived: u32,
    said: usize,
}

/// How many things it said to its user.
pub fn conversation(octets: &[u8]) -> usize {
    let mut steps = Steps(octets);
    let (transport, policy) = settings(steps.next());
    let mut patient = Patient::new(transport, policy);
    for _ in 0..MOST_STEPS {
        if steps.0.is_empty() {
            break;
        }
        patient.step(&mut steps);
        patient.drain();
    }
    patient.recover();
    patient.said
}

fn settings(octet: u8) -> (Transport, CallPolicy) {
    let policy = CallPolicy {
        session_expires: (octet & 4 != 0).then_some(Duration::from_secs(90)),
        follow_redirects: octet & 8 != 0,
        take_refers: octet & 16 != 0,
    };
    (if octet % 4 == 3 { Transport::Tcp } else { Transport::Udp }, policy)
}

impl Patient {
    fn new(transport: Transport, calls: CallPolicy) -> Self {
        let config = UserAgentConfig {
            account: Account {
                user: "anna".into(),
                domain: "pbx.example".into(),
                auth_user: None,
                password: Password::new("secret"),
                realm: None,
                registrar: None,
                outbound_proxy: None,
                display: None,
                expires: Duration::from_secs(600),
            },
            transport,
            server: pbx(),
            local: SocketAddr::from(([192, 0, 2, 1], 5060)),
            user_agent: "Patchcord".into(),
            max_calls: 2,
            calls,
        };
        Self {
            now: START,
            ua: UserAgent::new(config, [7; 32]),
            arrives_by: Transport::Udp,
            contact: "<sip:pbx@192.0.2.10:5060>",
            takes_digits: false,
            requests: VecDeque::new(),
            responses: VecDeque::new(),
            calls: VecDeque::new(),
            watched: VecDeque::new(),
            last: vec![],
            arrived: 0,
            said: 0,
        }
    }

    fn step(&mut self, steps: &mut Steps) {
        let step = steps.next();
        if step >= LATER_STEPS {
            return self.later_step(step, steps);
        }
        match step % 16 {
            0 | 1 => {
                let units = u64::from(steps.next());
                self.pass(Duration::from_millis(units * units).min(self.left()));
            }
            2 => self.pass(Duration::from_secs(u64::from(steps.next())).min(self.left())),
            3..=5 => self.request_arrives(steps),
            6..=8 => self.response_arrives(steps),
            9 => {
                let again = self.last.clone();
                self.arrive(again);
            }
            10 => {
                let length = usize::from(steps.next()).min(steps.0.len());
                let (raw, rest) = steps.0.split_at(length);
                steps.0 = rest;
                self.arrive(raw.to_vec());
            }
            11 => self.ua.handle_unreachable(self.now, Hop { transport: Transport::Udp, to: pbx() }),
            _ => self.command(steps),
        }
    }

    fn later_step(&mut self, step: u8, steps: &mut Steps) {
        let now = self.now;
        let connection = Hop { transport: Transport::Tcp, to: pbx() };
        match step - LATER_STEPS {
            0 => self.arrives_by = Transport::Tcp,
            1 => self.arrives_by = Transport::Udp,
            2 => self.ua.handle_closed(now, connection),
            3 => self.ua.handle_unreachable(now, connection),
            4 => {
                let next = SocketAddr::from(([192, 0, 2, 1], 40_000 + u16::from(steps.next())));
                self.ua.handle_disconnected(now, next);
            }
            5 => self.contact = "<sip:pbx@192.0.2.10:5060;transport=tcp>",
            6 if self.calls.len() < 20 => {
                let large = [SDP, &b"a=x\r\n".repeat(300)].concat();
                self.calls.push_back(self.ua.invite(now, uri("sip:200@pbx.example"), Some(large)));
            }
            // Refused where it does not fit the state, like other commands.
            7 => drop(self.ua.send_digit(
                now,
                self.any_call(steps),
                b"0123456789*#ABCD"[steps.below(16)].into(),
            )),
            8 => drop(self.ua.progress(now, self.any_call(steps), SDP.to_vec())),
            9 => drop(self.ua.refer_replacing(now, self.any_call(steps), self.any_call(steps))),
            10 => self.takes_digits = true,
            11 if self.ua.load().subscriptions < 20 => {
                let package = [Package::Dialog, Package::Presence, Package::MessageSummary][steps.below(3)];
                self.watched.push_back(self.ua.watch(now, uri("sip:201@pbx.example"), package));
            }
            12 => {
                if let Some(subscription) = self.watched.pop_front() {
                    self.ua.unwatch(now, subscription);
                }
            }
            _ => {}
        }
    }

    fn any_call(&self, steps: &mut Steps) -> CallKey {
        self.calls.get(steps.below(self.calls.len())).copied().unwrap_or(CallKey(1))
    }

    fn command(&mut self, steps: &mut Steps) {
        let command = steps.next() % 16;
        let call = self.any_call(steps);
        let (now, ua) = (self.now, &mut self.ua);
        let sdp = || SDP.to_vec();
        // A command that does not fit the state is refused: that is an answer, too.
        let _ = match command {
            0 => {
                let offer = (!steps.next().is_multiple_of(4)).then(sdp);
                if self.calls.len() < 20 {
                    self.calls.push_back(ua.invite(now, uri("sip:200@pbx.example"), offer));
                }
                Ok(())
            }
            1 => ua.ring(now, call),
            2 => ua.accept(now, call, sdp()),
            3 => ua.reject(now, call, StatusCode::BUSY_HERE),
            4 => ua.hang_up(now, call),
            5 => ua.reoffer(now, call, sdp()),
            6 => ua.answer_offer(now, call, Ok(sdp())),
            7 => ua.answer_offer(now, call, Err(StatusCode::NOT_ACCEPTABLE_HERE)),
            8 => ua.acknowledge(now, call, sdp()),
            9 => ua.refer(now, call, uri("sip:201@pbx.example")).map(drop),
            10 => {
                ua.register(now);
                Ok(())
            }
            11 => {
                ua.unregister(now);
                Ok(())
            }
            12 => ua.answer_refer(now, call, Ok(())),
            13 => ua.refer_progress(now, call, StatusCode::OK, "OK"),
            14 => {
                ua.probe(now, uri("sip:200@pbx.example"));
                Ok(())
            }
            _ => {
                let local = SocketAddr::from(([192, 0, 2, 1 + steps.next() % 3], 5060));
                ua.set_addresses(now, local, pbx());
                Ok(())
            }
        };
    }

    // -- what arrives

    fn request_arrives(&mut self, steps: &mut Steps) {
        let method = METHODS[steps.below(METHODS.len())].clone();
        let mut request = Request::new(method.clone(), self.ua.contact());
        self.arrived += 1;
        let n = self.arrived;
        let (how, back) = (steps.next() % 8, steps.below(REMEMBERED));
        let answered = self.responses.get(back).cloned();
        let asked = self.requests.get(back).cloned();
        let (mut branch, mut seq) = (n, 1_000 + n);
        let (mut from, mut to, mut call_id) =
            (format!("<sip:200@pbx.example>;tag=t{n}"), format!("<{}>", self.ua.contact()), format!("c{n}"));
        match (how, answered, asked) {
            // In a dialog that it answered, or in one that it began.
            (0..=3, Some(response), _) => {
                let field = |name| response.headers.first(name).unwrap_or_default().to_owned();
                (from, to, call_id) = (field("From"), field("To"), field("Call-ID"));
                if matches!(method, Method::Ack | Method::Cancel)
                    && let Ok(answers) = response.headers.require::<CSeq>()
                {
                    seq = answers.seq;
                    branch = seq.saturating_sub(1_000);
                }
            }
            (4..=6, _, Some(invite)) => {
                let field = |name| invite.headers.first(name).unwrap_or_default().to_owned();
                (to, call_id) = (field("From"), field("Call-ID"));
                from = format!("{};tag=far{}", "<sip:200@pbx.example>", how % 2);
            }
            _ => {}
        }
        let spread = u32::from(steps.next());
        if spread > 240 {
            seq = seq.saturating_sub(spread);
        }
        let by = if self.arrives_by == Transport::Tcp { "TCP" } else { "UDP" };
        request.headers.push("Via", format!("SIP/2.0/{by} 192.0.2.10:5060;rport;branch=z9hG4bKb{branch}"));
        request.headers.push("From", from);
        request.headers.push("To", to);
        request.headers.push("Call-ID", call_id);
        request.headers.push("CSeq", format!("{seq} {method}"));
        request.headers.push("Max-Forwards", "70");
        self.fill_and_spoil(Message::Request(request), steps);
    }

    fn response_arrives(&mut self, steps: &mut Steps) {
        let back = steps.below(REMEMBERED);
        let Some(request) = self.requests.get(back) else { return };
        let status = StatusCode::new(STATUSES[steps.below(STATUSES.len())]).expect("a status of the table");
        let mut response = request.response(status);
        if let Ok(mut to) = response.headers.require::<To>()
            && to.tag().is_none()
            && status.code() > 100
        {
            to.set_tag(&format!("far{}", steps.next() % 2));
            response.headers.set(&to);
        }
        self.fill_and_spoil(Message::Response(response), steps);
    }

    fn fill_and_spoil(&mut self, mut message: Message, steps: &mut Steps) {
        let (headers, body) = match &mut message {
            Message::Request(request) => (&mut request.headers, &mut request.body),
            Message::Response(response) => (&mut response.headers, &mut response.body),
        };
        headers.push("Contact", self.contact);
        if self.takes_digits {
            headers.push("Allow", "INVITE, INFO");
        }
        for _ in 0..steps.next() % 4 {
            let (name, value) = FIELDS[steps.below(FIELDS.len())];
            headers.push(name, value);
        }
        match steps.next() % 6 {
            0..=2 => {
                headers.push("Content-Type", "application/sdp");
                *body = SDP.to_vec();
            }
            3 => {
                headers.push("Content-Type", "message/sipfrag");
                *body = format!("SIP/2.0 {} x\r\n", STATUSES[steps.below(STATUSES.len())]).into_bytes();
            }
            4 => {
                headers.push("Content-Type", "application/dtmf-relay");
                *body = b"Signal=5\r\nDuration=160\r\n".to_vec();
            }
            _ => {}
        }
        let mut octets = message.to_bytes();
        // Three of four arrive whole: spoilt ones seldom get as far as a dialog.
        if steps.next().is_multiple_of(4) {
            for _ in 0..=steps.next() % 3 {
                let at = (usize::from(steps.next()) << 2 | steps.below(4)) % octets.len();
                match steps.next() % 4 {
                    0 => octets[at] ^= steps.next(),
                    1 => octets.truncate(at.max(1)),
                    2 => octets.insert(at, steps.next()),
                    _ => drop(octets.drain(at..(at + steps.below(40)).min(octets.len() - 1).max(at))),
                }
            }
        }
        self.arrive(octets);
    }

    fn arrive(&mut self, octets: Vec<u8>) {
        self.last.clone_from(&octets);
        let (transport, local) = (self.arrives_by, SocketAddr::from(([192, 0, 2, 1], 5060)));
        self.ua.handle_input(self.now, Received { transport, from: pbx(), local, bytes: octets });
    }

    // -- what must hold

    fn drain(&mut self) {
        let mut outputs = 0;
        loop {
            let output = self.ua.poll_output();
            self.said += usize::from(matches!(output, Output::Event(_)));
            match output {
                Output::Send(transmit) => self.remember(&transmit.bytes),
                Output::Event(Event::Invited { call, .. }) => self.calls.push_back(call),
                Output::Event(Event::Ended { call, .. }) => {
                    assert!(self.calls.contains(&call), "a call ended that never was, or twice");
                    self.calls.retain(|known| *known != call);
                }
                Output::Event(_) => {}
                Output::Idle => break,
            }
            outputs += 1;
        }
        assert!(outputs <= 200, "{outputs} outputs of one step");
        let Load { transactions, timers, calls, probes, subscriptions } = self.ua.load();
        assert!(
            timers <= 3 * transactions + 8 * calls + 4 * subscriptions + 8,
            "too many timers: {:?}",
            self.ua.load()
        );
        assert!(transactions + calls + probes + subscriptions <= 1_500, "it grows: {:?}", self.ua.load());
    }

    fn remember(&mut self, octets: &[u8]) {
        match codec::parse(octets) {
            Ok(Parsed::Message(Message::Request(request))) => {
                let has_tag = request.headers.require::<From>().is_ok_and(|from| from.tag().is_some());
                assert!(has_tag, "a request without a tag");
                self.requests.push_front(request);
                self.requests.truncate(REMEMBERED);
            }
            Ok(Parsed::Message(Message::Response(response))) => {
                self.responses.push_front(response);
                self.responses.truncate(REMEMBERED);
            }
            // A refusal repeats even the Via or CSeq that it could not read (RFC 4475 §3.1.2.1).
            Err(_) if UNREADABLE.iter().any(|status| octets.starts_with(status.as_bytes())) => {}
            other => panic!("it sent what nobody can read: {other:?}"),
        }
    }

    fn left(&self) -> Duration {
        LONGEST.saturating_sub(self.now.since(START))
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(next) = self.ua.next_deadline().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.ua.handle_timeout(self.now);
            self.drain();
            assert!(self.ua.next_deadline().is_none_or(|next| next > self.now), "a timer that stands still");
        }
        self.now = until;
    }

    /// Everybody hangs up and leaves: nothing is left then.
    fn recover(&mut self) {
        for call in self.calls.clone() {
            let _ = self.ua.hang_up(self.now, call);
        }
        for subscription in std::mem::take(&mut self.watched) {
            self.ua.unwatch(self.now, subscription);
        }
        self.ua.unregister(self.now);
        self.drain();
        // Longer than the news of a call lasts that somebody asked us for.
        self.pass(Duration::from_secs(700));
        assert_eq!(self.ua.load(), Load::default(), "something is left after 700 s");
        assert!(self.calls.is_empty(), "a call never ended");
    }
}

fn pbx() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 10], 5060))
}

fn uri(text: &str) -> patchcord::sip::message::Uri {
    text.parse().expect("a fixed URI")
}
