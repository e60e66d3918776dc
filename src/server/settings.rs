//! The desk's settings file.

use std::net::SocketAddr;
use std::path::Path;

use super::sample;
use super::store::DatabaseFile;
use crate::config::{ConfigError, Document, Expected, Section, Setting as _, read_file};
use crate::desk_api::{ClientType, ClientTypeId, Names};
use crate::domain::number::NumberingPlan;
use crate::text::msg;

pub(super) const LISTEN: Expected =
    Expected { what: msg!("an address and a port, 0 for any"), example: "127.0.0.1:8420" };
const DATABASE: Expected = Expected { what: msg!("sqlite: and a file's path"), example: "sqlite:desk.db" };
const ID: Expected = Expected { what: msg!("a text of one line"), example: "cafe" };
const ENGLISH: Expected = Expected { what: msg!("a text of one line"), example: "café" };
const NAMES: &str = "names = { en = \"café\", ko = \"카페\", ru = \"кафе\" }";
const KOREAN: Expected = Expected { what: msg!("a text of one line"), example: "카페" };
const RUSSIAN: Expected = Expected { what: msg!("a text of one line"), example: "кафе" };

/// What the file says; flags of the command line stand above it.
#[derive(Debug)]
pub(crate) struct Settings {
    pub listen: Option<SocketAddr>,
    pub database: Option<DatabaseFile>,
    /// How the company's clients write their numbers; Russia's way where nothing is said.
    pub plan: NumberingPlan,
    pub client_types: Vec<ClientType>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: None,
            database: None,
            plan: NumberingPlan::default(),
            client_types: sample::usual_types(),
        }
    }
}

impl Settings {
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        read_file(file, Self::parse)
    }

    fn parse(source: &str, path: &Path) -> Result<Self, ConfigError> {
        let document = Document::parse(source, path)?;
        let root = document.root();
        let numbering = root.section("numbering")?;
        let entries = root.sections("client_type")?;
        let own_types = entries.iter().map(client_type).collect::<Result<Vec<_>, _>>()?;
        let settings = Self {
            listen: root.text("listen", LISTEN, SocketAddr::parse)?,
            database: root.text("database", DATABASE, |text| DatabaseFile::parse(text).ok())?,
            plan: numbering.desk_numbering()?,
            client_types: if own_types.is_empty() { sample::usual_types() } else { own_types },
        };
        root.refuse_unknown()?;
        numbering.refuse_unknown()?;
        Ok(settings)
    }
}

fn client_type(entry: &Section<'_>) -> Result<ClientType, ConfigError> {
    let id = ClientTypeId(entry.needed("id", ID, String::parse)?);
    let written = entry.needed_section("names", NAMES)?;
    let names = Names {
        en: written.needed("en", ENGLISH, String::parse)?,
        ko: written.text("ko", KOREAN, String::parse)?,
        ru: written.text("ru", RUSSIAN, String::parse)?,
    };
    entry.refuse_unknown()?;
    written.refuse_unknown()?;
    Ok(ClientType { id, names })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Catalogue, Language};

    fn parse(source: &str) -> Result<Settings, ConfigError> {
        Settings::parse(source, Path::new("desk.toml"))
    }

    #[test]
    fn the_sample_file_says_what_holds_without_it() {
        let settings = parse(include_str!("../../config/desk.toml")).unwrap();
        assert_eq!(settings.plan, Settings::default().plan);
        assert_eq!(settings.client_types, Settings::default().client_types);
    }

    #[test]
    fn whatever_is_wrong_is_said_with_its_line_and_what_to_write() {
        for (source, line, words) in [
            ("listen = \"127.0.0.1:0\"\n\n[numbering]\ncuontry = \"KR\"", 4, &["cuontry", "country"][..]),
            ("listen = \"here\"", 1, &["listen", "here", "\"127.0.0.1:8420\""]),
            ("# one\ndatabase = 5", 2, &["database", "5", "\"sqlite:desk.db\""]),
            ("\ndatabase = \"postgres://a/b\"", 2, &["database", "postgres://a/b", "\"sqlite:desk.db\""]),
            ("listen 127.0.0.1", 1, &["listen 127.0.0.1", "TOML"]),
            ("numbering = 5", 1, &["numbering", "[numbering]"]),
            ("[numbering]\ncountry = \"XX\"", 2, &["country", "XX", "\"RU\""]),
            ("[numbering]\ncountry = 7", 2, &["country", "7", "\"RU\""]),
            ("[numbering]\n\narea_code = \"4951234\"", 3, &["area_code", "6", "\"495\""]),
            ("[numbering]\nshort_digits = 2", 2, &["short_digits", "2", "3", "9", "5"]),
            ("[[client_type]]\nid = \"cafe\"\nnames = { ko = \"카페\" }", 3, &["en", "en = \"café\""]),
            ("\n[[client_type]]\nnames = { en = \"café\" }", 2, &["id", "id = \"cafe\""]),
            ("[[client_type]]\nid = \"cafe\"", 1, &["names = { en = \"café\""]),
            ("[[client_type]]\nid = \"cafe\"\nnames = \"café\"", 3, &["names = \"café\"", "{ en = \"café\""]),
            ("[[client_type]]\nid = \"a\"\ncolour = 1\nnames = { en = \"b\" }", 3, &["colour", "id, names"]),
            ("client_type = 1", 1, &["client_type", "[[client_type]]"]),
        ] {
            let error = parse(source).unwrap_err();
            assert_eq!(error.line, Some(line), "{source}: {error:?}");
            for language in Language::ALL {
                let said = error.say(&Catalogue::new(language));
                for word in words.iter().chain(&["desk.toml"]) {
                    assert!(said.contains(word), "{word} is not in: {said}");
                }
            }
        }
    }

    #[test]
    fn a_secret_in_the_file_is_not_repeated() {
        for line in ["token = \"hunter2\"", "Password = hunter2", "secret = { a = \"hunter2\" }"] {
            let error = parse(&format!("listen = \"127.0.0.1:0\"\n{line}\n")).unwrap_err();
            assert_eq!(error.line, Some(2), "{line}");
            assert!(!error.say(&Catalogue::new(Language::English)).contains("hunter2"), "{error:?}");
        }
    }
}
