//! Reading a settings file section by section, so that every fault has its line.

use super::value::{self, Expected, Setting};
use crate::secrets::Secret;
use serde::de::DeserializeOwned;
use std::cell::Cell;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

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
    /// `example` is written as the file wants it.
    BadValue {
        key: &'static str,
        value: String,
        what: &'static str,
        example: String,
    },
    Missing {
        key: &'static str,
        what: &'static str,
        example: String,
    },
    /// A password or token stands in the file; its value is not repeated.
    SecretInFile {
        key: String,
    },
}

/// Words in a key whose value must not be repeated on a screen.
const SECRETS: [&str; 3] = ["password", "token", "secret"];

impl ConfigError {
    fn unreadable(path: &Path, kind: std::io::ErrorKind) -> Self {
        Self { file: path.to_owned(), line: None, fault: Fault::Unreadable(kind) }
    }

    /// Who writes a secret here must hear where it belongs, not which keys there are.
    pub(super) fn or_secret(self) -> Self {
        match self.fault {
            Fault::UnknownKey { key, .. } if SECRETS.contains(&key.as_str()) => {
                Self { fault: Fault::SecretInFile { key }, ..self }
            }
            _ => self,
        }
    }
}

/// Reads a file; `parse` makes settings of its text.
pub fn read_file<T>(
    path: &Path,
    parse: impl FnOnce(&str, &Path) -> Result<T, ConfigError>,
) -> Result<T, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(source) => parse(&source, path),
        Err(error) => Err(ConfigError::unreadable(path, error.kind())),
    }
}

/// A settings file that is TOML.
pub struct Document<'a> {
    text: Text<'a>,
    table: Spanned<DeTable<'a>>,
}

impl<'a> Document<'a> {
    /// `path` is only named in errors.
    pub fn parse(source: &'a str, path: &'a Path) -> Result<Self, ConfigError> {
        let text = Text { source, path };
        let table = DeTable::parse(source).map_err(|error| text.syntax(error.span()))?;
        Ok(Self { text, table })
    }

    pub fn root(&self) -> Section<'_> {
        Section {
            text: self.text,
            table: Some(self.table.get_ref()),
            span: self.table.span(),
            known: Cell::default(),
        }
    }
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
        let line = self.source.lines().nth(self.line(span.start) - 1).unwrap_or_default();
        self.error(&span, Fault::Syntax { text: shown(line, 80) })
    }
}

/// As much of the file as may stand on a screen: what a password or token is set to is left out.
fn shown(text: &str, most: usize) -> String {
    let lowercase = text.to_ascii_lowercase();
    let is_secret = SECRETS.into_iter().any(|word| lowercase.contains(word));
    let text = if is_secret { text.split('=').next().unwrap_or_default() } else { text };
    text.trim().chars().take(most).collect()
}

/// One table of the file; remembers which keys were asked for, to find those that nobody knows.
pub struct Section<'a> {
    text: Text<'a>,
    table: Option<&'a DeTable<'a>>,
    span: Range<usize>,
    known: Cell<Vec<&'static str>>,
}

type Found<'a> = Option<&'a Spanned<DeValue<'a>>>;

