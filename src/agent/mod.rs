//! The operator's desk: who calls, the client's card, the call register. Intents and the world's
//! answers in, effects and events out. Pure: change one thing, drain [`Agent::poll_effect`], sleep until
//! [`Agent::next_deadline`].
//!
//! Owns the telephone. A call never waits for the order desk: numbers are shown at once, the card
//! comes when it comes.

mod card;
mod colleagues;
mod handover;
mod intent;
mod office;
mod parking;
mod passing;
mod queue;
mod recording;
mod register;
mod reminder;
mod view;
mod voice;

pub use crate::desk_api::{CardAnswer, Source, Unavailable};
pub use card::{Card, LookupId};
pub use colleagues::{Colleague, Colleagues, Messages};
pub use handover::HandoverAsk;
pub use intent::Intent;
pub use office::OfficeCodes;
pub use parking::{Parked, ParkedClient, ParkingPlaces};
pub use passing::ChainNews;
pub use queue::{QueueCodes, QueueOrder, QueueState, QueueTrouble, QueueView};
pub use recording::{RecordingConfig, RecordingState, RecordingView, TapeCommand, TapeNews};
pub use view::{LineState, LineView, Registration, View};
pub use voice::verdict as voice_verdict;

use crate::desk_api::{CallRecord, CallRecordId, ClientId, HandedOver, Handover};
use crate::domain::number::{NumberingPlan, PhoneNumber};
use crate::instant::Instant;
use crate::phone::{self, Caller, LineId, Phone, PhoneConfig};
use crate::transmit::Transmit;
use card::LookUps;
use handover::Handovers;
use intent::Dialled;
use jiff::Timestamp;
use office::Office;
use passing::Passing;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use recording::Recordings;
use register::Register;
use reminder::Reminders;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// What an operator's desk needs to begin.
#[derive(Clone, Debug)]
pub struct AgentConfig {
    pub phone: PhoneConfig,
    /// How numbers are written here, and how the PBX wants them.
    pub numbering: NumberingPlan,
    /// Look up, and register, a withheld number that the PBX asserts all the same.
    pub look_up_withheld: bool,
    /// Without a desk nothing is looked up or recorded.
    pub has_desk: bool,
    /// Targets of a transfer with return are called under the client's name, for telephones that show nothing else.
    pub client_in_name: bool,
    /// Who works here, for the register.
    pub operator: String,
    /// What the PBX does for an operator by feature codes; none of it for a telephone that only makes a call.
    pub office: OfficeCodes,
    /// None: the company lets nothing be recorded.
    pub recording: Option<RecordingConfig>,
    /// How often the operator is told of a call on hold; None: never.
    pub hold_reminder: Option<Duration>,
}

/// Everything that changes the agent.
#[derive(Clone, Debug)]
pub enum Input {
    Phone(phone::Input),
    /// The answer to `Effect::LookUp`; comes twice when the cache answered first.
    Card {
        lookup: LookupId,
        answer: CardAnswer,
    },
    /// The answer to `Effect::AskHandovers`.
    Handovers {
        ask: HandoverAsk,
        answer: Result<Vec<HandedOver>, Unavailable>,
    },
    Intent(Intent),
    /// From the media thread, of the recording of the call with this entry.
    Tape {
        id: CallRecordId,
        news: TapeNews,
    },
    /// The desk lets this telephone know nothing of its clients any more.
    Forget,
    /// The telephone is about to end: codes that the PBX carries out are left, and none is begun.
    Leave,
}

