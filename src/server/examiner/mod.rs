//! The examiner of a desk: what the contract promises, asked over HTTP alone, of ours or of somebody else's.
//!
//! Checks that only ask come first. Those that write make clients, products, calls and orders of their own, whose names begin
//! with [`MARK`]; a contract without deletion leaves them behind.

mod checks;
mod orders;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, Url};
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::desk_api::{IDEMPOTENCY_KEY, PROBLEM_JSON, Problem};
use crate::entropy::{self, NoEntropy};
use crate::http::{self, Broken};

/// Names of what the examiner makes begin so.
pub(crate) const MARK: &str = "Patchcord examiner";
/// A telephone waits no longer for a card.
const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST_ANSWER: usize = 2 * 1024 * 1024;

/// The desk that is examined, and who asks.
pub(crate) struct Examinee {
    pub url: Url,
    /// By role; `operator2` is another operator.
    pub tokens: BTreeMap<String, String>,
    /// One that has open slots, for orders that are placed.
    pub route: Option<String>,
    http: reqwest::Client,
}

/// What came of a check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Passed,
    /// In the contract's words.
    Failed {
        expected: String,
        came: String,
    },
    /// For want of this.
    Skipped(Lacks),
}

/// What a check cannot do without.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Lacks {
    Token(&'static str),
    /// Leave to write.
    Writing,
    Route,
}

/// One promise.
pub(crate) struct Check {
    pub name: &'static str,
    pub writes: bool,
    run: for<'a> fn(&'a Examinee) -> LocalBoxFuture<'a, Judged>,
}

type Judged = Result<(), Outcome>;

/// An answer, whole.
struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
    body: Value,
}

/// All checks, in their order.
pub(crate) fn checks() -> impl Iterator<Item = &'static Check> {
    checks::CHECKS.iter().chain(orders::CHECKS)
}

impl Examinee {
    pub fn new(url: Url, tokens: BTreeMap<String, String>, route: Option<String>) -> reqwest::Result<Self> {
        let http = http::builder(Vec::new(), url.scheme() == "https").timeout(PATIENCE).build()?;
        Ok(Self { url, tokens, route, http })
    }

    pub async fn examine(&self, check: &Check, may_write: bool) -> Outcome {
        if check.writes && !may_write {
            return Outcome::Skipped(Lacks::Writing);
        }
        (check.run)(self).await.err().unwrap_or(Outcome::Passed)
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let base = self.url.as_str().trim_end_matches('/');
        self.http.request(method, format!("{base}{path}"))
    }

    fn token(&self, who: &'static str) -> Result<&str, Outcome> {
        let token = self.tokens.get(who).map(String::as_str);
        token.ok_or(Outcome::Skipped(Lacks::Token(who)))
    }

    async fn get(&self, who: &'static str, path: &str, query: &[(&str, &str)]) -> Result<Answer, Outcome> {
        let token = self.token(who)?;
        self.send(self.request(Method::GET, path).query(query).bearer_auth(token)).await
    }

    async fn put(
        &self,
        who: &'static str,
        path: &str,
        command: Uuid,
        body: &Value,
    ) -> Result<Answer, Outcome> {
        self.write(Method::PUT, who, path, command, body).await
    }

    async fn write(
        &self,
        method: Method,
        who: &'static str,
        path: &str,
        command: Uuid,
        body: &Value,
    ) -> Result<Answer, Outcome> {
        let request = self.request(method, path).bearer_auth(self.token(who)?).json(body);
        self.send(request.header(IDEMPOTENCY_KEY, command.to_string())).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, Outcome> {
        let lost = |broken: Broken| failed("HTTP", &format!("{broken:?}").to_lowercase());
        let answer = request.send().await.map_err(|error| lost(http::broken(&error)))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = http::body(answer, LONGEST_ANSWER).await.map_err(lost)?;
        let body = serde_json::from_slice(&text).unwrap_or(Value::Null);
        Ok(Answer { status, headers, text: String::from_utf8_lossy(&text).into_owned(), body })
    }
}

/// Of this examination, never met before.
fn new_id() -> Result<Uuid, Outcome> {
    let bits = entropy::seed().map_err(|NoEntropy| failed("entropy", "none"))?;
    let mut octets = [0; 16];
    octets.iter_mut().zip(bits).for_each(|(to, from)| *to = from);
    Ok(uuid::Builder::from_random_bytes(octets).into_uuid())
}

fn failed(expected: &str, came: &str) -> Outcome {
    Outcome::Failed { expected: expected.to_owned(), came: came.to_owned() }
}

fn holds(is_so: bool, expected: &str, came: impl std::fmt::Display) -> Judged {
    if is_so { Ok(()) } else { Err(failed(expected, &came.to_string())) }
}

impl Answer {
    /// Status and code, or the beginning of what is no problem document.
    fn told(&self) -> String {
        let code = self.body["code"].as_str().map_or_else(
            || self.text.chars().filter(|c| !c.is_control()).take(60).collect::<String>(),
            str::to_owned,
        );
        format!("{} {code}", self.status)
    }

    fn kind(&self) -> &str {
        self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn has_status(&self, expected: &[u16]) -> Judged {
        let words: Vec<_> = expected.iter().map(u16::to_string).collect();
        holds(expected.contains(&self.status), &words.join("|"), self.told())
    }

    /// A problem document, whole and consistent.
    fn is_problem(&self, status: u16, code: &str) -> Judged {
        let came = || format!("{} ({})", self.told(), self.kind());
        let is_document = serde_json::from_value::<Problem>(self.body.clone()).is_ok()
            && self.kind().starts_with(PROBLEM_JSON)
            && self.body["status"] == status;
        let is_it = self.status == status && self.body["code"] == code && is_document;
        holds(is_it, &format!("{status} {code} ({PROBLEM_JSON})"), came())
    }

    /// 200, and a document of the contract.
    fn read<T: DeserializeOwned>(&self, what: &str) -> Result<T, Outcome> {
        self.has_status(&[200, 201])?;
        // serde's words may quote what was got.
        serde_json::from_str(&self.text).map_err(|error| {
            let place = format!("line {} column {}", error.line(), error.column());
            failed(what, &format!("{} ({}), {place}", self.status, self.kind()))
        })
    }

    /// However many zeros stand behind it.
    fn has_number(&self, pointer: &str, expected: u32) -> Judged {
        let came = self.body.pointer(pointer).unwrap_or(&Value::Null);
        let number = came.as_str().and_then(|text| text.parse::<Decimal>().ok());
        let is_it = number == Some(Decimal::from(expected));
        holds(is_it, &format!("{pointer} = {expected}"), format!("{} {came}", self.status))
    }

    fn has(&self, pointer: &str, expected: &Value) -> Judged {
        let came = self.body.pointer(pointer).unwrap_or(&Value::Null);
        holds(came == expected, &format!("{pointer} = {expected}"), format!("{} {came}", self.status))
    }
}
