//! The settings file: which sections and keys there are, and what is wrong with a line.

use super::value::{self, Expected, Setting};
use super::{CodecName, Identity, Settings};
use std::cell::Cell;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a settings file, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError {
    pub file: PathBuf,
    /// 1 and up; `None` when the file as a whole could not be read.
    pub line: Option<usize>,
    pub fault: Fault,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    Unreadable(std::io::ErrorKind),
    /// Not TOML; the line as it stands.
    Syntax {
        text: String,
    },
    /// No such section or key; those that there are.
    UnknownKey {
        key: String,
        known: Vec<&'static str>,
    },
    BadValue {
        key: String,
        value: String,
        expected: Expected,
    },
    /// A password or token stands in the file; its value is not repeated.
    SecretInFile {
        key: String,
    },
}

impl ConfigError {
    pub(super) fn unreadable(path: &Path, kind: std::io::ErrorKind) -> Self {
        Self { file: path.to_owned(), line: None, fault: Fault::Unreadable(kind) }
    }
}

pub(super) fn parse(source: &str, path: &Path) -> Result<Settings, ConfigError> {
    let text = Text { source, path };
    let table = DeTable::parse(source).map_err(|error| text.syntax(error.span()))?;
    let root = Section::new(text, table.get_ref());
    let lang = root.value("lang")?;
    let account = root.section("account")?;
    let pbx = root.section("pbx")?;
    let calls = root.section("calls")?;
    let numbering = root.section("numbering")?;
    let desk = root.section("desk")?;
    let settings = Settings {
        lang,
        user: account.value("user")?,
        auth_user: account.value("auth_user")?,
        domain: account.value("domain")?,
        realm: account.value("realm")?,
        display: account.value("display")?,
        password_file: account.value("password_file")?,
        expires: account
            .number("expires", 10..=43_200, value::EXPIRES)?
            .map(|seconds| Duration::from_secs(seconds.into())),
        server: pbx.value("server")?,
        proxy: pbx.value("proxy")?,
        transport: pbx.value("transport")?,
        local: pbx.value("local")?,
        rtp_ports: pbx.value("rtp_ports")?,
        after_failed_transfer: pbx.value("after_failed_transfer")?,
        codecs: calls.list::<CodecName>("codecs", CodecName::EXPECTED)?,
        identity: calls.list::<Identity>("identity", Identity::EXPECTED)?,
        name_prefixes: calls.list::<String>("name_prefixes", value::TEXTS)?,
        look_up_withheld: calls.yes_no("look_up_withheld")?,
        country_code: numbering.number("country_code", 1..=999, value::COUNTRY)?,
        area_code: numbering.checked("area_code", value::PREFIX, |text| value::is_digits(text, 6))?,
        outside_prefix: numbering
            .checked("outside_prefix", value::PREFIX, |text| value::is_digits(text, 4))?,
        international_prefix: numbering
            .checked("international_prefix", value::PREFIX, |text| value::is_digits(text, 8))?,
        short_digits: numbering.number("short_digits", 2..=9, value::SHORT_DIGITS)?,
        outgoing: numbering.value("outgoing")?,
        desk: desk.checked("url", value::URL, value::is_desk_url)?,
        ca: desk.value("ca")?,
        operator: desk.value("operator")?,
    };
    for section in [&root, &account, &pbx, &calls, &numbering, &desk] {
        section.refuse_unknown()?;
    }
    Ok(settings)
}

#[derive(Clone, Copy)]
struct Text<'a> {
    source: &'a str,
    path: &'a Path,
}

impl Text<'_> {
    fn line(&self, at: usize) -> usize {
        self.source.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
    }

    fn error(&self, span: &Range<usize>, fault: Fault) -> ConfigError {
        ConfigError { file: self.path.to_owned(), line: Some(self.line(span.start)), fault }
    }

    fn syntax(&self, span: Option<Range<usize>>) -> ConfigError {
        let span = span.unwrap_or_default();
        let line = self.line(span.start);
        let mut text = self.source.lines().nth(line - 1).unwrap_or_default().trim();
        // A mistyped password line must not be repeated on a screen.
        if text.to_ascii_lowercase().contains("password") || text.to_ascii_lowercase().contains("token") {
            text = text.split('=').next().unwrap_or_default().trim();
        }
        self.error(&span, Fault::Syntax { text: text.chars().take(80).collect() })
    }
}

