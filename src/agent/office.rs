//! What operators do for each other at the PBX (duty 22): pick up, park and take back, and the queue.

use super::parking::{ParkedClient, Parking, ParkingPlaces};
use super::queue::{Queue, QueueCodes};
use super::{Agent, Event};
use crate::instant::Instant;
use crate::phone::{self, Caller, Command, LineId, MOST_WATCHED, Refusal, Return, ReturnReason};
use crate::sip::transfer_id;

/// What the PBX offers; what is missing is not there.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct OfficeCodes {
    /// `{extension}` stands for whose call is picked up.
    pub pick_up: Option<String>,
    pub parking: ParkingPlaces,
    pub queue: QueueCodes,
}

pub(super) struct Office {
    pick_up: Option<String>,
    parking: Parking,
    queue: Queue,
    /// Lines that are watched for these.
    watched: Vec<String>,
    /// The telephone is about to end.
    leaves: bool,
}

impl Office {
    pub fn new(codes: OfficeCodes) -> Self {
        let mut watched: Vec<String> = codes.queue.state.iter().cloned().collect();
        watched.extend(codes.parking.places.iter().cloned());
        Self {
            pick_up: codes.pick_up,
            parking: Parking::new(codes.parking),
            queue: Queue::new(codes.queue),
            watched,
            leaves: false,
        }
    }

    pub fn queue(&mut self) -> &mut Queue {
        &mut self.queue
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.queue.deadline()
    }

    pub fn forget_parked(&mut self) {
        self.parking.forget();
    }

    /// Our own lines, and as many of these as may be watched beside them.
    pub fn with_own_lines(&self, extensions: Vec<String>) -> Vec<String> {
        let mut all = self.watched.clone();
        all.extend(extensions);
        all.truncate(MOST_WATCHED);
        all
    }
}

impl Agent {
    /// Before anything is registered: the PBX tells these as soon as it knows us.
    pub(super) fn watch_office(&mut self, now: Instant) {
        if !self.office.watched.is_empty() {
            let extensions = self.office.watched.clone();
            self.phone.handle(now, phone::Input::Command(Command::Watch { extensions }));
        }
    }

    /// After each change.
    pub(super) fn work_in_office(&mut self, now: Instant) {
        let on_the_way = self.view.lines.values().any(|line| line.in_transfer.is_some());
        self.office.queue.pass_on(now, on_the_way || !self.passings.is_empty());
        if !self.office.leaves
            && let Some(code) = self.office.queue.next_code(now)
        {
            self.phone.handle(now, phone::Input::Command(Command::Code { code }));
        }
        let queue = self.office.queue.view(now);
        if queue != self.view.queue {
            self.say(Event::Queue(queue));
        }
        let parked = self.office.parking.view();
        if parked != self.view.parked {
            self.say(Event::Parked(parked));
        }
    }

    pub(super) fn leave_office(&mut self, now: Instant) {
        self.office.leaves = true;
        self.phone.handle(now, phone::Input::Command(Command::EndCodes));
    }

    pub(super) fn follow_in_office(&mut self, now: Instant, event: &phone::Event) {
        self.office.queue.follow(event);
        self.office.parking.follow(now, event);
    }

    pub(super) fn pick_up(&mut self, now: Instant, extension: &str) {
        let Some(code) = self.office.pick_up.as_ref() else {
            return self.refuse(None, Refusal::WrongState);
        };
        let target = code.replace("{extension}", extension);
        let rings = self.view.colleagues.lines.get(extension).and_then(|line| line.rings.clone());
        self.fetch(now, target, rings.unwrap_or_default(), None);
    }

    pub(super) fn take_parked(&mut self, now: Instant, place: String) {
        let client = self.office.parking.take(&place);
        let (caller, former) = client.map(|client| (client.caller, client.call_id)).unzip();
        self.fetch(now, place, caller.unwrap_or_default(), former);
    }

    /// A client's call that stands at the PBX, and is had by dialling. `former`: the operator's own call with that client.
    pub(super) fn fetch(&mut self, now: Instant, target: String, client: Caller, former: Option<String>) {
        match self.by_dialling_rules(&target) {
            Ok(mut dialled) => {
                let target = dialled.target.clone();
                dialled.number = self.key_of(&client);
                (dialled.client, dialled.former) = (Some(Box::new(client)), former);
                self.dialled = Some(dialled);
                self.phone.handle(now, phone::Input::Command(Command::Dial { target }));
            }
            Err(why) => self.refuse(None, why),
        }
    }

    pub(super) fn park(&mut self, now: Instant, line: LineId) -> Result<(), Refusal> {
        let view = self.view.lines.get(&line).ok_or(Refusal::NoSuchLine)?;
        let may_go = view.state == super::LineState::Talking && view.in_transfer.is_none();
        let number = self.office.parking.number().filter(|_| may_go).map(str::to_owned);
        let target = number.ok_or(Refusal::WrongState)?;
        let mut clients = view.candidates();
        let alone = clients.next().filter(|_| clients.next().is_none()).map(|client| client.id);
        let client = ParkedClient {
            caller: view.caller.clone().unwrap_or_default(),
            card: view.chosen.or(alone),
            call_id: view.call_id.clone(),
        };
        self.phone.command(now, Command::BlindTransfer { line, target })?;
        self.office.parking.begin(now, line, client);
        Ok(())
    }

    /// One whom the operator had parked, and nobody took, comes as one whom nobody answered.
    pub(super) fn recognise_parked(&mut self, event: &mut phone::Event) {
        let phone::Event::RingingIn { caller, .. } = event else { return };
        if caller.returned.is_some() {
            return;
        }
        if let Some(parked) = self.office.parking.comes_back(caller) {
            let id = parked.client.map(|client| transfer_id(&client.call_id));
            caller.returned = Some(Return { id, target: parked.place, reason: ReturnReason::NoAnswer });
        }
    }
}
