//! HTTP to the desk: one client, made when first needed; every answer limited in time and size, and checked.

use std::path::Path;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Certificate, Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::DeskProblem;
use crate::desk_api::{BadAnswer, IDEMPOTENCY_KEY, PROBLEM_JSON, Problem, ProblemCode, Unavailable, paths};
use crate::http::{self, Broken};
use crate::secrets::Secret;

/// Largest answer taken, octets: twenty cards with everything in them have a tenth of that.
const ANSWER_LIMIT: usize = 2 * 1024 * 1024;
const EVENT_STREAM: &str = "text/event-stream";
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

    /// An answer that goes on; the budget is for its beginning.
    pub async fn stream(&self, path: &str, budget: Duration) -> Result<Response, Unavailable> {
        within(budget, async {
            let request = self.client().await?.get(self.base.join(path)).header(ACCEPT, EVENT_STREAM);
            let response = self.send(request).await?;
            match response.status().is_success() && has_type(&response, EVENT_STREAM) {
                true => Ok(response),
                false => Err(refusal(response.status(), None)),
            }
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
    let mut accept = HeaderMap::new();
    accept.insert(ACCEPT, HeaderValue::from_static("application/json"));
    http::builder(authorities, encrypted).default_headers(accept).pool_idle_timeout(IDLE).build()
}

fn read_authorities(file: &Path) -> Result<Vec<Certificate>, DeskProblem> {
    let pem = std::fs::read(file).map_err(|error| DeskProblem::CaUnreadable(file.to_owned(), error))?;
    http::certificates(&pem).ok_or_else(|| DeskProblem::CaInvalid(file.to_owned()))
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
        (_, Some(ProblemCode::CompanySystemAway)) => Unavailable::CompanySystem,
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

async fn body(response: Response) -> Result<Vec<u8>, Unavailable> {
    http::body(response, ANSWER_LIMIT).await.map_err(unavailable)
}

fn has_type(response: &Response, wanted: &str) -> bool {
    let value = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    value.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case(wanted)
}

fn transport(error: &reqwest::Error) -> Unavailable {
    unavailable(http::broken(error))
}

const fn unavailable(broken: Broken) -> Unavailable {
    match broken {
        Broken::Slow => Unavailable::Slow,
        Broken::Down => Unavailable::Down,
        Broken::NotTrusted => Unavailable::NotTrusted,
        Broken::NotHttp => Unavailable::BadAnswer(BadAnswer::NotHttp),
        Broken::TooLarge => Unavailable::BadAnswer(BadAnswer::TooLarge),
    }
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