/// One table of the file; remembers which keys were asked for, to find those that nobody knows.
struct Section<'a> {
    text: Text<'a>,
    table: Option<&'a DeTable<'a>>,
    known: Cell<Vec<&'static str>>,
}

type Found<'a> = Option<&'a Spanned<DeValue<'a>>>;

impl<'a> Section<'a> {
    fn new(text: Text<'a>, table: &'a DeTable<'a>) -> Self {
        Self { text, table: Some(table), known: Cell::default() }
    }

    fn find(&self, key: &'static str) -> Found<'a> {
        let mut known = self.known.take();
        known.push(key);
        self.known.set(known);
        self.table?.get(key)
    }

    fn section(&self, key: &'static str) -> Result<Self, ConfigError> {
        let table = match self.find(key) {
            None => None,
            Some(value) => {
                Some(value.get_ref().as_table().ok_or_else(|| self.bad(key, value, value::SECTION))?)
            }
        };
        Ok(Self { text: self.text, table, known: Cell::default() })
    }

    fn value<T: Setting>(&self, key: &'static str) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.find(key) else { return Ok(None) };
        let parsed = value.get_ref().as_str().and_then(T::parse);
        parsed.map(Some).ok_or_else(|| self.bad(key, value, T::EXPECTED))
    }

    fn checked(
        &self,
        key: &'static str,
        expected: Expected,
        fits: impl Fn(&str) -> bool,
    ) -> Result<Option<String>, ConfigError> {
        let Some(value) = self.find(key) else { return Ok(None) };
        let text = value.get_ref().as_str().filter(|text| fits(text));
        text.map(|text| Some(text.to_owned())).ok_or_else(|| self.bad(key, value, expected))
    }

    fn list<T: Setting>(&self, key: &'static str, expected: Expected) -> Result<Option<Vec<T>>, ConfigError> {
        let Some(value) = self.find(key) else { return Ok(None) };
        let bad = |value| self.bad(key, value, expected);
        let array = value.get_ref().as_array().ok_or_else(|| bad(value))?;
        let items =
            array.iter().map(|item| item.get_ref().as_str().and_then(T::parse).ok_or_else(|| bad(item)));
        items.collect::<Result<Vec<T>, _>>().map(Some)
    }

    fn number(
        &self,
        key: &'static str,
        range: RangeInclusive<u16>,
        expected: Expected,
    ) -> Result<Option<u16>, ConfigError> {
        let Some(value) = self.find(key) else { return Ok(None) };
        let integer = value.get_ref().as_integer().filter(|integer| integer.radix() == 10);
        let number = integer.and_then(|integer| integer.as_str().parse().ok());
        let number = number.filter(|number| range.contains(number));
        number.map(Some).ok_or_else(|| self.bad(key, value, expected))
    }

    fn yes_no(&self, key: &'static str) -> Result<Option<bool>, ConfigError> {
        let Some(value) = self.find(key) else { return Ok(None) };
        value.get_ref().as_bool().map(Some).ok_or_else(|| self.bad(key, value, value::YES_NO))
    }

    fn bad(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: Expected) -> ConfigError {
        let span = value.span();
        let written = self.text.source.get(span.clone()).unwrap_or_default().trim();
        let written = written.lines().next().unwrap_or_default().chars().take(60).collect();
        self.text.error(&span, Fault::BadValue { key: key.to_owned(), value: written, expected })
    }

    fn refuse_unknown(&self) -> Result<(), ConfigError> {
        let known = self.known.take();
        let Some(table) = self.table else { return Ok(()) };
        let mut unknown: Vec<_> =
            table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())).collect();
        unknown.sort_by_key(|key| key.span().start);
        let Some(key) = unknown.first() else { return Ok(()) };
        let name = key.get_ref().to_string();
        let fault = if matches!(name.as_str(), "password" | "token" | "secret") {
            Fault::SecretInFile { key: name }
        } else {
            Fault::UnknownKey { key: name, known }
        };
        Err(self.text.error(&key.span(), fault))
    }
}
