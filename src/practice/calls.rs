//! Calls between registered telephones and simulated people.

use super::line::{Leg, LegStage, Line, Remote};
use super::numbers::{COLLEAGUES, OPERATORS, Part, RINGS_IN_VAIN, THINKS};
use super::passing::{Journey, JourneyKey, Step};
use super::pbx::{Load, MediaOrder, Note, Output, PracticeConfig};
use super::people::People;
use super::programme::{Client, Programme};
use super::registrar::Registrar;
use super::voice::Voice;
use crate::instant::Instant;
use crate::media::{
    Codec, Direction, EncoderSettings, Negotiation, NegotiationConfig, StreamPlan, is_answerable,
};
use crate::sip::message::{Host, NameAddr, StatusCode, Uri};
use crate::sip::{
    self, Account, CallKey, CallPolicy, Event, Invite, Party, Password, UserAgent, UserAgentConfig,
};
use crate::transmit::{Received, Transport};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

const CODECS: [Codec; 2] = [Codec::Pcma, Codec::Pcmu];
/// More calls at a time than a handful of telephones have lines.
const MOST_CALLS: usize = 64;
/// A client whom nobody passes on hangs up after so long.
const TALKS: Duration = Duration::from_secs(60);
/// Until a port comes, or a call may begin.
pub(super) const SOON: Duration = Duration::from_millis(100);

pub(super) struct Calls {
    pub(super) exchange: UserAgent,
    local: SocketAddr,
    pub(super) programme: Programme,
    pub(super) people: People,
    pub(super) calls: BTreeMap<CallKey, Call>,
    pub(super) journeys: BTreeMap<JourneyKey, Journey>,
    pub(super) timers: Vec<(Instant, Timer)>,
    pub(super) port: Option<SocketAddr>,
    chance: ChaCha20Rng,
    pub(super) out: VecDeque<Output>,
}

pub(super) struct Call {
    pub negotiation: Negotiation,
    /// Who is at our end.
    pub person: Person,
    /// The telephone's extension.
    pub telephone: String,
    /// The telephone has called.
    pub dialled: bool,
    pub answered: bool,
    /// The telephone's, until it is answered.
    offer: Option<Vec<u8>>,
    /// The telephone has put the person on hold.
    held: bool,
    /// The person at our end has gone to somebody else.
    pub empty: bool,
    /// How often the person has come back.
    pub returns: u8,
    /// Comes back from there, and nobody has answered yet.
    pub from: Option<JourneyKey>,
}

