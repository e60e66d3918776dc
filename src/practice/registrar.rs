//! Where telephones are (RFC 3261 §10.3). Stateless towards the network: a repeated REGISTER gets the same answer again
//! (§8.2.7).

use super::numbers::OPERATORS;
use super::pbx::password;
use crate::instant::Instant;
use crate::sip::digest::{Guard, Judgement};
use crate::sip::message::{
    Authorization, CSeq, CallId, Contact, Expires, MinExpires, NameAddr, ProxyAuthenticate,
    ProxyAuthorization, Request, Response, StatusCode, To, Typed, Uri, WwwAuthenticate,
};
use std::collections::BTreeMap;
use std::time::Duration;

const REALM: &str = "practice";
/// Seconds that a binding lasts: at least, where nothing is said, and at most.
const LEAST: u32 = 20;
const USUAL: u32 = 300;
const MOST: u32 = 3600;

pub(super) struct Registrar {
    guard: Guard,
    /// One telephone at a time for each extension: a new one replaces the old.
    bindings: BTreeMap<String, Binding>,
}

struct Binding {
    contact: Uri,
    call_id: String,
    seq: u32,
    until: Instant,
}

/// What a REGISTER changed, for those who wait for telephones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Change {
    None,
    Came(String),
    Left(String),
}

impl Registrar {
    pub fn new(seed: [u8; 32]) -> Self {
        Self { guard: Guard::new(REALM, seed), bindings: BTreeMap::new() }
    }

    /// Where the telephone of this extension is.
    pub fn contact(&self, now: Instant, extension: &str) -> Option<&Uri> {
        self.bindings.get(extension).filter(|binding| binding.until > now).map(|binding| &binding.contact)
    }

    /// Extensions with a telephone.
    pub fn present(&self, now: Instant) -> impl Iterator<Item = &str> {
        self.bindings.iter().filter(move |(_, binding)| binding.until > now).map(|(user, _)| user.as_str())
    }

    pub fn register(&mut self, now: Instant, request: &Request) -> (Response, Change) {
        let user =
            request.headers.require::<To>().ok().and_then(|to| to.uri.user.clone()).unwrap_or_default();
        if let Err(refusal) = self.admit(now, request, &user, Asker::Registrar) {
            return (*refusal, Change::None);
        }
        let was_there = self.contact(now, &user).is_some();
        let response = match self.bind(now, request, &user) {
            Ok(()) => self.granted(now, request, &user),
            Err(status) => self.refusal(request, status),
        };
        let change = match (was_there, self.contact(now, &user).is_some()) {
            (false, true) => Change::Came(user),
            (true, false) => Change::Left(user),
            _ => Change::None,
        };
        (response, change)
    }

    /// Of our end of a dialog that this request makes: the same each time.
    pub fn tag_for(&self, request: &Request) -> String {
        self.guard.tag_for(request.headers.first(CallId::NAME).unwrap_or_default())
    }

    /// Whether whom its From names may call, or watch. The refusal asks for the password.
    pub fn admit_dialog(&self, now: Instant, request: &Request) -> Result<(), Box<Response>> {
        use crate::sip::message::From;
        let user = request.headers.require::<From>().ok().and_then(|from| from.uri.user.clone());
        self.admit(now, request, &user.unwrap_or_default(), Asker::Proxy)
    }

    fn admit(&self, now: Instant, request: &Request, user: &str, asker: Asker) -> Result<(), Box<Response>> {
        let known = |name: &str| (name == user && OPERATORS.contains(&name)).then(|| password(name));
        let stale = match self.guard.judge(now, request, asker.credentials(), known) {
            Judgement::Granted => return Ok(()),
            // Asked once more, as an Asterisk does: the telephone knows what that means.
            Judgement::Unanswered | Judgement::Wrong => false,
            Judgement::Stale => true,
        };
        let algorithms: &[&str] = if user == "105" { &["SHA-256", "MD5"] } else { &["MD5"] };
        let mut response = self.refusal(request, asker.status());
        for algorithm in algorithms {
            let challenge = self.guard.challenge(now, algorithm, stale);
            match asker {
                Asker::Registrar => response.headers.push_typed(&WwwAuthenticate(challenge)),
                Asker::Proxy => response.headers.push_typed(&ProxyAuthenticate(challenge)),
            }
        }
        Err(Box::new(response))
    }

