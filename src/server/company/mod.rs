//! The company's own system (1C, an ERP): asked for cards as the settings say, within a time budget, and never trusted.
//!
//! First who has a number, then each client by its own id there. An answer names what the next request needs. What could not
//! be had is known by its reason, so that a card can say it.

mod card;
mod cards;
mod pointer;
mod template;

pub(crate) use card::{Got, Meaning, PARTS, tells_standing};
pub(crate) use cards::{by_id, by_number};
pub(crate) use pointer::Pointer;
pub(crate) use template::{Round, Template};

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::Date;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Certificate, Client, RequestBuilder, StatusCode, Url};
use serde_json::Value;

use crate::clock::Clock;
use crate::desk_api::GapWhy;
use crate::domain::number::{NumberingPlan, OutgoingFormat, PhoneNumber};
use crate::http::{self, Broken};
use crate::instant::Instant;
use crate::secrets::Secret;
use pointer::{Cell, texts};

/// Largest answer taken, octets.
const ANSWER_LIMIT: usize = 1024 * 1024;
/// Clients of one number that are asked for, and values that one request may be repeated for.
const MOST: usize = 5;
/// Longest id of a client there, octets.
const LONGEST_ID: usize = 200;
/// Signs that stand as they are in paths and queries of either system.
const PATH: &[u8] = b"$'(),=@!*:";
const QUERY: &[u8] = b"$'(),*/:@!";

/// The value that names a client in the company's system.
pub(crate) const CLIENT: &str = "client";
/// The day where the office is.
pub(crate) const TODAY: &str = "today";
/// Forms of a number: E.164, its digits, the last ten of them, as a subscriber of the country dials it.
pub(crate) const PHONE: [&str; 4] = ["phone", "phone.digits", "phone.last10", "phone.national"];

/// Where it is, how it is asked, and what its words mean here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CompanySettings {
    /// What stands before every path.
    pub url: Url,
    pub authentication: Authentication,
    /// The file of the password; else it comes from the environment.
    pub secret_file: Option<std::path::PathBuf>,
    /// PEM certificates of an authority to trust besides the system's.
    pub ca: Option<std::path::PathBuf>,
    /// For all requests about one call together.
    pub budget: Duration,
    /// Who has a number: gets [`CLIENT`].
    pub find: Vec<Request>,
    /// What stands on a client's card.
    pub card: Vec<Request>,
    pub meaning: Meaning,
}

/// How the desk shows who it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Authentication {
    None,
    /// RFC 7617, with this user.
    Basic(String),
    /// `Authorization: <scheme> <secret>`.
    Scheme(&'static str),
}

/// One question, and where in its answer values stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Request {
    /// Between slashes.
    pub path: Vec<Template>,
    pub query: Vec<(String, Template)>,
    pub get: BTreeMap<String, Pointer>,
}

impl Request {
    /// The values that its address needs.
    pub fn names(&self) -> BTreeSet<&str> {
        let templates = self.path.iter().chain(self.query.iter().map(|(_, template)| template));
        templates.flat_map(Template::names).collect()
    }

    fn address(&self, base: &Url, values: &Round<'_>) -> Result<Url, GapWhy> {
        let mut address = base.as_str().trim_end_matches('/').to_owned();
        for segment in &self.path {
            address.push('/');
            address.push_str(&segment.fill(values, PATH)?);
        }
        for (place, (key, template)) in self.query.iter().enumerate() {
            address.push(if place == 0 { '?' } else { '&' });
            template::encode(key, QUERY, &mut address);
            address.push('=');
            address.push_str(&template.fill(values, QUERY)?);
        }
        Url::parse(&address).map_err(|_| GapWhy::Unreadable)
    }
}

/// By name; what could not be had with its reason.
pub(crate) type Values = BTreeMap<String, Result<Vec<Cell>, GapWhy>>;

/// A client of the company's system.
pub(crate) struct Found {
    pub own_id: String,
    pub values: Values,
}

impl Found {
    /// Nothing could be had: why.
    pub fn nothing(&self) -> Option<GapWhy> {
        let mut whys = self.values.values().map(|value| value.as_ref().err().copied());
        whys.next().flatten().filter(|_| whys.all(|why| why.is_some()))
    }
}

/// One request that was made, for whoever tries the settings.
pub(crate) struct Asked {
    pub address: String,
    pub took: Duration,
    pub answer: Answer,
    /// Pointers that led nowhere: name and pointer.
    pub missed: Vec<(String, String)>,
}