/// Taken one by one after each change until `Idle`.
#[derive(Clone, Debug)]
pub enum Effect {
    Send(Transmit),
    Media(phone::MediaCommand),
    /// Ask the desk who has this number, as soon as a call rings, is dialled, or is somebody else's. Nothing waits for
    /// the answer.
    LookUp {
        lookup: LookupId,
        number: PhoneNumber,
    },
    /// Keep the call's register entry: whole, idempotent by its id; a higher revision replaces a lower one.
    /// When the call rings, is answered, becomes somebody else's, moves in a transfer, ends, and when the operator says which client
    /// it is or what it came to.
    Record(Box<CallRecord>),
    /// Tell the desk what goes along with a client, or that the client stays: once, now or never.
    HandOver(Box<Handover>),
    /// Ask the desk what waits for this extension, or goes along with a client of this number. Nothing waits for the answer,
    /// and it is asked again by itself.
    AskHandovers {
        ask: HandoverAsk,
        to: String,
        number: Option<PhoneNumber>,
    },
    /// Of a line's stream, beside what `Media` says of it.
    Tape {
        line: LineId,
        /// Of the call's entry: the recording's name.
        id: CallRecordId,
        command: TapeCommand,
    },
    Event(Event),
    Idle,
}

/// What happened, for whoever watches.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    Phone(phone::Event),
    /// An answer to the look-up of this line's number; a second one may follow the cache's.
    Card {
        line: LineId,
        card: Card,
    },
    /// Somebody else is at the far end: what was known of the former one does not hold any more.
    CardTaken {
        line: LineId,
    },
    /// The operator said which of the clients on this line's card it is.
    ClientChosen {
        line: LineId,
        client: ClientId,
    },
    /// The register has an entry for the call on this line.
    Recorded {
        line: LineId,
        id: CallRecordId,
    },
    /// How the recording of this line's conversation stands; only where the company allows one.
    Recording {
        line: LineId,
        recording: RecordingView,
    },
    /// The operator has had this call on hold for so long.
    StillOnHold {
        line: LineId,
        waited: Duration,
    },
    /// A client is on the way through a chain.
    Chain {
        line: LineId,
        news: ChainNews,
    },
    /// What the operator is for the PBX's queue.
    Queue(QueueView),
    /// Who waits in the PBX's parking places, the longest first.
    Parked(Vec<Parked>),
}

pub struct Agent {
    phone: Phone,
    numbering: NumberingPlan,
    look_up_withheld: bool,
    has_desk: bool,
    client_in_name: bool,
    lookups: LookUps,
    register: Register,
    /// What the operator typed for the call that is just being dialled.
    dialled: Option<Dialled>,
    /// Clients who are being passed on with return.
    passings: BTreeMap<LineId, Passing>,
    handovers: Handovers,
    office: Office,
    recordings: Recordings,
    reminders: Reminders,
    view: View,
    effects: VecDeque<Effect>,
}

impl Agent {
    pub fn new(now: Instant, config: AgentConfig, seed: [u8; 32]) -> Self {
        let mut chance = ChaCha20Rng::from_seed(seed);
        let mut phone_seed = [0; 32];
        chance.fill_bytes(&mut phone_seed);
        let own_number = config.phone.sip.account.user.clone();
        let mut agent = Self {
            phone: Phone::new(now, config.phone, phone_seed),
            numbering: config.numbering,
            look_up_withheld: config.look_up_withheld,
            has_desk: config.has_desk,
            client_in_name: config.client_in_name,
            lookups: LookUps::default(),
            register: Register::new(config.operator, own_number.clone(), chance),
            dialled: None,
            passings: BTreeMap::new(),
            handovers: Handovers::new(own_number),
            office: Office::new(config.office),
            recordings: Recordings::new(config.recording),
            reminders: Reminders::new(config.hold_reminder),
            view: View::default(),
            effects: VecDeque::new(),
        };
        agent.watch_office(now);
        // Nothing that a telephone says at its start has a time of day.
        agent.drain_phone(now, Timestamp::UNIX_EPOCH);
        agent
    }

    /// `wall`: the time of day of this input, for the register.
    pub fn handle(&mut self, now: Instant, wall: Timestamp, input: Input) {
        match input {
            Input::Phone(input) => self.phone.handle(now, input),
            Input::Card { lookup, answer } => self.on_card(now, lookup, answer),
            Input::Handovers { ask, answer } => self.on_handovers(now, ask, answer),
            Input::Intent(intent) => self.on_intent(now, intent),
            Input::Tape { id, news } => self.on_tape(now, id, news),
            Input::Forget => self.forget_clients(),
            Input::Leave => self.leave_office(now),
        }
        self.drain_phone(now, wall);
        self.dialled = None;
        self.work_in_office(now);
        self.drain_phone(now, wall);
    }

