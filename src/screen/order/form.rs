//! The form as it is drawn.

use super::ask::Question;
use super::{Draft, Phase};
use crate::desk_api::{ClientId, Fault, Money, OrderId, Severity};
use crate::domain::trade::examine::PricedLine;
use crate::domain::trade::order::{OrderLine, Settlement};
use crate::domain::trade::price::PriceSource;
use crate::screen::keys::{Deed, key_of};
use crate::screen::{
    Act, OrderChoice, OrderForm, OrderOffer, OrderRow, OrderStep, Row, Screen, Tone, Word, words,
};
use crate::text::say;
use rust_decimal::Decimal;

/// Earlier orders that tell what is usual.
const HABIT: usize = 5;

/// Something that has to be agreed.
pub(super) struct Step {
    label: String,
    value: String,
    fault: String,
    /// None: nothing is to be chosen.
    pub asks: Option<Question>,
}

impl Screen {
    pub(in crate::screen) fn order_shown(&self) -> Option<OrderForm> {
        if let Some(list) = self.list_shown() {
            return Some(list);
        }
        let client = self.open_client()?;
        let draft = self.book.drafts.get(&client)?;
        let cat = &self.cat;
        let name = self.ordering_name();
        let title = match self.book.requests.contains(&client) {
            true => say!(cat, "Request to the manager: {who}", who = name),
            false => say!(cat, "Order: {who}", who = name),
        };
        Some(OrderForm {
            id: draft.order.id.to_string(),
            title,
            prompt: self.prompt(draft),
            text: draft.text.clone(),
            takes_digits: draft.takes_digits(),
            mistake: draft.mistake.as_ref().map(|why| self.mistake_words(why)).unwrap_or_default(),
            choices: self.choices_shown(draft.takes_digits(), draft.text.trim().is_empty(), draft.chosen),
            choices_note: self.choices_note(draft),
            lines: self.lines_shown(),
            sums: self.sums_shown(client, draft),
            offers_heading: self.offers_heading(client, draft),
            offers: self.offers_shown(draft),
            steps: self.steps_shown(draft),
            status: self.status(draft),
            place: draft.is_writing().then(|| self.verb(Act::PlaceOrder)),
        })
    }

    pub(super) fn choices_shown(
        &self,
        takes_digits: bool,
        is_empty: bool,
        chosen: Option<usize>,
    ) -> Vec<OrderChoice> {
        let shown = |(at, choice): (usize, super::choices::Choice)| {
            let key = match &choice.answer {
                super::choices::Answer::Repeat if is_empty => key_of(&Deed::Act(Act::RepeatOrder)),
                super::choices::Answer::Usual if is_empty => key_of(&Deed::Act(Act::UsualOrder)),
                _ if takes_digits && at < 9 => (at + 1).to_string(),
                _ => String::new(),
            };
            OrderChoice {
                spoken: joined([&key, &choice.label, &choice.detail], ", "),
                key,
                chosen: chosen == Some(at),
                label: choice.label,
                detail: choice.detail,
                tone: choice.tone,
            }
        };
        self.choices().into_iter().enumerate().map(shown).collect()
    }

    fn choices_note(&self, draft: &Draft) -> String {
        let cat = &self.cat;
        let shown = self.choices().len();
        if !draft.is_writing() || draft.asks != Question::Product || draft.text.trim().is_empty() {
            return String::new();
        }
        match draft.hits.len() {
            0 if draft.searches => say!(cat, "Searching…"),
            0 => say!(cat, "Nothing is called that"),
            found if found > shown => say!(cat, "{count} more, keep typing", count = found - shown),
            _ => String::new(),
        }
    }

    pub(super) fn lines_shown(&self) -> Vec<OrderRow> {
        self.open_draft().map(|draft| self.lines_of(draft)).unwrap_or_default()
    }

    pub(super) fn lines_of(&self, draft: &Draft) -> Vec<OrderRow> {
        draft.order.lines.iter().map(|line| self.line_shown(draft, line)).collect()
    }

