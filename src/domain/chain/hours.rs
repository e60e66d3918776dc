//! When the office is open.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, Weekday};

/// A week of office hours; a day without any is closed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OfficeHours {
    days: [Option<Opening>; 7],
    closed_on: BTreeSet<Date>,
}

/// From one time of a day to another, the end not included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opening {
    /// Minutes since midnight.
    from: u16,
    to: u16,
}

impl OfficeHours {
    /// Every minute of the week.
    pub fn always() -> Self {
        Self { days: [Some(Opening { from: 0, to: 24 * 60 }); 7], closed_on: BTreeSet::new() }
    }

    /// The same, with this day open so.
    pub fn with(mut self, day: Weekday, opening: Opening) -> Self {
        if let Some(of_day) = self.days.get_mut(place(day)) {
            *of_day = Some(opening);
        }
        self
    }

    /// The same, with nobody there on these days.
    pub fn closed_on(mut self, holidays: impl IntoIterator<Item = Date>) -> Self {
        self.closed_on.extend(holidays);
        self
    }

    /// Whether somebody is there at this time of the office's place.
    pub fn are_on(&self, at: DateTime) -> bool {
        let minute = u16::from(at.hour().unsigned_abs()) * 60 + u16::from(at.minute().unsigned_abs());
        let opening = self.days.get(place(at.weekday())).copied().flatten();
        let open = opening.is_some_and(|Opening { from, to }| (from..to).contains(&minute));
        open && !self.closed_on.contains(&at.date())
    }
}

impl Opening {
    /// `09:00-18:00`; midnight at the end is `24:00`. None for anything else, and where the end is not after the start.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        let opening = Self { from: minutes(from)?, to: minutes(to)? };
        (opening.from < opening.to).then_some(opening)
    }
}

fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |text: &str, most: usize| {
        let fits = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (digits(hour, 2)?, digits(minute, 2).filter(|_| minute.len() == 2)?);
    let all = hour * 60 + minute;
    (minute < 60 && all <= 24 * 60).then_some(all)
}

fn place(day: Weekday) -> usize {
    usize::from(day.to_monday_zero_offset().unsigned_abs())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn times_are_hours_and_minutes_of_one_day() {
        for good in ["09:00-18:00", "9:00-18:00", "0:00-24:00", "09:00 - 18:30"] {
            assert!(Opening::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "9-18",
            "09:00",
            "18:00-09:00",
            "09:00-09:00",
            "09:60-18:00",
            "09:00-24:01",
            "9:5-18:00",
            "+9:00-18:00",
        ] {
            assert!(Opening::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_office_opens_with_the_first_minute_and_closes_before_the_last() {
        let hours = OfficeHours::default().with(Weekday::Friday, Opening::parse("09:00-18:00").unwrap());
        let friday = date(2026, 5, 8);
        for (hour, minute, open) in [(8, 59, false), (9, 0, true), (17, 59, true), (18, 0, false)] {
            assert_eq!(hours.are_on(friday.at(hour, minute, 30, 0)), open, "{hour}:{minute}");
        }
        assert!(!hours.are_on(date(2026, 5, 9).at(12, 0, 0, 0)), "a day without hours");
        let hours = hours.closed_on([friday]);
        assert!(!hours.are_on(friday.at(12, 0, 0, 0)), "a holiday");
        assert!(hours.are_on(date(2026, 5, 15).at(12, 0, 0, 0)));
    }
}
