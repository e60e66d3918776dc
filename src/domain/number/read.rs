//! From digits to a number, by the rules of the country and the PBX.

use std::collections::BTreeSet;

use super::country::{self, Rules};
use super::text::{self, Written};
use super::{Number, NumberProblem, NumberingPlan, PhoneNumber, Reading};

/// Digits without any prefix are taken for a foreign number only from this length on; below it a local number
/// with a slip of the finger is likelier.
const SHORTEST_BARE_FOREIGN: usize = 11;

impl NumberingPlan {
    /// Reads whatever the network, a person or a database wrote: digits with separators, `tel:` and `sip:` URIs,
    /// `%2B`, full-width digits, extensions, with or without outside prefix.
    pub fn read(&self, written: &str) -> Result<Reading, NumberProblem> {
        let written = text::take_apart(written)?;
        let number = self.place(&written)?;
        Ok(Reading { number, extension: written.extension })
    }

    /// What to look a client up by; none where nothing may be looked up.
    pub fn look_up_key(&self, written: &str) -> Option<PhoneNumber> {
        self.read(written).ok()?.look_up_key()
    }

    /// What national numbers begin with of which so much was typed, without all that is dialled before them; the digits as they
    /// stand there are not told again.
    pub fn national_beginnings(&self, typed: &str) -> Vec<String> {
        let Ok(written) = text::take_apart(typed) else { return Vec::new() };
        let digits = written.digits.as_str();
        let behind_code = |digits| country::split(digits).map(|(_, national)| national);
        let own_code = self.country.to_string();
        let mut found: BTreeSet<String> =
            self.look_up_key(typed).map(PhoneNumber::national).into_iter().collect();
        for digits in [Some(digits), self.after_outside_prefix(digits)].into_iter().flatten() {
            let behind_trunk = self.rules().trunks.iter().filter_map(|trunk| digits.strip_prefix(trunk));
            let from_abroad = self.rules().after_international(digits).filter_map(behind_code);
            let has_code = written.has_plus || digits.starts_with(&own_code);
            let national = has_code.then(|| behind_code(digits)).flatten();
            found.extend(behind_trunk.chain(from_abroad).chain(national).map(str::to_owned));
        }
        found.remove("");
        found.into_iter().filter(|beginning| beginning != digits).collect()
    }

