//! The company's rules, as its settings say them: the first that fits a call gives the chain.

use std::collections::BTreeSet;

use super::hours::OfficeHours;
use super::{ChainOrder, PurposeId, StepKind, WhenBusy};
use crate::domain::client::ClientTypeId;
use crate::domain::directory::{Directory, PersonId};

/// All that decides where clients go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rules {
    /// The first that fits wins.
    pub rules: Vec<Rule>,
    /// None: always open.
    pub hours: Option<OfficeHours>,
    /// When a chain is given up.
    pub total_seconds: u16,
}

/// One rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    /// In explanations; `rule_3` where the file gives none.
    pub name: String,
    /// Where it stands in the file; 0 for those that the program brings along.
    pub line: usize,
    /// Which calls it fits.
    pub when: When,
    /// Who decides which step comes first.
    pub order: ChainOrder,
    /// At least one.
    pub steps: Vec<StepRule>,
}

/// Conditions that must all hold; one that is missing always does.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct When {
    /// The type on the client's card.
    pub client_type: Option<ClientTypeId>,
    /// What the client owes.
    pub standing: Option<StandingIs>,
    /// What the client calls for, as the operator picked it.
    pub purpose: Option<PurposeId>,
    /// Whether we know the client.
    pub client: Option<ClientIs>,
    /// The department that the operator picked, else the client's.
    pub department: Option<String>,
    /// Whether the office is open.
    pub hours: Option<HoursAre>,
}

/// What a client owes (duty 5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StandingIs {
    /// Something is past its date.
    Overdue,
    /// Something is beyond the limit.
    OverLimit,
    /// One of the two, or both.
    Blocked,
    /// Neither.
    Good,
}

/// Whether we know a client: a new one calls for the first time, and has no manager (duty 3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientIs {
    /// First call, and no manager.
    New,
    /// Any other.
    Known,
}

/// Whether the office is open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HoursAre {
    /// Within the office hours.
    Open,
    /// Outside them. Who is named by a rule for closed hours is there then.
    Closed,
}

/// A step as the rule has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StepRule {
    /// Where it stands in the file; 0 for those that the program brings along.
    pub line: usize,
    /// Whom it means.
    pub who: Who,
    /// How long each may ring.
    pub ring_seconds: u16,
    /// What to do when all are busy.
    pub when_busy: WhenBusy,
    /// A key must be pressed.
    pub confirm: bool,
}

/// Whom a step means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Who {
    /// The client's manager, or the deputy.
    OwnManager,
    /// Managers who serve a type; none: the client's.
    AnyManager(Option<ClientTypeId>),
    /// Who leads a department, or the deputy; none: the one picked by the operator, else the client's.
    Head(Option<String>),
    /// Those who work in a department.
    Department(String),
    /// A queue's extension.
    Queue(String),
    /// A mailbox's extension.
    Voicemail(String),
    /// One person, or the deputy.
    Person(PersonId),
}

impl StandingIs {
    /// As it is written in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::OverLimit => "over limit",
            Self::Blocked => "overdue or over limit",
            Self::Good => "good",
        }
    }

    /// The inverse of [`StandingIs::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Overdue, Self::OverLimit, Self::Blocked, Self::Good].into_iter().find(|is| is.as_str() == text)
    }

    /// Whether this holds of a client who owes so.
    pub const fn holds(self, overdue: bool, over_limit: bool) -> bool {
        match self {
            Self::Overdue => overdue,
            Self::OverLimit => over_limit,
            Self::Blocked => overdue || over_limit,
            Self::Good => !overdue && !over_limit,
        }
    }
}

impl ClientIs {
    /// As it is written in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Known => "known",
        }
    }

    /// The inverse of [`ClientIs::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::New, Self::Known].into_iter().find(|is| is.as_str() == text)
    }
}

impl HoursAre {
    /// As it is written in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }

    /// The inverse of [`HoursAre::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Closed].into_iter().find(|are| are.as_str() == text)
    }
}

