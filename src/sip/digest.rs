//! Digest authentication (RFC 3261 §22, RFC 7616, RFC 8760): the client's side here, the server's in `guard`.
//!
//! One `Authenticator` per account, for registration and calls alike. A request goes through `authorize` before it
//! is sent; a 401 or 407 goes to `on_challenge`, and if that says `Ok`, a copy of the request with the
//! next CSeq and a new branch goes through `authorize` again.

mod guard;
mod hash;

pub use guard::{Guard, Judgement};

use super::account::{Account, Password};
use super::message::{
    AuthValue, Authorization, Method, ProxyAuthorization, Request, Response, StatusCode, Typed, auth_values,
};
use hash::Algorithm;
pub(super) use hash::Hash;
use std::collections::VecDeque;
use zeroize::Zeroizing;

/// Challenges answered for one request: a proxy, a registrar, and an expired nonce of each.
const MAX_ATTEMPTS: u32 = 4;
/// Realms remembered at a time; the oldest goes first.
const MAX_REALMS: usize = 8;

/// Who we say we are, and the nonces that servers gave us to prove it with.
pub struct Authenticator {
    user: String,
    password: Password,
    realm: Option<String>,
    known: VecDeque<Known>,
}

/// Why a challenge cannot be answered. In every case the request has failed; asking again brings
/// the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Our answer to a fresh nonce was refused: user or password are wrong.
    WrongCredentials,
    /// No realm that the account may answer.
    ForeignRealm,
    /// No Digest challenge, or none with an algorithm and protection that we know.
    Unsupported,
    /// The server keeps asking without ever refusing.
    TooMany,
}

/// Who asks: the two kinds are answered in headers of their own and do not displace each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asker {
    Server,
    Proxy,
}

/// A challenge that can be answered.
#[derive(Clone, PartialEq, Eq)]
struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    /// As written, to be sent back so; `None` when the challenge named none.
    algorithm_token: Option<String>,
    algorithm: Algorithm,
    qop: Option<Qop>,
    user_hash: bool,
}

/// Quality of protection: what of the request goes into the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Qop {
    Auth,
    AuthInt,
}

struct Known {
    asker: Asker,
    challenge: Challenge,
    /// Answers given with this nonce.
    uses: u32,
    /// `-sess` binds the nonce to the cnonce of the first answer (RFC 7616 §3.4.2).
    session_cnonce: Option<String>,
}

impl Authenticator {
    pub fn new(account: &Account) -> Self {
        Self {
            user: account.auth_user.clone().unwrap_or_else(|| account.user.clone()),
            password: account.password.clone(),
            realm: account.realm.clone(),
            known: VecDeque::new(),
        }
    }

    /// Takes the challenges of a 401 or 407. `refused` is the request that it answers, `attempt` how many
    /// challenges this request has had before: 0 at first.
    pub fn on_challenge(
        &mut self,
        response: &Response,
        refused: &Request,
        attempt: u32,
    ) -> Result<(), Refusal> {
        if attempt >= MAX_ATTEMPTS {
            return Err(Refusal::TooMany);
        }
        let asker = match response.status {
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => Asker::Proxy,
            _ => Asker::Server,
        };
        let offered = auth_values(&response.headers, asker.challenge_header());
        let chosen = self.choose(&offered)?;
        for (challenge, stale) in &chosen {
            if !stale && self.was_refused(asker, &challenge.realm, refused) {
                // The password is not tried again by itself with this nonce or another.
                self.known.retain(|known| !known.is(asker, &challenge.realm));
                return Err(Refusal::WrongCredentials);
            }
        }
        for (challenge, _) in chosen {
            self.remember(asker, challenge);
        }
        Ok(())
    }

