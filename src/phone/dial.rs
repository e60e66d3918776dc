//! Calls that go out: INVITE, early media, answer.

use super::caller::Caller;
use super::event::{Event, MediaCommand, Refusal};
use super::line::{CallDirection, Line, Means, Stage};
use super::{Phone, target};
use crate::instant::Instant;
use crate::media::{Direction, Negotiation, NegotiationConfig};
use rand_chacha::rand_core::Rng;

impl Phone {
    pub(super) fn dial(&mut self, now: Instant, target: String) -> Result<(), Refusal> {
        let uri = target::parse(&target, &self.domain).map_err(|_| Refusal::BadTarget)?;
        if self.lines.len() >= self.max_calls {
            return Err(Refusal::Busy);
        }
        let mut session = self.open_session()?;
        let offer = session.offer(Direction::SendRecv);
        let party = Caller { number: uri.user.clone(), ..Caller::default() };
        let call = self.user_agent.invite(now, uri, Some(offer));
        let call_id = self.user_agent.call_id(call).unwrap_or_default().to_owned();
        let id = self.free_line();
        let mut line = Line::new(id, call, CallDirection::Out, now);
        line.party = party;
        line.session = Some(session);
        self.set_others_aside(now, id);
        self.add_line(line);
        self.say(Event::Dialing { line: id, call_id, target });
        Ok(())
    }

    /// Takes the port at hand, and asks for the next one.
    pub(super) fn open_session(&mut self) -> Result<Negotiation, Refusal> {
        let local = self.free_port.take().ok_or(Refusal::NoMediaPort)?;
        self.output.command(MediaCommand::TakePort);
        // 62 bits: RFC 8866 §5.2 wants a number, and some read it as a signed one.
        let session_id = self.chance.next_u64() >> 2;
        Ok(Negotiation::new(NegotiationConfig { local, codecs: self.codecs.clone(), session_id }))
    }
}

impl Line {
    pub(super) fn on_ringing(&mut self, means: &mut Means<'_>, status: u16, body: Option<Vec<u8>>) {
        if self.stage != Stage::Dialing {
            return;
        }
        if let Some((session, body)) = self.session.as_mut().zip(body) {
            // A description we cannot use before the answer is no reason to end the call.
            if session.handle_answer(&body).is_ok() {
                self.apply_plan(means);
            }
        }
        means.say(Event::RingingOut { line: self.id, status, early_media: self.applied.is_some() });
    }

    /// A 2xx came, and its ACK has gone. Without a usable description in it, what 183 agreed on
    /// holds; without that there can be no audio, and the call ends.
    pub(super) fn on_accepted(&mut self, means: &mut Means<'_>, body: Option<Vec<u8>>) {
        if self.stage != Stage::Dialing {
            return;
        }
        let Some(session) = self.session.as_mut() else { return };
        let agreed = match body {
            Some(body) => session.handle_answer(&body).is_ok(),
            None => session.plan().is_some(),
        };
        match agreed {
            true => self.begin_talking(means),
            false => self.audio_failed(means),
        }
    }
}
