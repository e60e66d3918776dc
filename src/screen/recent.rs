//! Recent calls: earlier ones from the desk, those of this run from the telephone, each once.

use super::call::Seen;
use super::format::{clock, moment, tame};
use super::voice::was_wrong;
use super::{Calls, RecentCall, Screen, Tone, Word, words};
use crate::desk_api::{CallRecord, ClientCard, ClientId, Direction, Outcome, TransferResult, VoiceVerdict};
use crate::domain::call_result::CallResult;
use crate::domain::number::{NumberingPlan, PhoneNumber};
use crate::phone::{CallOutcome, Caller};
use crate::text::{Catalogue, msg, say};
use jiff::{Timestamp, Zoned};
use std::collections::BTreeMap;
use std::time::Duration;

/// More than an operator's day.
const MOST_KEPT: usize = 500;
const MOST_SHOWN: usize = 100;

#[derive(Default)]
pub(super) struct Recent {
    pub missed_only: bool,
    /// The latest first.
    entries: Vec<Entry>,
    /// Clients whose cards were seen in this run.
    names: BTreeMap<ClientId, String>,
    /// Numbers that belong to one client alone, as far as was seen.
    owners: BTreeMap<PhoneNumber, ClientId>,
}

struct Entry {
    call_id: String,
    at: Timestamp,
    incoming: bool,
    /// Of the colleague, or as the network said.
    name: Option<String>,
    /// Whom the desk knew.
    client: Option<ClientId>,
    /// As it can be called.
    written: Option<String>,
    length: Option<Duration>,
    /// None: not known, or not over.
    outcome: Option<CallOutcome>,
    passed_to: Option<String>,
    result: Option<CallResult>,
    /// What was wrong with the voice.
    voice: Option<VoiceVerdict>,
}

impl Entry {
    /// Somebody wanted us and was not heard.
    fn is_missed(&self) -> bool {
        self.incoming
            && matches!(self.outcome, Some(CallOutcome::Missed | CallOutcome::Busy | CallOutcome::Failed))
    }
}

impl Recent {
    /// The desk's entries; what this run knows itself, it knows better.
    pub fn add_earlier(&mut self, records: &[CallRecord]) {
        for record in records {
            self.add(earlier(record));
        }
    }

    /// A call that never rang here, since the operator was on another one or on a break.
    pub fn add_declined(&mut self, at: Timestamp, call_id: &str, caller: &Caller) {
        self.add(Entry {
            call_id: call_id.to_owned(),
            at,
            incoming: true,
            name: caller.name.as_deref().map(tame),
            client: None,
            written: caller.number.clone(),
            length: None,
            outcome: Some(CallOutcome::Busy),
            passed_to: None,
            result: None,
            voice: None,
        });
    }

    /// What a card tells of calls that have none.
    pub fn learn(&mut self, number: Option<PhoneNumber>, clients: &[ClientCard]) {
        self.names.extend(clients.iter().map(|client| (client.id, tame(&client.name))));
        match (number, clients) {
            (Some(number), [client]) => drop(self.owners.insert(number, client.id)),
            (Some(number), _) => drop(self.owners.remove(&number)),
            (None, _) => {}
        }
    }

    /// Who it was. Of several clients with one number nobody, unless it was said.
    fn name<'a>(&'a self, entry: &'a Entry, plan: &NumberingPlan) -> Option<&'a str> {
        let number = || plan.look_up_key(entry.written.as_deref()?);
        let client = entry.client.or_else(|| self.owners.get(&number()?).copied());
        let name = client.and_then(|client| self.names.get(&client));
        name.or(entry.name.as_ref()).map(String::as_str)
    }

    pub fn conclude(&mut self, call_id: &str, result: CallResult) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.call_id == call_id) {
            entry.result = Some(result);
        }
    }

    /// "today: calls 41, missed 3".
    pub fn counters(&self, cat: &Catalogue, wall: &Zoned) -> String {
        let begins = wall.start_of_day().map_or(wall.timestamp(), |begin| begin.timestamp());
        let today = || self.entries.iter().filter(|entry| entry.at >= begins);
        let missed = today().filter(|entry| entry.is_missed()).count();
        say!(cat, "today: calls {calls}, missed {missed}", calls = today().count(), missed = missed)
    }

    /// As the rows are shown.
    fn listed(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !self.missed_only || entry.is_missed()).take(MOST_SHOWN)
    }

    /// The number of a row.
    pub fn number(&self, row: usize) -> Option<String> {
        self.listed().nth(row)?.written.clone()
    }

    /// Names and numbers to find in the palette, each number once.
    pub fn numbers(&self, plan: &NumberingPlan) -> Vec<(Option<&str>, &str)> {
        let mut numbers: Vec<(Option<&str>, &str)> = Vec::new();
        for entry in &self.entries {
            let Some(written) = entry.written.as_deref() else { continue };
            if numbers.iter().all(|(_, known)| *known != written) {
                numbers.push((self.name(entry, plan), written));
            }
        }
        numbers
    }

    fn add(&mut self, entry: Entry) {
        if self.entries.iter().any(|known| known.call_id == entry.call_id) {
            return;
        }
        let place = self.entries.partition_point(|known| known.at > entry.at);
        self.entries.insert(place, entry);
        self.entries.truncate(MOST_KEPT);
    }
}

