//! `patchcord-desk examine`: does a desk keep what the contract promises?

use std::collections::BTreeMap;
use std::path::Path;

use reqwest::Url;
use serde_json::json;

use super::{ExamineArguments, Failure};
use crate::config::io_words;
use crate::server::examiner::{Examinee, Lacks, MARK, Outcome, checks};
use crate::text::{Catalogue, say};

pub(super) async fn run(arguments: ExamineArguments, cat: &Catalogue) -> Result<(), Failure> {
    let url = Url::parse(&arguments.url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.ok_or_else(|| Failure::NotAnAddress(arguments.url.clone()))?;
    let tokens = tokens(&arguments.token_file, cat)?;
    let examinee = Examinee::new(url, tokens, arguments.route).map_err(Failure::Examiner)?;
    let (mut passed, mut broken, mut skipped) = (0_u32, 0_u32, 0_u32);
    let mut told = Vec::new();
    for check in checks() {
        let outcome = examinee.examine(check, arguments.write).await;
        *(match outcome {
            Outcome::Passed => &mut passed,
            Outcome::Failed { .. } => &mut broken,
            Outcome::Skipped(_) => &mut skipped,
        }) += 1;
        if arguments.json {
            told.push(as_json(check.name, &outcome));
        } else {
            println!("{}", words(check.name, &outcome, cat));
        }
    }
    if arguments.json {
        println!(
            "{}",
            json!({"v": 1, "passed": passed, "failed": broken, "skipped": skipped, "checks": told})
        );
    } else {
        println!(
            "{}",
            say!(
                cat,
                "Passed: {passed}, failed: {failed}, skipped: {skipped}.",
                passed = passed,
                failed = broken,
                skipped = skipped
            )
        );
        if arguments.write {
            println!(
                "{}",
                say!(
                    cat,
                    "What was written stays: clients, products, calls and orders named “{mark}”.",
                    mark = MARK
                )
            );
        }
    }
    if broken == 0 { Ok(()) } else { Err(Failure::Examined(broken)) }
}

/// A line `role=token` each.
fn tokens(file: &Path, cat: &Catalogue) -> Result<BTreeMap<String, String>, Failure> {
    let unfit = |why: String| Failure::TokenFile { file: file.to_owned(), why };
    let text =
        std::fs::read_to_string(file).map_err(|error| unfit(io_words(cat, error.kind()).to_owned()))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pair = |line: &str| {
        let (role, token) = line.split_once('=')?;
        Some((role.trim().to_owned(), token.trim().to_owned()))
    };
    let tokens: Option<BTreeMap<_, _>> = lines.map(pair).collect();
    let expected = || unfit(say!(cat, "each line is a role, = and its token"));
    tokens.filter(|tokens| !tokens.is_empty()).ok_or_else(expected)
}

fn words(name: &str, outcome: &Outcome, cat: &Catalogue) -> String {
    match outcome {
        Outcome::Passed => say!(cat, "passed   {name}", name = name),
        Outcome::Failed { expected, came } => {
            say!(
                cat,
                "FAILED   {name}: expected {expected}; came {came}",
                name = name,
                expected = expected,
                came = came
            )
        }
        Outcome::Skipped(Lacks::Token(role)) => {
            say!(cat, "skipped  {name}: no token of the role {role}", name = name, role = role)
        }
        Outcome::Skipped(Lacks::Writing) => say!(cat, "skipped  {name}: it writes, see --write", name = name),
        Outcome::Skipped(Lacks::Route) => say!(cat, "skipped  {name}: no route, see --route", name = name),
    }
}

fn as_json(name: &str, outcome: &Outcome) -> serde_json::Value {
    match outcome {
        Outcome::Passed => json!({"name": name, "outcome": "passed"}),
        Outcome::Failed { expected, came } => {
            json!({"name": name, "outcome": "failed", "expected": expected, "came": came})
        }
        Outcome::Skipped(lacks) => {
            let lacks = match lacks {
                Lacks::Token(role) => role,
                Lacks::Writing => "write",
                Lacks::Route => "route",
            };
            json!({"name": name, "outcome": "skipped", "lacks": lacks})
        }
    }
}
