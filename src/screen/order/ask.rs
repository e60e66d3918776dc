//! What the form asks for, and what is answered.

use super::choices::Answer;
use super::entry::{self, Wanted};
use super::{Draft, Mistake, Phase};
use crate::desk_api::{ClientId, Fault, OrderAct};
use crate::domain::trade::offer::{Offer, OfferAnswer, OfferMade, UsualQuantity};
use crate::domain::trade::order::{OrderLine, Receiver, Regional, Settlement};
use crate::domain::trade::product::{Product, ProductId, Unit};
use crate::instant::Instant;
use crate::screen::targets::moved;
use crate::screen::{Field, Screen, Wish};
use jiff::civil::DateTime;
use jiff::{Timestamp, Zoned};
use rust_decimal::Decimal;
use std::time::Duration;

/// A key that is struck twice by a slip must not answer the next question as well.
const STRUCK_TWICE: Duration = Duration::from_millis(100);
/// As much as one field of the desk takes.
const LONGEST_TEXT: usize = 500;
/// Offers in sight.
pub(super) const OFFERS: usize = 4;

/// One thing at a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Question {
    Product,
    /// How much of it.
    Quantity {
        product: ProductId,
    },
    /// How much instead.
    Line {
        number: u32,
    },
    /// There is less of it: what was agreed.
    Shortage {
        line: u32,
    },
    Offer {
        product: ProductId,
    },
    Payer,
    Column,
    Address,
    Slot,
    Receiver,
    ReceiverName,
    ReceiverPhone {
        name: String,
    },
    /// What they may do.
    Rights {
        name: String,
        phone: String,
    },
    PaysOnDelivery,
    RegionalPayment,
    RegionalArrival,
    Note,
    /// The client agrees to all of it (duty 12).
    ReadBack,
}

impl Question {
    /// A digit answers it; the others are answered in words or amounts.
    pub const fn takes_digits(&self) -> bool {
        matches!(
            self,
            Self::Shortage { .. }
                | Self::Offer { .. }
                | Self::Payer
                | Self::Column
                | Self::Address
                | Self::Slot
                | Self::Receiver
                | Self::Rights { .. }
                | Self::PaysOnDelivery
                | Self::ReadBack
        )
    }
}

impl Screen {
    /// Asks for it, and says so.
    pub(super) fn ask(&mut self, now: Instant, question: Question) {
        self.ask_quietly(now, question);
        self.announce_prompt();
    }

    /// What was said already says what comes next.
    pub(super) fn ask_quietly(&mut self, now: Instant, question: Question) {
        let chosen = self.first_choice(&question);
        let Some(draft) = self.open_draft_mut() else { return };
        (draft.asks, draft.since) = (question, now);
        (draft.text, draft.mistake, draft.chosen) = (String::new(), None, chosen);
        (draft.hits, draft.searches) = (Vec::new(), false);
    }

    /// Which question mends this.
    pub(super) fn question_about(&self, fault: &Fault) -> Option<Question> {
        Some(match fault {
            Fault::NoPayer | Fault::UnknownPayer => Question::Payer,
            Fault::ColumnNotPermitted => Question::Column,
            Fault::Empty => Question::Product,
            Fault::OutOfStock { line, .. } => Question::Shortage { line: *line },
            Fault::LineTwice { line }
            | Fault::UnknownProduct { line }
            | Fault::Quantity { line, .. }
            | Fault::NoPrice { line }
            | Fault::NotPermitted { line, .. }
            | Fault::NoSubstitute { line } => Question::Line { number: *line },
            Fault::TooFewOffers { .. } => Question::Offer { product: self.next_offer()? },
            Fault::TakenButNotOrdered { product } => Question::Quantity { product: *product },
            Fault::NoAddress => Question::Address,
            Fault::NoSlot | Fault::Slot { .. } => Question::Slot,
            Fault::NoReceiver | Fault::ReceiverNotConfirmed => Question::Receiver,
            Fault::ReceiverMayNotSign | Fault::ReceiverMayNotPay => {
                let receiver = self.open_draft()?.order.delivery.receiver.as_ref()?;
                Question::Rights { name: receiver.name.clone(), phone: receiver.phone.clone() }
            }
            Fault::NoPaymentOnDelivery => Question::PaysOnDelivery,
            Fault::NoRegionalPayment => Question::RegionalPayment,
            Fault::NoRegionalArrival => Question::RegionalArrival,
            Fault::NotReadBack | Fault::TotalChanged { .. } => Question::ReadBack,
            Fault::NoColumn
            | Fault::NotForOperators { .. }
            | Fault::Overdue { .. }
            | Fault::OverLimit { .. }
            | Fault::StandingUnknown
            | Fault::BelowMinimum { .. }
            | Fault::OverCredit { .. }
            | Fault::OtherCurrency
            | Fault::OtherOrder { .. } => return None,
        })
    }

