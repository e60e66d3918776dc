//! The rows of the list of targets, in the order of their keys; and since when each is what it is: a key that is meant for
//! somebody must not pass the client to whoever has just come into that row.

use super::Screen;
use super::proposals::Proposal;
use super::targets::Reachable;
use super::topics::Pick;
use crate::instant::Instant;
use jiff::civil::Date;
use std::time::Duration;

/// Rows of people.
const MOST_ROWS: usize = 40;
/// Nobody reads a row and strikes its key in less.
const STEADY: Duration = Duration::from_millis(500);

pub(super) enum Row {
    /// A type, a department or a purpose.
    Pick(Pick),
    ByRules(Proposal),
    Person(Reachable),
}

impl Row {
    /// Who is called first.
    pub fn extension(&self) -> Option<&str> {
        match self {
            Self::Pick(_) => None,
            Self::ByRules(proposal) => Some(&proposal.extension),
            Self::Person(person) => Some(&person.extension),
        }
    }

    /// What a key of this row is meant for.
    fn meaning(&self) -> String {
        match self {
            Self::Pick(pick) => format!("pick {}", pick.id),
            Self::ByRules(proposal) => format!("rules {}", proposal.extension),
            Self::Person(person) => format!("person {}", person.extension),
        }
    }
}

/// What the rows mean, and since when; None: since before anybody looked, or by the operator's own doing.
#[derive(Default)]
pub(super) struct Steadiness(Vec<(String, Option<Instant>)>);

impl Steadiness {
    fn follow(&mut self, now: Instant, rows: Vec<String>, own_doing: bool) {
        let before = std::mem::take(&mut self.0);
        let since = |at: usize, meaning: &String| match before.get(at) {
            Some((known, since)) if known == meaning => *since,
            _ => (!own_doing).then_some(now),
        };
        self.0 = rows.into_iter().enumerate().map(|(at, row)| (row.clone(), since(at, &row))).collect();
    }

    fn is_steady(&self, now: Instant, at: usize) -> bool {
        self.0.get(at).is_none_or(|(_, since)| since.is_none_or(|since| now.since(since) >= STEADY))
    }
}

impl Screen {
    /// What is asked for, else the way of the rules, then people; and how many more of these there are.
    pub(super) fn rows(&self, now: Instant, today: Date) -> (Vec<Row>, usize) {
        let mut rows: Vec<Row> = self.picks().into_iter().map(Row::Pick).collect();
        let typed = !self.transfer.query.trim().is_empty();
        if self.transfer.asks.is_some() && !typed {
            return (rows, 0);
        }
        if self.can_transfer() {
            rows.extend(self.proposals(now).into_iter().map(Row::ByRules));
        }
        let people = self.reachable(&self.transfer.query, today);
        let more = people.len().saturating_sub(MOST_ROWS);
        rows.extend(people.into_iter().take(MOST_ROWS).map(Row::Person));
        (rows, more)
    }

    /// Whether this row has been what it is for long enough to be meant.
    pub(super) fn is_steady(&self, now: Instant, row: usize) -> bool {
        self.steadiness.is_steady(now, row)
    }

    /// After each input. `own_doing`: it was the operator's, who knows what comes of it. A mark that the operator has set stays
    /// on what it marks.
    pub(super) fn follow_rows(&mut self, now: Instant, today: Date, own_doing: bool) {
        let rows: Vec<String> = match self.can_transfer() {
            true => self.rows(now, today).0.iter().map(Row::meaning).collect(),
            false => Vec::new(),
        };
        let marked = self.transfer.marked.and_then(|marked| self.steadiness.0.get(marked));
        if let Some((marked, _)) = marked.filter(|_| !own_doing) {
            self.transfer.marked = rows.iter().position(|meaning| meaning == marked);
        }
        self.steadiness.follow(now, rows, own_doing);
    }
}
