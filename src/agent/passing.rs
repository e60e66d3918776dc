//! Passing a client on with return (duties 4, 6, 15, 19): target after target of the company's chain, until somebody has the
//! client, or nobody is left and the client is back with the operator. In between the client hears music and is ours.

use super::colleagues::Colleagues;
use super::{Agent, Event, Intent};
use crate::domain::chain::{Attempt, ChainStep, NextTarget, StepKind, TransferChain, next_target};
use crate::domain::line_state::LineState;
use crate::instant::Instant;
use crate::phone::{self, ClientIs, Command, LineId, Proof, Refusal, TransferFault};
use std::time::Duration;

/// How long somebody rings whom the operator picked.
const RING_TIME: Duration = Duration::from_secs(20);
/// With less of the chain's time left nobody is called any more.
const LEAST_RING_TIME: Duration = Duration::from_secs(5);
/// Between attempts to call somebody while the telephone has no port for the call, and how long they are made.
const PORT_PAUSE: Duration = Duration::from_millis(250);
const PORT_TIME: Duration = Duration::from_secs(5);
/// Why somebody was called, in the register, whom the operator picked.
const PICKED: &str = "picked";

/// What happens between two targets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChainNews {
    /// This one is not called: the line is taken. Once per state.
    PassedOver { name: String, extension: String, state: LineState },
    /// This one's line is taken, but worth waiting for; the client hears music, for so long at most.
    WaitingFor { name: String, extension: String, time: Duration },
    /// Nobody is left, and the client comes back to the operator.
    NobodyLeft,
    /// The operator does something else with the client, and nobody else of the chain is called.
    Stopped,
}

/// A client on the way through a chain.
pub(super) struct Passing {
    chain: TransferChain,
    /// Extensions that were called, or waited for.
    tried: Vec<String>,
    /// Of these it was said that their lines are taken.
    passed_over: Vec<(String, LineState)>,
    /// Nobody else is called from then on.
    until: Instant,
    stage: Stage,
}

enum Stage {
    /// Somebody is called. A person, who cannot be called for another client meanwhile; several may go to one machine.
    Calling { person: Option<String> },
    /// Somebody is busy, and worth waiting for.
    Waiting { extension: String, since: Instant, until: Instant },
    /// There was no port for a call to this one.
    Again { target: Target, at: Instant, until: Instant },
}

/// Whom to call, without a hold on the chain.
#[derive(Clone)]
struct Target {
    extension: String,
    kind: StepKind,
    ring_for: Duration,
    proof: Proof,
    why: &'static str,
}

impl Target {
    fn of(attempt: &Attempt<'_>, chain: &TransferChain) -> Self {
        let step = &chain.steps[attempt.step];
        Self {
            extension: attempt.target.extension.clone(),
            kind: step.kind,
            ring_for: Duration::from_secs(attempt.ring_seconds.into()),
            proof: proof(step),
            why: step.role.word(),
        }
    }

    fn picked(extension: String, chain: &TransferChain) -> Self {
        let named = |step: &&ChainStep| step.targets.iter().any(|target| target.extension == extension);
        let step = chain.steps.iter().find(named);
        Self {
            kind: step.map_or(StepKind::Person, |step| step.kind),
            ring_for: step.map_or(RING_TIME, |step| Duration::from_secs(step.ring_seconds.into())),
            proof: step.map_or(Proof::LineState, proof),
            why: PICKED,
            extension,
        }
    }
}

const fn proof(step: &ChainStep) -> Proof {
    if step.confirm { Proof::Key } else { Proof::LineState }
}

/// What comes next.
enum Next {
    Call(Target),
    Wait { name: String, extension: String, time: Duration },
    Nobody,
}

impl Target {
    fn person(&self) -> Option<&String> {
        Some(&self.extension).filter(|_| self.kind == StepKind::Person)
    }
}

