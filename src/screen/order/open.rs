//! Whose order stands in the window: the form opens, makes room, and belongs to one client.

use super::Draft;
use super::ask::Question;
use crate::desk_api::{CallRecordId, ClientCard, ClientId, Order, OrderId};
use crate::domain::trade::order::OrderDelivery;
use crate::instant::Instant;
use crate::screen::call::Seen;
use crate::screen::{Field, Screen};
use jiff::Zoned;

impl Screen {
    /// The client of the card. Whoever only rings takes the form from nobody.
    pub(super) fn ordering(&self) -> Option<&ClientCard> {
        let last = self.last.as_ref().map(|last| Seen { view: &last.view, call: &last.call });
        let last = last.and_then(Seen::client);
        let is_open = |client: &&ClientCard| self.has_form_open(client.id);
        match self.client_line() {
            Some(line) if self.rings(line) && last.as_ref().is_some_and(is_open) => last,
            Some(line) => self.seen(line)?.client(),
            None => last,
        }
    }

    /// The client's order or list stands where the card does, or would if the form were theirs.
    pub(in crate::screen) fn has_form_open(&self, client: ClientId) -> bool {
        self.book.drafts.get(&client).is_some_and(|draft| draft.is_open)
            || self.book.list.as_ref().is_some_and(|list| list.client == client)
    }

    /// Whose order is on the screen, or would be: whose order is looked at, else the client of the card.
    pub(super) fn ordering_client(&self) -> Option<ClientId> {
        let visited = self.book.visited.as_ref().map(|(client, _)| *client);
        let looked_up = || self.looked_up().map(|client| client.id);
        visited.or_else(looked_up).or_else(|| Some(self.ordering()?.id))
    }

    pub(super) fn ordering_name(&self) -> String {
        let visited = self.book.visited.as_ref().map(|(_, name)| name.as_str());
        let looked_up = || self.looked_up().map(|client| client.name.as_str());
        let name = visited.or_else(looked_up).or_else(|| Some(self.ordering()?.name.as_str()));
        crate::screen::format::tame(name.unwrap_or_default())
    }

    pub(in crate::screen) fn can_order(&self) -> bool {
        self.config.has_desk && self.ordering_client().is_some()
    }

    /// The client whose order stands in the window.
    pub(super) fn open_client(&self) -> Option<ClientId> {
        let client = self.ordering_client().filter(|_| self.list_client().is_none());
        client.filter(|client| self.book.drafts.get(client).is_some_and(|draft| draft.is_open))
    }

    pub(in crate::screen) fn order_is_open(&self) -> bool {
        self.open_client().is_some() || self.list_client().is_some()
    }

    pub(super) fn open_draft(&self) -> Option<&Draft> {
        self.book.drafts.get(&self.open_client()?)
    }

    pub(super) fn open_draft_mut(&mut self) -> Option<&mut Draft> {
        let client = self.open_client()?;
        self.book.drafts.get_mut(&client)
    }

    pub(super) fn open_order(&mut self, now: Instant, wall: &Zoned) {
        let Some(client) = self.ordering_client() else { return };
        self.book.list = None;
        if self.book.terms(client).is_none() {
            self.fetch_terms(client);
            return self.announce(self.no_terms_words());
        }
        let stands = self.book.drafts.get(&client).filter(|draft| !draft.is_given());
        if stands.is_none_or(|draft| !draft.is_begun())
            && let Some(why) = self.book.closed(client)
        {
            return self.announce(self.closed_words(why));
        }
        if stands.is_none() {
            self.begin_order(now, wall, client);
        }
        self.open_draft_of(now, client);
    }

    /// What lies there opens.
    pub(super) fn open_draft_of(&mut self, now: Instant, client: ClientId) {
        self.transfer.close();
        (self.palette, self.book.list) = (None, None);
        let mut was_weighed = false;
        if let Some(draft) = self.book.drafts.get_mut(&client) {
            was_weighed = draft.weighs;
            (draft.is_open, draft.since) = (true, now);
        }
        if was_weighed {
            // Whoever opens it may be typing already.
            self.ask_quietly(now, Question::Product);
        }
        self.book.examine(client);
        self.focus(Field::Order);
        self.announce_prompt();
        if self.open_draft().is_some_and(|draft| draft.theirs.is_some()) {
            self.announce_both_written();
        }
    }

    pub(super) fn begin_order(&mut self, now: Instant, wall: &Zoned, client: ClientId) {
        let chance = self.book.draw();
        let address = self.book.terms(client).and_then(|terms| Some(terms.addresses.first()?.number));
        let order = Order {
            id: OrderId::new(wall.timestamp(), chance),
            revision: 0,
            client,
            payer: None,
            call: self.call_with(client),
            column: None,
            lines: Vec::new(),
            offers: Vec::new(),
            no_offers: false,
            delivery: OrderDelivery { address, ..OrderDelivery::default() },
            agreed_total: None,
            note: None,
            writer: None,
            seen: 0,
        };
        self.book.lay_out(Draft::of(now, order));
    }

    /// What the client has begun to order, or has just given in.
    pub(in crate::screen) fn begun_order(&self, client: ClientId) -> Option<OrderId> {
        Some(self.book.drafts.get(&client).filter(|draft| draft.is_begun())?.order.id)
    }

    /// The entry of the call in which this client orders.
    pub(super) fn call_with(&self, client: ClientId) -> Option<CallRecordId> {
        let last = self.last.as_ref().map(|last| Seen { view: &last.view, call: &last.call });
        let line = self.client_line().and_then(|line| self.seen(line));
        let calls = line.into_iter().chain(last);
        let is_theirs = |seen: &Seen<'_>| seen.client().is_some_and(|card| card.id == client);
        let caller = self.client_seen().filter(|_| self.may_be_the_caller(client));
        calls.into_iter().find(is_theirs).or(caller)?.view.record
    }

    /// One level up: to the question for products, and from there out of the form. The draft stays; of an answer that was not
    /// finished what stood there before is back.
    pub(in crate::screen) fn leave_order(&mut self, now: Instant) {
        if self.book.list.take().is_some() {
            self.book.visited = None;
            return;
        }
        let Some(draft) = self.open_draft_mut() else { return };
        draft.walks = false;
        if draft.theirs.is_some() && !draft.weighs {
            return self.ask_which_holds(now);
        }
        if draft.weighs_both()
            || draft.asks == Question::Product && draft.text.is_empty()
            || !draft.is_writing()
        {
            draft.is_open = false;
            self.book.visited = None;
        } else {
            if let Some(before) = draft.before.take() {
                self.change_order(|order| before.put_back(order));
            }
            self.ask(now, Question::Product);
        }
    }

    /// Card, calls and note stand where the form does.
    pub(in crate::screen) fn put_order_aside(&mut self) {
        if let Some(draft) = self.open_draft_mut() {
            draft.is_open = false;
        }
        (self.book.list, self.book.visited) = (None, None);
    }

    /// The operator speaks with somebody now: whom they had looked up makes room.
    pub(in crate::screen) fn end_visit(&mut self) {
        let looked_up = self.looked_up.take();
        if self.book.visited.is_some() || looked_up.is_some() {
            self.put_order_aside();
        }
    }
}
