//! HTTP to the desk: one client, made when first needed; every answer limited in time and size, and checked.

use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Certificate, Client, Method, RequestBuilder, Response, StatusCode, Url, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::DeskProblem;
use crate::desk_api::{BadAnswer, IDEMPOTENCY_KEY, PROBLEM_JSON, Problem, ProblemCode, Unavailable, paths};
use crate::secrets::Secret;

/// Largest answer taken, octets: twenty cards with everything in them have a tenth of that.
const ANSWER_LIMIT: usize = 2 * 1024 * 1024;
/// Idle connections are dropped after this, sooner than the desk would.
const IDLE: Duration = Duration::from_secs(60);
/// How often an idle connection is used so that it stays; below [`IDLE`].
pub(super) const KEEP_WARM: Duration = Duration::from_secs(45);

/// Scheme, host and path before `/v1`.
pub(super) struct BaseUrl(Url);

impl BaseUrl {
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text.trim().trim_end_matches('/')).ok()?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        (plain && url.has_host() && matches!(url.scheme(), "http" | "https")).then_some(Self(url))
    }

    fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path().trim_end_matches('/')));
        url
    }

    fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }
}

pub(super) struct HttpDesk {
    base: BaseUrl,
    authorization: HeaderValue,
    authorities: Vec<Certificate>,
    client: OnceCell<Client>,
}

impl HttpDesk {
    pub fn new(base: BaseUrl, token: &Secret, ca_file: Option<&Path>) -> Result<Self, DeskProblem> {
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
            .map_err(|_| DeskProblem::BadToken)?;
        authorization.set_sensitive(true);
        let authorities = ca_file.map(read_authorities).transpose()?.unwrap_or_default();
        Ok(Self { base, authorization, authorities, client: OnceCell::new() })
    }

    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        budget: Duration,
    ) -> Result<T, Unavailable> {
        within(budget, async {
            let request = self.client().await?.get(self.base.join(path)).query(query);
            read(self.send(request).await?).await
        })
        .await
    }

    /// By PUT or POST.
    pub async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        command: Uuid,
        content: &impl Serialize,
        budget: Duration,
    ) -> Result<T, Unavailable> {
        within(budget, async {
            let request = self.client().await?.request(method, self.base.join(path));
            let request = request.header(IDEMPOTENCY_KEY, command.to_string()).json(content);
            read(self.send(request).await?).await
        })
        .await
    }

    /// Any answer of the health path will do: it is the connection that counts.
    pub async fn ping(&self, budget: Duration) -> Result<(), Unavailable> {
        within(budget, async {
            let response = self.client().await?.get(self.base.join(paths::HEALTH)).send().await;
            body(response.map_err(|error| transport(&error))?).await.map(|_| ())
        })
        .await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Unavailable> {
        let request = request.header(AUTHORIZATION, self.authorization.clone());
        request.send().await.map_err(|error| transport(&error))
    }

    /// Made on a thread of its own, since the system's certificates are read from disk.
    async fn client(&self) -> Result<&Client, Unavailable> {
        let make = || async {
            let (authorities, encrypted) = (self.authorities.clone(), self.base.is_encrypted());
            let made = tokio::task::spawn_blocking(move || build(authorities, encrypted)).await;
            made.ok().and_then(Result::ok).ok_or(Unavailable::NotTrusted)
        };
        self.client.get_or_try_init(make).await
    }
}

fn build(authorities: Vec<Certificate>, encrypted: bool) -> Result<Client, reqwest::Error> {
    // Fails when another part of the process was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut accept = HeaderMap::new();
    accept.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let builder = Client::builder()
        .default_headers(accept)
        .user_agent(concat!("patchcord/", env!("CARGO_PKG_VERSION")))
        // The token goes to the desk and nowhere else.
        .redirect(redirect::Policy::none())
        .no_proxy()
        .http1_only()
        .tcp_nodelay(true)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(2);
    if encrypted {
        builder.tls_certs_merge(authorities).build()
    } else {
        // Spares the reading of certificates that nothing will be checked by.
        builder.tls_certs_only([]).build()
    }
}

fn read_authorities(file: &Path) -> Result<Vec<Certificate>, DeskProblem> {
    let pem = std::fs::read(file).map_err(|error| DeskProblem::CaUnreadable(file.to_owned(), error))?;
    certificates(&pem).ok_or_else(|| DeskProblem::CaInvalid(file.to_owned()))
}

