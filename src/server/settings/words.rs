//! What is wrong with the rules, in sentences that an admin can act on.

use std::path::Path;

use crate::domain::chain::rules::{RuleFault, RuleProblem};
use crate::text::{Catalogue, say};

/// Where it is, what it is, what to do.
pub(crate) fn say_fault(file: Option<&Path>, fault: &RuleFault, cat: &Catalogue) -> String {
    let problem = say_problem(&fault.problem, cat);
    match file.filter(|_| fault.line > 0) {
        Some(file) => say!(
            cat,
            "{file}, line {line}, rule “{rule}”: {problem}",
            file = file.display(),
            line = fault.line,
            rule = fault.rule,
            problem = problem
        ),
        None => say!(cat, "Built-in rule “{rule}”: {problem}", rule = fault.rule, problem = problem),
    }
}

fn say_problem(problem: &RuleProblem, cat: &Catalogue) -> String {
    match problem {
        RuleProblem::SameName => say!(cat, "an earlier rule has this name. Give it another."),
        RuleProblem::Empty => say!(cat, "it leads nowhere. Write chain = [\"own manager\"]."),
        RuleProblem::ChainAndOffer => {
            say!(
                cat,
                "it has chain and offer. Keep chain for one after the other, offer for the operator's choice."
            )
        }
        RuleProblem::NeverReached { behind } => say!(
            cat,
            "it can never be taken: rule “{behind}” before it takes all its calls. Move it up, or take it away.",
            behind = behind
        ),
        RuleProblem::NobodyElse => {
            say!(cat, "it is the last one, and some calls fit no rule. Add a last [[rule]] without when.")
        }
        RuleProblem::UnknownType(id, known) => {
            say!(cat, "there is no client type “{id}”. Possible: {known}.", id = id, known = known.join(", "))
        }
        RuleProblem::UnknownPurpose(id, known) => {
            say!(cat, "there is no purpose “{id}”. Possible: {known}.", id = id, known = known.join(", "))
        }
        RuleProblem::RingsTooLong { seconds, voicemail_after } => say!(
            cat,
            "it rings for {seconds} s, but voicemail answers after {voicemail_after} s. Write ring_seconds = {fewer}.",
            seconds = seconds,
            voicemail_after = voicemail_after,
            fewer = voicemail_after.saturating_sub(1)
        ),
        RuleProblem::UnknownDepartment(id, known) => say!(
            cat,
            "the directory has no department “{id}”. Possible: {known}.",
            id = id,
            known = known.join(", ")
        ),
        RuleProblem::UnknownPerson(id) => say!(cat, "the directory has no person “{id}”.", id = id),
        RuleProblem::NoExtension(id) => {
            say!(cat, "“{id}” has no extension and cannot be called. Enter one in the directory.", id = id)
        }
        RuleProblem::NoHead(id) => {
            say!(cat, "department “{id}” has no head. Enter one in the directory.", id = id)
        }
    }
}
