//! What the programs say to people, in their language: gettext catalogues, one per language.
//!
//! The English text in the source is the key (`msgid`), so English needs no catalogue at run time;
//! the others are compiled in and read on first use, the chosen one only. Parameters stand in
//! braces, by name: `say!(cat, "No answer from {host}.", host = name)`. Texts kept in tables or
//! returned by functions are marked with `msg!("…")` and said by [`Catalogue::say`].
//! `tests/catalogues.rs` finds both marks in the sources and refuses any message that a language
//! lacks, or has and nobody says.

pub mod po;

use std::borrow::Cow;
use std::fmt::Display;
use std::sync::OnceLock;

/// Says a message: `say!(cat, "…")`, or with values for its placeholders, each by name.
#[macro_export]
macro_rules! say {
    ($catalogue:expr, $msgid:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $catalogue.say($msgid, &[$((stringify!($name), &$value as &dyn ::std::fmt::Display)),*])
    };
}

/// Marks a message that another place says: `const BUSY: &str = msg!("Busy.")`.
#[macro_export]
macro_rules! msg {
    ($msgid:literal) => {
        $msgid
    };
}

pub use crate::{msg, say};

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Language {
    #[serde(rename = "en")]
    English,
    #[serde(rename = "ko")]
    Korean,
    #[serde(rename = "ru")]
    Russian,
}

impl Language {
    pub const ALL: [Self; 3] = [Self::English, Self::Korean, Self::Russian];

    /// ISO 639-1, as written in `--lang` and in the catalogue's path.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
            Self::Russian => "ru",
        }
    }

    /// `ko`, `ko_KR.UTF-8`, `ru-RU`; `None` for languages we do not speak.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let language = tag.split(['_', '-', '.', '@']).next().unwrap_or_default();
        if matches!(language, "C" | "POSIX") {
            return Some(Self::English);
        }
        Self::ALL.into_iter().find(|known| known.code().eq_ignore_ascii_case(language))
    }

    /// The language of the environment: the first of LC_ALL, LC_MESSAGES and LANG that is set
    /// decides (POSIX); English where we do not speak it.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| variable(name).filter(|value| !value.is_empty()))
            .and_then(|tag| Self::from_tag(&tag))
            .unwrap_or(Self::English)
    }

    /// The catalogue's source, a .po file.
    pub const fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("lang/en/LC_MESSAGES/patchcord.po"),
            Self::Korean => include_str!("lang/ko/LC_MESSAGES/patchcord.po"),
            Self::Russian => include_str!("lang/ru/LC_MESSAGES/patchcord.po"),
        }
    }
}

/// The messages of one language.
#[derive(Debug)]
pub struct Catalogue {
    language: Language,
    messages: OnceLock<po::Messages>,
}

impl Catalogue {
    /// Costs nothing: the catalogue is read when the first message is said.
    pub const fn new(language: Language) -> Self {
        Self { language, messages: OnceLock::new() }
    }

    pub const fn language(&self) -> Language {
        self.language
    }

    /// The message with its placeholders filled in. A message that the catalogue lacks is said in
    /// English.
    pub fn say(&self, msgid: &'static str, values: &[(&str, &dyn Display)]) -> String {
        fill(self.find(msgid), values)
    }

    /// A message without placeholders.
    pub fn get<'a>(&'a self, msgid: &'a str) -> &'a str {
        self.find(msgid)
    }

    fn find<'a>(&'a self, msgid: &'a str) -> &'a str {
        if self.language == Language::English {
            return msgid;
        }
        let messages = self.messages.get_or_init(|| po::parse(self.language.source()).unwrap_or_default());
        messages.get(msgid).map_or(msgid, Cow::as_ref)
    }
}

fn fill(template: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        match after.split_once('}') {
            Some((name, after)) => {
                match values.iter().find(|(known, _)| *known == name) {
                    Some((_, value)) => filled.push_str(&value.to_string()),
                    None => filled.extend(["{", name, "}"]),
                }
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_with_braces_is_not_filled_in_again() {
        let catalogue = Catalogue::new(Language::English);
        let text = say!(catalogue, "{name} calls {target}", name = "{target}", target = 200);
        assert_eq!(text, "{target} calls 200");
    }

    #[test]
    fn the_first_variable_that_is_set_decides() {
        let variables = |name: &str| match name {
            "LC_ALL" => Some(String::new()),
            "LC_MESSAGES" => Some("ko_KR.UTF-8".into()),
            "LANG" => Some("ru_RU.UTF-8".into()),
            _ => None,
        };
        assert_eq!(Language::from_environment(variables), Language::Korean);
        assert_eq!(Language::from_environment(|_| None), Language::English);
        assert_eq!(Language::from_environment(|_| Some("de_DE".into())), Language::English);
    }

    #[test]
    fn every_catalogue_can_be_read() {
        for language in Language::ALL {
            assert!(po::parse(language.source()).is_ok(), "{}", language.code());
        }
    }
}
