//! Whom a client is passed to, step by step: the chain as the desk makes it of the company's rules, and as it goes to the
//! telephone (duties 4, 6, 15, 19).

mod next;

pub use next::{Attempt, Decision, LineTaken, NextTarget, next_target};

use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::client::{ClientTypeId, Names};
use super::directory::PersonId;

/// What a client calls for. The list is the company's data, not ours (duty 19).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Purpose {
    /// In rules and data.
    pub id: PurposeId,
    /// On screens.
    pub names: Names,
}

/// The stable short name of a purpose in rules and data: `order`, `payment`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct PurposeId(pub String);

/// Where one client goes now. Steps that lead to nobody stay, so that they can be explained.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct TransferChain {
    /// The name of the rule that gave it.
    pub rule: String,
    /// Who decides which step comes first.
    pub order: ChainOrder,
    /// In the order of the rule.
    pub steps: Vec<ChainStep>,
    /// The whole chain is given up after this, and the client is back with the operator.
    pub total_seconds: u16,
}

impl TransferChain {
    /// Of these extensions and numbers, one after the other, whatever stands behind them.
    pub fn of(extensions: impl IntoIterator<Item = String>, ring_for: Duration) -> Self {
        let ring_seconds = u16::try_from(ring_for.as_secs()).unwrap_or(u16::MAX);
        let step = |extension: String| ChainStep {
            role: StepRole::Other,
            kind: StepKind::Person,
            targets: vec![ChainTarget {
                person: None,
                name: extension.clone(),
                extension,
                stands_in_for: None,
            }],
            pick: Pick::InOrder,
            ring_seconds,
            when_busy: WhenBusy::Skip,
            confirm: false,
            passed_over: Vec::new(),
        };
        let steps: Vec<ChainStep> = extensions.into_iter().map(step).collect();
        let in_all = u16::try_from(steps.len()).unwrap_or(u16::MAX).saturating_mul(ring_seconds);
        Self {
            rule: String::new(),
            order: ChainOrder::InOrder,
            steps,
            total_seconds: in_all.saturating_add(10),
        }
    }
}

/// Who decides which step comes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum ChainOrder {
    /// The rule: one step after the other.
    InOrder,
    /// The operator; the first step is proposed (duty 6). An order that this version does not know is asked for, too.
    #[serde(other)]
    OperatorChooses,
}

/// One step: somebody, or one of several, or a machine.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct ChainStep {
    /// As what the targets are called.
    pub role: StepRole,
    /// What answers there.
    pub kind: StepKind,
    /// Those who can be called by calendar, hours and directory; their lines are not known here.
    #[serde(default)]
    pub targets: Vec<ChainTarget>,
    /// Who of several comes first.
    pub pick: Pick,
    /// How long each target may ring.
    pub ring_seconds: u16,
    /// What to do when no target's line is free.
    pub when_busy: WhenBusy,
    /// The target must press a key to count as a person.
    #[serde(default)]
    pub confirm: bool,
    /// Those who would be targets otherwise.
    #[serde(default)]
    pub passed_over: Vec<PassedOver>,
}

/// As what somebody is called.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum StepRole {
    /// Who looks after the client (duties 4, 6, 19).
    OwnManager,
    /// Any manager who serves this type of clients (duty 4).
    AnyManager {
        /// The type; none: that of the client.
        #[serde(default)]
        serves: Option<ClientTypeId>,
    },
    /// Who leads a department (duties 4, 15, 19).
    Head {
        /// The department's id; none where no department could be told.
        #[serde(default)]
        department: Option<String>,
    },
    /// Those who work in a department without leading it, as in finance (duty 6), and its head after them.
    Department {
        /// The department's id.
        department: String,
    },
    /// One person by name.
    Person {
        /// In the directory.
        id: PersonId,
    },
    /// A queue of the PBX: a hand-over.
    Queue,
    /// A mailbox of the PBX.
    Voicemail,
    /// A role that this version does not know.
    #[serde(other)]
    Other,
}

impl StepRole {
    /// In register entries and reports: why somebody was called.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::OwnManager => "own_manager",
            Self::AnyManager { .. } => "any_manager",
            Self::Head { .. } => "head",
            Self::Department { .. } => "department",
            Self::Person { .. } => "person",
            Self::Queue => "queue",
            Self::Voicemail => "voicemail",
            Self::Other => "other",
        }
    }
}

