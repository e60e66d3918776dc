//! What a subcommand does, step by step: notices and time in, intents and a verdict out. Pure.

mod passing;

use super::args::CallOptions;
use super::verdict::{Trouble, Verdict};
use crate::agent::{Card, CardAnswer, ChainNews, Event, Intent};
use crate::desk_api::{TransferQuestion, Unavailable};
use crate::instant::Instant;
use crate::media::{AudioDirection, NoAudioCause, StreamStats};
use crate::phone::{self, CallOutcome, ClientIs, EndedBy, LineId, Refusal, Side};
use crate::shell::{DeskTrouble, Notice};
use crate::sip::Failure;
use passing::{ByRules, LOOK_UP_TIME};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// A call shorter than this may end before the first packet has arrived.
const TOO_SHORT_FOR_AUDIO: Duration = Duration::from_secs(1);

/// How long somebody else who is called for a conference may ring.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a call that is not for this subcommand is told: nobody is here to take it.
const NOT_HERE: u16 = 480;
/// What a call is told for which there is no time: one stands, or those of `--calls` have come.
const BUSY: u16 = 486;
pub enum Task {
    Register {
        stay: Duration,
    },
    Options {
        target: String,
    },
    Watch {
        extensions: Vec<String>,
        stay: Option<Duration>,
    },
    Call {
        target: String,
        timeout: Duration,
        options: CallOptions,
    },
    Answer {
        calls: u32,
        after: Duration,
        timeout: Option<Duration>,
        reject: Option<u16>,
        swap_at: Option<Duration>,
        options: CallOptions,
    },
}

impl Task {
    /// Where the command line says no way.
    pub fn pass_on_blindly(&mut self) {
        if let Self::Call { options, .. } | Self::Answer { options, .. } = self {
            options.transfer_mode.get_or_insert_with(|| "blind".to_owned());
        }
    }
}

/// What the script wants done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Do {
    Intent(Intent),
    /// Ask the desk where a client goes by the company's rules.
    FetchChain(TransferQuestion),
    /// Shut the telephone down; the verdict stands.
    Finish,
}

pub struct Script {
    task: Task,
    /// `--desk` was given: a look-up or entry that fails is a trouble of this run.
    desk_required: bool,
    registered: bool,
    /// Of the last registration attempt, if it failed.
    registration: Option<Trouble>,
    /// Calls that stand, and those whose end is still to be said.
    calls: BTreeMap<LineId, Call>,
    calls_over: u32,
    /// For which line somebody else is being called.
    consulting: Option<LineId>,
    over: bool,
    timers: Vec<(Instant, Timer)>,
    wanted: VecDeque<Do>,
    verdict: Verdict,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Timer {
    Stay,
    NobodyCalls,
    NobodyAnswers(LineId),
    Take(LineId),
    Step(LineId, Step),
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    Digits(String),
    Record,
    PauseRecording,
    ResumeRecording,
    Hold,
    Resume,
    Swap,
    Consult(String),
    Transfer,
    /// By the rules, though nobody has said who calls.
    TransferStranger,
    HangUp,
}

/// Whose steps a call takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    Own,
    /// The other side of that line sent us here, or the PBX put this call in its place: what was still to be done there
    /// is done here.
    MovedFrom(LineId),
    /// The same, and that call is over.
    Moved,
    /// Somebody else, called for a conference with that line's: no steps but those that it leaves behind.
    Third(LineId),
}

struct Call {
    answered: bool,
    /// Its steps have their times.
    begun: bool,
    origin: Origin,
    /// Its end is as it was meant to be: refused because we were told to, or gone on elsewhere.
    excused: bool,
    held_by_us: bool,
    held_by_them: bool,
    targets: VecDeque<String>,
    by_rules: ByRules,
    /// A transfer is under way, or a chain of them.
    passing_on: bool,
    transfer: Option<Trouble>,
    silence: Option<NoAudioCause>,
    stats: Option<StreamStats>,
}