    fn line_shown(&self, draft: &Draft, line: &OrderLine) -> OrderRow {
        let cat = &self.cat;
        let client = draft.order.client;
        let goods = self.book.goods(client, line.product);
        let priced = draft.examined().lines.iter().find(|priced| priced.number == line.number);
        let quantity = self.quantity_words(line.quantity, line.unit);
        let counted =
            goods.zip(priced).map(|(goods, priced)| self.counted_words(&goods.product, priced.counted));
        let counted = counted.filter(|counted| *counted != quantity);
        let sum = priced.map(|priced| {
            let sum = self.order_money(draft, priced.sum.gross);
            if priced.is_about { say!(cat, "about {sum}", sum = sum) } else { sum }
        });
        let faults: Vec<String> =
            Self::line_faults(draft, line.number).map(|fault| self.fault_words(draft, fault)).collect();
        let detail = self.line_detail_words(draft, line, priced);
        let row = OrderRow {
            number: line.number,
            name: self.product_name(client, line.product),
            counted: counted.map(|counted| format!("= {counted}")).unwrap_or_default(),
            quantity,
            price: priced.map(|priced| self.unit_price_words(draft, priced.price.amount)).unwrap_or_default(),
            sum: sum.unwrap_or_default(),
            detail,
            fault: faults.join(", "),
            chosen: draft.asks == Question::Line { number: line.number }
                || draft.asks == Question::Shortage { line: line.number },
            spoken: String::new(),
        };
        let spoken =
            joined([&row.name, &row.quantity, &row.counted, &row.sum, &row.fault, &row.detail], ", ");
        OrderRow { spoken, ..row }
    }

    /// What was agreed about it, what came last time, and why it costs what it costs.
    fn line_detail_words(&self, draft: &Draft, line: &OrderLine, priced: Option<&PricedLine>) -> String {
        let (cat, client) = (&self.cat, draft.order.client);
        let mut parts = Vec::new();
        match line.settled {
            Some(Settlement::Cut { wanted }) => {
                parts.push(say!(cat, "wanted {quantity}", quantity = self.quantity_words(wanted, line.unit)));
            }
            Some(Settlement::Wait { until }) => {
                parts.push(say!(cat, "waits until {day}", day = self.day_words(until)));
            }
            Some(Settlement::Substitute { product }) => {
                parts.push(say!(cat, "replaced by {product}", product = self.product_name(client, product)));
            }
            Some(Settlement::Drop) => parts.push(say!(cat, "left out")),
            None => {}
        }
        let terms = self.book.terms(client);
        if let Some(last) = terms.and_then(|terms| terms.last_time(line.product, draft.order.id)) {
            let quantity = self.quantity_words(last.ordered.quantity, last.ordered.unit);
            parts.push(match self.last_price_words(&last) {
                Some(price) => {
                    say!(cat, "last time {quantity} at {price}", quantity = quantity, price = price)
                }
                None => say!(cat, "last time {quantity}", quantity = quantity),
            });
        }
        let Some(priced) = priced else { return parts.join(" · ") };
        if priced.price.from == PriceSource::Contract {
            parts.push(say!(cat, "agreed price"));
        }
        let promotions = self.book.terms(client).into_iter().flat_map(|terms| &terms.price_list.promotions);
        let names = promotions.into_iter().filter(|known| priced.price.promotions.contains(&known.id));
        parts.extend(names.map(|promotion| promotion.name.clone()));
        parts.extend(priced.gifts.iter().map(|gift| {
            let quantity = self.decimal_words(gift.quantity);
            say!(
                cat,
                "gift: {quantity} {product}",
                quantity = quantity,
                product = self.product_name(client, gift.product)
            )
        }));
        parts.join(" · ")
    }

