//! What is chosen below the field, and what follows from it.

use super::ask::{Question, STRUCK_TWICE};
use super::choices::Answer;
use super::entry::{self, Wanted};
use super::{Draft, Mistake, Phase};
use crate::desk_api::{Fault, OrderAct};
use crate::domain::trade::offer::{Offer, OfferAnswer, OfferMade, UsualQuantity};
use crate::domain::trade::order::{OrderLine, Receiver, Settlement};
use crate::domain::trade::product::{Product, ProductId, Unit};
use crate::domain::trade::terms::LastTime;
use crate::instant::Instant;
use crate::screen::{Field, Screen, Wish};
use jiff::Zoned;
use rust_decimal::Decimal;

/// Offers in sight.
pub(super) const OFFERS: usize = 4;

impl Screen {
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
            Answer::Consignee(entity) => self.set(now, |order| order.delivery.consignee = Some(entity)),
            Answer::Column(column) => self.set(now, |order| order.column = column),
            Answer::Address(address) => self.set(now, |order| {
                if order.delivery.address != Some(address) {
                    // Another lorry, other people, and maybe another shop.
                    let delivery = &mut order.delivery;
                    (delivery.slot, delivery.receiver, delivery.consignee) = (None, None, None);
                }
                order.delivery.address = Some(address);
            }),
            Answer::Slot(slot) => self.set(now, |order| order.delivery.slot = Some(slot)),
            Answer::Receiver(receiver) => self.set(now, |order| order.delivery.receiver = Some(receiver)),
            Answer::OtherReceiver => self.ask(now, Question::ReceiverName),
            Answer::Pays(pays) => self.set(now, |order| order.delivery.pays_on_delivery = Some(pays)),
            Answer::ReadBack(total) => self.set(now, |order| order.agreed_total = Some(total)),
            Answer::Another => {
                if let Some(client) = self.open_client()
                    && let Some(former) = self.book.drafts.remove(&client).filter(Draft::is_placing)
                {
                    self.book.aside.insert(former.order.id, Draft { is_open: false, ..former });
                }
                self.order_act(now, wall, crate::screen::Act::Order);
            }
            Answer::Change => self.change_placed(now),
            Answer::Open(id) => self.open_order_by_id(now, id),
            Answer::KeepMine => self.settle_which_holds(now, false),
            Answer::TakeTheirs => self.settle_which_holds(now, true),
        }
    }

    /// Either way it is written anew, as the later of the two: what was refused waits no more.
    fn settle_which_holds(&mut self, now: Instant, is_theirs: bool) {
        let writer = self.book.writer;
        let Some(draft) = self.open_draft_mut() else { return };
        let Some(theirs) = draft.theirs.take() else { return };
        let revision = draft.order.revision.max(theirs.order.revision);
        draft.seen = theirs.order.revision;
        if is_theirs {
            draft.order = theirs.order;
        }
        (draft.order.revision, draft.order.writer) = (revision, None);
        draft.sign(writer);
        (draft.phase, draft.receipt) = (Phase::Writing, None);
        let (client, order) = (draft.order.client, Box::new(draft.order.clone()));
        self.forget_notices(order.id);
        self.book.examine(client);
        self.wishes.push_back(Wish::KeepOrder(order));
        self.ask(now, Question::Product);
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
        habit.map(|habit| habit.usual).or_else(|| Some(self.last_time(product)?.ordered))
    }

    /// What the client of the open order bought of it the last time before this order.
    pub(super) fn last_time(&self, product: ProductId) -> Option<LastTime<'_>> {
        let draft = self.open_draft()?;
        self.book.terms(draft.order.client)?.last_time(product, draft.order.id)
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
    fn change_placed(&mut self, now: Instant) {
        let Some(draft) = self.open_draft_mut() else { return };
        let id = draft.order.id;
        draft.wants_change = true;
        let is_away = draft.phase == (Phase::Placing { waits: true });
        if is_away {
            // What is changed now follows what waits, in this order.
            draft.phase = Phase::Writing;
        }
        self.wishes.push_back(Wish::ActOnOrder { id, act: OrderAct::Change, reason: None });
        if is_away {
            self.ask_quietly(now, Question::Product);
            self.announce_change_waits();
        }
    }
}

impl Answer {
    pub(super) fn receiver(name: &str, phone: &str, may_pay: bool, may_sign: bool) -> Self {
        let (name, phone) = (name.to_owned(), phone.to_owned());
        Self::Receiver(Receiver { name, phone, may_pay, may_sign, confirmed: true })
    }
}
