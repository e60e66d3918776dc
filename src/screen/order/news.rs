//! What the desk says of terms, goods and orders.

use super::ask::Question;
use super::{Draft, Phase};
use crate::desk_api::{
    ClientId, Fault, Goods, OrderEntry, OrderId, OrderNews, OrderReceipt, OrderState, Severity, Terms,
    Unavailable,
};
use crate::instant::Instant;
use crate::phone::LineId;
use crate::screen::call::Seen;
use crate::screen::{Screen, Wish};

impl Screen {
    /// Known, or known better, who is on this line: the order is prepared while it rings.
    pub(in crate::screen) fn prepare_order(&mut self, line: LineId) {
        let client = self.seen(line).and_then(Seen::client).map(|client| client.id);
        if let Some(client) = client.filter(|_| self.config.has_desk) {
            self.fetch_terms(client);
        }
    }

    pub(super) fn fetch_terms(&mut self, client: ClientId) {
        let known = self.book.known.entry(client).or_default();
        if !std::mem::replace(&mut known.is_asked, true) {
            self.wishes.push_back(Wish::FetchTerms(client));
        }
    }

    pub(in crate::screen) fn on_terms(
        &mut self,
        now: Instant,
        client: ClientId,
        answer: Result<Box<Terms>, Unavailable>,
    ) {
        let known = self.book.known.entry(client).or_default();
        known.is_asked = false;
        match answer {
            Ok(terms) => {
                (known.terms, known.fault) = (Some(terms), None);
                self.book.examine(client);
                self.say_at_the_ring(client);
            }
            Err(why) => {
                known.fault = Some(why.clone());
                // One that answers, and has no terms for this client, gives cards all the same.
                if !matches!(why, Unavailable::Refused { .. } | Unavailable::BadAnswer(_)) {
                    self.desk_fails(now, why);
                }
            }
        }
    }

    /// Who takes no order from this client knows before answering.
    fn say_at_the_ring(&mut self, client: ClientId) {
        let rings = self.client_line().filter(|line| self.rings(*line)).and_then(|line| self.seen(line));
        let is_theirs = rings.and_then(Seen::client).is_some_and(|card| card.id == client);
        if let Some(why) = self.book.closed(client).filter(|_| is_theirs) {
            self.announce(self.closed_words(why));
        }
    }

    pub(in crate::screen) fn on_products(
        &mut self,
        client: ClientId,
        text: &str,
        answer: Result<Vec<Goods>, Unavailable>,
    ) {
        let is_asked = |draft: &&mut Draft| {
            super::entry::Wanted::read(&draft.text).words == text && draft.asks == Question::Product
        };
        if let Ok(goods) = &answer
            && let Some(known) = self.book.known.get_mut(&client)
        {
            known.found.extend(goods.iter().map(|goods| (goods.product.id, goods.clone())));
            self.book.examine(client);
        }
        let is_open = self.open_client() == Some(client);
        let Some(draft) = self.book.drafts.get_mut(&client).filter(is_asked) else { return };
        draft.searches = false;
        // Behind what stands there.
        for goods in answer.unwrap_or_default() {
            if !draft.hits.contains(&goods.product.id) {
                draft.hits.push(goods.product.id);
            }
        }
        if is_open {
            self.announce_found();
        }
    }

    pub(in crate::screen) fn on_order_news(&mut self, now: Instant, news: OrderNews) {
        match news {
            // What it goes by is not known before the client calls again.
            OrderNews::Found(order) => self.adopt(now, *order),
            OrderNews::Kept { .. } => {}
            OrderNews::Answered(receipt) => self.on_receipt(now, *receipt),
            // What was to be done to an order, and is not; the order is as it was.
            OrderNews::Refused { revision: 0, code, .. } => self.announce_not_done(code),
            OrderNews::Refused { id, revision, code: _ } => {
                let refused = self.draft_of(id).filter(|(_, draft)| draft.order.revision == revision);
                if let Some((client, draft)) = refused {
                    draft.phase = Phase::Refused;
                    self.announce_phase_of(client);
                }
            }
            OrderNews::Waits { id } => {
                if let Some((client, draft)) = self.draft_of(id)
                    && draft.phase == (Phase::Placing { waits: false })
                {
                    draft.phase = Phase::Placing { waits: true };
                    self.is_taken(client);
                    self.announce_phase_of(client);
                }
            }
        }
    }

