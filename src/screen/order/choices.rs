//! What can be answered: the rows below the field, each with its digit.

use super::ask::Question;
use super::{Draft, Phase};
use crate::desk_api::{ClientId, Fault, Money, OrderEntry, OrderId, OrderState, Standing};
use crate::domain::trade::delivery::Slot;
use crate::domain::trade::examine::Goods;
use crate::domain::trade::offer::{Offer, OfferAnswer};
use crate::domain::trade::order::{EntityId, Receiver, Settlement};
use crate::domain::trade::price::ColumnId;
use crate::domain::trade::product::ProductId;
use crate::instant::Instant;
use crate::screen::{Screen, Tone};
use crate::text::{msg, say};
use jiff::Span;
use rust_decimal::Decimal;

/// Rows of goods: what has no room is found by another word.
const MOST_HITS: usize = 8;

/// One row.
pub(super) struct Choice {
    pub label: String,
    pub detail: String,
    pub tone: Tone,
    pub answer: Answer,
}

/// What a row does.
pub(super) enum Answer {
    Product(ProductId),
    Repeat,
    Usual,
    Packing(usize),
    Settle {
        line: u32,
        settled: Settlement,
        /// None: it stays.
        quantity: Option<Decimal>,
    },
    Requantify {
        line: u32,
    },
    Offer {
        offer: Offer,
        answer: OfferAnswer,
    },
    NoOffers,
    Payer(EntityId),
    Consignee(EntityId),
    /// None: by the rules.
    Column(Option<ColumnId>),
    Address(u32),
    Slot(Slot),
    Receiver(Receiver),
    OtherReceiver,
    Pays(bool),
    ReadBack(Money),
    /// Another order of this client.
    Another,
    /// The order that was given in.
    Change,
    /// Out of the list.
    Open(OrderId),
    /// Of two that were written: this one.
    KeepMine,
    TakeTheirs,
}

impl Choice {
    fn of(label: String, detail: String, answer: Answer) -> Self {
        Self { label, detail, tone: Tone::Neutral, answer }
    }
}

impl Screen {
    pub(super) fn choices(&self) -> Vec<Choice> {
        if self.list_client().is_some() {
            return self.list_choices();
        }
        let choices = || {
            let client = self.open_client()?;
            let draft = self.book.drafts.get(&client)?;
            if let Some(theirs) = draft.theirs.as_ref().filter(|_| draft.weighs) {
                return Some(self.which_holds(draft, theirs));
            }
            Some(match draft.phase {
                Phase::Writing | Phase::Refused => self.answers_to(client, draft),
                Phase::Placing { waits: false } => Vec::new(),
                // Nobody has to wait for the desk to come back.
                Phase::Placing { waits: true } => self.after_placing(OrderState::Placed),
                Phase::Given(state) => self.after_placing(state),
            })
        };
        choices().unwrap_or_default()
    }

    /// What was written here, and what another program of this operator has written.
    fn which_holds(&self, draft: &Draft, theirs: &OrderEntry) -> Vec<Choice> {
        let cat = &self.cat;
        let words = |lines: usize, total: Money| {
            let total = self.order_money(draft, total);
            say!(cat, "lines: {count}, {total}", count = lines, total = total)
        };
        let mine = words(draft.order.lines.len(), draft.examined().total.gross);
        let when = self.moment_words(theirs.changed_at);
        let other = format!("{} · {when}", words(theirs.order.lines.len(), theirs.examined.total.gross));
        vec![
            Choice::of(say!(cat, "what stands here"), mine, Answer::KeepMine),
            Choice::of(say!(cat, "what was written elsewhere"), other, Answer::TakeTheirs),
        ]
    }

