//! What stands in one cell: numbers, dates and words as people and spreadsheets write them.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::fault::Fault;

/// How a lone comma with three digits behind it is read: `1,234`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Comma {
    /// 1.234, as in files whose cells are separated by semicolons.
    Decimal,
    /// 1234, as in files whose cells are separated by commas.
    Thousands,
    /// The file does not tell.
    Unknown,
}

/// `1 234,50`, `1,234.50`, `1234.5`; blanks, those that do not break too, and apostrophes part thousands.
pub(super) fn number(text: &str, comma: Comma) -> Result<Decimal, Fault> {
    if is_damaged(text) {
        return Err(Fault::Damaged);
    }
    let digits = ungrouped(text, comma)?;
    let is_number = digits.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-'));
    let number = is_number.then(|| digits.parse::<Decimal>().ok()).flatten();
    number.map(|number| number.normalize()).ok_or(Fault::NotNumber)
}

/// `8,9161E+10`: a spreadsheet took a telephone or barcode for a number, and most of it is gone.
pub(super) fn is_damaged(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.trim().split_once(['E', 'e']) else { return false };
    let is_digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    exponent.strip_prefix('+').is_some_and(is_digits) && mantissa.split(['.', ',']).all(is_digits)
}

/// Without what parts thousands, with a point before the fraction.
fn ungrouped(text: &str, comma: Comma) -> Result<String, Fault> {
    let is_blank = |c: char| c.is_whitespace() || matches!(c, '\'' | '’');
    let text: String =
        text.trim().chars().filter(|c| !is_blank(*c)).map(|c| if c == '−' { '-' } else { c }).collect();
    let count = |sign| text.matches(sign).count();
    match (count(','), count('.')) {
        (0, 0 | 1) => Ok(text),
        (1, 0) => match (is_group(&text), comma) {
            (true, Comma::Unknown) => Err(Fault::Ambiguous),
            (true, Comma::Thousands) => Ok(text.replace(',', "")),
            _ => Ok(text.replace(',', ".")),
        },
        // Both: the last one is before the fraction. One of them several times: it parts thousands.
        (commas, points) => {
            let comma_is_last = text.rfind(',') > text.rfind('.');
            let fraction = match (commas, points) {
                (1, _) if comma_is_last => Some(','),
                (_, 1) if !comma_is_last => Some('.'),
                (0, _) | (_, 0) => None,
                _ => return Err(Fault::NotNumber),
            };
            let (whole, behind) = fraction.and_then(|sign| text.rsplit_once(sign)).unwrap_or((&text, ""));
            let mut groups = whole.trim_start_matches('-').split([',', '.']);
            let first = groups.next().is_some_and(|first| (1..=3).contains(&first.len()));
            if !first || groups.any(|group| group.len() != 3) {
                return Err(Fault::NotNumber);
            }
            let whole = whole.replace([',', '.'], "");
            Ok(if behind.is_empty() { whole } else { format!("{whole}.{behind}") })
        }
    }
}

/// `1,234` might mean thousands; `0,234` and `1234,567` do not.
fn is_group(text: &str) -> bool {
    text.trim_start_matches('-').split_once(',').is_some_and(|(whole, behind)| {
        (1..=3).contains(&whole.len()) && !whole.starts_with('0') && behind.len() == 3
    })
}

/// `31.12.2026`, `2026-12-31`, `2026.12.31`, `2026년 12월 31일`; a time behind it says nothing.
pub(super) fn date(text: &str) -> Result<Date, Fault> {
    let parts: Vec<&str> =
        text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let signs = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    // 12/31/2026 and 31/12/2026 cannot be told from each other.
    let is_slashed = signs.contains('/') && parts.first().is_none_or(|year| year.len() != 4);
    let (year, month, day) = match parts.as_slice() {
        [year, month, day, ..] if year.len() == 4 => (year, month, day),
        [day, month, year, ..] if year.len() == 4 && !is_slashed => (year, month, day),
        _ => return Err(Fault::NotDate),
    };
    let is_words =
        text.chars().any(|c| c.is_alphabetic() && !matches!(c, '년' | '월' | '일' | 'T' | 'Z' | 'г'));
    let date = || Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok();
    date().filter(|_| !is_words).ok_or(Fault::NotDate)
}

