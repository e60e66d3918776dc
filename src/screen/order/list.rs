//! A client's orders at hand in a call: where is my truck, and what was begun before (duties 5, 14).

use super::ask::STRUCK_TWICE;
use super::choices::{Answer, Choice};
use super::form::joined;
use super::{Draft, Phase};
use crate::desk_api::{ClientId, OrderId, OrderState, Unavailable};
use crate::instant::Instant;
use crate::screen::targets::moved;
use crate::screen::{Act, Field, OrderForm, Row, Screen, Tone, Wish, Word, words};
use crate::text::{msg, say};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Rows: the latest.
const MOST: usize = 20;

/// The list is open, for this client.
pub(super) struct List {
    pub client: ClientId,
    chosen: Option<OrderId>,
    since: Instant,
    /// What the desk said to the last question; None: it has still to answer.
    answer: Option<Result<(), Unavailable>>,
}

impl Screen {
    /// Whose list stands in the window.
    pub(super) fn list_client(&self) -> Option<ClientId> {
        let list = self.book.list.as_ref()?;
        self.ordering_client().filter(|client| *client == list.client)
    }

    pub(super) const fn is_of_list(act: &Act) -> bool {
        matches!(act, Act::OrderTyped(_) | Act::OrderEnter | Act::OrderMove { .. } | Act::OrderChoice(_))
    }

    /// What is known stands at once; the desk is asked for what is true now.
    pub(super) fn open_list(&mut self, now: Instant) {
        let Some(client) = self.ordering_client() else { return };
        if let Some(draft) = self.open_draft_mut() {
            draft.is_open = false;
        }
        self.transfer.close();
        self.palette = None;
        self.book.list = Some(List { client, chosen: None, since: now, answer: None });
        self.choose_first();
        self.fetch_terms(client);
        self.wishes.push_back(Wish::FetchOrders(Some(client)));
        self.focus(Field::Order);
        self.announce_list();
    }

    /// With this one chosen.
    pub(super) fn open_list_at(&mut self, now: Instant, order: OrderId) {
        self.open_list(now);
        if let Some(list) = &mut self.book.list {
            list.chosen = Some(order);
        }
    }

    /// Unless one is chosen: that one stays it, whatever comes before it.
    fn choose_first(&mut self) {
        let first = self.listed().first().map(|draft| draft.order.id);
        if let Some(list) = &mut self.book.list {
            list.chosen = list.chosen.or(first);
        }
    }

    pub(super) fn list_act(&mut self, now: Instant, act: &Act) {
        let rows: Vec<OrderId> = self.listed().iter().map(|draft| draft.order.id).collect();
        let chosen = self.list_chosen().unwrap_or_default();
        let Some(list) = &mut self.book.list else { return };
        let wanted = match act {
            Act::OrderMove { down } => {
                list.chosen = rows.get(moved(chosen, *down, rows.len())).copied();
                return self.announce_choice();
            }
            Act::OrderEnter => Some(chosen),
            Act::OrderChoice(index) => Some(*index),
            Act::OrderTyped(text) if now.since(list.since) >= STRUCK_TWICE => {
                let digit = text.chars().last().and_then(|c| c.to_digit(10));
                digit.and_then(|digit| (digit as usize).checked_sub(1))
            }
            _ => None,
        };
        if let Some(id) = wanted.and_then(|at| rows.get(at)) {
            self.open_order_by_id(now, *id);
        }
    }

    pub(super) fn list_is_answered(
        &mut self,
        now: Instant,
        client: ClientId,
        answer: Result<(), Unavailable>,
    ) {
        self.choose_first();
        if let Some(list) = self.book.list.as_mut().filter(|list| list.client == client) {
            // A digit of this moment is meant for the row that stood there.
            list.since = now;
            let is_first = list.answer.replace(answer).is_none();
            if is_first {
                self.announce_list();
            }
        }
    }