impl Script {
    pub fn new(task: Task, desk_required: bool) -> Self {
        Self {
            task,
            desk_required,
            registered: false,
            registration: None,
            calls: BTreeMap::new(),
            calls_over: 0,
            consulting: None,
            over: false,
            timers: Vec::new(),
            wanted: VecDeque::new(),
            verdict: Verdict::default(),
        }
    }

    /// What people do is what is practised: no trouble.
    pub fn practising(mut self) -> Self {
        self.verdict = Verdict::of_practice();
        self
    }

    /// Whether this subcommand needs a registration.
    pub fn registers(&self) -> bool {
        !matches!(self.task, Task::Options { .. })
    }

    /// Whether there is somebody whom a call that comes in may be put through to.
    pub fn takes_calls(&self) -> bool {
        matches!(self.task, Task::Answer { reject: None, .. })
    }

    pub fn handle(&mut self, now: Instant, notice: &Notice) {
        match notice {
            Notice::Ready { .. } => self.on_ready(),
            Notice::Agent(Event::Phone(event)) => self.on_phone(now, event),
            Notice::Agent(Event::Card { line, card }) => self.on_card(*line, card),
            Notice::Agent(Event::Chain { line, news: ChainNews::NobodyLeft }) => self.on_nobody_left(*line),
            Notice::Agent(Event::Chain { line, news: ChainNews::Stopped }) => {
                self.in_call(*line, |call| call.passing_on = false);
            }
            Notice::Agent(Event::Recording { recording, .. }) => {
                if let Some(fault) = recording.fault {
                    self.verdict.add(Trouble::Recording(fault));
                }
            }
            Notice::Agent(
                Event::CardTaken { .. }
                | Event::ClientChosen { .. }
                | Event::Recorded { .. }
                | Event::Chain { .. }
                | Event::Queue(_)
                | Event::Parked(_)
                | Event::StillOnHold { .. },
            ) => {}
            Notice::Chain { question, answer } => self.on_chain(question, answer),
            Notice::Desk(trouble) => {
                // What an earlier run left behind is said whoever asked for the desk, and is no failure of this one.
                if self.desk_required || *trouble == DeskTrouble::OtherToken {
                    self.verdict.add(Trouble::Register(trouble.clone()));
                }
            }
            Notice::Sound { fault, .. } => self.verdict.add(Trouble::Sound(fault.clone())),
            // The call goes on, and a device may come back. The rest is for windows.
            Notice::Device(_)
            | Notice::Directory(_)
            | Notice::Calls(_)
            | Notice::Terms { .. }
            | Notice::Products { .. }
            | Notice::Clients { .. }
            | Notice::Order(_)
            | Notice::Drafts(_)
            | Notice::Orders { .. }
            | Notice::OrderEntry(_)
            | Notice::OrderWatch(_)
            | Notice::Task(_)
            | Notice::Prospect(_)
            | Notice::Devices { .. }
            | Notice::SoundTest(_)
            | Notice::Levels { .. } => {}
            Notice::Stopped(farewell) => {
                if !farewell.unregistered && self.registered && matches!(self.task, Task::Register { .. }) {
                    self.verdict.add(Trouble::StillRegistered);
                }
                if farewell.media_failed {
                    self.verdict.add(Trouble::MediaFailed);
                }
                if farewell.unsent_records > 0 && self.desk_required {
                    self.verdict.add(Trouble::RecordsUnsent(farewell.unsent_records));
                }
            }
        }
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        self.timers.sort_by_key(|(at, _)| *at);
        while self.timers.first().is_some_and(|(at, _)| *at <= now) {
            let (_, timer) = self.timers.remove(0);
            self.on_timer(timer);
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.iter().map(|(at, _)| *at).min()
    }

    /// The end is decided: what fails from here on is not tried again.
    pub const fn is_over(&self) -> bool {
        self.over
    }

    pub fn poll(&mut self) -> Option<Do> {
        self.wanted.pop_front()
    }

    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    fn on_ready(&mut self) {
        if let Task::Options { target } = &self.task {
            self.want(Intent::Probe { target: target.clone() });
        }
    }

    fn on_phone(&mut self, now: Instant, event: &phone::Event) {
        use phone::Event as E;
        match event {
            E::Registered { .. } => self.on_registered(now),
            E::RegistrationFailed { cause, .. } => self.on_registration_failed(cause),
            E::Probed { result, .. } => {
                if let Err(failure) = result {
                    self.verdict.add(Trouble::of_silence(failure));
                }
                self.finish();
            }
            E::RingingIn { line, replaces: Some(old), .. } if self.calls.contains_key(old) => {
                self.on_replacing(*line, *old);
            }
            E::RingingIn { line, caller, .. } => self.on_ringing(now, *line, caller.returned.is_some()),
            E::Dialing { line, .. } => self.on_dialing(now, *line),
            E::Referred { line, to, .. } => self.on_referred(*line, *to),
            E::Answered { line, .. } => self.on_answered(now, *line),
            E::Held { line, by } => self.in_call(*line, |call| *call.held_by(*by) = true),
            E::Resumed { line, by } => self.in_call(*line, |call| {
                *call.held_by(*by) = false;
                call.passing_on &= *by == Side::Them;
            }),
            E::HoldFailed { status, .. } => self.verdict.add(Trouble::HoldRefused(*status)),
            E::TransferStarted { line, .. } => self.in_call(*line, |call| call.passing_on = true),
            E::DigitsFailed { status, .. } => self.verdict.add(Trouble::DigitsRefused(*status)),
            E::Transferred { line, .. } => self.in_call(*line, |call| call.transfer = None),
            E::TransferFailed { line, status, client, why, .. } => {
                let trouble = match client {
                    ClientIs::Kept | ClientIs::Left => Trouble::TransferFailed(*status),
                    ClientIs::Lost => Trouble::ClientLost(*status),
                    ClientIs::Unknown => Trouble::ClientUnknown,
                };
                let returns = self.options().is_some_and(CallOptions::transfers_with_return);
                // Between two targets of a chain the client waits for the next one.
                let goes_on = returns && *client == ClientIs::Kept && *why != phone::TransferFault::TakenBack;
                self.in_call(*line, |call| {
                    (call.passing_on, call.transfer) = (call.passing_on && goes_on, Some(trouble));
                });
            }
            E::Returned { line } => self.on_returned(*line),
            E::NoAudio { line, direction: AudioDirection::In, cause } => {
                self.in_call(*line, |call| call.silence = Some(*cause));
            }
            E::AudioBack { line, direction: AudioDirection::In } => {
                self.in_call(*line, |call| call.silence = None);
            }
            E::Media { line, stats, .. } => self.in_call(*line, |call| call.stats = Some(stats.clone())),
            E::Ended { line, by, outcome, status, talked, .. } => {
                self.on_ended(now, *line, (*by, *outcome, *status, *talked));
            }
            E::Refused { line, why } => self.on_refused(*line, *why),
            _ => {}
        }
    }

    // -- registration

    fn on_registered(&mut self, now: Instant) {
        self.registration = None;
        if std::mem::replace(&mut self.registered, true) {
            return;
        }
        match &self.task {
            Task::Register { stay } => self.timers.push((now + *stay, Timer::Stay)),
            Task::Call { target, .. } => {
                let target = target.clone();
                self.want(Intent::Dial { target });
            }
            Task::Answer { .. } => self.wait_for_call(now),
            Task::Watch { extensions, stay } => {
                self.timers.extend(stay.map(|stay| (now + stay, Timer::Stay)));
                let extensions = extensions.clone();
                self.want(Intent::Watch { extensions });
            }
            Task::Options { .. } => {}
        }
    }

    /// A telephone that never was registered gives up at once, so that a script need not wait; one
    /// that was keeps trying, as people expect of a telephone.
    fn on_registration_failed(&mut self, cause: &Failure) {
        let trouble = Trouble::of_registration(cause);
        if self.registered {
            self.registration = Some(trouble);
        } else {
            self.verdict.add(trouble);
            self.finish();
        }
    }

    // -- calls

    fn on_ringing(&mut self, now: Instant, line: LineId, returned: bool) {
        if self.over {
            return; // Shutting down leaves the caller to others.
        }
        let Task::Answer { calls, after, options, .. } = &self.task else {
            let status = if self.calls.is_empty() { NOT_HERE } else { BUSY };
            return self.want(Intent::Reject { line, status });
        };
        // Whom the PBX gives back would come back for ever.
        let (after, targets) = (*after, if returned { VecDeque::new() } else { targets(options) });
        if self.calls_that_count() >= *calls as usize {
            return self.want(Intent::Reject { line, status: BUSY });
        }
        self.timers.retain(|(_, timer)| *timer != Timer::NobodyCalls);
        self.timers.push((now + after, Timer::Take(line)));
        self.calls.insert(line, Call::new(targets));
        // With `--after 0` nothing is waited for.
        self.handle_timeout(now);
    }

    fn on_dialing(&mut self, now: Instant, line: LineId) {
        if !self.calls.contains_key(&line)
            && let Some(first) = self.consulting.take()
        {
            let origin = Origin::Third(first);
            self.timers.push((now + PATIENCE, Timer::NobodyAnswers(line)));
            self.calls.insert(line, Call { origin, begun: true, ..Call::new(VecDeque::new()) });
            return;
        }
        if let Task::Call { timeout, options, .. } = &self.task {
            self.timers.push((now + *timeout, Timer::NobodyAnswers(line)));
            self.calls.entry(line).or_insert_with(|| Call::new(targets(options)));
        }
    }

    /// The PBX puts another call in the place of one of ours. The telephone answers it by itself where that one stands.
    fn on_replacing(&mut self, line: LineId, old: LineId) {
        self.on_referred(old, line);
        if self.calls.get(&old).is_some_and(|call| !call.answered) {
            self.want(Intent::Answer { line });
        }
    }

    /// The call goes on elsewhere, and with it what is still to be done.
    fn on_referred(&mut self, line: LineId, to: LineId) {
        let call = Call { origin: Origin::MovedFrom(line), ..Call::new(VecDeque::new()) };
        self.calls.insert(to, call);
        self.hand_over(line, to);
    }

    fn hand_over(&mut self, from: LineId, to: LineId) {
        let Some(call) = self.call_on(from) else { return };
        let (targets, begun) = (std::mem::take(&mut call.targets), call.begun);
        self.in_call(to, |call| (call.targets, call.begun) = (targets, begun));
        for (_, timer) in &mut self.timers {
            if let Timer::Step(line, _) = timer
                && *line == from
            {
                *line = to;
            }
        }
    }

    fn on_answered(&mut self, now: Instant, line: LineId) {
        self.timers.retain(|(_, timer)| ![Timer::NobodyAnswers(line), Timer::Take(line)].contains(timer));
        if let Some(call) = self.calls.get_mut(&line).filter(|call| call.begun) {
            call.answered = true;
            if let Origin::Third(_) = call.origin {
                self.want(Intent::Conference { on: true });
            }
            return;
        }
        let (Task::Call { options, .. } | Task::Answer { options, .. }) = &self.task else { return };
        let mut steps = steps(options);
        if !self.calls.contains_key(&line) && !self.over {
            let call = Call::new(targets(options));
            self.take_on(line, call);
        }
        let others_wait = self.calls.iter().any(|(other, call)| *other != line && call.answered);
        if let Task::Answer { swap_at: Some(at), .. } = &self.task
            && others_wait
        {
            steps.push((*at, Step::Swap));
        }
        let Some(call) = self.call_on(line) else { return };
        (call.answered, call.begun) = (true, true);
        self.timers.extend(steps.into_iter().map(|(at, step)| (now + at, Timer::Step(line, step))));
        self.handle_timeout(now);
    }

    /// A call that answered itself before our refusal: it is one of those wanted, and who still rings is too many.
    fn take_on(&mut self, line: LineId, call: Call) {
        let Task::Answer { calls, .. } = &self.task else { return };
        let too_many = (self.calls_that_count() + 1).saturating_sub(*calls as usize);
        self.calls.insert(line, call);
        let rings = |(other, call): (&LineId, &Call)| (*other != line && !call.answered).then_some(*other);
        let rings: Vec<LineId> = self.calls.iter().filter_map(rings).take(too_many).collect();
        for other in rings {
            self.tell_busy(other);
        }
    }

    fn tell_busy(&mut self, line: LineId) {
        self.timers.retain(|(_, timer)| *timer != Timer::Take(line));
        self.in_call(line, |call| call.excused = true);
        self.want(Intent::Reject { line, status: BUSY });
    }

    fn on_timer(&mut self, timer: Timer) {
        match timer {
            Timer::Stay => {
                if let Some(trouble) = self.registration.take() {
                    self.verdict.add(trouble);
                }
                self.finish();
            }
            Timer::NobodyCalls => {
                self.verdict.add(self.registration.take().unwrap_or(Trouble::NobodyCalled));
                self.finish();
            }
            Timer::NobodyAnswers(line) => self.want(Intent::HangUp { line }),
            Timer::Take(line) => self.take(line),
            Timer::Step(line, step) => self.step(line, step),
        }
    }

    fn take(&mut self, line: LineId) {
        let reject = if let Task::Answer { reject, .. } = &self.task { *reject } else { None };
        let Some(call) = self.call_on(line) else { return };
        call.excused = reject.is_some();
        self.want(match reject {
            Some(status) => Intent::Reject { line, status },
            None => Intent::Answer { line },
        });
    }

    fn step(&mut self, line: LineId, step: Step) {
        let Some(call) = self.calls.get(&line) else { return };
        let intent = match step {
            Step::Digits(digits) => Intent::Digits { line, digits },
            Step::Record => Intent::Record { line },
            Step::PauseRecording => Intent::PauseRecording { line, on: true },
            Step::ResumeRecording => Intent::PauseRecording { line, on: false },
            Step::Hold => Intent::Hold { line },
            Step::Resume => Intent::Resume { line },
            Step::Swap => Intent::Swap,
            Step::Consult(target) => {
                self.consulting = Some(line);
                Intent::Consult { line, target }
            }
            Step::HangUp => {
                let (origin, third) = (call.origin, self.third_with(line));
                let moved_from = if let Origin::MovedFrom(old) = origin { Some(old) } else { None };
                for line in moved_from.into_iter().chain(third) {
                    self.want(Intent::HangUp { line });
                }
                Intent::HangUp { line }
            }
            Step::Transfer => return self.pass_on(line),
            Step::TransferStranger => return self.on_stranger(line),
        };
        self.want(intent);
    }

    fn on_ended(&mut self, now: Instant, line: LineId, end: (EndedBy, CallOutcome, Option<u16>, Duration)) {
        let goes_on_elsewhere = self.leaves_the_other(line);
        self.leaves_the_third(line);
        let Some(call) = self.calls.remove(&line) else { return };
        self.timers.retain(|(_, timer)| !timer.is_of(line));
        let counts = !matches!(call.origin, Origin::Third(_));
        for trouble in call.troubles(end).into_iter().flatten() {
            self.verdict.add(trouble);
        }
        if goes_on_elsewhere {
            return;
        }
        self.calls_over += u32::from(counts);
        // To resume one who is being passed on would be to take them back.
        let waits = |call: &Call| call.answered && !call.passing_on;
        if let Some((waiting, _)) = self.calls.iter().find(|(_, call)| waits(call)) {
            let line = *waiting;
            return self.want(Intent::Resume { line });
        }
        match &self.task {
            _ if !self.calls.is_empty() => {}
            Task::Answer { calls, .. } if self.calls_over < *calls => self.wait_for_call(now),
            _ => self.finish(),
        }
    }

    /// A call that was moved has two lines for a while, and is over with the second of them.
    fn leaves_the_other(&mut self, line: LineId) -> bool {
        let Some(origin) = self.calls.get(&line).map(|call| call.origin) else { return false };
        let onward = self.calls.values_mut().find(|other| other.origin == Origin::MovedFrom(line));
        if let Some(onward) = onward {
            onward.origin = if origin == Origin::Own { Origin::Moved } else { origin };
            self.in_call(line, |call| call.excused = true);
            return true;
        }
        if let Origin::MovedFrom(old) = origin {
            if self.calls.get(&line).is_some_and(|call| !call.answered) {
                self.in_call(line, |call| call.excused = true);
                self.hand_over(line, old);
            }
            return true;
        }
        false
    }

    fn third_with(&self, line: LineId) -> Option<LineId> {
        self.calls.iter().find(|(_, call)| call.origin == Origin::Third(line)).map(|(third, _)| *third)
    }

    /// Who was called for a conference goes on alone, or is not called any more.
    fn leaves_the_third(&mut self, line: LineId) {
        self.consulting.take_if(|first| *first == line);
        let Some(third) = self.third_with(line) else { return };
        if self.calls.get(&third).is_some_and(|call| call.answered) {
            self.hand_over(line, third);
        } else {
            self.want(Intent::HangUp { line: third });
        }
    }

    /// Of `--calls`; one that is moved is one, and whoever was called for a conference is none.
    fn calls_that_count(&self) -> usize {
        let beside = |call: &&Call| matches!(call.origin, Origin::MovedFrom(_) | Origin::Third(_));
        self.calls_over as usize + self.calls.values().filter(|call| !beside(call)).count()
    }

    fn wait_for_call(&mut self, now: Instant) {
        if let Task::Answer { timeout: Some(timeout), .. } = &self.task {
            self.timers.push((now + *timeout, Timer::NobodyCalls));
        }
    }

    fn on_refused(&mut self, line: Option<LineId>, why: Refusal) {
        match why {
            // The call went away while we spoke.
            Refusal::NoSuchLine | Refusal::WrongState | Refusal::BeingJoined => {
                tracing::debug!(?why, "came too late");
            }
            Refusal::BadTarget => self.verdict.add(Trouble::BadTarget),
            Refusal::Busy => self.verdict.add(Trouble::Busy),
            Refusal::NoMediaPort => {
                self.verdict.add(Trouble::NoMediaPort);
                self.turn_away(line);
            }
            Refusal::NoDigits => self.verdict.add(Trouble::NoDigits),
            Refusal::TooManyDigits => self.verdict.add(Trouble::TooManyDigits),
            Refusal::TooManyWatched => self.verdict.add(Trouble::TooManyWatched),
        }
        let hopeless = match line {
            None => true,
            Some(line) => {
                why == Refusal::NoMediaPort && self.call_on(line).is_some_and(|call| !call.answered)
            }
        };
        if hopeless && self.calls.keys().all(|call| Some(*call) == line) {
            self.finish();
        }
    }

    /// Nobody is left to ring at a telephone that cannot take them while another call stands.
    fn turn_away(&mut self, line: Option<LineId>) {
        let Some(line) = line.filter(|_| self.calls.len() > 1) else { return };
        if self.calls.get(&line).is_some_and(|call| !call.answered) {
            self.tell_busy(line);
        }
    }

    fn options(&self) -> Option<&CallOptions> {
        match &self.task {
            Task::Call { options, .. } | Task::Answer { options, .. } => Some(options),
            _ => None,
        }
    }

    // -- what is noted for the verdict

    fn in_call(&mut self, line: LineId, note: impl FnOnce(&mut Call)) {
        if let Some(call) = self.calls.get_mut(&line) {
            note(call);
        }
    }

    fn on_card(&mut self, line: LineId, card: &Card) {
        if let CardAnswer::Found { clients, .. } = &card.answer {
            // The best one of several: nobody is here to choose.
            let client = clients.first().map(|client| client.id);
            self.on_client(line, client);
        }
        match &card.answer {
            CardAnswer::Unavailable { why } => self.on_desk_trouble(why),
            CardAnswer::Found { .. } => {}
        }
    }

    fn parts(&self) -> bool {
        self.options().is_some_and(|options| options.parts)
    }

    fn on_desk_trouble(&mut self, why: &Unavailable) {
        if self.desk_required {
            self.verdict.add(Trouble::Desk(why.clone()));
        }
    }

    fn call_on(&mut self, line: LineId) -> Option<&mut Call> {
        self.calls.get_mut(&line)
    }

    fn want(&mut self, intent: Intent) {
        self.wanted.push_back(Do::Intent(intent));
    }

    fn finish(&mut self) {
        self.over = true;
        self.timers.clear();
        self.wanted.push_back(Do::Finish);
    }
}

impl Timer {
    fn is_of(&self, of: LineId) -> bool {
        match self {
            Self::NobodyAnswers(line) | Self::Take(line) | Self::Step(line, _) => *line == of,
            Self::Stay | Self::NobodyCalls => false,
        }
    }
}

impl Call {
    fn new(targets: VecDeque<String>) -> Self {
        Self {
            answered: false,
            begun: false,
            origin: Origin::Own,
            excused: false,
            held_by_us: false,
            held_by_them: false,
            targets,
            by_rules: ByRules::default(),
            passing_on: false,
            transfer: None,
            silence: None,
            stats: None,
        }
    }

