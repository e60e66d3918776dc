//! Lexical helpers shared by the header grammars (RFC 3261 §25.1).

use std::fmt::{self, Write};

/// Why a text could not be read; the caller adds the field.
pub(crate) type Fault = &'static str;

/// More elements than this in one field, or parameters in one element, are refused: no telephone
/// sends them, and each costs work.
pub(crate) const MAX_ELEMENTS: usize = 128;

pub(crate) const fn is_token_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~')
}

pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_char)
}

/// `unreserved` of RFC 3261 §25.1: never needs an escape in a URI.
pub(crate) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')')
}

/// The pieces between separators that stand outside quotes and angle brackets, trimmed. Empty
/// pieces are kept for the caller to judge.
pub(crate) fn split_top(text: &str, separator: u8) -> Result<Vec<&str>, Fault> {
    let mut pieces = Vec::new();
    let mut scan = Scan::default();
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        if scan.outside(byte) && byte == separator {
            if pieces.len() == MAX_ELEMENTS {
                return Err("too many elements");
            }
            pieces.push(text.get(start..at).unwrap_or_default().trim());
            start = at + 1;
        }
    }
    scan.finish()?;
    pieces.push(text.get(start..).unwrap_or_default().trim());
    Ok(pieces)
}

/// Where `wanted` first stands outside quotes and angle brackets.
pub(crate) fn find_top(text: &str, wanted: u8) -> Option<usize> {
    let mut scan = Scan::default();
    text.bytes().position(|byte| scan.outside(byte) && byte == wanted)
}

/// Follows quotes and angle brackets through a text.
#[derive(Default)]
struct Scan {
    quoted: bool,
    escaped: bool,
    angle: bool,
}

impl Scan {
    /// Takes one octet; says whether it stands outside quotes and angle brackets.
    fn outside(&mut self, byte: u8) -> bool {
        if self.quoted {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.quoted = false,
                _ => {}
            }
            return false;
        }
        if self.angle {
            self.angle = byte != b'>';
            return false;
        }
        match byte {
            b'"' => self.quoted = true,
            b'<' => self.angle = true,
            _ => return true,
        }
        false
    }

    fn finish(&self) -> Result<(), Fault> {
        match (self.quoted, self.angle) {
            (true, _) => Err("quote not closed"),
            (_, true) => Err("angle bracket not closed"),
            _ => Ok(()),
        }
    }
}

/// Reads a quoted string at the start of `text`: what it says, and what follows it.
pub(crate) fn take_quoted(text: &str) -> Result<(String, &str), Fault> {
    let inner = text.strip_prefix('"').ok_or("quote expected")?;
    let mut said = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, character)) = chars.next() {
        match character {
            '"' => return Ok((said, inner.get(at + 1..).unwrap_or_default())),
            '\\' => said.push(chars.next().ok_or("quote not closed")?.1),
            _ => said.push(character),
        }
    }
    Err("quote not closed")
}

/// Writes a quoted string. Line breaks and other controls become blanks: they may not stand in
/// one (RFC 3261 §25.1), and a line break would end the field.
pub(crate) fn write_quoted(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                out.write_char('\\')?;
                out.write_char(character)?;
            }
            _ if character.is_control() => out.write_char(' ')?,
            _ => out.write_char(character)?,
        }
    }
    out.write_char('"')
}

/// A number of digits only: no sign, no blank; `None` when it does not fit.
pub(crate) fn digits<N: std::str::FromStr>(text: &str) -> Option<N> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// The first word, and what follows the blanks behind it.
pub(crate) fn take_word(text: &str) -> (&str, &str) {
    match text.split_once([' ', '\t']) {
        Some((word, rest)) => (word, rest.trim_start()),
        None => (text, ""),
    }
}
