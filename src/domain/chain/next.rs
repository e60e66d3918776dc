//! Who of a chain is called now, by what is known of their lines.

use std::cmp::Reverse;
use std::time::Duration;

use super::{ChainOrder, ChainStep, ChainTarget, Pick, TransferChain, WhenBusy};
use crate::domain::line_state::LineState;

/// What to do now, and who was not asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision<'a> {
    /// What to do now.
    pub next: NextTarget<'a>,
    /// Those whose lines were the reason that others are called, in the chain's order.
    pub passed_over: Vec<LineTaken<'a>>,
}

/// What to do now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NextTarget<'a> {
    /// Call this one.
    Call(Attempt<'a>),
    /// This one is busy, and worth waiting for. Ask again when a line changes; once the time is over, with its
    /// extension among those tried.
    Wait {
        /// Whom to wait for.
        attempt: Attempt<'a>,
        /// How long, at most.
        seconds: u16,
    },
    /// The operator picks one of these; the first is proposed. One for each step that leads to somebody.
    Choose(Vec<Attempt<'a>>),
    /// Nobody is left.
    Exhausted,
}

/// One call to make.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attempt<'a> {
    /// The step's place in the chain, from 0.
    pub step: usize,
    /// Whom to call.
    pub target: &'a ChainTarget,
    /// How long it may ring.
    pub ring_seconds: u16,
}

/// A target that is not called because of its line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LineTaken<'a> {
    /// The step's place in the chain, from 0.
    pub step: usize,
    /// Who.
    pub target: &'a ChainTarget,
    /// Why: busy, ringing or offline.
    pub state: LineState,
}

/// Who of the chain is called now. `tried` are the extensions that were called, or waited for, already; `line` says what
/// is known of an extension's line, and for how long it has been idle. Lines that nothing is known of are called.
pub fn next_target<'a>(
    chain: &'a TransferChain,
    tried: &[&str],
    line: impl Fn(&str) -> (LineState, Option<Duration>),
) -> Decision<'a> {
    let mut passed_over = Vec::new();
    let mut choices = Vec::new();
    let mut wait = None;
    for (place, step) in chain.steps.iter().enumerate() {
        let attempt = |target| Attempt { step: place, target, ring_seconds: step.ring_seconds };
        let (free, taken) = by_line(step, tried, &line);
        passed_over.extend(taken.iter().map(|&(target, state)| LineTaken { step: place, target, state }));
        let may_wait = match step.when_busy {
            WhenBusy::Wait { seconds } => {
                let busy = taken.iter().find(|(_, state)| *state != LineState::Offline);
                busy.map(|&(target, _)| NextTarget::Wait { attempt: attempt(target), seconds })
            }
            WhenBusy::Skip => None,
        };
        match (chain.order, free) {
            (ChainOrder::InOrder, Some(target)) => {
                return Decision { next: NextTarget::Call(attempt(target)), passed_over };
            }
            (ChainOrder::OperatorChooses, Some(target)) => choices.push(attempt(target)),
            (_, None) => wait = wait.or(may_wait),
        }
        if chain.order == ChainOrder::InOrder
            && let Some(next) = wait
        {
            return Decision { next, passed_over };
        }
    }
    let next = match choices.is_empty() {
        false => NextTarget::Choose(choices),
        true => wait.unwrap_or(NextTarget::Exhausted),
    };
    Decision { next, passed_over }
}

type Taken<'a> = Vec<(&'a ChainTarget, LineState)>;

/// The first that may answer, and those who will not; whoever was tried is neither.
fn by_line<'a>(
    step: &'a ChainStep,
    tried: &[&str],
    line: impl Fn(&str) -> (LineState, Option<Duration>),
) -> (Option<&'a ChainTarget>, Taken<'a>) {
    let mut free = Vec::new();
    let mut taken = Vec::new();
    for target in step.targets.iter().filter(|target| !tried.contains(&target.extension.as_str())) {
        match line(&target.extension) {
            (state, idle) if state.may_answer() => free.push((target, idle.unwrap_or_default())),
            (state, _) => taken.push((target, state)),
        }
    }
    if step.pick == Pick::LongestIdle {
        free.sort_by_key(|&(_, idle)| Reverse(idle));
    }
    (free.first().map(|&(target, _)| target), taken)
}

#[cfg(test)]
mod tests {
    use super::super::{StepKind, StepRole};
    use super::*;

    fn step(extensions: &[&str]) -> ChainStep {
        let target = |extension: &&str| ChainTarget {
            person: None,
            name: (*extension).to_owned(),
            extension: (*extension).to_owned(),
            stands_in_for: None,
        };
        ChainStep {
            role: StepRole::OwnManager,
            kind: StepKind::Person,
            targets: extensions.iter().map(target).collect(),
            pick: Pick::InOrder,
            ring_seconds: 20,
            when_busy: WhenBusy::Skip,
            confirm: false,
            passed_over: vec![],
        }
    }

    fn chain(order: ChainOrder, steps: Vec<ChainStep>) -> TransferChain {
        TransferChain { rule: "test".into(), order, steps, total_seconds: 90 }
    }

