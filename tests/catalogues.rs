//! Every message that the sources say, `.slint` files among them, is translated, with the same placeholders, and nothing
//! else is. `PATCHCORD_WRITE_TEMPLATE=1 cargo test --test catalogues` writes the English catalogue, the
//! translators' template, anew from the sources.

use patchcord::text::{Language, po};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

struct Said {
    msgid: String,
    /// Names given beside a `say!`; `None` for `msg!`, whose values are given elsewhere, and `@tr`, whose have no names.
    values: Option<BTreeSet<String>>,
    place: String,
}

#[test]
fn every_message_said_is_in_every_catalogue_and_translated() {
    let said = messages_in_sources();
    assert!(!said.is_empty(), "no message found in the sources: the scanner is broken");
    write_template_if_asked(&said);
    let mut faults = Vec::new();
    for language in Language::ALL {
        let catalogue = catalogue(language);
        for message in &said {
            match catalogue.get(&message.msgid) {
                None => faults.push(format!(
                    "{}: {:?} is missing ({})",
                    language.code(),
                    message.msgid,
                    message.place
                )),
                Some(entry) if language != Language::English => {
                    if entry.fuzzy || entry.msgstr.is_empty() {
                        faults.push(format!("{}: {:?} is not translated", language.code(), message.msgid));
                    } else if placeholders(&entry.msgstr) != placeholders(&message.msgid) {
                        faults.push(format!(
                            "{}: {:?} has other placeholders",
                            language.code(),
                            entry.msgstr
                        ));
                    }
                }
                Some(entry) if !entry.msgstr.is_empty() => {
                    faults
                        .push(format!("en: {:?} must be empty: English stands in the source", entry.msgstr));
                }
                Some(_) => {}
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn no_catalogue_holds_a_message_that_nobody_says() {
    let said: BTreeSet<String> = messages_in_sources().into_iter().map(|message| message.msgid).collect();
    let mut unused = Vec::new();
    for language in Language::ALL {
        for msgid in catalogue(language).into_keys().filter(|msgid| !said.contains(msgid)) {
            unused.push(format!("{}: {msgid:?}", language.code()));
        }
    }
    assert!(unused.is_empty(), "unused:\n{}", unused.join("\n"));
}

#[test]
fn every_placeholder_gets_a_value_and_every_value_has_a_placeholder() {
    for message in messages_in_sources() {
        if let Some(values) = &message.values {
            assert_eq!(values, &placeholders(&message.msgid), "{}: {:?}", message.place, message.msgid);
        }
    }
}

/// Keys come from the window's table of keys, as `{key}`: texts that name one themselves would go on naming it when the table
/// changes. The one exception says which keys may stand in the settings.
#[test]
fn no_text_names_a_function_key() {
    let names_key = |text: &str| {
        let after =
            text.split(|c: char| !c.is_ascii_alphanumeric()).filter_map(|word| word.strip_prefix('F'));
        after.into_iter().any(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let is_setting = |msgid: &str| msgid.ends_with("or one of F1 to F12");
    for language in Language::ALL {
        for (msgid, entry) in catalogue(language).into_iter().filter(|(msgid, _)| !is_setting(msgid)) {
            assert!(!names_key(&msgid) && !names_key(&entry.msgstr), "{}: {msgid:?}", language.code());
        }
    }
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/window/ui");
    for file in source_files(&ui) {
        assert!(!names_key(&std::fs::read_to_string(&file).unwrap()), "{}", file.display());
    }
}

fn catalogue(language: Language) -> BTreeMap<String, po::Entry> {
    let entries =
        po::entries(language.source()).unwrap_or_else(|bad| panic!("{}.po: line {}", language.code(), bad.0));
    let mut by_msgid = BTreeMap::new();
    for entry in entries.into_iter().filter(|entry| !entry.msgid.is_empty()) {
        let msgid = entry.msgid.clone();
        assert!(by_msgid.insert(msgid.clone(), entry).is_none(), "{}: {msgid:?} twice", language.code());
    }
    by_msgid
}

fn placeholders(text: &str) -> BTreeSet<String> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

fn messages_in_sources() -> Vec<Said> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut said = Vec::new();
    for file in source_files(&root.join("src")) {
        let source = without_comments_and_tests(&std::fs::read_to_string(&file).unwrap());
        let place = file.strip_prefix(root).unwrap().display().to_string();
        let marks: &[_] = if place.ends_with(".rs") { &RUST_MARKS } else { &SLINT_MARKS };
        said.extend(messages_in(&source, &place, marks));
    }
    said
}

/// Each with whether a catalogue stands before the text, and its values behind it by name.
const RUST_MARKS: [(&str, bool); 2] = [("say!(", true), ("msg!(", false)];
const SLINT_MARKS: [(&str, bool); 1] = [("@tr(", false)];

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files.extend(source_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "slint")
            && !path.ends_with("tests.rs")
        {
            files.push(path);
        }
    }
    files
}

fn without_comments_and_tests(source: &str) -> String {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    source.lines().filter(|line| !line.trim_start().starts_with("//")).fold(
        String::new(),
        |mut text, line| {
            text.push_str(line);
            text.push('\n');
            text
        },
    )
}

fn messages_in(source: &str, place: &str, marks: &[(&str, bool)]) -> Vec<Said> {
    let mut said = Vec::new();
    for &(mark, has_catalogue) in marks {
        for (at, _) in source.match_indices(mark) {
            let line = source[..at].matches('\n').count() + 1;
            let call = &source[at + mark.len()..];
            let call = if has_catalogue { after_first_argument(call) } else { call };
            let (msgid, rest) = string_literal(call.trim_start())
                .unwrap_or_else(|| panic!("{place}:~{line}: {mark} wants a string literal"));
            let values = has_catalogue.then(|| value_names(rest));
            said.push(Said { msgid, values, place: place.to_owned() });
        }
    }
    said
}

fn after_first_argument(call: &str) -> &str {
    let mut depth = 0;
    for (at, c) in call.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => return &call[at + 1..],
            _ => {}
        }
    }
    call
}

/// The literal at the start of `text`, unescaped, and what follows it.
fn string_literal(text: &str) -> Option<(String, &str)> {
    let mut literal = String::new();
    let mut chars = text.strip_prefix('"')?.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((literal, &text[at + 2..])),
            '\\' => match chars.next()?.1 {
                'n' => literal.push('\n'),
                '\n' => while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {},
                other => literal.push(other),
            },
            c => literal.push(c),
        }
    }
    None
}

