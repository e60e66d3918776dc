//! `%` escapes (RFC 3261 §19.1.2, RFC 3986 §2).

use super::super::scan::is_unreserved;
use std::fmt::{self, Write};

/// Where octets that are no UTF-8 live in a `String`: at private-use characters, so that they are printed as they
/// came.
const RAW: u32 = 0xf700;

/// What `%` escapes say. A `%` without two hex digits stands for itself.
pub(super) fn unescape(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut octets = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escape = if byte == b'%' { hex_pair(bytes, at + 1) } else { None };
        octets.push(escape.unwrap_or(byte));
        at += if escape.is_some() { 3 } else { 1 };
    }
    let mut said = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        said.push_str(chunk.valid());
        said.extend(chunk.invalid().iter().filter_map(|octet| char::from_u32(RAW + u32::from(*octet))));
    }
    said
}

/// Escapes everything but unreserved characters: right in every part of a URI.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match is_unreserved(byte) {
            true => out.push(char::from(byte)),
            false => write!(out, "%{byte:02X}").unwrap_or_default(),
        }
    }
    out
}

/// Undoes escapes of unreserved characters only: `%6Cr` and `lr` are the same (RFC 3261 §19.1.4),
/// while `%3B` and `;` are not.
pub(super) fn simplify(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(rest.get(..at).unwrap_or_default());
        let (escape, after) =
            rest.split_at(at).1.split_at_checked(3).unwrap_or(("%", rest.get(at + 1..).unwrap_or_default()));
        match hex_pair(escape.as_bytes(), 1) {
            Some(octet) if is_unreserved(octet) => out.push(char::from(octet)),
            _ => out.push_str(escape),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn hex_pair(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    u8::try_from(digit(at)? * 16 + digit(at + 1)?).ok()
}

/// Escapes everything but unreserved characters and those in `allowed`.
pub(super) fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str, allowed: &[u8]) -> fmt::Result {
    for character in text.chars() {
        if let Some(octet @ 0x80..=0xff) = u32::from(character).checked_sub(RAW) {
            write!(f, "%{octet:02X}")?;
            continue;
        }
        for byte in character.encode_utf8(&mut [0; 4]).bytes() {
            match is_unreserved(byte) || allowed.contains(&byte) {
                true => f.write_char(char::from(byte))?,
                false => write!(f, "%{byte:02X}")?,
            }
        }
    }
    Ok(())
}

/// For parts that carry their own escapes: only what would end the part or the URI is escaped.
pub(super) fn write_part(f: &mut fmt::Formatter<'_>, text: &str, ends: &[u8]) -> fmt::Result {
    for character in text.chars() {
        match u8::try_from(character) {
            Ok(byte) if byte <= b' ' || byte == 0x7f || b"<>\"".contains(&byte) || ends.contains(&byte) => {
                write!(f, "%{byte:02X}")?;
            }
            _ => f.write_char(character)?,
        }
    }
    Ok(())
}
