//! The dial field: grouped as it is typed, and what is wrong with it.

use super::{Screen, words};
use crate::agent::Intent;
use crate::domain::number::{Number, NumberProblem, NumberingPlan, Reading};
use crate::phone::{LineId, Refusal};
use crate::text::{msg, say};

#[derive(Default)]
pub(super) struct DialField {
    pub text: String,
    fault: Option<Fault>,
    /// Given to the telephone, which has not said anything yet.
    sent: Option<String>,
}

enum Fault {
    Number(NumberProblem),
    Refused(Refusal),
}

impl DialField {
    pub fn waits(&self) -> bool {
        self.sent.is_some()
    }

    pub fn refuse(&mut self, why: Refusal) {
        self.give_back();
        self.fault = Some(Fault::Refused(why));
    }

    /// Nobody has heard of it.
    pub fn give_back(&mut self) {
        if let Some(sent) = self.sent.take() {
            self.text = sent;
        }
    }

    /// It was not for the field.
    pub fn forget_sent(&mut self) {
        self.sent = None;
    }

    /// It is dialled: the field is free for the next one, unless something else is typed there already.
    pub fn take_sent(&mut self) -> Option<String> {
        let sent = self.sent.take()?;
        if self.text == sent {
            *self = Self::default();
        }
        Some(sent)
    }
}

impl Screen {
    pub(super) fn can_dial(&self) -> bool {
        self.view.lines.len() < self.config.lines && !self.dial.waits()
    }

    /// Something that the telephone would call.
    pub(super) fn can_dial_text(&self, text: &str) -> bool {
        !text.trim().is_empty() && (text.contains('@') || self.config.numbering.dial(text).is_ok())
    }

    /// Grouped only at its end: whoever corrects a digit in the middle must not lose the place.
    pub(super) fn edit_dial(&mut self, typed: &str) {
        let at_end = typed.starts_with(&self.dial.text) || self.dial.text.starts_with(typed);
        self.dial.text = if at_end { grouped(&self.config.numbering, typed) } else { typed.to_owned() };
        self.dial.fault = None;
    }

    pub(super) fn dial_typed(&mut self) {
        self.call_number(self.dial.text.trim().to_owned());
    }

    /// What is wrong with it stands under the field.
    pub(super) fn call_number(&mut self, target: String) {
        self.call(target, None);
    }

    /// For the sake of the client on that line, who waits.
    pub(super) fn consult(&mut self, line: LineId, target: String) {
        self.call(target, Some(line));
    }

    fn call(&mut self, target: String, about: Option<LineId>) {
        self.consults = None;
        let is_address = target.contains('@');
        match self.config.numbering.dial(&target) {
            Err(problem) if !is_address => self.dial.fault = Some(Fault::Number(problem)),
            _ => {
                self.dial.fault = None;
                self.dial.sent = Some(target.clone());
                self.consults = about;
                self.want(match about {
                    Some(line) => Intent::Consult { line, target },
                    None => Intent::Dial { target },
                });
            }
        }
    }

    /// A link was clicked somewhere: never more than put into the field while somebody is on the line.
    pub(super) fn take_link(&mut self, link: &str) {
        self.dial.text = self.number_in(link);
        self.dial.fault = None;
        if self.view.lines.is_empty() && self.can_dial() {
            self.dial_typed();
        }
    }

    /// A `sip:` address of a host stays whole; of a number, the number is left.
    fn number_in(&self, link: &str) -> String {
        let link = link.trim();
        let bare = link.replacen("://", ":", 1);
        if bare.contains('@') {
            return bare;
        }
        match self.config.numbering.read(&bare) {
            Ok(Reading { number, extension }) => {
                let number = match number {
                    Number::Public(number) => number.for_people(),
                    Number::Short(digits) | Number::Unplaced(digits) => digits,
                };
                extension.map_or_else(|| number.clone(), |extension| format!("{number},{extension}"))
            }
            Err(_) => bare.split_once(':').map_or(bare.as_str(), |(_, rest)| rest).to_owned(),
        }
    }

    pub(super) fn dial_fault(&self) -> String {
        let cat = &self.cat;
        match &self.dial.fault {
            None => String::new(),
            Some(Fault::Number(NumberProblem::Empty)) => say!(cat, "Type a number."),
            Some(Fault::Number(NumberProblem::TooLong)) => say!(cat, "This is too long for a number."),
            Some(Fault::Number(NumberProblem::NotANumber)) => {
                cat.get(msg!("This is neither a number nor an address that can be called.")).to_owned()
            }
            Some(Fault::Refused(why)) => cat.get(words::refusal(*why)).to_owned(),
        }
    }
}

/// The digits as typed, never others, with the blanks and hyphens that people put between them once they are a whole
/// number. Digits are counted from the end, so that a prefix of any kind stays in front.
fn grouped(plan: &NumberingPlan, typed: &str) -> String {
    let is_digits = typed.chars().all(|c| c.is_ascii_digit() || " -+()".contains(c));
    let whole = match plan.read(typed) {
        Ok(Reading { number: Number::Public(number), extension: None }) if is_digits => number.for_people(),
        _ => return typed.to_owned(),
    };
    let digits: Vec<char> = typed.chars().filter(|c| c.is_ascii_digit()).collect();
    let mut left = digits.iter().rev();
    let mut backwards = String::new();
    for c in whole.chars().rev().filter(|c| *c != '+') {
        match c.is_ascii_digit() {
            true => backwards.extend(left.next()),
            // A trunk zero is one with the national number: 010-1234-5678.
            false if left.clone().eq(&['0']) => {}
            false if left.len() > 0 => backwards.push(c),
            false => {}
        }
    }
    backwards.extend(left);
    if typed.trim_start().starts_with('+') {
        backwards.push('+');
    }
    backwards.chars().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in the field after each key.
    fn typed(plan: &NumberingPlan, keys: &str) -> Vec<String> {
        let mut field = String::new();
        let after = |key: char| {
            field = grouped(plan, &format!("{field}{key}"));
            field.clone()
        };
        keys.chars().map(after).collect()
    }

    #[test]
    fn a_number_is_grouped_as_soon_as_it_is_one_and_keeps_its_digits() {
        let fields = typed(&NumberingPlan::russia(), "89161234567");
        assert_eq!(fields.last().unwrap(), "8 916 123-45-67");
        for (field, length) in fields.iter().zip(1..) {
            let digits: String = field.chars().filter(char::is_ascii_digit).collect();
            assert_eq!(digits, "89161234567"[..length]);
        }
        assert_eq!(typed(&NumberingPlan::russia(), "+79161234567").last().unwrap(), "+7 916 123-45-67");
        assert_eq!(typed(&NumberingPlan::korea(), "01012345678").last().unwrap(), "010-1234-5678");
    }

    #[test]
    fn short_numbers_names_and_addresses_stay_as_they_are_typed() {
        for text in ["201", "*8", "anna", "sip:200@192.0.2.1", "8 916"] {
            assert_eq!(grouped(&NumberingPlan::russia(), text), text);
        }
    }
}
