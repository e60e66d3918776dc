//! How a client is passed on (duty 4): on hold first, then REFER (RFC 3515), and the last NOTIFY decides.
//!
//! A 202 promises nothing, and neither does silence. Until the final word the client is ours; where
//! the client is after a blind transfer that failed depends on the PBX (`PbxBehaviour`). With return, or after a consultation,
//! the REFER names the call to the target (`passing`), and whatever fails the PBX has moved nobody.

use super::event::{
    CallOutcome, ClientIs, EndedBy, Event, Proof, Refusal, TransferFault, TransferOutcome, TransferWay,
};
use super::line::{Ending, Line, Means, Stage};
use crate::instant::Instant;
use crate::sip::message::{StatusCode, Uri};
use crate::sip::{self, CallKey, ReferKey, ReferProgress};
use std::time::Duration;

/// From a REFER with Replaces to the last word: both are there already.
const JOIN_TIME: Duration = Duration::from_secs(5);
/// From an answer to the word that the target's own line talks: the PBX tells both in the same moment.
const LINE_STATE_TIME: Duration = Duration::from_millis(800);
/// To hear what is asked for, and press the key.
const KEY_TIME: Duration = Duration::from_secs(12);
/// Between attempts while one of the two calls is busy with an offer.
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// From the target's answer to the REFER. Asterisk says 200 some milliseconds before it has the two of that call together, and a
/// REFER that comes in between leaves the client in silence for good.
pub(super) const BRIDGING: Duration = Duration::from_millis(100);

pub(super) struct Transfer {
    /// As the operator asked for it.
    target: String,
    way: Way,
    step: Step,
    /// Once the PBX has been asked.
    refer: Option<ReferKey>,
}

enum Way {
    Blind {
        uri: Uri,
    },
    /// `comes_back`: off hold after a failure.
    Return {
        with: CallKey,
        proof: Proof,
        comes_back: bool,
    },
    Consultation {
        with: CallKey,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    /// With return: the target's telephone rings, until it is given up.
    Calling { until: Instant },
    /// With return: something has answered there, and may be no person.
    Proving { until: Instant },
    /// Waiting for the hold to be agreed; the REFER goes out at `until` in any case. Not before `ask_at`, where the target has just
    /// answered or another offer was under way.
    Holding { until: Instant, ask_at: Option<Instant> },
    /// REFER sent.
    Asked { until: Instant },
    /// At least one NOTIFY came.
    Watching { until: Instant },
    /// Given up or taken back; but the PBX may still move the client, and then says so. Until then the target's call is not
    /// touched either: a BYE that crosses the join would leave the client with nobody.
    LetGo { until: Option<Instant> },
}

impl Transfer {
    fn new(target: String, way: Way, step: Step) -> Self {
        Self { target, way, step, refer: None }
    }

    pub fn blind(target: String, uri: Uri, until: Instant) -> Self {
        Self::new(target, Way::Blind { uri }, Step::Holding { until, ask_at: None })
    }

    pub fn with_return(
        target: String,
        with: CallKey,
        until: Instant,
        proof: Proof,
        comes_back: bool,
    ) -> Self {
        Self::new(target, Way::Return { with, proof, comes_back }, Step::Calling { until })
    }

    pub fn after_consultation(target: String, with: CallKey, until: Instant) -> Self {
        Self::new(target, Way::Consultation { with }, Step::Holding { until, ask_at: None })
    }

    pub fn deadline(&self) -> Option<Instant> {
        match self.step {
            Step::Holding { until, ask_at } => Some(ask_at.map_or(until, |at| at.min(until))),
            Step::Calling { until }
            | Step::Proving { until }
            | Step::Asked { until }
            | Step::Watching { until } => Some(until),
            Step::LetGo { until } => until,
        }
    }

    fn is_under_way(&self) -> bool {
        !matches!(self.step, Step::LetGo { .. })
    }

    fn may_still_join(&self) -> bool {
        matches!(self.step, Step::LetGo { until: Some(_) })
    }

    fn way(&self) -> TransferWay {
        match self.way {
            Way::Blind { .. } => TransferWay::Blind,
            Way::Return { .. } => TransferWay::Return,
            Way::Consultation { .. } => TransferWay::Consultation,
        }
    }

    /// The call whose far end the client is to be joined with.
    fn with(&self) -> Option<CallKey> {
        match self.way {
            Way::Blind { .. } => None,
            Way::Return { with, .. } | Way::Consultation { with } => Some(with),
        }
    }

