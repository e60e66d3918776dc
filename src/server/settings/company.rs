//! The company's own system: where it is, what it is asked, and what its words mean.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use crate::config::{ConfigError, Expected, Section, Setting as _};
use crate::desk_api::ClientType;
use crate::server::company::{
    Authentication, CLIENT, CompanySettings, Meaning, PARTS, PHONE, Pointer, Request, TODAY, Template,
    tells_standing,
};
use crate::text::msg;

const URL: Expected = Expected {
    what: msg!("an https:// or http:// address without user, password or question mark"),
    example: "https://1c.example.com/trade/odata/standard.odata",
};
const AUTHENTICATION: Expected =
    Expected { what: msg!("one of \"none\", \"basic\", \"bearer\", \"token\""), example: "basic" };
const USER: Expected = Expected { what: msg!("a text of one line"), example: "patchcord" };
const FILE: Expected = Expected { what: msg!("the path of a file"), example: "/etc/patchcord/company" };
const BUDGET: Expected = Expected { what: msg!("milliseconds from 100 to 1900"), example: "1500" };
const CURRENCY: Expected = Expected { what: msg!("three capital letters of ISO 4217"), example: "RUB" };
const CLIENT_TYPE: Expected = Expected { what: msg!("the id of a type of clients"), example: "market" };
const PATH: Expected = Expected {
    what: msg!("a path whose places in braces are named by an earlier request, or phone, client or today"),
    example: "Catalog_A(guid'{client}')",
};
const QUERY: Expected = Expected {
    what: msg!("a text whose places in braces are named by an earlier request, or phone, client or today"),
    example: "Code eq '{client}'",
};
const POINTER: Expected = Expected {
    what: msg!("a JSON pointer, with * for each element of an array"),
    example: "/value/*/Ref_Key",
};
const FINDS: Expected =
    Expected { what: msg!("where the ids of clients stand in the answer"), example: "/value/*/Ref_Key" };
const NAME: Expected =
    Expected { what: msg!("where the client's name stands in the answer"), example: "/Description" };
const STANDING: Expected = Expected {
    what: msg!("overdue, or over_limit, or debt and limit: else nobody knows whether an order may be taken"),
    example: "/value/*/Debt",
};

/// The telephone waits two seconds for a card; later nobody sees it.
const BUDGET_MS: u16 = 1500;

/// None without the section.
pub(super) fn read(root: &Section<'_>, types: &[ClientType]) -> Result<Option<CompanySettings>, ConfigError> {
    let Some(section) = root.section_if_there("company_system")? else { return Ok(None) };
    let known_type = |text: &str| types.iter().find(|known| known.id.0 == text).map(|known| known.id.clone());
    let settings = CompanySettings {
        // Who writes a password into it must not see it on the screen.
        url: section.address("url", URL, base)?.ok_or_else(|| section.missing("url", URL))?,
        authentication: authentication(&section)?,
        secret_file: section.text("secret_file", FILE, |path| Some(PathBuf::from(path)))?,
        ca: section.text("ca", FILE, |path| Some(PathBuf::from(path)))?,
        budget: section
            .number("budget_ms", BUDGET, |ms| (100..=1900).contains(&ms).then_some(ms))?
            .map_or(Duration::from_millis(BUDGET_MS.into()), |ms| Duration::from_millis(ms.into())),
        find: requests(&section, "find", &PHONE)?,
        card: requests(&section, "card", &[CLIENT])?,
        meaning: Meaning {
            currency: section.needed("currency", CURRENCY, currency)?,
            usual_type: section.needed("client_type", CLIENT_TYPE, known_type)?,
            client_types: section.texts("client_types", CLIENT_TYPE, known_type)?.into_iter().collect(),
        },
    };
    section.refuse_unknown()?;
    let gets =
        |requests: &[Request], name: &str| requests.iter().any(|request| request.get.contains_key(name));
    if !gets(&settings.find, CLIENT) {
        return Err(section.missing("find.get.client", FINDS));
    }
    if !gets(&settings.card, "name") {
        return Err(section.missing("card.get.name", NAME));
    }
    let tells = |name: &str| gets(&settings.card, name);
    if (tells("debt") || tells("limit")) && !tells_standing(tells) {
        return Err(section.missing("card.get.overdue", STANDING));
    }
    Ok(Some(settings))
}

fn base(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim_end_matches('/')).ok()?;
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.has_host();
    (is_plain && matches!(url.scheme(), "http" | "https")).then_some(url)
}

fn authentication(section: &Section<'_>) -> Result<Authentication, ConfigError> {
    let scheme = |text: &str| match text {
        "none" => Some(Authentication::None),
        "basic" => Some(Authentication::Basic(String::new())),
        "bearer" => Some(Authentication::Scheme("Bearer")),
        "token" => Some(Authentication::Scheme("token")),
        _ => None,
    };
    match section.needed("authentication", AUTHENTICATION, scheme)? {
        Authentication::Basic(_) => Ok(Authentication::Basic(section.needed("user", USER, String::parse)?)),
        other => Ok(other),
    }
}

fn currency(text: &str) -> Option<String> {
    (text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())).then(|| text.to_owned())
}

/// In each, places may be named that are given, or that an earlier one gets. What is got must be of use.
fn requests(
    section: &Section<'_>,
    key: &'static str,
    given: &[&'static str],
) -> Result<Vec<Request>, ConfigError> {
    let entries = section.sections(key)?;
    let mut known: BTreeSet<String> = given.iter().chain(&[TODAY]).map(|name| (*name).to_owned()).collect();
    let mut requests: Vec<Request> = Vec::new();
    for entry in &entries {
        let template = |text: &str| {
            let template = Template::parse(text);
            let is_known = template.names().all(|name| known.contains(name));
            is_known.then_some(template)
        };
        let path = |text: &str| text.trim_matches('/').split('/').map(template).collect::<Option<Vec<_>>>();
        let request = Request {
            path: entry.needed("path", PATH, path)?,
            query: entry.texts("query", QUERY, template)?,
            get: entry.texts("get", POINTER, Pointer::parse)?.into_iter().collect(),
        };
        entry.refuse_unknown()?;
        known.extend(request.get.keys().cloned());
        requests.push(request);
    }
    let parts: &[&str] = if key == "find" { &[CLIENT] } else { &PARTS };
    for (place, (entry, request)) in entries.iter().zip(&requests).enumerate() {
        let later = requests.iter().skip(place + 1);
        let used: BTreeSet<&str> = later.flat_map(Request::names).chain(parts.iter().copied()).collect();
        if let Some(useless) = request.get.keys().find(|name| !used.contains(name.as_str())) {
            return Err(entry.unknown(useless, parts));
        }
    }
    Ok(requests)
}