impl Who {
    /// Reads a step's words: `own manager`, `any manager`, `any key account manager`, `head of wholesale`, `head of the
    /// department`, `finance`, `department transport`, `person ivanova`, `queue 700`, `voicemail 610`.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        Some(match words.as_slice() {
            ["own", "manager"] => Self::OwnManager,
            ["any", "manager"] => Self::AnyManager(None),
            ["any", client_type, "account", "manager"] => {
                Self::AnyManager(Some(ClientTypeId((*client_type).to_owned())))
            }
            ["head", "of", "the", "department"] | ["head", "of", "the", "client's", "department"] => {
                Self::Head(None)
            }
            ["head", "of", department] => Self::Head(Some((*department).to_owned())),
            ["finance"] => Self::Department("finance".to_owned()),
            ["department", department] => Self::Department((*department).to_owned()),
            ["person", person] => Self::Person(PersonId((*person).to_owned())),
            ["queue", extension] => Self::Queue(extension_of(extension)?),
            ["voicemail", extension] => Self::Voicemail(extension_of(extension)?),
            _ => return None,
        })
    }

    /// What answers there.
    pub const fn kind(&self) -> StepKind {
        match self {
            Self::Queue(_) => StepKind::Queue,
            Self::Voicemail(_) => StepKind::Voicemail,
            Self::OwnManager
            | Self::AnyManager(_)
            | Self::Head(_)
            | Self::Department(_)
            | Self::Person(_) => StepKind::Person,
        }
    }
}

/// What can be dialled on any PBX.
fn extension_of(text: &str) -> Option<String> {
    let fits = (1..=20).contains(&text.len()) && text.chars().all(|c| matches!(c, '0'..='9' | '*' | '#'));
    fits.then(|| text.to_owned())
}

impl When {
    /// Every call fits.
    pub fn is_everybody(&self) -> bool {
        *self == Self::default()
    }

    /// Whatever fits `other` fits this as well.
    fn covers(&self, other: &Self) -> bool {
        fn one<T: PartialEq>(wide: Option<&T>, narrow: Option<&T>) -> bool {
            wide.is_none() || wide == narrow
        }
        let debtors = self.standing == Some(StandingIs::Blocked)
            && matches!(other.standing, Some(StandingIs::Overdue | StandingIs::OverLimit));
        one(self.client_type.as_ref(), other.client_type.as_ref())
            && (debtors || one(self.standing.as_ref(), other.standing.as_ref()))
            && one(self.purpose.as_ref(), other.purpose.as_ref())
            && one(self.client.as_ref(), other.client.as_ref())
            && one(self.department.as_ref(), other.department.as_ref())
            && one(self.hours.as_ref(), other.hours.as_ref())
    }
}

/// What is wrong with a rule, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleFault {
    /// The rule's name.
    pub rule: String,
    /// In the file.
    pub line: usize,
    /// What is wrong.
    pub problem: RuleProblem,
}

/// What can be wrong with a rule that can be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RuleProblem {
    /// Another rule has this name.
    SameName,
    /// No steps.
    Empty,
    /// `chain` and `offer` in one rule.
    ChainAndOffer,
    /// Every call that it fits, an earlier rule has taken.
    NeverReached {
        /// The earlier rule's name.
        behind: String,
    },
    /// Some calls fit no rule.
    NobodyElse,
    /// The company has no such type; those that it has.
    UnknownType(String, Vec<String>),
    /// The company has no such purpose; those that it has.
    UnknownPurpose(String, Vec<String>),
    /// The PBX would answer with a mailbox first.
    RingsTooLong {
        /// As the step says.
        seconds: u16,
        /// When the mailbox answers.
        voicemail_after: u16,
    },
    /// The directory has no such department; those that it has.
    UnknownDepartment(String, Vec<String>),
    /// The directory has no such person.
    UnknownPerson(String),
    /// The person named cannot be called.
    NoExtension(String),
    /// The department named has no head.
    NoHead(String),
}

