//! Orders, taken while the client speaks (duties 3, 5, 7, 9, 10, 12, 13): one draft for each client, kept at every change.
//!
//! One field asks for one thing after the other: products and amounts, the client's word about an offer, time and
//! receiver. Whatever can be chosen stands below it with a digit. So the keyboard never has to go anywhere else, and a
//! screen reader says what is asked. What is asked changes by the operator's keys alone.

mod ask;
mod choices;
mod entry;
mod form;
mod news;
mod words;

use super::call::Seen;
use super::{Act, Field, Screen, Wish};
use crate::desk_api::{
    ClientCard, ClientId, Order, OrderId, OrderReceipt, OrderState, Standing, Terms, Unavailable,
};
use crate::domain::trade::examine::{Examined, Fault, Goods, ServedBy, Severity, examine};
use crate::domain::trade::order::{OrderDelivery, OrderLine};
use crate::domain::trade::product::{ProductId, QuantityFault, Unit};
use crate::domain::trade::terms::Payer;
use crate::instant::Instant;
use ask::Question;
use jiff::Zoned;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// All that is known of orders.
pub(super) struct Book {
    chance: ChaCha20Rng,
    known: BTreeMap<ClientId, Known>,
    drafts: BTreeMap<ClientId, Draft>,
    /// Nobody of those who serve this client could be had: what is taken now is a request to them.
    requests: BTreeSet<ClientId>,
    /// Call-IDs of the conversations in which an order was given in.
    taken_in: BTreeSet<String>,
}

/// What the desk has said of a client.
#[derive(Default)]
struct Known {
    terms: Option<Box<Terms>>,
    fault: Option<Unavailable>,
    /// The desk has still to answer.
    is_asked: bool,
    /// Goods that were searched for since.
    found: BTreeMap<ProductId, Goods>,
}

struct Draft {
    order: Order,
    /// By what this program knows.
    examined: Examined,
    /// The desk's word about this revision.
    receipt: Option<OrderReceipt>,
    phase: Phase,
    is_open: bool,
    asks: Question,
    since: Instant,
    text: String,
    chosen: Option<usize>,
    /// What was wrong with the last entry.
    mistake: Option<Mistake>,
    /// Goods for what is typed, as they stand in the rows.
    hits: Vec<ProductId>,
    /// The desk has not answered to what is typed.
    searches: bool,
    /// One thing that is missing is asked for after the other.
    walks: bool,
}

/// Where an order is on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Writing,
    /// The desk was asked to place it.
    Placing {
        waits: bool,
    },
    /// The desk has it: placed, held, or waiting for its payment.
    Given {
        state: OrderState,
        number: Option<u64>,
    },
    /// The desk will never take it so.
    Refused,
}

/// Why an entry was not taken.
#[derive(Clone, PartialEq, Eq)]
enum Mistake {
    NoAmount,
    NothingFound,
    NotPackedSo,
    Quantity(QuantityFault, Unit),
    NotPermitted { permission: String },
    NotWritten,
}

/// Why the form is closed for a client (duties 3, 5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Closed {
    KeyClient,
    NewClient,
    Debt,
}

