//! What can be done now, as buttons and hints: the labels are those of the state.

use super::keys::{Deed, KEYS, key_of};
use super::words::{self, BREAKS};
use super::{Act, Field, Hint, Screen, State, Verb, Weight};
use crate::domain::call_result::CallResult;
use crate::text::{msg, say};

const MOST_HINTS: usize = 7;

impl Screen {
    /// The important ones first.
    pub(super) fn verbs(&self) -> Vec<Verb> {
        self.acts_of_state().into_iter().map(|act| self.verb(act)).collect()
    }

    fn acts_of_state(&self) -> Vec<Act> {
        match self.state() {
            // The last one has a row of its own, which its label needs.
            State::Ready if self.looked_up().is_some() => vec![Act::Order, Act::Break(0), Act::CallClient],
            State::Ready => vec![Act::Break(0)],
            State::Away if self.duty.is_away() => vec![Act::Ready],
            State::Away => vec![Act::Retry],
            State::Ringing => vec![Act::Answer, Act::Reject],
            State::Dialing => vec![Act::HangUp],
            State::Talking if self.can(&Act::Join) => {
                // The last one has a row of its own, which its longest label needs. The way back stands beside who waits.
                vec![Act::Join, Act::HangUp, Act::Mute, Act::Keypad, Act::Conference]
            }
            State::OnHold if self.can(&Act::Join) => {
                vec![Act::Join, Act::Hold, Act::HangUp, Act::Conference]
            }
            State::Talking => vec![Act::Hold, Act::HangUp, Act::Mute, Act::Keypad, Act::Transfer, Act::Order],
            State::OnHold => vec![Act::Hold, Act::HangUp, Act::Transfer],
            State::Transferring if self.can_transfer() => vec![Act::Hold, Act::HangUp, Act::Transfer],
            State::Transferring => vec![Act::Hold, Act::HangUp],
            State::WrapUp => vec![Act::FinishWrapUp],
        }
    }

    pub(super) fn verb(&self, act: Act) -> Verb {
        let weight = match act {
            Act::Answer | Act::AnswerWaiting | Act::Ready | Act::Join | Act::PlaceOrder => Weight::Go,
            Act::Hold if self.state() != State::Talking => Weight::Go,
            Act::Reject | Act::RejectWaiting | Act::HangUp => Weight::Stop,
            _ => Weight::Plain,
        };
        let active = match act {
            Act::Mute => self.view.muted,
            Act::Conference => self.view.conference.is_some(),
            Act::Keypad => self.keypad.is_some(),
            Act::Transfer => self.transfer.is_open,
            Act::Order => self.order_is_open(),
            _ => false,
        };
        let enabled = self.can(&act);
        let deed = Deed::Act(act.clone());
        Verb { label: self.label(&deed), key: key_of(&deed), weight, enabled, active, act }
    }

    pub(super) fn hints(&self) -> Vec<Hint> {
        let waiting = [Act::AnswerWaiting, Act::RejectWaiting].map(Deed::Act).into_iter();
        let office = [
            Act::PickUp,
            Act::TakeFirstParked,
            Act::Record,
            Act::Swap,
            Act::Conference,
            Act::Topic,
            Act::Park,
            Act::OpenNews,
            Act::CallClient,
            Act::Order,
            Act::Palette,
        ];
        let form = [Act::PlaceOrder, Act::NextOffer, Act::RepeatOrder, Act::UsualOrder, Act::NoOffers];
        let acts = self.acts_of_state();
        let office = office.into_iter().filter(|act| !acts.contains(act)).collect::<Vec<_>>();
        let call_back = Some(Act::CallBack).filter(|_| self.is_requested());
        let acts = form.into_iter().chain(call_back).chain(acts).chain(office).map(Deed::Act);
        let places = [Field::Note, Field::Dial, Field::Calls, Field::Card].map(Deed::Focus);
        let is_valid = |deed: &Deed| KEYS.iter().any(|(_, bound)| bound == deed) && self.can_do(deed);
        let hint = |deed: Deed| Hint { key: key_of(&deed), label: self.label(&deed) };
        let valid = acts.chain(places).filter(is_valid).map(hint);
        waiting
            .filter(is_valid)
            .map(hint)
            .chain(self.candidates_hint())
            .chain(valid)
            .take(MOST_HINTS)
            .collect()
    }