    /// `201 talking idle 5`, or nothing: not known.
    fn lines<'a>(
        known: &'a [(&'a str, LineState, u64)],
    ) -> impl Fn(&str) -> (LineState, Option<Duration>) + 'a {
        move |extension| {
            let found = known.iter().find(|(known, ..)| *known == extension);
            found.map_or((LineState::Unknown, None), |&(_, state, idle)| {
                (state, Some(Duration::from_secs(idle)))
            })
        }
    }

    fn told(decision: &Decision<'_>) -> String {
        let passed: Vec<_> = decision
            .passed_over
            .iter()
            .map(|taken| format!("{} {:?}", taken.target.extension, taken.state))
            .collect();
        let next = match &decision.next {
            NextTarget::Call(attempt) => format!("call {}", attempt.target.extension),
            NextTarget::Wait { attempt, seconds } => {
                format!("wait {seconds} for {}", attempt.target.extension)
            }
            NextTarget::Choose(choices) => {
                let choices: Vec<_> = choices.iter().map(|choice| choice.target.extension.as_str()).collect();
                format!("choose {}", choices.join(" or "))
            }
            NextTarget::Exhausted => "nobody".to_owned(),
        };
        if passed.is_empty() { next } else { format!("{next}; {}", passed.join(", ")) }
    }

    #[test]
    fn lines_in_a_call_ringing_or_offline_are_passed_over_with_the_reason() {
        let chain = chain(ChainOrder::InOrder, vec![step(&["201"]), step(&["202", "203"]), step(&["302"])]);
        let states =
            [("201", LineState::Talking, 0), ("202", LineState::Ringing, 0), ("203", LineState::Offline, 0)];
        let decision = next_target(&chain, &[], lines(&states));
        assert_eq!(told(&decision), "call 302; 201 Talking, 202 Ringing, 203 Offline");
    }

    #[test]
    fn lines_that_nothing_is_known_of_are_called() {
        let chain = chain(ChainOrder::InOrder, vec![step(&["201"])]);
        for state in [LineState::Unknown, LineState::NotInCall, LineState::Free] {
            assert_eq!(told(&next_target(&chain, &[], lines(&[("201", state, 0)]))), "call 201");
        }
    }

    #[test]
    fn who_was_called_once_is_not_called_again() {
        let chain = chain(ChainOrder::InOrder, vec![step(&["201"]), step(&["201", "202"])]);
        assert_eq!(told(&next_target(&chain, &["201"], lines(&[]))), "call 202");
        assert_eq!(told(&next_target(&chain, &["201", "202"], lines(&[]))), "nobody");
    }

    #[test]
    fn of_several_managers_the_one_idle_for_longest_is_called() {
        let mut managers = step(&["201", "202", "203", "204"]);
        managers.pick = Pick::LongestIdle;
        let chain = chain(ChainOrder::InOrder, vec![managers]);
        let states =
            [("201", LineState::Free, 5), ("202", LineState::Free, 60), ("203", LineState::Talking, 90)];
        assert_eq!(told(&next_target(&chain, &[], lines(&states))), "call 202; 203 Talking");
        assert_eq!(told(&next_target(&chain, &["202"], lines(&states))), "call 201; 203 Talking");
        assert_eq!(
            told(&next_target(&chain, &[], lines(&[]))),
            "call 201",
            "the directory's order where all are alike"
        );
    }

    #[test]
    fn a_busy_own_manager_may_be_worth_waiting_for_and_an_offline_one_is_not() {
        let mut own = step(&["201"]);
        own.when_busy = WhenBusy::Wait { seconds: 15 };
        let chain = chain(ChainOrder::InOrder, vec![own, step(&["302"])]);
        let with = |state, tried: &[&str]| told(&next_target(&chain, tried, lines(&[("201", state, 0)])));
        assert_eq!(with(LineState::Talking, &[]), "wait 15 for 201; 201 Talking");
        assert_eq!(with(LineState::Free, &[]), "call 201", "hung up meanwhile");
        assert_eq!(with(LineState::Talking, &["201"]), "call 302", "the time is over");
        assert_eq!(with(LineState::Offline, &[]), "call 302; 201 Offline");
    }

    #[test]
    fn the_operator_chooses_among_those_who_are_there() {
        let chain = chain(ChainOrder::OperatorChooses, vec![step(&["201"]), step(&["301", "304"])]);
        assert_eq!(told(&next_target(&chain, &[], lines(&[]))), "choose 201 or 301");
        let busy = [("201", LineState::Held, 0)];
        assert_eq!(told(&next_target(&chain, &[], lines(&busy))), "choose 301; 201 Held");
        assert_eq!(told(&next_target(&chain, &["201", "301", "304"], lines(&[]))), "nobody");
    }

    #[test]
    fn where_the_operator_chooses_nobody_is_waited_for_while_somebody_is_free() {
        let mut own = step(&["201"]);
        own.when_busy = WhenBusy::Wait { seconds: 15 };
        let chain = chain(ChainOrder::OperatorChooses, vec![own, step(&["301"])]);
        let busy = [("201", LineState::Talking, 0)];
        assert_eq!(told(&next_target(&chain, &[], lines(&busy))), "choose 301; 201 Talking");
        assert_eq!(told(&next_target(&chain, &["301"], lines(&busy))), "wait 15 for 201; 201 Talking");
    }

    #[test]
    fn a_step_without_targets_is_stepped_over() {
        let chain = chain(ChainOrder::InOrder, vec![step(&[]), step(&["302"])]);
        let decision = next_target(&chain, &[], lines(&[]));
        assert!(matches!(decision.next, NextTarget::Call(Attempt { step: 1, ring_seconds: 20, .. })));
    }
}
