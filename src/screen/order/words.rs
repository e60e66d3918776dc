//! Orders in words: faults, amounts, and what is said aloud.

use super::ask::Question;
use super::{Closed, Draft, Mistake, Phase};
use crate::desk_api::{ClientId, Fault, Goods, Money, OrderId, OrderState, ProblemCode, Product, ServedBy};
use crate::domain::trade::amount;
use crate::domain::trade::delivery::{Slot, SlotFault};
use crate::domain::trade::examine::Releaser;
use crate::domain::trade::offer::{Offer, OfferKind};
use crate::domain::trade::order::Receiver;
use crate::domain::trade::price::{self, ColumnId};
use crate::domain::trade::product::{ProductId, QuantityFault, Unit};
use crate::domain::trade::terms::{LastTime, Payer};
use crate::screen::format::{self, day};
use crate::screen::keys::{Deed, key_of};
use crate::screen::{Act, Screen, words};
use crate::text::{Language, msg, say};
use jiff::civil::Date;
use rust_decimal::Decimal;

/// Rows that are read aloud at once.
const SPOKEN: usize = 3;

impl Screen {
    pub(super) fn decimal_words(&self, number: Decimal) -> String {
        let text = number.normalize().to_string();
        if self.cat.language() == Language::Russian { text.replace('.', ",") } else { text }
    }

    /// "3 cases".
    pub(super) fn quantity_words(&self, quantity: Decimal, unit: Unit) -> String {
        let text = match (unit, quantity == Decimal::ONE) {
            (Unit::Piece, true) => msg!("{count} piece"),
            (Unit::Piece, false) => msg!("{count} pieces"),
            (Unit::Pack, true) => msg!("{count} pack"),
            (Unit::Pack, false) => msg!("{count} packs"),
            (Unit::Case, true) => msg!("{count} case"),
            (Unit::Case, false) => msg!("{count} cases"),
            (Unit::Pallet, true) => msg!("{count} pallet"),
            (Unit::Pallet, false) => msg!("{count} pallets"),
            (Unit::Kilogram, _) => msg!("{count} kg"),
        };
        self.cat.say(text, &[("count", &self.decimal_words(quantity))])
    }

    /// As the warehouse counts it.
    pub(super) fn counted_words(&self, product: &Product, counted: Decimal) -> String {
        let is_loose = product.packings.iter().any(|packing| packing.unit == Unit::Kilogram);
        self.quantity_words(counted, if is_loose { Unit::Kilogram } else { Unit::Piece })
    }

    pub(super) fn order_money(&self, draft: &Draft, amount: Money) -> String {
        let currency = draft.examined().currency.clone().or_else(|| self.currency(draft.order.client));
        format::money(self.cat.language(), amount, &currency.unwrap_or_default())
    }

    fn currency(&self, client: ClientId) -> Option<String> {
        let terms = self.book.terms(client)?;
        let column = price::base_column(&terms.price_list.column_rules, &terms.buyer, terms.today)?;
        terms.price_list.columns.iter().find(|known| known.id == column).map(|column| column.currency.clone())
    }

    /// Without promotions and volume: what it costs before it is in the order.
    pub(super) fn price_words(&self, client: ClientId, goods: &Goods) -> String {
        let price = || {
            let terms = self.book.terms(client)?;
            let column = price::base_column(&terms.price_list.column_rules, &terms.buyer, terms.today)?;
            let price = price::unit_price(&goods.prices, &column, &[])?;
            Some(format::money(self.cat.language(), price.amount, &self.currency(client)?))
        };
        price().unwrap_or_else(|| say!(&self.cat, "no price"))
    }

    pub(super) fn column_name(&self, client: ClientId, column: &ColumnId) -> String {
        let columns = self.book.terms(client).into_iter().flat_map(|terms| &terms.price_list.columns);
        let name = columns.into_iter().find(|known| known.id == *column).map(|known| known.name.clone());
        name.unwrap_or_else(|| column.0.clone())
    }

