//! Hold, resume and a new address of ours by re-INVITE; theirs by whatever they offer (RFC 3264 §8, RFC 6337 §5).

use super::event::{Event, Refusal, Side};
use super::line::{Line, Means, Stage};
use crate::instant::Instant;
use crate::media::{Direction, Negotiation};
use crate::sip::message::StatusCode;
use std::net::SocketAddr;
use std::time::Duration;

/// Between attempts while the call is busy with another offer.
const BUSY_PAUSE: Duration = Duration::from_millis(100);
/// Between attempts to bring a client back whose return was refused.
const RETURN_PAUSE: Duration = Duration::from_millis(500);
const ATTEMPTS: u8 = 10;
const RETURN_ATTEMPTS: u8 = 3;

/// What the operator wants, what the far end has agreed to, and what is under way between them.
#[derive(Default)]
pub(super) struct Hold {
    wanted: bool,
    in_force: bool,
    offered: Option<Offered>,
    /// The far end still sends to an address that we no longer have.
    moved: bool,
    attempts: u8,
    retry_at: Option<Instant>,
    /// The client comes back from a transfer: said by `Event::Returned`.
    returning: bool,
    /// A transfer alone put the client on hold: off it as soon as that is possible.
    off_owed: bool,
}

/// What our re-INVITE under way asks for.
#[derive(Clone, Copy)]
struct Offered {
    hold: bool,
    /// The far end does not know our address yet.
    moved: bool,
}

impl Hold {
    /// Of a call that is answered so.
    pub fn from_the_start(wanted: bool) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// The call was answered, and the first description said what we want.
    pub fn begin(&mut self) {
        self.in_force = self.wanted;
    }

    pub fn in_force(&self) -> bool {
        self.in_force
    }

    /// The operator is not heard from the moment hold is wanted until resume is agreed.
    pub fn is_muted(&self) -> bool {
        self.wanted || self.in_force
    }

    pub fn is_wanted(&self) -> bool {
        self.wanted
    }

    pub fn is_settled(&self) -> bool {
        self.offered.is_none() && self.wanted == self.in_force
    }

    pub fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    fn is_agreed(&self) -> bool {
        self.wanted == self.in_force && !self.moved
    }

    /// A client who waits after a transfer that did not come about: `Returned` is said when it is taken off hold.
    pub fn will_return(&mut self) {
        self.returning = true;
    }

    /// What we wish when they offer everything: their refresh must not end our hold
    /// (RFC 6337 §5.1).
    pub fn wish(&self) -> Direction {
        if self.wanted { Direction::SendOnly } else { Direction::SendRecv }
    }
}

impl Line {
    pub fn set_hold(&mut self, means: &mut Means<'_>, wanted: bool) -> Result<(), Refusal> {
        if self.stage != Stage::Talking {
            return Err(Refusal::WrongState);
        }
        self.hold.wanted = wanted;
        self.hold.attempts = 0;
        if wanted {
            (self.hold.returning, self.hold.off_owed) = (false, false);
        }
        self.apply_plan(means);
        self.pursue_hold(means);
        Ok(())
    }

    /// Another line gets the operator.
    pub fn set_aside(&mut self, means: &mut Means<'_>) {
        self.aside = true;
        // In a transfer it is on hold already.
        if self.stage == Stage::Talking && !self.is_in_transfer() && !self.hold.wanted {
            let _ = self.set_hold(means, true);
        }
    }

    /// This line gets the operator.
    pub fn take_up(&mut self, means: &mut Means<'_>) {
        self.operator_came_at = Some(means.now);
        self.expect_operator(means);
    }

    /// No other line has the operator any more.
    pub fn expect_operator(&mut self, means: &mut Means<'_>) {
        self.moved_until = None;
        if std::mem::take(&mut self.aside) {
            self.apply_plan(means);
        }
    }

    /// Off hold because a transfer did not come about; `Event::Returned` when it is so. Not while the operator
    /// talks on another line: then the client waits to be resumed.
    pub fn bring_back(&mut self, means: &mut Means<'_>) {
        if self.aside {
            return;
        }
        self.take_off_hold(means);
        self.returns(means);
    }

