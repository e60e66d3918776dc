//! Who is calling, and whom, and who is there later: what the network says, in the configured order of trust
//! (RFC 3325, RFC 5806, RFC 7044, RFC 3323, RFC 4916).

use super::event::Event;
use super::returned::Return;
use super::{Phone, encoded_word};
use crate::sip::CallKey;
use crate::sip::message::{Host, NameAddr, Scheme, Uri};
use crate::sip::{Identity, Invite};
use std::fmt;

/// Who is calling, or at the far end of a call that we made, as far as the network says.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Caller {
    /// As it came: `+79161234567`, `8916…`, `101`, `tel:2040;phone-context=+7495`; None when withheld
    /// or absent.
    pub number: Option<String>,
    pub name: Option<String>,
    pub withheld: bool,
    /// The number behind a withheld one when the PBX asserts it to us.
    pub asserted_number: Option<String>,
    /// What the client dialled: Diversion, History-Info, or To.
    pub called: Option<String>,
    /// The queue that put its name before the caller's.
    pub queue: Option<String>,
    /// Passed on before, and given back by the PBX.
    pub returned: Option<Return>,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("has_number", &self.number.is_some())
            .field("withheld", &self.withheld)
            .finish_non_exhaustive()
    }
}

/// A header that can name the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IdentitySource {
    /// P-Asserted-Identity
    Asserted,
    /// Remote-Party-ID
    RemoteParty,
    From,
}

/// How callers are recognised here.
struct Identification<'a> {
    /// The first header with a number decides.
    order: &'a [IdentitySource],
    /// Prefixes that queues put before the caller's name (`Sales:`).
    name_prefixes: &'a [String],
    /// User part of our Contact: a secret, and no number that anybody dialled.
    contact_user: Option<&'a str>,
}

impl Identification<'_> {
    fn identify(&self, invite: &Invite) -> Caller {
        let returned = invite.returned.as_deref().and_then(Return::parse);
        Caller { called: self.called(invite), returned, ..self.party(&invite.identity, self.order) }
    }

    /// Who is there instead of `known`; None when it is the same, or nobody is named. A new From counts last: it is the
    /// only word of PBXs without the other headers.
    fn successor(&self, known: &Caller, identity: &Identity) -> Option<Caller> {
        let mut order = self.order.to_vec();
        order.sort_by_key(|source| *source == IdentitySource::From);
        let mut party = self.party(identity, &order);
        party.called.clone_from(&known.called);
        party.returned.clone_from(&known.returned);
        party.queue = party.queue.or_else(|| known.queue.clone());
        if party.number == known.number && party.withheld == known.withheld {
            party.name = party.name.or_else(|| known.name.clone());
        }
        let named = party.number.is_some() || party.withheld;
        (named && party != *known).then_some(party)
    }

    fn party(&self, identity: &Identity, order: &[IdentitySource]) -> Caller {
        let parties = || {
            order.iter().flat_map(|source| match source {
                IdentitySource::Asserted => identity.asserted.as_slice(),
                IdentitySource::RemoteParty => identity.remote_party.as_slice(),
                IdentitySource::From => identity.from.as_slice(),
            })
        };
        let withheld = is_withheld(identity);
        let name = parties().find_map(|party| party.display.as_deref().and_then(readable));
        let (queue, name) = self.without_queue(name);
        let mut caller = Caller { withheld, queue, ..Caller::default() };
        if withheld {
            caller.asserted_number = asserted_number(identity);
            return caller;
        }
        caller.number = parties().find_map(|party| number_of(&party.uri));
        // Some PBXs repeat the number as the name.
        caller.name = name.filter(|name| caller.number.as_deref() != Some(name.as_str()));
        caller
    }

    /// The first diversion is the last in the header: each server puts its own on top
    /// (RFC 5806 §4). History-Info grows downwards.
    fn called(&self, invite: &Invite) -> Option<String> {
        [invite.diversion.last(), invite.history.first(), Some(&invite.to)]
            .into_iter()
            .flatten()
            .filter(|party| party.uri.user.is_some() && party.uri.user.as_deref() != self.contact_user)
            .find_map(|party| number_of(&party.uri))
    }

    fn without_queue(&self, name: Option<String>) -> (Option<String>, Option<String>) {
        let Some(name) = name else { return (None, None) };
        let longest = self
            .name_prefixes
            .iter()
            .filter(|prefix| begins(&name, prefix))
            .max_by_key(|prefix| prefix.len());
        let Some(prefix) = longest else { return (None, Some(name)) };
        let queue = prefix.trim_matches(|c: char| c.is_whitespace() || ":-/[]()|".contains(c));
        let rest = name.get(prefix.len()..).unwrap_or_default().trim();
        (some_text(queue), some_text(rest))
    }
}

