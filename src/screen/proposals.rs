//! Where the client goes by the company's rules (duties 4, 6, 15, 19): asked of the desk as soon as it is known who it is, and first
//! in the list of targets.

use super::call::Seen;
use super::{Screen, Wish};
use crate::agent::Intent;
use crate::desk_api::{TransferQuestion, Unavailable};
use crate::domain::chain::{
    Attempt, ChainOrder, ChainStep, NextTarget, PassedOverWhy, TransferChain, next_target,
};
use crate::instant::Instant;
use crate::phone::LineId;
use crate::text::say;

/// More names than this make no row clearer.
const MOST_NAMES: usize = 3;

/// A chain, or one of those among which the operator chooses.
pub(super) struct Proposal {
    chain: TransferChain,
    /// Who is called first.
    pub name: String,
    pub extension: String,
    /// What happens when that comes to nothing.
    pub then: String,
}

impl Screen {
    /// It is known, or known better, who is at the far end of this line.
    pub(super) fn ask_where_to(&mut self, line: LineId) {
        let question = self.seen(line).and_then(Seen::question);
        let Some(question) = question else { return };
        let Some(call) = self.calls.get_mut(&line) else { return };
        if call.question.as_ref() != Some(&question) {
            (call.question, call.chain) = (Some(question.clone()), None);
            self.wishes.push_back(Wish::FetchChain(question));
        }
    }

    pub(super) fn on_chain_answer(
        &mut self,
        now: Instant,
        question: &TransferQuestion,
        answer: Result<TransferChain, Unavailable>,
    ) {
        let asked = self.calls.values_mut().filter(|call| call.question.as_ref() == Some(question));
        match answer {
            Ok(chain) => {
                asked.for_each(|call| call.chain = Some(chain.clone()));
                self.say_where_it_goes(now, question);
            }
            Err(why) => {
                // Asked again with the next card, or when the client is chosen.
                asked.for_each(|call| call.question = None);
                self.desk_fails(now, why);
            }
        }
    }

    /// Whoever has just picked what the call is about, and hears the list, wants to know where that leads.
    fn say_where_it_goes(&mut self, now: Instant, question: &TransferQuestion) {
        let picked = self.client_seen().filter(|seen| seen.call.question.as_ref() == Some(question));
        if self.transfer.is_open && picked.is_some_and(|seen| !seen.call.picked.is_empty()) {
            let first = self.proposals(now).into_iter().next();
            self.wishes.extend(first.map(|first| Wish::Announce(format!("{}, {}", first.name, first.then))));
        }
    }

    /// In the rule's order; none while nobody of it may answer.
    pub(super) fn proposals(&self, now: Instant) -> Vec<Proposal> {
        let chain = self.client_seen().and_then(Seen::chain);
        let Some(chain) = chain.filter(|_| self.transfer.query.trim().is_empty()) else { return Vec::new() };
        match next_target(&chain, &[], |extension| self.view.colleagues.line(now, extension)).next {
            NextTarget::Call(first) | NextTarget::Wait { attempt: first, .. } => {
                vec![self.proposal(chain.clone(), &first)]
            }
            NextTarget::Choose(choices) => {
                let alone = |attempt: &Attempt<'_>| TransferChain {
                    steps: chain.steps.get(attempt.step).cloned().into_iter().collect(),
                    order: ChainOrder::InOrder,
                    ..chain.clone()
                };
                choices.iter().map(|attempt| self.proposal(alone(attempt), attempt)).collect()
            }
            NextTarget::Exhausted => Vec::new(),
        }
    }

    /// The rules lead to nobody, since nobody has said which department is meant.
    pub(super) fn rules_need_department(&self) -> bool {
        let chain = self.client_seen().and_then(|seen| seen.call.chain.as_ref());
        let lacks =
            |step: &ChainStep| step.passed_over.iter().any(|one| one.why == PassedOverWhy::NoDepartment);
        chain.is_some_and(|chain| {
            chain.steps.iter().all(|step| step.targets.is_empty()) && chain.steps.iter().any(lacks)
        })
    }

    fn proposal(&self, chain: TransferChain, first: &Attempt<'_>) -> Proposal {
        let mut names: Vec<&str> = Vec::new();
        for target in chain.steps.iter().flat_map(|step| &step.targets) {
            if target.extension != first.target.extension && !names.contains(&target.name.as_str()) {
                names.push(&target.name);
            }
        }
        names.truncate(MOST_NAMES);
        let then = match names.is_empty() {
            true => say!(&self.cat, "by the rules"),
            false => say!(&self.cat, "by the rules, then {names}", names = names.join(", ")),
        };
        Proposal { name: first.target.name.clone(), extension: first.target.extension.clone(), then, chain }
    }

    /// The client goes the way of the rules.
    pub(super) fn pass_by_rules(&mut self, proposal: Proposal) {
        let Some(line) = self.client_line() else { return };
        if self.join_with(&proposal.extension) {
            return;
        }
        self.change(line, |call| call.tried.clear());
        self.want(Intent::PassOn { line, chain: Box::new(proposal.chain) });
    }
}

impl Seen<'_> {
    /// None while it is not known which client it is, nor what the call is about.
    fn question(self) -> Option<TransferQuestion> {
        let picked = &self.call.picked;
        let client = match self.clients() {
            Some(clients) if !clients.is_empty() => Some(self.client()?.id),
            None if picked.is_empty() => return None,
            _ => None,
        };
        Some(TransferQuestion {
            client,
            purpose: picked.purpose.clone(),
            client_type: picked.client_type.clone().filter(|_| client.is_none()),
            department: picked.department.clone(),
        })
    }

    /// The way of the rules, without those who have not taken this client.
    fn chain(self) -> Option<TransferChain> {
        let mut chain = self.call.chain.clone()?;
        for step in &mut chain.steps {
            step.targets.retain(|target| !self.was_refused_by(&target.extension));
        }
        Some(chain)
    }
}