    fn troubles(self, end: (EndedBy, CallOutcome, Option<u16>, Duration)) -> [Option<Trouble>; 3] {
        let (by, outcome, status, talked) = end;
        let ending = match outcome {
            _ if self.excused => None,
            // Answered or not: it did not last as long as it was meant to.
            CallOutcome::Completed | CallOutcome::Failed if by == EndedBy::Network => {
                Some(Trouble::CallBroken(status))
            }
            CallOutcome::Completed | CallOutcome::AnsweredElsewhere => None,
            CallOutcome::Busy => Some(Trouble::TheyAreBusy),
            CallOutcome::Missed => Some(Trouble::CallerGaveUp),
            CallOutcome::Cancelled => Some(Trouble::NobodyAnswered),
            CallOutcome::Refused | CallOutcome::Failed => Some(Trouble::CallRefused(status)),
        };
        let silent = self.answered && !self.excused && self.audio_never_came(talked);
        let silence = silent.then(|| Trouble::NoAudio(self.silence.unwrap_or(NoAudioCause::NothingArrives)));
        [ending, self.transfer, silence]
    }

    fn held_by(&mut self, side: Side) -> &mut bool {
        match side {
            Side::Us => &mut self.held_by_us,
            Side::Them => &mut self.held_by_them,
        }
    }