    pub(in crate::screen) fn on_drafts(
        &mut self,
        now: Instant,
        answer: Result<Vec<OrderEntry>, Unavailable>,
    ) {
        let drafts = answer.unwrap_or_default().into_iter().filter(|entry| entry.state == OrderState::Draft);
        for entry in drafts {
            self.adopt(now, entry.order);
        }
    }

    /// A draft of before; what is being written is newer.
    fn adopt(&mut self, now: Instant, order: crate::desk_api::Order) {
        let client = order.client;
        let is_newer = |draft: &Draft| match draft.order.id == order.id {
            // One that was given in has come back.
            true => draft.order.revision < order.revision || matches!(draft.phase, Phase::Given { .. }),
            false => !draft.is_begun() && !draft.is_open,
        };
        if self.book.drafts.get(&client).is_none_or(is_newer) {
            let is_open = self.book.drafts.get(&client).is_some_and(|draft| draft.is_open);
            self.book.drafts.insert(client, Draft { is_open, ..Draft::of(now, order) });
            self.book.examine(client);
        }
    }

    fn draft_of(&mut self, id: OrderId) -> Option<(ClientId, &mut Draft)> {
        let found = self.book.drafts.iter_mut().find(|(_, draft)| draft.order.id == id);
        found.map(|(client, draft)| (*client, draft))
    }

    fn on_receipt(&mut self, now: Instant, receipt: OrderReceipt) {
        let Some((client, draft)) = self.draft_of(receipt.id) else { return };
        // Whatever was typed since, an order that is placed is placed.
        if receipt.revision != draft.order.revision && receipt.state == OrderState::Draft {
            return;
        }
        let (state, number) = (receipt.state, receipt.number);
        let stops = receipt.examined.faults.iter().any(|fault| fault.severity() == Severity::Stops);
        draft.receipt = Some(receipt);
        match state {
            // Of two answers the first is to the writing: then nothing stands in the way of the placing.
            OrderState::Draft if draft.is_placing() && !stops => {}
            OrderState::Draft if draft.is_placing() => {
                draft.phase = Phase::Writing;
                self.announce_not_placed(client);
            }
            // It is the operator's again.
            OrderState::Draft if matches!(draft.phase, Phase::Given { .. }) => {
                draft.phase = Phase::Writing;
                if self.open_client() == Some(client) {
                    self.ask(now, Question::Product);
                }
            }
            OrderState::Draft => {}
            _ => {
                draft.phase = Phase::Given { state, number };
                draft.chosen = None;
                draft.since = now;
                self.is_taken(client);
                self.announce_phase_of(client);
                // It has used up credit and stock.
                self.fetch_terms(client);
            }
        }
    }

    /// The call in which it was comes to an order.
    fn is_taken(&mut self, client: ClientId) {
        let last = self.last.as_ref().map(|last| Seen { view: &last.view, call: &last.call });
        let standing = self.view.lines.keys().filter_map(|line| self.seen(*line));
        let calls = standing.chain(last).filter(|seen| seen.client().is_some_and(|card| card.id == client));
        let call_ids: Vec<String> = calls.map(|seen| seen.view.call_id.clone()).collect();
        for call_id in &call_ids {
            self.infer_order(call_id);
        }
        self.book.taken_in.extend(call_ids);
    }

    /// Nobody of those who serve the client took the call: so that it was not in vain, the operator writes down what is wanted.
    pub(in crate::screen) fn take_request(&mut self, line: LineId) {
        let client = self.seen(line).and_then(Seen::client).map(|client| client.id);
        if let Some(client) = client.filter(|client| self.book.closed(*client).is_some()) {
            self.book.requests.insert(client);
            self.announce_request();
        }
    }

    /// The next call of this client is passed on again.
    pub(in crate::screen) fn forget_request(&mut self, client: ClientId) {
        if !self.book.drafts.get(&client).is_some_and(Draft::is_begun) {
            self.book.requests.remove(&client);
        }
    }

    /// What stands in the way of a line.
    pub(super) fn line_faults(draft: &Draft, number: u32) -> impl Iterator<Item = &Fault> {
        draft.examined().faults.iter().filter(move |fault| match fault {
            Fault::LineTwice { line }
            | Fault::UnknownProduct { line }
            | Fault::Quantity { line, .. }
            | Fault::NoPrice { line }
            | Fault::NotPermitted { line, .. }
            | Fault::OutOfStock { line, .. }
            | Fault::NoSubstitute { line } => *line == number,
            _ => false,
        })
    }
}
