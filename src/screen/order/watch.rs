//! What the desk tells of orders by itself, and what it says when it is asked about them (duties 5, 14).

use super::ask::Question;
use super::{Draft, Phase};
use crate::desk_api::{
    ClientId, OrderChanged, OrderEntry, OrderId, OrderState, OrderWatch, ProblemCode, Unavailable,
};
use crate::instant::Instant;
use crate::screen::recent::Recent;
use crate::screen::{DESK_PAUSE, Screen, Wish};
use crate::text::say;
use jiff::Zoned;

/// Orders that are remembered: more than an operator takes in a day.
const MOST_ENTRIES: usize = 500;

impl Screen {
    pub(in crate::screen) fn on_order_watch(&mut self, now: Instant, wall: &Zoned, told: OrderWatch) {
        match told {
            OrderWatch::Revoked => {
                self.forget_clients();
                self.desk_fails(now, Unavailable::WrongToken);
            }
            OrderWatch::Live | OrderWatch::Missed => {
                self.book.is_heard |= told == OrderWatch::Live;
                self.wishes.push_back(Wish::FetchOrders(None));
                self.wishes.extend(self.list_client().map(|client| Wish::FetchOrders(Some(client))));
            }
            OrderWatch::Away => {
                self.book.is_heard = false;
                self.book.deaf_since.get_or_insert(wall.timestamp());
            }
            OrderWatch::Changed(changed) => {
                if self.book.find(changed.id).is_some_and(Draft::is_placing) {
                    self.book.heard.insert(changed.id, changed.state);
                }
                if self.is_news(&changed) {
                    self.wishes.push_back(Wish::FetchOrder(changed.id));
                }
            }
        }
    }

    /// The desk says that this computer is to know nothing of its clients any more. What was written here and the desk has not
    /// got stays, and so does whoever is on the line.
    fn forget_clients(&mut self) {
        self.put_order_aside();
        (self.looked_up, self.last, self.palette) = (None, None, None);
        self.recent = Recent::default();
        self.choices.clear();
        let book = &mut self.book;
        (book.known, book.entries, book.told) = <_>::default();
        (book.notices, book.heard, book.refusals) = <_>::default();
        // What the desk has still to do with an order waits in the outbox as well, and the operator is to see what comes of it.
        let is_unsaved = |draft: &Draft| {
            let is_unsent = !draft.is_given() && draft.order.revision > draft.seen;
            is_unsent || draft.is_placing() || draft.wants_change
        };
        book.drafts.retain(|_, draft| is_unsaved(draft));
        book.aside.retain(|_, draft| is_unsaved(draft));
    }

    /// Not what this program has done itself, of which it hears from the desk directly.
    fn is_news(&self, changed: &OrderChanged) -> bool {
        use OrderState as State;
        let given_in =
            matches!(changed.state, State::Draft | State::Held | State::AwaitingPayment | State::Placed);
        let (state, revision) = (changed.state, changed.revision);
        match self.book.find(changed.id) {
            Some(draft) if revision > draft.order.revision => true,
            Some(draft) if draft.is_placing() => !given_in,
            Some(draft) if draft.wants_change && state == State::Draft => false,
            Some(draft) => draft.state() != Some(state),
            None => self
                .book
                .entries
                .get(&changed.id)
                .is_none_or(|known| known.state != state || revision > known.order.revision),
        }
    }