    /// `Event::Returned` as soon as the client is off hold.
    pub fn returns(&mut self, means: &mut Means<'_>) {
        self.hold.returning = true;
        self.note_return(means);
    }

    /// As `bring_back`, when nobody knows whether the client is there at all: nothing is said of a return, whatever was to be
    /// said after the target before this one.
    pub fn take_off_hold(&mut self, means: &mut Means<'_>) {
        self.hold.returning = false;
        if self.aside {
            return;
        }
        self.hold.off_owed = self.hold.in_force || self.hold.offered.is_some();
        // Only a talking line has a transfer.
        let _ = self.set_hold(means, false);
    }

    /// The PBX is heard again: what the far end could not be told in the outage, it is told now.
    pub fn catch_up(&mut self, means: &mut Means<'_>) {
        if self.stage != Stage::Talking || self.aside || self.is_in_transfer() {
            return;
        }
        self.hold.attempts = 0;
        if self.hold.off_owed {
            let _ = self.set_hold(means, false);
        } else if self.hold.moved {
            self.pursue_hold(means);
        }
    }

    /// The audio of this call comes to another address from now on (the network changed).
    pub fn move_audio(&mut self, means: &mut Means<'_>, local: SocketAddr) {
        let Some(session) = self.session.as_mut() else { return };
        session.move_to(local);
        self.hold.moved = true;
        self.hold.attempts = 0;
        self.apply_plan(means);
        self.pursue_hold(means);
    }

    /// Our re-INVITE was answered or refused.
    pub fn on_reoffer_answer(&mut self, means: &mut Means<'_>, result: Result<Vec<u8>, StatusCode>) {
        let Some(offered) = self.hold.offered.take() else { return };
        let Some(session) = self.session.as_mut() else { return };
        let refusal = match result {
            Ok(body) => session.handle_answer(&body).err().map(|_| 488),
            Err(status) => Some(status.code()),
        };
        match refusal {
            None => self.hold_agreed(means, offered.hold),
            Some(status) => {
                session.offer_refused();
                self.hold.moved |= offered.moved;
                self.hold_refused(means, status);
            }
        }
    }

    /// They change the session, or ask for our offer (re-INVITE or UPDATE).
    pub fn on_their_offer(&mut self, means: &mut Means<'_>, offer: Option<Vec<u8>>) {
        let wish = self.hold.wish();
        let early = self.stage == Stage::Dialing;
        let agreed = |session: &&mut Negotiation| early && session.plan().is_some();
        let Some(session) =
            self.session.as_mut().filter(|session| self.stage == Stage::Talking || agreed(session))
        else {
            answer_offer(means, self, Err(488));
            return;
        };
        match offer {
            None => {
                let ours = session.offer(wish);
                self.hold.moved = false;
                answer_offer(means, self, Ok(ours));
            }
            Some(offer) => match session.handle_offer(&offer, wish) {
                Ok((answer, _)) => {
                    self.hold.moved = false;
                    answer_offer(means, self, Ok(answer));
                    self.apply_plan(means);
                    if !early {
                        self.note_their_hold(means);
                    }
                }
                Err(_) => answer_offer(means, self, Err(488)),
            },
        }
    }

    /// The ACK of a re-INVITE for which we made the offer brought the answer.
    pub fn on_late_answer(&mut self, means: &mut Means<'_>, answer: &[u8]) {
        let Some(session) = self.session.as_mut() else { return };
        match session.handle_answer(answer) {
            Ok(_) => {
                self.apply_plan(means);
                self.note_their_hold(means);
            }
            Err(_) => session.offer_refused(),
        }
    }

    /// The core repeated our description to keep the call alive, and the other side took the occasion to change theirs.
    pub fn on_refreshed(&mut self, means: &mut Means<'_>, answer: &[u8]) {
        let wish = self.hold.wish();
        let Some(session) = self.session.as_mut().filter(|_| self.stage == Stage::Talking) else { return };
        // Where the last offer was theirs, what was repeated is our answer: then this is read as an offer, which it equals.
        let read = session.handle_answer(answer).is_ok() || session.handle_offer(answer, wish).is_ok();
        if read {
            self.apply_plan(means);
            self.note_their_hold(means);
        }
    }