    pub(super) fn rules(&self) -> &'static Rules {
        country::rules(&self.country.to_string())
    }

    fn place(&self, written: &Written) -> Result<Number, NumberProblem> {
        let digits = written.digits.as_str();
        if written.is_code {
            return Ok(Number::Short(digits.to_owned()));
        }
        if written.has_plus {
            return self.place_with_plus(written);
        }
        if let Some(number) = written.context.as_deref().and_then(|context| in_context(digits, context)) {
            return Ok(Number::Public(number));
        }
        if self.is_short(digits) {
            return Ok(Number::Short(digits.to_owned()));
        }
        Ok(match self.place_dialled(digits) {
            Some(number) => Number::Public(number),
            None => Number::Unplaced(digits.to_owned()),
        })
    }

    /// An emergency number behind the outside prefix (`9112`) is short as well: whoever dials that must get there,
    /// however short internal numbers are.
    fn is_short(&self, digits: &str) -> bool {
        let prefix = self.outside_prefix.as_str();
        let behind_prefix = digits.strip_prefix(prefix).filter(|_| !prefix.is_empty());
        digits.len() <= self.short_digits
            || behind_prefix.is_some_and(|rest| rest.len() <= Self::EMERGENCY_DIGITS)
    }

    /// After a plus sign stands an E.164 number; where no such calling code exists, a gateway or a person put the
    /// sign before a national one (`+8916…`, `+010…`).
    fn place_with_plus(&self, written: &Written) -> Result<Number, NumberProblem> {
        let digits = written.digits.as_str();
        let prefix = written.before_plus.as_str();
        if !prefix.is_empty() && prefix != self.outside_prefix {
            return Err(NumberProblem::NotANumber);
        }
        let number = self.after_plus_and_prefix(digits).or_else(|| match country::split(digits) {
            Some(_) => international(digits),
            None => self.place_in_country(digits),
        });
        number.map(Number::Public).ok_or(NumberProblem::NotANumber)
    }

    /// `+8 10 82 …`: the plus sign and the international prefix. 810 is also Japan's calling code with the zero that some
    /// write behind it, after which ten digits stand at most; only more of them say for certain what is meant.
    fn after_plus_and_prefix(&self, digits: &str) -> Option<PhoneNumber> {
        const LONGEST_IN_JAPAN: usize = 10;
        let behind = self.rules().after_international(digits);
        behind.filter(|rest| rest.len() > LONGEST_IN_JAPAN).find_map(international)
    }

    fn place_dialled(&self, digits: &str) -> Option<PhoneNumber> {
        let inside = self.after_outside_prefix(digits);
        self.place_in_country(digits)
            .or_else(|| inside.and_then(|rest| self.place_in_country(rest)))
            .or_else(|| inside.filter(|rest| country::is_well_known(rest)).and_then(international))
            .or_else(|| {
                Some(digits).filter(|bare| bare.len() >= SHORTEST_BARE_FOREIGN).and_then(international)
            })
    }

    pub(super) fn after_outside_prefix<'a>(&self, digits: &'a str) -> Option<&'a str> {
        if self.outside_prefix.is_empty() {
            return None;
        }
        digits.strip_prefix(self.outside_prefix.as_str()).filter(|rest| rest.len() > self.short_digits)
    }

    /// As a subscriber of the country dials: international or trunk prefix, or neither.
    fn place_in_country(&self, digits: &str) -> Option<PhoneNumber> {
        let rules = self.rules();
        let own = |national: &str| PhoneNumber::from_digits(&format!("{}{national}", self.country));
        if let Some(number) = rules.after_international(digits).find_map(international) {
            return Some(number);
        }
        if let Some(number) = self.after_own_international(digits).and_then(international) {
            return Some(number);
        }
        if let Some(national) = rules.after_trunk(digits) {
            return own(national);
        }
        // The plan knows too little of other countries to tell a national number without its trunk prefix
        // from anything else.
        if self.knows_country() && rules.is_valid(digits) {
            return own(digits);
        }
        let code = self.country.to_string();
        if digits.starts_with(&code) && (self.knows_country() || digits.len() >= SHORTEST_BARE_FOREIGN) {
            return international(digits).or_else(|| self.in_area(digits));
        }
        self.in_area(digits)
    }

    fn after_own_international<'a>(&self, digits: &'a str) -> Option<&'a str> {
        let prefix = self.international_prefix.as_str();
        if prefix.is_empty() { None } else { digits.strip_prefix(prefix) }
    }

    fn in_area(&self, digits: &str) -> Option<PhoneNumber> {
        if self.area_code.is_empty() || digits.starts_with('0') {
            return None;
        }
        let national = format!("{}{digits}", self.area_code);
        let shorter_than_national = digits.len() < 9;
        (shorter_than_national && self.rules().is_valid(&national))
            .then(|| PhoneNumber::from_digits(&format!("{}{national}", self.country)))
            .flatten()
    }

    fn knows_country(&self) -> bool {
        country::is_well_known(&self.country.to_string())
    }
}

/// Calling code and national number, also with a trunk prefix in between that does not belong there
/// (`+7 8 495 …`, `+82 010-…`).
fn international(digits: &str) -> Option<PhoneNumber> {
    if let Some(number) = PhoneNumber::from_digits(digits) {
        return Some(number);
    }
    let (code, rest) = country::split(digits)?;
    let national = country::rules(code).after_trunk(rest)?;
    PhoneNumber::from_digits(&format!("{code}{national}"))
}

/// RFC 3966 §5.1.5: the context is the front of the number, or a domain, which says nothing here.
fn in_context(digits: &str, context: &str) -> Option<PhoneNumber> {
    let front: String =
        context.strip_prefix('+')?.chars().filter(|c| !matches!(c, '-' | '.' | '(' | ')')).collect();
    front.bytes().all(|b| b.is_ascii_digit()).then(|| international(&format!("{front}{digits}"))).flatten()
}