impl Passing {
    /// `called`: who is called for other clients.
    fn decide(&mut self, now: Instant, colleagues: &Colleagues, called: &[String]) -> (Vec<ChainNews>, Next) {
        let tried: Vec<&str> = self.tried.iter().map(String::as_str).collect();
        let decision = next_target(&self.chain, &tried, |extension| {
            match called.iter().any(|called| called == extension) {
                true => (LineState::Ringing, None),
                false => colleagues.line(now, extension),
            }
        });
        let mut news = Vec::new();
        for taken in &decision.passed_over {
            let (name, extension) = (taken.target.name.clone(), taken.target.extension.clone());
            let said = (extension.clone(), taken.state);
            if !self.passed_over.contains(&said) {
                self.passed_over.push(said);
                news.push(ChainNews::PassedOver { name, extension, state: taken.state });
            }
        }
        let rest = self.until.since(now);
        let call = |attempt: &Attempt<'_>| {
            let target = Target::of(attempt, &self.chain);
            match target.person() {
                Some(_) if rest < target.ring_for.min(LEAST_RING_TIME) => Next::Nobody,
                _ => Next::Call(Target { ring_for: target.ring_for.min(rest), ..target }),
            }
        };
        let next = match decision.next {
            _ if rest.is_zero() => Next::Nobody,
            NextTarget::Call(attempt) => call(&attempt),
            // The first one is proposed; whoever wants another says so.
            NextTarget::Choose(choices) => choices.first().map_or(Next::Nobody, call),
            NextTarget::Wait { attempt, seconds } => Next::Wait {
                name: attempt.target.name.clone(),
                extension: attempt.target.extension.clone(),
                time: Duration::from_secs(seconds.into()).min(rest),
            },
            NextTarget::Exhausted => Next::Nobody,
        };
        (news, next)
    }

    fn is_calling(&self) -> bool {
        matches!(self.stage, Stage::Calling { .. })
    }

    fn calls(&self) -> Option<&String> {
        match &self.stage {
            Stage::Calling { person } => person.as_ref(),
            Stage::Again { target, .. } => target.person(),
            Stage::Waiting { .. } => None,
        }
    }

    fn waits_since(&self) -> Option<Instant> {
        match self.stage {
            Stage::Waiting { since, .. } => Some(since),
            Stage::Calling { .. } | Stage::Again { .. } => None,
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Waiting { until, .. } => Some(until.min(self.until)),
            Stage::Again { at, .. } => Some(at),
            Stage::Calling { .. } => None,
        }
    }
}

impl Agent {
    /// The client goes through the chain.
    pub(super) fn pass_on(
        &mut self,
        now: Instant,
        line: LineId,
        chain: TransferChain,
    ) -> Result<(), Refusal> {
        self.begin_passing(now, line, chain)?;
        self.pass_further(now, line);
        Ok(())
    }

    /// The client goes to this target; where a chain is under way, instead of whoever is called now, and it goes on after that.
    pub(super) fn pass_to(&mut self, now: Instant, line: LineId, target: String) -> Result<(), Refusal> {
        let on_the_way = self.passings.contains_key(&line);
        if !on_the_way {
            self.begin_passing(now, line, TransferChain::of([], RING_TIME))?;
        }
        let passing = self.passings.get(&line).ok_or(Refusal::NoSuchLine)?;
        let target = Target::picked(target, &passing.chain);
        let done = self.call(now, line, target);
        if done.is_err() && !on_the_way {
            self.passings.remove(&line);
        }
        done
    }

    fn begin_passing(&mut self, now: Instant, line: LineId, chain: TransferChain) -> Result<(), Refusal> {
        self.phone.may_pass_on(line)?;
        let until = now + Duration::from_secs(chain.total_seconds.into());
        let stage = Stage::Calling { person: None };
        let passing = Passing { chain, tried: Vec::new(), passed_over: Vec::new(), until, stage };
        self.passings.insert(line, passing);
        Ok(())
    }

