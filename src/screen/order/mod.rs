//! Orders, taken while the client speaks (duties 3, 5, 7, 9, 10, 12, 13): one draft for each client, kept at every change.
//!
//! One field asks for one thing after the other: products and amounts, the client's word about an offer, time and
//! receiver. Whatever can be chosen stands below it with a digit. So the keyboard never has to go anywhere else, and a
//! screen reader says what is asked. What is asked changes by the operator's keys alone.

mod answer;
mod ask;
mod choices;
mod entry;
mod form;
mod list;
mod news;
mod notices;
mod open;
mod typed;
mod watch;
mod words;

use super::{Act, Field, Screen, Wish};
use crate::desk_api::{
    Change, ClientId, Order, OrderAct, OrderEntry, OrderId, OrderReceipt, OrderState, ProblemCode, Standing,
    Terms, Unavailable,
};
use crate::domain::trade::examine::{Examined, Fault, Goods, ServedBy, Severity, examine};
use crate::domain::trade::order::{OrderDelivery, OrderLine, Receiver, Regional};
use crate::domain::trade::product::{ProductId, QuantityFault, Unit};
use crate::domain::trade::terms::Payer;
use crate::instant::Instant;
use ask::Question;
use jiff::{Timestamp, Zoned};
use list::List;
use notices::Notice;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// All that is known of orders.
pub(super) struct Book {
    chance: ChaCha20Rng,
    /// This program among those that write orders.
    writer: Uuid,
    known: BTreeMap<ClientId, Known>,
    /// The order of each that is open, or opens.
    drafts: BTreeMap<ClientId, Draft>,
    /// Others of theirs that are not given in: begun in a call before.
    aside: BTreeMap<OrderId, Draft>,
    /// What the desk last told of orders, whoever takes them.
    entries: BTreeMap<OrderId, OrderEntry>,
    /// Which those are, the one that was told last behind all others.
    told: Vec<OrderId>,
    /// As whom the desk knows the operator.
    me: Option<String>,
    /// An earlier run has asked for them to be placed.
    places: BTreeSet<OrderId>,
    /// What the desk told by itself of orders that are on their way to be placed.
    heard: BTreeMap<OrderId, OrderState>,
    /// What could not be done to orders that stand nowhere here, until the desk has said what they are.
    refusals: BTreeMap<OrderId, ProblemCode>,
    /// What has happened to orders, the latest last.
    notices: Vec<Notice>,
    list: Option<List>,
    /// Whose order the operator looks at, whoever is on the card: with the name.
    visited: Option<(ClientId, String)>,
    /// The desk tells of changes by itself.
    is_heard: bool,
    /// Since then nobody has told what has changed.
    deaf_since: Option<Timestamp>,
    /// The desk did not answer; it is asked for all of them again.
    ask_at: Option<Instant>,
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
    /// When the desk told which orders there are.
    listed: Option<Timestamp>,
}

#[derive(Clone)]
struct Draft {
    order: Order,
    /// By what this program knows.
    examined: Examined,
    /// The desk's word about this revision.
    receipt: Option<OrderReceipt>,
    phase: Phase,
    /// As people call it, once it was given in.
    number: Option<u64>,
    /// This revision outlives the process.
    kept: u32,
    /// The revision that the desk is known to have.
    seen: u32,
    /// What another program of this operator has written meanwhile: one of the two is to hold.
    theirs: Option<Box<OrderEntry>>,
    /// The operator says now which one. Until they ask for that, what is typed goes on into what stands here.
    weighs: bool,
    /// The desk was asked to give it back, so that it can be changed.
    wants_change: bool,
    /// What could not be done to it, until the operator does something else.
    refusal: Option<ProblemCode>,
    /// When the desk said where it is.
    told: Option<Timestamp>,
    is_open: bool,
    asks: Question,
    since: Instant,
    text: String,
    chosen: Option<usize>,
    /// What stood in the order when it was begun to answer in words, until the answer is finished: Esc brings it back.
    before: Option<Box<Said>>,
    /// What was wrong with the last entry.
    mistake: Option<Mistake>,
    /// Goods for what is typed, as they stand in the rows.
    hits: Vec<ProductId>,
    /// The desk has not answered to what is typed.
    searches: bool,
    /// One thing that is missing is asked for after the other.
    walks: bool,
}