    pub(super) fn day_words(&self, date: Date) -> String {
        let weekday = match date.weekday().to_monday_one_offset() {
            1 => msg!("Mon"),
            2 => msg!("Tue"),
            3 => msg!("Wed"),
            4 => msg!("Thu"),
            5 => msg!("Fri"),
            6 => msg!("Sat"),
            _ => msg!("Sun"),
        };
        format!("{} {}", self.cat.get(weekday), day(&self.cat, date))
    }

    pub(super) fn slot_words(&self, slot: Slot) -> String {
        let time = |time: jiff::civil::Time| format!("{:02}:{:02}", time.hour(), time.minute());
        format!("{}, {}–{}", self.day_words(slot.date), time(slot.window.from), time(slot.window.to))
    }

    pub(super) fn receiver_detail(&self, receiver: &Receiver) -> String {
        let cat = &self.cat;
        let rights = match (receiver.may_sign, receiver.may_pay) {
            (true, true) => msg!("may sign and pay"),
            (true, false) => msg!("may sign"),
            (false, true) => msg!("may pay"),
            (false, false) => msg!("may neither sign nor pay"),
        };
        format!("{} · {}", receiver.phone, cat.get(rights))
    }

    pub(super) fn payer_words(&self, payer: &Payer) -> String {
        let cat = &self.cat;
        let Some(standing) = &payer.standing else { return say!(cat, "what is owed is not known") };
        let money = |amount| format::money(cat.language(), amount, &standing.currency);
        match standing.credit_left {
            _ if standing.overdue.is_positive() => {
                say!(cat, "overdue {amount}", amount = money(standing.overdue))
            }
            _ if standing.over_limit.is_positive() => {
                say!(cat, "over the limit by {amount}", amount = money(standing.over_limit))
            }
            _ if payer.is_prepaid => say!(cat, "pays in advance"),
            Some(left) => say!(cat, "credit left {amount}", amount = money(left)),
            None => String::new(),
        }
    }

    /// How somebody pays, and the day that is known of it (duty 9); none: nobody knows.
    pub(super) fn payment_words(&self, payer: &Payer) -> Option<String> {
        let cat = &self.cat;
        let mut parts = Vec::new();
        if let Some(history) = &payer.history {
            let in_time = history.paid.saturating_sub(history.late);
            if history.paid > 0 {
                parts.push(say!(cat, "in time {count} of {all}", count = in_time, all = history.paid));
            }
            if history.late > 0 {
                parts.push(say!(cat, "else {days} days late", days = history.days_late));
            }
            let currency = payer.standing.as_ref().map(|standing| standing.currency.as_str());
            if let Some((last, currency)) = history.last.as_ref().zip(currency) {
                let amount = format::money(cat.language(), last.amount, currency);
                parts.push(say!(cat, "last {amount} on {day}", amount = amount, day = day(cat, last.day)));
            }
        }
        parts.extend(payer.payments_until.map(|until| say!(cat, "known up to {day}", day = day(cat, until))));
        (!parts.is_empty()).then(|| parts.join(" · "))
    }

    /// The same of each legal entity of a client, by name where there are several.
    pub(in crate::screen) fn payments_of(&self, client: ClientId) -> Vec<String> {
        let payers = self.book.terms(client).map(|terms| terms.payers.as_slice()).unwrap_or_default();
        let words = |payer: &Payer| {
            let words = self.payment_words(payer)?;
            Some(if payers.len() > 1 { format!("{}: {words}", format::tame(&payer.name)) } else { words })
        };
        payers.iter().filter_map(words).collect()
    }

    /// What a piece or kilogram cost.
    pub(super) fn last_price_words(&self, last: &LastTime<'_>) -> Option<String> {
        let amount = Money(amount::rounded(last.price?.0, last.currency));
        Some(format::money(self.cat.language(), amount, last.currency))
    }

