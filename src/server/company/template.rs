//! Texts of an address with places for values, so that no value can say more than itself.
//!
//! How a value is written depends on where its place stands: between single quotes as in an OData literal, between double
//! quotes as in JSON. Alone it may be any text. Anywhere else it might be read as a part of the expression around it, so only
//! letters, digits and a few signs are let through; what stands between quotes behind a blank may be an expression, too.
//! Percent-encoding comes after that.

use std::collections::BTreeMap;

use crate::desk_api::GapWhy;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    Place { name: String, quoting: Quoting },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Quoting {
    /// The whole text is this place.
    Alone,
    /// `'…'`: a quote is written twice.
    Single,
    /// `"…"`: as in JSON.
    Double,
    /// Anywhere else.
    Bare,
}

/// One value for each name.
pub(crate) type Round<'a> = BTreeMap<&'a str, &'a str>;

impl Template {
    /// `{name}` is a place; braces around anything else are braces.
    pub fn parse(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut quotes = Quotes::default();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            if let Some((name, after)) = place(rest) {
                if !literal.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut literal)));
                }
                let is_alone = pieces.is_empty() && after.is_empty();
                let quoting = if is_alone { Quoting::Alone } else { quotes.around() };
                pieces.push(Piece::Place { name: name.to_owned(), quoting });
                rest = after;
                continue;
            }
            let length = quotes.pass(rest, next);
            let (passed, after) = rest.split_at(length);
            literal.push_str(passed);
            rest = after;
        }
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Self(pieces)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Place { name, .. } => Some(name.as_str()),
        })
    }

    /// With the values in their places, percent-encoded but for what `keep` names.
    pub fn fill(&self, values: &Round<'_>, keep: &[u8]) -> Result<String, GapWhy> {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => encode(text, keep, &mut filled),
                Piece::Place { name, quoting } => {
                    let value = values.get(name.as_str()).ok_or(GapWhy::Missing)?;
                    encode(&quoting.write(value)?, keep, &mut filled);
                }
            }
        }
        Ok(filled)
    }
}

/// A place at the beginning of this text, and what comes after it.
fn place(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix('{')?.split_once('}')?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.');
    (name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(fits)).then_some((name, after))
}

/// Which quotes are open.
#[derive(Default)]
struct Quotes {
    open: Option<char>,
    /// Within single quotes: behind a blank, or behind quotes that are quoted themselves.
    is_expression: bool,
}

impl Quotes {
    const fn around(&self) -> Quoting {
        match self.open {
            Some('\'') if !self.is_expression => Quoting::Single,
            Some('"') => Quoting::Double,
            _ => Quoting::Bare,
        }
    }

    /// Looks at what the text begins with, and says how many octets of it that was.
    fn pass(&mut self, text: &str, next: char) -> usize {
        match (self.open, next) {
            (Some('\''), '\'') if text.starts_with("''") => {
                self.is_expression = true;
                return 2;
            }
            (Some('"'), '\\') => return 1 + text.chars().nth(1).map_or(0, char::len_utf8),
            (Some(open), _) if open == next => self.open = None,
            (None, '\'' | '"') => *self = Self { open: Some(next), is_expression: false },
            (Some(_), blank) if blank.is_whitespace() => self.is_expression = true,
            _ => {}
        }
        next.len_utf8()
    }
}

impl Quoting {
    fn write(self, value: &str) -> Result<String, GapWhy> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        match self {
            // Of a path, these would lead to another one.
            Self::Alone if matches!(value, "." | "..") => Err(GapWhy::Unreadable),
            Self::Alone => Ok(value.to_owned()),
            Self::Single => Ok(value.replace('\'', "''")),
            Self::Double => {
                let quoted = serde_json::Value::from(value).to_string();
                // What JSON writes of a text begins and ends with a quote.
                Ok(quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned())
            }
            Self::Bare if value.chars().all(is_plain) => Ok(value.to_owned()),
            Self::Bare => Err(GapWhy::Unreadable),
        }
    }
}

/// RFC 3986 §2.1: all but unreserved characters and those to keep.
pub(crate) fn encode(text: &str, keep: &[u8], into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.contains(&byte) {
            into.push(char::from(byte));
        } else {
            into.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str, value: &str) -> Result<String, GapWhy> {
        Template::parse(template).fill(&[("x", value)].into(), b"$'(),=:/[]\" ")
    }

    #[test]
    fn no_value_gets_out_of_its_quotes() {
        let evil = "a' or '1' eq '1";
        let table = [
            ("Name eq '{x}'", "O'Hara", Ok("Name eq 'O''Hara'")),
            ("Name eq '{x}'", evil, Ok("Name eq 'a'' or ''1'' eq ''1'")),
            ("/Catalog_A(guid'{x}')", "0-1", Ok("/Catalog_A(guid'0-1')")),
            ("Balance(Condition='A eq guid''{x}''')", "0-1", Ok("Balance(Condition='A eq guid''0-1''')")),
            ("Balance(Condition='A eq guid''{x}''')", evil, Err(GapWhy::Unreadable)),
            ("Balance(Condition='A eq ''b'' and B eq {x}')", "1 or 1 eq 1", Err(GapWhy::Unreadable)),
            ("Balance(Condition='A eq {x}')", "1 or 1 eq 1", Err(GapWhy::Unreadable)),
            ("like(Name,'%{x}')", "a b'", Ok("like(Name,'%25a b''')")),
            ("[[\"name\",\"=\",\"{x}\"]]", "a\",\"b\\", Ok("[[\"name\",\"=\",\"a%5C\",%5C\"b%5C%5C\"]]")),
            ("[[\"a \\\" b\",\"{x}\"]]", "q\"", Ok("[[\"a %5C\" b\",\"q%5C\"\"]]")),
            ("Code eq {x}", "12-a", Ok("Code eq 12-a")),
            ("Code eq {x}", "1 or 1 eq 1", Err(GapWhy::Unreadable)),
            ("{x}", "any/thing? & more", Ok("any/thing%3F %26 more")),
            ("{x}", "..", Err(GapWhy::Unreadable)),
            ("{\"a\":\"{x}\"}", "b", Ok("%7B\"a\":\"b\"%7D")),
        ];
        for (template, value, expected) in table {
            assert_eq!(filled(template, value), expected.map(str::to_owned), "{template} {value}");
        }
    }

    #[test]
    fn every_octet_that_could_mean_something_is_encoded() {
        let mut encoded = String::new();
        encode("Тип eq 'a'&b=c#d?e+f%g", b"'", &mut encoded);
        assert_eq!(encoded, "%D0%A2%D0%B8%D0%BF%20eq%20'a'%26b%3Dc%23d%3Fe%2Bf%25g");
    }
}