    pub(super) fn ask_about(&mut self, now: Instant, fault: &Fault) {
        match self.question_about(fault) {
            Some(question) => self.ask(now, question),
            None => self.announce_fault(fault),
        }
    }

    pub(super) fn order_typed(&mut self, now: Instant, wall: &Zoned, text: String) {
        let Some(draft) = self.open_draft_mut().filter(|draft| !draft.is_placing()) else { return };
        if draft.takes_digits() {
            let typed = text.chars().last();
            if let Some(digit) = typed.and_then(|c| c.to_digit(10)).filter(|digit| *digit > 0) {
                self.order_choice(now, wall, digit as usize - 1);
            } else if draft.asks == Question::Receiver && typed.is_some_and(char::is_alphabetic) {
                self.ask_quietly(now, Question::ReceiverName);
                self.order_typed(now, wall, text);
            }
            return;
        }
        draft.text = text.chars().take(LONGEST_TEXT).collect();
        draft.mistake = None;
        if draft.asks == Question::Product {
            self.search();
        }
    }

    /// What is known stands at once; the desk's answer comes behind it, so that no row changes under the operator's hand.
    fn search(&mut self) {
        let Some(client) = self.open_client() else { return };
        let Some(draft) = self.book.drafts.get(&client) else { return };
        let words = Wanted::read(&draft.text).words;
        let day = draft.order.delivery.slot.map(|slot| slot.date);
        let mut hits: Vec<ProductId> = Vec::new();
        if let Some(known) = self.book.known.get(&client).filter(|_| !words.is_empty()) {
            let usual = known.terms.iter().flat_map(|terms| &terms.goods);
            for goods in usual.chain(known.found.values()) {
                if entry::is_called(&goods.product, &words) && !hits.contains(&goods.product.id) {
                    hits.push(goods.product.id);
                }
            }
        }
        let Some(draft) = self.book.drafts.get_mut(&client) else { return };
        draft.searches = !words.is_empty();
        (draft.hits, draft.chosen) = (hits, draft.searches.then_some(0));
        if draft.searches {
            self.wishes.push_back(Wish::FindProducts { client, text: words, day });
        }
    }

    pub(super) fn order_move(&mut self, now: Instant, down: bool) {
        let rows = self.choices().len();
        let Some(draft) = self.open_draft_mut() else { return };
        let numbers: Vec<u32> = draft.order.lines.iter().map(|line| line.number).collect();
        let line = |at: Option<&u32>| at.map(|number| Question::Line { number: *number });
        let next = match &draft.asks {
            Question::Product if draft.text.is_empty() && !down && draft.chosen.is_none() => {
                line(numbers.last())
            }
            Question::Line { number } => {
                let at = numbers.iter().position(|known| known == number).unwrap_or_default();
                match down {
                    true => Some(line(numbers.get(at + 1)).unwrap_or(Question::Product)),
                    false => line(at.checked_sub(1).and_then(|at| numbers.get(at))),
                }
            }
            _ => {
                draft.chosen = match draft.chosen {
                    None => (down && rows > 0).then_some(0),
                    // Out of the copies of earlier orders, and into the field again.
                    Some(0) if !down && draft.asks == Question::Product && draft.text.is_empty() => None,
                    Some(at) => Some(moved(at, down, rows)),
                };
                return self.announce_choice();
            }
        };
        if let Some(question) = next {
            self.ask(now, question);
        }
    }