    pub(super) fn product_name(&self, client: ClientId, product: ProductId) -> String {
        self.book
            .goods(client, product)
            .map_or_else(|| say!(&self.cat, "unknown product"), |goods| goods.product.name.clone())
    }

    pub(super) fn line_name(&self, number: u32) -> String {
        let name = || {
            let draft = self.open_draft()?;
            Some(self.product_name(draft.order.client, draft.line(number)?.product))
        };
        name().unwrap_or_default()
    }

    pub(super) fn name_of(&self, product: ProductId) -> String {
        self.open_client().map(|client| self.product_name(client, product)).unwrap_or_default()
    }

    /// Why it is offered, to be said to the client.
    pub(super) fn offer_words(&self, offer: &Offer) -> String {
        let cat = &self.cat;
        if let Some(phrase) = &offer.phrase {
            return phrase.clone();
        }
        if let Some(since) = offer.waits_since {
            return say!(cat, "waited for since {day}, and there again", day = day(cat, since));
        }
        let habit = || {
            let terms = self.book.terms(self.open_client()?)?;
            let habit = terms.habits.iter().find(|habit| habit.product == offer.product)?;
            let (days, last) = (habit.every_days, day(cat, habit.last));
            Some(say!(cat, "usually every {days} days, last on {day}", days = days, day = last))
        };
        match offer.kind {
            OfferKind::Usual => habit().unwrap_or_else(|| say!(cat, "usually in the order")),
            OfferKind::Pushed => say!(cat, "special item"),
            OfferKind::New => say!(cat, "new in the assortment"),
            OfferKind::Typical => say!(cat, "clients of this kind buy it"),
        }
    }

    /// What the field asks for.
    pub(super) fn prompt(&self, draft: &Draft) -> String {
        let cat = &self.cat;
        if draft.weighs_both() {
            return say!(cat, "The order was written elsewhere, too. Which of the two holds?");
        }
        match draft.phase {
            Phase::Placing { .. } | Phase::Given(_) => return self.phase_words(draft),
            Phase::Writing | Phase::Refused => {}
        }
        match &draft.asks {
            Question::Product => say!(cat, "Product, or quantity and product"),
            Question::Quantity { product } => {
                let name = self.name_of(*product);
                match self.usual(*product) {
                    Some(usual) => {
                        let usual = self.quantity_words(usual.quantity, usual.unit);
                        say!(cat, "{product}: how much? Usually {quantity}", product = name, quantity = usual)
                    }
                    None => say!(cat, "{product}: how much?", product = name),
                }
            }
            Question::Line { number } => {
                let line = draft.line(*number);
                let now = line.map(|line| self.quantity_words(line.quantity, line.unit)).unwrap_or_default();
                let name = self.line_name(*number);
                say!(cat, "{product}, {quantity}: how much instead?", product = name, quantity = now)
            }
            Question::Shortage { line } => {
                say!(cat, "{product}: there is less. What is agreed?", product = self.line_name(*line))
            }
            Question::Offer { product } => {
                let offer = self.offers_now().into_iter().find(|offer| offer.product == *product);
                let why = offer.map(|offer| self.offer_words(&offer)).unwrap_or_default();
                say!(cat, "Offer: {product}, {why}", product = self.name_of(*product), why = why)
            }
            Question::Payer => say!(cat, "Who pays?"),
            Question::Consignee => say!(cat, "Whom do the goods go to?"),
            Question::Column => say!(cat, "By which price column?"),
            Question::Address => say!(cat, "Where to?"),
            Question::Slot => say!(cat, "When?"),
            Question::Receiver => say!(cat, "Who takes the goods?"),
            Question::ReceiverName => say!(cat, "Name of who takes the goods"),
            Question::ReceiverPhone { name } => say!(cat, "Telephone of {name}", name = name),
            Question::Rights { name, .. } => say!(cat, "What may {name} do?", name = name),
            Question::PaysOnDelivery => say!(cat, "How is it paid?"),
            Question::RegionalPayment => say!(cat, "Form of payment that is agreed"),
            Question::RegionalArrival => say!(cat, "Day and time of arrival, or how it is shipped"),
            Question::Note => say!(cat, "Note for whoever follows the order"),
            Question::ReadBack => say!(cat, "Read every line and the total to the client"),
        }
    }