    fn audio_never_came(&self, talked: Duration) -> bool {
        let nothing = self.stats.as_ref().is_some_and(|stats| stats.rx_packets == 0);
        let useless = matches!(self.silence, Some(NoAudioCause::UnknownCodec | NoAudioCause::Encrypted));
        // Whom we hold sends nothing; but it may have been missed before.
        let held = self.held_by_them || self.held_by_us && self.silence.is_none();
        (nothing || useless) && talked >= TOO_SHORT_FOR_AUDIO && !held
    }
}

fn targets(options: &CallOptions) -> VecDeque<String> {
    options.transfer.clone().unwrap_or_default().into()
}

/// The options' steps with their times since the answer, in the order in which they are taken when
/// times are equal.
fn steps(options: &CallOptions) -> Vec<(Duration, Step)> {
    let mut steps = Vec::new();
    steps.extend(options.dtmf.clone().map(|digits| (Duration::ZERO, Step::Digits(digits))));
    steps.extend(options.record_from.map(|at| (at, Step::Record)));
    steps.extend(options.pause_recording_at.map(|at| (at, Step::PauseRecording)));
    steps.extend(options.resume_recording_at.map(|at| (at, Step::ResumeRecording)));
    steps.extend(options.hold_at.map(|at| (at, Step::Hold)));
    steps.extend(options.resume_at.map(|at| (at, Step::Resume)));
    if let Some(target) = &options.conference {
        steps.push((options.conference_at.unwrap_or_default(), Step::Consult(target.clone())));
    }
    if options.transfer.is_some() {
        let at = options.transfer_at.unwrap_or_default();
        steps.push((at, Step::Transfer));
        if options.transfers_by_rules() {
            steps.push((at + LOOK_UP_TIME, Step::TransferStranger));
        }
    }
    steps.extend(options.seconds.map(|at| (at, Step::HangUp)));
    steps
}

#[cfg(test)]
mod tests;
