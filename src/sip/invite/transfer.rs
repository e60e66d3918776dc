//! REFER within a call, ours and theirs, and the NOTIFYs that say how it goes (RFC 3515).

use super::session::{Session, is_gone};
use crate::sip::core::{Core, Owner, Purpose, refuse_method};
use crate::sip::event::{NotNow, ReferKey};
use crate::sip::message::{CSeq, Event, Method, Request, StatusCode, Uri};
use crate::sip::refer::{self, Refer};
use crate::sip::referred::{Answered, Referred};
use crate::sip::transaction::{Outcome, Reply, ServerId};

impl Session {
    // -- ours

    pub fn refer(&mut self, core: &mut Core, target: Uri) -> Result<ReferKey, NotNow> {
        if !self.is_settled() {
            return Err(NotNow);
        }
        self.refers.iter_mut().for_each(|refer| refer.make_way(core));
        self.refers.retain(|refer| !refer.is_decided());
        let mut request = self.build(core, Method::Refer);
        refer::fill(core, &mut request, target);
        let seq = request.headers.require::<CSeq>().map_or(0, |cseq| cseq.seq);
        let id = self.send(core, Purpose::Refer, request);
        let refer = Refer::new(self.key, id, seq);
        let key = refer.key();
        self.refers.push(refer);
        Ok(key)
    }

    pub(super) fn on_refer_reply(&mut self, core: &mut Core, reply: &Reply<Owner>) {
        if let Some(refer) = self.refers.iter_mut().find(|refer| refer.is_about(reply.id)) {
            refer.on_reply(core, &reply.outcome);
        }
        if is_gone(&reply.outcome) {
            self.check(core);
        }
    }

    pub(super) fn on_notify(&mut self, core: &mut Core, id: ServerId, request: &Request) {
        let event = request.headers.typed::<Event>().ok().flatten();
        let Some(event) = event.filter(|event| event.package.eq_ignore_ascii_case("refer")) else {
            return core.refuse(id, request, StatusCode::BAD_EVENT);
        };
        let Some(refer) = self.named_refer(event.id.as_deref()) else {
            return core.refuse(id, request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST);
        };
        core.refuse(id, request, StatusCode::OK);
        refer.on_notify(core, request);
    }

    /// What names none is about the first (RFC 3515 §2.4.6), unless that is decided: some who tell of a later one name none either.
    fn named_refer(&mut self, id: Option<&str>) -> Option<&mut Refer> {
        let Some(id) = id else {
            let at = self.refers.iter().position(|refer| !refer.is_decided());
            return match at {
                Some(at) => self.refers.get_mut(at),
                None => self.refers.last_mut(),
            };
        };
        self.refers.iter_mut().rfind(|refer| refer.is_named(id))
    }

    // -- theirs

    pub(super) fn on_refer(&mut self, core: &mut Core, id: ServerId, request: Request) {
        if !core.config.calls.take_refers {
            return refuse_method(core, id, &request); // as Allow says
        }
        if self.referred.as_ref().is_some_and(Referred::is_open) {
            return super::offers::refuse_for_now(core, id, &request);
        }
        if super::refuse_extensions(core, id, &request).is_ok() {
            self.referred = Referred::ask(core, self.key, id, request);
        }
    }

    pub fn answer_refer(&mut self, core: &mut Core, answer: Result<(), StatusCode>) -> Result<(), NotNow> {
        match self.referred.as_mut().ok_or(NotNow)?.answer(core, answer)? {
            Answered::Watched => {
                self.refer_progress(core, StatusCode::TRYING, StatusCode::TRYING.default_reason())
            }
            Answered::Unwatched => Ok(()),
        }
    }

    /// NotNow: nobody wants to hear it.
    pub fn refer_progress(
        &mut self,
        core: &mut Core,
        status: StatusCode,
        reason: &str,
    ) -> Result<(), NotNow> {
        if !self.referred.as_ref().is_some_and(Referred::wants_news) {
            return Err(NotNow);
        }
        let mut notify = self.build(core, Method::Notify);
        if let Some(referred) = &mut self.referred {
            referred.fill(&mut notify, status, reason);
        }
        self.send(core, Purpose::Notify, notify);
        self.linger(core);
        Ok(())
    }

    /// A NOTIFY that is refused ends the subscription (RFC 6665 §4.2.2).
    pub(super) fn on_notify_reply(&mut self, core: &mut Core, reply: &Reply<Owner>) {
        let heard = matches!(&reply.outcome, Outcome::Response(response) if response.status.code() < 300);
        if let Some(referred) = self.referred.as_mut().filter(|_| !heard) {
            referred.hush();
            self.linger(core);
        }
    }
}
