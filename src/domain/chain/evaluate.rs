//! From rules, directory and one call to the chain, with the reason of everything.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime};
use serde::Serialize;

use super::rules::{ClientIs, HoursAre, Rule, Rules, StandingIs, StepRule, When, Who};
use super::{
    ChainOrder, ChainStep, ChainTarget, PassedOver, PassedOverWhy, Pick, PurposeId, StepRole, TransferChain,
};
use crate::domain::client::{ClientCard, ClientTypeId, Standing};
use crate::domain::directory::{Directory, DirectoryEntry, Job, PersonId};

/// What is known of a call that is to be passed on.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// None: nobody knows the caller.
    pub client: Option<&'a ClientCard>,
    /// No earlier conversation with this client is in the register.
    pub first_call: bool,
    /// As the operator picked it.
    pub purpose: Option<&'a PurposeId>,
    /// As the operator picked it for a new client (duty 15); the card's own where there is one.
    pub client_type: Option<&'a ClientTypeId>,
    /// The department's id, as the operator picked it (duty 15).
    pub department: Option<&'a str>,
    /// Date and time where the office is.
    pub at: DateTime,
}

/// The chain, and why no rule before it was taken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Evaluation {
    /// What the telephone gets.
    pub chain: TransferChain,
    /// The rules before the one that was taken, in order.
    pub not_taken: Vec<NotTaken>,
}

/// A rule that does not fit a call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NotTaken {
    /// Its name.
    pub rule: String,
    /// Where it stands in the file; 0 for those that the program brings along.
    pub line: usize,
    /// The condition that does not hold, as the file calls it: `client_type`.
    pub condition: &'static str,
    /// What the rule wants.
    pub wanted: String,
    /// What is; none where nobody knows.
    pub found: Option<String>,
}

/// Where this call goes, by the first rule that fits; nowhere, without a name, where none does.
pub fn evaluate(rules: &Rules, directory: &Directory, call: &Situation<'_>) -> Evaluation {
    let facts = Facts::of(rules, directory, call);
    let mut not_taken = Vec::new();
    for rule in &rules.rules {
        match facts.against(&rule.when) {
            None => {
                let chain = chain(rule, rules.total_seconds, directory, call, &facts);
                return Evaluation { chain, not_taken };
            }
            Some((condition, wanted, found)) => {
                let found = found.map(str::to_owned);
                not_taken.push(NotTaken {
                    rule: rule.name.clone(),
                    line: rule.line,
                    condition,
                    wanted,
                    found,
                });
            }
        }
    }
    let nowhere = TransferChain {
        rule: String::new(),
        order: ChainOrder::InOrder,
        steps: Vec::new(),
        total_seconds: rules.total_seconds,
    };
    Evaluation { chain: nowhere, not_taken }
}

/// What conditions are held against.
struct Facts<'a> {
    client_type: Option<&'a str>,
    /// Whether something is overdue, and over the limit; none where nobody knows.
    owes: Option<(bool, bool)>,
    purpose: Option<&'a str>,
    client: ClientIs,
    department: Option<&'a str>,
    hours: HoursAre,
}

impl<'a> Facts<'a> {
    fn of(rules: &Rules, directory: &'a Directory, call: &Situation<'a>) -> Self {
        let owed = |standing: &Standing| (standing.overdue.is_positive(), standing.over_limit.is_positive());
        let is_new = call.client.is_none_or(|client| call.first_call && client.manager.is_none());
        let is_open = rules.hours.as_ref().is_none_or(|hours| hours.are_on(call.at));
        Self {
            client_type: call.client.map(|client| client.client_type.id.0.as_str()),
            // A caller whom nobody knows owes nothing.
            owes: call.client.map_or(Some((false, false)), |client| client.standing.as_ref().map(owed)),
            purpose: call.purpose.map(|purpose| purpose.0.as_str()),
            client: if is_new { ClientIs::New } else { ClientIs::Known },
            department: department_of(directory, call),
            hours: if is_open { HoursAre::Open } else { HoursAre::Closed },
        }
    }

