//! How a client is passed on: to those whom the command line names, or by the company's rules, which the desk knows.

use super::super::args::{BY_RULES, CallOptions};
use super::super::verdict::Trouble;
use super::{Call, Do, Script, Step};
use crate::agent::Intent;
use crate::desk_api::{ClientId, ClientTypeId, PurposeId, TransferQuestion, Unavailable};
use crate::domain::chain::TransferChain;
use crate::phone::LineId;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a target rings unless said otherwise.
const RING_TIME: Duration = Duration::from_secs(20);
/// How long a transfer by the rules waits for the desk to say who calls. Of a number that is not told it says nothing.
pub(super) const LOOK_UP_TIME: Duration = Duration::from_secs(3);

/// Of a call whose client may go by the rules.
#[derive(Default)]
pub(super) struct ByRules {
    /// Whom the desk knows the far end as, once it has said so; `Some(None)` is nobody.
    client: Option<Option<ClientId>>,
    rules: Rules,
    /// Whose lines are of interest for this client.
    watched: Vec<String>,
    /// It is time to pass the client on by the rules.
    is_due: bool,
}

/// What is known of where the client goes.
#[derive(Default)]
enum Rules {
    #[default]
    NotAsked,
    Asked(TransferQuestion),
    Known(TransferChain),
    /// The client is on the way, or the desk did not say.
    Over,
}

impl Script {
    /// To the next of those named.
    pub(super) fn pass_on(&mut self, line: LineId) {
        let options = self.options();
        let returns = options.is_some_and(CallOptions::transfers_with_return);
        let ring_for = options.and_then(|options| options.ring_for).unwrap_or(RING_TIME);
        let Some(call) = self.calls.get_mut(&line) else { return };
        if call.targets.front().is_some_and(|target| target == BY_RULES) {
            call.targets.clear();
            call.by_rules.is_due = true;
            self.pass_by_rules(line);
        } else if !call.targets.is_empty() && returns {
            let targets = std::mem::take(&mut call.targets);
            call.goes_through_a_chain();
            let chain = Box::new(TransferChain::of(targets, ring_for));
            self.want(Intent::PassOn { line, chain });
        } else if let Some(target) = call.targets.pop_front() {
            self.want(Intent::BlindTransfer { line, target });
        }
    }

    pub(super) fn on_client(&mut self, line: LineId, client: Option<ClientId>) {
        self.in_call(line, |call| call.by_rules.client = Some(client));
        self.ask_the_rules(line);
    }

    /// Nobody has said who calls.
    pub(super) fn on_stranger(&mut self, line: LineId) {
        self.in_call(line, |call| call.by_rules.client = call.by_rules.client.or(Some(None)));
        self.ask_the_rules(line);
    }

    fn ask_the_rules(&mut self, line: LineId) {
        let Some(options) = self.options().filter(|options| options.transfers_by_rules()) else { return };
        let (purpose, department) = (options.purpose.clone().map(PurposeId), options.department.clone());
        let new = options.parts.then(|| ClientTypeId("new".to_owned()));
        let Some(call) =
            self.calls.get_mut(&line).filter(|call| matches!(call.by_rules.rules, Rules::NotAsked))
        else {
            return;
        };
        let Some(client) = call.by_rules.client else { return };
        let client_type = new.filter(|_| client.is_none());
        let question = TransferQuestion { client, purpose, department, client_type };
        call.by_rules.rules = Rules::Asked(question.clone());
        self.wanted.push_back(Do::FetchChain(question));
    }

    pub(super) fn on_chain(
        &mut self,
        question: &TransferQuestion,
        answer: &Result<TransferChain, Unavailable>,
    ) {
        let returns = self.options().is_some_and(CallOptions::transfers_with_return);
        let asked = |call: &Call| matches!(&call.by_rules.rules, Rules::Asked(asked) if asked == question);
        let Some((line, call)) = self.calls.iter_mut().find(|(_, call)| asked(call)) else { return };
        let line = *line;
        match answer {
            Ok(chain) => {
                call.by_rules.rules = Rules::Known(chain.clone());
                call.by_rules.watched = extensions(chain);
                // Whose line is taken is known by the time the client is passed on. A list replaces the one before.
                if returns && !call.by_rules.watched.is_empty() {
                    let watched = self.calls.values().flat_map(|call| call.by_rules.watched.iter().cloned());
                    let extensions = watched.collect::<BTreeSet<_>>().into_iter().collect();
                    self.want(Intent::Watch { extensions });
                }
                self.pass_by_rules(line);
            }
            Err(why) => {
                // The desk names nobody, and the client learns so when it is time.
                call.by_rules.rules = Rules::Known(TransferChain::of([], RING_TIME));
                self.on_desk_trouble(why);
                self.pass_by_rules(line);
            }
        }
    }

    fn pass_by_rules(&mut self, line: LineId) {
        let returns = self.options().is_some_and(CallOptions::transfers_with_return);
        let Some(call) = self.calls.get_mut(&line).filter(|call| call.by_rules.is_due) else { return };
        let Rules::Known(chain) = &call.by_rules.rules else { return };
        let chain = chain.clone();
        call.by_rules.rules = Rules::Over;
        if returns {
            call.goes_through_a_chain();
            return self.want(Intent::PassOn { line, chain: Box::new(chain) });
        }
        call.targets = extensions(&chain).into();
        match call.targets.is_empty() {
            true => self.on_nobody_left(line),
            false => self.step(line, Step::Transfer),
        }
    }

    /// Where nobody was called, nothing else says so.
    pub(super) fn on_nobody_left(&mut self, line: LineId) {
        let Some(call) = self.calls.get_mut(&line) else { return };
        call.passing_on = false;
        let nobody_was_called = call.transfer.is_none();
        call.transfer = call.transfer.take().or(Some(Trouble::TransferFailed(None)));
        if nobody_was_called && self.parts() {
            self.want(Intent::HangUp { line });
        }
    }

    /// The client is with us again: on to the chain's next target.
    pub(super) fn on_returned(&mut self, line: LineId) {
        self.in_call(line, |call| call.passing_on = false);
        if self.parts() {
            return self.want(Intent::HangUp { line });
        }
        let kept = |call: &mut Call| matches!(call.transfer, Some(Trouble::TransferFailed(_)));
        if self.call_on(line).is_some_and(kept) {
            self.step(line, Step::Transfer);
        }
    }
}

impl Call {
    /// Only a client who is not on hold is taken on.
    fn goes_through_a_chain(&mut self) {
        self.passing_on |= !self.held_by_us && !self.held_by_them;
    }
}

/// Of all who may be called, in the rule's order.
fn extensions(chain: &TransferChain) -> Vec<String> {
    let targets = chain.steps.iter().flat_map(|step| &step.targets);
    targets.map(|target| target.extension.clone()).collect()
}
