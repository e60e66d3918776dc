//! Calls that go out: INVITE, early media, answer.

use super::caller::Caller;
use super::event::{Event, MediaCommand, Refusal};
use super::line::{CallDirection, Line, Means, Stage};
use super::{Phone, target};
use crate::instant::Instant;
use crate::media::{Direction, Negotiation, NegotiationConfig};
use crate::sip::message::StatusCode;
use rand_chacha::rand_core::Rng;

impl Phone {
    pub(super) fn dial(&mut self, now: Instant, target: String) -> Result<(), Refusal> {
        let uri = target::parse(&target, &self.domain).map_err(|_| Refusal::BadTarget)?;
        let mut session = self.session_for_one_more()?;
        let offer = session.offer(Direction::SendRecv);
        let party = Caller { number: uri.user.clone(), ..Caller::default() };
        let call = self.user_agent.invite(now, uri, Some(offer));
        let mut line = Line::new(self.free_line(), call, CallDirection::Out, now);
        line.party = party;
        line.session = Some(session);
        self.add_dialled(now, line, target);
        Ok(())
    }

    /// Its INVITE has gone, and the operator is there.
    pub(super) fn add_dialled(&mut self, now: Instant, line: Line, target: String) {
        let call_id = self.user_agent.call_id(line.call).unwrap_or_default().to_owned();
        let id = line.id;
        self.set_others_aside(now, id);
        self.add_line(line);
        self.say(Event::Dialing { line: id, call_id, target });
    }

    pub(super) fn session_for_one_more(&mut self) -> Result<Negotiation, Refusal> {
        if self.calls_of_people().count() >= self.max_calls {
            return Err(Refusal::Busy);
        }
        self.open_session()
    }

    /// Takes the port at hand, and asks for the next one.
    pub(super) fn open_session(&mut self) -> Result<Negotiation, Refusal> {
        let local = self.free_port.take().ok_or(Refusal::NoMediaPort)?;
        self.output.command(MediaCommand::TakePort);
        // 62 bits: RFC 8866 §5.2 wants a number, and some read it as a signed one.
        let session_id = self.chance.next_u64() >> 2;
        let (codecs, opus) = (self.codecs.now().to_vec(), self.opus);
        Ok(Negotiation::new(NegotiationConfig { local, codecs, opus, session_id }))
    }
}

impl Line {
    pub(super) fn on_ringing(&mut self, means: &mut Means<'_>, status: StatusCode, body: Option<Vec<u8>>) {
        if self.stage != Stage::Dialing {
            return;
        }
        self.report(means, status);
        self.rings |= status == StatusCode::RINGING;
        if let Some((session, body)) = self.session.as_mut().zip(body) {
            // A description we cannot use before the answer is no reason to end the call.
            if session.handle_answer(&body).is_ok() {
                self.apply_plan(means);
            }
        }
        let early_media = self.applied.is_some();
        means.say(Event::RingingOut { line: self.id, status: status.code(), early_media });
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