    fn sums_shown(&self, client: ClientId, draft: &Draft) -> Vec<Row> {
        let cat = &self.cat;
        let examined = draft.examined();
        let money = |amount: Money| self.order_money(draft, amount);
        let mut rows = Vec::new();
        let mut row = |key: String, value: String, tone| rows.push(Row { key, value, tone });
        let is_about = examined.lines.iter().any(|line| line.is_about);
        let (gross, tax) = (money(examined.total.gross), money(examined.total.tax));
        let total = match is_about {
            true => {
                let most = money(examined.most);
                say!(
                    cat,
                    "about {total}, at most {most}, of it tax {tax}",
                    total = gross,
                    most = most,
                    tax = tax
                )
            }
            false => say!(cat, "{total}, of it tax {tax}", total = gross, tax = tax),
        };
        row(say!(cat, "Total"), total, Tone::Neutral);
        if let Some(column) = &examined.column {
            let why = cat.get(words::price_reason(column.why)).to_owned();
            let mut value = joined([&self.column_name(client, &column.column), &why], ", ");
            if let Some(next) = &column.next {
                let name = self.column_name(client, &next.column);
                let more = say!(cat, "{amount} more to {column}", amount = money(next.more), column = name);
                value = joined([&value, &more], " · ");
            }
            row(say!(cat, "Price column"), value, Tone::Neutral);
        }
        let Some(terms) = self.book.terms(client) else { return rows };
        let left = terms.payer(&draft.order).filter(|payer| !payer.is_prepaid);
        if let Some(left) = left.and_then(|payer| payer.standing.as_ref()?.credit_left) {
            // What was placed is counted by the desk.
            let is_counted = terms.orders.iter().any(|past| past.id == draft.order.id);
            let after = if is_counted { left } else { Money(left.0.saturating_sub(examined.most.0)) };
            let tone = if after.0 < Decimal::ZERO { Tone::Bad } else { Tone::Neutral };
            let value = match is_counted {
                true => money(left),
                false => {
                    say!(cat, "{left}, after this order {after}", left = money(left), after = money(after))
                }
            };
            row(say!(cat, "Credit left"), value, tone);
        }
        if let Some(standing) = terms.payer(&draft.order).and_then(|payer| payer.standing.as_ref()) {
            let owed = standing.exposure.unwrap_or(Money::ZERO);
            for (key, amount) in
                [(say!(cat, "Disputed"), standing.disputed), (say!(cat, "Owed and ordered"), owed)]
            {
                if amount.is_positive() {
                    row(key, money(amount), Tone::Neutral);
                }
            }
        }
        if let Some(words) = terms.payer(&draft.order).and_then(|payer| self.payment_words(payer)) {
            row(say!(cat, "Payments"), words, Tone::Neutral);
        }
        if let Some((lines, total)) = habit(terms, draft.order.id) {
            let now = draft.order.lines.iter().filter(|line| line.is_delivered()).count();
            let value = say!(
                cat,
                "{total} in lines: {lines}; now {now}",
                total = money(total),
                lines = lines,
                now = now
            );
            row(say!(cat, "Usually"), value, Tone::Neutral);
        }
        let others = examined.faults.iter().filter(|fault| fault.severity() != Severity::Stops);
        for fault in others.chain(examined.faults.iter().filter(|fault| **fault == Fault::NoColumn)) {
            let key = match fault.severity() {
                Severity::Warns => say!(cat, "Note well"),
                Severity::Holds => say!(cat, "Will be held"),
                Severity::Stops => say!(cat, "Cannot be placed"),
            };
            row(key, self.fault_words(draft, fault), Tone::Warning);
        }
        rows
    }

    fn offers_heading(&self, client: ClientId, draft: &Draft) -> String {
        let cat = &self.cat;
        if draft.order.no_offers {
            return say!(cat, "The client wants no offers");
        }
        let made = draft.order.offers.len();
        if draft.was_given_in() {
            // It is a change: more may be offered, and none must be (T17).
            return say!(cat, "Offers: {made}", made = made);
        }
        let least = self.book.terms(client).map_or(0, |terms| terms.least_offers);
        say!(cat, "Offers: {made} of {least}", made = made, least = least)
    }

    fn offers_shown(&self, draft: &Draft) -> Vec<OrderOffer> {
        let shown = |offer: crate::domain::trade::offer::Offer| {
            let (name, why) = (self.name_of(offer.product), self.offer_words(&offer));
            OrderOffer {
                spoken: joined([&name, &why], ", "),
                name,
                why,
                chosen: draft.asks == Question::Offer { product: offer.product },
            }
        };
        self.offers_now().into_iter().map(shown).collect()
    }

    /// In the order in which they are asked for.
    pub(super) fn steps(&self) -> Vec<Step> {
        let steps = || {
            let client = self.open_client()?;
            let draft = self.book.drafts.get(&client)?;
            Some(self.steps_of(client, draft))
        };
        steps().unwrap_or_default()
    }

