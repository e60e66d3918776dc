//! Calls between registered telephones and simulated people.

use super::numbers::{Part, RINGS_IN_VAIN, part};
use super::pbx::{Load, MediaOrder, Note, Output, PracticeConfig};
use super::programme::{Client, Programme};
use super::registrar::Registrar;
use super::voice::{Speech, Voice};
use crate::instant::Instant;
use crate::media::{Codec, Direction, Negotiation, NegotiationConfig, StreamPlan, is_answerable};
use crate::sip::message::{Host, NameAddr, StatusCode, Uri};
use crate::sip::{
    self, Account, CallKey, CallPolicy, Event, Invite, Party, Password, ReferAsked, UserAgent,
    UserAgentConfig,
};
use crate::transmit::{Received, Transport};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

const CODECS: [Codec; 2] = [Codec::Pcma, Codec::Pcmu];
/// More calls at a time than a handful of telephones have lines.
const MOST_CALLS: usize = 64;
/// A client whom nobody passes on hangs up after so long.
const TALKS: Duration = Duration::from_secs(60);
/// From a REFER to the target's first ring, or refusal.
const REACHES_TARGET: Duration = Duration::from_millis(300);
/// A telephone that does not say BYE to a leg without a client gets ours.
const EMPTY_LEG: Duration = Duration::from_secs(10);
/// Until a port comes, or a call may begin.
const SOON: Duration = Duration::from_millis(100);

pub(super) struct Calls {
    exchange: UserAgent,
    local: SocketAddr,
    programme: Programme,
    calls: BTreeMap<CallKey, Call>,
    timers: Vec<(Instant, Timer)>,
    port: Option<SocketAddr>,
    chance: ChaCha20Rng,
    out: VecDeque<Output>,
}

struct Call {
    negotiation: Negotiation,
    voice: Voice,
    /// The telephone's, until it is answered.
    offer: Option<Vec<u8>>,
    is_clients: bool,
    held: bool,
    /// The person at our end has gone to somebody else.
    empty: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Timer {
    /// The next client calls.
    Visit,
    /// The client loses patience.
    GiveUp(CallKey),
    Answer(CallKey),
    Refuse(CallKey, StatusCode),
    /// The person has said everything.
    Leave(CallKey),
    /// A transfer's target rings.
    TargetRings(CallKey),
    Decided {
        call: CallKey,
        target: String,
        status: StatusCode,
    },
    HangUp(CallKey),
}

impl Calls {
    pub fn new(config: PracticeConfig, mut chance: ChaCha20Rng) -> Self {
        let mut seed = [0; 32];
        chance.fill_bytes(&mut seed);
        let PracticeConfig { local, programme } = config;
        Self {
            exchange: UserAgent::exchange(identity(local), seed),
            local,
            programme,
            calls: BTreeMap::new(),
            timers: Vec::new(),
            port: None,
            chance,
            out: VecDeque::new(),
        }
    }

    pub fn handle_input(&mut self, now: Instant, input: Received) {
        self.exchange.handle_input(now, input);
    }

    pub fn handle_timeout(&mut self, now: Instant, registrar: &Registrar) {
        self.exchange.handle_timeout(now);
        while let Some(at) = self.timers.iter().position(|(at, _)| *at <= now) {
            let (_, timer) = self.timers.remove(at);
            self.on_timer(now, timer, registrar);
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        let own = self.timers.iter().map(|(at, _)| *at).min();
        own.into_iter().chain(self.exchange.next_deadline()).min()
    }

    pub fn give_port(&mut self, port: SocketAddr) {
        self.port = Some(port);
    }

    /// Somebody is there to be called.
    pub fn on_telephone(&mut self, now: Instant) {
        if !self.a_client_is_here() {
            self.visit_after(now, self.programme.first_after());
        }
    }

    pub fn close(&mut self, now: Instant) {
        self.timers.clear();
        for call in self.calls.keys().copied().collect::<Vec<_>>() {
            self.hang_up(now, call);
        }
    }

    pub fn load(&self) -> Load {
        Load { calls: self.calls.len(), timers: self.timers.len(), sip: self.exchange.load() }
    }

    pub fn drain(&mut self, now: Instant, out: &mut VecDeque<Output>) {
        loop {
            match self.exchange.poll_output() {
                sip::Output::Send(transmit) => self.out.push_back(Output::Send(transmit)),
                sip::Output::Event(event) => self.on_event(now, event),
                sip::Output::Idle => break,
            }
        }
        out.append(&mut self.out);
    }

    // -- what happens

    fn on_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Invited { call, invite } => self.on_invited(now, call, &invite),
            Event::Accepted { call, body, .. } => self.on_accepted(now, call, body.as_deref()),
            Event::Confirmed { call, answer: Some(answer) } => self.agree(call, &answer),
            Event::Refreshed { call, answer } => self.agree(call, &answer),
            Event::Offer { call, offer } => self.on_offer(now, call, offer.as_deref()),
            Event::ReferAsked { call, refer } => self.on_refer(now, call, &refer),
            Event::Ended { call, .. } => self.on_ended(now, call),
            _ => {}
        }
    }

