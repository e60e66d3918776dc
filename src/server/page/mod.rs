//! The manager's page: one document, one style sheet and one script, all of the desk's own, in the reader's language.

mod texts;

use axum::extract::RawPathParams;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::problem::{Refusal, language_of};
use super::query::Query;
use crate::desk_api::ProblemCode;
use crate::text::{Catalogue, Language};

/// Where the page is.
pub(crate) const PAGE: &str = "/";
/// Where its parts are.
pub(crate) const PART: &str = "/page/{id}";

/// Scripts, styles and data from the desk alone, nothing in line, nothing framed, no text made into a script (Trusted Types); no
/// form is sent anywhere but by the script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

#[derive(Deserialize)]
pub(crate) struct Ask {
    lang: Option<String>,
}

/// The page: in the language of `?lang=`, else of `Accept-Language`.
pub(crate) async fn show(headers: HeaderMap, Query(ask): Query<Ask>) -> impl IntoResponse {
    let asked = ask.lang.as_deref().and_then(Language::from_tag);
    let language = asked.unwrap_or_else(|| language_of(&headers));
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CONTENT_LANGUAGE, language.code()),
        (header::VARY, "Accept-Language"),
    ];
    (headers, Html(document(language)))
}

/// A part of it: style, script, icon, or the texts of a language.
pub(crate) async fn part(params: RawPathParams) -> Result<Response, Refusal> {
    let name = params.iter().find(|(name, _)| *name == "id").map_or("", |(_, value)| value);
    let (kind, content) = match name {
        "page.css" => ("text/css; charset=utf-8", include_str!("page.css").to_owned()),
        "page.js" => ("text/javascript; charset=utf-8", include_str!("page.js").to_owned()),
        "icon.svg" => ("image/svg+xml", include_str!("icon.svg").to_owned()),
        _ => {
            let language = name.strip_suffix(".json");
            let language = Language::ALL.into_iter().find(|known| Some(known.code()) == language);
            let texts = language.map(texts::in_language).ok_or(Refusal::from(ProblemCode::NoSuchPath))?;
            ("application/json", texts)
        }
    };
    Ok(([(header::CONTENT_TYPE, kind)], content).into_response())
}

/// The document with its texts: `{{key}}` stands for each.
fn document(language: Language) -> String {
    let cat = Catalogue::new(language);
    let mut document = String::new();
    let mut rest = include_str!("page.html");
    while let Some((before, after)) = rest.split_once("{{") {
        let (key, after) = after.split_once("}}").unwrap_or((after, ""));
        document.push_str(before);
        match key {
            "lang" => document.push_str(language.code()),
            _ => document.push_str(&escaped(cat.get(texts::text(key).unwrap_or(key)))),
        }
        rest = after;
    }
    document + rest
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::desk_api::{CallRecord, OrderState, Role};
    use crate::domain::call_result::CallResult;

    /// Keys that the script puts together.
    fn put_together() -> BTreeSet<String> {
        let word = |value: serde_json::Value| value.as_str().unwrap().to_owned();
        let states = OrderState::ALL.map(|state| word(serde_json::to_value(state).unwrap()));
        let held = [
            "not_for_operators",
            "standing_unknown",
            "overdue",
            "over_limit",
            "below_minimum",
            "over_credit",
            "other_currency",
            "other",
        ];
        let units = ["piece", "pack", "case", "pallet", "kilogram"];
        let outcomes =
            ["completed", "missed", "answered_elsewhere", "refused", "busy", "failed", "cancelled"];
        let results = CallResult::ALL.map(CallResult::as_str);
        assert!(results.into_iter().all(CallRecord::is_result));
        states
            .iter()
            .map(|state| format!("state_{state}"))
            .chain(held.map(|rule| format!("held_{rule}")))
            .chain(Role::ALL.map(|role| format!("role_{}", role.as_str())))
            .chain(units.map(|unit| format!("unit_{unit}")))
            .chain(outcomes.map(|outcome| format!("outcome_{outcome}")))
            .chain(results.map(|result| format!("result_{result}")))
            .chain(
                ["operator_badly", "operator_nothing", "client_badly", "client_nothing"]
                    .map(|how| format!("voice_{how}")),
            )
            .collect()
    }

    /// `t("key")` and `{{key}}`; `at("id")` is another function.
    fn written(source: &str, mark: &str, end: &str) -> BTreeSet<String> {
        let marks = source.match_indices(mark).filter(|(at, _)| {
            !source[..*at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.'))
        });
        let keys = marks.filter_map(|(at, _)| source[at + mark.len()..].split_once(end));
        keys.map(|(key, _)| key.to_owned()).collect()
    }

    #[test]
    fn every_text_of_the_page_has_its_key_and_no_key_is_unused() {
        let mut used = written(include_str!("page.js"), "t(\"", "\"");
        used.extend(written(include_str!("page.html"), "{{", "}}"));
        used.remove("lang");
        used.extend(put_together());
        let known: BTreeSet<String> = texts::TEXTS.iter().map(|(key, _)| (*key).to_owned()).collect();
        assert_eq!(known.len(), texts::TEXTS.len(), "a key stands twice");
        assert_eq!(used, known);
    }

    #[test]
    fn the_page_has_nothing_in_line_and_nothing_from_elsewhere() {
        let html = include_str!("page.html");
        for forbidden in ["<script>", "<style", " style=", " onclick=", "javascript:", "http:", "https:"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        let script = include_str!("page.js");
        for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!script.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn the_page_speaks_every_language() {
        for (language, word) in
            [(Language::English, "Log in"), (Language::Korean, "로그인"), (Language::Russian, "Войти")]
        {
            let document = document(language);
            assert!(document.contains(word) && document.contains(&format!("lang=\"{}\"", language.code())));
            assert!(!document.contains("{{"), "{document}");
        }
    }
}