/// Yes or no, in the words of three languages and of spreadsheets.
pub(super) fn yes(text: &str) -> Result<bool, Fault> {
    match text.to_lowercase().as_str() {
        "1" | "yes" | "y" | "true" | "да" | "истина" | "+" | "예" | "네" => Ok(true),
        "0" | "no" | "n" | "false" | "нет" | "ложь" | "-" | "아니요" | "아니오" => Ok(false),
        _ => Err(Fault::NotYesNo),
    }
}

/// In one line; a control character says that the file is damaged.
pub(super) fn line(text: &str) -> Result<String, Fault> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.contains(char::is_control) { Err(Fault::Control) } else { Ok(line) }
}

/// What stands between semicolons, commas and line ends.
pub(super) fn list(text: &str) -> Result<Vec<String>, Fault> {
    if is_damaged(text) {
        return Err(Fault::Damaged);
    }
    let parts = text.split([';', ',', '\n', '\r']).map(str::trim).filter(|part| !part.is_empty());
    parts.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_and_spreadsheets_write_them() {
        use Comma::{Decimal as D, Thousands as T, Unknown as U};
        let table = [
            ("1234.50", U, Ok("1234.5")),
            ("1 234,50", U, Ok("1234.5")),
            ("1\u{a0}234\u{202f}567,5", U, Ok("1234567.5")),
            ("1'234.5", U, Ok("1234.5")),
            ("1,234.50", U, Ok("1234.5")),
            ("1.234,50", U, Ok("1234.5")),
            ("1,234,567", U, Ok("1234567")),
            ("1.234.567", U, Ok("1234567")),
            ("1,234,567.8", U, Ok("1234567.8")),
            ("0,250", U, Ok("0.25")),
            ("1234,567", U, Ok("1234.567")),
            ("1,234", D, Ok("1.234")),
            ("1,234", T, Ok("1234")),
            ("1,234", U, Err(Fault::Ambiguous)),
            ("12,5", T, Ok("12.5")),
            ("-5", U, Ok("-5")),
            ("−5", U, Ok("-5")),
            ("8,9161E+10", U, Err(Fault::Damaged)),
            ("1.2.3", U, Err(Fault::NotNumber)),
            ("1,23.4,5", U, Err(Fault::NotNumber)),
            ("12,34.5", U, Err(Fault::NotNumber)),
            ("=1+2", U, Err(Fault::NotNumber)),
            ("12 руб.", U, Err(Fault::NotNumber)),
            ("1-2", U, Err(Fault::NotNumber)),
            (".5", U, Err(Fault::NotNumber)),
            ("", U, Err(Fault::NotNumber)),
            ("99999999999999999999999999999999", U, Err(Fault::NotNumber)),
        ];
        for (text, comma, expected) in table {
            let read = number(text, comma).map(|number| number.to_string());
            assert_eq!(read, expected.map(str::to_owned), "{text} {comma:?}");
        }
    }

    #[test]
    fn dates_are_read_in_each_country_s_order_and_never_guessed() {
        let day = jiff::civil::date(2026, 12, 31);
        for text in [
            "2026-12-31",
            "31.12.2026",
            "31.12.2026 0:00:00",
            "2026.12.31",
            "2026. 12. 31.",
            "2026/12/31",
            "2026년 12월 31일",
            "2026-12-31T00:00:00Z",
            "31.12.2026 г.",
        ] {
            assert_eq!(date(text), Ok(day), "{text}");
        }
        for text in
            ["31/12/2026", "31.12.26", "2026-13-01", "30.02.2026", "soon 31.12.2026", "12", "", "46022"]
        {
            assert_eq!(date(text), Err(Fault::NotDate), "{text}");
        }
    }

    #[test]
    fn lists_lines_and_damage() {
        assert_eq!(
            list("+7 916 1; 8(495) 2,\n3"),
            Ok(vec!["+7 916 1".into(), "8(495) 2".into(), "3".into()])
        );
        assert_eq!(line("  two\r\nlines "), Ok("two lines".into()));
        assert_eq!(line("a\0b"), Err(Fault::Control));
        assert!(is_damaged("4,60712E+12") && is_damaged("7.9161E+10"));
        assert!(!is_damaged("E+7") && !is_damaged("Tea 2e+") && !is_damaged("79161234567"));
    }
}
