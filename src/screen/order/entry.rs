//! What is typed into the order's one field: amounts, units and words of products, as people write them in each language.

use super::super::format::{fold, has_words};
use crate::domain::trade::product::{Packing, Product, Unit};
use rust_decimal::Decimal;

/// More digits are no quantity, and no decimal has room for many more.
const MOST_DIGITS: usize = 9;

/// What people type for a unit, in whatever language they type; the start of a word is enough where the product is
/// packed in nothing else that begins so.
const UNITS: [(Unit, &[&str]); 5] = [
    (Unit::Piece, &["pcs", "piece", "pieces", "шт", "개", "낱개"]),
    (Unit::Pack, &["pk", "pack", "packs", "упак", "пач", "팩", "묶음"]),
    (Unit::Case, &["cs", "case", "cases", "ctn", "box", "кор", "ящ", "박스", "상자"]),
    (Unit::Pallet, &["plt", "pallet", "pallets", "пал", "паллет", "팔레트", "파렛트"]),
    (Unit::Kilogram, &["kg", "kilo", "кг", "кило", "킬로"]),
];

/// A number, and what stands behind it.
pub(super) fn amount(text: &str) -> Option<(Decimal, &str)> {
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ','))).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let number = number.replace(',', ".").parse().ok().filter(|_| (1..=MOST_DIGITS).contains(&digits))?;
    Some((number, rest))
}

/// Which of these packings a word means.
pub(super) fn unit(word: &str, packings: &[Packing]) -> Option<Unit> {
    let word = fold(word);
    let word = word.trim().trim_end_matches('.');
    let fits = |name: &&str| !word.is_empty() && (name.starts_with(word) || word.starts_with(*name));
    let named = |unit: Unit| UNITS.iter().any(|(known, names)| *known == unit && names.iter().any(&fits));
    packings.iter().map(|packing| packing.unit).find(|unit| named(*unit))
}

/// What is searched for, and how much of it where that stands before: `tea`, `12 tea`, `3 case tea`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Wanted {
    pub quantity: Option<Decimal>,
    /// Empty: not said.
    pub unit: String,
    pub words: String,
}

impl Wanted {
    /// A number alone is an article or a barcode.
    pub fn read(text: &str) -> Self {
        let words = |text: &str| text.trim().to_owned();
        let plain = Self { quantity: None, unit: String::new(), words: words(text) };
        let Some((quantity, rest)) = amount(text).filter(|(_, rest)| !rest.trim().is_empty()) else {
            return plain;
        };
        let (first, others) = rest.trim_start().split_once(' ').unwrap_or(("", ""));
        let is_unit = |word: &str| {
            let word = fold(word.trim_end_matches('.'));
            UNITS.iter().any(|(_, names)| names.contains(&word.as_str()))
        };
        if !others.trim().is_empty() && is_unit(first) {
            return Self { quantity: Some(quantity), unit: first.to_owned(), words: words(others) };
        }
        match rest.starts_with(' ') {
            true => Self { quantity: Some(quantity), unit: String::new(), words: words(rest) },
            false => plain,
        }
    }
}

/// All words stand in name, article or synonyms; or it is the barcode.
pub(super) fn is_called(product: &Product, words: &str) -> bool {
    let text = format!("{} {} {}", product.name, product.code, product.synonyms.join(" "));
    !words.is_empty()
        && (has_words(&fold(&text), &fold(words)) || product.barcodes.iter().any(|code| code == words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packings(units: &[Unit]) -> Vec<Packing> {
        units.iter().map(|unit| Packing { unit: *unit, holds: 1.into(), multiple: 1.into() }).collect()
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let table = [
            ("12", Some(("12", ""))),
            (" 3 case", Some(("3", " case"))),
            ("3к", Some(("3", "к"))),
            ("2,5 кг", Some(("2.5", " кг"))),
            ("0.5", Some(("0.5", ""))),
            ("tea", None),
            ("", None),
            ("1.2.3", None),
            (".", None),
            ("12345678901234567890123456789012345", None),
        ];
        for (text, expected) in table {
            let expected = expected.map(|(number, rest)| (number.parse().unwrap(), rest));
            assert_eq!(amount(text), expected, "{text}");
        }
    }

    #[test]
    fn a_unit_is_known_by_its_beginning_among_those_of_the_product() {
        let all = packings(&[Unit::Case, Unit::Piece, Unit::Kilogram]);
        let table = [
            ("case", Some(Unit::Case)),
            ("c", Some(Unit::Case)),
            ("кор.", Some(Unit::Case)),
            ("к", Some(Unit::Case)),
            ("кг", Some(Unit::Kilogram)),
            ("KG", Some(Unit::Kilogram)),
            ("p", Some(Unit::Piece)),
            ("штук", Some(Unit::Piece)),
            ("박스", Some(Unit::Case)),
            ("pallet", None),
            ("x", None),
            ("", None),
        ];
        for (word, expected) in table {
            assert_eq!(unit(word, &all), expected, "{word}");
        }
        assert_eq!(unit("к", &packings(&[Unit::Piece, Unit::Kilogram])), Some(Unit::Kilogram));
    }

    #[test]
    fn an_amount_may_stand_before_the_words_and_a_number_alone_is_an_article() {
        let table = [
            ("tea", None, "", "tea"),
            ("12 tea", Some(12), "", "tea"),
            ("3 case green tea", Some(3), "case", "green tea"),
            ("3 кор. чай", Some(3), "кор.", "чай"),
            ("3кор чай", Some(3), "кор", "чай"),
            ("1001", None, "", "1001"),
            ("7up", None, "", "7up"),
            ("3 case", Some(3), "", "case"),
        ];
        for (text, quantity, unit, words) in table {
            let expected =
                Wanted { quantity: quantity.map(Decimal::from), unit: unit.into(), words: words.into() };
            assert_eq!(Wanted::read(text), expected, "{text}");
        }
    }
}