    pub(super) fn order_enter(&mut self, now: Instant, wall: &Zoned) {
        let Some(draft) = self.open_draft() else { return };
        let (text, chosen) = (draft.text.trim().to_owned(), draft.chosen);
        let is_writing = draft.is_writing();
        match draft.asks.clone() {
            _ if !is_writing => {
                if let Some(chosen) = chosen {
                    self.order_choice(now, wall, chosen);
                }
            }
            Question::Product if text.is_empty() && chosen.is_none() => {}
            Question::Product if draft.hits.is_empty() && !text.is_empty() => {
                let mistake = (!draft.searches).then_some(Mistake::NothingFound);
                self.mistaken(mistake);
            }
            Question::Quantity { product } => self.take_quantity(now, product, &text),
            Question::Line { number } if text.is_empty() => {
                let lacks =
                    |fault: &Fault| matches!(fault, Fault::OutOfStock { line, .. } if *line == number);
                let is_short = draft.examined().faults.iter().any(lacks);
                self.ask(now, if is_short { Question::Shortage { line: number } } else { Question::Product });
            }
            Question::Line { number } => self.change_line(now, number, &text),
            Question::ReceiverName if !text.is_empty() => {
                self.ask(now, Question::ReceiverPhone { name: text })
            }
            Question::ReceiverPhone { name } if text.chars().filter(char::is_ascii_digit).count() >= 3 => {
                self.ask(now, Question::Rights { name, phone: text });
            }
            Question::ReceiverName | Question::ReceiverPhone { .. } => {
                self.mistaken(Some(Mistake::NotWritten))
            }
            Question::RegionalPayment => {
                self.change_order(|order| {
                    regional(order).payment = Some(text).filter(|text| !text.is_empty())
                });
                self.go_on(now);
            }
            Question::RegionalArrival => self.take_arrival(now, wall, text),
            Question::Note => {
                self.change_order(|order| order.note = Some(text).filter(|text| !text.is_empty()));
                self.go_on(now);
            }
            _ => {
                if let Some(chosen) = chosen {
                    self.order_choice(now, wall, chosen);
                }
            }
        }
    }

    fn mistaken(&mut self, mistake: Option<Mistake>) {
        if let Some(draft) = self.open_draft_mut() {
            draft.mistake = mistake;
            self.announce_mistake();
        }
    }

    /// Nothing typed: as much as usual.
    fn take_quantity(&mut self, now: Instant, product: ProductId, text: &str) {
        let Some((goods, chosen)) = self.goods_asked(product) else { return };
        let packed = chosen.and_then(|at| goods.packings.get(at)).map(|packing| packing.unit);
        let usual = self.usual(product);
        let wanted = match (text.is_empty(), usual) {
            (true, Some(usual)) if packed == Some(usual.unit) => Ok((usual.quantity, usual.unit)),
            _ => read_quantity(&goods, text, packed),
        };
        match wanted {
            Ok((quantity, unit)) => self.order_product(now, &goods, quantity, unit),
            Err(mistake) => self.mistaken(Some(mistake)),
        }
    }

    fn goods_asked(&self, product: ProductId) -> Option<(Product, Option<usize>)> {
        let client = self.open_client()?;
        let goods = self.book.goods(client, product)?;
        Some((goods.product.clone(), self.open_draft()?.chosen))
    }

    fn order_product(&mut self, now: Instant, product: &Product, quantity: Decimal, unit: Unit) {
        if let Err(fault) = product.measure(quantity, unit) {
            let asks = self.open_draft().map(|draft| draft.asks.clone());
            if !matches!(asks, Some(Question::Quantity { .. })) {
                self.ask_quietly(now, Question::Quantity { product: product.id });
            }
            return self.mistaken(Some(Mistake::Quantity(fault, unit)));
        }
        self.add_line(product.id, quantity, unit);
        self.ask_quietly(now, Question::Product);
        let number = self.open_draft().and_then(|draft| draft.order.lines.last()).map(|line| line.number);
        if let Some(number) = number {
            self.announce_line(number);
        }
        if self.open_draft().is_some_and(|draft| draft.walks) {
            self.go_on(now);
        }
    }

    fn change_line(&mut self, now: Instant, number: u32, text: &str) {
        let line = self.open_draft().and_then(|draft| draft.line(number)).cloned();
        let Some(line) = line else { return };
        let goods = self.goods_asked(line.product).map(|(goods, _)| goods);
        let Some(goods) = goods else { return self.mistaken(Some(Mistake::NoAmount)) };
        let wanted = read_quantity(&goods, text, Some(line.unit)).and_then(|(quantity, unit)| {
            let measured = goods.measure(quantity, unit);
            measured.map(|_| (quantity, unit)).map_err(|fault| Mistake::Quantity(fault, unit))
        });
        match wanted {
            Ok((quantity, unit)) => {
                self.change_order(|order| {
                    if let Some(line) = order.lines.iter_mut().find(|line| line.number == number) {
                        (line.quantity, line.unit, line.settled) = (quantity, unit, None);
                    }
                });
                self.ask_quietly(now, Question::Product);
                self.announce_line(number);
            }
            Err(mistake) => self.mistaken(Some(mistake)),
        }
    }