impl Book {
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            chance: ChaCha20Rng::from_seed(seed),
            known: BTreeMap::new(),
            drafts: BTreeMap::new(),
            requests: BTreeSet::new(),
            taken_in: BTreeSet::new(),
        }
    }

    fn terms(&self, client: ClientId) -> Option<&Terms> {
        self.known.get(&client)?.terms.as_deref()
    }

    fn goods(&self, client: ClientId, product: ProductId) -> Option<&Goods> {
        let known = self.known.get(&client)?;
        known.terms.as_deref()?.goods(product, &known.found)
    }

    /// By what is known now.
    fn examine(&mut self, client: ClientId) {
        let Some((known, draft)) = self.known.get(&client).zip(self.drafts.get_mut(&client)) else { return };
        if let Some(terms) = &known.terms {
            draft.examined = examine(&draft.order, &terms.facts(&draft.order, &known.found));
        }
    }

    fn closed(&self, client: ClientId) -> Option<Closed> {
        let terms = self.terms(client).filter(|_| !self.requests.contains(&client))?;
        match terms.served_by {
            ServedBy::KeyManager => Some(Closed::KeyClient),
            ServedBy::Head => Some(Closed::NewClient),
            ServedBy::Operator => {
                let owes = |payer: &Payer| payer.standing.as_ref().is_some_and(Standing::is_blocked);
                terms.payers.iter().all(owes).then_some(Closed::Debt)
            }
        }
    }

    /// Another telephone knows nothing of what that one was asked.
    pub fn forget_questions(&mut self) {
        self.known.values_mut().for_each(|known| known.is_asked = false);
    }

    pub fn was_taken_in(&self, call_id: &str) -> bool {
        self.taken_in.contains(call_id)
    }
}

impl Draft {
    fn of(now: Instant, order: Order) -> Self {
        Self {
            order,
            examined: nothing(),
            receipt: None,
            phase: Phase::Writing,
            is_open: false,
            asks: Question::Product,
            since: now,
            text: String::new(),
            chosen: None,
            mistake: None,
            hits: Vec::new(),
            searches: false,
            walks: false,
        }
    }

    /// The desk's word where it has spoken of this revision; it knows what is true.
    fn examined(&self) -> &Examined {
        let receipt = self.receipt.as_ref().filter(|receipt| receipt.revision == self.order.revision);
        receipt.map_or(&self.examined, |receipt| &receipt.examined)
    }

    /// The operator has to mend it.
    fn stops(&self) -> impl Iterator<Item = &Fault> {
        self.examined().faults.iter().filter(|fault| fault.severity() == Severity::Stops)
    }

    fn is_writing(&self) -> bool {
        matches!(self.phase, Phase::Writing | Phase::Refused)
    }

    fn line(&self, number: u32) -> Option<&OrderLine> {
        self.order.lines.iter().find(|line| line.number == number)
    }

    fn is_begun(&self) -> bool {
        self.order.revision > 0
    }
}

fn nothing() -> Examined {
    Examined {
        lines: Vec::new(),
        currency: None,
        total: crate::domain::trade::amount::Sum::default(),
        most: crate::desk_api::Money::ZERO,
        column: None,
        columns: Vec::new(),
        faults: Vec::new(),
    }
}

impl Screen {
    /// Whose order is on the screen, or would be: the client of the card. Whoever only rings takes the form from nobody.
    fn ordering(&self) -> Option<&ClientCard> {
        let last = self.last.as_ref().map(|last| Seen { view: &last.view, call: &last.call });
        let last = last.and_then(Seen::client);
        let is_open =
            |client: &&ClientCard| self.book.drafts.get(&client.id).is_some_and(|draft| draft.is_open);
        match self.client_line() {
            Some(line) if self.rings(line) && last.as_ref().is_some_and(is_open) => last,
            Some(line) => self.seen(line)?.client(),
            None => last,
        }
    }

    fn ordering_client(&self) -> Option<ClientId> {
        Some(self.ordering()?.id)
    }

    pub(super) fn can_order(&self) -> bool {
        self.config.has_desk && self.ordering().is_some()
    }

    /// The client whose order stands in the window.
    fn open_client(&self) -> Option<ClientId> {
        self.ordering_client()
            .filter(|client| self.book.drafts.get(client).is_some_and(|draft| draft.is_open))
    }

    pub(super) fn order_is_open(&self) -> bool {
        self.open_client().is_some()
    }

    fn open_draft(&self) -> Option<&Draft> {
        self.book.drafts.get(&self.open_client()?)
    }

    fn open_draft_mut(&mut self) -> Option<&mut Draft> {
        let client = self.open_client()?;
        self.book.drafts.get_mut(&client)
    }

