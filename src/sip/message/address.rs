//! `name-addr` and the headers that are one: From, To, Route, Refer-To and their kin
//! (RFC 3261 §20.10, §20.20, §20.34; RFC 3515, 3892, 3325, 5806, 7044).

use super::headers::{Typed, fault_in};
use super::params::Params;
use super::scan::{Fault, find_top, take_quoted, write_quoted};
use super::{ParseError, Uri, uri};
use std::fmt;
use std::ops::{Deref, DerefMut};

/// Display name, URI, header parameters. `display` is unquoted and unescaped; parameters behind `>` are
/// the header's, those before it the URI's.
#[derive(Clone, PartialEq)]
pub struct NameAddr {
    pub display: Option<String>,
    pub uri: Uri,
    pub params: Params,
}

impl NameAddr {
    pub fn new(uri: Uri) -> Self {
        Self { display: None, uri, params: Params::default() }
    }

    pub fn tag(&self) -> Option<&str> {
        self.params.get("tag")
    }

    pub fn set_tag(&mut self, tag: &str) {
        self.params.set("tag", Some(tag));
    }

    /// Lenient where nothing else could be meant: blanks inside the brackets, and display names
    /// that should have been quoted (RFC 4475 §3.1.2.14, §3.1.2.15). A client's call must not be lost to
    /// the spelling of a name.
    pub(crate) fn read(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        let (display, rest) = if text.starts_with('"') {
            let (display, rest) = take_quoted(text)?;
            (display, rest.trim_start().strip_prefix('<').ok_or("no URI behind the display name")?)
        } else if let Some((display, rest)) = text.split_once('<') {
            if display.matches('"').count() % 2 != 0 {
                return Err("quote not closed");
            }
            (display.split_whitespace().collect::<Vec<_>>().join(" ").replace('"', ""), rest)
        } else {
            return read_bare(text);
        };
        let (uri, params) = rest.split_once('>').ok_or("angle bracket not closed")?;
        Ok(Self {
            display: Some(display).filter(|display| !display.is_empty()),
            uri: uri::parse(&uri.trim().replace([' ', '\t'], "%20"))?,
            params: Params::parse(params)?,
        })
    }
}

/// Without brackets all parameters are the header's, and the URI may hold neither `?` nor `,`
/// (RFC 3261 §20).
fn read_bare(text: &str) -> Result<NameAddr, Fault> {
    let (uri, params) = text.split_at(find_top(text, b';').unwrap_or(text.len()));
    if uri.contains(['?', ',']) {
        return Err("URI needs angle brackets");
    }
    Ok(NameAddr { display: None, uri: uri::parse(uri.trim_end())?, params: Params::parse(params)? })
}

/// Always with brackets: then nothing in the URI can be taken for a header parameter.
impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            write_quoted(f, display)?;
            f.write_str(" ")?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}

/// Names and numbers of people stay out of logs.
impl fmt::Debug for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NameAddr({:?})", self.uri)
    }
}

macro_rules! address_headers {
    ($($(#[$doc:meta])* $type:ident = $name:literal, list: $list:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Debug)]
        pub struct $type(pub NameAddr);

        impl Deref for $type {
            type Target = NameAddr;

            fn deref(&self) -> &NameAddr {
                &self.0
            }
        }

        impl DerefMut for $type {
            fn deref_mut(&mut self) -> &mut NameAddr {
                &mut self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl Typed for $type {
            const NAME: &'static str = $name;
            const LIST: bool = $list;

            fn parse(value: &str) -> Result<Self, ParseError> {
                NameAddr::read(value).map(Self).map_err(fault_in::<Self>)
            }
        }
    )*};
}

address_headers! {
    From = "From", list: false;
    To = "To", list: false;
    Route = "Route", list: true;
    RecordRoute = "Record-Route", list: true;
    /// RFC 3327.
    Path = "Path", list: true;
    /// RFC 3608.
    ServiceRoute = "Service-Route", list: true;
    /// RFC 3515; headers in the URI (`?Replaces=…`) are part of the target.
    ReferTo = "Refer-To", list: false;
    /// RFC 3892.
    ReferredBy = "Referred-By", list: false;
    /// RFC 3325: one or two, one `sip:` and one `tel:`.
    PAssertedIdentity = "P-Asserted-Identity", list: true;
    PPreferredIdentity = "P-Preferred-Identity", list: true;
    /// The draft that PBXs still speak: `party`, `privacy`, `screen` are parameters.
    RemotePartyId = "Remote-Party-ID", list: true;
    /// RFC 5806, most recent first; `reason`, `counter` are parameters.
    Diversion = "Diversion", list: true;
    /// RFC 7044, oldest first; `index`, `mp`, `rc` are parameters.
    HistoryInfo = "History-Info", list: true;
}
