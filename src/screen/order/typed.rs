//! What is typed into the form's field, with its arrows and Enter.

use super::Mistake;
use super::ask::Question;
use super::entry::{self, Wanted};
use crate::desk_api::{Fault, Sought};
use crate::domain::trade::order::{Receiver, Regional};
use crate::domain::trade::product::{Product, ProductId, Unit};
use crate::instant::Instant;
use crate::screen::targets::moved;
use crate::screen::{Screen, Wish};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use rust_decimal::Decimal;

/// As much as the desk takes of one field, and of a note.
const LONGEST_TEXT: usize = 300;
const LONGEST_NOTE: usize = 2000;

impl Screen {
    pub(super) fn order_typed(&mut self, now: Instant, wall: &Zoned, text: String) {
        let Some(draft) = self.open_draft_mut() else { return };
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
        let longest = if draft.asks == Question::Note { LONGEST_NOTE } else { LONGEST_TEXT };
        draft.text = text.chars().take(longest).collect();
        draft.mistake = None;
        match draft.asks.clone() {
            Question::Product => self.search(),
            question => self.keep_typed(&question, wall),
        }
    }

    /// What is written for others is in the order at every keystroke: who is cut off has lost none of it.
    fn keep_typed(&mut self, question: &Question, wall: &Zoned) {
        let Some(draft) = self.open_draft() else { return };
        let said = Some(draft.text.trim().to_owned()).filter(|text| !text.is_empty());
        match question {
            Question::Note => self.change_order(|order| order.note = said),
            Question::RegionalPayment => self.change_order(|order| regional(order).payment = said),
            Question::RegionalArrival => {
                let agreed = read_arrival(said.unwrap_or_default(), wall).unwrap_or_default();
                self.change_order(|order| set_arrival(order, agreed));
            }
            Question::ReceiverName => self.change_order(|order| {
                order.delivery.receiver = said.map(|name| unconfirmed(name, String::new()));
            }),
            Question::ReceiverPhone { name } => {
                let receiver = unconfirmed(name.clone(), said.unwrap_or_default());
                self.change_order(|order| order.delivery.receiver = Some(receiver));
            }
            _ => {}
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
            self.wishes.push_back(Wish::FindProducts { client, what: Sought::Words(words), day });
        }
    }

    pub(super) fn order_move(&mut self, now: Instant, down: bool) {
        let rows = self.choices().len();
        let Some(draft) = self.open_draft_mut() else { return };
        let numbers: Vec<u32> = draft.order.lines.iter().map(|line| line.number).collect();
        let line = |at: Option<&u32>| at.map(|number| Question::Line { number: *number });
        let next = match &draft.asks {
            _ if draft.weighs_both() => {
                draft.chosen = Some(moved(draft.chosen.unwrap_or_default(), down, rows));
                return self.announce_choice();
            }
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
        let (is_writing, at_odds) = (draft.is_writing(), draft.weighs_both());
        match draft.asks.clone() {
            _ if !is_writing || at_odds => {
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

    pub(super) fn mistaken(&mut self, mistake: Option<Mistake>) {
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

    pub(super) fn goods_asked(&self, product: ProductId) -> Option<(Product, Option<usize>)> {
        let client = self.open_client()?;
        let goods = self.book.goods(client, product)?;
        Some((goods.product.clone(), self.open_draft()?.chosen))
    }

    pub(super) fn order_product(&mut self, now: Instant, product: &Product, quantity: Decimal, unit: Unit) {
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
        let Some(agreed) = read_arrival(text, wall) else {
            return self.mistaken(Some(Mistake::NotMoment));
        };
        self.change_order(|order| set_arrival(order, agreed));
        self.go_on(now);
    }
}

/// Nobody has said yet what they may do, nor that they will be there.
const fn unconfirmed(name: String, phone: String) -> Receiver {
    Receiver { name, phone, may_pay: false, may_sign: false, confirmed: false }
}

fn regional(order: &mut crate::desk_api::Order) -> &mut Regional {
    order.delivery.regional.get_or_insert_default()
}

/// When they fetch it, or how it is shipped.
type Arrival = (Option<Timestamp>, Option<String>);

fn set_arrival(order: &mut crate::desk_api::Order, agreed: Arrival) {
    let regional = regional(order);
    (regional.arrival, regional.shipping) = agreed;
}

/// None: the half of a moment, or of a day that is none. That is no way of shipping, and nothing is agreed by it.
fn read_arrival(text: String, wall: &Zoned) -> Option<Arrival> {
    if let Some(arrival) = read_moment(&text, wall) {
        return Some((Some(arrival), None));
    }
    let says_something = text.chars().any(char::is_alphabetic);
    (says_something || text.is_empty()).then(|| (None, Some(text).filter(|text| !text.is_empty())))
}

/// As it can be typed.
pub(super) fn moment_text(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
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
    // Minutes have two digits, or 14:3 would hold on the way to 14:30.
    let (hour, minute) = time.trim().split_once(':').filter(|(_, minute)| minute.len() == 2)?;
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
