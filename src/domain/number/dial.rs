//! From what is typed to what the PBX is sent.

use std::fmt;

use super::{Number, NumberProblem, NumberingPlan, OutgoingFormat, PhoneNumber, country};

/// Longest target that is no number, bytes.
const LONGEST_NAME: usize = 128;

/// What to send to the PBX for a typed target.
#[derive(Clone, PartialEq, Eq)]
pub struct Dialable {
    target: String,
    after_answer: Option<String>,
    number: Option<PhoneNumber>,
}

impl Dialable {
    /// The user part of the request URI; a whole URI where one was typed.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Digits to send by DTMF when the other side has answered: the typed extension.
    pub fn after_answer(&self) -> Option<&str> {
        self.after_answer.as_deref()
    }

    /// The number of the public network behind it, to look the client up.
    pub const fn number(&self) -> Option<PhoneNumber> {
        self.number
    }
}

impl fmt::Debug for Dialable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some(number) => write!(f, "Dialable({number:?})"),
            None => write!(f, "Dialable({} characters)", self.target.chars().count()),
        }
    }
}

impl NumberingPlan {
    /// What the PBX is sent for a typed target: numbers of the public network in its outgoing format behind the outside
    /// prefix, short numbers and feature codes as they are, `sip:` addresses and names of extensions untouched.
    pub fn dial(&self, typed: &str) -> Result<Dialable, NumberProblem> {
        let typed = typed.trim();
        if is_address(typed) {
            return untouched(typed);
        }
        match self.read(typed) {
            Ok(reading) => Ok(Dialable {
                target: self.outgoing_form(&reading.number),
                after_answer: reading.extension.clone(),
                number: reading.look_up_key(),
            }),
            Err(NumberProblem::NotANumber) if is_extension_name(typed) => untouched(typed),
            Err(problem) => Err(problem),
        }
    }

    fn outgoing_form(&self, number: &Number) -> String {
        match number {
            Number::Public(number) => self.public_form(*number),
            Number::Short(code) => code.clone(),
            Number::Unplaced(digits) if self.after_outside_prefix(digits).is_some() => digits.clone(),
            Number::Unplaced(digits) => format!("{}{digits}", self.outside_prefix),
        }
    }

    fn public_form(&self, number: PhoneNumber) -> String {
        match self.outgoing {
            OutgoingFormat::E164Plus => number.to_string(),
            OutgoingFormat::E164 => format!("{}{}", self.outside_prefix, number.as_u64()),
            OutgoingFormat::National => format!("{}{}", self.outside_prefix, self.national_form(number)),
        }
    }

    fn national_form(&self, number: PhoneNumber) -> String {
        let digits = number.as_u64().to_string();
        match country::split(&digits) {
            Some((code, national)) if code == self.country.to_string() => self.rules().with_trunk(national),
            _ => format!("{}{digits}", self.dialled_international_prefix()),
        }
    }

    fn dialled_international_prefix(&self) -> &str {
        match self.international_prefix.as_str() {
            "" => self.rules().international.first().copied().unwrap_or("00"),
            prefix => prefix,
        }
    }
}

fn is_address(typed: &str) -> bool {
    let lower = typed.get(..5).unwrap_or(typed).to_ascii_lowercase();
    lower.starts_with("sip:") || lower.starts_with("sips:")
}

/// A name an extension can have: the unreserved characters of a SIP user (RFC 3261 §25.1), with a letter.
fn is_extension_name(typed: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.!~*'".contains(&b);
    typed.bytes().all(allowed) && typed.bytes().any(|b| b.is_ascii_alphabetic())
}

fn untouched(typed: &str) -> Result<Dialable, NumberProblem> {
    if typed.len() > LONGEST_NAME || typed.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(NumberProblem::NotANumber);
    }
    Ok(Dialable { target: typed.to_owned(), after_answer: None, number: None })
}