/// What came of a request.
pub(crate) enum Answer {
    /// So many octets of JSON.
    Json(usize),
    /// With the status, if one came.
    Nothing(GapWhy, Option<u16>),
}

/// Why the company's system cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompanyProblem {
    #[error("the password cannot stand in a header")]
    BadSecret,
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

pub(crate) struct CompanySystem {
    settings: CompanySettings,
    http: Client,
    authorization: Option<HeaderValue>,
    clock: Clock,
}

impl CompanySystem {
    /// Opens nothing.
    pub fn new(
        settings: CompanySettings,
        secret: &Secret,
        authorities: Vec<Certificate>,
        clock: Clock,
    ) -> Result<Self, CompanyProblem> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let encrypted = settings.url.scheme() == "https";
        let http = http::builder(authorities, encrypted).default_headers(headers).build()?;
        let authorization = authorization(&http, &settings, secret)?;
        Ok(Self { settings, http, authorization, clock })
    }

    pub fn meaning(&self) -> &Meaning {
        &self.settings.meaning
    }

    /// Who has this number; none is a new client.
    pub async fn by_number(
        &self,
        number: PhoneNumber,
        plan: &NumberingPlan,
        today: Date,
    ) -> (Result<Vec<Found>, GapWhy>, Vec<Asked>) {
        let mut inquiry = Inquiry::new(self);
        let digits = number.as_u64().to_string();
        let national = plan.clone().with_outgoing(OutgoingFormat::National).with_outside_prefix("");
        let national =
            national.ok().and_then(|plan| Some(plan.dial(&number.to_string()).ok()?.target().to_owned()));
        let last10 = digits.get(digits.len().saturating_sub(10)..).unwrap_or_default().to_owned();
        let forms = [number.to_string(), digits, last10, national.unwrap_or_default()];
        let known = PHONE.into_iter().zip(forms).chain([(TODAY, today.to_string())]);
        let values = inquiry.run(&self.settings.find, known).await;
        let clients = values.get(CLIENT).map_or(Err(GapWhy::Missing), |cells| {
            let ids = texts(cells.as_ref().map_err(|why| *why)?)?;
            Ok(ids
                .into_iter()
                .filter(|id| id.len() <= LONGEST_ID)
                .take(MOST)
                .map(str::to_owned)
                .collect::<Vec<_>>())
        });
        let clients = match clients {
            Ok(clients) => clients,
            Err(why) => return (Err(why), inquiry.asked),
        };
        let mut found = Vec::new();
        for own_id in clients {
            found.push(self.card(&mut inquiry, own_id, today).await);
        }
        (Ok(found), inquiry.asked)
    }

    /// One client by its id there.
    pub async fn by_own_id(&self, own_id: String, today: Date) -> Found {
        self.card(&mut Inquiry::new(self), own_id, today).await
    }

    async fn card(&self, inquiry: &mut Inquiry<'_>, own_id: String, today: Date) -> Found {
        let known = [(CLIENT, own_id.clone()), (TODAY, today.to_string())];
        let values = inquiry.run(&self.settings.card, known.into_iter()).await;
        Found { own_id, values }
    }
}

fn authorization(
    http: &Client,
    settings: &CompanySettings,
    secret: &Secret,
) -> Result<Option<HeaderValue>, CompanyProblem> {
    let request = match &settings.authentication {
        Authentication::None => return Ok(None),
        Authentication::Basic(user) => http.get(settings.url.clone()).basic_auth(user, Some(secret.expose())),
        Authentication::Scheme(scheme) => {
            let text = zeroize::Zeroizing::new(format!("{scheme} {}", secret.expose()));
            let mut header = HeaderValue::from_str(&text).map_err(|_| CompanyProblem::BadSecret)?;
            header.set_sensitive(true);
            return Ok(Some(header));
        }
    };
    Ok(request.build()?.headers().get(AUTHORIZATION).cloned())
}

/// All requests about one call.
struct Inquiry<'a> {
    system: &'a CompanySystem,
    begun: Instant,
    asked: Vec<Asked>,
}

impl<'a> Inquiry<'a> {
    fn new(system: &'a CompanySystem) -> Self {
        Self { system, begun: system.clock.now(), asked: Vec::new() }
    }

