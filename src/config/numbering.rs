//! Section `[numbering]`: how numbers are written here. The telephone and the desk share its keys.

use super::value::{self, Expected};
use super::{ConfigError, Section};
use crate::domain::number::{NumberingPlan, OutgoingFormat, PlanProblem};

impl Section<'_> {
    /// The telephone's: everything that its PBX may want.
    pub(super) fn telephone_numbering(&self) -> Result<NumberingPlan, ConfigError> {
        let country = self.number("country_code", value::COUNTRY, |code| NumberingPlan::new(code).ok())?;
        let plan = self.own_numbers(country.unwrap_or_default())?;
        let plan = self.digits(plan, "outside_prefix", value::OUTSIDE_PREFIX, |plan, digits| {
            plan.with_outside_prefix(digits)
        })?;
        let plan =
            self.digits(plan, "international_prefix", value::INTERNATIONAL_PREFIX, |plan, digits| {
                plan.with_international_prefix(digits)
            })?;
        let outgoing = self.value::<OutgoingFormat>("outgoing")?.unwrap_or_default();
        Ok(plan.with_outgoing(outgoing))
    }

    /// The desk's: the company's country, and nothing about a PBX.
    pub fn desk_numbering(&self) -> Result<NumberingPlan, ConfigError> {
        let country =
            self.text("country", value::COUNTRY_LETTERS, |iso| NumberingPlan::of_country(iso).ok())?;
        self.own_numbers(country.unwrap_or_default())
    }

    fn own_numbers(&self, plan: NumberingPlan) -> Result<NumberingPlan, ConfigError> {
        let plan =
            self.digits(plan, "area_code", value::AREA_CODE, |plan, digits| plan.with_area_code(digits))?;
        let shortened = self.number("short_digits", value::SHORT_DIGITS, |digits| {
            plan.clone().with_short_digits(digits.into()).ok()
        })?;
        Ok(shortened.unwrap_or(plan))
    }

    /// The plan with what `key` says, or as it was where it says nothing.
    fn digits(
        &self,
        plan: NumberingPlan,
        key: &'static str,
        expected: Expected,
        with: impl Fn(NumberingPlan, &str) -> Result<NumberingPlan, PlanProblem>,
    ) -> Result<NumberingPlan, ConfigError> {
        let changed = self.text(key, expected, |digits| with(plan.clone(), digits).ok())?;
        Ok(changed.unwrap_or(plan))
    }
}