    /// The desk's list: of a client, whoever takes them, or of the operator.
    pub(in crate::screen) fn on_orders(
        &mut self,
        now: Instant,
        wall: &Zoned,
        client: Option<ClientId>,
        answer: Result<Vec<OrderEntry>, Unavailable>,
    ) {
        let (entries, fault) = match answer {
            Ok(entries) => (entries, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        match client {
            Some(client) if fault.is_none() => {
                self.book.known.entry(client).or_default().listed = Some(wall.timestamp());
            }
            Some(_) => {}
            None if fault.is_some() => self.changes_are_unknown(now, wall),
            None => {
                self.book.me = entries.first().map(|entry| entry.taken_by.clone()).or(self.book.me.take());
                self.book.ask_at = None;
                if self.book.is_heard {
                    self.book.deaf_since = None;
                }
            }
        }
        for entry in entries {
            // Of what nobody knew here there is no news, but what has come back waits for its operator.
            let is_known = self.state_of(entry.order.id).is_some();
            self.follow_entry(now, wall, entry, is_known, client.is_none());
        }
        if let Some(client) = client {
            self.list_is_answered(now, client, fault.map_or(Ok(()), Err));
        }
    }

    pub(in crate::screen) fn on_order_entry(
        &mut self,
        now: Instant,
        wall: &Zoned,
        answer: Result<Box<OrderEntry>, Unavailable>,
    ) {
        match answer {
            Ok(entry) => self.follow_entry(now, wall, *entry, true, true),
            // It has none such.
            Err(Unavailable::Refused { .. }) => {}
            Err(_) => self.changes_are_unknown(now, wall),
        }
    }

    /// Something has changed, and the desk did not answer what it is: nothing of it may get lost.
    fn changes_are_unknown(&mut self, now: Instant, wall: &Zoned) {
        self.book.deaf_since.get_or_insert(wall.timestamp());
        self.book.ask_at.get_or_insert(now + DESK_PAUSE);
    }

    pub(in crate::screen) fn ask_orders_again(&mut self, now: Instant) {
        if self.book.ask_at.take_if(|at| *at <= now).is_some() {
            self.wishes.push_back(Wish::FetchOrders(None));
        }
    }

    pub(in crate::screen) const fn orders_are_asked_again(&self) -> bool {
        self.book.ask_at.is_some()
    }

    /// `seems_own`: where nobody knows yet as whom the desk knows the operator.
    fn follow_entry(
        &mut self,
        now: Instant,
        wall: &Zoned,
        entry: OrderEntry,
        is_news: bool,
        seems_own: bool,
    ) {
        let (id, client) = (entry.order.id, entry.order.client);
        if self.book.entries.get(&id).is_some_and(|known| known.changed_at > entry.changed_at) {
            // Of two answers the older one came last.
            return;
        }
        if entry.state != OrderState::Draft {
            self.book.places.remove(&id);
        }
        let refused = self.book.refusals.remove(&id);
        let seems_own = seems_own || self.book.find(id).is_some();
        let is_own = refused != Some(ProblemCode::NotYours)
            && self.book.me.as_ref().map_or(seems_own, |me| *me == entry.taken_by);
        let before = self.state_of(id);
        if is_own && is_news && before != Some(entry.state) {
            self.notice_change(now, &entry);
        } else if is_own {
            self.notice_returned(&entry);
        }
        let is_open = self.open_client() == Some(client);
        let is_at_odds = is_own && entry.state == OrderState::Draft;
        match self.book.find_mut(id) {
            Some(draft) if is_at_odds && draft.is_at_odds_with(&entry.order) => {
                if draft.note_theirs(now, wall, &entry) {
                    self.tell_of_both(&entry);
                }
            }
            Some(draft) if draft.stays_as_it_is(&entry, is_own) => draft.told = Some(wall.timestamp()),
            Some(draft) => {
                let is_newer = entry.order.revision > draft.order.revision;
                draft.follow(&entry, is_own);
                (draft.told, draft.since) = (Some(wall.timestamp()), now);
                let is_seen = is_open && draft.is_open;
                if is_seen && draft.is_writing() {
                    self.ask_quietly(now, Question::Product);
                }
                if is_seen && is_newer {
                    self.announce(say!(
                        &self.cat,
                        "The order was changed elsewhere; it stands here as it is now"
                    ));
                }
            }
            None if is_own && entry.state == OrderState::Draft => self.adopt_of_desk(now, &entry),
            None => {
                if let Some(code) = refused {
                    self.notice_refused(&entry, code);
                }
            }
        }
        self.book.examine(client);
        self.remember_entry(entry);
    }

    /// Where an order is, as far as it is known here.
    fn state_of(&self, id: OrderId) -> Option<OrderState> {
        match self.book.find(id) {
            Some(draft) => draft.state(),
            None => self.book.entries.get(&id).map(|entry| entry.state),
        }
    }

    /// In the list that is open, or in a bar.
    fn is_in_sight(&self, id: OrderId) -> bool {
        let client = self.book.entries.get(&id).map(|entry| entry.order.client);
        let listed = self.book.list.as_ref().map(|list| list.client);
        listed.is_some() && listed == client || self.has_notice(id)
    }

    pub(super) fn remember_entry(&mut self, entry: OrderEntry) {
        let id = entry.order.id;
        self.book.told.retain(|known| *known != id);
        self.book.told.push(id);
        self.book.entries.insert(id, entry);
        if self.book.told.len() > MOST_ENTRIES {
            let oldest = self.book.told.iter().position(|id| !self.is_in_sight(*id));
            let oldest = oldest.map(|at| self.book.told.remove(at));
            oldest.map(|id| self.book.entries.remove(&id));
        }
    }
}

impl Draft {
    /// None: the desk has the next word.
    fn state(&self) -> Option<OrderState> {
        match self.phase {
            Phase::Writing | Phase::Refused => Some(OrderState::Draft),
            Phase::Placing { .. } => None,
            Phase::Given(state) => Some(state),
        }
    }

    /// What is written here goes on, and what is on its way has its own answer.
    fn stays_as_it_is(&self, entry: &OrderEntry, is_own: bool) -> bool {
        let is_draft = is_own && entry.state == OrderState::Draft;
        let is_known = entry.order.revision <= self.order.revision;
        match self.phase {
            // Where it was given in, is changed, and is to be placed again, the desk has yet to hear of the change.
            Phase::Placing { .. } => {
                is_draft || self.wants_change && entry.order.revision < self.order.revision
            }
            Phase::Writing if is_draft => is_known,
            Phase::Writing => self.wants_change,
            // What was refused is to be mended, unless it is the desk's now.
            Phase::Refused => is_draft && is_known,
            Phase::Given(state) => is_known && (state == entry.state || is_draft && self.wants_change),
        }
    }
}