/// What can be told of the rules without the people: shadowed ones, missing ones, words that mean nothing.
pub fn faults(
    rules: &[Rule],
    types: &[ClientTypeId],
    purposes: &[PurposeId],
    voicemail_after: u16,
) -> Vec<RuleFault> {
    let mut faults = Vec::new();
    let mut names = BTreeSet::new();
    for (place, rule) in rules.iter().enumerate() {
        let mut fault = |line, problem| faults.push(RuleFault { rule: rule.name.clone(), line, problem });
        if !names.insert(&rule.name) {
            fault(rule.line, RuleProblem::SameName);
        }
        if rule.steps.is_empty() {
            fault(rule.line, RuleProblem::Empty);
        }
        if let Some(earlier) = rules.iter().take(place).find(|earlier| earlier.when.covers(&rule.when)) {
            fault(rule.line, RuleProblem::NeverReached { behind: earlier.name.clone() });
        }
        let unknown_type = |client_type: &ClientTypeId| {
            let known = || types.iter().map(|known| known.0.clone()).collect();
            (!types.contains(client_type)).then(|| RuleProblem::UnknownType(client_type.0.clone(), known()))
        };
        if let Some(problem) = rule.when.client_type.as_ref().and_then(unknown_type) {
            fault(rule.line, problem);
        }
        if let Some(purpose) = rule.when.purpose.as_ref().filter(|purpose| !purposes.contains(purpose)) {
            let known = purposes.iter().map(|known| known.0.clone()).collect();
            fault(rule.line, RuleProblem::UnknownPurpose(purpose.0.clone(), known));
        }
        for step in &rule.steps {
            if let Who::AnyManager(Some(client_type)) = &step.who
                && let Some(problem) = unknown_type(client_type)
            {
                fault(step.line, problem);
            }
            if step.who.kind() == StepKind::Person && step.ring_seconds >= voicemail_after {
                fault(step.line, RuleProblem::RingsTooLong { seconds: step.ring_seconds, voicemail_after });
            }
        }
    }
    if let Some(last) = rules.last().filter(|_| !rules.iter().any(|rule| rule.when.is_everybody())) {
        faults.push(RuleFault { rule: last.name.clone(), line: last.line, problem: RuleProblem::NobodyElse });
    }
    faults
}

/// What only the directory can tell: departments and persons that the rules name.
pub fn faults_with(rules: &[Rule], directory: &Directory) -> Vec<RuleFault> {
    let department = |id: &str| directory.departments.iter().find(|department| department.id == *id);
    let unknown_department = |id: &str| {
        let known = directory.departments.iter().map(|department| department.id.clone()).collect();
        RuleProblem::UnknownDepartment(id.to_owned(), known)
    };
    let person = |id: &PersonId| match directory.person(id) {
        None => Some(RuleProblem::UnknownPerson(id.0.clone())),
        Some(person) if person.extension.is_none() => Some(RuleProblem::NoExtension(person.id.0.clone())),
        Some(_) => None,
    };
    let of_step = |step: &StepRule| match &step.who {
        Who::Head(Some(id)) => match department(id) {
            None => Some(unknown_department(id)),
            Some(department) => match &department.head {
                None => Some(RuleProblem::NoHead(id.clone())),
                Some(head) => person(head),
            },
        },
        Who::Department(id) => department(id).is_none().then(|| unknown_department(id)),
        Who::Person(id) => person(id),
        Who::OwnManager | Who::AnyManager(_) | Who::Head(None) | Who::Queue(_) | Who::Voicemail(_) => None,
    };
    let mut faults = Vec::new();
    for rule in rules {
        let mut fault = |line, problem| faults.push(RuleFault { rule: rule.name.clone(), line, problem });
        if let Some(id) = rule.when.department.as_deref().filter(|id| department(id).is_none()) {
            fault(rule.line, unknown_department(id));
        }
        for step in &rule.steps {
            if let Some(problem) = of_step(step) {
                fault(step.line, problem);
            }
        }
    }
    faults
}

/// The four rules of a company that wrote none: debtors (duty 6), key clients (duty 4), new clients (duty 15), all others
/// (duty 19).
pub fn shipped(ring_seconds: u16) -> Vec<Rule> {
    let step = |who| StepRule { line: 0, who, ring_seconds, when_busy: WhenBusy::Skip, confirm: false };
    let rule = |name: &str, when, order, steps: Vec<Who>| Rule {
        name: name.to_owned(),
        line: 0,
        when,
        order,
        steps: steps.into_iter().map(step).collect(),
    };
    let key = ClientTypeId("key".to_owned());
    vec![
        rule(
            "debtor",
            When { standing: Some(StandingIs::Blocked), ..When::default() },
            ChainOrder::OperatorChooses,
            vec![Who::OwnManager, Who::Department("finance".to_owned())],
        ),
        rule(
            "key_client",
            When { client_type: Some(key.clone()), ..When::default() },
            ChainOrder::InOrder,
            vec![Who::OwnManager, Who::AnyManager(Some(key)), Who::Head(Some("wholesale".to_owned()))],
        ),
        rule(
            "new_client",
            When { client: Some(ClientIs::New), ..When::default() },
            ChainOrder::InOrder,
            vec![Who::Head(None)],
        ),
        rule("other", When::default(), ChainOrder::InOrder, vec![Who::OwnManager, Who::Head(None)]),
    ]
}
