//! Where clients go by the shipped rules and by others, told in rows; each names its duty.

mod faults;
mod wire;

use std::time::Duration;

use jiff::civil::{Weekday, date};

use super::rules::{Rules, shipped};
use super::*;
use crate::domain::client::{ClientCard, ClientId, ClientType, Manager, Money, Names, Standing};
use crate::domain::directory::{Absence, Department, Directory, DirectoryEntry, Job, PersonId};
use crate::domain::line_state::LineState;

/// A Wednesday.
const TODAY: Date = date(2026, 5, 6);

pub(super) fn names(en: &str) -> Names {
    Names { en: en.to_owned(), ko: None, ru: None }
}

fn person(id: &str, job: Job, extension: &str, department: &str, serves: &str) -> DirectoryEntry {
    DirectoryEntry {
        id: PersonId(id.to_owned()),
        name: id.to_owned(),
        job,
        extension: (!extension.is_empty()).then(|| extension.to_owned()),
        department: Some(department.to_owned()),
        serves: serves.split_whitespace().map(|id| ClientTypeId(id.to_owned())).collect(),
        absences: Vec::new(),
    }
}

/// Two key account managers, one manager without a telephone, departments with and without head.
pub(super) fn company() -> Directory {
    let department = |id: &str, head: &str| Department {
        id: id.to_owned(),
        names: names(id),
        head: (!head.is_empty()).then(|| PersonId(head.to_owned())),
    };
    Directory {
        people: vec![
            person("ivanova", Job::Manager, "201", "wholesale", "key market"),
            person("petrov", Job::Manager, "202", "wholesale", "key retail"),
            person("kim", Job::Manager, "203", "regional", "regional"),
            person("lukin", Job::Manager, "", "wholesale", "market"),
            person("driver", Job::Manager, "204", "transport", "own_outlet"),
            person("belova", Job::Finance, "304", "finance", ""),
            person("kuznetsova", Job::Finance, "301", "finance", ""),
            person("orlova", Job::Head, "302", "wholesale", "key"),
            person("sidorov", Job::Head, "303", "regional", "regional"),
            person("morozova", Job::Head, "", "support", ""),
            person("operator1", Job::Operator, "101", "support", ""),
        ],
        departments: vec![
            department("wholesale", "orlova"),
            department("regional", "sidorov"),
            department("finance", "kuznetsova"),
            department("support", "morozova"),
            department("transport", ""),
        ],
        client_types: Vec::new(),
        purposes: Vec::new(),
    }
}

/// One call: `type=key manager=ivanova` is a client's card, without a type nobody knows the caller; `owes=overdue` or
/// `owes=over` or both, `owes=unknown`; `first`: no conversation before; `purpose=`, `picked=` a type, `department=` as picked, `of=` the
/// card's department; `away=ivanova:petrov,kim` with deputies; `at=sunday` or an hour; `201=talking` a line, `201=40` idle
/// for so many seconds; `tried=201,202`.
struct Call {
    client: Option<ClientCard>,
    first_call: bool,
    purpose: Option<PurposeId>,
    picked: Option<ClientTypeId>,
    department: Option<String>,
    directory: Directory,
    at: jiff::civil::DateTime,
    lines: Vec<(String, LineState, Option<Duration>)>,
    tried: Vec<String>,
}

impl Call {
    fn read(text: &str) -> Self {
        let mut call = Self {
            client: None,
            first_call: false,
            purpose: None,
            picked: None,
            department: None,
            directory: company(),
            at: TODAY.at(12, 0, 0, 0),
            lines: vec![],
            tried: vec![],
        };
        for word in text.split_whitespace() {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            match key {
                "type" => call.client = Some(card(value)),
                "first" => call.first_call = true,
                "purpose" => call.purpose = Some(PurposeId(value.to_owned())),
                "picked" => call.picked = Some(ClientTypeId(value.to_owned())),
                "department" => call.department = Some(value.to_owned()),
                "away" => value.split(',').for_each(|who| call.away(who)),
                "at" => call.at = at(value),
                "tried" => call.tried = value.split(',').map(str::to_owned).collect(),
                "manager" | "of" | "owes" => call.of_client(key, value),
                extension => call.lines.push(line(extension, value)),
            }
        }
        call
    }

