//! The far end of a blind transfer, as a PBX is one: takes REFER, makes the call, and says by NOTIFY how it goes
//! (RFC 3515). Stands before a user agent, which makes and answers the calls.

use crate::proxy;
use patchcord::instant::Instant;
use patchcord::sip::message::{
    CSeq, CallId, Contact, From, Host, MaxForwards, Message, Method, ReferTo, Replaces, Request, StatusCode,
    To, Typed, Uri, Via,
};
use patchcord::sip::{CallKey, Event, ReferAsked, UserAgent};
use patchcord::transmit::Transport;
use std::net::SocketAddr;
use std::time::Duration;

const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);

pub struct Transferrer {
    address: SocketAddr,
    taken: Option<(Request, CallKey)>,
    said: u32,
    /// NOTIFYs that are not answered yet.
    open: Vec<Notify>,
    out: Vec<Vec<u8>>,
}

struct Notify {
    branch: String,
    octets: Vec<u8>,
    gap: Duration,
    next: Instant,
    until: Instant,
}

impl Transferrer {
    pub const fn new(address: SocketAddr) -> Self {
        Self { address, taken: None, said: 0, open: vec![], out: vec![] }
    }

    /// Whether the message was about a transfer, and is done with.
    pub fn takes(&mut self, now: Instant, ua: &mut UserAgent, message: &Message) -> bool {
        match message {
            Message::Request(request) if request.method == Method::Refer => {
                self.on_refer(now, ua, request);
                true
            }
            Message::Response(response) => {
                let method = response.headers.require::<CSeq>().unwrap().method;
                let via = response.headers.require::<Via>().unwrap();
                self.open.retain(|notify| Some(notify.branch.as_str()) != via.branch());
                method == Method::Notify
            }
            Message::Request(_) => false,
        }
    }

    fn on_refer(&mut self, now: Instant, ua: &mut UserAgent, request: &Request) {
        let response = request.response(StatusCode::new(202).unwrap());
        self.out.push(response.to_bytes());
        if self.taken.is_none() {
            let mut target = request.headers.require::<ReferTo>().unwrap().uri.clone();
            let replaces = target.header("Replaces").map(|said| Replaces::parse(&said).unwrap());
            target.headers.clear();
            let asked = ReferAsked { target: target.clone(), referred_by: None, replaces };
            let call = ua.invite_referred(now, target, Some(crate::world::OFFER.to_vec()), &asked);
            self.taken = Some((request.clone(), call));
            self.notify(now, "100 Trying", "active;expires=60");
        }
    }

    /// What becomes of the call to the target.
    pub fn on_event(&mut self, now: Instant, event: &Event) {
        let Some((_, ours)) = self.taken else { return };
        match event {
            Event::Ringing { call, .. } if *call == ours => {
                self.notify(now, "180 Ringing", "active;expires=60")
            }
            Event::Accepted { call, .. } if *call == ours => {
                self.notify(now, "200 OK", "terminated;reason=noresource");
            }
            _ => {}
        }
    }

    fn notify(&mut self, now: Instant, status: &str, state: &str) {
        let Some((refer, _)) = &self.taken else { return };
        self.said += 1;
        let contact = refer.headers.require::<Contact>().unwrap();
        let mut notify = Request::new(Method::Notify, contact.addr().unwrap().uri.clone());
        let branch = format!("z9hG4bKnotify{}", self.said);
        let host = Host::Ip(self.address.ip());
        notify.headers.push_typed(&Via::new(
            Transport::Udp,
            host.clone(),
            Some(self.address.port()),
            &branch,
        ));
        notify.headers.push_typed(&MaxForwards(70));
        notify.headers.push_typed(&From(refer.headers.require::<To>().unwrap().0));
        notify.headers.push_typed(&To(refer.headers.require::<From>().unwrap().0));
        notify.headers.push_typed(&refer.headers.require::<CallId>().unwrap());
        // Below the number of any BYE, which the user agent draws at random.
        notify.headers.push_typed(&CSeq::new(self.said, Method::Notify));
        notify.headers.push("Contact", format!("<{}>", Uri::sip(None, host, Some(self.address.port()))));
        notify.headers.push("Event", "refer");
        notify.headers.push("Subscription-State", state);
        notify.headers.push("Content-Type", "message/sipfrag");
        notify.body = format!("SIP/2.0 {status}\r\n").into_bytes();
        let octets = notify.to_bytes();
        self.out.push(octets.clone());
        let until = now + Duration::from_secs(32);
        self.open.push(Notify { branch, octets, gap: T1, next: now + T1, until });
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        self.open.retain(|notify| notify.until > now);
        for notify in self.open.iter_mut().filter(|notify| notify.next <= now) {
            self.out.push(notify.octets.clone());
            notify.gap = (notify.gap * 2).min(T2);
            notify.next = now + notify.gap;
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        self.open.iter().map(|notify| notify.next.min(notify.until)).min()
    }

    pub fn drain(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        let pbx: SocketAddr = proxy::ADDRESS.parse().unwrap();
        self.out.drain(..).map(|octets| (pbx, octets)).collect()
    }
}