    pub(super) fn mistake_words(&self, mistake: &Mistake) -> String {
        let cat = &self.cat;
        match mistake {
            Mistake::NoAmount => say!(cat, "Type a quantity, such as 12"),
            Mistake::NothingFound => say!(cat, "Nothing is called that"),
            Mistake::NotPackedSo => say!(cat, "It is not packed so"),
            Mistake::Quantity(fault, unit) => self.quantity_fault_words(*fault, *unit),
            Mistake::NotPermitted { permission } => {
                say!(cat, "This client may not buy it: {permission}", permission = permission)
            }
            Mistake::NotWritten => say!(cat, "Write it down: the driver needs it"),
            Mistake::NotMoment => say!(cat, "Type a day and time, such as 5.12. 14:00"),
        }
    }

    fn quantity_fault_words(&self, fault: QuantityFault, unit: Unit) -> String {
        let cat = &self.cat;
        match fault {
            QuantityFault::NotPackedSo => say!(cat, "It is not packed so"),
            QuantityFault::NotPositive => say!(cat, "More than nothing, please"),
            QuantityFault::NotMultiple { below, above } if below.is_zero() => {
                say!(cat, "Sold from {quantity} on", quantity = self.quantity_words(above, unit))
            }
            QuantityFault::NotMultiple { below, above } => {
                let (below, above) = (self.decimal_words(below), self.quantity_words(above, unit));
                say!(cat, "Not so many: {below} or {above}", below = below, above = above)
            }
            QuantityFault::TooMuch => say!(cat, "So much cannot be meant"),
        }
    }