    fn of_client(&mut self, key: &str, value: &str) {
        let client = self.client.as_mut().expect("the type comes first");
        match key {
            "manager" => {
                client.manager =
                    Some(Manager { id: PersonId(value.to_owned()), name: value.to_owned(), extension: None });
            }
            "of" => {
                client.department =
                    Some(Department { id: value.to_owned(), names: names(value), head: None });
            }
            _ if value == "unknown" => client.standing = None,
            _ => {
                let debt = |of: &str| Money::from_hundredths(i64::from(value.contains(of)));
                let standing = client.standing.as_mut().expect("the card has one");
                standing.overdue = debt("overdue");
                standing.over_limit = debt("over-limit");
            }
        }
    }

    fn away(&mut self, who: &str) {
        let (id, deputy) = who.split_once(':').map_or((who, None), |(id, deputy)| (id, Some(deputy)));
        let person = self.directory.people.iter_mut().find(|person| person.id.0 == id).unwrap();
        let deputy = deputy.map(|deputy| PersonId(deputy.to_owned()));
        person.absences.push(Absence { from: TODAY, to: date(2026, 5, 9), deputy });
    }

    fn evaluate(&self, rules: &Rules) -> Evaluation {
        let situation = Situation {
            client: self.client.as_ref(),
            first_call: self.first_call,
            purpose: self.purpose.as_ref(),
            client_type: self.picked.as_ref(),
            department: self.department.as_deref(),
            at: self.at,
        };
        evaluate(rules, &self.directory, &situation)
    }

    fn line(&self, extension: &str) -> (LineState, Option<Duration>) {
        let found = self.lines.iter().find(|(known, ..)| known == extension);
        found.map_or((LineState::Unknown, None), |&(_, state, idle)| (state, idle))
    }

    /// `rule: steps -> what the operator's key does`.
    fn told(&self, rules: &Rules) -> String {
        let Evaluation { chain, .. } = self.evaluate(rules);
        let steps: Vec<_> = chain.steps.iter().map(step_told).collect();
        let tried: Vec<_> = self.tried.iter().map(String::as_str).collect();
        let next = match next_target(&chain, &tried, |extension| self.line(extension)).next {
            NextTarget::Call(attempt) => attempt.target.extension.clone(),
            NextTarget::Wait { attempt, seconds } => format!("{seconds} s for {}", attempt.target.extension),
            NextTarget::Choose(choices) => {
                let choices: Vec<_> = choices.iter().map(|choice| choice.target.extension.as_str()).collect();
                choices.join(" or ")
            }
            NextTarget::Exhausted => "nobody".to_owned(),
        };
        format!("{}: {} -> {next}", chain.rule, steps.join(" | "))
    }
}

fn card(client_type: &str) -> ClientCard {
    ClientCard {
        id: ClientId(uuid::Uuid::nil()),
        name: "client".to_owned(),
        client_type: ClientType { id: ClientTypeId(client_type.to_owned()), names: names(client_type) },
        phones: vec![],
        contacts: vec![],
        manager: None,
        department: None,
        standing: Some(Standing { currency: "RUB".to_owned(), ..Standing::default() }),
        price_column: None,
        delivery: None,
        time_zone: None,
        note: None,
        updated_at: None,
        gaps: vec![],
    }
}

fn at(text: &str) -> jiff::civil::DateTime {
    match text {
        "sunday" => date(2026, 5, 10).at(12, 0, 0, 0),
        hour => TODAY.at(hour.parse().unwrap(), 0, 0, 0),
    }
}

fn line(extension: &str, state: &str) -> (String, LineState, Option<Duration>) {
    let state = match state {
        "talking" => (LineState::Talking, None),
        "ringing" => (LineState::Ringing, None),
        "held" => (LineState::Held, None),
        "offline" => (LineState::Offline, None),
        "not_in_call" => (LineState::NotInCall, None),
        idle => (LineState::Free, Some(Duration::from_secs(idle.parse().unwrap()))),
    };
    (extension.to_owned(), state.0, state.1)
}

fn step_told(step: &ChainStep) -> String {
    let target = |target: &ChainTarget| match &target.stands_in_for {
        Some(absent) => format!("{} for {absent}", target.extension),
        None => target.extension.clone(),
    };
    let passed = |passed: &PassedOver| {
        let why = match passed.why {
            PassedOverWhy::Absent { .. } => "away",
            PassedOverWhy::NoExtension => "no telephone",
            PassedOverWhy::OutOfHours => "closed",
            PassedOverWhy::InEarlierStep => "asked before",
            PassedOverWhy::NoManager => "no manager",
            PassedOverWhy::NoDepartment => "no department",
            PassedOverWhy::NoHead => "no head",
            PassedOverWhy::NobodyThere => "nobody",
            PassedOverWhy::Other => "other",
        };
        match &passed.name {
            Some(name) => format!("({name} {why})"),
            None => format!("({why})"),
        }
    };
    let parts: Vec<_> = step.targets.iter().map(target).chain(step.passed_over.iter().map(passed)).collect();
    parts.join(" ")
}

