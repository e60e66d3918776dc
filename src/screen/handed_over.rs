//! Who passes a client on, and what that colleague learned: on the card while it rings, and afterwards.

use super::call::Seen;
use super::format::tame;
use super::{Row, Screen, Tone};
use crate::desk_api::{HandedOver, TransferWay};
use crate::text::say;

impl Screen {
    /// Passed on, or asked about by a colleague whom the client waits for.
    pub(super) fn handed_over_words(&self, handed: &HandedOver) -> String {
        let (cat, who) = (&self.cat, self.who_hands_over(handed));
        match handed.handover.way {
            TransferWay::Consultation => say!(cat, "{who} asks about this client", who = who),
            _ => say!(cat, "Passed on by {who}", who = who),
        }
    }

    pub(super) fn handed_over_rows(&self, seen: Seen<'_>) -> Vec<Row> {
        let Some(handed) = seen.handed_over() else { return Vec::new() };
        let (cat, handover) = (&self.cat, &handed.handover);
        let who = self.who_hands_over(handed);
        let from = match handover.way {
            TransferWay::Consultation => (say!(cat, "Asked about by"), who),
            _ => (say!(cat, "Passed on by"), who),
        };
        let language = cat.language().code();
        let picked = &handover.picked;
        let purpose = picked.purpose.as_ref().map(|id| {
            let known = self.directory.purposes.iter().find(|known| known.id == *id);
            known.map_or(id.0.as_str(), |known| known.names.in_language(language))
        });
        let client_type = picked.client_type.as_ref().map(|id| {
            let known = self.directory.client_types.iter().find(|known| known.id == *id);
            known.map_or(id.0.as_str(), |known| known.names.in_language(language))
        });
        let department = picked.department.as_ref().map(|id| {
            let known = self.directory.departments.iter().find(|known| known.id == *id);
            known.map_or(id.as_str(), |known| known.names.in_language(language))
        });
        let client =
            handover.party.number.filter(|_| seen.written_number() != handover.party.written.as_deref());
        let learned = [
            (say!(cat, "Client's number"), client.map(|number| number.for_people())),
            (say!(cat, "Purpose"), purpose.map(str::to_owned)),
            (say!(cat, "Type"), client_type.map(str::to_owned)),
            (say!(cat, "Department"), department.map(str::to_owned)),
            (say!(cat, "Message"), handover.note.as_deref().map(tame)),
        ];
        let learned = learned.into_iter().filter_map(|(key, value)| Some((key, value?)));
        [from]
            .into_iter()
            .chain(learned)
            .map(|(key, value)| Row { key, value, tone: Tone::Neutral })
            .collect()
    }

    fn who_hands_over(&self, handed: &HandedOver) -> String {
        let from = &handed.handover.from;
        match self.colleague(from).map_or(handed.from_name.as_str(), |person| &person.name) {
            name if name.is_empty() || name == from => tame(from),
            name => format!("{} ({})", tame(name), tame(from)),
        }
    }
}

impl<'a> Seen<'a> {
    /// What a colleague learned who passes this client on.
    pub fn handed_over(self) -> Option<&'a HandedOver> {
        self.view.card.as_ref()?.handed_over.as_deref()
    }
}
