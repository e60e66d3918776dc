//! Who asks: the bearer token of a program (RFC 6750 §2.1), or the session of somebody at the page.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};

use super::app::Desk;
use super::audit::Slip;
use super::problem::Refusal;
use super::store::Bearer;
use super::token;
use crate::clock;
use crate::desk_api::{ClientId, OrderId, PAGE, ProblemCode, Role};

/// Longest token looked at, octets.
const LONGEST: usize = 512;
/// The prefix makes browsers refuse the cookie from a plain or a foreign host, and with a domain (draft-ietf-httpbis-rfc6265bis, "Cookie Name Prefixes").
const COOKIE: &str = "__Host-patchcord";
/// On the own machine there is no TLS, and nobody in between: for trials.
const TRIAL_COOKIE: &str = "patchcord-trial";
/// A browser keeps the cookie for so long: it says, too, that the browser is one that this person has used.
const COOKIE_SECONDS: u32 = 90 * 24 * 60 * 60;

/// By what somebody is known, as its hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shown {
    Token([u8; 32]),
    Session([u8; 32]),
}

impl Shown {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::Session(_) => "session",
        }
    }

    /// Who is known by it; none: nobody, or nobody any more.
    pub async fn bearer(self, desk: &Desk) -> Result<Option<Bearer>, Refusal> {
        Ok(self.bearer_and_age(desk).await?.map(|(bearer, _)| bearer))
    }

    /// And whether it is to be written that the person is there.
    async fn bearer_and_age(self, desk: &Desk) -> Result<Option<(Bearer, bool)>, Refusal> {
        Ok(match self {
            Self::Token(hash) => desk.store.bearer(hash).await?.map(|bearer| (bearer, false)),
            Self::Session(hash) => desk.store.session(hash, clock::wall()).await?,
        })
    }
}

/// To have this value is to have shown a known token, or a session and the proof that the page asks.
pub(crate) struct Caller(pub Bearer, pub Shown, pub Slip);

impl Caller {
    /// Reads calls of others.
    pub fn sees_all_calls(&self) -> bool {
        self.0.role != Role::Operator
    }

    /// Writes calls of others.
    pub fn corrects_calls(&self) -> bool {
        matches!(self.0.role, Role::Head | Role::Admin | Role::Service)
    }

    /// These clients' data are in the answer: noted.
    pub fn saw(&self, clients: impl IntoIterator<Item = ClientId>) {
        self.2.saw(clients);
    }

    /// This order is about that client: noted.
    pub fn saw_order(&self, order: OrderId, client: ClientId) {
        self.2.saw_order(order, client);
    }
}

impl FromRequestParts<Desk> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Refusal> {
        let mut headers = parts.headers.get_all(header::AUTHORIZATION).iter();
        let (shown, refused) = match (headers.next(), headers.next()) {
            // Who is two people is nobody.
            (Some(_), Some(_)) => return Err(Refusal::token(true)),
            (Some(header), None) => {
                let token =
                    header.to_str().ok().and_then(bearer_token).ok_or_else(|| Refusal::token(true))?;
                (Shown::Token(token::hash(token)), Refusal::token(true))
            }
            (None, _) => {
                let cookie = session_cookie(&parts.headers).ok_or_else(|| Refusal::token(false))?;
                check_origin(&parts.method, &parts.headers)?;
                (Shown::Session(token::hash(cookie)), ProblemCode::SessionEnded.into())
            }
        };
        let (bearer, is_to_be_touched) = shown.bearer_and_age(desk).await?.ok_or(refused)?;
        if let Shown::Session(hash) = shown
            && is_to_be_touched
            && parts.headers.get(PAGE).is_some_and(|by| by == "person")
        {
            // On a full disk, too, whoever is logged in reads on.
            if let Err(error) = desk.store.touch_session(hash, clock::wall()).await {
                tracing::warn!(%error, "a session was not noted as used");
            }
        }
        let slip = parts.extensions.get::<Slip>().cloned().unwrap_or_default();
        slip.sign(&bearer, shown);
        Ok(Self(bearer, shown, slip))
    }
}

/// To have this value is to be allowed to write clients. Taken before the body, so that nobody else's is read.
pub(crate) struct DataWriter(pub Bearer);

impl FromRequestParts<Desk> for DataWriter {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Refusal> {
        let Caller(bearer, ..) = Caller::from_request_parts(parts, desk).await?;
        match bearer.role {
            Role::Admin | Role::Service => Ok(Self(bearer)),
            Role::Operator | Role::Manager | Role::Head => Err(ProblemCode::Forbidden.into()),
        }
    }
}

/// To have this value is to be allowed to read reports on everybody's work.
pub(crate) struct ReportReader;

