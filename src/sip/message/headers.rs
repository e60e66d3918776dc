//! The header fields of a message, and how typed values are read from and written to them.

use super::ParseError;
use super::scan::{Fault, split_top};
use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A header name: compared without case, known ones in their full spelling ("i" is already "Call-ID").
#[derive(Clone, Eq)]
pub struct Name(Cow<'static, str>);

impl Name {
    /// From the wire: expands compact forms (RFC 3261 §7.3.3), keeps unknown names as written.
    pub fn new(written: &str) -> Self {
        let compact =
            COMPACT.iter().find(|(short, _)| short.eq_ignore_ascii_case(written)).map(|(_, long)| *long);
        match compact.or_else(|| KNOWN.iter().copied().find(|name| name.eq_ignore_ascii_case(written))) {
            Some(known) => Self(Cow::Borrowed(known)),
            None => Self(Cow::Owned(written.to_owned())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
    }
}

/// A header with a grammar. `parse` gets one element: lists (Via, Route, Contact …) are already
/// split at their commas.
pub trait Typed: Sized + fmt::Display {
    const NAME: &'static str;
    /// Whether several values may stand in one field, separated by commas.
    const LIST: bool;

    fn parse(value: &str) -> Result<Self, ParseError>;
}

/// Header fields in order of arrival. Values are unfolded and trimmed. Names to look for are the full
/// ones.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Headers(Vec<(Name, String)>);

impl Headers {
    /// The value of the first field of that name: for a list header, possibly several elements.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.0.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The values of all fields of that name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(known, _)| known.0.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The first element. `Ok(None)` when absent or an empty list, `Err` when there but malformed.
    pub fn typed<H: Typed>(&self) -> Result<Option<H>, ParseError> {
        for value in self.all(H::NAME) {
            if let Some(element) = elements::<H>(value)?.first() {
                return H::parse(element).map(Some);
            }
        }
        Ok(None)
    }

    /// The first element, which must be there.
    pub fn require<H: Typed>(&self) -> Result<H, ParseError> {
        self.typed()?.ok_or_else(|| fault_in::<H>("missing"))
    }

    /// All elements of all fields of that name, in order; one malformed element spoils all, an empty one
    /// counts for nothing.
    pub fn typed_all<H: Typed>(&self) -> Result<Vec<H>, ParseError> {
        let mut found = Vec::new();
        for value in self.all(H::NAME) {
            for element in elements::<H>(value)? {
                found.push(H::parse(element)?);
            }
        }
        Ok(found)
    }

    /// Appends. Line breaks and other controls in the value become blanks.
    pub fn push(&mut self, name: &'static str, value: impl Into<String>) {
        self.push_named(Name(Cow::Borrowed(name)), &value.into());
    }

    pub fn push_typed<H: Typed>(&mut self, header: &H) {
        self.push(H::NAME, header.to_string());
    }

    /// Before all others of its name (Via, Record-Route).
    pub fn push_front<H: Typed>(&mut self, header: &H) {
        let at = self.position(H::NAME).unwrap_or(0);
        self.0.insert(at, (Name(Cow::Borrowed(H::NAME)), clean(&header.to_string())));
    }

    /// Replaces all of that name by this one, in the place of the first.
    pub fn set<H: Typed>(&mut self, header: &H) {
        let at = self.position(H::NAME).unwrap_or(self.0.len());
        self.remove(H::NAME);
        self.0.insert(at, (Name(Cow::Borrowed(H::NAME)), clean(&header.to_string())));
    }

    /// Replaces the first element of the first field and keeps the rest: for the top Via, which
    /// may stand in one field with others.
    pub fn replace_first<H: Typed>(&mut self, header: &H) {
        let Some((_, value)) = self.0.iter_mut().find(|(known, _)| known.0.eq_ignore_ascii_case(H::NAME))
        else {
            return self.push_front(header);
        };
        let rest = super::scan::find_top(value, b',').filter(|_| H::LIST).and_then(|at| value.get(at..));
        *value = clean(&format!("{header}{}", rest.unwrap_or_default()));
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| !known.0.eq_ignore_ascii_case(name));
    }

    /// Any comma-separated token list (Allow, Supported, Require …) holds this token, without case.
    pub fn lists_token(&self, name: &str, token: &str) -> bool {
        self.tokens(name).any(|listed| listed.eq_ignore_ascii_case(token))
    }

    /// The tokens of a comma-separated list header, in order; parameters behind them are cut off.
    pub fn tokens<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let token = |element: &'a str| element.split(';').next().unwrap_or_default().trim();
        self.all(name).flat_map(|value| value.split(',')).map(token).filter(|token| !token.is_empty())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn push_named(&mut self, name: Name, value: &str) {
        self.0.push((name, clean(value)));
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|(known, _)| known.0.eq_ignore_ascii_case(name))
    }
}

/// What one field holds: the value as it is, or the elements of a list.
fn elements<H: Typed>(value: &str) -> Result<Vec<&str>, ParseError> {
    if !H::LIST {
        return Ok(vec![value]);
    }
    let mut elements = split_top(value, b',').map_err(fault_in::<H>)?;
    elements.retain(|element| !element.is_empty());
    Ok(elements)
}

pub(crate) fn fault_in<H: Typed>(fault: Fault) -> ParseError {
    ParseError { field: H::NAME, fault }
}

/// No value may end its own line (header injection), nor hold other controls.
fn clean(value: &str) -> String {
    without_controls(value).trim().to_owned()
}

/// Controls become blanks.
pub(super) fn without_controls(text: &str) -> Cow<'_, str> {
    match text.contains(char::is_control) {
        true => Cow::Owned(text.replace(char::is_control, " ")),
        false => Cow::Borrowed(text),
    }
}

