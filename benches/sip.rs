//! What the SIP core costs, on virtual time and without a socket:
//! `cargo bench --no-default-features --bench sip`

use patchcord::instant::Instant;
use patchcord::sip::message::codec::{self, Parsed};
use patchcord::sip::message::{Message, Method, NameAddr, Request, Response, StatusCode, To};
use patchcord::sip::{Account, CallKey, CallPolicy, Event, Output, Password, UserAgent, UserAgentConfig};
use patchcord::transmit::{Received, Transport};
use std::alloc::{GlobalAlloc, Layout, System};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const SDP: &[u8] =
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";

/// Counts what is allocated: resident memory says little of a dialog.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is handed on to the system's allocator as it came; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps `alloc`'s contract, which is the same one.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above; `at` came from `System`.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[expect(clippy::disallowed_methods, reason = "real time is what is measured")]
fn clock() -> std::time::Instant {
    std::time::Instant::now()
}

fn main() {
    messages();
    transactions();
    calls();
}

/// How often in a second, over at least half of one.
fn rate(mut what: impl FnMut()) -> f64 {
    let (begun, mut count) = (clock(), 0_u32);
    while begun.elapsed() < Duration::from_millis(500) {
        for _ in 0..100 {
            what();
        }
        count += 100;
    }
    f64::from(count) / begun.elapsed().as_secs_f64()
}

fn report(name: &str, rate: f64) {
    println!("{name:44} {rate:12.0} a second {:10.2} µs each", 1e6 / rate);
}

// -- messages

fn messages() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/traces");
    let read = |name: &str| std::fs::read(format!("{folder}/{name}.sip")).unwrap();
    for name in ["invite-from-pbx", "invite-200", "register-200", "notify-sipfrag"] {
        let octets = read(name);
        let Ok(Parsed::Message(message)) = codec::parse(&octets) else { panic!("{name} is readable") };
        report(&format!("parse {name}, {} octets", octets.len()), rate(|| drop(codec::parse(&octets))));
        report("  the same by rsip", rate(|| drop(rsip::SipMessage::try_from(octets.as_slice()))));
        report("  print", rate(|| drop(message.to_bytes())));
    }
}

// -- user agents

fn pbx() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 10], 5060))
}

fn config(max_calls: usize) -> UserAgentConfig {
    UserAgentConfig {
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
        transport: Transport::Udp,
        server: pbx(),
        local: SocketAddr::from(([192, 0, 2, 1], 5060)),
        user_agent: "Patchcord".into(),
        max_calls,
        calls: CallPolicy::default(),
    }
}

struct Bench {
    now: Instant,
    ua: UserAgent,
    count: u64,
}

impl Bench {
    fn new(max_calls: usize) -> Self {
        Self { now: Instant::START, ua: UserAgent::new(config(max_calls), [1; 32]), count: 0 }
    }

    fn request(&mut self, method: Method, call: u64, seq: u32, to: Option<&To>) -> Request {
        self.count += 1;
        let mut request = Request::new(method.clone(), self.ua.contact());
        let branch = self.count;
        request.headers.push("Via", format!("SIP/2.0/UDP 192.0.2.10:5060;rport;branch=z9hG4bK{branch}"));
        request.headers.push("From", format!("<sip:+79161234567@pbx.example>;tag=f{call}"));
        match to {
            Some(to) => request.headers.push_typed(to),
            None => request.headers.push_typed(&To(NameAddr::new(self.ua.contact()))),
        }
        request.headers.push("Call-ID", format!("call-{call}@pbx.example"));
        request.headers.push("CSeq", format!("{seq} {method}"));
        request.headers.push("Contact", "<sip:pbx@192.0.2.10:5060>");
        request.headers.push("Max-Forwards", "70");
        if method == Method::Invite {
            request.headers.push("Content-Type", "application/sdp");
            request.body = SDP.to_vec();
        }
        request
    }