    /// What is written here, and what the desk has told; the latest first.
    fn listed(&self) -> Vec<Draft> {
        let Some((client, list)) = self.list_client().zip(self.book.list.as_ref()) else { return Vec::new() };
        let told = self.book.entries.values().filter(|entry| entry.order.client == client);
        let mut orders: BTreeMap<OrderId, Draft> = told
            .filter_map(|entry| Some((entry.order.id, self.draft_of_entry(list.since, entry.order.id)?)))
            .collect();
        let own = self.book.all().filter(|draft| draft.order.client == client && draft.is_begun());
        orders.extend(own.map(|draft| (draft.order.id, draft.clone())));
        orders.into_values().rev().take(MOST).collect()
    }

    pub(super) fn list_choices(&self) -> Vec<Choice> {
        let choice = |draft: &Draft| {
            let total = self.order_money(draft, draft.examined().total.gross);
            let slot = draft.order.delivery.slot.map(|slot| self.slot_words(slot)).unwrap_or_default();
            let Word { tone, text } = self.state_word(draft);
            let label = format!("{} · {text}", self.numbered_words(draft.number));
            let detail = joined([&slot, &total], " · ");
            Choice { label, detail, tone, answer: Answer::Open(draft.order.id) }
        };
        self.listed().iter().map(choice).collect()
    }

    pub(super) fn list_chosen(&self) -> Option<usize> {
        self.list_client()?;
        let chosen = self.book.list.as_ref()?.chosen;
        Some(self.listed().iter().position(|draft| Some(draft.order.id) == chosen).unwrap_or_default())
    }

    fn list_prompt(&self) -> String {
        let cat = &self.cat;
        let answer = self.book.list.as_ref().and_then(|list| list.answer.as_ref());
        match (self.listed().len(), answer) {
            (0, Some(Ok(()))) => say!(cat, "There are no orders"),
            (0, Some(Err(why))) => cat.get(words::unavailable(why)).to_owned(),
            (0, None) => say!(cat, "The orders are being asked for"),
            (count, _) => say!(cat, "Orders: {count}. A digit opens one", count = count),
        }
    }

    /// The list in the form's place, with what stands in the chosen order.
    pub(super) fn list_shown(&self) -> Option<OrderForm> {
        let client = self.list_client()?;
        let cat = &self.cat;
        let chosen = self.listed().into_iter().nth(self.list_chosen()?);
        let lines = chosen.iter().flat_map(|draft| self.lines_of(draft)).collect();
        Some(OrderForm {
            id: format!("list {client}"),
            title: say!(cat, "Orders: {who}", who = self.ordering_name()),
            prompt: self.list_prompt(),
            takes_digits: true,
            choices: self.choices_shown(true, false, self.list_chosen()),
            choices_note: self
                .book
                .known
                .get(&client)
                .and_then(|known| self.as_of(known.listed))
                .unwrap_or_default(),
            lines,
            sums: chosen.map(|draft| self.life_shown(&draft)).unwrap_or_default(),
            ..OrderForm::default()
        })
    }

    /// Where it goes, and what has become of it.
    fn life_shown(&self, draft: &Draft) -> Vec<Row> {
        let cat = &self.cat;
        let mut rows = Vec::new();
        let mut row = |key: String, value: String, tone| {
            if !value.is_empty() {
                rows.push(Row { key, value, tone });
            }
        };
        let terms = self.book.terms(draft.order.client);
        let address = terms.and_then(|terms| terms.address(&draft.order)).map(|address| address.text.clone());
        row(say!(cat, "Address"), address.unwrap_or_default(), Tone::Neutral);
        let receiver = draft.order.delivery.receiver.as_ref().map(|receiver| receiver.name.clone());
        row(say!(cat, "Receiver"), receiver.unwrap_or_default(), Tone::Neutral);
        let Some(entry) = self.book.entries.get(&draft.order.id) else { return rows };
        for event in &entry.history {
            let reason =
                event.reason.as_ref().map(|why| crate::screen::format::tame(why)).unwrap_or_default();
            let key = match event.state {
                OrderState::Draft if event.by == entry.taken_by => say!(cat, "being changed"),
                OrderState::Draft => say!(cat, "came back"),
                state => cat.get(state_text(state)).to_owned(),
            };
            row(key, joined([&self.moment_words(event.at), &reason], " · "), Tone::Neutral);
        }
        rows
    }