    fn on_timer(&mut self, now: Instant, timer: Timer, registrar: &Registrar) {
        match timer {
            Timer::Visit => self.visit(now, registrar),
            Timer::Answer(call) => self.answer(now, call),
            Timer::Refuse(call, status) => self.refuse(now, call, status),
            Timer::Leave(call) => self.leave(now, call),
            Timer::GiveUp(call) => {
                self.out.push_back(Output::Note(Note::GaveUp));
                self.hang_up(now, call);
            }
            Timer::HangUp(call) => self.hang_up(now, call),
            Timer::TargetRings(call) => self.report(now, call, StatusCode::RINGING),
            Timer::Decided { call, target, status } => self.on_decided(now, call, target, status),
        }
    }

    // -- a client calls

    fn visit_after(&mut self, now: Instant, wait: Duration) {
        if !self.timers.iter().any(|(_, timer)| *timer == Timer::Visit) {
            self.timers.push((now + wait, Timer::Visit));
        }
    }

    fn visit(&mut self, now: Instant, registrar: &Registrar) {
        // Without a telephone the next one that comes is waited for.
        let Some(extension) = registrar.present(now).next() else { return };
        let Some(contact) = registrar.contact(now, extension).cloned() else { return };
        let Some(port) = self.port else { return self.visit_after(now, SOON) };
        let Some(client) = self.programme.take() else { return };
        self.use_port();
        let mut negotiation = self.negotiation(port);
        let offer = negotiation.offer(Direction::SendRecv);
        let call = self.exchange.invite_for(now, &self.party(client, extension), contact, offer);
        let call_state = Call { is_clients: true, ..Call::new(negotiation, Voice::Speech(client.speech)) };
        self.calls.insert(call, call_state);
        self.timers.push((now + self.programme.paced(client.patience), Timer::GiveUp(call)));
        self.out.push_back(Output::Note(Note::Calls { number: client.number }));
    }

    fn party(&self, client: &Client, extension: &str) -> Party {
        let known =
            NameAddr { display: client.name.map(str::to_owned), ..NameAddr::new(self.uri(client.number)) };
        let from = match client.withheld {
            true => anonymous(),
            false => known.clone(),
        };
        let to = NameAddr::new(self.uri(extension));
        Party { from, asserted: Some(known), withheld: client.withheld, to }
    }

    fn on_accepted(&mut self, now: Instant, call: CallKey, answer: Option<&[u8]>) {
        self.timers.retain(|(_, timer)| *timer != Timer::GiveUp(call));
        if !self.calls.contains_key(&call) {
            return;
        }
        match answer {
            Some(answer) => self.agree(call, answer),
            // Nobody could hear anybody.
            None => self.hang_up(now, call),
        }
        self.timers.push((now + self.programme.paced(TALKS), Timer::Leave(call)));
        if let Some(wait) = self.programme.interrupts_after() {
            self.visit_after(now, wait);
        }
    }

    /// Not while the operator makes the person wait, or passes it on.
    fn leave(&mut self, now: Instant, call: CallKey) {
        let Some(state) = self.calls.get(&call) else { return };
        if state.held {
            self.timers.push((now + self.programme.paced(TALKS), Timer::Leave(call)));
        } else {
            self.hang_up(now, call);
        }
    }

    // -- a telephone calls