/// What is answered in words, and kept at every letter.
#[derive(Clone)]
struct Said {
    note: Option<String>,
    receiver: Option<Receiver>,
    regional: Option<Regional>,
}

impl Said {
    fn of(order: &Order) -> Self {
        let OrderDelivery { receiver, regional, .. } = &order.delivery;
        Self { note: order.note.clone(), receiver: receiver.clone(), regional: regional.clone() }
    }

    fn put_back(self, order: &mut Order) {
        (order.note, order.delivery.receiver, order.delivery.regional) =
            (self.note, self.receiver, self.regional);
    }
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
    Given(OrderState),
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
    NotPermitted {
        permission: String,
    },
    NotWritten,
    /// Half of a day and time.
    NotMoment,
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
        let mut chance = ChaCha20Rng::from_seed(seed);
        let mut octets = [0; 16];
        chance.fill_bytes(&mut octets);
        Self {
            chance,
            writer: uuid::Builder::from_random_bytes(octets).into_uuid(),
            known: BTreeMap::new(),
            drafts: BTreeMap::new(),
            aside: BTreeMap::new(),
            entries: BTreeMap::new(),
            told: Vec::new(),
            me: None,
            places: BTreeSet::new(),
            heard: BTreeMap::new(),
            refusals: BTreeMap::new(),
            notices: Vec::new(),
            list: None,
            visited: None,
            is_heard: false,
            deaf_since: None,
            ask_at: None,
            requests: BTreeSet::new(),
            taken_in: BTreeSet::new(),
        }
    }

    /// Chance for an identity.
    pub fn draw(&mut self) -> [u8; 10] {
        let mut chance = [0; 10];
        self.chance.fill_bytes(&mut chance);
        chance
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
            let facts = terms.facts(&draft.order, &known.found, draft.was_given_in());
            draft.examined = examine(&draft.order, &facts);
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

    /// For a window that begins anew: what was written is there, and nothing is open.
    pub fn close(&mut self) {
        self.drafts.values_mut().for_each(|draft| draft.is_open = false);
        (self.list, self.visited) = (None, None);
    }

    fn all(&self) -> impl Iterator<Item = &Draft> {
        self.drafts.values().chain(self.aside.values())
    }

    fn find(&self, id: OrderId) -> Option<&Draft> {
        self.all().find(|draft| draft.order.id == id)
    }

    fn find_mut(&mut self, id: OrderId) -> Option<&mut Draft> {
        self.drafts.values_mut().chain(self.aside.values_mut()).find(|draft| draft.order.id == id)
    }

    /// Where this order opens, in place of the one that is there; that one stays, unless it is empty or the desk's.
    fn lay_out(&mut self, draft: Draft) {
        self.aside.remove(&draft.order.id);
        let former = self.drafts.insert(draft.order.client, draft);
        if let Some(former) = former.filter(|former| former.is_begun() && !former.is_given()) {
            self.aside.insert(former.order.id, Draft { is_open: false, ..former });
        }
    }

    pub fn was_taken_in(&self, call_id: &str) -> bool {
        self.taken_in.contains(call_id)
    }
}

