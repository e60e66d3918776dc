//! The client column: who it is, what has to be known before an answer, or why nothing is known.

use super::call::{Seen, Standing};
use super::format::{self, moment, tame};
use super::keys::key_of_nth;
use super::wrap_up::GRACE;
use super::{Candidate, Card, Row, Screen, Tone, Word, words};
use crate::agent::{CardAnswer, Intent, LineView};
use crate::desk_api::{CardPart, ClientCard, DeliveryTerms, MayOrder, Money};
use crate::instant::Instant;
use crate::text::say;
use jiff::Zoned;

/// The call whose card stays, dimmed, until the next one.
pub(super) struct LastCall {
    pub view: LineView,
    pub call: Standing,
}

impl Screen {
    pub(super) fn card_shown(&self, wall: &Zoned) -> Card {
        let last = self.last.as_ref().map(|last| Seen { view: &last.view, call: &last.call });
        // Whose client has hung up is still asked about them.
        let lacks_client = |seen: &Seen<'_>| seen.call.is_question && seen.call.consults.is_none();
        let cat = &self.cat;
        let empty = |note| Card { note, ..Card::default() };
        if !self.config.has_desk {
            return empty(say!(cat, "There is no order desk, hence no client cards."));
        }
        if let Some(card) = self.looked_up_card(wall) {
            return card;
        }
        match (self.client_seen().filter(|seen| !lacks_client(seen)), last) {
            (Some(seen), _) => self.card_of(seen, wall),
            (None, Some(seen)) => {
                let time = moment(cat, seen.call.started_at, wall);
                let note = say!(cat, "last call {time}", time = time);
                Card { note, past: true, candidates: Vec::new(), ..self.card_of(seen, wall) }
            }
            (None, None) => empty(say!(cat, "The client's card stands here as soon as somebody calls.")),
        }
    }

    /// Takes one of several clients.
    pub(super) fn choose_client(&mut self, index: usize) {
        let Some(line) = self.client_line() else { return };
        let Some(seen) = self.seen(line) else { return };
        let clients = seen.clients().unwrap_or_default();
        let Some(client) = clients.get(index).map(|client| client.id) else { return };
        self.want(Intent::ChooseClient { line, client });
    }

    /// Several have this number, and there is something to choose.
    pub(super) fn can_choose_client(&self, index: usize) -> bool {
        let clients = self.client_seen().and_then(Seen::clients).unwrap_or_default();
        clients.len() > 1 && index < clients.len()
    }

    /// Several have this number, nobody has said which of them it is, and no list is open that wants the same keys.
    pub(super) fn asks_who_it_is(&self) -> bool {
        let is_open = self.transfer.is_open && self.can_transfer();
        let several =
            |seen: Seen<'_>| seen.client().is_none() && seen.clients().is_some_and(|all| all.len() > 1);
        !is_open && self.client_seen().is_some_and(several)
    }

    pub(super) fn has_just_been_chosen(&self, now: Instant) -> bool {
        self.chosen.is_some_and(|chosen| now.since(chosen) < GRACE)
    }

