//! One call in the place of another (RFC 3891): an INVITE that replaces a call of ours, and what names one of
//! ours to somebody who shall replace it.

use super::{Call, Calls, Refused};
use crate::sip::core::Core;
use crate::sip::event::{CallKey, EndedBy, NotNow, ReferKey};
use crate::sip::message::{Replaces, Request, StatusCode, Uri};
use crate::sip::transaction::ServerId;

impl Calls {
    /// The call that an INVITE wants to replace, if any; what cannot be replaced is refused here (§3).
    pub(super) fn replaced(
        &self,
        core: &mut Core,
        id: ServerId,
        invite: &Request,
    ) -> Result<Option<CallKey>, Refused> {
        let status = match invite.headers.typed::<Replaces>() {
            Ok(None) => return Ok(None),
            Ok(Some(replaces)) => match self.replaceable(&replaces) {
                Ok(key) => return Ok(Some(key)),
                Err(status) => status,
            },
            Err(_) => StatusCode::BAD_REQUEST,
        };
        core.refuse(id, invite, status);
        Err(Refused)
    }

    fn replaceable(&self, replaces: &Replaces) -> Result<CallKey, StatusCode> {
        let named = |(_, call): &(&CallKey, &Call)| match call {
            Call::Outgoing(call) => call.is_named_by(replaces),
            Call::Incoming(call) => call.is_named_by(replaces),
            Call::Session(session) => session.dialog.is_named_by(replaces),
        };
        match self.calls.iter().find(named) {
            None => Err(StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST),
            // It rings here, and only its caller may give it to somebody else.
            Some((_, Call::Incoming(_))) => Err(StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST),
            Some((_, call)) if call.is_over() => Err(StatusCode::DECLINE),
            Some((_, Call::Session(_))) if replaces.early_only => Err(StatusCode::BUSY_HERE),
            Some((key, _)) => Ok(*key),
        }
    }

    /// Another call has taken the place of this one.
    pub(super) fn give_way(&mut self, core: &mut Core, key: CallKey) {
        match self.calls.get_mut(&key).filter(|call| !call.is_over()) {
            Some(Call::Outgoing(call)) => call.give_up(core, EndedBy::Them),
            Some(Call::Session(session)) => session.end(core, EndedBy::Them, None),
            Some(Call::Incoming(_)) | None => {}
        }
    }

    /// REFER that connects the far ends of two calls of ours: the one of `key` shall take our place in `other`.
    pub fn refer_replacing(
        &mut self,
        core: &mut Core,
        key: CallKey,
        other: CallKey,
    ) -> Result<ReferKey, NotNow> {
        if key == other {
            return Err(NotNow);
        }
        let other = self.session(other)?;
        let mut target: Uri = other.dialog.remote().uri.clone();
        let replaces = other.dialog.named_for_the_other_end().filter(|_| other.is_settled()).ok_or(NotNow)?;
        target.headers.clear();
        target.push_header("Replaces", &replaces.to_string());
        self.session(key)?.refer(core, target)
    }
}