/// Names only: values hold numbers, names of people, and credentials.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name.as_str())).finish()
    }
}

/// The registered compact forms.
const COMPACT: [(&str, &str); 20] = [
    ("a", "Accept-Contact"),
    ("b", "Referred-By"),
    ("c", "Content-Type"),
    ("d", "Request-Disposition"),
    ("e", "Content-Encoding"),
    ("f", "From"),
    ("i", "Call-ID"),
    ("j", "Reject-Contact"),
    ("k", "Supported"),
    ("l", "Content-Length"),
    ("m", "Contact"),
    ("n", "Identity-Info"),
    ("o", "Event"),
    ("r", "Refer-To"),
    ("s", "Subject"),
    ("t", "To"),
    ("u", "Allow-Events"),
    ("v", "Via"),
    ("x", "Session-Expires"),
    ("y", "Identity"),
];

/// Names that are spelt our way however they arrive.
const KNOWN: [&str; 64] = [
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Alert-Info",
    "Allow",
    "Allow-Events",
    "Authentication-Info",
    "Authorization",
    "Call-ID",
    "Call-Info",
    "Contact",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Type",
    "CSeq",
    "Date",
    "Diversion",
    "Error-Info",
    "Event",
    "Expires",
    "From",
    "History-Info",
    "In-Reply-To",
    "Max-Forwards",
    "MIME-Version",
    "Min-Expires",
    "Min-SE",
    "Organization",
    "P-Asserted-Identity",
    "P-Preferred-Identity",
    "Path",
    "Priority",
    "Privacy",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Require",
    "RAck",
    "Reason",
    "Record-Route",
    "Refer-Sub",
    "Refer-To",
    "Referred-By",
    "Remote-Party-ID",
    "Replaces",
    "Reply-To",
    "Require",
    "Retry-After",
    "Route",
    "RSeq",
    "Server",
    "Service-Route",
    "Session-Expires",
    "Subject",
    "Subscription-State",
    "Supported",
    "Timestamp",
    "To",
    "Unsupported",
    "User-Agent",
    "Via",
    "Warning",
    "WWW-Authenticate",
];