impl FromRequestParts<Desk> for ReportReader {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Refusal> {
        let caller = Caller::from_request_parts(parts, desk).await?;
        if caller.sees_all_calls() { Ok(Self) } else { Err(ProblemCode::Forbidden.into()) }
    }
}

fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && (1..=LONGEST).contains(&token.len())).then_some(token)
}

fn is_loopback(authority: &str) -> bool {
    let port = authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
    let name = port.map_or(authority, |(name, _)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The browser asks a desk on its own machine, without TLS. No other site can have that as its host; a proxy on this machine that
/// passes its own host on is told by the origin.
fn is_trial(headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(header::ORIGIN);
    text(header::HOST).is_some_and(is_loopback)
        && origin.is_none_or(|origin| origin.strip_prefix("http://").is_some_and(is_loopback))
}

/// What the session's cookie holds.
pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let cookie =
        cookie(headers, COOKIE).or_else(|| cookie(headers, TRIAL_COOKIE).filter(|_| is_trial(headers)));
    cookie.filter(|value| (1..=LONGEST).contains(&value.len()))
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// `Set-Cookie` of a session.
pub(crate) fn set_cookie(headers: &HeaderMap, value: &str) -> String {
    let (name, secure) = if is_trial(headers) { (TRIAL_COOKIE, "") } else { (COOKIE, "; Secure") };
    format!("{name}={value}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Strict{secure}")
}

/// What comes with a session's cookie must come from the page.
///
/// The cookie is `SameSite=Strict`, so other sites' requests come without it; this holds where a browser does not know that, and for other
/// ports and names of the same site. A write carries a header that no other origin's script can set without asking first (a preflight,
/// Fetch §4.8), which the desk never grants; and where the browser says who asks (Fetch Metadata), it must be the page's own origin.
pub(crate) fn check_origin(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_own_site = match text("sec-fetch-site") {
        Some("same-origin") => true,
        // Typed into the address bar.
        Some("none") => method.is_safe(),
        Some(_) => false,
        None => text("origin").is_none_or(|origin| {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text("host")
        }),
    };
    let is_marked = method.is_safe() || headers.contains_key(PAGE);
    if is_own_site && is_marked { Ok(()) } else { Err(ProblemCode::NotFromPage.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderName;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair =
            |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn what_other_sites_send_is_not_from_the_page() {
        for (method, pairs, expected) in [
            (Method::POST, &[("sec-fetch-site", "same-origin"), (PAGE, "person")][..], true),
            (
                Method::POST,
                &[("host", "desk.example"), ("origin", "https://desk.example"), (PAGE, "page")],
                true,
            ),
            (Method::GET, &[("sec-fetch-site", "same-origin")], true),
            (Method::GET, &[("sec-fetch-site", "none")], true),
            (Method::GET, &[("sec-fetch-site", "cross-site")], false),
            (Method::GET, &[("sec-fetch-site", "same-site")], false),
            (Method::POST, &[("sec-fetch-site", "same-origin")], false),
            (Method::POST, &[("sec-fetch-site", "none"), (PAGE, "person")], false),
            (Method::POST, &[("sec-fetch-site", "same-site"), (PAGE, "person")], false),
            (
                Method::POST,
                &[("host", "desk.example"), ("origin", "https://evil.example"), (PAGE, "page")],
                false,
            ),
            (Method::POST, &[("host", "desk.example"), ("origin", "null"), (PAGE, "page")], false),
        ] {
            assert_eq!(check_origin(&method, &headers(pairs)).is_ok(), expected, "{method} {pairs:?}");
        }
    }

    #[test]
    fn only_a_desk_on_the_own_machine_gives_a_cookie_that_goes_without_tls() {
        for host in ["localhost", "localhost:8420", "127.0.0.1:8420", "[::1]:8420", "[::1]"] {
            let headers = headers(&[("host", host), ("cookie", "a=b; patchcord-trial=x")]);
            assert!(!set_cookie(&headers, "x").contains("Secure"), "{host}");
            assert_eq!(session_cookie(&headers), Some("x"));
        }
        for host in ["desk.example.com", "10.0.0.7:8420", "localhost.evil.example", ""] {
            let headers = headers(&[("host", host), ("cookie", "patchcord-trial=x; __Host-patchcord=y")]);
            let set = set_cookie(&headers, "x");
            assert!(
                set.starts_with("__Host-patchcord=x; Path=/;") && set.ends_with("SameSite=Strict; Secure"),
                "{set}"
            );
            assert_eq!(session_cookie(&headers), Some("y"));
        }
        // A proxy on this machine that does not say whom it stands for.
        let headers = headers(&[("host", "127.0.0.1:8420"), ("origin", "https://desk.example.com")]);
        assert!(set_cookie(&headers, "x").contains("Secure"));
    }
}