    fn on_invited(&mut self, now: Instant, call: CallKey, invite: &Invite) {
        let Some(port) = self.port else {
            return self.refuse(now, call, StatusCode::SERVICE_UNAVAILABLE);
        };
        if invite.offer.as_deref().is_some_and(|offer| is_answerable(offer, &CODECS).is_err()) {
            return self.refuse(now, call, StatusCode::NOT_ACCEPTABLE_HERE);
        }
        let number = invite.target.user.as_deref().unwrap_or_default();
        let voice = match part(number) {
            Part::Absent => return self.refuse(now, call, StatusCode::NOT_FOUND),
            Part::Busy => return self.refuse(now, call, StatusCode::BUSY_HERE),
            Part::NobodyAnswers => {
                let _ = self.exchange.ring(now, call);
                let refuse = Timer::Refuse(call, StatusCode::TEMPORARILY_UNAVAILABLE);
                self.timers.push((now + self.programme.paced(RINGS_IN_VAIN), refuse));
                Voice::Speech(Speech::Manager)
            }
            Part::Answers { after, voice } => {
                if !after.is_zero() {
                    let _ = self.exchange.ring(now, call);
                }
                self.timers.push((now + self.programme.paced(after), Timer::Answer(call)));
                voice
            }
        };
        self.use_port();
        let negotiation = self.negotiation(port);
        self.calls.insert(call, Call { offer: invite.offer.clone(), ..Call::new(negotiation, voice) });
    }

    fn answer(&mut self, now: Instant, call: CallKey) {
        let Some(state) = self.calls.get_mut(&call) else { return };
        let (body, plan) = match state.offer.take() {
            Some(offer) => match state.negotiation.handle_offer(&offer, Direction::SendRecv) {
                Ok((answer, plan)) => (answer, Some(plan)),
                Err(_) => {
                    return self.refuse(now, call, StatusCode::NOT_ACCEPTABLE_HERE);
                }
            },
            None => (state.negotiation.offer(Direction::SendRecv), None),
        };
        let _ = self.exchange.accept(now, call, body);
        if let Some(plan) = plan {
            self.apply(call, plan);
        }
    }

    // -- in a call

    fn agree(&mut self, call: CallKey, answer: &[u8]) {
        let Some(state) = self.calls.get_mut(&call) else { return };
        if let Ok(plan) = state.negotiation.handle_answer(answer) {
            self.apply(call, plan);
        }
    }

    /// Hold and resume, a new address, or a refresh.
    fn on_offer(&mut self, now: Instant, call: CallKey, offer: Option<&[u8]>) {
        let Some(state) = self.calls.get_mut(&call) else { return };
        let Some(offer) = offer else {
            let ours = state.negotiation.offer(Direction::SendRecv);
            return self.answer_offer(now, call, Ok(ours));
        };
        match state.negotiation.handle_offer(offer, Direction::SendRecv) {
            Ok((answer, plan)) => {
                self.answer_offer(now, call, Ok(answer));
                self.apply(call, plan);
            }
            Err(_) => self.answer_offer(now, call, Err(StatusCode::NOT_ACCEPTABLE_HERE)),
        }
    }

    fn apply(&mut self, call: CallKey, plan: StreamPlan) {
        if let Some(state) = self.calls.get_mut(&call).filter(|state| !state.empty) {
            state.held = plan.held_by_them;
            self.out.push_back(Output::Media(MediaOrder::Apply { call, plan, voice: state.voice }));
        }
    }

    fn on_ended(&mut self, now: Instant, call: CallKey) {
        // What a REFER asked for is still reported.
        self.timers.retain(|(_, timer)| !timer.ends_with(call));
        let Some(state) = self.calls.remove(&call) else { return };
        self.out.push_back(Output::Media(MediaOrder::Stop { call, port: state.negotiation.local() }));
        if state.is_clients
            && !self.a_client_is_here()
            && let Some(wait) = self.programme.next_after()
        {
            self.visit_after(now, wait);
        }
    }

    // -- a client is passed on

    fn on_refer(&mut self, now: Instant, call: CallKey, refer: &ReferAsked) {
        let target = refer.target.user.clone().unwrap_or_default();
        if self.exchange.answer_refer(now, call, Ok(())).is_err() {
            return;
        }
        if let Some(replaces) = &refer.replaces {
            let other = self
                .calls
                .keys()
                .find(|key| **key != call && self.exchange.call_id(**key) == Some(&replaces.call_id));
            return match other.copied() {
                Some(other) => {
                    self.on_decided(now, call, target, StatusCode::OK);
                    self.vacate(now, other);
                }
                None => self.report(now, call, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST),
            };
        }
        let reached = self.programme.paced(REACHES_TARGET);
        let (after, status) = match part(&target) {
            Part::Answers { after, .. } => (reached + self.programme.paced(after), StatusCode::OK),
            Part::Busy => (reached, StatusCode::BUSY_HERE),
            Part::NobodyAnswers => {
                (reached + self.programme.paced(RINGS_IN_VAIN), StatusCode::TEMPORARILY_UNAVAILABLE)
            }
            Part::Absent => (reached, StatusCode::NOT_FOUND),
        };
        if after > reached {
            self.timers.push((now + reached, Timer::TargetRings(call)));
        }
        self.timers.push((now + after, Timer::Decided { call, target, status }));
    }