    /// The PBX has been asked to move the client.
    fn is_asked(&self) -> bool {
        matches!(self.step, Step::Asked { .. } | Step::Watching { .. } | Step::LetGo { .. })
    }
}

impl Line {
    pub fn begin_transfer(&mut self, means: &mut Means<'_>, transfer: Transfer) -> Result<(), Refusal> {
        self.may_be_passed_on()?;
        let (target, way) = (transfer.target.clone(), transfer.way());
        means.say(Event::TransferStarted { line: self.id, target, way });
        self.former_transfers.extend(self.transfer.replace(transfer));
        if self.hold.in_force() && self.hold.is_settled() {
            self.on_hold_settled(means);
            return Ok(());
        }
        self.set_hold(means, true)
    }

    /// To whom.
    pub fn passed_to(&self) -> Option<&str> {
        self.transfer.as_ref().map(|transfer| transfer.target.as_str())
    }

    pub fn is_in_transfer(&self) -> bool {
        self.transfer.as_ref().is_some_and(Transfer::is_under_way)
    }

    /// The PBX may be joining the client with somebody, though the operator has taken him back.
    pub fn may_still_be_joined(&self) -> bool {
        self.transfer.as_ref().is_some_and(Transfer::may_still_join)
    }

    /// The client of this line is to be joined with the far end of that call.
    pub fn joins(&self, call: CallKey) -> bool {
        let may_join = |transfer: &&Transfer| transfer.is_under_way() || transfer.may_still_join();
        self.transfer.as_ref().filter(may_join).and_then(Transfer::with) == Some(call)
    }

    /// The PBX has been asked to move the client.
    pub fn is_asked_for(&self) -> bool {
        self.transfer.as_ref().is_some_and(Transfer::is_asked)
    }

    /// The hold before a REFER is agreed, or will not be: the REFER goes out either way, since a
    /// client who hears silence is better off than one who is not passed on.
    pub fn on_hold_settled(&mut self, means: &mut Means<'_>) {
        if let Some(Transfer { step: Step::Holding { ask_at, .. }, .. }) = self.transfer
            && ask_at.is_none_or(|at| at <= means.now)
        {
            self.ask(means);
        }
    }

    fn ask(&mut self, means: &mut Means<'_>) {
        let Some(transfer) = self.transfer.as_mut() else { return };
        let now = means.now;
        let (asked, patience) = match &transfer.way {
            Way::Blind { uri } => {
                (means.user_agent.refer(now, self.call, uri.clone()), means.pbx.first_word_time)
            }
            Way::Return { with, .. } | Way::Consultation { with } => {
                (means.user_agent.refer_replacing(now, self.call, *with), JOIN_TIME)
            }
        };
        match (asked, transfer.step) {
            (Ok(refer), _) => {
                (transfer.step, transfer.refer) = (Step::Asked { until: now + patience }, Some(refer));
            }
            (Err(_), Step::Holding { until, .. }) if until > now && transfer.with().is_some() => {
                transfer.step = Step::Holding { until, ask_at: Some(now + BUSY_PAUSE) };
            }
            _ => self.transfer_failed(means, None, String::new(), ClientIs::Kept, TransferFault::NotTaken),
        }
    }

    // -- with return: the target's telephone

    /// Nobody has been found for the client yet.
    pub fn seeks_a_person(&self) -> bool {
        let seeks = |transfer: &Transfer| !transfer.is_asked() && matches!(transfer.way, Way::Return { .. });
        self.transfer.as_ref().is_some_and(seeks)
    }

    /// Somebody else is called instead.
    pub fn seek_no_more(&mut self, means: &mut Means<'_>) {
        if self.seeks_a_person() {
            self.transfer_failed(means, None, String::new(), ClientIs::Kept, TransferFault::OtherTarget);
        }
    }

    pub fn on_target_rings(&mut self, means: &mut Means<'_>, status: StatusCode) {
        if let Some(Transfer { step: Step::Calling { .. }, .. }) = self.transfer {
            self.transfer_goes_on(means, status.code());
        }
    }

    /// `talks`: what is known of the target's own line. Whether whoever answered is to press a key.
    pub fn on_target_answered(&mut self, means: &mut Means<'_>, talks: Option<bool>) -> bool {
        let Some(transfer) = self.transfer.as_mut() else { return false };
        let (Step::Calling { .. }, Way::Return { proof, .. }) = (transfer.step, &transfer.way) else {
            return false;
        };
        let time = match proof {
            Proof::LineState if talks == Some(false) => LINE_STATE_TIME,
            Proof::Key => KEY_TIME,
            Proof::LineState => {
                self.join_target(means);
                return false;
            }
        };
        let by_key = *proof == Proof::Key;
        transfer.step = Step::Proving { until: means.now + time };
        by_key
    }

