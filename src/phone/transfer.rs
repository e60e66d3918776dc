//! Blind transfer (RFC 3515, duty 4): the client on hold, REFER, and the last NOTIFY decides.
//!
//! A 202 promises nothing, and neither does silence. Until the final word the client is ours; where
//! the client is after a failure depends on the PBX (`PbxBehaviour`).

use super::event::{CallOutcome, ClientIs, EndedBy, Event, Refusal, TransferFault, TransferOutcome};
use super::line::{Ending, Line, Means, Stage};
use crate::instant::Instant;
use crate::sip::ReferProgress;
use crate::sip::message::Uri;

pub(super) struct Transfer {
    /// As the operator asked for it.
    target: String,
    uri: Uri,
    step: Step,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    /// Waiting for the hold to be agreed; the REFER goes out at `until` in any case.
    Holding { until: Instant },
    /// REFER sent.
    Asked { until: Instant },
    /// At least one NOTIFY came.
    Watching { until: Instant },
    /// Given up or taken back; but the PBX may still move the client, and then says so.
    LetGo,
}

impl Transfer {
    pub fn deadline(&self) -> Option<Instant> {
        match self.step {
            Step::Holding { until } | Step::Asked { until } | Step::Watching { until } => Some(until),
            Step::LetGo => None,
        }
    }

    fn is_under_way(&self) -> bool {
        self.step != Step::LetGo
    }
}

impl Line {
    pub fn begin_transfer(&mut self, means: &mut Means<'_>, target: String, uri: Uri) -> Result<(), Refusal> {
        if self.stage != Stage::Talking || self.is_in_transfer() {
            return Err(Refusal::WrongState);
        }
        means.say(Event::TransferStarted { line: self.id, target: target.clone() });
        let until = means.now + means.pbx.hold_time;
        self.transfer = Some(Transfer { target, uri, step: Step::Holding { until } });
        if self.hold.in_force() && self.hold.is_settled() {
            self.on_hold_settled(means);
            return Ok(());
        }
        self.set_hold(means, true)
    }

    pub fn is_in_transfer(&self) -> bool {
        self.transfer.as_ref().is_some_and(Transfer::is_under_way)
    }

    /// The hold before a REFER is agreed, or will not be: the REFER goes out either way, since a
    /// client who hears silence is better off than one who is not passed on.
    pub fn on_hold_settled(&mut self, means: &mut Means<'_>) {
        let Some(transfer) = self.transfer.as_mut() else { return };
        if !matches!(transfer.step, Step::Holding { .. }) {
            return;
        }
        transfer.step = Step::Asked { until: means.now + means.pbx.first_word_time };
        let uri = transfer.uri.clone();
        if means.user_agent.refer(means.now, self.call, uri).is_err() {
            self.transfer_failed(means, None, String::new(), ClientIs::Kept, TransferFault::NotTaken);
        }
    }

    pub fn on_refer_progress(&mut self, means: &mut Means<'_>, progress: ReferProgress) {
        if self.transfer.is_none() || self.stage != Stage::Talking {
            return;
        }
        match progress {
            ReferProgress::Taken => self.transfer_goes_on(means, 202),
            ReferProgress::Status { status, last: false, .. } if status.is_provisional() => {
                self.on_first_word(means);
                self.transfer_goes_on(means, status.code());
            }
            ReferProgress::Status { status, .. } if status.is_provisional() => self.no_word(means),
            ReferProgress::Status { status, .. } if status.is_success() => self.handed_over(means),
            ReferProgress::Status { status, reason, .. } => {
                let client = means.pbx.client_after(status.code());
                self.transfer_failed(means, Some(status.code()), reason, client, TransferFault::TargetFailed);
            }
            ReferProgress::Refused { status, reason } => {
                let code = Some(status.code());
                self.transfer_failed(means, code, reason, ClientIs::Kept, TransferFault::NotTaken);
            }
            ReferProgress::NoWord => self.no_word(means),
        }
    }

    /// The operator wants the client back before the last word.
    pub fn take_back(&mut self, means: &mut Means<'_>) {
        let Some(transfer) = self.transfer.as_ref() else { return };
        match transfer.step {
            // The PBX has not been asked yet.
            Step::Holding { .. } => {
                self.transfer_failed(means, None, String::new(), ClientIs::Kept, TransferFault::TakenBack);
            }
            Step::Asked { .. } | Step::Watching { .. } => self.let_go(means, TransferFault::TakenBack),
            Step::LetGo => {}
        }
    }

    /// The call ended while its transfer was under way.
    pub fn transfer_ends_with_call(&mut self, means: &mut Means<'_>) {
        let Some(transfer) = self.transfer.take().filter(Transfer::is_under_way) else { return };
        let client = match transfer.step {
            // Nobody else has been asked to take the client.
            Step::Holding { .. } => ClientIs::Lost,
            _ => ClientIs::Unknown,
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
        let Some(transfer) = self.transfer.as_ref() else { return };
        if transfer.deadline().is_none_or(|until| until > means.now) {
            return;
        }
        match transfer.step {
            Step::Holding { .. } => {
                means.say(Event::HoldFailed { line: self.id, status: 408 });
                self.on_hold_settled(means);
            }
            _ => self.no_word(means),
        }
    }

    fn on_first_word(&mut self, means: &Means<'_>) {
        if let Some(transfer) = self.transfer.as_mut()
            && let Step::Asked { .. } = transfer.step
        {
            transfer.step = Step::Watching { until: means.now + means.pbx.final_word_time };
        }
    }

    fn transfer_goes_on(&self, means: &mut Means<'_>, status: u16) {
        if let Some(transfer) = self.transfer.as_ref().filter(|transfer| transfer.is_under_way()) {
            let target = transfer.target.clone();
            means.say(Event::TransferProgress { line: self.id, target, status });
        }
    }

    /// On Asterisk 200 comes as soon as the target rings: handed over, answer unknown. The PBX
    /// leaves it to us to end our leg.
    fn handed_over(&mut self, means: &mut Means<'_>) {
        let Some(transfer) = self.transfer.take() else { return };
        let outcome = TransferOutcome::HandedOver;
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
        if !(taken_back && client == ClientIs::Kept) {
            let target = transfer.target;
            means.say(Event::TransferFailed { line: self.id, target, status, reason, client, why });
        }
        match client {
            ClientIs::Kept => self.bring_back(means),
            ClientIs::Lost => {
                let (by, outcome) = (EndedBy::Transfer, CallOutcome::Failed);
                let ending = Ending { by, outcome, status: None };
                self.hang_up(means, Some(ending));
            }
            ClientIs::Unknown => self.take_off_hold(means),
        }
    }

    fn no_word(&mut self, means: &mut Means<'_>) {
        if self.is_in_transfer() {
            self.let_go(means, TransferFault::NoWord);
        }
    }

    /// Off hold, with an eye on a late NOTIFY.
    fn let_go(&mut self, means: &mut Means<'_>, why: TransferFault) {
        let Some(transfer) = self.transfer.as_mut() else { return };
        transfer.step = Step::LetGo;
        let target = transfer.target.clone();
        let (status, reason, client) = (None, String::new(), ClientIs::Unknown);
        means.say(Event::TransferFailed { line: self.id, target, status, reason, client, why });
        self.take_off_hold(means);
    }
}