    /// To the next one who may answer.
    fn pass_further(&mut self, now: Instant, line: LineId) {
        let others = self.passings.iter().filter(|(other, _)| **other != line);
        let called: Vec<String> = others.filter_map(|(_, passing)| passing.calls().cloned()).collect();
        while let Some(passing) = self.passings.get_mut(&line) {
            let (passed_over, next) = passing.decide(now, &self.view.colleagues, &called);
            for news in passed_over {
                self.say(Event::Chain { line, news });
            }
            let target = match next {
                Next::Call(target) => target,
                Next::Wait { name, extension, time } => {
                    return self.wait_for(now, line, name, extension, time);
                }
                Next::Nobody => return self.nobody_is_left(now, line),
            };
            match self.call(now, line, target) {
                Ok(()) => return,
                // It has been tried, and the next one is asked for.
                Err(Refusal::BadTarget) => self.refuse(Some(line), Refusal::BadTarget),
                Err(why) => return self.cannot_call(now, line, why),
            }
        }
    }

    /// Whoever is called counts as tried from now on, and so does what is no number.
    fn call(&mut self, now: Instant, line: LineId, target: Target) -> Result<(), Refusal> {
        let done = self.by_dialling_rules(&target.extension).and_then(|dialled| {
            let command = self.command_to_call(line, &target, dialled.target);
            self.phone.command(now, command)
        });
        let passing = self.passings.get_mut(&line).ok_or(Refusal::NoSuchLine)?;
        match done {
            Ok(()) => {
                passing.stage = Stage::Calling { person: target.person().cloned() };
                self.register.explain(line, target.why);
            }
            Err(Refusal::NoMediaPort) => {
                let until = match passing.stage {
                    Stage::Again { until, .. } => until,
                    Stage::Calling { .. } | Stage::Waiting { .. } => now + PORT_TIME,
                };
                if now >= until {
                    return Err(Refusal::NoMediaPort);
                }
                passing.stage = Stage::Again { target, at: now + PORT_PAUSE, until };
                return Ok(());
            }
            Err(Refusal::BadTarget) => {}
            Err(why) => return Err(why),
        }
        passing.tried.push(target.extension);
        done
    }

    fn command_to_call(&self, line: LineId, target: &Target, dialled: String) -> Command {
        let Target { ring_for, proof, kind, .. } = *target;
        match kind {
            StepKind::Person => Command::ReturnTransfer {
                line,
                target: dialled,
                ring_for,
                proof,
                comes_back: false,
                shown_as: self.client_in_words(line),
            },
            // A machine answers always: what it says is no person's word.
            StepKind::Queue | StepKind::Voicemail => Command::BlindTransfer { line, target: dialled },
        }
    }

    /// The telephone does not do it. Whom it calls, or the PBX is joining, by now is left alone.
    fn cannot_call(&mut self, now: Instant, line: LineId, why: Refusal) {
        self.refuse(Some(line), why);
        let in_transfer = self.view.lines.get(&line).is_some_and(|view| view.in_transfer.is_some());
        match self.passings.get_mut(&line) {
            Some(passing) if in_transfer => passing.stage = Stage::Calling { person: None },
            _ => self.nobody_is_left(now, line),
        }
    }

    fn wait_for(&mut self, now: Instant, line: LineId, name: String, extension: String, time: Duration) {
        let Some(passing) = self.passings.get_mut(&line) else { return };
        if matches!(&passing.stage, Stage::Waiting { extension: waited, .. } if *waited == extension) {
            return;
        }
        let since = passing.waits_since().unwrap_or(now);
        passing.stage = Stage::Waiting { extension: extension.clone(), since, until: now + time };
        // Refused: the call is over, and the chain with it.
        let _ = self.phone.command(now, Command::Hold { line });
        self.say(Event::Chain { line, news: ChainNews::WaitingFor { name, extension, time } });
    }