    /// The target of this line's transfer has answered; whether it is a person shows in this way.
    pub fn proves_target(&self, by: Proof) -> Option<&str> {
        let transfer = self.transfer.as_ref()?;
        match (transfer.step, &transfer.way) {
            (Step::Proving { .. }, Way::Return { proof, .. }) if *proof == by => Some(&transfer.target),
            _ => None,
        }
    }

    /// A person it is.
    pub fn on_target_proved(&mut self, means: &mut Means<'_>) {
        if let Some(Transfer { step: Step::Proving { .. }, .. }) = self.transfer {
            self.join_target(means);
        }
    }

    fn join_target(&mut self, means: &mut Means<'_>) {
        let Some(transfer) = self.transfer.as_mut() else { return };
        let (until, ask_at) = (means.now + means.pbx.hold_time, Some(means.now + BRIDGING));
        transfer.step = Step::Holding { until, ask_at };
    }

    pub fn on_target_gone(&mut self, means: &mut Means<'_>, status: Option<u16>, reason: String) {
        self.transfer_failed(means, status, reason, ClientIs::Kept, TransferFault::TargetFailed);
    }

    // -- the PBX's word

    /// The call whose far end the client has been joined with: it is over for us.
    pub fn on_refer_progress(
        &mut self,
        means: &mut Means<'_>,
        refer: ReferKey,
        progress: ReferProgress,
    ) -> Option<CallKey> {
        if self.stage != Stage::Talking {
            return None;
        }
        let Some(transfer) = self.transfer.as_ref().filter(|transfer| transfer.refer == Some(refer)) else {
            self.on_late_word(means, refer, &progress);
            return None;
        };
        let with = transfer.with();
        match progress {
            ReferProgress::Taken => self.transfer_goes_on(means, 202),
            ReferProgress::Status { status, last: false, .. } if status.is_provisional() => {
                self.on_first_word(means);
                self.transfer_goes_on(means, status.code());
            }
            ReferProgress::Status { status, .. } if status.is_provisional() => self.no_word(means),
            ReferProgress::Status { status, .. } if status.is_success() => {
                self.passed_on(means);
                return with;
            }
            ReferProgress::Status { status, reason, .. } => {
                let after = means.pbx.client_after(status.code());
                let client = if with.is_none() { after } else { ClientIs::Kept };
                self.transfer_failed(means, Some(status.code()), reason, client, TransferFault::TargetFailed);
            }
            ReferProgress::Refused { status, reason } => {
                let code = Some(status.code());
                self.transfer_failed(means, code, reason, ClientIs::Kept, TransferFault::NotTaken);
            }
            ReferProgress::NoWord => self.no_word(means),
        }
        None
    }

    /// Of a former transfer: whoever the client is on the way to now is not meant. Only that the client has gone there after all
    /// ends this one, too.
    fn on_late_word(&mut self, means: &mut Means<'_>, refer: ReferKey, progress: &ReferProgress) {
        let ReferProgress::Status { status, last: true, .. } = progress else { return };
        let former = self.former_transfers.iter().position(|former| former.refer == Some(refer));
        let Some(former) = former.map(|at| self.former_transfers.remove(at)) else { return };
        if status.is_success() {
            if let Some(present) = self.transfer.replace(former).filter(Transfer::is_under_way) {
                means.say(Event::TransferFailed {
                    line: self.id,
                    target: present.target,
                    status: None,
                    reason: String::new(),
                    client: ClientIs::Kept,
                    why: TransferFault::OtherTarget,
                });
            }
            self.passed_on(means);
        }
    }

    /// The operator wants the client back before the last word.
    pub fn take_back(&mut self, means: &mut Means<'_>) {
        let Some(transfer) = self.transfer.as_ref() else { return };
        match transfer.step {
            // The PBX has not been asked yet.
            Step::Calling { .. } | Step::Proving { .. } | Step::Holding { .. } => {
                self.transfer_failed(means, None, String::new(), ClientIs::Kept, TransferFault::TakenBack);
            }
            Step::Asked { until } | Step::Watching { until } => {
                let until = transfer.with().map(|_| until);
                self.let_go(means, TransferFault::TakenBack, until);
            }
            Step::LetGo { .. } => {}
        }
    }

    /// The call ended while its transfer was under way.
    pub fn transfer_ends_with_call(&mut self, means: &mut Means<'_>, by: sip::EndedBy) {
        let Some(transfer) = self.transfer.take().filter(Transfer::is_under_way) else { return };
        let client = match (transfer.is_asked() || !self.former_transfers.is_empty(), by) {
            // Nobody else has been asked to take the client.
            (false, sip::EndedBy::Us | sip::EndedBy::Them) => ClientIs::Left,
            (false, sip::EndedBy::Network) => ClientIs::Lost,
            (true, _) => ClientIs::Unknown,
        };
        means.say(Event::TransferFailed {
            line: self.id,
            target: transfer.target,
            status: None,
            reason: String::new(),
            client,
            why: TransferFault::CallEnded,
        });
    }