    pub fn handle_timeout(&mut self, now: Instant, wall: Timestamp) {
        self.phone.handle_timeout(now);
        self.drain_phone(now, wall);
        self.on_passing_timeout(now);
        self.on_handover_timeout(now);
        self.office.queue().on_timeout(now);
        self.remind_of_hold(now);
        self.drain_phone(now, wall);
        self.work_in_office(now);
        self.drain_phone(now, wall);
    }

    pub fn poll_effect(&mut self) -> Effect {
        self.effects.pop_front().unwrap_or(Effect::Idle)
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        let passings = self.passings.values().filter_map(Passing::deadline);
        let own = [self.handovers.deadline(), self.office.deadline(), self.reminders.deadline()];
        passings.chain(own.into_iter().flatten()).chain(self.phone.next_deadline()).min()
    }

    /// But for those who are in a call now.
    fn forget_clients(&mut self) {
        self.register.forget_ended();
        self.office.forget_parked();
    }

    /// Whether somebody may not know yet that a call or a subscription has ended.
    pub fn owes_goodbye(&self) -> bool {
        self.phone.owes_goodbye()
    }

    /// Registration and lines as they stand.
    pub fn view(&self) -> &View {
        &self.view
    }

    fn drain_phone(&mut self, now: Instant, wall: Timestamp) {
        loop {
            match self.phone.poll_output() {
                phone::Output::Send(transmit) => self.effects.push_back(Effect::Send(transmit)),
                phone::Output::Media(command) => self.effects.push_back(Effect::Media(command)),
                phone::Output::CodeEnded(result) => self.office.queue().on_code_ended(now, result),
                phone::Output::Event(event) => self.on_phone_event(now, wall, event),
                phone::Output::Idle => return,
            }
        }
    }

    fn on_phone_event(&mut self, now: Instant, wall: Timestamp, mut event: phone::Event) {
        self.recognise_parked(&mut event);
        let (mut fetched, mut opened) = (None, None);
        match &event {
            phone::Event::ConnectedTo { line, party } => {
                let number = self.key_of(party);
                let party_now = register::party(party, number);
                if self.look_up(now, *line, number) {
                    if !self.handovers.is_here(*line, number) {
                        self.forget_what_came_along(*line);
                        self.say(Event::CardTaken { line: *line });
                        self.ask_what_goes_along(now, *line, party_now.clone());
                    }
                } else if number.is_some() && party.name.is_none() {
                    return; // The same number, written in another way.
                }
                let record = self.register.connected(*line, party_now);
                self.record(record);
            }
            phone::Event::RingingIn { line, call_id, caller, replaces } => {
                self.look_up(now, *line, self.key_of(caller));
                self.ask_what_goes_along(now, *line, register::party(caller, self.key_of(caller)));
                let record = self.register.ringing(now, wall, *line, call_id, self.parties(caller));
                opened = Some((*line, record.id));
                if let Some(of) = replaces {
                    self.recordings.takes_place(*line, record.id, *of);
                }
                self.record(Some(record));
            }
            phone::Event::Dialing { line, call_id, target } => {
                fetched = self.dialled.as_ref().and_then(|dialled| dialled.client.clone());
                let dialled = self.dialled.take().unwrap_or_else(|| self.sent_to(target));
                self.look_up(now, *line, dialled.number);
                let record = self.register.dialing(now, wall, *line, call_id, &dialled);
                opened = Some((*line, record.id));
                if let Some(former) = dialled.former.as_ref().and_then(|call_id| self.register.id_of(call_id))
                {
                    self.recordings.goes_on(*line, record.id, former);
                }
                let id = record.id;
                self.record(Some(record));
                if let Some(client) = dialled.about {
                    self.recordings.consult(*line, id);
                    self.consult(client, *line, target);
                }
            }
            phone::Event::Declined { call_id, caller, status } => {
                let record = self.register.declined(wall, call_id, self.parties(caller), *status);
                self.record(Some(record));
            }
            phone::Event::Ended { line, .. } => {
                self.lookups.forget(*line);
                let record = self.register.follow(now, &event);
                self.record(record);
            }
            event => {
                let record = self.register.follow(now, event);
                self.record(record);
            }
        }
        if let phone::Event::Answered { line, .. } = event {
            self.send_extension(now, line);
        }
        self.say(Event::Phone(event.clone()));
        if let Some((line, id)) = opened.filter(|_| self.has_desk) {
            self.say(Event::Recorded { line, id });
        }
        if let phone::Event::Dialing { line, .. } = event
            && let Some(party) = fetched.filter(|client| client.number.is_some())
        {
            self.say(Event::Phone(phone::Event::ConnectedTo { line, party: *party }));
        }
        if let phone::Event::RingingIn { line, caller, .. } = &event {
            self.take_back(*line, caller);
        }
        self.follow_handover(&event);
        self.follow_passing(now, &event);
        self.follow_in_office(now, &event);
        self.follow_recordings(now, &event);
        self.follow_hold(now, &event);
    }