    /// A day and time, where they fetch it; else how it is shipped.
    fn take_arrival(&mut self, now: Instant, wall: &Zoned, text: String) {
        let arrival = read_moment(&text, wall);
        self.change_order(|order| {
            let regional = regional(order);
            (regional.arrival, regional.shipping) = match arrival {
                Some(arrival) => (Some(arrival), None),
                None => (None, Some(text).filter(|text| !text.is_empty())),
            };
        });
        self.go_on(now);
    }

    pub(super) fn order_choice(&mut self, now: Instant, wall: &Zoned, index: usize) {
        let Some(draft) = self.open_draft() else { return };
        if draft.takes_digits() && now.since(draft.since) < STRUCK_TWICE {
            return;
        }
        let Some(answer) = self.choices().into_iter().nth(index).map(|choice| choice.answer) else { return };
        self.take_answer(now, wall, answer);
    }

    fn take_answer(&mut self, now: Instant, wall: &Zoned, answer: Answer) {
        match answer {
            Answer::Product(product) => self.take_product(now, product),
            Answer::Repeat => self.repeat_order(now),
            Answer::Usual => self.take_usual_order(now),
            Answer::Packing(at) => {
                if let Some(draft) = self.open_draft_mut() {
                    draft.chosen = Some(at);
                }
                self.announce_choice();
            }
            Answer::Settle { line, settled, quantity } => self.settle(now, line, settled, quantity),
            Answer::Requantify { line } => self.ask(now, Question::Line { number: line }),
            Answer::Offer { offer, answer } => self.answer_offer(now, &offer, answer),
            Answer::NoOffers => self.refuse_offers(now),
            Answer::Payer(payer) => self.set(now, |order| order.payer = Some(payer)),
            Answer::Column(column) => self.set(now, |order| order.column = column),
            Answer::Address(address) => self.set(now, |order| {
                if order.delivery.address != Some(address) {
                    // Another lorry, and other people.
                    (order.delivery.slot, order.delivery.receiver) = (None, None);
                }
                order.delivery.address = Some(address);
            }),
            Answer::Slot(slot) => self.set(now, |order| order.delivery.slot = Some(slot)),
            Answer::Receiver(receiver) => self.set(now, |order| order.delivery.receiver = Some(receiver)),
            Answer::OtherReceiver => self.ask(now, Question::ReceiverName),
            Answer::Pays(pays) => self.set(now, |order| order.delivery.pays_on_delivery = Some(pays)),
            Answer::ReadBack(total) => self.set(now, |order| order.agreed_total = Some(total)),
            Answer::Another => {
                if let Some(client) = self.open_client() {
                    self.book.drafts.remove(&client);
                }
                self.order_act(now, wall, crate::screen::Act::Order);
            }
            Answer::Change => self.change_placed(),
        }
    }

    fn set(&mut self, now: Instant, change: impl FnOnce(&mut crate::desk_api::Order)) {
        self.change_order(change);
        self.go_on(now);
    }

    /// What is in the order already is changed there; what the client may not buy is not taken.
    fn take_product(&mut self, now: Instant, product: ProductId) {
        let Some((client, draft)) = self.open_client().zip(self.open_draft()) else { return };
        let wanted = Wanted::read(&draft.text);
        let ordered = draft.order.lines.iter().find(|line| line.product == product && line.settled.is_none());
        let ordered = ordered.map(|line| line.number);
        let Some(goods) = self.book.goods(client, product).map(|goods| goods.product.clone()) else { return };
        let has = |permission: &String| {
            self.book.terms(client).is_some_and(|terms| terms.permissions.contains(permission))
        };
        if let Some(permission) = goods.permission.clone().filter(|permission| !has(permission)) {
            return self.mistaken(Some(Mistake::NotPermitted { permission }));
        }
        match (ordered, wanted.quantity) {
            (Some(number), _) => self.ask(now, Question::Line { number }),
            (None, None) => self.ask(now, Question::Quantity { product }),
            (None, Some(quantity)) => {
                let said = Some(wanted.unit.as_str()).filter(|unit| !unit.is_empty());
                let packed = self.packed_as(product, &goods);
                match said.map_or(packed, |unit| entry::unit(unit, &goods.packings)) {
                    Some(unit) => self.order_product(now, &goods, quantity, unit),
                    None => {
                        self.ask_quietly(now, Question::Quantity { product });
                        self.mistaken(Some(Mistake::NotPackedSo));
                    }
                }
            }
        }
    }