    fn answers_to(&self, client: ClientId, draft: &Draft) -> Vec<Choice> {
        let cat = &self.cat;
        match &draft.asks {
            Question::Product if draft.text.trim().is_empty() => self.copies(draft),
            Question::Product => {
                let hits = draft.hits.iter().take(MOST_HITS);
                hits.filter_map(|product| Some(self.hit(client, self.book.goods(client, *product)?)))
                    .collect()
            }
            Question::Quantity { product } => self.packings(client, draft, *product),
            Question::Shortage { line } => self.settlements(client, draft, *line),
            Question::Offer { product } => self.offer_answers(*product),
            Question::Payer => self.payers(client),
            Question::Consignee => self.consignees(client),
            Question::Column => self.columns(client, draft),
            Question::Address => {
                let addresses = self.book.terms(client).into_iter().flat_map(|terms| &terms.addresses);
                let choice = |address: &crate::domain::trade::terms::Address| {
                    Choice::of(address.text.clone(), String::new(), Answer::Address(address.number))
                };
                addresses.map(choice).collect()
            }
            Question::Slot => self.slots(client, draft),
            Question::Receiver => self.receivers(client, draft),
            Question::Rights { name, phone } => {
                let choice = |text: &'static str, pay, sign| {
                    Choice::of(
                        cat.get(text).to_owned(),
                        String::new(),
                        Answer::receiver(name, phone, pay, sign),
                    )
                };
                vec![
                    choice(msg!("will be there, may sign and pay"), true, true),
                    choice(msg!("will be there, may sign only"), false, true),
                    choice(msg!("will be there, may do neither"), false, false),
                ]
            }
            Question::PaysOnDelivery => {
                let choice = |text: &'static str, pays| {
                    Choice::of(cat.get(text).to_owned(), String::new(), Answer::Pays(pays))
                };
                vec![choice(msg!("the driver gets the money"), true), choice(msg!("paid otherwise"), false)]
            }
            Question::ReadBack => {
                let total = draft.examined().total.gross;
                let label = say!(cat, "read and agreed: {total}", total = self.order_money(draft, total));
                vec![Choice::of(label, String::new(), Answer::ReadBack(total))]
            }
            Question::Line { .. }
            | Question::ReceiverName
            | Question::ReceiverPhone { .. }
            | Question::RegionalPayment
            | Question::RegionalArrival
            | Question::Note => Vec::new(),
        }
    }

    /// Earlier orders, while this one is empty.
    fn copies(&self, draft: &Draft) -> Vec<Choice> {
        if !draft.order.lines.is_empty() {
            return Vec::new();
        }
        let cat = &self.cat;
        let (last, usual) = (self.last_lines().len(), self.usual_lines().len());
        let copy = |label: String, lines: usize, answer| {
            (lines > 0).then(|| Choice::of(label, say!(cat, "lines: {count}", count = lines), answer))
        };
        let repeat = copy(say!(cat, "The last order again"), last, Answer::Repeat);
        let usual = copy(say!(cat, "The usual order"), usual, Answer::Usual);
        repeat.into_iter().chain(usual).collect()
    }

    fn hit(&self, client: ClientId, goods: &Goods) -> Choice {
        let cat = &self.cat;
        let product = &goods.product;
        let mut parts = vec![self.price_words(client, goods)];
        let needs = |permission: &&String| {
            self.book.terms(client).is_some_and(|terms| !terms.permissions.contains(*permission))
        };
        let forbidden = product.permission.as_ref().filter(needs);
        let is_there = goods.available > Decimal::ZERO;
        parts.push(match is_there {
            true => say!(cat, "in stock {quantity}", quantity = self.counted_words(product, goods.available)),
            false => say!(cat, "out of stock"),
        });
        if let Some(usual) = self.usual(product.id) {
            parts.push(say!(
                cat,
                "usually {quantity}",
                quantity = self.quantity_words(usual.quantity, usual.unit)
            ));
        }
        if let Some(price) = self.last_time(product.id).and_then(|last| self.last_price_words(&last)) {
            parts.push(say!(cat, "last time {price}", price = price));
        }
        if let Some(permission) = forbidden {
            parts.push(say!(cat, "not without permission: {permission}", permission = permission));
        }
        let tone = if is_there && forbidden.is_none() { Tone::Neutral } else { Tone::Warning };
        let label = format!("{} · {}", product.name, product.code);
        Choice { label, detail: parts.join(" · "), tone, answer: Answer::Product(product.id) }
    }

    fn packings(&self, client: ClientId, draft: &Draft, product: ProductId) -> Vec<Choice> {
        let Some(goods) = self.book.goods(client, product) else { return Vec::new() };
        let typed = super::entry::amount(&draft.text).map(|(quantity, _)| quantity);
        let quantity = typed.unwrap_or(Decimal::ONE);
        let choice = |(at, packing): (usize, &crate::domain::trade::product::Packing)| {
            let counted = quantity.checked_mul(packing.holds).unwrap_or_default();
            let detail = match packing.holds == Decimal::ONE {
                true => String::new(),
                false => format!("= {}", self.counted_words(&goods.product, counted)),
            };
            Choice::of(self.quantity_words(quantity, packing.unit), detail, Answer::Packing(at))
        };
        goods.product.packings.iter().enumerate().map(choice).collect()
    }

    /// Less, later, something else or nothing.
    fn settlements(&self, client: ClientId, draft: &Draft, number: u32) -> Vec<Choice> {
        let cat = &self.cat;
        let Some(line) = draft.line(number) else { return Vec::new() };
        let Some(goods) = self.book.goods(client, line.product) else { return Vec::new() };
        let product = &goods.product;
        let short = draft.examined().faults.iter().find_map(|fault| match fault {
            Fault::OutOfStock { line, available } if *line == number => Some(*available),
            _ => None,
        });
        let available = short.unwrap_or(goods.available);
        let plain = |label: String, settled, quantity| {
            Choice::of(label, String::new(), Answer::Settle { line: number, settled, quantity })
        };
        let mut choices = Vec::new();
        let whole = product.packing(line.unit).and_then(|packing| {
            let holds = available.checked_div(packing.holds)?;
            let multiple = Some(packing.multiple).filter(|multiple| *multiple > Decimal::ZERO);
            let whole = multiple.map_or(holds, |multiple| holds - holds % multiple).normalize();
            (whole > Decimal::ZERO).then_some(whole)
        });
        if let Some(quantity) = whole {
            let label = say!(cat, "only {quantity}", quantity = self.quantity_words(quantity, line.unit));
            choices.push(plain(label, Settlement::Cut { wanted: line.quantity }, Some(quantity)));
        }
        for until in self.later_days(client, draft) {
            let label = say!(cat, "wait for it until {day}", day = self.day_words(until));
            choices.push(plain(label, Settlement::Wait { until }, None));
        }
        choices.push(plain(say!(cat, "leave it out"), Settlement::Drop, None));
        let other = say!(cat, "another quantity");
        choices.push(Choice::of(other, String::new(), Answer::Requantify { line: number }));
        // Last, as they became known, and each stays though it runs out: no digit changes its meaning when the desk answers.
        for substitute in &draft.hits {
            let may_buy = |goods: &&Goods| self.may_buy(client, goods);
            let Some(goods) = self.book.goods(client, *substitute).filter(may_buy) else { continue };
            let is_there = goods.available > Decimal::ZERO;
            let stock = match is_there {
                true => {
                    let there = self.counted_words(&goods.product, goods.available);
                    say!(cat, "in stock {quantity}", quantity = there)
                }
                false => say!(cat, "out of stock"),
            };
            let settled = Settlement::Substitute { product: *substitute };
            choices.push(Choice {
                label: say!(cat, "instead {product}", product = goods.product.name),
                detail: format!("{} · {stock}", self.price_words(client, goods)),
                tone: if is_there { Tone::Neutral } else { Tone::Warning },
                answer: Answer::Settle { line: number, settled, quantity: None },
            });
        }
        choices
    }

    /// What may be sold in the place of this one, as far as it is known to be there.
    pub(super) fn substitutes_of(&self, client: ClientId, product: ProductId) -> Vec<ProductId> {
        let can_be = |goods: &&Goods| goods.available > Decimal::ZERO && self.may_buy(client, goods);
        let known = |id: &ProductId| self.book.goods(client, *id).filter(can_be).is_some();
        let named = self.book.goods(client, product).into_iter().flat_map(|goods| &goods.product.substitutes);
        named.copied().filter(known).collect()
    }

    fn may_buy(&self, client: ClientId, goods: &Goods) -> bool {
        let needs = goods.product.permission.as_ref();
        let permissions = self.book.terms(client).map(|terms| &terms.permissions);
        needs.is_none_or(|needs| permissions.is_some_and(|known| known.contains(needs)))
    }

    /// What stands there for an order that is short of something.
    pub(in crate::screen) fn shortage_rows(&self) -> Option<Vec<String>> {
        let draft = self.open_draft().filter(|draft| draft.is_writing() && !draft.weighs_both())?;
        matches!(draft.asks, Question::Shortage { .. })
            .then(|| self.choices().into_iter().map(|choice| choice.label).collect())
    }

    /// `before`: what stood there. Others that come without a key of the operator's are said, and a digit of this moment was meant
    /// for what stood there.
    pub(in crate::screen) fn follow_shortage(&mut self, now: Instant, before: Option<Vec<String>>) {
        let Some((before, rows)) = before.zip(self.shortage_rows()).filter(|(before, rows)| before != rows)
        else {
            return;
        };
        if let Some(draft) = self.open_draft_mut() {
            draft.since = now;
            draft.chosen = draft.chosen.filter(|_| rows.starts_with(&before));
        }
        self.announce_prompt();
    }

    /// When the lorry comes after this delivery, twice; in a week, where nobody knows.
    fn later_days(&self, client: ClientId, draft: &Draft) -> Vec<jiff::civil::Date> {
        let Some(terms) = self.book.terms(client) else { return Vec::new() };
        let after = draft.order.delivery.slot.map_or(terms.today, |slot| slot.date);
        let slots = terms.address(&draft.order).into_iter().flat_map(|address| &address.slots);
        let mut days: Vec<_> = slots.map(|open| open.slot.date).filter(|day| *day > after).collect();
        days.dedup();
        days.truncate(2);
        if days.is_empty() {
            days.extend(after.checked_add(Span::new().days(7)));
        }
        days
    }

    fn offer_answers(&self, product: ProductId) -> Vec<Choice> {
        let cat = &self.cat;
        let Some(offer) = self.offers_now().into_iter().find(|offer| offer.product == product) else {
            return Vec::new();
        };
        let taken = match offer.usual {
            Some(usual) => {
                say!(cat, "takes {quantity}", quantity = self.quantity_words(usual.quantity, usual.unit))
            }
            None => say!(cat, "takes it"),
        };
        let answers = [
            (taken, OfferAnswer::Taken),
            (say!(cat, "has enough of it"), OfferAnswer::HasStock),
            (say!(cat, "too dear"), OfferAnswer::Price),
            (say!(cat, "does not sell"), OfferAnswer::NotSold),
            (say!(cat, "another reason, or none"), OfferAnswer::Other),
        ];
        let choice = |(label, answer)| {
            Choice::of(label, String::new(), Answer::Offer { offer: offer.clone(), answer })
        };
        let mut choices: Vec<Choice> = answers.into_iter().map(choice).collect();
        choices.push(Choice::of(say!(cat, "wants no offers at all"), String::new(), Answer::NoOffers));
        choices
    }

    fn payers(&self, client: ClientId) -> Vec<Choice> {
        let payers = self.book.terms(client).into_iter().flat_map(|terms| &terms.payers);
        let choice = |payer: &crate::domain::trade::terms::Payer| Choice {
            label: payer.name.clone(),
            detail: self.payer_words(payer),
            tone: if payer.standing.as_ref().is_some_and(Standing::is_blocked) {
                Tone::Bad
            } else {
                Tone::Neutral
            },
            answer: Answer::Payer(payer.id.clone()),
        };
        payers.map(choice).collect()
    }

    fn consignees(&self, client: ClientId) -> Vec<Choice> {
        let consignees = self.book.terms(client).into_iter().flat_map(|terms| &terms.consignees);
        let choice = |entity: &crate::domain::trade::terms::Consignee| {
            Choice::of(entity.name.clone(), String::new(), Answer::Consignee(entity.id.clone()))
        };
        consignees.map(choice).collect()
    }

    fn columns(&self, client: ClientId, draft: &Draft) -> Vec<Choice> {
        let by_rules = Choice::of(say!(&self.cat, "by the rules"), String::new(), Answer::Column(None));
        let choice = |column: &ColumnId| {
            let name = self.column_name(client, column);
            Choice::of(name, String::new(), Answer::Column(Some(column.clone())))
        };
        std::iter::once(by_rules).chain(draft.examined().columns.iter().map(choice)).collect()
    }

    fn slots(&self, client: ClientId, draft: &Draft) -> Vec<Choice> {
        let cat = &self.cat;
        let Some(address) = self.book.terms(client).and_then(|terms| terms.address(&draft.order)) else {
            return Vec::new();
        };
        let choice = |open: &crate::domain::trade::delivery::OpenSlot| {
            let detail =
                open.left.map(|left| say!(cat, "places left: {count}", count = left)).unwrap_or_default();
            Choice::of(self.slot_words(open.slot), detail, Answer::Slot(open.slot))
        };
        address.slots.iter().map(choice).collect()
    }

    /// The last one first: one key says that they will be there.
    fn receivers(&self, client: ClientId, draft: &Draft) -> Vec<Choice> {
        let known = self.book.terms(client).and_then(|terms| terms.address(&draft.order));
        let choice = |receiver: &Receiver| {
            let label = say!(&self.cat, "{name} will be there", name = receiver.name);
            let confirmed = Receiver { confirmed: true, ..receiver.clone() };
            Choice::of(label, self.receiver_detail(receiver), Answer::Receiver(confirmed))
        };
        let known = known.into_iter().flat_map(|address| &address.receivers).map(choice);
        let other = Choice::of(say!(&self.cat, "somebody else"), String::new(), Answer::OtherReceiver);
        known.chain([other]).collect()
    }

    fn after_placing(&self, state: OrderState) -> Vec<Choice> {
        let another = Choice::of(say!(&self.cat, "another order"), String::new(), Answer::Another);
        let change = Choice::of(say!(&self.cat, "change this order"), String::new(), Answer::Change);
        let can_change = matches!(
            state,
            OrderState::Draft
                | OrderState::Held
                | OrderState::AwaitingPayment
                | OrderState::Placed
                | OrderState::Accepted
        );
        std::iter::once(another).chain(can_change.then_some(change)).collect()
    }
}