    /// What stands in the way, beside its field.
    pub(super) fn fault_words(&self, draft: &Draft, fault: &Fault) -> String {
        let cat = &self.cat;
        let money = |amount: Money| self.order_money(draft, amount);
        let client = draft.order.client;
        match fault {
            Fault::NotForOperators { served_by: ServedBy::Head } => {
                say!(cat, "New client: the head of the department decides")
            }
            Fault::NotForOperators { .. } => say!(cat, "Key client: the manager decides"),
            Fault::Overdue { amount } => say!(cat, "Overdue debt {amount}", amount = money(*amount)),
            Fault::OverLimit { amount } => {
                say!(cat, "Debt over the limit by {amount}", amount = money(*amount))
            }
            Fault::StandingUnknown => say!(cat, "Nobody knows what this client owes"),
            Fault::NoPayer => say!(cat, "Nobody said who pays"),
            Fault::UnknownPayer => say!(cat, "This payer is not the client's any more"),
            Fault::UnknownConsignee => say!(cat, "This consignee is not the client's any more"),
            Fault::NoColumn => say!(cat, "No price column holds for this client"),
            Fault::ColumnNotPermitted => say!(cat, "The client may not buy by this column"),
            Fault::Empty => say!(cat, "There is nothing in the order"),
            Fault::LineTwice { .. } => say!(cat, "Two lines have the same number"),
            Fault::UnknownProduct { .. } => say!(cat, "The order desk does not know this product"),
            Fault::Quantity { line, fault } => {
                let unit = draft.line(*line).map_or(Unit::Piece, |line| line.unit);
                self.quantity_fault_words(*fault, unit)
            }
            Fault::NoPrice { .. } => say!(cat, "It has no price"),
            Fault::NotPermitted { permission, .. } => {
                say!(cat, "This client may not buy it: {permission}", permission = permission)
            }
            Fault::OutOfStock { line, available } => {
                let goods = draft.line(*line).and_then(|line| self.book.goods(client, line.product));
                match goods.filter(|_| *available > Decimal::ZERO) {
                    Some(goods) => {
                        let there = self.counted_words(&goods.product, *available);
                        say!(cat, "There are only {quantity}", quantity = there)
                    }
                    None => say!(cat, "There is none of it"),
                }
            }
            Fault::NoSubstitute { .. } => say!(cat, "What takes its place is not in the order"),
            Fault::BelowMinimum { minimum } => {
                say!(cat, "Below the minimum of {amount}", amount = money(*minimum))
            }
            Fault::OverCredit { by } => say!(cat, "Over the credit by {amount}", amount = money(*by)),
            Fault::OtherCurrency => say!(cat, "The credit is in another currency"),
            Fault::TooFewOffers { missing } => say!(cat, "Offers still to be made: {count}", count = missing),
            Fault::TakenButNotOrdered { product } => {
                say!(
                    cat,
                    "{product} was taken and is in no line",
                    product = self.product_name(client, *product)
                )
            }
            Fault::NoAddress => say!(cat, "Nobody said where to"),
            Fault::NoSlot => say!(cat, "Nobody said when"),
            Fault::Slot { fault: SlotFault::Full } => say!(cat, "This time takes no more orders"),
            Fault::Slot { fault: SlotFault::TooLate { .. } } => say!(cat, "Too late for this time"),
            Fault::Slot { fault: SlotFault::NoSuchSlot } => say!(cat, "The lorry does not come then"),
            Fault::NoReceiver => say!(cat, "Nobody said who takes the goods"),
            Fault::ReceiverNotConfirmed => say!(cat, "Ask whether they will be there"),
            Fault::ReceiverMayNotSign => say!(cat, "They may not sign"),
            Fault::ReceiverMayNotPay => say!(cat, "They have to pay, and may not"),
            Fault::NoPaymentOnDelivery => say!(cat, "Nobody said whether the driver gets the money"),
            Fault::NoRegionalPayment => say!(cat, "The form of payment is not agreed"),
            Fault::NoRegionalArrival => say!(cat, "Neither arrival nor shipping is agreed"),
            Fault::NotReadBack => say!(cat, "The total was not read to the client"),
            Fault::TotalChanged { agreed } => {
                say!(cat, "Agreed was {amount}: read it again", amount = money(*agreed))
            }
            Fault::OtherOrder { order } => {
                let orders = self.book.terms(client).into_iter().flat_map(|terms| &terms.orders);
                let number =
                    orders.into_iter().find(|known| known.id == *order).and_then(|known| known.number);
                match number {
                    Some(number) => say!(cat, "Order {number} comes on the same day", number = number),
                    None => say!(cat, "Another order comes on the same day"),
                }
            }
        }
    }

    #[cfg(test)]
    pub(in crate::screen) fn fault_said(&self, fault: &Fault) -> String {
        self.open_draft().map(|draft| self.fault_words(draft, fault)).unwrap_or_default()
    }

    /// Where an order is on its way; empty while it is written.
    pub(super) fn phase_words(&self, draft: &Draft) -> String {
        let cat = &self.cat;
        match draft.phase {
            Phase::Writing => String::new(),
            Phase::Placing { waits: false } => say!(cat, "The order desk is asked…"),
            Phase::Placing { waits: true } => {
                say!(cat, "Not confirmed: the order desk cannot be reached; the order will be sent by itself")
            }
            Phase::Refused => say!(cat, "The order desk does not take the order as it is"),
            Phase::Given(state) => {
                let number = draft.number.map(|number| number.to_string()).unwrap_or_default();
                let text = match state {
                    OrderState::Draft => msg!("Order {number} is being written by another operator"),
                    OrderState::Held if self.released_by(draft) == Some(Releaser::Head) => {
                        msg!("Order {number} is held: {why}. The head of the department can release it")
                    }
                    OrderState::Held => {
                        msg!("Order {number} is held: {why}. The manager or the head can release it")
                    }
                    OrderState::AwaitingPayment => msg!("Order {number} waits for the client's payment"),
                    OrderState::Placed => msg!("Order {number} is placed"),
                    OrderState::Accepted => msg!("Order {number} is accepted: the manager has it"),
                    OrderState::Picking => msg!("Order {number} is being picked"),
                    OrderState::DeliveredInPart => msg!("Order {number} is delivered in part"),
                    OrderState::Delivered => msg!("Order {number} is delivered"),
                    OrderState::Closed => msg!("Order {number} is closed"),
                    OrderState::Cancelled => msg!("Order {number} is cancelled"),
                    OrderState::RefusedAtDoor => msg!("Order {number} was refused at the door"),
                };
                let words = cat.say(text, &[("number", &number), ("why", &self.holds(draft).join(", "))]);
                super::form::joined([&words, &self.as_of(draft.told).unwrap_or_default()], " · ")
            }
        }
    }

