//! The palette: everything that can be done now, everybody who can be called, and the company's clients, found by words.

use super::format::{fold, has_words};
use super::keys::{Deed, key_of};
use super::words::BREAKS;
use super::{Act, Field, Palette, PaletteRow, Screen};
use crate::desk_api::{ClientCard, Unavailable};
use crate::domain::call_result::CallResult;
use crate::text::say;
use jiff::Zoned;

const MOST_ROWS: usize = 12;

/// Of commands, people and numbers where clients are looked for beside them: those come later, and move no row.
const MOST_BESIDE_CLIENTS: usize = 5;

/// It is open, with what is typed there and the row that Enter takes.
#[derive(Default)]
pub(super) struct Open {
    pub query: String,
    pub chosen: usize,
    pub found: Found,
    /// The desk did not answer the last time.
    pub was_away: bool,
}

/// Clients for what is typed.
#[derive(Default)]
pub(super) enum Found {
    /// Nobody was asked.
    #[default]
    Nothing,
    /// The desk has still to answer.
    Asked,
    /// The best first.
    Clients(Vec<ClientCard>),
    Away(Unavailable),
}

impl Screen {
    pub(super) fn palette_shown(&self, wall: &Zoned) -> Option<Palette> {
        let open = self.palette.as_ref()?;
        let rows = self.palette_rows(open, wall).into_iter().map(|(row, _)| row).collect();
        Some(Palette { query: open.query.clone(), rows, chosen: open.chosen, note: self.found_note(wall) })
    }

    /// As shown, with what each row does.
    pub(super) fn palette_rows(&self, open: &Open, wall: &Zoned) -> Vec<(PaletteRow, Deed)> {
        let query = fold(&open.query);
        let beside = if matches!(open.found, Found::Nothing) { MOST_ROWS } else { MOST_BESIDE_CLIENTS };
        let clients = match &open.found {
            Found::Clients(clients) => clients.as_slice(),
            Found::Nothing | Found::Asked | Found::Away(_) => &[],
        };
        let clients =
            clients.iter().map(|client| (self.found_row(client), Deed::Client(Box::new(client.clone()))));
        let verbs = self.palette_deeds().into_iter().map(|deed| {
            let row = PaletteRow { label: self.label(&deed), detail: String::new(), key: key_of(&deed) };
            (row, deed)
        });
        let new = self.new_client_row(open);
        let room = MOST_ROWS - usize::from(new.is_some());
        verbs
            .chain(self.palette_people(wall))
            .chain(self.palette_numbers())
            .filter(|(row, _)| has_words(&fold(&format!("{} {}", row.label, row.detail)), &query))
            .take(beside)
            .chain(clients)
            .take(room)
            .chain(new)
            .collect()
    }

    fn palette_deeds(&self) -> Vec<Deed> {
        let calls = [
            Act::Answer,
            Act::AnswerWaiting,
            Act::Reject,
            Act::RejectWaiting,
            Act::Hold,
            Act::Swap,
            Act::Mute,
            Act::Record,
            Act::RefuseRecording,
            Act::Keypad,
            Act::Transfer,
            Act::Topic,
            Act::Join,
            Act::Conference,
            Act::HangUp,
            Act::CallClient,
            Act::Order,
            Act::Orders,
            Act::OpenNews,
            Act::CallBack,
            Act::PlaceOrder,
            Act::NextOffer,
            Act::NoOffers,
            Act::RepeatOrder,
            Act::UsualOrder,
            Act::DropDraft,
            Act::Retry,
            Act::Ready,
        ];
        let results = (0..CallResult::ALL.len()).map(Act::Result);
        let breaks = (0..BREAKS.len()).map(Act::Break);
        let acts = calls.into_iter().chain(results).chain(breaks).chain([Act::DoNotDisturb]);
        let places = [Field::Dial, Field::Card, Field::Note, Field::Calls].map(Deed::Focus);
        let mut deeds: Vec<Deed> = acts.filter(|act| self.can(act)).map(Deed::Act).collect();
        deeds.extend(self.office_deeds());
        deeds.extend(places.into_iter().filter(|place| self.can_do(place)));
        deeds.extend([Deed::NextTheme, Deed::Act(Act::Settings), Deed::Act(Act::Quit)]);
        deeds
    }

    /// To call, or to pass the client on to.
    fn palette_people(&self, wall: &Zoned) -> impl Iterator<Item = (PaletteRow, Deed)> {
        let passes = self.can_transfer();
        let people = if passes || self.can_dial() { self.reachable("", wall.date()) } else { Vec::new() };
        people.into_iter().map(move |person| {
            let name = person.name;
            let (label, deed) = match passes {
                true => {
                    (say!(&self.cat, "Pass to {target}", target = name), Deed::Pass(person.extension.clone()))
                }
                false => (say!(&self.cat, "Call {who}", who = name), Deed::Call(person.extension.clone())),
            };
            (PaletteRow { label, detail: person.extension, key: String::new() }, deed)
        })
    }

    fn palette_numbers(&self) -> impl Iterator<Item = (PaletteRow, Deed)> {
        let numbers = if self.can_dial() { self.recent.numbers(&self.config.numbering) } else { Vec::new() };
        numbers.into_iter().map(|(name, written)| {
            let number = self.for_people(written);
            let (who, detail) = name
                .map_or_else(|| (number.clone(), String::new()), |name| (name.to_owned(), number.clone()));
            let label = say!(&self.cat, "Call {who}", who = who);
            (PaletteRow { label, detail, key: String::new() }, Deed::Call(written.to_owned()))
        })
    }
}