    /// As the client takes it, else as it is proposed.
    pub(super) fn packed_as(&self, product: ProductId, goods: &Product) -> Option<Unit> {
        let usual = self.usual(product).map(|usual| usual.unit).filter(|unit| goods.packing(*unit).is_some());
        usual.or_else(|| Some(goods.packings.first()?.unit))
    }

    pub(super) fn usual(&self, product: ProductId) -> Option<UsualQuantity> {
        let terms = self.book.terms(self.open_client()?)?;
        let habit = terms.habits.iter().find(|habit| habit.product == product);
        habit.map(|habit| habit.usual).or_else(|| {
            let lines = terms.orders.iter().flat_map(|order| &order.lines);
            let last = lines.into_iter().find(|line| line.product == product)?;
            Some(UsualQuantity { quantity: last.quantity, unit: last.unit })
        })
    }

    fn settle(&mut self, now: Instant, number: u32, settled: Settlement, quantity: Option<Decimal>) {
        let Some(line) = self.open_draft().and_then(|draft| draft.line(number)).cloned() else { return };
        self.change_order(|order| {
            if let Some(line) = order.lines.iter_mut().find(|line| line.number == number) {
                line.quantity = quantity.unwrap_or(line.quantity);
                line.settled = Some(settled);
            }
        });
        if let Settlement::Substitute { product } = settled
            && let Some((goods, _)) = self.goods_asked(product)
        {
            if goods.measure(line.quantity, line.unit).is_ok() {
                return self.order_product(now, &goods, line.quantity, line.unit);
            }
            return self.ask(now, Question::Quantity { product });
        }
        self.go_on(now);
    }

    pub(super) fn offers_now(&self) -> Vec<Offer> {
        let offers = || {
            let client = self.open_client()?;
            let known = self.book.known.get(&client)?;
            let draft = self.book.drafts.get(&client).filter(|draft| !draft.order.no_offers)?;
            Some(known.terms.as_deref()?.offers(&draft.order, &known.found, OFFERS))
        };
        offers().unwrap_or_default()
    }

    pub(super) fn next_offer(&self) -> Option<ProductId> {
        self.offers_now().first().map(|offer| offer.product)
    }

    fn answer_offer(&mut self, now: Instant, offer: &Offer, answer: OfferAnswer) {
        let made = OfferMade { product: offer.product, kind: offer.kind, answer };
        self.change_order(|order| order.offers.push(made));
        if answer == OfferAnswer::Taken {
            let Some((goods, _)) = self.goods_asked(offer.product) else { return self.go_on(now) };
            match offer.usual {
                Some(usual) => self.order_product(now, &goods, usual.quantity, usual.unit),
                None => self.ask(now, Question::Quantity { product: offer.product }),
            }
            return;
        }
        let lacks = |fault: &Fault| matches!(fault, Fault::TooFewOffers { .. });
        let wants_more = self.open_draft().is_some_and(|draft| draft.stops().any(lacks));
        match self.next_offer().filter(|_| wants_more) {
            Some(product) => self.ask(now, Question::Offer { product }),
            None => self.go_on(now),
        }
    }

    pub(super) fn refuse_offers(&mut self, now: Instant) {
        self.change_order(|order| order.no_offers = true);
        self.announce_no_offers();
        self.go_on(now);
    }

    pub(super) fn repeat_order(&mut self, now: Instant) {
        let lines = self.last_lines();
        self.copy(now, lines);
    }

    pub(super) fn take_usual_order(&mut self, now: Instant) {
        let lines = self.usual_lines();
        self.copy(now, lines);
    }

    fn copy(&mut self, now: Instant, lines: Vec<(ProductId, UsualQuantity)>) {
        if lines.is_empty() || !self.open_draft().is_some_and(|draft| draft.order.lines.is_empty()) {
            return;
        }
        self.change_order(|order| {
            order.lines.extend((1..).zip(lines).map(|(number, (product, usual))| {
                let UsualQuantity { quantity, unit } = usual;
                OrderLine { number, product, quantity, unit, settled: None }
            }));
        });
        self.ask_quietly(now, Question::Product);
        self.announce_copy();
        self.focus(Field::Order);
    }

    /// What is still known of the client's last order.
    pub(super) fn last_lines(&self) -> Vec<(ProductId, UsualQuantity)> {
        let lines = || {
            let client = self.open_client()?;
            let order = self.book.terms(client)?.orders.first()?;
            let known = order.lines.iter().filter(|line| line.is_delivered());
            let known = known.filter(|line| self.book.goods(client, line.product).is_some());
            let copied =
                |line: &OrderLine| (line.product, UsualQuantity { quantity: line.quantity, unit: line.unit });
            Some(known.map(copied).collect())
        };
        lines().unwrap_or_default()
    }

