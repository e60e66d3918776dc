//! The far end of a blind transfer, as a PBX is one: takes REFER, makes the call, and says by NOTIFY how it goes
//! (RFC 3515). Stands before a user agent, which makes and answers the calls.

use crate::aside::Aside;
use crate::sdp::Speaker;
use patchcord::instant::Instant;
use patchcord::sip::message::{Message, Method, ReferTo, Replaces, Request, StatusCode, To, Typed};
use patchcord::sip::{CallKey, Event, ReferAsked, UserAgent};
use std::net::SocketAddr;

pub struct Transferrer {
    address: SocketAddr,
    taken: Option<(Request, CallKey)>,
    out: Vec<Vec<u8>>,
}

impl Transferrer {
    pub const fn new(address: SocketAddr) -> Self {
        Self { address, taken: None, out: vec![] }
    }

    /// Whether the message is a REFER, and done with.
    pub fn takes(&mut self, now: Instant, ua: &mut UserAgent, aside: &mut Aside, message: &Message) -> bool {
        match message {
            Message::Request(request) if request.method == Method::Refer => {
                self.on_refer(now, ua, aside, request);
                true
            }
            _ => false,
        }
    }

    fn on_refer(&mut self, now: Instant, ua: &mut UserAgent, aside: &mut Aside, request: &Request) {
        let response = request.response(StatusCode::new(202).unwrap());
        self.out.push(response.to_bytes());
        if self.taken.is_none() {
            let mut target = request.headers.require::<ReferTo>().unwrap().uri.clone();
            let replaces = target.header("Replaces").map(|said| Replaces::parse(&said).unwrap());
            target.headers.clear();
            let asked = ReferAsked { target: target.clone(), referred_by: None, replaces };
            let offer = Speaker::new(false).speak(false);
            let call = ua.invite_referred(now, target, Some(offer), &asked);
            self.taken = Some((request.clone(), call));
            self.notify(now, aside, "100 Trying", "active;expires=60");
        }
    }

    /// What becomes of the call to the target.
    pub fn on_event(&mut self, now: Instant, aside: &mut Aside, event: &Event) {
        let Some((_, ours)) = self.taken else { return };
        match event {
            Event::Ringing { call, .. } if *call == ours => {
                self.notify(now, aside, "180 Ringing", "active;expires=60")
            }
            Event::Accepted { call, .. } if *call == ours => {
                self.notify(now, aside, "200 OK", "terminated;reason=noresource");
            }
            Event::Ended { call, status: Some(status), .. } if *call == ours && status.code() >= 300 => {
                let said = format!("{} {}", status.code(), status.default_reason());
                self.notify(now, aside, &said, "terminated;reason=noresource");
            }
            _ => {}
        }
    }

    fn notify(&self, now: Instant, aside: &mut Aside, status: &str, state: &str) {
        let Some((refer, _)) = &self.taken else { return };
        let own = refer.headers.require::<To>().unwrap();
        let contact = format!("sip:{}", self.address).parse().unwrap();
        let mut notify = aside.request(Method::Notify, refer, &own, &contact, self.address);
        notify.headers.push("Event", "refer");
        notify.headers.push("Subscription-State", state);
        notify.headers.push("Content-Type", "message/sipfrag");
        notify.body = format!("SIP/2.0 {status}\r\n").into_bytes();
        aside.ask(now, &notify);
    }

    pub fn drain(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.out)
    }
}