impl Phone {
    pub(super) fn identify(&self, invite: &Invite) -> Caller {
        let contact = self.user_agent.contact();
        self.identification(contact.user.as_deref()).identify(invite)
    }

    /// Whom somebody else's call comes from, as the PBX names them to us.
    pub(super) fn named(&self, party: NameAddr) -> Caller {
        let identity = Identity { from: Some(party), ..Identity::default() };
        self.identification(None).party(&identity, &[IdentitySource::From])
    }

    /// The far end says who it is now.
    pub(super) fn on_identified(&mut self, call: CallKey, identity: &Identity) {
        let Some(id) = self.lines_by_call.get(&call).copied() else { return };
        let Some(known) = self.lines.get(&id).map(|line| &line.party) else { return };
        let Some(party) = self.identification(None).successor(known, identity) else { return };
        if let Some(line) = self.lines.get_mut(&id) {
            line.party = party.clone();
        }
        self.say(Event::ConnectedTo { line: id, party });
    }

    fn identification<'a>(&'a self, contact_user: Option<&'a str>) -> Identification<'a> {
        Identification { order: &self.identity_order, name_prefixes: &self.name_prefixes, contact_user }
    }
}

/// Also for a caller without a name, of whom the prefix alone is left, less its last blank.
fn begins(name: &str, prefix: &str) -> bool {
    !prefix.trim().is_empty() && (name.starts_with(prefix) || name == prefix.trim())
}

/// RFC 3323 §4.2 and RFC 3325 §7 by token; Remote-Party-ID by parameter; and the anonymous From that
/// stands without any of them.
fn is_withheld(identity: &Identity) -> bool {
    let by_token =
        identity.privacy.iter().any(|token| matches!(token.as_str(), "id" | "user" | "header" | "full"));
    let by_parameter = identity.remote_party.as_ref().and_then(|party| party.params.get("privacy"));
    by_token
        || by_parameter.is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "full" | "uri"))
        || identity.from.iter().chain(&identity.asserted).any(|party| is_anonymous(&party.uri))
}

fn is_anonymous(uri: &Uri) -> bool {
    let anonymous_host =
        matches!(&uri.host, Host::Name(name) if name.eq_ignore_ascii_case("anonymous.invalid"));
    anonymous_host || uri.user.as_deref().is_some_and(|user| user.eq_ignore_ascii_case("anonymous"))
}

fn asserted_number(identity: &Identity) -> Option<String> {
    let parties = identity.asserted.iter().chain(identity.remote_party.iter());
    parties.filter(|party| !is_anonymous(&party.uri)).find_map(|party| number_of(&party.uri))
}

/// The user part as it came. A tel URI keeps its context, without which a local number means nothing.
fn number_of(uri: &Uri) -> Option<String> {
    let user = uri.user.as_deref().map(str::trim).filter(|user| !user.is_empty())?;
    if !matches!(uri.scheme, Scheme::Sip | Scheme::Sips | Scheme::Tel) || has_controls(user) {
        return None;
    }
    let context = uri.params.get("phone-context").filter(|_| uri.scheme == Scheme::Tel);
    Some(match context {
        Some(context) => format!("tel:{user};phone-context={context}"),
        None => user.to_owned(),
    })
}

fn readable(display: &str) -> Option<String> {
    let name: String = encoded_word::decode(display).chars().filter(|c| !c.is_control()).collect();
    some_text(&name)
}

fn some_text(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn has_controls(text: &str) -> bool {
    text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