fn earlier(record: &CallRecord) -> Entry {
    let incoming = record.direction == Direction::Inbound;
    let party = if incoming { &record.caller } else { &record.called };
    let passed_to = record
        .transfers
        .iter()
        .find(|step| matches!(step.result, Some(TransferResult::Joined | TransferResult::HandedOver)));
    let length = record.answered_at.zip(record.ended_at).map(|(from, to)| from.duration_until(to));
    Entry {
        call_id: record.call_id.clone(),
        at: record.started_at,
        incoming,
        name: party.name.as_deref().map(tame),
        client: record.client,
        written: party.number.map(|number| number.to_string()).or_else(|| party.written.clone()),
        length: length.and_then(|length| Duration::try_from(length).ok()),
        outcome: record.outcome.and_then(outcome),
        passed_to: passed_to.map(|step| step.target.clone()),
        result: record.result.as_deref().and_then(CallResult::parse),
        voice: record.voice.as_ref().and_then(|voice| voice.verdict.clone()),
    }
}

const fn outcome(outcome: Outcome) -> Option<CallOutcome> {
    Some(match outcome {
        Outcome::Completed => CallOutcome::Completed,
        Outcome::Missed => CallOutcome::Missed,
        Outcome::AnsweredElsewhere => CallOutcome::AnsweredElsewhere,
        Outcome::Refused => CallOutcome::Refused,
        Outcome::Busy => CallOutcome::Busy,
        Outcome::Failed => CallOutcome::Failed,
        Outcome::Cancelled => CallOutcome::Cancelled,
        Outcome::Other => return None,
    })
}

impl Screen {
    pub(super) fn remember(&mut self, seen: Seen<'_>, outcome: CallOutcome, talked: Duration) {
        let number = self.number_key(seen).map(|number| number.to_string());
        let written = number.or_else(|| seen.written_number().map(str::to_owned));
        let entry = Entry {
            call_id: seen.view.call_id.clone(),
            at: seen.call.started_at,
            incoming: seen.call.incoming,
            name: self.name(seen),
            client: seen.client().map(|client| client.id),
            written,
            length: seen.call.answered.is_some().then_some(talked),
            outcome: Some(outcome),
            passed_to: seen.call.passed_to.clone(),
            result: None,
            voice: seen.call.voice.worst().cloned(),
        };
        self.recent.add(entry);
    }

    pub(super) fn calls_shown(&self, wall: &Zoned) -> Calls {
        let cat = &self.cat;
        let rows: Vec<RecentCall> = self.recent.listed().map(|entry| self.recent_call(entry, wall)).collect();
        let note = match () {
            () if !rows.is_empty() => String::new(),
            () if self.recent.missed_only => say!(cat, "No missed calls."),
            () => match &self.desk_fault {
                Some(why) => cat.get(words::unavailable(why)).to_owned(),
                None => say!(cat, "No calls yet."),
            },
        };
        Calls { missed_only: self.recent.missed_only, rows, note }
    }

    fn recent_call(&self, entry: &Entry, wall: &Zoned) -> RecentCall {
        let cat = &self.cat;
        let number = entry.written.as_deref().map(|written| self.for_people(written)).unwrap_or_default();
        let colleague = || self.colleague(entry.written.as_deref()?).map(|person| person.name.clone());
        let name = self.recent.name(entry, &self.config.numbering).map(str::to_owned);
        let who = match name.or_else(colleague) {
            Some(name) => name,
            None if number.is_empty() => say!(cat, "Number withheld"),
            None => number.clone(),
        };
        let direction = match (entry.is_missed(), entry.incoming) {
            (true, _) => Word { tone: Tone::Bad, text: say!(cat, "missed") },
            (false, true) => Word { tone: Tone::Neutral, text: say!(cat, "in") },
            (false, false) => Word { tone: Tone::Neutral, text: say!(cat, "out") },
        };
        let time = moment(cat, entry.at, wall);
        let length = entry.length.map(clock).unwrap_or_default();
        let was_wrong = entry.voice.as_ref().map(|verdict| was_wrong(cat, verdict).to_owned());
        let result = [Some(self.recent_result(entry)), was_wrong].into_iter().flatten();
        let result = result.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
        let parts = [&time, &direction.text, &who, &length, &result];
        let spoken: Vec<&str> =
            parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        RecentCall {
            spoken: spoken.join(", "),
            can_redial: entry.written.is_some() && self.can_dial(),
            number: if who == number { String::new() } else { number },
            time,
            direction,
            who,
            length,
            result,
        }
    }

    fn recent_result(&self, entry: &Entry) -> String {
        let cat = &self.cat;
        if let Some(target) = &entry.passed_to {
            return say!(cat, "passed on to {target}", target = self.target_name(target));
        }
        if let Some(result) = entry.result {
            return cat.get(words::result(result)).to_owned();
        }
        let outcome = match entry.outcome {
            Some(CallOutcome::AnsweredElsewhere) => msg!("answered elsewhere"),
            Some(CallOutcome::Refused) => msg!("refused"),
            Some(CallOutcome::Busy) => msg!("busy"),
            Some(CallOutcome::Failed) => msg!("failed"),
            Some(CallOutcome::Cancelled) => msg!("given up"),
            Some(CallOutcome::Completed | CallOutcome::Missed) | None => return String::new(),
        };
        cat.get(outcome).to_owned()
    }
}