    fn candidates_hint(&self) -> Option<Hint> {
        let seen = self.client_seen().filter(|_| self.asks_who_it_is())?;
        let last = seen.clients()?.len().min(9);
        Some(Hint { key: format!("Alt+1…{last}"), label: say!(&self.cat, "Choose the client") })
    }

    pub(super) fn label(&self, deed: &Deed) -> String {
        let state = self.state();
        let act = match deed {
            Deed::Act(act) => act,
            Deed::Focus(Field::Dial) => return say!(&self.cat, "Dial"),
            Deed::Focus(Field::Note) => return say!(&self.cat, "Note about the call"),
            Deed::Focus(Field::Card) => return say!(&self.cat, "Client card"),
            Deed::Focus(Field::Calls) => return say!(&self.cat, "Recent calls"),
            Deed::NextTheme => return say!(&self.cat, "Light, dark or high contrast"),
            Deed::Focus(_)
            | Deed::Region { .. }
            | Deed::Zoom(_)
            | Deed::Call(_)
            | Deed::Pass(_)
            | Deed::Client(_)
            | Deed::NewClient(_) => {
                return String::new();
            }
        };
        let label = match act {
            Act::Answer | Act::AnswerWaiting => msg!("Answer"),
            Act::Reject | Act::RejectWaiting => msg!("Reject"),
            Act::HangUp if state == State::Dialing => msg!("Cancel"),
            Act::HangUp => msg!("Hang up"),
            Act::Hold if state == State::OnHold => msg!("Resume"),
            Act::Hold if state == State::Transferring => msg!("Take back"),
            Act::Hold => msg!("Hold"),
            Act::Swap => msg!("Swap"),
            Act::Mute if self.view.muted => msg!("Unmute"),
            Act::Mute => msg!("Mute"),
            Act::Record => self.record_label(),
            Act::RefuseRecording => msg!("No recording: the client does not agree"),
            Act::Keypad => msg!("Keypad"),
            Act::Transfer if state == State::Transferring => msg!("Somebody else"),
            Act::Transfer => msg!("Transfer"),
            Act::Topic => msg!("What it is about"),
            Act::Join => msg!("Join"),
            Act::Conference if self.view.conference.is_some() => msg!("End the conference"),
            Act::Conference => msg!("Conference"),
            Act::FinishWrapUp => msg!("Finish"),
            Act::Order => msg!("Order"),
            Act::Orders => msg!("The client's orders"),
            Act::CallClient => msg!("Call the client"),
            Act::CallBack => msg!("The manager calls back"),
            Act::OpenNews => msg!("The order that needs you"),
            Act::PlaceOrder => msg!("Place the order"),
            Act::NextOffer => msg!("Next offer"),
            Act::NoOffers => msg!("No offers wanted"),
            Act::RepeatOrder => msg!("The last order again"),
            Act::UsualOrder => msg!("The usual order"),
            Act::DropDraft => msg!("Drop the order draft"),
            Act::Palette => msg!("All commands"),
            Act::Ready => msg!("Back to work"),
            Act::Break(0) if state == State::Ready => msg!("Break"),
            Act::Break(reason) if *reason < BREAKS.len() => return self.break_words(*reason),
            Act::DoNotDisturb if self.duty.is_do_not_disturb() => msg!("Back to work"),
            Act::DoNotDisturb => msg!("Do not disturb"),
            Act::Result(index) => {
                let result = CallResult::ALL.get(*index).copied().map_or("", words::result);
                return say!(&self.cat, "Result: {result}", result = self.cat.get(result));
            }
            Act::Retry => msg!("Retry now"),
            Act::Settings => msg!("Settings"),
            Act::Quit => msg!("Quit"),
            office => return self.office_label(office),
        };
        self.cat.get(label).to_owned()
    }
}