/// Names of the `name = value` arguments up to the end of the macro call.
fn value_names(rest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut depth = 0;
    let mut argument = String::new();
    for c in rest.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => break,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                names.extend(name_of(&argument));
                argument.clear();
                continue;
            }
            _ => {}
        }
        argument.push(c);
    }
    names.extend(name_of(&argument));
    names
}

fn name_of(argument: &str) -> Option<String> {
    argument.split_once('=').map(|(name, _)| name.trim().to_owned())
}

fn write_template_if_asked(said: &[Said]) {
    if std::env::var_os("PATCHCORD_WRITE_TEMPLATE").is_none() {
        return;
    }
    let mut template = String::from(
        "msgid \"\"\nmsgstr \"\"\n\"Project-Id-Version: patchcord\\n\"\n\"Content-Type: text/plain; charset=UTF-8\\n\"\n\
         \"Content-Transfer-Encoding: 8bit\\n\"\n\"Language: en\\n\"\n",
    );
    let mut written = BTreeSet::new();
    for message in said {
        if written.insert(&message.msgid) {
            let msgid = message.msgid.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            write!(template, "\n#: {}\nmsgid \"{msgid}\"\nmsgstr \"\"\n", message.place).unwrap();
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/text/lang/en/LC_MESSAGES/patchcord.po");
    std::fs::write(path, template).unwrap();
    panic!("the template is written anew; run once more without PATCHCORD_WRITE_TEMPLATE");
}
