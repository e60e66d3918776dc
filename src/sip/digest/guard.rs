//! The server's side: asks for a password, and judges the answer.
//!
//! Keeps nothing of whom it asked: a nonce carries its own date, and a proof that it is ours (RFC 7616 §3.3). How often one
//! was used is not counted.

use super::hash::{Algorithm, Hash};
use super::{Asked, Challenge, Password, Qop};
use crate::instant::Instant;
use crate::sip::message::{AuthValue, Request, Uri, auth_values};
use std::time::Duration;

/// How long an answer may use a nonce.
const NONCE_LASTS: Duration = Duration::from_secs(300);

pub struct Guard {
    realm: String,
    secret: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Judgement {
    Granted,
    /// No answer to a challenge of ours.
    Unanswered,
    /// Right, or perhaps right, but the nonce is too old.
    Stale,
    Wrong,
}

impl Guard {
    pub fn new(realm: &str, seed: [u8; 32]) -> Self {
        Self { realm: realm.to_owned(), secret: Hash::Sha256.hex(&seed) }
    }

    /// What goes into WWW-Authenticate or Proxy-Authenticate, a header for each algorithm (RFC 8760 §2.4).
    pub fn challenge(&self, now: Instant, algorithm: &'static str, stale: bool) -> AuthValue {
        let mut value = AuthValue::new("Digest");
        value.push("realm", &self.realm, true);
        value.push("nonce", &self.nonce(now.since_start().as_secs()), true);
        value.push("algorithm", algorithm, false);
        value.push("qop", "auth", true);
        if stale {
            value.push("stale", "true", false);
        }
        value
    }

    /// `header`: Authorization or Proxy-Authorization. `password_of` knows the users.
    pub fn judge(
        &self,
        now: Instant,
        request: &Request,
        header: &str,
        password_of: impl Fn(&str) -> Option<Password>,
    ) -> Judgement {
        let given = auth_values(&request.headers, header);
        let ours = |given: &&AuthValue| {
            given.scheme.eq_ignore_ascii_case("Digest") && given.get("realm") == Some(&self.realm)
        };
        let Some(given) = given.iter().find(ours) else { return Judgement::Unanswered };
        let Some(age) = given.get("nonce").and_then(|nonce| self.age(now, nonce)) else {
            // Of an exchange that was restarted, or made up.
            return Judgement::Stale;
        };
        match self.is_right(request, given, password_of) {
            Some(true) if age > NONCE_LASTS => Judgement::Stale,
            Some(true) => Judgement::Granted,
            Some(false) | None => Judgement::Wrong,
        }
    }

    /// Something that looks like chance to others, and is the same each time: the To tag of a stateless answer must be
    /// (RFC 3261 §8.2.7).
    pub fn tag_for(&self, text: &str) -> String {
        let mut tag = Hash::Sha256.hex(format!("{}:{text}", self.secret).as_bytes());
        tag.truncate(16);
        tag
    }

    fn is_right(
        &self,
        request: &Request,
        given: &AuthValue,
        password_of: impl Fn(&str) -> Option<Password>,
    ) -> Option<bool> {
        let (user, uri) = (given.get("username")?, given.get("uri")?);
        // What was signed must be what is asked for (RFC 7616 §3.4.6).
        if uri.parse::<Uri>().ok()? != request.uri {
            return Some(false);
        }
        let algorithm_token = given.get("algorithm");
        let challenge = Challenge {
            realm: self.realm.clone(),
            nonce: given.get("nonce")?.to_owned(),
            opaque: None,
            algorithm: Algorithm::named(algorithm_token.unwrap_or("MD5"))?,
            algorithm_token: None,
            qop: Qop::choose(given.get("qop"))?,
            user_hash: false,
        };
        let asked = Asked { method: request.method.as_str(), uri, body: &request.body };
        let (count, cnonce) = (given.get("nc").unwrap_or_default(), given.get("cnonce").unwrap_or_default());
        let expected = challenge.response(user, &password_of(user)?, &asked, count, cnonce);
        Some(given.get("response").is_some_and(|response| response.eq_ignore_ascii_case(&expected)))
    }

