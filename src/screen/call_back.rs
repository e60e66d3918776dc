//! A client who could be passed on to nobody is called back: one key asks the manager (duties 4 to 6, 9, 15).

use super::call::{Seen, Standing};
use super::format::tame;
use super::{Screen, Tone, Wish, Word};
use crate::desk_api::{Task, TaskId, TaskNews};
use crate::text::{msg, say};
use jiff::{SignedDuration, Timestamp, Zoned};

/// What the client is told.
const WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// It was asked for.
pub(super) struct CallBack {
    task: TaskId,
    due: Timestamp,
    way: Way,
}

/// Where the wish is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Asked,
    /// The desk is away.
    Waits,
    /// The desk has it.
    There,
    Refused,
}

impl Screen {
    /// Whoever is spoken with, or was a moment ago, has a number, and nobody was asked yet.
    pub(super) fn can_call_back(&self) -> bool {
        self.config.has_desk
            && self.noted_seen().is_some_and(|seen| {
                let is_asked = seen.call.call_back.as_ref().is_some_and(|asked| asked.way != Way::Refused);
                let is_colleague =
                    seen.written_number().is_none_or(|number| self.colleague(number).is_some());
                seen.call.answered.is_some() && !seen.call.is_question && !is_asked && !is_colleague
            })
    }

    /// The note says what it is about; without one, what the call is about.
    pub(super) fn call_back(&mut self, wall: &Zoned) {
        let id = TaskId::new(wall.timestamp(), self.book.draw());
        let Some(seen) = self.noted_seen() else { return };
        let Ok(due) = wall.timestamp().checked_add(WITHIN) else { return };
        let number = seen.written_number().unwrap_or_default().to_owned();
        let client = seen.client().map(|client| client.id);
        let about = [seen.call.note.trim().to_owned(), self.picked_words(seen)];
        let about = about.into_iter().find(|text| !text.is_empty());
        let task = Task {
            id,
            client,
            name: self.name(seen).filter(|_| client.is_none()).map(|name| tame(&name)),
            number,
            person: None,
            department: seen.call.picked.department.clone(),
            about: about.unwrap_or_else(|| say!(&self.cat, "Wanted to speak with the manager")),
            due: Some(due),
            order: client.and_then(|client| self.begun_order(client)),
            call: seen.view.record,
        };
        let call_id = seen.view.call_id.clone();
        let who =
            [self.name(seen), Some(tame(&task.number))].into_iter().flatten().filter(|text| !text.is_empty());
        let who = who.collect::<Vec<_>>().join(", ");
        self.call_backs.insert(id, who);
        if let Some(call) = self.call_mut(&call_id) {
            call.call_back = Some(CallBack { task: id, due, way: Way::Asked });
        }
        self.infer_call_back(&call_id);
        self.wishes.push_back(Wish::AskFor(Box::new(task)));
        self.announce_call_back(&call_id);
    }

    pub(super) fn on_task_news(&mut self, news: TaskNews) {
        let (task, way) = match news {
            TaskNews::Found(task) => return self.find_call_back(&task),
            TaskNews::Answered(task) => (task, Way::There),
            TaskNews::Waits(task) => (task, Way::Waits),
            TaskNews::Refused(task, _) => (task, Way::Refused),
        };
        let who = if way == Way::Waits { None } else { self.call_backs.remove(&task) };
        let last = self.last.as_mut().map(|last| (last.view.call_id.clone(), &mut last.call));
        let lines = &self.view.lines;
        let standing =
            self.calls.iter_mut().filter_map(|(line, call)| Some((lines.get(line)?.call_id.clone(), call)));
        let is_it = |(_, call): &(String, &mut Standing)| {
            call.call_back.as_ref().is_some_and(|asked| asked.task == task)
        };
        let Some((call_id, call)) = standing.chain(last).find(is_it) else {
            if let Some(who) = who.filter(|_| way == Way::Refused) {
                self.notice_not_called_back(who);
            }
            return;
        };
        if let Some(asked) = &mut call.call_back {
            asked.way = way;
        }
        if way != Way::There {
            self.announce_call_back(&call_id);
        }
    }

    /// What an earlier window has asked for: whom it is about is said if the desk refuses it.
    fn find_call_back(&mut self, task: &Task) {
        let who = [task.name.as_deref(), Some(task.number.as_str())].into_iter().flatten().map(tame);
        let who = who.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ");
        self.call_backs.entry(task.id).or_insert(who);
    }

    pub(super) fn call_back_word(&self, asked: &CallBack) -> Word {
        let due = asked.due.to_zoned(self.zone.clone());
        let time = format!("{:02}:{:02}", due.hour(), due.minute());
        let (tone, text) = match asked.way {
            Way::Asked => (Tone::Neutral, msg!("The manager is being asked to call back by {time}")),
            Way::There => (Tone::Good, msg!("The manager is asked to call back by {time}")),
            Way::Waits => (
                Tone::Warning,
                msg!(
                    "Not confirmed: the order desk cannot be reached; it asks the manager for a call back by {time} when it can"
                ),
            ),
            Way::Refused => {
                (Tone::Bad, msg!("The order desk does not take it: ask the manager yourself to call back"))
            }
        };
        Word { tone, text: self.cat.say(text, &[("time", &time)]) }
    }

    fn announce_call_back(&mut self, call_id: &str) {
        let asked = self.call_mut(call_id).and_then(|call| call.call_back.take());
        let Some(asked) = asked else { return };
        let words = self.call_back_word(&asked).text;
        if let Some(call) = self.call_mut(call_id) {
            call.call_back = Some(asked);
        }
        self.announce(words);
    }

    /// In this call somebody is asked to call back.
    pub(super) fn comes_to_call_back(seen: Seen<'_>) -> bool {
        seen.call.call_back.as_ref().is_some_and(|asked| asked.way != Way::Refused)
    }
}
