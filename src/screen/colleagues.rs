//! What operators do for each other at the PBX, and the queue (duty 22): who rings elsewhere, who is parked, and whether the
//! queue sends calls.

use super::duty::Availability;
use super::format::clock;
use super::keys::{Deed, key_of};
use super::{Act, Bar, Choice, Screen, State, Tone, words};
use crate::agent::{Intent, Parked, QueueOrder, QueueState, QueueTrouble};
use crate::domain::line_state::LineState;
use crate::domain::pause::PauseReason;
use crate::instant::Instant;
use crate::text::say;

/// Bars of parked clients; the rest is in the palette.
const MOST_PARKED: usize = 3;

/// What the PBX offers beyond calls.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Offers {
    /// It tells what colleagues' telephones do.
    pub watch: bool,
    /// Their ringing calls can be had.
    pub pick_up: bool,
    pub park: bool,
    /// Operators are paused in its queue, by these codes.
    pub queue: bool,
    /// They log in and out.
    pub log_in: bool,
}

impl Screen {
    // -- ringing elsewhere

    /// Colleagues whose telephones ring, the longest first.
    fn ringing_elsewhere(&self) -> Vec<&str> {
        let people = self.directory.people.iter().filter_map(|person| person.extension.as_deref());
        let mut ringing: Vec<&str> = people.filter(|extension| self.can_pick_up(extension)).collect();
        ringing.sort_by_key(|extension| self.view.colleagues.lines.get(*extension).map(|line| line.since));
        ringing
    }

    pub(super) fn can_pick_up(&self, extension: &str) -> bool {
        let line = self.view.colleagues.lines.get(extension);
        self.config.offers.pick_up
            && self.can_dial()
            && extension != self.config.extension
            && !self.calls_there(extension)
            && line.is_some_and(|line| line.state == LineState::Ringing)
    }

    /// It rings there for us: we call, or a client of ours is on the way.
    fn calls_there(&self, extension: &str) -> bool {
        self.calls.values().any(|call| match &call.passing {
            Some(passing) => passing.target == extension,
            None => call.answered.is_none() && call.dialled == extension,
        })
    }

    pub(super) fn can_pick_up_somebody(&self) -> bool {
        !self.ringing_elsewhere().is_empty()
    }

    pub(super) fn pick_up_first(&mut self) {
        if let Some(extension) = self.ringing_elsewhere().first().map(|extension| (*extension).to_owned()) {
            self.pick_up(extension);
        }
    }

    pub(super) fn pick_up(&mut self, extension: String) {
        let line = self.view.colleagues.lines.get(&extension);
        let rings = line.and_then(|line| line.rings.as_ref()).and_then(|caller| caller.number.clone());
        self.fetched = Some(rings.unwrap_or_default());
        self.want(Intent::PickUp { extension });
    }

    /// "ringing: +7 916 123-45-67", where the PBX says who it is.
    pub(super) fn colleague_words(&self, extension: &str, state: LineState) -> String {
        let cat = &self.cat;
        let word = cat.get(words::colleague(state)).to_owned();
        let line = self.view.colleagues.lines.get(extension);
        let caller = line.and_then(|line| line.rings.as_ref()).filter(|_| state == LineState::Ringing);
        let name = caller.and_then(|caller| caller.name.clone());
        let number = caller.and_then(|caller| caller.number.as_deref()).map(|number| self.for_people(number));
        let word = match name.map(|name| super::format::tame(&name)).or(number) {
            Some(who) => say!(cat, "{state}: {who}", state = word, who = who),
            None => word,
        };
        match self.can_pick_up(extension) {
            true => say!(cat, "{state}, can be picked up", state = word),
            false => word,
        }
    }

    // -- parked

    pub(super) fn can_park(&self) -> bool {
        let state = self.client_line().and_then(|line| self.call_state(line));
        self.config.offers.park && matches!(state, Some(State::Talking | State::OnHold))
    }

    pub(super) fn park(&mut self) {
        let Some(line) = self.client_line() else { return };
        self.change(line, |call| call.parks = true);
        self.want(Intent::Park { line });
    }

    pub(super) fn can_take_parked(&self, index: usize) -> bool {
        self.can_dial() && index < self.view.parked.len()
    }

    /// Our own who has waited the longest, or else whoever has.
    pub(super) fn first_parked(&self) -> usize {
        self.view.parked.iter().position(|parked| parked.client.is_some()).unwrap_or(0)
    }

    pub(super) fn take_parked(&mut self, index: usize) {
        let Some(parked) = self.view.parked.get(index) else { return };
        let place = parked.place.clone();
        let client = parked.client.as_ref().and_then(|client| client.caller.number.clone());
        self.fetched = Some(client.unwrap_or_default());
        self.want(Intent::TakeParked { place });
    }

    fn parked_words(&self, parked: &Parked) -> String {
        let cat = &self.cat;
        let place = &parked.place;
        let Some(client) = &parked.client else {
            return say!(cat, "A client is parked at {place}", place = place);
        };
        let number = client.caller.number.as_deref().map(|number| self.for_people(number));
        let name = client.caller.name.as_deref().map(super::format::tame);
        match name.or(number) {
            Some(who) => say!(cat, "You parked {who} at {place}", who = who, place = place),
            None => say!(cat, "You parked a client at {place}", place = place),
        }
    }

    /// Said when it is known where the operator's client waits.
    pub(super) fn on_parked(&mut self, before: &[Parked]) {
        self.parking.extend(self.view.parked.iter().map(|parked| parked.place.clone()));
        let known = |parked: &&Parked| {
            parked.client.is_some() && before.iter().all(|b| b.place != parked.place || b.client.is_none())
        };
        let news: Vec<String> =
            self.view.parked.iter().filter(known).map(|parked| self.parked_words(parked)).collect();
        for words in news {
            self.announce(words);
        }
    }