    /// One request after the other, each with what the earlier ones gave. What several get under one name stands together.
    async fn run(
        &mut self,
        requests: &[Request],
        known: impl Iterator<Item = (&'static str, String)>,
    ) -> Values {
        let cell = |(name, text): (&str, String)| (name.to_owned(), Ok(vec![Cell::Text(text)]));
        let mut all: Values = known.map(cell).collect();
        for request in requests {
            let answers = self.answers(request, &all).await;
            for (name, pointer) in &request.get {
                let found =
                    answers.as_ref().map(|answers| answers.iter().flat_map(|answer| pointer.find(answer)));
                let value = all.entry(name.clone()).or_insert_with(|| Ok(Vec::new()));
                match (found, value) {
                    (Ok(found), Ok(cells)) => cells.extend(found),
                    (Err(why), value) => *value = Err(*why),
                    (Ok(_), Err(_)) => {}
                }
            }
        }
        all.retain(|name, _| requests.iter().any(|request| request.get.contains_key(name)));
        all
    }

    /// One for each combination of the values that its address needs.
    async fn answers(&mut self, request: &Request, values: &Values) -> Result<Vec<Value>, GapWhy> {
        let mut rounds = vec![Round::new()];
        for name in request.names() {
            let (name, cells) = values.get_key_value(name).ok_or(GapWhy::Missing)?;
            let cells = cells.as_ref().map_err(|why| *why)?;
            // Half of the debts would be taken for all of them.
            if cells.contains(&Cell::Missing) {
                return Err(GapWhy::Missing);
            }
            let texts = texts(cells)?;
            let mut each = Vec::new();
            for round in &rounds {
                each.extend(texts.iter().map(|text| {
                    let mut round = round.clone();
                    round.insert(name.as_str(), *text);
                    round
                }));
            }
            if each.len() > MOST {
                return Err(GapWhy::TooLarge);
            }
            rounds = each;
        }
        let mut answers = Vec::new();
        for round in rounds {
            answers.push(self.ask(request, &round).await?);
        }
        Ok(answers)
    }

    async fn ask(&mut self, request: &Request, round: &Round<'_>) -> Result<Value, GapWhy> {
        let CompanySystem { settings, http, authorization, clock } = self.system;
        let address = request.address(&settings.url, round)?;
        let begun = clock.now();
        let left = settings.budget.saturating_sub(begun.since(self.begun));
        let shown = address.to_string();
        let mut question = http.get(address);
        if let Some(header) = authorization {
            question = question.header(AUTHORIZATION, header.clone());
        }
        let exchange = tokio::time::timeout(left, exchange(question)).await;
        let exchange = exchange.unwrap_or(Err((GapWhy::Slow, None)));
        let (answer, missed) = match &exchange {
            Ok((json, octets)) => (Answer::Json(*octets), missed(request, json)),
            Err((why, status)) => {
                tracing::warn!(?why, status, "the company's system gave no answer");
                (Answer::Nothing(*why, *status), Vec::new())
            }
        };
        self.asked.push(Asked { address: shown, took: clock.now().since(begun), answer, missed });
        exchange.map(|(json, _)| json).map_err(|(why, _)| why)
    }
}

fn missed(request: &Request, answer: &Value) -> Vec<(String, String)> {
    let leads_nowhere = |(_, pointer): &(&String, &Pointer)| pointer.find(answer).contains(&Cell::Missing);
    let missed = request.get.iter().filter(leads_nowhere);
    missed.map(|(name, pointer)| (name.clone(), pointer.as_str().to_owned())).collect()
}

async fn exchange(question: RequestBuilder) -> Result<(Value, usize), (GapWhy, Option<u16>)> {
    let response = question.send().await.map_err(|error| (why(http::broken(&error)), None))?;
    let status = response.status();
    let fails = |why| Err((why, Some(status.as_u16())));
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return fails(GapWhy::Refused),
        StatusCode::NOT_FOUND | StatusCode::GONE => return fails(GapWhy::Missing),
        _ if status.is_redirection() => return fails(GapWhy::Redirected),
        _ if !status.is_success() => return fails(GapWhy::Failed),
        _ => {}
    }
    let body = match http::body(response, ANSWER_LIMIT).await {
        Ok(body) => body,
        Err(broken) => return fails(why(broken)),
    };
    // 1C's own services write a byte order mark.
    let json = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&body);
    match serde_json::from_slice(json) {
        Ok(json) => Ok((json, body.len())),
        Err(_) => fails(GapWhy::NotJson),
    }
}

const fn why(broken: Broken) -> GapWhy {
    match broken {
        Broken::Slow => GapWhy::Slow,
        Broken::Down => GapWhy::Down,
        Broken::NotTrusted => GapWhy::NotTrusted,
        Broken::NotHttp => GapWhy::Failed,
        Broken::TooLarge => GapWhy::TooLarge,
    }
}