    /// Writes the credentials for every realm that asked so far, in place of those the request holds.
    /// `cnonce`: unguessable, new for each call. ACK and CANCEL are left alone: an ACK takes
    /// the credentials of its INVITE (RFC 3261 §22.1), a CANCEL is not challenged.
    pub fn authorize(&mut self, request: &mut Request, cnonce: &str) {
        if matches!(request.method, Method::Ack | Method::Cancel) {
            return;
        }
        request.headers.remove(Authorization::NAME);
        request.headers.remove(ProxyAuthorization::NAME);
        let uri = request.uri.to_string();
        for known in &mut self.known {
            let asked = Asked { method: request.method.as_str(), uri: &uri, body: &request.body };
            let credentials = known.answer(&self.user, &self.password, &asked, cnonce);
            match known.asker {
                Asker::Server => request.headers.push_typed(&Authorization(credentials)),
                Asker::Proxy => request.headers.push_typed(&ProxyAuthorization(credentials)),
            }
        }
    }

    /// Forgets all nonces: after the address or the password changed.
    pub fn forget(&mut self) {
        self.known.clear();
    }

    /// For each realm the first challenge that we can answer: the server lists them in order of its
    /// preference (RFC 8760 §2.4). Second part: whether only the nonce was too old.
    fn choose(&self, offered: &[AuthValue]) -> Result<Vec<(Challenge, bool)>, Refusal> {
        let mut chosen: Vec<(Challenge, bool)> = Vec::new();
        let mut foreign = false;
        for value in offered {
            let Some(challenge) = Challenge::read(value) else { continue };
            let ours = self.realm.as_ref().is_none_or(|realm| *realm == challenge.realm);
            foreign |= !ours;
            if ours && chosen.iter().all(|(other, _)| other.realm != challenge.realm) {
                let stale = value.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"));
                chosen.push((challenge, stale));
            }
        }
        match (chosen.is_empty(), foreign) {
            (false, _) => Ok(chosen),
            (true, true) => Err(Refusal::ForeignRealm),
            (true, false) => Err(Refusal::Unsupported),
        }
    }

    /// Whether the request held an answer of ours to a nonce used for the first time. A refused later use
    /// may mean only that the server forgot the nonce: not all of them say `stale`.
    fn was_refused(&self, asker: Asker, realm: &str, refused: &Request) -> bool {
        let given = auth_values(&refused.headers, asker.credentials_header());
        let Some(given) = given.iter().find(|given| given.get("realm") == Some(realm)) else {
            return false;
        };
        match given.get("nc") {
            Some(count) => count == "00000001",
            None => {
                let nonce = given.get("nonce");
                let known = self.known.iter().find(|known| known.is(asker, realm));
                known.is_some_and(|known| nonce == Some(known.challenge.nonce.as_str()) && known.uses <= 1)
            }
        }
    }

    /// A nonce that is known goes on counting, whatever else of its challenge is new.
    fn remember(&mut self, asker: Asker, challenge: Challenge) {
        let place = self.known.iter().position(|known| known.is(asker, &challenge.realm));
        let old = place.and_then(|place| self.known.remove(place));
        let old = old.filter(|old| old.challenge.nonce == challenge.nonce);
        let (uses, session_cnonce) = old.map_or((0, None), |old| (old.uses, old.session_cnonce));
        if self.known.len() == MAX_REALMS {
            self.known.pop_front();
        }
        self.known.push_back(Known { asker, challenge, uses, session_cnonce });
    }
}

impl Asker {
    const fn challenge_header(self) -> &'static str {
        match self {
            Self::Server => "WWW-Authenticate",
            Self::Proxy => "Proxy-Authenticate",
        }
    }

    const fn credentials_header(self) -> &'static str {
        match self {
            Self::Server => Authorization::NAME,
            Self::Proxy => ProxyAuthorization::NAME,
        }
    }
}

impl Challenge {
    /// `None` when it cannot be answered: not Digest, no realm or nonce, an unknown algorithm, or
    /// only unknown protections.
    fn read(value: &AuthValue) -> Option<Self> {
        if !value.scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let algorithm_token = value.get("algorithm").map(str::to_owned);
        Some(Self {
            realm: value.get("realm")?.to_owned(),
            nonce: value.get("nonce")?.to_owned(),
            opaque: value.get("opaque").map(str::to_owned),
            algorithm: Algorithm::named(algorithm_token.as_deref().unwrap_or("MD5"))?,
            algorithm_token,
            qop: Qop::choose(value.get("qop"))?,
            user_hash: value.get("userhash").is_some_and(|flag| flag.eq_ignore_ascii_case("true")),
        })
    }
}

