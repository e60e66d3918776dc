//! A client whom the operator looks up without a call of theirs (duties 1 to 3): the palette asks the desk for what is typed there,
//! Enter opens the card, and from it the client is called or an order is taken.

use super::call::Seen;
use super::keys::Deed;
use super::palette::Found;
use super::{Card, Field, PaletteRow, Row, Screen, Tone, Wish, words};
use crate::desk_api::{ClientCard, ClientId, Unavailable};
use crate::domain::client::ClientPhone;
use crate::text::say;
use jiff::Zoned;

/// The desk takes no more to search by.
const LONGEST_QUERY: usize = 200;
/// Telephones of a client that stand on the card.
const MOST_PHONES: usize = 5;

impl Screen {
    /// What was found for other words is nobody's to choose any more.
    pub(super) fn search_clients(&mut self) {
        let has_desk = self.config.has_desk;
        let Some(open) = &mut self.palette else { return };
        let text = open.query.trim().to_owned();
        let is_asked = has_desk && !text.is_empty() && text.chars().count() <= LONGEST_QUERY;
        open.found = if is_asked { Found::Asked } else { Found::Nothing };
        if is_asked {
            self.wishes.push_back(Wish::FindClients(text));
        }
    }

    pub(super) fn on_clients(
        &mut self,
        text: &str,
        answer: Result<Vec<ClientCard>, Unavailable>,
        wall: &Zoned,
    ) {
        let Some(open) = self.palette.as_mut().filter(|open| open.query.trim() == text) else { return };
        let was_away = std::mem::replace(&mut open.was_away, answer.is_err());
        open.found = match answer {
            Ok(clients) => Found::Clients(clients),
            Err(why) => Found::Away(why),
        };
        let words = match self.palette.as_ref().map(|open| &open.found) {
            Some(Found::Away(_)) if was_away => return,
            Some(Found::Clients(clients)) if !clients.is_empty() => {
                let first = clients.first().map(|client| self.found_row(client).label).unwrap_or_default();
                say!(&self.cat, "Clients: {count}. {first}", count = clients.len(), first = first)
            }
            _ => self.found_note(wall),
        };
        self.announce(words);
    }

    pub(super) fn found_row(&self, client: &ClientCard) -> PaletteRow {
        let kind = client.client_type.names.in_language(self.cat.language().code());
        let phone = client.phones.first().map(|phone| self.shown_phone(phone));
        let manager = client.manager.as_ref().map(|manager| manager.name.clone());
        let parts: Vec<String> = [Some(kind.to_owned()), phone, manager].into_iter().flatten().collect();
        PaletteRow {
            label: super::format::tame(&client.name),
            detail: super::format::tame(&parts.join(" · ")),
            key: String::new(),
        }
    }

    /// What is to be known of the search beside its rows.
    pub(super) fn found_note(&self, wall: &Zoned) -> String {
        let cat = &self.cat;
        let Some(open) = &self.palette else { return String::new() };
        match &open.found {
            Found::Nothing => String::new(),
            Found::Asked => say!(cat, "Clients are being looked for…"),
            Found::Away(why) => say!(cat, "No clients: {why}", why = cat.get(words::unavailable(why))),
            Found::Clients(clients) if clients.is_empty() => say!(cat, "No client is found"),
            Found::Clients(clients) => {
                let rows = self.palette_rows(open, wall);
                let shown = rows.iter().filter(|(_, deed)| matches!(deed, Deed::Client(_))).count();
                match clients.len().saturating_sub(shown) {
                    0 => String::new(),
                    more => say!(cat, "More clients: {count}. Type on", count = more),
                }
            }
        }
    }

    /// The card, with the keyboard there; what stands behind it is prepared as at a ring.
    pub(super) fn look_up(&mut self, client: Box<ClientCard>) {
        self.fetch_terms(client.id);
        self.show_looked_up(client);
    }

    pub(super) fn show_looked_up(&mut self, client: Box<ClientCard>) {
        self.put_order_aside();
        self.transfer.close();
        self.recent.learn(None, std::slice::from_ref(&*client));
        let row = self.found_row(&client);
        self.looked_up = Some(client);
        self.focus(Field::Card);
        let chips = self.looked_up.as_ref().map(|client| self.chips(client)).unwrap_or_default();
        let chips = chips.into_iter().map(|chip| chip.text);
        self.announce(std::iter::once(row.label).chain(chips).collect::<Vec<_>>().join(", "));
    }

    /// Whoever rings is looked at first, but takes the form from nobody.
    pub(super) fn looked_up(&self) -> Option<&ClientCard> {
        let client = self.looked_up.as_deref()?;
        let rings = self.client_line().is_some_and(|line| self.rings(line));
        (!rings || self.has_form_open(client.id)).then_some(client)
    }

    pub(super) fn looked_up_card(&self, wall: &Zoned) -> Option<Card> {
        let client = self.looked_up()?;
        let cat = &self.cat;
        let note = match self.front {
            _ if self.is_being_written_down(client.id) => {
                say!(cat, "New client, not confirmed by the order desk yet")
            }
            Some(line) => say!(cat, "Looked up. On the line: {who}", who = self.who_on(line)),
            None => say!(cat, "Looked up"),
        };
        let phones = client.phones.iter().take(MOST_PHONES).map(|phone| Row {
            key: say!(cat, "Telephone"),
            value: self.shown_phone(phone),
            tone: Tone::Neutral,
        });
        let card = self.client_card(client, wall);
        let rows = phones.chain(card.rows).collect();
        Some(Card { note, rows, ..card })
    }

    pub(super) fn can_call_client(&self) -> bool {
        self.can_dial() && self.looked_up().is_some_and(|client| !client.phones.is_empty())
    }

    fn shown_phone(&self, phone: &ClientPhone) -> String {
        super::format::tame(&phone.number.map_or_else(|| phone.written.clone(), |_| dialable(phone)))
    }

    /// By the client's main number. Of several clients with it, this one is meant.
    pub(super) fn call_client(&mut self) {
        let Some((client, phone)) =
            self.looked_up().and_then(|client| Some((client.id, client.phones.first()?)))
        else {
            return;
        };
        let (number, target) = (phone.number, dialable(phone));
        self.choices.extend(number.map(|number| (number, client)));
        self.call_number(target);
    }

    /// The client of whoever is spoken with, where nobody knows who that is.
    pub(super) fn may_be_the_caller(&self, client: ClientId) -> bool {
        let is_colleague =
            |seen: &Seen<'_>| seen.written_number().is_some_and(|number| self.colleague(number).is_some());
        let is_unknown =
            |seen: Seen<'_>| seen.call.answered.is_some() && seen.client().is_none() && !is_colleague(&seen);
        self.looked_up.as_ref().is_some_and(|known| known.id == client)
            && self.client_seen().is_some_and(is_unknown)
    }
}

/// As it can be dialled.
fn dialable(phone: &ClientPhone) -> String {
    let Some(number) = phone.number else { return phone.written.clone() };
    let number = number.for_people();
    phone.extension.as_ref().map_or_else(|| number.clone(), |extension| format!("{number},{extension}"))
}
