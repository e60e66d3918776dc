//! Who is at the far end of a call: said at its beginning, and again when somebody else takes their place, as after a
//! transfer (RFC 3325, RFC 4916 §4).

use crate::sip::core::Core;
use crate::sip::event::{CallKey, Event, Identity};
use crate::sip::message::{
    From, Headers, NameAddr, PAssertedIdentity, Privacy, RemotePartyId, Request, Response, Typed,
};
use std::ops::Deref;

impl Identity {
    /// What these headers assert; From is the caller's to judge.
    fn asserted_in(headers: &Headers) -> Self {
        Self {
            from: None,
            asserted: addresses::<PAssertedIdentity>(headers),
            remote_party: addresses::<RemotePartyId>(headers).into_iter().next(),
            privacy: headers.typed::<Privacy>().ok().flatten().map(|privacy| privacy.0).unwrap_or_default(),
        }
    }

    /// Of an INVITE that begins a call.
    pub(super) fn of_caller(invite: &Request) -> Option<Self> {
        let from = Some(invite.headers.require::<From>().ok()?.0);
        Some(Self { from, ..Self::asserted_in(&invite.headers) })
    }
}

/// What the far end last said of itself.
#[derive(Clone)]
pub(super) struct FarEnd(Identity);

impl FarEnd {
    pub fn of_caller(identity: &Identity) -> Self {
        Self(identity.clone())
    }

    /// Whoever we called has not said anything yet.
    pub fn of_called(to: NameAddr) -> Self {
        Self(Identity { from: Some(to), ..Identity::default() })
    }

    /// A re-INVITE or UPDATE of theirs.
    pub fn follow_request(&mut self, core: &mut Core, call: CallKey, request: &Request) {
        let from = request.headers.require::<From>().ok().map(|from| from.0);
        self.follow(core, call, from, &request.headers);
    }

    /// A response of theirs: its From and To are ours.
    pub fn follow_response(&mut self, core: &mut Core, call: CallKey, response: &Response) {
        self.follow(core, call, None, &response.headers);
    }

    /// A message that asserts nobody leaves what was asserted before. PBXs rewrite the rest of a From, but not its user.
    fn follow(&mut self, core: &mut Core, call: CallKey, from: Option<NameAddr>, headers: &Headers) {
        let user = |from: &Option<NameAddr>| from.as_ref().and_then(|from| from.uri.user.clone());
        let known = &mut self.0;
        let from = from.filter(|from| from.uri.user != user(&known.from));
        let said = Identity { from: known.from.clone(), ..Identity::asserted_in(headers) };
        let asserts = !said.asserted.is_empty() || said.remote_party.is_some();
        let news = from.is_some() || asserts && said != *known;
        if asserts {
            *known = said.clone();
        }
        if from.is_some() {
            known.from.clone_from(&from);
        }
        if news {
            core.wire.say(Event::Identified { call, identity: Box::new(Identity { from, ..said }) });
        }
    }
}

/// A malformed list says nothing rather than something false.
pub(super) fn addresses<H: Typed + Deref<Target = NameAddr>>(headers: &Headers) -> Vec<NameAddr> {
    headers.typed_all::<H>().unwrap_or_default().iter().map(|header| (**header).clone()).collect()
}