/// A client, or whoever was called.
#[derive(Clone)]
pub(super) struct Person {
    pub number: String,
    pub name: Option<&'static str>,
    pub withheld: bool,
    pub voice: Voice,
    /// Has called.
    pub is_client: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Timer {
    /// The next client calls.
    Visit,
    /// The client loses patience.
    GiveUp(CallKey),
    Answer(CallKey),
    Refuse(CallKey, StatusCode),
    /// The person has said everything.
    Leave(CallKey),
    /// What becomes of a REFER is known.
    Referred {
        call: CallKey,
        target: String,
        id: Option<String>,
    },
    Journey(JourneyKey, Step),
    HangUp(CallKey),
}

impl Calls {
    pub fn new(config: PracticeConfig, mut chance: ChaCha20Rng) -> Self {
        let mut seed = [0; 32];
        chance.fill_bytes(&mut seed);
        let PracticeConfig { local, programme } = config;
        let people = People::new(programme.speed(), ChaCha20Rng::from_rng(&mut chance));
        Self {
            exchange: UserAgent::exchange(identity(local), seed),
            local,
            programme,
            people,
            calls: BTreeMap::new(),
            journeys: BTreeMap::new(),
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
        own.into_iter().chain(self.exchange.next_deadline()).chain(self.people.next_deadline()).min()
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
        let calls = self.calls.len() + self.journeys.len();
        Load { calls, timers: self.timers.len(), watches: 0, sip: self.exchange.load() }
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
            Timer::Referred { call, target, id } => self.on_referred(now, call, target, id),
            Timer::Journey(key, step) => self.on_journey(now, key, step, registrar),
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
        self.people.play(client.roles);
        let person = Person::from(client);
        let returned = None;
        let call = self.call_telephone(now, port, person, extension.to_owned(), contact, returned);
        self.timers.push((now + self.programme.paced(client.patience), Timer::GiveUp(call)));
        self.out.push_back(Output::Note(Note::Calls { number: client.number }));
    }

    pub(super) fn call_telephone(
        &mut self,
        now: Instant,
        port: SocketAddr,
        person: Person,
        telephone: String,
        contact: Uri,
        returned: Option<String>,
    ) -> CallKey {
        self.use_port();
        let mut negotiation = self.negotiation(port);
        let offer = negotiation.offer(Direction::SendRecv);
        let party = self.party(&person, &telephone, returned);
        let call = self.exchange.invite_for(now, &party, contact, offer);
        self.calls.insert(call, Call::new(negotiation, person, telephone));
        call
    }

    fn party(&self, person: &Person, extension: &str, returned: Option<String>) -> Party {
        let known =
            NameAddr { display: person.name.map(str::to_owned), ..NameAddr::new(self.uri(&person.number)) };
        let from = match person.withheld {
            true => anonymous(),
            false => known.clone(),
        };
        let to = NameAddr::new(self.uri(extension));
        Party { from, asserted: Some(known), withheld: person.withheld, to, returned }
    }

    fn on_accepted(&mut self, now: Instant, call: CallKey, answer: Option<&[u8]>) {
        self.timers.retain(|(_, timer)| ![Timer::GiveUp(call), Timer::HangUp(call)].contains(timer));
        let Some(state) = self.calls.get_mut(&call) else { return };
        state.answered = true;
        if let Some(journey) = state.from.take() {
            self.journeys.remove(&journey);
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
        let voice = match self.people.part(number) {
            Part::NoSuchNumber => return self.refuse(now, call, StatusCode::NOT_FOUND),
            Part::Busy => return self.refuse(now, call, StatusCode::BUSY_HERE),
            Part::Offline => return self.refuse(now, call, StatusCode::TEMPORARILY_UNAVAILABLE),
            Part::NobodyAnswers => {
                self.ring_and_refuse(now, call, RINGS_IN_VAIN, StatusCode::TEMPORARILY_UNAVAILABLE)
            }
            Part::Refuses => self.ring_and_refuse(now, call, THINKS, StatusCode::DECLINE),
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
        let person =
            Person { number: number.to_owned(), name: None, withheld: false, voice, is_client: false };
        let telephone = invite.identity.from.as_ref().and_then(|from| from.uri.user.clone());
        let state = Call {
            offer: invite.offer.clone(),
            dialled: true,
            ..Call::new(negotiation, person, telephone.unwrap_or_default())
        };
        self.calls.insert(call, state);
    }

    /// Nobody will hear the voice.
    fn ring_and_refuse(&mut self, now: Instant, call: CallKey, after: Duration, status: StatusCode) -> Voice {
        let _ = self.exchange.ring(now, call);
        self.timers.push((now + self.programme.paced(after), Timer::Refuse(call, status)));
        Voice::Music
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
        state.answered = true;
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
            self.out.push_back(Output::Media(MediaOrder::Apply { call, plan, voice: state.person.voice }));
        }
    }

    fn on_ended(&mut self, now: Instant, call: CallKey) {
        // What a REFER asked for is still reported.
        self.timers.retain(|(_, timer)| !timer.ends_with(call));
        let Some(state) = self.calls.remove(&call) else { return };
        self.out.push_back(Output::Media(MediaOrder::Stop { call, port: state.negotiation.local() }));
        if let Some(journey) = state.from {
            self.on_nobody_back(now, journey);
        } else if state.person.is_client && !state.empty {
            self.client_has_gone(now);
        }
    }

    /// The next one comes when nobody is left.
    pub(super) fn client_has_gone(&mut self, now: Instant) {
        if self.a_client_is_here() {
            return;
        }
        self.people.relax();
        if let Some(wait) = self.programme.next_after() {
            self.visit_after(now, wait);
        }
    }

    // -- what lines do

    /// What can be watched.
    pub fn knows_line(extension: &str) -> bool {
        COLLEAGUES.contains(&extension) || OPERATORS.contains(&extension)
    }

    /// The state of a line; `registered`: a telephone is there, where it is an operator's.
    pub fn line(&self, extension: &str, registered: bool) -> Line {
        let part = self.people.part(extension);
        let mut legs = Vec::new();
        if part == Part::Busy {
            let remote = self.people.client_of(extension).map(|number| self.remote(number, None));
            legs.push(Leg { id: "talk".into(), stage: LegStage::Talks, called: false, remote });
        }
        for (key, call) in self.calls.iter().filter(|(_, call)| !call.empty) {
            let stage = match call.answered {
                false => LegStage::Rings,
                true => LegStage::Talks,
            };
            let id = format!("call-{}", key.0);
            if call.dialled && call.person.number == extension {
                let remote = Some(self.remote(&call.telephone, None));
                legs.push(Leg { id, stage, called: false, remote });
            } else if call.telephone == extension {
                let stage = if call.held { LegStage::Holds } else { stage };
                let named = Some(self.remote(&call.person.number, call.person.name));
                let remote = named.filter(|_| !call.person.withheld);
                legs.push(Leg { id, stage, called: call.dialled, remote });
            }
        }
        for (key, journey) in self.journeys.iter().filter(|(_, journey)| journey.rings_at(extension)) {
            let remote = Some(self.remote(&journey.person.number, journey.person.name));
            let id = format!("journey-{}", key.0);
            legs.push(Leg { id, stage: LegStage::Rings, called: false, remote });
        }
        let open = match OPERATORS.contains(&extension) {
            true => registered,
            false => part != Part::Offline,
        };
        Line { open, legs }
    }

    fn remote(&self, number: &str, name: Option<&str>) -> Remote {
        Remote { name: name.map(str::to_owned), uri: self.uri(number).to_string() }
    }

    // -- below; what comes too late for a call changes nothing

    fn refuse(&mut self, now: Instant, call: CallKey, status: StatusCode) {
        let _ = self.exchange.reject(now, call, status);
    }

    pub(super) fn hang_up(&mut self, now: Instant, call: CallKey) {
        let _ = self.exchange.hang_up(now, call);
    }

    fn answer_offer(&mut self, now: Instant, call: CallKey, answer: Result<Vec<u8>, StatusCode>) {
        let _ = self.exchange.answer_offer(now, call, answer);
    }

    fn a_client_is_here(&self) -> bool {
        let called = self.calls.values().filter(|call| !call.empty).map(|call| &call.person);
        called.chain(self.journeys.values().map(|journey| &journey.person)).any(|person| person.is_client)
    }

    fn use_port(&mut self) {
        self.port = None;
        self.out.push_back(Output::Media(MediaOrder::TakePort));
    }

    fn negotiation(&mut self, local: SocketAddr) -> Negotiation {
        let session_id = u64::from(self.chance.next_u32());
        Negotiation::new(NegotiationConfig {
            local,
            codecs: CODECS.to_vec(),
            opus: EncoderSettings::default(),
            session_id,
        })
    }

    fn uri(&self, user: &str) -> Uri {
        Uri::sip(Some(user), Host::Ip(self.local.ip()), Some(self.local.port()))
    }
}

impl Call {
    const fn new(negotiation: Negotiation, person: Person, telephone: String) -> Self {
        Self {
            negotiation,
            person,
            telephone,
            dialled: false,
            answered: false,
            offer: None,
            held: false,
            empty: false,
            returns: 0,
            from: None,
        }
    }
}

impl From<&Client> for Person {
    fn from(client: &Client) -> Self {
        Self {
            number: client.number.to_owned(),
            name: client.name,
            withheld: client.withheld,
            voice: Voice::Speech(client.speech),
            is_client: true,
        }
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
            Self::Visit | Self::Referred { .. } | Self::Journey(..) => false,
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