    /// Who can release all that it is held for.
    fn released_by(&self, draft: &Draft) -> Option<Releaser> {
        draft.examined().faults.iter().filter_map(Fault::released_by).max()
    }

    /// What somebody has to release.
    pub(super) fn holds(&self, draft: &Draft) -> Vec<String> {
        let faults = draft.examined().faults.iter();
        let held = faults.filter(|fault| fault.severity() == crate::desk_api::Severity::Holds);
        held.map(|fault| self.fault_words(draft, fault)).collect()
    }

    pub(super) fn closed_words(&self, why: Closed) -> String {
        let cat = &self.cat;
        let why = cat.get(match why {
            Closed::KeyClient => msg!("Key client: the manager takes the order"),
            Closed::NewClient => msg!("New client: the head of the department takes the order"),
            Closed::Debt => msg!("Debt: the manager or the finance department decides"),
        });
        say!(cat, "{why}. Transfer: {key}", why = why, key = key_of(&Deed::Act(Act::Transfer)))
    }

    pub(super) fn no_terms_words(&self) -> String {
        let fault = self.ordering_client().and_then(|client| self.book.known.get(&client)?.fault.as_ref());
        match fault {
            Some(why) => self.cat.get(words::unavailable(why)).to_owned(),
            None => say!(&self.cat, "The client's prices are being asked for. Press the key again"),
        }
    }

    pub(super) fn dropped_reason(&self) -> String {
        say!(&self.cat, "dropped by the operator")
    }

    pub(super) fn announce_prompt(&mut self) {
        let Some(draft) = self.open_draft() else { return };
        let mut parts = vec![self.prompt(draft)];
        let takes_digits = draft.takes_digits();
        let choices = self.choices();
        for (at, choice) in choices.iter().enumerate().take(SPOKEN).filter(|_| takes_digits) {
            parts.push(format!("{}: {}", at + 1, choice.label));
        }
        if takes_digits && choices.len() > SPOKEN {
            parts.push(say!(&self.cat, "{count} more", count = choices.len() - SPOKEN));
        }
        self.announce(parts.join(". "));
    }

    pub(super) fn announce_both_written(&mut self) {
        self.announce(self.both_written_words());
    }

    /// Another program of this operator has written the order as well.
    pub(super) fn both_written_words(&self) -> String {
        let key = key_of(&Deed::Act(Act::PlaceOrder));
        say!(&self.cat, "Written here and elsewhere. {key}: say which of the two holds", key = key)
    }

    pub(super) fn announce_choice(&mut self) {
        let in_form = self.open_draft().and_then(|draft| draft.chosen);
        let Some(chosen) = self.list_chosen().or(in_form) else { return };
        if let Some(choice) = self.choices().into_iter().nth(chosen) {
            self.announce(super::form::joined([&choice.label, &choice.detail], ", "));
        }
    }

    pub(super) fn announce_mistake(&mut self) {
        let words =
            self.open_draft().and_then(|draft| draft.mistake.as_ref()).map(|why| self.mistake_words(why));
        if let Some(words) = words {
            self.announce(words);
        }
    }

