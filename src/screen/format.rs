//! Times, days and money as people of each language write them; the one place for it.

use crate::domain::client::Money;
use crate::text::{Catalogue, Language, msg, say};
use jiff::civil::Date;
use jiff::{Timestamp, Zoned};
use std::time::Duration;

/// Between thousands, and before a sign behind the amount: a blank at which no line breaks.
const BLANK: &str = "\u{a0}";

/// `01:14`; over an hour `1:02:03`.
pub(super) fn clock(time: Duration) -> String {
    let (minutes, seconds) = (time.as_secs() / 60, time.as_secs() % 60);
    match minutes / 60 {
        0 => format!("{minutes:02}:{seconds:02}"),
        hours => format!("{hours}:{:02}:{seconds:02}", minutes % 60),
    }
}

/// `11:02` today, else the day.
pub(super) fn moment(cat: &Catalogue, at: Timestamp, wall: &Zoned) -> String {
    let at = at.to_zoned(wall.time_zone().clone());
    if at.date() == wall.date() {
        return format!("{:02}:{:02}", at.hour(), at.minute());
    }
    match wall.date().yesterday() {
        Ok(yesterday) if yesterday == at.date() => say!(cat, "yesterday"),
        _ => day(cat, at.date()),
    }
}

/// `4.4`, `4,4`.
pub(super) fn tenths(language: Language, value: f32) -> String {
    let text = format!("{value:.1}");
    if language == Language::Russian { text.replace('.', ",") } else { text }
}

/// `5 May`.
pub(super) fn day(cat: &Catalogue, date: Date) -> String {
    let month = match date.month() {
        1 => msg!("Jan"),
        2 => msg!("Feb"),
        3 => msg!("Mar"),
        4 => msg!("Apr"),
        5 => msg!("May"),
        6 => msg!("Jun"),
        7 => msg!("Jul"),
        8 => msg!("Aug"),
        9 => msg!("Sep"),
        10 => msg!("Oct"),
        11 => msg!("Nov"),
        _ => msg!("Dec"),
    };
    say!(cat, "{day} {month}", day = date.day(), month = cat.get(month))
}

/// `₩1,284,000`, `1 284 000,50 ₽`. There is nothing smaller than a won.
pub(super) fn money(language: Language, amount: Money, currency: &str) -> String {
    let digits = match currency {
        "KRW" => format!("{:.0}", amount.0.round()),
        _ => amount.to_string(),
    };
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (between, point) = if language == Language::Russian { (BLANK, ",") } else { (",", ".") };
    let mut amount = format!("{sign}{}", in_thousands(whole, between));
    if !fraction.is_empty() {
        amount.extend([point, fraction]);
    }
    match (currency_sign(currency), language) {
        (Some(sign), Language::Russian) => format!("{amount}{BLANK}{sign}"),
        (Some(sign), _) => format!("{sign}{amount}"),
        (None, _) => format!("{amount}{BLANK}{currency}"),
    }
}

fn currency_sign(currency: &str) -> Option<&'static str> {
    match currency {
        "RUB" => Some("₽"),
        "KRW" => Some("₩"),
        _ => None,
    }
}

fn in_thousands(whole: &str, between: &str) -> String {
    let mut grouped = String::with_capacity(whole.len() * 2);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push_str(between);
        }
        grouped.push(digit);
    }
    grouped
}

/// For finding: neither case nor `ё` make a difference.
pub(super) fn fold(text: &str) -> String {
    text.to_lowercase().replace('ё', "е")
}

/// Whether all the words of `query` stand in the text, in any order; both folded.
pub(super) fn has_words(text: &str, query: &str) -> bool {
    query.split_whitespace().all(|word| text.contains(word))
}

/// Names come from strangers, and must not turn a line around or break it.
pub(super) fn tame(text: &str) -> String {
    let wild = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.replace(wild, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn an_hour_has_a_figure_of_its_own() {
        let clocks = [0, 74, 3599, 3600, 36_125].map(|seconds| clock(Duration::from_secs(seconds)));
        assert_eq!(clocks, ["00:00", "01:14", "59:59", "1:00:00", "10:02:05"]);
    }

    #[test]
    fn money_is_written_as_each_language_does() {
        let amount = Money::from_hundredths(128_400_050);
        assert_eq!(money(Language::Korean, amount, "KRW"), "₩1,284,000");
        assert_eq!(money(Language::English, amount, "RUB"), "₽1,284,000.50");
        assert_eq!(money(Language::Russian, amount, "RUB"), "1\u{a0}284\u{a0}000,50\u{a0}₽");
        assert_eq!(money(Language::English, Money::from_hundredths(-99_900), "EUR"), "-999.00\u{a0}EUR");
    }

    #[test]
    fn days_before_today_are_named() {
        let cat = Catalogue::new(Language::English);
        let wall = date(2026, 5, 5).at(11, 2, 0, 0).in_tz("Europe/Moscow").unwrap();
        let at = |text: &str| moment(&cat, text.parse().unwrap(), &wall);
        assert_eq!(at("2026-05-05T06:30:00Z"), "09:30");
        assert_eq!(at("2026-05-04T20:59:00Z"), "yesterday");
        assert_eq!(at("2026-05-03T20:59:00Z"), "3 May");
    }

    #[test]
    fn names_are_found_by_words_in_any_order_and_without_the_dots_of_yo() {
        let folded = fold("Пётр Ларин Оптовый отдел 214");
        assert!(has_words(&folded, &fold("ларин ПЁТР")));
        assert!(has_words(&folded, "214 опт"));
        assert!(!has_words(&folded, "ларина"));
    }
}
