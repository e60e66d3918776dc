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

#[derive(PartialEq)]
enum Stage {
    /// The telephone was told to call somebody, and has not said yet that it does.
    Asked,
    Calling,
    /// Somebody is busy, and worth waiting for.
    Waiting {
        extension: String,
        until: Instant,
    },
}

/// Whom to call, without a hold on the chain.
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

impl Passing {
    fn decide(&mut self, now: Instant, colleagues: &Colleagues) -> (Vec<ChainNews>, Next) {
        let tried: Vec<&str> = self.tried.iter().map(String::as_str).collect();
        let decision = next_target(&self.chain, &tried, |extension| colleagues.line(now, extension));
        let mut news = Vec::new();
        for taken in &decision.passed_over {
            let (name, extension) = (taken.target.name.clone(), taken.target.extension.clone());
            let said = (extension.clone(), taken.state);
            if !self.passed_over.contains(&said) {
                self.passed_over.push(said);
                news.push(ChainNews::PassedOver { name, extension, state: taken.state });
            }
        }
        let next = match decision.next {
            _ if now >= self.until => Next::Nobody,
            NextTarget::Call(attempt) => Next::Call(Target::of(&attempt, &self.chain)),
            // The first one is proposed; whoever wants another says so.
            NextTarget::Choose(choices) => {
                choices.first().map_or(Next::Nobody, |first| Next::Call(Target::of(first, &self.chain)))
            }
            NextTarget::Wait { attempt, seconds } => Next::Wait {
                name: attempt.target.name.clone(),
                extension: attempt.target.extension.clone(),
                time: Duration::from_secs(seconds.into()),
            },
            NextTarget::Exhausted => Next::Nobody,
        };
        (news, next)
    }

    fn waits(&self) -> bool {
        matches!(self.stage, Stage::Waiting { .. })
    }

    pub fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Waiting { until, .. } => Some(until.min(self.until)),
            Stage::Asked | Stage::Calling => None,
        }
    }
}

impl Agent {
    /// The client goes through the chain.
    pub(super) fn pass_on(&mut self, now: Instant, line: LineId, chain: TransferChain) {
        if self.begin_passing(now, line, chain) {
            self.pass_further(now, line);
        }
    }

    /// The client goes to this target; where a chain is under way, instead of whoever is called now, and it goes on after that.
    pub(super) fn pass_to(&mut self, now: Instant, line: LineId, target: String) {
        let on_the_way = self.passings.contains_key(&line);
        let alone = TransferChain::of([], RING_TIME);
        if on_the_way || self.begin_passing(now, line, alone) {
            let Some(passing) = self.passings.get(&line) else { return };
            let target = Target::picked(target, &passing.chain);
            if let Err(why) = self.call(now, line, target) {
                if !on_the_way {
                    self.passings.remove(&line);
                }
                self.refuse(Some(line), why);
            }
        }
    }

    fn begin_passing(&mut self, now: Instant, line: LineId, chain: TransferChain) -> bool {
        let view = self.view.lines.get(&line);
        let why = match view {
            None => Refusal::NoSuchLine,
            Some(view) if view.state == super::LineState::Talking && view.in_transfer.is_none() => {
                let until = now + Duration::from_secs(chain.total_seconds.into());
                let (tried, passed_over, stage) = (Vec::new(), Vec::new(), Stage::Asked);
                self.passings.insert(line, Passing { chain, tried, passed_over, until, stage });
                return true;
            }
            Some(_) => Refusal::WrongState,
        };
        self.refuse(Some(line), why);
        false
    }

    /// To the next one who may answer.
    fn pass_further(&mut self, now: Instant, line: LineId) {
        while let Some(passing) = self.passings.get_mut(&line) {
            let (passed_over, next) = passing.decide(now, &self.view.colleagues);
            for news in passed_over {
                self.say(Event::Chain { line, news });
            }
            match next {
                Next::Call(target) => {
                    // A number that cannot be dialled has been tried, and the next one is asked for.
                    if self.call(now, line, target).is_ok() {
                        return;
                    }
                }
                Next::Wait { name, extension, time } => {
                    return self.wait_for(now, line, name, extension, time);
                }
                Next::Nobody => return self.nobody_is_left(now, line),
            }
        }
    }

    /// Whoever it is counts as tried from now on.
    fn call(&mut self, now: Instant, line: LineId, target: Target) -> Result<(), Refusal> {
        let dialled = self.by_dialling_rules(&target.extension);
        let Some(passing) = self.passings.get_mut(&line) else { return Err(Refusal::NoSuchLine) };
        passing.tried.push(target.extension.clone());
        let dialled = dialled?;
        passing.stage = Stage::Asked;
        self.register.explain(line, target.why);
        let shown_as = self.client_in_words(line);
        let Target { ring_for, proof, kind, .. } = target;
        let command = match (kind, dialled.target) {
            (StepKind::Person, target) => {
                Command::ReturnTransfer { line, target, ring_for, proof, comes_back: false, shown_as }
            }
            // A machine answers always: what it says is no person's word.
            (StepKind::Queue | StepKind::Voicemail, target) => Command::BlindTransfer { line, target },
        };
        self.phone.handle(now, phone::Input::Command(command));
        Ok(())
    }