    /// Contacts in their order: a telephone may take an old one back and bring a new one at once.
    fn bind(&mut self, now: Instant, request: &Request, user: &str) -> Result<(), StatusCode> {
        let headers = &request.headers;
        let contacts = headers.typed_all::<Contact>().map_err(|_| StatusCode::BAD_REQUEST)?;
        let call_id = headers.require::<CallId>().map_err(|_| StatusCode::BAD_REQUEST)?.0;
        let seq = headers.require::<CSeq>().map_err(|_| StatusCode::BAD_REQUEST)?.seq;
        if let Some(old) = self.bindings.get(user).filter(|old| old.call_id == call_id && seq <= old.seq) {
            // A repetition changes nothing; one that was overtaken on the way must not either (§10.3, step 7).
            return if seq == old.seq { Ok(()) } else { Err(StatusCode::SERVER_INTERNAL_ERROR) };
        }
        let usual = headers.typed::<Expires>().ok().flatten().map_or(USUAL, |expires| expires.0);
        let seconds = |contact: &Contact| contact.expires().unwrap_or(usual);
        for contact in &contacts {
            match contact {
                Contact::Star if usual != 0 || contacts.len() > 1 => return Err(StatusCode::BAD_REQUEST),
                Contact::Star => {}
                Contact::Addr(addr) if !addr.uri.is_sip() => return Err(StatusCode::BAD_REQUEST),
                Contact::Addr(_) if (1..LEAST).contains(&seconds(contact)) => {
                    return Err(StatusCode::INTERVAL_TOO_BRIEF);
                }
                Contact::Addr(_) => {}
            }
        }
        for contact in &contacts {
            match (contact.addr(), seconds(contact)) {
                (Some(addr), 1..) => {
                    let until = now + Duration::from_secs(seconds(contact).min(MOST).into());
                    let binding = Binding { contact: addr.uri.clone(), call_id: call_id.clone(), seq, until };
                    self.bindings.insert(user.to_owned(), binding);
                }
                (gone, _) => self
                    .bindings
                    .retain(|of, binding| of != user || gone.is_some_and(|gone| gone.uri != binding.contact)),
            }
        }
        Ok(())
    }

    /// With the bindings there are (§10.3, step 8).
    fn granted(&self, now: Instant, request: &Request, user: &str) -> Response {
        let mut response = self.refusal(request, StatusCode::OK);
        if let Some(binding) = self.bindings.get(user).filter(|binding| binding.until > now) {
            let mut addr = NameAddr::new(binding.contact.clone());
            addr.params.set("expires", Some(&binding.until.since(now).as_secs().to_string()));
            response.headers.push_typed(&Contact::Addr(addr));
        }
        response
    }

    /// Any final answer that has nothing else to say.
    fn refusal(&self, request: &Request, status: StatusCode) -> Response {
        let mut response = request.response(status);
        if let Ok(mut to) = response.headers.require::<To>()
            && to.tag().is_none()
        {
            to.set_tag(&self.tag_for(request));
            response.headers.set(&to);
        }
        if status == StatusCode::INTERVAL_TOO_BRIEF {
            response.headers.push_typed(&MinExpires(LEAST));
        }
        response
    }
}

/// In whose name a password is asked for (RFC 3261 §22.2, §22.3).
#[derive(Clone, Copy)]
enum Asker {
    Registrar,
    Proxy,
}

impl Asker {
    const fn credentials(self) -> &'static str {
        match self {
            Self::Registrar => Authorization::NAME,
            Self::Proxy => ProxyAuthorization::NAME,
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Registrar => StatusCode::UNAUTHORIZED,
            Self::Proxy => StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        }
    }
}
