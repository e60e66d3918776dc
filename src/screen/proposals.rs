//! Where the client goes by the company's rules (duties 4, 6, 15, 19): asked of the desk as soon as it is known who it is, and first
//! in the list of targets.

use super::call::Seen;
use super::{Screen, Wish};
use crate::agent::Intent;
use crate::desk_api::{TransferQuestion, Unavailable};
use crate::domain::chain::{Attempt, ChainOrder, NextTarget, TransferChain, next_target};
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
            Ok(chain) => asked.for_each(|call| call.chain = Some(chain.clone())),
            Err(why) => {
                // Asked again with the next card, or when the client is chosen.
                asked.for_each(|call| call.question = None);
                self.desk_fails(now, why);
            }
        }
    }

    /// In the rule's order; none while nobody of it may answer.
    pub(super) fn proposals(&self, now: Instant) -> Vec<Proposal> {
        let chain = self.front_seen().and_then(|seen| seen.call.chain.as_ref());
        let Some(chain) = chain.filter(|_| self.transfer.query.trim().is_empty()) else { return Vec::new() };
        match next_target(chain, &[], |extension| self.view.colleagues.line(now, extension)).next {
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
        let Some(line) = self.front else { return };
        self.change(line, |call| call.tried.clear());
        self.want(Intent::PassOn { line, chain: Box::new(proposal.chain) });
    }
}

impl Seen<'_> {
    /// None while it is not known which client it is.
    fn question(self) -> Option<TransferQuestion> {
        if self.is_new_client() {
            return Some(TransferQuestion::default());
        }
        Some(TransferQuestion { client: Some(self.client()?.id), ..TransferQuestion::default() })
    }
}