    pub(super) fn announce_line(&mut self, number: u32) {
        let Some(line) = self.lines_shown().into_iter().find(|line| line.number == number) else { return };
        self.announce(line.spoken);
    }

    pub(super) fn announce_found(&mut self) {
        let count = self.choices().len();
        self.announce(say!(&self.cat, "{count} found", count = count));
    }

    pub(super) fn announce_dropped(&mut self, name: &str) {
        self.announce(say!(&self.cat, "{product} is out of the order", product = name));
    }

    pub(super) fn announce_dropped_draft(&mut self) {
        self.announce(say!(&self.cat, "The draft is dropped"));
    }

    /// Why the desk did not do it.
    pub(super) fn refusal_words(&self, code: ProblemCode) -> String {
        let text = match code {
            ProblemCode::AfterCutOff => {
                msg!("The time for changes is over: the goods are being picked, or will be at once.")
            }
            ProblemCode::OrderMovedOn => msg!("The order has moved on; this cannot be done to it now."),
            ProblemCode::NotYours => msg!("Another operator has this order now."),
            ProblemCode::Forbidden => msg!("The order desk does not let you do this."),
            ProblemCode::RevisionConflict => msg!("The order was changed elsewhere meanwhile."),
            _ => msg!("The order desk does not take the order as it is."),
        };
        self.cat.get(text).to_owned()
    }

    pub(super) fn announce_change_waits(&mut self) {
        self.announce(say!(
            &self.cat,
            "Change it now: the order desk cannot be reached, and hears of it when it can."
        ));
    }

    pub(super) fn announce_no_offers(&mut self) {
        self.announce(say!(&self.cat, "The client wants no offers"));
    }

    pub(super) fn announce_copy(&mut self) {
        let Some(draft) = self.open_draft() else { return };
        let total = self.order_money(draft, draft.examined().total.gross);
        let count = draft.order.lines.len();
        self.announce(say!(&self.cat, "Lines: {count}, total {total}", count = count, total = total));
    }

    pub(super) fn announce_complete(&mut self) {
        let key = key_of(&Deed::Act(Act::PlaceOrder));
        self.announce(say!(&self.cat, "Nothing is missing. Place the order: {key}", key = key));
    }

    pub(super) fn announce_fault(&mut self, fault: &Fault) {
        if let Some(draft) = self.open_draft() {
            self.announce(self.fault_words(draft, fault));
        }
    }

    pub(super) fn announce_phase(&mut self) {
        if let Some(id) = self.open_draft().map(|draft| draft.order.id) {
            self.announce_phase_of(id);
        }
    }

    pub(super) fn announce_phase_of(&mut self, id: OrderId) {
        if let Some(draft) = self.book.find(id) {
            self.announce(self.phase_words(draft));
        }
    }

    pub(super) fn announce_not_placed(&mut self, id: OrderId) {
        let Some(draft) = self.book.find(id) else { return };
        let why: Vec<String> = draft.stops().map(|fault| self.fault_words(draft, fault)).collect();
        self.announce(say!(&self.cat, "Not placed: {why}", why = why.join(", ")));
    }

    pub(super) fn announce_request(&mut self) {
        self.announce(self.request_words());
    }

    pub(super) fn request_words(&self) -> String {
        say!(
            &self.cat,
            "Nobody took the client. Write down the order for the manager: {key}. The manager calls back: {call_back}",
            key = key_of(&Deed::Act(Act::Order)),
            call_back = key_of(&Deed::Act(Act::CallBack))
        )
    }

    /// Unrounded, as it is.
    pub(super) fn unit_price_words(&self, draft: &Draft, amount: Money) -> String {
        let currency = draft.examined().currency.clone().unwrap_or_default();
        self.order_money(draft, Money(amount::rounded(amount.0, &currency)))
    }
}