    /// In a word.
    pub(super) fn state_word(&self, draft: &Draft) -> Word {
        let (tone, text) = match draft.phase {
            Phase::Placing { .. } => (Tone::Warning, msg!("not confirmed")),
            Phase::Refused => (Tone::Bad, msg!("not taken")),
            Phase::Writing if self.came_back(draft.order.id) => (Tone::Warning, msg!("came back")),
            Phase::Writing => (Tone::Neutral, msg!("draft")),
            Phase::Given(state) => (state_tone(state), state_text(state)),
        };
        Word { tone, text: self.cat.get(text).to_owned() }
    }

    fn came_back(&self, id: OrderId) -> bool {
        let entry = self.book.entries.get(&id).filter(|entry| entry.state == OrderState::Draft);
        entry.is_some_and(|entry| entry.history.last().is_some_and(|last| last.by != entry.taken_by))
    }

    /// Since when nobody has heard; None: what is shown is true now.
    pub(super) fn as_of(&self, told: Option<Timestamp>) -> Option<String> {
        let since = self.book.deaf_since?;
        let then = told.map_or(since, |told| told.max(since));
        Some(say!(&self.cat, "as of {time}", time = self.moment_words(then)))
    }

    /// "Mon 5 May, 11:02".
    pub(super) fn moment_words(&self, at: Timestamp) -> String {
        let at = at.to_zoned(self.zone.clone());
        format!("{}, {:02}:{:02}", self.day_words(at.date()), at.hour(), at.minute())
    }

    pub(super) fn numbered_words(&self, number: Option<u64>) -> String {
        match number {
            Some(number) => say!(&self.cat, "Order {number}", number = number),
            None => say!(&self.cat, "Order"),
        }
    }

    fn announce_list(&mut self) {
        let choices = self.list_choices();
        let mut parts = vec![self.list_prompt()];
        parts.extend(
            choices.iter().zip(1..).take(3).map(|(row, at)| format!("{at}: {}, {}", row.label, row.detail)),
        );
        self.announce(parts.join(". "));
    }

    /// On the client's card, beside the one that is begun: the last that is on its way, and how many are begun.
    pub(super) fn other_orders_words(&self, client: ClientId) -> Option<(String, Tone)> {
        let cat = &self.cat;
        let laid_out = self.book.drafts.get(&client).map(|draft| draft.order.id);
        let is_begun = |draft: &&Draft| draft.order.client == client && !draft.is_given();
        let begun = self.book.aside.values().filter(is_begun).count();
        if begun > 0 {
            return Some((say!(cat, "more that are begun: {count}", count = begun), Tone::Hold));
        }
        let orders = &self.book.terms(client)?.orders;
        let last = orders.iter().find(|past| past.state.is_open() && Some(past.id) != laid_out)?;
        let told = self.book.entries.get(&last.id).map_or(last.state, |entry| entry.state);
        let slot = last.slot.map(|slot| self.slot_words(slot)).unwrap_or_default();
        let order = self.numbered_words(last.number);
        let state = cat.get(state_text(told)).to_owned();
        Some((joined([&order, &state, &slot], " · "), Tone::Neutral))
    }
}

pub(super) const fn state_tone(state: OrderState) -> Tone {
    match state {
        OrderState::Held => Tone::Hold,
        OrderState::AwaitingPayment | OrderState::Draft => Tone::Warning,
        OrderState::Cancelled | OrderState::RefusedAtDoor => Tone::Bad,
        _ => Tone::Good,
    }
}

const fn state_text(state: OrderState) -> &'static str {
    match state {
        OrderState::Draft => msg!("with another operator"),
        OrderState::Held => msg!("held"),
        OrderState::AwaitingPayment => msg!("waits for the payment"),
        OrderState::Placed => msg!("placed"),
        OrderState::Accepted => msg!("accepted"),
        OrderState::Picking => msg!("being picked"),
        OrderState::DeliveredInPart => msg!("delivered in part"),
        OrderState::Delivered => msg!("delivered"),
        OrderState::Closed => msg!("closed"),
        OrderState::Cancelled => msg!("cancelled"),
        OrderState::RefusedAtDoor => msg!("refused at the door"),
    }
}
