//! Reads gettext's .po files: as much of the format as translators' tools write.
//!
//! Plural forms are accepted and left out: our messages put the number beside the noun instead.
//! Fuzzy entries are somebody's guess, and count as absent.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// By msgid; with a context, by `context \u{4} msgid`, as gettext does.
pub type Messages = BTreeMap<String, Cow<'static, str>>;

/// The line (1 and up) that cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadLine(pub usize);

/// The translated messages; without the header, fuzzy entries and empty translations.
pub fn parse(source: &'static str) -> Result<Messages, BadLine> {
    let mut messages = Messages::new();
    for entry in entries(source)? {
        if entry.fuzzy || entry.msgid.is_empty() || entry.msgstr.is_empty() {
            continue;
        }
        messages.insert(entry.key(), Cow::Owned(entry.msgstr));
    }
    Ok(messages)
}

/// One entry as it stands in the file, translated or not.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Entry {
    pub context: Option<String>,
    pub msgid: String,
    pub msgstr: String,
    pub fuzzy: bool,
}

impl Entry {
    pub fn key(&self) -> String {
        match &self.context {
            Some(context) => format!("{context}\u{4}{}", self.msgid),
            None => self.msgid.clone(),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Field {
    None,
    Context,
    Msgid,
    Msgstr,
    Plural,
}

pub fn entries(source: &str) -> Result<Vec<Entry>, BadLine> {
    let mut entries = Vec::new();
    let mut entry = Entry::default();
    let mut field = Field::None;
    for (index, line) in source.lines().enumerate() {
        let bad = BadLine(index + 1);
        let line = line.trim();
        let starts_entry =
            line.starts_with('#') || line.starts_with("msgctxt ") || line.starts_with("msgid ");
        if starts_entry && matches!(field, Field::Msgstr | Field::Plural) {
            entries.push(std::mem::take(&mut entry));
            field = Field::None;
        }
        if line.is_empty() || line.starts_with('#') {
            entry.fuzzy |= line.starts_with("#,") && line.contains("fuzzy");
            continue;
        }
        let text = if line.starts_with('"') {
            line
        } else {
            let (keyword, text) = line.split_once(' ').ok_or(bad)?;
            field = keyword_field(keyword).ok_or(bad)?;
            text.trim()
        };
        let text = unquote(text).ok_or(bad)?;
        match field {
            Field::None => return Err(bad),
            Field::Context => entry.context.get_or_insert_default().push_str(&text),
            Field::Msgid => entry.msgid.push_str(&text),
            Field::Msgstr => entry.msgstr.push_str(&text),
            Field::Plural => {}
        }
    }
    if matches!(field, Field::Msgstr | Field::Plural) {
        entries.push(entry);
    }
    Ok(entries)
}

fn keyword_field(keyword: &str) -> Option<Field> {
    match keyword {
        "msgctxt" => Some(Field::Context),
        "msgid" => Some(Field::Msgid),
        "msgstr" => Some(Field::Msgstr),
        _ if keyword == "msgid_plural" || keyword.starts_with("msgstr[") => Some(Field::Plural),
        _ => None,
    }
}

fn unquote(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut unquoted = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => unquoted.push(match chars.next()? {
                'n' => '\n',
                't' => '\t',
                other => other,
            }),
            '"' => return None,
            c => unquoted.push(c),
        }
    }
    Some(unquoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_every_form_are_read() {
        let source = "msgid \"\"\nmsgstr \"Language: ko\\n\"\n\n#: src/cli/mod.rs\n#, fuzzy\nmsgid \"guess\"\nmsgstr \"?\"\n\
            msgctxt \"Window\"\nmsgid \"\"\n\"on \"\n\"hold\"\nmsgstr \"보류\"\n\nmsgid \"open\"\nmsgstr \"\"\n";
        let messages = parse(source).unwrap();
        assert_eq!(messages.get("Window\u{4}on hold").map(Cow::as_ref), Some("보류"));
        assert_eq!(messages.len(), 1);
    }

    #[test]
    fn a_bad_line_is_named() {
        assert_eq!(entries("msgid \"a\"\nmsgstr b\n"), Err(BadLine(2)));
        assert_eq!(entries("\n\"stray\"\n"), Err(BadLine(2)));
    }
}
