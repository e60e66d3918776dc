//! One telephone, and what its user says in each call.

use super::{BORIS, CLARA, PEOPLE, secs};
use crate::aside::Aside;
use crate::proxy;
use crate::rules::Side;
use crate::sdp::Speaker;
use crate::streams::Stream;
use crate::transferrer::Transferrer;
use patchcord::instant::Instant;
use patchcord::sip::{Account, CallKey, CallPolicy, Event, Password, UserAgent, UserAgentConfig};
use patchcord::transmit::Transport;
use std::collections::BTreeMap;
use std::net::SocketAddr;

pub struct Agent {
    pub ua: UserAgent,
    pub events: Vec<Event>,
    pub(super) address: SocketAddr,
    pub(super) rules: Side,
    /// What it says in each call.
    pub(super) speakers: BTreeMap<CallKey, Speaker>,
    pub(super) aside: Aside,
    pub(super) transferrer: Option<Transferrer>,
    /// None: by UDP.
    pub(super) stream: Option<Stream>,
    pub(super) cut_off: bool,
    pub(super) asleep: bool,
    /// Nothing reached it for a while.
    pub(super) was_dark: bool,
    pub(super) lives: u8,
}

impl Agent {
    /// Answers the offer that came, or makes one: as before, or put on hold and taken back.
    pub(super) fn speak(&mut self, call: CallKey, swap: bool) -> Vec<u8> {
        self.speakers.entry(call).or_default().speak(swap)
    }

    pub(super) fn on_event(&mut self, now: Instant, event: Event) {
        match &event {
            Event::Invited { call, invite } => self.hear(*call, invite.offer.as_ref()),
            Event::Accepted { call, body, offer_pending: true } => self.hear(*call, body.as_ref()),
            Event::Offer { call, offer } => {
                self.hear(*call, offer.as_ref());
                let body = self.speak(*call, false);
                self.ua.answer_offer(now, *call, Ok(body)).expect("an offer may be answered");
            }
            Event::ReferAsked { call, .. } => {
                self.ua.answer_refer(now, *call, Ok(())).expect("a REFER may be answered");
            }
            _ => {}
        }
        if let Some(transferrer) = &mut self.transferrer {
            transferrer.on_event(now, &mut self.aside, &event);
        }
        self.events.push(event);
    }

    fn hear(&mut self, call: CallKey, offer: Option<&Vec<u8>>) {
        if let Some(offer) = offer {
            self.speakers.entry(call).or_default().hear(offer);
        }
    }
}

pub(super) fn agent(own: usize, seed: u64, life: u8, transport: Transport) -> Agent {
    let (name, address) = PEOPLE[own];
    let address: SocketAddr = address.parse().unwrap();
    let mut chance = [0; 32];
    chance[..8].copy_from_slice(&seed.to_le_bytes());
    (chance[8], chance[9]) = (own as u8 + 1, life);
    let config = UserAgentConfig {
        account: Account {
            user: name.into(),
            domain: "pbx.example".into(),
            auth_user: None,
            password: Password::new("secret"),
            realm: None,
            registrar: None,
            outbound_proxy: None,
            display: None,
            expires: secs(600),
        },
        transport,
        server: proxy::ADDRESS.parse().unwrap(),
        local: address,
        user_agent: "Patchcord/test".into(),
        max_calls: if own == CLARA { 2 } else { 1 },
        calls: CallPolicy {
            session_expires: (own == CLARA).then_some(secs(90)),
            follow_redirects: true,
            take_refers: own == BORIS,
        },
    };
    let transferrer = (own == CLARA).then(|| Transferrer::new(address));
    let ua = UserAgent::new(config, chance);
    let by_stream = transport.is_reliable();
    Agent {
        ua,
        events: vec![],
        address,
        rules: Side::new(by_stream),
        speakers: BTreeMap::new(),
        aside: Aside::default(),
        transferrer,
        stream: by_stream.then(Stream::default),
        cut_off: false,
        asleep: false,
        was_dark: false,
        lives: life,
    }
}