    /// Of a client whom the operator had passed on and the PBX gives back: he is the one he was, and that step of his
    /// first call came to nothing.
    fn take_back(&mut self, line: LineId, caller: &Caller) {
        let transfer = caller.returned.as_ref().and_then(|returned| returned.id.as_deref());
        let Some(left) = transfer.and_then(|transfer| self.register.came_back(line, transfer)) else {
            return;
        };
        if let Some(client) = left.client {
            self.say(Event::ClientChosen { line, client });
        }
        if let Some(back) = self.register.client(line) {
            self.recordings.goes_on(line, back.id, left.id);
        }
        self.record(left.record);
    }

    /// Whether the far end of this line is another one than before.
    fn look_up(&mut self, now: Instant, line: LineId, number: Option<PhoneNumber>) -> bool {
        let another = self.lookups.turn_to(line, number);
        if let Some(number) = number.filter(|_| another && self.has_desk) {
            let lookup = self.lookups.begin(now, line);
            self.effects.push_back(Effect::LookUp { lookup, number });
        }
        another
    }

    /// Nobody, where the number is withheld.
    fn look_up_again(&mut self, now: Instant, line: LineId) {
        if let Some(number) = self.lookups.number(line).filter(|_| self.has_desk) {
            let lookup = self.lookups.begin(now, line);
            self.effects.push_back(Effect::LookUp { lookup, number });
        }
    }

    fn on_card(&mut self, now: Instant, lookup: LookupId, answer: CardAnswer) {
        let Some((line, mut card)) = self.lookups.answer(now, lookup, answer) else { return };
        card.handed_over = self.handovers.had(line).map(Box::new);
        self.register.recognised(line, &card.answer);
        self.say(Event::Card { line, card });
    }

    fn say(&mut self, event: Event) {
        self.view.follow(&event);
        self.effects.push_back(Effect::Event(event));
    }

    /// What to ask the desk about the far end of a call; nothing for short numbers, and nothing for withheld ones
    /// unless the company wants it.
    fn key_of(&self, caller: &Caller) -> Option<PhoneNumber> {
        let asserted = caller.asserted_number.as_ref().filter(|_| self.look_up_withheld);
        self.numbering.look_up_key(caller.number.as_ref().or(asserted)?)
    }

    fn parties(&self, caller: &Caller) -> register::Parties {
        register::Parties::of(caller, self.key_of(caller), &self.numbering)
    }

    fn record(&mut self, record: Option<CallRecord>) {
        if let Some(record) = record.filter(|_| self.has_desk) {
            self.effects.push_back(Effect::Record(Box::new(record)));
        }
    }
}

#[cfg(test)]
mod tests;