    /// As an Asterisk does it: where there is such an extension the client goes there, and does not come back.
    fn on_decided(&mut self, now: Instant, call: CallKey, target: String, status: StatusCode) {
        self.report(now, call, status);
        match status {
            StatusCode::NOT_FOUND => return,
            StatusCode::OK => self.out.push_back(Output::Note(Note::Talks { with: target })),
            _ => self.out.push_back(Output::Note(Note::Lost { on_the_way_to: target })),
        }
        self.vacate(now, call);
    }

    fn vacate(&mut self, now: Instant, call: CallKey) {
        let Some(state) = self.calls.get_mut(&call) else { return };
        state.empty = true;
        let port = state.negotiation.local();
        self.out.push_back(Output::Media(MediaOrder::Stop { call, port }));
        self.timers.push((now + EMPTY_LEG, Timer::HangUp(call)));
    }

    fn report(&mut self, now: Instant, call: CallKey, status: StatusCode) {
        // A telephone that wants to hear nothing is told nothing.
        let _ = self.exchange.refer_progress(now, call, status, status.default_reason());
    }

    // -- below; what comes too late for a call changes nothing

    fn refuse(&mut self, now: Instant, call: CallKey, status: StatusCode) {
        let _ = self.exchange.reject(now, call, status);
    }

    fn hang_up(&mut self, now: Instant, call: CallKey) {
        let _ = self.exchange.hang_up(now, call);
    }

    fn answer_offer(&mut self, now: Instant, call: CallKey, answer: Result<Vec<u8>, StatusCode>) {
        let _ = self.exchange.answer_offer(now, call, answer);
    }

    fn a_client_is_here(&self) -> bool {
        self.calls.values().any(|call| call.is_clients)
    }

    fn use_port(&mut self) {
        self.port = None;
        self.out.push_back(Output::Media(MediaOrder::TakePort));
    }

    fn negotiation(&mut self, local: SocketAddr) -> Negotiation {
        let session_id = u64::from(self.chance.next_u32());
        Negotiation::new(NegotiationConfig { local, codecs: CODECS.to_vec(), session_id })
    }

    fn uri(&self, user: &str) -> Uri {
        Uri::sip(Some(user), Host::Ip(self.local.ip()), Some(self.local.port()))
    }
}

impl Call {
    const fn new(negotiation: Negotiation, voice: Voice) -> Self {
        Self { negotiation, voice, offer: None, is_clients: false, held: false, empty: false }
    }
}

impl Timer {
    /// Whether it means nothing any more when this call has ended.
    fn ends_with(&self, ended: CallKey) -> bool {
        match self {
            Self::GiveUp(call)
            | Self::Answer(call)
            | Self::Refuse(call, _)
            | Self::Leave(call)
            | Self::HangUp(call) => *call == ended,
            Self::Visit | Self::TargetRings(_) | Self::Decided { .. } => false,
        }
    }
}

fn anonymous() -> NameAddr {
    let uri = Uri::sip(Some("anonymous"), Host::Name("anonymous.invalid".into()), None);
    NameAddr { display: Some("Anonymous".into()), ..NameAddr::new(uri) }
}

/// The exchange has no account anywhere; these names stand where nobody else is named.
fn identity(local: SocketAddr) -> UserAgentConfig {
    UserAgentConfig {
        account: Account {
            user: "practice".into(),
            domain: local.to_string(),
            auth_user: None,
            password: Password::new(""),
            realm: None,
            registrar: None,
            outbound_proxy: None,
            display: None,
            expires: Duration::ZERO,
        },
        transport: Transport::Udp,
        server: local,
        local,
        user_agent: concat!("Patchcord practice PBX/", env!("CARGO_PKG_VERSION")).into(),
        max_calls: MOST_CALLS,
        calls: CallPolicy { take_refers: true, ..CallPolicy::default() },
    }
}