    pub fn on_transfer_timeout(&mut self, means: &mut Means<'_>) {
        let Some(transfer) = self.transfer.as_mut() else { return };
        if transfer.deadline().is_none_or(|at| at > means.now) {
            return;
        }
        match transfer.step {
            Step::Calling { .. } => {
                self.transfer_failed(means, None, String::new(), ClientIs::Kept, TransferFault::NoAnswer);
            }
            Step::Proving { .. } => {
                self.transfer_failed(means, None, String::new(), ClientIs::Kept, TransferFault::NoPerson);
            }
            // It is asked when the hold is agreed.
            Step::Holding { until, .. } if until > means.now && !self.hold.is_settled() => {
                transfer.step = Step::Holding { until, ask_at: None };
            }
            Step::Holding { .. } => {
                if !self.hold.is_settled() {
                    means.say(Event::HoldFailed { line: self.id, status: 408 });
                }
                self.ask(means);
            }
            _ => self.no_word(means),
        }
    }

    fn on_first_word(&mut self, means: &Means<'_>) {
        if let Some(transfer) = self.transfer.as_mut()
            && let Step::Asked { .. } = transfer.step
        {
            let patience = if transfer.with().is_some() { JOIN_TIME } else { means.pbx.final_word_time };
            transfer.step = Step::Watching { until: means.now + patience };
        }
    }

    fn transfer_goes_on(&self, means: &mut Means<'_>, status: u16) {
        if let Some(transfer) = self.transfer.as_ref().filter(|transfer| transfer.is_under_way()) {
            let target = transfer.target.clone();
            means.say(Event::TransferProgress { line: self.id, target, status });
        }
    }

    /// Blind on Asterisk, 200 comes as soon as the target rings: handed over, answer unknown. The PBX
    /// leaves it to us to end our leg.
    fn passed_on(&mut self, means: &mut Means<'_>) {
        let Some(transfer) = self.transfer.take() else { return };
        let outcome = match transfer.with() {
            Some(_) => TransferOutcome::Joined,
            None => TransferOutcome::HandedOver,
        };
        means.say(Event::Transferred { line: self.id, target: transfer.target, outcome });
        let ending = Ending { by: EndedBy::Transfer, outcome: CallOutcome::Completed, status: None };
        self.hang_up(means, Some(ending));
    }

    fn transfer_failed(
        &mut self,
        means: &mut Means<'_>,
        status: Option<u16>,
        reason: String,
        client: ClientIs,
        why: TransferFault,
    ) {
        let Some(transfer) = self.transfer.take() else { return };
        let taken_back = !transfer.is_under_way();
        let waits = match transfer.way {
            Way::Return { .. } if why == TransferFault::OtherTarget => true,
            Way::Return { comes_back, .. } => !comes_back && why != TransferFault::TakenBack,
            // Where the operator talks with the target still; else there is nobody but the client to go on with.
            Way::Consultation { .. } => self.aside && why != TransferFault::TakenBack,
            Way::Blind { .. } => false,
        };
        if !(taken_back && client == ClientIs::Kept) {
            let target = transfer.target;
            means.say(Event::TransferFailed { line: self.id, target, status, reason, client, why });
        }
        match client {
            // Off hold since the client was taken back, or on hold again because the operator wished it so.
            ClientIs::Kept if taken_back => self.returns(means),
            ClientIs::Kept if waits => self.hold.will_return(),
            ClientIs::Kept => self.bring_back(means),
            ClientIs::Lost | ClientIs::Left => {
                let (by, outcome) = (EndedBy::Transfer, CallOutcome::Failed);
                let ending = Ending { by, outcome, status: None };
                self.hang_up(means, Some(ending));
            }
            ClientIs::Unknown => self.take_off_hold(means),
        }
    }

    fn no_word(&mut self, means: &mut Means<'_>) {
        match self.transfer.as_mut() {
            Some(transfer) if transfer.is_under_way() => self.let_go(means, TransferFault::NoWord, None),
            Some(transfer) => transfer.step = Step::LetGo { until: None },
            None => {}
        }
    }

    /// Off hold, with an eye on a late NOTIFY.
    fn let_go(&mut self, means: &mut Means<'_>, why: TransferFault, until: Option<Instant>) {
        let Some(transfer) = self.transfer.as_mut() else { return };
        transfer.step = Step::LetGo { until };
        let target = transfer.target.clone();
        let (status, reason, client) = (None, String::new(), ClientIs::Unknown);
        means.say(Event::TransferFailed { line: self.id, target, status, reason, client, why });
        self.take_off_hold(means);
    }
}