    /// The first condition that does not hold: its name, what it wants, what is.
    fn against(&self, when: &When) -> Option<(&'static str, String, Option<&'a str>)> {
        let text = |name, wanted: Option<&str>, found: Option<&'a str>| {
            let wanted = wanted.filter(|&wanted| found != Some(wanted))?;
            Some((name, wanted.to_owned(), found))
        };
        let standing = || {
            let holds = |is: StandingIs| self.owes.is_some_and(|(overdue, over)| is.holds(overdue, over));
            let wanted = when.standing.filter(|is| !holds(*is))?;
            Some(("standing", wanted.as_str().to_owned(), self.standing()))
        };
        text("client_type", when.client_type.as_ref().map(|id| id.0.as_str()), self.client_type)
            .or_else(standing)
            .or_else(|| text("purpose", when.purpose.as_ref().map(|id| id.0.as_str()), self.purpose))
            .or_else(|| text("client", when.client.map(ClientIs::as_str), Some(self.client.as_str())))
            .or_else(|| text("department", when.department.as_deref(), self.department))
            .or_else(|| text("hours", when.hours.map(HoursAre::as_str), Some(self.hours.as_str())))
    }

    fn standing(&self) -> Option<&'static str> {
        Some(match self.owes? {
            (true, true) => "overdue and over limit",
            (true, false) => StandingIs::Overdue.as_str(),
            (false, true) => StandingIs::OverLimit.as_str(),
            (false, false) => StandingIs::Good.as_str(),
        })
    }
}

/// What the operator picked; else the client's, its manager's, or the one that serves clients of this type.
fn department_of<'a>(directory: &'a Directory, call: &Situation<'a>) -> Option<&'a str> {
    let of_client = || call.client?.department.as_ref().map(|department| department.id.as_str());
    let of_manager = || directory.person(&call.client?.manager.as_ref()?.id)?.department.as_deref();
    let of_type = || {
        let client_type = call.client_type.or(call.client.map(|client| &client.client_type.id))?;
        let serving = |job| {
            let mut people = directory.people.iter();
            people.find(|person| person.job == job && person.serves.contains(client_type))
        };
        serving(Job::Head).or_else(|| serving(Job::Manager))?.department.as_deref()
    };
    call.department.or_else(of_client).or_else(of_manager).or_else(of_type)
}

fn chain(
    rule: &Rule,
    total_seconds: u16,
    directory: &Directory,
    call: &Situation<'_>,
    facts: &Facts<'_>,
) -> TransferChain {
    let is_closed = facts.hours == HoursAre::Closed && rule.when.hours != Some(HoursAre::Closed);
    let mut search =
        Search { directory, call, department: facts.department, is_closed, dialled: BTreeSet::new() };
    TransferChain {
        rule: rule.name.clone(),
        order: rule.order,
        steps: rule.steps.iter().map(|step| search.step(step)).collect(),
        total_seconds,
    }
}

/// Goes from step to step, and knows whom the earlier ones call.
struct Search<'a> {
    directory: &'a Directory,
    call: &'a Situation<'a>,
    department: Option<&'a str>,
    is_closed: bool,
    dialled: BTreeSet<String>,
}