    pub(super) fn can_in_order(&self, act: &Act) -> bool {
        let Some(draft) = self.open_draft() else { return false };
        match act {
            Act::OrderTyped(_) | Act::OrderChoice(_) | Act::OrderEnter | Act::OrderMove { .. } => true,
            Act::RepeatOrder | Act::UsualOrder => draft.is_writing() && draft.order.lines.is_empty(),
            Act::OrderDrop => draft.is_writing() && matches!(draft.asks, Question::Line { .. }),
            Act::DropDraft => draft.is_writing() && draft.is_begun(),
            Act::NextOffer => draft.is_writing() && self.next_offer().is_some(),
            Act::NoOffers => draft.is_writing() && !draft.order.no_offers,
            _ => draft.is_writing(),
        }
    }

    pub(super) fn order_act(&mut self, now: Instant, wall: &Zoned, act: Act) {
        self.give_more_time(now);
        if !matches!(act, Act::Order) {
            // Keys are the form's now.
            self.transfer.close();
        }
        match act {
            Act::Order => self.open_order(now, wall),
            Act::OrderTyped(text) => self.order_typed(now, wall, text),
            Act::OrderEnter => self.order_enter(now, wall),
            Act::OrderMove { down } => self.order_move(now, down),
            Act::OrderChoice(index) => self.order_choice(now, wall, index),
            Act::OrderLine(index) => {
                let line =
                    self.open_draft().and_then(|draft| draft.order.lines.get(index)).map(|line| line.number);
                if let Some(number) = line {
                    self.ask(now, Question::Line { number });
                    self.focus(Field::Order);
                }
            }
            Act::OrderDrop => self.drop_line(now),
            Act::OrderStep(index) => {
                if let Some(question) = self.steps().into_iter().nth(index).and_then(|step| step.asks) {
                    self.ask(now, question);
                    self.focus(Field::Order);
                }
            }
            Act::OrderOffer(index) => {
                if let Some(offer) = self.offers_now().into_iter().nth(index) {
                    self.ask(now, Question::Offer { product: offer.product });
                    self.focus(Field::Order);
                }
            }
            Act::NextOffer => {
                if let Some(product) = self.next_offer() {
                    self.ask(now, Question::Offer { product });
                    self.focus(Field::Order);
                }
            }
            Act::NoOffers => self.refuse_offers(now),
            Act::RepeatOrder => self.repeat_order(now),
            Act::UsualOrder => self.take_usual_order(now),
            Act::PlaceOrder => self.place_order(now),
            Act::DropDraft => self.drop_draft(now, wall),
            _ => {}
        }
    }

    fn open_order(&mut self, now: Instant, wall: &Zoned) {
        let Some(client) = self.ordering_client() else { return };
        if self.book.terms(client).is_none() {
            self.fetch_terms(client);
            return self.announce(self.no_terms_words());
        }
        let is_over = |draft: &Draft| matches!(draft.phase, Phase::Given { .. });
        let stands = self.book.drafts.get(&client).filter(|draft| !is_over(draft));
        if stands.is_none_or(|draft| !draft.is_begun())
            && let Some(why) = self.book.closed(client)
        {
            return self.announce(self.closed_words(why));
        }
        if stands.is_none() {
            self.begin_order(now, wall, client);
        }
        self.transfer.close();
        self.palette = None;
        if let Some(draft) = self.book.drafts.get_mut(&client) {
            draft.is_open = true;
        }
        self.book.examine(client);
        self.focus(Field::Order);
        self.announce_prompt();
    }