    pub(super) fn parked_bars(&self, now: Instant) -> impl Iterator<Item = Bar> {
        let cat = &self.cat;
        let parked = self.view.parked.iter().enumerate().take(MOST_PARKED);
        parked.map(move |(index, parked)| {
            let time = clock(now.since(parked.since));
            let text = say!(cat, "{what}, for {time}", what = self.parked_words(parked), time = time);
            let act = self.can_take_parked(index).then(|| (say!(cat, "Take back"), Act::TakeParked(index)));
            let has_key = act.is_some() && index == self.first_parked();
            let key = if has_key { key_of(&Deed::Act(Act::TakeFirstParked)) } else { String::new() };
            Bar { tone: Tone::Hold, text, act, key }
        })
    }

    // -- the queue

    /// Each change once.
    pub(super) fn say_why_away(&mut self) {
        let reason = match self.duty.chosen() {
            Availability::Break(reason) => PauseReason::ALL.get(reason).copied(),
            Availability::DoNotDisturb => Some(PauseReason::DoNotDisturb),
            Availability::Ready => self.wrap_up.is_some().then_some(PauseReason::WrapUp),
        };
        if self.config.offers.queue && self.said_away != reason {
            self.said_away = reason;
            self.want(Intent::BeAway { reason });
        }
    }

    pub(super) fn can_join_queue(&self, on: bool) -> bool {
        self.config.offers.log_in && on == (self.view.queue.state == QueueState::LoggedOut)
            || on && self.view.queue.trouble == Some(QueueTrouble::PausedElsewhere)
    }

    /// "the queue sends calls"; empty where there is none.
    pub(super) fn queue_words(&self) -> String {
        let cat = &self.cat;
        match self.view.queue.state {
            _ if !self.config.offers.queue => String::new(),
            QueueState::Unknown => String::new(),
            QueueState::Ready => say!(cat, "in the queue"),
            QueueState::Paused(_) => say!(cat, "paused in the queue"),
            QueueState::LoggedOut => say!(cat, "not in the queue"),
        }
    }

    pub(super) fn queue_choice(&self) -> Option<Choice> {
        let on = self.view.queue.state == QueueState::LoggedOut;
        let act = Act::JoinQueue(on);
        let label = self.label(&Deed::Act(act.clone()));
        self.config.offers.log_in.then_some(Choice { label, chosen: false, act })
    }

    pub(super) fn queue_bar(&self) -> Option<Bar> {
        let text = self.trouble_words()?;
        let act = match self.view.queue.trouble? {
            QueueTrouble::PausedElsewhere => {
                Some((say!(&self.cat, "Take calls of the queue"), Act::JoinQueue(true)))
            }
            _ => None,
        };
        Some(Bar { tone: Tone::Warning, text, act, key: String::new() })
    }

    /// What is wrong, and what to do.
    pub(super) fn trouble_words(&self) -> Option<String> {
        let cat = &self.cat;
        Some(match self.view.queue.trouble? {
            QueueTrouble::StillSends => {
                say!(cat, "The queue still sends you calls; they hear busy. The pause is asked for again.")
            }
            QueueTrouble::PausedElsewhere => {
                say!(cat, "Somebody else has paused you in the queue: it sends you no calls.")
            }
            QueueTrouble::Refused { order: QueueOrder::LogIn, status } => say!(
                cat,
                "The PBX does not let you into the queue ({status}). Ask whoever looks after it.",
                status = status
            ),
            QueueTrouble::Refused { order: QueueOrder::LogOut, status } => say!(
                cat,
                "The PBX does not let you out of the queue ({status}). Ask whoever looks after it.",
                status = status
            ),
            QueueTrouble::Refused { status, .. } => say!(
                cat,
                "The PBX does not pause you in the queue, or end the pause ({status}). Check the queue's codes in the settings.",
                status = status
            ),
            QueueTrouble::NoAnswer => {
                say!(cat, "The PBX does not answer the queue's codes. Check them in the settings.")
            }
        })
    }

    // -- the palette

    pub(super) fn office_deeds(&self) -> Vec<Deed> {
        let ringing = self.ringing_elsewhere().into_iter().map(|ext| Act::PickUpFrom(ext.to_owned()));
        let parked = (0..self.view.parked.len()).map(Act::TakeParked);
        let acts = ringing.chain([Act::Park]).chain(parked).chain([true, false].map(Act::JoinQueue));
        acts.filter(|act| self.can(act)).map(Deed::Act).collect()
    }

    /// Labels of these acts.
    pub(super) fn office_label(&self, act: &Act) -> String {
        let cat = &self.cat;
        match act {
            Act::PickUp => say!(cat, "Pick up"),
            Act::PickUpFrom(extension) => {
                say!(cat, "Pick up the call of {name}", name = self.target_name(extension))
            }
            Act::Park => say!(cat, "Park"),
            Act::TakeFirstParked => say!(cat, "Take back"),
            Act::TakeParked(index) => {
                let what = self.view.parked.get(*index).map(|parked| self.parked_words(parked));
                say!(cat, "Take back: {what}", what = what.unwrap_or_default())
            }
            Act::JoinQueue(true) if self.view.queue.trouble == Some(QueueTrouble::PausedElsewhere) => {
                say!(cat, "Take calls of the queue")
            }
            Act::JoinQueue(true) => say!(cat, "Log in to the queue"),
            Act::JoinQueue(false) => say!(cat, "Log out of the queue"),
            _ => String::new(),
        }
    }
}
