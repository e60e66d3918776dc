//! Registration and lines as they stand, for whoever watches.

use super::card::Card;
use super::colleagues::Colleagues;
use super::{CardAnswer, Event, Parked, QueueView, RecordingView, Source};
use crate::desk_api::{CallRecordId, ClientCard, ClientId};
use crate::phone::{self, Caller, LineId, Side, TransferWay};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

#[derive(Clone, PartialEq, Debug)]
pub struct View {
    pub registration: Registration,
    pub lines: BTreeMap<LineId, LineView>,
    pub colleagues: Colleagues,
    pub queue: QueueView,
    /// Who waits in parking places, the longest first.
    pub parked: Vec<Parked>,
    /// The operator is heard on no line.
    pub muted: bool,
    /// New calls ring; else they hear busy.
    pub taking_calls: bool,
    /// The lines that hear each other and the operator.
    pub conference: Option<[LineId; 2]>,
    /// Whom the operator turned to last: dialled, answered or took back. A far end that refuses to be held is not told of as
    /// waiting, and waits all the same.
    pub turned_to: Option<LineId>,
}

impl Default for View {
    fn default() -> Self {
        let registration = Registration::default();
        Self {
            registration,
            lines: BTreeMap::new(),
            colleagues: Colleagues::default(),
            queue: QueueView::default(),
            parked: Vec::new(),
            muted: false,
            taking_calls: true,
            conference: None,
            turned_to: None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Registration {
    #[default]
    None,
    Registered {
        server: SocketAddr,
    },
    /// The next attempt follows `retry_in` after the failure (None: not by itself).
    Failed {
        retry_in: Option<Duration>,
    },
}

/// A call that stands.
#[derive(Clone, PartialEq, Debug)]
pub struct LineView {
    pub call_id: String,
    /// Who is at the far end; of a call that we made, once the network has said so.
    pub caller: Option<Caller>,
    pub state: LineState,
    pub held_by_us: bool,
    pub held_by_them: bool,
    /// How the client is being passed on.
    pub in_transfer: Option<TransferWay>,
    /// The desk's answer, or the cache's until then.
    pub card: Option<Card>,
    /// Which of the card's clients the operator says it is.
    pub chosen: Option<ClientId>,
    /// Its entry in the call register.
    pub record: Option<CallRecordId>,
    /// None where nothing may be recorded.
    pub recording: Option<RecordingView>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineState {
    Ringing,
    Dialing,
    Talking,
}

impl LineView {
    fn new(call_id: &str, caller: Option<Caller>) -> Self {
        let state = if caller.is_some() { LineState::Ringing } else { LineState::Dialing };
        Self {
            call_id: call_id.to_owned(),
            caller,
            state,
            held_by_us: false,
            held_by_them: false,
            in_transfer: None,
            card: None,
            chosen: None,
            record: None,
            recording: None,
        }
    }
}

impl View {
    /// Up to date again after this event.
    pub fn follow(&mut self, event: &Event) {
        match event {
            Event::Phone(event) => self.follow_phone(event),
            Event::Card { line, card } => self.show_card(*line, card),
            Event::CardTaken { line } => self.change(*line, |view| (view.card, view.chosen) = (None, None)),
            Event::Chain { .. } | Event::StillOnHold { .. } => {}
            Event::Queue(queue) => self.queue = *queue,
            Event::Parked(parked) => self.parked.clone_from(parked),
            Event::Recorded { line, id } => self.change(*line, |view| view.record = Some(*id)),
            Event::Recording { line, recording } => {
                self.change(*line, |view| view.recording = Some(*recording));
            }
            Event::ClientChosen { line, client } => self.change(*line, |view| view.chosen = Some(*client)),
        }
    }

    fn follow_phone(&mut self, event: &phone::Event) {
        match event {
            phone::Event::Registered { server, .. } => {
                self.registration = Registration::Registered { server: *server };
            }
            phone::Event::RegistrationFailed { retry_in, .. } => {
                self.registration = Registration::Failed { retry_in: *retry_in };
            }
            phone::Event::Muted { on } => self.muted = *on,
            phone::Event::TakingCalls { on } => self.taking_calls = *on,
            phone::Event::Conference { lines } => self.conference = *lines,
            phone::Event::Watching { .. }
            | phone::Event::LineStateChanged { .. }
            | phone::Event::Messages { .. } => self.colleagues.follow(event),
            phone::Event::Unregistered => self.registration = Registration::None,
            phone::Event::RingingIn { line, call_id, caller, .. } => {
                self.lines.insert(*line, LineView::new(call_id, Some(caller.clone())));
            }
            phone::Event::Dialing { line, call_id, .. } => {
                self.lines.insert(*line, LineView::new(call_id, None));
                self.turned_to = Some(*line);
            }
            phone::Event::ConnectedTo { line, party } => {
                self.change(*line, |view| view.caller = Some(party.clone()));
            }
            phone::Event::Ended { line, .. } => {
                self.lines.remove(line);
            }
            phone::Event::Answered { line, .. } => {
                self.change(*line, |view| view.state = LineState::Talking);
                self.turned_to = Some(*line);
            }
            phone::Event::Held { line, by } => self.change(*line, |view| *view.hold_of(*by) = true),
            phone::Event::Resumed { line, by } => {
                self.change(*line, |view| *view.hold_of(*by) = false);
                if *by == Side::Us {
                    self.turned_to = Some(*line);
                }
            }
            phone::Event::TransferStarted { line, way, .. } => {
                self.change(*line, |view| view.in_transfer = Some(*way));
            }
            phone::Event::Transferred { line, .. } | phone::Event::TransferFailed { line, .. } => {
                self.change(*line, |view| view.in_transfer = None);
            }
            _ => {}
        }
    }

    /// The desk's silence does not take away what the cache knew.
    fn show_card(&mut self, line: LineId, card: &Card) {
        self.change(line, |view| {
            let stays = |card: &Card| {
                card.handed_over.is_some()
                    || matches!(card.answer, CardAnswer::Found { source: Source::Cache, .. })
            };
            if !(view.card.as_ref().is_some_and(stays)
                && matches!(card.answer, CardAnswer::Unavailable { .. }))
            {
                view.card = Some(card.clone());
                let chosen =
                    view.chosen.filter(|chosen| view.candidates().any(|client| client.id == *chosen));
                view.chosen = chosen;
            }
        });
    }

    fn change(&mut self, line: LineId, change: impl FnOnce(&mut LineView)) {
        if let Some(view) = self.lines.get_mut(&line) {
            change(view);
        }
    }
}

impl LineView {
    /// Clients that have this number.
    pub fn candidates(&self) -> impl Iterator<Item = &ClientCard> {
        let clients = match self.card.as_ref().map(|card| &card.answer) {
            Some(CardAnswer::Found { clients, .. }) => clients.as_slice(),
            _ => &[],
        };
        clients.iter()
    }

    /// The one who is known: alone with this number, or chosen.
    pub fn client(&self) -> Option<&ClientCard> {
        let mut candidates = self.candidates();
        match (candidates.next(), candidates.next()) {
            (only, None) => only,
            _ => self.candidates().find(|client| Some(client.id) == self.chosen),
        }
    }

    fn hold_of(&mut self, side: Side) -> &mut bool {
        match side {
            Side::Us => &mut self.held_by_us,
            Side::Them => &mut self.held_by_them,
        }
    }
}
