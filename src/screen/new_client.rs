//! A caller of whom nobody knows is written down (duties 2, 15): by the name that was typed to look for them, with type and department as
//! they were picked. From then on the head of the department can assign a manager.

use super::call::Seen;
use super::format::{fold, tame};
use super::keys::Deed;
use super::palette::{Found, Open};
use super::{PaletteRow, Screen, Wish};
use crate::agent::Intent;
use crate::desk_api::{CallRecordId, ClientCard, ClientId, ClientPhone, ClientType, Prospect, ProspectNews};
use crate::text::say;
use jiff::Zoned;

/// The type of those whom nobody has asked about it yet, in the company's list; else its first one.
const USUAL_TYPE: &str = "new";
/// The desk takes no longer name.
const LONGEST_NAME: usize = 200;

impl Screen {
    /// Somebody is spoken with, or was a moment ago, of whom the desk says that it does not know them.
    pub(super) fn can_write_down(&self) -> bool {
        self.config.has_desk && !self.directory.client_types.is_empty() && self.unknown_caller().is_some()
    }

    fn unknown_caller(&self) -> Option<Seen<'_>> {
        self.noted_seen().filter(|seen| {
            let is_colleague = seen.written_number().is_some_and(|number| self.colleague(number).is_some());
            let is_unknown = match seen.clients() {
                Some(clients) => clients.is_empty(),
                None => seen.is_withheld(),
            };
            seen.call.answered.is_some() && !seen.call.is_question && is_unknown && !is_colleague
        })
    }

    /// Below the clients who were found: the desk has answered, and knows nobody of just this name.
    pub(super) fn new_client_row(&self, open: &Open) -> Option<(PaletteRow, Deed)> {
        let Found::Clients(found) = &open.found else { return None };
        let name = open.query.trim();
        let is_name = name.chars().any(char::is_alphabetic) && name.chars().count() <= LONGEST_NAME;
        let is_known = || found.iter().any(|client| fold(&client.name) == fold(name));
        if !is_name || is_known() || !self.can_write_down() {
            return None;
        }
        let seen = self.unknown_caller()?;
        let kind = self.type_of_new(seen)?.names.in_language(self.cat.language().code()).to_owned();
        let number = seen.written_number().map(|written| self.for_people(written));
        let parts: Vec<String> = [Some(kind), number].into_iter().flatten().collect();
        let label = say!(&self.cat, "New client: {name}", name = tame(name));
        let row = PaletteRow { label, detail: tame(&parts.join(" · ")), key: String::new() };
        Some((row, Deed::NewClient(name.to_owned())))
    }

    /// As it was picked.
    fn type_of_new(&self, seen: Seen<'_>) -> Option<&ClientType> {
        let known = &self.directory.client_types;
        let picked = seen.call.picked.client_type.as_ref();
        let by_id = |id: &str| known.iter().find(|one| one.id.0 == id);
        picked.and_then(|id| by_id(&id.0)).or_else(|| by_id(USUAL_TYPE)).or_else(|| known.first())
    }

    pub(super) fn write_down(&mut self, wall: &Zoned, name: String) {
        let id = ClientId(CallRecordId::new(wall.timestamp(), self.book.draw()).0);
        let Some(seen) = self.unknown_caller() else { return };
        let Some(client_type) = self.type_of_new(seen).cloned() else { return };
        let phone = seen.written_number().filter(|number| !number.is_empty()).map(str::to_owned);
        let note = Some(seen.call.note.trim().to_owned()).filter(|note| !note.is_empty());
        let department = seen.call.picked.department.clone();
        let written = phone.as_deref().map(|written| ClientPhone {
            number: self.config.numbering.look_up_key(written),
            written: written.to_owned(),
            extension: None,
        });
        let card = ClientCard {
            id,
            name: name.clone(),
            phones: written.into_iter().collect(),
            contacts: Vec::new(),
            manager: None,
            department: self
                .directory
                .departments
                .iter()
                .find(|one| Some(&one.id) == department.as_ref())
                .cloned(),
            standing: None,
            price_column: None,
            delivery: None,
            time_zone: None,
            note: note.clone(),
            updated_at: None,
            gaps: Vec::new(),
            client_type: client_type.clone(),
        };
        let prospect = Prospect {
            id,
            name: name.clone(),
            client_type: client_type.id,
            phone,
            department,
            note,
            call: seen.view.record,
        };
        self.prospects.insert(id, name);
        self.wishes.push_back(Wish::WriteDown(Box::new(prospect)));
        self.show_looked_up(Box::new(card));
    }

    pub(super) fn on_prospect_news(&mut self, news: ProspectNews) {
        match news {
            ProspectNews::Found(prospect) => {
                self.prospects.insert(prospect.id, prospect.name);
            }
            ProspectNews::Answered(id) => {
                if self.prospects.remove(&id).is_none() {
                    return;
                }
                self.announce(say!(&self.cat, "The new client is written down: the head assigns a manager"));
                self.fetch_terms(id);
                // From now on the card of the call, its entry and whoever gets the client know who it is.
                let line = self.client_line().filter(|_| self.unknown_caller().is_some());
                if let Some(line) = line {
                    self.want(Intent::LookUp { line });
                }
            }
            ProspectNews::Refused(id, _) => {
                let who = self.prospects.remove(&id).map(|name| tame(&name));
                if self.looked_up.as_ref().is_some_and(|client| client.id == id) {
                    self.looked_up = None;
                }
                self.notice_not_written_down(who.unwrap_or_default());
            }
        }
    }

    /// The desk has not said yet that it has this client.
    pub(super) fn is_being_written_down(&self, client: ClientId) -> bool {
        self.prospects.contains_key(&client)
    }
}