impl Qop {
    /// `Some(None)`: no protection asked for, the old form of RFC 2069. `None`: only unknown ones.
    fn choose(offered: Option<&str>) -> Option<Option<Self>> {
        let Some(offered) = offered.filter(|offered| !offered.trim().is_empty()) else {
            return Some(None);
        };
        let offers = |name: &str| offered.split(',').any(|qop| qop.trim().eq_ignore_ascii_case(name));
        match (offers("auth"), offers("auth-int")) {
            (true, _) => Some(Some(Self::Auth)),
            (false, true) => Some(Some(Self::AuthInt)),
            _ => None,
        }
    }

    const fn token(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }
}

/// What is to be authorized.
struct Asked<'a> {
    method: &'a str,
    uri: &'a str,
    body: &'a [u8],
}

impl Known {
    fn is(&self, asker: Asker, realm: &str) -> bool {
        self.asker == asker && self.challenge.realm == realm
    }

    fn answer(&mut self, user: &str, password: &Password, asked: &Asked<'_>, cnonce: &str) -> AuthValue {
        self.uses = self.uses.saturating_add(1);
        let count = format!("{:08x}", self.uses);
        let cnonce = match self.challenge.algorithm.session {
            true => self.session_cnonce.get_or_insert_with(|| cnonce.to_owned()).as_str(),
            false => cnonce,
        };
        let response = self.challenge.response(user, password, asked, &count, cnonce);
        self.challenge.credentials(user, asked.uri, &count, cnonce, &response)
    }
}

impl Challenge {
    /// RFC 7616 §3.4.1, or RFC 2069 when the challenge asked for no protection.
    fn response(
        &self,
        user: &str,
        password: &Password,
        asked: &Asked<'_>,
        count: &str,
        cnonce: &str,
    ) -> String {
        let hash = self.algorithm.hash;
        let secret = Zeroizing::new(format!("{user}:{}:{}", self.realm, password.reveal()));
        let mut a1 = Zeroizing::new(hash.hex(secret.as_bytes()));
        if self.algorithm.session {
            let session = Zeroizing::new(format!("{}:{}:{cnonce}", *a1, self.nonce));
            a1 = Zeroizing::new(hash.hex(session.as_bytes()));
        }
        let a2 = match self.qop {
            Some(Qop::AuthInt) => format!("{}:{}:{}", asked.method, asked.uri, hash.hex(asked.body)),
            _ => format!("{}:{}", asked.method, asked.uri),
        };
        let a2 = hash.hex(a2.as_bytes());
        let proof = match self.qop {
            Some(qop) => format!("{}:{}:{count}:{cnonce}:{}:{a2}", *a1, self.nonce, qop.token()),
            None => format!("{}:{}:{a2}", *a1, self.nonce),
        };
        hash.hex(Zeroizing::new(proof).as_bytes())
    }

    /// Which values are quoted is fixed by RFC 7616 §3.4; some servers accept nothing else.
    fn credentials(&self, user: &str, uri: &str, count: &str, cnonce: &str, response: &str) -> AuthValue {
        let mut value = AuthValue::new("Digest");
        match self.user_hash {
            true => {
                let named = Zeroizing::new(format!("{user}:{}", self.realm));
                value.push("username", &self.algorithm.hash.hex(named.as_bytes()), true);
                value.push("userhash", "true", false);
            }
            false => value.push("username", user, true),
        }
        value.push("realm", &self.realm, true);
        value.push("nonce", &self.nonce, true);
        value.push("uri", uri, true);
        value.push("response", response, true);
        if let Some(algorithm) = &self.algorithm_token {
            value.push("algorithm", algorithm, false);
        }
        if self.qop.is_some() || self.algorithm.session {
            value.push("cnonce", cnonce, true);
        }
        if let Some(qop) = self.qop {
            value.push("qop", qop.token(), false);
            value.push("nc", count, false);
        }
        if let Some(opaque) = &self.opaque {
            value.push("opaque", opaque, true);
        }
        value
    }
}

/// What it knows, never the password or a nonce.
impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authenticator({} realms)", self.known.len())
    }
}

#[cfg(test)]
mod tests;