impl Draft {
    fn of(now: Instant, order: Order) -> Self {
        Self {
            // What is found on this computer may be newer than what the desk has.
            seen: order.seen,
            order,
            examined: nothing(),
            receipt: None,
            phase: Phase::Writing,
            number: None,
            kept: 0,
            theirs: None,
            weighs: false,
            wants_change: false,
            refusal: None,
            told: None,
            is_open: false,
            asks: Question::Product,
            since: now,
            text: String::new(),
            chosen: None,
            before: None,
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

    /// As the desk tells it. `is_own`: of those that this operator takes.
    fn of_entry(now: Instant, entry: &OrderEntry, is_own: bool) -> Self {
        let mut draft = Self::of(now, entry.order.clone());
        draft.follow(entry, is_own);
        draft
    }

    /// What the desk has counts.
    fn follow(&mut self, entry: &OrderEntry, is_own: bool) {
        self.phase = match entry.state {
            OrderState::Draft if is_own => Phase::Writing,
            state => Phase::Given(state),
        };
        (self.number, self.wants_change, self.chosen) = (entry.number, false, None);
        (self.theirs, self.weighs) = (None, false);
        // What was written into one that was given in, and never got there, is not what is placed.
        if self.is_given() || entry.order.revision >= self.order.revision {
            (self.order, self.before) = (entry.order.clone(), None);
            (self.kept, self.seen) = (self.order.revision, self.order.revision);
            self.receipt = self.is_given().then(|| OrderReceipt {
                id: entry.order.id,
                revision: entry.order.revision,
                change: Change::Unchanged,
                state: entry.state,
                number: entry.number,
                examined: entry.examined.clone(),
                reserved_until: None,
            });
        }
    }

    fn is_given(&self) -> bool {
        matches!(self.phase, Phase::Given(_))
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

    /// Writes the next revision. On what the desk has this program builds as the one that has seen it; on what it has not, as
    /// before.
    fn sign(&mut self, writer: Uuid) {
        if self.order.revision <= self.seen || self.order.writer.is_none() {
            (self.order.writer, self.order.seen) = (Some(writer), self.seen);
        }
        self.order.revision += 1;
    }

    /// What the desk has overlooks what was written here, and the other way round.
    fn is_at_odds_with(&self, theirs: &Order) -> bool {
        let has_more = self.is_writing() && self.order.revision > self.seen;
        has_more && theirs.revision > self.seen && self.order.overlooks(theirs)
    }

    /// Both hold something that the other one has not seen. Whether that is news.
    fn note_theirs(&mut self, now: Instant, wall: &Zoned, entry: &OrderEntry) -> bool {
        self.told = Some(wall.timestamp());
        let is_new = self.theirs.as_ref().is_none_or(|known| known.order != entry.order);
        if is_new {
            (self.theirs, self.refusal, self.walks) = (Some(Box::new(entry.clone())), None, false);
        }
        if is_new && self.weighs {
            // A digit of this moment is meant for what stood there.
            (self.chosen, self.since) = (Some(0), now);
        }
        is_new
    }

    /// The operator is asked which of the two holds.
    const fn weighs_both(&self) -> bool {
        self.weighs && self.theirs.is_some()
    }

    /// It was placed or held once, and has its number since.
    fn was_given_in(&self) -> bool {
        self.number.is_some()
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
    pub(super) fn can_in_order(&self, act: &Act) -> bool {
        if self.list_client().is_some() {
            return Self::is_of_list(act);
        }
        let Some(draft) = self.open_draft() else { return false };
        if draft.weighs_both() && !Self::is_of_list(act) {
            // First it is said which of the two holds.
            return false;
        }
        match act {
            Act::OrderTyped(_) | Act::OrderChoice(_) | Act::OrderEnter | Act::OrderMove { .. } => true,
            Act::RepeatOrder | Act::UsualOrder => draft.is_writing() && draft.order.lines.is_empty(),
            Act::OrderDrop => draft.is_writing() && matches!(draft.asks, Question::Line { .. }),
            // What was written elsewhere would go with it unseen.
            Act::DropDraft => draft.is_writing() && draft.is_begun() && draft.theirs.is_none(),
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
        if self.list_client().is_some() && Self::is_of_list(&act) {
            return self.list_act(now, &act);
        }
        if let Some(draft) = self.open_draft_mut() {
            draft.refusal = None;
        }
        match act {
            Act::Order => self.open_order(now, wall),
            Act::Orders => self.open_list(now),
            Act::OpenNews => self.open_news(now),
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

    /// Examined and kept at once: nothing that was said is lost, whatever happens to the call or the computer.
    fn change_order(&mut self, change: impl FnOnce(&mut Order)) {
        let Some(client) = self.open_client() else { return };
        let call = self.call_with(client);
        let Some(draft) = self.book.drafts.get_mut(&client).filter(|draft| draft.is_writing()) else {
            return;
        };
        let before = draft.order.clone();
        change(&mut draft.order);
        if draft.order == before {
            return;
        }
        draft.sign(self.book.writer);
        // One that was begun in another call is taken in this one.
        draft.order.call = call.or(draft.order.call);
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
        let (act, reason) = (OrderAct::Cancel, Some(self.dropped_reason()));
        self.wishes.push_back(Wish::ActOnOrder { id: draft.order.id, act, reason });
        self.begin_order(now, wall, client);
        self.book.visited = None;
        self.announce_dropped_draft();
    }

    fn place_order(&mut self, now: Instant) {
        let Some(draft) = self.open_draft_mut() else { return };
        if draft.theirs.is_some() {
            return self.ask_which_holds(now);
        }
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