    fn begin_order(&mut self, now: Instant, wall: &Zoned, client: ClientId) {
        let mut chance = [0; 10];
        self.book.chance.fill_bytes(&mut chance);
        let address = self.book.terms(client).and_then(|terms| Some(terms.addresses.first()?.number));
        let order = Order {
            id: OrderId::new(wall.timestamp(), chance),
            revision: 0,
            client,
            payer: None,
            call: None,
            column: None,
            lines: Vec::new(),
            offers: Vec::new(),
            no_offers: false,
            delivery: OrderDelivery { address, ..OrderDelivery::default() },
            agreed_total: None,
            note: None,
        };
        self.book.drafts.insert(client, Draft::of(now, order));
    }

    /// One level up: to the question for products, and from there out of the form. The draft stays.
    pub(super) fn leave_order(&mut self, now: Instant) {
        let Some(draft) = self.open_draft_mut() else { return };
        draft.walks = false;
        if draft.asks == Question::Product && draft.text.is_empty() || !draft.is_writing() {
            draft.is_open = false;
        } else {
            self.ask(now, Question::Product);
        }
    }

    /// Card, calls and note stand where the form does.
    pub(super) fn put_order_aside(&mut self) {
        if let Some(draft) = self.open_draft_mut() {
            draft.is_open = false;
        }
    }

    /// Examined and kept at once: nothing that was said is lost, whatever happens to the call or the computer.
    fn change_order(&mut self, change: impl FnOnce(&mut Order)) {
        let Some(client) = self.open_client() else { return };
        let Some(draft) = self.book.drafts.get_mut(&client).filter(|draft| draft.is_writing()) else {
            return;
        };
        let before = draft.order.clone();
        change(&mut draft.order);
        if draft.order == before {
            return;
        }
        draft.order.revision += 1;
        (draft.phase, draft.receipt) = (Phase::Writing, None);
        let order = Box::new(draft.order.clone());
        self.book.examine(client);
        self.wishes.push_back(Wish::KeepOrder(order));
    }

    fn add_line(&mut self, product: ProductId, quantity: Decimal, unit: Unit) {
        self.change_order(|order| {
            let number = order.lines.iter().map(|line| line.number).max().unwrap_or_default() + 1;
            order.lines.push(OrderLine { number, product, quantity, unit, settled: None });
        });
    }

    fn drop_line(&mut self, now: Instant) {
        let Some(Question::Line { number }) = self.open_draft().map(|draft| draft.asks.clone()) else {
            return;
        };
        let name = self.line_name(number);
        self.change_order(|order| order.lines.retain(|line| line.number != number));
        self.ask_quietly(now, Question::Product);
        self.announce_dropped(&name);
    }

    fn drop_draft(&mut self, now: Instant, wall: &Zoned) {
        let Some(client) = self.open_client() else { return };
        let Some(draft) = self.book.drafts.remove(&client) else { return };
        let (act, reason) = (crate::desk_api::OrderAct::Cancel, Some(self.dropped_reason()));
        self.wishes.push_back(Wish::ActOnOrder { id: draft.order.id, act, reason });
        self.begin_order(now, wall, client);
        self.announce_dropped_draft();
    }

    fn place_order(&mut self, now: Instant) {
        let Some(draft) = self.open_draft_mut() else { return };
        let next = draft.stops().next().cloned();
        if let Some(fault) = next {
            draft.walks = true;
            self.focus(Field::Order);
            return self.ask_about(now, &fault);
        }
        draft.phase = Phase::Placing { waits: false };
        (draft.walks, draft.text) = (false, String::new());
        let (id, revision) = (draft.order.id, draft.order.revision);
        self.wishes.push_back(Wish::PlaceOrder { id, revision });
        self.announce_phase();
    }

    /// What the next question is, on a walk; else products again.
    fn go_on(&mut self, now: Instant) {
        let Some(draft) = self.open_draft() else { return };
        let next = draft.stops().next().cloned().filter(|_| draft.walks);
        match next {
            Some(fault) => self.ask_about(now, &fault),
            None => {
                let walked = draft.walks;
                self.ask_quietly(now, Question::Product);
                if walked {
                    self.announce_complete();
                }
            }
        }
    }
}