impl<'a> Section<'a> {
    fn find(&self, key: &'static str) -> Found<'a> {
        let mut known = self.known.take();
        known.push(key);
        self.known.set(known);
        self.table?.get(key)
    }

    /// Empty where the file does not have it.
    pub fn section(&self, key: &'static str) -> Result<Self, ConfigError> {
        match self.find(key) {
            None => {
                Ok(Self { text: self.text, table: None, span: self.span.clone(), known: Cell::default() })
            }
            Some(value) => self.table_of(key, value, format!("[{key}]")),
        }
    }

    /// None where the file does not have it.
    pub fn section_if_there(&self, key: &'static str) -> Result<Option<Self>, ConfigError> {
        self.find(key).map(|value| self.table_of(key, value, format!("[{key}]"))).transpose()
    }

    /// A section that may not be left out.
    pub fn needed_section(&self, key: &'static str, example: &str) -> Result<Self, ConfigError> {
        let missing = || Fault::Missing { key, what: value::SECTION, example: example.to_owned() };
        let value = self.find(key).ok_or_else(|| self.text.error(&self.span, missing()))?;
        self.table_of(key, value, example.to_owned())
    }

    /// A section that may be there several times: `[[key]]`.
    pub fn sections(&self, key: &'static str) -> Result<Vec<Self>, ConfigError> {
        let Some(value) = self.find(key) else { return Ok(Vec::new()) };
        let example = || format!("[[{key}]]");
        let array = value.get_ref().as_array();
        let array = array.ok_or_else(|| self.bad(key, value, value::SECTION, example()))?;
        array.iter().map(|item| self.table_of(key, item, example())).collect()
    }

    fn table_of(
        &self,
        key: &'static str,
        value: &'a Spanned<DeValue<'a>>,
        example: String,
    ) -> Result<Self, ConfigError> {
        let table =
            value.get_ref().as_table().ok_or_else(|| self.bad(key, value, value::SECTION, example))?;
        Ok(Self { text: self.text, table: Some(table), span: value.span(), known: Cell::default() })
    }

    pub fn value<T: Setting>(&self, key: &'static str) -> Result<Option<T>, ConfigError> {
        self.text(key, T::EXPECTED, T::parse)
    }

    /// A text that `parse` understands.
    pub fn text<T>(
        &self,
        key: &'static str,
        expected: Expected,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.find(key) else { return Ok(None) };
        let parsed = value.get_ref().as_str().and_then(parse);
        parsed.map(Some).ok_or_else(|| self.bad(key, value, expected.what, quoted(expected.example)))
    }

    /// The same where the key may not be left out.
    pub fn needed<T>(
        &self,
        key: &'static str,
        expected: Expected,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        self.text(key, expected, parse)?.ok_or_else(|| self.missing(key, expected))
    }

    /// A key without which the section says nothing.
    pub fn missing(&self, key: &'static str, expected: Expected) -> ConfigError {
        let example = format!("{key} = {}", quoted(expected.example));
        self.text.error(&self.span, Fault::Missing { key, what: expected.what, example })
    }

    /// A section whose keys are the file's own, each with a text, in the file's order.
    pub fn texts<T>(
        &self,
        key: &'static str,
        expected: Expected,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<(String, T)>, ConfigError> {
        let Some(value) = self.find(key) else { return Ok(Vec::new()) };
        let example = || format!("{{ key = {} }}", quoted(expected.example));
        let table = value.get_ref().as_table();
        let table = table.ok_or_else(|| self.bad(key, value, value::SECTION, example()))?;
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let read = |(name, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let parsed = value.get_ref().as_str().and_then(&parse);
            let parsed =
                parsed.ok_or_else(|| self.bad(key, value, expected.what, quoted(expected.example)))?;
            Ok((String::from(name.get_ref() as &str), parsed))
        };
        entries.into_iter().map(read).collect()
    }

    /// A key of a section of the file's own keys that means nothing here.
    pub fn unknown(&self, key: &str, known: &[&'static str]) -> ConfigError {
        self.text.error(&self.span, Fault::UnknownKey { key: key.to_owned(), known: known.to_vec() })
    }

    /// As `text`, for an address that may hold a password where none belongs: one with an `@` is not repeated.
    pub fn address<T>(
        &self,
        key: &'static str,
        expected: Expected,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        self.text(key, expected, parse).map_err(|mut error| {
            if let Fault::BadValue { value, .. } = &mut error.fault
                && value.contains('@')
            {
                "…".clone_into(value);
            }
            error
        })
    }

    /// A password or token: whatever is wrong with it, it is not repeated.
    pub fn secret(&self, key: &'static str) -> Result<Option<Secret>, ConfigError> {
        let read = self.text(key, value::SECRET, |text| {
            let fits = !text.is_empty() && text.len() <= 4096 && !text.chars().any(char::is_control);
            fits.then(|| Secret::new(text))
        });
        read.map_err(|mut error| {
            if let Fault::BadValue { value, .. } = &mut error.fault {
                "…".clone_into(value);
            }
            error
        })
    }

    pub fn list<T: Setting>(
        &self,
        key: &'static str,
        expected: Expected,
    ) -> Result<Option<Vec<T>>, ConfigError> {
        let Some(value) = self.find(key) else { return Ok(None) };
        let example = || {
            let items: Vec<String> = expected.example.split(',').map(quoted).collect();
            format!("[{}]", items.join(", "))
        };
        let bad = |value| self.bad(key, value, expected.what, example());
        let array = value.get_ref().as_array().ok_or_else(|| bad(value))?;
        let items =
            array.iter().map(|item| item.get_ref().as_str().and_then(T::parse).ok_or_else(|| bad(item)));
        items.collect::<Result<Vec<T>, _>>().map(Some)
    }

    /// A list whose items are texts that `text` understands, or sections that `section` reads; each with its line.
    pub fn items<T>(
        &self,
        key: &'static str,
        expected: Expected,
        text: impl Fn(&str) -> Option<T>,
        section: impl Fn(&Self) -> Result<T, ConfigError>,
    ) -> Result<Option<Vec<(usize, T)>>, ConfigError> {
        let Some(value) = self.find(key) else { return Ok(None) };
        let example = || format!("[{}]", quoted(expected.example));
        let array = value.get_ref().as_array();
        let array = array.ok_or_else(|| self.bad(key, value, expected.what, example()))?;
        let read = |item: &'a Spanned<DeValue<'a>>| {
            let read = match item.get_ref().as_table() {
                Some(_) => section(&self.table_of(key, item, example())?)?,
                None => {
                    let read = item.get_ref().as_str().and_then(&text);
                    read.ok_or_else(|| self.bad(key, item, expected.what, quoted(expected.example)))?
                }
            };
            Ok((self.text.line(item.span().start), read))
        };
        array.iter().map(read).collect::<Result<Vec<_>, _>>().map(Some)
    }

    /// A section of the company's data as its type reads it; `holds` says whether it holds together. What does not fit is told
    /// by its own line.
    pub fn data<T: DeserializeOwned>(
        &self,
        key: &'static str,
        expected: Expected,
        holds: impl FnOnce(&T) -> bool,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.find(key) else { return Ok(None) };
        let example = || expected.example.to_owned();
        let table = value.get_ref().as_table();
        let table = table.ok_or_else(|| self.bad(key, value, expected.what, example()))?;
        let read = T::deserialize(Deserializer::from(Spanned::new(value.span(), table.clone())));
        let span = match read {
            Ok(data) if holds(&data) => return Ok(Some(data)),
            Ok(_) => value.span(),
            Err(error) => error.span().unwrap_or_else(|| value.span()),
        };
        let line = self.text.source.lines().nth(self.text.line(span.start) - 1).unwrap_or_default();
        let fault = Fault::BadValue { key, value: shown(line, 60), what: expected.what, example: example() };
        Err(self.text.error(&span, fault))
    }

    /// Where the section begins.
    pub fn line(&self) -> usize {
        self.text.line(self.span.start)
    }

    /// A number that `fit` takes.
    pub fn number<T>(
        &self,
        key: &'static str,
        expected: Expected,
        fit: impl FnOnce(u16) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.find(key) else { return Ok(None) };
        let integer = value.get_ref().as_integer().filter(|integer| integer.radix() == 10);
        let number = integer.and_then(|integer| integer.as_str().parse().ok()).and_then(fit);
        number.map(Some).ok_or_else(|| self.bad(key, value, expected.what, expected.example.to_owned()))
    }

    pub fn yes_no(&self, key: &'static str) -> Result<Option<bool>, ConfigError> {
        let Some(value) = self.find(key) else { return Ok(None) };
        let expected = value::YES_NO;
        let bad = || self.bad(key, value, expected.what, expected.example.to_owned());
        value.get_ref().as_bool().map(Some).ok_or_else(bad)
    }

    fn bad(
        &self,
        key: &'static str,
        value: &Spanned<DeValue<'_>>,
        what: &'static str,
        example: String,
    ) -> ConfigError {
        let span = value.span();
        let written = self.text.source.get(span.clone()).unwrap_or_default().trim();
        let value = shown(written.lines().next().unwrap_or_default(), 60);
        self.text.error(&span, Fault::BadValue { key, value, what, example })
    }

    /// To be asked when every key that there is has been read.
    pub fn refuse_unknown(&self) -> Result<(), ConfigError> {
        let known = self.known.take();
        let Some(table) = self.table else { return Ok(()) };
        let mut unknown: Vec<_> =
            table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())).collect();
        unknown.sort_by_key(|key| key.span().start);
        let Some(key) = unknown.first() else { return Ok(()) };
        Err(self.text.error(&key.span(), Fault::UnknownKey { key: key.get_ref().to_string(), known }))
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}
