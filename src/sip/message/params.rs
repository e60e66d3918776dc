//! `;name=value` lists behind header values and inside URIs.

use super::scan::{Fault, is_token, is_token_char, split_top, take_quoted, write_quoted};
use std::fmt;

/// `;name=value` in order, names compared without case. Header parameters hold what a quoted
/// value says; URI parameters keep their escapes, except of characters that need none.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Params(pub Vec<(String, Option<String>)>);

impl Params {
    /// The value of the first parameter of that name; `None` also when it has no value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name)?.1.as_deref()
    }

    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Replaces the value in place, or appends.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let value = value.map(str::to_owned);
        match self.0.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some(entry) => entry.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(&self, name: &str) -> Option<&(String, Option<String>)> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// Reads header parameters: nothing, or text that starts with the first `;`.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::default());
        }
        let text = text.strip_prefix(';').ok_or("parameter expected")?;
        // A `;` too many is sent by some devices and means nothing.
        let pieces = split_top(text, b';')?.into_iter().filter(|piece| !piece.is_empty());
        pieces.map(parse_one).collect::<Result<_, _>>().map(Self)
    }
}

fn parse_one(text: &str) -> Result<(String, Option<String>), Fault> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name.trim_end(), Some(value.trim_start())),
        None => (text, None),
    };
    if !is_token(name) {
        return Err("parameter name is not a token");
    }
    let value = match value {
        // `rport=`: seen from real devices, means the same as no value.
        None | Some("") => None,
        Some(quoted) if quoted.starts_with('"') => match take_quoted(quoted)? {
            (said, "") => Some(said),
            _ => return Err("text behind a quoted parameter value"),
        },
        Some(plain) if plain.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"') => {
            return Err("blank in a parameter value");
        }
        Some(plain) => Some(plain.to_owned()),
    };
    Ok((name.to_owned(), value))
}

/// Prints as header parameters.
impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, value)| write_param(f, name, value.as_deref()))
    }
}

/// One header parameter; a value that is neither token nor host is quoted.
pub(super) fn write_param(f: &mut fmt::Formatter<'_>, name: &str, value: Option<&str>) -> fmt::Result {
    write!(f, ";{name}")?;
    match value {
        None => Ok(()),
        Some(plain) if is_plain(plain) => write!(f, "={plain}"),
        Some(other) => {
            f.write_str("=")?;
            write_quoted(f, other)
        }
    }
}

fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| is_token_char(byte) || matches!(byte, b'[' | b']' | b':'))
}