    /// The final response that it brings, and the call.
    fn hear(&mut self, request: &Request) -> (Option<Response>, Option<CallKey>) {
        let (from, local) = (pbx(), SocketAddr::from(([192, 0, 2, 1], 5060)));
        let bytes = request.to_bytes();
        self.ua.handle_input(self.now, Received { transport: Transport::Udp, from, local, bytes });
        self.drain()
    }

    fn drain(&mut self) -> (Option<Response>, Option<CallKey>) {
        let (mut last, mut invited) = (None, None);
        loop {
            match self.ua.poll_output() {
                Output::Send(transmit) => {
                    if let Ok(Parsed::Message(Message::Response(response))) = codec::parse(&transmit.bytes) {
                        last = Some(response);
                    }
                }
                Output::Event(Event::Invited { call, .. }) => invited = Some(call),
                Output::Event(_) => {}
                Output::Idle => return (last.filter(|last| last.status.is_final()), invited),
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(next) = self.ua.next_deadline().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.ua.handle_timeout(self.now);
            self.drain();
        }
        self.now = until;
    }

    /// INVITE, 100, 180, 200, ACK.
    fn begin(&mut self, call: u64) -> To {
        let invite = self.request(Method::Invite, call, 1, None);
        let (_, key) = self.hear(&invite);
        let key = key.expect("it rings");
        self.ua.ring(self.now, key).unwrap();
        self.ua.accept(self.now, key, SDP.to_vec()).unwrap();
        let (ok, _) = self.drain();
        let to = ok.expect("it is answered").headers.require::<To>().unwrap();
        let ack = self.request(Method::Ack, call, 1, Some(&to));
        self.hear(&ack);
        to
    }

    fn end(&mut self, call: u64, to: &To) {
        let bye = self.request(Method::Bye, call, 2, Some(to));
        let (ok, _) = self.hear(&bye);
        assert_eq!(ok.map(|ok| ok.status), Some(StatusCode::OK));
    }
}

fn transactions() {
    let mut bench = Bench::new(1);
    let mut call = 0;
    let answered = rate(|| {
        call += 1;
        let options = bench.request(Method::Options, call, 1, None);
        assert!(bench.hear(&options).0.is_some());
        bench.pass(Duration::from_millis(50)); // So that some 640 of them live.
    });
    report("OPTIONS answered and forgotten", answered);
}

fn calls() {
    let mut bench = Bench::new(1);
    let mut call = 0;
    let alone = rate(|| {
        call += 1;
        let to = bench.begin(call);
        bench.end(call, &to);
        bench.pass(Duration::from_secs(40));
    });
    report("a whole call, one after another", alone);

    println!(
        "\n{:>10} {:>22} {:>22} {:>18}",
        "calls", "begin one more, µs", "BYE and forget, µs", "octets a call"
    );
    for others in [1, 10, 100, 1_000] {
        let mut bench = Bench::new(usize::MAX);
        let empty = ALLOCATED.load(Ordering::Relaxed);
        let mut standing = Vec::new();
        for call in 0..others {
            standing.push((call, bench.begin(call)));
            bench.pass(Duration::from_millis(400)); // Fewer transactions live at once than are allowed.
        }
        bench.pass(Duration::from_secs(100));
        let each = (ALLOCATED.load(Ordering::Relaxed) - empty) / standing.len();
        let (mut beginning, mut ending) = (Duration::ZERO, Duration::ZERO);
        for more in 0..200 {
            let begun = clock();
            let to = bench.begin(10_000 + more);
            beginning += begun.elapsed();
            let begun = clock();
            bench.end(10_000 + more, &to);
            bench.pass(Duration::from_secs(40));
            ending += begun.elapsed();
        }
        let micros = |time: Duration| time.as_secs_f64() * 1e6 / 200.0;
        println!("{others:>10} {:>22.1} {:>22.1} {each:>18}", micros(beginning), micros(ending));
    }
}