    /// Beside who calls, in the desktop's notification.
    pub(super) fn alert_body(&self, seen: Seen<'_>) -> String {
        let cat = &self.cat;
        let about = match (seen.client(), seen.clients().map(|clients| clients.len())) {
            (Some(client), _) => client.client_type.names.in_language(cat.language().code()).to_owned(),
            (None, Some(0)) if !seen.is_new_client() => String::new(),
            (None, Some(0)) => say!(cat, "New client"),
            (None, Some(_)) => say!(cat, "Several clients have this number"),
            (None, None) => String::new(),
        };
        let number = seen.written_number().map(|written| self.for_people(written)).unwrap_or_default();
        let handed_over = seen.handed_over().map(|handed| self.handed_over_words(handed)).unwrap_or_default();
        [number, about, handed_over]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" · ")
    }

    fn card_of(&self, seen: Seen<'_>, wall: &Zoned) -> Card {
        let cat = &self.cat;
        let handed_over = self.handed_over_rows(seen);
        let titled = |title, note| Card { title, note, ..Card::default() };
        if let Some(clients) = seen.clients() {
            let as_of = seen.call.as_of.map(|at| say!(cat, "as of {time}", time = moment(cat, at, wall)));
            let note = as_of.unwrap_or_default();
            let card = match (seen.client(), clients.is_empty()) {
                (Some(client), _) => Card { note, ..self.client_card(client, wall) },
                (None, true) if !seen.is_new_client() => {
                    titled(say!(cat, "Number withheld"), say!(cat, "Ask who is calling."))
                }
                (None, true) => {
                    titled(say!(cat, "New client"), say!(cat, "This number belongs to no client yet."))
                }
                (None, false) => {
                    titled(say!(cat, "Several clients have this number"), say!(cat, "Choose who is calling."))
                }
            };
            // What a colleague learned is newer.
            let is_said = |row: &Row| handed_over.iter().any(|said| said.key == row.key);
            let known: Vec<Row> = card.rows.into_iter().filter(|row| !is_said(row)).collect();
            let rows = handed_over.into_iter().chain(known).collect();
            return Card { candidates: self.candidates(seen, &clients), rows, ..card };
        }
        if seen.is_withheld() {
            return titled(say!(cat, "Number withheld"), say!(cat, "Ask who is calling."));
        }
        if let Some(CardAnswer::Unavailable { why }) = seen.view.card.as_ref().map(|card| &card.answer) {
            let title = cat.get(words::unavailable(why)).to_owned();
            return titled(title, say!(cat, "The call goes on without the client card."));
        }
        let note = match self.number_key(seen) {
            Some(_) => say!(cat, "Looking up…"),
            None => String::new(),
        };
        titled(self.who(seen), note)
    }

    fn candidates(&self, seen: Seen<'_>, clients: &[&ClientCard]) -> Vec<Candidate> {
        if clients.len() < 2 {
            return Vec::new();
        }
        let marked = seen.view.chosen.or(seen.call.likely);
        let language = self.cat.language().code();
        let has_keys = self.asks_who_it_is();
        let candidate = |(index, client): (usize, &&ClientCard)| {
            let kind = client.client_type.names.in_language(language);
            let manager = client.manager.as_ref().map(|manager| manager.name.as_str());
            let detail = manager.map_or_else(|| kind.to_owned(), |manager| format!("{kind} · {manager}"));
            let key = if has_keys { key_of_nth(index) } else { String::new() };
            Candidate { name: tame(&client.name), detail, key, chosen: Some(client.id) == marked }
        };
        clients.iter().enumerate().map(candidate).collect()
    }

    /// What has to be known before an answer.
    pub(super) fn chips(&self, client: &ClientCard) -> Vec<Word> {
        let cat = &self.cat;
        let language = cat.language();
        let chip = |tone, text| Word { tone, text };
        let kind = client.client_type.names.in_language(language.code());
        let mut chips = vec![chip(Tone::Neutral, kind.to_owned())];
        if let Some(column) = &client.price_column {
            chips.push(chip(Tone::Neutral, say!(cat, "Column {name}", name = column.name)));
        }
        match client.may_order() {
            MayOrder::No => chips.push(chip(Tone::Bad, say!(cat, "No orders: debt"))),
            MayOrder::Unknown => chips.push(chip(Tone::Warning, say!(cat, "Debt not known"))),
            MayOrder::Yes => {}
        }
        chips
    }

    pub(super) fn client_card(&self, client: &ClientCard, wall: &Zoned) -> Card {
        Card {
            title: tame(&client.name),
            chips: self.chips(client),
            rows: self.client_rows(client, wall),
            remark: client.note.clone().unwrap_or_default(),
            ..Card::default()
        }
    }

    fn client_rows(&self, client: &ClientCard, wall: &Zoned) -> Vec<Row> {
        let cat = &self.cat;
        let mut rows = self.order_rows(client.id);
        let mut row = |key: String, value: String, tone| {
            if !value.is_empty() {
                rows.push(Row { key, value, tone });
            }
        };
        for contact in &client.contacts {
            let parts = [Some(&contact.name), contact.position.as_ref(), contact.phone.as_ref()];
            let value: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
            row(say!(cat, "Contact"), value.join(" · "), Tone::Neutral);
        }
        let (manager, tone) = self.manager_words(client, wall);
        row(say!(cat, "Manager"), manager, tone);
        if let Some(department) = &client.department {
            let name = department.names.in_language(cat.language().code());
            row(say!(cat, "Department"), name.to_owned(), Tone::Neutral);
        }
        for gap in &client.gaps {
            let why = cat.get(gap.why.words());
            let as_of = client.updated_at.filter(|_| gap.part == CardPart::Everything);
            let as_of = as_of.map(|at| say!(cat, "as of {time}", time = moment(cat, at, wall)));
            let value = as_of.map_or_else(|| why.to_owned(), |as_of| format!("{why} · {as_of}"));
            row(cat.get(gap.part.words()).to_owned(), value, Tone::Warning);
        }
        if let Some(standing) = &client.standing {
            let money = |amount: Money| format::money(cat.language(), amount, &standing.currency);
            for (key, amount) in [
                (say!(cat, "Overdue debt"), standing.overdue),
                (say!(cat, "Over-limit debt"), standing.over_limit),
            ] {
                if amount.is_positive() {
                    row(key, money(amount), Tone::Bad);
                }
            }
            for (key, amount) in [
                (say!(cat, "Credit limit"), standing.limit),
                (say!(cat, "Credit left"), standing.credit_left),
            ] {
                row(key, amount.map(money).unwrap_or_default(), Tone::Neutral);
            }
            if standing.disputed.is_positive() {
                row(say!(cat, "Disputed"), money(standing.disputed), Tone::Neutral);
            }
            let exposure = standing.exposure.filter(|amount| amount.is_positive());
            row(say!(cat, "Owed and ordered"), exposure.map(money).unwrap_or_default(), Tone::Neutral);
        }
        for words in self.payments_of(client.id) {
            row(say!(cat, "Payments"), words, Tone::Neutral);
        }
        if let Some(column) = &client.price_column {
            let why = cat.get(words::price_reason(column.why));
            let value = if why.is_empty() { column.name.clone() } else { format!("{}, {why}", column.name) };
            row(say!(cat, "Price column"), value, Tone::Neutral);
        }
        if let Some(delivery) = &client.delivery {
            row(say!(cat, "Delivery"), self.delivery_words(delivery), Tone::Neutral);
        }
        rows
    }

    /// With the day of return of one who is away.
    fn manager_words(&self, client: &ClientCard, wall: &Zoned) -> (String, Tone) {
        let cat = &self.cat;
        let Some(manager) = &client.manager else { return (say!(cat, "nobody yet"), Tone::Warning) };
        let extension = manager.extension.as_deref();
        let name = extension
            .map_or_else(|| manager.name.clone(), |extension| format!("{} · {extension}", manager.name));
        match self.directory.person(&manager.id).and_then(|person| person.absence_on(wall.date())) {
            Some(absence) => (format!("{name}, {}", self.absent_words(absence)), Tone::Warning),
            None => (name, Tone::Neutral),
        }
    }

    fn delivery_words(&self, delivery: &DeliveryTerms) -> String {
        let pays = delivery.pays_on_delivery.then(|| say!(&self.cat, "pays on delivery"));
        let parts = [delivery.address.clone(), delivery.hours.clone(), delivery.shipping.clone(), pays];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}
