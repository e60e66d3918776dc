//! A line: one SIP call and one negotiated audio session.

use super::caller::Caller;
use super::event::{CallOutcome, EndedBy, Event, MediaCommand, NearEnd, Side};
use super::hold::Hold;
use super::outbox::Outbox;
use super::pbx::PbxBehaviour;
use super::referred::AskedBy;
use super::transfer::Transfer;
use crate::instant::Instant;
use crate::media::{Codec, Negotiation, StreamPlan};
use crate::sip::{CallKey, UserAgent};
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// A line of the telephone, 1 and up; the lowest free number is taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LineId(pub u32);

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub(super) struct Line {
    pub id: LineId,
    pub call: CallKey,
    pub direction: CallDirection,
    pub stage: Stage,
    /// Who is there, as last said.
    pub party: Caller,
    pub began: Instant,
    pub answered_at: Option<Instant>,
    /// When it is answered though nobody has, as the PBX asks.
    pub answer_at: Option<Instant>,
    /// It was.
    pub automatic: bool,
    /// Their offer, kept until somebody answers; None for a late offer.
    pub offer: Option<Vec<u8>>,
    /// The call whose place it takes when it is answered.
    pub replaces: Option<CallKey>,
    /// There once a port was taken.
    pub session: Option<Negotiation>,
    /// What the media thread was last told.
    pub applied: Option<(StreamPlan, NearEnd)>,
    pub hold: Hold,
    pub held_by_them: bool,
    /// The operator talks on another line: is not heard here, whatever becomes of the hold.
    pub aside: bool,
    /// When the operator last came to it.
    pub operator_came_at: Option<Instant>,
    /// To go by INFO, one after another; the first is under way.
    pub digits: VecDeque<char>,
    pub transfer: Option<Transfer>,
    /// Those that were let go before that, and of which the PBX may still say that they came about.
    pub former_transfers: Vec<Transfer>,
    /// The call whose far end asked for this one, until this one is decided.
    pub asked_by: Option<AskedBy>,
    /// We talk where the far end sent us: it has to end this call by then.
    pub moved_until: Option<Instant>,
    /// The far end rings (180).
    pub rings: bool,
    /// Why we hang up, when it is not simply the operator's wish.
    pub ending: Option<Ending>,
    /// What it is for, where nobody sees it and the operator is not in it.
    pub serves: Option<Serves>,
    /// Whoever has answered it is asked for a key.
    pub asks_for_key: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CallDirection {
    In,
    Out,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    Ringing,
    /// Our 200 carried the offer; the ACK will carry the answer.
    Answering,
    Dialing,
    Talking,
    /// We hung up; the core has the last word.
    Ending,
}

/// What an errand is for.
pub(super) enum Serves {
    /// Finds a person for the client of this call.
    Client(CallKey),
    /// Has the PBX carry out a code; given up at that time.
    Code { until: Instant },
}

pub(super) struct Ending {
    pub by: EndedBy,
    pub outcome: CallOutcome,
    pub status: Option<u16>,
}

/// What a line works with, lent by the telephone for one step.
pub(super) struct Means<'a> {
    pub now: Instant,
    pub user_agent: &'a mut UserAgent,
    pub pbx: &'a PbxBehaviour,
    pub output: &'a mut Outbox,
}

impl Means<'_> {
    pub fn say(&mut self, event: Event) {
        self.output.say(event);
    }

    pub fn command(&mut self, command: MediaCommand) {
        self.output.command(command);
    }
}

impl Line {
    pub fn new(id: LineId, call: CallKey, direction: CallDirection, began: Instant) -> Self {
        let stage = match direction {
            CallDirection::In => Stage::Ringing,
            CallDirection::Out => Stage::Dialing,
        };
        Self {
            id,
            call,
            direction,
            stage,
            party: Caller::default(),
            began,
            answered_at: None,
            answer_at: None,
            automatic: false,
            offer: None,
            replaces: None,
            session: None,
            applied: None,
            hold: Hold::default(),
            held_by_them: false,
            aside: false,
            operator_came_at: None,
            digits: VecDeque::new(),
            transfer: None,
            former_transfers: Vec::new(),
            asked_by: None,
            moved_until: None,
            rings: false,
            ending: None,
            serves: None,
            asks_for_key: false,
        }
    }