/// Who a step may mean, before anybody looked whether they are there.
enum Candidates<'a> {
    /// One, for whom a deputy stands in.
    One(&'a DirectoryEntry),
    /// Each for themselves.
    Any(Vec<&'a DirectoryEntry>),
    Nobody(PassedOverWhy),
}

impl<'a> Search<'a> {
    fn step(&mut self, rule: &StepRule) -> ChainStep {
        let mut step = ChainStep {
            role: self.role(&rule.who),
            kind: rule.who.kind(),
            targets: Vec::new(),
            pick: Pick::InOrder,
            ring_seconds: rule.ring_seconds,
            when_busy: rule.when_busy,
            confirm: rule.confirm,
            passed_over: Vec::new(),
        };
        match &rule.who {
            Who::Queue(extension) | Who::Voicemail(extension) => {
                let (name, extension) = (extension.clone(), extension.clone());
                let target = ChainTarget { person: None, name, extension, stands_in_for: None };
                self.add(&mut step, target);
            }
            who => match self.candidates(who) {
                Candidates::Nobody(why) => {
                    step.passed_over.push(PassedOver { person: None, name: None, why })
                }
                Candidates::One(person) => self.one_or_deputy(&mut step, person),
                Candidates::Any(people) => {
                    step.pick = Pick::LongestIdle;
                    for person in people {
                        match person.absence_on(self.day()) {
                            Some(absence) => {
                                pass_over(&mut step, person, PassedOverWhy::Absent { until: absence.to })
                            }
                            None => self.present(&mut step, person, None),
                        }
                    }
                }
            },
        }
        if let Who::Department(id) = &rule.who
            && step.targets.is_empty()
            && let Some(head) = self.head(id)
            && !step.passed_over.iter().any(|passed| passed.person.as_ref() == Some(&head.id))
        {
            self.one_or_deputy(&mut step, head);
        }
        step
    }

    fn role(&self, who: &Who) -> StepRole {
        match who {
            Who::OwnManager => StepRole::OwnManager,
            Who::AnyManager(serves) => {
                StepRole::AnyManager { serves: serves.clone().or_else(|| self.client_type()) }
            }
            Who::Head(department) => {
                StepRole::Head { department: department.as_deref().or(self.department).map(str::to_owned) }
            }
            Who::Department(department) => StepRole::Department { department: department.clone() },
            Who::Person(id) => StepRole::Person { id: id.clone() },
            Who::Queue(_) => StepRole::Queue,
            Who::Voicemail(_) => StepRole::Voicemail,
        }
    }

    fn candidates(&self, who: &Who) -> Candidates<'a> {
        let one =
            |person: Option<&'a DirectoryEntry>, why| person.map_or(Candidates::Nobody(why), Candidates::One);
        let any = |is: &dyn Fn(&DirectoryEntry) -> bool| {
            let people: Vec<_> = self.directory.people.iter().filter(|person| is(person)).collect();
            if people.is_empty() {
                Candidates::Nobody(PassedOverWhy::NobodyThere)
            } else {
                Candidates::Any(people)
            }
        };
        match who {
            Who::OwnManager => match self.call.client.and_then(|client| client.manager.as_ref()) {
                Some(manager) => one(self.directory.person(&manager.id), PassedOverWhy::NobodyThere),
                None => Candidates::Nobody(PassedOverWhy::NoManager),
            },
            Who::AnyManager(serves) => match serves.clone().or_else(|| self.client_type()) {
                Some(serves) => any(&|person| person.job == Job::Manager && person.serves.contains(&serves)),
                None => any(&|person| person.job == Job::Manager),
            },
            Who::Head(department) => match department.as_deref().or(self.department) {
                Some(id) => one(self.head(id), PassedOverWhy::NoHead),
                None => Candidates::Nobody(PassedOverWhy::NoDepartment),
            },
            Who::Department(id) => {
                let head = self.head(id);
                let is_head = |person: &DirectoryEntry| head.is_some_and(|head| head.id == person.id);
                let members = any(&|person| person.department.as_ref() == Some(id) && !is_head(person));
                match (members, head) {
                    (Candidates::Nobody(_), Some(head)) => Candidates::One(head),
                    (members, _) => members,
                }
            }
            Who::Person(id) => one(self.directory.person(id), PassedOverWhy::NobodyThere),
            Who::Queue(_) | Who::Voicemail(_) => Candidates::Nobody(PassedOverWhy::Other),
        }
    }

    fn head(&self, department: &str) -> Option<&'a DirectoryEntry> {
        let department = self.directory.departments.iter().find(|known| known.id == *department)?;
        self.directory.person(department.head.as_ref()?)
    }

    fn client_type(&self) -> Option<ClientTypeId> {
        self.call.client.map(|client| &client.client_type.id).or(self.call.client_type).cloned()
    }

    fn day(&self) -> Date {
        self.call.at.date()
    }

    /// The person, or who stands in, or who stands in for that one.
    fn one_or_deputy(&mut self, step: &mut ChainStep, person: &'a DirectoryEntry) {
        let mut asked = person;
        // As many steps as there are people: two who stand in for each other end the walk.
        for _ in 0..self.directory.people.len() {
            let Some(absence) = asked.absence_on(self.day()) else {
                let stands_in_for = (asked.id != person.id).then(|| person.id.clone());
                return self.present(step, asked, stands_in_for);
            };
            pass_over(step, asked, PassedOverWhy::Absent { until: absence.to });
            let Some(deputy) = absence.deputy.as_ref().and_then(|id| self.directory.person(id)) else {
                return;
            };
            if step.passed_over.iter().any(|passed| passed.person.as_ref() == Some(&deputy.id)) {
                return;
            }
            asked = deputy;
        }
    }

    fn present(&mut self, step: &mut ChainStep, person: &DirectoryEntry, stands_in_for: Option<PersonId>) {
        let Some(extension) = &person.extension else {
            return pass_over(step, person, PassedOverWhy::NoExtension);
        };
        if self.is_closed {
            return pass_over(step, person, PassedOverWhy::OutOfHours);
        }
        let (name, extension) = (person.name.clone(), extension.clone());
        self.add(step, ChainTarget { person: Some(person.id.clone()), name, extension, stands_in_for });
    }

    /// Nobody is called twice: whoever was called before had the chance.
    fn add(&mut self, step: &mut ChainStep, target: ChainTarget) {
        if self.dialled.insert(target.extension.clone()) {
            step.targets.push(target);
        } else {
            let (person, name) = (target.person, Some(target.name));
            step.passed_over.push(PassedOver { person, name, why: PassedOverWhy::InEarlierStep });
        }
    }
}

fn pass_over(step: &mut ChainStep, person: &DirectoryEntry, why: PassedOverWhy) {
    step.passed_over.push(PassedOver {
        person: Some(person.id.clone()),
        name: Some(person.name.clone()),
        why,
    });
}
