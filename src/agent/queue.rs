//! The PBX's queue and the operator (duty 22): logged in or out, and paused while on a break, in the wrap-up, or with a client
//! on the way to somebody else. One code at a time; what the PBX makes of it is read back from a line state.

use crate::domain::line_state::LineState;
use crate::domain::pause::PauseReason;
use crate::instant::Instant;
use crate::phone::{CodeResult, Event};
use std::time::Duration;

/// Feature codes of the queue; what is missing is not done.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct QueueCodes {
    pub log_in: Option<String>,
    pub log_out: Option<String>,
    /// `{reason}` stands for [`PauseReason::number`].
    pub pause: Option<String>,
    pub resume: Option<String>,
    /// The extension whose line is free while the queue sends calls, taken while it does not, and offline where we are not
    /// logged in.
    pub state: Option<String>,
}

/// What the operator is for the queue.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct QueueView {
    pub state: QueueState,
    pub trouble: Option<QueueTrouble>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum QueueState {
    #[default]
    Unknown,
    /// The queue sends calls.
    Ready,
    /// The reason is known where we gave it.
    Paused(Option<PauseReason>),
    LoggedOut,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QueueTrouble {
    /// The operator is away, and the queue sends calls all the same.
    StillSends,
    /// The operator is ready, and somebody else has paused them.
    PausedElsewhere,
    /// The PBX refuses to log in or out, or does not do what its codes are said to do.
    Refused { order: QueueOrder, status: u16 },
    /// The PBX gives no answer to codes.
    NoAnswer,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QueueOrder {
    LogIn,
    LogOut,
    Pause(PauseReason),
    Resume,
}

/// How long the line state may take to say what a code has done.
const SETTLE: Duration = Duration::from_secs(3);
/// A wrap-up begins right after a client was passed on: no call of the queue comes in between.
const LINGER: Duration = Duration::from_secs(1);
/// From one attempt at the same order to the next.
const PAUSES: [Duration; 6] = [
    // No port was at hand, perhaps.
    Duration::from_millis(250),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];
/// The codes' word for "you are not in this queue".
const NOT_A_MEMBER: u16 = 403;

pub(super) struct Queue {
    codes: QueueCodes,
    /// What the operator wants, or has been found to be.
    member: Option<bool>,
    away: Option<PauseReason>,
    passing: bool,
    lingers_until: Option<Instant>,
    registered: bool,
    /// What the line state last said.
    read: Option<LineState>,
    /// What we take ourselves to be.
    is: QueueState,
    /// Somebody else has paused us.
    by_others: bool,
    flight: Option<QueueOrder>,
    /// Until then the line state may say what was before the last code.
    settles_until: Option<Instant>,
    /// This order came to nothing; again at that time.
    failed: Option<(QueueOrder, Instant)>,
    failures: usize,
    refused: Option<(QueueOrder, u16)>,
}

impl Queue {
    pub fn new(codes: QueueCodes) -> Self {
        Self {
            codes,
            member: None,
            away: None,
            passing: false,
            lingers_until: None,
            registered: false,
            read: None,
            is: QueueState::Unknown,
            by_others: false,
            flight: None,
            settles_until: None,
            failed: None,
            failures: 0,
            refused: None,
        }
    }

    // -- what the operator's side wants

    pub fn be_away(&mut self, reason: Option<PauseReason>) {
        self.away = reason;
    }

    pub fn be_member(&mut self, on: bool) {
        (self.member, self.by_others) = (Some(on), false);
        (self.refused, self.failed, self.failures) = (None, None, 0);
        // Whoever asks knows that they are not in it, or it does no harm.
        if on && self.is == QueueState::Unknown {
            self.is = QueueState::LoggedOut;
        }
    }

    pub fn pass_on(&mut self, now: Instant, passing: bool) {
        if self.passing && !passing {
            self.lingers_until = Some(now + LINGER);
        }
        self.passing = passing;
    }

    // -- what the PBX says

    pub fn follow(&mut self, event: &Event) {
        match event {
            Event::Registered { .. } if !self.registered => {
                self.registered = true;
                (self.failed, self.failures) = (None, 0);
                // The PBX may have restarted, and forgotten what nobody reads back.
                if self.reads().is_none() && self.is != QueueState::LoggedOut {
                    self.is = QueueState::Unknown;
                }
            }
            Event::RegistrationFailed { .. } | Event::Unregistered => self.registered = false,
            Event::LineStateChanged { extension, state, .. }
                if self.codes.state.as_ref() == Some(extension) =>
            {
                self.read = Some(*state);
                match () {
                    () if self.flight.is_some() => {}
                    () if self.is_confirmed() => self.settle(),
                    () if self.settles_until.is_some() => {}
                    () => self.adopt(),
                }
            }
            _ => {}
        }
    }

    pub fn on_code_ended(&mut self, now: Instant, result: CodeResult) {
        let Some(order) = self.flight.take() else { return };
        match result {
            CodeResult::Done => self.on_done(now, order),
            CodeResult::Refused(status) => self.on_failed(now, order, Some(status)),
            CodeResult::NoAnswer => self.on_failed(now, order, None),
        }
    }

    fn on_done(&mut self, now: Instant, order: QueueOrder) {
        (self.failed, self.refused, self.by_others) = (None, None, false);
        self.is = match order {
            QueueOrder::LogIn | QueueOrder::Resume => QueueState::Ready,
            QueueOrder::Pause(reason) => QueueState::Paused(Some(reason)),
            QueueOrder::LogOut => QueueState::LoggedOut,
        };
        if order != QueueOrder::LogOut {
            self.member.get_or_insert(true);
        }
        if self.reads().is_none() || self.is_confirmed() {
            return self.settle();
        }
        self.settles_until = Some(now + SETTLE);
    }

    fn on_failed(&mut self, now: Instant, order: QueueOrder, status: Option<u16>) {
        let joins = matches!(order, QueueOrder::LogIn | QueueOrder::LogOut);
        match status {
            Some(NOT_A_MEMBER) if !joins && self.reads() != Some(QueueState::Ready) => {
                (self.is, self.member) = (QueueState::LoggedOut, None);
                return self.settle();
            }
            // It is the operator's word, and theirs to repeat.
            Some(status) if joins => {
                (self.refused, self.member) = (Some((order, status)), None);
                return;
            }
            Some(status) => self.refused = Some((order, status)),
            None => {}
        }
        self.try_again(now, order);
    }

    fn try_again(&mut self, now: Instant, order: QueueOrder) {
        let pause = PAUSES[self.failures.min(PAUSES.len() - 1)];
        self.failures += 1;
        self.failed = Some((order, now + pause));
    }

    fn settle(&mut self) {
        (self.settles_until, self.failures) = (None, 0);
    }

    /// The line state says something else than we thought.
    fn adopt(&mut self) {
        let Some(read) = self.reads().filter(|_| !self.is_confirmed()) else { return };
        self.by_others = self.is == QueueState::Ready && matches!(read, QueueState::Paused(_));
        self.is = read;
        if read == QueueState::Ready {
            self.member.get_or_insert(true);
        }
    }

    /// None where nothing can be read.
    fn reads(&self) -> Option<QueueState> {
        match self.read? {
            LineState::Free => Some(QueueState::Ready),
            LineState::Talking | LineState::Held | LineState::Ringing => Some(QueueState::Paused(None)),
            LineState::Offline => Some(QueueState::LoggedOut),
            LineState::NotInCall | LineState::Unknown => None,
        }
    }

    /// A log-out that was paused before looks like a pause.
    fn is_confirmed(&self) -> bool {
        use QueueState::{LoggedOut, Paused, Ready};
        matches!(
            (self.is, self.reads()),
            (Ready, Some(Ready)) | (Paused(_), Some(Paused(_))) | (LoggedOut, Some(Paused(_) | LoggedOut))
        )
    }

    // -- what follows

    /// The code to be dialled now; it counts as under way from then on.
    pub fn next_code(&mut self, now: Instant) -> Option<String> {
        let order = self.wanted(now)?;
        if !self.registered || self.flight.is_some() || self.failed.is_some_and(|(failed, _)| failed == order)
        {
            return None;
        }
        let code = self.code(order)?;
        self.flight = Some(order);
        self.settles_until = None;
        Some(code)
    }

    fn reason(&self, now: Instant) -> Option<PauseReason> {
        let lingers = self.lingers_until.is_some_and(|until| until > now);
        self.away.or((self.passing || lingers).then_some(PauseReason::PassingOn))
    }

    fn wanted(&self, now: Instant) -> Option<QueueOrder> {
        use QueueState::{LoggedOut, Paused, Ready, Unknown};
        if self.member == Some(false) {
            return (self.is != LoggedOut).then_some(QueueOrder::LogOut);
        }
        match (self.reason(now), self.is) {
            (_, LoggedOut) => (self.member == Some(true)).then_some(QueueOrder::LogIn),
            (Some(reason), Paused(Some(told))) if told == reason => None,
            (Some(reason), _) => Some(QueueOrder::Pause(reason)),
            (None, Ready) => None,
            (None, Paused(None)) if self.by_others => None,
            // The line state will say it in a moment.
            (None, Unknown) if self.codes.state.is_some() && self.read.is_none() => None,
            (None, _) => Some(QueueOrder::Resume),
        }
    }

    fn code(&self, order: QueueOrder) -> Option<String> {
        let codes = &self.codes;
        match order {
            QueueOrder::LogIn => codes.log_in.clone(),
            QueueOrder::LogOut => codes.log_out.clone(),
            // Nobody is paused whom nothing could bring back.
            QueueOrder::Pause(_) if codes.resume.is_none() => None,
            QueueOrder::Pause(reason) => {
                Some(codes.pause.as_ref()?.replace("{reason}", &reason.number().to_string()))
            }
            QueueOrder::Resume => codes.resume.clone().filter(|_| codes.pause.is_some()),
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        let again = self.failed.map(|(_, at)| at);
        [self.lingers_until, self.settles_until, again].into_iter().flatten().min()
    }

    pub fn on_timeout(&mut self, now: Instant) {
        self.lingers_until.take_if(|at| *at <= now);
        self.failed.take_if(|(_, at)| *at <= now);
        if self.settles_until.take_if(|at| *at <= now).is_some() {
            if self.is_confirmed() {
                return self.settle();
            }
            let was = self.is;
            self.adopt();
            self.by_others = false;
            self.failures = self.failures.max(1);
            if was != self.is
                && let Some(order) = self.wanted(now)
            {
                self.try_again(now, order);
            }
        }
    }

    pub fn view(&self, now: Instant) -> QueueView {
        let reason = self.reason(now);
        let trouble = match self.refused {
            _ if reason.is_some() && self.reads() == Some(QueueState::Ready) && self.failures > 1 => {
                Some(QueueTrouble::StillSends)
            }
            Some((order, status)) => Some(QueueTrouble::Refused { order, status }),
            None if self.by_others && reason.is_none() => Some(QueueTrouble::PausedElsewhere),
            None => (self.failures > 1).then_some(QueueTrouble::NoAnswer),
        };
        QueueView { state: self.is, trouble }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Failure;
    use CodeResult::{Done, NoAnswer, Refused};
    use PauseReason::{Lunch, PassingOn, WrapUp};

    /// An operator and the codes that went out; each is answered by hand.
    struct Day {
        now: Instant,
        queue: Queue,
        codes: Vec<String>,
    }

    impl Day {
        fn with(state: Option<&str>) -> Self {
            let text = |code: &str| Some(code.to_owned());
            let codes = QueueCodes {
                log_in: text("*45"),
                log_out: text("*46"),
                pause: text("*47{reason}"),
                resume: text("*48"),
                state: state.map(str::to_owned),
            };
            let mut day = Self { now: Instant::START, queue: Queue::new(codes), codes: Vec::new() };
            day.registered();
            day
        }

        /// The queue sends us calls.
        fn ready() -> Self {
            let mut day = Self::with(Some("*49101"));
            day.reads(LineState::Free);
            assert_eq!(day.sent(), [""; 0]);
            day
        }

        fn go_on(&mut self) {
            let code = self.queue.next_code(self.now);
            self.codes.extend(code);
            assert!(self.queue.next_code(self.now).is_none(), "one code at a time");
        }

        fn follow(&mut self, event: &Event) {
            self.queue.follow(event);
            self.go_on();
        }

        fn registered(&mut self) {
            let server = "192.0.2.1:5060".parse().unwrap();
            let expires = Duration::from_secs(60);
            self.follow(&Event::Registered { server, expires, contact: String::new() });
        }

        fn reads(&mut self, state: LineState) {
            let (rings, refused, since) = (None, None, self.now);
            self.follow(&Event::LineStateChanged {
                extension: "*49101".into(),
                state,
                rings,
                refused,
                since,
            });
        }

        fn ended(&mut self, result: CodeResult) {
            self.queue.on_code_ended(self.now, result);
            self.go_on();
        }

        fn away(&mut self, reason: Option<PauseReason>) {
            self.queue.be_away(reason);
            self.go_on();
        }

        fn member(&mut self, on: bool) {
            self.queue.be_member(on);
            self.go_on();
        }

        fn passes(&mut self, on: bool) {
            self.queue.pass_on(self.now, on);
            self.go_on();
        }

        fn pass(&mut self, seconds: u64) {
            let end = self.now + Duration::from_secs(seconds);
            while let Some(next) = self.queue.deadline().filter(|next| *next <= end) {
                assert!(next >= self.now);
                self.now = next;
                self.queue.on_timeout(self.now);
                assert_ne!(self.queue.deadline(), Some(next), "a deadline comes once");
                self.go_on();
            }
            self.now = end;
        }

        fn sent(&mut self) -> Vec<String> {
            std::mem::take(&mut self.codes)
        }

        fn trouble(&self) -> Option<QueueTrouble> {
            self.queue.view(self.now).trouble
        }

        fn state(&self) -> QueueState {
            self.queue.view(self.now).state
        }
    }

    #[test]
    fn a_break_pauses_with_its_reason_and_the_end_of_it_resumes() {
        let mut day = Day::ready();
        day.away(Some(Lunch));
        assert_eq!(day.sent(), ["*471"]);
        day.ended(Done);
        day.reads(LineState::Talking);
        assert_eq!(day.state(), QueueState::Paused(Some(Lunch)));
        day.pass(10);
        day.away(None);
        assert_eq!(day.sent(), ["*48"]);
        day.reads(LineState::Free);
        day.ended(Done);
        day.pass(60);
        assert_eq!((day.sent(), day.state(), day.trouble()), (vec![], QueueState::Ready, None));
    }

    #[test]
    fn a_break_that_ends_while_its_code_is_under_way_is_taken_back_after_it() {
        let mut day = Day::ready();
        day.away(Some(Lunch));
        day.away(None);
        assert_eq!(day.sent(), ["*471"]);
        day.ended(Done);
        assert_eq!(day.sent(), ["*48"]);
        // What the first code did is told late.
        day.reads(LineState::Talking);
        day.ended(Done);
        day.reads(LineState::Free);
        day.pass(60);
        assert_eq!((day.sent(), day.state(), day.trouble()), (vec![], QueueState::Ready, None));
    }

    #[test]
    fn a_wrap_up_after_a_transfer_leaves_no_gap_for_a_call() {
        let mut day = Day::ready();
        day.passes(true);
        assert_eq!(day.sent(), ["*477"]);
        day.ended(Done);
        day.reads(LineState::Talking);
        day.passes(false);
        day.away(Some(WrapUp));
        assert_eq!(day.sent(), ["*476"]);
        day.ended(Done);
        day.pass(20);
        day.away(None);
        assert_eq!(day.sent(), ["*48"]);
    }

    #[test]
    fn a_client_who_was_passed_on_without_a_wrap_up_ends_the_pause() {
        let mut day = Day::ready();
        day.passes(true);
        day.ended(Done);
        day.reads(LineState::Talking);
        assert_eq!(day.state(), QueueState::Paused(Some(PassingOn)));
        day.passes(false);
        day.pass(2);
        assert_eq!(day.sent(), ["*477", "*48"]);
    }

    #[test]
    fn a_lost_code_is_repeated_until_the_pbx_answers() {
        let mut day = Day::ready();
        day.away(Some(Lunch));
        day.ended(NoAnswer);
        assert_eq!(day.trouble(), None, "it may be the next moment's");
        day.pass(1);
        day.ended(NoAnswer);
        assert_eq!(day.trouble(), Some(QueueTrouble::StillSends));
        day.pass(2);
        day.ended(Done);
        day.reads(LineState::Talking);
        day.pass(60);
        assert_eq!(day.sent(), ["*471"; 3]);
        assert_eq!(day.trouble(), None);
    }

    #[test]
    fn a_queue_that_sends_calls_in_spite_of_its_answer_is_told_and_paused_again() {
        let mut day = Day::ready();
        day.away(Some(Lunch));
        day.ended(Done);
        day.pass(2);
        assert_eq!(day.trouble(), None, "the line state has its time");
        day.pass(1);
        assert_eq!(day.trouble(), Some(QueueTrouble::StillSends));
        day.pass(2);
        assert_eq!(day.sent(), ["*471"; 2]);
        day.ended(Done);
        day.reads(LineState::Talking);
        assert_eq!(day.trouble(), None);
    }

    #[test]
    fn whoever_is_sent_back_to_work_in_a_break_is_paused_again() {
        let mut day = Day::ready();
        day.away(Some(Lunch));
        day.ended(Done);
        day.reads(LineState::Talking);
        day.sent();
        day.reads(LineState::Free);
        assert_eq!(day.sent(), ["*471"]);
    }

    #[test]
    fn a_pause_by_somebody_else_is_told_and_left_alone_until_the_operator_asks() {
        let mut day = Day::ready();
        day.reads(LineState::Talking);
        day.pass(60);
        assert_eq!((day.sent(), day.trouble()), (vec![], Some(QueueTrouble::PausedElsewhere)));
        day.member(true);
        assert_eq!(day.sent(), ["*48"]);
    }

    #[test]
    fn a_program_that_starts_again_ends_the_pause_that_it_had_left_behind() {
        let mut day = Day::with(Some("*49101"));
        assert_eq!(day.sent(), [""; 0], "the line state comes first");
        day.reads(LineState::Talking);
        assert_eq!(day.sent(), ["*48"]);
        day.ended(Done);
        day.reads(LineState::Free);
        assert_eq!((day.state(), day.trouble()), (QueueState::Ready, None));
    }

    #[test]
    fn whoever_had_logged_out_stays_so_after_a_start() {
        let mut day = Day::with(Some("*49101"));
        day.reads(LineState::Talking);
        day.ended(Refused(403));
        day.away(Some(Lunch));
        day.away(None);
        day.pass(60);
        assert_eq!((day.sent(), day.state()), (vec!["*48".to_owned()], QueueState::LoggedOut));
        assert_eq!(day.trouble(), None);
    }

    #[test]
    fn a_log_in_during_a_break_is_paused_at_once() {
        let mut day = Day::with(Some("*49101"));
        day.reads(LineState::Offline);
        day.away(Some(Lunch));
        assert_eq!(day.sent(), [""; 0], "who is not logged in cannot pause");
        day.member(true);
        day.ended(Done);
        assert_eq!(day.sent(), ["*45", "*471"]);
    }

    #[test]
    fn a_log_out_is_meant_though_it_looks_like_a_pause() {
        let mut day = Day::ready();
        day.member(false);
        day.ended(Done);
        day.reads(LineState::Talking);
        day.pass(60);
        assert_eq!(day.sent(), ["*46"]);
        assert_eq!((day.state(), day.trouble()), (QueueState::LoggedOut, None));
    }

    #[test]
    fn a_refused_log_in_is_told_and_not_repeated() {
        let mut day = Day::with(Some("*49101"));
        day.reads(LineState::Offline);
        day.member(true);
        day.ended(Refused(403));
        day.pass(300);
        assert_eq!(day.sent(), ["*45"]);
        let refused = QueueTrouble::Refused { order: QueueOrder::LogIn, status: 403 };
        assert_eq!(day.trouble(), Some(refused));
    }

    #[test]
    fn a_queue_that_forgot_us_in_a_restart_has_us_again() {
        let mut day = Day::ready();
        day.follow(&Event::RegistrationFailed { cause: Failure::TimedOut, retry_in: None });
        day.away(Some(Lunch));
        assert_eq!(day.sent(), [""; 0], "nobody would hear a code");
        day.reads(LineState::Offline);
        day.registered();
        day.ended(Done);
        assert_eq!(day.sent(), ["*45", "*471"]);
    }

    #[test]
    fn without_a_line_state_codes_alone_set_it_right() {
        let mut day = Day::with(None);
        assert_eq!(day.sent(), ["*48"]);
        day.ended(Done);
        day.away(Some(Lunch));
        day.ended(Done);
        day.follow(&Event::RegistrationFailed { cause: Failure::TimedOut, retry_in: None });
        day.registered();
        assert_eq!(day.sent(), ["*471"; 2], "the PBX may have restarted");
    }

    #[test]
    fn a_line_state_from_before_the_code_says_nothing_of_it() {
        let mut day = Day::ready();
        day.away(Some(Lunch));
        day.ended(Done);
        day.reads(LineState::Free);
        day.reads(LineState::Talking);
        day.pass(60);
        assert_eq!((day.sent(), day.state()), (vec!["*471".to_owned()], QueueState::Paused(Some(Lunch))));
    }

    #[test]
    fn nobody_is_paused_whom_no_code_could_bring_back() {
        let codes = QueueCodes { pause: Some("*47{reason}".into()), ..QueueCodes::default() };
        let mut queue = Queue::new(codes);
        queue.registered = true;
        queue.be_away(Some(Lunch));
        assert_eq!(queue.next_code(Instant::START), None);
    }

    #[test]
    fn without_codes_nothing_is_dialled() {
        let mut queue = Queue::new(QueueCodes::default());
        queue.registered = true;
        for reason in [Some(Lunch), None] {
            queue.be_away(reason);
            assert_eq!(queue.next_code(Instant::START), None);
        }
    }
}
