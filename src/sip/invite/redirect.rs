//! 3xx: other places to call instead, the preferred ones first (RFC 3261 §8.1.3.4).

use crate::sip::message::{Contact, Response, Scheme, Uri};

/// Places that one call is sent to, however many redirections name them.
const MAX_TARGETS: usize = 5;
/// A Contact without `q` is as good as any (§20.10).
const BEST: u16 = 1000;

pub(super) struct Redirection {
    tried: Vec<Uri>,
    /// Most preferred last.
    ahead: Vec<Uri>,
}

impl Redirection {
    pub fn of(target: Uri) -> Self {
        Self { tried: vec![target], ahead: Vec::new() }
    }

    /// What a 3xx names goes before what an earlier one named: that is where the call was sent on to.
    pub fn take(&mut self, response: &Response) {
        let mut contacts = response.headers.typed_all::<Contact>().unwrap_or_default();
        contacts.sort_by_key(|contact| contact.q().unwrap_or(BEST));
        for target in contacts.iter().filter_map(target) {
            if self.is_safe(&target) && !self.tried.contains(&target) {
                self.ahead.retain(|known| *known != target);
                self.ahead.push(target);
            }
        }
    }

    pub fn next(&mut self) -> Option<Uri> {
        if self.tried.len() > MAX_TARGETS {
            return None;
        }
        let target = self.ahead.pop()?;
        self.tried.push(target.clone());
        Some(target)
    }

    /// Who asked for `sips:` is not sent on without it.
    fn is_safe(&self, target: &Uri) -> bool {
        let secure = self.tried.first().is_some_and(|first| first.scheme == Scheme::Sips);
        !secure || target.scheme == Scheme::Sips
    }
}

/// As a Request-URI: without what only another kind of request would use (§19.1.1).
fn target(contact: &Contact) -> Option<Uri> {
    let mut uri = contact.addr()?.uri.clone();
    uri.headers.clear();
    uri.params.remove("method");
    uri.is_sip().then_some(uri)
}