    pub fn codec(&self) -> Option<Codec> {
        self.applied.as_ref().map(|(plan, _)| plan.codec)
    }

    /// The operator and this far end hear each other.
    pub fn is_in_conversation(&self) -> bool {
        self.stage == Stage::Talking && !self.aside && !self.hold.is_muted()
    }

    /// On hold, whether or not the far end agreed to it: taken up again by a swap.
    pub fn waits(&self) -> bool {
        let waits = self.aside || self.hold.is_wanted();
        self.stage == Stage::Talking && waits && !self.is_in_transfer() && self.serves.is_none()
    }

    pub fn may_be_moved(&self) -> bool {
        self.stage == Stage::Talking && self.moved_until.is_none() && self.serves.is_none()
    }

    pub fn talked(&self, now: Instant) -> Duration {
        self.answered_at.map(|at| now.since(at)).unwrap_or_default()
    }

    /// Audio is agreed: from here the two sides talk.
    pub fn begin_talking(&mut self, means: &mut Means<'_>) {
        self.stage = Stage::Talking;
        self.answered_at = Some(means.now);
        self.hold.begin();
        if self.is_in_conversation() {
            self.operator_came_at = Some(means.now);
        }
        self.apply_plan(means);
        if let Some(codec) = self.codec() {
            let (took, automatic) = (means.now.since(self.began), self.automatic);
            means.say(Event::Answered { line: self.id, codec, took, automatic });
        }
        if self.hold.in_force() {
            means.say(Event::Held { line: self.id, by: Side::Us });
        }
        self.note_their_hold(means);
    }

    /// Tells the media thread what is agreed now, if that is news.
    pub fn apply_plan(&mut self, means: &mut Means<'_>) {
        let Some(mut plan) = self.session.as_ref().and_then(Negotiation::plan).cloned() else { return };
        plan.early = self.stage == Stage::Dialing;
        let near_end = self.near_end(means.pbx);
        let news = (plan, near_end);
        if self.applied.as_ref() != Some(&news) {
            self.applied = Some(news.clone());
            means.command(MediaCommand::Apply { line: self.id, plan: news.0, near_end });
        }
    }

    fn near_end(&self, pbx: &PbxBehaviour) -> NearEnd {
        match self.serves {
            Some(_) if self.asks_for_key => NearEnd::Prompt,
            Some(_) => NearEnd::Silence,
            None if !self.aside && !self.hold.is_muted() => NearEnd::Operator,
            None if pbx.holds_in_silence => NearEnd::Music,
            None => NearEnd::Silence,
        }
    }

    /// Says it when the other side puts us on hold or takes us off it.
    pub fn note_their_hold(&mut self, means: &mut Means<'_>) {
        let Some((plan, _)) = &self.applied else { return };
        let held = plan.held_by_them;
        if held != self.held_by_them {
            self.held_by_them = held;
            means.say(match held {
                true => Event::Held { line: self.id, by: Side::Them },
                false => Event::Resumed { line: self.id, by: Side::Them },
            });
        }
    }

    /// Hangs up in whatever state the call is; `Ended` comes at once, and audio ends with it.
    pub fn hang_up(&mut self, means: &mut Means<'_>, ending: Option<Ending>) -> bool {
        if self.stage == Stage::Ending {
            return false;
        }
        // Answered, but nothing was ever agreed.
        let unanswered = (self.stage == Stage::Answering).then_some(Ending {
            by: EndedBy::Us,
            outcome: CallOutcome::Failed,
            status: None,
        });
        self.stage = Stage::Ending;
        self.ending = ending.or(unanswered);
        // NotNow: the call ended already, and `Ended` is on its way.
        let _ = means.user_agent.hang_up(means.now, self.call);
        true
    }

    pub fn stop_media(&mut self, means: &mut Means<'_>) {
        if let Some(session) = self.session.take() {
            means.command(MediaCommand::Stop { line: self.id, port: session.local() });
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        let transfer = self.transfer.as_ref().and_then(Transfer::deadline);
        let until = [self.answer_at, self.hold.retry_at(), transfer, self.moved_until, self.code_deadline()];
        until.into_iter().flatten().min()
    }
}
