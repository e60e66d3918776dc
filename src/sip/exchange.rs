//! What a user agent in the PBX's place says of those on whose behalf it calls.

use super::message::{From, NameAddr, PAssertedIdentity, Privacy, Request, To};

/// Who calls, and whom, as a PBX tells the telephone.
#[derive(Clone, PartialEq)]
pub struct Party {
    pub from: NameAddr,
    /// P-Asserted-Identity (RFC 3325 §9.1), where the PBX knows the number.
    pub asserted: Option<NameAddr>,
    /// The caller withholds it from people (RFC 3323 §4.2).
    pub withheld: bool,
    /// The number that was dialled.
    pub to: NameAddr,
    /// X-Patchcord-Return: somebody whom the telephone had passed on, and why nobody took them.
    pub returned: Option<String>,
}

impl Party {
    pub(super) fn introduce(&self, invite: &mut Request) {
        let mut from = From(self.from.clone());
        if let Some(tag) =
            invite.headers.require::<From>().ok().and_then(|ours| ours.tag().map(str::to_owned))
        {
            from.0.set_tag(&tag);
        }
        invite.headers.set(&from);
        invite.headers.set(&To(self.to.clone()));
        if let Some(asserted) = &self.asserted {
            invite.headers.push_typed(&PAssertedIdentity(asserted.clone()));
        }
        if let Some(returned) = &self.returned {
            invite.headers.push("X-Patchcord-Return", returned.clone());
        }
        if self.withheld {
            invite.headers.push_typed(&Privacy(vec!["id".into()]));
        }
    }
}

/// Names and numbers of people stay out of logs.
impl std::fmt::Debug for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Party").field("withheld", &self.withheld).finish_non_exhaustive()
    }
}