    /// What the client buys by its own rhythm and is due now, as much as usual.
    pub(super) fn usual_lines(&self) -> Vec<(ProductId, UsualQuantity)> {
        let lines = || {
            let client = self.open_client()?;
            let terms = self.book.terms(client)?;
            let sources =
                crate::domain::trade::offer::OfferSources { habits: &terms.habits, ..Default::default() };
            let is_known = |product| self.book.goods(client, product).is_some();
            let due = crate::domain::trade::offer::offers(
                &sources,
                &Default::default(),
                terms.today,
                is_known,
                terms.habits.len(),
            );
            Some(due.into_iter().filter_map(|offer| Some((offer.product, offer.usual?))).collect())
        };
        lines().unwrap_or_default()
    }

    /// The desk gives it back as a draft, if there is time yet.
    fn change_placed(&mut self) {
        if let Some(draft) = self.open_draft() {
            let id = draft.order.id;
            self.wishes.push_back(Wish::ActOnOrder { id, act: OrderAct::Change, reason: None });
        }
    }

    /// What is chosen before a key says otherwise.
    fn first_choice(&self, question: &Question) -> Option<usize> {
        let client: Option<ClientId> = self.open_client();
        match question {
            // Nobody takes an offer, or settles a shortage, by Enter alone.
            Question::Product
            | Question::Line { .. }
            | Question::Shortage { .. }
            | Question::Offer { .. } => None,
            Question::Quantity { product } => {
                let goods = &self.book.goods(client?, *product)?.product;
                let unit = self.packed_as(*product, goods)?;
                goods.packings.iter().position(|packing| packing.unit == unit)
            }
            Question::PaysOnDelivery => {
                let pays = |terms: &crate::desk_api::DeliveryTerms| terms.pays_on_delivery;
                let pays = self.ordering().and_then(|card| card.delivery.as_ref()).is_some_and(pays);
                Some(usize::from(!pays))
            }
            _ => Some(0),
        }
    }
}

impl Draft {
    /// An order that was given in can only be chosen about.
    pub(super) fn takes_digits(&self) -> bool {
        self.asks.takes_digits() || !self.is_writing()
    }

    pub(super) fn is_placing(&self) -> bool {
        matches!(self.phase, Phase::Placing { .. })
    }
}

fn regional(order: &mut crate::desk_api::Order) -> &mut Regional {
    order.delivery.regional.get_or_insert_default()
}

/// By this unit unless another one is said.
fn read_quantity(goods: &Product, text: &str, unit: Option<Unit>) -> Result<(Decimal, Unit), Mistake> {
    let (quantity, word) = entry::amount(text).ok_or(Mistake::NoAmount)?;
    let unit = match word.trim() {
        "" => unit,
        word => entry::unit(word, &goods.packings),
    };
    Ok((quantity, unit.ok_or(Mistake::NotPackedSo)?))
}

/// `2026-12-05 14:00`, `5.12. 14:00`, `12-5 14:00`, by the clock on the wall.
fn read_moment(text: &str, wall: &Zoned) -> Option<Timestamp> {
    let (day, time) = text.trim().split_once(' ')?;
    let (hour, minute) = time.trim().split_once(':')?;
    let numbers = day.trim_end_matches('.').split(['.', '-', '/']).map(|number| number.parse::<i16>().ok());
    let numbers: Vec<i16> = numbers.collect::<Option<_>>()?;
    let (year, month, date) = match (numbers.as_slice(), day.contains('.')) {
        ([year, month, date], false) => (*year, *month, *date),
        ([month, date], false) => (wall.year(), *month, *date),
        ([date, month], true) => (wall.year(), *month, *date),
        ([date, month, year], true) => (*year, *month, *date),
        _ => return None,
    };
    let (month, date) = (i8::try_from(month).ok()?, i8::try_from(date).ok()?);
    let moment = DateTime::new(year, month, date, hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()?;
    Some(moment.to_zoned(wall.time_zone().clone()).ok()?.timestamp())
}

impl Answer {
    pub(super) fn receiver(name: &str, phone: &str, may_pay: bool, may_sign: bool) -> Self {
        let (name, phone) = (name.to_owned(), phone.to_owned());
        Self::Receiver(Receiver { name, phone, may_pay, may_sign, confirmed: true })
    }
}
