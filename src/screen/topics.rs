//! What a call is about (duties 2, 15, 19): the client's type, the department and the purpose, picked in the list of targets.
//! The desk is asked again with what was picked, and the call's register entry keeps it.

use super::call::Seen;
use super::format::{fold, has_words};
use super::{Field, Screen};
use crate::agent::Intent;
use crate::desk_api::{ClientTypeId, Picked, PurposeId};
use crate::instant::Instant;
use crate::text::{msg, say};

/// What can be picked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Topic {
    ClientType,
    Department,
    Purpose,
}

impl Topic {
    pub const fn heading(self) -> &'static str {
        match self {
            Self::ClientType => msg!("Client type"),
            Self::Department => msg!("Department"),
            Self::Purpose => msg!("Purpose of the call"),
        }
    }

    /// The id that was picked.
    fn picked(self, picked: &Picked) -> Option<&str> {
        match self {
            Self::ClientType => picked.client_type.as_ref().map(|id| id.0.as_str()),
            Self::Department => picked.department.as_deref(),
            Self::Purpose => picked.purpose.as_ref().map(|id| id.0.as_str()),
        }
    }

    fn pick(self, picked: &mut Picked, id: Option<String>) {
        match self {
            Self::ClientType => picked.client_type = id.map(ClientTypeId),
            Self::Department => picked.department = id,
            Self::Purpose => picked.purpose = id.map(PurposeId),
        }
    }
}

/// One of the company's types, departments or purposes.
pub(super) struct Pick {
    topic: Topic,
    pub id: String,
    pub name: String,
    pub is_picked: bool,
}

impl Screen {
    /// Those that are worth asking about this call, in the order in which they are asked: the type of somebody who is known
    /// is the desk's to say.
    fn topics(&self) -> Vec<Topic> {
        let seen = self.client_seen().filter(|seen| self.can_transfer() && !seen.call.is_question);
        let Some(seen) = seen else { return Vec::new() };
        let order: &[Topic] = match seen.clients().is_some_and(|clients| !clients.is_empty()) {
            true => &[Topic::Purpose, Topic::Department],
            false => &[Topic::ClientType, Topic::Department, Topic::Purpose],
        };
        let has_choices = |topic: &Topic| match topic {
            Topic::ClientType => !self.directory.client_types.is_empty(),
            Topic::Department => !self.directory.departments.is_empty(),
            Topic::Purpose => !self.directory.purposes.is_empty(),
        };
        order.iter().copied().filter(has_choices).collect()
    }

    pub(super) fn can_pick_topics(&self) -> bool {
        !self.topics().is_empty()
    }

    /// The next one is asked for, and after the last one the list is that of people again.
    pub(super) fn ask_next_topic(&mut self) {
        let topics = self.topics();
        let asked = self.transfer.asks.and_then(|asked| topics.iter().position(|topic| *topic == asked));
        let next = asked.map_or(0, |asked| asked + 1);
        self.ask_topic(topics.get(next).copied());
        self.focus(Field::Transfer);
    }

    fn ask_topic(&mut self, topic: Option<Topic>) {
        self.transfer.ask(topic);
        if let Some(topic) = topic {
            self.announce(self.cat.get(topic.heading()).to_owned());
        }
    }

    /// The list opens with what the rules need to know first.
    pub(super) fn ask_what_rules_need(&mut self) {
        let Some(seen) = self.client_seen() else { return };
        let needs = match &seen.call.chain {
            Some(_) => self.rules_need_department(),
            None => seen.is_new_client() && seen.call.picked.is_empty() && self.desk_fault.is_none(),
        };
        let picked = seen.call.picked.clone();
        let open = |topic: &Topic| *topic != Topic::Purpose && topic.picked(&picked).is_none();
        if let Some(topic) = self.topics().into_iter().find(open).filter(|_| needs) {
            self.ask_topic(Some(topic));
        }
    }

    /// What can be picked of the topic that is asked for, as far as it fits what is typed.
    pub(super) fn picks(&self) -> Vec<Pick> {
        let (Some(topic), Some(seen)) = (self.transfer.asks, self.client_seen()) else { return Vec::new() };
        let query = fold(&self.transfer.query);
        let mut picks = self.choices_of(topic, &seen.call.picked);
        picks.retain(|pick| has_words(&fold(&pick.name), &query));
        picks
    }

    fn choices_of(&self, topic: Topic, picked: &Picked) -> Vec<Pick> {
        let language = self.cat.language().code();
        let known = topic.picked(picked);
        let pick = |id: &str, names: &crate::desk_api::Names| Pick {
            topic,
            id: id.to_owned(),
            name: names.in_language(language).to_owned(),
            is_picked: known == Some(id),
        };
        let directory = &self.directory;
        match topic {
            Topic::ClientType => {
                directory.client_types.iter().map(|one| pick(&one.id.0, &one.names)).collect()
            }
            Topic::Department => directory.departments.iter().map(|one| pick(&one.id, &one.names)).collect(),
            Topic::Purpose => directory.purposes.iter().map(|one| pick(&one.id.0, &one.names)).collect(),
        }
    }

    /// What was picked for this call, in words: "order · Wholesale".
    pub(super) fn picked_words(&self, seen: Seen<'_>) -> String {
        let picked = &seen.call.picked;
        let topics = [Topic::ClientType, Topic::Department, Topic::Purpose];
        let choices = topics.into_iter().flat_map(|topic| self.choices_of(topic, picked));
        let names: Vec<String> = choices.filter(|pick| pick.is_picked).map(|pick| pick.name).collect();
        names.join(" · ")
    }

    /// The same one once more takes it back.
    pub(super) fn pick(&mut self, now: Instant, pick: Pick) {
        let Some(line) = self.client_line() else { return };
        let Some(call) = self.calls.get_mut(&line) else { return };
        pick.topic.pick(&mut call.picked, (!pick.is_picked).then_some(pick.id));
        let picked = call.picked.clone();
        self.transfer.ask(None);
        // The key may be struck twice, and there are people in the rows now.
        self.chosen = Some(now);
        let topic = self.cat.get(pick.topic.heading());
        let words = match pick.is_picked {
            true => say!(&self.cat, "{topic}: not picked", topic = topic),
            false => say!(&self.cat, "{topic}: {choice}", topic = topic, choice = pick.name),
        };
        self.announce(words);
        self.want(Intent::Pick { line, picked });
        self.ask_where_to(line);
    }
}