    fn nobody_is_left(&mut self, now: Instant, line: LineId) {
        self.passings.remove(&line);
        self.say(Event::Chain { line, news: ChainNews::NobodyLeft });
        // Refused: the client is gone, or on the way to somebody else.
        let _ = self.phone.command(now, Command::BringBack { line });
    }

    /// Clients with whom the operator does something else than the chain, if this is done. One for whom somebody is called is taken
    /// back by the telephone.
    pub(super) fn taken_in_hand(&self, intent: &Intent) -> Vec<LineId> {
        let swapped = self.phone.swaps_to();
        let concerns = |line: LineId, passing: &Passing| match *intent {
            Intent::BlindTransfer { line: of, .. } => of == line,
            _ if passing.is_calling() => false,
            Intent::Swap => swapped == Some(line),
            Intent::Conference { on } => on,
            Intent::Resume { line: of } | Intent::Consult { line: of, .. } | Intent::Park { line: of } => {
                of == line
            }
            Intent::Join { line: of, with } => [of, with].contains(&line),
            _ => false,
        };
        self.passings
            .iter()
            .filter(|(line, passing)| concerns(**line, passing))
            .map(|(line, _)| *line)
            .collect()
    }

    pub(super) fn stop_chains(&mut self, lines: &[LineId]) {
        for line in lines {
            if self.passings.remove(line).is_some() {
                self.say(Event::Chain { line: *line, news: ChainNews::Stopped });
            }
        }
    }

    pub(super) fn follow_passing(&mut self, now: Instant, event: &phone::Event) {
        match event {
            phone::Event::TransferFailed { line, client, why, .. } if self.passings.contains_key(line) => {
                match (client, why) {
                    // On the way to whom the operator picked instead.
                    (ClientIs::Kept, _) if self.asks_again(*line) => {}
                    (ClientIs::Kept, TransferFault::OtherTarget) => {}
                    (
                        ClientIs::Kept,
                        TransferFault::TargetFailed | TransferFault::NoAnswer | TransferFault::NoPerson,
                    ) => self.pass_further(now, *line),
                    (ClientIs::Kept, TransferFault::NotTaken) => self.nobody_is_left(now, *line),
                    _ => drop(self.passings.remove(line)),
                }
            }
            phone::Event::Transferred { line, .. } | phone::Event::Ended { line, .. } => {
                self.passings.remove(line);
            }
            phone::Event::TransferFailed { .. } | phone::Event::LineStateChanged { .. } => {}
            _ => return,
        }
        self.look_again(now);
    }

    fn asks_again(&self, line: LineId) -> bool {
        self.passings.get(&line).is_some_and(|passing| matches!(passing.stage, Stage::Again { .. }))
    }

    /// Whoever is waited for may be free now: for the client who has waited the longest.
    fn look_again(&mut self, now: Instant) {
        let waits = |(line, passing): (&LineId, &Passing)| Some((passing.waits_since()?, *line));
        let mut waiting: Vec<(Instant, LineId)> = self.passings.iter().filter_map(waits).collect();
        waiting.sort();
        for (_, line) in waiting {
            self.pass_further(now, line);
        }
    }

    pub(super) fn on_passing_timeout(&mut self, now: Instant) {
        let due = |passing: &Passing| passing.deadline().is_some_and(|at| at <= now);
        let lines: Vec<LineId> =
            self.passings.iter().filter(|(_, passing)| due(passing)).map(|(line, _)| *line).collect();
        for line in lines {
            let Some(passing) = self.passings.get_mut(&line) else { continue };
            match &passing.stage {
                Stage::Waiting { extension, .. } => {
                    passing.tried.push(extension.clone());
                    self.pass_further(now, line);
                }
                Stage::Again { target, .. } => {
                    let target = target.clone();
                    if let Err(why) = self.call(now, line, target) {
                        self.cannot_call(now, line, why);
                    }
                }
                Stage::Calling { .. } => {}
            }
        }
    }
}