pub(super) fn shipped_rules() -> Rules {
    Rules { rules: shipped(20), hours: None, total_seconds: 90 }
}

fn assert_rows(rules: &Rules, rows: &[(&str, &str, &str)]) {
    let wrong: Vec<_> = rows
        .iter()
        .filter_map(|(duty, call, expected)| {
            let told = Call::read(call).told(rules);
            (told != *expected)
                .then(|| format!("duty {duty}: {call}\n  expected {expected}\n  is       {told}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_key_client_goes_to_the_manager_then_another_key_account_manager_then_the_head_of_wholesale() {
    assert_rows(
        &shipped_rules(),
        &[
            ("4", "type=key manager=ivanova", "key_client: 201 | 202 (ivanova asked before) | 302 -> 201"),
            ("4", "type=key manager=petrov", "key_client: 202 | 201 (petrov asked before) | 302 -> 202"),
            (
                "4",
                "type=key manager=ivanova purpose=order",
                "key_client: 201 | 202 (ivanova asked before) | 302 -> 201",
            ),
            (
                "4",
                "type=key manager=ivanova purpose=other",
                "key_client: 201 | 202 (ivanova asked before) | 302 -> 201",
            ),
            (
                "4",
                "type=key manager=ivanova 201=talking",
                "key_client: 201 | 202 (ivanova asked before) | 302 -> 202",
            ),
            (
                "4",
                "type=key manager=ivanova 201=ringing",
                "key_client: 201 | 202 (ivanova asked before) | 302 -> 202",
            ),
            (
                "4",
                "type=key manager=ivanova 201=held",
                "key_client: 201 | 202 (ivanova asked before) | 302 -> 202",
            ),
            (
                "4",
                "type=key manager=ivanova 201=offline",
                "key_client: 201 | 202 (ivanova asked before) | 302 -> 202",
            ),
            (
                "4",
                "type=key manager=ivanova 201=not_in_call",
                "key_client: 201 | 202 (ivanova asked before) | 302 -> 201",
            ),
            (
                "4",
                "type=key manager=ivanova tried=201",
                "key_client: 201 | 202 (ivanova asked before) | 302 -> 202",
            ),
            (
                "4",
                "type=key manager=ivanova 201=talking 202=offline",
                "key_client: 201 | 202 (ivanova asked before) | 302 -> 302",
            ),
            (
                "4",
                "type=key manager=ivanova tried=201,202",
                "key_client: 201 | 202 (ivanova asked before) | 302 -> 302",
            ),
            (
                "4",
                "type=key manager=ivanova tried=201,202,302",
                "key_client: 201 | 202 (ivanova asked before) | 302 -> nobody",
            ),
            (
                "4",
                "type=key manager=ivanova tried=201,202 302=talking",
                "key_client: 201 | 202 (ivanova asked before) | 302 -> nobody",
            ),
            (
                "4",
                "type=key manager=ivanova away=ivanova",
                "key_client: (ivanova away) | 202 (ivanova away) | 302 -> 202",
            ),
            (
                "4",
                "type=key manager=ivanova away=ivanova,petrov",
                "key_client: (ivanova away) | (ivanova away) (petrov away) | 302 -> 302",
            ),
            (
                "4",
                "type=key manager=ivanova away=ivanova,petrov,orlova",
                "key_client: (ivanova away) | (ivanova away) (petrov away) | (orlova away) -> nobody",
            ),
            // A deputy stands in for the manager, before any other is asked; nobody is called twice.
            (
                "4",
                "type=key manager=ivanova away=ivanova:kim",
                "key_client: 203 for ivanova (ivanova away) | 202 (ivanova away) | 302 -> 203",
            ),
            (
                "4",
                "type=key manager=ivanova away=ivanova:petrov",
                "key_client: 202 for ivanova (ivanova away) | (ivanova away) (petrov asked before) | 302 -> 202",
            ),
            (
                "4",
                "type=key manager=ivanova away=ivanova:petrov,petrov:kim",
                "key_client: 203 for ivanova (ivanova away) (petrov away) | (ivanova away) (petrov away) | 302 -> 203",
            ),
            (
                "4",
                "type=key manager=ivanova away=ivanova:petrov,petrov:ivanova",
                "key_client: (ivanova away) (petrov away) | (ivanova away) (petrov away) | 302 -> 302",
            ),
            (
                "4",
                "type=key manager=ivanova away=ivanova:ghost",
                "key_client: (ivanova away) | 202 (ivanova away) | 302 -> 202",
            ),
            (
                "4",
                "type=key manager=ivanova away=ivanova:lukin",
                "key_client: (ivanova away) (lukin no telephone) | 202 (ivanova away) | 302 -> 202",
            ),
            (
                "4",
                "type=key manager=ivanova away=orlova:sidorov tried=201,202",
                "key_client: 201 | 202 (ivanova asked before) | 303 for orlova (orlova away) -> 303",
            ),
            ("4", "type=key manager=lukin", "key_client: (lukin no telephone) | 201 202 | 302 -> 201"),
            ("4", "type=key", "key_client: (no manager) | 201 202 | 302 -> 201"),
            ("4", "type=key manager=ghost", "key_client: (nobody) | 201 202 | 302 -> 201"),
            // Of several, the one idle for longest.
            ("4", "type=key 201=10 202=40", "key_client: (no manager) | 201 202 | 302 -> 202"),
            ("4", "type=key 201=40 202=10", "key_client: (no manager) | 201 202 | 302 -> 201"),
            ("4", "type=key 201=talking 202=10", "key_client: (no manager) | 201 202 | 302 -> 202"),
            // A key client who calls for the first time is a key client first.
            ("4", "type=key first", "key_client: (no manager) | 201 202 | 302 -> 201"),
        ],
    );
}

#[test]
fn a_debtor_goes_to_the_manager_or_to_finance_as_the_operator_chooses() {
    assert_rows(
        &shipped_rules(),
        &[
            ("6", "type=market manager=ivanova owes=overdue", "debtor: 201 | 304 -> 201 or 304"),
            ("6", "type=market manager=ivanova owes=over-limit", "debtor: 201 | 304 -> 201 or 304"),
            ("6", "type=market manager=ivanova owes=unknown", "other: 201 | 302 -> 201"),
            ("6", "type=retail manager=petrov owes=overdue,over-limit", "debtor: 202 | 304 -> 202 or 304"),
            ("6", "type=key manager=ivanova owes=overdue", "debtor: 201 | 304 -> 201 or 304"),
            ("6", "type=key manager=ivanova owes=overdue purpose=other", "debtor: 201 | 304 -> 201 or 304"),
            ("6", "type=market manager=ivanova owes=overdue 201=talking", "debtor: 201 | 304 -> 304"),
            ("6", "type=market manager=ivanova owes=overdue 304=offline", "debtor: 201 | 304 -> 201"),
            ("6", "type=market manager=ivanova owes=overdue tried=201", "debtor: 201 | 304 -> 304"),
            ("6", "type=market manager=ivanova owes=overdue tried=201,304", "debtor: 201 | 304 -> nobody"),
            (
                "6",
                "type=market manager=ivanova owes=overdue away=ivanova",
                "debtor: (ivanova away) | 304 -> 304",
            ),
            (
                "6",
                "type=market manager=ivanova owes=overdue away=ivanova:petrov",
                "debtor: 202 for ivanova (ivanova away) | 304 -> 202 or 304",
            ),
            ("6", "type=market owes=overdue", "debtor: (no manager) | 304 -> 304"),
            ("6", "type=market manager=lukin owes=overdue", "debtor: (lukin no telephone) | 304 -> 304"),
            (
                "6",
                "type=market manager=ivanova owes=overdue away=belova",
                "debtor: 201 | 301 (belova away) -> 201 or 301",
            ),
            (
                "6",
                "type=market manager=ivanova owes=overdue away=belova,kuznetsova:orlova",
                "debtor: 201 | 302 for kuznetsova (belova away) (kuznetsova away) -> 201 or 302",
            ),
            (
                "6",
                "type=market manager=ivanova owes=overdue away=ivanova,belova,kuznetsova",
                "debtor: (ivanova away) | (belova away) (kuznetsova away) -> nobody",
            ),
        ],
    );
}

#[test]
fn a_new_client_goes_to_the_head_of_the_department_concerned() {
    assert_rows(
        &shipped_rules(),
        &[
            ("15", "", "new_client: (no department) -> nobody"),
            ("15", "department=wholesale", "new_client: 302 -> 302"),
            ("15", "department=regional", "new_client: 303 -> 303"),
            ("15", "department=regional 303=talking", "new_client: 303 -> nobody"),
            ("15", "picked=regional", "new_client: 303 -> 303"),
            ("15", "picked=key", "new_client: 302 -> 302"),
            ("15", "picked=market", "new_client: 302 -> 302"),
            ("15", "picked=own_outlet", "new_client: (no head) -> nobody"),
            ("15", "picked=unheard_of", "new_client: (no department) -> nobody"),
            ("15", "picked=regional department=wholesale", "new_client: 302 -> 302"),
            ("15", "department=transport", "new_client: (no head) -> nobody"),
            ("15", "department=support", "new_client: (morozova no telephone) -> nobody"),
            ("15", "department=wholesale away=orlova", "new_client: (orlova away) -> nobody"),
            (
                "15",
                "department=wholesale away=orlova:sidorov",
                "new_client: 303 for orlova (orlova away) -> 303",
            ),
            (
                "15",
                "department=wholesale away=orlova:sidorov,sidorov:petrov",
                "new_client: 202 for orlova (orlova away) (sidorov away) -> 202",
            ),
            ("3", "type=retail first", "new_client: 302 -> 302"),
            ("3", "type=market first of=regional", "new_client: 303 -> 303"),
            ("15", "type=market first of=regional department=wholesale", "new_client: 302 -> 302"),
            ("15", "purpose=other department=regional", "new_client: 303 -> 303"),
        ],
    );
}

#[test]
fn anything_else_goes_to_the_manager_or_to_the_head_of_that_department() {
    assert_rows(
        &shipped_rules(),
        &[
            ("19", "type=market manager=ivanova purpose=other", "other: 201 | 302 -> 201"),
            ("19", "type=market manager=ivanova purpose=payment", "other: 201 | 302 -> 201"),
            ("19", "type=market manager=ivanova", "other: 201 | 302 -> 201"),
            ("19", "type=market manager=ivanova purpose=other 201=talking", "other: 201 | 302 -> 302"),
            ("19", "type=regional manager=kim purpose=other", "other: 203 | 303 -> 203"),
            ("19", "type=regional manager=kim purpose=other away=kim", "other: (kim away) | 303 -> 303"),
            (
                "19",
                "type=regional manager=kim purpose=other away=kim:petrov",
                "other: 202 for kim (kim away) | 303 -> 202",
            ),
            (
                "19",
                "type=regional manager=kim of=wholesale purpose=other tried=203",
                "other: 203 | 302 -> 302",
            ),
            (
                "19",
                "type=regional manager=kim away=kim:sidorov",
                "other: 303 for kim (kim away) | (sidorov asked before) -> 303",
            ),
            (
                "19",
                "type=regional manager=kim tried=203 away=sidorov",
                "other: 203 | (sidorov away) -> nobody",
            ),
            ("19", "type=own_outlet manager=driver tried=204", "other: 204 | (no head) -> nobody"),
            // An old client who lost the manager is served, and known by type (duty 3).
            ("3", "type=market purpose=other", "other: (no manager) | 302 -> 302"),
            ("3", "type=regional purpose=other", "other: (no manager) | 303 -> 303"),
            ("3", "type=market manager=ivanova first", "other: 201 | 302 -> 201"),
            ("19", "type=market manager=lukin", "other: (lukin no telephone) | 302 -> 302"),
            ("19", "type=unheard_of", "other: (no manager) | (no department) -> nobody"),
        ],
    );
}

fn step(words: &str) -> rules::StepRule {
    let who = rules::Who::parse(words).unwrap();
    rules::StepRule { line: 0, who, ring_seconds: 20, when_busy: WhenBusy::Skip, confirm: false }
}

pub(super) fn rule(name: &str, when: rules::When, steps: &[&str]) -> rules::Rule {
    let steps = steps.iter().map(|words| step(words)).collect();
    rules::Rule { name: name.to_owned(), line: 0, when, order: ChainOrder::InOrder, steps }
}

fn office_hours() -> OfficeHours {
    let days = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
    days.into_iter()
        .fold(OfficeHours::default(), |hours, day| hours.with(day, Opening::parse("09:00-18:00").unwrap()))
}

#[test]
fn outside_the_office_hours_machines_answer_and_whom_a_rule_for_them_names() {
    let closed = rules::When {
        hours: Some(rules::HoursAre::Closed),
        client_type: Some(ClientTypeId("key".to_owned())),
        ..rules::When::default()
    };
    let rules = Rules {
        rules: vec![
            rule("guard", closed, &["person orlova", "voicemail 610"]),
            rule("all", rules::When::default(), &["own manager", "queue 700", "voicemail 610"]),
        ],
        hours: Some(office_hours()),
        total_seconds: 90,
    };
    assert_rows(
        &rules,
        &[
            ("4", "type=market manager=ivanova", "all: 201 | 700 | 610 -> 201"),
            ("4", "type=market manager=ivanova at=8", "all: (ivanova closed) | 700 | 610 -> 700"),
            ("4", "type=market manager=ivanova at=18", "all: (ivanova closed) | 700 | 610 -> 700"),
            (
                "4",
                "type=market manager=ivanova at=sunday tried=700",
                "all: (ivanova closed) | 700 | 610 -> 610",
            ),
            ("4", "type=key manager=ivanova at=sunday", "guard: 302 | 610 -> 302"),
            ("4", "type=key manager=ivanova", "all: 201 | 700 | 610 -> 201"),
        ],
    );
}

#[test]
fn conditions_on_purpose_department_and_acquaintance_choose_among_rules() {
    let when = rules::When::default;
    let rules = Rules {
        rules: vec![
            rule(
                "paying",
                rules::When { purpose: Some(PurposeId("payment".into())), ..when() },
                &["finance"],
            ),
            rule("north", rules::When { department: Some("regional".into()), ..when() }, &["any manager"]),
            rule(
                "known",
                rules::When { client: Some(rules::ClientIs::Known), ..when() },
                &["any market account manager"],
            ),
            rule("all", when(), &["department wholesale"]),
        ],
        hours: None,
        total_seconds: 90,
    };
    assert_rows(
        &rules,
        &[
            ("6", "type=market manager=ivanova purpose=payment", "paying: 304 -> 304"),
            ("15", "department=regional", "north: 201 202 203 204 (lukin no telephone) -> 201"),
            ("15", "picked=regional", "north: 203 -> 203"),
            ("19", "type=regional manager=kim", "north: 203 -> 203"),
            ("19", "type=retail manager=petrov", "known: 201 (lukin no telephone) -> 201"),
            ("15", "department=wholesale", "all: 201 202 (lukin no telephone) -> 201"),
            (
                "15",
                "department=wholesale away=ivanova,petrov",
                "all: 302 (ivanova away) (petrov away) (lukin no telephone) -> 302",
            ),
        ],
    );
}

#[test]
fn a_busy_manager_is_waited_for_where_the_rule_says_so() {
    let mut waiting = rule("all", rules::When::default(), &["own manager", "queue 700"]);
    waiting.steps[0].when_busy = WhenBusy::Wait { seconds: 15 };
    let rules = Rules { rules: vec![waiting], hours: None, total_seconds: 90 };
    assert_rows(
        &rules,
        &[
            ("4", "type=key manager=ivanova 201=talking", "all: 201 | 700 -> 15 s for 201"),
            ("4", "type=key manager=ivanova 201=talking tried=201", "all: 201 | 700 -> 700"),
            ("4", "type=key manager=ivanova 201=offline", "all: 201 | 700 -> 700"),
        ],
    );
}

#[test]
fn every_rule_before_the_one_taken_says_why_it_was_not() {
    let told = |call: &str| {
        let Evaluation { not_taken, .. } = Call::read(call).evaluate(&shipped_rules());
        let told = not_taken.iter().map(|passed| {
            let found = passed.found.as_deref().unwrap_or("?");
            format!("{}: {} is {found}, not {}", passed.rule, passed.condition, passed.wanted)
        });
        told.collect::<Vec<_>>().join("; ")
    };
    assert_eq!(
        told("type=market manager=ivanova"),
        "debtor: standing is good, not overdue or over limit; key_client: client_type is market, not key; \
         new_client: client is known, not new"
    );
    assert_eq!(
        told(""),
        "debtor: standing is good, not overdue or over limit; key_client: client_type is ?, not key"
    );
    assert_eq!(told("type=key owes=overdue,over-limit"), "");
}

#[test]
fn without_a_rule_that_fits_nobody_is_called_and_nothing_breaks() {
    let rules = Rules { rules: vec![], hours: None, total_seconds: 90 };
    assert_eq!(Call::read("type=key").told(&rules), ":  -> nobody");
}