    fn nonce(&self, second: u64) -> String {
        format!("{second:x}-{}", self.tag_for(&second.to_string()))
    }

    /// None: not ours.
    fn age(&self, now: Instant, nonce: &str) -> Option<Duration> {
        let second = u64::from_str_radix(nonce.split('-').next()?, 16).ok()?;
        let made = Instant::from_start(Duration::from_secs(second));
        (self.nonce(second) == nonce).then(|| now.since(made))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Authenticator;
    use super::*;
    use crate::sip::Account;
    use crate::sip::message::{Authorization, Method, Response, StatusCode, Typed, WwwAuthenticate};

    fn at(seconds: u64) -> Instant {
        Instant::from_start(Duration::from_secs(seconds))
    }

    fn guard() -> Guard {
        Guard::new("practice", [3; 32])
    }

    fn password_of(user: &str) -> Option<Password> {
        (user == "101").then(|| Password::new("pw-101"))
    }

    /// A REGISTER of 101 with what its telephone answers to this challenge.
    fn answered(challenge: AuthValue, password: &str) -> Request {
        let account = Account {
            user: "101".into(),
            domain: "pbx".into(),
            auth_user: None,
            password: Password::new(password),
            realm: None,
            registrar: None,
            outbound_proxy: None,
            display: None,
            expires: Duration::from_secs(60),
        };
        let mut request = Request::new(Method::Register, "sip:pbx".parse().unwrap());
        let mut response = Response::new(StatusCode::UNAUTHORIZED);
        response.headers.push_typed(&WwwAuthenticate(challenge));
        let mut telephone = Authenticator::new(&account);
        telephone.on_challenge(&response, &request, 0).unwrap();
        telephone.authorize(&mut request, "cnonce");
        request
    }

    fn judged(now: Instant, request: &Request) -> Judgement {
        guard().judge(now, request, Authorization::NAME, password_of)
    }

    #[test]
    fn the_right_password_is_granted_by_either_algorithm() {
        for algorithm in ["MD5", "SHA-256"] {
            let request = answered(guard().challenge(at(10), algorithm, false), "pw-101");
            assert_eq!(judged(at(11), &request), Judgement::Granted, "{algorithm}");
        }
    }

    #[test]
    fn a_wrong_password_and_an_unknown_user_are_refused() {
        let challenge = || guard().challenge(at(10), "MD5", false);
        assert_eq!(judged(at(11), &answered(challenge(), "guessed")), Judgement::Wrong);
        let right = answered(challenge(), "pw-101");
        let nobody = guard().judge(at(11), &right, Authorization::NAME, |_| None);
        assert_eq!(nobody, Judgement::Wrong);
    }

    #[test]
    fn an_answer_holds_for_what_was_signed_alone() {
        let mut request = answered(guard().challenge(at(10), "MD5", false), "pw-101");
        request.uri = "sip:elsewhere".parse().unwrap();
        assert_eq!(judged(at(11), &request), Judgement::Wrong);
    }

    #[test]
    fn an_old_or_foreign_nonce_is_asked_anew_and_not_taken_for_a_wrong_password() {
        let old = answered(guard().challenge(at(10), "MD5", false), "pw-101");
        assert_eq!(judged(at(311), &old), Judgement::Stale);
        let foreign = Guard::new("practice", [4; 32]).challenge(at(10), "MD5", false);
        assert_eq!(judged(at(11), &answered(foreign, "pw-101")), Judgement::Stale);
    }

    #[test]
    fn who_answers_nothing_is_asked() {
        let request = Request::new(Method::Register, "sip:pbx".parse().unwrap());
        assert_eq!(judged(at(1), &request), Judgement::Unanswered);
        let elsewhere = Guard::new("elsewhere", [3; 32]).challenge(at(1), "MD5", false);
        assert_eq!(judged(at(2), &answered(elsewhere, "pw-101")), Judgement::Unanswered, "another realm");
    }
}