    fn wait_for(&mut self, now: Instant, line: LineId, name: String, extension: String, time: Duration) {
        let Some(passing) = self.passings.get_mut(&line) else { return };
        if matches!(&passing.stage, Stage::Waiting { extension: waited, .. } if *waited == extension) {
            return;
        }
        let until = now + time;
        passing.stage = Stage::Waiting { extension: extension.clone(), until };
        self.phone.handle(now, phone::Input::Command(Command::Hold { line }));
        self.say(Event::Chain { line, news: ChainNews::WaitingFor { name, extension, time } });
    }

    fn nobody_is_left(&mut self, now: Instant, line: LineId) {
        self.passings.remove(&line);
        self.say(Event::Chain { line, news: ChainNews::NobodyLeft });
        self.phone.handle(now, phone::Input::Command(Command::BringBack { line }));
    }

    /// What the operator does with a client who waits for somebody takes the place of the chain.
    pub(super) fn leave_the_chain(&mut self, intent: &Intent) {
        // Of several who wait none is swapped.
        let alone = self.passings.values().filter(|passing| passing.waits()).count() == 1;
        let concerns = |line: LineId| match *intent {
            Intent::Swap => alone,
            Intent::Conference { on } => on,
            Intent::Resume { line: of }
            | Intent::Consult { line: of, .. }
            | Intent::BlindTransfer { line: of, .. }
            | Intent::Park { line: of } => of == line,
            Intent::Join { line: of, with } => [of, with].contains(&line),
            _ => false,
        };
        self.passings.retain(|line, passing| !passing.waits() || !concerns(*line));
    }

    pub(super) fn follow_passing(&mut self, now: Instant, event: &phone::Event) {
        match event {
            phone::Event::TransferStarted { line, .. } => {
                if let Some(passing) = self.passings.get_mut(line) {
                    passing.stage = Stage::Calling;
                }
            }
            phone::Event::TransferFailed { line, client, why, .. } if self.passings.contains_key(line) => {
                match (client, why) {
                    (
                        ClientIs::Kept,
                        TransferFault::TargetFailed | TransferFault::NoAnswer | TransferFault::NoPerson,
                    ) => self.pass_further(now, *line),
                    // On the way to whom the operator picked instead.
                    (ClientIs::Kept, TransferFault::OtherTarget) => {}
                    (ClientIs::Kept, TransferFault::NotTaken) => self.nobody_is_left(now, *line),
                    _ => drop(self.passings.remove(line)),
                }
            }
            phone::Event::Transferred { line, .. } | phone::Event::Ended { line, .. } => {
                self.passings.remove(line);
            }
            phone::Event::Resumed { line, by: phone::Side::Us } | phone::Event::Returned { line }
                if self.passings.get(line).is_some_and(Passing::waits) =>
            {
                self.passings.remove(line);
            }
            phone::Event::LineStateChanged { .. } => {
                let waiting = self.passings.iter().filter(|(_, passing)| passing.waits());
                let waiting: Vec<LineId> = waiting.map(|(line, _)| *line).collect();
                for line in waiting {
                    self.pass_further(now, line);
                }
            }
            phone::Event::Refused { line: Some(line), .. } => self.on_call_refused(now, *line),
            _ => {}
        }
    }

    /// The telephone does not call whom it was told to. Whom the PBX is joining by now is not taken out of that.
    fn on_call_refused(&mut self, now: Instant, line: LineId) {
        let in_transfer = self.view.lines.get(&line).is_some_and(|view| view.in_transfer.is_some());
        match self.passings.get_mut(&line) {
            Some(passing) if passing.stage == Stage::Asked && in_transfer => passing.stage = Stage::Calling,
            Some(passing) if passing.stage == Stage::Asked => self.nobody_is_left(now, line),
            _ => {}
        }
    }

    pub(super) fn on_passing_timeout(&mut self, now: Instant) {
        let due = |passing: &Passing| passing.deadline().is_some_and(|at| at <= now);
        let lines: Vec<LineId> =
            self.passings.iter().filter(|(_, passing)| due(passing)).map(|(line, _)| *line).collect();
        for line in lines {
            if let Some(passing) = self.passings.get_mut(&line)
                && let Stage::Waiting { extension, .. } = &passing.stage
            {
                passing.tried.push(extension.clone());
            }
            self.pass_further(now, line);
        }
    }
}