    fn steps_of(&self, client: ClientId, draft: &Draft) -> Vec<Step> {
        let cat = &self.cat;
        let Some(terms) = self.book.terms(client) else { return Vec::new() };
        let (order, delivery) = (&draft.order, &draft.order.delivery);
        let mut steps = Vec::new();
        let mut step = |label: String, value: String, asks| {
            steps.push(Step { label, value, fault: String::new(), asks });
        };
        if terms.payers.len() > 1 {
            let payer = terms.payer(order).filter(|_| order.payer.is_some());
            step(
                say!(cat, "Payer"),
                payer.map(|payer| payer.name.clone()).unwrap_or_default(),
                Some(Question::Payer),
            );
        }
        if terms.consignees.len() > 1 {
            let consignee = terms.consignee(order);
            let named = terms.consignees.iter().find(|known| Some(&known.id) == consignee);
            step(
                say!(cat, "Consignee"),
                named.map(|known| known.name.clone()).unwrap_or_default(),
                Some(Question::Consignee),
            );
        }
        if draft.examined().columns.len() > 1 {
            let column = order.column.as_ref().map(|column| self.column_name(client, column));
            step(
                say!(cat, "Price column"),
                column.unwrap_or_else(|| say!(cat, "by the rules")),
                Some(Question::Column),
            );
        }
        let address = terms.address(order).map(|address| address.text.clone()).unwrap_or_default();
        let choose_address = (terms.addresses.len() > 1 || address.is_empty()).then_some(Question::Address);
        step(say!(cat, "Address"), address, choose_address);
        let slot = delivery.slot.map(|slot| self.slot_words(slot)).unwrap_or_default();
        step(say!(cat, "Time"), slot, Some(Question::Slot));
        let receiver = delivery.receiver.as_ref();
        let receiver =
            receiver.map(|receiver| format!("{} · {}", receiver.name, self.receiver_detail(receiver)));
        step(say!(cat, "Receiver"), receiver.unwrap_or_default(), Some(Question::Receiver));
        let pays = match delivery.pays_on_delivery {
            Some(true) => say!(cat, "the driver gets the money"),
            Some(false) => say!(cat, "paid otherwise"),
            None => String::new(),
        };
        step(say!(cat, "Payment"), pays, Some(Question::PaysOnDelivery));
        if terms.is_regional {
            let regional = delivery.regional.clone().unwrap_or_default();
            let payment = regional.payment.unwrap_or_default();
            step(say!(cat, "Form of payment"), payment, Some(Question::RegionalPayment));
            let arrival = regional.arrival.map(|at| {
                let zone = self.zone.clone();
                let at = at.to_zoned(zone);
                format!("{}, {:02}:{:02}", self.day_words(at.date()), at.hour(), at.minute())
            });
            let arrival = arrival.or(regional.shipping).unwrap_or_default();
            step(say!(cat, "Arrival or shipping"), arrival, Some(Question::RegionalArrival));
        }
        step(say!(cat, "Note"), order.note.clone().unwrap_or_default(), Some(Question::Note));
        let agreed = order.agreed_total.map(|total| self.order_money(draft, total)).unwrap_or_default();
        step(say!(cat, "Read and agreed"), agreed, Some(Question::ReadBack));
        for step in &mut steps {
            let here = |fault: &&Fault| step.asks.is_some() && self.step_about(fault) == step.asks;
            let faults = draft.stops().filter(here);
            step.fault = faults.map(|fault| self.fault_words(draft, fault)).collect::<Vec<_>>().join(", ");
        }
        steps
    }

    /// The row that a fault stands in.
    fn step_about(&self, fault: &Fault) -> Option<Question> {
        match fault {
            Fault::ReceiverMayNotSign | Fault::ReceiverMayNotPay => Some(Question::Receiver),
            fault => self.question_about(fault),
        }
    }

    fn steps_shown(&self, draft: &Draft) -> Vec<OrderStep> {
        let shown = |step: Step| OrderStep {
            spoken: joined([&format!("{}: {}", step.label, step.value), &step.fault], ", "),
            chosen: step.asks.as_ref() == Some(&draft.asks),
            label: step.label,
            value: step.value,
            fault: step.fault,
        };
        self.steps().into_iter().map(shown).collect()
    }

