//! The desk's settings file.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::sample;
use crate::desk_api::{ClientType, ClientTypeId, Names};
use crate::domain::number::{NumberingPlan, PlanProblem};

/// What the file says; flags of the command line stand above it.
#[derive(Default, Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub listen: Option<String>,
    pub database: Option<String>,
    #[serde(default)]
    numbering: Numbering,
    #[serde(default, rename = "client_type")]
    client_types: Vec<TypeEntry>,
}

#[derive(Default, Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct Numbering {
    country: Option<String>,
    area_code: Option<String>,
    short_digits: Option<usize>,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct TypeEntry {
    id: String,
    names: Names,
}

/// Why a settings file cannot be used.
#[derive(Debug)]
pub(crate) enum SettingsProblem {
    Unreadable {
        file: PathBuf,
        error: std::io::Error,
    },
    /// `text`: the line that cannot be used.
    Malformed {
        file: PathBuf,
        line: usize,
        text: String,
    },
    Numbering {
        file: PathBuf,
        problem: PlanProblem,
    },
}

impl Settings {
    pub fn read(file: &Path) -> Result<Self, SettingsProblem> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| SettingsProblem::Unreadable { file: file.to_owned(), error })?;
        let settings = Self::parse(&text).map_err(|(line, text)| SettingsProblem::Malformed {
            file: file.to_owned(),
            line,
            text,
        })?;
        settings.plan().map_err(|problem| SettingsProblem::Numbering { file: file.to_owned(), problem })?;
        Ok(settings)
    }

    fn parse(text: &str) -> Result<Self, (usize, String)> {
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let before = text.get(..at).unwrap_or("").matches('\n').count();
            (before + 1, shown(text.lines().nth(before).unwrap_or("")))
        })
    }

    /// How the company's clients write their numbers; Russia's way where nothing is said.
    pub fn plan(&self) -> Result<NumberingPlan, PlanProblem> {
        let numbering = &self.numbering;
        let plan = match numbering.country.as_deref() {
            Some(country) => NumberingPlan::of_country(country)?,
            None => NumberingPlan::russia(),
        };
        plan.with_area_code(numbering.area_code.as_deref().unwrap_or(""))?
            .with_short_digits(numbering.short_digits.unwrap_or(NumberingPlan::SHORT_DIGITS))
    }

    pub fn client_types(&self) -> Vec<ClientType> {
        if self.client_types.is_empty() {
            return sample::usual_types();
        }
        let own =
            |entry: &TypeEntry| ClientType { id: ClientTypeId(entry.id.clone()), names: entry.names.clone() };
        self.client_types.iter().map(own).collect()
    }
}

/// A line as it may stand on a screen: the value of a misplaced password or token is left out.
fn shown(line: &str) -> String {
    let name = line.to_ascii_lowercase();
    let is_secret = ["password", "token", "secret"].into_iter().any(|word| name.contains(word));
    let line = if is_secret { line.split('=').next().unwrap_or_default() } else { line };
    line.trim().chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_file_says_what_holds_without_it() {
        let settings = Settings::parse(include_str!("../../config/desk.toml")).unwrap();
        assert_eq!(settings.plan(), Settings::default().plan());
        assert_eq!(settings.client_types(), Settings::default().client_types());
    }

    #[test]
    fn a_misspelt_key_is_found_by_its_line() {
        let (line, text) =
            Settings::parse("listen = \"127.0.0.1:0\"\n\n[numbering]\ncuontry = \"KR\"\n").unwrap_err();
        assert_eq!(line, 4);
        assert!(text.contains("cuontry"), "{text}");
    }

    #[test]
    fn a_secret_in_the_file_is_not_repeated() {
        for line in ["token = \"hunter2\"", "Password = hunter2", "secret = { a = \"hunter2\" }"] {
            let (at, text) = Settings::parse(&format!("listen = \"127.0.0.1:0\"\n{line}\n")).unwrap_err();
            assert_eq!(at, 2, "{line}");
            assert!(!text.is_empty() && !text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn a_country_that_nobody_knows_is_refused() {
        let settings = Settings::parse("[numbering]\ncountry = \"XX\"").unwrap();
        assert_eq!(settings.plan(), Err(PlanProblem::NoSuchCountry));
    }
}
