//! What the desk says of terms, goods and orders.

use super::ask::Question;
use super::{Draft, Phase};
use crate::desk_api::{
    Change, ClientId, Fault, Goods, Order, OrderEntry, OrderId, OrderNews, OrderReceipt, OrderState,
    ProblemCode, Severity, Sought, Terms, Unavailable,
};
use crate::instant::Instant;
use crate::phone::LineId;
use crate::screen::call::Seen;
use crate::screen::{Screen, Wish};
use jiff::Zoned;

impl Screen {
    /// Known, or known better, who is on this line: the order is prepared while it rings.
    pub(in crate::screen) fn prepare_order(&mut self, line: LineId) {
        let client = self.seen(line).and_then(Seen::client).map(|client| client.id);
        if let Some(client) = client.filter(|_| self.config.has_desk) {
            self.fetch_terms(client);
        }
    }

    pub(in crate::screen) fn fetch_terms(&mut self, client: ClientId) {
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
        what: &Sought,
        answer: Result<Vec<Goods>, Unavailable>,
    ) {
        let is_instead = |draft: &Draft, product| match draft.asks {
            Question::Shortage { line } => draft.line(line).is_some_and(|line| line.product == product),
            _ => false,
        };
        let is_asked = |draft: &&mut Draft| {
            let words = super::entry::Wanted::read(&draft.text).words;
            *what == Sought::Words(words) && draft.asks == Question::Product
        };
        if let Ok(goods) = &answer
            && let Some(known) = self.book.known.get_mut(&client)
        {
            known.found.extend(goods.iter().map(|goods| (goods.product.id, goods.clone())));
            self.book.examine(client);
        }
        if let Sought::InsteadOf(product) = what {
            let found = self.substitutes_of(client, *product);
            let draft = self.book.drafts.get_mut(&client).filter(|draft| is_instead(draft, *product));
            if let Some(draft) = draft {
                draft
                    .hits
                    .extend(found.into_iter().filter(|id| !draft.hits.contains(id)).collect::<Vec<_>>());
            }
            return;
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

    pub(in crate::screen) fn on_order_news(&mut self, now: Instant, wall: &Zoned, news: OrderNews) {
        match news {
            // What it goes by is not known before the client calls again.
            OrderNews::Found(order) => self.adopt_found(now, wall, *order),
            OrderNews::Places { id } => {
                self.book.places.insert(id);
                self.places_still(id);
            }
            OrderNews::Kept { id, revision } => {
                if let Some(draft) = self.book.find_mut(id) {
                    draft.kept = draft.kept.max(revision);
                }
            }
            OrderNews::Answered(receipt) => self.on_receipt(now, wall, *receipt),
            OrderNews::Refused { id, revision, code } => self.on_order_refused(id, revision, code),
            OrderNews::Waits { id } => self.on_order_waits(id),
        }
    }

    /// It is said where the order stands, and what the desk has instead is asked for.
    fn on_order_refused(&mut self, id: OrderId, revision: u32, code: ProblemCode) {
        self.book.places.remove(&id);
        let mut is_known = false;
        // That another program has written it is said already, and is not said again at every letter.
        let is_told = |draft: &&mut Draft| draft.theirs.is_some() && code == ProblemCode::RevisionConflict;
        if let Some(draft) = self.book.find_mut(id).filter(|draft| !is_told(draft)) {
            is_known = true;
            if revision == 0 {
                // What was to be done to it; it is as it was.
                draft.wants_change = false;
            } else if draft.order.revision == revision {
                draft.phase = Phase::Refused;
            }
            draft.refusal = Some(code);
        }
        self.book.refusals.insert(id, code);
        self.wishes.push_back(Wish::FetchOrder(id));
        if is_known {
            self.announce(self.refusal_words(code));
        }
    }

    /// The desk is away: what is to be done with the order is done when it is back.
    fn on_order_waits(&mut self, id: OrderId) {
        let Some(draft) = self.book.find_mut(id) else { return };
        let client = draft.order.client;
        if draft.phase == (Phase::Placing { waits: false }) {
            draft.phase = Phase::Placing { waits: true };
            self.is_taken(client);
            self.announce_phase_of(id);
        } else if draft.wants_change && draft.is_given() {
            // What is changed meanwhile follows the wish to change it.
            draft.phase = Phase::Writing;
            self.announce_change_waits();
        }
    }

    pub(in crate::screen) fn on_drafts(
        &mut self,
        now: Instant,
        wall: &Zoned,
        answer: Result<Vec<OrderEntry>, Unavailable>,
    ) {
        let drafts = answer.unwrap_or_default().into_iter().filter(|entry| entry.state == OrderState::Draft);
        for entry in drafts {
            self.book.me = Some(entry.taken_by.clone());
            let unsent = self.book.find_mut(entry.order.id);
            let unsent = unsent.filter(|draft| draft.is_at_odds_with(&entry.order));
            match unsent.map(|draft| draft.note_theirs(now, wall, &entry)) {
                Some(true) => self.tell_of_both(&entry),
                Some(false) => {}
                None => {
                    self.notice_returned(&entry);
                    self.adopt_of_desk(now, &entry);
                }
            }
            self.remember_entry(entry);
        }
    }

    /// What an earlier run has not sent. Where the desk has told already what another program has written since, neither is thrown
    /// away.
    fn adopt_found(&mut self, now: Instant, wall: &Zoned, order: Order) {
        let (id, client) = (order.id, order.client);
        let found = Draft { kept: order.revision, ..Draft::of(now, order) };
        let is_of_desk = |draft: &&mut Draft| {
            draft.is_writing() && draft.order.revision <= draft.seen && draft.theirs.is_none()
        };
        let entry = self.book.entries.get(&id).filter(|entry| entry.state == OrderState::Draft).cloned();
        let told = entry.filter(|entry| found.is_at_odds_with(&entry.order));
        let draft = self.book.find_mut(id).filter(is_of_desk);
        let Some((draft, entry)) = draft.zip(told) else { return self.adopt(now, found.order) };
        *draft = Draft { is_open: draft.is_open, number: draft.number, ..found };
        draft.note_theirs(now, wall, &entry);
        self.tell_of_both(&entry);
        self.places_still(id);
        self.book.examine(client);
    }

    /// The desk has it so.
    pub(super) fn adopt_of_desk(&mut self, now: Instant, entry: &OrderEntry) {
        self.adopt(now, entry.order.clone());
        if let Some(draft) = self.book.find_mut(entry.order.id) {
            draft.number = entry.number.or(draft.number);
            if draft.order == entry.order {
                draft.seen = entry.order.revision;
            }
        }
    }

    /// A draft of before; what is being written is newer, and what is on its way to be placed is not written.
    pub(super) fn adopt(&mut self, now: Instant, order: Order) {
        let (id, client) = (order.id, order.client);
        match self.book.find(id) {
            Some(draft) if draft.is_placing() => return,
            // One that was given in has come back.
            Some(draft) if draft.order.revision >= order.revision && !draft.is_given() => return,
            Some(draft) => {
                let (is_open, number) = (draft.is_open, draft.number);
                let kept = order.revision;
                let new = Draft { is_open, number, kept, ..Draft::of(now, order) };
                if let Some(draft) = self.book.find_mut(id) {
                    *draft = new;
                }
            }
            None => {
                let is_free = |draft: &Draft| !draft.is_begun() && !draft.is_open;
                let new = Draft { kept: order.revision, ..Draft::of(now, order) };
                if self.book.drafts.get(&client).is_none_or(is_free) {
                    self.book.drafts.insert(client, new);
                } else {
                    self.book.aside.insert(id, new);
                }
            }
        }
        self.places_still(id);
        self.book.examine(client);
    }

    /// An earlier run has asked for it to be placed: it is on its way, and nobody has confirmed it.
    fn places_still(&mut self, id: OrderId) {
        let places = self.book.places.contains(&id);
        if let Some(draft) = self.book.find_mut(id).filter(|draft| places && draft.is_writing()) {
            draft.phase = Phase::Placing { waits: true };
            // Whether it can be placed is the desk's to say first.
            (draft.theirs, draft.weighs) = (None, false);
        }
    }

    /// Another telephone has not heard what the one before was asked: what is not known to be on disk is written once more.
    pub(in crate::screen) fn write_orders_again(&mut self) {
        let mut wishes = Vec::new();
        for draft in self.book.all() {
            let (id, revision) = (draft.order.id, draft.order.revision);
            if draft.is_begun() && draft.kept < revision {
                wishes.push(Wish::KeepOrder(Box::new(draft.order.clone())));
            }
            if draft.is_placing() {
                wishes.push(Wish::PlaceOrder { id, revision });
            }
        }
        self.wishes.extend(wishes);
    }

    fn on_receipt(&mut self, now: Instant, wall: &Zoned, receipt: OrderReceipt) {
        let (id, state) = (receipt.id, receipt.state);
        if state != OrderState::Draft {
            self.book.places.remove(&id);
        }
        // It was given in, and others have moved it on since: this says how it was then.
        let is_late = self.book.entries.get(&id).is_some_and(|entry| entry.state != OrderState::Draft);
        let Some(draft) = self.book.find_mut(id) else { return };
        let client = draft.order.client;
        // Somebody has written it elsewhere: what stands here is not what the desk has.
        let is_behind = receipt.revision > draft.order.revision || receipt.change == Change::Superseded;
        if is_behind {
            self.wishes.push_back(Wish::FetchOrder(id));
        } else {
            draft.kept = draft.kept.max(receipt.revision);
            draft.seen = draft.seen.max(receipt.revision);
        }
        draft.number = receipt.number.or(draft.number);
        draft.told = Some(wall.timestamp());
        let is_of_this = receipt.revision == draft.order.revision;
        let stops = receipt.examined.faults.iter().any(|fault| fault.severity() == Severity::Stops);
        match state {
            OrderState::Draft if is_behind => {}
            // It is the operator's again.
            OrderState::Draft if draft.is_given() => {
                (draft.phase, draft.wants_change) = (Phase::Writing, false);
                draft.receipt = Some(receipt);
                if self.open_client() == Some(client) {
                    self.ask(now, Question::Product);
                }
            }
            OrderState::Draft if !is_of_this => {}
            // Of two answers the first is to the writing: then nothing stands in the way of the placing.
            OrderState::Draft if draft.is_placing() && !stops => draft.receipt = Some(receipt),
            OrderState::Draft if draft.is_placing() => {
                (draft.phase, draft.receipt) = (Phase::Writing, Some(receipt));
                self.book.places.remove(&id);
                self.announce_not_placed(id);
            }
            OrderState::Draft => (draft.receipt, draft.wants_change) = (Some(receipt), false),
            // It is changed already, and that the desk gives it back is the next answer.
            _ if draft.wants_change && (draft.is_writing() || draft.is_placing() && !is_of_this) => {}
            _ if draft.is_given() && is_late => self.wishes.push_back(Wish::FetchOrder(id)),
            // Whatever was typed since, an order that is placed is placed.
            state => {
                draft.receipt = Some(receipt);
                self.note_given(now, id, state);
            }
        }
    }

    /// The desk has it now.
    fn note_given(&mut self, now: Instant, id: OrderId, state: OrderState) {
        let Some(draft) = self.book.find_mut(id) else { return };
        let client = draft.order.client;
        draft.phase = Phase::Given(state);
        (draft.chosen, draft.since) = (None, now);
        // Of a repeated wish the answer is the first one, and others may have moved the order on since.
        if self.book.heard.remove(&id).is_some_and(|heard| heard != state) {
            self.wishes.push_back(Wish::FetchOrder(id));
        }
        self.is_taken(client);
        self.forget_notices(id);
        self.announce_phase_of(id);
        // It has used up credit and stock.
        self.fetch_terms(client);
    }

    /// The call in which it was comes to an order.
    fn is_taken(&mut self, client: ClientId) {
        let last = self.last.as_ref().map(|last| Seen { view: &last.view, call: &last.call });
        let standing = self.view.lines.keys().filter_map(|line| self.seen(*line));
        let caller = self.client_seen().filter(|_| self.may_be_the_caller(client));
        let is_theirs = |seen: &Seen<'_>| seen.client().is_some_and(|card| card.id == client);
        let calls = standing.chain(last).filter(is_theirs).chain(caller);
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

    /// The client of the card could be passed on to nobody.
    pub(in crate::screen) fn is_requested(&self) -> bool {
        self.ordering_client().is_some_and(|client| self.book.requests.contains(&client))
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