    fn status(&self, draft: &Draft) -> Word {
        let cat = &self.cat;
        if draft.theirs.is_some() {
            return Word { tone: Tone::Warning, text: self.both_written_words() };
        }
        if let Some(code) = draft.refusal {
            // Until the operator does something else.
            let stands = if draft.is_writing() { String::new() } else { self.phase_words(draft) };
            return Word { tone: Tone::Bad, text: joined([&self.refusal_words(code), &stands], " ") };
        }
        let tone = match draft.phase {
            Phase::Writing => {
                let faults: Vec<String> = draft.stops().map(|fault| self.fault_words(draft, fault)).collect();
                let first = faults.len().min(3);
                return match faults.len() {
                    0 => Word { tone: Tone::Good, text: say!(cat, "Nothing is missing") },
                    count if count > first => {
                        let text = faults[..first].join(", ");
                        let more = say!(cat, "{count} more", count = count - first);
                        Word {
                            tone: Tone::Warning,
                            text: say!(cat, "Missing: {what}", what = format!("{text}, {more}")),
                        }
                    }
                    _ => Word {
                        tone: Tone::Warning,
                        text: say!(cat, "Missing: {what}", what = faults.join(", ")),
                    },
                };
            }
            Phase::Placing { waits: false } => Tone::Neutral,
            Phase::Placing { waits: true } => Tone::Warning,
            Phase::Refused => Tone::Bad,
            Phase::Given(state) => super::list::state_tone(state),
        };
        Word { tone, text: self.phase_words(draft) }
    }

    /// On the client's card: the order that is begun, or why none is taken here.
    pub(in crate::screen) fn order_rows(&self, client: ClientId) -> Vec<Row> {
        let cat = &self.cat;
        let key = key_of(&Deed::Act(Act::Order));
        let draft = self.book.drafts.get(&client).filter(|draft| draft.is_begun());
        let others = self.other_orders_words(client).map(|(words, tone)| {
            let key = key_of(&Deed::Act(Act::Orders));
            Row { key: say!(cat, "Orders"), value: format!("{words} · {key}"), tone }
        });
        if let Some(draft) = draft {
            let words = match draft.is_writing() {
                true => {
                    let total = self.order_money(draft, draft.examined().total.gross);
                    let count = draft.order.lines.len();
                    say!(cat, "lines: {count}, {total} · {key}", count = count, total = total, key = key)
                }
                false => self.phase_words(draft),
            };
            let words = match draft.theirs.is_some() {
                true => joined([&say!(cat, "Written here and elsewhere"), &words], " · "),
                false => words,
            };
            let refusal = draft.refusal.map(|code| self.refusal_words(code));
            let tone = if refusal.is_some() { Tone::Bad } else { Tone::Hold };
            let value = joined([&refusal.unwrap_or_default(), &words], " ");
            let label = if draft.is_writing() { say!(cat, "Order draft") } else { say!(cat, "Order") };
            return std::iter::once(Row { key: label, value, tone }).chain(others).collect();
        }
        let closed = self.book.closed(client).map(|why| Row {
            key: say!(cat, "Order"),
            value: self.closed_words(why),
            tone: Tone::Warning,
        });
        let request = self.book.requests.contains(&client).then(|| Row {
            key: say!(cat, "Order"),
            value: self.request_words(),
            tone: Tone::Warning,
        });
        closed.into_iter().chain(request).chain(others).collect()
    }
}

/// How many lines the client's orders have, and what they come to: the mean of the latest.
fn habit(terms: &crate::desk_api::Terms, besides: OrderId) -> Option<(usize, Money)> {
    let orders: Vec<_> = terms.orders.iter().filter(|past| past.id != besides).take(HABIT).collect();
    let count = orders.len();
    let lines = orders.iter().map(|order| order.lines.len()).sum::<usize>().checked_div(count)?;
    let total = orders.iter().fold(Decimal::ZERO, |sum, order| sum.saturating_add(order.total.0));
    Some((lines, Money(total.checked_div(Decimal::from(count))?)))
}

/// Those that are not empty.
pub(super) fn joined<const N: usize>(parts: [&String; N], between: &str) -> String {
    let parts: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    parts.join(between)
}
