//! Challenges and credentials (RFC 3261 §20.7, §20.27, §20.28, §20.44; RFC 7616; RFC 8760).
//!
//! Any scheme can be held; `digest` understands one of them.

use super::ParseError;
use super::headers::{Headers, Typed, fault_in};
use super::scan::{Fault, is_token, split_top, take_quoted, take_word, write_quoted};
use std::fmt;
use std::ops::Deref;

/// A scheme with its parameters: a challenge or its answer.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthValue {
    pub scheme: String,
    pub params: Vec<AuthParam>,
    /// What stands behind a scheme that has no parameters but one opaque word (`Bearer`).
    pub token: Option<String>,
}

#[derive(Clone, PartialEq, Eq)]
pub struct AuthParam {
    pub name: String,
    /// Unquoted and unescaped.
    pub value: String,
    /// Whether it stood, or is to stand, in quotes.
    pub quoted: bool,
}

impl AuthValue {
    pub fn new(scheme: &str) -> Self {
        Self { scheme: scheme.to_owned(), params: Vec::new(), token: None }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|param| param.name.eq_ignore_ascii_case(name))
            .map(|param| param.value.as_str())
    }

    pub(crate) fn push(&mut self, name: &str, value: &str, quoted: bool) {
        self.params.push(AuthParam { name: name.to_owned(), value: value.to_owned(), quoted });
    }

    fn read(text: &str) -> Result<Self, Fault> {
        let mut all = Self::read_all(text)?;
        match (all.pop(), all.is_empty()) {
            (Some(one), true) => Ok(one),
            _ => Err("not one scheme"),
        }
    }

    /// Several in one field, as HTTP allows: a piece that starts with a scheme opens the next.
    fn read_all(text: &str) -> Result<Vec<Self>, Fault> {
        let mut all: Vec<Self> = Vec::new();
        for piece in split_top(text, b',')? {
            let name_end = piece.find(['=', '"']).unwrap_or(piece.len());
            let name = piece.get(..name_end).unwrap_or_default().trim_end();
            let opens = name.contains([' ', '\t']) || all.is_empty();
            let param = if opens {
                let (scheme, param) = take_word(piece);
                if !is_token(scheme) {
                    return Err("scheme is not a token");
                }
                all.push(Self::new(scheme));
                param
            } else {
                piece
            };
            if let Some(one) = all.last_mut() {
                one.read_param(param)?;
            }
        }
        Ok(all)
    }

    fn read_param(&mut self, text: &str) -> Result<(), Fault> {
        let Some((name, value)) = text.split_once('=').filter(|(name, _)| is_token(name.trim_end())) else {
            return match text {
                "" => Ok(()),
                // `qop=auth,auth-int` without its quotes: what stood first is enough.
                word if !self.params.is_empty() && is_token(word) => Ok(()),
                word => self.read_token(word),
            };
        };
        if self.token.is_some() {
            return Err("parameter behind an opaque word");
        }
        let (name, value) = (name.trim_end(), value.trim_start());
        if value.starts_with('"') {
            let (said, rest) = take_quoted(value)?;
            if !rest.is_empty() {
                return Err("text behind a quoted value");
            }
            self.push(name, &said, true);
        } else if self.params.is_empty() && (value.starts_with('=') || value.is_empty()) {
            // Padding of an opaque word, not the value of a parameter.
            return self.read_token(text);
        } else {
            self.push(name, value, false);
        }
        Ok(())
    }

    fn read_token(&mut self, word: &str) -> Result<(), Fault> {
        if self.token.is_some() || !self.params.is_empty() || word.contains([' ', '\t', '"']) {
            return Err("neither parameter nor word");
        }
        self.token = Some(word.to_owned());
        Ok(())
    }
}

impl fmt::Display for AuthValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.scheme)?;
        if let Some(token) = &self.token {
            write!(f, " {token}")?;
        }
        for (at, param) in self.params.iter().enumerate() {
            write!(f, "{}{}=", if at == 0 { " " } else { ", " }, param.name)?;
            match param.quoted {
                true => write_quoted(f, &param.value)?,
                false => f.write_str(&param.value)?,
            }
        }
        Ok(())
    }
}

/// The scheme alone: the rest helps whoever guesses passwords.
impl fmt::Debug for AuthValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthValue({})", self.scheme)
    }
}

macro_rules! auth_headers {
    ($($type:ident = $name:literal;)*) => {$(
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub struct $type(pub AuthValue);

        impl Deref for $type {
            type Target = AuthValue;

            fn deref(&self) -> &AuthValue {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl Typed for $type {
            const NAME: &'static str = $name;
            const LIST: bool = false;

            fn parse(value: &str) -> Result<Self, ParseError> {
                AuthValue::read(value).map(Self).map_err(fault_in::<Self>)
            }
        }
    )*};
}

auth_headers! {
    WwwAuthenticate = "WWW-Authenticate";
    ProxyAuthenticate = "Proxy-Authenticate";
    Authorization = "Authorization";
    ProxyAuthorization = "Proxy-Authorization";
}

/// All readable challenges (or credentials) in fields of this name, in order. An unreadable field
/// does not hide the others.
pub(crate) fn auth_values(headers: &Headers, name: &str) -> Vec<AuthValue> {
    headers.all(name).filter_map(|value| AuthValue::read_all(value).ok()).flatten().collect()
}