/// One at least, and nothing but what can be trusted: a bad one would only show when the desk is asked.
fn certificates(pem: &[u8]) -> Option<Vec<Certificate>> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()?;
    let mut trusted = rustls::RootCertStore::empty();
    found.iter().try_for_each(|certificate| trusted.add(certificate.clone())).ok()?;
    let certificates: Vec<_> =
        found.iter().map(|der| Certificate::from_der(der)).collect::<Result<_, _>>().ok()?;
    (!certificates.is_empty()).then_some(certificates)
}

async fn within<T>(
    budget: Duration,
    work: impl Future<Output = Result<T, Unavailable>>,
) -> Result<T, Unavailable> {
    tokio::time::timeout(budget, work).await.unwrap_or(Err(Unavailable::Slow))
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, Unavailable> {
    let status = response.status();
    if status.is_redirection() {
        return Err(Unavailable::BadAnswer(BadAnswer::Redirect));
    }
    if status.is_success() {
        if !has_type(&response, "application/json") {
            return Err(Unavailable::BadAnswer(BadAnswer::NotJson));
        }
        let body = body(response).await?;
        return serde_json::from_slice(&body).map_err(|_| Unavailable::BadAnswer(BadAnswer::WrongShape));
    }
    let problem = match has_type(&response, PROBLEM_JSON) {
        true => body(response).await.ok().and_then(|body| serde_json::from_slice::<Problem>(&body).ok()),
        false => None,
    };
    Err(refusal(status, problem.map(|problem| problem.code)))
}

fn refusal(status: StatusCode, code: Option<ProblemCode>) -> Unavailable {
    match (status, code) {
        (StatusCode::UNAUTHORIZED, _) => Unavailable::WrongToken,
        (StatusCode::FORBIDDEN, Some(ProblemCode::NotYours)) => {
            Unavailable::Refused { status: status.as_u16(), code: ProblemCode::NotYours }
        }
        (StatusCode::FORBIDDEN, _) => Unavailable::Forbidden,
        (StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS, _) => {
            Unavailable::Failed { status: status.as_u16() }
        }
        (status, _) if status.is_server_error() => Unavailable::Failed { status: status.as_u16() },
        (status, Some(code)) if status.is_client_error() => {
            Unavailable::Refused { status: status.as_u16(), code }
        }
        // Some other server lives at this address.
        (status, _) => Unavailable::BadAnswer(BadAnswer::UnexpectedStatus(status.as_u16())),
    }
}

async fn body(mut response: Response) -> Result<Vec<u8>, Unavailable> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport(&error))? {
        if body.len().saturating_add(chunk.len()) > ANSWER_LIMIT {
            return Err(Unavailable::BadAnswer(BadAnswer::TooLarge));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn has_type(response: &Response, wanted: &str) -> bool {
    let value = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    value.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case(wanted)
}

/// What a failed exchange means. The library's own words may hold the address and its query, so they go no further.
fn transport(error: &reqwest::Error) -> Unavailable {
    if error.is_timeout() {
        return Unavailable::Slow;
    }
    match error.source().and_then(cause) {
        Some(cause) => cause,
        None if error.is_connect() => Unavailable::Down,
        None => Unavailable::BadAnswer(BadAnswer::NotHttp),
    }
}

/// The first cause in the chain that says something.
fn cause(error: &(dyn std::error::Error + 'static)) -> Option<Unavailable> {
    if error.is::<rustls::Error>() {
        return Some(Unavailable::NotTrusted);
    }
    if let Some(http) = error.downcast_ref::<hyper::Error>() {
        if http.is_incomplete_message() || http.is_canceled() || http.is_closed() {
            return Some(Unavailable::Down);
        }
        if http.is_parse() {
            return Some(Unavailable::BadAnswer(BadAnswer::NotHttp));
        }
    }
    let Some(io) = error.downcast_ref::<std::io::Error>() else { return error.source().and_then(cause) };
    // An I/O error's `source` skips the error inside it.
    io.get_ref().and_then(|inner| cause(inner)).or(Some(Unavailable::Down))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_may_have_a_path_and_nothing_more() {
        let join = |base: &str| BaseUrl::parse(base).map(|base| base.join("/v1/clients").to_string());
        assert_eq!(join("http://127.0.0.1:8420").as_deref(), Some("http://127.0.0.1:8420/v1/clients"));
        assert_eq!(join("https://a.example/desk/").as_deref(), Some("https://a.example/desk/v1/clients"));
        for wrong in
            ["desk", "ftp://a", "http://user@a", "http://u:p@a", "http://a?x=1", "http://", "file:///a"]
        {
            assert!(join(wrong).is_none(), "{wrong}");
        }
    }
}