/// What answers at a step's targets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum StepKind {
    /// A telephone on somebody's desk.
    Person,
    /// A mailbox: whoever is passed to it speaks with nobody.
    Voicemail,
    /// A queue, and whatever this version does not know: its answer is no person's.
    #[serde(other)]
    Queue,
}

/// Who of several targets comes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum Pick {
    /// Whose line has been idle for longest; those of whom it is not known come last, in the directory's order.
    LongestIdle,
    /// In the directory's order.
    #[serde(other)]
    InOrder,
}

/// What to do when no target's line is free.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum WhenBusy {
    /// Wait for a busy one, this long at most.
    Wait {
        /// In all, for this step.
        seconds: u16,
    },
    /// On to the next step.
    #[serde(other)]
    Skip,
}

/// Who or what is called.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct ChainTarget {
    /// In the directory; none for machines.
    #[serde(default)]
    pub person: Option<PersonId>,
    /// As to announce the transfer; the extension for machines.
    pub name: String,
    /// What to dial.
    pub extension: String,
    /// Who is away: this one is the deputy, or the deputy's.
    #[serde(default)]
    pub stands_in_for: Option<PersonId>,
}

/// Somebody who is no target now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct PassedOver {
    /// In the directory; none where there is nobody to name.
    #[serde(default)]
    pub person: Option<PersonId>,
    /// As the company writes it.
    #[serde(default)]
    pub name: Option<String>,
    /// Why.
    pub why: PassedOverWhy,
}

/// Why somebody is no target now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum PassedOverWhy {
    /// Away by the calendar; a deputy stands in where one is a target.
    Absent {
        /// Last day away.
        #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
        until: Date,
    },
    /// Cannot be reached by telephone.
    NoExtension,
    /// The office is closed.
    OutOfHours,
    /// A step before this one has the same extension.
    InEarlierStep,
    /// Nobody looks after the client.
    NoManager,
    /// Which department is meant could not be told: the operator has picked none, and no client says it.
    NoDepartment,
    /// The department has no head.
    NoHead,
    /// Nobody of this kind is in the directory.
    NobodyThere,
    /// A reason that this version does not know.
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_a_newer_desk_is_still_read() {
        let json = r#"{"rule":"a","order":"by_dice","total_seconds":90,"mood":"good","steps":[{
            "role":{"is":"astrologer","sign":"leo"},"kind":"robot","pick":"youngest","ring_seconds":20,
            "when_busy":{"do":"shout","volume":3},"passed_over":[{"why":{"because":"on_strike"}}],
            "targets":[{"name":"201","extension":"201"}]}]}"#;
        let chain: TransferChain = serde_json::from_str(json).unwrap();
        let step = &chain.steps[0];
        assert_eq!((chain.order, step.kind), (ChainOrder::OperatorChooses, StepKind::Queue));
        assert_eq!(
            (&step.role, step.pick, step.when_busy),
            (&StepRole::Other, Pick::InOrder, WhenBusy::Skip)
        );
        assert_eq!(step.passed_over[0].why, PassedOverWhy::Other);
        assert!(!step.confirm);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let step = ChainStep {
            role: StepRole::AnyManager { serves: Some(ClientTypeId("key".into())) },
            kind: StepKind::Person,
            targets: vec![],
            pick: Pick::LongestIdle,
            ring_seconds: 20,
            when_busy: WhenBusy::Wait { seconds: 15 },
            confirm: true,
            passed_over: vec![PassedOver {
                person: Some(PersonId("petrov".into())),
                name: Some("Петров Сергей".into()),
                why: PassedOverWhy::Absent { until: jiff::civil::date(2026, 5, 9) },
            }],
        };
        let chain = TransferChain {
            rule: "key".into(),
            order: ChainOrder::InOrder,
            steps: vec![step],
            total_seconds: 90,
        };
        let json = serde_json::to_value(&chain).unwrap();
        assert_eq!(json["steps"][0]["role"], serde_json::json!({"is": "any_manager", "serves": "key"}));
        assert_eq!(json["steps"][0]["when_busy"], serde_json::json!({"do": "wait", "seconds": 15}));
        assert_eq!(serde_json::from_value::<TransferChain>(json).unwrap(), chain);
    }
}