    pub fn on_hold_timeout(&mut self, means: &mut Means<'_>) {
        if self.hold.retry_at.is_some_and(|at| at <= means.now) {
            self.pursue_hold(means);
        }
    }

    fn pursue_hold(&mut self, means: &mut Means<'_>) {
        self.hold.retry_at = None;
        if self.hold.offered.is_some() || self.hold.is_agreed() {
            return;
        }
        let Some(session) = self.session.as_mut().filter(|_| self.stage == Stage::Talking) else { return };
        let direction = match (self.hold.wanted, self.held_by_them) {
            (true, true) => Direction::Inactive,
            (true, false) => Direction::SendOnly,
            (false, _) => Direction::SendRecv,
        };
        let offer = session.offer(direction);
        if means.user_agent.reoffer(means.now, self.call, offer).is_ok() {
            let moved = std::mem::take(&mut self.hold.moved);
            self.hold.offered = Some(Offered { hold: self.hold.wanted, moved });
            return;
        }
        session.offer_refused();
        if self.hold.off_owed || self.hold.moved {
            // The core ends each offer in its time.
            self.hold.retry_at = Some(means.now + BUSY_PAUSE);
            return;
        }
        self.try_again(means, BUSY_PAUSE, ATTEMPTS, 491);
    }

    fn hold_agreed(&mut self, means: &mut Means<'_>, now_held: bool) {
        let news = std::mem::replace(&mut self.hold.in_force, now_held) != now_held;
        self.hold.off_owed &= now_held;
        self.hold.attempts = 0;
        self.apply_plan(means);
        if news {
            means.say(match now_held {
                true => Event::Held { line: self.id, by: Side::Us },
                false => Event::Resumed { line: self.id, by: Side::Us },
            });
        }
        self.note_their_hold(means);
        self.note_return(means);
        if self.hold.is_settled() {
            self.on_hold_settled(means);
        }
        self.pursue_hold(means);
    }

    fn hold_refused(&mut self, means: &mut Means<'_>, status: u16) {
        // 491: their offer was answered while ours waited its turn, and ours is out of date.
        match status {
            491 => self.try_again(means, Duration::ZERO, ATTEMPTS, status),
            _ if self.hold.off_owed || self.hold.moved => {
                self.try_again(means, RETURN_PAUSE, RETURN_ATTEMPTS, status);
            }
            _ => self.give_up(means, status),
        }
    }

    fn try_again(&mut self, means: &mut Means<'_>, pause: Duration, attempts: u8, status: u16) {
        self.hold.attempts = self.hold.attempts.saturating_add(1);
        if self.hold.attempts >= attempts {
            return self.give_up(means, status);
        }
        self.hold.retry_at = Some(means.now + pause);
    }

    fn give_up(&mut self, means: &mut Means<'_>, status: u16) {
        let hold_failed = self.hold.wanted != self.hold.in_force;
        self.hold.wanted = self.hold.in_force;
        self.apply_plan(means);
        if hold_failed {
            means.say(Event::HoldFailed { line: self.id, status });
            self.on_hold_settled(means);
        }
    }

    fn note_return(&mut self, means: &mut Means<'_>) {
        if self.hold.returning && self.hold.is_settled() && !self.hold.in_force {
            self.hold.returning = false;
            means.say(Event::Returned { line: self.id });
        }
    }
}

fn answer_offer(means: &mut Means<'_>, line: &Line, answer: Result<Vec<u8>, u16>) {
    let answer = match answer {
        Ok(body) => Ok(body),
        Err(code) => match StatusCode::new(code) {
            Some(status) => Err(status),
            None => return,
        },
    };
    // NotNow: the call or the transaction is gone, and with it the question.
    let _ = means.user_agent.answer_offer(means.now, line.call, answer);
}
