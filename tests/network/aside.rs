//! What a telephone's far end says that our user agent never would: requests of its own beside the user agent,
//! repeated until they are answered (RFC 3261 §17.1.2).

use crate::proxy;
use patchcord::instant::Instant;
use patchcord::sip::message::{
    CSeq, CallId, Contact, From, Host, MaxForwards, Method, Request, Response, To, Uri, Via,
};
use patchcord::transmit::Transport;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
const TIMER_F: Duration = Duration::from_secs(32);

#[derive(Default)]
pub struct Aside {
    said: u32,
    open: Vec<Open>,
    /// Final answers, by branch.
    answers: BTreeMap<String, u16>,
    out: Vec<Vec<u8>>,
}

struct Open {
    branch: String,
    octets: Vec<u8>,
    gap: Duration,
    next: Instant,
    until: Instant,
}

impl Aside {
    /// A request in the dialog in which this telephone was sent `received`; `own` is its end with its tag.
    pub fn request(
        &mut self,
        method: Method,
        received: &Request,
        own: &To,
        contact: &Uri,
        home: SocketAddr,
    ) -> Request {
        self.said += 1;
        let target = received.headers.require::<Contact>().unwrap();
        let mut request = Request::new(method.clone(), target.addr().unwrap().uri.clone());
        let (host, branch) = (Host::Ip(home.ip()), format!("z9hG4bKaside{}.{}", home.ip(), self.said));
        request.headers.push_typed(&Via::new(Transport::Udp, host, Some(home.port()), &branch));
        request.headers.push_typed(&MaxForwards(70));
        request.headers.push_typed(&From(own.0.clone()));
        request.headers.push_typed(&To(received.headers.require::<From>().unwrap().0));
        request.headers.push_typed(&received.headers.require::<CallId>().unwrap());
        // Below the number of any BYE, which the user agent draws at random.
        request.headers.push_typed(&CSeq::new(self.said, method));
        request.headers.push("Contact", format!("<{contact}>"));
        request
    }

    pub fn ask(&mut self, now: Instant, request: &Request) {
        let branch = request.headers.require::<Via>().unwrap().branch().unwrap().to_owned();
        let octets = request.to_bytes();
        self.out.push(octets.clone());
        self.open.push(Open { branch, octets, gap: T1, next: now + T1, until: now + TIMER_F });
    }

    /// Whether the response is to a request of its own.
    pub fn takes(&mut self, response: &Response) -> bool {
        let via = response.headers.require::<Via>().unwrap();
        let branch = via.branch().unwrap_or_default();
        if response.status.code() >= 200 && branch.starts_with("z9hG4bKaside") {
            self.open.retain(|open| open.branch != branch);
            self.answers.insert(branch.to_owned(), response.status.code());
        }
        branch.starts_with("z9hG4bKaside")
    }

    pub fn answers(&self) -> Vec<u16> {
        self.answers.values().copied().collect()
    }

    /// Without memory of what it has asked; what it asks from now on is named otherwise.
    pub fn restart(&mut self) {
        self.open.clear();
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        self.open.retain(|open| open.until > now);
        for open in self.open.iter_mut().filter(|open| open.next <= now) {
            self.out.push(open.octets.clone());
            open.gap = (open.gap * 2).min(T2);
            open.next = now + open.gap;
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        self.open.iter().map(|open| open.next.min(open.until)).min()
    }

    pub fn drain(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        let pbx: SocketAddr = proxy::ADDRESS.parse().unwrap();
        self.out.drain(..).map(|octets| (pbx, octets)).collect()
    }
}
